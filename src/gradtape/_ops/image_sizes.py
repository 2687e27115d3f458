"""`tf.image`: images of another size: resized, cropped and padded."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape._core.conversion import convert
from gradtape._core.dtypes import BY_NUMPY, float32
from gradtape._core.families import composite
from gradtape._core.op import TensorLike
from gradtape._core.sampling import arrays
from gradtape._core.tensor import Carrier, Tensor
from gradtape._ops.casting import cast
from gradtape._ops.gather import gather
from gradtape._ops.image_tables import centres, resample
from gradtape._ops.padding import pad_constant
from gradtape._ops.parameters import Shape
from gradtape._ops.slicing import getitem
from gradtape._ops.structure import reshape
from gradtape.errors import InvalidArgumentError

METHODS = ("bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5", "gaussian", "mitchellcubic")
RESIZED = ("int8", "int16", "int32", "int64", "uint8", "uint16", "bfloat16", "float16", "float32", "float64")


class ResizeMethod:
    """The names of the methods of `tf.image.resize`.

    >>> import gradtape as tf
    >>> tf.image.ResizeMethod.NEAREST_NEIGHBOR
    'nearest'
    """

    BILINEAR = "bilinear"
    NEAREST_NEIGHBOR = "nearest"
    BICUBIC = "bicubic"
    AREA = "area"
    LANCZOS3 = "lanczos3"
    LANCZOS5 = "lanczos5"
    GAUSSIAN = "gaussian"
    MITCHELLCUBIC = "mitchellcubic"


def as_image(value: TensorLike, checked: bool = True) -> tuple[Tensor, Shape]:
    """Returns an image, or a batch of them, as a tensor, and its shape.

    Raises:
        ValueError: it has not three or four dimensions, or, where that is checked, no pixel.
    """
    tensor = convert(value)
    shape = tensor._value.shape
    if len(shape) not in (3, 4):
        raise ValueError(
            f"an image has the shape [height, width, channels], a batch of images [batch, height, width, channels]; "
            f"got {list(shape)}."
        )
    if checked and 0 in shape[-3:]:
        raise ValueError(f"an image must have pixels, got the shape {list(shape)}: one of the last three sizes is 0.")
    return tensor, shape


def as_number(value: Any) -> Any:
    """Returns an integer as Python's; one that differs by row inside a map is refused."""
    if type(value) is int:
        return value
    tensor = convert(value)
    return tensor._refuse() if isinstance(tensor, Carrier) else tensor._value.item()


def as_size(size: Any) -> Shape:
    """Returns the height and the width that an image is to have.

    Raises:
        ValueError: it is no pair of integers.
    """
    try:
        tensor = convert(size)
    except (TypeError, ValueError):
        raise ValueError(f"`size` is a pair of integers, [height, width]; got {size!r}.") from None
    found = tensor._refuse() if isinstance(tensor, Carrier) else tensor._value
    if found.dtype.kind not in "iu" or found.shape != (2,):
        raise ValueError(f"`size` is a pair of integers, [height, width]; got {size!r}.")
    return tuple(found.tolist())


def keeping_aspect(size: Shape, height: int, width: int) -> Shape:
    """Returns the largest size with an image's own aspect ratio inside of another, computed in single precision."""
    single = np.float32
    scale = min(single(size[0]) / single(height), single(size[1]) / single(width))
    return int(np.rint(scale * single(height))), int(np.rint(scale * single(width)))


def nearest_pixels(source: int, target: int) -> Any:
    """Returns the old pixel in which the centre of each new one lies."""
    return np.minimum(np.floor(centres(source, target)), source - 1).astype(np.int32)


