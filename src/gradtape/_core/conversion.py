"""What can become a tensor, and which dtype it gets: Python numbers, NumPy arrays, nested lists, tensors, variables."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradtape._core.dtypes import BY_NUMPY, DType, as_dtype, complex128, float32, float64, int32, int64, string
from gradtape._core.spec import TensorShape
from gradtape._core.tensor import Tensor, make_tensor
from gradtape.errors import WrongTypeError

INT32_MIN, INT32_MAX = -(2**31), 2**31 - 1
FLOAT32_MAX = 3.4028234663852886e38
INFINITY = float("inf")


def convert(value: Any, dtype: DType | None = None) -> Tensor:
    """Returns `value` as a tensor, of `dtype` if it is given.

    A tensor is returned as it is, a variable is read. An array is copied and keeps its dtype; Python numbers become
    int32 (int64 where they do not fit), float32, complex128 and bool, texts become bytes. Lists hold numbers, texts,
    arrays, tensors or lists of one length; a list with tensors in it is stacked, so that gradients flow through it.

    Raises:
        WrongTypeError: the value cannot be a tensor, is ragged, or is of another kind or dtype than `dtype`.
        ValueError: a number is too large.
    """
    if isinstance(value, Tensor):
        tensor = value
    elif hasattr(value, "_read"):
        tensor = value._read()
    elif hasattr(value, "_as_tensor"):
        tensor = value._as_tensor()
    else:
        if isinstance(value, (list, tuple)) and holds_tensors(value):
            return stack_parts(value, dtype)
        return make_tensor(to_array(value, dtype))
    if dtype is not None and tensor.dtype is not dtype:
        raise WrongTypeError(
            f"Tensor conversion requested dtype {dtype.name} for Tensor with dtype {tensor.dtype.name}: {tensor!r}. "
            f"Write tf.cast(tensor, tf.{dtype.name}) to convert it."
        )
    return tensor


def holds_tensors(parts: Any) -> bool:
    """True if a tensor or a variable is somewhere in nested lists and tuples."""
    return any(
        isinstance(part, Tensor) or hasattr(part, "_read") or (isinstance(part, (list, tuple)) and holds_tensors(part))
        for part in parts
    )


def first_dtype(parts: Any) -> DType | None:
    """Returns the dtype of the first tensor or variable in nested lists and tuples, None if there is none."""
    for part in parts:
        if isinstance(part, (list, tuple)):
            found = first_dtype(part)
        else:
            found = part.dtype if isinstance(part, Tensor) or hasattr(part, "_read") else None
        if found is not None:
            return found
    return None


def stack_parts(parts: Any, dtype: DType | None = None) -> Tensor:
    """Returns nested lists with tensors in them as one tensor, through the operation `stack`."""
    from gradtape._core.op import OPS

    dtype = dtype or first_dtype(parts)
    for part in parts:
        if (isinstance(part, Tensor) or hasattr(part, "_read")) and part.dtype is not dtype:
            raise WrongTypeError(
                f"A list with tensors in it becomes a tensor of {dtype and dtype.name}, but holds one of "
                f"{part.dtype.name}: {part!r}. Nothing is promoted between tensors: write tf.cast."
            )
    tensors = [
        stack_parts(part, dtype) if isinstance(part, (list, tuple)) and holds_tensors(part) else convert(part, dtype)
        for part in parts
    ]
    return OPS["stack"].function(tensors)


def to_array(value: Any, dtype: DType | None = None) -> Any:
    """Returns a new array of something that is not a tensor; raises as `convert` does."""
    kind = type(value)
    if kind is float:
        return from_float(value, dtype)
    if kind is np.ndarray or isinstance(value, (np.ndarray, np.generic)):
        return from_array(value, dtype)
    if kind is int or kind is bool or kind is complex:
        return from_python(value, np.array(value), kind, dtype)
    if hasattr(value, "__array__") and not isinstance(value, type):
        return from_array(np.asarray(value), dtype)
    if isinstance(value, (list, tuple, range)):
        return from_list(value, dtype)
    if isinstance(value, TensorShape):
        return from_list(value.as_list(), dtype)
    if isinstance(value, memoryview | bytearray) or hasattr(value, "__dlpack__"):
        return from_array(np.from_dlpack(value) if hasattr(value, "__dlpack__") else np.asarray(value), dtype)
    if isinstance(value, str | bytes):
        return from_texts(value, dtype)
    raise unsupported(value)


def shown(value: Any) -> str:
    """Returns the repr of a value, shortened for a message."""
    text = repr(value)
    return text if len(text) <= 200 else text[:200] + "…"


def unsupported(value: Any) -> WrongTypeError:
    """Returns the error for something that cannot become a tensor."""
    return WrongTypeError(
        f"Attempt to convert a value ({shown(value)}) with an unsupported type ({type(value)}) to a Tensor. "
        "Give a number, a NumPy array, a tensor, or nested lists of them."
    )


def from_texts(value: Any, dtype: DType | None) -> Any:
    """Returns a text, or nested lists or an array of texts, as an array of `bytes`."""
    if dtype not in (None, string):
        raise refused(value, dtype)
    array = np.array(encoded(value.tolist() if isinstance(value, np.ndarray) else value), object)
    if any(isinstance(each, list) for each in array.flat):
        raise not_rectangular()
    return array


def encoded(value: Any) -> Any:
    """Returns a text as `bytes`, in UTF-8; lists of them part by part."""
    if isinstance(value, (list, tuple)):
        return [encoded(each) for each in value]
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, bytes):
        return bytes(value)
    raise WrongTypeError(
        f"Failed to convert a NumPy array to a Tensor (Unsupported object type {type(value).__name__})."
    )


def from_float(value: float, dtype: DType | None) -> Any:
    """Returns a Python float as an array of no dimension."""
    if dtype is None or dtype is float32:
        if abs(value) > FLOAT32_MAX and abs(value) != INFINITY:
            if dtype is not None:
                return np.array(math.copysign(INFINITY, value), np.float32)
            raise ValueError(f"The number {value!r} is out of range for float32; give dtype=tf.float64 to hold it.")
        return np.array(value, np.float32)
    if not (dtype.is_floating or dtype.is_complex):
        raise refused(value, dtype)
    return narrowed(np.array(value), dtype)


def refused(value: Any, dtype: DType) -> WrongTypeError:
    """Returns the error for a Python number that a dtype cannot hold."""
    return WrongTypeError(
        f"Cannot convert {value!r} to EagerTensor of dtype {dtype.name}: the number's kind does not fit. "
        f"Give a number of that kind, or convert with tf.cast."
    )


def from_array(value: Any, dtype: DType | None) -> Any:
    """Returns a copy of a NumPy array or scalar, in native byte order; of objects only texts are taken."""
    kind = value.dtype
    if kind.kind in "USO":
        return from_texts(value, dtype)
    if dtype is string:
        raise refused(value, dtype)
    if kind not in BY_NUMPY and kind.newbyteorder("=") not in BY_NUMPY:
        if kind.kind == "V" and kind.name == "bfloat16":
            as_dtype("bfloat16")
        else:
            raise unsupported(value)
    if dtype is not None and dtype.numpy != kind:
        with np.errstate(all="ignore"):
            return np.array(value.real if kind.kind == "c" and not dtype.is_complex else value).astype(dtype.numpy)
    return np.array(value, dtype=kind.newbyteorder("="), order="C")


def leaf_kinds(value: Any) -> list[type]:
    """Returns the types of the leaves of nested lists, each once, in order; an array counts as its elements."""
    if isinstance(value, range):
        return [int]
    if not isinstance(value, (list, tuple)):
        return [value.dtype.type if isinstance(value, np.ndarray) else type(value)]
    kinds: dict[type, None] = {}
    for part in value:
        # Nearly all leaves are Python's own numbers: these are told without a call.
        kind = type(part)
        kinds.update(dict.fromkeys([kind] if kind is float or kind is int else leaf_kinds(part)))
    return list(kinds)


def from_list(value: Any, dtype: DType | None) -> Any:
    """Returns nested lists of numbers as an array; the first of them decides what kind the numbers are."""
    kinds = leaf_kinds(value)
    if kinds == [float] and dtype is float64:
        return rectangular(value, np.float64)
    for kind in kinds:
        if not issubclass(kind, (int, float, complex, np.number, np.bool_)):
            if issubclass(kind, (str, bytes)):
                if all(issubclass(each, (str, bytes)) for each in kinds):
                    return from_texts(value, dtype)
                raise mixed(value)
            raise unsupported(value)
    if dtype is complex128 and complex in kinds:
        return rectangular(value, np.complex128)
    if complex in kinds and kinds[0] is not complex:
        raise mixed(value)
    if kinds and kinds[0] is bool and any(kind not in (bool, np.bool_) for kind in kinds):
        raise mixed(value)
    array = rectangular(value)
    if not kinds:
        return array.astype((dtype or float32).numpy)
    if dtype is None and array.dtype.kind == "f" and issubclass(kinds[0], np.floating):
        return array.astype(kinds[0])
    widest = {"b": bool, "i": int, "u": int, "f": float, "c": complex}[array.dtype.kind]
    return from_python(value, array, widest, dtype)


def rectangular(value: Any, dtype: Any = None) -> Any:
    """Returns nested lists as NumPy reads them; ValueError where their lengths differ or a number is too large."""
    try:
        array = np.array(value, dtype)
    except ValueError:
        raise not_rectangular() from None
    except OverflowError:
        raise out_of_range(value) from None
    if array.dtype == object:
        raise out_of_range(value)
    return array


def not_rectangular() -> WrongTypeError:
    """Returns the error for lists of one level that have different lengths."""
    return WrongTypeError(
        "Can't convert non-rectangular Python sequence to Tensor. The lists of one level must have one length."
    )


def mixed(value: Any) -> WrongTypeError:
    """Returns the error for a list whose numbers are of kinds that do not go together."""
    return WrongTypeError(
        f"Can't convert Python sequence with mixed types to Tensor: {shown(value)}. Give numbers of one kind."
    )


def out_of_range(value: Any) -> ValueError:
    """Returns the error for an integer that no dtype holds."""
    return ValueError(
        f"Can't convert Python sequence with out-of-range integer to Tensor: {shown(value)} exceeds int64."
    )


def from_python(value: Any, array: Any, kind: type, dtype: DType | None) -> Any:
    """Returns `array`, NumPy's reading of Python numbers of `kind`, in the dtype that TensorFlow gives them."""
    too_large = kind is int and array.dtype == np.uint64 and np.any(array >> 63)
    if array.dtype == object or (too_large and (dtype is None or (dtype.is_integer and dtype.name != "uint64"))):
        raise out_of_range(value)
    if dtype is None:
        if kind is int:
            small = array.size == 0 or (array.min() >= INT32_MIN and array.max() <= INT32_MAX)
            return array.astype((int32 if small else int64).numpy)
        if kind is float:
            finite = array[np.isfinite(array)]
            if finite.size and np.abs(finite).max() > FLOAT32_MAX:
                raise ValueError(f"A number in {shown(value)} is out of range for float32; give dtype=tf.float64.")
            return array.astype(np.float32)
        return array
    fits = (
        dtype.is_complex
        or (dtype.is_floating and kind is not complex)
        or (dtype.is_integer and kind in (int, bool))
        or (dtype.is_bool and kind is bool)
    )
    if not fits:
        raise refused(value, dtype)
    return narrowed(array, dtype)


def narrowed(array: Any, dtype: DType) -> Any:
    """Returns an array in another dtype; a number that is too large for it becomes infinite in silence."""
    with np.errstate(over="ignore"):
        return array.astype(dtype.numpy)
