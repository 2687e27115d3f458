"""How a gamma number moves with its shape parameter: implicit reparameterisation, to any order.

A number `z` with the distribution function `P(a, z)` and the density `f(a, z)` moves by `-(dP/da) / f` (Figurnov,
Mohamed and Mnih, "Implicit reparameterization gradients", 2018). `P / f` is the series of `z ** (k + 1) / (a)_(k + 1)`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape._core.dtypes import FLOATS
from gradtape._core.families import elementwise
from gradtape._core.op import NOT_DIFFERENTIABLE, Array, TensorLike
from gradtape._core.sampling import Values, arrays
from gradtape._ops.exponential import log
from gradtape._ops.special import digamma


def _pull_ratio(g: Any, a: Any, z: Any, out: Any, order: int) -> Any:
    """Returns the cotangent of `z`: the series satisfies `dS/dz = 1 + S * (1 - (a - 1) / z)`."""
    slope = out * (1.0 - (a - 1.0) / z)
    if order == 0:
        return g * (slope + 1.0)
    return g * (slope - float(order) * gamma_ratio(a, z, order - 1) / z)


@elementwise(
    arrays(((2, 3), (3,)), values=Values(0.6, 3.0), order=[0, 1]),
    types=FLOATS,
    a=lambda g, a, z, order: g * gamma_ratio(a, z, order + 1),
    z=_pull_ratio,
)
def gamma_ratio(a: TensorLike, z: TensorLike, order: int = 0) -> Array:
    """Returns a derivative by `a` of a gamma distribution's function over its density; not for users."""
    shape, dtype = np.broadcast_shapes(np.shape(a), np.shape(z)), np.result_type(a, z)
    low, number = np.asarray(a, np.float64), np.asarray(z, np.float64)
    terms = [np.ones(shape)] + [np.zeros(shape) for _ in range(order)]
    total = np.zeros(shape)
    with np.errstate(all="ignore"):
        for step in range(1_000_000):
            previous: Any = 0.0
            for n, term in enumerate(terms):
                # By differentiating (a + k) * term(k) = z * term(k - 1).
                previous = terms[n] = (number * term - n * previous) / (low + step)
            total += terms[order]
            done = np.abs(terms[order]) <= 1e-17 * np.abs(total)
            if (done | ~np.isfinite(total)).all() and step > order:
                break
    return total.astype(dtype)


def gamma_slope(a: Any, z: Any) -> Any:
    """Returns how fast gamma numbers `z` grow with the shape parameter `a`."""
    return -(gamma_ratio(a, z, 0) * (log(z) - digamma(a)) + gamma_ratio(a, z, 1))


@elementwise(
    arrays(((2, 3), (3,), (2, 3)), values=Values(0.8, 2.5)),
    types=FLOATS,
    alpha=lambda g, alpha, out: g * gamma_slope(alpha, out),
    anchor=NOT_DIFFERENTIABLE,
    sample=NOT_DIFFERENTIABLE,
)
def gamma_moved(alpha: TensorLike, anchor: TensorLike, sample: TensorLike) -> Array:
    """Returns gamma numbers drawn for `anchor`, moved to the same quantile for `alpha`; not for users."""
    if np.array_equal(alpha, anchor):
        return np.broadcast_to(sample, np.broadcast_shapes(np.shape(alpha), np.shape(sample)))
    from scipy.special import gammainc, gammaincinv

    quantile = gammaincinv(np.asarray(alpha, np.float64), gammainc(np.asarray(anchor, np.float64), sample))
    return np.asarray(quantile, np.result_type(sample))
