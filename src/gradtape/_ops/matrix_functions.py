"""Functions of matrices: exponential, logarithm, square root, pseudo-inverse, least squares, rank."""

from __future__ import annotations

import contextlib
import warnings
from typing import Any

import numpy as np

from gradtape._core.batches import as_it_is
from gradtape._core.conversion import convert
from gradtape._core.dispatch import convert_hint
from gradtape._core.dtypes import COMPLEX
from gradtape._core.families import composite, primitive
from gradtape._core.op import Array, TensorLike
from gradtape._core.sampling import ORDINARY, Values, arrays
from gradtape._core.tensor import Tensor
from gradtape._ops.casting import cast
from gradtape._ops.comparison import greater, select
from gradtape._ops.creation import eye
from gradtape._ops.factorization import MATRICES, cholesky, conjugate_transpose, square_shape
from gradtape._ops.joining import concat
from gradtape._ops.parameters import Shape
from gradtape._ops.products import matmul, matrix_product
from gradtape._ops.reduction import reduce_max, reduce_sum
from gradtape._ops.singular import svd
from gradtape._ops.slicing import getitem
from gradtape._ops.solving import INVERTIBLE, REAL_MATRICES, cholesky_solve
from gradtape._ops.spectra import SPREAD
from gradtape._ops.structure import expand_dims
from gradtape.errors import InvalidArgumentError, WrongTypeError

SMALL = Values(-0.7, 0.7)


def pair_shape(matrix_shape: Shape, change_shape: Shape) -> Shape:
    """The shape rule of derivatives of matrix functions in a direction."""
    if square_shape(matrix_shape) != change_shape:
        raise InvalidArgumentError(f"The matrices {list(matrix_shape)} change by matrices {list(change_shape)}.")
    return change_shape


def in_blocks(matrix: Any, change: Any) -> Any:
    """Returns matrices twice as large: `matrix` twice on the diagonal, `change` above it."""
    below = concat([change - change, matrix], -1)
    return concat([concat([matrix, change], -1), below], -2)


def block(whole: Any, row: int, column: int) -> Any:
    """Returns a quarter of matrices."""
    size = int(whole.shape[-1]) // 2
    rows, columns = slice(row * size, (row + 1) * size), slice(column * size, (column + 1) * size)
    return getitem(whole, (..., rows, columns))


def along(function: Any, matrix: Any, change: Any) -> Any:
    """Returns the derivative of a matrix function along matrices, which the function of larger ones holds.

    It is linear in the change, so that may be brought to the size at which the function is computed best.
    """
    sizes = np.abs(change).sum(axis=-1).max(axis=-1, initial=0.0)[..., None, None].astype(matrix.dtype)
    sizes[sizes == 0] = 1
    size = matrix.shape[-1]
    blocks = np.zeros((*matrix.shape[:-2], 2 * size, 2 * size), matrix.dtype)
    blocks[..., :size, :size] = blocks[..., size:, size:] = matrix
    blocks[..., :size, size:] = change / sizes
    return np.ascontiguousarray(function(blocks)[..., :size, size:] * sizes)


def pull_change(g: Any, matrix: Any, change: Any, derivative: Any) -> Any:
    """The cotangent of a matrix from that of the derivative along `change`: a second derivative."""
    blocks = in_blocks(matrix, change)
    found = derivative(conjugate_transpose(blocks), in_corner(g))
    return block(found, 0, 0) + block(found, 1, 1)


def in_corner(g: Any) -> Any:
    """Returns matrices twice as large, 0 but for the last quarter of the first rows."""
    empty = g - g
    return concat([concat([empty, g], -1), concat([empty, empty], -1)], -2)


def exponential(matrix: Any) -> Any:
    """Returns the exponentials of matrices, by scaling and squaring (Al-Mohy and Higham, 2009)."""
    if not matrix.size:
        return np.zeros_like(matrix)
    from scipy.linalg import expm as compute

    return np.asarray(compute(matrix)).astype(matrix.dtype, copy=False)


