"""Random numbers that are a function of the seed given with each call: nothing is remembered between calls."""

from __future__ import annotations

import enum
import math
from typing import Any

import numpy as np

from gradtape._core.conversion import convert
from gradtape._core.dtypes import DType, as_dtype, float32, int32, int64, uint32, uint64
from gradtape._core.op import Array, TensorLike
from gradtape._core.tensor import Carrier, Tensor, make_tensor
from gradtape._ops import philox
from gradtape._ops.joining import stack
from gradtape._ops.parameters import as_dims
from gradtape._ops.philox import Philox
from gradtape._ops.steps import one_step
from gradtape.errors import InvalidArgumentError, WrongTypeError

INTEGERS = (int32, int64, uint32, uint64)


class Algorithm(enum.Enum):
    """The algorithms that TensorFlow names; `AUTO_SELECT` is Philox here, as on its CPU.

    >>> import gradtape as tf
    >>> tf.random.Algorithm.PHILOX.value
    1
    """

    PHILOX = 1
    THREEFRY = 2
    AUTO_SELECT = 3


def as_algorithm(alg: Any) -> int:
    """Returns the number of an algorithm that is given as one, by its name, or as an `Algorithm`.

    Raises:
        ValueError: there is no algorithm of that name.
        TypeError: it is something else.

    >>> as_algorithm("Auto-Select")
    3
    """
    if isinstance(alg, int):
        return alg
    if isinstance(alg, Algorithm):
        return alg.value
    if isinstance(alg, Tensor):
        return int(alg)
    if not isinstance(alg, str):
        raise WrongTypeError(
            f"`alg` is a name, a number or a tf.random.Algorithm, got {alg!r} of type {type(alg).__name__}."
        )
    name = alg.strip().lower().replace("-", "").replace("_", "")
    for member in Algorithm:
        if name == member.name.lower().replace("_", ""):
            return member.value
    raise InvalidArgumentError(unsupported(alg))


def unsupported(alg: Any) -> str:
    """Returns the message for an algorithm that isn't known."""
    return f"`alg` is 'philox' (1), 'threefry' (2) or 'auto_select' (3), got {alg!r}."


def plain(value: TensorLike) -> Any:
    """Returns a parameter as an array; one that differs by row inside a map is refused."""
    tensor = convert(value)
    return tensor._refuse() if isinstance(tensor, Carrier) else tensor._value


def stream_of(seed: TensorLike, alg: Any = "auto_select") -> Philox:
    """Returns the stream that the two numbers of a seed start.

    Raises:
        InvalidArgumentError: the seed isn't two integers, or the algorithm is ThreeFry, which TensorFlow has on
            accelerators only.
        ValueError, TypeError: there is no such algorithm.
    """
    number = Algorithm.AUTO_SELECT.value if alg is None else as_algorithm(alg)
    values = plain(seed)
    if number not in (1, 2, 3):
        raise InvalidArgumentError(unsupported(alg))
    if number == Algorithm.THREEFRY.value:
        raise InvalidArgumentError("ThreeFry runs on accelerators only; write alg='philox' or 'auto_select'.")
    if values.dtype.kind != "i" and (number == Algorithm.AUTO_SELECT.value or values.dtype.kind != "u"):
        raise WrongTypeError(f"a seed is two integers of int32 or int64, got {values.dtype.name}.")
    if values.shape != (2,):
        raise InvalidArgumentError(f"seed must have shape [2], not {list(values.shape)}.")
    return Philox.from_stateless_seed(*values.tolist())


def dims_of(shape: TensorLike) -> tuple[int, ...]:
    """Returns the shape that a user gives as a tuple."""
    return as_dims(plain(shape) if isinstance(shape, Tensor) else shape)


def scaled(numbers: Tensor, scale: Any, offset: Any, dtype: DType) -> Any:
    """Returns `numbers * scale + offset`, each step rounded to `dtype`; gradients flow to tensors among them."""
    if type(scale) in (int, float) and type(offset) in (int, float) and type(numbers) is Tensor:
        scale, offset = (np.asarray(each, dtype.numpy) for each in (scale, offset))
        return make_tensor(np.asarray(np.add(np.multiply(numbers._value, scale), offset)))
    return numbers * convert(scale, dtype) + convert(offset, dtype)


def floating(dtype: Any) -> DType:
    """Returns a floating-point type.

    Raises:
        TypeError: it is another one.
    """
    kind = as_dtype(dtype)
    if not kind.is_floating:
        raise WrongTypeError(f"random numbers of this distribution are of a floating-point type, not {kind.name}.")
    return kind


def full_integers(stream: Philox, count: int, dtype: Any) -> Array:
    """Returns `count` integers of which every bit is random, of int32, int64, uint32 or uint64."""
    kind = np.dtype(dtype)
    if kind.itemsize == 4:
        return stream.uint32(count).view(kind)
    words = stream.uint32(2 * count).astype(np.uint64)
    words[1::2] <<= np.uint64(32)
    return np.asarray(words[0::2] | words[1::2]).view(kind)


