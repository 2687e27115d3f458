"""`tf.image`: edges and variation of images, their standardisation, and how much two of them are alike.

The structural similarity is that of Wang, Bovik, Sheikh and Simoncelli, "Image quality assessment: from error
visibility to structural similarity", IEEE Trans. Image Processing 2004; over several scales that of Wang, Simoncelli
and Bovik, "Multiscale structural similarity for image quality assessment", Asilomar 2003.
"""

from __future__ import annotations

from math import log as log_of_number
from math import prod
from typing import Any

from gradtape._core.conversion import convert
from gradtape._core.dtypes import float32
from gradtape._core.families import composite
from gradtape._core.op import TensorLike
from gradtape._core.sampling import Values, arrays
from gradtape._core.tensor import Tensor
from gradtape._ops.activations import relu
from gradtape._ops.arithmetic import abs as absolute
from gradtape._ops.arithmetic import square, squared_difference
from gradtape._ops.casting import cast
from gradtape._ops.exponential import log
from gradtape._ops.extrema import maximum
from gradtape._ops.image_colours import convert_image_dtype
from gradtape._ops.image_sizes import as_image, as_number
from gradtape._ops.image_tables import resample
from gradtape._ops.joining import stack
from gradtape._ops.moments import reduce_std
from gradtape._ops.padding import pad, pad_constant
from gradtape._ops.parameters import Shape
from gradtape._ops.pooling import avg_pool
from gradtape._ops.reduction import reduce_mean, reduce_prod, reduce_sum
from gradtape._ops.slicing import getitem
from gradtape._ops.structure import reshape
from gradtape.errors import InvalidArgumentError

# Wang, Simoncelli and Bovik's weights of five scales.
SCALES = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
DISTINCT = Values(distinct=True)
SIGNED = ["int8", "int16", "int32", "int64", "float16", "bfloat16", "float32", "float64"]


def steps_down(tensor: Tensor) -> Tensor:
    """Returns how much each pixel differs from the one above it."""
    return getitem(tensor, (..., slice(1, None), slice(None), slice(None))) - getitem(
        tensor, (..., slice(None, -1), slice(None), slice(None))
    )


def steps_right(tensor: Tensor) -> Tensor:
    """Returns how much each pixel differs from the one to its left."""
    return getitem(tensor, (..., slice(1, None), slice(None))) - getitem(tensor, (..., slice(None, -1), slice(None)))


@composite(arrays((2, 3, 1), (2, 2, 2, 1), (1, 1, 1), values=DISTINCT))
def total_variation(images: TensorLike, name: str | None = None) -> Tensor:
    """Returns how much neighbouring pixels differ: the sum of the absolute differences, for each image.

    Args:
        images: a tensor of signed numbers of shape `[height, width, channels]` or `[batch, height, width, channels]`.
        name: ignored.

    Returns:
        A tensor of the same dtype: one number, or one for each image of the batch.

    Raises:
        ValueError: the images have not three or four dimensions.
        InvalidArgumentError: they are of another dtype.

    >>> import gradtape as tf
    >>> tf.image.total_variation(tf.constant([[[1.0], [3.0]], [[1.0], [2.0]]])).numpy()
    np.float32(4.0)
    """
    tensor, shape = as_image(images, False)
    if tensor.dtype.name not in SIGNED:
        raise InvalidArgumentError(
            f"total_variation takes signed numbers, got {tensor.dtype.name}; tf.cast changes it."
        )
    axes = (1, 2, 3) if len(shape) == 4 else None
    return reduce_sum(absolute(steps_down(tensor)), axes) + reduce_sum(absolute(steps_right(tensor)), axes)


def per_image_standardization(image: TensorLike) -> Tensor:
    """Returns images with mean 0 and variance 1, each by itself.

    The deviation counts as at least the inverse root of the number of pixels, so that a uniform image becomes 0.

    Args:
        image: a tensor of real numbers of shape `[..., height, width, channels]`.

    Returns:
        A tensor of float32 of the same shape.

    Raises:
        ValueError: there are fewer than three dimensions, or no pixels.

    >>> import gradtape as tf
    >>> tf.image.per_image_standardization([[[1.0], [3.0]]]).numpy()[..., 0]
    array([[-1.,  1.]], dtype=float32)
    """
    tensor = convert(image)
    shape = tensor._value.shape
    if len(shape) < 3 or 0 in shape[-3:]:
        raise ValueError(f"an image has a height, a width and channels of at least 1, got shape {list(shape)}.")
    return standardized(cast(tensor, float32))


