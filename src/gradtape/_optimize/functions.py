"""Functions of the unknowns as a solver wants them: vectors in, arrays out, with exact derivatives."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np

from gradtape._autodiff.accumulator import accumulating
from gradtape._autodiff.batching import Batch, left, new_level
from gradtape._autodiff.custom import name_of
from gradtape._autodiff.tape import GradientTape
from gradtape._core import nest
from gradtape._core.conversion import convert, shown
from gradtape._core.slices import IndexedSlices
from gradtape._core.tensor import Tensor, make_tensor
from gradtape._core.variable import Variable
from gradtape._ops.casting import cast
from gradtape._ops.joining import concat
from gradtape._ops.structure import reshape
from gradtape._optimize.unknowns import Unknowns, as_vector, require_one_point, split
from gradtape.errors import InvalidArgumentError

# So many tangents go through a function at once.
AT_ONCE = 64


def gradient_of(tape: GradientTape, target: Any, sources: list[Any], seed: Any = None) -> list[Any]:
    """Returns the gradients by all sources as tensors, zeros where there is no connection."""
    found = tape.gradient(target, sources, output_gradients=seed, unconnected_gradients="zero")
    return [each.dense() if isinstance(each, IndexedSlices) else each for each in found]


def results_of(name: str, value: Any) -> list[Tensor]:
    """Returns the tensors that a user's function gave, in a list.

    Raises:
        TypeError: something else is among them.
        InvalidArgumentError: there is nothing, or something that is not floating-point.
    """
    leaves = nest.flatten(value)
    for leaf in leaves:
        if not isinstance(leaf, Tensor | Variable | IndexedSlices):
            hint = "Does it lack a `return`?" if leaf is None else "Numbers and arrays have lost their gradients."
            raise TypeError(
                f"{name} has to return a tensor, computed from x by tf's operations, and returned {shown(value)} of "
                f"type {type(leaf).__name__!r}. {hint}"
            )
    tensors = [convert(leaf) for leaf in leaves]
    for tensor in tensors:
        if tensor._value.dtype.kind in "iubc":
            raise InvalidArgumentError(
                f"{name} returned a tensor of dtype {tensor.dtype.name}; real floating-point numbers are wanted. Of "
                "complex numbers take tf.math.real, tf.math.imag or tf.abs."
            )
    if not tensors:
        raise InvalidArgumentError(f"{name} returned an empty structure.")
    return tensors


def jacobian_of(tape: GradientTape, targets: list[Any], sources: list[Any]) -> Any:
    """Returns the derivatives of all elements of `targets` by all of `sources`, a matrix; backwards."""
    blocks = []
    for target in targets:
        found = tape.jacobian(target, sources, unconnected_gradients="zero")
        flat = [part._value.reshape((target._value.size, -1)) for part in map(convert, found)]
        blocks.append(np.concatenate(flat, axis=1, dtype=np.float64))
    return np.concatenate(blocks)


def pushed(function: Callable[[list[Any]], list[Tensor]], leaves: list[Any], directions: Any) -> Any:
    """Returns the products of a function's Jacobian with many directions, each a row of its array; forwards."""
    level, count = new_level(), len(directions)
    tangents = []
    start = 0
    for array in [leaf._value for leaf in leaves]:
        part = directions[:, start : start + array.size].reshape((count, *array.shape))
        tangents.append(make_tensor(Batch(part.astype(array.dtype), (level,))))
        start += array.size
    with accumulating(leaves, tangents) as accumulator:
        results = function(leaves)
    moved = accumulator.jvp(results, "zero")
    rows = [left(each._value, level, count).reshape((count, -1)) for each in moved]
    return np.concatenate(rows, axis=1, dtype=np.float64)


