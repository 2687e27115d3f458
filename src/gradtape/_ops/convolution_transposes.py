"""`tf.nn`: the transposes of convolutions."""

from __future__ import annotations

from collections.abc import Sized
from typing import Any

from gradtape._core.families import composite
from gradtape._core.op import TensorLike
from gradtape._core.sampling import arrays
from gradtape._core.tensor import Tensor
from gradtape._ops.convolution_arguments import (
    as_padding,
    as_steps,
    channels_first,
    tensors,
    transposed,
)
from gradtape._ops.parameters import as_ints, as_number
from gradtape.errors import InvalidArgumentError


@composite(arrays(((1, 3, 2), (3, 1, 2)), output_shape=[(1, 5, 1)], strides=[2]))
def conv1d_transpose(
    input: TensorLike,
    filters: TensorLike,
    output_shape: Any,
    strides: Any,
    padding: Any = "SAME",
    data_format: str | None = "NWC",
    dilations: Any = None,
    name: str | None = None,
) -> Tensor:
    """Returns the transpose of the convolution along one axis, also called a deconvolution.

    It is the gradient of `tf.nn.conv1d` with respect to its input. (Zeiler and others, "Deconvolutional networks",
    2010.)

    Args:
        input: a tensor of shape `[batch, width, channels]`, or with the channels in front
            where the data format says so.
        filters: a tensor of the same dtype, `[width, results, channels]`.
        output_shape: the shape of the result: of all sizes that the convolution takes to that of `input`, one.
        strides: the step of the convolution: a number, or a list for the spatial axes or for all.
        padding: that of the convolution: `"SAME"`, `"VALID"`, or a list with a pair for each axis.
        data_format: `"NWC"` or `"NCW"`.
        dilations: the distance of the filters' taps; 1 by default.
        name: ignored.

    Returns:
        A tensor of the dtype of `input`, of shape `output_shape`.

    Raises:
        InvalidArgumentError: the shapes or dtypes do not fit, or a number is out of range.
        ValueError: a list has another length.

    >>> import gradtape as tf
    >>> tf.nn.conv1d_transpose(tf.constant([[[1.0], [2.0]]]), tf.ones([2, 1, 1]), [1, 4, 1], 2).numpy().tolist()
    [[[1.0], [1.0], [2.0], [2.0]]]
    """
    if data_format == "NHWC" or data_format == "NCHW":
        raise InvalidArgumentError(f"`data_format` must be 'NWC' or 'NCW'. Received: {data_format!r}.")
    first = channels_first(data_format, 1, ValueError)
    steps, apart = as_steps("strides", strides, 1, first), as_steps("dilations", dilations, 1, first)
    pads = as_padding(padding, 1, first)
    return transposed(1, input, filters, output_shape, steps, pads, first, apart)


@composite(arrays(((1, 2, 3, 2), (3, 2, 1, 2)), output_shape=[(1, 4, 5, 1)], strides=[2]))
def conv2d_transpose(
    input: TensorLike,
    filters: TensorLike,
    output_shape: Any,
    strides: Any,
    padding: Any = "SAME",
    data_format: str | None = "NHWC",
    dilations: Any = None,
    name: str | None = None,
) -> Tensor:
    """Returns the transpose of the convolution along two axes, also called a deconvolution.

    It is the gradient of `tf.nn.conv2d` with respect to its input. (Zeiler and others, "Deconvolutional networks",
    2010.)

    Args:
        input: a tensor of shape `[batch, height, width, channels]`, or with the channels in front
            where the data format says so.
        filters: a tensor of the same dtype, `[height, width, results, channels]`.
        output_shape: the shape of the result: of all sizes that the convolution takes to that of `input`, one.
        strides: the step of the convolution: a number, or a list for the spatial axes or for all.
        padding: that of the convolution: `"SAME"`, `"VALID"`, or a list with a pair for each axis.
        data_format: `"NHWC"` or `"NCHW"`.
        dilations: the distance of the filters' taps; 1 by default.
        name: ignored.

    Returns:
        A tensor of the dtype of `input`, of shape `output_shape`.

    Raises:
        InvalidArgumentError: the shapes or dtypes do not fit, or a number is out of range.
        ValueError: a list has another length.

    >>> import gradtape as tf
    >>> tf.nn.conv2d_transpose(tf.ones([1, 2, 2, 1]), tf.ones([3, 3, 1, 1]), [1, 4, 4, 1], 2).numpy()[0, :, :, 0]
    array([[1., 1., 2., 1.],
           [1., 1., 2., 1.],
           [2., 2., 4., 2.],
           [1., 1., 2., 1.]], dtype=float32)
    """
    first = channels_first(data_format, 2)
    steps, apart = as_steps("strides", strides, 2, first), as_steps("dilations", dilations, 2, first)
    pads = as_padding(padding, 2, first)
    return transposed(2, input, filters, output_shape, steps, pads, first, apart)


