"""Laws of second derivatives, taken in each of the four orders: backwards and forwards, over backwards and forwards."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape._autodiff.accumulator import ForwardAccumulator
from gradtape._autodiff.tape import GradientTape
from gradtape._testing.cases import (
    BOUNDS,
    Case,
    central,
    dense,
    differentiable_results,
    directions,
    inner,
    is_inexact,
    magnitude,
    pulled,
    require,
    same_array,
    same_number,
    tensors_of,
    values_of,
    widened,
)

Arrays = list[Any]


def reverse_over_reverse(case: Case, cotangents: Arrays, weights: Arrays) -> Arrays:
    """The gradient of ⟨vjp, weights⟩: the Hessian of ⟨cotangents, f⟩ times `weights`, transposed."""
    tensors = tensors_of(case.arrays)
    sources = [tensors[k] for k in case.moving()]
    with GradientTape() as outer:
        outer.watch(sources)
        grads = pulled(case, tensors, tensors_of(cotangents))
    second = outer.gradient(grads, sources, tensors_of(weights), unconnected_gradients="zero")
    return values_of(map(dense, second))


def forward_over_reverse(case: Case, cotangents: Arrays, moves: Arrays) -> Arrays:
    """The tangent of the vjp: the Hessian of ⟨cotangents, f⟩ times `moves`."""
    tensors = tensors_of(case.arrays)
    with ForwardAccumulator([tensors[k] for k in case.moving()], tensors_of(moves)) as accumulator:
        grads = pulled(case, tensors, tensors_of(cotangents))
    return values_of(accumulator.jvp(grads, "zero"))


def reverse_over_forward(case: Case, cotangents: Arrays, moves: Arrays) -> Arrays:
    """The gradient of ⟨cotangents, jvp⟩: the Hessian of ⟨cotangents, f⟩ times `moves`."""
    tensors = tensors_of(case.arrays)
    sources = [tensors[k] for k in case.moving()]
    with GradientTape() as tape:
        tape.watch(sources)
        with ForwardAccumulator(sources, tensors_of(moves)) as accumulator:
            results = [each for each in case.run(tensors) if is_inexact(each)]
        tangents = accumulator.jvp(results, "zero")
    return values_of(map(dense, tape.gradient(tangents, sources, cotangents, unconnected_gradients="zero")))


def forward_over_forward(case: Case, moves: Arrays, others: Arrays) -> Arrays:
    """The second derivative of f in two directions."""
    tensors = tensors_of(case.arrays)
    sources = [tensors[k] for k in case.moving()]
    with ForwardAccumulator(sources, tensors_of(moves)) as outer:
        with ForwardAccumulator(sources, tensors_of(others)) as inside:
            results = [each for each in case.run(tensors) if is_inexact(each)]
        tangents = inside.jvp(results, "zero")
    return values_of(outer.jvp(tangents, "zero"))


def gradient_is_differentiable(case: Case, dtype: str) -> None:
    """Backwards over backwards: the derivative of the gradient is the gradient's finite difference."""
    positions = case.moving()
    if not positions:
        return
    cotangents = directions(differentiable_results(case), 7)
    weights = moving_directions(case, 8)
    second = reverse_over_reverse(case, cotangents, weights)
    if dtype == "float32":
        require(all(each.dtype == np.float32 for each in second), "the second derivative is not of float32")
        return

    def first(tensors: list[Any]) -> Arrays:
        return values_of(pulled(case, tensors, cotangents))

    size = magnitude(first(tensors_of(case.arrays)))
    moves = directions(case.arrays, 9)
    for k, grad in zip(positions, second, strict=True):
        difference = central(case, {k: moves[k]}, first, weights)
        what = f"the gradient's gradient for {case.input_name(k)}, along a direction, and the finite difference"
        same_number(inner([grad], [moves[k]]), difference, magnitude([grad * moves[k]]) + size, 1e-5, what)


def second_derivatives_commute(case: Case, dtype: str) -> None:
    """The Hessian of ⟨g, f⟩ is symmetric."""
    if not case.moving() or dtype != "float64":
        return
    cotangents = directions(differentiable_results(case), 10)
    one, two = moving_directions(case, 11), moving_directions(case, 12)
    first, second = (reverse_over_reverse(case, cotangents, each) for each in (one, two))
    what = "the Hessian between two directions, and between them the other way round"
    same_number(inner(first, two), inner(second, one), magnitude(first) + magnitude(second), 1e-9, what)


