"""Movements that follow each other are one look-up, and parts are added where they are."""

import numpy as np
import pytest

import gradtape as tf
from gradtape._core.op import OPS
from gradtape._executors.passes.dead_code import without_dead_code
from gradtape._executors.passes.movement import rearranged
from tests.executors.passed import SPECIAL, agree, names, passed

SQUARE = np.tile(SPECIAL, 9).reshape(9, 9)


def left(function, *arrays):
    """Returns the names of the steps that are left of a function after the pass."""
    return names(passed((rearranged, without_dead_code), function, arrays))


def gradient(function):
    """Returns the function that differentiates a function, with the cotangents as a second argument."""

    def of(x, g):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = function(x)
        return tape.gradient(y, x, output_gradients=g)

    return of


def test_a_chain_of_movements_is_one_look_up():
    def function(x):
        parts = [tf.concat([tf.zeros(k), x[k, k:]], 0) for k in range(9)]
        return tf.transpose(tf.stack(parts, -1))[::-1] * 2.0

    assert left(function, SQUARE) == ["rearrange", "multiply"]


def test_a_look_up_of_one_element_has_its_shape():
    def function(x):
        return tf.roll(tf.concat([x, x], 0), 1, 0)[3]

    assert left(function, SPECIAL) == ["rearrange"]


def test_values_are_met_from_several_sources():
    def function(x, y):
        return tf.reverse(tf.concat([tf.pad(x, [[1, 0]]), tf.roll(y, 1, 0), tf.tile(x[:1], [2])], 0), [0]) + 1.0

    assert left(function, SPECIAL, SPECIAL)[-2:] == ["rearrange", "add"]


def test_what_is_used_elsewhere_is_made_all_the_same():
    def function(x):
        y = tf.concat([x, x], 0)
        return [tf.reverse(tf.concat([y, y], 0), [0]), tf.exp(y)]

    assert left(function, SPECIAL)[:1] == ["concat"]


def test_large_arrays_are_moved_as_they_were():
    def function(x):
        return tf.concat([tf.concat([x, x], 0), tf.pad(x, [[1, 0]])], 0)

    assert left(function, np.ones(10**5, np.float32)) == ["concat", "pad_constant", "concat"]


def test_a_look_up_is_left_out_where_it_takes_longer():
    assert left(lambda x: tf.transpose(tf.reshape(x, [3, 3])), SPECIAL) == ["reshape", "transpose"]


def test_a_padding_that_is_not_zero_is_no_movement():
    def function(x):
        return tf.concat([tf.pad(x, [[1, 1]], constant_values=k) for k in (1.0, -0.0, 2.0)], 0)

    assert left(function, SPECIAL) == ["pad_constant"] * 3 + ["concat"]


def test_cotangents_of_parts_that_do_not_meet_are_one_look_up():
    def function(x):
        return tf.stack([tf.concat([x[k, : k + 1], x[k, : 8 - k]], 0) for k in range(0, 9, 2)])

    given = np.tile(SPECIAL, 5).reshape(5, 9)
    program = passed((rearranged, without_dead_code), gradient(function), [SQUARE, given])
    assert "place" not in names(program)


def test_cotangents_of_all_columns_are_one_look_up():
    def function(x):
        return tf.stack([x[:, k] for k in range(9)])

    assert left(gradient(function), SQUARE, np.nan_to_num(SQUARE.T)) == ["rearrange", "add", "holds_nan"]


def placed(g, keys, total=None):
    """Returns the sum of parts at keys of a vector of nine, added to a total."""
    for key in keys:
        part = OPS["place"].function(g, key, (9,))
        total = part if total is None else total + part
    return total


ZEROS_OF_BOTH_SIGNS = np.array([-0.0, -0.0, 2.0, 0.0, -0.0, -0.0, -0.0])


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "int32"])
def test_parts_that_meet_are_added_where_they_are(dtype):
    keys = [slice(2, None), slice(1, -1), slice(None, -2)]
    assert left(lambda g: placed(g, keys), ZEROS_OF_BOTH_SIGNS.astype(dtype)) == ["accumulate"]


@pytest.mark.parametrize("keys", [[slice(2, None)], [slice(2, None)] * 2, [slice(2, None), slice(None, -2)]])
@pytest.mark.parametrize("start", [0.0, -0.0, 1.0, np.nan])
def test_parts_are_added_to_what_there_is(keys, start):
    total = np.full(9, start, np.float32)
    given = ZEROS_OF_BOTH_SIGNS.astype(np.float32)
    assert left(lambda x, g: placed(g, keys, x), total, given) == ["accumulate"]


def test_parts_at_masks_are_added_as_they_were():
    mask = np.array([True, False] * 4 + [True])
    given = np.arange(5, dtype=np.float32)
    assert left(lambda x, g: placed(g, [mask], x), SPECIAL, given) == ["place", "add"]


def test_single_elements_are_added_where_they_are():
    def function(x):
        return x[1] * x[2] + x[2] * x[3]

    steps = left(gradient(function), SPECIAL, np.float32(1.0))
    assert "place" not in steps


def test_parts_of_parts_are_added_where_they_are():
    def function(x):
        return x[1:, 2:][0] * x[:, 1:-1][3, :] * x[4, :-2]

    given = np.ones(7, np.float32)
    steps = left(gradient(function), SQUARE, given)
    assert "place" not in steps


def test_the_order_of_a_sum_is_kept():
    generator = np.random.default_rng(0)
    arrays = [generator.standard_normal(9) * 10.0**k for k in range(-8, 8, 4)]

    def function(*parts):
        total = parts[0]
        for k, part in enumerate(parts[1:]):
            total = total + OPS["place"].function(part[k:], slice(k, None), (9,))
            total = part + total
        return total

    before = passed((), function, arrays)
    after = without_dead_code(rearranged(before))
    assert "accumulate" in names(after)
    agree(before, after, *[[generator.standard_normal(9) for _ in arrays] for _ in range(5)])


def test_branches_are_rearranged_as_well():
    def function(x):
        if tf.reduce_sum(x) > 0:
            return x
        return tf.stack([tf.concat([x[k:], x[:k]], 0) for k in range(4)])

    program = passed((rearranged, without_dead_code), function, [np.ones(9, np.float32)], [-np.ones(9, np.float32)])
    guard = next(record.op for record in program.records if record.op.name == "bool")
    assert [names(branch) for branch in guard.branches.values()] == [["rearrange"]]
