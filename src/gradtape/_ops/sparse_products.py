"""Products of sparse matrices with dense ones, and sums of looked-up rows: segments by indices, sparse embeddings."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from gradtape._core.batches import call, whole
from gradtape._core.conversion import convert
from gradtape._core.dtypes import INDEX, NUMBERS, REALS, float64
from gradtape._core.families import bilinear
from gradtape._core.op import NOT_DIFFERENTIABLE, Array, TensorLike
from gradtape._core.sampling import Values, arrays
from gradtape._core.tensor import Tensor, make_tensor
from gradtape._ops.arithmetic import sqrt, square
from gradtape._ops.casting import cast
from gradtape._ops.complexes import conj
from gradtape._ops.gather import add_rows, gather
from gradtape._ops.normalization import embedding_lookup
from gradtape._ops.quotients import divide_no_nan, truediv
from gradtape._ops.segments import as_count, unsorted_segment_sum
from gradtape._ops.selecting import where
from gradtape._ops.sparse_structure import fill_empty_rows, retain
from gradtape._ops.sparse_structure import reshape as reshape_sparse
from gradtape._ops.sparse_tensors import SparseTensor, check_bounds, checked, plain
from gradtape._ops.steps import one_step
from gradtape._ops.structure import reshape, transpose
from gradtape.errors import InvalidArgumentError, WrongTypeError

NUMBERED = Values(0, 3, "index")
PAIRED = arrays(
    ((3, 2), (3, 2), (5,), (5,)),
    ((3, 2), (3, 2), (0,), (0,)),
    ((3, 0), (3, 0), (2,), (2,)),
    values=(Values(), Values(), NUMBERED, NUMBERED),
)
SUMMED = arrays(
    ((5,), (3, 2), (5,), (5,)),
    ((0,), (3, 2), (0,), (0,)),
    ((2,), (3, 0), (2,), (2,)),
    count=[3],
    values=(Values(), Values(), NUMBERED, NUMBERED),
)
# So many products are no work worth an import of SciPy.
FEW = 4096


def widened(array: Array) -> Array:
    """Returns an array in a dtype that SciPy computes in: half precision becomes single precision."""
    return array.astype(np.float32) if array.dtype.itemsize == 2 and array.dtype.kind not in "iu" else array


def behind_each_other(matrices: Array, numbers: Array) -> tuple[Array, Array]:
    """Returns a batch of matrices as one, and the numbers of their rows in it."""
    size, rows = matrices.shape[:2]
    return matrices.reshape((size * rows, *matrices.shape[2:])), offset(numbers, rows)


def offset(numbers: Array, rows: int) -> Array:
    """Returns a batch of numbers of rows as one list, those of each input behind those of the one before."""
    return (numbers + rows * np.arange(len(numbers))[:, None]).reshape(-1)


def products_apart(op: Any, arrays: list[Any], batched: list[bool], params: dict[str, Any]) -> Any:
    """The batching rule of `sparse_product`: the sparse matrices stand along the diagonal of a large one."""
    values, b, rows, columns = arrays
    if batched == [False, True, False, False]:
        size, inner, width = b.shape
        beside = np.moveaxis(b, 0, 1).reshape((inner, size * width))
        found = call(op, [values, beside, rows, columns], params)
        return np.moveaxis(found.reshape((params["count"], size, width)), 1, 0)
    values, b, rows, columns = whole(arrays, batched)
    size, count = len(values), params["count"]
    dense, places = behind_each_other(b, columns)
    found = call(op, [values.reshape(-1), dense, offset(rows, count), places], {"count": size * count})
    return found.reshape((size, count, b.shape[2]))


def samples_apart(op: Any, arrays: list[Any], batched: list[bool], params: dict[str, Any]) -> Any:
    """The batching rule of `sampled_product`."""
    x, y, rows, columns = whole(arrays, batched)
    left, above = behind_each_other(x, rows)
    right, beside = behind_each_other(y, columns)
    return call(op, [left, right, above, beside], params).reshape(rows.shape)


@bilinear(
    SUMMED,
    shape=lambda values_shape, b_shape, rows_shape, columns_shape, count: (count, b_shape[1]),
    batch=products_apart,
    types={"values": NUMBERS, "b": NUMBERS, "rows": INDEX, "columns": INDEX},
    values=lambda g, b, rows, columns: sampled_product(g, b, rows, columns),
    b=lambda g, values, rows, columns, b_shape: sparse_product(values, g, columns, rows, b_shape[0]),
    rows=NOT_DIFFERENTIABLE,
    columns=NOT_DIFFERENTIABLE,
)
def sparse_product(values: TensorLike, b: TensorLike, rows: TensorLike, columns: TensorLike, count: int) -> Array:
    """Returns the product with a sparse matrix of `count` rows with `values` at `(rows, columns)`; not for users."""
    shape = (count, b.shape[1])
    if len(values) * b.shape[1] <= FEW:
        return add_rows(values[:, None] * b[columns], rows, shape)
    from scipy.sparse import coo_array

    sparse = coo_array((widened(values), (rows, columns)), shape=(count, len(b)))
    return (sparse @ widened(np.ascontiguousarray(b))).astype(b.dtype, copy=False)


@bilinear(
    PAIRED,
    shape=lambda x_shape, y_shape, rows_shape, columns_shape: rows_shape,
    batch=samples_apart,
    types={"x": NUMBERS, "y": NUMBERS, "rows": INDEX, "columns": INDEX},
    x=lambda g, y, rows, columns, x_shape: sparse_product(g, y, rows, columns, x_shape[0]),
    y=lambda g, x, rows, columns, y_shape: sparse_product(g, x, columns, rows, y_shape[0]),
    rows=NOT_DIFFERENTIABLE,
    columns=NOT_DIFFERENTIABLE,
)
def sampled_product(x: TensorLike, y: TensorLike, rows: TensorLike, columns: TensorLike) -> Array:
    """Returns the elements of `x @ transpose(y)` at `(rows, columns)`; not for users."""
    return np.einsum("ij,ij->i", widened(x[rows]), widened(y[columns])).astype(x.dtype, copy=False)


def sparse_dense_matmul(
    sp_a: Any, b: Any, adjoint_a: bool = False, adjoint_b: bool = False, name: str | None = None
) -> Tensor:
    """Returns the product of a sparse matrix with a dense one, or of a dense one with a sparse one.

    Args:
        sp_a: a `SparseTensor` of rank 2; the indices may have any order.
        b: a dense matrix of the same dtype. One of the two is sparse, the other one dense.
        adjoint_a: whether to take the transposed conjugate of the first matrix.
        adjoint_b: likewise for the second one.
        name: ignored.

    Returns:
        A dense matrix, a tensor of the same dtype.

    Raises:
        TypeError: neither or both are sparse.
        InvalidArgumentError: the shapes or dtypes do not fit, or an index is out of bounds.

    >>> import gradtape as tf
    >>> a = tf.SparseTensor([[0, 1], [1, 0]], [2.0, 3.0], [2, 2])
    >>> tf.sparse.sparse_dense_matmul(a, [[1.0], [10.0]]).numpy()
    array([[20.],
           [ 3.]], dtype=float32)
    """
    if isinstance(b, SparseTensor):
        if isinstance(sp_a, SparseTensor):
            raise WrongTypeError("sparse_dense_matmul: both matrices are sparse; tf.sparse.to_dense makes one dense.")
        found = sparse_dense_matmul(b, sp_a, not adjoint_b, not adjoint_a)
        return transpose(found, None, found.dtype.is_complex)
    sp, dense = checked(sp_a), convert(b)
    if len(sp._dims) != 2:
        raise InvalidArgumentError(f"the sparse matrix must have 2 dimensions, got shape {list(sp._dims)}.")
    if len(dense._value.shape) != 2:
        raise InvalidArgumentError(f"Tensor 'b' is not a matrix: its shape is {list(dense._value.shape)}.")
    values, dims = sp.values, sp._dims
    rows, columns = rows_and_columns(sp._indices, dims)
    if adjoint_a:
        rows, columns, dims = columns, rows, dims[::-1]
        values = conj(values) if values.dtype.is_complex else values
    if adjoint_b:
        dense = transpose(dense, (1, 0), dense.dtype.is_complex)
    if dims[1] != dense._value.shape[0]:
        raise InvalidArgumentError(
            f"Cannot multiply A and B because inner dimension does not match: {dims[1]} vs. {dense._value.shape[0]}. "
            f"Did you forget a transpose? Dimensions of A: {list(dims)}, of B: {list(dense._value.shape)}."
        )
    return sparse_product(values, dense, rows, columns, dims[0])


@one_step("rows_and_columns", form=lambda *parts: parts)
def rows_and_columns(indices: Tensor, dims: Any) -> tuple[Tensor, Tensor]:
    """Returns the two columns of indices; InvalidArgumentError for a place outside of a shape."""
    places = plain(indices)
    check_bounds(places, dims)
    return make_tensor(places[:, 0]), make_tensor(places[:, 1])


def numbers_of(indices: TensorLike, segment_ids: TensorLike, num_segments: Any) -> tuple[Tensor, Tensor, int]:
    """Returns the indices of rows, the numbers of their segments, and how many segments there are.

    Raises:
        InvalidArgumentError: they do not fit, or are not in order.
    """
    places, numbers, whole = segments_of(indices, segment_ids, num_segments)
    return places, numbers, whole._value.shape[0]


@one_step("segments", form=lambda *parts: parts, varies=True)
def segments_of(indices: TensorLike, segment_ids: TensorLike, num_segments: Any) -> tuple[Tensor, Tensor, Tensor]:
    """Returns indices of rows, the numbers of their segments, and an array as long as there are segments.

    Raises:
        InvalidArgumentError: they do not fit, or are not in order.
    """
    places, numbers = plain(convert(indices)), plain(convert(segment_ids))
    for what, array in (("indices", places), ("segment_ids", numbers)):
        if array.ndim != 1 or array.dtype not in INDEX:
            raise WrongTypeError(
                f"{what} should be a vector of int32 or int64, got shape {list(array.shape)} of {array.dtype}."
            )
    if len(places) != len(numbers):
        raise InvalidArgumentError(f"segment_ids and indices should have same size: {len(numbers)} and {len(places)}.")
    if (numbers[1:] < numbers[:-1]).any():
        raise InvalidArgumentError("segment ids are not increasing.")
    if len(numbers) and numbers[0] < 0:
        raise InvalidArgumentError(f"Segment id {numbers[0]} is out of range: they are at least 0.")
    count = int(numbers[-1]) + 1 if len(numbers) else 0
    wanted = count if num_segments is None else as_count(num_segments)
    if count > wanted:
        raise InvalidArgumentError(f"segment ids must be < num_segments ({wanted}), got {count - 1}.")
    return make_tensor(places), make_tensor(numbers.astype(places.dtype)), make_tensor(np.zeros(wanted, bool))


def summed_rows(
    data: TensorLike, indices: TensorLike, segment_ids: TensorLike, num_segments: Any, sparse_gradient: bool
) -> tuple[Tensor, Tensor]:
    """Returns the sums of looked-up rows, and for each segment its number of rows, at least 1, as a column."""
    rows = convert(data)
    shape = tuple(rows._value.shape)
    if rows._value.dtype not in REALS and rows.dtype.name != "bfloat16":
        raise WrongTypeError(f"real numbers are wanted, got {rows.dtype.name}.")
    if not shape:
        raise InvalidArgumentError("data: Shape must be at least rank 1, got a scalar.")
    places, numbers, count = numbers_of(indices, segment_ids, num_segments)
    sizes = sizes_of(places, numbers, shape[0], (count, *(1,) * (len(shape) - 1)))
    if sparse_gradient:
        return unsorted_segment_sum(gather(rows, places), numbers, count), sizes
    flat = reshape(rows, (shape[0], prod(shape[1:])))
    found = sparse_product(np.ones(places._value.shape, rows.dtype.numpy), flat, numbers, places, count)
    return reshape(found, (count, *shape[1:])), sizes


@one_step("sizes")
def sizes_of(indices: Tensor, segment_ids: Tensor, rows: int, shape: Any) -> Tensor:
    """Returns how many indices each segment has, at least 1, in a shape; InvalidArgumentError for a wrong index."""
    places = plain(indices)
    if len(places) and (places.min() < 0 or places.max() >= rows):
        k = int(np.argmax((places < 0) | (places >= rows)))
        raise InvalidArgumentError(f"Bad: indices[{k}] == {places[k]} out of range [0, {rows}).")
    return make_tensor(np.maximum(np.bincount(plain(segment_ids), minlength=shape[0]), 1).reshape(shape))


def segment_sum(
    data: TensorLike,
    indices: TensorLike,
    segment_ids: TensorLike,
    num_segments: Any = None,
    name: str | None = None,
    sparse_gradient: bool = False,
) -> Tensor:
    """Returns for each segment the sum of the rows of `data` that its indices name.

    Args:
        data: a tensor of real numbers of at least one dimension.
        indices: the numbers of rows to sum, a list; int32 or int64.
        segment_ids: for each of them the number of its segment, in ascending order.
        num_segments: the number of segments; the last number + 1 by default.
        name: ignored.
        sparse_gradient: whether the gradient of `data` is an `IndexedSlices`.

    Returns:
        A tensor of shape `[segments] + data.shape[1:]`; 0 for a segment without rows.

    Raises:
        InvalidArgumentError: an index is out of range, the numbers are not in order, or the shapes do not fit.

    >>> import gradtape as tf
    >>> tf.sparse.segment_sum([1.0, 2.0, 4.0], [0, 2, 1], [0, 0, 1]).numpy()
    array([5., 2.], dtype=float32)
    """
    return summed_rows(data, indices, segment_ids, num_segments, sparse_gradient)[0]


def check_floats(data: Tensor) -> Tensor:
    """Returns a tensor of floating-point numbers; InvalidArgumentError for others."""
    if not data.dtype.is_floating:
        raise WrongTypeError(f"floating-point numbers are wanted, got {data.dtype.name}: write tf.cast first.")
    return data


def segment_mean(
    data: TensorLike,
    indices: TensorLike,
    segment_ids: TensorLike,
    num_segments: Any = None,
    name: str | None = None,
    sparse_gradient: bool = False,
) -> Tensor:
    """Returns for each segment the mean of the rows of `data` that its indices name.

    Args:
        data: a tensor of floating-point numbers of at least one dimension.
        indices: as for `tf.sparse.segment_sum`.
        segment_ids: likewise.
        num_segments: likewise.
        name: ignored.
        sparse_gradient: whether the gradient of `data` is an `IndexedSlices`.

    Returns:
        A tensor of shape `[segments] + data.shape[1:]`; 0 for a segment without rows.

    Raises:
        InvalidArgumentError: as for `tf.sparse.segment_sum`; or `data` is of integers.

    >>> import gradtape as tf
    >>> tf.sparse.segment_mean([1.0, 2.0, 4.0], [0, 2, 1], [0, 0, 1]).numpy()
    array([2.5, 2. ], dtype=float32)
    """
    rows = check_floats(convert(data))
    total, sizes = summed_rows(rows, indices, segment_ids, num_segments, sparse_gradient)
    return truediv(total, cast(sizes, rows.dtype))


def segment_sqrt_n(
    data: TensorLike,
    indices: TensorLike,
    segment_ids: TensorLike,
    num_segments: Any = None,
    name: str | None = None,
    sparse_gradient: bool = False,
) -> Tensor:
    """Returns for each segment the sum of the rows that its indices name, divided by the square root of their number.

    Args:
        data: a tensor of floating-point numbers of at least one dimension.
        indices: as for `tf.sparse.segment_sum`.
        segment_ids: likewise.
        num_segments: likewise.
        name: ignored.
        sparse_gradient: whether the gradient of `data` is an `IndexedSlices`.

    Returns:
        A tensor of shape `[segments] + data.shape[1:]`; 0 for a segment without rows.

    Raises:
        InvalidArgumentError: as for `tf.sparse.segment_sum`; or `data` is of integers.

    >>> import gradtape as tf
    >>> tf.sparse.segment_sqrt_n([1.0, 1.0], [0, 1, 0, 1], [0, 0, 0, 0]).numpy()
    array([2.], dtype=float32)
    """
    rows = check_floats(convert(data))
    total, sizes = summed_rows(rows, indices, segment_ids, num_segments, sparse_gradient)
    return truediv(total, cast(sqrt(cast(sizes, float64)), rows.dtype))


def embedding_lookup_sparse(
    params: Any,
    sp_ids: Any,
    sp_weights: Any,
    combiner: str | None = None,
    max_norm: float | None = None,
    name: str | None = None,
    allow_fast_lookup: bool = False,
) -> Tensor:
    """Returns for each row of sparse ids the combined rows of a table that they name.

    Args:
        params: the table, or a list of its parts, as for `tf.nn.embedding_lookup`.
        sp_ids: a `SparseTensor` of int32 or int64 ids, its indices in order; its first index names the row.
        sp_weights: a `SparseTensor` with a weight for each id, or None for ones.
        combiner: "sum", "mean" (divided by the sum of the weights, the default) or "sqrtn" (by the root of the sum of
            their squares).
        max_norm: the greatest Euclidean norm of a row of the table: longer ones are scaled down to it.
        name: ignored.
        allow_fast_lookup: ignored.

    Returns:
        A tensor of shape `[last row with an id + 1] + params.shape[1:]`; 0 for a row without ids.

    Raises:
        TypeError: the ids, or the weights, are not sparse.
        ValueError: `combiner` is another word, there is no table, or weights and ids differ in number.
        InvalidArgumentError: an id is negative or too large.

    >>> import gradtape as tf
    >>> ids = tf.SparseTensor([[0, 0], [0, 1]], [0, 1], [1, 2])
    >>> tf.nn.embedding_lookup_sparse([[1.0, 2.0], [3.0, 6.0]], ids, None).numpy()
    array([[2., 4.]], dtype=float32)
    """
    how = "mean" if combiner is None else combiner
    if how not in ("mean", "sqrtn", "sum"):
        raise InvalidArgumentError(f"combiner must be one of 'mean', 'sqrtn' or 'sum', got {combiner}.")
    if not isinstance(sp_ids, SparseTensor):
        raise WrongTypeError(f"sp_ids must be SparseTensor, got {type(sp_ids)}.")
    if sp_weights is not None and not isinstance(sp_weights, SparseTensor):
        raise WrongTypeError(f"sp_weights must be either None or SparseTensor, got {type(sp_weights)}.")
    count_of_ids = sp_ids.values._value.shape[0]
    named, places, segments = named_once(sp_ids.values, sp_ids.indices)
    table = params if isinstance(params, list | tuple) and holds_parts(params) else convert(params)
    rows = embedding_lookup(table, named, max_norm)
    if sp_weights is None:
        if how == "mean":
            return segment_mean(rows, places, segments)
        return (segment_sum if how == "sum" else segment_sqrt_n)(rows, places, segments)
    weights = cast(sp_weights.values, rows.dtype)
    if weights._value.shape != (count_of_ids,):
        raise InvalidArgumentError(
            f"Shapes {(count_of_ids,)} and {weights._value.shape} are incompatible: one weight for each id."
        )
    _, _, count = numbers_of(places, segments, None)
    shape = tuple(rows._value.shape)
    flat = reshape(rows, (shape[0], prod(shape[1:])))
    total = reshape(sparse_product(weights, flat, segments, places, count), (count, *shape[1:]))
    if how == "sum":
        return total
    scale = weights if how == "mean" else square(weights)
    sizes = unsorted_segment_sum(scale, segments, count)
    sizes = reshape(sizes if how == "mean" else sqrt(sizes), (count, *(1,) * (len(shape) - 1)))
    return divide_no_nan(total, sizes)


@one_step("named_once", form=lambda *parts: parts, varies=True)
def named_once(ids: Tensor, indices: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Returns the ids that differ, for each id which of them it is, and the row that it belongs to."""
    named, places = np.unique(plain(ids), return_inverse=True)
    return make_tensor(named), make_tensor(places), make_tensor(plain(indices)[:, 0])


