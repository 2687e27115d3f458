"""SciPy's solvers on structures: forms, dtypes, variables, exact derivatives, limits, errors."""

import collections
import io
import sys
from typing import Any

import numpy as np
import pytest
import scipy.optimize

import gradtape as tf
from gradtape.optimize import least_squares, minimize, root

POINT = np.array([1.3, 0.7, 0.8, 1.9, 1.2])
Pair = collections.namedtuple("Pair", ["first", "second"])


def rosenbrock(x: Any) -> Any:
    return tf.reduce_sum(100.0 * (x[1:] - x[:-1] ** 2.0) ** 2.0 + (1.0 - x[:-1]) ** 2.0)


def bowl(structure: Any) -> Any:
    return tf.add_n([tf.cast(tf.reduce_sum((each - 2.0) ** 2.0), tf.float64) for each in tf.nest.flatten(structure)])


METHODS = ("Nelder-Mead", "Powell", "CG", "BFGS", "Newton-CG", "L-BFGS-B", "TNC", "SLSQP", "COBYQA", "trust-constr",
           "trust-ncg", "trust-krylov", "trust-exact", "dogleg")  # fmt: skip


@pytest.mark.parametrize("method", METHODS)
def test_every_method_finds_the_minimum(method: str) -> None:
    start = np.array([1.02, 0.98, 1.01, 1.0, 1.0]) if method == "dogleg" else POINT
    seen = []
    found = minimize(rosenbrock, start, method=method, tol=1e-6, callback=lambda x: seen.append(x.shape.as_list()))
    np.testing.assert_allclose(found.x, np.ones(5), atol=1e-2)
    assert seen[0] == [5]
    assert isinstance(found.fun, float)


def test_exact_derivatives_are_scipy_s_own() -> None:
    ours = minimize(rosenbrock, POINT, method="trust-exact")
    theirs = scipy.optimize.minimize(
        scipy.optimize.rosen,
        POINT,
        jac=scipy.optimize.rosen_der,
        hess=scipy.optimize.rosen_hess,
        method="trust-exact",
    )
    assert (ours.nit, ours.nfev) == (theirs.nit, theirs.nfev)
    np.testing.assert_allclose(ours.x, theirs.x, rtol=1e-9)
    np.testing.assert_allclose(ours.hess, theirs.hess, rtol=1e-6)


HESSIANS = {"products": "products", "dense": "dense", "sparse": "sparse", "quasi-newton": scipy.optimize.BFGS()}


@pytest.mark.parametrize("hess", HESSIANS.values(), ids=HESSIANS)
def test_forms_of_the_hessian(hess: Any) -> None:
    found = minimize(rosenbrock, POINT, method="trust-constr", hess=hess)
    np.testing.assert_allclose(found.x, np.ones(5), atol=1e-4)
    assert found.grad.shape == [5]


@pytest.mark.parametrize("hess", ["products", "dense", "sparse"])
def test_the_same_steps_whatever_the_form_of_the_hessian(hess: str) -> None:
    found = minimize(rosenbrock, POINT, method="Newton-CG", hess=hess)
    assert found.nit == minimize(rosenbrock, POINT, method="Newton-CG").nit
    np.testing.assert_allclose(found.x, np.ones(5), atol=1e-3)


def test_a_product_is_one_way_back() -> None:
    calls = []
    found = minimize(lambda x: calls.append(1) or rosenbrock(x), POINT, method="Newton-CG")
    # One call for each value, one for each point at which products are taken.
    assert len(calls) <= found.nfev + found.nit + 1
    assert found.nhev > found.nit


@pytest.mark.parametrize("method", ["trust-ncg", "trust-exact"])
def test_second_derivatives_of_variables(method: str) -> None:
    v, w = tf.Variable(POINT[:2]), tf.Variable(POINT[2:])
    found = minimize(lambda: rosenbrock(tf.concat([v, w], 0)), (v, w), method=method)
    assert found.nit == minimize(rosenbrock, POINT, method=method).nit
    np.testing.assert_allclose(w, np.ones(3), atol=1e-4)


