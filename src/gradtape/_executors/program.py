"""`Program`: a straight line of records with guards in it, what a recorder writes and an engine runs; its grammar."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from math import prod
from typing import Any, NamedTuple

from gradtape._core.dispatch import shown_name
from gradtape._core.dtypes import BY_NUMPY
from gradtape._core.op import Op
from gradtape.errors import InternalError


class Spec(NamedTuple):
    """The shape and the NumPy dtype of a value; `what` is its class where it is no array."""

    shape: tuple[int, ...]
    dtype: Any
    what: str | None = None

    @property
    def is_plain(self) -> bool:
        """Whether it is an array on which NumPy computes as it is: no texts, no bfloat16, no batch of rows."""
        return self.what is None and self.dtype.kind in "biufc"

    @property
    def nbytes(self) -> int:
        """How many bytes the elements take."""
        return prod(self.shape) * int(self.dtype.itemsize)

    def __str__(self) -> str:
        text = f"{BY_NUMPY[self.dtype].name}{list(self.shape)}"
        return text if self.what is None else f"{self.what} of {text}"


class Record(NamedTuple):
    """One step of a program: what runs, the numbers of its inputs and outputs, and the parameters."""

    op: Any
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    params: dict[str, Any]


class Read:
    """Reads a variable; where it was assigned before, the value that it was given is the input."""

    __slots__ = ("variable",)
    name = "read"

    def __init__(self, variable: Any) -> None:
        self.variable = variable


class Assign:
    """Makes the one input the value of a variable."""

    __slots__ = ("variable",)
    name = "assign"

    def __init__(self, variable: Any) -> None:
        self.variable = variable


class Call:
    """Calls a Python function with arrays.

    Attributes:
        name: what it is called in messages and texts.
        function: takes the inputs' arrays; returns an array, a list of them where `outputs`, None of an `effect`.
        kind: `pure`: the result follows from the inputs. `source`: it does not (random numbers, the time), so that it
            is made once in every call. `foreign`: likewise, and the function is the user's, who may do anything in it.
            `effect`: there is no result, as of `tf.print`.
        outputs: whether the result is a list.
    """

    __slots__ = ("function", "kind", "name", "outputs")

    def __init__(self, name: str, function: Callable[..., Any], kind: str, outputs: bool = False) -> None:
        self.name = name
        self.function = function
        self.kind = kind
        self.outputs = outputs


class Linear(Call):
    """A pure call of a step that is no operation but has a derivative, as those into batches and out of them."""

    __slots__ = ("step",)

    def __init__(self, step: Any) -> None:
        super().__init__(step.name, step.body, "pure")
        self.step = step


class Custom(Call):
    """Results that have a gradient of the user's own; to arrays the identity.

    Its inputs are the results as they were computed, what they were computed of, and what else the gradient uses.

    Attributes:
        results, arguments: how many of the inputs are results, and how many what these were computed of.
        back: the program of the gradient; its inputs are `seeds`, the cotangents, and then the other inputs' numbers.
        seeds: the numbers of the cotangents.
        places: for each argument, where among the program's outputs its cotangent is; see `Back`.
        pull: the gradient itself, where there is no program of it.
    """

    __slots__ = ("arguments", "back", "places", "pull", "results", "seeds")

    def __init__(
        self, name: str, results: int, arguments: int, back: Program | None, seeds: list[int], places: Any
    ) -> None:
        super().__init__(name, lambda *values: [*values[:results]], "pure", outputs=True)
        self.results = results
        self.arguments = arguments
        self.back = back
        self.seeds = seeds
        self.places = places
        self.pull: Any = None


class Guard:
    """A decision that was taken on values: the rest of the program holds for one answer alone.

    The record's first `tested` inputs are what was asked; the others are what the branches go on with: each branch
    takes all of them, in this order.

    Attributes:
        name: what was asked: `bool`, `int`, `float`, `value` …
        test: takes the inputs' arrays and returns the answer, which can be hashed.
        answer: the one that the rest was recorded for.
        where: the line of the user's that asked: a file, a line number, a function's name.
        tested: how many inputs the test takes.
        branches: for other answers, the programs to go on with.
    """

    __slots__ = ("answer", "branches", "name", "test", "tested", "where")

    def __init__(
        self, name: str, test: Callable[..., Hashable], tested: int, answer: Hashable, where: Any = None
    ) -> None:
        self.name = name
        self.tested = tested
        self.test = test
        self.answer = answer
        self.where = where
        self.branches: dict[Hashable, Program] = {}


Step = Op | Read | Assign | Call | Guard


def is_pure(record: Record) -> bool:
    """True for a record that does nothing but make its outputs of its inputs."""
    op = record.op
    return isinstance(op, Op) or (isinstance(op, Call) and op.kind == "pure")


class Program:
    """A straight line of records.

    Values have numbers; each is made once: as an input, as a constant, or as the output of a record before its use.

    Attributes:
        inputs: the numbers of what a call gives.
        records: the steps in order, effects and guards among them.
        outputs: the numbers of what a call returns.
        constants: arrays by number.
        specs: shapes and dtypes by number.
        finish: makes the function's result of the arrays of `outputs`.
        end: what is known of the way that ends here (`followed.py`), the same object in all copies of the program.
        kept: the numbers of the values that it gives beside its results, for the way back.
        log: operations that have been noted and are no records yet: for each the operation, the numbers of its inputs
            and of the result, the result's shape and dtype and the parameters, one after the other in one list, or a
            record. Python's garbage collector has little to look at there, and a function that is called once never
            needs the records.
        next: the number of the next value.
    """

    __slots__ = ("_records", "_specs", "constants", "end", "finish", "inputs", "kept", "log", "next", "outputs")

    def __init__(self) -> None:
        self.inputs: list[int] = []
        self._records: list[Record] = []
        self.outputs: list[int] = []
        self.constants: dict[int, Any] = {}
        self._specs: dict[int, Spec] = {}
        self.log: list[Any] = []
        self.next = 0
        self.finish: Any = None
        self.end: Any = None
        self.kept: list[int] = []

    @property
    def records(self) -> list[Record]:
        """The steps in order."""
        if self.log:
            self._write()
        return self._records

    @records.setter
    def records(self, records: list[Record]) -> None:
        self._records = records

    @property
    def specs(self) -> dict[int, Spec]:
        """Shapes and dtypes by number."""
        if self.log:
            self._write()
        return self._specs

    @specs.setter
    def specs(self, specs: dict[int, Spec]) -> None:
        self._specs = specs

    def note(self, record: Record) -> None:
        """Adds a record."""
        (self.log if self.log else self._records).append(record)

    def _write(self) -> None:
        """Makes records of what has been noted."""
        log, self.log = self.log, []
        position = 0
        while position < len(log):
            op = log[position]
            if type(op) is Record:
                self._records.append(op)
                position += 1
                continue
            after = position + 1 + len(op.inputs)
            number, shape, dtype, params = log[after : after + 4]
            self._specs[number] = Spec(shape, dtype)
            self._records.append(Record(op, tuple(log[position + 1 : after]), (number,), params))
            position = after + 4

    def copy(self) -> Program:
        """Returns a program of the same records, in lists of its own."""
        twin = Program()
        twin.inputs, twin.records, twin.outputs = [*self.inputs], [*self.records], [*self.outputs]
        twin.constants, twin.specs = {**self.constants}, {**self.specs}
        twin.finish, twin.end, twin.kept, twin.next = self.finish, self.end, self.kept, self.next
        return twin

    def new(self, spec: Spec) -> int:
        """Returns the number of a new value."""
        number = self.next
        self.next = number + 1
        self._specs[number] = spec
        return number

    def free(self) -> list[int]:
        """Returns the numbers of values that are used and not made here, in order: what a branch has to be given."""
        made = {*self.constants, *[number for record in self.records for number in record.outputs]}
        used = {number for record in self.records for number in record.inputs}.union(self.outputs)
        return sorted(used - made)

    def guards(self) -> Iterable[Guard]:
        """Yields the guards on the way through, and those of the branches."""
        for record in self.records:
            if type(record.op) is Guard:
                yield record.op
                for branch in record.op.branches.values():
                    yield from branch.guards()

    def __str__(self) -> str:
        lines = [f"program({', '.join(f'%{n}: {self.specs[n]}' for n in self.inputs)})"]
        lines += [f"    %{n}: {self.specs[n]} = constant" for n in self.constants]
        lines += ["    " + line for record in self.records for line in self.text(record)]
        lines.append(f"    return {', '.join(f'%{n}' for n in self.outputs)}")
        return "\n".join(lines)

    def text(self, record: Record) -> list[str]:
        """Returns the lines that a record is printed as."""
        op = record.op
        made = ", ".join(f"%{n}: {self.specs[n]}" for n in record.outputs)
        inputs = [f"%{n}" for n in record.inputs]
        if type(op) is Guard:
            lines = [f"guard {op.name}({', '.join(inputs[: op.tested])}) is {short(op.answer)}{where_text(op.where)}"]
            for answer, branch in op.branches.items():
                lines.append(f"    or {short(answer)}:")
                lines += ["        " + line for line in str(branch).split("\n")]
            return lines
        if isinstance(op, Read | Assign):
            inputs = [op.variable.name, *inputs]
        name = shown_name(op) if isinstance(op, Op) else op.name
        params = [f"{key}={short(value)}" for key, value in record.params.items()]
        call = f"{name}({', '.join([*inputs, *params])})"
        lines = [f"{made} = {call}" if made else call]
        for title, program in [each for value in record.params.values() for each in getattr(value, "programs", ())]:
            lines += [f"    {title}:", *["        " + line for line in str(program).split("\n")]]
        return lines


def parts_of_key(key: Any) -> tuple[Any, ...] | None:
    """Returns the parts of what stands between brackets, if it asks for a view: integers and slices; else None."""
    parts = key if isinstance(key, tuple) else (key,)
    return parts if all(each is None or each is Ellipsis or type(each) in (int, slice) for each in parts) else None


def short(value: Any) -> str:
    """Returns a value as text, shortened."""
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def where_text(where: Any) -> str:
    """Returns where a line of the user's stands, as text."""
    return "" if where is None else f"  # {where}"


