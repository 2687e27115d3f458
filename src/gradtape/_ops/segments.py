"""Rows put together by segment, in any order: the sum, mean, product and extremes of the rows that have one number."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape._core.batches import call, whole
from gradtape._core.conversion import convert
from gradtape._core.dtypes import INDEX, NUMBERS, REALS
from gradtape._core.families import bilinear, composite, discrete, elementwise, primitive
from gradtape._core.op import NOT_DIFFERENTIABLE, ZERO, Array, TensorLike
from gradtape._core.sampling import Values, arrays, singles
from gradtape._core.tensor import Tensor
from gradtape._ops.arithmetic import sqrt
from gradtape._ops.comparison import equal, keep, select
from gradtape._ops.creation import ones
from gradtape._ops.extrema import maximum
from gradtape._ops.gather import INDICES, add_rows
from gradtape._ops.parameters import Shape
from gradtape._ops.structure import reshape
from gradtape.errors import InvalidArgumentError

NUMBERED = (Values(0.5, 2.0), Values(-1, 3, "index"))
SAMPLES = (
    arrays(((4,), (4,)), ((4, 2), (4,)), ((2, 2, 3), (2, 2)), ((), ()), num_segments=[3], values=NUMBERED)
    + arrays(((0, 2), (0,)), ((4, 0), (4,)), num_segments=[3, 4], values=NUMBERED)
    + arrays(((0,), (0,)), num_segments=[0], values=NUMBERED)
)
ROWS = (((4,), (4,)), ((4, 2), (4,)), ((2, 2, 3), (2, 2)))
ONE_SEGMENT = Values(0, 1, "index")
DISTINCT = (Values(0.5, 2.0, distinct=True), Values(-1, 3, "index"))


def as_count(value: Any) -> int:
    """Returns the number of segments as an integer.

    Raises:
        InvalidArgumentError: it is no integer, is negative, or there is more than one.
    """
    if type(value) is not int:
        tensor = convert(value)
        if len(tensor.shape) or tensor._value.dtype not in INDEX:
            raise InvalidArgumentError(f"num_segments should be a scalar int32 or int64, got {value!r}.")
        value = int(tensor._value)
    if value < 0:
        raise InvalidArgumentError(f"Input num_segments == {value} must not be negative.")
    return value


def segments_shape(data_shape: Shape, segment_ids_shape: Shape, num_segments: int, **params: Any) -> Shape:
    """The shape rule of what makes one row of each segment."""
    rank = len(segment_ids_shape)
    if data_shape[:rank] != segment_ids_shape:
        raise InvalidArgumentError(
            f"data.shape = {list(data_shape)} does not start with segment_ids.shape = {list(segment_ids_shape)}. "
            "Each row of the data has the number of its segment."
        )
    return (num_segments, *data_shape[rank:])


def rows_of(data: Array, segment_ids: Array, count: int) -> tuple[Array, Array, Shape]:
    """Returns the rows that belong to a segment, the numbers of their segments, and the result's shape.

    Raises:
        InvalidArgumentError: the shapes do not fit, or there is no such segment.
    """
    shape = segments_shape(data.shape, segment_ids.shape, count)
    flat = np.reshape(segment_ids, -1)
    rows = np.reshape(data, (flat.size, *shape[1:]))
    if flat.size and flat.max() >= count:
        place = int(np.argmax(flat >= count))
        raise InvalidArgumentError(f"segment_ids[{place}] = {flat[place]} is out of range [0, {count}).")
    if flat.size and flat.min() < 0:
        rows, flat = rows[flat >= 0], flat[flat >= 0]
    return rows, flat, shape


def apart(numbers: Array, count: int) -> Array:
    """Returns the numbers of segments of many inputs, made different for each; negative ones stay negative."""
    steps = count * np.arange(len(numbers)).reshape((len(numbers), *(1,) * (numbers.ndim - 1)))
    if numbers.size and numbers.max() >= count:
        raise InvalidArgumentError(f"segment_ids: {numbers.max()} is out of range [0, {count}).")
    return np.where(numbers < 0, -1, numbers + steps)


def segments_apart(op: Any, arrays: list[Any], batched: list[bool], params: dict[str, Any]) -> Any:
    """The batching rule of what makes rows of segments: each input has segments of its own."""
    arrays = whole(arrays, batched)
    size, count = len(arrays[0]), params["num_segments"]
    arrays[-1] = apart(arrays[-1], count)
    found = call(op, arrays, {**params, "num_segments": size * count})
    return found.reshape((size, count, *found.shape[1:]))


def rows_apart(op: Any, arrays: list[Any], batched: list[bool], params: dict[str, Any]) -> Any:
    """The batching rule of what gives each row what its segment has."""
    values, *others, numbers = whole(arrays, batched)
    size, count = values.shape[:2]
    return call(op, [values.reshape((size * count, *values.shape[2:])), *others, apart(numbers, count)], params)


def shares_apart(op: Any, arrays: list[Any], batched: list[bool], params: dict[str, Any]) -> Any:
    """The batching rule of `shares_of_segment`."""
    data, extremes, numbers = whole(arrays, batched)
    size, count = extremes.shape[:2]
    return call(op, [data, extremes.reshape((size * count, *extremes.shape[2:])), apart(numbers, count)], params)


@bilinear(
    arrays(((3,), (4,)), ((3, 2), (4,)), ((3, 2), (2, 2)), ((3,), ()), ((3, 0), (2,)), values=NUMBERED)
    + arrays(((0,), (0,)), ((3, 2), (0,)), values=NUMBERED),
    shape=lambda values_shape, segment_ids_shape: segment_ids_shape + values_shape[1:],
    batch=rows_apart,
    types={"values": NUMBERS, "segment_ids": INDICES},
    holomorphic=False,
    values=lambda g, segment_ids, values_shape: unsorted_segment_sum(g, segment_ids, values_shape[0]),
    segment_ids=NOT_DIFFERENTIABLE,
)
def of_segment(values: TensorLike, segment_ids: TensorLike) -> Array:
    """Returns the row of its segment for each number, zeros for negative ones; not for users."""
    flat = np.reshape(segment_ids, -1)
    out = np.zeros((flat.size, *values.shape[1:]), values.dtype)
    inside = flat >= 0
    out[inside] = values[flat[inside]]
    return out.reshape(segment_ids.shape + values.shape[1:])


@bilinear(
    SAMPLES,
    shape=segments_shape,
    batch=segments_apart,
    types={"data": NUMBERS, "segment_ids": INDICES},
    holomorphic=False,
    canonical={"num_segments": as_count},
    data=lambda g, segment_ids: of_segment(g, segment_ids),
    segment_ids=NOT_DIFFERENTIABLE,
)
def unsorted_segment_sum(
    data: TensorLike, segment_ids: TensorLike, num_segments: Any, name: str | None = None
) -> Array:
    """Returns the sum of the rows of each segment.

    Args:
        data: a tensor of numbers whose shape begins with that of `segment_ids`.
        segment_ids: for each row the number of its segment, less than `num_segments`; rows with a negative one are
            left out. int16, int32 or int64.
        num_segments: the number of segments.
        name: ignored.

    Returns:
        A tensor of the dtype of `data` and of the shape `[num_segments] + data.shape[segment_ids.ndim:]`; 0 for a
        segment without rows.

    Raises:
        InvalidArgumentError: the shapes do not fit, or a number is too large.

    >>> import gradtape as tf
    >>> tf.math.unsorted_segment_sum([1.0, 2.0, 4.0], [2, 0, 2], 3)
    <tf.Tensor: shape=(3,), dtype=float32, numpy=array([2., 0., 5.], dtype=float32)>
    """
    rows, numbers, shape = rows_of(data, segment_ids, num_segments)
    return add_rows(rows, numbers, shape)


def sizes_of_segments(data: Tensor, segment_ids: Tensor, count: int) -> Tensor:
    """Returns how many rows each segment has, at least 1, in the dtype of the data and broadcasting with its rows."""
    numbers = tuple(segment_ids.shape)
    sizes = unsorted_segment_sum(ones(numbers, data.dtype), segment_ids, count)
    return maximum(reshape(sizes, (count, *(1,) * (len(data.shape) - len(numbers)))), 1)


@composite(SAMPLES)
def unsorted_segment_mean(
    data: TensorLike, segment_ids: TensorLike, num_segments: Any, name: str | None = None
) -> Tensor:
    """Returns the mean of the rows of each segment.

    Args:
        data: a tensor of real numbers whose shape begins with that of `segment_ids`.
        segment_ids: as in `unsorted_segment_sum`.
        num_segments: the number of segments.
        name: ignored.

    Returns:
        A tensor of the shape that `unsorted_segment_sum` gives, of the dtype of `data` or float64 for integers; 0 for a
        segment without rows.

    Raises:
        InvalidArgumentError: the shapes do not fit, or a number is too large.

    >>> import gradtape as tf
    >>> tf.math.unsorted_segment_mean([1.0, 2.0, 4.0], [2, 0, 2], 3)
    <tf.Tensor: shape=(3,), dtype=float32, numpy=array([2. , 0. , 2.5], dtype=float32)>
    """
    rows, numbers, count = convert(data), convert(segment_ids), as_count(num_segments)
    summed = unsorted_segment_sum(rows, numbers, count)
    return summed / sizes_of_segments(rows, numbers, count)


@composite(SAMPLES)
def unsorted_segment_sqrt_n(
    data: TensorLike, segment_ids: TensorLike, num_segments: Any, name: str | None = None
) -> Tensor:
    """Returns the sum of the rows of each segment, divided by the square root of their number.

    Args:
        data: a tensor of floating-point numbers whose shape begins with that of `segment_ids`.
        segment_ids: as in `unsorted_segment_sum`.
        num_segments: the number of segments.
        name: ignored.

    Returns:
        A tensor of the dtype of `data` and of the shape that `unsorted_segment_sum` gives; 0 for a segment without
        rows.

    Raises:
        InvalidArgumentError: the shapes do not fit, or a number is too large.

    >>> import gradtape as tf
    >>> tf.math.unsorted_segment_sqrt_n([1.0, 1.0, 1.0, 1.0], [0, 0, 0, 0], 1).numpy()
    array([2.], dtype=float32)
    """
    rows, numbers, count = convert(data), convert(segment_ids), as_count(num_segments)
    summed = unsorted_segment_sum(rows, numbers, count)
    return summed / sqrt(sizes_of_segments(rows, numbers, count))


@discrete(
    arrays(((4,), (4,), (4,)), values=(Values(), Values(), Values(0, 3, "index"))),
    inputs=("data", "extremes", "segment_ids"),
    shape=lambda data_shape, *others: data_shape,
    batch=shares_apart,
    types={"data": REALS, "extremes": REALS, "segment_ids": INDICES},
)
def shares_of_segment(data: TensorLike, extremes: TensorLike, segment_ids: TensorLike) -> Array:
    """Returns 1/n for each of the n elements that equal their segment's extreme, 0 for the others; not for users."""
    inside = segment_ids >= 0
    numbers = np.where(inside, segment_ids, 0)
    inside = inside.reshape((*segment_ids.shape, *(1,) * (data.ndim - segment_ids.ndim)))
    if not len(extremes):
        return np.zeros_like(data)
    reached = np.equal(data, extremes[numbers]) & inside
    rows, flat, shape = rows_of(reached.astype(data.dtype), segment_ids, len(extremes))
    counts = np.maximum(add_rows(rows, flat, shape), 1)
    return (reached / counts[numbers]).astype(data.dtype)


