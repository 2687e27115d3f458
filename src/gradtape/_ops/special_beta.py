"""The incomplete beta function, with derivatives of every order in all of its parameters."""

from __future__ import annotations

from math import comb
from typing import Any

import numpy as np

from gradtape._core.families import elementwise
from gradtape._core.op import Array, TensorLike
from gradtape._core.sampling import Values, arrays
from gradtape._ops.special import PRECISE
from gradtape._ops.special_incomplete import BLOCK, FIRST, LAST, STEP, digammas

SHAPES = (((), (), ()), ((3,), (3,), (3,)), ((), (), (2, 2)), ((0,), (), (0,)))
VALUES = (Values(0.5, 4.0), Values(0.5, 4.0), Values(0.1, 0.9))


def bell_of_two(slopes: dict[tuple[int, int], Any], j: int, k: int) -> Any:
    """Returns a mixed derivative of a density, divided by the density, given those of its logarithm."""
    found: dict[tuple[int, int], Any] = {(0, 0): 1.0}
    for n in range(1, k + 1):
        found[0, n] = sum(comb(n - 1, i) * found[0, n - 1 - i] * slopes[0, i + 1] for i in range(n))
    for m in range(1, j + 1):
        for n in range(k + 1):
            found[m, n] = sum(
                comb(m - 1, h) * comb(n, i) * found[m - 1 - h, n - i] * slopes[h + 1, i]
                for h in range(m)
                for i in range(n + 1)
            )
    return found[j, k]


def slopes_of_log(a: Array, b: Array, log_x: Array, log_y: Array, j: int, k: int) -> dict[tuple[int, int], Any]:
    """Returns the derivatives in `a` and `b` of `a * log_x + b * log_y - lbeta(a, b)`."""
    of_both = digammas(a + b, j + k)
    slopes: dict[tuple[int, int], Any] = {
        (m, n): of_both[m + n - 1] for m in range(j + 1) for n in range(k + 1) if m or n
    }
    for m, each in enumerate(digammas(a, j), 1):
        slopes[m, 0] = slopes[m, 0] - each
    for n, each in enumerate(digammas(b, k), 1):
        slopes[0, n] = slopes[0, n] - each
    if j:
        slopes[1, 0] = slopes[1, 0] + log_x
    if k:
        slopes[0, 1] = slopes[0, 1] + log_y
    return slopes


def lower_tail(a: Array, b: Array, x: Array, y: Array, j: int, k: int) -> Array:
    """Returns the integral of the density's mixed derivative up to `x`; `y` is `1 - x`.

    In the logarithm of the odds, counted down from `x`, the tail is a half-line on which the density decays.
    """
    from scipy.special import betaln

    places = np.arange(FIRST, LAST) * STEP
    nodes = np.exp(np.pi / 2 * np.sinh(places))
    weights = nodes * (np.pi / 2 * STEP) * np.cosh(places)
    decay = np.maximum(a - (a + b) * x, np.minimum(np.sqrt(a), a))
    way = nodes / decay[:, None]
    a, b, x, y = a[:, None], b[:, None], x[:, None], y[:, None]
    shrunk = np.log1p(x * np.expm1(-way))
    density = np.exp(-a * way - (a + b) * shrunk)
    slopes = slopes_of_log(a, b, np.log(x) - way - shrunk, np.log(y) - shrunk, j, k)
    parts = np.where(density == 0.0, 0.0, density * bell_of_two(slopes, j, k))
    front = np.exp(a * np.log(x) + b * np.log(y) - betaln(a, b))
    found: Array = front[:, 0] / decay * (parts @ weights)
    return found


def log_of_rest(x: Array) -> Array:
    """Returns `log(1 - x)`."""
    return np.log1p(-x)


@elementwise(
    arrays(*SHAPES, j=[0, 1], k=[0, 1], values=VALUES),
    types=PRECISE,
    a=lambda g, a, b, x, j, k: g * beta_density(a, b, x, j + 1, k),
    b=lambda g, a, b, x, j, k: g * beta_density(a, b, x, j, k + 1),
    x=lambda g, a, b, x, out, j, k: g * slope_of_beta_density(a, b, x, out, j, k),
)
def beta_density(a: TensorLike, b: TensorLike, x: TensorLike, j: int, k: int) -> Array:
    """Returns a derivative in `a` and `b` of `x ** (a - 1) * (1 - x) ** (b - 1) / beta(a, b)`; not for users."""
    from scipy.special import betaln, xlog1py, xlogy

    one, two, at = (np.asarray(each, np.float64) for each in (a, b, x))
    with np.errstate(all="ignore"):
        density = np.exp(xlogy(one - 1.0, at) + xlog1py(two - 1.0, -at) - betaln(one, two))
        if j or k:
            factor = bell_of_two(slopes_of_log(one, two, np.log(at), log_of_rest(at), j, k), j, k)
            density = np.where(density == 0.0, 0.0, density * factor)
    return density.astype(x.dtype)


