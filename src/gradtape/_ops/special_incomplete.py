"""The incomplete gamma functions, with derivatives of every order in both of their parameters."""

from __future__ import annotations

from math import comb
from typing import Any

import numpy as np

from gradtape._core.families import elementwise
from gradtape._core.op import Array, TensorLike
from gradtape._core.sampling import Values, arrays
from gradtape._ops.special import PRECISE

# The quadrature for half-lines of Takahasi and Mori, Double exponential formulas for numerical integration (1974).
STEP, FIRST, LAST = 0.05, -80, 64
# How many integrals are computed at once: their nodes are to fit into the cache.
BLOCK = 512
# From here on Stirling's series for the gamma function has double precision.
LARGE = 20.0
SHAPES = (((), ()), ((3,), (3,)), ((2, 1), (1, 3)), ((), (2, 2)), ((0,), (1,)))
POSITIVE = Values(0.5, 4.0)


def bell(derivatives: list[Any], order: int) -> Any:
    """Returns the derivative of a density, divided by the density, given those of its logarithm.

    It is the complete Bell polynomial of Riordan, An Introduction to Combinatorial Analysis (1958), section 2.8.
    """
    found: list[Any] = [1.0]
    for n in range(order):
        found.append(sum(comb(n, i) * found[n - i] * derivatives[i] for i in range(n + 1)))
    return found[order]


def log_density(a: Array, x: Array) -> Array:
    """Returns the logarithm of `x ** a * exp(-x) / gamma(a)`, without a difference of large numbers."""
    from scipy.special import gammaln

    large = np.maximum(a, LARGE)
    ratio = x / large
    square = large * large
    correction = (1 / 12 - (1 / 360 - (1 / 1260 - 1 / (1680 * square)) / square) / square) / large
    far = large * (np.log(ratio) - (ratio - 1.0)) + 0.5 * np.log(large / (2.0 * np.pi)) - correction
    return np.where(a >= LARGE, far, a * np.log(x) - x - gammaln(a))


def digammas(a: Array, order: int) -> list[Any]:
    """Returns the first `order` derivatives of the logarithm of the gamma function."""
    from scipy.special import digamma, polygamma

    return [polygamma(n, a) if n else digamma(a) for n in range(order)]


def integrals(a: Array, x: Array, order: int) -> Array:
    """Returns derivatives in `a` of the regularized lower function, at arrays of one dimension of float64.

    They are integrals of the density's derivative over one of its tails: the one in which it changes its sign least. In
    the logarithm of the variable, counted from `x`, the tail is a half-line on which the density decays.
    """
    places = np.arange(FIRST, LAST) * STEP
    nodes = np.exp(np.pi / 2 * np.sinh(places))
    weights = nodes * (np.pi / 2 * STEP) * np.cosh(places)
    lower = x < np.maximum(a, 1.0)
    sign = np.where(lower, -1.0, 1.0)
    decay = np.where(
        lower,
        np.maximum(a - x, np.minimum(np.sqrt(a), a)),
        np.maximum(x - a + np.sqrt(x), 1.0 / (1.0 + np.log1p(1.0 / x))),
    )
    way = sign[:, None] * (nodes / decay[:, None])
    density = np.exp(a[:, None] * way - x[:, None] * np.expm1(way))
    first, *others = digammas(a, order)
    slopes = [(np.log(x) - first)[:, None] + way, *(-each[:, None] for each in others)]
    # Far out the density is 0 and its factor may be infinite.
    parts = np.where(density == 0.0, 0.0, density * bell(slopes, order))
    found: Array = -sign * np.exp(log_density(a, x)) / decay * (parts @ weights)
    return found


@elementwise(
    arrays(*SHAPES, order=[0, 1], values=POSITIVE),
    types=PRECISE,
    a=lambda g, a, x, order: g * gamma_density(a, x, order + 1),
    x=lambda g, a, x, out, order: g * slope_of_density(a, x, out, order),
)
def gamma_density(a: TensorLike, x: TensorLike, order: int) -> Array:
    """Returns a derivative in `a` of `x ** (a - 1) * exp(-x) / gamma(a)`; not for users."""
    from scipy.special import xlogy

    wide, at = np.asarray(a, np.float64), np.asarray(x, np.float64)
    with np.errstate(all="ignore"):
        density = np.exp(log_density(wide, at) - np.log(at))
        if order:
            first, *others = digammas(wide, order)
            density = np.where(density == 0.0, 0.0, density * bell([np.log(at) - first, *(-n for n in others)], order))
        else:
            from scipy.special import gammaln

            density = np.where(at == 0.0, np.exp(xlogy(wide - 1.0, at) - gammaln(wide)), density)
    return density.astype(x.dtype)


