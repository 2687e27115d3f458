"""Rows and elements taken by their indices, and put back: gather, scatter and their forms for several dimensions."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from gradtape._core.conversion import convert
from gradtape._core.dtypes import BOOL, EVERY, INDEX, NUMBERS
from gradtape._core.families import bilinear, composite, primitive
from gradtape._core.op import NOT_DIFFERENTIABLE, Array, TensorLike
from gradtape._core.sampling import Values, arrays
from gradtape._core.slices import IndexedSlices
from gradtape._core.tensor import Tensor
from gradtape._ops.batching import gathered_behind, rows_behind, scattered_behind, with_numbers
from gradtape._ops.creation import zeros_of
from gradtape._ops.parameters import Shape, as_axis, as_dims, in_range
from gradtape._ops.structure import reshape
from gradtape.errors import InvalidArgumentError

INDICES = INDEX | {np.dtype(np.int16)}
NUMBERS_AND_INDICES = (Values(), Values(0, 2, "index"))
# Up to so many numbers NumPy's `add.at` is faster as it stands than on flat indices.
FEW = 1000
# From so many numbers on a sparse product is faster, and worth that SciPy's sparse matrices are imported.
MANY = 20000


def check_indices(indices: Any, size: int) -> None:
    """Raises InvalidArgumentError unless all indices are at least 0 and less than `size`; NumPy takes negative ones."""
    if indices.size and (indices.min() < 0 or indices.max() >= size):
        place = int(np.argmax(((indices < 0) | (indices >= size)).reshape(-1)))
        value = int(indices.reshape(-1)[place])
        position = ",".join(str(int(each)) for each in np.unravel_index(place, indices.shape)) if indices.ndim else ""
        shown = f"indices[{position}]" if indices.ndim else "indices"
        raise InvalidArgumentError(
            f"gather: {shown} = {value} is not in [0, {size}). Indices count from the front, from 0."
        )


def plan(params_shape: Shape, indices_shape: Shape, axis: int | None, batch_dims: int) -> tuple[int, int]:
    """Returns the axis and the number of batch dimensions of a gather, counted from the front; checks that they fit."""
    if not params_shape:
        raise InvalidArgumentError("params must be at least 1 dimensional.")
    batch = batch_dims + len(indices_shape) if batch_dims < 0 else batch_dims
    if not 0 <= batch <= len(indices_shape):
        raise InvalidArgumentError(f"batch_dims {batch_dims} does not fit indices of shape {list(indices_shape)}.")
    place = in_range(batch_dims if axis is None else axis, len(params_shape))
    if batch > place:
        raise InvalidArgumentError(f"batch_dims ({batch}) must be at most axis ({place}).")
    if params_shape[:batch] != indices_shape[:batch]:
        raise InvalidArgumentError(
            f"the first {batch} sizes of params {list(params_shape)} and of indices {list(indices_shape)} should be "
            f"equal."
        )
    return place, batch


def gathered(
    params_shape: Shape, indices_shape: Shape, validate_indices: Any, axis: int | None, batch_dims: int
) -> Shape:
    """The shape rule of `gather`."""
    place, batch = plan(params_shape, indices_shape, axis, batch_dims)
    return (*params_shape[:place], *indices_shape[batch:], *params_shape[place + 1 :])


def as_optional_axis(value: Any) -> int | None:
    """Returns an axis as an integer, None as it is."""
    return None if value is None else as_axis(value)


def pulled_rows(g: Any, indices: Any, shape: Shape, axis: int | None, batch_dims: int) -> Any:
    """Returns the cotangent of what was gathered from: rows along the first axis, an array along another one."""
    if axis in (0, None) and not batch_dims:
        count = prod(tuple(indices.shape))
        return IndexedSlices(reshape(g, (count, *shape[1:])), reshape(indices, (count,)), shape)
    return scatter_along(g, indices, shape, axis, batch_dims)


@bilinear(
    arrays(((3,), ()), ((3, 2), (4,)), ((3, 2), (2, 2)), values=NUMBERS_AND_INDICES)
    + arrays(((3, 0), (2,)), ((3, 2), (0,)), values=NUMBERS_AND_INDICES)
    + arrays(((2, 3), (4,)), ((3, 2, 2), (2, 1)), ((2, 2), ()), axis=[1, -1], values=NUMBERS_AND_INDICES)
    + arrays(((2, 3, 2), (2, 4)), ((2, 3), (2,)), axis=[None, 1], batch_dims=[1], values=NUMBERS_AND_INDICES)
    + arrays(((2, 3, 2), (2, 3)), axis=[2], batch_dims=[1, -1], values=NUMBERS_AND_INDICES)
    + arrays(((2, 3), (2, 4)), axis=[None], batch_dims=[-1], values=NUMBERS_AND_INDICES),
    shape=gathered,
    batch=gathered_behind,
    types={"params": EVERY, "indices": INDICES},
    holomorphic=False,
    canonical={"axis": as_optional_axis, "batch_dims": as_axis},
    params=lambda g, indices, params_shape, axis, batch_dims: pulled_rows(g, indices, params_shape, axis, batch_dims),
    indices=NOT_DIFFERENTIABLE,
)
def gather(
    params: TensorLike,
    indices: TensorLike,
    validate_indices: Any = None,
    axis: Any = None,
    batch_dims: int = 0,
    name: str | None = None,
) -> Array:
    """Returns the slices of `params` along one dimension that `indices` name.

    The gradient with respect to `params` is an `IndexedSlices` where `axis` is 0: the rows that were taken.

    Args:
        params: a tensor of at least one dimension.
        indices: integers of at least 0, an array of any shape; int16, int32 or int64.
        validate_indices: ignored: indices are always checked.
        axis: the dimension; by default `batch_dims`.
        batch_dims: how many leading dimensions `params` and `indices` have in common: each of their entries is looked
            up by itself.
        name: ignored.

    Returns:
        A tensor of the dtype of `params` and of the shape `params.shape[:axis] + indices.shape[batch_dims:] +
        params.shape[axis + 1:]`.

    Raises:
        InvalidArgumentError: an index is negative or too large, or the shapes do not fit.

    >>> import gradtape as tf
    >>> tf.gather([10, 20, 30], [2, 0, 2])
    <tf.Tensor: shape=(3,), dtype=int32, numpy=array([30, 10, 30], dtype=int32)>
    """
    if batch_dims:
        return gather_batches(params, indices, *plan(params.shape, indices.shape, axis, batch_dims))
    place = in_range(axis or 0, params.ndim)
    if indices.dtype.itemsize != 4:
        check_indices(indices, params.shape[place])
        return params.take(indices, place)
    try:
        # A negative int32 is, read without its sign, larger than any axis: NumPy then finds it for us.
        return params.take(indices.view(np.uint32), place)
    except IndexError:
        check_indices(indices, params.shape[place])
        raise


def gather_batches(params: Array, indices: Array, place: int, batch: int) -> Array:
    """The gather of arrays that have leading dimensions in common."""
    check_indices(indices, params.shape[place])
    count, outer, inner = layout(params.shape, place, batch)
    flat = params.reshape((count, outer, params.shape[place], inner))
    each = indices.reshape((count, prod(indices.shape[batch:])))
    taken = flat[np.arange(count)[:, None], :, each].transpose((0, 2, 1, 3))
    return taken.reshape((*params.shape[:place], *indices.shape[batch:], *params.shape[place + 1 :]))


def layout(shape: Shape, place: int, batch: int) -> tuple[int, int, int]:
    """Returns the numbers of elements in the batch dimensions, between them and the axis, and behind the axis."""
    return prod(shape[:batch]), prod(shape[batch:place]), prod(shape[place + 1 :])


def put_shape(values_shape: Shape, indices_shape: Shape, shape: Shape, *rest: Any, **params: Any) -> Shape:
    """The shape rule of what scatters into a given shape."""
    return shape


@bilinear(
    arrays(((2, 4), (4,)), shape=[(2, 3)], axis=[1, -1], batch_dims=[0], values=NUMBERS_AND_INDICES)
    + arrays(((2, 4, 2), (2, 4)), shape=[(2, 3, 2)], axis=[None], batch_dims=[1], values=NUMBERS_AND_INDICES)
    + arrays(((2, 0), (0,)), shape=[(2, 3)], axis=[1], batch_dims=[0], values=NUMBERS_AND_INDICES),
    shape=put_shape,
    batch=scattered_behind,
    types={"values": NUMBERS, "indices": INDICES},
    holomorphic=False,
    values=lambda g, indices, axis, batch_dims: gather(g, indices, None, axis, batch_dims),
    indices=NOT_DIFFERENTIABLE,
)
def scatter_along(values: TensorLike, indices: TensorLike, shape: Shape, axis: int | None, batch_dims: int) -> Array:
    """Returns zeros of `shape` with slices along an axis added where `indices` say: what undoes `gather`."""
    place, batch = plan(shape, indices.shape, axis, batch_dims)
    count, outer, inner = layout(shape, place, batch)
    size = shape[place]
    each = indices.reshape((count, prod(indices.shape[batch:])))
    rows = (each + np.arange(count)[:, None] * size).reshape(-1)
    spread = values.reshape((count, outer, each.shape[1], inner)).transpose((0, 2, 1, 3))
    total = add_rows(spread.reshape((len(rows), outer, inner)), rows, (count * size, outer, inner))
    return total.reshape((count, size, outer, inner)).transpose((0, 2, 1, 3)).reshape(shape)


@bilinear(
    arrays(((4,), (4,)), ((0,), (0,)), shape=[(3,)], values=NUMBERS_AND_INDICES)
    + arrays(((4, 2), (4,)), ((1, 2), (1,)), ((0, 2), (0,)), shape=[(3, 2)], values=NUMBERS_AND_INDICES)
    + arrays(((300, 2, 2), (300,)), shape=[(3, 2, 2)], values=NUMBERS_AND_INDICES)
    + arrays(((4, 0), (4,)), shape=[(3, 0)], values=NUMBERS_AND_INDICES),
    shape=put_shape,
    batch=rows_behind,
    types={"values": NUMBERS, "indices": INDICES},
    holomorphic=False,
    canonical={"shape": as_dims},
    values=lambda g, indices: gather(g, indices, None, 0, 0),
    indices=NOT_DIFFERENTIABLE,
)
def scatter_rows(values: TensorLike, indices: TensorLike, shape: Any) -> Array:
    """Returns zeros of `shape` to which rows are added: `values[i]` to row `indices[i]`.

    Args:
        values: a tensor of numbers, of shape `(n, *shape[1:])`.
        indices: an integer for each row.
        shape: the shape of the result.

    Returns:
        A tensor of the dtype of `values`.
    """
    return add_rows(values, indices, shape)


def add_rows(values: Array, indices: Array, shape: Shape) -> Array:
    """The scatter of rows, on arrays."""
    width = prod(shape[1:])
    many = values.size >= MANY and width > 1 and len(indices) > 1 and values.dtype.char in "fdFDil"
    if many and indices.min() >= 0 and indices.max() < shape[0]:
        return add_many_rows(values.reshape(len(indices), width), indices, shape)
    out = np.zeros_like(values, shape=shape, order="C")
    if len(indices) == 1:
        out[indices] = values
    elif width == 1 or values.size <= FEW:
        np.add.at(out, indices, values)
    else:
        # NumPy has a fast loop for one dimension only.
        flat = (indices.astype(np.intp)[:, None] * width + np.arange(width)).reshape(-1)
        np.add.at(out.reshape(-1), flat, values.reshape(-1))
    return out


def add_many_rows(rows: Array, indices: Array, shape: Shape) -> Array:
    """The scatter of rows as a product with a matrix that has a single 1 in each column; SciPy adds whole rows."""
    from scipy.sparse import csc_array

    # Complex numbers are pairs of real ones here: 1 times an infinite one would have NaN in it.
    flat = np.ascontiguousarray(rows).view(rows.real.dtype)
    count, places = len(indices), indices.astype(np.int32) if indices.dtype.itemsize == 2 else indices
    columns = (np.ones(count, flat.dtype), places, np.arange(count + 1, dtype=places.dtype))
    return (csc_array(columns, shape=(shape[0], count)) @ flat).view(rows.dtype).reshape(shape)


def flat_indices(indices: Array, shape: Shape) -> Array:
    """Returns, for each vector of indices, its place among the slices that it names in an array of `shape`."""
    depth = indices.shape[-1]
    sizes = np.array(shape[:depth])
    wrong = ((indices < 0) | (indices >= sizes)).any(axis=-1) if depth else np.zeros(indices.shape[:-1], bool)
    if wrong.any():
        place = np.unravel_index(int(np.argmax(wrong)), wrong.shape)
        position = ",".join(str(int(each)) for each in place)
        raise InvalidArgumentError(
            f"indices[{position}] = {indices[place].tolist()} does not index into shape {list(shape)}."
        )
    steps = np.array([prod(shape[axis + 1 : depth]) for axis in range(depth)], np.intp)
    return (indices * steps).sum(axis=-1, dtype=np.intp)


def pulled_slices(g: Any, indices: Any, shape: Shape) -> Any:
    """Returns the cotangent of what `gather_nd` took from: rows where a list of rows was taken, as in TensorFlow."""
    taken = tuple(indices.shape)
    if len(taken) == 2 and taken[1] == 1:
        return IndexedSlices(g, reshape(indices, taken[:1]), shape)
    return scatter_nd(indices, g, shape)


def gathered_nd(params_shape: Shape, indices_shape: Shape) -> Shape:
    """The shape rule of `gather_nd`."""
    if not indices_shape:
        raise InvalidArgumentError("indices must be at least a vector.")
    depth = indices_shape[-1]
    if depth > len(params_shape):
        raise InvalidArgumentError(
            f"index innermost dimension length must be <= params rank; saw: {depth} vs. {len(params_shape)}."
        )
    return (*indices_shape[:-1], *params_shape[depth:])


@bilinear(
    arrays(((3, 2), (4, 2)), ((3, 2), (4, 1)), ((3, 2), (2, 0)), ((3, 2), (2,)), values=NUMBERS_AND_INDICES)
    + arrays(((2, 2, 3), (2, 2, 2)), ((2, 2, 0), (3, 1)), ((2, 2), (0, 2)), values=NUMBERS_AND_INDICES),
    shape=gathered_nd,
    batch=with_numbers,
    types={"params": EVERY, "indices": INDICES},
    holomorphic=False,
    params=lambda g, indices, params_shape: pulled_slices(g, indices, params_shape),
    indices=NOT_DIFFERENTIABLE,
)
def take_nd(params: TensorLike, indices: TensorLike) -> Array:
    """Returns the slices of `params` that vectors of indices name: `gather_nd` without batches."""
    shape = gathered_nd(params.shape, indices.shape)
    depth = indices.shape[-1]
    rows = params.reshape((prod(params.shape[:depth]), *params.shape[depth:]))
    return rows[flat_indices(indices, params.shape)].reshape(shape)


@composite(arrays(((3, 2), (4, 2)), ((3, 2), (4, 1)), values=NUMBERS_AND_INDICES))
def gather_nd(
    params: TensorLike, indices: TensorLike, batch_dims: int = 0, name: str | None = None, bad_indices_policy: str = ""
) -> Tensor:
    """Returns the slices of `params` that vectors of indices name.

    Args:
        params: a tensor.
        indices: integers; its last dimension holds one index for each of the leading dimensions of `params`.
        batch_dims: how many leading dimensions `params` and `indices` have in common.
        name: ignored.
        bad_indices_policy: only TensorFlow's default is known: a wrong index raises.

    Returns:
        A tensor of the dtype of `params` and of the shape `indices.shape[:-1] + params.shape[indices.shape[-1]:]`.

    Raises:
        InvalidArgumentError: an index is out of range, or there are more indices than dimensions.

    >>> import gradtape as tf
    >>> tf.gather_nd([[1, 2], [3, 4]], [[0, 1], [1, 0]])
    <tf.Tensor: shape=(2,), dtype=int32, numpy=array([2, 3], dtype=int32)>
    """
    if not batch_dims:
        return take_nd(params, indices)
    batch_dims, places = as_axis(batch_dims), np.asarray(convert(indices)._value)
    if not 0 <= batch_dims < places.ndim:
        raise InvalidArgumentError(
            f"gather_nd: batch_dims = {batch_dims} must be at least 0 and less than rank(indices) = {places.ndim}."
        )
    lead = places.shape[:batch_dims]
    grid = np.indices(lead, places.dtype).reshape((batch_dims, *lead, *(1,) * (places.ndim - batch_dims)))
    grids = [np.broadcast_to(each, (*places.shape[:-1], 1)) for each in grid]
    return take_nd(params, np.concatenate([*grids, places], axis=-1))


def scattered(indices_shape: Shape, updates_shape: Shape, shape: Shape) -> Shape:
    """The shape rule of `scatter_nd`."""
    expected = gathered_nd(shape, indices_shape)
    if updates_shape != expected:
        raise InvalidArgumentError(
            f"updates have the shape {list(updates_shape)}, but indices of shape {list(indices_shape)} into "
            f"{list(shape)} need {list(expected)}."
        )
    return shape


@bilinear(
    arrays(((4, 2), (4,)), ((4, 1), (4, 2)), ((0, 2), (0,)), shape=[(3, 2)], values=NUMBERS_AND_INDICES[::-1])
    + arrays(((2, 2, 1), (2, 2)), shape=[(3,)], values=NUMBERS_AND_INDICES[::-1]),
    shape=scattered,
    batch=with_numbers,
    types={"indices": INDICES, "updates": NUMBERS | BOOL},
    holomorphic=False,
    canonical={"shape": as_dims},
    indices=NOT_DIFFERENTIABLE,
    updates=lambda g, indices: take_nd(g, indices),
)
def scatter_nd(indices: TensorLike, updates: TensorLike, shape: Any, name: str | None = None) -> Array:
    """Returns zeros to which slices are added where vectors of indices say.

    Args:
        indices: integers; its last dimension holds one index for each of the leading dimensions of the result.
        updates: a tensor of numbers, of the shape `indices.shape[:-1] + shape[indices.shape[-1]:]`.
        shape: the shape of the result.
        name: ignored.

    Returns:
        A tensor of the dtype of `updates` and of shape `shape`; updates of one place add up.

    Raises:
        InvalidArgumentError: an index is out of range, or the shapes do not fit.

    >>> import gradtape as tf
    >>> tf.scatter_nd([[0], [2], [0]], [1.0, 2.0, 3.0], [4])
    <tf.Tensor: shape=(4,), dtype=float32, numpy=array([4., 0., 2., 0.], dtype=float32)>
    """
    scattered(indices.shape, updates.shape, shape)
    depth = indices.shape[-1]
    rows = flat_indices(indices, shape).reshape(-1)
    whole = (prod(shape[:depth]), *shape[depth:])
    return add_rows(updates.reshape((len(rows), *shape[depth:])), rows, whole).reshape(shape)


def written_shape(tensor_shape: Shape, indices_shape: Shape, updates_shape: Shape, **params: Any) -> Shape:
    """The shape rule of `tensor_scatter_nd_update` and `tensor_scatter_nd_add`."""
    return scattered(indices_shape, updates_shape, tensor_shape)


@primitive(
    arrays(
        ((3, 2), (1, 2), (1,)), ((3, 2), (1, 1), (1, 2)), ((3,), (0, 1), (0,)), values=(*NUMBERS_AND_INDICES, Values())
    ),
    shape=written_shape,
    batch=with_numbers,
    types={"tensor": EVERY, "indices": INDICES, "updates": EVERY},
    holomorphic=False,
    tensor=lambda g, indices: tensor_scatter_nd_update(g, indices, zeros_of(take_nd(g, indices), None)),
    indices=NOT_DIFFERENTIABLE,
    updates=lambda g, indices: take_nd(g, indices),
)
def tensor_scatter_nd_update(
    tensor: TensorLike, indices: TensorLike, updates: TensorLike, name: str | None = None
) -> Array:
    """Returns a tensor in which slices are replaced where vectors of indices say.

    Args:
        tensor: a tensor.
        indices: integers; its last dimension holds one index for each of the leading dimensions of `tensor`.
        updates: the new slices, of the dtype of `tensor` and of the shape
            `indices.shape[:-1] + tensor.shape[indices.shape[-1]:]`.
        name: ignored.

    Returns:
        A tensor of the dtype and shape of `tensor`; of several updates of one place the last one counts.

    Raises:
        InvalidArgumentError: an index is out of range, or the shapes do not fit.

    >>> import gradtape as tf
    >>> tf.tensor_scatter_nd_update([1, 2, 3], [[0], [2]], [10, 30])
    <tf.Tensor: shape=(3,), dtype=int32, numpy=array([10,  2, 30], dtype=int32)>
    """
    scattered(indices.shape, updates.shape, tensor.shape)
    depth = indices.shape[-1]
    out = tensor.copy(order="C")
    rows = flat_indices(indices, tensor.shape).reshape(-1)
    slices = updates.reshape((len(rows), *tensor.shape[depth:]))
    out.reshape((prod(tensor.shape[:depth]), *tensor.shape[depth:]))[rows] = slices
    return out


@primitive(
    arrays(
        ((3, 2), (4, 2), (4,)), ((3, 2), (4, 1), (4, 2)), ((3,), (0, 1), (0,)), values=(*NUMBERS_AND_INDICES, Values())
    ),
    shape=written_shape,
    batch=with_numbers,
    types={"tensor": NUMBERS, "indices": INDICES, "updates": NUMBERS},
    holomorphic=False,
    tensor=lambda g: g,
    indices=NOT_DIFFERENTIABLE,
    updates=lambda g, indices: take_nd(g, indices),
)
def tensor_scatter_nd_add(
    tensor: TensorLike, indices: TensorLike, updates: TensorLike, bad_indices_policy: str = "", name: str | None = None
) -> Array:
    """Returns a tensor to which slices are added where vectors of indices say.

    Args:
        tensor: a tensor of numbers.
        indices: as for `tensor_scatter_nd_update`.
        updates: what is added, of the dtype of `tensor`; updates of one place add up.
        name: ignored.
        bad_indices_policy: only TensorFlow's default is known: a wrong index raises.

    Returns:
        A tensor of the dtype and shape of `tensor`.

    Raises:
        InvalidArgumentError: an index is out of range, or the shapes do not fit.

    >>> import gradtape as tf
    >>> tf.tensor_scatter_nd_add([1, 2, 3], [[0], [0]], [10, 30])
    <tf.Tensor: shape=(3,), dtype=int32, numpy=array([41,  2,  3], dtype=int32)>
    """
    scattered(indices.shape, updates.shape, tensor.shape)
    depth = indices.shape[-1]
    rows, size = flat_indices(indices, tensor.shape).reshape(-1), prod(tensor.shape[:depth])
    slices = updates.reshape((len(rows), *tensor.shape[depth:]))
    total = add_rows(slices, rows, (size, *tensor.shape[depth:])).reshape(tensor.shape)
    return np.add(tensor, total, out=total)


@composite(arrays(((3, 2), (4, 2), (4,)), values=(*NUMBERS_AND_INDICES, Values())))
def tensor_scatter_nd_sub(
    tensor: TensorLike, indices: TensorLike, updates: TensorLike, bad_indices_policy: str = "", name: str | None = None
) -> Tensor:
    """Returns a tensor from which slices are subtracted where vectors of indices say.

    Args:
        tensor: a tensor of numbers.
        indices: as in `tensor_scatter_nd_add`.
        updates: as in `tensor_scatter_nd_add`.
        bad_indices_policy: only TensorFlow's default is known: a wrong index raises.
        name: ignored.

    Returns:
        A tensor of the dtype and shape of `tensor`.

    Raises:
        InvalidArgumentError: an index is out of range, or the shapes or dtypes do not fit.

    >>> import gradtape as tf
    >>> tf.tensor_scatter_nd_sub([1, 2, 3], [[0], [0]], [10, 30])
    <tf.Tensor: shape=(3,), dtype=int32, numpy=array([-39,   2,   3], dtype=int32)>
    """
    base = convert(tensor)
    removed = updates if isinstance(updates, type(base)) else convert(updates, base.dtype)
    return base - scatter_nd(indices, removed, base._value.shape)