def resize(
    images: TensorLike,
    size: Any,
    method: str = ResizeMethod.BILINEAR,
    preserve_aspect_ratio: bool = False,
    antialias: bool = False,
    name: str | None = None,
) -> Tensor:
    """Returns images of another size.

    Args:
        images: a tensor of real numbers of shape `[height, width, channels]` or `[batch, height, width, channels]`.
        size: the new height and width.
        method: `"bilinear"`, `"nearest"`, `"bicubic"`, `"area"`, `"lanczos3"`, `"lanczos5"`, `"gaussian"` or
            `"mitchellcubic"`, or an entry of `tf.image.ResizeMethod`.
        preserve_aspect_ratio: whether `size` is the most that the new image may have, with the old proportions.
        antialias: whether the kernel grows with the pixels when an image gets smaller; not for nearest and area.
        name: ignored.

    Returns:
        A tensor of float32 with as many dimensions; with the method nearest one of the dtype of `images`.

    Raises:
        ValueError: the images have not three or four dimensions, the size is no pair of integers, or there is no such
            method.
        InvalidArgumentError: a size is not positive, the images have no pixels or are of another dtype.

    >>> import gradtape as tf
    >>> image = tf.constant([[[0.0], [4.0]]])
    >>> tf.image.resize(image, [1, 4]).numpy()[0, :, 0]
    array([0., 1., 3., 4.], dtype=float32)
    """
    tensor, shape = as_image(images, False)
    height, width = as_size(size)
    if preserve_aspect_ratio and shape[-3] and shape[-2]:
        height, width = keeping_aspect((height, width), *shape[-3:-1])
    if method not in METHODS:
        raise ValueError(f"`method` is one of {', '.join(METHODS)}; got {method!r}.")
    dtype = tensor.dtype
    if dtype.name not in RESIZED:
        raise InvalidArgumentError(f"images of {dtype.name} can't be resized; tf.cast makes them tf.float32.")
    if 0 in shape[-3:]:
        raise InvalidArgumentError(f"the images must have pixels and channels, got the shape {list(shape)}.")
    if height < 1 or width < 1:
        raise InvalidArgumentError(f"the new height and width are at least 1, got {[height, width]}.")
    axis = len(shape) - 3
    steps = [(axis, shape[-3], height), (axis + 1, shape[-2], width)]
    if height * shape[-2] > shape[-3] * width:
        steps.reverse()  # first along the axis that leaves fewer pixels to the other
    if method == "nearest":
        # A step of its own: the gradient is a whole array, and not the rows that a lookup took.
        tensor = reshape(tensor, shape)
        for place, source, target in steps:
            if source != target:
                tensor = gather(tensor, nearest_pixels(source, target), axis=place)
        return tensor
    tensor = cast(tensor, float32)
    wide = bool(antialias) and method != "area"
    exact = method in ("bilinear", "bicubic", "area")
    for place, source, target in steps:
        if source != target or not exact:
            tensor = resample(tensor, place, (method, wide, source, target, False))
    return tensor


def crop_block(tensor: Tensor, top: int, left: int, height: int, width: int) -> Tensor:
    """Returns a block of each image."""
    return getitem(tensor, (..., slice(top, top + height), slice(left, left + width), slice(None)))


def surround(tensor: Tensor, top: int, bottom: int, left: int, right: int) -> Tensor:
    """Returns images with zeros around them."""
    pairs = ((0, 0),) * (tensor._value.ndim - 3) + ((top, bottom), (left, right), (0, 0))
    return pad_constant(tensor, pairs, BY_NUMPY[tensor._value.dtype].as_numpy_dtype(0))


def require(holds: Any, message: str, *values: Any) -> None:
    """Raises ValueError where a size does not fit, InvalidArgumentError where a tensor among the values gave it."""
    if not holds:
        tensors = any(isinstance(value, Tensor) or hasattr(value, "_read") for value in values)
        raise (InvalidArgumentError if tensors else ValueError)(message)


