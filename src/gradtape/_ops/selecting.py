"""Elements chosen by a condition, and written by an index: where, one_hot."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape._core.batches import moving, past_axis
from gradtape._core.conversion import convert
from gradtape._core.dtypes import DType, as_dtype, bool_, float32, int32
from gradtape._core.families import composite, discrete
from gradtape._core.op import Array, TensorLike
from gradtape._core.sampling import Values, arrays
from gradtape._core.tensor import Carrier, Tensor, make_tensor
from gradtape._core.variable import Variable
from gradtape._ops.casting import cast
from gradtape._ops.comparison import select
from gradtape._ops.parameters import Shape, as_axis, as_ints
from gradtape._ops.steps import is_recorded, one_step
from gradtape._ops.structure import stop_gradient
from gradtape.errors import InvalidArgumentError, WrongTypeError

CHOICES = (Values(kind="bool"), Values(), Values())
SHAPES = (((), (), ()), ((3,), (3,), (3,)), ((3,), (2, 3), ()), ((2, 1), (), (3,)), ((0,), (0,), ()))


@composite(arrays(*SHAPES, values=CHOICES))
def where(condition: TensorLike, x: Any = None, y: Any = None, name: str | None = None) -> Tensor:
    """Returns `x` where a condition is true and `y` elsewhere; with the condition alone, the indices where it is true.

    The gradient goes to the chosen elements. What was not chosen gets 0, even where its own derivative is infinite.

    Args:
        condition: a tensor of bools; with the condition alone, numbers are true where they are not 0.
        x: a tensor, or a number.
        y: a tensor of the dtype of `x`, or a number. The three broadcast.
        name: ignored.

    Returns:
        A tensor of the dtype of `x` and the shape to which all three broadcast; with the condition alone, an int64
        tensor with a row of indices for each true element.

    Raises:
        ValueError: only one of `x` and `y` is given.
        TypeError: the condition is a list of something else than bools, or a number does not fit the dtype.
        InvalidArgumentError: the shapes do not broadcast, or the dtypes of two tensors differ.

    >>> import gradtape as tf
    >>> tf.where([True, False], [1, 2], 0)
    <tf.Tensor: shape=(2,), dtype=int32, numpy=array([1, 0], dtype=int32)>
    >>> tf.where([False, True, True])
    <tf.Tensor: shape=(2, 1), dtype=int64, numpy=
    array([[1],
           [2]])>
    """
    if x is None and y is None:
        return true_places(convert(condition))
    if x is None or y is None:
        raise InvalidArgumentError("where: x and y must both be non-None or both be None.")
    if not isinstance(condition, Tensor | Variable):
        condition = convert(condition, bool_)
    return select(condition, x, y)


@one_step("where", varies=True)
def true_places(condition: Tensor) -> Tensor:
    """Returns the indices where a condition is true."""
    array = condition._refuse() if isinstance(condition, Carrier) else condition._value
    if not array.ndim:
        raise InvalidArgumentError("where: the condition has no dimension, so that there are no indices to return.")
    return make_tensor(np.argwhere(array).astype(np.int64))


def encoded_shape(indices_shape: Shape, depth: int, on: Any, off: Any, axis: int) -> Shape:
    """The shape rule of `one_hot`."""
    if not -1 <= axis <= len(indices_shape):
        raise InvalidArgumentError(
            f"Expected axis to be -1 or between [0, {len(indices_shape)}]. But received: {axis}."
        )
    place = len(indices_shape) if axis == -1 else axis
    return (*indices_shape[:place], depth, *indices_shape[place:])


ONE_HOT_INDICES = frozenset(np.dtype(each) for each in ("uint8", "int8", "int32", "int64"))


@discrete(
    arrays(
        ((3,),), ((2, 0),), ((),), values=Values(-1, 3, "index"), depth=[3, 0], on=[1.0], off=[0.0, -1.0], axis=[-1, 0]
    ),
    inputs=("indices",),
    types=ONE_HOT_INDICES,
    shape=encoded_shape,
    batch=moving(axis=past_axis),
)
def encode(indices: TensorLike, depth: int, on: Any, off: Any, axis: int) -> Array:
    """Returns `on` at the indices along a new dimension, and `off` elsewhere."""
    encoded_shape(indices.shape, depth, on, off, axis)
    place = indices.ndim if axis == -1 else axis
    after = indices.ndim - place
    along = np.arange(depth).reshape((depth, *(1,) * after))
    before = indices.reshape((*indices.shape[:place], 1, *indices.shape[place:]))
    found = np.where(before == along, on, off)
    return found.astype(object) if found.dtype.kind == "S" else found


def as_value(value: Any, dtype: DType | None) -> Tensor:
    """Returns the number to write into a one-hot tensor; a tensor keeps its dtype."""
    return convert(value) if isinstance(value, Tensor | Variable) else convert(value, dtype)


def one_hot(
    indices: TensorLike,
    depth: Any,
    on_value: Any = None,
    off_value: Any = None,
    axis: Any = None,
    dtype: Any = None,
    name: str | None = None,
) -> Any:
    """Returns, for each index, a vector with one number at that index and another one elsewhere.

    Args:
        indices: integers (uint8, int8, int32 or int64); those that are not in `[0, depth)` give a vector without
            `on_value`.
        depth: the length of the vectors.
        on_value: the number at the index; 1 by default.
        off_value: the number elsewhere; 0 by default.
        axis: the dimension of the result along which the vectors lie; the last one by default.
        dtype: the dtype; by default that of `on_value` or `off_value`, float32 if neither is given.
        name: ignored.

    Returns:
        A tensor with a dimension more than `indices`.

    Raises:
        TypeError: the dtypes of `on_value`, `off_value` and `dtype` differ.
        InvalidArgumentError: the depth is negative, or there is no such axis.

    >>> import gradtape as tf
    >>> tf.one_hot([0, 2], 3)
    <tf.Tensor: shape=(2, 3), dtype=float32, numpy=
    array([[1., 0., 0.],
           [0., 0., 1.]], dtype=float32)>
    """
    wanted = None if dtype is None else as_dtype(dtype)
    on = None if on_value is None else as_value(on_value, None if isinstance(on_value, float) else wanted)
    off = None if off_value is None else as_value(off_value, None if isinstance(off_value, float) else wanted)
    for word, value in (("on_value", on), ("off_value", off)):
        if value is not None and wanted is not None and value.dtype is not wanted and wanted.is_integer:
            raise WrongTypeError(f"one_hot: dtype {value.dtype.name} of {word} does not match dtype {wanted.name}.")
    if on is not None and off is not None and on.dtype is not off.dtype:
        raise WrongTypeError(
            f"one_hot: dtype {on.dtype.name} of on_value does not match {off.dtype.name} of off_value."
        )
    kind = wanted or (on.dtype if on is not None else off.dtype if off is not None else float32)
    on = convert(1, kind) if on is None else on
    off = convert(0, kind) if off is None else off
    if isinstance(depth, float):
        raise WrongTypeError(f"one_hot: the depth is an integer, got {depth!r}.")
    sizes = as_ints(depth)
    if len(sizes) != 1 or isinstance(depth, (list, tuple)):
        raise InvalidArgumentError(f"one_hot: depth must be a scalar, got {list(sizes)}.")
    if sizes[0] < 0:
        raise InvalidArgumentError(f"one_hot: depth must be non-negative, got: {sizes[0]}.")
    where_to = convert(indices, int32) if isinstance(indices, (list, tuple)) and not indices else indices
    place = -1 if axis is None else as_axis(axis)
    if is_recorded(on) or is_recorded(off):
        chosen = encode(where_to, sizes[0], np.True_, np.False_, place)
        return stop_gradient(select(chosen, cast(on, kind), cast(off, kind)))
    one, other = (each._value.astype(kind.numpy)[()] for each in (on, off))
    return encode(where_to, sizes[0], one, other, place)
