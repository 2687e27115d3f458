"""Derivatives of functions: values, forms, nesting, what is refused, and what is left behind."""

import gc
import threading
import weakref
from collections import OrderedDict, namedtuple

import numpy as np
import pytest

import gradtape as tf
from gradtape._autodiff.functional import hvp, jvp, value_and_gradient, vjp
from gradtape._core.tracking import RECORDING, Tracks

Pair = namedtuple("Pair", "first second")


def cubes(x):
    return tf.reduce_sum(x**3.0)


def rosenbrock(x):
    return tf.reduce_sum(100.0 * (x[1:] - x[:-1] ** 2.0) ** 2.0 + (1.0 - x[:-1]) ** 2.0)


def hessian_of_rosenbrock(x):
    size = len(x)
    hessian = np.diag(np.r_[1200.0 * x[:-1] ** 2 - 400.0 * x[1:] + 2.0, 0.0])
    hessian[range(1, size), range(1, size)] += 200.0
    hessian[range(size - 1), range(1, size)] = hessian[range(1, size), range(size - 1)] = -400.0 * x[:-1]
    return hessian


def test_value_and_gradient_of_a_tensor() -> None:
    value, gradient = value_and_gradient(cubes, tf.constant([1.0, 2.0]))
    assert float(value) == 9.0
    np.testing.assert_array_equal(gradient, [3.0, 12.0])


@pytest.mark.parametrize(
    "x",
    [2.0, np.float32(2.0), np.array(2.0, np.float32), tf.constant(2.0), tf.Variable(2.0)],
    ids=["number", "scalar", "array", "tensor", "variable"],
)
def test_what_a_point_can_be(x) -> None:
    value, gradient = value_and_gradient(lambda x: x * x, x)
    assert (float(value), float(gradient), gradient.dtype) == (4.0, 4.0, tf.float32)
    assert float(hvp(lambda x: x * x * x, x, 1.0)) == 12.0


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "complex64", "complex128"])
def test_dtypes_are_kept(dtype) -> None:
    x = tf.constant(np.array([1.0, 2.0], dtype))
    value, gradient = value_and_gradient(cubes, x)
    results = [value, gradient, *jvp(cubes, x, x), *vjp(cubes, x), hvp(cubes, x, x)]
    assert {each.dtype.name for each in results} == {dtype}
    np.testing.assert_allclose(hvp(cubes, x, x), 6.0 * np.array([1.0, 4.0], dtype))


def test_the_form_of_the_argument_is_kept() -> None:
    x = {"b": [1.0, Pair(tf.Variable(2.0), np.float32(3.0))], "a": (tf.constant(4.0),)}
    seen = []

    def function(p):
        seen.append(p)
        (a,), (b, (c, d)) = p["a"], p["b"]
        assert type(p["b"][1]) is Pair
        return a * b * c * d

    value, gradient = value_and_gradient(function, x)
    assert float(value) == 24.0
    assert list(gradient) == ["b", "a"]
    assert type(gradient["a"]) is tuple
    assert type(gradient["b"][1]) is Pair
    assert [float(g) for g in tf.nest.flatten(gradient)] == [6.0, 24.0, 12.0, 8.0]
    assert all(type(each) is type(tf.constant(1.0)) for each in tf.nest.flatten(seen[0]))
    product = hvp(function, x, tf.nest.map_structure(lambda _: 1.0, x))
    assert float(product["a"][0]) == 2.0 * 3.0 + 1.0 * 3.0 + 1.0 * 2.0


def test_a_list_stays_one_argument() -> None:
    value, gradient = value_and_gradient(lambda x: x[0] * x[1], [2.0, 3.0])
    assert type(gradient) is list
    assert [float(each) for each in (value, *gradient)] == [6.0, 3.0, 2.0]


def test_a_function_may_change_the_list_that_it_gets() -> None:
    _, gradient = value_and_gradient(lambda x: x.pop() * x.pop(), [2.0, 3.0])
    assert [float(each) for each in gradient] == [3.0, 2.0]


