"""`python -m gradtape`: runs a program or a notebook written for TensorFlow, unmodified, on gradtape."""

from __future__ import annotations

import sys

USAGE = """\
usage: python -m gradtape program.py [arguments]
       python -m gradtape notebook.ipynb [arguments]
       python -m gradtape -m module [arguments]
       python -m gradtape -c code [arguments]
       python -m gradtape - [arguments]

Runs a program with `import tensorflow` answered by gradtape, and otherwise as Python would.
Of a notebook, the code cells run in order, and the last value of each is shown.
A single - reads the program from the standard input.

  -h, --help     show this text
  -V, --version  show the version
"""


def main() -> int:
    """Runs what the command line asks for, and returns the exit status.

    An exception of the program passes through, so that Python reports it and chooses the status as it always does.
    """
    from gradtape._run import program

    arguments = sys.argv[1:]
    first = arguments[0] if arguments else ""
    if first in {"-h", "--help"}:
        print(USAGE, end="")
        return 0
    if first in {"-V", "--version"}:
        from gradtape._version import __version__

        print(f"gradtape {__version__}")
        return 0
    try:
        if first in {"-m", "-c"}:
            if len(arguments) < 2:
                raise program.LaunchError(f"{first} needs a {'module' if first == '-m' else 'piece of code'}")
            (program.run_module if first == "-m" else program.run_code)(arguments[1], arguments[2:])
        elif not first or (first.startswith("-") and first != "-"):
            what = f"unknown option {first}" if first else "no program given"
            raise program.LaunchError(f"{what}; python -m gradtape --help shows the usage")
        else:
            program.run_file(first, arguments[1:])
    except program.LaunchError as error:
        print(f"gradtape: {error}", file=sys.stderr)
        return 2
    except BaseException:
        sys.excepthook = program.without_launcher(sys.excepthook)
        raise
    return 0


if __name__ == "__main__":
    # No call of sys.exit on success: under `python -i` it would be taken for the program's.
    if status := main():
        sys.exit(status)
