"""What a program's own operations need beside those of the package: names that collide with none, rules of any text."""

from __future__ import annotations

from collections.abc import Callable
from types import CellType, FunctionType, ModuleType, SimpleNamespace
from typing import Any

import numpy as np

from gradtape._core.dtypes import as_dtype
from gradtape._core.tensor import Tensor, make_tensor


def is_ours(function: Any) -> bool:
    """True for a function that belongs to the package."""
    return is_within(getattr(function, "__module__", None) or "")


def is_within(module: str) -> bool:
    """True for the name of a module of the package."""
    return module.partition(".")[0] == "gradtape"


def record_name(body: Any) -> str:
    """Returns the name of an operation's record: its own in the package, with the module in front elsewhere."""
    return body.__name__ if is_ours(body) else f"{body.__module__}.{body.__qualname__}"


def checked_declaration(family: str, body: Any, rules: dict[str, Any], types: Any) -> Any:
    """Returns the `types` of a declaration as sets of NumPy dtypes, one for all inputs or a dict by input.

    Raises:
        TypeError: the body is no function with named parameters, or the declaration does not fit them.
    """
    code: Any = getattr(body, "__code__", None)
    if code is None or code.co_flags & STARRED:
        raise TypeError(f"{body!r}: an operation's body is a function with named parameters: def name(x, axis=None).")
    count = code.co_argcount
    names, keywords = code.co_varnames[:count], code.co_varnames[count : count + code.co_kwonlyargcount]
    inputs = [name for name in names if name in rules]

    def refuse(reason: str) -> TypeError:
        return TypeError(f"{body.__name__}: {reason}")

    if strange := sorted(set(rules) - set(inputs)):
        hint = " An array is given by position, not by keyword only." if set(strange) & set(keywords) else ""
        raise refuse(f"the declaration speaks of {strange}, and the parameters of the body are {[*names]}.{hint}")
    if not inputs:
        raise refuse("no input is declared: write a rule, or a word such as op.ZERO, under the name of each.")
    if odd := [name for name in names[: code.co_posonlyargcount] if name not in inputs]:
        raise refuse(f"{odd} are parameters by position only; just inputs can be.")
    if any(not callable(rule) and not hasattr(rule, "word") for rule in rules.values()):
        raise refuse("a rule is a function of `g`, or one of op.NOT_DIFFERENTIABLE, ZERO, NOT_WRITTEN and CUT.")
    if family == "linear" and len(inputs) != 1:
        raise refuse(f"a linear operation has one input, this one {inputs}: declare it bilinear or primitive.")
    if not isinstance(types, dict):
        return dtype_set(types)
    if missing := set(inputs) - set(types):
        raise refuse(f"`types` says nothing of {sorted(missing)}.")
    return {name: dtype_set(each) for name, each in types.items()}


# The flags of a function with *args or **kwargs.
STARRED = 0x04 | 0x08


def dtype_set(types: Any) -> frozenset[Any]:
    """Returns element types in any form as a set of NumPy dtypes."""
    return frozenset(as_dtype(each).numpy for each in types)


def plain_name(op: Any) -> str:
    """Returns the name of an operation as its declaration wrote it."""
    name: str = op.name.rpartition(".")[2]
    return name


def own_reading(function: Any, arrays: tuple[bool, ...], meaning: Callable[[Any], Any]) -> Callable[..., Any]:
    """Returns a program's own rule as a function of values.

    The rules of the package are read with operations as their NumPy bodies. The text of this one may hold anything:
    helpers, closures, parameters in any form. It runs on tensors, where it means what it says; unless it is so plain
    that it means the same on arrays: then it is as fast as a rule of the package.

    Args:
        function: the rule.
        arrays: for each residual, whether it is an array or a list of them.
        meaning: what an operation stands for on the values.
    """
    careful = on_tensors(function, arrays)
    known = function.__code__.co_nlocals == len(arrays) + 1
    operations = plain_operations(function) if known and all(arrays) else None
    if operations is None:
        return careful
    vocabulary: dict[str, Any] = {}
    for (*modules, name), op in operations.items():
        place = vocabulary
        for module in modules:
            place = place.setdefault(module, SimpleNamespace()).__dict__
        place[name] = meaning(op)
    cells = tuple(CellType(vocabulary[name]) for name in function.__code__.co_freevars)
    # NumPy's warnings in it are silenced by this module's name.
    plain = FunctionType(function.__code__, {**vocabulary, "__name__": __name__}, function.__name__, None, cells)
    names = ", ".join(["g", *(f"r{k}" for k in range(len(arrays)))])
    # Arrays of two dtypes make one of a third where tensors refuse: then it is for the tensors to say so.
    source = f"lambda {names}: d if getattr(d := plain({names}), 'dtype', None) is g.dtype else careful({names})"
    reading: Callable[..., Any] = eval(source, {"careful": careful, "plain": plain, "__name__": __name__})
    return reading


