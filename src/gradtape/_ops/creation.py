"""Tensors from values, and from shapes: constants, zeros and ones, and what a tensor's shape is."""

from __future__ import annotations

from math import prod as product
from typing import Any

import numpy as np

from gradtape._core.batches import as_it_is
from gradtape._core.conversion import convert, holds_tensors, refused
from gradtape._core.dtypes import EVERY, DType, as_dtype, float32, int32, int64, string
from gradtape._core.families import composite, discrete
from gradtape._core.op import CUT, Array, TensorLike
from gradtape._core.sampling import arrays
from gradtape._core.tensor import Tensor, make_tensor
from gradtape._core.variable import Variable
from gradtape._ops.parameters import Shape, as_dims
from gradtape._ops.structure import broadcast_to, reshape
from gradtape.errors import InvalidArgumentError, WrongTypeError


def as_shape(value: Any) -> Shape:
    """Returns a shape as a tuple; floats and strings raise TypeError, other things as in `as_dims`."""
    try:
        return as_dims(value)
    except InvalidArgumentError:
        convert(value, int32)
        raise


def convert_to_tensor(value: Any, dtype: Any = None, dtype_hint: Any = None, name: str | None = None) -> Tensor:
    """Returns `value` as a tensor.

    Python integers become int32 (int64 where they do not fit), floats float32, complex numbers complex128; NumPy arrays
    keep their dtype. Lists may hold tensors: they are stacked, and gradients flow through.

    Args:
        value: a tensor, a variable, a number, an array, or nested lists of them.
        dtype: the dtype of the result, if it is to be another one than follows from `value`.
        dtype_hint: a dtype to prefer, if `value` can have it.
        name: ignored.

    Returns:
        `value` itself if it is a tensor, else a new tensor.

    Raises:
        ValueError: the value cannot be a tensor, or is a tensor of another dtype than `dtype`.
        TypeError: a number does not fit `dtype`.

    >>> import gradtape as tf
    >>> tf.convert_to_tensor([1, 2.5])
    <tf.Tensor: shape=(2,), dtype=float32, numpy=array([1. , 2.5], dtype=float32)>
    """
    if type(value) is Tensor and dtype is None:
        return value
    if isinstance(value, Variable):
        value = value.value()
    if dtype is None and dtype_hint is not None and not isinstance(value, Tensor | Variable):
        try:
            return convert(value, as_dtype(dtype_hint))
        except (TypeError, ValueError):
            pass
    return convert(value, None if dtype is None else as_dtype(dtype))


def constant(value: Any, dtype: Any = None, shape: Any = None, name: str | None = "Const") -> Tensor:
    """Returns a tensor that holds a value.

    Args:
        value: a number, an array, or nested lists of numbers or arrays; a tensor is returned as it is.
        dtype: the dtype of the result; by default it follows from `value` as for `convert_to_tensor`.
        shape: the shape of the result; one number fills it, as many as it has elements are put into it.
        name: ignored.

    Returns:
        A tensor.

    Raises:
        ValueError: the value cannot be a tensor.
        TypeError: a number does not fit `dtype`, the value is a tensor of another dtype, or does not fit `shape`.

    >>> import gradtape as tf
    >>> tf.constant([1, 2, 3, 4], tf.float64, shape=[2, 2])
    <tf.Tensor: shape=(2, 2), dtype=float64, numpy=
    array([[1., 2.],
           [3., 4.]])>
    """
    wanted = None if dtype is None else as_dtype(dtype)
    if isinstance(value, Tensor):
        if wanted is not None and value.dtype is not wanted:
            raise WrongTypeError(
                f"constant: Expected tensor {value} with dtype {wanted!r}, but got dtype {value.dtype!r}. "
                "Write tf.cast to convert it."
            )
    elif isinstance(value, (list, tuple)) and holds_tensors(value):
        raise InvalidArgumentError(
            "constant: the list holds tensors, and a constant is not made of them; write tf.stack or "
            "tf.convert_to_tensor, through which gradients flow."
        )
    tensor = convert(value, wanted)
    if isinstance(value, Variable):
        # A constant is the number that the variable held; convert_to_tensor would be differentiable.
        tensor = make_tensor(tensor._value)
    if shape is None:
        return tensor
    dims = as_dims(shape)
    given = product(tensor._value.shape)
    if given == product(dims):
        return reshape(tensor, dims)
    if given == 1:
        return broadcast_to(reshape(tensor, ()), dims)
    raise WrongTypeError(
        f"constant: a value of {given} elements (shape {list(tensor._value.shape)}) does not fit the shape "
        f"{list(dims)}, which has {product(dims)}."
    )


