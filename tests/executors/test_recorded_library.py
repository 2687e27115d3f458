"""What the laws have no samples of is recorded as well: random numbers, variables, sets, counts, slices, checks."""

import gc
import itertools
import random
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradtape as tf

GENERATOR = np.random.default_rng(0)


def floats(*shape: int) -> Any:
    """Positive numbers, so that they may be rates and probabilities."""
    return tf.constant(GENERATOR.uniform(0.1, 0.9, shape).astype(np.float32))


def ints(below: int, *shape: int, dtype: Any = np.int32) -> Any:
    return tf.constant(GENERATOR.integers(0, below, shape).astype(dtype))


def arrays(result: Any) -> list[Any]:
    return [np.array(each) for each in tf.nest.flatten(result, expand_composites=True)]


def outcome(function: Callable[..., Any], inputs: Any) -> Any:
    try:
        return arrays(function(*inputs))
    except (tf.errors.OpError, ValueError, TypeError) as error:
        return type(error), str(error)


def check(function: Callable[..., Any], *calls: Any, runs: int = 1, twin: Callable[..., Any] | None = None) -> None:
    """Requires that a recorded function gives, call after call, what it gives when it runs, and runs so often."""
    made: list[None] = []

    def counted(*inputs: Any) -> Any:
        made.append(None)
        return (twin or function)(*inputs)

    order = [*calls, *calls, calls[0]]
    tf.random.set_seed(5)
    expected = [outcome(function, inputs) for inputs in order]
    tf.random.set_seed(5)
    recorded = tf.function(counted)
    for wanted, inputs in zip(expected, order, strict=True):
        found = outcome(recorded, inputs)
        if isinstance(wanted, tuple) or isinstance(found, tuple):
            assert found == wanted
            continue
        assert [(each.dtype, each.shape) for each in found] == [(each.dtype, each.shape) for each in wanted]
        assert [each.tolist() for each in found] == [each.tolist() for each in wanted]
    assert len(made) == runs


R = tf.random
RANDOM: dict[str, tuple[Callable[..., Any], Callable[[], Any]]] = {
    "normal": (lambda x: x * R.normal([2, 3]), lambda: [floats(2, 3)]),
    "normal_of_a_seed": (lambda x: x + R.normal([3], seed=3) * R.normal([3], seed=3), lambda: [floats(3)]),
    "normal_of_tensors": (lambda m, s: R.normal([2, 3], m, s), lambda: [floats(3), floats(3)]),
    "normal_of_a_shape": (lambda n: R.normal(n), lambda: [tf.constant([2, 3])]),
    "uniform": (lambda x: x + R.uniform([3], x[0], 2.0), lambda: [floats(3)]),
    "uniform_integers": (lambda n: R.uniform([3], 0, n, tf.int32), lambda: [ints(9) + 1]),
    "truncated_normal": (lambda x: x + R.truncated_normal([3], 0.5, 2.0), lambda: [floats(3)]),
    "shuffle": (R.shuffle, lambda: [floats(5, 3)]),
    "categorical": (lambda x: R.categorical(x, 4), lambda: [floats(5, 3)]),
    "poisson": (lambda x: R.poisson([4], x), lambda: [floats(5)]),
    "gamma": (lambda x, y: R.gamma([4], x, y), lambda: [floats(5), floats(5)]),
    "stateless_normal": (lambda s, m: R.stateless_normal([3], s, m), lambda: [ints(99, 2), floats(3)]),
    "stateless_uniform": (lambda s, m: R.stateless_uniform([3], s, m, 1.0), lambda: [ints(99, 2), floats(3)]),
    "stateless_integers": (lambda s: R.stateless_uniform([3], s, 0, 9, tf.int32), lambda: [ints(99, 2)]),
    "stateless_categorical": (lambda s, x: R.stateless_categorical(x, 4, s), lambda: [ints(99, 2), floats(5, 3)]),
    "stateless_gamma": (lambda s, x: R.stateless_gamma([4, 5], s, x), lambda: [ints(99, 2), floats(5)]),
    "split": (lambda s: R.split(s, 3), lambda: [ints(99, 2)]),
    "fold_in": (R.fold_in, lambda: [ints(99, 2), ints(9)]),
    "index_shuffle": (lambda x, s: R.experimental.index_shuffle(x, s, 10), lambda: [ints(10, 4), ints(99, 2)]),
    "dropout": (lambda x: tf.nn.dropout(x, 0.5), lambda: [floats(5, 3)]),
    "dropout_of_a_rate": (tf.nn.dropout, lambda: [floats(5, 3), floats()]),
    "dropout_of_nothing": (lambda x: tf.nn.dropout(x, 0.0) + R.normal([3]), lambda: [floats(5, 3)]),
    "candidates": (lambda c: R.log_uniform_candidate_sampler(c, 1, 3, True, 7), lambda: [ints(7, 2, 1, dtype=int)]),
    "learned_candidates": (
        lambda c: tf.nn.learned_unigram_candidate_sampler(c, 1, 3, True, 7, seed=2),
        lambda: [ints(7, 2, 1, dtype=int)],
    ),
    "nce_loss": (
        lambda w, b, c, x: tf.nn.nce_loss(w, b, c, x, 3, 7),
        lambda: [floats(7, 4), floats(7), ints(7, 2, 1, dtype=int), floats(2, 4)],
    ),
    "fractional_max_pool": (lambda x: tf.nn.fractional_max_pool(x, 1.5, seed=3), lambda: [floats(1, 5, 5, 1)]),
    "fractional_avg_pool": (
        lambda x: tf.nn.fractional_avg_pool(x, [1.0, 1.5, 1.5, 1.0], seed=3),
        lambda: [floats(1, 5, 5, 1)],
    ),
    "random_flip": (tf.image.random_flip_left_right, lambda: [floats(2, 3, 1)]),
    "random_crop": (lambda x: tf.image.random_crop(x, [2, 2]), lambda: [floats(4, 4)]),
    "random_hue": (lambda x: tf.image.random_hue(x, 0.2), lambda: [floats(4, 4, 3)]),
    "initializer": (lambda x: x + tf.random_normal_initializer()([3]), lambda: [floats(3)]),
    "mapped": (
        lambda x: tf.vectorized_map(lambda row: tf.nn.dropout(row, 0.5) + R.gamma([2], 2.0), x),
        lambda: [floats(3, 2)],
    ),
}


