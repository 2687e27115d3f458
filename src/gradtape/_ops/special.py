"""Special functions: the error function, the gamma function, their inverses, derivatives and relatives."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape._core.conversion import convert
from gradtape._core.dtypes import FLOATS, float32, float64
from gradtape._core.families import composite, elementwise
from gradtape._core.op import NOT_DIFFERENTIABLE, Array, TensorLike
from gradtape._core.sampling import Values, arrays, pairs, singles
from gradtape._core.tensor import Tensor
from gradtape._ops.exponential import exp
from gradtape._ops.parameters import Shape
from gradtape._ops.reduction import reduce_sum
from gradtape.errors import InvalidArgumentError

PRECISE = frozenset({float32.numpy, float64.numpy})
TWO_OVER_ROOT_PI = 1.1283791670955126
HALF_ROOT_PI = 0.886226925452758
ROOT_TWO_PI = 2.5066282746310002
ROOT_HALF = 0.7071067811865476


class WholeValues(Values):
    """Whole numbers, in the dtype that is asked for."""

    def array(self, shape: Shape, dtype: Any, generator: np.random.Generator) -> Any:
        """Returns an array of `shape`."""
        return np.asarray(np.floor(super().array(shape, dtype, generator)))


def narrowed(out: Array, x: Array) -> Array:
    """Returns a result in the dtype of `x`: SciPy computes half precision in a wider one."""
    return out if out.dtype == x.dtype else out.astype(x.dtype)


@elementwise(singles(), types=FLOATS, x=lambda g, x: g * (TWO_OVER_ROOT_PI * exp(-(x * x))))
def erf(x: TensorLike, name: str | None = None) -> Array:
    """Returns the error function, `2 / sqrt(pi)` times the integral of `exp(-t ** 2)` from 0 to `x`, element-wise.

    Args:
        x: a tensor of floating-point numbers.
        name: ignored.

    Returns:
        A tensor of the dtype and shape of `x`.

    Raises:
        InvalidArgumentError: `x` is of integers, complex numbers or bools.

    >>> import gradtape as tf
    >>> tf.math.erf([0.0, 0.5, 2.0]).numpy().round(4)
    array([0.    , 0.5205, 0.9953], dtype=float32)
    """
    from scipy.special import erf as function

    return narrowed(function(x), x)


@elementwise(singles(), types=FLOATS, x=lambda g, x: g * (-TWO_OVER_ROOT_PI * exp(-(x * x))))
def erfc(x: TensorLike, name: str | None = None) -> Array:
    """Returns `1 - erf(x)` element-wise, exact also where it is small.

    Args:
        x: a tensor of floating-point numbers.
        name: ignored.

    Returns:
        A tensor of the dtype and shape of `x`.

    Raises:
        InvalidArgumentError: `x` is of integers, complex numbers or bools.

    >>> import gradtape as tf
    >>> tf.math.erfc([0.0, 0.5, 2.0]).numpy().round(4)
    array([1.    , 0.4795, 0.0047], dtype=float32)
    """
    from scipy.special import erfc as function

    return narrowed(function(x), x)


@elementwise(singles(-0.8, 0.8), types=PRECISE, x=lambda g, out: g * (HALF_ROOT_PI * exp(out * out)))
def erfinv(x: TensorLike, name: str | None = None) -> Array:
    """Returns the inverse of the error function element-wise; NaN outside of [-1, 1].

    Args:
        x: a tensor of float32 or float64.
        name: ignored.

    Returns:
        A tensor of the dtype and shape of `x`.

    Raises:
        InvalidArgumentError: `x` is of another dtype.

    >>> import gradtape as tf
    >>> tf.math.erfinv([0.0, 0.5, 1.0]).numpy().round(4)
    array([0.    , 0.4769,    inf], dtype=float32)
    """
    from scipy.special import erfinv as function

    return function(x)


@elementwise(singles(0.1, 0.9), types=PRECISE, x=lambda g, out: g * (ROOT_TWO_PI * exp(0.5 * (out * out))))
def ndtri(x: TensorLike, name: str | None = None) -> Array:
    """Returns the quantiles of the standard normal distribution element-wise; NaN outside of [0, 1].

    Args:
        x: a tensor of float32 or float64.
        name: ignored.

    Returns:
        A tensor of the dtype and shape of `x`.

    Raises:
        InvalidArgumentError: `x` is of another dtype.

    >>> import gradtape as tf
    >>> tf.math.ndtri([0.5, 0.975, 1.0]).numpy().round(4)
    array([0.  , 1.96,  inf], dtype=float32)
    """
    from scipy.special import ndtri as function

    return function(x)


@elementwise(singles(0.3, 4.0) + singles(-1.8, -1.2), types=FLOATS, x=lambda g, x: g * digamma(x))
def lgamma(x: TensorLike, name: str | None = None) -> Array:
    """Returns the logarithm of the absolute value of the gamma function element-wise.

    Args:
        x: a tensor of floating-point numbers.
        name: ignored.

    Returns:
        A tensor of the dtype and shape of `x`.

    Raises:
        InvalidArgumentError: `x` is of integers, complex numbers or bools.

    >>> import gradtape as tf
    >>> tf.math.lgamma([0.5, 1.0, 4.0]).numpy().round(4)
    array([0.5724, 0.    , 1.7918], dtype=float32)
    """
    from scipy.special import gammaln

    return np.where(np.equal(x, -np.inf), x.dtype.type(np.inf), narrowed(gammaln(x), x))


@elementwise(singles(0.4, 4.0) + singles(-1.7, -1.3), types=FLOATS, x=lambda g, x: g * polygamma_of(x, 1))
def digamma(x: TensorLike, name: str | None = None) -> Array:
    """Returns the derivative of `lgamma` element-wise; NaN at 0 and at the negative whole numbers.

    Args:
        x: a tensor of floating-point numbers.
        name: ignored.

    Returns:
        A tensor of the dtype and shape of `x`.

    Raises:
        InvalidArgumentError: `x` is of integers, complex numbers or bools.

    >>> import gradtape as tf
    >>> tf.math.digamma([0.5, 1.0, 4.0]).numpy().round(4)
    array([-1.9635, -0.5772,  1.2561], dtype=float32)
    """
    from scipy.special import digamma as function

    return np.where(np.equal(x, 0.0), x.dtype.type(np.nan), narrowed(function(x), x))


def hurwitz(x: Array, q: Array) -> Array:
    """Returns the Hurwitz zeta function; at its poles, infinity or NaN as in TensorFlow."""
    from scipy.special import zeta as function

    with np.errstate(invalid="ignore"):
        pole = (q <= 0.0) & (q == np.floor(q)) & (x > 1.0) & (x % 2.0 != 0.0)
    return np.where(pole, x.dtype.type(np.nan), function(x, q))


def derivative_of_digamma(order: Array, x: Array) -> Array:
    """Returns the derivative of digamma of an order that is not 0, which is ±`order! * zeta(order + 1, x)`."""
    from scipy.special import gamma

    found = gamma(order + 1.0) * hurwitz(order + 1.0, x)
    with np.errstate(invalid="ignore"):
        return np.where(order % 2.0 == 0.0, -found, found)


@elementwise(
    arrays((), (3,), (2, 3), (0,), order=[1, 2], values=Values(0.5, 4.0)),
    types=FLOATS,
    x=lambda g, x, order: g * polygamma_of(x, order + 1),
)
def polygamma_of(x: TensorLike, order: int) -> Array:
    """Returns the derivative of digamma of one order, a positive integer; not for users."""
    wide = x.astype(np.float32) if x.dtype == np.float16 else x
    return narrowed(derivative_of_digamma(wide.dtype.type(order), wide), x)


@elementwise(
    arrays(
        ((), ()),
        ((3,), (3,)),
        ((2, 3), (3,)),
        ((2, 1), (1, 3)),
        ((), (2, 2)),
        ((0,), (1,)),
        values=(WholeValues(0.0, 3.0), Values(0.5, 4.0)),
    ),
    types=PRECISE,
    a=NOT_DIFFERENTIABLE,
    x=lambda g, a, x: g * polygamma(a + 1.0, x),
)
def polygamma(a: TensorLike, x: TensorLike, name: str | None = None) -> Array:
    """Returns the derivatives of `digamma` of the orders `a`, element-wise; NaN where an order is no whole number.

    There is no gradient with respect to `a`.

    Args:
        a: a tensor of float32 or float64: whole numbers, 0 or more.
        x: a tensor of the dtype of `a`, of a shape that broadcasts with it.
        name: ignored.

    Returns:
        A tensor of that dtype and the shape that both broadcast to.

    Raises:
        InvalidArgumentError: the dtypes differ or are others, or the shapes do not broadcast.

    >>> import gradtape as tf
    >>> tf.math.polygamma([0.0, 1.0, 2.0], 1.0).numpy().round(4)
    array([-0.5772,  1.6449, -2.4041], dtype=float32)
    """
    from scipy.special import digamma as function

    with np.errstate(invalid="ignore"):
        derived = np.where((a > 0.0) & (a == np.floor(a)), derivative_of_digamma(a, x), x.dtype.type(np.nan))
        # At 0 SciPy's digamma is infinite and TensorFlow's is NaN.
        return np.where((a == 0.0) & (x != 0.0), function(x), derived)


@elementwise(
    pairs(1.5, 4.0, second=(0.5, 4.0)),
    types=PRECISE,
    x=NOT_DIFFERENTIABLE,
    q=lambda g, x, q: g * (-x * zeta(x + 1.0, q)),
)
def zeta(x: TensorLike, q: TensorLike, name: str | None = None) -> Array:
    """Returns the Hurwitz zeta function, the sum of `(n + q) ** -x` over `n = 0, 1, 2, …`, element-wise.

    There is no gradient with respect to `x`.

    Args:
        x: a tensor of float32 or float64; below 1 the result is NaN.
        q: a tensor of the dtype of `x`, of a shape that broadcasts with it.
        name: ignored.

    Returns:
        A tensor of that dtype and the shape that both broadcast to.

    Raises:
        InvalidArgumentError: the dtypes differ or are others, or the shapes do not broadcast.

    >>> import gradtape as tf
    >>> tf.math.zeta([2.0, 3.0], 1.0).numpy().round(4)
    array([1.6449, 1.2021], dtype=float32)
    """
    return hurwitz(x, q)


@composite(singles(0.2, 1.8))
def erfcinv(x: TensorLike, name: str | None = None) -> Tensor:
    """Returns the inverse of `erfc` element-wise; NaN outside of [0, 2].

    Args:
        x: a tensor of float32 or float64.
        name: ignored.

    Returns:
        A tensor of the dtype and shape of `x`.

    Raises:
        InvalidArgumentError: `x` is of another dtype with a fraction.
        TypeError: `x` is of integers.

    >>> import gradtape as tf
    >>> tf.math.erfcinv([0.2, 1.5, 2.0]).numpy().round(4)
    array([ 0.9062, -0.4769,    -inf], dtype=float32)
    """
    return -ndtri(0.5 * convert(x)) * ROOT_HALF


@composite(arrays((3,), (2, 3), (2, 2, 1), (0, 2), values=Values(0.5, 3.0)))
def lbeta(x: TensorLike, name: str | None = None) -> Tensor:
    """Returns the logarithm of the absolute value of the beta function of the numbers along the last axis.

    That is the sum of `lgamma(x)`, less `lgamma` of the sum of `x`; -inf of no numbers.

    Args:
        x: a tensor of shape `[..., n]` of floating-point numbers.
        name: ignored.

    Returns:
        A tensor of shape `[...]`.

    Raises:
        InvalidArgumentError: `x` is scalar, or not of floating-point numbers.

    >>> import gradtape as tf
    >>> tf.math.lbeta([1.0, 2.0, 3.0]).numpy().round(4)
    np.float32(-4.0943)
    """
    x = convert(x)
    if not x._value.ndim:
        raise InvalidArgumentError("lbeta works along the last axis of `x`, and a scalar has none; got shape [].")
    return reduce_sum(lgamma(x), -1) - lgamma(reduce_sum(x, -1))