@primitive(
    arrays(*ROWS, ((0, 2), (0,)), num_segments=[3], greatest=[True, False], filled=[True], values=DISTINCT)
    # No segment without rows: the result is then too great a number to reckon with.
    + arrays(*ROWS, num_segments=[1], greatest=[True, False], filled=[False], values=(DISTINCT[0], ONE_SEGMENT)),
    shape=segments_shape,
    batch=segments_apart,
    types={"data": REALS, "segment_ids": INDICES},
    data=lambda g, data, out, segment_ids: of_segment(g, segment_ids) * shares_of_segment(data, out, segment_ids),
    segment_ids=NOT_DIFFERENTIABLE,
)
def extremes_of_segments(
    data: TensorLike, segment_ids: TensorLike, num_segments: int, greatest: bool, filled: bool
) -> Array:
    """Returns the greatest or the least of each segment's rows; not for users.

    Where a segment has no rows, the result is 0 if `filled`, else the least or the greatest number of the dtype.
    """
    rows, numbers, shape = rows_of(data, segment_ids, num_segments)
    limits: Any = np.iinfo(data.dtype) if data.dtype.kind in "iu" else np.finfo(data.dtype)
    # Between sorted segments TensorFlow starts from infinity, between others from the last finite number.
    start = limits.min if greatest else limits.max
    if filled and data.dtype.kind == "f":
        start = -np.inf if greatest else np.inf
    out = np.full(shape, start, data.dtype)
    (np.maximum if greatest else np.minimum).at(out, numbers, rows)
    if filled:
        empty = np.ones(num_segments, bool)
        empty[numbers] = False
        out[empty] = 0
    return out


