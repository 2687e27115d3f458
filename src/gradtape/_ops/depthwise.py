"""`tf.nn`: depthwise convolutions, of each channel by itself, and those that mix the channels afterwards."""

from __future__ import annotations

from typing import Any

from gradtape._core.conversion import convert
from gradtape._core.families import composite
from gradtape._core.op import TensorLike
from gradtape._core.sampling import arrays
from gradtape._core.tensor import Tensor
from gradtape._ops.convolution import convolve_filters
from gradtape._ops.convolution_arguments import (
    as_padding,
    as_steps,
    channels_first,
    convolved,
    require_rank,
    tensors,
    to_last,
    transposed,
    window_of,
)
from gradtape._ops.convolution_arrays import output_sizes
from gradtape._ops.convolution_forms import conv2d
from gradtape._ops.parameters import Shape, as_vector
from gradtape._ops.structure import reshape
from gradtape.errors import InvalidArgumentError, WrongTypeError

ONES = (1, 1, 1, 1)


def as_groups(filters: Tensor) -> Tensor:
    """Returns filters for single channels, `[height, width, channels, many]`, as those of as many groups."""
    shape = filters._value.shape
    require_rank("filter", shape, 4, 4)
    return reshape(filters, (*shape[:2], 1, shape[2] * shape[3]))


def as_rates(dilations: Any, first: bool) -> Shape:
    """Returns the dilations of the two spatial axes.

    Raises:
        TypeError: one number is given.
    """
    if dilations is None:
        return (1, 1)
    if not hasattr(dilations, "__iter__"):
        raise WrongTypeError(f"`dilations` must be a list of 2 integers. Received: {dilations!r}.")
    return as_steps("dilations", dilations, 2, first)


@composite(
    arrays(((1, 3, 4, 2), (2, 2, 2, 2)), strides=[ONES, (1, 2, 2, 1)], padding=["SAME"])
    + arrays(((1, 2, 3, 4), (2, 1, 2, 1)), strides=[ONES], padding=["VALID"], data_format=["NCHW"], dilations=[(2, 1)])
)
def depthwise_conv2d(
    input: TensorLike,
    filter: TensorLike,
    strides: Any,
    padding: Any,
    data_format: str | None = None,
    dilations: Any = None,
    name: str | None = None,
) -> Tensor:
    """Returns the convolutions of each channel by itself, with filters of its own.

    Args:
        input: a tensor of shape `[batch, height, width, channels]`, or `[batch, channels, height, width]` where the
            data format says so.
        filter: a tensor of the same dtype, `[height, width, channels, many]`.
        strides: the step of the filters: a list for all four axes.
        padding: `"SAME"`, `"VALID"`, or a list with a pair for each axis: the zeros in front and behind.
        data_format: `"NHWC"`, the default, or `"NCHW"`.
        dilations: the distance of the filters' taps: a list for the two spatial axes; 1 by default.
        name: ignored.

    Returns:
        A tensor of the dtype of `input`, with `channels * many` channels.

    Raises:
        InvalidArgumentError: the shapes or dtypes do not fit, or a number is out of range.
        TypeError: a number is given where a list is wanted.

    >>> import gradtape as tf
    >>> filters = tf.constant([[[[1.0], [10.0]]], [[[1.0], [10.0]]]])
    >>> tf.nn.depthwise_conv2d(tf.ones([1, 2, 1, 2]), filters, [1, 1, 1, 1], "SAME").numpy()[0, :, 0]
    array([[ 2., 20.],
           [ 1., 10.]], dtype=float32)
    """
    first = channels_first(data_format, 2)
    steps, apart = as_steps("strides", strides, 2, first, True), as_rates(dilations, first)
    x, weights = tensors(input, filter)
    shape, taps = x._value.shape, weights._value.shape
    require_rank("input", shape, 4, 4)
    grouped = as_groups(weights)
    channels = shape[1] if first else shape[-1]
    if taps[2] != channels:
        raise InvalidArgumentError(
            f"`filter` must have a filter for each channel of the input: {channels}. Received: shape {list(taps)}."
        )
    return convolved(2, x, grouped, steps, as_padding(padding, 2, first), first, apart)


