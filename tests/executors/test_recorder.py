"""The recorder: what is noted of a run, and that a replay is the run again."""

import numpy as np
import pytest

import gradtape as tf
from gradtape._executors import interpreter
from gradtape._executors.lowering import grafted, lowered
from gradtape._executors.program import check
from gradtape._executors.recorder import Recorder


def recorded(function, *arrays):
    """Returns the program of a function of arrays, checked, and what its run gave."""
    recorder = Recorder()
    with recorder:
        inputs = [recorder.input(np.asarray(each, np.float32), f"x{k}") for k, each in enumerate(arrays)]
        result = function(*inputs)
        recorder.program.outputs = [recorder.number_of(result)]
        found = result._value.value
    recorder.close()
    return check(recorder.program), found


def replayed(program, *arrays):
    """Returns what the program gives, or the answer that it has no branch for."""
    found = interpreter.run(check(lowered(program)), [np.asarray(each, np.float32) for each in arrays])
    return found if isinstance(found, interpreter.Missed) else found[1][0]


def names(program):
    return [record.op.name for record in program.records]


def test_operations_are_recorded_in_order():
    program, _ = recorded(lambda x: tf.exp(x) * x + 1.0, [1.0, 2.0])
    assert names(program) == ["exp", "multiply", "add"]
    assert replayed(program, [0.0, 1.0]).tolist() == [1.0, np.float32(np.exp(np.float32(1.0)) + 1.0)]


def test_constants_are_not_recorded_as_operations():
    program, _ = recorded(lambda x: x + tf.exp(tf.constant(0.0)) * 2.0, [1.0])
    assert names(program) == ["add"]


def test_a_gradient_is_recorded_as_its_operations():
    def function(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x * x
        return tape.gradient(y, x)

    program, found = recorded(function, [2.0])
    assert found.tolist() == [12.0]
    assert replayed(program, [3.0]).tolist() == [27.0]
    assert set(names(program)) == {"multiply", "add", "holds_nan"}


def test_what_python_reads_is_a_guard():
    def function(x):
        return x + 1.0 if x > 0 else x - 1.0

    program, _ = recorded(function, 2.0)
    assert names(program) == ["greater", "bool", "add"]
    missed = replayed(program, -2.0)
    assert missed.answer is False
    other, _ = recorded(function, -2.0)
    both = check(grafted(program, other))
    assert replayed(both, -3.0) == -4.0
    assert replayed(both, 3.0) == 4.0


@pytest.mark.parametrize(
    "read",
    [
        float, int, bool, lambda x: x.numpy(), np.asarray, lambda x: np.sin(x), lambda x: f"{x:.2f}",
        lambda x: x._value.max(), lambda x: x._value + 1.0, lambda x: list(x._value.reshape(-1)), complex,
    ],
)  # fmt: skip
def test_every_way_to_read_a_value_is_a_guard(read):
    def function(x):
        read(x)
        return x * 2.0

    program, _ = recorded(function, 2.5)
    assert len(list(program.guards())) == 1
    assert isinstance(replayed(program, -0.0), interpreter.Missed)
    assert replayed(program, 2.5) == 5.0


def test_shapes_and_dtypes_are_no_guards():
    def function(x):
        for row in x:
            assert row.shape == (2,)
        return tf.reshape(x, (len(x) * x.shape[1], -1)) if x.dtype == tf.float32 else x

    program, _ = recorded(function, [[1.0, 2.0], [3.0, 4.0]])
    assert not list(program.guards())


def test_the_same_question_is_asked_once():
    def function(x):
        sign = x > 0.0
        return x if sign and sign and bool(sign) else -x

    program, _ = recorded(function, 1.0)
    assert names(program) == ["greater", "bool"]


def test_effects_wait_for_the_last_guard():
    v = tf.Variable(0.0)

    def function(x):
        v.assign_add(x)
        return v + 1.0 if x > 0 else x - v

    program, _ = recorded(function, 1.0)
    assert v.numpy() == 1.0
    assert names(lowered(program))[-2:] == ["assign", "add"]
    assert isinstance(replayed(program, -1.0), interpreter.Missed)
    assert v.numpy() == 1.0
    assert replayed(program, 2.0) == 4.0
    assert v.numpy() == 3.0


def test_variables_are_read_once_and_known_after_assignment():
    v = tf.Variable(2.0)

    def function(x):
        before = v * v
        v.assign(x)
        return before + v + v

    program, _ = recorded(function, 1.0)
    assert names(program) == ["read", "multiply", "assign", "read", "add", "add"]
    assert names(lowered(program)) == ["read", "multiply", "assign", "add", "add"]
    assert replayed(program, 5.0) == 11.0
    assert v.numpy() == 5.0


def test_a_tensor_of_a_recording_that_is_over_cannot_be_used():
    kept = []
    recorded(lambda x: kept.append(x * 2.0) or x, 1.0)
    with pytest.raises(TypeError, match="out of scope"):
        kept[0] + 1.0
    with pytest.raises(TypeError, match="out of scope"):
        float(kept[0])


def test_recorded_tensors_print_as_in_tensorflow():
    texts = []
    recorded(lambda x: texts.append(str(x)) or texts.append(repr(x * 2.0)) or x, [1.0])
    assert texts[0] == 'Tensor("x0:0", shape=(1,), dtype=float32)'
    assert texts[1].startswith("<tf.Tensor 'multiply_")


def test_programs_print():
    program, _ = recorded(lambda x: x + 1.0 if x > 0 else x, 2.0)
    lines = str(program).split("\n")
    assert lines[0] == "program(%0: float32[])"
    assert "guard bool(%2) is True" in str(program)
    assert lines[-1].strip() == "return %4"


def test_batches_and_series_are_recorded():
    def function(x):
        return tf.vectorized_map(lambda row: tf.reduce_sum(row * row) * row, x)

    program, found = recorded(function, [[1.0, 2.0], [3.0, 4.0]])
    np.testing.assert_array_equal(found, [[5, 10], [75, 100]])
    np.testing.assert_array_equal(replayed(program, [[0.0, 1.0], [1.0, 1.0]]), [[0, 1], [2, 2]])
    assert not list(program.guards())


def test_what_a_function_of_the_users_sees_is_not_put_off():
    def made(around):
        v, seen = tf.Variable(0.0), []

        def look():
            seen.append(float(v))
            return v.numpy() * 2.0

        @around
        def f(x):
            v.assign(x)
            y = tf.py_function(look, [], tf.float32)
            v.assign_add(1.0)
            return y if y > 0 else v - y

        return f, v, seen

    (f, v, seen), (g, w, known) = made(tf.function), made(lambda function: function)
    for x in (1.0, 2.0, -3.0, 2.0, -3.0, 5.0):
        assert f(tf.constant(x)).numpy() == g(tf.constant(x)).numpy()
        assert (v.numpy(), seen) == (w.numpy(), known)