def whole_bounds(low: Any, high: Any, kind: DType) -> tuple[int, int]:
    """Returns the bounds of random integers.

    Raises:
        InvalidArgumentError: there are several, or they are in wrong order.
    """
    for name, bound in (("minval", low), ("maxval", high)):
        if np.ndim(bound):
            raise InvalidArgumentError(f"{name} must be 0-D, got shape {list(np.shape(bound))}.")
    first, last = (int(convert(bound, kind)._value) for bound in (low, high))
    if first >= last:
        raise InvalidArgumentError(f"Need minval < maxval, got {first} >= {last}.")
    return first, last


@one_step("draw", varies=True)
def drawn(draw: Any, opened: Any, origin: TensorLike, shape: TensorLike, *arguments: Any) -> Tensor:
    """Returns what `draw(stream, count, *arguments)` gives, in a shape; `opened` makes the stream of its origin."""
    stream, dims = opened(origin), dims_of(shape)
    return make_tensor(draw(stream, math.prod(dims), *arguments).reshape(dims))


def integers_between(stream: Philox, count: int, low: Any, high: Any, kind: DType) -> Array:
    """Returns `count` integers in [low, high)."""
    if not count:
        return np.empty(0, kind.numpy)
    first, last = whole_bounds(low, high, kind)
    return philox.integers(stream, count, first, last, kind.numpy)


def uniform_from(opened: Any, origin: TensorLike, shape: TensorLike, low: Any, high: Any, kind: DType) -> Any:
    """Returns numbers uniform in [low, high), or of all integers where the two are None; see `drawn`."""
    if kind.is_integer and low is None:
        return drawn(full_integers, opened, origin, shape, kind.numpy)
    if kind.is_integer:
        return drawn(integers_between, opened, origin, shape, low, high, kind)
    top = 1 if high is None else high
    numbers = drawn(philox.uniform, opened, origin, shape, kind.numpy)
    if type(low) in (int, float) and type(top) in (int, float) and type(numbers) is Tensor:
        ends = np.asarray(low, kind.numpy), np.asarray(top, kind.numpy)
        return make_tensor(np.asarray(numbers._value * (ends[1] - ends[0]) + ends[0]))
    start = convert(low, kind)
    return scaled(numbers, convert(top, kind) - start, start, kind)


def streams_of(alg: Any) -> Any:
    """Returns the function that opens the stream of a seed, as `stream_of` does."""
    return lambda seed: stream_of(seed, alg)


def stateless_uniform(
    shape: TensorLike,
    seed: TensorLike,
    minval: TensorLike | None = 0,
    maxval: TensorLike | None = None,
    dtype: Any = float32,
    name: str | None = None,
    alg: Any = "auto_select",
) -> Array:
    """Returns numbers drawn evenly from `minval` up to, not including, `maxval`, the same for a seed each time.

    Args:
        shape: the shape of the result.
        seed: two integers, int32 or int64.
        minval: the least number; None, with `maxval`, for integers of the whole range.
        maxval: the bound above; 1 by default, to be given for integers.
        dtype: a floating-point type, int32 or int64; also uint32 and uint64 for the whole range.
        name: ignored.
        alg: "philox" or "auto_select", which is the same.

    Returns:
        A tensor of `shape` and `dtype`. Gradients flow to bounds of a floating-point type.

    Raises:
        ValueError: `dtype` is another one, one of the bounds is missing, or the algorithm is unknown.
        InvalidArgumentError: the seed isn't two integers, a size is negative, or the bounds are in wrong order.

    >>> import gradtape as tf
    >>> tf.random.stateless_uniform([2], seed=[1, 2]).numpy()
    array([0.8440604 , 0.19204533], dtype=float32)
    """
    kind = as_dtype(dtype)
    if not kind.is_floating and kind not in INTEGERS:
        raise WrongTypeError(f"`dtype` is a floating-point type, int32, int64, uint32 or uint64, got {kind.name}.")
    if kind.is_integer:
        if (minval is None) != (maxval is None):
            raise InvalidArgumentError(f"For {kind.name}, give both minval and maxval or None for both.")
        if minval is not None and kind in (uint32, uint64):
            raise InvalidArgumentError(f"For {kind.name}, minval and maxval are None: other bounds need a signed type.")
    return uniform_from(streams_of(alg), seed, shape, minval, maxval, kind)


