"""Recorded functions in several threads at once: each gets what it would get alone, and disturbs none of the others."""

import gc
import random
import sys
import threading
from _thread import allocate_lock, start_new_thread
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import gradtape as tf
from gradtape._core.tracking import RECORDING
from gradtape._executors import function as function_module
from gradtape.errors import InaccessibleTensorError

THREADS = 8


@pytest.fixture(autouse=True)
def frequent_switches():
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(interval)


def together(work, count=THREADS):
    """Runs `work` with 0, 1, … in threads that start at once, and raises what one of them raises."""
    start = threading.Barrier(count)

    def run(number):
        start.wait()
        work(number)
        assert RECORDING.recorder is None
        assert RECORDING.tapes == ()

    with ThreadPoolExecutor(count) as pool:
        for each in [pool.submit(run, number) for number in range(count)]:
            each.result(60)


def in_thread(function, *arguments):
    """Returns what a function gives in a thread of its own, started in a way that is not seen in the code."""
    results, done = [], allocate_lock()
    done.acquire()

    def run():
        try:
            results.append(function(*arguments))
        finally:
            done.release()

    start_new_thread(run, ())
    done.acquire()
    return results[0]


def way(x):
    y = tf.sin(x) * x
    if tf.reduce_sum(x) > 8.0:
        y = y * 3.0
    steps = 0
    while tf.reduce_max(y) > 1.0:
        y = y / 2.0
        steps += 1
    return y, steps


def differentiated(function, x, persistent):
    with tf.GradientTape(persistent=persistent) as tape:
        tape.watch(x)
        y, steps = function(x)
    return y.numpy(), int(steps), tape.gradient(y, x).numpy()


def random_inputs(number, count):
    generator = random.Random(number)
    return [tf.constant([generator.uniform(0, 9), generator.uniform(0, 9)]) for _ in range(count)]


def test_first_calls_at_once_record_once():
    runs = []

    @tf.function
    def function(x):
        runs.append(1)
        return tf.sin(x) * x

    def work(number):
        for k in range(5):
            x = tf.constant([float(number), float(k)])
            np.testing.assert_array_equal(function(x), tf.sin(x) * x)

    # What a first call of all has to load takes longer than the others would wait.
    tf.function(lambda x: tf.sin(x) * x)(tf.constant([1.0, 2.0]))
    together(work)
    assert len(runs) == 1


def test_signatures_of_their_own():
    function = tf.function(lambda x, n: tf.sin(x) * n)

    def work(number):
        for k in range(20):
            x, n = tf.ones([number + 1]) * float(k), float(k % 3)
            np.testing.assert_array_equal(function(x, n), tf.sin(x) * n)

    together(work)
    assert function.experimental_get_tracing_count() == 3 * THREADS


def test_more_signatures_than_are_kept():
    function = tf.function(lambda x, n: x * n)

    def work(number):
        for k in range(150):
            n = float((7 * k + number) % 100)
            assert float(function(tf.constant(2.0), n)) == 2 * n

    together(work)


def test_branches_are_recorded_while_others_replay():
    function = tf.function(way)

    def work(number):
        for x in random_inputs(number, 30):
            (y, steps), (expected, count) = function(x), way(x)
            np.testing.assert_array_equal(y, expected)
            assert int(steps) == count

    together(work)
    ((trace,),) = [each.traces for each in function._variants.values()]
    assert trace.eager is None
    assert trace.changes == 0


def test_each_thread_has_a_tape_of_its_own():
    function = tf.function(way)

    def work(number):
        for k, x in enumerate(random_inputs(number, 15)):
            y, steps, g = differentiated(function, x, bool(k % 2))
            expected, count, gradient = differentiated(way, x, bool(k % 2))
            np.testing.assert_array_equal(y, expected)
            np.testing.assert_array_equal(g, gradient)
            assert steps == count

    together(work)


