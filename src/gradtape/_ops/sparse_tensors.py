"""`SparseTensor`: a tensor given by its few elements and their places; to and from dense tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradtape._core.conversion import convert, unsupported
from gradtape._core.dtypes import NUMBERS, DType, as_dtype, float32, int64
from gradtape._core.op import Array, TensorLike
from gradtape._core.slices import IndexedSlices
from gradtape._core.spec import TensorShape
from gradtape._core.tensor import Carrier, Tensor, make_tensor
from gradtape._ops.arithmetic import multiply
from gradtape._ops.gather import gather, gather_nd, scatter_nd, tensor_scatter_nd_update
from gradtape._ops.parameters import Shape
from gradtape._ops.quotients import truediv
from gradtape._ops.segments import of_segment
from gradtape._ops.steps import one_step
from gradtape._ops.structure import broadcast_to
from gradtape.errors import InvalidArgumentError, WrongTypeError

# What takes a sparse tensor for its values: functions of one element that are 0 at 0, as in TensorFlow.
ON_VALUES = frozenset({"abs", "negative", "square", "sqrt", "tanh", "erf", "identity", "stop_gradient"})


class SparseTensor:
    """A tensor of which only some elements are given, each with its place; the others count as 0.

    Gradients flow to and from `values`. `sp * dense` and `sp / dense` broadcast the dense tensor and keep the places.

    Args:
        indices: the places, int64 of shape `[n, rank]`; most operations want them in the order of `tf.sparse.reorder`.
        values: the elements, of shape `[n]`.
        dense_shape: the shape of the whole tensor, int64.

    Raises:
        ValueError: the shapes of the three do not fit, or indices or shape are tensors of another dtype.
        TypeError: indices or shape are no integers.

    >>> import gradtape as tf
    >>> sp = tf.SparseTensor([[0, 1], [2, 0]], [5.0, 7.0], [3, 2])
    >>> tf.sparse.to_dense(sp * 2.0).numpy().tolist()
    [[0.0, 10.0], [0.0, 0.0], [14.0, 0.0]]
    """

    __slots__ = ("__weakref__", "_dims", "_indices", "_shape", "_values")
    # NumPy leaves `array * sparse` to the class below.
    __array_ufunc__ = None

    def __init__(self, indices: TensorLike, values: TensorLike, dense_shape: TensorLike) -> None:
        places = as_int64(indices, "indices")
        elements = convert(values)
        sizes = as_int64(dense_shape, "dense_shape")
        numbers = plain(sizes)
        if numbers.ndim != 1:
            raise WrongTypeError(f"dense_shape: a list of sizes is wanted, got shape {list(numbers.shape)}.")
        for name, tensor, rank in (("indices", places, 2), ("values", elements, 1)):
            if len(tensor._value.shape) != rank:
                raise InvalidArgumentError(f"{name}: Shape {tensor._value.shape} must have rank {rank}.")
        dims = tuple(numbers.tolist())
        if min(dims, default=0) < 0:
            raise InvalidArgumentError(f"dense_shape: a dimension must be >= 0, got {list(dims)}.")
        (count, rank), given = places._value.shape, elements._value.shape[0]
        if count != given:
            raise InvalidArgumentError(
                f"Dimensions {count} and {given} are not compatible: each value has one row of indices."
            )
        if rank != len(dims):
            raise InvalidArgumentError(
                f"Dimensions {rank} and {len(dims)} are not compatible: a row of indices has a number for each "
                "dimension of dense_shape."
            )
        self._indices, self._values, self._shape, self._dims = places, elements, sizes, dims

    @property
    def indices(self) -> Tensor:
        """The places of the values, int64 of shape `[n, rank]`."""
        return self._indices

    @property
    def values(self) -> Tensor:
        """The elements that are given, of shape `[n]`."""
        return self._values

    @property
    def dense_shape(self) -> Tensor:
        """The shape of the whole tensor, as a tensor of int64."""
        return self._shape

    @property
    def shape(self) -> TensorShape:
        """The shape of the whole tensor."""
        return TensorShape(self._dims)

    @property
    def dtype(self) -> DType:
        """The element type."""
        return self._values.dtype

    def get_shape(self) -> TensorShape:
        """Returns the shape of the whole tensor."""
        return self.shape

    def set_shape(self, shape: Any) -> None:
        """Raises ValueError unless the shape is compatible with `shape`."""
        self.shape.assert_is_compatible_with(shape)

    def with_values(self, new_values: TensorLike) -> SparseTensor:
        """Returns a sparse tensor with other values at the same places; ValueError if their number differs."""
        return SparseTensor(self._indices, new_values, self._shape)

    @classmethod
    def from_value(cls, sparse_tensor_value: Any) -> SparseTensor:
        """Returns something that has `indices`, `values` and `dense_shape` as a sparse tensor; else TypeError."""
        if isinstance(sparse_tensor_value, SparseTensor):
            return sparse_tensor_value
        parts = [getattr(sparse_tensor_value, name, None) for name in ("indices", "values", "dense_shape")]
        if any(part is None for part in parts):
            raise WrongTypeError(f"Argument sparse_tensor_value={sparse_tensor_value!r} is no sparse tensor.")
        return cls(*parts)

    @property
    def _type_spec(self) -> SparseTensorSpec:
        return SparseTensorSpec(self.shape, self.dtype)

    def _components(self) -> list[Tensor]:
        """The tensors that it consists of, for `tf.nest`."""
        return [self._indices, self._values, self._shape]

    def _with_components(self, parts: list[Any]) -> SparseTensor:
        """A sparse tensor of other components."""
        return SparseTensor(*parts)

    def _as_tensor(self) -> Tensor:
        raise unsupported(self)

    def _take(self, op: Any, arguments: tuple[Any, ...]) -> Any:
        """What an operation gives that found this among its arguments; NotImplemented where it has no such meaning."""
        if op.name in ON_VALUES and arguments[0] is self:
            return self.with_values(op.function(self._values))
        if op.name == "multiply" and arguments[1] is self and not isinstance(arguments[0], SparseTensor):
            return self * arguments[0]
        return NotImplemented

    def _mapped(self, function: Callable[[Tensor], Tensor]) -> SparseTensor:
        """A sparse tensor with a function of the values as values."""
        return self.with_values(function(self._values))

    def __mul__(self, other: Any) -> SparseTensor:
        return self.with_values(multiply(self._values, at_places(self, other)))

    def __truediv__(self, other: Any) -> SparseTensor:
        return self.with_values(truediv(self._values, at_places(self, other)))

    def __str__(self) -> str:
        return f"SparseTensor(indices={self._indices!s}, values={self._values!s}, dense_shape={self._shape!s})"

    __repr__ = __str__


class SparseTensorSpec:
    """What is known of a sparse tensor before it exists: its dense shape and dtype.

    >>> import gradtape as tf
    >>> tf.SparseTensorSpec([3, None], tf.float32).is_compatible_with(tf.sparse.eye(3))
    True
    """

    __slots__ = ("dtype", "shape")
    value_type = SparseTensor

    def __init__(self, shape: Any = None, dtype: Any = float32) -> None:
        self.shape = TensorShape(shape)
        self.dtype: DType = as_dtype(dtype)

    @classmethod
    def from_value(cls, value: SparseTensor) -> SparseTensorSpec:
        """Returns what describes a sparse tensor."""
        return cls(value.shape, value.dtype)

    def is_compatible_with(self, spec_or_value: Any) -> bool:
        """True for a sparse tensor, or a description of one, of this dtype and a compatible shape."""
        if not isinstance(spec_or_value, SparseTensor | SparseTensorSpec):
            return False
        return self.dtype is spec_or_value.dtype and self.shape.is_compatible_with(spec_or_value.shape)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SparseTensorSpec) and (self.shape, self.dtype) == (other.shape, other.dtype)

    def __hash__(self) -> int:
        return hash((self.shape, self.dtype))

    def __repr__(self) -> str:
        return f"SparseTensorSpec({self.shape!r}, {self.dtype!r})"


def plain(value: Tensor) -> Array:
    """Returns the array of a tensor whose numbers decide about shapes; such numbers cannot differ in a batch."""
    return value._refuse() if isinstance(value, Carrier) else value._value


def as_int64(value: TensorLike, name: str) -> Tensor:
    """Returns integers as a tensor of int64; a tensor has to be that already."""
    try:
        return convert(value, int64)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{name}: {error}") from None


def checked(value: Any) -> SparseTensor:
    """Returns a sparse tensor; raises TypeError for anything else."""
    if not isinstance(value, SparseTensor):
        raise WrongTypeError(
            f"Input must be a SparseTensor, got {type(value).__name__!r}. tf.sparse.from_dense makes one of a tensor."
        )
    return value


def places_of(sp: SparseTensor) -> Array:
    """Returns the indices of a sparse tensor as an array."""
    return plain(sp._indices)


def of_parts(places: Any, values: Tensor, dims: Any) -> SparseTensor:
    """Returns the sparse tensor of indices, a tensor of values and a list of sizes."""
    indices = places if isinstance(places, Tensor) else make_tensor(np.asarray(places, np.int64))
    return SparseTensor(indices, values, make_tensor(np.array(dims, np.int64).reshape(-1)))


@one_step("bounded")
def bounded(indices: Tensor, dims: Shape) -> Tensor:
    """Returns indices; InvalidArgumentError for a place outside of a shape."""
    check_bounds(plain(indices), dims)
    return indices


@one_step("ordered", form=lambda *parts: parts)
def in_some_order(indices: Tensor, dims: Shape, validate: bool) -> tuple[Tensor, Tensor]:
    """Returns indices and whether one of them is there twice; with `validate`, they have to be in order.

    Raises:
        InvalidArgumentError: an index is out of bounds, out of order or repeated.
    """
    places = plain(indices)
    if validate:
        check_order(places, dims)
        return indices, make_tensor(np.array(False))
    check_bounds(places, dims)
    repeated = bool((steps_of(places) <= 0).any()) and len(np.unique(places, axis=0)) < len(places)
    return indices, make_tensor(np.array(repeated))


@one_step("broadcast_places")
def inside_of(indices: Tensor, dims: Shape, shape: Shape) -> Tensor:
    """Returns the places in a dense tensor of some shape that is broadcast to that of a sparse one."""
    places = plain(indices)
    check_bounds(places, dims)
    inside = places[:, len(dims) - len(shape) :] % np.array(shape)
    return make_tensor(inside[:, 0] if len(shape) == 1 else inside)


@one_step("true_places", varies=True)
def places_not_zero(dense: Tensor) -> Tensor:
    """Returns the indices of the elements that are not 0."""
    return make_tensor(np.argwhere(plain(dense)))


@one_step("kept", varies=True)
def others_than(indices: Tensor, left_out: TensorLike) -> Tensor:
    """Returns the places of the indices that are not among others."""
    return make_tensor(np.flatnonzero(~np.isin(plain(indices), plain(convert(left_out)))))


def taken(values: Tensor, places: Any) -> Tensor:
    """Returns the values at some positions; the gradient is a dense tensor, as TensorFlow's of sparse operations."""
    if values._value.dtype in NUMBERS:
        return of_segment(values, places)
    return gather(values, places)