class Function:
    """A user's function of the unknowns.

    Attributes:
        unknowns: what it is a function of.
        name: how messages call it.
        required: which of the unknowns its result has to depend on at first: `each`, `some` or `none`.
    """

    def __init__(
        self, function: Callable[..., Any], unknowns: Unknowns, args: tuple[Any, ...] = (), required: str = "each"
    ) -> None:
        self.unknowns = unknowns
        self.required = required
        self.name = name_of(function)
        self._call = unknowns.caller(function, args)
        # The last evaluation that can be differentiated again: where it was, and what it left.
        self._point: Any = None
        self._kept: Any = None
        self._pattern: Any = None

    def results(self, leaves: list[Any]) -> list[Tensor]:
        """Returns what the user's function gives, as a list of tensors.

        Raises:
            TypeError: one of them has no single value.
        """
        return self.singled(self._call(leaves))

    def singled(self, value: Any) -> list[Tensor]:
        """Returns what the user's function gave as a list of tensors; raises as `results` does."""
        found = results_of(self.name, value)
        for tensor in found:
            require_one_point(f"the result of {self.name}", tensor)
        return found

    def require(self, found: list[Any]) -> None:
        """Raises InvalidArgumentError if too much in `found`, the gradients by the leaves, is None."""
        sized = [
            (path, each)
            for path, array, each in zip(self.unknowns.paths, self.unknowns.arrays, found, strict=True)
            if array.size
        ]
        missing = [path for path, each in sized if each is None]
        if not missing or self.required == "none" or (self.required == "some" and len(missing) < len(sized)):
            return
        raise InvalidArgumentError(
            f"The result of {self.name} does not depend on {', '.join(missing)}: it was not computed from it by "
            "operations that have a gradient. NumPy's functions, `.numpy()`, casts to integers, round and "
            "stop_gradient cut the path: write tf.exp for np.exp; a variable that is read has to stand in x0. Leave "
            'out of x0 what is not looked for, or, where this is meant, pass unconnected_gradients="zero".'
        )

    def recorded(self, x: Any, persistent: bool = False) -> tuple[GradientTape, list[Any], list[Tensor]]:
        """Returns the tape of an evaluation at `x`, the leaves, and the results."""
        leaves = self.unknowns.placed(x)
        with GradientTape(persistent=persistent, watch_accessed_variables=False) as tape:
            tape.watch(leaves)
            results = self.results(leaves)
        return tape, leaves, results

    def slopes(self, x: Any, weights: Any = None) -> tuple[GradientTape, list[Any], list[Any]]:
        """Returns the gradient of the results' weighted sum at `x`, as tensors, and the tape that recorded its making.

        Args:
            x: the point.
            weights: a vector, for each result a number; ones by default.
        """
        leaves = self.unknowns.placed(x)
        with GradientTape(persistent=True, watch_accessed_variables=False) as outer:
            outer.watch(leaves)
            with GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(leaves)
                results = self.results(leaves)
            seeds = None if weights is None else split(np.asarray(weights), [each._value for each in results])
            gradient = gradient_of(tape, results, leaves, seeds)
        return outer, leaves, gradient

    def hessian(self, x: Any, weights: Any = None) -> Any:
        """Returns the Hessian of the results' weighted sum at `x`, an array; Args as for `slopes`."""
        outer, leaves, gradient = self.slopes(x, weights)
        found = jacobian_of(outer, gradient, leaves)
        return 0.5 * (found + found.T)

    def of_vector(self, vector: Any) -> Tensor:
        """Returns the results as one tensor, of the unknowns as one tensor."""
        parts = []
        start = 0
        for array in self.unknowns.arrays:
            part = reshape(vector[start : start + array.size], array.shape)
            parts.append(part if part._value.dtype == array.dtype else cast(part, array.dtype))
            start += array.size
        found = [reshape(each, [-1]) for each in results_of(self.name, self._call(parts))]
        dtype = vector._value.dtype
        return concat([each if each._value.dtype == dtype else cast(each, dtype) for each in found], 0)

    def sparse(self, x: Any, differentiate: Callable[..., Any], find: Callable[..., Any]) -> Any:
        """Returns a sparse derivative at `x`, whose pattern is kept as long as it holds.

        Raises:
            InvalidArgumentError: the unknowns are variables, whose readings cannot be traced.
        """
        if self.unknowns.variables:
            raise InvalidArgumentError(
                "Where a derivative is sparse is found by tracing what the function does with its argument, and x0 "
                "holds variables: give their values, tf.convert_to_tensor(variable), or ask for 'dense'."
            )
        wide = any(array.dtype == np.float64 for array in self.unknowns.arrays)
        vector = make_tensor(x.astype(np.float64 if wide else np.float32))
        if self._pattern is not None:
            # Each call tests the pattern; another one is needed where the function takes another path.
            with suppress(InvalidArgumentError):
                return differentiate(self.of_vector, vector, pattern=self._pattern)
        self._pattern = find(self.of_vector, vector)
        return differentiate(self.of_vector, vector, pattern=self._pattern)

    def kept(self, x: Any, make: Callable[[Any], Any]) -> Any:
        """Returns `make(x)`, the last one again if it was for the same `x`."""
        if self._point is None or not np.array_equal(self._point, x):
            self._kept = None  # freed before the next one is made
            self._kept = make(x)
            self._point = np.array(x)
        return self._kept


