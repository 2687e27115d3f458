"""Comparisons, logic and bits, and the choice between two tensors by a condition: no operation lies below these."""

from __future__ import annotations

import numpy as np

from gradtape._core.dtypes import BOOL, EVERY, FLOATS, INEXACT, INTEGERS, REALS
from gradtape._core.families import discrete, elementwise
from gradtape._core.op import NOT_DIFFERENTIABLE, Array, TensorLike
from gradtape._core.sampling import Values, arrays, pairs, singles

# From so many elements on, a choice is computed with integers: NumPy's `where` branches on each element, and a mask
# that the processor cannot predict makes it ten times slower.
LARGE = 4096
WHOLE = {2: np.int16, 4: np.int32, 8: np.int64}
CHOICES = arrays(
    ((), (), ()),
    ((3,), (3,), (3,)),
    ((2, 3), (3,), ()),
    ((2, 1), (1, 3), (2, 3)),
    ((3,), (), (2, 1)),
    ((0,), (1,), (0,)),
    values=(Values(kind="bool"), Values(), Values()),
)
MASKED = arrays(((), ()), ((3,), (3,)), ((2, 3), (2, 3)), ((0,), (0,)), values=(Values(), Values(kind="bool")))


@discrete(pairs(), inputs=("x", "y"), types=EVERY)
def equal(x: TensorLike, y: TensorLike, name: str | None = None) -> Array:
    """Returns whether `x == y`, element-wise.

    Args:
        x: a tensor.
        y: a tensor of the dtype of `x`, of a shape that broadcasts with it.
        name: ignored.

    Returns:
        A tensor of bools, of the shape that both broadcast to.

    Raises:
        InvalidArgumentError: the dtypes differ, or the shapes do not broadcast.

    >>> import gradtape as tf
    >>> tf.equal([1, 2], [1, 3])
    <tf.Tensor: shape=(2,), dtype=bool, numpy=array([ True, False])>
    """
    return np.equal(x, y)


@discrete(pairs(), inputs=("x", "y"), types=EVERY)
def not_equal(x: TensorLike, y: TensorLike, name: str | None = None) -> Array:
    """Returns whether `x != y`, element-wise.

    Args:
        x: a tensor.
        y: a tensor of the dtype of `x`, of a shape that broadcasts with it.
        name: ignored.

    Returns:
        A tensor of bools, of the shape that both broadcast to.

    Raises:
        InvalidArgumentError: the dtypes differ, or the shapes do not broadcast.

    >>> import gradtape as tf
    >>> tf.not_equal([1, 2], [1, 3])
    <tf.Tensor: shape=(2,), dtype=bool, numpy=array([False,  True])>
    """
    return np.not_equal(x, y)


@discrete(pairs(), inputs=("x", "y"), types=REALS)
def less(x: TensorLike, y: TensorLike, name: str | None = None) -> Array:
    """Returns whether `x < y`, element-wise.

    Args:
        x: a tensor of real numbers.
        y: a tensor of the dtype of `x`, of a shape that broadcasts with it.
        name: ignored.

    Returns:
        A tensor of bools, of the shape that both broadcast to.

    Raises:
        InvalidArgumentError: the dtypes differ, or the shapes do not broadcast.

    >>> import gradtape as tf
    >>> tf.less([1, 2], 2)
    <tf.Tensor: shape=(2,), dtype=bool, numpy=array([ True, False])>
    """
    return np.less(x, y)


@discrete(pairs(), inputs=("x", "y"), types=REALS)
def less_equal(x: TensorLike, y: TensorLike, name: str | None = None) -> Array:
    """Returns whether `x <= y`, element-wise.

    Args:
        x: a tensor of real numbers.
        y: a tensor of the dtype of `x`, of a shape that broadcasts with it.
        name: ignored.

    Returns:
        A tensor of bools, of the shape that both broadcast to.

    Raises:
        InvalidArgumentError: the dtypes differ, or the shapes do not broadcast.

    >>> import gradtape as tf
    >>> tf.less_equal([1, 2, 3], 2)
    <tf.Tensor: shape=(3,), dtype=bool, numpy=array([ True,  True, False])>
    """
    return np.less_equal(x, y)


