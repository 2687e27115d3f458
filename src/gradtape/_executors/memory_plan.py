"""What a program's values do to memory: which share it, when the last use of each is, and in what order it lies."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from math import prod
from sys import getrefcount
from threading import active_count
from typing import Any

import numpy as np

from gradtape._core.memory import LARGE, UNSHARED
from gradtape._core.op import Op, direct
from gradtape._executors.program import Assign, Call, Guard, Program, Read, Record, parts_of_key

# How an array lies in memory: in no known order; its strides fall from axis to axis, as in C, but for axes on which
# nothing moves; on all axes; and with no gaps.
ANY, SPREAD, ORDERED, CONTIGUOUS = range(4)

# Operations whose results are parts of the first input's memory, or copies of it.
VIEWS = frozenset({
    "broadcast_to", "expand_dims", "getitem", "identity", "reshape", "split", "squeeze", "stop_gradient", "transpose",
    "unstack",
})  # fmt: skip
# Operations that always return arrays of their own; of inputs in C's order, arrays in C's order without gaps.
FRESH = frozenset({
    "concat", "gather", "matrix_product", "ones_of", "pow", "real_product", "reduce_all", "reduce_any",
    "reduce_logsumexp", "reduce_max", "reduce_mean", "reduce_min", "reduce_prod", "reduce_sum", "relu", "rsqrt",
    "select", "sigmoid", "squared_difference", "stack", "sum_to", "zeros_of",
})  # fmt: skip


@cache
def ufunc_of(op: Op) -> Any:
    """Returns the ufunc that an operation is, None if it is more than one call."""
    if op.params or op.variadic or op.outputs:
        return None
    found = direct(op.body, len(op.inputs))
    return found if isinstance(found, np.ufunc) else None


def order_of(array: Any) -> int:
    """Returns how an array lies in memory."""
    if type(array) is not np.ndarray:
        return ANY
    if array.flags.c_contiguous:
        return CONTIGUOUS
    strides = [abs(step) for step, size in zip(array.strides, array.shape, strict=True) if step and size > 1]
    if strides != sorted(strides, reverse=True):
        return ANY
    return ORDERED if len(strides) == sum(size > 1 for size in array.shape) else SPREAD


class Plan:
    """What is known of the memory of a program's values.

    Values that may share memory form a class; a class is known by one of its values.

    Attributes:
        records: the program's records.
        order: how each value lies in memory.
        plain: the values that are arrays on which NumPy computes as it is.
        last: for each class, the position of the last record that uses one of its values.
        kept: the classes that are still used when the program is over, or by who knows whom.
        shared: the classes that hold memory that is not the program's own.
        deaths: for each record, the classes whose last use it is.
        uses: how often each value is used.
    """

    def __init__(self, program: Program, records: list[Record], order: dict[int, int]) -> None:
        self.records = records
        self.specs = program.specs
        self.order = order
        self.plain = {number for number, spec in program.specs.items() if spec.is_plain}
        self.last: dict[int, int] = {}
        self.kept: set[int] = set()
        self.shared: set[int] = set()
        self.uses: dict[int, int] = {}
        self._parents: dict[int, int] = {}
        shared = [*program.inputs, *program.constants]
        kept = [*program.inputs, *program.constants, *program.outputs]
        order.update({number: order_of(array) for number, array in program.constants.items()})
        for record in records:
            self._add(record, shared, kept)
        for number in program.outputs:
            self.uses[number] = self.uses.get(number, 0) + 1
        self.shared = set(map(self.root, shared))
        self.kept = set(map(self.root, kept))
        last: dict[int, int] = {}
        for position, record in enumerate(records):
            for number in record.inputs:
                last[self.root(number)] = position
            for number in record.outputs:
                last[self.root(number)] = position
        self.last = last
        self.deaths: list[list[int]] = [[] for _ in records]
        for root, position in last.items():
            if root not in self.kept:
                self.deaths[position].append(root)

    def root(self, number: int) -> int:
        """Returns the value that the class of a value is known by."""
        parents = self._parents
        top = number
        while (above := parents.get(top, top)) != top:
            top = above
        while number != top:
            parents[number], number = top, parents.get(number, number)
        return top

    def _join(self, numbers: Iterable[int]) -> None:
        roots = [*map(self.root, numbers)]
        for other in roots[1:]:
            self._parents[self.root(other)] = self.root(roots[0])

    def _add(self, record: Record, shared: list[int], kept: list[int]) -> None:
        op, inputs, outputs = record.op, record.inputs, record.outputs
        for number in inputs:
            self.uses[number] = self.uses.get(number, 0) + 1
        if isinstance(op, Read):
            shared += outputs
        elif isinstance(op, Assign):
            kept += inputs
        elif isinstance(op, Call):
            # Who knows whose memory it returns; and what one keeps that is not pure.
            self._join((*inputs, *outputs))
            shared += outputs
            if op.kind != "pure":
                kept += [*inputs, *outputs]
        elif isinstance(op, Guard):
            kept += inputs[op.tested :]
        elif isinstance(op, Op):
            self._add_operation(op, record, shared)
        else:
            for number in outputs:
                self.order[number] = CONTIGUOUS

    def _add_operation(self, op: Op, record: Record, shared: list[int]) -> None:
        inputs, outputs, specs = record.inputs, record.outputs, self.specs
        plain = self.plain.issuperset(inputs) and self.plain.issuperset(outputs)
        fresh = plain and (op.name in FRESH or ufunc_of(op) is not None)
        if not fresh:
            if op.name in VIEWS and plain:
                self._join((inputs[0], *outputs))
            else:
                self._join((*inputs, *outputs))
                shared += outputs
        lowest = min(map(self.order_of, inputs), default=CONTIGUOUS)
        for number in outputs:
            rank = len(specs[number].shape)
            if fresh:
                # What is put together of rows that do not move lies the other way round.
                ordered = lowest >= (ORDERED if op.name in ("concat", "stack") else SPREAD)
                found = CONTIGUOUS if rank < 2 or (ordered and not record.params.get("batch_dims")) else ANY
            elif not plain or op.name not in VIEWS:
                found = ANY
            else:
                found = self._order_of_view(op, record, lowest)
            self.order[number] = found if rank > 1 else found or SPREAD

    def _order_of_view(self, op: Op, record: Record, given: int) -> int:
        if op.name in ("reshape", "expand_dims", "squeeze", "identity", "stop_gradient"):
            return given
        if op.name == "transpose":
            return ANY
        if op.name == "broadcast_to":
            return min(given, SPREAD)
        source = self.specs[record.inputs[0]]
        if op.name == "getitem":
            key = parts_of_key(record.params["key"])
            return ANY if key is None else min(given, order_of(np.empty(source.shape, source.dtype)[key]))
        if op.name in ("split", "unstack"):
            before = source.shape[: record.params["axis"] % len(source.shape)]
            return min(given, ORDERED if prod(before) != 1 else CONTIGUOUS)
        return min(given, ORDERED)

    def order_of(self, number: int) -> int:
        """Returns how a value lies in memory, as far as is known; of one dimension, always in some order."""
        known = self.order.get(number, ANY)
        return known if known or len(self.specs[number].shape) > 1 else SPREAD

    def dies(self, number: int, position: int) -> bool:
        """Whether the memory of a value is the program's own, and used by no record after the one at `position`."""
        root = self.root(number)
        return root not in self.shared and root not in self.kept and self.last[root] == position

    def is_kept(self, number: int) -> bool:
        """Whether somebody holds the memory of a value when the program is over."""
        return self.root(number) in self.kept


