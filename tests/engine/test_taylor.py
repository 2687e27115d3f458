"""Taylor series: derivatives of all orders in one run, against closed forms, mpmath, nested tapes and accumulators."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

import gradtape as tf
from gradtape._autodiff.recursions import RULES
from gradtape._autodiff.series import FRAMES
from gradtape._autodiff.taylor import taylor
from gradtape._core.op import NOT_WRITTEN, OPS


def numbers(derivatives: list[Any]) -> list[Any]:
    return [each.numpy().item() for each in derivatives]


def double(value: Any) -> tf.Tensor:
    return tf.constant(value, tf.float64)


def logistic(x: Any) -> Any:
    return 1 / (1 + mpmath.exp(-x))


# Each with the same function of mpmath's, and a point.
FUNCTIONS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any], float]] = {
    "exp(sin)": (lambda x: tf.exp(tf.sin(x)), lambda x: mpmath.exp(mpmath.sin(x)), 0.7),
    "log": (lambda x: tf.math.log(1.0 + x * x), lambda x: mpmath.log(1 + x * x), 1.3),
    "power": (lambda x: x**2.5, lambda x: x ** mpmath.mpf(2.5), 0.6),
    "cube": (lambda x: x**3.0, lambda x: x**3, -0.6),
    "x^x": (lambda x: x**x, lambda x: x**x, 1.4),
    "2^x": (lambda x: 2.0**x, lambda x: mpmath.mpf(2) ** x, -0.4),
    "sqrt": (lambda x: tf.sqrt(1.0 + x**3.0), lambda x: mpmath.sqrt(1 + x**3), 0.5),
    "rsqrt": (lambda x: tf.math.rsqrt(2.0 + tf.cos(x)), lambda x: 1 / mpmath.sqrt(2 + mpmath.cos(x)), 0.5),
    "quotient": (lambda x: tf.sin(x) / (1.0 + x * x), lambda x: mpmath.sin(x) / (1 + x * x), 0.2),
    "tanh atan": (lambda x: tf.tanh(x) * tf.atan(2.0 * x), lambda x: mpmath.tanh(x) * mpmath.atan(2 * x), 0.4),
    "sigmoid": (lambda x: tf.sigmoid(x * x), lambda x: logistic(x * x), 0.9),
    "softplus": (tf.math.softplus, lambda x: mpmath.log(1 + mpmath.exp(x)), 0.3),
    "log_sigmoid": (tf.math.log_sigmoid, lambda x: -mpmath.log(1 + mpmath.exp(-x)), -1.1),
    "asin": (lambda x: tf.asin(x / 3.0), lambda x: mpmath.asin(x / 3), 0.8),
    "acosh": (lambda x: tf.acosh(x), lambda x: mpmath.acosh(x), 1.8),
    "tan": (tf.tan, mpmath.tan, 0.4),
    "gelu": (lambda x: tf.nn.gelu(x), lambda x: x * mpmath.ncdf(x), 0.4),
    "xlogy": (lambda x: tf.math.xlogy(x, x + 1.0), lambda x: x * mpmath.log(x + 1), 0.4),
    "expm1": (tf.math.expm1, mpmath.expm1, 1e-3),
    "logsumexp": (
        lambda x: tf.reduce_logsumexp(tf.stack([x, 2.0 * x, x * x])),
        lambda x: mpmath.log(mpmath.exp(x) + mpmath.exp(2 * x) + mpmath.exp(x * x)),
        0.3,
    ),
    "norm": (
        lambda x: tf.norm(tf.stack([x, tf.exp(x), x - x + 1.0])),
        lambda x: mpmath.sqrt(x * x + mpmath.exp(2 * x) + 1),
        0.3,
    ),
    "cumprod": (
        lambda x: tf.math.cumprod(tf.stack([x, tf.exp(x), x * x]))[2],
        lambda x: x**3 * mpmath.exp(x),
        0.3,
    ),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_derivatives_are_mpmath_s(name: str) -> None:
    function, exact, point = FUNCTIONS[name]
    with mpmath.workdps(50):
        coefficients = mpmath.taylor(exact, mpmath.mpf(point), 4)
        expected = [float(c * mpmath.factorial(k)) for k, c in enumerate(coefficients)]
    np.testing.assert_allclose(numbers(taylor(function, double(point), 4)), expected, rtol=1e-12, atol=1e-12)
    single = numbers(taylor(function, tf.constant(point), 3))
    np.testing.assert_allclose(single, expected[:4], rtol=3e-4, atol=1e-4)


def several(x: Any) -> Any:
    a = tf.sin(x)
    b = tf.exp(-a) * x + tf.tanh(x * a)
    return tf.math.log(1.0 + b * b) / (1.0 + x * x) + tf.sqrt(2.0 + a) * tf.sigmoid(b) ** 3.0


def test_derivatives_are_those_of_nested_tapes_and_accumulators() -> None:
    def by_tapes(order: int, x: Any) -> Any:
        if order == 0:
            return several(x)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = by_tapes(order - 1, x)
        return tape.gradient(y, x)

    def by_accumulators(order: int, x: Any) -> Any:
        if order == 0:
            return several(x)
        with tf.autodiff.ForwardAccumulator(x, tf.ones_like(x)) as accumulator:
            y = by_accumulators(order - 1, x)
        return accumulator.jvp(y)

    found = numbers(taylor(several, double(0.4), 4))
    np.testing.assert_allclose(found, [by_tapes(k, double(0.4)).numpy() for k in range(5)], rtol=1e-12)
    np.testing.assert_allclose(found[:4], [by_accumulators(k, double(0.4)).numpy() for k in range(4)], rtol=1e-12)


def test_of_a_high_order() -> None:
    found = taylor(lambda x: 1.0 / (1.0 - x), double(0.0), 20)
    np.testing.assert_allclose(numbers(found), [float(mpmath.factorial(k)) for k in range(21)], rtol=1e-15)
    found = taylor(tf.sin, double(0.5), 60)
    expected = [np.sin(0.5), np.cos(0.5), -np.sin(0.5), -np.cos(0.5)] * 15 + [np.sin(0.5)]
    np.testing.assert_allclose(numbers(found), expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda x: x**2.0, [0.0, 0.0, 2.0, 0.0]),
        (lambda x: x**3.0, [0.0, 0.0, 0.0, 6.0]),
        (lambda x: (x * 2.0) ** tf.constant([1.0, 5.0], tf.float64)[0], [0.0, 2.0, 0.0, 0.0]),
        (lambda x: (x + 1.0) ** 5.0, [1.0, 5.0, 20.0, 60.0]),
        (lambda x: tf.sqrt(1.0 + x * x), [1.0, 0.0, 1.0, 0.0]),
        (lambda x: x * tf.sqrt(1.0 + x), [0.0, 1.0, 1.0, -0.75]),
        (lambda x: tf.where(x > -1.0, tf.abs(x + 2.0), x), [2.0, 1.0, 0.0, 0.0]),
        (lambda x: tf.math.xlogy(1.0 + x - x, 1.0 + x * x), [0.0, 0.0, 2.0, 0.0]),
        (lambda x: tf.math.divide_no_nan(x, 1.0 + x), [0.0, 1.0, -2.0, 6.0]),
        (lambda x: tf.reduce_prod(tf.stack([x, x, 1.0 + x])), [0.0, 0.0, 2.0, 6.0]),
        (lambda x: tf.math.cumprod(tf.stack([x, x, 1.0 + x]))[-1], [0.0, 0.0, 2.0, 6.0]),
        (lambda x: tf.sqrt(tf.stack([0.0 * x, 1.0 + x]))[0], [0.0, 0.0, 0.0, 0.0]),
        (lambda x: tf.sqrt(tf.stack([x, 1.0 + x]))[0], [0.0, np.inf]),
        (lambda x: (x * x) ** 2.5, [0.0, 0.0, 0.0]),
        (lambda x: x**1.5, [0.0, 0.0, np.inf]),
        (lambda x: (x - 2.0) ** 5.0, [-32.0, 80.0, -160.0, 240.0]),
        (lambda x: tf.sign(x + 1.0) + tf.round(x) + tf.stop_gradient(x), [1.0, 0.0, 0.0, 0.0]),
        (lambda x: tf.constant(3.0), [3.0, 0.0, 0.0, 0.0]),
    ],
)
def test_at_zero(function: Any, expected: list[float]) -> None:
    assert numbers(taylor(function, double(0.0), len(expected) - 1)) == pytest.approx(expected, abs=1e-14)


def test_complex_numbers() -> None:
    point = 0.3 + 0.4j
    found = numbers(taylor(lambda z: tf.exp(z * z), tf.constant(point, tf.complex128), 3))
    z, e = point, np.exp(point**2)
    np.testing.assert_allclose(found, [e, 2 * z * e, (2 + 4 * z * z) * e, (12 * z + 8 * z**3) * e], rtol=1e-13)
    square = taylor(lambda z: tf.math.real(z * tf.math.conj(z)), tf.constant(point, tf.complex128), 2)
    np.testing.assert_allclose(numbers(square), [0.25, 0.6, 2.0])


def test_python_reads_comparisons() -> None:
    def steps(x: Any) -> Any:
        while x < 10.0:
            x = x * x if x > 1.0 else x + 1.0
        return x

    assert numbers(taylor(steps, double(0.5), 3)) == pytest.approx([1.5**8, 8 * 1.5**7, 56 * 1.5**6, 336 * 1.5**5])


def test_along_a_direction() -> None:
    x, d = np.array([[1.0, -2.0], [0.5, 3.0]]), np.array([[0.5, 1.0], [-1.0, 2.0]])
    found = taylor(lambda x: tf.matmul(x, tf.matmul(x, x)), double(x), 4, direction=d)
    second = 2 * (d @ d @ x + d @ x @ d + x @ d @ d)
    expected = [x @ x @ x, d @ x @ x + x @ d @ x + x @ x @ d, second, 6 * d @ d @ d, np.zeros((2, 2))]
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-13)


def test_structures() -> None:
    point = {"a": double(2.0), "b": [double([1.0, 3.0])]}
    direction = {"a": double(1.0), "b": [double([0.0, 1.0])]}
    found = taylor(lambda p: (p["a"] * p["b"][0], {"n": tf.constant(1)}), point, 2, direction=direction)
    assert [type(each) for each in found] == [tuple] * 3
    np.testing.assert_array_equal([each[0] for each in found], [[2.0, 6.0], [1.0, 5.0], [0.0, 2.0]])
    assert [each[1]["n"].numpy() for each in found] == [1, 0, 0]
    assert found[2][1]["n"].dtype is tf.int32


def test_of_a_variable_and_of_numbers() -> None:
    v = tf.Variable(2.0)
    assert numbers(taylor(lambda x: x * x * v, v, 2)) == [8.0, 8.0, 4.0]
    assert numbers(taylor(tf.square, 3.0, 2)) == [9.0, 6.0, 2.0]
    assert numbers(taylor(tf.square, np.float64(3.0), 0)) == [9.0]


# With the others that follow tensors.


def test_a_tape_follows_the_derivatives() -> None:
    v, x = tf.Variable(0.7, dtype=tf.float64), double(0.3)
    with tf.GradientTape() as tape:
        tape.watch(x)
        third = taylor(lambda x: tf.sin(v * x), x, 3)[3]
    dv, dx = tape.gradient(third, [v, x])
    assert dv.numpy() == pytest.approx(-3 * 0.7**2 * np.cos(0.21) + 0.7**3 * np.sin(0.21) * 0.3)
    assert dx.numpy() == pytest.approx(0.7**4 * np.sin(0.21))


def test_a_tape_follows_exponents_and_roots() -> None:
    p, x = tf.Variable(2.0, dtype=tf.float64), double(0.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        second = taylor(lambda x: (1.5 + x) ** p, x, 2)[2]
    dp, dx = tape.gradient(second, [p, x])
    assert dp.numpy() == pytest.approx(3.0 + 2.0 * np.log(1.5))
    assert dx.numpy() == pytest.approx(0.0, abs=1e-14)
    with tf.GradientTape() as tape:
        tape.watch(x)
        first = taylor(lambda x: tf.sqrt(1.0 + x * x), x, 1)[1]
    assert tape.gradient(first, x).numpy() == pytest.approx(1.0)
    v = tf.Variable(2.0, dtype=tf.float64)
    with tf.GradientTape() as tape:
        first = taylor(lambda t: tf.reduce_sum(tf.sqrt(tf.stack([0.0 * t * v, t + v]))), double(0.0), 1)[1]
    assert tape.gradient(first, v).numpy() == pytest.approx(-0.25 * 2.0**-1.5)


def slope(x: Any) -> Any:
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.exp(x * x)
    return tape.gradient(y, x)


def tangent(x: Any) -> Any:
    with tf.autodiff.ForwardAccumulator(x, tf.ones_like(x)) as accumulator:
        y = tf.exp(x * x)
    return accumulator.jvp(y)


def first_of_series(x: Any) -> Any:
    return taylor(lambda x: tf.exp(x * x), x, 1)[1]


def slope_of_rows(x: Any) -> Any:
    table = tf.stack([x, x + 1.0])
    with tf.GradientTape() as tape:
        tape.watch(table)
        y = tf.reduce_sum(tf.exp(tf.gather(table, [0, 0]) * x)) / 2.0 + tf.reduce_sum(table * x)
    return tf.convert_to_tensor(tape.gradient(y, table))[0]


def twice(x: Any) -> Any:
    with tf.GradientTape() as outer, tf.GradientTape() as inner:
        outer.watch(x)
        inner.watch(x)
        y = x**3.0
        dy = inner.gradient(y, x)
    return outer.gradient(dy, x)


def test_tapes_inside_tapes_and_rows() -> None:
    assert numbers(taylor(twice, double(0.7), 2)) == pytest.approx([4.2, 6.0, 0.0])
    x, e = 0.7, np.exp(0.49)
    expected = [x * e + x, (1 + 2 * x * x) * e + 1.0, (6 * x + 4 * x**3) * e]
    assert numbers(taylor(slope_of_rows, double(0.7), 2)) == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("inner", [slope, tangent, first_of_series])
def test_derivatives_inside(inner: Any) -> None:
    x, e = 0.7, np.exp(0.49)
    expected = [2 * x * e, (2 + 4 * x * x) * e, (12 * x + 8 * x**3) * e]
    assert numbers(taylor(inner, double(x), 2)) == pytest.approx(expected, rel=1e-13)


def test_an_accumulator_follows_the_derivatives() -> None:
    x = double(1.0)
    with tf.autodiff.ForwardAccumulator(x, double(1.0)) as accumulator:
        found = taylor(lambda x: tf.exp(x) * x, x, 2)
    assert [accumulator.jvp(each).numpy() for each in found] == pytest.approx([2 * np.e, 3 * np.e, 4 * np.e])


def test_inner_series_know_which_is_which() -> None:
    """d²/dy² of sin(x y) √(1 + x y²) at y = x, as a function of x."""

    def function(x: Any) -> Any:
        return taylor(lambda y: tf.sin(x * y) * tf.sqrt(1.0 + x * y * y), x, 2)[2]

    def exact(x: Any) -> Any:
        return mpmath.diff(lambda y: mpmath.sin(x * y) * mpmath.sqrt(1 + x * y * y), x, 2)

    with mpmath.workdps(50):
        expected = [float(mpmath.diff(exact, mpmath.mpf("0.7"), k)) for k in range(3)]
    assert numbers(taylor(function, double(0.7), 2)) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("function", [tf.sin, tf.sqrt, lambda x: x**x, lambda x: x**2.5, lambda x: tf.math.xlogy(x, x)])
def test_a_batch_of_expansions(function: Any) -> None:
    points = double([0.2, 0.5, 0.9])
    found = tf.vectorized_map(lambda x: taylor(function, x, 3), points)
    expected = [numbers(taylor(function, point, 3)) for point in points]
    np.testing.assert_allclose(np.transpose(found), expected, rtol=1e-13)


def test_custom_gradients_are_those_of_their_operations() -> None:
    function = tf.recompute_grad(lambda x: tf.sin(x) * x)
    found = numbers(taylor(function, double(0.5), 2))
    s, c = np.sin(0.5), np.cos(0.5)
    assert found == pytest.approx([0.5 * s, s + 0.5 * c, 2 * c - 0.5 * s])


def test_threads_do_not_meet() -> None:
    found: dict[int, list[float]] = {}

    def work(number: int) -> None:
        for _ in range(20):
            found[number] = numbers(taylor(lambda x: tf.sin(x) ** 1.5 * number, double(0.5), 4))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    alone = np.array(numbers(taylor(lambda x: tf.sin(x) ** 1.5, double(0.5), 4)))
    for number in range(1, 5):
        np.testing.assert_allclose(found[number], number * alone, rtol=1e-13)


# Bad input.


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: taylor(tf.exp, 1, 2), tf.errors.InvalidArgumentError, "int32"),
        (lambda: taylor(tf.exp, 1.0, -1), ValueError, "order is between 0 and 170, got -1"),
        (lambda: taylor(tf.exp, 1.0, 171), ValueError, "got 171"),
        (lambda: taylor(tf.exp, 1.0, 2.5), TypeError, "order is an integer, got 2.5"),
        (lambda: taylor(lambda x: 3.0, 1.0, 2), TypeError, "float"),
        (lambda: taylor(lambda x: None, 1.0, 2), TypeError, "None"),
        (lambda: taylor(tf.exp, tf.constant([1.0, 2.0]), 2), ValueError, "`direction`"),
        (lambda: taylor(tf.exp, [1.0, 2.0], 2), ValueError, "`direction`"),
        (lambda: taylor(tf.exp, tf.constant([1.0, 2.0]), 2, direction=[1.0]), ValueError, r"\[1\]"),
        (lambda: taylor(lambda x: tf.argmax([x, 1.0]), 1.0, 2), ValueError, "int64"),
        (lambda: taylor(lambda x: tf.exp(float(x)), 1.0, 2), TypeError, "lose its derivatives"),
        (lambda: taylor(lambda x: tf.exp(x.numpy()), 1.0, 2), TypeError, "lose its derivatives"),
        (lambda: taylor(lambda x: np.sin(x), 1.0, 2), TypeError, "lose its derivatives"),
        (lambda: taylor(lambda x: x if x else -x, 1.0, 2), TypeError, "comparisons work"),
        (lambda: taylor(lambda x: tf.cast(tf.range(x), tf.float32), 3.0, 2), TypeError, "stop_gradient"),
        (lambda: taylor(lambda x: x + tf.ones(2, tf.float64), 1.0, 2), tf.errors.InvalidArgumentError, "float64"),
    ],
)
def test_bad_input(call: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        call()
    assert not FRAMES.open


def test_a_variable_does_not_become_a_series() -> None:
    v = tf.Variable(2.0)
    with pytest.raises(TypeError):
        taylor(lambda x: v.assign(x) * x, 1.0, 2)
    assert v.numpy() == 2.0


def test_recursions_belong_to_operations() -> None:
    assert set(RULES) <= set(OPS)


def test_a_rule_that_is_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(OPS["tanh"].rules, "x", NOT_WRITTEN)
    with pytest.raises(LookupError, match="tanh"):
        taylor(tf.tanh, 1.0, 2)
    assert not FRAMES.open


def test_an_error_inside_a_rule_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: Any) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(OPS["tanh"].rules["x"], "function", fail)
    with pytest.raises(Exception, match="broken"):
        taylor(tf.tanh, 1.0, 2)
    assert not FRAMES.open
    monkeypatch.undo()
    assert numbers(taylor(tf.tanh, 0.0, 3)) == [0.0, 1.0, 0.0, -2.0]
