"""Which Python state a function can read: globals, closure, defaults and arguments, followed by what the code names.

Code says which names are loaded, of objects that are found where those names lead. Attributes are matched by name
alone, whatever object the code takes them of: so it does not matter by which way an object comes to the code.
"""

from __future__ import annotations

import builtins
import io
import weakref
from collections import Counter, OrderedDict, defaultdict, deque
from functools import cached_property, partial
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from gradtape._core.module import Module
from gradtape._core.tensor import Tensor
from gradtape._executors.bytecode import reads_of
from gradtape._executors.checks import MOST_BYTES, Check, content_of, is_bare, is_leaf
from gradtape._executors.loads import CALLED, CHANGED, ONLY_HANDED, READ, REPLACED, Reads, add_all, words
from gradtape._executors.outside import (
    MISSING,
    access,
    baked_name,
    behind,
    gives_next,
    hidden,
    is_inherited,
    is_library,
    is_usual,
    looked_up,
    modules_of,
)

# A container of more entries than this is known by identity and length, unless all its entries are plain values.
MOST_ENTRIES = 300
MOST_VALUES = 100_000
# A function that reads more than this is not replayed; code beyond this many functions is not looked at.
MOST_CHECKS = 4000
MOST_FUNCTIONS = 600
MOST_LEVELS = 40

LISTS = (list, tuple, deque)
DICTS = (dict, OrderedDict, defaultdict, Counter)
SETS = (set, frozenset)
WRITTEN = (*LISTS, *DICTS, *SETS, np.ndarray, bytearray)
# Special methods that nothing in a function's own work calls on an object that is there already.
APART = words(
    "__init__ __new__ __post_init__ __del__ __repr__ __str__ __format__ __reduce__ __reduce_ex__ __getstate__ "
    "__setstate__ __copy__ __deepcopy__ __init_subclass__ __class_getitem__ __sizeof__ __dir__"
)
MADE = words("__init__ __new__ __post_init__ __call__")
COMPARING = words("__eq__ __ne__ __lt__ __le__ __gt__ __ge__ __hash__")
# Properties of a module that read all its attributes.
LISTING = words("variables trainable_variables non_trainable_variables submodules")
EVERYTHING = {READ}