@composite(
    arrays(((1, 3, 3, 2), (2, 2, 2, 1), (1, 1, 2, 3)), strides=[ONES], padding=["SAME"], data_format=[None])
    + arrays(((1, 1, 3, 3), (2, 2, 1, 2), (1, 1, 2, 1)), strides=[ONES], padding=["VALID"], data_format=["NCHW"])
)
def separable_conv2d(
    input: TensorLike,
    depthwise_filter: TensorLike,
    pointwise_filter: TensorLike,
    strides: Any,
    padding: Any,
    data_format: str | None = None,
    dilations: Any = None,
    name: str | None = None,
) -> Tensor:
    """Returns a depthwise convolution, whose channels are then mixed at each place.

    Args:
        input: a tensor of shape `[batch, height, width, channels]`, or `[batch, channels, height, width]` where the
            data format says so.
        depthwise_filter: a tensor of the same dtype, `[height, width, channels, many]`.
        pointwise_filter: a tensor of the same dtype, `[1, 1, channels * many, results]`.
        strides: the step of the depthwise filters: a list for all four axes.
        padding: `"SAME"`, `"VALID"`, or a list with a pair for each axis: the zeros in front and behind.
        data_format: `"NHWC"`, the default, or `"NCHW"`.
        dilations: the distance of the filters' taps: a list for the two spatial axes; 1 by default.
        name: ignored.

    Returns:
        A tensor of the dtype of `input`, with the results in the place of the channels.

    Raises:
        InvalidArgumentError: the shapes or dtypes do not fit, or a number is out of range.
        ValueError: `pointwise_filter` does not begin with two ones.
        TypeError: a number is given where a list is wanted.

    >>> import gradtape as tf
    >>> filters, mixing = tf.ones([2, 2, 3, 1]), tf.ones([1, 1, 3, 5])
    >>> tf.nn.separable_conv2d(tf.ones([1, 4, 4, 3]), filters, mixing, [1, 1, 1, 1], "VALID").shape
    TensorShape([1, 3, 3, 5])
    """
    x, weights = tensors(input, depthwise_filter)
    mixing = convert(pointwise_filter, None if hasattr(pointwise_filter, "dtype") else x.dtype)
    if mixing._value.ndim != 4 or mixing._value.shape[:2] != (1, 1):
        raise InvalidArgumentError(
            f"`pointwise_filter` must have shape [1, 1, channels, results]. Received: {list(mixing._value.shape)}."
        )
    separate = depthwise_conv2d(x, weights, strides, padding, data_format, dilations)
    return conv2d(separate, mixing, 1, "VALID", data_format)


def depthwise_conv2d_backprop_input(
    input_sizes: Any,
    filter: TensorLike,
    out_backprop: TensorLike,
    strides: Any,
    padding: Any,
    data_format: str = "NHWC",
    dilations: Any = [1, 1, 1, 1],  # noqa: B006
    name: str | None = None,
) -> Tensor:
    """Returns the gradient of `tf.nn.depthwise_conv2d` with respect to its input.

    Args:
        input_sizes: the shape of the input.
        filter: the filters, `[height, width, channels, many]`.
        out_backprop: the gradient with respect to the result, of the same dtype.
        strides: the step of the filters: a list for all four axes.
        padding: `"SAME"`, `"VALID"`, or a list with a pair for each axis.
        data_format: `"NHWC"` or `"NCHW"`.
        dilations: the distance of the filters' taps: a list for all four axes.
        name: ignored.

    Returns:
        A tensor of the dtype of `filter` and of shape `input_sizes`.

    Raises:
        InvalidArgumentError: the shapes or dtypes do not fit, or a number is out of range.
        TypeError: a number is given where a list is wanted.

    >>> import gradtape as tf
    >>> g = tf.ones([1, 1, 2, 1])
    >>> tf.nn.depthwise_conv2d_backprop_input([1, 1, 2, 1], tf.ones([1, 2, 1, 1]), g, [1, 1, 1, 1], "SAME").numpy()
    array([[[[1.],
             [2.]]]], dtype=float32)
    """
    return depthwise_transposed(filter, out_backprop, input_sizes, strides, padding, data_format, dilations)


