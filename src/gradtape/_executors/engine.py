"""The engine: takes a program and returns a function generated for it, one more for each branch that is met."""

from __future__ import annotations

from collections.abc import Callable
from types import CodeType
from typing import Any

import numpy as np

from gradtape._core.dispatch import explained
from gradtape._core.op import Op
from gradtape._core.own import is_own
from gradtape._core.tensor import make_tensor
from gradtape._executors import interpreter
from gradtape._executors.generated import Writer
from gradtape._executors.interpreter import Missed, Raised
from gradtape._executors.lowering import lowered
from gradtape._executors.passes import optimized
from gradtape._executors.program import Call, Guard, Program, Record

# A function of more steps takes more memory to compile than it is worth.
MOST_RECORDS = 200_000


def replay_of(program: Program) -> Callable[[list[Any]], Any]:
    """Returns the function that runs a program as it was recorded; see `compiled`."""
    return compiled(optimized(lowered(program)))


def compiled(program: Program) -> Callable[[list[Any]], Any]:
    """Returns a function that takes arrays and returns the program that it came to the end of with its results' arrays.

    Where a guard gets an answer that it has no branch for, the function returns `Missed`. So it does, with no guard,
    where a step fails before anything outside of the program has been changed: the function is to run for real, and
    raises the error in its own words.
    """
    if len(program.records) > MOST_RECORDS:
        return lambda arrays: interpreter.run(program, arrays)
    codes: dict[CodeType, Unit] = {}

    def failed(error: Exception, arrays: list[Any], again: Callable[[list[Any]], Any]) -> Any:
        unit, record, changed, performed = place_of(error, codes)
        strict = isinstance(error, RuntimeWarning | FloatingPointError) and set(np.geterr().values()) != {"ignore"}
        if strict and not changed and not performed:
            # The user's NumPy settings or warning filters turn 1/0 into an error; TensorFlow gives inf.
            with np.errstate(all="ignore"):
                return again(arrays)
        if record is not None and isinstance(record.op, Call) and record.op.kind != "pure":
            if changed or record.op.kind == "effect":
                raise error
            # The function may catch it.
            return Missed(None, None, [*performed, Raised(error)])
        if not changed:
            return Missed(None, None, performed)
        if unit is None or record is None or not isinstance(record.op, Op):
            raise error
        specs = [unit.program.specs[number] for number in record.inputs]
        tensors = [make_tensor(np.broadcast_to(np.zeros((), spec.dtype), spec.shape)) for spec in specs]
        reason = explained(record.op, tensors, record.params, error)
        raise reason from (error if is_own(record.op) and reason is not error else None)

    function: Callable[[list[Any]], Any] = Unit(program, codes, failed).function()
    return function


def place_of(error: Exception, codes: dict[CodeType, Unit]) -> tuple[Unit | None, Record | None, bool, list[Any]]:
    """Returns where an error comes from: the unit, the record, whether anything was changed before, what was drawn."""
    found: Unit | None = None
    record: Record | None = None
    performed: list[Any] = []
    changed = False
    trace = error.__traceback__
    while trace is not None:
        unit = codes.get(trace.tb_frame.f_code)
        if unit is not None:
            line = trace.tb_lineno
            found, record = unit, unit.where[line - 1]
            changed = changed or (unit.effects is not None and line >= unit.effects)
            performed = trace.tb_frame.f_locals.get("performed", performed)
        trace = trace.tb_next
    return found, record, changed, performed


class Unit:
    """One generated function: that of a program, or of a branch.

    Attributes:
        program: what it runs.
        codes: the code objects of all functions generated for one program, with their units; for errors.
        failed: what to do where a step fails: called with the error, the arrays and the function.
        given: how the inputs lie in memory, where that is known.
        is_branch: whether another unit's function calls it.
        assumed: whether it counts on matrices to lie in C's order.
        where: for each line of the code, the record that it was written for.
        effects: the number of the first line after which something outside of the program has been changed.
    """

    def __init__(
        self,
        program: Program,
        codes: dict[CodeType, Unit],
        failed: Callable[..., Any],
        given: dict[int, int] | None = None,
        is_branch: bool = False,
        assumed: bool = True,
    ) -> None:
        self.program = program
        self.given = given or {}
        self.failed = failed
        self.codes = codes
        self.is_branch = is_branch
        self.assumed = assumed
        self.where: list[Record | None] = []
        self.effects: int | None = None
        self.source = ""
        self.general: Any = None

    def function(self) -> Any:
        """Returns the function: it takes a list of arrays and, in a branch, the list of what has been drawn."""
        writer = Writer(self)
        writer.write()
        self.source = "\n".join(writer.lines)
        self.where = writer.where
        self.effects = writer.effects
        exec(compile(self.source, "<gradtape program>", "exec"), writer.names)
        function = writer.names["run"]
        self.codes[function.__code__] = self
        return function

    def ways(self, guard: Guard, order: dict[int, int]) -> Ways:
        """Returns the branches of a guard.

        Args:
            guard: which.
            order: how the values that branches go on with lie in memory.
        """
        return Ways(guard, lambda branch: Unit(branch, self.codes, self.failed, order, is_branch=True).function())

    def unassumed(self, *arguments: Any) -> Any:
        """Runs the function that counts on no order in memory; it is written when it is needed for the first time."""
        if self.general is None:
            twin = Unit(self.program, self.codes, self.failed, is_branch=self.is_branch, assumed=False)
            self.general = twin.function()
        return self.general(*arguments)


class Ways:
    """The branches of a guard: called with another answer than the recorded one, goes on there or returns a miss.

    The function of a branch is written when it is called for the first time.
    """

    def __init__(self, guard: Guard, written: Callable[[Program], Any]) -> None:
        self.guard = guard
        self.written = written
        self.functions: dict[Any, Any] = {}

    def __call__(self, answer: Any, values: tuple[Any, ...], performed: list[Any]) -> Any:
        function = self.functions.get(answer)
        if function is None:
            branch = self.guard.branches.get(answer)
            if branch is None:
                return Missed(self.guard, answer, performed)
            function = self.functions[answer] = self.written(branch)
        return function(values, performed)
