"""Random classes and counts: categorical, Poisson and binomial numbers, and normal ones between given bounds."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from gradtape._core.conversion import convert
from gradtape._core.dtypes import BY_NUMPY, DType, as_dtype, float16, float32, float64, int32, int64
from gradtape._core.op import Array, TensorLike
from gradtape._core.tensor import Tensor, make_tensor
from gradtape._core.tracking import RECORDING
from gradtape._ops import rejection, seeds
from gradtape._ops.parameters import as_number
from gradtape._ops.philox import RESERVED_BLOCKS, Philox
from gradtape._ops.sampling import STATE
from gradtape._ops.stateless import dims_of, plain, stream_of
from gradtape._ops.steps import one_step
from gradtape.errors import InvalidArgumentError, NotFoundError, WrongTypeError

_COUNTED = (float16, float32, float64, int32, int64)


def repeats_of(dims: tuple[int, ...], parameters: tuple[int, ...]) -> int:
    """Returns how often each parameter is drawn for in a result whose shape ends with the parameters'.

    Raises:
        InvalidArgumentError: it doesn't.
    """
    rest = len(dims) - len(parameters)
    if rest < 0 or dims[rest:] != parameters:
        raise InvalidArgumentError(
            f"Shape passed in must end with broadcasted shape: {list(dims)} doesn't end with {list(parameters)}."
        )
    return math.prod(dims[:rest])


def mapped_sizes(shape: Any) -> tuple[int, ...]:
    """Returns a shape, after the sizes of the maps that run: each of their rows draws numbers of its own."""
    return (*[size for size, _ in RECORDING.maps], *dims_of(shape))


def as_rows(array: Any) -> Tensor:
    """Returns an array as a tensor; inside maps its first axes become theirs."""
    tensor = make_tensor(array)
    for _, rows in RECORDING.maps:
        tensor = rows(tensor)
    return tensor


def _counted(dtype: Any, name: str) -> DType:
    kind = as_dtype(dtype)
    if kind not in _COUNTED:
        raise InvalidArgumentError(f"`{name}` is float16, float32, float64, int32 or int64, got {kind.name}.")
    return kind


def _class_type(dtype: Any) -> DType:
    kind = as_dtype(dtype) if dtype else int64
    if kind not in (int32, int64):
        raise WrongTypeError(f"`dtype` is int32 or int64, got {kind.name}.")
    return kind


def _classes(logits: TensorLike, num_samples: TensorLike) -> tuple[Any, int]:
    values, number = plain(logits), plain(num_samples)
    if values.dtype.kind not in "iubf" and BY_NUMPY[values.dtype].name != "bfloat16":
        raise WrongTypeError(f"logits are of a floating-point type, got {BY_NUMPY[values.dtype].name}.")
    if values.dtype.kind in "iub":
        raise NotFoundError(f"logits are of a floating-point type, got {values.dtype.name}.")
    if values.ndim != 2:
        raise InvalidArgumentError(f"logits should be a matrix, got shape {list(values.shape)}.")
    if number.ndim:
        raise InvalidArgumentError(f"num_samples should be a scalar, got shape {list(number.shape)}.")
    number = as_number("num_samples", number)
    if number < 0:
        raise InvalidArgumentError(f"num_samples should be non-negative, got {number}.")
    if not values.shape[1]:
        raise InvalidArgumentError("num_classes should be positive, got 0.")
    return values, number


@one_step("categorical", "source", varies=True)
def categorical(
    logits: TensorLike, num_samples: int, dtype: Any = None, seed: int | None = None, name: str | None = None
) -> Array:
    """Returns classes drawn with the probabilities `softmax(logits)`, row by row.

    Args:
        logits: a matrix of a floating-point type, a row of classes for each distribution.
        num_samples: how many classes to draw for each row.
        dtype: int32 or int64, the default.
        seed: the operation's own seed, beside the global one.
        name: ignored.

    Returns:
        A tensor of shape `[rows, num_samples]`.

    Raises:
        InvalidArgumentError: `logits` is no matrix, has no class, or `num_samples` is negative.
        ValueError: `dtype` is another one.

    >>> import gradtape as tf
    >>> tf.random.categorical([[0.0, -100.0]], 3).numpy()
    array([[0, 0, 0]])
    """
    kind = _class_type(dtype)
    values, number = _classes(logits, num_samples)
    sizes = mapped_sizes(())
    many = np.tile(values, (math.prod(sizes), 1)) if sizes else values
    drawn = seeds.random_categorical(STATE, many, number, kind.numpy, seed)
    return as_rows(drawn.reshape(*sizes, len(values), number))


@one_step("stateless_categorical", varies=True)
def stateless_categorical(
    logits: TensorLike, num_samples: int, seed: TensorLike, dtype: Any = int64, name: str | None = None
) -> Array:
    """Returns classes drawn with the probabilities `softmax(logits)`, the same for a seed each time.

    Args:
        logits: a matrix of a floating-point type, a row of classes for each distribution.
        num_samples: how many classes to draw for each row.
        seed: two integers, int32 or int64.
        dtype: int32 or int64.
        name: ignored.

    Returns:
        A tensor of shape `[rows, num_samples]`.

    Raises:
        InvalidArgumentError: `logits` is no matrix, has no class, `num_samples` is negative, or the seed isn't two
            integers.
        ValueError: `dtype` is another one.

    >>> import gradtape as tf
    >>> tf.random.stateless_categorical([[1.0, 2.0]], 3, seed=[1, 2]).numpy()
    array([[1, 1, 0]])
    """
    kind = _class_type(dtype)
    values, number = _classes(logits, num_samples)
    return make_tensor(seeds.classes_from(stream_of(seed), values, number, kind.numpy))


@one_step("poisson", "source", varies=True)
def poisson(
    shape: TensorLike, lam: TensorLike, dtype: Any = float32, seed: int | None = None, name: str | None = None
) -> Array:
    """Returns counts drawn from Poisson distributions, for each of the rates a block of `shape`.

    Args:
        shape: the shape of what is drawn for each rate.
        lam: the rates; float16, float32, float64, int32 or int64.
        dtype: the result's, one of the same.
        seed: the operation's own seed, beside the global one.
        name: ignored.

    Returns:
        A tensor of shape `shape + lam.shape`.

    Raises:
        InvalidArgumentError: a size is negative, or a dtype is another one.

    >>> import gradtape as tf
    >>> tf.random.poisson([3], [0.0, 0.0]).numpy()
    array([[0., 0.],
           [0., 0.],
           [0., 0.]], dtype=float32)
    """
    kind, rates, dims = _counted(dtype, "dtype"), plain(lam), mapped_sizes(shape)
    _counted(rates.dtype, "lam")
    variant = rates.dtype, kind.numpy
    count = math.prod(dims)
    stream = STATE.stream("RandomPoissonV2", variant, seed, count * rates.size * RESERVED_BLOCKS)
    drawn = rejection.poisson(stream, count, rates.reshape(-1), kind.numpy)
    return as_rows(drawn.reshape(dims + rates.shape))


@one_step("stateless_poisson", varies=True)
def stateless_poisson(
    shape: TensorLike, seed: TensorLike, lam: TensorLike, dtype: Any = int32, name: str | None = None
) -> Array:
    """Returns counts drawn from Poisson distributions, the same for a seed each time.

    Args:
        shape: the shape of the result; it ends with that of `lam`.
        seed: two integers, int32 or int64.
        lam: the rates; float16, float32, float64, int32 or int64.
        dtype: the result's, one of the same.
        name: ignored.

    Returns:
        A tensor of `shape` and `dtype`.

    Raises:
        InvalidArgumentError: the shapes don't fit, the seed isn't two integers, or a dtype is another one.

    >>> import gradtape as tf
    >>> tf.random.stateless_poisson([3, 2], seed=[1, 2], lam=[3.0, 4.0]).numpy()
    array([[5, 6],
           [5, 4],
           [4, 7]], dtype=int32)
    """
    kind, rates, dims = _counted(dtype, "dtype"), plain(lam), dims_of(shape)
    _counted(rates.dtype, "lam")
    stream, repeats = stream_of(seed), repeats_of(dims, rates.shape)
    return make_tensor(rejection.poisson(stream, repeats, rates.reshape(-1), kind.numpy).reshape(dims))


def binomial_from(
    reserve: Callable[[int, int], Philox], shape: TensorLike, counts: Tensor, probs: Tensor, dtype: Any
) -> Array:
    """Returns binomial numbers from the stream that `reserve` gives for a number of parameters and of repeats.

    Raises:
        InvalidArgumentError: shapes don't fit, or dtypes differ.
        NotFoundError: the parameters are of another dtype.
    """
    kind, sizes, chances = _counted(dtype, "dtype"), plain(counts), plain(probs)
    if sizes.dtype != chances.dtype:
        raise WrongTypeError(f"`counts` and `probs` have one dtype, got {sizes.dtype.name} and {chances.dtype.name}.")
    if sizes.dtype not in (np.float16, np.float32, np.float64):
        raise NotFoundError(f"`counts` and `probs` are float16, float32 or float64, got {sizes.dtype.name}.")
    try:
        sizes, chances = np.broadcast_arrays(sizes, chances)
    except ValueError:
        raise InvalidArgumentError(
            f"counts and probs must have compatible batch dimensions: {list(sizes.shape)} vs. {list(chances.shape)}."
        ) from None
    dims = dims_of(shape)
    repeats = repeats_of(dims, sizes.shape)
    stream = reserve(sizes.size, repeats)
    drawn = rejection.binomial(stream, repeats, sizes.reshape(-1), chances.reshape(-1), kind.numpy)
    return make_tensor(drawn.reshape(dims))


@one_step("stateless_binomial", varies=True)
def stateless_binomial(
    shape: TensorLike,
    seed: TensorLike,
    counts: TensorLike,
    probs: TensorLike,
    output_dtype: Any = int32,
    name: str | None = None,
) -> Array:
    """Returns how many of some trials succeed, the same for a seed each time.

    Args:
        shape: the shape of the result; it ends with that of `counts` and `probs`, broadcast.
        seed: two integers, int32 or int64.
        counts: how many trials there are.
        probs: the probability that one succeeds; float16, float32 or float64, as `counts`.
        output_dtype: one of these, int32 or int64.
        name: ignored.

    Returns:
        A tensor of `shape` and `output_dtype`.

    Raises:
        InvalidArgumentError: shapes or dtypes don't fit, or the seed isn't two integers.
        NotFoundError: the parameters are of another dtype.

    >>> import gradtape as tf
    >>> tf.random.stateless_binomial([3, 2], seed=[1, 2], counts=10.0, probs=[0.2, 0.7]).numpy()
    array([[3, 6],
           [2, 6],
           [3, 7]], dtype=int32)
    """
    chances = convert(probs)
    hinted = not isinstance(counts, Tensor) and not hasattr(counts, "dtype") and not hasattr(counts, "_read")
    sizes = convert(counts, chances.dtype) if hinted else convert(counts)
    stream = stream_of(seed)
    return binomial_from(lambda _parameters, _repeats: stream, shape, sizes, chances, output_dtype)


@one_step("stateless_parameterized_truncated_normal", varies=True)
def stateless_parameterized_truncated_normal(
    shape: TensorLike,
    seed: TensorLike,
    means: TensorLike = 0.0,
    stddevs: TensorLike = 1.0,
    minvals: TensorLike = -2.0,
    maxvals: TensorLike = 2.0,
    name: str | None = None,
) -> Array:
    """Returns numbers drawn from normal distributions cut off at bounds, the same for a seed each time.

    Args:
        shape: the shape of the result; it ends with that of the parameters, broadcast.
        seed: two integers, int32 or int64.
        means, stddevs: parameters of the distributions before they are cut; float16, float32 or float64.
        minvals, maxvals: the bounds, of which one may be infinite; all four have one dtype.
        name: ignored.

    Returns:
        A tensor of `shape`, of the dtype of the parameters. No gradient flows to them.

    Raises:
        InvalidArgumentError: shapes or dtypes don't fit, the seed isn't two integers, a deviation isn't positive, or
            the bounds are in wrong order or both infinite.

    >>> import gradtape as tf
    >>> tf.random.stateless_parameterized_truncated_normal([3], seed=[1, 2]).numpy()
    array([0.5441101 , 0.20738031, 0.07356432], dtype=float32)
    """
    parameters = [plain(each) for each in (means, stddevs, minvals, maxvals)]
    dtype = parameters[0].dtype
    if any(each.dtype != dtype for each in parameters) or dtype not in (np.float16, np.float32, np.float64):
        raise WrongTypeError(
            "the four parameters are of one dtype, float16, float32 or float64, got "
            f"{[each.dtype.name for each in parameters]}."
        )
    try:
        whole = np.broadcast_arrays(*parameters)
    except ValueError:
        shapes = [list(each.shape) for each in parameters]
        raise InvalidArgumentError(f"the shapes of the four parameters don't broadcast: {shapes}.") from None
    stream, dims = stream_of(seed), dims_of(shape)
    repeats = repeats_of(dims, whole[0].shape)
    if not math.prod(dims):
        return make_tensor(np.empty(dims, dtype))
    try:
        drawn = rejection.bounded_normal(stream, repeats, [each.reshape(-1) for each in whole], dtype)
    except ValueError as error:
        raise InvalidArgumentError(str(error)) from None
    return make_tensor(drawn.reshape(dims))
