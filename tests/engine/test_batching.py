"""Batches: functions of one row run on all rows at once, and what cannot differ by row."""

import sys

import numpy as np
import pytest

import gradtape as tf
from gradtape._autodiff.batching import Batch

ROWS = np.arange(12.0).reshape(2, 2, 3)
INDICES = np.array([1, -1])


def by_loop(function, *arrays):
    """What `function` gives for each row, computed one after the other."""
    return np.stack([function(*(tf.constant(array[k]) for array in arrays)).numpy() for k in range(len(arrays[0]))])


@pytest.mark.parametrize(
    "function",
    [
        lambda m, i: m[i],
        lambda m, i: m[i, 0],
        lambda m, i: m[0, i],
        lambda m, i: m[..., i],
        lambda m, i: m[i, ..., i],
        lambda m, i: m[None, i, 1:],
        lambda m, i: m[::-1, i, None],
        lambda m, i: m[i + 1 - 1][i],
        lambda m, i: tf.roll(m, i, 1),
        lambda m, i: tf.roll(m, [i, 2], [0, -1]),
        lambda m, i: tf.slice(m, [tf.abs(i) - 1, i * i], [1, 2]),
        lambda m, i: tf.slice(m, tf.stack([0, tf.abs(i)]), [2, 1]),
        lambda m, i: tf.cast(tf.size(m[i]), tf.float64) * m,
    ],
)
def test_indices_that_differ_by_row(function) -> None:
    found = tf.vectorized_map(lambda row: function(*row), (tf.constant(ROWS), tf.constant(INDICES)))
    np.testing.assert_array_equal(found, by_loop(function, ROWS, INDICES))


def test_a_table_and_a_variable_by_an_index_of_each_row() -> None:
    table = tf.Variable(ROWS[0])
    with tf.GradientTape() as tape:
        y = tf.vectorized_map(lambda i: table[i] ** 2 * tf.reduce_sum(table), tf.constant([1, 0, 1]))
        total = tf.reduce_sum(y)
    with tf.GradientTape() as loop:
        z = tf.add_n([tf.reduce_sum(table[i] ** 2 * tf.reduce_sum(table)) for i in (1, 0, 1)])
    np.testing.assert_allclose(tf.convert_to_tensor(tape.gradient(total, table)), loop.gradient(z, table), rtol=1e-14)


def test_an_index_of_each_row_in_a_map_in_a_map() -> None:
    found = tf.vectorized_map(
        lambda row: tf.vectorized_map(lambda i: row[0] * row[1][i], tf.constant([2, 0])), tf.constant(ROWS)
    )
    np.testing.assert_array_equal(found, np.stack([ROWS[:, 0] * ROWS[:, 1, [k]] for k in (2, 0)], 1))


def test_a_lookup_beside_the_whole_table() -> None:
    """The cotangents of a lookup are rows, those of a sum are arrays: in a batch, too, they are added."""
    x = tf.Variable([1.0, 2.0, 3.0])

    def f():
        return tf.gather(x, [1, 1, 0]) * tf.reduce_sum(x)

    with tf.GradientTape() as tape:
        y = f()
    with tf.GradientTape(persistent=True) as loop:
        rows = tf.unstack(f())
    expected = np.stack([tf.convert_to_tensor(loop.gradient(row, x)) for row in rows])
    np.testing.assert_array_equal(tape.jacobian(y, x), expected)


def test_a_batch_jacobian_of_a_lookup_beside_the_whole() -> None:
    x = tf.Variable([[1.0, 2.0], [3.0, 4.0]])
    with tf.GradientTape(persistent=True) as tape:
        y = tf.gather(x, [0, 1]) * x + x
    np.testing.assert_array_equal(tape.batch_jacobian(y, x), [np.diag([3.0, 5.0]), np.diag([7.0, 9.0])])


def test_the_size_is_that_of_one_row() -> None:
    sizes = tf.vectorized_map(lambda m: (tf.size(m), tf.size(m[0]), tf.shape(m)), tf.constant(ROWS))
    np.testing.assert_array_equal(sizes[0], [6, 6])
    np.testing.assert_array_equal(sizes[1], [3, 3])
    np.testing.assert_array_equal(sizes[2], [[2, 3], [2, 3]])


def test_none_among_the_results_stays_none() -> None:
    found = tf.vectorized_map(lambda x: {"a": None, "b": (x, None)}, tf.constant([1.0, 2.0]))
    assert (found["a"], found["b"][1]) == (None, None)
    np.testing.assert_array_equal(found["b"][0], [1.0, 2.0])


def test_a_row_is_printed_as_one(capsys) -> None:
    tf.vectorized_map(lambda x: tf.print("row", x, [x], output_stream=sys.stdout), tf.constant([[1.0, 2.0]] * 2))
    row = "tf.Tensor(<a batch of them at once>, shape=(2,), dtype=float32)"
    assert capsys.readouterr().out == f"row {row} [{row}]\n"


def test_a_value_that_is_a_batch_has_what_protocols_ask_for_and_no_more() -> None:
    value = Batch(np.ones((2, 3)), (1,))
    assert not hasattr(value, "_read")
    assert not hasattr(value, "__array_interface__")
    with pytest.raises(TypeError, match="batch"):
        value.reshape((3,))


@pytest.mark.parametrize(
    "draw",
    [
        lambda: tf.random.normal([3]),
        lambda: tf.random.uniform([3], 1.0, [2.0, 3.0, 4.0]),
        lambda: tf.random.truncated_normal([3], dtype=tf.float64, seed=7),
        lambda: tf.random.uniform([], maxval=1 << 30, dtype=tf.int32),
    ],
)
def test_each_row_draws_random_numbers_of_its_own(draw) -> None:
    def f(row):
        return tf.vectorized_map(lambda e: tf.cast(draw(), tf.float64) + 0.0 * e, row)

    drawn = []
    for _ in range(2):
        tf.random.set_seed(3)
        drawn.append(tf.vectorized_map(f, tf.zeros([2, 4], tf.float64)).numpy())
    assert drawn[0].shape == (2, 4, *draw().shape)
    np.testing.assert_array_equal(drawn[0], drawn[1])
    assert len(np.unique(drawn[0])) == drawn[0].size
    # Outside of a map, nothing has changed.
    assert draw().shape == drawn[0].shape[2:]


def test_a_shuffle_of_a_row_is_refused() -> None:
    x = tf.constant([1.0, 2.0])
    with pytest.raises(TypeError, match="batch"):
        tf.vectorized_map(tf.random.shuffle, x)
    assert tf.random.normal([2]).shape == (2,)


def test_random_numbers_with_a_mean_of_the_row() -> None:
    means = tf.constant([0.0, 1000.0])
    numbers = tf.vectorized_map(lambda mean: tf.random.normal([50], mean=mean), means).numpy()
    assert np.all(np.abs(numbers - means.numpy()[:, None]) < 10.0)
    assert not np.array_equal(numbers[0], numbers[1] - 1000.0)