@composite(arrays(((1, 2, 1, 2, 1), (2, 1, 2, 2, 1)), output_shape=[(1, 3, 1, 4, 2)], strides=[2]))
def conv3d_transpose(
    input: TensorLike,
    filters: TensorLike,
    output_shape: Any,
    strides: Any,
    padding: Any = "SAME",
    data_format: str | None = "NDHWC",
    dilations: Any = None,
    name: str | None = None,
) -> Tensor:
    """Returns the transpose of the convolution along three axes, also called a deconvolution.

    It is the gradient of `tf.nn.conv3d` with respect to its input. (Zeiler and others, "Deconvolutional networks",
    2010.)

    Args:
        input: a tensor of shape `[batch, depth, height, width, channels]`, or with the channels in front
            where the data format says so.
        filters: a tensor of the same dtype, `[depth, height, width, results, channels]`.
        output_shape: the shape of the result: of all sizes that the convolution takes to that of `input`, one.
        strides: the step of the convolution: a number, or a list for the spatial axes or for all.
        padding: that of the convolution: `"SAME"`, `"VALID"`, or a list with a pair for each axis.
        data_format: `"NDHWC"` or `"NCDHW"`.
        dilations: the distance of the filters' taps; 1 by default.
        name: ignored.

    Returns:
        A tensor of the dtype of `input`, of shape `output_shape`.

    Raises:
        InvalidArgumentError: the shapes or dtypes do not fit, or a number is out of range.
        ValueError: a list has another length.

    >>> import gradtape as tf
    >>> tf.nn.conv3d_transpose(tf.ones([1, 2, 2, 2, 3]), tf.ones([2, 2, 2, 1, 3]), [1, 4, 4, 4, 1], 2).shape
    TensorShape([1, 4, 4, 4, 1])
    """
    first = channels_first(data_format, 3)
    steps, apart = as_steps("strides", strides, 3, first), as_steps("dilations", dilations, 3, first)
    pads = as_padding(padding, 3, first)
    return transposed(3, input, filters, output_shape, steps, pads, first, apart)


@composite(arrays(((1, 2, 2), (2, 1, 2)), output_shape=[(1, 4, 1)], strides=[2]))
def conv_transpose(
    input: TensorLike,
    filters: TensorLike,
    output_shape: Any,
    strides: Any,
    padding: Any = "SAME",
    data_format: str | None = None,
    dilations: Any = None,
    name: str | None = None,
) -> Tensor:
    """Returns the transpose of a convolution along as many axes as `output_shape` has: one, two or three.

    Args:
        input: a tensor of shape `[batch, *sizes, channels]`, or with the channels in front where the data format says
            so.
        filters: a tensor of the same dtype, `[*sizes, results, channels]`.
        output_shape: the shape of the result.
        strides: the step of the convolution: a number, or a list for the spatial axes or for all.
        padding: that of the convolution: `"SAME"` or `"VALID"`; a list with a pair for each axis.
        data_format: such as `"NHWC"`, the default for two axes, or `"NCHW"`.
        dilations: the distance of the filters' taps; 1 by default.
        name: ignored.

    Returns:
        A tensor of the dtype of `input`, of shape `output_shape`.

    Raises:
        InvalidArgumentError: the shapes or dtypes do not fit, or a number is out of range.
        ValueError: `output_shape` is no list of 3 to 5 numbers, or another list has the wrong length.

    >>> import gradtape as tf
    >>> tf.nn.conv_transpose(tf.ones([1, 2, 1]), tf.ones([2, 1, 1]), [1, 4, 1], 2).shape
    TensorShape([1, 4, 1])
    """
    if not isinstance(output_shape, (Sized, Tensor)):
        raise InvalidArgumentError(f"`output_shape` must be a list or a tensor. Received: {output_shape!r}.")
    target = as_ints(output_shape)
    if not 3 <= len(target) <= 5:
        raise InvalidArgumentError(f"`output_shape` must have 3, 4 or 5 elements. Received: {list(target)}.")
    transpose_of = (conv1d_transpose, conv2d_transpose, conv3d_transpose)[len(target) - 3]
    formats = ("NWC", "NHWC", "NDHWC")
    chosen = formats[len(target) - 3] if data_format is None else data_format
    return transpose_of(input, filters, target, strides, padding, chosen, dilations)


@composite(arrays(((1, 3, 3, 2), (2, 2, 1, 2)), output_shape=[(1, 5, 5, 1)], rate=[2], padding=["VALID"]))
def atrous_conv2d_transpose(
    value: TensorLike, filters: TensorLike, output_shape: Any, rate: Any, padding: Any, name: str | None = None
) -> Tensor:
    """Returns the transpose of `tf.nn.atrous_conv2d`.

    Args:
        value: a tensor of shape `[batch, height, width, channels]`.
        filters: a tensor of the same dtype, `[height, width, results, channels]`.
        output_shape: the shape of the result.
        rate: the distance of the filters' taps.
        padding: that of the convolution: `"SAME"` or `"VALID"`.
        name: ignored.

    Returns:
        A tensor of the dtype of `value`, of shape `output_shape`.

    Raises:
        InvalidArgumentError: the shapes or dtypes do not fit.
        ValueError: `rate` is less than 1, the padding is another word, or the channels do not fit.

    >>> import gradtape as tf
    >>> tf.nn.atrous_conv2d_transpose(tf.ones([1, 3, 3, 1]), tf.ones([2, 2, 1, 1]), [1, 5, 5, 1], 2, "VALID").shape
    TensorShape([1, 5, 5, 1])
    """
    if as_number("rate", rate) < 1:
        raise InvalidArgumentError(f"`rate` must be at least 1. Received: {rate}.")
    if padding not in ("SAME", "VALID"):
        raise InvalidArgumentError(f"`padding` must be 'SAME' or 'VALID'. Received: {padding!r}.")
    x, weights = tensors(value, filters)
    target = as_ints(output_shape)
    if len(target) == 4 and x._value.ndim == 4 and weights._value.ndim == 4:
        taps = weights._value.shape
        if x._value.shape[-1] != taps[-1] or target[-1] != taps[-2]:
            raise InvalidArgumentError(
                f"the channels of `value` {list(x._value.shape)}, `filters` {list(taps)} and `output_shape` "
                f"{list(target)} do not fit."
            )
    apart = as_steps("rate", rate, 2, False)
    return transposed(2, x, weights, target, (1, 1), padding, False, apart)
