"""Pooling: the maximum or the mean of each window that moves over images, signals or volumes."""

from __future__ import annotations

from typing import Any, NamedTuple

from gradtape._core.conversion import convert
from gradtape._core.dtypes import as_dtype, int32, int64
from gradtape._core.families import composite
from gradtape._core.op import TensorLike
from gradtape._core.sampling import Values, arrays
from gradtape._core.tensor import Tensor
from gradtape._ops.casting import cast
from gradtape._ops.parameters import as_ints, as_list
from gradtape._ops.window_plans import LAYOUTS, image_windows
from gradtape._ops.windows import window_maxima, window_places, window_sums
from gradtape.errors import InvalidArgumentError, WrongTypeError

DISTINCT = Values(-2.0, 2.0, distinct=True)


def maxima(tensor: Tensor, dims: int, ksize: Any, strides: Any, padding: Any, data_format: Any) -> Tensor:
    """Returns the maximum of each window over `dims` spatial dimensions."""
    return window_maxima(tensor, image_windows(tensor, dims, ksize, strides, padding, data_format))


def means(tensor: Tensor, dims: int, ksize: Any, strides: Any, padding: Any, data_format: Any) -> Tensor:
    """Returns the mean of each window over `dims` spatial dimensions."""
    return window_sums(tensor, image_windows(tensor, dims, ksize, strides, padding, data_format, False), True)


def spatial(tensor: Tensor) -> int:
    """Returns how many spatial dimensions images have.

    Raises:
        ValueError: it is not one, two or three.
    """
    rank: int = tensor._value.ndim
    if rank not in (3, 4, 5):
        raise InvalidArgumentError(
            f"`input.shape.rank` must be 3, 4 or 5. Received: input.shape={tensor.shape} of rank {rank}."
        )
    return rank - 2


@composite(arrays((1, 4, 2), (1, 4, 3, 1), ksize=[2], strides=[2], padding=["SAME"], values=DISTINCT))
def max_pool(
    input: TensorLike, ksize: Any, strides: Any, padding: Any, data_format: str | None = None, name: str | None = None
) -> Tensor:
    """Returns the maximum of each window of images of one, two or three dimensions.

    Args:
        input: a tensor of real numbers with 3, 4 or 5 dimensions: the batch, those of space, the channels.
        ksize: the size of a window: a number for all spatial dimensions, one for each, or one for each dimension.
        strides: how far the window moves, in the same way.
        padding: `"VALID"` for windows inside the images; `"SAME"` for as many as there are steps; or for each dimension
            a pair: how many places to add before and behind, which no maximum counts.
        data_format: the order of the dimensions: `"NWC"`, `"NHWC"` or `"NDHWC"`, or with the channels second `"NCW"`,
            `"NCHW"` or `"NCDHW"`.
        name: ignored.

    Returns:
        A tensor of the same dtype with an element for each window and channel. The gradient goes to the first maximum
        of each window.

    Raises:
        ValueError: the number of dimensions is another, or a parameter has not as many entries as it should.
        InvalidArgumentError: a size or stride is not positive, no window fits, or there is no such layout.

    >>> import gradtape as tf
    >>> tf.nn.max_pool(tf.reshape(tf.range(8.0), (1, 8, 1)), ksize=3, strides=3, padding="VALID").numpy().ravel()
    array([2., 5.], dtype=float32)
    """
    tensor = convert(input)
    dims = spatial(tensor)
    return maxima(tensor, dims, ksize, strides, padding, LAYOUTS[dims][0] if data_format is None else data_format)


@composite(
    arrays((1, 5, 2), ksize=[2], strides=[2, 1], padding=["VALID", "SAME"], values=DISTINCT)
    + arrays(
        (1, 2, 4), ksize=[2], strides=[2], padding=[[[0, 0], [0, 0], [1, 1]]], data_format=["NCW"], values=DISTINCT
    )
)
def max_pool1d(
    input: TensorLike, ksize: Any, strides: Any, padding: Any, data_format: str = "NWC", name: str | None = None
) -> Tensor:
    """Returns the maximum of each window of signals.

    Args:
        input: a tensor of real numbers of shape `[batch, width, channels]`.
        ksize: the size of a window.
        strides: how far it moves.
        padding: as in `max_pool`.
        data_format: `"NWC"`, or `"NCW"` where the channels come before the width.
        name: ignored.

    Returns:
        A tensor of the same dtype with an element for each window and channel.

    Raises:
        ValueError: a parameter has not as many entries as it should.
        InvalidArgumentError: the number of dimensions is another, a size is not positive, or no window fits.

    >>> import gradtape as tf
    >>> tf.nn.max_pool1d([[[1.0], [3.0], [2.0], [0.0]]], 2, 2, "VALID").numpy().ravel()
    array([3., 2.], dtype=float32)
    """
    return maxima(convert(input), 1, ksize, strides, padding, data_format)


