"""Laws of the gradient and of the tangent: their form, their values, and what is kept for them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from gradtape._autodiff.backward import ARRAYS, TENSORS, GeneralRecord, pull_general, pull_part
from gradtape._autodiff.forward import push_forward
from gradtape._autodiff.tape import GradientTape
from gradtape._core.fast import STEPS
from gradtape._core.op import CUT, NOT_DIFFERENTIABLE, ZERO, Rule
from gradtape._core.tensor import Tensor, make_tensor
from gradtape._testing.cases import (
    BOUNDS,
    Case,
    central,
    differentiable_results,
    directions,
    inner,
    is_inexact,
    magnitude,
    pulled,
    records_of,
    require,
    results_of,
    same_array,
    same_number,
    tensors_of,
    values_of,
    widened,
)


def rules_give_cotangents(case: Case, dtype: str) -> None:
    """A rule returns a tensor of the shape and dtype that its input has, on tensors and on arrays."""
    op, positions = case.op, case.moving()
    if op is None or not positions:
        return
    tensors = tensors_of(case.arrays)
    outputs = case.run(tensors)
    if not outputs:
        return
    record = GeneralRecord(op, list(range(len(tensors))), tensors, case.params(), outputs)
    cotangents = directions(values_of(outputs), 19)
    for words, given in ((TENSORS, tensors_of(cotangents)), (ARRAYS, cotangents)):
        for name in op.inputs[:1] if op.variadic else [op.inputs[k] for k in positions]:
            rule = op.rules[name]
            if not isinstance(rule, Rule):
                continue
            residuals = [record.residual(each, words) for each in rule.residuals]
            with np.errstate(all="ignore"):  # as on the way back
                result = words.rule(rule)(given if op.outputs else given[0], *residuals)
            many = isinstance(result, (list, tuple))
            require(many == bool(op.variadic), f"the rule for {name!r} returned {'several results' if many else 'one'}")
            for k, each in enumerate(result if many else [result]):
                if each is not None or not many:
                    k = k if many else op.inputs.index(name)
                    # The engine sums what was broadcast.
                    shape = (outputs[0] if op.family == "elementwise" else tensors[k])._value.shape
                    wanted = f"{case.arrays[k].dtype}{list(shape)}"
                    fits_the_input(each, wanted, words is TENSORS, f"the rule for {case.input_name(k)}")


def fits_the_input(result: Any, wanted: str, on_tensors: bool, rule: str) -> None:
    """Raises AssertionError unless what a rule returned is a tensor, or an array, of the dtype and shape `wanted`."""
    require(result is not None, f"{rule} returned None: where the derivative is 0, declare the word ZERO")
    result = result.dense() if hasattr(result, "dense") else result
    told = "write it with gradtape's operations, so that it can be differentiated again"
    require(isinstance(result, Tensor) or not on_tensors, f"{rule} returned a {type(result).__name__}: {told}")
    result = getattr(result, "_value", result)
    form = f"{result.dtype}{list(result.shape)}"
    require(form == wanted, f"{rule} returned {form}; it has to be {wanted}")


def zero_is_the_derivative(case: Case, dtype: str) -> None:
    """An input whose rule is the word ZERO does not move the result."""
    op = case.op
    if op is None or op.variadic or dtype == "float32":
        return
    moves = directions(case.arrays, 20)
    for k, name in enumerate(op.inputs):
        if op.rules[name] is ZERO and case.arrays[k].dtype.kind in "fc":
            results = differentiable_results(case)
            found = central(case, {k: moves[k]}, lambda each: results_of(case, each), directions(results, 21))
            what = f"the derivative for {case.input_name(k)}, declared ZERO, and the finite difference"
            same_number(0.0, found, magnitude(results), 1e-6, what)


def gradient_has_the_input_s_shape_and_dtype(case: Case, dtype: str) -> None:
    """A gradient fits its input, whatever was broadcast."""
    positions = case.moving()
    cotangents = directions(differentiable_results(case), 2)
    for k, grad in zip(positions, pulled(case, tensors_of(case.arrays), cotangents), strict=True):
        name, array = case.input_name(k), case.arrays[k]
        form = f"{grad._value.dtype}{list(grad._value.shape)}"
        wanted = f"{array.dtype}{list(array.shape)}"
        require(form == wanted, f"the gradient for {name} is {form}, and the input {wanted}")


def gradient_is_linear_in_the_cotangent(case: Case, dtype: str) -> None:
    """The gradient for a sum of cotangents is the sum of the gradients."""
    positions = case.moving()
    if not positions:
        return
    results = differentiable_results(case)
    one, two = directions(results, 16), directions(results, 17)
    both = [(a - 3 * b).astype(a.dtype) for a, b in zip(one, two, strict=True)]
    grads = [values_of(pulled(case, tensors_of(case.arrays), each)) for each in (one, two, both)]
    for k, a, b, c in zip(positions, *grads, strict=True):
        what = f"the gradient for {case.input_name(k)} is not linear in g; that for a - 3b, and a's less 3 times b's"
        same_array(c, a - 3 * b, BOUNDS[dtype], what)


def vjp_is_the_finite_difference(case: Case, dtype: str) -> None:
    """The gradient along a random direction is a central difference of fourth order."""
    results = differentiable_results(case)
    cotangents = directions(results, 3)
    positions = case.moving()
    grads = values_of(pulled(case, tensors_of(case.arrays), cotangents))
    if dtype == "float32":
        # Differences are too coarse in single precision: the gradient has to be that of the same inputs in double.
        wide = case.widened()
        exact = values_of(pulled(wide, tensors_of(wide.arrays), [widened(each) for each in cotangents]))
        for k, a, b in zip(positions, grads, exact, strict=True):
            same_array(a, b, 5e-4, f"the gradient for {case.input_name(k)} in single and in double precision")
        return
    moves = directions(case.arrays, 4)
    for k, grad in zip(positions, grads, strict=True):
        difference = central(case, {k: moves[k]}, lambda each: results_of(case, each), cotangents)
        scale = magnitude([grad * moves[k]]) + magnitude(results)
        what = f"the gradient for {case.input_name(k)}, along a direction, and the finite difference"
        same_number(inner([grad], [moves[k]]), difference, scale, 1e-6, what)


def jvp_is_the_transposed_vjp(case: Case, dtype: str) -> None:
    """⟨g, J t⟩ = ⟨Jᵀ g, t⟩, and J t is the finite difference."""
    op, positions = case.op, case.moving()
    if op is None or not positions:
        return
    tensors = tensors_of(case.arrays)
    outputs = case.run(tensors)
    if not all(map(is_inexact, outputs)):
        return
    moves = directions(case.arrays, 5)
    tangents = [make_tensor(moves[k]) if k in positions else None for k in range(len(moves))]
    values, pushed = values_of(outputs), values_of(push_forward(op, tensors, case.params(), outputs, tangents))
    for a, b in zip(pushed, values, strict=True):
        form, wanted = f"{a.dtype}{list(a.shape)}", f"{b.dtype}{list(b.shape)}"
        require(form == wanted, f"the tangent is {form}, and the result {wanted}")
    cotangents = directions(values, 6)
    grads = values_of(pulled(case, tensors_of(case.arrays), cotangents))
    left, right = inner(cotangents, pushed), inner(grads, [moves[k] for k in positions])
    scale = magnitude([a * b for a, b in zip(cotangents, pushed, strict=True)]) + magnitude(grads)
    same_number(left, right, scale, BOUNDS[dtype], "the tangent along the cotangent, and the gradient along the move")
    if dtype != "float32":
        # The move is that of all inputs at once.
        together = {k: moves[k] for k in positions}
        total = central(case, together, lambda each: results_of(case, each), cotangents)
        same_number(left, total, scale + magnitude(values), 1e-6, "the tangent, and the finite difference")


def arrays_and_tensors_say_the_same(case: Case, dtype: str) -> None:
    """A rule gives the same gradient on arrays and on tensors."""
    if not case.moving():
        return
    cotangents = directions(differentiable_results(case), 13)
    on_arrays = pulled(case, tensors_of(case.arrays), cotangents)
    with GradientTape():
        on_tensors = pulled(case, tensors_of(case.arrays), cotangents)
    for k, a, b in zip(case.moving(), values_of(on_arrays), values_of(on_tensors), strict=True):
        what = f"the gradients for {case.input_name(k)} on arrays and on tensors"
        require(a.dtype == b.dtype, f"{what} are of {a.dtype} and {b.dtype}")
        same_array(a, b, BOUNDS[dtype], what)


def only_named_residuals_are_kept(case: Case, dtype: str) -> None:
    """A record holds the arrays that the rules of the tracked inputs name, and no other."""
    op = case.op
    if op is None or not case.moving():
        return
    tensors = tensors_of(case.arrays)
    with GradientTape() as tape:
        tape.watch([tensors[k] for k in case.moving()])
        outputs = case.run(tensors)
    named: set[int] = set()
    for k in case.moving():
        rule = op.rules[op.inputs[0 if op.variadic else k]]
        residuals = rule.residuals if isinstance(rule, Rule) else ()
        for each, tensor in zip(op.inputs, tensors, strict=False):
            if each in residuals:
                named |= {id(one._value) for one in (tensors if op.variadic else [tensor])}
        if "out" in residuals:
            named |= {id(output._value) for output in outputs}
    for record in records_of(tape):
        for part in arrays_in(record):
            require(id(part) in named, f"a record keeps an array of shape {part.shape} that no rule asks for")


def arrays_in(record: Any) -> Iterator[Any]:
    """Yields the arrays that a record keeps."""
    if record is None or record[0] is pull_part:
        return
    if record[0] is pull_general:
        for each in record[1].residuals.values():
            yield from values_of(each if isinstance(each, list) else [each])
        return
    step = STEPS[record[0]]
    laid_out = 1 + len(step.tracked) * (2 if step.unbroadcast else 1)
    require(len(record) == laid_out + len(step.residuals), "a record holds more than its layout")
    for name, part in zip(step.residuals, record[laid_out:], strict=True):
        if name in step.op.inputs or name == "out":
            yield part


def no_gradient_where_there_is_none(case: Case, dtype: str) -> None:
    """An input without a derivative has the gradient None."""
    if case.op is None:
        return
    for k, array in enumerate(case.arrays):
        name = case.op.inputs[0 if case.op.variadic else k]
        if case.op.rules[name] not in (NOT_DIFFERENTIABLE, CUT) or array.dtype.kind not in "fc":
            continue
        tensors = tensors_of(case.arrays)
        with GradientTape() as tape:
            tape.watch(tensors[k])
            results = case.run(tensors)
        found = tape.gradient(results, tensors[k])
        require(found is None, f"{case.input_name(k)} is {case.op.rules[name]!r}, and has the gradient {found}")


LAWS = (
    rules_give_cotangents,
    gradient_has_the_input_s_shape_and_dtype,
    gradient_is_linear_in_the_cotangent,
    vjp_is_the_finite_difference,
    jvp_is_the_transposed_vjp,
    arrays_and_tensors_say_the_same,
    only_named_residuals_are_kept,
    no_gradient_where_there_is_none,
    zero_is_the_derivative,
)
