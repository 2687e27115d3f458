"""`tf.image`: brightness, contrast, gamma, hue and saturation of images, changed as told or at random."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape._core.conversion import convert
from gradtape._core.dtypes import float16, float32
from gradtape._core.families import composite
from gradtape._core.op import TensorLike
from gradtape._core.sampling import Values, arrays
from gradtape._core.tensor import Tensor
from gradtape._ops import sampling
from gradtape._ops.casting import cast
from gradtape._ops.extrema import clip_by_value
from gradtape._ops.image_colours import (
    VIVID,
    convert_image_dtype,
    hue_of,
    mixed,
    pure_colours,
    saturation_of,
)
from gradtape._ops.joining import stack
from gradtape._ops.reduction import reduce_mean
from gradtape._ops.rounding import floor
from gradtape._ops.stateless import stateless_uniform
from gradtape._ops.steps import asked
from gradtape.errors import InvalidArgumentError


def as_floats(image: TensorLike) -> tuple[Tensor, Any]:
    """Returns an image in a floating-point dtype, float16 or float32, and its own dtype."""
    tensor = convert(image)
    own = tensor.dtype
    return (tensor if own in (float16, float32) else convert_image_dtype(tensor, float32)), own


def scalar(value: TensorLike, word: str, like: Tensor) -> Tensor:
    """Returns one number as a tensor of the dtype of `like`.

    Raises:
        InvalidArgumentError: there are several.
    """
    tensor = cast(convert(value), like.dtype)
    if tensor._value.shape:
        raise InvalidArgumentError(f"{word} must be scalar, got shape {list(tensor._value.shape)}.")
    return tensor


def negative(array: Any) -> bool:
    """Returns whether a number is negative."""
    return bool((array < 0).any())


def too_far(array: Any) -> bool:
    """Returns whether a hue is turned by more than a full circle; nan is."""
    return not bool((np.abs(array) <= 1).all())


def require_image(tensor: Tensor, channels: int | None = None) -> None:
    """Raises InvalidArgumentError where what is given is no image, or has another number of channels."""
    shape = tensor._value.shape
    if len(shape) < 3:
        raise InvalidArgumentError(f"an image must be at least 3-D, got shape {list(shape)}.")
    if channels is not None and shape[-1] != channels:
        raise InvalidArgumentError(f"an image must have {channels} channels here, got shape {list(shape)}.")


def adjust_brightness(image: TensorLike, delta: TensorLike) -> Tensor:
    """Returns an image with a number added to all pixels.

    Args:
        image: a tensor of integers, or of floating-point numbers from 0 to 1.
        delta: the number, on the scale from 0 to 1.

    Returns:
        A tensor of the same shape and dtype; integers stay in their range.

    Raises:
        AttributeError: the image is neither of integers nor of floating-point numbers.

    >>> import gradtape as tf
    >>> tf.image.adjust_brightness(tf.constant([0, 200], tf.uint8), 0.5).numpy()
    array([127, 255], dtype=uint8)
    """
    tensor, own = as_floats(image)
    return convert_image_dtype(tensor + cast(convert(delta), tensor.dtype), own, saturate=True)


@composite(arrays(((2, 3, 2), ())) + arrays(((2, 1, 2, 1), ())))
def with_contrast(images: Tensor, factor: Tensor) -> Tensor:
    """Returns images whose pixels lie `factor` times as far from their channel's mean."""
    tensor = convert(images)
    mean = reduce_mean(tensor, (-3, -2), True)
    return (tensor - mean) * factor + mean


def adjust_contrast(images: TensorLike, contrast_factor: TensorLike) -> Tensor:
    """Returns images whose pixels lie nearer to the mean of their channel or farther from it.

    Args:
        images: a tensor of integers or floating-point numbers, `[..., height, width, channels]`.
        contrast_factor: what to multiply the distances with.

    Returns:
        A tensor of the same shape and dtype; integers stay in their range.

    Raises:
        InvalidArgumentError: the images have fewer than three dimensions, or there are several factors.
        AttributeError: the images are neither of integers nor of floating-point numbers.

    >>> import gradtape as tf
    >>> tf.image.adjust_contrast([[[1.0], [3.0]]], 2.0).numpy()[..., 0]
    array([[0., 4.]], dtype=float32)
    """
    tensor, own = as_floats(images)
    require_image(tensor)
    found = with_contrast(tensor, scalar(contrast_factor, "contrast_factor", tensor))
    return convert_image_dtype(found, own, saturate=True)


