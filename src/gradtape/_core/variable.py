"""`Variable`: a value that changes by assignment and that tapes watch by themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from operator import index
from threading import active_count
from typing import TYPE_CHECKING, Any

import numpy as np

from gradtape._core.conversion import convert, to_array
from gradtape._core.dtypes import BY_NUMPY, DType, as_dtype
from gradtape._core.indexing import as_key
from gradtape._core.memory import LARGE, into
from gradtape._core.op import OPS
from gradtape._core.scattering import Scattering, recorded_part, with_part
from gradtape._core.scopes import scoped
from gradtape._core.spec import TensorShape
from gradtape._core.tensor import (
    INSTEAD,
    Reference,
    Tensor,
    as_number,
    explain_what_lacks,
    make_tensor,
    truth,
    value_text,
)
from gradtape._core.tracking import RECORDING, Tracks
from gradtape.errors import InvalidArgumentError

# Numbers variables, so that a tape can name those that it watches in the order in which they were made.
CREATED = count()


class Variable(Scattering):
    """A value that assignments change, as `tf.Variable`; every tape that a trainable one is read under watches it.

    Args:
        initial_value: the first value, or a function without arguments that returns it.
        trainable: whether tapes watch it by themselves; True by default.
        name: a name to print; names are not made unique.
        dtype: the dtype to convert `initial_value` to.
        shape: a shape that assigned values have to be compatible with; the initial value's by default.
        validate_shape, caching_device, variable_def, import_scope, constraint, synchronization, aggregation,
            experimental_enable_variable_lifting: accepted as in TensorFlow; of these only `constraint` is kept.

    Raises:
        ValueError: no initial value, one that cannot be a tensor, or one that does not fit `shape`.

    >>> import gradtape as tf
    >>> v = tf.Variable([1.0, 2.0])
    >>> v.assign_add([1.0, 1.0])
    <tf.Variable 'UnreadVariable' shape=(2,) dtype=float32, numpy=array([2., 3.], dtype=float32)>
    """

    # _read_cache: (the tapes that recorded when the variable was read last, the tensor that it was read as).
    __slots__ = (
        "__dict__",
        "__weakref__",
        "_label",
        "_number",
        "_read_cache",
        "_shape",
        "_value",
        "aggregation",
        "constraint",
        "synchronization",
        "trainable",
    )  # fmt: skip

    __array_priority__ = 100

    if TYPE_CHECKING:
        # What `gradtape._ops.operators` sets.
        def _unary(self) -> Tensor: ...
        def _binary(self, other: Any, /) -> Tensor: ...
        def __eq__(self, other: object, /) -> Any: ...
        def __ne__(self, other: object, /) -> Any: ...
        def __getitem__(self, key: Any, /) -> Tensor: ...

        __neg__ = __abs__ = __invert__ = _unary
        __add__ = __sub__ = __mul__ = __truediv__ = __floordiv__ = __mod__ = __pow__ = __matmul__ = _binary
        __radd__ = __rsub__ = __rmul__ = __rtruediv__ = __rfloordiv__ = __rmod__ = __rpow__ = __rmatmul__ = _binary
        __and__ = __rand__ = __or__ = __ror__ = __xor__ = __rxor__ = __lt__ = __le__ = __gt__ = __ge__ = _binary

    def __init__(
        self,
        initial_value: Any = None,
        trainable: bool | None = None,
        validate_shape: bool = True,
        caching_device: Any = None,
        name: str | None = None,
        variable_def: Any = None,
        dtype: Any = None,
        import_scope: str | None = None,
        constraint: Callable[[Tensor], Tensor] | None = None,
        synchronization: Any = None,
        aggregation: Any = None,
        shape: Any = None,
        experimental_enable_variable_lifting: bool = True,
    ) -> None:
        if initial_value is None:
            raise ValueError(
                "The `initial_value` arg to `tf.Variable` must be specified: it gives the variable its shape."
            )
        value = initial_value() if callable(initial_value) and not hasattr(initial_value, "dtype") else initial_value
        recorder = RECORDING.recorder
        tensor = convert(value, None if dtype is None else as_dtype(dtype))
        array = array_of(tensor) if recorder is None else recorder.initial(self, tensor)
        # A copy where the array may belong to somebody else: assignments may be made in place.
        self._value = array.copy() if isinstance(value, Tensor | Variable) else array
        self._shape = TensorShape(array.shape if shape is None else shape)
        if not self._shape.is_compatible_with(array.shape):
            raise ValueError(
                f"The initial value's shape {array.shape} is not compatible with the `shape` {self._shape}."
            )
        self._read_cache: Any = None
        self._label = scoped(name or "Variable")
        self._number = next(CREATED)
        self.trainable = True if trainable is None else bool(trainable)
        self.constraint = constraint
        self.synchronization = synchronization
        self.aggregation = aggregation

    @property
    def shape(self) -> TensorShape:
        """The shape that assigned values have to be compatible with."""
        return self._shape

    @property
    def dtype(self) -> DType:
        """The element type."""
        return BY_NUMPY[self._value.dtype]

    @property
    def name(self) -> str:
        """The name, with TensorFlow's ending `:0`."""
        return f"{self._label}:0"

    @property
    def device(self) -> str:
        """The name of the device that holds the value."""
        return "/job:localhost/replica:0/task:0/device:CPU:0"

    @property
    def handle(self) -> Variable:
        """The variable itself: its storage has no handle of its own."""
        return self

    @property
    def ndim(self) -> int:
        """The number of dimensions of the value."""
        return int(self._value.ndim)

    def get_shape(self) -> TensorShape:
        """Returns the shape."""
        return self._shape

    def numpy(self) -> Any:
        """Returns a copy of the value."""
        if RECORDING.recorder is not None:
            return self._read().numpy()
        # The element of an array without dimensions is a copy.
        return self._value[()] if self._value.ndim == 0 else self._value.copy()

    def value(self) -> Tensor:
        """Returns the value as a tensor that the recording tapes watch: a new one each time, a step of its own."""
        return OPS["identity"].function(self._read())

    read_value = value

    def _read(self) -> Tensor:
        """Returns the value as a tensor, tracked by the tapes that watch the variable; kept until something changes."""
        tapes = RECORDING.tapes
        cache = self._read_cache
        if cache is not None and cache[0] is tapes:
            return cache[1]
        recorder = RECORDING.recorder
        tensor = make_tensor(self._value if recorder is None else recorder.read(self._identity))
        if len(tapes) == 1:
            index = tapes[0].position_of(self)
            if index is not None:
                tensor._index, tensor._tape = index, tapes[0]
        elif tapes:
            links = {tape: index for tape in tapes if (index := tape.position_of(self)) is not None}
            if len(links) == 1:
                ((tensor._tape, tensor._index),) = links.items()
            elif links:
                tensor._tape = Tracks(links)
        self._read_cache = (tapes, tensor)
        return tensor

    def ref(self) -> Reference:
        """Returns a hashable stand-in for the variable, to be used as a key."""
        return Reference(self)

    @property
    def initial_value(self) -> Any:
        """Raises RuntimeError, as `eval` does: both belong to TensorFlow's graph mode."""
        raise RuntimeError("This property is not supported when eager execution is enabled.")

    def eval(self, session: Any = None) -> Any:
        """Raises RuntimeError: write `variable.numpy()`."""
        raise RuntimeError("This operation is not supported when eager execution is enabled: write variable.numpy().")

    def _now(self) -> Any:
        """The value as an array: that it is this one is a guard of the function that is recorded."""
        return self._value if RECORDING.recorder is None else np.asarray(self._read())

    def _set(self, array: Any) -> UnreadVariable:
        self._value = array
        self._read_cache = None
        return UnreadVariable(self)

    def _recorded(self, tensor: Tensor) -> UnreadVariable:
        """Makes a tensor the value, in a function that is recorded."""
        return self._set(RECORDING.recorder.assign(self._identity, tensor))

    def _array_of(self, value: Any) -> Any:
        """The value to assign as an array of the variable's dtype, not copied where a tensor holds it already."""
        if type(value) is Tensor and value._value.dtype is self._value.dtype:
            return value._value
        if isinstance(value, Tensor | Variable | list | tuple) or hasattr(value, "_as_tensor"):
            return array_of(convert(value, self.dtype))
        return to_array(value, self.dtype)

    def assign(self, value: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True) -> Any:
        """Makes `value` the variable's value and returns the variable, or None if `read_value` is False.

        Raises:
            ValueError: the shape of `value` is not compatible with the variable's, or it is a tensor of another dtype.
        """
        recorder = RECORDING.recorder
        tensor = None if recorder is None else convert(value, self.dtype)
        array = self._array_of(value) if tensor is None else tensor._value
        if not self._shape.is_compatible_with(array.shape):
            raise ValueError(
                f"Cannot assign value to variable '{self.name}': Shape mismatch. The variable shape {self._shape}, and "
                f"the assigned value shape {array.shape} are incompatible."
            )
        if tensor is not None:
            changed = self._recorded(tensor)
        else:
            # An array stands for one tensor: the variable's reading is another than the value given.
            changed = self._set(array.view() if isinstance(value, Tensor) else array)
        return changed if read_value else None

    def assign_add(
        self, delta: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> Any:
        """Adds `delta`, of the variable's shape, to the value and returns the variable.

        Raises:
            InvalidArgumentError: the shape of `delta` is not the variable's.
        """
        changed = self._update(np.add, delta)
        return changed if read_value else None

    def assign_sub(
        self, delta: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> Any:
        """Subtracts `delta`, of the variable's shape, from the value and returns the variable.

        Raises:
            InvalidArgumentError: the shape of `delta` is not the variable's.
        """
        changed = self._update(np.subtract, delta)
        return changed if read_value else None

    def _update(self, ufunc: Any, delta: Any) -> Any:
        """Replaces the value by `ufunc` of it and `delta`; in place if nobody has read the value and kept it.

        Beside other threads never in place: one of them may read the value while it is written.
        """
        if self._value.dtype.kind == "b":
            raise InvalidArgumentError("A variable of bools has no assign_add and no assign_sub: write assign.")
        recorder = RECORDING.recorder
        tensor = None if recorder is None else convert(delta, self.dtype)
        array = self._array_of(delta) if tensor is None else tensor._value
        self._read_cache = None
        value = self._value
        if array.shape != value.shape:
            raise InvalidArgumentError(
                f"Cannot update variable with shape {list(value.shape)} using a Tensor with shape "
                f"{list(array.shape)}, shapes must be equal."
            )
        if tensor is not None:
            return self._recorded(OPS["add" if ufunc is np.add else "subtract"].function(self._read(), tensor))
        if value.size >= LARGE and active_count() > 1:
            return self._set(ufunc(value, array))
        return self._set(into(ufunc, value, array))

    def _assign_part(self, key: Any, value: Any) -> Any:
        """Replaces the part of the value at `key` by `value`, which broadcasts to it; returns the variable."""
        if RECORDING.recorder is not None:
            return self._recorded(recorded_part(self._read(), key, convert(value, self.dtype)))
        return self._set(with_part(self._value, as_key(key), self._array_of(value)))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.array(self._now(), dtype=dtype)

    def __dlpack__(self, **keywords: Any) -> Any:
        return self._now().copy().__dlpack__(**keywords)

    def __dlpack_device__(self) -> Any:
        return self._value.__dlpack_device__()

    if not TYPE_CHECKING:

        def __setitem__(self, key: Any, value: Any) -> None:
            raise TypeError("'Variable' object does not support item assignment: write variable[key].assign(value).")

        def __delitem__(self, key: Any) -> None:
            raise TypeError("'Variable' object does not support item deletion: its shape never changes.")

    def __bool__(self) -> bool:
        if RECORDING.recorder is not None:
            return bool(self._read())
        value = self._value
        return bool(value) if value.size == 1 else truth(value)

    def __int__(self) -> int:
        return as_number(int, self._value) if RECORDING.recorder is None else int(self._read())

    def __float__(self) -> float:
        return as_number(float, self._value) if RECORDING.recorder is None else float(self._read())

    def __complex__(self) -> complex:
        return complex(self._value if RECORDING.recorder is None else self._read())

    def __index__(self) -> int:
        return int(self._value.__index__()) if RECORDING.recorder is None else index(self._read())

    def __iter__(self) -> Iterator[Tensor]:
        return iter(self._read())

    def __hash__(self) -> int:
        raise TypeError(
            "Variable is unhashable. Instead, use variable.ref() as the key. (Variable: " + repr(self) + ")"
        )

    def _not_in_place(self, other: Any) -> Any:
        raise RuntimeError(
            "`variable += value` with eager execution is not supported. Write `variable.assign_add(value)` to change "
            "the variable, or `name = variable + value` to make a tensor."
        )

    __iadd__ = __isub__ = __imul__ = __itruediv__ = __ipow__ = _not_in_place

    def __deepcopy__(self, memo: dict[int, Any]) -> Variable:
        twin = Variable(
            make_tensor(self._value),
            trainable=self.trainable,
            name=self._label,
            constraint=self.constraint,
            shape=self._shape,
        )
        memo[id(self)] = twin
        return twin

    def __dir__(self) -> list[str]:
        return [name for name in super().__dir__() if name not in INSTEAD]

    def __copy__(self) -> Variable:
        return self

    def __reduce__(self) -> Any:
        return _restore, (self._value, self.trainable, self._label, self._shape)

    @property
    def _identity(self) -> Variable:
        """The variable that a tape knows: the one that this object is a face of."""
        return self

    def __repr__(self) -> str:
        return (
            f"<tf.Variable {self.name!r} shape={self._shape} dtype={self.dtype.name}, "
            f"numpy={value_text(self._now(), repr)}>"
        )


explain_what_lacks(Variable)


def array_of(tensor: Tensor) -> Any:
    """Returns the array of a tensor; a value that is none refuses to be seen as one, in its own words."""
    value = tensor._value
    return value if type(value) is np.ndarray else value.view()


class UnreadVariable(Variable):
    """What an assignment returns: another face of the same variable, which prints as TensorFlow prints it."""

    __slots__ = ("_of",)
    _of: Variable

    def __init__(self, variable: Variable) -> None:
        self._of = variable

    @property
    def name(self) -> str:
        """The name that TensorFlow gives the result of an assignment."""
        return "UnreadVariable"

    @property
    def _identity(self) -> Variable:
        return self._of

    def _read(self) -> Tensor:
        return self._of._read()

    def _set(self, array: Any) -> UnreadVariable:
        return self._of._set(array)


def _shared(name: str) -> property:
    """An attribute that an `UnreadVariable` has in common with its variable."""
    return property(lambda self: getattr(self._of, name), lambda self, value: setattr(self._of, name, value))


for _name in ("_value", "_shape", "_read_cache", "_label", "trainable", "constraint", "synchronization", "aggregation"):
    setattr(UnreadVariable, _name, _shared(_name))


def _restore(value: Any, trainable: bool, label: str, shape: TensorShape) -> Variable:
    return Variable(make_tensor(value), trainable=trainable, name=label, shape=shape)
