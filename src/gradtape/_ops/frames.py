"""Frames of signals: cut out, added up again, and their spectra over time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from gradtape._core.batches import as_it_is
from gradtape._core.conversion import convert
from gradtape._core.dtypes import ANY, NUMBERS
from gradtape._core.families import composite, linear
from gradtape._core.op import Array, TensorLike
from gradtape._core.sampling import arrays
from gradtape._core.tensor import Tensor
from gradtape._ops.arithmetic import square
from gradtape._ops.comparison import equal, select
from gradtape._ops.fourier import fitted, irfft, rfft
from gradtape._ops.gather import gather
from gradtape._ops.padding import pad, pad_constant
from gradtape._ops.parameters import Shape, as_axis
from gradtape._ops.reduction import reduce_sum
from gradtape._ops.signal_windows import hann_window
from gradtape._ops.structure import reshape
from gradtape.errors import InvalidArgumentError

Window = Callable[..., Any]


def framed_shape(x_shape: Shape, count: int, length: int, step: int, inner: int) -> Shape:
    """The shape rule of `framed`."""
    place = len(x_shape) - 1 - inner
    return (*x_shape[:place], count, length, *x_shape[place + 1 :])


def overlapped_shape(x_shape: Shape, step: int, size: int, inner: int) -> Shape:
    """The shape rule of `overlapped`."""
    place = len(x_shape) - 2 - inner
    return (*x_shape[:place], size, *x_shape[place + 2 :])


@linear(
    arrays((7,), count=[2], length=[3], step=[1, 2, 4], inner=[0])
    + arrays((2, 5, 2), (2, 5, 0), count=[2], length=[2], step=[2], inner=[1])
    + arrays((0, 5), count=[1, 0], length=[2], step=[3], inner=[0]),
    shape=framed_shape,
    batch=as_it_is,
    types=ANY,
    holomorphic=False,
    x=lambda g, x_shape, step, inner: overlapped(g, step, x_shape[len(x_shape) - 1 - inner], inner),
)
def framed(x: TensorLike, count: int, length: int, step: int, inner: int) -> Array:
    """Returns `count` frames of a signal, in a view, along the axis behind which are `inner` more; not for users."""
    place = x.ndim - 1 - inner
    stride = x.strides[place]
    return as_strided(
        x,
        framed_shape(x.shape, count, length, step, inner),
        (*x.strides[:place], step * stride, stride, *x.strides[place + 1 :]),
        writeable=False,
    )


def pull_frames(g: Any, x_shape: Shape, step: int, size: int, inner: int) -> Any:
    """The cotangent of frames that were added up: each is what stands in its place."""
    place = len(x_shape) - 2 - inner
    count, length = x_shape[place], x_shape[place + 1]
    missing = length + step * (count - 1) - size
    if missing > 0:
        g = pad_constant(g, ((0, 0),) * place + ((0, missing),) + ((0, 0),) * inner, 0)
    return framed(g, count, length, step, inner)


@linear(
    arrays((3, 2), (2, 3, 4), step=[1, 2, 5], size=[7, 15], inner=[0])
    + arrays((3, 2, 2), (0, 2, 3), step=[1], size=[4], inner=[1])
    + arrays((2, 0), (0, 2), step=[2], size=[2], inner=[0]),
    shape=overlapped_shape,
    batch=as_it_is,
    types=NUMBERS,
    holomorphic=False,
    x=lambda g, x_shape, step, size, inner: pull_frames(g, x_shape, step, size, inner),
)
def overlapped(x: TensorLike, step: int, size: int, inner: int) -> Array:
    """Returns a signal of `size`, the sum of frames that begin `step` after one another; not for users."""
    place = x.ndim - 2 - inner
    frames = np.moveaxis(x, (place, place + 1), (-2, -1))
    count, length = frames.shape[-2:]
    pieces = -(-length // step)
    # Blocks of one step: the first piece of every frame, then the second pieces one block later, and so on.
    blocks = count + pieces
    out = np.zeros((*frames.shape[:-2], max(blocks * step, size)), x.dtype)
    if count < pieces:
        for each in range(count):
            out[..., each * step : each * step + length] += frames[..., each, :]
    else:
        in_blocks = out[..., : blocks * step].reshape((*out.shape[:-1], blocks, step), copy=False)
        for piece in range(pieces):
            part = frames[..., piece * step : (piece + 1) * step]
            in_blocks[..., piece : piece + count, : part.shape[-1]] += part
    return np.moveaxis(out[..., :size], -1, place)


def as_whole(name: str, value: Any, error: type[Exception] = InvalidArgumentError) -> int:
    """Returns a length or a step as an integer.

    Raises:
        ValueError: it is a list.
        error: it is no integer.
    """
    if type(value) is int:
        return value
    array = convert(value)._value
    if array.ndim:
        raise InvalidArgumentError(f"{name}: Shape {array.shape} must have rank 0: one integer is wanted.")
    if array.dtype.kind not in "iu":
        raise error(f"{name} must be an integer, got {value!r}.")
    return int(array)


def positive_step(step: int) -> int:
    """Returns the step between frames; InvalidArgumentError unless it is positive."""
    if step <= 0:
        raise InvalidArgumentError(f"frame_step must be positive, got {step}.")
    return step


def required_rank(name: str, tensor: Tensor, rank: int) -> None:
    """Raises ValueError where a tensor has fewer dimensions than are needed."""
    if tensor._value.ndim < rank:
        raise InvalidArgumentError(f"{name}: Shape {tensor._value.shape} must have rank at least {rank}.")


@composite(
    arrays((7,), frame_length=[3], frame_step=[2, 4], pad_end=[False, True])
    + arrays((5, 2), frame_length=[2], frame_step=[1], pad_end=[True], pad_value=[1.5], axis=[0])
)
def frame(
    signal: TensorLike,
    frame_length: Any,
    frame_step: Any,
    pad_end: bool = False,
    pad_value: Any = 0,
    axis: Any = -1,
    name: str | None = None,
) -> Tensor:
    """Returns the frames of a signal: parts of one length, that begin one step after one another.

    The frames are a view: they take no memory of their own.

    Args:
        signal: a tensor of at least one dimension.
        frame_length: the length of a frame.
        frame_step: how far apart two of them begin.
        pad_end: whether there are frames that reach over the end, or none does.
        pad_value: what stands there.
        axis: the axis along which the signal runs.
        name: ignored.

    Returns:
        A tensor of the same dtype, with two dimensions, of frames and of numbers in a frame, in the place of `axis`.

    Raises:
        IndexError: there is no such axis.
        InvalidArgumentError: the length or the step is no integer, or not positive.
        ValueError: the signal has no dimension.

    >>> import gradtape as tf
    >>> tf.signal.frame([1, 2, 3, 4, 5], 3, 2).numpy()
    array([[1, 2, 3],
           [3, 4, 5]], dtype=int32)
    """
    tensor = convert(signal)
    length, step = as_whole("frame_length", frame_length), positive_step(as_whole("frame_step", frame_step))
    if length < 0:
        raise InvalidArgumentError(f"frame_length must be at least 0, got {length}.")
    required_rank("frame", tensor, 1)
    shape = tensor._value.shape
    place = as_axis(axis)
    if not -len(shape) <= place < len(shape):
        raise IndexError(f"frame: axis {place} is out of range for a signal of shape {list(shape)}.")
    place %= len(shape)
    size, inner = shape[place], len(shape) - 1 - place
    if pad_end:
        count = -(-size // step)
        missing = max(0, length + step * (count - 1) - size)
        tensor = pad(tensor, ((0, 0),) * place + ((0, missing),) + ((0, 0),) * inner, constant_values=pad_value)
    else:
        count = max(0, 1 + (size - length) // step)
    return framed(tensor, count, length, step, inner)


@composite(arrays((3, 4), (2, 2, 3), frame_step=[1, 2, 4, 5]))
def overlap_and_add(signal: TensorLike, frame_step: Any, name: str | None = None) -> Tensor:
    """Returns the signal that frames add up to, which begin one step after one another.

    Args:
        signal: a tensor of shape `[..., frames, frame_length]`.
        frame_step: how far apart two frames begin.
        name: ignored.

    Returns:
        A tensor of the same dtype, of shape `[..., (frames - 1) * frame_step + frame_length]`.

    Raises:
        InvalidArgumentError: the step is not positive.
        ValueError: the step is no integer, or there are fewer than two dimensions.

    >>> import gradtape as tf
    >>> tf.signal.overlap_and_add([[1, 2, 3], [10, 20, 30]], 2).numpy()
    array([ 1,  2, 13, 20, 30], dtype=int32)
    """
    tensor = convert(signal)
    required_rank("overlap_and_add", tensor, 2)
    step = positive_step(as_whole("frame_step", frame_step, ValueError))
    count, length = tensor._value.shape[-2:]
    return overlapped(tensor, step, max(0, length + step * (count - 1)), 0)


def next_power_of_two(length: int) -> int:
    """Returns the least power of two that is at least `length`; 0 for 0."""
    return 1 << (length - 1).bit_length() if length else 0


@composite(
    arrays((9,), (2, 6), frame_length=[4], frame_step=[2], fft_length=[None, 3], pad_end=[False, True])
    + arrays((7,), frame_length=[3], frame_step=[2], window_fn=[None])
)
def stft(
    signals: TensorLike,
    frame_length: Any,
    frame_step: Any,
    fft_length: Any = None,
    window_fn: Window | None = hann_window,
    pad_end: bool = False,
    name: str | None = None,
) -> Tensor:
    """Returns the spectra of a signal's frames: its short-time Fourier transform.

    Args:
        signals: a tensor of float32 or float64 of shape `[..., samples]`.
        frame_length: the length of a frame.
        frame_step: how far apart two of them begin.
        fft_length: the length of the transform; the next power of two if it is not given.
        window_fn: a function of a length and a `dtype` that returns what to multiply frames with; None for nothing.
        pad_end: whether there are frames that reach over the end, with zeros there.
        name: ignored.

    Returns:
        A tensor of complex64 or complex128 of shape `[..., frames, fft_length / 2 + 1]`.

    Raises:
        InvalidArgumentError: a length or the step is no integer, or not positive.
        ValueError: the signals have no dimension, or are of another dtype.

    >>> import gradtape as tf
    >>> tf.signal.stft(tf.range(8.0), 4, 2, window_fn=None).numpy()
    array([[ 6.+0.j, -2.+2.j, -2.+0.j],
           [14.+0.j, -2.+2.j, -2.+0.j],
           [22.+0.j, -2.+2.j, -2.+0.j]], dtype=complex64)
    """
    length = as_whole("frame_length", frame_length)
    size = next_power_of_two(length) if fft_length is None else as_whole("fft_length", fft_length, TypeError)
    frames: Any = frame(signals, length, frame_step, pad_end)
    if window_fn is not None:
        frames = frames * window_fn(length, dtype=frames.dtype)
    return rfft(frames, [size])


def inverse_stft_window_fn(
    frame_step: Any, forward_window_fn: Window = hann_window, name: str | None = None
) -> Callable[[Any, Any], Tensor]:
    """Returns the window function with which `inverse_stft` gives back the signal that `stft` took.

    Of all signals it gives the one whose frames come nearest to the given ones (Griffin and Lim, Signal estimation from
    modified short-time Fourier transform, IEEE Transactions on Acoustics, Speech, and Signal Processing, 1984,
    equation 7).

    Args:
        frame_step: how far apart two frames begin.
        forward_window_fn: the `window_fn` of `stft`.
        name: ignored.

    Returns:
        A function of a length and a `dtype`, which returns a window.

    >>> import gradtape as tf
    >>> tf.signal.inverse_stft_window_fn(2)(4, tf.float32).numpy()
    array([0., 1., 1., 1.], dtype=float32)
    """

    def window_fn(frame_length: Any, dtype: Any) -> Tensor:
        step = positive_step(as_whole("frame_step", frame_step))
        length = as_whole("frame_length", frame_length)
        window: Any = convert(forward_window_fn(length, dtype=dtype))
        overlaps = -(-length // step)
        squares = pad_constant(square(window), ((0, overlaps * step - length),), 0)
        sums = gather(reduce_sum(reshape(squares, (overlaps, step)), 0), np.arange(length) % step)
        # Where no window reaches, there is nothing to divide.
        quotient: Tensor = window / select(equal(sums, 0.0), 1.0, sums)
        return quotient

    return window_fn


def inverse_stft(
    stfts: TensorLike,
    frame_length: Any,
    frame_step: Any,
    fft_length: Any = None,
    window_fn: Window | None = hann_window,
    name: str | None = None,
) -> Tensor:
    """Returns the signal whose frames have the given spectra.

    Args:
        stfts: a tensor of complex64 or complex128 of shape `[..., frames, fft_length / 2 + 1]`.
        frame_length: the length of a frame.
        frame_step: how far apart two of them begin.
        fft_length: the length of the transform; the next power of two if it is not given.
        window_fn: a function of a length and a `dtype` that returns what to multiply frames with; None for nothing. To
            get back what `stft` took, give `tf.signal.inverse_stft_window_fn(frame_step)`.
        name: ignored.

    Returns:
        A tensor of float32 or float64 of shape `[..., samples]`.

    Raises:
        InvalidArgumentError: a length or the step is no integer, or not positive.
        ValueError: there are fewer than two dimensions, or the spectra are not complex.

    >>> import gradtape as tf
    >>> spectra = tf.signal.stft(tf.range(6.0), 4, 2)
    >>> window_fn = tf.signal.inverse_stft_window_fn(2)
    >>> tf.signal.inverse_stft(spectra, 4, 2, window_fn=window_fn).numpy().round(4)
    array([0. , 0.5, 2. , 3. , 4. , 2.5], dtype=float32)
    """
    tensor = convert(stfts)
    required_rank("inverse_stft", tensor, 2)
    length = as_whole("frame_length", frame_length)
    if length < 0:
        raise InvalidArgumentError(f"Dimension {length} must be >= 0: frame_length is the length of a frame.")
    size = next_power_of_two(length) if fft_length is None else as_whole("fft_length", fft_length)
    if size < 1:
        raise InvalidArgumentError(f"fft_length must be at least 1, got {size}.")
    frames: Any = fitted(irfft(tensor, [size]), (length,), (-1,))
    if window_fn is not None:
        frames = frames * window_fn(length, dtype=frames.dtype)
    return overlap_and_add(frames, frame_step)
