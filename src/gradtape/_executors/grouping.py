"""Groups of element-wise operations on large arrays, run by blocks: what is in between stays in the cache."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from gradtape._core.op import Op
from gradtape._executors.memory_plan import CONTIGUOUS, Plan, ufunc_of
from gradtape._executors.program import Call, Program, Read, Record, Spec

# Arrays of fewer bytes are done one operation after another: the cache holds some of them.
LARGE = 1 << 21
# The bytes of a block, a whole number of a processor's vectors.
BLOCK = 1 << 16
# More operations than this need too many blocks at once.
MOST = 64
# Stands for the result as it is so far.
OUT = -1

Step = tuple[Any, tuple[int, ...]]


class Group:
    """What the record of a group runs.

    Attributes:
        records: the operations, in order.
        steps: for each of them, the ufuncs that it is and the values that they are called with.
    """

    __slots__ = ("records", "steps")
    name = "group"
    outputs = True

    def __init__(self, records: list[Record], steps: list[list[Step]]) -> None:
        self.records = records
        self.steps = steps

    def __repr__(self) -> str:
        return f"<group of {', '.join(record.op.name for record in self.records)}>"


def steps_of(record: Record, program: Program) -> list[Step] | None:
    """Returns the ufuncs that an element-wise operation of numbers is, one after another; None for other operations."""
    op, inputs = record.op, record.inputs
    if not isinstance(op, Op) or op.variadic or op.outputs:
        return None
    ufunc = ufunc_of(op)
    if ufunc is not None:
        return [(ufunc, inputs)]
    if op.name not in COMPOSED or any(program.specs[number].dtype.char not in "fd" for number in inputs):
        return None
    if op.name == "pow":
        return power_steps(inputs, program)
    return COMPOSED[op.name](*inputs)


COMPOSED: dict[str, Any] = {
    "pow": None,
    "real_product": lambda x, y: [(np.multiply, (x, y))],
    "rsqrt": lambda x: [(np.sqrt, (x,)), (np.reciprocal, (OUT,))],
    "squared_difference": lambda x, y: [(np.subtract, (x, y)), (np.square, (OUT,))],
}


def power_steps(inputs: tuple[int, ...], program: Program) -> list[Step] | None:
    """Returns the ufuncs of a power: of large arrays, squares and cubes are products."""
    x, y = inputs
    if prod(program.specs[x].shape) <= 256 or program.specs[y].shape:
        return [(np.power, inputs)]
    if y not in program.constants:
        return None
    exponent = program.constants[y].item()
    if exponent == 3:
        return [(np.square, (x,)), (np.multiply, (OUT, x))]
    shortcut = {1.0: np.positive, 2.0: np.square}.get(exponent)
    return [(np.power, inputs) if shortcut is None else (shortcut, (x,))]


def spread_number(number: int, program: Program) -> Any:
    """Returns the number that a constant is full of, as an array without dimensions; None if it is no such constant."""
    array = program.constants.get(number)
    if type(array) is not np.ndarray or any(array.strides) or not array.size:
        return None
    return np.array(array[(0,) * array.ndim])


def is_large(spec: Spec) -> bool:
    """Whether blocks of a value could stay in the cache where the whole does not."""
    return spec.nbytes >= LARGE


def has_large(program: Program, records: list[Record]) -> bool:
    """Whether there is an operation that a group could be made with."""
    return any(is_large(program.specs[number]) for record in records for number in record.outputs[:1])


def grouped(program: Program, records: list[Record], plan: Plan, alone: set[int]) -> list[Record]:
    """Returns the records with groups in the place of element-wise operations on large arrays of one shape.

    What does not need a group's results comes before it, what needs them after it; guards and effects stay in place.

    Args:
        program: whose records they are.
        records: in the order in which they would run.
        plan: says how values lie in memory.
        alone: values whose operations stay as they are.
    """
    used: dict[int, int] = dict.fromkeys(program.outputs, 1)
    for record in records:
        for number in record.inputs:
            used[number] = used.get(number, 0) + 1
    return _grouped(program, records, plan, alone, used)


def _grouped(program: Program, records: list[Record], plan: Plan, alone: Any, used: dict[int, int]) -> list[Record]:
    result: list[Record] = []
    members: list[Record] = []
    steps: list[list[Step]] = []
    after: list[Record] = []
    made: set[int] = set()
    late: set[int] = set()

    def close() -> None:
        if members:
            result.extend(as_group(members, steps, used))
            result.extend(_grouped(program, after, plan, alone, used) if len(after) > 1 else after)
        for each in (members, steps, after, made, late):
            each.clear()

    for record in records:
        found = None if alone.intersection(record.outputs) else groupable(record, program, plan)
        shape = program.specs[record.outputs[0]].shape if found else None
        if found and (not members or program.specs[members[0].outputs[0]].shape == shape):
            if late.intersection(record.inputs) or len(members) >= MOST:
                close()
            members.append(record)
            steps.append(found)
            made.update(record.outputs)
        elif not is_movable(record):
            close()
            result.append(record)
        elif made.intersection(record.inputs) or late.intersection(record.inputs):
            after.append(record)
            late.update(record.outputs)
        else:
            result.append(record)
    close()
    return result


def is_movable(record: Record) -> bool:
    """Whether it does not matter when a record runs, once its inputs are there."""
    op = record.op
    return isinstance(op, Op | Read) or (isinstance(op, Call) and op.kind == "pure")


def groupable(record: Record, program: Program, plan: Plan) -> list[Step] | None:
    """Returns the steps of an operation on arrays of one large shape, or such and numbers; None for others."""
    if len(record.outputs) != 1:
        return None
    spec = program.specs[record.outputs[0]]
    values = (*record.inputs, *record.outputs)
    if plan.order_of(record.outputs[0]) != CONTIGUOUS or not any(is_large(program.specs[each]) for each in values):
        return None
    for number in values:
        given = program.specs[number]
        whole = given.shape == spec.shape and plan.order_of(number) == CONTIGUOUS
        if not given.is_plain or given.dtype.kind not in "fiub":
            return None
        if not whole and given.shape != () and spread_number(number, program) is None:
            return None
    return steps_of(record, program)


def as_group(records: list[Record], steps: list[list[Step]], used: dict[int, int]) -> list[Record]:
    """Returns the record of a group; the records themselves where no value stays inside."""
    inside: dict[int, int] = {}
    for record in records:
        for number in record.inputs:
            inside[number] = inside.get(number, 0) + 1
    made = {record.outputs[0] for record in records}
    outputs = tuple([r.outputs[0] for r in records if used.get(r.outputs[0], 0) > inside.get(r.outputs[0], 0)])
    if len(outputs) == len(records):
        return [*records]
    inputs = tuple([number for number in inside if number not in made])
    return [Record(Group([*records], [*steps]), inputs, outputs, {})]
