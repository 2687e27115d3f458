"""Random numbers: the Philox generator, and the distributions over it.

The generator is Philox 4x32-10 (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3",
SC 2011): ten keyed rounds turn a 128-bit counter into a *block* of four 32-bit words, so any block is computed
without the ones before it. Seeds, block layout and rounding are those of TensorFlow's CPU kernels.

Single precision normals are exact: logarithm, sine and cosine follow the float functions of the GNU C library, whose
polynomials and tables are those of Arm's Optimized Routines. All 2**23 arguments that a word can give agree with it.
Double precision calls the C library's own functions.
"""

import math
import sys
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from gradtape.errors import WrongTypeError

Array = np.ndarray[Any, Any]
Words = np.ndarray[Any, np.dtype[np.uint32]]
Shape = tuple[int, ...] | Array
Distribution = Callable[["Philox", int, Any], Array]

_CHUNK = 4096  # blocks a pass: its work arrays stay in a core's own cache
WORDS_PER_BLOCK = 4
RESERVED_BLOCKS = 256  # that every output of a stateful operation sets aside, used or not
_LOW, _HIGH = (0, 1) if sys.byteorder == "little" else (1, 0)
_MASK32, _MASK64, _MASK128 = 2**32 - 1, 2**64 - 1, 2**128 - 1
# Constants are arrays without axes: NumPy converts a Python or NumPy scalar anew at every call.
_LOW_WORD, _WORD_BITS = np.array(_MASK32, np.uint64), np.array(32, np.uint64)

_MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
_WEYL = (0x9E3779B9, 0xBB67AE85)
_FLAT = 32  # up to so many blocks the work arrays have one axis, for which NumPy's calls take a third of the time

_SCRAMBLE_KEY = 0x02461E293EC8F720  # TensorFlow's, for the seeds of the stateless operations


@lru_cache(maxsize=64)
def _schedule(key: int, width: int) -> tuple[Array, Array, list[tuple[Words, Words]]]:
    """Returns the multipliers of odd and even rounds and the keys of each such pair of rounds, a lane `width` wide.

    Width 0 stands for columns that broadcast over two lanes of any width.
    """
    shape = (-1,) if width else (2, 1)

    def lanes(first: int, second: int, dtype: Any) -> Array:
        return np.repeat(np.array([first, second], dtype), width or 1).reshape(shape)

    pairs = []
    for step in range(0, 10, 2):
        odd, even = (
            [((key & _MASK32) + count * _WEYL[0]) & _MASK32, ((key >> 32) + count * _WEYL[1]) & _MASK32]
            for count in (step, step + 1)
        )
        pairs.append((lanes(odd[1], odd[0], np.uint32), lanes(even[0], even[1], np.uint32)))
    first, second = _MULTIPLIERS
    return lanes(first, second, np.uint64), lanes(second, first, np.uint64), pairs


