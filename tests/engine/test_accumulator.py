"""Forward mode: tangents beside values, under and over tapes."""

import contextlib
import weakref

import numpy as np
import pytest

import gradtape as tf
from gradtape._autodiff import accumulator
from gradtape._core.op import OPS
from gradtape._testing import lawbook
from gradtape._testing.cases import cases, directions, tensors_of

Accumulator = tf.autodiff.ForwardAccumulator


def cube(x):
    return x * x * x


def test_a_product() -> None:
    x = tf.constant(3.0)
    with Accumulator(x, 1.0) as acc:
        y = x * x
    assert float(acc.jvp(y)) == 6.0
    assert float(acc.jvp(x)) == 1.0
    assert acc.jvp(tf.constant(2.0)) is None
    assert float(acc.jvp(tf.constant(2.0), unconnected_gradients="zero")) == 0.0


def test_structures_and_variables() -> None:
    x, v = tf.constant([1.0, 2.0]), tf.Variable([3.0, 4.0])
    with Accumulator({"x": x, "v": [v]}, {"x": tf.constant([1.0, 0.0]), "v": [tf.constant([0.0, 1.0])]}) as acc:
        y = tf.reduce_sum(x * v)
        v.assign([5.0, 6.0])
        z = tf.reduce_sum(x * v)
    assert [float(each) for each in acc.jvp([y, z])] == [5.0, 7.0]
    np.testing.assert_array_equal(acc.jvp(v), [0.0, 1.0])


def test_it_goes_on_when_entered_again_and_not_in_between() -> None:
    x = tf.constant(3.0)
    acc = Accumulator(x, 1.0)
    with acc:
        y = x * x
    outside = y * x
    with acc:
        z = y * x
        with pytest.raises(ValueError, match="already recording"), acc:
            pass
    assert acc.jvp(outside) is None
    assert float(acc.jvp(z)) == 27.0


def test_forward_over_forward() -> None:
    x = tf.constant(3.0)
    with Accumulator(x, 1.0) as outer, Accumulator(x, 1.0) as inner:
        y = cube(x)
    assert [float(each) for each in (inner.jvp(y), outer.jvp(y), outer.jvp(inner.jvp(y)))] == [27.0, 27.0, 18.0]


def test_forward_over_reverse() -> None:
    x = tf.constant([1.0, 2.0])
    with Accumulator(x, tf.constant([1.0, 10.0])) as acc:
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.reduce_sum(tf.exp(x) * x)
        g = tape.gradient(y, x)
    np.testing.assert_allclose(acc.jvp(g), np.exp([1.0, 2.0]) * [3.0, 40.0], rtol=1e-6)


