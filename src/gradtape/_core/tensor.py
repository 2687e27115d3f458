"""`Tensor`: an immutable array, and the link to whatever tracks it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from gradtape._core.dtypes import BY_NUMPY, DType
from gradtape._core.spec import TensorShape
from gradtape._core.tracking import RECORDING


class Tensor:
    """An array of one dtype that never changes, as TensorFlow's eager tensors.

    Made by operations and by `tf.constant`; NumPy arrays, numbers and nested lists become tensors wherever an operation
    takes one. Its operators are set by `gradtape._ops.operators`.

    A tensor's class is exactly `Tensor` where its value is a `numpy.ndarray`: the fast paths rely on it. An interpreter
    that carries other values (batches, arrays of another library) makes a subclass.

    >>> import gradtape as tf
    >>> x = tf.constant([1.0, 2.0])
    >>> isinstance(x, tf.Tensor), x.shape, x.dtype
    (True, TensorShape([2]), tf.float32)
    >>> (2.0 * x + 1.0).numpy()
    array([3., 5.], dtype=float32)
    """

    # _value: the array, never written to. _tape: what tracks the tensor, or None. _index: the tape's name for it.
    # _part_of: of a slice of a variable, how to assign to it; not set in any other tensor.
    __slots__ = ("__weakref__", "_index", "_part_of", "_tape", "_value")

    _value: Any
    _tape: Any
    _index: Any
    _part_of: Any
    # False for tensors that stand for others, which are followed themselves.
    _followed = True

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

    else:

        def __setitem__(self, key: Any, value: Any) -> None:
            raise TypeError(
                "'Tensor' object does not support item assignment: tensors never change. Make a new one with "
                "tf.tensor_scatter_nd_update or tf.where, or use a variable: variable[key].assign(value)."
            )

        def __delitem__(self, key: Any) -> None:
            raise TypeError("'Tensor' object does not support item deletion: tensors never change.")

    @property
    def shape(self) -> TensorShape:
        """The shape, as a `TensorShape`."""
        return TensorShape(self._value.shape)

    @property
    def dtype(self) -> DType:
        """The element type, as a `DType`."""
        return BY_NUMPY[self._value.dtype]

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return int(self._value.ndim)

    @property
    def device(self) -> str:
        """The name of the device that holds the value, in TensorFlow's form."""
        return "/job:localhost/replica:0/task:0/device:CPU:0"

    @property
    def name(self) -> str:
        """Raises AttributeError: values have no names when programs run eagerly."""
        raise AttributeError("Tensor.name is undefined when eager execution is enabled.")

    def get_shape(self) -> TensorShape:
        """Returns the shape."""
        return self.shape

    def set_shape(self, shape: Any) -> None:
        """Raises ValueError unless the tensor's shape is compatible with `shape`."""
        if not self.shape.is_compatible_with(shape):
            raise ValueError(f"Tensor's shape {self.shape} is not compatible with supplied shape {TensorShape(shape)}.")

    def numpy(self) -> Any:
        """Returns a copy of the value: an array that may be written to, a NumPy scalar if there is no dimension."""
        if RECORDING.rule is not None:
            refuse_in_rule(self._value.dtype, *RECORDING.rule)
        return self._value[()] if self._value.ndim == 0 else self._value.copy()

    @property
    def assign(self) -> Any:
        """Of a slice of a variable, `variable[key]`: assigns to that part of the variable and returns the variable."""
        try:
            return self._part_of
        except AttributeError:
            raise AttributeError(
                "'Tensor' object has no attribute 'assign': tensors never change, only variables and their slices do."
            ) from None

    def ref(self) -> Reference:
        """Returns a hashable stand-in for the tensor, to be used as a key."""
        return Reference(self)

    experimental_ref = ref

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        if RECORDING.rule is not None:
            refuse_in_rule(self._value.dtype, *RECORDING.rule)
        if copy is False:
            view = self._value.view()
            view.flags.writeable = False
            return view if dtype is None else view.astype(dtype, copy=False)
        return np.array(self._value, dtype=dtype)

    def __dlpack__(self, **keywords: Any) -> Any:
        # A copy: the receiver may write to what it gets, and a tensor never changes.
        return self._value.copy().__dlpack__(**keywords)

    def __dlpack_device__(self) -> Any:
        return self._value.__dlpack_device__()

    def __bool__(self) -> bool:
        value = self._value
        return bool(value) if value.size == 1 else truth(value)

    def __int__(self) -> int:
        return as_number(int, self._value)

    def __float__(self) -> float:
        return as_number(float, self._value)

    def __complex__(self) -> complex:
        return complex(self._value)

    def __index__(self) -> int:
        return int(self._value.__index__())

    def __len__(self) -> int:
        if not self._value.ndim:
            raise TypeError("Scalar tensor has no `len()`")
        return len(self._value)

    def __iter__(self) -> Iterator[Tensor]:
        if not self._value.ndim:
            raise TypeError("Cannot iterate over a scalar tensor.")
        return (self[i] for i in range(len(self._value)))

    def __hash__(self) -> int:
        raise TypeError("Tensor is unhashable. Instead, use tensor.ref() as the key.")

    def __dir__(self) -> list[str]:
        return [name for name in super().__dir__() if name not in INSTEAD]

    def __copy__(self) -> Tensor:
        return self

    def __deepcopy__(self, memo: Any) -> Tensor:
        return self

    def __reduce__(self) -> Any:
        return make_tensor, (self._value,)

    def __format__(self, specification: str) -> str:
        return format(self._value[()] if self._value.ndim == 0 else self._value, specification)

    def __str__(self) -> str:
        return f"tf.Tensor({value_text(self._value, str)}, shape={self._value.shape}, dtype={self.dtype.name})"

    def __repr__(self) -> str:
        text = value_text(self._value, repr)
        return f"<tf.Tensor: shape={self._value.shape}, dtype={self.dtype.name}, numpy={text}>"