def slope_of_density(a: Any, x: Any, out: Any, order: int) -> Any:
    """The derivative in `x` of `gamma_density`."""
    slope = ((a - 1.0) / x - 1.0) * out
    return slope + order / x * gamma_density(a, x, order - 1) if order else slope


@elementwise(
    arrays(*SHAPES, order=[1, 2], values=POSITIVE),
    types=PRECISE,
    a=lambda g, a, x, order: g * igamma_by_shape(a, x, order + 1),
    x=lambda g, a, x, order: g * gamma_density(a, x, order),
)
def igamma_by_shape(a: TensorLike, x: TensorLike, order: int) -> Array:
    """Returns a derivative in `a` of `igamma`, of an order from 1 on; not for users."""
    shape = np.broadcast_shapes(a.shape, x.shape)
    wide, at = (np.broadcast_to(each, shape).astype(np.float64).ravel() for each in (a, x))
    out = np.full(wide.shape, np.nan)
    out[(wide > 0.0) & ((at == 0.0) | np.isposinf(at))] = 0.0
    (inside,) = np.nonzero((wide > 0.0) & (at > 0.0) & np.isfinite(wide) & np.isfinite(at))
    with np.errstate(all="ignore"):
        for start in range(0, inside.size, BLOCK):
            part = inside[start : start + BLOCK]
            out[part] = integrals(wide[part], at[part], order)
    return out.reshape(shape).astype(x.dtype)


@elementwise(
    arrays(*SHAPES, values=POSITIVE),
    types=PRECISE,
    a=lambda g, a, x: g * igamma_by_shape(a, x, 1),
    x=lambda g, a, x: g * gamma_density(a, x, 0),
)
def igamma(a: TensorLike, x: TensorLike, name: str | None = None) -> Array:
    """Returns the regularized lower incomplete gamma function, element-wise.

    It is the integral of `t ** (a - 1) * exp(-t)` from 0 to `x`, divided by `gamma(a)`. It has derivatives in both
    parameters, of any order.

    Args:
        a: a tensor of float32 or float64; NaN where it is not positive.
        x: a tensor of the same dtype, of a shape that broadcasts with that of `a`; NaN where it is negative.
        name: ignored.

    Returns:
        A tensor of the shape that both broadcast to.

    Raises:
        InvalidArgumentError: the dtypes differ or are not of these, or the shapes do not broadcast.

    >>> import gradtape as tf
    >>> tf.math.igamma([1.0, 2.0], [0.5, 0.5]).numpy().round(4)
    array([0.3935, 0.0902], dtype=float32)
    """
    from scipy.special import gammainc

    outside = np.where((a == 0.0) & (x == 0.0), x.dtype.type(0.0), x.dtype.type(np.nan))
    return np.where(a <= 0.0, outside, gammainc(a, x))


@elementwise(
    arrays(*SHAPES, values=POSITIVE),
    types=PRECISE,
    a=lambda g, a, x: g * -igamma_by_shape(a, x, 1),
    x=lambda g, a, x: g * -gamma_density(a, x, 0),
)
def igammac(a: TensorLike, x: TensorLike, name: str | None = None) -> Array:
    """Returns the regularized upper incomplete gamma function, `1 - igamma(a, x)`, element-wise.

    Args:
        a: a tensor of float32 or float64; NaN where it is not positive.
        x: a tensor of the same dtype, of a shape that broadcasts with that of `a`; NaN where it is negative.
        name: ignored.

    Returns:
        A tensor of the shape that both broadcast to.

    Raises:
        InvalidArgumentError: the dtypes differ or are not of these, or the shapes do not broadcast.

    >>> import gradtape as tf
    >>> tf.math.igammac([1.0, 2.0], [0.5, 0.5]).numpy().round(4)
    array([0.6065, 0.9098], dtype=float32)
    """
    from scipy.special import gammaincc

    return np.where(a <= 0.0, x.dtype.type(np.nan), gammaincc(a, x))
