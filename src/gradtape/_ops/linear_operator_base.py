"""What every linear operator can do through its dense matrix: shapes, hints, determinants, eigenvalues, checks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from gradtape._core.conversion import convert
from gradtape._core.dtypes import as_dtype
from gradtape._core.module import Module
from gradtape._core.scopes import name_scope
from gradtape._core.spec import TensorShape
from gradtape._core.tensor import Tensor
from gradtape._ops.assertions import assert_equal, assert_less, assert_positive
from gradtape._ops.casting import cast
from gradtape._ops.creation import constant, eye
from gradtape._ops.diagonals import diag_part
from gradtape._ops.exponential import exp, log
from gradtape._ops.factorization import cholesky
from gradtape._ops.linear_operator_parts import (
    conjugate_transpose_if,
    ratio_of_extremes,
    require_fit,
    required,
    shape_of,
    solve_with_batch,
)
from gradtape._ops.reduction import reduce_sum
from gradtape._ops.singular import svd
from gradtape._ops.solving import adjoint as conjugate_transpose
from gradtape._ops.solving import cholesky_solve, det, slogdet
from gradtape._ops.spectra import eigvalsh
from gradtape._ops.structure import expand_dims, squeeze


class OperatorBase(Module, ABC):
    """What linear operators do on their own; each kind says its shape and product, and what it can do faster."""

    def __init__(
        self,
        dtype: Any,
        graph_parents: Any = None,
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = None,
        name: str | None = None,
        parameters: dict[str, Any] | None = None,
    ) -> None:
        if is_positive_definite:
            is_non_singular = required(is_non_singular, True, "A positive definite matrix is always non-singular.")
        if is_non_singular:
            is_square = required(is_square, True, "A non-singular matrix is always square.")
        if is_self_adjoint:
            is_square = required(is_square, True, "A self-adjoint matrix is always square.")
        self._is_square_hint = is_square
        self._graph_parents = [] if graph_parents is None else graph_parents
        self._dtype = as_dtype(dtype) if dtype else dtype
        self._is_non_singular = is_non_singular
        self._is_self_adjoint = is_self_adjoint
        self._is_positive_definite = is_positive_definite
        self._parameters = parameters or {}
        # The name joins those of other operators and need not be one of Python's, as a module's must.
        self._name = name or type(self).__name__
        self._scope = name_scope(f"{self._name}/")

    @property
    def parameters(self) -> dict[str, Any]:
        """The arguments that the operator was made with."""
        return dict(self._parameters)

    @property
    def graph_parents(self) -> Any:
        """The tensors that the operator was said to depend on."""
        return self._graph_parents

    @property
    def dtype(self) -> Any:
        """The dtype of the tensors that the operator takes."""
        return self._dtype

    @property
    def is_non_singular(self) -> bool | None:
        """Whether the operator is expected to have an inverse; None if nobody knows."""
        return self._is_non_singular

    @property
    def is_self_adjoint(self) -> bool | None:
        """Whether the operator is expected to equal its adjoint; None if nobody knows."""
        return self._is_self_adjoint

    @property
    def is_positive_definite(self) -> bool | None:
        """Whether the real part of `x^H A x` is expected to be positive for all `x`; None if nobody knows."""
        return self._is_positive_definite

    @property
    def is_square(self) -> bool:
        """Whether the operator has as many rows as columns."""
        equal = self.domain_dimension == self.range_dimension
        if equal and self._is_square_hint is False:
            raise ValueError("The hint is_square is False, but the operator is square.")
        return equal if self._is_square_hint is None else self._is_square_hint

    @abstractmethod
    def _shape(self) -> TensorShape:
        """Returns the shape of the dense matrices."""

    @property
    def shape(self) -> TensorShape:
        """The shape of the dense matrices: `[..., m, n]`."""
        return self._shape()

    def shape_tensor(self, name: str = "shape_tensor") -> Tensor:
        """Returns the shape as an int32 tensor."""
        return constant(list(self.shape), "int32")

    @property
    def batch_shape(self) -> TensorShape:
        """The dimensions in front."""
        return self.shape[:-2]

    def batch_shape_tensor(self, name: str = "batch_shape_tensor") -> Tensor:
        """Returns the dimensions in front as an int32 tensor."""
        return constant(list(self.batch_shape), "int32")

    @property
    def tensor_rank(self) -> int | None:
        """The number of dimensions of the dense matrices."""
        return self.shape.rank

    def tensor_rank_tensor(self, name: str = "tensor_rank_tensor") -> Tensor:
        """Returns the number of dimensions as an int32 tensor."""
        return constant(self.tensor_rank, "int32")

    @property
    def domain_dimension(self) -> Any:
        """The number of columns."""
        return self.shape[-1]

    def domain_dimension_tensor(self, name: str = "domain_dimension_tensor") -> Tensor:
        """Returns the number of columns as an int32 tensor."""
        return constant(self.domain_dimension, "int32")

    @property
    def range_dimension(self) -> Any:
        """The number of rows."""
        return self.shape[-2]

    def range_dimension_tensor(self, name: str = "range_dimension_tensor") -> Tensor:
        """Returns the number of rows as an int32 tensor."""
        return constant(self.range_dimension, "int32")

    def _check_input_dtype(self, tensor: Tensor) -> None:
        if tensor.dtype != self.dtype:
            raise TypeError(
                f"Expected argument to have dtype {self.dtype}, got {tensor.dtype} of shape {tensor.shape}: cast it."
            )

    def _checked(self, value: Any) -> Tensor:
        tensor = convert(value)
        self._check_input_dtype(tensor)
        return tensor

    def _can_use_cholesky(self) -> bool:
        return bool(self.is_self_adjoint and self.is_positive_definite)

    @abstractmethod
    def _matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        """Returns the product with matrices."""

    def _solve(self, rhs: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        return self._dense_solve(rhs, adjoint, adjoint_arg)

    def _dense_solve(self, rhs: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        if self.is_square is False:
            raise NotImplementedError("Solve is not implemented for operators that are not square.")
        right = conjugate_transpose_if(adjoint_arg, rhs)
        if self._can_use_cholesky():
            return cholesky_solve(cholesky(self.to_dense()), right)
        return solve_with_batch(self.to_dense(), right, adjoint)

    def matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False, name: str = "matmul") -> Any:
        """Returns the product with matrices, or with another operator.

        Args:
            x: a tensor of the operator's dtype and of shape `[..., n, k]`, or a linear operator.
            adjoint: whether the operator's adjoint is meant.
            adjoint_arg: whether the adjoint of `x` is meant.
            name: ignored.

        Returns:
            A tensor of shape `[..., m, k]`, or a linear operator.

        Raises:
            TypeError: the dtypes differ.
            ValueError: the shapes do not fit.
        """
        if isinstance(x, OperatorBase):
            left, right = self._fitting(x, adjoint, adjoint_arg)
            return left._linop_matmul(left, right)
        tensor = self._checked(x)
        require_fit(self.shape[-2 if adjoint else -1], shape_of(tensor), -1 if adjoint_arg else -2, "matrices")
        return self._matmul(tensor, adjoint=adjoint, adjoint_arg=adjoint_arg)

    def _fitting(self, other: Any, adjoint: bool, adjoint_arg: bool) -> tuple[Any, Any]:
        left: Any = self
        left, right = left.adjoint() if adjoint else left, other.adjoint() if adjoint_arg else other
        if left.domain_dimension != right.range_dimension:
            raise ValueError(
                f"Operators are incompatible: the first has {left.domain_dimension} columns, the second "
                f"{right.range_dimension} rows."
            )
        return left, right

    def __matmul__(self, other: Any) -> Any:
        """Returns the product with matrices, or with another operator."""
        return self.matmul(other)

    def matvec(self, x: Any, adjoint: bool = False, name: str = "matvec") -> Any:
        """Returns the product with vectors.

        Args:
            x: a tensor of the operator's dtype and of shape `[..., n]`.
            adjoint: whether the operator's adjoint is meant.
            name: ignored.

        Returns:
            A tensor of shape `[..., m]`.

        Raises:
            TypeError: the dtypes differ.
            ValueError: the shapes do not fit.
        """
        tensor = self._checked(x)
        require_fit(self.shape[-2 if adjoint else -1], shape_of(tensor), -1, "vectors")
        return self._matvec(tensor, adjoint=adjoint)

    def _matvec(self, x: Any, adjoint: bool = False) -> Any:
        return squeeze(self.matmul(expand_dims(x, -1), adjoint=adjoint), -1)

    def solve(self, rhs: Any, adjoint: bool = False, adjoint_arg: bool = False, name: str = "solve") -> Any:
        """Returns the solutions of systems of equations, or the operator that gives them.

        Args:
            rhs: a tensor of the operator's dtype and of shape `[..., m, k]`, or a linear operator.
            adjoint: whether the operator's adjoint is meant.
            adjoint_arg: whether the adjoint of `rhs` is meant.
            name: ignored.

        Returns:
            A tensor of shape `[..., n, k]`, or a linear operator.

        Raises:
            NotImplementedError: the operator is singular, or not square.
            TypeError: the dtypes differ.
            ValueError: the shapes do not fit.
        """
        if self.is_non_singular is False:
            raise NotImplementedError("Solve is not defined for an operator that is singular by its hint.")
        self._require_square("Solve")
        if isinstance(rhs, OperatorBase):
            left, right = self._fitting(rhs, adjoint, adjoint_arg)
            return left._linop_solve(left, right)
        tensor = self._checked(rhs)
        require_fit(self.shape[-1 if adjoint else -2], shape_of(tensor), -1 if adjoint_arg else -2, "right-hand sides")
        return self._solve(tensor, adjoint=adjoint, adjoint_arg=adjoint_arg)

    def solvevec(self, rhs: Any, adjoint: bool = False, name: str = "solve") -> Any:
        """Returns the solutions of systems of equations, each for one vector.

        Args:
            rhs: a tensor of the operator's dtype and of shape `[..., m]`.
            adjoint: whether the operator's adjoint is meant.
            name: ignored.

        Returns:
            A tensor of shape `[..., n]`.

        Raises:
            NotImplementedError: the operator is singular, or not square.
            TypeError: the dtypes differ.
            ValueError: the shapes do not fit.
        """
        tensor = self._checked(rhs)
        require_fit(self.shape[-1 if adjoint else -2], shape_of(tensor), -1, "right-hand sides")
        return self._solvevec(tensor, adjoint=adjoint)

    def _solvevec(self, rhs: Any, adjoint: bool = False) -> Any:
        return squeeze(self.solve(expand_dims(rhs, -1), adjoint=adjoint), -1)

    def to_dense(self, name: str = "to_dense") -> Any:
        """Returns the operator as dense matrices of shape `[..., m, n]`."""
        return self._to_dense()

    def _to_dense(self) -> Any:
        return self._matmul(eye(self.domain_dimension, batch_shape=tuple(self.batch_shape), dtype=self.dtype))

    def diag_part(self, name: str = "diag_part") -> Any:
        """Returns the diagonals, of shape `[..., min(m, n)]`."""
        return self._diag_part()

    def _diag_part(self) -> Any:
        return diag_part(self.to_dense())

    def trace(self, name: str = "trace") -> Any:
        """Returns the sums of the diagonals, of the batch's shape."""
        return self._trace()

    def _trace(self) -> Any:
        return reduce_sum(self.diag_part(), axis=-1)

    def add_to_tensor(self, x: Any, name: str = "add_to_tensor") -> Any:
        """Returns the sum of the dense matrices and a tensor.

        Args:
            x: a tensor of the operator's dtype, whose shape broadcasts.
            name: ignored.

        Returns:
            A tensor of the common shape.

        Raises:
            TypeError: another dtype is given.
        """
        return self._add_to_tensor(self._checked(x))

    def _add_to_tensor(self, x: Any) -> Any:
        return self.to_dense() + x

    def determinant(self, name: str = "det") -> Any:
        """Returns the determinants, of the batch's shape.

        Raises:
            NotImplementedError: the operator is not square.
        """
        self._require_square("Determinant")
        return self._determinant()

    def _determinant(self) -> Any:
        return exp(self.log_abs_determinant()) if self._can_use_cholesky() else det(self.to_dense())

    def log_abs_determinant(self, name: str = "log_abs_det") -> Any:
        """Returns the logarithms of the determinants' absolute values, of the batch's shape.

        Raises:
            NotImplementedError: the operator is not square.
        """
        self._require_square("Determinant")
        return self._log_abs_determinant()

    def _log_abs_determinant(self) -> Any:
        if self._can_use_cholesky():
            return 2 * reduce_sum(log(diag_part(cholesky(self.to_dense()))), axis=-1)
        return slogdet(self.to_dense())[1]

    def _require_square(self, what: str) -> None:
        if self.is_square is False:
            raise NotImplementedError(f"{what} is not defined for an operator that is not square: {self.shape}.")

    def eigvals(self, name: str = "eigvals") -> Any:
        """Returns the eigenvalues of a self-adjoint operator, of shape `[..., n]`.

        Raises:
            NotImplementedError: the operator isn't known to be self-adjoint.
        """
        if not self.is_self_adjoint:
            raise NotImplementedError(
                "Only self-adjoint operators have eigenvalues here: set is_self_adjoint=True if it is, or use "
                "tf.linalg.eigvals(operator.to_dense())."
            )
        return self._eigvals()

    def _eigvals(self) -> Any:
        return eigvalsh(self.to_dense())

    def cond(self, name: str = "cond") -> Any:
        """Returns the condition numbers, of the batch's shape: the greatest singular value over the least."""
        return self._cond()

    def _cond(self) -> Any:
        return ratio_of_extremes(self._eigvals() if self.is_self_adjoint else svd(self.to_dense(), compute_uv=False))

    def assert_non_singular(self, name: str = "assert_non_singular") -> None:
        """Checks that the operator has an inverse.

        Raises:
            InvalidArgumentError: its condition number is too great for the dtype.
        """
        self._assert_non_singular()

    def _assert_non_singular(self) -> None:
        if self._can_use_cholesky():
            self.assert_positive_definite()
            return
        condition = ratio_of_extremes(svd(self.to_dense(), compute_uv=False))
        greatest = 1 / (max(100, *self.shape[-2:]) * np.finfo(self.dtype.as_numpy_dtype).eps)
        assert_less(condition, cast(greatest, condition.dtype), message="Singular matrix up to precision epsilon.")

    def assert_positive_definite(self, name: str = "assert_positive_definite") -> None:
        """Checks that the operator is positive definite.

        Raises:
            InvalidArgumentError: it isn't.
            NotImplementedError: it isn't known to be self-adjoint, and its kind has no other way.
        """
        self._assert_positive_definite()

    def _assert_positive_definite(self) -> None:
        if not self.is_self_adjoint:
            raise NotImplementedError("assert_positive_definite wants an operator that is known to be self-adjoint.")
        factor = diag_part(cholesky(self.to_dense()))
        assert_positive(cast(factor, self.dtype.real_dtype), message="Matrix was not positive definite.")

    def assert_self_adjoint(self, name: str = "assert_self_adjoint") -> None:
        """Checks that the operator equals its adjoint exactly.

        Raises:
            InvalidArgumentError: it doesn't.
        """
        self._assert_self_adjoint()

    def _assert_self_adjoint(self) -> None:
        dense = self.to_dense()
        assert_equal(dense, conjugate_transpose(dense), message="Matrix was not equal to its adjoint.")
