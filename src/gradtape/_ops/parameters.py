"""What users give for shapes, axes and sizes, made canonical: integers and tuples of integers."""

from __future__ import annotations

from math import isfinite
from operator import index
from typing import Any

import numpy as np

from gradtape._core.conversion import convert
from gradtape._core.spec import TensorShape
from gradtape.errors import InvalidArgumentError, WrongTypeError

Shape = tuple[int, ...]


def as_ints(value: Any) -> Shape:
    """Returns a list, tuple, array, tensor, variable or `TensorShape` of integers, or one integer, as a tuple.

    Raises:
        WrongTypeError: the numbers are no integers, or are nested, or something else stands among them.

    >>> as_ints([2, -1]), as_ints(3), as_ints(np.array([1, 2]))
    ((2, -1), (3,), (1, 2))
    """
    kind = type(value)
    if kind is tuple or kind is list:
        for size in value:
            if type(size) is not int:
                break
        else:
            return tuple(value)
    elif kind is int:
        return (value,)
    elif kind is TensorShape:
        return tuple(index(size) for size in value)
    elif kind is bool:
        return (int(value),)
    array = value if isinstance(value, np.ndarray) else convert(value)._value
    if array.ndim > 1:
        raise WrongTypeError(f"a list of integers is wanted, got an array of shape {list(array.shape)}.")
    if array.dtype.kind not in "iu" and array.size:
        raise WrongTypeError(f"integers are wanted, got {array.tolist()!r} of dtype {array.dtype.name}.")
    return tuple(map(int, array.reshape(-1).tolist()))


def as_vector(value: Any) -> Shape:
    """Returns a list, tuple, array or tensor of integers as a tuple; one integer is refused as in TensorFlow."""
    if type(value) not in (list, tuple, TensorShape) and np.ndim(value) == 0:
        raise WrongTypeError(f"a list of integers is wanted, 1-D; got {value!r}.")
    return as_ints(value)


def as_dims(value: Any) -> Shape:
    """Returns a shape as a tuple of integers of at least 0; raises as `as_ints` does."""
    dims = as_ints(value)
    for axis, size in enumerate(dims):
        if size < 0:
            raise InvalidArgumentError(f"dimension {axis} of a shape is at least 0, got {list(dims)}.")
    return dims


def as_new_shape(value: Any) -> Shape:
    """Returns the target of a reshape as a tuple: sizes, one of which may be -1; raises as `as_ints` does."""
    dims = as_ints(value)
    for axis, size in enumerate(dims):
        if size < 0 and (size != -1 or dims.index(-1) != axis):
            raise InvalidArgumentError(f"sizes are at least 0, and one of them may be -1; got {list(dims)}.")
    return dims


def as_axis(value: Any) -> int:
    """Returns an axis as an integer; a list, array or tensor of one integer stands for it.

    Raises:
        WrongTypeError: it is no integer, or there is more than one.
    """
    if type(value) is int:
        return value
    if isinstance(value, float):
        raise WrongTypeError(f"an axis is an integer, got {value!r}.")
    axes = as_ints(value)
    if len(axes) != 1:
        raise WrongTypeError(f"one axis is wanted, got {list(axes)}.")
    return axes[0]


def as_number(what: str, value: Any) -> int:
    """Returns an integer that is given as a number, or as an array or tensor without dimensions.

    Raises:
        WrongTypeError: it is something else, also a float.

    >>> as_number("depth", np.int64(3))
    3
    """
    if type(value) is int or type(value) is bool:
        return int(value)
    array = convert(value)._value
    if array.ndim:
        raise WrongTypeError(f"`{what}` must be a single integer, got an array of shape {list(array.shape)}.")
    if array.dtype.kind not in "iu":
        raise WrongTypeError(f"`{what}` must be an integer, got {array.tolist()!r} of dtype {array.dtype.name}.")
    return int(array)


def as_setting(what: str, value: Any) -> int:
    """Returns an integer as `as_number` does, and of a float its whole part, as TensorFlow reads a fixed parameter.

    >>> as_setting("num_partitions", 2.0)
    2
    """
    return int(value) if isinstance(value, float) and isfinite(value) else as_number(what, value)


def as_real(what: str, value: Any) -> float:
    """Returns a real number that is given as a number, or as an array or tensor without dimensions.

    Raises:
        WrongTypeError: it is something else.

    >>> as_real("rate", np.float32(0.5))
    0.5
    """
    if type(value) is float:
        return value
    array = convert(value)._value
    if array.ndim:
        raise WrongTypeError(f"`{what}` must be a single number, got an array of shape {list(array.shape)}.")
    if array.dtype.kind not in "iuf" and array.dtype.name != "bfloat16":
        raise WrongTypeError(f"`{what}` must be a real number, got {array.tolist()!r} of dtype {array.dtype.name}.")
    return float(array)


def as_flag(what: str, value: Any) -> bool:
    """Returns what is true or false, given as such, as a number or as a tensor; WrongTypeError for arrays.

    >>> as_flag("periodic", np.array(1))
    True
    """
    if type(value) is bool:
        return value
    array = convert(value)._value
    if array.ndim or array.dtype.kind not in "biu":
        raise WrongTypeError(f"`{what}` must be True or False, got {value!r}.")
    return bool(array)


def as_list(what: str, value: Any) -> list[Any]:
    """Returns the parts of a list, tuple, array or tensor; WrongTypeError for what has none.

    >>> as_list("sizes", (1, 2))
    [1, 2]
    """
    whole = isinstance(value, (list, tuple)) or (hasattr(value, "__iter__") and len(getattr(value, "shape", "a")))
    if not whole or isinstance(value, (str, bytes, dict)):
        raise WrongTypeError(f"Expected list for `{what}`, not {value!r}.")
    return list(value)


def as_axes(value: Any) -> Shape | None:
    """Returns one or several axes as a tuple of integers, None for all; raises as `as_ints` does."""
    return None if value is None else as_ints(value)


def in_range(axis: int, rank: int) -> int:
    """Returns `axis` counted from the front.

    Raises:
        InvalidArgumentError: there is no such axis among `rank`.

    >>> in_range(-1, 3)
    2
    """
    if not -rank <= axis < rank:
        raise InvalidArgumentError(f"axis {axis} is out of range [{-rank}, {rank}).")
    return axis if axis >= 0 else axis + rank
