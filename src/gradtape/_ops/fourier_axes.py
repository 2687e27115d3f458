"""Fourier transforms along axes that are named, and shifts of the constant term to the middle."""

from __future__ import annotations

from typing import Any

from gradtape._core.conversion import convert
from gradtape._core.families import composite
from gradtape._core.op import TensorLike
from gradtape._core.sampling import arrays
from gradtape._core.tensor import Tensor
from gradtape._ops.fourier import as_lengths, as_signal, fitted, fourier, required_rank, signal_of, spectrum_of
from gradtape._ops.parameters import Shape, as_axes, as_ints, in_range
from gradtape._ops.structure import roll
from gradtape.errors import InvalidArgumentError

NORMS = ("backward", "forward", "ortho")


def axes_from_end(axes: Any, rank: int) -> Shape:
    """Returns the axes of a transform, counted from the end; None stands for all.

    Raises:
        InvalidArgumentError: there is no such axis, it is named twice, or none is.
    """
    given = tuple(range(rank)) if axes is None else as_ints(axes)
    places = tuple(in_range(axis, rank) - rank for axis in given)
    if not places or len(set(places)) < len(places):
        raise InvalidArgumentError(f"axes must be one or more, each named once; got {list(given)}.")
    return places


def as_norm(norm: Any) -> str:
    """Returns the name of a normalisation; ValueError if there is no such one."""
    if norm is not None and norm not in NORMS:
        raise InvalidArgumentError(f"norm must be one of {', '.join(map(repr, NORMS))}, got {norm!r}.")
    return norm or NORMS[0]


def along_axes(name: str, value: TensorLike, fft_length: Any, axes: Any, norm: Any, inverse: bool) -> Tensor:
    """Returns the complex transform along some axes; raises as `fftnd` does."""
    tensor = as_signal(name, value, real=False)
    places = axes_from_end(axes, tensor._value.ndim)
    required_rank(name, tensor, len(places))
    if fft_length is not None:
        tensor = fitted(tensor, as_lengths(fft_length, len(places)), places)
    return fourier(tensor, places, inverse, as_norm(norm))


def fftnd(
    input_tensor: TensorLike, fft_length: Any = None, axes: Any = None, norm: str | None = None, name: str | None = None
) -> Tensor:
    """Returns the Fourier transform along some axes.

    Args:
        input_tensor: a tensor of complex64 or complex128.
        fft_length: for each of the axes, to how many numbers to cut it, or to fill it up with zeros.
        axes: the axes; all if not given.
        norm: what carries the factor 1 / n: `"backward"`, the inverse (so does None); `"forward"`, this one; `"ortho"`,
            each by its root.
        name: ignored.

    Returns:
        A tensor of the same dtype.

    Raises:
        InvalidArgumentError: the axes or lengths do not fit.
        ValueError: the input is not complex, or there is no such norm.

    >>> import gradtape as tf
    >>> tf.signal.fftnd(tf.ones([2, 2], tf.complex64), axes=[0]).numpy()
    array([[2.+0.j, 2.+0.j],
           [0.+0.j, 0.+0.j]], dtype=complex64)
    """
    return along_axes("fftnd", input_tensor, fft_length, axes, norm, inverse=False)


def ifftnd(
    input_tensor: TensorLike, fft_length: Any = None, axes: Any = None, norm: str | None = None, name: str | None = None
) -> Tensor:
    """Returns the inverse Fourier transform along some axes.

    Args:
        input_tensor: a tensor of complex64 or complex128.
        fft_length: for each of the axes, to how many numbers to cut it, or to fill it up with zeros.
        axes: the axes; all if not given.
        norm: what carries the factor 1 / n: `"backward"`, this one (so does None); `"forward"`, the transform;
            `"ortho"`, each by its root.
        name: ignored.

    Returns:
        A tensor of the same dtype.

    Raises:
        InvalidArgumentError: the axes or lengths do not fit.
        ValueError: the input is not complex, or there is no such norm.

    >>> import gradtape as tf
    >>> tf.signal.ifftnd(tf.ones([2, 2], tf.complex64), axes=[0]).numpy()
    array([[1.+0.j, 1.+0.j],
           [0.+0.j, 0.+0.j]], dtype=complex64)
    """
    return along_axes("ifftnd", input_tensor, fft_length, axes, norm, inverse=True)


