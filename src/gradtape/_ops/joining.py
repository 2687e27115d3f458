"""Several tensors made one, and one made several: concat, stack, split, unstack."""

from __future__ import annotations

from itertools import accumulate
from typing import Any

import numpy as np

from gradtape._core.batches import moving, past_axis
from gradtape._core.dtypes import EVERY
from gradtape._core.families import linear
from gradtape._core.op import Array, TensorLike
from gradtape._core.sampling import arrays
from gradtape._core.tensor import Tensor
from gradtape._ops.parameters import Shape, as_axis, as_ints, in_range
from gradtape.errors import InvalidArgumentError


def joined(values_shape: list[Shape], axis: int) -> Shape:
    """The shape rule of `concat`."""
    if not values_shape:
        raise InvalidArgumentError("at least one tensor is wanted, got an empty list.")
    first = values_shape[0]
    if not first:
        raise InvalidArgumentError("Can't concatenate scalars (use tf.stack instead).")
    place = in_range(axis, len(first))
    for number, shape in enumerate(values_shape):
        if len(shape) != len(first):
            raise InvalidArgumentError(
                f"Ranks of all input tensors should match: shape[0] = {list(first)} vs. "
                f"shape[{number}] = {list(shape)}."
            )
        for each, size in enumerate(shape):
            if each != place and size != first[each]:
                raise InvalidArgumentError(
                    f"Dimension {each} in both shapes must be equal: shape[0] = {list(first)} vs. "
                    f"shape[{number}] = {list(shape)}; only along axis {place} may they differ."
                )
    return (*first[:place], sum(shape[place] for shape in values_shape), *first[place + 1 :])


@linear(
    arrays(([(2, 3), (2, 1), (2, 0)],), axis=[1, -1])
    + arrays(([(2, 3), (1, 3)],), ([(0, 2), (3, 2)],), axis=[0])
    + arrays(([(3,)],), ([(1,), (2,), (1,)],), axis=[0, -1]),
    shape=joined,
    batch=moving(axis=past_axis),
    types=EVERY,
    holomorphic=False,
    canonical={"axis": as_axis},
    variadic="one",
    values=lambda g, values_shape, axis: split(g, sizes_along(values_shape, axis), axis, None),
)
def concat(values: TensorLike, axis: Any, name: str | None = "concat") -> Array:
    """Returns tensors one behind the other along a dimension that they have.

    Args:
        values: a list or tuple of tensors of one dtype, and of one shape but along `axis`.
        axis: the dimension.
        name: ignored.

    Returns:
        A tensor of the same dtype; its size along `axis` is the sum of theirs.

    Raises:
        InvalidArgumentError: the shapes or dtypes do not fit, or there is no such axis.

    >>> import gradtape as tf
    >>> tf.concat([[[1, 2]], [[3, 4], [5, 6]]], 0)
    <tf.Tensor: shape=(3, 2), dtype=int32, numpy=
    array([[1, 2],
           [3, 4],
           [5, 6]], dtype=int32)>
    """
    return np.concatenate(values, axis=axis)


def sizes_along(shapes: list[Shape], axis: int) -> Shape:
    """Returns the sizes of the shapes along one dimension."""
    return tuple(shape[axis] for shape in shapes)


def stacked(values_shape: list[Shape], axis: int) -> Shape:
    """The shape rule of `stack`."""
    if not values_shape:
        raise InvalidArgumentError("at least one tensor is wanted, got an empty list.")
    first = values_shape[0]
    for number, shape in enumerate(values_shape):
        if shape != first:
            raise InvalidArgumentError(
                f"Shapes of all inputs must match: values[0].shape = {list(first)} != "
                f"values[{number}].shape = {list(shape)}."
            )
    place = in_range(axis, len(first) + 1)
    return (*first[:place], len(values_shape), *first[place:])


@linear(
    arrays(([(2, 3), (2, 3)],), ([(2, 0), (2, 0), (2, 0)],), axis=[0, 1, 2, -1, -3])
    + arrays(([()],), ([(), (), ()],), axis=[0, -1]),
    shape=stacked,
    batch=moving(axis=past_axis),
    types=EVERY,
    holomorphic=False,
    canonical={"axis": as_axis},
    variadic=True,
    values=lambda g, axis: unstack(g, None, axis),
)
def stack(values: TensorLike, axis: Any = 0, name: str | None = "stack") -> Array:
    """Returns tensors of one shape as the parts, along a new dimension, of one tensor.

    Args:
        values: a list or tuple of tensors of one dtype and shape.
        axis: where the new dimension goes; negative ones count from the end of the result's.
        name: ignored.

    Returns:
        A tensor of the same dtype with one more dimension, whose size is the number of tensors.

    Raises:
        InvalidArgumentError: the shapes or dtypes differ, or there is no such axis.

    >>> import gradtape as tf
    >>> tf.stack([[1, 2], [3, 4]], axis=1)
    <tf.Tensor: shape=(2, 2), dtype=int32, numpy=
    array([[1, 3],
           [2, 4]], dtype=int32)>
    """
    first = values[0].shape
    place = in_range(axis, len(first) + 1)
    if any(value.shape != first for value in values):
        raise ValueError(axis)
    if not first and values[0].dtype.kind != "O":
        return np.array(values)
    longer = (*first[:place], 1, *first[place:])
    return np.concatenate([value.reshape(longer) for value in values], axis=place)


