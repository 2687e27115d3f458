"""Tangents forwards through one operation: the derivative rules of each family, read in the other direction."""

from __future__ import annotations

from typing import Any

from gradtape._autodiff.backward import TENSORS, GeneralRecord, apply_rule
from gradtape._autodiff.batching import Boundary
from gradtape._autodiff.sweep import zeros_like
from gradtape._autodiff.tape import GradientTape
from gradtape._core.dispatch import bind
from gradtape._core.op import OPS, Op, Rule
from gradtape._core.tensor import Tensor


def push_forward(
    op: Any, tensors: list[Tensor], params: dict[str, Any], outputs: list[Tensor], tangents: list[Any]
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
    moving = [index if tangent is not None else None for index, tangent in enumerate(tangents)]
    if not op.variadic:
        moving = [i if i is not None and isinstance(op.rules[op.inputs[i]], Rule) else None for i in moving]
    if not any(index is not None for index in moving):
        return [None] * len(outputs)
    if isinstance(op, Boundary):
        return [op.function(tangents[0])]
    if op.family == "linear":
        still = [zeros_like(tensor) if op.variadic else tensor for tensor in tensors]
        moved = [other if tangent is None else tangent for tangent, other in zip(tangents, still, strict=True)]
        return as_list(bind(op, moved, params))
    if op.family == "bilinear":
        terms = [
            bind(op, [tangent if k == i else tensor for k, tensor in enumerate(tensors)], params)
            for i, tangent in enumerate(tangents)
            if tangent is not None and moving[i] is not None
        ]
        return [total(terms)]
    record = GeneralRecord(op, moving, tensors, params, outputs)
    if op.family == "elementwise" and op.holomorphic:
        shape = outputs[0]._value.shape
        terms = []
        for name, index in zip(op.inputs, moving, strict=True):
            rule = op.rules[name]
            if index is not None and isinstance(rule, Rule):
                residuals = [record.residual(each, TENSORS) for each in rule.residuals]
                terms.append(rule.function(spread(tangents[index], shape), *residuals))
        return [total(terms)]
    return transposed(op, record, outputs, tangents, moving)


def transposed(
    op: Op, record: GeneralRecord, outputs: list[Tensor], tangents: list[Any], moving: list[int | None]
) -> list[Tensor | None]:
    """Returns the tangents of an operation with rules for cotangents only: those rules, linear in `g`, transposed."""
    g = [zeros_like(output) for output in outputs]
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
        targets = [each for each, index in zip(dense, moving, strict=True) if index is not None]
    directions = [tangents[index] for index in moving if index is not None]
    return tape.gradient(targets, g, output_gradients=directions, unconnected_gradients="zero")


def spread(tangent: Any, shape: tuple[int, ...]) -> Any:
    """Returns a tangent broadcast to the shape of the result."""
    return tangent if tangent._value.shape == shape else OPS["broadcast_to"].function(tangent, shape)


def total(terms: list[Any]) -> Any:
    """Returns the sum of tensors."""
    result = terms[0]
    for term in terms[1:]:
        result = OPS["add"].function(result, term)
    return result


def as_list(result: Any) -> list[Any]:
    """Returns the results of an operation as a list."""
    return list(result) if isinstance(result, (list, tuple)) else [result]
