"""What tapes know of tensors that came another way: watched later, read twice, rounded, looked up."""

import numpy as np
import pytest

import gradtape as tf
from gradtape._core.memory import LARGE


@pytest.mark.parametrize(
    ("function", "second"),
    [
        (lambda x: x * x * x, 8.0),  # x * x is a constant for the later tape, as in TensorFlow
        (lambda x: x**4, 48.0),
        (tf.sin, -np.sin(2.0)),
        (tf.exp, None),
        (lambda x: x * tf.stop_gradient(x), None),
    ],
)
def test_a_later_tape_differentiates_an_earlier_tape_s_gradient(function, second: float | None) -> None:
    x = tf.constant(2.0)
    with tf.GradientTape() as first:
        first.watch(x)
        y = function(x)
    with tf.GradientTape() as later:
        later.watch(x)
        slope = first.gradient(y, x)
    found = later.gradient(slope, x)
    assert (found is None) == (second is None)
    if found is not None:
        np.testing.assert_allclose(found, second, rtol=1e-6)


def test_a_later_tape_watches_what_was_a_constant_or_a_result() -> None:
    x, y = tf.constant(3.0), tf.constant(0.5)
    with tf.GradientTape(persistent=True) as first:
        first.watch(y)
        product, power = x * y, tf.exp(y)
    with tf.GradientTape(persistent=True) as later:
        later.watch([x, power])
        by_product, by_power = first.gradient(product, y), first.gradient(power, y)
    assert float(later.gradient(by_product, x)) == 1.0
    assert float(later.gradient(by_power, power)) == 1.0


def test_a_variable_that_was_assigned_a_tensor_is_not_that_tensor() -> None:
    x, v = tf.constant(3.0), tf.Variable(0.0)
    v.assign(x)
    with tf.GradientTape() as first:
        y = v * v
    with tf.GradientTape() as later:
        later.watch(x)
        slope = first.gradient(y, v)
    assert float(slope) == 6.0
    assert later.gradient(slope, x) is None


def test_a_gradient_inside_of_what_an_outer_tape_did_not_record() -> None:
    x = tf.constant(3.0)
    with tf.GradientTape() as outer:
        outer.watch(x)
        with outer.stop_recording(), tf.GradientTape() as inner:
            y = tf.constant(2.0)
            inner.watch(y)
            z = x * y
        slope = inner.gradient(z, y)
    assert float(outer.gradient(slope, x)) == 1.0


def test_a_stopped_tape_records_nothing_and_goes_on() -> None:
    x = tf.constant(3.0)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        with tape.stop_recording():
            unseen = x * x
        seen = x * unseen
    assert tape.gradient(unseen, x) is None
    assert float(tape.gradient(seen, x)) == 9.0


def test_each_reading_of_a_variable_is_a_step_of_its_own() -> None:
    v = tf.Variable(2.0)
    with tf.GradientTape(persistent=True) as tape:
        a, b, c = v.value(), v.read_value(), tf.convert_to_tensor(v)
        y = a * b * c
        z = v * v
    assert [float(each) for each in tape.gradient(y, [a, b, c, v])] == [4.0, 4.0, 4.0, 12.0]
    assert tape.gradient(z, a) is None