@primitive(
    arrays(((2, 2), (2, 2)), ((0, 0), (0, 0)), values=SMALL),
    shape=pair_shape,
    batch=as_it_is,
    types=MATRICES,
    holomorphic=False,
    matrix=lambda g, matrix, change: pull_change(g, matrix, change, exponential_along),
    change=lambda g, matrix: exponential_along(conjugate_transpose(matrix), g),
)
def exponential_along(matrix: TensorLike, change: TensorLike) -> Array:
    """Returns the derivative of the matrix exponential along `change`; not for users."""
    pair_shape(matrix.shape, change.shape)
    return along(exponential, matrix, change)


@primitive(
    arrays((2, 2), (2, 1, 1), (0, 0), (0, 2, 2), values=SMALL),
    shape=square_shape,
    batch=as_it_is,
    types=MATRICES,
    holomorphic=False,
    input=lambda g, input: exponential_along(conjugate_transpose(input), g),
)
def matrix_exponential(input: TensorLike) -> Array:
    """Returns the exponentials of matrices; not for users."""
    square_shape(input.shape)
    return exponential(input)


def expm(input: TensorLike, name: str | None = None) -> Tensor:
    """Returns the exponentials of matrices.

    The derivative is the upper right quarter of the exponential of the matrices `[[A, E], [0, A]]` (Van Loan,
    "Computing integrals involving the matrix exponential", 1978), and so are those of higher order.

    Args:
        input: a tensor of shape `[..., m, m]`.
        name: ignored.

    Returns:
        A tensor of the same shape and dtype.

    Raises:
        InvalidArgumentError: the matrices are not square.
        ValueError: they are of no float or complex dtype.

    >>> import gradtape as tf
    >>> tf.linalg.expm([[0.0, 1.0], [0.0, 0.0]]).numpy()
    array([[1., 1.],
           [0., 1.]], dtype=float32)
    """
    tensor = convert(input)
    if tensor._value.dtype not in MATRICES:
        raise WrongTypeError(
            f"tf.linalg.expm does not support matrices of type {tensor.dtype}: cast to float32 or wider."
        )
    return matrix_exponential(tensor)


def logarithm(matrix: Any) -> Any:
    """Returns the principal logarithms of complex matrices; NaN for those that are not finite."""
    out = np.full(matrix.shape, np.nan + 1j * np.nan, matrix.dtype)
    if not out.size:
        return out
    from scipy.linalg import logm as compute

    wide = matrix.astype(np.complex128, copy=False)
    with warnings.catch_warnings():
        # SciPy estimates the error and tells of singular matrices; TensorFlow gives what comes out in silence.
        warnings.simplefilter("ignore")
        for place in np.ndindex(matrix.shape[:-2]):
            if np.isfinite(wide[place]).all():
                # SciPy refuses to estimate the error of a logarithm that is infinite.
                with contextlib.suppress(ValueError):
                    out[place] = compute(wide[place])
    return out


@primitive(
    arrays(((1, 1), (1, 1)), ((0, 0), (0, 0)), values=(INVERTIBLE, SMALL)),
    shape=pair_shape,
    batch=as_it_is,
    types=COMPLEX,
    holomorphic=False,
    matrix=lambda g, matrix, change: pull_change(g, matrix, change, logarithm_along),
    change=lambda g, matrix: logarithm_along(conjugate_transpose(matrix), g),
)
def logarithm_along(matrix: TensorLike, change: TensorLike) -> Array:
    """Returns the derivative of the matrix logarithm along `change`; not for users."""
    pair_shape(matrix.shape, change.shape)
    return along(logarithm, matrix, change)


