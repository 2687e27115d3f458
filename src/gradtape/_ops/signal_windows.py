"""Windows that signals are multiplied with, and the weights of the mel scale."""

from __future__ import annotations

from math import pi
from typing import Any

import numpy as np

from gradtape._core.conversion import convert
from gradtape._core.dtypes import DType, as_dtype, float32
from gradtape._core.families import composite
from gradtape._core.op import Array, TensorLike
from gradtape._core.sampling import Values, arrays
from gradtape._core.tensor import Tensor, make_tensor
from gradtape._ops.arithmetic import sqrt
from gradtape._ops.casting import cast
from gradtape._ops.exponential import exp, log
from gradtape._ops.extrema import maximum, minimum
from gradtape._ops.joining import concat
from gradtape._ops.padding import pad_constant
from gradtape._ops.parameters import as_flag, as_ints, as_number, as_real
from gradtape._ops.ranges import linspace
from gradtape._ops.scan import cumsum
from gradtape._ops.special_bessel import bessel_i0e
from gradtape._ops.steps import one_step
from gradtape._ops.structure import expand_dims, reverse
from gradtape.errors import InvalidArgumentError, WrongTypeError

# The mel scale of the Hidden Markov Model Toolkit: mel = 1127 log(1 + hertz / 700).
MELS, BREAK = 1127.0, 700.0


def as_length(value: Any) -> int:
    """Returns the length of a window.

    Raises:
        TypeError: it is no integer.
        ValueError: it is a list.
        InvalidArgumentError: it is negative.
    """
    if type(value) is not int:
        if isinstance(value, float):
            raise WrongTypeError(f"window_length must be an integer, got {value!r}.")
        if convert(value)._value.ndim:
            raise InvalidArgumentError(f"window_length must be one integer, without dimensions; got {value!r}.")
        (value,) = as_ints(value)
    if value < 0:
        raise InvalidArgumentError(f"window_length must be at least 0, got {value}.")
    return int(value)


def as_float_dtype(dtype: Any) -> DType:
    """Returns the dtype of a window; ValueError unless it is one of floating-point numbers."""
    found = as_dtype(dtype)
    if not found.is_floating:
        raise WrongTypeError(f"dtype must be a floating point type. Found {found!r}")
    return found


def raised_cosine(window_length: Any, periodic: Any, dtype: Any, base: float, height: float) -> Tensor:
    """Returns `base - height * cos` over one period."""
    kind = as_float_dtype(dtype).numpy
    length = as_length(window_length)
    if length == 1:
        return make_tensor(np.ones(1, kind))
    # An even window that is periodic ends one step before it would be back at its first value.
    steps = length + int(as_flag("periodic", periodic) and length % 2 == 0) - 1
    angle = np.asarray(2 * pi, kind) * np.arange(length).astype(kind) / np.asarray(steps, kind)
    return make_tensor((base - height * np.cos(angle)).astype(kind))


def hann_window(window_length: Any, periodic: Any = True, dtype: Any = float32, name: str | None = None) -> Tensor:
    """Returns Hann's window, one period of a cosine raised to touch 0.

    Args:
        window_length: how many numbers.
        periodic: whether a window of even length leaves out the last of the symmetric ones, as spectra want it.
        dtype: the dtype, of floating-point numbers.
        name: ignored.

    Returns:
        A tensor of shape `[window_length]`.

    Raises:
        ValueError: the dtype is not one of floating-point numbers.

    >>> import gradtape as tf
    >>> tf.signal.hann_window(4).numpy().round(4)
    array([0. , 0.5, 1. , 0.5], dtype=float32)
    """
    return raised_cosine(window_length, periodic, dtype, 0.5, 0.5)


