"""`Loop`: what the record of a loop runs, programs of one turn and of the condition, again and again on arrays."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from hashlib import blake2b
from typing import Any

import numpy as np

from gradtape._core.recorded import as_bool
from gradtape._executors import engine, interpreter
from gradtape._executors.interpreter import Missed
from gradtape._executors.lowering import lowered
from gradtape._executors.passes import optimized
from gradtape._executors.passes.common import known_params
from gradtape._executors.program import Call, Guard, Program

Rows = Callable[[int], list[Any]]


class Loop:
    """What a record of a loop runs.

    Each turn takes what the turn before has made, the carry; its rows of arrays; and what is the same in all turns. It
    gives the next carry and results, which are stacked.

    Attributes:
        body: the program of one turn: of the carry, the rows and the values used; its outputs are the next carry and
            the results of the turn.
        condition: the program that says whether there is one more turn, of the carry and the values used; None if it
            is their number that says so.
        carry: how many values the carry has.
        rows: how many arrays are gone through row by row.
        count: the number of turns; without limit if None.
        reverse: whether the rows are gone through from the last on.
    """

    def __init__(
        self, body: Program, condition: Program | None, carry: int, rows: int, count: int | None, reverse: bool = False
    ) -> None:
        self.body = body
        self.condition = condition
        self.carry = carry
        self.rows = rows
        self.count = count
        self.reverse = reverse
        # What its derivative is made of, when that has been asked for.
        self.linear: Any = None

    def __repr__(self) -> str:
        turns = "while" if self.condition else f"{self.count} turns"
        return f"<{turns} of {len(self.body.records)} steps, {self.digest}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Loop) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    @cached_property
    def digest(self) -> str:
        """Returns a word that is another for a loop of other steps."""
        parts = [text_of(self.body), self.condition and text_of(self.condition), self.carry, self.rows, self.count]
        return blake2b(repr((*parts, self.reverse)).encode(), digest_size=8).hexdigest()

    @property
    def programs(self) -> list[tuple[str, Program]]:
        """The programs, with what they are called where they are printed."""
        turn = [("turn", self.body)]
        return turn if self.condition is None else [("while", self.condition), *turn]

    @cached_property
    def varies(self) -> bool:
        """Whether a turn may take another way than the one that is recorded."""
        return bool(self.guards)

    @cached_property
    def reads(self) -> bool:
        """Whether Python has read values in the turn, beside whether a gradient is NaN and whether there is a turn."""
        return not {*self.guards} <= {"holds_nan", "turns"}

    @cached_property
    def guards(self) -> list[str]:
        """Returns what is asked in a turn."""
        programs = [self.body] if self.condition is None else [self.body, self.condition]
        return [record.op.name for program in programs for record in program.records if type(record.op) is Guard]

    @cached_property
    def turn(self) -> Callable[[list[Any]], Any]:
        """Runs one turn on arrays."""
        return runner(self.body)

    @cached_property
    def holds(self) -> Callable[[list[Any]], Any]:
        """Runs the condition on arrays."""
        return runner(self.condition or Program())

    def parts(self, values: list[Any]) -> tuple[list[Any], list[Any], list[Any]]:
        """Returns the carry, the arrays of rows and the values used, of all that a record of the loop is given."""
        first, second = self.carry, self.carry + self.rows
        return values[:first], values[first:second], values[second:]

    def specs(self) -> list[Any]:
        """Returns the specs of the results of one turn."""
        return [self.body.specs[number] for number in self.body.outputs]

    def run(
        self, turn: Any, carry: list[Any], rows: Rows, used: list[Any], count: int | None
    ) -> tuple[list[Any], list[list[Any]], int]:
        """Runs all turns.

        Args:
            turn: runs one of them; it may give more than the program `body` does.
            carry: the first carry, arrays.
            rows: returns the rows of a turn, by its place among them.
            used: the other arrays.
            count: the number of turns, None for any.

        Returns:
            The last carry, all that turns gave beside it, in the order of the turns, and their number; -1 if one took
            another way than the one that is recorded.
        """
        many, number = self.carry, 0
        kept: list[list[Any]] = []
        while count is None or number < count:
            if self.condition is not None:
                found = self.holds([*carry, *used])
                if found is None:
                    return carry, [], -1
                if not as_bool(found[0]):
                    break
            place = count - 1 - number if self.reverse and count is not None else number
            found = turn([*carry, *rows(place), *used])
            if found is None:
                return carry, [], -1
            carry, number = found[:many], number + 1
            kept.append(found[many:])
        return carry, kept, number

    def stacked(self, kept: list[list[Any]], position: int) -> Any:
        """Returns the results of turns at a position as one array, along a new first axis."""
        if kept:
            parts = [each[position] for each in kept]
            return np.stack(parts[::-1] if self.reverse else parts)
        spec = self.specs()[self.carry + position]
        return np.zeros((self.count or 0, *spec.shape), spec.dtype)


def runner(program: Program) -> Callable[[list[Any]], Any]:
    """Returns a function that runs a program on arrays, and returns None where it takes another way."""
    program = lowered(program)
    run = engine.compiled(optimized(program))

    def turn(arrays: list[Any]) -> Any:
        found = run(arrays)
        if type(found) is Missed:
            if found.guard is None:
                # An operation failed: the plain engine raises its error as it is.
                found = interpreter.run(program, arrays)
            if type(found) is Missed:
                return None
        return found[1]

    return turn


def text_of(program: Program) -> Any:
    """Returns what tells a program from others: its steps, the specs of its values and its constants."""
    steps = []
    for record in program.records:
        op = record.op
        how: Any = known_params(record) or record.params
        if isinstance(op, Guard):
            how = op.answer
        elif isinstance(op, Call):
            how = id(op.function)
        steps.append((op.name, record.inputs, record.outputs, repr(how)))
    constants = [(number, digest_of(each)) for number, each in program.constants.items()]
    specs = [(number, program.specs[number]) for number in (*program.inputs, *program.constants, *program.outputs)]
    return steps, constants, specs, program.inputs, program.outputs


def digest_of(array: Any) -> str:
    """Returns a word for the bytes of an array."""
    data = repr(array.tolist()).encode() if array.dtype.kind == "O" else array.tobytes()
    return blake2b(data, digest_size=16).hexdigest()


def pruned(program: Program, inputs: list[int], outputs: list[int], skipped: Any = None) -> Program:
    """Returns the part of a program that makes `outputs` of `inputs`, and the guards on that way but `skipped`."""
    result = program.copy()
    result.inputs, result.outputs, result.records = [*inputs], [*outputs], []
    needed = {*outputs}
    for record in reversed(program.records):
        if record is skipped or not (type(record.op) is Guard or needed.intersection(record.outputs)):
            continue
        needed.update(record.inputs)
        result.records.append(record)
    result.records.reverse()
    result.constants = {number: each for number, each in program.constants.items() if number in needed}
    numbers = needed.union(inputs, *[record.outputs for record in result.records])
    result.specs = {number: each for number, each in program.specs.items() if number in numbers}
    return result
