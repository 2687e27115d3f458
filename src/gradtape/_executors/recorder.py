"""The recorder: an interpreter under `bind` that runs each operation for real and notes it in a `Program`.

While a function is recorded, tensors that depend on its arguments, on variables or on what is drawn carry a `Traced`
value: the array, with a number in the program. Whatever Python reads of such a value is a guard, in whatever way it is
read; so a replay that gets by all guards takes the way that Python would take.
"""

from __future__ import annotations

import gc
import sys
from _thread import get_ident
from collections.abc import Callable, Hashable
from threading import RLock
from types import FrameType
from typing import Any

import numpy as np

from gradtape._core import recording
from gradtape._core.own import is_within
from gradtape._core.recorded import Recorded, Traced, out_of_scope
from gradtape._core.slices import IndexedSlices
from gradtape._core.tensor import Carried, Tensor, make_tensor
from gradtape._core.tracking import RECORDING, live_trackers
from gradtape._executors.handlers import may_be_caught
from gradtape._executors.interpreter import Raised
from gradtape._executors.lowering import is_effect
from gradtape._executors.program import Assign, Call, Custom, Guard, Linear, Program, Read, Record, Spec, is_pure
from gradtape.errors import InvalidArgumentError

# A program of more records than this is not kept: the function runs eagerly.
MOST_RECORDS = 200_000
SINGLETONS = (
    "tf.function only supports singleton tf.Variables created on the first call. Make sure the tf.Variable is only "
    "created once or created outside tf.function: what a function makes anew in each call is gone after it."
)


class Collecting:
    """How many functions are being recorded now in all threads, and how often garbage was collected before."""

    # Garbage that is collected meanwhile may record something itself.
    lock = RLock()
    recorders = 0
    threshold = 0
    # What it is set to meanwhile, None where it is as the user has it.
    seldom: int | None = None


def collect_seldom(change: int) -> None:
    """Counts recordings; while there are some, Python looks for garbage a hundredth as often.

    What a recording makes lives until its end: looking at all of it again and again would take as long as making it.
    """
    with Collecting.lock:
        Collecting.recorders += change
        first, *others = gc.get_threshold()
        if change > 0 and Collecting.recorders == 1 and Collecting.seldom is None:
            Collecting.threshold, Collecting.seldom = first, 100 * first
            gc.set_threshold(100 * first, *others)
        elif not Collecting.recorders and Collecting.seldom is not None:
            if first == Collecting.seldom:
                gc.set_threshold(Collecting.threshold, *others)
            Collecting.seldom = None


