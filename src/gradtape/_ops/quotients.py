"""Quotients and remainders, and products and quotients that are 0 where TensorFlow wants 0 and not NaN."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape._core.dtypes import BY_NUMPY, REALS
from gradtape._core.families import discrete, elementwise, public_function
from gradtape._core.op import CUT, OPS, Array, TensorLike
from gradtape._core.sampling import pairs
from gradtape._core.tensor import Carrier, Tensor, make_tensor
from gradtape._ops.comparison import keep, keep_array, not_equal, select_array
from gradtape.errors import InvalidArgumentError, WrongTypeError

DIVISIONS = pairs(-2.0, 2.0, second=(0.5, 2.0)) + pairs(0.2, 2.0, second=(-2.0, -0.5))


def as_fractions(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Returns the operands of a true division: integers as floating-point numbers, of 32 bits for at most 16 bits."""
    first, second = x._value.dtype, y._value.dtype
    if first != second:
        raise WrongTypeError(
            f"`x` and `y` must have the same dtype, got {BY_NUMPY[first].name} and {BY_NUMPY[second].name}. Nothing is "
            "promoted between tensors: write tf.cast(y, x.dtype)."
        )
    if first.kind == "b":
        raise WrongTypeError("bools cannot be divided; write tf.cast(x, tf.float32) first.")
    if first.kind not in "iu":
        return x, y
    fraction = np.float32 if first.itemsize <= 2 else np.float64
    if isinstance(x, Carrier) or isinstance(y, Carrier):
        cast = OPS["cast_exact"].function
        return cast(x, BY_NUMPY[np.dtype(fraction)]), cast(y, BY_NUMPY[np.dtype(fraction)])
    return make_tensor(x._value.astype(fraction)), make_tensor(y._value.astype(fraction))


@elementwise(
    DIVISIONS,
    matching="hint",
    prepare=as_fractions,
    x=lambda g, y: g / y,
    y=lambda g, y, out: -g * out / y,
)
def truediv(x: TensorLike, y: TensorLike, name: str | None = None) -> Array:
    """Returns `x / y` element-wise, as Python 3 does.

    Args:
        x: a tensor of numbers.
        y: a tensor of the dtype of `x`, of a shape that broadcasts with it.
        name: ignored.

    Returns:
        A tensor of the shape that both broadcast to. Its dtype is that of `x`; for integers float64, of 8 or 16 bits
        float32.

    Raises:
        TypeError: the dtypes differ.
        InvalidArgumentError: the shapes do not broadcast.

    >>> import gradtape as tf
    >>> tf.truediv([1, 3], 2)
    <tf.Tensor: shape=(2,), dtype=float64, numpy=array([0.5, 1.5])>
    """
    return np.divide(x, y)


def _divide(x: TensorLike, y: TensorLike, name: str | None = None) -> Any:
    """Returns `x / y` element-wise, with Python's operator: a number takes the dtype of the tensor that it meets.

    Args:
        x: a tensor of numbers.
        y: a tensor of the dtype of `x`, of a shape that broadcasts with it.
        name: ignored.

    Returns:
        A tensor of the shape that both broadcast to. Its dtype is that of `x`; for integers float64, of 8 or 16 bits
        float32.

    Raises:
        TypeError: the dtypes differ.
        InvalidArgumentError: the shapes do not broadcast.

    >>> import gradtape as tf
    >>> tf.divide(6, tf.constant([2.0, 4.0]))
    <tf.Tensor: shape=(2,), dtype=float32, numpy=array([3. , 1.5], dtype=float32)>
    """


divide = public_function(OPS["truediv"], _divide, "strict")


def refuse_zero(y: Array) -> None:
    """Raises InvalidArgumentError if an integer of `y`, a divisor, is 0."""
    if y.dtype.kind in "iu" and not np.logical_and.reduce(y, axis=None):
        raise InvalidArgumentError("Integer division by zero")


@discrete(DIVISIONS, inputs=("x", "y"), types=REALS, x=CUT, y=CUT)
def floordiv(x: TensorLike, y: TensorLike, name: str | None = None) -> Array:
    """Returns the greatest whole number that is not above `x / y`, element-wise; no gradient flows through it.

    Args:
        x: a tensor of real numbers.
        y: a tensor of the dtype of `x`, of a shape that broadcasts with it.
        name: ignored.

    Returns:
        A tensor of that dtype and the shape that both broadcast to.

    Raises:
        InvalidArgumentError: an integer is divided by 0, the dtypes differ, or the shapes do not broadcast.

    >>> import gradtape as tf
    >>> tf.math.floordiv([7, -7], 2)
    <tf.Tensor: shape=(2,), dtype=int32, numpy=array([ 3, -4], dtype=int32)>
    """
    refuse_zero(y)
    if y.dtype.kind in "iu":
        return np.floor_divide(x, y)
    # Not NumPy's `//`, which is 9 for 1 // 0.1.
    return np.floor(np.divide(x, y))


