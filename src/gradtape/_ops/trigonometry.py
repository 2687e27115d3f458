"""Circular and hyperbolic functions and their inverses."""

from __future__ import annotations

import numpy as np

from gradtape._core.dtypes import FLOATS
from gradtape._core.families import elementwise
from gradtape._core.op import Array, TensorLike
from gradtape._core.sampling import pairs, singles
from gradtape._ops.arithmetic import sqrt


@elementwise(singles(), x=lambda g, x: g * cos(x))
def sin(x: TensorLike, name: str | None = None) -> Array:
    """Returns the sine of `x`, in radians, element-wise.

    Args:
        x: a tensor of floating-point or complex numbers.
        name: ignored.

    Returns:
        A tensor of the dtype and shape of `x`.

    Raises:
        InvalidArgumentError: `x` is of integers or bools.

    >>> import gradtape as tf
    >>> tf.sin([0.0, 1.0]).numpy().round(4)
    array([0.    , 0.8415], dtype=float32)
    """
    return np.sin(x)


@elementwise(singles(), x=lambda g, x: -g * sin(x))
def cos(x: TensorLike, name: str | None = None) -> Array:
    """Returns the cosine of `x`, in radians, element-wise.

    Args:
        x: a tensor of floating-point or complex numbers.
        name: ignored.

    Returns:
        A tensor of the dtype and shape of `x`.

    Raises:
        InvalidArgumentError: `x` is of integers or bools.

    >>> import gradtape as tf
    >>> tf.cos([0.0, 1.0]).numpy().round(4)
    array([1.    , 0.5403], dtype=float32)
    """
    return np.cos(x)


@elementwise(singles(-1.2, 1.2), x=lambda g, out: g * (1.0 + out * out))
def tan(x: TensorLike, name: str | None = None) -> Array:
    """Returns the tangent of `x`, in radians, element-wise.

    Args:
        x: a tensor of floating-point or complex numbers.
        name: ignored.

    Returns:
        A tensor of the dtype and shape of `x`.

    Raises:
        InvalidArgumentError: `x` is of integers or bools.

    >>> import gradtape as tf
    >>> tf.tan([0.0, 1.0]).numpy().round(4)
    array([0.    , 1.5574], dtype=float32)
    """
    return np.tan(x)


@elementwise(singles(-0.8, 0.8), x=lambda g, x: g / sqrt((1.0 - x) * (1.0 + x)))
def asin(x: TensorLike, name: str | None = None) -> Array:
    """Returns the angle in radians whose sine is `x` element-wise; NaN beyond -1 and 1.

    Args:
        x: a tensor of floating-point or complex numbers.
        name: ignored.

    Returns:
        A tensor of the dtype and shape of `x`.

    Raises:
        InvalidArgumentError: `x` is of integers or bools.

    >>> import gradtape as tf
    >>> tf.asin([0.0, 1.0]).numpy().round(4)
    array([0.    , 1.5708], dtype=float32)
    """
    return np.arcsin(x)


@elementwise(singles(-0.8, 0.8), x=lambda g, x: -g / sqrt((1.0 - x) * (1.0 + x)))
def acos(x: TensorLike, name: str | None = None) -> Array:
    """Returns the angle in radians whose cosine is `x` element-wise; NaN beyond -1 and 1.

    Args:
        x: a tensor of floating-point or complex numbers.
        name: ignored.

    Returns:
        A tensor of the dtype and shape of `x`.

    Raises:
        InvalidArgumentError: `x` is of integers or bools.

    >>> import gradtape as tf
    >>> tf.acos([1.0, 0.0]).numpy().round(4)
    array([0.    , 1.5708], dtype=float32)
    """
    return np.arccos(x)


@elementwise(singles(), x=lambda g, x: g / (1.0 + x * x))
def atan(x: TensorLike, name: str | None = None) -> Array:
    """Returns the angle in radians whose tangent is `x` element-wise.

    Args:
        x: a tensor of floating-point or complex numbers.
        name: ignored.

    Returns:
        A tensor of the dtype and shape of `x`.

    Raises:
        InvalidArgumentError: `x` is of integers or bools.

    >>> import gradtape as tf
    >>> tf.atan([0.0, 1.0]).numpy().round(4)
    array([0.    , 0.7854], dtype=float32)
    """
    return np.arctan(x)


@elementwise(singles(), x=lambda g, x: g * cosh(x))
def sinh(x: TensorLike, name: str | None = None) -> Array:
    """Returns the hyperbolic sine of `x` element-wise.

    Args:
        x: a tensor of floating-point or complex numbers.
        name: ignored.

    Returns:
        A tensor of the dtype and shape of `x`.

    Raises:
        InvalidArgumentError: `x` is of integers or bools.

    >>> import gradtape as tf
    >>> tf.sinh([0.0, 1.0]).numpy().round(4)
    array([0.    , 1.1752], dtype=float32)
    """
    return np.sinh(x)


