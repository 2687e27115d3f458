"""Softmax and the cross entropies that are computed from logits."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape._core.batches import as_it_is, behind_batch, moving, past_axis
from gradtape._core.conversion import convert
from gradtape._core.dtypes import FLOATS, INDEX
from gradtape._core.families import composite, elementwise, primitive
from gradtape._core.op import NOT_DIFFERENTIABLE, Array, TensorLike
from gradtape._core.sampling import Values, arrays, pairs
from gradtape._core.tensor import Tensor
from gradtape._ops.casting import cast
from gradtape._ops.exponential import exp, sigmoid
from gradtape._ops.parameters import Shape, as_axis
from gradtape._ops.reduction import MAXIMUM, reduce_sum
from gradtape._ops.standardization import BLOCK, blocks
from gradtape._ops.structure import broadcast_to, expand_dims
from gradtape.errors import InvalidArgumentError, WrongTypeError


def as_class_axis(value: Any) -> int:
    """Returns the axis of the classes as an integer, None as the last; TypeError for a list."""
    if value is None:
        return -1
    if type(value) is int:
        return value
    if isinstance(value, (list, tuple, float, str)):
        raise WrongTypeError(f"the axis of the classes is an integer, got {value!r}.")
    return as_axis(value)


def class_shape(logits_shape: Shape, axis: int = -1, **params: Any) -> Shape:
    """The shape rule of `softmax`."""
    if not logits_shape:
        raise InvalidArgumentError("logits must have >= 1 dimension, got [].")
    rank = len(logits_shape)
    if not -rank <= axis < rank:
        raise InvalidArgumentError(
            f"`dim` must be in the range [{-rank}, {rank}) where {rank} is the number of dimensions in the input. "
            f"Received: dim={axis}"
        )
    return logits_shape


def shifted_logits(logits: Any, axis: int) -> Any:
    """Returns logits less their maximum along the axis, so that no exponential overflows."""
    if logits.ndim == 0:
        raise InvalidArgumentError(axis)
    return np.subtract(logits, np.maximum.reduce(logits, axis=axis, keepdims=True, initial=-np.inf), order="C")


def by_blocks(array: Any, axis: int) -> bool:
    """Returns whether to go through an array some rows at a time: it is large, and the axis is not that of the rows."""
    return array.size >= BLOCK and array.ndim > 1 and -array.ndim < axis < array.ndim and axis != 0


SOFTMAX = arrays((3,), (2, 3), axis=[-1, 0]) + arrays((2, 3, 2), axis=[1]) + arrays((0,), (2, 0), axis=[-1])


@primitive(
    SOFTMAX,
    shape=class_shape,
    batch=moving(axis=past_axis),
    types=FLOATS,
    canonical={"axis": as_class_axis},
    logits=lambda g, out, axis: pull_softmax(g, out, axis),
)
def softmax(logits: TensorLike, axis: Any = None, name: str | None = None) -> Array:
    """Returns `exp(logits) / sum(exp(logits))` along an axis: positive numbers whose sum is 1.

    Args:
        logits: a tensor of floating-point numbers with at least one dimension.
        axis: the axis of the classes; None means the last.
        name: ignored.

    Returns:
        A tensor of the same dtype and shape.

    Raises:
        InvalidArgumentError: the axis is out of range.

    >>> import gradtape as tf
    >>> tf.nn.softmax([0.0, 0.0])
    <tf.Tensor: shape=(2,), dtype=float32, numpy=array([0.5, 0.5], dtype=float32)>
    """
    return probabilities(logits, axis)


def probabilities(logits: Any, axis: int) -> Any:
    """Returns the softmax of an array, as a new array in C order."""
    if by_blocks(logits, axis):
        out = np.empty(logits.shape, logits.dtype)
        for rows, _ in blocks(logits.shape, logits.dtype):
            part = out[rows]
            np.subtract(logits[rows], MAXIMUM.reduce(logits[rows], axis=axis, keepdims=True, initial=-np.inf), out=part)
            np.exp(part, out=part)
            part /= np.add.reduce(part, axis=axis, keepdims=True)
        return out
    powers = shifted_logits(logits, axis)
    np.exp(powers, out=powers)
    powers /= np.add.reduce(powers, axis=axis, keepdims=True)
    return powers


@primitive(
    SOFTMAX,
    shape=class_shape,
    batch=moving(axis=past_axis),
    types=FLOATS,
    canonical={"axis": as_class_axis},
    logits=lambda g, out, axis: pull_log_softmax(g, out, axis),
)
def log_softmax(logits: TensorLike, axis: Any = None, name: str | None = None) -> Array:
    """Returns the logarithm of `softmax`, without overflow or underflow.

    Args:
        logits: a tensor of floating-point numbers with at least one dimension.
        axis: the axis of the classes; None means the last.
        name: ignored.

    Returns:
        A tensor of the same dtype and shape.

    Raises:
        InvalidArgumentError: the axis is out of range.

    >>> import gradtape as tf
    >>> tf.nn.log_softmax([0.0, 1000.0])
    <tf.Tensor: shape=(2,), dtype=float32, numpy=array([-1000.,     0.], dtype=float32)>
    """
    if by_blocks(logits, axis):
        out = np.empty(logits.shape, logits.dtype)
        for rows, room in blocks(logits.shape, logits.dtype):
            part = out[rows]
            np.subtract(logits[rows], MAXIMUM.reduce(logits[rows], axis=axis, keepdims=True, initial=-np.inf), out=part)
            np.exp(part, out=room)
            part -= np.log(np.add.reduce(room, axis=axis, keepdims=True))
        return out
    distance = shifted_logits(logits, axis)
    return distance - np.log(np.add.reduce(np.exp(distance), axis=axis, keepdims=True))


@primitive(
    arrays(((3,), (3,)), ((2, 3), (2, 3)), axis=[-1, 0]) + arrays(((2, 0), (2, 0)), axis=[-1]),
    shape=lambda above_shape, logs_shape, axis: above_shape,
    batch=moving(axis=past_axis),
    types=FLOATS,
    above=lambda g, logs, axis: g - reduce_sum(g * exp(logs), axis, True),
    logs=lambda g, above, logs, axis: -(g * exp(logs) * reduce_sum(above, axis, True)),
)
def pull_log_softmax(above: TensorLike, logs: TensorLike, axis: int) -> Array:
    """Returns the cotangent of the logits of a logarithm of softmax whose result is `logs`; not for users."""
    if by_blocks(above, axis):
        found = np.empty(above.shape, above.dtype)
        for rows, _ in blocks(above.shape, above.dtype):
            part = found[rows]
            np.exp(logs[rows], out=part)
            part *= np.add.reduce(above[rows], axis=axis, keepdims=True)
            np.subtract(above[rows], part, out=part)
        return found
    return above - np.exp(logs) * np.add.reduce(above, axis=axis, keepdims=True)


def entropy_shape(labels_shape: Shape, logits_shape: Shape, axis: int = -1) -> Shape:
    """The shape rule of the cross entropy with a distribution for each row."""
    class_shape(logits_shape, axis)
    if labels_shape != logits_shape:
        raise InvalidArgumentError(
            f"logits and labels must be broadcastable: logits_size={list(logits_shape)} "
            f"labels_size={list(labels_shape)}"
        )
    axis %= len(logits_shape)
    return logits_shape[:axis] + logits_shape[axis + 1 :]


def pull_entropy(g: Any, labels: Any, logits: Any, axis: int) -> Any:
    """The cotangent of the logits; it is g (softmax - labels) where the labels' sum is 1."""
    return expand_dims(g, axis) * (softmax(logits, axis) * reduce_sum(labels, axis, True) - labels)


