"""Tensors from values, and from shapes: constants, zeros and ones, ranges, and what a tensor's shape is."""

from __future__ import annotations

from math import ceil
from math import prod as product
from typing import Any

import numpy as np

from gradtape._core.batches import as_it_is
from gradtape._core.conversion import convert, holds_tensors
from gradtape._core.dtypes import DType, as_dtype, float16, float32, float64, int32, int64
from gradtape._core.families import composite, discrete
from gradtape._core.op import CUT, Array, TensorLike
from gradtape._core.sampling import arrays
from gradtape._core.tensor import Tensor, make_tensor
from gradtape._core.variable import Variable
from gradtape._ops.arithmetic import subtract
from gradtape._ops.casting import cast
from gradtape._ops.joining import concat
from gradtape._ops.parameters import Shape, as_dims, as_ints, in_range
from gradtape._ops.structure import broadcast_to, expand_dims, reshape
from gradtape.errors import InvalidArgumentError


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
            raise TypeError(
                f"constant: Expected tensor {value} with dtype {wanted!r}, but got dtype {value.dtype!r}. "
                "Write tf.cast to convert it."
            )
    elif isinstance(value, (list, tuple)) and holds_tensors(value):
        raise ValueError(
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
    raise TypeError(
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
    return make_tensor(np.zeros(as_shape(shape), as_dtype(dtype).numpy))


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
    return make_tensor(np.ones(as_shape(shape), as_dtype(dtype).numpy))


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
    canonical={"dtype": as_optional_dtype},
    input=CUT,
)
def zeros_of(input: TensorLike, dtype: Any = None) -> Array:
    """Returns zeros in the shape of `input`."""
    return np.zeros_like(input, None if dtype is None else dtype.numpy, order="C")


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
    matrix = np.eye(rows, columns, dtype=as_dtype(dtype).numpy)
    if batch_shape is not None:
        matrix = np.broadcast_to(matrix, (*as_dims(batch_shape), rows, columns)).copy()
    return make_tensor(matrix)


# Ranges of Python integers below this one are int32 and need no further look.
LARGE = 2**31
# The dtypes that the bounds of a range may have, each able to hold those before it.
RANGE_DTYPES = (int32, int64, float16, float32, float64)


def range(start: Any, limit: Any = None, delta: Any = 1, dtype: Any = None, name: str | None = "range") -> Tensor:
    """Returns the numbers from `start` up to and without `limit`, `delta` apart.

    Args:
        start: the first number; with one argument, the limit, and the range starts at 0.
        limit: the number that is not reached.
        delta: the step.
        dtype: the dtype; by default the widest of the arguments' (int32, int64, float16, float32, float64).
        name: ignored.

    Returns:
        A tensor of one dimension.

    Raises:
        InvalidArgumentError: the step is 0 or leads away from the limit.
        TypeError: an argument is no number.

    >>> import gradtape as tf
    >>> tf.range(2, 8, 3)
    <tf.Tensor: shape=(2,), dtype=int32, numpy=array([2, 5], dtype=int32)>
    """
    wanted = as_optional_dtype(dtype)
    if limit is None:
        start, limit = 0, start
    whole = wanted is None and type(start) is type(limit) is type(delta) is int
    if whole and 0 <= start <= limit < LARGE and 0 < delta < LARGE:
        return make_tensor(np.arange(start, limit, delta, dtype=np.int32))
    bounds = [
        each if isinstance(each, Tensor) else convert(each) if isinstance(each, Variable) else convert(each, wanted)
        for each in (start, limit, delta)
    ]
    if wanted is None:
        if any(each.dtype not in RANGE_DTYPES for each in bounds):
            names = ", ".join(each.dtype.name for each in bounds)
            raise TypeError(
                f"range: the bounds are int32, int64, float16, float32 or float64; got {names}. Give a dtype."
            )
        wanted = RANGE_DTYPES[max(RANGE_DTYPES.index(each.dtype) for each in bounds)]
    if wanted.is_bool or wanted.is_complex or wanted.name == "uint8":
        raise InvalidArgumentError(f"range: the dtype {wanted.name} is not in the list of allowed values.")
    if any(product(each._value.shape) != 1 for each in bounds):
        raise InvalidArgumentError("range: start, limit and delta are numbers, not arrays.")
    first, last, step = (each._value.reshape(()).astype(wanted.numpy)[()] for each in bounds)
    if step == 0:
        raise InvalidArgumentError(f"range: Requires delta != 0: {step}")
    if (first > last) if step > 0 else (first < last):
        word = "<= limit when delta > 0" if step > 0 else ">= limit when delta < 0"
        raise InvalidArgumentError(f"range: Requires start {word}: {first}/{last}")
    if wanted.is_integer:
        return make_tensor(np.arange(int(first), int(last), int(step)).astype(wanted.numpy))
    count = ceil(abs((last - first) / step))
    return make_tensor(first + np.arange(count).astype(wanted.numpy) * step)


@composite(arrays(((), ()), ((2,), (2,)), num=[1, 2, 5]) + arrays(((2,), ()), num=[3], axis=[0, 1, -1]))
def linspace(start: TensorLike, stop: TensorLike, num: Any, name: str | None = None, axis: int = 0) -> Tensor:
    """Returns numbers at equal distances from `start` to `stop`, both included.

    Args:
        start: the first number, or an array of first numbers; integers count as float64.
        stop: the last number or numbers, of the dtype of `start`; the shapes broadcast.
        num: how many.
        name: ignored.
        axis: the dimension of the result along which the numbers run.

    Returns:
        A tensor with `num` elements along `axis`.

    Raises:
        InvalidArgumentError: `num` is negative, or there is no such axis.
        TypeError: `num` is no integer.
        ValueError: `stop` is a tensor of another dtype.

    >>> import gradtape as tf
    >>> tf.linspace(0.0, 1.0, 5)
    <tf.Tensor: shape=(5,), dtype=float32, numpy=array([0.  , 0.25, 0.5 , 0.75, 1.  ], dtype=float32)>
    """
    first = convert(start)
    last = convert(stop, first.dtype)
    if first.dtype.is_integer:
        first, last = cast(first, float64), cast(last, float64)
    if isinstance(num, float):
        raise TypeError(f"linspace: num is an integer, got {num!r}.")
    (count,) = as_ints(num)
    if count < 0:
        raise InvalidArgumentError(f"linspace: num is at least 0, got {count}.")
    shape = np.broadcast_shapes(first._value.shape, last._value.shape)
    place = in_range(axis, len(shape) + 1)
    first = expand_dims(broadcast_to(first, shape), place)
    last = expand_dims(broadcast_to(last, shape), place)
    if count == 0:
        return make_tensor(np.zeros((*shape[:place], 0, *shape[place:]), first.dtype.numpy))
    if count == 1:
        return first
    steps = np.arange(1, count - 1).astype(first.dtype.numpy)
    between = steps.reshape((-1, *(1,) * (len(shape) - place)))
    # The ends are exact, as in TensorFlow; only what lies between is computed.
    step: Any = subtract(last, first)
    return concat([first, first + step / (count - 1) * between, last], place)


def index_dtype(out_type: Any) -> Any:
    """Returns the NumPy dtype for sizes: int32, or what `out_type` says, which is int32 or int64."""
    dtype = int32 if out_type is None else as_dtype(out_type)
    if dtype not in (int32, int64):
        raise InvalidArgumentError(f"out_type is int32 or int64, got {dtype.name}.")
    return dtype.numpy


def array_of(input: Any) -> Any:
    """Returns the array of what becomes a tensor; it is looked at, not recorded."""
    return input._value if isinstance(input, Tensor) else convert(input)._value


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