def test_sparse_derivatives_of_structures() -> None:
    start = {"left": tf.constant(POINT), "right": [tf.constant(POINT, tf.float32)]}

    def chain(p: Any) -> Any:
        # Which elements interact depends on the point.
        first = p["left"] * 2.0 if p["left"][0] > 1.0 else p["left"][::-1] * 2.0
        return rosenbrock(first) + tf.cast(
            tf.reduce_sum((p["right"][0] - p["right"][0][::-1] - 1.0) ** 4.0), tf.float64
        )

    sparse, dense = (minimize(chain, start, method="Newton-CG", hess=form, tol=1e-4) for form in ("sparse", "dense"))
    assert sparse.nit == dense.nit
    np.testing.assert_allclose(sparse.x["left"], dense.x["left"], rtol=1e-3)
    with pytest.raises(tf.errors.InvalidArgumentError, match="holds variables"):
        minimize(rosenbrock, tf.Variable(POINT), method="Newton-CG", hess="sparse")


@pytest.mark.parametrize(
    "start",
    [
        1.0,
        [1.0, 0.5],
        np.ones((2, 3)),
        {"b": tf.constant([1.0], tf.float64), "a": [np.zeros(2), 0.25]},
        Pair(tf.zeros((2, 2)), (np.float64(1.0), {"x": np.zeros((0, 3))})),
        collections.OrderedDict(z=1.0, y=np.ones(1)),
    ],
    ids=str,
)
def test_structure_and_dtypes_stay(start: Any) -> None:
    found = minimize(bowl, start, method="CG", tol=1e-3)
    form = start if not isinstance(start, list) else tf.constant(start)
    tf.nest.assert_same_structure(form, found.x)
    tf.nest.assert_same_structure(form, found.jac)
    for given, x, slope in zip(*map(tf.nest.flatten, (form, found.x, found.jac)), strict=True):
        assert x.dtype == slope.dtype == tf.convert_to_tensor(given).dtype
        assert x.shape == slope.shape == np.shape(given)
        np.testing.assert_allclose(x, np.full(np.shape(given), 2.0), atol=1e-3)


def test_the_function_runs_in_the_dtypes_of_the_unknowns() -> None:
    seen = set()

    def fun(x: Any) -> Any:
        seen.update((each.dtype.name, type(each).__name__) for each in x)
        return tf.reduce_sum(tf.square(x[0] - 1.0)) + tf.cast(tf.square(x[1] + 1.0), tf.float32)

    found = minimize(fun, [tf.zeros(2), np.array(0.0)])
    assert seen == {("float32", "Tensor"), ("float64", "Tensor")}
    np.testing.assert_allclose(found.x[0], [1.0, 1.0], atol=1e-3)


def test_variables_are_read_by_a_function_without_parameters() -> None:
    v, w = tf.Variable([0.0, 0.0], dtype=tf.float64), tf.Variable(1.0, dtype=tf.float64, trainable=False)
    found = minimize(lambda: tf.reduce_sum((v - 1.0) ** 2.0) + (w + v[0]) ** 2.0, [v, w])
    np.testing.assert_allclose(v.numpy(), [1.0, 1.0], atol=1e-5)
    np.testing.assert_array_equal(found.x[0], v.numpy())
    np.testing.assert_array_equal(found.x[1], w.numpy())
    assert not isinstance(found.x[0], tf.Variable)


def test_variables_are_given_to_a_function_with_parameters() -> None:
    v = tf.Variable(3.0, dtype=tf.float64)

    def fun(x: Any, shift: float) -> Any:
        assert x["v"] is v
        return (x["v"] - shift) ** 2.0 + (x["t"] * v) ** 2.0

    found = minimize(fun, {"v": v, "t": np.array(1.0)}, args=(2.0,), method="BFGS", tol=1e-4)
    np.testing.assert_allclose([v.numpy(), found.x["t"].numpy()], [2.0, 0.0], atol=1e-3)


@pytest.mark.parametrize("method", [None, "TNC", "L-BFGS-B", "Nelder-Mead", "SLSQP", "trust-constr", "COBYQA"])
@pytest.mark.parametrize("kind", [KeyError, KeyboardInterrupt])
def test_an_error_inside_puts_variables_back_and_stops_all_tapes(method: str | None, kind: Any) -> None:
    v = tf.Variable([1.3, 0.7], dtype=tf.float64)
    calls = []

    def fun() -> Any:
        calls.append(1)
        if len(calls) == 3:
            raise kind("mine")
        return rosenbrock(v)

    with pytest.raises(kind, match="mine"):
        minimize(fun, v, method=method)
    np.testing.assert_array_equal(v.numpy(), [1.3, 0.7])
    from gradtape._core.tracking import RECORDING

    assert RECORDING.tapes == ()


