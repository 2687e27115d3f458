"""What raises in the middle of recordings and replays leaves everything as it was; functions that call themselves."""

import copy
import functools
import gc
import inspect
import multiprocessing
import pickle
import weakref

import numpy as np
import pytest

import gradtape as tf
from gradtape._core.tracking import RECORDING
from gradtape._executors.recorder import Collecting
from gradtape.errors import InaccessibleTensorError

X = tf.constant([1.0, 2.0])


class Stopped(BaseException):
    """What is raised: like KeyboardInterrupt no `Exception`."""


def stop(*arguments):
    raise Stopped


def state():
    tapes = RECORDING.tapes, RECORDING.recorder, RECORDING.maps, RECORDING.rule
    return *tapes, gc.get_threshold(), Collecting.recorders, Collecting.seldom


@pytest.fixture(autouse=True)
def unchanged():
    before = state()
    yield
    assert state() == before


def nested(x):
    return tf.function(lambda y: stop(y * 2.0))(x * 3.0) + 1.0


def in_tape(x):
    with tf.GradientTape() as tape:
        tape.watch(x)
        stop(x * x)


def in_accumulator(x):
    with tf.autodiff.ForwardAccumulator(x, tf.ones_like(x)):
        stop(x * x)


def in_init_scope(x):
    with tf.init_scope():
        stop()


@tf.custom_gradient
def stopping(x):
    return x * x, stop


@tf.custom_gradient
def refusing(x):
    def gradient(d):
        raise KeyError("no gradient")

    return x * x, gradient


def in_custom_gradient(x):
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = stopping(x)
    return tape.gradient(y, x)


def in_turn(turn):
    def function(x):
        return tf.while_loop(lambda i, y: i < 5, lambda i, y: (i + 1, stop() if i == turn else y * 2.0), (0, x))[1]

    return function


def in_map(x):
    return tf.vectorized_map(stop, x)


def in_map_fn(x):
    return tf.map_fn(stop, x)


def in_scan(x):
    return tf.scan(stop, x)


def in_cond(x):
    return tf.cond(x[0] > 0.0, stop, lambda: x)


def in_py_function(x):
    return tf.py_function(stop, [x], tf.float32) + 1.0


BODIES = [
    stop, nested, in_tape, in_accumulator, in_init_scope, in_custom_gradient, in_turn(0), in_turn(3), in_map, in_map_fn,
    in_scan, in_cond, in_py_function,
]  # fmt: skip


@pytest.mark.parametrize("body", BODIES)
def test_a_recording_that_is_stopped(body):
    before = state()
    function = tf.function(body)
    for _ in range(2):
        with pytest.raises(Stopped):
            function(X)
        assert state() == before
    with tf.GradientTape() as tape:
        tape.watch(X)
        with pytest.raises(Stopped):
            function(X)
        y = X * X
    np.testing.assert_array_equal(tape.gradient(y, X), 2.0 * X)


def test_a_replay_that_is_stopped_goes_on_with_the_next_call():
    stopped, runs = [False], []

    def perhaps(y):
        if stopped[0]:
            raise Stopped
        return y * 2.0

    total = tf.Variable(0.0)

    @tf.function
    def function(x):
        runs.append(1)
        y = tf.py_function(perhaps, [x * x], tf.float32)
        total.assign_add(tf.reduce_sum(x))
        return y + 1.0

    for _ in range(3):
        function(X)
    stopped[0] = True
    with pytest.raises(Stopped):
        function(X)
    assert float(total) == 9.0
    stopped[0] = False
    np.testing.assert_array_equal(function(X), [3.0, 9.0])
    assert float(total) == 12.0
    assert len(runs) == 1


def test_a_way_back_that_is_stopped():
    function = tf.function(lambda x: refusing(x) + 1.0)
    for _ in range(3):
        with tf.GradientTape() as tape:
            tape.watch(X)
            y = function(X)
        with pytest.raises(KeyError, match="no gradient"):
            tape.gradient(y, X)
    np.testing.assert_array_equal(function(X), [2.0, 5.0])


def test_a_way_back_that_asks_for_values_at_a_first_call():
    @tf.custom_gradient
    def chosen(x):
        factor = x * 2.0
        return x * x, lambda d: d * (factor if d[0] > 0.5 else 7.0)

    function = tf.function(lambda x: chosen(x) + x)
    for weight in (1.0, 1.0, 0.25, 1.0):
        with tf.GradientTape() as tape:
            tape.watch(X)
            y = function(X) * weight
        factor = X * 2.0 if weight > 0.5 else 7.0
        np.testing.assert_array_equal(tape.gradient(y, X), factor * weight + weight * tf.ones_like(X))
    assert "runs eagerly where a tape follows it" in str(function.explain())


