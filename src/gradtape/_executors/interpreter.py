"""The plain engine: runs a program record by record, and says at which guard it had to stop."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape._core import dispatch
from gradtape._core.op import Op
from gradtape._core.tensor import make_tensor
from gradtape._executors.program import Assign, Call, Guard, Program, Read


class Missed:
    """What a replay returns that came to a guard with an answer for which nothing was recorded.

    Attributes:
        guard, answer: the guard, and what it was answered; None for a step that failed.
        performed: the results of the `source` and `foreign` calls that were made until then, `Raised` for an error.
    """

    __slots__ = ("answer", "guard", "performed")

    def __init__(self, guard: Guard | None, answer: Any, performed: list[Any]) -> None:
        self.guard = guard
        self.answer = answer
        self.performed = performed


class Raised:
    """What stands among the results of calls for one that raised an error instead."""

    __slots__ = ("error",)

    def __init__(self, error: Exception) -> None:
        self.error = error


def run(program: Program, arrays: Any) -> Any:
    """Returns the lowered program that the way led to and its outputs' arrays, or `Missed`."""
    # The user's own settings may turn 1/0 into an error; TensorFlow gives inf.
    with np.errstate(all="ignore"):
        return run_branch(program, arrays, [])


def run_branch(program: Program, arrays: Any, performed: list[Any]) -> Any:
    """Returns the same of a program or a branch, with the results of calls that were made before."""
    values: dict[int, Any] = {**program.constants, **dict(zip(program.inputs, arrays, strict=True))}
    for record in program.records:
        op = record.op
        inputs = [values[number] for number in record.inputs]
        if type(op) is Guard:
            answer = op.test(*inputs[: op.tested])
            if answer != op.answer:
                branch = op.branches.get(answer)
                if branch is None:
                    return Missed(op, answer, performed)
                return run_branch(branch, inputs[op.tested :], performed)
            continue
        if isinstance(op, Read):
            found: Any = op.variable._value
        elif isinstance(op, Assign):
            op.variable._set(inputs[0].view())
            continue
        elif isinstance(op, Call):
            found = op.function(*inputs)
            if op.kind in ("source", "foreign"):
                performed.append(found)
        else:
            found = body(op, inputs, record.params)
        if isinstance(op, Op | Call) and op.outputs:
            values.update(zip(record.outputs, found, strict=True))
        elif record.outputs:
            values[record.outputs[0]] = found
    return program, [values[number] for number in program.outputs]


def body(op: Op, values: list[Any], params: dict[str, Any]) -> Any:
    """Returns the results of an operation on values, arrays or not."""
    if any(type(value) is not np.ndarray or value.dtype.kind == "V" for value in values):
        tensors = [make_tensor(value) for value in values]
        found = dispatch.run(op, tensors, params)
    else:
        found = op.body(values, **params) if op.variadic else op.body(*values, **params)
    if op.outputs:
        return found
    return np.asarray(found) if isinstance(found, np.generic) else found