def refuse_in_rule(dtype: Any, input_name: str, op_name: str) -> None:
    """Raises TypeError where a rule turns numbers into an array, whose derivative would be lost; indices may."""
    if dtype.kind not in "biu":
        raise TypeError(
            f"the rule for input {input_name!r} of {op_name} turned a tensor into an array: write it with gradtape's "
            "operations, so that it can be differentiated again"
        )


class Carried:
    """A value that is no array: what an interpreter puts in an array's place. It has an array's shape and dtype."""

    __slots__ = ()

    # The class of the tensors that hold such values.
    carrier: type[Carrier]
    # True for a value of a function that is being recorded.
    is_traced = False
    shape: tuple[int, ...]
    dtype: Any
    ndim: int


class NoSingleValue(TypeError):
    """Raised where Python wants the value of a tensor that has no single one."""


class Carrier(Tensor):
    """A tensor with a `Carried` value; the general door lets its class run the operations on it.

    Where several kinds meet, the one of the highest `priority` runs the operation, and sees the others as tensors.
    """

    __slots__ = ()
    priority: float = 0
    # What the value is, for messages.
    what = "another form of value"

    @staticmethod
    def run(op: Any, tensors: list[Tensor], params: dict[str, Any]) -> Any:
        """Returns the value of `op` on `tensors`, a list where the operation has several results."""
        raise NotImplementedError

    def _refuse(self, *arguments: Any, **keywords: Any) -> Any:
        raise NoSingleValue(
            f"A tensor of shape {list(self._value.shape)} is {self.what}, and has no single value that Python could "
            "read: write tf.where(condition, x, y) for `if`, and operations of tensors for NumPy's."
        )

    __bool__ = __int__ = __float__ = __complex__ = __index__ = __array__ = __dlpack__ = numpy = _refuse

    def __len__(self) -> int:
        if not self._value.ndim:
            raise TypeError("Scalar tensor has no `len()`")
        return int(self._value.shape[0])

    def __iter__(self) -> Iterator[Tensor]:
        return (self[i] for i in range(len(self)))

    def __str__(self) -> str:
        return f"tf.Tensor(<{self.what}>, shape={self._value.shape}, dtype={self.dtype.name})"

    def __repr__(self) -> str:
        return f"<tf.Tensor: shape={self._value.shape}, dtype={self.dtype.name}, {self.what}>"

    def __format__(self, specification: str) -> str:
        return repr(self)


class Reference:
    """A weakly hashed stand-in for a tensor or a variable: equal only to a stand-in for the same object."""

    __slots__ = ("_object",)

    def __init__(self, referent: Any) -> None:
        self._object = referent

    def deref(self) -> Any:
        """Returns the object that this stands for."""
        return self._object

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Reference) and self._object is other._object

    def __hash__(self) -> int:
        return id(self._object)

    def __repr__(self) -> str:
        return f"<Reference wrapping {self._object!r}>"


