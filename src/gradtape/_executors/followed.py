"""Calls that a tape follows: the tape is told one record, whose way back is a program of its own.

The program of the way back is recorded when it is first asked for: the operations of the call run once more under a
tape, on recorded tensors. From then on a call gives, beside its results, the values that the way back needs.
"""

from __future__ import annotations

from _thread import get_ident
from functools import cached_property
from operator import itemgetter
from typing import Any

from gradtape._core.calls import CallRecord
from gradtape._core.dispatch import bind
from gradtape._core.dtypes import is_differentiable
from gradtape._core.op import OPS, Op
from gradtape._core.slices import IndexedSlices
from gradtape._core.tensor import Tensor, make_tensor
from gradtape._core.tracking import RECORDING, TAPES, live_trackers
from gradtape._executors import engine
from gradtape._executors.interpreter import Missed
from gradtape._executors.loop_operations import saving
from gradtape._executors.lowering import branching, rest_of
from gradtape._executors.program import Call, Custom, Linear, Program, Read, Record
from gradtape._executors.recorder import Recorder, array_of, parts_of, places_of


class End:
    """What is known of one way through a function, from its beginning to its result.

    Attributes:
        way: all that is recorded of it, as one straight program.
        backs: the programs of the way back, by which results have cotangents.
    """

    def __init__(self, way: Program) -> None:
        self.way = way
        self.backs: dict[tuple[bool, ...], Back] = {}

    @cached_property
    def _outside(self) -> list[tuple[int, Any]]:
        """The numbers of what does not follow from the arguments, each with its variable or None."""
        return [
            (number, record.op.variable if isinstance(record.op, Read) else None)
            for record in self.way.records
            if isinstance(record.op, Read | Call) and not isinstance(record.op, Linear | Custom)
            for number in record.outputs
        ]

    @cached_property
    def given(self) -> list[int]:
        """The numbers of what does not follow from the arguments: variables that were read, numbers drawn."""
        return [number for number, _ in self._outside]

    @cached_property
    def variables(self) -> list[Any]:
        """For each of these the variable, or None."""
        return [variable for _, variable in self._outside]

    @cached_property
    def has_unknown(self) -> bool:
        """Whether there is a gradient of the user's own in it that has no program."""
        return any(isinstance(record.op, Custom) and record.op.back is None for record in self.way.records)

    @cached_property
    def moving(self) -> list[int]:
        """Which results can have cotangents, by position."""
        numbers, specs = self.way.outputs, self.way.specs
        return [place for place, number in enumerate(numbers) if is_differentiable(specs[number].dtype)]

    @cached_property
    def is_plain(self) -> bool:
        """Whether NumPy has arithmetic for all that cotangents go back to."""
        return all(self.way.specs[number].dtype.kind != "V" for number in [*self.way.inputs, *self.given])

    @cached_property
    def kept(self) -> list[int]:
        """The numbers of the values that a call has to give for the ways back."""
        return self.given

    def keep(self, pattern: tuple[bool, ...], back: Back) -> None:
        """Adds a program of the way back."""
        self.backs[pattern] = back
        self.kept = self.given + sorted({each for one in self.backs.values() for each in one.kept} - {*self.given})


class Back:
    """A program of the way back: its inputs are values of the way `kept`, and cotangents.

    Attributes:
        kept: the numbers of the values.
        replay: runs it.
        places: for each source, where among the results its cotangent is; for rows of a lookup a pair; None for none.
    """

    __slots__ = ("_taken", "kept", "places", "replay")

    def __init__(self, kept: list[int], program: Program, places: list[Any]) -> None:
        self.kept = kept
        self.places = places
        self.replay = engine.replay_of(program)
        self._taken: tuple[list[int], Any] | None = None

    def taken(self, numbers: list[int]) -> Any:
        """Returns what takes the values out of those that a call has kept; None if some are missing.

        Args:
            numbers: the numbers of those that it has kept, the same list for all calls of one program.
        """
        known = self._taken
        if known is None or known[0] is not numbers:
            places = {number: place for place, number in enumerate(numbers)}
            found: Any = None
            if all(number in places for number in self.kept):
                found = getter([places[number] for number in self.kept])
            known = self._taken = numbers, found
        return known[1]


def getter(places: list[int]) -> Any:
    """Returns a function that takes the items at some places out of a list."""
    if len(places) > 1:
        return itemgetter(*places)
    return lambda items: [items[place] for place in places]


