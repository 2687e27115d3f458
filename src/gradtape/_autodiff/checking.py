"""`check`: compares the derivatives of a function with finite differences, and names what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from math import isfinite, prod
from typing import Any, NamedTuple

import numpy as np

from gradtape._autodiff.accumulator import ForwardAccumulator
from gradtape._autodiff.custom import name_of
from gradtape._autodiff.differences import Slopes, around, kink, rounded, straight, typical
from gradtape._autodiff.functional import Point, filled_in, paths, point_at, result_of, watching
from gradtape._autodiff.sweep import gradients
from gradtape._autodiff.tape import GradientTape
from gradtape._core.tensor import Carrier, NoSingleValue, Tensor, make_tensor
from gradtape.errors import InvalidArgumentError

# Of a source of at most so many numbers each is moved by itself; a larger one in a direction first.
FEW = 8
# Among at most so many numbers the worst is sought by trying all.
MANY = 32


class Line(NamedTuple):
    """What a check found for one derivative and one source: the greatest error, and what was allowed there."""

    derivative: str
    source: str
    directions: int
    error: float
    bound: float


class Report:
    """What `check` returns when all is well; prints one line for each derivative and source."""

    def __init__(self, function: str, lines: list[Line]) -> None:
        self.function = function
        self.lines = lines

    def __repr__(self) -> str:
        return "\n".join(
            f"{line.derivative} of {self.function} at {line.source}: error {line.error:.1e}, allowed {line.bound:.1e}, "
            f"{line.directions} direction{'s' if line.directions > 1 else ''}"
            for line in self.lines
        )


def check(
    function: Callable[[Any], Any], x: Any, *, order: int = 2, tolerance: float | None = None, seed: int = 0
) -> Report:
    """Compares the derivatives of a function at `x` with finite differences, and raises where they differ.

    Backwards (vjp), forwards (jvp), and of second order, forward over reverse and reverse over reverse. A source of
    few numbers is moved number by number, a larger one in a random direction; where that fails, the number is sought.
    The differences are central, of fourth order, at several steps: what they differ among themselves is allowed for,
    so that a noisy function is not blamed. An error in one of very many numbers may hide in a random direction.

    Args:
        function: called as `function(x)`, with tensors in the form of `x`; returns a tensor or a structure of them.
        x: a tensor, a variable, an array or a number, or a structure (lists, tuples, dicts) of them. In float64 a
            check sees far smaller errors than in float32.
        order: 1 or 2: the highest derivatives to check.
        tolerance: the relative error that is allowed; by default it follows from the coarsest dtype. What the
            differences are in doubt by is added, often 1e-10 in float64: the report tells what was allowed.
        seed: of the random directions and weights.

    Returns:
        A report: `lines`, one for each derivative and source; it prints as text.

    Raises:
        AssertionError: a derivative is wrong, is missing or is not finite; or it cannot be checked, since the function
            has a kink or a jump at `x`, oscillates too fast for the steps (of float64 a hundred-thousandth to a
            hundredth of a number), is not finite there, or gives another result each time. The text names the
            derivative, the number in `x`, what was found, the finite difference, the error and the bound.
        TypeError: `function` returns something that is no tensor; or one is a batch, inside of vectorized_map.
        InvalidArgumentError: something in `x` is an integer, nothing in the result has a derivative, or `order` is
            neither 1 nor 2.

    >>> import gradtape as tf
    >>> len(tf.autodiff.check(lambda x: tf.sin(x) * x, tf.constant([1.0, 2.0])).lines)
    4
    >>> @tf.custom_gradient
    ... def wrong(x):
    ...     return x * x, lambda g: 3.0 * g * x
    >>> tf.autodiff.check(wrong, tf.constant(2.0, tf.float64))
    Traceback (most recent call last):
        ...
    AssertionError: vjp of wrong is wrong at x: found 6.0, finite difference 4.0 (error 2, allowed 6e-07).
    """
    if order not in (1, 2):
        raise InvalidArgumentError(f"check: `order` is 1 or 2, got {order!r}.")
    problem = Problem(function, x, tolerance, np.random.default_rng(seed))
    derivatives = [problem.vjp(), problem.jvp()]
    lines = list(problem.lines(problem.value, derivatives))
    if order == 2:
        lines += problem.lines(problem.gradient, [problem.forward_over_reverse(), problem.reverse_over_reverse()])
    return Report(problem.name, lines)


class Coordinates:
    """The real numbers that several arrays are made of, as one vector of float64; a complex number counts as two."""

    def __init__(self, arrays: list[Any], names: list[str]) -> None:
        self.names = names
        self.shapes = [array.shape for array in arrays]
        self.dtypes = [array.dtype for array in arrays]
        self.parts: list[slice] = []
        start = 0
        for shape, dtype in zip(self.shapes, self.dtypes, strict=True):
            stop = start + prod(shape) * (2 if dtype.kind == "c" else 1)
            self.parts.append(slice(start, stop))
            start = stop

    def vector(self, arrays: list[Any]) -> Any:
        """Returns arrays as a vector."""
        flat = [
            np.ravel(array).astype(np.complex128 if array.dtype.kind == "c" else np.float64).view(np.float64)
            for array in arrays
        ]
        return np.concatenate(flat) if flat else np.zeros(0)

    def arrays(self, vector: Any) -> list[Any]:
        """Returns a vector as arrays."""
        return [
            vector[part].view(np.complex128 if dtype.kind == "c" else np.float64).astype(dtype).reshape(shape)
            for part, shape, dtype in zip(self.parts, self.shapes, self.dtypes, strict=True)
        ]

    def tensors(self, vector: Any) -> list[Tensor]:
        """Returns a vector as tensors."""
        return [make_tensor(array) for array in self.arrays(vector)]

    def name(self, coordinate: int) -> str:
        """Returns how to write one of the numbers: `x['w'][1, 2]`."""
        for name, part, shape, dtype in zip(self.names, self.parts, self.shapes, self.dtypes, strict=True):
            if part.start <= coordinate < part.stop:
                position, imaginary = divmod(coordinate - part.start, 2 if dtype.kind == "c" else 1)
                index = ", ".join(str(int(each)) for each in np.unravel_index(position, shape))
                return name + (f"[{index}]" if index else "") + (".imag" if imaginary else "")
        raise IndexError(coordinate)

    def epsilon(self) -> float:
        """Returns the distance from 1 to the next number, in the coarsest of the dtypes."""
        return max(
            (2.0**-7 if dtype.name == "bfloat16" else float(np.finfo(dtype).eps) for dtype in self.dtypes), default=0.0
        )


class Derivative(NamedTuple):
    """One way to differentiate: its name, what it gives along a direction, and what of the differences that is.

    `along` returns None where nothing is connected; `part` names a number among what it gives. A derivative of less
    than `least` may be what rounding leaves where terms cancel.
    """

    name: str
    along: Callable[[Any], Any]
    project: Callable[[Any], Any]
    part: Callable[[int], str]
    least: Any


class Outcome(NamedTuple):
    """A derivative along a direction beside its finite difference, at the number that fits worst."""

    found: float
    difference: float
    error: float
    bound: float
    doubtful: bool
    worst: int
    direction: Any
    missing: bool

    @property
    def fails(self) -> bool:
        """True if the two are further apart than allowed."""
        return not self.error <= self.bound

    @property
    def excess(self) -> float:
        """The error in units of the bound."""
        return self.error / self.bound if self.bound else (float("inf") if self.error else 0.0)


class Problem:
    """A function at a point, with the real numbers that go in and come out."""

    def __init__(self, function: Callable[[Any], Any], x: Any, tolerance: float | None, rng: Any) -> None:
        self.function = function
        self.name = name_of(function)
        self.x = x
        self.rng = rng
        point = point_at(function, x)
        for path, tensor in zip(paths(x), point.tensors, strict=True):
            require_one_point(path, tensor)
        self.inputs = Coordinates([tensor._value for tensor in point.tensors], paths(x))
        self.at = self.inputs.vector([tensor._value for tensor in point.tensors])
        result = result_of(function, point)
        names = paths(result.value, "result")
        smooth = {id(tensor) for tensor in result.smooth}
        kept = [name for name, tensor in zip(names, result.tensors, strict=True) if id(tensor) in smooth]
        for tensor in result.smooth:
            require_one_point(f"the result of {self.name}", tensor)
        arrays = [tensor._value for tensor in result.smooth]
        self.outputs = Coordinates(arrays, kept)
        self.epsilon = max(self.inputs.epsilon(), self.outputs.epsilon())
        # Below the least normal number, digits are lost: float16 has few above.
        self.least = 6.2e-5 if any(each.name == "float16" for each in self.inputs.dtypes + self.outputs.dtypes) else 0.0
        self.tolerance = min(max(50.0 * self.epsilon**0.8, 1e-7), 0.1) if tolerance is None else tolerance
        value = self.outputs.vector(arrays)
        self.require_finite(value, self.outputs, "the function")
        # Rounding within a derivative, along a direction as long as x: terms as large as the result may cancel.
        self.noise = min(1e4 * self.epsilon, 3e-5) * np.max(np.abs(value), initial=0.0)
        again = self.value(self.at)
        if value.shape != again.shape or not np.array_equal(value, again):
            raise AssertionError(
                f"{self.name} is not deterministic: two evaluations at the same x differ"
                + ("." if value.shape != again.shape else f" by up to {np.max(np.abs(value - again)):.3g}.")
                + " Fix the seed of its random numbers inside the function, or its state."
            )
        # A scalar stands for itself, so that messages show its own derivative.
        self.weights = (
            np.ones(1) if value.size == 1 else rng.choice([-1.0, 1.0], value.size) * rng.uniform(0.5, 1.5, value.size)
        )
        common = np.concatenate([typical(self.at[part]) for part in self.inputs.parts] or [np.zeros(0)])
        # How far numbers are moved: a small one as a part of the others, and for a second look as far as it is from 0.
        self.scales = common, np.where(self.at == 0.0, common, np.abs(self.at))

    def point(self, vector: Any) -> Point:
        """The point of the numbers in `vector`."""
        return Point(self.x, self.inputs.tensors(vector))

    def value(self, vector: Any) -> Any:
        """The function's result as a vector."""
        result = result_of(self.function, self.point(vector))
        return self.outputs.vector([tensor._value for tensor in result.smooth])

    def pulled(self, point: Point) -> list[Any]:
        """The gradient of the weighted sum of the results, a list with None for what is not connected."""
        with GradientTape(watch_accessed_variables=False) as tape:
            tracker = watching(tape, point)
            result = result_of(self.function, point)
        weights = self.outputs.tensors(self.weights)
        return gradients(tracker, result.smooth, point.tensors, weights)

    def dense(self, found: list[Any], point: Point) -> Any:
        """Derivatives, one for each source, as a vector; zeros for None."""
        tensors = [filled_in(each, tensor) for each, tensor in zip(found, point.tensors, strict=True)]
        return self.inputs.vector([tensor._value for tensor in tensors])

    def gradient(self, vector: Any) -> Any:
        """The gradient of the weighted sum of the results as a vector."""
        point = self.point(vector)
        return self.dense(self.pulled(point), point)

    def vjp(self) -> Derivative:
        """The derivative backwards: of the weighted sum of the results."""
        point = self.point(self.at)
        pulled = self.pulled(point)
        gradient = self.dense(pulled, point)
        self.require_finite(gradient, self.inputs, "vjp")
        connected = np.concatenate(
            [np.full(part.stop - part.start, g is not None) for part, g in zip(self.inputs.parts, pulled, strict=True)]
            or [np.zeros(0, bool)]
        )

        def along(direction: Any) -> Any:
            return np.array([gradient @ direction]) if np.any(connected & (direction != 0)) else None

        weights = self.weights
        return Derivative("vjp", along, lambda slope: np.array([weights @ slope]), lambda _: "", self.noise)

    def jvp(self) -> Derivative:
        """The derivative forwards."""

        def along(direction: Any) -> Any:
            point = self.point(self.at)
            accumulator = ForwardAccumulator(point.tensors, self.inputs.tensors(direction))
            with accumulator:
                result = result_of(self.function, point)
            tangents = [accumulator.tangent_of(tensor) for tensor in result.smooth]
            if all(tangent is None for tangent in tangents):
                return None
            dense = [filled_in(each, tensor)._value for each, tensor in zip(tangents, result.smooth, strict=True)]
            return self.require_finite(self.outputs.vector(dense), self.outputs, "jvp")

        return Derivative("jvp", along, lambda slope: slope, self.of_result, self.noise)

    def of_result(self, place: int) -> str:
        """Names one of several results."""
        return "" if self.weights.size == 1 else f" in {self.outputs.name(place)}"

    def of_one(self, place: int, _: int) -> str:
        """Names the one result that is differentiated."""
        return self.of_result(place)

    def forward_over_reverse(self) -> Derivative:
        """The derivative of the gradient, forwards."""

        def along(direction: Any) -> Any:
            point = self.point(self.at)
            accumulator = ForwardAccumulator(point.tensors, self.inputs.tensors(direction))
            with accumulator:
                pulled = self.pulled(point)
                dense = [filled_in(each, tensor) for each, tensor in zip(pulled, point.tensors, strict=True)]
            return self.second([accumulator.tangent_of(tensor) for tensor in dense], point, "forward over reverse")

        return self.of_second_order("forward over reverse", along)

    def reverse_over_reverse(self) -> Derivative:
        """The derivative of the gradient, backwards; the Hessian is symmetric."""

        def along(direction: Any) -> Any:
            point = self.point(self.at)
            with GradientTape(watch_accessed_variables=False) as tape:
                tracker = watching(tape, point)
                pulled = self.pulled(point)
                dense = [filled_in(each, tensor) for each, tensor in zip(pulled, point.tensors, strict=True)]
            found = gradients(tracker, dense, point.tensors, self.inputs.tensors(direction))
            return self.second(found, point, "reverse over reverse")

        return self.of_second_order("reverse over reverse", along)

    def second(self, found: list[Any], point: Point, how: str) -> Any:
        """Derivatives of the gradient as a vector; None if there is none."""
        if all(each is None for each in found):
            return None
        return self.require_finite(self.dense(found, point), self.inputs, f"second order ({how})")

    def of_second_order(self, how: str, along: Callable[[Any], Any]) -> Derivative:
        """A derivative of the gradient."""
        return Derivative(
            f"second order ({how})",
            along,
            lambda slope: slope,
            lambda place: f" in the gradient at {self.inputs.name(place)}",
            self.noise / self.scales[0],
        )

    def require_finite(self, vector: Any, coordinates: Coordinates, what: str) -> Any:
        """Returns a vector; raises AssertionError if something in it is not finite."""
        wrong = np.flatnonzero(~np.isfinite(vector))
        if wrong.size:
            more = f" and at {wrong.size - 1} more" if wrong.size > 1 else ""
            raise AssertionError(
                f"{self.name}: {what} gives {vector[wrong[0]]} at {coordinates.name(int(wrong[0]))}{more}; a check "
                "needs finite numbers."
            )
        return vector

    def lines(self, value: Callable[[Any], Any], derivatives: list[Derivative]) -> Iterator[Line]:
        """Yields a line for each derivative and source; raises AssertionError at the first that is wrong."""
        worst: dict[tuple[int, int], tuple[int, Outcome]] = {}
        for source, part in enumerate(self.inputs.parts):
            coordinates = np.arange(part.start, part.stop)
            sets = [coordinates[[k]] for k in range(coordinates.size)] if coordinates.size <= FEW else [coordinates]
            for chosen in sets:
                direction = self.direction(chosen, 0)
                slopes = self.slopes(value, direction, False)
                for number, derivative in enumerate(derivatives):
                    outcome = self.compared(derivative, direction, slopes)
                    if outcome is None or outcome.fails or outcome.doubtful:
                        outcome = self.judged(value, derivative, chosen)
                    if outcome.fails or outcome.doubtful:
                        self.blame(value, derivative, chosen, outcome)
                    count, known = worst.get((number, source), (0, outcome))
                    greatest = outcome if outcome.excess > known.excess else known
                    worst[number, source] = (count + 1, greatest)
        for (number, source), (count, outcome) in sorted(worst.items()):
            yield Line(derivatives[number].name, self.inputs.names[source], count, outcome.error, outcome.bound)

    def judged(self, value: Callable[[Any], Any], derivative: Derivative, chosen: Any) -> Outcome:
        """A derivative beside careful differences at two scales: well if it fits at one of them, and not by doubt."""
        found = []
        for scale in (0, 1):
            direction = self.direction(chosen, scale)
            outcome = self.compared(derivative, direction, self.slopes(value, direction, True))
            if outcome is not None:
                if not outcome.fails and not outcome.doubtful:
                    return outcome
                found.append(outcome)
        if not found:
            raise AssertionError(
                f"{self.name} cannot be checked at {self.inputs.name(int(chosen[0]))}: beside x it gives no finite "
                "numbers."
            )
        return next((outcome for outcome in found if outcome.fails), found[0])

    def direction(self, chosen: Any, scale: int) -> Any:
        """A direction that moves the chosen coordinates, at one of two scales."""
        direction = np.zeros(self.at.size)
        direction[chosen] = self.scales[scale][chosen]
        if chosen.size > 1:
            direction[chosen] *= self.rng.choice([-1.0, 1.0], chosen.size) * self.rng.uniform(0.5, 1.0, chosen.size)
        # What the sources' dtypes hold of it: derivatives are asked for the same direction as differences.
        return self.inputs.vector(self.inputs.arrays(direction))

    def slopes(self, value: Callable[[Any], Any], direction: Any, careful: bool) -> Slopes:
        """The finite differences of `value` along a direction."""
        return around(lambda t: value(self.at + t * direction), self.epsilon, self.tolerance, careful)

    def compared(self, derivative: Derivative, direction: Any, slopes: Slopes) -> Outcome | None:
        """A derivative beside the finite difference; None if there is no difference."""
        if not slopes.steps:
            return None
        given = derivative.along(direction)
        difference, doubt = slopes.settled(derivative.project)
        if not difference.size:
            return Outcome(0.0, 0.0, 0.0, 0.0, False, 0, direction, False)
        found = np.zeros_like(difference) if given is None else given
        error = np.abs(found - difference)
        common = float(np.sqrt(np.mean(difference**2)))
        size = np.maximum(np.maximum(np.abs(found), np.abs(difference)), common)
        bound = self.tolerance * size + 3.0 * doubt + self.least + derivative.least
        doubtful = bool(np.any(3.0 * doubt > 0.3 * size + 1e3 * self.epsilon))
        worst = int(np.argmax(error / np.maximum(bound, 1e-300)))
        if doubtful and not np.any(error > bound):
            worst = int(np.argmax(doubt))
        return Outcome(
            float(found[worst]),
            float(difference[worst]),
            float(error[worst]),
            float(bound[worst]),
            doubtful,
            worst,
            direction,
            given is None,
        )

    def blame(self, value: Callable[[Any], Any], derivative: Derivative, chosen: Any, outcome: Outcome) -> None:
        """Raises AssertionError for what does not fit, with the number of `x` where; returns if it is only noise."""
        while outcome.fails and chosen.size > 1:
            parts = np.array_split(chosen, chosen.size if chosen.size <= MANY else 2)
            tried = [(part, self.judged(value, derivative, part)) for part in parts]
            part, worst = max(tried, key=lambda each: each[1].excess)
            if not worst.fails:
                break
            chosen, outcome = part, worst
        first = int(chosen[0])
        where, unit = self.inputs.name(first), abs(float(outcome.direction[first]))
        if chosen.size > 1:
            source = next(k for k, part in enumerate(self.inputs.parts) if part.start <= first < part.stop)
            where, unit = f"{self.inputs.names[source]}, in a random direction", 1.0
        elif outcome.fails:
            derivative, outcome = self.narrowed(value, derivative, chosen, outcome)
        at = derivative.part(outcome.worst)

        def moved(t: float) -> float:
            return float(derivative.project(value(self.at + t * outcome.direction))[outcome.worst])

        broken = kink(moved, self.epsilon)
        if broken is not None:
            left, right = broken.left / unit, broken.right / unit
            sides = f", with slope {left:.4g} to the left and {right:.4g} to the right" if isfinite(left) else ""
            raise AssertionError(
                f"{derivative.name} of {self.name} cannot be checked at {where}{at}: there is a {broken.what}{sides} "
                f"(found {outcome.found / unit:.4g}). Check it at another point."
            )
        if not outcome.fails:
            return
        if not straight(moved, outcome.difference, self.epsilon):
            raise AssertionError(
                f"{derivative.name} of {self.name} cannot be checked at {where}{at}: the differences do not settle, as "
                f"with oscillations too fast for their steps (found {rounded(outcome.found / unit)})."
            )
        lost = (
            " No derivative arrives there, but the function moves: something cuts the path, as stop_gradient, "
            "`.numpy()` or a gradient of None do."
        )
        raise AssertionError(
            f"{derivative.name} of {self.name} is wrong at {where}{at}: found {rounded(outcome.found / unit)}, finite "
            f"difference {rounded(outcome.difference / unit)} (error {outcome.error / unit:.2g}, allowed "
            f"{outcome.bound / unit:.2g}).{lost if outcome.missing or outcome.found == 0.0 else ''}"
        )

    def narrowed(
        self, value: Callable[[Any], Any], derivative: Derivative, chosen: Any, outcome: Outcome
    ) -> tuple[Derivative, Outcome]:
        """Returns what fails in the derivative of one result, where there are a few: easier to read than a sum."""
        if derivative.name != "vjp" or not 1 < self.weights.size <= MANY:
            return derivative, outcome
        weights, tried = self.weights, []
        for place in range(weights.size):
            self.weights = np.eye(weights.size)[place]
            single = self.vjp()._replace(part=partial(self.of_one, place))
            tried.append((single, self.judged(value, single, chosen)))
        self.weights = weights
        worst = max(tried, key=lambda each: each[1].excess)
        return worst if worst[1].fails else (derivative, outcome)


def require_one_point(what: str, tensor: Tensor) -> None:
    """Raises TypeError for a tensor that stands for many at once, as those inside of vectorized_map do."""
    if isinstance(tensor, Carrier):
        raise NoSingleValue(f"A check is made at one point; {what} is {tensor.what}: make it outside of the map.")
