"""Rules: each leaves less to do, and not a bit changes, of signed zeros and infinite numbers either."""

import numpy as np
import pytest

import gradtape as tf
from gradtape._executors.passes.dead_code import without_dead_code
from gradtape._executors.passes.simplification import simplified
from tests.executors.passed import SPECIAL, names, passed

MATRIX = np.arange(6, dtype=np.float32).reshape(2, 3) - 2.0
ONES, ZEROS = tf.ones(9), tf.zeros(9)
MANY = np.tile(SPECIAL, 9), np.repeat(SPECIAL, 9)


def left(function, *arrays):
    """Returns the names of the steps that are left of a function after the rules."""
    return names(passed((simplified, without_dead_code, simplified, without_dead_code), function, arrays))


@pytest.mark.parametrize(
    ("function", "steps"),
    [
        (lambda x: tf.exp(x) * ONES, ["exp"]),
        (lambda x: ONES * tf.exp(x), ["exp"]),
        (lambda x: tf.exp(x) / ONES, ["exp"]),
        (lambda x: tf.exp(x) - ZEROS, ["exp"]),
        (lambda x: tf.exp(x) + -ZEROS, ["exp"]),
        (lambda x: tf.identity(tf.stop_gradient(tf.exp(x))), ["exp"]),
        (lambda x: tf.negative(-tf.exp(x)), ["exp"]),
        (lambda x: tf.cast(tf.exp(x), tf.float32), ["exp"]),
        (lambda x: tf.math.conj(tf.exp(x)), ["exp"]),
        (lambda x: tf.where(tf.constant([True] * 9), tf.exp(x), x), ["exp"]),
        (lambda x: tf.where(tf.constant([False] * 9), x, tf.exp(x)), ["exp"]),
        (lambda x: tf.reshape(tf.reshape(tf.exp(x), [3, 3]), [9]), ["exp"]),
        (lambda x: tf.squeeze(tf.expand_dims(tf.exp(x), 0), 0), ["exp"]),
        (lambda x: tf.exp(x)[:], ["exp"]),
        (lambda x: tf.concat(tf.split(tf.exp(x), 3), 0), ["exp"]),
        (lambda x: tf.stack(tf.unstack(tf.exp(x))), ["exp"]),
        (lambda x: tf.broadcast_to(tf.broadcast_to(x, [1, 9]), [2, 9]), ["broadcast_to"]),
        (lambda x: x * x, ["square"]),
        (lambda x: x * -ONES, ["negative"]),
        (lambda x: -x * 2.0, ["multiply"]),
        (lambda x: -(x * 2.0), ["multiply"]),
    ],
)
def test_what_changes_nothing_goes(function, steps):
    assert left(function, SPECIAL) == steps


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x + ZEROS,
        lambda x: x * ZEROS,
        lambda x: x - -ZEROS,
        lambda x: tf.where(tf.constant([True] * 8 + [False]), x, 1.0),
        lambda x: tf.cast(x, tf.float64),
        lambda x: tf.concat([x, x], 0),
        lambda x: x[::-1],
        lambda x: tf.reshape(x, [3, 3]),
        lambda x: tf.concat(tf.split(x, 3)[::-1], 0),
        lambda x: tf.sqrt(x),
    ],
)
def test_what_changes_a_bit_stays(function):
    def recorded_names(x):
        return names(passed((), function, [x]))

    assert left(function, SPECIAL) == recorded_names(SPECIAL) != []


def test_a_broadcast_to_a_full_shape_is_left_out():
    def function(x, y):
        return tf.broadcast_to(x, [2, 3]) * tf.exp(y)

    assert left(function, np.float32(2.0), MATRIX) == ["exp", "multiply"]


def test_a_broadcast_that_makes_the_shape_stays():
    def function(x, y):
        return tf.broadcast_to(x, [2, 3]) * y

    assert left(function, np.float32(2.0), MATRIX[0]) == ["broadcast_to", "multiply"]


def test_a_constant_of_equal_numbers_is_one_number():
    program = passed((simplified, without_dead_code), lambda x: x * tf.fill([9], 3.0), [SPECIAL])
    assert [array.shape for array in program.constants.values()] == [()]


