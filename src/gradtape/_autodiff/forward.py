"""Tangents forwards through one operation: the derivative rules of each family, read in the other direction."""

from __future__ import annotations

from _thread import get_ident
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from gradtape._autodiff.backward import ARRAYS, BATCHES, TENSORS, GeneralRecord, Vocabulary, apply_rule
from gradtape._autodiff.batching import BatchTensor, Boundary, run_batched
from gradtape._autodiff.sweep import zeros_like
from gradtape._autodiff.tape import GradientTape
from gradtape._core.dispatch import bind
from gradtape._core.op import OPS, Op, Rule
from gradtape._core.tensor import Tensor, make_tensor
from gradtape._core.tracking import Tracks


def push_forward(
    op: Any, tensors: list[Tensor], params: dict[str, Any], outputs: list[Tensor], tangents: list[Tensor | None]
) -> list[Tensor | None]:
    """Returns the tangents of `outputs`, the results of `op` on `tensors`, for the inputs' tangents.

    Args:
        op: the operation.
        tensors: its inputs.
        params: its parameters, canonical.
        outputs: its results.
        tangents: for each input a tensor of its shape and dtype, or None for one that does not move.

    Returns:
        For each result a tensor of its shape and dtype, or None if no tangent reaches it.
    """
    if isinstance(op, Op) and (push := push_of(op, tuple([each is not None for each in tangents]))) is not None:
        words = vocabulary(tensors, tangents, outputs)
        if words is not TENSORS:
            try:
                value = push(words, values_of(tensors), values_of(tangents), values_of(outputs), params)
                return [make_tensor(each) for each in value] if op.outputs else [make_tensor(value)]
            except (RuntimeWarning, FloatingPointError):
                # The user's NumPy settings make errors of warnings: operations on tensors know what to do.
                pass
        found = push(TENSORS, tensors, tangents, outputs, params)
        return list(found) if isinstance(found, (list, tuple)) else [found]
    if isinstance(op, Boundary):
        return [op.function(tangents[0])] if tangents[0] is not None else [None]
    moving = [index if tangent is not None else None for index, tangent in enumerate(tangents)]
    if not op.variadic:
        moving = [i if i is not None and isinstance(op.rules[op.inputs[i]], Rule) else None for i in moving]
    if all(index is None for index in moving):
        return [None] * len(outputs)
    return transposed(op, GeneralRecord(op, moving, tensors, params, outputs), outputs, tangents, moving)


def values_of(tensors: Any) -> list[Any]:
    """Returns the values of tensors; None stays None."""
    return [None if tensor is None else tensor._value for tensor in tensors]


def vocabulary(*lists: Any) -> Vocabulary:
    """Returns what the rules are to run on: tensors where something follows one of those given here, else values."""
    batches, here = False, 0
    for tensors in lists:
        for tensor in tensors:
            if tensor is None:
                continue
            if type(tensor) is not Tensor:
                if type(tensor) is not BatchTensor:
                    return TENSORS
                batches = True
            if tensor._value.dtype.kind == "V":
                # The bodies have no arithmetic for bfloat16; the general door of the operations has.
                return TENSORS
            link = tensor._tape
            if link is not None and link.owner:
                here = here or get_ident()
                for tracker in link.entries if type(link) is Tracks else (link,):
                    if tracker.owner == here or tracker.owner == -here:
                        return TENSORS
    return BATCHES if batches else ARRAYS


Values = list[Any]
Params = dict[str, Any]
Push = Callable[[Vocabulary, Values, Values, Values, Params], Any]


@cache
def push_of(op: Op, moved: tuple[bool, ...]) -> Push | None:
    """Returns the function that pushes tangents of the inputs in `moved` through `op`, None where it has no short way.

    It takes the words to compute with, the inputs, the tangents, the results and the parameters, all as tensors
    or all as their values.
    """
    reached = [i for i, moves in enumerate(moved) if moves and (op.variadic or isinstance(rule_of(op, i), Rule))]
    if not reached:
        return None
    if op.family == "linear":
        return push_linear(op)
    if op.family == "bilinear":
        return push_bilinear(op, reached)
    if op.family == "elementwise" and op.holomorphic:
        return push_elementwise(op, reached)
    return None


def rule_of(op: Op, position: int) -> Any:
    """Returns the rule of the input at `position`."""
    return op.rules[op.inputs[position]]


def ran(words: Vocabulary, op: Op, inputs: list[Any], params: dict[str, Any]) -> Any:
    """Returns what an operation gives in these words."""
    if words is TENSORS:
        return bind(op, inputs, params)
    if words is BATCHES:
        return run_batched(op, inputs, params)
    return op.body(inputs, **params) if op.variadic else op.body(*inputs, **params)


