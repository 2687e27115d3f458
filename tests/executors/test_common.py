"""What is computed twice is computed once."""

import numpy as np
import pytest

import gradtape as tf
from gradtape._executors.passes.common import exact, without_repetition
from gradtape._executors.program import Guard
from tests.executors.passed import SPECIAL, names, passed

X = np.array([[1.0, 2.0], [3.0, 4.0]], np.float32)


def test_equal_operations_are_one():
    assert names(passed(without_repetition, lambda x: tf.exp(x) + tf.exp(x), [SPECIAL])) == ["exp", "add"]


def test_sums_and_products_of_reals_do_not_mind_the_order():
    program = passed(without_repetition, lambda x, y: [x * y + y * x, (x + y) / (y + x)], [SPECIAL, SPECIAL[::-1]])
    assert names(program) == ["multiply", "add", "add", "truediv"]


def test_differences_and_products_of_complex_numbers_do():
    program = passed(without_repetition, lambda x, y: (x - y) * (y - x), [X, X + 1])
    assert names(program) == ["subtract", "subtract", "multiply"]
    program = passed(without_repetition, lambda x, y: x * y - y * x, [X * 1j, X + 1j])
    assert names(program) == ["multiply", "multiply", "subtract"]


def test_parameters_tell_operations_apart():
    program = passed(
        without_repetition,
        lambda x: [tf.reduce_sum(x, 0), tf.reduce_sum(x, 1), tf.reduce_sum(x, 0, True), x[0], x[1], x[0] + x[1]],
        [X],
    )
    assert names(program) == ["reduce_sum"] * 3 + ["getitem"] * 2 + ["add"]


def test_equal_constants_are_one():
    program = passed(without_repetition, lambda x: x * tf.constant(2.0) + tf.constant(2.0) * x, [X])
    assert names(program) == ["multiply", "add"]
    assert len(program.constants) == 1


def test_zeros_of_different_signs_are_two():
    program = passed(without_repetition, lambda x: [x + tf.constant(0.0), x + tf.constant(-0.0)], [SPECIAL])
    assert len(program.constants) == 2


def test_results_that_turn_out_to_be_one_are_arrays_of_their_own():
    program = passed(without_repetition, lambda x: [tf.exp(x), tf.exp(x)], [X])
    assert names(program) == ["exp", "identity"]
    assert len(set(program.outputs)) == 2


def test_a_question_is_asked_once():
    def function(x):
        first = 1.0 if tf.reduce_sum(x) > 0 else 2.0
        second = 3.0 if tf.reduce_sum(x) > 0 else 4.0
        return x * (first + second)

    program = passed(without_repetition, function, [X])
    assert names(program) == ["reduce_sum", "greater", "bool", "multiply"]


def test_branches_are_looked_through_as_well():
    def function(x):
        if tf.reduce_sum(x) > 0:
            return x
        return tf.exp(x) + tf.exp(x)

    program = passed(without_repetition, function, [X], [-X])
    (guard,) = [record.op for record in program.records if isinstance(record.op, Guard)]
    assert [names(branch) for branch in guard.branches.values()] == [["exp", "add"]]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, True),
        (1, 1.0),
        (0.0, -0.0),
        ((1,), [1]),
        (slice(1), slice(1, None)),
        (np.float32(1), np.float64(1)),
        ("a", b"a"),
    ],
)
def test_parameters_of_other_types_or_signs_are_others(one, other):
    assert exact(one) != exact(other)


def test_equal_parameters_are_one_key():
    values = (1, 2.5, None, slice(0, 2), np.array([True, False]), (np.float32(1), "x"), float("nan"))
    assert exact(values) == exact(
        (1, 2.5, None, slice(0, 2), np.array([True, False]), (np.float32(1), "x"), float("nan"))
    )
    hash(exact(values))


def test_parameters_that_are_no_plain_values_have_no_key():
    with pytest.raises(TypeError):
        exact((1, object()))