@composite(arrays((2, 3, 1), (2, 2, 2, 1), values=DISTINCT))
def standardized(images: TensorLike) -> Tensor:
    """Returns `per_image_standardization` in the images' own dtype."""
    tensor = convert(images)
    axes = (-3, -2, -1)
    deviation = reduce_std(tensor, axes, True)
    least = convert(prod(tensor._value.shape[-3:]) ** -0.5, tensor.dtype)
    return (tensor - reduce_mean(tensor, axes, True)) / maximum(deviation, least)


@composite(arrays((1, 2, 3, 1), (2, 1, 2, 2)))
def image_gradients(image: TensorLike) -> tuple[Tensor, Tensor]:
    """Returns how much the next pixel differs, downwards and to the right; 0 in the last row and column.

    Args:
        image: a tensor of numbers of shape `[batch, height, width, channels]`.

    Returns:
        A pair `(dy, dx)` of tensors of the same shape and dtype.

    Raises:
        ValueError: the tensor has not four dimensions.

    >>> import gradtape as tf
    >>> dy, dx = tf.image.image_gradients(tf.constant([[[[1], [2]], [[5], [9]]]]))
    >>> dy.numpy()[0, :, :, 0].tolist(), dx.numpy()[0, :, :, 0].tolist()
    ([[4, 7], [0, 0]], [[1, 0], [4, 0]])
    """
    tensor = convert(image)
    shape = tensor._value.shape
    if len(shape) != 4:
        raise ValueError(f"image_gradients expects a 4D tensor [batch_size, h, w, d], got shape {list(shape)}.")
    none, one = (0, 0), (0, 1)
    zero = tensor.dtype.as_numpy_dtype(0)
    return (
        pad_constant(steps_down(tensor), (none, one, none, none), zero),
        pad_constant(steps_right(tensor), (none, none, one, none), zero),
    )


def smoothed(tensor: Tensor, axis: int) -> Tensor:
    """Returns the sums of three neighbours with weights 1, 2 and 1."""
    behind = (slice(None),) * (3 - axis)
    first, middle, last = (getitem(tensor, (..., slice(start, stop), *behind)) for start, stop in THREE)
    return first + 2.0 * middle + last


THREE = ((None, -2), (1, -1), (2, None))


@composite(arrays((1, 2, 3, 1), (2, 3, 2, 2)))
def sobel_edges(image: TensorLike) -> Tensor:
    """Returns the edges of images that Sobel's filters find, vertical and horizontal; images are mirrored at the rim.

    Args:
        image: a tensor of floating-point numbers of shape `[batch, height, width, channels]`; the height and the width
            are at least 2.

    Returns:
        A tensor of the same dtype and of shape `[batch, height, width, channels, 2]`: `[dy, dx]` at the end.

    Raises:
        InvalidArgumentError: the images are too small, have not four dimensions or are of another dtype.

    >>> import gradtape as tf
    >>> image = tf.constant([[[[0.0], [1.0]], [[2.0], [3.0]], [[0.0], [1.0]]]])
    >>> tf.image.sobel_edges(image).numpy()[0, :, :, 0, 0].tolist()
    [[0.0, 0.0], [0.0, 0.0], [0.0, 0.0]]
    """
    tensor = convert(image)
    if not tensor.dtype.is_floating:
        raise InvalidArgumentError(f"sobel_edges takes floating-point numbers, got {tensor.dtype.name}.")
    padded = pad(tensor, ((0, 0), (1, 1), (1, 1), (0, 0)), "REFLECT")
    wide, tall = smoothed(padded, 2), smoothed(padded, 1)
    down = getitem(wide, (slice(None), slice(2, None))) - getitem(wide, (slice(None), slice(None, -2)))
    right = getitem(tall, (..., slice(2, None), slice(None))) - getitem(tall, (..., slice(None, -2), slice(None)))
    return stack([down, right], -1)


