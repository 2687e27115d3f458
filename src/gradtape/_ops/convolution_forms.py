"""`tf.nn`: convolutions along one, two or three axes, dilated ones."""

from __future__ import annotations

from typing import Any

from gradtape._core.families import composite
from gradtape._core.op import TensorLike
from gradtape._core.sampling import arrays
from gradtape._core.tensor import Tensor
from gradtape._ops.convolution_arguments import (
    as_padding,
    as_steps,
    channels_first,
    convolved,
    tensors,
)
from gradtape._ops.parameters import as_number
from gradtape.errors import InvalidArgumentError


@composite(
    arrays(((2, 5, 2), (3, 2, 3)), stride=[1, 2], padding=["SAME"], data_format=["NWC", "NCW"][:1])
    + arrays(((1, 2, 5), (3, 1, 2)), stride=[1], padding=["SAME"], data_format=["NCW"], dilations=[2])
)
def conv1d(
    input: TensorLike,
    filters: TensorLike,
    stride: Any,
    padding: Any,
    data_format: str | None = "NWC",
    dilations: Any = None,
    name: str | None = None,
) -> Tensor:
    """Returns the convolution of `input` with `filters` along one axis.

    As in all such libraries, the filters are not flipped: it is a cross-correlation.

    Args:
        input: a tensor of shape `[..., width, channels]`, or
            `[batch, channels, width]` where the data format says so.
        filters: a tensor of the same dtype, `[width, channels / groups, results]`: where its channels are
            fewer, the input's are split in groups, each with its share of the results.
        stride: the step of the filters: a number, or a list of one or of all three axes.
        padding: `"SAME"`, which keeps the sizes where strides are 1; `"VALID"`, without zeros; or a list with a pair
            for each axis: the zeros in front and behind.
        data_format: `"NWC"` or `"NCW"`.
        dilations: the distance of the filters' taps, in the form of `stride`; 1 by default.
        name: ignored.

    Returns:
        A tensor of the dtype of `input`, with the results in the place of the channels.

    Raises:
        InvalidArgumentError: the shapes or dtypes do not fit, or a number is out of range.
        ValueError: a list has another length.

    >>> import gradtape as tf
    >>> signal, difference = tf.constant([[[1.0], [2.0], [4.0]]]), tf.constant([[[-1.0]], [[1.0]]])
    >>> tf.nn.conv1d(signal, difference, 1, "VALID").numpy().tolist()
    [[[1.0], [2.0]]]
    """
    first = channels_first(data_format, 1, ValueError)
    steps, apart = as_steps("stride", stride, 1, first), as_steps("dilations", dilations, 1, first)
    return convolved(1, input, filters, steps, as_padding(padding, 1, first), first, apart)


@composite(
    arrays(
        ((1, 4, 3, 2), (2, 2, 2, 1)),
        strides=[1, [1, 2]],
        padding=["SAME", ((0, 0), (1, 0), (0, 2), (0, 0))],
        data_format=["NHWC", "NCHW"][:1],
    )
    + arrays(((1, 2, 4, 3), (2, 2, 2, 1)), strides=[1], padding=["SAME"], data_format=["NCHW"], dilations=[(2, 1)])
)
def conv2d(
    input: TensorLike,
    filters: TensorLike,
    strides: Any,
    padding: Any,
    data_format: str | None = "NHWC",
    dilations: Any = None,
    name: str | None = None,
) -> Tensor:
    """Returns the convolution of `input` with `filters` along two axes.

    As in all such libraries, the filters are not flipped: it is a cross-correlation.

    Args:
        input: a tensor of shape `[..., height, width, channels]`, or
            `[batch, channels, height, width]` where the data format says so.
        filters: a tensor of the same dtype, `[height, width, channels / groups, results]`: where its channels are
            fewer, the input's are split in groups, each with its share of the results.
        strides: the step of the filters: a number, or a list for the spatial axes or for all four.
        padding: `"SAME"`, which keeps the sizes where strides are 1; `"VALID"`, without zeros; or a list with a pair
            for each axis: the zeros in front and behind.
        data_format: `"NHWC"` or `"NCHW"`.
        dilations: the distance of the filters' taps, in the form of `strides`; 1 by default.
        name: ignored.

    Returns:
        A tensor of the dtype of `input`, with the results in the place of the channels.

    Raises:
        InvalidArgumentError: the shapes or dtypes do not fit, or a number is out of range.
        ValueError: a list has another length.

    >>> import gradtape as tf
    >>> tf.nn.conv2d(tf.ones([1, 3, 3, 1]), tf.ones([3, 3, 1, 1]), 1, "SAME").numpy()[0, :, :, 0]
    array([[4., 6., 4.],
           [6., 9., 6.],
           [4., 6., 4.]], dtype=float32)
    """
    first = channels_first(data_format, 2)
    steps, apart = as_steps("strides", strides, 2, first), as_steps("dilations", dilations, 2, first)
    return convolved(2, input, filters, steps, as_padding(padding, 2, first), first, apart)