def check(program: Program) -> Program:
    """Returns the program if it is well-formed.

    Raises:
        InternalError: a value is used before it is made, made twice or has no spec; an effect has outputs, a read none.
    """
    known: set[int] = set()

    def make(number: int, by: str) -> None:
        if number in known:
            raise InternalError(f"%{number} is made twice, by {by}:\n{program}")
        if number not in program.specs:
            raise InternalError(f"%{number} has no spec, made by {by}:\n{program}")
        known.add(number)

    def use(numbers: Iterable[int], by: str) -> None:
        for number in numbers:
            if number not in known:
                raise InternalError(f"%{number} is used by {by} before it is made:\n{program}")

    for number in program.inputs:
        make(number, "the inputs")
    for number in program.constants:
        make(number, "the constants")
    for record in program.records:
        op, name = record.op, record.op.name
        use(record.inputs, name)
        for number in record.outputs:
            make(number, name)
        effect = isinstance(op, Assign | Guard) or (isinstance(op, Call) and op.kind == "effect")
        if effect == bool(record.outputs) and not (isinstance(op, Op | Call) and op.outputs):
            raise InternalError(f"{name} has {len(record.outputs)} outputs:\n{program}")
        if isinstance(op, Op) and not op.variadic and len(record.inputs) != len(op.inputs):
            raise InternalError(f"{name} has {len(record.inputs)} inputs:\n{program}")
        if isinstance(op, Guard):
            for branch in op.branches.values():
                if len(branch.inputs) != len(record.inputs) - op.tested:
                    raise InternalError(f"a branch of {name} has {len(branch.inputs)} inputs:\n{program}")
                check(branch)
    use(program.outputs, "the result")
    return program