def check_bounds(places: Array, dims: Shape) -> None:
    """Raises InvalidArgumentError for a place outside of a shape."""
    wrong = ((places < 0) | (places >= np.array(dims, np.int64))).any(axis=1)
    if wrong.any():
        k = int(np.argmax(wrong))
        shown = ",".join(map(str, places[k].tolist()))
        raise InvalidArgumentError(
            f"indices[{k}] = [{shown}] is out of bounds: need 0 <= index < [{','.join(map(str, dims))}]."
        )


def steps_of(places: Array) -> Array:
    """Returns for each row of indices but the first a number: above 0 if it comes behind the one before it."""
    difference = places[1:] - places[:-1]
    if not difference.shape[1]:
        return np.zeros(len(difference), np.int64)
    first = (difference != 0).argmax(axis=1)
    return difference[np.arange(len(difference)), first]


def check_order(places: Array, dims: Shape) -> None:
    """Raises InvalidArgumentError unless all places are inside of a shape and each comes behind the one before it."""
    check_bounds(places, dims)
    steps = steps_of(places)
    if (steps <= 0).any():
        k = int(np.argmax(steps <= 0))
        what = "repeated" if steps[k] == 0 else "out of order. Use `tf.sparse.reorder` for a sorted copy"
        raise InvalidArgumentError(f"indices[{k + 1}] = {places[k + 1].tolist()} is {what}.")


