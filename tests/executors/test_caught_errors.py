"""Errors that a recorded function catches itself, and what it has done before an error that it does not catch."""

from collections.abc import Callable

import numpy as np
import pytest

import gradtape as tf

x = tf.constant([1.0, 2.0, 3.0])
NUMBERS = (9, 1, 9, 1, 2, 1, 9)


def gathered(i: tf.Tensor) -> tf.Tensor:
    return tf.gather(x, i)


def indexed(i: tf.Tensor) -> tf.Tensor:
    return x[i]


def inverted(i: tf.Tensor) -> tf.Tensor:
    return tf.linalg.inv(tf.reshape(tf.cast(tf.stack([i, i, i, 9]), tf.float32), [2, 2]))


def factored(i: tf.Tensor) -> tf.Tensor:
    return tf.linalg.cholesky(tf.reshape(tf.cast(tf.stack([5, 2, 2, 5 - i]), tf.float32), [2, 2]))


def checked(i: tf.Tensor) -> tf.Tensor:
    return tf.debugging.check_numerics(x / tf.cast(i - 1, tf.float32), "not finite")


def asserted(i: tf.Tensor) -> tf.Tensor:
    tf.debugging.assert_less(i, 5)
    return x * 2.0


def divided(i: tf.Tensor) -> tf.Tensor:
    return 10 // (i - 9)


def called(i: tf.Tensor) -> tf.Tensor:
    def call(number: np.ndarray) -> np.ndarray:
        if number > 5:
            raise ValueError("more than 5")
        return number * 2

    return tf.numpy_function(call, [i], tf.int32)


def mapped(i: tf.Tensor) -> tf.Tensor:
    return tf.map_fn(lambda k: tf.gather(x, k + i), tf.range(2))


def looped(i: tf.Tensor) -> tf.Tensor:
    return tf.while_loop(lambda k, total: k < i, lambda k, total: (k + 1, total + tf.gather(x, k)), (0, 0.0))[1]


FUNCTIONS = (gathered, indexed, inverted, factored, checked, asserted, divided, called, mapped, looped)


@pytest.mark.parametrize("numbers", [NUMBERS, NUMBERS[1:]], ids=["fails first", "works first"])
@pytest.mark.parametrize("function", FUNCTIONS, ids=[each.__name__ for each in FUNCTIONS])
def test_what_a_function_catches_it_catches_at_each_call(
    function: Callable[[tf.Tensor], tf.Tensor], numbers: tuple[int, ...]
) -> None:
    def caught(i: tf.Tensor) -> tf.Tensor:
        total.assign_add(1.0)
        try:
            result = function(i)
        except (tf.errors.InvalidArgumentError, ValueError):
            total.assign_add(10.0)
            result = tf.constant(-1.0)
        total.assign_add(1.0)
        return result

    total = tf.Variable(0.0)
    expected = [(caught(tf.constant(i)).numpy(), total.numpy()) for i in numbers]
    total.assign(0.0)
    recorded = tf.function(caught)
    for i, (result, after) in zip(numbers, expected, strict=True):
        np.testing.assert_array_equal(recorded(tf.constant(i)), result)
        assert total.numpy() == after


def test_an_error_of_shapes_is_caught_in_replays() -> None:
    def caught(x: tf.Tensor) -> tf.Tensor:
        try:
            return tf.reshape(x, [7, 7])
        except tf.errors.InvalidArgumentError:
            return x * 2.0

    recorded = tf.function(caught)
    for _ in range(3):
        np.testing.assert_array_equal(recorded(x), x * 2.0)
    assert "eagerly" not in str(recorded.explain())


def test_explain_names_the_error() -> None:
    @tf.function
    def caught(i: tf.Tensor) -> tf.Tensor:
        try:
            return tf.gather(x, i)
        except tf.errors.InvalidArgumentError:
            return tf.constant(0.0)

    caught(tf.constant(5))
    assert "an error of gather is caught in it" in str(caught.explain())


@pytest.mark.parametrize("numbers", [NUMBERS, NUMBERS[1:]], ids=["fails first", "works first"])
def test_effects_before_an_error_behind_a_function_of_the_user(numbers: tuple[int, ...]) -> None:
    def run(i: tf.Tensor) -> tf.Tensor:
        total.assign_add(1.0)
        drawn = tf.random.normal([])
        tf.numpy_function(lambda number: seen.append(float(number)), [drawn], [])
        total.assign_add(drawn)
        result = tf.gather(x, i) + tf.random.normal([])
        total.assign_add(5.0)
        return result

    found = []
    for function in (run, tf.function(run)):
        tf.random.set_seed(3)
        total, seen, results = tf.Variable(0.0), [], []
        for i in numbers:
            try:
                results.append(function(tf.constant(i)).numpy())
            except tf.errors.InvalidArgumentError as error:
                results.append(str(error))
            results.append(total.numpy())
        found.append((results, seen, tf.random.normal([]).numpy()))
    assert found[0] == found[1]


def test_a_function_of_the_user_that_fails_is_called_once() -> None:
    calls = []

    def call(number: np.ndarray) -> np.ndarray:
        calls.append(int(number))
        if number > 5:
            raise ValueError("more than 5")
        return number

    recorded = tf.function(lambda i: tf.numpy_function(call, [i], tf.int32) + 1)
    for i in (1, 1, 9, 1):
        if i == 9:
            with pytest.raises(ValueError, match="more than 5"):
                recorded(tf.constant(i))
        else:
            assert recorded(tf.constant(i)) == i + 1
    assert calls == [1, 1, 9, 1]


def test_errors_of_a_function_of_the_user_behind_an_assignment() -> None:
    def call(number: np.ndarray) -> None:
        if number > 5:
            raise ValueError("more than 5")

    def run(i: tf.Tensor) -> tf.Tensor:
        total.assign_add(1.0)
        try:
            tf.numpy_function(call, [i], [])
        except ValueError:
            total.assign_add(10.0)
        finally:
            total.assign_add(100.0)
        return i

    found = []
    for function in (run, tf.function(run)):
        total, after = tf.Variable(0.0), []
        for i in NUMBERS[1:]:
            function(tf.constant(i))
            after.append(total.numpy())
        found.append(after)
    assert found[0] == found[1]