def value_text(value: Any, form: Any) -> str:
    """Returns an array as TensorFlow prints it: `form` is `repr` or `str`; several lines start on their own."""
    if value.ndim == 0:
        return repr(value.item()) if form is repr else str(value)
    text: str = form(value)
    return "\n" + text if "\n" in text else text


def as_number(kind: Any, value: Any) -> Any:
    """Returns an array without dimensions as a Python number of `kind`; of a complex one the real part."""
    if value.ndim:
        raise TypeError(
            f"Only a tensor without dimensions can be a Python number, got shape {list(value.shape)}; write "
            "tensor.numpy() for an array."
        )
    return kind(value.real if value.dtype.kind == "c" else value)


def truth(value: Any) -> bool:
    """Returns what `if` reads of an array whose elements are not one: False of none."""
    if value.size:
        raise ValueError(
            f"The truth value of {value.size} elements is ambiguous (shape {list(value.shape)}): write "
            "tf.reduce_any(tensor) or tf.reduce_all(tensor); tf.where(condition, x, y) chooses element by element."
        )
    return False


INSTEAD = {
    "T": "tf.transpose(tensor)",
    "all": "tf.reduce_all(tensor)",
    "any": "tf.reduce_any(tensor)",
    "argmax": "tf.argmax(tensor, axis)",
    "argmin": "tf.argmin(tensor, axis)",
    "astype": "tf.cast(tensor, dtype)",
    "backward": "tape.gradient(tensor, sources), under `with tf.GradientTape() as tape:`",
    "clip": "tf.clip_by_value(tensor, low, high)",
    "copy": "tf.identity(tensor)",
    "cumsum": "tf.cumsum(tensor)",
    "detach": "tf.stop_gradient(tensor)",
    "dot": "tf.tensordot(tensor, other, 1)",
    "flatten": "tf.reshape(tensor, [-1])",
    "grad": "tape.gradient(target, tensor)",
    "item": "tensor.numpy()",
    "max": "tf.reduce_max(tensor)",
    "mean": "tf.reduce_mean(tensor)",
    "min": "tf.reduce_min(tensor)",
    "prod": "tf.reduce_prod(tensor)",
    "ravel": "tf.reshape(tensor, [-1])",
    "reshape": "tf.reshape(tensor, shape)",
    "round": "tf.round(tensor)",
    "size": "tf.size(tensor)",
    "squeeze": "tf.squeeze(tensor)",
    "std": "tf.math.reduce_std(tensor)",
    "sum": "tf.reduce_sum(tensor)",
    "tolist": "tensor.numpy().tolist()",
    "transpose": "tf.transpose(tensor)",
    "var": "tf.math.reduce_variance(tensor)",
}
"""What to write for the methods of NumPy's arrays and PyTorch's tensors, which TensorFlow's do not have."""


class Lacking:
    """A name that tensors and variables lack, whose AttributeError says what to write: `hasattr` is False."""

    def __init__(self, name: str, instead: str) -> None:
        self.name = name
        self.instead = instead

    def __get__(self, owner: Any, kind: type) -> Any:
        raise AttributeError(
            f"{kind.__name__!r} object has no attribute {self.name!r}: write {self.instead}.", name=self.name, obj=None
        )


def explain_what_lacks(kind: type) -> None:
    """Makes a class answer to the names of `INSTEAD`; no `__getattr__`, which NumPy would call for its protocols."""
    for name, instead in INSTEAD.items():
        setattr(kind, name, Lacking(name, instead))


explain_what_lacks(Tensor)


def make_tensor(value: Any) -> Tensor:
    """Returns an untracked tensor that holds `value`: an array that nobody else will write to, or a NumPy scalar."""
    if isinstance(value, Carried):
        tensor: Tensor = value.carrier()
        tensor._value = value
    else:
        tensor = Tensor()
        # A text without dimensions comes out of NumPy as bytes.
        kind = object if type(value) is bytes else None
        tensor._value = value if type(value) is np.ndarray else np.asarray(value, kind)
    tensor._tape = None
    return tensor


def is_tensor(x: Any) -> bool:
    """Returns True for a tensor, a variable, and what stands for one as `IndexedSlices` does.

    Args:
        x: anything.

    Returns:
        A bool.

    >>> import gradtape as tf
    >>> tf.is_tensor(tf.constant(1)), tf.is_tensor(1)
    (True, False)
    """
    return isinstance(x, Tensor) or hasattr(x, "_read") or hasattr(x, "_as_tensor")