@primitive(
    arrays(((3,), (3,)), ((2, 3), (2, 3)), axis=[-1, 0], values=[Values(0.1, 1.0), Values()])
    + arrays(((2, 3, 2), (2, 3, 2)), axis=[1])
    + arrays(((0, 3), (0, 3)), ((3, 0), (3, 0)), axis=[-1]),
    shape=entropy_shape,
    batch=moving(axis=past_axis),
    types=FLOATS,
    labels=lambda g, logits, axis: -expand_dims(g, axis) * log_softmax(logits, axis),
    logits=lambda g, labels, logits, axis: pull_entropy(g, labels, logits, axis),
)
def cross_entropy(labels: TensorLike, logits: TensorLike, axis: int) -> Array:
    """Returns `-sum(labels * log_softmax(logits))` along an axis, for inputs of one shape; not for users."""
    if labels.shape != logits.shape:
        raise ValueError("the shapes differ")
    distance = shifted_logits(logits, axis)
    level = np.log(np.add.reduce(np.exp(distance), axis=axis, keepdims=True))
    return np.add.reduce(labels * (level - distance), axis=axis)


@composite(arrays(((3,), (3,)), ((2, 3), (2, 3)), ((1, 3), (2, 3)), values=[Values(0.1, 1.0), Values()]))
def softmax_cross_entropy_with_logits(
    labels: TensorLike, logits: TensorLike, axis: Any = -1, name: str | None = None
) -> Tensor:
    """Returns the cross entropy of the distributions `labels` and `softmax(logits)` along an axis.

    Args:
        labels: a tensor of probabilities, whose sum along the axis is 1; its shape is that of `logits` or broadcasts
            to it, its dtype is made that of `logits`.
        logits: a tensor of floating-point numbers.
        axis: the axis of the classes.
        name: ignored.

    Returns:
        A tensor of the dtype of `logits` without the axis.

    Raises:
        InvalidArgumentError: the shapes do not fit, or the axis is out of range.

    >>> import gradtape as tf
    >>> tf.nn.softmax_cross_entropy_with_logits(labels=[[0.0, 1.0]], logits=[[1.0, 2.0]])
    <tf.Tensor: shape=(1,), dtype=float32, numpy=array([0.31326166], dtype=float32)>
    """
    scores = logits if type(logits) is Tensor else convert(logits)
    target = labels if type(labels) is Tensor else convert(labels)
    dtype = scores._value.dtype
    axis = as_class_axis(axis)
    if target._value.dtype is not dtype and dtype.kind == "f":
        target = cast(target, dtype)
    shape, found = scores._value.shape, target._value.shape
    if found != shape and 0 < len(found) <= len(shape):
        # Other shapes than these go on as they are, and are refused with both in the message.
        padded = (1,) * (len(shape) - len(found)) + found
        if all(size in (1, wanted) for size, wanted in zip(padded, shape, strict=True)):
            target = broadcast_to(target, shape)
    return cross_entropy(target, scores, axis)


