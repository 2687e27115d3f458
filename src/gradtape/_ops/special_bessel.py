"""Bessel functions of the orders 0 and 1: of both kinds, ordinary, modified and exponentially scaled."""

from __future__ import annotations

import numpy as np

from gradtape._core.dtypes import FLOATS
from gradtape._core.families import elementwise
from gradtape._core.op import Array, TensorLike
from gradtape._core.sampling import Values, arrays, singles
from gradtape._ops.arithmetic import sign_of_real
from gradtape._ops.special import narrowed

ORDERS = arrays((), (3,), (2, 3), (0,), order=[1, 2], values=Values(-2.0, 2.0))


def over_power(x: Array, order: int, sense: float) -> Array:
    """Returns the Bessel function of the first kind over `x ** order`, also at 0; modified for a `sense` of 1."""
    from scipy.special import hyp0f1

    scale = 1.0
    for factor in range(1, order + 1):
        scale /= 2.0 * factor
    wide = x.astype(np.float32) if x.dtype == np.float16 else x
    return narrowed(hyp0f1(wide.dtype.type(order + 1), sense * 0.25 * (wide * wide)) * scale, x)


# I(n) / x ** n and its kin have derivatives of the same form, of the next order: nothing is divided by 0 at 0.
@elementwise(ORDERS, types=FLOATS, x=lambda g, x, order: g * (x * modified_over_power(x, order + 1)))
def modified_over_power(x: TensorLike, order: int) -> Array:
    """Returns the modified Bessel function of an order, over `x ** order`; not for users."""
    return over_power(x, order, 1.0)


@elementwise(ORDERS, types=FLOATS, x=lambda g, x, order: g * (-x * ordinary_over_power(x, order + 1)))
def ordinary_over_power(x: TensorLike, order: int) -> Array:
    """Returns the Bessel function of the first kind of an order, over `x ** order`; not for users."""
    return over_power(x, order, -1.0)


@elementwise(
    arrays((), (3,), (2, 3), (0,), order=[1, 2], values=Values(0.2, 2.0))
    + arrays((3,), order=[1, 2], values=Values(-2.0, -0.2)),
    types=FLOATS,
    x=lambda g, x, out, order: g * (x * scaled_over_power(x, order + 1) - sign_of_real(x) * out),
)
def scaled_over_power(x: TensorLike, order: int) -> Array:
    """Returns the modified Bessel function of an order times `exp(-abs(x))`, over `x ** order`; not for users."""
    from scipy.special import ive

    size = np.abs(x.astype(np.float64))
    large = np.maximum(size, 1.0)
    near = np.exp(-size) * over_power(np.minimum(size, 1.0), order, 1.0)
    return np.where(size > 1.0, ive(order, large) / large**order, near).astype(x.dtype)


@elementwise(singles(), types=FLOATS, x=lambda g, x: g * bessel_i1(x))
def bessel_i0(x: TensorLike, name: str | None = None) -> Array:
    """Returns the modified Bessel function of order 0 element-wise.

    Args:
        x: a tensor of floating-point numbers.
        name: ignored.

    Returns:
        A tensor of the dtype and shape of `x`.

    Raises:
        InvalidArgumentError: `x` is of integers, complex numbers or bools.

    >>> import gradtape as tf
    >>> tf.math.special.bessel_i0([0.5, 1.0, 2.0]).numpy().round(4)
    array([1.0635, 1.2661, 2.2796], dtype=float32)
    """
    from scipy.special import i0

    return narrowed(i0(x), x)


@elementwise(singles(), types=FLOATS, x=lambda g, x: g * (bessel_i0(x) - modified_over_power(x, 1)))
def bessel_i1(x: TensorLike, name: str | None = None) -> Array:
    """Returns the modified Bessel function of order 1 element-wise.

    Args:
        x: a tensor of floating-point numbers.
        name: ignored.

    Returns:
        A tensor of the dtype and shape of `x`.

    Raises:
        InvalidArgumentError: `x` is of integers, complex numbers or bools.

    >>> import gradtape as tf
    >>> tf.math.special.bessel_i1([0.5, 1.0, 2.0]).numpy().round(4)
    array([0.2579, 0.5652, 1.5906], dtype=float32)
    """
    from scipy.special import i1

    return narrowed(i1(x), x)


