"""How the operations that matter most are written as calls of NumPy, each with the result of the operation's body."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from gradtape._executors.grouping import COMPOSED, OUT, steps_of
from gradtape._executors.memory_plan import CONTIGUOUS, ORDERED
from gradtape._executors.program import Record, parts_of_key

# Arithmetic of NumPy's scalars has the results of the ufuncs, in a fifth of the time.
OPERATORS = {
    np.add: "{} + {}",
    np.subtract: "{} - {}",
    np.multiply: "{} * {}",
    np.divide: "{} / {}",
    np.negative: "-{}",
    np.less: "{} < {}",
    np.less_equal: "{} <= {}",
    np.greater: "{} > {}",
    np.greater_equal: "{} >= {}",
}


def is_float(writer: Any, *numbers: int) -> bool:
    """Whether values are of float32 or float64."""
    return all(writer.specs[number].dtype.char in "fd" for number in numbers)


def emit_ufunc(writer: Any, record: Record, ufunc: Any) -> None:
    """Writes an operation that is a ufunc: over an input that is used no more, into a buffer, or into new memory."""
    number = record.outputs[0]
    text = OPERATORS.get(ufunc)
    if text is not None and writer.specs[number].shape == () and is_float(writer, *record.inputs):
        writer.set_scalar(number, text.format(*[writer.scalar(each) for each in record.inputs]))
        return
    arguments = [writer.array(each) for each in record.inputs]
    writer.computed(number, writer.name(ufunc, "f"), arguments, record.inputs)


def emit_steps(writer: Any, record: Record) -> bool:
    """Writes an element-wise operation of several ufuncs: the first makes the result, the others go on in its place."""
    number = record.outputs[0]
    steps = steps_of(record, writer.program)
    if steps is None or (writer.specs[number].shape == () and len(steps) > 1):
        return False
    for position, (ufunc, operands) in enumerate(steps):
        arguments = [f"v{number}" if each == OUT else writer.array(each) for each in operands]
        if position:
            writer.line(f"{writer.name(ufunc, 'f')}({', '.join([*arguments, f'v{number}'])})")
            continue
        # What a later step uses as well is not written over.
        later = {each for _, others in steps[1:] for each in others}
        writer.computed(number, writer.name(ufunc, "f"), arguments, tuple(set(operands) - later))
    return True


def emit_reduction(ufunc: Any) -> Callable[[Any, Record], bool]:
    """Returns what writes a reduction by a ufunc."""

    def emit(writer: Any, record: Record) -> bool:
        (source,), number, params = record.inputs, record.outputs[0], record.params
        if not is_float(writer, source) or not prod(writer.specs[source].shape):
            return False
        reduce(writer, ufunc, source, number, params["axis"], params["keepdims"])
        return True

    return emit


def reduce(writer: Any, ufunc: Any, source: int, number: int, axis: Any, keepdims: bool) -> None:
    """Writes the reduction of a value along axes."""
    call, arguments = writer.name(ufunc.reduce, "f"), [writer.array(source), writer.literal(axis)]
    place = writer.target(number) if writer.specs[number].shape else None
    if place is not None or keepdims:
        arguments += ["None", "None" if place is None else place[0]]
    if keepdims:
        arguments.append("True")
    text = f"{call}({', '.join(arguments)})"
    if place is None:
        writer.set_result(number, text)
    else:
        writer.set_array(number, text, place[1], own=True)


def emit_mean(writer: Any, record: Record) -> bool:
    """Writes a mean: the sum, divided in place."""
    (source,), number, params = record.inputs, record.outputs[0], record.params
    shape, dtype = writer.specs[source].shape, writer.specs[source].dtype
    if not is_float(writer, source):
        return False
    axis = params["axis"]
    count = prod(shape) if axis is None else prod(shape[each] for each in axis)
    if not count:
        return False
    if writer.specs[number].shape == ():
        call = writer.name(np.add.reduce, "f")
        writer.set_scalar(number, f"{call}({writer.array(source)}, {writer.literal(axis)}) / {count}")
        return True
    reduce(writer, np.add, source, number, axis, params["keepdims"])
    divisor = writer.name(np.asarray(count, dtype), "c")
    writer.line(f"{writer.name(np.divide, 'f')}(v{number}, {divisor}, v{number})")
    return True


def emit_sum_to(writer: Any, record: Record) -> bool:
    """Writes the sum over what was broadcast."""
    (source,), number = record.inputs, record.outputs[0]
    given, shape = writer.specs[source].shape, writer.specs[number].shape
    extra = len(given) - len(shape)
    axes = [axis for axis in range(len(given)) if axis < extra or given[axis] != shape[axis - extra]]
    if not is_float(writer, source) or not axes:
        return False
    if all(axis < extra for axis in axes) or not extra:
        reduce(writer, np.add, source, number, tuple(axes), not extra)
        return True
    call = writer.name(np.add.reduce, "f")
    text = f"{call}({writer.array(source)}, {writer.literal(tuple(axes))}).reshape({writer.literal(shape)})"
    writer.set_array(number, text, own=True)
    return True


def emit_matrix_product(writer: Any, record: Record) -> bool:
    """Writes a product of two matrices, which `dot` computes as `matmul` does, with less ado."""
    (a, b), number, specs = record.inputs, record.outputs[0], writer.specs
    if len(specs[a].shape) != 2 or len(specs[b].shape) != 2 or not is_float(writer, a, b):
        return False
    first = writer.array(a) + (".T" if record.params["transpose_a"] else "")
    second = writer.array(b) + (".T" if record.params["transpose_b"] else "")
    ordered = all(writer.plan.order_of(each) == CONTIGUOUS for each in (a, b))
    if ordered and min(*specs[a].shape, *specs[b].shape) > 1:
        writer.relied = True
        writer.computed(number, f"{first}.dot", [second])
    else:
        writer.computed(number, writer.name(np.matmul, "f"), [first, second])
    return True


def emit_reshape(writer: Any, record: Record) -> bool:
    """Writes the view of an array in another shape."""
    number = record.outputs[0]
    shape = writer.literal(writer.specs[number].shape)
    writer.set_array(number, f"{writer.array(record.inputs[0])}.reshape({shape})")
    return True


def emit_transpose(writer: Any, record: Record) -> bool:
    """Writes the view of an array with its axes in another order."""
    (source,), number, perm = record.inputs, record.outputs[0], record.params["perm"]
    if record.params["conjugate"] and writer.specs[source].dtype.kind == "c":
        return False
    text = ".T" if perm is None else f".transpose({writer.literal(perm)})"
    writer.set_array(number, writer.array(source) + text)
    return True


def emit_identity(writer: Any, record: Record) -> bool:
    """Writes another name for an array; another object where it leaves the program."""
    (source,), number = record.inputs, record.outputs[0]
    writer.set_array(number, writer.array(source) + (".view()" if writer.plan.is_kept(number) else ""))
    return True


def emit_getitem(writer: Any, record: Record) -> bool:
    """Writes a part of an array that integers and slices name."""
    (source,), number, key = record.inputs, record.outputs[0], record.params["key"]
    parts = parts_of_key(key)
    if parts is None:
        return False
    text = f"{writer.array(source)}[{writer.literal(key)}]"
    if all(type(part) is int for part in parts):
        writer.set_result(number, text, own=False)
    else:
        writer.set_array(number, text)
    return True


def emit_split(writer: Any, record: Record) -> bool:
    """Writes the parts of an array along an axis."""
    (source,), params = record.inputs, record.params
    given = writer.specs[source].shape
    place, start, array = params["axis"] % len(given), 0, writer.array(source)
    for number in record.outputs:
        end = start + writer.specs[number].shape[place]
        key = (*[slice(None)] * place, slice(start, end))
        writer.set_array(number, f"{array}[{writer.name(key, 'p')}]")
        start = end
    return True


def emit_unstack(writer: Any, record: Record) -> bool:
    """Writes the rows of an array along an axis."""
    (source,), params = record.inputs, record.params
    place, array = params["axis"] % len(writer.specs[source].shape), writer.array(source)
    for position, number in enumerate(record.outputs):
        key = (*[slice(None)] * place, position)
        text = f"{array}[{writer.name(key, 'p')}]" if place else f"{array}[{position}]"
        writer.set_result(number, text, own=False)
    return True


def emit_concat(writer: Any, record: Record) -> bool:
    """Writes arrays put together along an axis."""
    arrays = "".join([f"{writer.array(each)}, " for each in record.inputs])
    axis = writer.literal(record.params["axis"])
    writer.computed(record.outputs[0], writer.name(np.concatenate, "f"), [f"({arrays})", axis])
    return True


def emit_stack(writer: Any, record: Record) -> bool:
    """Writes arrays of one shape put together along a new axis."""
    number, inputs, specs = record.outputs[0], record.inputs, writer.specs
    shape = specs[inputs[0]].shape
    if not shape or any(writer.plan.order_of(each) < ORDERED for each in inputs):
        return False
    place = record.params["axis"] % (len(shape) + 1)
    longer = writer.literal((*shape[:place], 1, *shape[place:]))
    arrays = "".join([f"{writer.array(each)}.reshape({longer}), " for each in inputs])
    writer.computed(number, writer.name(np.concatenate, "f"), [f"({arrays})", str(place)])
    return True


def emit_relu(writer: Any, record: Record) -> bool:
    """Writes the larger of an array and 0; large ones are left to the operation's own way."""
    (source,), number = record.inputs, record.outputs[0]
    spec = writer.specs[source]
    if not is_float(writer, source) or prod(spec.shape) >= 32768:
        return False
    zero = writer.name(np.zeros((), spec.dtype), "c")
    writer.computed(number, writer.name(np.maximum, "f"), [writer.array(source), zero], (source,))
    return True