def zeros(shape: Any, dtype: Any = float32, name: str | None = None, layout: Any = None) -> Tensor:
    """Returns a tensor of zeros.

    Args:
        shape: a list, tuple or tensor of sizes, or one size.
        dtype: the dtype.
        name: ignored.
        layout: ignored.

    Returns:
        A tensor of shape `shape`.

    Raises:
        InvalidArgumentError: a size is negative.
        TypeError: a size is no integer.

    >>> import gradtape as tf
    >>> tf.zeros([2, 2])
    <tf.Tensor: shape=(2, 2), dtype=float32, numpy=
    array([[0., 0.],
           [0., 0.]], dtype=float32)>
    """
    kind, sizes = as_dtype(dtype), as_shape(shape)
    return make_tensor(np.full(sizes, b"", object) if kind is string else np.zeros(sizes, kind.numpy))


def ones(shape: Any, dtype: Any = float32, name: str | None = None, layout: Any = None) -> Tensor:
    """Returns a tensor of ones.

    Args:
        shape: a list, tuple or tensor of sizes, or one size.
        dtype: the dtype.
        name: ignored.
        layout: ignored.

    Returns:
        A tensor of shape `shape`.

    Raises:
        InvalidArgumentError: a size is negative.
        TypeError: a size is no integer.

    >>> import gradtape as tf
    >>> tf.ones([2], tf.int32)
    <tf.Tensor: shape=(2,), dtype=int32, numpy=array([1, 1], dtype=int32)>
    """
    return make_tensor(np.ones(as_shape(shape), of_numbers(dtype).numpy))


def of_numbers(dtype: Any) -> DType:
    """Returns the dtype; TypeError for that of texts."""
    kind = as_dtype(dtype)
    if kind is string:
        raise refused(1, kind)
    return kind


def fill(dims: Any, value: TensorLike, name: str | None = None, layout: Any = None) -> Any:
    """Returns a tensor whose elements are all one number.

    Args:
        dims: the shape, as for `zeros`.
        value: the number; a gradient flows to it.
        name: ignored.
        layout: ignored.

    Returns:
        A tensor of shape `dims` and the dtype of `value`.

    Raises:
        InvalidArgumentError: a size is negative or no integer, or there is more than one number.

    >>> import gradtape as tf
    >>> tf.fill([2, 2], 3)
    <tf.Tensor: shape=(2, 2), dtype=int32, numpy=
    array([[3, 3],
           [3, 3]], dtype=int32)>
    """
    number = convert(value)
    if product(number._value.shape) != 1:
        raise InvalidArgumentError(f"fill: value is one number, got the shape {list(number._value.shape)}.")
    return broadcast_to(reshape(number, ()), as_dims(dims))


def same_shape(input_shape: Shape, **params: Any) -> Shape:
    """The shape rule of `zeros_like` and `ones_like`."""
    return input_shape


def as_optional_dtype(value: Any) -> DType | None:
    """Returns a dtype, None as it is."""
    return None if value is None else as_dtype(value)


@discrete(
    arrays((), (3,), (2, 0), dtype=[None, int32]),
    inputs=("input",),
    shape=same_shape,
    batch=as_it_is,
    types=EVERY,
    canonical={"dtype": as_optional_dtype},
    input=CUT,
)
def zeros_of(input: TensorLike, dtype: Any = None) -> Array:
    """Returns zeros in the shape of `input`."""
    kind = input.dtype if dtype is None else dtype.numpy
    if kind.kind == "O":
        return np.full_like(input, b"", kind, order="C")
    return np.zeros_like(input, kind, order="C")


@composite(arrays((), (3,), (2, 0), dtype=[None, int32]))
def zeros_like(input: TensorLike, dtype: Any = None, name: str | None = None, layout: Any = None) -> Tensor:
    """Returns a tensor of zeros of the shape of another; no gradient flows through it.

    Args:
        input: a tensor.
        dtype: the dtype of the result; by default that of `input`.
        name: ignored.
        layout: ignored.

    Returns:
        A tensor of the shape of `input`.

    >>> import gradtape as tf
    >>> tf.zeros_like([1.5, 2.5])
    <tf.Tensor: shape=(2,), dtype=float32, numpy=array([0., 0.], dtype=float32)>
    """
    return zeros_of(input if dtype is None else model_of(input, dtype), dtype)


@discrete(
    arrays((), (3,), (2, 0), dtype=[None, int32]),
    inputs=("input",),
    shape=same_shape,
    batch=as_it_is,
    canonical={"dtype": as_optional_dtype},
    input=CUT,
)
def ones_of(input: TensorLike, dtype: Any = None) -> Array:
    """Returns ones in the shape of `input`."""
    return np.ones_like(input, None if dtype is None else dtype.numpy, order="C")


