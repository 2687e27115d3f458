"""The convolution and its two transposes, each the derivative of the others: filters that move over an input."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape._core.batches import call, size_of
from gradtape._core.dtypes import FLOATS, int32
from gradtape._core.families import bilinear
from gradtape._core.op import Array, TensorLike
from gradtape._core.sampling import arrays
from gradtape._ops.convolution_arrays import Window, backward, by_taps, forward, output_sizes
from gradtape._ops.parameters import Shape
from gradtape.errors import InvalidArgumentError

CONVOLVED = FLOATS | {int32.numpy}

LINE = Window((4,), (3,), ((1, 1),), (1,), (1,))
PLANE = Window((4, 3), (2, 3), ((0, 1), (1, 1)), (1, 1), (1, 1))
STEPS = Window((5, 4), (3, 2), ((1, 1), (0, 2)), (2, 2), (1, 2))
GROUPS = Window((3, 3), (2, 2), ((0, 0), (0, 1)), (1, 1), (1, 1), 2)
SINGLE = Window((3,), (2,), ((1, 0),), (2,), (1,), 2)
SPACE = Window((2, 2, 2), (2, 1, 2), ((0, 1), (0, 0), (1, 0)), (1, 1, 1), (1, 1, 1))
POINT = Window((3, 2), (1, 1), ((0, 0), (0, 0)), (2, 1), (1, 1))


def input_of(window: Window, batch: int, channels: int) -> Shape:
    """Returns the shape of an input with so many channels in each group."""
    return (batch, *window.sizes, channels * window.groups)


def filters_of(window: Window, channels: int, depth: int) -> Shape:
    """Returns the shape of filters for so many channels in each group that make `depth` results."""
    return (*window.kernel, channels, depth)


def result_of(window: Window, batch: int, depth: int) -> Shape:
    """Returns the shape of a convolution's result."""
    return (batch, *output_sizes(window), depth)


def samples(first: Any, second: Any) -> Any:
    """Returns samples for one of the three operations, of which `first` and `second` give the inputs' shapes."""
    sizes = [(LINE, 2, 2), (PLANE, 2, 2), (STEPS, 1, 2), (GROUPS, 2, 2), (SINGLE, 1, 4), (SPACE, 1, 2), (POINT, 2, 1)]
    found = arrays((first(LINE, 0, 2, 2), second(LINE, 0, 2, 2)), window=[LINE])
    for window, channels, depth in sizes:
        shapes = tuple([which(window, 2, channels, depth) for which in (first, second)])
        found = found + arrays(shapes, window=[window])
    return found


def sampled_input(window: Window, batch: int, channels: int, depth: int) -> Shape:
    """The shape of a sample's input."""
    return input_of(window, batch, channels)


def sampled_filters(window: Window, batch: int, channels: int, depth: int) -> Shape:
    """The shape of a sample's filters."""
    return filters_of(window, channels, depth)


def sampled_result(window: Window, batch: int, channels: int, depth: int) -> Shape:
    """The shape of a sample's result."""
    return result_of(window, batch, depth)


def fit(input_shape: Shape, filters_shape: Shape, result_shape: Shape, window: Window) -> bool:
    """True if three shapes are those of an input, its filters and their convolution."""
    channels, depth = input_shape[-1:], result_shape[-1:]
    return (
        input_shape == (*input_shape[:1], *window.sizes, *channels)
        and filters_shape == (*window.kernel, *filters_shape[-2:-1], *depth)
        and channels == (filters_shape[-2] * window.groups,)
        and depth[0] % window.groups == 0
        and result_shape == (*input_shape[:1], *output_sizes(window), *depth)
    )


def checked(input_shape: Shape, filters_shape: Shape, result_shape: Shape, window: Window, which: int) -> Shape:
    """Returns the shape number `which` of the three.

    Raises:
        InvalidArgumentError: they do not fit together.
    """
    shapes = (input_shape, filters_shape, result_shape)
    if not fit(*shapes, window):
        given = " and ".join(str(list(shape)) for place, shape in enumerate(shapes) if place != which)
        raise InvalidArgumentError(f"inputs of shapes {given} do not fit each other and the window {window}.")
    return shapes[which]


def convolve_shape(input_shape: Shape, filters_shape: Shape, window: Window) -> Shape:
    """The shape rule of `convolve`."""
    return checked(input_shape, filters_shape, result_of(window, *input_shape[:1], *filters_shape[-1:]), window, 2)


