"""Functions that are computed again instead of kept: the same derivatives, of every order, in less memory."""

import gc
import weakref
from types import FunctionType, ModuleType
from typing import Any

import numpy as np
import pytest

import gradtape as tf
from gradtape._core.tracking import RECORDING

LAYERS, BLOCK, WIDTH, BATCH = 100, 10, 32, 64


def bytes_kept(tape: tf.GradientTape, given) -> int:
    """The bytes of the arrays that a tape's records lead to, through tensors and closures, without what is `given`."""
    known = {id(each._value) for each in given}
    found: dict[int, int] = {}
    seen: set[int] = set()
    waiting = [tape._tape.records]
    while waiting:
        each = waiting.pop()
        if id(each) in seen or isinstance(each, type | ModuleType):
            continue
        seen.add(id(each))
        if isinstance(each, np.ndarray):
            while isinstance(each.base, np.ndarray):
                each = each.base
            if id(each) not in known:
                found[id(each)] = each.nbytes
        elif isinstance(each, FunctionType):
            waiting += [cell.cell_contents for cell in each.__closure__ or ()] + [*(each.__defaults__ or ())]
        else:
            waiting += gc.get_referents(each)
    return sum(found.values())


class Network:
    """Dense layers with tanh, as a whole and in blocks that are computed again."""

    def __init__(self) -> None:
        generator = np.random.default_rng(0)
        self.weights = [tf.Variable(generator.normal(size=(WIDTH, WIDTH)) / WIDTH**0.5) for _ in range(LAYERS)]
        self.biases = [tf.Variable(np.zeros(WIDTH)) for _ in range(LAYERS)]
        self.x = tf.constant(generator.normal(size=(BATCH, WIDTH)))
        self.moves = [tf.constant(generator.normal(size=(WIDTH, WIDTH))) for _ in range(LAYERS)]
        starts = range(0, LAYERS, BLOCK)
        self.blocks = [tf.recompute_grad(lambda h, k=k: self.layers(h, range(k, k + BLOCK))) for k in starts]
        self.given = [self.x, *self.weights, *self.biases, *self.moves]

    def layers(self, h, numbers):
        for k in numbers:
            h = tf.tanh(h @ self.weights[k] + self.biases[k])
        return h

    def whole(self):
        return tf.reduce_mean(self.layers(self.x, range(LAYERS)) ** 2)

    def in_blocks(self):
        h = self.x
        for block in self.blocks:
            h = block(h)
        return tf.reduce_mean(h**2)


def first_order(network, loss):
    with tf.GradientTape() as tape:
        y = loss()
    kept = bytes_kept(tape, network.given)
    return [kept], tape.gradient(y, network.weights)


def forward_over_reverse(network, loss):
    with tf.autodiff.ForwardAccumulator(network.weights, network.moves) as acc:
        with tf.GradientTape() as tape:
            y = loss()
        kept = bytes_kept(tape, network.given)
        gradient = tape.gradient(y, network.weights)
    return [kept], acc.jvp(gradient)


def reverse_over_reverse(network, loss):
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            y = loss()
        kept = [bytes_kept(inner, network.given), bytes_kept(outer, network.given)]
        gradient = inner.gradient(y, network.weights)
        product = sum(tf.reduce_sum(a * b) for a, b in zip(gradient, network.moves, strict=True))
    kept.append(bytes_kept(outer, network.given))
    return kept, outer.gradient(product, network.weights)


@pytest.mark.parametrize("derivative", [first_order, forward_over_reverse, reverse_over_reverse])
def test_a_deep_network_keeps_a_fifth_at_most(derivative) -> None:
    network = Network()
    kept, expected = derivative(network, network.whole)
    kept_again, found = derivative(network, network.in_blocks)
    assert all(some <= 0.2 * all_of_it for some, all_of_it in zip(kept_again, kept, strict=True)), (kept_again, kept)
    largest = max(np.abs(each).max() for each in expected)
    for a, b in zip(expected, found, strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-9, atol=1e-12 * largest)


def test_gradients_with_respect_to_arguments_and_variables() -> None:
    network = Network()
    sources = [network.x, *network.weights, *network.biases]
    gradients = []
    for loss in (network.whole, network.in_blocks):
        with tf.GradientTape() as tape:
            tape.watch(network.x)
            y = loss()
        gradients.append(tape.gradient(y, sources))
    for a, b in zip(*gradients, strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-9, atol=1e-18)


def wavy(x):
    return tf.exp(tf.sin(x)) * x


def derivatives(f, x, how):
    """The second derivatives of the sum of `f`, in four ways."""
    if how == "forward":
        with tf.autodiff.ForwardAccumulator(x, tf.ones_like(x)) as acc:
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = f(x)
            g = tape.gradient(y, x)
        return acc.jvp(g)
    with tf.GradientTape(persistent=how == "persistent") as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = f(x)
        g = inner.gradient(y, x)
    return outer.jacobian(g, x) if how == "jacobian" else outer.gradient(g, x)


