"""What a `tf.function` has done, in words: what it recorded, where it asks for values, why it ran again or eagerly."""

from __future__ import annotations

import linecache
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from gradtape._core import nest
from gradtape._core.tensor import Tensor
from gradtape._executors.loops import Loop
from gradtape._executors.lowering import lowered
from gradtape._executors.passes import optimized
from gradtape._executors.program import Assign, Call, Guard, Program, Read, Record, short

# So many lines, answers to one question and parts of a structure are shown.
MOST_LINES = 12
MOST_ANSWERS = 4
MOST_PARTS = 8
QUESTIONS = {"holds_nan": "NaN in the gradient"}
KINDS = {"effect": "performs", "source": "makes", "foreign": "calls"}


class Explanation(str):
    """A text that a console shows as it is."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def explanation(name: str, traces: Iterable[Any]) -> Explanation:
    """Returns what is known of a function.

    Args:
        name: its name.
        traces: what was recorded.
    """
    lines: list[str] = []
    earlier: list[Mapping[str, str]] = []
    for trace in sorted(traces, key=lambda trace: trace.born):
        lines.append(f"{name}({', '.join(f'{label}: {text}' for label, text in trace.arguments.items())})")
        if trace.recordings and (trace.cause or earlier):
            lines += indented([f"recorded anew because {trace.cause or difference(trace.arguments, earlier)}"])
        lines += indented(described(trace))
        earlier.append(trace.arguments)
    return Explanation("\n".join(lines) or f"{name} has not been called yet: nothing is recorded.")


def arguments_text(arguments: Any) -> dict[str, str]:
    """Returns the arguments of a call as text, by name."""
    values = {**dict(zip(arguments.names, arguments.args, strict=True)), **arguments.kwargs}
    return {name: value_text(value) for name, value in values.items()}


def value_text(value: Any) -> str:
    """Returns what counts of an argument: a tensor's dtype and shape, a value, the class of an object."""
    if nest.is_nested(value):
        leaves = nest.flatten(value)
        if len(leaves) > MOST_PARTS:
            return f"a {type(value).__name__} of {len(leaves)}"
        if isinstance(value, Mapping):
            return "{" + ", ".join(f"{key!r}: {value_text(each)}" for key, each in value.items()) + "}"
        text = ", ".join(map(value_text, value))
        return f"({text})" if isinstance(value, tuple) else f"[{text}]"
    if hasattr(value, "shape") and hasattr(value, "dtype") and not hasattr(value, "_components"):
        text = f"{getattr(value.dtype, 'name', value.dtype)}{list(value.shape)}"
        return text if isinstance(value, Tensor) or not hasattr(value, "_read") else f"Variable {text}"
    plain = value is None or isinstance(value, bool | int | float | complex | str | bytes)
    return short(value) if plain else f"a {type(value).__name__}"


def difference(arguments: Mapping[str, str], earlier: list[Mapping[str, str]]) -> str:
    """Returns what is new in arguments, compared with those before that are most like them."""

    def new(others: Mapping[str, str]) -> list[str]:
        names = {**arguments, **others}
        return [
            f"{name} was {others.get(name, 'not given')} before"
            for name in names
            if arguments.get(name) != others.get(name)
        ]

    # The latest of those that are alike.
    found = min(reversed(earlier), key=lambda others: len(new(others)))
    return " and ".join(new(found)) or "an object among the arguments is another one than before"


def described(trace: Any) -> Iterator[str]:
    """Yields the lines about one recording."""
    if trace.recordings:
        yield f"ran as Python {times(trace.recordings)} to record it"
    if trace.captures is not None and trace.captures.baked:
        yield f"keeps what it was given when it was recorded: {', '.join(trace.captures.baked)}"
    if trace.eager is not None:
        yield f"runs eagerly since: {trace.eager}"
    elif trace.incomplete and trace.followed:
        yield "runs eagerly where a tape follows it: a gradient of the user's own in it has no program"
    if trace.program is None:
        return
    records = list(all_records(trace.program))
    ways = 1 + sum(len(record.op.branches) for record in records if isinstance(record.op, Guard))
    left = operations(all_records(optimized(lowered(trace.program))))
    text = f"{count(operations(records), 'operation')}, {left} when simplified"
    yield text if ways == 1 else f"{text}, on {ways} ways"
    if trace.changes:
        yield f"took another way {times(trace.changes)} though all that it reads was the same, and was recorded anew"
    yield from listed("asks for values at", guards(records))
    yield from listed("at each call", at_each_call(records))
    loops = [value for record in records for value in record.params.values() if isinstance(value, Loop)]
    yield from listed("kept as loops", [loop_text(each) for each in loops])


