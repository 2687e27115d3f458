"""How often each number occurs in a tensor of integers: counts, or sums of weights."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape._core.conversion import convert
from gradtape._core.dtypes import BY_NUMPY, INDEX, as_dtype, float32, float64, int32, int64
from gradtape._core.op import TensorLike
from gradtape._core.tensor import Carrier, Tensor, make_tensor
from gradtape._ops.parameters import as_number
from gradtape._ops.steps import one_step
from gradtape.errors import InvalidArgumentError, WrongTypeError

COUNTS = (int32, int64, float32, float64)


def plain(value: TensorLike) -> Any:
    """Returns what a user gives as an array."""
    tensor = convert(value)
    return tensor._refuse() if isinstance(tensor, Carrier) else tensor._value


@one_step("bincount", varies=True)
def bincount(
    arr: TensorLike,
    weights: TensorLike | None = None,
    minlength: Any = None,
    maxlength: Any = None,
    dtype: Any = int32,
    name: str | None = None,
    axis: int | None = None,
    binary_output: bool = False,
) -> Tensor:
    """Returns how often each of the numbers 0, 1, 2, … occurs; it has no gradient.

    Args:
        arr: numbers of at least 0, int32 or int64; floating-point ones are cut to integers.
        weights: what each number counts, of the shape of `arr`; 1 by default.
        minlength: the least length of the result: zeros follow.
        maxlength: its greatest length: numbers from there on are not counted.
        dtype: the type of the counts, int32, int64, float32 or float64; with `weights` the result has their dtype.
        name: ignored.
        axis: 0 or None to count all numbers of `arr`, -1 to count each row of a matrix by itself.
        binary_output: whether a number that occurs counts as 1, however often it does.

    Returns:
        A tensor of the shape `[length]`, or `[rows, length]`, where the length is that of the greatest number + 1.

    Raises:
        ValueError: `axis` is another one, or both `weights` and `binary_output` are given.
        InvalidArgumentError: a number is negative, or the shapes or dtypes do not fit.

    >>> import gradtape as tf
    >>> tf.math.bincount([1, 1, 3])
    <tf.Tensor: shape=(4,), dtype=int32, numpy=array([0, 2, 0, 1], dtype=int32)>
    """
    numbers, weight = plain(arr), None if weights is None else plain(weights)
    if weight is not None and binary_output:
        raise InvalidArgumentError(
            "Arguments `binary_output` and `weights` are mutually exclusive. Please specify only one."
        )
    if axis not in (None, 0, -1):
        raise InvalidArgumentError(
            f"Unsupported value for argument axis={axis}. Only 0 and -1 are currently supported."
        )
    if numbers.dtype.kind not in "biuf":
        raise WrongTypeError(f"bincount: `arr` holds integers, got {BY_NUMPY[numbers.dtype].name}.")
    if numbers.dtype.kind not in "iu":
        numbers = numbers.astype(np.int32)
    if numbers.dtype not in INDEX:
        raise WrongTypeError(f"bincount: `arr` has to be int32 or int64, got {numbers.dtype}.")
    kind = as_dtype(dtype if weight is None else weight.dtype)
    if kind not in COUNTS:
        raise InvalidArgumentError(f"bincount: counts are int32, int64, float32 or float64, got {kind.name}.")
    if axis != -1:
        numbers, weight = numbers.reshape(-1), None if weight is None else weight.reshape(-1)
    if numbers.ndim > 2:
        raise InvalidArgumentError(f"bincount: `arr` must be a vector or a matrix, got shape {list(numbers.shape)}.")
    if weight is not None and weight.size and weight.shape != numbers.shape:
        raise InvalidArgumentError(
            f"`weights` must be the same shape as `arr` or a length-0 tensor: {list(weight.shape)} and "
            f"{list(numbers.shape)}."
        )
    if numbers.size and numbers.min() < 0:
        raise InvalidArgumentError("Input arr must be non-negative!")
    length = int(numbers.max()) + 1 if numbers.size else 0
    if minlength is not None:
        length = max(length, as_number("minlength", minlength))
    if maxlength is not None:
        length = min(length, as_number("maxlength", maxlength))
    if length < 0:
        raise InvalidArgumentError(f"size ({length}) must be non-negative")
    return make_tensor(counted(numbers, weight, length, kind.numpy, binary_output))


def counted(numbers: Any, weight: Any, length: int, dtype: Any, binary: bool) -> Any:
    """Returns the counts of each row of numbers as an array."""
    out = np.zeros((*numbers.shape[:-1], length), dtype)
    rows = np.indices(numbers.shape)[:-1]
    inside = numbers < length
    places = (*(each[inside] for each in rows), numbers[inside])
    if binary:
        out[places] = 1
    else:
        np.add.at(out, places, weight[inside] if weight is not None and weight.size else dtype.type(1))
    return out