class Recorder:
    """Writes one program while a function runs for real.

    Attributes:
        program: what has been recorded so far.
        failed: why the program cannot be replayed, None if it can.
        created: the variables that were made meanwhile.
        followed: whether gradients of the function will be asked for.
        performed: results of the program's `source` calls that a replay has made already, to be taken in their place.
    """

    # What tapes ask each other, for which a recorder counts as one: it has no records, watches nothing, is outermost.
    records = None
    owner = 0
    carries = frozenset({Recorded})
    order = -2
    closed = False
    # Whether variables may be made.
    creates = True
    # Where what it has recorded went on in another program: its numbers there, by those here.
    moved: dict[int, int] | None = None

    def __init__(self, performed: list[Any] | None = None, followed: bool = False) -> None:
        self.followed = followed
        self.thread = get_ident()
        # Whether there is a gradient of the user's own in it whose program was not recorded.
        self.has_custom = False
        # Whether a function of the user's is called at each replay.
        self.has_foreign = False
        self.program = Program()
        self.tensors: dict[int, Any] = {}
        self.failed: str | None = None
        self.open = True
        # Whether its tensors may be used when it is over.
        self.lending = False
        self.thread = get_ident()
        self.created: list[Any] = []
        self.performed = performed or []
        # The names of arguments, by number; and the numbers that Python gave, as tensors.
        self.labels: dict[int, str] = {}
        self.scalars: dict[Any, Tensor] = {}
        # What does not follow from the arguments: the values of variables that were read, of calls, by number.
        self.given: dict[int, Any] = {}
        # By the id of its array: the array, kept alive, and its number.
        self.known: dict[int, tuple[Any, int]] = {}
        # By the id of a variable: its number as it is now.
        self.current: dict[int, tuple[Any, Traced]] = {}
        # The numbers of values that were assigned and have not been read since.
        self.assigned: set[int] = set()
        self.answers: dict[tuple[Any, ...], Any] = {}
        self.outer: Any = None

    def __enter__(self) -> Recorder:
        self.entered = sys._getframe(1).f_code
        collect_seldom(1)
        self.outer = RECORDING.tapes, RECORDING.recorder, RECORDING.maps
        RECORDING.tapes, RECORDING.recorder, RECORDING.maps = (self,), self, ()
        return self

    def __exit__(self, *error: object) -> None:
        collect_seldom(-1)
        RECORDING.tapes, RECORDING.recorder, RECORDING.maps = self.outer

    def close(self) -> None:
        """Ends the recording: its tensors cannot be used any more."""
        self.open = False
        if self.program.next > MOST_RECORDS:
            self.fail(f"it has more than {MOST_RECORDS} operations")
        self.scalars = {}
        self.known, self.current, self.answers, self.tensors = {}, {}, {}, {}

    @staticmethod
    def function_of(op: Any) -> Any:
        """Returns the function that runs and records an operation in the common case."""
        return recording.recorded_function(op)

    def position_of(self, variable: Any) -> None:
        """Says that the recorder does not watch variables, as tapes do."""

    def fail(self, reason: str) -> None:
        """Notes that the program cannot be replayed; the run goes on, and its results are right."""
        if self.failed is None:
            where = user_line()
            self.failed = reason if where is None else f"{reason} ({where})"

    def stumble(self, op: Any, values: list[Any], params: dict[str, Any], error: Exception) -> None:
        """Notes that an operation has failed on these values: a function that catches the error cannot be replayed."""
        if isinstance(error, RuntimeWarning | FloatingPointError):
            # It is tried again without NumPy's own checks.
            return
        if op.shape is not None:
            shapes = [value.shape for value in values]
            try:
                op.shape(*([shapes] if op.variadic else shapes), **params)
            except InvalidArgumentError:
                # So it does at each call, since shapes are part of what the program holds for.
                return
        self.fail(f"an error of {op.name} is caught in it")

    def lends(self) -> bool:
        """Whether the tensors may be used here, where nothing is recorded."""
        if not (self.thread != get_ident() if self.open else self.lending):
            return False
        self.fail("another thread uses its tensors")
        return True

    # -- values

    def new(self, value: Any) -> Traced:
        """Returns a value, new to the program, as traced."""
        kind = type(value)
        number = self.program.new(Spec(value.shape, value.dtype, None if kind is np.ndarray else kind.__name__))
        traced = Traced()
        traced.value, traced.number, traced.recorder = value, number, self
        return traced

    def label(self, number: int) -> str:
        """Returns what a value is called when it is printed: the argument's name, or the operation's."""
        if number in self.labels:
            return self.labels[number]
        made = [record.op.name for record in self.program.records if number in record.outputs]
        return f"{made[0]}_{number}" if made else f"value_{number}"

    def scalar(self, number: float, dtype: Any) -> Tensor:
        """Returns a number of Python's as a tensor, the same one for the same number."""
        tensor = self.scalars.get((number, dtype)) if number else None
        if tensor is None:
            tensor = self.scalars[number, dtype] = make_tensor(np.array(number, dtype))
        return tensor

    def input(self, array: Any, label: str | None = None) -> Recorded:
        """Returns the tensor that stands for an argument."""
        traced = self.new(array)
        self.program.inputs.append(traced.number)
        if label is not None:
            self.labels[traced.number] = label
        tensor: Any = make_tensor(traced)
        return tensor

    def number_of(self, tensor: Any) -> int:
        """Returns the number of a tensor: of one that is not traced, as a constant."""
        value = tensor._value
        if type(value) is Traced:
            if value.recorder is not self:
                return self.foreign(tensor, value)
            return value.number
        known = self.known.get(id(value))
        if known is None:
            number = self.new(value).number
            self.program.constants[number] = value
            self.known[id(value)] = value, number
            return number
        return known[1]

    def foreign(self, tensor: Any, value: Traced) -> int:
        """Returns the number of a value of another recording; InaccessibleTensorError for one that is over."""
        if value.recorder.lending and not value.recorder.open:
            return self.number_of(make_tensor(value.value))
        if value.recorder.moved is None:
            raise out_of_scope(tensor)
        value.recorder.move(value)
        return self.number_of(tensor)

    def move(self, value: Traced) -> None:
        """Makes a value that one that it has become in another program."""
        raise out_of_scope(make_tensor(value))

    def inside(self, other: Recorder) -> bool:
        """Whether what this records is part of what `other` does."""
        return self is other

    # -- records

    def add(self, op: Any, inputs: tuple[int, ...], params: dict[str, Any], found: Any, several: bool) -> Any:
        """Notes a step with its results, arrays, and returns them as traced values."""
        if several:
            results: Any = [self.new(each if type(each) is np.ndarray else as_value(each)) for each in found]
            outputs = tuple([each.number for each in results])
        else:
            results = self.new(found if type(found) is np.ndarray else as_value(found))
            outputs = (results.number,)
        self.program.note(Record(op, inputs, outputs, params))
        return results

    def call(self, name: str, function: Callable[..., Any], tensors: Any, kind: str, outputs: bool = False) -> Any:
        """Calls a Python function with the arrays of tensors and notes the call; returns tensors.

        Args:
            name: what it is called.
            function: takes arrays, and returns one, a list of them if `outputs`, nothing if `kind` is "effect".
            tensors: its arguments.
            kind: see `Call`.
            outputs: whether there are several results.
        """
        inputs = tuple([self.number_of(each) for each in tensors])
        values = [array_of(each) for each in tensors]
        step = Call(name, function, kind, outputs)
        if kind == "foreign":
            self.has_foreign = True
            if any(is_effect(record.op) for record in self.program.records) and may_be_caught(self.entered):
                self.fail(f"{name} is called behind an assignment where its errors may be caught")
        try:
            if kind in ("source", "foreign") and self.performed:
                found = self.performed.pop(0)
                if type(found) is Raised:
                    raise found.error
            else:
                found = function(*values)
        except Exception:
            self.fail(f"an error of {name} is caught in it")
            raise
        if kind == "effect":
            self.program.note(Record(step, inputs, (), {}))
            return None
        results = self.add(step, inputs, {}, found, outputs)
        self.given.update({each.number: each.value for each in (results if outputs else [results])})
        return [make_tensor(each) for each in results] if outputs else make_tensor(results)

    def differentiates(self, tensors: list[Tensor]) -> bool:
        """Whether gradients may flow through a function of the user's that is called with these tensors.

        Its operations are followed then, and what is recorded is not kept.
        """
        if self.followed or live_trackers(tensors) or any(each.records is not None for each in RECORDING.tapes):
            self.fail("gradients flow through a function of py_function")
            return True
        self.has_custom = True
        return False

    def custom(
        self, name: str, pull: Callable[[list[Any]], list[Any]], inputs: list[Tensor], outputs: list[Any]
    ) -> list[Any]:
        """Notes that tensors have a gradient of the user's own, and returns them.

        The gradient is computed once, for cotangents of 1, to know its program.

        Args:
            name: the function's.
            pull: returns the cotangents of the inputs for those of the outputs.
            inputs: the function's arguments and the variables that it reads.
            outputs: its results.
        """
        if not self.followed:
            # Nobody has asked for it yet.
            self.has_custom = True
            return outputs
        start, known = len(self.program.records), ({**self.current}, {*self.assigned}, {**self.answers})
        seeds: list[Any] = []
        for each in outputs:
            value = each._value
            one = self.new(np.ones(value.shape, value.dtype))
            seeds.append(make_tensor(one))
        try:
            found = pull(seeds)
        except Exception:
            # As it may where it is asked for.
            found = None
        back, records = Program(), self.program.records
        back.records, back.specs = records[start:], self.program.specs
        del records[start:]
        self.current, self.assigned, self.answers = known
        numbers = [each._value.number for each in seeds]
        made = tuple([self.number_of(each) for each in outputs])
        given = tuple([self.number_of(each) for each in inputs])
        captured: list[int] = []
        if found is None or not all(is_pure(record) for record in back.records):
            # It has no program: this call calls it as it is, with what it remembers of the recording.
            self.has_custom = self.lending = True
            step = Custom(name, len(made), len(given), None, numbers, [])
            step.pull = pull
        else:
            back.outputs = [self.number_of(part) for each in found if each is not None for part in parts_of(each)]
            back.constants = self.program.constants
            captured = [each for each in back.free() if each not in numbers]
            step = Custom(name, len(made), len(given), back, numbers, places_of(found))
            back.inputs = numbers + captured
        values = [array_of(each) for each in outputs]
        results = self.add(step, (*made, *given, *captured), {}, values, True)
        for tensor, traced in zip(outputs, results, strict=True):
            tensor._value = traced
        return outputs

    def step(self, step: Any, traced: Traced) -> Traced:
        """Runs a step that is no operation but has a derivative, and notes it."""
        found: Traced = self.add(Linear(step), (traced.number,), {}, step.body(traced.value), False)
        return found

    def read(self, variable: Any) -> Traced:
        """Notes that a variable is read, and returns its value."""
        value = variable._value
        known = self.current.get(id(variable))
        if known is not None and known[0] is value and known[1].number not in self.assigned:
            return known[1]
        # What was assigned is read as a value of its own: tapes know it as the variable's.
        inputs = () if known is None or known[0] is not value else (known[1].number,)
        traced = self.new(value)
        self.program.note(Record(Read(variable), inputs, (traced.number,), {}))
        if not (inputs or variable._shape.is_fully_defined()):
            guard = Guard("shape", shape_of, 1, value.shape, user_line())
            self.program.note(Record(guard, (traced.number,), (), {}))
        self.given[traced.number] = value
        self.current[id(variable)] = value, traced
        return traced

    def initial(self, variable: Any, tensor: Any) -> Any:
        """Notes that a variable is made, and returns the array that it starts with.

        Raises:
            ValueError: none may be made, since this is not the function's first call.
        """
        if not self.creates:
            raise ValueError(SINGLETONS)
        self.created.append(variable)
        return array_of(tensor).view()

    def assign(self, variable: Any, tensor: Any) -> Any:
        """Gives a variable a value, and notes that; returns the array that it holds now."""
        number = self.number_of(tensor)
        self.program.note(Record(Assign(variable), (number,), (), {}))
        # A view: the array stands for this reading of the variable.
        array = array_of(tensor).view()
        traced = Traced()
        traced.value, traced.number, traced.recorder = array, number, self
        self.current[id(variable)] = array, traced
        self.assigned.add(number)
        return array

    def judge(self, name: str, test: Callable[..., Any] | None, values: list[Traced]) -> Any:
        """Returns what `test` says of values, the value itself where it is None; notes a guard for the answer."""
        recorder = RECORDING.recorder
        for each in values:
            while each.recorder.moved is not None:
                each.recorder.move(each)
        own = self.open and recorder.inside(self) if recorder else self.lends()
        if not (all(each.recorder is self for each in values) and own):
            raise out_of_scope(make_tensor(values[0]))
        arrays = [each.value for each in values]
        if name != "holds_nan" and any(type(array) is not np.ndarray for array in arrays):
            # A batch has no single value, and says so.
            return make_tensor(arrays[0]).numpy()
        found = arrays[0] if test is None else test(*arrays)
        if self.failed is not None:
            return found
        test = test or as_bytes
        numbers = tuple([each.number for each in values])
        answer = as_bytes(found) if test is as_bytes else found
        if (test, numbers) not in self.answers:
            self.answers[test, numbers] = answer
            guard = Guard(name, test, len(numbers), answer, user_line())
            self.program.note(Record(guard, numbers, (), {}))
        return found


