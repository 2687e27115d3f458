"""The element types of tensors: `DType`, one object per NumPy dtype, and the sets that operations accept."""

from __future__ import annotations

from typing import Any

import numpy as np

BY_NUMPY: dict[Any, DType] = {}
BY_NAME: dict[str, DType] = {}


class DType:
    """An element type, as `tf.float32`; compares equal to the NumPy dtype, the type and the name it stands for.

    >>> import gradtape as tf
    >>> tf.constant(1.0).dtype, tf.float32 == "float32", tf.float32.is_floating
    (tf.float32, True, True)
    """

    __slots__ = ("as_numpy_dtype", "is_bool", "is_complex", "is_floating", "is_integer", "is_unsigned", "name", "numpy")

    def __init__(self, name: str, scalar: Any) -> None:
        self.name = name
        self.as_numpy_dtype = scalar
        self.numpy = np.dtype(scalar)
        kind = self.numpy.kind
        self.is_bool = kind == "b"
        self.is_complex = kind == "c"
        self.is_integer = kind in "iu"
        self.is_unsigned = kind == "u"
        self.is_floating = kind == "f" or name == "bfloat16"
        BY_NUMPY[self.numpy] = self
        BY_NAME[name] = self

    @property
    def is_numeric(self) -> bool:
        """True for integers, floating-point and complex numbers."""
        return self.is_integer or self.is_floating or self.is_complex

    @property
    def is_numpy_compatible(self) -> bool:
        """True: each of these types has a NumPy dtype."""
        return True

    @property
    def base_dtype(self) -> DType:
        """The type itself (TensorFlow's reference types do not exist here)."""
        return self

    @property
    def real_dtype(self) -> DType:
        """The type of the real part: float32 for complex64, the type itself for a real one."""
        return BY_NAME[{"complex64": "float32", "complex128": "float64"}.get(self.name, self.name)]

    @property
    def size(self) -> int:
        """Bytes per element; 0 for texts, which have no common length."""
        return 0 if self is string else self.numpy.itemsize

    @property
    def min(self) -> Any:
        """The least finite number of the type."""
        return self._limits().min

    @property
    def max(self) -> Any:
        """The greatest finite number of the type."""
        return self._limits().max

    @property
    def limits(self) -> tuple[Any, Any]:
        """`(min, max)`."""
        return self.min, self.max

    def _limits(self) -> Any:
        if self.is_integer:
            return np.iinfo(self.numpy)
        if self.name == "bfloat16":
            import ml_dtypes

            finfo: Any = ml_dtypes.finfo
            return finfo(self.numpy)
        if self.is_floating:
            return np.finfo(self.numpy)
        raise TypeError(f"{self!r} has no least and greatest number; only integers and floating-point types do.")

    def is_compatible_with(self, other: Any) -> bool:
        """True if `other` is the same type."""
        return self == other

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if other is None:
            return False
        try:
            return as_dtype(other) is self
        except TypeError:
            return False

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self.numpy)

    def __repr__(self) -> str:
        return f"tf.{self.name}"

    def __str__(self) -> str:
        return f"<dtype: '{self.name}'>"

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return as_dtype, (self.name,)

    def __array_namespace_dtype__(self) -> Any:
        """The NumPy dtype."""
        return self.numpy


bool_ = DType("bool", np.bool_)
int8 = DType("int8", np.int8)
int16 = DType("int16", np.int16)
int32 = DType("int32", np.int32)
int64 = DType("int64", np.int64)
uint8 = DType("uint8", np.uint8)
uint16 = DType("uint16", np.uint16)
uint32 = DType("uint32", np.uint32)
uint64 = DType("uint64", np.uint64)
float16 = DType("float16", np.float16)
float32 = DType("float32", np.float32)
float64 = DType("float64", np.float64)
complex64 = DType("complex64", np.complex64)
complex128 = DType("complex128", np.complex128)
# Texts are Python's `bytes` in arrays of objects.
string = DType("string", np.object_)
BY_NAME |= {"half": float16, "float": float32, "double": float64}

INDEX = frozenset({int32.numpy, int64.numpy})
BOOL = frozenset({bool_.numpy})
INTEGERS = frozenset(dtype.numpy for dtype in BY_NUMPY.values() if dtype.is_integer)
COMPLEX = frozenset({complex64.numpy, complex128.numpy})
FLOATS = frozenset({float16.numpy, float32.numpy, float64.numpy})
INEXACT = FLOATS | COMPLEX
REALS = FLOATS | INTEGERS
NUMBERS = REALS | COMPLEX
ANY = NUMBERS | BOOL
TEXT = frozenset({string.numpy})
EVERY = ANY | TEXT
# Python's own number types as TensorFlow reads them, where they stand for a dtype.
PYTHON_TYPES: dict[Any, DType] = {bool: bool_, float: float32, complex: complex128}


def as_dtype(type_value: Any) -> DType:
    """Returns the `DType` that `type_value` stands for.

    Args:
        type_value: a `DType`, a NumPy dtype or scalar type, a name as `"float32"`, or Python's `float`, `bool` or
            `complex`.

    Returns:
        A `DType`; the same object each time.

    Raises:
        TypeError: `type_value` stands for no element type. Python's `int` does not: write `tf.int32`.

    >>> import gradtape as tf
    >>> tf.as_dtype("float32")
    tf.float32
    """
    value = type_value
    if type(value) is DType:
        return value
    try:
        found = PYTHON_TYPES.get(value) or BY_NAME.get(value)
        if found is None and value is not int and value is not None:
            if value == "bfloat16" or getattr(value, "name", getattr(value, "__name__", "")) == "bfloat16":
                return bfloat16()
            kind = np.dtype(value)
            found = string if kind.kind in "US" and kind.itemsize else BY_NUMPY.get(kind.newbyteorder("="))
    except TypeError:
        found = None
    if found is None:
        raise TypeError(
            f"Cannot convert the argument `type_value`: {value!r} to a TensorFlow DType. "
            "Give tf.float32, a NumPy dtype or a name such as 'float32'."
        )
    return found


def bfloat16() -> DType:
    """Returns `tf.bfloat16`; the package `ml_dtypes` holds its arithmetic and is imported on the first call."""
    if "bfloat16" not in BY_NAME:
        try:
            import ml_dtypes
        except ImportError as error:
            raise TypeError("tf.bfloat16 needs the package ml_dtypes: pip install gradtape[bfloat16].") from error
        DType("bfloat16", ml_dtypes.bfloat16)
    return BY_NAME["bfloat16"]


def is_differentiable(dtype: Any) -> bool:
    """True if a tensor of this NumPy dtype can have a gradient: floating-point and complex numbers."""
    return dtype.kind in "fc" or dtype.name == "bfloat16"