def at_places(sp: SparseTensor, other: Any) -> Tensor:
    """Returns the elements of a dense tensor, broadcast to the shape of a sparse one, at the places of that.

    Raises:
        InvalidArgumentError: the dense tensor does not broadcast to the shape.
    """
    dense = convert(other, None if isinstance(other, Tensor) or hasattr(other, "_read") else sp.dtype)
    shape, dims = tuple(dense._value.shape), sp._dims
    behind = dims[len(dims) - len(shape) :] if len(shape) <= len(dims) else ()
    if len(shape) > len(dims) or any(size not in (1, whole) for size, whole in zip(shape, behind, strict=True)):
        raise InvalidArgumentError(
            f"a dense tensor is broadcast to the shape of a sparse one only; got incompatible shapes: {list(dims)} vs. "
            f"{list(shape)}."
        )
    if not shape:
        return dense
    inside = inside_of(sp._indices, dims, shape)
    return taken(dense, inside) if len(shape) == 1 else gather_nd(dense, inside)


def from_dense(tensor: TensorLike, name: str | None = None) -> SparseTensor:
    """Returns the sparse tensor of the elements that are not 0.

    Args:
        tensor: a tensor of at least one dimension.
        name: ignored.

    Returns:
        A `SparseTensor` of the same shape and dtype, its indices in order.

    Raises:
        InvalidArgumentError: the tensor has no dimension.

    >>> import gradtape as tf
    >>> tf.sparse.from_dense([[0.0, 2.0], [0.0, 0.0]]).values.numpy()
    array([2.], dtype=float32)
    """
    dense = convert(tensor)
    if not dense._value.shape:
        raise InvalidArgumentError("from_dense: a tensor of at least one dimension is wanted, got a scalar.")
    places = places_not_zero(dense)
    return of_parts(places, gather_nd(dense, places), dense._value.shape)


