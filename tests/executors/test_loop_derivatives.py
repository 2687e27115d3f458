"""Derivatives of loops of recorded functions: those that they have without recording, as loops where they can be."""

import gc
import tracemalloc

import numpy as np
import pytest

import gradtape as tf
from tests.executors.looped import (
    LOOPS,
    RNG,
    Recording,
    for_rows,
    gradient_of,
    jacobian_of,
    mapped,
    network,
    tangent_of,
    total,
)


@pytest.mark.parametrize("f", LOOPS)
def test_gradients_inside_are_one_step_more(f):
    recording = Recording(gradient_of(f))
    for count in (2, 4, 0, 1):
        recording.compare(RNG.normal(size=3), count, exact=False)
    assert recording.trace.recordings == 1
    assert recording.names().count("loop") == recording.names().count("loop_back") == 1


@pytest.mark.parametrize("f", LOOPS)
@pytest.mark.parametrize(
    "derivative",
    [
        lambda f: gradient_of(gradient_of(f)), tangent_of, lambda f: tangent_of(gradient_of(f)), jacobian_of, for_rows,
        lambda f: gradient_of(tangent_of(f)), lambda f: gradient_of(for_rows(f)),
    ],
    ids=["second", "forward", "forward_over_reverse", "jacobian", "rows", "reverse_over_forward", "reverse_over_rows"],
)  # fmt: skip
def test_derivatives_of_all_kinds_are_those_without_recording(f, derivative):
    recording = Recording(derivative(f))
    for count in (2, 3, 0, 1, 2):
        recording.compare(RNG.normal(size=3) * 0.5, count, exact=False)
    assert recording.trace.eager is None


def test_what_no_turn_depends_on_has_no_gradient():
    def function(x, n):
        z, y = x * 2.0, x * 1.0
        with tf.GradientTape() as tape:
            tape.watch([x, y, z])
            body = lambda i, u: (i + 1, u * y + tf.stop_gradient(z))
            u = tf.while_loop(lambda i, u: i < n, body, (tf.constant(0), x))[1]
        dx, dy, dz = tape.gradient(u, [x, y, z])
        assert dz is None
        return dx, dy

    recording = Recording(function)
    for count in (2, 3, 1):
        recording.compare(RNG.normal(size=3), count, exact=False)
    assert recording.names().count("loop_back") == 1


def test_what_no_turn_has_used_has_the_gradient_zero():
    def function(x, n):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.while_loop(lambda i, y: i < n, lambda i, y: (i + 1, y * x), (tf.constant(0), tf.ones(3, tf.float64)))
        return tape.gradient(y[1], x)

    recorded = tf.function(function)
    for count in (2, 0):
        x, n = tf.constant(RNG.normal(size=3)), tf.constant(count)
        np.testing.assert_allclose(recorded(x, n), 2.0 * x if count else tf.zeros(3))


def test_the_third_derivative():
    recording = Recording(gradient_of(gradient_of(gradient_of(mapped))))
    for _ in range(3):
        recording.compare(RNG.normal(size=3) * 0.3, 0, exact=False)
    assert recording.trace.recordings == 1


@pytest.mark.parametrize("f", LOOPS)
def test_tapes_around_a_function_with_a_loop(f):
    function = tf.function(f)
    for count in (2, 4, 0, 1, 3):
        x = tf.constant(RNG.normal(size=3))
        n = tf.constant(count)
        np.testing.assert_allclose(gradient_of(function)(x, n), gradient_of(f)(x, n), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("derivative", [jacobian_of, tangent_of, for_rows, lambda f: gradient_of(gradient_of(f))])
def test_other_derivatives_around_a_function_with_a_loop(derivative):
    function = tf.function(network)
    for count in (2, 0, 3):
        x, n = tf.constant(RNG.normal(size=3)), tf.constant(count)
        for one, other in zip(
            tf.nest.flatten(derivative(network)(x, n)), tf.nest.flatten(derivative(function)(x, n)), strict=True
        ):
            np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-14)


def test_a_guard_holds_in_a_loop_whose_values_are_kept():
    def function(x, n):
        body = lambda i, y: (i + 1, y * y if tf.reduce_all(y < 20.0) else y - 1.0)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.while_loop(lambda i, y: i < n, body, (tf.constant(0), x))[1]
        return tape.gradient(y, x)

    recording = Recording(function)
    for value, count in ((1.5, 2), (1.5, 4), (30.0, 3), (1.5, 2)):
        recording.compare(value, count)


