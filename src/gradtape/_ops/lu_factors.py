"""LU factors of matrices, and what they are good for: solutions, inverses, the matrices themselves."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from gradtape._core.batches import as_it_is
from gradtape._core.conversion import convert
from gradtape._core.dispatch import convert_hint
from gradtape._core.dtypes import INDEX, as_dtype, int32
from gradtape._core.families import composite, primitive
from gradtape._core.op import NOT_DIFFERENTIABLE, Array, TensorLike
from gradtape._core.sampling import ORDINARY, Values, arrays
from gradtape._core.spec import broadcast_shapes
from gradtape._core.tensor import Tensor
from gradtape._ops.creation import eye
from gradtape._ops.factorization import MATRICES, band_part, conjugate_transpose, square_shape, triangular_solve
from gradtape._ops.parameters import Shape
from gradtape._ops.products import matmul, matrix_product
from gradtape._ops.spectra import SPREAD
from gradtape._ops.structure import broadcast_to
from gradtape.errors import InvalidArgumentError, WrongTypeError


def moved_shape(x_shape: Shape, places_shape: Shape, back: bool) -> Shape:
    """The shape rule of `moved_rows`."""
    if len(x_shape) < 2 or x_shape[:-1] != places_shape:
        raise InvalidArgumentError(f"Places of shape {list(places_shape)} do not fit the rows of {list(x_shape)}.")
    return x_shape


@primitive(
    arrays(((1, 3), (1,)), ((2, 1, 2), (2, 1)), back=[False, True], values=(ORDINARY, Values(0, 1, kind="index"))),
    shape=moved_shape,
    batch=as_it_is,
    types={"x": MATRICES, "places": INDEX},
    holomorphic=False,
    x=lambda g, places, back: moved_rows(g, places, not back),
    places=NOT_DIFFERENTIABLE,
)
def moved_rows(x: TensorLike, places: TensorLike, back: bool) -> Array:
    """Returns matrices with row `i` from row `places[i]`, a permutation, or `back` from there; not for users."""
    moved_shape(x.shape, places.shape, back)
    if places.size and (places.min() < 0 or places.max() >= x.shape[-2]):
        raise InvalidArgumentError(f"A permutation of {x.shape[-2]} rows has the numbers 0 to {x.shape[-2] - 1}.")
    order = np.argsort(places, axis=-1) if back else places
    return np.take_along_axis(x, order[..., None], -2)


def filled_shape(lower_upper_shape: Shape) -> Shape:
    """The shape rule of `unit_lower`."""
    return square_shape(lower_upper_shape)


@primitive(
    arrays((3, 3), (2, 2, 2), (0, 0), (0, 2, 2)),
    shape=filled_shape,
    batch=as_it_is,
    types=MATRICES,
    holomorphic=False,
    lower_upper=lambda g: below_diagonal(g),
)
def unit_lower(lower_upper: TensorLike) -> Array:
    """Returns the part of matrices below the diagonal, and ones on it; not for users."""
    square_shape(lower_upper.shape)
    return np.tril(lower_upper, -1) + np.eye(lower_upper.shape[-1], dtype=lower_upper.dtype)


def below_diagonal(x: Any) -> Any:
    """Returns the part of matrices below the diagonal."""
    return band_part(x, -1, 0) - band_part(x, 0, 0)


def pull_lu(g: Any, out: Any) -> Any:
    """The cotangent of matrices from that of their LU factors."""
    lower, upper, total = unit_lower(out[0]), band_part(out[0], 0, -1), g[0]
    below = below_diagonal(matrix_product(conjugate_transpose(lower), below_diagonal(total)))
    above = band_part(matrix_product(band_part(total, 0, -1), conjugate_transpose(upper)), 0, -1)
    left = triangular_solve(lower, below + above, True, True)
    found = conjugate_transpose(triangular_solve(upper, conjugate_transpose(left), False, False))
    return moved_rows(found, out[1], True)


def factors_shape(input_shape: Shape, dtype: Any) -> list[Shape]:
    """The shape rule of `factors_and_places`."""
    return [square_shape(input_shape), input_shape[:-1]]


@primitive(
    arrays((3, 3), (2, 2, 2), (1, 1), (0, 0), (0, 2, 2), dtype=[np.dtype(np.int32)], values=SPREAD),
    shape=factors_shape,
    batch=as_it_is,
    types=MATRICES,
    holomorphic=False,
    outputs=True,
    input=lambda g, out: pull_lu(g, out),
)
def factors_and_places(input: TensorLike, dtype: Any) -> Array:
    """Returns LU factors in one matrix, and the places that the rows come from; not for users."""
    square_shape(input.shape)
    factors, places = np.empty_like(input), np.empty(input.shape[:-1], dtype)
    if not input.size:
        return [factors, places]
    from scipy.linalg import get_lapack_funcs

    factor = get_lapack_funcs("getrf", dtype=input.dtype)
    for place in np.ndindex(input.shape[:-2]):
        found, pivots, _ = factor(input[place])
        diagonal = np.diagonal(found)
        if np.isnan(diagonal).any() or not diagonal.all():
            raise InvalidArgumentError(
                f"Input is not invertible: in shape {list(input.shape)} stands a matrix that is singular or has NaN."
            )
        order = np.arange(input.shape[-1])
        for i, pivot in enumerate(pivots.tolist()):
            order[[i, pivot]] = order[[pivot, i]]
        factors[place], places[place] = found, order
    return [factors, places]


class Lu(NamedTuple):
    """What `lu` returns: both factors in one matrix, and the places that its rows come from."""

    lu: Tensor
    p: Tensor


def lu(input: TensorLike, output_idx_type: Any = int32, name: str | None = None) -> Lu:
    """Returns the LU factors of matrices with exchanged rows: `gather(input, p) = L @ U`.

    `L` is lower triangular with ones on the diagonal, which are not stored, `U` upper triangular. The derivative is the
    one at fixed places (de Hoog, Anderssen and Lukas, "Differentiation of matrix functionals using triangular
    factorization", 2011).

    Args:
        input: a tensor of shape `[..., m, m]`.
        output_idx_type: the dtype of the places, int32 or int64.
        name: ignored.

    Returns:
        A named tuple: `lu` of the shape and dtype of the input, `U` above and on the diagonal, `L` below it; `p` of
        shape `[..., m]`, for each row the one of `input` that it comes from.

    Raises:
        InvalidArgumentError: the matrices are not square, or one is not invertible.

    >>> import gradtape as tf
    >>> factors, places = tf.linalg.lu([[0.0, 2.0], [4.0, 6.0]])
    >>> factors.numpy(), places.numpy()
    (array([[4., 6.],
           [0., 2.]], dtype=float32), array([1, 0], dtype=int32))
    """
    dtype = as_dtype(output_idx_type)
    if dtype.name not in ("int32", "int64"):
        raise WrongTypeError(f"output_idx_type must be int32 or int64, got {dtype.name}.")
    return Lu(*factors_and_places(input, dtype.numpy))


def factors_of(lower_upper: Any, perm: Any) -> tuple[Tensor, Tensor]:
    """Returns LU factors and places as tensors; raises ValueError for such as `lu` does not return."""
    factors, places = convert(lower_upper), convert(perm)
    shape = factors._value.shape
    if len(shape) < 2:
        raise InvalidArgumentError(f"Input `lower_upper` must have at least 2 dimensions, got shape {list(shape)}.")
    if places._value.ndim != len(shape) - 1:
        raise InvalidArgumentError(
            f"Input `perm` must have {len(shape) - 1} dimensions, got shape {list(places._value.shape)}."
        )
    if shape[-1] != shape[-2]:
        raise InvalidArgumentError(f"`lower_upper` must be square, got shape {list(shape)}.")
    if places._value.dtype.kind not in "iu":
        raise WrongTypeError(f"Input `perm` holds integers, got {places.dtype.name}.")
    rows = np.arange(shape[-1])
    # A batch of them inside of a map comes from `lu` itself.
    here = places._value if isinstance(places._value, np.ndarray) else rows
    if places._value.shape[-1] != shape[-1] or (np.sort(here, -1) != rows).any():
        raise InvalidArgumentError(f"Input `perm` must be a permutation of {shape[-1]} rows, got {places!r}.")
    return factors, places


def places_for(x: Tensor, places: Tensor) -> Tensor:
    """Returns the places for all leading dimensions of matrices."""
    shape = x.shape[:-1]
    return places if tuple(places.shape) == tuple(shape) else broadcast_to(places, tuple(shape))


@composite(arrays((2, 2), perm=[[1, 0]], values=SPREAD) + arrays((2, 2, 2), perm=[[[1, 0], [0, 1]]], values=SPREAD))
def lu_reconstruct(
    lower_upper: TensorLike, perm: TensorLike, validate_args: bool = False, name: str | None = None
) -> Tensor:
    """Returns the matrices that have given LU factors.

    Args:
        lower_upper: a tensor of shape `[..., m, m]`, as `lu` returns it.
        perm: a tensor of integers, of shape `[..., m]`, as `lu` returns it.
        validate_args: ignored, for all arguments are checked.
        name: ignored.

    Returns:
        A tensor of the shape and dtype of `lower_upper`.

    Raises:
        ValueError: the shapes are none that `lu` returns.

    >>> import gradtape as tf
    >>> tf.linalg.lu_reconstruct(*tf.linalg.lu([[1.0, 2.0], [4.0, 4.0]])).numpy()
    array([[1., 2.],
           [4., 4.]], dtype=float32)
    """
    factors, places = factors_of(lower_upper, perm)
    return moved_rows(matmul(unit_lower(factors), band_part(factors, 0, -1)), places_for(factors, places), True)


@composite(
    arrays(((2, 2), (2, 1)), ((2, 2), (3, 2, 2)), perm=[[1, 0]], values=(SPREAD, ORDINARY))
    + arrays(((2, 2, 2), (2, 1)), perm=[[[1, 0], [0, 1]]], values=(SPREAD, ORDINARY))
)
def solved_by_factors(lower_upper: TensorLike, rhs: TensorLike, perm: Any) -> Tensor:
    """Returns `lu_solve` with the differentiable inputs first; not for users."""
    return lu_solve(lower_upper, perm, rhs)


def lu_solve(
    lower_upper: TensorLike, perm: TensorLike, rhs: TensorLike, validate_args: bool = False, name: str | None = None
) -> Tensor:
    """Returns the solutions of systems of equations with matrices whose LU factors are given.

    Args:
        lower_upper: a tensor of shape `[..., m, m]`, as `lu` returns it.
        perm: a tensor of integers, of shape `[..., m]`, as `lu` returns it.
        rhs: a tensor of the same dtype and of shape `[..., m, k]`; the dimensions in front broadcast.
        validate_args: ignored, for all arguments are checked.
        name: ignored.

    Returns:
        A tensor of shape `[..., m, k]`.

    Raises:
        ValueError: the shapes are none that `lu` returns, or `rhs` does not fit.
        InvalidArgumentError: `perm` has numbers of no row.

    >>> import gradtape as tf
    >>> tf.linalg.lu_solve(*tf.linalg.lu([[0.0, 2.0], [4.0, 0.0]]), [[2.0], [4.0]]).numpy()
    array([[1.],
           [1.]], dtype=float32)
    """
    factors, places = factors_of(lower_upper, perm)
    right = convert_hint(rhs, factors.dtype)
    shape, size = right._value.shape, factors._value.shape[-1]
    if len(shape) < 2:
        raise InvalidArgumentError(f"Input `rhs` must have at least 2 dimensions, got shape {list(shape)}.")
    if shape[-2] != size:
        raise InvalidArgumentError(
            f"`lower_upper.shape[-1]` must equal `rhs.shape[-2]`: {size} columns meet {shape[-2]} rows."
        )
    front = broadcast_shapes(factors._value.shape[:-2], shape[:-2])
    if front != shape[:-2]:
        right = broadcast_to(right, (*front, *shape[-2:]))
    moved = moved_rows(right, places_for(right, places), False)
    return triangular_solve(factors, triangular_solve(unit_lower(factors), moved), lower=False)


def lu_matrix_inverse(
    lower_upper: TensorLike, perm: TensorLike, validate_args: bool = False, name: str | None = None
) -> Tensor:
    """Returns the inverses of matrices whose LU factors are given.

    Args:
        lower_upper: a tensor of shape `[..., m, m]`, as `lu` returns it.
        perm: a tensor of integers, of shape `[..., m]`, as `lu` returns it.
        validate_args: ignored, for all arguments are checked.
        name: ignored.

    Returns:
        A tensor of the shape and dtype of `lower_upper`.

    Raises:
        ValueError: the shapes are none that `lu` returns.

    >>> import gradtape as tf
    >>> tf.linalg.lu_matrix_inverse(*tf.linalg.lu([[0.0, 2.0], [4.0, 0.0]])).numpy()
    array([[0.  , 0.25],
           [0.5 , 0.  ]], dtype=float32)
    """
    factors, places = factors_of(lower_upper, perm)
    return lu_solve(factors, places, eye(factors._value.shape[-1], dtype=factors.dtype))