def input_shape(result_shape: Shape, filters_shape: Shape, window: Window) -> Shape:
    """The shape rule of `convolve_input`."""
    return checked(input_of(window, *result_shape[:1], *filters_shape[-2:-1]), filters_shape, result_shape, window, 0)


def filters_shape(input_shape: Shape, result_shape: Shape, window: Window) -> Shape:
    """The shape rule of `convolve_filters`."""
    channels = input_shape[-1] // window.groups
    return checked(input_shape, filters_of(window, channels, *result_shape[-1:]), result_shape, window, 1)


def computed(function: Any, first: Array, second: Array, window: Window) -> Array:
    """Returns what a function on arrays gives; numbers of half precision are computed in single."""
    if first.dtype.itemsize == 2:
        wide = function(first.astype(np.float32), second.astype(np.float32), window)
        return wide.astype(first.dtype)
    return function(first, second, window)


def channels_of(array: Array) -> Array:
    """Moves a batch from the front to the outer part of the last axis."""
    moved = np.moveaxis(array, 0, -2)
    return moved.reshape(*moved.shape[:-2], moved.shape[-2] * moved.shape[-1])


def channels_back(array: Array, size: int) -> Array:
    """Moves a batch from the outer part of the last axis to the front."""
    split = array.reshape(*array.shape[:-1], size, array.shape[-1] // size)
    return np.moveaxis(split, -2, 0)


def images(array: Array) -> Array:
    """Joins a batch axis with the one behind it."""
    return array.reshape(array.shape[0] * array.shape[1], *array.shape[2:])


def in_batches(op: Any, pair: list[Array], batched: list[bool], params: dict[str, Any]) -> Array:
    """The batching rule of all three: a batch goes into the images, beside the results, or into groups of its own."""
    size, (first, second), window = size_of(pair, batched), pair, params["window"]
    filters_given = op.name != "convolve_filters"
    if filters_given and not batched[1]:
        found = call(op, [images(first), second], params)
        return found.reshape(size, first.shape[1], *found.shape[1:])
    if window.groups == 1 and batched == [False, True] and op.name != "convolve_input":
        # The same input for all: more results of one convolution.
        return channels_back(call(op, [first, channels_of(second)], params), size)
    first = first if batched[0] else np.broadcast_to(first, (size, *first.shape))
    second = second if batched[1] else np.broadcast_to(second, (size, *second.shape))
    grouped = window._replace(groups=window.groups * size)
    both = [channels_of(each) for each in (first, second)]
    return channels_back(call(op, both, {"window": grouped}), size)


@bilinear(
    samples(sampled_input, sampled_filters),
    shape=convolve_shape,
    batch=in_batches,
    types=CONVOLVED,
    input=lambda g, filters, window: convolve_input(g, filters, window),
    filters=lambda g, input, window: convolve_filters(input, g, window),
)
def convolve(input: TensorLike, filters: TensorLike, window: Window) -> Array:
    """Returns the convolution of channels-last images with filters; not for users.

    Args:
        input: `[batch, *sizes, groups * channels]`.
        filters: `[*kernel, channels, results]`.
        window: how the filters move.

    Returns:
        `[batch, *out, results]`.
    """
    convolve_shape(input.shape, filters.shape, window)
    return computed(forward, input, filters, window)


@bilinear(
    samples(sampled_result, sampled_filters),
    shape=input_shape,
    batch=in_batches,
    types=CONVOLVED,
    result=lambda g, filters, window: convolve(g, filters, window),
    filters=lambda g, result, window: convolve_filters(g, result, window),
)
def convolve_input(result: TensorLike, filters: TensorLike, window: Window) -> Array:
    """Returns the transpose of `convolve` in its input: `[batch, *sizes, groups * channels]`; not for users."""
    input_shape(result.shape, filters.shape, window)
    return computed(backward, result, filters, window)


@bilinear(
    samples(sampled_input, sampled_result),
    shape=filters_shape,
    batch=in_batches,
    types=CONVOLVED,
    input=lambda g, result, window: convolve_input(result, g, window),
    result=lambda g, input, window: convolve(input, g, window),
)
def convolve_filters(input: TensorLike, result: TensorLike, window: Window) -> Array:
    """Returns the transpose of `convolve` in its filters: `[*kernel, channels, results]`; not for users."""
    filters_shape(input.shape, result.shape, window)
    return computed(by_taps, input, result, window)