@pytest.mark.parametrize(
    ("function", "steps"),
    [
        (lambda x, y: x + -y, ["subtract"]),
        (lambda x, y: -x + y, ["subtract"]),
        (lambda x, y: x - -y, ["add"]),
        (lambda x, y: -x * -y, ["multiply"]),
        (lambda x, y: -x / -y, ["truediv"]),
        (lambda x, y: x + y * -x, ["multiply", "subtract"]),
        (lambda x, y: x - (-y) / x, ["truediv", "add"]),
        (lambda x, y: -(x - y), ["subtract", "negative"]),
    ],
)
def test_signs_are_taken_along(function, steps):
    assert left(function, *MANY) == steps


def test_transpositions_are_one_or_none():
    assert left(lambda x: tf.transpose(tf.transpose(tf.exp(x))), MATRIX) == ["exp"]
    cube = np.arange(24.0).reshape(2, 3, 4)
    assert left(lambda x: tf.transpose(tf.transpose(x, [1, 2, 0]), [2, 1, 0]), cube) == ["transpose"]
    assert left(lambda x: tf.transpose(tf.exp(x), [0, 1, 2]), cube) == ["exp"]


def test_transpositions_that_conjugate_stay():
    assert left(lambda x: tf.linalg.adjoint(tf.linalg.adjoint(x)), MATRIX * 1j) == ["transpose"] * 2


def test_a_product_takes_a_transposed_factor_as_it_was():
    assert left(lambda x, y: tf.matmul(tf.transpose(x), y), MATRIX, MATRIX) == ["matrix_product"]
    assert left(lambda x, y: tf.matmul(x, tf.transpose(y)), MATRIX, MATRIX) == ["matrix_product"]
    assert left(lambda x, y: tf.matmul(tf.transpose(x), y, transpose_a=True), MATRIX, MATRIX.T) == ["matrix_product"]
    stack = np.ones((2, 3, 3), np.float32)
    assert left(lambda x: tf.matmul(tf.transpose(x, [1, 0, 2]), x[:1]), stack) == [
        "transpose", "getitem", "matrix_product",
    ]  # fmt: skip


def test_what_was_put_together_is_taken_apart_into_what_it_was():
    def function(x, y):
        first, second = tf.split(tf.concat([x, y], 0), [2, 1])
        third, fourth = tf.unstack(tf.stack([x[0], y[0]], 1), axis=1)
        return [tf.exp(first), tf.exp(second), tf.sin(third), tf.sin(fourth)]

    steps = left(function, MATRIX, MATRIX[:1])
    assert sorted(steps) == ["exp", "exp", "getitem", "getitem", "sin", "sin"]


def test_a_stack_of_results_of_one_operation_is_the_operation_on_stacks():
    rows = np.random.default_rng(0).standard_normal((5, 3)).astype(np.float32)

    def function(x, y):
        return tf.stack([tf.constant(row) - x * part for row, part in zip(rows, tf.unstack(y), strict=True)])

    assert left(function, MATRIX, rows) == ["reshape", "multiply", "subtract"]


def test_the_batches_of_a_map_are_left_alone():
    def function(x):
        return tf.vectorized_map(lambda row: tf.identity(row) * tf.ones(3) + -row, x)

    program = passed(simplified, function, [MATRIX])
    assert any(spec.what for spec in program.specs.values())


def test_a_result_that_turns_out_to_be_an_argument_is_a_view_of_it():
    program = passed(simplified, lambda x: [x * 1.0, tf.exp(x) * 1.0], [SPECIAL])
    assert names(program) == ["exp", "identity"]
    assert not set(program.outputs) & set(program.inputs)


def test_branches_are_simplified_as_well():
    def function(x):
        return tf.exp(x) * 1.0 if tf.reduce_sum(x) > 0 else tf.sin(x) * 1.0

    program = passed((simplified, without_dead_code), function, [MATRIX + 9.0], [MATRIX - 9.0])
    guard = next(record.op for record in program.records if record.op.name == "bool")
    assert [names(branch) for branch in guard.branches.values()] == [["sin"]]
