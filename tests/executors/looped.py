"""Loops to record, and what compares a recorded function with the function itself."""

import numpy as np

import gradtape as tf
from gradtape._executors.program import check
from gradtape._executors.traces import Trace

RNG = np.random.default_rng(11)
W = tf.constant(RNG.normal(size=(3, 3)) * 0.5)
V = tf.Variable(RNG.normal(size=3))


class Recording:
    """A function that is recorded, beside the function itself."""

    def __init__(self, function):
        self.function = function
        self.trace = None

    def compare(self, *values, exact=True):
        """Calls both and returns the result, which has to be the same."""
        tensors = [tf.convert_to_tensor(each) for each in values]
        self.trace = self.trace or Trace([f"x{k}" for k in range(len(tensors))])
        found = self.trace.call(lambda inputs: self.function(*inputs), tensors)
        wanted = self.function(*tensors)
        tf.nest.assert_same_structure(wanted, found)
        for one, other in zip(tf.nest.flatten(wanted), tf.nest.flatten(found), strict=True):
            assert tf.convert_to_tensor(one).dtype == other.dtype
            if exact:
                np.testing.assert_array_equal(tf.convert_to_tensor(one).numpy(), other.numpy())
            else:
                np.testing.assert_allclose(one.numpy(), other.numpy(), rtol=1e-12, atol=1e-13)
        check(self.trace.program)
        return found

    def names(self):
        """Returns the names of the steps of the way without branches."""
        return [record.op.name for record in self.trace.program.records]


def power(x, n):
    return tf.while_loop(lambda i, y: i < n, lambda i, y: (i + 1, y * x), (tf.constant(0), x))[1]


def network(x, n):
    def body(i, y, z):
        return i + 1, tf.tanh(tf.linalg.matvec(W, y)) * x + z, z * y

    return tf.while_loop(lambda i, y, z: i < n, body, (tf.constant(0), x, tf.ones(3, tf.float64)))[1:]


def scanned(x, n):
    rows = tf.reshape(tf.linspace(tf.constant(0.1, tf.float64), 1.0, 12), (4, 3)) * x
    return tf.scan(lambda h, row: (tf.sin(h[0] * row) + x, h[1] + h[0]), rows, (x, x * 2.0))


def scanned_backwards(x, n):
    return tf.scan(lambda h, row: tf.sin(h * row) + x, tf.stack([x, x * x, tf.exp(x)]), reverse=True)


def folded(x, n):
    return tf.foldl(lambda h, row: h * row + x, tf.stack([x, x * x, tf.exp(x)]))


def folded_backwards(x, n):
    return tf.foldr(lambda h, row: h * row + x, tf.stack([x, x * x, tf.exp(x)]), tf.ones(3, tf.float64))


def mapped(x, n):
    return tf.map_fn(lambda row: tf.exp(row) * x, tf.stack([x, x * x, tf.exp(x)]))


def nested(x, n):
    def inner(i, y):
        return tf.while_loop(lambda j, u: j < i, lambda j, u: (j + 1, u * tf.cos(x) + y), (tf.constant(0), y))[1]

    return tf.while_loop(lambda i, y: i < n, lambda i, y: (i + 1, inner(i, y)), (tf.constant(0), x))[1]


def scans_in_map(x, n):
    return tf.map_fn(lambda row: tf.scan(lambda h, e: h * e + x[0], row), tf.stack([x, x * x, tf.exp(x)]))


LOOPS = [
    network, scanned, scanned_backwards, folded, folded_backwards, mapped, nested, scans_in_map,
]  # fmt: skip


def total(y):
    return tf.add_n([tf.reduce_sum(each * each) for each in tf.nest.flatten(y)])


def gradient_of(f):
    def gradient(x, n):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = total(f(x, n))
        return tape.gradient(y, x)

    return gradient


def tangent_of(f):
    def tangent(x, n):
        with tf.autodiff.ForwardAccumulator(x, tf.ones_like(x)) as accumulator:
            y = total(f(x, n))
        return accumulator.jvp(y)

    return tangent


def jacobian_of(f):
    def jacobian(x, n):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.nest.flatten(f(x, n))[0]
        return tape.jacobian(y, x)

    return jacobian


def for_rows(f):
    return lambda x, n: tf.vectorized_map(lambda row: f(row, n), tf.stack([x, 2.0 * x]))