@discrete(pairs(), inputs=("x", "y"), types=REALS)
def greater(x: TensorLike, y: TensorLike, name: str | None = None) -> Array:
    """Returns whether `x > y`, element-wise.

    Args:
        x: a tensor of real numbers.
        y: a tensor of the dtype of `x`, of a shape that broadcasts with it.
        name: ignored.

    Returns:
        A tensor of bools, of the shape that both broadcast to.

    Raises:
        InvalidArgumentError: the dtypes differ, or the shapes do not broadcast.

    >>> import gradtape as tf
    >>> tf.greater([1, 2, 3], 2)
    <tf.Tensor: shape=(3,), dtype=bool, numpy=array([False, False,  True])>
    """
    return np.greater(x, y)


@discrete(pairs(), inputs=("x", "y"), types=REALS)
def greater_equal(x: TensorLike, y: TensorLike, name: str | None = None) -> Array:
    """Returns whether `x >= y`, element-wise.

    Args:
        x: a tensor of real numbers.
        y: a tensor of the dtype of `x`, of a shape that broadcasts with it.
        name: ignored.

    Returns:
        A tensor of bools, of the shape that both broadcast to.

    Raises:
        InvalidArgumentError: the dtypes differ, or the shapes do not broadcast.

    >>> import gradtape as tf
    >>> tf.greater_equal([1, 2], 2)
    <tf.Tensor: shape=(2,), dtype=bool, numpy=array([False,  True])>
    """
    return np.greater_equal(x, y)


@discrete(pairs(kind="bool"), inputs=("x", "y"), types=BOOL)
def logical_and(x: TensorLike, y: TensorLike, name: str | None = None) -> Array:
    """Returns whether both `x` and `y` are true, element-wise.

    Args:
        x: a tensor of bools.
        y: a tensor of bools, of a shape that broadcasts with that of `x`.
        name: ignored.

    Returns:
        A tensor of bools, of the shape that both broadcast to.

    Raises:
        InvalidArgumentError: an input is not of bools, or the shapes do not broadcast.

    >>> import gradtape as tf
    >>> tf.logical_and([True, True, False], [True, False, False])
    <tf.Tensor: shape=(3,), dtype=bool, numpy=array([ True, False, False])>
    """
    return np.logical_and(x, y)


@discrete(pairs(kind="bool"), inputs=("x", "y"), types=BOOL)
def logical_or(x: TensorLike, y: TensorLike, name: str | None = None) -> Array:
    """Returns whether `x` or `y` or both are true, element-wise.

    Args:
        x: a tensor of bools.
        y: a tensor of bools, of a shape that broadcasts with that of `x`.
        name: ignored.

    Returns:
        A tensor of bools, of the shape that both broadcast to.

    Raises:
        InvalidArgumentError: an input is not of bools, or the shapes do not broadcast.

    >>> import gradtape as tf
    >>> tf.logical_or([True, True, False], [True, False, False])
    <tf.Tensor: shape=(3,), dtype=bool, numpy=array([ True,  True, False])>
    """
    return np.logical_or(x, y)


@discrete(pairs(kind="bool"), inputs=("x", "y"), types=BOOL)
def logical_xor(x: TensorLike, y: TensorLike, name: str | None = "LogicalXor") -> Array:
    """Returns whether one of `x` and `y` is true and the other is not, element-wise.

    Args:
        x: a tensor of bools.
        y: a tensor of bools, of a shape that broadcasts with that of `x`.
        name: ignored.

    Returns:
        A tensor of bools, of the shape that both broadcast to.

    Raises:
        InvalidArgumentError: an input is not of bools, or the shapes do not broadcast.

    >>> import gradtape as tf
    >>> tf.math.logical_xor([True, True, False], [True, False, False])
    <tf.Tensor: shape=(3,), dtype=bool, numpy=array([False,  True, False])>
    """
    return np.logical_xor(x, y)


