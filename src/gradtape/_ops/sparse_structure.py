"""Sparse tensors in another form: joined, cut, transposed, reshaped, put in order, filled; `tf.sparse`'s structure."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from gradtape._core.conversion import convert
from gradtape._core.dtypes import as_dtype, float32
from gradtape._core.op import Array, TensorLike
from gradtape._core.tensor import Tensor, make_tensor
from gradtape._ops.gather import gather
from gradtape._ops.joining import concat as join
from gradtape._ops.parameters import Shape, as_axis, as_ints, as_setting, in_range
from gradtape._ops.sparse_tensors import SparseTensor, as_int64, checked, of_parts, places_of, plain, taken
from gradtape._ops.steps import is_recorded, one_step
from gradtape._ops.structure import reshape as reshape_dense
from gradtape.errors import InvalidArgumentError, WrongTypeError


def in_order(places: Array) -> Array | None:
    """Returns the positions of rows of indices in their order, None if they are in order."""
    if not places.shape[1]:
        return None
    order = np.lexsort(places.T[::-1])
    return None if (order[1:] > order[:-1]).all() else order


def ordered(indices: Tensor, values: Tensor, dims: Any) -> SparseTensor:
    """Returns the sparse tensor of indices and values, put in order."""
    if not is_recorded(indices):
        order = in_order(plain(indices))
        if order is None:
            return of_parts(indices, values, dims)
        return of_parts(plain(indices)[order], taken(values, order), dims)
    found = order_of(indices)
    return of_parts(taken(indices, found), taken(values, found), dims)


@one_step("order")
def order_of(indices: Tensor) -> Tensor:
    """Returns the positions of rows of indices in their order."""
    order = in_order(plain(indices))
    return make_tensor(np.arange(len(plain(indices))) if order is None else order)


@one_step("moved")
def moved(indices: Tensor, change: Callable[[Array], Array]) -> Tensor:
    """Returns what a function makes of an array of indices."""
    return make_tensor(np.asarray(change(plain(indices)), np.int64))


@one_step("kept", varies=True)
def kept_places(indices: Tensor, test: Callable[[Array], Array]) -> Tensor:
    """Returns the positions of the indices for which a test is true."""
    return make_tensor(np.flatnonzero(test(plain(indices))))


def reorder(sp_input: Any, name: str | None = None) -> SparseTensor:
    """Returns a sparse tensor with its indices in the order of rows; what has one place keeps its order.

    Args:
        sp_input: a `SparseTensor`.
        name: ignored.

    Returns:
        A `SparseTensor` of the same shape and dtype.

    Raises:
        TypeError: `sp_input` is no `SparseTensor`.

    >>> import gradtape as tf
    >>> tf.sparse.reorder(tf.SparseTensor([[1], [0]], [5, 7], [3])).values.numpy()
    array([7, 5], dtype=int32)
    """
    sp = checked(sp_input)
    return ordered(sp._indices, sp.values, sp._dims)


def concat(axis: Any, sp_inputs: Any, expand_nonconcat_dims: bool = False, name: str | None = None) -> SparseTensor:
    """Returns sparse tensors joined along one dimension, with the indices in order.

    Args:
        axis: the dimension; counted from the end if negative.
        sp_inputs: a list or tuple of `SparseTensor` of one rank and dtype.
        expand_nonconcat_dims: whether the other dimensions may differ; the result then has the greatest size of each.
        name: ignored.

    Returns:
        A `SparseTensor`; of a single one, that itself.

    Raises:
        TypeError: `sp_inputs` is no list of `SparseTensor`.
        InvalidArgumentError: there is none, or the shapes or dtypes do not fit.

    >>> import gradtape as tf
    >>> tf.sparse.concat(0, [tf.sparse.eye(1), tf.sparse.eye(1)]).indices.numpy().tolist()
    [[0, 0], [1, 0]]
    """
    if not isinstance(sp_inputs, list | tuple):
        raise WrongTypeError(f"Inputs must be a list or tuple, got {type(sp_inputs).__name__!r}.")
    parts = [checked(each) for each in sp_inputs]
    if not parts:
        raise InvalidArgumentError("concat: at least one SparseTensor is wanted.")
    if len(parts) == 1:
        return parts[0]
    first, dtype = parts[0]._dims, parts[0].dtype
    place = in_range(as_axis(axis), len(first))
    for k, part in enumerate(parts):
        if len(part._dims) != len(first):
            raise InvalidArgumentError(
                f"Ranks of all input tensors must match: expected {len(first)} but got {len(part._dims)} at position "
                f"{k}."
            )
        if part.dtype is not dtype:
            raise WrongTypeError(f"concat: the dtypes differ: {dtype.name} and {part.dtype.name}.")
        wrong = [d for d, (own, size) in enumerate(zip(part._dims, first, strict=True)) if d != place and own != size]
        if wrong and not expand_nonconcat_dims:
            raise InvalidArgumentError(
                f"Input shapes must match: expected {first[wrong[0]]} for dimension {wrong[0]} but got "
                f"{part._dims[wrong[0]]} at position {k}. expand_nonconcat_dims=True takes the greatest."
            )
    dims = [max(sizes) for sizes in zip(*(part._dims for part in parts), strict=True)]
    dims[place] = sum(part._dims[place] for part in parts)
    shifted, step, offset = [], np.zeros(len(first), np.int64), 0
    for part in parts:
        step[place] = offset
        shifted.append(part._indices + make_tensor(step.copy()))
        offset += part._dims[place]
    return ordered(join(shifted, 0), join([part.values for part in parts], 0), dims)


def cut(sp: SparseTensor, start: Array, sizes: Array) -> SparseTensor:
    """Returns the part of a sparse tensor from `start` on, of the given sizes."""
    kept = kept_places(sp._indices, lambda places: ((places >= start) & (places < start + sizes)).all(axis=1))
    return of_parts(taken(sp._indices, kept) - make_tensor(start), taken(sp.values, kept), sizes)


def slice(sp_input: Any, start: TensorLike, size: TensorLike, name: str | None = None) -> SparseTensor:
    """Returns a block of a sparse tensor.

    Args:
        sp_input: a `SparseTensor`.
        start: the block's first index in each dimension, int64.
        size: its sizes, int64; what reaches beyond the end is cut off.
        name: ignored.

    Returns:
        A `SparseTensor` of the same dtype.

    Raises:
        TypeError: `sp_input` is no `SparseTensor`.
        InvalidArgumentError: there is not one number for each dimension, or a size is negative.

    >>> import gradtape as tf
    >>> tf.sparse.slice(tf.sparse.eye(3), [1, 0], [2, 2]).indices.numpy().tolist()
    [[0, 1]]
    """
    sp = checked(sp_input)
    dims = np.array(sp._dims, np.int64)
    begin, sizes = plain(as_int64(start, "start")), plain(as_int64(size, "size"))
    for what, numbers in (("start", begin), ("size", sizes)):
        if numbers.shape != dims.shape:
            raise InvalidArgumentError(
                f"Expected {what} to be a vector of length {len(dims)} but got shape {list(numbers.shape)}."
            )
    if (sizes < 0).any():
        raise InvalidArgumentError(f"Expected a non-negative size, got {sizes.tolist()}.")
    return cut(sp, begin, np.maximum(np.minimum(sizes, dims - begin), 0))


def split(sp_input: Any = None, num_split: Any = None, axis: Any = None, name: str | None = None) -> list[SparseTensor]:
    """Returns a sparse tensor cut in parts along one dimension; the first parts may be greater by 1.

    Args:
        sp_input: a `SparseTensor`.
        num_split: the number of parts.
        axis: the dimension.
        name: ignored.

    Returns:
        A list of `SparseTensor`.

    Raises:
        ValueError: an argument is missing.
        TypeError: `sp_input` is no `SparseTensor`.
        InvalidArgumentError: there is no such dimension, or it has fewer elements than parts are wanted.

    >>> import gradtape as tf
    >>> [part.shape.as_list() for part in tf.sparse.split(tf.sparse.eye(3), 2, axis=0)]
    [[2, 3], [1, 3]]
    """
    for what, value in (("sp_input", sp_input), ("num_split", num_split), ("axis", axis)):
        if value is None:
            raise InvalidArgumentError(f"{what} is required")
    sp = checked(sp_input)
    place, count = in_range(as_axis(axis), len(sp._dims)), as_axis(num_split)
    if not 1 <= count <= sp._dims[place]:
        raise InvalidArgumentError(
            f"Input num_split should be between 1 and the splitting dimension size ({sp._dims[place]}), got {count}."
        )
    each, extra = divmod(sp._dims[place], count)
    parts, offset = [], 0
    for k in range(count):
        start, sizes = np.zeros(len(sp._dims), np.int64), np.array(sp._dims, np.int64)
        start[place], sizes[place] = offset, each + (k < extra)
        offset += each + (k < extra)
        parts.append(cut(sp, start, sizes))
    return parts


def transpose(sp_input: Any, perm: Any = None, name: str | None = None) -> SparseTensor:
    """Returns a sparse tensor with its dimensions in another order, and its indices in order.

    Args:
        sp_input: a `SparseTensor`.
        perm: for each dimension of the result, which one it was; reversed by default.
        name: ignored.

    Returns:
        A `SparseTensor` of the same dtype.

    Raises:
        ValueError: `perm` has another length than the rank.
        InvalidArgumentError: it is no permutation.

    >>> import gradtape as tf
    >>> tf.sparse.transpose(tf.SparseTensor([[0, 2]], [5], [2, 3])).indices.numpy().tolist()
    [[2, 0]]
    """
    sp = checked(sp_input)
    rank = len(sp._dims)
    wanted = np.arange(rank)[::-1] if perm is None else np.array(as_ints(perm), np.int64)
    if wanted.shape != (rank,):
        raise InvalidArgumentError(
            f"Dimensions {rank} and {wanted.size} are not compatible: perm names each dimension once."
        )
    if sorted(wanted.tolist()) != list(range(rank)):
        raise InvalidArgumentError(f"transpose: perm {wanted.tolist()} is no permutation of 0 to {rank - 1}.")
    turned = moved(sp._indices, lambda places: places[:, wanted])
    return ordered(turned, sp.values, [sp._dims[axis] for axis in wanted])


def new_dims(dims: Shape, shape: Any) -> Shape:
    """Returns the shape that a sparse tensor is reshaped to, with the size for -1 filled in."""
    wanted = [as_setting("shape", size) for size in plain(convert(shape)).reshape(-1).tolist()]
    total, unknown = prod(dims), [k for k, size in enumerate(wanted) if size == -1]
    if len(unknown) > 1:
        raise InvalidArgumentError(f"only one output dimension may be -1, not both {unknown[0]} and {unknown[1]}.")
    if any(size < -1 for size in wanted):
        raise InvalidArgumentError(f"sizes must be non-negative, got {wanted}.")
    if unknown:
        rest = prod(size for size in wanted if size != -1)
        if not rest:
            raise InvalidArgumentError(f"reshape cannot infer the missing size of {wanted}: another size is 0.")
        if total % rest:
            raise InvalidArgumentError(
                f"Input to reshape is a SparseTensor with {total} dense values, but {wanted} requires a multiple of "
                f"{rest}."
            )
        wanted[unknown[0]] = total // rest
    elif prod(wanted) != total:
        raise InvalidArgumentError(
            f"Input to reshape is a tensor with {total} dense values, but the requested shape {wanted} has "
            f"{prod(wanted)}."
        )
    return tuple(wanted)


def renumbered(places: Array, dims: Shape, wanted: Shape) -> Array:
    """Returns indices into a shape as indices into another one of as many elements."""
    flat = np.zeros(len(places), np.int64)
    for axis, size in enumerate(dims):
        flat = flat * size + places[:, axis]
    found = np.empty((len(places), len(wanted)), np.int64)
    for axis in reversed(range(len(wanted))):
        flat, found[:, axis] = np.divmod(flat, wanted[axis] or 1)
    return found


def reshape(sp_input: Any, shape: Any, name: str | None = None) -> SparseTensor:
    """Returns a sparse tensor in another dense shape of as many elements.

    Args:
        sp_input: a `SparseTensor`.
        shape: the new sizes, one of which may be -1.
        name: ignored.

    Returns:
        A `SparseTensor` with the same values.

    Raises:
        TypeError: `sp_input` is no `SparseTensor`.
        InvalidArgumentError: the number of elements differs.

    >>> import gradtape as tf
    >>> tf.sparse.reshape(tf.sparse.eye(2), [-1]).indices.numpy().tolist()
    [[0], [3]]
    """
    sp = checked(sp_input)
    dims = new_dims(sp._dims, shape)
    return of_parts(moved(sp._indices, lambda places: renumbered(places, sp._dims, dims)), sp.values, dims)


def reset_shape(sp_input: Any, new_shape: Any = None) -> SparseTensor:
    """Returns a sparse tensor with another dense shape around the same elements.

    Args:
        sp_input: a `SparseTensor`.
        new_shape: the shape, no size less than before; by default the least one that holds all indices.

    Returns:
        A `SparseTensor` with the same indices and values.

    Raises:
        TypeError: `sp_input` is no `SparseTensor`.
        ValueError: a size is less than before, or the rank differs.

    >>> import gradtape as tf
    >>> tf.sparse.reset_shape(tf.SparseTensor([[1]], [5], [9])).shape
    TensorShape([2])
    """
    sp = checked(sp_input)
    if new_shape is None:
        places = places_of(sp)
        dims = (places.max(axis=0) + 1) if len(places) else np.zeros(len(sp._dims), np.int64)
        return of_parts(places, sp.values, dims)
    dims = plain(as_int64(new_shape, "new_shape"))
    if dims.shape != (len(sp._dims),):
        raise InvalidArgumentError(f"Dimensions {len(sp._dims)} and {dims.size} are not compatible: the rank stays.")
    if (dims < np.array(sp._dims)).any():
        raise InvalidArgumentError(
            f"Requested new_shape should have dimension sizes >= sp_input.shape: {dims.tolist()} and {list(sp._dims)}."
        )
    return of_parts(sp._indices, sp.values, dims)


def retain(sp_input: Any, to_retain: TensorLike) -> SparseTensor:
    """Returns a sparse tensor with only some of its values.

    Args:
        sp_input: a `SparseTensor`.
        to_retain: a bool for each value.

    Returns:
        A `SparseTensor` of the same shape and dtype.

    Raises:
        TypeError: `sp_input` is no `SparseTensor`.
        ValueError: there is not one bool for each value.

    >>> import gradtape as tf
    >>> tf.sparse.retain(tf.sparse.eye(2), [False, True]).indices.numpy().tolist()
    [[1, 1]]
    """
    sp = checked(sp_input)
    wanted, count = convert(to_retain), sp._indices._value.shape[0]
    shape = wanted._value.shape
    if len(shape) != 1:
        raise InvalidArgumentError(f"Shape {shape} must have rank 1: a bool for each value.")
    if shape[0] != count:
        raise InvalidArgumentError(f"Dimensions {count} and {shape[0]} are not compatible: a bool for each value.")
    kept = kept_places(wanted, lambda flags: flags)
    return of_parts(taken(sp._indices, kept), gather(sp.values, kept), sp._dims)


def expand_dims(sp_input: Any, axis: Any = None, name: str | None = None) -> SparseTensor:
    """Returns a sparse tensor with one more dimension, of size 1.

    Args:
        sp_input: a `SparseTensor`.
        axis: where to put it; behind all others by default.
        name: ignored.

    Returns:
        A `SparseTensor` with the same values.

    Raises:
        InvalidArgumentError: there is no such place.

    >>> import gradtape as tf
    >>> tf.sparse.expand_dims(tf.sparse.eye(2), 0).shape
    TensorShape([1, 2, 2])
    """
    sp = checked(sp_input)
    rank = len(sp._dims)
    place = in_range(-1 if axis is None else as_axis(axis), rank + 1)
    dims = (*sp._dims[:place], 1, *sp._dims[place:])
    return of_parts(moved(sp._indices, lambda places: np.insert(places, place, 0, axis=1)), sp.values, dims)


def as_rows(value: Any, name: str) -> int:
    """Returns a number of rows or columns; raises TypeError for what is no integer."""
    array = plain(convert(value))
    if array.ndim or array.dtype.kind not in "iu":
        raise WrongTypeError(f"{name} must be an integer value, got {value!r}.")
    if array < 0:
        raise InvalidArgumentError(f"{name} must not be negative, got {value!r}.")
    return int(array)


def eye(num_rows: Any, num_columns: Any = None, dtype: Any = float32, name: str | None = None) -> SparseTensor:
    """Returns a sparse matrix with ones on the diagonal.

    Args:
        num_rows: the number of rows.
        num_columns: the number of columns; that of the rows by default.
        dtype: the element type.
        name: ignored.

    Returns:
        A `SparseTensor` of shape `[num_rows, num_columns]`.

    Raises:
        TypeError: a number is no integer.
        InvalidArgumentError: a number is negative.

    >>> import gradtape as tf
    >>> tf.sparse.eye(2, 3).indices.numpy().tolist()
    [[0, 0], [1, 1]]
    """
    rows = as_rows(num_rows, "num_rows")
    columns = rows if num_columns is None else as_rows(num_columns, "num_columns")
    diagonal = np.arange(min(rows, columns))
    values = make_tensor(np.ones(len(diagonal), as_dtype(dtype).numpy))
    return of_parts(np.stack([diagonal, diagonal], axis=1), values, (rows, columns))


def fill_empty_rows(sp_input: Any, default_value: Any, name: str | None = None) -> tuple[SparseTensor, Tensor]:
    """Returns a sparse tensor in which each row without values has one, in its first place.

    Args:
        sp_input: a `SparseTensor` of at least one dimension.
        default_value: the value for empty rows, a scalar of its dtype; it has a gradient.
        name: ignored.

    Returns:
        A pair: the `SparseTensor`, its rows in order, and a tensor of bools that says which rows were empty.

    Raises:
        TypeError: `sp_input` is no `SparseTensor`, or `default_value` does not fit its dtype.
        InvalidArgumentError: an index is out of bounds, or `default_value` is no scalar.

    >>> import gradtape as tf
    >>> filled, empty = tf.sparse.fill_empty_rows(tf.SparseTensor([[1, 1]], [5], [2, 3]), 0)
    >>> filled.indices.numpy().tolist(), empty.numpy().tolist()
    ([[0, 0], [1, 1]], [True, False])
    """
    sp = checked(sp_input)
    default = convert(default_value, sp.dtype)
    if len(default._value.shape):
        raise InvalidArgumentError(f"default_value must be a scalar, saw: {list(default._value.shape)}.")
    if not sp._dims:
        raise InvalidArgumentError("fill_empty_rows: a sparse tensor of at least one dimension is wanted.")
    places, order, empty = filled_places(sp._indices, sp._dims)
    values = join([sp.values, reshape_dense(default, (1,))], 0)
    return of_parts(places, taken(values, order), sp._dims), empty


@one_step("filled_rows", form=lambda *parts: parts, varies=True)
def filled_places(indices: Tensor, dims: Shape) -> tuple[Tensor, Tensor, Tensor]:
    """Returns indices with one for each empty row among them, where each had its value, and which rows were empty."""
    places, count = plain(indices), dims[0]
    rows = places[:, 0]
    if len(rows) and (rows.min() < 0 or rows.max() >= count):
        k = int(np.argmax((rows < 0) | (rows >= count)))
        raise InvalidArgumentError(f"indices({k}, 0) is invalid: {rows[k]} is not in [0, {count}).")
    empty = np.ones(count, bool)
    empty[rows] = False
    added = np.zeros((int(empty.sum()), len(dims)), np.int64)
    added[:, 0] = np.flatnonzero(empty)
    joined = np.concatenate([places, added])
    order = np.argsort(joined[:, 0], kind="stable")
    return make_tensor(joined[order]), make_tensor(np.minimum(order, len(places))), make_tensor(empty)
