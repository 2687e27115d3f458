"""Random programs with guards, loops, variables, tapes and nested functions: eager, recorded, and their gradients."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import gradtape as tf

SIZE = 3

UNARY = [
    tf.tanh, tf.sin, tf.exp, tf.square, tf.negative, tf.nn.relu, tf.sigmoid, tf.abs, tf.math.softplus, tf.identity,
    lambda x: tf.sqrt(tf.abs(x)), lambda x: x * 2.0, lambda x: 1.0 - x, lambda x: x / 3.0, tf.transpose,
    lambda x: tf.reshape(tf.reshape(x, [-1]), [SIZE, SIZE]), lambda x: tf.reduce_sum(x, 0, keepdims=True) + x,
    lambda x: x - tf.reduce_max(x, 1, keepdims=True), tf.nn.softmax, lambda x: tf.cumsum(x, 1),
    lambda x: tf.concat([x[1:], x[:1]], 0), lambda x: tf.stack(tf.unstack(x)[::-1]), lambda x: tf.gather(x, [2, 0, 2]),
    lambda x: tf.clip_by_value(x, -1.0, 1.0), tf.stop_gradient, lambda x: x**3, lambda x: tf.reduce_mean(x) + x * 0.0,
    lambda x: tf.vectorized_map(lambda row: row * tf.reduce_sum(row), x), lambda x: tf.where(x > 0.0, tf.sqrt(x), x),
]  # fmt: skip
BINARY = [
    tf.add, tf.subtract, tf.multiply, tf.matmul, tf.maximum, tf.minimum, lambda x, y: x / (1.0 + y * y),
    lambda x, y: tf.where(x > y, x, y * 0.5), lambda x, y: tf.matmul(x, y, transpose_b=True),
    tf.math.squared_difference, lambda x, y: x[0] * y, lambda x, y: tf.einsum("ij,kj->ik", x, y),
]  # fmt: skip

step = st.one_of(
    st.tuples(st.just("unary"), st.integers(0, len(UNARY) - 1), st.integers(0, 99)),
    st.tuples(st.just("binary"), st.integers(0, len(BINARY) - 1), st.integers(0, 99), st.integers(0, 99)),
    st.tuples(st.just("read"), st.integers(0, 1)),
    st.tuples(st.just("assign"), st.integers(0, 1), st.integers(0, 99)),
    st.tuples(st.just("sign"), st.integers(0, 99)),
)
block = st.recursive(
    st.lists(step, min_size=2, max_size=12),
    lambda inner: st.lists(
        st.one_of(
            step,
            st.tuples(st.just("if"), st.integers(0, 99), inner, inner),
            st.tuples(st.just("while"), st.integers(0, 99), inner),
            st.tuples(st.just("tape"), st.integers(0, 99), inner),
            st.tuples(st.just("call"), inner),
        ),
        min_size=2,
        max_size=8,
    ),
    max_leaves=40,
)


def bounded(x):
    """Keeps numbers from growing without end."""
    return tf.tanh(x) * 2.0


def run(program, values, variables, around):
    """Runs a program; returns its last value. Functions that it calls are made by `around`."""
    values = list(values)
    for kind, *rest in program:
        if kind == "unary":
            values.append(UNARY[rest[0]](values[rest[1] % len(values)]))
        elif kind == "binary":
            values.append(BINARY[rest[0]](values[rest[1] % len(values)], values[rest[2] % len(values)]))
        elif kind == "read":
            values.append(variables[rest[0]] * 1.5)
        elif kind == "assign":
            variables[rest[0]].assign(bounded(values[rest[1] % len(values)]))
        elif kind == "sign":
            values.append(bounded(values[-1]) * (1.0 if tf.reduce_sum(values[rest[0] % len(values)]) > 0 else -1.0))
        elif kind == "if":
            chosen = rest[1] if tf.reduce_mean(values[rest[0] % len(values)]) > 0.1 else rest[2]
            values.append(run(chosen, values, variables, around))
        elif kind == "while":
            x = bounded(values[rest[0] % len(values)])
            rounds = 0
            while tf.reduce_sum(x * x) < 4.0 and rounds < 3:
                x = x * 1.7 + 0.1 * bounded(run(rest[1], [*values, x], variables, around))
                rounds += 1
            values.append(x)
        elif kind == "tape":
            x = values[rest[0] % len(values)]
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = run(rest[1], [*values, x], variables, around)
            g = tape.gradient(y, x)
            values.append(y if g is None else bounded(g))
        elif kind == "call":
            known = tuple(values)
            values.append(
                around(lambda x, body=rest[0], known=known: run(body, [*known, x], variables, around))(known[-1])
            )
        values[-1] = bounded(values[-1])
    return values[-1]


def made(program, recorded, dtype=np.float32):
    variables = [tf.Variable(np.full((SIZE, SIZE), 0.3, dtype)), tf.Variable(np.eye(SIZE, dtype=dtype))]

    def function(x, y):
        return run(program, [x, y], variables, tf.function if recorded else lambda f: f)

    return (tf.function(function) if recorded else function), variables


def same(one, other, tolerance=0.0):
    for a, b in zip(tf.nest.flatten(one), tf.nest.flatten(other), strict=True):
        assert (a is None) == (b is None)
        if a is not None:
            assert type(a) is type(b)
            a, b = tf.convert_to_tensor(a).numpy(), tf.convert_to_tensor(b).numpy()
            np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


def inputs(seed, dtype=np.float32, calls=5):
    rng = np.random.default_rng(seed)
    pairs = [rng.normal(size=(2, SIZE, SIZE)).astype(dtype) for _ in range(calls)]
    # The first ones come again: what has been recorded is replayed.
    return [tuple(map(tf.constant, pair)) for pair in pairs + pairs[:2]]


LIMITS = settings(
    max_examples=30,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@LIMITS
@given(block, st.integers(0, 10**6))
def test_replays_are_runs(program, seed):
    plain, plain_variables = made(program, False)
    compiled, variables = made(program, True)
    for x, y in inputs(seed):
        same(compiled(x, y), plain(x, y))
        same(variables, plain_variables)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@LIMITS
@given(block, st.integers(0, 10**6))
def test_gradients_of_replays_are_those_of_runs(program, seed):
    results = []
    for recorded in (False, True):
        function, variables = made(program, recorded, np.float64)
        found = []
        for x, y in inputs(seed, np.float64):
            with tf.GradientTape() as tape:
                tape.watch(x)
                z = function(x, y)
            found += [z, *tape.gradient(z, [x, y, *variables]), *[each.value() for each in variables]]
        results.append(found)
    # Cotangents of a variable that is read at several places are added in another order.
    same(*results, tolerance=1e-7)
