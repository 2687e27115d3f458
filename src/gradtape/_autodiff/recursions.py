"""Recursions for Taylor coefficients: how those of an operation's result follow from those of its inputs.

With x(t) = x₀ + x₁ t + x₂ t² + …, each coefficient a tensor, an operation is one of these:

- linear: outₖ is the operation on the xₖ;
- a product: outₖ = Σⱼ xⱼ yₖ₋ⱼ;
- a quotient, or what is solved in the same way: outₖ = (xₖ - Σⱼ yⱼ outₖ₋ⱼ) / y₀, j from 1;
- any other: out′ = ∂op(x, out) x′, the operation's own rule on series; its coefficient k - 1, over k, is outₖ.

The last one refers to `out` itself, but to earlier coefficients only (M. D. McIlroy, The music of streams, Information
Processing Letters, 2001). So n orders cost O(n²) products where derivatives of derivatives cost O(2ⁿ). A coefficient
that is known to be 0 is None, and nothing is computed from it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from gradtape._autodiff.forward import push_forward, spread, total
from gradtape._core.dispatch import bind
from gradtape._core.dtypes import is_differentiable
from gradtape._core.op import OPS, Op, Rule
from gradtape._core.tensor import Tensor, make_tensor

Coefficient = Tensor | None
# Gives the coefficients of order k of an operation's results.
Finder = Callable[[int], list[Coefficient]]


class Line(Protocol):
    """A series, as the recursions see it."""

    coefficients: list[Any]
    shape: tuple[int, ...]

    def coefficient(self, k: int) -> Coefficient:
        """Returns the coefficient of order `k`."""


class Step:
    """One operation on series: its inputs, its results, and how their coefficients are found.

    `heads` are the inputs' values, `own` the series of those that move.
    """

    __slots__ = ("_cache", "_find", "frame", "heads", "op", "outs", "own", "params", "tensors")

    def __init__(
        self,
        frame: Any,
        op: Op,
        tensors: list[Tensor],
        heads: list[Tensor],
        own: list[Line | None],
        params: dict[str, Any],
    ) -> None:
        self.frame, self.op, self.tensors, self.heads, self.own, self.params = frame, op, tensors, heads, own, params
        self.outs: list[Any] = []
        self._find: Finder | None = None
        self._cache: dict[int, list[Coefficient]] = {}

    def close(self) -> None:
        """Forgets the results and how to find more of them."""
        self.outs = []
        self._find = None

    def finder(self, position: int) -> Callable[[int], Coefficient]:
        """Returns the function that gives the coefficients of the result at `position`."""
        return lambda k: self.find(k)[position]

    def find(self, k: int) -> list[Coefficient]:
        """Returns the coefficients of order `k` of all results."""
        if self._find is None:
            rule = RULES.get(self.op.name) or FAMILIES.get(self.op.family) or by_derivative
            self._find = rule(self)
        if not self.op.outputs:
            return self._find(k)
        if k not in self._cache:
            self._cache = {k: self._find(k)}
        return self._cache[k]

    def coefficient(self, position: int, k: int) -> Coefficient:
        """Returns the coefficient of order `k` of the input at `position`."""
        if k == 0:
            return self.heads[position]
        series = self.own[position]
        return None if series is None else series.coefficient(k)

    def carried(self) -> list[Tensor]:
        """Returns the inputs as tensors for a rule, which no tape follows but by their coefficients."""
        carried = []
        for tensor, head in zip(self.tensors, self.heads, strict=True):
            if self.frame.series_of(tensor) is not None:
                carried.append(make_tensor(tensor._value))
            elif head._tape is not None and is_differentiable(head._value.dtype):
                carried.append(self.frame.constant(head))
            else:
                carried.append(head)
        return carried

    def run(self, inputs: list[Any]) -> Any:
        """Returns the operation on coefficients."""
        return applied(self.op, inputs, self.params)


# The rules: each takes a step and returns what finds its coefficients.


def by_derivative(step: Step) -> Finder:
    """Any differentiable operation: from the series of its derivative."""
    frame = step.frame
    pushed: list[Coefficient] = []

    def find(k: int) -> list[Coefficient]:
        if not pushed:
            tangents = [None if series is None else make_tensor(frame.slope(series)) for series in step.own]
            outputs = [make_tensor(out) for out in step.outs]
            pushed[:] = push_forward(step.op, step.carried(), step.params, outputs, tangents)
        return [over(part(frame, each, k - 1), k) for each in pushed]

    return find


def linear_in(*names: str) -> Callable[[Step], Finder]:
    """Operations that are linear in the inputs of these names together: the others count by their values.

    Without names, in all that have a derivative.
    """

    def rule(step: Step) -> Finder:
        op = step.op
        moving = [name in names if names else isinstance(op.rules[name], Rule) for name in op.inputs]
        moving = moving * len(step.own) if op.variadic else moving

        def find(k: int) -> list[Coefficient]:
            found = [step.coefficient(i, k) if moves else None for i, moves in enumerate(moving)]
            if not any(each is not None for each in found):
                return [None] * len(step.outs)
            filled = [
                each if each is not None else zeros(head._value) if moves else head
                for each, moves, head in zip(found, moving, step.heads, strict=True)
            ]
            result = step.run(filled)
            return result if step.op.outputs else [result]

        return find

    return rule


def sum_of(step: Step) -> Finder:
    """`add` and `subtract`: what is 0 is left out."""

    def find(k: int) -> list[Coefficient]:
        x, y = step.coefficient(0, k), step.coefficient(1, k)
        if x is not None and y is not None:
            return [step.run([x, y])]
        if y is not None and step.op.name == "subtract":
            y = OPS["negative"].function(y)
        one = y if x is None else x
        return [None if one is None else spread(one, step.outs[0].shape)]

    return find


def sum_of_list(step: Step) -> Finder:
    """`add_n`."""

    def find(k: int) -> list[Coefficient]:
        found = [each for i in range(len(step.own)) if (each := step.coefficient(i, k)) is not None]
        return [step.run(found) if found else None]

    return find


def product_in(*names: str) -> Callable[[Step], Finder]:
    """Operations that are linear in each of two inputs: Cauchy's product."""

    def rule(step: Step) -> Finder:
        wanted = names or step.op.differentiable
        positions = [step.op.inputs.index(name) for name in wanted]
        if len(positions) != 2:
            return linear_in(*wanted)(step) if len(positions) == 1 else by_derivative(step)
        first, second = positions
        if step.op.name == "multiply" and step.own[0] is step.own[1]:
            return square_of(step)

        def find(k: int) -> list[Coefficient]:
            terms = []
            for j in range(k + 1):
                x, y = step.coefficient(first, j), step.coefficient(second, k - j)
                if x is not None and y is not None:
                    inputs = list(step.heads)
                    inputs[first], inputs[second] = x, y
                    terms.append(step.run(inputs))
            return [total(terms) if terms else None]

        return find

    return rule