# The byte code of arithmetic on a rule's own parameters and of calls, in the versions of Python.
# fmt: off
PLAIN = frozenset({
    "CACHE", "CALL", "COPY_FREE_VARS", "LOAD_FAST", "LOAD_FAST_BORROW", "LOAD_FAST_BORROW_LOAD_FAST_BORROW",
    "LOAD_FAST_LOAD_FAST", "LOAD_SMALL_INT", "PRECALL", "PUSH_NULL", "RESUME", "RETURN_VALUE", "UNARY_NEGATIVE",
})
# fmt: on


def plain_operations(function: Any) -> dict[tuple[str, ...], Any] | None:
    """Returns the operations that a rule calls, by the names that lead to each, if it is plain; None if it is not.

    A plain rule holds numbers, `+ - * / **`, its own parameters, and calls of elementwise operations of the package
    that take tensors only.
    """
    import dis

    code = function.__code__
    closure = dict(zip(code.co_freevars, function.__closure__ or (), strict=True))
    found: dict[tuple[str, ...], Any] = {}
    path: tuple[str, ...] = ()
    value: Any = None
    for each in dis.get_instructions(code):
        if each.opname in ("LOAD_GLOBAL", "LOAD_DEREF") and not path:
            path = (each.argval,)
            cell = closure.get(each.argval)
            value = function.__globals__.get(each.argval) if cell is None else contents(cell)
        elif each.opname in ("LOAD_ATTR", "LOAD_METHOD") and path:
            path = (*path, each.argval)
            value = getattr(value, each.argval, None)
        elif path:
            return None
        elif each.opname == "BINARY_OP":
            if each.argrepr not in ("+", "-", "*", "/", "**"):
                return None
        elif not (each.opname in PLAIN or (each.opname == "LOAD_CONST" and type(each.argval) in (int, float))):
            return None
        if path and not (isinstance(value, ModuleType) and is_within(value.__name__)):
            op = getattr(value, "op", None)
            if not is_on_elements(op):
                return None
            found[path], path = op, ()
    return found


def contents(cell: Any) -> Any:
    """Returns what a variable of an outer function holds, None if it has no value yet."""
    try:
        return cell.cell_contents
    except ValueError:
        return None


def is_on_elements(op: Any) -> bool:
    """True for an operation of the package on the elements of tensors, which has no other parameters."""
    return getattr(op, "family", "") == "elementwise" and not op.params and op.prepare is None and "." not in op.name


def on_tensors(function: Callable[..., Any], arrays: tuple[bool, ...]) -> Callable[..., Any]:
    """Returns a rule as a function of values: it runs on tensors that hold them, which nothing follows."""

    def rule(g: Any, *residuals: Any) -> Any:
        kept = [as_tensor(each) if array else each for each, array in zip(residuals, arrays, strict=True)]
        return as_value(function(as_tensor(g), *kept))

    return rule


def as_tensor(value: Any) -> Any:
    """Returns a value, or a list of them, as a tensor that nothing follows."""
    return [make_tensor(each) for each in value] if type(value) is list else make_tensor(value)


def as_value(result: Any) -> Any:
    """Returns the value of what a rule returned: of a tensor, of a list of them; anything else as an array."""
    if isinstance(result, Tensor):
        return result._value
    if isinstance(result, (list, tuple)):
        return [as_value(each) for each in result]
    return result if result is None or hasattr(result, "dense") else np.asarray(result)