def effects_last(program: Program, late: dict[int, Record]) -> list[Record]:
    """Returns the records with effects behind all that can fail: at the end, or before a foreign function.

    What makes the new value of a large variable of the old one comes right before the assignment, where nothing uses
    the old value any more: it can be written over it.

    Args:
        program: whose records they are.
        late: `updates_of` it.
    """
    result: list[Record] = []
    waiting: list[Record] = []
    changed = False
    for record in program.records:
        op = record.op
        if changed:
            # What fails from here on ends the call, with the effects that came before it.
            result.append(record)
        elif isinstance(op, Assign):
            waiting += [late[record.inputs[0]], record] if record.inputs[0] in late else [record]
        elif isinstance(op, Call) and op.kind == "effect":
            waiting.append(record)
        elif not (record.outputs and record.outputs[0] in late):
            if isinstance(op, Call) and op.kind == "foreign":
                changed = bool(waiting)
                result += waiting
                waiting = []
            result.append(record)
    return result + waiting


def updates_of(program: Program) -> dict[int, Record]:
    """Returns the sums and differences that are the new values of large variables and nothing else, by the result."""
    read: dict[int, Any] = {}
    makers: dict[int, Record] = {}
    uses: dict[int, int] = dict.fromkeys(program.outputs, 1)
    found: dict[int, Record] = {}
    for record in program.records:
        op = record.op
        if isinstance(op, Call) and op.kind == "foreign":
            return {}
        for number in record.inputs:
            uses[number] = uses.get(number, 0) + 1
        if isinstance(op, Read):
            read[record.outputs[0]] = op.variable
        elif isinstance(op, Op) and op.name in ("add", "subtract"):
            x, y = (program.specs[number] for number in record.inputs)
            if record.inputs[0] in read and x.shape == y.shape and prod(x.shape) >= LARGE and x.is_plain:
                makers[record.outputs[0]] = record
        elif isinstance(op, Assign):
            maker = makers.get(record.inputs[0])
            if maker is not None and read[maker.inputs[0]] is op.variable:
                found[record.inputs[0]] = maker
    return {number: record for number, record in found.items() if uses[number] == 1}


def update(ufunc: Any, variable: Any, value: Any, delta: Any) -> None:
    """Gives a variable the value `ufunc(value, delta)`, in the memory of `value` if nobody else holds that.

    The caller holds `value`, which the variable was when it was read, in one variable. Beside other threads nothing is
    done in place: one of them may read the value while it is written.
    """
    variable._read_cache = None
    with np.errstate(all="ignore"):
        if (
            getrefcount(value) == UNSHARED
            and variable._value is value
            and value.base is None
            and value.flags.writeable
            and active_count() == 1
        ):
            ufunc(value, delta, value)
        else:
            variable._value = ufunc(value, delta)
