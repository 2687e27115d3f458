"""Bounds and constraints as a user writes them for a structure, and as SciPy takes them for a vector."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gradtape._core import nest
from gradtape._core.conversion import convert, shown
from gradtape._optimize.functions import Residuals
from gradtape._optimize.unknowns import Unknowns, split
from gradtape.errors import InvalidArgumentError


def is_pair(value: Any) -> bool:
    """True for `(low, high)`: two of None, numbers, arrays or tensors, but no lists.

    >>> is_pair((0.0, None)), is_pair([(0.0, 1.0), (0.0, 1.0)])
    (True, False)
    """
    return type(value) in (list, tuple) and len(value) == 2 and not any(nest.is_nested(part) for part in value)


def as_bounds(bounds: Any, unknowns: Unknowns) -> tuple[Any, Any]:
    """Returns the vectors of lower and upper bounds; infinite where there is none.

    Args:
        bounds: a pair `(low, high)` for all, or the structure of the unknowns with a pair or None in place of each;
            of a vector also a list with a pair for each element; or `scipy.optimize.Bounds`, for the vector.
        unknowns: what is bounded.

    Raises:
        InvalidArgumentError: the form is another, or a bound is NaN or does not broadcast to what it bounds.
    """
    low, high = as_vectors(bounds, unknowns)
    parts = zip(unknowns.paths, split(low, unknowns.arrays), split(high, unknowns.arrays), strict=True)
    for path, *pair in parts:
        if any(np.isnan(each._value).any() for each in pair):
            raise InvalidArgumentError(f"A bound of {path} is NaN: give None, or an infinite number, for no bound.")
    return low, high


def as_vectors(bounds: Any, unknowns: Unknowns) -> tuple[Any, Any]:
    """Returns bounds as vectors; Args as for `as_bounds`."""
    if hasattr(bounds, "lb") and hasattr(bounds, "ub"):
        size = unknowns.start.size
        return np.broadcast_to(bounds.lb, size).astype(float), np.broadcast_to(bounds.ub, size).astype(float)
    if is_pair(bounds):
        pairs = [bounds] * len(unknowns.leaves)
    else:
        pairs = list(matched(unknowns.form, bounds, "bounds"))
    lows, highs = [], []
    for path, array, pair in zip(unknowns.paths, unknowns.arrays, pairs, strict=True):
        low, high = ends(pair, array.shape, path)
        lows.append(low)
        highs.append(high)
    return np.concatenate(lows), np.concatenate(highs)


def matched(form: Any, bounds: Any, path: str) -> list[Any]:
    """Returns what `bounds` has in place of each leaf of `form`; raises as `as_bounds` does."""
    if not nest.is_nested(form):
        return [bounds]
    keyed = isinstance(form, Mapping)
    if not nest.is_nested(bounds) or isinstance(bounds, Mapping) != keyed or len(bounds) != len(form):
        raise InvalidArgumentError(
            f"{path} has to be one pair (low, high), or of the form of x0 with a pair for each part; got "
            f"{shown(bounds)}."
        )
    # The order of the leaves is that of `flatten`, which sorts keys.
    keys = nest.flatten({key: key for key in form}) if keyed else range(len(form))
    if keyed and set(form) != set(bounds):
        raise InvalidArgumentError(f"{path} has the keys {list(bounds)}, and x0 has {list(form)}.")
    return [each for key in keys for each in matched(form[key], bounds[key], f"{path}[{key!r}]")]


def ends(pair: Any, shape: tuple[int, ...], path: str) -> tuple[Any, Any]:
    """Returns the lower and upper bounds of one unknown as vectors; raises as `as_bounds` does."""
    if pair is None:
        pair = (None, None)
    if not is_pair(pair):
        columns = pair if isinstance(pair, list | tuple) else ()
        if len(shape) != 1 or len(columns) != shape[0] or not all(is_pair(each) for each in columns):
            raise InvalidArgumentError(
                f"The bounds of {path}, of shape {list(shape)}, have to be a pair (low, high), or None; got "
                f"{shown(pair)}."
            )
        found = [ends(each, (), path) for each in columns]
        return np.concatenate([low for low, _ in found]), np.concatenate([high for _, high in found])
    vectors = []
    for end, infinite in zip(pair, (-np.inf, np.inf), strict=True):
        array = np.asarray(infinite if end is None else convert(end)._value, np.float64)
        try:
            vectors.append(np.broadcast_to(array, shape).reshape(-1))
        except ValueError:
            raise InvalidArgumentError(
                f"A bound of shape {list(array.shape)} does not broadcast to {path}, of shape {list(shape)}."
            ) from None
    return vectors[0], vectors[1]


def as_constraints(constraints: Any, unknowns: Unknowns, curved: bool, strict: bool) -> list[Any]:
    """Returns constraints for SciPy, with exact Jacobians.

    Args:
        constraints: one or a list of `scipy.optimize.NonlinearConstraint` or dicts with `type` (`"eq"`: 0, `"ineq"`: at
            least 0), `fun` and `args`, whose functions take the structure; `LinearConstraint`, for the vector, stays.
        unknowns: what is constrained.
        curved: whether the method uses their Hessians, too.
        strict: whether each has to depend on something that is looked for.

    Raises:
        InvalidArgumentError: a constraint is none of these.
    """
    from scipy.optimize import LinearConstraint, NonlinearConstraint

    required = "some" if strict else "none"
    single = isinstance(constraints, Mapping) or not isinstance(constraints, list | tuple)
    found = []
    for each in [constraints] if single else constraints:
        if isinstance(each, LinearConstraint):
            found.append(each)
            continue
        if isinstance(each, NonlinearConstraint):
            low, high, feasible = each.lb, each.ub, each.keep_feasible
            function = Residuals(each.fun, unknowns, required=required)
        elif isinstance(each, Mapping) and "fun" in each and str(each.get("type")).lower() in ("eq", "ineq"):
            low, high, feasible = 0.0, 0.0 if each["type"].lower() == "eq" else np.inf, False
            function = Residuals(each["fun"], unknowns, tuple(each.get("args", ())), required)
        else:
            raise InvalidArgumentError(
                "A constraint is a scipy.optimize.NonlinearConstraint or LinearConstraint, or a dict as "
                f'{{"type": "ineq", "fun": function}}, whose function is to be at least 0; got {shown(each)}.'
            )
        exact = {"jac": function.jacobian, **({"hess": function.hessian} if curved else {})}
        found.append(NonlinearConstraint(function.at, low, high, keep_feasible=feasible, **exact))
    return found
