"""Dead code goes; what may raise or has an effect stays."""

import numpy as np

import gradtape as tf
from gradtape._executors.passes.dead_code import without_dead_code
from gradtape._executors.program import Guard
from tests.executors.passed import SPECIAL, names, passed, recorded

X = np.array([1.0, 2.0, 3.0], np.float32)


def test_arithmetic_that_nobody_uses_goes():
    def function(x):
        tf.exp(x) * tf.reduce_sum(x)
        return x + 1.0

    assert names(passed(without_dead_code, function, [SPECIAL])) == ["add"]


def test_what_may_raise_for_some_values_stays():
    def function(x, places, n):
        tf.gather(x, places)
        tf.debugging.check_numerics(x, "a message")
        n // n
        tf.linalg.cholesky(x[None, :1] * x[None, :1])
        return x + 1.0

    program = passed(without_dead_code, function, [X, np.array([0, 2]), np.array([1])])
    assert names(program) == ["gather", "check_numerics", "floordiv", *["getitem"] * 2, "multiply", "cholesky", "add"]


def test_a_lookup_with_constant_places_goes():
    def function(x):
        tf.gather(x, [0, 2])
        return x + 1.0

    assert names(passed(without_dead_code, function, [X])) == ["add"]


def test_of_parts_one_is_taken_where_one_is_used():
    program = passed(without_dead_code, lambda x: tf.unstack(x, axis=1)[1] + 0.0, [np.ones((2, 3), np.float32)])
    assert names(program) == ["getitem", "add"]


def test_a_variable_that_is_assigned_stays_and_one_that_is_read_for_nothing_goes():
    read, assigned = tf.Variable(1.0), tf.Variable(1.0)

    def function(x):
        read + x
        assigned.assign(tf.reduce_sum(x))
        return x * 2.0

    assert sorted(names(without_dead_code(recorded(function, X)))) == ["assign", "multiply", "reduce_sum"]


def test_a_guard_keeps_what_its_branches_use_alone():
    def function(x):
        used, unused = tf.exp(x), tf.sin(x)
        if tf.reduce_sum(x) > 0:
            return x + 1.0
        tf.tanh(unused)
        return used * 2.0

    program = passed(without_dead_code, function, [X], [-X])
    (record,) = [record for record in program.records if isinstance(record.op, Guard)]
    (branch,) = record.op.branches.values()
    assert names(program) == ["exp", "reduce_sum", "greater", "bool", "add"]
    assert names(branch) == ["multiply"]
    assert len(branch.inputs) == len(record.inputs) - record.op.tested == 1


def test_constants_and_specs_of_dead_values_go():
    def function(x):
        x * tf.constant([1.0, 2.0, 3.0])
        return tf.exp(x)

    program = passed(without_dead_code, function, [X])
    assert program.constants == {}
    assert len(program.specs) == 2
