"""Forward mode: tangents beside values, under and over tapes."""

import numpy as np
import pytest

import gradtape as tf

Accumulator = tf.autodiff.ForwardAccumulator


def cube(x):
    return x * x * x


def test_a_product() -> None:
    x = tf.constant(3.0)
    with Accumulator(x, 1.0) as acc:
        y = x * x
    assert float(acc.jvp(y)) == 6.0
    assert float(acc.jvp(x)) == 1.0
    assert acc.jvp(tf.constant(2.0)) is None
    assert float(acc.jvp(tf.constant(2.0), unconnected_gradients="zero")) == 0.0


def test_structures_and_variables() -> None:
    x, v = tf.constant([1.0, 2.0]), tf.Variable([3.0, 4.0])
    with Accumulator({"x": x, "v": [v]}, {"x": tf.constant([1.0, 0.0]), "v": [tf.constant([0.0, 1.0])]}) as acc:
        y = tf.reduce_sum(x * v)
        v.assign([5.0, 6.0])
        z = tf.reduce_sum(x * v)
    assert [float(each) for each in acc.jvp([y, z])] == [5.0, 7.0]
    np.testing.assert_array_equal(acc.jvp(v), [0.0, 1.0])


def test_it_goes_on_when_entered_again_and_not_in_between() -> None:
    x = tf.constant(3.0)
    acc = Accumulator(x, 1.0)
    with acc:
        y = x * x
    outside = y * x
    with acc:
        z = y * x
        with pytest.raises(ValueError, match="already recording"), acc:
            pass
    assert acc.jvp(outside) is None
    assert float(acc.jvp(z)) == 27.0


def test_forward_over_forward() -> None:
    x = tf.constant(3.0)
    with Accumulator(x, 1.0) as outer, Accumulator(x, 1.0) as inner:
        y = cube(x)
    assert [float(each) for each in (inner.jvp(y), outer.jvp(y), outer.jvp(inner.jvp(y)))] == [27.0, 27.0, 18.0]


def test_forward_over_reverse() -> None:
    x = tf.constant([1.0, 2.0])
    with Accumulator(x, tf.constant([1.0, 10.0])) as acc:
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.reduce_sum(tf.exp(x) * x)
        g = tape.gradient(y, x)
    np.testing.assert_allclose(acc.jvp(g), np.exp([1.0, 2.0]) * [3.0, 40.0], rtol=1e-6)


@pytest.mark.parametrize("inside", [True, False])
def test_reverse_over_forward(inside: bool) -> None:
    x = tf.constant(3.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        with Accumulator(x, 1.0) as acc:
            y = cube(x)
        product = acc.jvp(y) if inside else None
    product = product if inside else acc.jvp(y)
    assert float(tape.gradient(product, x)) == 18.0


def test_integers_do_not_move() -> None:
    i, x = tf.constant(2), tf.constant(2.5)
    with Accumulator([i, x], [tf.constant(1), tf.constant(1.0)]) as acc:
        y = i * i
        z = tf.floor(x) + tf.cast(tf.cast(x, tf.int32), tf.float32)
    assert acc.jvp([y, z]) == [None, None]


def test_several_results_and_lists() -> None:
    x = tf.constant([1.0, 2.0, 3.0])
    with Accumulator(x, tf.constant([1.0, 10.0, 100.0])) as acc:
        a, b, _ = tf.unstack(x)
        y = tf.stack([a * b, tf.constant(1.0)])
    np.testing.assert_array_equal(acc.jvp(y), [12.0, 0.0])


@pytest.mark.parametrize(
    ("primals", "tangents", "words"),
    [
        (lambda x: [x], lambda: tf.constant(1.0), "structure"),
        (lambda x: [x, x], lambda: [tf.constant(1.0)] * 2, "multiple times"),
        (lambda x: x, lambda: tf.constant(1.0, tf.float64), "float64"),
        (lambda x: x, lambda: tf.constant([1.0, 2.0]), r"\[2\]"),
    ],
)
def test_bad_input(primals, tangents, words: str) -> None:
    x = tf.constant(3.0)
    with pytest.raises(ValueError, match=words):
        Accumulator(primals(x), tangents())
    with pytest.raises(TypeError, match="primal"):
        Accumulator(3.0, 1.0)
    with Accumulator(x, 1.0) as acc:
        y = x * x
    with pytest.raises(TypeError, match="primal"):
        acc.jvp(3.0)
    assert float(acc.jvp(y)) == 6.0


def test_an_error_inside_leaves_nothing_behind() -> None:
    x = tf.constant(3.0)
    with pytest.raises(tf.errors.InvalidArgumentError), Accumulator(x, 1.0):
        _ = tf.exp(x) + tf.constant(1)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
    assert float(tape.gradient(y, x)) == 6.0


def test_a_custom_gradient_s_tangent_is_that_of_its_operations() -> None:
    f = tf.custom_gradient(lambda x: (x * x, lambda g: g * 100.0))
    x = tf.constant(3.0)
    with Accumulator(x, 1.0) as acc:
        y = f(x)
    assert float(acc.jvp(y)) == 6.0