@pytest.mark.parametrize("solve", [least_squares, root, lambda *a: least_squares(*a, method="lm")])
def test_an_error_inside_other_solvers(solve: Any) -> None:
    v = tf.Variable([1.3, 0.7], dtype=tf.float64)
    calls = []

    def fun() -> Any:
        calls.append(1)
        if len(calls) == 3:
            raise KeyError("mine")
        return v**2.0 - 2.0

    with pytest.raises(KeyError, match="mine"):
        solve(fun, v)
    np.testing.assert_array_equal(v.numpy(), [1.3, 0.7])


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        ((None, 1.0), [[1.0, 1.0], 1.0]),
        ({"a": (0.0, 1.5), "b": None}, [[1.5, 1.5], 2.0]),
        ({"b": (3.0, 4.0), "a": (0.0, np.array([1.0, 5.0]))}, [[1.0, 2.0], 3.0]),
        ({"a": [(0.0, 1.0), (3.0, None)], "b": (None, None)}, [[1.0, 3.0], 2.0]),
        (scipy.optimize.Bounds([-9, -9, -9], [1.0, 1.5, 9.0]), [[1.0, 1.5], 2.0]),
    ],
    ids=str,
)
def test_bounds(bounds: Any, expected: Any) -> None:
    found = minimize(bowl, {"b": np.array(0.5), "a": np.array([0.5, 0.5])}, bounds=bounds)
    np.testing.assert_allclose(found.x["a"], expected[0], atol=1e-5)
    np.testing.assert_allclose(found.x["b"], expected[1], atol=1e-5)


@pytest.mark.parametrize("bounds", [5.0, {"a": (0, 1)}, {"a": [(0.0, 1.0)], "b": None}, (np.zeros(3), 1.0)], ids=str)
def test_bounds_that_do_not_fit(bounds: Any) -> None:
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"bound|x0"):
        minimize(bowl, {"b": np.array(0.5), "a": np.array([0.5, 0.5])}, bounds=bounds)


@pytest.mark.parametrize(
    "bounds",
    [{"a": (0.0, np.nan), "b": None}, {"a": [(0.0, 1.0), (np.nan, 2.0)], "b": None},
     {"a": (0.0, np.array([1.0, np.nan])), "b": (0.0, 1.0)}],
    ids=str,
)  # fmt: skip
def test_bounds_that_are_no_numbers(bounds: Any) -> None:
    start = {"b": np.array(0.5), "a": np.array([0.5, 0.5])}
    for solve in (minimize, least_squares):
        with pytest.raises(tf.errors.InvalidArgumentError, match=r"bounds? of x0\['a'\] is NaN: .*None"):
            solve(bowl, start, bounds=bounds)
        with pytest.raises(tf.errors.InvalidArgumentError, match="is NaN"):
            solve(bowl, start, bounds=scipy.optimize.Bounds([0.0, np.nan, 0.0], 1.0))


@pytest.mark.parametrize("method", ["SLSQP", "trust-constr", "COBYQA"])
@pytest.mark.parametrize(
    "constraint",
    [
        {"type": "eq", "fun": lambda p: p["x"] ** 2.0 + p["y"] ** 2.0 - 2.0},
        scipy.optimize.NonlinearConstraint(lambda p: [p["x"] ** 2.0 + p["y"] ** 2.0], 2.0, 2.0),
    ],
    ids=["dict", "object"],
)
def test_constraints(method: str, constraint: Any) -> None:
    start = {"x": np.array(2.0), "y": np.array(0.5)}
    found = minimize(lambda p: -p["x"] - p["y"], start, method=method, constraints=constraint)
    np.testing.assert_allclose([found.x["x"].numpy(), found.x["y"].numpy()], [1.0, 1.0], atol=1e-3)


def test_linear_constraints_count_for_the_vector() -> None:
    constraint = scipy.optimize.LinearConstraint([[1.0, 1.0]], -np.inf, 1.0)
    found = minimize(bowl, np.zeros(2), constraints=[constraint])
    np.testing.assert_allclose(found.x, [0.5, 0.5], atol=1e-6)
    with pytest.raises(tf.errors.InvalidArgumentError, match="NonlinearConstraint"):
        minimize(bowl, np.zeros(2), constraints={"type": "le", "fun": bowl})


RATES = np.linspace(0.0, 4.0, 30)
DECAY = 2.5 * np.exp(-1.3 * RATES) + 0.5


