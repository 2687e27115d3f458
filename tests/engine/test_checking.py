"""The checker: what is right passes, and each kind of planted fault is named."""

import numpy as np
import pytest

import gradtape as tf
from gradtape import op as declare
from gradtape._autodiff.checking import check
from gradtape._core.op import OPS


def f64(*numbers):
    return tf.constant(np.array(numbers))


def problem_of(function, x, **options) -> str:
    with pytest.raises(AssertionError) as caught:
        check(function, x, **options)
    return str(caught.value)


RIGHT = {
    "product": (lambda x: tf.sin(x) * x, f64(1.0, 2.0)),
    "scalar": (lambda x: x**3.0, 2.0),
    "network": (
        lambda p: tf.reduce_mean(tf.nn.softmax(tf.tanh(tf.ones((4, 5), tf.float64) @ p["w"]) + p["b"][0])[:, 0]),
        {"w": np.random.default_rng(0).standard_normal((5, 30)), "b": [np.zeros(30)]},
    ),
    "several": (lambda x: {"a": x[0] * x[1], "b": [tf.exp(x[0])], "n": tf.cast(x[0], tf.int32)}, [f64(1.5), f64(2.5)]),
    "linear": (lambda x: 3.0 * x, f64(1.0, 2.0)),
    "constant": (lambda x: tf.constant([1.0, 2.0]), f64(1.0)),
    "holomorphic": (lambda z: tf.exp(z) * z, tf.constant([1 + 2j, 0.5 - 1j])),
    "not holomorphic": (lambda z: [tf.math.conj(z) * z * z, tf.abs(z)], tf.constant([1 + 2j, 0.5 - 1j])),
    "small beside large": (tf.math.log, f64(1e-6, 1.0, 1e6)),
    "at zero": (lambda x: tf.exp(x) * x, f64(0.0, 0.0)),
    "beside a kink": (tf.nn.relu, f64(1e-3, -1e-3)),
    "nothing": (tf.reduce_sum, tf.zeros([0], tf.float64)),
}


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_right_passes(name) -> None:
    function, x = RIGHT[name]
    for line in check(function, x).lines:
        assert line.error <= line.bound


@pytest.mark.parametrize("dtype", ["float16", "float32", "complex64"])
def test_low_precision_passes(dtype) -> None:
    x = tf.constant(np.linspace(0.2, 3.0, 20).astype(dtype))
    check(lambda x: tf.exp(-x) * tf.sin(3.0 * x), x)


def test_numbers_too_small_for_the_dtype_are_not_blamed() -> None:
    check(tf.reduce_prod, tf.constant(np.full(11, 0.2, np.float16)))


def test_rounding_inside_is_not_blamed() -> None:
    # Nine digits of float64 are lost on the way.
    check(lambda x: ((tf.sin(x) + 1e9) - 1e9) * x, f64(0.7, 1.3))


def test_the_report() -> None:
    report = check(lambda p: p["w"] * p["b"], {"w": f64(1.0, 2.0), "b": f64(3.0, 4.0)}, order=1)
    assert [(line.derivative, line.source, line.directions) for line in report.lines] == [
        ("vjp", "x['b']", 2),
        ("vjp", "x['w']", 2),
        ("jvp", "x['b']", 2),
        ("jvp", "x['w']", 2),
    ]
    assert str(report).splitlines()[0].startswith("vjp of <lambda> at x['b']: error ")
    assert len(check(tf.sin, f64(1.0)).lines) == 4


def test_a_wrong_custom_gradient() -> None:
    @tf.custom_gradient
    def square(x):
        return x * x, lambda g: 3.0 * g * x

    text = problem_of(square, f64(1.0, 2.0))
    assert "vjp of square is wrong at x[0] in result[0]: found 3.0, finite difference 2.0 (error 1, allowed " in text
    assert "vjp of square is wrong at x: found 6.0, finite difference 4.0" in problem_of(square, 2.0, tolerance=1e-2)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_one_wrong_element_of_many_is_named(dtype) -> None:
    factor = np.ones((20, 30), dtype)
    factor[3, 7] = 1.5

    @tf.custom_gradient
    def cube(w):
        return w**3.0, lambda g: 3.0 * g * w**2.0 * factor

    x = {"w": np.random.default_rng(1).uniform(0.5, 1.5, (20, 30)).astype(dtype), "b": [np.ones(3, dtype)]}
    text = problem_of(lambda p: tf.reduce_sum(cube(p["w"])) + tf.reduce_sum(p["b"][0]), x)
    assert "vjp of <lambda> is wrong at x['w'][3, 7]: found " in text
    expected = 3.0 * float(x["w"][3, 7]) ** 2
    found, difference = (float(text.split(word)[1].split(",")[0].split(" (")[0]) for word in ("found ", "difference "))
    np.testing.assert_allclose([found, difference], [1.5 * expected, expected], rtol=1e-2)


