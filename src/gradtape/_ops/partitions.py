"""Rows dealt out to several tensors, and put together from several: `dynamic_partition`, `dynamic_stitch`."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from gradtape._core.conversion import convert
from gradtape._core.dispatch import convert_hint
from gradtape._core.dtypes import int32
from gradtape._core.families import composite
from gradtape._core.op import TensorLike
from gradtape._core.sampling import arrays
from gradtape._core.tensor import Tensor, make_tensor
from gradtape._core.variable import Variable
from gradtape._ops.counting import plain
from gradtape._ops.creation import zeros
from gradtape._ops.gather import gather
from gradtape._ops.joining import concat, split, stack
from gradtape._ops.parameters import as_setting
from gradtape._ops.steps import one_step
from gradtape._ops.structure import expand_dims, reshape, squeeze
from gradtape.errors import InvalidArgumentError, WrongTypeError


@composite(arrays((4,), (4, 2), places=[np.array([2, 0, 2]), np.zeros(0, int)]))
def taken_rows(rows: TensorLike, places: Any) -> Tensor:
    """Returns rows by their places; the gradient is dense, unlike that of `gather` along the first axis."""
    taken = places if isinstance(places, Tensor) else make_tensor(np.asarray(places, np.int64))
    return squeeze(gather(expand_dims(convert(rows), 0), taken, axis=1), (0,))


def dynamic_partition(data: TensorLike, partitions: TensorLike, num_partitions: int, name: str | None = None) -> Any:
    """Returns the rows of a tensor, dealt out to as many tensors as there are parts.

    Args:
        data: a tensor whose shape begins with that of `partitions`.
        partitions: int32 numbers of at least 0 and less than `num_partitions`: to which part each row goes.
        num_partitions: how many parts there are.
        name: ignored.

    Returns:
        A list of tensors of the dtype of `data` and of shape `[rows of the part, ...]`; rows keep their order.

    Raises:
        InvalidArgumentError: there is no such part, or the shapes do not fit.
        ValueError: `partitions` is a tensor of another dtype than int32.

    >>> import gradtape as tf
    >>> [part.numpy() for part in tf.dynamic_partition([10, 20, 30], [0, 1, 0], 2)]
    [array([10, 30], dtype=int32), array([20], dtype=int32)]
    """
    return partitioned(data, convert(partitions, int32), as_count(num_partitions))


def as_count(value: Any) -> int:
    """Returns the number of parts as an integer; InvalidArgumentError if it is less than 1."""
    count = as_setting("num_partitions", value)
    if count < 1:
        raise InvalidArgumentError(f"num_partitions is at least 1, got {count}.")
    return count


@composite(
    arrays((4,), (4, 2), partitions=[np.array([1, 0, 1, 3])], num_partitions=[4])
    + arrays((2, 2, 3), partitions=[np.array([[0, 1], [1, 0]])], num_partitions=[2])
    + arrays((0, 2), partitions=[np.zeros(0, int)], num_partitions=[2])
    + arrays((3,), partitions=[np.array(1)], num_partitions=[2])
)
def partitioned(data: TensorLike, partitions: TensorLike, num_partitions: int) -> list[Tensor]:
    """Returns `dynamic_partition` for parts that are given; not for users."""
    tensor, parts = convert(data), convert(partitions)
    shape, lead = tuple(tensor._value.shape), parts._value.shape
    if shape[: len(lead)] != lead:
        raise InvalidArgumentError(
            f"data.shape must start with partitions.shape, got data.shape = {list(shape)}, partitions.shape = "
            f"{list(lead)}."
        )
    order, *wholes = order_of_parts(parts, num_partitions)
    rows = taken_rows(reshape(tensor, (prod(lead), *shape[len(lead) :])), order)
    return [*split(rows, [each._value.shape[0] for each in wholes], 0)]


@one_step("order_of_parts", form=lambda *parts: parts, varies=True)
def order_of_parts(partitions: Tensor, num_partitions: int) -> list[Tensor]:
    """Returns the places of the rows, part after part, and for each part an array as long as it has rows.

    Raises:
        InvalidArgumentError: there is no such part.
    """
    flat = plain(partitions).reshape(-1)
    if flat.size and (flat.min() < 0 or flat.max() >= num_partitions):
        place = int(np.argmax((flat < 0) | (flat >= num_partitions)))
        raise InvalidArgumentError(f"partitions[{place}] = {flat[place]} is not in [0, {num_partitions}).")
    sizes = np.bincount(flat, minlength=num_partitions).tolist()
    return [make_tensor(np.argsort(flat, kind="stable")), *[make_tensor(np.zeros(size, bool)) for size in sizes]]


def dynamic_stitch(indices: Any, data: Any, name: str | None = None) -> Tensor:
    """Returns one tensor of the rows of several: each row has its place, and of those with one place the last counts.

    Args:
        indices: a list of int32 tensors: the places of the rows.
        data: a list of tensors of one dtype; the shape of each begins with that of its indices, and goes on like those
            of the others.
        name: ignored.

    Returns:
        A tensor of that dtype and of shape `[greatest place + 1, ...]`; 0 where no row has its place.

    Raises:
        ValueError: the lists differ in length, or indices are a tensor of another dtype than int32.
        InvalidArgumentError: there are no tensors, a place is negative, or the shapes or dtypes do not fit.

    >>> import gradtape as tf
    >>> tf.dynamic_stitch([[0, 2], [1]], [[10, 30], [20]]).numpy()
    array([10, 20, 30], dtype=int32)
    """
    for word, value in (("indices", indices), ("data", data)):
        if not isinstance(value, list | tuple):
            raise WrongTypeError(f"Expected list for '{word}' argument to 'dynamic_stitch' Op, not {value!r}.")
    if len(indices) != len(data):
        raise InvalidArgumentError(
            f"dynamic_stitch: as many tensors of indices as of data are wanted, got {len(indices)} and {len(data)}."
        )
    return stitched(*data, indices=[convert(each, int32) for each in indices])


@composite(
    arrays(((2,), (1,)), ((2, 2), (1, 2)), indices=[[np.array([2, 0]), np.array([1])]])
    + arrays(((2,), (1,)), indices=[[np.array([3, 0]), np.array([0])]])
    + arrays(((2, 2, 2), (2,)), indices=[[np.array([[0, 1], [4, 3]]), np.array(2)]])
    + arrays(((0, 2),), indices=[[np.zeros(0, int)]])
)
def stitched(*data: TensorLike, indices: list[Any]) -> Tensor:
    """Returns `dynamic_stitch` for places that are given; not for users."""
    if not indices:
        raise InvalidArgumentError("dynamic_stitch: at least one tensor is wanted.")
    known = next((each.dtype for each in data if isinstance(each, Tensor | Variable)), None) or convert(data[0]).dtype
    tensors = [convert_hint(each, known) for each in data]
    if any(each.dtype is not known for each in tensors):
        names = ", ".join(each.dtype.name for each in tensors)
        raise WrongTypeError(f"dynamic_stitch: the tensors differ in dtype: {names}.")
    tails = []
    leads = [convert(each)._value.shape for each in indices]
    for tensor, lead in zip(tensors, leads, strict=True):
        shape = tuple(tensor._value.shape)
        if shape[: len(lead)] != lead:
            raise InvalidArgumentError(f"data.shape = {list(shape)} does not start with indices.shape = {list(lead)}.")
        tails.append(shape[len(lead) :])
    if len(set(tails)) > 1:
        raise InvalidArgumentError(f"the rows of the tensors differ in shape: {', '.join(map(str, tails))}.")
    last, gaps = last_places(indices)
    tail = tails[0]
    rows = concat([reshape(each, (prod(lead), *tail)) for each, lead in zip(tensors, leads, strict=True)], 0)
    if gaps._value.size:
        rows = concat([rows, zeros((1, *tail), rows.dtype)], 0)
    return reshape(taken_rows(rows, last), (*last._value.shape, *tail))


@one_step("last_places", form=lambda *parts: parts, varies=True)
def last_places(indices: list[Any]) -> tuple[Tensor, Tensor]:
    """Returns which row comes last at each place, and an array of one element if some have none, of no element if not.

    Raises:
        InvalidArgumentError: a place is negative.
    """
    flat = np.concatenate([plain(places).reshape(-1) for places in indices])
    if flat.size and flat.min() < 0:
        raise InvalidArgumentError(f"indices[{int(np.argmin(flat))}] = {flat.min()} is negative.")
    last = np.full(int(flat.max()) + 1 if flat.size else 0, len(flat))
    last[flat] = np.arange(len(flat))
    return make_tensor(last), make_tensor(np.zeros(int(last.size > 0 and last.max() == len(flat))))


def parallel_stack(values: TensorLike, name: str | None = "parallel_stack") -> Tensor:
    """Returns tensors of one shape, stacked along a new first dimension, as `tf.stack` does.

    Args:
        values: a list of tensors of one shape and dtype.
        name: ignored.

    Returns:
        A tensor of that dtype and of shape `[number of tensors, ...]`.

    Raises:
        InvalidArgumentError: the shapes or dtypes differ.

    >>> import gradtape as tf
    >>> tf.parallel_stack([[1, 4], [2, 5]]).numpy()
    array([[1, 4],
           [2, 5]], dtype=int32)
    """
    return stack(values, 0)
