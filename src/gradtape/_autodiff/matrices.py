"""Whole derivatives of functions: `jacobian`, forwards or backwards as it costs less, and `hessian`."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from gradtape._autodiff.accumulator import accumulating
from gradtape._autodiff.batching import Batch, new_level, out_of_batch
from gradtape._autodiff.functional import Point, Result, filled_in, point_at, result_of, scalar_of, watching
from gradtape._autodiff.jacobian import ROOM, jacobians
from gradtape._autodiff.sweep import gradients
from gradtape._autodiff.tape import GradientTape
from gradtape._core import nest
from gradtape._core.op import OPS
from gradtape._core.tensor import Tensor, make_tensor
from gradtape._core.tracking import detach

MODES = ("forward", "reverse")


def jacobian(function: Callable[[Any], Any], x: Any, mode: str | None = None) -> Any:
    """Returns the derivative of each element of what a function gives at `x` with respect to each element of `x`.

    All columns are computed forwards at once, or all rows backwards at once, whichever are fewer (Griewank & Walther,
    "Evaluating Derivatives", 2008, chapter 3); in parts where there are so many that the arrays would get large.

    Args:
        function: called as `function(x)`, with tensors in the form of `x`; returns a tensor or a structure of them.
            Where the choice falls on columns it is called a second time.
        x: a tensor, a variable, an array or a number, or a structure (lists, tuples, dicts) of them.
        mode: `"forward"` for columns, `"reverse"` for rows, None for the fewer.

    Returns:
        In the form of the result, for each tensor in it a structure of the form of `x`, of tensors of the shape
        `result.shape + x.shape`; zeros where there is no dependence. Complex numbers follow TensorFlow's convention,
        which has rows: they are computed backwards.

    Raises:
        TypeError: `function` returns something that is no tensor.
        ValueError: `mode` is another word, or `"forward"` for complex numbers.
        InvalidArgumentError: something in `x` is an integer, or nothing in the result has a derivative.

    >>> import gradtape as tf
    >>> tf.autodiff.jacobian(lambda x: x[:2] * x[1:], tf.constant([1.0, 2.0, 3.0])).numpy()
    array([[2., 1., 0.],
           [0., 3., 2.]], dtype=float32)
    """
    if mode is not None and mode not in MODES:
        raise ValueError(f"jacobian: mode is 'forward', 'reverse' or None, got {mode!r}.")
    point = point_at(function, x)
    has_complex = any(tensor._value.dtype.kind == "c" for tensor in point.tensors)
    if mode == "forward":
        if has_complex:
            raise ValueError("jacobian: complex numbers take the mode 'reverse', in which TensorFlow has a convention.")
        return columns(function, point, None)
    with GradientTape(watch_accessed_variables=False) as tape:
        tracker = watching(tape, point)
        result = result_of(function, point)
    if mode is None and not has_complex and elements(point.tensors) < elements(result.smooth):
        tracker.close()
        return columns(function, point_at(function, x), largest(result.tensors))
    found = [point.filled(jacobians(tracker, each, point.tensors, zero=True, at_once=None)) for each in result.tensors]
    tracker.close()
    detach(result.tensors, tracker)
    return nest.rebuild(result.value, iter(found))


def columns(function: Callable[[Any], Any], point: Point, width: int | None) -> Any:
    """Returns the Jacobian by columns; `width` is the size of the largest result in bytes, where it is known."""
    count = elements(point.tensors)
    step = count if width is None else max(1, min(count, ROOM // max(1, width, largest(point.tensors))))
    parts: list[list[Tensor]] = []
    for start in range(0, max(count, 1), max(step, 1)):
        stop = min(start + step, count)
        result, rows = pushed(function, point, start, stop)
        parts.append(rows)
    whole = [each[0] if len(each) == 1 else OPS["concat"].function(each, 0) for each in zip(*parts, strict=True)]
    found = [point.filled(blocks(tensor, rows, point)) for tensor, rows in zip(result.tensors, whole, strict=True)]
    return nest.rebuild(result.value, iter(found))


def pushed(function: Callable[[Any], Any], point: Point, start: int, stop: int) -> tuple[Result, list[Tensor]]:
    """Returns the result of a function, and for each of its tensors the columns from `start` to `stop`, as rows."""
    level, tangents, offset = new_level(), [], 0
    for tensor in point.tensors:
        size = prod(tensor._value.shape)
        units = np.eye(stop - start, size, start - offset, tensor._value.dtype)
        tangents.append(make_tensor(Batch(units.reshape((stop - start, *tensor._value.shape)), (level,))))
        offset += size
    accumulator = accumulating(point.tensors, tangents)
    with accumulator:
        result = result_of(function, point)
    rows = [filled_in(accumulator.tangent_of(tensor), tensor) for tensor in result.tensors]
    detach(result.tensors, accumulator._tracker)
    return result, [out_of_batch(each, level, stop - start) for each in rows]


def blocks(tensor: Tensor, rows: Tensor, point: Point) -> list[Tensor]:
    """Returns the Jacobian of one result, of which `rows` holds the columns, divided by the tensors of the point."""
    rank = tensor._value.ndim
    whole = OPS["transpose"].function(rows, (*range(1, rank + 1), 0))
    sizes = [prod(each._value.shape) for each in point.tensors]
    found = OPS["split"].function(whole, sizes, rank)
    return [
        OPS["reshape"].function(part, (*tensor._value.shape, *each._value.shape))
        for part, each in zip(found, point.tensors, strict=True)
    ]


def hessian(function: Callable[[Any], Any], x: Any) -> Any:
    """Returns the second derivatives of a scalar function at `x`.

    One tape records the function and its gradient, and all rows go back through both at once.

    Args:
        function: called as `function(x)`, with tensors in the form of `x`; returns a scalar tensor.
        x: a tensor, a variable, an array or a number, or a structure (lists, tuples, dicts) of them.

    Returns:
        In the form of `x`, for each tensor in it a structure of the form of `x` again: tensors of the shape
        `one.shape + other.shape`; zeros where the gradient does not move.

    Raises:
        TypeError: `function` returns something that is no tensor.
        InvalidArgumentError: `function` returns something else than one scalar, or something in `x` is an integer.

    >>> import gradtape as tf
    >>> tf.autodiff.hessian(lambda x: x[0] ** 2.0 * x[1], tf.constant([1.0, 2.0])).numpy()
    array([[4., 2.],
           [2., 0.]], dtype=float32)
    """
    point = point_at(function, x)
    with GradientTape(watch_accessed_variables=False) as tape:
        tracker = watching(tape, point)
        value = scalar_of(function, point)
        slopes = gradients(tracker, [value], point.tensors, None)
        slopes = [filled_in(g, tensor) for g, tensor in zip(slopes, point.tensors, strict=True)]
    rows = [point.filled(jacobians(tracker, slope, point.tensors, zero=True, at_once=None)) for slope in slopes]
    tracker.close()
    return rows[0] if type(x) is Tensor else nest.rebuild(point.form, iter(rows))


def elements(tensors: list[Tensor]) -> int:
    """Returns the number of elements of all tensors."""
    return sum(prod(tensor._value.shape) for tensor in tensors)


def largest(tensors: list[Tensor]) -> int:
    """Returns the size of the largest of some tensors in bytes."""
    return max((prod(each._value.shape) * each._value.dtype.itemsize for each in tensors), default=0)
