"""Products of matrices, vectors and tensors, by position of their axes."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from gradtape._core.batches import aligned
from gradtape._core.conversion import convert
from gradtape._core.dtypes import INEXACT, as_dtype, int32, int64
from gradtape._core.families import bilinear, composite
from gradtape._core.op import Array, TensorLike
from gradtape._core.sampling import arrays
from gradtape._core.spec import broadcast_shapes
from gradtape._core.tensor import Tensor
from gradtape._ops.casting import cast
from gradtape._ops.parameters import Shape, as_ints
from gradtape._ops.structure import expand_dims, reshape, sum_to, transpose
from gradtape.errors import InvalidArgumentError, WrongTypeError

PRODUCTS = INEXACT | {int32.numpy, int64.numpy}


def product_shape(a_shape: Shape, b_shape: Shape, transpose_a: bool = False, transpose_b: bool = False) -> Shape:
    """The shape rule of a product of matrices, whose leading dimensions broadcast."""
    for position, shape in enumerate((a_shape, b_shape)):
        if len(shape) < 2:
            raise InvalidArgumentError(
                f"In[{position}] ndims must be >= 2, got shape {list(shape)}. For a vector write tf.linalg.matvec, "
                "tf.tensordot or tf.expand_dims."
            )
    rows, inner = a_shape[:-3:-1] if transpose_a else a_shape[-2:]
    other, columns = b_shape[:-3:-1] if transpose_b else b_shape[-2:]
    if inner != other:
        turned = ", transpose_a" * bool(transpose_a) + ", transpose_b" * bool(transpose_b)
        raise InvalidArgumentError(
            f"Matrix size-incompatible: In[0]: {list(a_shape)}, In[1]: {list(b_shape)}{turned}: "
            f"{inner} columns meet {other} rows."
        )
    try:
        return (*broadcast_shapes(a_shape[:-2], b_shape[:-2]), rows, columns)
    except InvalidArgumentError:
        raise InvalidArgumentError(
            f"In[0] and In[1] must have compatible batch dimensions: {list(a_shape)} vs. {list(b_shape)}."
        ) from None


def pull_left(g: Any, b: Any, shape: Shape, transpose_a: bool, transpose_b: bool) -> Any:
    """The cotangent of the left factor of a product of matrices."""
    found = matrix_product(b, g, transpose_b, True) if transpose_a else matrix_product(g, b, False, not transpose_b)
    return found if tuple(found.shape) == shape else sum_to(found, shape)


def pull_right(g: Any, a: Any, shape: Shape, transpose_a: bool, transpose_b: bool) -> Any:
    """The cotangent of the right factor of a product of matrices."""
    if len(shape) == 2 and len(a.shape) > 2 and not transpose_a:
        # One matrix for a whole batch: one product of long matrices instead of many and their sum.
        rows = prod(tuple(a.shape)[:-1])
        a, g = reshape(a, (rows, a.shape[-1])), reshape(g, (rows, g.shape[-1]))
    found = matrix_product(g, a, True, transpose_a) if transpose_b else matrix_product(a, g, not transpose_a, False)
    return found if tuple(found.shape) == shape else sum_to(found, shape)


@bilinear(
    arrays(((2, 3), (3, 4)), ((5, 2, 3), (3, 4)), ((2, 3), (5, 3, 4)), ((5, 1, 2, 3), (4, 3, 2)), ((0, 3), (3, 2)))
    + arrays(((3, 2), (3, 4)), ((5, 3, 2), (3, 4)), transpose_a=[True])
    + arrays(((2, 3), (4, 3)), ((2, 0), (3, 0)), ((2, 3), (5, 4, 3)), transpose_b=[True])
    + arrays(((3, 2), (4, 3)), ((5, 3, 2), (1, 4, 3)), transpose_a=[True], transpose_b=[True]),
    shape=product_shape,
    batch=aligned(2, 2),
    types=PRODUCTS,
    matching="hint",
    a=lambda g, b, a_shape, transpose_a, transpose_b: pull_left(g, b, a_shape, transpose_a, transpose_b),
    b=lambda g, a, b_shape, transpose_a, transpose_b: pull_right(g, a, b_shape, transpose_a, transpose_b),
)
def matrix_product(a: TensorLike, b: TensorLike, transpose_a: bool = False, transpose_b: bool = False) -> Array:
    """Returns the matrix product of `a` and `b`, either transposed; not for users."""
    if a.ndim < 2 or b.ndim < 2:
        raise ValueError("matrices are wanted")
    if transpose_a:
        a = a.swapaxes(-1, -2)
    if transpose_b:
        b = b.swapaxes(-1, -2)
    if a.ndim > 2 and b.ndim == 2 and a.size and a.flags.c_contiguous:
        return np.matmul(a.reshape(-1, a.shape[-1]), b).reshape(*a.shape[:-1], b.shape[-1])
    return np.matmul(a, b)


def conjugated(value: Any) -> Any:
    """Returns the complex conjugate of a tensor, the tensor itself if it is real."""
    tensor = convert(value)
    if tensor._value.dtype.kind != "c":
        return tensor
    return transpose(tensor, tuple(range(tensor._value.ndim)), True)


@composite(arrays(((2, 3), (3, 4)), ((5, 2, 3), (3, 4))) + arrays(((3, 2), (3, 4)), adjoint_a=[True]))
def matmul(
    a: TensorLike,
    b: TensorLike,
    transpose_a: bool = False,
    transpose_b: bool = False,
    adjoint_a: bool = False,
    adjoint_b: bool = False,
    a_is_sparse: bool = False,
    b_is_sparse: bool = False,
    output_type: Any = None,
    grad_a: bool = False,
    grad_b: bool = False,
    name: str | None = None,
) -> Tensor:
    """Returns the product of the matrices in the last two dimensions of `a` and `b`.

    Args:
        a: a tensor of shape `[..., m, k]`.
        b: a tensor of the same dtype and of shape `[..., k, n]`; the dimensions in front broadcast.
        transpose_a: whether `a` is transposed first.
        transpose_b: whether `b` is transposed first.
        adjoint_a: whether `a` is transposed and conjugated first.
        adjoint_b: whether `b` is transposed and conjugated first.
        a_is_sparse: ignored, as `b_is_sparse` is.
        b_is_sparse: ignored.
        output_type: the dtype of the result, if it is not that of `a`; int8 matrices may have an int32 product.
        grad_a: ignored, as `grad_b` is.
        grad_b: ignored.
        name: ignored.

    Returns:
        A tensor of shape `[..., m, n]`.

    Raises:
        InvalidArgumentError: an input has no two dimensions, or the shapes or dtypes do not fit.
        ValueError: a matrix is to be transposed and conjugated at once.

    >>> import gradtape as tf
    >>> tf.matmul([[1.0, 2.0]], [[3.0], [4.0]])
    <tf.Tensor: shape=(1, 1), dtype=float32, numpy=array([[11.]], dtype=float32)>
    """
    if adjoint_a or adjoint_b or output_type is not None:
        for letter, transposes, adjoint in (("a", transpose_a, adjoint_a), ("b", transpose_b, adjoint_b)):
            if transposes and adjoint:
                raise InvalidArgumentError(
                    f"Only one of `transpose_{letter}` and `adjoint_{letter}` can be True. "
                    f"Received `transpose_{letter}`={transposes}, `adjoint_{letter}`={adjoint}."
                )
        if output_type is not None:
            a, b = wider(a, b, as_dtype(output_type))
        a = conjugated(a) if adjoint_a else a
        b = conjugated(b) if adjoint_b else b
        transpose_a, transpose_b = transpose_a or adjoint_a, transpose_b or adjoint_b
    return matrix_product(a, b, transpose_a, transpose_b)


def wider(a: Any, b: Any, dtype: Any) -> tuple[Any, Any]:
    """Returns the factors in the dtype of the product: int8 ones may become int32."""
    a, b = convert(a), convert(b)
    if a.dtype == dtype and b.dtype == dtype:
        return a, b
    if dtype == int32 and {a.dtype.name, b.dtype.name} <= {"int8", "uint8"}:
        return cast(a, int32), cast(b, int32)
    raise WrongTypeError(
        f"matmul: no product of {a.dtype.name} and {b.dtype.name} has the output_type {dtype.name}; cast the inputs."
    )


def vector_shape(a_shape: Shape, b_shape: Shape, transpose_a: bool = False) -> Shape:
    """The shape rule of a product of matrices with vectors."""
    if not b_shape:
        raise InvalidArgumentError("a vector is wanted, got a scalar.")
    return product_shape(a_shape, (*b_shape, 1), transpose_a)[:-1]


def pull_matrix(g: Any, b: Any, shape: Shape, transpose_a: bool) -> Any:
    """The cotangent of the matrix of a product with a vector: an outer product."""
    column, row = (b, g) if transpose_a else (g, b)
    found = expand_dims(column, -1) * expand_dims(row, -2)
    return found if tuple(found.shape) == shape else sum_to(found, shape)


def pull_vector(g: Any, a: Any, shape: Shape, transpose_a: bool) -> Any:
    """The cotangent of the vector of a product with a matrix."""
    found = vector_product(a, g, not transpose_a)
    return found if tuple(found.shape) == shape else sum_to(found, shape)


@bilinear(
    arrays(((2, 3), (3,)), ((5, 2, 3), (3,)), ((5, 1, 2, 3), (4, 3)), ((2, 0), (0,)), transpose_a=[False])
    + arrays(((3, 2), (3,)), ((5, 3, 2), (5, 3)), transpose_a=[True]),
    shape=vector_shape,
    batch=aligned(2, 1),
    types=PRODUCTS,
    matching="hint",
    a=lambda g, b, a_shape, transpose_a: pull_matrix(g, b, a_shape, transpose_a),
    b=lambda g, a, b_shape, transpose_a: pull_vector(g, a, b_shape, transpose_a),
)
def vector_product(a: TensorLike, b: TensorLike, transpose_a: bool = False) -> Array:
    """Returns the product of the matrix `a`, which may be transposed, and the vector `b`; not for users."""
    if transpose_a:
        a = a.swapaxes(-1, -2)
    if b.ndim == 1:
        if a.ndim < 2:
            raise ValueError("a matrix is wanted")
        return np.matmul(a, b)
    return np.matmul(a, np.expand_dims(b, -1)).squeeze(-1)


@composite(arrays(((2, 3), (3,)), ((5, 2, 3), (3,))) + arrays(((3, 2), (3,)), adjoint_a=[True]))
def matvec(
    a: TensorLike,
    b: TensorLike,
    transpose_a: bool = False,
    adjoint_a: bool = False,
    a_is_sparse: bool = False,
    b_is_sparse: bool = False,
    name: str | None = None,
) -> Tensor:
    """Returns the product of the matrices `a` and the vectors `b`.

    Args:
        a: a tensor of shape `[..., m, k]`.
        b: a tensor of the same dtype and of shape `[..., k]`; the dimensions in front broadcast.
        transpose_a: whether `a` is transposed first.
        adjoint_a: whether `a` is transposed and conjugated first.
        a_is_sparse: ignored, as `b_is_sparse` is.
        b_is_sparse: ignored.
        name: ignored.

    Returns:
        A tensor of shape `[..., m]`.

    Raises:
        InvalidArgumentError: the shapes or dtypes do not fit.
        ValueError: the matrix is to be transposed and conjugated at once.

    >>> import gradtape as tf
    >>> tf.linalg.matvec([[1.0, 2.0], [3.0, 4.0]], [1.0, 1.0])
    <tf.Tensor: shape=(2,), dtype=float32, numpy=array([3., 7.], dtype=float32)>
    """
    if adjoint_a:
        if transpose_a:
            raise InvalidArgumentError("Only one of `transpose_a` and `adjoint_a` can be True.")
        a, transpose_a = conjugated(a), True
    return vector_product(a, b, transpose_a)


Axes = int | tuple[Shape, Shape]


def as_contraction(axes: Any) -> Axes:
    """Returns the axes of a contraction as a number or as a pair of tuples.

    Raises:
        ValueError: they are neither a number nor a pair.
    """
    if type(axes) is int:
        return axes
    if isinstance(axes, (list, tuple)):
        if len(axes) != 2:
            raise InvalidArgumentError(f"`axes` must be an integer or have length 2. Received {axes}.")
        return as_ints(axes[0]), as_ints(axes[1])
    if isinstance(axes, (str, float)):
        raise WrongTypeError(
            f"Cannot convert {axes!r} to a tensor of dtype int32: `axes` is an integer or a pair of lists."
        )
    array = axes if isinstance(axes, np.ndarray) else convert(axes)._value
    if array.dtype.kind not in "iu":
        raise WrongTypeError(f"`axes` must be integers, got dtype {array.dtype.name}.")
    return int(array) if array.ndim == 0 else as_contraction(array.tolist())


def contracted_axes(a_shape: Shape, b_shape: Shape, axes: Axes) -> tuple[Shape, Shape]:
    """Returns the axes of `a` and of `b` over which they are contracted, counted from the front.

    Raises:
        InvalidArgumentError: there are no such axes, not as many, or their sizes differ.
    """
    if isinstance(axes, int):
        if axes < 0:
            raise InvalidArgumentError(f"`axes` must be at least 0. Received: {axes}.")
        for shape in (a_shape, b_shape):
            if axes > len(shape):
                raise InvalidArgumentError(
                    f"`axes` must not be larger than the number of dimensions of a tensor of shape {list(shape)}. "
                    f"Received {axes}, vs tensor dimensions {len(shape)}."
                )
        return tuple(range(len(a_shape) - axes, len(a_shape))), tuple(range(axes))
    counted = []
    for shape, chosen in zip((a_shape, b_shape), axes, strict=True):
        for axis in chosen:
            if not -len(shape) <= axis < len(shape):
                raise InvalidArgumentError(f"axis {axis} is out of range for a tensor of shape {list(shape)}.")
        counted.append(tuple(axis % len(shape) for axis in chosen))
        if len(set(counted[-1])) < len(counted[-1]):
            raise InvalidArgumentError(f"an axis stands twice in {list(chosen)}.")
    if len(counted[0]) != len(counted[1]):
        raise InvalidArgumentError(
            f"Different number of contraction axes `a` and `b`, {len(counted[0])} != {len(counted[1])}."
        )
    return counted[0], counted[1]


def tensordot_shape(a_shape: Shape, b_shape: Shape, axes: Axes) -> Shape:
    """The shape rule of `tensordot`."""
    of_a, of_b = contracted_axes(a_shape, b_shape, axes)
    sizes = [a_shape[axis] for axis in of_a], [b_shape[axis] for axis in of_b]
    if sizes[0] != sizes[1]:
        raise InvalidArgumentError(
            f"Matrix size-incompatible: In[0]: {list(a_shape)}, In[1]: {list(b_shape)}, contracted over axes of "
            f"sizes {sizes[0]} and {sizes[1]}."
        )
    return (*remaining(a_shape, of_a), *remaining(b_shape, of_b))


def remaining(sizes: Shape, axes: Shape) -> Shape:
    """Returns the sizes whose position is not among the axes."""
    return tuple(size for axis, size in enumerate(sizes) if axis not in axes)


def pull_first(g: Any, b: Any, a_shape: Shape, axes: Axes) -> Any:
    """The cotangent of the first input of `tensordot`."""
    b_shape = tuple(b.shape)
    if axes == 1 and len(a_shape) == 1 and len(b_shape) == 1:
        return g * b
    of_a, of_b = contracted_axes(a_shape, b_shape, axes)
    count = len(b_shape) - len(of_b)
    free = remaining(tuple(range(len(b_shape))), of_b)
    found = tensordot(g, b, (tuple(range(len(g.shape) - count, len(g.shape))), free))
    # What is left of b are its contracted axes in their order in b; they go where a has them.
    order = remaining(tuple(range(len(a_shape))), of_a) + tuple(of_a[of_b.index(axis)] for axis in sorted(of_b))
    return in_order(found, order)


def pull_second(g: Any, a: Any, b_shape: Shape, axes: Axes) -> Any:
    """The cotangent of the second input of `tensordot`."""
    a_shape = tuple(a.shape)
    if axes == 1 and len(a_shape) == 1 and len(b_shape) == 1:
        return g * a
    of_a, of_b = contracted_axes(a_shape, b_shape, axes)
    free = remaining(tuple(range(len(a_shape))), of_a)
    found = tensordot(a, g, (free, tuple(range(len(free)))))
    order = tuple(of_b[of_a.index(axis)] for axis in sorted(of_a)) + remaining(tuple(range(len(b_shape))), of_b)
    return in_order(found, order)


def in_order(found: Any, order: Shape) -> Any:
    """Returns a tensor whose axes belong at the positions `order`, transposed to stand there."""
    if order == tuple(range(len(order))):
        return found
    return transpose(found, tuple(map(order.index, range(len(order)))))


def dotted(op: Any, arrays: list[Any], batched: list[bool], params: dict[str, Any]) -> Any:
    """The rule of `tensordot`: the batch axis is a free one of one input, or a product of stacks of matrices."""
    (a, b), (a_has, b_has) = arrays, batched
    of_a, of_b = contracted_axes(a.shape[a_has:], b.shape[b_has:], params["axes"])
    of_a, of_b = tuple([axis + a_has for axis in of_a]), tuple([axis + b_has for axis in of_b])
    free_a = [axis for axis in range(a_has, a.ndim) if axis not in of_a]
    free_b = [axis for axis in range(b_has, b.ndim) if axis not in of_b]
    if not b_has:
        return np.tensordot(a, b, (of_a, of_b))
    if not a_has:
        return np.moveaxis(np.tensordot(a, b, (of_a, of_b)), len(free_a), 0)
    shape = [a.shape[axis] for axis in free_a] + [b.shape[axis] for axis in free_b]
    length = prod([a.shape[axis] for axis in of_a])
    height, width = prod(shape[: len(free_a)]), prod(shape[len(free_a) :])
    left = a.transpose([0, *free_a, *of_a]).reshape((len(a), height, length))
    right = b.transpose([0, *of_b, *free_b]).reshape((len(b), length, width))
    return np.matmul(left, right).reshape((len(a), *shape))


@bilinear(
    arrays(((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 3), (3, 4)), ((0,), (0,)), axes=[1])
    + arrays(((2, 3), (2, 3, 4)), axes=[2, ((0,), (0,)), ((1, 0), (1, 0))])
    + arrays(((2, 3, 4), (4, 2, 5)), axes=[((0, -1), (1, 0)), ((2,), (0,))])
    + arrays(((2,), (3,)), ((), (3,)), axes=[0]),
    shape=tensordot_shape,
    batch=dotted,
    types=PRODUCTS,
    matching="hint",
    canonical={"axes": as_contraction},
    a=lambda g, b, a_shape, axes: pull_first(g, b, a_shape, axes),
    b=lambda g, a, b_shape, axes: pull_second(g, a, b_shape, axes),
)
def tensordot(a: TensorLike, b: TensorLike, axes: Any, name: str | None = None) -> Array:
    """Returns the products of the elements of `a` and `b`, summed over pairs of their axes.

    Args:
        a: a tensor of numbers.
        b: a tensor of the same dtype.
        axes: how many of the last axes of `a` meet the first of `b`; or a list of axes of `a` and one of axes of `b`.
        name: ignored.

    Returns:
        A tensor of the remaining axes of `a`, then those of `b`.

    Raises:
        InvalidArgumentError: there are no such axes, or their sizes differ.

    >>> import gradtape as tf
    >>> tf.tensordot([1.0, 2.0], [3.0, 4.0], axes=1)
    <tf.Tensor: shape=(), dtype=float32, numpy=11.0>
    """
    if axes == 1:
        if b.ndim == 1 and (a.ndim == 1 or a.ndim == 2):
            return a.dot(b)
        if b.ndim == 2 and (a.ndim == 1 or a.ndim == 2):
            return np.matmul(a, b)
    of_a, of_b = contracted_axes(a.shape, b.shape, axes)
    return np.tensordot(a, b, (of_a, of_b))