@primitive(
    arrays((2, 2), (2, 1, 1), (0, 0), (0, 2, 2), values=INVERTIBLE),
    shape=square_shape,
    batch=as_it_is,
    types=COMPLEX,
    holomorphic=False,
    input=lambda g, input: logarithm_along(conjugate_transpose(input), g),
)
def logm(input: TensorLike, name: str | None = None) -> Array:
    """Returns the principal logarithms of complex matrices.

    The derivative is the upper right quarter of the logarithm of the matrices `[[A, E], [0, A]]` (Higham, "Functions of
    Matrices", 2008, section 3.2), and so are those of higher order.

    Args:
        input: a complex tensor of shape `[..., m, m]`.
        name: ignored.

    Returns:
        A tensor of the same shape and dtype.

    Raises:
        InvalidArgumentError: the matrices are not square or not complex.

    >>> import gradtape as tf
    >>> tf.linalg.logm(tf.eye(2, dtype=tf.complex64)).numpy()
    array([[0.+0.j, 0.+0.j],
           [0.+0.j, 0.+0.j]], dtype=complex64)
    """
    square_shape(input.shape)
    return logarithm(input)


def pull_root(g: Any, root: Any, out: Any) -> Any:
    """The cotangent of the root in `root_change`."""
    back = root_change(conjugate_transpose(root), g)
    other = conjugate_transpose(out)
    return -(matrix_product(back, other) + matrix_product(other, back))


@primitive(
    arrays(((2, 2), (2, 2)), ((2, 2, 2), (2, 2, 2)), ((0, 0), (0, 0)), values=(INVERTIBLE, ORDINARY)),
    shape=pair_shape,
    batch=as_it_is,
    types=MATRICES,
    holomorphic=False,
    root=lambda g, root, out: pull_root(g, root, out),
    change=lambda g, root: root_change(conjugate_transpose(root), g),
)
def root_change(root: TensorLike, change: TensorLike) -> Array:
    """Returns the solutions of `root @ x + x @ root = change`: how a square root changes; not for users."""
    pair_shape(root.shape, change.shape)
    out = np.full(change.shape, np.nan, change.dtype)
    if not out.size:
        return out
    from scipy.linalg import solve_sylvester

    for place in np.ndindex(out.shape[:-2]):
        if np.isfinite(root[place]).all() and np.isfinite(change[place]).all():
            out[place] = solve_sylvester(root[place], root[place], change[place])
    return out


@primitive(
    arrays((2, 2), (3, 3), (2, 2, 2), (1, 1), (0, 0), (0, 2, 2), values=INVERTIBLE),
    shape=square_shape,
    batch=as_it_is,
    types=MATRICES,
    holomorphic=False,
    input=lambda g, out: root_change(conjugate_transpose(out), g),
)
def sqrtm(input: TensorLike, name: str | None = None) -> Array:
    """Returns the principal square roots of matrices: `root @ root = input`.

    The derivative solves a Sylvester equation (Higham, "Functions of Matrices", 2008, section 6.1).

    Args:
        input: a tensor of shape `[..., m, m]`. Real matrices should have no negative eigenvalues: their root is
            complex, and NaN stands for it.
        name: ignored.

    Returns:
        A tensor of the same shape and dtype.

    Raises:
        InvalidArgumentError: the matrices are not square.

    >>> import gradtape as tf
    >>> tf.linalg.sqrtm([[4.0, 0.0], [0.0, 9.0]]).numpy()
    array([[2., 0.],
           [0., 3.]], dtype=float32)
    """
    square_shape(input.shape)
    if not input.size:
        return np.zeros_like(input)
    from scipy.linalg import sqrtm as compute

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        out = np.asarray(compute(input))
    if out.dtype.kind == "c" and input.dtype.kind == "f":
        # One such matrix makes SciPy's whole batch complex.
        bad = (np.abs(out.imag) > 0).any(axis=(-2, -1), keepdims=True)
        out = np.where(bad, np.nan, out.real)
    return out.astype(input.dtype, copy=False)


matrix_square_root = sqrtm


