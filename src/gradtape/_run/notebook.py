"""Notebooks as programs: reads the code cells of an `.ipynb` file and runs them in order, showing their last values."""

from __future__ import annotations

import ast
import json
import linecache
import os
import re
from types import CodeType
from typing import Any, cast

# Nothing of gradtape is imported here, so that the same code can run a notebook with TensorFlow itself.

SKIPPED = {"%matplotlib"}
"""IPython commands that only choose where a picture appears, and can be left out."""

_COMMAND = re.compile(r"\s*(%%?[A-Za-z]|!)")
_COMMAND_ANYWHERE = re.compile(r"\s*(%%?[A-Za-z]|!|\?)|[\w.\s,()]+=\s*(%[A-Za-z]|!)|\s*[\w.]+\?{1,2}\s*$")


class NotebookError(Exception):
    """A file that can't be run as a notebook; the message names it, and the cell and the line if one is to blame."""


class Cell:
    """A code cell, compiled: all but its last expression, and the last expression, which is shown."""

    def __init__(self, notebook: str, number: int, source: str) -> None:
        """Compiles the cell.

        Args:
            notebook: the name under which errors and tracebacks speak of the notebook.
            number: the cell's place among the code cells, from 1.
            source: the text of the cell.

        Raises:
            NotebookError: a line is an IPython command that can't be left out.
            SyntaxError: the cell is not Python.
        """
        self.name = f"{notebook}, cell {number}"
        lines = source.split("\n")
        # Known to linecache, tracebacks can quote the cell and inspect can read its functions.
        linecache.cache[self.name] = (len(source), None, [line + "\n" for line in lines], self.name)
        body = _parse(lines, self.name).body
        shown: list[ast.stmt] = []
        if body and isinstance(body[-1], ast.Expr) and not _ends_in_semicolon(lines, body[-1]):
            shown = [body.pop()]
        self._codes: list[CodeType] = []
        if body:
            self._codes.append(compile(ast.Module(body, []), self.name, "exec", dont_inherit=True))
        if shown:
            self._codes.append(compile(ast.Interactive(shown), self.name, "single", dont_inherit=True))

    def run(self, namespace: dict[str, Any]) -> None:
        """Runs the cell in `namespace`; `sys.displayhook` shows the last value, unless it is None."""
        for code in self._codes:
            exec(code, namespace)


def read_cells(path: str) -> list[Cell]:
    """Reads and compiles the code cells of a notebook (format 4), in their order.

    Raises:
        NotebookError: the file is not a notebook of Python cells, or a cell asks for IPython.
        OSError: the file can't be read.
        SyntaxError: a cell is not Python.
    """
    try:
        with open(path, encoding="utf-8-sig") as file:
            notebook = json.load(file)
    except ValueError as error:
        raise NotebookError(f"'{path}' is not a notebook: it is not valid JSON ({error})") from None
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list):
        raise NotebookError(f"'{path}' is not a notebook of format 4: it has no list of cells")
    language = _language(notebook)
    if language != "python":
        raise NotebookError(f"'{path}' is a notebook in {language}, not in Python")
    sources = [_source(path, cell) for cell in cells if not isinstance(cell, dict) or cell.get("cell_type") == "code"]
    name = os.path.basename(path)
    return [Cell(name, number, source) for number, source in enumerate(sources, 1)]


def display(*values: object) -> None:
    """Shows each value on a line of its own: what a program gets where IPython offers a function of this name."""
    for value in values:
        print(repr(value))


def _language(notebook: dict[str, Any]) -> str:
    """Returns the language that the notebook says it is in, Python when it says nothing."""
    metadata = notebook.get("metadata")
    information = metadata.get("language_info") if isinstance(metadata, dict) else None
    name = information.get("name") if isinstance(information, dict) else None
    return name.lower() if isinstance(name, str) else "python"


def _source(path: str, cell: object) -> str:
    """Returns the text of a cell, which the format keeps as one string or as a list of lines."""
    source = cell.get("source") if isinstance(cell, dict) else None
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    if not isinstance(source, str):
        raise NotebookError(f"'{path}' is not a notebook of format 4: a cell has no text")
    return source


def _parse(lines: list[str], name: str) -> ast.Module:
    """Parses a cell; the IPython commands that can be left out become `pass`, so that lines keep their numbers."""
    lines = list(lines)
    while True:
        try:
            return _tree("\n".join(lines), name)
        except SyntaxError as error:
            index = _command_line(lines, (error.lineno or 1) - 1)
            if index is None:
                raise
            command = lines[index].strip()
            if command.split()[0] not in SKIPPED:
                where = f"{name}, line {index + 1}"
                raise NotebookError(f"{where}: `{command}` is an IPython command, not Python; take it out") from None
            lines[index] = lines[index][: -len(lines[index].lstrip())] + "pass"


def _tree(source: str, name: str) -> ast.Module:
    """Parses Python; unlike `ast.parse`, it adds no frame to the traceback of a syntax error."""
    return cast("ast.Module", compile(source, name, "exec", ast.PyCF_ONLY_AST, dont_inherit=True))


def _command_line(lines: list[str], blamed: int) -> int | None:
    """Returns the index of the IPython command that made the parser stop, if one did.

    The parser blames the right line nearly always; but a quotation mark that a later line leaves open, as text after
    `%%bash` may, is reported first. So the first command that follows a complete piece of Python counts too.
    """
    if blamed < len(lines) and _COMMAND_ANYWHERE.match(lines[blamed]):
        return blamed
    for index, line in enumerate(lines):
        if _COMMAND.match(line):
            try:
                _tree("\n".join(lines[:index]), "")
            except SyntaxError:
                continue
            return index
    return None


def _ends_in_semicolon(lines: list[str], last: ast.Expr) -> bool:
    """Tells whether a semicolon follows the last expression, which asks not to show its value."""
    line, column = last.end_lineno or 1, last.end_col_offset or 0
    rest = [lines[line - 1].encode()[column:].decode(), *lines[line:]]
    return any(";" in text.partition("#")[0] for text in rest)