def adjust_gamma(image: TensorLike, gamma: TensorLike = 1, gain: TensorLike = 1) -> Tensor:
    """Returns an image whose pixels, on the scale from 0 to 1, are raised to a power.

    Args:
        image: a tensor of integers, or of floating-point numbers from 0 to 1.
        gamma: the power, at least 0; below 1 the image gets brighter.
        gain: what the result is multiplied with.

    Returns:
        A tensor of the same shape and dtype; integers stay in their range.

    Raises:
        ValueError: the power is negative; InvalidArgumentError where a tensor says so.
        AttributeError: the image is neither of integers nor of floating-point numbers.

    >>> import gradtape as tf
    >>> tf.image.adjust_gamma([0.25, 1.0], 0.5).numpy()
    array([0.5, 1. ], dtype=float32)
    """
    tensor, own = as_floats(image)
    if asked("negative", negative, convert(gamma)):
        kind = InvalidArgumentError if isinstance(gamma, Tensor) or hasattr(gamma, "_read") else ValueError
        raise kind(f"gamma is a real number of at least 0, got {gamma!r}.")
    return convert_image_dtype(gain * tensor**gamma, own, saturate=True)


@composite(arrays(((2, 3), ()), values=(VIVID, Values(0.03, 0.04))))
def with_hue(images: Tensor, delta: Tensor) -> Tensor:
    """Returns colours whose hue is turned by `delta` of a full circle."""
    hue, largest, spread = hue_of(convert(images))
    turned = hue + delta
    turned = turned - floor(turned)
    return stack([largest - spread + spread * part for part in pure_colours(turned)], -1)


def adjust_hue(image: TensorLike, delta: TensorLike, name: str | None = None) -> Tensor:
    """Returns an image with other hues.

    Args:
        image: a tensor of integers or floating-point numbers, `[..., height, width, 3]`: red, green and blue.
        delta: how far to turn the hue, as a share of the full circle: from -1 to 1.
        name: ignored.

    Returns:
        A tensor of the same shape and dtype.

    Raises:
        ValueError: `delta` is out of range.
        InvalidArgumentError: the image has fewer than three dimensions, or has not three channels.
        AttributeError: the image is neither of integers nor of floating-point numbers.

    >>> import gradtape as tf
    >>> tf.image.adjust_hue([[[1.0, 0.0, 0.0]]], 0.5).numpy()
    array([[[0., 1., 1.]]], dtype=float32)
    """
    tensor, own = as_floats(image)
    turn = scalar(delta, "delta", tensor)
    if asked("too_far", too_far, turn):
        raise ValueError(f"delta must be in the interval [-1, 1], got {delta!r}.")
    require_image(tensor, 3)
    return convert_image_dtype(with_hue(tensor, turn), own)


@composite(arrays(((2, 3), ()), values=(VIVID, Values(0.9, 0.98))))
def with_saturation(images: Tensor, factor: Tensor) -> Tensor:
    """Returns colours whose saturation is multiplied, and stays between 0 and 1."""
    hue, largest, spread = hue_of(convert(images))
    return mixed(hue, clip_by_value(saturation_of(largest, spread) * factor, 0, 1), largest)


def adjust_saturation(image: TensorLike, saturation_factor: TensorLike, name: str | None = None) -> Tensor:
    """Returns an image with paler or deeper colours.

    Args:
        image: a tensor of integers or floating-point numbers, `[..., height, width, 3]`: red, green and blue.
        saturation_factor: what to multiply the saturation with.
        name: ignored.

    Returns:
        A tensor of the same shape and dtype.

    Raises:
        InvalidArgumentError: the image has fewer than three dimensions, or has not three channels.
        AttributeError: the image is neither of integers nor of floating-point numbers.

    >>> import gradtape as tf
    >>> tf.image.adjust_saturation([[[1.0, 0.5, 0.0]]], 0.5).numpy()
    array([[[1.  , 0.75, 0.5 ]]], dtype=float32)
    """
    tensor, own = as_floats(image)
    factor = scalar(saturation_factor, "scale", tensor)
    require_image(tensor, 3)
    return convert_image_dtype(with_saturation(tensor, factor), own)


