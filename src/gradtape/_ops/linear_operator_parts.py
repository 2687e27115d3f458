"""What linear operators share: their parameters and hints, batches that broadcast, checks of arguments."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gradtape._core.conversion import convert
from gradtape._core.spec import broadcast_shapes
from gradtape._core.variable import Variable
from gradtape._ops.arithmetic import abs
from gradtape._ops.assertions import assert_equal, assert_positive
from gradtape._ops.complexes import imag
from gradtape._ops.creation import zeros_like
from gradtape._ops.parameters import Shape
from gradtape._ops.reduction import reduce_max, reduce_min
from gradtape._ops.solving import adjoint, solve
from gradtape._ops.structure import broadcast_to, reshape, transpose


def arguments(scope: dict[str, Any]) -> dict[str, Any]:
    """Returns the arguments of a constructor from its `locals()`."""
    return {name: value for name, value in scope.items() if name not in ("self", "__class__")}


def required(hint: bool | None, value: bool, message: str) -> bool:
    """Returns what a hint must be.

    Raises:
        ValueError: the user says otherwise.
    """
    if hint is (not value):
        raise ValueError(message)
    return value


def as_parameter(value: Any, rank: int, name: str) -> Any:
    """Returns what defines an operator as a tensor; a variable stays one, so that the operator follows its changes.

    Raises:
        ValueError: it has too few dimensions.
    """
    found = value if isinstance(value, Variable) else convert(value)
    if len(found.shape) < rank:
        raise ValueError(f"Argument {name} must have at least {rank} dimension(s), got shape {found.shape}.")
    return found


def shape_of(value: Any) -> Shape:
    """Returns the shape of a tensor, variable or static shape as a tuple."""
    return tuple(value.shape if hasattr(value, "shape") else value)


def common_batch(shapes: Iterable[Any]) -> Shape:
    """Returns the shape that batches broadcast to."""
    return broadcast_shapes(*map(tuple, shapes))


def with_batch(matrices: Iterable[Any]) -> list[Any]:
    """Returns matrices whose dimensions in front are broadcast against each other."""
    found = [convert(matrix) for matrix in matrices]
    batch = common_batch(shape_of(matrix)[:-2] for matrix in found)
    return [
        matrix if shape_of(matrix)[:-2] == batch else broadcast_to(matrix, (*batch, *shape_of(matrix)[-2:]))
        for matrix in found
    ]


def solve_with_batch(matrix: Any, rhs: Any, transposed: bool) -> Any:
    """Returns the solutions of systems; the dimensions in front broadcast, and one matrix is factored only once."""
    matrix = convert(matrix)
    shape = shape_of(rhs)
    if len(shape_of(matrix)) > 2 or len(shape) == 2:
        left, right = with_batch((matrix, rhs))
        return solve(left, right, adjoint=transposed)
    # All right-hand sides of one matrix become its columns.
    last = len(shape) - 2
    columns = transpose(rhs, (last, *range(last), last + 1))
    found = reshape(solve(matrix, reshape(columns, (shape[-2], -1)), adjoint=transposed), columns.shape)
    return transpose(found, (*range(1, last + 1), 0, last + 1))


def require_real(x: Any, message: str) -> None:
    """Checks that no number has an imaginary part.

    Raises:
        InvalidArgumentError: one has.
    """
    part = imag(x)
    assert_equal(part, zeros_like(part), message=message)


def require_fit(size: int | None, given: Shape, axis: int, what: str) -> None:
    """Checks that an argument has as many rows as an operator has columns.

    Raises:
        ValueError: it has another number.
    """
    if len(given) < -axis or given[axis] != size:
        raise ValueError(f"Dimensions are not compatible: the operator wants {what} of {size} rows, got {list(given)}.")


def ratio_of_extremes(values: Any) -> Any:
    """Returns the greatest absolute value over the least, along the last axis."""
    sizes = abs(values)
    return reduce_max(sizes, axis=-1) / reduce_min(sizes, axis=-1)


def conjugate_transpose_if(wanted: bool, x: Any) -> Any:
    """Returns matrices, or their adjoints."""
    return adjoint(x) if wanted else x


def both_non_singular(left: Any, right: Any) -> bool | None:
    """Returns the hint for a product: singular if one is."""
    if left.is_non_singular is False or right.is_non_singular is False:
        return False
    return left.is_non_singular and right.is_non_singular


def commuting_hints(left: Any, right: Any) -> dict[str, Any]:
    """Returns the hints for a product of operators that commute."""
    adjoints = {left.is_self_adjoint, right.is_self_adjoint}
    together = True if adjoints == {True} else False if adjoints == {True, False} else None
    definite = left._can_use_cholesky() and right._can_use_cholesky()
    return {
        "is_non_singular": both_non_singular(left, right),
        "is_self_adjoint": together,
        "is_positive_definite": definite or None,
        "is_square": True,
    }


def as_operators(operators: Any) -> list[Any]:
    """Returns operators as a list.

    Raises:
        TypeError: they are no sequence, or have different dtypes.
        ValueError: there are none.
    """
    if isinstance(operators, str) or not hasattr(operators, "__iter__"):
        raise TypeError(f"Expected a list of operators, got {operators!r}.")
    found = list(operators)
    if not found:
        raise ValueError("Expected a non-empty list of operators.")
    if any(operator.dtype != found[0].dtype for operator in found):
        names = ", ".join(f"{operator.name}: {operator.dtype.name}" for operator in found)
        raise TypeError(f"Expected all operators to have the same dtype, got {names}.")
    return found


def inherited(operator: Any, hint_name: str, hint: bool | None) -> bool | None:
    """Returns a hint for an operator that has a property exactly when another one has it.

    Raises:
        ValueError: the hints contradict each other.
    """
    known: bool | None = getattr(operator, hint_name)
    if known is not None and hint is not None and known is not bool(hint):
        raise ValueError(f"{hint_name} is {hint}, but {known} for the operator {operator.name} that decides it.")
    return hint if known is None else known


def require_no_zero(values: Any, message: str) -> None:
    """Checks that no number is 0.

    Raises:
        InvalidArgumentError: one is.
    """
    assert_positive(abs(values), message=message)


def are_adjoint(left: Any, right: Any) -> bool:
    """Returns whether one operator is known to be the adjoint of the other."""
    if left is right and left.is_self_adjoint is not None:
        return bool(left.is_self_adjoint)
    return left.H is right or right.H is left


def is_square_form(operators: list[Any]) -> bool:
    """Returns whether a product has the form A @ A.H, or A @ B @ B.H @ A.H and so on."""
    if len(operators) % 2:
        return False
    return all(are_adjoint(operators[place], operators[-1 - place]) for place in range(len(operators) // 2))


def shared(operators: list[Any], hint_name: str, hint: bool | None) -> bool | None:
    """Returns a hint for an operator that has a property when all its parts have it.

    Raises:
        ValueError: the hint says otherwise.
    """
    if not all(getattr(operator, hint_name) for operator in operators):
        return hint
    return required(hint, True, f"{hint_name} is True when it is for all operators, got {hint}.")
