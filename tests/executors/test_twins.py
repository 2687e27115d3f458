"""One tensor given more than once: what a function does with one of the arguments, it does with the others."""

from typing import Any

import numpy as np
import pytest

import gradtape as tf


def slope(x: tf.Tensor, y: tf.Tensor) -> Any:
    with tf.GradientTape() as tape:
        tape.watch(x)
        z = x * y
    return tape.gradient(z, x)


def is_one(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    return x + 1.0 if x is y else y


@pytest.mark.parametrize("function", [slope, is_one])
@pytest.mark.parametrize("order", ["aabbaabb", "bbaabbaa"])
def test_a_tensor_given_twice_is_one(function: Any, order: str) -> None:
    recorded = tf.function(function)
    x, y = tf.constant([1.0, 2.0]), tf.constant([3.0, 4.0])
    for kind in order:
        arguments = (x, x) if kind == "a" else (x, y)
        np.testing.assert_array_equal(recorded(*arguments), function(*arguments))


@pytest.mark.parametrize("count", [3, 5])
def test_among_many_tensors_and_in_structures(count: int) -> None:
    def total(parts: list[tf.Tensor], *, scale: tf.Tensor) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(parts[0])
            z = tf.add_n([part * (k + 1.0) for k, part in enumerate(parts)]) * scale
        return tape.gradient(z, parts[0])

    recorded = tf.function(total)
    scale = tf.constant(2.0)
    tensors = [tf.constant(float(k)) for k in range(count)]
    calls = [tensors, tensors[:1] * count, [*tensors[:-1], tensors[0]], [tensors[0], *tensors[1:-1], tensors[1]]]
    for parts in calls * 3:
        assert recorded(parts, scale=scale) == total(parts, scale=scale)
        assert recorded(parts, scale=parts[0]) == total(parts, scale=parts[0])


def test_gradients_by_a_tensor_given_twice() -> None:
    recorded = tf.function(lambda x, y: x * x + 3.0 * y)
    x = tf.constant(2.0)
    for _ in range(3):
        with tf.GradientTape() as tape:
            tape.watch(x)
            z = recorded(x, x)
        assert tape.gradient(z, x) == 7.0


def test_it_is_no_other_trace_for_tensorflow() -> None:
    recorded = tf.function(lambda x, y: x + y)
    x, y = tf.constant(1.0), tf.constant(2.0)
    assert [float(recorded(*each)) for each in [(x, y), (x, x), (y, y), (x, y)]] == [3.0, 2.0, 4.0, 3.0]
    assert recorded.experimental_get_tracing_count() == 1
    concrete = recorded.get_concrete_function(x, x)
    assert [float(concrete(x, y)), float(concrete(y, y))] == [3.0, 4.0]
