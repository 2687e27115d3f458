"""The fast path of operations on recorded tensors: as the one on plain tensors, with a record for the program.

The common case is the same: at most one tape follows the inputs, of which each is a recorded tensor, a plain one or a
number of Python's. What is not common returns None where `slow` asked, and goes on through the general door.
"""

from __future__ import annotations

from types import FunctionType
from typing import Any

import numpy as np

from gradtape._core.dispatch import fits
from gradtape._core.fast import STEPS, Step, compiled, expression, steps_of, supports
from gradtape._core.op import CUT, OPS, Op, direct
from gradtape._core.recorded import Recorded, Traced
from gradtape._core.tensor import Tensor
from gradtape._core.tracking import RECORDING
from gradtape._core.variable import Variable


class RecordedPull:
    """Stands in a tape's record for the way back through it; the record's residuals are tensors."""

    __slots__ = ("op",)

    def __init__(self, op: Op) -> None:
        self.op = op


def recorded_source(op: Op, steps: dict[tuple[str, ...], Step], numbers: bool) -> str:
    """Returns the source of the function that records an operation; with `numbers`, Python's may be inputs."""
    inputs, differentiable = op.inputs, op.differentiable
    arguments = ", ".join(op.signature)
    leave = f"return fallback({arguments})"
    lines = [f"def recorded({arguments}):", "    recorder = RECORDING.recorder"]

    def add(depth: int, *texts: str) -> None:
        lines.extend("    " * depth + text for text in texts)

    for position, n in enumerate(inputs):
        others = [other for other in inputs if other is not n]
        add(1, f"kind = type({n})", "if kind is Recorded:")
        add(2, f"{n}_traced = {n}._value", f"{n}_value, {n}_number = {n}_traced.value, {n}_traced.number")
        add(2, f"if {n}_traced.recorder is not recorder or type({n}_value) is not ndarray:", f"    {leave}")
        add(1, "elif kind is Tensor:")
        # Operations on constants alone are no part of the program.
        alone = " and ".join(f"type({other}) is not Recorded" for other in others) or "True"
        add(2, f"if recorder is None or {alone}:", f"    {leave}")
        add(2, f"{n}_value, {n}_number = {n}._value, recorder.number_of({n})")
        add(1, "elif kind is Variable and recorder is not None:")
        add(2, f"return again({', '.join(f'{each}._read()' if each == n else each for each in op.signature)})")
        if numbers:
            other = inputs[1 - position]
            scalar = f"recorder.scalar({n}, {other}._value.dtype)"
            add(1, f"elif (kind is float or kind is int) and type({other}) is Recorded and recorder is not None:")
            add(2, f"if not fits({n}, {other}._value.dtype.kind):", f"    {leave}")
            add(2, f"return again({', '.join(scalar if each == n else each for each in op.signature)})")
        add(1, "else:", f"    {leave}")
    leaders: dict[Any, str] = {}
    for position, n in enumerate(inputs):
        leader = leaders.setdefault(op.types[position], n)
        if leader is n:
            add(1, f"{n}_dtype = {n}_value.dtype", f"if {n}_dtype not in dtypes_{position}:", f"    {leave}")
        else:
            add(1, f"if {leader}_dtype is not {n}_value.dtype:", f"    {leave}")
    for n in differentiable:
        add(1, f"{n}_tape = {n}._tape", f"if {n}_tape is not None and not {n}_tape.owner:", f"    {n}_tape = None")
    if differentiable:
        first, second = f"{differentiable[0]}_tape", f"{differentiable[-1]}_tape"
        add(1, f"tape = {second} if {first} is None else {first}")
        add(1, "if tape is not None:", "    if tape.owner != recorder.thread:", f"        {leave}")
        if first != second:
            add(2, f"if {second} is not tape and {second} is not None:", f"    {leave}")
    add(1, "try:")
    add(2, *(f"{n} = as_{n}({n})" for n in op.params if n in op.as_params))
    call = ", ".join([f"{n}_value" for n in inputs] + [f"{n}={n}" for n in op.params])
    add(2, f"out = body({call})")
    add(1, "except Exception:", f"    {leave}")
    add(1, "if type(out) is not ndarray:", "    out = asarray(out)")
    add(1, "program = recorder.program", "number = program.next")
    add(1, "program.next = number + 1")
    params = "{" + ", ".join(f"'{n}': {n}" for n in op.params) + "}" if op.params else "NONE"
    numbers_of_inputs = ", ".join(f"{n}_number" for n in inputs)
    add(1, f"program.log.extend((op, {numbers_of_inputs}, number, out.shape, out.dtype, {params}))")
    add(1, "traced = Traced()", "traced.value = out", "traced.number = number", "traced.recorder = recorder")
    add(1, "result = Recorded()", "result._value = traced")
    if differentiable:
        add(1, "if tape is not None:")
        add(2, "records = tape.records", "result._tape = tape", "result._index = len(records)")
        add(2, *told(op, steps))
        add(2, "return result")
    add(1, "result._tape = None", "return result")
    return "\n".join(lines)