@pytest.mark.parametrize("how", ["forward", "reverse", "persistent", "jacobian"])
def test_second_derivatives(how: str) -> None:
    x = tf.constant([0.5, -1.0, 2.0], tf.float64)
    np.testing.assert_allclose(derivatives(tf.recompute_grad(wavy), x, how), derivatives(wavy, x, how), rtol=1e-13)


def test_third_derivatives() -> None:
    x, found = tf.constant(0.5, tf.float64), []
    for f in (wavy, tf.recompute_grad(wavy), tf.recompute_grad(tf.recompute_grad(wavy))):
        with tf.GradientTape() as a:
            a.watch(x)
            second = derivatives(f, x, "reverse")
        found.append(float(a.gradient(second, x)))
    assert found[1:] == pytest.approx([found[0]] * 2, rel=1e-12)


def test_second_derivatives_by_a_variable_that_is_read_inside() -> None:
    v, x = tf.Variable(2.0), tf.constant(3.0)
    f = tf.recompute_grad(lambda x: x * v * v)
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = f(x)
        by_x, by_v = inner.gradient(y, [x, v])
    assert (float(by_x), float(by_v)) == (4.0, 12.0)
    assert list(map(float, outer.gradient(by_v, [x, v]))) == [4.0, 6.0]


def test_a_lookup_inside_gives_the_whole_gradient() -> None:
    table = tf.Variable(np.ones((5, 2)))
    with tf.GradientTape() as tape:
        y = tf.recompute_grad(lambda i: tf.gather(table, i) ** 2)(tf.constant([1, 1]))
    gradient = tape.gradient(y, table)
    assert isinstance(gradient, tf.Tensor)
    np.testing.assert_array_equal(gradient, [[0.0] * 2, [4.0] * 2, *[[0.0] * 2] * 3])


def test_the_arguments_of_a_call_are_left_as_they_are() -> None:
    """What follows an argument is the tape that the program entered, not those that the gradient is computed with."""
    x = tf.constant([1.0, 2.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.recompute_grad(wavy)(x)
    link = x._tape
    tape.gradient(y, x)
    assert x._tape is link


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


def test_a_tape_that_is_used_up_inside_stays_so() -> None:
    x = tf.constant(3.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
        gradients = []
        tf.recompute_grad(lambda h: gradients.append(tape.gradient(y, x)) or h)(x)
        assert RECORDING.tapes == ()
    assert float(gradients[0]) == 6.0


@pytest.mark.parametrize("order", [1, 2])
def test_a_tape_around_an_accumulator(order: int) -> None:
    """The tangents are computed inside beside the values: the tape follows them, too."""
    x, v, found = tf.constant([0.5, -1.0], tf.float64), tf.Variable([1.0, 2.0], dtype=tf.float64), []
    for f in (lambda x: wavy(x * v), tf.recompute_grad(lambda x: wavy(x * v))):
        with tf.GradientTape() as tape:
            tape.watch(x)
            with tf.autodiff.ForwardAccumulator(x, tf.constant([1.0, 3.0], tf.float64)) as acc:
                y = f(x)
                if order == 2:
                    with tf.GradientTape() as inner:
                        inner.watch(x)
                        z = f(x)
                    y = inner.gradient(z, x)
            product = acc.jvp(y)
        found.append(tf.stack(tape.gradient(product, [x, v])))
    np.testing.assert_allclose(found[1], found[0], rtol=1e-12)


def with_keyword(x: Any) -> Any:
    return tf.recompute_grad(lambda a, *, b: tf.sin(a) * b * b)(x, b=x)


def with_closure(x: Any) -> Any:
    return tf.recompute_grad(lambda a: tf.sin(a) * x * x)(x)


def with_something_computed(x: Any) -> Any:
    square = x * x
    return tf.recompute_grad(lambda a: tf.sin(a) * square)(tf.identity(x))


@pytest.mark.parametrize("function", [with_keyword, with_closure, with_something_computed])
def test_what_is_used_from_elsewhere_has_a_gradient(function: Any) -> None:
    x = np.array(0.7)
    value, gradient = tf.autodiff.value_and_gradient(function, x)
    np.testing.assert_allclose(value, np.sin(x) * x * x, rtol=1e-14)
    np.testing.assert_allclose(gradient, np.cos(x) * x * x + 2 * x * np.sin(x), rtol=1e-13)
    second = -np.sin(x) * x * x + 4 * x * np.cos(x) + 2 * np.sin(x)
    np.testing.assert_allclose(tf.autodiff.hessian(function, x), second, rtol=1e-12)


def test_a_variable_given_by_keyword_has_a_gradient() -> None:
    v = tf.Variable(2.0)
    with tf.GradientTape() as tape:
        y = tf.recompute_grad(lambda a, b=None: a * b)(tf.constant(5.0), b=v)
    assert float(tape.gradient(y, v)) == 5.0
