"""The seam to engines: an engine takes a lowered program and returns the function that runs it."""

from __future__ import annotations

from collections.abc import Callable
from types import CodeType
from typing import Any

import numpy as np

from gradtape._core.dispatch import explained
from gradtape._core.op import Op
from gradtape._core.own import is_own
from gradtape._core.tensor import make_tensor
from gradtape._executors import interpreter
from gradtape._executors.interpreter import Missed
from gradtape._executors.program import Call, Program, Record
from gradtape._executors.units import Unit

# A function of more steps takes longer to compile than it ever saves.
MOST_RECORDS = 20_000


def compiled(program: Program) -> Callable[[list[Any]], Any]:
    """Returns a function that takes arrays and returns the program that it came to the end of with its results' arrays.

    Where a guard gets an answer that it has no branch for, the function returns `Missed`. So it does, with no guard,
    where a step fails before anything outside of the program has been changed: the function is to run for real, and
    raises the error in its own words.
    """
    if len(program.records) > MOST_RECORDS:
        return lambda arrays: interpreter.run(program, arrays)
    codes: dict[CodeType, Unit] = {}

    def failed(error: Exception, arrays: list[Any], again: Callable[[list[Any]], Any]) -> Any:
        unit, record, changed, performed = place_of(error, codes)
        strict = isinstance(error, RuntimeWarning | FloatingPointError) and set(np.geterr().values()) != {"ignore"}
        if strict and not changed and not performed:
            # The user's NumPy settings or warning filters turn 1/0 into an error; TensorFlow gives inf.
            with np.errstate(all="ignore"):
                return again(arrays)
        if record is not None and isinstance(record.op, Call) and record.op.kind != "pure":
            raise error
        if not changed:
            return Missed(None, None, performed)  # type: ignore[arg-type]
        if unit is None or record is None or not isinstance(record.op, Op):
            raise error
        specs = [unit.program.specs[number] for number in record.inputs]
        tensors = [make_tensor(np.broadcast_to(np.zeros((), spec.dtype), spec.shape)) for spec in specs]
        reason = explained(record.op, tensors, record.params, error)
        raise reason from (error if is_own(record.op) and reason is not error else None)

    function: Callable[[list[Any]], Any] = Unit(program, codes, failed).function()
    return function


def place_of(error: Exception, codes: dict[CodeType, Unit]) -> tuple[Unit | None, Record | None, bool, list[Any]]:
    """Returns where an error comes from: the unit, the record, whether anything was changed before, what was drawn."""
    found: Unit | None = None
    record: Record | None = None
    performed: list[Any] = []
    changed = False
    trace = error.__traceback__
    while trace is not None:
        unit = codes.get(trace.tb_frame.f_code)
        if unit is not None:
            line = trace.tb_lineno
            found, record = unit, unit.where[line - 1]
            changed = changed or (unit.effects is not None and line >= unit.effects)
            performed = trace.tb_frame.f_locals.get("performed", performed)
        trace = trace.tb_next
    return found, record, changed, performed
