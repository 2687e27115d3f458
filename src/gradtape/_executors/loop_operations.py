"""The operation that is a loop, and the one that is its way back: both run on arrays as one record of a program.

The way back of the first turn is recorded once, and divided into what belongs to the turn itself, whose values the loop
then keeps for it, and what follows from cotangents. Derivatives of the way back are those of two loops more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import numpy as np

from gradtape._core.batches import one_by_one
from gradtape._core.dispatch import bind
from gradtape._core.dtypes import is_differentiable
from gradtape._core.op import OPS, Op, Rule
from gradtape._core.tensor import Tensor, make_tensor
from gradtape._core.tracking import RECORDING, TAPES, live_trackers, performed
from gradtape._executors.loops import Loop, pruned, runner
from gradtape._executors.program import Call, Guard, Program, Record
from gradtape._executors.recorder import Recorder, array_of


def played(program: Program, tensors: list[Any]) -> list[Any]:
    """Returns the results of a program's operations on tensors, which are told to all that follows them."""
    values: dict[int, Any] = {number: make_tensor(each) for number, each in program.constants.items()}
    values.update(zip(program.inputs, tensors, strict=True))
    for record in program.records:
        op = record.op
        inputs = [values[number] for number in record.inputs]
        if isinstance(op, Op):
            params = {**record.params, "saving": bool(live_trackers(inputs))} if op is LOOP else record.params
            found = bind(op, inputs, params)
            values.update(zip(record.outputs, found if op.outputs else [found], strict=True))
        elif isinstance(op, Call):
            found = performed(op.name, op.function, inputs, op.kind, op.outputs)
            several = found if op.outputs else [found]
            made = [each if isinstance(each, Tensor) else make_tensor(each) for each in several]
            values.update(zip(record.outputs, made, strict=True))
        elif isinstance(RECORDING.recorder, Following):
            RECORDING.recorder.ask(op, inputs)
    return [values[number] for number in program.outputs]


class Following(Recorder):
    """Records derivatives: whether they are NaN is asked at the end of all turns, and nothing new is to be asked."""

    def ask(self, guard: Any, tensors: list[Any]) -> None:
        """Notes a guard of the turn itself."""
        numbers = tuple([self.number_of(each) for each in tensors[: guard.tested]])
        twin = Guard(guard.name, guard.test, guard.tested, guard.answer, guard.where)
        self.program.records.append(Record(twin, numbers, (), {}))

    def judge(self, name: str, test: Any, values: Any) -> Any:
        """Returns what `test` says of values."""
        if name == "holds_nan":
            return False
        self.fail("its derivative takes a way that follows from values")
        return super().judge(name, test, values)


