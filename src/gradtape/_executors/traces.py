"""`Trace`: the program of a function for one signature, with the branches that were met; how it is recorded and run."""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable
from threading import RLock
from typing import Any

from gradtape._core.tensor import Tensor, make_tensor
from gradtape._core.tracking import LOOPS
from gradtape._executors import engine
from gradtape._executors.followed import End, only_tape, tell, with_kept
from gradtape._executors.interpreter import Missed
from gradtape._executors.lowering import grafted, shows_too_much
from gradtape._executors.nested import loop_of
from gradtape._executors.program import Program
from gradtape._executors.recorder import Recorder, array_of
from gradtape._executors.results import taken_apart
from gradtape._executors.told import finished

# A function with more ways than this through its guards runs eagerly.
MOST_BRANCHES = 32
# So does one that takes another way though all that it read was the same, when it has done so this often.
MOST_CHANGES = 3
# And one whose program has been compiled so often in a row for a call that then took yet another way, if these programs
# had so many records together: that takes longer than running it.
MOST_VAIN = 4
MOST_VAIN_RECORDS = 10_000

LOOPS[:] = [loop_of]
# Which trace was made before which.
TICKS = itertools.count()


class Trace:
    """What is known of a function for one signature.

    Attributes:
        program: as it was recorded, with all branches; None before the first call.
        eager: why the function runs eagerly from now on, None if it is replayed.
        recordings: how often it has run for real.
        creates: whether the function may make variables, as it may at its first call.
        created: weak references to those that it made: such a recording is not kept.
        captures: what the recording depends on beside its arguments, None if there is nothing.
        entries: the fast ways in, by the form of a call; None for a form that has none.
        noted: whether it has been counted.
    """

    def __init__(self, labels: list[str], name: str = "function") -> None:
        self.name = name
        self.labels = labels
        self.program: Program | None = None
        self.eager: str | None = None
        self.recordings = 0
        self.changes = 0
        # How often in a row the first call of a compiled program has missed, and the number of records in these.
        self.vain = self.vain_records = 0
        # Whether a tape has followed a call; whether there is a gradient of the user's own whose program is unknown.
        self.followed = self.incomplete = False
        # The engine's function, and that of the program which also gives what ways back need.
        self.replay: Any = None
        self.replay_kept: Any = None
        self.creates = False
        self.created: list[Any] = []
        self.captures: Any = None
        self.entries: dict[Any, Any] = {}
        self.noted = False
        self.lock = RLock()
        # For `explain`: its place in time, the arguments as text, what had changed where these were the same before.
        self.born = next(TICKS)
        self.arguments: dict[str, str] = {}
        self.cause = ""

    def call(self, function: Callable[[list[Any]], Any], tensors: list[Tensor]) -> Any:
        """Returns the function's result for tensors: replayed where that is possible, recorded where it is not.

        Args:
            function: runs the user's function for real on a list of tensors.
            tensors: the arguments, which nothing follows.
        """
        if self.eager is not None:
            return function(tensors)
        performed = []
        if self.program is not None:
            # Another thread may add a branch meanwhile, and take the compiled program away.
            program, replay = self.program, self.replay
            fresh = replay is None
            if replay is None:
                replay = self.replay = engine.replay_of(program)
            found = replay([each._value for each in tensors])
            if fresh:
                self.weigh(program, type(found) is Missed)
            if type(found) is not Missed:
                program, arrays = found
                return program.finish([make_tensor(each) for each in arrays])
            performed = found.performed
        _, finish, arrays = self.record(function, tensors, performed)
        return finish([make_tensor(each) for each in arrays])

    def call_followed(self, function: Callable[[list[Any]], Any], tensors: list[Tensor], found: Any = None) -> Any:
        """Returns the same where tapes or other interpreters may follow the call, which are told of it.

        Args:
            function, tensors: see `call`.
            found: what a replay for the same call has returned that missed, None if there was none.
        """
        tape = only_tape(tensors, [] if self.captures is None else self.captures.tensors)
        if tape is None:
            return self.call(function, tensors)
        if self.incomplete and not self.followed:
            # Recorded when nobody followed it, without the gradients of the user's own in it.
            self.program, self.incomplete = None, False
        if tape is False or self.eager is not None or self.incomplete:
            return function(tensors)
        self.followed = True
        if found is None and self.program is not None:
            program, replay = self.program, self.replay_kept
            fresh = replay is None
            if replay is None:
                replay = self.replay_kept = engine.replay_of(with_kept(program))
            found = replay([each._value for each in tensors])
            if fresh:
                self.weigh(program, type(found) is Missed)
        if found is not None and type(found) is not Missed:
            return finished(self, tape, found, tensors)
        recorder, finish, arrays = self.record(function, tensors, found.performed if found else [], followed=True)
        end, values = recorder.program.end, recorder.given
        values = {**values, **dict(zip(recorder.program.inputs, [each._value for each in tensors], strict=True))}
        # An array stands for one tensor: a result may be an argument's.
        outputs = [make_tensor(each.view()) for each in arrays]
        tell(tape, self.name, end, tensors, values, outputs)
        return finish(outputs)

    def record(
        self,
        function: Callable[[list[Any]], Any],
        tensors: list[Tensor],
        performed: list[Any],
        followed: bool = False,
    ) -> Any:
        """Runs the function for real, and keeps what it did for the next calls.

        Returns:
            The recorder, the function that puts the result together, and the arrays of its tensors.
        """
        self.recordings += 1
        recorder = Recorder(performed, followed)
        recorder.creates = self.creates
        with recorder:
            try:
                inputs = [recorder.input(each._value, label) for each, label in zip(tensors, self.labels, strict=True)]
                parts, finish = taken_apart(function(inputs))
                program = recorder.program
                program.outputs = [recorder.number_of(each) for each in parts]
                program.finish = finish
                program.end = End(program)
                self.incomplete |= recorder.has_custom
                arrays = [array_of(each) for each in parts]
            finally:
                recorder.close()
        with self.lock:
            self.keep(recorder)
        return recorder, finish, arrays

    def weigh(self, program: Program, missed: bool) -> None:
        """Notes whether the first call of a program that was compiled has missed."""
        self.vain = self.vain + 1 if missed else 0
        branches = [each for guard in program.guards() for each in guard.branches.values()]
        records = sum(len(each.records) for each in (program, *branches))
        self.vain_records = self.vain_records + records if missed else 0

    def keep(self, recorder: Recorder) -> None:
        """Adds a recording to what is known."""
        if recorder.created:
            self.created = [weakref.ref(variable) for variable in recorder.created]
        elif recorder.failed is not None:
            self.eager = recorder.failed
        elif recorder.has_foreign and shows_too_much(recorder.program):
            self.eager = "a function of py_function or numpy_function runs between an assignment and a value it reads"
        elif self.captures is not None and not self.captures.settled():
            # The run itself has changed what it depends on: a replay would leave that as it is.
            self.changes += 1
            if self.changes > MOST_CHANGES:
                self.eager = f"a run changes what the function reads from outside: {self.captures.changed()}"
        elif self.program is None:
            self.program = recorder.program
        else:
            merged = grafted(self.program, recorder.program)
            if merged is None:
                self.changes += 1
                merged = recorder.program
                if self.changes > MOST_CHANGES:
                    self.eager = "it takes other ways though all that it reads is the same"
            elif self.vain >= MOST_VAIN and self.vain_records > MOST_VAIN_RECORDS:
                self.eager = "it takes another way through what it reads of tensors at every call"
            elif sum(len(guard.branches) for guard in merged.guards()) >= MOST_BRANCHES:
                self.eager = f"it has more than {MOST_BRANCHES} ways through what it reads of tensors"
            self.program = merged
        self.replay = self.replay_kept = None
