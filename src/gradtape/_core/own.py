"""What a program's own operations need beside those of the package: names that collide with none, rules of any text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradtape._core.dtypes import as_dtype
from gradtape._core.tensor import Tensor, make_tensor


def is_ours(function: Any) -> bool:
    """True for a function that belongs to the package."""
    return (function.__module__ or "").partition(".")[0] == "gradtape"


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

    if not inputs:
        raise refuse("no input is declared: write a rule, or a word such as op.ZERO, under the name of each.")
    if strange := sorted(set(rules) - set(inputs)):
        hint = " An array is given by position, not by keyword only." if set(strange) & set(keywords) else ""
        raise refuse(f"{strange} stand in the declaration and are no inputs of the body, nor fields of one.{hint}")
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


def on_tensors(function: Callable[..., Any], arrays: tuple[bool, ...]) -> Callable[..., Any]:
    """Returns a program's own rule as a function of values: it runs on tensors that hold them.

    The rules of the package are read with operations as their NumPy bodies. The text of this one may hold anything:
    helpers, closures, operations as attributes of modules, parameters in any form. On tensors it means what it says.

    Args:
        function: the rule.
        arrays: for each residual, whether it is an array or a list of them.
    """

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
