"""Rules for elementwise arithmetic: the same bits with less work, of infinite numbers and signed zeros too."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape._core.spec import broadcast_shapes
from gradtape._executors.passes.sweep import Sweep
from gradtape._executors.program import Record

# Elementwise operations that do one thing with each element, whatever the shapes of their inputs are.
UNIFORM = {
    "add", "divide_no_nan", "equal", "greater", "greater_equal", "less", "less_equal", "logical_and",
    "logical_or", "logical_xor", "maximum", "minimum", "multiply", "not_equal", "real_product", "scaled",
    "squared_difference", "subtract", "truediv",
}  # fmt: skip

# Constants of more elements are not computed anew to save a change of sign.
MOST_CONSTANTS = 1 << 16


def product(sweep: Sweep, record: Record) -> tuple[int, ...] | None:
    """`x * 1` is x, `x * -1` is -x, `-x * -y` is `x * y`, `-x * 2` is `x * -2`, and `x * x` is a square."""
    x, y = record.inputs
    dtype = sweep.specs[x].dtype
    if dtype.kind not in "iuf" or sweep.specs[y].dtype != dtype:
        return None
    for one, other in ((y, x), (x, y)):
        if is_filled(sweep, one, 1.0):
            return broadcast(sweep, other, record)
        if is_filled(sweep, one, -1.0) and sweep.specs[other].shape == shape_of(sweep, record):
            return (sweep.make("negative", (other,), shape_of(sweep, record)),)
    if x == y:
        return (sweep.make("square", (x,), sweep.specs[x].shape),)
    minus_x, minus_y = (sweep.made_by(each, "negative") for each in (x, y))
    if minus_x and minus_y:
        return (sweep.make("multiply", (minus_x.inputs[0], minus_y.inputs[0]), shape_of(sweep, record)),)
    for minus, other in ((minus_x, y), (minus_y, x)):
        factor = sweep.array(other)
        if minus is not None and factor is not None and factor.size <= MOST_CONSTANTS:
            number = sweep.constant(np.negative(factor))
            return (sweep.make("multiply", (number, minus.inputs[0]), shape_of(sweep, record)),)
    return None


def quotient(sweep: Sweep, record: Record) -> tuple[int, ...] | None:
    """`x / 1` is x, and `-x / -y` is `x / y`."""
    x, y = record.inputs
    if sweep.specs[x].dtype.kind != "f":
        return None
    if is_filled(sweep, y, 1.0):
        return broadcast(sweep, x, record)
    minus_x, minus_y = (sweep.made_by(each, "negative") for each in (x, y))
    if minus_x and minus_y:
        return (sweep.make("truediv", (minus_x.inputs[0], minus_y.inputs[0]), shape_of(sweep, record)),)
    return None


def total(sweep: Sweep, record: Record) -> tuple[int, ...] | None:
    """`x + -0.0` is x, as `x + 0` of integers is; `x + -y` is `x - y`."""
    x, y = record.inputs
    dtype = sweep.specs[x].dtype
    for zero, other in ((y, x), (x, y)):
        if is_filled(sweep, zero, -0.0) and dtype.kind != "c":
            return broadcast(sweep, other, record)
    for minus, other in ((y, x), (x, y)):
        found = opposite(sweep, minus)
        if found is not None:
            return (sweep.make("subtract", (other, found), shape_of(sweep, record)),)
    return None


def difference(sweep: Sweep, record: Record) -> tuple[int, ...] | None:
    """`x - 0` is x, and `x - -y` is `x + y`."""
    x, y = record.inputs
    if is_filled(sweep, y, 0.0) and sweep.specs[x].dtype.kind != "c":
        return broadcast(sweep, x, record)
    found = opposite(sweep, y)
    return None if found is None else (sweep.make("add", (x, found), shape_of(sweep, record)),)


def opposite(sweep: Sweep, number: int) -> int | None:
    """Returns the number of y for a value -y; None where y is not at hand for nothing."""
    found = sweep.made_by(number, "negative")
    if found is not None:
        return found.inputs[0]
    # A product or quotient with -y that is used nowhere else is one with y.
    found = sweep.made_by(number, "multiply", "truediv")
    if found is None or sweep.uses[number] > 1 or sweep.specs[number].dtype.kind not in "if":
        return None
    for position, each in enumerate(found.inputs):
        minus = sweep.made_by(each, "negative")
        if minus is not None:
            inputs = (minus.inputs[0], found.inputs[1]) if position == 0 else (found.inputs[0], minus.inputs[0])
            return sweep.make(found.op.name, inputs, sweep.specs[number].shape)
    return None


def opposed(sweep: Sweep, record: Record) -> tuple[int, ...] | None:
    """`-(-x)` is x, `-(x - y)` is never `y - x`, for zeros have signs, and `-(2 * x)` is `-2 * x`."""
    found = sweep.made_by(record.inputs[0], "multiply")
    if found is None or sweep.uses[record.inputs[0]] > 1 or sweep.specs[record.inputs[0]].dtype.kind not in "if":
        return undone(sweep, record)
    for factor, other in (found.inputs, found.inputs[::-1]):
        array = sweep.array(factor)
        if array is not None and array.size <= MOST_CONSTANTS:
            number = sweep.constant(np.negative(array))
            return (sweep.make("multiply", (number, other), shape_of(sweep, record)),)
    return None


def undone(sweep: Sweep, record: Record) -> tuple[int, ...] | None:
    """What is its own inverse, done twice, is nothing."""
    found = sweep.made_by(record.inputs[0], record.op.name)
    return None if found is None else found.inputs


def conjugate(sweep: Sweep, record: Record) -> tuple[int, ...] | None:
    """The conjugate of a real number is the number."""
    return record.inputs if sweep.specs[record.inputs[0]].dtype.kind != "c" else undone(sweep, record)


def kept(sweep: Sweep, record: Record) -> tuple[int, ...] | None:
    """What is kept everywhere is as it was."""
    x, condition = record.inputs
    return broadcast(sweep, x, record) if is_filled(sweep, condition, True) else None


def selection(sweep: Sweep, record: Record) -> tuple[int, ...] | None:
    """A choice between two that is the same for all elements is the one or the other."""
    condition, x, y = record.inputs
    for answer, chosen in ((True, x), (False, y)):
        if is_filled(sweep, condition, answer) or x == y:
            return broadcast(sweep, chosen, record)
    return None


def spread_inputs(sweep: Sweep, record: Record) -> tuple[int, ...] | None:
    """An operation that broadcasts its inputs takes them as they were before, and one number for many equal ones."""
    inputs = list(record.inputs)
    shape = shape_of(sweep, record)
    for position, number in enumerate(inputs):
        found = sweep.made_by(number, "broadcast_to")
        array = sweep.array(number)
        filled = array is not None and array.size > 1 and is_filled(sweep, number, array.flat[0])
        if found is None and not filled:
            continue
        source = sweep.specs[found.inputs[0]].shape if found is not None else ()
        others = [sweep.specs[each].shape for place, each in enumerate(inputs) if place != position]
        if broadcast_shapes(source, *others) == shape:
            inputs[position] = found.inputs[0] if found else sweep.constant(np.array(array.flat[0], array.dtype))
    if tuple(inputs) == record.inputs:
        return None
    sweep.keep(Record(record.op, tuple(inputs), record.outputs, record.params))
    return record.outputs


def broadcast(sweep: Sweep, number: int, record: Record) -> tuple[int, ...]:
    """Returns a value in the shape of a record's result."""
    shape = shape_of(sweep, record)
    return (
        number if sweep.specs[number].shape == shape else sweep.make("broadcast_to", (number,), shape, shape=shape),
    )


def shape_of(sweep: Sweep, record: Record) -> tuple[int, ...]:
    """Returns the shape of a record's only result."""
    return sweep.specs[record.outputs[0]].shape


def is_filled(sweep: Sweep, number: int, value: Any) -> bool:
    """True for a constant whose elements all are this value, with its sign."""
    array = sweep.array(number)
    if array is None or not array.size or array.dtype.kind == "c":
        return False
    # The ends first: most constants differ there.
    if array.flat[0] != value or array.flat[-1] != value or not (array == value).all():
        return False
    return array.dtype.kind != "f" or value != 0 or bool((np.signbit(array) == np.signbit(value)).all())


RULES = {
    "add": total,
    "conj": conjugate,
    "keep": kept,
    "logical_not": undone,
    "multiply": product,
    "negative": opposed,
    "real_product": product,
    "scaled": product,
    "select": selection,
    "subtract": difference,
    "truediv": quotient,
}
