"""Numbers at equal distances: `range` and `linspace`."""

from __future__ import annotations

from math import ceil, isfinite
from math import prod as product
from typing import Any

import numpy as np

from gradtape._core.conversion import convert
from gradtape._core.dtypes import DType, as_dtype, float16, float32, float64, int32, int64
from gradtape._core.families import composite
from gradtape._core.op import TensorLike
from gradtape._core.sampling import arrays
from gradtape._core.spec import broadcast_shapes
from gradtape._core.tensor import Tensor, make_tensor
from gradtape._core.variable import Variable
from gradtape._ops.arithmetic import subtract
from gradtape._ops.casting import cast
from gradtape._ops.joining import concat
from gradtape._ops.parameters import as_axis, in_range
from gradtape._ops.steps import one_step
from gradtape._ops.structure import broadcast_to, expand_dims
from gradtape.errors import InvalidArgumentError, WrongTypeError

# Whole numbers below it are int32.
LARGE = 2**31
# The dtypes that the bounds of a range may have, each able to hold those before it.
RANGE_DTYPES = (int32, int64, float16, float32, float64)


def range(start: Any, limit: Any = None, delta: Any = 1, dtype: Any = None, name: str | None = "range") -> Tensor:
    """Returns the numbers from `start` up to and without `limit`, `delta` apart.

    Args:
        start: the first number; with one argument, the limit, and the range starts at 0.
        limit: the number that is not reached.
        delta: the step.
        dtype: the dtype; by default the widest of the arguments' (int32, int64, float16, float32, float64).
        name: ignored.

    Returns:
        A tensor of one dimension.

    Raises:
        InvalidArgumentError: the step is 0 or leads away from the limit.
        TypeError: an argument is no number.

    >>> import gradtape as tf
    >>> tf.range(2, 8, 3)
    <tf.Tensor: shape=(2,), dtype=int32, numpy=array([2, 5], dtype=int32)>
    """
    wanted = None if dtype is None else as_dtype(dtype)
    if limit is None:
        start, limit = 0, start
    whole = wanted is None and type(start) is type(limit) is type(delta) is int
    if whole and 0 <= start <= limit < LARGE and 0 < delta < LARGE:
        return make_tensor(np.arange(start, limit, delta, dtype=np.int32))
    bounds = [
        each if isinstance(each, Tensor) else convert(each) if isinstance(each, Variable) else convert(each, wanted)
        for each in (start, limit, delta)
    ]
    if wanted is None:
        if any(each.dtype not in RANGE_DTYPES for each in bounds):
            names = ", ".join(each.dtype.name for each in bounds)
            raise WrongTypeError(
                f"range: the bounds are int32, int64, float16, float32 or float64; got {names}. Give a dtype."
            )
        wanted = RANGE_DTYPES[max(RANGE_DTYPES.index(each.dtype) for each in bounds)]
    if wanted.is_bool or wanted.is_complex or wanted.name == "uint8":
        raise WrongTypeError(f"range: the dtype {wanted.name} is not in the list of allowed values.")
    if any(product(each._value.shape) != 1 for each in bounds):
        raise InvalidArgumentError("range: start, limit and delta are numbers, not arrays.")
    return numbers_between(bounds, wanted)


@one_step("range", varies=True)
def numbers_between(bounds: list[Tensor], wanted: DType) -> Tensor:
    """Returns `range` of a dtype for three tensors of one element."""
    first, last, step = (each._value.reshape(()).astype(wanted.numpy)[()] for each in bounds)
    if step == 0:
        raise InvalidArgumentError(f"range: Requires delta != 0: {step}")
    if (first > last) if step > 0 else (first < last):
        word = "<= limit when delta > 0" if step > 0 else ">= limit when delta < 0"
        raise InvalidArgumentError(f"range: Requires start {word}: {first}/{last}")
    if wanted.is_integer:
        return make_tensor(np.arange(int(first), int(last), int(step)).astype(wanted.numpy))
    if not isfinite((last - first) / step):
        raise InvalidArgumentError(f"range: Requires ((limit - start) / delta) to be finite: {first}, {last}, {step}")
    count = ceil(abs((last - first) / step))
    return make_tensor(first + np.arange(count).astype(wanted.numpy) * step)


@composite(arrays(((), ()), ((2,), (2,)), num=[1, 2, 5]) + arrays(((2,), ()), num=[3], axis=[0, 1, -1]))
def linspace(start: TensorLike, stop: TensorLike, num: Any, name: str | None = None, axis: int = 0) -> Tensor:
    """Returns numbers at equal distances from `start` to `stop`, both included.

    Args:
        start: the first number, or an array of first numbers; integers count as float64.
        stop: the last number or numbers, of the dtype of `start`; the shapes broadcast.
        num: how many.
        name: ignored.
        axis: the dimension of the result along which the numbers run.

    Returns:
        A tensor with `num` elements along `axis`.

    Raises:
        InvalidArgumentError: `num` is negative, or there is no such axis.
        TypeError: `num` is no integer.
        ValueError: `stop` is a tensor of another dtype.

    >>> import gradtape as tf
    >>> tf.linspace(0.0, 1.0, 5)
    <tf.Tensor: shape=(5,), dtype=float32, numpy=array([0.  , 0.25, 0.5 , 0.75, 1.  ], dtype=float32)>
    """
    first = convert(start)
    last = convert(stop, first.dtype)
    if first.dtype.is_integer:
        fraction = float32 if first._value.dtype.itemsize <= 2 else float64
        first, last = cast(first, fraction), cast(last, fraction)
    if isinstance(num, float):
        raise WrongTypeError(f"linspace: num is an integer, got {num!r}.")
    count = as_axis(num)
    if count < 0:
        raise InvalidArgumentError(f"linspace: num is at least 0, got {count}.")
    shape = broadcast_shapes(first._value.shape, last._value.shape)
    place = in_range(as_axis(axis), len(shape) + 1)
    first = expand_dims(broadcast_to(first, shape), place)
    last = expand_dims(broadcast_to(last, shape), place)
    if count == 0:
        return make_tensor(np.zeros((*shape[:place], 0, *shape[place:]), first.dtype.numpy))
    if count == 1:
        return first
    steps = np.arange(1, count - 1).astype(first.dtype.numpy)
    between = steps.reshape((-1, *(1,) * (len(shape) - place)))
    # The ends are exact, as in TensorFlow; only what lies between is computed.
    step: Any = subtract(last, first)
    return concat([first, first + step / (count - 1) * between, last], place)
