"""Exponentials and logarithms, and the functions made of the two that stay exact in both tails."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gradtape._core.dtypes import FLOATS
from gradtape._core.families import elementwise
from gradtape._core.op import Array, TensorLike
from gradtape._core.sampling import pairs, singles
from gradtape._ops.comparison import not_equal, select, select_array
from gradtape._ops.quotients import xdivy


def bounded_exp(x: Array) -> Array:
    """Returns `exp(x)`, for large `x` a number to which adding 1 changes nothing: nothing overflows."""
    bounded = np.minimum(x, 11.0 if x.dtype == np.float16 else 40.0)
    return np.exp(bounded, out=bounded) if bounded.ndim else np.exp(bounded)


def log_one_plus_exp(x: Array) -> Array:
    """Returns `log(1 + exp(x))`."""
    return np.maximum(np.log1p(bounded_exp(x)), x)


@elementwise(singles(), x=lambda g, out: g * out)
def exp(x: TensorLike, name: str | None = None) -> Array:
    """Returns the exponential of `x` element-wise.

    Args:
        x: a tensor of floating-point or complex numbers.
        name: ignored.

    Returns:
        A tensor of the dtype and shape of `x`.

    Raises:
        InvalidArgumentError: `x` is of integers or bools.

    >>> import gradtape as tf
    >>> tf.exp([0.0, 1.0]).numpy().round(4)
    array([1.    , 2.7183], dtype=float32)
    """
    return np.exp(x)


@elementwise(singles(), x=lambda g, x: g * exp(x))
def expm1(x: TensorLike, name: str | None = None) -> Array:
    """Returns `exp(x) - 1` element-wise, exact also near 0.

    Args:
        x: a tensor of floating-point or complex numbers.
        name: ignored.

    Returns:
        A tensor of the dtype and shape of `x`.

    Raises:
        InvalidArgumentError: `x` is of integers or bools.

    >>> import gradtape as tf
    >>> tf.math.expm1([0.0, 1e-10])
    <tf.Tensor: shape=(2,), dtype=float32, numpy=array([0.e+00, 1.e-10], dtype=float32)>
    """
    return np.expm1(x)


@elementwise(singles(0.3, 2.5), x=lambda g, x: g / x)
def log(x: TensorLike, name: str | None = None) -> Array:
    """Returns the natural logarithm of `x` element-wise; -inf at 0, NaN for a negative number.

    Args:
        x: a tensor of floating-point or complex numbers.
        name: ignored.

    Returns:
        A tensor of the dtype and shape of `x`.

    Raises:
        InvalidArgumentError: `x` is of integers or bools.

    >>> import gradtape as tf
    >>> tf.math.log([1.0, 2.0]).numpy().round(4)
    array([0.    , 0.6931], dtype=float32)
    """
    return np.log(x)


@elementwise(singles(-0.6, 2.0), x=lambda g, x: g / (1.0 + x))
def log1p(x: TensorLike, name: str | None = None) -> Array:
    """Returns `log(1 + x)` element-wise, exact also near 0.

    Args:
        x: a tensor of floating-point or complex numbers.
        name: ignored.

    Returns:
        A tensor of the dtype and shape of `x`.

    Raises:
        InvalidArgumentError: `x` is of integers or bools.

    >>> import gradtape as tf
    >>> tf.math.log1p([0.0, 1e-10])
    <tf.Tensor: shape=(2,), dtype=float32, numpy=array([0.e+00, 1.e-10], dtype=float32)>
    """
    return np.log1p(x)


@elementwise(singles(-4.0, 4.0), x=lambda g, out: g * (out * (1.0 - out)))
def sigmoid(x: TensorLike, name: str | None = None) -> Array:
    """Returns `1 / (1 + exp(-x))` element-wise, exact in both tails.

    Args:
        x: a tensor of floating-point or complex numbers.
        name: ignored.

    Returns:
        A tensor of the dtype and shape of `x`.

    Raises:
        InvalidArgumentError: `x` is of integers or bools.

    >>> import gradtape as tf
    >>> tf.sigmoid([0.0, 1000.0, -1000.0])
    <tf.Tensor: shape=(3,), dtype=float32, numpy=array([0.5, 1. , 0. ], dtype=float32)>
    """
    if x.dtype.kind == "c":
        return np.reciprocal(np.add(np.exp(np.negative(x)), 1.0))
    grown = bounded_exp(x)
    return np.divide(grown, np.add(grown, 1.0), out=grown) if grown.ndim else grown / (grown + 1)


@elementwise(singles(-4.0, 4.0), types=FLOATS, x=lambda g, out: -(g * expm1(out)))
def log_sigmoid(x: TensorLike, name: str | None = None) -> Array:
    """Returns the logarithm of `sigmoid(x)` element-wise, exact in both tails.

    Args:
        x: a tensor of floating-point numbers.
        name: ignored.

    Returns:
        A tensor of the dtype and shape of `x`.

    Raises:
        InvalidArgumentError: `x` is of another dtype.

    >>> import gradtape as tf
    >>> tf.math.log_sigmoid([1000.0, -1000.0])
    <tf.Tensor: shape=(2,), dtype=float32, numpy=array([   -0., -1000.], dtype=float32)>
    """
    return np.negative(log_one_plus_exp(np.negative(x)))


# The derivative is the sigmoid, 1 - exp(-out); the result is kept, which the next operation mostly keeps as well.
@elementwise(singles(-4.0, 4.0), types=FLOATS, features=lambda g, out: -(g * expm1(-out)))
def softplus(features: TensorLike, name: str | None = None) -> Array:
    """Returns `log(1 + exp(features))` element-wise, exact in both tails.

    Args:
        features: a tensor of floating-point numbers.
        name: ignored.

    Returns:
        A tensor of the dtype and shape of `features`.

    Raises:
        InvalidArgumentError: `features` is of another dtype.

    >>> import gradtape as tf
    >>> tf.nn.softplus([-1000.0, 1000.0])
    <tf.Tensor: shape=(2,), dtype=float32, numpy=array([   0., 1000.], dtype=float32)>
    """
    return log_one_plus_exp(features)


def times_logarithm(x: Array, y: Array, logarithm: Callable[[Array], Array]) -> Array:
    """Returns `x` times the logarithm of `y`, and 0 where `x` is 0."""
    zero = np.equal(x, 0)
    if np.count_nonzero(zero):
        y = select_array(zero, np.ones((), y.dtype), y)
    return np.multiply(x, logarithm(y))


@elementwise(
    pairs(0.3, 2.0),
    # Where x is 0 the logarithm is that of 1.
    x=lambda g, x, y: g * log(select(not_equal(x, 0.0), y, 1.0)),
    y=lambda g, x, y: g * xdivy(x, y),
)
def xlogy(x: TensorLike, y: TensorLike, name: str | None = None) -> Array:
    """Returns `x * log(y)` element-wise, and 0 where `x` is 0, also if `y` is 0 there.

    Args:
        x: a tensor of floating-point or complex numbers.
        y: a tensor of the dtype of `x`, of a shape that broadcasts with it.
        name: ignored.

    Returns:
        A tensor of that dtype and the shape that both broadcast to.

    Raises:
        InvalidArgumentError: the dtypes differ or are not of these, or the shapes do not broadcast.

    >>> import gradtape as tf
    >>> tf.math.xlogy([0.0, 2.0], [0.0, 1.0])
    <tf.Tensor: shape=(2,), dtype=float32, numpy=array([0., 0.], dtype=float32)>
    """
    return times_logarithm(x, y, np.log)


@elementwise(
    pairs(0.3, 2.0),
    x=lambda g, x, y: g * log1p(select(not_equal(x, 0.0), y, 0.0)),
    y=lambda g, x, y: g * xdivy(x, 1.0 + y),
)
def xlog1py(x: TensorLike, y: TensorLike, name: str | None = None) -> Array:
    """Returns `x * log(1 + y)` element-wise, and 0 where `x` is 0, also if `y` is -1 there.

    Args:
        x: a tensor of floating-point or complex numbers.
        y: a tensor of the dtype of `x`, of a shape that broadcasts with it.
        name: ignored.

    Returns:
        A tensor of that dtype and the shape that both broadcast to.

    Raises:
        InvalidArgumentError: the dtypes differ or are not of these, or the shapes do not broadcast.

    >>> import gradtape as tf
    >>> tf.math.xlog1py([0.0, 2.0], [-1.0, 0.0])
    <tf.Tensor: shape=(2,), dtype=float32, numpy=array([0., 0.], dtype=float32)>
    """
    return times_logarithm(x, y, np.log1p)
