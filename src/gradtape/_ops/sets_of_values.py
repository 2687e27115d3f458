"""Sets and orders of numbers: the values that occur, places in sorted rows, permutations, flat indices."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from gradtape._core.batches import as_it_is
from gradtape._core.conversion import convert
from gradtape._core.dtypes import INDEX, REALS, as_dtype, int32
from gradtape._core.families import discrete
from gradtape._core.op import Array, TensorLike
from gradtape._core.sampling import Values, arrays
from gradtape._core.tensor import Tensor, make_tensor
from gradtape._ops.counting import plain
from gradtape._ops.parameters import Shape
from gradtape._ops.partitions import taken_rows
from gradtape._ops.steps import one_step
from gradtape.errors import InvalidArgumentError, WrongTypeError

SIDES = ("left", "right")
SORTED = (Values(0.0, 1.0), Values())


class Unique(NamedTuple):
    """The values that occur, and for each element which of them it is."""

    y: Any
    idx: Any


class UniqueWithCounts(NamedTuple):
    """The values that occur, for each element which of them it is, and how often each occurs."""

    y: Any
    idx: Any
    count: Any


def as_index_dtype(value: Any) -> Any:
    """Returns int32 or int64 as a NumPy dtype; InvalidArgumentError for any other dtype."""
    dtype = as_dtype(value)
    if dtype.numpy not in INDEX:
        raise WrongTypeError(f"the dtype of indices is int32 or int64, got {dtype.name}.")
    return dtype.numpy


def first_places(array: Array) -> tuple[Array, Array]:
    """Returns where each value of a vector occurs first, in this order, and which value each element is.

    Raises:
        InvalidArgumentError: it is no vector.
    """
    if array.ndim != 1:
        raise InvalidArgumentError(
            f"unique expects a 1D vector, got shape {list(array.shape)}; tf.reshape(x, [-1]) makes one."
        )
    # A NaN is no other number, not even another NaN.
    _, first, inverse = np.unique(array, return_index=True, return_inverse=True, equal_nan=False)
    order = np.argsort(first)
    number = np.empty(len(order), np.intp)
    number[order] = np.arange(len(order))
    return first[order], number[inverse.reshape(-1)]


@one_step("unique", form=lambda *parts: parts, varies=True)
def numbered(x: Tensor, dtype: Any) -> tuple[Tensor, Tensor, Tensor]:
    """Returns where each value of a vector occurs first, which value each element is, and how often each occurs."""
    first, number = first_places(plain(x))
    counts = np.bincount(number, minlength=len(first))
    return make_tensor(first), make_tensor(number.astype(dtype)), make_tensor(counts.astype(dtype))


def unique(x: TensorLike, out_idx: Any = int32, name: str | None = None) -> Unique:
    """Returns the values that occur in a vector, in the order of their first occurrence.

    The gradient goes to the element where a value occurs first.

    Args:
        x: a vector.
        out_idx: the dtype of the numbers, int32 or int64.
        name: ignored.

    Returns:
        A pair `y, idx`: the values, of the dtype of `x`, and for each element its number among them.

    Raises:
        InvalidArgumentError: `x` is no vector, or `out_idx` is another dtype.

    >>> import gradtape as tf
    >>> y, idx = tf.unique([7, 3, 7])
    >>> y.numpy(), idx.numpy()
    (array([7, 3], dtype=int32), array([0, 1, 0], dtype=int32))
    """
    tensor, dtype = convert(x), as_index_dtype(out_idx)
    first, number, _ = numbered(tensor, dtype)
    return Unique(taken_rows(tensor, first), number)


def unique_with_counts(x: TensorLike, out_idx: Any = int32, name: str | None = None) -> UniqueWithCounts:
    """Returns the values that occur in a vector, in the order of their first occurrence, and how often they do.

    Args:
        x: a vector.
        out_idx: the dtype of the numbers and counts, int32 or int64.
        name: ignored.

    Returns:
        A triple `y, idx, count`: the values, of the dtype of `x`; for each element its number among them; for each
        value how often it occurs.

    Raises:
        InvalidArgumentError: `x` is no vector, or `out_idx` is another dtype.

    >>> import gradtape as tf
    >>> tf.unique_with_counts([7, 3, 7]).count.numpy()
    array([2, 1], dtype=int32)
    """
    tensor, dtype = convert(x), as_index_dtype(out_idx)
    first, number, counts = numbered(tensor, dtype)
    return UniqueWithCounts(taken_rows(tensor, first), number, counts)


def as_side(value: Any) -> str:
    """Returns `left` or `right`; ValueError for anything else."""
    if value not in SIDES:
        raise InvalidArgumentError(f"Argument `side` must be either 'right' or 'left'. Received: {value!r}.")
    return str(value)


def searched_shape(sorted_shape: Shape, values_shape: Shape, side: str, out_type: Any) -> Shape:
    """The shape rule of `searchsorted`."""
    if not sorted_shape or not values_shape or sorted_shape[:-1] != values_shape[:-1]:
        raise InvalidArgumentError(
            "sorted_sequence and values have to have the same shape but for their last dimension, got "
            f"{list(sorted_shape)} and {list(values_shape)}."
        )
    return values_shape


def bisected(rows: Array, values: Array, right: bool) -> Array:
    """Returns the places of values in sorted rows, for all of them at once by halving."""
    size = rows.shape[-1]
    low, high = np.zeros(values.shape, np.intp), np.full(values.shape, size, np.intp)
    for _ in range(size.bit_length()):
        middle = (low + high) // 2
        found = np.take_along_axis(rows, np.minimum(middle, size - 1), -1)
        beyond = (~(values < found) if right else found < values) & (low < high)
        low, high = np.where(beyond, middle + 1, low), np.where(beyond, high, middle)
    return low


@discrete(
    arrays(((3,), (2,)), ((2, 1), (2, 3)), ((0,), (2,)), ((3,), (0,)), values=SORTED, side=SIDES),
    inputs=("sorted_sequence", "values"),
    types=REALS,
    shape=searched_shape,
    batch=as_it_is,
    matching="hint",
    canonical={"side": as_side, "out_type": as_index_dtype},
)
def searchsorted(
    sorted_sequence: TensorLike, values: TensorLike, side: str = "left", out_type: Any = int32, name: str | None = None
) -> Array:
    """Returns where numbers would have to be inserted in sorted rows to keep the order.

    Args:
        sorted_sequence: a tensor of shape `[..., n]` of real numbers that do not decrease along the last dimension.
        values: a tensor of the same dtype, of shape `[..., m]`: each row is looked up in the row of its place.
        side: of equal numbers, `"left"` means the place in front of them, `"right"` that behind them.
        out_type: the dtype of the places, int32 or int64.
        name: ignored.

    Returns:
        A tensor of the shape of `values`, of integers from 0 to `n`.

    Raises:
        ValueError: `side` is none of the two.
        InvalidArgumentError: the shapes or dtypes do not fit.

    >>> import gradtape as tf
    >>> tf.searchsorted([1, 3, 5], [0, 3, 9]).numpy()
    array([0, 1, 3], dtype=int32)
    """
    shape = searched_shape(sorted_sequence.shape, values.shape, side, out_type)
    if sorted_sequence.size > sorted_sequence.shape[-1] or (values.dtype.kind not in "iu" and np.isnan(values).any()):
        return bisected(sorted_sequence, values, side == "right").astype(out_type)
    # Of one row NumPy's own search is faster, which sees NaN otherwise.
    return (
        np.searchsorted(sorted_sequence.reshape(-1), values, "right" if side == "right" else "left")
        .astype(out_type)
        .reshape(shape)
    )


def vector_shape(x_shape: Shape) -> Shape:
    """The shape rule of `invert_permutation`."""
    if len(x_shape) != 1:
        raise InvalidArgumentError(f"invert_permutation expects a 1D vector, got shape {list(x_shape)}.")
    return x_shape


@discrete(arrays((1,), (0,), values=Values(0, 1, "index")), inputs=("x",), types=INDEX, shape=vector_shape)
def invert_permutation(x: TensorLike, name: str | None = None) -> Array:
    """Returns the permutation that undoes another one: `y[x[i]] = i`.

    Args:
        x: a vector in which each of the numbers 0 to n - 1 stands once; int32 or int64.
        name: ignored.

    Returns:
        A vector of the same dtype and length.

    Raises:
        InvalidArgumentError: `x` is no such vector.

    >>> import gradtape as tf
    >>> tf.math.invert_permutation([2, 0, 1]).numpy()
    array([1, 2, 0], dtype=int32)
    """
    size = vector_shape(x.shape)[0]
    out = np.full(size, -1, x.dtype)
    if size and (x.min() < 0 or x.max() >= size):
        raise InvalidArgumentError(f"a number of the permutation is not between 0 and {size - 1}: {x.tolist()[:20]}.")
    out[x] = np.arange(size)
    if size and out.min() < 0:
        raise InvalidArgumentError(f"a number stands twice in the permutation: {x.tolist()[:20]}.")
    return out


def scalar_shape(x_shape: Shape) -> Shape:
    """The shape rule of what says one thing of a whole tensor."""
    return ()


@discrete(arrays((), (4,), (2, 3), (0,)), inputs=("x",), types=REALS, shape=scalar_shape)
def is_non_decreasing(x: TensorLike, name: str | None = None) -> Array:
    """Returns whether no element is less than the one before it, read row by row.

    Args:
        x: a tensor of real numbers.
        name: ignored.

    Returns:
        A bool tensor of no dimension; true of fewer than two elements, false where one is NaN.

    >>> import gradtape as tf
    >>> tf.math.is_non_decreasing([1.0, 1.0, 2.0]).numpy()
    np.True_
    """
    flat = x.reshape(-1)
    return np.all(flat[:-1] <= flat[1:])


@discrete(arrays((), (4,), (2, 3), (0,)), inputs=("x",), types=REALS, shape=scalar_shape)
def is_strictly_increasing(x: TensorLike, name: str | None = None) -> Array:
    """Returns whether each element is greater than the one before it, read row by row.

    Args:
        x: a tensor of real numbers.
        name: ignored.

    Returns:
        A bool tensor of no dimension; true of fewer than two elements, false where one is NaN.

    >>> import gradtape as tf
    >>> tf.math.is_strictly_increasing([1.0, 1.0, 2.0]).numpy()
    np.False_
    """
    flat = x.reshape(-1)
    return np.all(flat[:-1] < flat[1:])


def unraveled_shape(indices_shape: Shape, dims_shape: Shape) -> Shape:
    """The shape rule of `unravel_index`."""
    if len(indices_shape) > 1:
        raise InvalidArgumentError(f"The indices can only be scalar or vector, got shape {list(indices_shape)}.")
    if len(dims_shape) != 1:
        raise InvalidArgumentError(f"The dims can only be 1-D, got shape {list(dims_shape)}.")
    return dims_shape + indices_shape


@discrete(
    arrays(((3,), (2,)), ((), (1,)), ((0,), (2,)), values=(Values(0, 2, "index"), Values(2, 4, "index"))),
    inputs=("indices", "dims"),
    types=INDEX,
    shape=unraveled_shape,
)
def unravel_index(indices: TensorLike, dims: TensorLike, name: str | None = None) -> Array:
    """Returns where flat indices lie in an array of a given shape, stored row by row.

    Args:
        indices: a vector of integers, or one; int32 or int64.
        dims: the shape, a vector of the same dtype.
        name: ignored.

    Returns:
        A tensor of that dtype, with a row of indices for each dimension: `[len(dims), len(indices)]`.

    Raises:
        InvalidArgumentError: an index is negative or too large, or the shapes do not fit.

    >>> import gradtape as tf
    >>> tf.unravel_index([2, 5], [2, 3]).numpy()
    array([[0, 1],
           [2, 2]], dtype=int32)
    """
    shape = unraveled_shape(indices.shape, dims.shape)
    return np.array(np.unravel_index(indices, tuple(dims.tolist())), indices.dtype).reshape(shape)