def told(op: Op, steps: dict[tuple[str, ...], Step]) -> list[str]:
    """Returns the lines that append the tape's record for the inputs that are tracked."""
    if CUT in op.rules.values():
        return ["records.append(None)"]
    if len(op.differentiable) == 1:
        return [f"records.append({tape_record(steps[op.differentiable])})"]
    x, y = op.differentiable
    return [
        f"if {y}_tape is None:",
        f"    records.append({tape_record(steps[x,])})",
        f"elif {x}_tape is None:",
        f"    records.append({tape_record(steps[y,])})",
        "else:",
        f"    records.append({tape_record(steps[x, y])})",
    ]


def tape_record(step: Step) -> str:
    """Returns the expression of a tape's record, in which inputs and the result are tensors."""
    parts = ["pull_" + "_".join(step.tracked)] + [f"{name}._index" for name in step.tracked]
    if step.unbroadcast:
        parts += [f"None if {name}_value.shape == out.shape else {name}_value.shape" for name in step.tracked]
    for residual in step.residuals:
        tensor = residual if residual in step.op.inputs else "result" if residual == "out" else None
        parts.append(tensor or expression(step.op, residual))
    return f"({', '.join(parts)})"


def nothing(*arguments: Any) -> None:
    """The answer to `slow` where a case is not the common one."""


def recorded_function(op: Op, fallback: Any = nothing) -> Any:
    """Returns the function that runs and records an operation; it leaves to `fallback` what is not common."""
    made = {f"{name}_{what}" for name in op.inputs for what in ("dtype", "number", "traced")}
    if not supports(op) or not TAKEN.isdisjoint(op.parameters) or not made.isdisjoint(op.parameters):
        return fallback
    steps = steps_of(op)
    namespace: dict[str, Any] = {
        "__name__": __name__,
        "NONE": {},
        "RECORDING": RECORDING,
        "Recorded": Recorded,
        "Tensor": Tensor,
        "Traced": Traced,
        "Variable": Variable,
        "asarray": np.asarray,
        "body": op.body if op.params else direct(op.body, len(op.inputs)),
        "fallback": fallback,
        "fits": fits,
        "ndarray": np.ndarray,
        "op": op,
    }
    for position in range(len(op.inputs)):
        namespace[f"dtypes_{position}"] = frozenset(each for each in op.types[position] if each.kind not in "cOV")
    namespace.update({f"as_{name}": convert for name, convert in op.as_params.items()})
    for tracked, step in steps.items():
        namespace["pull_" + "_".join(tracked)] = pull = RecordedPull(op)
        STEPS[pull] = step
    numbers = op.family == "elementwise" and len(op.inputs) == 2 and not op.params and op.matching == "strict"
    namespace["again"] = function = FunctionType(compiled(recorded_source(op, steps, numbers)), namespace, op.name)
    return function


# Names in the code of these functions, beside those that the plain fast path uses.
TAKEN = frozenset(
    {"NONE", "RECORDING", "Recorded", "Traced", "fallback", "fits", "kind", "number", "op", "program"}
    | {"recorder", "traced"}
)

OPERATORS = {
    "__add__": "add",
    "__sub__": "subtract",
    "__mul__": "multiply",
    "__truediv__": "truediv",
    "__neg__": "negative",
}


def install() -> None:
    """Sets the operators of recorded tensors that are used most; the others are those of tensors."""
    for method, name in OPERATORS.items():
        setattr(Recorded, method, recorded_function(OPS[name], getattr(Tensor, method)))
        if len(OPS[name].inputs) == 2:
            right = method.replace("__", "__r", 1)
            setattr(Recorded, right, reflected(OPS[name], getattr(Tensor, right)))


def reflected(op: Op, fallback: Any) -> Any:
    """Returns the method for an operator whose recorded tensor stands on the right."""
    function = recorded_function(op, lambda other, tensor: fallback(tensor, other))
    return lambda tensor, other: function(other, tensor)
