"""Rules for what changes a value's form alone: shapes, orders of axes, dtypes, names; products take them over."""

from __future__ import annotations

from gradtape._executors.passes.sweep import Sweep
from gradtape._executors.program import Record

RESHAPING = ("reshape", "expand_dims", "squeeze")


def itself(sweep: Sweep, record: Record) -> tuple[int, ...] | None:
    """An identity is its input."""
    return record.inputs


def reshaped(sweep: Sweep, record: Record) -> tuple[int, ...] | None:
    """A shape that a value has is not given again, and only the last of several shapes in turn counts."""
    shape = sweep.specs[record.outputs[0]].shape
    source = record.inputs[0]
    before = sweep.made_by(source, *RESHAPING)
    while before is not None:
        source = before.inputs[0]
        before = sweep.made_by(source, *RESHAPING)
    if sweep.specs[source].shape == shape:
        return (source,)
    if source == record.inputs[0] and record.op.name == "reshape" and record.params["shape"] == shape:
        return None
    return (sweep.make("reshape", (source,), shape, shape=shape),)


def spread(sweep: Sweep, record: Record) -> tuple[int, ...] | None:
    """A value is broadcast once, and only to another shape."""
    shape = sweep.specs[record.outputs[0]].shape
    source = record.inputs[0]
    if sweep.specs[source].shape == shape:
        return (source,)
    before = sweep.made_by(source, "broadcast_to")
    return None if before is None else (sweep.make("broadcast_to", before.inputs, shape, shape=shape),)


def transposed(sweep: Sweep, record: Record) -> tuple[int, ...] | None:
    """Two transpositions are one, and one that leaves all axes where they are is none."""
    source = record.inputs[0]
    if record.params["conjugate"] and sweep.specs[source].dtype.kind == "c":
        return None
    order = order_of(sweep, record)
    before = sweep.made_by(source, "transpose")
    if before is not None and not (before.params["conjugate"] and sweep.specs[source].dtype.kind == "c"):
        source, first = before.inputs[0], order_of(sweep, before)
        order = tuple([first[axis] for axis in order])
    if order == tuple(range(len(order))):
        return (source,)
    if source == record.inputs[0]:
        return None
    shape = sweep.specs[record.outputs[0]].shape
    return (sweep.make("transpose", (source,), shape, perm=order, conjugate=False),)


def order_of(sweep: Sweep, record: Record) -> tuple[int, ...]:
    """Returns the order into which a transposition brings the axes."""
    count = len(sweep.specs[record.inputs[0]].shape)
    order = record.params["perm"]
    return tuple(range(count))[::-1] if order is None else tuple([axis % count for axis in order])


def cast(sweep: Sweep, record: Record) -> tuple[int, ...] | None:
    """A cast to a value's own dtype is the value."""
    source = record.inputs[0]
    return (source,) if sweep.specs[source].dtype == sweep.specs[record.outputs[0]].dtype else None


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


RULES = {
    "broadcast_to": spread,
    "cast_between": cast,
    "cast_exact": cast,
    "expand_dims": reshaped,
    "identity": itself,
    "matrix_product": matrix_product,
    "reshape": reshaped,
    "squeeze": reshaped,
    "stop_gradient": itself,
    "transpose": transposed,
}
