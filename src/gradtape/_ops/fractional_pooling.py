"""Pooling over windows of sizes drawn at random, so that an image can shrink by a factor that is not whole."""

from __future__ import annotations

import os
from typing import Any, NamedTuple

import numpy as np

from gradtape._core.conversion import convert
from gradtape._core.dtypes import float32, float64, int32, int64
from gradtape._core.op import Array, TensorLike
from gradtape._core.tensor import Tensor, make_tensor
from gradtape._ops.contraction import einsum
from gradtape._ops.gather import gather
from gradtape._ops.philox import WORDS_PER_BLOCK, Philox, permutation, unit_float64
from gradtape._ops.quotients import divide
from gradtape._ops.reduction import reduce_sum
from gradtape._ops.remainders import truncatediv
from gradtape._ops.sampling import STATE
from gradtape._ops.sorting import argmax
from gradtape._ops.steps import one_step
from gradtape._ops.structure import reshape, transpose
from gradtape.errors import InvalidArgumentError, UnimplementedError, WrongTypeError


class FractionalMaxPool(NamedTuple):
    """The maxima, and where the windows begin along the rows and the columns, with the end of the last one."""

    output: Tensor
    row_pooling_sequence: Tensor
    col_pooling_sequence: Tensor


class FractionalAvgPool(NamedTuple):
    """The means, and where the windows begin along the rows and the columns, with the end of the last one."""

    output: Tensor
    row_pooling_sequence: Tensor
    col_pooling_sequence: Tensor


