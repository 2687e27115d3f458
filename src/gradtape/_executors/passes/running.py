"""Running sums: values along an axis that are added one by one are added in one go, in the same order."""

from __future__ import annotations

from collections import Counter
from itertools import chain
from typing import Any, NamedTuple

import numpy as np

from gradtape._core.op import Op
from gradtape._executors.passes.sweep import branched
from gradtape._executors.program import Call, Guard, Program, Record

# Fewer values are left as they are, and so are those of more bytes in all: they are put in one array first.
FEWEST, MOST_BYTES = 4, 1 << 24


class Running:
    """Adds to an array, or subtracts from it, the parts of another one along an axis, one after the other.

    Attributes:
        sign: 1 to add, -1 to subtract.
        axis: where the parts lie.
        rows: which of them, in their order: a slice.
    """

    __slots__ = ("axis", "rows", "sign")

    def __init__(self, sign: int, axis: int, rows: slice) -> None:
        self.sign = sign
        self.axis = axis
        self.rows = rows

    def __call__(self, total: Any, parts: Any) -> Any:
        rows = np.moveaxis(parts, self.axis, 0)[self.rows]
        line = np.empty((len(rows) + 1, *total.shape), total.dtype)
        line[0] = total
        if self.sign < 0:
            line[1:] = rows
        else:
            np.negative(rows, out=line[1:])
        # A difference is taken in the order in which the values stand; a sum NumPy may take in any.
        return np.asarray(np.subtract.reduce(line, axis=0))


class Part(NamedTuple):
    """A sum or a difference with a part of a value.

    Attributes:
        before: the number of what it goes on from.
        source: the number of the value that the part is of.
        kind: the sign, and the axis along which the parts lie.
        place: which part.
    """

    before: int
    source: int
    kind: tuple[int, int]
    place: int


def run_together(program: Program) -> Program:
    """Returns a program in which long sums of parts of one value are single steps."""
    result = program.copy()
    steps = parts_added(program)
    uses = Counter(chain(program.outputs, *[record.inputs for record in program.records]))
    # By the number of a step's result: how many steps lead there without a change of stride, and the stride.
    lengths: dict[int, tuple[int, int]] = {}
    followed: set[int] = set()
    for number, step in steps.items():
        lengths[number] = 1, 0
        before = steps.get(step.before)
        if before is None or uses[step.before] > 1 or before[1:3] != step[1:3]:
            continue
        count, stride = lengths[step.before]
        now = step.place - before.place
        if now and (count == 1 or now == stride):
            lengths[number] = count + 1, now
            followed.add(step.before)
    result.records = []
    for record in program.records:
        if type(record.op) is Guard and record.op.branches:
            record = branched(record, run_together, {})
        for number in record.outputs[:1]:
            if number in lengths and number not in followed and lengths[number][0] >= FEWEST:
                record = joined(record, steps, *lengths[number], program)
        result.records.append(record)
    return result


def parts_added(program: Program) -> dict[int, Part]:
    """Returns by the numbers of their results the sums and differences with a part of a value."""
    parts: dict[int, tuple[Record, int]] = {}
    found: dict[int, Part] = {}
    for record in program.records:
        if type(record.op) is not Op:
            continue
        if record.op.name == "unstack":
            parts.update({number: (record, place) for place, number in enumerate(record.outputs)})
        elif record.op.name in ("add", "subtract") and is_simple(record, program):
            sign = 1 if record.op.name == "add" else -1
            total, part = record.inputs
            if part not in parts and sign > 0:
                total, part = part, total
            if part in parts:
                maker, place = parts[part]
                axis = maker.params["axis"] % len(program.specs[maker.inputs[0]].shape)
                found[record.outputs[0]] = Part(total, maker.inputs[0], (sign, axis), place)
    return found


def is_simple(record: Record, program: Program) -> bool:
    """True for a record of arrays of numbers of one shape."""
    specs = [program.specs[number] for number in (*record.inputs, *record.outputs)]
    return all(each.is_plain and each.shape == specs[0].shape for each in specs)


def joined(record: Record, steps: dict[int, Part], count: int, stride: int, program: Program) -> Record:
    """Returns one record for the last `count` steps, which the record ends."""
    last = first = steps[record.outputs[0]]
    spec = program.specs[record.outputs[0]]
    if (count + 1) * spec.nbytes > MOST_BYTES:
        return record
    for _ in range(count - 1):
        first = steps[first.before]
    stop = last.place + (1 if stride > 0 else -1)
    sign, axis = last.kind
    call = Call("run_together", Running(sign, axis, slice(first.place, None if stop < 0 else stop, stride)), "pure")
    return Record(call, (first.before, last.source), record.outputs, {})
