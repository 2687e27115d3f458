"""Loops of recorded functions: one step of the program, with the values that they have without it."""

import numpy as np
import pytest

import gradtape as tf
from gradtape._executors.program import Guard
from tests.executors.looped import LOOPS, RNG, Recording, V, gradient_of, network, power


def test_one_program_does_for_all_numbers_of_turns():
    recording = Recording(power)
    for count in (1, 5, 100, 0, 7):
        recording.compare(1.01, count)
    assert recording.trace.recordings == 1
    assert recording.names() == ["loop"]


def test_programs_show_their_loops():
    recording = Recording(power)
    recording.compare(1.5, 3)
    text = str(recording.trace.program)
    assert text.count("program(") == 3
    assert "while:" in text
    assert "turn:" in text
    assert "multiply" in text


@pytest.mark.parametrize("first", [0, 1, 2, 6])
def test_any_number_of_turns_may_be_the_first(first):
    recording = Recording(network)
    for count in (first, 3, 0, 1, 5):
        recording.compare(RNG.normal(size=3), count)
    assert recording.trace.recordings == 1


def test_python_numbers_may_count():
    def function(x, n):
        return tf.while_loop(lambda i, y: i < n, lambda i, y: (i + 1, y * x), (0, x))

    recording = Recording(function)
    for count in (2, 0, 9):
        recording.compare(1.5, count)
    assert recording.trace.recordings == 1
    assert recording.names() == ["loop"]


@pytest.mark.parametrize("f", LOOPS)
def test_loops_are_one_step(f):
    recording = Recording(f)
    for count in (2, 4, 0, 1):
        recording.compare(RNG.normal(size=3), count)
    assert recording.trace.recordings == 1
    assert recording.names().count("loop") == 1


def test_variables_are_read_before_the_loop():
    def function(n):
        with tf.GradientTape() as tape:
            y = tf.while_loop(lambda i, y: i < n, lambda i, y: (i + 1, y * V), (tf.constant(0), V * 2.0))[1]
        return tape.gradient(y, V), y

    recording = Recording(function)
    for count in (3, 0, 2):
        recording.compare(count, exact=False)
        V.assign(V * 1.1)
    assert recording.trace.recordings == 1
    assert recording.names()[0] == "read"


def test_a_loop_that_assigns_is_unrolled_and_assigns_once():
    variable = tf.Variable(0.0)

    def function(n):
        variable.assign(1.0)

        def body(i, y):
            return i + 1, y + variable.assign_add(1.0)

        return tf.while_loop(lambda i, y: i < n, body, (tf.constant(0), tf.constant(0.0)))[1]

    recording = Recording(function)
    for count in (3, 3, 2, 2):
        recording.compare(count)
        assert variable.numpy() == 1.0 + count
    assert "loop" not in recording.names()


def test_a_loop_that_draws_is_unrolled_and_draws_once():
    def function(n):
        body = lambda i, y: (i + 1, y + tf.random.normal([]))
        return tf.while_loop(lambda i, y: i < n, body, (tf.constant(0), tf.constant(0.0)))[1]

    tf.random.set_seed(3)
    wanted = [function(tf.constant(count)).numpy() for count in (3, 3, 5, 0)]
    tf.random.set_seed(3)
    recorded = tf.function(function)
    assert [recorded(tf.constant(count)).numpy() for count in (3, 3, 5, 0)] == wanted


def test_what_changes_its_shape_is_unrolled():
    def function(x):
        return tf.while_loop(lambda y: tf.size(y) < 8, lambda y: tf.concat([y, y], 0), [x])[0]

    recording = Recording(function)
    for value in ([1.0], [2.0]):
        recording.compare(value)
    assert recording.names() == ["concat"] * 3


def test_what_python_decides_differently_is_unrolled():
    def function(n):
        body = lambda i, y: (i + 1, y * 2.0 if i % 2 == 0 else y + 1.0)
        return tf.while_loop(lambda i, y: i < n, body, (tf.constant(0), tf.constant(1.0)))[1]

    recording = Recording(function)
    for count in (3, 5, 3, 0):
        recording.compare(count)
    assert "loop" not in recording.names()


def test_what_python_has_counted_is_unrolled():
    def function(x, n):
        numbers = iter([1.0, 2.0, 3.0, 4.0, 5.0])
        return tf.while_loop(lambda i, y: i < n, lambda i, y: (i + 1, y * next(numbers)), (tf.constant(0), x))[1]

    recording = Recording(function)
    for count in (3, 4, 3):
        recording.compare(1.5, count)
    assert "loop" not in recording.names()