def symmetric(max_delta: Any, most: float | None = None) -> tuple[Any, Any]:
    """Returns the bounds of a random shift.

    Raises:
        ValueError: the largest shift is negative, or too large.
    """
    if most is not None and max_delta > most:
        raise ValueError(f"max_delta must be <= {most}, got {max_delta!r}.")
    if max_delta < 0:
        raise ValueError(f"max_delta must be non-negative, got {max_delta!r}.")
    return -max_delta, max_delta


def ordered(lower: Any, upper: Any) -> tuple[Any, Any]:
    """Returns the bounds of a random factor.

    Raises:
        ValueError: they are in wrong order, or negative.
    """
    if upper <= lower:
        raise ValueError(f"upper must be > lower, got {upper!r} and {lower!r}.")
    if lower < 0:
        raise ValueError(f"lower must be non-negative, got {lower!r}.")
    return lower, upper


def as_seed(seed: Any) -> Any:
    """Returns the seed of a stateless function.

    Raises:
        ValueError: there is none.
    """
    if seed is None:
        raise ValueError("a stateless function needs a seed: two integers, such as seed=(1, 2).")
    return seed


def random_brightness(image: TensorLike, max_delta: Any, seed: int | None = None) -> Tensor:
    """Returns an image with a random number added to all pixels.

    Args:
        image: a tensor of integers, or of floating-point numbers from 0 to 1.
        max_delta: the numbers lie between `-max_delta` and `max_delta`, on the scale from 0 to 1.
        seed: an integer, with which and `tf.random.set_seed` the numbers are TensorFlow's.

    Returns:
        A tensor of the same shape and dtype.

    Raises:
        ValueError: `max_delta` is negative.

    >>> import gradtape as tf
    >>> tf.image.random_brightness(tf.ones((1, 1, 1)), 0.2, seed=1).shape
    TensorShape([1, 1, 1])
    """
    return adjust_brightness(image, sampling.uniform([], *symmetric(max_delta), seed=seed))


def stateless_random_brightness(image: TensorLike, max_delta: Any, seed: TensorLike) -> Tensor:
    """Returns an image with a random number added to all pixels, the same for a seed each time.

    Args:
        image: a tensor of integers, or of floating-point numbers from 0 to 1.
        max_delta: the numbers lie between `-max_delta` and `max_delta`, on the scale from 0 to 1.
        seed: two integers.

    Returns:
        A tensor of the same shape and dtype.

    Raises:
        ValueError: `max_delta` is negative.
        InvalidArgumentError: the seed isn't two integers.

    >>> import gradtape as tf
    >>> tf.image.stateless_random_brightness(tf.ones((1, 1, 1)), 0.2, seed=(1, 2)).shape
    TensorShape([1, 1, 1])
    """
    return adjust_brightness(image, stateless_uniform([], seed, *symmetric(max_delta)))


def random_contrast(image: TensorLike, lower: Any, upper: Any, seed: int | None = None) -> Tensor:
    """Returns an image with a random contrast.

    Args:
        image: a tensor of integers or floating-point numbers, `[..., height, width, channels]`.
        lower: the least factor, at least 0.
        upper: the bound above it.
        seed: an integer, with which and `tf.random.set_seed` the numbers are TensorFlow's.

    Returns:
        A tensor of the same shape and dtype.

    Raises:
        ValueError: the bounds are in wrong order, or negative.

    >>> import gradtape as tf
    >>> tf.image.random_contrast(tf.ones((1, 1, 1)), 0.2, 0.5, seed=1).shape
    TensorShape([1, 1, 1])
    """
    return adjust_contrast(image, sampling.uniform([], *ordered(lower, upper), seed=seed))


