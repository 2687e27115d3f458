"""Diagonals of matrices and tensors: put into them, taken out, replaced."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from gradtape._core.batches import as_it_is
from gradtape._core.conversion import convert, to_array
from gradtape._core.dispatch import convert_hint
from gradtape._core.dtypes import ANY, BY_NUMPY, COMPLEX, FLOATS, INDEX
from gradtape._core.families import composite, linear, primitive
from gradtape._core.op import Array, TensorLike
from gradtape._core.sampling import arrays
from gradtape._core.tensor import Tensor
from gradtape._core.variable import Variable
from gradtape._ops.bands import ALIGNMENTS, band_matrix, band_of, band_shape, filled, fitting_sizes, inside
from gradtape._ops.parameters import Shape, as_ints
from gradtape._ops.selecting import where
from gradtape._ops.steps import is_recorded
from gradtape._ops.structure import reshape, stop_gradient
from gradtape.errors import InvalidArgumentError, WrongTypeError

# What `tensor_diag` and `tensor_diag_part` take.
TENSORS = FLOATS | COMPLEX | INDEX


def as_diagonals(k: Any, align: str) -> tuple[int, int]:
    """Returns the numbers of the lowest and highest diagonal: 0 for the main one, more above it, less below.

    Raises:
        TypeError: it is no integer.
        InvalidArgumentError: there are more than two numbers, the first is the larger one, or there is no such `align`.
    """
    if align not in ALIGNMENTS:
        raise InvalidArgumentError(f"align is one of {', '.join(ALIGNMENTS)}; got {align!r}.")
    if type(k) is int:
        return k, k
    if convert(k)._value.dtype.kind not in "iu":
        raise WrongTypeError(f"k is an integer or a pair of them, got {k!r}.")
    ends = as_ints(k)
    if len(ends) not in (1, 2):
        raise InvalidArgumentError(f"k has one or two elements, got {list(ends)}.")
    if ends[0] > ends[-1]:
        raise InvalidArgumentError(
            f"lower_diag_index must not be larger than upper_diag_index: {ends[0]} > {ends[-1]}."
        )
    return ends[0], ends[-1]


def as_number(value: Any, tensor: Tensor, given: Any) -> Any:
    """Returns what fills the rest of a matrix as a scalar of the dtype of `tensor`; raises as conversions do."""
    if tensor._value.dtype.kind == "b" and type(value) is not bool and not isinstance(value, Tensor):
        # TensorFlow looks at what it is given, and a list has no dtype.
        if hasattr(given, "dtype"):
            return np.bool_(value)
        raise WrongTypeError(
            f"Cannot convert {value!r} to a tensor of dtype bool: give a padding_value of False or True."
        )
    if is_recorded(value) and not value._value.shape and value._value.dtype == tensor._value.dtype:
        return stop_gradient(value)
    array = to_array(value._value if isinstance(value, Tensor) else value, BY_NUMPY[tensor._value.dtype])
    if array.ndim:
        raise InvalidArgumentError(f"padding_value must be a scalar, got shape {list(array.shape)}.")
    return array[()]


def as_size(value: Any, name: str) -> int:
    """Returns a number of rows or columns as an integer; raises TypeError for what is none."""
    if type(value) is int:
        return value
    array = convert(value)._value
    if array.dtype.kind not in "iu":
        raise WrongTypeError(f"{name} is an integer, got {value!r}.")
    if array.ndim:
        raise InvalidArgumentError(f"{name} must be a scalar, got shape {list(array.shape)}.")
    return int(array)


def length_of(rows: int, columns: int, k: int) -> int:
    """Returns the number of elements on a diagonal of a matrix; raises InvalidArgumentError if it has no such one."""
    if not -rows < k < columns and k:
        raise InvalidArgumentError(f"k is out of bound: {k}. It must be between {-rows} and {columns}.")
    return min(rows + min(k, 0), columns - max(k, 0))


def matrix_shape(diagonal_shape: Shape, k: int, rows: int, columns: int) -> Shape:
    """The shape rule of `diagonal_matrix`."""
    if not diagonal_shape:
        raise InvalidArgumentError("diagonal must be at least 1-dim, received shape: [].")
    return (*diagonal_shape[:-1], rows, columns)


@linear(
    arrays((2,), k=[0], rows=[2, 3], columns=[2])
    + arrays((2,), (3, 2), k=[1], rows=[2, 4], columns=[3])
    + arrays((2, 1, 2), (0, 2), k=[-2], rows=[4], columns=[2, 5])
    + arrays((0,), (2, 0), k=[0], rows=[0], columns=[0, 3]),
    shape=matrix_shape,
    batch=as_it_is,
    types=ANY,
    holomorphic=False,
    diagonal=lambda g, k: diagonal_of(g, k),
)
def diagonal_matrix(diagonal: TensorLike, k: int, rows: int, columns: int) -> Array:
    """Returns matrices that are 0 but for one diagonal; not for users."""
    out = np.zeros((*diagonal.shape[:-1], rows, columns), diagonal.dtype)
    place = np.arange(diagonal.shape[-1])
    out[..., place + max(-k, 0), place + max(k, 0)] = diagonal
    return out


def part_shape(input_shape: Shape, k: int) -> Shape:
    """The shape rule of `diagonal_of`."""
    if len(input_shape) < 2:
        raise InvalidArgumentError(f"input must be at least 2-dim, received shape: {list(input_shape)}.")
    return (*input_shape[:-2], length_of(input_shape[-2], input_shape[-1], k))


@linear(
    arrays((2, 3), (3, 2), (2, 2, 2), k=[0, 1, -1]) + arrays((0, 0), (2, 0, 3), (0, 2, 2), k=[0]),
    shape=part_shape,
    batch=as_it_is,
    types=ANY,
    holomorphic=False,
    input=lambda g, input_shape, k: diagonal_matrix(g, k, input_shape[-2], input_shape[-1]),
)
def diagonal_of(input: TensorLike, k: int) -> Array:
    """Returns one diagonal of matrices; not for users."""
    part_shape(input.shape, k)
    return np.diagonal(input, k, -2, -1)


@composite(
    arrays((2,), (3, 2), k=[0, 1, -2])
    + arrays((2,), num_rows=[3])
    + arrays((3, 2), k=[(-1, 1)], align=["LEFT_RIGHT"], padding_value=[0, 3])
    + arrays((2,), num_cols=[4], padding_value=[3])
    + arrays((0,), (2, 0))
)
def diag(
    diagonal: TensorLike,
    name: str | None = "diag",
    k: Any = 0,
    num_rows: Any = -1,
    num_cols: Any = -1,
    padding_value: Any = 0,
    align: str = "RIGHT_LEFT",
) -> Tensor:
    """Returns matrices with a given diagonal.

    Args:
        diagonal: a tensor of shape `[..., n]`; for several diagonals `[..., number of diagonals, n]`, the highest one
            first, where the shorter ones are filled up.
        name: ignored.
        k: which diagonal it becomes: 0 is the main one, 1 the one above it, -1 the one below; a pair stands for all
            from the lower to the higher one.
        num_rows: the number of rows; by default as few as it takes.
        num_cols: the number of columns; by default as few as it takes.
        padding_value: the number of all other elements.
        align: to which side the rows of diagonals above the main one are moved, and those of diagonals below:
            `"RIGHT_LEFT"`, `"LEFT_RIGHT"`, `"LEFT_LEFT"` or `"RIGHT_RIGHT"`.

    Returns:
        A tensor of shape `[..., num_rows, num_cols]` and of the dtype of `diagonal`.

    Raises:
        InvalidArgumentError: `diagonal` has no dimension, it does not fit the rows and columns, or there is no such
            `align`.
        TypeError: a number is not of the dtype.

    >>> import gradtape as tf
    >>> tf.linalg.diag([1, 2], k=1).numpy()
    array([[0, 1, 0],
           [0, 0, 2],
           [0, 0, 0]], dtype=int32)
    """
    tensor, (low, high) = convert(diagonal), as_diagonals(k, align)
    filling = as_number(padding_value, tensor, diagonal)
    rows, columns = as_size(num_rows, "num_rows"), as_size(num_cols, "num_cols")
    rows, columns = fitting_sizes(tuple(tensor._value.shape), low, high, rows, columns)
    if low == high:
        found = diagonal_matrix(tensor, low, rows, columns)
    else:
        found = band_matrix(tensor, low, high, align, rows, columns)
    plain = not isinstance(filling, Tensor) and filling == 0
    return found if plain else where(inside(low, high, rows, columns), found, filling)


@composite(
    arrays((2, 3), (3, 2), (2, 2, 2), k=[0, 1, -1])
    + arrays((0, 0), (2, 0, 3))
    + arrays((2, 3), k=[(-1, 1)], padding_value=[0, 3])
)
def diag_part(
    input: TensorLike,
    name: str | None = "diag_part",
    k: Any = 0,
    padding_value: Any = 0,
    align: str = "RIGHT_LEFT",
) -> Tensor:
    """Returns a diagonal of matrices, or several.

    Args:
        input: a tensor of shape `[..., m, n]`.
        name: ignored.
        k: which diagonal: 0 is the main one, 1 the one above it, -1 the one below; a pair stands for all from the lower
            to the higher one.
        padding_value: what fills up the shorter ones of several diagonals.
        align: to which side the rows of diagonals above the main one are moved, and those of diagonals below:
            `"RIGHT_LEFT"`, `"LEFT_RIGHT"`, `"LEFT_LEFT"` or `"RIGHT_RIGHT"`.

    Returns:
        A tensor of shape `[..., number of elements on the diagonal]` and of the same dtype; for several diagonals
        `[..., number of diagonals, number of elements on the longest]`, the highest one first.

    Raises:
        InvalidArgumentError: the tensor has fewer than two dimensions, or there is no such diagonal or `align`.
        TypeError: a number is not of the dtype.

    >>> import gradtape as tf
    >>> tf.linalg.diag_part([[1, 2, 3], [4, 5, 6]]).numpy()
    array([1, 5], dtype=int32)
    """
    tensor, (low, high) = convert(input), as_diagonals(k, align)
    filling = as_number(padding_value, tensor, input)
    if low == high:
        return diagonal_of(tensor, low)
    found = band_of(tensor, low, high, align)
    if not isinstance(filling, Tensor) and filling == 0:
        return found
    rows, columns = tensor._value.shape[-2:]
    return where(filled(low, high, align, rows, columns), found, filling)


def replaced_shape(input_shape: Shape, diagonal_shape: Shape, k: int) -> Shape:
    """The shape rule of `with_diagonal`."""
    if not diagonal_shape:
        raise InvalidArgumentError("diagonal must be at least 1-dim, received shape: [].")
    wanted = part_shape(input_shape, k)
    if diagonal_shape != wanted:
        raise InvalidArgumentError(
            f"diagonal {k} of matrices of shape {list(input_shape)} has shape {list(wanted)}; got "
            f"{list(diagonal_shape)}."
        )
    return input_shape


def cleared_shape(input_shape: Shape, k: int) -> Shape:
    """The shape rule of `without_diagonal`."""
    part_shape(input_shape, k)
    return input_shape


@linear(
    arrays((2, 3), (2, 2, 2), k=[0, 1, -1]) + arrays((0, 0), (2, 0, 3), k=[0]),
    shape=cleared_shape,
    batch=as_it_is,
    types=ANY,
    holomorphic=False,
    input=lambda g, k: without_diagonal(g, k),
)
def without_diagonal(input: TensorLike, k: int) -> Array:
    """Returns matrices with 0 on one diagonal; not for users."""
    length = length_of(input.shape[-2], input.shape[-1], k)
    out, place = np.array(input), np.arange(length)
    out[..., place + max(-k, 0), place + max(k, 0)] = 0
    return out


@primitive(
    arrays(((2, 3), (2,)), ((3, 2), (2,)), ((2, 2, 2), (2, 2)), k=[0])
    + arrays(((2, 3), (2,)), ((2, 2, 2), (2, 1)), k=[1])
    + arrays(((3, 2), (2,)), k=[-1])
    + arrays(((0, 0), (0,)), ((2, 0, 3), (2, 0)), ((0, 2, 2), (0, 2)), k=[0]),
    shape=replaced_shape,
    batch=as_it_is,
    types=ANY,
    holomorphic=False,
    input=lambda g, k: without_diagonal(g, k),
    diagonal=lambda g, k: diagonal_of(g, k),
)
def with_diagonal(input: TensorLike, diagonal: TensorLike, k: int) -> Array:
    """Returns matrices with one diagonal replaced; not for users."""
    replaced_shape(input.shape, diagonal.shape, k)
    out, place = np.array(input), np.arange(diagonal.shape[-1])
    out[..., place + max(-k, 0), place + max(k, 0)] = diagonal
    return out


@composite(
    arrays(((2, 3), (2,)), ((2, 2, 2), (2, 2)))
    + arrays(((2, 3), (2,)), k=[1])
    + arrays(((2, 3), (3, 2)), k=[(-1, 1)], align=["RIGHT_LEFT", "LEFT_RIGHT"])
)
def set_diag(
    input: TensorLike, diagonal: TensorLike, name: str | None = "set_diag", k: Any = 0, align: str = "RIGHT_LEFT"
) -> Tensor:
    """Returns matrices with a diagonal replaced, or several.

    Args:
        input: a tensor of shape `[..., m, n]`.
        diagonal: a tensor of the same dtype, of the shape that `tf.linalg.diag_part` gives.
        name: ignored.
        k: which diagonal: 0 is the main one, 1 the one above it, -1 the one below; a pair stands for all from the lower
            to the higher one.
        align: to which side the rows of diagonals above the main one are moved, and those of diagonals below:
            `"RIGHT_LEFT"`, `"LEFT_RIGHT"`, `"LEFT_LEFT"` or `"RIGHT_RIGHT"`.

    Returns:
        A tensor of the shape and dtype of `input`.

    Raises:
        InvalidArgumentError: the shapes or dtypes do not fit, or there is no such diagonal or `align`.

    >>> import gradtape as tf
    >>> tf.linalg.set_diag([[1, 2, 3], [4, 5, 6]], [8, 9]).numpy()
    array([[8, 2, 3],
           [4, 9, 6]], dtype=int32)
    """
    low, high = as_diagonals(k, align)
    if low == high:
        return with_diagonal(input, diagonal, low)
    known = diagonal.dtype if isinstance(diagonal, Tensor | Variable) else None
    tensor = convert_hint(input, known)
    shape = tuple(tensor._value.shape)
    wanted = band_shape(shape, low, high, align)
    rows, columns = shape[-2:]
    band = convert(diagonal, tensor.dtype)
    if tuple(band._value.shape) != wanted:
        raise InvalidArgumentError(
            f"diagonals {low} to {high} of matrices of shape {list(shape)} have the shape "
            f"{list(wanted)}; got {list(band._value.shape)}."
        )
    return where(inside(low, high, rows, columns), band_matrix(band, low, high, align, rows, columns), tensor)


def of_tensors(value: Any) -> Tensor:
    """Returns what users give for a tensor; raises InvalidArgumentError where its dtype has no `tensor_diag`."""
    tensor = convert(value)
    if tensor._value.dtype not in TENSORS:
        names = ", ".join(sorted(dtype.name for dtype in TENSORS))
        raise WrongTypeError(f"a tensor of one of {names} is wanted, got {tensor._value.dtype.name}.")
    return tensor


@composite(arrays((3,), (2, 3), (0, 2)))
def tensor_diag(diagonal: TensorLike, name: str | None = None) -> Tensor:
    """Returns a tensor that is 0 but where the first half of the indices is the second half.

    Args:
        diagonal: a tensor of numbers of shape `[d1, ..., dk]`.
        name: ignored.

    Returns:
        A tensor of shape `[d1, ..., dk, d1, ..., dk]` and of the same dtype.

    Raises:
        InvalidArgumentError: `diagonal` has no dimension.

    >>> import gradtape as tf
    >>> tf.linalg.tensor_diag([1, 2]).numpy()
    array([[1, 0],
           [0, 2]], dtype=int32)
    """
    tensor = of_tensors(diagonal)
    shape = tuple(tensor._value.shape)
    if not shape:
        raise InvalidArgumentError("Input must be at least rank 1, got 0.")
    count = prod(shape)
    return reshape(diagonal_matrix(reshape(tensor, (count,)), 0, count, count), shape + shape)


@composite(arrays((3, 3), (2, 3, 2, 3), (0, 2, 0, 2)))
def tensor_diag_part(input: TensorLike, name: str | None = None) -> Tensor:
    """Returns the elements of a tensor where the first half of the indices is the second half.

    Args:
        input: a tensor of numbers of shape `[d1, ..., dk, d1, ..., dk]`.
        name: ignored.

    Returns:
        A tensor of shape `[d1, ..., dk]` and of the same dtype.

    Raises:
        InvalidArgumentError: the two halves of the shape differ.

    >>> import gradtape as tf
    >>> tf.linalg.tensor_diag_part([[1, 2], [3, 4]]).numpy()
    array([1, 4], dtype=int32)
    """
    tensor = of_tensors(input)
    shape = tuple(tensor._value.shape)
    half = shape[: len(shape) // 2]
    if half + half != shape:
        raise InvalidArgumentError(
            f"The shape of the tensor should be that of the diagonal, twice: [d1, ..., dk, d1, ..., dk]; got "
            f"{list(shape)}."
        )
    count = prod(half)
    return reshape(diagonal_of(reshape(tensor, (count, count)), 0), half)
