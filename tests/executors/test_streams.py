"""What a recorded function prints, and where; and what it does to the seeds of random numbers."""

import contextlib
import io
import sys

import numpy as np
import pytest

import gradtape as tf

table = tf.Variable([1.0, 2.0, 3.0])


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_print_goes_to_the_stream_that_is_the_standard_one_now(stream: str) -> None:
    @tf.function
    def shown(x: tf.Tensor) -> None:
        tf.print(x, output_stream=getattr(sys, stream))

    redirect = contextlib.redirect_stdout if stream == "stdout" else contextlib.redirect_stderr
    for number in range(4):
        text = io.StringIO()
        with redirect(text):
            shown(tf.constant(number))
        assert text.getvalue() == f"{number}\n"


def test_a_print_goes_to_the_file_that_was_given() -> None:
    text = io.StringIO()
    shown = tf.function(lambda x: tf.print(x, output_stream=text))
    for number in range(3):
        shown(tf.constant(number))
    assert text.getvalue() == "0\n1\n2\n"


def test_rows_of_a_gradient_are_printed() -> None:
    def run(x: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(tf.gather(table, [0, 0, 1]) * x)
        tf.print(tape.gradient(y, table), output_stream="stdout")
        return x

    texts = []
    for function in (run, tf.function(run)):
        text = io.StringIO()
        with contextlib.redirect_stdout(text):
            for number in (1.0, 2.0, 3.0):
                function(tf.constant(number))
        texts.append(text.getvalue())
    assert "[3. 3. 3.]" in texts[0]
    assert texts[0] == texts[1]


def test_a_seed_that_is_set_is_set_at_each_call() -> None:
    def drawn(x: tf.Tensor) -> tf.Tensor:
        first = tf.random.normal([2])
        tf.random.set_seed(3)
        return first + tf.random.normal([2]) * x

    found = []
    for function in (drawn, tf.function(drawn)):
        tf.random.set_seed(1)
        found.append([function(tf.constant(2.0)).numpy() for _ in range(4)])
    np.testing.assert_array_equal(*found)
