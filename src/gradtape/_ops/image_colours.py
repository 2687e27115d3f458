"""`tf.image`: the dtypes of images, and their colours in other systems: grey, HSV, YIQ and YUV.

The hue follows Smith, "Color gamut transform pairs", SIGGRAPH 1978.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape._core.conversion import convert
from gradtape._core.dtypes import as_dtype, float32
from gradtape._core.families import composite
from gradtape._core.op import TensorLike
from gradtape._core.sampling import Values, arrays
from gradtape._core.tensor import Tensor
from gradtape._ops.arithmetic import abs as absolute
from gradtape._ops.casting import cast, saturate_cast
from gradtape._ops.comparison import equal, greater, less, select
from gradtape._ops.extrema import clip_by_value, maximum, minimum
from gradtape._ops.joining import stack
from gradtape._ops.padding import tile
from gradtape._ops.products import tensordot
from gradtape._ops.slicing import getitem
from gradtape._ops.structure import expand_dims, identity
from gradtape.errors import FailedPreconditionError, InvalidArgumentError

Matrix = list[list[float]]

GREY = [0.2989, 0.587, 0.114]
RGB_TO_YIQ = [
    [0.299, 0.59590059, 0.2115],
    [0.587, -0.27455667, -0.52273617],
    [0.114, -0.32134392, 0.31119955],
]
YIQ_TO_RGB: Matrix = [[1, 1, 1], [0.95598634, -0.27201283, -1.10674021], [0.6208248, -0.64720424, 1.70423049]]
RGB_TO_YUV = [
    [0.299, -0.14714119, 0.61497538],
    [0.587, -0.28886916, -0.51496512],
    [0.114, 0.43601035, -0.10001026],
]
YUV_TO_RGB: Matrix = [[1, 1, 1], [0, -0.394642334, 2.03206185], [1.13988303, -0.58062185, 0]]
# Colours whose parts differ, so that none is grey and each has one largest part.
VIVID = Values(0.1, 0.9, distinct=True)


@composite(arrays((2, 3), dtype=["float64"], saturate=[False, True]))
def convert_image_dtype(image: TensorLike, dtype: Any, saturate: bool = False, name: str | None = None) -> Tensor:
    """Returns an image in another dtype, with its numbers scaled: 1.0 becomes the greatest integer and vice versa.

    Args:
        image: a tensor of integers, or of floating-point numbers from 0 to 1.
        dtype: an integer or floating-point dtype.
        saturate: whether numbers outside of the range of `dtype` become its least or greatest one.
        name: ignored.

    Returns:
        A tensor of `dtype` and of the same shape.

    Raises:
        AttributeError: one of the dtypes is neither of integers nor of floating-point numbers.

    >>> import gradtape as tf
    >>> tf.image.convert_image_dtype(tf.constant([0, 255], tf.uint8), tf.float32).numpy()
    array([0., 1.], dtype=float32)
    """
    tensor, wanted = convert(image), as_dtype(dtype)
    own = tensor.dtype
    for word, each in (("dtype", wanted), ("image dtype", own)):
        if not (each.is_floating or each.is_integer):
            raise AttributeError(f"{word} must be either floating point or integer, got {each.name}.")
    if own is wanted:
        return identity(tensor)
    to_dtype = saturate_cast if saturate else cast
    if own.is_floating:
        if wanted.is_floating:
            return cast(tensor, wanted)
        with np.errstate(over="ignore"):
            scale = np.asarray(float(wanted.max) + 0.5).astype(own.as_numpy_dtype)
        return to_dtype(tensor * scale, wanted)
    if wanted.is_floating:
        return cast(tensor, wanted) * (1.0 / own.max)
    largest, limit = int(own.max), int(wanted.max)
    if largest > limit:
        return to_dtype(tensor // ((largest + 1) // (limit + 1)), wanted)
    return to_dtype(tensor, wanted) * ((limit + 1) // (largest + 1))


def rgb_to_grayscale(images: TensorLike, name: str | None = None) -> Tensor:
    """Returns colours as shades of grey: the luma of the television standard, 0.2989 R + 0.587 G + 0.114 B.

    Args:
        images: a tensor whose last dimension has size 3.
        name: ignored.

    Returns:
        A tensor of the same dtype, whose last dimension has size 1.

    Raises:
        InvalidArgumentError: the last dimension has another size.

    >>> import gradtape as tf
    >>> tf.image.rgb_to_grayscale(tf.constant([[[100, 100, 0]]], tf.uint8)).numpy().item()
    88
    """
    tensor = convert(images)
    colours = convert_image_dtype(tensor, float32)
    return convert_image_dtype(expand_dims(tensordot(colours, convert(GREY), 1), -1), tensor.dtype)


@composite(arrays((2, 1), (0, 2, 1)))
def grayscale_to_rgb(images: TensorLike, name: str | None = None) -> Tensor:
    """Returns shades of grey as colours: the same number three times.

    Args:
        images: a tensor of at least two dimensions, of which the last has size 1.
        name: ignored.

    Returns:
        A tensor of the same dtype, whose last dimension has size 3.

    Raises:
        ValueError: there are fewer dimensions, or the last one has another size.

    >>> import gradtape as tf
    >>> tf.image.grayscale_to_rgb(tf.constant([[7]])).numpy()
    array([[7, 7, 7]], dtype=int32)
    """
    tensor = convert(images)
    shape = tensor._value.shape
    if len(shape) < 2 or shape[-1] != 1:
        raise ValueError(f"a grayscale image has two dimensions or more, the last of size 1; got shape {list(shape)}.")
    return tile(tensor, (*(1,) * (len(shape) - 1), 3))


def parts(tensor: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Returns the three numbers of each colour."""
    red, green, blue = (getitem(tensor, (..., place)) for place in range(3))
    return red, green, blue


