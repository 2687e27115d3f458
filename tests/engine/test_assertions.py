"""Checks of values where a tensor stands for many: in maps, Jacobians, forward derivatives and on tapes."""

import pickle

import pytest

import gradtape as tf

CHECKS = {
    "assert_positive": lambda x: tf.debugging.assert_positive(x),
    "assert_greater": lambda x: tf.debugging.assert_greater(x, 0.0),
    "assert_near": lambda x: tf.debugging.assert_near(x, 1.0, atol=5.0),
    "Assert": lambda x: tf.debugging.Assert(x > 0.0, [x]),
    "check_numerics": lambda x: tf.debugging.check_numerics(tf.sqrt(x), "root"),
    "assert_all_finite": lambda x: tf.debugging.assert_all_finite(tf.sqrt(x), "root"),
}


@pytest.mark.parametrize("name", CHECKS)
def test_check_in_a_map_holds_for_every_row(name: str) -> None:
    def square(x: tf.Tensor) -> tf.Tensor:
        CHECKS[name](x)
        return x * x

    assert tf.vectorized_map(square, tf.constant([1.0, 2.0])).numpy().tolist() == [1.0, 4.0]
    with pytest.raises(tf.errors.InvalidArgumentError):
        tf.vectorized_map(square, tf.constant([1.0, -20.0]))


@pytest.mark.parametrize("name", CHECKS)
def test_check_leaves_derivatives_as_they_are(name: str) -> None:
    x = tf.constant([1.0, 2.0])

    def square(x: tf.Tensor) -> tf.Tensor:
        if name != "Assert":
            CHECKS[name](x)
        return x * x

    with tf.GradientTape() as tape:
        tape.watch(x)
        y = square(x)
    assert tape.jacobian(y, x).numpy().tolist() == [[2.0, 0.0], [0.0, 4.0]]
    with tf.autodiff.ForwardAccumulator(x, tf.ones([2])) as accumulator:
        y = square(x)
    assert accumulator.jvp(y).numpy().tolist() == [2.0, 4.0]


def test_check_numerics_names_the_gradient() -> None:
    x = tf.constant([0.0, 1.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.sqrt(tf.debugging.check_numerics(x, "inputs"))
    with pytest.raises(tf.errors.InvalidArgumentError, match="inputs : Tensor had Inf values"):
        tape.gradient(y, x)


def test_error_is_kept_whole_by_pickle() -> None:
    error = tf.errors.OpError("node", None, "words", tf.errors.ABORTED, {"a": 1})
    copy = pickle.loads(pickle.dumps(error))
    found = (copy.node_def, copy.op, copy.message, copy.error_code, copy.experimental_payloads)
    assert found == ("node", None, "words", 10, {"a": 1})
    with pytest.raises(TypeError, match="strange"):
        tf.errors.AbortedError("words", strange=1)
