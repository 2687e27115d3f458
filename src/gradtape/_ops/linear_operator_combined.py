"""Linear operators with structure from products: Kronecker products, and updates of low rank."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from operator import add, mul
from typing import Any

from gradtape._core.families import composite
from gradtape._core.op import TensorLike
from gradtape._core.sampling import arrays
from gradtape._core.spec import TensorShape
from gradtape._ops.arithmetic import abs
from gradtape._ops.casting import cast
from gradtape._ops.complexes import conj
from gradtape._ops.diagonals import diag_part
from gradtape._ops.exponential import exp, log
from gradtape._ops.factorization import cholesky
from gradtape._ops.linear_operator import LinearOperator
from gradtape._ops.linear_operator_identity import LinearOperatorIdentity
from gradtape._ops.linear_operator_parts import (
    arguments,
    as_operators,
    as_parameter,
    common_batch,
    conjugate_transpose_if,
    required,
    shape_of,
    shared,
    solve_with_batch,
)
from gradtape._ops.linear_operator_simple import LinearOperatorDiag
from gradtape._ops.products import matmul
from gradtape._ops.reduction import reduce_sum
from gradtape._ops.solving import cholesky_solve, det
from gradtape._ops.structure import expand_dims, reshape, transpose
from gradtape.errors import InvalidArgumentError


def outer(left: Any, right: Any) -> Any:
    """Returns all products of the numbers of two vectors, those of the first one's first number in front."""
    found = expand_dims(left, -1) * expand_dims(right, -2)
    return reshape(found, (*shape_of(found)[:-2], -1))


