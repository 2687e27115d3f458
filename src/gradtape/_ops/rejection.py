"""Random numbers by rejection: gamma, Poisson, binomial and truncated normal numbers over Philox streams.

An output owns a stretch of blocks, so that outputs don't depend on one another: all of them are drawn side by side, and
those whose proposal was refused try again. Blocks, their order of use and the tests are those of TensorFlow's kernels.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from gradtape._ops.philox import RESERVED_BLOCKS, Array, Philox, box_muller_float64, normal, uniform, unit_float64
from gradtape.errors import InvalidArgumentError

_PIECE = 8192  # outputs drawn side by side
_BLOCKS_OF_INVERSION = 42  # that a binomial number found by inversion owns

# Logarithms of k! less those of its Stirling approximation, k = 0..9.
_STIRLING_TAILS = np.array(
    [
        0.0810614667953272,
        0.0413406959554092,
        0.0276779256849983,
        0.02079067210376509,
        0.0166446911898211,
        0.0138761288230707,
        0.0118967099458917,
        0.0104112652619720,
        0.00925546218271273,
        0.00833056343336287,
    ]
)


class _Reader:
    """Doubles read one at a time from streams that lie apart, two to a block, of which the second comes first."""

    def __init__(self, stream: Philox, offsets: Array, draw: Callable[[Any], Array]) -> None:
        """Reads from the blocks `offsets` on; several readers of one stream share that array."""
        self._stream, self._offsets, self._draw = stream, offsets, draw
        self._numbers = np.empty((len(offsets), 2))
        self._left = np.zeros(len(offsets), np.intp)

    def take(self, rows: Array) -> Array:
        """Returns the next number of each of the streams `rows`."""
        empty = rows[self._left[rows] == 0]
        if empty.size:
            blocks = self._stream.blocks_at(self._offsets[empty]).reshape(-1)
            self._numbers[empty] = self._draw(blocks).reshape(-1, 2)
            self._offsets[empty] += np.uint64(1)
            self._left[empty] = 2
        self._left[rows] -= 1
        return np.asarray(self._numbers[rows, self._left[rows]])


def _mapped(function: Callable[..., float], *arrays: Array) -> Array:
    """Returns a function of the C library element by element: NumPy's vectorised ones round differently."""
    return np.fromiter(map(function, *(array.tolist() for array in arrays)), np.float64, len(arrays[0]))


def _power(base: float, exponent: float) -> float:
    if base == 0.0:
        return 0.0 if exponent > 0 else math.inf
    return math.pow(base, exponent)