def test_ordered_mappings_and_their_order() -> None:
    x = OrderedDict([("z", 2.0), ("a", 3.0)])
    _, gradient = value_and_gradient(lambda p: p["z"] * p["a"] * p["a"], x)
    assert type(gradient) is OrderedDict
    assert [(key, float(g)) for key, g in gradient.items()] == [("z", 9.0), ("a", 12.0)]


def test_jvp_and_vjp_are_transposes() -> None:
    rng = np.random.default_rng(0)
    a, x, t, g = (tf.constant(rng.standard_normal(shape)) for shape in ((3, 4), (4,), (4,), (3,)))

    def function(x):
        return {"y": tf.linalg.matvec(a, tf.sin(x)), "n": [tf.reduce_sum(x * x)]}

    value, pushed = jvp(function, x, t)
    again, pulled = vjp(function, x, {"y": g, "n": [2.0]})
    assert list(value) == list(pushed) == ["y", "n"]
    np.testing.assert_array_equal(value["y"], again["y"])
    forwards = np.sum(pushed["y"].numpy() * g.numpy()) + 2.0 * pushed["n"][0].numpy()
    np.testing.assert_allclose(forwards, np.sum(pulled.numpy() * t.numpy()))


def test_vjp_begins_with_ones() -> None:
    x = tf.constant([1.0, 2.0])
    np.testing.assert_array_equal(vjp(lambda x: x * x, x)[1], [2.0, 4.0])


def test_hvp_of_rosenbrock_and_its_symmetry() -> None:
    rng = np.random.default_rng(1)
    x, u, v = rng.standard_normal((3, 8))
    product = hvp(rosenbrock, tf.constant(x), v)
    np.testing.assert_allclose(product, hessian_of_rosenbrock(x) @ v, rtol=1e-10)
    np.testing.assert_allclose(u @ product.numpy(), v @ hvp(rosenbrock, x, u).numpy())


def test_hvp_is_forward_over_reverse() -> None:
    rng = np.random.default_rng(2)
    x, v = (tf.constant(rng.standard_normal((3, 2)) + 1j * rng.standard_normal((3, 2))) for _ in range(2))

    def function(z):
        return tf.reduce_sum(tf.abs(tf.exp(z) * z) ** 2.0)

    _, pushed = jvp(lambda z: value_and_gradient(function, z)[1], x, v)
    np.testing.assert_allclose(hvp(function, x, v), pushed, rtol=1e-12)


def test_what_does_not_depend_on_the_point() -> None:
    x, y = tf.constant([1.0, 2.0]), tf.constant(3.0)
    for product in (jvp(lambda x: y, x, x)[1], hvp(lambda x: y, x, x), vjp(lambda x: y, x)[1]):
        np.testing.assert_array_equal(product, np.zeros(product.shape))
    np.testing.assert_array_equal(hvp(tf.reduce_sum, x, x), [0.0, 0.0])
    _, gradient = value_and_gradient(lambda p: p[0] * 2.0, [y, x], unconnected_gradients="zero")
    assert float(gradient[0]) == 2.0
    np.testing.assert_array_equal(gradient[1], [0.0, 0.0])


def test_the_function_itself_is_constant_in_what_it_reads() -> None:
    x, w = tf.constant(3.0), tf.Variable(2.0)
    assert float(value_and_gradient(lambda y: x * y, x)[1]) == 3.0
    assert float(value_and_gradient(lambda y: w * y, w)[1]) == 2.0
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
        # An earlier record keeps the array of x; the point is another tensor.
        assert float(jvp(lambda z: z + tape.gradient(y, x), x, 1.0)[1]) == 1.0


def test_a_lookup_gives_a_dense_gradient() -> None:
    x = tf.constant([[1.0], [2.0], [3.0]])
    _, gradient = value_and_gradient(lambda x: tf.reduce_sum(tf.gather(x, [1, 1]) ** 2.0), x)
    np.testing.assert_array_equal(gradient, [[0.0], [8.0], [0.0]])
    product = hvp(lambda x: tf.reduce_sum(tf.gather(x, [1, 1]) ** 2.0), x, tf.ones_like(x))
    np.testing.assert_array_equal(product, [[0.0], [4.0], [0.0]])