def push_linear(op: Op) -> Push:
    """The tangent of a linear operation is what it makes of the tangent."""

    def push(words: Vocabulary, inputs: Values, tangents: Values, outputs: Values, params: Params) -> Any:
        if op.variadic:
            still = zeros_like if words is TENSORS else zeros_of_value
            moved = [still(x) if d is None else d for x, d in zip(inputs, tangents, strict=True)]
        else:
            moved = [x if d is None else d for x, d in zip(inputs, tangents, strict=True)]
            if 0 in moved[0].shape and not op.outputs:
                # What is linear makes 0 of nothing, also where the value of nothing is NaN, as that of a mean.
                return (zeros_like if words is TENSORS else zeros_of_value)(outputs[0])
        return ran(words, op, moved, params)

    return push


def zeros_of_value(value: Any) -> Any:
    """Returns zeros of the shape of one input; a batch of equal zeros is one."""
    return np.zeros(value.shape, value.dtype)


def push_bilinear(op: Op, reached: list[int]) -> Push:
    """The tangent of a product is the sum of the products with one factor replaced by its tangent."""

    def push(words: Vocabulary, inputs: Values, tangents: Values, outputs: Values, params: Params) -> Any:
        total = None
        for i in reached:
            term = ran(words, op, [*inputs[:i], tangents[i], *inputs[i + 1 :]], params)
            total = term if total is None else total + term
        return total

    return push


def push_elementwise(op: Op, reached: list[int]) -> Push:
    """The tangent of an elementwise operation: the rule for cotangents, which multiplies by the partial derivative."""
    steps = [(i, rule_of(op, i), [source(op, name) for name in rule_of(op, i).residuals]) for i in reached]

    def push(words: Vocabulary, inputs: Values, tangents: Values, outputs: Values, params: Params) -> Any:
        total, out = None, outputs[0]
        shape = shape_of(out)
        for i, rule, sources in steps:
            g = tangents[i]
            if value_of(g).shape != shape:
                g = spread(g, shape, words)
            term = words.rule(rule)(g, *[read(inputs, out, params) for read in sources])
            total = term if total is None else total + term
        return total

    return push


def source(op: Op, name: str) -> Callable[[Values, Any, Params], Any]:
    """Returns the function that finds what a rule calls `name` among the inputs, the result and the parameters."""
    if name == "out":
        return lambda inputs, out, params: out
    if name in op.inputs:
        position = op.inputs.index(name)
        return lambda inputs, out, params: inputs[position]
    if name in op.params:
        return lambda inputs, out, params: params[name]
    owner, _, what = name.rpartition("_")
    position = op.inputs.index(owner)
    if what == "shape":
        return lambda inputs, out, params: shape_of(inputs[position])
    return lambda inputs, out, params: value_of(inputs[position]).dtype


def shape_of(value: Any) -> tuple[int, ...]:
    """Returns the shape of a tensor or of a value."""
    shape: tuple[int, ...] = value_of(value).shape
    return shape


def value_of(value: Any) -> Any:
    """Returns the value of a tensor; a value itself is returned as it is."""
    return value._value if isinstance(value, Tensor) else value


def spread(tangent: Any, shape: tuple[int, ...], words: Vocabulary = TENSORS) -> Any:
    """Returns a tangent broadcast to the shape of the result."""
    if shape_of(tangent) == shape:
        return tangent
    op = OPS["broadcast_to"]
    return op.function(tangent, shape) if words is TENSORS else words.meaning(op)(tangent, shape)


def total(terms: list[Any]) -> Any:
    """Returns the sum of tensors."""
    result = terms[0]
    for term in terms[1:]:
        result = OPS["add"].function(result, term)
    return result


def transposed(
    op: Any, record: GeneralRecord, outputs: list[Tensor], tangents: list[Any], moving: list[int | None]
) -> list[Tensor | None]:
    """Returns the tangents of an operation with rules for cotangents only: those rules, linear in `g`, transposed."""
    # The gradient that a user gives may not be linear: TensorFlow takes the derivative of it at ones.
    g = [make_tensor((np.zeros if isinstance(op, Op) else np.ones)(o._value.shape, o._value.dtype)) for o in outputs]
    with GradientTape() as tape:
        tape.watch(g)
        if op.variadic:
            pulled = apply_rule(op, op.inputs[0], g if op.outputs else g[0], record, TENSORS)
        else:
            pulled = [
                None if index is None else apply_rule(op, name, g if op.outputs else g[0], record, TENSORS)
                for name, index in zip(op.inputs, moving, strict=True)
            ]
        dense = [each.dense() if hasattr(each, "dense") else each for each in pulled]
        reached = [
            (each, tangents[index])
            for each, index in zip(dense, moving, strict=True)
            if index is not None and each is not None
        ]
    if not reached:
        return [None] * len(outputs)
    targets, directions = zip(*reached, strict=True)
    # A user's gradient may not depend on its cotangent as far as operations show: that says nothing.
    missing = "zero" if isinstance(op, Op) else "none"
    found = tape.gradient(list(targets), g, output_gradients=list(directions), unconnected_gradients=missing)
    return [each.dense() if hasattr(each, "dense") else each for each in found]