def stateless_random_contrast(image: TensorLike, lower: Any, upper: Any, seed: TensorLike) -> Tensor:
    """Returns an image with a random contrast, the same for a seed each time.

    Args:
        image: a tensor of integers or floating-point numbers, `[..., height, width, channels]`.
        lower: the least factor, at least 0.
        upper: the bound above it.
        seed: two integers.

    Returns:
        A tensor of the same shape and dtype.

    Raises:
        ValueError: the bounds are in wrong order, or negative.
        InvalidArgumentError: the seed isn't two integers.

    >>> import gradtape as tf
    >>> tf.image.stateless_random_contrast(tf.ones((1, 1, 1)), 0.2, 0.5, seed=(1, 2)).shape
    TensorShape([1, 1, 1])
    """
    return adjust_contrast(image, stateless_uniform([], seed, *ordered(lower, upper)))


def random_hue(image: TensorLike, max_delta: Any, seed: int | None = None) -> Tensor:
    """Returns an image with random hues.

    Args:
        image: a tensor of integers or floating-point numbers, `[..., height, width, 3]`.
        max_delta: the hue is turned by at most this share of the full circle; from 0 to 0.5.
        seed: an integer, with which and `tf.random.set_seed` the numbers are TensorFlow's.

    Returns:
        A tensor of the same shape and dtype.

    Raises:
        ValueError: `max_delta` is out of range.

    >>> import gradtape as tf
    >>> tf.image.random_hue(tf.ones((1, 1, 3)), 0.2, seed=1).shape
    TensorShape([1, 1, 3])
    """
    return adjust_hue(image, sampling.uniform([], *symmetric(max_delta, 0.5), seed=seed))


def stateless_random_hue(image: TensorLike, max_delta: Any, seed: TensorLike) -> Tensor:
    """Returns an image with random hues, the same for a seed each time.

    Args:
        image: a tensor of integers or floating-point numbers, `[..., height, width, 3]`.
        max_delta: the hue is turned by at most this share of the full circle; from 0 to 0.5.
        seed: two integers.

    Returns:
        A tensor of the same shape and dtype.

    Raises:
        ValueError: `max_delta` is out of range.
        InvalidArgumentError: the seed isn't two integers.

    >>> import gradtape as tf
    >>> tf.image.stateless_random_hue(tf.ones((1, 1, 3)), 0.2, seed=(1, 2)).shape
    TensorShape([1, 1, 3])
    """
    return adjust_hue(image, stateless_uniform([], seed, *symmetric(max_delta, 0.5)))


def random_saturation(image: TensorLike, lower: Any, upper: Any, seed: int | None = None) -> Tensor:
    """Returns an image with a random saturation of its colours.

    Args:
        image: a tensor of integers or floating-point numbers, `[..., height, width, 3]`.
        lower: the least factor, at least 0.
        upper: the bound above it.
        seed: an integer, with which and `tf.random.set_seed` the numbers are TensorFlow's.

    Returns:
        A tensor of the same shape and dtype.

    Raises:
        ValueError: the bounds are in wrong order, or negative.

    >>> import gradtape as tf
    >>> tf.image.random_saturation(tf.ones((1, 1, 3)), 0.2, 0.5, seed=1).shape
    TensorShape([1, 1, 3])
    """
    return adjust_saturation(image, sampling.uniform([], *ordered(lower, upper), seed=seed))


def stateless_random_saturation(image: TensorLike, lower: Any, upper: Any, seed: TensorLike | None = None) -> Tensor:
    """Returns an image with a random saturation of its colours, the same for a seed each time.

    Args:
        image: a tensor of integers or floating-point numbers, `[..., height, width, 3]`.
        lower: the least factor, at least 0.
        upper: the bound above it.
        seed: two integers.

    Returns:
        A tensor of the same shape and dtype.

    Raises:
        ValueError: the bounds are in wrong order, or negative.
        InvalidArgumentError: the seed isn't two integers.

    >>> import gradtape as tf
    >>> tf.image.stateless_random_saturation(tf.ones((1, 1, 3)), 0.2, 0.5, seed=(1, 2)).shape
    TensorShape([1, 1, 3])
    """
    return adjust_saturation(image, stateless_uniform([], as_seed(seed), *ordered(lower, upper)))
