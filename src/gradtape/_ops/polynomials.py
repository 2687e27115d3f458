"""Multiples, sums and polynomials of tensors, and half the sum of squares."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape._core.conversion import convert
from gradtape._core.dispatch import convert_hint
from gradtape._core.dtypes import FLOATS, as_dtype
from gradtape._core.families import composite, primitive
from gradtape._core.op import Array, TensorLike
from gradtape._core.sampling import arrays
from gradtape._core.slices import IndexedSlices
from gradtape._core.spec import TensorShape
from gradtape._core.tensor import Tensor
from gradtape._core.variable import Variable
from gradtape._ops.arithmetic import add_n
from gradtape._ops.creation import zeros_like
from gradtape._ops.parameters import Shape
from gradtape.errors import InvalidArgumentError, WrongTypeError


@composite(arrays(((), (3,)), ((), (2, 0)), ((), ())))
def scalar_mul(scalar: TensorLike, x: Any, name: str | None = None) -> Any:
    """Returns a tensor times a number.

    Args:
        scalar: a number, or a tensor of no dimension and of the dtype of `x`.
        x: a tensor, or `tf.IndexedSlices`, whose values are multiplied.
        name: ignored.

    Returns:
        A tensor of the dtype and shape of `x`.

    Raises:
        ValueError: the scalar has a dimension, or is a tensor of another dtype.
        TypeError: the scalar is a number that the dtype cannot hold.

    >>> import gradtape as tf
    >>> tf.scalar_mul(2, tf.constant([1.0, 2.0])).numpy()
    array([2., 4.], dtype=float32)
    """
    if isinstance(x, IndexedSlices):
        return IndexedSlices(scalar_mul(scalar, x.values), x.indices, x._shape)
    tensor = convert(x)
    factor = convert(scalar, tensor.dtype)
    if factor._value.ndim:
        raise InvalidArgumentError(f"Only scalar multiply works, got shape {factor.shape}; write x * y for tensors.")
    return factor * tensor


def accumulate_n(inputs: Any, shape: Any = None, tensor_dtype: Any = None, name: str | None = None) -> Tensor:
    """Returns the sum of several tensors of one shape and dtype, element-wise.

    Args:
        inputs: a list of tensors.
        shape: the shape that they have to have; sizes may be None.
        tensor_dtype: the dtype that they have to have.
        name: ignored.

    Returns:
        A tensor of that shape and dtype.

    Raises:
        ValueError: there are no tensors, or the shapes or dtypes differ.
        TypeError: the dtype is not `tensor_dtype`.

    >>> import gradtape as tf
    >>> tf.math.accumulate_n([[1.0, 2.0], [3.0, 4.0]]).numpy()
    array([4., 6.], dtype=float32)
    """
    message = "inputs must be a list of at least one Tensor with the same dtype and shape"
    if not isinstance(inputs, list | tuple) or not inputs:
        raise InvalidArgumentError(f"{message}, got {inputs!r}.")
    known = next((each.dtype for each in inputs if isinstance(each, Tensor | Variable)), None)
    tensors = [convert_hint(each, known) for each in inputs]
    if len({each.dtype for each in tensors}) > 1:
        raise WrongTypeError(f"{message}, got the dtypes {', '.join(each.dtype.name for each in tensors)}.")
    if tensor_dtype is not None and as_dtype(tensor_dtype) is not tensors[0].dtype:
        raise WrongTypeError(
            f"The dtype is to be {as_dtype(tensor_dtype).name}, and the inputs are {tensors[0].dtype.name}."
        )
    wanted = tensors[0].shape if shape is None else TensorShape(shape)
    for each in tensors:
        if not wanted.is_compatible_with(each.shape):
            raise InvalidArgumentError(f"Shapes {wanted} and {each.shape} are not compatible.")
    return add_n(tensors)


def polyval(coeffs: Any, x: TensorLike, name: str | None = None) -> Tensor:
    """Returns the value of a polynomial, by Horner's rule.

    Args:
        coeffs: a list of its coefficients, that of the highest power first; each a number, or a tensor that broadcasts
            with `x`.
        x: where to evaluate it, a tensor of numbers of the same dtype.
        name: ignored.

    Returns:
        A tensor of the dtype of `x` and the shape that all broadcast to; zeros if there are no coefficients.

    Raises:
        ValueError: `coeffs` is no list.
        InvalidArgumentError: the dtypes differ, or the shapes do not broadcast.

    >>> import gradtape as tf
    >>> tf.math.polyval([1.0, 2.0, 3.0], 2.0).numpy()
    np.float32(11.0)
    """
    if not isinstance(coeffs, list):
        raise InvalidArgumentError(f"Argument coeffs must be list type. Received type {type(coeffs)}.")
    return horner(x, *coeffs)


@composite(arrays(((3,), (), ()), ((2, 1), (3,), ()), ((2,), ()), ((0,), (), (), ()), ((), (2,))))
def horner(x: TensorLike, *coeffs: TensorLike) -> Tensor:
    """Returns `polyval`; not for users."""
    point = convert(x)
    if not coeffs:
        return zeros_like(point)
    terms = [convert(each) for each in coeffs]
    total = terms[0]
    for term in terms[1:]:
        total = term + total * point
    return total


def scalar_shape(t_shape: Shape) -> Shape:
    """The shape rule of `l2_loss`."""
    return ()


def half_squares(op: Any, arrays: list[Any], batched: list[bool], params: dict[str, Any]) -> Any:
    """The batching rule of `l2_loss`."""
    rows = arrays[0].reshape((len(arrays[0]), -1)) if arrays[0].size else np.zeros((len(arrays[0]), 0), arrays[0].dtype)
    return (np.einsum("ij,ij->i", rows, rows, dtype=np.result_type(rows, np.float32)) / 2).astype(rows.dtype)


@primitive(arrays((), (3,), (2, 3), (0,)), shape=scalar_shape, batch=half_squares, types=FLOATS, t=lambda g, t: g * t)
def l2_loss(t: TensorLike, name: str | None = None) -> Array:
    """Returns half the sum of the squares of all elements.

    Args:
        t: a tensor of floating-point numbers.
        name: ignored.

    Returns:
        A tensor of the same dtype and of no dimension.

    Raises:
        InvalidArgumentError: `t` holds other numbers.

    >>> import gradtape as tf
    >>> tf.nn.l2_loss([3.0, 4.0]).numpy()
    np.float32(12.5)
    """
    flat = t.reshape(-1)
    if t.dtype.itemsize == 2:
        flat = flat.astype(np.float32)
    return np.asarray(np.dot(flat, flat) * flat.dtype.type(0.5)).astype(t.dtype)