class Survey:
    """Finds what a function reads.

    Attributes:
        checks: tests of all that was found, parents before what they hold.
        namespace: what the expressions of the tests name.
        weak: the arguments among it, by name, as weak references.
        tensors: the tensors among it.
        baked: the calls that are made while the function is recorded only, as `random.random`.
        volatile: why the function cannot be replayed, None if it can.
    """

    def __init__(self, function: Any, arguments: dict[str, Any]) -> None:
        self.functions: dict[int, tuple[FunctionType, Reads]] = {}
        self.arguments = dict(arguments)
        self.roots: list[Any] = []
        self.unbind(function)
        count = -1
        # The code of what is found names more, so the search starts again until it finds no more code.
        while count != len(self.functions):
            count = len(self.functions)
            self.search()

    def unbind(self, function: Any) -> None:
        """Takes a function out of what calls it, such as a bound method."""
        if isinstance(function, MethodType):
            self.arguments.setdefault("self", function.__self__)
            self.unbind(function.__func__)
        elif isinstance(function, FunctionType):
            # Whatever module it is of.
            self.functions[id(function)] = function, reads_of(function.__code__)
            if isinstance(wrapped := function.__dict__.get("__wrapped__"), FunctionType):
                self.discover(wrapped)
        else:
            self.roots.append(function)

    def search(self) -> None:
        """Looks at everything once."""
        self.checks: list[Check] = []
        self.namespace: dict[str, Any] = {"own": object.__getattribute__, "content_of": content_of, "is_bare": is_bare}
        self.weak: dict[str, Any] = {}
        self.tensors: list[Tensor] = []
        self.baked: dict[str, None] = {}
        self.volatile: str | None = None
        self.given: set[int] = set()
        self.modules: dict[str, Any] = {}
        self.depth = 0
        self.seen: dict[int, Any] = {}
        self.path: set[int] = set()
        self.classes: set[type] = set()
        self.names: dict[str, set[Any]] = {}
        self.asked: set[str] = set()
        self.stored: set[str] = set()
        self.sweeping, self.compares = False, set[str]()
        found_globals: dict[tuple[int, str], tuple[dict[str, Any], set[Any]]] = {}
        found_cells: dict[int, tuple[Any, str, set[Any]]] = {}
        for function, reads in self.functions.values():
            add_all(self.names, reads.attributes)
            self.asked |= reads.asked
            self.stored |= reads.stored
            self.sweeping |= reads.sweeping
            self.compares |= reads.compares
            space = function.__globals__
            for name, uses in reads.globals.items():
                _, known = found_globals.setdefault((id(space), name), (space, set()))
                known |= uses
            for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
                found_cells.setdefault(id(cell), (cell, name, set()))[2].update(reads.cells.get(name, ()))
            for name, level in reads.imports:
                self.modules |= modules_of(name, level, space.get("__package__"))
            for chain in reads.chains:
                self.volatile = hidden(space, chain) or self.volatile
                if (named := baked_name(space, chain)) is not None:
                    self.baked[named] = None
        if "AttributeError" in {name for _, name in found_globals}:
            self.asked |= set(self.names)
        for name, module in self.modules.items():
            self.visit(name, None, module, EVERYTHING)
        for root in self.roots:
            self.visit("self", None, root, EVERYTHING)
        given: list[tuple[str, str, Any]] = []
        for name, value in self.arguments.items():
            self.argument(name, value, given)
        for label, name, value in given:
            self.inside(label, name, value, EVERYTHING)
        for (_, name), (space, uses) in found_globals.items():
            self.globe(name, space, uses)
        for cell, name, uses in found_cells.values():
            self.cell(name, cell, uses)
        for function, _ in [*self.functions.values()]:
            self.function_parts(function.__name__, function)

    # -- where a search starts

    def argument(self, label: str, value: Any, given: list[tuple[str, str, Any]]) -> None:
        """Collects the objects that the caller has given: the structures that they stand in are of no interest."""
        if isinstance(value, dict) and type(value) in DICTS:
            for key, each in value.items():
                self.argument(f"{label}[{key!r}]", each, given)
        elif isinstance(value, LISTS):
            if id(value) not in self.path:
                self.path.add(id(value))
                for position, each in enumerate(value):
                    self.argument(f"{label}[{position}]", each, given)
                self.path.discard(id(value))
        elif isinstance(value, MethodType):
            self.argument(f"{label}.__self__", value.__self__, given)
            self.code_of(value.__func__)
        elif not is_leaf(value) and not isinstance(value, np.ndarray) and id(value) not in self.given:
            name = f"o{len(self.given)}"
            try:
                self.weak[name] = weakref.ref(value)
            except TypeError:
                self.namespace[name] = value
            self.given.add(id(value))
            given.append((label, name, value))

    def globe(self, name: str, space: dict[str, Any], uses: set[Any]) -> None:
        """Looks at a global."""
        if name in space:
            value = space[name]
            expression = None if is_usual(name, value) else f"{self.bind(space)}[{name!r}]"
            self.visit(name, expression, value, uses)
        elif not hasattr(builtins, name) and not uses <= {REPLACED, CHANGED}:
            self.check(name, f"{name!r} in {self.bind(space)}", False, "found")

    def cell(self, name: str, cell: Any, uses: set[Any]) -> None:
        """Looks at a variable of the function around."""
        if uses:
            try:
                value = cell.cell_contents
            except ValueError:
                value = None
            self.visit(name, f"{self.bind(cell)}.cell_contents", value, uses)

    def function_parts(self, label: str, function: FunctionType) -> None:
        """Looks at a function's defaults and attributes."""
        if is_library(function.__module__):
            return
        attributes = [name for name in function.__dict__ if name in self.names and name != "__wrapped__"]
        if function.__defaults__ or function.__kwdefaults__ or attributes:
            name = self.bind(function)
            if function.__defaults__:
                self.visit(f"{label}.__defaults__", f"{name}.__defaults__", function.__defaults__, EVERYTHING)
            if function.__kwdefaults__:
                self.visit(f"{label}.__kwdefaults__", f"{name}.__kwdefaults__", function.__kwdefaults__, EVERYTHING)
            for each in attributes:
                self.visit(f"{label}.{each}", access(name, each), function.__dict__[each], self.names[each])

    # -- what is found

    def bind(self, value: Any) -> str:
        """Returns the name of a value in the namespace."""
        name = f"v{len(self.namespace)}"
        self.namespace[name] = value
        return name

    def check(self, label: str, expression: str, value: Any, kind: str) -> str:
        """Adds a test, and returns the name of the value that is expected."""
        name = self.bind(value)
        self.checks.append(Check(label, expression, name, value, kind))
        if len(self.checks) > MOST_CHECKS:
            self.volatile = f"it reads more than {MOST_CHECKS} Python values, too many to look after"
        return name

    def visit(self, label: str, expression: str | None, value: Any, uses: set[Any]) -> None:
        """Looks at a value.

        Args:
            label: what the user calls it.
            expression: what gives it, None for a value that need not be tested itself.
            value: what it is now.
            uses: what becomes of it.
        """
        uses = uses if callable(value) or value is None else uses - {CALLED}
        if uses <= {REPLACED} or self.volatile is not None:
            return
        if self.depth > MOST_LEVELS:
            self.volatile = f"it reads Python state that is nested too deeply: {label[:60]}…"
            return
        if uses <= {REPLACED, CHANGED} and (type(value) in WRITTEN or isinstance(value, io.IOBase)):
            return
        if is_leaf(value):
            if expression is not None:
                self.check(label, expression, value, "leaf")
            return
        if id(value) in self.given:
            # Not to be kept alive.
            if expression is not None:
                self.check(f"the identity of {label}", f"id({expression})", id(value), "found")
            return
        if expression is None:
            name = ""
        elif isinstance(value, (*LISTS, *DICTS)):
            name = self.check(label, expression, value, "container")
        elif type(value) is np.ndarray:
            name = self.check(label, expression, value, "array")
        else:
            name = self.check(label, expression, value, "same")
        if uses == ONLY_HANDED and isinstance(value, FunctionType | MethodType | BuiltinFunctionType):
            return
        self.depth += 1
        self.inside(label, name, value, uses)
        self.depth -= 1

    def inside(self, label: str, name: str, value: Any, uses: set[Any]) -> None:
        """Looks into a value that goes by `name` in the namespace, or by none yet."""
        kind = type(value)
        if isinstance(value, (*LISTS, *DICTS, *SETS)):
            if id(value) not in self.path:
                self.path.add(id(value))
                self.container(label, name or self.bind(value), value, uses)
                self.path.discard(id(value))
            if kind in (*LISTS, *DICTS, *SETS):
                return
        elif kind is np.ndarray:
            self.array(label, name or self.bind(value), value)
            return
        if id(value) in self.seen:
            return
        self.seen[id(value)] = value
        self.one(label, name, value)

    def one(self, label: str, name: str, value: Any) -> None:
        """Looks into what is no container, for the first time."""
        kind = type(value)
        if isinstance(value, Tensor):
            self.tensors += [value] if id(value) not in self.given else []
        elif isinstance(value, FunctionType):
            self.discover(value)
        elif isinstance(value, ModuleType):
            if not is_library(value.__name__):
                space = vars(value)
                bound = self.bind(space)
                for each in [each for each in space if each in self.names]:
                    member = space[each]
                    self.visit(f"{label}.{each}", f"{bound}[{each!r}]", member, self.names[each])
        elif isinstance(value, type):
            self.class_parts(label, name, value)
        elif isinstance(value, weakref.ref):
            if (target := value()) is not None and id(target) not in self.given:
                name = f"o{len(self.given)}"
                self.given.add(id(target))
                self.weak[name] = value
                self.inside(f"{label}()", name, target, EVERYTHING)
        elif isinstance(value, MethodType | partial):
            inner = [value.__self__, value.__func__] if isinstance(value, MethodType) else [value.func]
            more = [] if isinstance(value, MethodType) else [value.args, value.keywords]
            for each in (*inner, *more):
                self.inside(label, "", each, EVERYTHING) if not is_leaf(each) else None
        elif isinstance(value, BuiltinFunctionType):
            if not isinstance(value.__self__, ModuleType | type) and not is_leaf(value.__self__):
                self.visit(label, None, value.__self__, EVERYTHING)
        elif isinstance(value, np.random.Generator | np.random.RandomState) or kind.__module__ == "random":
            self.baked[label] = None
        elif gives_next(kind):
            if not isinstance(value, io.IOBase) or (not value.closed and value.readable()):
                self.volatile = f"it reads {label}, a {kind.__name__}: what that gives next cannot be known beforehand"
        elif (wrapped := behind(value)) is not None:
            self.visit(label, None, wrapped, EVERYTHING)
        else:
            self.instance(label, name, value)

    def container(self, label: str, name: str, value: Any, uses: set[Any]) -> None:
        """Looks into a list, a dict or a set."""
        kind = type(value)
        keys = [use[1] for use in uses if isinstance(use, tuple)]
        if READ not in uses and keys and kind in DICTS:
            for key in keys:
                if key in value:
                    self.visit(f"{label}[{key!r}]", f"{name}[{key!r}]", value[key], EVERYTHING)
                else:
                    self.check(f"{label}[{key!r}]", f"{key!r} in {name}", False, "found")
            return
        if isinstance(value, SETS):
            self.check(f"the elements of {label}", name, kind(value), "equal")
            for each in value:
                if not is_leaf(each):
                    self.visit(f"an element of {label}", None, each, EVERYTHING)
            return
        base: Any = next(each for each in (*LISTS, *DICTS) if isinstance(value, each))
        plain = kind in (*LISTS, *DICTS)
        method = "" if plain else f"{self.bind(base.__getitem__)}"
        if len(value) > MOST_ENTRIES:
            entries = value.values() if isinstance(value, dict) else value
            if len(value) <= MOST_VALUES and all(map(is_leaf, entries)):
                self.check(f"the entries of {label}", name, value.copy() if base is not tuple else value, "equal")
            else:
                self.check(f"the length of {label}", f"len({name})", len(value), "found")
            return
        if isinstance(value, dict):
            iterate = f"[*{name}]" if plain else f"[*{self.bind(base.keys)}({name})]"
            self.check(f"the keys of {label}", iterate, [*base.keys(value)], "found")
            pairs = [*base.items(value)]
        else:
            if base is not tuple:
                length = f"len({name})" if plain else f"{self.bind(base.__len__)}({name})"
                self.check(f"the length of {label}", length, base.__len__(value), "found")
            pairs = [*enumerate(base.__iter__(value))]
        for key, each in pairs:
            count = len(self.checks)
            shown = repr(key) if is_leaf(key) and type(key) in (str, int) else self.bind(key)
            entry = f"{method}({name}, {shown})" if method else f"{name}[{shown}]"
            self.visit(f"{label}[{key!r}]", entry, each, EVERYTHING)
            if base is tuple and len(self.checks) > count and self.checks[count].expression == entry:
                self.checks[count].implied = True

    def array(self, label: str, name: str, value: Any) -> None:
        """Looks at the contents of an array."""
        if value.flags.c_contiguous and not value.dtype.hasobject and value.nbytes <= MOST_BYTES:
            # No faster way to compare memory is known to Python.
            self.check(f"the contents of {label}", f"{self.bind(bytearray(value))}.__eq__({name})", True, "contents")
        else:
            self.check(f"the contents of {label}", f"content_of({name})", content_of(value), "contents")

    def instance(self, label: str, name: str, value: Any) -> None:
        """Looks into an object: at the attributes that the code names, and the methods."""
        kind = type(value)
        if is_library(kind.__module__) and kind.__module__.partition(".")[0] in ("gradtape", "numpy", "scipy"):
            return
        try:
            attributes = object.__getattribute__(value, "__dict__")
        except AttributeError:
            attributes = {}
        self.methods(kind, made=False)
        name = name or self.bind(value)
        plain = looked_up(kind, "__getattribute__") is object.__dict__["__getattribute__"]
        listing = isinstance(value, Module) and not LISTING.isdisjoint(self.names)
        if listing or self.sweeping:
            self.check(f"the attributes of {label}", f"[*{name}.__dict__]", [*attributes], "found")
        named = {*self.names, *attributes} if listing or self.sweeping else self.names
        for each in named:
            uses = self.names.get(each, EVERYTHING)
            expression = access(name, each) if plain else f"own({name}, {each!r})"
            shared = looked_up(kind, each)
            if each not in self.names and not self.sweeping and is_bare(attributes[each]):
                # Where the variables of a module are asked for, it is enough that there are none in it.
                self.check(f"{label}.{each}", f"is_bare({expression})", True, "contents")
            elif each in attributes and not isinstance(shared, property):
                self.visit(f"{label}.{each}", expression, attributes[each], uses)
            elif shared is not MISSING:
                self.member(f"{label}.{each}", expression, value, shared, uses)
            elif each in self.asked:
                self.check(f"{label}.{each}", f"hasattr({name}, {each!r})", False, "found")

    def member(self, label: str, expression: str, owner: Any, shared: Any, uses: set[Any]) -> None:
        """Looks at what a class defines, as an object of it gives it."""
        if isinstance(shared, FunctionType):
            self.method(label, f"{expression}.__func__", shared)
        elif isinstance(shared, classmethod):
            self.method(label, f"{expression}.__func__", shared.__func__)
        elif isinstance(shared, staticmethod):
            self.method(label, expression, shared.__func__)
        elif isinstance(shared, property | cached_property):
            return
        elif type(shared).__name__ in ("member_descriptor", "getset_descriptor"):
            if (value := getattr(owner, label.rpartition(".")[2], MISSING)) is not MISSING:
                self.visit(label, expression, value, uses)
        elif hasattr(type(shared), "__get__"):
            if not is_library(type(shared).__module__):
                self.visit(label, None, shared, EVERYTHING)
        else:
            self.visit(label, expression, shared, uses)

    def method(self, label: str, expression: str, function: Any) -> None:
        """Adds a test that a method of the user's is the one that it was."""
        if isinstance(function, FunctionType) and not is_library(function.__module__):
            self.check(label, expression, function, "same")

    def class_parts(self, label: str, name: str, value: type) -> None:
        """Looks into a class that the code names, and may make objects of."""
        if is_library(value.__module__):
            return
        self.methods(value, made=True)
        name = name or self.bind(value)
        for each, uses in self.names.items():
            shared = looked_up(value, each)
            if isinstance(shared, FunctionType | staticmethod):
                self.method(f"{label}.{each}", access(name, each), getattr(shared, "__func__", shared))
            elif shared is not MISSING and not hasattr(type(shared), "__get__") and not is_inherited(value, each):
                self.visit(f"{label}.{each}", access(name, each), shared, uses)

    def methods(self, kind: type, made: bool) -> None:
        """Finds the code that objects of a class may run: methods by name, and special methods."""
        for each in kind.__mro__:
            if is_library(each.__module__):
                continue
            for name, member in [*vars(each).items()]:
                named = self.names.get(name, ONLY_HANDED) != ONLY_HANDED
                if name.startswith("__") and name.endswith("__"):
                    wanted = name not in COMPARING - self.compares and (name in MADE if made else name not in APART)
                    wanted |= named and isinstance(member, FunctionType)
                else:
                    wanted = named or self.sweeping or name in self.stored
                if wanted:
                    self.code_of(member)

    def code_of(self, member: Any) -> None:
        """Finds the code of what a class defines."""
        if isinstance(member, FunctionType):
            self.discover(member)
        elif isinstance(member, staticmethod | classmethod):
            self.code_of(member.__func__)
        elif isinstance(member, property):
            for each in (member.fget, member.fset, member.fdel):
                self.code_of(each)
        elif isinstance(member, cached_property):
            self.code_of(member.func)
        elif (wrapped := behind(member)) is not None:
            self.code_of(wrapped)

    def discover(self, function: FunctionType) -> None:
        """Adds a function of the user's to those whose code is looked at."""
        if id(function) in self.functions or len(self.functions) >= MOST_FUNCTIONS:
            return
        if not is_library(function.__module__):
            self.functions[id(function)] = function, reads_of(function.__code__)
        else:
            # A decorator of a library: the user's function is in its closure.
            self.functions[id(function)] = function, Reads()
            for cell in function.__closure__ or ():
                try:
                    held = cell.cell_contents
                except ValueError:
                    continue
                for each in held.values() if type(held) is dict else (held,):
                    self.code_of(each)
        if isinstance(wrapped := function.__dict__.get("__wrapped__"), FunctionType):
            self.discover(wrapped)
