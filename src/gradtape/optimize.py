"""`tf.optimize`: SciPy's own solvers on tensors, variables and structures of them, given exact derivatives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradtape._optimize import solving as _solving
from gradtape._run.stand_in import missing as _missing


def minimize(
    fun: Callable[..., Any],
    x0: Any,
    args: tuple[Any, ...] = (),
    method: Any = None,
    *,
    hess: Any = None,
    bounds: Any = None,
    constraints: Any = (),
    tol: float | None = None,
    callback: Callable[..., Any] | None = None,
    options: dict[str, Any] | None = None,
    progress: bool = False,
    unconnected_gradients: Any = "none",
) -> Any:
    """Returns where a function is least, as `scipy.optimize.minimize` finds it with exact derivatives.

    `fun(x, *args)` gets what `x0` is made of, in the same form: a tensor for each number, array or tensor, and the
    variables themselves, assigned beforehand. A function without parameters is called without them where `x0` holds
    variables alone: it reads them. At the end the variables hold the result; after an error, what they held before.

    Each unknown is computed with in its own dtype; SciPy computes in float64, and gradients of float32 may be too
    coarse for its default tolerances: Python's numbers are float32, as everywhere, and NumPy's are float64.

    The result counts as constant: a tape around has no derivative of it by what else `fun` reads.

    Args:
        fun: returns a tensor of one element.
        x0: where to start: a tensor, variable, array, number or list of numbers, or a structure (lists, tuples, dicts)
            of them, of floating-point dtypes.
        args: more arguments for `fun`; no derivatives are taken by them.
        method: the name of one of SciPy's methods, or a function that SciPy takes for one; None leaves it to SciPy.
            Methods that use a gradient get it together with the value, from one evaluation.
        hess: for methods that use second derivatives: `"products"` with vectors, `"dense"`, or `"sparse"` (found by
            tracing which elements interact). By default what the method can do with least: products, for
            `dogleg` and `trust-exact` a dense one. For `trust-constr` also one of SciPy's update strategies.
        bounds: a pair `(low, high)` for all of `x0`, or a structure of its form with such a pair, or None, in place of
            each part. An end is a number, an array that broadcasts to its part, or None. For a vector also a list with
            a pair for each element; `scipy.optimize.Bounds` counts for the vector of all elements.
        constraints: one or a list of `scipy.optimize.NonlinearConstraint`, or SciPy's dicts, whose functions are called
            as `fun` is; they get exact Jacobians and Hessians. `LinearConstraint` counts for the vector of all.
        tol: the tolerance, of which SciPy's methods have various readings.
        callback: called after each iteration as `callback(x)`, or `callback(intermediate_result=…)` if its parameter
            has that name; with `trust-constr` as `callback(x, state)`, with SciPy's state of the search, if it takes
            two. `x` has the form of `x0`. StopIteration ends the search.
        options: SciPy's options of the method.
        progress: whether a line on standard error tells of the iteration, the value, the norm of the gradient and the
            evaluations, `nfev`. Where that is no terminal there are lines for iterations 1, 2, 4, 8, … and the last.
        unconnected_gradients: `"none"`: something in `x0` that the result, where a gradient of it is used, does not
            depend on at the first evaluation is an error, and so is a constraint that depends on nothing in `x0`;
            `"zero"`: their derivatives are zeros, as they are later on.

    Returns:
        SciPy's `OptimizeResult`: `x` and `jac` (`grad` of `trust-constr`) are tensors in the form and dtypes of `x0`;
        `fun` is a float, `success`, `message`, `nit`, `nfev` and the rest are SciPy's own, for the vector of all
        elements. `success` is False if the value at the end is not finite.

    Raises:
        TypeError: `fun` returns something that is no tensor.
        InvalidArgumentError: something in `x0` is an integer or complex, or there is nothing; `fun` does not return one
            number, does not compute it from all of `x0`, or is not finite there; `bounds` or `constraints` do not fit.

    >>> import gradtape as tf
    >>> def distance(p):
    ...     return tf.reduce_sum((p["a"] - 1.0) ** 2.0) + (p["b"] + 2.0) ** 2.0
    >>> found = tf.optimize.minimize(distance, {"a": tf.zeros(2, tf.float64), "b": tf.constant(0.0, tf.float64)})
    >>> found.success, found.x["a"].numpy().round(6), found.x["b"].numpy().round(6)
    (True, array([1., 1.]), np.float64(-2.0))
    """
    return _solving.minimized(
        fun,
        x0,
        args,
        method,
        hess,
        progress,
        callback,
        bounds,
        constraints,
        unconnected_gradients,
        {"tol": tol, "options": options},
    )


def least_squares(
    fun: Callable[..., Any],
    x0: Any,
    args: tuple[Any, ...] = (),
    *,
    jac: str = "dense",
    bounds: Any = None,
    method: str = "trf",
    progress: bool = False,
    unconnected_gradients: Any = "none",
    **options: Any,
) -> Any:
    """Returns where a sum of squares is least, as `scipy.optimize.least_squares` finds it with exact Jacobians.

    The result counts as constant: a tape around has no derivative of it by what else `fun` reads.

    Args:
        fun: returns the residuals, a tensor or a structure of tensors; called as in `minimize`.
        x0: where to start, as in `minimize`.
        args: more arguments for `fun`.
        jac: `"dense"`, or `"sparse"`: found by tracing which residual depends on which unknown, and solved by LSMR.
        bounds: as in `minimize`.
        method: `"trf"`, `"dogbox"` or `"lm"`.
        progress: whether a line on standard error tells of the iteration (a Jacobian), half the sum of squares, the
            norm of its gradient and the evaluations, `nfev`; where that is no terminal, as in `minimize`.
        unconnected_gradients: as in `minimize`.
        **options: SciPy's further parameters: `ftol`, `xtol`, `gtol`, `x_scale`, `loss`, `f_scale`, `max_nfev`,
            `tr_solver`, `tr_options`, `verbose`.

    Returns:
        SciPy's `OptimizeResult`: `x`, `grad` and `active_mask` in the form of `x0`, `fun` in the form of the residuals;
        `jac` is a matrix for the vector of all elements, and the rest is SciPy's own.

    Raises:
        TypeError: `fun` returns something that is no tensor.
        InvalidArgumentError: something in `x0` is an integer or complex, or there is nothing; `fun` does not compute
            its results from all of `x0`, or is not finite there; `bounds` do not fit.

    >>> import gradtape as tf
    >>> import numpy as np
    >>> t = np.linspace(0.0, 1.0, 5)
    >>> line = lambda p: p["slope"] * t + p["offset"] - (2.0 * t + 1.0)
    >>> found = tf.optimize.least_squares(line, {"slope": np.array(0.0), "offset": np.array(0.0)})
    >>> found.x["slope"].numpy().round(6), found.x["offset"].numpy().round(6)
    (np.float64(2.0), np.float64(1.0))
    """
    return _solving.least_squares_solved(
        fun, x0, args, jac, progress, bounds, unconnected_gradients, {"method": method, **options}
    )


def root(
    fun: Callable[..., Any],
    x0: Any,
    args: tuple[Any, ...] = (),
    method: str = "hybr",
    *,
    tol: float | None = None,
    options: dict[str, Any] | None = None,
    progress: bool = False,
    unconnected_gradients: Any = "none",
) -> Any:
    """Returns where a function of as many results as unknowns is 0, as `scipy.optimize.root` finds it.

    The result counts as constant: a tape around has no derivative of it by what else `fun` reads.

    Args:
        fun: returns a tensor or a structure of tensors; called as in `minimize`.
        x0: where to start, as in `minimize`.
        args: more arguments for `fun`.
        method: one of SciPy's methods; `"hybr"` and `"lm"` get the exact Jacobian, the others use none.
        tol: the tolerance, of which SciPy's methods have various readings.
        options: SciPy's options of the method.
        progress: whether a line on standard error tells of the norm of the results and the evaluations, each of which
            counts as an iteration; where that is no terminal, as in `minimize`.
        unconnected_gradients: as in `minimize`, for the methods that get the Jacobian.

    Returns:
        SciPy's `OptimizeResult`: `x` in the form of `x0`, `fun` in the form of what `fun` returns, the rest SciPy's
        own.

    Raises:
        TypeError: `fun` returns something that is no tensor.
        InvalidArgumentError: something in `x0` is an integer or complex, or there is nothing; `fun` does not compute
            its results from all of `x0`, or is not finite there; there are more or fewer results than unknowns.

    >>> import gradtape as tf
    >>> import numpy as np
    >>> found = tf.optimize.root(lambda x: tf.cos(x) - x, np.array(1.0))
    >>> found.x.numpy().round(6)
    np.float64(0.739085)
    """
    return _solving.root_found(fun, x0, args, method, progress, unconnected_gradients, {"tol": tol, "options": options})


__getattr__ = _missing(__name__)