@elementwise(
    singles(0.2, 2.0) + singles(-2.0, -0.2),
    types=FLOATS,
    x=lambda g, x, out: g * (bessel_i1e(x) - sign_of_real(x) * out),
)
def bessel_i0e(x: TensorLike, name: str | None = None) -> Array:
    """Returns the modified Bessel function of order 0, times `exp(-abs(x))`, element-wise.

    Args:
        x: a tensor of floating-point numbers.
        name: ignored.

    Returns:
        A tensor of the dtype and shape of `x`.

    Raises:
        InvalidArgumentError: `x` is of integers, complex numbers or bools.

    >>> import gradtape as tf
    >>> tf.math.special.bessel_i0e([0.5, 1.0, 2.0]).numpy().round(4)
    array([0.645 , 0.4658, 0.3085], dtype=float32)
    """
    from scipy.special import i0e

    return narrowed(i0e(x), x)


@elementwise(
    singles(0.2, 2.0) + singles(-2.0, -0.2),
    types=FLOATS,
    x=lambda g, x, out: g * (bessel_i0e(x) - sign_of_real(x) * out - scaled_over_power(x, 1)),
)
def bessel_i1e(x: TensorLike, name: str | None = None) -> Array:
    """Returns the modified Bessel function of order 1, times `exp(-abs(x))`, element-wise.

    Args:
        x: a tensor of floating-point numbers.
        name: ignored.

    Returns:
        A tensor of the dtype and shape of `x`.

    Raises:
        InvalidArgumentError: `x` is of integers, complex numbers or bools.

    >>> import gradtape as tf
    >>> tf.math.special.bessel_i1e([0.5, 1.0, 2.0]).numpy().round(4)
    array([0.1564, 0.2079, 0.2153], dtype=float32)
    """
    from scipy.special import i1e

    return narrowed(i1e(x), x)


@elementwise(singles(), types=FLOATS, x=lambda g, x: -g * bessel_j1(x))
def bessel_j0(x: TensorLike, name: str | None = None) -> Array:
    """Returns the Bessel function of the first kind of order 0 element-wise.

    Args:
        x: a tensor of floating-point numbers.
        name: ignored.

    Returns:
        A tensor of the dtype and shape of `x`.

    Raises:
        InvalidArgumentError: `x` is of integers, complex numbers or bools.

    >>> import gradtape as tf
    >>> tf.math.special.bessel_j0([0.5, 1.0, 2.0]).numpy().round(4)
    array([0.9385, 0.7652, 0.2239], dtype=float32)
    """
    from scipy.special import j0

    return narrowed(j0(x), x)


@elementwise(singles(), types=FLOATS, x=lambda g, x: g * (bessel_j0(x) - ordinary_over_power(x, 1)))
def bessel_j1(x: TensorLike, name: str | None = None) -> Array:
    """Returns the Bessel function of the first kind of order 1 element-wise.

    Args:
        x: a tensor of floating-point numbers.
        name: ignored.

    Returns:
        A tensor of the dtype and shape of `x`.

    Raises:
        InvalidArgumentError: `x` is of integers, complex numbers or bools.

    >>> import gradtape as tf
    >>> tf.math.special.bessel_j1([0.5, 1.0, 2.0]).numpy().round(4)
    array([0.2423, 0.4401, 0.5767], dtype=float32)
    """
    from scipy.special import j1

    return narrowed(j1(x), x)


@elementwise(singles(0.5, 3.0), types=FLOATS, x=lambda g, x: -g * bessel_k1(x))
def bessel_k0(x: TensorLike, name: str | None = None) -> Array:
    """Returns the modified Bessel function of the second kind of order 0 element-wise; inf if `x <= 0`.

    Args:
        x: a tensor of floating-point numbers.
        name: ignored.

    Returns:
        A tensor of the dtype and shape of `x`.

    Raises:
        InvalidArgumentError: `x` is of integers, complex numbers or bools.

    >>> import gradtape as tf
    >>> tf.math.special.bessel_k0([0.5, 1.0, 2.0]).numpy().round(4)
    array([0.9244, 0.421 , 0.1139], dtype=float32)
    """
    from scipy.special import k0

    return np.where(x <= 0.0, x.dtype.type(np.inf), narrowed(k0(x), x))


