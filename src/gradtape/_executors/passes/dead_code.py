"""Dead code: what nobody uses goes, unless it may raise an error or is asked for its effect."""

from __future__ import annotations

from typing import Any

from gradtape._core.op import OPS, Op
from gradtape._core.own import is_own
from gradtape._executors.passes.movement import Accumulation, Rearrangement
from gradtape._executors.passes.running import Running
from gradtape._executors.passes.sweep import branched
from gradtape._executors.program import Call, Guard, Program, Read, Record

# Operations that look at the values of an input of integers or raise errors for some values of numbers.
CHECKING = {
    "check_numerics", "floordiv", "gather", "mod", "of_segment", "pow", "scatter_along", "scatter_nd", "scatter_rows",
    "take_nd", "truncatediv", "truncatemod", "unsorted_segment_sum",
}  # fmt: skip
# Operations of no other family that take any values.
SAFE = {
    "argmax", "argmin", "cross_entropy", "cumprod", "l2_loss", "log_softmax", "ones_of", "pad_constant",
    "pull_log_softmax", "read_bits", "real_moments", "real_norm", "real_std", "real_variance", "reduce_all",
    "reduce_any", "reduce_logsumexp", "reduce_max", "reduce_min", "reduce_prod", "running_logsumexp",
    "share_of_ties", "softmax", "window_maxima", "zeros_of",
}  # fmt: skip


def without_dead_code(program: Program) -> Program:
    """Returns a program without the records, constants and live values of branches that nobody uses."""
    result = program.copy()
    used = set(program.outputs)
    records: list[Record] = []
    for record in reversed(program.records):
        if used.isdisjoint(record.outputs) and may_go(record, program):
            continue
        if type(record.op) is Guard and record.op.branches:
            record = with_less(branched(record, without_dead_code, {}))
        used.update(record.inputs)
        records.append(only_part(record, used, program))
    result.records = records[::-1]
    result.constants = {number: array for number, array in program.constants.items() if number in used}
    known = used.union(result.inputs, *[record.outputs for record in records])
    result.specs = {number: spec for number, spec in program.specs.items() if number in known}
    return result


def only_part(record: Record, used: set[int], program: Program) -> Record:
    """Returns the record of the one part that is used, for one that takes a value apart; any other as it is."""
    if record.op.name != "unstack" or type(record.op) is not Op:
        return record
    wanted = [position for position, number in enumerate(record.outputs) if number in used]
    if len(wanted) != 1 or len(record.outputs) == 1:
        return record
    axis = record.params["axis"] % len(program.specs[record.inputs[0]].shape)
    key = (*[slice(None)] * axis, wanted[0])
    return Record(OPS["getitem"], record.inputs, (record.outputs[wanted[0]],), {"key": key})


def may_go(record: Record, program: Program) -> bool:
    """True for a record that does nothing but make its outputs, whatever the values of its inputs are."""
    op: Any = record.op
    if type(op) is Call:
        return type(op.function) in (Accumulation, Rearrangement, Running)
    if type(op) is not Op:
        return type(op) is Read
    if op.name in SAFE:
        return True
    if op.family == "primitive":
        return False
    if op.name not in CHECKING:
        return not is_own(op)
    # What was recorded once with these integers does not raise for them.
    changing = [program.specs[number].dtype.kind for number in record.inputs if number not in program.constants]
    return op.name != "check_numerics" and not any(kind in "iu" for kind in changing)


def with_less(record: Record) -> Record:
    """Returns the record of a guard without the values that none of its branches uses."""
    op: Any = record.op
    branches = op.branches.values()
    live = record.inputs[op.tested :]
    used = [{*branch.outputs}.union(*[each.inputs for each in branch.records]) for branch in branches]
    kept = [
        position
        for position in range(len(live))
        if any(branch.inputs[position] in numbers for branch, numbers in zip(branches, used, strict=True))
    ]
    for branch in branches:
        branch.inputs = [branch.inputs[position] for position in kept]
    return Record(op, (*record.inputs[: op.tested], *[live[position] for position in kept]), (), record.params)
