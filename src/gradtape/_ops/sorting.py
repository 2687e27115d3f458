"""Order along an axis: the place of the greatest and the least, sorting, the first k."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from gradtape._core.batches import as_it_is, moving, past_axis
from gradtape._core.conversion import convert
from gradtape._core.dtypes import ANY, INDEX, NUMBERS, REALS, as_dtype, int32, int64
from gradtape._core.families import composite, discrete, primitive
from gradtape._core.op import NOT_DIFFERENTIABLE, Array, TensorLike
from gradtape._core.sampling import Values, arrays
from gradtape._core.tensor import Tensor
from gradtape._ops.parameters import Shape, as_axis, in_range
from gradtape.errors import InvalidArgumentError, WrongTypeError

DIRECTIONS = ("ASCENDING", "DESCENDING")
DISTINCT = Values(-2.0, 2.0, distinct=True)
# From so many elements along an axis on they are sorted together with their places.
LONG = 64
POSITIONS = frozenset(np.dtype(name) for name in ("int16", "uint16", "int32", "int64"))


def as_first_axis(value: Any) -> int:
    """Returns an axis as an integer; None stands for the first."""
    return 0 if value is None else as_axis(value)


def as_position_dtype(value: Any) -> Any:
    """Returns the NumPy dtype of positions; InvalidArgumentError for a dtype that they cannot have."""
    dtype = as_dtype(value)
    if dtype.numpy not in POSITIONS:
        raise WrongTypeError(
            f"Value for attr 'output_type' of {dtype.name} is not in the list of allowed values: "
            "int16, uint16, int32, int64."
        )
    return dtype.numpy


def place_shape(input_shape: Shape, axis: int, **params: Any) -> Shape:
    """The shape rule of `argmax` and `argmin`."""
    axis = in_range(axis, len(input_shape))
    if not input_shape[axis] and 0 not in input_shape[:axis] + input_shape[axis + 1 :]:
        raise InvalidArgumentError(f"Reduction axis {axis} is empty in shape {list(input_shape)}.")
    return input_shape[:axis] + input_shape[axis + 1 :]


def place(find: Any, array: Any, axis: int, dtype: Any, worst: float) -> Any:
    """Returns where `find` finds its element along an axis; NaN is passed over."""
    if array.ndim == 0:
        raise InvalidArgumentError(axis)
    if array.dtype.kind == "f" and np.isnan(array).any():
        array = np.where(np.isnan(array), worst, array)
    return np.asarray(find(array, axis)).astype(dtype, copy=False)


@discrete(
    arrays((4,), (2, 3), axis=[None, 0, -1], values=DISTINCT),
    inputs=("input",),
    shape=place_shape,
    batch=moving(axis=past_axis),
    types=ANY - {np.dtype("complex64"), np.dtype("complex128")},
    canonical={"axis": as_first_axis, "output_type": as_position_dtype},
)
def argmax(input: TensorLike, axis: Any = None, output_type: Any = int64, name: str | None = None) -> Array:
    """Returns where along an axis the greatest element stands; the first one of equal ones.

    Args:
        input: a tensor of real numbers or bools.
        axis: the axis; None means the first.
        output_type: the dtype of the result: int64, int32, int16 or uint16.
        name: ignored.

    Returns:
        A tensor of positions, without the axis.

    Raises:
        InvalidArgumentError: the axis is out of range or has no element.

    >>> import gradtape as tf
    >>> tf.argmax([[1, 5], [7, 2]], axis=1)
    <tf.Tensor: shape=(2,), dtype=int64, numpy=array([1, 0])>
    """
    return place(np.argmax, input, axis, output_type, -np.inf)


@discrete(
    arrays((4,), (2, 3), axis=[None, 0, -1], values=DISTINCT),
    inputs=("input",),
    shape=place_shape,
    batch=moving(axis=past_axis),
    types=ANY - {np.dtype("complex64"), np.dtype("complex128")},
    canonical={"axis": as_first_axis, "output_type": as_position_dtype},
)
def argmin(input: TensorLike, axis: Any = None, output_type: Any = int64, name: str | None = None) -> Array:
    """Returns where along an axis the least element stands; the first one of equal ones.

    Args:
        input: a tensor of real numbers or bools.
        axis: the axis; None means the first.
        output_type: the dtype of the result: int64, int32, int16 or uint16.
        name: ignored.

    Returns:
        A tensor of positions, without the axis.

    Raises:
        InvalidArgumentError: the axis is out of range or has no element.

    >>> import gradtape as tf
    >>> tf.argmin([[1, 5], [7, 2]])
    <tf.Tensor: shape=(2,), dtype=int64, numpy=array([0, 1])>
    """
    return place(np.argmin, input, axis, output_type, np.inf)


def taken_shape(x_shape: Shape, places_shape: Shape, **params: Any) -> Shape:
    """The shape rule of `take_along`."""
    return places_shape


def put_shape(x_shape: Shape, places_shape: Shape, axis: int, size: int) -> Shape:
    """The shape rule of `put_along`."""
    axis = in_range(axis, len(x_shape))
    return (*x_shape[:axis], size, *x_shape[axis + 1 :])


def flat_places(places: Array, size: int) -> Array:
    """Returns places along the last axis of an array, which has `size` elements, as places among all: a matrix."""
    rows = places.reshape(-1, places.shape[-1])
    return rows + np.arange(0, len(rows) * size, size, dtype=np.intp)[:, None]


@primitive(
    arrays(((3,), (1,)), ((2, 3), (2, 1)), axis=[-1], values=[Values(), Values(0, 3, "index")]),
    shape=taken_shape,
    batch=moving(axis=past_axis),
    types={"x": NUMBERS, "places": INDEX},
    x=lambda g, places, x_shape, axis: put_along(g, places, axis, x_shape[axis]),
    places=NOT_DIFFERENTIABLE,
)
def take_along(x: TensorLike, places: TensorLike, axis: int) -> Array:
    """Returns the elements of `x` at different places along an axis; not for users."""
    if places.size and axis in (-1, x.ndim - 1):
        return x.reshape(-1).take(flat_places(places, x.shape[-1])).reshape(places.shape)
    return np.take_along_axis(x, places, axis)


@primitive(
    arrays(((1,), (1,)), ((2, 1), (2, 1)), axis=[-1], size=[3], values=[Values(), Values(0, 3, "index")]),
    shape=put_shape,
    batch=moving(axis=past_axis),
    types={"x": NUMBERS, "places": INDEX},
    x=lambda g, places, axis: take_along(g, places, axis),
    places=NOT_DIFFERENTIABLE,
)
def put_along(x: TensorLike, places: TensorLike, axis: int, size: int) -> Array:
    """Returns zeros with the elements of `x` at different places along an axis; not for users."""
    out = np.zeros_like(x, shape=put_shape(x.shape, places.shape, axis, size), order="C")
    if places.size and axis in (-1, x.ndim - 1):
        out.reshape(-1)[flat_places(places, size)] = x.reshape(-1, x.shape[-1])
    else:
        np.put_along_axis(out, places, x, axis)
    return out


def as_direction(value: Any) -> str:
    """Returns `ASCENDING` or `DESCENDING`; ValueError for anything else."""
    if value not in DIRECTIONS:
        raise InvalidArgumentError(
            f"Argument `direction` should be one of {', '.join(DIRECTIONS)}. Received: direction={value}"
        )
    return str(value)


def same_shape(values_shape: Shape, axis: int = -1, **params: Any) -> Shape:
    """The shape rule of sorting."""
    in_range(axis, len(values_shape))
    return values_shape


def ranking(array: Any, axis: int, descending: bool) -> Any:
    """Returns the places of the elements of an array in their order along an axis; equal ones keep theirs."""
    if descending:
        array = np.invert(array) if array.dtype.kind in "biu" else np.negative(array)
    if array.dtype.char in "fi" and array.ndim and array.shape[axis] >= LONG and not np.isnan(array).any():
        return places_by_keys(array, axis)
    return np.argsort(array, axis, stable=True).astype(np.int32)


def places_by_keys(array: Any, axis: int) -> Any:
    """Returns `ranking` of numbers of 32 bits, with their place as the lower half of a key: no two keys are equal.

    NumPy sorts keys several times faster than it finds the places that a stable sort gives.
    """
    bits = array
    if array.dtype.kind == "f":
        # A sum with 0 makes -0 the same as 0. The bits of negative numbers, but for the sign, rise as the numbers fall.
        bits = (array + np.float32(0)).view(np.int32)
        bits ^= (bits >> 31) & np.int32(0x7FFFFFFF)
    keys = np.moveaxis(bits, axis, -1).astype(np.int64, order="C")
    keys <<= 32
    keys |= np.arange(keys.shape[-1])
    keys.sort(axis=-1)
    return np.moveaxis(keys.astype(np.int32), -1, axis)


@discrete(
    arrays((4,), (2, 3), axis=[-1, 0], direction=DIRECTIONS, values=DISTINCT) + arrays((0,), axis=[-1]),
    inputs=("values",),
    shape=same_shape,
    batch=moving(axis=past_axis),
    types=REALS,
    canonical={"axis": as_axis, "direction": as_direction},
)
def argsort(
    values: TensorLike, axis: Any = -1, direction: str = "ASCENDING", stable: bool = False, name: str | None = None
) -> Array:
    """Returns the places of the elements in their order along an axis; equal ones keep their order.

    Args:
        values: a tensor of real numbers.
        axis: the axis.
        direction: `"ASCENDING"` or `"DESCENDING"`.
        stable: means nothing, for the order always is.
        name: ignored.

    Returns:
        An int32 tensor of the same shape.

    Raises:
        ValueError: the direction is none of the two.
        InvalidArgumentError: the axis is out of range.

    >>> import gradtape as tf
    >>> tf.argsort([30, 10, 20])
    <tf.Tensor: shape=(3,), dtype=int32, numpy=array([1, 2, 0], dtype=int32)>
    """
    return ranking(values, axis, direction == "DESCENDING")


@composite(arrays((4,), (2, 3), axis=[-1, 0], direction=DIRECTIONS, values=DISTINCT))
def sort(values: TensorLike, axis: Any = -1, direction: str = "ASCENDING", name: str | None = None) -> Tensor:
    """Returns the elements sorted along an axis.

    Args:
        values: a tensor of real numbers.
        axis: the axis.
        direction: `"ASCENDING"` or `"DESCENDING"`.
        name: ignored.

    Returns:
        A tensor of the same dtype and shape.

    Raises:
        ValueError: the direction is none of the two.
        InvalidArgumentError: the axis is out of range.

    >>> import gradtape as tf
    >>> tf.sort([30, 10, 20], direction="DESCENDING")
    <tf.Tensor: shape=(3,), dtype=int32, numpy=array([30, 20, 10], dtype=int32)>
    """
    tensor = convert(values)
    axis = as_axis(axis)
    return take_along(tensor, argsort(tensor, axis, direction), axis)


class TopKV2(NamedTuple):
    """The greatest elements, and where they stand."""

    values: Any
    indices: Any


def first_shape(input_shape: Shape, k: int, **params: Any) -> Shape:
    """The shape rule of `top_places`."""
    if k < 0:
        raise InvalidArgumentError(f"Need k >= 0, got {k}.")
    if not input_shape:
        raise InvalidArgumentError("input must be >= 1-D, got shape [].")
    if input_shape[-1] < k:
        raise InvalidArgumentError(f"input must have at least k columns. Had {input_shape[-1]}, needed {k}.")
    return (*input_shape[:-1], k)


@discrete(
    arrays((4,), (2, 3), k=[0, 1, 2], dtype=[np.dtype(np.int32)], values=DISTINCT),
    inputs=("input",),
    shape=first_shape,
    batch=as_it_is,
    types=REALS,
)
def top_places(input: TensorLike, k: int, dtype: Any) -> Array:
    """Returns the places of the `k` greatest elements along the last axis; not for users."""
    first_shape(input.shape, k)
    return ranking(input, -1, True)[..., :k].astype(dtype, copy=False)


@composite(arrays((4,), (2, 3), k=[1, 2], values=DISTINCT))
def top_k(
    input: TensorLike, k: Any = 1, sorted: bool = True, index_type: Any = int32, name: str | None = None
) -> TopKV2:
    """Returns the `k` greatest elements along the last axis, the greatest first, and their places.

    Args:
        input: a tensor of real numbers with at least one dimension.
        k: how many.
        sorted: means nothing, for they always are.
        index_type: the dtype of the places.
        name: ignored.

    Returns:
        A pair `values, indices` of tensors whose last axis has `k` elements.

    Raises:
        InvalidArgumentError: the last axis has fewer than `k` elements.

    >>> import gradtape as tf
    >>> tf.math.top_k([1, 5, 3], k=2).indices
    <tf.Tensor: shape=(2,), dtype=int32, numpy=array([1, 2], dtype=int32)>
    """
    tensor = convert(input)
    places = top_places(tensor, as_axis(k), as_position_dtype(index_type))
    wide = places if places._value.dtype in INDEX else top_places(tensor, as_axis(k), np.dtype(np.int32))
    return TopKV2(take_along(tensor, wide, -1), places)
