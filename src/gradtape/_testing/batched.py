"""Laws of batches: what is computed for many inputs at once is what a loop over them gives, derivatives too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradtape._autodiff.batching import vectorized_map
from gradtape._autodiff.tape import GradientTape
from gradtape._core.op import OPS
from gradtape._core.tensor import Tensor, make_tensor
from gradtape._testing.cases import (
    BOUNDS,
    Case,
    dense,
    differentiable_results,
    directions,
    is_inexact,
    pulled,
    require,
    same_array,
    tensors_of,
    values_of,
)  # fmt: skip

Tensors = list[Any]
# How many inputs a batch holds, and by how much they differ: they stay where the operation is smooth.
SIZE = 3
SPREAD = 0.01
# Of larger results, this many elements are enough to tell whether rows of a Jacobian are gradients.
ROWS = 6


def batches(case: Case, positions: list[int]) -> list[Any]:
    """Returns for each of the inputs at `positions` an array of several like it."""
    result, moving = [], case.moving()
    for k in positions:
        array = case.arrays[k]
        grows = array.dtype.kind in "fc" and (k in moving or not moving)
        parts = [array * (1 + SPREAD * i) if grows else array for i in range(SIZE)]
        result.append(np.stack(parts).astype(array.dtype))
    return result


def choices(case: Case) -> list[list[int]]:
    """Returns which inputs to batch: all of them together, and each by itself."""
    count = len(case.arrays)
    each = [[k] for k in range(count)] if count > 1 else []
    return [list(range(count)), *each]


def same_as_loop(case: Case, dtype: str, function: Callable[[Tensors], Tensors], positions: list[int]) -> None:
    """Requires that `function` of the inputs, mapped over batches of those at `positions`, gives what a loop gives."""
    stacked = batches(case, positions)

    def inputs(batched: Tensors) -> Tensors:
        tensors = tensors_of(case.arrays)
        for k, tensor in zip(positions, batched, strict=True):
            tensors[k] = tensor
        return tensors

    loop = [values_of(function(inputs(tensors_of([each[i] for each in stacked])))) for i in range(SIZE)]
    mapped = vectorized_map(lambda batched: function(inputs(batched)), tensors_of(stacked))
    for number, result in enumerate(mapped):
        expected = np.stack([each[number] for each in loop])
        what = f"the batch and the loop over inputs {positions}, result {number}"
        require(result._value.dtype == expected.dtype, f"{what}: of {result._value.dtype} and of {expected.dtype}")
        if expected.dtype.kind in "fc":
            same_array(result._value, expected, BOUNDS[dtype], what)
        else:
            require(np.array_equal(result._value, expected), f"{what} differ")


def batch_is_the_loop(case: Case, dtype: str) -> None:
    """The operation on a batch of inputs is the operation on each of them."""
    for positions in choices(case):
        same_as_loop(case, dtype, case.run, positions)


def batched_gradient_is_the_loop(case: Case, dtype: str) -> None:
    """So is its gradient, by a tape inside of what is mapped."""
    if case.moving():
        cotangents = directions(differentiable_results(case), 21)
        for positions in choices(case):
            same_as_loop(case, dtype, lambda tensors: pulled(case, tensors, tensors_of(cotangents)), positions)


def gradient_of_the_batch_is_the_sum(case: Case, dtype: str) -> None:
    """For a tape outside of what is mapped, an input that is one for all has the sum of the gradients."""
    moving = case.moving()
    stacked = tensors_of(batches(case, [0])) if case.arrays else []
    if not moving or len(case.arrays) < 2:
        return
    tensors = tensors_of(case.arrays)
    watched = [tensors[k] for k in moving if k]

    def mapped(first: Tensor) -> Tensors:
        return [each for each in case.run([first, *tensors[1:]]) if is_inexact(each)]

    with GradientTape(persistent=True) as tape:
        tape.watch([stacked[0], *watched])
        together = vectorized_map(mapped, stacked[0])
        rows = [OPS["getitem"].function(stacked[0], i) for i in range(SIZE)]
        alone = [OPS["stack"].function(each) for each in zip(*map(mapped, rows), strict=True)]
    cotangents = tensors_of(directions(values_of(alone), 22))
    sources = [stacked[0], *watched] if 0 in moving else watched
    found = tape.gradient(together, sources, cotangents, unconnected_gradients="zero")
    expected = tape.gradient(alone, sources, cotangents, unconnected_gradients="zero")
    for number, (one, other) in enumerate(zip(found, expected, strict=True)):
        same_array(dense(one)._value, dense(other)._value, BOUNDS[dtype], f"the gradient of source {number}")


def jacobian_is_the_loop(case: Case, dtype: str) -> None:
    """The rows of a Jacobian, found together, are the gradients of the elements of the result, one by one."""
    moving = case.moving()
    if moving:
        rows_are_gradients(case, dtype, lambda tensors: [each for each in case.run(tensors) if is_inexact(each)])


def hessian_is_the_loop(case: Case, dtype: str) -> None:
    """So are those of the Jacobian of a gradient: batched second derivatives."""
    if case.moving():
        cotangents = tensors_of(directions(differentiable_results(case), 23))
        rows_are_gradients(case, dtype, lambda tensors: pulled(case, tensors, cotangents))


def batched_hessian_is_the_loop(case: Case, dtype: str) -> None:
    """Second derivatives inside of what is mapped are those of each."""
    moving = case.moving()
    if not moving:
        return
    cotangents = directions(differentiable_results(case), 24)
    weights = directions([case.arrays[k] for k in moving], 25)

    def product(tensors: Tensors) -> Tensors:
        sources = [tensors[k] for k in moving]
        with GradientTape() as tape:
            tape.watch(sources)
            grads = pulled(case, tensors, tensors_of(cotangents))
        return [dense(each) for each in tape.gradient(grads, sources, tensors_of(weights), "zero")]

    same_as_loop(case, dtype, product, list(range(len(case.arrays))))


def rows_are_gradients(case: Case, dtype: str, function: Callable[[Tensors], Tensors]) -> None:
    """Requires that a Jacobian's rows are gradients, for each result of `function` and each moving input."""
    tensors = tensors_of(case.arrays)
    sources = [tensors[k] for k in case.moving()]
    with GradientTape(persistent=True) as tape:
        tape.watch(sources)
        results = function(tensors)
    for result in results:
        found = tape.jacobian(result, sources, unconnected_gradients="zero")
        value = result._value
        for row in list(np.ndindex(value.shape))[:ROWS]:
            unit = np.zeros(value.shape, value.dtype)
            unit[row] = 1
            grads = tape.gradient(result, sources, make_tensor(unit), unconnected_gradients="zero")
            for k, (whole, grad) in enumerate(zip(found, grads, strict=True)):
                what = f"row {list(row)} of the Jacobian for source {k}, and the gradient"
                same_array(whole._value[row], dense(grad)._value, BOUNDS[dtype], what)


LAWS = (
    batch_is_the_loop,
    batched_gradient_is_the_loop,
    gradient_of_the_batch_is_the_sum,
    jacobian_is_the_loop,
    hessian_is_the_loop,
    batched_hessian_is_the_loop,
)
