"""Fourier transforms as TensorFlow's lower level has them: along axes, of lengths, both of which are always given."""

from __future__ import annotations

from typing import Any

from gradtape._core.dtypes import DType, as_dtype, complex64, float32, float64
from gradtape._core.op import TensorLike
from gradtape._core.tensor import Tensor
from gradtape._ops import fourier_axes
from gradtape._ops.casting import cast
from gradtape.errors import WrongTypeError


def fftnd(input: TensorLike, fft_length: Any, axes: Any, name: str | None = None) -> Tensor:
    """Returns the Fourier transform along some axes.

    Args:
        input: a tensor of complex64 or complex128.
        fft_length: for each of the axes, to how many numbers to cut it, or to fill it up with zeros.
        axes: the axes.
        name: ignored.

    Returns:
        A tensor of the same dtype.

    Raises:
        InvalidArgumentError: the axes or lengths do not fit.
        ValueError: the input is not complex.

    >>> import gradtape as tf
    >>> tf.fftnd(tf.ones([2, 2], tf.complex64), [2], [0]).numpy()
    array([[2.+0.j, 2.+0.j],
           [0.+0.j, 0.+0.j]], dtype=complex64)
    """
    return fourier_axes.fftnd(input, fft_length, axes)


def ifftnd(input: TensorLike, fft_length: Any, axes: Any, name: str | None = None) -> Tensor:
    """Returns the inverse Fourier transform along some axes.

    Args:
        input: a tensor of complex64 or complex128.
        fft_length: for each of the axes, to how many numbers to cut it, or to fill it up with zeros.
        axes: the axes.
        name: ignored.

    Returns:
        A tensor of the same dtype.

    Raises:
        InvalidArgumentError: the axes or lengths do not fit.
        ValueError: the input is not complex.

    >>> import gradtape as tf
    >>> tf.ifftnd(tf.ones([2, 2], tf.complex64), [2], [0]).numpy()
    array([[1.+0.j, 1.+0.j],
           [0.+0.j, 0.+0.j]], dtype=complex64)
    """
    return fourier_axes.ifftnd(input, fft_length, axes)


def as_result(dtype: Any, whole: bool) -> DType:
    """Returns the dtype of a transform's result; WrongTypeError for one that is not complex, or not floating-point."""
    kind = as_dtype(dtype)
    if not (kind.is_complex if whole else kind in (float32, float64)):
        raise WrongTypeError(f"{kind.name} is no dtype of {'a spectrum' if whole else 'a signal'}.")
    return kind


def rfftnd(input: TensorLike, fft_length: Any, axes: Any, Tcomplex: Any = complex64, name: str | None = None) -> Tensor:
    """Returns the half of the Fourier transform of real numbers along some axes that implies the other.

    Args:
        input: a tensor of float32 or float64.
        fft_length: for each of the axes, to how many numbers to cut it, or to fill it up with zeros.
        axes: the axes.
        Tcomplex: the dtype of the result.
        name: ignored.

    Returns:
        A tensor of dtype `Tcomplex`.

    Raises:
        InvalidArgumentError: the axes or lengths do not fit.
        ValueError: the input is of another dtype.

    >>> import gradtape as tf
    >>> tf.rfftnd(tf.ones([3, 2]), [3], [0]).numpy()
    array([[3.+0.j, 3.+0.j],
           [0.+0.j, 0.+0.j]], dtype=complex64)
    """
    result: Tensor = cast(fourier_axes.rfftnd(input, fft_length, axes), as_result(Tcomplex, True))
    return result


def irfftnd(input: TensorLike, fft_length: Any, axes: Any, Treal: Any = float32, name: str | None = None) -> Tensor:
    """Returns the real numbers whose transform along some axes has the given half.

    Args:
        input: a tensor of complex64 or complex128.
        fft_length: for each of the axes, the size of the result.
        axes: the axes.
        Treal: the dtype of the result.
        name: ignored.

    Returns:
        A tensor of dtype `Treal`.

    Raises:
        InvalidArgumentError: the axes or lengths do not fit.
        ValueError: the input is not complex.

    >>> import gradtape as tf
    >>> tf.irfftnd(tf.ones([2, 2], tf.complex64), [3], [0]).numpy()
    array([[1., 1.],
           [0., 0.],
           [0., 0.]], dtype=float32)
    """
    result: Tensor = cast(fourier_axes.irfftnd(input, fft_length, axes), as_result(Treal, False))
    return result