def test_integers_beside_the_result() -> None:
    x = tf.constant([1.0, 2.0])

    def function(x):
        return x * x, tf.cast(x, tf.int32)

    _, pulled = vjp(function, x, (tf.constant([1.0, 10.0]), None))
    np.testing.assert_array_equal(pulled, [2.0, 40.0])
    _, (pushed, still) = jvp(function, x, x)
    np.testing.assert_array_equal(pushed, [2.0, 8.0])
    assert (still.dtype, still.numpy().tolist()) == (tf.int32, [0, 0])


def third(function, x):
    return value_and_gradient(lambda y: hvp(function, y, tf.ones_like(y)), x)[1]


def test_they_nest() -> None:
    x = tf.constant(2.0, tf.float64)
    function = lambda x: x**5.0
    assert float(third(function, x)) == 60.0 * 4.0
    assert float(hvp(lambda y: jvp(function, y, 1.0)[1], x, 1.0)) == 60.0 * 4.0
    assert float(jvp(lambda y: jvp(function, y, 1.0)[1], x, 1.0)[1]) == 20.0 * 8.0
    assert float(vjp(lambda y: vjp(function, y)[1], x)[1]) == 20.0 * 8.0
    assert float(jvp(lambda y: third(function, y), x, 1.0)[1]) == 120.0 * 2.0


def test_tapes_and_accumulators_around_them() -> None:
    x = tf.constant(2.0, tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(x)
        value, gradient = value_and_gradient(lambda y: y**4.0, x)
        product = hvp(lambda y: y**4.0, x, x)
    sums = value + gradient + product
    assert float(tape.gradient([value, gradient, product], x)) == 32.0 + 48.0 + 12.0 * 3.0 * 4.0
    assert float(sums) == 16.0 + 32.0 + 96.0
    with tf.autodiff.ForwardAccumulator(x, tf.constant(1.0, tf.float64)) as accumulator:
        value, gradient = value_and_gradient(lambda y: y**4.0, x)
        moved = jvp(lambda y: y**4.0, x, 1.0)[1]
    assert [float(accumulator.jvp(each)) for each in (value, gradient, moved)] == [32.0, 48.0, 48.0]


def test_a_direction_is_differentiated() -> None:
    x, v = tf.constant([1.0, 2.0]), tf.Variable([3.0, 4.0])
    with tf.GradientTape() as tape:
        product = tf.reduce_sum(hvp(cubes, x, v) + jvp(lambda x: x * x, x, v)[1] + vjp(lambda x: x * x, x, v)[1])
    np.testing.assert_array_equal(tape.gradient(product, v), [6.0 + 2.0 + 2.0, 12.0 + 4.0 + 4.0])


def test_they_are_mapped() -> None:
    x = tf.constant(np.random.default_rng(3).standard_normal((5, 3)))
    rows = [tf.vectorized_map(lambda x: value_and_gradient(cubes, x)[1], x)]
    rows.append(tf.vectorized_map(lambda x: jvp(cubes, x, x)[1][None] * tf.ones_like(x) / tf.reduce_sum(x**3.0), x))
    np.testing.assert_allclose(rows[0], 3.0 * x.numpy() ** 2)
    np.testing.assert_allclose(rows[1], np.full((5, 3), 3.0))
    point = tf.constant([1.0, 2.0, 3.0], tf.float64)
    np.testing.assert_allclose(tf.vectorized_map(lambda v: hvp(cubes, point, v), x), 6.0 * point.numpy() * x.numpy())
    np.testing.assert_allclose(tf.vectorized_map(lambda x: hvp(cubes, x, point), x), 6.0 * point.numpy() * x.numpy())


@pytest.mark.parametrize(
    ("returned", "error", "words"),
    [
        (lambda x: None, TypeError, "returned None of type 'NoneType'. Does it lack a `return`"),
        (lambda x: 3.0, TypeError, "<lambda> has to return a tensor.* returned 3.0 of type 'float'"),
        (lambda x: [x[0], "a"], TypeError, "of type 'list', in which 'a' is no tensor"),
        (
            lambda x: tf.cast(x[0], tf.int32),
            tf.errors.InvalidArgumentError,
            r"returned int32\[\], and there is no deriv",
        ),
        (lambda x: [], tf.errors.InvalidArgumentError, "returned no tensor at all"),
    ],
    ids=["nothing", "number", "inside", "integer", "empty"],
)
def test_bad_results(returned, error, words) -> None:
    x = tf.constant([1.0, 2.0, 3.0])
    for attempt in (
        lambda: value_and_gradient(returned, x),
        lambda: vjp(returned, x),
        lambda: jvp(returned, x, x),
        lambda: hvp(returned, x, x),
    ):
        with pytest.raises(error, match=words):
            attempt()


@pytest.mark.parametrize("scalar", [value_and_gradient, lambda function, x: hvp(function, x, x)])
def test_where_a_scalar_is_needed(scalar) -> None:
    x = tf.constant([1.0, 2.0, 3.0])
    with pytest.raises(
        tf.errors.InvalidArgumentError, match=r"shape \[3\].*differentiate tf.reduce_sum\(…\) of it or use jacobian"
    ):
        scalar(lambda x: x * x, x)
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"2 tensors \(float32\[\], float32\[\]\).*or use vjp"):
        scalar(lambda x: (x[0], x[1]), x)


