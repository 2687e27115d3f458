"""Rules for taking apart and putting together: what does one after the other does nothing."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape._core.op import OPS
from gradtape._executors.passes.sweep import Sweep
from gradtape._executors.program import Record, Spec

# Operations that do with each element of a stack what they do with those of its parts, to the last bit.
LIFTED = {
    "add", "maximum", "minimum", "multiply", "negative", "scaled", "square", "squared_difference", "subtract",
    "truediv",
}  # fmt: skip
FEWEST = 3


def stacked(sweep: Sweep, record: Record) -> tuple[int, ...] | None:
    """A stack of results of one operation is that operation on stacks."""
    found = joined(sweep, record)
    if found is not None:
        return found
    inputs, shape = record.inputs, sweep.specs[record.inputs[0]].shape
    makers = [sweep.makers.get(number) for number in inputs]
    first: Any = makers[0]
    if len(inputs) < FEWEST or first is None or first.op.name not in LIFTED or record.params["axis"] % (len(shape) + 1):
        return None
    if any(each is None or each.op is not first.op for each in makers):
        return None
    if any(sweep.uses[number] > 1 for number in inputs) or sweep.specs[first.inputs[0]].dtype.kind not in "iuf":
        return None
    columns = list(zip(*[each.inputs for each in makers if each is not None], strict=True))
    varying = [len(set(column)) > 1 for column in columns]
    if not any(varying) or any(len({sweep.specs[number].shape for number in column}) > 1 for column in columns):
        return None
    found = tuple(
        [
            stack_of(sweep, column, len(shape)) if each else column[0]
            for column, each in zip(columns, varying, strict=True)
        ]
    )
    sweep.keep(Record(first.op, found, record.outputs, first.params))
    return record.outputs


def stack_of(sweep: Sweep, numbers: tuple[int, ...], count: int) -> int:
    """Returns the number of the stack of values of one shape, each with `count` axes: a constant if they are."""
    shape = sweep.specs[numbers[0]].shape
    longer = (len(numbers), *(1,) * (count - len(shape)), *shape)
    arrays = [sweep.array(number) for number in numbers]
    if all(array is not None for array in arrays):
        return sweep.constant(np.stack(arrays).reshape(longer))
    number = sweep.new(Spec((len(numbers), *shape), sweep.specs[numbers[0]].dtype))
    record = Record(OPS["stack"], numbers, (number,), {"axis": 0})
    found = stacked(sweep, record)
    if found is None:
        sweep.keep(record)
        found = (number,)
    return found[0] if count == len(shape) else sweep.make("reshape", found, longer, shape=longer)


def joined(sweep: Sweep, record: Record) -> tuple[int, ...] | None:
    """All parts of a value in their order are the value; one alone is itself."""
    taking = "split" if record.op.name == "concat" else "unstack"
    whole = sweep.made_by(record.inputs[0], taking)
    if whole is not None and whole.outputs == record.inputs:
        shape = sweep.specs[record.outputs[0]].shape
        axis = record.params["axis"] % len(shape)
        if whole.params["axis"] % len(shape) == axis and sweep.specs[whole.inputs[0]].shape == shape:
            return whole.inputs
    return record.inputs if taking == "split" and len(record.inputs) == 1 else None


def taken(sweep: Sweep, record: Record) -> tuple[int, ...] | None:
    """What was put together is taken apart into what it was."""
    putting = "concat" if record.op.name == "split" else "stack"
    found = sweep.made_by(record.inputs[0], putting)
    count = len(sweep.specs[record.inputs[0]].shape)
    if found is None or found.params["axis"] % count != record.params["axis"] % count:
        return None
    same = [sweep.specs[number].shape for number in found.inputs] == [
        sweep.specs[number].shape for number in record.outputs
    ]
    return found.inputs if same else None


def part(sweep: Sweep, record: Record) -> tuple[int, ...] | None:
    """A part that is all of a value is the value; one of several that were stacked is that one."""
    source, key = record.inputs[0], record.params["key"]
    shape = sweep.specs[source].shape
    parts = key if type(key) is tuple else (key,)
    if all(type(each) is slice or each is Ellipsis for each in parts):
        whole = all(
            each is Ellipsis or each.indices(size) == (0, size, 1) for each, size in zip(parts, shape, strict=False)
        )
        return (source,) if whole and Ellipsis not in parts[:-1] else None
    found: Any = sweep.made_by(source, "stack")
    if found is not None and len(parts) == 1 and type(parts[0]) is int and found.params["axis"] % len(shape) == 0:
        return (found.inputs[parts[0]],)
    return None


RULES = {"concat": joined, "getitem": part, "split": taken, "stack": stacked, "unstack": taken}
