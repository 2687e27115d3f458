"""The form of tensors: reshaping, transposing, broadcasting and what undoes it, reversing."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from gradtape._core.batches import as_it_is, moving, past_axes, to_shape
from gradtape._core.dtypes import EVERY, NUMBERS
from gradtape._core.families import composite, discrete, linear
from gradtape._core.op import Array, TensorLike
from gradtape._core.sampling import arrays
from gradtape._core.spec import TensorShape, broadcast_shapes
from gradtape._core.tensor import Tensor
from gradtape._ops.batching import broadcast_behind, permuted_behind, summed_behind
from gradtape._ops.parameters import Shape, as_axis, as_dims, as_ints, as_new_shape, as_vector, in_range
from gradtape.errors import InvalidArgumentError

# Up to so many elements a broadcast is written out, which takes less time than NumPy's view of it.
SMALL = 4096


def same_shape(shape: Shape, **params: Any) -> Shape:
    """The shape rule of operations that keep the shape."""
    return shape


def reshaped(tensor_shape: Shape, shape: Shape) -> Shape:
    """The shape rule of `reshape`: `shape` with its -1 filled in."""
    if -1 not in shape:
        if prod(shape) != prod(tensor_shape):
            raise InvalidArgumentError(
                f"Input to reshape is a tensor with {prod(tensor_shape)} values, but the requested shape has "
                f"{prod(shape)}: {list(tensor_shape)} does not fit {list(shape)}."
            )
        return shape
    elements, known = prod(tensor_shape), prod(size for size in shape if size != -1)
    if not elements and not known:
        # A 0 is asked for by itself: the sizes that are not 0 are shared out, as TensorFlow does.
        elements, known = (prod(filter(None, sizes)) for sizes in (tensor_shape, [s for s in shape if s != -1]))
    if not known or elements % known:
        raise InvalidArgumentError(
            f"Input to reshape is a tensor with {prod(tensor_shape)} values, but the requested shape requires a "
            f"multiple of {known}: {list(tensor_shape)} does not fit {list(shape)}."
        )
    return tuple(elements // known if size == -1 else size for size in shape)


# What only moves elements has nothing to conjugate: all operations of this file say so with `holomorphic=False`, and a
# transposition that conjugates is its own rule in TensorFlow's convention for complex gradients.
@linear(
    arrays((2, 3), shape=[(3, 2), (6,), (-1,), (1, -1, 2)])
    + arrays((), shape=[(), (1,), (1, 1)])
    + arrays((0, 3), shape=[(3, 0), (0,), (0, -1), (-1, 0)]),
    shape=reshaped,
    batch=to_shape,
    types=EVERY,
    holomorphic=False,
    canonical={"shape": as_new_shape},
    tensor=lambda g, tensor_shape: reshape(g, tensor_shape),
)
def reshape(tensor: TensorLike, shape: Any, name: str | None = None) -> Array:
    """Returns the elements of a tensor, in their order, in another shape.

    Args:
        tensor: a tensor.
        shape: a list, tuple or tensor of sizes; one of them may be -1, and takes what is left.
        name: ignored.

    Returns:
        A tensor of the same dtype and of shape `shape`.

    Raises:
        InvalidArgumentError: the number of elements does not fit.

    >>> import gradtape as tf
    >>> tf.reshape([1, 2, 3, 4, 5, 6], [2, -1])
    <tf.Tensor: shape=(2, 3), dtype=int32, numpy=
    array([[1, 2, 3],
           [4, 5, 6]], dtype=int32)>
    """
    if not tensor.size and -1 in shape:
        shape = reshaped(tensor.shape, shape)
    return tensor.reshape(shape)


def as_target(value: Any) -> Shape:
    """Returns the shape to broadcast to as a tuple; a single integer is refused as TensorFlow does."""
    return as_dims(as_vector(value))


def broadcast_shape(input_shape: Shape, shape: Shape) -> Shape:
    """The shape rule of `broadcast_to`."""
    if len(input_shape) > len(shape):
        raise InvalidArgumentError(
            f"Rank of input ({len(input_shape)}) must be no greater than rank of output shape ({len(shape)}): "
            f"{list(input_shape)} does not broadcast to {list(shape)}."
        )
    if broadcast_shapes(input_shape, shape) != shape:
        raise InvalidArgumentError(f"Incompatible shapes: {list(input_shape)} does not broadcast to {list(shape)}.")
    return shape


@linear(
    arrays((), shape=[(), (3,), (2, 0), (2, 3)])
    + arrays((3,), shape=[(3,), (2, 3), (4, 1, 3), (0, 3)])
    + arrays((2, 1), shape=[(2, 3), (3, 2, 1), (2, 0)]),
    shape=broadcast_shape,
    batch=broadcast_behind,
    types=EVERY,
    holomorphic=False,
    canonical={"shape": as_target},
    input=lambda g, input_shape: sum_to(g, input_shape),
)
def broadcast_to(input: TensorLike, shape: Any, name: str | None = None) -> Array:
    """Returns a tensor repeated along dimensions of size 1, and along new ones in front, to fill a shape.

    Args:
        input: a tensor.
        shape: a list, tuple or tensor of sizes, to which the shape of `input` broadcasts.
        name: ignored.

    Returns:
        A tensor of the same dtype and of shape `shape`.

    Raises:
        InvalidArgumentError: the shape of `input` does not broadcast to `shape`.

    >>> import gradtape as tf
    >>> tf.broadcast_to([1, 2], [3, 2])
    <tf.Tensor: shape=(3, 2), dtype=int32, numpy=
    array([[1, 2],
           [1, 2],
           [1, 2]], dtype=int32)>
    """
    if input.ndim == 0 and input.dtype.kind in "fc":
        # One number, read again and again: NumPy's own function takes six times as long to say so.
        return np.ndarray(shape, input.dtype, input, 0, (0,) * len(shape))
    if prod(shape) > SMALL:
        return np.broadcast_to(input, shape)
    if len(shape) < input.ndim:
        raise ValueError(shape)
    out = np.empty_like(input, shape=shape, order="C")
    out[...] = input
    return out


def summed_shape(x_shape: Shape, shape: Shape) -> Shape:
    """The shape rule of `sum_to`."""
    broadcast_shape(shape, x_shape)
    return shape


@linear(
    arrays((), shape=[()])
    + arrays((2, 3), shape=[(), (3,), (1,), (2, 1), (1, 3), (1, 1), (2, 3)])
    + arrays((2, 0), shape=[(2, 1), (), (2, 0)])
    + arrays((4, 1, 3), shape=[(3,), (1, 3), (4, 1, 1)]),
    shape=summed_shape,
    batch=summed_behind,
    types=NUMBERS,
    holomorphic=False,
    canonical={"shape": as_dims},
    x=lambda g, x_shape: broadcast_to(g, x_shape),
)
def sum_to(x: TensorLike, shape: Any, name: str | None = None) -> Array:
    """Returns `x` summed over what was broadcast: to a shape that broadcasts to the shape of `x`.

    Args:
        x: a tensor of numbers.
        shape: a list, tuple or tensor of sizes.
        name: ignored.

    Returns:
        A tensor of the same dtype and of shape `shape`.

    Raises:
        InvalidArgumentError: `shape` does not broadcast to the shape of `x`.
    """
    extra = x.ndim - len(shape)
    if extra < 0:
        raise ValueError(shape)
    axes = [*range(extra)]
    for axis, size in enumerate(shape, start=extra):
        if size != x.shape[axis]:
            if size != 1:
                raise ValueError(shape)
            axes.append(axis)
    return np.add.reduce(x, axis=tuple(axes), dtype=x.dtype).reshape(shape)


def inverse(perm: Shape | None) -> Shape | None:
    """Returns the permutation that undoes `perm`."""
    if perm is None:
        return None
    rank = len(perm)
    places = [axis % rank for axis in perm]
    return tuple(places.index(axis) for axis in range(rank))


def transposed(a_shape: Shape, perm: Shape | None, conjugate: bool) -> Shape:
    """The shape rule of `transpose`."""
    if perm is None:
        return a_shape[::-1]
    rank = len(a_shape)
    if len(perm) != rank:
        raise InvalidArgumentError(
            f"transpose expects a vector of size {rank}, one axis for each of the shape {list(a_shape)}; "
            f"but perm is {list(perm)}."
        )
    places = [in_range(axis, rank) for axis in perm]
    for axis in range(rank):
        if axis not in places:
            raise InvalidArgumentError(f"{axis} is missing from perm, which is {list(perm)}.")
    return tuple(a_shape[axis] for axis in places)


def as_perm(value: Any) -> Shape | None:
    """Returns the axes of a transposition as a tuple, None for the reverse order; raises as `as_ints` does."""
    return None if value is None else as_vector(value)


@linear(
    arrays((2, 3), perm=[None, (1, 0), (0, 1), (-1, 0)], conjugate=[False])
    + arrays((2, 3, 4), perm=[None, (1, 2, 0), (0, 2, 1), (-1, 0, -2)], conjugate=[False, True])
    + arrays((), (3,), (0, 2), perm=[None], conjugate=[False, True]),
    shape=transposed,
    batch=moving(perm=permuted_behind),
    types=EVERY,
    holomorphic=False,
    canonical={"perm": as_perm, "conjugate": bool},
    a=lambda g, perm, conjugate: transpose(g, inverse(perm), conjugate),
)
def transpose(a: TensorLike, perm: Any = None, conjugate: bool = False, name: str | None = "transpose") -> Array:
    """Returns a tensor with its dimensions in another order.

    Args:
        a: a tensor.
        perm: a list, tuple or tensor of axes: dimension `i` of the result is dimension `perm[i]` of `a`. By default
            the order is reversed, which transposes a matrix.
        conjugate: whether complex numbers are conjugated as well.
        name: ignored.

    Returns:
        A tensor of the same dtype.

    Raises:
        InvalidArgumentError: `perm` does not name each axis once.

    >>> import gradtape as tf
    >>> tf.transpose([[1, 2, 3], [4, 5, 6]])
    <tf.Tensor: shape=(3, 2), dtype=int32, numpy=
    array([[1, 4],
           [2, 5],
           [3, 6]], dtype=int32)>
    """
    out = a.transpose(perm)
    return np.conj(out) if conjugate and out.dtype.kind == "c" else out


def expanded(input_shape: Shape, axis: int) -> Shape:
    """The shape rule of `expand_dims`."""
    place = in_range(axis, len(input_shape) + 1)
    return (*input_shape[:place], 1, *input_shape[place:])


@linear(
    arrays((), axis=[0, -1]) + arrays((3,), (2, 0), axis=[0, 1, -1, -2]) + arrays((2, 3), axis=[2, -3]),
    shape=expanded,
    batch=to_shape,
    types=EVERY,
    holomorphic=False,
    canonical={"axis": as_axis},
    input=lambda g, input_shape: reshape(g, input_shape),
)
def expand_dims(input: TensorLike, axis: Any, name: str | None = None) -> Array:
    """Returns a tensor with a new dimension of size 1.

    Args:
        input: a tensor.
        axis: where the new dimension goes; negative ones count from the end of the result's.
        name: ignored.

    Returns:
        A tensor of the same dtype with one more dimension.

    Raises:
        InvalidArgumentError: there is no such axis.

    >>> import gradtape as tf
    >>> tf.expand_dims([1, 2], -1)
    <tf.Tensor: shape=(2, 1), dtype=int32, numpy=
    array([[1],
           [2]], dtype=int32)>
    """
    return input.reshape(expanded(input.shape, axis))


def as_squeezed(value: Any) -> Shape | None:
    """Returns the axes to leave out as a tuple, None for all of size 1; raises as `as_ints` does."""
    return (None if value is None else as_ints(value)) or None


def squeezed(input_shape: Shape, axis: Shape | None) -> Shape:
    """The shape rule of `squeeze`."""
    if axis is None:
        return tuple(size for size in input_shape if size != 1)
    places = [in_range(each, len(input_shape)) for each in axis]
    for place in places:
        if input_shape[place] != 1:
            raise InvalidArgumentError(
                f"Can not squeeze dim[{place}], expected a dimension of 1, got {input_shape[place]} "
                f"(shape {list(input_shape)})."
            )
    return tuple(size for place, size in enumerate(input_shape) if place not in places)


@linear(
    arrays((1, 2, 1), axis=[None, (0,), (-1,), (0, 2), (0, 0)]) + arrays((), (2,), (1,), (1, 0), axis=[None]),
    shape=squeezed,
    batch=to_shape,
    types=EVERY,
    holomorphic=False,
    canonical={"axis": as_squeezed},
    input=lambda g, input_shape: reshape(g, input_shape),
)
def squeeze(input: TensorLike, axis: Any = None, name: str | None = None) -> Array:
    """Returns a tensor without dimensions of size 1.

    Args:
        input: a tensor.
        axis: the dimension or a list of those to leave out; by default all of size 1.
        name: ignored.

    Returns:
        A tensor of the same dtype.

    Raises:
        InvalidArgumentError: there is no such axis, or its size is not 1.

    >>> import gradtape as tf
    >>> tf.squeeze([[[1], [2]]])
    <tf.Tensor: shape=(2,), dtype=int32, numpy=array([1, 2], dtype=int32)>
    """
    return input.squeeze() if axis is None else input.reshape(squeezed(input.shape, axis))


def checked_axes(tensor_shape: Shape, axis: Shape, **params: Any) -> Shape:
    """The shape rule of operations that keep the shape and name axes, each once."""
    places = [in_range(each, len(tensor_shape)) for each in axis]
    if len(set(places)) < len(places):
        raise InvalidArgumentError(f"an axis is named twice: {list(axis)}.")
    return tensor_shape


@linear(
    arrays((3,), (2, 3), (0, 2), axis=[(0,), (-1,), ()]) + arrays((2, 3), axis=[(0, 1)]),
    shape=checked_axes,
    batch=moving(axis=past_axes),
    types=EVERY,
    holomorphic=False,
    canonical={"axis": as_vector},
    tensor=lambda g, axis: reverse(g, axis),
)
def reverse(tensor: TensorLike, axis: Any, name: str | None = None) -> Array:
    """Returns a tensor with the elements along some axes in reverse order.

    Args:
        tensor: a tensor.
        axis: a list, tuple or tensor of axes.
        name: ignored.

    Returns:
        A tensor of the same dtype and shape.

    Raises:
        InvalidArgumentError: there is no such axis, or it is named twice.

    >>> import gradtape as tf
    >>> tf.reverse([1, 2, 3], [0])
    <tf.Tensor: shape=(3,), dtype=int32, numpy=array([3, 2, 1], dtype=int32)>
    """
    checked_axes(tensor.shape, axis)
    return np.flip(tensor, axis)


def roll_shape(input_shape: Shape, shift: Shape, axis: Shape) -> Shape:
    """The shape rule of `roll`."""
    if len(shift) != len(axis):
        raise InvalidArgumentError(f"shift and axis must have the same size; got {list(shift)} and {list(axis)}.")
    if not input_shape:
        raise InvalidArgumentError("input must be 1-D or higher.")
    for each in axis:
        in_range(each, len(input_shape))
    return input_shape


def negated(shift: Shape) -> Shape:
    """Returns the shift that undoes `shift`."""
    return tuple(-each for each in shift)


@linear(
    arrays((3,), (2, 3), (0, 2), shift=[(1,), (-4,)], axis=[(0,)]) + arrays((2, 3), shift=[(1, 2)], axis=[(0, -1)]),
    shape=roll_shape,
    batch=moving(axis=past_axes),
    types=EVERY,
    holomorphic=False,
    canonical={"shift": as_ints, "axis": as_ints},
    input=lambda g, shift, axis: roll(g, negated(shift), axis),
)
def roll(input: TensorLike, shift: Any, axis: Any, name: str | None = None) -> Array:
    """Returns a tensor with its elements moved along axes; those moved out at one end come in at the other.

    Args:
        input: a tensor of at least one dimension.
        shift: by how many places: an integer, or one for each of several axes.
        axis: the axis, or several.
        name: ignored.

    Returns:
        A tensor of the same dtype and shape.

    Raises:
        InvalidArgumentError: there is no such axis, or `shift` and `axis` are not of one length.

    >>> import gradtape as tf
    >>> tf.roll([1, 2, 3], 1, 0)
    <tf.Tensor: shape=(3,), dtype=int32, numpy=array([3, 1, 2], dtype=int32)>
    """
    roll_shape(input.shape, shift, axis)
    return np.roll(input, shift, axis)


@linear(arrays((), (3,), (2, 0)), shape=same_shape, batch=as_it_is, types=EVERY, holomorphic=False, input=lambda g: g)
def identity(input: TensorLike, name: str | None = None) -> Array:
    """Returns a tensor with the same value, a step of its own on a tape.

    Args:
        input: a tensor or what becomes one.
        name: ignored.

    Returns:
        A new tensor of the same dtype and shape.

    >>> import gradtape as tf
    >>> tf.identity(2.0)
    <tf.Tensor: shape=(), dtype=float32, numpy=2.0>
    """
    # Another object than the input: an array stands for one tensor.
    return input.view()


@discrete(arrays((), (3,), (2, 0)), inputs=("input",))
def stop_gradient(input: TensorLike, name: str | None = None) -> Array:
    """Returns a tensor with the same value, as a constant: no gradient flows through it.

    Args:
        input, name: as for `identity`.

    Returns:
        A new tensor, which no tape follows.

    >>> import gradtape as tf
    >>> x = tf.Variable(3.0)
    >>> with tf.GradientTape() as tape:
    ...     y = x * tf.stop_gradient(x)
    >>> tape.gradient(y, x)
    <tf.Tensor: shape=(), dtype=float32, numpy=3.0>
    """
    return input.view()


@composite(arrays((), shape=[()]) + arrays((2, 3), shape=[(2, 3), (None, 3), None]))
def ensure_shape(x: TensorLike, shape: Any, name: str | None = None) -> Tensor:
    """Returns `x` if its shape is compatible with `shape`.

    Args:
        x: a tensor.
        shape: a shape or a `TensorShape`; None stands for any size, or for any shape.
        name: ignored.

    Returns:
        A tensor with the value of `x`.

    Raises:
        InvalidArgumentError: the shapes are not compatible.

    >>> import gradtape as tf
    >>> tf.ensure_shape([1, 2], [None]).shape
    TensorShape([2])
    """
    result, expected = identity(x), TensorShape(shape)
    if not result.shape.is_compatible_with(expected):
        raise InvalidArgumentError(
            f"ensure_shape: Shape of tensor x {list(result.shape)} is not compatible with expected shape {expected}."
        )
    return result
