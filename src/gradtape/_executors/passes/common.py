"""Common subexpressions: what is computed twice is computed once, equal constants are one, a question is asked once."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Any

import numpy as np

from gradtape._core.dtypes import DType
from gradtape._core.op import Op
from gradtape._executors.passes.sweep import Step, Sweep, swept
from gradtape._executors.program import Guard, Program, Record, is_pure

# Constants of more bytes are not compared.
MOST_BYTES = 4096
# Operations for which the order of two real numbers does not matter, to the last bit.
COMMUTATIVE = {"add", "multiply", "real_product", "equal", "not_equal", "logical_and", "logical_or", "logical_xor"}


def without_repetition(program: Program) -> Program:
    """Returns a program that computes nothing twice."""
    return swept(program, shared)


def shared(sweep: Sweep) -> Step:
    """Returns the function that drops a record of which an equal one stands before it."""
    known: dict[Any, tuple[int, ...]] = {}
    merge_constants(sweep)

    def step(record: Record) -> Iterable[int] | None:
        op: Any = record.op
        if type(op) is Guard:
            key: Any = question(op, record.inputs[: op.tested])
        elif is_pure(record):
            inputs = record.inputs
            if type(op) is Op and op.name in COMMUTATIVE and sweep.specs[inputs[0]].dtype.kind in "biuf":
                inputs = tuple(sorted(inputs))
            params = known_params(record)
            if params is None:
                return None
            key = (op if type(op) is Op else (op.function, op.outputs), inputs, params)
        else:
            return None
        found = known.get(key)
        if found is None:
            known[key] = record.outputs
        return found

    return step


def merge_constants(sweep: Sweep) -> None:
    """Makes equal small constants one."""
    first: dict[Any, int] = {}
    for number, array in list(sweep.constants.items()):
        if type(array) is np.ndarray and array.dtype.kind in "biufc" and array.nbytes <= MOST_BYTES:
            found = first.setdefault((array.dtype, array.shape, array.tobytes()), number)
            if found != number:
                sweep.same[number] = found
                del sweep.constants[number]


def question(guard: Guard, inputs: tuple[int, ...]) -> Any:
    """Returns what a guard asks, as a key: the program goes on behind it for one answer only."""
    code = getattr(guard.test, "__code__", None)
    bound = getattr(guard.test, "__closure__", None) or getattr(guard.test, "__defaults__", None)
    return Guard, (guard.test if code is None or bound else code), guard.answer, inputs


def known_params(record: Record) -> Any:
    """Returns the parameters of a record as a key; None if one is not a plain value, as the body of a loop is none."""
    try:
        return tuple([(name, exact(value)) for name, value in record.params.items()])
    except TypeError:
        return None


def exact(value: Any) -> Any:
    """Returns a parameter as a key, equal for values that are the same in type and bits.

    Raises:
        TypeError: it is none of the values that have one.
    """
    kind = type(value)
    if value is None or value is Ellipsis or kind in (bool, int, str, bytes):
        return kind, value
    if kind is float:
        return kind, struct.pack("d", value)
    if kind is complex:
        return kind, struct.pack("dd", value.real, value.imag)
    if kind in (tuple, list):
        return kind, *map(exact, value)
    if kind is slice:
        return kind, exact(value.start), exact(value.stop), exact(value.step)
    if isinstance(value, np.ndarray | np.generic) and value.dtype.kind in "biufc" and value.nbytes <= MOST_BYTES:
        return kind, value.dtype, value.shape, value.tobytes()
    if isinstance(value, DType | np.dtype | np.ndarray):
        return kind, id(value)
    raise TypeError(value)
