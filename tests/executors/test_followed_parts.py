"""Gradients through the parts of a recorded function that are no operations: functions of the user's, and maps."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradtape as tf

x = tf.constant([1.0, 2.0, 3.0])
factor = tf.Variable(2.0)


def slope(function: Callable[..., Any], *arguments: tf.Tensor) -> list[Any]:
    """Returns a function's result, and its gradients by the arguments and the variable."""
    with tf.GradientTape() as tape:
        tape.watch(arguments)
        result = function(*arguments)
    found = tape.gradient(result, [*arguments, factor])
    return [None if each is None else each.numpy() for each in (result, *found)]


def same(one: list[Any], other: list[Any]) -> None:
    for a, b in zip(one, other, strict=True):
        assert (a is None) == (b is None)
        if a is not None:
            np.testing.assert_allclose(a, b, rtol=1e-6)


def called(x: tf.Tensor) -> tf.Tensor:
    return tf.py_function(lambda given: given * given * factor, [x], tf.float32) * 2.0


def called_in_a_loop(x: tf.Tensor) -> tf.Tensor:
    return tf.while_loop(
        lambda k, y: k < 2, lambda k, y: (k + 1, tf.py_function(lambda y: y * y, [y], tf.float32)), (0, x)
    )[1]


@pytest.mark.parametrize("function", [called, called_in_a_loop])
def test_gradients_flow_through_py_function(function: Callable[[tf.Tensor], tf.Tensor]) -> None:
    expected = slope(function, x)
    around = tf.function(function)
    inside = tf.function(lambda x: slope_inside(function, x))
    # As it is recorded first, replayed, and followed by a tape after it was recorded without one.
    for _ in range(3):
        same(slope(around, x), expected)
        np.testing.assert_allclose(inside(x), expected[1])
    later = tf.function(function)
    later(x), later(x)
    for _ in range(3):
        same(slope(later, x), expected)


def slope_inside(function: Callable[[tf.Tensor], tf.Tensor], x: tf.Tensor) -> Any:
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = function(x)
    return tape.gradient(y, x)


def test_py_function_without_gradients_is_replayed_under_a_tape() -> None:
    seen = []

    @tf.function
    def function(x: tf.Tensor) -> tf.Tensor:
        tf.py_function(lambda given: seen.append(given.numpy().sum()), [x], [])
        return x * factor

    for _ in range(3):
        same(slope(function, x), slope(lambda x: x * factor, x))
    assert len(seen) == 3
    assert "eagerly" not in str(function.explain())


@pytest.mark.parametrize(
    "function",
    [
        lambda x, y: tf.vectorized_map(lambda row: row * y, x),
        lambda x, y: tf.vectorized_map(lambda row: row * factor, x) + y,
        lambda x, y: tf.vectorized_map(lambda row: tf.vectorized_map(lambda each: each * row * y, x), x),
        lambda x, y: tf.vectorized_map(lambda row: slope_inside(lambda row: row**3 * y, row), x),
    ],
    ids=["argument", "variable", "map in map", "tape in map"],
)
def test_what_a_map_captures_has_the_sum_of_its_rows_gradients(function: Callable[..., tf.Tensor]) -> None:
    y = tf.constant(1.5)
    recorded = tf.function(function)
    for _ in range(3):
        same(slope(recorded, x, y), slope(function, x, y))


def test_jacobians_in_a_function() -> None:
    def function(x: tf.Tensor) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * tf.reduce_sum(x)
        return tape.jacobian(y, x) * factor

    recorded = tf.function(function)
    for _ in range(3):
        same(slope(recorded, x), slope(function, x))