def stateless_normal(
    shape: TensorLike,
    seed: TensorLike,
    mean: TensorLike = 0.0,
    stddev: TensorLike = 1.0,
    dtype: Any = float32,
    name: str | None = None,
    alg: Any = "auto_select",
) -> Array:
    """Returns numbers drawn from a normal distribution, the same for a seed each time.

    Args:
        shape: the shape of the result.
        seed: two integers, int32 or int64.
        mean, stddev: numbers or tensors that broadcast with `shape`; gradients flow to tensors.
        dtype: a floating-point type.
        name: ignored.
        alg: "philox" or "auto_select", which is the same.

    Returns:
        A tensor of `dtype` and of `shape`, broadcast with `mean` and `stddev`.

    Raises:
        InvalidArgumentError: the seed isn't two integers, or a size is negative.
        TypeError: `dtype` is no floating-point type.
        ValueError: the algorithm is unknown.

    >>> import gradtape as tf
    >>> tf.random.stateless_normal([2], seed=[1, 2]).numpy()
    array([0.5441101 , 0.20738031], dtype=float32)
    """
    kind = floating(dtype)
    return scaled(drawn(philox.normal, streams_of(alg), seed, shape, kind.numpy), stddev, mean, kind)


def stateless_truncated_normal(
    shape: TensorLike,
    seed: TensorLike,
    mean: TensorLike = 0.0,
    stddev: TensorLike = 1.0,
    dtype: Any = float32,
    name: str | None = None,
    alg: Any = "auto_select",
) -> Array:
    """Returns numbers drawn from a normal distribution without those beyond two deviations, the same for a seed.

    Args:
        shape: the shape of the result.
        seed: two integers, int32 or int64.
        mean, stddev: numbers or tensors that broadcast with `shape`; gradients flow to tensors.
        dtype: a floating-point type.
        name: ignored.
        alg: "philox" or "auto_select", which is the same.

    Returns:
        A tensor of `dtype` and of `shape`, broadcast with `mean` and `stddev`.

    Raises:
        InvalidArgumentError: the seed isn't two integers, or a size is negative.
        TypeError: `dtype` is no floating-point type.
        ValueError: the algorithm is unknown.

    >>> import gradtape as tf
    >>> bool(tf.reduce_all(tf.abs(tf.random.stateless_truncated_normal([100], seed=[1, 2])) <= 2.0))
    True
    """
    kind = floating(dtype)
    return scaled(drawn(philox.truncated_normal, streams_of(alg), seed, shape, kind.numpy), stddev, mean, kind)


def split(seed: TensorLike, num: int = 2, alg: Any = "auto_select") -> Array:
    """Returns several seeds made from one, for parts of a program that each need their own.

    Args:
        seed: two integers, int32 or int64.
        num: how many seeds to make.
        alg: "philox" or "auto_select", which is the same.

    Returns:
        A tensor of shape `[num, 2]` and of the dtype of `seed`.

    Raises:
        InvalidArgumentError: the seed isn't two integers.
        ValueError: the seed isn't of integers, or the algorithm is unknown.

    >>> import gradtape as tf
    >>> tf.random.split([1, 2]).numpy()
    array([[1105988140, 1738052849],
           [-335576002,  370444179]], dtype=int32)
    """
    tensor = convert(seed)
    return stateless_uniform([num, 2], tensor, None, None, _seed_type(tensor), alg=alg)


def fold_in(seed: TensorLike, data: TensorLike, alg: Any = "auto_select") -> Array:
    """Returns a seed made from one and a number, such as the number of a step.

    Args:
        seed: two integers, int32 or int64.
        data: an integer.
        alg: "philox" or "auto_select", which is the same.

    Returns:
        A tensor of shape `[2]` and of the dtype of `data`.

    Raises:
        InvalidArgumentError: the seed isn't two integers.
        ValueError: `data` is no integer, or the algorithm is unknown.

    >>> import gradtape as tf
    >>> tf.random.fold_in([1, 2], 3).numpy()
    array([1105988140,          3], dtype=int32)
    """
    tensor = convert(data)
    return stack([stateless_uniform([], seed, None, None, _seed_type(tensor), alg=alg), tensor])


def _seed_type(tensor: Tensor) -> DType:
    if not tensor.dtype.is_integer:
        raise WrongTypeError(f"seeds are made of integers, got {tensor.dtype.name}.")
    return tensor.dtype


@one_step("stateless_shuffle")
def stateless_shuffle(value: TensorLike, seed: TensorLike, alg: Any = "auto_select", name: str | None = None) -> Array:
    """Returns `value` with the parts along its first axis in random order, the same for a seed each time.

    Args:
        value: a tensor.
        seed: two integers, int32 or int64.
        alg: "philox" or "auto_select", which is the same.
        name: ignored.

    Returns:
        A tensor of the shape and dtype of `value`.

    Raises:
        InvalidArgumentError: the seed isn't two integers.
        ValueError: the algorithm is unknown.

    >>> import gradtape as tf
    >>> tf.random.experimental.stateless_shuffle(tf.range(7), seed=[1, 2]).numpy()
    array([5, 6, 1, 2, 0, 3, 4], dtype=int32)
    """
    stream, array = stream_of(seed, alg), plain(value)
    if array.ndim == 0 or array.size < 2 or len(array) < 2:
        return make_tensor(array)
    return make_tensor(array[philox.permutation(stream, len(array))])


stateless_split, stateless_fold_in = split, fold_in
