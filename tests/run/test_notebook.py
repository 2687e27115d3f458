"""Notebooks run as programs: cells in order in one namespace, last values shown, faults given a cell and a line."""

import json

import pytest


def test_cells_share_a_namespace_and_show_their_last_value(launch, write_notebook):
    write_notebook("n.ipynb", ["x = 20\n", "x + 1"], "x = x * 2\nx", "", "# nothing", "None", "print(x); x + 2")
    done = launch("n.ipynb")
    assert (done.returncode, done.stdout, done.stderr) == (0, "21\n40\n40\n42\n", "")


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("'a'", "'a'\n"),
        ("'a';", ""),
        ("'a' ; # quiet", ""),
        ("'a'  # loud; or not", "'a'\n"),
        ("'é;';", ""),
        ("('a'  # ;\n)", "'a'\n"),
        ("('a'\n);", ""),
        ("x = 3", ""),
        ("1; 2", "2\n"),
        ("for i in range(2):\n    i", ""),
        ("if True:\n    5", ""),
        ("7\n_ + 1", "8\n"),
    ],
)
def test_what_a_cell_shows(launch, write_notebook, source, shown):
    first = ["7"] if "_" in source else []
    write_notebook("n.ipynb", *first, source.removeprefix("7\n"))
    done = launch("n.ipynb")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.removeprefix("7\n" if first else "") == shown


def test_the_program_sees_a_main_module_and_its_arguments(launch, write, write_notebook, tmp_path):
    write("folder/beside.py", "value = 5\n")
    write_notebook(
        "folder/n.ipynb",
        "import sys, beside\n(sys.argv, __name__, sys.path[0], beside.value)",
        "import __main__\n__main__.beside is beside, '__file__' in globals()",
        "display(1, 'b')",
    )
    done = launch("folder/n.ipynb", "-x", "y")
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert lines[0] == repr((["folder/n.ipynb", "-x", "y"], "__main__", str(tmp_path / "folder"), 5))
    assert lines[1:] == ["(True, False)", "1", "'b'"]


def test_tensorflow_is_answered_by_gradtape(launch, write_notebook):
    write_notebook("n.ipynb", "import tensorflow as tf", "tf.constant(2.0)")
    done = launch("n.ipynb")
    assert (done.stdout, done.stderr) == ("<tf.Tensor: shape=(), dtype=float32, numpy=2.0>\n", "")


def test_functions_of_a_cell_have_a_source(launch, write_notebook):
    write_notebook("n.ipynb", "def f():\n    return 1", "import inspect\nprint(inspect.getsource(f))")
    assert launch("n.ipynb").stdout == "def f():\n    return 1\n\n"


def test_a_traceback_names_cells_and_lines(launch, write_notebook):
    write_notebook("n.ipynb", "def f(x):\n    return 1 / x", "print('before')", "y = 1\nf(0)", "print('after')")
    done = launch("n.ipynb")
    assert (done.returncode, done.stdout) == (1, "before\n")
    quoted = [line for line in done.stderr.splitlines() if set(line) - set(" ^~")]
    assert quoted == [
        "Traceback (most recent call last):",
        '  File "n.ipynb, cell 3", line 2, in <module>',
        "    f(0)",
        '  File "n.ipynb, cell 1", line 2, in f',
        "    return 1 / x",
        "ZeroDivisionError: division by zero",
    ]


def test_a_syntax_error_names_cell_and_line_before_anything_runs(launch, write_notebook):
    write_notebook("n.ipynb", "print('before')", "x = 1\ny = = 2")
    done = launch("n.ipynb")
    assert (done.returncode, done.stdout) == (1, "")
    lines = done.stderr.splitlines()
    assert lines[0] == '  File "n.ipynb, cell 2", line 2'
    assert lines[-1] == "SyntaxError: invalid syntax"


def test_an_exit_is_passed_on(launch, write_notebook):
    write_notebook("n.ipynb", "import sys", "sys.exit(7)", "print('after')")
    done = launch("n.ipynb")
    assert (done.returncode, done.stdout, done.stderr) == (7, "", "")


@pytest.mark.parametrize(
    "source",
    ["%matplotlib inline\nx = 1\nx", "x = 1\n%matplotlib inline\nx", "if True:\n    %matplotlib inline\nx = 1\nx"],
)
def test_the_choice_of_a_display_is_skipped(launch, write_notebook, source):
    write_notebook("n.ipynb", source)
    done = launch("n.ipynb")
    assert (done.returncode, done.stdout, done.stderr) == (0, "1\n", "")


@pytest.mark.parametrize(
    ("source", "line", "command"),
    [
        ("x = 1\n%timeit x", 2, "%timeit x"),
        ("%%time\nx = 1", 1, "%%time"),
        ("%%bash\necho \"it's", 1, "%%bash"),
        ("!ls -l", 1, "!ls -l"),
        ("for i in range(3):\n    !echo {i}", 2, "!echo {i}"),
        ("files = !ls", 1, "files = !ls"),
        ("%matplotlib inline\n%load_ext autoreload", 2, "%load_ext autoreload"),
        ("len?", 1, "len?"),
    ],
)
def test_other_commands_are_refused_before_anything_runs(launch, write_notebook, source, line, command):
    write_notebook("n.ipynb", "print('before')", source)
    done = launch("n.ipynb")
    assert (done.returncode, done.stdout) == (2, "")
    where = f"gradtape: n.ipynb, cell 2, line {line}: `{command}`"
    assert done.stderr == f"{where} is an IPython command, not Python; take it out\n"


def test_a_percent_sign_within_python_is_python(launch, write_notebook):
    write_notebook("n.ipynb", "(7\n%4)", "'''\n%timeit\n!ls\n'''")
    done = launch("n.ipynb")
    assert (done.returncode, done.stdout) == (0, "3\n'\\n%timeit\\n!ls\\n'\n")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"cells": [', "it is not valid JSON (Expecting value: line 1 column 12 (char 11))"),
        ("import os", "it is not valid JSON"),
        ('{"worksheets": []}', "of format 4: it has no list of cells"),
        ("[1, 2]", "of format 4: it has no list of cells"),
        ('{"cells": [3]}', "of format 4: a cell has no text"),
        ('{"cells": [{"cell_type": "code", "source": [1]}]}', "of format 4: a cell has no text"),
        (json.dumps({"cells": [], "metadata": {"language_info": {"name": "R"}}}), "is a notebook in r, not in Python"),
    ],
)
def test_what_is_not_a_notebook_says_why_in_one_line(launch, write, text, reason):
    write("n.ipynb", text)
    done = launch("n.ipynb")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("gradtape: 'n.ipynb' is ")
    assert reason in done.stderr
    assert done.stderr.count("\n") == 1