def square_of(step: Step) -> Finder:
    """`square`, and the product of a series with itself: two terms out of two are equal."""
    series = step.own[0]
    assert series is not None
    return lambda k: [squared(series, k, 0)]


def squared(series: Line, k: int, least: int) -> Coefficient:
    """Returns the sum of the products of coefficients whose orders are at least `least` and add up to `k`."""
    multiply, terms = OPS["multiply"].function, []
    for j in range(least, (k + 1) // 2):
        x, y = series.coefficient(j), series.coefficient(k - j)
        if x is not None and y is not None:
            terms.append(multiply(x, y))
    result: Coefficient = None
    if terms:
        half = total(terms)
        result = OPS["add"].function(half, half)
    middle = series.coefficient(k // 2) if k % 2 == 0 and k // 2 >= least else None
    if middle is None:
        return result
    square = OPS["square"].function(middle)
    return square if result is None else OPS["add"].function(result, square)


def solution(term: Callable[[Step, Any, Any], Any], sign: str, factor: int = 1) -> Callable[[Step], Finder]:
    """Operations that solve an equation with the factor y, as a quotient does: outₖ solves it for y₀.

    Args:
        term: gives what yⱼ and outₖ₋ⱼ contribute to the right-hand side.
        sign: `subtract` or `add`: how.
        factor: which of the two inputs is y.
    """

    def rule(step: Step) -> Finder:
        out = step.outs[0]

        def find(k: int) -> list[Coefficient]:
            right = step.coefficient(1 - factor, k)
            terms = []
            for j in range(1, k + 1):
                y, earlier = step.coefficient(factor, j), out.coefficient(k - j)
                if y is not None and earlier is not None:
                    terms.append(term(step, y, earlier))
            if terms:
                others = total(terms)
                if right is not None:
                    right = OPS[sign].function(right, others)
                else:
                    right = OPS["negative"].function(others) if sign == "subtract" else others
            sides = [right, step.heads[1]] if factor else [step.heads[0], right]
            return [None if right is None else step.run(sides)]

        return find

    return rule


def part_of_quotient(step: Step, y: Tensor, earlier: Tensor) -> Any:
    """The product of a coefficient of the divisor with one of the quotient."""
    return OPS["multiply"].function(y, earlier)


def part_of_recurrence(step: Step, a: Tensor, earlier: Tensor) -> Any:
    """The factor times the neighbour's result."""
    multiply, shifted, axis = OPS["multiply"].function, OPS["shifted"].function, step.params["axis"]
    if step.params["back"]:
        return shifted(multiply(a, earlier), axis, -1)
    return multiply(a, shifted(earlier, axis, 1))


def adjoint(matrix: Tensor) -> Any:
    """The conjugate transpose of matrices."""
    rank = matrix._value.ndim
    return OPS["transpose"].function(matrix, (*range(rank - 2), rank - 1, rank - 2), True)


def part_of_system(step: Step, matrix: Tensor, earlier: Tensor) -> Any:
    """The product of a coefficient of a triangular matrix with one of the solution."""
    below = (-1, 0) if step.params["lower"] else (0, -1)
    triangle = OPS["band_part"].function(matrix, *below)
    return OPS["matrix_product"].function(adjoint(triangle) if step.params["adjoint"] else triangle, earlier)


def part_of_square_system(step: Step, matrix: Tensor, earlier: Tensor) -> Any:
    """The product of a coefficient of a matrix with one of the solution."""
    return OPS["matrix_product"].function(adjoint(matrix) if step.params["adjoint"] else matrix, earlier)


def factor_of_square(step: Step) -> Finder:
    """`cholesky`, from out outᴴ = x: outₖ = out₀ Φ(out₀⁻¹ s out₀⁻ᴴ), Φ the triangle with half of the diagonal."""
    out, first = step.outs[0], step.outs[0].coefficients[0]
    product, band, solve = (OPS[name].function for name in ("matrix_product", "band_part", "triangular_solve"))

    def find(k: int) -> list[Coefficient]:
        known = step.coefficient(0, k)
        terms = [] if known is None else [OPS["multiply"].function(OPS["add"].function(known, adjoint(known)), 0.5)]
        for j in range(1, k):
            one, other = out.coefficient(j), out.coefficient(k - j)
            if one is not None and other is not None:
                terms.append(OPS["negative"].function(product(one, adjoint(other))))
        if not terms:
            return [None]
        inner = solve(first, adjoint(solve(first, total(terms))))
        half = OPS["multiply"].function(band(inner, 0, 0), 0.5)
        return [product(first, OPS["subtract"].function(band(inner, -1, 0), half))]

    return find


def root(step: Step) -> Finder:
    """`sqrt`, from out² = x; where the root is 0, what does not move has the derivative 0."""
    series, out = step.own[0], step.outs[0]
    assert series is not None
    select, xdivy = OPS["select"].function, OPS["xdivy"].function
    first = out.coefficients[0]
    positive = OPS["not_equal"].function(first, 0.0)
    double = OPS["add"].function(first, first)
    everywhere = type(positive) is Tensor and bool(positive._value.all())
    divisor = double if everywhere else select(positive, double, 1.0)

    def find(k: int) -> list[Coefficient]:
        right, others = series.coefficient(k), squared(out, k, 1)
        if others is not None:
            negative = OPS["negative"].function(others)
            right = negative if right is None else OPS["add"].function(right, negative)
        if right is None:
            return [None]
        quotient = OPS["truediv"].function(right, divisor)
        return [quotient if everywhere else select(positive, quotient, xdivy(right, double))]

    return find


def power(step: Step) -> Finder:
    """`pow`: a product where the exponent is a small number, else from out′ = out (y x′ / x + y′ log x).

    That needs a base and a result other than 0; where they may be 0, the operation's own rule knows what to do.
    """
    x, y = step.carried()
    base, exponent, out = step.heads[0], step.heads[1], step.outs[0].coefficients[0]
    multiply, frame = OPS["multiply"].function, step.frame
    if step.own[1] is None and type(exponent) is type(y) is Tensor and exponent._value.size == 1:
        factors = {1.0: [x], 2.0: [x, x], 3.0: [x, x, x], 4.0: [multiply(x, x)] * 2}.get(exponent._value.item())
        if factors is not None:
            product = spread(factors[0], step.outs[0].shape)
            for factor in factors[1:]:
                product = multiply(product, factor)
            return lambda k: [part(frame, product, k)]
    if type(base) is not Tensor or type(out) is not Tensor or not (well_off(base._value) and well_off(out._value)):
        return by_derivative(step)
    terms = []
    if step.own[0] is not None:
        terms.append(multiply(y, OPS["truediv"].function(make_tensor(frame.slope(step.own[0])), x)))
    if step.own[1] is not None:
        terms.append(multiply(make_tensor(frame.slope(step.own[1])), OPS["log_or_zero"].function(x)))
    slope = multiply(make_tensor(step.outs[0]), total(terms))
    return lambda k: [over(part(frame, slope, k - 1), k)]


def well_off(array: Any) -> bool:
    """True if all numbers are finite and none is 0 or has lost digits near 0."""
    size = np.abs(array)
    return bool(np.isfinite(size).all() and (size >= np.finfo(size.dtype).tiny).all())


def rewritten(expression: Callable[[Any, Any], Any]) -> Callable[[Step], Finder]:
    """Operations that are 0 where x is 0, whatever y is there: an expression which is as smooth elsewhere."""

    def rule(step: Step) -> Finder:
        x, y = step.carried()
        moves = OPS["not_equal"].function(x, 0.0)
        result = expression(OPS["keep"].function(x, moves), OPS["select"].function(moves, y, 1.0))
        return lambda k: [part(step.frame, result, k)]

    return rule


def applied(op: Op, tensors: list[Any], params: dict[str, Any]) -> Any:
    """Returns the results of an operation: by its fast path where nothing but the inputs has to be told."""
    return bind(op, tensors, params) if params or op.variadic or op.outputs else op.function(*tensors)


def part(frame: Any, tensor: Coefficient, k: int) -> Coefficient:
    """Returns the coefficient of order `k` of a tensor that may carry a series."""
    series: Line | None = None if tensor is None else frame.series_of(tensor)
    if series is not None:
        return series.coefficient(k)
    return None if k else tensor


def zeros(value: Any) -> Tensor:
    """Returns zeros of the shape and dtype of a value."""
    return make_tensor(np.zeros(value.shape, value.dtype))


def times(tensor: Coefficient, k: int) -> Coefficient:
    """Returns a coefficient times an integer."""
    return tensor if tensor is None or k == 1 else OPS["multiply"].function(tensor, float(k))


def over(tensor: Coefficient, k: int) -> Coefficient:
    """Returns a coefficient divided by an integer."""
    return tensor if tensor is None or k == 1 else OPS["truediv"].function(tensor, float(k))


FAMILIES: dict[str, Callable[[Step], Finder]] = {"linear": linear_in(), "bilinear": product_in()}
RULES: dict[str, Callable[[Step], Finder]] = {
    "add": sum_of,
    "add_n": sum_of_list,
    "cholesky": factor_of_square,
    "complex": linear_in(),
    "conj": linear_in(),
    "divide_no_nan": solution(part_of_quotient, "subtract"),
    "gated": linear_in("x"),
    "gated_between": linear_in("x"),
    "imaginary_part": linear_in(),
    "keep": linear_in("x"),
    "minus_at_label": linear_in("values"),
    "minus_of_label": linear_in("scores"),
    "multiply": product_in("x", "y"),
    "multiply_no_nan": product_in("x", "y"),
    "negative": linear_in(),
    "pow": power,
    "put_along": linear_in("x"),
    "ratio": solution(part_of_quotient, "subtract"),
    "real_part": linear_in(),
    "real_product": product_in("x", "y"),
    "recurrence": solution(part_of_recurrence, "add"),
    "scaled": product_in("x", "factor"),
    "select": linear_in("x", "y"),
    "sloped": linear_in("x"),
    "solve": solution(part_of_square_system, "subtract", factor=0),
    "sqrt": root,
    "square": square_of,
    "subtract": sum_of,
    "take_along": linear_in("x"),
    "tensor_scatter_nd_update": linear_in("tensor", "updates"),
    "triangular_solve": solution(part_of_system, "subtract", factor=0),
    "truediv": solution(part_of_quotient, "subtract"),
    "xdivy": rewritten(lambda x, y: OPS["truediv"].function(x, y)),
    "xlogy": rewritten(lambda x, y: OPS["multiply"].function(x, OPS["log"].function(y))),
    "xlog1py": rewritten(lambda x, y: OPS["multiply"].function(x, OPS["log1p"].function(y))),
}