@pytest.mark.parametrize("name", RANDOM)
def test_random_numbers_go_on_as_they_do_without_a_recording(name: str) -> None:
    function, inputs = RANDOM[name]
    check(function, inputs(), inputs())


def test_numbers_drawn_inside_and_outside_come_from_one_stream() -> None:
    def both(function: Callable[..., Any]) -> list[Any]:
        tf.random.set_seed(3)
        return [each for _ in range(3) for each in arrays([function(), tf.random.normal([2]), R.uniform([], seed=1)])]

    def draw() -> Any:
        return tf.random.normal([2]) + tf.random.uniform([], seed=1)

    assert [each.tolist() for each in both(tf.function(draw))] == [each.tolist() for each in both(draw)]


def test_a_seed_of_python_s_own_is_taken_at_each_call() -> None:
    def both(function: Callable[..., Any]) -> list[Any]:
        random.seed(7)
        return [each.tolist() for _ in range(3) for each in arrays(function())]

    def draw() -> Any:
        return tf.initializers.GlorotUniform()([3, 3]) * tf.initializers.RandomNormal()([3, 3])

    assert both(tf.function(draw)) == both(draw)


METHODS: dict[str, tuple[Callable[..., Any], Callable[[], Any]]] = {
    "normal": (lambda g, x: g.normal([3], x, x), lambda: [floats(3)]),
    "uniform": (lambda g, x: g.uniform([3], x, x + 1.0) + g.uniform([3], 2.0, 3.0), lambda: [floats(3)]),
    "uniform_integers": (lambda g, n: g.uniform([3], 0, n, tf.int32), lambda: [ints(9) + 1]),
    "binomial": (lambda g, x: g.binomial([2, 3], [5.0] * 3, x), lambda: [floats(3)]),
    "make_seeds": (lambda g, x: R.stateless_normal([3], g.make_seeds(2)[:, 0]) + x, lambda: [floats(3)]),
    "skip": (lambda g, n: (g.skip(n), g.normal([2]), g.state.value()), lambda: [ints(9)]),
    "reset": (lambda g, s: (g.reset(s), g.normal([2]))[1], lambda: [ints(9, 3, dtype=int)]),
    "reset_from_seed": (lambda g, s: (g.reset_from_seed(s), g.normal([2]))[1], lambda: [ints(9)]),
}


