"""`python -m gradtape` runs programs as Python does: compared with Python itself wherever it can say the same."""

import signal

import pytest

LOOK = """
import sys
print(sys.argv, __name__, globals().get("__file__"), __package__, __spec__ and __spec__.name, sys.path[0])
import __main__
print(__main__.__dict__ is globals(), sorted(name for name in globals() if name != "__annotations__"))
"""

ENDINGS = {
    "nothing": "print('done')",
    "status": "import sys; sys.exit(3)",
    "message": "raise SystemExit('a last word')",
    "error": "def f(x):\n    return 1 / x\n\nf(0)\n",
    "chained": "try:\n    {}[1]\nexcept KeyError as e:\n    raise ValueError('no') from e\n",
    "library": "import json\njson.loads('{')\n",
    "syntax": "x = 1\ny = = 2\n",
    "interrupt": "import os, signal, time\nos.kill(os.getpid(), signal.SIGINT)\ntime.sleep(10)\n",
    "own hook": "import sys\nsys.excepthook = lambda kind, *_: print(kind)\n1 / 0\n",
    "at exit": "import atexit\natexit.register(lambda: print('closing', __name__))\n1 / 0\n",
    "encoding": "# -*- coding: latin-1 -*-\nprint(len('é'))\n",
    "old annotations": "def f(x: undefined): pass\n",
}


def said(done):
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("name", ENDINGS)
def test_a_file_ends_as_under_python(launch, write, name):
    write("program.py", ENDINGS[name])
    assert said(launch("program.py")) == said(launch("program.py", python=True))


def test_an_interrupt_is_seen_by_the_shell(launch, write):
    write("program.py", ENDINGS["interrupt"])
    assert launch("program.py").returncode == -signal.SIGINT


@pytest.mark.parametrize(
    "arguments",
    [
        ("program.py",),
        ("folder/program.py", "-c", "two words", "--help"),
        ("-m", "module", "-x"),
        ("-m", "package", "1"),
        ("-m", "package.module"),
        ("-c", LOOK, "-m", "--version"),
        ("-", "from", "outside"),
    ],
    ids=["file", "file below", "module", "package", "module of a package", "code", "standard input"],
)
def test_a_program_sees_what_python_shows_it(launch, write, arguments):
    for name in ["program.py", "folder/program.py", "module.py", "package/__main__.py", "package/module.py"]:
        write(name, LOOK)
    write("package/__init__.py", "")
    under_python = launch(*arguments, stdin=LOOK, python=True)
    assert under_python.returncode == 0
    assert said(launch(*arguments, stdin=LOOK)) == said(under_python)


def test_nothing_is_left_in_the_folder(launch, write, tmp_path):
    write("program.py", "import tensorflow as tf\n")
    assert launch("program.py").returncode == 0
    assert [path.name for path in tmp_path.iterdir()] == ["program.py"]


@pytest.mark.parametrize("arguments", [("program.py",), ("-m", "program"), ("-c", "{}"), ("-",)])
def test_tensorflow_is_answered_by_gradtape(launch, write, arguments):
    program = "import tensorflow as tf; x = tf.constant(2.0); print(x.numpy() * 3, tf.__version__)"
    write("program.py", program)
    done = launch(*(part.format(program) for part in arguments), stdin=program)
    assert done.stderr == ""
    assert done.stdout.startswith("6.0 2.21.0+gradtape")


@pytest.mark.parametrize("arguments", [("-m", "program"), ("-c", "{}"), ("-",)])
def test_tracebacks_begin_in_the_program(launch, write, arguments):
    write("program.py", ENDINGS["error"])
    done = launch(*(part.format(ENDINGS["error"]) for part in arguments), stdin=ENDINGS["error"])
    lines = done.stderr.splitlines()
    assert done.returncode == 1
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[1].endswith("line 4, in <module>")
    assert "    return 1 / x" in lines
    assert lines[-1] == "ZeroDivisionError: division by zero"


def test_the_installed_command_stays_out_of_the_traceback(launch, write):
    write("bin/gradtape", "import sys\nfrom gradtape.__main__ import main\nsys.exit(main())\n")
    write("program.py", ENDINGS["error"])
    assert said(launch("bin/gradtape", "program.py", python=True)) == said(launch("program.py", python=True))


def test_a_missing_name_is_blamed_on_the_line_that_uses_it(launch, write):
    path = write("program.py", "import tensorflow as tf\n\ntf.reduce_summ([1.0])\n")
    lines = launch("program.py").stderr.splitlines()
    assert lines[:2] == ["Traceback (most recent call last):", f'  File "{path}", line 3, in <module>']
    assert lines[-1] == (
        "AttributeError: gradtape has no 'tf.reduce_summ'; the nearest name that it has is 'tf.reduce_sum'"
    )
    assert "_run" not in "".join(lines)


def test_a_missing_module_is_blamed_on_its_import(launch, write):
    path = write("program.py", "import tensorflow.nope\n")
    lines = launch("program.py").stderr.splitlines()
    assert lines[1] == f'  File "{path}", line 1, in <module>'
    assert lines[-1].startswith("ModuleNotFoundError: gradtape has no 'tf.nope'")
    assert len(lines) <= 5


def test_the_interactive_prompt_gets_the_namespace(launch, write, tmp_path):
    import subprocess
    import sys

    write("program.py", "value = 41\n")
    command = [sys.executable, "-i", "-m", "gradtape", "program.py"]
    done = subprocess.run(command, input="print(value + 1)\n", capture_output=True, text=True, cwd=tmp_path, check=True)
    assert done.stdout == "42\n"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["nowhere.py"], "gradtape: can't open 'nowhere.py': No such file or directory"),
        (["."], "gradtape: can't open '.': Is a directory"),
        (["nowhere.ipynb"], "gradtape: can't open 'nowhere.ipynb': No such file or directory"),
        (["-m", "nowhere"], "gradtape: no module named 'nowhere'"),
        (["-m", "nowhere.at.all"], "gradtape: no module named 'nowhere.at.all'"),
        (["-m", "json.tool.x"], "gradtape: no module named 'json.tool.x'"),
        (["-m", "collections"], "gradtape: 'collections' is a package without a __main__ module, which can't be run"),
        (["-m", "sys"], "gradtape: 'sys' has no Python code to run"),
        (["-m", "__main__"], "gradtape: can't run '__main__': "),
        (["-m", ".module"], "gradtape: can't run '.module': a relative name has no package here to start from"),
        (["-m"], "gradtape: -m needs a module"),
        (["-c"], "gradtape: -c needs a piece of code"),
        (["--nope"], "gradtape: unknown option --nope; python -m gradtape --help shows the usage"),
        ([], "gradtape: no program given; python -m gradtape --help shows the usage"),
    ],
)
def test_what_cannot_start_says_why_in_one_line(launch, arguments, line):
    done = launch(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(line)
    assert done.stderr.count("\n") == 1


def test_help_and_version(launch):
    import gradtape

    usage = launch("--help")
    assert (usage.returncode, usage.stderr) == (0, "")
    assert usage.stdout == launch("-h").stdout
    assert usage.stdout.startswith("usage: python -m gradtape program.py")
    assert launch("--version").stdout == launch("-V").stdout == f"gradtape {gradtape.__version__}\n"
