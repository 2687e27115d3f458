"""Tensors of a function that is being recorded, and the values in them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradtape._core import dispatch
from gradtape._core.op import Op
from gradtape._core.tensor import Carried, Carrier, Tensor, as_number, make_tensor, truth
from gradtape._core.tracking import RECORDING
from gradtape.errors import InaccessibleTensorError


class Traced(Carried):
    """A value of a function that is being recorded: what it is in this run, and its number in the program."""

    __slots__ = ("number", "recorder", "value")
    is_traced = True
    __array_priority__ = 200
    value: Any
    number: int
    recorder: Any

    @property
    def shape(self) -> Any:  # type: ignore[override]
        """The shape."""
        return self.value.shape

    @property
    def dtype(self) -> Any:
        """The NumPy dtype."""
        return self.value.dtype

    @property
    def ndim(self) -> Any:  # type: ignore[override]
        """The number of dimensions."""
        return self.value.ndim

    @property
    def size(self) -> int:
        """The number of elements."""
        return int(self.value.size)

    @property
    def sizes(self) -> dict[int, int]:
        """The sizes of the batches that it is of, by level."""
        return getattr(self.value, "sizes", {})

    @property
    def levels(self) -> tuple[int, ...]:
        """The levels of the batches that it is of."""
        return getattr(self.value, "levels", ())

    def read(self, name: str = "value", test: Callable[[Any], Any] | None = None) -> Any:
        """Returns what `test` says of the value, the value itself by default: the program holds for this answer only.

        Raises:
            InaccessibleTensorError: the recording is over.
        """
        return self.recorder.judge(name, test, [self])

    def mapped(self, function: Any) -> Traced:
        """Returns the value behind a step into a batch or out of one, given as the step's function of tensors."""
        found: Traced = self.recorder.step(function.__self__, self)
        return found

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.array(self.read(), dtype=dtype)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **keywords: Any) -> Any:
        return getattr(ufunc, method)(*map(plain, inputs), **keywords)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.read(), name)

    def __getitem__(self, key: Any) -> Any:
        return self.read()[key]

    def __len__(self) -> int:
        return len(self.value)

    def __iter__(self) -> Any:
        return iter(self.read())

    def __bool__(self) -> bool:
        return bool(self.read("bool", as_bool))

    def __int__(self) -> int:
        return int(self.read("int", int))

    def __float__(self) -> float:
        return float(self.read())

    def __complex__(self) -> complex:
        return complex(self.read())

    def __index__(self) -> int:
        return int(self.read("int", as_index))


def plain(value: Any) -> Any:
    """Returns a value as an array where it is traced, as it is otherwise."""
    return value.read() if type(value) is Traced else value


def _operator(name: str) -> Any:
    def method(self: Any, *others: Any) -> Any:
        return getattr(self.read(), name)(*map(plain, others))

    return method


# Arithmetic on the value itself, which the package does with arrays here and there, is done with the array read.
for _name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "and", "or", "xor", "matmul"):
    setattr(Traced, f"__{_name}__", _operator(f"__{_name}__"))
    setattr(Traced, f"__r{_name}__", _operator(f"__r{_name}__"))
for _name in ("lt", "le", "gt", "ge", "eq", "ne", "neg", "abs", "invert"):
    setattr(Traced, f"__{_name}__", _operator(f"__{_name}__"))
Traced.__hash__ = object.__hash__  # type: ignore[method-assign]


class Recorded(Carrier):
    """A tensor of a function that is being recorded."""

    __slots__ = ()
    # Batches run inside of it, sums of a Taylor series around it.
    priority = 1.5
    what = "recorded"

    @staticmethod
    def run(op: Op, tensors: list[Tensor], params: dict[str, Any]) -> Any:
        """Runs an operation on the values, notes it, and returns the results as traced values."""
        recorder = RECORDING.recorder
        if recorder is None:
            return dispatch.run(op, [lent(each) for each in tensors], params)
        inputs = tuple([recorder.number_of(each) for each in tensors])
        values = [each._value.value if type(each) is Recorded else each._value for each in tensors]
        try:
            if any(type(value) is not np.ndarray for value in values) or "V" in [value.dtype.kind for value in values]:
                found = dispatch.run(op, [make_tensor(value) for value in values], params)
            else:
                found = op.body(values, **params) if op.variadic else op.body(*values, **params)
        except Exception as error:
            recorder.stumble(op, values, params, error)
            raise
        return recorder.add(op, inputs, params, found, op.outputs)

    @property
    def name(self) -> str:
        """The argument's name, or the operation's with the value's number, in TensorFlow's form."""
        return f"{self._value.recorder.label(self._value.number)}:0"

    def numpy(self) -> Any:
        """Returns a copy of the value, which the program is recorded for."""
        value = self._value.read()
        return value[()] if value.ndim == 0 else value.copy()

    def _refuse(self, *arguments: Any, **keywords: Any) -> Any:
        # Where others have no value to be read, there is one.
        return self._value.read()

    def __bool__(self) -> bool:
        return bool(self._value)

    def __int__(self) -> int:
        return int(self._value.read("int", lambda value: as_number(int, value)))

    def __float__(self) -> float:
        return float(as_number(float, self._value.read()))

    def __complex__(self) -> complex:
        return complex(self._value.read())

    def __index__(self) -> int:
        return self._value.__index__()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.array(self._value.read(), dtype=dtype)

    def __dlpack__(self, **keywords: Any) -> Any:
        return self.numpy().__dlpack__(**keywords)

    def __str__(self) -> str:
        return f"Tensor({self.name!r}, shape={self._value.shape}, dtype={self.dtype.name})".replace("'", '"')

    def __repr__(self) -> str:
        return f"<tf.Tensor {self.name!r} shape={self._value.shape} dtype={self.dtype.name}>"

    def __format__(self, specification: str) -> str:
        if not specification:
            return str(self)
        value = self._value.read()
        return format(value[()] if value.ndim == 0 else value, specification)


Traced.carrier = Recorded


def as_bool(value: Any) -> bool:
    """Returns what `if` reads of an array."""
    return bool(value) if value.size == 1 else truth(value)


def as_index(value: Any) -> int:
    """Returns an array of one integer as Python's."""
    return int(value.__index__())


def lent(tensor: Tensor) -> Tensor:
    """Returns a tensor for a thread that records nothing, where another thread records it.

    Raises:
        InaccessibleTensorError: its recording is over.
    """
    if type(tensor) is not Recorded:
        return tensor
    if not tensor._value.recorder.lends():
        raise out_of_scope(tensor)
    return make_tensor(tensor._value.value)


def out_of_scope(tensor: Any) -> InaccessibleTensorError:
    """Returns the error for a tensor of a recording that is over."""
    return InaccessibleTensorError(
        f"{tensor!r} is out of scope and cannot be used here: it belongs to a tf.function that ran before. Return it "
        "from the function, or keep it in a tf.Variable; what Python keeps of a recorded run is not kept up to date."
    )
