"""The calls of SciPy's solvers: what they are given, and their results in the form of the unknowns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradtape._autodiff.sweep import UnconnectedGradients
from gradtape._core.conversion import shown
from gradtape._optimize.functions import Objective, Residuals
from gradtape._optimize.limits import as_bounds, as_constraints
from gradtape._optimize.progress import Progress
from gradtape._optimize.unknowns import Unknowns
from gradtape.errors import InvalidArgumentError

WITHOUT_GRADIENT = ("nelder-mead", "powell", "cobyla", "cobyqa")
WITH_PRODUCTS = ("newton-cg", "trust-ncg", "trust-krylov", "trust-constr")
WITH_HESSIAN = ("dogleg", "trust-exact")


def unknowns_of(fun: Any, x0: Any) -> Unknowns:
    """Returns what is looked for.

    Raises:
        TypeError: `fun` is no function.
    """
    if not callable(fun):
        raise TypeError(
            f"The first argument is the function, the second is x0, where to start: got {shown(fun)} of type "
            f"{type(fun).__name__!r} for the function."
        )
    return Unknowns(x0)


def required(unconnected_gradients: Any) -> str:
    """Returns which of the unknowns a result has to depend on: `each` or `none`.

    Raises:
        InvalidArgumentError: there is no such way.
    """
    try:
        strict = UnconnectedGradients(unconnected_gradients) is UnconnectedGradients.NONE
    except ValueError:
        raise InvalidArgumentError(
            f"unconnected_gradients is 'none' or 'zero', got {unconnected_gradients!r}."
        ) from None
    return "each" if strict else "none"


def minimized(
    fun: Callable[..., Any],
    x0: Any,
    args: tuple[Any, ...],
    method: Any,
    hess: Any,
    progress: bool,
    callback: Callable[..., Any] | None,
    bounds: Any,
    constraints: Any,
    unconnected_gradients: Any,
    given: dict[str, Any],
) -> Any:
    """Returns what `minimize` does; `given` goes to SciPy as it is."""
    from scipy import optimize

    need = required(unconnected_gradients)
    unknowns = unknowns_of(fun, x0)
    objective = Objective(fun, unknowns, args if isinstance(args, tuple) else (args,), need)
    name = method.lower() if isinstance(method, str) else ""
    if bounds is not None:
        given["bounds"] = optimize.Bounds(*as_bounds(bounds, unknowns))
    given["constraints"] = as_constraints(constraints, unknowns, name == "trust-constr", need != "none")
    given |= second_derivatives(name, hess, objective)
    with unknowns.borrowed(), Progress(progress) as line:
        if progress or callback is not None:
            given["callback"] = each_iteration(objective, line, callback, name)
        if name in WITHOUT_GRADIENT:
            result = optimize.minimize(objective.at, unknowns.start, method=method, **given)
        else:
            result = optimize.minimize(objective.with_gradient, unknowns.start, jac=True, method=method, **given)
        unknowns.placed(result.x)
        line.end(result.get("nfev"))
    result.fun = float(result.fun)
    if not np.isfinite(result.fun):
        result.success = False
        result.message = f"The function is {result.fun} where the search ended. {result.message}"
    return in_form(result, unknowns, "x", "jac", "grad")


def each_iteration(
    objective: Objective, line: Progress, callback: Callable[..., Any] | None, method: str
) -> Callable[..., Any]:
    """Returns SciPy's callback, which writes the progress line and calls the user's."""
    from scipy.optimize import OptimizeResult

    unknowns = objective.unknowns
    as_result = callback is not None and takes_result(callback)
    with_state = callback is not None and method == "trust-constr" and takes_two(callback)

    def iterated(x: Any, *state: Any) -> Any:
        value, slope = objective.recalled(x)
        line.step(value, slope, objective.evaluations)
        if callback is None:
            return None
        unknowns.placed(x)
        if as_result:
            return callback(intermediate_result=OptimizeResult(x=unknowns.filled(x), fun=value))
        if with_state:
            return callback(unknowns.filled(x), in_form(OptimizeResult(state[0]), unknowns, "x", "grad"))
        return callback(unknowns.filled(x))

    return iterated


def takes_result(callback: Callable[..., Any]) -> bool:
    """True if SciPy would call a callback with an `intermediate_result`, which goes by the parameter's name."""
    from inspect import signature

    try:
        return set(signature(callback).parameters) == {"intermediate_result"}
    except (TypeError, ValueError):
        return False