@composite(arrays((), (3,), (2, 0), dtype=[None, int32]))
def ones_like(input: TensorLike, dtype: Any = None, name: str | None = None, layout: Any = None) -> Tensor:
    """Returns a tensor of ones of the shape of another; no gradient flows through it.

    Args:
        input: a tensor.
        dtype: the dtype of the result; by default that of `input`.
        name: ignored.
        layout: ignored.

    Returns:
        A tensor of the shape of `input`.

    >>> import gradtape as tf
    >>> tf.ones_like([1.5, 2.5], tf.int32)
    <tf.Tensor: shape=(2,), dtype=int32, numpy=array([1, 1], dtype=int32)>
    """
    return ones_of(input if dtype is None else model_of(input, dtype), dtype)


def model_of(value: Any, dtype: Any) -> Tensor:
    """Returns `value` as a tensor; no tape follows it where the dtype of what is made after it is another."""
    tensor = convert(value)
    return tensor if tensor.dtype is as_dtype(dtype) else make_tensor(tensor._value)


def eye(
    num_rows: Any, num_columns: Any = None, batch_shape: Any = None, dtype: Any = float32, name: str | None = None
) -> Tensor:
    """Returns an identity matrix, or an array of them.

    Args:
        num_rows: the number of rows.
        num_columns: the number of columns; by default that of rows.
        batch_shape: the shape of the array; by default one matrix.
        dtype: the dtype.
        name: ignored.

    Returns:
        A tensor of shape `batch_shape + [num_rows, num_columns]`.

    Raises:
        TypeError: a number is no integer.
        InvalidArgumentError: a number is negative.

    >>> import gradtape as tf
    >>> tf.eye(2, 3)
    <tf.Tensor: shape=(2, 3), dtype=float32, numpy=
    array([[1., 0., 0.],
           [0., 1., 0.]], dtype=float32)>
    """
    rows, columns = as_shape([num_rows, num_rows if num_columns is None else num_columns])
    matrix = np.eye(rows, columns, dtype=of_numbers(dtype).numpy)
    if batch_shape is not None:
        matrix = np.broadcast_to(matrix, (*as_dims(batch_shape), rows, columns)).copy()
    return make_tensor(matrix)


def index_dtype(out_type: Any) -> Any:
    """Returns the NumPy dtype for sizes: int32, or what `out_type` says, which is int32 or int64."""
    dtype = int32 if out_type is None else as_dtype(out_type)
    if dtype not in (int32, int64):
        raise WrongTypeError(f"out_type is int32 or int64, got {dtype.name}.")
    return dtype.numpy


def array_of(input: Any) -> Any:
    """Returns the array of what becomes a tensor; it is looked at, not recorded."""
    if isinstance(input, Tensor):
        return input._value
    # A sparse tensor has a shape too, of which no array is needed.
    return np.broadcast_to(np.int8(0), input._dims) if hasattr(input, "_mapped") else convert(input)._value


def shape(input: TensorLike, out_type: Any = None, name: str | None = None) -> Tensor:
    """Returns the shape of a tensor as a tensor.

    Args:
        input: a tensor.
        out_type: int32, the default, or int64.
        name: ignored.

    Returns:
        A tensor of one dimension, with the sizes.

    Raises:
        InvalidArgumentError: `out_type` is another dtype.

    >>> import gradtape as tf
    >>> tf.shape([[1, 2, 3]])
    <tf.Tensor: shape=(2,), dtype=int32, numpy=array([1, 3], dtype=int32)>
    """
    return make_tensor(np.array(array_of(input).shape, index_dtype(out_type)))


def size(input: TensorLike, out_type: Any = None, name: str | None = None) -> Tensor:
    """Returns the number of elements of a tensor.

    Args:
        input: a tensor.
        out_type: int32, the default, or int64.
        name: ignored.

    Returns:
        A tensor of no dimension.

    Raises:
        InvalidArgumentError: `out_type` is another dtype.

    >>> import gradtape as tf
    >>> tf.size([[1, 2, 3]])
    <tf.Tensor: shape=(), dtype=int32, numpy=3>
    """
    return make_tensor(np.array(array_of(input).size, index_dtype(out_type)))


def rank(input: TensorLike, name: str | None = None) -> Tensor:
    """Returns the number of dimensions of a tensor.

    Args:
        input: a tensor.
        name: ignored.

    Returns:
        An int32 tensor of no dimension.

    >>> import gradtape as tf
    >>> tf.rank([[1, 2, 3]])
    <tf.Tensor: shape=(), dtype=int32, numpy=2>
    """
    return make_tensor(np.array(array_of(input).ndim, np.int32))