def test_a_small_number_beside_a_large_one_is_not_overlooked() -> None:
    @tf.custom_gradient
    def threefold(x):
        return 3.0 * x, lambda g: g * [2.0, 3.0]

    text = problem_of(lambda x: tf.reduce_sum(threefold(x)), f64(1e-14, 1.0))
    assert "vjp of <lambda> is wrong at x[0]: found 2.0, finite difference 3.0" in text


def test_something_cuts_the_path() -> None:
    text = problem_of(lambda x: x * tf.stop_gradient(x), f64(1.0, 2.0))
    assert "vjp of <lambda> is wrong at x[0] in result[0]: found 1.0, finite difference 2.0" in text
    for cut in (lambda x: tf.constant(x["a"].numpy()) * 2.0, lambda x: 2.0 * tf.stop_gradient(x["a"])):
        text = problem_of(cut, {"a": f64(1.0, 2.0)})
        assert "wrong at x['a'][0] in result[0]: found 0.0, finite difference 2.0" in text
        assert "No derivative arrives there, but the function moves: something cuts the path" in text


def test_a_custom_gradient_of_none() -> None:
    @tf.custom_gradient
    def product(x, y):
        return x * y, lambda g: (g * y, None)

    text = problem_of(lambda p: product(*p), [f64(2.0), f64(3.0)])
    assert "vjp of <lambda> is wrong at x[1][0]: found 0.0, finite difference 2.0" in text
    assert "a gradient of None" in text


@pytest.fixture
def registry():
    known = set(OPS)
    yield
    for name in set(OPS) - known:
        del OPS[name]


@pytest.mark.usefixtures("registry")
def test_a_wrong_rule() -> None:
    @declare.elementwise(x=lambda g, x: 2.0 * g * x)
    def planted_cube(x):
        """Returns the third power."""
        return x * x * x

    assert "vjp of planted_cube is wrong at x[0]: found 2.0, finite difference 3.0" in problem_of(
        planted_cube, f64(1.0)
    )


@pytest.mark.usefixtures("registry")
def test_wrong_tangents_alone() -> None:
    # Declared linear, which it is not: backwards it is right all the same, and forwards the square of a step of 3.
    @declare.linear(shape=lambda x: x, x=lambda g, x: 2.0 * g * x)
    def planted_square(x):
        """Returns the square."""
        return x * x

    text = problem_of(lambda x: tf.reduce_sum(planted_square(x["a"])), {"a": f64(3.0, 4.0)})
    assert "jvp of <lambda> is wrong at x['a'][0]: found 3.0, finite difference 6.0" in text


def test_a_second_order_that_is_cut() -> None:
    @tf.custom_gradient
    def cube(x):
        return x**3.0, lambda g: g * 3.0 * tf.stop_gradient(x) ** 2.0

    assert len(check(cube, f64(1.0, 2.0), order=1).lines) == 2
    text = problem_of(lambda x: tf.reduce_sum(cube(x)), f64(1.0, 2.0))
    assert "second order (forward over reverse) of <lambda> is wrong at x[0] in the gradient at x[0]: found 0.0" in text
    assert "finite difference 6.0" in text


def test_a_second_order_that_is_wrong_backwards_only() -> None:
    @tf.custom_gradient
    def slope(x):
        return 3.0 * x**2.0, lambda g: g * 5.0 * x

    @tf.custom_gradient
    def cube(x):
        return x**3.0, lambda g: g * slope(x)

    text = problem_of(cube, f64(2.0))
    assert "second order (reverse over reverse) of cube is wrong at x[0] in the gradient at x[0]: found 10.0" in text
    assert "finite difference 12.0" in text


def test_complex_numbers_are_named_by_their_parts() -> None:
    text = problem_of(lambda z: z * tf.cast(tf.math.real(tf.stop_gradient(z)), tf.complex128), tf.constant([1 + 2j]))
    assert "vjp of <lambda> is wrong at x[0] in " in text
    text = problem_of(lambda z: tf.math.real(z) + tf.stop_gradient(tf.math.imag(z)), tf.constant([1 + 2j]))
    assert "vjp of <lambda> is wrong at x[0].imag: found 0.0, finite difference 1.0" in text