@discrete(arrays((), (2, 3), (0,), values=Values(kind="bool")), inputs=("x",), types=BOOL)
def logical_not(x: TensorLike, name: str | None = None) -> Array:
    """Returns whether `x` is false, element-wise.

    Args:
        x: a tensor of bools.
        name: ignored.

    Returns:
        A tensor of bools, of the shape of `x`.

    Raises:
        InvalidArgumentError: `x` is not of bools.

    >>> import gradtape as tf
    >>> tf.logical_not([True, False])
    <tf.Tensor: shape=(2,), dtype=bool, numpy=array([False,  True])>
    """
    return np.logical_not(x)


@discrete(pairs(0, 100, kind="index"), inputs=("x", "y"), types=INTEGERS)
def bitwise_and(x: TensorLike, y: TensorLike, name: str | None = None) -> Array:
    """Returns the bits that are set in both `x` and `y`, element-wise.

    Args:
        x: a tensor of integers.
        y: a tensor of the dtype of `x`, of a shape that broadcasts with it.
        name: ignored.

    Returns:
        A tensor of that dtype and the shape that both broadcast to.

    Raises:
        InvalidArgumentError: the dtypes differ or are not of integers, or the shapes do not broadcast.

    >>> import gradtape as tf
    >>> tf.bitwise.bitwise_and([5, 3], [3, 2])
    <tf.Tensor: shape=(2,), dtype=int32, numpy=array([1, 2], dtype=int32)>
    """
    return np.bitwise_and(x, y)


@discrete(pairs(0, 100, kind="index"), inputs=("x", "y"), types=INTEGERS)
def bitwise_or(x: TensorLike, y: TensorLike, name: str | None = None) -> Array:
    """Returns the bits that are set in `x` or `y` or both, element-wise.

    Args:
        x: a tensor of integers.
        y: a tensor of the dtype of `x`, of a shape that broadcasts with it.
        name: ignored.

    Returns:
        A tensor of that dtype and the shape that both broadcast to.

    Raises:
        InvalidArgumentError: the dtypes differ or are not of integers, or the shapes do not broadcast.

    >>> import gradtape as tf
    >>> tf.bitwise.bitwise_or([5, 3], [3, 2])
    <tf.Tensor: shape=(2,), dtype=int32, numpy=array([7, 3], dtype=int32)>
    """
    return np.bitwise_or(x, y)


@discrete(pairs(0, 100, kind="index"), inputs=("x", "y"), types=INTEGERS)
def bitwise_xor(x: TensorLike, y: TensorLike, name: str | None = None) -> Array:
    """Returns the bits that are set in one of `x` and `y` and not in the other, element-wise.

    Args:
        x: a tensor of integers.
        y: a tensor of the dtype of `x`, of a shape that broadcasts with it.
        name: ignored.

    Returns:
        A tensor of that dtype and the shape that both broadcast to.

    Raises:
        InvalidArgumentError: the dtypes differ or are not of integers, or the shapes do not broadcast.

    >>> import gradtape as tf
    >>> tf.bitwise.bitwise_xor([5, 3], [3, 2])
    <tf.Tensor: shape=(2,), dtype=int32, numpy=array([6, 1], dtype=int32)>
    """
    return np.bitwise_xor(x, y)


@discrete(arrays((), (2, 3), (0,), values=Values(0, 100, "index")), inputs=("x",), types=INTEGERS)
def bitwise_invert(x: TensorLike, name: str | None = None) -> Array:
    """Returns `x` with each bit flipped, element-wise.

    Args:
        x: a tensor of integers.
        name: ignored.

    Returns:
        A tensor of the dtype and shape of `x`.

    Raises:
        InvalidArgumentError: `x` is not of integers.

    >>> import gradtape as tf
    >>> tf.bitwise.invert([0, 5])
    <tf.Tensor: shape=(2,), dtype=int32, numpy=array([-1, -6], dtype=int32)>
    """
    return np.invert(x)


