"""Recursions for the Taylor coefficients of functions of matrices: roots, exponentials, logarithms, few diagonals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradtape._autodiff.forward import total
from gradtape._autodiff.recursions import Coefficient, Finder, Step, part, solution, zeros
from gradtape._core.op import OPS
from gradtape._core.tensor import Tensor


def part_of_root(step: Step, factor: Tensor, earlier: Tensor) -> Any:
    """The products of a coefficient of a matrix with one of the solution, on either side."""
    product = OPS["matrix_product"].function
    return OPS["add"].function(product(factor, earlier), product(earlier, factor))


def root_of_matrix(step: Step) -> Finder:
    """`sqrtm`, from out out = x: outₖ solves out₀ y + y out₀ = s."""
    out = step.outs[0]

    def find(k: int) -> list[Coefficient]:
        known = step.coefficient(0, k)
        terms = [] if known is None else [known]
        for j in range(1, k):
            one, other = out.coefficient(j), out.coefficient(k - j)
            if one is not None and other is not None:
                terms.append(OPS["negative"].function(OPS["matrix_product"].function(one, other)))
        return [OPS["root_change"].function(out.coefficients[0], total(terms)) if terms else None]

    return find


def in_staircase(step: Step) -> Finder:
    """Functions of matrices: outₖ is a corner of the function of the matrix of blocks that holds xⱼ₋ᵢ in row i."""

    def find(k: int) -> list[Coefficient]:
        size, join = step.heads[0].shape[-1], OPS["concat"].function
        empty = zeros(step.heads[0]._value)
        blocks = [empty if each is None else each for each in (step.coefficient(0, j) for j in range(k + 1))]
        rows = [join([*[empty] * i, *blocks[: k + 1 - i]], -1) for i in range(k + 1)]
        whole = step.run([join(rows, -2)])
        return [OPS["getitem"].function(whole, (..., slice(size), slice(k * size, (k + 1) * size)))]

    return find


def derivative_in_blocks(name: str) -> Callable[[Step], Finder]:
    """Derivatives of functions of matrices: a quarter of the function of matrices twice as large."""

    def rule(step: Step) -> Finder:
        (x, change), join = step.carried(), OPS["concat"].function
        size, empty = x.shape[-1], zeros(x._value)
        blocks = join([join([x, change], -1), join([empty, x], -1)], -2)
        whole = OPS[name].function(blocks)
        result = OPS["getitem"].function(whole, (..., slice(size), slice(size, 2 * size)))
        return lambda k: [part(step.frame, result, k)]

    return rule


def part_of_diagonals(step: Step, diagonals: Tensor, earlier: Tensor) -> Any:
    """The product of a coefficient of a tridiagonal matrix with one of the solution."""
    item, pad, front = OPS["getitem"].function, OPS["pad_constant"].function, [(0, 0)] * (len(earlier.shape) - 2)
    above, middle, below = (item(diagonals, (..., row, slice(None), None)) for row in range(3))
    later, before = (..., slice(1, None), slice(None)), (..., slice(None, -1), slice(None))
    from_later = pad(item(above, before) * item(earlier, later), (*front, (0, 1), (0, 0)), 0)
    from_before = pad(item(below, later) * item(earlier, before), (*front, (1, 0), (0, 0)), 0)
    return from_later + middle * earlier + from_before


# `series` adds them to the others.
MATRIX_RULES: dict[str, Callable[[Step], Finder]] = {
    "exponential_along": derivative_in_blocks("matrix_exponential"),
    "logarithm_along": derivative_in_blocks("logm"),
    "logm": in_staircase,
    "matrix_exponential": in_staircase,
    "root_change": solution(part_of_root, "subtract", factor=0),
    "sqrtm": root_of_matrix,
    "tridiagonal_system": solution(part_of_diagonals, "subtract", factor=0),
}