def with_kept(program: Program) -> Program:
    """Returns a program that also gives what the ways back need, at the end of each branch."""
    result = program.copy()
    if result.end is not None:
        result.kept = result.end.kept
        result.outputs = result.outputs + result.kept
    for position, record in enumerate(result.records):
        branches = getattr(record.op, "branches", None)
        if branches:
            guard: Any = record.op
            kept = {answer: with_kept(branch) for answer, branch in branches.items()}
            result.records[position] = branching(guard, record.inputs[: guard.tested], kept)
    used = {*result.outputs}.union(*[record.inputs for record in result.records])
    result.records = [saving(each) if used.intersection(each.outputs[-1:]) else each for each in result.records]
    return result


def only_tape(tensors: list[Tensor], captured: list[Tensor]) -> Any:
    """Returns the one tape that follows a call, False where more than that does, None where nothing does.

    Args:
        tensors: the arguments.
        captured: what the function uses from outside; it runs eagerly where a tape follows some of it.
    """
    tapes = RECORDING.tapes
    if any(each._tape is not None for each in captured) and live_trackers(captured):
        return False
    if len(tapes) > 1 or any(type(each) is not Tensor for each in tensors):
        return False
    trackers = live_trackers(tensors)
    for tape in tapes:
        if tape not in trackers:
            trackers.append(tape)
    if not trackers:
        # A tape whose recording is stopped for a while may go on.
        return None
    if len(trackers) > 1 or trackers[0].records is None or trackers[0].owner != get_ident():
        return False
    return trackers[0]


def is_followed(tensors: list[Any]) -> bool:
    """True if an interpreter is to know of the operations on one of these tensors."""
    return any(type(each) is not Tensor for each in tensors) or bool(live_trackers(tensors))


def tell(tape: Any, name: str, end: End, tensors: list[Tensor], values: dict[int, Any], outputs: list[Any]) -> None:
    """Tells a tape of a call.

    Args:
        tape: which.
        name: the function's.
        end: the way that the call went.
        tensors: the arguments.
        values: the arrays of the way's values that are kept, by number.
        outputs: the results.
    """
    if not end.moving:
        return
    sources = [*tensors, *read_values(tape, end, values)]
    call = FollowedCall(end, end.moving, sources, values)
    if any(each._tape is not None for each in sources):
        moving = [outputs[place] for place in end.moving]
        tape.record(CallRecord(name, call.pull, whole=False), sources, {}, moving)


def read_values(tape: Any, end: End, values: dict[int, Any]) -> list[Tensor]:
    """Returns what a call read beside its arguments, as tensors; those of variables are the tape's."""
    read: list[Tensor] = []
    for number, variable in zip(end.given, end.variables, strict=True):
        tensor = make_tensor(values[number])
        index = None if variable is None else tape.position_of(variable)
        if index is not None:
            tensor._index, tensor._tape = index, tape
        read.append(tensor)
    return read


class FollowedCall:
    """One call that a tape knows: how cotangents go back through it."""

    __slots__ = ("end", "places", "sources", "values")

    def __init__(self, end: End, places: list[int], sources: list[Tensor], values: dict[int, Any]) -> None:
        self.end = end
        self.places = places
        self.sources = sources
        self.values = values

    def pull(self, g: list[Any]) -> list[Any]:
        """Returns the cotangents of the sources for those of the results; None for those that have none."""
        given = [each for each in g if each is not None]
        if RECORDING.tapes or RECORDING.recorder or any(type(each) is not Tensor for each in given):
            return self.through_operations(g)
        if self.end.has_unknown or live_trackers(given):
            return self.through_operations(g)
        pattern = tuple([each is not None for each in g])
        back = self.end.backs.get(pattern)
        if back is None or any(number not in self.values for number in back.kept):
            return self.recorded(g, pattern)
        arrays = [self.values[number] for number in back.kept] + [each._value for each in given]
        found = back.replay(arrays)
        if type(found) is Missed:
            return self.through_operations(g)
        _, results = found
        return [at_place(place, results) for place in back.places]

    def through_operations(self, g: list[Any], sources: list[Any] | None = None) -> list[Any]:
        """Returns the cotangents, the function's operations done again: whatever follows them, follows these."""
        with TAPES[0](watch_accessed_variables=False) as tape:
            before_all_maps(tape)
            # Tensors of their own, which no other tape has watched.
            inputs = [copied(each) for each in sources or self.sources]
            tape.watch(inputs)
            outputs = run_way(self.end.way, self.end.given, inputs)
        targets = [outputs[place] for place, each in zip(self.places, g, strict=True) if each is not None]
        seeds = [each for each in g if each is not None]
        return list(tape.gradient(targets, inputs, output_gradients=seeds))

    def recorded(self, g: list[Any], pattern: tuple[bool, ...]) -> list[Any]:
        """Returns the cotangents, and keeps the program that made them."""
        recorder = Recorder()
        with recorder:
            inputs: list[Any] = [recorder.input(each._value) for each in self.sources]
            with TAPES[0](watch_accessed_variables=False) as tape:
                before_all_maps(tape)
                tape.watch(inputs)
                outputs = run_way(self.end.way, self.end.given, inputs)
            start = len(recorder.program.records)
            seeds: list[Any] = [recorder.input(each._value) for each in g if each is not None]
            targets = [outputs[place] for place, each in zip(self.places, g, strict=True) if each is not None]
            found = list(tape.gradient(targets, inputs, output_gradients=seeds))
            program = recorder.program
            results = [part for each in found if each is not None for part in parts_of(each)]
            program.outputs = [recorder.number_of(each) for each in results]
            arrays = [array_of(each) for each in results]
            recorder.close()
        places = places_of(found)
        if recorder.failed is None:
            back = rest_of(program, start)
            numbers = self.numbers(program, start, inputs)
            own = [each._value.number for each in seeds]
            kept = [each for each in back.inputs if each not in own]
            if all(each in numbers for each in kept):
                back.inputs = [*kept, *own]
                self.end.keep(pattern, Back([numbers[each] for each in kept], back, places))
        return [at_place(place, arrays) for place in places]

    def numbers(self, program: Program, start: int, inputs: list[Any]) -> dict[int, int]:
        """Returns what the way calls the values that a program calls so, which runs the way's operations in order."""
        way = self.end.way
        names = dict(zip([each._value.number for each in inputs], [*way.inputs, *self.end.given], strict=True))
        again, varying = [], {*names.values()}
        for record in way.records:
            # What follows from constants alone is no record again.
            if not varying.isdisjoint(record.inputs):
                varying.update(record.outputs)
                if isinstance(record.op, Op | Linear):
                    again.append(record)
        for mine, its in zip(again, program.records[:start], strict=False):
            names.update(zip(its.outputs, mine.outputs, strict=True))
        return names


