"""Special functions that are integrals: the exponential integral, Dawson's, Fresnel's and Spence's."""

from __future__ import annotations

import numpy as np

from gradtape._core.families import elementwise
from gradtape._core.op import Array, TensorLike
from gradtape._core.sampling import Values, arrays, singles
from gradtape._ops.exponential import exp
from gradtape._ops.special import PRECISE
from gradtape._ops.trigonometry import cos, sin

HALF_PI = 1.5707963267948966


@elementwise(singles(), types=PRECISE, x=lambda g, x, out: g * (1.0 - 2.0 * (x * out)))
def dawsn(x: TensorLike, name: str | None = None) -> Array:
    """Returns Dawson's integral, `exp(-x ** 2)` times the integral of `exp(t ** 2)` from 0 to `x`, element-wise.

    Args:
        x: a tensor of float32 or float64.
        name: ignored.

    Returns:
        A tensor of the dtype and shape of `x`.

    Raises:
        InvalidArgumentError: `x` is of another dtype.

    >>> import gradtape as tf
    >>> tf.math.special.dawsn([0.0, 0.5, 2.0]).numpy().round(4)
    array([0.    , 0.4244, 0.3013], dtype=float32)
    """
    from scipy.special import dawsn as function

    return function(x)


@elementwise(singles(0.4, 3.0), types=PRECISE, x=lambda g, x: g * (exp(x) / x))
def expint(x: TensorLike, name: str | None = None) -> Array:
    """Returns the integral of `exp(t) / t` from minus infinity to `x`, element-wise; NaN for `x < 0`.

    Args:
        x: a tensor of float32 or float64.
        name: ignored.

    Returns:
        A tensor of the dtype and shape of `x`.

    Raises:
        InvalidArgumentError: `x` is of another dtype.

    >>> import gradtape as tf
    >>> tf.math.special.expint([0.5, 1.0, 2.0]).numpy().round(4)
    array([0.4542, 1.8951, 4.9542], dtype=float32)
    """
    from scipy.special import expi

    return np.where(x < 0.0, x.dtype.type(np.nan), expi(x))


@elementwise(singles(), types=PRECISE, x=lambda g, x: g * sin(HALF_PI * (x * x)))
def fresnel_sin(x: TensorLike, name: str | None = None) -> Array:
    """Returns Fresnel's integral, that of `sin(pi / 2 * t ** 2)` from 0 to `x`, element-wise.

    Args:
        x: a tensor of float32 or float64.
        name: ignored.

    Returns:
        A tensor of the dtype and shape of `x`.

    Raises:
        InvalidArgumentError: `x` is of another dtype.

    >>> import gradtape as tf
    >>> tf.math.special.fresnel_sin([0.0, 0.5, 2.0]).numpy().round(4)
    array([0.    , 0.0647, 0.3434], dtype=float32)
    """
    from scipy.special import fresnel

    # From here on the result is a half to the last bit; SciPy squares, which overflows.
    return fresnel(np.clip(x, -1e17, 1e17))[0]


@elementwise(singles(), types=PRECISE, x=lambda g, x: g * cos(HALF_PI * (x * x)))
def fresnel_cos(x: TensorLike, name: str | None = None) -> Array:
    """Returns Fresnel's integral, that of `cos(pi / 2 * t ** 2)` from 0 to `x`, element-wise.

    Args:
        x: a tensor of float32 or float64.
        name: ignored.

    Returns:
        A tensor of the dtype and shape of `x`.

    Raises:
        InvalidArgumentError: `x` is of another dtype.

    >>> import gradtape as tf
    >>> tf.math.special.fresnel_cos([0.0, 0.5, 2.0]).numpy().round(4)
    array([0.    , 0.4923, 0.4883], dtype=float32)
    """
    from scipy.special import fresnel

    return fresnel(np.clip(x, -1e17, 1e17))[1]


@elementwise(
    arrays((), (3,), (2, 3), (0,), order=[0, 1, 2], values=Values(0.3, 3.0)),
    types=PRECISE,
    x=lambda g, x, order: g * derivative_of_spence(x, order + 1),
)
def derivative_of_spence(x: TensorLike, order: int) -> Array:
    """Returns the derivative of order `order` of `log(x) / (1 - x)`, which is smooth at 1; not for users."""
    from scipy.special import hyp2f1

    if not order:
        apart = np.where(x == 1.0, x.dtype.type(2.0), x)
        return np.where(x == 1.0, x.dtype.type(-1.0), np.log(apart) / (1.0 - apart))
    # It is the integral of -1 / (1 + t (x - 1)) over 0 < t < 1; its derivatives are Euler's integral for 2F1, which
    # Pfaff's transformation brings to arguments between 0 and 1.
    size = 1.0
    for factor in range(1, order + 1):
        size *= -factor
    n = order + 1.0
    above = np.maximum(x, 1.0)
    far = above**-n * hyp2f1(n, 1.0, n + 1.0, (above - 1.0) / above)
    near = hyp2f1(n, n, n + 1.0, 1.0 - np.minimum(x, 1.0))
    return (np.where(x > 1.0, far, near) * (-size / n)).astype(x.dtype)


@elementwise(singles(0.3, 3.0), types=PRECISE, x=lambda g, x: g * derivative_of_spence(x, 0))
def spence(x: TensorLike, name: str | None = None) -> Array:
    """Returns Spence's integral, that of `log(t) / (1 - t)` from 1 to `x`, element-wise; NaN for `x < 0`.

    Args:
        x: a tensor of float32 or float64.
        name: ignored.

    Returns:
        A tensor of the dtype and shape of `x`.

    Raises:
        InvalidArgumentError: `x` is of another dtype.

    >>> import gradtape as tf
    >>> tf.math.special.spence([0.5, 1.0, 2.0]).numpy().round(4)
    array([ 0.5822,  0.    , -0.8225], dtype=float32)
    """
    from scipy.special import spence as function

    return function(x)