def test_bad_points_and_directions() -> None:
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"respect to x\['a'\]\[1\], of dtype int32.*3.0 for 3"):
        value_and_gradient(lambda p: p["a"][0], {"a": [1.0, 3]})
    x = {"a": tf.constant([1.0, 2.0]), "b": [tf.constant(1.0)]}
    function = lambda p: tf.reduce_sum(p["a"]) * p["b"][0]
    for given, words in (
        ({"a": [1.0, 2.0]}, "tangent has to be of the form"),
        ({"a": [1.0, 2.0], "c": [1.0]}, "tangent lacks the key 'b'"),
        ({"a": [1.0, 2.0], "b": 1.0}, r"tangent\['b'\] has to be of the form"),
        ({"a": [1.0], "b": [1.0]}, r"tangent\['a'\] has shape \[1\], and belongs to a tensor of shape \[2\]"),
        ({"a": [1.0, 2.0], "b": [tf.constant(1)]}, r"tangent\['b'\]\[0\]: .*int32"),
        ({"a": [1.0, 2.0], "b": [None]}, r"tangent\['b'\]\[0\]: .*None"),
    ):
        with pytest.raises(tf.errors.InvalidArgumentError, match=words):
            jvp(function, x, given)
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"direction has shape \[\]"):
        hvp(cubes, tf.constant([1.0, 2.0]), 1.0)
    with pytest.raises(tf.errors.InvalidArgumentError, match="cotangent has shape"):
        vjp(cubes, tf.constant([1.0, 2.0]), [1.0, 2.0])


def test_a_result_that_is_not_connected() -> None:
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"<lambda> does not depend on x\[1\].*unconnected_gradie"):
        value_and_gradient(lambda x: x[0] * 2.0, [tf.constant(1.0), tf.constant(2.0)])
    with pytest.raises(tf.errors.InvalidArgumentError, match="does not depend on x:"):
        value_and_gradient(lambda x: tf.constant(float(x)), tf.constant(1.0))
    with pytest.raises(ValueError, match="perhaps"):
        value_and_gradient(cubes, tf.constant(1.0), unconnected_gradients="perhaps")


def fails(x):
    x = x * x
    raise KeyError("no")