@pytest.mark.parametrize("jac", ["dense", "sparse"])
@pytest.mark.parametrize("method", ["trf", "dogbox"])
def test_least_squares(jac: str, method: str) -> None:
    def misfit(p: Any) -> Any:
        return {"curve": p["scale"] * tf.exp(-p["rate"] * RATES) + p["offset"] - DECAY}

    start = {name: np.array(1.0) for name in ("rate", "scale", "offset")}
    found = least_squares(misfit, start, jac=jac, method=method, bounds=(0.0, 10.0))
    assert {name: round(float(value), 6) for name, value in found.x.items()} == {
        "rate": 1.3,
        "scale": 2.5,
        "offset": 0.5,
    }
    assert found.success
    assert found.fun["curve"].shape == [30]
    assert set(found.grad) == set(start)
    assert found.jac.shape == (30, 3)


@pytest.mark.parametrize("rows", [1, 5, 90])
def test_jacobians_of_either_form(rows: int) -> None:
    matrix = np.random.default_rng(0).normal(size=(rows, 7))

    def product(p: Any) -> Any:
        return [tf.linalg.matvec(matrix, tf.concat([p[0], tf.cast(p[1], tf.float64)], 0)) ** 2.0, tf.reduce_sum(p[0])]

    found = least_squares(product, (np.ones(4), np.ones(3, np.float32)), max_nfev=1)
    by_hand = np.vstack([2.0 * matrix.sum(1, keepdims=True) * matrix, [1.0] * 4 + [0.0] * 3])
    np.testing.assert_allclose(found.jac, by_hand, rtol=1e-6)
    np.testing.assert_allclose(found.grad[0], (by_hand.T @ np.append(matrix.sum(1) ** 2, 4.0))[:4], rtol=1e-6)
    assert found.grad[1].dtype == tf.float32


def test_least_squares_takes_scipy_s_parameters() -> None:
    outliers = DECAY + np.where(np.arange(30) % 10 == 3, 3.0, 0.0)
    misfit = lambda p: p[0] * tf.exp(-p[1] * RATES) + p[2] - outliers
    plain = least_squares(misfit, np.ones(3), method="lm")
    robust = least_squares(misfit, np.ones(3), loss="cauchy", f_scale=0.05)
    truth = [2.5, 1.3, 0.5]
    assert np.abs(robust.x - truth).max() < 0.02 < np.abs(plain.x - truth).max()
    with pytest.raises(tf.errors.InvalidArgumentError, match="'dense' or 'sparse'"):
        least_squares(misfit, np.ones(3), jac="2-point")


@pytest.mark.parametrize("method", ["hybr", "lm", "krylov", "broyden1"])
def test_root(method: str) -> None:
    def equations(p: Any) -> Any:
        x, (y,) = p
        return [2.0 * x + tf.reduce_sum(y) - 4.0, y * y + tf.stack([x, x]) - 2.0]

    found = root(equations, [np.array(0.9), (np.array([1.1, 0.9]),)], method=method, tol=1e-8)
    assert found.success
    np.testing.assert_allclose(found.x[0], 1.0, atol=1e-4)
    np.testing.assert_allclose(found.x[1][0], [1.0, 1.0], atol=1e-4)
    assert [each.shape.as_list() for each in found.fun] == [[], [2]]


def test_root_needs_as_many_equations_as_unknowns() -> None:
    with pytest.raises(tf.errors.InvalidArgumentError, match="3 numbers for 2 unknowns"):
        root(lambda x: tf.concat([x, x[:1]], 0), np.ones(2))


def test_a_result_counts_as_constant_on_a_tape() -> None:
    c = tf.constant(2.0, tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(c)
        found = minimize(lambda x: (x - c) ** 2.0, np.array(1.0))
    assert tape.gradient(found.x, c) is None


def test_a_gradient_that_is_not_finite_is_named() -> None:
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"by x0\['b'\] is not finite"):
        minimize(lambda x: x["a"] ** 2.0 + tf.sqrt(x["b"]), {"a": np.array(1.0), "b": np.array(0.0)})


@pytest.mark.filterwarnings("ignore::RuntimeWarning:scipy")
def test_a_search_that_ends_in_nan_is_no_success() -> None:
    found = minimize(lambda x: x if x > 0.5 else x * np.nan, np.array(1.0), method="CG")
    assert not found.success


def test_the_result_in_single_precision() -> None:
    found = minimize(rosenbrock, POINT.astype(np.float32), method="L-BFGS-B")
    assert found.x.dtype == tf.float32
    np.testing.assert_allclose(found.x, np.ones(5), atol=1e-2)