def two_images(first: TensorLike, second: TensorLike, max_val: Any) -> tuple[Tensor, Tensor, Tensor]:
    """Returns two images, and the span of their values, as float32.

    Raises:
        ValueError: there are fewer than three dimensions, or the images' last three differ.
    """
    one = convert(first)
    other = convert(second)
    shapes = one._value.shape, other._value.shape
    for shape in shapes:
        if len(shape) < 3:
            raise ValueError(f"Shape {list(shape)} must have rank at least 3: [..., height, width, channels].")
    if shapes[0][-3:] != shapes[1][-3:]:
        raise ValueError(f"Shapes {shapes[0]} and {shapes[1]} are incompatible: the last three sizes must be the same.")
    for size, another in zip(reversed(shapes[0][:-3]), reversed(shapes[1][:-3]), strict=False):
        if size != another and 1 not in (size, another):
            raise ValueError(f"Two images are not compatible: {shapes[0]} and {shapes[1]} do not broadcast.")
    span = convert_image_dtype(cast(convert(max_val), one.dtype), float32)
    return convert_image_dtype(one, float32), convert_image_dtype(other, float32), span


def psnr(a: TensorLike, b: TensorLike, max_val: Any, name: str | None = None) -> Tensor:
    """Returns the peak signal-to-noise ratio of pairs of images, in decibels.

    Args:
        a: a tensor of integers or floating-point numbers, `[..., height, width, channels]`.
        b: a tensor of the same kind; the dimensions before the last three broadcast.
        max_val: how far the greatest possible pixel lies above the least one.
        name: ignored.

    Returns:
        A tensor of float32 with a number for each pair of images; infinity where they are the same.

    Raises:
        ValueError: there are fewer than three dimensions, or the shapes do not fit.

    >>> import gradtape as tf
    >>> tf.image.psnr(tf.zeros((1, 2, 1)), tf.fill((1, 2, 1), 0.1), 1.0).numpy().round(3)
    np.float32(20.0)
    """
    one, other, span = two_images(a, b, max_val)
    error = reduce_mean(squared_difference(one, other), (-3, -2, -1))
    ten = log_of_number(10)
    return 20.0 * log(span) / ten - (10 / ten) * log(error)


def windows_mean(tensor: Tensor, size: int, deviation: float) -> Tensor:
    """Returns the means of all windows of `size` pixels, weighted by a Gaussian."""
    shape = tensor._value.shape
    for axis in (len(shape) - 3, len(shape) - 2):
        tensor = resample(tensor, axis, ("window", deviation, shape[axis], shape[axis] - size + 1, False))
    return tensor


@composite(
    arrays(((3, 3, 1), (3, 3, 1)), ((2, 3, 2, 1), (3, 2, 1)), size=[2], deviation=[1.5], span=[1.0], k1=[0.1], k2=[0.3])
)
def similarity(
    one: TensorLike, other: TensorLike, size: int, deviation: float, span: Any, k1: float, k2: float
) -> tuple[Tensor, Tensor]:
    """Returns the similarity of all windows of two images, and the part of it that is contrast and structure.

    Raises:
        InvalidArgumentError: an image is smaller than a window.
    """
    first, second = convert(one), convert(other)
    for shape in (first._value.shape, second._value.shape):
        if min(shape[-3:-1]) < size:
            raise InvalidArgumentError(f"the windows, {size} pixels wide, must fit into images of shape {list(shape)}.")
    limit = cast(convert(span), first.dtype)
    bias, stable = square(k1 * limit), square(k2 * limit)
    means = windows_mean(first, size, deviation), windows_mean(second, size, deviation)
    double, total = 2.0 * means[0] * means[1], square(means[0]) + square(means[1])
    crossed = 2.0 * windows_mean(first * second, size, deviation)
    squares = windows_mean(square(first) + square(second), size, deviation)
    structure = (crossed - double + stable) / (squares - total + stable)
    return (double + bias) / (total + bias) * structure, structure