def sparse_shape(labels_shape: Shape, logits_shape: Shape) -> Shape:
    """The shape rule of the cross entropy with a class for each row."""
    if not logits_shape:
        raise InvalidArgumentError("`logits` cannot be a scalar.")
    if len(labels_shape) != len(logits_shape) - 1:
        raise InvalidArgumentError(
            f"`labels.shape.rank` must equal `logits.shape.rank - 1`. Received: labels.shape={labels_shape} of rank "
            f"{len(labels_shape)} and logits.shape={logits_shape} of rank {len(logits_shape)}"
        )
    if labels_shape != logits_shape[:-1]:
        raise InvalidArgumentError(
            "`labels.shape` must equal `logits.shape` except for the last dimension. Received: "
            f"labels.shape={labels_shape} and logits.shape={logits_shape}"
        )
    if not logits_shape[-1]:
        raise InvalidArgumentError(f"Must have at least one class, but got logits shape {list(logits_shape)}")
    return labels_shape


def check_labels(labels: Any, classes: int) -> None:
    """Raises InvalidArgumentError unless each label is one of the classes."""
    # Read without a sign, negative labels are great: one pass finds either mistake.
    if labels.size and np.maximum.reduce(labels.view(UNSIGNED[labels.dtype.itemsize]), axis=None) >= classes:
        wrong = labels[(labels < 0) | (labels >= classes)].flat[0]
        raise InvalidArgumentError(
            f"Received a label value of {wrong} which is outside the valid range of [0, {classes}). "
            f"Label values: {' '.join(map(str, labels.reshape(-1)[:100].tolist()))}"
        )


UNSIGNED = {4: np.uint32, 8: np.uint64}


def pull_softmax(g: Any, out: Any, axis: int) -> Any:
    """The cotangent of the logits of a softmax whose result is `out`."""
    return (g - reduce_sum(g * out, axis, True)) * out


LABELLED = [Values(0, 3, "index"), Values()]


@primitive(
    arrays(((2,), (2, 3)), ((), (3,)), ((2, 2), (2, 2, 3)), ((0,), (0, 3)), values=LABELLED),
    shape=sparse_shape,
    batch=as_it_is,
    types={"labels": INDEX, "scores": FLOATS},
    labels=NOT_DIFFERENTIABLE,
    scores=lambda g, labels, scores_shape: minus_at_label(labels, g, scores_shape),
)
def minus_of_label(labels: TensorLike, scores: TensorLike) -> Array:
    """Returns the negative of the score that each row has at its label; not for users."""
    check_labels(labels, scores.shape[-1])
    rows = scores.reshape(-1, scores.shape[-1])
    return np.negative(rows[np.arange(len(rows)), labels.reshape(-1)]).reshape(labels.shape)