def test_callbacks() -> None:
    v = tf.Variable(POINT)
    values = []

    def stop(intermediate_result: Any) -> None:
        np.testing.assert_array_equal(intermediate_result.x, v.numpy())
        values.append(intermediate_result.fun)
        if len(values) == 3:
            raise StopIteration

    found = minimize(lambda: rosenbrock(v), v, callback=stop)
    assert len(values) == 3
    assert values == sorted(values, reverse=True)
    assert not found.success
    np.testing.assert_array_equal(found.x, v.numpy())


def test_the_state_of_trust_constr() -> None:
    states = []

    def stop(x: Any, state: Any) -> bool:
        np.testing.assert_array_equal(x["a"], state.x["a"])
        assert state.grad["a"].shape == [5]
        states.append(state.tr_radius)
        return len(states) == 3

    found = minimize(lambda p: rosenbrock(p["a"]), {"a": POINT}, method="trust-constr", callback=stop)
    assert len(states) == 3
    assert found.status == 3
    seen: list[Any] = []
    minimize(rosenbrock, POINT, method="trust-constr", callback=seen.append)
    assert seen[0].shape == [5]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("solve", [minimize, least_squares, root])
def test_the_progress_line(solve: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    fun = {minimize: rosenbrock, least_squares: lambda x: x**3.0 - 2.0, root: lambda x: x**3.0 - 2.0}[solve]
    monkeypatch.setattr(sys, "stderr", plain := io.StringIO())
    solve(fun, POINT, progress=True)
    lines = plain.getvalue().splitlines()
    assert [line.split()[:2] for line in lines[:3]] == [["iteration", each] for each in "124"]
    assert "value" in lines[-1]
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    solve(fun, POINT, progress=True)
    assert terminal.getvalue().count("\n") == 1
    last = terminal.getvalue().split("\r")[-1]
    assert last.split() == lines[-1].split()
    assert last.endswith("\n")


SOLVERS = {
    "L-BFGS-B": lambda: minimize(rosenbrock, POINT, method="L-BFGS-B", progress=True),
    "COBYLA": lambda: minimize(rosenbrock, POINT, method="COBYLA", progress=True),
    **{
        name: lambda name=name: least_squares(lambda x: x**3.0 - 2.0, POINT, method=name, progress=True)
        for name in ("trf", "dogbox", "lm")
    },
    "sparse": lambda: least_squares(lambda x: x**3.0 - 2.0, POINT, jac="sparse", progress=True),
    **{
        "root by " + name: lambda name=name: root(lambda x: x**3.0 - 2.0, POINT, method=name, progress=True)
        for name in ("hybr", "lm", "broyden1")
    },
}


@pytest.mark.parametrize("terminal", [False, True])
@pytest.mark.parametrize("name", SOLVERS)
def test_the_progress_line_counts_as_the_result_does(
    name: str, terminal: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", stream := Terminal() if terminal else io.StringIO())
    found = SOLVERS[name]()
    lines = stream.getvalue().replace("\r", "\n").split("\n")[1 if terminal else 0 : -1]
    counts = [int(line.split()[-1]) for line in lines]
    assert counts == sorted(counts)
    assert counts[-1] == found.nfev
    assert counts[0] <= 2 + (name == "COBYLA") * 6


def test_a_point_is_not_computed_twice() -> None:
    calls = []
    found = least_squares(lambda x: calls.append(1) or x**3.0 - 2.0, POINT, method="lm")
    # SciPy tries the Jacobian once before it counts.
    assert len(calls) == found.nfev + found.njev + 1


def test_a_robust_loss_leaves_the_kept_results_alone() -> None:
    misfit = lambda x: tf.concat([x - 3.0, 1e-3 * x**2.0], 0)
    found = least_squares(misfit, POINT, loss="soft_l1", f_scale=0.1, max_nfev=1)
    np.testing.assert_allclose(found.fun, misfit(tf.constant(POINT)))


def test_an_unknown_method_is_scipy_s_error() -> None:
    with pytest.raises(ValueError, match="Unknown solver"):
        minimize(bowl, np.ones(2), method="adam")
    with pytest.raises(tf.errors.InvalidArgumentError, match="dense"):
        minimize(bowl, np.ones(2), method="dogleg", hess="sparse")
    with pytest.raises(tf.errors.InvalidArgumentError, match="'products', 'dense' or 'sparse'"):
        minimize(bowl, np.ones(2), method="Newton-CG", hess="exact")