class Linear:
    """One turn with what its way back needs, and that way: two programs.

    Attributes:
        forward: as the turn, with values for the way back as further outputs.
        backward: of cotangents of the carry and of the values used, summed so far; of the values that `forward` gave;
            of the cotangents of the turn's results; of the values used. Gives the cotangents of the carry and of the
            values used, and those of the turn's rows. None if the way follows from values.
        moving: the positions among the turn's inputs that have cotangents.
        results: the positions among its outputs that have some.
        still: the positions among the inputs, beside the carry, on which no result depends.
    """

    forward: Program
    backward: Program | None = None

    def __init__(self, loop: Loop, arrays: list[Any]) -> None:
        body = loop.body
        self.moving = moving_of([body.specs[number] for number in body.inputs])
        self.results = moving_of(loop.specs())
        recorder = Following()
        with recorder:
            inputs: list[Any] = [recorder.input(each) for each in arrays]
            sources = [inputs[place] for place in self.moving]
            with TAPES[0](watch_accessed_variables=False) as tape:
                tape.watch(sources)
                outputs = played(body, inputs)
            targets = [outputs[place] for place in self.results]
            seeds: list[Any] = [recorder.input(np.ones(each._value.shape, each._value.dtype)) for each in targets]
            found = tape.gradient(targets, sources, output_gradients=seeds) if targets else [None] * len(sources)
            own = dict(zip(self.moving, dense(found), strict=True))
            self.still = [place for place, each in own.items() if each is None and place >= loop.carry]
            sums: dict[int, Any] = {}
            for place in self.moving:
                if place >= loop.carry + loop.rows:
                    sums[place] = recorder.input(np.zeros(arrays[place].shape, arrays[place].dtype))
            given = dict(zip(self.results, seeds, strict=True))
            pulled = []
            for place in self.moving:
                before, g = sums.get(place), own[place]
                if before is None or g is None:
                    g = before if g is None else g
                else:
                    g = OPS["add"].function(before, g)
                pulled.append(make_tensor(np.zeros(arrays[place].shape, arrays[place].dtype)) if g is None else g)
            program = recorder.program
            numbers = {place: recorder.number_of(each) for place, each in zip(self.moving, pulled, strict=True)}
            made = [recorder.number_of(each) for each in outputs]
        if recorder.failed is None:
            cotangents = {place: each._value.number for place, each in given.items()}
            totals = {place: each._value.number for place, each in sums.items()}
            self.divide(loop, program, [each._value.number for each in inputs], cotangents, totals, numbers, made)
        recorder.close()

    def divide(
        self,
        loop: Loop,
        program: Program,
        inputs: list[int],
        given: dict[int, int],
        totals: dict[int, int],
        pulled: dict[int, int],
        made: list[int],
    ) -> None:
        """Divides a program into the turn and its way back.

        Args:
            loop: the loop.
            program: both.
            inputs: the numbers of the turn's inputs.
            given: of the cotangents of its results, by their positions.
            totals: of the sums of the values used, by the positions among the inputs.
            pulled: of the inputs' cotangents, by their positions.
            made: of the turn's results.
        """
        first, second = loop.carry, loop.carry + loop.rows
        behind, varying = {*given.values(), *totals.values()}, {*inputs[:second]}
        for record in program.records:
            for known in (behind, varying):
                if not known.isdisjoint(record.inputs):
                    known.update(record.outputs)
        outputs = [pulled[place] for place in self.moving if place < first or place >= second]
        outputs += [pulled[place] for place in self.moving if first <= place < second]
        used = {
            number for record in program.records if not behind.isdisjoint(record.outputs) for number in record.inputs
        }
        residuals = sorted((used | {*outputs}) & (varying - behind))
        carried = [given[place] for place in self.results if place < first] + [*totals.values()]
        rows = residuals + [given[place] for place in self.results if place >= first]
        self.forward = pruned(program, inputs, made + residuals)
        self.backward = without(program, residuals)
        self.backward = pruned(self.backward, carried + rows + inputs[second:], outputs)
        self.sizes = len(carried), len(rows)
        self.loop = loop
        self.known: dict[int | None, tuple[Loop, Loop]] = {}
        self.back = self.loops(None)[1]

    def loops(self, count: int | None) -> tuple[Loop, Loop]:
        """Returns the two programs as loops of so many turns."""
        if count not in self.known:
            loop, back = self.loop, self.backward or Program()
            there = Loop(self.forward, None, loop.carry, loop.rows, count, loop.reverse)
            self.known[count] = there, Loop(back, None, *self.sizes, count, not loop.reverse)
        return self.known[count]

    @cached_property
    def turn(self) -> Callable[[list[Any]], Any]:
        """Runs `forward` on arrays."""
        return runner(self.forward)


def without(program: Program, made: list[int]) -> Program:
    """Returns a program without the records of values that are given, and without guards."""
    result = program.copy()
    result.records = [record for record in program.records if record.outputs and not {*record.outputs} & {*made}]
    return result


def moving_of(specs: list[Any]) -> list[int]:
    """Returns the positions of values that can have cotangents."""
    return [place for place, spec in enumerate(specs) if is_differentiable(spec.dtype)]


def dense(found: Any) -> list[Any]:
    """Returns cotangents as tensors, rows of lookups in their places."""
    return [each.dense() if hasattr(each, "dense") else each for each in found]


def linear_of(loop: Loop, arrays: list[Any]) -> Any:
    """Returns the turn of a loop and its way back, recorded on the arrays of one turn; None if it follows from them."""
    if loop.linear is None:
        loop.linear = Linear(loop, arrays)
    return loop.linear if loop.linear.backward is not None else None


def saving_turn(loop: Loop) -> Callable[[list[Any]], Any]:
    """Returns the function that runs a turn and gives what its way back needs."""

    def turn(arrays: list[Any]) -> Any:
        linear = linear_of(loop, arrays)
        return (loop.turn if linear is None else linear.turn)(arrays)

    return turn


def row_of(arrays: list[Any]) -> Callable[[int], list[Any]]:
    """Returns the function that takes the rows of arrays at a place."""
    return lambda place: [array[place, ...] for array in arrays]


class History:
    """What the turns of a loop kept for the way back, in an array's place: for each turn a list of arrays."""

    __slots__ = ("turns",)

    def __init__(self, turns: list[list[Any]] | None) -> None:
        self.turns = turns


def run_loop(arrays: list[Any], loop: Loop, saving: bool = False) -> list[Any]:
    """Runs a loop.

    Args:
        arrays: its carry, its arrays of rows, and the values used.
        loop: which.
        saving: whether to keep what the way back needs.

    Returns:
        The last carry; the turns' results, stacked; the number of turns, -1 if one took another way than the one that
        is recorded; and what the way back needs, in an array without dimensions.
    """
    carry, rows, used = loop.parts(arrays)
    turn = saving_turn(loop) if saving else loop.turn
    last, kept, number = loop.run(turn, carry, row_of(rows), used, loop.count)
    results = len(loop.body.outputs) - loop.carry
    stacks = [loop.stacked(kept, position) for position in range(results)]
    complete = saving and number >= 0 and (not number or loop.linear.backward is not None)
    history = [each[results:] for each in kept] if complete else None
    return [*last, *stacks, np.array(number, np.int32), np.array(History(history), object)]


