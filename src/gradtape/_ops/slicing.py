"""Parts of tensors between brackets, by bounds and by masks, and what puts them back."""

from __future__ import annotations

from builtins import slice as span
from math import prod
from typing import Any

import numpy as np

from gradtape._core.conversion import convert
from gradtape._core.dtypes import EVERY
from gradtape._core.families import composite, linear
from gradtape._core.indexing import as_key, out_of_range
from gradtape._core.op import Array, TensorLike
from gradtape._core.sampling import arrays
from gradtape._core.tensor import Tensor
from gradtape._core.tracking import RECORDING
from gradtape._ops.batching import past_brackets
from gradtape._ops.gather import gather
from gradtape._ops.parameters import Shape, as_axis, as_dims, as_setting, as_vector
from gradtape._ops.rows import block_by_row, differ, left_to, masked, part_by_row, roll_by_row
from gradtape._ops.steps import is_recorded
from gradtape._ops.structure import reshape, roll
from gradtape.errors import InvalidArgumentError


def part_shape(x_shape: Shape, key: Any) -> Shape:
    """The shape rule of `getitem`."""
    try:
        return np.broadcast_to(np.False_, x_shape)[key].shape
    except (IndexError, ValueError):
        raise out_of_range(x_shape, key) from None


MASK = np.array([True, False, True])


@linear(
    arrays((3,), key=[0, -1, span(None), span(1, None), span(None, None, -2), None, ..., MASK, (..., None)])
    + arrays((3, 4), key=[1, (0, 1), (span(None), -1), (..., 0), (span(None, 0, -1), None, span(0, 3, 2)), MASK])
    + arrays((2, 0), key=[0, (span(None), None)])
    + arrays((), key=[(), ..., None]),
    shape=part_shape,
    batch=past_brackets,
    types=EVERY,
    holomorphic=False,
    canonical={"key": as_key},
    x=lambda g, x_shape, key: place(g, key, x_shape),
)
def getitem(x: TensorLike, key: Any) -> Array:
    """Returns `x[key]`: what an integer, slices, `...`, `None` or a mask of bools take.

    Args:
        x: a tensor.
        key: what stands between the brackets.

    Returns:
        A tensor of the same dtype.

    Raises:
        InvalidArgumentError: an index is out of range, or there are too many.
        TypeError: the key is of another kind.
    """
    return x[key]


left_to(part_by_row, getitem, 1)
left_to(roll_by_row, roll, 1)


def placed(g_shape: Shape, key: Any, shape: Shape) -> Shape:
    """The shape rule of `place`."""
    return shape


@linear(
    arrays((), key=[0, (-1,)], shape=[(3,)])
    + arrays((2,), key=[MASK, span(None, None, 2), (..., span(1, None))], shape=[(3,)])
    + arrays((3,), key=[0, 1, (..., 1, span(None))], shape=[(2, 3)])
    + arrays((3, 1), key=[(span(None), span(None, 1))], shape=[(3, 4)]),
    shape=placed,
    batch=past_brackets,
    types=EVERY,
    holomorphic=False,
    canonical={"key": as_key, "shape": as_dims},
    g=lambda g, key: getitem(g, key),
)
def place(g: TensorLike, key: Any, shape: Any) -> Array:
    """Returns zeros of `shape` in which `key` takes `g`.

    Args:
        g: a tensor.
        key: what stands between the brackets; it names no element twice.
        shape: the shape of the result.

    Returns:
        A tensor of the dtype of `g`.
    """
    out = np.zeros_like(g, shape=shape, order="C")
    out[key] = g
    return out


@composite(
    arrays((3, 4), begin=[[0, 1], (2, 0)], size=[[1, 2], [-1, -1], (1, 0)]) + arrays((0,), begin=[[0]], size=[[-1]])
)
def slice(input_: TensorLike, begin: Any, size: Any, name: str | None = None) -> Tensor:
    """Returns the block of a tensor that starts at `begin`.

    Args:
        input_: a tensor.
        begin: for each dimension the first index.
        size: for each dimension the number of indices; -1 for all that follow.
        name: ignored.

    Returns:
        A tensor of the same dtype and number of dimensions.

    Raises:
        InvalidArgumentError: the block is not inside the tensor.

    >>> import gradtape as tf
    >>> tf.slice([[1, 2, 3], [4, 5, 6]], [0, 1], [-1, 2])
    <tf.Tensor: shape=(2, 2), dtype=int32, numpy=
    array([[2, 3],
           [5, 6]], dtype=int32)>
    """
    tensor = convert(input_)
    if differ(begin) and (RECORDING.recorder is None or min(as_vector(size), default=0) >= 0):
        return block_by_row(tensor, begin, size)
    whole = tuple(tensor._value.shape)
    starts, counts = as_vector(begin), as_vector(size)
    if not len(starts) == len(counts) == len(whole):
        raise InvalidArgumentError(
            f"slice: Expected begin and size arguments to be 1-D tensors of size {len(whole)}, "
            f"but got {list(starts)} and {list(counts)}."
        )
    key = []
    for axis, (start, count, length) in enumerate(zip(starts, counts, whole, strict=True)):
        if not 0 <= start <= length:
            raise InvalidArgumentError(f"slice: Expected begin[{axis}] in [0, {length}], but got {start}.")
        if not -1 <= count <= length - start:
            raise InvalidArgumentError(f"slice: Expected size[{axis}] in [0, {length - start}], but got {count}.")
        key.append(span(start, length if count == -1 else start + count))
    return getitem(tensor, tuple(key))