def hamming_window(window_length: Any, periodic: Any = True, dtype: Any = float32, name: str | None = None) -> Tensor:
    """Returns Hamming's window, one period of a cosine that stays above 0.

    Args:
        window_length: how many numbers.
        periodic: whether a window of even length leaves out the last of the symmetric ones, as spectra want it.
        dtype: the dtype, of floating-point numbers.
        name: ignored.

    Returns:
        A tensor of shape `[window_length]`.

    Raises:
        ValueError: the dtype is not one of floating-point numbers.

    >>> import gradtape as tf
    >>> tf.signal.hamming_window(4).numpy().round(4)
    array([0.08, 0.54, 1.  , 0.54], dtype=float32)
    """
    return raised_cosine(window_length, periodic, dtype, 0.54, 0.46)


@composite(arrays((), values=Values(1.0, 8.0), dtype=[None]))
def kaiser_for(beta: TensorLike, dtype: Any = None) -> Tensor:
    """Returns Kaiser's window of 5 numbers; not for users."""
    tensor = convert(beta)
    return kaiser_window(5, tensor, tensor.dtype)


def kaiser_window(window_length: Any, beta: TensorLike = 12.0, dtype: Any = float32, name: str | None = None) -> Tensor:
    """Returns Kaiser's window, of which a parameter trades the width of a spectrum's lines for their feet.

    Args:
        window_length: how many numbers.
        beta: the parameter; gradients reach it.
        dtype: the dtype, of floating-point numbers.
        name: ignored.

    Returns:
        A tensor of shape `[window_length]`.

    Raises:
        ValueError: the dtype is not one of floating-point numbers.

    >>> import gradtape as tf
    >>> tf.signal.kaiser_window(5, 4.0).numpy().round(4)
    array([0.0885, 0.6334, 1.    , 0.6334, 0.0885], dtype=float32)
    """
    wanted = as_float_dtype(dtype)
    length, kind = as_length(window_length), wanted.numpy
    if length == 1:
        return make_tensor(np.ones(1, kind))
    half = np.float32((length - 1.0) / 2.0)
    place: Array = (np.arange(length, dtype=np.float32) - half).astype(kind) / half.astype(kind)
    root = np.sqrt(np.maximum(1.0 - np.square(place), 0.0)).astype(kind)
    parameter = cast(beta, wanted)
    height: Any = parameter * make_tensor(root)
    window: Any = exp(height - parameter) * (bessel_i0e(height) / bessel_i0e(parameter))
    result: Tensor = window
    return result


