"""Loops of a function that is recorded: one turn is recorded by itself, and becomes one record where all are the same.

A turn runs for real, in a recorder of its own. Where it turns out that the turns are not the same, or do more than to
compute, what was recorded is moved to the program around, and the loop goes on there, one operation after the other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradtape._core.dispatch import bind
from gradtape._core.recorded import Recorded, Traced, out_of_scope
from gradtape._core.tensor import Tensor, make_tensor
from gradtape._core.tracking import RECORDING, live_trackers
from gradtape._executors.loop_operations import LOOP
from gradtape._executors.loops import Loop, pruned
from gradtape._executors.program import Record
from gradtape._executors.recorder import Recorder, array_of


class Unwound(BaseException):
    """Raised through a turn that cannot be moved to the program around."""


class Nested(Recorder):
    """Records one turn of a loop inside of another recording.

    Attributes:
        sources: the tensors of the program around that inputs stand for, by the numbers of these.
        used: those among them that the turn takes from around, in the order of their first use.
        strict: whether the turn is given up where it is not to be a turn of a loop.
        varies: whether it uses what another turn has left.
    """

    def __init__(self, parent: Recorder, before: Nested | None, strict: bool) -> None:
        super().__init__()
        self._parent = parent
        self.before = before
        self.strict = strict
        self.varies = False
        self.sources: dict[int, Tensor] = {}
        self.used: dict[Any, int] = {}

    @property
    def parent(self) -> Recorder:
        """The recorder of the program around."""
        while isinstance(self._parent, Nested) and self._parent.moved is not None:
            self._parent = self._parent._parent
        return self._parent

    def inside(self, other: Recorder) -> bool:
        """Whether what this records is part of what `other` does."""
        return self is other or self.parent.inside(other)

    def __enter__(self) -> Nested:
        self.outer = RECORDING.tapes, RECORDING.recorder
        self.enter(self)
        return self

    def __exit__(self, *error: object) -> None:
        tapes, _ = self.outer
        RECORDING.tapes = tapes
        self.enter(self.parent)

    def enter(self, recorder: Recorder) -> None:
        """Makes a recorder the one that records; tapes stay."""
        RECORDING.tapes = (recorder, *[each for each in RECORDING.tapes if not isinstance(each, Recorder)])
        RECORDING.recorder = recorder

    def stand_in(self, tensor: Tensor) -> Recorded:
        """Returns the tensor that stands for one of the program around; the same tapes follow it."""
        value = tensor._value
        twin = self.input(value.value if type(value) is Traced else value)
        self.sources[twin._value.number] = tensor
        twin._tape = tensor._tape
        if tensor._tape is not None:
            twin._index = tensor._index
        return twin

    def foreign(self, tensor: Any, value: Traced) -> int:
        """Returns the number of a value of another recording: of one around, as an input."""
        owner = value.recorder
        if owner.moved is not None:
            owner.move(value)
            return self.number_of(tensor)
        if not owner.open or RECORDING.recorder is None:
            raise out_of_scope(tensor)
        self.varies = self.varies or not self.inside(owner)
        link = tensor._tape
        index = None if link is None else tensor._index
        key = id(value), id(link), index if type(index) is int else id(index)
        if key not in self.used:
            self.used[key] = self.stand_in(tensor)._value.number
        return self.used[key]

    def move(self, value: Traced) -> None:
        """Makes a value that one that it has become in the program around."""
        numbers: Any = self.moved
        value.number, value.recorder = numbers[value.number], self.parent

    def dissolve(self) -> Recorder:
        """Moves what has been recorded to the program around, and returns the recorder that goes on."""
        if self.moved is not None:
            return self.parent
        if self.before is not None:
            self.before.dissolve()
        if self.strict:
            raise Unwound
        parent, program = self.parent, self.program
        numbers = {number: parent.number_of(tensor) for number, tensor in self.sources.items()}
        for number, array in program.constants.items():
            numbers[number] = parent.number_of(make_tensor(array))
        for number, spec in program.specs.items():
            if number not in numbers:
                numbers[number] = parent.program.new(spec)
        for op, inputs, outputs, params in program.records:
            new = [tuple([numbers[each] for each in part]) for part in (inputs, outputs)]
            parent.program.note(Record(op, new[0], new[1], params))
        parent.given.update({numbers[number]: value for number, value in self.given.items()})
        self.moved = numbers
        if RECORDING.recorder is self:
            self.enter(parent)
        return parent

    def call(self, name: str, function: Callable[..., Any], tensors: Any, kind: str, outputs: bool = False) -> Any:
        """Calls a Python function with the arrays of tensors and notes the call; see `Recorder.call`."""
        if kind == "pure":
            return super().call(name, function, tensors, kind, outputs)
        return self.dissolve().call(name, function, tensors, kind, outputs)

    def step(self, step: Any, traced: Traced) -> Traced:
        """Runs a step that is no operation but has a derivative, and notes it."""
        if self.moved is None:
            return super().step(step, traced)
        self.move(traced)
        found: Traced = traced.recorder.step(step, traced)
        return found

    def differentiates(self, tensors: list[Tensor]) -> bool:
        """Whether gradients may flow through a function of the user's; see `Recorder.differentiates`."""
        return self.dissolve().differentiates(tensors)

    def custom(self, name: str, pull: Any, inputs: list[Tensor], outputs: list[Any]) -> list[Any]:
        """Notes that tensors have a gradient of the user's own: the loop is none then, whose gradient is its turns'."""
        return self.dissolve().custom(name, pull, inputs, outputs)

    def read(self, variable: Any) -> Traced:
        """Returns the value of a variable, which is read before the loop."""
        return self.parent.read(variable)

    def initial(self, variable: Any, tensor: Any) -> Any:
        """Notes that a variable is made, and returns the array that it starts with."""
        return self.dissolve().initial(variable, tensor)

    def assign(self, variable: Any, tensor: Any) -> Any:
        """Gives a variable a value, and notes that; returns the array that it holds now."""
        return self.dissolve().assign(variable, tensor)

    def judge(self, name: str, test: Any, values: list[Traced]) -> Any:
        """Returns what `test` says of values; in a loop it has to say the same in every turn."""
        if self.strict and name in ("int", "value"):
            # What Python does with a number is hardly the same in every turn, and may not be done twice.
            self.dissolve()
        if self.moved is not None or not all(each.recorder is self for each in values):
            return self.dissolve().judge(name, test, values)
        return super().judge(name, test, values)

    def fail(self, reason: str) -> None:
        """Notes that the program around cannot be replayed."""
        self.parent.fail(reason)


