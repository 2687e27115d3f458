"""What tensors are: their shapes, their values for Python, their bits; and tensors handed on as they are."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape._core.batches import as_it_is
from gradtape._core.conversion import convert
from gradtape._core.dispatch import convert_hint
from gradtape._core.dtypes import INDEX, NUMBERS, as_dtype, float32, float64, int32
from gradtape._core.families import discrete, elementwise
from gradtape._core.op import ZERO, Array, TensorLike
from gradtape._core.sampling import Values, arrays
from gradtape._core.spec import TensorShape, broadcast_shapes
from gradtape._core.tensor import Carrier, Tensor, make_tensor
from gradtape._core.variable import Variable
from gradtape._ops.counting import plain
from gradtape._ops.creation import shape
from gradtape._ops.parameters import Shape
from gradtape._ops.structure import identity
from gradtape.errors import InvalidArgumentError, WrongTypeError

PRECISE = frozenset({float32.numpy, float64.numpy})


def as_list(value: Any, name: str) -> list[Tensor]:
    """Returns the tensors of a list; raises InvalidArgumentError if there are none."""
    if not isinstance(value, list | tuple):
        raise WrongTypeError(f"{name}: a list of tensors is wanted, got {value!r}.")
    if not value:
        raise InvalidArgumentError(f"{name}: at least one tensor is wanted, got an empty list.")
    return [convert(each) for each in value]


def shape_n(input: Any, out_type: Any = int32, name: str | None = None) -> list[Tensor]:
    """Returns the shapes of several tensors.

    Args:
        input: a list of tensors of one dtype.
        out_type: the dtype of the shapes, int32 or int64.
        name: ignored.

    Returns:
        A list of vectors of integers.

    Raises:
        InvalidArgumentError: the list is empty, or the dtypes differ.

    >>> import gradtape as tf
    >>> [each.numpy().tolist() for each in tf.shape_n([tf.ones([2, 3]), tf.ones([4])])]
    [[2, 3], [4]]
    """
    tensors = as_list(input, "shape_n")
    if len({each.dtype for each in tensors}) > 1:
        names = ", ".join(each.dtype.name for each in tensors)
        raise WrongTypeError(f"shape_n: the tensors have to have one dtype, got {names}.")
    return [shape(each, out_type) for each in tensors]


def identity_n(input: Any, name: str | None = None) -> list[Tensor]:
    """Returns several tensors as they are.

    Args:
        input: a list of tensors.
        name: ignored.

    Returns:
        A list of tensors.

    Raises:
        InvalidArgumentError: the list is empty.

    >>> import gradtape as tf
    >>> [each.numpy().tolist() for each in tf.identity_n([tf.constant([1.0]), tf.constant(2)])]
    [[1.0], 2]
    """
    return [identity(each) for each in as_list(input, "identity_n")]


def guarantee_const(input: TensorLike, name: str | None = None) -> Tensor:
    """Returns a tensor as it is, whose value does not change; the gradient goes through.

    Args:
        input: a tensor.
        name: ignored.

    Returns:
        The same tensor.

    >>> import gradtape as tf
    >>> tf.guarantee_const([1.0, 2.0]).numpy()
    array([1., 2.], dtype=float32)
    """
    return identity(input)


def no_op(name: str | None = None) -> None:
    """Does nothing.

    Args:
        name: ignored.

    Returns:
        None.

    >>> import gradtape as tf
    >>> tf.no_op()
    """


def broadcast_static_shape(shape_x: TensorShape, shape_y: TensorShape) -> TensorShape:
    """Returns the shape to which two shapes broadcast.

    Args:
        shape_x: a `tf.TensorShape`, of which sizes may be unknown.
        shape_y: the same.

    Returns:
        A `tf.TensorShape`.

    Raises:
        ValueError: they do not broadcast.

    >>> import gradtape as tf
    >>> tf.broadcast_static_shape(tf.TensorShape([2, 1]), tf.TensorShape([3]))
    TensorShape([2, 3])
    """
    first, second = TensorShape(shape_x), TensorShape(shape_y)
    if first.rank is None or second.rank is None:
        return TensorShape(None)
    rank = max(first.rank, second.rank)
    sizes: list[int | None] = []
    for x, y in zip(
        [1] * (rank - first.rank) + first.as_list(), [1] * (rank - second.rank) + second.as_list(), strict=True
    ):
        if x is None or y is None:
            # A known size above 1 is what an unknown one has to be, or is broadcast to.
            sizes.append(next((size for size in (x, y) if size is not None and size > 1), None))
        elif x != y and 1 not in (x, y):
            raise InvalidArgumentError(f"Incompatible shapes for broadcasting: {first} and {second}.")
        else:
            sizes.append(y if x == 1 else x)
    return TensorShape(sizes)


def broadcast_dynamic_shape(shape_x: TensorLike, shape_y: TensorLike) -> Tensor:
    """Returns the shape to which two shapes broadcast, as a tensor.

    Args:
        shape_x: a vector of integers, int32 or int64.
        shape_y: the same.

    Returns:
        A vector of integers of the same dtype.

    Raises:
        InvalidArgumentError: they do not broadcast, or are no vectors of integers of one dtype.

    >>> import gradtape as tf
    >>> tf.broadcast_dynamic_shape([2, 1], [3]).numpy()
    array([2, 3], dtype=int32)
    """
    given = [each for each in (shape_x, shape_y) if isinstance(each, Tensor | Variable)]
    known = given[0].dtype if given else int32
    sizes = [plain(convert_hint(each, known)) for each in (shape_x, shape_y)]
    if sizes[0].dtype != sizes[1].dtype or sizes[0].dtype not in INDEX:
        raise WrongTypeError(
            f"two shapes of one dtype, int32 or int64, are wanted; got {sizes[0].dtype} and {sizes[1].dtype}."
        )
    for each in sizes:
        if each.ndim != 1:
            raise InvalidArgumentError(f"a shape is a vector, got an array of shape {list(each.shape)}.")
    found = broadcast_shapes(*(tuple(map(int, each)) for each in sizes))
    return make_tensor(np.array(found, sizes[0].dtype))


def get_static_value(tensor: Any, partial: bool = False) -> Any:
    """Returns the value of a tensor as an array.

    Args:
        tensor: a tensor.
        partial: ignored: all values are known.

    Returns:
        A NumPy array or scalar; None of a variable, whose value is not fixed; what is no tensor, as it is.

    >>> import gradtape as tf
    >>> tf.get_static_value(tf.constant([1, 2]))
    array([1, 2], dtype=int32)
    """
    if isinstance(tensor, Carrier | Variable):
        return None
    return tensor.numpy() if isinstance(tensor, Tensor) else tensor


def as_bits_of(value: Any) -> Any:
    """Returns the dtype in which bits are read; InvalidArgumentError for bools, of which not all bits are numbers."""
    dtype = as_dtype(value)
    if dtype.is_bool:
        raise InvalidArgumentError("bitcast: the bits of a number are no bools; write tf.cast(x, tf.bool).")
    return dtype.numpy


def bits_shape(input_shape: Shape, type: Any, parts: int, whole: int) -> Shape:
    """The shape rule of `read_bits`."""
    if whole == 1:
        return input_shape if parts == 1 else (*input_shape, parts)
    if not input_shape or input_shape[-1] != whole:
        raise InvalidArgumentError(f"Cannot bitcast to {type}: shape {list(input_shape)} has to end with {whole}.")
    return input_shape[:-1]


@discrete(
    arrays((), (3,), (2, 0), values=Values(0, 9, "index"), type=[np.dtype(np.uint8)], parts=[4], whole=[1])
    + arrays((3, 2), values=Values(0, 9, "index"), type=[np.dtype(np.int64)], parts=[1], whole=[2]),
    inputs=("input",),
    types=NUMBERS,
    shape=bits_shape,
    batch=as_it_is,
)
def read_bits(input: TensorLike, type: Any, parts: int, whole: int) -> Array:
    """Returns the bits of each number as `parts` numbers of a dtype, or those of `whole` numbers as one."""
    shape = bits_shape(input.shape, type, parts, whole)
    return (
        np.ascontiguousarray(input).reshape((*input.shape, 1) if whole == 1 else input.shape).view(type).reshape(shape)
    )


def bitcast(input: TensorLike, type: Any, name: str | None = None) -> Tensor:
    """Returns the bits of a tensor, read as numbers of another dtype; of the same dtype, the tensor.

    Args:
        input: a tensor of numbers.
        type: the dtype.
        name: ignored.

    Returns:
        A tensor of this dtype and the same shape; with one more dimension at the end where its numbers are smaller, and
        without the last one where they are larger.

    Raises:
        InvalidArgumentError: the numbers are larger and the last dimension does not make one each, or a dtype is bool.

    >>> import gradtape as tf
    >>> tf.bitcast(tf.constant([1.0, 2.0]), tf.int32).numpy()
    array([1065353216, 1073741824], dtype=int32)
    """
    tensor, wanted = convert(input), as_bits_of(type)
    if tensor._value.dtype == wanted and tensor._value.dtype.kind != "b":
        return identity(tensor)
    old, new = tensor._value.dtype.itemsize, wanted.itemsize
    return read_bits(tensor, wanted, max(1, old // new), max(1, new // old))


@elementwise(
    arrays(((), ()), ((3,), (2, 3)), ((0,), (0,)), values=Values(0.5, 2.0)),
    types=PRECISE,
    x1=lambda g: g,
    x2=ZERO,
)
def nextafter(x1: TensorLike, x2: TensorLike, name: str | None = None) -> Array:
    """Returns the number next to `x1` in the direction of `x2`, element-wise; the gradient is that of `x1`.

    Args:
        x1: a tensor, float32 or float64.
        x2: a tensor of the same dtype, of a shape that broadcasts with it.
        name: ignored.

    Returns:
        A tensor of that dtype and the shape that both broadcast to.

    Raises:
        InvalidArgumentError: the dtypes differ or are others, or the shapes do not broadcast.

    >>> import gradtape as tf
    >>> tf.math.nextafter(1.0, 2.0).numpy()
    np.float32(1.0000001)
    """
    return np.nextafter(x1, x2)
