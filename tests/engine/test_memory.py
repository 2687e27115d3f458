"""In-place arithmetic: used where nobody can notice, and never where somebody could."""

import os
import subprocess
import sys
import threading

import numpy as np
import pytest

import gradtape as tf
from gradtape._core.memory import LARGE, UNSHARED, into

SIZE = LARGE


def test_an_array_that_only_the_caller_holds_is_written_to() -> None:
    places = [np.ones(SIZE)]
    h = places[0]
    assert into(np.add, h, 1.0) is h
    assert h[0] == 2.0


def test_a_shared_array_is_left_alone() -> None:
    places = [np.ones(SIZE)]
    h = places[0]
    other = h
    assert into(np.add, h, 1.0) is not h
    assert other[0] == 1.0
    assert UNSHARED > 0


@pytest.mark.parametrize(
    "view", [lambda a: a[:], lambda a: a.reshape(2, -1), lambda a: np.broadcast_to(a, (2, a.size))]
)
def test_views_and_their_bases_are_left_alone(view) -> None:
    base = np.ones(SIZE)
    places = [view(base)]
    h = places[0]
    assert into(np.add, h, 1.0) is not h
    assert base[0] == 1.0
    places = [base]
    h = places[0]
    base = view(h)
    assert into(np.add, h, 1.0) is not h


def test_a_variable_is_updated_in_place() -> None:
    v = tf.Variable(np.ones(SIZE, np.float32))
    before = v._value.__array_interface__["data"]
    v.assign_sub(np.ones(SIZE, np.float32))
    assert v._value.__array_interface__["data"] == before
    assert v.numpy()[0] == 0.0


def test_beside_other_threads_a_variable_is_never_written_to() -> None:
    v = tf.Variable(np.ones(SIZE, np.float32))
    before = v._value.__array_interface__["data"]
    release = threading.Event()
    other = threading.Thread(target=release.wait)
    other.start()
    try:
        v.assign_sub(np.ones(SIZE, np.float32))
        assert v._value.__array_interface__["data"] != before
    finally:
        release.set()
        other.join()
    assert v.numpy()[0] == 0.0


def test_what_was_read_from_a_variable_keeps_its_value() -> None:
    v = tf.Variable(np.ones(SIZE, np.float32))
    read, part = v.value(), v[: SIZE // 2]
    v.assign_add(np.ones(SIZE, np.float32))
    assert (read.numpy()[0], part.numpy()[0], v.numpy()[0]) == (1.0, 1.0, 2.0)


def test_a_record_keeps_the_value_as_read() -> None:
    v = tf.Variable(np.full(SIZE, 3.0))
    with tf.GradientTape() as tape:
        y = v * v
        v.assign_add(np.ones(SIZE))
    assert tape.gradient(y, v).numpy()[0] == 6.0


def test_cotangents_that_are_shared_are_not_written_to() -> None:
    x, y = tf.constant(np.ones(SIZE)), tf.constant(np.full(SIZE, 2.0))
    with tf.GradientTape() as tape:
        tape.watch([x, y])
        # `s` passes one cotangent to both; `x` then gets more.
        s = x + y
        z = s + x * 5.0 + x * 7.0
    gx, gy, gs = tape.gradient(z, [x, y, s])
    assert (gx.numpy()[0], gy.numpy()[0], gs.numpy()[0]) == (13.0, 1.0, 1.0)


def test_output_gradients_are_not_written_to() -> None:
    x, seed = tf.constant(np.ones(SIZE)), tf.constant(np.ones(SIZE))
    with tf.GradientTape() as tape:
        tape.watch(x)
        z = x + x + x + x
    assert tape.gradient(z, x, output_gradients=seed).numpy()[0] == 4.0
    assert seed.numpy()[0] == 1.0


PAGES_OF_LARGE_ARRAYS = """
import gradtape as tf, numpy as np, resource
x = tf.constant(np.ones((1 << 20,), np.float32))
for _ in range(5):
    y = x * x + x
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(50):
    y = x * x + x
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def pages(**variables: str) -> int:
    """Returns how many fresh pages a program with large arrays gets from the system, once it is running."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MALLOC_", "GLIBC_"))}
    run = [sys.executable, "-c", PAGES_OF_LARGE_ARRAYS]
    return int(subprocess.run(run, env=environment | variables, check=True, capture_output=True, text=True).stdout)


@pytest.mark.skipif(sys.platform != "linux" or os.confstr("CS_GNU_LIBC_VERSION") is None, reason="about glibc")
def test_what_large_arrays_free_is_used_again() -> None:
    assert pages() < 1000
    assert pages(MALLOC_TRIM_THRESHOLD_="131072", MALLOC_MMAP_THRESHOLD_="131072") > 50 * 1000
