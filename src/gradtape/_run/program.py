"""The launcher: runs a file, a module, a piece of code or a notebook as the main program, as Python itself would."""

from __future__ import annotations

import os
import sys
from types import CodeType, ModuleType, TracebackType
from typing import TYPE_CHECKING, Any

from gradtape._run.stand_in import as_tensorflow

if TYPE_CHECKING:
    from collections.abc import Callable
    from importlib.machinery import ModuleSpec

_FOLDER = os.path.dirname(os.path.abspath(__file__))
_LAUNCHERS = {
    os.path.join(os.path.dirname(_FOLDER), "__main__.py"),
    os.path.join(_FOLDER, "program.py"),
    os.path.join(_FOLDER, "notebook.py"),
}


class LaunchError(Exception):
    """A program that can't be started; the message is one line for the terminal."""


def run_file(path: str, arguments: list[str]) -> None:
    """Runs a program, or a notebook if the name ends in `.ipynb`; `-` is the standard input.

    Raises:
        LaunchError: the file can't be read, or is not the notebook that its name promises.
    """
    if path == "-":
        _run_text(sys.stdin.buffer.read(), "<stdin>", ["-", *arguments])
    elif path.endswith(".ipynb"):
        _run_notebook(path, arguments)
    else:
        _run_source(path, arguments)


def run_module(name: str, arguments: list[str]) -> None:
    """Runs a module that the import system finds, or the `__main__` of a package.

    Raises:
        LaunchError: there is no such module, or it can't be run.
    """
    namespace = _become_main(["-m", *arguments], os.getcwd())
    spec = _find(name)
    if spec is not None and spec.submodule_search_locations is not None:
        spec = _find(f"{name}.__main__")
        if spec is None:
            raise LaunchError(f"'{name}' is a package without a __main__ module, which can't be run")
    if spec is None:
        raise LaunchError(f"no module named '{name}'")
    get_code = getattr(spec.loader, "get_code", None)
    code = get_code(spec.name) if get_code else None
    if code is None:
        raise LaunchError(f"'{name}' has no Python code to run")
    sys.argv[0] = spec.origin or name
    namespace.update(
        __spec__=spec,
        __package__=spec.parent,
        __loader__=spec.loader,
        __file__=spec.origin,
        __cached__=spec.cached,
    )
    _run(code, namespace)


def run_code(code: str, arguments: list[str]) -> None:
    """Runs a piece of code given as text."""
    _run_text(code.encode("utf-8", "surrogateescape"), "<string>", ["-c", *arguments])


def without_launcher(
    hook: Callable[[type[BaseException], BaseException, TracebackType | None], Any],
) -> Callable[[type[BaseException], BaseException, TracebackType | None], Any]:
    """Wraps an exception hook, so that the traceback begins where the program does."""

    def report(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        trace = _trimmed(trace)
        error.__traceback__ = trace
        if hook is sys.__excepthook__ and trace and not os.path.exists(trace.tb_frame.f_code.co_filename):
            # Before Python 3.13 its own hook quotes files only; this one quotes what linecache knows.
            import traceback

            traceback.print_exception(error)
        else:
            hook(kind, error, trace)

    return report


def _run_source(path: str, arguments: list[str]) -> None:
    """Runs a file of Python source."""
    from importlib.machinery import SourceFileLoader

    try:
        with open(path, "rb") as file:
            source = file.read()
    except (OSError, ValueError) as error:
        raise _cannot_open(path, error) from None
    namespace = _become_main([path, *arguments], os.path.dirname(os.path.realpath(path)))
    full = os.path.abspath(path)
    namespace.update(__file__=full, __cached__=None, __loader__=SourceFileLoader("__main__", full))
    _run(compile(source, full, "exec", dont_inherit=True), namespace)


def _run_text(source: bytes, name: str, argv: list[str]) -> None:
    """Runs source that has no file; linecache gets its lines, so that tracebacks quote them."""
    import linecache

    lines = source.decode("utf-8", "replace").splitlines(keepends=True)
    linecache.cache[name] = (len(source), None, lines, name)
    namespace = _become_main(argv, "")
    if argv[0] == "-":
        namespace.update(__file__=name, __cached__=None)
    _run(compile(source, name, "exec", dont_inherit=True), namespace)


def _run_notebook(path: str, arguments: list[str]) -> None:
    """Runs the code cells of a notebook in one namespace."""
    from gradtape._run import notebook

    try:
        cells = notebook.read_cells(path)
    except OSError as error:
        raise _cannot_open(path, error) from None
    except notebook.NotebookError as error:
        raise LaunchError(str(error)) from None
    namespace = _become_main([path, *arguments], os.path.dirname(os.path.realpath(path)))
    namespace["display"] = notebook.display
    as_tensorflow()
    for cell in cells:
        cell.run(namespace)


def _cannot_open(path: str, error: Exception) -> LaunchError:
    """Puts the operating system's reason into one line."""
    return LaunchError(f"can't open '{path}': {getattr(error, 'strerror', None) or error}")


def _run(code: CodeType, namespace: dict[str, Any]) -> None:
    """Runs compiled code with gradtape standing in for TensorFlow."""
    as_tensorflow()
    exec(code, namespace)


def _become_main(argv: list[str], folder: str) -> dict[str, Any]:
    """Puts a fresh `__main__` module in this one's place, with the program's arguments; returns its namespace."""
    module = ModuleType("__main__")
    sys.modules["__main__"] = module
    sys.argv[:] = argv
    if not sys.flags.safe_path:
        sys.path[0] = folder
    return vars(module)


def _find(name: str) -> ModuleSpec | None:
    """Finds a module's spec; None also when a package above it is missing."""
    from importlib.util import find_spec

    if name.startswith("."):
        raise LaunchError(f"can't run '{name}': a relative name has no package here to start from")
    try:
        return find_spec(name)
    except ModuleNotFoundError as error:
        if error.name and (name == error.name or name.startswith(error.name + ".")):
            return None
        raise
    except ValueError as error:
        raise LaunchError(f"can't run '{name}': {error}") from None


def _trimmed(trace: TracebackType | None) -> TracebackType | None:
    """Returns the part of a traceback that lies in the program, without the import system's share on top of it."""
    entries: list[TracebackType] = []
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if os.path.abspath(file) in _LAUNCHERS:
            entries.clear()
        elif os.path.dirname(os.path.abspath(file)) != _FOLDER and (entries or not file.startswith("<frozen ")):
            entries.append(trace)
        trace = trace.tb_next
    kept: TracebackType | None = None
    for entry in reversed(entries):
        kept = TracebackType(kept, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
    return kept
