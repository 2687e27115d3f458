"""The tape: what it records, for whom, and what it gives back."""

import gc
import threading
import weakref

import numpy as np
import pytest

import gradtape as tf


def test_fan_out_adds_up() -> None:
    x = tf.constant(3.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x + x * 2.0 + x
    assert float(tape.gradient(y, x)) == 9.0


def test_diamond_is_passed_once_per_record() -> None:
    x = tf.constant(1.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x
        for _ in range(60):
            y = y + y
    # 2**60 paths, 60 records.
    assert len(tape._tape.records) == 61
    assert float(tape.gradient(y, x)) == 2.0**60


def test_a_deep_chain_needs_no_recursion() -> None:
    x = tf.constant(1.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x
        for _ in range(20_000):
            y = y + 1.0
    assert float(tape.gradient(y, x)) == 1.0


def test_what_is_not_watched_is_not_recorded() -> None:
    x = tf.constant(1.0)
    with tf.GradientTape() as tape:
        y = tf.exp(x) * 2.0
    assert tape._tape.records == []
    assert tape.gradient(y, x) is None


def test_a_rule_runs_only_for_tracked_inputs() -> None:
    x, y = tf.constant(2.0), tf.constant(3.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        z = x * y
        _ = y * x
    for record in tape._tape.records[1:]:
        step, index, shape, kept = record
        assert (step.__name__, index, shape) == ("pull_multiply", 0, None)
        assert kept is y._value
    assert float(tape.gradient(z, x)) == 3.0


def test_add_keeps_no_array() -> None:
    x = tf.constant([1.0, 2.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        _ = x + x
    assert not any(isinstance(part, np.ndarray) for part in tape._tape.records[1])


def test_integers_are_not_watched() -> None:
    i = tf.constant(1)
    with tf.GradientTape() as tape:
        tape.watch(i)
        y = i * i
    assert tape.gradient(y, i) is None


def test_persistent_tape_answers_again() -> None:
    x = tf.constant(3.0)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x * x
        z = y * y
    assert [float(tape.gradient(each, x)) for each in (z, y, z)] == [108.0, 6.0, 108.0]


def test_second_gradient_of_a_plain_tape_is_refused() -> None:
    x = tf.constant(3.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
    tape.gradient(y, x)
    with pytest.raises(RuntimeError, match="persistent=True"):
        tape.gradient(y, x)


def test_tape_never_entered() -> None:
    x = tf.constant(1.0)
    with pytest.raises(RuntimeError, match="non-persistent GradientTape"):
        tf.GradientTape().gradient(x, x)


def test_entering_twice() -> None:
    with tf.GradientTape() as tape, pytest.raises(ValueError, match="still recording"), tape:
        pass


def test_a_tape_entered_again_goes_on() -> None:
    x = tf.constant([1.0, 2.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
    with tape:
        z = y * x
    np.testing.assert_array_equal(tape.gradient(z, x), [3.0, 12.0])


def test_gradient_inside_the_block_stops_a_plain_tape() -> None:
    x = tf.constant(2.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
        assert float(tape.gradient(y, x)) == 4.0
        z = x * x
    with pytest.raises(RuntimeError):
        tape.gradient(z, x)


def test_persistent_tape_differentiates_its_own_gradient() -> None:
    x = tf.constant([1.0, 2.0])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x * x * x
        first = tape.gradient(y, x)
    np.testing.assert_array_equal(tape.gradient(first, x), [6.0, 12.0])


def test_stop_recording() -> None:
    x = tf.constant(2.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
        with tape.stop_recording():
            z = y * x
        w = y * x
    assert float(tape.gradient([z, w], x)) == 12.0
    assert z._tape is None


def test_stop_recording_outside_is_refused() -> None:
    tape = tf.GradientTape()
    with pytest.raises(RuntimeError, match="not recording"), tape.stop_recording():
        pass
    with tape:
        pass
    with pytest.raises(ValueError, match="not recording"), tape.stop_recording():
        pass


def test_stop_recording_starts_again_after_an_error() -> None:
    x = tf.constant(2.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        with pytest.raises(KeyError), tape.stop_recording():
            raise KeyError
        y = x * x
    assert float(tape.gradient(y, x)) == 4.0


def test_reset_forgets_watched_tensors_too() -> None:
    x = tf.constant([1.0, 2.0])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x * x
        tape.reset()
        z = y * x
        assert tape.gradient(z, x) is None
        tape.watch(x)
        w = y * x
    np.testing.assert_array_equal(tape.gradient(w, x), [1.0, 4.0])


def test_watched_variables_in_order() -> None:
    a, b, c = tf.Variable(1.0), tf.Variable(2.0), tf.Variable(3)
    with tf.GradientTape() as tape:
        y = b * 2.0 + a
        _ = c + 1
    assert [v is w for v, w in zip(tape.watched_variables(), (a, b, c), strict=True)] == [True] * 3
    tape.gradient(y, a)
    assert len(tape.watched_variables()) == 3


def test_watch_accessed_variables_off() -> None:
    a, b = tf.Variable(2.0), tf.Variable(5.0)
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(a)
        y = a * b
    assert [None if g is None else float(g) for g in tape.gradient(y, [a, b])] == [5.0, None]


def test_untrainable_variables_are_watched_by_hand_only() -> None:
    v = tf.Variable(2.0, trainable=False)
    with tf.GradientTape(persistent=True) as tape:
        y = v * v
        tape.watch(v)
        z = v * v
    assert tape.gradient(y, v) is None
    assert float(tape.gradient(z, v)) == 4.0


def test_a_gradient_uses_the_value_as_read() -> None:
    v = tf.Variable([1.0, 2.0])
    with tf.GradientTape() as tape:
        y = v * v
        v.assign([5.0, 5.0])
        y = y + v * v
    np.testing.assert_array_equal(tape.gradient(y, v), [12.0, 14.0])


def test_assignment_passes_the_gradient_to_the_variable() -> None:
    v, x = tf.Variable([1.0, 2.0]), tf.constant([3.0, 4.0])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = v.assign(x) * 2.0
    np.testing.assert_array_equal(tape.gradient(y, v), [2.0, 2.0])
    assert tape.gradient(y, x) is None


def test_structures_of_sources_and_targets() -> None:
    x, w = tf.constant(2.0), tf.constant(3.0)
    with tf.GradientTape() as tape:
        tape.watch([x, (w,)])
        y, z = x * w, x * x
    result = tape.gradient({"b": y, "a": [z]}, {"x": x, "rest": [w, (tf.constant(1.0),)]})
    assert float(result["x"]) == 7.0
    assert float(result["rest"][0]) == 2.0
    assert result["rest"][1] == (None,)


def test_unconnected_gradients() -> None:
    x, other = tf.constant(2.0), tf.constant([1.0, 2.0])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([x, other])
        y = x * x
    assert tape.gradient(y, other) is None
    for zero in ("zero", tf.UnconnectedGradients.ZERO):
        np.testing.assert_array_equal(tape.gradient(y, other, unconnected_gradients=zero), [0.0, 0.0])
    with pytest.raises(ValueError, match="foo"):
        tape.gradient(y, other, unconnected_gradients="foo")


def test_output_gradients() -> None:
    x = tf.constant([1.0, 2.0])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x * x
    np.testing.assert_array_equal(tape.gradient(y, x, output_gradients=tf.constant([1.0, 10.0])), [2.0, 40.0])
    np.testing.assert_array_equal(tape.gradient(y, x, output_gradients=3.0), [6.0, 12.0])
    np.testing.assert_array_equal(
        tape.gradient([y, y], x, output_gradients=[tf.ones(2), 2.0 * tf.ones(2)]), [6.0, 12.0]
    )
    with pytest.raises(tf.errors.InvalidArgumentError, match="output_gradients"):
        tape.gradient(y, x, output_gradients=tf.constant([1.0, 2.0, 3.0]))


def test_a_source_that_is_the_target() -> None:
    x, unseen = tf.constant([1.0, 2.0]), tf.constant(1.0)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
    np.testing.assert_array_equal(tape.gradient(x, x), [1.0, 1.0])
    assert float(tape.gradient(unseen, unseen)) == 1.0


def test_intermediate_values_as_sources() -> None:
    x = tf.constant(2.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
        z = y * y
    dz_dy, dz_dx = tape.gradient(z, [y, x])
    assert (float(dz_dy), float(dz_dx)) == (8.0, 32.0)


@pytest.mark.parametrize("value", [1.0, "a", np.ones(2), object()])
def test_targets_and_sources_must_be_tensors(value: object) -> None:
    x = tf.constant(2.0)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x * x
    with pytest.raises(TypeError, match="target"):
        tape.gradient(value, x)
    with pytest.raises(TypeError, match="source"):
        tape.gradient(y, value)
    assert float(tape.gradient(y, x)) == 4.0


@pytest.mark.parametrize("value", [1.0, None, "a", np.ones(2)])
def test_watching_something_else(value: object) -> None:
    with tf.GradientTape() as tape, pytest.raises(ValueError, match="Passed in object"):
        tape.watch(value)


def test_an_error_in_the_block_leaves_the_tape_usable() -> None:
    x = tf.constant([2.0, 3.0])
    tape = tf.GradientTape()
    squares = []

    def block() -> None:
        with tape:
            tape.watch(x)
            squares.append(x * x)
            _ = x + tf.constant([1.0, 2.0, 3.0])

    with pytest.raises(tf.errors.InvalidArgumentError):
        block()
    assert len(tape._tape.records) == 2
    np.testing.assert_array_equal(tape.gradient(squares[0], x), [4.0, 6.0])
    with tf.GradientTape() as another:
        another.watch(x)
        z = x * 2.0
    np.testing.assert_array_equal(another.gradient(z, x), [2.0, 2.0])


def test_an_error_in_a_gradient_leaves_a_persistent_tape_as_it_was() -> None:
    x = tf.constant(2.0)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x * x
    with pytest.raises(TypeError):
        tape.gradient(y, [x, "x"])
    assert float(tape.gradient(y, x)) == 4.0


@pytest.mark.parametrize("order", [2, 3, 4])
def test_nested_tapes(order: int) -> None:
    x = tf.constant(1.5, tf.float64)

    def derivative(depth: int) -> tf.Tensor:
        if depth == 0:
            return x**5.0
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = derivative(depth - 1)
        return tape.gradient(y, x)

    factor = {2: 20.0, 3: 60.0, 4: 120.0}[order]
    assert float(derivative(order)) == pytest.approx(factor * 1.5 ** (5 - order), rel=1e-14)


def test_the_inner_tape_does_not_see_the_outer_s_sources() -> None:
    x, y = tf.constant(2.0), tf.constant(3.0)
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(y)
            z = x * y
            w = x * x
    assert inner.gradient(w, y) is None
    assert float(outer.gradient(z, x)) == 3.0


def test_two_tapes_side_by_side() -> None:
    x = tf.constant(2.0)
    with tf.GradientTape() as one, tf.GradientTape() as two:
        one.watch(x)
        two.watch(x)
        y, z = x * x, x * x * x
    assert float(one.gradient(z, x)) == 12.0
    assert float(two.gradient(y, x)) == 4.0


def test_threads_record_for_themselves() -> None:
    shared, v = tf.constant(2.0), tf.Variable(3.0)
    failures: list[str] = []

    def work(number: float) -> None:
        for _ in range(200):
            with tf.GradientTape() as tape:
                tape.watch(shared)
                y = shared * number
                for _ in range(5):
                    y = y * shared + v
            got = [float(g) for g in tape.gradient(y, [shared, v])]
            expected = [6 * number * 32.0 + 3.0 * (1 + 4 + 12 + 32), 31.0]
            if got != expected:
                failures.append(f"{got} != {expected}")

    threads = [threading.Thread(target=work, args=(float(k),)) for k in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures[0]


def test_another_thread_s_operations_are_not_recorded() -> None:
    x = tf.constant(2.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        before = len(tape._tape.records)
        thread = threading.Thread(target=lambda: x * x)
        thread.start()
        thread.join()
        assert len(tape._tape.records) == before


def test_a_dropped_tape_frees_its_arrays() -> None:
    gc.disable()
    try:
        x = tf.Variable(np.ones(1000, np.float32))
        tape = tf.GradientTape(persistent=True)
        with tape:
            y = tf.exp(x)
            loss = tf.reduce_sum(y * y)
        alive = weakref.ref(y._value)
        del y
        assert alive() is not None
        del tape
        # The loss, the variable and its cached reading live on; the tape's arrays do not wait for the collector.
        assert alive() is None
        assert float(loss) == pytest.approx(1000 * np.exp(2.0), rel=1e-5)
    finally:
        gc.enable()


def test_a_used_tape_frees_its_arrays() -> None:
    x = tf.constant(np.ones(10))
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.exp(x)
        z = y * y
    alive = weakref.ref(y._value)
    tape.gradient(z, x)
    del y
    assert alive() is None


def test_watching_the_same_tensor_for_many_tapes_keeps_one_link() -> None:
    x = tf.constant(1.0)
    for _ in range(100):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        tape.gradient(y, x)
    assert x._tape.records == []
    assert not hasattr(x._tape, "entries")


def test_a_nested_tape_is_freed_without_the_collector() -> None:
    gc.collect()
    gc.disable()
    try:
        x = tf.constant(np.ones(10))
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = tf.exp(x)
            first = inner.gradient(y, x)
        second = outer.gradient(first, x)
        alive = weakref.ref(y._value)
        del y, first, inner, outer
        assert alive() is None
        np.testing.assert_allclose(second, np.e * np.ones(10))
    finally:
        gc.enable()


def test_warnings_as_errors_change_nothing() -> None:
    # pytest runs with warnings as errors: 1/0 is inf all the same, forwards and backwards.
    x = tf.constant([0.0, 1.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.sqrt(x) + 1.0 / x
    assert y.numpy()[0] == np.inf
    np.testing.assert_array_equal(tape.gradient(y, x), [np.nan, -0.5])


def test_numpy_settings_change_nothing() -> None:
    with np.errstate(all="raise"):
        assert (tf.constant([1.0]) / tf.constant([0.0])).numpy()[0] == np.inf
