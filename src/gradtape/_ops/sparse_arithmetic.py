"""Arithmetic of sparse tensors: sums, extremes, reductions, softmax, counts and indicators."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from gradtape._core.conversion import convert
from gradtape._core.dtypes import INDEX, REALS, as_dtype, float32, float64, int32, int64
from gradtape._core.op import Array
from gradtape._core.tensor import Tensor, make_tensor
from gradtape._ops.arithmetic import add as add_dense
from gradtape._ops.casting import cast
from gradtape._ops.exponential import exp
from gradtape._ops.extrema import maximum as greater_of
from gradtape._ops.extrema import minimum as less_of
from gradtape._ops.gather import scatter_nd
from gradtape._ops.joining import concat
from gradtape._ops.parameters import as_axes, as_number, as_real, in_range
from gradtape._ops.segments import extremes_of_segments, of_segment, unsorted_segment_sum
from gradtape._ops.sparse_tensors import SparseTensor, bounded, check_bounds, checked, of_parts, places_of, plain, taken
from gradtape._ops.steps import one_step
from gradtape._ops.structure import reshape, stop_gradient
from gradtape.errors import InvalidArgumentError, WrongTypeError

COUNTS = (int32, int64, float32, float64)


def grouped(places: Array, dims: Any) -> tuple[Array, Array]:
    """Returns the rows of indices that differ, in order, and for each given row which of them it is."""
    if not places.shape[1]:
        return places[:1], np.zeros(len(places), np.int64)
    if prod(dims) < 2**62:
        flat = np.zeros(len(places), np.int64)
        for axis, size in enumerate(dims):
            flat = flat * int(size) + places[:, axis]
        _, first, group = np.unique(flat, return_index=True, return_inverse=True)
        return places[first], group
    rows, group = np.unique(places, axis=0, return_inverse=True)
    return rows, group.reshape(-1)


def check_same_shape(a: SparseTensor, b: SparseTensor) -> None:
    """Raises InvalidArgumentError unless both have one shape and dtype."""
    if a.dtype is not b.dtype:
        raise WrongTypeError(
            f"the sparse tensors have the dtypes {a.dtype.name} and {b.dtype.name}: write tf.cast first."
        )
    if a._dims != b._dims:
        raise InvalidArgumentError(f"Operands' shapes do not match: got {list(a._dims)} and {list(b._dims)}.")


def united(a: SparseTensor, b: SparseTensor) -> tuple[Tensor, Tensor, Tensor]:
    """Returns the places where either of two sparse tensors has a value, and for the values of each which one it is."""
    check_same_shape(a, b)
    places, first, second = merged(a._indices, b._indices, a._dims)
    return places, first, second


@one_step("merged", form=lambda *parts: parts, varies=True)
def merged(one: Tensor, other: Tensor, dims: Any) -> tuple[Tensor, Tensor, Tensor]:
    """Returns the places of two sparse tensors together, and for those of each which one it is."""
    count = len(plain(one))
    check_bounds(plain(one), dims)
    check_bounds(plain(other), dims)
    places, group = grouped(np.concatenate([plain(one), plain(other)]), dims)
    return make_tensor(places), make_tensor(group[:count]), make_tensor(group[count:])


def add(a: Any, b: Any, threshold: Any = 0) -> Any:
    """Returns the sum of two tensors, of which one or both are sparse.

    Args:
        a: a `SparseTensor`, or a dense tensor.
        b: likewise, of the same shape and dtype.
        threshold: of two sparse ones, a sum of two values is left out where its absolute value is less.

    Returns:
        A `SparseTensor` with its indices in order if both are sparse, else a dense tensor.

    Raises:
        TypeError: neither is sparse, or `threshold` does not fit the dtype.
        InvalidArgumentError: the shapes or dtypes do not fit.

    >>> import gradtape as tf
    >>> a, b = tf.SparseTensor([[0], [2]], [1, 2], [3]), tf.SparseTensor([[2]], [5], [3])
    >>> tf.sparse.add(a, b).values.numpy()
    array([1, 7], dtype=int32)
    """
    if not isinstance(a, SparseTensor) and not isinstance(b, SparseTensor):
        raise WrongTypeError("At least one input should be SparseTensor; do you mean to use tf.add()?")
    if isinstance(a, SparseTensor) and isinstance(b, SparseTensor):
        least = as_real("threshold", convert(threshold, a.dtype.real_dtype))
        places, first, second = united(a, b)
        group, count = concat([first, second], 0), places._value.shape[0]
        total = unsorted_segment_sum(concat([a.values, b.values], 0), group, count)
        if least > 0:
            kept = not_small(total, first, second, least)
            return of_parts(taken(places, kept), taken(total, kept), a._dims)
        return of_parts(places, total, a._dims)
    sparse, other = (a, b) if isinstance(a, SparseTensor) else (b, a)
    dense = convert(other, None if isinstance(other, Tensor) else sparse.dtype)
    shape = tuple(dense._value.shape)
    if shape != sparse._dims:
        raise InvalidArgumentError(
            f"Two operands have different shapes; received: {list(sparse._dims)} and {list(shape)}. The dense one is "
            "not broadcast."
        )
    return add_dense(dense, scatter_nd(bounded(sparse._indices, shape), sparse.values, shape))


@one_step("kept", varies=True)
def not_small(total: Tensor, first: Tensor, second: Tensor, least: float) -> Tensor:
    """Returns the places of the sums that are at least so large, and of what is the sum of one value alone."""
    sums = plain(total)
    alone = ~np.isin(np.arange(len(sums)), np.intersect1d(plain(first), plain(second)))
    return make_tensor(np.flatnonzero(alone | (np.abs(sums) >= least)))


def extreme(sp_a: Any, sp_b: Any, greatest: bool) -> SparseTensor:
    """Returns the greater or the lesser of two sparse tensors, element-wise; what is not given counts as 0."""
    a, b = checked(sp_a), checked(sp_b)
    if a.dtype.numpy not in REALS and a.dtype.name != "bfloat16":
        raise WrongTypeError(f"only real numbers have an order, got {a.dtype.name}.")
    places, first, second = united(a, b)
    count = places._value.shape[0]
    one, other = (unsorted_segment_sum(*each, count) for each in ((a.values, first), (b.values, second)))
    return of_parts(places, (greater_of if greatest else less_of)(one, other), a._dims)


def maximum(sp_a: Any, sp_b: Any, name: str | None = None) -> SparseTensor:
    """Returns the greater of two sparse tensors, element-wise; what is not given counts as 0.

    Args:
        sp_a: a `SparseTensor` of real numbers.
        sp_b: another one of the same shape and dtype.
        name: ignored.

    Returns:
        A `SparseTensor` with a value where either of the two has one, its indices in order.

    Raises:
        TypeError: one of them is no `SparseTensor`.
        InvalidArgumentError: the shapes or dtypes do not fit.

    >>> import gradtape as tf
    >>> a, b = tf.SparseTensor([[0], [2]], [1, -2], [3]), tf.SparseTensor([[0]], [5], [3])
    >>> tf.sparse.maximum(a, b).values.numpy()
    array([5, 0], dtype=int32)
    """
    return extreme(sp_a, sp_b, True)


def minimum(sp_a: Any, sp_b: Any, name: str | None = None) -> SparseTensor:
    """Returns the lesser of two sparse tensors, element-wise; what is not given counts as 0.

    Args:
        sp_a: a `SparseTensor` of real numbers.
        sp_b: another one of the same shape and dtype.
        name: ignored.

    Returns:
        A `SparseTensor` with a value where either of the two has one, its indices in order.

    Raises:
        TypeError: one of them is no `SparseTensor`.
        InvalidArgumentError: the shapes or dtypes do not fit.

    >>> import gradtape as tf
    >>> a, b = tf.SparseTensor([[0], [2]], [1, -2], [3]), tf.SparseTensor([[0]], [5], [3])
    >>> tf.sparse.minimum(a, b).values.numpy()
    array([ 1, -2], dtype=int32)
    """
    return extreme(sp_a, sp_b, False)


def reduced(sp_input: Any, axis: Any, keepdims: Any, output_is_sparse: bool, greatest: bool) -> Any:
    """Returns the sum or the greatest of the values along some dimensions."""
    sp = checked(sp_input)
    rank = len(sp._dims)
    indices = bounded(sp._indices, sp._dims)
    wanted = as_axes(axis)
    gone = set(range(rank)) if wanted is None else {in_range(each, rank) for each in wanted}
    kept = [each for each in range(rank) if each not in gone]
    shown = list(range(rank)) if keepdims else kept
    dims = [1 if each in gone else sp._dims[each] for each in shown]
    found, group = groups_along(indices, sorted(gone), shown, dims, output_is_sparse)
    count = found._value.shape[0] if output_is_sparse else prod(dims)
    if greatest:
        values = extremes_of_segments(sp.values, group, count, True, True)
    else:
        values = unsorted_segment_sum(sp.values, group, count)
    return of_parts(found, values, dims) if output_is_sparse else reshape(values, dims)


@one_step("groups", form=lambda *parts: parts, varies=True)
def groups_along(indices: Tensor, gone: list[int], shown: list[int], dims: Any, sparse: bool) -> tuple[Tensor, Tensor]:
    """Returns the places that stay when dimensions go, where they are wanted, and for each value which one it is at."""
    places = plain(indices).copy()
    places[:, gone] = 0
    if sparse:
        found, group = grouped(places[:, shown], dims)
        return make_tensor(found), make_tensor(group)
    group = np.zeros(len(places), np.int64)
    for each, size in zip(shown, dims, strict=True):
        group = group * size + places[:, each]
    return make_tensor(places[:0]), make_tensor(group)


def reduce_sum(
    sp_input: Any, axis: Any = None, keepdims: Any = None, output_is_sparse: bool = False, name: str | None = None
) -> Any:
    """Returns the sum of a sparse tensor's values along some dimensions.

    Args:
        sp_input: a `SparseTensor` of numbers.
        axis: a dimension, or a list of them; all by default.
        keepdims: whether they stay, with the size 1.
        output_is_sparse: whether the result is a `SparseTensor`.
        name: ignored.

    Returns:
        A tensor of the same dtype, 0 where there is no value; or a `SparseTensor`.

    Raises:
        TypeError: `sp_input` is no `SparseTensor`.
        InvalidArgumentError: there is no such dimension, or an index is out of bounds.

    >>> import gradtape as tf
    >>> tf.sparse.reduce_sum(tf.SparseTensor([[0, 0], [0, 2]], [1, 2], [2, 3]), axis=1).numpy()
    array([3, 0], dtype=int32)
    """
    return reduced(sp_input, axis, keepdims, output_is_sparse, False)


def reduce_max(
    sp_input: Any, axis: Any = None, keepdims: Any = None, output_is_sparse: bool = False, name: str | None = None
) -> Any:
    """Returns the greatest of a sparse tensor's values along some dimensions; only those that are given count.

    Args:
        sp_input: a `SparseTensor` of real numbers.
        axis: a dimension, or a list of them; all by default.
        keepdims: whether they stay, with the size 1.
        output_is_sparse: whether the result is a `SparseTensor`.
        name: ignored.

    Returns:
        A tensor of the same dtype, 0 where there is no value; or a `SparseTensor`.

    Raises:
        TypeError: `sp_input` is no `SparseTensor`.
        InvalidArgumentError: there is no such dimension, or an index is out of bounds.

    >>> import gradtape as tf
    >>> tf.sparse.reduce_max(tf.SparseTensor([[0, 0], [0, 2]], [-1, -2], [2, 3]), axis=1).numpy()
    array([-1,  0], dtype=int32)
    """
    return reduced(sp_input, axis, keepdims, output_is_sparse, True)


@one_step("groups", form=lambda *parts: parts, varies=True)
def groups_of_rows(indices: Tensor, dims: Any) -> tuple[Tensor, Tensor]:
    """Returns the rows that have values, and for each value which of them it is in."""
    rows, group = grouped(plain(indices)[:, :-1], dims)
    return make_tensor(rows), make_tensor(group)


def softmax(sp_input: Any, name: str | None = None) -> SparseTensor:
    """Returns the softmax of a sparse tensor's rows, over the values that are given.

    Args:
        sp_input: a `SparseTensor` of floating-point numbers, of at least two dimensions.
        name: ignored.

    Returns:
        A `SparseTensor` with values at the same places.

    Raises:
        TypeError: `sp_input` is no `SparseTensor`.
        InvalidArgumentError: it has less than two dimensions, or is of other numbers.

    >>> import gradtape as tf
    >>> tf.sparse.softmax(tf.SparseTensor([[0, 0], [0, 2]], [5.0, 5.0], [2, 3])).values.numpy()
    array([0.5, 0.5], dtype=float32)
    """
    sp = checked(sp_input)
    if len(sp._dims) < 2:
        raise InvalidArgumentError(f"Input should have rank >= 2, but received shape: {list(sp._dims)}.")
    if not sp.dtype.is_floating:
        raise WrongTypeError(f"softmax: floating-point numbers are wanted, got {sp.dtype.name}.")
    rows, group = groups_of_rows(sp._indices, sp._dims[:-1])
    count = rows._value.shape[0]
    # A shift changes nothing, so that its derivative is left out.
    values = cast(sp.values, float32) if sp.dtype.size == 2 else sp.values
    greatest = extremes_of_segments(stop_gradient(values), group, count, True, True)
    weights = exp(values - of_segment(greatest, group))
    return sp.with_values(cast(weights / of_segment(unsorted_segment_sum(weights, group, count), group), sp.dtype))


@one_step("to_indicator", varies=True)
def to_indicator(sp_input: Any, vocab_size: Any, name: str | None = None) -> Tensor:
    """Returns a dense tensor of bools that says which numbers are among the values of each row.

    Args:
        sp_input: a `SparseTensor` of integers from 0 to `vocab_size - 1`.
        vocab_size: the size of the last dimension of the result.
        name: ignored.

    Returns:
        A tensor of bools of shape `sp_input.shape[:-1] + [vocab_size]`.

    Raises:
        TypeError: `sp_input` is no `SparseTensor`.
        InvalidArgumentError: a value is out of range.

    >>> import gradtape as tf
    >>> tf.sparse.to_indicator(tf.SparseTensor([[0, 0]], [2], [1, 1]), 3).numpy()
    array([[False, False,  True]])
    """
    sp = checked(sp_input)
    dims = (*sp._dims[:-1], as_number("vocab_size", vocab_size))
    places = places_of(sp).copy()
    places[:, -1] = plain(sp.values)
    check_bounds(places, dims)
    found = np.zeros(dims, bool)
    found[tuple(places.T)] = True
    return make_tensor(found)


def numbers_in_rows(values: Any, axis: Any) -> tuple[Array, Array, int | None]:
    """Returns the numbers to count, the row of each, and how many rows there are; None where rows do not matter."""
    if isinstance(values, SparseTensor):
        numbers, rows = plain(values.values), places_of(values)[:, :1].reshape(-1)
        count = values._dims[0] if len(values._dims) > 1 else None
    else:
        whole = plain(convert(values))
        if axis == -1 and whole.ndim > 2:
            raise InvalidArgumentError(f"Input must be a 1 or 2-dimensional tensor. Got: {list(whole.shape)}.")
        count = len(whole) if whole.ndim == 2 else None
        numbers = whole.reshape(-1)
        rows = np.repeat(np.arange(count or 1), numbers.size // (count or 1)) if numbers.size else numbers
    if numbers.dtype not in INDEX:
        raise WrongTypeError(f"bincount: int32 or int64 numbers are wanted, got {numbers.dtype}.")
    if numbers.size and numbers.min() < 0:
        raise InvalidArgumentError("Input values must all be non-negative.")
    return (numbers, rows, count) if axis == -1 and count is not None else (numbers, np.zeros_like(numbers), None)


def weights_of(values: Any, weights: Any) -> Tensor:
    """Returns what each number counts, as a list.

    Raises:
        ValueError: the numbers are sparse and the weights are not.
        InvalidArgumentError: there is not one for each number.
    """
    if isinstance(values, SparseTensor):
        if not isinstance(weights, SparseTensor):
            raise InvalidArgumentError("Argument `weights` must be a SparseTensor if `values` is a SparseTensor.")
        if values._dims != weights._dims or not np.array_equal(places_of(values), places_of(weights)):
            raise InvalidArgumentError("'weights' and 'values' must have the same indices.")
        return weights.values
    each, whole = convert(weights), convert(values)
    if tuple(each._value.shape) != tuple(whole._value.shape):
        raise InvalidArgumentError(
            f"Weights and data must have the same shape. Weight shape: {each.shape}; data shape: {whole.shape}."
        )
    return reshape(each, (-1,))


def bincount(
    values: Any,
    weights: Any = None,
    axis: Any = 0,
    minlength: Any = None,
    maxlength: Any = None,
    binary_output: bool = False,
    name: str | None = None,
) -> SparseTensor:
    """Returns how often each number occurs, as a sparse tensor; with weights, their sums, which have a gradient.

    Args:
        values: numbers of at least 0, int32 or int64; a tensor or a `SparseTensor`.
        weights: what each number counts; sparse with the same indices where `values` is.
        axis: 0 or None to count all numbers, -1 to count those of each row of a matrix.
        minlength: the least size of the result.
        maxlength: its size: greater numbers are not counted.
        binary_output: whether a number that occurs counts as 1, however often it does.
        name: ignored.

    Returns:
        A `SparseTensor` of shape `[greatest number + 1]`, or `[rows, greatest number + 1]`.

    Raises:
        ValueError: `axis` is another one, both `weights` and `binary_output` are given, or only one is sparse.
        InvalidArgumentError: a number is negative, or the shapes or dtypes do not fit.

    >>> import gradtape as tf
    >>> counts = tf.sparse.bincount([1, 1, 3])
    >>> counts.indices.numpy().tolist(), counts.values.numpy().tolist()
    ([[1], [3]], [2, 1])
    """
    if weights is not None and binary_output:
        raise InvalidArgumentError(
            "Arguments `binary_output` and `weights` are mutually exclusive. Please specify only one."
        )
    if axis not in (None, 0, -1):
        raise InvalidArgumentError(
            f"Unsupported value for argument axis={axis}. Only 0 and -1 are currently supported."
        )
    numbers, rows, count = numbers_in_rows(values, axis)
    each = make_tensor(np.ones(len(numbers), numbers.dtype)) if weights is None else weights_of(values, weights)
    if as_dtype(each.dtype) not in COUNTS:
        raise WrongTypeError(f"bincount: weights are int32, int64, float32 or float64, got {each.dtype.name}.")
    least, length = (None if size is None else as_number("the length", size) for size in (minlength, maxlength))
    if min(least or 0, length or 0) < 0:
        raise InvalidArgumentError(f"bincount: lengths are at least 0, got minlength={least}, maxlength={length}.")
    if length is None:
        length = max(int(numbers.max()) + 1 if numbers.size else 1, least or 0)
    kept = np.flatnonzero(numbers < length)
    places = np.stack([rows[kept], numbers[kept]], axis=1) if count is not None else numbers[kept][:, None]
    dims = (length,) if count is None else (count, length)
    found, group = grouped(places, dims)
    if binary_output:
        return of_parts(found, make_tensor(np.ones(len(found), numbers.dtype)), dims)
    return of_parts(found, unsorted_segment_sum(taken(each, kept), group, len(found)), dims)
