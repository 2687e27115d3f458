"""Constant folding: what follows from constants alone is computed once, when a program is compiled."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from gradtape._core.op import Op
from gradtape._executors import interpreter
from gradtape._executors.passes.common import known_params
from gradtape._executors.passes.sweep import Step, Sweep, swept
from gradtape._executors.program import Guard, Program, Record, is_pure

# A result of more bytes is computed in each call, as is one that is so many times as large as what it is made of.
MOST_BYTES = 1 << 20
SMALL = 4096
MOST_TIMES = 4
# Operations whose result follows from the shape and the dtype of their input.
OF_FORM = {"ones_of", "zeros_of"}


def folded(program: Program) -> Program:
    """Returns a program in which what follows from constants is a constant, and a guard on constants is gone."""
    return swept(program, folding)


def folding(sweep: Sweep) -> Step:
    """Returns the function that makes constants of records."""
    constants = sweep.constants

    def step(record: Record) -> Iterable[int] | None:
        op: Any = record.op
        if type(op) is Guard:
            tested = record.inputs[: op.tested]
            answered = all(number in constants for number in tested) and is_answered(op, map(constants.get, tested))
            return () if answered else None
        if not is_pure(record) or known_params(record) is None:
            return None
        of_form = type(op) is Op and op.name in OF_FORM and sweep.is_plain(record)
        if not (of_form or all(sweep.array(number) is not None for number in record.inputs)):
            return None
        size = sum(sweep.specs[number].nbytes for number in record.outputs)
        given = sum(sweep.specs[number].nbytes for number in record.inputs)
        if size > MOST_BYTES or size > max(SMALL, MOST_TIMES * given) or any_text(sweep, record):
            return None
        found = result(
            record,
            [np.empty(sweep.specs[n].shape, sweep.specs[n].dtype) for n in record.inputs]
            if of_form
            else [constants[number] for number in record.inputs],
        )
        if found is None:
            return None
        return [sweep.constant(array) for array in found]

    return step


def result(record: Record, arrays: list[Any]) -> list[Any] | None:
    """Returns the results of a record for arrays; None where it raises an error or does not give arrays."""
    op: Any = record.op
    try:
        with np.errstate(all="ignore"):
            if type(op) is Op:
                found = interpreter.body(op, arrays, record.params)
            else:
                found = op.function(*arrays)
    except Exception:
        # The error belongs to the call.
        return None
    results = list(found) if op.outputs else [found]
    return results if all(type(each) is np.ndarray for each in results) else None


def is_answered(guard: Guard, arrays: Iterable[Any]) -> bool:
    """True if a guard on constants gets the answer that the program goes on with."""
    try:
        return bool(guard.test(*arrays) == guard.answer)
    except Exception:
        return False


def any_text(sweep: Sweep, record: Record) -> bool:
    """True if one of the results holds texts or other objects."""
    return any(sweep.specs[number].dtype.kind in "OSU" for number in record.outputs)
