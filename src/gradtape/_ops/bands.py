"""Several neighbouring diagonals of matrices at once, as rows of one length: taken out, and put into zeros."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from gradtape._core.batches import as_it_is
from gradtape._core.dtypes import ANY
from gradtape._core.families import linear
from gradtape._core.op import Array, TensorLike
from gradtape._core.sampling import arrays
from gradtape._ops.parameters import Shape
from gradtape.errors import InvalidArgumentError

# On which side the rows of the diagonals above the main one begin, and those of the diagonals below.
ALIGNMENTS = ("LEFT_RIGHT", "RIGHT_LEFT", "LEFT_LEFT", "RIGHT_RIGHT")


def longest(low: int, high: int, rows: int, columns: int) -> int:
    """Returns the length of the longest diagonal of a band; raises InvalidArgumentError if the matrix has no such."""
    for k in (low, high):
        if not -rows < k < columns and k:
            raise InvalidArgumentError(f"k is out of bound: {k}. It must be between {-rows} and {columns}.")
    return max(0, min(rows + min(high, 0), columns - max(low, 0)))


@lru_cache(maxsize=64)
def places(low: int, high: int, align: str, rows: int, columns: int) -> tuple[Array, Array, Array, Array]:
    """Returns for each element of a band its row and place among the diagonals, and its row and column in the matrix.

    The first row is the highest diagonal.
    """
    width = longest(low, high, rows, columns)
    above, below = align.split("_")
    found = []
    for diagonal in range(high, low - 1, -1):
        size = max(0, min(rows + min(diagonal, 0), columns - max(diagonal, 0)))
        left = (diagonal >= 0 and above == "LEFT") or (diagonal <= 0 and below == "LEFT")
        steps = np.arange(size)
        found.append(
            [
                np.full(size, high - diagonal),
                steps if left else steps + width - size,
                steps + max(-diagonal, 0),
                steps + max(diagonal, 0),
            ]
        )
    one, two, three, four = (np.concatenate(each) for each in zip(*found, strict=True))
    return one, two, three, four


def band_shape(input_shape: Shape, low: int, high: int, align: str) -> Shape:
    """The shape rule of `band_of`."""
    if len(input_shape) < 2:
        raise InvalidArgumentError(f"input must be at least 2-dim, received shape: {list(input_shape)}.")
    return (*input_shape[:-2], high - low + 1, longest(low, high, *input_shape[-2:]))


def matrix_shape(diagonals_shape: Shape, low: int, high: int, align: str, rows: int, columns: int) -> Shape:
    """The shape rule of `band_matrix`."""
    wanted = (high - low + 1, longest(low, high, rows, columns))
    if diagonals_shape[-2:] != wanted:
        raise InvalidArgumentError(
            f"diagonals {low} to {high} of {rows} x {columns} matrices have the shape [..., {wanted[0]}, {wanted[1]}]; "
            f"got {list(diagonals_shape)}."
        )
    return (*diagonals_shape[:-2], rows, columns)


@linear(
    arrays((3, 4), (2, 4, 3), low=[-1], high=[0, 2], align=["RIGHT_LEFT", "LEFT_RIGHT"])
    + arrays((3, 3), low=[-2], high=[-1], align=["LEFT_LEFT", "RIGHT_RIGHT"])
    + arrays((0, 2, 2), low=[0], high=[1], align=["RIGHT_LEFT"]),
    shape=band_shape,
    batch=as_it_is,
    types=ANY,
    holomorphic=False,
    input=lambda g, input_shape, low, high, align: band_matrix(g, low, high, align, input_shape[-2], input_shape[-1]),
)
def band_of(input: TensorLike, low: int, high: int, align: str) -> Array:
    """Returns a band of matrices as rows, filled up with 0; not for users."""
    out = np.zeros(band_shape(input.shape, low, high, align), input.dtype)
    line, place, row, column = places(low, high, align, *input.shape[-2:])
    out[..., line, place] = input[..., row, column]
    return out


@linear(
    arrays((2, 3), (2, 2, 3), low=[-1], high=[0], align=["RIGHT_LEFT", "LEFT_RIGHT"], rows=[3], columns=[4])
    + arrays((2, 2), low=[-2], high=[-1], align=["LEFT_LEFT", "RIGHT_RIGHT"], rows=[3], columns=[3])
    + arrays((0, 2, 2), low=[0], high=[1], align=["RIGHT_LEFT"], rows=[2], columns=[2]),
    shape=matrix_shape,
    batch=as_it_is,
    types=ANY,
    holomorphic=False,
    diagonals=lambda g, low, high, align: band_of(g, low, high, align),
)
def band_matrix(diagonals: TensorLike, low: int, high: int, align: str, rows: int, columns: int) -> Array:
    """Returns matrices that are 0 but for a band, given as rows; not for users."""
    out = np.zeros(matrix_shape(diagonals.shape, low, high, align, rows, columns), diagonals.dtype)
    line, place, row, column = places(low, high, align, rows, columns)
    out[..., row, column] = diagonals[..., line, place]
    return out


def filled(low: int, high: int, align: str, rows: int, columns: int) -> Array:
    """Returns which elements of the rows of a band are elements of the matrix."""
    out = np.zeros((high - low + 1, longest(low, high, rows, columns)), bool)
    line, place, _, _ = places(low, high, align, rows, columns)
    out[line, place] = True
    return out


def inside(low: int, high: int, rows: int, columns: int) -> Array:
    """Returns which elements of a matrix lie in a band."""
    apart = np.arange(columns) - np.arange(rows)[:, None]
    return (low <= apart) & (apart <= high)


def fitting_sizes(shape: Shape, low: int, high: int, rows: int, columns: int) -> tuple[int, int]:
    """Returns the numbers of rows and columns of the matrices that diagonals make; -1 for those not given.

    Raises:
        InvalidArgumentError: the diagonals do not fit.
    """
    count = high - low + 1
    if not shape or (count > 1 and (len(shape) < 2 or shape[-2] != count)):
        raise InvalidArgumentError(
            f"diagonals {low} to {high} have the shape [..., {count}, length]; got {list(shape)}."
            if shape
            else "diagonal must be at least 1-dim, received shape: []."
        )
    least = shape[-1] - min(high, 0), shape[-1] + max(low, 0)
    if rows == -1 and columns == -1:
        rows = columns = max(least)
    rows, columns = (least[0] if rows == -1 else rows), (least[1] if columns == -1 else columns)
    for given, needed, what in ((rows, least[0], "rows"), (columns, least[1], "columns")):
        if given < needed:
            raise InvalidArgumentError(f"The number of {what} is too small: {given}, where {needed} are needed.")
    if rows != least[0] and columns != least[1]:
        raise InvalidArgumentError(
            f"The number of rows or columns is not consistent with the diagonals: they have {shape[-1]} elements, and "
            f"those of {rows} x {columns} matrices have more."
        )
    return rows, columns
