"""Factors of matrices and systems that they solve: the Cholesky factor, triangular systems, bands."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape._core.batches import aligned, as_it_is
from gradtape._core.conversion import convert
from gradtape._core.dtypes import ANY, FLOATS, INEXACT, float32, float64
from gradtape._core.families import composite, linear, primitive
from gradtape._core.op import Array, TensorLike
from gradtape._core.sampling import ORDINARY, Values, arrays
from gradtape._core.spec import broadcast_shapes
from gradtape._core.tensor import Tensor
from gradtape._ops.creation import eye
from gradtape._ops.parameters import Shape
from gradtape._ops.products import matmul, matrix_product
from gradtape._ops.structure import sum_to, transpose
from gradtape.errors import InvalidArgumentError, WrongTypeError

# What LAPACK factors.
MATRICES = (INEXACT - FLOATS) | {float32.numpy, float64.numpy}
# Diagonals that stay away from 0.
SOLVABLE = Values(0.5, 2.0)


def conjugate_transpose(x: Any) -> Any:
    """Returns matrices with rows and columns exchanged, complex numbers conjugated."""
    rank = len(x.shape)
    return transpose(x, (*range(rank - 2), rank - 1, rank - 2), True)


def as_width(value: Any) -> int:
    """Returns the width of a band as an integer.

    Raises:
        TypeError: it is no integer.
        InvalidArgumentError: there is more than one.
    """
    if type(value) is int:
        return value
    array = convert(value)._value
    if array.dtype.kind not in "iu":
        raise WrongTypeError(f"the width of a band is an integer, got {value!r}.")
    if array.ndim:
        raise InvalidArgumentError(f"the width of a band must be scalar, got shape {list(array.shape)}.")
    return int(array)


def band_shape(input_shape: Shape, num_lower: int, num_upper: int) -> Shape:
    """The shape rule of `band_part`."""
    if len(input_shape) < 2:
        raise InvalidArgumentError(f"input must be at least 2-dim, received shape: {list(input_shape)}.")
    for name, width, size in (("num_lower", num_lower, input_shape[-2]), ("num_upper", num_upper, input_shape[-1])):
        if width > size:
            raise InvalidArgumentError(
                f"{name} must be negative or at most {size} for matrices of shape {list(input_shape[-2:])}; "
                f"got {width}."
            )
    return input_shape


@linear(
    arrays((3, 4), (2, 3, 3), num_lower=[-1, 0, 1], num_upper=[-1, 0, 2])
    + arrays((0, 3), num_lower=[0], num_upper=[1]),
    shape=band_shape,
    batch=as_it_is,
    types=ANY,
    holomorphic=False,
    canonical={"num_lower": as_width, "num_upper": as_width},
    input=lambda g, num_lower, num_upper: band_part(g, num_lower, num_upper),
)
def band_part(input: TensorLike, num_lower: Any, num_upper: Any, name: str | None = None) -> Array:
    """Returns matrices in which only a band around the diagonal is kept, and the rest is 0.

    Args:
        input: a tensor of shape `[..., m, n]`.
        num_lower: how many diagonals below the main one to keep; all if negative.
        num_upper: how many diagonals above the main one to keep; all if negative.
        name: ignored.

    Returns:
        A tensor of the same shape and dtype.

    Raises:
        InvalidArgumentError: the tensor has fewer than two dimensions, or a band is wider than the matrices.
        TypeError: a width is no integer.

    >>> import gradtape as tf
    >>> tf.linalg.band_part(tf.ones((2, 3)), -1, 0).numpy()
    array([[1., 0., 0.],
           [1., 1., 0.]], dtype=float32)
    """
    if input.ndim < 2 or num_lower > input.shape[-2] or num_upper > input.shape[-1]:
        raise ValueError("matrices with such a band are wanted")
    kept = input if num_upper < 0 else np.tril(input, num_upper)
    return kept if num_lower < 0 else np.triu(kept, -num_lower)


def solved_shape(matrix_shape: Shape, rhs_shape: Shape, lower: bool = True, adjoint: bool = False) -> Shape:
    """The shape rule of `triangular_solve`."""
    for name, shape in (("matrix", matrix_shape), ("rhs", rhs_shape)):
        if len(shape) < 2:
            raise InvalidArgumentError(
                f"`{name}` must have 2 dimensions or more, got shape {list(shape)}. A vector becomes one column by "
                "x[:, tf.newaxis]."
            )
    if matrix_shape[-1] != matrix_shape[-2]:
        raise InvalidArgumentError(f"`matrix` must be square in its last dimensions, got shape {list(matrix_shape)}.")
    if matrix_shape[-1] != rhs_shape[-2]:
        raise InvalidArgumentError(
            f"`matrix` and `rhs` do not fit: {matrix_shape[-1]} columns meet {rhs_shape[-2]} rows, in shapes "
            f"{list(matrix_shape)} and {list(rhs_shape)}."
        )
    return (*broadcast_shapes(matrix_shape[:-2], rhs_shape[:-2]), *rhs_shape[-2:])


def pull_triangle(g: Any, matrix: Any, out: Any, lower: bool, adjoint: bool) -> Any:
    """The cotangent of the matrix of a triangular system; what the solution does not read gets 0."""
    shape = tuple(matrix.shape)
    back = triangular_solve(matrix, g, lower, not adjoint)
    found = (
        matrix_product(out, conjugate_transpose(back)) if adjoint else matrix_product(back, conjugate_transpose(out))
    )
    kept = band_part(-found, -1, 0) if lower else band_part(-found, 0, -1)
    return kept if tuple(kept.shape) == shape else sum_to(kept, shape)


def pull_right_side(g: Any, matrix: Any, shape: Shape, lower: bool, adjoint: bool) -> Any:
    """The cotangent of the right-hand side of a triangular system: the system with the transposed matrix."""
    found = triangular_solve(matrix, g, lower, not adjoint)
    return found if tuple(found.shape) == shape else sum_to(found, shape)


@primitive(
    arrays(((3, 3), (3, 2)), lower=[True, False], adjoint=[True, False], values=(SOLVABLE, ORDINARY))
    + arrays(((2, 3, 3), (3, 1)), ((2, 2), (3, 2, 2)), ((2, 1, 2, 2), (3, 2, 1)), values=(SOLVABLE, ORDINARY))
    + arrays(((2, 0, 0), (2, 0, 3)), ((2, 2), (2, 0)), ((0, 2, 2), (2, 1)), values=(SOLVABLE, ORDINARY)),
    shape=solved_shape,
    batch=aligned(2, 2),
    types=MATRICES,
    holomorphic=False,
    canonical={"lower": bool, "adjoint": bool},
    matrix=lambda g, matrix, out, lower, adjoint: pull_triangle(g, matrix, out, lower, adjoint),
    rhs=lambda g, matrix, rhs_shape, lower, adjoint: pull_right_side(g, matrix, rhs_shape, lower, adjoint),
)
def triangular_solve(
    matrix: TensorLike, rhs: TensorLike, lower: bool = True, adjoint: bool = False, name: str | None = None
) -> Array:
    """Returns the solution of systems of equations with triangular matrices.

    A matrix with a 0 on its diagonal gives inf or NaN.

    Args:
        matrix: a tensor of shape `[..., m, m]`; only its triangle is read.
        rhs: a tensor of the same dtype and of shape `[..., m, k]`; the dimensions in front broadcast.
        lower: whether the triangle is the lower one.
        adjoint: whether to solve with the transposed, conjugated matrix.
        name: ignored.

    Returns:
        A tensor of shape `[..., m, k]`.

    Raises:
        InvalidArgumentError: the shapes or dtypes do not fit.

    >>> import gradtape as tf
    >>> tf.linalg.triangular_solve([[2.0, 0.0], [1.0, 1.0]], [[2.0], [3.0]]).numpy()
    array([[1.],
           [2.]], dtype=float32)
    """
    shape = solved_shape(matrix.shape, rhs.shape)
    out = np.empty(shape, rhs.dtype)
    if not out.size:
        return out
    from scipy.linalg import get_blas_funcs

    solve = get_blas_funcs("trsm", dtype=rhs.dtype)
    matrices = np.broadcast_to(matrix, (*shape[:-2], *matrix.shape[-2:]))
    sides = np.broadcast_to(rhs, shape)
    for place in np.ndindex(shape[:-2]):
        # LAPACK stores columns, NumPy rows: the transposed system, from the right, is the one that needs no copies.
        found = solve(1.0, matrices[place].T, sides[place].T, side=1, lower=not lower, trans_a=2 if adjoint else 0)
        out[place] = found.T
    return out


def square_shape(input_shape: Shape) -> Shape:
    """The shape rule of operations on square matrices."""
    if len(input_shape) < 2:
        raise InvalidArgumentError(f"Input must have rank >= 2, got shape {list(input_shape)}.")
    if input_shape[-1] != input_shape[-2]:
        raise InvalidArgumentError(f"Input matrix must be square, got shape {list(input_shape)}.")
    return input_shape


def pull_cholesky(g: Any, factor: Any) -> Any:
    """The cotangent of a Hermitian matrix, itself Hermitian, from that of its Cholesky factor."""
    inner = matrix_product(conjugate_transpose(factor), g)
    half = band_part(inner, -1, 0) - 0.5 * band_part(inner, 0, 0)
    found = triangular_solve(factor, conjugate_transpose(triangular_solve(factor, half, True, True)), True, True)
    return 0.5 * (found + conjugate_transpose(found))


# TensorFlow's gradient is the one for matrices that stay Hermitian, while the values come from the lower triangle
# alone. A difference along a single element knows nothing of that symmetry: the law of differences holds for this
# operation on matrices of one element, and for larger ones in `cholesky_of_product`.
@primitive(
    arrays((1, 1), (4, 1, 1), (0, 0), (2, 0, 0), values=SOLVABLE),
    shape=square_shape,
    batch=as_it_is,
    types=MATRICES,
    holomorphic=False,
    input=lambda g, out: pull_cholesky(g, out),
)
def cholesky(input: TensorLike, name: str | None = None) -> Array:
    """Returns the lower triangular matrices `L` with `L @ adjoint(L)` equal to the given ones.

    A matrix that is not positive definite gives NaN in the triangle, as in TensorFlow. The gradient is Hermitian: that
    for matrices that stay so (Murray, "Differentiation of the Cholesky decomposition", 2016, section 3.1).

    Args:
        input: a tensor of shape `[..., m, m]`: Hermitian positive definite matrices, of which only the lower triangle
            is read.
        name: ignored.

    Returns:
        A tensor of the same shape and dtype.

    Raises:
        InvalidArgumentError: the matrices are not square.

    >>> import gradtape as tf
    >>> tf.linalg.cholesky([[4.0, 2.0], [2.0, 10.0]]).numpy()
    array([[2., 0.],
           [1., 3.]], dtype=float32)
    """
    if input.ndim < 2 or input.shape[-1] != input.shape[-2]:
        raise ValueError("square matrices are wanted")
    try:
        return np.linalg.cholesky(input)
    except np.linalg.LinAlgError:
        out = np.tril(np.full(input.shape, np.nan, input.dtype))
        # One bad matrix spoils NumPy's whole batch: each by itself.
        for place in np.ndindex(input.shape[:-2] if input.ndim > 2 else ()):
            try:
                out[place] = np.linalg.cholesky(input[place])
            except np.linalg.LinAlgError:
                continue
        return out


@composite(arrays((3, 3), (2, 2, 3), (2, 3, 2)))
def cholesky_of_product(x: TensorLike) -> Tensor:
    """Returns the Cholesky factor of `x @ adjoint(x) + 1`, which is positive definite for any `x`; not for users."""
    product = matmul(x, x, adjoint_b=True)
    return cholesky(product + eye(product._value.shape[-1], dtype=product.dtype))