def test_a_lookup_in_a_reading_gives_rows() -> None:
    v = tf.Variable([[1.0, 2.0], [3.0, 4.0]])
    with tf.GradientTape(persistent=True) as outer, tf.GradientTape(persistent=True) as tape:
        rows = tf.gather(v.value(), [0])
        copied = tf.gather(tf.identity(v), [1])
    for target in (rows, copied):
        assert isinstance(tape.gradient(target, v), tf.IndexedSlices)
        assert isinstance(outer.gradient(target, v), tf.IndexedSlices)


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("inside", [False, True])
def test_rows_and_a_large_dense_gradient_add_up(order: int, inside: bool) -> None:
    v = tf.Variable(np.ones((LARGE // 4 + 1, 4), np.float32))
    with tf.GradientTape(persistent=True) as tape:
        parts = [lambda: tf.reduce_sum(tf.gather(v, [0, 0, 1])), lambda: tf.reduce_sum(v * v) + tf.reduce_sum(v)]
        first, second = (part() for part in parts[::order])
        y = first + second
        g = tape.gradient(y, v) if inside else None
    np.testing.assert_array_equal((g if inside else tape.gradient(y, v))[:3, 0], [5.0, 4.0, 3.0])


@pytest.mark.parametrize("function", [lambda x: tf.repeat(x, [1, 2], axis=0), lambda x: tf.pad(x, [[1, 1]], "REFLECT")])
def test_what_is_made_of_lookups_has_a_dense_gradient(function) -> None:
    x = tf.constant([1.0, 2.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = function(x)
    assert isinstance(tape.gradient(y, x), tf.Tensor)


ROUNDINGS = {
    "round": tf.round,
    "floor": tf.floor,
    "ceil": tf.math.ceil,
    "rint": tf.math.rint,
    "floordiv": lambda x: x // 0.5,
    "ones_like": tf.ones_like,
    "zeros_like": lambda x: tf.zeros_like(x, tf.float32),
}


@pytest.mark.parametrize("tapes", [1, 2])
@pytest.mark.parametrize("name", ROUNDINGS)
def test_a_rounded_number_is_a_source(name: str, tapes: int) -> None:
    x = tf.constant([0.4, 1.6])
    with tf.GradientTape(persistent=True) as outer, tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        if tapes == 2:
            outer.watch(x)
        rounded = ROUNDINGS[name](x)
        y = rounded * rounded
    for each in (tape, outer)[:tapes]:
        np.testing.assert_array_equal(each.gradient(y, rounded), 2.0 * rounded.numpy())
        assert each.gradient(y, x) is None
        assert each.gradient(rounded, x) is None


def test_ones_of_another_dtype_are_constants() -> None:
    x = tf.constant([0.4, 1.6])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        other, whole = tf.ones_like(x, tf.float64), tf.zeros_like(x, tf.int32)
        y, z = other * other, whole * whole
    assert tape.gradient(y, other) is None
    assert tape.gradient(z, whole) is None


def test_what_no_tape_saw_counts_as_often_as_it_is_a_target() -> None:
    x = tf.constant([1.0, 2.0])
    with tf.GradientTape(persistent=True) as tape:
        pass
    np.testing.assert_array_equal(tape.gradient([x, x], x), [2.0, 2.0])
    seeds = [tf.constant([3.0, 3.0]), tf.constant([4.0, 4.0])]
    np.testing.assert_array_equal(tape.gradient([x, x], x, output_gradients=seeds), [7.0, 7.0])


@pytest.mark.parametrize(
    "program",
    [
        lambda: tf.constant([1], tf.int64) * 2**63,
        lambda: tf.constant(2**63, tf.int64),
        lambda: tf.constant([2**63], tf.int32),
        lambda: tf.constant([1.0]) * 10**400,
        lambda: 10**400 * tf.constant([1.0]),
    ],
)
def test_a_whole_number_that_nothing_holds_is_refused(program) -> None:
    with pytest.raises(ValueError, match="out-of-range integer"):
        program()
    assert int(tf.constant(2**63, tf.uint64)) == 2**63


def test_a_slice_is_assigned_a_value_with_leading_ones() -> None:
    v = tf.Variable([[1.0, 2.0], [3.0, 4.0]])
    v[0].assign([[[9.0, 8.0]]])
    v[1, 1].assign([[5.0]])
    np.testing.assert_array_equal(v, [[9.0, 8.0], [3.0, 5.0]])
    with pytest.raises(tf.errors.InvalidArgumentError, match="cannot be assigned"):
        v[0].assign([[1.0], [2.0]])