def all_records(program: Program) -> Iterator[Record]:
    """Yields the records of a program and of the branches in it."""
    for record in program.records:
        yield record
        if isinstance(record.op, Guard):
            for branch in record.op.branches.values():
                yield from all_records(branch)


def operations(records: Iterable[Record]) -> int:
    """Returns how many records compute something."""
    return sum(not isinstance(record.op, Read | Assign | Guard) for record in records)


def guards(records: list[Record]) -> list[str]:
    """Returns the lines that ask for values, with what was asked and the answers that are known."""
    found: dict[tuple[str, str], Counter[Any]] = {}
    for record in records:
        op = record.op
        if isinstance(op, Guard):
            answers = found.setdefault((line_text(op.where), op.name), Counter())
            answers.update([op.answer, *op.branches])
    lines = [
        f"{where}  ({QUESTIONS.get(name, name)}: {answers_text(answers)})" for (where, name), answers in found.items()
    ]
    rest = len(lines) - MOST_LINES
    return lines[:MOST_LINES] + ([f"and {count(rest, 'line')} more"] if rest > 0 else [])


def line_text(where: Any) -> str:
    """Returns where a line of the user's stands, and what stands there."""
    if where is None:
        return "the package itself"
    code = linecache.getline(where.file, where.line).strip()
    return f"{os.path.basename(where.file)}:{where.line}: {code or f'in {where.function}'}"


def answers_text(answers: Counter[Any]) -> str:
    """Returns the answers to one question, the most frequent first."""
    if any(isinstance(answer, bytes | tuple) for answer in answers):
        return f"{len(answers)} different" if len(answers) > 1 else "one"
    shown = [short(answer) + (f" {times(number)}" if number > 1 else "") for answer, number in answers.most_common()]
    rest = len(shown) - MOST_ANSWERS
    return ", ".join(shown[:MOST_ANSWERS] + ([f"and {rest} more"] if rest > 0 else []))


def at_each_call(records: list[Record]) -> list[str]:
    """Returns what is done anew at each call: effects, and what does not follow from the arguments."""
    variables = {id(record.op.variable): record.op.variable.name for record in records if isinstance(record.op, Assign)}
    lines = [
        f"assigns {name}" if number == 1 else f"assigns {number} variables named {name}"
        for name, number in Counter(variables.values()).items()
    ]
    calls = [record.op for record in records if isinstance(record.op, Call) and record.op.kind in KINDS]
    found = Counter(f"{KINDS[call.kind]} {call.name}" for call in calls)
    return lines + [text if number == 1 else f"{text}, {times(number)}" for text, number in found.items()]


def loop_text(loop: Loop) -> str:
    """Returns what a loop does."""
    turns = "as many turns as its condition holds" if loop.count is None else count(loop.count, "turn")
    return f"{turns}, of {count(operations(all_records(loop.body)), 'operation')} each"


def times(number: int) -> str:
    """Returns how often, in words."""
    return {1: "once", 2: "twice"}.get(number, f"{number} times")


def count(number: int, noun: str) -> str:
    """Returns a number of things."""
    return f"{number} {noun}" + ("" if number == 1 else "s")


def indented(lines: Iterable[str]) -> list[str]:
    """Returns lines, moved to the right."""
    return ["    " + line for line in lines]


def listed(title: str, lines: Iterable[str]) -> list[str]:
    """Returns a title with lines below it, nothing where there are none."""
    found = indented(lines)
    return [f"{title}:", *found] if found else []