@primitive(
    arrays(((2,), (2,)), shape=[(2, 3)], values=LABELLED) + arrays(((), ()), shape=[(3,)], values=LABELLED),
    shape=lambda labels_shape, values_shape, shape: shape,
    batch=moving(shape=behind_batch),
    types={"labels": INDEX, "values": FLOATS},
    labels=NOT_DIFFERENTIABLE,
    values=lambda g, labels: minus_of_label(labels, g),
)
def minus_at_label(labels: TensorLike, values: TensorLike, shape: Shape) -> Array:
    """Returns zeros of `shape` with the negative of a value at the label of each row; not for users."""
    out = np.zeros(shape, values.dtype)
    rows = out.reshape(-1, shape[-1])
    rows[np.arange(len(rows)), labels.reshape(-1)] = np.negative(values).reshape(-1)
    return out


@composite(arrays(((2,), (2, 3)), ((), (3,)), ((2, 2), (2, 2, 3)), ((0,), (0, 3)), values=LABELLED))
def sparse_softmax_cross_entropy_with_logits(labels: TensorLike, logits: TensorLike, name: str | None = None) -> Tensor:
    """Returns the cross entropy of `softmax(logits)` with one true class for each row: `-log(softmax(logits)[label])`.

    Args:
        labels: an int32 or int64 tensor of classes, of the shape of `logits` without its last dimension.
        logits: a tensor of floating-point numbers whose last dimension is that of the classes.
        name: ignored.

    Returns:
        A tensor of the dtype of `logits` and the shape of `labels`.

    Raises:
        InvalidArgumentError: the shapes do not fit, or a label is no class.

    >>> import gradtape as tf
    >>> tf.nn.sparse_softmax_cross_entropy_with_logits(labels=[1], logits=[[1.0, 2.0]])
    <tf.Tensor: shape=(1,), dtype=float32, numpy=array([0.31326166], dtype=float32)>
    """
    classes = labels if type(labels) is Tensor else convert(labels)
    scores = logits if type(logits) is Tensor else convert(logits)
    if classes._value.shape != scores._value.shape[:-1] or not scores._value.size:
        sparse_shape(classes._value.shape, scores._value.shape)
    return minus_of_label(classes, log_softmax(scores, -1))


@elementwise(
    pairs(),
    types=FLOATS,
    labels=lambda g, logits: -g * logits,
    logits=lambda g, labels, logits: g * (sigmoid(logits) - labels),
)
def logistic_cross_entropy(labels: TensorLike, logits: TensorLike) -> Array:
    """Returns `log(1 + exp(logits)) - labels * logits`, without overflow; not for users."""
    return np.maximum(logits, 0) - logits * labels + np.log1p(np.exp(-np.abs(logits)))


@composite(arrays(((3,), (3,)), ((2, 3), (2, 3)), ((), ())))
def sigmoid_cross_entropy_with_logits(
    labels: TensorLike = None, logits: TensorLike = None, name: str | None = None
) -> Tensor:
    """Returns the cross entropy of the probabilities `labels` and `sigmoid(logits)`, element-wise.

    Args:
        labels: a tensor of probabilities.
        logits: a tensor of floating-point numbers, of the same dtype and shape.
        name: ignored.

    Returns:
        A tensor of that dtype and shape.

    Raises:
        ValueError: one of the two is missing, or the shapes differ.
        InvalidArgumentError: the dtypes differ.

    >>> import gradtape as tf
    >>> tf.nn.sigmoid_cross_entropy_with_logits(labels=[0.0, 1.0], logits=[0.0, 1000.0])
    <tf.Tensor: shape=(2,), dtype=float32, numpy=array([0.6931472, 0.       ], dtype=float32)>
    """
    if labels is None or logits is None:
        raise InvalidArgumentError("Both `labels` and `logits` must be provided for sigmoid_cross_entropy_with_logits.")
    target = labels if type(labels) is Tensor else convert(labels)
    scores = logits if type(logits) is Tensor else convert(logits)
    if target._value.shape != scores._value.shape:
        raise InvalidArgumentError(
            "`logits` and `labels` must have the same shape, received "
            f"({scores._value.shape} vs {target._value.shape})."
        )
    return logistic_cross_entropy(target, scores)
