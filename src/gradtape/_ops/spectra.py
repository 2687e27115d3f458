"""Eigenvalues and eigenvectors of matrices, Hermitian and general."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape._core.batches import as_it_is
from gradtape._core.conversion import convert
from gradtape._core.families import composite, primitive
from gradtape._core.op import Array, TensorLike
from gradtape._core.sampling import Values, arrays
from gradtape._core.tensor import Tensor
from gradtape._ops.complexes import complex, conj, real, real_part
from gradtape._ops.diagonals import diagonal_matrix, diagonal_of
from gradtape._ops.exponential import exp
from gradtape._ops.factorization import MATRICES, band_part, conjugate_transpose, square_shape
from gradtape._ops.parameters import Shape
from gradtape._ops.products import matmul, matrix_product
from gradtape._ops.quotients import divide_no_nan
from gradtape._ops.solving import solve
from gradtape._ops.structure import expand_dims
from gradtape.errors import InvalidArgumentError

# Shapes to which the free phases of eigenvectors and singular vectors give no room.
PHASELESS = arrays((0, 0), (2, 0, 0), (0, 2, 2))


class Spread(Values):
    """Matrices whose eigenvalues and singular values are well apart: random ones with a growing diagonal."""

    __slots__ = ()

    def array(self, shape: Shape, dtype: Any, generator: np.random.Generator) -> Any:
        """Returns an array of such matrices."""
        array = super().array(shape, dtype, generator)
        rows, columns = shape[-2:]
        return array + np.asarray(np.eye(rows, columns) * (1.0 + 2.0 * np.arange(columns)), array.dtype)


SPREAD = Spread(-0.6, 0.6)


def not_decomposed(what: str, matrix: Any) -> InvalidArgumentError:
    """Returns the error for matrices with numbers that no decomposition takes."""
    return InvalidArgumentError(
        f"{what} was not successful: the input, of shape {list(matrix.shape)}, contains NaN or infinity."
    )


def vector_and_matrix(input_shape: Shape) -> list[Shape]:
    """The shape rule of operations that return a vector and a matrix for each matrix."""
    return [square_shape(input_shape)[:-1], input_shape]


def each_value(input_shape: Shape) -> Shape:
    """The shape rule of operations that return a vector for each square matrix."""
    return square_shape(input_shape)[:-1]


def lower_half(found: Any) -> Any:
    """Returns the cotangent of the lower triangle that stands for a Hermitian matrix, from that of all its elements."""
    whole = found + conjugate_transpose(found)
    return band_part(whole, -1, 0) - 0.5 * band_part(whole, 0, 0)


def gaps_of(values: Any) -> Any:
    """Returns for each two numbers of a vector the second less the first."""
    return expand_dims(values, -2) - expand_dims(values, -1)


def on_diagonal(values: Any) -> Any:
    """Returns vectors as diagonal matrices."""
    size = int(values.shape[-1])
    return diagonal_matrix(values, 0, size, size)


def pull_eigenvectors(g: Any, out: Any) -> Any:
    """The cotangent of Hermitian matrices from those of eigenvalues and eigenvectors."""
    vectors = out[1]
    back = conjugate_transpose(vectors)
    turned = divide_no_nan(matrix_product(back, g[1]), gaps_of(out[0]))
    return lower_half(matrix_product(vectors, matrix_product(on_diagonal(g[0]) + turned, back)))


def pull_eigenvalues(g: Any, input: Any) -> Any:
    """The cotangent of Hermitian matrices from that of their eigenvalues."""
    vectors = eigen_of_hermitian(input)[1]
    return lower_half(matrix_product(vectors * expand_dims(g, -2), conjugate_transpose(vectors)))


@primitive(
    arrays((1, 1), (4, 1, 1)) + PHASELESS,
    shape=vector_and_matrix,
    batch=as_it_is,
    types=MATRICES,
    holomorphic=False,
    outputs=True,
    input=lambda g, out: pull_eigenvectors(g, out),
)
def eigen_of_hermitian(input: TensorLike) -> Array:
    """Returns eigenvalues and eigenvectors of Hermitian matrices; not for users."""
    square_shape(input.shape)
    try:
        values, vectors = np.linalg.eigh(input)
    except np.linalg.LinAlgError:
        raise not_decomposed("Self-adjoint eigen decomposition", input) from None
    if np.isnan(vectors).any() and np.isnan(input).any():
        raise not_decomposed("Self-adjoint eigen decomposition", input)
    return [values.astype(input.dtype, copy=False), vectors]


def eigh(tensor: TensorLike, name: str | None = None) -> tuple[Tensor, Tensor]:
    """Returns the eigenvalues and eigenvectors of Hermitian (real: symmetric) matrices.

    The gradient, like the value, is one of the lower triangle (Giles, "Collected matrix derivative results for forward
    and reverse mode algorithmic differentiation", 2008, section 3.1). It is meant for functions that do not depend on
    the phases (signs) of the eigenvectors. Equal eigenvalues exchange nothing, so functions of eigenvalues alone keep a
    finite gradient.

    Args:
        tensor: a tensor of shape `[..., m, m]`, of which only the lower triangle is read.
        name: ignored.

    Returns:
        The eigenvalues, of shape `[..., m]`, in ascending order, and a tensor of shape `[..., m, m]` with an
        eigenvector in each column; both have the dtype of the matrices.

    Raises:
        InvalidArgumentError: the matrices are not square, or contain NaN.

    >>> import gradtape as tf
    >>> values, vectors = tf.linalg.eigh([[2.0, 0.0], [0.0, 1.0]])
    >>> values.numpy()
    array([1., 2.], dtype=float32)
    """
    values, vectors = eigen_of_hermitian(tensor)
    return values, vectors


@primitive(
    arrays((3, 3), (2, 2, 2), (1, 1), values=SPREAD) + PHASELESS,
    shape=each_value,
    batch=as_it_is,
    types=MATRICES,
    holomorphic=False,
    tensor=lambda g, tensor: pull_eigenvalues(g, tensor),
)
def eigvalsh(tensor: TensorLike, name: str | None = None) -> Array:
    """Returns the eigenvalues of Hermitian (real: symmetric) matrices.

    Args:
        tensor: a tensor of shape `[..., m, m]`, of which only the lower triangle is read.
        name: ignored.

    Returns:
        A tensor of shape `[..., m]` and of the same dtype: the eigenvalues in ascending order.

    Raises:
        InvalidArgumentError: the matrices are not square, or contain NaN.

    >>> import gradtape as tf
    >>> tf.linalg.eigvalsh([[2.0, 0.0], [0.0, 1.0]]).numpy()
    array([1., 2.], dtype=float32)
    """
    square_shape(tensor.shape)
    if np.isnan(tensor).any():
        raise not_decomposed("Self-adjoint eigen decomposition", tensor)
    return np.linalg.eigvalsh(tensor).astype(tensor.dtype, copy=False)


def pull_general(g: Any, out: Any, dtype: Any) -> Any:
    """The cotangent of matrices from those of eigenvalues and of eigenvectors of length 1."""
    back = conjugate_transpose(out[1])
    inner = matrix_product(back, g[1])
    along = diagonal_of(inner, 0)
    lengths = on_diagonal(0.5 * (along + conj(along)))
    across = inner - matrix_product(matrix_product(back, out[1]), lengths)
    middle = on_diagonal(g[0]) + divide_no_nan(across, conj(gaps_of(out[0])))
    return in_dtype(solve(back, matrix_product(middle, back), False), dtype)


def pull_general_values(g: Any, input: Any, dtype: Any) -> Any:
    """The cotangent of matrices from that of their eigenvalues."""
    back = conjugate_transpose(eigen_of_general(input)[1])
    return in_dtype(solve(back, expand_dims(g, -1) * back, False), dtype)


def in_dtype(found: Any, dtype: Any) -> Any:
    """Returns the cotangent of real matrices as real numbers, that of complex ones as it is."""
    return real_part(found) if dtype.kind == "f" else found


@primitive(
    arrays((1, 1), (4, 1, 1)) + PHASELESS,
    shape=vector_and_matrix,
    batch=as_it_is,
    types=MATRICES,
    holomorphic=False,
    outputs=True,
    input=lambda g, out, input_dtype: pull_general(g, out, input_dtype),
)
def eigen_of_general(input: TensorLike) -> Array:
    """Returns eigenvalues and eigenvectors of square matrices as complex numbers; not for users."""
    square_shape(input.shape)
    try:
        values, vectors = np.linalg.eig(input)
    except np.linalg.LinAlgError:
        raise not_decomposed("Eigen decomposition", input) from None
    dtype = np.result_type(input.dtype, np.complex64)
    return [values.astype(dtype, copy=False), vectors.astype(dtype, copy=False)]


def eig(tensor: TensorLike, name: str | None = None) -> tuple[Tensor, Tensor]:
    """Returns the eigenvalues and eigenvectors of square matrices, in no particular order.

    The gradient (Boeddeker et al., "On the computation of complex-valued gradients with application to statistically
    optimum beamforming", 2017, equation 4.77) is meant for functions that do not depend on the phases of the
    eigenvectors, whose length is 1. Of equal eigenvalues the gradient is that of eigenvectors that exchange nothing.

    Args:
        tensor: a tensor of shape `[..., m, m]`.
        name: ignored.

    Returns:
        The eigenvalues, of shape `[..., m]`, and a tensor of shape `[..., m, m]` with an eigenvector in each column;
        both are complex.

    Raises:
        InvalidArgumentError: the matrices are not square, or contain NaN or infinity.

    >>> import gradtape as tf
    >>> values, vectors = tf.linalg.eig([[2.0, 0.0], [0.0, 1.0]])
    >>> values.numpy()
    array([2.+0.j, 1.+0.j], dtype=complex64)
    """
    values, vectors = eigen_of_general(tensor)
    return values, vectors


@primitive(
    arrays((3, 3), (2, 2, 2), (1, 1), values=SPREAD) + PHASELESS,
    shape=each_value,
    batch=as_it_is,
    types=MATRICES,
    holomorphic=False,
    tensor=lambda g, tensor, tensor_dtype: pull_general_values(g, tensor, tensor_dtype),
)
def eigvals(tensor: TensorLike, name: str | None = None) -> Array:
    """Returns the eigenvalues of square matrices, in no particular order.

    Args:
        tensor: a tensor of shape `[..., m, m]`.
        name: ignored.

    Returns:
        A complex tensor of shape `[..., m]`.

    Raises:
        InvalidArgumentError: the matrices are not square, or contain NaN or infinity.

    >>> import gradtape as tf
    >>> tf.linalg.eigvals([[2.0, 0.0], [0.0, 1.0]]).numpy()
    array([2.+0.j, 1.+0.j], dtype=complex64)
    """
    square_shape(tensor.shape)
    try:
        values = np.linalg.eigvals(tensor)
    except np.linalg.LinAlgError:
        raise not_decomposed("Eigen decomposition", tensor) from None
    return values.astype(np.result_type(tensor.dtype, np.complex64), copy=False)


@composite(arrays((3, 3), (2, 2, 2), values=SPREAD))
def functions_of_eigenvectors(x: TensorLike) -> list[Any]:
    """Returns functions of matrices that eigenvectors make, whatever their phases; not for users."""
    values, vectors = eigh(x)
    general, columns = eig(x)
    sizes = real(columns * conj(columns))
    return [
        matmul(vectors * expand_dims(exp(0.3 * values), -2), vectors, adjoint_b=True),
        solve(conjugate_transpose(columns), expand_dims(exp(0.3 * general), -1) * conjugate_transpose(columns)),
        sizes * expand_dims(real(general), -2),
    ]


@composite(arrays(((3, 3), (3, 3)), ((1, 2, 2), (1, 2, 2)), values=SPREAD))
def functions_of_complex_eigenvectors(x: TensorLike, y: TensorLike) -> list[Any]:
    """Returns `functions_of_eigenvectors` of the complex matrices `x + 0.3j * y`; not for users."""
    return functions_of_eigenvectors(complex(x, 0.3 * convert(y)))