@composite(
    arrays((2, 3), fft_length=[None, [4], [2]], axes=[[0]], norm=["ortho", None])
    + arrays((2, 3, 4), fft_length=[None, [3, 2]], axes=[[2, 0]], norm=["forward"])
)
def rfftnd(
    input_tensor: TensorLike, fft_length: Any = None, axes: Any = None, norm: str | None = None, name: str | None = None
) -> Tensor:
    """Returns the half of the Fourier transform of real numbers along some axes that implies the other.

    Args:
        input_tensor: a tensor of float32 or float64.
        fft_length: for each of the axes, to how many numbers to cut it, or to fill it up with zeros.
        axes: the axes; all if not given. The last of them is the one that is halved.
        norm: what carries the factor 1 / n, as for `fftnd`.
        name: ignored.

    Returns:
        A tensor of complex64 or complex128, with `n / 2 + 1` elements along the last of the axes.

    Raises:
        InvalidArgumentError: the axes or lengths do not fit.
        ValueError: the input is of another dtype, or there is no such norm.

    >>> import gradtape as tf
    >>> tf.signal.rfftnd(tf.ones([3, 2]), axes=[0]).numpy()
    array([[3.+0.j, 3.+0.j],
           [0.+0.j, 0.+0.j]], dtype=complex64)
    """
    tensor = as_signal("rfftnd", input_tensor, real=True)
    return spectrum_of("rfftnd", tensor, fft_length, axes_from_end(axes, tensor._value.ndim), as_norm(norm))


def irfftnd(
    input_tensor: TensorLike, fft_length: Any = None, axes: Any = None, norm: str | None = None, name: str | None = None
) -> Tensor:
    """Returns the real numbers whose transform along some axes has the given half.

    Args:
        input_tensor: a tensor of complex64 or complex128, with `n / 2 + 1` elements along the last of the axes.
        fft_length: for each of the axes, the size of the result; an even last one if it is not given.
        axes: the axes; all if not given.
        norm: what carries the factor 1 / n, as for `ifftnd`.
        name: ignored.

    Returns:
        A tensor of float32 or float64.

    Raises:
        InvalidArgumentError: the axes or lengths do not fit.
        ValueError: the input is not complex, or there is no such norm.

    >>> import gradtape as tf
    >>> tf.signal.irfftnd(tf.ones([2, 2], tf.complex64), [3], axes=[0]).numpy()
    array([[1., 1.],
           [0., 0.],
           [0., 0.]], dtype=float32)
    """
    tensor = as_signal("irfftnd", input_tensor, real=False)
    return signal_of("irfftnd", tensor, fft_length, axes_from_end(axes, tensor._value.ndim), as_norm(norm))


def shifted_to_middle(x: TensorLike, axes: Any, back: bool) -> Tensor:
    """Returns a tensor rolled by half of its length along some axes; raises as `fftshift` does."""
    tensor = convert(x)
    shape = tensor._value.shape
    places = as_axes(axes)
    if places is None:
        places = tuple(range(len(shape)))
    halves = tuple(shape[in_range(axis, len(shape))] // 2 for axis in places)
    return roll(tensor, tuple(-half for half in halves) if back else halves, places)


@composite(arrays((5,), (3, 4), axes=[None, 0, [-1]]))
def fftshift(x: TensorLike, axes: Any = None, name: str | None = None) -> Tensor:
    """Returns a spectrum with the constant term moved from the front to the middle.

    Args:
        x: a tensor of at least one dimension.
        axes: the axis or axes along which to move; all if not given.
        name: ignored.

    Returns:
        A tensor of the same dtype and shape.

    Raises:
        InvalidArgumentError: there is no such axis.

    >>> import gradtape as tf
    >>> tf.signal.fftshift([0, 1, 2, -2, -1]).numpy()
    array([-2, -1,  0,  1,  2], dtype=int32)
    """
    return shifted_to_middle(x, axes, back=False)


@composite(arrays((5,), (3, 4), axes=[None, 0, [-1]]))
def ifftshift(x: TensorLike, axes: Any = None, name: str | None = None) -> Tensor:
    """Returns a spectrum with the constant term moved from the middle back to the front.

    Args:
        x: a tensor of at least one dimension.
        axes: the axis or axes along which to move; all if not given.
        name: ignored.

    Returns:
        A tensor of the same dtype and shape.

    Raises:
        InvalidArgumentError: there is no such axis.

    >>> import gradtape as tf
    >>> tf.signal.ifftshift([-2, -1, 0, 1, 2]).numpy()
    array([ 0,  1,  2, -2, -1], dtype=int32)
    """
    return shifted_to_middle(x, axes, back=True)
