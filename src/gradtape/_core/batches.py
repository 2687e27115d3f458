"""Batching rules: how an operation runs at once on many inputs, which lie along the first axis of their arrays.

A rule is a function of the operation, of its arrays, of which of them hold a batch (the others are the same for all),
and of the parameters; it returns the result, or the list of results, with the batch along the first axis. Elementwise
operations need none: their arrays are aligned and broadcast.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

BatchRule = Callable[[Any, list[Any], list[bool], dict[str, Any]], Any]


def call(op: Any, arrays: list[Any], params: dict[str, Any]) -> Any:
    """Runs the body of an operation."""
    return op.body(arrays, **params) if op.variadic else op.body(*arrays, **params)


def size_of(arrays: list[Any], batched: list[bool]) -> int:
    """Returns how many inputs a batch holds."""
    return next(int(array.shape[0]) for array, has in zip(arrays, batched, strict=True) if has)


def whole(arrays: list[Any], batched: list[bool]) -> list[Any]:
    """Returns the arrays with a batch axis each; what is the same for all is repeated along it, in a view."""
    size = size_of(arrays, batched)
    return [
        array if has else np.broadcast_to(array, (size, *array.shape))
        for array, has in zip(arrays, batched, strict=True)
    ]


def as_it_is(op: Any, arrays: list[Any], batched: list[bool], params: dict[str, Any]) -> Any:
    """The rule of an operation to which leading axes are all the same: its body.

    As of one that works along the last axis, or that takes stacks of matrices.

    Args:
        op: the operation.
        arrays: its inputs.
        batched: for each of them, whether it holds a batch along its first axis.
        params: the other parameters.

    Returns:
        What the body gives, the batch along the first axis.

    >>> import gradtape as tf
    >>> import numpy as np
    >>> from gradtape import op
    >>> @op.linear(op.arrays((3,)), shape=lambda x: x, batch=op.as_it_is, x=lambda g: tf.reverse(g, [-1]))
    ... def backwards(x):
    ...     return x[..., ::-1]
    >>> tf.vectorized_map(backwards, tf.constant([[1.0, 2.0], [3.0, 4.0]])).numpy()
    array([[2., 1.],
           [4., 3.]], dtype=float32)
    """
    return call(op, whole(arrays, batched), params)


def moving(**changes: Callable[[Any, Any], Any]) -> BatchRule:
    """Returns the rule of an operation whose parameters name axes or sizes: they move past the batch axis.

    Args:
        **changes: for a parameter, a function of its value and of the first array (with a batch axis), which returns
            the value to run the body with.

    Returns:
        The rule, for the field `batch` of a declaration.

    >>> import gradtape as tf
    >>> import numpy as np
    >>> from gradtape import op
    >>> @op.linear(
    ...     op.arrays((2, 3), axis=[0, 1, -1]),
    ...     shape=lambda x, axis: x,
    ...     batch=op.moving(axis=op.past_axis),
    ...     x=lambda g, axis: tf.cumsum(g, axis, reverse=True),
    ... )
    ... def running_sum(x, axis=0):
    ...     return np.cumsum(x, axis)
    >>> tf.vectorized_map(lambda row: running_sum(row, 0), tf.constant([[1.0, 2.0], [3.0, 4.0]])).numpy()
    array([[1., 3.],
           [3., 7.]], dtype=float32)
    """

    def rule(op: Any, arrays: list[Any], batched: list[bool], params: dict[str, Any]) -> Any:
        arrays = whole(arrays, batched)
        changed = {name: change(params[name], arrays[0]) for name, change in changes.items()}
        return call(op, arrays, {**params, **changed})

    return rule


def past_axis(axis: int, array: Any) -> int:
    """Moves an axis past that of the batch; one that is counted from the end stays.

    Args:
        axis: an axis of one input.
        array: the first input with its batch axis; not looked at.

    Returns:
        The same axis of the array with a batch axis in front.

    >>> from gradtape import op
    >>> op.past_axis(0, None), op.past_axis(-1, None)
    (1, -1)
    """
    return axis + 1 if axis >= 0 else axis


def past_axes(axes: Any, array: Any) -> Any:
    """Moves an axis or several past that of the batch; None stands for all others.

    Args:
        axes: an axis, a tuple of axes, or None.
        array: the first input with its batch axis.

    Returns:
        The same axes of the array with a batch axis in front.

    >>> import numpy as np
    >>> from gradtape import op
    >>> batch = np.ones((10, 2, 3))
    >>> op.past_axes((0, -1), batch), op.past_axes(None, batch)
    ((1, -1), (1, 2))
    """
    if axes is None:
        return tuple(range(1, array.ndim))
    if type(axes) is int:
        return axes + 1 if axes >= 0 else axes
    return tuple([axis + 1 if axis >= 0 else axis for axis in axes])


def behind_batch(shape: tuple[int, ...], array: Any) -> tuple[int, ...]:
    """Puts the size of the batch in front of a shape."""
    return (array.shape[0], *shape)


def to_shape(op: Any, arrays: list[Any], batched: list[bool], params: dict[str, Any]) -> Any:
    """The rule of an operation that only gives its elements another shape."""
    array = arrays[0]
    return array.reshape((array.shape[0], *op.shape(array.shape[1:], **params)))


def aligned(*cores: int) -> BatchRule:
    """Returns the rule of a product that broadcasts all axes but its last ones: `cores` says for each input how many.

    The same axes of all inputs come to stand in one line; an input without a batch is left for NumPy to broadcast.

    Args:
        *cores: for each input, the number of its last axes that do not broadcast: 2 for a matrix, 1 for a vector.

    Returns:
        The rule, for the field `batch` of a declaration.

    >>> import gradtape as tf
    >>> import numpy as np
    >>> from gradtape import op
    >>> @op.bilinear(
    ...     op.arrays(((2, 3), (3, 4))),
    ...     shape=lambda x, y: (x[0], y[1]),
    ...     batch=op.aligned(2, 2),
    ...     x=lambda g, y: tf.matmul(g, y, transpose_b=True),
    ...     y=lambda g, x: tf.matmul(x, g, transpose_a=True),
    ... )
    ... def product(x, y):
    ...     return np.matmul(x, y)
    >>> tf.vectorized_map(lambda x: product(x, tf.eye(2)), tf.ones([5, 3, 2])).shape
    TensorShape([5, 3, 2])
    """

    def rule(op: Any, arrays: list[Any], batched: list[bool], params: dict[str, Any]) -> Any:
        ranks = [array.ndim - has - core for array, has, core in zip(arrays, batched, cores, strict=True)]
        rank = max(ranks)
        lined = [
            array.reshape((array.shape[0], *(1,) * (rank - own), *array.shape[1:])) if has and own < rank else array
            for array, has, own in zip(arrays, batched, ranks, strict=True)
        ]
        return call(op, lined, params)

    return rule


def one_by_one(op: Any, arrays: list[Any], batched: list[bool], params: dict[str, Any]) -> Any:
    """The rule of last resort: the body, run on one input after the other.

    It is that of every declaration that names no other, so that all operations work in batches.

    Args:
        op: the operation.
        arrays: its inputs.
        batched: for each of them, whether it holds a batch along its first axis.
        params: the other parameters.

    Returns:
        The results, stacked.

    >>> import gradtape as tf
    >>> import numpy as np
    >>> from gradtape import op
    >>> @op.discrete(op.arrays((3,)), inputs=("x",), shape=lambda x: (), batch=op.one_by_one)
    ... def signs(x):
    ...     return np.count_nonzero(np.diff(np.sign(x)))
    >>> tf.vectorized_map(signs, tf.constant([[1.0, 2.0, -3.0], [1.0, -2.0, 3.0]])).numpy().tolist()
    [1, 2]
    """
    size = size_of(arrays, batched)
    if not size:
        return empty_results(op, arrays, batched, params)
    rows = [
        call(op, [array[i] if has else array for array, has in zip(arrays, batched, strict=True)], params)
        for i in range(size)
    ]
    return [np.stack(each) for each in zip(*rows, strict=True)] if op.outputs else np.stack(rows)


def empty_results(op: Any, arrays: list[Any], batched: list[bool], params: dict[str, Any]) -> Any:
    """Returns what a batch of no inputs gives: no results, of the shape and dtype that they would have."""
    ones = [np.ones(a.shape[1:], a.dtype) if has else a for a, has in zip(arrays, batched, strict=True)]
    found = call(op, ones, params)
    empty = [np.zeros((0, *np.shape(each)), np.asarray(each).dtype) for each in (found if op.outputs else [found])]
    return empty if op.outputs else empty[0]