@composite(arrays((3, 4, 1), (2, 3, 3, 1), offset_height=[1], offset_width=[0], target_height=[2], target_width=[3]))
def crop_to_bounding_box(
    image: TensorLike, offset_height: Any, offset_width: Any, target_height: Any, target_width: Any
) -> Tensor:
    """Returns a block of an image, or of each image of a batch.

    Args:
        image: a tensor of shape `[height, width, channels]` or `[batch, height, width, channels]`.
        offset_height: the first row of the block.
        offset_width: its first column.
        target_height: how many rows it has.
        target_width: how many columns it has.

    Returns:
        A tensor of the same dtype.

    Raises:
        ValueError: the image has not three or four dimensions, or the block does not lie inside of it.
        InvalidArgumentError: the block does not lie inside, where a tensor says so.

    >>> import gradtape as tf
    >>> image = tf.reshape(tf.range(6), (2, 3, 1))
    >>> tf.image.crop_to_bounding_box(image, 0, 1, 2, 2).numpy()[..., 0]
    array([[1, 2],
           [4, 5]], dtype=int32)
    """
    tensor, shape = as_image(image)
    top, left = as_number(offset_height), as_number(offset_width)
    height, width = as_number(target_height), as_number(target_width)
    require(left >= 0, f"offset_width must be >= 0, got {left}.", offset_width)
    require(top >= 0, f"offset_height must be >= 0, got {top}.", offset_height)
    require(width > 0, f"target_width must be > 0, got {width}.", target_width)
    require(height > 0, f"target_height must be > 0, got {height}.", target_height)
    for word, size, start, count, values in (
        ("width", shape[-2], left, width, (offset_width, target_width)),
        ("height", shape[-3], top, height, (offset_height, target_height)),
    ):
        require(size >= start + count, f"{word} must be >= target + offset: {size} < {count} + {start}.", *values)
    return crop_block(tensor, top, left, height, width)


@composite(arrays((2, 3, 1), (2, 1, 2, 1), offset_height=[1], offset_width=[0], target_height=[4], target_width=[3]))
def pad_to_bounding_box(
    image: TensorLike, offset_height: Any, offset_width: Any, target_height: Any, target_width: Any
) -> Tensor:
    """Returns an image, or each image of a batch, inside of a larger one of zeros.

    Args:
        image: a tensor of shape `[height, width, channels]` or `[batch, height, width, channels]`.
        offset_height: how many rows of zeros to put above.
        offset_width: how many columns of zeros to put on the left.
        target_height: the height of the result.
        target_width: its width.

    Returns:
        A tensor of the same dtype.

    Raises:
        ValueError: the image has not three or four dimensions, or does not fit into the larger one.
        InvalidArgumentError: it does not fit, where a tensor says so.

    >>> import gradtape as tf
    >>> tf.image.pad_to_bounding_box(tf.ones((1, 2, 1)), 1, 0, 2, 3).numpy()[..., 0]
    array([[0., 0., 0.],
           [1., 1., 0.]], dtype=float32)
    """
    tensor, shape = as_image(image)
    top, left = as_number(offset_height), as_number(offset_width)
    right = as_number(target_width) - left - shape[-2]
    bottom = as_number(target_height) - top - shape[-3]
    require(top >= 0, f"offset_height must be >= 0, got {top}.", offset_height)
    require(left >= 0, f"offset_width must be >= 0, got {left}.", offset_width)
    require(right >= 0, f"width must be <= target - offset: {-right} too many.", offset_width, target_width)
    require(bottom >= 0, f"height must be <= target - offset: {-bottom} too many.", offset_height, target_height)
    return surround(tensor, top, bottom, left, right)