@composite(
    arrays(
        ((1, 2, 3, 2, 1), (2, 2, 1, 1, 2)),
        strides=[(1, 1, 1, 1, 1)],
        padding=["VALID"],
        data_format=["NDHWC", "NCDHW"][:1],
    )
    + arrays(
        ((1, 1, 2, 3, 2), (2, 2, 1, 1, 2)),
        strides=[(1, 1, 1, 1, 1)],
        padding=["SAME"],
        data_format=["NCDHW"],
        dilations=[(1, 1, 2, 1, 1)],
    )
)
def conv3d(
    input: TensorLike,
    filters: TensorLike,
    strides: Any,
    padding: Any,
    data_format: str | None = "NDHWC",
    dilations: Any = None,
    name: str | None = None,
) -> Tensor:
    """Returns the convolution of `input` with `filters` along three axes.

    As in all such libraries, the filters are not flipped: it is a cross-correlation.

    Args:
        input: a tensor of shape `[..., depth, height, width, channels]`, or
            `[batch, channels, depth, height, width]` where the data format says so.
        filters: a tensor of the same dtype, `[depth, height, width, channels / groups, results]`: where its channels
            are fewer, the input's are split in groups, each with its share of the results.
        strides: the step of the filters: a list for all five axes.
        padding: `"SAME"`, which keeps the sizes where strides are 1; `"VALID"`, without zeros; or a list with a pair
            for each axis: the zeros in front and behind.
        data_format: `"NDHWC"` or `"NCDHW"`.
        dilations: the distance of the filters' taps, in the form of `strides`; 1 by default.
        name: ignored.

    Returns:
        A tensor of the dtype of `input`, with the results in the place of the channels.

    Raises:
        InvalidArgumentError: the shapes or dtypes do not fit, or a number is out of range.
        ValueError: a list has another length.

    >>> import gradtape as tf
    >>> tf.nn.conv3d(tf.ones([1, 4, 4, 4, 2]), tf.ones([2, 2, 2, 2, 3]), [1, 2, 2, 2, 1], "VALID").shape
    TensorShape([1, 2, 2, 2, 3])
    """
    first = channels_first(data_format, 3)
    steps, apart = as_steps("strides", strides, 3, first, True), as_steps("dilations", dilations, 3, first)
    return convolved(3, input, filters, steps, as_padding(padding, 3, first), first, apart)


@composite(
    arrays(((1, 4, 2), (2, 2, 1)), ((2, 3, 2, 2), (2, 1, 1, 2)), strides=[None, 2])
    + arrays(((2, 3, 3, 2, 1), (2, 2, 1, 2)), padding=["SAME"], dilations=[2])
)
def convolution(
    input: TensorLike,
    filters: TensorLike,
    strides: Any = None,
    padding: Any = "VALID",
    data_format: str | None = None,
    dilations: Any = None,
    name: str | None = None,
) -> Tensor:
    """Returns the convolution of `input` with `filters` along as many axes as the filters have: one, two or three.

    Args:
        input: a tensor of shape `[..., *sizes, channels]`, or `[batch, channels, *sizes]` where the data format says
            so.
        filters: a tensor of the same dtype, `[*sizes, channels / groups, results]`.
        strides: the step of the filters: a number, or a list for the spatial axes; 1 by default.
        padding: `"SAME"`, `"VALID"`, or a list with a pair for each axis: the zeros in front and behind.
        data_format: such as `"NHWC"`, the default for two axes, or `"NCHW"`.
        dilations: the distance of the filters' taps: a number, or a list for the spatial axes; 1 by default.
        name: ignored.

    Returns:
        A tensor of the dtype of `input`, with the results in the place of the channels.

    Raises:
        InvalidArgumentError: the shapes or dtypes do not fit, or a number is out of range.
        ValueError: a list has another length, there are no spatial axes or more than three, or strides and dilations
            are both more than 1.

    >>> import gradtape as tf
    >>> tf.nn.convolution(tf.ones([1, 5, 1]), tf.ones([2, 1, 1]), dilations=3).numpy().tolist()
    [[[2.0], [2.0]]]
    """
    x, weights = tensors(input, filters)
    spatial = len(weights._value.shape) - 2
    if not 1 <= spatial <= 3:
        raise InvalidArgumentError(
            f"`filters` must have 1, 2 or 3 spatial axes. Received: shape {list(weights._value.shape)}."
        )
    first = channels_first(data_format, spatial)
    steps, apart = as_steps("strides", strides, spatial, first), as_steps("dilations", dilations, spatial, first)
    if max(steps) > 1 and max(apart) > 1:
        raise InvalidArgumentError(
            f"strides > 1 together with dilations > 1 are for tf.nn.conv{spatial}d. Received: strides={list(steps)}, "
            f"dilations={list(apart)}."
        )
    return convolved(spatial, x, weights, steps, as_padding(padding, spatial, first), first, apart)


@composite(arrays(((1, 4, 5, 2), (2, 2, 2, 1)), rate=[2], padding=["SAME", "VALID"]))
def atrous_conv2d(value: TensorLike, filters: TensorLike, rate: Any, padding: Any, name: str | None = None) -> Tensor:
    """Returns the convolution along two axes with filters whose taps are `rate` apart.

    Args:
        value: a tensor of shape `[..., height, width, channels]`.
        filters: a tensor of the same dtype, `[height, width, channels / groups, results]`.
        rate: the distance of the filters' taps.
        padding: `"SAME"`, `"VALID"`, or a list with a pair for each axis: the zeros in front and behind.
        name: ignored.

    Returns:
        A tensor of the dtype of `value`, with the results in the place of the channels.

    Raises:
        InvalidArgumentError: the shapes or dtypes do not fit.
        ValueError: `rate` is less than 1.

    >>> import gradtape as tf
    >>> tf.nn.atrous_conv2d(tf.ones([1, 5, 5, 1]), tf.ones([2, 2, 1, 1]), 2, "VALID").shape
    TensorShape([1, 3, 3, 1])
    """
    if as_number("rate", rate) < 1:
        raise InvalidArgumentError(f"`rate` must be at least 1. Received: {rate}.")
    apart = as_steps("rate", rate, 2, False)
    return convolved(2, value, filters, (1, 1), as_padding(padding, 2, False), False, apart)
