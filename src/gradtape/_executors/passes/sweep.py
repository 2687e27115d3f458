"""`Sweep`: one walk through a program from front to back in which a pass keeps, drops or replaces each record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from itertools import chain
from typing import Any

import numpy as np

from gradtape._core.op import OPS, Op
from gradtape._executors.program import Guard, Program, Read, Record, Spec

# What a pass does with a record: None keeps it, the numbers of equal values stand for its outputs from now on.
Step = Callable[[Record], "Iterable[int] | None"]


class Sweep:
    """The program that comes out of a walk, as far as it is written.

    Attributes:
        program: what is written.
        same: for the numbers of values that are gone, those of the values in their place.
        makers: by the number of a value, the record that makes it.
        uses: by the number of a value, how often it is used; a guide only.
    """

    def __init__(self, program: Program) -> None:
        self.program = program.copy()
        self.program.records = []
        self.same: dict[int, int] = {}
        self.makers: dict[int, Record] = {}
        self.uses = Counter(chain(program.outputs, *[record.inputs for record in program.records]))
        self.specs = self.program.specs
        self.constants = self.program.constants
        self._next = max(self.specs, default=-1) + 1

    def keep(self, record: Record) -> None:
        """Appends a record."""
        self.program.records.append(record)
        for number in record.outputs:
            self.makers[number] = record

    def new(self, spec: Spec) -> int:
        """Returns the number of a new value."""
        number, self._next = self._next, self._next + 1
        self.specs[number] = spec
        return number

    def constant(self, array: Any) -> int:
        """Returns the number of a new constant."""
        number = self.new(Spec(array.shape, array.dtype))
        self.constants[number] = array
        return number

    def make(self, name: str, inputs: tuple[int, ...], shape: tuple[int, ...], /, **params: Any) -> int:
        """Appends the record of an operation with one result, of the dtype of its first input; returns its number."""
        number = self.new(Spec(shape, self.specs[inputs[0]].dtype))
        self.keep(Record(OPS[name], inputs, (number,), params))
        return number

    def end(self, outputs: list[int]) -> None:
        """Sets the results: two that turned out to be one value, or to be what was given, are views of it."""
        self.program.outputs = []
        first: dict[int, int] = {}
        for number in outputs:
            now = self.same.get(number, number)
            own = now in self.makers and type(self.makers[now].op) is not Read
            if first.setdefault(now, number) != number or (now != number and not own):
                now = self.make("identity", (now,), self.specs[now].shape)
            self.program.outputs.append(now)

    def made_by(self, number: int, *names: str) -> Record | None:
        """Returns the record that makes a value if it is of one of these operations."""
        record = self.makers.get(number)
        return record if record is not None and type(record.op) is Op and record.op.name in names else None

    def array(self, number: int) -> Any:
        """Returns a constant's array, None for a value that is no constant or no array."""
        array = self.constants.get(number)
        return array if type(array) is np.ndarray else None

    def is_plain(self, record: Record) -> bool:
        """True for an operation on arrays of numbers that NumPy computes with."""
        numbers = (*record.inputs, *record.outputs)
        return type(record.op) is Op and all(self.specs[number].is_plain for number in numbers)


def swept(program: Program, start: Callable[[Sweep], Step]) -> Program:
    """Returns a program that a pass went through, with the branches of its guards.

    Args:
        program: which.
        start: makes of an empty sweep the function that is asked of each record.
    """
    sweep = Sweep(program)
    step, same = start(sweep), sweep.same
    for record in program.records:
        inputs = tuple([same.get(number, number) for number in record.inputs])
        if inputs != record.inputs:
            record = Record(record.op, inputs, record.outputs, record.params)
        if type(record.op) is Guard and record.op.branches:
            record = branched(record, lambda branch: swept(branch, start), sweep.constants)
        found = step(record)
        if found is None:
            sweep.keep(record)
        else:
            for number, now in zip(record.outputs, found, strict=True):
                if now != number:
                    same[number] = now
                    sweep.uses[now] += sweep.uses[number]
    sweep.end(program.outputs)
    return sweep.program


def branched(record: Record, rewrite: Callable[[Program], Program], constants: dict[int, Any]) -> Record:
    """Returns the record of a guard with rewritten branches; what is a constant here becomes one of theirs.

    Args:
        record: of the guard.
        rewrite: makes of a branch another one that takes the same inputs.
        constants: arrays by number, where the guard stands.
    """
    op: Any = record.op
    live = record.inputs[op.tested :]
    kept = [position for position, number in enumerate(live) if number not in constants]
    twin = Guard(op.name, op.test, op.tested, op.answer, op.where)
    for answer, branch in op.branches.items():
        branch = branch.copy()
        for number, given in zip(branch.inputs, live, strict=True):
            if given in constants:
                branch.constants[number] = constants[given]
        branch.inputs = [branch.inputs[position] for position in kept]
        twin.branches[answer] = rewrite(branch)
    return Record(twin, (*record.inputs[: op.tested], *[live[position] for position in kept]), (), record.params)
