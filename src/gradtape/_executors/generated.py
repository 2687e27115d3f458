"""The writer of straight-line Python over NumPy for a program: functions, branches, guards, effects and buffers."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape._core.op import Op
from gradtape._core.recorded import as_bool
from gradtape._executors.blocks import write_group
from gradtape._executors.emitters import EMITTERS, emit_ufunc
from gradtape._executors.grouping import Group, grouped, has_large, is_large
from gradtape._executors.interpreter import body
from gradtape._executors.memory_plan import (
    ANY,
    CONTIGUOUS,
    FRESH,
    Plan,
    effects_last,
    ufunc_of,
    update,
    updates_of,
)
from gradtape._executors.program import Assign, Call, Guard, Read, Record
from gradtape._executors.recorder import as_value

# Up to this many bytes, a value is put into a buffer that is kept for the next call; above, NumPy's memory is as fast.
MOST_KEPT = 1 << 17
# No program keeps more than this.
MOST_KEPT_TOGETHER = 1 << 26
# From this many bytes on, a value is let go of at its last use.
WORTH_FREEING = 1 << 11
# NumPy warns of a third argument of these without a name.
NAMING_OUT = (np.minimum, np.maximum)
GIVE_BACK = "pool.append(room)"
LITERALS = (bool, int, type(None), str)


class Writer:
    """Writes the function of one unit, record by record.

    A number without dimensions has two forms: the array `v5` and NumPy's scalar `s5`, with which arithmetic is faster.
    """

    def __init__(self, unit: Any) -> None:
        self.unit = unit
        self.program = program = unit.program
        self.specs = program.specs
        self.late = updates_of(program)
        self.records = effects_last(program, self.late)
        self.updated: set[int] = set()
        self.has_foreign = any(type(r.op) is Call and r.op.kind == "foreign" for r in self.records)
        order = {**unit.given}
        self.checked = self._checked() if unit.assumed else {}
        order.update(dict.fromkeys(self.checked, CONTIGUOUS))
        plan = Plan(program, self.records, {**order})
        if has_large(program, self.records):
            self.records = grouped(program, self.records, plan, set(self.late))
            plan = Plan(program, self.records, order)
        self.plan = plan
        self.names: dict[str, Any] = {"__name__": __name__, "asarray": np.asarray, "program": program}
        self.lines: list[str] = []
        self.where: list[Record | None] = []
        self.effects: int | None = None
        self.record: Record | None = None
        self.position = 0
        self.bound: dict[int, str] = {}
        self.arrays: set[int] = set()
        self.scalars: set[int] = set()
        # By class: the buffers that its values are in; the local names to be cleared.
        self.held: dict[int, list[int]] = {}
        self.large: dict[int, list[str]] = {}
        self.buffers: list[tuple[tuple[int, ...], Any]] = []
        self.free: dict[tuple[tuple[int, ...], Any], list[int]] = {}
        self.bytes_kept = 0
        # The buffer of a value that fills it, None for memory of its own.
        self.places: dict[int, int | None] = {}
        self.relied = False

    def _checked(self) -> dict[int, str]:
        """Returns the matrices whose order in memory is not known, as the expressions that yield them."""
        wanted = {n: f"v{n}" for n in self.program.inputs if self.unit.given.get(n, ANY) != CONTIGUOUS}
        if not self.has_foreign:
            wanted.update({r.outputs[0]: "" for r in self.records if type(r.op) is Read})
        specs = self.specs
        matters = {n for n in wanted if len(specs[n].shape) > 1 or is_large(specs[n])}
        return {n: text for n, text in wanted.items() if n in matters and specs[n].is_plain}

    # -- text

    def line(self, text: str) -> None:
        """Writes a line of the body."""
        self.lines.append(text)
        self.where.append(self.record)

    def name(self, value: Any, prefix: str = "g") -> str:
        """Returns the global name of an object."""
        known = self.bound.get(id(value))
        if known is None:
            known = self.bound[id(value)] = f"{prefix}_{len(self.bound)}"
            self.names[known] = value
        return known

    def literal(self, value: Any) -> str:
        """Returns a value as it stands in the text: itself if it is short, else by name."""
        if type(value) in LITERALS or (type(value) is tuple and all(type(each) in LITERALS for each in value)):
            text = repr(value)
            if len(text) < 40:
                return text
        return self.name(value, "p")

    def array(self, number: int) -> str:
        """Returns the name of a value as an array."""
        if number in self.program.constants:
            return self.name(self.program.constants[number], "c")
        if number not in self.arrays:
            self.line(f"v{number} = asarray(s{number})")
            self.arrays.add(number)
        return f"v{number}"

    def scalar(self, number: int) -> str:
        """Returns the name of a number as a scalar."""
        if number not in self.scalars:
            if number in self.program.constants:
                self.names[f"s{number}"] = self.program.constants[number][()]
            else:
                self.line(f"s{number} = v{number}[()]")
            self.scalars.add(number)
        return f"s{number}"

    def set_array(self, number: int, text: str, buffer: int | None = None, own: bool = False) -> None:
        """Makes an expression the value of a number, as an array.

        Args:
            number: the value.
            text: the expression.
            buffer: the buffer that the value is in.
            own: whether it fills memory of its own, which may be written again.
        """
        name = f"v{number}"
        if text != name:
            self.line(f"{name} = {text}")
        self.arrays.add(number)
        spec, root = self.specs[number], self.plan.root(number)
        if buffer is not None or own:
            self.places[number] = buffer
        if buffer is not None:
            self.held.setdefault(root, []).append(buffer)
        elif spec.what is not None or spec.nbytes >= WORTH_FREEING:
            self.large.setdefault(root, []).append(name)

    def set_scalar(self, number: int, text: str) -> None:
        """Makes an expression the value of a number, as a scalar."""
        self.line(f"s{number} = {text}")
        self.scalars.add(number)

    def set_result(self, number: int, text: str, own: bool = True) -> None:
        """Makes what NumPy returns the value: a scalar if there are no dimensions, else an array; see `set_array`."""
        if self.specs[number].shape == ():
            self.set_scalar(number, text)
        else:
            self.set_array(number, text, own=own)

    # -- memory

    def target(self, number: int, candidates: tuple[int, ...] = ()) -> tuple[str, int | None] | None:
        """Returns where to write a result, as the name of an array and the number of its buffer; None for new memory.

        Args:
            number: the result.
            candidates: the inputs over which it may be written.
        """
        spec, plan = self.specs[number], self.plan
        if plan.order_of(number) != CONTIGUOUS or spec.dtype.kind not in "fiub":
            # Complex products are rounded in another way where they are written over a factor.
            return None
        kept = plan.is_kept(number)
        for each in candidates:
            other = self.specs[each]
            if (
                each in self.places
                and other.shape == spec.shape
                and other.dtype == spec.dtype
                and plan.order_of(each) == CONTIGUOUS
                and plan.dies(each, self.position)
                and not (kept and self.places[each] is not None)
            ):
                buffer = self.places[each]
                root = plan.root(each)
                if buffer is not None:
                    self.held[root].remove(buffer)
                self.relied |= len(spec.shape) > 1
                return self.array(each), buffer
        size = spec.nbytes
        if kept or size > MOST_KEPT or not size:
            return None
        key = spec.shape, spec.dtype
        free = self.free.setdefault(key, [])
        if free:
            buffer = free.pop()
        elif self.bytes_kept + size > MOST_KEPT_TOGETHER:
            return None
        else:
            buffer = len(self.buffers)
            self.buffers.append(key)
            self.bytes_kept += size
        self.relied |= len(spec.shape) > 1
        return f"b{buffer}", buffer

    def scratch(self, shape: tuple[int, ...], dtype: Any) -> int:
        """Returns the number of a buffer; `free` takes it back."""
        free = self.free.setdefault((shape, dtype), [])
        if free:
            return free.pop()
        self.buffers.append((shape, dtype))
        return len(self.buffers) - 1

    def computed(self, number: int, call: str, arguments: list[str], candidates: tuple[int, ...] = ()) -> None:
        """Writes the call of a function that takes its output array as the last argument."""
        place = self.target(number, candidates)
        if place is None:
            self.set_result(number, f"{call}({', '.join(arguments)})")
        else:
            out = f"out={place[0]}" if self.names.get(call) in NAMING_OUT else place[0]
            self.set_array(number, f"{call}({', '.join([*arguments, out])})", place[1], own=True)

    def release(self) -> None:
        """Takes back what no later record uses."""
        gone: list[str] = []
        for root in self.plan.deaths[self.position]:
            for buffer in self.held.pop(root, ()):
                self.free[self.buffers[buffer]].append(buffer)
            gone += self.large.pop(root, ())
        if gone:
            self.line(" = ".join([*gone, "None"]))

    # -- records

    def write(self) -> None:
        """Writes the function."""
        # Only what is drawn inside a call has to be handed over where a guard misses.
        drawing = any(type(r.op) is Call and r.op.kind in ("source", "foreign") for r in self.records)
        self.performed = "performed" if drawing or self.unit.is_branch else "[]"
        self.arrays.update(self.program.inputs)
        for position, record in enumerate(self.records):
            self.position, self.record = position, record
            self.write_record(record)
            self.release()
        self.record = None
        outputs = [self.array(number) for number in self.program.outputs]
        self.finish(drawing, outputs)

    def finish(self, drawing: bool, outputs: list[str]) -> None:
        """Puts the beginning and the end around the body."""
        branch = self.unit.is_branch
        head = [f"def run(arrays{', performed' if branch else ''}):"]
        if self.program.inputs:
            head.append(f"    {', '.join(f'v{n}' for n in self.program.inputs)}, = arrays")
        if self.checked and self.relied:
            texts = []
            for number, text in self.checked.items():
                if not text:
                    read = next(r for r in self.records if r.outputs == (number,))
                    text = f"{self.name(read.op.variable, 'r')}._value"
                texts.append(f"{text}.flags.c_contiguous")
            head.append(f"    if not ({' and '.join(texts)}):")
            head.append(f"        return general(arrays{', performed' if branch else ''})")
            self.names["general"] = self.unit.unassumed
        if drawing and not branch:
            head.append("    performed = []")
        if self.buffers:
            buffers = self.buffers
            self.names["pool"] = []
            self.names["make"] = lambda: [np.empty(shape, dtype) for shape, dtype in buffers]
            head += ["    try:", "        room = pool.pop()", "    except IndexError:", "        room = make()"]
            head.append(f"    {', '.join(f'b{n}' for n in range(len(buffers)))}, = room")
        inside = [*self.lines, GIVE_BACK, f"return program, [{', '.join(outputs)}]"]
        where = [*self.where, None, None]
        if not self.buffers:
            inside = [text.replace(GIVE_BACK, "pass") for text in inside]
        if branch:
            body = ["    " + text for text in inside]
            after = []
        else:
            self.names["failed"] = self.unit.failed
            head.append("    try:")
            body = ["        " + text for text in inside]
            after = ["    except Exception as error:", "        return failed(error, arrays, run)"]
        if self.effects is not None:
            self.effects += len(head)
        self.where = [*[None] * len(head), *where, *[None] * len(after)]
        self.lines = [*head, *body, *after]

    def write_record(self, record: Record) -> None:
        """Writes one record."""
        op = record.op
        if type(op) is Guard:
            self.write_guard(op, record)
        elif isinstance(op, Read):
            number = record.outputs[0]
            self.line(f"v{number} = {self.name(op.variable, 'r')}._value")
            self.arrays.add(number)
        elif isinstance(op, Assign):
            self.write_assign(op, record)
        elif isinstance(op, Call):
            self.write_call(op, record)
        elif isinstance(op, Group):
            write_group(self, op, record)
        else:
            self.write_operation(op, record)

    def write_operation(self, op: Op, record: Record) -> None:
        """Writes an operation."""
        specs = self.specs
        if record.outputs and record.outputs[0] in self.late and self.write_update(op, record):
            return
        plain = self.plan.plain
        if plain.issuperset(record.inputs) and plain.issuperset(record.outputs):
            ufunc = ufunc_of(op)
            if ufunc is not None:
                emit_ufunc(self, record, ufunc)
                return
            emitter = EMITTERS.get(op.name)
            if emitter is not None and emitter(self, record):
                return
            params = [f"{key}={self.literal(value)}" for key, value in record.params.items()]
            arguments = ", ".join([self.array(number) for number in record.inputs])
            if op.variadic:
                arguments = f"[{arguments}]"
            text = f"{self.name(op.body, 'f')}({', '.join([arguments, *params] if arguments else params)})"
            scalars = [specs[number].shape == () for number in record.outputs]
            if not op.outputs:
                self.set_array(record.outputs[0], f"asarray({text})" if scalars[0] else text, own=op.name in FRESH)
                return
            if record.outputs:
                self.line(f"{', '.join(f'v{number}' for number in record.outputs)}, = {text}")
        else:
            self.names.update(body=body, as_value=as_value)
            arguments = ", ".join([self.array(number) for number in record.inputs])
            text = f"body({self.name(op, 'o')}, [{arguments}], {self.name(record.params, 'p')})"
            if not op.outputs:
                self.set_array(record.outputs[0], f"as_value({text})")
                return
            self.line(f"{', '.join(f'v{number}' for number in record.outputs)}, = map(as_value, {text})")
            scalars = [False] * len(record.outputs)
        for number, is_scalar in zip(record.outputs, scalars, strict=True):
            self.set_array(number, f"asarray(v{number})" if is_scalar else f"v{number}")

    def write_call(self, op: Call, record: Record) -> None:
        """Writes the call of a Python function."""
        text = f"{self.name(op.function, 'f')}({', '.join([self.array(number) for number in record.inputs])})"
        if op.kind == "effect":
            self.changes()
            self.line(text)
            return
        if op.kind in ("source", "foreign"):
            self.line(f"found = {text}")
            self.line("performed.append(found)")
            text = "found"
        self.names["as_value"] = as_value
        if op.outputs:
            names = [f"v{number}" for number in record.outputs]
            self.line(f"{', '.join(names)}{',' if names else '[]'} = {text}")
            for number in record.outputs:
                self.set_array(number, f"as_value(v{number})")
        else:
            self.set_array(record.outputs[0], f"as_value({text})")

    def changes(self) -> None:
        """Notes that from the next line on something outside of the program is changed."""
        if self.effects is None:
            self.effects = len(self.lines) + 1

    # -- variables

    def write_update(self, op: Op, record: Record) -> bool:
        """Writes an operation with the assignment that follows, if it makes a new value of a variable of the old one.

        Where it may be, the new value is written over the old one.
        """
        following = self.records[self.position + 1] if self.position + 1 < len(self.records) else None
        if following is None or not isinstance(following.op, Assign) or following.inputs != record.outputs:
            return False
        plan, value = self.plan, record.inputs[0]
        if record.outputs[0] not in self.late or plan.is_kept(value) or plan.last[plan.root(value)] != self.position:
            return False
        self.names["update"] = update
        arguments = [
            self.name(ufunc_of(op), "f"),
            self.name(following.op.variable, "r"),
            *map(self.array, record.inputs),
        ]
        self.changes()
        self.line(f"update({', '.join(arguments)})")
        self.updated.add(record.outputs[0])
        return True

    def write_assign(self, op: Assign, record: Record) -> None:
        """Writes an assignment; the array is the variable's alone, or a view: it stands for this value of it."""
        number = record.inputs[0]
        if number in self.updated:
            return
        variable, value = self.name(op.variable, "r"), self.array(number)
        own = number in self.places and self.plan.uses[number] == 1
        self.changes()
        self.line(f"{variable}._value = {value}{'' if own else '.view()'}")
        self.line(f"{variable}._read_cache = None")

    # -- guards

    def write_guard(self, op: Guard, record: Record) -> None:
        """Writes a guard: where it is answered otherwise, the function returns what the branch does, or a miss."""
        tested, specs = record.inputs[: op.tested], self.specs
        first, spec = tested[0], specs[tested[0]]
        plain = len(tested) == 1 and spec.is_plain
        known = "answer"
        if plain and op.test is as_bool and type(op.answer) is bool and spec.shape == ():
            value = self.scalar(first) if first in self.scalars else self.array(first)
            self.line(f"if {'not ' if op.answer else ''}{value}:")
            known = repr(not op.answer)
        elif plain and op.name == "holds_nan" and op.answer is False and self.write_nan_test(first, spec):
            self.line(f"    answer = {self.name(op.test, 'f')}({self.array_inline(first)})")
            self.line("    if answer:")
            self.write_way(op, record, "answer", "        ")
            return
        else:
            arguments = ", ".join([self.array(number) for number in tested])
            self.line(f"answer = {self.name(op.test, 'f')}({arguments})")
            self.line(f"if answer != {self.literal(op.answer)}:")
        self.write_way(op, record, known, "    ")

    def write_nan_test(self, number: int, spec: Any) -> bool:
        """Writes the condition that a value may hold a NaN, as the sum of its squares tells."""
        if spec.dtype.char not in "fd" or (spec.shape and self.plan.order_of(number) != CONTIGUOUS):
            return False
        if spec.shape == ():
            value = self.scalar(number)
            self.line(f"if {value} != {value}:")
            return True
        value = self.array(number)
        self.relied |= len(spec.shape) > 1
        self.line(f"total = {value}{'.ravel()' if len(spec.shape) > 1 else ''}")
        self.line("total = total.dot(total)")
        self.line("if total != total:")
        return True

    def array_inline(self, number: int) -> str:
        """Returns a value as an array, for a line that may not run."""
        return f"asarray(s{number})" if self.is_scalar_alone(number) else self.array(number)

    def is_scalar_alone(self, number: int) -> bool:
        """Whether a value is there as a scalar only."""
        return number not in self.arrays and number not in self.program.constants

    def write_way(self, op: Guard, record: Record, answer: str, indent: str) -> None:
        """Writes how the function goes on where a guard is answered otherwise."""
        live = record.inputs[op.tested :]
        order = {number: self.plan.order_of(number) for number in live}
        ways = self.name(self.unit.ways(op, order))
        inputs = "".join(f"{self.array_inline(number)}, " for number in live)
        # What branches go on with is in no buffer.
        self.line(indent + GIVE_BACK)
        self.line(f"{indent}return {ways}({answer}, ({inputs}), {self.performed})")
