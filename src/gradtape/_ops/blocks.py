"""Blocks of images moved to the channels or to the batch, and back."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from gradtape._core.conversion import convert
from gradtape._core.families import composite
from gradtape._core.op import TensorLike
from gradtape._core.sampling import arrays
from gradtape._core.tensor import Tensor
from gradtape._ops.padding import as_paddings, pad_constant
from gradtape._ops.parameters import Shape, as_ints, as_setting, as_vector
from gradtape._ops.slicing import getitem
from gradtape._ops.structure import reshape, transpose
from gradtape._ops.window_plans import channels_first
from gradtape.errors import InvalidArgumentError, WrongTypeError


def image_shape(tensor: Tensor, block_size: Any, data_format: Any) -> tuple[tuple[int, int, int, int], int, bool]:
    """Returns the batch, height, width and channels of images, the side of a block, and whether channels are second.

    Raises:
        InvalidArgumentError: the tensor is not four-dimensional, the side is less than 2, or there is no such layout.
    """
    side = as_setting("block_size", block_size)
    if side < 2:
        raise InvalidArgumentError(f"block_size must be at least 2, got {block_size}.")
    first = channels_first(data_format, 2)
    shape = tensor._value.shape
    if len(shape) != 4:
        raise InvalidArgumentError(f"Input rank should be 4 instead of {len(shape)}: got shape {list(shape)}.")
    batch, *rest = shape
    height, width, channels = (rest[1], rest[2], rest[0]) if first else rest
    return (batch, height, width, channels), side, first


@composite(
    arrays((1, 4, 2, 2), (0, 2, 2, 1), block_size=[2]) + arrays((1, 2, 2, 4), block_size=[2], data_format=["NCHW"])
)
def space_to_depth(input: TensorLike, block_size: Any, data_format: str = "NHWC", name: str | None = None) -> Tensor:
    """Returns images in which each square block of pixels has become the channels of one pixel.

    Args:
        input: a tensor of shape `[batch, height, width, channels]`.
        block_size: the side of a block, at least 2; height and width are multiples of it.
        data_format: `"NHWC"`, or `"NCHW"` where the channels come before height and width.
        name: ignored.

    Returns:
        A tensor of the same dtype: height and width divided by the side, the channels times its square.

    Raises:
        InvalidArgumentError: the input is not four-dimensional, or the blocks do not fit.

    >>> import gradtape as tf
    >>> tf.nn.space_to_depth([[[[1], [2]], [[3], [4]]]], 2)
    <tf.Tensor: shape=(1, 1, 1, 4), dtype=int32, numpy=array([[[[1, 2, 3, 4]]]], dtype=int32)>
    """
    tensor = convert(input)
    (batch, height, width, channels), side, first = image_shape(tensor, block_size, data_format)
    if height % side or width % side:
        raise InvalidArgumentError(
            f"Image width {width} and height {height} should be divisible by block_size: {side}."
        )
    rows, columns, deep = height // side, width // side, channels * side * side
    if first:
        split = reshape(tensor, (batch, channels, rows, side, columns, side))
        return reshape(transpose(split, (0, 3, 5, 1, 2, 4)), (batch, deep, rows, columns))
    split = reshape(tensor, (batch, rows, side, columns, side, channels))
    return reshape(transpose(split, (0, 1, 3, 2, 4, 5)), (batch, rows, columns, deep))


@composite(
    arrays((1, 2, 1, 8), (0, 1, 1, 4), block_size=[2]) + arrays((1, 4, 2, 2), block_size=[2], data_format=["NCHW"])
)
def depth_to_space(input: TensorLike, block_size: Any, data_format: str = "NHWC", name: str | None = None) -> Tensor:
    """Returns images in which the channels of each pixel have become a square block of pixels.

    Args:
        input: a tensor of shape `[batch, height, width, channels]`.
        block_size: the side of a block, at least 2; the number of channels is a multiple of its square.
        data_format: `"NHWC"`, or `"NCHW"` where the channels come before height and width.
        name: ignored.

    Returns:
        A tensor of the same dtype: height and width times the side, the channels divided by its square.

    Raises:
        InvalidArgumentError: the input is not four-dimensional, or the blocks do not fit.

    >>> import gradtape as tf
    >>> tf.nn.depth_to_space([[[[1, 2, 3, 4]]]], 2)[0, :, :, 0]
    <tf.Tensor: shape=(2, 2), dtype=int32, numpy=
    array([[1, 2],
           [3, 4]], dtype=int32)>
    """
    tensor = convert(input)
    (batch, height, width, channels), side, first = image_shape(tensor, block_size, data_format)
    if channels % (side * side):
        raise InvalidArgumentError(f"Input depth dimension {channels} should be divisible by: {side * side}.")
    flat = channels // (side * side)
    if first:
        split = reshape(tensor, (batch, side, side, flat, height, width))
        return reshape(transpose(split, (0, 3, 4, 1, 5, 2)), (batch, flat, height * side, width * side))
    split = reshape(tensor, (batch, height, width, side, side, flat))
    return reshape(transpose(split, (0, 1, 3, 2, 4, 5)), (batch, height * side, width * side, flat))


def checked_blocks(
    tensor: Tensor, block_shape: Any, pairs: Any, word: str
) -> tuple[Shape, tuple[tuple[int, int], ...]]:
    """Returns the sides of blocks and the pairs of numbers that go with them.

    Raises:
        InvalidArgumentError: they do not fit each other or the tensor, or are out of range.
    """
    blocks, around = as_vector(block_shape), as_paddings(pairs)
    if len(around) != len(blocks):
        raise InvalidArgumentError(f"{word} should have shape [{len(blocks)}, 2] instead of [{len(around)}, 2].")
    if tensor._value.ndim < len(blocks) + 1:
        raise InvalidArgumentError(f"input rank should be >= {len(blocks) + 1} instead of {tensor._value.ndim}.")
    for index, size in enumerate(blocks):
        if size < 1:
            raise InvalidArgumentError(
                f"All values in block_shape must be positive, got value, {size} at index {index}."
            )
    return blocks, around


@composite(
    arrays((1, 4, 2, 2), block_shape=[[2, 2]], paddings=[[[0, 0], [2, 0]]])
    + arrays((2, 3), (0, 3), block_shape=[[2]], paddings=[[[0, 1]]])
)
def space_to_batch(input: TensorLike, block_shape: Any, paddings: Any, name: str | None = None) -> Tensor:
    """Returns a batch of smaller images: those of all pixels that have one place in the blocks of an image.

    Args:
        input: a tensor: the batch, as many dimensions of space as `block_shape` has entries, and any others.
        block_shape: a list of the sides of a block.
        paddings: for each dimension of space a pair: how many zeros to add before and behind, before it is divided.
        name: ignored.

    Returns:
        A tensor of the same dtype: the padded sizes divided by the sides, the batch as many times as large.

    Raises:
        InvalidArgumentError: the blocks do not fit, or a number is out of range.

    >>> import gradtape as tf
    >>> tf.space_to_batch([[1, 2, 3, 4]], [2], [[0, 0]])
    <tf.Tensor: shape=(2, 2), dtype=int32, numpy=
    array([[1, 3],
           [2, 4]], dtype=int32)>
    """
    tensor = convert(input)
    blocks, around = checked_blocks(tensor, block_shape, paddings, "paddings")
    count, rank = len(blocks), tensor._value.ndim
    if any(pair != (0, 0) for pair in around):
        tensor = pad_constant(tensor, ((0, 0), *around, *((0, 0),) * (rank - 1 - count)), 0)
    batch, *sizes = tensor._value.shape
    for index, (size, side) in enumerate(zip(sizes[:count], blocks, strict=True)):
        if size % side:
            raise InvalidArgumentError(f"padded_shape[{index}]={size} is not divisible by block_shape[{index}]={side}.")
    counts = [size // side for size, side in zip(sizes[:count], blocks, strict=True)]
    apart = [each for pair in zip(counts, blocks, strict=True) for each in pair]
    split = reshape(tensor, (batch, *apart, *sizes[count:]))
    inside, between = range(2, 2 * count + 1, 2), range(1, 2 * count, 2)
    moved = transpose(split, (*inside, 0, *between, *range(2 * count + 1, rank + count)))
    return reshape(moved, (prod(blocks) * batch, *counts, *sizes[count:]))


# TensorFlow has it under both names.
space_to_batch_nd = space_to_batch


@composite(
    arrays((4, 2, 1, 2), block_shape=[[2, 2]], crops=[[[0, 0], [1, 0]]])
    + arrays((4, 3), (0, 3), block_shape=[[2]], crops=[[[0, 1]]])
)
def batch_to_space(input: TensorLike, block_shape: Any, crops: Any, name: str | None = None) -> Tensor:
    """Returns images whose blocks hold a pixel of each of several images in the batch: undoes `space_to_batch`.

    Args:
        input: a tensor: the batch, as many dimensions of space as `block_shape` has entries, and any others.
        block_shape: a list of the sides of a block; one integer for two equal ones.
        crops: for each dimension of space a pair: how many elements of the result to leave out before and behind.
        name: ignored.

    Returns:
        A tensor of the same dtype: the sizes times the sides and less the crops, the batch divided by their product.

    Raises:
        InvalidArgumentError: the blocks or the crops do not fit, or a number is out of range.

    >>> import gradtape as tf
    >>> tf.batch_to_space([[1, 3], [2, 4]], [2], [[0, 1]])
    <tf.Tensor: shape=(1, 3), dtype=int32, numpy=array([[1, 2, 3]], dtype=int32)>
    """
    tensor = convert(input)
    sides = [block_shape, block_shape] if isinstance(block_shape, int) else block_shape
    blocks, around = checked_blocks(tensor, sides, crops, "crops")
    count, rank, total = len(blocks), tensor._value.ndim, prod(blocks)
    batch, *sizes = tensor._value.shape
    if batch % total:
        raise InvalidArgumentError(
            f"Input batch dimension ({batch}) is not divisible by product of block sizes ({total})."
        )
    longer = [size * side for size, side in zip(sizes[:count], blocks, strict=True)]
    for index, (size, (before, behind)) in enumerate(zip(longer, around, strict=True)):
        if before + behind > size:
            raise InvalidArgumentError(
                f"cropped_shape[{index}]={size - before - behind} must be non-negative: crops {before} and {behind} of "
                f"{size} elements."
            )
    split = reshape(tensor, (*blocks, batch // total, *sizes))
    pairs = [axis for index in range(count) for axis in (count + 1 + index, index)]
    moved = transpose(split, (count, *pairs, *range(2 * count + 1, rank + count)))
    whole = reshape(moved, (batch // total, *longer, *sizes[count:]))
    if all(pair == (0, 0) for pair in around):
        return whole
    kept = (slice(before, size - behind) for size, (before, behind) in zip(longer, around, strict=True))
    return getitem(whole, (slice(None), *kept))


def required_space_to_batch_paddings(
    input_shape: Any, block_shape: Any, base_paddings: Any = None, name: str | None = None
) -> tuple[Tensor, Tensor]:
    """Returns the paddings that make blocks fit for `space_to_batch`, and the crops with which to undo them.

    Args:
        input_shape: the sizes of the dimensions of space.
        block_shape: the sides of a block along them.
        base_paddings: for each dimension a pair: how much is added before and behind in any case.
        name: ignored.

    Returns:
        A pair of int32 tensors of shape `[n, 2]`: the paddings, and the crops.

    Raises:
        ValueError: there are not as many of the one as of the other.

    >>> import gradtape as tf
    >>> paddings, crops = tf.required_space_to_batch_paddings([5], [3])
    >>> paddings.numpy().tolist(), crops.numpy().tolist()
    ([[0, 1]], [[0, 1]])
    """
    sizes, sides = (np.asarray(convert(each)._value) for each in (input_shape, block_shape))
    if sides.dtype.kind not in "iu" or sizes.dtype.kind not in "iu":
        raise WrongTypeError(f"sizes and blocks are integers, got {sizes.dtype.name} and {sides.dtype.name}.")
    if sides.ndim != 1:
        raise InvalidArgumentError(f"block_shape is a list, got shape {list(sides.shape)}.")
    count = len(sides)
    if sizes.shape != (count,):
        raise InvalidArgumentError(
            f"Shapes {list(sizes.shape)} and [{count}] are incompatible: one size for each block side."
        )
    base = np.zeros((count, 2), np.int32) if base_paddings is None else np.asarray(convert(base_paddings)._value)
    if base.dtype.kind not in "iu":
        raise WrongTypeError(f"base_paddings are integers, got {base.dtype.name}.")
    if sides.size and sides.min() < 1:
        raise InvalidArgumentError(f"the sides of blocks are at least 1, got {sides.tolist()}.")
    if base.shape != (count, 2):
        raise InvalidArgumentError(
            f"Shapes {list(base.shape)} and [{count}, 2] are incompatible: a pair for each block side."
        )
    extra = -(sizes + base.sum(axis=1)) % sides if count else np.zeros(0, np.int32)
    around = np.stack([base[:, 0], base[:, 1] + extra], axis=1)
    crops = np.stack([np.zeros_like(extra), extra], axis=1)
    return convert(around.astype(np.int32)), convert(crops.astype(np.int32))


def with_space_to_batch(
    input: TensorLike,
    dilation_rate: Any,
    padding: str,
    op: Callable[..., Any],
    filter_shape: Any = None,
    spatial_dims: Any = None,
    data_format: str | None = None,
) -> Any:
    """Returns what a function of windows gives on pixels that lie apart, by running it on blocks in the batch.

    Args:
        input: a tensor.
        dilation_rate: a list of how far the pixels of a window lie apart along each dimension of space.
        padding: `"VALID"` or `"SAME"`.
        op: a function of a tensor, of the number of dimensions of space and of a padding, which moves windows over
            the tensor. With any rate above 1 the padding is `"VALID"`.
        filter_shape: the sizes of a window along the dimensions of space, for `"SAME"`.
        spatial_dims: the dimensions of space, in rising order; by default those behind the batch.
        data_format: a layout; where it begins with "NC", the channels come before the dimensions of space.

    Returns:
        What `op` returns, its blocks put together again.

    Raises:
        ValueError: a rate is not positive, the dimensions are out of order, or there is no such padding.

    >>> import gradtape as tf
    >>> signal = tf.constant([[[1.0], [5.0], [2.0], [0.0], [4.0]]])
    >>> largest = lambda x, dims, padding: tf.nn.max_pool1d(x, 2, 1, padding)
    >>> tf.nn.with_space_to_batch(signal, [2], "VALID", largest).numpy().ravel()
    array([2., 5., 4.], dtype=float32)
    """
    tensor, rates = convert(input), as_vector(dilation_rate)
    count, first = len(rates), 2 if isinstance(data_format, str) and data_format.startswith("NC") else 1
    dims = list(range(first, first + count)) if spatial_dims is None else list(as_ints(spatial_dims))
    if dims != sorted(set(dims)) or any(axis < 1 for axis in dims):
        raise InvalidArgumentError(f"`spatial_dims` must be rising positive integers. Received: spatial_dims={dims}")
    if len(dims) != count or (dims and dims[-1] >= tensor._value.ndim):
        raise InvalidArgumentError(
            f"`dilation_rate` has a rate for each spatial dimension of the input. Received: {list(rates)} for the "
            f"dimensions {dims} of shape {list(tensor._value.shape)}."
        )
    if any(rate < 1 for rate in rates):
        raise InvalidArgumentError(f"`dilation_rate` must be positive. Received: dilation_rate={list(rates)}")
    if all(rate == 1 for rate in rates):
        return op(tensor, count, padding)
    if padding not in ("SAME", "VALID"):
        raise InvalidArgumentError(f"`padding` must be one of 'SAME' or 'VALID'. Received: padding={padding}")
    if padding == "SAME" and filter_shape is None:
        raise InvalidArgumentError("`filter_shape` must be specified for `padding='SAME'`. Received: filter_shape=None")
    wider = [0] * count
    if padding == "SAME":
        taps = as_ints(filter_shape)[:count]
        if len(taps) != count:
            raise InvalidArgumentError(f"`filter_shape` has {count} sizes and more. Received: {filter_shape}")
        wider = [(size - 1) * rate for size, rate in zip(taps, rates, strict=True)]
    # For all dimensions up to the last one of space; those between them stay as they are.
    place = {axis: index for index, axis in enumerate(dims)}
    blocks, around, crops = [], [], []
    for axis in range(1, dims[-1] + 1):
        rate, extra = (rates[place[axis]], wider[place[axis]]) if axis in place else (1, 0)
        missing = -(tensor._value.shape[axis] + extra) % rate
        blocks.append(rate)
        around.append([extra // 2, extra - extra // 2 + missing])
        crops.append([0, missing])
    return batch_to_space(op(space_to_batch(tensor, blocks, around), count, "VALID"), blocks, crops)
