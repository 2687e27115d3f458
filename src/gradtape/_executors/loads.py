"""What is known of the values that code works with: where each was loaded from, and what becomes of it."""

from __future__ import annotations

import dis
from types import CodeType
from typing import Any


def words(text: str) -> frozenset[str]:
    """Returns the words of a text as a set."""
    return frozenset(text.split())


# What becomes of a value: it is read; only what it holds is changed; it is replaced by something made of it.
# A fourth use is ("item", key): only the item of that key is read; a fifth that it is handed to `tf.py_function`, which
# calls it again at each replay, so that what it reads itself is of no interest; a sixth that it is called, as nothing
# but functions can be: numbers and lists of the same name are others.
READ, CHANGED, REPLACED, HANDED, CALLED = "read", "changed", "replaced", "handed", "called"
ONLY_HANDED = {HANDED}

# Methods of lists, dicts and sets that write. Where the result is not used, such a call reads nothing.
WRITERS = words(
    "append appendleft extend extendleft insert add update setdefault pop popleft popitem clear remove discard sort "
    "reverse write writelines flush"
)
# Calls whose first argument is a function that runs at each replay.
FOREIGN = {(name, call) for name in ("tf", "tensorflow", "gradtape") for call in ("py_function", "numpy_function")}
# What a comparison may call: of the one value, and with the sides changed of the other.
COMPARISONS = {
    "<": words("__lt__ __gt__"),
    ">": words("__lt__ __gt__"),
    "<=": words("__le__ __ge__"),
    ">=": words("__le__ __ge__"),
    "==": words("__eq__ __hash__"),
    "!=": words("__eq__ __ne__ __hash__"),
}


class Unknown:
    """A value that came from anywhere."""

    __slots__ = ()


class Const(Unknown):
    """A constant of the code."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


class Load(Unknown):
    """A value that was loaded: a local, a global, a cell, an attribute or an item of another value."""

    __slots__ = ("base", "kind", "name", "uses")

    def __init__(self, kind: str, name: Any, base: Unknown | None = None) -> None:
        self.kind = kind
        self.name = name
        self.base = base
        self.uses: set[Any] = set()

    def add_uses(self) -> None:
        """Adds to the uses of the value that this one was loaded from what this one's say of it."""
        self.uses = self.uses or {READ}
        if not isinstance(self.base, Load):
            return
        if self.kind == "item":
            if self.uses <= {CHANGED, REPLACED}:
                self.base.uses.add(CHANGED)
            elif isinstance(self.name, Const) and type(self.name.value) in (str, int):
                self.base.uses.add(("item", self.name.value))
            else:
                self.base.uses.add(READ)
        else:
            self.base.uses.add(CHANGED if self.name in WRITERS and self.uses == {CHANGED} else READ)


class Mix(Unknown):
    """The result of arithmetic on loaded values."""

    __slots__ = ("sources",)

    def __init__(self, values: list[Unknown]) -> None:
        self.sources: list[Load] = []
        for each in values:
            self.sources += each.sources if isinstance(each, Mix) else [each] if isinstance(each, Load) else []


class Made(Unknown):
    """A function that the code makes, a lambda or an inner one."""

    __slots__ = ("code", "uses")

    def __init__(self, code: CodeType) -> None:
        self.code = code
        self.uses: set[Any] = set()


class Called(Unknown):
    """The result of calling a method that writes."""

    __slots__ = ("method",)

    def __init__(self, method: Load) -> None:
        self.method = method


def key_of(value: Any) -> Any:
    """Returns what two loads from the same place have in common, None where that cannot be said."""
    if isinstance(value, Const):
        return ("constant", type(value.value).__name__, repr(value.value))
    if not isinstance(value, Load):
        return ("value", id(value)) if value is not None else None
    name = key_of(value.name) if isinstance(value.name, Unknown) else value.name
    return (value.kind, name, None if value.base is None else key_of(value.base))


def local_of(value: Any) -> str | None:
    """Returns the name of the local that a value was loaded from, by way of attributes and items; None if of none."""
    while isinstance(value, Load):
        if value.kind == "local":
            return str(value.name)
        value = value.base
    return None


def chain_of(load: Unknown | None) -> tuple[str, ...] | None:
    """Returns the names of a global and of the attributes taken of it one after the other, None for anything else."""
    names: list[str] = []
    while isinstance(load, Load) and load.kind == "attribute":
        names.append(load.name)
        load = load.base
    return (load.name, *names[::-1]) if isinstance(load, Load) and load.kind == "global" else None


class Reads:
    """What a code reads, its inner functions included.

    Attributes:
        globals: what becomes of each global, by name: a set of uses.
        cells: the same for the variables of functions around it.
        attributes: the same for attributes of any object.
        stored: the names of attributes that it sets.
        asked: the names of attributes that may be missing, as in `hasattr(self, "kernel")`.
        chains: the globals, each with the attributes taken of it: `("np", "random", "normal")`.
        sweeping: whether it may read attributes that it does not name.
        compares: the special methods by which it compares values that are no constants.
        imports: the modules that it imports itself, each with the level of a relative import.
    """

    def __init__(self) -> None:
        self.globals: dict[str, set[Any]] = {}
        self.cells: dict[str, set[Any]] = {}
        self.attributes: dict[str, set[Any]] = {}
        self.stored: set[str] = set()
        self.asked: set[str] = set()
        self.chains: list[tuple[str, ...]] = []
        self.sweeping = False
        self.compares: set[str] = set()
        self.imports: set[tuple[str, int]] = set()

    def include(self, inner: Reads, own: tuple[str, ...]) -> None:
        """Adds what an inner function reads; its cells of the names `own` are made anew in each call."""
        add_all(self.globals, inner.globals)
        add_all(self.cells, {name: uses for name, uses in inner.cells.items() if name not in own})
        add_all(self.attributes, inner.attributes)
        self.stored |= inner.stored
        self.asked |= inner.asked
        self.chains += inner.chains
        self.sweeping |= inner.sweeping
        self.compares |= inner.compares
        self.imports |= inner.imports


def add_all(uses: dict[Any, set[Any]], more: dict[Any, set[Any]]) -> None:
    """Adds sets of uses to those that are there, by name."""
    for name, each in more.items():
        uses[name] = uses.get(name, set()) | each


def names_of(instruction: dis.Instruction) -> tuple[str, ...]:
    """Returns the names of locals that an instruction is about."""
    name = instruction.argval
    return name if isinstance(name, tuple) else (name,)
