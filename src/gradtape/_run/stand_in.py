"""The stand-in for TensorFlow: makes `import tensorflow` answer with gradtape, and explains a name that is missing."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING

from gradtape._version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from importlib.machinery import ModuleSpec
    from typing import Any

__all__ = ["as_tensorflow", "missing"]

PACKAGE = __name__.partition(".")[0]
STOOD_FOR = "tensorflow"
VERSION = f"2.21.0+{PACKAGE}.{__version__}"
"""What `tensorflow.__version__` says under the stand-in: whose behaviour is followed, and who follows it."""


NOTHING: Mapping[str, Sequence[str]] = {}


def as_tensorflow() -> StandIn:
    """Lets gradtape answer to TensorFlow's name in every `import` that follows.

    Called on its own it holds for the rest of the process; as a context manager it ends with the block, and a
    TensorFlow that had been imported before is back. Modules that were imported inside the block keep what they got.

    Returns:
        The stand-in, already in force. Entering it as a context manager gives the module that answers.

    Example:
        >>> import gradtape
        >>> with gradtape.as_tensorflow():
        ...     import tensorflow as tf
        >>> tf.__version__.startswith("2.21.0+gradtape")
        True
    """
    return StandIn()


def missing(module_name: str, later: Mapping[str, Sequence[str]] = NOTHING) -> Callable[[str], Any]:
    """Makes the `__getattr__` (PEP 562) of a public module, which names the nearest thing that gradtape has.

    Args:
        module_name: the module's full name, such as `gradtape.math`.
        later: by the module that holds them, names of the public module that are loaded when they are first asked for;
            a module's own name stands for the module.

    Returns:
        A function of an attribute's name that loads it, or raises AttributeError.
    """
    homes = {name: home for home, names in later.items() for name in names}

    def __getattr__(name: str) -> Any:
        if name in homes:
            from importlib import import_module

            module = import_module(homes[name])
            value = module if homes[name] in (f"{module_name}.{name}", f"{PACKAGE}.{name}") else getattr(module, name)
            setattr(sys.modules[module_name], name, value)
            return value
        # obj=None keeps Python from adding a second suggestion, which knows one module only.
        if name.startswith("_"):
            raise AttributeError(f"module {module_name!r} has no attribute {name!r}", name=name, obj=None)
        from gradtape._run.nearest import describe

        raise AttributeError(describe(_spelled(f"{module_name}.{name}")), name=name, obj=None)

    return __getattr__


class StandIn:
    """TensorFlow's name held by gradtape, from the making of this object until `restore`."""

    def __init__(self) -> None:
        """Takes the name, unless another stand-in holds it already."""
        self._finder: Finder | None = None
        self._replaced: dict[str, ModuleType] = {}
        if not any(isinstance(finder, Finder) for finder in sys.meta_path):
            self._finder = Finder()
            self._replaced = _take_modules()
            sys.meta_path.insert(0, self._finder)

    def __enter__(self) -> ModuleType:
        """Returns the module that answers to `import tensorflow`."""
        return _imported(STOOD_FOR)

    def __exit__(self, *_: object) -> None:
        """Gives the name back."""
        self.restore()

    def restore(self) -> None:
        """Gives the name back: modules and finders are again what they were before."""
        if self._finder is None:
            return
        if self._finder in sys.meta_path:
            sys.meta_path.remove(self._finder)
        _take_modules()
        sys.modules.update(self._replaced)
        self._finder = None
        self._replaced = {}


class Finder:
    """Answers the import system's questions about `tensorflow` and what lies below it."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Returns the spec of a module that stands in for one of TensorFlow's, or None for other packages' names.

        Raises:
            ModuleNotFoundError: gradtape has no such module.
        """
        if name != STOOD_FOR and not name.startswith(STOOD_FOR + "."):
            return None
        plain = _without_compat(name)
        if plain != f"{STOOD_FOR}.compat" and _answer(plain) is None:
            from gradtape._run.nearest import describe

            # The import system swallows an error that carries the very name it asked for when a `from` list is
            # served, and the explanation with it. The name that is missing is gradtape's.
            raise ModuleNotFoundError(describe(_spelled(plain)), name=PACKAGE + plain.removeprefix(STOOD_FOR))
        from importlib.machinery import ModuleSpec

        # A loader by its methods: to derive from importlib's class would import more than `import gradtape` may.
        return ModuleSpec(name, self, origin=PACKAGE, is_package=True)  # type: ignore[arg-type]

    def create_module(self, spec: ModuleSpec) -> None:
        """Leaves the making of the module to the import system."""

    def exec_module(self, module: ModuleType) -> None:
        """Fills the module with the public names of gradtape's."""
        name = module.__name__
        plain = _without_compat(name)
        if plain != name:
            sys.modules[name] = _imported(plain)
            return
        answer = _answer(name)
        names = vars(module)
        if answer is not None:
            # Copied, so that `tf.exp` costs what it costs in gradtape itself.
            names.update((key, value) for key, value in vars(answer).items() if not key.startswith("_"))
            names["__doc__"] = answer.__doc__
            if hasattr(answer, "__all__"):
                names["__all__"] = list(answer.__all__)
        if name == STOOD_FOR:
            names["__version__"] = VERSION
            names.pop("compat", None)
        names["__getattr__"] = _late_names(name, answer)


def _late_names(name: str, answer: ModuleType | None) -> Callable[[str], Any]:
    """Makes the `__getattr__` of a stand-in: what gradtape gives on demand, `compat`, and else the explanation."""
    explain = missing(PACKAGE + name.removeprefix(STOOD_FOR))

    def __getattr__(attribute: str) -> Any:
        if (name, attribute) in {(STOOD_FOR, "compat"), (f"{STOOD_FOR}.compat", "v2")}:
            return _imported(f"{name}.{attribute}")
        found = explain if attribute.startswith("_") else getattr(answer, attribute, explain)
        return explain(attribute) if found is explain else found

    return __getattr__


def _answer(name: str) -> ModuleType | None:
    """Finds gradtape's module for one of TensorFlow's (`tensorflow.math` -> `gradtape.math`), or None."""
    module: object = _imported(PACKAGE)
    for part in name.split(".")[1:]:
        module = None if part.startswith("_") else getattr(module, part, None)
        if not isinstance(module, ModuleType) or not module.__name__.startswith(PACKAGE + "."):
            return None
    return module if isinstance(module, ModuleType) else None


def _without_compat(name: str) -> str:
    """`tensorflow.compat.v2` and all below it are other names for `tensorflow`."""
    alias = f"{STOOD_FOR}.compat.v2"
    return STOOD_FOR + name.removeprefix(alias) if name == alias or name.startswith(alias + ".") else name


def _spelled(name: str) -> str:
    """The way programs write a module's or a function's full name: `tf.` and the rest."""
    return "".join(["tf", *name.partition(".")[1:]])


def _imported(name: str) -> ModuleType:
    """Imports a module by its full name."""
    from importlib import import_module

    return import_module(name)


def _take_modules() -> dict[str, ModuleType]:
    """Takes whatever answers to TensorFlow's name out of the table of modules, and returns it."""
    names = [name for name in sys.modules if name == STOOD_FOR or name.startswith(STOOD_FOR + ".")]
    return {name: sys.modules.pop(name) for name in names}