@composite(arrays((3, 2, 1), (1, 4, 3, 1), target_height=[2], target_width=[3, 2]))
def resize_with_crop_or_pad(image: TensorLike, target_height: Any, target_width: Any) -> Tensor:
    """Returns an image of another size, with its middle kept: cut off, or filled up with zeros, on all sides.

    Args:
        image: a tensor of shape `[height, width, channels]` or `[batch, height, width, channels]`.
        target_height: the height of the result.
        target_width: its width.

    Returns:
        A tensor of the same dtype.

    Raises:
        ValueError: the image has not three or four dimensions, or a size is not positive.
        InvalidArgumentError: a size that a tensor gives is not positive.

    >>> import gradtape as tf
    >>> image = tf.reshape(tf.range(1, 4), (1, 3, 1))
    >>> tf.image.resize_with_crop_or_pad(image, 2, 1).numpy()[..., 0].tolist()
    [[2], [0]]
    """
    tensor, shape = as_image(image)
    height, width = as_number(target_height), as_number(target_width)
    require(width > 0, f"target_width must be > 0, got {width}.", target_width)
    require(height > 0, f"target_height must be > 0, got {height}.", target_height)
    down, right = height - shape[-3], width - shape[-2]
    kept = min(height, shape[-3]), min(width, shape[-2])
    cropped = crop_block(tensor, max(-down // 2, 0), max(-right // 2, 0), *kept)
    top, left = max(down // 2, 0), max(right // 2, 0)
    return surround(cropped, top, height - top - kept[0], left, width - left - kept[1])


def resize_with_pad(
    image: TensorLike,
    target_height: Any,
    target_width: Any,
    method: str = ResizeMethod.BILINEAR,
    antialias: bool = False,
) -> Tensor:
    """Returns an image that is resized with its proportions and filled up with zeros on the sides that are missing.

    Args:
        image: a tensor of real numbers of shape `[height, width, channels]` or `[batch, height, width, channels]`.
        target_height: the height of the result.
        target_width: its width.
        method: as in `tf.image.resize`.
        antialias: as in `tf.image.resize`.

    Returns:
        A tensor of float32; with the method nearest one of the dtype of `image`.

    Raises:
        ValueError: the image has not three or four dimensions, a size is not positive, or there is no such method.
        InvalidArgumentError: a size that a tensor gives is not positive, or the dtype is another.

    >>> import gradtape as tf
    >>> tf.image.resize_with_pad(tf.ones((2, 4, 1)), 2, 2).numpy()[..., 0]
    array([[1., 1.],
           [0., 0.]], dtype=float32)
    """
    tensor, shape = as_image(image)
    height, width = as_number(target_height), as_number(target_width)
    require(width > 0, f"target_width must be > 0, got {width}.", target_width)
    require(height > 0, f"target_height must be > 0, got {height}.", target_height)
    single = np.float32
    ratio = max(single(shape[-2]) / single(width), single(shape[-3]) / single(height))
    sizes = single(shape[-3]) / ratio, single(shape[-2]) / ratio
    top = max(0, int(np.floor((single(height) - sizes[0]) / 2)))
    left = max(0, int(np.floor((single(width) - sizes[1]) / 2)))
    resized = resize(tensor, [int(sizes[0]), int(sizes[1])], method, antialias=antialias)
    return pad_to_bounding_box(resized, top, left, height, width)


@composite(arrays((4, 5, 1), (1, 3, 4, 1), central_fraction=[0.5, 1.0]))
def central_crop(image: TensorLike, central_fraction: Any) -> Tensor:
    """Returns the middle of an image.

    Args:
        image: a tensor of shape `[height, width, channels]` or `[batch, height, width, channels]`.
        central_fraction: the share of the height and of the width to keep, above 0 and at most 1.

    Returns:
        A tensor of the same dtype.

    Raises:
        ValueError: the image has not three or four dimensions, or the fraction is out of range.

    >>> import gradtape as tf
    >>> image = tf.reshape(tf.range(16), (4, 4, 1))
    >>> tf.image.central_crop(image, 0.5).numpy()[..., 0]
    array([[ 5,  6],
           [ 9, 10]], dtype=int32)
    """
    fraction = float(as_number(central_fraction))
    if not 0 < fraction <= 1:
        raise ValueError(f"central_fraction must be within (0, 1], got {fraction}.")
    if fraction == 1:
        return convert(image)
    tensor, shape = as_image(image)
    top, left = (int((size - size * fraction) / 2) for size in shape[-3:-1])
    return crop_block(tensor, top, left, shape[-3] - 2 * top, shape[-2] - 2 * left)