@pytest.mark.parametrize("name", METHODS)
def test_a_generator_goes_on_as_it_does_without_a_recording(name: str) -> None:
    method, inputs = METHODS[name]
    one, two = (R.Generator.from_seed(1) for _ in range(2))
    check(lambda *x: method(one, *x), inputs(), inputs(), twin=lambda *x: method(two, *x))
    assert one.state.numpy().tolist() == two.state.numpy().tolist()


def changed(change: Callable[..., Any]) -> Callable[..., Any]:
    """A function that changes a variable and returns its value."""
    return lambda v, *x: (change(v, *x), v * 1.0)[1]


def slices(name: str) -> Callable[..., Any]:
    return changed(lambda v, x, places: getattr(v, name)(tf.IndexedSlices(x, places)))


VARIABLES: dict[str, tuple[Callable[..., Any], Callable[[], Any]]] = {
    "assign": (changed(lambda v, x: v.assign(x, read_value=False)), lambda: [floats(3)]),
    "assign_add": (changed(lambda v, x: v.assign_add(x).assign_sub(2 * x)), lambda: [floats(3)]),
    "part": (changed(lambda v, x: v[1:].assign(x[:2])), lambda: [floats(3)]),
    "element": (changed(lambda v, x, k: v[k].assign(x[0])), lambda: [floats(3), ints(3)]),
    "masked_part": (changed(lambda v, x: v[v > -1.0].assign(x)), lambda: [floats(3)]),
    "reading": (lambda v, x: v.value() + v.read_value() + sum(v) * x, lambda: [floats(3)]),
    "shape": (lambda v, x: x * float(v.shape[0]), lambda: [floats(3)]),
    "lookups": (lambda v, k: v.sparse_read(k) + v.gather_nd(k[:, None]) + v[k[0]], lambda: [ints(3, 2)]),
    "batch_scatter_update": (slices("batch_scatter_update"), lambda: [floats(2), ints(3, 2)]),
    **{
        name: (slices(name), lambda: [floats(2), ints(3, 2)])
        for name in map("scatter_{}".format, ("add", "sub", "mul", "div", "max", "min", "update"))
    },
    **{
        name: (changed(lambda v, x, k, name=name: getattr(v, name)(k, x)), lambda: [floats(2), ints(3, 2, 1)])
        for name in ("scatter_nd_add", "scatter_nd_sub", "scatter_nd_update")
    },
}


@pytest.mark.parametrize("name", VARIABLES)
def test_changes_of_a_variable_are_recorded(name: str) -> None:
    method, inputs = VARIABLES[name]
    one, two = (tf.Variable([1.0, 2.0, 3.0]) for _ in range(2))
    check(lambda *x: method(one, *x), inputs(), inputs(), twin=lambda *x: method(two, *x))
    assert one.numpy().tolist() == two.numpy().tolist()


def test_what_python_reads_of_a_variable_holds_for_that_value() -> None:
    v, runs = tf.Variable(2.0), []

    @tf.function
    def scaled(x: Any) -> Any:
        runs.append(1)
        return x * float(v) if v > 1.0 else x

    found = []
    for value in (2.0, 2.0, 3.0, 0.5, 3.0, 2.0):
        v.assign(value)
        found.append(scaled(tf.constant(1.0)).numpy().item())
    assert (found, len(runs)) == ([2.0, 2.0, 3.0, 1.0, 3.0, 2.0], 3)


def test_an_index_out_of_range_raises_at_a_replay_what_it_raises_without() -> None:
    change, (one, two) = slices("scatter_add"), (tf.Variable([1.0, 2.0, 3.0]) for _ in range(2))
    calls = (floats(2), tf.constant([0, 1])), (floats(2), tf.constant([0, 7]))
    check(lambda x, k: change(one, x, k), *calls, runs=3, twin=lambda x, k: change(two, x, k))
    check(lambda x, k: x[k], (floats(3), tf.constant(1)), (floats(3), tf.constant(3)), runs=3)


def marked(*numbers: float) -> list[Any]:
    return [tf.constant(numbers, tf.float32)]


def mask_gradient(x: Any) -> Any:
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x[x > 0] ** 2
    return tape.gradient(y, x)


