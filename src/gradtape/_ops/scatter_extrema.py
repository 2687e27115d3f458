"""The greatest and the least of a tensor and of what is written to its places."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from gradtape._core.dtypes import REALS
from gradtape._core.families import discrete, primitive
from gradtape._core.op import NOT_DIFFERENTIABLE, Array, TensorLike
from gradtape._core.sampling import Values, arrays
from gradtape._ops.batching import with_numbers
from gradtape._ops.comparison import equal, keep
from gradtape._ops.gather import INDICES, flat_indices, scattered, take_nd
from gradtape._ops.parameters import Shape

SAMPLES = arrays(
    ((3, 2), (2, 2), (2,)),
    ((3, 2), (4, 1), (4, 2)),
    ((3,), (0, 1), (0,)),
    values=(Values(-2.0, 2.0, distinct=True), Values(0, 2, "index"), Values(-1.93, 2.11, distinct=True)),
)
TYPES = {"tensor": REALS, "indices": INDICES, "updates": REALS}


def written_shape(
    tensor_shape: Shape, indices_shape: Shape, updates_shape: Shape, bad_indices_policy: str = ""
) -> Shape:
    """The shape rule of what writes to places of a tensor."""
    return scattered(indices_shape, updates_shape, tensor_shape)


def written_behind(op: Any, arrays: list[Any], batched: list[bool], params: dict[str, Any]) -> Any:
    """The batching rule of what writes to places of a tensor."""
    return with_numbers(op, arrays, batched, {})


def written(choose: Any, tensor: Array, indices: Array, updates: Array) -> Array:
    """Returns a tensor in which `choose`, a ufunc, has put slices together with those that were there."""
    scattered(indices.shape, updates.shape, tensor.shape)
    depth = indices.shape[-1]
    out = tensor.copy(order="C")
    rows, width = flat_indices(indices, tensor.shape).reshape(-1), prod(tensor.shape[depth:])
    # NumPy has a fast loop for one dimension only.
    flat = (rows[:, None] * width + np.arange(width)).reshape(-1)
    choose.at(out.reshape(-1), flat, updates.reshape(-1))
    return out


@discrete(
    arrays(((3, 2), (3, 2), (2, 2), (2,)), values=(Values(0, 2), Values(0, 2), Values(0, 2, "index"), Values(0, 2))),
    inputs=("tensor", "out", "indices", "updates"),
    types=TYPES | {"out": REALS},
    shape=lambda tensor, out, indices, updates: tensor,
    batch=with_numbers,
)
def shares(tensor: TensorLike, out: TensorLike, indices: TensorLike, updates: TensorLike) -> Array:
    """Returns 1/n for each place of a tensor at which n numbers are the extreme that was found; not for users."""
    depth = indices.shape[-1]
    rows = flat_indices(indices, tensor.shape).reshape(-1)
    tail = tensor.shape[depth:]
    count = (tensor == out).reshape((prod(tensor.shape[:depth]), *tail)).astype(np.intp)
    flat_out = out.reshape(count.shape)
    np.add.at(count, rows, (updates.reshape((len(rows), *tail)) == flat_out[rows]).astype(np.intp))
    return (1 / np.maximum(count, 1)).astype(tensor.dtype).reshape(tensor.shape)


def pull_tensor(g: Any, tensor: Any, indices: Any, updates: Any, out: Any) -> Any:
    """The cotangent of the tensor: that of the result where it is the extreme, shared by all that are."""
    return keep(g * shares(tensor, out, indices, updates), equal(tensor, out))


def pull_updates(g: Any, tensor: Any, indices: Any, updates: Any, out: Any) -> Any:
    """The cotangent of what is written, in the same way."""
    shared = take_nd(g * shares(tensor, out, indices, updates), indices)
    return keep(shared, equal(updates, take_nd(out, indices)))


@primitive(
    SAMPLES,
    shape=written_shape,
    batch=written_behind,
    types=TYPES,
    tensor=lambda g, tensor, indices, updates, out: pull_tensor(g, tensor, indices, updates, out),
    indices=NOT_DIFFERENTIABLE,
    updates=lambda g, tensor, indices, updates, out: pull_updates(g, tensor, indices, updates, out),
)
def tensor_scatter_nd_max(
    tensor: TensorLike, indices: TensorLike, updates: TensorLike, bad_indices_policy: str = "", name: str | None = None
) -> Array:
    """Returns a tensor in which slices are replaced by the greater one of them and of others, element-wise.

    The gradient is shared by those that are equal.

    Args:
        tensor: a tensor of real numbers.
        indices: as for `tf.tensor_scatter_nd_update`.
        updates: the other slices, of the dtype of `tensor`; of several for one place the greatest counts.
        bad_indices_policy: only TensorFlow's default is known: a wrong index raises.
        name: ignored.

    Returns:
        A tensor of the dtype and shape of `tensor`.

    Raises:
        InvalidArgumentError: an index is out of range, or the shapes or dtypes do not fit.

    >>> import gradtape as tf
    >>> tf.tensor_scatter_nd_max([1, 5, 3], [[0], [1]], [4, 4]).numpy()
    array([4, 5, 3], dtype=int32)
    """
    return written(np.maximum, tensor, indices, updates)


@primitive(
    SAMPLES,
    shape=written_shape,
    batch=written_behind,
    types=TYPES,
    tensor=lambda g, tensor, indices, updates, out: pull_tensor(g, tensor, indices, updates, out),
    indices=NOT_DIFFERENTIABLE,
    updates=lambda g, tensor, indices, updates, out: pull_updates(g, tensor, indices, updates, out),
)
def tensor_scatter_nd_min(
    tensor: TensorLike, indices: TensorLike, updates: TensorLike, bad_indices_policy: str = "", name: str | None = None
) -> Array:
    """Returns a tensor in which slices are replaced by the lesser one of them and of others, element-wise.

    The gradient is shared by those that are equal.

    Args:
        tensor: a tensor of real numbers.
        indices: as for `tf.tensor_scatter_nd_update`.
        updates: the other slices, of the dtype of `tensor`; of several for one place the least counts.
        bad_indices_policy: only TensorFlow's default is known: a wrong index raises.
        name: ignored.

    Returns:
        A tensor of the dtype and shape of `tensor`.

    Raises:
        InvalidArgumentError: an index is out of range, or the shapes or dtypes do not fit.

    >>> import gradtape as tf
    >>> tf.tensor_scatter_nd_min([1, 5, 3], [[0], [1]], [4, 4]).numpy()
    array([1, 4, 3], dtype=int32)
    """
    return written(np.minimum, tensor, indices, updates)