@composite(
    arrays((1, 4, 4, 2), ksize=[2], strides=[2], padding=["VALID"], values=DISTINCT)
    + arrays((1, 3, 3, 1), (0, 3, 3, 1), ksize=[[2, 3]], strides=[[1, 2]], padding=["SAME"], values=DISTINCT)
    + arrays((1, 2, 4, 4), ksize=[3], strides=[2], padding=["SAME"], data_format=["NCHW"], values=DISTINCT)
)
def max_pool2d(
    input: TensorLike, ksize: Any, strides: Any, padding: Any, data_format: str = "NHWC", name: str | None = None
) -> Tensor:
    """Returns the maximum of each window of images.

    Args:
        input: a tensor of real numbers of shape `[batch, height, width, channels]`.
        ksize: the size of a window: a number, a pair, or one for each dimension.
        strides: how far it moves, in the same way.
        padding: as in `max_pool`.
        data_format: `"NHWC"`, or `"NCHW"` where the channels come before height and width.
        name: ignored.

    Returns:
        A tensor of the same dtype with an element for each window and channel. The gradient goes to the first maximum
        of each window, row by row.

    Raises:
        ValueError: a parameter has not as many entries as it should.
        InvalidArgumentError: the number of dimensions is another, a size is not positive, or no window fits.

    >>> import gradtape as tf
    >>> image = tf.reshape(tf.range(16.0), (1, 4, 4, 1))
    >>> tf.nn.max_pool2d(image, ksize=2, strides=2, padding="VALID")[0, :, :, 0].numpy()
    array([[ 5.,  7.],
           [13., 15.]], dtype=float32)
    """
    return maxima(convert(input), 2, ksize, strides, padding, data_format)


@composite(
    arrays((1, 2, 2, 3, 1), ksize=[2], strides=[1], padding=["VALID"], values=DISTINCT)
    + arrays((1, 1, 2, 2, 2), ksize=[2], strides=[2], padding=["SAME"], data_format=["NCDHW"], values=DISTINCT)
)
def max_pool3d(
    input: TensorLike, ksize: Any, strides: Any, padding: Any, data_format: str = "NDHWC", name: str | None = None
) -> Tensor:
    """Returns the maximum of each window of volumes.

    Args:
        input: a tensor of real numbers of shape `[batch, depth, height, width, channels]`.
        ksize: the size of a window: a number, one for each spatial dimension, or one for each dimension.
        strides: how far it moves, in the same way.
        padding: as in `max_pool`.
        data_format: `"NDHWC"`, or `"NCDHW"` where the channels come before the spatial dimensions.
        name: ignored.

    Returns:
        A tensor of the same dtype with an element for each window and channel.

    Raises:
        ValueError: a parameter has not as many entries as it should.
        InvalidArgumentError: the number of dimensions is another, a size is not positive, or no window fits.

    >>> import gradtape as tf
    >>> tf.nn.max_pool3d(tf.reshape(tf.range(8.0), (1, 2, 2, 2, 1)), 2, 2, "VALID").numpy().ravel()
    array([7.], dtype=float32)
    """
    return maxima(convert(input), 3, ksize, strides, padding, data_format)


@composite(arrays((1, 4, 2), (1, 4, 3, 1), ksize=[2], strides=[2], padding=["SAME"]))
def avg_pool(
    input: TensorLike, ksize: Any, strides: Any, padding: str, data_format: str | None = None, name: str | None = None
) -> Tensor:
    """Returns the mean of each window of images of one, two or three dimensions.

    Args:
        input: a tensor of floating-point numbers with 3, 4 or 5 dimensions: the batch, those of space, the channels.
        ksize: the size of a window: a number for all spatial dimensions, one for each, or one for each dimension.
        strides: how far the window moves, in the same way.
        padding: `"VALID"` for windows inside the images; `"SAME"` for as many as there are steps: the mean is that of
            the elements inside.
        data_format: as in `max_pool`.
        name: ignored.

    Returns:
        A tensor of the same dtype with an element for each window and channel.

    Raises:
        ValueError: the number of dimensions is another, or a parameter has not as many entries as it should.
        InvalidArgumentError: a size or stride is not positive, no window fits, or there is no such layout.

    >>> import gradtape as tf
    >>> tf.nn.avg_pool(tf.reshape(tf.range(6.0), (1, 6, 1)), ksize=3, strides=3, padding="VALID").numpy().ravel()
    array([1., 4.], dtype=float32)
    """
    tensor = convert(input)
    dims = spatial(tensor)
    return means(tensor, dims, ksize, strides, padding, LAYOUTS[dims][0] if data_format is None else data_format)


