"""Linear operators made of blocks: along the diagonal, or in a lower triangle."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from operator import add, mul
from typing import Any

from gradtape._core.conversion import convert
from gradtape._core.nest import is_nested
from gradtape._core.spec import TensorShape
from gradtape._ops.creation import zeros
from gradtape._ops.exponential import exp
from gradtape._ops.joining import concat, split
from gradtape._ops.linear_operator import LinearOperator
from gradtape._ops.linear_operator_parts import (
    arguments,
    as_operators,
    both_non_singular,
    common_batch,
    conjugate_transpose_if,
    require_fit,
    required,
    shape_of,
    shared,
    with_batch,
)
from gradtape._ops.linear_operator_simple import LinearOperatorFullMatrix
from gradtape._ops.structure import expand_dims, squeeze


def side_by_side(parts: Iterable[Any]) -> Any:
    """Returns vectors, one behind the other; their dimensions in front broadcast."""
    return squeeze(concat(with_batch(expand_dims(part, -1) for part in parts), -2), -1)


class Blocks(LinearOperator):
    """An operator with square blocks along its diagonal; it also takes and gives lists, one tensor for each block."""

    _diagonal_operators: list[LinearOperator]

    def _sizes(self, rows: bool) -> list[int]:
        return [each.range_dimension if rows else each.domain_dimension for each in self._diagonal_operators]

    def _is_blockwise(self, value: Any, sizes: list[int], axis: int) -> bool:
        if not isinstance(value, list | tuple) or len(value) != len(sizes):
            return False
        given = [shape_of(convert(part)) for part in value]
        if not any(is_nested(part) for part in value):
            # A list of numbers is one vector.
            return all(len(shape) >= -axis for shape in given)
        if all(len(shape) >= -axis and shape[axis] == size for shape, size in zip(given, sizes, strict=True)):
            return True
        first = given[0][axis] if len(given[0]) >= -axis else None
        if first is not None and all(shape[axis] == first for shape in given) and first >= sum(sizes):
            return False
        raise ValueError(f"Blocks of {sizes} rows are wanted, got a list of tensors of shapes {given}.")

    def _apply(self, value: Any, adjoint: bool, adjoint_arg: bool, rows: bool, step: Any) -> Any:
        sizes = self._sizes(rows)
        axis = -1 if adjoint_arg else -2
        if self._is_blockwise(value, sizes, axis):
            parts = [self._checked(part) for part in value]
            for part, size in zip(parts, sizes, strict=True):
                require_fit(size, shape_of(part), axis, "a block")
            return step([conjugate_transpose_if(adjoint_arg, part) for part in parts], adjoint)
        tensor = self._checked(value)
        require_fit(sum(sizes), shape_of(tensor), axis, "matrices")
        found = step(split(conjugate_transpose_if(adjoint_arg, tensor), sizes, axis=-2), adjoint)
        return concat(with_batch(found), -2)

    def matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False, name: str = "matmul") -> Any:
        """Returns the product with matrices, with a list of them, one for each block, or with another operator."""
        if isinstance(x, LinearOperator):
            return super().matmul(x, adjoint, adjoint_arg)
        return self._apply(x, adjoint, adjoint_arg, adjoint, self._products)

    def _matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        return self.matmul(x, adjoint, adjoint_arg)

    def matvec(self, x: Any, adjoint: bool = False, name: str = "matvec") -> Any:
        """Returns the product with vectors, or with a list of them, one for each block."""
        if not self._is_blockwise(x, self._sizes(adjoint), -1):
            return super().matvec(x, adjoint)
        found = self.matmul([expand_dims(self._checked(part), -1) for part in x], adjoint=adjoint)
        return [squeeze(part, -1) for part in found]

    def solve(self, rhs: Any, adjoint: bool = False, adjoint_arg: bool = False, name: str = "solve") -> Any:
        """Returns the solutions of systems, of a list of right-hand sides for each block, or an operator."""
        if isinstance(rhs, LinearOperator) or self.is_non_singular is False or self.is_square is False:
            return super().solve(rhs, adjoint, adjoint_arg)
        return self._apply(rhs, adjoint, adjoint_arg, not adjoint, self._solutions)

    def solvevec(self, rhs: Any, adjoint: bool = False, name: str = "solve") -> Any:
        """Returns the solutions of systems for vectors, or for a list of them, one for each block."""
        if not self._is_blockwise(rhs, self._sizes(not adjoint), -1):
            return super().solvevec(rhs, adjoint)
        found = self.solve([expand_dims(self._checked(part), -1) for part in rhs], adjoint=adjoint)
        return [squeeze(part, -1) for part in found]

    def _products(self, parts: list[Any], adjoint: bool) -> list[Any]:
        raise NotImplementedError

    def _solutions(self, parts: list[Any], adjoint: bool) -> list[Any]:
        raise NotImplementedError

    def _rows(self) -> list[dict[int, LinearOperator]]:
        """Returns the blocks of each row by their column."""
        raise NotImplementedError

    def _shape(self) -> TensorShape:
        batch = common_batch(operator.batch_shape for row in self._rows() for operator in row.values())
        return TensorShape([*batch, sum(self._sizes(True)), sum(self._sizes(False))])

    def _to_dense(self) -> Any:
        rows = self._rows()
        dense = iter(with_batch(block.to_dense() for row in rows for block in row.values()))
        heights, widths = self._sizes(True), self._sizes(False)
        batch = tuple(self.batch_shape)
        lines = [
            concat(
                [
                    next(dense) if column in row else zeros((*batch, height, width), self.dtype)
                    for column, width in enumerate(widths)
                ],
                -1,
            )
            for row, height in zip(rows, heights, strict=True)
        ]
        return concat(lines, -2)

    def _require_square_blocks(self, what: str) -> None:
        if not all(operator.is_square for operator in self._diagonal_operators):
            raise NotImplementedError(f"{what} is not defined for an operator whose blocks are not square.")

    def _diag_part(self) -> Any:
        self._require_square_blocks("The diagonal")
        return side_by_side(operator.diag_part() for operator in self._diagonal_operators)

    def _trace(self) -> Any:
        self._require_square_blocks("The trace")
        return reduce(add, (operator.trace() for operator in self._diagonal_operators))

    def _determinant(self) -> Any:
        return reduce(mul, (operator.determinant() for operator in self._diagonal_operators))

    def _log_abs_determinant(self) -> Any:
        return reduce(add, (operator.log_abs_determinant() for operator in self._diagonal_operators))

    def _eigvals(self) -> Any:
        self._require_square_blocks("The spectrum")
        return side_by_side(operator.eigvals() for operator in self._diagonal_operators)

    def _assert_non_singular(self) -> None:
        for operator in self._diagonal_operators:
            operator.assert_non_singular()


class LinearOperatorBlockDiag(Blocks):
    """Operators along the diagonal of a larger one: it takes and gives also lists, one tensor for each block.

    Args:
        operators: the blocks, of one dtype.
        is_non_singular: whether it is expected to have an inverse.
        is_self_adjoint: whether it is expected to equal its adjoint.
        is_positive_definite: whether it is expected to be positive definite.
        is_square: whether it is expected to be square.
        name: a name; the blocks' joined by `_ds_` by default.

    Raises:
        TypeError: the dtypes differ.
        ValueError: there are no operators, or a hint contradicts theirs.

    >>> import gradtape as tf
    >>> first = tf.linalg.LinearOperatorFullMatrix([[1.0, 2.0], [3.0, 4.0]])
    >>> operator = tf.linalg.LinearOperatorBlockDiag([first, tf.linalg.LinearOperatorIdentity(1)])
    >>> operator.to_dense().numpy()
    array([[1., 2., 0.],
           [3., 4., 0.],
           [0., 0., 1.]], dtype=float32)
    """

    def __init__(
        self,
        operators: Iterable[LinearOperator],
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = True,
        name: str | None = None,
    ) -> None:
        parameters = arguments(locals())
        self._operators = self._diagonal_operators = as_operators(operators)
        super().__init__(
            self._operators[0].dtype,
            None,
            shared(self._operators, "is_non_singular", is_non_singular),
            shared(self._operators, "is_self_adjoint", is_self_adjoint),
            shared(self._operators, "is_positive_definite", is_positive_definite),
            is_square,
            name or "_ds_".join(operator.name for operator in self._operators),
            parameters,
        )

    @property
    def operators(self) -> list[LinearOperator]:
        """The blocks."""
        return self._operators

    def _rows(self) -> list[dict[int, LinearOperator]]:
        return [{place: operator} for place, operator in enumerate(self.operators)]

    def _products(self, parts: list[Any], adjoint: bool) -> list[Any]:
        return [block.matmul(part, adjoint=adjoint) for block, part in zip(self.operators, parts, strict=True)]

    def _solutions(self, parts: list[Any], adjoint: bool) -> list[Any]:
        return [block.solve(part, adjoint=adjoint) for block, part in zip(self.operators, parts, strict=True)]

    def _each(self, blocks: Iterable[LinearOperator]) -> LinearOperator:
        hints = (self.is_non_singular, self.is_self_adjoint, self.is_positive_definite)
        return LinearOperatorBlockDiag(blocks, *hints, is_square=self.is_square)

    def _linop_adjoint(self) -> LinearOperator:
        return self._each(block.adjoint() for block in self.operators)

    def _linop_inverse(self) -> LinearOperator:
        return self._each(block.inverse() for block in self.operators)

    def _linop_cholesky(self) -> LinearOperator:
        return LinearOperatorBlockDiag([block.cholesky() for block in self.operators], is_non_singular=True)

    def _linop_matmul(self, left: LinearOperator, right: LinearOperator) -> LinearOperator:
        if not isinstance(right, LinearOperatorBlockDiag):
            return super()._linop_matmul(left, right)
        if len(self.operators) != len(right.operators):
            raise ValueError(
                f"Operators of {len(self.operators)} and of {len(right.operators)} blocks can not be multiplied block "
                "by block."
            )
        pairs = zip(self.operators, right.operators, strict=True)
        return LinearOperatorBlockDiag([a.matmul(b) for a, b in pairs], both_non_singular(left, right))

    def _linop_solve(self, left: LinearOperator, right: LinearOperator) -> LinearOperator:
        if not isinstance(right, LinearOperatorBlockDiag) or len(self.operators) != len(right.operators):
            return super()._linop_solve(left, right)
        pairs = zip(self.operators, right.operators, strict=True)
        return LinearOperatorBlockDiag([a.solve(b) for a, b in pairs], both_non_singular(left, right))

    def _assert_positive_definite(self) -> None:
        for operator in self.operators:
            operator.assert_positive_definite()

    def _assert_self_adjoint(self) -> None:
        for operator in self.operators:
            operator.assert_self_adjoint()


class LinearOperatorBlockLowerTriangular(Blocks):
    """Operators as the blocks of a lower triangle: it is solved by substitution, block by block.

    Args:
        operators: the rows of blocks: one operator in the first row, two in the second and so on, of one dtype.
        is_non_singular: whether it is expected to have an inverse.
        is_self_adjoint: whether it is expected to equal its adjoint.
        is_positive_definite: whether it is expected to be positive definite.
        is_square: whether it is expected to be square.
        name: a name.

    Raises:
        TypeError: the dtypes differ.
        ValueError: there are no operators, their sizes do not fit, or a hint contradicts theirs.

    >>> import gradtape as tf
    >>> block = tf.linalg.LinearOperatorIdentity(1)
    >>> operator = tf.linalg.LinearOperatorBlockLowerTriangular([[block], [block, block]])
    >>> operator.solvevec([1.0, 3.0]).numpy()
    array([1., 2.], dtype=float32)
    """

    def __init__(
        self,
        operators: Iterable[Iterable[LinearOperator]],
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = None,
        name: str = "LinearOperatorBlockLowerTriangular",
    ) -> None:
        parameters = arguments(locals())
        if not hasattr(operators, "__iter__") or not all(hasattr(row, "__iter__") for row in operators):
            raise TypeError(f"Expected a list of rows of operators, got {operators!r}.")
        self._operators = [list(row) for row in operators]
        as_operators([block for row in self._operators for block in row])
        self._check_blocks()
        self._diagonal_operators = [row[-1] for row in self._operators]
        is_non_singular = shared(self._diagonal_operators, "is_non_singular", is_non_singular)
        if any(block.is_non_singular is False for block in self._diagonal_operators):
            is_non_singular = required(is_non_singular, False, "With a singular diagonal block it is singular.")
        if is_square is False or not all(block.is_square for block in self._diagonal_operators):
            raise ValueError("The operator and its diagonal blocks must be square.")
        super().__init__(
            self._operators[0][0].dtype,
            None,
            is_non_singular,
            is_self_adjoint,
            is_positive_definite,
            True,
            name,
            parameters,
        )

    def _check_blocks(self) -> None:
        for place, row in enumerate(self._operators):
            if len(row) != place + 1:
                raise ValueError(f"Argument operators[{place}] must have {place + 1} blocks, got {len(row)}.")
            if any(block.range_dimension != row[-1].range_dimension for block in row):
                raise ValueError(f"The blocks of operators[{place}] differ in their number of rows.")
            for column, block in enumerate(row[:-1]):
                if block.domain_dimension != self._operators[place - 1][column].domain_dimension:
                    raise ValueError(f"The blocks of column {column} differ in their number of columns.")

    @property
    def operators(self) -> list[list[LinearOperator]]:
        """The rows of blocks."""
        return self._operators

    def _rows(self) -> list[dict[int, LinearOperator]]:
        return [dict(enumerate(row)) for row in self.operators]

    def _columns(self, adjoint: bool) -> list[dict[int, LinearOperator]]:
        """Returns the blocks of each row by their column; of the adjoint, before they are conjugated themselves."""
        rows = self._rows()
        if not adjoint:
            return rows
        return [{row: rows[row][place] for row in range(place, len(rows))} for place in range(len(rows))]

    def _products(self, parts: list[Any], adjoint: bool) -> list[Any]:
        return [
            reduce(add, (block.matmul(parts[place], adjoint=adjoint) for place, block in row.items()))
            for row in self._columns(adjoint)
        ]

    def _solutions(self, parts: list[Any], adjoint: bool) -> list[Any]:
        rows = self._columns(adjoint)
        found: dict[int, Any] = {}
        # The adjoint is upper triangular: its last block is known first.
        for place in sorted(range(len(rows)), reverse=adjoint):
            rest = parts[place]
            for other, block in rows[place].items():
                if other != place:
                    rest = rest - block.matmul(found[other], adjoint=adjoint)
            found[place] = rows[place][place].solve(rest, adjoint=adjoint)
        return [found[place] for place in range(len(rows))]

    def _linop_inverse(self) -> LinearOperator:
        hints = (self.is_non_singular, self.is_self_adjoint, self.is_positive_definite)
        inverse: list[list[LinearOperator]] = []
        for *row, last in self.operators:
            blocks: list[LinearOperator] = []
            for column in range(len(row)):
                dense = reduce(
                    add, (row[place].matmul(inverse[place][column].to_dense()) for place in range(column, len(row)))
                )
                blocks.append(LinearOperatorFullMatrix(-last.solve(dense)))
            inverse.append([*blocks, last.inverse()])
        return LinearOperatorBlockLowerTriangular(inverse, *hints)

    def _determinant(self) -> Any:
        if all(block.is_positive_definite for block in self._diagonal_operators):
            return exp(self._log_abs_determinant())
        return super()._determinant()
