"""Indices that differ by row: parts, blocks and rolls inside a map, where each row says which elements it wants."""

from __future__ import annotations

from builtins import slice as span
from collections.abc import Callable
from typing import Any

import numpy as np

from gradtape._core.conversion import convert
from gradtape._core.op import OPS
from gradtape._core.tensor import Carrier, Tensor, make_tensor
from gradtape._ops.comparison import select
from gradtape._ops.gather import gather
from gradtape._ops.parameters import as_ints
from gradtape.errors import InvalidArgumentError, WrongTypeError


def differs(value: Any) -> bool:
    """True for an integer, or a tensor of them, that stands for a batch: one for each row of a map."""
    return isinstance(value, Carrier) and value.dtype.is_integer and hasattr(value._value, "levels")


def differ(value: Any) -> bool:
    """True if a value differs by row, or one of the values in a list or tuple."""
    return any(map(differs, value)) if isinstance(value, (list, tuple)) else differs(value)


def left_to(answer: Callable[..., Any], function: Any, position: int) -> None:
    """Makes an operation leave calls to `answer` whose argument at `position` differs by row.

    The fast path fails on them and leaves them to the general door: it is there that they are told apart.
    """
    namespace = function.__globals__
    general = namespace["slow"]
    namespace["slow"] = lambda *given: answer(*given) if differ(given[position]) else general(*given)


def part_by_row(x: Any, key: Any) -> Tensor:
    """Returns `x[key]` with integers in the key that differ by row."""
    parts = list(key) if isinstance(key, (list, tuple)) else [key]
    result = convert(x)
    for place, part in enumerate(parts):
        if part is Ellipsis:
            taken = sum(each is not None and each is not Ellipsis for each in parts)
            parts[place : place + 1] = [span(None)] * (result.ndim - taken)
            break
    result = OPS["getitem"].function(result, tuple([span(None) if differs(part) else part for part in parts]))
    kept = [part for part in parts if part is None or isinstance(part, span) or differs(part)]
    if any(differs(part) and part.ndim for part in kept):
        raise WrongTypeError("getitem: to take several elements by their indices, write tf.gather(tensor, indices).")
    for axis, part in reversed(list(enumerate(kept))):
        if differs(part):
            size = result._value.shape[axis]
            result = gather(result, select(part < 0, part + size, part), axis=axis)
    return result


def block_by_row(x: Tensor, begin: Any, size: Any) -> Tensor:
    """Returns the block of a tensor that starts where each row says; its size is the same for all rows."""
    starts, counts = convert(begin), as_ints(size)
    if not starts.ndim == 1 or not starts._value.shape[0] == len(counts) == x.ndim:
        raise InvalidArgumentError(
            f"slice: Expected begin and size arguments to be 1-D tensors of size {x.ndim}, but got the shapes "
            f"{list(starts._value.shape)} and {[len(counts)]}."
        )
    if min(counts, default=0) < 0:
        raise InvalidArgumentError(
            f"slice: begin differs by row, so that each size has to be given; got {list(counts)}."
        )
    for axis, count in enumerate(counts):
        x = gather(x, starts[axis] + make_tensor(np.arange(count, dtype=starts.dtype.numpy)), axis=axis)
    return x


def roll_by_row(x: Any, shift: Any, axis: Any) -> Tensor:
    """Returns a tensor whose elements are moved on, cyclically, by as much as each row says."""
    result, shifts, axes = convert(x), convert(shift), as_ints(axis)
    if shifts._value.shape not in ((), (len(axes),)) or (len(axes) > 1 and not shifts.ndim):
        raise InvalidArgumentError(
            f"roll: shift and axis must have the same size, got the shape {list(shifts._value.shape)} and {list(axes)}."
        )
    for position, along in enumerate(axes):
        size = result._value.shape[along]
        places = make_tensor(np.arange(size, dtype=shifts.dtype.numpy))
        by = shifts[position] if shifts.ndim else shifts
        result = gather(result, (places - by) % max(size, 1), axis=along)
    return result
