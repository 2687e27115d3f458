"""The spread of values along axes: variances and standard deviations."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape._core.batches import moving, past_axes
from gradtape._core.conversion import convert
from gradtape._core.dtypes import FLOATS
from gradtape._core.families import composite, primitive
from gradtape._core.op import Array, TensorLike
from gradtape._core.sampling import Values, arrays
from gradtape._core.tensor import Tensor
from gradtape._ops.arithmetic import real_product, sqrt
from gradtape._ops.parameters import Shape
from gradtape._ops.quotients import divide_no_nan
from gradtape._ops.reduction import CANONICAL, SHAPES, average, reduce_mean, reduced_shape, spread_mean
from gradtape.errors import WrongTypeError

SPREAD = arrays((2, 3), axis=[None, (0,), (-1,)], keepdims=[False, True], values=Values(-2.0, 2.0, distinct=True))


@primitive(
    SHAPES,
    shape=reduced_shape,
    batch=moving(axis=past_axes),
    types=FLOATS,
    canonical=CANONICAL,
    input_tensor=lambda g, input_tensor, axis, keepdims: (
        2.0
        * spread_mean(g, tuple(input_tensor.shape), axis, keepdims)
        * (input_tensor - reduce_mean(input_tensor, axis, True))
    ),
)
def real_variance(input_tensor: TensorLike, axis: Any = None, keepdims: bool = False) -> Array:
    """Returns the mean square distance from the mean along axes; not for users."""
    return mean_square_distance(input_tensor, axis, keepdims)


def mean_square_distance(array: Any, axis: Shape | None, keepdims: bool) -> Any:
    """Returns the variances of an array along axes."""
    distance = np.asarray(array - average(array, axis, True))
    return average(np.square(distance, out=distance), axis, keepdims)


@primitive(
    SPREAD,
    shape=reduced_shape,
    batch=moving(axis=past_axes),
    types=FLOATS,
    canonical=CANONICAL,
    input_tensor=lambda g, input_tensor, out, axis, keepdims: (
        spread_mean(divide_no_nan(g, out), tuple(input_tensor.shape), axis, keepdims)
        * (input_tensor - reduce_mean(input_tensor, axis, True))
    ),
)
def real_std(input_tensor: TensorLike, axis: Any = None, keepdims: bool = False) -> Array:
    """Returns the root mean square distance from the mean along axes; not for users."""
    return np.sqrt(mean_square_distance(input_tensor, axis, keepdims))


def floating(value: Any) -> Tensor:
    """Returns `value` as a tensor of inexact numbers; TypeError if it holds other ones."""
    tensor = value if type(value) is Tensor else convert(value)
    if tensor._value.dtype.kind in "iub":
        raise WrongTypeError(f"Input must be either real or complex. Received integer type {tensor.dtype}.")
    return tensor


@composite(SHAPES)
def reduce_variance(
    input_tensor: TensorLike, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Tensor:
    """Returns the variance of the elements along axes: the mean square of their distance from their mean.

    Args:
        input_tensor: a tensor of floating-point or complex numbers.
        axis: as in `reduce_sum`.
        keepdims: as in `reduce_sum`.
        name: ignored.

    Returns:
        A tensor of the same dtype, for complex numbers of the dtype of their parts, without these axes.

    Raises:
        TypeError: the tensor holds integers.
        InvalidArgumentError: an axis is out of range or given twice.

    >>> import gradtape as tf
    >>> tf.math.reduce_variance([1.0, 2.0, 3.0, 6.0])
    <tf.Tensor: shape=(), dtype=float32, numpy=3.5>
    """
    tensor = floating(input_tensor)
    if tensor._value.dtype.kind == "c":
        distance = tensor - reduce_mean(tensor, axis, True)
        return reduce_mean(real_product(distance, distance), axis, keepdims)
    return real_variance(tensor, axis, bool(keepdims))


@composite(SPREAD)
def reduce_std(input_tensor: TensorLike, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Tensor:
    """Returns the standard deviation of the elements along axes, the square root of their variance.

    The gradient where all elements are equal is 0.

    Args:
        input_tensor: a tensor of floating-point or complex numbers.
        axis: as in `reduce_sum`.
        keepdims: as in `reduce_sum`.
        name: ignored.

    Returns:
        A tensor of the same dtype, for complex numbers of the dtype of their parts, without these axes.

    Raises:
        TypeError: the tensor holds integers.
        InvalidArgumentError: an axis is out of range or given twice.

    >>> import gradtape as tf
    >>> tf.math.reduce_std([1.0, 3.0])
    <tf.Tensor: shape=(), dtype=float32, numpy=1.0>
    """
    tensor = floating(input_tensor)
    if tensor._value.dtype.kind == "c":
        return sqrt(reduce_variance(tensor, axis, keepdims))
    return real_std(tensor, axis, bool(keepdims))
