"""Sets of integers or strings, one along the last dimension of a tensor: intersection, union, difference and size."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from gradtape._core.conversion import convert
from gradtape._core.dtypes import DType, int8, int16, int32, int64, string, uint8, uint16
from gradtape._core.op import Array
from gradtape._core.tensor import Tensor, make_tensor
from gradtape._ops.parameters import Shape
from gradtape._ops.sparse_structure import renumbered
from gradtape._ops.sparse_tensors import SparseTensor, check_bounds, check_order, of_parts, places_of, plain
from gradtape._ops.steps import one_step
from gradtape.errors import InvalidArgumentError, WrongTypeError

MEMBERS = (int8, int16, int32, int64, uint8, uint16, string)


def check_members(dtype: DType) -> None:
    """Raises TypeError for a dtype that sets have no members of."""
    if dtype not in MEMBERS:
        names = ", ".join(each.name for each in MEMBERS)
        raise WrongTypeError(f"Invalid dtype {dtype.name}: the members of sets are of {names}.")


def members(value: Any, validate: bool) -> tuple[Array, Array, Shape]:
    """Returns the members of sets, the number of the set of each, and the shape in which the sets stand."""
    if isinstance(value, SparseTensor):
        places, found, dims = places_of(value), plain(value.values), value._dims
        (check_order if validate else check_bounds)(places, dims)
    else:
        array = plain(value)
        dims, found = array.shape, array.reshape(-1)
    if len(dims) < 2:
        raise InvalidArgumentError(f"Shape {list(dims)} has rank {len(dims)} < 2: sets lie along the last dimension.")
    lead = tuple(dims[:-1])
    if not isinstance(value, SparseTensor):
        return found, np.repeat(np.arange(prod(lead)), dims[-1]), lead
    numbers = np.zeros(len(places), np.int64)
    for axis, size in enumerate(lead):
        numbers = numbers * size + places[:, axis]
    return found, numbers, lead


@one_step("sets", form=SparseTensor, varies=True)
def combined(a: Any, b: Any, validate: bool, how: Any) -> SparseTensor:
    """Returns the sets that a function of two sorted lists of numbers makes of the sets of two tensors."""
    a, b = (each if isinstance(each, SparseTensor) else convert(each) for each in (a, b))
    check_members(a.dtype)
    if a.dtype is not b.dtype:
        raise WrongTypeError(f"Types don't match, {a.dtype.name} vs {b.dtype.name}.")
    (first, own, lead), (second, other, behind) = members(a, validate), members(b, validate)
    if lead != behind:
        raise InvalidArgumentError(f"Mismatched shapes {list(lead)} vs {list(behind)}: each set has one opposite it.")
    # A member and the number of its set, as one number: the sets of a tensor are then a single sorted list.
    known, codes = np.unique(np.concatenate([first, second]), return_inverse=True)
    keys = np.concatenate([own, other]) * len(known) + codes
    both = how(np.unique(keys[: len(first)]), np.unique(keys[len(first) :]))
    numbers, positions = np.divmod(both, max(len(known), 1))
    sizes = np.bincount(numbers, minlength=prod(lead))
    starts = np.cumsum(sizes) - sizes
    places = renumbered(numbers[:, None], (prod(lead),), lead)
    within = np.arange(len(numbers)) - starts[numbers]
    dims = (*lead, int(sizes.max()) if sizes.size else 0)
    return of_parts(np.concatenate([places, within[:, None]], axis=1), make_tensor(known[positions]), dims)


def intersection(a: Any, b: Any, validate_indices: bool = True) -> SparseTensor:
    """Returns the members that the sets of two tensors have in common.

    Args:
        a: integers of at least two dimensions, a tensor or a `SparseTensor`; a set lies along the last dimension, and
            members that repeat count once.
        b: others of the same dtype and the same shape but for the last dimension.
        validate_indices: whether the indices of sparse tensors have to be in order.

    Returns:
        A `SparseTensor` with the members of each set in ascending order.

    Raises:
        TypeError: the dtypes differ, or are none of those of sets: int8, int16, int32, int64, uint8, uint16 and string.
        InvalidArgumentError: the shapes do not fit, or indices are not in order.

    >>> import gradtape as tf
    >>> tf.sets.intersection([[1, 2, 3]], [[3, 1, 5]]).values.numpy()
    array([1, 3], dtype=int32)
    """
    return combined(a, b, validate_indices, lambda x, y: np.intersect1d(x, y, assume_unique=True))


def union(a: Any, b: Any, validate_indices: bool = True) -> SparseTensor:
    """Returns the members that the sets of two tensors have together.

    Args:
        a: as for `tf.sets.intersection`.
        b: likewise.
        validate_indices: whether the indices of sparse tensors have to be in order.

    Returns:
        A `SparseTensor` with the members of each set in ascending order.

    Raises:
        TypeError: the dtypes differ, or are none of those of sets.
        InvalidArgumentError: the shapes do not fit, or indices are not in order.

    >>> import gradtape as tf
    >>> tf.sets.union([[1, 2]], [[3, 1]]).values.numpy()
    array([1, 2, 3], dtype=int32)
    """
    return combined(a, b, validate_indices, np.union1d)


def difference(a: Any, b: Any, aminusb: bool = True, validate_indices: bool = True) -> SparseTensor:
    """Returns the members of the sets of one tensor that are not in those of another.

    Args:
        a: as for `tf.sets.intersection`.
        b: likewise.
        aminusb: whether to take the members of `a` that are not in `b`, or the other way round.
        validate_indices: whether the indices of sparse tensors have to be in order.

    Returns:
        A `SparseTensor` with the members of each set in ascending order.

    Raises:
        TypeError: the dtypes differ, or are none of those of sets.
        InvalidArgumentError: the shapes do not fit, or indices are not in order.

    >>> import gradtape as tf
    >>> tf.sets.difference([[1, 2, 3]], [[3, 1, 5]]).values.numpy()
    array([2], dtype=int32)
    """
    if not aminusb:
        a, b = b, a
    return combined(a, b, validate_indices, lambda x, y: np.setdiff1d(x, y, assume_unique=True))


@one_step("set_sizes", varies=True)
def size(a: Any, validate_indices: bool = True) -> Tensor:
    """Returns how many different members each set of a sparse tensor has.

    Args:
        a: a `SparseTensor` of integers of at least two dimensions.
        validate_indices: whether its indices have to be in order.

    Returns:
        A tensor of int32, of the shape of `a` without the last dimension.

    Raises:
        TypeError: `a` is no `SparseTensor` of integers.
        InvalidArgumentError: it has less than two dimensions, or its indices are not in order.

    >>> import gradtape as tf
    >>> tf.sets.size(tf.SparseTensor([[0, 0], [0, 1], [1, 0]], [4, 4, 7], [2, 2])).numpy()
    array([1, 1], dtype=int32)
    """
    if not isinstance(a, SparseTensor):
        raise WrongTypeError(f"Expected `SparseTensor`, got {type(a).__name__!r}.")
    check_members(a.dtype)
    found, numbers, lead = members(a, validate_indices)
    known, codes = np.unique(found, return_inverse=True)
    keys = np.unique(numbers * max(len(known), 1) + codes) // max(len(known), 1)
    return make_tensor(np.bincount(keys, minlength=prod(lead)).astype(np.int32).reshape(lead))
