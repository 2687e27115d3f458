"""Sums from which means and variances are made, and losses that weigh or count."""

from __future__ import annotations

import math
from typing import Any

from gradtape._core.conversion import convert
from gradtape._core.families import composite
from gradtape._core.op import TensorLike
from gradtape._core.sampling import Values, arrays
from gradtape._core.tensor import Tensor
from gradtape._ops.arithmetic import reciprocal, square, squared_difference
from gradtape._ops.comparison import greater_equal, less_equal, logical_and, select
from gradtape._ops.creation import zeros_like
from gradtape._ops.exponential import exp, log, softplus
from gradtape._ops.normalization import batch_normalization
from gradtape._ops.parameters import as_axes, in_range
from gradtape._ops.reduction import reduce_sum
from gradtape.errors import InvalidArgumentError

POSITIVE = Values(0.5, 2.0)


def sufficient_statistics(
    x: TensorLike, axes: Any, shift: TensorLike | None = None, keepdims: bool = False, name: str | None = None
) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
    """Returns what the mean and the variance along axes are made from.

    Args:
        x: a tensor of numbers.
        axes: a list of axes.
        shift: what is subtracted from all elements first, near their mean for exactness; a tensor that broadcasts with
            `x`, or None.
        keepdims: whether the axes stay, with size 1.
        name: ignored.

    Returns:
        Four values: how many elements go into each sum, of the dtype of `x`; their sums; the sums of their squares;
        the shift, or None.

    Raises:
        InvalidArgumentError: an axis is out of range, or the shapes or dtypes do not fit.

    >>> import gradtape as tf
    >>> count, total, squares, shift = tf.nn.sufficient_statistics([1.0, 2.0, 3.0], [0])
    >>> count.numpy(), total.numpy(), squares.numpy(), shift
    (np.float32(3.0), np.float32(6.0), np.float32(14.0), None)
    """
    tensor = convert(x)
    shape = tuple(tensor._value.shape)
    along = {in_range(axis, len(shape)) for axis in as_axes(axes) or ()}
    count = convert(math.prod(shape[axis] for axis in along), tensor.dtype)
    moved = None if shift is None else convert(shift, tensor.dtype)
    total, squares = sums_of(tensor, moved, tuple(along), keepdims)
    return count, total, squares, moved


@composite(arrays(((2, 3), ()), ((2, 3), (3,)), axes=[(0,), (0, 1)], keepdims=[False, True]))
def sums_of(x: TensorLike, shift: TensorLike | None, axes: Any, keepdims: bool) -> tuple[Tensor, Tensor]:
    """Returns the sums of shifted elements and of their squares; not for users."""
    tensor = convert(x)
    if shift is None:
        return reduce_sum(tensor, axes, keepdims), reduce_sum(square(tensor), axes, keepdims)
    return reduce_sum(tensor - shift, axes, keepdims), reduce_sum(squared_difference(tensor, shift), axes, keepdims)


@composite(arrays(((), (3,), (3,), ()), ((), (2, 3), (2, 3), (3,)), values=POSITIVE))
def normalize_moments(
    counts: TensorLike,
    mean_ss: TensorLike,
    variance_ss: TensorLike,
    shift: TensorLike | None,
    name: str | None = None,
) -> tuple[Tensor, Tensor]:
    """Returns the mean and the variance that `sufficient_statistics` stand for.

    Args:
        counts: how many elements went into each sum, a tensor of floating-point numbers.
        mean_ss: the sums of the shifted elements, a tensor of the same dtype.
        variance_ss: the sums of their squares.
        shift: what was subtracted from the elements, or None.
        name: ignored.

    Returns:
        A pair of tensors, the mean and the variance.

    Raises:
        InvalidArgumentError: the shapes or dtypes do not fit.

    >>> import gradtape as tf
    >>> mean, variance = tf.nn.normalize_moments(3.0, 6.0, 14.0, None)
    >>> mean.numpy()
    np.float32(2.0)
    """
    part = reciprocal(counts)
    moved = part * mean_ss
    return moved if shift is None else moved + shift, part * variance_ss - square(moved)


