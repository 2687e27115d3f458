"""Systems of equations with square matrices: inverses, solutions, determinants; transposes and cross products."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from gradtape._core.batches import as_it_is
from gradtape._core.conversion import convert
from gradtape._core.dtypes import COMPLEX, REALS, float16, float32, float64
from gradtape._core.families import bilinear, composite, primitive
from gradtape._core.op import Array, TensorLike
from gradtape._core.sampling import ORDINARY, Values, arrays
from gradtape._core.tensor import Tensor
from gradtape._ops.complexes import complex, conj, imaginary_part, real, real_part
from gradtape._ops.diagonals import diag_part
from gradtape._ops.exponential import log
from gradtape._ops.factorization import (
    MATRICES,
    SOLVABLE,
    cholesky,
    conjugate_transpose,
    square_shape,
    triangular_solve,
)
from gradtape._ops.parameters import Shape
from gradtape._ops.products import matrix_product
from gradtape._ops.reduction import reduce_sum
from gradtape._ops.structure import expand_dims, transpose
from gradtape.errors import FailedPreconditionError, InvalidArgumentError

# From this size on SciPy's way to LAPACK is faster than NumPy's.
LARGE = 48
REAL_MATRICES = frozenset({float32.numpy, float64.numpy})


class Invertible(Values):
    """Matrices that are far from singular: random ones with a heavy diagonal."""

    __slots__ = ()

    def array(self, shape: Shape, dtype: Any, generator: np.random.Generator) -> Any:
        """Returns an array of such matrices."""
        array = super().array(shape, dtype, generator)
        return array + np.asarray(3.0 * np.eye(shape[-1]), array.dtype)


INVERTIBLE = Invertible(-1.0, 1.0)


def as_factors(x: Any) -> Any:
    """Returns a number for each matrix, ready to be multiplied with the matrices."""
    return expand_dims(expand_dims(x, -1), -1)


def transposed_matrices(x: Any) -> Any:
    """Returns matrices with rows and columns exchanged."""
    rank = len(x.shape)
    return transpose(x, (*range(rank - 2), rank - 1, rank - 2), False)


def no_inverse(matrix: Any) -> InvalidArgumentError:
    """Returns the error for matrices one of which has no inverse."""
    return InvalidArgumentError(
        f"Input matrix is not invertible: in shape {list(matrix.shape)} stands one that is singular or begins with NaN."
    )


def require_pivots(matrix: Any) -> None:
    """Raises InvalidArgumentError where elimination begins with NaN; TensorFlow lets one pass that it meets later."""
    if matrix.size and np.isnan(matrix[..., 0, 0]).any():
        raise no_inverse(matrix)


def inverse_shape(input_shape: Shape, adjoint: bool = False) -> Shape:
    """The shape rule of `inv`."""
    return square_shape(input_shape)


def pull_inverse(g: Any, out: Any, adjoint: bool) -> Any:
    """The cotangent of a matrix from that of its inverse."""
    if adjoint:
        return -matrix_product(out, matrix_product(conjugate_transpose(g), out))
    back = conjugate_transpose(out)
    return -matrix_product(back, matrix_product(g, back))


@primitive(
    arrays((3, 3), (2, 2, 2), adjoint=[False, True], values=INVERTIBLE)
    + arrays((1, 1), (0, 0), (2, 0, 0), (0, 2, 2), values=INVERTIBLE),
    shape=inverse_shape,
    batch=as_it_is,
    types=MATRICES | {float16.numpy},
    holomorphic=False,
    canonical={"adjoint": bool},
    input=lambda g, out, adjoint: pull_inverse(g, out, adjoint),
)
def inv(input: TensorLike, adjoint: bool = False, name: str | None = None) -> Array:
    """Returns the inverses of matrices.

    To solve a system, `tf.linalg.solve` is faster and more precise than a product with the inverse.

    Args:
        input: a tensor of shape `[..., m, m]`.
        adjoint: whether the inverses are transposed and conjugated.
        name: ignored.

    Returns:
        A tensor of the same shape and dtype.

    Raises:
        InvalidArgumentError: the matrices are not square, or one of them has no inverse or begins with NaN.
            Elsewhere NaN makes the inverse NaN.

    >>> import gradtape as tf
    >>> tf.linalg.inv([[2.0, 0.0], [0.0, 4.0]]).numpy()
    array([[0.5 , 0.  ],
           [0.  , 0.25]], dtype=float32)
    """
    square_shape(input.shape)
    matrix = input.astype(np.float32) if input.dtype == np.float16 else input
    require_pivots(matrix)
    try:
        out = np.linalg.inv(matrix)
    except np.linalg.LinAlgError:
        raise no_inverse(input) from None
    if adjoint:
        out = np.conj(out.swapaxes(-1, -2))
    return out if out.dtype == input.dtype else out.astype(input.dtype)


def solution_shape(matrix_shape: Shape, rhs_shape: Shape, adjoint: bool = False) -> Shape:
    """The shape rule of `solve`."""
    square_shape(matrix_shape)
    if len(matrix_shape) != len(rhs_shape):
        raise InvalidArgumentError(
            f"All input tensors must have the same rank: `matrix` has shape {list(matrix_shape)}, `rhs` "
            f"{list(rhs_shape)}. A vector becomes one column by x[:, tf.newaxis]; dimensions in front do not broadcast."
        )
    if matrix_shape[:-1] != rhs_shape[:-1]:
        raise InvalidArgumentError(
            f"Input matrix and rhs are incompatible: they have to agree in all dimensions but the last; got shapes "
            f"{list(matrix_shape)} and {list(rhs_shape)}."
        )
    return rhs_shape


def pull_system(g: Any, matrix: Any, out: Any, adjoint: bool) -> Any:
    """The cotangent of the matrix of a system of equations."""
    back = solve(matrix, g, not adjoint)
    if adjoint:
        return -matrix_product(out, conjugate_transpose(back))
    return -matrix_product(back, conjugate_transpose(out))


@primitive(
    arrays(((3, 3), (3, 2)), ((2, 2, 2), (2, 2, 1)), adjoint=[False, True], values=(INVERTIBLE, ORDINARY))
    + arrays(((0, 0), (0, 2)), ((2, 2), (2, 0)), ((0, 2, 2), (0, 2, 1)), values=(INVERTIBLE, ORDINARY)),
    shape=solution_shape,
    batch=as_it_is,
    types=MATRICES,
    holomorphic=False,
    canonical={"adjoint": bool},
    matrix=lambda g, matrix, out, adjoint: pull_system(g, matrix, out, adjoint),
    rhs=lambda g, matrix, adjoint: solve(matrix, g, not adjoint),
)
def solve(matrix: TensorLike, rhs: TensorLike, adjoint: bool = False, name: str | None = None) -> Array:
    """Returns the solutions of systems of linear equations.

    Args:
        matrix: a tensor of shape `[..., m, m]`.
        rhs: a tensor of the same dtype and of shape `[..., m, k]`, with the same dimensions in front.
        adjoint: whether to solve with the transposed, conjugated matrices.
        name: ignored.

    Returns:
        A tensor of the shape and dtype of `rhs`.

    Raises:
        InvalidArgumentError: the shapes or dtypes do not fit, or a matrix has no inverse or begins with NaN.
            Elsewhere NaN makes the solution NaN.

    >>> import gradtape as tf
    >>> tf.linalg.solve([[2.0, 0.0], [0.0, 4.0]], [[1.0], [2.0]]).numpy()
    array([[0.5],
           [0.5]], dtype=float32)
    """
    solution_shape(matrix.shape, rhs.shape)
    if not rhs.size:
        return np.zeros_like(rhs)
    used = np.conj(matrix.swapaxes(-1, -2)) if adjoint else matrix
    require_pivots(matrix)
    try:
        return np.linalg.solve(used, rhs) if matrix.shape[-1] < LARGE else solve_each(used, rhs)
    except np.linalg.LinAlgError:
        raise no_inverse(matrix) from None


def solve_each(matrices: Array, rhs: Array) -> Array:
    """Returns what `np.linalg.solve` does, for large matrices in less time, and computed in double precision as there.

    Raises:
        LinAlgError: a matrix is singular.
    """
    from scipy.linalg import get_lapack_funcs

    solver = get_lapack_funcs("gesv", dtype=np.result_type(rhs.dtype, np.float64))
    out = np.empty_like(rhs, order="C")
    for place in np.ndindex(rhs.shape[:-2]):
        *_, out[place], info = solver(matrices[place], rhs[place])
        if info > 0:
            raise np.linalg.LinAlgError
    return out


def one_each(input_shape: Shape) -> Shape:
    """The shape rule of operations that return a number for each matrix."""
    return square_shape(input_shape)[:-2]


@primitive(
    arrays((3, 3), (2, 2, 2), (1, 1), (0, 0), (2, 0, 0), (0, 2, 2), values=INVERTIBLE),
    shape=one_each,
    batch=as_it_is,
    types=MATRICES,
    input=lambda g, input, out: as_factors(g * out) * transposed_matrices(inv(input, False)),
)
def det(input: TensorLike, name: str | None = None) -> Array:
    """Returns the determinants of matrices.

    Args:
        input: a tensor of shape `[..., m, m]`.
        name: ignored.

    Returns:
        A tensor of shape `[...]` and of the same dtype. Its gradient needs the inverse: for a singular matrix it
        raises InvalidArgumentError.

    Raises:
        InvalidArgumentError: the matrices are not square.

    >>> import gradtape as tf
    >>> tf.linalg.det([[2.0, 0.0], [0.0, 4.0]]).numpy()
    np.float32(8.0)
    """
    square_shape(input.shape)
    with np.errstate(all="ignore"):
        return np.linalg.det(input)


class LogMatrixDeterminant(NamedTuple):
    """What `slogdet` returns: the sign of each determinant, and the logarithm of its absolute value."""

    sign: Tensor
    log_abs_determinant: Tensor


def two_each(input_shape: Shape) -> list[Shape]:
    """The shape rule of operations that return two numbers for each matrix."""
    return [one_each(input_shape)] * 2


def sign_and_logarithm(input: Any) -> list[Any]:
    """Returns the signs of determinants, and the logarithms of their absolute values in the dtype of the matrices."""
    square_shape(input.shape)
    with np.errstate(all="ignore"):
        sign, logarithm = np.linalg.slogdet(input)
    sign = np.where(np.isnan(logarithm), logarithm, sign)
    return [sign.astype(input.dtype), np.asarray(logarithm).astype(input.dtype)]


@primitive(
    arrays((3, 3), (2, 2, 2), (1, 1), (0, 0), (2, 0, 0), (0, 2, 2), values=INVERTIBLE),
    shape=two_each,
    batch=as_it_is,
    types=REAL_MATRICES,
    outputs=True,
    input=lambda g, input: as_factors(g[1]) * inv(input, True),
)
def slogdet_of_real(input: TensorLike) -> Array:
    """Returns signs and logarithms of the determinants of real matrices; not for users."""
    return sign_and_logarithm(input)


def pull_angle(g: Any, input: Any, sign: Any) -> Any:
    """The cotangent of complex matrices: the logarithm has a real tangent, the sign moves on the unit circle."""
    turn = imaginary_part(g[0] * conj(sign))
    return as_factors(complex(real_part(g[1]), turn)) * inv(input, True)


@primitive(
    arrays((3, 3), (2, 2, 2), (1, 1), (0, 0), (2, 0, 0), (0, 2, 2), values=INVERTIBLE),
    shape=two_each,
    batch=as_it_is,
    types=COMPLEX,
    holomorphic=False,
    outputs=True,
    input=lambda g, input, out: pull_angle(g, input, out[0]),
)
def slogdet_of_complex(input: TensorLike) -> Array:
    """Returns signs and logarithms of the determinants of complex matrices; not for users."""
    return sign_and_logarithm(input)


@composite(arrays((3, 3), (2, 2, 2), (0, 0), values=INVERTIBLE))
def slogdet(input: TensorLike, name: str | None = None) -> LogMatrixDeterminant:
    """Returns the signs of determinants and the logarithms of their absolute values.

    Args:
        input: a tensor of shape `[..., m, m]`.
        name: ignored.

    Returns:
        A named tuple of two tensors of shape `[...]` and of the same dtype: `sign`, of absolute value 1, or 0 for a
        singular matrix; and `log_abs_determinant`, which is then -inf.

    Raises:
        InvalidArgumentError: the matrices are not square.

    >>> import gradtape as tf
    >>> sign, logarithm = tf.linalg.slogdet([[0.0, 1.0], [1.0, 0.0]])
    >>> sign.numpy(), logarithm.numpy()
    (np.float32(-1.0), np.float32(0.0))
    """
    tensor = convert(input)
    found = slogdet_of_complex(tensor) if tensor._value.dtype.kind == "c" else slogdet_of_real(tensor)
    return LogMatrixDeterminant(*found)


# Like `cholesky`, it reads one triangle and its gradient is the one for matrices that stay Hermitian.
@composite(arrays((1, 1), (4, 1, 1), (0, 0), (2, 0, 0), values=SOLVABLE))
def logdet(matrix: TensorLike, name: str | None = None) -> Tensor:
    """Returns the logarithms of the determinants of Hermitian positive definite matrices.

    Args:
        matrix: a tensor of shape `[..., m, m]`, of which only the lower triangle is read.
        name: ignored.

    Returns:
        A tensor of shape `[...]`, of the same dtype or, for complex matrices, of its real one. It is NaN for a matrix
        that is not positive definite.

    Raises:
        InvalidArgumentError: the matrices are not square.

    >>> import gradtape as tf
    >>> tf.linalg.logdet([[1.0, 0.0], [0.0, 1.0]]).numpy()
    np.float32(0.0)
    """
    return 2.0 * reduce_sum(log(real(diag_part(cholesky(matrix)))), axis=-1)


@composite(arrays((2, 3), (2, 3, 2), (0, 2)))
def matrix_transpose(a: TensorLike, name: str | None = "matrix_transpose", conjugate: bool = False) -> Tensor:
    """Returns matrices with rows and columns exchanged.

    Args:
        a: a tensor of shape `[..., m, n]`.
        name: ignored.
        conjugate: whether complex numbers are conjugated as well.

    Returns:
        A tensor of shape `[..., n, m]` and of the same dtype.

    Raises:
        ValueError: the tensor has fewer than two dimensions.

    >>> import gradtape as tf
    >>> tf.linalg.matrix_transpose([[1, 2, 3], [4, 5, 6]]).numpy()
    array([[1, 4],
           [2, 5],
           [3, 6]], dtype=int32)
    """
    tensor = convert(a)
    rank = tensor._value.ndim
    if rank < 2:
        raise InvalidArgumentError(
            f"Argument `a` should be a (batch) matrix with rank >= 2. Received a tensor of shape "
            f"{list(tensor._value.shape)}."
        )
    return transpose(tensor, (*range(rank - 2), rank - 1, rank - 2), conjugate)


@composite(arrays((2, 3), (2, 3, 2), (0, 2)))
def adjoint(matrix: TensorLike, name: str | None = None) -> Tensor:
    """Returns matrices with rows and columns exchanged, complex numbers conjugated.

    Args:
        matrix: a tensor of shape `[..., m, n]`.
        name: ignored.

    Returns:
        A tensor of shape `[..., n, m]` and of the same dtype.

    Raises:
        ValueError: the tensor has fewer than two dimensions.

    >>> import gradtape as tf
    >>> tf.linalg.adjoint([[1 + 1j, 2 + 0j]]).numpy()
    array([[1.-1.j],
           [2.-0.j]])
    """
    return matrix_transpose(matrix, conjugate=True)


def cross_shape(a_shape: Shape, b_shape: Shape) -> Shape:
    """The shape rule of `cross`."""
    if a_shape != b_shape:
        raise InvalidArgumentError(f"Both inputs must be of same shape: {list(a_shape)} vs. {list(b_shape)}.")
    if not a_shape:
        raise InvalidArgumentError("Input must be at least 1D; got two tensors of shape [].")
    if a_shape[-1] != 3:
        raise FailedPreconditionError(
            f"Cross-products are only defined for 3-element vectors; got shape {list(a_shape)}."
        )
    return a_shape


@bilinear(
    arrays(((3,), (3,)), ((2, 3), (2, 3)), ((0, 3), (0, 3))),
    shape=cross_shape,
    batch=as_it_is,
    types=REALS,
    a=lambda g, b: cross(b, g),
    b=lambda g, a: cross(g, a),
)
def cross(a: TensorLike, b: TensorLike, name: str | None = None) -> Array:
    """Returns the cross products of vectors of three elements.

    Args:
        a: a tensor of real numbers, of shape `[..., 3]`.
        b: a tensor of the same shape and dtype.
        name: ignored.

    Returns:
        A tensor of the same shape and dtype.

    Raises:
        InvalidArgumentError: the shapes or dtypes differ.
        FailedPreconditionError: the vectors have not three elements.

    >>> import gradtape as tf
    >>> tf.linalg.cross([1, 0, 0], [0, 1, 0]).numpy()
    array([0, 0, 1], dtype=int32)
    """
    cross_shape(a.shape, b.shape)
    return np.cross(a, b)


@composite(arrays(((3, 3), (3, 2)), ((2, 2, 2), (2, 2, 1)), ((0, 0), (0, 2)), values=(SOLVABLE, ORDINARY)))
def cholesky_solve(chol: TensorLike, rhs: TensorLike, name: str | None = None) -> Tensor:
    """Returns the solutions of systems of linear equations, the Cholesky factors of whose matrices are known.

    Args:
        chol: a tensor of shape `[..., m, m]`: the factors, as `tf.linalg.cholesky` returns them.
        rhs: a tensor of the same dtype and of shape `[..., m, k]`; the dimensions in front broadcast.
        name: ignored.

    Returns:
        A tensor of shape `[..., m, k]`: the solutions for the matrices `chol @ adjoint(chol)`.

    Raises:
        InvalidArgumentError: the shapes or dtypes do not fit.

    >>> import gradtape as tf
    >>> tf.linalg.cholesky_solve([[2.0, 0.0], [0.0, 1.0]], [[4.0], [3.0]]).numpy()
    array([[1.],
           [3.]], dtype=float32)
    """
    return triangular_solve(chol, triangular_solve(chol, rhs, lower=True, adjoint=False), lower=True, adjoint=True)
