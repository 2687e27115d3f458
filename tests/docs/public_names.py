"""The public names: the namespaces, what each shows, and the spellings of one object."""

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradtape

# Every public module of the package, by what follows the package's name.
NAMESPACES = (
    "",
    *sorted(
        info.name.removeprefix("gradtape")
        for info in pkgutil.walk_packages(gradtape.__path__, "gradtape.")
        if "._" not in info.name
    ),
)


def exported(module: Any) -> Iterator[str]:
    """Yields the names that a module gives: what it defines or assigns, and what it imports by `x as x`."""
    body = ast.parse(Path(module.__file__).read_text(encoding="utf-8")).body
    # What is loaded later is imported for type checkers alone.
    body += [each for node in body if isinstance(node, ast.If) for each in node.body]
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.ImportFrom):
            yield from (alias.asname for alias in node.names if alias.asname)
        elif isinstance(node, ast.Assign):
            yield from (each.id for target in node.targets for each in ast.walk(target) if isinstance(each, ast.Name))


def spellings() -> dict[Any, list[str]]:
    """Returns the public functions and classes with all their names, as TensorFlow spells them, the shortest first."""
    found: dict[int, tuple[Any, list[str]]] = {}
    for namespace in NAMESPACES:
        module = importlib.import_module(f"gradtape{namespace}")
        prefix = "tf.math.special" if namespace == ".special" else f"tf{namespace}"
        for name in sorted({*exported(module)}):
            value = getattr(module, name)
            if not name.startswith("_") and (inspect.isfunction(value) or inspect.isclass(value)):
                found.setdefault(id(value), (value, []))[1].append(f"{prefix}.{name}")
    return dict(found.values())
