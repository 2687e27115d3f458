"""The k greatest and least along an axis as accelerators find them, and whether a target is among the greatest."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from gradtape._core.batches import as_it_is
from gradtape._core.conversion import convert
from gradtape._core.dtypes import INDEX, float32, int32
from gradtape._core.families import composite, discrete
from gradtape._core.op import Array, TensorLike
from gradtape._core.sampling import Values, arrays
from gradtape._core.tensor import Tensor
from gradtape._ops.arithmetic import negative
from gradtape._ops.parameters import Shape, as_axis, as_number, in_range
from gradtape._ops.sorting import take_along, top_places
from gradtape._ops.structure import transpose
from gradtape.errors import InvalidArgumentError, WrongTypeError

DISTINCT = Values(-2.0, 2.0, distinct=True)


class ApproxTopK(NamedTuple):
    """The greatest or least elements, and where they stand."""

    values: Any
    indices: Any


def extremes(operand: TensorLike, k: Any, axis: Any, least: bool) -> ApproxTopK:
    """Returns the first k elements along an axis in descending order, or in ascending order.

    Raises:
        InvalidArgumentError: there are fewer, there is no such axis, or the dtype is another one.
    """
    tensor = convert(operand)
    if not tensor.dtype.is_floating:
        raise WrongTypeError(
            f"approximate extremes are of floating-point numbers, got {tensor.dtype.name}; tf.math.top_k takes "
            "all real numbers."
        )
    rank = len(tensor._value.shape)
    place = in_range(as_axis(axis), rank)
    perm = [each for each in range(rank) if each != place] + [place]
    turned = tensor if place == rank - 1 else transpose(tensor, perm)
    count = as_number("k", k)
    places = top_places(negative(turned) if least else turned, count, int32.numpy)
    values = take_along(turned, places, -1)
    if place == rank - 1:
        return ApproxTopK(values, places)
    back = [*range(place), rank - 1, *range(place, rank - 1)]
    return ApproxTopK(transpose(values, back), transpose(places, back))


@composite(arrays((4,), (2, 3), k=[1, 2], values=DISTINCT) + arrays((2, 3), k=[1], reduction_dimension=[0]))
def approx_max_k(
    operand: TensorLike,
    k: Any,
    reduction_dimension: Any = -1,
    recall_target: float = 0.95,
    reduction_input_size_override: int = -1,
    aggregate_to_topk: bool = True,
    name: str | None = None,
) -> ApproxTopK:
    """Returns the `k` greatest elements along an axis, the greatest first, and their places; they are exact.

    Args:
        operand: a tensor of floating-point numbers with at least one dimension.
        k: how many.
        reduction_dimension: the axis.
        recall_target: ignored: all are found.
        reduction_input_size_override: ignored.
        aggregate_to_topk: ignored: there are always `k`.
        name: ignored.

    Returns:
        A pair `values, indices` of tensors with `k` elements along the axis; the indices are int32.

    Raises:
        InvalidArgumentError: the axis has fewer than `k` elements, there is no such axis, or the dtype is another one.

    >>> import gradtape as tf
    >>> tf.math.approx_max_k([1.0, 5.0, 3.0], 2).indices.numpy()
    array([1, 2], dtype=int32)
    """
    return extremes(operand, k, reduction_dimension, False)


@composite(arrays((4,), (2, 3), k=[1, 2], values=DISTINCT) + arrays((2, 3), k=[1], reduction_dimension=[0]))
def approx_min_k(
    operand: TensorLike,
    k: Any,
    reduction_dimension: Any = -1,
    recall_target: float = 0.95,
    reduction_input_size_override: int = -1,
    aggregate_to_topk: bool = True,
    name: str | None = None,
) -> ApproxTopK:
    """Returns the `k` least elements along an axis, the least first, and their places; they are exact.

    Args:
        operand: a tensor of floating-point numbers with at least one dimension.
        k: how many.
        reduction_dimension: the axis.
        recall_target: ignored: all are found.
        reduction_input_size_override: ignored.
        aggregate_to_topk: ignored: there are always `k`.
        name: ignored.

    Returns:
        A pair `values, indices` of tensors with `k` elements along the axis; the indices are int32.

    Raises:
        InvalidArgumentError: the axis has fewer than `k` elements, there is no such axis, or the dtype is another one.

    >>> import gradtape as tf
    >>> tf.math.approx_min_k([1.0, 5.0, 3.0], 2).indices.numpy()
    array([0, 2], dtype=int32)
    """
    return extremes(operand, k, reduction_dimension, True)


def among_shape(targets_shape: Shape, predictions_shape: Shape, k: int) -> Shape:
    """The shape rule of `among_first`."""
    if len(predictions_shape) != 2:
        raise InvalidArgumentError(f"predictions must be 2-dimensional, got shape {list(predictions_shape)}.")
    if targets_shape != predictions_shape[:1]:
        raise InvalidArgumentError(
            f"targets have to be a vector with one class for each row of the predictions: {list(targets_shape)} and "
            f"{list(predictions_shape)} do not fit."
        )
    return targets_shape


@discrete(
    arrays(((2,), (2, 3)), ((0,), (0, 3)), values=(Values(-1, 4, "index"), DISTINCT), k=[0, 1, 2]),
    inputs=("targets", "predictions"),
    types={"targets": INDEX, "predictions": frozenset({float32.numpy, np.dtype(np.float64)})},
    shape=among_shape,
    batch=as_it_is,
)
def among_first(targets: TensorLike, predictions: TensorLike, k: int) -> Array:
    """Returns `in_top_k`; not for users."""
    if targets.shape != predictions.shape[:-1] or not targets.ndim:
        raise ValueError("a target for each row is wanted")
    inside = (targets >= 0) & (targets < predictions.shape[-1])
    if not predictions.shape[-1]:
        return np.zeros(targets.shape, bool)
    own = np.take_along_axis(predictions, np.where(inside, targets, 0)[..., None], -1)
    above = np.count_nonzero(predictions > own, axis=-1)
    return inside & (above < k) & np.isfinite(predictions).all(axis=-1)


def in_top_k(targets: TensorLike, predictions: TensorLike, k: Any, name: str | None = None) -> Tensor:
    """Returns whether each target is among the `k` classes of the greatest predictions; equal ones count as one place.

    Args:
        targets: the numbers of classes, a vector of int32 or int64.
        predictions: a float32 tensor of shape `[number of targets, number of classes]`.
        k: how many classes count.
        name: ignored.

    Returns:
        A vector of bools; false where there is no such class, or a prediction is infinite or NaN.

    Raises:
        ValueError: `predictions` is a tensor of another dtype.
        InvalidArgumentError: the shapes do not fit, or the targets are no integers.

    >>> import gradtape as tf
    >>> tf.math.in_top_k([1, 0], [[0.1, 0.9], [0.2, 0.8]], 1).numpy()
    array([ True, False])
    """
    return among_first(targets, convert(predictions, float32), as_number("k", k))
