"""The monotone sequence nearest to another one: isotonic regression."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from gradtape._core.batches import as_it_is
from gradtape._core.conversion import convert
from gradtape._core.dtypes import FLOATS, float32, float64, int32
from gradtape._core.families import composite, discrete, primitive
from gradtape._core.op import NOT_DIFFERENTIABLE, Array, TensorLike
from gradtape._core.sampling import Values, arrays
from gradtape._ops.casting import cast
from gradtape._ops.creation import zeros
from gradtape._ops.parameters import Shape, as_axis, in_range
from gradtape._ops.structure import transpose
from gradtape.errors import WrongTypeError

DISTINCT = Values(-2.0, 2.0, distinct=True)


class IsotonicRegression(NamedTuple):
    """The monotone sequence, and the number of its segment for each element."""

    output: Any
    segments: Any


def same_shape(inputs_shape: Shape, *others: Any, **params: Any) -> Shape:
    """The shape rule of what gives each element one of its own."""
    return inputs_shape


@discrete(
    arrays((4,), (2, 3), (0,), decreasing=[True, False], values=DISTINCT),
    inputs=("inputs",),
    types=FLOATS,
    shape=same_shape,
    batch=as_it_is,
)
def level_segments(inputs: TensorLike, decreasing: bool) -> Array:
    """Returns the numbers of the segments on which the nearest monotone sequence is level; not for users."""
    from scipy.optimize import isotonic_regression as fit

    out = np.zeros(inputs.shape, np.int32)
    if not inputs.size:
        return out
    rows = inputs.reshape((-1, inputs.shape[-1])).astype(np.float64)
    for row, numbers in zip(rows, out.reshape(rows.shape), strict=True):
        starts = np.zeros(len(row), bool)
        found = fit(row, increasing=not decreasing)
        starts[found.blocks[:-1]] = True
        # Segments of one level, which SciPy joins, stay apart: where the elements so far have the mean of the block.
        sums = np.cumsum(row - found.x)
        level = np.abs(sums) <= 8 * np.finfo(np.float64).eps * np.cumsum(np.abs(row))
        starts[1:] |= level[:-1]
        numbers[:] = np.cumsum(starts) - 1
    return out


@primitive(
    arrays(((4,), (4,)), ((2, 3), (2, 3)), ((0,), (0,)), values=(Values(), Values(0, 2, "index"))),
    types={"x": FLOATS, "segments": frozenset({int32.numpy})},
    shape=same_shape,
    batch=as_it_is,
    x=lambda g, segments: segment_means(g, segments),
    segments=NOT_DIFFERENTIABLE,
)
def segment_means(x: TensorLike, segments: TensorLike) -> Array:
    """Returns for each element the mean of its segment in its row; not for users."""
    if not x.size:
        return np.array(x)
    size = x.shape[-1]
    numbers = (segments.reshape((-1, size)) + size * np.arange(x.size // size)[:, None]).reshape(-1)
    sums = np.bincount(numbers, x.reshape(-1).astype(np.float64), x.size)
    return (sums / np.maximum(np.bincount(numbers, minlength=x.size), 1))[numbers].reshape(x.shape).astype(x.dtype)


@composite(
    arrays((4,), (2, 3), (0,), decreasing=[True, False], values=DISTINCT)
    + arrays((2, 3), axis=[0], values=DISTINCT)
    + arrays(())
)
def isotonic_regression(inputs: TensorLike, decreasing: bool = True, axis: Any = -1) -> Any:
    """Returns the monotone sequences with the least square distance from given ones.

    Each is level on segments, on which it has the mean of the given one (Barlow and others, "Statistical Inference
    under Order Restrictions", 1972); the gradient is averaged in the same way.

    Args:
        inputs: a tensor of signed integers or floating-point numbers.
        decreasing: whether the sequences are not to increase, or not to decrease.
        axis: along which they lie.

    Returns:
        A pair: the monotone sequences, in a tensor of the shape of `inputs` and of its dtype, of 8- and 16-bit integers
        float32, of others float64; the numbers of the segments, int32.

    Raises:
        InvalidArgumentError: there is no such axis, or the dtype is another one.

    >>> import gradtape as tf
    >>> output, segments = tf.nn.isotonic_regression([4.0, 1.0, 3.0])
    >>> output.numpy(), segments.numpy()
    (array([4., 2., 2.], dtype=float32), array([0, 1, 1], dtype=int32))
    """
    tensor = convert(inputs)
    dtype = tensor._value.dtype
    if dtype.kind == "i":
        tensor = cast(tensor, float32 if dtype.itemsize <= 2 else float64)
    elif not tensor.dtype.is_floating:
        raise WrongTypeError(
            f"isotonic_regression: signed integers or floating-point numbers are wanted, got {tensor.dtype.name}."
        )
    rank = len(tensor._value.shape)
    if not rank:
        return IsotonicRegression(tensor, zeros((), int32))
    place = in_range(as_axis(axis), rank)
    if place == rank - 1:
        segments = level_segments(tensor, bool(decreasing))
        found = segment_means(tensor, segments), segments
        return IsotonicRegression(*found) if decreasing else found
    perm = [*range(place), *range(place + 1, rank), place]
    back = [*range(place), rank - 1, *range(place, rank - 1)]
    turned = transpose(tensor, perm)
    segments = level_segments(turned, bool(decreasing))
    return transpose(segment_means(turned, segments), back), transpose(segments, back)