def takes_two(callback: Callable[..., Any]) -> bool:
    """True if a callback can be called with two arguments."""
    from inspect import signature

    try:
        signature(callback).bind(None, None)
    except (TypeError, ValueError):
        return False
    return True


def second_derivatives(method: str, hess: Any, objective: Objective) -> dict[str, Any]:
    """Returns the arguments `hess` or `hessp` for a method of SciPy's.

    Raises:
        InvalidArgumentError: there is no such form of a Hessian, or the method cannot use it.
    """
    if hess is None:
        hess = "products" if method in WITH_PRODUCTS else "dense" if method in WITH_HESSIAN else None
    if hess is None or hasattr(hess, "get_matrix"):
        return {} if hess is None else {"hess": hess}
    if hess not in ("products", "dense", "sparse"):
        raise InvalidArgumentError(
            f"hess is 'products', 'dense' or 'sparse', or None to let the method choose: {hess!r}"
        )
    if hess != "dense" and method in WITH_HESSIAN:
        raise InvalidArgumentError(f"The method {method} factors a dense Hessian: hess={hess!r} is not for it.")
    if hess == "products":
        return {"hessp": objective.hessian_product}
    if hess == "dense":
        return {"hess": objective.hessian}
    return {"hess": objective.sparse_hessian} if method == "trust-constr" else {"hessp": objective.sparse_product}


def least_squares_solved(
    fun: Callable[..., Any],
    x0: Any,
    args: tuple[Any, ...],
    jac: str,
    progress: bool,
    bounds: Any,
    unconnected_gradients: Any,
    given: dict[str, Any],
) -> Any:
    """Returns what `least_squares` does; `given` goes to SciPy as it is."""
    from scipy import optimize

    if jac not in ("dense", "sparse"):
        raise InvalidArgumentError(f"jac is 'dense' or 'sparse', got {jac!r}: derivatives are always exact.")
    need = required(unconnected_gradients)
    unknowns = unknowns_of(fun, x0)
    residuals = Residuals(fun, unknowns, args if isinstance(args, tuple) else (args,), need)
    differentiate = residuals.jacobian if jac == "dense" else residuals.sparse_jacobian
    if bounds is not None:
        given["bounds"] = as_bounds(bounds, unknowns)
    with unknowns.borrowed(), Progress(progress) as line:

        def jacobian(x: Any) -> Any:
            matrix = differentiate(x)
            values = residuals.values
            line.step(0.5 * float(values @ values), float(np.linalg.norm(matrix.T @ values)), residuals.evaluations)
            return matrix

        result = optimize.least_squares(residuals.at, unknowns.start, jac=jacobian, **given)
        unknowns.placed(result.x)
        line.end(result.get("nfev"))
    result.fun = residuals.filled(result.fun)
    return in_form(result, unknowns, "x", "grad", "active_mask")


def root_found(
    fun: Callable[..., Any],
    x0: Any,
    args: tuple[Any, ...],
    method: str,
    progress: bool,
    unconnected_gradients: Any,
    given: dict[str, Any],
) -> Any:
    """Returns what `root` does; `given` goes to SciPy as it is."""
    from scipy import optimize

    need = required(unconnected_gradients)
    unknowns = unknowns_of(fun, x0)
    equations = Residuals(fun, unknowns, args if isinstance(args, tuple) else (args,), need)
    count = unknowns.start.size
    with unknowns.borrowed(), Progress(progress) as line:

        def values(x: Any) -> Any:
            found = equations.at(x)
            if found.size != count:
                raise InvalidArgumentError(
                    f"{equations.name} returned {found.size} numbers for {count} unknowns; root needs as many. "
                    "least_squares takes any number."
                )
            line.step(float(np.linalg.norm(found)), None, equations.evaluations)
            return found

        exact = {"jac": equations.jacobian} if method.lower() in ("hybr", "lm") else {}
        result = optimize.root(values, unknowns.start, method=method, **exact, **given)
        unknowns.placed(result.x)
        line.end(result.get("nfev"))
    result.fun = equations.filled(np.reshape(result.fun, -1))
    return in_form(result, unknowns, "x")


def in_form(result: Any, unknowns: Unknowns, *names: str) -> Any:
    """Returns a result of SciPy's whose vectors called `names` have become tensors in the form of the unknowns."""
    for name in names:
        vector = result.get(name)
        if isinstance(vector, np.ndarray) and vector.shape == unknowns.start.shape:
            result[name] = unknowns.filled(vector)
    return result
