"""Patches of images and volumes, and the morphology of images, which takes maxima over them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import prod
from typing import Any

import numpy as np

from gradtape._core.conversion import convert
from gradtape._core.dtypes import ANY, INEXACT
from gradtape._core.families import composite, linear
from gradtape._core.op import Array, TensorLike
from gradtape._core.sampling import Values, arrays
from gradtape._core.tensor import Tensor
from gradtape._ops.comparison import select
from gradtape._ops.parameters import Shape, as_ints
from gradtape._ops.reduction import limits
from gradtape._ops.structure import reshape, reverse, transpose
from gradtape._ops.window_plans import as_padding, plan
from gradtape._ops.windows import ONE, Windows, fitted, pooled_shape, position, unfitted, window_maxima
from gradtape.errors import InvalidArgumentError, OutOfRangeError, UnimplementedError, WrongTypeError

OVERLAP: Windows = ((2, 1, 0, 1, 1), (2, 2, 1, 0, 2))


def sliding_shape(input_shape: Shape, windows: Windows) -> Shape:
    """The shape rule of `sliding`."""
    return (*pooled_shape(input_shape, windows), *(window[0] for window in windows))


def slide_behind(op: Any, arrays: list[Any], batched: list[bool], params: dict[str, Any]) -> Array:
    """The batching rule of `sliding`: the batch's own axis of places in a window is dropped."""
    found = op.body(arrays[0], windows=(ONE, *params["windows"]))
    return found.reshape(found.shape[: arrays[0].ndim] + found.shape[arrays[0].ndim + 1 :])


def overlay_behind(op: Any, arrays: list[Any], batched: list[bool], params: dict[str, Any]) -> Array:
    """The batching rule of `overlay`."""
    array, rank = arrays[0], len(params["shape"])
    longer = array.reshape((*array.shape[: rank + 1], 1, *array.shape[rank + 1 :]))
    return op.body(longer, windows=(ONE, *params["windows"]), shape=(array.shape[0], *params["shape"]))


@linear(
    arrays((2, 5), (0, 3), windows=[OVERLAP]) + arrays((3, 2), windows=[((2, 2, 0, -1, 1), ONE)]),
    shape=sliding_shape,
    batch=slide_behind,
    types=ANY,
    holomorphic=False,
    input=lambda g, input_shape, windows: overlay(g, windows, input_shape),
)
def sliding(input: TensorLike, windows: Windows) -> Array:
    """Returns the elements of each window: the axes count the windows, and as many more the places in a window."""
    shape = sliding_shape(input.shape, windows)
    if not prod(shape):
        return np.empty(shape, input.dtype)
    x = fitted(input, windows, 0)
    steps = [size * window[1] for size, window in zip(x.strides, windows, strict=True)]
    inside = [size * window[4] for size, window in zip(x.strides, windows, strict=True)]
    return np.lib.stride_tricks.as_strided(x, shape, (*steps, *inside), writeable=False)


def overlay_shape(g_shape: Shape, windows: Windows, shape: Shape) -> Shape:
    """The shape rule of `overlay`."""
    return shape


@linear(
    arrays((2, 2, 2, 2), windows=[OVERLAP], shape=[(2, 5)])
    + arrays((1, 2, 2, 1), windows=[((2, 2, 0, -1, 1), ONE)], shape=[(3, 2)]),
    shape=overlay_shape,
    batch=overlay_behind,
    types=INEXACT,
    holomorphic=False,
    g=lambda g, windows: sliding(g, windows),
)
def overlay(g: TensorLike, windows: Windows, shape: Shape) -> Array:
    """Returns an array of `shape` to which the elements of all windows are added: the transpose of `sliding`."""
    sizes = tuple(size + each[2] + each[3] for size, each in zip(shape, windows, strict=True))
    if not g.size:
        return np.zeros_like(g, shape=shape)
    out = np.zeros_like(g, shape=sizes, order="C")
    rank = len(shape)
    for place in product(*(range(window[0]) for window in windows)):
        key = tuple(
            position(0, step, count, window)[0]
            for step, count, window in zip(place, g.shape[:rank], windows, strict=True)
        )
        out[key] += g[(..., *place)]
    return unfitted(out, windows, shape)


def listed(value: Any, word: str, rank: int) -> Shape:
    """Returns the entries of a list for all dimensions.

    Raises:
        TypeError: it is no list.
        InvalidArgumentError: there are not as many entries as dimensions.
        UnimplementedError: that of the batch or of the channels is not 1.
    """
    if not isinstance(value, (list, tuple)):
        raise WrongTypeError(f"Expected list for {word!r} argument, not {value!r}.")
    sizes = as_ints(value)
    if len(sizes) != rank:
        raise InvalidArgumentError(f"Length for attr {word!r} of {len(sizes)} must be {rank}: got {list(sizes)}.")
    if sizes[0] != 1 or sizes[-1] != 1:
        raise UnimplementedError(f"Only support {word} across space: the first and the last entry of {value} are 1.")
    return sizes