def run_back(arrays: list[Any], loop: Loop) -> list[Any]:
    """Runs the way back through a loop.

    Args:
        arrays: what the loop was given; what it kept; the cotangents of its results that can have some.
        loop: which.

    Returns:
        The cotangents of what it was given that can have some.
    """
    inputs = len(loop.body.inputs)
    given, history, g = arrays[:inputs], arrays[inputs].item().turns, arrays[inputs + 1 :]
    carry, rows, used = loop.parts(given)
    results = len(loop.body.outputs) - loop.carry
    if history is None:
        _, kept, _ = loop.run(saving_turn(loop), carry, row_of(rows), used, loop.count)
        history = [each[results:] for each in kept]
        if kept and loop.linear.backward is None:
            with unrecorded():
                found = unrolled(loop, [*map(make_tensor, given)], [*map(make_tensor, g)])
            return [each._value for each in found]
    count = len(history)
    split = len(moving_of(loop.specs()[: loop.carry]))
    moving = moving_of([loop.body.specs[number] for number in loop.body.inputs])
    sums = [np.zeros(given[place].shape, given[place].dtype) for place in moving if place >= loop.carry + loop.rows]
    turns: list[list[Any]] = []
    last = [*g[:split], *sums]
    if count:
        back = loop.linear.back
        rows_of_g = row_of(g[split:])

        def both(place: int) -> list[Any]:
            return [*history[count - 1 - place if loop.reverse else place], *rows_of_g(place)]

        last, turns, _ = back.run(back.turn, last, both, used, count)
    places = [place for place in moving if loop.carry <= place < loop.carry + loop.rows]
    if turns:
        stacks = [back.stacked(turns, position) for position in range(len(places))]
    else:
        stacks = [np.zeros(given[place].shape, given[place].dtype) for place in places]
    return [*last[:split], *stacks, *last[split:]]


@contextmanager
def unrecorded() -> Iterator[None]:
    """A block in which nothing is recorded."""
    kept = RECORDING.tapes, RECORDING.recorder, RECORDING.maps
    RECORDING.tapes, RECORDING.recorder, RECORDING.maps = (), None, ()
    try:
        yield
    finally:
        RECORDING.tapes, RECORDING.recorder, RECORDING.maps = kept


def copied(tensors: list[Any]) -> list[Any]:
    """Returns tensors of the same values that no other tape has watched; what follows the others is told."""
    return [OPS["identity"].function(each) if is_differentiable(each._value.dtype) else each for each in tensors]


def in_operations(loop: Loop, tensors: list[Any]) -> list[Any]:
    """Returns the last carry and the stacked results of a loop, one operation after the other."""
    carry, rows, used = loop.parts(tensors)
    kept: list[list[Any]] = []
    while loop.count is None or len(kept) < loop.count:
        if loop.condition is not None and not bool(played(loop.condition, [*carry, *used])[0]):
            break
        place = loop.count - 1 - len(kept) if loop.reverse and loop.count is not None else len(kept)
        found = played(loop.body, [*carry, *[OPS["getitem"].function(row, place) for row in rows], *used])
        carry = found[: loop.carry]
        kept.append(found[loop.carry :])
    if loop.reverse:
        kept.reverse()
    if kept:
        return [*carry, *[OPS["stack"].function(list(column)) for column in zip(*kept, strict=True)]]
    return [*carry, *[make_tensor(loop.stacked([], k)) for k in range(len(loop.body.outputs) - loop.carry)]]


def unrolled(loop: Loop, tensors: list[Any], g: list[Any]) -> list[Any]:
    """Returns the cotangents of what a loop was given, one operation after the other; those that there can be."""
    inputs = copied(tensors)
    sources = [inputs[place] for place in moving_of([each._value for each in inputs])]
    with TAPES[0](watch_accessed_variables=False) as tape:
        tape.watch(sources)
        results = in_operations(loop, inputs)
    targets = [results[place] for place in moving_of(loop.specs())]
    return dense(tape.gradient(targets, sources, output_gradients=g, unconnected_gradients="zero"))


