"""The generated functions of one program: its own, those of its branches, and those for arrays in another order."""

from __future__ import annotations

from collections.abc import Callable
from types import CodeType
from typing import Any

from gradtape._executors.generated import Writer
from gradtape._executors.interpreter import Missed
from gradtape._executors.program import Guard, Program, Record


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
                self.guard.missed += 1
                return Missed(self.guard, answer, performed)
            function = self.functions[answer] = self.written(branch)
        return function(values, performed)
