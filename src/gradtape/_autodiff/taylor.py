"""`taylor`: derivatives of all orders along a line, in one run of the function."""

from __future__ import annotations

from collections.abc import Callable
from math import factorial
from operator import index
from typing import Any

import numpy as np

from gradtape._autodiff.functional import Point, directions, point_at, result_of
from gradtape._autodiff.recursions import Coefficient, zeros
from gradtape._autodiff.series import Expansion, Series
from gradtape._core import nest
from gradtape._core.op import OPS
from gradtape._core.tensor import Tensor, make_tensor
from gradtape.errors import InvalidArgumentError

# The last order whose factorial is a finite number.
LAST = 170


def taylor(function: Callable[[Any], Any], x: Any, order: int, direction: Any = None) -> list[Any]:
    """Returns a function's value and its derivatives to `order`, all from one run of the function.

    The function runs on Taylor series, whose cost grows with the square of the order, where derivatives of derivatives
    double at each. These are derivatives, not the series' coefficients: those are smaller by the factorial of the
    order. Comparisons read the value, so that `if x > 0.0` works inside; `float(x)` and `x.numpy()` are refused, since
    they would lose the derivatives.

    Args:
        function: called as `function(x)`, with tensors in the form of `x`; returns a tensor or a structure of them.
        x: a scalar: a tensor, a variable or a number, floating-point or complex. With a `direction` of any shape, or a
            structure (lists, tuples, dicts).
        order: the highest order, from 0 to 170.
        direction: what has the form, shapes and dtypes of `x`: the derivatives are those of
            `function(x + t * direction)` for the real number t, at 0.

    Returns:
        A list of `order + 1` results in the form of the function's: its value, the first derivative, the second and so
        on. What does not depend on `x` has zeros.

    Raises:
        InvalidArgumentError: `x` is no scalar and there is no `direction`, something in `x` is an integer, `direction`
            does not fit `x`, or the function returns nothing that has a derivative.
        TypeError: the function returns something that is no tensor, or `order` is no integer.
        ValueError: `order` is negative, or above 170.
        LookupError: the derivative of an operation in the function is not written yet.

    >>> import gradtape as tf
    >>> [d.numpy().item() for d in tf.autodiff.taylor(lambda x: x**3.0, 2.0, 3)]
    [8.0, 12.0, 12.0, 6.0]
    >>> along = tf.autodiff.taylor(tf.reduce_prod, tf.constant([1.0, 2.0]), 2, direction=[1.0, 1.0])
    >>> [d.numpy().item() for d in along]
    [2.0, 3.0, 2.0]

    A. Griewank and A. Walther, Evaluating Derivatives, 2nd edition, 2008, chapter 13; the lazy series that refer to
    themselves are those of M. D. McIlroy, Power series, power serious, Journal of Functional Programming, 1999.
    """
    order = checked_order(order)
    point = point_at(function, x)
    if direction is not None:
        moves: list[Any] = directions(point.tensors, x, direction, "direction")
    elif nest.is_nested(x) or point.tensors[0]._value.ndim:
        shown = "a structure" if nest.is_nested(x) else f"of shape {list(point.tensors[0]._value.shape)}"
        raise InvalidArgumentError(
            f"taylor: x is {shown}, where a scalar is wanted: give the `direction` in which it moves, of the form of x."
        )
    else:
        moves = [make_tensor(np.ones((), point.tensors[0]._value.dtype))]
    expansion = Expansion(order)
    moving = [make_tensor(line(expansion, *each)) for each in zip(point.tensors, moves, strict=True)]
    result = result_of(function, Point(x, moving))
    found = [coefficients(tensor, expansion) for tensor in result.tensors]
    return [nest.rebuild(result.value, (derivative(each[k], each[0], k) for each in found)) for k in range(order + 1)]


def checked_order(order: Any) -> int:
    """Returns the order as an integer; raises for what is none, or out of bounds."""
    try:
        number = index(order)
    except TypeError:
        raise TypeError(f"taylor: order is an integer, got {order!r}.") from None
    if not 0 <= number <= LAST:
        raise ValueError(f"taylor: order is between 0 and {LAST}, got {number}.")
    return number


def line(expansion: Expansion, start: Tensor, direction: Tensor) -> Series:
    """Returns the series of `start + t * direction`."""
    series = Series(expansion, start, None)
    series.coefficients += [direction, *[None] * (expansion.order - 1)][: expansion.order]
    return series


def coefficients(tensor: Tensor, expansion: Expansion) -> list[Coefficient]:
    """Returns the coefficients of a result, to the last order."""
    value = tensor._value
    if type(value) is not Series or value.expansion is not expansion:
        return [tensor, *[None] * expansion.order]
    return [value.coefficient(k) for k in range(expansion.order + 1)]


def derivative(coefficient: Coefficient, value: Any, k: int) -> Tensor:
    """Returns the derivative of order `k` of a result, from its coefficient."""
    if coefficient is None:
        return zeros(value._value)
    found: Tensor = OPS["multiply"].function(coefficient, float(factorial(k))) if k > 1 else coefficient
    return found
