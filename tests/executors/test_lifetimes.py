"""What recorded functions keep alive: nothing grows with the number of calls, and what is dropped is gone."""

import gc
import linecache
import tracemalloc
from collections import Counter

import numpy as np
import pytest

import gradtape as tf
from gradtape._core import dispatch, fast, op
from gradtape._executors import bytecode, outside
from gradtape._executors.function import Function
from gradtape._executors.program import Program, Record
from gradtape._executors.recorder import Recorder
from gradtape._executors.traces import Trace

X = tf.constant([1.0, 2.0, 3.0])
KINDS = (tf.Tensor, tf.Variable, tf.GradientTape, Trace, Program, Record, Recorder, Function)


def living():
    """Returns how many objects of the package's classes there are, and how many objects at all."""
    gc.collect()
    objects = gc.get_objects()
    counts = Counter(type(each).__name__ for each in objects if isinstance(each, KINDS))
    return {**counts, "all": len(objects)}


def assert_flat(call, *, calls=100, slack=50):
    for number in range(calls):
        call(number)
    before = living()
    for number in range(calls, 2 * calls):
        call(number)
    after = living()
    assert {**after, "all": 0} == {**before, "all": 0}
    # Caches of Python's own may take some more.
    assert after["all"] <= before["all"] + slack


def differentiated(function, x):
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = function(x)
    return tape.gradient(y, x)


def signed(x):
    return x * 2.0 if tf.reduce_sum(x) > 0 else x - 1.0


def rows(x):
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x + tf.reduce_sum(x)
    return tape.jacobian(y, x)


def looped(x):
    return tf.while_loop(lambda i, y: i < 4, lambda i, y: (i + 1, y * 0.5), (0, x))[1]


def drawn(x):
    return x + tf.random.normal([3])


def called(x):
    return tf.py_function(lambda y: y * 2.0, [x], tf.float32) + 1.0


@pytest.mark.parametrize("function", [signed, rows, looped, drawn, called, lambda x: x * x + 1.0])
def test_calls_keep_nothing(function):
    compiled = tf.function(function)
    assert_flat(lambda number: compiled(X if number % 2 else -X))


@pytest.mark.parametrize("function", [signed, looped, drawn, lambda x: x * x + 1.0])
def test_calls_under_tapes_keep_nothing(function):
    compiled = tf.function(function)
    assert_flat(lambda number: differentiated(compiled, X if number % 2 else -X))


def test_a_tape_that_is_kept_has_what_it_needs_and_no_more():
    compiled = tf.function(lambda x: tf.sin(x) * x)
    for _ in range(4):
        differentiated(compiled, X)
    before = living()
    tapes = []
    for _ in range(5):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(X)
            y = compiled(X)
        tapes.append((tape, y, tape.gradient(y, X)))
    assert living()["GradientTape"] == before.get("GradientTape", 0) + 5
    del tape, y, tapes
    after = living()
    assert {**after, "all": 0} == {**before, "all": 0}


def test_steps_that_assign_keep_nothing():
    w, b = tf.Variable(np.ones((3, 2), np.float32)), tf.Variable(np.zeros(2, np.float32))

    @tf.function
    def step(x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.tanh(tf.matmul(x, w) + b) ** 2)
        for variable, g in zip((w, b), tape.gradient(loss, [w, b]), strict=True):
            variable.assign_sub(0.01 * g)
        return loss

    x = tf.ones([4, 3])
    assert_flat(lambda number: step(x))


