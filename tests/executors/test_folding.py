"""What follows from constants is computed when a program is compiled."""

import numpy as np

import gradtape as tf
from gradtape._executors.passes.dead_code import without_dead_code
from gradtape._executors.passes.folding import folded
from gradtape._executors.program import Read, check
from tests.executors.passed import names, passed, recorded, results

X = np.array([1.0, 2.0, 3.0], np.float32)


def with_constant(function, recorded_as, value=None):
    """Returns a program recorded with a variable, whose value then is a constant, as other passes make some."""
    variable = tf.Variable(recorded_as)
    program = recorded(lambda x: function(x, tf.convert_to_tensor(variable)), X)
    (read,) = [record for record in program.records if isinstance(record.op, Read)]
    program.records.remove(read)
    program.constants[read.outputs[0]] = np.asarray(recorded_as if value is None else value)
    return check(program)


def test_a_chain_of_constants_is_one_constant():
    program = folded(with_constant(lambda x, c: x * tf.exp(c + 1.0), np.ones(3, np.float32)))
    assert names(program) == ["multiply"]
    assert np.array_equal(results(program, [X])[0], X * np.exp(np.float32(2.0)))


def test_zeros_and_ones_of_a_form_are_constants():
    program = passed((folded, without_dead_code), lambda x: tf.zeros_like(tf.exp(x)) + tf.ones_like(x), [X])
    assert names(program) == ["identity"]
    assert np.array_equal(results(program, [X])[0], np.ones(3))


def test_a_large_result_of_a_small_constant_is_made_in_each_call():
    program = folded(with_constant(lambda x, c: x[0] + tf.broadcast_to(c, [10**4]), np.float32(1.0)))
    assert names(program) == ["getitem", "broadcast_to", "add"]


def test_an_error_is_left_to_the_call():
    def function(x, c):
        return x + tf.debugging.check_numerics(c, "a message")

    program = with_constant(function, np.ones(3, np.float32), np.full(3, np.nan, np.float32))
    assert names(folded(program)) == ["check_numerics", "add"]


def test_a_guard_on_a_constant_that_holds_goes():
    program = folded(with_constant(lambda x, c: x + 1.0 if tf.reduce_sum(c) > 0 else x, np.ones(3, np.float32)))
    assert names(program) == ["add"]


def test_a_guard_on_a_constant_that_does_not_hold_stays():
    other = np.full(3, -1.0, np.float32)
    program = with_constant(lambda x, c: x + 1.0 if tf.reduce_sum(c) > 0 else x, np.ones(3, np.float32), other)
    assert names(folded(program)) == ["bool", "add"]


def test_numpys_settings_are_left_alone():
    program = with_constant(lambda x, c: x + tf.math.log(c), np.ones(3, np.float32), np.zeros(3, np.float32))
    with np.errstate(all="raise"):
        program = folded(program)
    assert names(program) == ["add"]


def test_a_constant_is_one_of_the_branches_as_well():
    def function(x):
        zeros = tf.zeros_like(x)
        return x if tf.reduce_sum(x) > 0 else tf.exp(zeros) + x

    program = passed((folded, without_dead_code), function, [X], [-X])
    (record,) = [record for record in program.records if record.op.name == "bool"]
    (branch,) = record.op.branches.values()
    assert names(branch) == ["add"]
    assert len(branch.inputs) == len(record.inputs) - record.op.tested == 1