@composite(arrays(((2, 2, 2, 1), (1, 2, 2, 2)), input_sizes=[(1, 4, 3, 2)], strides=[(1, 2, 2, 1)], padding=["SAME"]))
def depthwise_transposed(
    filter: TensorLike,
    out_backprop: TensorLike,
    input_sizes: Any,
    strides: Any,
    padding: Any,
    data_format: str = "NHWC",
    dilations: Any = ONES,
) -> Tensor:
    """Returns `depthwise_conv2d_backprop_input`, both tensors in front; not for users."""
    first = channels_first(data_format, 2)
    steps, apart = as_steps("strides", strides, 2, first, True), as_steps("dilations", dilations, 2, first, True)
    weights, g = tensors(filter, out_backprop)
    pads = as_padding(padding, 2, first)
    sizes = as_vector(input_sizes)
    grouped = as_groups(weights)
    channels, wanted = sizes[1 if first else -1] if len(sizes) == 4 else None, weights._value.shape[2]
    if channels != wanted:
        raise InvalidArgumentError(f"`input_sizes` must be 4 sizes with {wanted} channels. Received: {list(sizes)}.")
    return transposed(2, g, grouped, sizes, steps, pads, first, apart)


def depthwise_conv2d_backprop_filter(
    input: TensorLike,
    filter_sizes: Any,
    out_backprop: TensorLike,
    strides: Any,
    padding: Any,
    data_format: str = "NHWC",
    dilations: Any = [1, 1, 1, 1],  # noqa: B006
    name: str | None = None,
) -> Tensor:
    """Returns the gradient of `tf.nn.depthwise_conv2d` with respect to its filters.

    Args:
        input: the input, `[batch, height, width, channels]`, or as the data format says.
        filter_sizes: the shape of the filters: height, width, channels, results of each.
        out_backprop: the gradient with respect to the result, of the same dtype.
        strides: the step of the filters: a list for all four axes.
        padding: `"SAME"`, `"VALID"`, or a list with a pair for each axis.
        data_format: `"NHWC"` or `"NCHW"`.
        dilations: the distance of the filters' taps: a list for all four axes.
        name: ignored.

    Returns:
        A tensor of the dtype of `input` and of shape `filter_sizes`.

    Raises:
        InvalidArgumentError: the shapes or dtypes do not fit, or a number is out of range.
        TypeError: a number is given where a list is wanted.

    >>> import gradtape as tf
    >>> x, g = tf.ones([1, 1, 2, 1]), tf.ones([1, 1, 2, 1])
    >>> tf.nn.depthwise_conv2d_backprop_filter(x, [1, 2, 1, 1], g, [1, 1, 1, 1], "SAME").numpy().tolist()
    [[[[2.0]], [[1.0]]]]
    """
    return depthwise_by_taps(input, out_backprop, filter_sizes, strides, padding, data_format, dilations)


@composite(arrays(((1, 4, 3, 2), (1, 2, 2, 4)), filter_sizes=[(2, 2, 2, 2)], strides=[(1, 2, 2, 1)], padding=["SAME"]))
def depthwise_by_taps(
    input: TensorLike,
    out_backprop: TensorLike,
    filter_sizes: Any,
    strides: Any,
    padding: Any,
    data_format: str = "NHWC",
    dilations: Any = ONES,
) -> Tensor:
    """Returns `depthwise_conv2d_backprop_filter`, both tensors in front; not for users."""
    first = channels_first(data_format, 2)
    steps, apart = as_steps("strides", strides, 2, first, True), as_steps("dilations", dilations, 2, first, True)
    x, g = tensors(input, out_backprop)
    pads = as_padding(padding, 2, first)
    taps = as_vector(filter_sizes)
    for name, tensor in (("input", x), ("out_backprop", g)):
        require_rank(name, tensor._value.shape, 4, 4)
    if first:
        x, g = to_last(x, 2), to_last(g, 2)
    batch, height, width, channels = x._value.shape
    if len(taps) != 4 or taps[2] != channels:
        raise InvalidArgumentError(f"`filter_sizes` must be 4 sizes with {channels} channels. Received: {list(taps)}.")
    depth = channels * taps[3]
    window = window_of((height, width), taps[:2], pads, steps, apart, channels, 1, depth)
    if g._value.shape != (wanted := (batch, *output_sizes(window), depth)):
        raise InvalidArgumentError(f"`out_backprop` must be {list(wanted)}. Received: {list(g._value.shape)}.")
    return reshape(convolve_filters(x, g, window), taps)
