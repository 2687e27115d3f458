"""Transformations inside one another, in every order: each pair and triple of them gives what loops over tapes give."""

import threading
from itertools import product

import numpy as np
import pytest

import gradtape as tf
from gradtape._core.tracking import RECORDING

V, W = np.array([0.5, -1.0, 2.0]), np.array([1.0, 0.3, -0.7])
POINT = np.array([0.4, 1.1, -0.6])


def curve(x):
    """A function of three numbers that mixes them."""
    return tf.stack([tf.sin(x[0]) * x[1], tf.exp(0.3 * x[2]) + x[0] ** 2.0, tf.tanh(x[1] * x[2])])


def rows(f, x):
    """The Jacobian by gradients of one element after the other."""
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        parts = tf.unstack(f(x))
    found = [tape.gradient(part, x) for part in parts]
    return tf.stack([tf.zeros_like(x) if each is None else each for each in found])


def along_rows(f):
    return lambda x: tf.linalg.matvec(rows(f, x), V)


def across_rows(f):
    return lambda x: tf.linalg.matvec(rows(f, x), W, transpose_a=True)


def gradient(f):
    def transformed(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.reduce_sum(f(x) * W)
        return tape.gradient(y, x)

    return transformed


def forward(f):
    def transformed(x):
        with tf.autodiff.ForwardAccumulator(x, tf.constant(V)) as accumulator:
            y = f(x)
        return accumulator.jvp(y)

    return transformed


def jacobian(f):
    def transformed(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = f(x)
        return tf.linalg.matvec(tape.jacobian(y, x), V)

    return transformed


def columns(f):
    return lambda x: tf.linalg.matvec(tf.autodiff.jacobian(f, x, mode="forward"), V)


def series(f):
    return lambda x: tf.autodiff.taylor(f, x, 1, direction=tf.constant(V))[1]


def mapped(f):
    return lambda x: tf.reduce_sum(tf.vectorized_map(f, tf.stack([x, 0.5 * x])), 0)


def looped(f):
    return lambda x: f(x) + f(0.5 * x)


def recomputed(f):
    return lambda x: tf.recompute_grad(f)(x)


def same(f):
    return f


# Each transformation, and what it comes to by loops over tapes.
TRANSFORMATIONS = {
    "gradient": (gradient, across_rows),
    "forward": (forward, along_rows),
    "jacobian": (jacobian, along_rows),
    "columns": (columns, along_rows),
    "series": (series, along_rows),
    "mapped": (mapped, looped),
    "recomputed": (recomputed, same),
}


def both(names):
    """The value of transformations one over the other, the last innermost, and that of their loops."""
    fast, slow = curve, curve
    for name in reversed(names):
        fast, slow = TRANSFORMATIONS[name][0](fast), TRANSFORMATIONS[name][1](slow)
    return fast(tf.constant(POINT)).numpy(), slow(tf.constant(POINT)).numpy()


@pytest.mark.parametrize("names", [*product(TRANSFORMATIONS, repeat=2)], ids="-".join)
def test_two(names):
    found, expected = both(names)
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("names", [*product(TRANSFORMATIONS, repeat=3)], ids="-".join)
def test_three(names):
    found, expected = both(names)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-11)


def test_all_at_once_in_threads():
    """Each thread has its own tapes, accumulators, maps and series."""
    names = [*product(TRANSFORMATIONS, repeat=2)]
    expected = [both(pair)[1] for pair in names]
    found, errors = {}, []

    def work(start):
        try:
            for k in range(start, len(names), 2):
                found[start, k] = both(names[k])[0]
            for k in range(0, len(names), 7):
                found[start, k] = both(names[k])[0]
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(start,)) for start in (0, 1, 0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    for (_, k), value in found.items():
        np.testing.assert_allclose(value, expected[k], rtol=1e-10, atol=1e-12)


class Stop(Exception):
    """What a function raises in the middle."""


@pytest.mark.parametrize("names", [*product(TRANSFORMATIONS, repeat=2)], ids="-".join)
def test_an_exception_leaves_nothing_behind(names):
    calls = []

    def breaking(x):
        calls.append(curve(x))
        raise Stop

    f = breaking
    for name in reversed(names):
        f = TRANSFORMATIONS[name][0](f)
    x = tf.constant(POINT)
    with pytest.raises(Stop):
        f(x)
    assert calls
    assert RECORDING.tapes == ()
    np.testing.assert_allclose(gradient(curve)(x), across_rows(curve)(tf.constant(POINT)), rtol=1e-12)