def slope_of_beta_density(a: Any, b: Any, x: Any, out: Any, j: int, k: int) -> Any:
    """The derivative in `x` of `beta_density`."""
    slope = ((a - 1.0) / x - (b - 1.0) / (1.0 - x)) * out
    if j:
        slope = slope + j / x * beta_density(a, b, x, j - 1, k)
    if k:
        slope = slope - k / (1.0 - x) * beta_density(a, b, x, j, k - 1)
    return slope


@elementwise(
    arrays(*SHAPES, j=[1], k=[0, 1], values=VALUES) + arrays(((), (), ()), j=[0], k=[1], values=VALUES),
    types=PRECISE,
    a=lambda g, a, b, x, j, k: g * betainc_by_shapes(a, b, x, j + 1, k),
    b=lambda g, a, b, x, j, k: g * betainc_by_shapes(a, b, x, j, k + 1),
    x=lambda g, a, b, x, j, k: g * beta_density(a, b, x, j, k),
)
def betainc_by_shapes(a: TensorLike, b: TensorLike, x: TensorLike, j: int, k: int) -> Array:
    """Returns a derivative in `a` and `b` of `betainc`, of an order from 1 on; not for users."""
    shape = np.broadcast_shapes(a.shape, b.shape, x.shape)
    one, two, at = (np.broadcast_to(each, shape).astype(np.float64).ravel() for each in (a, b, x))
    out = np.full(one.shape, np.nan)
    valid = (one > 0.0) & (two > 0.0) & np.isfinite(one) & np.isfinite(two)
    out[valid & ((at == 0.0) | (at == 1.0))] = 0.0
    valid &= (at > 0.0) & (at < 1.0)
    # The integral over everything is 0: what lies below is minus what lies above, which is a lower tail the other way.
    below = at * (one + two) <= one
    with np.errstate(all="ignore"):
        for here, mirrored in ((valid & below, False), (valid & ~below, True)):
            (places,) = np.nonzero(here)
            for start in range(0, places.size, BLOCK):
                part = places[start : start + BLOCK]
                p, q, z = one[part], two[part], at[part]
                out[part] = -lower_tail(q, p, 1.0 - z, z, k, j) if mirrored else lower_tail(p, q, z, 1.0 - z, j, k)
    return out.reshape(shape).astype(x.dtype)


@elementwise(
    arrays(*SHAPES, values=VALUES),
    types=PRECISE,
    a=lambda g, a, b, x: g * betainc_by_shapes(a, b, x, 1, 0),
    b=lambda g, a, b, x: g * betainc_by_shapes(a, b, x, 0, 1),
    x=lambda g, a, b, x: g * beta_density(a, b, x, 0, 0),
)
def betainc(a: TensorLike, b: TensorLike, x: TensorLike, name: str | None = None) -> Array:
    """Returns the regularized incomplete beta function, element-wise.

    It is the integral of `t ** (a - 1) * (1 - t) ** (b - 1)` from 0 to `x`, divided by `beta(a, b)`. It has derivatives
    in all parameters, of any order.

    Args:
        a: a tensor of float32 or float64; NaN where it is not positive.
        b: a tensor of the same dtype; NaN where it is not positive.
        x: a tensor of the same dtype; NaN where it is not between 0 and 1.
        name: ignored.

    Returns:
        A tensor of the shape that all broadcast to.

    Raises:
        InvalidArgumentError: the dtypes differ or are not of these, or the shapes do not broadcast.

    >>> import gradtape as tf
    >>> tf.math.betainc(2.0, 3.0, [0.25, 0.5]).numpy().round(4)
    array([0.2617, 0.6875], dtype=float32)
    """
    from scipy.special import betainc as function

    positive = (a > 0.0) & (b > 0.0) & np.isfinite(a) & np.isfinite(b)
    return np.where(positive, function(a, b, x), x.dtype.type(np.nan))