def _encrypt(key: int, low: Array, high: Array | int, out: Words) -> None:
    """Writes to `out` the blocks of the counters `low + 2**64 * high`, one a row.

    The counter's two even words are the lanes that a round multiplies. A round needs the high half of its own products
    and the low half of those before, so the products of successive rounds are kept apart, and a half is a view. A round
    also exchanges the lanes; the second lies in reverse order, so that the exchange too is a view, from the far end.
    That leaves three passes over memory a round.
    """
    count = len(low)
    lanes: Array = np.zeros(2 * count, np.uint64)
    products: Array = np.empty((2, 2 * count), np.uint64)
    np.bitwise_and(low, _LOW_WORD, lanes[:count])
    np.right_shift(low, _WORD_BITS, products[1, :count])
    if isinstance(high, int):
        lanes[count:], products[1, count:] = high & _MASK32, high >> 32
    else:
        lanes[count:], products[1, count:] = (high & _LOW_WORD)[::-1], (high >> _WORD_BITS)[::-1]
    flat = count <= _FLAT
    if not flat:
        lanes, products = lanes.reshape(2, count), products.reshape(2, 2, count)
    reverse = (slice(None, None, -1),) * lanes.ndim
    odd, even = products  # rounds count from one; the second plays the round before the first
    lane_words, odd_words, even_words = lanes.view(np.uint32), odd.view(np.uint32), even.view(np.uint32)
    narrow = lane_words[..., _LOW::2]
    odd_high, odd_low = odd_words[..., _HIGH::2], odd_words[..., _LOW::2][reverse]
    even_high, even_low = even_words[..., _HIGH::2], even_words[..., _LOW::2][reverse]
    odd_factors, even_factors, keys = _schedule(key, count if flat else 0)
    multiply, xor = np.multiply, np.bitwise_xor
    for odd_key, even_key in keys:
        multiply(lanes, odd_factors, odd)
        xor(odd_high, even_low, narrow)
        xor(narrow, odd_key, narrow)
        multiply(lanes, even_factors, even)
        xor(even_high, odd_low, narrow)
        xor(narrow, even_key, narrow)
    left, right = lane_words.reshape(2, -1)[:, _LOW::2], even_words.reshape(2, -1)[:, _LOW::2]
    out[:, 0], out[:, 1], out[:, 2], out[:, 3] = left[0], right[0], left[1, ::-1], right[1, ::-1]