def patches(tensor: Tensor, parameters: dict[str, Any], padding: Any) -> Tensor:
    """Returns the patches of images or volumes, each as the channels of one pixel.

    Raises:
        TypeError: a parameter is no list, or the padding no name.
        InvalidArgumentError: the number of dimensions is another, or no patch fits.
        OutOfRangeError: a size, stride or rate is not positive.
    """
    rank = 4 if "rates" in parameters else 5
    lists = [listed(value, word, rank) for word, value in parameters.items()]
    around = as_padding(padding, rank, False)
    shape = tensor._value.shape
    if len(shape) != rank:
        raise InvalidArgumentError(f"input must be {rank}-dimensional, got shape {list(shape)}.")
    for word, sizes in zip(parameters, lists, strict=True):
        if min(sizes) < 1:
            raise OutOfRangeError(f"{word} is out of range: all entries are at least 1, got {list(sizes)}.")
    lengths, strides, rates = (*lists, (1,) * rank)[:3]
    windows = plan(shape, lengths, strides, rates, around)
    places = tuple(range(rank + 1, 2 * rank - 1))
    taken = transpose(sliding(tensor, windows), (*range(rank - 1), rank, *places, rank - 1, 2 * rank - 1))
    counts = tuple(taken._value.shape[: rank - 1])
    return reshape(taken, (*counts, prod(lengths) * shape[-1]))


@composite(
    arrays((1, 3, 4, 2), sizes=[[1, 2, 2, 1]], strides=[[1, 1, 2, 1]], rates=[[1, 2, 1, 1]], padding=["SAME", "VALID"])
)
def extract_patches(
    images: TensorLike, sizes: Any, strides: Any, rates: Any, padding: str, name: str | None = None
) -> Tensor:
    """Returns patches of images, each of which becomes the channels of one pixel.

    Args:
        images: a tensor of shape `[batch, height, width, channels]`.
        sizes: `[1, height, width, 1]` of a patch.
        strides: `[1, rows, columns, 1]`: how far the patch moves.
        rates: `[1, rows, columns, 1]`: how far the pixels of a patch lie apart.
        padding: `"VALID"` for patches inside the image; `"SAME"` for as many as there are steps, with zeros around.
        name: ignored.

    Returns:
        A tensor of the same dtype and of shape `[batch, rows, columns, height * width * channels]`.

    Raises:
        InvalidArgumentError: the images are not four-dimensional, a list has not four entries, or no patch fits.
        OutOfRangeError: a size, stride or rate is not positive.
        UnimplementedError: a list has something other than 1 for the batch or the channels.
        TypeError: a parameter is no list.

    >>> import gradtape as tf
    >>> image = tf.reshape(tf.range(6), (1, 2, 3, 1))
    >>> tf.image.extract_patches(image, [1, 2, 2, 1], [1, 1, 1, 1], [1, 1, 1, 1], "VALID").numpy().tolist()
    [[[[0, 1, 3, 4], [1, 2, 4, 5]]]]
    """
    return patches(convert(images), {"ksizes": sizes, "strides": strides, "rates": rates}, padding)


@composite(arrays((1, 2, 2, 3, 1), ksizes=[[1, 2, 2, 2, 1]], strides=[[1, 1, 2, 1, 1]], padding=["SAME", "VALID"]))
def extract_volume_patches(
    input: TensorLike, ksizes: Any, strides: Any, padding: str, name: str | None = None
) -> Tensor:
    """Returns patches of volumes, each of which becomes the channels of one element.

    Args:
        input: a tensor of shape `[batch, depth, height, width, channels]`.
        ksizes: `[1, depth, height, width, 1]` of a patch.
        strides: how far the patch moves, in the same way.
        padding: `"VALID"` for patches inside the volume; `"SAME"` for as many as there are steps, with zeros around.
        name: ignored.

    Returns:
        A tensor of the same dtype and of shape `[batch, planes, rows, columns, depth * height * width * channels]`.

    Raises:
        InvalidArgumentError: the volumes are not five-dimensional, a list has not five entries, or no patch fits.
        OutOfRangeError: a size or stride is not positive.
        UnimplementedError: a list has something other than 1 for the batch or the channels.
        TypeError: a parameter is no list.

    >>> import gradtape as tf
    >>> volume = tf.reshape(tf.range(8), (1, 2, 2, 2, 1))
    >>> tf.extract_volume_patches(volume, [1, 2, 2, 2, 1], [1, 1, 1, 1, 1], "VALID").numpy().ravel()
    array([0, 1, 2, 3, 4, 5, 6, 7], dtype=int32)
    """
    return patches(convert(input), {"ksizes": ksizes, "strides": strides}, padding)


