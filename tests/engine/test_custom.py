"""Gradients that the user gives."""

import numpy as np
import pytest

import gradtape as tf
from gradtape._core.tracking import RECORDING


def hundredfold(x):
    return x * x, lambda g: g * 100.0


def test_the_given_gradient_is_used() -> None:
    f, x = tf.custom_gradient(hundredfold), tf.constant(3.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    assert (float(y), float(tape.gradient(y, x))) == (9.0, 100.0)


def test_a_gradient_that_uses_what_was_computed_inside() -> None:
    """The function of TensorFlow's guide: its gradient knows the exponential, which moves with the argument."""

    @tf.custom_gradient
    def log1pexp(x):
        e = tf.exp(x)
        return tf.math.log(1.0 + e), lambda upstream: upstream * (1.0 - 1.0 / (1.0 + e))

    x = tf.constant([-1.0, 0.0, 2.0], tf.float64)
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = log1pexp(x)
        first = inner.gradient(y, x)
    logistic = 1.0 / (1.0 + np.exp([1.0, 0.0, -2.0]))
    np.testing.assert_allclose(first, logistic, rtol=1e-15)
    np.testing.assert_allclose(outer.gradient(first, x), logistic * (1.0 - logistic), rtol=1e-14)


def test_what_was_computed_inside_stays_connected() -> None:
    inside = []

    @tf.custom_gradient
    def f(x):
        inside.append(x**3)
        return inside[0] * 2.0, lambda g: g * 100.0

    x = tf.constant(2.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = f(x) + inside[0]
    assert float(tape.gradient(y, x)) == 112.0


def test_a_tape_that_stops_inside_stays_stopped() -> None:
    x = tf.constant(3.0)

    def asks(x):
        gradients.append(tape.gradient(tape_target[0], x))
        return x * x, lambda g: g

    gradients, tape_target = [], []
    with tf.GradientTape() as tape:
        tape.watch(x)
        tape_target.append(x * x)
        tf.custom_gradient(asks)(x)
        assert RECORDING.tapes == ()
    assert float(gradients[0]) == 6.0


def test_a_method() -> None:
    class Layer:
        factor = 3.0

        @tf.custom_gradient
        def call(self, x):
            return x * self.factor, lambda g: g * 100.0

        @tf.recompute_grad
        def again(self, x):
            return x**2 * self.factor

    x = tf.constant(2.0)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y, z = Layer().call(x), Layer().again(x)
    assert (float(y), float(tape.gradient(y, x)), float(tape.gradient(z, x))) == (6.0, 100.0, 12.0)


@pytest.mark.parametrize("decorator", [tf.custom_gradient, tf.recompute_grad, tf.grad_pass_through])
def test_what_is_decorated_is_a_function_with_its_name(decorator) -> None:
    @decorator
    def scaled(x):
        """Scales."""
        return x

    assert (scaled.__name__, scaled.__doc__) == ("scaled", "Scales.")
    with pytest.raises(TypeError, match=rf"{decorator.__name__}.*3\.0.*float"):
        decorator(3.0)


def test_one_around_another() -> None:
    f = tf.recompute_grad(tf.custom_gradient(hundredfold))
    x = tf.constant(3.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    assert (float(y), float(tape.gradient(y, x))) == (9.0, 100.0)


@pytest.mark.parametrize("batched", [False, True])
def test_a_gradient_of_a_shape_that_does_not_fit(batched: bool) -> None:
    def square(x):
        return x * x, lambda g: tf.ones([5])

    x = tf.constant([1.0, 2.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.custom_gradient(square)(x)
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"square.*number 0.*\[5\].*\[2\]"):
        tape.jacobian(y, x) if batched else tape.gradient(y, x)


@pytest.mark.parametrize("given", [lambda g: tf.reduce_sum(g), lambda g: tf.constant(2.0)])
def test_in_a_jacobian_a_gradient_is_broadcast(given) -> None:
    x = tf.constant([1.0, 2.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.custom_gradient(lambda x: (x * x, given))(x)
    np.testing.assert_array_equal(tape.jacobian(y, x), np.full((2, 2), float(given(tf.constant(1.0)))))


def test_several_arguments_and_results() -> None:
    @tf.custom_gradient
    def f(x, y):
        def grad(a, b):
            return a * 10.0 + b * 100.0, None

        return (x * y, {"k": x}), grad

    x, y = tf.constant(2.0), tf.constant(5.0)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([x, y])
        product, rest = f(x, y)
    assert float(product) == 10.0
    # A result that is not used counts as zeros.
    assert [None if g is None else float(g) for g in tape.gradient(product, [x, y])] == [10.0, None]
    assert float(tape.gradient([product, rest["k"]], x)) == 110.0


def test_variables_are_given_to_grad() -> None:
    v = tf.Variable(2.0)

    @tf.custom_gradient
    def f(x):
        def grad(g, variables=None):
            assert len(variables) == 1
            assert variables[0] is v
            return g * 7.0, [g * 9.0]

        return x * v, grad

    x = tf.constant(3.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    assert list(map(float, tape.gradient(y, [x, v]))) == [7.0, 9.0]


def test_variables_that_grad_does_not_take() -> None:
    v = tf.Variable(2.0)
    f = tf.custom_gradient(lambda x: (x * v, lambda g: g))
    with pytest.raises(TypeError, match="variables"):
        f(tf.constant(1.0))


def test_second_order_goes_through_the_given_gradient() -> None:
    f = tf.custom_gradient(lambda x: (x * x, lambda g: g * 5.0 * x))
    x = tf.constant(2.0)
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = f(x)
        first = inner.gradient(y, x)
    assert (float(first), float(outer.gradient(first, x))) == (10.0, 5.0)


@pytest.mark.parametrize("given", [lambda g: (g, g), lambda g: []])
def test_a_wrong_number_of_gradients(given) -> None:
    f, x = tf.custom_gradient(lambda x: (x * x, given)), tf.constant(2.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    with pytest.raises(ValueError, match="expected to return 1 gradients"):
        tape.gradient(y, x)


def test_a_function_that_returns_no_pair() -> None:
    with pytest.raises(TypeError, match="returns a pair"):
        tf.custom_gradient(lambda x: x * x)(tf.constant(2.0))


def test_an_error_inside_leaves_the_tape_recording() -> None:
    x = tf.constant(2.0)

    @tf.custom_gradient
    def f(x):
        raise KeyError("inside")

    with tf.GradientTape() as tape:
        tape.watch(x)
        with pytest.raises(KeyError):
            f(x)
        y = x * x
    assert float(tape.gradient(y, x)) == 4.0


def test_keyword_arguments_are_passed_on() -> None:
    @tf.custom_gradient
    def f(x, factor=1.0):
        return x * factor, lambda g: g * factor * 2.0

    x = tf.constant(2.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = f(x, factor=3.0)
    assert (float(y), float(tape.gradient(y, x))) == (6.0, 6.0)


def test_nested_custom_gradients() -> None:
    inner = tf.custom_gradient(hundredfold)
    outer = tf.custom_gradient(lambda x: (inner(x), lambda g: g * 3.0))
    x = tf.constant(2.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = inner(x) + outer(x)
    assert float(tape.gradient(y, x)) == 103.0


def test_straight_through() -> None:
    x = tf.constant([2.3, 3.6])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.grad_pass_through(tf.round)(x) * x
    np.testing.assert_allclose(tape.gradient(y, x), [4.3, 7.6])