class LinearOperatorKronecker(LinearOperator):
    """The Kronecker product of operators.

    Args:
        operators: the factors, of one dtype.
        is_non_singular: whether it is expected to have an inverse.
        is_self_adjoint: whether it is expected to equal its adjoint.
        is_positive_definite: whether it is expected to be positive definite.
        is_square: whether it is expected to be square.
        name: a name; the factors' joined by `_x_` by default.

    Raises:
        TypeError: the dtypes differ.
        ValueError: there are no operators, or a hint contradicts theirs.

    >>> import gradtape as tf
    >>> first = tf.linalg.LinearOperatorDiag([1.0, 2.0])
    >>> operator = tf.linalg.LinearOperatorKronecker([first, tf.linalg.LinearOperatorDiag([1.0, 10.0])])
    >>> operator.diag_part().numpy()
    array([ 1., 10.,  2., 20.], dtype=float32)
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
        super().__init__(
            self._operators[0].dtype,
            None,
            shared(self._operators, "is_non_singular", is_non_singular),
            shared(self._operators, "is_self_adjoint", is_self_adjoint),
            shared(self._operators, "is_positive_definite", is_positive_definite),
            is_square,
            name or "_x_".join(operator.name for operator in self._operators),
            parameters,
        )

    @property
    def operators(self) -> list[LinearOperator]:
        """The factors."""
        return self._operators

    def _shape(self) -> TensorShape:
        batch = common_batch(operator.batch_shape for operator in self.operators)
        rows = reduce(mul, (operator.range_dimension for operator in self.operators))
        return TensorShape([*batch, rows, reduce(mul, (operator.domain_dimension for operator in self.operators))])

    def _each(self, factors: list[LinearOperator]) -> LinearOperator:
        hints = (self.is_non_singular, self.is_self_adjoint, self.is_positive_definite, self.is_square)
        return LinearOperatorKronecker(factors, *hints)

    def _linop_adjoint(self) -> LinearOperator:
        return self._each([operator.adjoint() for operator in self.operators])

    def _linop_inverse(self) -> LinearOperator:
        return self._each([operator.inverse() for operator in self.operators])

    def _linop_cholesky(self) -> LinearOperator:
        return LinearOperatorKronecker([operator.cholesky() for operator in self.operators], is_non_singular=True)

    def _applied(self, x: Any, method: str, adjoint: bool) -> Any:
        """Applies each factor along its own axis of the rows, the last factor first."""
        found, columns = x, shape_of(x)[-1]
        for operator in reversed(self.operators):
            size = operator.range_dimension if adjoint is (method == "matmul") else operator.domain_dimension
            batch = shape_of(found)[:-2]
            rank = len(batch)
            # What the factor takes lies fastest among the rows: it comes in front, and its result behind the others.
            apart = reshape(found, (*batch, -1, size, columns))
            inside = transpose(apart, (*range(rank), rank + 1, rank, rank + 2))
            result = getattr(operator, method)(reshape(inside, (*batch, size, -1)), adjoint=adjoint)
            batch = shape_of(result)[:-2]
            found = reshape(result, (*batch, -1, columns))
        return found

    def _matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        return self._applied(conjugate_transpose_if(adjoint_arg, x), "matmul", adjoint)

    def _solve(self, rhs: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        return self._applied(conjugate_transpose_if(adjoint_arg, rhs), "solve", adjoint)

    def _determinant(self) -> Any:
        size = self.domain_dimension
        return reduce(
            mul,
            (each.determinant() ** cast(size / each.domain_dimension, self.dtype) for each in self.operators),
        )

    def _log_abs_determinant(self) -> Any:
        return reduce(add, map(self._weighted_logarithm, self.operators))

    def _weighted_logarithm(self, operator: LinearOperator) -> Any:
        found = operator.log_abs_determinant()
        return found * cast(self.domain_dimension / operator.domain_dimension, found.dtype)

    def _trace(self) -> Any:
        return reduce(mul, (operator.trace() for operator in self.operators))

    def _diag_part(self) -> Any:
        if not all(operator.is_square for operator in self.operators):
            return super()._diag_part()
        return reduce(outer, (operator.diag_part() for operator in self.operators))

    def _eigvals(self) -> Any:
        return reduce(outer, (operator.eigvals() for operator in self.operators))

    def _to_dense(self) -> Any:
        return reduce(kronecker, (operator.to_dense() for operator in self.operators))

    def _assert_non_singular(self) -> None:
        self._require_square_factors()
        for operator in self.operators:
            operator.assert_non_singular()

    def _assert_self_adjoint(self) -> None:
        self._require_square_factors()
        for operator in self.operators:
            operator.assert_self_adjoint()

    def _require_square_factors(self) -> None:
        if not all(operator.is_square for operator in self.operators):
            raise InvalidArgumentError("All Kronecker factors must be square.")


def kronecker(left: Any, right: Any) -> Any:
    """Returns the Kronecker product of matrices; the dimensions in front broadcast."""
    found = expand_dims(expand_dims(left, -1), -3) * expand_dims(expand_dims(right, -2), -4)
    *batch, upper, lower, outside, inside = shape_of(found)
    return reshape(found, (*batch, upper * lower, outside * inside))


class LinearOperatorLowRankUpdate(LinearOperator):
    """An operator L with an update of low rank: `L + U D V^H`, with D diagonal.

    Its solutions come from those of L and of a system as small as D (the formula of Sherman, Morrison and Woodbury),
    its determinant from the matrix determinant lemma.

    Args:
        base_operator: the operator L, of shape `[..., m, n]`.
        u: a tensor of shape `[..., m, k]`.
        diag_update: the diagonal of D, of shape `[..., k]`; ones by default.
        v: a tensor of shape `[..., n, k]`; `u` by default.
        is_diag_update_positive: whether D is expected to be positive.
        is_non_singular: whether it is expected to have an inverse.
        is_self_adjoint: whether it is expected to equal its adjoint.
        is_positive_definite: whether it is expected to be positive definite.
        is_square: whether it is expected to be square.
        name: a name.

    Raises:
        ValueError: the shapes do not fit, or a hint contradicts what is known.

    >>> import gradtape as tf
    >>> base = tf.linalg.LinearOperatorIdentity(2)
    >>> operator = tf.linalg.LinearOperatorLowRankUpdate(base, [[1.0], [1.0]])
    >>> operator.to_dense().numpy()
    array([[2., 1.],
           [1., 2.]], dtype=float32)
    """

    def __init__(
        self,
        base_operator: LinearOperator,
        u: Any,
        diag_update: Any = None,
        v: Any = None,
        is_diag_update_positive: bool | None = None,
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = None,
        name: str = "LinearOperatorLowRankUpdate",
    ) -> None:
        parameters = arguments(locals())
        dtype = base_operator.dtype
        if diag_update is None:
            message = "Without diag_update it is the identity, which is positive."
            is_diag_update_positive = required(is_diag_update_positive, True, message)
        self._use_cholesky = bool(base_operator._can_use_cholesky() and is_diag_update_positive and v is None)
        if self._use_cholesky or (base_operator.is_self_adjoint and v is None and not dtype.is_complex):
            message = "An update of a self-adjoint operator by U D U^H is self-adjoint."
            is_self_adjoint = required(is_self_adjoint, True, message)
        if self._use_cholesky:
            message = "A positive update of a positive definite operator is positive definite."
            is_positive_definite = required(is_positive_definite, True, message)
            is_non_singular = required(is_non_singular, True, message)
        self._base_operator = base_operator
        self._u = as_parameter(u, 2, "u")
        self._v = self._u if v is None else as_parameter(v, 2, "v")
        self._diag_update = None if diag_update is None else as_parameter(diag_update, 1, "diag_update")
        self._is_diag_update_positive = is_diag_update_positive
        super().__init__(
            dtype,
            None,
            is_non_singular,
            is_self_adjoint,
            is_positive_definite,
            is_square,
            name,
            parameters,
        )
        rank = shape_of(self._u)[-1]
        self._diag_operator: LinearOperator = (
            LinearOperatorIdentity(rank, dtype=dtype)
            if self._diag_update is None
            else LinearOperatorDiag(self._diag_update, is_positive_definite=is_diag_update_positive)
        )
        fits = (
            shape_of(self._u)[-2] == base_operator.range_dimension
            and shape_of(self._v)[-2:] == (base_operator.domain_dimension, rank)
            and self._diag_operator.domain_dimension == rank
        )
        if not fits:
            raise ValueError(
                f"The shapes do not fit: base_operator {base_operator.shape}, u {self._u.shape}, v {self._v.shape}, "
                f"diag_update of size {self._diag_operator.domain_dimension}."
            )

    @property
    def u(self) -> Any:
        """The matrix U of `L + U D V^H`."""
        return self._u

    @property
    def v(self) -> Any:
        """The matrix V of `L + U D V^H`."""
        return self._v

    @property
    def is_diag_update_positive(self) -> bool | None:
        """Whether D is expected to be positive."""
        return self._is_diag_update_positive

    @property
    def diag_update(self) -> Any:
        """The diagonal of D."""
        return self._diag_update

    @property
    def diag_operator(self) -> LinearOperator:
        """The operator D of `L + U D V^H`."""
        return self._diag_operator

    @property
    def base_operator(self) -> LinearOperator:
        """The operator L of `L + U D V^H`."""
        return self._base_operator

    def _shape(self) -> TensorShape:
        base, d = self.base_operator.shape, self.diag_operator.shape
        batch = common_batch(tuple(shape)[:-2] for shape in (base, d, self._u.shape, self._v.shape))
        return TensorShape([*batch, *base[-2:]])

    def _matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        x = conjugate_transpose_if(adjoint_arg, x)
        left, right = (self._v, self._u) if adjoint else (self._u, self._v)
        update = self.diag_operator.matmul(matmul(right, x, adjoint_a=True), adjoint=adjoint)
        return self.base_operator.matmul(x, adjoint=adjoint) + matmul(left, update)

    def _to_dense(self) -> Any:
        scaled = self._u if self._diag_update is None else self._u * expand_dims(self._diag_update, -2)
        return self.base_operator.add_to_tensor(matmul(scaled, self._v, adjoint_b=True))

    def _capacitance(self) -> Any:
        inside = matmul(self._v, self.base_operator.solve(self._u), adjoint_a=True)
        return self.diag_operator.inverse().add_to_tensor(inside)

    def _solve(self, rhs: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        base = self.base_operator
        if base.is_non_singular is False:
            raise ValueError("Solve is not defined unless base_operator is non-singular.")
        left, right = (self._v, self._u) if adjoint else (self._u, self._v)
        first = base.solve(conjugate_transpose_if(adjoint_arg, rhs), adjoint=adjoint)
        inside = matmul(right, first, adjoint_a=True)
        if self._use_cholesky:
            small = cholesky_solve(cholesky(self._capacitance()), inside)
        else:
            small = solve_with_batch(self._capacitance(), inside, adjoint)
        return first - base.solve(matmul(left, small), adjoint=adjoint)

    def _determinant(self) -> Any:
        if self.is_positive_definite:
            return exp(self.log_abs_determinant())
        return det(self._capacitance()) * self.diag_operator.determinant() * self.base_operator.determinant()

    def _log_abs_determinant(self) -> Any:
        if self._use_cholesky:
            small = 2 * reduce_sum(log(diag_part(cholesky(self._capacitance()))), axis=-1)
        else:
            small = cast(log(abs(det(self._capacitance()))), self.dtype)
        return small + self.diag_operator.log_abs_determinant() + self.base_operator.log_abs_determinant()

    def _diag_part(self) -> Any:
        products = self._u * conj(self._v)
        if self._diag_update is not None:
            products = products * expand_dims(self._diag_update, -2)
        return reduce_sum(products, axis=-1) + self.base_operator.diag_part()

    def _assert_self_adjoint(self) -> None:
        if self._u is self._v and self._diag_update is None:
            self.base_operator.assert_self_adjoint()
        else:
            super()._assert_self_adjoint()


@composite(arrays(((3, 3), (3, 2)), ((2, 3, 3), (3, 1))))
def functions_of_combined_operators(x: TensorLike, y: TensorLike) -> list[Any]:
    """Returns functions of matrices that operators made of others give; not for users."""
    diagonal = LinearOperatorDiag(exp(diag_part(x)), is_positive_definite=True)
    update = LinearOperatorLowRankUpdate(diagonal, y)
    square = LinearOperatorKronecker([update, LinearOperatorDiag(2.0 + update.diag_part())])
    return [update.solve(x), update.log_abs_determinant(), update.inverse().trace(), square.determinant()]
