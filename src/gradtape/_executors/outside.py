"""What is not the user's own Python: modules of libraries, and their functions that give something else every time."""

from __future__ import annotations

import builtins
import os
import sys
from functools import lru_cache
from importlib.util import resolve_name
from keyword import iskeyword
from random import Random
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from gradtape._executors.loads import words

LIBRARIES = sys.stdlib_module_names - {"__main__", "this"} | words(
    "gradtape numpy scipy pandas sklearn matplotlib tqdm PIL ml_dtypes pytest _pytest pluggy hypothesis IPython "
    "ipykernel torch jax tensorflow keras"
)
CLOCKS = words("time datetime secrets uuid")
# Of these modules, what does not ask for the time or for random numbers.
STEADY = words("sleep strftime strptime gmtime localtime mktime timedelta datetime date timezone UUID")
SYSTEM = words("urandom getenv getrandom getpid")
# What modules of libraries are called.
SHORT = words("np tf gt")
MISSING = object()
HIDING = words("globals eval exec")
# Classes of these names in these modules start threads or processes.
THREADS = {
    ("threading", "Thread"),
    ("concurrent", "Executor"),
    ("multiprocessing", "BaseProcess"),
    ("multiprocessing", "Pool"),
}
# Which `concurrent.futures` imports when they are asked for first.
EXECUTORS = words("ThreadPoolExecutor ProcessPoolExecutor")


@lru_cache(maxsize=4096)
def is_library(module: str | None) -> bool:
    """True for the name of a module that is not the user's own, and so is taken not to change."""
    top = (module or "").partition(".")[0]
    if top not in LIBRARIES:
        return False
    # A file of the user's may have the name of a module of Python's.
    file = getattr(sys.modules.get(top), "__file__", None) if top in sys.stdlib_module_names else None
    return file is None or file.startswith(os.path.dirname(os.__file__))


def baked_name(space: dict[str, Any], chain: tuple[str, ...]) -> str | None:
    """Returns the name of a call whose result is kept from the recorded run; None for anything else.

    Args:
        space: the globals of the code.
        chain: a global, and the attributes taken of it one after the other.
    """
    return ".".join(chain) if is_source(chained(space, chain)) else None


def chained(space: dict[str, Any], chain: tuple[str, ...]) -> Any:
    """Returns what a global's attributes are, one taken of the other; None for what cannot be looked up so."""
    found = space.get(chain[0], getattr(builtins, chain[0], None))
    for name in chain[1:]:
        if isinstance(found, ModuleType):
            found = vars(found).get(name)
        else:
            found = getattr(found, name, None) if isinstance(found, type) else None
    return found


def hidden(space: dict[str, Any], chain: tuple[str, ...]) -> str | None:
    """Returns why a function that uses a global's attribute cannot be replayed; None if it can."""
    if chain[0] in HIDING and chain[0] not in space:
        return f"it calls {chain[0]}(), so that what it reads is not to be seen in its code"
    if (len(chain) > 1 and chain[-1] in EXECUTORS) or starts_threads(chained(space, chain)):
        return f"it uses {'.'.join(chain)}: what other threads do is not recorded"
    return None


def starts_threads(kind: Any) -> bool:
    """True for a class of threads, processes or pools of them."""
    bases = kind.__mro__ if isinstance(kind, type) else ()
    return any((base.__module__.partition(".")[0], base.__name__) in THREADS for base in bases)


def gives_next(kind: type) -> bool:
    """True for a class of libraries whose objects give something that cannot be known beforehand."""
    if kind.__module__ in ("queue", "_queue") or starts_threads(kind):
        return True
    return hasattr(kind, "__next__") and is_library(kind.__module__)


def is_source(function: Any) -> bool:
    """True for a function that gives random numbers, the time or what a user or a file says."""
    if function is builtins.input or function is builtins.open or function is os.environ:
        return True
    if not isinstance(function, FunctionType | MethodType | BuiltinFunctionType):
        return False
    owner, name = getattr(function, "__self__", None), function.__name__
    if isinstance(owner, Random | np.random.RandomState | np.random.Generator):
        return True
    module = getattr(function, "__module__", None) or getattr(owner, "__module__", None)
    if module in ("os", "posix", "nt"):
        return name in SYSTEM
    return module in CLOCKS and name not in STEADY


def looked_up(kind: type, name: str) -> Any:
    """Returns what a class defines by a name, as it stands in the class; MISSING for nothing."""
    for each in kind.__mro__:
        found = vars(each).get(name, MISSING)
        if found is not MISSING:
            return found
    return MISSING


def behind(value: Any) -> Any:
    """Returns the function behind an object of a library that calls it, None if there is none."""
    if not is_library(type(value).__module__):
        return None
    return getattr(value, "python_function", None) or getattr(value, "__wrapped__", None)


def is_inherited(kind: type, name: str) -> bool:
    """True for what a class has from a library."""
    return next((is_library(each.__module__) for each in kind.__mro__ if name in vars(each)), False)


def is_usual(name: str, value: Any) -> bool:
    """True for a global that is not set to anything else in practice: what a library calls by the same name."""
    if isinstance(value, ModuleType):
        return is_library(value.__name__) and (name in SHORT or name in value.__name__.split("."))
    return (
        isinstance(value, FunctionType | BuiltinFunctionType | type | np.ufunc)
        and value.__name__ == name
        and is_library(getattr(value, "__module__", None))
    )


def access(name: str, attribute: str) -> str:
    """Returns the expression for an attribute."""
    usual = attribute.isidentifier() and not iskeyword(attribute)
    return f"{name}.{attribute}" if usual else f"getattr({name}, {attribute!r})"


def modules_of(name: str, level: int, package: str | None) -> dict[str, Any]:
    """Returns the modules, down to the one that is named, that an import in a function leads to."""
    try:
        parts = resolve_name("." * level + name, package).split(".")
    except ImportError:
        return {}
    names = [".".join(parts[:end]) for end in range(1, len(parts) + 1)]
    return {known: sys.modules[known] for known in names if known in sys.modules}