def before_all_maps(tape: Any) -> None:
    """Lets a tape take the maps of a way, which bear the levels that they were recorded with, for later ones."""
    tape._tape.born = -1


def copied(tensor: Tensor) -> Tensor:
    """Returns a tensor of the same value for a tape to watch; what follows the other is told."""
    if tensor._tape is None and type(tensor) is Tensor:
        return make_tensor(tensor._value.view())
    found: Tensor = OPS["identity"].function(tensor)
    return found


def run_way(way: Program, given: list[int], inputs: list[Any], known: dict[int, Any] | None = None) -> list[Any]:
    """Returns the results of a way's operations on tensors.

    Args:
        way: a straight program.
        given: the numbers of what does not follow from its inputs.
        inputs: the tensors of the inputs and of what is given; or
        known: all of them by number.
    """
    values: dict[int, Any] = {number: make_tensor(each) for number, each in way.constants.items()}
    values.update(known if known is not None else zip([*way.inputs, *given], inputs, strict=True))
    for record in way.records:
        op = record.op
        if isinstance(op, Op):
            found = bind(op, [values[number] for number in record.inputs], record.params)
            values.update(zip(record.outputs, found if op.outputs else [found], strict=True))
        elif isinstance(op, Custom):
            values.update(zip(record.outputs, with_gradient(op, values, record), strict=True))
        elif isinstance(op, Linear):
            values[record.outputs[0]] = op.step.function(values[record.inputs[0]])
    return [values[number] for number in way.outputs]


def with_gradient(step: Custom, values: dict[int, Any], record: Record) -> list[Any]:
    """Returns results of a function with a gradient of the user's own, of which what follows its inputs is told."""
    outputs = [make_tensor(values[number]._value) for number in record.inputs[: step.results]]
    arguments = [values[number] for number in record.inputs[step.results : step.results + step.arguments]]

    def pull(g: list[Any]) -> list[Any]:
        if step.back is None:
            return step.pull(g)
        inside = {**values, **dict(zip(step.seeds, g, strict=True))}
        found = run_way(step.back, [], [], inside)
        return [at_place(place, found) for place in step.places]

    for tracker in live_trackers(arguments):
        tracker.record(CallRecord(step.name, pull), arguments, {}, outputs)
    return outputs


def at_place(place: Any, tensors: Any) -> Any:
    """Returns the cotangent that stands at a place among tensors or arrays."""
    if place is None:
        return None
    if isinstance(place, tuple):
        first, shape = place
        return IndexedSlices(as_tensor(tensors[first]), as_tensor(tensors[first + 1]), shape)
    return as_tensor(tensors[place])


def as_tensor(value: Any) -> Tensor:
    """Returns a tensor as it is, an array as a tensor."""
    return value if isinstance(value, Tensor) else make_tensor(value)