def _arranged(numbers: Array, repeats: int, dtype: Any) -> Array:
    """Returns numbers that were drawn parameter by parameter, `repeats` of each, with the parameters last."""
    return np.ascontiguousarray(numbers.reshape(len(numbers) // max(repeats, 1), repeats).T).astype(dtype)


def _by_pieces(count: int, draw: Callable[[Array], Array]) -> Array:
    """Returns what `draw` makes of the outputs' indices, a piece at a time."""
    out = np.empty(count)
    for start in range(0, count, _PIECE):
        indices = np.arange(start, min(start + _PIECE, count))
        out[start : start + _PIECE] = draw(indices)
    return out


def _offsets(indices: Array, blocks: int = RESERVED_BLOCKS) -> Array:
    return indices.astype(np.uint64) * np.uint64(blocks)


def gamma(stream: Philox, repeats: int, alpha: Array, dtype: Any) -> Array:
    """Returns `repeats` numbers of the gamma distribution of rate 1 for each shape parameter of the flat `alpha`.

    The method is that of Marsaglia and Tsang, "A simple method for generating gamma variables", ACM Transactions on
    Mathematical Software 26 (2000); in double precision. Below 1 it draws for `alpha + 1` and takes the number down
    by a power of a uniform one; for 1 it takes a logarithm.

    Returns:
        An array of shape `(repeats, len(alpha))`; NaN where `alpha` isn't positive.
    """
    alphas = np.asarray(alpha, np.float64)

    def draw(indices: Array) -> Array:
        a = alphas[indices // repeats]
        out = np.full(len(a), np.nan)
        offsets = _offsets(indices)
        normals, uniforms = _Reader(stream, offsets, box_muller_float64), _Reader(stream, offsets, unit_float64)
        simple = (a == 1.0).nonzero()[0]
        if simple.size:
            out[simple] = -_mapped(math.log1p, -uniforms.take(simple))
        small = a < 1
        d = a + np.where(small, 2.0 / 3, -1.0 / 3)
        with np.errstate(all="ignore"):
            c = 1.0 / 3 / np.sqrt(d)
            rows = ((a != 1.0) & (a > 0) & np.isfinite(a)).nonzero()[0]
            while rows.size:
                x = normals.take(rows)
                v = 1 + c[rows] * x
                places = (v > 0).nonzero()[0]
                inside, x, v = rows[places], x[places], v[places]
                v = v * v * v
                u = uniforms.take(inside)
                accepted = u < 1 - 0.0331 * (x * x) * (x * x)
                accepted |= np.log(u) < 0.5 * x * x + d[inside] * (1 - v + np.log(v))
                done = inside[accepted]
                out[done] = d[done] * v[accepted]
                powers = done[small[done]]
                if powers.size:
                    out[powers] *= _mapped(_power, uniforms.take(powers), 1 / a[powers])
                kept = np.ones(len(rows), bool)
                kept[places[accepted]] = False
                rows = rows[kept]
        return out

    return _arranged(_by_pieces(repeats * len(alphas), draw), repeats, dtype)


def poisson(stream: Philox, repeats: int, rate: Array, dtype: Any) -> Array:
    """Returns `repeats` numbers of the Poisson distribution for each of the flat `rate`.

    Rates below 10 multiply uniform numbers until `exp(-rate)` is reached (Knuth, "The Art of Computer Programming" 2,
    3.4.1); others follow Hörmann, "The transformed rejection method for generating Poisson random variables",
    Insurance: Mathematics and Economics 12 (1993).

    Returns:
        An array of shape `(repeats, len(rate))`; NaN, or the least integer, where `rate` is NaN or infinite.
    """
    from scipy.special import gammaln

    rates = np.asarray(rate, np.float64)

    def draw(indices: Array) -> Array:
        lam = rates[indices // repeats]
        out = np.full(len(lam), np.nan)
        uniforms = _Reader(stream, _offsets(indices), unit_float64)
        rows = (lam < 10).nonzero()[0]
        out[rows] = 0
        limit, product = np.exp(-lam), np.ones(len(lam))
        while rows.size:
            product[rows] *= uniforms.take(rows)
            rows = rows[product[rows] > limit[rows]]
            out[rows] += 1
        rows = ((lam >= 10) & np.isfinite(lam)).nonzero()[0]
        b = 0.931 + 2.53 * np.sqrt(np.maximum(lam, 0))
        a = -0.059 + 0.02483 * b
        while rows.size:
            rate_, a_, b_ = lam[rows], a[rows], b[rows]
            u = uniforms.take(rows) - 0.5
            v = uniforms.take(rows)
            shifted = 0.5 - np.abs(u)
            with np.errstate(divide="ignore", invalid="ignore"):
                k = np.floor((2 * a_ / shifted + b_) * u + rate_ + 0.43)
                accepted = (shifted >= 0.07) & (v <= 0.9277 - 3.6224 / (b_ - 2))
                s = np.log(v * (1.1239 + 1.1328 / (b_ - 3.4)) / (a_ / (shifted * shifted) + b_))
                fits = s <= -rate_ + k * np.log(rate_) - gammaln(k + 1)
            fits &= (k >= 0) & ((shifted >= 0.013) | (v <= shifted))
            accepted |= fits
            out[rows[accepted]] = k[accepted]
            rows = rows[~accepted]
        return out

    return _whole(_by_pieces(repeats * len(rates), draw), repeats, dtype)


def _whole(numbers: Array, repeats: int, dtype: Any) -> Array:
    with np.errstate(invalid="ignore", over="ignore"):
        return _arranged(numbers, repeats, dtype)


def _stirling_tail(k: Array) -> Array:
    """Returns `log(k!)` less its Stirling approximation."""
    square = (k + 1) * (k + 1)
    series = (1.0 / 12 - (1.0 / 360 - 1.0 / 1260 / square) / square) / (k + 1)
    return np.where(k <= 9, _STIRLING_TAILS[np.clip(k, 0, 9).astype(np.intp)], series)


def binomial(stream: Philox, repeats: int, counts: Array, probs: Array, dtype: Any) -> Array:
    """Returns `repeats` numbers of the binomial distribution for each of the flat `counts` and `probs`.

    Means below 10 add up geometric numbers until they exceed the count (Devroye, "Non-uniform random variate
    generation", X.4); others follow Hörmann, "The generation of binomial random variates", Journal of Statistical
    Computation and Simulation 46 (1993), algorithm BTRS.

    Returns:
        An array of shape `(repeats, len(counts))`; NaN, or the least integer, where a probability is NaN.
    """
    flipped = probs > 0.5
    fewer = np.where(flipped, (1 - probs).astype(probs.dtype), probs)
    # The mean is compared in the parameters' own precision, the rest is computed in double.
    large = counts * fewer >= 10
    sizes, chances = counts.astype(np.float64), fewer.astype(np.float64)
    certain = (sizes > 0) & (probs >= 1)
    never = (sizes <= 0) | (probs <= 0)
    usual = ~never & ~certain & ~np.isnan(probs) & np.isfinite(sizes)

    def draw(indices: Array) -> Array:
        which = indices // repeats
        n, p, big = sizes[which], chances[which], large[which]
        out = np.full(len(n), np.nan)
        out[never[which]] = 0
        out[certain[which]] = n[certain[which]]
        ordinary = usual[which]
        rows = (ordinary & ~big).nonzero()[0]
        _invert(_Reader(stream, _offsets(indices, _BLOCKS_OF_INVERSION), unit_float64), rows, n, p, out)
        rows = (ordinary & big).nonzero()[0]
        _transform(_Reader(stream, _offsets(indices), unit_float64), rows, n, p, out)
        return np.where(ordinary & flipped[which], n - out, out)

    return _whole(_by_pieces(repeats * len(sizes), draw), repeats, dtype)


def _invert(uniforms: _Reader, rows: Array, n: Array, p: Array, out: Array) -> None:
    total = np.zeros(len(n))
    out[rows] = 0
    while rows.size:
        with np.errstate(divide="ignore"):
            total[rows] += np.ceil(np.log(uniforms.take(rows)) / np.log1p(-p[rows]))
        rows = rows[total[rows] <= n[rows]]
        out[rows] += 1


def _transform(uniforms: _Reader, rows: Array, n: Array, p: Array, out: Array) -> None:
    while rows.size:
        count, chance = n[rows], p[rows]
        deviation = np.sqrt(count * chance * (1 - chance))
        b = 1.15 + 2.53 * deviation
        a = -0.0873 + 0.0248 * b + 0.01 * chance
        odds, mode = chance / (1 - chance), np.floor((count + 1) * chance)
        u = uniforms.take(rows) - 0.5
        v = uniforms.take(rows)
        us = 0.5 - np.abs(u)
        with np.errstate(all="ignore"):
            k = np.floor((2 * a / us + b) * u + count * chance + 0.5)
            accepted = (us >= 0.07) & (v <= 0.92 - 4.2 / b)
            possible = (k >= 0) & (k <= count)
            k = np.where(possible | accepted, k, 0)
            bound = (
                (mode + 0.5) * np.log((mode + 1) / (odds * (count - mode + 1)))
                + (count + 1) * np.log((count - mode + 1) / (count - k + 1))
                + (k + 0.5) * np.log(odds * (count - k + 1) / (k + 1))
                + _stirling_tail(mode)
                + _stirling_tail(count - mode)
                - _stirling_tail(k)
                - _stirling_tail(count - k)
            )
            ratio = np.log(v * ((2.83 + 5.1 / b) * deviation) / (a / (us * us) + b))
            accepted |= possible & (ratio <= bound)
        out[rows[accepted]] = k[accepted]
        rows = rows[~accepted]


def bounded_normal(stream: Philox, repeats: int, parameters: list[Array], dtype: Any) -> Array:
    """Returns `repeats` normal numbers between bounds for each mean, deviation, least and greatest value.

    A pass proposes normal, uniform or exponential numbers, as the bounds lie (Robert, "Simulation of truncated normal
    variables", Statistics and Computing 5 (1995)). All numbers come from one stream, one after another. TensorFlow cuts
    big results into as many parts as it has cores, which changes the numbers; these are the ones of a single part.

    Raises:
        ValueError: bounds are in wrong order or both infinite, or a deviation isn't positive.
    """
    out = np.empty((len(parameters[0]), repeats), dtype)
    start = stream.counter
    used = 0
    for row, (mean, deviation, low, high) in enumerate(zip(*parameters, strict=True)):
        if not (deviation > 0 and low < high and (np.isfinite(low) or np.isfinite(high))):
            raise InvalidArgumentError(
                "Invalid parameters: a deviation is positive, minval is below maxval and one of them finite; got "
                f"{deviation}, {low} and {high}"
            )
        if (np.isinf(low) and low < 0) or high < mean:
            low, high, deviation = high, low, -deviation
        propose, width = _proposal((low - mean) / deviation, (high - mean) / deviation, out.dtype)
        found: list[Array] = []
        missing = repeats
        while missing:
            stream.counter = start + used
            numbers, accepted, blocks = propose(stream, missing)
            places = accepted.nonzero()[0]
            if len(places) >= missing:
                # What is left of the last block is dropped.
                used += (int(places[missing - 1]) // width + 1) * blocks
                places = places[:missing]
            else:
                used += len(numbers) // width * blocks
            found.append(numbers[places])
            missing -= len(places)
        with np.errstate(all="ignore"):
            out[row] = np.concatenate(found) * deviation + mean if found else 0
    return np.ascontiguousarray(out.T)


def _proposal(low: Any, high: Any, dtype: Any) -> tuple[Callable[[Philox, int], tuple[Array, Array, int]], int]:
    """Returns how numbers between two standardised bounds are proposed, and how many a group of blocks gives.

    The function gives proposals, which of them are accepted, and the blocks of a group.
    """
    # The arithmetic stays in the result's precision.
    two, four, limit = dtype.type(2), dtype.type(4), dtype.type(1.3)
    width = 2 if dtype == np.float64 else 4
    root = np.sqrt(low * low + four)
    with np.errstate(all="ignore"):
        cutoff = two * np.exp(dtype.type(0.5) + low * (low - root) / four) / (low + root)
        span = high - low

    def groups(missing: int) -> int:
        return -(-missing * 3 // (2 * width)) + 4

    def normals(stream: Philox, missing: int) -> tuple[Array, Array, int]:
        numbers = normal(stream, groups(missing) * width, dtype)
        return numbers, (numbers >= low) & (numbers <= high), 1

    def uniforms(stream: Philox, missing: int) -> tuple[Array, Array, int]:
        pairs = uniform(stream, groups(missing) * 2 * width, dtype).reshape(-1, 2, width)
        numbers = (pairs[:, 0] * span + low).reshape(-1)
        shift = low * low if low >= 0 else dtype.type(0)
        return numbers, pairs[:, 1].reshape(-1) <= np.exp((shift - numbers * numbers) / two), 2

    def exponentials(stream: Philox, missing: int) -> tuple[Array, Array, int]:
        pairs = uniform(stream, groups(missing) * 2 * width, dtype).reshape(-1, 2)
        alpha = (low + root) / two
        with np.errstate(all="ignore"):
            # A logarithm in double, rounded, is the float32 one but for ties that are too close to call.
            logarithm = _mapped(lambda u: math.log(u) if u else -math.inf, pairs[:, 0]).astype(dtype)
            numbers = -logarithm / alpha + low
            x = alpha - numbers if low < alpha else np.broadcast_to(low - alpha, numbers.shape)
            accepted = (pairs[:, 1] <= np.exp(-x * x / two)) & (numbers < high)
        return numbers, accepted, 1

    if (low < -limit and high >= 0) or (high > limit and low <= 0):
        return normals, width
    return (uniforms, width) if span < cutoff else (exponentials, width // 2)