def test_what_python_decides_is_asked_in_every_turn():
    def function(x, n):
        body = lambda i, y: (i + 1, y * 2.0 if tf.reduce_all(y < 20.0) else y - 1.0)
        return tf.while_loop(lambda i, y: i < n, body, (tf.constant(0), x))[1]

    recording = Recording(function)
    recording.compare(1.0, 3)
    assert recording.names() == ["loop", "turns"]
    recording.compare(1.0, 4)
    assert recording.trace.recordings == 1
    for value, count in ((1.0, 9), (30.0, 3), (1.0, 2), (1.0, 9)):
        recording.compare(value, count)


def test_an_error_in_a_later_turn_is_that_without_recording():
    def function(x, n):
        body = lambda i, y: (i + 1, tf.debugging.check_numerics(tf.sqrt(y) - 1.0, "bad"))
        return tf.while_loop(lambda i, y: i < n, body, (tf.constant(0), x))[1]

    recorded = tf.function(function)
    for _ in range(2):
        np.testing.assert_array_equal(recorded(tf.constant(100.0), tf.constant(1)), 9.0)
    for run in (function, recorded):
        with pytest.raises(tf.errors.InvalidArgumentError, match="bad"):
            run(tf.constant(100.0), tf.constant(9))


def test_limits_and_ignored_arguments():
    def function(x):
        return tf.while_loop(
            lambda y: y < 100.0,
            lambda y: y * x,
            [x],
            shape_invariants=[tf.TensorShape([])],
            parallel_iterations=1,
            back_prop=False,
            swap_memory=True,
            maximum_iterations=3,
        )[0]

    recording = Recording(function)
    for value in (2.0, 11.0, 200.0):
        recording.compare(value)
    assert recording.trace.recordings == 1
    assert recording.names() == ["loop"]


def test_structures_of_any_form():
    def function(x, n):
        def body(d, y):
            return {"i": d["i"] + 1, "s": (d["s"][0] + x,)}, [y[0] * 2]

        return tf.while_loop(lambda d, y: d["i"] < n, body, ({"i": tf.constant(0), "s": (x,)}, [tf.constant(1)]))

    recording = Recording(function)
    for count in (3, 0, 5):
        recording.compare(1.5, count)
    assert recording.trace.recordings == 1


@pytest.mark.parametrize("start", [0.0, np.float32(0.0), np.zeros((), np.float32)])
def test_what_is_a_tensor_after_one_turn_is_looped_from_there(start):
    def function(x, n):
        return tf.while_loop(lambda i, y: i < n, lambda i, y: (i + 1, y * x + 1.0), (tf.constant(0), start))[1]

    recording = Recording(function)
    for count in (3, 6, 2):
        recording.compare(1.5, count)
    assert recording.trace.recordings == 1
    assert "loop" in recording.names()


def test_python_floats_stay_python_floats():
    def function(n):
        return tf.while_loop(lambda i, y: i < n, lambda i, y: (i + 1, y * 1.1), (tf.constant(0), 0.1))[1]

    recording = Recording(function)
    for count in (30, 31):
        recording.compare(count)


@pytest.mark.parametrize("x", [1.5 + 2.0j, tf.constant(1.5, tf.bfloat16), tf.constant([1, 2], tf.int64)])
def test_values_of_all_dtypes(x):
    def function(x, n):
        return tf.while_loop(lambda i, y: i < n, lambda i, y: (i + 1, y * x), (tf.constant(0), x))[1]

    recording = Recording(function)
    for count in (3, 0, 5):
        recording.compare(x, count)


@pytest.mark.parametrize("count", [0, 1, 2, 3])
@pytest.mark.parametrize(
    "function",
    [
        lambda x: tf.map_fn(lambda row: row * 2.0, x),
        lambda x: tf.map_fn(lambda row: (row, {"k": row > 1.0}), x, fn_output_signature=(tf.float32, {"k": tf.bool})),
        lambda x: tf.map_fn(lambda row: row * 2.0 if tf.reduce_sum(row) > 1.0 else row, x),
        lambda x: tf.scan(lambda h, row: h * 2.0 + row, x, tf.ones(2)),
        lambda x: tf.scan(lambda h, row: h * 2.0 + row, x, tf.ones(2), reverse=True),
        lambda x: tf.foldl(lambda h, row: h * 2.0 + row, x, tf.ones(2)),
        lambda x: tf.foldr(lambda h, row: h * 2.0 + row, x, tf.ones(2)),
        lambda x: tf.scan(lambda h, row: h * 2.0 + row, tf.concat([x, tf.ones([1, 2])], 0)),
        lambda x: tf.scan(lambda h, row: h * 2.0 + row, tf.concat([x, tf.ones([1, 2])], 0), reverse=True),
        lambda x: tf.foldr(lambda h, row: h * 2.0 + row, tf.concat([x, tf.ones([1, 2])], 0)),
    ],
)
def test_loops_over_rows_of_any_number(function, count):
    recording = Recording(function)
    for _ in range(4):
        recording.compare(RNG.normal(size=(count, 2)).astype(np.float32))


