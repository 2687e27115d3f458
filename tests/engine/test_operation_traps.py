"""Operations at their traps: where TensorFlow has no derivative or no right one to compare with."""

import warnings

import numpy as np
import pytest

import gradtape as tf


def derivatives(function, x):
    """Returns the gradient of a sum, and the gradient of the sum of that."""
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = function(x)
        first = tape.gradient(y, x)
    return first, outer.gradient(first, x)


@pytest.mark.parametrize("rows", [[0.0, 2.0, 3.0], [0.0, 0.0, 3.0], [0.0, 0.0, 0.0], [2.0, -1.0, 3.0]])
def test_the_hessian_of_a_product_of_a_segment_is_that_of_a_product(rows):
    x = tf.constant(rows, tf.float64)
    for product in (
        lambda x: tf.math.unsorted_segment_prod(x, [0, 0, 0], 1)[0],
        lambda x: tf.math.segment_prod(x, [0, 0, 0])[0],
    ):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = product(x)
            first = tape.gradient(y, x)
        a, b, c = rows
        np.testing.assert_array_equal(first, [b * c, a * c, a * b])
        np.testing.assert_array_equal(outer.jacobian(first, x), [[0, c, b], [c, 0, a], [b, a, 0]])


BFLOAT16 = {
    "tanh": tf.tanh,
    "variance": tf.math.reduce_variance,
    "xlogy": lambda x: tf.math.xlogy(x, x),
    "logsumexp": tf.reduce_logsumexp,
    "running logsumexp": tf.math.cumulative_logsumexp,
    "normalized": tf.nn.l2_normalize,
    "stacked": lambda x: tf.stack([x, x * x]),
    "looked up": lambda x: tf.gather(x * x, [0, 1, 1]),
}


@pytest.mark.parametrize("name", BFLOAT16)
def test_derivatives_of_bfloat16_are_bfloat16_and_near_those_of_float32(name):
    function, single = BFLOAT16[name], tf.constant([0.5, 2.0])
    x = tf.cast(single, tf.bfloat16)
    for found, wanted in zip(derivatives(function, x), derivatives(function, single), strict=True):
        assert found.dtype is tf.bfloat16
        np.testing.assert_allclose(tf.cast(found, tf.float32), wanted, rtol=0.1, atol=0.05)
    with tf.autodiff.ForwardAccumulator(x, x) as accumulator:
        y = function(x)
    assert accumulator.jvp(y).dtype is tf.bfloat16
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = function(x)
    assert tape.jacobian(y, x).dtype is tf.bfloat16
    mapped = tf.vectorized_map(lambda row: derivatives(function, row)[0], tf.stack([x, x]))
    assert mapped.dtype is tf.bfloat16


def test_the_angle_of_a_complex_zero_has_a_second_derivative_pass():
    first, second = derivatives(tf.math.angle, tf.constant([0j], tf.complex128))
    np.testing.assert_array_equal(first, [0])
    np.testing.assert_array_equal(second, [0])


@pytest.mark.parametrize("function", [tf.linalg.det, lambda x: tf.linalg.slogdet(x)[1]])
def test_determinants_of_nan_are_nan_in_silence(function):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isnan(function(tf.constant([[np.nan, 0.0], [0.0, 1.0]])))


def test_the_logarithm_of_a_singular_matrix_has_a_second_derivative_pass():
    _, second = derivatives(tf.linalg.logm, tf.zeros([2, 2], tf.complex128))
    assert not np.isfinite(second).any()


@pytest.mark.parametrize(
    "function",
    [
        lambda a: tf.linalg.lu_reconstruct(*tf.linalg.lu(a)),
        lambda a: tf.linalg.lu_solve(*tf.linalg.lu(a), tf.ones([2, 1], tf.float64)),
        lambda a: tf.linalg.lu_matrix_inverse(*tf.linalg.lu(a)),
    ],
    ids=["reconstruct", "solve", "inverse"],
)
def test_factors_can_be_used_inside_of_a_map(function):
    matrices = tf.constant([[[1.0, 2.0], [3.0, 4.0]], [[4.0, 1.0], [2.0, 5.0]]], tf.float64)
    for found, matrix in zip(tf.vectorized_map(function, matrices), matrices, strict=True):
        np.testing.assert_allclose(found, function(matrix), rtol=1e-12)


def test_a_product_without_nan_that_was_not_chosen_has_no_second_derivative():
    x = tf.constant([0.0, -1.0, 2.0], tf.float64)

    def product(x):
        y = x * tf.math.log(x)
        return tf.where(x > 0, tf.math.multiply_no_nan(y, y), 0.0)

    first, second = derivatives(product, x)
    slope = np.log(2.0) + 1
    np.testing.assert_allclose(first, [0, 0, 2 * 2 * np.log(2.0) * slope], rtol=1e-12)
    np.testing.assert_allclose(second, [0, 0, 2 * slope**2 + 2 * np.log(2.0)], rtol=1e-12)


def test_no_number_is_left_out_of_a_histogram_of_far_integers():
    found = tf.histogram_fixed_width([-2, 2**31 - 1, 1, -(2**31)], [-1, 4], nbins=2)
    np.testing.assert_array_equal(found, [3, 1])