def array_of(tensor: Any) -> Any:
    """Returns the value of a tensor; of a recorded one, that in this run."""
    value = tensor._value
    return value.value if type(value) is Traced else value


def parts_of(found: Any) -> list[Tensor]:
    """Returns the tensors that a cotangent consists of."""
    return [found.values, found.indices] if type(found) is IndexedSlices else [found]


def places_of(found: list[Any]) -> list[Any]:
    """Returns where among their parts cotangents stand: a position, one with a shape for rows, None for none."""
    places: list[Any] = []
    count = 0
    for each in found:
        if each is None:
            places.append(None)
            continue
        places.append((count, each._shape) if type(each) is IndexedSlices else count)
        count += len(parts_of(each))
    return places


def as_value(found: Any) -> Any:
    """Returns the result of an operation as a value: an array, or what stands for one."""
    return found if isinstance(found, Carried) else np.asarray(found, object if type(found) is bytes else None)


def shape_of(array: Any) -> Hashable:
    """Returns the shape of an array."""
    found: Hashable = array.shape
    return found


def as_bytes(array: Any) -> Hashable:
    """Returns an array as something to compare."""
    return (array.shape, *array.ravel().tolist()) if array.dtype.kind == "O" else array.tobytes()


class Place:
    """Where a line of the user's stands."""

    __slots__ = ("file", "function", "line")

    def __init__(self, frame: FrameType) -> None:
        self.file, self.line, self.function = frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name

    def __str__(self) -> str:
        return f"{self.file}:{self.line}, in {self.function}"


def user_line() -> Place | None:
    """Returns the innermost line that runs outside of the package."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if not is_within(frame.f_globals.get("__name__") or ""):
            return Place(frame)
        frame = frame.f_back
    return None


recording.install()