def test_nothing_is_left_after_an_error() -> None:
    x = tf.constant(1.0)
    before = RECORDING.tapes
    for attempt in (
        lambda: value_and_gradient(fails, x),
        lambda: vjp(fails, x),
        lambda: jvp(fails, x, 1.0),
        lambda: hvp(fails, x, 1.0),
    ):
        with pytest.raises(KeyError, match="no"):
            attempt()
        assert RECORDING.tapes is before
        assert x._tape is None


def test_nothing_is_left_on_what_goes_in_and_comes_out() -> None:
    x = tf.constant(3.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        results = [*value_and_gradient(cubes, x), *jvp(cubes, x, 1.0), *vjp(cubes, x), hvp(cubes, x, 1.0)]
        # Followed by the tape alone: what comes next takes the fast path again.
        assert not any(isinstance(each._tape, Tracks) for each in [x, *results])
        assert all(each._tape is tape._tape for each in results)
    kept = []
    value_and_gradient(lambda x: kept.append(x * x) or kept[0] * x, x)
    jvp(lambda x: kept.append(x * x) or kept[1] * x, x, 1.0)
    gone = weakref.ref(kept[0]), weakref.ref(kept[1])
    kept.clear()
    gc.collect()
    assert [each() for each in gone] == [None, None]


def test_threads_do_not_meet() -> None:
    shared = tf.Variable(np.linspace(-1.0, 1.0, 8))
    expected = hvp(rosenbrock, shared, np.ones(8)).numpy()
    wrong: list[object] = []

    def work() -> None:
        for _ in range(20):
            value, gradient = value_and_gradient(rosenbrock, shared)
            product = hvp(rosenbrock, shared, np.ones(8))
            pushed = jvp(rosenbrock, shared, np.ones(8))[1]
            if not np.array_equal(product, expected) or not np.isclose(float(pushed), np.sum(gradient.numpy())):
                wrong.append((value, product))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_product_records_no_more_than_three_gradients() -> None:
    # The fast path is left nowhere: records of the general door would be GeneralRecords.
    x = tf.constant(np.linspace(-1.0, 1.0, 8))
    seen: list[int] = []

    def function(x):
        (tape,) = RECORDING.tapes
        y = rosenbrock(x)
        seen.append(sum(record is not None and record[0].__name__ == "pull_general" for record in tape.records))
        return y

    hvp(function, x, np.ones(8))
    assert seen == [0]


@tf.custom_gradient
def ten_times(x):
    return x * 1.0, lambda g: 10.0 * g


@tf.custom_gradient
def log1pexp(x):
    e = tf.exp(x)
    return tf.math.log(1.0 + e), lambda g: g * (1.0 - 1.0 / (1.0 + e))


@tf.custom_gradient
def reads_its_cotangent(x):
    return x * 2.0, lambda g: tf.constant(g.numpy() * 2.0)


def test_a_custom_gradient_counts_in_every_mode():
    x = np.array([1.0, 2.0])
    for mode in ("forward", "reverse"):
        np.testing.assert_array_equal(tf.autodiff.jacobian(ten_times, x, mode=mode), 10.0 * np.eye(2))
    np.testing.assert_array_equal(tf.autodiff.jvp(ten_times, x, x)[1], 10.0 * x)
    np.testing.assert_array_equal(tf.autodiff.sparse_jacobian(ten_times, x).toarray(), 10.0 * np.eye(2))


def test_a_custom_gradient_keeps_what_would_overflow_in_every_mode():
    assert float(tf.autodiff.jvp(log1pexp, np.array(800.0), np.array(1.0))[1]) == 1.0
    slope = tf.autodiff.jacobian(lambda p: log1pexp(p * np.array([1.0, 800.0])), np.array(1.0))
    np.testing.assert_allclose(slope, [1 / (1 + np.exp(-1.0)), 800.0], rtol=1e-15)


def test_a_custom_gradient_that_no_operation_follows_leaves_the_tangent_to_the_operations():
    assert float(tf.autodiff.jvp(reads_its_cotangent, np.array(1.2), np.array(1.0))[1]) == 2.0