def ssim(
    img1: TensorLike,
    img2: TensorLike,
    max_val: Any,
    filter_size: int = 11,
    filter_sigma: float = 1.5,
    k1: float = 0.01,
    k2: float = 0.03,
    return_index_map: bool = False,
) -> Tensor:
    """Returns the structural similarity of pairs of images: 1 where they are the same.

    Args:
        img1: a tensor of integers or floating-point numbers, `[..., height, width, channels]`.
        img2: a tensor of the same kind; the dimensions before the last three broadcast.
        max_val: how far the greatest possible pixel lies above the least one.
        filter_size: how many pixels wide the windows are that are compared.
        filter_sigma: the standard deviation of the Gaussian that weights a window's pixels.
        k1: how much the luminance is stabilised, as a share of `max_val`.
        k2: how much the contrast is stabilised.
        return_index_map: whether to return the similarity of each window.

    Returns:
        A tensor of float32 with a number for each pair of images, or with an image of them.

    Raises:
        ValueError: there are fewer than three dimensions, or the shapes do not fit.
        InvalidArgumentError: an image is smaller than a window.

    >>> import gradtape as tf
    >>> image = tf.ones((12, 12, 1))
    >>> tf.image.ssim(image, image, max_val=1.0).numpy()
    np.float32(1.0)
    """
    one, other, span = two_images(img1, img2, max_val)
    size, deviation = as_number(filter_size), float(as_number(filter_sigma))
    found, _ = similarity(one, other, size, deviation, span, k1, k2)
    return reduce_mean(found if return_index_map else reduce_mean(found, (-3, -2)), (-1,))


def halved(tensor: Tensor) -> Tensor:
    """Returns images of half the size; one with an odd number of rows or columns gets another at the end first."""
    shape: Shape = tensor._value.shape
    flat = reshape(tensor, (prod(shape[:-3]), *shape[-3:]))
    if shape[-3] % 2 or shape[-2] % 2:
        flat = pad(flat, ((0, 0), (0, shape[-3] % 2), (0, shape[-2] % 2), (0, 0)), "SYMMETRIC")
    small = avg_pool(flat, 2, 2, "VALID")
    return reshape(small, (*shape[:-3], *small._value.shape[1:]))


def ssim_multiscale(
    img1: TensorLike,
    img2: TensorLike,
    max_val: Any,
    power_factors: Any = SCALES,
    filter_size: int = 11,
    filter_sigma: float = 1.5,
    k1: float = 0.01,
    k2: float = 0.03,
) -> Tensor:
    """Returns the structural similarity of pairs of images over several scales, each half as large as the last.

    Args:
        img1: a tensor of integers or floating-point numbers, `[..., height, width, channels]`.
        img2: a tensor of the same kind and shape.
        max_val: how far the greatest possible pixel lies above the least one.
        power_factors: the weight of each scale, the finest first.
        filter_size: how many pixels wide the windows are that are compared.
        filter_sigma: the standard deviation of the Gaussian that weights a window's pixels.
        k1: how much the luminance is stabilised, as a share of `max_val`.
        k2: how much the contrast is stabilised.

    Returns:
        A tensor of float32 with a number for each pair of images.

    Raises:
        ValueError: there are fewer than three dimensions, or the shapes do not fit.
        InvalidArgumentError: an image is, at the coarsest scale, smaller than a window.

    >>> import gradtape as tf
    >>> image = tf.ones((12, 12, 1))
    >>> tf.image.ssim_multiscale(image, image, 1.0, power_factors=(0.5, 0.5), filter_size=4).numpy()
    np.float32(1.0)
    """
    one, other, span = two_images(img1, img2, max_val)
    size, deviation = as_number(filter_size), float(as_number(filter_sigma))
    powers = convert(power_factors, float32)
    count = powers._value.shape[0]
    found = []
    for scale in range(count):
        if scale:
            one, other = halved(one), halved(other)
        whole, structure = similarity(one, other, size, deviation, span, k1, k2)
        found.append(relu(reduce_mean(whole if scale == count - 1 else structure, (-3, -2))))
    return reduce_mean(reduce_prod(stack(found, -1) ** powers, (-1,)), (-1,))