class Objective(Function):
    """A function with one result, to be minimized.

    Attributes:
        evaluations: how often it was evaluated, second derivatives not counted.
        last: the point, the value and the norm of the gradient (or None) of the last evaluation.
        best: the same of the one with the least value.
    """

    evaluations = 0
    last: Any = (None, np.inf, None)
    best: Any = (None, np.inf, None)

    def results(self, leaves: list[Any]) -> list[Tensor]:
        """Returns what the user's function gives: a list of one tensor of one element.

        Raises:
            InvalidArgumentError: it gives more.
        """
        results = super().results(leaves)
        if len(results) != 1 or results[0]._value.size != 1:
            shapes = ", ".join(str(list(each._value.shape)) for each in results)
            raise InvalidArgumentError(
                f"{self.name} has to return one number, and returned {'tensors' if len(results) > 1 else 'a tensor'} "
                f"of shape {shapes}: return tf.reduce_sum or tf.reduce_mean of it, or give residuals to least_squares."
            )
        return results

    def noted(self, x: Any, value: Any, slope: float | None = None) -> float:
        """Returns a value as a number and notes it; the first one has to be finite."""
        number = float(np.asarray(value, np.float64).reshape(()))
        if not self.evaluations and not np.isfinite(number):
            raise InvalidArgumentError(
                f"{self.name} is {number} at x0, where a solver cannot begin: start from a point where it is finite."
            )
        self.evaluations += 1
        self.last = (np.array(x), number, slope)
        if number <= self.best[1]:
            self.best = self.last
        return number

    def recalled(self, x: Any) -> tuple[float, float | None]:
        """Returns the value and the norm of the gradient at a point that a solver reached, without an evaluation."""
        found = next((each for each in (self.last, self.best) if np.array_equal(each[0], x)), self.last)
        return found[1], found[2]

    def at(self, x: Any) -> float:
        """Returns the value at `x`."""
        return self.noted(x, self.results(self.unknowns.placed(x))[0]._value)

    def with_gradient(self, x: Any) -> tuple[float, Any]:
        """Returns the value and the gradient at `x`.

        Raises:
            InvalidArgumentError: at `x0` the result does not depend on an unknown, or the gradient is not finite.
        """
        tape, leaves, (result,) = self.recorded(x)
        value = result._value
        found = tape.gradient(result, leaves)
        if not self.evaluations:
            self.require(found)
        arrays = self.unknowns.arrays
        gradient = as_vector(
            [np.zeros(array.shape) if each is None else each for each, array in zip(found, arrays, strict=True)]
        )
        if not self.evaluations and np.isfinite(value).all():
            self.check(gradient)
        return self.noted(x, value, float(np.linalg.norm(gradient))), gradient

    def check(self, gradient: Any) -> None:
        """Raises InvalidArgumentError if the gradient at the start is not finite, naming where."""
        parts = zip(self.unknowns.paths, split(gradient, self.unknowns.arrays), strict=True)
        bad = [path for path, part in parts if not np.isfinite(part._value).all()]
        if bad:
            raise InvalidArgumentError(
                f"The gradient of {self.name} by {', '.join(bad)} is not finite at x0, while its value is: start from "
                "another point, or choose with tf.where what goes into the operation, not what comes out of it."
            )

    def sparse_hessian(self, x: Any) -> Any:
        """Returns the Hessian at `x` as a SciPy sparse array, its pattern found at the first call."""
        from gradtape._autodiff.sparse import hessian_sparsity, sparse_hessian

        return self.sparse(x, sparse_hessian, hessian_sparsity)

    def sparse_product(self, x: Any, direction: Any) -> Any:
        """Returns the product of the sparse Hessian at `x` with a vector; the Hessian is kept."""
        return self.kept(x, self.sparse_hessian) @ direction

    def hessian_product(self, x: Any, direction: Any) -> Any:
        """Returns the product of the Hessian at `x` with a vector.

        The gradient is computed once for each `x`, and recorded: a product is one way back through that record.
        """
        outer, leaves, gradient = self.kept(x, self.slopes)
        return as_vector(gradient_of(outer, gradient, leaves, split(direction, self.unknowns.arrays)))


