"""`tf.image`: images flipped, turned and transposed, and parts of tensors taken at random."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape._core.conversion import convert
from gradtape._core.dtypes import int32
from gradtape._core.families import composite
from gradtape._core.op import TensorLike
from gradtape._core.sampling import arrays
from gradtape._core.tensor import Carrier, Tensor
from gradtape._ops import sampling, slicing, structure
from gradtape._ops.casting import cast
from gradtape._ops.comparison import select
from gradtape._ops.image_sizes import as_image
from gradtape._ops.parameters import as_vector
from gradtape._ops.rounding import rint
from gradtape._ops.slicing import getitem
from gradtape._ops.stateless import stateless_uniform
from gradtape._ops.structure import reshape, reverse
from gradtape.errors import InvalidArgumentError

LARGEST = int(np.iinfo(np.int32).max)


def checked_image(image: TensorLike) -> tuple[Tensor, int]:
    """Returns images as a tensor, and the axis of their rows."""
    tensor, shape = as_image(image)
    return tensor, len(shape) - 3


@composite(arrays((2, 3, 1), (2, 1, 2, 2)))
def flip_left_right(image: TensorLike) -> Tensor:
    """Returns an image, or each image of a batch, with left and right exchanged.

    Args:
        image: a tensor of shape `[height, width, channels]` or `[batch, height, width, channels]`.

    Returns:
        A tensor of the same shape and dtype.

    Raises:
        ValueError: the image has not three or four dimensions, or no pixels.

    >>> import gradtape as tf
    >>> tf.image.flip_left_right([[[1], [2], [3]]]).numpy()[..., 0]
    array([[3, 2, 1]], dtype=int32)
    """
    tensor, rows = checked_image(image)
    return reverse(tensor, (rows + 1,))


@composite(arrays((2, 3, 1), (2, 2, 1, 2)))
def flip_up_down(image: TensorLike) -> Tensor:
    """Returns an image, or each image of a batch, upside down.

    Args:
        image: a tensor of shape `[height, width, channels]` or `[batch, height, width, channels]`.

    Returns:
        A tensor of the same shape and dtype.

    Raises:
        ValueError: the image has not three or four dimensions, or no pixels.

    >>> import gradtape as tf
    >>> tf.image.flip_up_down([[[1]], [[2]]]).numpy()[..., 0].tolist()
    [[2], [1]]
    """
    tensor, rows = checked_image(image)
    return reverse(tensor, (rows,))


def exchanged(tensor: Tensor, rows: int) -> Tensor:
    """Returns images with rows and columns exchanged."""
    return structure.transpose(tensor, (1, 0, 2) if rows == 0 else (0, 2, 1, 3))


@composite(arrays((2, 3, 1), (1, 2, 3, 1), k=[1, 2, 3, -4]))
def rot90(image: TensorLike, k: Any = 1, name: str | None = None) -> Tensor:
    """Returns an image, or each image of a batch, turned anticlockwise by right angles.

    Args:
        image: a tensor of shape `[height, width, channels]` or `[batch, height, width, channels]`.
        k: by how many right angles.
        name: ignored.

    Returns:
        A tensor of the same dtype.

    Raises:
        ValueError: the image has not three or four dimensions, or no pixels, or there are several angles.
        TypeError: `k` is no integer.

    >>> import gradtape as tf
    >>> tf.image.rot90([[[1], [2]], [[3], [4]]]).numpy()[..., 0]
    array([[2, 4],
           [1, 3]], dtype=int32)
    """
    tensor, rows = checked_image(image)
    count = convert(k, int32)
    turns = count._refuse() if isinstance(count, Carrier) else count._value
    if turns.ndim:
        raise ValueError(f"`k` is one integer, got the shape {list(turns.shape)}.")
    angle = int(turns) % 4
    if angle == 0:
        return tensor
    if angle == 1:
        return exchanged(reverse(tensor, (rows + 1,)), rows)
    if angle == 2:
        return reverse(tensor, (rows, rows + 1))
    return reverse(exchanged(tensor, rows), (rows + 1,))


@composite(arrays((2, 3, 1), (1, 2, 3, 1)))
def transpose(image: TensorLike, name: str | None = None) -> Tensor:
    """Returns an image, or each image of a batch, with rows and columns exchanged.

    Args:
        image: a tensor of shape `[height, width, channels]` or `[batch, height, width, channels]`.
        name: ignored.

    Returns:
        A tensor of the same dtype.

    Raises:
        ValueError: the image has not three or four dimensions, or no pixels.

    >>> import gradtape as tf
    >>> tf.image.transpose([[[1], [2]], [[3], [4]]]).numpy()[..., 0]
    array([[1, 3],
           [2, 4]], dtype=int32)
    """
    return exchanged(*checked_image(image))


def flipped_at_random(image: TensorLike, offset: int, draw: Any) -> Tensor:
    """Returns each image flipped along an axis, or not: a number is drawn for each."""
    tensor, rows = checked_image(image)
    other = reverse(tensor, (rows + offset,))
    if rows == 0:
        chance = draw([])
        if not isinstance(chance, Carrier):
            return other if chance._value < 0.5 else tensor
        return select(chance < 0.5, other, tensor)
    chances = draw([tensor._value.shape[0]])
    return select(cast(reshape(rint(chances), (-1, 1, 1, 1)), bool), other, tensor)


def random_flip_left_right(image: TensorLike, seed: int | None = None) -> Tensor:
    """Returns an image with left and right exchanged, or as it is, by chance; of a batch each image by itself.

    Args:
        image: a tensor of shape `[height, width, channels]` or `[batch, height, width, channels]`.
        seed: an integer, with which and `tf.random.set_seed` the numbers are TensorFlow's.

    Returns:
        A tensor of the same shape and dtype.

    Raises:
        ValueError: the image has not three or four dimensions, or no pixels.

    >>> import gradtape as tf
    >>> tf.image.random_flip_left_right([[[1], [2]]], seed=3).shape
    TensorShape([1, 2, 1])
    """
    return flipped_at_random(image, 1, lambda shape: sampling.uniform(shape, 0, 1.0, seed=seed))


def random_flip_up_down(image: TensorLike, seed: int | None = None) -> Tensor:
    """Returns an image upside down, or as it is, by chance; of a batch each image by itself.

    Args:
        image: a tensor of shape `[height, width, channels]` or `[batch, height, width, channels]`.
        seed: an integer, with which and `tf.random.set_seed` the numbers are TensorFlow's.

    Returns:
        A tensor of the same shape and dtype.

    Raises:
        ValueError: the image has not three or four dimensions, or no pixels.

    >>> import gradtape as tf
    >>> tf.image.random_flip_up_down([[[1]], [[2]]], seed=3).shape
    TensorShape([2, 1, 1])
    """
    return flipped_at_random(image, 0, lambda shape: sampling.uniform(shape, 0, 1.0, seed=seed))


def stateless_random_flip_left_right(image: TensorLike, seed: TensorLike) -> Tensor:
    """Returns an image with left and right exchanged, or as it is: the same for a seed each time.

    Args:
        image: a tensor of shape `[height, width, channels]` or `[batch, height, width, channels]`.
        seed: two integers.

    Returns:
        A tensor of the same shape and dtype.

    Raises:
        ValueError: the image has not three or four dimensions, or no pixels.
        InvalidArgumentError: the seed isn't two integers.

    >>> import gradtape as tf
    >>> tf.image.stateless_random_flip_left_right([[[1], [2]]], seed=(2, 3)).numpy()[..., 0]
    array([[2, 1]], dtype=int32)
    """
    return flipped_at_random(image, 1, lambda shape: stateless_uniform(shape, seed, 0, 1.0))


def stateless_random_flip_up_down(image: TensorLike, seed: TensorLike) -> Tensor:
    """Returns an image upside down, or as it is: the same for a seed each time.

    Args:
        image: a tensor of shape `[height, width, channels]` or `[batch, height, width, channels]`.
        seed: two integers.

    Returns:
        A tensor of the same shape and dtype.

    Raises:
        ValueError: the image has not three or four dimensions, or no pixels.
        InvalidArgumentError: the seed isn't two integers.

    >>> import gradtape as tf
    >>> tf.image.stateless_random_flip_up_down([[[1]], [[2]]], seed=(2, 3)).numpy()[..., 0].tolist()
    [[2], [1]]
    """
    return flipped_at_random(image, 0, lambda shape: stateless_uniform(shape, seed, 0, 1.0))


def cropped_at_random(value: TensorLike, size: Any, draw: Any) -> Tensor:
    """Returns a block of a tensor at a place that is drawn.

    Raises:
        InvalidArgumentError: there are not as many sizes as dimensions, or the block is larger than the tensor.
    """
    tensor = convert(value)
    sizes, shape = as_vector(size), tensor._value.shape
    if len(sizes) != len(shape) or any(count > whole or count < 0 for count, whole in zip(sizes, shape, strict=True)):
        raise InvalidArgumentError(f"the block's shape must fit into that of the value: {list(sizes)}, {list(shape)}.")
    drawn = draw([len(shape)])
    if isinstance(drawn, Carrier):
        rooms = [whole - count + 1 for whole, count in zip(shape, sizes, strict=True)]
        return slicing.slice(tensor, drawn % convert(rooms, int32), sizes)
    numbers = drawn._value
    starts = (number % (whole - count + 1) for number, whole, count in zip(numbers.tolist(), shape, sizes, strict=True))
    return getitem(tensor, tuple(slice(start, start + count) for start, count in zip(starts, sizes, strict=True)))


def random_crop(value: TensorLike, size: Any, seed: int | None = None, name: str | None = None) -> Tensor:
    """Returns a block of a tensor at a random place.

    Args:
        value: a tensor.
        size: the shape of the block, an integer for each dimension of `value`.
        seed: an integer, with which and `tf.random.set_seed` the numbers are TensorFlow's.
        name: ignored.

    Returns:
        A tensor of the same dtype and of shape `size`.

    Raises:
        InvalidArgumentError: there are not as many sizes as dimensions, or the block is larger than the tensor.

    >>> import gradtape as tf
    >>> tf.image.random_crop([[1, 2, 3], [4, 5, 6]], (1, 3)).shape
    TensorShape([1, 3])
    """
    return cropped_at_random(value, size, lambda shape: sampling.uniform(shape, 0, LARGEST, int32, seed))


def stateless_random_crop(value: TensorLike, size: Any, seed: TensorLike, name: str | None = None) -> Tensor:
    """Returns a block of a tensor at a random place, the same for a seed each time.

    Args:
        value: a tensor.
        size: the shape of the block, an integer for each dimension of `value`.
        seed: two integers.
        name: ignored.

    Returns:
        A tensor of the same dtype and of shape `size`.

    Raises:
        InvalidArgumentError: there are not as many sizes as dimensions, the block is larger than the tensor, or the
            seed isn't two integers.

    >>> import gradtape as tf
    >>> tf.image.stateless_random_crop([[1, 2, 3], [4, 5, 6]], (1, 2), seed=(1, 2)).numpy()
    array([[2, 3]], dtype=int32)
    """
    return cropped_at_random(value, size, lambda shape: stateless_uniform(shape, seed, 0, LARGEST, int32))
