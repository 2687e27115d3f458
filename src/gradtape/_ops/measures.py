"""What is counted of predictions and values: confusion matrices, histograms, the fraction of zeros."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape._core.conversion import convert
from gradtape._core.dtypes import ANY, BY_NUMPY, INDEX, REALS, as_dtype, float32, float64, int32, int64
from gradtape._core.families import composite, discrete
from gradtape._core.op import Array, TensorLike
from gradtape._core.sampling import arrays
from gradtape._core.tensor import Tensor, make_tensor
from gradtape._ops.casting import cast
from gradtape._ops.counting import plain
from gradtape._ops.creation import ones
from gradtape._ops.gather import scatter_nd
from gradtape._ops.parameters import Shape, as_number
from gradtape._ops.steps import one_step
from gradtape.errors import InvalidArgumentError, WrongTypeError

WIDE = frozenset({int32.numpy, int64.numpy, float32.numpy, float64.numpy})


def classes(value: Any, name: str) -> Array:
    """Returns numbers of classes as an int64 array; InvalidArgumentError for negative ones."""
    array = plain(value)
    if array.dtype.kind not in "biuf":
        raise WrongTypeError(f"`{name}` holds numbers of classes, got {BY_NUMPY[array.dtype].name}.")
    array = array.astype(np.int64)
    if array.size and array.min() < 0:
        raise InvalidArgumentError(f"`{name}` contains negative values: classes are numbered from 0.")
    return array


def confusion_matrix(
    labels: TensorLike,
    predictions: TensorLike,
    num_classes: Any = None,
    weights: TensorLike | None = None,
    dtype: Any = int32,
    name: str | None = None,
) -> Tensor:
    """Returns how often each class, a row, was predicted as each class, a column.

    Args:
        labels: the true classes, a vector of whole numbers.
        predictions: the predicted classes, a vector of the same length.
        num_classes: how many classes there are; by default the greatest number + 1.
        weights: what each prediction counts, a tensor of the shape of `predictions`; 1 by default.
        dtype: the dtype of the counts.
        name: ignored.

    Returns:
        A tensor of shape `[num_classes, num_classes]`. Its gradient with respect to the weights is that of a sum.

    Raises:
        ValueError: the shape of `weights` is another one.
        InvalidArgumentError: a class is negative or too large, the lengths differ, or nothing says how many classes
            there are.

    >>> import gradtape as tf
    >>> tf.math.confusion_matrix([0, 1, 1], [0, 0, 1]).numpy()
    array([[1, 0],
           [1, 1]], dtype=int32)
    """
    places, whole = places_in_matrix(labels, predictions, num_classes)
    kind, count = as_dtype(dtype), whole._value.shape[0]
    if weights is None:
        return scatter_nd(places, ones(places._value.shape[:1], kind), (count, count))
    return weighted_matrix(weights, places, count, kind)


@one_step("places", form=lambda *parts: parts, varies=True)
def places_in_matrix(labels: TensorLike, predictions: TensorLike, num_classes: Any) -> tuple[Tensor, Tensor]:
    """Returns where each pair of classes stands in a confusion matrix, and an array as long as that is wide."""
    true, found = classes(labels, "labels"), classes(predictions, "predictions")
    if true.ndim == found.ndim + 1 and true.shape[-1] == 1:
        true = true[..., 0]
    elif found.ndim == true.ndim + 1 and found.shape[-1] == 1:
        found = found[..., 0]
    if true.shape != found.shape or true.ndim != 1:
        raise InvalidArgumentError(
            f"labels and predictions are vectors of one length, got shapes {list(true.shape)} and {list(found.shape)}."
        )
    if num_classes is None:
        if not true.size:
            raise InvalidArgumentError("num_classes has to be given where there are no labels.")
        count = int(max(true.max(), found.max())) + 1
    else:
        count = as_number("num_classes", num_classes)
        for word, array in (("labels", true), ("predictions", found)):
            if array.size and array.max() >= count:
                raise InvalidArgumentError(f"`{word}` out of bound: {array.max()} of {count} classes.")
    return make_tensor(np.stack([true, found], axis=1)), make_tensor(np.zeros(count, bool))


@composite(arrays((3,), places=[np.array([[0, 1], [1, 1], [0, 1]])], count=[3], dtype=[None]))
def weighted_matrix(weights: TensorLike, places: TensorLike, count: int, dtype: Any) -> Tensor:
    """Returns `confusion_matrix` for an array of places; not for users."""
    weight, rows = convert(weights), convert(places)._value.shape[0]
    if tuple(weight._value.shape) != (rows,):
        raise InvalidArgumentError(
            f"weights have to have the shape of the predictions, [{rows}], got {list(weight._value.shape)}."
        )
    return scatter_nd(places, weight if dtype is None else cast(weight, dtype), (count, count))


def scalar_shape(value_shape: Shape) -> Shape:
    """The shape rule of `zero_fraction`."""
    return ()


@discrete(arrays((), (4,), (2, 3)), inputs=("value",), types=ANY, shape=scalar_shape)
def zero_fraction(value: TensorLike, name: str | None = None) -> Array:
    """Returns which part of the elements of a tensor is 0.

    Args:
        value: a tensor.
        name: ignored.

    Returns:
        A float32 tensor of no dimension; NaN of no elements.

    >>> import gradtape as tf
    >>> tf.math.zero_fraction([0.0, 1.0, 0.0, 2.0]).numpy()
    np.float32(0.5)
    """
    return np.divide(np.float32(value.size - np.count_nonzero(value)), np.float32(value.size))


def range_of(values: TensorLike, value_range: TensorLike) -> tuple[Array, Array]:
    """Returns values and the two ends of their range as arrays of one dtype.

    Raises:
        InvalidArgumentError: the dtypes differ, or there are not two ends.
    """
    array = plain(values)
    ends = plain(value_range)
    if ends.dtype != array.dtype:
        if hasattr(value_range, "_value") or array.dtype.kind not in "f" or ends.dtype.kind not in "iuf":
            raise WrongTypeError(f"values and value_range have to have one dtype, got {array.dtype} and {ends.dtype}.")
        ends = ends.astype(array.dtype)
    if ends.shape != (2,):
        raise InvalidArgumentError(f"value_range should be a vector of 2 elements, got shape {list(ends.shape)}.")
    return array, ends


def as_bins(value: Any) -> int:
    """Returns the number of bins as an integer; InvalidArgumentError if it is less than 1."""
    count = as_number("nbins", value)
    if count < 1:
        raise InvalidArgumentError(f"nbins should be a positive number, got {count}.")
    return count


@one_step("histogram_fixed_width_bins")
def histogram_fixed_width_bins(
    values: TensorLike, value_range: TensorLike, nbins: Any = 100, dtype: Any = int32, name: str | None = None
) -> Tensor:
    """Returns for each value the number of its bin, of several of one width; values outside go to the outermost ones.

    Args:
        values: a tensor of real numbers.
        value_range: the lower and the upper end of the bins, of the same dtype.
        nbins: how many bins there are.
        dtype: ignored, as in TensorFlow.
        name: ignored.

    Returns:
        An int32 tensor of the shape of `values`.

    Raises:
        InvalidArgumentError: there is no bin, the range is none, or the dtypes differ.

    >>> import gradtape as tf
    >>> tf.histogram_fixed_width_bins([-1.0, 0.0, 1.5, 2.0, 5.0, 15.0], [0.0, 5.0], nbins=5).numpy()
    array([0, 0, 1, 2, 4, 4], dtype=int32)
    """
    array, ends = range_of(values, value_range)
    count = as_bins(nbins)
    if array.dtype not in REALS and BY_NUMPY[array.dtype].name != "bfloat16":
        raise WrongTypeError(f"histograms are of real numbers, got {array.dtype}.")
    if ends[0] == ends[1]:
        raise InvalidArgumentError(f"value_range has to have two different ends, got {ends.tolist()}.")
    if array.dtype.kind in "iu":
        array, ends = array.astype(np.float64), ends.astype(np.float64)
    many = array.dtype.type(count)
    places = np.floor(many * ((array - ends[0]) / (ends[1] - ends[0])))
    return make_tensor(np.asarray(np.clip(places, 0, many - array.dtype.type(1))).astype(np.int32))


@one_step("histogram_fixed_width", varies=True)
def histogram_fixed_width(
    values: TensorLike, value_range: TensorLike, nbins: Any = 100, dtype: Any = int32, name: str | None = None
) -> Tensor:
    """Returns how many values fall into each of several bins of one width; values outside go to the outermost ones.

    Args:
        values: a tensor of int32, int64, float32 or float64.
        value_range: the lower and the upper end of the bins, of the same dtype.
        nbins: how many bins there are.
        dtype: the dtype of the counts, int32 or int64.
        name: ignored.

    Returns:
        A vector of `nbins` counts.

    Raises:
        InvalidArgumentError: there is no bin, the range does not ascend, a value is NaN, or a dtype does not fit.

    >>> import gradtape as tf
    >>> tf.histogram_fixed_width([-1.0, 0.0, 1.5, 2.0, 5.0, 15.0], [0.0, 5.0], nbins=5).numpy()
    array([2, 1, 1, 0, 2], dtype=int32)
    """
    array, ends = range_of(values, value_range)
    count, kind = as_bins(nbins), as_dtype(dtype)
    if array.dtype not in WIDE:
        raise WrongTypeError(f"values are int32, int64, float32 or float64, got {array.dtype}.")
    if kind.numpy not in INDEX:
        raise InvalidArgumentError(f"counts are int32 or int64, got {kind.name}.")
    if not ends[0] < ends[1]:
        raise InvalidArgumentError(f"value_range should satisfy value_range[0] < value_range[1], got {ends.tolist()}.")
    if array.dtype.kind == "f" and np.isnan(array).any():
        raise InvalidArgumentError("NaN has no place in a histogram.")
    if array.dtype.kind == "i":
        # The distance of two integers may be none of their dtype.
        array, ends = array.astype(np.float64), ends.astype(np.float64)
    step = np.float64(ends[1] - ends[0]) / count
    places = np.minimum((np.maximum(array, ends[0]) - ends[0]).astype(np.float64).reshape(-1) / step, count - 1)
    return make_tensor(np.bincount(places.astype(np.int64), minlength=count).astype(kind.numpy))