def kaiser_bessel_derived_window(
    window_length: Any, beta: TensorLike = 12.0, dtype: Any = float32, name: str | None = None
) -> Tensor:
    """Returns the window whose squares are running shares of Kaiser's: the overlapping halves of two add up to 1.

    Args:
        window_length: how many numbers; an odd one counts as the even one below it.
        beta: the parameter of Kaiser's window; gradients reach it.
        dtype: the dtype, of floating-point numbers.
        name: ignored.

    Returns:
        A tensor of shape `[window_length]`.

    Raises:
        ValueError: the dtype is not one of floating-point numbers.

    >>> import gradtape as tf
    >>> tf.signal.kaiser_bessel_derived_window(4, 4.0).numpy().round(4)
    array([0.2742, 0.9617, 0.9617, 0.2742], dtype=float32)
    """
    wanted = as_float_dtype(dtype)
    sums = cumsum(kaiser_window(as_length(window_length) // 2 + 1, beta, wanted))
    half: Tensor = sqrt(sums[:-1] / sums[-1])
    return concat([half, reverse(half, (0,))], 0)


def vorbis_window(window_length: Any, dtype: Any = float32, name: str | None = None) -> Tensor:
    """Returns the window of the Vorbis codec: the squares of its overlapping halves add up to 1.

    Args:
        window_length: how many numbers.
        dtype: the dtype, of floating-point numbers.
        name: ignored.

    Returns:
        A tensor of shape `[window_length]`.

    Raises:
        ValueError: the dtype is not one of floating-point numbers.

    >>> import gradtape as tf
    >>> tf.signal.vorbis_window(4).numpy().round(4)
    array([0.228 , 0.9737, 0.9737, 0.228 ], dtype=float32)
    """
    kind = as_float_dtype(dtype).numpy
    length = as_length(window_length)
    place = np.arange(length).astype(kind) + kind.type(0.5)
    sine = np.sin(kind.type(pi) / kind.type(max(length, 1)) * place)
    return make_tensor(np.sin(kind.type(pi / 2) * np.square(sine)))


def as_mels(hertz: Any) -> Any:
    """Returns frequencies on the mel scale."""
    return MELS * log(1.0 + hertz / BREAK)


@one_step("linear_to_mel_weight_matrix", varies=True)
def linear_to_mel_weight_matrix(
    num_mel_bins: Any = 20,
    num_spectrogram_bins: Any = 129,
    sample_rate: Any = 8000,
    lower_edge_hertz: TensorLike = 125.0,
    upper_edge_hertz: TensorLike = 3800.0,
    dtype: Any = float32,
    name: str | None = None,
) -> Tensor:
    """Returns the matrix that sums a spectrogram's frequencies into triangular bands of equal width on the mel scale.

    The scale is that of Young et al., The HTK Book, section 5.4; no band takes the constant term.

    Args:
        num_mel_bins: how many bands.
        num_spectrogram_bins: how many frequencies the spectrogram has, from 0 to half of the sample rate.
        sample_rate: how many samples a second has.
        lower_edge_hertz: where the lowest band begins; gradients reach it.
        upper_edge_hertz: where the highest band ends; gradients reach it.
        dtype: the dtype, of floating-point numbers.
        name: ignored.

    Returns:
        A tensor of shape `[num_spectrogram_bins, num_mel_bins]`, to be multiplied from the right.

    Raises:
        ValueError: the edges are not in order, or are beyond half of the sample rate; a number is not positive; the
            dtype is not one of floating-point numbers.

    >>> import gradtape as tf
    >>> tf.signal.linear_to_mel_weight_matrix(2, 5).numpy().round(2)
    array([[0.  , 0.  ],
           [0.72, 0.28],
           [0.  , 0.9 ],
           [0.  , 0.35],
           [0.  , 0.  ]], dtype=float32)
    """
    lower, upper, rate = (
        as_real("an edge or the sample rate", each) for each in (lower_edge_hertz, upper_edge_hertz, sample_rate)
    )
    num_mel_bins = as_number("num_mel_bins", num_mel_bins)
    wanted = as_dtype(dtype)
    if num_mel_bins <= 0:
        raise InvalidArgumentError(f"num_mel_bins must be positive. Got: {num_mel_bins}")
    if lower < 0.0:
        raise InvalidArgumentError(f"lower_edge_hertz must be non-negative. Got: {lower}")
    if lower >= upper:
        raise InvalidArgumentError(f"lower_edge_hertz must be below upper_edge_hertz. Got: {lower} and {upper}")
    if rate <= 0.0:
        raise InvalidArgumentError(f"sample_rate must be positive. Got: {rate}")
    if upper > rate / 2:
        raise InvalidArgumentError(
            f"upper_edge_hertz must not be larger than half of the sample rate. Got {upper} for sample_rate: {rate}"
        )
    if not wanted.is_floating:
        raise WrongTypeError(f"dtype must be a floating point type. Got: {wanted!r}")
    edges = [
        as_mels(cast(each, wanted) if isinstance(each, Tensor) else convert(each, wanted))
        for each in (lower_edge_hertz, upper_edge_hertz)
    ]
    nyquist = make_tensor(np.asarray(rate, wanted.numpy) / wanted.numpy.type(2.0))
    frequencies = linspace(make_tensor(np.zeros((), wanted.numpy)), nyquist, num_spectrogram_bins)[1:]
    mels = expand_dims(as_mels(frequencies), 1)
    corners: Any = linspace(edges[0], edges[1], num_mel_bins + 2)
    below, centre, above = corners[:-2], corners[1:-1], corners[2:]
    rising = (mels - below) / (centre - below)
    falling = (above - mels) / (above - centre)
    return pad_constant(maximum(make_tensor(np.zeros((), wanted.numpy)), minimum(rising, falling)), ((1, 0), (0, 0)), 0)