def hue_of(tensor: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Returns the hue of colours, between 0 and 1, their largest part, and its distance from the least one."""
    red, green, blue = parts(tensor)
    largest = maximum(maximum(red, green), blue)
    spread = largest - minimum(minimum(red, green), blue)
    coloured = greater(spread, 0)
    # Where all parts are the same the hue is 0, and so is its gradient.
    unit = 1.0 / (6.0 * select(coloured, spread, 1.0 + 0.0 * spread))
    third = 2.0 / 6.0
    hue = select(
        equal(red, largest),
        unit * (green - blue),
        select(equal(green, largest), unit * (blue - red) + third, unit * (red - green) + 2.0 * third),
    )
    hue = select(coloured, hue, 0.0 * hue)
    return select(less(hue, 0), hue + 1.0, hue), largest, spread


def saturation_of(largest: Tensor, spread: Tensor) -> Tensor:
    """Returns the saturation of colours: how far the least part lies below the largest one."""
    bright = greater(largest, 0)
    return select(bright, spread / select(bright, largest, 1.0 + 0.0 * largest), 0.0 * spread)


def pure_colours(hue: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Returns the red, green and blue, from 0 to 1, of colours of full saturation."""
    angle = 6.0 * hue
    red = clip_by_value(absolute(angle - 3.0) - 1.0, 0, 1)
    green = clip_by_value(2.0 - absolute(angle - 2.0), 0, 1)
    blue = clip_by_value(2.0 - absolute(angle - 4.0), 0, 1)
    return red, green, blue


def mixed(hue: Tensor, saturation: Tensor, value: Tensor) -> Tensor:
    """Returns the colours of a hue, a saturation and a brightness."""
    return stack([(1.0 - saturation + saturation * part) * value for part in pure_colours(hue)], -1)


def as_colours(images: TensorLike) -> Tensor:
    """Returns colours of floating-point numbers as a tensor.

    Raises:
        InvalidArgumentError: they are of another dtype, or no list.
        FailedPreconditionError: the last dimension has not size 3.
    """
    tensor = convert(images)
    shape = tensor._value.shape
    if not tensor.dtype.is_floating:
        raise InvalidArgumentError(f"colours are of a floating-point dtype, got {tensor.dtype.name}.")
    if not shape:
        raise InvalidArgumentError("a colour is a list of three numbers, got one number: shape [].")
    if shape[-1] != 3:
        raise FailedPreconditionError(f"input must have 3 channels in its last dimension, got shape {list(shape)}.")
    return tensor


@composite(arrays((3,), (2, 3), (0, 3), values=VIVID))
def rgb_to_hsv(images: TensorLike, name: str | None = None) -> Tensor:
    """Returns colours as hue, saturation and value.

    Args:
        images: a tensor of floating-point numbers, whose last dimension has size 3; the numbers lie between 0 and 1.
        name: ignored.

    Returns:
        A tensor of the same shape and dtype; all numbers lie between 0 and 1.

    Raises:
        InvalidArgumentError: the dtype is another, or there is no dimension.
        FailedPreconditionError: the last dimension has another size.

    >>> import gradtape as tf
    >>> tf.image.rgb_to_hsv([0.0, 0.5, 0.25]).numpy()
    array([0.4166667, 1.       , 0.5      ], dtype=float32)
    """
    hue, largest, spread = hue_of(as_colours(images))
    return stack([hue, saturation_of(largest, spread), largest], -1)


@composite(arrays((3,), (2, 3), (0, 3), values=VIVID))
def hsv_to_rgb(images: TensorLike, name: str | None = None) -> Tensor:
    """Returns colours, given by hue, saturation and value, as red, green and blue.

    Args:
        images: a tensor of floating-point numbers from 0 to 1, whose last dimension has size 3.
        name: ignored.

    Returns:
        A tensor of the same shape and dtype.

    Raises:
        InvalidArgumentError: the dtype is another, or there is no dimension.
        FailedPreconditionError: the last dimension has another size.

    >>> import gradtape as tf
    >>> tf.image.hsv_to_rgb([0.5, 1.0, 0.5]).numpy()
    array([0. , 0.5, 0.5], dtype=float32)
    """
    return mixed(*parts(as_colours(images)))


def multiplied(images: TensorLike, kernel: Matrix) -> Tensor:
    """Returns each colour times a matrix."""
    tensor = convert(images)
    if not tensor.dtype.is_floating:
        raise TypeError(f"the colours are of a floating-point dtype, got {tensor.dtype.name}; tf.cast changes it.")
    return tensordot(tensor, convert(kernel, tensor.dtype), 1)


@composite(arrays((2, 3)))
def rgb_to_yiq(images: TensorLike) -> Tensor:
    """Returns colours in the system of American colour television: luma and two differences of colour.

    Args:
        images: a tensor of floating-point numbers, whose last dimension has size 3.

    Returns:
        A tensor of the same shape and dtype.

    Raises:
        TypeError: the dtype is another.
        InvalidArgumentError: the last dimension has another size.

    >>> import gradtape as tf
    >>> tf.image.rgb_to_yiq([[1.0, 0.0, 0.0]]).numpy().round(3)
    array([[0.299, 0.596, 0.212]], dtype=float32)
    """
    return multiplied(images, RGB_TO_YIQ)


@composite(arrays((2, 3)))
def yiq_to_rgb(images: TensorLike) -> Tensor:
    """Returns colours, given in the system of American colour television, as red, green and blue.

    Args:
        images: a tensor of floating-point numbers, whose last dimension has size 3.

    Returns:
        A tensor of the same shape and dtype.

    Raises:
        TypeError: the dtype is another.
        InvalidArgumentError: the last dimension has another size.

    >>> import gradtape as tf
    >>> tf.image.yiq_to_rgb([[0.5, 0.0, 0.0]]).numpy()
    array([[0.5, 0.5, 0.5]], dtype=float32)
    """
    return multiplied(images, YIQ_TO_RGB)


@composite(arrays((2, 3)))
def rgb_to_yuv(images: TensorLike) -> Tensor:
    """Returns colours in the system of European colour television: luma and two differences of colour.

    Args:
        images: a tensor of floating-point numbers, whose last dimension has size 3.

    Returns:
        A tensor of the same shape and dtype.

    Raises:
        TypeError: the dtype is another.
        InvalidArgumentError: the last dimension has another size.

    >>> import gradtape as tf
    >>> tf.image.rgb_to_yuv([[0.0, 0.0, 1.0]]).numpy()
    array([[ 0.114     ,  0.43601036, -0.10001026]], dtype=float32)
    """
    return multiplied(images, RGB_TO_YUV)


@composite(arrays((2, 3)))
def yuv_to_rgb(images: TensorLike) -> Tensor:
    """Returns colours, given in the system of European colour television, as red, green and blue.

    Args:
        images: a tensor of floating-point numbers, whose last dimension has size 3.

    Returns:
        A tensor of the same shape and dtype.

    Raises:
        TypeError: the dtype is another.
        InvalidArgumentError: the last dimension has another size.

    >>> import gradtape as tf
    >>> tf.image.yuv_to_rgb([[0.5, 0.0, 0.0]]).numpy()
    array([[0.5, 0.5, 0.5]], dtype=float32)
    """
    return multiplied(images, YUV_TO_RGB)