def test_a_branch_that_is_stopped_is_recorded_later():
    stopped = [True]

    @tf.function
    def function(x):
        if x[0] > 5.0:
            if stopped[0]:
                raise Stopped
            return x * 3.0
        return x * 2.0

    for _ in range(3):
        function(X)
    with pytest.raises(Stopped):
        function(X * 10.0)
    stopped[0] = False
    for _ in range(3):
        np.testing.assert_array_equal(function(X * 10.0), [30.0, 60.0])
        np.testing.assert_array_equal(function(X), [2.0, 4.0])


# -- functions within their own calls


def test_a_function_that_calls_itself():
    @tf.function
    def factorial(n):
        return n if n < 2 else n * factorial(n - 1)

    assert [int(factorial(tf.constant(n))) for n in (1, 5, 3, 5, 1, 6)] == [1, 120, 6, 120, 1, 720]


def test_a_function_that_py_function_calls_again():
    def again(f):
        return lambda x: tf.py_function(lambda y: f[0](y - 1.0) if y[0] > 0.0 else y, [x * 2.0], tf.float32)

    own, plain = [], []
    own.append(tf.function(again(own)))
    plain.append(again(plain))
    for value in (0.25, -1.0, 0.6, 0.25, -2.0):
        x = tf.constant([value])
        np.testing.assert_array_equal(own[0](x), plain[0](x))


def test_an_argument_whose_array_is_made_by_the_function():
    @tf.function
    def doubled(x):
        return tf.convert_to_tensor(x) * 2.0

    class Later:
        def __init__(self, value):
            self.value = value

        def __array__(self, dtype=None, copy=None):
            return np.asarray(doubled(tf.constant([self.value])).numpy(), dtype)

    assert [doubled(Later(value)).numpy().tolist() for value in (3.0, 3.0, 4.0)] == [[12.0], [12.0], [16.0]]


def test_generators_in_a_function():
    def parts(x):
        for k in range(3):
            yield x * float(k)

    function = tf.function(lambda x: sum(parts(x), x))
    for value in (1.0, 2.0, 3.0):
        np.testing.assert_array_equal(function(X * value), X * value * 4.0)
    with pytest.raises(TypeError, match="must return zero or more Tensors"):
        tf.function(parts)(X)


# -- as an object of Python's


def documented(x: float, k: float = 2.0) -> float:
    """Multiplies."""
    return x * k


# Found by its name, as pickle needs.
compiled = tf.function(documented)


class Holder:
    def __init__(self):
        self.factor = 3.0
        self.function = tf.function(self.applied)

    def applied(self, x):
        return x * self.factor


def test_functions_are_pickled_with_what_holds_them():
    compiled(X)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(compiled))(X), [2.0, 4.0])
    holder = Holder()
    holder.function(X)
    for twin in (pickle.loads(pickle.dumps(holder)), copy.deepcopy(holder)):
        twin.factor = 5.0
        np.testing.assert_array_equal(twin.function(X), [5.0, 10.0])
    np.testing.assert_array_equal(holder.function(X), [3.0, 6.0])


def test_functions_are_keys_and_have_weak_references():
    assert {compiled: 1}[compiled] == 1
    assert compiled != tf.function(documented)
    function = tf.function(lambda x: x)
    reference = weakref.ref(function)
    function(X)
    del function
    gc.collect()
    assert reference() is None


def test_functions_say_what_they_are():
    wrapped = functools.wraps(compiled)(lambda *args: compiled(*args))
    for each in (compiled, wrapped):
        assert (each.__name__, each.__doc__, each.__module__) == ("documented", "Multiplies.", __name__)
        assert str(inspect.signature(each)) == "(x: float, k: float = 2.0) -> float"
    assert inspect.getfullargspec(compiled).args == ["x", "k"]
    assert inspect.getsource(compiled).startswith("def documented")
    assert "explain" in dir(compiled)


def send(queue):
    queue.put(float(tf.reduce_sum(compiled(X))))


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="processes are not forked here")
def test_a_forked_process_replays():
    for _ in range(3):
        compiled(X)
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    process = context.Process(target=send, args=(queue,))
    process.start()
    try:
        assert queue.get(timeout=30) == 6.0
    finally:
        process.join(30)


def test_tensors_of_a_recording_that_is_over_are_refused_on_either_side():
    kept = []
    tf.function(lambda x: kept.append(x * 2.0))(X)
    for use in (lambda: kept[0] * X, lambda: X * kept[0], lambda: kept[0] + 1.0, lambda: tf.concat([X, kept[0]], 0)):
        with pytest.raises(InaccessibleTensorError):
            use()