@pytest.mark.parametrize("inside", [True, False])
def test_reverse_over_forward(inside: bool) -> None:
    x = tf.constant(3.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        with Accumulator(x, 1.0) as acc:
            y = cube(x)
        product = acc.jvp(y) if inside else None
    product = product if inside else acc.jvp(y)
    assert float(tape.gradient(product, x)) == 18.0


def test_integers_do_not_move() -> None:
    i, x = tf.constant(2), tf.constant(2.5)
    with Accumulator([i, x], [tf.constant(1), tf.constant(1.0)]) as acc:
        y = i * i
        z = tf.floor(x) + tf.cast(tf.cast(x, tf.int32), tf.float32)
    assert acc.jvp([y, z]) == [None, None]


def test_several_results_and_lists() -> None:
    x = tf.constant([1.0, 2.0, 3.0])
    with Accumulator(x, tf.constant([1.0, 10.0, 100.0])) as acc:
        a, b, _ = tf.unstack(x)
        y = tf.stack([a * b, tf.constant(1.0)])
    np.testing.assert_array_equal(acc.jvp(y), [12.0, 0.0])


@pytest.mark.parametrize(
    ("primals", "tangents", "words"),
    [
        (lambda x: [x], lambda: tf.constant(1.0), "structure"),
        (lambda x: [x, x], lambda: [tf.constant(1.0)] * 2, "multiple times"),
        (lambda x: x, lambda: tf.constant(1.0, tf.float64), "float64"),
        (lambda x: x, lambda: tf.constant([1.0, 2.0]), r"\[2\]"),
    ],
)
def test_bad_input(primals, tangents, words: str) -> None:
    x = tf.constant(3.0)
    with pytest.raises(ValueError, match=words):
        Accumulator(primals(x), tangents())
    with pytest.raises(TypeError, match="primal"):
        Accumulator(3.0, 1.0)
    with Accumulator(x, 1.0) as acc:
        y = x * x
    with pytest.raises(TypeError, match="primal"):
        acc.jvp(3.0)
    assert float(acc.jvp(y)) == 6.0


def test_an_error_inside_leaves_nothing_behind() -> None:
    x = tf.constant(3.0)
    with pytest.raises(tf.errors.InvalidArgumentError), Accumulator(x, 1.0):
        _ = tf.exp(x) + tf.constant(1)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
    assert float(tape.gradient(y, x)) == 6.0


def test_a_custom_gradient_s_tangent_is_that_of_its_operations() -> None:
    f = tf.custom_gradient(lambda x: (x * x, lambda g: g * 100.0))
    x = tf.constant(3.0)
    with Accumulator(x, 1.0) as acc:
        y = f(x)
    assert float(acc.jvp(y)) == 6.0


def pushes_of(depth: int, monkeypatch) -> int:
    """How many operations are pushed through for a program of two operations under `depth` accumulators."""
    pushed = []
    push_forward = accumulator.push_forward
    monkeypatch.setattr(accumulator, "push_forward", lambda *given: pushed.append(given[0]) or push_forward(*given))
    x = tf.constant(2.0)
    with contextlib.ExitStack() as stack:
        accumulators = [stack.enter_context(Accumulator(x, 1.0)) for _ in range(depth)]
        y = tf.sin(x) * x
        for each in reversed(accumulators):
            y = each.jvp(y)
    monkeypatch.undo()
    expected = {1: np.sin(2) + 2 * np.cos(2), 2: 2 * np.cos(2) - 2 * np.sin(2), 3: -3 * np.sin(2) - 2 * np.cos(2)}
    assert depth not in expected or float(y) == pytest.approx(expected[depth], rel=1e-6)
    return len(pushed)


def test_what_an_accumulator_computes_is_followed_by_those_around_it_alone(monkeypatch) -> None:
    """Each level adds the tangents of the levels inside it, none of which is computed more than once."""
    counts = [pushes_of(depth, monkeypatch) for depth in range(1, 6)]
    assert counts[0] == 2
    # The operations of a tangent: cos and multiply of the sine, two products and a sum of the product.
    assert counts == [2, 9, 29, 81, 209]


def test_a_tape_inside_does_not_record_what_an_accumulator_computes() -> None:
    x = tf.constant(3.0)
    with Accumulator(x, 1.0) as acc, tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = cube(x)
    assert len([record for record in tape._tape.records if record is not None]) == 2
    assert float(tape.gradient(y, x)) == 27.0
    assert tape.gradient(acc.jvp(y), x) is None


def test_a_tape_outside_that_pauses_goes_on_recording() -> None:
    x = tf.constant(3.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        with Accumulator(x, 1.0) as acc:
            with tape.stop_recording():
                tf.exp(x)
            y = cube(x)
    assert float(tape.gradient(acc.jvp(y), x)) == 18.0


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
@pytest.mark.parametrize("name", [name for name in lawbook.names() if name in OPS])
def test_tangents_are_the_same_whether_something_follows_them_or_not(name: str, dtype: str) -> None:
    """They are computed on arrays where nobody follows them, else by operations on tensors."""
    op, function, samples = lawbook.subject(name)
    for case in cases(op, function, samples, dtype) if dtype in lawbook.dtypes(name) else ():
        positions = case.moving()
        primals, moves = tensors_of(case.arrays), tensors_of(directions(case.arrays, 5))
        found = []
        for followed in (False, True):
            with tf.GradientTape() as tape:
                if followed:
                    tape.watch([moves[k] for k in positions])
                with Accumulator([primals[k] for k in positions], [moves[k] for k in positions]) as acc:
                    outputs = case.run(primals)
            found.append(acc.jvp(outputs))
        for one, other in zip(*found, strict=True):
            assert (one is None) == (other is None)
            if one is not None:
                assert (one.dtype, one.shape) == (other.dtype, other.shape)
                np.testing.assert_allclose(other.numpy(), one.numpy(), rtol=1e-14, atol=1e-14, equal_nan=True)


def test_what_moves_may_be_a_batch() -> None:
    def directional(x, move):
        with Accumulator(x, move) as acc:
            y = tf.sin(x) * x + x[::-1] / 2.0
        return acc.jvp(y)

    x, moves = tf.constant([0.5, 2.0], tf.float64), tf.constant(np.eye(2))
    rows = [directional(x, moves[k]) for k in range(2)]
    np.testing.assert_allclose(tf.vectorized_map(lambda move: directional(x, move), moves), tf.stack(rows), rtol=1e-15)


def test_the_user_s_settings_of_numpy_make_no_error() -> None:
    x = tf.constant([0.0, 1.0])
    with np.errstate(all="raise"), Accumulator(x, tf.ones([2])) as acc:
        y = tf.math.log(x)
    np.testing.assert_array_equal(acc.jvp(y), [np.inf, 1.0])


@pytest.mark.parametrize("result", [tf.stop_gradient, tf.round])
def test_where_the_operations_have_no_tangent_the_given_gradient_is_transposed(result) -> None:
    w = tf.constant([[1.0, 2.0], [3.0, 4.0]])
    f = tf.custom_gradient(lambda x: (result(x), lambda g: tf.linalg.matvec(w, g)))
    x = tf.constant([1.0, 2.0])
    with Accumulator(x, tf.constant([10.0, 1.0])) as acc:
        y, z = f(x), tf.grad_pass_through(result)(x)
    np.testing.assert_array_equal(acc.jvp(y), [13.0, 24.0])
    np.testing.assert_array_equal(acc.jvp(z), [10.0, 1.0])


def test_a_tensor_lets_go_of_accumulators_that_are_gone() -> None:
    """A point at which many derivatives are taken does not collect the directions."""
    x = tf.constant(np.ones(100))
    alive = []
    for _ in range(5):
        move = np.ones(100)
        with Accumulator(x, tf.constant(move)) as acc:
            y = tf.sin(x)
        alive.append(weakref.ref(acc.jvp(x)))
        assert float(acc.jvp(y)[0]) == pytest.approx(np.cos(1.0))
        del acc, y
    assert [each() is None for each in alive[:-1]] == [True] * 4
