"""Matrices with few diagonals: tridiagonal systems, products and eigenvalues, banded triangular systems."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape._core.batches import as_it_is
from gradtape._core.conversion import convert
from gradtape._core.dispatch import convert_hint
from gradtape._core.families import composite, primitive
from gradtape._core.op import Array, TensorLike
from gradtape._core.sampling import ORDINARY, Values, arrays
from gradtape._core.tensor import Tensor
from gradtape._ops.arithmetic import add_n
from gradtape._ops.complexes import conj, real
from gradtape._ops.diagonals import diagonal_matrix, diagonal_of
from gradtape._ops.factorization import MATRICES, triangular_solve
from gradtape._ops.joining import concat, stack
from gradtape._ops.padding import pad_constant
from gradtape._ops.parameters import Shape, as_ints, as_list, as_real
from gradtape._ops.reduction import reduce_sum
from gradtape._ops.slicing import getitem
from gradtape._ops.spectra import eigh, eigvalsh
from gradtape._ops.steps import asked
from gradtape._ops.structure import expand_dims, squeeze, transpose
from gradtape.errors import InvalidArgumentError, WrongTypeError

FORMATS = ("compact", "sequence", "matrix")


class Dominant(Values):
    """Three diagonals, of which the middle one is the heaviest."""

    __slots__ = ()

    def array(self, shape: Shape, dtype: Any, generator: np.random.Generator) -> Any:
        """Returns an array of such diagonals."""
        return super().array(shape, dtype, generator) + np.asarray([[0.0], [3.0], [0.0]], dtype)


DOMINANT = Dominant(-1.0, 1.0)


def system_shape(diagonals_shape: Shape, rhs_shape: Shape) -> Shape:
    """The shape rule of `tridiagonal_system`."""
    if len(diagonals_shape) < 2 or diagonals_shape[-2] != 3:
        raise InvalidArgumentError(f"Diagonals of shape [..., 3, m] are wanted, got {list(diagonals_shape)}.")
    if (*diagonals_shape[:-2], diagonals_shape[-1]) != rhs_shape[:-1]:
        raise InvalidArgumentError(f"Diagonals {list(diagonals_shape)} do not fit a right side {list(rhs_shape)}.")
    return rhs_shape


def row_of(diagonals: Any, row: int) -> Any:
    """Returns one of three diagonals, as a row."""
    return getitem(diagonals, (..., slice(row, row + 1), slice(None)))


def columns_from(x: Any, start: int | None, stop: int | None) -> Any:
    """Returns a part along the last axis."""
    return getitem(x, (..., slice(start, stop)))


def adjoint_diagonals(diagonals: Any) -> Any:
    """Returns the diagonals of the conjugated, transposed matrices; the two corners are not read."""
    turned = conj(diagonals)
    above, middle, below = row_of(turned, 0), row_of(turned, 1), row_of(turned, 2)
    from_below = concat([columns_from(below, 1, None), columns_from(below, None, 1)], -1)
    from_above = concat([columns_from(above, -1, None), columns_from(above, None, -1)], -1)
    return concat([from_below, middle, from_above], -2)


def lengthened(x: Any, before: int, behind: int) -> Any:
    """Returns a tensor with zeros along the last axis."""
    return pad_constant(x, (*[(0, 0)] * (len(x.shape) - 1), (before, behind)), 0)


def pull_diagonals(g: Any, diagonals: Any, out: Any) -> Any:
    """The cotangent of the diagonals of a system from that of its solution."""
    back, other = -tridiagonal_system(adjoint_diagonals(diagonals), g), conj(out)
    later, earlier = (..., slice(1, None), slice(None)), (..., slice(None, -1), slice(None))
    above = reduce_sum(getitem(back, earlier) * getitem(other, later), -1)
    below = reduce_sum(getitem(back, later) * getitem(other, earlier), -1)
    rows = [lengthened(above, 0, 1), reduce_sum(back * other, -1), lengthened(below, 1, 0)]
    return concat([expand_dims(rows[0], -2), expand_dims(rows[1], -2), expand_dims(rows[2], -2)], -2)


@primitive(
    arrays(((3, 3), (3, 2)), ((2, 3, 2), (2, 2, 1)), ((3, 1), (1, 2)), values=(DOMINANT, ORDINARY))
    + arrays(((0, 3, 2), (0, 2, 1)), values=(DOMINANT, ORDINARY)),
    shape=system_shape,
    batch=as_it_is,
    types=MATRICES,
    holomorphic=False,
    diagonals=lambda g, diagonals, out: pull_diagonals(g, diagonals, out),
    rhs=lambda g, diagonals: tridiagonal_system(adjoint_diagonals(diagonals), g),
)
def tridiagonal_system(diagonals: TensorLike, rhs: TensorLike) -> Array:
    """Returns the solutions of tridiagonal systems, NaN where there is none; not for users."""
    system_shape(diagonals.shape, rhs.shape)
    out = np.empty_like(rhs)
    if not out.size:
        return out
    if rhs.shape[-2] == 1:
        return rhs / diagonals[..., 1, :, None]
    from scipy.linalg import get_lapack_funcs

    solve = get_lapack_funcs("gtsv", dtype=rhs.dtype)
    for place in np.ndindex(rhs.shape[:-2]):
        above, middle, below = diagonals[place]
        *_, found, info = solve(below[1:], middle, above[:-1], rhs[place])
        out[place] = found if not info else np.nan
    return out


def three_rows(diagonals: Any, diagonals_format: str) -> Tensor:
    """Returns three diagonals as rows of equal length, `[..., 3, m]`.

    Raises:
        ValueError: there is no such format, or not three diagonals.
    """
    if diagonals_format not in FORMATS:
        raise InvalidArgumentError(
            f"Unrecognized diagonals_format: {diagonals_format}; it is one of {', '.join(FORMATS)}."
        )
    if diagonals_format == "sequence":
        if not isinstance(diagonals, (tuple, list)) or len(diagonals) != 3:
            raise InvalidArgumentError(
                "Expected diagonals to be a sequence of length 3: above, on and below the main diagonal."
            )
        above, middle, below = map(convert, diagonals)
        size = middle._value.shape[-1]
        above = lengthened(above, 0, 1) if above._value.shape[-1] == size - 1 else above
        below = lengthened(below, 1, 0) if below._value.shape[-1] == size - 1 else below
        return stack([above, middle, below], -2)
    tensor = convert(diagonals)
    shape = tensor._value.shape
    if len(shape) < 2:
        raise InvalidArgumentError(f"Expected diagonals to have rank at least 2, got {len(shape)}.")
    if diagonals_format == "compact":
        if shape[-2] != 3:
            raise InvalidArgumentError(f"Expected 3 diagonals got {shape[-2]}, in shape {list(shape)}.")
        return tensor
    if shape[-1] != shape[-2]:
        raise InvalidArgumentError(
            f"Expected last two dimensions of diagonals to be same, got {shape[-2]} and {shape[-1]}."
        )
    if not shape[-1]:
        return stack([diagonal_of(tensor, 0)] * 3, -2)
    above, below = lengthened(diagonal_of(tensor, 1), 0, 1), lengthened(diagonal_of(tensor, -1), 1, 0)
    return stack([above, diagonal_of(tensor, 0), below], -2)


@composite(
    arrays(((3, 3), (3,)), ((3, 3), (3, 2)), ((2, 3, 3), (2, 3, 1)), values=(DOMINANT, ORDINARY))
    + arrays(((3, 3), (2, 3)), transpose_rhs=[True], conjugate_rhs=[True], values=(DOMINANT, ORDINARY))
)
def tridiagonal_solve(
    diagonals: Any,
    rhs: TensorLike,
    diagonals_format: str = "compact",
    transpose_rhs: bool = False,
    conjugate_rhs: bool = False,
    name: str | None = None,
    partial_pivoting: bool = True,
    perturb_singular: bool = False,
) -> Tensor:
    """Returns the solutions of systems of equations with tridiagonal matrices.

    Args:
        diagonals: the diagonals: a tensor of shape `[..., 3, m]` with those above, on and below the main one, whose
            last and first element, respectively, is not read (`"compact"`); a sequence of these three, of which two may
            be one element shorter (`"sequence"`); or the matrices, of shape `[..., m, m]` (`"matrix"`).
        rhs: a tensor of the same dtype and of shape `[..., m]` or `[..., m, k]`.
        diagonals_format: which of the three it is.
        transpose_rhs: whether `rhs` is transposed first; a vector stays.
        conjugate_rhs: whether `rhs` is conjugated first.
        name: ignored.
        partial_pivoting: ignored: rows are always exchanged where that is more precise.
        perturb_singular: not there: singular matrices give NaN.

    Returns:
        A tensor of the shape of `rhs`, transposed if that is.

    Raises:
        ValueError: the shapes do not fit, there is no such format, or `perturb_singular` is asked for.
        InvalidArgumentError: the dtypes do not fit.

    >>> import gradtape as tf
    >>> tf.linalg.tridiagonal_solve([[0.0, 0.0], [2.0, 4.0], [0.0, 2.0]], [2.0, 6.0]).numpy()
    array([1., 1.], dtype=float32)
    """
    if perturb_singular:
        raise InvalidArgumentError("perturb_singular is not there: add a small number to the main diagonal instead.")
    rows, right = three_rows(diagonals, diagonals_format), convert(rhs)
    vector = right._value.ndim == rows._value.ndim - 1
    if conjugate_rhs:
        right = conj(right)
    if vector:
        right = expand_dims(right, -1)
    elif transpose_rhs:
        rank = right._value.ndim
        right = transpose(right, (*range(rank - 2), rank - 1, rank - 2))
    shape = rows._value.shape
    if right._value.shape[:-1] != (*shape[:-2], shape[-1]):
        raise InvalidArgumentError(
            f"Expected diagonals and right-hand side to have the same leading dimensions and size, got shapes "
            f"{list(shape)} and {list(right._value.shape)}."
        )
    found = tridiagonal_system(rows, right)
    return squeeze(found, (-1,)) if vector else found


@composite(
    arrays(((3, 3), (3, 2)), ((2, 3, 2), (2, 2, 1)), ((3, 1), (1, 2)))
    + arrays(((3, 3), (3, 2)), diagonals_format=["matrix"])
)
def tridiagonal_matmul(
    diagonals: Any, rhs: TensorLike, diagonals_format: str = "compact", name: str | None = None
) -> Tensor:
    """Returns the products of tridiagonal matrices with matrices.

    Args:
        diagonals: the diagonals, as for `tridiagonal_solve`.
        rhs: a tensor of the same dtype and of shape `[..., m, k]`.
        diagonals_format: `"compact"`, `"sequence"` or `"matrix"`, as for `tridiagonal_solve`.
        name: ignored.

    Returns:
        A tensor of the shape and dtype of `rhs`.

    Raises:
        ValueError: there is no such format, or not three diagonals.
        InvalidArgumentError: the shapes or dtypes do not fit.

    >>> import gradtape as tf
    >>> tf.linalg.tridiagonal_matmul([[1.0, 0.0], [2.0, 2.0], [0.0, 1.0]], [[1.0], [2.0]]).numpy()
    array([[4.],
           [5.]], dtype=float32)
    """
    rows, right = three_rows(diagonals, diagonals_format), convert(rhs)
    if right._value.dtype not in MATRICES:
        raise WrongTypeError(f"tridiagonal_matmul takes float32, float64 or complex, got {right.dtype.name}.")
    system_shape(rows._value.shape, right._value.shape)
    above, middle, below = (expand_dims(getitem(rows, (..., row, slice(None))), -1) for row in range(3))
    later, earlier = (..., slice(1, None), slice(None)), (..., slice(None, -1), slice(None))
    front = [(0, 0)] * (right._value.ndim - 2)
    from_later = pad_constant(getitem(above, earlier) * getitem(right, later), (*front, (0, 1), (0, 0)), 0)
    from_earlier = pad_constant(getitem(below, later) * getitem(right, earlier), (*front, (1, 0), (0, 0)), 0)
    return from_later + middle * right + from_earlier


@composite(
    arrays(((2, 3), (3, 2)), lower=[True, False], adjoint=[True, False], values=(Values(0.5, 2.0), ORDINARY))
    + arrays(((2, 2, 3), (3, 1)), ((4, 3), (2, 3, 1)), values=(Values(0.5, 2.0), ORDINARY))
)
def banded_triangular_solve(
    bands: TensorLike, rhs: TensorLike, lower: bool = True, adjoint: bool = False, name: str | None = None
) -> Tensor:
    """Returns the solutions of systems of equations with triangular matrices of few diagonals.

    Args:
        bands: a tensor of shape `[..., k, m]`: the main diagonal and those below it, or, for upper triangles, those
            above it and the main one last. Element `i` of each belongs to row `i`; what lies outside of the matrix is
            not read.
        rhs: a tensor of the same dtype and of shape `[..., m, n]`; the dimensions in front broadcast.
        lower: whether the triangles are lower ones.
        adjoint: whether to solve with the transposed, conjugated matrices.
        name: ignored.

    Returns:
        A tensor of shape `[..., m, n]`.

    Raises:
        InvalidArgumentError: the shapes or dtypes do not fit, or there is a 0 on a main diagonal.

    >>> import gradtape as tf
    >>> tf.linalg.banded_triangular_solve([[2.0, 4.0], [0.0, 2.0]], [[2.0], [6.0]]).numpy()
    array([[1.],
           [1.]], dtype=float32)
    """
    tensor = convert_hint(bands, rhs.dtype if isinstance(rhs, Tensor) else None)
    shape = tensor._value.shape
    if len(shape) < 2 or not shape[-2]:
        raise InvalidArgumentError(f"`bands` must have shape [..., k, m] with k > 0, got {list(shape)}.")
    count, size = shape[-2:]
    main = tensor[..., 0 if lower else count - 1, :]
    if asked("zeros", has_zeros, main):
        raise InvalidArgumentError("Input matrix is not invertible: there is a 0 on its main diagonal.")
    parts = []
    for k in range(min(count, size)):
        band = tensor[..., k if lower else count - 1 - k, :]
        band = columns_from(band, k, None) if lower else columns_from(band, None, size - k)
        parts.append(diagonal_matrix(band, -k if lower else k, size, size))
    return triangular_solve(add_n(parts), rhs, lower, adjoint)


def has_zeros(array: Array) -> bool:
    """Returns whether an element is 0."""
    return bool((array == 0).any())


def in_pairs(select_range: Any) -> list[Any]:
    """Returns the two ends of a range; InvalidArgumentError if there are more or less."""
    ends = as_list("select_range", select_range)
    if len(ends) != 2:
        raise InvalidArgumentError(f"select_range is two numbers, got {select_range!r}.")
    return ends


def chosen(values: Tensor, select: str, select_range: Any) -> slice:
    """Returns which eigenvalues in ascending order are asked for.

    Raises:
        InvalidArgumentError: the range is empty.
    """
    if select == "a":
        return slice(None)
    if select == "i":
        first, last = as_ints(in_pairs(select_range))
        if first > last:
            raise InvalidArgumentError(f"Got empty index range in select_range: {first} to {last}.")
        return slice(first, last + 1)
    low, high = (as_real("select_range", end) for end in in_pairs(select_range))
    if not low < high:
        raise InvalidArgumentError(f"Got empty interval in select_range: {low} to {high}.")
    found = asked("interval", lambda array: tuple(np.searchsorted(array, [low, high], "right").tolist()), values)
    return slice(*found)


@composite(arrays(((3,), (2,)), ((1,), (0,)), values=(Values(0.5, 4.0, distinct=True), Values(0.3, 1.0))))
def eigh_tridiagonal(
    alpha: TensorLike,
    beta: TensorLike,
    eigvals_only: bool = True,
    select: str = "a",
    select_range: Any = None,
    tol: Any = None,
    name: str | None = None,
) -> Any:
    """Returns the eigenvalues, and eigenvectors, of a Hermitian tridiagonal matrix.

    Args:
        alpha: a tensor of shape `[n]`, the main diagonal; of complex numbers the real parts are read.
        beta: a tensor of the same dtype and of shape `[n - 1]`, the diagonal above it.
        eigvals_only: whether eigenvalues alone are wanted.
        select: `"a"` for all, `"v"` for the eigenvalues in the interval `select_range`, `"i"` for those with the places
            `select_range` in ascending order.
        select_range: two numbers, the second of which is included.
        tol: ignored: the eigenvalues are as precise as the dtype.
        name: ignored.

    Returns:
        The eigenvalues, real and in ascending order; without `eigvals_only` the pair of them and of a tensor with an
        eigenvector in each column.

    Raises:
        ValueError: there is no such `select`, the dtypes differ or are not inexact.
        InvalidArgumentError: the shapes do not fit, or the range is empty.
        TypeError: `select_range` is missing.

    >>> import gradtape as tf
    >>> tf.linalg.eigh_tridiagonal([2.0, 2.0], [1.0]).numpy()
    array([1., 3.], dtype=float32)
    """
    if select not in ("a", "i", "v"):
        raise InvalidArgumentError(f"'select must have a value in {{'a', 'i', 'v'}}, got {select!r}.")
    main, above = convert(alpha), convert(beta)
    if main.dtype != above.dtype:
        raise WrongTypeError(
            f"'alpha' and 'beta' must have the same type, got {main.dtype.name} and {above.dtype.name}."
        )
    if main._value.dtype not in MATRICES:
        raise WrongTypeError(f"'alpha' must be of float32, float64 or complex, got {main.dtype.name}.")
    if select != "a" and select_range is None:
        raise WrongTypeError(f"select={select!r} needs select_range, two numbers.")
    if main._value.ndim != 1 or above._value.ndim != 1:
        raise InvalidArgumentError(f"'alpha' and 'beta' are vectors, got shapes {main.shape} and {above.shape}.")
    size = main._value.shape[-1]
    if above._value.shape[-1] != max(size - 1, 0):
        raise InvalidArgumentError(f"{size} diagonal elements go with {size - 1} beside them, got {above.shape[-1]}.")
    matrix = diagonal_matrix(main, 0, size, size)
    if size > 1:
        matrix = matrix + diagonal_matrix(conj(above), -1, size, size)
    if eigvals_only:
        values = real(eigvalsh(matrix))
        return values if select == "a" else values[..., chosen(values, select, select_range)]
    found, vectors = eigh(matrix)
    values = real(found)
    if select == "a":
        return values, vectors
    wanted = chosen(values, select, select_range)
    return values[..., wanted], vectors[..., wanted]
