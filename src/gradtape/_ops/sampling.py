"""`tf.random`: TensorFlow's own numbers for a seed."""

from __future__ import annotations

from typing import Any

from gradtape._core.conversion import convert
from gradtape._core.dtypes import as_dtype, float32
from gradtape._core.op import Array, TensorLike
from gradtape._core.tensor import Carrier, Tensor, make_tensor
from gradtape._core.tracking import RECORDING
from gradtape._ops import seeds
from gradtape._ops.parameters import as_dims
from gradtape._ops.steps import one_step
from gradtape.errors import InvalidArgumentError, WrongTypeError

STATE = seeds.SeedState()
_NUMBERS = (int, float)


def set_seed(seed: int | None) -> None:
    """Sets the global seed: the random operations after it give the same numbers again, and those of TensorFlow.

    Args:
        seed: an integer; None for numbers that differ from run to run.

    >>> import gradtape as tf
    >>> tf.random.set_seed(1)
    >>> tf.random.uniform([2])
    <tf.Tensor: shape=(2,), dtype=float32, numpy=array([0.16513085, 0.9014813 ], dtype=float32)>
    """
    if RECORDING.recorder is not None:
        # Python has to do it at each call.
        RECORDING.recorder.fail("tf.random.set_seed is called in it")
    STATE.set_seed(seed)


def _plain(value: TensorLike) -> Any:
    """A bound or a parameter as a number or an array."""
    if type(value) in (int, float):
        return value
    tensor = convert(value)
    return tensor._refuse() if isinstance(tensor, Carrier) else tensor._value


def _shape(shape: TensorLike) -> Any:
    """A shape as the generator reads it: whether it is an int64 array selects the stream."""
    if isinstance(shape, Tensor):
        return _plain(shape)
    return shape if hasattr(shape, "dtype") else as_dims(shape)


@one_step("draw", "source", varies=True)
def _drawn(draw: Any, shape: Any, *arguments: Any) -> Tensor:
    shape = _shape(shape)
    given = [_plain(each) if isinstance(each, Tensor) else each for each in arguments]
    maps = RECORDING.maps
    if maps:
        # Each row draws numbers of its own.
        shape = (*[size for size, _ in maps], *as_dims(shape))
    try:
        tensor = make_tensor(draw(STATE, shape, *given))
    except ValueError as error:
        kind = type(error) if isinstance(error, InvalidArgumentError) else InvalidArgumentError
        raise kind(f"tf.random: {error}") from None
    for _, as_rows in maps:
        tensor = as_rows(tensor)
    return tensor


def _scaled(draw: Any, shape: Any, mean: Any, stddev: Any, dtype: Any, seed: Any) -> Any:
    """Returns `stddev` times the numbers that are drawn, plus `mean`; gradients flow to what isn't a number."""
    kind = as_dtype(dtype)
    if type(mean) in _NUMBERS and type(stddev) in _NUMBERS:
        return _drawn(draw, shape, mean, stddev, kind.numpy, seed)
    scale, offset = convert(stddev, kind), convert(mean, kind)
    return _drawn(draw, shape, 0.0, 1.0, kind.numpy, seed) * scale + offset


def normal(
    shape: TensorLike,
    mean: TensorLike = 0.0,
    stddev: TensorLike = 1.0,
    dtype: Any = float32,
    seed: int | None = None,
    name: str | None = None,
) -> Array:
    """Returns numbers drawn from a normal distribution.

    Args:
        shape: the shape of the result.
        mean, stddev: numbers or tensors that broadcast with `shape`; gradients flow to tensors.
        dtype: a floating-point type.
        seed: the operation's own seed, beside the global one.
        name: ignored.

    Returns:
        A tensor of `shape` and `dtype`.

    Raises:
        InvalidArgumentError: a size is negative or `dtype` is no floating-point type.

    >>> import gradtape as tf
    >>> tf.random.normal([2, 3]).shape
    TensorShape([2, 3])
    """
    return _scaled(seeds.random_normal, shape, mean, stddev, dtype, seed)


def truncated_normal(
    shape: TensorLike,
    mean: TensorLike = 0.0,
    stddev: TensorLike = 1.0,
    dtype: Any = float32,
    seed: int | None = None,
    name: str | None = None,
) -> Array:
    """Returns numbers drawn from a normal distribution, those beyond two deviations drawn again.

    Args:
        shape: the shape of the result.
        mean, stddev: numbers or tensors that broadcast with `shape`; gradients flow to tensors.
        dtype: a floating-point type.
        seed: the operation's own seed, beside the global one.
        name: ignored.

    Returns:
        A tensor of `shape` and `dtype`.

    Raises:
        InvalidArgumentError: a size is negative or `dtype` is no floating-point type.

    >>> import gradtape as tf
    >>> bool(tf.reduce_all(tf.abs(tf.random.truncated_normal([100])) <= 2.0))
    True
    """
    return _scaled(seeds.random_truncated_normal, shape, mean, stddev, dtype, seed)


def uniform(
    shape: TensorLike,
    minval: TensorLike = 0,
    maxval: TensorLike | None = None,
    dtype: Any = float32,
    seed: int | None = None,
    name: str | None = None,
) -> Array:
    """Returns numbers drawn evenly from `minval` up to, not including, `maxval`.

    Args:
        shape: the shape of the result.
        minval: the least number; 0 by default.
        maxval: the bound above; 1 by default, to be given for integers.
        dtype: a floating-point type, int32 or int64.
        seed: the operation's own seed, beside the global one.
        name: ignored.

    Returns:
        A tensor of `shape` and `dtype`.

    Raises:
        ValueError: `maxval` is missing for an integer type.
        TypeError: a bound of an integer type is no integer.
        InvalidArgumentError: a size is negative, or `minval` is not below `maxval` for an integer type.

    >>> import gradtape as tf
    >>> tf.random.uniform([3], maxval=10, dtype=tf.int32).dtype
    tf.int32
    """
    kind = as_dtype(dtype)
    if maxval is None and kind.is_integer:
        raise WrongTypeError(f"Must specify maxval for integer dtype {kind.name}")
    if kind.is_integer:
        first, last = (convert(bound, kind) for bound in (minval, maxval))
        return _drawn(seeds.random_uniform, shape, first, last, kind.numpy, seed)
    if type(minval) in _NUMBERS and (maxval is None or type(maxval) in _NUMBERS):
        return _drawn(seeds.random_uniform, shape, minval, maxval, kind.numpy, seed)
    low, top = convert(minval, kind), convert(1 if maxval is None else maxval, kind)
    return _drawn(seeds.random_uniform, shape, 0, 1, kind.numpy, seed) * (top - low) + low


@one_step("shuffle", "source")
def shuffle(value: TensorLike, seed: int | None = None, name: str | None = None) -> Array:
    """Returns `value` with the parts along its first axis in random order.

    Args:
        value: a tensor.
        seed: the operation's own seed, beside the global one.
        name: ignored.

    Returns:
        A tensor of the shape and dtype of `value`.

    >>> import gradtape as tf
    >>> sorted(tf.random.shuffle([3, 1, 2]).numpy().tolist())
    [1, 2, 3]
    """
    return make_tensor(seeds.random_shuffle(STATE, _plain(convert(value)), seed))