def test_kinks_and_jumps() -> None:
    text = problem_of(tf.nn.relu, f64(1.0, 0.0))
    assert (
        "cannot be checked at x[1] in result[1]: there is a kink, with slope 0 to the left and 1 to the right" in text
    )
    assert "(found 0). Check it at another point." in text
    assert "there is a kink" in problem_of(lambda x: tf.reduce_sum(tf.nn.relu(x)), tf.constant([1.0, 0.0]))
    assert "cannot be checked at x[1]: there is a jump" in problem_of(tf.sign, f64(1.0, 0.0))
    assert "there is a kink" in problem_of(lambda x: tf.nn.relu(x) ** 2.0, f64(1.0, 0.0))


def test_fast_oscillations_are_not_blamed() -> None:
    for function, x in (
        (tf.sin, f64(1e10)),
        (lambda x: tf.sin(1e6 * x), f64(1.0)),
        (lambda x: tf.reduce_sum(tf.sin(1e7 * x)), f64(*np.linspace(1.0, 2.0, 20))),
    ):
        text = problem_of(function, x)
        assert " cannot be checked at x" in text
        assert "the differences do not settle" in text
        assert "wrong" not in text


# Few sizes are numbers of float16.
@pytest.mark.parametrize(
    ("dtype", "size"), [("float16", 1.0), *((dtype, s) for dtype in ("float32", "float64") for s in (1.0, 1e-6, 1e10))]
)
@pytest.mark.parametrize("name", ["exp", "sin", "constant", "noisy", "steep"])
def test_a_wrong_derivative_is_called_wrong(name, dtype, size) -> None:
    plain = {
        "exp": tf.exp,
        "sin": tf.sin,
        "constant": lambda x: 0.0 * x + 2.0,
        "noisy": lambda x: tf.sin(x) + 30.0 - 30.0,
        "steep": lambda x: tf.exp(4.0 * x) if dtype == "float16" else tf.exp(40.0 * x),
    }[name]

    @tf.custom_gradient
    def function(x):
        return size * plain(x), lambda g: g * size * 1e4

    # The true derivative is another, everywhere.
    x = tf.constant([0.7 if name == "steep" else 1.3], dtype)
    text = problem_of(function, x, order=1)
    assert "is wrong at x[0]: found" in text


def test_the_tolerance_adds_to_the_doubt_of_the_differences() -> None:
    for tolerance in (1e-12, 0.0):
        lines = check(lambda x: tf.sin(x) * x, f64(1.0), tolerance=tolerance).lines
        assert all(1e-14 < line.bound < 1e-6 for line in lines)


def test_inside_a_map_there_is_no_one_point() -> None:
    centres = f64(1.0, 2.0)
    with pytest.raises(TypeError, match="A check is made at one point; x is a batch of them at once"):
        tf.vectorized_map(lambda c: check(tf.sin, c), centres)
    with pytest.raises(TypeError, match="at one point; the result of <lambda> is a batch of them at once"):
        tf.vectorized_map(lambda c: check(lambda x: x * c, f64(1.0)), centres)


def test_what_is_not_deterministic() -> None:
    calls = []

    def function(x):
        calls.append(x)
        return x * float(len(calls))

    text = problem_of(function, f64(1.0, 2.0))
    assert text.startswith("function is not deterministic: two evaluations at the same x differ by up to 2.")


def test_numbers_that_are_not_finite() -> None:
    text = problem_of(lambda p: [p["a"], tf.math.log(p["a"])], {"a": f64(1.0, -2.0)})
    assert text.startswith("<lambda>: the function gives nan at result[1][1]; ")
    assert "vjp gives inf at x['a'][1]" in problem_of(lambda p: tf.sqrt(p["a"]), {"a": f64(1.0, 0.0)})
    for huge in (1e308, -1e308):
        check(lambda x, huge=huge: tf.where(x == 1.0, x, tf.where(x < 1.2, x, x * huge * 1e10)), f64(1.0))
    assert "beside x it gives no finite numbers" in problem_of(
        lambda x: tf.where(x == 1.0, x, tf.math.log(x - x - 1.0)), f64(1.0)
    )


def test_bad_input() -> None:
    with pytest.raises(tf.errors.InvalidArgumentError, match="`order` is 1 or 2, got 3"):
        check(tf.sin, f64(1.0), order=3)
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"x\[0\], of dtype int32"):
        check(lambda x: x[0], [1])
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"returned int32\[1\], and there is no derivative"):
        check(lambda x: tf.cast(x, tf.int32), f64(1.0))
    with pytest.raises(TypeError, match=r"returned 1\.0 of type 'float'"):
        check(float, tf.constant(1.0))


def test_the_same_seed_gives_the_same_report() -> None:
    x = np.random.default_rng(2).standard_normal(50)
    reports = [str(check(tf.sin, x, seed=seed)) for seed in (1, 1, 2)]
    assert reports[0] == reports[1] != reports[2]
