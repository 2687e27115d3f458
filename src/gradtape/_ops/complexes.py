"""Complex numbers: their parts, conjugates and angles."""

from __future__ import annotations

from math import pi

import numpy as np

from gradtape._core.conversion import convert
from gradtape._core.dtypes import COMPLEX, FLOATS, NUMBERS, float32, float64
from gradtape._core.families import composite, discrete, elementwise
from gradtape._core.op import Array, TensorLike
from gradtape._core.sampling import pairs, singles
from gradtape._core.tensor import Tensor, make_tensor
from gradtape._ops.arithmetic import real_product, scaled
from gradtape.errors import WrongTypeError

HALVES = frozenset({np.dtype(np.float32), np.dtype(np.float64)})


def as_halves(real: Tensor, imag: Tensor) -> tuple[Tensor, Tensor]:
    """Returns the parts of a complex tensor, if they can be that."""
    if real.dtype is not imag.dtype or real.dtype not in (float32, float64):
        raise WrongTypeError(
            f"`real` and `imag` must both be float32 or both float64, got {real.dtype.name} and {imag.dtype.name}. "
            "Write tf.cast(x, dtype) first."
        )
    return real, imag


def as_number(x: Tensor) -> tuple[Tensor]:
    """Returns a tensor of numbers as it is; a bool has no conjugate."""
    if x.dtype.is_bool:
        raise WrongTypeError("a number is wanted, got a tensor of bools. Write tf.cast(x, tf.float32) first.")
    return (x,)


@elementwise(
    pairs(),
    types=HALVES,
    prepare=as_halves,
    holomorphic=False,
    real=lambda g: real_part(g),
    imag=lambda g: imaginary_part(g),
)
def complex(real: TensorLike, imag: TensorLike, name: str | None = None) -> Array:
    """Returns the complex numbers with given real and imaginary parts, element-wise.

    Args:
        real: a tensor of float32 or float64.
        imag: a tensor of the dtype of `real`, of a shape that broadcasts with it.
        name: ignored.

    Returns:
        A tensor of complex64 or complex128, of the shape that both broadcast to.

    Raises:
        TypeError: the dtypes differ, or are not of these.
        InvalidArgumentError: the shapes do not broadcast.

    >>> import gradtape as tf
    >>> tf.complex([2.0, 3.0], [4.0, 5.0])
    <tf.Tensor: shape=(2,), dtype=complex64, numpy=array([2.+4.j, 3.+5.j], dtype=complex64)>
    """
    # Not real + 1j * imag, which is NaN for infinite parts.
    both = np.empty(np.broadcast(real, imag).shape, np.result_type(real, imag, np.complex64))
    both.real = real
    both.imag = imag
    return both


@elementwise(singles(), types=NUMBERS, prepare=as_number, holomorphic=False, x=lambda g: conj(g))
def conj(x: TensorLike, name: str | None = None) -> Array:
    """Returns the complex conjugate of `x` element-wise; real numbers are their own.

    Args:
        x: a tensor of numbers.
        name: ignored.

    Returns:
        A tensor of the dtype and shape of `x`.

    Raises:
        TypeError: `x` is of bools.

    >>> import gradtape as tf
    >>> tf.math.conj([1 + 2j, 3 - 4j])
    <tf.Tensor: shape=(2,), dtype=complex128, numpy=array([1.-2.j, 3.+4.j])>
    """
    return np.conjugate(x)


@elementwise(singles(), types=COMPLEX, holomorphic=False, x=lambda g: complex(g, 0.0))
def real_part(x: TensorLike) -> Array:
    """Returns the real part of a complex tensor."""
    return np.positive(x.real)


@elementwise(singles(), types=COMPLEX, holomorphic=False, x=lambda g: complex(0.0, g))
def imaginary_part(x: TensorLike) -> Array:
    """Returns the imaginary part of a complex tensor."""
    return np.positive(x.imag)


@elementwise(singles(0.3, 2.0), types=COMPLEX, holomorphic=False, x=lambda g, x: scaled(x * 1j, g / real_product(x, x)))
def argument(x: TensorLike) -> Array:
    """Returns the angle of a complex tensor."""
    return np.arctan2(x.imag, x.real)


@discrete(singles(0.3, 2.0), inputs=("x",), types=FLOATS)
def angle_of_real(x: TensorLike) -> Array:
    """Returns the angle of real numbers: pi below 0, 0 elsewhere."""
    return np.multiply(np.less(x, 0), np.asarray(pi, x.dtype))


@composite(singles())
def real(input: TensorLike, name: str | None = None) -> Tensor:
    """Returns the real part of a tensor, element-wise; a tensor of real numbers is returned as it is.

    Args:
        input: a tensor of numbers.
        name: ignored.

    Returns:
        A tensor of the shape of `input`: float32 for complex64, float64 for complex128.

    Raises:
        TypeError: `input` is of bools.

    >>> import gradtape as tf
    >>> tf.math.real([1 + 2j, 3 - 4j])
    <tf.Tensor: shape=(2,), dtype=float64, numpy=array([1., 3.])>
    """
    tensor = convert(input)
    if tensor._value.dtype == object:
        raise WrongTypeError("real: numbers are wanted, got strings.")
    return real_part(tensor) if tensor.dtype.is_complex else as_number(tensor)[0]


@composite(singles())
def imag(input: TensorLike, name: str | None = None) -> Tensor:
    """Returns the imaginary part of a tensor, element-wise; zeros for real numbers.

    Args:
        input: a tensor.
        name: ignored.

    Returns:
        A tensor of the shape of `input`: float32 for complex64, float64 for complex128, else of the dtype of `input`.

    >>> import gradtape as tf
    >>> tf.math.imag([1 + 2j, 3 - 4j])
    <tf.Tensor: shape=(2,), dtype=float64, numpy=array([ 2., -4.])>
    """
    tensor = convert(input)
    zeros = np.zeros(tensor._value.shape, tensor._value.dtype)
    return imaginary_part(tensor) if tensor.dtype.is_complex else make_tensor(zeros)


@composite(singles(0.3, 2.0))
def angle(input: TensorLike, name: str | None = None) -> Tensor:
    """Returns the angle of each number in the complex plane, in radians of -pi to pi.

    Args:
        input: a tensor of complex or floating-point numbers.
        name: ignored.

    Returns:
        A tensor of the shape of `input`: float32 for complex64, float64 for complex128, else of the dtype of `input`.

    Raises:
        TypeError: `input` is of integers or bools.

    >>> import gradtape as tf
    >>> tf.math.angle([1 + 0j, 1j]).numpy().round(4)
    array([0.    , 1.5708])
    """
    tensor = convert(input)
    if tensor.dtype.is_complex:
        return argument(tensor)
    if not tensor.dtype.is_floating:
        raise WrongTypeError(f"angle: complex or floating-point numbers are wanted, got {tensor.dtype.name}.")
    return angle_of_real(tensor)