def inverted_shape(a_shape: Shape) -> Shape:
    """The shape rule of `generalized_inverse`."""
    if len(a_shape) < 2:
        raise InvalidArgumentError(f"Input `a` must have at least 2 dimensions (saw: {len(a_shape)}).")
    return (*a_shape[:-2], a_shape[-1], a_shape[-2])


def pull_generalized(g: Any, a: Any, out: Any) -> Any:
    """The cotangent of matrices of constant rank from that of their pseudo-inverses."""
    back, turned = conjugate_transpose(out), conjugate_transpose(g)
    # The parts of the spaces of rows and columns that the matrices do not reach.
    beyond_rows = turned - matrix_product(a, matrix_product(out, turned))
    beyond_columns = turned - matrix_product(matrix_product(turned, out), a)
    return (
        matrix_product(beyond_rows, matrix_product(out, back))
        + matrix_product(matrix_product(back, out), beyond_columns)
        - matrix_product(back, matrix_product(g, back))
    )


def least_kept(a: Array) -> float:
    """Returns the share of the greatest singular value below which TensorFlow counts one as 0."""
    return 10.0 * float(np.finfo(a.dtype).eps) * int(max(a.shape[-2:]))


@primitive(
    arrays((2, 2), (3, 2), (2, 3), (2, 2, 3), (0, 0), (0, 2), (2, 3, 0), values=SPREAD),
    shape=inverted_shape,
    batch=as_it_is,
    types=MATRICES,
    holomorphic=False,
    a=lambda g, a, out: pull_generalized(g, a, out),
)
def generalized_inverse(a: TensorLike) -> Array:
    """Returns the pseudo-inverses of matrices; not for users."""
    shape = inverted_shape(a.shape)
    if not a.size:
        return np.zeros(shape, a.dtype)
    finite = np.isfinite(a).all(axis=(-2, -1), keepdims=True)
    found = np.linalg.pinv(a if finite.all() else np.where(finite, a, 0), least_kept(a)).astype(a.dtype, copy=False)
    return found if finite.all() else np.where(finite, found, np.asarray(np.nan, a.dtype))


def real_matrices(a: Any) -> Tensor:
    """Returns matrices of real numbers as a tensor; raises what TensorFlow does for others."""
    tensor = convert(a)
    if tensor._value.dtype not in REAL_MATRICES:
        raise WrongTypeError(f"Input `a` must be of float32 or float64, got {tensor.dtype.name}: cast it.")
    inverted_shape(tensor._value.shape)
    return tensor


@composite(arrays((2, 2), (3, 2), (2, 2, 3), rcond=[None, 1e-3], values=SPREAD) + arrays((0, 2), (2, 0, 3)))
def pinv(a: TensorLike, rcond: Any = None, validate_args: bool = False, name: str | None = None) -> Tensor:
    """Returns the Moore-Penrose pseudo-inverses of matrices.

    The gradient is that for a constant rank (Golub and Pereyra, "The differentiation of pseudo-inverses and nonlinear
    least squares problems whose variables separate", 1973); with `rcond` it goes through the singular values.

    Args:
        a: a tensor of real numbers, of shape `[..., m, n]`.
        rcond: singular values up to this share of the greatest one count as 0: a number, or a tensor of the shape of
            the leading dimensions. None stands for `10 * max(m, n)` times the precision of the dtype.
        validate_args: ignored, for all arguments are checked.
        name: ignored.

    Returns:
        A tensor of shape `[..., n, m]` and of the same dtype.

    Raises:
        TypeError: the numbers are not real, or of no precision that can be decomposed.
        ValueError: the tensor has fewer than two dimensions.

    >>> import gradtape as tf
    >>> tf.linalg.pinv([[2.0, 0.0], [0.0, 0.0]]).numpy()
    array([[0.5, 0. ],
           [0. , 0. ]], dtype=float32)
    """
    tensor = real_matrices(a)
    if rcond is None or not min(tensor._value.shape[-2:]):
        return generalized_inverse(tensor)
    values, left, right = svd(tensor)
    least = expand_dims(convert(rcond, tensor.dtype), -1) * reduce_max(values, -1, True)
    kept = select(greater(values, least), values, np.array(np.inf, values._value.dtype))
    return matmul(right / expand_dims(kept, -2), left, adjoint_b=True)