def emit_sigmoid(writer: Any, record: Record) -> bool:
    """Writes `e / (e + 1)` for `e`, the exponential of what is at most 40."""
    (source,), number = record.inputs, record.outputs[0]
    spec = writer.specs[source]
    if not is_float(writer, source) or not spec.shape or writer.plan.order_of(number) != CONTIGUOUS:
        return False
    most, one = (writer.name(np.asarray(value, spec.dtype), "c") for value in (40.0, 1.0))
    writer.computed(number, writer.name(np.minimum, "f"), [writer.array(source), most], (source,))
    writer.line(f"{writer.name(np.exp, 'f')}(v{number}, v{number})")
    call = f"{writer.name(np.add, 'f')}(v{number}, {one})"
    writer.line(f"{writer.name(np.divide, 'f')}(v{number}, {call}, v{number})")
    return True


def emit_broadcast(writer: Any, record: Record) -> bool:
    """Writes one number, read again and again."""
    (source,), number = record.inputs, record.outputs[0]
    spec = writer.specs[number]
    if writer.specs[source].shape != () or not is_float(writer, source):
        return False
    shape, dtype = writer.literal(spec.shape), writer.name(spec.dtype, "d")
    zeros = writer.literal((0,) * len(spec.shape))
    text = f"{writer.name(np.ndarray, 'f')}({shape}, {dtype}, {writer.array(source)}, 0, {zeros})"
    writer.set_array(number, text)
    return True


EMITTERS: dict[str, Callable[[Any, Record], bool]] = {
    "broadcast_to": emit_broadcast,
    "concat": emit_concat,
    "expand_dims": emit_reshape,
    "getitem": emit_getitem,
    "identity": emit_identity,
    "matrix_product": emit_matrix_product,
    **dict.fromkeys(COMPOSED, emit_steps),
    "reduce_max": emit_reduction(np.maximum),
    "reduce_mean": emit_mean,
    "reduce_min": emit_reduction(np.minimum),
    "reduce_sum": emit_reduction(np.add),
    "relu": emit_relu,
    "reshape": emit_reshape,
    "sigmoid": emit_sigmoid,
    "split": emit_split,
    "squeeze": emit_reshape,
    "stack": emit_stack,
    "stop_gradient": emit_identity,
    "sum_to": emit_sum_to,
    "transpose": emit_transpose,
    "unstack": emit_unstack,
}
