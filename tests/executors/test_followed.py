"""Calls of recorded functions that tapes and other interpreters follow: the same derivatives as without recording."""

import numpy as np
import pytest

import gradtape as tf

RNG = np.random.default_rng(5)
W = tf.Variable(RNG.normal(size=(2, 3)).astype(np.float32))
B = tf.Variable([0.1, 0.2, -0.3])


def network(x, y):
    h = tf.tanh(tf.matmul(x, W) + B)
    if tf.reduce_sum(h) > 0:
        h = h * 2.0
    return tf.reduce_mean((h - y) ** 2), h


def pair():
    return tf.constant(RNG.normal(size=(4, 2)).astype(np.float32)), tf.constant(
        RNG.normal(size=(4, 3)).astype(np.float32)
    )


def assert_same(one, other):
    for a, b in zip(tf.nest.flatten(one), tf.nest.flatten(other), strict=True):
        assert (a is None) == (b is None)
        if a is not None:
            np.testing.assert_array_equal(tf.convert_to_tensor(a).numpy(), tf.convert_to_tensor(b).numpy())


def gradient(f, x, y):
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss, h = f(x, y)
        total = loss * 2.0 + tf.reduce_sum(h)
    return tape.gradient(total, [W, B, x, y])


def only_one_result(f, x, y):
    with tf.GradientTape() as tape:
        loss, _ = f(x, y)
    return tape.gradient(loss, [W, x])


def both_results(f, x, y):
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        loss, h = f(x, y)
    return tape.gradient(loss, x), tape.gradient(h, [x, B]), tape.gradient([loss, h], W)


def jacobian(f, x, y):
    with tf.GradientTape() as tape:
        _, h = f(x, y)
    return tape.jacobian(h, W)


def second(f, x, y):
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            loss, _ = f(x, y)
        g = inner.gradient(loss, x)
    return outer.gradient(g, [x, W])


def second_by_one_tape(f, x, y):
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        loss, _ = f(x, y)
        g = tape.gradient(loss, x)
    return tape.gradient(g, [x, W])


def forwards(f, x, y):
    with tf.autodiff.ForwardAccumulator([x, B], [tf.ones_like(x), tf.ones_like(B)]) as accumulator:
        loss, h = f(x, y)
    return accumulator.jvp([loss, h])


def forwards_over_back(f, x, y):
    with tf.autodiff.ForwardAccumulator(x, tf.ones_like(x)) as accumulator:
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss, _ = f(x, y)
        g = tape.gradient(loss, x)
    return accumulator.jvp(g)


MODES = [
    gradient, only_one_result, both_results, jacobian, second, second_by_one_tape, forwards, forwards_over_back,
]  # fmt: skip


@pytest.mark.parametrize("mode", MODES)
def test_derivatives_are_those_of_the_function(mode):
    compiled = tf.function(network)
    for _ in range(5):
        x, y = pair()
        assert_same(mode(compiled, x, y), mode(network, x, y))


def test_modes_share_a_recording():
    compiled = tf.function(network)
    for mode in MODES * 2:
        x, y = pair()
        assert_same(mode(compiled, x, y), mode(network, x, y))
    assert compiled.experimental_get_tracing_count() == 1


def test_the_way_back_is_recorded_once_and_python_runs_once():
    runs = []

    @tf.function
    def f(x):
        runs.append(1)
        return tf.reduce_sum(tf.sin(x) * x)

    x = tf.constant([1.0, 2.0])
    for _ in range(5):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = f(x)
        g = tape.gradient(y, x)
    np.testing.assert_allclose(g.numpy(), np.cos([1, 2]) * [1, 2] + np.sin([1, 2]), rtol=1e-6)
    assert len(runs) == 1


