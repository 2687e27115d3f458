"""Indices that differ by row: parts, blocks and rolls inside a map, where each row says which elements it wants."""

from __future__ import annotations

from builtins import slice as span
from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from gradtape._core.conversion import convert
from gradtape._core.indexing import out_of_range
from gradtape._core.op import OPS
from gradtape._core.tensor import Carrier, Tensor, make_tensor
from gradtape._ops.comparison import select
from gradtape._ops.gather import gather
from gradtape._ops.parameters import as_ints
from gradtape._ops.steps import is_recorded, one_step
from gradtape._ops.structure import expand_dims, reshape, squeeze
from gradtape.errors import InvalidArgumentError, WrongTypeError


def differs(value: Any) -> bool:
    """True for an integer, or a tensor of them, that stands for a batch: one for each row of a map; or is recorded.

    Also for a slice whose bounds are recorded.
    """
    if type(value) is span:
        return any(map(is_recorded, (value.start, value.stop, value.step)))
    return isinstance(value, Carrier) and value.dtype.is_integer and hasattr(value._value, "levels")


def differ(value: Any) -> bool:
    """True if a value differs by row, or one of the values in a list or tuple; or is a mask that is recorded."""
    if isinstance(value, (list, tuple)):
        return any(map(differs, value))
    return differs(value) or (isinstance(value, Carrier) and is_recorded(value) and value.dtype.is_bool)


def left_to(answer: Callable[..., Any], function: Any, position: int) -> None:
    """Makes an operation leave calls to `answer` whose argument at `position` differs by row.

    The fast path fails on them and leaves them to the general door: it is there that they are told apart.
    """
    namespace = function.__globals__
    general = namespace["slow"]
    namespace["slow"] = lambda *given: answer(*given) if differ(given[position]) else general(*given)


def part_by_row(x: Any, key: Any) -> Tensor:
    """Returns `x[key]` with integers in the key that differ by row."""
    result = convert(x)
    if isinstance(key, Carrier) and key.dtype.is_bool:
        return masked(result, key, 0)
    parts = list(key) if isinstance(key, (list, tuple)) else [key]
    for place, part in enumerate(parts):
        if part is Ellipsis:
            taken = sum(each is not None and each is not Ellipsis for each in parts)
            parts[place : place + 1] = [span(None)] * (result.ndim - taken)
            break
    result = OPS["getitem"].function(result, tuple([span(None) if differs(part) else part for part in parts]))
    kept = [part for part in parts if part is None or isinstance(part, span) or differs(part)]
    if any(differs(part) and type(part) is not span and part.ndim for part in kept):
        raise WrongTypeError("getitem: to take several elements by their indices, write tf.gather(tensor, indices).")
    whole = result._value.shape
    for axis, part in reversed(list(enumerate(kept))):
        if differs(part):
            size = whole[axis]
            slices = type(part) is span
            if slices:
                places = between(part.start, part.stop, part.step, size)
            elif is_recorded(part):
                places = from_front(part, axis, whole)
            else:
                places = select(part < 0, part + size, part)
            result = along(result, places, axis)
    return result


def along(x: Tensor, places: Tensor, axis: int) -> Tensor:
    """Returns the parts along an axis; in a function that is recorded, with a dense gradient as that of a slice."""
    if axis or not is_recorded(places):
        return gather(x, places, axis=axis)
    return squeeze(gather(expand_dims(x, 0), places, axis=1), (0,))


@one_step("from_front")
def from_front(index: Tensor, axis: int, shape: tuple[int, ...]) -> Tensor:
    """Returns an index of an axis, counted from the front.

    Raises:
        InvalidArgumentError: it is out of range.
    """
    if isinstance(index, Carrier):
        return select(index < 0, index + shape[axis], index)
    number = int(index._value)
    if not -shape[axis] <= number < shape[axis]:
        raise InvalidArgumentError(f"getitem: {out_of_range(shape, (*[span(None)] * axis, number))}")
    return make_tensor(np.array(number % shape[axis]))


@one_step("between", varies=True)
def between(start: Any, stop: Any, step: Any, size: int) -> Tensor:
    """Returns the indices that a slice takes of an axis."""
    bounds = [None if each is None else int(convert(each)._value) for each in (start, stop, step)]
    return make_tensor(np.arange(*span(*bounds).indices(size)))


@one_step("true_places", varies=True)
def true_places(mask: Tensor) -> Tensor:
    """Returns where a mask is true, as indices into its elements in order."""
    return make_tensor(np.flatnonzero(mask._value))


def masked(x: Tensor, mask: Tensor, axis: int) -> Tensor:
    """Returns the parts of a tensor for which a mask of its dimensions from `axis` on is true.

    Raises:
        InvalidArgumentError: the shapes do not fit.
    """
    shape, covered = x._value.shape, mask._value.shape
    if not covered or shape[axis : axis + len(covered)] != covered:
        raise InvalidArgumentError(f"A mask of shape {list(covered)} does not fit a tensor of shape {list(shape)}.")
    flat = reshape(x, (*shape[:axis], prod(covered), *shape[axis + len(covered) :]))
    return along(flat, true_places(mask), axis)


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
        x = along(x, starts[axis] + make_tensor(np.arange(count, dtype=starts.dtype.numpy)), axis)
    return x


def roll_by_row(x: Any, shift: Any, axis: Any) -> Tensor:
    """Returns a tensor whose elements are moved on, cyclically, by as much as each row says."""
    result, shifts, axes = convert(x), convert(shift), as_ints(axis)
    if shifts._value.shape not in ((), (len(axes),)) or (len(axes) > 1 and not shifts.ndim):
        raise InvalidArgumentError(
            f"roll: shift and axis must have the same size, got the shape {list(shifts._value.shape)} and {list(axes)}."
        )
    for position, place in enumerate(axes):
        size = result._value.shape[place]
        places = make_tensor(np.arange(size, dtype=shifts.dtype.numpy))
        by = shifts[position] if shifts.ndim else shifts
        result = along(result, (places - by) % max(size, 1), place)
    return result
