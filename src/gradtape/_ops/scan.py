"""Scans along an axis: running sums and products, and the linear recurrence that their derivatives are made of."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape._core.batches import moving, past_axis
from gradtape._core.conversion import convert
from gradtape._core.dtypes import FLOATS, NUMBERS
from gradtape._core.families import composite, linear, primitive
from gradtape._core.op import Array, TensorLike
from gradtape._core.sampling import arrays
from gradtape._core.tensor import Tensor
from gradtape._ops.comparison import equal, select
from gradtape._ops.exponential import exp
from gradtape._ops.parameters import Shape, as_ints, in_range
from gradtape._ops.structure import reverse as flip
from gradtape.errors import InvalidArgumentError

MINUS_INFINITY = float("-inf")


def as_axis(value: Any) -> int:
    """Returns the axis of a scan as an integer; InvalidArgumentError for a list."""
    if type(value) is int:
        return value
    if isinstance(value, (list, tuple)):
        raise InvalidArgumentError(f"ScanOp: axis must be a scalar, not {value!r}.")
    return as_ints(value)[0]


def scanned_shape(x_shape: Shape, axis: int = 0, **params: Any) -> Shape:
    """The shape rule of scans."""
    in_range(axis, len(x_shape))
    return x_shape


def along(array: Any, axis: int, part: slice) -> Any:
    """Returns a part of an array along an axis."""
    return array[(slice(None),) * (axis % array.ndim) + (part,)]


def scan(ufunc: Any, x: Any, axis: int, exclusive: bool, reverse: bool) -> Any:
    """Returns the running result of a NumPy operation, of all elements up to each, or up to the one before it."""
    if reverse:
        x = np.flip(x, axis)
    if exclusive:
        out = np.full_like(x, ufunc.identity, order="C")
        ufunc.accumulate(along(x, axis, slice(None, -1)), axis, x.dtype, along(out, axis, slice(1, None)))
    else:
        out = ufunc.accumulate(x, axis, x.dtype)
    return np.flip(out, axis) if reverse else out


SCANS = arrays((4,), (2, 3), axis=[0, -1], exclusive=[False, True], reverse=[False, True]) + arrays(
    (0,), (2, 0), (1,), axis=[0], exclusive=[False, True], reverse=[False]
)


@linear(
    SCANS,
    shape=scanned_shape,
    batch=moving(axis=past_axis),
    types=NUMBERS,
    canonical={"axis": as_axis},
    x=lambda g, axis, exclusive, reverse: cumsum(g, axis, exclusive, not reverse),
)
def cumsum(
    x: TensorLike, axis: Any = 0, exclusive: bool = False, reverse: bool = False, name: str | None = None
) -> Array:
    """Returns the running sums along an axis.

    Args:
        x: a tensor of numbers.
        axis: the axis.
        exclusive: whether each sum leaves out its own element.
        reverse: whether to sum from the end.
        name: ignored.

    Returns:
        A tensor of the same dtype and shape.

    Raises:
        InvalidArgumentError: the axis is out of range.

    >>> import gradtape as tf
    >>> tf.cumsum([1, 2, 3]), tf.cumsum([1, 2, 3], exclusive=True, reverse=True)
    (<tf.Tensor: shape=(3,), dtype=int32, numpy=array([1, 3, 6], dtype=int32)>, \
<tf.Tensor: shape=(3,), dtype=int32, numpy=array([5, 3, 0], dtype=int32)>)
    """
    return scan(np.add, x, axis, exclusive, reverse)


@linear(
    arrays((4,), (2, 3), axis=[-1], by=[1, -1]) + arrays((0,), axis=[0], by=[1]),
    shape=scanned_shape,
    batch=moving(axis=past_axis),
    types=NUMBERS,
    x=lambda g, axis, by: shifted(g, axis, -by),
)
def shifted(x: TensorLike, axis: int, by: int) -> Array:
    """Returns `x` moved by one place, forwards (1) or backwards (-1), with a 0 let in; not for users."""
    out = np.zeros_like(x)
    here, there = slice(None, -1), slice(1, None)
    if by < 0:
        here, there = there, here
    along(out, axis, there)[...] = along(x, axis, here)
    return out


def pull_factor(g: Any, a: Any, out: Any, axis: int, back: bool) -> Any:
    """The cotangent of the factors of a recurrence."""
    if back:
        return shifted(recurrence(g, a, axis, False), axis, 1) * out
    return recurrence(g, a, axis, True) * shifted(out, axis, 1)


@primitive(
    arrays(((4,), (4,)), ((2, 5), (2, 5)), axis=[-1], back=[False, True]),
    shape=lambda b_shape, a_shape, axis, back: scanned_shape(b_shape, axis),
    batch=moving(axis=past_axis),
    types=NUMBERS,
    b=lambda g, a, axis, back: recurrence(g, a, axis, not back),
    a=lambda g, a, out, axis, back: pull_factor(g, a, out, axis, back),
)
def recurrence(b: TensorLike, a: TensorLike, axis: int, back: bool) -> Array:
    """Returns the solution of r[i] = b[i] + a[i] r[i-1], or if `back` of r[i] = b[i] + a[i+1] r[i+1]; not for users.

    Either is the transpose of the other in `b`. Steps of doubled length solve it in as many passes as the length of the
    axis has binary digits (Kogge and Stone, A parallel algorithm for the efficient solution of a general class of
    recurrence equations, IEEE Transactions on Computers, 1973).
    """
    if back:
        # From the end, the factor that belongs to a place is that of the place after it.
        b, a = np.flip(b, axis), np.roll(np.flip(a, axis), 1, axis)
    out, factor = np.array(b), np.array(a)
    length, step = out.shape[axis], 1
    while step < length:
        behind, ahead = slice(None, -step), slice(step, None)
        # The right-hand sides are new arrays, so that no element is read after it was written.
        along(out, axis, ahead)[...] += along(factor, axis, ahead) * along(out, axis, behind)
        along(factor, axis, ahead)[...] = along(factor, axis, ahead) * along(factor, axis, behind)
        step *= 2
    return np.flip(out, axis) if back else out


def pull_cumprod(g: Any, x: Any, axis: int, exclusive: bool, reverse: bool) -> Any:
    """The cotangent of the input of `cumprod`, without a division.

    The product of the elements before one, times what the cotangents after it are multiplied with.
    """
    if reverse:
        return flip(pull_cumprod(flip(g, (axis,)), flip(x, (axis,)), axis, exclusive, False), (axis,))
    before = cumprod(x, axis, True, False)
    if exclusive:
        # The last element is no factor of any product: a 0 in its place does not count, where NaN would.
        g, x = shifted(g, axis, -1), shifted(shifted(x, axis, 1), axis, -1)
    return before * recurrence(g, x, axis, True)


@primitive(
    SCANS,
    shape=scanned_shape,
    batch=moving(axis=past_axis),
    types=NUMBERS,
    canonical={"axis": as_axis},
    x=lambda g, x, axis, exclusive, reverse: pull_cumprod(g, x, axis, exclusive, reverse),
)
def cumprod(
    x: TensorLike, axis: Any = 0, exclusive: bool = False, reverse: bool = False, name: str | None = None
) -> Array:
    """Returns the running products along an axis; the derivatives are exact where elements are 0, too.

    Args:
        x: a tensor of numbers.
        axis: the axis.
        exclusive: whether each product leaves out its own element.
        reverse: whether to multiply from the end.
        name: ignored.

    Returns:
        A tensor of the same dtype and shape.

    Raises:
        InvalidArgumentError: the axis is out of range.

    >>> import gradtape as tf
    >>> tf.math.cumprod([2, 3, 4])
    <tf.Tensor: shape=(3,), dtype=int32, numpy=array([ 2,  6, 24], dtype=int32)>
    """
    return scan(np.multiply, x, axis, exclusive, reverse)


def pull_cumulative(g: Any, x: Any, out: Any, axis: int) -> Any:
    """The cotangent of the input of a running logsumexp; every factor in it is between 0 and 1."""
    # Where all is -inf so far, the share is 0.
    share = exp(x - select(equal(out, MINUS_INFINITY), 0.0, out))
    return share * recurrence(g, 1.0 - share, axis, True)


@primitive(
    arrays((4,), (2, 3), axis=[0, -1]),
    shape=scanned_shape,
    batch=moving(axis=past_axis),
    types=FLOATS,
    x=lambda g, x, out, axis: pull_cumulative(g, x, out, axis),
)
def running_logsumexp(x: TensorLike, axis: int) -> Array:
    """Returns the running `log(sum(exp(x)))` along an axis; not for users."""
    return np.logaddexp.accumulate(x, axis, x.dtype)


@composite(arrays((4,), (2, 3), axis=[0, -1], reverse=[False, True]))
def cumulative_logsumexp(
    x: TensorLike, axis: Any = 0, exclusive: bool = False, reverse: bool = False, name: str | None = None
) -> Tensor:
    """Returns the running `log(sum(exp(x)))` along an axis, without overflow.

    Args:
        x: a tensor of floating-point numbers.
        axis: the axis.
        exclusive: whether each sum leaves out its own element; the first is -inf then.
        reverse: whether to sum from the end.
        name: ignored.

    Returns:
        A tensor of the same dtype and shape.

    Raises:
        InvalidArgumentError: the axis is out of range.

    >>> import gradtape as tf
    >>> tf.math.cumulative_logsumexp([0.0, 0.0, 1000.0])
    <tf.Tensor: shape=(3,), dtype=float32, numpy=array([0.000000e+00, 6.931472e-01, 1.000000e+03], dtype=float32)>
    """
    tensor = convert(x)
    axis = in_range(as_axis(axis), len(tensor.shape))
    if reverse:
        tensor = flip(tensor, (axis,))
    if exclusive:
        first = np.zeros(tensor._value.shape, dtype=bool)
        along(first, axis, slice(0, 1))[...] = True
        tensor = select(first, MINUS_INFINITY, shifted(tensor, axis, 1))
    result = running_logsumexp(tensor, axis)
    return flip(result, (axis,)) if reverse else result
