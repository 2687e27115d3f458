"""Rounding to whole numbers: no gradient flows through it, as in TensorFlow."""

from __future__ import annotations

import numpy as np

from gradtape._core.conversion import convert
from gradtape._core.dtypes import FLOATS
from gradtape._core.families import composite, discrete
from gradtape._core.op import CUT, Array, TensorLike
from gradtape._core.sampling import singles
from gradtape._core.tensor import Tensor


@discrete(singles(), inputs=("x",), types=FLOATS, x=CUT)
def floor(x: TensorLike, name: str | None = None) -> Array:
    """Returns the greatest whole number that is not above `x`, element-wise.

    Args:
        x: a tensor of floating-point numbers.
        name: ignored.

    Returns:
        A tensor of the dtype and shape of `x`.

    Raises:
        InvalidArgumentError: `x` is of another dtype.

    >>> import gradtape as tf
    >>> tf.floor([1.7, -1.2])
    <tf.Tensor: shape=(2,), dtype=float32, numpy=array([ 1., -2.], dtype=float32)>
    """
    return np.floor(x)


@discrete(singles(), inputs=("x",), types=FLOATS, x=CUT)
def ceil(x: TensorLike, name: str | None = None) -> Array:
    """Returns the least whole number that is not below `x`, element-wise.

    Args:
        x: a tensor of floating-point numbers.
        name: ignored.

    Returns:
        A tensor of the dtype and shape of `x`.

    Raises:
        InvalidArgumentError: `x` is of another dtype.

    >>> import gradtape as tf
    >>> tf.math.ceil([1.2, -1.7])
    <tf.Tensor: shape=(2,), dtype=float32, numpy=array([ 2., -1.], dtype=float32)>
    """
    return np.ceil(x)


@discrete(singles(), inputs=("x",), types=FLOATS, x=CUT)
def rint(x: TensorLike, name: str | None = None) -> Array:
    """Returns the whole number nearest to `x`, element-wise; of two equally near the even one.

    Args:
        x: a tensor of floating-point numbers.
        name: ignored.

    Returns:
        A tensor of the dtype and shape of `x`.

    Raises:
        InvalidArgumentError: `x` is of another dtype.

    >>> import gradtape as tf
    >>> tf.math.rint([0.5, 1.5, -1.7])
    <tf.Tensor: shape=(3,), dtype=float32, numpy=array([ 0.,  2., -2.], dtype=float32)>
    """
    return np.rint(x)


@composite(singles())
def round(x: TensorLike, name: str | None = None) -> Tensor:
    """Returns the whole number nearest to `x`, element-wise; of two equally near the even one.

    Args:
        x: a tensor of real numbers.
        name: ignored.

    Returns:
        A tensor of the dtype and shape of `x`: `x` itself if it is of integers.

    Raises:
        InvalidArgumentError: `x` is of another dtype.

    >>> import gradtape as tf
    >>> tf.round([0.5, 1.5, -1.7])
    <tf.Tensor: shape=(3,), dtype=float32, numpy=array([ 0.,  2., -2.], dtype=float32)>
    """
    x = convert(x)
    return x if x.dtype.is_integer else rint(x)