@discrete(singles(), inputs=("x",), types=FLOATS)
def is_nan(x: TensorLike, name: str | None = None) -> Array:
    """Returns whether `x` is not a number, element-wise.

    Args:
        x: a tensor of floating-point numbers.
        name: ignored.

    Returns:
        A tensor of bools, of the shape of `x`.

    Raises:
        InvalidArgumentError: `x` is of another dtype.

    >>> import gradtape as tf
    >>> tf.math.is_nan([1.0, float("nan"), float("inf")])
    <tf.Tensor: shape=(3,), dtype=bool, numpy=array([False,  True, False])>
    """
    return np.isnan(x)


@discrete(singles(), inputs=("x",), types=FLOATS)
def is_inf(x: TensorLike, name: str | None = None) -> Array:
    """Returns whether `x` is infinite, of either sign, element-wise.

    Args:
        x: a tensor of floating-point numbers.
        name: ignored.

    Returns:
        A tensor of bools, of the shape of `x`.

    Raises:
        InvalidArgumentError: `x` is of another dtype.

    >>> import gradtape as tf
    >>> tf.math.is_inf([1.0, float("nan"), float("inf")])
    <tf.Tensor: shape=(3,), dtype=bool, numpy=array([False, False,  True])>
    """
    return np.isinf(x)


@discrete(singles(), inputs=("x",), types=FLOATS)
def is_finite(x: TensorLike, name: str | None = None) -> Array:
    """Returns whether `x` is neither infinite nor NaN, element-wise.

    Args:
        x: a tensor of floating-point numbers.
        name: ignored.

    Returns:
        A tensor of bools, of the shape of `x`.

    Raises:
        InvalidArgumentError: `x` is of another dtype.

    >>> import gradtape as tf
    >>> tf.math.is_finite([1.0, float("nan"), float("inf")])
    <tf.Tensor: shape=(3,), dtype=bool, numpy=array([ True, False, False])>
    """
    return np.isfinite(x)


@elementwise(
    MASKED,
    types={"x": INEXACT, "condition": BOOL},
    x=lambda g, condition: keep(g, condition),
    condition=NOT_DIFFERENTIABLE,
)
def keep(x: TensorLike, condition: TensorLike) -> Array:
    """Returns `x` where `condition` is true and 0 elsewhere, also where `x` is infinite or NaN."""
    return keep_array(x, condition)


def keep_array(x: Array, condition: Array) -> Array:
    """Returns `keep` of arrays.

    It is the product of the numbers, read as integers, with 0 or 1: exact, and there is nothing to predict.
    """
    whole = WHOLE.get(x.dtype.itemsize)
    if whole is None:
        return np.where(condition, x, 0.0)
    return np.multiply(x.view(whole), condition).view(x.dtype)


@elementwise(
    CHOICES,
    types={"condition": BOOL, "x": EVERY, "y": EVERY},
    condition=NOT_DIFFERENTIABLE,
    x=lambda g, condition: keep(g, condition),
    y=lambda g, condition: keep(g, logical_not(condition)),
)
def select(condition: TensorLike, x: TensorLike, y: TensorLike) -> Array:
    """Returns `x` where `condition` is true and `y` elsewhere, element-wise; the three broadcast.

    Args:
        condition: a tensor of bools.
        x: a tensor.
        y: a tensor of the dtype of `x`.

    Returns:
        A tensor of that dtype and the shape that all three broadcast to.

    Raises:
        InvalidArgumentError: the dtypes of `x` and `y` differ, or the shapes do not broadcast.
    """
    return select_array(condition, x, y)


def select_array(condition: Array, x: Array, y: Array) -> Array:
    """Returns `select` of arrays; `y` may be a Python number."""
    whole = WHOLE.get(x.dtype.itemsize) if condition.size >= LARGE and x.dtype.kind != "O" else None
    if whole is None or x.dtype != getattr(y, "dtype", None):
        return np.where(condition, x, y)
    second = y.view(whole)
    difference = np.multiply(np.bitwise_xor(x.view(whole), second), condition)
    return np.bitwise_xor(difference, second).view(x.dtype)
