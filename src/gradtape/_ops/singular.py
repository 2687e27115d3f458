"""Singular values and vectors of matrices, and their QR factors."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from gradtape._core.batches import as_it_is
from gradtape._core.conversion import convert
from gradtape._core.families import composite, primitive
from gradtape._core.op import Array, TensorLike
from gradtape._core.sampling import arrays
from gradtape._core.tensor import Tensor
from gradtape._ops.casting import cast
from gradtape._ops.complexes import complex, conj, real
from gradtape._ops.diagonals import diagonal_of
from gradtape._ops.exponential import exp
from gradtape._ops.factorization import MATRICES, band_part, conjugate_transpose, triangular_solve
from gradtape._ops.joining import concat
from gradtape._ops.parameters import Shape
from gradtape._ops.products import matmul, matrix_product
from gradtape._ops.quotients import divide_no_nan
from gradtape._ops.slicing import getitem
from gradtape._ops.spectra import SPREAD, gaps_of, on_diagonal
from gradtape._ops.structure import expand_dims
from gradtape.errors import InvalidArgumentError


def require_matrix(shape: Shape) -> None:
    """Raises InvalidArgumentError unless a shape has two dimensions or more."""
    if len(shape) < 2:
        raise InvalidArgumentError(f"Input must have rank >= 2, got shape {list(shape)}.")


def singular_shapes(input_shape: Shape, full_matrices: bool) -> list[Shape]:
    """The shape rule of `singular_triples`."""
    require_matrix(input_shape)
    *front, rows, columns = input_shape
    least = min(rows, columns)
    left, right = (rows, columns) if full_matrices else (least, least)
    return [(*front, least), (*front, rows, left), (*front, columns, right)]


def singular_shape(input_shape: Shape) -> Shape:
    """The shape rule of `singular_values`."""
    require_matrix(input_shape)
    return (*input_shape[:-2], min(input_shape[-2:]))


def first_columns(x: Any, size: int) -> Any:
    """Returns the first columns of matrices."""
    return getitem(x, (..., slice(size)))


def other_columns(x: Any, size: int) -> Any:
    """Returns the columns of matrices behind the first ones."""
    return getitem(x, (..., slice(size, None)))


def thin_cotangent(g: Any, vectors: Any, size: int) -> Any:
    """Returns the cotangent of the first columns of unitary matrices, that of the completing ones put into it."""
    if int(vectors.shape[-1]) == size:
        return g
    first, rest = first_columns(vectors, size), other_columns(vectors, size)
    turn = matrix_product(conjugate_transpose(other_columns(g, size)), first)
    return first_columns(g, size) - matrix_product(rest, turn)


def pull_triples(g: Any, out: Any) -> Any:
    """The cotangent of matrices from those of singular values and vectors."""
    values, size = out[0], int(out[0].shape[-1])
    gu, gv = thin_cotangent(g[1], out[1], size), thin_cotangent(g[2], out[2], size)
    u, v = first_columns(out[1], size), first_columns(out[2], size)
    back_u, back_v = conjugate_transpose(u), conjugate_transpose(v)
    inner_u, inner_v = matrix_product(back_u, gu), matrix_product(back_v, gv)
    turn_u, turn_v = inner_u - conjugate_transpose(inner_u), inner_v - conjugate_transpose(inner_v)
    rows, columns = expand_dims(values, -1), expand_dims(values, -2)
    turned = divide_no_nan(divide_no_nan(turn_u * columns + rows * turn_v, gaps_of(values)), rows + columns)
    # Of complex matrices: the phase that a pair of vectors may turn by together.
    phases = divide_no_nan(0.25 * (diagonal_of(turn_u, 0) - diagonal_of(turn_v, 0)), values)
    stretched = 0.5 * (g[0] + conj(g[0]))
    found = matrix_product(matrix_product(u, turned + on_diagonal(stretched + phases)), back_v)
    if int(u.shape[-2]) > size:
        outside = divide_no_nan(gu - matrix_product(u, inner_u), columns)
        found = found + matrix_product(outside, back_v)
    if int(v.shape[-2]) > size:
        outside = divide_no_nan(gv - matrix_product(v, inner_v), columns)
        found = found + matrix_product(u, conjugate_transpose(outside))
    return found


def pull_singular_values(g: Any, input: Any) -> Any:
    """The cotangent of matrices from that of their singular values."""
    found = singular_triples(input, False)
    stretched = 0.5 * (g + conj(g))
    return matrix_product(found[1] * expand_dims(stretched, -2), conjugate_transpose(found[2]))


def decomposed(input: Any, full_matrices: bool) -> Any:
    """Returns the singular value decomposition as NumPy gives it, NaN for matrices that are not finite."""
    finite = np.isfinite(input).all(axis=(-2, -1))
    found = np.linalg.svd(input if finite.all() else np.where(finite[..., None, None], input, 0), full_matrices)
    if not finite.all():
        for each in found:
            each[~finite] = np.nan
    return found


# The phases of singular vectors are free, so differences of them say nothing: the law of differences holds for
# `functions_of_factors`, which no phase changes.
@primitive(
    arrays((0, 3), (0, 0), (3, 0), (0, 2, 2), full_matrices=[False, True]),
    shape=singular_shapes,
    batch=as_it_is,
    types=MATRICES,
    holomorphic=False,
    outputs=True,
    input=lambda g, out: pull_triples(g, out),
)
def singular_triples(input: TensorLike, full_matrices: bool) -> Array:
    """Returns singular values, in the dtype of the matrices, left and right singular vectors; not for users."""
    require_matrix(input.shape)
    left, values, right = decomposed(input, full_matrices)
    return [values.astype(input.dtype, copy=False), left, np.conj(right.swapaxes(-1, -2))]


@primitive(
    arrays((3, 3), (2, 3), (2, 3, 2), (1, 1), values=SPREAD) + arrays((0, 3), (0, 0), (2, 3, 0), (0, 2, 2)),
    shape=singular_shape,
    batch=as_it_is,
    types=MATRICES,
    holomorphic=False,
    input=lambda g, input: pull_singular_values(g, input),
)
def singular_values(input: TensorLike) -> Array:
    """Returns the singular values of matrices in their dtype; not for users."""
    require_matrix(input.shape)
    finite = np.isfinite(input).all(axis=(-2, -1))
    values = np.linalg.svd(input if finite.all() else np.where(finite[..., None, None], input, 0), compute_uv=False)
    values = values.astype(input.dtype, copy=False)
    return values if finite.all() else np.where(finite[..., None], values, np.asarray(np.nan, input.dtype))


def svd(tensor: TensorLike, full_matrices: bool = False, compute_uv: bool = True, name: str | None = None) -> Any:
    """Returns the singular values and vectors of matrices: `tensor = u @ diag(s) @ adjoint(v)`.

    The gradient (Wan and Zhang, "Automatic differentiation for complex valued SVD", 2019) is meant for functions that
    do not depend on the phases (signs) of the vectors, nor on the choice of those that complete a basis. Equal singular
    values exchange nothing, so functions of singular values alone keep a finite gradient.

    Args:
        tensor: a tensor of shape `[..., m, n]`.
        full_matrices: whether to complete the vectors to bases of the whole spaces.
        compute_uv: whether the vectors are wanted.
        name: ignored.

    Returns:
        `s, u, v`, or `s` alone without `compute_uv`: real singular values of shape `[..., p]`, with `p = min(m, n)`, in
        descending order; left vectors in the columns of `[..., m, p]`, right ones in those of `[..., n, p]`
        (`[..., m, m]` and `[..., n, n]` with `full_matrices`).

    Raises:
        InvalidArgumentError: the tensor has fewer than two dimensions.

    >>> import gradtape as tf
    >>> s, u, v = tf.linalg.svd([[3.0, 0.0], [0.0, 4.0]])
    >>> s.numpy()
    array([4., 3.], dtype=float32)
    """
    if not compute_uv:
        return real(singular_values(tensor))
    values, left, right = singular_triples(tensor, bool(full_matrices))
    return real(values), left, right


class Qr(NamedTuple):
    """What `qr` returns: the unitary and the triangular factor."""

    q: Tensor
    r: Tensor


def qr_shapes(input_shape: Shape, full_matrices: bool) -> list[Shape]:
    """The shape rule of `unitary_and_triangular`."""
    require_matrix(input_shape)
    *front, rows, columns = input_shape
    inner = rows if full_matrices else min(rows, columns)
    return [(*front, rows, inner), (*front, inner, columns)]


def pull_factors(g: Any, out: Any) -> Any:
    """The cotangent of matrices from those of their QR factors."""
    rows, columns = int(out[0].shape[-2]), int(out[1].shape[-1])
    size = min(rows, columns)
    gq, q = thin_cotangent(g[0], out[0], size), first_columns(out[0], size)
    square = (..., slice(size), slice(size))
    if columns == size:
        return pull_tall(gq, getitem(g[1], square), q, getitem(out[1], square))
    # The columns behind the first square are the unitary factor times their part of the triangular one.
    g_rest = other_columns(g[1], size)
    gq = gq + matrix_product(matrix_product(q, other_columns(out[1], size)), conjugate_transpose(g_rest))
    first = pull_tall(gq, getitem(g[1], square), q, getitem(out[1], square))
    return concat([first, matrix_product(q, g_rest)], -1)


def pull_tall(gq: Any, gr: Any, q: Any, r: Any) -> Any:
    """The cotangent of matrices that have no more columns than rows."""
    inner = matrix_product(r, conjugate_transpose(gr)) - matrix_product(conjugate_transpose(gq), q)
    low = band_part(inner, -1, 0) - 0.5 * band_part(inner, 0, 0)
    found = gq + matrix_product(q, low + conjugate_transpose(low))
    return conjugate_transpose(triangular_solve(r, conjugate_transpose(found), False, False))


@primitive(
    arrays((3, 3), (3, 2), (2, 3), (2, 3, 2), (1, 1), full_matrices=[False], values=SPREAD)
    + arrays((2, 3), (0, 3), (3, 0), (0, 2, 2), full_matrices=[True], values=SPREAD),
    shape=qr_shapes,
    batch=as_it_is,
    types=MATRICES,
    holomorphic=False,
    outputs=True,
    input=lambda g, out: pull_factors(g, out),
)
def unitary_and_triangular(input: TensorLike, full_matrices: bool) -> Array:
    """Returns the QR factors of matrices; not for users."""
    require_matrix(input.shape)
    return [*np.linalg.qr(input, "complete" if full_matrices else "reduced")]


def qr(input: TensorLike, full_matrices: bool = False, name: str | None = None) -> Qr:
    """Returns the QR factors of matrices: `input = q @ r`, `q` with orthonormal columns and `r` upper triangular.

    The gradient (Roberts and Roberts, "QR and LQ decomposition matrix backpropagation algorithms for square, wide, and
    deep, real or complex, matrices", 2020) asks for columns that are linearly independent, as many of the first ones as
    there are rows. With `full_matrices` it is meant for functions that do not depend on how `q` is completed.

    Args:
        input: a tensor of shape `[..., m, n]`.
        full_matrices: whether `q` is completed to a square matrix.
        name: ignored.

    Returns:
        A named tuple `q, r` of shapes `[..., m, p]` and `[..., p, n]`, with `p = min(m, n)`, or `m` if `full_matrices`.

    Raises:
        InvalidArgumentError: the tensor has fewer than two dimensions.

    >>> import gradtape as tf
    >>> q, r = tf.linalg.qr([[3.0, 1.0], [4.0, 2.0]])
    >>> abs(tf.matmul(q, r) - [[3.0, 1.0], [4.0, 2.0]]).numpy().max() < 1e-6
    np.True_
    """
    tensor = convert(input)
    half = tensor._value.dtype == np.float16
    factors = unitary_and_triangular(cast(tensor, np.float32) if half else tensor, bool(full_matrices))
    return Qr(*(cast(each, tensor.dtype) if half else each for each in factors))


@composite(arrays((3, 3), (4, 2), (2, 4), (2, 2, 3), values=SPREAD))
def functions_of_factors(x: TensorLike) -> list[Any]:
    """Returns functions of matrices that singular vectors and QR factors make, whatever their phases; not for users."""
    values, left, right = svd(x, True)
    size = values.shape[-1]
    u, v, scales = left[..., :size], right[..., :size], cast(exp(-0.3 * values), left.dtype)
    weights = np.arange(1.0, 1.0 + size).astype(left._value.dtype)
    found = [matmul(each * weights, each, adjoint_b=True) for each in (u, v)]
    found += [matmul(each[..., size:], each[..., size:], adjoint_b=True) for each in (left, right)]
    q, r = qr(x, True)
    rest = q[..., size:]
    thin = [q[..., :size], r[..., :size, :], matmul(rest, rest, adjoint_b=True)]
    return [values, matmul(u * expand_dims(scales, -2), v, adjoint_b=True), *found, *thin]


@composite(arrays(((3, 3), (3, 3)), ((3, 2), (3, 2)), ((1, 2, 3), (1, 2, 3)), values=SPREAD))
def functions_of_complex_factors(x: TensorLike, y: TensorLike) -> list[Any]:
    """Returns `functions_of_factors` of the complex matrices `x + 0.3j * y`; not for users."""
    return functions_of_factors(complex(x, 0.3 * convert(y)))
