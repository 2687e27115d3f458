"""Gradients that the user gives, and functions that are computed again instead of kept."""

import gc
import weakref

import numpy as np
import pytest

import gradtape as tf


def hundredfold(x):
    return x * x, lambda g: g * 100.0


def test_the_given_gradient_is_used() -> None:
    f, x = tf.custom_gradient(hundredfold), tf.constant(3.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    assert (float(y), float(tape.gradient(y, x))) == (9.0, 100.0)


def test_nothing_inside_is_recorded() -> None:
    f, x = tf.custom_gradient(hundredfold), tf.Variable(3.0)
    with tf.GradientTape() as tape:
        f(x)
    assert [None if record is None else record[0].__name__ for record in tape._tape.records] == [
        None,
        "pull_general",
        "pull_part",
    ]


def test_several_arguments_and_results() -> None:
    @tf.custom_gradient
    def f(x, y):
        def grad(a, b):
            return a * 10.0 + b * 100.0, None

        return (x * y, {"k": x}), grad

    x, y = tf.constant(2.0), tf.constant(5.0)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([x, y])
        product, rest = f(x, y)
    assert float(product) == 10.0
    # A result that is not used counts as zeros.
    assert [None if g is None else float(g) for g in tape.gradient(product, [x, y])] == [10.0, None]
    assert float(tape.gradient([product, rest["k"]], x)) == 110.0


def test_variables_are_given_to_grad() -> None:
    v = tf.Variable(2.0)

    @tf.custom_gradient
    def f(x):
        def grad(g, variables=None):
            assert len(variables) == 1
            assert variables[0] is v
            return g * 7.0, [g * 9.0]

        return x * v, grad

    x = tf.constant(3.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    assert list(map(float, tape.gradient(y, [x, v]))) == [7.0, 9.0]


def test_variables_that_grad_does_not_take() -> None:
    v = tf.Variable(2.0)
    f = tf.custom_gradient(lambda x: (x * v, lambda g: g))
    with pytest.raises(TypeError, match="variables"):
        f(tf.constant(1.0))


def test_second_order_goes_through_the_given_gradient() -> None:
    f = tf.custom_gradient(lambda x: (x * x, lambda g: g * 5.0 * x))
    x = tf.constant(2.0)
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = f(x)
        first = inner.gradient(y, x)
    assert (float(first), float(outer.gradient(first, x))) == (10.0, 5.0)


@pytest.mark.parametrize("given", [lambda g: (g, g), lambda g: []])
def test_a_wrong_number_of_gradients(given) -> None:
    f, x = tf.custom_gradient(lambda x: (x * x, given)), tf.constant(2.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    with pytest.raises(ValueError, match="expected to return 1 gradients"):
        tape.gradient(y, x)


def test_a_function_that_returns_no_pair() -> None:
    with pytest.raises(TypeError, match="returns a pair"):
        tf.custom_gradient(lambda x: x * x)(tf.constant(2.0))


def test_an_error_inside_leaves_the_tape_recording() -> None:
    x = tf.constant(2.0)

    @tf.custom_gradient
    def f(x):
        raise KeyError("inside")

    with tf.GradientTape() as tape:
        tape.watch(x)
        with pytest.raises(KeyError):
            f(x)
        y = x * x
    assert float(tape.gradient(y, x)) == 4.0


def test_keyword_arguments_are_passed_on() -> None:
    @tf.custom_gradient
    def f(x, factor=1.0):
        return x * factor, lambda g: g * factor * 2.0

    x = tf.constant(2.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = f(x, factor=3.0)
    assert (float(y), float(tape.gradient(y, x))) == (6.0, 6.0)


def test_nested_custom_gradients() -> None:
    inner = tf.custom_gradient(hundredfold)
    outer = tf.custom_gradient(lambda x: (inner(x), lambda g: g * 3.0))
    x = tf.constant(2.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = inner(x) + outer(x)
    assert float(tape.gradient(y, x)) == 103.0


def test_straight_through() -> None:
    x = tf.constant([2.3, 3.6])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.grad_pass_through(tf.round)(x) * x
    np.testing.assert_allclose(tape.gradient(y, x), [4.3, 7.6])


def deep(x, layers):
    for w in layers:
        x = tf.tanh(x @ w)
    return x


def arrays_kept(tape: tf.GradientTape) -> int:
    """The bytes of the different arrays of some size that a tape's records hold."""
    found: dict[int, int] = {}
    seen: set[int] = set()
    stack = [tape._tape.records]
    while stack:
        each = stack.pop()
        if id(each) in seen or isinstance(each, type | type(gc)):
            continue
        seen.add(id(each))
        if isinstance(each, np.ndarray):
            found[id(each)] = each.nbytes
        elif not isinstance(each, tf.Variable):
            stack += gc.get_referents(each) if not callable(each) or hasattr(each, "__closure__") else []
    return sum(found.values())


def test_recomputing_gives_the_same_gradients() -> None:
    generator = np.random.default_rng(0)
    layers = [tf.Variable(generator.normal(size=(4, 4))) for _ in range(6)]
    x = tf.constant(generator.normal(size=(3, 4)))
    blocks = [tf.recompute_grad(lambda h, part=layers[k : k + 3]: deep(h, part)) for k in (0, 3)]
    with tf.GradientTape() as plain:
        plain.watch(x)
        y = tf.reduce_sum(deep(x, layers) ** 2.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        z = tf.reduce_sum(blocks[1](blocks[0](x)) ** 2.0)
    assert float(y) == float(z)
    for a, b in zip(plain.gradient(y, [x, *layers]), tape.gradient(z, [x, *layers]), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)


def test_recomputing_to_second_order() -> None:
    f = tf.recompute_grad(lambda x: tf.exp(tf.sin(x)))
    x = tf.constant(0.5, tf.float64)
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = f(x)
        first = inner.gradient(y, x)
    expected = np.exp(np.sin(0.5)) * (np.cos(0.5) ** 2 - np.sin(0.5))
    assert float(outer.gradient(first, x)) == pytest.approx(expected, rel=1e-13)


def test_a_recomputed_function_is_freed_with_its_tape() -> None:
    gc.collect()
    gc.disable()
    try:
        x = tf.Variable(np.ones(10))
        with tf.GradientTape() as tape:
            y = tf.recompute_grad(lambda x: tf.exp(x) * x)(x)
        alive = weakref.ref(tape._tape.records[-1][0] and y._value)
        tape.gradient(y, x)
        del y, tape
        assert alive() is None
    finally:
        gc.enable()


def test_a_tape_keeps_less_of_what_is_recomputed() -> None:
    x = tf.Variable(np.ones(1000))

    def f(h):
        for _ in range(50):
            h = tf.tanh(h * 1.1)
        return h

    kept = []
    for function in (f, tf.recompute_grad(f)):
        with tf.GradientTape(persistent=True) as tape:
            y = function(x)
        kept.append(arrays_kept(tape))
        del y
    assert kept[1] <= 0.2 * kept[0]