class Turn:
    """One turn, recorded.

    Attributes:
        recorder: what recorded it.
        carry: what it gave for the next turn; what it was given where there was no turn any more.
        results: what it gave beside that.
        ran: whether there was a turn.
    """

    def __init__(self, recorder: Nested, carry: list[Any]) -> None:
        self.recorder = recorder
        self.carry = carry
        self.results: list[Any] = []
        self.ran = False
        self.holds: Any = None
        # Where in the program Python asks for the condition, and the record of the guard that says so.
        self.asking = 0
        self.asked: Any = None
        self.inputs: list[int] = []

    def record(self, step: Any, test: Any, rows: list[Tensor], always: bool = False) -> None:
        """Runs the turn if the condition holds, or always."""
        recorder = self.recorder
        with recorder:
            inputs = [recorder.stand_in(each) for each in self.carry]
            twins = [*zip(inputs, self.carry, strict=True)]
            parts = [recorder.stand_in(each) for each in rows]
            self.inputs = [each._value.number for each in (*inputs, *parts)]
            if test is not None:
                self.holds = test(inputs)
                self.asking = len(recorder.program.records)
                if not (self.holds or always):
                    return
                if len(recorder.program.records) > self.asking and recorder.moved is None:
                    self.asked = recorder.program.records[self.asking]
            self.carry, self.results = step(inputs, parts)
            self.ran = True
            around = {id(tensor._value) for number, tensor in recorder.sources.items() if number not in self.inputs}
            for twin, tensor in twins:
                if recorder.moved is None and twin._tape is not tensor._tape and id(tensor._value) in around:
                    # The turn watches what it also takes from around, which is the same tensor for Python.
                    raise Unwound

    def loop(self, count: int | None, rows: int, reverse: bool) -> Loop | None:
        """Returns the loop of turns as this, None if there is none of them."""
        recorder = self.recorder
        program = recorder.program
        many = len(self.inputs) - rows
        if not self.ran or recorder.moved is not None or recorder.varies or len(self.carry) != many:
            return None
        tensors = [*self.carry, *self.results]
        if not all(type(each) in (Tensor, Recorded) for each in tensors):
            return None
        if self.holds is not None and type(self.holds) is not Recorded:
            # Python says whether there is one more turn: who knows by what.
            return None
        outputs = [recorder.number_of(each) for each in tensors]
        asked = None if self.holds is None else recorder.number_of(self.holds)
        specs = program.specs
        before = [specs[number] for number in self.inputs[:many]]
        if before != [specs[number] for number in outputs[:many]]:
            return None
        if recorder.varies or any(not is_array(spec) for spec in specs.values()):
            return None
        used = [*recorder.used.values()]
        body = pruned(program, [*self.inputs, *used], outputs, self.asked)
        condition = None
        if asked is not None:
            first = program.copy()
            first.records = program.records[: self.asking]
            condition = pruned(first, [*self.inputs[:many], *used], [asked])
            body.records = [each for each in body.records if not among(each, first.records) or each.outputs]
        return Loop(body, condition, many, rows, count, reverse)

    def taken(self) -> list[Tensor]:
        """Returns the tensors of the program around that the turn uses."""
        return [self.recorder.sources[number] for number in self.recorder.used.values()]


