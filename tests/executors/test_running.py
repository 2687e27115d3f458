"""Long sums of parts of one value are taken in one go, in their order."""

import numpy as np
import pytest

import gradtape as tf
from gradtape._executors.passes.dead_code import without_dead_code
from gradtape._executors.passes.running import run_together
from tests.executors.passed import SPECIAL, names, passed

GENERATOR = np.random.default_rng(0)
ROWS = (GENERATOR.standard_normal((12, 5)) * 10.0 ** GENERATOR.integers(-6, 6, (12, 5))).astype(np.float32)


def left(function, *arrays):
    """Returns the names of the steps that are left of a function after the pass."""
    return names(passed((run_together, without_dead_code), function, arrays))


def total_of(rows, start, sign):
    total = start
    for row in rows:
        total = total + row if sign > 0 else total - row
    return total


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("rows", [slice(None), slice(None, None, -1), slice(3, None, 2), slice(11, None, -3)])
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_a_running_sum_is_one_step(sign, rows, axis):
    value = np.moveaxis(ROWS, 0, axis).copy()

    def function(x, start):
        return total_of(tf.unstack(x, axis=axis)[rows], start, sign)

    assert left(function, value, ROWS[0] * 3) == ["run_together"]


@pytest.mark.parametrize("dtype", ["float64", "complex64", "int32"])
@pytest.mark.parametrize("sign", [1, -1])
def test_zeros_keep_their_signs(dtype, sign):
    value = np.array([[-0.0, 0.0, -0.0, 1.0]] * 6).astype(dtype)
    for start in (value[0], -value[0]):
        assert left(lambda x, y: total_of(tf.unstack(x), y, sign), value, start) == ["run_together"]


def test_numbers_without_axes_and_infinite_ones():
    assert left(lambda x: total_of(tf.unstack(x), x[0] * 2.0, 1), SPECIAL) == ["getitem", "multiply", "run_together"]


def test_the_first_part_may_be_the_start():
    def function(x):
        first, *rows = tf.unstack(x)
        return total_of(rows, first, 1)

    assert left(function, ROWS) == ["getitem", "run_together"]


def test_a_part_may_stand_on_the_left_of_a_sum():
    def function(x, total):
        for row in tf.unstack(x):
            total = row + total
        return total

    assert left(function, ROWS, ROWS[0]) == ["run_together"]


def test_sums_that_are_used_on_the_way_are_ends():
    def function(x, start):
        rows = tf.unstack(x)
        middle = total_of(rows[:6], start, 1)
        return [middle * 2.0, total_of(rows[6:], middle, 1)]

    assert sorted(left(function, ROWS, ROWS[0])) == ["multiply", "run_together", "run_together"]


def test_changes_of_stride_sign_or_value_are_ends():
    def function(x, y, start):
        total = total_of(tf.unstack(x)[:5], start, 1)
        total = total_of(tf.unstack(x)[5:0:-1], total, 1)
        total = total_of(tf.unstack(x)[:5], total, -1)
        return total_of(tf.unstack(y)[:5], total, -1)

    steps = left(function, ROWS, ROWS + 1, ROWS[0])
    assert steps.count("run_together") == 4
    assert set(steps) <= {"run_together", "unstack", "add", "subtract", "getitem"}


def test_a_few_parts_are_added_as_they_were():
    assert left(lambda x, y: total_of(tf.unstack(x), y, 1), ROWS[:3], ROWS[0]) == ["unstack"] + ["add"] * 3


def test_rows_that_broadcast_are_added_as_they_were():
    steps = left(lambda x, y: total_of(tf.unstack(x), y, 1), ROWS[:, :1], ROWS[0])
    assert steps == ["unstack"] + ["add"] * 12


def test_branches_run_together_as_well():
    def function(x):
        if tf.reduce_sum(x) > 0:
            return x[0]
        return total_of(tf.unstack(x), x[0] * 2.0, 1)

    program = passed((run_together, without_dead_code), function, [np.ones((8, 2))], [-np.ones((8, 2))])
    guard = next(record.op for record in program.records if record.op.name == "bool")
    assert [names(branch)[-1] for branch in guard.branches.values()] == ["run_together"]