class Philox:
    """A position in a Philox 4x32-10 stream: a 64-bit key and a 128-bit counter of blocks of four words."""

    __slots__ = ("counter", "key")

    def __init__(self, key: int, counter: int = 0) -> None:
        """Starts at block `counter` of the stream that `key` selects."""
        self.key = key & _MASK64
        self.counter = counter & _MASK128

    @classmethod
    def from_seeds(cls, seed: int, seed2: int) -> "Philox":
        """Returns the stream of a stateful operation: `seed` is the key, `seed2` the counter's upper half."""
        return cls(seed, (seed2 & _MASK64) << 64)

    @classmethod
    def from_stateless_seed(cls, seed: int, seed2: int) -> "Philox":
        """Returns the stream of a `stateless_*` operation: one block of a fixed key scrambles its two seeds."""
        words = cls(_SCRAMBLE_KEY, (seed & _MASK64) | (seed2 & _MASK64) << 64).uint32(4).tolist()
        return cls(words[0] | words[1] << 32, words[2] << 64 | words[3] << 96)

    def skip(self, blocks: int) -> None:
        """Moves on by `blocks` blocks of four words."""
        self.counter = (self.counter + blocks) & _MASK128

    def blocks(self, count: int) -> Words:
        """Returns the next `count` blocks as a `(count, 4)` array, and moves past them."""
        out = self.blocks_at(np.arange(count, dtype=np.uint64))
        self.skip(count)
        return out

    def blocks_at(self, offsets: Array) -> Words:
        """Returns the blocks `offsets` (uint64) after this position, one a row, without moving."""
        out = np.empty((len(offsets), WORDS_PER_BLOCK), np.uint32)
        base, high = np.array(self.counter & _MASK64, np.uint64), self.counter >> 64
        for start in range(0, len(offsets), _CHUNK):
            piece = offsets[start : start + _CHUNK]
            low = piece + base
            upper: Array | int = high
            if (carry := low < piece).any():
                upper = carry + np.uint64(high)
            _encrypt(self.key, low, upper, out[start : start + _CHUNK])
        return out

    def uint32(self, count: int) -> Words:
        """Returns the next `count` words, and moves to the block after the last one used."""
        return self.blocks(-(-count // WORDS_PER_BLOCK)).reshape(-1)[:count]


# --- Distributions: from a stream and a count to a flat array; the stream moves past the blocks used -----------------

_MANTISSA, _ONE_PATTERN = np.array(0x7FFFFF, np.uint32), np.array(0x3F800000, np.uint32)
_ONE = np.array(1, np.float32)


def _by_chunks(stream: Philox, count: int, words_each: int, dtype: Any, convert: Callable[[Words], Array]) -> Array:
    """Fills `count` outputs of `words_each` words with `convert` of the flat words, a cache-sized piece at a time."""
    out = np.empty(count, dtype)
    step = _CHUNK * WORDS_PER_BLOCK // words_each
    for start in range(0, count, step):
        size = min(step, count - start)
        words = stream.blocks(-(-size * words_each // WORDS_PER_BLOCK)).reshape(-1)
        out[start : start + size] = convert(words)[:size]
    return out


def _unit_float32(words: Words) -> Array:
    """Returns floats in [0, 1) whose 23 binary places are the lowest bits of `words`."""
    patterns = words & _MANTISSA
    patterns |= _ONE_PATTERN
    return patterns.view(np.float32) - _ONE


def unit_float64(words: Words) -> Array:
    """Returns doubles in [0, 1) whose 52 binary places are 20 bits of one word, then the next word."""
    patterns = words[0::2] & np.uint64(0xFFFFF)
    patterns <<= np.uint64(32)
    patterns |= words[1::2]
    patterns |= np.uint64(0x3FF << 52)
    return patterns.view(np.float64) - 1.0


def uniform(stream: Philox, count: int, dtype: Any = np.float32) -> Array:
    """Returns `count` numbers uniform in [0, 1), of float16, bfloat16, float32 or float64.

    A word's lowest bits are the result's binary places (10, 7 or 23 of them); a double takes two words.
    """
    dtype = float_dtype(dtype)
    if dtype == np.float64:
        return _by_chunks(stream, count, 2, dtype, unit_float64)
    if dtype == np.float32:
        return _by_chunks(stream, count, 1, dtype, _unit_float32)
    unused = np.uint32(13 if dtype == np.float16 else 16)
    return _by_chunks(stream, count, 1, dtype, lambda words: _unit_float32(words << unused))


def integers(stream: Philox, count: int, low: int, high: int, dtype: Any = np.int32) -> Array:
    """Returns `count` integers in [low, high), of int32 or int64: `low` plus the remainder of one or two words.

    Raises:
        ValueError: if `low >= high`, a bound does not fit `dtype`, or `dtype` is another one.
    """
    dtype = np.dtype(dtype)
    if dtype not in (np.int32, np.int64):
        raise WrongTypeError(f"random integers are int32 or int64, not {dtype}")
    if low >= high:
        raise ValueError(f"Need minval < maxval, got {low} >= {high}")
    if low < np.iinfo(dtype).min or high > np.iinfo(dtype).max:
        raise ValueError(f"the bounds {low} and {high} do not fit {dtype}")
    unsigned = np.dtype(np.uint32 if dtype == np.int32 else np.uint64).type
    span, start = unsigned(high - low), np.array([low], dtype).view(unsigned)

    def convert(words: Words) -> Array:
        if dtype == np.int32:
            draws: Array = words
        else:
            draws = words[1::2].astype(np.uint64)
            draws <<= np.uint64(32)
            draws |= words[0::2]
        return (draws % span + start).view(dtype)

    return _by_chunks(stream, count, dtype.itemsize // 4, dtype, convert)


def _constants(*literals: str) -> list[Array]:
    return [np.array(float.fromhex(literal)) for literal in literals]


_SMALLEST_UNIFORM, _MINUS_TWO = np.array(1e-7, np.float32), np.array(-2, np.float32)
_UNIT, _TAU = np.array(1.0), np.array(2 * math.pi)
_EIGHTH, _QUARTER_BITS = np.array(1 << 20, np.uint32), np.array(21, np.uint32)

# logf: for the leading bits of x, 1 / c with c close to x; then log x = log c + log1p(x / c - 1).
_INVERSES = """
    0x1.661ec79f8f3bep+0 0x1.571ed4aaf883dp+0 0x1.49539f0f010bp+0 0x1.3c995b0b80385p+0
    0x1.30d190c8864a5p+0 0x1.25e227b0b8eap+0 0x1.1bb4a4a1a343fp+0 0x1.12358f08ae5bap+0
    0x1.0953f419900a7p+0 0x1p+0 0x1.e608cfd9a47acp-1 0x1.ca4b31f026aap-1
    0x1.b2036576afce6p-1 0x1.9c2d163a1aa2dp-1 0x1.886e6037841edp-1 0x1.767dcf5534862p-1"""
_LOG_ENTRIES = [(k, float.fromhex(inverse)) for k in range(-24, 1) for inverse in _INVERSES.split()]
_LOG_INVERSES = np.array([math.ldexp(inverse, -k) for k, inverse in _LOG_ENTRIES])
_LOG_OFFSETS = np.array([k * math.log(2) - math.log(inverse) for k, inverse in _LOG_ENTRIES])
_LOG_BASE = np.array(0x3F330000 - 24 * 2**23, np.int32)
_LOG_SHIFT = np.array(19, np.int32)
_LOG_TERMS = _constants("-0x1.00ea348b88334p-2", "0x1.5575b0be00b6ap-2", "-0x1.ffffef20a4123p-2")

# sincosf: polynomials in y**2 for sin(y) / y and cos(y), |y| <= pi / 4, highest power first.
_SINE_TERMS = _constants("-0x1.994eb3774cf24p-13", "0x1.1107605230bc4p-7", "-0x1.555545995a603p-3", "0x1p+0")
_COSINE_TERMS = _constants(
    "0x1.99343027bf8c3p-16", "-0x1.6c087e89a359dp-10", "0x1.55553e1068f19p-5", "-0x1.ffffffd0c621cp-2", "0x1p+0"
)
_QUARTER_TURNS = np.arange(5) * (math.pi / 2)
_ROTATIONS = np.array([1, -1j, -1, 1j, 1])


def _box_muller_float32(words: Words) -> Array:
    """Returns a standard normal for each word (Box and Muller 1958): a radius from the first of two, then an angle."""
    mantissas = words & _MANTISSA
    quarters = mantissas[1::2] + _EIGHTH
    quarters >>= _QUARTER_BITS
    mantissas |= _ONE_PATTERN
    units = mantissas.view(np.float32) - _ONE

    first = np.maximum(units[0::2], _SMALLEST_UNIFORM)
    entries = first.view(np.int32) - _LOG_BASE
    entries >>= _LOG_SHIFT
    ratio = first * _LOG_INVERSES.take(entries)
    ratio -= _UNIT
    square = ratio * ratio
    logarithm = ratio * _LOG_TERMS[1]
    logarithm += _LOG_TERMS[2]
    logarithm += square * _LOG_TERMS[0]
    logarithm *= square
    ratio += _LOG_OFFSETS.take(entries)
    logarithm += ratio
    radius = logarithm.astype(np.float32)
    radius *= _MINUS_TWO
    np.sqrt(radius, radius)

    angle = (units[1::2] * _TAU).astype(np.float32) - _QUARTER_TURNS.take(quarters)
    square = angle * angle
    points = np.empty(len(angle), np.complex128)  # sine + i cosine, so that a quarter turn is a factor -i
    np.multiply(_polynomial(_SINE_TERMS, square), angle, points.real)
    points.imag = _polynomial(_COSINE_TERMS, square)
    points *= _ROTATIONS.take(quarters)
    pairs = points.view(np.float64).astype(np.float32).reshape(-1, 2)
    pairs *= radius[:, None]
    return pairs.reshape(-1)


def _polynomial(terms: list[Array], x: Array) -> Array:
    value = x * terms[0]
    value += terms[1]
    for term in terms[2:]:
        value *= x
        value += term
    return value


def box_muller_float64(words: Words) -> Array:
    """Returns a standard normal for every two words, as `_box_muller_float32` does in single precision."""
    units = unit_float64(words)
    first = np.maximum(units[0::2], 1e-7)
    # NumPy's own vectorised logarithm rounds differently; its complex exponential calls the C library's sincos.
    logarithm = np.fromiter(map(math.log, first.tolist()), np.float64, len(first))
    points = np.exp(units[1::2] * _TAU * 1j)
    pairs = points.view(np.float64).reshape(-1, 2)[:, ::-1] * np.sqrt(logarithm * -2.0)[:, None]
    return pairs.reshape(-1)


def normal(stream: Philox, count: int, dtype: Any = np.float32) -> Array:
    """Returns `count` standard normal numbers; the 16-bit types are rounded from float32."""
    dtype = float_dtype(dtype)
    if dtype == np.float64:
        return _by_chunks(stream, count, 2, dtype, box_muller_float64)
    return _by_chunks(stream, count, 1, dtype, _box_muller_float32)


def truncated_normal(stream: Philox, count: int, dtype: Any = np.float32) -> Array:
    """Returns `count` standard normal numbers of magnitude below 2 (before rounding to a 16-bit type).

    Outputs come in groups of four (two for float64). A group owns 256 blocks for every four words it would take, and
    keeps the first normals of its own blocks that are small enough, so groups don't depend on one another.
    """
    dtype = float_dtype(dtype)
    double = dtype == np.float64
    group, draw = (2, box_muller_float64) if double else (4, _box_muller_float32)
    stride = np.uint64(group * RESERVED_BLOCKS // WORDS_PER_BLOCK)
    groups = -(-count // group)
    out = np.empty((groups, group), dtype)
    for start in range(0, groups, _CHUNK):
        piece = out[start : start + _CHUNK]
        rows = np.arange(len(piece))
        filled = np.zeros(len(piece), np.int64)
        offsets = np.arange(start, start + len(piece), dtype=np.uint64) * stride
        while rows.size:  # the groups still short take one more block each
            numbers = draw(stream.blocks_at(offsets).reshape(-1)).reshape(-1, group)
            places = np.abs(numbers) < 2.0
            columns = places.cumsum(1) + (filled[:, None] - 1)
            places &= columns < group
            row, column = places.nonzero()
            piece[rows[row], columns[row, column]] = numbers[row, column]
            filled = columns[:, -1] + 1
            short = filled < group
            rows, filled, offsets = rows[short], filled[short], offsets[short] + np.uint64(1)
    stream.skip(groups * int(stride))
    return out.reshape(-1)[:count]


def permutation(stream: Philox, count: int) -> Array:
    """Returns the order in which a shuffle puts `count` items: `items[permutation(...)]` is the shuffled array.

    It is the exchange shuffle of Fisher and Yates (Knuth, "The Art of Computer Programming" 2, 3.4.2): item i
    changes places with item `i + word % (count - i)`, i = 0, 1, ... Without the loop: an exchange takes the item it
    finds at its partner's place, which the last earlier exchange with that partner brought there, or none did.
    Following those links to their ends, in steps that double, gives every item at once.
    """
    steps = np.arange(count)
    partners = steps.copy()
    partners[:-1] += (stream.uint32(max(count - 1, 0)) % np.arange(count, 1, -1, dtype=np.uint32)).astype(np.intp)
    order = np.argsort(partners, kind="stable")
    repeated = partners[order[1:]] == partners[order[:-1]]
    before = np.full(count, -1)  # the last earlier step with the same partner
    before[order[1:][repeated]] = order[:-1][repeated]
    origin = steps.copy()  # of the item at place i when step i begins: its last visitor's origin, or i itself
    moved = partners != steps
    origin[partners[moved]] = steps[moved]  # of several visitors the last is kept
    while not np.array_equal(farther := origin[origin], origin):
        origin = farther
    return np.where(before >= 0, origin[before], partners)


def float_dtype(dtype: Any) -> np.dtype[Any]:
    dtype = np.dtype(dtype)
    if dtype not in (np.float32, np.float64, np.float16) and dtype.name != "bfloat16":
        raise WrongTypeError(f"random floating point numbers are float16, bfloat16, float32 or float64, not {dtype}")
    return dtype
