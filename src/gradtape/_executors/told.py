"""The short way of calls that one tape follows: a record without tensors of its own, whose way back runs on arrays."""

from __future__ import annotations

from _thread import get_ident
from typing import Any

import numpy as np

from gradtape._core.calls import CallRecord
from gradtape._core.slices import IndexedSlices
from gradtape._core.tensor import Tensor, make_tensor
from gradtape._core.tracking import RECORDING, index_on
from gradtape._executors.followed import End, FollowedCall, read_values, tell
from gradtape._executors.interpreter import Missed

# What `replayed` returns for a call that it is not for.
LONG_WAY: Any = object()


class Told:
    """What a tape keeps of a call: as of an operation of one result, or of several where there are more.

    Attributes:
        name: the function's.
        end: the way that the call went.
        tape: which keeps it.
        tensors: the arguments.
        numbers, arrays: the values of the way that were kept.
        indices: what the tape calls the arguments, and then what the function read beside them; None for no name.
    """

    __slots__ = ("arrays", "end", "indices", "name", "numbers", "tape", "tensors")

    def __init__(
        self, name: str, end: End, tape: Any, tensors: list[Tensor], numbers: list[int], arrays: Any, indices: Any
    ) -> None:
        self.name = name
        self.end = end
        self.tape = tape
        self.tensors = tensors
        self.numbers = numbers
        self.arrays = arrays
        self.indices = indices

    @property
    def op(self) -> CallRecord:
        """The call as an operation."""
        values = dict(zip(self.numbers, self.arrays, strict=True))
        sources = [*self.tensors, *read_values(self.tape, self.end, values)]
        return CallRecord(self.name, FollowedCall(self.end, self.end.moving, sources, values).pull, whole=False)

    def pull(self, g: Any, words: Any) -> Any:
        """Returns the indices on the tape with the cotangents that reach them; see `GeneralRecord`."""
        count = len(self.end.moving)
        given = [g] if count == 1 else [g.get(position) for position in range(count)]
        given = [each.dense() if type(each) is IndexedSlices else each for each in given]
        found = None if words.tensors or words.batches or RECORDING.tapes else self.on_arrays(given)
        if found is None:
            rule = self.op.rules["arguments"]
            found = rule.function(given) if words.tensors else rule.read(None)(given)
        pairs = zip(self.indices, found, strict=True)
        return [(index, d) for index, d in pairs if index is not None and d is not None]

    def on_arrays(self, given: list[Any]) -> list[Any] | None:
        """Returns the cotangents of the sources, arrays; None where the way back is not known."""
        back = self.end.backs.get(tuple([each is not None for each in given]))
        taken = None if back is None else back.taken(self.numbers)
        if back is None or taken is None:
            return None
        cotangents = [each for each in given if each is not None]
        for each in cotangents:
            if type(each) is not np.ndarray:
                return None
        found = back.replay([*taken(self.arrays), *cotangents])
        if type(found) is Missed:
            return None
        _, results = found
        return [results[place] if type(place) is int else part_at(place, results) for place in back.places]


def part_at(place: Any, results: list[Any]) -> Any:
    """Returns the rows of a lookup that stand at a place among arrays; None for no place."""
    if place is None:
        return None
    first, shape = place
    return IndexedSlices(results[first], results[first + 1], shape)


def replayed(trace: Any, tapes: tuple[Any, ...], arrays: list[Any], tensors: list[Tensor]) -> Any:
    """Returns the result of a call that a tape follows, which is told of it.

    Args:
        trace: what is replayed.
        tapes: those that record in this thread.
        arrays, tensors: the arguments.

    Returns:
        The result; `Missed` where a guard had no branch; `LONG_WAY` where nothing was done.
    """
    replay, tape = trace.replay_kept, tapes[0]
    if replay is None or trace.eager is not None or trace.incomplete or len(tapes) > 1 or tape.owner != get_ident():
        return LONG_WAY
    for each in tensors:
        if each._tape is not None and each._tape is not tape:
            return LONG_WAY
    if trace.captures is not None:
        for each in trace.captures.tensors:
            if each._tape is not None:
                return LONG_WAY
    found = replay(arrays)
    return found if type(found) is Missed else finished(trace, tape, found, tensors)


def finished(trace: Any, tape: Any, found: Any, tensors: list[Tensor]) -> Any:
    """Returns the result of a replay, of which a tape is told."""
    program, arrays = found
    end, numbers = program.end, program.kept
    if numbers is not end.kept:
        # The program of a way back has been recorded since.
        trace.replay_kept = None
    kept = arrays[len(arrays) - len(numbers) :]
    # An array stands for one tensor: a result may be an argument's.
    outputs = [make_tensor(each.view()) for each in arrays[: len(arrays) - len(numbers)]]
    if tape.noted is not None or not end.is_plain:
        tell(tape, trace.name, end, tensors, dict(zip(numbers, kept, strict=True)), outputs)
    elif moving := end.moving:
        indices = [None if each._tape is None else index_on(each, tape) for each in tensors]
        indices += [None if each is None else tape.position_of(each) for each in end.variables]
        if indices.count(None) < len(indices):
            told = Told(trace.name, end, tape, tensors, numbers, kept, indices)
            tape.add(told, [outputs[place] for place in moving], len(moving) > 1)
    return program.finish(outputs)
