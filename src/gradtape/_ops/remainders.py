"""Quotients and remainders towards 0, quotients of real numbers, and numbers shifted by bits."""

from __future__ import annotations

import numpy as np

from gradtape._core.dtypes import INEXACT, INTEGERS, REALS, float32, float64, int32, int64
from gradtape._core.families import discrete, elementwise
from gradtape._core.op import CUT, Array, TensorLike
from gradtape._core.sampling import pairs, singles
from gradtape._ops.arithmetic import square
from gradtape._ops.quotients import refuse_zero

DIVISIONS = pairs(-2.0, 2.0, second=(0.5, 2.0)) + pairs(0.2, 2.0, second=(-2.0, -0.5))
BITS = pairs(0, 30, kind="index")
WIDE = frozenset({int32.numpy, int64.numpy, float32.numpy, float64.numpy})


@elementwise(DIVISIONS, types=INEXACT, x=lambda g, y: g / y, y=lambda g, y, out: -g * out / y)
def realdiv(x: TensorLike, y: TensorLike, name: str | None = None) -> Array:
    """Returns `x / y` element-wise, of floating-point or complex numbers.

    Args:
        x: a tensor of floating-point or complex numbers.
        y: a tensor of the dtype of `x`, of a shape that broadcasts with it.
        name: ignored.

    Returns:
        A tensor of that dtype and the shape that both broadcast to.

    Raises:
        InvalidArgumentError: the dtypes differ or are integers, or the shapes do not broadcast.

    >>> import gradtape as tf
    >>> tf.realdiv([1.0, 3.0], 2.0).numpy()
    array([0.5, 1.5], dtype=float32)
    """
    return np.divide(x, y)


@discrete(DIVISIONS, inputs=("x", "y"), types=REALS, x=CUT, y=CUT)
def truncatediv(x: TensorLike, y: TensorLike, name: str | None = None) -> Array:
    """Returns the whole number next to `x / y` in the direction of 0, element-wise; no gradient flows through it.

    Args:
        x: a tensor of real numbers.
        y: a tensor of the dtype of `x`, of a shape that broadcasts with it.
        name: ignored.

    Returns:
        A tensor of that dtype and the shape that both broadcast to.

    Raises:
        InvalidArgumentError: an integer is divided by 0, the dtypes differ, or the shapes do not broadcast.

    >>> import gradtape as tf
    >>> tf.truncatediv([7, -7], 2).numpy()
    array([ 3, -3], dtype=int32)
    """
    refuse_zero(y)
    if y.dtype.kind == "f":
        return np.trunc(np.divide(x, y))
    # The remainder of C has the sign of `x`: without it the quotient has no fraction.
    return np.floor_divide(np.subtract(x, np.fmod(x, y)), y)


@elementwise(
    pairs(0.6, 0.68, second=(0.35, 0.5)) + pairs(-2.4, -2.1, second=(0.85, 0.95)),
    types=WIDE,
    x=lambda g: g,
    y=lambda g, x, y: -g * truncatediv(x, y),
)
def truncatemod(x: TensorLike, y: TensorLike, name: str | None = None) -> Array:
    """Returns the remainder `x - y * truncatediv(x, y)`, element-wise; it has the sign of `x`.

    Args:
        x: a tensor of int32, int64, float32 or float64.
        y: a tensor of the dtype of `x`, of a shape that broadcasts with it.
        name: ignored.

    Returns:
        A tensor of that dtype and the shape that both broadcast to.

    Raises:
        InvalidArgumentError: an integer is divided by 0, the dtypes differ, or the shapes do not broadcast.

    >>> import gradtape as tf
    >>> tf.truncatemod([7, -7], 4).numpy()
    array([ 3, -3], dtype=int32)
    """
    refuse_zero(y)
    return np.fmod(x, y)


@elementwise(singles(0.5, 2.0), x=lambda g, out: -g * square(out))
def reciprocal_no_nan(x: TensorLike, name: str | None = None) -> Array:
    """Returns `1 / x` element-wise, and 0 where `x` is 0.

    Args:
        x: a tensor of floating-point or complex numbers.
        name: ignored.

    Returns:
        A tensor of the same dtype and shape.

    Raises:
        InvalidArgumentError: `x` holds integers.

    >>> import gradtape as tf
    >>> tf.math.reciprocal_no_nan([2.0, 0.0]).numpy()
    array([0.5, 0. ], dtype=float32)
    """
    zero = np.equal(x, 0)
    if not np.count_nonzero(zero):
        return np.reciprocal(x)
    return np.where(zero, x.dtype.type(0), np.reciprocal(np.where(zero, x.dtype.type(1), x)))


def limited(x: Array, y: Array) -> Array:
    """Returns numbers of bits to shift by, limited to what the numbers have, as in TensorFlow."""
    return np.minimum(np.maximum(y, y.dtype.type(0)), y.dtype.type(8 * x.dtype.itemsize - 1))


@discrete(BITS, inputs=("x", "y"), types=INTEGERS)
def left_shift(x: TensorLike, y: TensorLike, name: str | None = None) -> Array:
    """Returns integers with their bits moved up, element-wise: `x * 2**y`, cut to the dtype.

    Args:
        x: a tensor of integers.
        y: by how many bits, a tensor of the same dtype; limited to what lies between 0 and the bits of `x` less 1.
        name: ignored.

    Returns:
        A tensor of that dtype and the shape that both broadcast to.

    Raises:
        InvalidArgumentError: the dtypes differ or are others, or the shapes do not broadcast.

    >>> import gradtape as tf
    >>> tf.bitwise.left_shift([1, 3], 2).numpy()
    array([ 4, 12], dtype=int32)
    """
    return np.left_shift(x, limited(x, y))


@discrete(BITS, inputs=("x", "y"), types=INTEGERS)
def right_shift(x: TensorLike, y: TensorLike, name: str | None = None) -> Array:
    """Returns integers with their bits moved down, element-wise: the floor of `x / 2**y`.

    Args:
        x: a tensor of integers.
        y: by how many bits, a tensor of the same dtype; limited to what lies between 0 and the bits of `x` less 1.
        name: ignored.

    Returns:
        A tensor of that dtype and the shape that both broadcast to.

    Raises:
        InvalidArgumentError: the dtypes differ or are others, or the shapes do not broadcast.

    >>> import gradtape as tf
    >>> tf.bitwise.right_shift([8, -8], 2).numpy()
    array([ 2, -2], dtype=int32)
    """
    return np.right_shift(x, limited(x, y))