@pytest.mark.parametrize("start", [0, tf.constant(0)])
def test_arrays_of_tensors_in_loops(start):
    def function(x, n):
        given = tf.TensorArray(tf.float64, size=4).unstack(x)
        made = tf.TensorArray(tf.float64, size=4)
        body = lambda i, y, made: (i + 1, y * given.read(i), made.write(i, y))
        return tf.while_loop(lambda i, y, made: i < n, body, (start, x[0], made))[2].stack()

    recording = Recording(function)
    for _ in range(3):
        recording.compare(RNG.normal(size=4), 4)
    derivative = Recording(gradient_of(function))
    for _ in range(3):
        derivative.compare(RNG.normal(size=4), 4, exact=False)


@pytest.mark.parametrize("start", [0, tf.constant(0)])
def test_arrays_of_tensors_of_known_shape_are_part_of_the_loop(start):
    def function(x, n):
        given = tf.TensorArray(tf.float64, size=6, element_shape=[], clear_after_read=False).unstack(x)
        made = tf.TensorArray(tf.float64, size=6, element_shape=[])

        def body(i, y, given, made):
            return i + 1, y * given.read(i), given, made.write(5 - i, y)

        found = tf.while_loop(lambda i, y, *arrays: i < n, body, (start, x[0], given, made))[3]
        assert found is made
        return made.stack(), made.read(5), found.size()

    recording = Recording(function)
    for count in (4, 6, 0, 1):
        recording.compare(RNG.normal(size=6), count)
    assert recording.trace.recordings == 1
    assert recording.names().count("loop") == 1
    derivative = Recording(gradient_of(lambda x, n: function(x, n)[:2]))
    for count in (4, 6, 2, 1):
        derivative.compare(RNG.normal(size=6), count, exact=False)
    assert derivative.trace.recordings == 1


def test_a_wrong_index_of_an_array_of_tensors_is_an_error_as_without_recording():
    def function(x, n):
        made = tf.TensorArray(tf.float64, size=3, element_shape=[])
        body = lambda i, made: (i + 1, made.write(i, x[0]))
        return tf.while_loop(lambda i, made: i < n, body, (tf.constant(0), made))[1].stack()

    recorded = tf.function(function)
    x = tf.constant(RNG.normal(size=3))
    np.testing.assert_array_equal(recorded(x, tf.constant(2)), function(x, tf.constant(2)))
    for _ in range(2):
        with pytest.raises(tf.errors.InvalidArgumentError):
            recorded(x, tf.constant(5))
    np.testing.assert_array_equal(recorded(x, tf.constant(3)), function(x, tf.constant(3)))


def test_large_arrays_of_tensors_are_not_copied_in_loops():
    def function(x, n):
        made = tf.TensorArray(tf.float64, size=5, element_shape=[10_000])
        body = lambda i, y, made: (i + 1, y * 2.0, made.write(i, y))
        return tf.while_loop(lambda i, y, made: i < n, body, (0, x, made))[2].stack()

    recording = Recording(function)
    recording.compare(np.ones(10_000), 3)
    assert "loop" not in recording.names()


def test_values_of_a_turn_cannot_be_used_after_the_loop():
    def function(x, n):
        values = []

        def body(i, y):
            values.append(y)
            return i + 1, y * 2.0

        tf.while_loop(lambda i, y: i < n, body, (tf.constant(0), x))
        return tf.add_n(values)

    with pytest.raises(ValueError, match="out of scope"):
        tf.function(function)(tf.constant(1.0), tf.constant(3))


def test_conditions_have_a_branch_for_each_answer():
    def function(x):
        y = tf.cond(x > 0.0, lambda: x * 2.0, lambda: x - 1.0)
        return tf.switch_case(tf.cast(y, tf.int32), [lambda: y, lambda: y + 1.0, lambda: y * y])

    recording = Recording(function)
    for value in (0.2, 0.7, 3.0, -1.0, 0.3, 0.6, 4.0):
        recording.compare(value)
    assert recording.trace.recordings == 4
    assert any(type(record.op) is Guard for record in recording.trace.program.records)


def test_turns_with_other_masks_are_no_loop():
    def masked(x):
        masks = [np.arange(3000) == place for place in (1500, 1501, 1502)]

        def turn(k, total):
            return k + 1, total + tf.reduce_sum(x[masks.pop()])

        return tf.while_loop(lambda k, _: k < 3, turn, (tf.constant(0), tf.constant(0.0)))[1]

    assert float(tf.function(masked)(tf.range(3000.0))) == 4503.0


def test_a_condition_that_follows_from_python_alone_is_asked_in_each_turn():
    def doubled(x):
        left = [5]

        def holds(_):
            left[0] -= 1
            return left[0] > 0

        return tf.while_loop(holds, lambda y: [y * 2.0], [x], maximum_iterations=9)[0]

    recorded = tf.function(doubled)
    assert [float(recorded(tf.constant(1.0))) for _ in range(3)] == [16.0] * 3