@elementwise(singles(0.5, 3.0), types=FLOATS, x=lambda g, x, out: g * (-bessel_k0(x) - out / x))
def bessel_k1(x: TensorLike, name: str | None = None) -> Array:
    """Returns the modified Bessel function of the second kind of order 1 element-wise; inf if `x <= 0`.

    Args:
        x: a tensor of floating-point numbers.
        name: ignored.

    Returns:
        A tensor of the dtype and shape of `x`.

    Raises:
        InvalidArgumentError: `x` is of integers, complex numbers or bools.

    >>> import gradtape as tf
    >>> tf.math.special.bessel_k1([0.5, 1.0, 2.0]).numpy().round(4)
    array([1.6564, 0.6019, 0.1399], dtype=float32)
    """
    from scipy.special import k1

    return np.where(x <= 0.0, x.dtype.type(np.inf), narrowed(k1(x), x))


@elementwise(singles(0.5, 3.0), types=FLOATS, x=lambda g, x, out: g * (out - bessel_k1e(x)))
def bessel_k0e(x: TensorLike, name: str | None = None) -> Array:
    """Returns the modified Bessel function of the second kind and order 0 times `exp(x)` element-wise; inf if `x <= 0`.

    Args:
        x: a tensor of floating-point numbers.
        name: ignored.

    Returns:
        A tensor of the dtype and shape of `x`.

    Raises:
        InvalidArgumentError: `x` is of integers, complex numbers or bools.

    >>> import gradtape as tf
    >>> tf.math.special.bessel_k0e([0.5, 1.0, 2.0]).numpy().round(4)
    array([1.5241, 1.1445, 0.8416], dtype=float32)
    """
    from scipy.special import k0e

    return np.where(x <= 0.0, x.dtype.type(np.inf), narrowed(k0e(x), x))


@elementwise(singles(0.5, 3.0), types=FLOATS, x=lambda g, x, out: g * (out - out / x - bessel_k0e(x)))
def bessel_k1e(x: TensorLike, name: str | None = None) -> Array:
    """Returns the modified Bessel function of the second kind and order 1 times `exp(x)` element-wise; inf if `x <= 0`.

    Args:
        x: a tensor of floating-point numbers.
        name: ignored.

    Returns:
        A tensor of the dtype and shape of `x`.

    Raises:
        InvalidArgumentError: `x` is of integers, complex numbers or bools.

    >>> import gradtape as tf
    >>> tf.math.special.bessel_k1e([0.5, 1.0, 2.0]).numpy().round(4)
    array([2.731 , 1.6362, 1.0335], dtype=float32)
    """
    from scipy.special import k1e

    return np.where(x <= 0.0, x.dtype.type(np.inf), narrowed(k1e(x), x))


@elementwise(singles(0.5, 3.0), types=FLOATS, x=lambda g, x: -g * bessel_y1(x))
def bessel_y0(x: TensorLike, name: str | None = None) -> Array:
    """Returns the Bessel function of the second kind of order 0 element-wise; -inf for `x <= 0`.

    Args:
        x: a tensor of floating-point numbers.
        name: ignored.

    Returns:
        A tensor of the dtype and shape of `x`.

    Raises:
        InvalidArgumentError: `x` is of integers, complex numbers or bools.

    >>> import gradtape as tf
    >>> tf.math.special.bessel_y0([0.5, 1.0, 2.0]).numpy().round(4)
    array([-0.4445,  0.0883,  0.5104], dtype=float32)
    """
    from scipy.special import y0

    return np.where(x <= 0.0, x.dtype.type(-np.inf), narrowed(y0(x), x))


@elementwise(singles(0.5, 3.0), types=FLOATS, x=lambda g, x, out: g * (bessel_y0(x) - out / x))
def bessel_y1(x: TensorLike, name: str | None = None) -> Array:
    """Returns the Bessel function of the second kind of order 1 element-wise; -inf for `x <= 0`.

    Args:
        x: a tensor of floating-point numbers.
        name: ignored.

    Returns:
        A tensor of the dtype and shape of `x`.

    Raises:
        InvalidArgumentError: `x` is of integers, complex numbers or bools.

    >>> import gradtape as tf
    >>> tf.math.special.bessel_y1([0.5, 1.0, 2.0]).numpy().round(4)
    array([-1.4715, -0.7812, -0.107 ], dtype=float32)
    """
    from scipy.special import y1

    return np.where(x <= 0.0, x.dtype.type(-np.inf), narrowed(y1(x), x))
