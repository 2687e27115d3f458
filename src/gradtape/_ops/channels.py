"""What runs along the channels of images: biases, and the normalisation by their neighbours."""

from __future__ import annotations

from typing import Any

from gradtape._core.conversion import convert
from gradtape._core.dtypes import BY_NUMPY
from gradtape._core.families import composite
from gradtape._core.op import TensorLike
from gradtape._core.sampling import Values, arrays
from gradtape._core.tensor import Tensor
from gradtape._ops.arithmetic import add, pow, square
from gradtape._ops.casting import cast
from gradtape._ops.parameters import as_real, as_setting
from gradtape._ops.structure import reshape
from gradtape._ops.windows import ONE, window_sums
from gradtape.errors import InvalidArgumentError, WrongTypeError


@composite(arrays(((2, 3), (3,)), ((2, 2, 2, 3), (3,))) + arrays(((2, 3, 2), (3,)), data_format=["NCW"]))
def bias_add(value: TensorLike, bias: TensorLike, data_format: str | None = None, name: str | None = None) -> Tensor:
    """Returns a tensor with a number added to each of its channels.

    Args:
        value: a tensor of numbers of at least two dimensions.
        bias: a vector of the same dtype, with a number for each channel.
        data_format: `"NHWC"` or another layout with the channels last, the default; `"NCHW"` or another one that begins
            with `"NC"` where they are the second dimension.
        name: ignored.

    Returns:
        A tensor of the shape and dtype of `value`.

    Raises:
        InvalidArgumentError: the shapes or dtypes do not fit.
        ValueError: there is no such layout.

    >>> import gradtape as tf
    >>> tf.nn.bias_add([[1.0, 2.0], [3.0, 4.0]], [10.0, 20.0]).numpy()
    array([[11., 22.],
           [13., 24.]], dtype=float32)
    """
    first = False
    if data_format is not None:
        first = isinstance(data_format, str) and data_format.startswith("NC")
        if not first and not (
            isinstance(data_format, str) and data_format.startswith("N") and data_format.endswith("C")
        ):
            raise InvalidArgumentError(
                f"`data_format` must be of the form `N...C` or `NC...`. Received: {data_format!r}"
            )
    tensor = convert(value)
    dtype = BY_NUMPY[tensor._value.dtype]
    biases = convert(bias, None if isinstance(bias, Tensor) or hasattr(bias, "_read") else dtype)
    shape, numbers = tensor._value.shape, biases._value.shape
    if biases._value.dtype != tensor._value.dtype:
        raise WrongTypeError(f"bias_add: value is {dtype.name}, but bias {biases.dtype.name}.")
    if len(shape) < 2:
        raise InvalidArgumentError(f"Input tensor must be at least 2D: {list(shape)}.")
    if len(numbers) != 1:
        raise InvalidArgumentError(f"Biases must be 1D: {list(numbers)}.")
    if numbers[0] != shape[1 if first else -1]:
        raise InvalidArgumentError(
            f"Must provide as many biases as the input tensor has channels: {list(numbers)} vs. {list(shape)}."
        )
    if first and len(shape) > 2:
        biases = reshape(biases, (numbers[0], *(1,) * (len(shape) - 2)))
    return add(tensor, biases)


@composite(
    arrays((1, 2, 1, 4), (1, 1, 0, 2), depth_radius=[1], bias=[1.0, 2.0], alpha=[0.5], values=Values(0.5, 2.0))
    + arrays((1, 1, 2, 3), depth_radius=[2], beta=[0.75], values=Values(0.5, 2.0))
)
def local_response_normalization(
    input: TensorLike,
    depth_radius: Any = 5,
    bias: float = 1,
    alpha: float = 1,
    beta: float = 0.5,
    name: str | None = None,
) -> Tensor:
    """Returns images divided by a measure of the neighbouring channels at each pixel.

    It is `input / (bias + alpha * s) ** beta` with the sum `s` of the squares of the channels up to `depth_radius` away
    (Krizhevsky, Sutskever and Hinton, "ImageNet classification with deep convolutional neural networks", 2012, 3.3).

    Args:
        input: a tensor of floating-point numbers of shape `[batch, height, width, channels]`.
        depth_radius: how many channels to count on each side.
        bias: what keeps the divisor from 0.
        alpha: the factor of the sum.
        beta: the exponent.
        name: ignored.

    Returns:
        A tensor of the same shape and dtype.

    Raises:
        InvalidArgumentError: the input is not four-dimensional or of another dtype, or the radius is negative.
        TypeError: a parameter is no number.

    >>> import gradtape as tf
    >>> tf.nn.local_response_normalization([[[[3.0, 4.0]]]], bias=0.0).numpy()
    array([[[[0.6, 0.8]]]], dtype=float32)
    """
    radius = as_setting("depth_radius", 5 if depth_radius is None else depth_radius)
    for word, number in {"bias": bias, "alpha": alpha, "beta": beta}.items():
        if isinstance(number, Tensor):
            raise WrongTypeError(f"Expected a number for argument {word!r} not {number!r}.")
    bias, alpha, beta = as_real("bias", bias), as_real("alpha", alpha), as_real("beta", beta)
    tensor = convert(input)
    shape, dtype = tensor._value.shape, tensor.dtype
    if len(shape) != 4:
        raise InvalidArgumentError(f"in must be 4-dimensional, got shape {list(shape)}.")
    if radius < 0:
        raise InvalidArgumentError(f"depth_radius must be at least 0, got {depth_radius}.")
    if not dtype.is_floating:
        raise WrongTypeError(f"local_response_normalization takes floating-point numbers, got {dtype.name}.")
    values = cast(tensor, "float32") if dtype.size == 2 else tensor
    channels = shape[3]
    reach = min(radius, max(channels - 1, 0))
    windows = (ONE, ONE, ONE, (2 * reach + 1, 1, reach, reach, 1) if reach else ONE)
    divisor = bias + alpha * window_sums(square(values), windows)
    result: Tensor = cast(values * pow(divisor, -beta), dtype)
    return result


# TensorFlow's short name for it.
lrn = local_response_normalization