# The second call has other numbers; what decides about shapes is the same.
HOST: dict[str, tuple[Callable[..., Any], Any, Any]] = {
    "mask": (lambda x: x[x > 0], marked(1, 2, -2, 3), marked(1, -1, 2, 3)),
    "mask_gradient": (mask_gradient, marked(1, 2, -2, 3), marked(1, -1, 2, 3)),
    "boolean_mask": (lambda x: tf.boolean_mask(x, x > 0), marked(1, 2, -2, 3), marked(1, -1, 2, 3)),
    "where": (lambda x: tf.where(x > 0), marked(1, 2, -2, 3), marked(1, -1, 2, 3)),
    "unique": (tf.unique_with_counts, marked(1, 2, 2, 3), marked(1, 1, 2, 3)),
    "bincount": (lambda x: tf.math.bincount(x, minlength=5, maxlength=5), [ints(5, 6)], [ints(5, 6)]),
    "histogram": (lambda x: tf.histogram_fixed_width(x, [0.0, 1.0], 5), [floats(6)], [floats(6)]),
    "confusion_matrix": (
        lambda x, y, w: tf.math.confusion_matrix(x, y, 5, w),
        [ints(5, 6), ints(5, 6), floats(6)],
        [ints(5, 6), ints(5, 6), floats(6)],
    ),
    "segment_mean": (
        tf.math.segment_mean,
        [floats(4, 2), tf.constant([0, 0, 1, 2])],
        [floats(4, 2), tf.constant([0, 1, 1, 2])],
    ),
    "dynamic_partition": (
        lambda x, p: tf.dynamic_partition(x, p, 2),
        [floats(4, 2), tf.constant([0, 1, 0, 1])],
        [floats(4, 2), tf.constant([1, 1, 0, 0])],
    ),
    "dynamic_stitch": (
        lambda p, x: tf.dynamic_stitch([p, p + 2], [x, x * 2]),
        [tf.constant([0, 1]), floats(2, 2)],
        [tf.constant([1, 0]), floats(2, 2)],
    ),
    "slice_of_one_length": (lambda x, k: x[k : k + 2], [floats(6), tf.constant(1)], [floats(6), tf.constant(3)]),
    "slice": (lambda x, k: tf.slice(x, k, [2]), [floats(6), tf.constant([1])], [floats(6), tf.constant([3])]),
    "roll": (lambda x, k: tf.roll(x, k, 0), [floats(6), tf.constant(1)], [floats(6), tf.constant(2)]),
    "repeat": (tf.repeat, [floats(3), tf.constant([1, 2, 1])], [floats(3), tf.constant([2, 1, 1])]),
    "range": (lambda a: tf.range(a, a + 2.0, 0.5), marked(0.0), marked(1.0)),
    "one_hot": (lambda k, a: tf.one_hot(k, 5, a, 0.0), [ints(5, 3), floats()], [ints(5, 3), floats()]),
    "pad": (lambda x, a: tf.pad(x, [[1, 1]], constant_values=a), [floats(3), floats()], [floats(3), floats()]),
    "quotient": (tf.divide, [ints(5, 3) + 1, ints(5, 3) + 1], [ints(5, 3) + 1, ints(5, 3) + 1]),
    "sets": (
        lambda x: tf.sets.size(tf.sets.intersection(x, tf.constant([[1, 2]]))),
        [tf.constant([[1, 5, 7]])],
        [tf.constant([[5, 6, 2]])],
    ),
    "suppression": (
        lambda x, s: tf.image.non_max_suppression(x, s, 2),
        [tf.constant([[0.0, 0, 1, 1], [2, 2, 3, 3]]), tf.constant([0.9, 0.8])],
        [tf.constant([[0.0, 0, 1, 1], [2, 2, 3, 3]]), tf.constant([0.5, 0.8])],
    ),
    "crop_and_resize": (
        lambda x, b, k: tf.image.crop_and_resize(x, b, k, [2, 2]),
        [floats(2, 4, 4, 3), floats(4, 4), ints(2, 4)],
        [floats(2, 4, 4, 3), floats(4, 4), ints(2, 4)],
    ),
    "ctc_loss": (
        lambda y, x, a, b: tf.nn.ctc_loss(y, x, a, b, blank_index=0),
        [ints(2, 2, 2) + 1, floats(4, 2, 4), tf.constant([1, 2]), tf.constant([4, 4])],
        [ints(2, 2, 2) + 1, floats(4, 2, 4), tf.constant([2, 2]), tf.constant([4, 3])],
    ),
    "as_string": (lambda x: tf.as_string(x, precision=2), [floats(3)], [floats(3)]),
    "assertions": (
        lambda x: (tf.debugging.assert_positive(x), tf.debugging.assert_near(x, x), x * 2.0)[2],
        [floats(3)],
        [floats(3)],
    ),
    "sparse_values": (
        lambda x, b: tf.sparse.sparse_dense_matmul(tf.SparseTensor([[0, 1], [2, 2]], x, [3, 3]) * b, b),
        [floats(2), floats(3, 3)],
        [floats(2), floats(3, 3)],
    ),
    "sparse_places": (
        lambda p, x: tf.sparse.to_dense(tf.sparse.reorder(tf.sparse.transpose(tf.SparseTensor(p, x, [3, 3])))),
        [tf.constant([[0, 1], [2, 2]], tf.int64), floats(2)],
        [tf.constant([[1, 1], [2, 0]], tf.int64), floats(2)],
    ),
    "sparse_sum": (
        lambda p, x: tf.sparse.reduce_sum(tf.SparseTensor(p, x, [3, 3]), 1),
        [tf.constant([[0, 1], [2, 2]], tf.int64), floats(2)],
        [tf.constant([[1, 1], [2, 0]], tf.int64), floats(2)],
    ),
    "sparse_argument": (
        lambda s: tf.sparse.sparse_dense_matmul(s, tf.ones([3, 2])),
        [tf.SparseTensor([[0, 1], [2, 2]], floats(2), [3, 3])],
        [tf.SparseTensor([[1, 1], [2, 0]], floats(2), [3, 3])],
    ),
    "row_gradient": (
        lambda x, k: tf.IndexedSlices(x * 2.0, k, [5, 2]),
        [floats(3, 2), tf.constant([4, 3, 2])],
        [floats(3, 2), tf.constant([4, 4, 2])],
    ),
}