def unstacked(value_shape: Shape, num: int | None, axis: int) -> list[Shape]:
    """The shape rule of `unstack`: a shape for each result."""
    place = in_range(axis, len(value_shape))
    if num is not None and num != value_shape[place]:
        raise InvalidArgumentError(f"Input shape axis {place} must equal {num}, got shape {list(value_shape)}.")
    return [(*value_shape[:place], *value_shape[place + 1 :])] * value_shape[place]


@linear(
    arrays((2, 3), (3, 0), num=[None], axis=[0, 1, -1, -2]) + arrays((3,), num=[None, 3], axis=[0]),
    shape=unstacked,
    batch=moving(axis=past_axis),
    types=EVERY,
    holomorphic=False,
    canonical={"axis": as_axis},
    outputs=True,
    value=lambda g, axis: stack(g, axis),
)
def unstack(value: TensorLike, num: int | None = None, axis: Any = 0, name: str | None = "unstack") -> Array:
    """Returns the parts of a tensor along one dimension, which they no longer have.

    Args:
        value: a tensor of at least one dimension.
        num: how many parts there are, if that is to be checked.
        axis: the dimension.
        name: ignored.

    Returns:
        A list of tensors of the same dtype.

    Raises:
        InvalidArgumentError: there is no such axis, or not `num` parts.

    >>> import gradtape as tf
    >>> tf.unstack([[1, 2], [3, 4]])
    [<tf.Tensor: shape=(2,), dtype=int32, numpy=array([1, 2], dtype=int32)>, \
<tf.Tensor: shape=(2,), dtype=int32, numpy=array([3, 4], dtype=int32)>]
    """
    place = in_range(axis, value.ndim)
    if num is not None and num != value.shape[place]:
        raise ValueError(num)
    return list(np.moveaxis(value, place, 0) if place else value)


def as_splits(value: Any) -> int | Shape:
    """Returns how a tensor is split: a number of equal parts, or a tuple of sizes.

    Raises:
        ValueError: a tensor or array without dimensions, or a number that is no integer.
    """
    if type(value) is int or isinstance(value, np.integer):
        return int(value)
    if isinstance(value, float) or (isinstance(value, Tensor) and not value.ndim):
        raise InvalidArgumentError(
            "Rank-0 tensors are not supported as the num_or_size_splits argument to split: give a Python integer for "
            f"a number of parts, or a list of sizes; got {value!r}."
        )
    return as_ints(value)


def part_sizes(value_shape: Shape, splits: int | Shape, axis: int, num: int | None) -> Shape:
    """Returns the sizes of the parts of a tensor split along an axis."""
    whole = value_shape[in_range(axis, len(value_shape))]
    if isinstance(splits, int):
        if splits < 1 or whole % splits:
            raise InvalidArgumentError(
                f"Number of ways to split should evenly divide the split dimension and be at least 1, but got axis "
                f"{axis} of size {whole} and num_split {splits}. Give a list of sizes for unequal parts."
            )
        return (whole // splits,) * splits
    if num is not None and num != len(splits):
        raise InvalidArgumentError(f"num is {num}, but {len(splits)} sizes were given: {list(splits)}.")
    rest = whole - sum(size for size in splits if size != -1)
    unknown = splits.count(-1)
    if not splits or unknown > 1 or any(size < -1 for size in splits) or rest < 0 or (rest and not unknown):
        raise InvalidArgumentError(
            f"Determined shape must match: the sizes {list(splits)} (one of them may be -1) have to add up to the size "
            f"of axis {axis} of shape {list(value_shape)}, which is {whole}."
        )
    return tuple(rest if size == -1 else size for size in splits)


def split_shapes(value_shape: Shape, num_or_size_splits: int | Shape, axis: int, num: int | None) -> list[Shape]:
    """The shape rule of `split`: a shape for each result."""
    place = in_range(axis, len(value_shape))
    sizes = part_sizes(value_shape, num_or_size_splits, axis, num)
    return [(*value_shape[:place], size, *value_shape[place + 1 :]) for size in sizes]


@linear(
    arrays((2, 4), num_or_size_splits=[2, 1, 4, (1, 3), (1, -1, 0)], axis=[1, -1], num=[None])
    + arrays((4,), (4, 0), num_or_size_splits=[2, (3, 1)], axis=[0], num=[None, 2]),
    shape=split_shapes,
    batch=moving(axis=past_axis),
    types=EVERY,
    holomorphic=False,
    canonical={"num_or_size_splits": as_splits, "axis": as_axis},
    outputs=True,
    value=lambda g, axis: concat(g, axis),
)
def split(
    value: TensorLike, num_or_size_splits: Any, axis: Any = 0, num: int | None = None, name: str | None = "split"
) -> Array:
    """Returns the parts that a tensor is cut into along one dimension.

    Args:
        value: a tensor of at least one dimension.
        num_or_size_splits: the number of equal parts, an integer; or the sizes of the parts, one of which may be -1.
        axis: the dimension.
        num: how many sizes there are, if that is to be checked.
        name: ignored.

    Returns:
        A list of tensors of the same dtype.

    Raises:
        InvalidArgumentError: the parts do not make up the tensor, or there is no such axis.
        ValueError: the number of parts is a tensor.

    >>> import gradtape as tf
    >>> [part.numpy().tolist() for part in tf.split([1, 2, 3, 4], [1, 3])]
    [[1], [2, 3, 4]]
    """
    place = in_range(axis, value.ndim)
    ends = [*accumulate(part_sizes(value.shape, num_or_size_splits, axis, num))]
    before = (slice(None),) * place
    return [value[(*before, slice(start, end))] for start, end in zip([0, *ends], ends, strict=False)]
