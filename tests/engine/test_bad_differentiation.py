"""Bad input to what differentiates: an error that says what was wrong, what was given and what to do; nothing stays."""

import re

import numpy as np
import pytest

import gradtape as tf
from gradtape._core.tracking import RECORDING
from tests.engine.bad_differentiation import CASES, InsideError, fail, with_grad


def assert_all_works(x: tf.Tensor, v: tf.Variable) -> None:
    """A tensor and a variable that were part of a failure have not changed, and can be differentiated."""
    np.testing.assert_array_equal(x, [1.0, 2.0])
    np.testing.assert_array_equal(v, [3.0, 4.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x * v
    gx, gv = tape.gradient(y, [x, v])
    np.testing.assert_array_equal(gx, [6.0, 16.0])
    np.testing.assert_array_equal(gv, [1.0, 4.0])
    with tf.autodiff.ForwardAccumulator([x, v], [tf.constant([1.0, 10.0]), tf.constant([100.0, 1000.0])]) as acc:
        y = x * v
    np.testing.assert_array_equal(acc.jvp(y), [103.0, 2040.0])


@pytest.mark.parametrize("name", CASES)
def test_the_error_is_clear_and_nothing_stays(name: str) -> None:
    x, v = tf.constant([1.0, 2.0]), tf.Variable([3.0, 4.0])
    call, kind, words = CASES[name]
    with pytest.raises(kind, match=f"(?s){words}" if not words.startswith("(?i)") else f"(?si){words[4:]}"):
        call(x, v)
    assert RECORDING.tapes == ()
    assert_all_works(x, v)


@pytest.mark.parametrize("name", CASES)
def test_a_tape_around_a_failure_goes_on(name: str) -> None:
    x, v = tf.constant([1.0, 2.0]), tf.Variable([3.0, 4.0])
    call, kind, _ = CASES[name]
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
        with pytest.raises(kind):
            call(x, v)
        assert RECORDING.tapes == (tape._tape,)
        z = y * v
    assert RECORDING.tapes == ()
    gx, gv = tape.gradient(z, [x, v])
    np.testing.assert_array_equal(gx, [6.0, 16.0])
    np.testing.assert_array_equal(gv, [1.0, 4.0])
    assert_all_works(x, v)


@pytest.mark.parametrize("name", CASES)
def test_an_accumulator_around_a_failure_goes_on(name: str) -> None:
    x, v = tf.constant([1.0, 2.0]), tf.Variable([3.0, 4.0])
    call, kind, _ = CASES[name]
    with tf.autodiff.ForwardAccumulator(x, tf.constant([1.0, 10.0])) as acc:
        y = x * x
        with pytest.raises(kind):
            call(x, v)
        assert RECORDING.tapes == (acc._tracker,)
        z = y * v
    assert RECORDING.tapes == ()
    np.testing.assert_array_equal(acc.jvp(z), [6.0, 160.0])
    assert_all_works(x, v)


@pytest.mark.parametrize("source", ["tensor", "variable"])
def test_a_target_that_was_not_computed_from_the_source(source: str) -> None:
    """No error, as in TensorFlow: None, or zeros where they are asked for; a batch_jacobian is always zeros."""
    x, w = tf.constant([[1.0, 2.0], [3.0, 4.0]]), tf.constant([[5.0], [6.0]])
    if source == "variable":
        x, w = tf.Variable(x), tf.Variable(w)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([x, w])
        y = x * x
    assert tape.jacobian(y, w) is None
    zeros = tape.jacobian(y, w, unconnected_gradients="zero")
    assert (zeros.shape, zeros.dtype) == ((2, 2, 2, 1), tf.float32)
    assert not np.any(zeros)
    zeros = tape.batch_jacobian(y, w)
    assert (zeros.shape, zeros.dtype) == ((2, 2, 1), tf.float32)
    assert not np.any(zeros)


def test_a_persistent_tape_survives_an_error_in_a_jacobian() -> None:
    x = tf.constant([1.0, 2.0])
    broken = [True]

    def grad(g):
        if broken[0]:
            raise InsideError("the user's words")
        return g * 100.0

    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = with_grad(grad)(x)
    with pytest.raises(InsideError):
        tape.jacobian(y, x)
    broken[0] = False
    np.testing.assert_array_equal(tape.jacobian(y, x), [[100.0, 0.0], [0.0, 100.0]])


def test_bad_arguments_to_jacobian_do_not_use_up_a_plain_tape() -> None:
    x = tf.constant([1.0, 2.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
    for target, source in ((3.0, x), (y, 3.0), ([y], x)):
        with pytest.raises(TypeError):
            tape.jacobian(target, source)
    np.testing.assert_array_equal(tape.jacobian(y, x), [[2.0, 0.0], [0.0, 4.0]])


def test_an_accumulator_can_be_entered_again_after_an_error() -> None:
    x = tf.constant([1.0, 2.0])
    acc = tf.autodiff.ForwardAccumulator(x, tf.constant([1.0, 10.0]))
    with pytest.raises(InsideError), acc:
        fail()
    with acc:
        y = x * x
    np.testing.assert_array_equal(acc.jvp(y), [2.0, 40.0])


def test_a_row_does_not_get_out_of_a_map_that_failed() -> None:
    """What a mapped function put elsewhere before it failed is of no use, and harms nothing."""
    kept = []

    def f(row):
        kept.append(row)
        raise InsideError("the user's words")

    with pytest.raises(InsideError):
        tf.vectorized_map(f, tf.constant([[1.0, 2.0], [3.0, 4.0]]))
    assert len(kept) == 1
    np.testing.assert_array_equal(tf.constant([1.0, 2.0]) * 2.0, [2.0, 4.0])
    np.testing.assert_array_equal(tf.vectorized_map(lambda row: row * 2.0, tf.constant([[1.0], [2.0]])), [[2.0], [4.0]])


@pytest.mark.parametrize("name", CASES)
def test_the_words_of_an_error_name_no_file_and_no_class_of_the_inside(name: str) -> None:
    call, kind, _ = CASES[name]
    with pytest.raises(kind) as raised:
        call(tf.constant([1.0, 2.0]), tf.Variable([3.0, 4.0]))
    assert not re.search(r"_autodiff|_core|_ops|\.py\b|<class 'gradtape|'Batch'|GeneralRecord", str(raised.value))