@composite(
    arrays((1, 5, 2), ksize=[2], strides=[2, 1], padding=["VALID", "SAME"])
    + arrays((1, 2, 4), ksize=[3], strides=[2], padding=["SAME"], data_format=["NCW"])
)
def avg_pool1d(
    input: TensorLike, ksize: Any, strides: Any, padding: str, data_format: str = "NWC", name: str | None = None
) -> Tensor:
    """Returns the mean of each window of signals.

    Args:
        input: a tensor of floating-point numbers of shape `[batch, width, channels]`.
        ksize: the size of a window.
        strides: how far it moves.
        padding: as in `avg_pool`.
        data_format: `"NWC"`, or `"NCW"` where the channels come before the width.
        name: ignored.

    Returns:
        A tensor of the same dtype with an element for each window and channel.

    Raises:
        ValueError: a parameter has not as many entries as it should.
        InvalidArgumentError: the number of dimensions is another, a size is not positive, or no window fits.

    >>> import gradtape as tf
    >>> tf.nn.avg_pool1d([[[1.0], [3.0], [2.0]]], 2, 2, "SAME").numpy().ravel()
    array([2., 2.], dtype=float32)
    """
    return means(convert(input), 1, ksize, strides, padding, data_format)


@composite(
    arrays((1, 4, 4, 2), ksize=[2], strides=[2], padding=["VALID"])
    + arrays((1, 3, 3, 1), (0, 3, 3, 1), ksize=[[2, 3]], strides=[[1, 2]], padding=["SAME"])
    + arrays((1, 2, 4, 4), ksize=[3], strides=[2], padding=["SAME"], data_format=["NCHW"])
)
def avg_pool2d(
    input: TensorLike, ksize: Any, strides: Any, padding: str, data_format: str = "NHWC", name: str | None = None
) -> Tensor:
    """Returns the mean of each window of images.

    Args:
        input: a tensor of floating-point numbers of shape `[batch, height, width, channels]`.
        ksize: the size of a window: a number, a pair, or one for each dimension.
        strides: how far it moves, in the same way.
        padding: as in `avg_pool`.
        data_format: `"NHWC"`, or `"NCHW"` where the channels come before height and width.
        name: ignored.

    Returns:
        A tensor of the same dtype with an element for each window and channel.

    Raises:
        ValueError: a parameter has not as many entries as it should.
        InvalidArgumentError: the number of dimensions is another, a size is not positive, or no window fits.

    >>> import gradtape as tf
    >>> image = tf.reshape(tf.range(16.0), (1, 4, 4, 1))
    >>> tf.nn.avg_pool2d(image, ksize=2, strides=2, padding="VALID")[0, :, :, 0].numpy()
    array([[ 2.5,  4.5],
           [10.5, 12.5]], dtype=float32)
    """
    return means(convert(input), 2, ksize, strides, padding, data_format)


@composite(
    arrays((1, 2, 2, 3, 1), ksize=[2], strides=[1], padding=["VALID"])
    + arrays((1, 1, 2, 2, 2), ksize=[2], strides=[2], padding=["SAME"], data_format=["NCDHW"])
)
def avg_pool3d(
    input: TensorLike, ksize: Any, strides: Any, padding: str, data_format: str = "NDHWC", name: str | None = None
) -> Tensor:
    """Returns the mean of each window of volumes.

    Args:
        input: a tensor of floating-point numbers of shape `[batch, depth, height, width, channels]`.
        ksize: the size of a window: a number, one for each spatial dimension, or one for each dimension.
        strides: how far it moves, in the same way.
        padding: as in `avg_pool`.
        data_format: `"NDHWC"`, or `"NCDHW"` where the channels come before the spatial dimensions.
        name: ignored.

    Returns:
        A tensor of the same dtype with an element for each window and channel.

    Raises:
        ValueError: a parameter has not as many entries as it should.
        InvalidArgumentError: the number of dimensions is another, a size is not positive, or no window fits.

    >>> import gradtape as tf
    >>> tf.nn.avg_pool3d(tf.reshape(tf.range(8.0), (1, 2, 2, 2, 1)), 2, 2, "VALID").numpy().ravel()
    array([3.5], dtype=float32)
    """
    return means(convert(input), 3, ksize, strides, padding, data_format)


