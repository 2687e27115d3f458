"""All passes together: the same bits for random programs and for gradients, with fewer steps."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gradtape as tf
from gradtape._core.op import OPS
from gradtape._executors.passes import PASSES, optimized
from gradtape._executors.program import check
from tests.executors.passed import SPECIAL, agree, names, passed, recorded, with_branches

SIZE = 3
NUMBERS = (0.0, -0.0, 1.0, -1.0, 2.0)
KEYS = (
    0,
    -1,
    (1, 1),
    slice(1, None),
    slice(None, -1),
    (slice(None), 1),
    (slice(None), slice(None, None, -1)),
    (1, slice(2)),
)


def fitted(x):
    """Returns a tensor in the form of all values of a random program: of each what is there, and zeros."""
    flat = tf.reshape(x, [-1])[: SIZE * SIZE]
    return tf.reshape(tf.pad(flat, [[0, SIZE * SIZE - flat.shape[0]]]), [SIZE, SIZE])


def filled(number):
    return tf.fill([SIZE, SIZE], np.float32(number))


UNARY = [
    tf.negative, tf.square, tf.abs, tf.identity, tf.stop_gradient, tf.transpose, tf.nn.relu, tf.math.conj,
    tf.zeros_like, tf.ones_like, lambda x: tf.cast(x, tf.float32), lambda x: tf.reshape(tf.reshape(x, [9]), [3, 3]),
    lambda x: tf.concat(tf.split(x, 3, 1), 1), lambda x: tf.stack(tf.unstack(x)[::-1]),
    lambda x: tf.stack(tf.unstack(x, axis=1)),
    lambda x: tf.reverse(x, [0]), lambda x: tf.roll(x, 1, 1), lambda x: fitted(tf.pad(x, [[1, 0], [0, 1]])[1:]),
    lambda x: tf.broadcast_to(x[:1], [3, 3]), lambda x: tf.squeeze(tf.expand_dims(x, 1), 1), lambda x: x * x,
    lambda x: tf.add_n(tf.unstack(tf.concat([x, x], 0))) + x,
    lambda x: sum(tf.unstack(tf.concat([x, -x], 0)), tf.ones(3)) + x,
    lambda x: tf.stack([row * 2.0 - x[0] for row in tf.unstack(x)]), lambda x: tf.where(x > 0.0, x, filled(-0.0)),
    lambda x: fitted(tf.concat([x[k, : k + 1] for k in range(3)], 0)), lambda x: tf.where(filled(1.0) > 0.0, x, -x),
    lambda x: tf.reduce_sum(x, 0, keepdims=True) + tf.zeros([3, 1]),
]  # fmt: skip
BINARY = [
    tf.add, tf.subtract, tf.multiply, tf.divide, tf.maximum, tf.matmul, lambda x, y: tf.matmul(tf.transpose(x), y),
    lambda x, y: tf.matmul(x, y, transpose_b=True), lambda x, y: x - (-y), lambda x, y: x * -y + x,
    lambda x, y: tf.where(x > y, x, y), lambda x, y: fitted(tf.concat([x[1:], y[:1]], 0)), lambda x, y: x + y[:1],
    lambda x, y: tf.broadcast_to(x[0], [3, 3]) * y,
]  # fmt: skip

place = st.integers(0, 20)
part = st.tuples(st.integers(0, len(KEYS) - 1), place)
step = st.one_of(
    st.tuples(st.just("unary"), st.integers(0, len(UNARY) - 1), place),
    st.tuples(st.just("binary"), st.integers(0, len(BINARY) - 1), place, place),
    st.tuples(st.just("number"), st.integers(0, 3), st.sampled_from(NUMBERS), place),
    st.tuples(st.just("parts"), st.lists(part, min_size=1, max_size=5), place),
    st.tuples(st.just("parts"), st.lists(part, min_size=2, max_size=5)),
    st.tuples(st.just("question"), st.integers(0, 2), place, st.integers(0, len(UNARY) - 1)),
)


def value_of(values, kind, first, *rest):
    """Returns the next value of a random program."""

    def at(number):
        return values[number % len(values)]

    if kind == "unary":
        return UNARY[first](at(rest[0]))
    if kind == "binary":
        return BINARY[first](at(rest[0]), at(rest[1]))
    if kind == "number":
        x, other = at(rest[1]), filled(rest[0])
        return (x + other, x - other, x * other, x / other)[first]
    if kind == "parts":
        total = at(rest[0]) if rest else None
        for key, number in first:
            part = OPS["place"].function(at(number)[KEYS[key]], KEYS[key], (SIZE, SIZE))
            total = part if total is None else total + part
        return total
    x = at(rest[0])
    asked = (x[0, 0] > 0.0, tf.reduce_any(tf.math.is_nan(x)), tf.reduce_all(x[0] == x[1]))[first]
    return UNARY[rest[1]](x) if asked else x + 1.0


def program_of(steps, results):
    def function(x, y):
        values = [x, y]
        for each in steps:
            values.append(value_of(values, *each))
        return [values[number % len(values)] for number in results]

    return function


numbers = st.sampled_from([*SPECIAL.tolist(), 0.5, -2.0, 3.25])
matrix = st.lists(numbers, min_size=9, max_size=9).map(lambda each: np.array(each, np.float32).reshape(3, 3))


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    st.lists(step, min_size=2, max_size=14),
    st.lists(place, min_size=1, max_size=4),
    st.lists(st.tuples(matrix, matrix), min_size=1, max_size=4),
)
def test_random_programs_keep_their_bits(steps, results, calls):
    function = program_of(steps, results)
    with np.errstate(all="ignore"):
        before = with_branches(function, *calls)
        after = before
        for each in PASSES:
            after = check(each(after))
    agree(before, after, *calls)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.lists(step, min_size=2, max_size=8), st.lists(st.tuples(matrix, matrix), min_size=1, max_size=2))
def test_gradients_of_random_programs_keep_their_bits(steps, calls):
    function = program_of(steps, [-1])

    def gradient(x, y):
        with tf.GradientTape() as tape:
            tape.watch([x, y])
            (z,) = function(x, y)
        return tape.gradient(z, [x, y], unconnected_gradients="zero")

    with np.errstate(all="ignore"):
        before = with_branches(gradient, *calls)
        after = check(optimized(before))
    agree(before, after, *calls)


def lengths(function, *arrays):
    """Returns how many steps a function has before the passes and after them."""
    return len(recorded(function, *arrays).records), len(passed(PASSES, function, arrays).records)


def test_the_cotangents_of_a_triangle_of_slices_are_a_few_steps():
    def function(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            parts = [(row, k) for row in range(6) for k in range(6)]
            columns = [tf.concat([tf.zeros(k), x[row, k * 6 : k * 6 + 6 - k]], 0) for row, k in parts]
            y = tf.reduce_sum(tf.square(tf.stack(columns, -1)))
        return [y, tape.gradient(y, x)]

    before, after = lengths(function, np.arange(216.0, dtype=np.float32).reshape(6, 36))
    assert before > 150
    assert after < 20


def test_a_recurrence_loses_what_is_the_same_in_each_step():
    def function(x, w):
        with tf.GradientTape() as tape:
            tape.watch(w)
            state = tf.zeros([2, 4])
            for row in range(5):
                state = tf.tanh(tf.matmul(x[row], tf.transpose(w)) + tf.matmul(state, tf.transpose(w)) * 1.0)
            y = tf.reduce_sum(state)
        return tape.gradient(y, w)

    program = passed(PASSES, function, [np.ones((5, 2, 4), np.float32), np.eye(4, dtype=np.float32)])
    assert "transpose" not in names(program)[: names(program).index("square")]


def test_the_program_that_is_given_stays_as_it_was():
    program = recorded(lambda x: tf.exp(x) * 1.0 + tf.exp(x), SPECIAL)
    text = str(program)
    optimized(program)
    assert str(program) == text


def test_passes_do_not_mind_texts_and_integers():
    def function(x, n):
        return [x + x, n * 1 + 0, n // 1, n - -n]

    passed(PASSES, function, [np.array([b"a", b"b"], object), np.array([1, -2])])


def test_effects_keep_their_order():
    variable = tf.Variable([1.0, 2.0])

    def function(x):
        variable.assign_add(x * 1.0)
        first = variable * 2.0
        variable.assign(first + -x)
        return variable + 0.0

    program = recorded(function, np.ones(2, np.float32))
    after = check(optimized(with_branches(function, [np.ones(2, np.float32)])))
    assert names(after).count("assign") == names(program).count("assign") == 2


@pytest.mark.parametrize("through", PASSES)
def test_each_pass_takes_a_program_without_steps(through):
    program = passed(through, lambda x: [x, x], [SPECIAL])
    assert names(program) == []
