"""`LinearOperator`, a matrix known by what it does, and those that others give: adjoints, inverses, products."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from operator import add, mul
from typing import Any

from gradtape._core.spec import TensorShape
from gradtape._ops.arithmetic import abs, sign
from gradtape._ops.complexes import conj
from gradtape._ops.diagonals import diag_part
from gradtape._ops.exponential import log
from gradtape._ops.factorization import band_part, cholesky, triangular_solve
from gradtape._ops.linear_operator_base import OperatorBase
from gradtape._ops.linear_operator_parts import (
    arguments,
    as_operators,
    as_parameter,
    both_non_singular,
    common_batch,
    commuting_hints,
    conjugate_transpose_if,
    inherited,
    is_square_form,
    require_no_zero,
    required,
)
from gradtape._ops.products import matmul
from gradtape._ops.reduction import reduce_prod, reduce_sum
from gradtape._ops.solving import adjoint as conjugate_transpose
from gradtape._ops.structure import expand_dims


class LinearOperator(OperatorBase):
    """A matrix, or a batch of them, that is known by what it does with tensors.

    A kind of operator defines `_shape()` and `_matmul(x, adjoint=False, adjoint_arg=False)`; all methods follow from
    these, by way of the dense matrix. It overrides what it can do faster: `_solve`, `_determinant`, `_diag_part`, ….

    Args:
        dtype: the dtype of the tensors that it takes.
        graph_parents: ignored.
        is_non_singular: whether it is expected to have an inverse.
        is_self_adjoint: whether it is expected to equal its adjoint.
        is_positive_definite: whether the real part of `x^H A x` is expected to be positive for all `x`.
        is_square: whether it is expected to be square.
        name: a name.
        parameters: the arguments that the kind was made with.

    Raises:
        ValueError: the hints contradict each other.

    >>> import gradtape as tf
    >>> class Twice(tf.linalg.LinearOperator):
    ...     def _shape(self):
    ...         return tf.TensorShape([2, 2])
    ...
    ...     def _matmul(self, x, adjoint=False, adjoint_arg=False):
    ...         return 2 * (tf.linalg.adjoint(x) if adjoint_arg else x)
    >>> operator = Twice(tf.float32)
    >>> operator.solvevec([2.0, 4.0]).numpy()
    array([1., 2.], dtype=float32)
    >>> operator.determinant().numpy()
    np.float32(4.0)
    """

    def adjoint(self, name: str = "adjoint") -> LinearOperator:
        """Returns the adjoint operator."""
        return self if self.is_self_adjoint is True else self._linop_adjoint()

    H = property(adjoint, doc="The adjoint operator.")

    def inverse(self, name: str = "inverse") -> LinearOperator:
        """Returns the inverse operator.

        Raises:
            ValueError: the operator is singular by its hint, or not square.
        """
        if self.is_square is False or self.is_non_singular is False:
            raise ValueError(f"Cannot take the inverse of an operator that is not square or singular: {self.shape}.")
        return self._linop_inverse()

    def cholesky(self, name: str = "cholesky") -> LinearOperator:
        """Returns the Cholesky factor as an operator.

        Raises:
            ValueError: the operator isn't known to be self-adjoint and positive definite.
        """
        if not self._can_use_cholesky():
            raise ValueError(
                "Cannot take the Cholesky factor: set is_self_adjoint=True and is_positive_definite=True if it is both."
            )
        return self._linop_cholesky()

    def _linop_adjoint(self) -> LinearOperator:
        return LinearOperatorAdjoint(self)

    def _linop_inverse(self) -> LinearOperator:
        return LinearOperatorInversion(self)

    def _linop_cholesky(self) -> LinearOperator:
        return LinearOperatorLowerTriangular(
            cholesky(self.to_dense()), is_non_singular=True, is_self_adjoint=False, is_square=True
        )

    # What the kinds of identity, zeros and diagonals say of themselves, so that products become simpler.
    _neutral = _annihilates = False
    _diagonal: Any = None

    def _linop_matmul(self, left: LinearOperator, right: LinearOperator) -> LinearOperator:
        if right._neutral:
            return left
        if right._annihilates:
            if not (left.is_square and right.is_square):
                raise ValueError("Products with zeros that are not square are not supported.")
            return right
        return product(left, right)

    def _linop_solve(self, left: LinearOperator, right: LinearOperator) -> LinearOperator:
        return left.inverse() if right._neutral else product(LinearOperatorInversion(left), right)


def product(left: LinearOperator, right: LinearOperator) -> LinearOperator:
    """Returns the composition of two operators."""
    square = left.range_dimension == right.domain_dimension and left.is_square == right.is_square
    hint = None if square else False
    return LinearOperatorComposition(
        [left, right],
        is_non_singular=both_non_singular(left, right) if square else False,
        is_self_adjoint=hint,
        is_positive_definite=hint,
        is_square=square,
    )


class Derived(LinearOperator):
    """An operator that is made from one other, and shares its hints."""

    _suffix = ""

    def __init__(
        self,
        operator: LinearOperator,
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = None,
        name: str | None = None,
    ) -> None:
        parameters = arguments(locals())
        self._operator = operator
        super().__init__(
            operator.dtype,
            is_non_singular=inherited(operator, "is_non_singular", is_non_singular),
            is_self_adjoint=inherited(operator, "is_self_adjoint", is_self_adjoint),
            is_positive_definite=inherited(operator, "is_positive_definite", is_positive_definite),
            is_square=inherited(operator, "is_square", is_square),
            name=name or operator.name + self._suffix,
            parameters=parameters,
        )

    @property
    def operator(self) -> LinearOperator:
        """The operator that this one was made from."""
        return self._operator

    def _cond(self) -> Any:
        return self.operator.cond()

    def _assert_non_singular(self) -> None:
        self.operator.assert_non_singular()

    def _assert_positive_definite(self) -> None:
        self.operator.assert_positive_definite()

    def _assert_self_adjoint(self) -> None:
        self.operator.assert_self_adjoint()


class LinearOperatorAdjoint(Derived):
    """The adjoint of an operator: the conjugate of its transpose.

    Args:
        operator: the operator.
        is_non_singular: whether it is expected to have an inverse.
        is_self_adjoint: whether it is expected to equal its adjoint.
        is_positive_definite: whether it is expected to be positive definite.
        is_square: whether it is expected to be square.
        name: a name; the operator's and `_adjoint` by default.

    Raises:
        ValueError: a hint contradicts the operator's.

    >>> import gradtape as tf
    >>> operator = tf.linalg.LinearOperatorFullMatrix([[1.0, 2.0]])
    >>> tf.linalg.LinearOperatorAdjoint(operator).to_dense().numpy()
    array([[1.],
           [2.]], dtype=float32)
    """

    _suffix = "_adjoint"

    def _shape(self) -> TensorShape:
        *batch, rows, columns = self.operator.shape
        return TensorShape([*batch, columns, rows])

    def _matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        return self.operator.matmul(x, adjoint=not adjoint, adjoint_arg=adjoint_arg)

    def _solve(self, rhs: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        return self.operator.solve(rhs, adjoint=not adjoint, adjoint_arg=adjoint_arg)

    def _matvec(self, x: Any, adjoint: bool = False) -> Any:
        return self.operator.matvec(x, adjoint=not adjoint)

    def _linop_adjoint(self) -> LinearOperator:
        return self.operator

    def _to_dense(self) -> Any:
        return conjugate_transpose(self.operator.to_dense())

    def _diag_part(self) -> Any:
        return conj(self.operator.diag_part())

    def _determinant(self) -> Any:
        return conj(self.operator.determinant())

    def _log_abs_determinant(self) -> Any:
        return self.operator.log_abs_determinant()

    def _eigvals(self) -> Any:
        return self.operator.eigvals()


class LinearOperatorInversion(Derived):
    """The inverse of an operator: its products are solutions.

    Args:
        operator: the operator.
        is_non_singular: whether it is expected to have an inverse.
        is_self_adjoint: whether it is expected to equal its adjoint.
        is_positive_definite: whether it is expected to be positive definite.
        is_square: whether it is expected to be square.
        name: a name; the operator's and `_inv` by default.

    Raises:
        ValueError: a hint contradicts the operator's, or says that there is no inverse.

    >>> import gradtape as tf
    >>> operator = tf.linalg.LinearOperatorFullMatrix([[2.0, 0.0], [0.0, 4.0]])
    >>> tf.linalg.LinearOperatorInversion(operator).matvec([2.0, 4.0]).numpy()
    array([1., 1.], dtype=float32)
    """

    _suffix = "_inv"

    def __init__(
        self,
        operator: LinearOperator,
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = None,
        name: str | None = None,
    ) -> None:
        if False in (operator.is_non_singular, is_non_singular, operator.is_square, is_square):
            raise ValueError(f"{operator.name} has no inverse: it is singular or not square by its hints.")
        super().__init__(operator, is_non_singular, is_self_adjoint, is_positive_definite, is_square, name)

    def _shape(self) -> TensorShape:
        return self.operator.shape

    def _matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        return self.operator.solve(x, adjoint=adjoint, adjoint_arg=adjoint_arg)

    def _solve(self, rhs: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        return self.operator.matmul(rhs, adjoint=adjoint, adjoint_arg=adjoint_arg)

    def _linop_inverse(self) -> LinearOperator:
        return self.operator

    def _linop_solve(self, left: LinearOperator, right: LinearOperator) -> LinearOperator:
        composed: LinearOperator = self.operator.matmul(right)
        return composed

    def _determinant(self) -> Any:
        return 1.0 / self.operator.determinant()

    def _log_abs_determinant(self) -> Any:
        return -self.operator.log_abs_determinant()

    def _eigvals(self) -> Any:
        return 1.0 / self.operator.eigvals()


class LinearOperatorComposition(LinearOperator):
    """The product of operators: the last one is applied first.

    Args:
        operators: the operators, of one dtype, each with as many columns as the next one has rows.
        is_non_singular: whether it is expected to have an inverse.
        is_self_adjoint: whether it is expected to equal its adjoint.
        is_positive_definite: whether it is expected to be positive definite.
        is_square: whether it is expected to be square.
        name: a name; the operators' joined by `_o_` by default.

    Raises:
        TypeError: the dtypes differ.
        ValueError: there are no operators, or a hint contradicts theirs.

    >>> import gradtape as tf
    >>> first = tf.linalg.LinearOperatorFullMatrix([[1.0, 2.0], [3.0, 4.0]])
    >>> operator = tf.linalg.LinearOperatorComposition([first, tf.linalg.LinearOperatorDiag([1.0, 0.5])])
    >>> operator.to_dense().numpy()
    array([[1., 1.],
           [3., 2.]], dtype=float32)
    """

    def __init__(
        self,
        operators: Iterable[LinearOperator],
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = None,
        name: str | None = None,
    ) -> None:
        parameters = arguments(locals())
        self._operators: list[LinearOperator] = as_operators(operators)
        if all(operator.is_non_singular for operator in self._operators):
            message = "The composition of non-singular operators is non-singular."
            is_non_singular = required(is_non_singular, True, message)
        square_form = is_square_form(self._operators)
        if square_form or (len(self._operators) == 1 and self._operators[0].is_self_adjoint):
            is_self_adjoint = required(is_self_adjoint, True, "A composition of the form A @ A.H is self-adjoint.")
        if square_form:
            is_square = required(is_square, True, "A composition of the form A @ A.H is square.")
            if is_non_singular:
                message = "A non-singular composition of the form A @ A.H is positive definite."
                is_positive_definite = required(is_positive_definite, True, message)
        super().__init__(
            self._operators[0].dtype,
            None,
            is_non_singular,
            is_self_adjoint,
            is_positive_definite,
            is_square,
            name or "_o_".join(operator.name for operator in self._operators),
            parameters,
        )

    @property
    def operators(self) -> list[LinearOperator]:
        """The operators, of which the last is applied first."""
        return self._operators

    def _shape(self) -> TensorShape:
        for left, right in zip(self.operators, self.operators[1:], strict=False):
            if left.domain_dimension != right.range_dimension:
                raise ValueError(f"Operators are incompatible: shapes {left.shape} and {right.shape}.")
        batch = common_batch(operator.batch_shape for operator in self.operators)
        return TensorShape([*batch, self.operators[0].range_dimension, self.operators[-1].domain_dimension])

    def _matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        found = conjugate_transpose_if(adjoint_arg, x)
        for operator in self.operators if adjoint else reversed(self.operators):
            found = operator.matmul(found, adjoint=adjoint)
        return found

    def _solve(self, rhs: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        found = conjugate_transpose_if(adjoint_arg, rhs)
        for operator in reversed(self.operators) if adjoint else self.operators:
            found = operator.solve(found, adjoint=adjoint)
        return found

    def _to_dense(self) -> Any:
        *others, last = self.operators
        return reduce(lambda found, operator: operator.matmul(found), reversed(others), last.to_dense())

    def _linop_cholesky(self) -> LinearOperator:
        left = self.operators[0]
        if not (len(self.operators) == 2 and is_square_form(self.operators)) or not isinstance(
            left, LinearOperatorLowerTriangular
        ):
            return super()._linop_cholesky()
        if left.is_positive_definite:
            return left
        # A factor is made unique by a positive diagonal: columns change their signs.
        signs = expand_dims(sign(left.diag_part()), -2)
        return LinearOperatorLowerTriangular(left.tril / signs, left.is_non_singular, left.is_self_adjoint)

    def _determinant(self) -> Any:
        return reduce(mul, (operator.determinant() for operator in self.operators))

    def _log_abs_determinant(self) -> Any:
        return reduce(add, (operator.log_abs_determinant() for operator in self.operators))

    def _assert_non_singular(self) -> None:
        if not all(operator.is_square for operator in self.operators):
            super()._assert_non_singular()
            return
        for operator in self.operators:
            operator.assert_non_singular()


class LinearOperatorLowerTriangular(LinearOperator):
    """A triangular matrix: it is solved by substitution.

    Args:
        tril: a tensor of shape `[..., n, n]`, whose lower triangle counts.
        is_non_singular: whether it is expected to have an inverse.
        is_self_adjoint: whether it is expected to equal its adjoint.
        is_positive_definite: whether it is expected to be positive definite.
        is_square: whether it is expected to be square.
        name: a name.

    Raises:
        ValueError: `is_square` is False, or `tril` has fewer than two dimensions.

    >>> import gradtape as tf
    >>> operator = tf.linalg.LinearOperatorLowerTriangular([[2.0, 9.0], [1.0, 1.0]])
    >>> operator.solvevec([2.0, 3.0]).numpy()
    array([1., 2.], dtype=float32)
    """

    def __init__(
        self,
        tril: Any,
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = None,
        name: str = "LinearOperatorLowerTriangular",
    ) -> None:
        parameters = arguments(locals())
        is_square = required(is_square, True, "Only square triangular operators are supported.")
        self._tril = as_parameter(tril, 2, "tril")
        super().__init__(
            self._tril.dtype,
            None,
            is_non_singular,
            is_self_adjoint,
            is_positive_definite,
            is_square,
            name,
            parameters,
        )

    @property
    def tril(self) -> Any:
        """The matrices, of which the lower triangle counts."""
        return self._tril

    def _shape(self) -> TensorShape:
        return TensorShape(self._tril.shape)

    def _to_dense(self) -> Any:
        return band_part(self._tril, -1, 0)

    def _matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        return matmul(self._to_dense(), x, adjoint_a=adjoint, adjoint_b=adjoint_arg)

    def _linop_matmul(self, left: LinearOperator, right: LinearOperator) -> LinearOperator:
        if right._diagonal is None:
            return super()._linop_matmul(left, right)
        hints: dict[str, Any] = {**commuting_hints(left, right), "is_positive_definite": None}
        return LinearOperatorLowerTriangular(left.to_dense() * expand_dims(right._diagonal, -2), **hints)

    def _solve(self, rhs: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        return triangular_solve(self._tril, conjugate_transpose_if(adjoint_arg, rhs), lower=True, adjoint=adjoint)

    def _diag_part(self) -> Any:
        return diag_part(self._tril)

    def _determinant(self) -> Any:
        return reduce_prod(self._diag_part(), axis=-1)

    def _log_abs_determinant(self) -> Any:
        return reduce_sum(log(abs(self._diag_part())), axis=-1)

    def _eigvals(self) -> Any:
        return self._diag_part()

    def _assert_non_singular(self) -> None:
        require_no_zero(self._diag_part(), "Singular operator: the diagonal contains zeros.")