def cuts(size: int, count: int, stream: Philox, pseudo_random: bool) -> Array:
    """Returns where `count` windows over `size` places begin, and the end of the last one.

    Their lengths are two neighbouring whole numbers, in an order that is drawn.
    """
    length, longer = divmod(size, count)
    if pseudo_random:
        # Equal steps of the true ratio, rounded up, from a place drawn so that no window is too long or too short.
        ratio = size / count
        bound = min((length + 2) / ratio - 1, (size + 1 - length) / ratio - (count - 1))
        start = float(unit_float64(stream.uint32(2).astype(np.uint64))[0]) * bound
        inner = np.ceil(ratio * (np.arange(1, count) + start)).astype(np.int64) - 1
        return np.concatenate([[0], inner, [size]])
    lengths = np.full(count, length)
    lengths[:longer] += 1
    counter = stream.counter
    lengths = lengths[permutation(stream, count)]
    # As many words are set aside as there are windows, one more than the shuffle takes.
    stream.counter = counter
    stream.skip(-(-count // WORDS_PER_BLOCK))
    return np.concatenate([[0], np.cumsum(lengths)])


@one_step("cuts", "source", lambda *parts: [*parts])
def drawn_cuts(sizes: list[int], counts: list[int], pseudo_random: bool, seed: int) -> list[Tensor]:
    """Returns the cuts of each of two axes of some sizes into numbers of windows."""
    if seed == 0:
        stream = Philox(*np.frombuffer(os.urandom(16), np.uint64).tolist())
    else:
        stream = Philox.from_seeds(*(STATE.seeds(seed) or (0, 0)))
    found = [cuts(size, count, stream, pseudo_random) for size, count in zip(sizes, counts, strict=True)]
    return [make_tensor(each) for each in found]


@one_step("places", varies=True)
def places_of(ends: Tensor, size: int, overlapping: bool) -> Tensor:
    """Returns the places of each window's elements, given the cuts of an axis."""
    each = convert(ends)._value
    last = np.minimum(each[1:] - (not overlapping), size - 1)
    steps = np.arange((last - each[:-1]).max() + 1)
    return make_tensor(np.minimum(each[:-1, None] + steps, last[:, None]))


@one_step("members")
def members_of(places: Tensor, size: int, kind: Any) -> Tensor:
    """Returns the matrix whose rows say which places of an axis are in a window."""
    rows = convert(places)._value
    member = np.zeros((len(rows), size), kind)
    member[np.arange(len(rows))[:, None], rows] = 1
    return make_tensor(member)


def prepared(
    value: TensorLike, ratios: list[float], pseudo_random: bool, overlapping: bool, seed: int
) -> tuple[Tensor, list[Tensor], list[Tensor]]:
    """Returns the images, the cuts of their rows and columns, and for both the places of each window's elements.

    The places of a window shorter than the longest are filled up with its last one.
    """
    tensor = convert(value)
    if tensor.dtype not in (float32, float64, int32, int64):
        raise InvalidArgumentError(
            f"fractional pooling is of float32, float64, int32 or int64, got {tensor.dtype.name}."
        )
    sizes: tuple[int, ...] = tensor._value.shape
    if len(sizes) != 4:
        raise InvalidArgumentError(f"fractional pooling takes images of 4 dimensions, got shape {list(sizes)}.")
    counts = [int(np.floor(np.float32(size) / np.float32(ratio))) for size, ratio in zip(sizes, ratios, strict=True)]
    if min(counts) <= 0:
        raise InvalidArgumentError(f"the ratios {ratios} are larger than the sizes {list(sizes)}: nothing is left.")
    found = drawn_cuts([*sizes[1:3]], counts[1:3], pseudo_random, seed)
    places = [places_of(each, size, overlapping) for each, size in zip(found, sizes[1:3], strict=True)]
    return tensor, found, places


def fractional_max_pool(
    value: TensorLike,
    pooling_ratio: Any,
    pseudo_random: bool = False,
    overlapping: bool = False,
    seed: int = 0,
    name: str | None = None,
) -> FractionalMaxPool:
    """Returns the maximum of each of the windows that an image is cut into, whose sizes are drawn.

    The method is that of Graham, "Fractional max-pooling", 2014; the cuts are TensorFlow's for the same seeds.

    Args:
        value: a tensor of float32, float64, int32 or int64: the batch, the rows, the columns, the channels.
        pooling_ratio: by what factor the images shrink, at least 1: a number, or a list of one for each dimension,
            which begins and ends with 1.
        pseudo_random: whether the windows have sizes that follow each other evenly; else in any order.
        overlapping: whether a window contains the first row and column of the next one, too.
        seed: where other than 0, the same cuts are drawn each time.
        name: ignored.

    Returns:
        The tuple `(output, row_pooling_sequence, col_pooling_sequence)`: a tensor of the dtype of `value`, and int64
        ones of where the windows begin, with the end of the last.

    Raises:
        ValueError: a ratio is less than 1, or the first or the last one is not 1.
        InvalidArgumentError: `value` has another dtype or number of dimensions, or is smaller than the ratio.

    >>> import gradtape as tf
    >>> tf.random.set_seed(1)
    >>> image = tf.reshape(tf.range(25.0), [1, 5, 5, 1])
    >>> output, rows, columns = tf.nn.fractional_max_pool(image, 1.5, seed=1)
    >>> output.shape, rows.numpy(), columns.numpy()
    (TensorShape([1, 3, 3, 1]), array([0, 2, 4, 5]), array([0, 2, 4, 5]))
    """
    given = pooling_ratio
    several = isinstance(given, (list, tuple))
    if several and (given[0] != 1.0 or given[-1] != 1.0):
        raise InvalidArgumentError(f"pooling_ratio begins and ends with 1.0, got {given}.")
    if not several and not isinstance(given, (int, float)):
        raise InvalidArgumentError(f"pooling_ratio is a number or a list of numbers, got {given!r}.")
    ratios = list(given) if several else [1.0, given, given, 1.0]
    if min(ratios) < 1.0:
        raise InvalidArgumentError(f"pooling_ratio is at least 1.0, got {given}.")
    if several and len(ratios) == 1:
        ratios = [1.0] * 4
    if len(ratios) == 2:
        ratios = [1.0, *ratios, 1.0]
    if len(ratios) != 4:
        raise InvalidArgumentError(f"pooling_ratio has 1, 2 or 4 numbers, got {given}.")
    tensor, found, (rows, columns) = prepared(value, ratios, pseudo_random, overlapping, seed)
    windows = gather(gather(tensor, rows, axis=1), columns, axis=3)
    windows = transpose(windows, [0, 1, 3, 5, 2, 4])
    windows = reshape(windows, [*tuple(windows.shape)[:4], rows.shape[1] * columns.shape[1]])
    # Of equal elements the first one counts, and takes the gradient.
    output = gather(windows, argmax(windows, 4), axis=4, batch_dims=4)
    return FractionalMaxPool(output, *found)


def fractional_avg_pool(
    value: TensorLike,
    pooling_ratio: Any,
    pseudo_random: bool = False,
    overlapping: bool = False,
    seed: int = 0,
    name: str | None = None,
) -> FractionalAvgPool:
    """Returns the mean of each of the windows that an image is cut into, whose sizes are drawn.

    The cuts are those of `tf.nn.fractional_max_pool`, TensorFlow's for the same seeds.

    Args:
        value: a tensor of float32, float64, int32 or int64: the batch, the rows, the columns, the channels.
        pooling_ratio: a list of four numbers, by what factor each dimension shrinks: at least 1, and 1 for the batch
            and the channels.
        pseudo_random: whether the windows have sizes that follow each other evenly; else in any order.
        overlapping: whether a window contains the first row and column of the next one, too.
        seed: where other than 0, the same cuts are drawn each time.
        name: ignored.

    Returns:
        The tuple `(output, row_pooling_sequence, col_pooling_sequence)`: a tensor of the dtype of `value`, and int64
        ones of where the windows begin, with the end of the last.

    Raises:
        TypeError: `pooling_ratio` is no list.
        InvalidArgumentError: a ratio is less than 1, there are not four, or `value` doesn't fit.
        UnimplementedError: the ratio of the batch or the channels is not 1.

    >>> import gradtape as tf
    >>> tf.random.set_seed(1)
    >>> image = tf.reshape(tf.range(25.0), [1, 5, 5, 1])
    >>> tf.nn.fractional_avg_pool(image, [1.0, 1.5, 1.5, 1.0], seed=1).output[0, :, :, 0]
    <tf.Tensor: shape=(3, 3), dtype=float32, numpy=
    array([[ 3. ,  5. ,  6.5],
           [13. , 15. , 16.5],
           [20.5, 22.5, 24. ]], dtype=float32)>
    """
    if not isinstance(pooling_ratio, (list, tuple)):
        raise WrongTypeError(f"pooling_ratio is a list of four numbers, got {pooling_ratio!r}.")
    ratios = list(pooling_ratio)
    if len(ratios) != 4 or min(ratios) < 1:
        raise InvalidArgumentError(f"pooling_ratio has four numbers of at least 1, got {pooling_ratio}.")
    if ratios[0] != 1 or ratios[3] != 1:
        raise UnimplementedError(f"the batch and the channels are not pooled: their ratios are 1, got {pooling_ratio}.")
    tensor, found, places = prepared(value, ratios, pseudo_random, overlapping, seed)
    kind = tensor._value.dtype
    members = [members_of(each, size, kind) for each, size in zip(places, tensor._value.shape[1:3], strict=True)]
    rows, columns = (reduce_sum(each, 1) for each in members)
    lengths = reshape(rows, (1, -1, 1, 1)) * reshape(columns, (-1, 1))
    sums = einsum("oh,bhwc,pw->bopc", members[0], tensor, members[1])
    output = truncatediv(sums, lengths) if kind.kind == "i" else divide(sums, lengths)
    return FractionalAvgPool(output, *found)
