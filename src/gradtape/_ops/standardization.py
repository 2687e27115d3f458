"""What normalization is made of: both moments at once, a distance scaled and moved, blocks of large arrays."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np

from gradtape._core.batches import call, moving, past_axes
from gradtape._core.dtypes import FLOATS
from gradtape._core.families import primitive
from gradtape._core.op import Array, TensorLike
from gradtape._core.sampling import arrays
from gradtape._ops.parameters import Shape
from gradtape._ops.reduction import CANONICAL, SHAPES, average, kept, reduced_count, reduced_shape
from gradtape._ops.structure import sum_to
from gradtape.errors import InvalidArgumentError

# From so many elements on, memory is worth more than the time to ask whether it can be used again.
LARGE = 16384
BLOCK = 65536


def joint_shape(*shapes: Shape) -> Shape:
    """Returns the shape that all broadcast to; InvalidArgumentError if they do not."""
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        listed = ", ".join(str(list(shape)) for shape in shapes)
        raise InvalidArgumentError(f"Incompatible shapes: {listed} do not broadcast together.") from None


def batched_together(op: Any, arrays: list[Any], batched: list[bool], params: dict[str, Any]) -> Any:
    """The batching rule: axes in line, the batch in front."""
    rank = max(array.ndim - has for array, has in zip(arrays, batched, strict=True))
    lined = [
        array.reshape((array.shape[0], *(1,) * (rank + 1 - array.ndim), *array.shape[1:])) if has else array
        for array, has in zip(arrays, batched, strict=True)
    ]
    return call(op, lined, params)


def blocks(shape: Shape, dtype: Any) -> Iterator[tuple[slice, Array]]:
    """Yields the slices that cut an array into blocks of some rows, each with an array that has room for the block.

    It is the same room for all: in a core's own cache, where fresh memory would cost more than the arithmetic.
    """
    step = max(BLOCK // max(prod(shape[1:]), 1), 1)
    room = np.empty((step, *shape[1:]), dtype)
    for start in range(0, shape[0], step):
        yield slice(start, start + step), room[: shape[0] - start]


def onto(ufunc: Any, own: Any, other: Any) -> Any:
    """Returns `ufunc(own, other)`, in the memory of an array that the caller made, where it is large and has room."""
    if own.size >= LARGE and np.broadcast_shapes(own.shape, other.shape) == own.shape:
        return ufunc(own, other, out=own)
    return ufunc(own, other)


@primitive(
    arrays(((2, 3), (2, 1), (2, 1), (3,)), ((2, 3), (3,), (), ()), ((), (), (), ())),
    shape=joint_shape,
    batch=batched_together,
    types=FLOATS,
    x=lambda g, factor, x_shape: sum_to(g * factor, x_shape),
    mean=lambda g, factor, mean_shape: -sum_to(g * factor, mean_shape),
    factor=lambda g, x, mean, factor_shape: sum_to(g * (x - mean), factor_shape),
    offset=lambda g, offset_shape: sum_to(g, offset_shape),
)
def scaled_distance(x: TensorLike, mean: TensorLike, factor: TensorLike, offset: TensorLike) -> Array:
    """Returns `(x - mean) * factor + offset`; not for users."""
    return onto(np.add, onto(np.multiply, x - mean, factor), offset)


def pull_moments(g: Any, x: Any, out: Any, axis: Shape | None, keepdims: bool) -> Any:
    """The cotangent of what the moments were taken of."""
    shape = tuple(x.shape)
    count = max(reduced_count(shape, axis), 1)
    share = kept(g[0] / count, shape, axis, keepdims)
    return scaled_distance(
        x, kept(out[0], shape, axis, keepdims), kept(g[1] * (2.0 / count), shape, axis, keepdims), share
    )


def moments_shape(x_shape: Shape, axis: Shape | None, keepdims: bool) -> tuple[Shape, Shape]:
    """The shape rule of the moments."""
    shape = reduced_shape(x_shape, axis, keepdims)
    return shape, shape


@primitive(
    SHAPES,
    shape=moments_shape,
    batch=moving(axis=past_axes),
    types=FLOATS,
    canonical=CANONICAL,
    outputs=True,
    x=lambda g, x, out, axis, keepdims: pull_moments(g, x, out, axis, keepdims),
)
def real_moments(x: TensorLike, axis: Any, keepdims: bool) -> Array:
    """Returns the mean and the mean square distance from it along axes; not for users."""
    mean = average(x, axis, True)
    if x.size < BLOCK:
        distance = np.asarray(x - mean)
        variance = average(np.square(distance, out=distance), axis, keepdims)
    else:
        total = np.zeros(mean.shape, x.dtype)
        axes = tuple(range(x.ndim)) if axis is None else axis
        for rows, scratch in blocks(x.shape, x.dtype):
            alone = len(mean) == 1
            np.subtract(x[rows], mean if alone else mean[rows], out=scratch)
            np.square(scratch, out=scratch)
            part = total if alone else total[rows]
            part += np.add.reduce(scratch, axis=axes, keepdims=True)
        variance = total / reduced_count(x.shape, axes)
        variance = variance if keepdims else variance.reshape(reduced_shape(x.shape, axis))
    return [mean if keepdims else mean.reshape(variance.shape), variance]
