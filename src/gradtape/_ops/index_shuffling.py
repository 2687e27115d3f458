"""Places in a random permutation one by one, without the permutation.

A block cipher on words of as many bits as the greatest index takes is a permutation; a result beyond the greatest index
is enciphered again until it lies below (Black and Rogaway, "Ciphers with arbitrary finite domains", 2002). The cipher
is Simon (Beaulieu and others, "The Simon and Speck families of lightweight block ciphers", 2013) with four rounds.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape._core.conversion import convert
from gradtape._core.dispatch import convert_hint
from gradtape._core.op import Array, TensorLike
from gradtape._core.tensor import make_tensor
from gradtape._ops.parameters import as_number
from gradtape._ops.stateless import plain
from gradtape._ops.steps import one_step
from gradtape.errors import InvalidArgumentError, WrongTypeError

_FIRST_KEY = 498247692  # TensorFlow's, before the two numbers of the seed
_FEW = 1 << 13  # below, a table is faster
_CONSTANT, _SEQUENCE = 0xFFFFFFFC, 0x7369F885192C0EF5


def _round_keys(seed: Any, mask: Any, width: Any, rounds: int) -> list[Any]:
    """Returns the keys of the rounds: the seed's three words, then the cipher's own schedule."""
    keys = [seed[..., place] & mask for place in range(3)]
    for step in range(3, rounds):
        last = keys[-1]
        turned = _left(last, width - np.uint64(3), mask, width) ^ _left(last, width - np.uint64(4), mask, width)
        bit = np.uint64(_SEQUENCE >> (step - 3) & 1)
        keys.append((np.uint64(_CONSTANT) & mask) ^ bit ^ keys[step - 3] ^ turned)
    return keys


def _left(x: Any, places: Any, mask: Any, width: Any) -> Any:
    return ((x << places) | (x >> (width - places))) & mask


def _mixed(x: Any, mask: Any, width: Any) -> Any:
    one, two, eight = np.uint64(1), np.uint64(2), np.uint64(8)
    both = _left(x, one, mask, width) & _left(x, eight, mask, width)
    return both ^ _left(x, two, mask, width)


def places(index: Array, seed: Array, greatest: Array, rounds: int = 4) -> Array:
    """Returns where indices of 0 to `greatest` come to lie; arrays of uint64, flat but for three columns of `seed`."""
    bits = np.ceil(np.log2(np.maximum(greatest, np.uint64(1)).astype(np.float64))).astype(np.uint64)
    width = np.maximum(bits + bits % np.uint64(2), np.uint64(16)) // np.uint64(2)
    mask = (np.uint64(1) << width) - np.uint64(1)
    keys = _round_keys(seed, mask, width, rounds)
    if len(index) and not (greatest.strides[0] or seed.strides[0]) and greatest[0] < _FEW:
        return _places_among_few(index, keys, mask, width, greatest[0])
    out = np.where(greatest == 0, np.uint64(0), index)
    rows = (greatest > 0).nonzero()[0]
    while rows.size:
        out[rows] = _enciphered(out[rows], [key[rows] for key in keys], mask[rows], width[rows])
        rows = rows[out[rows] > greatest[rows]]
    return out


def _enciphered(x: Array, keys: list[Any], mask: Any, width: Any) -> Array:
    left, right = x >> width & mask, x & mask
    for first, second in zip(keys[::2], keys[1::2], strict=True):
        left = left ^ _mixed(right, mask, width) ^ first
        right = right ^ _mixed(left, mask, width) ^ second
    return np.asarray(left << width | right)


def _places_among_few(index: Array, keys: list[Any], mask: Array, width: Array, greatest: Any) -> Array:
    """Returns the places by a table of the whole cipher: to a few indices the way through it is long."""
    if greatest == 0:
        return np.zeros_like(index)
    table = _enciphered(np.arange(1 << 16, dtype=np.uint64), [key[0] for key in keys], mask[0], width[0])
    while (table[index] > greatest).any():
        # Steps that double: every entry that lies beyond goes on to where that one leads.
        table = np.where(table > greatest, table[table], table)
    return table[index]


@one_step("random_index_shuffle")
def random_index_shuffle(
    index: TensorLike, seed: TensorLike, max_index: TensorLike, rounds: int = 4, name: str | None = None
) -> Array:
    """Returns where a random permutation of 0 to `max_index` puts each index.

    Args:
        index: one integer or a vector of them, int32, int64, uint32 or uint64.
        seed: three integers, or a matrix with three columns, a row for each index.
        max_index: the greatest index, of the dtype of `index`, or a vector of them.
        rounds: how often the bits are mixed: 4 or more, an even number.
        name: ignored.

    Returns:
        A tensor of the dtype of `index`; a vector if one of the others is.

    Raises:
        InvalidArgumentError: shapes or dtypes don't fit, or an index is negative or above `max_index`.

    >>> import gradtape as tf
    >>> tf.random_index_shuffle(tf.range(5), seed=[498247692, 1, 2], max_index=4).numpy()
    array([2, 0, 1, 4, 3], dtype=int32)
    """
    indices, words = plain(index), plain(seed)
    ends = plain(convert_hint(max_index, convert(index).dtype))
    for what, array in (("index", indices), ("seed", words), ("max_index", ends)):
        if array.dtype.kind not in "iu" or array.dtype.itemsize < 4:
            raise WrongTypeError(f"`{what}` is int32, int64, uint32 or uint64, got {array.dtype.name}.")
    if indices.dtype != ends.dtype:
        raise WrongTypeError(f"`index` and `max_index` have one dtype, got {indices.dtype.name} and {ends.dtype.name}.")
    rounds = as_number("rounds", rounds)
    if rounds < 4 or rounds % 2:
        raise InvalidArgumentError(f"`rounds` is an even number of at least 4, got {rounds}.")
    count = max(indices.size, ends.size, words.size // 3)
    for what, array in (("index", indices), ("max_index", ends)):
        if array.ndim and array.shape != (count,):
            raise InvalidArgumentError(f"`{what}` is a scalar or a vector of {count}, got shape {list(array.shape)}.")
    if words.shape not in ((3,), (count, 3)):
        raise InvalidArgumentError(
            f"Seed must be a vector of size [3] or a matrix of size [{count}, 3] but got {list(words.shape)}."
        )
    if indices.size and indices.min() < 0:
        raise InvalidArgumentError(f"index must be >= 0 but was {indices.min()}.")
    if count and (indices > ends).any():
        raise InvalidArgumentError(f"max_index must be >= index, but got {indices.tolist()} and {ends.tolist()}.")
    scalar = not indices.ndim and not ends.ndim and words.ndim == 1
    wide = np.broadcast_to(words.astype(np.uint64) & np.uint64(0xFFFFFFFF), (count, 3))
    flat = [np.broadcast_to(array.astype(np.uint64), (count,)) for array in (indices, ends)]
    moved = places(flat[0], wide, flat[1], rounds).astype(indices.dtype)
    return make_tensor(moved.reshape(()) if scalar else moved)


@one_step("index_shuffle")
def index_shuffle(index: TensorLike, seed: TensorLike, max_index: TensorLike) -> Array:
    """Returns where a random permutation of 0 to `max_index` puts each index.

    Args:
        index: one integer or a vector of them, int32, int64, uint32 or uint64.
        seed: two integers, or a matrix with two columns, a row for each index.
        max_index: the greatest index, or a vector of them.

    Returns:
        A tensor of the dtype of `index`; a vector if one of the others is.

    Raises:
        InvalidArgumentError: shapes or dtypes don't fit, or an index is negative or above `max_index`.

    >>> import gradtape as tf
    >>> tf.random.experimental.index_shuffle(tf.range(5), seed=[1, 2], max_index=4).numpy()
    array([2, 0, 1, 4, 3], dtype=int32)
    """
    words = plain(seed)
    padding = [(1, 0)] + [(0, 0)] * (words.ndim - 1)
    return random_index_shuffle(index, np.pad(words, padding, constant_values=_FIRST_KEY), max_index)