def test_variables_that_are_assigned():
    v, w = tf.Variable(3.0), tf.Variable(3.0)

    def make(v):
        def f(x):
            before = v * x
            v.assign_add(x)
            return before * v

        return f

    compiled, plain = tf.function(make(v)), make(w)
    for k in range(4):
        x = tf.constant(float(k + 1))
        results = []
        for f, variable in ((compiled, v), (plain, w)):
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = f(x)
            results.append([y, *tape.gradient(y, [x, variable]), variable.value()])
        assert_same(*results)


def test_a_gradient_of_the_users_own_counts():
    @tf.custom_gradient
    def clipped(x):
        y = x * 2.0
        return y, lambda g: tf.clip_by_value(g, -0.5, 0.5) * y

    def f(x):
        return tf.reduce_sum(clipped(x) ** 2)

    for warm in (False, True):
        compiled = tf.function(f)
        if warm:
            compiled(tf.constant([1.0, 2.0]))
        for k in range(3):
            x = tf.constant([1.0, 2.0 + k])
            for mode in (gradient_of, hessian_of):
                assert_same(mode(compiled, x), mode(f, x))


def gradient_of(f, x):
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    return tape.gradient(y, x)


def hessian_of(f, x):
    with tf.GradientTape() as outer:
        outer.watch(x)
        g = gradient_of(f, x)
    return outer.jacobian(g, x)


def test_zeros_absorb_infinite_derivatives():
    compiled = tf.function(lambda x: tf.where(x > 0, tf.sqrt(x), 0.0 * x))
    for values in ([1.0, 4.0], [1.0, -1.0], [0.0, 1.0]):
        x = tf.constant(values)
        assert_same(gradient_of(compiled, x), gradient_of(compiled.python_function, x))


def test_rows_of_a_lookup_stay_rows():
    table = tf.Variable(tf.ones((5, 2)))
    compiled = tf.function(lambda i: tf.gather(table, i) * 2.0)
    for indices in ([1, 1], [0, 4], [2, 3]):
        with tf.GradientTape() as tape:
            y = compiled(tf.constant(indices))
        g = tape.gradient(y, table)
        assert isinstance(g, tf.IndexedSlices)
        assert g.indices.numpy().tolist() == indices


def test_a_followed_function_calls_another():
    inner = tf.function(lambda x: x * x)
    outer = tf.function(lambda x: inner(x) * inner(x + 1.0))
    for k in range(3):
        x = tf.constant([1.0 + k])
        assert_same(gradient_of(outer, x), [4.0 * x**3 + 6.0 * x**2 + 2.0 * x])


def test_batches_and_series_go_through():
    def f(x):
        return tf.sin(x) * x

    compiled = tf.function(f)
    for k in range(3):
        x = tf.constant([0.5, 1.0 + k], tf.float64)
        assert_same(tf.vectorized_map(compiled, x), tf.vectorized_map(f, x))
        assert_same(compiled(x), f(x))
        assert_same(tf.autodiff.taylor(compiled, x[1], 3), tf.autodiff.taylor(f, x[1], 3))
        assert_same(tf.autodiff.hessian(compiled, x[0]), tf.autodiff.hessian(f, x[0]))


def test_integers_and_what_is_not_followed():
    compiled = tf.function(lambda x, n: (x * tf.cast(n, tf.float32), n + 1))
    for k in range(3):
        x, n = tf.constant([2.0]), tf.constant(k)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y, m = compiled(x, n)
        assert m.numpy() == k + 1
        assert tape.gradient(y, [x, n])[0].numpy() == k
        with tf.GradientTape() as tape:
            y, m = compiled(x, n)
        assert tape.gradient(y, x) is None


def test_tensors_from_outside_have_gradients():
    x = tf.constant(3.0)
    alone, beside = tf.function(lambda: x * x * 2.0), tf.function(lambda y: x * x * y)
    for _ in range(3):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = alone() + beside(tf.constant(2.0))
        assert tape.gradient(y, x).numpy() == 24.0
        assert alone().numpy() == 18.0
