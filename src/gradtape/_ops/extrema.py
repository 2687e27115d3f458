"""The greater and the lesser of two tensors, and the limiting of a tensor to a range."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape._core.conversion import convert
from gradtape._core.dtypes import FLOATS, REALS
from gradtape._core.families import composite, elementwise
from gradtape._core.op import Array, TensorLike
from gradtape._core.sampling import Values, arrays
from gradtape._core.slices import IndexedSlices
from gradtape._core.tensor import Tensor
from gradtape._core.variable import Variable
from gradtape._ops.comparison import greater_equal, keep, less_equal, logical_and, logical_not
from gradtape.errors import InvalidArgumentError

# Two grids that nowhere come nearer than a step of a finite difference.
GRIDS = (Values(-2.0, 2.0, distinct=True), Values(-1.93, 2.11, distinct=True))
UNEQUAL = arrays(
    ((), ()),
    ((3,), (3,)),
    ((2, 3), (3,)),
    ((), (2, 2)),
    ((2, 1), (1, 3)),
    ((4, 1, 2), (3, 1)),
    ((0,), (1,)),
    values=GRIDS,
)
BOUNDED = (Values(-2.0, 2.0, distinct=True), Values(-1.2, -1.1), Values(0.8, 0.9))
# From so many elements on, NumPy's `clip` is the faster one of two ways to limit an array.
LARGE = 4096


@elementwise(
    UNEQUAL,
    types=REALS,
    x=lambda g, x, y: keep(g, greater_equal(x, y)),
    y=lambda g, x, y: keep(g, logical_not(greater_equal(x, y))),
)
def maximum(x: TensorLike, y: TensorLike, name: str | None = None) -> Array:
    """Returns the greater one of `x` and `y`, element-wise; where they are equal, the gradient is that of `x`.

    Args:
        x: a tensor of real numbers.
        y: a tensor of the dtype of `x`, of a shape that broadcasts with it.
        name: ignored.

    Returns:
        A tensor of that dtype and the shape that both broadcast to; NaN where one of the two is NaN.

    Raises:
        InvalidArgumentError: the dtypes differ, or the shapes do not broadcast.

    >>> import gradtape as tf
    >>> tf.maximum([1.0, -2.0], 0.0)
    <tf.Tensor: shape=(2,), dtype=float32, numpy=array([1., 0.], dtype=float32)>
    """
    return np.maximum(x, y)


@elementwise(
    UNEQUAL,
    types=REALS,
    x=lambda g, x, y: keep(g, less_equal(x, y)),
    y=lambda g, x, y: keep(g, logical_not(less_equal(x, y))),
)
def minimum(x: TensorLike, y: TensorLike, name: str | None = None) -> Array:
    """Returns the lesser one of `x` and `y`, element-wise; where they are equal, the gradient is that of `x`.

    Args:
        x: a tensor of real numbers.
        y: a tensor of the dtype of `x`, of a shape that broadcasts with it.
        name: ignored.

    Returns:
        A tensor of that dtype and the shape that both broadcast to; NaN where one of the two is NaN.

    Raises:
        InvalidArgumentError: the dtypes differ, or the shapes do not broadcast.

    >>> import gradtape as tf
    >>> tf.minimum([1.0, -2.0], 0.0)
    <tf.Tensor: shape=(2,), dtype=float32, numpy=array([ 0., -2.], dtype=float32)>
    """
    return np.minimum(x, y)


@elementwise(
    arrays((), (3,), (2, 3), (0,), values=Values(-2.0, 2.11, distinct=True), low=[-1.2, -5.0], high=[0.9, 5.0]),
    types=FLOATS,
    t=lambda g, t, low, high: keep(g, logical_and(greater_equal(t, low), less_equal(t, high))),
)
def clip_to_numbers(t: TensorLike, low: float, high: float) -> Array:
    """Returns `t` limited to the range between two Python numbers; the gradient flows on the bounds too."""
    if t.size < LARGE or low > high:
        return np.maximum(np.minimum(t, high), low)
    return np.clip(t, low, high)


@composite(arrays(((), (), ()), ((3,), (), ()), ((2, 3), (), (3,)), ((0,), (), ()), values=BOUNDED))
def clip_by_value(
    t: TensorLike, clip_value_min: TensorLike, clip_value_max: TensorLike, name: str | None = None
) -> Any:
    """Returns `t` limited to a range: at most `clip_value_max`, and then at least `clip_value_min`.

    The gradient flows to `t` within the range and on its bounds, and elsewhere to the bound.

    Args:
        t: a tensor of real numbers, or `tf.IndexedSlices`, whose values are limited.
        clip_value_min: a tensor of the same dtype, of a shape that broadcasts to that of `t`.
        clip_value_max: the same.
        name: ignored.

    Returns:
        A tensor of the dtype and shape of `t`.

    Raises:
        ValueError: with the bounds broadcast, the shape would not be that of `t`.
        InvalidArgumentError: the dtypes differ, or the shapes do not broadcast.

    >>> import gradtape as tf
    >>> tf.clip_by_value([-5.0, 0.5, 3.0], -1.0, 1.0)
    <tf.Tensor: shape=(3,), dtype=float32, numpy=array([-1. ,  0.5,  1. ], dtype=float32)>
    """
    if isinstance(t, IndexedSlices):
        return IndexedSlices(clip_by_value(t.values, clip_value_min, clip_value_max), t.indices, t._shape)
    if type(t) is not Tensor:
        t = t._read() if type(t) is Variable else convert(t)
    if type(clip_value_min) in (float, int) and type(clip_value_max) in (float, int) and t._value.dtype in FLOATS:
        return clip_to_numbers(t, clip_value_min, clip_value_max)
    clipped = maximum(minimum(t, clip_value_max), clip_value_min)
    if clipped._value.shape != t._value.shape:
        raise InvalidArgumentError(
            f"clip_by_value: the bounds do not fit: the tensor has the shape {t.shape}, with them it would have "
            f"{clipped.shape}. They have to broadcast to the shape of the tensor."
        )
    return clipped