def holds_parts(params: Any) -> bool:
    """True for a list of the parts of a table, False for one that is itself the table, of Python numbers."""
    return not params or not isinstance(params[0], int | float | list | tuple)


def safe_embedding_lookup_sparse(
    embedding_weights: Any,
    sparse_ids: Any,
    sparse_weights: Any = None,
    combiner: str = "mean",
    default_id: Any = None,
    max_norm: float | None = None,
    name: str | None = None,
    allow_fast_lookup: bool = False,
) -> Tensor:
    """Returns the combined rows of a table for sparse ids; negative ids are left out, and rows without ids are filled.

    Args:
        embedding_weights: the table, or a list of its parts.
        sparse_ids: a `SparseTensor` of int32 or int64 ids of at least two dimensions; those of its last one combine.
        sparse_weights: a `SparseTensor` with a weight for each id, or None for ones. An id whose weight is not above 0
            is left out, unless the combiner is "sum".
        combiner: as for `tf.nn.embedding_lookup_sparse`.
        default_id: the id of rows without ids; None for zeros in them.
        max_norm: as for `tf.nn.embedding_lookup_sparse`.
        name: ignored.
        allow_fast_lookup: ignored.

    Returns:
        A tensor of shape `sparse_ids.shape[:-1] + table.shape[1:]`.

    Raises:
        ValueError: there is no table, or `combiner` is another word.
        TypeError: the ids are not sparse.
        InvalidArgumentError: an id is too large.

    >>> import gradtape as tf
    >>> ids = tf.SparseTensor([[0, 0], [1, 0]], [1, -1], [2, 1])
    >>> tf.nn.safe_embedding_lookup_sparse([[1.0], [2.0]], ids).numpy().tolist()
    [[2.0], [0.0]]
    """
    if embedding_weights is None or (isinstance(embedding_weights, list | tuple) and not embedding_weights):
        raise InvalidArgumentError(f"Missing embedding_weights {embedding_weights}.")
    given = checked(sparse_ids)
    if len(given._dims) < 2:
        raise InvalidArgumentError(f"the ids must have at least 2 dimensions, got shape {list(given._dims)}.")
    lead = given._dims[:-1]
    ids = reshape_sparse(given, (prod(lead), given._dims[-1]))
    kept = ids.values >= 0
    weights = None
    if sparse_weights is not None:
        weights = SparseTensor(ids.indices, checked(sparse_weights).values, ids.dense_shape)
        if combiner != "sum":
            kept = kept & (weights.values > 0)
        weights, _ = fill_empty_rows(retain(weights, kept), 1)
    ids, empty = fill_empty_rows(retain(ids, kept), 0 if default_id is None else default_id)
    found = embedding_lookup_sparse(embedding_weights, ids, weights, combiner, max_norm)
    row = tuple(found._value.shape)[1:]
    if default_id is None:
        missing = reshape(empty, (-1, *(1,) * len(row)))
        found = where(missing, convert(0, found.dtype), found)
    return reshape(found, (*lead, *row))