@composite(
    arrays((1, 4, 4, 1), window_shape=[[2, 2]], pooling_type=["MAX", "AVG"], dilations=[None, [2, 1]], values=DISTINCT)
    + arrays((1, 4, 2), window_shape=[[2]], pooling_type=["MAX"], strides=[[2]], padding=["SAME"], values=DISTINCT)
)
def pool(
    input: TensorLike,
    window_shape: Any,
    pooling_type: str,
    strides: Any = None,
    padding: Any = "VALID",
    data_format: str | None = None,
    dilations: Any = None,
    name: str | None = None,
) -> Tensor:
    """Returns the maximum or the mean of each window, whose elements may lie apart.

    Args:
        input: a tensor with the batch, one to three spatial dimensions and the channels.
        window_shape: a list with the size of a window along each spatial dimension.
        pooling_type: `"MAX"` or `"AVG"`.
        strides: a list of how far the window moves along each spatial dimension; 1 by default.
        padding: as in `max_pool`; for means as in `avg_pool`.
        data_format: as in `max_pool`.
        dilations: a list of how far the elements of a window lie apart along each spatial dimension; 1 by default.
        name: ignored.

    Returns:
        A tensor of the same dtype with an element for each window and channel.

    Raises:
        ValueError: there is no such type, or a list has not as many entries as it should, or one that is not positive.
        InvalidArgumentError: no window fits, or there is no such layout or padding.

    >>> import gradtape as tf
    >>> tf.nn.pool([[[1.0], [5.0], [2.0], [0.0]]], [2], "MAX", dilations=[2]).numpy().ravel()
    array([2., 5.], dtype=float32)
    """
    dims = len(as_list("window_shape", window_shape))
    if dims not in LAYOUTS:
        raise InvalidArgumentError(f"`len(window_shape)` must be 1, 2, or 3. Received: window_shape={window_shape}")
    tensor = convert(input)
    if tensor._value.ndim != dims + 2:
        raise InvalidArgumentError(f"Shape {tensor.shape} must have rank {dims + 2} for windows of {dims} dimensions.")
    if pooling_type not in ("MAX", "AVG"):
        raise InvalidArgumentError(f'pooling_type is "MAX" or "AVG"; {dims}-D {pooling_type} pooling is not supported.')
    for word, given in (("strides", strides), ("dilations", dilations)):
        if given is None:
            continue
        if len(as_list(word, given)) != dims:
            raise InvalidArgumentError(
                f"`len({word})` should be {dims}. Received: {word}={given} of length {len(given)}"
            )
        if any(each < 1 for each in as_ints(given)):
            raise InvalidArgumentError(f"all values of `{word}` must be positive. Received: {word}={given}")
    layout = LAYOUTS[dims][0] if data_format is None else data_format
    largest = pooling_type == "MAX"
    windows = image_windows(tensor, dims, window_shape, strides, padding, layout, largest, dilations)
    return window_maxima(tensor, windows) if largest else window_sums(tensor, windows, True)


class MaxPoolWithArgmax(NamedTuple):
    """What `max_pool_with_argmax` returns: the maxima, and where they stand."""

    output: Tensor
    argmax: Tensor


@composite(arrays((2, 3, 3, 2), ksize=[2], strides=[1], padding=["SAME", "VALID"], values=DISTINCT))
def max_pool_with_argmax(
    input: TensorLike,
    ksize: Any,
    strides: Any,
    padding: str,
    data_format: str = "NHWC",
    output_dtype: Any = int64,
    include_batch_in_index: bool = False,
    name: str | None = None,
) -> MaxPoolWithArgmax:
    """Returns the maximum of each window of images, and where it stands.

    Args:
        input: a tensor of real numbers of shape `[batch, height, width, channels]`.
        ksize: the size of a window: a number, a pair, or one for each dimension.
        strides: how far it moves, in the same way.
        padding: `"VALID"` or `"SAME"`.
        data_format: `"NHWC"`.
        output_dtype: the dtype of the places, `tf.int32` or `tf.int64`.
        include_batch_in_index: whether places count through the whole batch and not through each image.
        name: ignored.

    Returns:
        A named pair of tensors with an element for each window and channel: `output`, the maxima, and `argmax`, the
        places of the first ones: `(row * width + column) * channels + channel`.

    Raises:
        ValueError: the layout is another, or a parameter has not as many entries as it should.
        InvalidArgumentError: the input is not four-dimensional, a size is not positive, or `output_dtype` is another.

    >>> import gradtape as tf
    >>> maxima, places = tf.nn.max_pool_with_argmax([[[[1.0], [5.0]], [[7.0], [2.0]]]], 2, 2, "VALID")
    >>> maxima.numpy().item(), places.numpy().item()
    (7.0, 2)
    """
    if data_format != "NHWC":
        raise InvalidArgumentError(f"`data_format` values other than 'NHWC' are not supported. Received: {data_format}")
    dtype = as_dtype(output_dtype)
    if dtype not in (int32, int64):
        raise WrongTypeError(f"output_dtype is tf.int32 or tf.int64, got {dtype!r}.")
    tensor = convert(input)
    windows = image_windows(tensor, 2, ksize, strides, padding, data_format, False)
    places = window_places(tensor, windows)
    if not include_batch_in_index and tensor._value.shape[0] > 1:
        places = places % (tensor._value.size // tensor._value.shape[0])
    return MaxPoolWithArgmax(window_maxima(tensor, windows), cast(places, dtype))