def test_gradients_inside_of_a_turn():
    def function(x, n):
        def body(i, y):
            with tf.GradientTape() as tape:
                tape.watch(y)
                loss = tf.reduce_sum((y * y - x) ** 2)
            return i + 1, y - 0.01 * tape.gradient(loss, y)

        return tf.while_loop(lambda i, y: i < n, body, (tf.constant(0), x + 1.0))[1]

    recording = Recording(function)
    for count in (3, 50, 0):
        recording.compare([1.0, 3.0], count)
    assert recording.trace.recordings == 1
    derivative = Recording(gradient_of(function))
    for count in (3, 10, 0):
        derivative.compare(np.array([1.0, 3.0]), count, exact=False)


def test_gradients_of_the_users_own_inside_of_a_turn():
    @tf.custom_gradient
    def tripled(x):
        return tf.exp(x), lambda g: g * 3.0

    def function(x, n):
        body = lambda i, y: (i + 1, tripled(y) * tf.recompute_grad(lambda z: tf.sin(z) * x)(y))
        return tf.while_loop(lambda i, y: i < n, body, (tf.constant(0), x))[1]

    recording = Recording(gradient_of(function))
    for count in (2, 3, 0, 2):
        recording.compare(RNG.normal(size=3) * 0.1, count, exact=False)
    recorded = tf.function(function)
    for count in (2, 2, 3, 2):
        x, n = tf.constant(RNG.normal(size=3) * 0.1), tf.constant(count)
        np.testing.assert_allclose(gradient_of(recorded)(x, n), gradient_of(function)(x, n), rtol=1e-12)


def test_nan_in_a_gradient_through_a_loop_is_left_out_as_without_recording():
    def function(x, n):
        body = lambda i, y: (i + 1, tf.where(y > 0.0, tf.sqrt(y), 0.0 * y))
        return tf.while_loop(lambda i, y: i < n, body, (tf.constant(0), x))[1]

    recording = Recording(gradient_of(function))
    for value in ([1.0, 2.0], [0.0, 2.0], [3.0, 2.0], [0.0, 1.0]):
        recording.compare(value, 2, exact=False)


def test_gradients_of_complex_loops():
    def function(x, n):
        y = tf.while_loop(lambda i, y: i < n, lambda i, y: (i + 1, y * y + x), (tf.constant(0), x))[1]
        return tf.math.real(y) * tf.math.imag(y)

    recording = Recording(gradient_of(function))
    for count in (3, 0, 2):
        recording.compare(np.complex128(0.5 + 0.2j), count, exact=False)
    assert recording.trace.recordings == 1


def test_nothing_is_kept_of_replays():
    x = tf.constant(RNG.normal(size=(1000,)))
    recorded = tf.function(gradient_of(lambda x, n: tf.scan(lambda h, e: h * e, tf.reshape(x, (10, 100)))))
    for _ in range(3):
        recorded(x, tf.constant(0))
    gc.collect()
    tracemalloc.start()
    for _ in range(20):
        recorded(x, tf.constant(0))
    gc.collect()
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 20_000


def test_a_turn_that_watches_what_it_also_takes_from_around():
    def function(x, n):
        def body(i, y):
            with tf.GradientTape() as tape:
                tape.watch(y)
                loss = tf.reduce_sum((y * y - x) ** 2)
            return i + 1, y - 0.01 * tape.gradient(loss, y)

        return tf.while_loop(lambda i, y: i < n, body, (tf.constant(0), x))[1]

    recording = Recording(function)
    for count in (3, 2, 3):
        recording.compare([1.0, 2.0], count)


@pytest.mark.parametrize("f", LOOPS)
def test_what_a_call_has_kept_is_its_own(f):
    function = tf.function(lambda x, n: total(f(x + 1.0, n)))
    n, pairs = tf.constant(3), []
    for _ in range(5):
        x = tf.constant(RNG.normal(size=3) * 0.3)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = function(x, n)
        pairs.append((tape, x, y))
    for tape, x, y in pairs:
        np.testing.assert_array_equal(y, total(f(x + 1.0, n)))
        np.testing.assert_allclose(tape.gradient(y, x), gradient_of(lambda x, n: f(x + 1.0, n))(x, n), rtol=1e-12)
