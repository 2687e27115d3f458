"""What goes on inside of a function that is recorded: variables that are made, scopes, other functions, errors."""

import numpy as np
import pytest

import gradtape as tf
from gradtape._executors.function import MOST_VARIANTS
from tests.executors.test_function import Lazy, noted

x = tf.constant([1.0, 2.0])


# -- variables


def test_variables_are_made_at_the_first_call() -> None:
    layer = Lazy()
    function = tf.function(layer)
    assert [float(function(tf.constant(k))) for k in (1.0, 2.0, 3.0)] == [2.0, 3.0, 4.0]
    assert layer.runs == 2
    assert function.experimental_get_tracing_count() == 2


@pytest.mark.parametrize("make", [lambda: tf.Variable(1.0), lambda: tf.Variable(1.0) + 1.0], ids=["returned", "used"])
def test_variables_that_are_dropped_are_refused(make: object) -> None:
    for _ in range(2):
        with pytest.raises(ValueError, match="singleton"):
            tf.function(make)()


def test_variables_that_are_made_later_are_refused() -> None:
    made = []

    def run(x: tf.Tensor) -> tf.Tensor:
        if x.shape.rank:
            made.append(tf.Variable(1.0))
        return x

    function = tf.function(run)
    function(tf.constant(1.0))
    with pytest.raises(ValueError, match="singleton"):
        function(x)
    assert not made
    assert float(function(tf.constant(2.0))) == 2.0


def test_variables_may_be_made_in_an_init_scope() -> None:
    made = {}

    def run(x: tf.Tensor) -> tf.Tensor:
        with tf.init_scope():
            if x.shape not in made:
                made[x.shape] = tf.Variable(tf.ones(x.shape))
        return x + made[x.shape]

    function = tf.function(run)
    for argument in (x, tf.constant(1.0), x):
        np.testing.assert_array_equal(function(argument), argument + 1.0)


# -- what is inside


def test_a_function_knows_that_it_is_recorded() -> None:
    known = []

    def run(x: tf.Tensor) -> tf.Tensor:
        known.append((tf.executing_eagerly(), tf.inside_function()))
        with tf.init_scope():
            known.append((tf.executing_eagerly(), tf.inside_function()))
        known.append((tf.executing_eagerly(), tf.inside_function()))
        return x

    tf.function(run)(x)
    assert known == [(False, True), (True, False), (False, True)]
    assert tf.executing_eagerly()
    assert not tf.inside_function()


def test_an_init_scope_runs_once_and_leaves_the_function() -> None:
    variable = tf.Variable(1.0)

    def run(x: tf.Tensor) -> tf.Tensor:
        with tf.init_scope():
            constant = tf.constant(2.0) * variable
            assert isinstance(constant.numpy(), np.float32)
        return x * constant * variable

    function = tf.function(run)
    assert float(function(3.0)) == 6.0
    variable.assign(10.0)
    assert float(function(3.0)) == 60.0
    assert function.experimental_get_tracing_count() == 1


def test_recorded_tensors_stay_outside_of_an_init_scope() -> None:
    def run(x: tf.Tensor) -> tf.Tensor:
        with tf.init_scope():
            return x + 1.0

    for _ in range(2):
        with pytest.raises(TypeError, match="out of scope"):
            tf.function(run)(x)
    assert tf.executing_eagerly()


def test_tapes_do_not_see_into_an_init_scope() -> None:
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        with tf.init_scope():
            inside = x * 2.0
        outside = x * 3.0
    assert tape.gradient(inside, x) is None
    np.testing.assert_array_equal(tape.gradient(outside, x), [3.0, 3.0])


def test_functions_inside_of_others_belong_to_them() -> None:
    recorded, inner = noted(lambda x: {"y": x * 2.0, "n": 5})
    outer = tf.function(lambda x: recorded(x)["y"] + tf.cast(recorded(x)["n"], tf.float32))
    for _ in range(3):
        np.testing.assert_array_equal(outer(x), [7.0, 9.0])
    assert len(inner) == 2
    assert recorded.experimental_get_tracing_count() == 0


def test_a_function_with_an_own_recording_belongs_to_one_around() -> None:
    variable, constant = tf.Variable(1.0), tf.constant(2.0)
    inner = tf.function(lambda y: y * variable)
    for _ in range(3):
        inner(constant)
    outer = tf.function(lambda x: x * inner(constant))
    for k in (1.0, 2.0, 3.0):
        variable.assign(k)
        assert float(outer(tf.constant(5.0))) == 10.0 * k
        assert float(inner(constant)) == 2.0 * k


def test_a_function_may_call_itself() -> None:
    @tf.function
    def power(x: tf.Tensor, n: int) -> tf.Tensor:
        return x if n == 0 else power(x * 2.0, n - 1)

    for _ in range(3):
        assert float(power(tf.constant(1.0), 5)) == 32.0
    with pytest.raises(RecursionError):
        tf.function(lambda x: power(x, -1))(tf.constant(1.0))
    assert tf.executing_eagerly()


def test_errors_pass_and_leave_nothing_behind() -> None:
    variable = tf.Variable(0.0)
    fails = [True]

    @tf.function
    def run(x: tf.Tensor) -> tf.Tensor:
        variable.assign(x)
        if fails[0]:
            raise KeyError("mine")
        return x + variable

    with pytest.raises(KeyError, match="mine"):
        run(tf.constant(5.0))
    assert float(variable) == 5.0
    assert tf.executing_eagerly()
    assert not run._variants
    fails[0] = False
    for k in (1.0, 2.0, 3.0):
        assert float(run(tf.constant(k))) == 2 * k


def test_tensors_of_a_recorded_run_are_not_used_elsewhere() -> None:
    kept = []

    @tf.function
    def run(x: tf.Tensor) -> tf.Tensor:
        kept.append(x * 2.0)
        return x

    run(x)
    for use in (
        lambda: kept[0] + 1.0,
        lambda: bool(kept[0][0] > 1.0),
        lambda: kept[0].numpy(),
        lambda: tf.function(lambda y: y + kept[0])(x),
        lambda: tf.function(lambda y: y)(kept[0]) + 1.0,
    ):
        with pytest.raises(TypeError, match="out of scope"):
            use()
    assert tf.executing_eagerly()


def test_what_keeps_changing_outside_ends_the_recording() -> None:
    state = {"rate": 0.0}
    function, runs = noted(lambda x: x * state["rate"])
    for k in range(3 * MOST_VARIANTS):
        state["rate"] = float(k)
        assert float(function(tf.constant(2.0))) == 2.0 * k
    assert len(runs) == 3 * MOST_VARIANTS
    before = len(runs)
    assert float(function(tf.constant(2.0))) == 2.0 * state["rate"]
    assert len(runs) == before + 1


def test_a_few_states_outside_are_kept_side_by_side() -> None:
    state = {"training": True}
    function, runs = noted(lambda x: x * 2.0 if state["training"] else x)
    for k in range(10):
        state["training"] = k % 2 == 0
        assert float(function(tf.constant(1.0))) == (2.0 if k % 2 == 0 else 1.0)
    assert len(runs) == 2
    assert function.experimental_get_tracing_count() == 1
