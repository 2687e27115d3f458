"""How a group of element-wise operations on large arrays is written: as a loop over blocks."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from gradtape._executors.grouping import BLOCK, OUT, Group, spread_number
from gradtape._executors.program import Record


def write_group(writer: Any, group: Group, record: Record) -> None:
    """Writes the loop of a group: each turn takes all operations on one block.

    Results that are used outside are written to arrays of their own, or over inputs that nobody uses any more; all
    others are in buffers of the size of a block.
    """
    specs, program = writer.specs, writer.program
    writer.relied = True
    shape = specs[record.outputs[0]].shape
    size = prod(shape)
    widest = max(specs[each.outputs[0]].dtype.itemsize for each in group.records)
    length = BLOCK // widest
    last = {number: position for position, each in enumerate(group.records) for number in each.inputs}
    texts: dict[int, str] = {}
    parts: list[str] = []
    for number in record.inputs:
        if specs[number].shape == ():
            texts[number] = writer.array(number)
            continue
        spread = spread_number(number, program)
        if spread is not None:
            texts[number] = writer.name(spread, "c")
            continue
        writer.line(f"x{number} = {writer.array(number)}.reshape(-1)")
        texts[number] = f"p{number}"
        parts.append(f"p{number} = x{number}[i]")
    results(writer, group, record, last)
    parts += [f"p{number} = x{number}[i]" for number in record.outputs]
    body, buffers = inner(writer, group, record, last, texts, length)
    slices = [slice(start, min(start + length, size)) for start in range(0, size, length)]
    writer.line(f"for i in {writer.name(slices, 'i')}:")
    names = sorted({f"b{buffer}" for buffer in buffers})
    locals_of = {name: f"t{name[1:]}" for name in names}
    rest = size % length
    if rest and names:
        writer.lines.pop()
        writer.where.pop()
        for name in names:
            writer.line(f"{locals_of[name]} = {name}")
        writer.line(f"for i in {writer.name(slices, 'i')}:")
        writer.line(f"    if i is {writer.name(slices[-1], 'i')}:")
        for name in names:
            writer.line(f"        {locals_of[name]} = {name}[:{rest}]")
    for text in [*parts, *body]:
        writer.line("    " + text)
    cleared = [f"p{number}" for number in texts if texts[number] == f"p{number}"]
    cleared += [f"x{number}" for number in texts if texts[number] == f"p{number}"]
    cleared += [f"{letter}{number}" for number in record.outputs for letter in "px"]
    writer.line(" = ".join([*cleared, "None"]))


def results(writer: Any, group: Group, record: Record, last: dict[int, int]) -> None:
    """Writes where the results go: over an input that is used no more, or into new memory."""
    specs, plan = writer.specs, writer.plan
    taken: set[int] = set()
    for position, each in enumerate(group.records):
        number = each.outputs[0]
        if number not in record.outputs:
            continue
        spec = specs[number]
        over = None
        for other in record.inputs:
            free = other in writer.places and writer.places[other] is None and other not in taken
            alike = specs[other].shape == spec.shape and specs[other].dtype == spec.dtype
            # A step writes a block of it only when all that read the block are done.
            if (
                free
                and alike
                and last[other] < position + (len(group.steps[position]) == 1)
                and plan.dies(other, writer.position)
            ):
                over = other
                break
        if over is None:
            writer.set_array(
                number,
                f"{writer.name(np.empty, 'f')}({writer.literal(spec.shape)}, {writer.name(spec.dtype, 'd')})",
                own=True,
            )
        else:
            taken.add(over)
            writer.set_array(number, writer.array(over), own=True)
        writer.line(f"x{number} = v{number}.reshape(-1)")


def inner(
    writer: Any, group: Group, record: Record, last: dict[int, int], texts: dict[int, str], length: int
) -> tuple[list[str], set[int]]:
    """Returns the lines of one turn, and the buffers that they use."""
    specs, rest = writer.specs, bool(prod(writer.specs[record.outputs[0]].shape) % length)
    lines: list[str] = []
    held: dict[int, int] = {}
    buffers: set[int] = set()
    for position, (each, steps) in enumerate(zip(group.records, group.steps, strict=True)):
        number = each.outputs[0]
        dying = [other for other in set(each.inputs) if other in held and last[other] == position]
        if number in record.outputs:
            texts[number] = f"p{number}"
        else:
            later = {other for _, operands in steps[1:] for other in operands}
            over = next((o for o in dying if o not in later and specs[o].dtype == specs[number].dtype), None)
            if over is not None:
                held[number] = held.pop(over)
                dying.remove(over)
            else:
                held[number] = writer.scratch((length,), specs[number].dtype)
            buffers.add(held[number])
            texts[number] = f"{'t' if rest else 'b'}{held[number]}"
        for ufunc, operands in steps:
            arguments = [texts[number] if other == OUT else texts[other] for other in operands]
            out = f"out={texts[number]}" if ufunc in (np.minimum, np.maximum) else texts[number]
            lines.append(f"{writer.name(ufunc, 'f')}({', '.join([*arguments, out])})")
        for other in dying:
            writer.free[(length,), specs[other].dtype].append(held.pop(other))
    for other, buffer in held.items():
        writer.free[(length,), specs[other].dtype].append(buffer)
    return lines, buffers
