"""Rules for products of matrices: they take a transposed factor as it was."""

from __future__ import annotations

from gradtape._executors.passes.forms import order_of
from gradtape._executors.passes.sweep import Sweep
from gradtape._executors.program import Record


def matrix_product(sweep: Sweep, record: Record) -> tuple[int, ...] | None:
    """A factor whose last two axes were exchanged is the factor before with the other flag."""
    inputs, params = list(record.inputs), dict(record.params)
    for position, flag in enumerate(("transpose_a", "transpose_b")):
        found = sweep.made_by(inputs[position], "transpose")
        if found is None or (found.params["conjugate"] and sweep.specs[inputs[position]].dtype.kind == "c"):
            continue
        order = order_of(sweep, found)
        count = len(order)
        if order == (*range(count - 2), count - 1, count - 2):
            inputs[position] = found.inputs[0]
            params[flag] = not params[flag]
    if tuple(inputs) == record.inputs:
        return None
    sweep.keep(Record(record.op, tuple(inputs), record.outputs, params))
    return record.outputs


RULES = {"matrix_product": matrix_product}
