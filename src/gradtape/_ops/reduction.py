"""Reductions along axes: sums, means, extremes, products, logical ones, counts."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from gradtape._core.batches import moving, past_axes
from gradtape._core.dtypes import ANY, BOOL, FLOATS, NUMBERS, REALS, as_dtype, int64
from gradtape._core.families import discrete, linear, primitive
from gradtape._core.op import Array, TensorLike
from gradtape._core.sampling import Values, arrays
from gradtape._ops.comparison import equal, select
from gradtape._ops.exponential import exp
from gradtape._ops.parameters import Shape, as_axes
from gradtape._ops.scan import cumprod
from gradtape._ops.structure import broadcast_to, reshape, transpose
from gradtape.errors import InvalidArgumentError

MINUS_INFINITY = float("-inf")
# NumPy's type hints know no `keepdims` that is a variable.
ADD: Any = np.add
MULTIPLY: Any = np.multiply
MAXIMUM: Any = np.maximum
MINIMUM: Any = np.minimum
LOGICAL_OR: Any = np.logical_or
LOGICAL_AND: Any = np.logical_and
CANONICAL = {"axis": as_axes, "keepdims": bool}


def samples(values: Values) -> Any:
    """Returns samples of a reduction of such values."""
    return (
        arrays((2, 3), axis=[None, (0,), (-1,), (0, 1), ()], keepdims=[False, True], values=values)
        + arrays((2, 3, 2), axis=[(2, 0), (1,)], keepdims=[False, True], values=values)
        + arrays((), axis=[None], keepdims=[False], values=values)
    )


SHAPES = samples(Values())
EMPTY = arrays((0,), (2, 0), axis=[None, (0,)], keepdims=[False])
BOOLS = samples(Values(kind="bool"))
DISTINCT = samples(Values(-2.0, 2.0, distinct=True))


def reduced_axes(rank: int, axis: Shape | None) -> Shape:
    """Returns the axes of a reduction counted from the front.

    Raises:
        InvalidArgumentError: one is out of range or stands there twice.
    """
    if axis is None:
        return tuple(range(rank))
    found = []
    for each in axis:
        if not -rank <= each < rank:
            raise InvalidArgumentError(f"Invalid reduction dimension ({each} for input with {rank} dimension(s)).")
        found.append(each % rank)
        if found.count(each % rank) > 1:
            raise InvalidArgumentError(f"Axes contains duplicate dimension: {each % rank} in {list(axis)}.")
    return tuple(found)


def kept_shape(shape: Shape, axis: Shape | None) -> Shape:
    """Returns `shape` with 1 for each axis of the reduction."""
    axes = reduced_axes(len(shape), axis)
    return tuple(1 if each in axes else size for each, size in enumerate(shape))


def reduced_shape(input_shape: Shape, axis: Shape | None = None, keepdims: bool = False, **params: Any) -> Shape:
    """The shape rule of reductions."""
    if keepdims:
        return kept_shape(input_shape, axis)
    axes = reduced_axes(len(input_shape), axis)
    return tuple(size for each, size in enumerate(input_shape) if each not in axes)


def reduced_count(shape: Shape, axis: Shape | None) -> int:
    """Returns how many elements go into each one of the result."""
    return prod(shape) if axis is None else prod(shape[each] for each in axis)


def kept(out: Any, shape: Shape, axis: Shape | None, keepdims: bool) -> Any:
    """Returns the result of a reduction of an input of `shape` in a form that broadcasts with it."""
    return out if keepdims or axis is None else reshape(out, kept_shape(shape, axis))


def spread(g: Any, shape: Shape, axis: Shape | None, keepdims: bool) -> Any:
    """Returns the result of a reduction repeated along the axes that it went over: the transpose of a sum."""
    if tuple(g.shape) == shape:
        return g
    return broadcast_to(kept(g, shape, axis, keepdims), shape)


@linear(
    SHAPES + EMPTY,
    shape=reduced_shape,
    batch=moving(axis=past_axes),
    types=NUMBERS,
    canonical=CANONICAL,
    input_tensor=lambda g, input_tensor_shape, axis, keepdims: spread(g, input_tensor_shape, axis, keepdims),
)
def reduce_sum(input_tensor: TensorLike, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Array:
    """Returns the sum of the elements along axes.

    Args:
        input_tensor: a tensor of numbers.
        axis: an axis, a list or tensor of axes, or None for all; negative ones count from the end.
        keepdims: whether the axes stay, with size 1.
        name: ignored.

    Returns:
        A tensor of the same dtype without these axes; integers wrap around.

    Raises:
        InvalidArgumentError: an axis is out of range or given twice.

    >>> import gradtape as tf
    >>> tf.reduce_sum([[1, 2], [3, 4]], axis=0)
    <tf.Tensor: shape=(2,), dtype=int32, numpy=array([4, 6], dtype=int32)>
    """
    return ADD.reduce(input_tensor, axis=axis, dtype=input_tensor.dtype, keepdims=keepdims)


def spread_mean(g: Any, shape: Shape, axis: Shape | None, keepdims: bool) -> Any:
    """The transpose of a mean."""
    # The division comes first: it is on the smaller array.
    share = g / max(reduced_count(shape, axis), 1)
    return broadcast_to(share, shape) if axis is None else spread(share, shape, axis, keepdims)


@linear(
    SHAPES,
    shape=reduced_shape,
    batch=moving(axis=past_axes),
    types=NUMBERS,
    canonical=CANONICAL,
    input_tensor=lambda g, input_tensor_shape, axis, keepdims: spread_mean(g, input_tensor_shape, axis, keepdims),
)
def reduce_mean(input_tensor: TensorLike, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Array:
    """Returns the mean of the elements along axes; of integers, cut to an integer.

    Args:
        input_tensor: a tensor of numbers.
        axis: as in `reduce_sum`.
        keepdims: as in `reduce_sum`.
        name: ignored.

    Returns:
        A tensor of the same dtype without these axes; NaN (for integers 0) where there is no element.

    Raises:
        InvalidArgumentError: an axis is out of range or given twice.

    >>> import gradtape as tf
    >>> tf.reduce_mean([1.0, 2.0, 6.0]), tf.reduce_mean([1, 2])
    (<tf.Tensor: shape=(), dtype=float32, numpy=3.0>, <tf.Tensor: shape=(), dtype=int32, numpy=1>)
    """
    return average(input_tensor, axis, keepdims)


def average(array: Any, axis: Shape | None, keepdims: bool) -> Any:
    """Returns the means of an array along axes."""
    dtype = array.dtype
    if dtype.kind in "iu":
        return integer_mean(array, axis, keepdims)
    # The operator is ten times as fast as np.divide on what a full reduction gives, a NumPy scalar.
    total = ADD.reduce(array, axis=axis, dtype=dtype, keepdims=keepdims)
    return total / (array.size if axis is None else reduced_count(array.shape, axis))


def integer_mean(array: Any, axis: Shape | None, keepdims: bool) -> Any:
    """Returns means of integers, rounded towards zero."""
    wide = np.uint64 if array.dtype.kind == "u" else np.int64
    total = ADD.reduce(array, axis=axis, dtype=wide, keepdims=keepdims)
    count = max(reduced_count(array.shape, axis), 1)
    return np.asarray(np.sign(total) * (np.abs(total) // count)).astype(array.dtype)


@discrete(
    arrays(((2, 3), (2,)), axis=[(1,)], keepdims=[False], values=Values(1.0, 1.0)),
    inputs=("x", "extreme"),
    shape=lambda x_shape, extreme_shape, **params: x_shape,
    batch=moving(axis=past_axes),
    types=REALS,
)
def share_of_ties(x: TensorLike, extreme: TensorLike, axis: Any, keepdims: bool) -> Array:
    """Returns 1/n for each of the n elements of `x` that equal their extreme, 0 for the others; not for users."""
    mask = np.equal(x, extreme if keepdims else np.reshape(extreme, kept_shape(x.shape, axis)))
    count = ADD.reduce(mask, axis=axis, dtype=x.dtype, keepdims=True)
    return np.true_divide(mask, count, dtype=x.dtype) if x.dtype.kind == "f" else mask // count


def pull_extreme(g: Any, x: Any, out: Any, axis: Shape | None, keepdims: bool) -> Any:
    """The cotangent of the input of a maximum or minimum: shared equally among the elements that reach it."""
    shares = share_of_ties(x, out, axis, keepdims)
    return spread(g, tuple(x.shape), axis, keepdims) * shares


@primitive(
    DISTINCT,
    shape=reduced_shape,
    batch=moving(axis=past_axes),
    types=REALS,
    canonical=CANONICAL,
    input_tensor=lambda g, input_tensor, out, axis, keepdims: pull_extreme(g, input_tensor, out, axis, keepdims),
)
def reduce_max(input_tensor: TensorLike, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Array:
    """Returns the greatest of the elements along axes; the gradient is shared by those that are equal.

    Args:
        input_tensor: a tensor of real numbers.
        axis: as in `reduce_sum`.
        keepdims: as in `reduce_sum`.
        name: ignored.

    Returns:
        A tensor of the same dtype without these axes; the least value of the dtype where there is no element.

    Raises:
        InvalidArgumentError: an axis is out of range or given twice.

    >>> import gradtape as tf
    >>> tf.reduce_max([[1, 5], [7, 2]], axis=1)
    <tf.Tensor: shape=(2,), dtype=int32, numpy=array([5, 7], dtype=int32)>
    """
    if input_tensor.size:
        return MAXIMUM.reduce(input_tensor, axis=axis, keepdims=keepdims)
    return MAXIMUM.reduce(input_tensor, axis=axis, keepdims=keepdims, initial=limits(input_tensor.dtype)[0])


@primitive(
    DISTINCT,
    shape=reduced_shape,
    batch=moving(axis=past_axes),
    types=REALS,
    canonical=CANONICAL,
    input_tensor=lambda g, input_tensor, out, axis, keepdims: pull_extreme(g, input_tensor, out, axis, keepdims),
)
def reduce_min(input_tensor: TensorLike, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Array:
    """Returns the least of the elements along axes; the gradient is shared by those that are equal.

    Args:
        input_tensor: a tensor of real numbers.
        axis: as in `reduce_sum`.
        keepdims: as in `reduce_sum`.
        name: ignored.

    Returns:
        A tensor of the same dtype without these axes; the greatest value of the dtype where there is no element.

    Raises:
        InvalidArgumentError: an axis is out of range or given twice.

    >>> import gradtape as tf
    >>> tf.reduce_min([[1, 5], [7, 2]])
    <tf.Tensor: shape=(), dtype=int32, numpy=1>
    """
    if input_tensor.size:
        return MINIMUM.reduce(input_tensor, axis=axis, keepdims=keepdims)
    return MINIMUM.reduce(input_tensor, axis=axis, keepdims=keepdims, initial=limits(input_tensor.dtype)[1])


def limits(dtype: Any) -> tuple[Any, Any]:
    """Returns what no number of a dtype is below, and what none is above."""
    if dtype.kind in "iu":
        return np.iinfo(dtype).min, np.iinfo(dtype).max
    return -np.inf, np.inf


def product_of_others(x: Any, axis: Shape | None) -> Any:
    """Returns for each element the product of all others that are multiplied with it: no division, so 0 is no case."""
    shape = tuple(x.shape)
    axes = reduced_axes(len(shape), axis)
    order = tuple(each for each in range(len(shape)) if each not in axes) + axes
    moved = order != tuple(range(len(shape)))
    if moved:
        x = transpose(x, order)
    rows = tuple(shape[each] for each in order[: len(shape) - len(axes)])
    flat = reshape(x, (*rows, reduced_count(shape, axes)))
    others = cumprod(flat, -1, True, False) * cumprod(flat, -1, True, True)
    others = reshape(others, tuple(shape[each] for each in order))
    return transpose(others, tuple(map(order.index, range(len(order))))) if moved else others


@primitive(
    SHAPES + EMPTY,
    shape=reduced_shape,
    batch=moving(axis=past_axes),
    types=NUMBERS,
    canonical=CANONICAL,
    input_tensor=lambda g, input_tensor, axis, keepdims: (
        spread(g, tuple(input_tensor.shape), axis, keepdims) * product_of_others(input_tensor, axis)
    ),
)
def reduce_prod(input_tensor: TensorLike, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Array:
    """Returns the product of the elements along axes; its derivatives are exact where elements are 0, too.

    Args:
        input_tensor: a tensor of numbers.
        axis: as in `reduce_sum`.
        keepdims: as in `reduce_sum`.
        name: ignored.

    Returns:
        A tensor of the same dtype without these axes; 1 where there is no element.

    Raises:
        InvalidArgumentError: an axis is out of range or given twice.

    >>> import gradtape as tf
    >>> tf.reduce_prod([[1.0, 2.0], [3.0, 4.0]])
    <tf.Tensor: shape=(), dtype=float32, numpy=24.0>
    """
    return MULTIPLY.reduce(input_tensor, axis=axis, dtype=input_tensor.dtype, keepdims=keepdims)


@discrete(
    BOOLS, inputs=("input_tensor",), shape=reduced_shape, batch=moving(axis=past_axes), types=BOOL, canonical=CANONICAL
)
def reduce_any(input_tensor: TensorLike, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Array:
    """Returns whether any of the elements along axes is true.

    Args:
        input_tensor: a tensor of bools.
        axis: as in `reduce_sum`.
        keepdims: as in `reduce_sum`.
        name: ignored.

    Returns:
        A tensor of bools without these axes.

    Raises:
        InvalidArgumentError: an axis is out of range or given twice, or the tensor holds no bools.

    >>> import gradtape as tf
    >>> tf.reduce_any([[True, False], [False, False]], axis=1)
    <tf.Tensor: shape=(2,), dtype=bool, numpy=array([ True, False])>
    """
    return LOGICAL_OR.reduce(input_tensor, axis=axis, keepdims=keepdims)


@discrete(
    BOOLS, inputs=("input_tensor",), shape=reduced_shape, batch=moving(axis=past_axes), types=BOOL, canonical=CANONICAL
)
def reduce_all(input_tensor: TensorLike, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Array:
    """Returns whether all of the elements along axes are true.

    Args:
        input_tensor: a tensor of bools.
        axis: as in `reduce_sum`.
        keepdims: as in `reduce_sum`.
        name: ignored.

    Returns:
        A tensor of bools without these axes.

    Raises:
        InvalidArgumentError: an axis is out of range or given twice, or the tensor holds no bools.

    >>> import gradtape as tf
    >>> tf.reduce_all([True, False])
    <tf.Tensor: shape=(), dtype=bool, numpy=False>
    """
    return LOGICAL_AND.reduce(input_tensor, axis=axis, keepdims=keepdims)


def pull_logsumexp(g: Any, x: Any, out: Any, axis: Shape | None, keepdims: bool) -> Any:
    """The cotangent of the input of `reduce_logsumexp`: a softmax, which is 0 where all is -inf."""
    shape = tuple(x.shape)
    level = select(equal(out, MINUS_INFINITY), 0.0, out)
    return spread(g, shape, axis, keepdims) * exp(x - kept(level, shape, axis, keepdims))


@primitive(
    SHAPES,
    shape=reduced_shape,
    batch=moving(axis=past_axes),
    types=FLOATS,
    canonical=CANONICAL,
    input_tensor=lambda g, input_tensor, out, axis, keepdims: pull_logsumexp(g, input_tensor, out, axis, keepdims),
)
def reduce_logsumexp(
    input_tensor: TensorLike, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Array:
    """Returns `log(sum(exp(input_tensor)))` along axes, without overflow.

    Args:
        input_tensor: a tensor of floating-point numbers.
        axis: as in `reduce_sum`.
        keepdims: as in `reduce_sum`.
        name: ignored.

    Returns:
        A tensor of the same dtype without these axes; -inf where there is no element, or only -inf.

    Raises:
        InvalidArgumentError: an axis is out of range or given twice.

    >>> import gradtape as tf
    >>> tf.reduce_logsumexp([1000.0, 1000.0])
    <tf.Tensor: shape=(), dtype=float32, numpy=1000.6931762695312>
    """
    if not input_tensor.size:
        return MAXIMUM.reduce(input_tensor, axis=axis, keepdims=keepdims, initial=-np.inf)
    top = MAXIMUM.reduce(input_tensor, axis=axis, keepdims=True)
    finite = np.isfinite(top)
    if not finite.all():
        top = np.where(finite, top, 0)
    total = ADD.reduce(np.exp(input_tensor - top), axis=axis, keepdims=keepdims)
    return np.log(total) + (top if keepdims else top.reshape(total.shape))


@discrete(
    SHAPES + EMPTY,
    inputs=("input",),
    shape=reduced_shape,
    batch=moving(axis=past_axes),
    types=ANY,
    canonical={"axis": as_axes, "keepdims": bool, "dtype": lambda dtype: as_dtype(dtype).numpy},
)
def count_nonzero(
    input: TensorLike, axis: Any = None, keepdims: bool | None = None, dtype: Any = int64, name: str | None = None
) -> Array:
    """Returns how many of the elements along axes are not 0.

    Args:
        input: a tensor of numbers or bools.
        axis: as in `reduce_sum`.
        keepdims: as in `reduce_sum`.
        dtype: the dtype of the result.
        name: ignored.

    Returns:
        A tensor of dtype `dtype` without these axes.

    Raises:
        InvalidArgumentError: an axis is out of range or given twice.

    >>> import gradtape as tf
    >>> tf.math.count_nonzero([0.0, 3.0, 4.0])
    <tf.Tensor: shape=(), dtype=int64, numpy=2>
    """
    return ADD.reduce(np.not_equal(input, 0), axis=axis, dtype=dtype, keepdims=keepdims)