@composite(arrays((3, 4), begin=[[0, 1]], end=[[2, 3], [3, -1]], strides=[None, [1, 2]], shrink_axis_mask=[0, 1]))
def strided_slice(
    input_: TensorLike,
    begin: Any,
    end: Any,
    strides: Any = None,
    begin_mask: int = 0,
    end_mask: int = 0,
    ellipsis_mask: int = 0,
    new_axis_mask: int = 0,
    shrink_axis_mask: int = 0,
    var: Any = None,
    name: str | None = None,
) -> Tensor:
    """Returns what slices with steps take from a tensor; `tensor[begin:end:strides]` is the shorter way to write it.

    Args:
        input_: a tensor.
        begin: for each part of the key the first index.
        end: for each part the index behind the last one.
        strides: for each part the step; 1 by default.
        begin_mask: a number whose bit `i` says that `begin[i]` does not count, and the slice starts at the end.
        end_mask: the same for `end`.
        ellipsis_mask: the bit of the part that stands for `...`.
        new_axis_mask: the bits of parts that are a new dimension.
        shrink_axis_mask: the bits of parts that are one index, `begin[i]`, whose dimension goes.
        var: ignored.
        name: ignored.

    Returns:
        A tensor of the same dtype.

    Raises:
        InvalidArgumentError: an index is out of range, or there are too many parts.

    >>> import gradtape as tf
    >>> tf.strided_slice([1, 2, 3, 4], [0], [4], [2])
    <tf.Tensor: shape=(2,), dtype=int32, numpy=array([1, 3], dtype=int32)>
    """
    starts, ends = as_vector(begin), as_vector(end)
    steps = (1,) * len(starts) if strides is None else as_vector(strides)
    if not len(starts) == len(ends) == len(steps):
        raise InvalidArgumentError(
            f"strided_slice: begin, end and strides are of one length, got {list(starts)}, {list(ends)}, {list(steps)}."
        )
    if 0 in steps:
        raise InvalidArgumentError(f"strided_slice: strides[{steps.index(0)}] must be non-zero.")
    begin_mask, end_mask, ellipsis_mask, new_axis_mask, shrink_axis_mask = (
        0 if mask is None else as_setting("a mask", mask)
        for mask in (begin_mask, end_mask, ellipsis_mask, new_axis_mask, shrink_axis_mask)
    )
    key: list[Any] = []
    for i, (start, stop, step) in enumerate(zip(starts, ends, steps, strict=True)):
        bit = 1 << i
        if ellipsis_mask & bit:
            key.append(...)
        elif new_axis_mask & bit:
            key.append(None)
        elif shrink_axis_mask & bit:
            key.append(start)
        else:
            key.append(span(None if begin_mask & bit else start, None if end_mask & bit else stop, step))
    return getitem(input_, tuple(key))


@composite(
    arrays((3, 2), (3,), (3, 0), mask=[MASK, MASK & False])
    + arrays((2, 3), mask=[MASK], axis=[1])
    + arrays((2, 3), mask=[np.stack([MASK, ~MASK])], axis=[None, 0])
    + arrays((2, 3, 2), mask=[np.stack([MASK, ~MASK], 1)], axis=[1])
)
def boolean_mask(tensor: TensorLike, mask: Any, axis: Any = None, name: str | None = "boolean_mask") -> Tensor:
    """Returns the elements or slices of a tensor for which a mask is true.

    Args:
        tensor: a tensor.
        mask: an array of bools, whose shape is that of some dimensions of `tensor`; numbers count as true if not 0.
        axis: the first of those dimensions; 0 by default.
        name: ignored.

    Returns:
        A tensor of the same dtype, in which those dimensions have become one.

    Raises:
        ValueError: the mask has no dimension, or its shape does not fit.

    >>> import gradtape as tf
    >>> tf.boolean_mask([1, 2, 3], [True, False, True])
    <tf.Tensor: shape=(2,), dtype=int32, numpy=array([1, 3], dtype=int32)>
    """
    truth, values = convert(mask), convert(tensor)
    recorded = is_recorded(truth)
    chosen = truth._value if recorded else np.asarray(truth).astype(bool)
    shape = tuple(values._value.shape)
    if not chosen.ndim:
        raise InvalidArgumentError("boolean_mask: mask cannot be scalar.")
    first = 0 if axis is None else as_axis(axis)
    first += len(shape) if first < 0 else 0
    covered = shape[first : first + chosen.ndim]
    if covered != chosen.shape:
        raise InvalidArgumentError(
            f"boolean_mask: Shapes {covered} of the tensor and {chosen.shape} of the mask are incompatible."
        )
    if recorded:
        return masked(values, truth, first)
    if first == 0:
        return getitem(values, chosen)
    flat = reshape(values, (*shape[:first], prod(covered), *shape[first + chosen.ndim :]))
    return gather(flat, np.flatnonzero(chosen), axis=first)