@pytest.mark.parametrize("name", HOST)
def test_what_is_computed_of_arrays_is_a_step_of_the_program(name: str) -> None:
    function, first, second = HOST[name]
    check(function, first, second)


def test_another_shape_is_another_way_through_the_function() -> None:
    check(lambda x: x[x > 0] * 2.0, marked(1, 2, -2, 3), marked(1, -1, -2, 3), runs=2)
    check(lambda x: tf.unique(x).y, marked(1, 2, 2), marked(2, 2, 2), runs=2)
    check(lambda n: tf.random.normal(n), [tf.constant([2, 3])], [tf.constant([4, 3])], runs=2)


def test_a_check_that_fails_at_a_replay_raises_as_without_a_recording() -> None:
    def below(x: Any) -> Any:
        tf.debugging.assert_less(x, 1.0)
        return x * 2.0

    check(below, [tf.constant([0.5])], [tf.constant([1.5])], runs=3)
    infinite = [floats(1, 4, 4, 3), floats(4, 4) / 0.0]
    check(lambda x, b: tf.image.crop_and_resize(x, b, [0] * 4, [2, 2]), [infinite[0], floats(4, 4)], infinite, runs=3)


def test_a_print_is_made_at_each_call_of_what_is_there_then(capsys: pytest.CaptureFixture[str], tmp_path: Any) -> None:
    path, v = tmp_path / "lines", tf.Variable(0.0)

    @tf.function
    def told(x: Any) -> Any:
        tf.print("x =", x, v.assign_add(1.0))
        tf.print({"half": x / 2.0}, output_stream=f"file://{path}")
        return x

    for number in (1.0, 2.0, 3.0):
        told(tf.constant(number))
    assert capsys.readouterr().err == "x = 1 1\nx = 2 2\nx = 3 3\n"
    assert path.read_text() == "{'half': 0.5}\n{'half': 1}\n{'half': 1.5}\n"


def test_the_time_is_asked_at_each_call() -> None:
    times = [tf.function(tf.timestamp)().numpy() for _ in range(2)]
    clock = tf.function(tf.timestamp)
    times += [clock().numpy() for _ in range(3)]
    assert all(later >= earlier for earlier, later in itertools.pairwise(times))
    assert times[-1] > times[-3]


def test_a_step_keeps_no_tensor_of_the_call_that_recorded_it() -> None:
    kept: list[Any] = []

    @tf.function
    def once(x: Any) -> Any:
        kept.append(weakref.ref(x))
        return tf.unique(x).y

    once(tf.constant([1.0, 2.0]))
    gc.collect()
    assert [reference() for reference in kept] == [None]