def test_new_shapes_and_new_numbers_are_kept_up_to_a_limit():
    by_shape, by_number = tf.function(lambda x: x * x), tf.function(lambda x, n: x * n)
    assert_flat(lambda number: by_shape(tf.ones([number + 1])), calls=400, slack=300)
    assert_flat(lambda number: by_number(X, number / 7), calls=400, slack=300)
    # Of those that come twice, some are recorded.
    assert_flat(lambda number: by_number(X, number // 2 / 11), calls=600, slack=600)


def test_objects_and_functions_as_arguments_are_not_kept():
    compiled = tf.function(lambda x, other: x * float(len(other)))
    assert_flat(lambda number: compiled(X, [object()]), calls=300)
    applied = tf.function(lambda x, other: other(x))
    assert_flat(lambda number: applied(X, lambda x: x + 1.0), calls=400)


def test_functions_that_are_dropped_are_gone():
    def make(number):
        scale = float(number % 7)
        function = tf.function(lambda x: x * x + scale)
        for _ in range(3):
            function(X)
            differentiated(function, X)

    assert_flat(make, calls=10)


def test_objects_with_methods_are_gone_with_their_recordings():
    class Scaled:
        def __init__(self, scale):
            self.scale, self.offset = scale, tf.Variable(1.0)

        @tf.function
        def applied(self, x):
            return x * self.scale + self.offset

    def make(number):
        scaled = Scaled(float(number % 5))
        for _ in range(3):
            scaled.applied(X)

    assert_flat(make, calls=20)


def test_objects_with_methods_go_without_the_collector():
    class Scaled:
        @tf.function
        def applied(self, x):
            return x * 2.0

    scaled = Scaled()
    scaled.applied(X)
    scaled.applied(X)
    assert len(Scaled.applied._methods) == 1
    gc.disable()
    try:
        del scaled
        assert len(Scaled.applied._methods) == 0
    finally:
        gc.enable()


def refused(x):
    return tf.linalg.inv(x)


def refused_by_python(x):
    raise ValueError("no")


def refused_by_shape(x):
    return tf.reshape(x, [7])


@pytest.mark.parametrize("function", [refused, refused_by_python, refused_by_shape])
@pytest.mark.parametrize("after_replays", [False, True])
def test_calls_that_fail_keep_nothing(function, after_replays):
    compiled = tf.function(function)
    if after_replays and function is refused:
        for _ in range(3):
            compiled(tf.eye(2))

    def fail(number):
        with pytest.raises((ValueError, tf.errors.InvalidArgumentError)):
            compiled(tf.zeros([2, 2]))

    assert_flat(fail, calls=20)


def test_a_recording_keeps_no_intermediate_value():
    def function(x):
        return tf.reduce_sum(tf.sin(x + 1.0) * tf.cos(x + 2.0))

    compiled = tf.function(function)
    large = tf.ones([1 << 18])
    tf.reduce_sum(large)
    gc.collect()
    tracemalloc.start()
    try:
        for _ in range(3):
            compiled(large)
            differentiated(compiled, large)
            gc.collect()
            assert tracemalloc.get_traced_memory()[0] < 1 << 20
    finally:
        tracemalloc.stop()


def cached():
    """Returns the sizes of what is kept for all programs."""
    return {
        "accepted": len(dispatch._ACCEPTED),
        "steps": len(fast.STEPS),
        "readings": len(op._readings),
        "codes": bytecode.reads_of.cache_info().currsize,
        "modules": outside.is_library.cache_info().currsize,
        "lines": len(linecache.cache),
    }


def test_no_cache_grows_with_the_functions():
    def make(number):
        function = tf.function(looped if number % 2 else rows)
        for _ in range(3):
            function(X)
        function = tf.function(signed)
        for _ in range(3):
            differentiated(function, X)

    for number in range(4):
        make(number)
    before = cached()
    for number in range(12):
        make(number)
    assert cached() == before


def test_memory_for_values_is_used_again_after_errors_and_misses():
    def function(x):
        y = tf.sin(x) * 2.0
        y = tf.cos(y) + 1.0
        if tf.reduce_sum(x) > 0:
            y = tf.sin(y)
        return tf.reduce_sum(tf.linalg.cholesky(tf.linalg.diag(y)))

    compiled = tf.function(function)
    for sign in (1.0, 1.0, -1.0, -1.0, 1.0):
        compiled(X * sign)
    (variants,) = compiled._variants.values()
    pool = variants.traces[0].replay.__globals__["pool"]
    for sign in (1.0, -1.0) * 10:
        compiled(X * sign)
        assert len(pool) <= 1
    assert variants.traces[0].replay.__globals__["pool"] is pool