def among(record: Any, records: list[Any]) -> bool:
    """Whether a record is one of several, that one itself."""
    return any(each is record for each in records)


def is_array(spec: Any) -> bool:
    """Whether a value is an array that a loop can carry: no batch, nothing of bfloat16."""
    return spec.what is None and spec.dtype.kind != "V"


def loop_of(
    step: Callable[[list[Any], list[Any]], tuple[list[Any], list[Any]]],
    test: Callable[[list[Any]], Any] | None,
    carry: list[Tensor],
    rows: list[Tensor],
    count: int | None,
    reverse: bool,
    strict: bool,
) -> tuple[bool, int, list[Any] | None, list[Any]] | None:
    """Records a loop as one step of the function that is recorded.

    Args:
        step: one turn: of the carry and of the rows of the turn, returns the next carry and the turn's results.
        test: says of the carry whether there is one more turn; None if it is their number that says so.
        carry: the first carry.
        rows: what is gone through row by row.
        count: the number of turns, at most where there is a condition; None if there is no limit.
        reverse: whether the rows are gone through from the last on.
        strict: whether turns are not to be taken over where they cannot be part of a loop.

    Returns:
        None where nothing was done. Else whether the condition says that the loop is over; how many turns were; the
        last carry, and the results of the turns, stacked. Where it is no step of its own: None for the carry, which is
        what the last turn gave, and a list of results for each turn.
    """
    parent: Recorder = RECORDING.recorder
    given = [*carry, *rows]
    if count == 0 or not all(type(each) in (Tensor, Recorded) for each in given):
        return None
    if any(type(array_of(each)) is not np.ndarray or array_of(each).dtype.kind == "V" for each in given):
        return None
    turns: list[Turn] = []
    try:
        found = turns_of(turns, step, test, carry, rows, count, reverse, strict, parent)
    except Unwound:
        return None
    except Exception:
        if strict:
            return None
        raise
    finally:
        for turn in turns:
            if turn.recorder.moved is None:
                turn.recorder.close()
    return found


def turns_of(
    turns: list[Turn], step: Any, test: Any, carry: list[Any], rows: list[Tensor], count: int | None,
    reverse: bool, strict: bool, parent: Recorder,
) -> Any:  # fmt: skip
    """Records two turns, and makes a loop of them if they are the same; notes them in `turns`. See `loop_of`."""
    now, over = carry, False
    loops: list[Loop | None] = []
    while len(turns) < 2 and (count is None or len(turns) < count):
        place = -1 - len(turns) if reverse else len(turns)
        parts = [each[place] for each in rows]
        turn = Turn(Nested(parent, turns[-1].recorder if turns else None, strict), now)
        turns.append(turn)
        turn.record(step, test, parts)
        now, over = turn.carry, not turn.ran
        if over:
            break
        loops.append(turn.loop(count, len(rows), reverse))
        if loops[-1] is None:
            break
    ran = [turn for turn in turns if turn.ran]
    if not ran:
        ran = tried(turns, step, test, carry, parent)
        loops = [turn.loop(count, 0, reverse) for turn in ran]
    same = bool(loops) and None not in loops and loops[-1] == loops[0]
    if same and len(ran) == 2:
        numbers = [[parent.number_of(each) for each in turn.taken()] for turn in ran]
        same = numbers[0] == numbers[1]
    loop = loops[0] if same else None
    if loop is not None and loop.reads and len(loops) == 1:
        # It was read once: nothing says that other turns have the same answer.
        loop = None
    if loop is not None:
        tensors = [*carry, *rows, *ran[0].taken()]
        try:
            found = bind(LOOP, tensors, {"loop": loop, "saving": bool(live_trackers(tensors))})
            number, done = found[-2], True
        except Exception:
            # An error in a later turn comes where the turn is run for real.
            done = False
        if done and loop.varies:
            done = number._value.read("turns", is_number) if type(number) is Recorded else number._value >= 0
        if done:
            return True, int(array_of(number)), found[: len(carry)], found[len(carry) : -2]
    ran = [turn for turn in turns if turn.ran]
    for turn in turns:
        turn.recorder.dissolve()
    return over, len(ran), None, [turn.results for turn in ran]


def tried(turns: list[Turn], step: Any, test: Any, carry: list[Any], parent: Recorder) -> list[Turn]:
    """Returns a turn that is recorded though the condition does not hold, in a list; none if that cannot be.

    So that a loop that has no turn now can have some in other calls. Nothing that a turn does is kept.
    """
    turn = Turn(Nested(parent, None, True), carry)
    try:
        turn.record(step, test, [], always=True)
    except (Exception, Unwound):
        return []
    finally:
        turn.recorder.close()
    return [turn]


def is_number(array: Any) -> bool:
    """Whether all turns of a loop went the way that is recorded."""
    return bool(array >= 0)