class Residuals(Function):
    """A function with many results: residuals, equations or constraints.

    Attributes:
        form: what the user's function returned last.
        values: the same as one vector.
        evaluations: at how many points it was evaluated, Jacobians not counted.
    """

    form: Any = None
    values: Any = None
    evaluations = 0
    _at: Any = None  # the point of the values
    _looked = False

    def results(self, leaves: list[Any]) -> list[Tensor]:
        """Returns what the user's function gives, as a list of tensors; the first time all have to be finite."""
        self.form = self._call(leaves)
        found = self.singled(self.form)
        values = as_vector(found)
        if self.values is None and not np.isfinite(values).all():
            raise InvalidArgumentError(
                f"{self.name} is not finite at x0, where a solver cannot begin: start from another point."
            )
        self._arrays = [each._value for each in found]
        self.values = values
        return found

    def at(self, x: Any) -> Any:
        """Returns all results at `x` as one vector; SciPy asks twice at some points, and they are computed once."""
        leaves = self.unknowns.placed(x)
        if self._at is None or not np.array_equal(self._at, x):
            self.results(leaves)
            self._at = np.array(x)
            self.evaluations += 1
        # SciPy may write on it.
        return self.values.copy()

    def filled(self, vector: Any) -> Any:
        """Returns a vector as tensors in the form of what the user's function returned."""
        return nest.rebuild(self.form, iter(split(vector, self._arrays)))

    def jacobian(self, x: Any) -> Any:
        """Returns the Jacobian at `x`, an array with a row for each result.

        Raises:
            InvalidArgumentError: it is the first, and the results do not depend on an unknown.
        """
        found = self.looked_at(x, self.dense_jacobian(x))
        self._at = np.array(x)
        return found

    def looked_at(self, x: Any, matrix: Any) -> Any:
        """Returns a Jacobian; if it is the first, and a column is 0, a tape tells whether the results depend on it."""
        if not self._looked and self.required != "none":
            self._looked = True
            columns = split(np.asarray(abs(matrix).sum(axis=0)).reshape(-1), self.unknowns.arrays)
            if not all(np.any(each._value) for each in columns if each._value.size):
                tape, leaves, results = self.recorded(x)
                self.require(tape.gradient(results, leaves))
        return matrix

    def dense_jacobian(self, x: Any) -> Any:
        """Returns the Jacobian at `x`, forwards if it has more rows than columns.

        Whichever way, the function runs once, with a batch of tangents, or before a batch of cotangents.
        """
        if self.values is None or self.values.size < x.size:
            tape, leaves, results = self.recorded(x, persistent=True)
            return jacobian_of(tape, results, leaves)
        leaves = self.unknowns.placed(x)
        rows = [
            pushed(self.results, leaves, units) for units in np.split(np.eye(x.size), range(AT_ONCE, x.size, AT_ONCE))
        ]
        return np.concatenate(rows).T

    def sparse_jacobian(self, x: Any) -> Any:
        """Returns the Jacobian at `x` as a SciPy sparse array, its pattern found at the first call."""
        from gradtape._autodiff.sparse import jacobian_sparsity, sparse_jacobian

        return self.looked_at(x, self.sparse(x, sparse_jacobian, jacobian_sparsity))
