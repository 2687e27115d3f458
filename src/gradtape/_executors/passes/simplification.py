"""Simplification: records that come out the same with less work, by the rules of the files beside this one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from gradtape._executors.passes import elements, forms, parts
from gradtape._executors.passes.sweep import Step, Sweep, swept
from gradtape._executors.program import Program, Record

# By the name of an operation: what returns the numbers of values that stand for its results, or None.
RULES: dict[str, Callable[[Sweep, Record], tuple[int, ...] | None]] = {
    **elements.RULES,
    **forms.RULES,
    **parts.RULES,
}


def simplified(program: Program) -> Program:
    """Returns a program of which every record that a rule knows better is replaced."""
    return swept(program, simplifying)


def simplifying(sweep: Sweep) -> Step:
    """Returns the function that applies the rules to a record."""

    def step(record: Record) -> Iterable[int] | None:
        op: Any = record.op
        rule = RULES.get(op.name)
        if not sweep.is_plain(record):
            return None
        found = rule(sweep, record) if rule is not None else None
        if found is None and op.name in elements.UNIFORM:
            found = elements.spread_inputs(sweep, record)
        return found

    return step