def over_patches(
    tensor: Tensor, filters: Tensor, strides: Any, padding: Any, data_format: Any, dilations: Any
) -> Tensor:
    """Returns `dilation2d` of tensors."""
    if data_format != "NHWC":
        raise InvalidArgumentError(f"`data_format` values other than 'NHWC' are not supported. Received: {data_format}")
    steps, rates = listed(strides, "strides", 4), listed(dilations, "rates", 4)
    around = as_padding(padding, 4, False)
    shape, size = tensor._value.shape, filters._value.shape
    if len(shape) != 4:
        raise InvalidArgumentError(f"input must be 4-dimensional, got shape {list(shape)}.")
    if len(size) != 3:
        raise InvalidArgumentError(f"filter must be 3-dimensional: [height, width, channels], got {list(size)}.")
    if size[2] != shape[3]:
        raise InvalidArgumentError(f"input and filter must have the same depth: {shape[3]} vs {size[2]}.")
    rows, columns, channels = size
    windows = plan(shape, (1, rows, columns, 1), steps, rates, around)
    raised = pixels(tensor, windows) + filters
    if any(window[2] > 0 or window[3] > 0 for window in windows):
        # What lies around the image is no candidate.
        inside = pixels(convert(np.ones((1, *shape[1:3], 1), bool)), windows)
        dtype = tensor._value.dtype
        raised = select(inside, raised, convert(np.asarray(limits(dtype)[0], dtype)))
    sides = (ONE, ONE, ONE, block(rows), block(columns), ONE)
    counts = tuple(raised._value.shape[:3])
    return reshape(window_maxima(raised, sides), (*counts, channels))


def block(length: int) -> tuple[int, int, int, int, int]:
    """Returns the window that takes all of an axis."""
    return (length, length, 0, 0, 1) if length > 1 else ONE


def pixels(tensor: Tensor, windows: Windows) -> Tensor:
    """Returns the pixels of each window: batch, rows, columns, places down and across, channels."""
    taken = transpose(sliding(tensor, windows), (0, 1, 2, 5, 6, 3, 4, 7))
    return reshape(taken, tuple(taken._value.shape[:6]))


FAR = (Values(-2.0, 2.0, distinct=True), Values(-0.01, 0.01, distinct=True))
EVEN: dict[str, Sequence[Any]] = {"strides": [[1, 1, 1, 1]], "dilations": [[1, 1, 1, 1]], "data_format": ["NHWC"]}


@composite(arrays(((1, 3, 2, 2), (2, 2, 2)), padding=["SAME", "VALID"], values=FAR, **EVEN))
def dilation2d(
    input: TensorLike,
    filters: TensorLike,
    strides: Any,
    padding: str,
    data_format: str,
    dilations: Any,
    name: str | None = None,
) -> Tensor:
    """Returns the greyscale dilation of images: the maximum over a window of the pixels plus a structuring function.

    Args:
        input: a tensor of real numbers of shape `[batch, height, width, channels]`.
        filters: the structuring function, of the same dtype and of shape `[height, width, channels]`.
        strides: `[1, rows, columns, 1]`: how far the window moves.
        padding: `"VALID"` or `"SAME"`; what lies around the images does not count.
        data_format: `"NHWC"`.
        dilations: `[1, rows, columns, 1]`: how far the pixels of a window lie apart.
        name: ignored.

    Returns:
        A tensor of the same dtype with an element for each window and channel. The gradients go to the first maximum.

    Raises:
        ValueError: the layout is another.
        InvalidArgumentError: the shapes or dtypes do not fit, or a number is not positive.
        UnimplementedError: a list has something other than 1 for the batch or the channels.

    >>> import gradtape as tf
    >>> image, flat = tf.reshape(tf.range(4.0), (1, 2, 2, 1)), tf.zeros((2, 2, 1))
    >>> tf.nn.dilation2d(image, flat, [1, 1, 1, 1], "VALID", "NHWC", [1, 1, 1, 1]).numpy().item()
    3.0
    """
    tensor = convert(input)
    return over_patches(tensor, convert(filters), strides, padding, data_format, dilations)


@composite(arrays(((1, 3, 2, 2), (2, 2, 2)), padding=["SAME", "VALID"], values=FAR, **EVEN))
def erosion2d(
    value: TensorLike,
    filters: TensorLike,
    strides: Any,
    padding: str,
    data_format: str,
    dilations: Any,
    name: str | None = None,
) -> Tensor:
    """Returns the greyscale erosion of images: the minimum over a window of the pixels minus a structuring function.

    It is the dilation of the negative image, with the structuring function turned around, and negated.

    Args:
        value: a tensor of real numbers of shape `[batch, height, width, channels]`.
        filters: the structuring function, of the same dtype and of shape `[height, width, channels]`.
        strides: as in `dilation2d`.
        padding: as in `dilation2d`.
        data_format: `"NHWC"`.
        dilations: as in `dilation2d`.
        name: ignored.

    Returns:
        A tensor of the same dtype with an element for each window and channel.

    Raises:
        ValueError: the layout is another.
        InvalidArgumentError: the shapes or dtypes do not fit, or a number is not positive.
        UnimplementedError: a list has something other than 1 for the batch or the channels.

    >>> import gradtape as tf
    >>> image, flat = tf.reshape(tf.range(1.0, 5.0), (1, 2, 2, 1)), tf.zeros((2, 2, 1))
    >>> tf.nn.erosion2d(image, flat, [1, 1, 1, 1], "VALID", "NHWC", [1, 1, 1, 1]).numpy().item()
    1.0
    """
    tensor = convert(value)
    turned = reverse(convert(filters), (0, 1))
    return -over_patches(-tensor, turned, strides, padding, data_format, dilations)