def matrix_rank(a: TensorLike, tol: Any = None, validate_args: bool = False, name: str | None = None) -> Tensor:
    """Returns the ranks of matrices: how many singular values are above a tolerance.

    Args:
        a: a tensor of real numbers, of shape `[..., m, n]`.
        tol: the tolerance, a number or a tensor that broadcasts with the singular values. None stands for the greatest
            singular value times `max(m, n)` times the precision of the dtype.
        validate_args: ignored, for all arguments are checked.
        name: ignored.

    Returns:
        A tensor of int32, of the shape of the leading dimensions; it has no gradient.

    Raises:
        TypeError: the numbers are not real, or of no precision that can be decomposed.
        ValueError: the tensor has fewer than two dimensions.

    >>> import gradtape as tf
    >>> tf.linalg.matrix_rank([[1.0, 2.0], [2.0, 4.0]]).numpy()
    np.int32(1)
    """
    tensor = real_matrices(a)
    values = svd(tensor, compute_uv=False)
    if tol is None:
        array = tensor._value
        share = max(array.shape[-2:]) * float(np.finfo(array.dtype).eps)
        least = share * reduce_max(values, -1, True)
    else:
        least = convert(tol, tensor.dtype)
    return reduce_sum(cast(greater(values, least), np.int32), -1)


@composite(
    arrays(((3, 2), (3, 1)), ((2, 3), (2, 2)), ((2, 2, 2), (2, 2, 1)), l2_regularizer=[0.0, 0.5], values=SPREAD)
    + arrays(((3, 2), (3, 1)), ((2, 3), (2, 2)), fast=[False], values=SPREAD)
)
def lstsq(
    matrix: TensorLike, rhs: TensorLike, l2_regularizer: Any = 0.0, fast: bool = True, name: str | None = None
) -> Tensor:
    """Returns the solutions of linear systems of equations in the sense of least squares.

    Args:
        matrix: a tensor of shape `[..., m, n]`.
        rhs: a tensor of the same dtype and of shape `[..., m, k]`.
        l2_regularizer: how much the squared size of the solution counts.
        fast: whether to solve the normal equations, by their Cholesky factor: this takes matrices of full rank that are
            well conditioned, and gives NaN for others. If not, the solution is the smallest one, by the pseudo-inverse,
            and `l2_regularizer` is ignored.
        name: ignored.

    Returns:
        A tensor of shape `[..., n, k]` and of the same dtype.

    Raises:
        InvalidArgumentError: the shapes or dtypes do not fit.

    >>> import gradtape as tf
    >>> tf.linalg.lstsq([[2.0], [0.0]], [[4.0], [1.0]]).numpy()
    array([[2.]], dtype=float32)
    """
    a = convert(matrix)
    b = convert_hint(rhs, a.dtype)
    if a._value.dtype not in MATRICES:
        raise WrongTypeError(f"lstsq takes float32, float64 or complex numbers, got {a.dtype.name}: cast them.")
    if not fast:
        return matmul(generalized_inverse(a), b)
    rows, columns = a._value.shape[-2:] if a._value.ndim > 1 else (0, 0)
    wide = rows < columns
    product = matmul(a, a, adjoint_a=not wide, adjoint_b=wide)
    weight = cast(l2_regularizer, a.dtype) if isinstance(l2_regularizer, Tensor) else convert(l2_regularizer, a.dtype)
    factor = cholesky(product + weight * eye(min(rows, columns), dtype=a.dtype))
    if wide:
        return matmul(a, cholesky_solve(factor, b), adjoint_a=True)
    return cholesky_solve(factor, matmul(a, b, adjoint_a=True))