def to_dense(
    sp_input: Any, default_value: Any = None, validate_indices: bool = True, name: str | None = None
) -> Tensor:
    """Returns a sparse tensor as a dense one.

    Args:
        sp_input: a `SparseTensor`.
        default_value: a scalar, the element where none is given; 0 by default, for strings "". It has a gradient.
        validate_indices: whether the indices have to be in order without repetition. If not, of several values for one
            place the last one counts.
        name: ignored.

    Returns:
        A tensor of the dtype and dense shape of `sp_input`.

    Raises:
        TypeError: `sp_input` is no `SparseTensor`, or `default_value` does not fit its dtype.
        InvalidArgumentError: an index is out of bounds, out of order or repeated, or `default_value` is no scalar.

    >>> import gradtape as tf
    >>> tf.sparse.to_dense(tf.SparseTensor([[0, 1]], [5], [2, 2]), default_value=-1).numpy()
    array([[-1,  5],
           [-1, -1]], dtype=int32)
    """
    sp = checked(sp_input)
    dims = sp._dims
    places, repeated = in_some_order(sp._indices, dims, validate_indices)
    if default_value is None:
        if (validate_indices or not repeated) and sp.dtype.numpy in NUMBERS:
            return scatter_nd(places, sp._values, dims)
        text = sp.dtype.numpy.kind == "O"
        base: Any = make_tensor(np.full(dims, b"", object) if text else np.zeros(dims, sp.dtype.numpy))
    else:
        default = convert(default_value, sp.dtype)
        if len(default._value.shape):
            raise InvalidArgumentError(f"default_value should be a scalar, got shape {list(default._value.shape)}.")
        base = broadcast_to(default, dims)
    return tensor_scatter_nd_update(base, places, sp._values)


def map_values(op: Callable[..., Any], *args: Any, **kwargs: Any) -> SparseTensor:
    """Applies a function to the values of sparse tensors.

    Args:
        op: a function of tensors, which returns as many values as there are.
        *args: its arguments; a `SparseTensor` among them, also inside of lists, tuples and dicts, counts as its values.
        **kwargs: likewise.

    Returns:
        A `SparseTensor` with the result as values, at the places of the first one among the arguments.

    Raises:
        ValueError: there is no `SparseTensor` among the arguments, or the function returns another number of values.
        InvalidArgumentError: several have values at different places.

    >>> import gradtape as tf
    >>> tf.sparse.map_values(tf.exp, tf.SparseTensor([[1]], [0.0], [3])).values.numpy()
    array([1.], dtype=float32)
    """
    found: list[SparseTensor] = []

    def replaced(value: Any) -> Any:
        if isinstance(value, SparseTensor):
            found.append(value)
            return value._values
        if isinstance(value, list | tuple):
            parts = [replaced(part) for part in value]
            return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
        if isinstance(value, dict):
            return {key: replaced(part) for key, part in value.items()}
        return value

    arguments, keywords = [replaced(each) for each in args], {key: replaced(each) for key, each in kwargs.items()}
    if not found:
        raise InvalidArgumentError("No SparseTensor in argument list of map_values.")
    for other in found[1:]:
        if other._dims != found[0]._dims or not np.array_equal(places_of(other), places_of(found[0])):
            raise InvalidArgumentError(
                "map_values: Mismatched indices! The sparse tensors have values at other places."
            )
    return found[0].with_values(op(*arguments, **keywords))


def mask(a: IndexedSlices, mask_indices: TensorLike, name: str | None = None) -> IndexedSlices:
    """Returns the rows of an `IndexedSlices` but for those of some indices.

    Args:
        a: an `IndexedSlices`.
        mask_indices: the indices of the rows to leave out, a list.
        name: ignored.

    Returns:
        An `IndexedSlices` with the other rows.

    >>> import gradtape as tf
    >>> slices = tf.IndexedSlices(tf.constant([[1.0], [2.0]]), tf.constant([5, 7]))
    >>> tf.sparse.mask(slices, [5]).values.numpy()
    array([[2.]], dtype=float32)
    """
    if not hasattr(a, "indices"):
        raise WrongTypeError(f"mask: an IndexedSlices is wanted, got {a!r}.")
    indices = convert(a.indices)
    if len(indices._value.shape) != 1:
        raise InvalidArgumentError(f"mask: the indices should be a 1D vector, got shape {list(indices._value.shape)}.")
    kept = others_than(indices, mask_indices)
    return IndexedSlices(gather(convert(a.values), kept), gather(indices, kept), a._shape)