def test_recordings_do_not_disturb_eager_work():
    def chain(x):
        for _ in range(20):
            x = tf.sin(x)
        return x

    x = tf.constant([1.0, 2.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = chain(x)
    expected = tape.gradient(y, x).numpy()

    def work(number):
        for _ in range(5):
            if number % 2:
                function = tf.function(chain)
                np.testing.assert_array_equal(function(x), y)
                continue
            with tf.GradientTape() as tape:
                tape.watch(x)
                z = chain(x)
                assert type(z) is type(x)
            np.testing.assert_array_equal(tape.gradient(z, x), expected)

    together(work)


def test_variables_are_seen_as_they_are():
    variable = tf.Variable(0.0)
    assign, double = tf.function(lambda x: variable.assign(x)), tf.function(lambda x: variable * x)

    def work(number):
        for k in range(80):
            if number == 0:
                assign(tf.constant(float(k)))
            elif number == 1:
                variable.assign(3.0)
            else:
                assert float(double(tf.constant(2.0))) % 2.0 == 0.0

    together(work)


def test_eager_runs_are_switched_on_and_off_meanwhile():
    function = tf.function(way)

    def work(number):
        for k, x in enumerate(random_inputs(number, 30)):
            if number == 0:
                tf.config.run_functions_eagerly(bool(k % 2))
            else:
                np.testing.assert_array_equal(function(x)[0], way(x)[0])

    try:
        together(work)
    finally:
        tf.config.run_functions_eagerly(False)


def test_errors_come_where_they_belong():
    def partly(x):
        y = tf.sin(x)
        if x[0] > 6.0:
            raise KeyError("large")
        return tf.reshape(y, [7]) if x[0] > 3.0 else y

    function = tf.function(partly)

    def outcome(f, x):
        try:
            return f(x).numpy().tolist()
        except (KeyError, tf.errors.InvalidArgumentError) as error:
            return type(error)

    def work(number):
        for x in random_inputs(number, 30):
            assert outcome(function, x) == outcome(partly, x)

    together(work)


def test_what_is_read_from_outside_changes_meanwhile():
    cell = [1.0]
    function = tf.function(lambda x: x * cell[0])

    def work(number):
        for k in range(80):
            if number == 0:
                cell[0] = float(k % 4)
            else:
                assert float(function(tf.constant(1.0))) in (0.0, 1.0, 2.0, 3.0)

    together(work)


def test_variables_of_first_calls_are_made_once():
    def check():
        made = []

        @tf.function
        def function(x):
            if not made:
                made.append(tf.Variable(2.0))
            return made[0] * x

        together(lambda number: np.testing.assert_array_equal(function(tf.constant(3.0)), 6.0))
        assert len(made) == 1

    for _ in range(5):
        check()


def test_methods_of_objects_that_come_and_go():
    class Scaled:
        def __init__(self, scale):
            self.scale = scale

        @tf.function
        def applied(self, x):
            return x * self.scale

    shared, x = Scaled(3.0), tf.constant(2.0)

    def work(number):
        for k in range(15):
            scaled = Scaled(float(k))
            assert [float(scaled.applied(x)) for _ in range(3)] == [2.0 * k] * 3
            assert float(shared.applied(x)) == 6.0

    together(work)


# -- threads that a function waits for


def test_a_function_that_py_function_calls_in_another_thread(monkeypatch):
    monkeypatch.setattr(function_module, "MOST_WAITING", 0.05)

    @tf.function
    def function(x):
        return tf.py_function(lambda y: in_thread(function, y - 1.0) if y > 0.0 else y, [x], tf.float32) + 1.0

    assert [float(function(tf.constant(value))) for value in (1.0, 1.0, -1.0, 2.0)] == [2.0, 2.0, 0.0, 3.0]


def test_pools_in_a_function_make_it_run_eagerly(monkeypatch):
    monkeypatch.setattr(function_module, "MOST_WAITING", 0.05)

    @tf.function
    def fibonacci(n):
        if n < 2:
            return n
        with ThreadPoolExecutor(2) as pool:
            a, b = pool.map(fibonacci, [n - 1, n - 2])
        return a + b

    assert [int(fibonacci(tf.constant(n))) for n in (5, 5, 6, 1)] == [5, 5, 8, 1]
    assert "what other threads do is not recorded" in str(fibonacci.explain())


def test_a_pool_that_a_function_uses_makes_it_run_eagerly():
    variable = tf.Variable(1.0)
    with ThreadPoolExecutor(2) as pool:

        @tf.function
        def function(x):
            return x + pool.submit(lambda: variable * 2.0).result()

        for value in (1.0, 2.0, 3.0):
            variable.assign(value)
            assert float(function(tf.constant(1.0))) == 1.0 + 2.0 * value
    assert "ThreadPoolExecutor" in str(function.explain())


def test_tensors_of_a_recording_are_used_in_another_thread():
    doubled = tf.function(lambda x: tf.sin(x) * 2.0)

    def function(x):
        y = x * 2.0
        a = in_thread(lambda: y * y if y > 3.0 else y)
        b, c, d = in_thread(doubled, y), in_thread(float, y), in_thread(lambda: y.numpy() + 1.0)
        return a + b + c + d

    compiled = tf.function(function)
    for value in (1.0, 2.0, 3.0, 1.0):
        x = tf.constant(value)
        np.testing.assert_array_equal(compiled(x), function(x))
    assert "another thread uses its tensors" in str(compiled.explain())


def test_tensors_of_a_recording_that_is_over_are_refused_in_another_thread():
    kept = []
    tf.function(lambda x: kept.append(x * 2.0))(tf.constant(1.0))

    def use():
        with pytest.raises(InaccessibleTensorError):
            kept[0] * 2.0
        return "refused"

    assert in_thread(use) == "refused"


# -- Python's garbage collector, of all threads


def test_the_threshold_is_the_users_after_recordings_in_any_order():
    threshold = gc.get_threshold()
    first, second = threading.Event(), threading.Event()

    def early(x):
        first.set()
        second.wait(10)
        return x * 2.0

    def late(x):
        second.set()
        return x * 3.0

    thread = threading.Thread(target=lambda: tf.function(early)(tf.constant(1.0)))
    thread.start()
    first.wait(10)
    assert gc.get_threshold() != threshold
    tf.function(late)(tf.constant(1.0))
    thread.join()
    assert gc.get_threshold() == threshold


def test_a_threshold_that_is_set_meanwhile_stays():
    threshold = gc.get_threshold()

    def function(x):
        gc.set_threshold(500, 5, 5)
        return tf.function(lambda y: y * 2.0)(x)

    try:
        tf.function(function)(tf.constant(1.0))
        assert gc.get_threshold() == (500, 5, 5)
        tf.function(lambda x: x * 2.0)(tf.constant(1.0))
        assert gc.get_threshold() == (500, 5, 5)
    finally:
        gc.set_threshold(*threshold)


def test_garbage_that_records_when_it_is_collected():
    threshold = gc.get_threshold()

    class Last:
        def __init__(self):
            self.me = self

        def __del__(self):
            tf.function(lambda x: x + 1.0)(tf.constant(1.0))

    gc.set_threshold(1, 1, 1)
    try:
        for _ in range(10):
            Last()
            tf.function(lambda x: x * 2.0)(tf.constant(1.0))
        gc.collect()
        assert gc.get_threshold() == (1, 1, 1)
    finally:
        gc.set_threshold(*threshold)
