"""Finite differences: slopes of a function along a line at several steps, how far to trust them, and kinks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

# At so many steps differences are taken, each half of the one before.
HALVINGS = 9


def first_step(epsilon: float) -> float:
    """Returns the largest step; the best one for a difference of fourth order is about epsilon ** 0.2, below it."""
    return min(0.125, 12.0 * epsilon**0.2)


class Slopes:
    """Central differences of fourth order at falling steps, and the size of what they are differences of."""

    def __init__(self, epsilon: float) -> None:
        self.epsilon = epsilon
        self.steps: list[float] = []
        self.found: list[Any] = []
        self.size: Any = 0.0

    def settled(self, project: Callable[[Any], Any]) -> tuple[Any, Any]:
        """Returns the difference to trust most, of what `project` makes of the function, and how far to trust it.

        The steps are compared with one another: a difference at a large step suffers from higher derivatives, at a
        small one from rounding, and is far from its neighbour in both cases.
        """
        values = [project(each) for each in self.found]
        size = np.abs(project(self.size)) if np.ndim(self.size) else self.size
        choices = []
        for k, (step, value) in enumerate(zip(self.steps, values, strict=True)):
            # The neighbour before tells of higher derivatives, the one after of noise.
            apart = 0.5 * np.abs(value - values[k - 1]) if k else np.abs(value)
            if k + 1 < len(values):
                apart = np.maximum(apart, 0.5 * np.abs(values[k + 1] - value))
            rounding = 4.0 * self.epsilon * size / step
            common = float(np.sqrt(np.mean(apart**2))) if apart.size else 0.0
            doubt = np.maximum(apart, 0.1 * common) + rounding
            choices.append((float(np.sum(doubt)), k, value, doubt))
        _, _, value, doubt = min(choices, key=lambda each: each[:2])
        return value, doubt


def around(function: Callable[[float], Any], epsilon: float, tolerance: float, careful: bool) -> Slopes:
    """Returns the slopes of `function`, of one number, at 0; it gives a vector.

    Args:
        function: called with steps of about 0.03 and less.
        epsilon: the precision of what it gives.
        tolerance: two slopes that agree to a small part of this are enough.
        careful: whether to take all steps, and others than before.
    """
    slopes = Slopes(epsilon)
    step = first_step(epsilon) * (0.7 if careful else 1.0)
    high, low = function(2.0 * step), function(-2.0 * step)
    with np.errstate(all="ignore"):
        outer = high - low
    for _ in range(HALVINGS):
        high, low = function(step), function(-step)
        with np.errstate(all="ignore"):
            inner = high - low
            slope = (8.0 * inner - outer) / (12.0 * step)
            slopes.size = np.maximum(slopes.size, np.maximum(np.abs(high), np.abs(low)))
        if np.all(np.isfinite(slope)):
            slopes.steps.append(step)
            slopes.found.append(slope)
            if not careful and len(slopes.found) > 1:
                apart = np.abs(slope - slopes.found[-2])
                if np.sum(apart) <= 0.02 * tolerance * np.sum(np.abs(slope)):
                    break
        outer = inner
        step /= 2.0
    return slopes


def straight(function: Callable[[float], float], slope: float, epsilon: float) -> bool:
    """True if a function of one number moves by `slope` close to 0, or little beside its size.

    The steps that differences are taken at are halves of one another; in a fast oscillation the slopes there differ, or
    agree by chance, and these steps, which are no such parts, show it.
    """
    middle, least = function(0.0), first_step(epsilon) / 2.0**HALVINGS
    moved = [(step * least, function(step * least)) for step in (-0.83, -0.61, 0.37, 0.71)]
    size = max(abs(middle), *(abs(value) for _, value in moved))
    return all(abs(value - middle - slope * t) <= max(1e-3, 10.0 * epsilon) * size for t, value in moved)


class Break(NamedTuple):
    """A place where a function has no derivative: a kink or a jump, and the slopes on both sides."""

    what: str
    left: float
    right: float


def kink(function: Callable[[float], float], epsilon: float) -> Break | None:
    """Returns what is broken at 0 in a function of one number, None if it is smooth as far as can be seen.

    The values and the slopes on both sides are compared at several steps: in a smooth function they come together, at a
    jump the values stay apart, at a kink the slopes.
    """
    middle = function(0.0)
    steps = [factor * epsilon**0.25 for factor in (2.0, 1.0, 0.5, 0.25)]
    slopes, leaps = [], []
    for step in steps:
        high, low = function(step), function(-step)
        right = (4.0 * high - function(2.0 * step) - 3.0 * middle) / (2.0 * step)
        left = -(4.0 * low - function(-2.0 * step) - 3.0 * middle) / (2.0 * step)
        slopes.append((left, right))
        leaps.append(high - low)
    size = epsilon * max(abs(middle), abs(high), abs(low))
    if steady(leaps) and abs(leaps[-1]) > 50.0 * size:
        return Break("jump", float("nan"), float("nan"))
    left, right = slopes[-1]
    seen = abs(right - left) > 20.0 * size / steps[-1] + 0.02 * max(abs(left), abs(right))
    return Break("kink", left + 0.0, right + 0.0) if seen and steady([b - a for a, b in slopes]) else None


def steady(numbers: list[float]) -> bool:
    """True for numbers of one sign and about one size, as neither rounding nor a smooth function gives them."""
    sizes = [abs(number) for number in numbers]
    return len({number > 0 for number in numbers}) == 1 and 0.0 < 0.6 * max(sizes) <= min(sizes)


def rounded(number: float) -> float:
    """Returns a number to seven digits."""
    return float(f"{number:.7g}")


def typical(numbers: Any) -> Any:
    """Returns how far to move each of several numbers: as far as it is from 0, small ones a part of the others."""
    if not numbers.size:
        return numbers
    common = float(np.sqrt(np.mean(numbers**2)))
    return np.maximum(np.abs(numbers), 0.01 * common if common else 1.0)