def unsorted_segment_max(
    data: TensorLike, segment_ids: TensorLike, num_segments: Any, name: str | None = None
) -> Tensor:
    """Returns the greatest of the rows of each segment, element-wise; the gradient is shared by those that are equal.

    Args:
        data: a tensor of real numbers whose shape begins with that of `segment_ids`.
        segment_ids: as in `unsorted_segment_sum`.
        num_segments: the number of segments.
        name: ignored.

    Returns:
        A tensor of the dtype of `data` and of the shape that `unsorted_segment_sum` gives; the least number of the
        dtype for a segment without rows.

    Raises:
        InvalidArgumentError: the shapes do not fit, or a number is too large.

    >>> import gradtape as tf
    >>> tf.math.unsorted_segment_max([1, 2, 4], [1, 0, 1], 2).numpy()
    array([2, 4], dtype=int32)
    """
    return extremes_of_segments(data, segment_ids, as_count(num_segments), True, False)


def unsorted_segment_min(
    data: TensorLike, segment_ids: TensorLike, num_segments: Any, name: str | None = None
) -> Tensor:
    """Returns the least of the rows of each segment, element-wise; the gradient is shared by those that are equal.

    Args:
        data: a tensor of real numbers whose shape begins with that of `segment_ids`.
        segment_ids: as in `unsorted_segment_sum`.
        num_segments: the number of segments.
        name: ignored.

    Returns:
        A tensor of the dtype of `data` and of the shape that `unsorted_segment_sum` gives; the greatest number of the
        dtype for a segment without rows.

    Raises:
        InvalidArgumentError: the shapes do not fit, or a number is too large.

    >>> import gradtape as tf
    >>> tf.math.unsorted_segment_min([1, 2, 4], [1, 0, 1], 2).numpy()
    array([2, 1], dtype=int32)
    """
    return extremes_of_segments(data, segment_ids, as_count(num_segments), False, False)


