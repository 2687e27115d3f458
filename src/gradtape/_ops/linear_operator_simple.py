"""Linear operators of a dense matrix, of a diagonal, and of multiples of the identity."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape._core.conversion import convert
from gradtape._core.spec import TensorShape
from gradtape._ops.arithmetic import abs, sqrt
from gradtape._ops.assertions import assert_positive
from gradtape._ops.casting import cast
from gradtape._ops.comparison import equal, select
from gradtape._ops.complexes import conj, real
from gradtape._ops.creation import ones_like
from gradtape._ops.diagonals import diag, diag_part, set_diag
from gradtape._ops.exponential import log
from gradtape._ops.linear_operator import LinearOperator, LinearOperatorLowerTriangular
from gradtape._ops.linear_operator_parts import (
    arguments,
    as_parameter,
    common_batch,
    commuting_hints,
    conjugate_transpose_if,
    ratio_of_extremes,
    require_no_zero,
    require_real,
    required,
    shape_of,
)
from gradtape._ops.products import matmul
from gradtape._ops.reduction import reduce_prod, reduce_sum
from gradtape._ops.structure import broadcast_to, expand_dims

MATRIX_DTYPES = ("float16", "float32", "float64", "complex64", "complex128")


class LinearOperatorFullMatrix(LinearOperator):
    """A dense matrix, or a batch of them.

    Args:
        matrix: a tensor of shape `[..., m, n]`, of floats or complex numbers.
        is_non_singular: whether it is expected to have an inverse.
        is_self_adjoint: whether it is expected to equal its adjoint.
        is_positive_definite: whether it is expected to be positive definite: with `is_self_adjoint` it is solved by its
            Cholesky factor.
        is_square: whether it is expected to be square.
        name: a name.

    Raises:
        TypeError: the dtype is another one.
        ValueError: the tensor has fewer than two dimensions, or the hints contradict each other.

    >>> import gradtape as tf
    >>> operator = tf.linalg.LinearOperatorFullMatrix([[1.0, 2.0], [3.0, 4.0]])
    >>> operator.matvec([1.0, 1.0]).numpy()
    array([3., 7.], dtype=float32)
    >>> (operator @ operator.inverse()).to_dense().shape
    TensorShape([2, 2])
    """

    def __init__(
        self,
        matrix: Any,
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = None,
        name: str = "LinearOperatorFullMatrix",
    ) -> None:
        parameters = arguments(locals())
        self._matrix = as_parameter(matrix, 0, "matrix")
        dtype = self._matrix.dtype
        if dtype.name not in MATRIX_DTYPES:
            raise TypeError(f"Argument matrix must have a dtype of {', '.join(MATRIX_DTYPES)}, got {dtype.name}.")
        as_parameter(self._matrix, 2, "matrix")
        super().__init__(
            dtype, None, is_non_singular, is_self_adjoint, is_positive_definite, is_square, name, parameters
        )

    @property
    def matrix(self) -> Any:
        """The matrix."""
        return self._matrix

    def _shape(self) -> TensorShape:
        return TensorShape(self._matrix.shape)

    def _to_dense(self) -> Any:
        return convert(self._matrix)

    def _matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        return matmul(self._matrix, x, adjoint_a=adjoint, adjoint_b=adjoint_arg)


class LinearOperatorDiag(LinearOperator):
    """A diagonal matrix, or a batch of them.

    Args:
        diag: a tensor of shape `[..., n]`.
        is_non_singular: whether it is expected to have an inverse.
        is_self_adjoint: whether it is expected to equal its adjoint; True for real numbers.
        is_positive_definite: whether it is expected to be positive definite.
        is_square: whether it is expected to be square.
        name: a name.

    Raises:
        ValueError: `diag` is a scalar, or a hint cannot be.

    >>> import gradtape as tf
    >>> operator = tf.linalg.LinearOperatorDiag([1.0, 2.0])
    >>> operator.solvevec([2.0, 2.0]).numpy()
    array([2., 1.], dtype=float32)
    >>> (operator @ operator).diag_part().numpy()
    array([1., 4.], dtype=float32)
    """

    def __init__(
        self,
        diag: Any,
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = None,
        name: str = "LinearOperatorDiag",
    ) -> None:
        parameters = arguments(locals())
        self._diag = as_parameter(diag, 1, "diag")
        if not self._diag.dtype.is_complex:
            is_self_adjoint = required(is_self_adjoint, True, "A real diagonal operator is self-adjoint.")
        is_square = required(is_square, True, "Only square diagonal operators are supported.")
        super().__init__(
            self._diag.dtype,
            None,
            is_non_singular,
            is_self_adjoint,
            is_positive_definite,
            is_square,
            name,
            parameters,
        )

    @property
    def diag(self) -> Any:
        """The diagonal."""
        return self._diag

    _diagonal = diag

    def _shape(self) -> TensorShape:
        return TensorShape([*self._diag.shape, self._diag.shape[-1]])

    def _factors(self, adjoint: bool) -> Any:
        return conj(self._diag) if adjoint else convert(self._diag)

    def _with(self, diag: Any) -> LinearOperator:
        hints = (self.is_non_singular, self.is_self_adjoint, self.is_positive_definite, True)
        return LinearOperatorDiag(diag, *hints)

    def _linop_adjoint(self) -> LinearOperator:
        return self._with(conj(self._diag))

    def _linop_inverse(self) -> LinearOperator:
        return self._with(1.0 / self._diag)

    def _linop_cholesky(self) -> LinearOperator:
        return LinearOperatorDiag(sqrt(self._diag), True, True, True, True)

    def _linop_matmul(self, left: LinearOperator, right: LinearOperator) -> LinearOperator:
        hints = commuting_hints(left, right)
        if isinstance(right, LinearOperatorDiag):
            return LinearOperatorDiag(left._diagonal * right.diag, **hints)
        if isinstance(right, LinearOperatorScaledIdentity):
            return LinearOperatorDiag(left._diagonal * expand_dims(right.multiplier, -1), **hints)
        if isinstance(right, LinearOperatorLowerTriangular):
            scaled = expand_dims(left._diagonal, -1) * right.to_dense()
            return LinearOperatorLowerTriangular(scaled, **{**hints, "is_positive_definite": None})
        return super()._linop_matmul(left, right)

    def _linop_solve(self, left: LinearOperator, right: LinearOperator) -> LinearOperator:
        hints = commuting_hints(left, right)
        if isinstance(right, LinearOperatorDiag):
            return LinearOperatorDiag(right.diag / left._diagonal, **hints)
        if isinstance(right, LinearOperatorScaledIdentity):
            return LinearOperatorDiag(expand_dims(right.multiplier, -1) / left._diagonal, **hints)
        if isinstance(right, LinearOperatorLowerTriangular):
            scaled = right.to_dense() / expand_dims(left._diagonal, -1)
            return LinearOperatorLowerTriangular(scaled, **{**hints, "is_positive_definite": None})
        return super()._linop_solve(left, right)

    def _matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        return expand_dims(self._factors(adjoint), -1) * conjugate_transpose_if(adjoint_arg, x)

    def _matvec(self, x: Any, adjoint: bool = False) -> Any:
        return self._factors(adjoint) * x

    def _solve(self, rhs: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        return conjugate_transpose_if(adjoint_arg, rhs) / expand_dims(self._factors(adjoint), -1)

    def _to_dense(self) -> Any:
        return diag(self._diag)

    def _diag_part(self) -> Any:
        return self._diag

    def _add_to_tensor(self, x: Any) -> Any:
        return add_to_diagonal(x, self._diag, self.shape)

    def _determinant(self) -> Any:
        return reduce_prod(self._diag, axis=-1)

    def _log_abs_determinant(self) -> Any:
        return cast(reduce_sum(log(abs(self._diag)), axis=-1), self.dtype)

    def _eigvals(self) -> Any:
        return convert(self._diag)

    def _cond(self) -> Any:
        return ratio_of_extremes(self._diag)

    def _assert_non_singular(self) -> None:
        require_no_zero(self._diag, "Singular operator: the diagonal contains zeros.")

    def _assert_positive_definite(self) -> None:
        assert_positive(real(self._diag), message="The diagonal has entries whose real part is not positive.")

    def _assert_self_adjoint(self) -> None:
        require_real(self._diag, "The diagonal has imaginary parts, so that the operator is not self-adjoint.")


class LinearOperatorScaledIdentity(LinearOperator):
    """A multiple of the identity, or a batch of them.

    Args:
        num_rows: the number of rows.
        multiplier: a tensor of the batch's shape.
        is_non_singular: whether it is expected to have an inverse.
        is_self_adjoint: whether it is expected to equal its adjoint; True for real numbers.
        is_positive_definite: whether it is expected to be positive definite.
        is_square: True.
        assert_proper_shapes: ignored: shapes are always checked.
        name: a name.

    Raises:
        TypeError: the number of rows is no integer.
        ValueError: it is negative, or a hint cannot be.

    >>> import gradtape as tf
    >>> tf.linalg.LinearOperatorScaledIdentity(3, 2.0).determinant().numpy()
    np.float32(8.0)
    """

    def __init__(
        self,
        num_rows: Any,
        multiplier: Any,
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool = True,
        assert_proper_shapes: bool = False,
        name: str = "LinearOperatorScaledIdentity",
    ) -> None:
        parameters = arguments(locals())
        self._multiplier = as_parameter(multiplier, 0, "multiplier")
        if not self._multiplier.dtype.is_complex:
            is_self_adjoint = required(is_self_adjoint, True, "A real diagonal operator is self-adjoint.")
        if not is_square:
            raise ValueError("A multiple of the identity is square.")
        super().__init__(
            self._multiplier.dtype,
            None,
            is_non_singular,
            is_self_adjoint,
            is_positive_definite,
            is_square,
            name,
            parameters,
        )
        self._rows = as_size(num_rows, "num_rows")

    @property
    def multiplier(self) -> Any:
        """The factors of the identity."""
        return self._multiplier

    def _shape(self) -> TensorShape:
        return TensorShape([*self._multiplier.shape, self._rows, self._rows])

    def _factors(self, adjoint: bool) -> Any:
        return expand_dims(expand_dims(conj(self._multiplier) if adjoint else self._multiplier, -1), -1)

    def _linop_adjoint(self) -> LinearOperator:
        hints = (self.is_non_singular, self.is_self_adjoint, self.is_positive_definite)
        return LinearOperatorScaledIdentity(self._rows, conj(self._multiplier), *hints)

    def _linop_inverse(self) -> LinearOperator:
        hints = (self.is_non_singular, self.is_self_adjoint, self.is_positive_definite)
        return LinearOperatorScaledIdentity(self._rows, 1.0 / self._multiplier, *hints)

    def _linop_cholesky(self) -> LinearOperator:
        return LinearOperatorScaledIdentity(self._rows, sqrt(self._multiplier), True, True, True)

    def _linop_matmul(self, left: LinearOperator, right: LinearOperator) -> LinearOperator:
        hints = commuting_hints(left, right)
        if isinstance(right, LinearOperatorScaledIdentity):
            return LinearOperatorScaledIdentity(self._rows, self._multiplier * right.multiplier, **hints)
        if isinstance(right, LinearOperatorDiag):
            return LinearOperatorDiag(right.diag * expand_dims(self._multiplier, -1), **hints)
        return super()._linop_matmul(left, right)

    def _linop_solve(self, left: LinearOperator, right: LinearOperator) -> LinearOperator:
        hints = commuting_hints(left, right)
        if isinstance(right, LinearOperatorScaledIdentity):
            return LinearOperatorScaledIdentity(self._rows, right.multiplier / self._multiplier, **hints)
        if isinstance(right, LinearOperatorDiag):
            return LinearOperatorDiag(right.diag / expand_dims(self._multiplier, -1), **hints)
        return super()._linop_solve(left, right)

    def _matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        return conjugate_transpose_if(adjoint_arg, x) * self._factors(adjoint)

    def _solve(self, rhs: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        return conjugate_transpose_if(adjoint_arg, rhs) / self._factors(adjoint)

    def _diag_part(self) -> Any:
        return broadcast_to(expand_dims(self._multiplier, -1), tuple(self.shape[:-1]))

    _eigvals = _diag_part

    def _to_dense(self) -> Any:
        return diag(self._diag_part())

    def _trace(self) -> Any:
        return self._multiplier * cast(self._rows, self.dtype)

    def add_to_tensor(self, mat: Any, name: str = "add_to_tensor") -> Any:
        """Returns the sum of the dense matrices and a tensor of the operator's dtype."""
        return add_to_diagonal(self._checked(mat), expand_dims(self._multiplier, -1), self.shape)

    def _determinant(self) -> Any:
        return self._multiplier ** cast(self._rows, self.dtype)

    def _log_abs_determinant(self) -> Any:
        size = abs(self._multiplier)
        return cast(self._rows, size.dtype) * log(size)

    def _cond(self) -> Any:
        one = ones_like(self._multiplier)
        return select(equal(self._multiplier, 0), one * np.nan, one)

    def _assert_non_singular(self) -> None:
        require_no_zero(self._multiplier, "Singular operator: a multiplier is 0.")

    def _assert_positive_definite(self) -> None:
        assert_positive(real(self._multiplier), message="The real part of a multiplier is not positive.")

    def _assert_self_adjoint(self) -> None:
        require_real(self._multiplier, "A multiplier has an imaginary part, so that the operator is not self-adjoint.")


def add_to_diagonal(x: Any, diagonal: Any, shape: Any) -> Any:
    """Returns the sum of matrices and of diagonal ones; the dimensions in front broadcast."""
    batch = common_batch((shape_of(x)[:-2], tuple(shape)[:-2]))
    wide = x if shape_of(x)[:-2] == batch else broadcast_to(x, (*batch, *shape_of(x)[-2:]))
    return set_diag(wide, diag_part(wide) + diagonal)


def as_size(value: Any, what: str) -> int:
    """Returns a number of rows or columns.

    Raises:
        TypeError: it is no integer.
        ValueError: it is no scalar, or negative.
    """
    array = as_integers(value, what)
    if array.ndim or array < 0:
        raise ValueError(f"Argument {what} must be a scalar that is not negative, got {array}.")
    return int(array)


def as_integers(value: Any, what: str) -> Any:
    """Returns sizes as an array of integers.

    Raises:
        TypeError: they are others.
    """
    array = np.asarray(value.as_list() if isinstance(value, TensorShape) else value)
    if array.dtype.kind not in "iu" and array.size:
        raise TypeError(f"Argument {what} must be of integer type, got {value!r}.")
    return array.astype(np.int64)