def gradient_can_be_pushed_forward(case: Case, dtype: str) -> None:
    """Forwards over backwards: the gradient's tangent is its finite difference, and the product of the Hessian."""
    positions = case.moving()
    if not positions:
        return
    cotangents, moves, weights = problem(case)
    pushed = forward_over_reverse(case, cotangents, moves)
    for k, each in zip(positions, pushed, strict=True):
        right = each.dtype == case.arrays[k].dtype and each.shape == case.arrays[k].shape
        require(right, f"the tangent of the gradient for {case.input_name(k)} is {each.dtype}{list(each.shape)}")
    along = inner(weights, pushed)
    if dtype == "float32":
        wide = case.widened()
        exact = forward_over_reverse(wide, *([widened(each) for each in part] for part in (cotangents, moves)))
        for k, a, b in zip(positions, pushed, exact, strict=True):
            same_array(
                a, b, 2e-3, f"the tangent of the gradient for {case.input_name(k)} in single and double precision"
            )
        return
    size = magnitude([a * b for a, b in zip(weights, pushed, strict=True)])
    product = reverse_over_reverse(case, cotangents, weights)
    what = "the gradient's tangent, along a direction, and the gradient of the gradient"
    same_number(along, inner(product, moves), size + magnitude(product), 1e-9, what)

    def first(tensors: list[Any]) -> Arrays:
        return values_of(pulled(case, tensors, cotangents))

    difference = central(case, dict(zip(positions, moves, strict=True)), first, weights)
    size += magnitude(first(tensors_of(case.arrays)))
    same_number(along, difference, size, 1e-5, "the gradient's tangent, along a direction, and the finite difference")


def tangent_is_differentiable(case: Case, dtype: str) -> None:
    """Backwards over forwards: the gradient of the tangent is the tangent of the gradient."""
    positions = case.moving()
    if not positions:
        return
    cotangents, moves, _ = problem(case)
    expected = forward_over_reverse(case, cotangents, moves)
    for k, a, b in zip(positions, reverse_over_forward(case, cotangents, moves), expected, strict=True):
        what = f"for {case.input_name(k)}, the gradient of the tangent, and the tangent of the gradient"
        require(a.dtype == b.dtype, f"{what} are of {a.dtype} and {b.dtype}")
        same_array(a, b, 10 * BOUNDS[dtype], what)


def tangent_can_be_pushed_forward(case: Case, dtype: str) -> None:
    """Forwards over forwards: in two directions, whichever comes first, and as the other orders say."""
    if not case.moving():
        return
    cotangents, moves, others = problem(case)
    one, two = forward_over_forward(case, moves, others), forward_over_forward(case, others, moves)
    for a, b, result in zip(one, two, differentiable_results(case), strict=True):
        right = a.dtype == result.dtype and a.shape == result.shape
        require(right, f"the second tangent is {a.dtype}{list(a.shape)}, the result {result.dtype}{list(result.shape)}")
        same_array(a, b, 10 * BOUNDS[dtype], "the tangent's tangent, and with the two directions exchanged")
    product = forward_over_reverse(case, cotangents, moves)
    size = magnitude([a * b for a, b in zip(cotangents, one, strict=True)]) + magnitude(product)
    what = "the tangent's tangent, along a cotangent, and the tangent of the gradient"
    same_number(inner(cotangents, one), inner(product, others), size, BOUNDS[dtype], what)


def problem(case: Case) -> tuple[Arrays, Arrays, Arrays]:
    """Returns cotangents, and two directions of the moving inputs: the same for the laws that compare two orders."""
    return directions(differentiable_results(case), 14), moving_directions(case, 15), moving_directions(case, 18)


def moving_directions(case: Case, seed: int) -> Arrays:
    """Returns a random direction for each moving input."""
    found = directions(case.arrays, seed)
    return [found[k] for k in case.moving()]


LAWS = (
    gradient_is_differentiable,
    second_derivatives_commute,
    gradient_can_be_pushed_forward,
    tangent_is_differentiable,
    tangent_can_be_pushed_forward,
)
