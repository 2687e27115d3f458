"""Rows put together by segment where those of a segment stand together: sums, means, products and extremes."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape._core.conversion import convert
from gradtape._core.dtypes import INDEX
from gradtape._core.op import TensorLike
from gradtape._core.tensor import Tensor, make_tensor
from gradtape._ops.casting import cast
from gradtape._ops.counting import plain
from gradtape._ops.quotients import truediv
from gradtape._ops.segments import extremes_of_segments, unsorted_segment_prod, unsorted_segment_sum
from gradtape._ops.steps import asked, one_step
from gradtape.errors import InvalidArgumentError, WrongTypeError


def ids_in_order(data: Tensor, segment_ids: Any) -> tuple[Tensor, int]:
    """Returns the numbers of segments that stand in order, and how many segments there are.

    Raises:
        InvalidArgumentError: they are no list, one for each row, or are not in order.
    """
    ids = convert(segment_ids)
    if not len(data.shape):
        raise InvalidArgumentError("input must be at least rank 1.")
    return ids, asked("last_segment", lambda numbers: counted(numbers, data.shape[0]), ids)


def counted(numbers: Any, rows: int) -> int:
    """Returns how many segments there are; raises as `ids_in_order` does."""
    if numbers.ndim != 1 or numbers.dtype not in INDEX:
        raise WrongTypeError(
            f"segment_ids should be a vector of int32 or int64, got shape {list(numbers.shape)} of {numbers.dtype}."
        )
    if len(numbers) != rows:
        raise InvalidArgumentError(
            f"segment_ids should be the same size as dimension 0 of input: {len(numbers)} and {rows}."
        )
    if (numbers[1:] < numbers[:-1]).any():
        raise InvalidArgumentError("segment ids are not increasing; tf.math.unsorted_segment_sum takes any order.")
    if len(numbers) and numbers[0] < 0:
        raise InvalidArgumentError(f"Segment id {numbers[0]} is out of range: they are at least 0.")
    return int(numbers[-1]) + 1 if len(numbers) else 0


def segment_sum(data: TensorLike, segment_ids: TensorLike, name: str | None = None) -> Tensor:
    """Returns the sum of the rows of each segment; the rows of a segment stand together.

    Args:
        data: a tensor of numbers of at least one dimension.
        segment_ids: for each row the number of its segment, in ascending order from 0 on; int32 or int64.
        name: ignored.

    Returns:
        A tensor of the dtype of `data` and of the shape `[last number + 1] + data.shape[1:]`; 0 for a number that no
        row has.

    Raises:
        InvalidArgumentError: the numbers are not in order, or there is not one for each row.

    >>> import gradtape as tf
    >>> tf.math.segment_sum([1.0, 2.0, 4.0], [0, 0, 2])
    <tf.Tensor: shape=(3,), dtype=float32, numpy=array([3., 0., 4.], dtype=float32)>
    """
    rows = convert(data)
    return unsorted_segment_sum(rows, *ids_in_order(rows, segment_ids))


def segment_mean(data: TensorLike, segment_ids: TensorLike, name: str | None = None) -> Tensor:
    """Returns the mean of the rows of each segment; the rows of a segment stand together.

    Args:
        data: a tensor of numbers of at least one dimension.
        segment_ids: as in `segment_sum`.
        name: ignored.

    Returns:
        A tensor of the dtype of `data` and of the shape that `segment_sum` gives; 0 for a number that no row has. Of
        integers, cut to an integer.

    Raises:
        InvalidArgumentError: the numbers are not in order, or there is not one for each row.

    >>> import gradtape as tf
    >>> tf.math.segment_mean([1.0, 2.0, 4.0], [0, 0, 2])
    <tf.Tensor: shape=(3,), dtype=float32, numpy=array([1.5, 0. , 4. ], dtype=float32)>
    """
    rows = convert(data)
    numbers, count = ids_in_order(rows, segment_ids)
    sizes = sizes_of(numbers, (count, *(1,) * (len(rows.shape) - 1)), rows._value.dtype)
    summed = unsorted_segment_sum(rows, numbers, count)
    return cast(truediv(summed, sizes), rows.dtype) if rows.dtype.is_integer else summed / sizes


@one_step("sizes")
def sizes_of(segment_ids: Tensor, shape: Any, dtype: Any) -> Tensor:
    """Returns how many rows each segment has, at least 1, in a shape."""
    sizes = np.bincount(plain(segment_ids), minlength=shape[0])
    return make_tensor(np.maximum(sizes, 1).reshape(shape).astype(dtype))


def segment_max(data: TensorLike, segment_ids: TensorLike, name: str | None = None) -> Tensor:
    """Returns the greatest of the rows of each segment, element-wise; the rows of a segment stand together.

    Args:
        data: a tensor of real numbers of at least one dimension.
        segment_ids: as in `segment_sum`.
        name: ignored.

    Returns:
        A tensor of the dtype of `data` and of the shape that `segment_sum` gives; 0 for a number that no row has.

    Raises:
        InvalidArgumentError: the numbers are not in order, or there is not one for each row.

    >>> import gradtape as tf
    >>> tf.math.segment_max([1, 2, 4], [0, 0, 2]).numpy()
    array([2, 0, 4], dtype=int32)
    """
    rows = convert(data)
    return extremes_of_segments(rows, *ids_in_order(rows, segment_ids), True, True)


def segment_min(data: TensorLike, segment_ids: TensorLike, name: str | None = None) -> Tensor:
    """Returns the least of the rows of each segment, element-wise; the rows of a segment stand together.

    Args:
        data: a tensor of real numbers of at least one dimension.
        segment_ids: as in `segment_sum`.
        name: ignored.

    Returns:
        A tensor of the dtype of `data` and of the shape that `segment_sum` gives; 0 for a number that no row has.

    Raises:
        InvalidArgumentError: the numbers are not in order, or there is not one for each row.

    >>> import gradtape as tf
    >>> tf.math.segment_min([1, 2, 4], [0, 0, 2]).numpy()
    array([1, 0, 4], dtype=int32)
    """
    rows = convert(data)
    return extremes_of_segments(rows, *ids_in_order(rows, segment_ids), False, True)


def segment_prod(data: TensorLike, segment_ids: TensorLike, name: str | None = None) -> Tensor:
    """Returns the product of the rows of each segment; the rows of a segment stand together.

    Args:
        data: a tensor of numbers of at least one dimension.
        segment_ids: as in `segment_sum`.
        name: ignored.

    Returns:
        A tensor of the dtype of `data` and of the shape that `segment_sum` gives; 1 for a number that no row has.

    Raises:
        InvalidArgumentError: the numbers are not in order, or there is not one for each row.

    >>> import gradtape as tf
    >>> tf.math.segment_prod([2, 3, 4], [0, 0, 2]).numpy()
    array([6, 1, 4], dtype=int32)
    """
    rows = convert(data)
    return unsorted_segment_prod(rows, *ids_in_order(rows, segment_ids))
