"""Places where derivatives are easily wrong: what is shared by a batch, lookups, empty and saturated inputs."""

import numpy as np
import pytest

import gradtape as tf

ROWS = np.array([1.0, 2.0, 3.0])


@pytest.mark.parametrize("decorate", [lambda f: f, tf.recompute_grad], ids=["plain", "recomputed"])
def test_what_a_batch_shares_has_the_sum_of_the_gradients_once(decorate):
    """Also where the function's result does not depend on the row, of any order."""
    w = tf.Variable(np.array(5.0))
    cube = decorate(lambda a, b: b * b * b)
    with tf.GradientTape() as outer:
        with tf.GradientTape() as tape:
            y = tf.vectorized_map(lambda x: x * cube(x, w), tf.constant(ROWS))
        slope = tape.gradient(y, w)
    assert float(slope) == pytest.approx(ROWS.sum() * 3 * 25)
    assert float(outer.gradient(slope, w)) == pytest.approx(ROWS.sum() * 6 * 5)


@pytest.mark.parametrize("decorate", [lambda f: f, tf.recompute_grad], ids=["plain", "recomputed"])
def test_a_penalty_on_the_gradients_of_each_row(decorate):
    w = tf.Variable(np.array(5.0))
    layer = decorate(lambda a, b: a * b)

    def slope(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x, w)
        return tape.gradient(y, x)

    with tf.GradientTape() as tape:
        y = tf.vectorized_map(slope, tf.constant(ROWS))
    assert float(tape.gradient(y, w)) == 3.0


def test_two_results_of_which_one_is_the_same_for_all_rows():
    @tf.custom_gradient
    def both(a, b):
        return (a * b, b * b), lambda g, h: (g * b, g * a + 2.0 * h * b)

    w = tf.Variable(np.array(5.0))
    with tf.GradientTape() as tape:
        y = tf.vectorized_map(lambda x: tf.add_n(both(x, w)), tf.constant(ROWS))
    assert float(tape.gradient(y, w)) == ROWS.sum() + 3 * 2 * 5


def test_the_jacobian_of_a_lookup_s_gradient_is_in_place():
    x = tf.constant(ROWS)
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.gather(x, [2, 0, 1]) ** 3.0
        slope = tape.gradient(y, x)
    assert isinstance(slope, tf.IndexedSlices)
    np.testing.assert_allclose(outer.jacobian(slope, x), np.diag(6 * ROWS))


def test_a_lookup_by_indices_of_each_row():
    def slope(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.gather(tf.sin(x), tf.argsort(x)) * tf.constant([1.0, 10.0, 100.0], tf.float64)
        return tape.gradient(y, x)

    x = np.array([[3.0, 1.0, 2.0], [1.0, 3.0, 2.0]])
    weights = np.array([[100.0, 1.0, 10.0], [1.0, 100.0, 10.0]])
    np.testing.assert_allclose(tf.vectorized_map(slope, x), np.cos(x) * weights)


def test_tangents_of_what_is_written_into_constants():
    def written(x):
        return tf.tensor_scatter_nd_update(tf.zeros([4], tf.float64), [[1], [3]], x[:2]) * 2.0

    np.testing.assert_array_equal(tf.autodiff.jvp(written, ROWS, np.ones(3))[1], [0.0, 2.0, 0.0, 2.0])


@pytest.mark.parametrize(
    ("x", "reverse", "expected"), [([1.0, 2.0, np.nan], False, [3, 1, 0]), ([np.inf, 1.0, 2.0], True, [0, 2, 2])]
)
def test_an_element_that_no_product_uses_does_not_count(x, reverse, expected):
    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.math.cumprod(x, exclusive=True, reverse=reverse)
    np.testing.assert_array_equal(tape.gradient(y, x), expected)


def test_the_tangent_of_the_mean_of_nothing_is_0():
    empty = tf.zeros([0])
    with tf.autodiff.ForwardAccumulator(empty, empty) as accumulator:
        y = tf.reduce_mean(empty)
    assert np.isnan(y)
    assert float(accumulator.jvp(y)) == 0.0


def test_a_scan_over_rows_without_elements():
    mapped = tf.vectorized_map(lambda x: tf.math.cumulative_logsumexp(x, exclusive=True), tf.zeros([3, 0]))
    assert mapped.shape == (3, 0)


@pytest.mark.parametrize(("x", "dtype"), [([1.0, 2.0, 50.0], "float64"), ([0.0, 38.0], "float32")])
def test_a_saturated_softmax_is_no_wrong_pattern(x, dtype):
    x = np.array(x, dtype)
    dense = tf.autodiff.jacobian(tf.nn.softmax, x).numpy()
    np.testing.assert_allclose(tf.autodiff.sparse_jacobian(tf.nn.softmax, x).toarray(), dense, atol=np.finfo(dtype).eps)
    assert tf.autodiff.sparse_hessian(tf.reduce_logsumexp, x).shape == (len(x), len(x))


@pytest.mark.parametrize("count", [0, -1])
def test_no_rows_at_once(count):
    x = tf.Variable(ROWS)
    with tf.GradientTape() as tape:
        y = x * x
    with pytest.raises(ValueError, match="parallel_iterations must be a positive integer"):
        tape.jacobian(y, x, parallel_iterations=count)
    np.testing.assert_array_equal(tape.gradient(y, x), 2 * ROWS)


def test_rules_stay_linear_where_a_cotangent_is_0():
    """Second derivatives at a point where the first cotangent vanishes."""
    for function, second in (
        (lambda x: x * tf.sqrt(1.0 + x), 1.0),
        (lambda x: tf.sqrt(1.0 + x * x), 1.0),
        (lambda x: x * tf.math.xlogy(1.0 + x, 2.0 + x), 2 * np.log(2) + 1.0),
        (lambda x: x * tf.math.xdivy(1.0 + x, 2.0 + x), 0.5),
    ):
        np.testing.assert_allclose(tf.autodiff.hessian(function, np.array(0.0)), second, rtol=1e-14)


@pytest.mark.parametrize(
    ("function", "x"),
    [
        (lambda x: tf.reduce_sum(tf.nn.softmax(x)), np.array([1.0, 2.0, 3.0])),
        (lambda x: tf.sin(x) ** 2 + tf.cos(x) ** 2, np.array([-1.2, 0.4, 0.9])),
        (lambda x: tf.tanh(3.0 * x), np.array([1.0, 2.0, 3.0], np.float32)),
        (lambda x: tf.sigmoid(10.0 * x), np.array([1.0, 2.0, 3.0])),
    ],
)
def test_what_rounding_leaves_of_terms_that_cancel_is_no_error(function, x):
    assert tf.autodiff.check(function, x)