@elementwise(singles(0.5, 2.0), types=NUMBERS, x=ZERO)
def ones_at_zeros(x: TensorLike) -> Array:
    """Returns 1 where `x` is 0, and 0 elsewhere, in the dtype of `x`; not for users."""
    return np.equal(x, 0).astype(x.dtype)


def pull_product(g: Any, data: Any, out: Any, segment_ids: Any, count: int) -> Any:
    """The cotangent of the rows of products: times the product of the segment's other rows, also where one is 0."""
    zero = ones_at_zeros(data)
    at_zeros = keep(data, equal(data, 0.0))
    filled = select(equal(data, 0.0), 1.0, data)
    zeros = unsorted_segment_sum(zero, segment_ids, count)
    without = unsorted_segment_prod(filled, segment_ids, count)
    # Beside one zero stands the product of all else; beside one of two it is 0, with the other one as a factor.
    other_zero = of_segment(unsorted_segment_sum(at_zeros, segment_ids, count), segment_ids) - at_zeros
    one, two = without * ones_at_zeros(zeros - 1), without * ones_at_zeros(zeros - 2)
    beside_zeros = of_segment(one, segment_ids) + other_zero * of_segment(two, segment_ids)
    others = of_segment(out, segment_ids) / filled * (1.0 - zero) + zero * beside_zeros
    return of_segment(g, segment_ids) * others


@primitive(
    SAMPLES,
    shape=segments_shape,
    batch=segments_apart,
    types={"data": NUMBERS, "segment_ids": INDICES},
    canonical={"num_segments": as_count},
    data=lambda g, data, out, segment_ids, num_segments: pull_product(g, data, out, segment_ids, num_segments),
    segment_ids=NOT_DIFFERENTIABLE,
)
def unsorted_segment_prod(
    data: TensorLike, segment_ids: TensorLike, num_segments: Any, name: str | None = None
) -> Array:
    """Returns the product of the rows of each segment; its gradient is exact where a row is 0, too.

    Args:
        data: a tensor of numbers whose shape begins with that of `segment_ids`.
        segment_ids: as in `unsorted_segment_sum`.
        num_segments: the number of segments.
        name: ignored.

    Returns:
        A tensor of the dtype of `data` and of the shape that `unsorted_segment_sum` gives; 1 for a segment without
        rows.

    Raises:
        InvalidArgumentError: the shapes do not fit, or a number is too large.

    >>> import gradtape as tf
    >>> tf.math.unsorted_segment_prod([2.0, 3.0, 4.0], [2, 0, 2], 3)
    <tf.Tensor: shape=(3,), dtype=float32, numpy=array([3., 1., 8.], dtype=float32)>
    """
    rows, numbers, shape = rows_of(data, segment_ids, num_segments)
    out = np.ones(shape, data.dtype)
    np.multiply.at(out, numbers, rows)
    return out
