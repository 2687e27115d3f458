"""`Captures`: the Python state that a recorded function reads, as it was when the recording started."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradtape._executors.checks import Check
from gradtape._executors.survey import Survey


class Captures:
    """What a function read of Python's state, to be compared with what is there now.

    What a function only writes is no part of it (`log.append(x)`), nor is what it only counts (`self.calls += 1`):
    that is done when the function runs for real.

    Attributes:
        empty: True if there is nothing that could change.
        volatile: why the function cannot be replayed, None if it can.
        baked: the functions it calls whose results are kept from the recorded run, as `random.random`.
        hold: called without arguments, says whether all is as it was.

    >>> rates = {"slow": 0.1}
    >>> def scaled(x):
    ...     return x * rates["slow"]
    >>> captures = Captures.of(scaled, {})
    >>> captures.hold()
    True
    >>> rates["slow"] = 0.2
    >>> captures.hold(), captures.changed()
    (False, "rates['slow'] changed from 0.1 to 0.2")
    """

    __slots__ = ("_checks", "_namespace", "_weak", "baked", "empty", "hold", "tensors", "volatile")

    def __init__(self, survey: Survey) -> None:
        self._checks: list[Check] = survey.checks
        self._namespace = survey.namespace
        self._weak = survey.weak
        self.baked = [*survey.baked]
        # They are constants to a program; where a tape follows one, the function runs eagerly.
        self.tensors = survey.tensors
        self.volatile = survey.volatile
        self.empty = not survey.checks
        self.hold: Callable[[], bool] = self._first

    @classmethod
    def of(cls, function: Callable[..., Any], arguments: dict[str, Any]) -> Captures:
        """Returns the state that a function can read now.

        Args:
            function: the user's function.
            arguments: what it is called with, by the parameters' names. Objects among it are looked into; they are not
                kept alive.
        """
        return cls(Survey(function, arguments))

    def changed(self) -> str | None:
        """Returns a sentence that names what has changed, None if nothing has."""
        different, _ = self._compared()
        return None if different is None else different[0].sentence(different[1])

    def _current_namespace(self) -> dict[str, Any]:
        return {**self._namespace, **{name: reference() for name, reference in self._weak.items()}}

    def _first(self) -> bool:
        """Makes one function of all tests, and calls it."""
        tests = " and ".join(dict.fromkeys(check.test for check in self._checks if not check.implied)) or "True"
        arguments = "".join(f"        {name} = {name}()\n" for name in self._weak)
        lines = f"    try:\n{arguments.replace(' = ', ' = ref_')}        if {tests}:\n            return True\n"
        code = f"def hold():\n{lines}    except Exception:\n        pass\n    return settle()\n"
        for name, reference in self._weak.items():
            self._namespace[f"ref_{name}"] = reference
        self._namespace["settle"] = self.settled
        made: dict[str, Any] = {}
        exec(compile(code, "<captured state>", "exec"), self._namespace, made)
        self.hold = made["hold"]
        return self.hold()

    def settled(self) -> bool:
        """Says whether all that was replaced has been replaced by its like, which then is what is expected."""
        different, replaced = self._compared()
        if different is not None:
            return False
        for check, current in replaced:
            check.value = self._namespace[check.name] = current
        return True

    def _compared(self) -> tuple[tuple[Check, Any] | None, list[tuple[Check, Any]]]:
        """Returns the first difference, a check with what is there now, and what has been replaced by its like."""
        namespace = self._current_namespace()
        replaced: list[tuple[Check, Any]] = []
        for check in self._checks:
            current = check.current(namespace)
            if not check.accepts(current):
                return (check, current), replaced
            if current is not check.value and check.kind in ("leaf", "container", "array"):
                # The checks that follow look into what is there now.
                namespace[check.name] = current
                replaced.append((check, current))
        return None, replaced