@elementwise(
    pairs(0.05, 0.45, second=(0.5, 2.0)) + pairs(2.1, 2.4, second=(-0.95, -0.85)),
    types=REALS,
    x=lambda g: g,
    y=lambda g, x, y: -g * floordiv(x, y),
)
def mod(x: TensorLike, y: TensorLike, name: str | None = None) -> Array:
    """Returns the remainder `x - y * floor(x / y)`, element-wise; it has the sign of `y`.

    Args:
        x: a tensor of real numbers.
        y: a tensor of the dtype of `x`, of a shape that broadcasts with it.
        name: ignored.

    Returns:
        A tensor of that dtype and the shape that both broadcast to.

    Raises:
        InvalidArgumentError: an integer is divided by 0, the dtypes differ, or the shapes do not broadcast.

    >>> import gradtape as tf
    >>> tf.math.mod([7, -7], 3)
    <tf.Tensor: shape=(2,), dtype=int32, numpy=array([1, 2], dtype=int32)>
    """
    refuse_zero(y)
    return np.remainder(x, y)


@elementwise(
    DIVISIONS,
    prepare=as_fractions,
    x=lambda g, y: divide_no_nan(g, y),
    y=lambda g, y, out: -divide_no_nan(g * out, y),
)
def divide_no_nan(x: TensorLike, y: TensorLike, name: str | None = None) -> Array:
    """Returns `x / y` element-wise, and 0 where `y` is 0.

    Args:
        x: a tensor of numbers.
        y: a tensor of the dtype of `x`, of a shape that broadcasts with it.
        name: ignored.

    Returns:
        A tensor of the shape that both broadcast to. Its dtype is that of `x`; for integers float64, of 8 or 16 bits
        float32.

    Raises:
        TypeError: the dtypes differ.
        InvalidArgumentError: the shapes do not broadcast.

    >>> import gradtape as tf
    >>> tf.math.divide_no_nan([3.0, 3.0], [2.0, 0.0])
    <tf.Tensor: shape=(2,), dtype=float32, numpy=array([1.5, 0. ], dtype=float32)>
    """
    zero = np.equal(y, 0)
    if not np.count_nonzero(zero):
        return np.divide(x, y)
    return keep_array(np.divide(x, select_array(zero, np.ones((), y.dtype), y)), ~zero)


@elementwise(
    pairs(0.5, 2.0),
    matching="hint",
    x=lambda g, y: multiply_no_nan(g, y),
    y=lambda g, x: multiply_no_nan(x, g),
)
def multiply_no_nan(x: TensorLike, y: TensorLike, name: str | None = None) -> Array:
    """Returns `x * y` element-wise, and 0 where `y` is 0, also if `x` is infinite or NaN there.

    Args:
        x: a tensor of floating-point or complex numbers.
        y: a tensor of the dtype of `x`, of a shape that broadcasts with it.
        name: ignored.

    Returns:
        A tensor of that dtype and the shape that both broadcast to.

    Raises:
        InvalidArgumentError: the dtypes differ, or the shapes do not broadcast.

    >>> import gradtape as tf
    >>> tf.math.multiply_no_nan([3.0, float("inf")], [2.0, 0.0])
    <tf.Tensor: shape=(2,), dtype=float32, numpy=array([6., 0.], dtype=float32)>
    """
    zero = np.equal(y, 0)
    if np.count_nonzero(zero):
        x = keep_array(x, ~zero)
    return np.multiply(x, y)


def or_zero(x: Array, y: Array) -> Array:
    """Returns the quotient of arrays, and 0 where `x` is 0."""
    zero = np.equal(x, 0)
    if np.count_nonzero(zero):
        y = select_array(zero, np.ones((), y.dtype), y)
    return np.divide(x, y)


@elementwise(pairs(0.5, 2.0), x=lambda g, y: ratio(g, y), y=lambda g, y, out: -ratio(multiply_no_nan(g, out), y))
def ratio(x: TensorLike, y: TensorLike) -> Array:
    """Returns `x / y` element-wise, and 0 where `x` is 0: for cotangents, in which a rule has to stay linear.

    Its derivative is that of a quotient, also where `x` is 0: `xdivy` has none there.
    """
    return or_zero(x, y)


@elementwise(
    DIVISIONS,
    x=lambda g, x, y: ratio(keep(g, not_equal(x, 0.0)), y),
    y=lambda g, y, out: -ratio(g * out, y),
)
def xdivy(x: TensorLike, y: TensorLike, name: str | None = None) -> Array:
    """Returns `x / y` element-wise, and 0 where `x` is 0, also if `y` is 0 there.

    Args:
        x: a tensor of floating-point or complex numbers.
        y: a tensor of the dtype of `x`, of a shape that broadcasts with it.
        name: ignored.

    Returns:
        A tensor of that dtype and the shape that both broadcast to.

    Raises:
        InvalidArgumentError: the dtypes differ, or the shapes do not broadcast.

    >>> import gradtape as tf
    >>> tf.math.xdivy([3.0, 0.0], [2.0, 0.0])
    <tf.Tensor: shape=(2,), dtype=float32, numpy=array([1.5, 0. ], dtype=float32)>
    """
    return or_zero(x, y)