@composite(
    arrays(
        ((1, 1, 2, 3), (3,), (3,), (3,), (3,)),
        variance_epsilon=[0.1],
        scale_after_normalization=[True],
        values=(Values(), Values(), POSITIVE, Values(), Values()),
    )
)
def batch_norm_with_global_normalization(
    input: TensorLike,
    mean: TensorLike,
    variance: TensorLike,
    beta: TensorLike,
    gamma: TensorLike,
    variance_epsilon: Any,
    scale_after_normalization: bool,
    name: str | None = None,
) -> Tensor:
    """Returns a batch normalization whose scale may be left out: `tf.nn.batch_normalization` under an older name.

    Args:
        input: a tensor of floating-point numbers.
        mean: a tensor that broadcasts with it.
        variance: the same.
        beta: what is added.
        gamma: the scale.
        variance_epsilon: a small number that is added to the variance.
        scale_after_normalization: whether to multiply with the scale.
        name: ignored.

    Returns:
        A tensor of the dtype and shape of `input`.

    Raises:
        InvalidArgumentError: the shapes or dtypes do not fit.

    >>> import gradtape as tf
    >>> tf.nn.batch_norm_with_global_normalization([1.0, 5.0], 3.0, 4.0, 0.5, 2.0, 0.0, False).numpy()
    array([-0.5,  1.5], dtype=float32)
    """
    scale = gamma if scale_after_normalization else None
    return batch_normalization(input, mean, variance, beta, scale, variance_epsilon)


def pair_of(first: TensorLike, second: TensorLike, names: str) -> tuple[Tensor, Tensor]:
    """Returns two inputs as tensors; raises ValueError if their shapes differ."""
    one, other = convert(first), convert(second)
    if one._value.shape != other._value.shape:
        raise InvalidArgumentError(f"{names} must have the same shape, received shapes {one.shape} and {other.shape}.")
    return one, other


@composite(
    arrays(
        ((3,), (3,), ()), ((2, 3), (2, 3), (3,)), ((0,), (0,), ()), values=(Values(0, 1), Values(), Values(0.5, 2.0))
    )
)
def weighted_cross_entropy_with_logits(
    labels: TensorLike, logits: TensorLike, pos_weight: TensorLike, name: str | None = None
) -> Tensor:
    """Returns the cross entropy of independent labels, those that are 1 counted with a weight.

    It is `pos_weight * labels * -log(sigmoid(logits)) + (1 - labels) * -log(1 - sigmoid(logits))`, and stays exact and
    finite for large logits.

    Args:
        labels: a tensor of floating-point numbers.
        logits: a tensor of the same dtype and shape.
        pos_weight: a tensor of the same dtype that broadcasts with them.
        name: ignored.

    Returns:
        A tensor of the same dtype and shape.

    Raises:
        ValueError: the shapes of labels and logits differ.
        InvalidArgumentError: the dtypes do not fit.

    >>> import gradtape as tf
    >>> tf.nn.weighted_cross_entropy_with_logits([1.0, 0.0], [0.0, 0.0], 2.0).numpy()
    array([1.3862944, 0.6931472], dtype=float32)
    """
    label, logit = pair_of(labels, logits, "labels and logits")
    weight = 1 + (convert(pos_weight, label.dtype) - 1) * label
    return (1 - label) * logit + weight * softplus(-logit)


@composite(
    arrays(((3,), (3,)), ((2, 3), (2, 3)), compute_full_loss=[True], values=(Values(1.2, 3.0), Values()))
    + arrays(((3,), (3,)), compute_full_loss=[True], values=(Values(0.2, 0.8), Values()))
)
def log_poisson_loss(
    targets: TensorLike, log_input: TensorLike, compute_full_loss: bool = False, name: str | None = None
) -> Tensor:
    """Returns the negative logarithm of the Poisson probability of targets, given the logarithm of the rate.

    Args:
        targets: a tensor of floating-point or complex numbers: what was counted.
        log_input: a tensor of the same dtype and shape: the logarithm of the rate.
        compute_full_loss: whether to add the logarithm of the factorial, by Stirling's formula and for targets above 1;
            it does not depend on the rate.
        name: ignored.

    Returns:
        A tensor of the same dtype and shape.

    Raises:
        ValueError: the shapes differ.
        InvalidArgumentError: the dtypes do not fit.

    >>> import gradtape as tf
    >>> tf.nn.log_poisson_loss([1.0, 0.0], [0.0, 0.0]).numpy()
    array([1., 1.], dtype=float32)
    """
    target, rate = pair_of(targets, log_input, "targets and log_input")
    found = exp(rate) - rate * target
    if not compute_full_loss:
        return found
    small = logical_and(greater_equal(target, 0), less_equal(target, 1))
    # Where the term does not count, no logarithm is taken that could spoil the gradient.
    safe = select(small, convert(2.0, target.dtype), target)
    stirling = safe * log(safe) - safe + 0.5 * log(2 * math.pi * safe)
    return found + select(small, zeros_like(target), stirling)
