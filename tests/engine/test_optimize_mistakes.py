"""What solvers refuse: unknowns, functions and bounds that make no problem, and unknowns that nothing depends on."""

from typing import Any

import numpy as np
import pytest

import gradtape as tf
from gradtape.optimize import least_squares, minimize, root

from .test_optimize import bowl


@pytest.mark.parametrize(
    ("start", "words"),
    [
        (3, "int32.*1.0 for 1"),
        ({"a": 1.0, "b": [1, 2]}, r"x0\['b'\].*int32"),
        (np.array(True), "bool"),
        (np.array(1j), r"complex.*tf\.complex"),
        ([], "empty"),
        (np.zeros(0), "empty.*nothing to look for"),
        ({"a": np.zeros((2, 0)), "b": tf.zeros(0)}, "empty.*nothing to look for"),
        ([tf.Variable(1.0)] * 2, "twice"),
    ],
)
def test_unknowns_that_cannot_be_looked_for(start: Any, words: str) -> None:
    for solve in (minimize, least_squares, root):
        with pytest.raises(tf.errors.InvalidArgumentError, match=words):
            solve(bowl, start)


@pytest.mark.parametrize("method", ["BFGS", "Nelder-Mead"])
@pytest.mark.parametrize(
    ("fun", "kind", "words"),
    [
        (lambda x: float(tf.reduce_sum(x)), TypeError, "has to return a tensor.*'float'"),
        (lambda x: None, TypeError, "return`"),
        (lambda x: x**2.0, ValueError, r"\[2\].*reduce_sum"),
        (lambda x: [x[0], x[1]], ValueError, "least_squares"),
        (lambda x: tf.cast(x[0], tf.int32), ValueError, "int32"),
        (lambda x: tf.complex(x[0], x[1]), ValueError, "complex128"),
        (lambda x: tf.reduce_sum(tf.math.log(-x)), ValueError, "nan at x0"),
        (lambda x: tf.reduce_sum(1.0 / (x - 1.0)), ValueError, "inf at x0"),
    ],
)
def test_functions_that_cannot_be_minimized(fun: Any, kind: Any, words: str, method: str) -> None:
    with pytest.raises(kind, match=words):
        minimize(fun, np.ones(2), method=method)


WITHOUT_B = {
    "minimize": (minimize, lambda p: (p["a"] - 3.0) ** 2.0 + np.exp(p["b"])),
    "least_squares": (least_squares, lambda p: p["a"] * np.exp(p["b"] * np.arange(3.0)) - np.array([1.0, 2.0, 4.0])),
    "more residuals": (least_squares, lambda p: [p["a"] - tf.ones(9, tf.float64), tf.constant(np.exp(p["b"]))]),
    "lm": (lambda *a, **k: least_squares(*a, method="lm", **k), lambda p: p["a"] - np.exp(p["b"] * np.arange(3.0))),
    "root": (root, lambda p: [p["a"] - 3.0, tf.constant(np.exp(p["b"]) - np.exp(1.0))]),
    "root by lm": (lambda *a, **k: root(*a, method="lm", **k), lambda p: [p["a"] - 3.0, tf.round(p["b"])]),
}


@pytest.mark.filterwarnings("ignore:The iteration is not making good progress")
@pytest.mark.parametrize("name", WITHOUT_B)
def test_an_unknown_that_the_result_does_not_depend_on_is_named(name: str) -> None:
    solve, fun = WITHOUT_B[name]
    start = {"a": np.array(1.0), "b": np.array(0.1), "none": np.zeros((0, 2))}
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"does not depend on x0\['b'\]: .*np\.exp.*\"zero\""):
        solve(fun, start)
    found = solve(fun, start, unconnected_gradients="zero")
    # Broyden's updates move it all the same.
    assert name == "root" or float(found.x["b"]) == 0.1
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"'none' or 'zero'.*'zeros'"):
        solve(fun, start, unconnected_gradients="zeros")


