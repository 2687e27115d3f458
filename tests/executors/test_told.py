"""Calls that one tape follows take the short way: the same gradients, told without anything made for them."""

import numpy as np
import pytest

import gradtape as tf
from gradtape._executors import told
from gradtape._executors.traces import Trace

GENERATOR = np.random.default_rng(3)
TABLE = tf.Variable(GENERATOR.normal(size=(4, 3)).astype(np.float32))
WEIGHT = tf.Variable(GENERATOR.normal(size=(3, 3)).astype(np.float32))
STEPS = tf.Variable(2)


def lookup(x):
    return tf.gather(TABLE, [0, 2, 2]) * x


def lookup_alone(x):
    return tf.gather(TABLE, [3, 0, 3])


def both(x):
    y = tf.matmul(x, WEIGHT)
    return {"first": y * y, "count": tf.size(y), "second": [tf.sin(y), None]}


def argument_itself(x):
    return x, x * 2.0, x


def from_variable_alone(x):
    return WEIGHT * 3.0


def whole_numbers(x):
    return x * tf.cast(STEPS, tf.float32)


def cut(x):
    return tf.stop_gradient(x) * x + tf.round(x)


def chosen(x):
    return x * x if tf.reduce_sum(x) > 0.0 else tf.matmul(x, WEIGHT)


def in_half(x):
    return tf.cast(tf.cast(x, tf.bfloat16) * 2.0, tf.float32)


def with_nan(x):
    return tf.where(x > 0.0, tf.sqrt(x), 0.0)


def nothing_to_follow(x):
    return tf.argmax(x, axis=1)


def complex_numbers(x):
    return tf.math.real(tf.signal.fft(tf.cast(x, tf.complex64)) ** 2)


BODIES = [
    lookup, lookup_alone, both, argument_itself, from_variable_alone, whole_numbers, cut, chosen, in_half, with_nan,
    nothing_to_follow, complex_numbers,
]  # fmt: skip


def total(found):
    parts = [each for each in tf.nest.flatten(found) if each is not None and each.dtype.is_floating]
    return [tf.reduce_sum(part * float(k + 1)) for k, part in enumerate(parts)]


def of_all(function, x):
    with tf.GradientTape() as tape:
        tape.watch(x)
        found = total(function(x))
    return tape.gradient(found, [x, TABLE, WEIGHT])


def of_the_last(function, x):
    with tf.GradientTape() as tape:
        tape.watch(x)
        found = total(function(x))[-1:]
    return tape.gradient(found, [WEIGHT, x])


def of_variables(function, x):
    with tf.GradientTape() as tape:
        found = total(function(x))
    return tape.gradient(found, [TABLE, WEIGHT, x])


def between_operations(function, x):
    with tf.GradientTape() as tape:
        tape.watch(x)
        found = total(function(tf.tanh(x * 1.5)))
        loss = tf.add_n(found) * tf.reduce_sum(WEIGHT) if found else tf.reduce_sum(WEIGHT * x)
    return tape.gradient(loss, [x, WEIGHT])


def twice(function, x):
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        found = total(function(x)) + total(function(x * 0.5))
    return [tape.gradient(found, x), tape.gradient(found[:1], [x, WEIGHT, TABLE])]


def chosen_variables(function, x):
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(TABLE)
        found = total(function(x))
    return [*tape.gradient(found, [TABLE, WEIGHT]), [each is TABLE for each in tape.watched_variables()]]


def with_a_pause(function, x):
    with tf.GradientTape() as tape:
        tape.watch(x)
        with tape.stop_recording():
            before = total(function(x))
        found = total(function(x))
    return tape.gradient(before + found, [x, WEIGHT])


def of_a_gradient(function, x):
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        g = tape.gradient(total(function(x)), x)
    return None if g is None else tape.gradient(g, [x, WEIGHT])


def jacobian(function, x):
    with tf.GradientTape() as tape:
        tape.watch(x)
        found = [each for each in tf.nest.flatten(function(x)) if each is not None]
    return tape.jacobian(found[0], x)


def weighted(function, x):
    with tf.GradientTape() as tape:
        tape.watch(x)
        found = total(function(x))
    weights = [tf.constant(0.5 + k) for k in range(len(found))]
    return tape.gradient(found, [x, TABLE], output_gradients=weights, unconnected_gradients="zero")


MODES = [
    of_all, of_the_last, of_variables, between_operations, twice, chosen_variables, with_a_pause, of_a_gradient,
    jacobian, weighted,
]  # fmt: skip


def arrays_of(found):
    return [None if each is None else np.asarray(tf.convert_to_tensor(each)) for each in tf.nest.flatten(found)]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("body", BODIES)
def test_gradients_are_those_of_the_function(body, mode):
    function = tf.function(body)
    for _ in range(4):
        x = tf.constant(GENERATOR.normal(size=(3, 3)).astype(np.float32))
        for one, other in zip(arrays_of(mode(function, x)), arrays_of(mode(body, x)), strict=True):
            assert (one is None) == (other is None)
            if one is not None:
                np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-6)


def test_the_form_of_a_gradient_is_that_of_the_function():
    function = tf.function(lookup_alone)
    for _ in range(4):
        with tf.GradientTape() as tape:
            y = function(tf.zeros([3, 3]))
        assert isinstance(tape.gradient(y, TABLE), tf.IndexedSlices)


def test_steps_take_the_short_way(monkeypatch):
    function, x = tf.function(lambda x: tf.sin(tf.matmul(x, WEIGHT)) * x), tf.ones([3, 3])

    def step():
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = function(x)
        return tape.gradient(y, [x, WEIGHT])

    expected = [step() for _ in range(3)][-1]

    def long_way(*arguments):
        raise AssertionError

    monkeypatch.setattr(Trace, "call_followed", long_way)
    monkeypatch.setattr(told.Told, "op", property(long_way))
    for one, other in zip(step(), expected, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_missed_guard_draws_once():
    tf.random.set_seed(1)
    expected = [float(tf.random.uniform([])) for _ in range(4)]
    tf.random.set_seed(1)

    @tf.function
    def function(x):
        noise = tf.random.uniform([])
        return x * noise if x > 0.0 else x - noise

    for value, noise in zip((1.0, 1.0, -1.0, -1.0), expected, strict=True):
        x = tf.constant(value)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = function(x)
        assert float(y) == np.float32(value) * np.float32(noise) if value > 0 else np.float32(value) - np.float32(noise)
        np.testing.assert_array_equal(tape.gradient(y, x), noise if value > 0 else 1.0)
