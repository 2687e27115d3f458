"""`tf.nn`: moments, batch normalization, embeddings, and the averages that make one loss of many."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape._core.conversion import convert
from gradtape._core.dtypes import float16, float32, float64
from gradtape._core.families import composite
from gradtape._core.op import TensorLike
from gradtape._core.sampling import Values, arrays
from gradtape._core.tensor import Tensor
from gradtape._core.variable import Variable
from gradtape._ops.arithmetic import rsqrt, squared_difference
from gradtape._ops.casting import cast
from gradtape._ops.creation import zeros_like
from gradtape._ops.gather import gather
from gradtape._ops.joining import concat
from gradtape._ops.norms import clip_by_norm
from gradtape._ops.parameters import as_axes
from gradtape._ops.quotients import divide_no_nan
from gradtape._ops.reduction import reduce_mean, reduce_sum
from gradtape._ops.standardization import real_moments
from gradtape._ops.structure import expand_dims, identity, squeeze
from gradtape.errors import InvalidArgumentError, WrongTypeError

AXES: list[Any] = [None, 0, [-1], [0, 1]]
POSITIVE = Values(0.5, 2.0)
EXACT = (float32, float64)
# From so many elements on, memory costs more than some more operations.
LARGE = 65536


@composite(arrays((2, 3), (2, 3, 2), axes=AXES, keepdims=[False, True]) + arrays((3,), axes=[[0]]))
def moments(
    x: TensorLike, axes: Any, shift: Any = None, keepdims: bool = False, name: str | None = None
) -> tuple[Tensor, Tensor]:
    """Returns the mean and the variance of the elements along axes.

    Args:
        x: a tensor of numbers.
        axes: an axis, a list of axes, or None for all.
        shift: ignored, as in TensorFlow.
        keepdims: whether the axes stay, with size 1.
        name: ignored.

    Returns:
        A pair of tensors of the dtype of `x` without these axes: the mean, and the mean square distance from it.

    Raises:
        InvalidArgumentError: an axis is out of range or given twice.

    >>> import gradtape as tf
    >>> mean, variance = tf.nn.moments(tf.constant([[1.0, 2.0], [3.0, 6.0]]), axes=[0])
    >>> mean.numpy(), variance.numpy()
    (array([2., 4.], dtype=float32), array([1., 4.], dtype=float32))
    """
    tensor = convert(x)
    axes = as_axes(axes)
    short = tensor.dtype is float16
    values = cast(tensor, float32) if short else tensor
    if values.dtype.is_floating:
        mean, variance = real_moments(values, axes, keepdims)
    else:
        mean = reduce_mean(values, axes, keepdims)
        variance = reduce_mean(squared_difference(values, reduce_mean(values, axes, True)), axes, keepdims)
    return (cast(mean, float16), cast(variance, float16)) if short else (mean, variance)


def weighted_moments(
    x: TensorLike, axes: Any, frequency_weights: TensorLike, keepdims: bool = False, name: str | None = None
) -> tuple[Tensor, Tensor]:
    """Returns the mean and the variance of the elements along axes, each element counted with a weight.

    Args:
        x: a tensor of floating-point numbers.
        axes: an axis, a list of axes, or None for all.
        frequency_weights: a tensor whose shape broadcasts to that of `x`; its dtype is made that of `x`.
        keepdims: whether the axes stay, with size 1.
        name: ignored.

    Returns:
        A pair of tensors of the dtype of `x` without these axes; 0 where the weights have the sum 0.

    Raises:
        InvalidArgumentError: an axis is out of range or given twice, or the shapes do not broadcast.

    >>> import gradtape as tf
    >>> mean, variance = tf.nn.weighted_moments([1.0, 5.0], 0, [3.0, 1.0])
    >>> mean.numpy(), variance.numpy()
    (np.float32(2.0), np.float32(3.0))
    """
    return weighted_spread(x, frequency_weights, as_axes(axes), keepdims)


@composite(
    arrays(((2, 3), (2, 3)), ((2, 3), (3,)), ((2, 3), ()), axes=AXES, keepdims=[False, True], values=(POSITIVE,) * 2)
)
def weighted_spread(x: TensorLike, frequency_weights: TensorLike, axes: Any, keepdims: bool) -> tuple[Tensor, Tensor]:
    """Returns `weighted_moments`, both inputs in front; not for users."""
    tensor, weights = convert(x), convert(frequency_weights)
    dtype = tensor.dtype
    values = cast(tensor, float32) if dtype is float16 else tensor
    weights = cast(weights, values.dtype)
    weight = reduce_sum(weights + zeros_like(values), axes, True)
    mean = divide_no_nan(reduce_sum(weights * values, axes, True), weight)
    variance = divide_no_nan(reduce_sum(weights * squared_difference(values, mean), axes, True), weight)
    if not keepdims:
        mean, variance = squeeze(mean, axes), squeeze(variance, axes)
    return cast(mean, dtype), cast(variance, dtype)


@composite(
    arrays(
        ((2, 3), (3,), (3,), (3,), (3,)),
        ((2, 3), (2, 1), (2, 1), (), (3,)),
        variance_epsilon=[0.1],
        values=(Values(), Values(), POSITIVE, Values(), Values()),
    )
)
def batch_normalization(
    x: TensorLike,
    mean: TensorLike,
    variance: TensorLike,
    offset: TensorLike | None,
    scale: TensorLike | None,
    variance_epsilon: TensorLike,
    name: str | None = None,
) -> Tensor:
    """Returns `(x - mean) / sqrt(variance + variance_epsilon) * scale + offset`.

    The normalization is that of Ioffe and Szegedy, "Batch normalization", 2015.

    Args:
        x: a tensor of floating-point numbers.
        mean: a tensor that broadcasts with `x`.
        variance: the same.
        offset: the same; None for 0.
        scale: the same; None for 1.
        variance_epsilon: a small number, so that nothing is divided by 0.
        name: ignored.

    Returns:
        A tensor of the dtype of `x`, of the shape that all broadcast to. `x` may be float16 where the rest is float32.

    Raises:
        InvalidArgumentError: the shapes do not broadcast, or the dtypes do not fit.

    >>> import gradtape as tf
    >>> tf.nn.batch_normalization(tf.constant([1.0, 3.0]), 2.0, 4.0, offset=1.0, scale=None, variance_epsilon=0.0)
    <tf.Tensor: shape=(2,), dtype=float32, numpy=array([0.5, 1.5], dtype=float32)>
    """
    tensor = convert(x)
    out: Tensor
    factor = rsqrt(convert(variance) + variance_epsilon)
    if scale is not None and offset is not None and tensor._value.size >= LARGE and tensor.dtype in EXACT:
        rest = [convert(each, tensor.dtype) for each in (mean, scale, offset)]
        if all(each.dtype is tensor.dtype for each in (factor, *rest)):
            out = (tensor - rest[0]) * factor * rest[1] + rest[2]
            return out
    if scale is not None:
        factor = factor * scale
    if offset is None and not isinstance(mean, Tensor | Variable | float | int | np.ndarray | np.generic):
        raise WrongTypeError(f"batch_normalization: without an offset mean is a tensor or a number; got {mean!r}.")
    moved = -mean * factor if offset is None else offset - mean * factor
    out = tensor * cast(factor, tensor.dtype) + cast(moved, tensor.dtype)
    return out


@composite(arrays(((3, 2), (4,)), ((3, 2), ()), ((3, 2, 2), (2, 2)), values=(Values(), Values(0, 3, "index"))))
def embedding_lookup(params: Any, ids: TensorLike, max_norm: float | None = None, name: str | None = None) -> Tensor:
    """Returns the rows of a table that `ids` name.

    The gradient of the table is an `IndexedSlices`: the rows that were taken.

    Args:
        params: a tensor or a variable of at least one dimension; or a list of such parts, which stand one behind the
            other and have equal numbers of rows, the first ones perhaps one more.
        ids: int32 or int64 numbers of rows, an array of any shape.
        max_norm: the greatest Euclidean norm of a row in the result: longer ones are scaled down to it.
        name: ignored.

    Returns:
        A tensor of the dtype of `params` and of the shape `ids.shape + params.shape[1:]`.

    Raises:
        ValueError: there is no table.
        InvalidArgumentError: a number is negative or too large, or the parts of the table do not fit.

    >>> import gradtape as tf
    >>> table = tf.Variable([[1.0, 2.0], [3.0, 4.0]])
    >>> tf.nn.embedding_lookup(table, [1, 1]).numpy()
    array([[3., 4.],
           [3., 4.]], dtype=float32)
    """
    if params is None:
        raise InvalidArgumentError("params must be specified")
    if isinstance(params, (list, tuple)):
        params = joined_parts(params)
    places = convert(ids)
    rows = identity(gather(params, places))
    if max_norm is None:
        return rows
    return clip_by_norm(rows, max_norm, list(range(len(places.shape), len(rows.shape))))


def joined_parts(parts: Any) -> Any:
    """Returns a table that is given in parts as one.

    Raises:
        ValueError: there is no part.
        InvalidArgumentError: the parts have not as many rows as they should.
    """
    if not parts:
        raise InvalidArgumentError("Length of params is currently 0. Need at least one param.")
    if len(parts) == 1:
        return parts[0]
    tables = [convert(part) for part in parts]
    sizes = [table.shape[0] if len(table.shape) else 0 for table in tables]
    each, extra = divmod(sum(sizes), len(sizes))
    if sizes != [each + (place < extra) for place in range(len(sizes))]:
        raise InvalidArgumentError(
            f"embedding_lookup: the parts of the table have {sizes} rows; the numbers have to be equal, only the "
            "first ones may be greater by 1."
        )
    return concat(tables, 0)


def weighted(losses: Tensor, weights: Tensor) -> Tensor:
    """Returns losses times their weights, in single precision as in TensorFlow; a last axis of size 1 is no matter."""
    losses, weights = cast(losses, float32), cast(weights, float32)
    if len(weights.shape):
        if len(weights.shape) == len(losses.shape) + 1:
            weights = squeeze(weights, (-1,))
        elif len(weights.shape) == len(losses.shape) - 1:
            weights = expand_dims(weights, -1)
    return losses * weights


@composite(arrays((3,), (2, 3), global_batch_size=[None, 4]))
def compute_average_loss(
    per_example_loss: TensorLike, sample_weight: Any = None, global_batch_size: TensorLike | None = None
) -> Tensor:
    """Returns the sum of losses divided by the number of examples.

    Args:
        per_example_loss: a tensor of at least one dimension.
        sample_weight: weights of the examples, which broadcast with the losses.
        global_batch_size: the number of examples, an integer; by default the size of the first dimension.

    Returns:
        A tensor without dimensions, of the dtype of the losses; 0 where the number of examples is 0.

    Raises:
        ValueError: the losses have no dimension, or `global_batch_size` has one.
        TypeError: `global_batch_size` is no integer.
        InvalidArgumentError: `global_batch_size` is negative.

    >>> import gradtape as tf
    >>> tf.nn.compute_average_loss([1.0, 2.0, 6.0])
    <tf.Tensor: shape=(), dtype=float32, numpy=3.0>
    """
    losses = convert(per_example_loss)
    dtype = losses.dtype
    if not len(losses.shape):
        raise InvalidArgumentError(
            "Invalid value passed for `per_example_loss`. Expected a tensor with at least rank 1. Received "
            f"per_example_loss={losses} with rank 0"
        )
    if sample_weight is not None:
        losses = cast(weighted(losses, convert(sample_weight)), dtype)
    count = convert(losses.shape[0] if global_batch_size is None else global_batch_size)
    if len(count.shape):
        raise InvalidArgumentError(f"global_batch_size must be scalar, got shape {count.shape}.")
    if not count.dtype.is_integer:
        raise WrongTypeError(f"global_batch_size must be an integer, got a tensor of dtype {count.dtype}.")
    if np.any(count.numpy() < 0):
        raise InvalidArgumentError(f"global_batch_size must be non-negative, got {count.numpy()}.")
    return divide_no_nan(reduce_sum(losses), cast(count, dtype))


@composite(arrays((), (3,), (2, 3)))
def scale_regularization_loss(regularization_loss: TensorLike) -> Tensor:
    """Returns the sum of a regularization loss: its share for one of the machines that train, of which there is one.

    Args:
        regularization_loss: a tensor of numbers.

    Returns:
        A tensor without dimensions; float64 for integers.

    >>> import gradtape as tf
    >>> tf.nn.scale_regularization_loss([1.0, 2.0])
    <tf.Tensor: shape=(), dtype=float32, numpy=3.0>
    """
    return reduce_sum(regularization_loss) / 1
