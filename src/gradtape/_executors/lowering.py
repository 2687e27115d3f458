"""Lowering: of a program as recorded, one whose effects stand behind its guards and that reads no value twice."""

from __future__ import annotations

from typing import Any

from gradtape._executors.program import Assign, Call, Guard, Program, Read, Record


def lowered(program: Program) -> Program:
    """Returns a program with the same meaning, whose effects stand behind its last guard.

    A guard that misses has thereby nothing to undo: the function runs for real in place of the replay. What a branch
    goes on with are the effects that were still to come at its guard. A variable that is read again, or read after it
    was assigned, is what it was made.
    """
    result = _lowered(program, [], {}, {})
    result.inputs = program.inputs
    return result


def _lowered(program: Program, waiting: list[Record], current: dict[int, int], same: dict[int, int]) -> Program:
    """Lowers a program or a branch.

    Args:
        program: which.
        waiting: the effects that are still to be done.
        current: the numbers of the values of variables, by their ids.
        same: the numbers of values that are others, by the number they had.
    """
    result = program.copy()
    result.records = []
    waiting, current, same = [*waiting], {**current}, {**same}
    guards = sum(type(record.op) is Guard for record in program.records)
    if not guards:
        result.records, waiting = waiting, []
    for record in program.records:
        op = record.op
        inputs = tuple([same.get(number, number) for number in record.inputs])
        if isinstance(op, Read):
            known = inputs[0] if inputs else current.get(id(op.variable))
            if known is not None:
                same[record.outputs[0]] = known
                continue
            current[id(op.variable)] = record.outputs[0]
        record = record if inputs == record.inputs else Record(op, inputs, record.outputs, record.params)
        if isinstance(op, Assign):
            current[id(op.variable)] = inputs[0]
        elif isinstance(op, Call) and op.kind == "foreign":
            # A function of the user's may change any variable.
            current = {}
        elif isinstance(op, Guard):
            branches = {answer: _lowered(each, waiting, current, same) for answer, each in op.branches.items()}
            result.records.append(branching(op, inputs[: op.tested], branches))
            guards -= 1
            if not guards:
                result.records += waiting
                waiting = []
            continue
        (waiting if guards and is_effect(op) else result.records).append(record)
    result.outputs = [same.get(number, number) for number in result.outputs]
    return result


def branching(guard: Guard, tested: tuple[int, ...], branches: dict[Any, Program]) -> Record:
    """Returns the record of a guard with these branches, given all that one of them uses."""
    twin = Guard(guard.name, guard.test, guard.tested, guard.answer, guard.where)
    live = sorted({number for branch in branches.values() for number in branch.free()})
    for branch in branches.values():
        branch.inputs = live
    twin.branches = branches
    return Record(twin, (*tested, *live), (), {})


def grafted(program: Program, other: Program) -> Program | None:
    """Returns a program with one more branch: what `other` did from where it took another way.

    None where the two differ before any answer did.

    Args:
        program: as it was recorded.
        other: a recording of the same function.
    """
    for position, (mine, its) in enumerate(zip(program.records, other.records, strict=False)):
        op, new = mine.op, its.op
        if not is_same_step(mine, its):
            return None
        if isinstance(op, Guard) and isinstance(new, Guard) and op.answer != new.answer:
            known = op.branches.get(new.answer)
            branch: Program | None = rest_of(other, position + 1)
            if known is not None and branch is not None:
                branch = grafted(known, branch)
            if branch is None:
                return None
            result = program.copy()
            result.records[position] = branching(op, mine.inputs[: op.tested], {**op.branches, new.answer: branch})
            return result
    return program


def is_same_step(mine: Record, its: Record) -> bool:
    """True for two records of one step on the same values, whatever guards were answered."""
    op, new = mine.op, its.op
    if isinstance(op, Guard):
        return isinstance(new, Guard) and op.name == new.name and mine.inputs[: op.tested] == its.inputs
    if type(op) is not type(new) or (mine.inputs, mine.outputs) != (its.inputs, its.outputs):
        return False
    if isinstance(op, Read | Assign):
        return op.variable is new.variable
    return op.name == new.name and repr(mine.params) == repr(its.params)


def rest_of(program: Program, start: int) -> Program:
    """Returns what a program does from the record `start` on."""
    rest = program.copy()
    rest.records = rest.records[start:]
    used = {number for record in rest.records for number in record.inputs}.union(rest.outputs)
    rest.constants = {number: value for number, value in rest.constants.items() if number in used}
    rest.inputs = rest.free()
    return rest


def is_effect(op: Any) -> bool:
    """True for a step that changes something outside of the program."""
    return isinstance(op, Assign) or (isinstance(op, Call) and op.kind == "effect")


def shows_too_much(program: Program) -> bool:
    """True where a function of the user's runs after an effect and before a guard.

    It may see what the effect changed, so that the effect cannot wait for the guard.
    """
    changed = seen = False
    for record in program.records:
        op = record.op
        changed = changed or is_effect(op)
        seen = seen or (changed and isinstance(op, Call) and op.kind == "foreign")
        if seen and isinstance(op, Guard):
            return True
    return False
