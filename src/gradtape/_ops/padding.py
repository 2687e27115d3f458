"""Tensors made larger: padded, tiled, with repeated elements, as grids."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from gradtape._core.batches import moving
from gradtape._core.conversion import convert, holds_tensors, to_array
from gradtape._core.dtypes import BY_NUMPY, EVERY, string
from gradtape._core.families import composite, linear, primitive
from gradtape._core.op import Array, TensorLike
from gradtape._core.sampling import arrays
from gradtape._core.tensor import Tensor, make_tensor
from gradtape._ops.batching import padded_behind, tiled_behind
from gradtape._ops.comparison import select
from gradtape._ops.gather import gather
from gradtape._ops.parameters import Shape, as_axis, as_ints, as_vector, in_range
from gradtape._ops.slicing import getitem
from gradtape._ops.steps import is_recorded, one_step
from gradtape._ops.structure import broadcast_to, reshape, stop_gradient, sum_to
from gradtape.errors import InvalidArgumentError, WrongTypeError

Paddings = tuple[tuple[int, int], ...]


def as_paddings(value: Any) -> Paddings:
    """Returns pairs of integers, how much to add before and behind each dimension, as a tuple of tuples.

    Raises:
        InvalidArgumentError: it is no matrix of integers with two columns, or one of them is negative.
    """
    plain = isinstance(value, (list, tuple)) and not holds_tensors(value)
    array = to_array(value) if plain else convert(value)._value
    if array.ndim != 2 or array.shape[1] != 2:
        raise InvalidArgumentError(f"paddings must be a matrix with 2 columns: {list(array.shape)}.")
    if array.dtype.kind not in "iu" and array.size:
        raise InvalidArgumentError(f"paddings are integers, got {array.tolist()}.")
    if array.size and array.min() < 0:
        raise InvalidArgumentError(f"Paddings must be non-negative: {array.tolist()}.")
    return tuple((int(before), int(behind)) for before, behind in array.tolist())


def padded_shape(tensor_shape: Shape, paddings: Paddings, constant: Any = 0) -> Shape:
    """The shape rule of padding."""
    if len(paddings) != len(tensor_shape):
        raise InvalidArgumentError(
            f"The first dimension of paddings must be the rank of inputs: {len(paddings)} pairs for the shape "
            f"{list(tensor_shape)}."
        )
    return tuple(before + size + behind for size, (before, behind) in zip(tensor_shape, paddings, strict=True))


def inner_key(paddings: Paddings, shape: Shape) -> tuple[Any, ...]:
    """Returns the key of the part of a padded array that was there before."""
    return tuple(slice(before, before + size) for size, (before, _) in zip(shape, paddings, strict=True))


@primitive(
    arrays((3,), paddings=[((1, 2),), ((0, 0),)], constant=[0.0, 1.5])
    + arrays((2, 3), (0, 2), paddings=[((1, 0), (0, 2))], constant=[0.0])
    + arrays((), paddings=[()], constant=[0.0]),
    shape=padded_shape,
    batch=moving(paddings=padded_behind),
    types=EVERY,
    holomorphic=False,
    tensor=lambda g, tensor_shape, paddings: getitem(g, inner_key(paddings, tensor_shape)),
)
def pad_constant(tensor: TensorLike, paddings: Paddings, constant: Any) -> Array:
    """Returns a tensor with a constant around it."""
    out = np.full_like(tensor, constant, shape=padded_shape(tensor.shape, paddings), order="C")
    out[inner_key(paddings, tensor.shape)] = tensor
    return out


@composite(
    arrays((3,), (4,), paddings=[[[1, 2]]], mode=["CONSTANT", "REFLECT", "symmetric"])
    + arrays((2, 3), paddings=[[[1, 0], [1, 2]]], mode=["CONSTANT", "reflect", "SYMMETRIC"])
    + arrays((2, 0), paddings=[[[1, 0], [0, 2]]], constant_values=[0, 2.5])
)
def pad(
    tensor: TensorLike, paddings: Any, mode: str = "CONSTANT", constant_values: Any = 0, name: str | None = None
) -> Tensor:
    """Returns a tensor with elements added before and behind those of each dimension.

    Args:
        tensor: a tensor.
        paddings: for each dimension the pair of how many elements to add before and behind.
        mode: `"CONSTANT"` adds `constant_values`; `"REFLECT"` mirrors the elements at the first and the last one,
            `"SYMMETRIC"` at the edges, so that these are repeated.
        constant_values: the number to add, of the dtype of `tensor`.
        name: ignored.

    Returns:
        A tensor of the same dtype and number of dimensions.

    Raises:
        InvalidArgumentError: the paddings do not fit the shape, or are longer than what is mirrored.
        ValueError: there is no such mode.

    >>> import gradtape as tf
    >>> tf.pad([1, 2, 3], [[1, 2]])
    <tf.Tensor: shape=(6,), dtype=int32, numpy=array([0, 1, 2, 3, 0, 0], dtype=int32)>
    >>> tf.pad([1, 2, 3], [[0, 2]], "REFLECT")
    <tf.Tensor: shape=(5,), dtype=int32, numpy=array([1, 2, 3, 2, 1], dtype=int32)>
    """
    values = convert(tensor)
    around = as_paddings(paddings)
    kind = str(mode).upper()
    if kind == "CONSTANT":
        constant = as_constant(constant_values, values)
        if not isinstance(constant, Tensor):
            return pad_constant(values, around, constant)
        inside = np.zeros(padded_shape(values._value.shape, around), bool)
        inside[inner_key(around, values._value.shape)] = True
        return select(inside, pad_constant(values, around, values.dtype.numpy.type()), stop_gradient(constant))
    if kind not in ("REFLECT", "SYMMETRIC"):
        raise InvalidArgumentError(f'pad: mode is "CONSTANT", "REFLECT" or "SYMMETRIC", got {mode!r}.')
    shape = values._value.shape
    padded_shape(shape, around)
    # A step of its own: the gradient of padding is a whole array, and not the rows that a lookup took.
    result = reshape(values, shape)
    for axis, (size, (before, behind)) in enumerate(zip(shape, around, strict=True)):
        if before or behind:
            result = gather(result, mirrored(size, before, behind, kind == "SYMMETRIC"), axis=axis)
    return result


def as_constant(value: Any, tensor: Tensor) -> Any:
    """Returns the number to pad `tensor` with; raises as conversions to its dtype do."""
    dtype = BY_NUMPY[tensor._value.dtype]
    if isinstance(value, Tensor) or hasattr(value, "_read"):
        given = convert(value)
        if given.dtype is not dtype:
            raise WrongTypeError(f"pad: constant_values is {given.dtype.name}, but the tensor {dtype.name}.")
        if is_recorded(given) and not given._value.shape:
            return given
        array = given._value
    elif type(value) is int and value == 0 and not dtype.is_numeric:
        return b"" if dtype is string else False
    else:
        array = to_array(value, dtype)
    if array.ndim:
        raise InvalidArgumentError(f"pad: constant_values must be a scalar. Found: {list(array.shape)}.")
    return array[()]


def mirrored(size: int, before: int, behind: int, symmetric: bool) -> Any:
    """Returns the indices of an axis of `size` with mirror images before and behind; with the edges if `symmetric`."""
    longest = size if symmetric else size - 1
    if max(before, behind) > longest:
        raise InvalidArgumentError(
            f"pad: paddings must be {'no greater' if symmetric else 'less'} than the dimension size: {before}, "
            f"{behind} for a size of {size}."
        )
    places = np.arange(size, dtype=np.int32)
    mirror = places[::-1]
    edge = 0 if symmetric else 1
    return np.concatenate([mirror[size - edge - before : size - edge], places, mirror[edge : edge + behind]])


def tiled_shape(input_shape: Shape, multiples: Shape) -> Shape:
    """The shape rule of `tile`."""
    if len(multiples) != len(input_shape):
        raise InvalidArgumentError(
            f"Expected multiples argument to be a vector of length {len(input_shape)} but got {list(multiples)}."
        )
    if any(each < 0 for each in multiples):
        raise InvalidArgumentError(f"Expected multiples to be at least 0, but got {list(multiples)}.")
    return tuple(size * times for size, times in zip(input_shape, multiples, strict=True))


def in_tiles(input_shape: Shape, multiples: Shape) -> Shape:
    """Returns the shape of what is tiled in which the copies have dimensions of their own."""
    return tuple(each for pair in zip(multiples, input_shape, strict=True) for each in pair)


def one_tile(input_shape: Shape) -> Shape:
    """Returns the shape of one tile in `in_tiles`."""
    return tuple(each for size in input_shape for each in (1, size))


def untiled(g: Any, input_shape: Shape, multiples: Shape) -> Any:
    """Returns the sum of the copies of `tile`."""
    return reshape(sum_to(reshape(g, in_tiles(input_shape, multiples)), one_tile(input_shape)), input_shape)


@linear(
    arrays((3,), (0,), multiples=[(2,), (1,), (0,)])
    + arrays((2, 3), (1, 1), multiples=[(1, 2), (3, 1), (2, 2), (0, 2)])
    + arrays((), multiples=[()]),
    shape=tiled_shape,
    batch=moving(multiples=tiled_behind),
    types=EVERY,
    holomorphic=False,
    canonical={"multiples": as_vector},
    input=lambda g, input_shape, multiples: untiled(g, input_shape, multiples),
)
def tile(input: TensorLike, multiples: Any, name: str | None = None) -> Array:
    """Returns copies of a tensor side by side.

    Args:
        input: a tensor.
        multiples: for each dimension how many copies follow each other.
        name: ignored.

    Returns:
        A tensor of the same dtype and number of dimensions.

    Raises:
        InvalidArgumentError: there are not as many `multiples` as dimensions, or one is negative.

    >>> import gradtape as tf
    >>> tf.tile([[1, 2]], [2, 2])
    <tf.Tensor: shape=(2, 4), dtype=int32, numpy=
    array([[1, 2, 1, 2],
           [1, 2, 1, 2]], dtype=int32)>
    """
    shape = tiled_shape(input.shape, multiples)
    parts = in_tiles(input.shape, multiples)
    return np.broadcast_to(input.reshape(one_tile(input.shape)), parts).reshape(shape)


@one_step("repeated", varies=True)
def repeated(repeats: Tensor, size: int) -> Tensor:
    """Returns the places along an axis of so many elements, each as often as it is repeated.

    Raises:
        InvalidArgumentError: the numbers do not fit.
    """
    counts = repeats._value
    if len(counts) not in (1, size):
        raise InvalidArgumentError(f"repeat: {len(counts)} repeats do not fit {size} elements.")
    if counts.size and counts.min() < 0:
        raise InvalidArgumentError(f"repeat: repeats are at least 0, got {counts.tolist()}.")
    return make_tensor(np.repeat(np.arange(size, dtype=np.int32), counts))


@composite(arrays((3,), (2, 3), repeats=[2, 0, [1]], axis=[None, -1]) + arrays((2, 3), repeats=[[2, 0]], axis=[0]))
def repeat(input: TensorLike, repeats: Any, axis: Any = None, name: str | None = None) -> Tensor:
    """Returns a tensor in which each element along a dimension is repeated.

    Args:
        input: a tensor.
        repeats: how often: an integer, or one for each element along `axis`.
        axis: the dimension; by default the tensor is flattened.
        name: ignored.

    Returns:
        A tensor of the same dtype.

    Raises:
        ValueError: there is no such axis, or there are not as many `repeats` as elements.

    >>> import gradtape as tf
    >>> tf.repeat([1, 2], [2, 1])
    <tf.Tensor: shape=(3,), dtype=int32, numpy=array([1, 1, 2], dtype=int32)>
    """
    values = convert(input)
    if axis is None:
        values = reshape(values, (prod(values._value.shape),))
    elif not values._value.ndim:
        values = reshape(values, (1,))
    shape = values._value.shape
    place = in_range(0 if axis is None else as_axis(axis), len(shape))
    if is_recorded(repeats) and len(repeats.shape) == 1:
        return gather(reshape(values, shape), repeated(convert(repeats), shape[place]), axis=place)
    counts = as_ints(repeats)
    if len(counts) not in (1, shape[place]):
        raise InvalidArgumentError(
            f"repeat: {len(counts)} repeats do not fit {shape[place]} elements along axis {place}."
        )
    if any(count < 0 for count in counts):
        raise InvalidArgumentError(f"repeat: repeats are at least 0, got {list(counts)}.")
    if len(counts) == 1:
        times = counts[0]
        longer = reshape(values, (*shape[: place + 1], 1, *shape[place + 1 :]))
        spread = broadcast_to(longer, (*shape[: place + 1], times, *shape[place + 1 :]))
        return reshape(spread, (*shape[:place], shape[place] * times, *shape[place + 1 :]))
    # Reshaped first, so that the gradient is a whole array and not the rows that a lookup took.
    return gather(reshape(values, shape), np.repeat(np.arange(shape[place], dtype=np.int32), counts), axis=place)


@composite(arrays(((3,),), ((3,), (2,)), ((2,), (1,), (3,)), indexing=["xy", "ij"]))
def meshgrid(*args: TensorLike, indexing: str = "xy", name: str | None = None) -> Sequence[Any]:
    """Returns the coordinates of a grid's points, an array for each of the axes given.

    Args:
        *args: the coordinates along each axis, one-dimensional.
        indexing: `"xy"` lets the first argument run along the second dimension, as in a picture; `"ij"` along the
            first.
        name: ignored.

    Returns:
        A list of tensors of one shape.

    Raises:
        ValueError: `indexing` is something else.

    >>> import gradtape as tf
    >>> [grid.numpy().tolist() for grid in tf.meshgrid([1, 2], [3, 4])]
    [[[1, 2], [1, 2]], [[3, 3], [4, 4]]]
    """
    if indexing not in ("xy", "ij"):
        raise InvalidArgumentError(f'meshgrid: indexing is "xy" or "ij", got {indexing!r}.')
    axes = [convert(each) for each in args]
    sizes = [prod(each._value.shape) for each in axes]
    order = list(range(len(axes)))
    if indexing == "xy" and len(axes) > 1:
        order[:2] = [1, 0]
    shape = tuple(sizes[k] for k in order)
    grids = []
    for k, axis in enumerate(axes):
        own = tuple(sizes[k] if each == k else 1 for each in order)
        grids.append(broadcast_to(reshape(axis, own), shape))
    return grids
