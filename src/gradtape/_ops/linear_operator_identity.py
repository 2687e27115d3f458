"""Linear operators that sizes alone define: the identity, zeros."""

from __future__ import annotations

from typing import Any

from gradtape._core.dtypes import as_dtype
from gradtape._core.spec import TensorShape
from gradtape._ops.creation import ones, zeros
from gradtape._ops.linear_operator import LinearOperator
from gradtape._ops.linear_operator_parts import arguments, common_batch, conjugate_transpose_if, shape_of
from gradtape._ops.linear_operator_simple import add_to_diagonal, as_integers, as_size
from gradtape._ops.parameters import Shape
from gradtape._ops.structure import broadcast_to
from gradtape.errors import InvalidArgumentError


def as_batch(value: Any) -> Shape:
    """Returns the shape of a batch; none for None.

    Raises:
        TypeError: it has no integers.
        ValueError: it is no vector, or a size is negative.
    """
    array = as_integers([] if value is None else value, "batch_shape")
    if array.ndim != 1 or (array < 0).any():
        raise ValueError(f"Argument batch_shape must be a vector of sizes that are not negative, got {array}.")
    return tuple(map(int, array))


class Unscaled(LinearOperator):
    """An operator that is given by sizes alone, and that no tensor defines."""

    _rows: int
    _columns: int
    _batch: Shape

    def _shape(self) -> TensorShape:
        return TensorShape([*self._batch, self._rows, self._columns])

    def _diagonal_shape(self) -> Shape:
        return (*self._batch, min(self._rows, self._columns))

    def _spread(self, x: Any) -> Any:
        batch = common_batch((shape_of(x)[:-2], self._batch))
        return x if shape_of(x)[:-2] == batch else broadcast_to(x, (*batch, *shape_of(x)[-2:]))

    def _assert_self_adjoint(self) -> None:
        pass


class LinearOperatorIdentity(Unscaled):
    """The identity.

    Args:
        num_rows: the number of rows.
        batch_shape: the dimensions in front.
        dtype: the dtype; float32 by default.
        is_non_singular: True.
        is_self_adjoint: True.
        is_positive_definite: True.
        is_square: True.
        assert_proper_shapes: ignored: shapes are always checked.
        name: a name.

    Raises:
        TypeError: a size is no integer.
        ValueError: a size is negative, or a hint is not True.

    >>> import gradtape as tf
    >>> tf.linalg.LinearOperatorIdentity(2).add_to_tensor([[1.0, 2.0], [3.0, 4.0]]).numpy()
    array([[2., 2.],
           [3., 5.]], dtype=float32)
    """

    _neutral = True

    def __init__(
        self,
        num_rows: Any,
        batch_shape: Any = None,
        dtype: Any = None,
        is_non_singular: bool = True,
        is_self_adjoint: bool = True,
        is_positive_definite: bool = True,
        is_square: bool = True,
        assert_proper_shapes: bool = False,
        name: str = "LinearOperatorIdentity",
    ) -> None:
        parameters = arguments(locals())
        if not (is_self_adjoint and is_non_singular and is_positive_definite and is_square):
            raise ValueError("The identity is self-adjoint, non-singular, positive definite and square.")
        super().__init__(as_dtype(dtype or "float32"), None, True, True, True, True, name, parameters)
        self._rows = self._columns = as_size(num_rows, "num_rows")
        self._batch = as_batch(batch_shape)

    def _linop_inverse(self) -> LinearOperator:
        return self

    def _linop_cholesky(self) -> LinearOperator:
        return self

    def _linop_matmul(self, left: LinearOperator, right: LinearOperator) -> LinearOperator:
        return right

    def _linop_solve(self, left: LinearOperator, right: LinearOperator) -> LinearOperator:
        return right

    def _matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        return self._spread(conjugate_transpose_if(adjoint_arg, x))

    def _solve(self, rhs: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        return self._matmul(rhs, adjoint, adjoint_arg)

    def add_to_tensor(self, mat: Any, name: str = "add_to_tensor") -> Any:
        """Returns the sum of the identity and a tensor of the operator's dtype."""
        return add_to_diagonal(self._checked(mat), ones(self._diagonal_shape(), self.dtype), self.shape)

    def _diag_part(self) -> Any:
        return ones(self._diagonal_shape(), self.dtype)

    _eigvals = _diag_part

    def _determinant(self) -> Any:
        return ones(self._batch, self.dtype)

    _cond = _determinant

    def _log_abs_determinant(self) -> Any:
        return zeros(self._batch, self.dtype)

    def _assert_non_singular(self) -> None:
        pass

    _assert_positive_definite = _assert_non_singular


class LinearOperatorZeros(Unscaled):
    """Zeros.

    Args:
        num_rows: the number of rows.
        num_columns: the number of columns; that of the rows by default.
        batch_shape: the dimensions in front.
        dtype: the dtype; float32 by default.
        is_non_singular: False.
        is_self_adjoint: True, if it is square.
        is_positive_definite: False.
        is_square: whether it is square.
        assert_proper_shapes: ignored: shapes are always checked.
        name: a name.

    Raises:
        TypeError: a size is no integer.
        ValueError: a size is negative, or a hint cannot be.

    >>> import gradtape as tf
    >>> tf.linalg.LinearOperatorZeros(2, 3, is_square=False, is_self_adjoint=False).matvec([1.0, 2.0, 3.0]).numpy()
    array([0., 0.], dtype=float32)
    """

    _annihilates = True

    def __init__(
        self,
        num_rows: Any,
        num_columns: Any = None,
        batch_shape: Any = None,
        dtype: Any = None,
        is_non_singular: bool = False,
        is_self_adjoint: bool = True,
        is_positive_definite: bool = False,
        is_square: bool = True,
        assert_proper_shapes: bool = False,
        name: str = "LinearOperatorZeros",
    ) -> None:
        parameters = arguments(locals())
        if is_non_singular or is_positive_definite or (is_square and not is_self_adjoint):
            raise ValueError("Zeros are singular, not positive definite, and self-adjoint if they are square.")
        super().__init__(
            as_dtype(dtype or "float32"),
            None,
            is_non_singular,
            is_self_adjoint,
            is_positive_definite,
            is_square,
            name,
            parameters,
        )
        self._rows = as_size(num_rows, "num_rows")
        self._columns = self._rows if num_columns is None else as_size(num_columns, "num_columns")
        if is_square and self._rows != self._columns:
            raise ValueError(f"is_square is True, but there are {self._rows} rows and {self._columns} columns.")
        self._batch = as_batch(batch_shape)

    def _linop_matmul(self, left: LinearOperator, right: LinearOperator) -> LinearOperator:
        if not (left.is_square and right.is_square):
            raise ValueError("Products with zeros that are not square are not supported.")
        return left

    def _matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        shape = shape_of(x)
        batch = common_batch((shape[:-2], self._batch))
        rows = self._columns if adjoint else self._rows
        return zeros((*batch, rows, shape[-2 if adjoint_arg else -1]), self.dtype)

    def add_to_tensor(self, mat: Any, name: str = "add_to_tensor") -> Any:
        """Returns a tensor of the operator's dtype, in the common shape."""
        return self._spread(self._checked(mat))

    def _diag_part(self) -> Any:
        return zeros(self._diagonal_shape(), self.dtype)

    _eigvals = _diag_part

    def _determinant(self) -> Any:
        return zeros(self._batch, self.dtype)

    def _assert_non_singular(self) -> None:
        raise InvalidArgumentError("Zeros have no inverse.")

    def _assert_positive_definite(self) -> None:
        raise InvalidArgumentError("Zeros are not positive definite.")