@pytest.mark.parametrize("solve", [minimize, least_squares, root])
def test_a_function_that_was_not_computed_from_the_unknowns(solve: Any) -> None:
    other = tf.constant(2.0, tf.float64)
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"does not depend on x0\['a'\], x0\['b'\]: "):
        solve(lambda x: [other**2.0, other][: 1 if solve is minimize else 2], {"a": np.array(1.0), "b": np.array(1.0)})
    v, w = tf.Variable(1.0, dtype=tf.float64), tf.Variable(1.0, dtype=tf.float64)
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"does not depend on x0\[1\]: "):
        solve(lambda: [v**2.0, v][: 1 if solve is minimize else 2], [v, w])
    assert v.numpy() == 1.0


def test_sparse_jacobians_are_looked_at_as_well() -> None:
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"x0\['b'\]"):
        least_squares(lambda p: p["a"] - 3.0, {"a": np.ones(3), "b": np.ones(2)}, jac="sparse")
    found = least_squares(lambda p: p["a"] + 0.0 * p["b"], {"a": np.ones(3), "b": np.ones(1)}, jac="sparse")
    np.testing.assert_allclose(found.x["a"], np.zeros(3), atol=1e-6)


def test_a_branch_may_leave_an_unknown_out_later() -> None:
    start = {"a": np.array(1.0), "b": np.array(2.0)}
    calls: list[int] = []

    def fun(p: Any) -> Any:
        calls.append(1)
        return (p["a"] - 3.0) ** 2.0 + (p["b"] if len(calls) == 1 else 0.0) * 1e-12

    np.testing.assert_allclose(minimize(fun, start).x["a"], 3.0, atol=1e-5)
    step = lambda p: [p["a"] - 3.0, p["b"] - 2.0 if p["a"] == 1.0 else tf.zeros_like(p["a"])]
    np.testing.assert_allclose(least_squares(step, start).x["a"], 3.0)
    # At the start a derivative may be 0, which is not to be without one.
    flat = lambda p: [p["a"] - 3.0, p["b"] * 0.0]
    np.testing.assert_allclose(least_squares(flat, start).x["a"], 3.0)


@pytest.mark.parametrize("method", ["SLSQP", "trust-constr"])
def test_a_constraint_that_depends_on_nothing(method: str) -> None:
    start = {"a": np.array(1.0), "b": np.array(1.0)}
    lost = {"type": "ineq", "fun": lambda p: tf.constant(np.exp(p["a"]) - 1.0)}
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"does not depend on x0\['a'\], x0\['b'\]"):
        minimize(bowl, start, method=method, constraints=lost)
    minimize(bowl, start, method=method, constraints=lost, unconnected_gradients="zero")
    # One of several is enough.
    found = minimize(bowl, start, method=method, constraints={"type": "ineq", "fun": lambda p: 1.5 - p["a"]})
    np.testing.assert_allclose([found.x["a"], found.x["b"]], [1.5, 2.0], atol=1e-3)


def test_methods_without_derivatives_ask_for_no_connection() -> None:
    found = minimize(lambda p: tf.constant(np.square(p - 3.0)), np.array(1.0), method="Nelder-Mead")
    np.testing.assert_allclose(found.x, 3.0, atol=1e-3)


@pytest.mark.parametrize("solve", [minimize, least_squares, root])
def test_inside_a_map_there_is_no_one_point(solve: Any) -> None:
    centres = tf.constant([1.0, 2.0], tf.float64)
    with pytest.raises(TypeError, match=r"at one point; x0\['a'\] is a batch of them at once"):
        tf.vectorized_map(lambda c: solve(lambda p: p["a"] ** 2.0, {"a": c}), centres)
    with pytest.raises(TypeError, match=r"at one point; the result of <lambda> is a batch of them at once"):
        tf.vectorized_map(lambda c: solve(lambda x: (x - c) ** 2.0, np.array(1.0)), centres)


@pytest.mark.parametrize("solve", [minimize, least_squares, root])
def test_the_function_comes_first(solve: Any) -> None:
    with pytest.raises(TypeError, match=r"first argument is the function, the second is x0.*ndarray"):
        solve(np.ones(2), bowl)