@elementwise(singles(), x=lambda g, x: g * sinh(x))
def cosh(x: TensorLike, name: str | None = None) -> Array:
    """Returns the hyperbolic cosine of `x` element-wise.

    Args:
        x: a tensor of floating-point or complex numbers.
        name: ignored.

    Returns:
        A tensor of the dtype and shape of `x`.

    Raises:
        InvalidArgumentError: `x` is of integers or bools.

    >>> import gradtape as tf
    >>> tf.cosh([0.0, 1.0]).numpy().round(4)
    array([1.    , 1.5431], dtype=float32)
    """
    return np.cosh(x)


@elementwise(singles(), x=lambda g, out: g * (1.0 - out * out))
def tanh(x: TensorLike, name: str | None = None) -> Array:
    """Returns the hyperbolic tangent of `x` element-wise.

    Args:
        x: a tensor of floating-point or complex numbers.
        name: ignored.

    Returns:
        A tensor of the dtype and shape of `x`.

    Raises:
        InvalidArgumentError: `x` is of integers or bools.

    >>> import gradtape as tf
    >>> tf.tanh([0.0, 1.0]).numpy().round(4)
    array([0.    , 0.7616], dtype=float32)
    """
    return np.tanh(x)


@elementwise(singles(), x=lambda g, out: g / cosh(out))
def asinh(x: TensorLike, name: str | None = None) -> Array:
    """Returns the number whose hyperbolic sine is `x` element-wise.

    Args:
        x: a tensor of floating-point or complex numbers.
        name: ignored.

    Returns:
        A tensor of the dtype and shape of `x`.

    Raises:
        InvalidArgumentError: `x` is of integers or bools.

    >>> import gradtape as tf
    >>> tf.asinh([0.0, 1.0]).numpy().round(4)
    array([0.    , 0.8814], dtype=float32)
    """
    return np.arcsinh(x)


@elementwise(singles(1.3, 3.0), x=lambda g, out: g / sinh(out))
def acosh(x: TensorLike, name: str | None = None) -> Array:
    """Returns the number of at least 0 whose hyperbolic cosine is `x` element-wise; NaN below 1.

    Args:
        x: a tensor of floating-point or complex numbers.
        name: ignored.

    Returns:
        A tensor of the dtype and shape of `x`.

    Raises:
        InvalidArgumentError: `x` is of integers or bools.

    >>> import gradtape as tf
    >>> tf.acosh([1.0, 2.0]).numpy().round(4)
    array([0.   , 1.317], dtype=float32)
    """
    return np.arccosh(x)


@elementwise(singles(-0.8, 0.8), x=lambda g, x: g / ((1.0 - x) * (1.0 + x)))
def atanh(x: TensorLike, name: str | None = None) -> Array:
    """Returns the number whose hyperbolic tangent is `x` element-wise; NaN beyond -1 and 1.

    Args:
        x: a tensor of floating-point or complex numbers.
        name: ignored.

    Returns:
        A tensor of the dtype and shape of `x`.

    Raises:
        InvalidArgumentError: `x` is of integers or bools.

    >>> import gradtape as tf
    >>> tf.atanh([0.0, 0.5]).numpy().round(4)
    array([0.    , 0.5493], dtype=float32)
    """
    return np.arctanh(x)


@elementwise(
    pairs(0.3, 2.0) + pairs(-2.0, -0.3, second=(0.3, 2.0)),
    types=FLOATS,
    y=lambda g, y, x: g * (x / (x * x + y * y)),
    x=lambda g, y, x: -g * (y / (x * x + y * y)),
)
def atan2(y: TensorLike, x: TensorLike, name: str | None = None) -> Array:
    """Returns the angle in radians, of -pi to pi, between the axis of `x` and the point `(x, y)`, element-wise.

    Args:
        y: a tensor of floating-point numbers.
        x: a tensor of the dtype of `y`, of a shape that broadcasts with it.
        name: ignored.

    Returns:
        A tensor of that dtype and the shape that both broadcast to.

    Raises:
        InvalidArgumentError: the dtypes differ or are not of these, or the shapes do not broadcast.

    >>> import gradtape as tf
    >>> tf.atan2([1.0, 0.0], [1.0, -1.0]).numpy().round(4)
    array([0.7854, 3.1416], dtype=float32)
    """
    return np.arctan2(y, x)
