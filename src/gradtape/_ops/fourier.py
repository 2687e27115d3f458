"""Fourier transforms: complex, of real signals, along one axis or several."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape._core.batches import as_it_is
from gradtape._core.conversion import convert
from gradtape._core.dtypes import COMPLEX, complex64, float32
from gradtape._core.families import composite, linear
from gradtape._core.op import Array, TensorLike
from gradtape._core.sampling import arrays
from gradtape._core.tensor import Tensor
from gradtape._core.variable import Variable
from gradtape._ops.complexes import HALVES
from gradtape._ops.padding import pad_constant
from gradtape._ops.parameters import Shape, as_ints
from gradtape._ops.slicing import getitem
from gradtape.errors import InvalidArgumentError, WrongTypeError

# Who carries the factor 1/n: a transform, its inverse, or both by a root. The adjoint exchanges the first two.
ADJOINT = {"backward": "forward", "forward": "backward", "ortho": "ortho"}


def bins(size: int) -> int:
    """Returns how many frequencies a real signal of a length has; the others are their conjugates."""
    return size // 2 + 1 if size else 0


def twice_counted(x: Array, axis: int, size: int) -> Array:
    """Returns the part of a spectrum that stands for its mirror image too: all but the constant and the fastest."""
    return np.moveaxis(x, axis, 0)[1 : (size + 1) // 2]


def spectrum_shape(x_shape: Shape, axes: Shape, **params: Any) -> Shape:
    """The shape rule of `real_fourier`."""
    last = axes[-1] + len(x_shape)
    return (*x_shape[:last], bins(x_shape[last]), *x_shape[last + 1 :])


def signal_shape(x_shape: Shape, axes: Shape, size: int, **params: Any) -> Shape:
    """The shape rule of `inverse_real_fourier`."""
    last = axes[-1] + len(x_shape)
    return (*x_shape[:last], size, *x_shape[last + 1 :])


@linear(
    arrays((4,), (2, 3), (0, 3), axes=[(-1,)], inverse=[False, True], norm=["backward", "ortho"])
    + arrays((2, 3, 2), axes=[(-3, -1), (-1, -2)], inverse=[False, True], norm=["forward"]),
    shape=lambda x_shape, **params: x_shape,
    batch=as_it_is,
    types=COMPLEX,
    holomorphic=False,
    x=lambda g, axes, inverse, norm: fourier(g, axes, not inverse, ADJOINT[norm]),
)
def fourier(x: TensorLike, axes: Shape, inverse: bool, norm: str) -> Array:
    """Returns the Fourier transform along axes that are counted from the end, or the inverse one; not for users."""
    if not x.size:
        return np.zeros_like(x)
    from scipy import fft as library

    if len(axes) == 1:
        return (library.ifft if inverse else library.fft)(x, axis=axes[0], norm=norm)
    return (library.ifftn if inverse else library.fftn)(x, axes=axes, norm=norm)


@linear(
    arrays((4,), (2, 3), (1,), (0, 3), (2, 0), axes=[(-1,)], norm=["backward"], doubled=[False, True])
    + arrays((3, 4, 2), axes=[(-3, -2), (-1, -3)], norm=["forward", "ortho"], doubled=[False, True]),
    shape=spectrum_shape,
    batch=as_it_is,
    types=HALVES,
    holomorphic=False,
    x=lambda g, x_shape, axes, norm, doubled: inverse_real_fourier(
        g, axes, x_shape[axes[-1]], ADJOINT[norm], not doubled
    ),
)
def real_fourier(x: TensorLike, axes: Shape, norm: str, doubled: bool) -> Array:
    """Returns the half of a real signal's spectrum that says all, along the last of `axes`; not for users.

    `doubled` multiplies the frequencies by 2 of which the other half holds a mirror image: so it is the adjoint of the
    inverse transform, which reads these once and uses them twice.
    """
    if not x.size:
        return np.zeros(spectrum_shape(x.shape, axes), np.result_type(x.dtype, np.complex64))
    from scipy import fft as library

    if len(axes) == 1:
        out = library.rfft(x, axis=axes[0], norm=norm)
    else:
        out = library.rfftn(x, axes=axes, norm=norm)
    if doubled:
        part = twice_counted(out, axes[-1], x.shape[axes[-1]])
        part *= 2
    return out


@linear(
    arrays((3,), (2, 3), (0, 3), axes=[(-1,)], size=[4, 5], norm=["backward"], halved=[False, True])
    + arrays((2, 0), axes=[(-1,)], size=[0], norm=["backward"], halved=[False, True])
    + arrays((2, 3, 2), axes=[(-3, -2), (-1, -2)], size=[4], norm=["forward", "ortho"], halved=[False, True]),
    shape=signal_shape,
    batch=as_it_is,
    types=COMPLEX,
    holomorphic=False,
    x=lambda g, axes, norm, halved: real_fourier(g, axes, ADJOINT[norm], not halved),
)
def inverse_real_fourier(x: TensorLike, axes: Shape, size: int, norm: str, halved: bool) -> Array:
    """Returns the real signal, `size` long on the last of `axes`, of half a spectrum; not for users.

    `halved` takes half of the frequencies that are used twice: so it is the adjoint of `real_fourier`.
    """
    shape = signal_shape(x.shape, axes, size)
    if not x.size or not size:
        return np.zeros(shape, x.real.dtype)
    from scipy import fft as library

    if halved:
        x = x.copy()
        part = twice_counted(x, axes[-1], size)
        part *= 0.5
    if len(axes) == 1:
        return library.irfft(x, size, axis=axes[0], norm=norm)
    return library.irfftn(x, [shape[axis] for axis in axes], axes=axes, norm=norm)


def fitted(tensor: Tensor, lengths: Shape, axes: Shape) -> Tensor:
    """Returns a tensor cut, or with zeros behind, to lengths along axes that are counted from the end."""
    shape = tensor._value.shape
    wanted = dict(zip(axes, lengths, strict=True))
    sizes = [wanted.get(axis - len(shape), size) for axis, size in enumerate(shape)]
    if any(new < old for new, old in zip(sizes, shape, strict=True)):
        tensor = getitem(tensor, tuple(slice(min(new, old)) for new, old in zip(sizes, shape, strict=True)))
    if any(new > old for new, old in zip(sizes, shape, strict=True)):
        behind = tuple((0, max(new - old, 0)) for new, old in zip(sizes, shape, strict=True))
        tensor = pad_constant(tensor, behind, 0)
    return tensor


def as_lengths(value: Any, count: int) -> Shape:
    """Returns the lengths of a transform along `count` axes.

    Raises:
        InvalidArgumentError: there are more or fewer, or one is negative.
        TypeError: they are no list of integers.
    """
    if not isinstance(value, Tensor | Variable | list | tuple | np.ndarray):
        raise WrongTypeError(f"fft_length must be a list of {count} integers, got {value!r}.")
    kinds = {type(each) for each in value} if isinstance(value, list | tuple) else set()
    if float in kinds:
        raise WrongTypeError(f"fft_length must be integers, got {value!r}.")
    lengths = as_ints(value)
    if len(lengths) != count:
        raise InvalidArgumentError(f"fft_length must have shape [{count}]: one length per axis; got {list(lengths)}.")
    for position, length in enumerate(lengths):
        if length < 0:
            raise InvalidArgumentError(f"fft_length[{position}] must be >= 0, but got: {length}.")
    return lengths


def as_signal(name: str, value: TensorLike, real: bool) -> Tensor:
    """Returns the input of a transform as a tensor; what has no dtype yet takes single precision.

    Raises:
        ValueError: it is of the wrong kind of numbers.
    """
    try:
        given = isinstance(value, Tensor | Variable | np.ndarray | np.generic)
        tensor = convert(value) if given else convert(value, float32 if real else complex64)
    except TypeError:
        tensor = convert(value)
    allowed = HALVES if real else COMPLEX
    if tensor._value.dtype not in allowed:
        kinds, cure = ("float32 or float64", "float32") if real else ("complex64 or complex128", "complex64")
        raise WrongTypeError(
            f"{name} requires {kinds} inputs, got {tensor.dtype.name}. Write tf.cast(x, tf.{cure}) first."
        )
    return tensor


def last_axes(count: int) -> Shape:
    """Returns the last `count` axes, counted from the end."""
    return tuple(range(-count, 0))


def required_rank(name: str, tensor: Tensor, count: int) -> None:
    """Raises ValueError where a tensor has fewer axes than a transform."""
    if tensor._value.ndim < count:
        raise InvalidArgumentError(f"{name}: Shape {tensor._value.shape} must have rank at least {count}.")


def transformed(name: str, value: TensorLike, count: int, inverse: bool) -> Tensor:
    """Returns the complex transform along the last `count` axes.

    Raises:
        InvalidArgumentError: the input is not complex, or has fewer axes.
    """
    tensor = convert(value)
    if not isinstance(value, Tensor | Variable | np.ndarray) and not tensor.dtype.is_complex:
        tensor = convert(value, complex64)
    if tensor._value.ndim < count:
        raise InvalidArgumentError(
            f"{name}: Input must have rank of at least {count} but got: {list(tensor._value.shape)}."
        )
    return fourier(tensor, last_axes(count), inverse, "backward")


def spectrum_of(name: str, value: TensorLike, fft_length: Any, axes: Shape, norm: str = "backward") -> Tensor:
    """Returns the transform of a real signal along axes that are counted from the end; raises as `rfft` does."""
    tensor = as_signal(name, value, real=True)
    required_rank(name, tensor, len(axes))
    if fft_length is not None:
        tensor = fitted(tensor, as_lengths(fft_length, len(axes)), axes)
    return real_fourier(tensor, axes, norm, False)


def signal_of(name: str, value: TensorLike, fft_length: Any, axes: Shape, norm: str = "backward") -> Tensor:
    """Returns the real signal of half a spectrum along axes that are counted from the end; raises as `irfft` does."""
    tensor = as_signal(name, value, real=False)
    required_rank(name, tensor, len(axes))
    shape = tensor._value.shape
    if fft_length is None:
        size = max(0, 2 * (shape[axes[-1]] - 1))
        lengths = (*(shape[axis] for axis in axes[:-1]), size)
    else:
        lengths = as_lengths(fft_length, len(axes))
    tensor = fitted(tensor, (*lengths[:-1], bins(lengths[-1])), axes)
    return inverse_real_fourier(tensor, axes, lengths[-1], norm, False)


def fft(input: TensorLike, name: str | None = None) -> Tensor:
    """Returns the Fourier transform along the last dimension.

    Args:
        input: a tensor of complex64 or complex128 of shape `[..., n]`.
        name: ignored.

    Returns:
        A tensor of the same dtype and shape.

    Raises:
        InvalidArgumentError: the input has fewer than one dimension, or is not complex.

    >>> import gradtape as tf
    >>> tf.signal.fft([1.0, 2.0, 3.0, 4.0]).numpy()
    array([10.+0.j, -2.+2.j, -2.+0.j, -2.-2.j], dtype=complex64)
    """
    return transformed("fft", input, 1, inverse=False)


def ifft(input: TensorLike, name: str | None = None) -> Tensor:
    """Returns the inverse Fourier transform along the last dimension, divided by how many elements it runs over.

    Args:
        input: a tensor of complex64 or complex128 of shape `[..., n]`.
        name: ignored.

    Returns:
        A tensor of the same dtype and shape.

    Raises:
        InvalidArgumentError: the input has fewer than one dimension, or is not complex.

    >>> import gradtape as tf
    >>> tf.signal.ifft([10.0 + 0.0j, -2.0 + 2.0j, -2.0 + 0.0j, -2.0 - 2.0j]).numpy()
    array([1.+0.j, 2.+0.j, 3.+0.j, 4.+0.j])
    """
    return transformed("ifft", input, 1, inverse=True)


@composite(arrays((4,), (2, 3), fft_length=[None, [2], [5]]))
def rfft(input_tensor: TensorLike, fft_length: Any = None, name: str | None = None) -> Tensor:
    """Returns the half of the Fourier transform of real numbers along the last dimension that implies the other.

    Args:
        input_tensor: a tensor of float32 or float64 of shape `[..., n]`.
        fft_length: to how many numbers to cut the dimension, or to fill it up with zeros; a list of 1.
        name: ignored.

    Returns:
        A tensor of complex64 or complex128 of shape `[..., n / 2 + 1]`, for the lengths after that.

    Raises:
        InvalidArgumentError: `fft_length` is not of this size, or negative.
        ValueError: the input has fewer than one dimension, or is of another dtype.

    >>> import gradtape as tf
    >>> tf.signal.rfft([1.0, 2.0, 3.0, 4.0]).numpy()
    array([10.+0.j, -2.+2.j, -2.+0.j], dtype=complex64)
    """
    return spectrum_of("rfft", input_tensor, fft_length, last_axes(1))


def irfft(input_tensor: TensorLike, fft_length: Any = None, name: str | None = None) -> Tensor:
    """Returns the real numbers whose transform along the last dimension has the given first half.

    Args:
        input_tensor: a tensor of complex64 or complex128 of shape `[..., n / 2 + 1]`.
        fft_length: the size of the result, a list of 1; an even last one if it is not given.
        name: ignored.

    Returns:
        A tensor of float32 or float64 of shape `[..., n]`.

    Raises:
        InvalidArgumentError: `fft_length` is not of this size, or negative.
        ValueError: the input has fewer than one dimension, or is of another dtype.

    >>> import gradtape as tf
    >>> tf.signal.irfft([10.0 + 0.0j, -2.0 + 2.0j, -2.0 + 0.0j]).numpy()
    array([1., 2., 3., 4.], dtype=float32)
    """
    return signal_of("irfft", input_tensor, fft_length, last_axes(1))


def fft2d(input: TensorLike, name: str | None = None) -> Tensor:
    """Returns the Fourier transform along the last two dimensions.

    Args:
        input: a tensor of complex64 or complex128 of shape `[..., m, n]`.
        name: ignored.

    Returns:
        A tensor of the same dtype and shape.

    Raises:
        InvalidArgumentError: the input has fewer than two dimensions, or is not complex.

    >>> import gradtape as tf
    >>> tf.signal.fft2d([[1.0, 2.0], [3.0, 4.0]]).numpy()
    array([[10.+0.j, -2.+0.j],
           [-4.+0.j,  0.+0.j]], dtype=complex64)
    """
    return transformed("fft2d", input, 2, inverse=False)


def ifft2d(input: TensorLike, name: str | None = None) -> Tensor:
    """Returns the inverse Fourier transform along the last two dimensions, divided by how many elements it runs over.

    Args:
        input: a tensor of complex64 or complex128 of shape `[..., m, n]`.
        name: ignored.

    Returns:
        A tensor of the same dtype and shape.

    Raises:
        InvalidArgumentError: the input has fewer than two dimensions, or is not complex.

    >>> import gradtape as tf
    >>> tf.signal.ifft2d([[10.0, -2.0], [-4.0, 0.0]]).numpy()
    array([[1.+0.j, 2.+0.j],
           [3.+0.j, 4.+0.j]], dtype=complex64)
    """
    return transformed("ifft2d", input, 2, inverse=True)


@composite(arrays((3, 4), fft_length=[None, [2, 5], [4, 3]]))
def rfft2d(input_tensor: TensorLike, fft_length: Any = None, name: str | None = None) -> Tensor:
    """Returns the half of the Fourier transform of real numbers along the last two dimensions that implies the other.

    Args:
        input_tensor: a tensor of float32 or float64 of shape `[..., m, n]`.
        fft_length: to how many numbers to cut the dimensions, or to fill them up with zeros; a list of two.
        name: ignored.

    Returns:
        A tensor of complex64 or complex128 of shape `[..., m, n / 2 + 1]`, for the lengths after that.

    Raises:
        InvalidArgumentError: `fft_length` is not of this size, or negative.
        ValueError: the input has fewer than two dimensions, or is of another dtype.

    >>> import gradtape as tf
    >>> tf.signal.rfft2d([[1.0, 2.0], [3.0, 4.0]]).numpy()
    array([[10.+0.j, -2.+0.j],
           [-4.+0.j,  0.+0.j]], dtype=complex64)
    """
    return spectrum_of("rfft2d", input_tensor, fft_length, last_axes(2))


def irfft2d(input_tensor: TensorLike, fft_length: Any = None, name: str | None = None) -> Tensor:
    """Returns the real numbers whose transform along the last two dimensions has the given first half.

    Args:
        input_tensor: a tensor of complex64 or complex128 of shape `[..., m, n / 2 + 1]`.
        fft_length: the sizes of the result, a list of two; an even last one if it is not given.
        name: ignored.

    Returns:
        A tensor of float32 or float64 of shape `[..., m, n]`.

    Raises:
        InvalidArgumentError: `fft_length` is not of this size, or negative.
        ValueError: the input has fewer than two dimensions, or is of another dtype.

    >>> import gradtape as tf
    >>> tf.signal.irfft2d([[10.0, -2.0], [-4.0, 0.0]]).numpy()
    array([[1., 2.],
           [3., 4.]], dtype=float32)
    """
    return signal_of("irfft2d", input_tensor, fft_length, last_axes(2))


def fft3d(input: TensorLike, name: str | None = None) -> Tensor:
    """Returns the Fourier transform along the last three dimensions.

    Args:
        input: a tensor of complex64 or complex128 of shape `[..., k, m, n]`.
        name: ignored.

    Returns:
        A tensor of the same dtype and shape.

    Raises:
        InvalidArgumentError: the input has fewer than three dimensions, or is not complex.

    >>> import gradtape as tf
    >>> tf.signal.fft3d(tf.ones([1, 1, 2], tf.complex64)).numpy()
    array([[[2.+0.j, 0.+0.j]]], dtype=complex64)
    """
    return transformed("fft3d", input, 3, inverse=False)


def ifft3d(input: TensorLike, name: str | None = None) -> Tensor:
    """Returns the inverse Fourier transform along the last three dimensions, divided by how many elements it runs over.

    Args:
        input: a tensor of complex64 or complex128 of shape `[..., k, m, n]`.
        name: ignored.

    Returns:
        A tensor of the same dtype and shape.

    Raises:
        InvalidArgumentError: the input has fewer than three dimensions, or is not complex.

    >>> import gradtape as tf
    >>> tf.signal.ifft3d(tf.ones([1, 1, 2], tf.complex64)).numpy()
    array([[[1.+0.j, 0.+0.j]]], dtype=complex64)
    """
    return transformed("ifft3d", input, 3, inverse=True)


@composite(arrays((2, 3, 2), fft_length=[None, [1, 4, 3]]))
def rfft3d(input_tensor: TensorLike, fft_length: Any = None, name: str | None = None) -> Tensor:
    """Returns the half of the Fourier transform of real numbers along the last three dimensions that implies the other.

    Args:
        input_tensor: a tensor of float32 or float64 of shape `[..., k, m, n]`.
        fft_length: to how many numbers to cut the dimensions, or to fill them up with zeros; a list of three.
        name: ignored.

    Returns:
        A tensor of complex64 or complex128 of shape `[..., k, m, n / 2 + 1]`, for the lengths after that.

    Raises:
        InvalidArgumentError: `fft_length` is not of this size, or negative.
        ValueError: the input has fewer than three dimensions, or is of another dtype.

    >>> import gradtape as tf
    >>> tf.signal.rfft3d(tf.ones([1, 2, 3]), [1, 2, 2]).numpy()
    array([[[4.+0.j, 0.+0.j],
            [0.+0.j, 0.+0.j]]], dtype=complex64)
    """
    return spectrum_of("rfft3d", input_tensor, fft_length, last_axes(3))


def irfft3d(input_tensor: TensorLike, fft_length: Any = None, name: str | None = None) -> Tensor:
    """Returns the real numbers whose transform along the last three dimensions has the given first half.

    Args:
        input_tensor: a tensor of complex64 or complex128 of shape `[..., k, m, n / 2 + 1]`.
        fft_length: the sizes of the result, a list of three; an even last one if it is not given.
        name: ignored.

    Returns:
        A tensor of float32 or float64 of shape `[..., k, m, n]`.

    Raises:
        InvalidArgumentError: `fft_length` is not of this size, or negative.
        ValueError: the input has fewer than three dimensions, or is of another dtype.

    >>> import gradtape as tf
    >>> tf.signal.irfft3d(tf.ones([1, 2, 2], tf.complex64), [1, 2, 3]).numpy()
    array([[[1., 0., 0.],
            [0., 0., 0.]]], dtype=float32)
    """
    return signal_of("irfft3d", input_tensor, fft_length, last_axes(3))