def in_loops(loop: Loop, tensors: list[Any], g: list[Any]) -> list[Any]:
    """Returns the same by two loops, whose derivatives are loops again."""
    arrays = [array_of(each) for each in tensors]
    if not all(type(each) is np.ndarray for each in arrays):
        return unrolled(loop, tensors, g)
    count = loop.count
    if loop.condition is not None:
        count = int(bind(LOOP, tensors, {"loop": loop, "saving": False})[-2])
    carry, rows, used = loop.parts(arrays)
    linear = linear_of(loop, [*carry, *row_of(rows)(0), *used]) if count else None
    if linear is None or count is None:
        return unrolled(loop, tensors, g)
    there, back = linear.loops(count)
    found = bind(LOOP, tensors, {"loop": there, "saving": bool(live_trackers(tensors))})
    split = len(moving_of(loop.specs()[: loop.carry]))
    _, _, rest = loop.parts(tensors)
    sums = [make_tensor(np.zeros(each._value.shape, each._value.dtype)) for each in rest]
    sums = [each for each in sums if is_differentiable(each._value.dtype)]
    stacks = found[len(loop.body.outputs) : -2]
    values = [*g[:split], *sums, *stacks, *g[split:], *rest]
    pulled = bind(LOOP, values, {"loop": back, "saving": bool(live_trackers(values))})[:-2]
    return [*pulled[:split], *pulled[split + len(sums) :], *pulled[split : split + len(sums)]]


class LoopRule(Rule):
    """A rule that runs on tensors, also for arrays: what it does is one operation more."""

    __slots__ = ("careful",)

    def __init__(self, function: Callable[..., Any], careful: Callable[..., Any], *residuals: str) -> None:
        self.function = function
        self.careful = careful
        self.residuals = residuals

    def read(self, meaning: Any) -> Callable[..., Any]:
        """The rule for values."""

        def on_values(g: list[Any], *residuals: Any) -> list[Any]:
            # Cotangents whose zeros stay zeros are arrays of a class of their own.
            careful = any(isinstance(each, np.ndarray) and type(each) is not np.ndarray for each in g)
            given = [[*map(make_tensor, each)] if isinstance(each, list) else each for each in residuals]
            function = self.careful if careful else self.function
            found = function([*map(make_tensor, g)], *given)
            return [each if each is None else each._value for each in found]

        return on_values


def placed(found: list[Any], tensors: list[Any]) -> list[Any]:
    """Returns a list as long as `tensors`, with what was found in the places of those that can have cotangents."""
    result: list[Any] = [None] * len(tensors)
    for place, each in zip(moving_of([each._value for each in tensors]), found, strict=True):
        result[place] = each
    return result


def careful_pull(g: list[Any], tensors: list[Any], *others: Any) -> list[Any]:
    """Returns the cotangents of what a loop was given for those of its results, one operation after the other."""
    loop = others[-1]
    moving = [g[place] for place in moving_of(loop.specs())]
    return placed(unrolled(loop, tensors, moving), tensors)


def pull_loop(g: list[Any], tensors: list[Any], results: list[Any], loop: Loop) -> list[Any]:
    """The rule of a loop."""
    if not all(each._followed for each in g):
        return careful_pull(g, tensors, loop)
    moving = [g[place] for place in moving_of(loop.specs())]
    found = placed(bind(BACK, [*tensors, results[-1], *moving], {"loop": loop}), tensors)
    for place in () if loop.linear is None else loop.linear.still:
        found[place] = None
    return found


def pull_back(h: list[Any], tensors: list[Any], loop: Loop) -> list[Any]:
    """The rule of the way back."""
    inputs = len(loop.body.inputs)
    copies = copied(tensors)
    sources = [each for each in copies if is_differentiable(each._value.dtype)]
    with TAPES[0](watch_accessed_variables=False) as tape:
        tape.watch(sources)
        made = in_loops(loop, copies[:inputs], copies[inputs + 1 :])
    found = tape.gradient(made, sources, output_gradients=h, unconnected_gradients="zero")
    return placed(dense(found), tensors)


def operation(name: str, body: Any, rule: LoopRule, params: tuple[str, ...]) -> Op:
    """Returns an operation on a list of arrays of any dtypes, which belongs to no public function."""
    return Op(
        registered=False,
        name=name,
        family="primitive",
        body=body,
        parameters=("arrays", *params),
        signature=("arrays", *params),
        inputs=("arrays",),
        params=params,
        keywords=(),
        types=(),
        rules={"arrays": rule},
        batch=one_by_one,
        as_params={},
        matching="strict",
        holomorphic=False,
        variadic=True,
        outputs=True,
    )


LOOP = operation("loop", run_loop, LoopRule(pull_loop, careful_pull, "arrays", "out", "loop"), ("loop", "saving"))
BACK = operation("loop_back", run_back, LoopRule(pull_back, pull_back, "arrays", "loop"), ("loop",))


def saving(record: Record) -> Record:
    """Returns the record of a loop as one that keeps what its way back needs; all others as they are."""
    if record.op is not LOOP:
        return record
    return record._replace(params={**record.params, "saving": True})
