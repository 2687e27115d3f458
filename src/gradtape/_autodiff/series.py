"""Taylor series as values of tensors: the coefficients of a tensor that moves along a line, and how they come about.

The program's own operations are computed to the last order at once: nothing is put off that a long program could pile
up. What a derivative rule makes on the way is lazy, and goes when the operation is done.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from itertools import count
from typing import Any

import numpy as np

from gradtape._autodiff.backward import missing_rule
from gradtape._autodiff.matrix_recursions import MATRIX_RULES
from gradtape._autodiff.recursions import RULES, Coefficient, Step, applied, times, zeros
from gradtape._core.op import NOT_WRITTEN, OPS, ZERO, Op, Rule
from gradtape._core.tensor import Carried, Carrier, Tensor, make_tensor

HELP = "Use operations of tensors; comparisons work (`if x > 0.0`), and tf.stop_gradient(x) gives the value alone."
_levels = count()
RULES.update(MATRIX_RULES)


class Expansion:
    """One call of `taylor`: how far it goes, and its place among those that are nested."""

    __slots__ = ("level", "order")

    def __init__(self, order: int) -> None:
        self.order = order
        self.level = next(_levels)


class Series(Carried):
    """The coefficients of a tensor that moves; those that are not known yet are computed when they are asked for."""

    __slots__ = ("coefficients", "compute", "derived", "dtype", "expansion", "ndim", "shape", "size")

    def __init__(self, expansion: Expansion, head: Tensor, compute: Callable[[int], Coefficient] | None) -> None:
        self.expansion = expansion
        self.coefficients: list[Any] = [head]
        # What gives the next one; None once all are there, so that nothing is held that is not needed.
        self.compute = compute
        self.derived: Series | None = None
        value = head._value
        self.shape, self.dtype, self.ndim, self.size = value.shape, value.dtype, value.ndim, value.size

    def coefficient(self, k: int) -> Coefficient:
        """Returns the coefficient of order `k`, None for 0."""
        known = self.coefficients
        while len(known) <= k:
            assert self.compute is not None
            known.append(self.compute(len(known)))
        return known[k]

    @property
    def still(self) -> bool:
        """True if it is known not to move."""
        return self.compute in (None, nothing) and all(each is None for each in self.coefficients[1:])

    @property
    def sizes(self) -> dict[int, int]:
        """The sizes of the batches that coefficients are of, by level."""
        found: dict[int, int] = {}
        for each in self.coefficients:
            found.update(getattr(getattr(each, "_value", None), "sizes", {}))
        return found

    def mapped(self, function: Callable[[Tensor], Tensor]) -> Series:
        """Returns the series of a linear function of it, which maps tensors to tensors."""

        def compute(k: int) -> Coefficient:
            found = self.coefficient(k)
            return None if found is None else function(found)

        known = [None if each is None else function(each) for each in self.coefficients]
        head: Any = known[0]
        series = Series(self.expansion, head, self.compute if self.compute in (None, nothing) else compute)
        series.coefficients = known
        return series

    def __getattr__(self, name: str) -> Any:
        # What an array has and a series lacks is asked for where its numbers are to be read.
        kind = AttributeError if name.startswith("_") else TypeError
        raise kind(f"A Taylor series has no {name!r}: its value is needed as a number or an array here. {HELP}")

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if function in (np.zeros_like, np.ones_like) and args and args[0] is self:
            make = np.zeros if function is np.zeros_like else np.ones
            return make(self.shape, kwargs.get("dtype") or self.dtype)
        if function is np.broadcast_to:
            return OPS["broadcast_to"].function(make_tensor(self), tuple(args[1]))._value
        raise TypeError(f"numpy.{function.__name__} cannot read a Taylor series. {HELP}")

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **keywords: Any) -> Any:
        if ufunc in (np.isfinite, np.isnan, np.isinf) and method == "__call__":
            return ufunc(self.coefficients[0]._value, **keywords)
        raise TypeError(f"numpy.{ufunc.__name__} cannot read a Taylor series. {HELP}")


class SeriesTensor(Carrier):
    """A tensor whose value is a `Series`."""

    __slots__ = ()
    priority = 2
    what = "a Taylor series"

    @staticmethod
    def run(op: Op, tensors: list[Tensor], params: dict[str, Any]) -> Any:
        """Returns the series of the results of `op`; arrays where it has no derivative, as comparisons have none."""
        # The innermost expansion comes first: to it, the coefficients of those around it are tensors like others.
        expansion = max((each._value.expansion for each in tensors if type(each) is SeriesTensor), key=by_level)
        frame = FRAMES.open.get(expansion)
        if frame is not None:
            values = frame.results(op, tensors, params)
        else:
            frame = FRAMES.open[expansion] = Frame(expansion)
            try:
                values = frame.results(op, tensors, params)
                for value in values:
                    if isinstance(value, Series):
                        value.coefficient(expansion.order)
            finally:
                del FRAMES.open[expansion]
                frame.close()
        return values if op.outputs else values[0]

    def _refuse(self, *arguments: Any, **keywords: Any) -> Any:
        raise TypeError(
            f"A tensor of shape {list(self._value.shape)} is a Taylor series here: as a number or an array it would "
            f"lose its derivatives. {HELP}"
        )

    __bool__ = __int__ = __float__ = __complex__ = __index__ = __array__ = __dlpack__ = numpy = _refuse


Series.carrier = SeriesTensor


def by_level(expansion: Expansion) -> int:
    """The place of an expansion among those that are nested."""
    return expansion.level


def nothing(k: int) -> Coefficient:
    """The coefficients of what does not move."""
    return None


class _Frames(threading.local):
    """For each expansion, the operation whose coefficients this thread is computing."""

    def __init__(self) -> None:
        self.open: dict[Expansion, Frame] = {}


FRAMES = _Frames()


class Frame:
    """One operation of the program, and the series that its rule and the rules of these need: lazy, and made once.

    The derivative of a sine is made of a cosine, and that of a sine again: they have to find each other, or every order
    would make new ones.
    """

    def __init__(self, expansion: Expansion) -> None:
        self.expansion = expansion
        self.made: list[Series] = []
        self.steps: list[Step] = []
        self.known: dict[Any, Any] = {}

    def close(self) -> None:
        """Cuts what holds the series in circles, so that arrays are freed at once."""
        for series in self.made:
            series.compute = series.derived = None
        for step in self.steps:
            step.close()
        self.steps.clear()
        self.known.clear()

    def new(self, head: Tensor, compute: Callable[[int], Coefficient]) -> Series:
        """Returns a new series."""
        series = Series(self.expansion, head, compute)
        self.made.append(series)
        return series

    def constant(self, tensor: Tensor) -> Tensor:
        """Returns a tensor as one that is carried here and does not move: what follows it follows its coefficient."""
        key = "constant", id(tensor)
        if key not in self.known:
            self.known[key] = Series(self.expansion, tensor, nothing)
        return make_tensor(self.known[key])

    def slope(self, series: Series) -> Series:
        """Returns the series of the derivative."""
        if series.derived is None:
            first = series.coefficient(1) if series.compute or len(series.coefficients) > 1 else None
            slope = self.new(
                zeros(series) if first is None else first, lambda k: times(series.coefficient(k + 1), k + 1)
            )
            if series.compute is None:
                slope.coefficients += [times(each, k) for k, each in enumerate(series.coefficients[2:], start=2)]
            series.derived = slope
        return series.derived

    def series_of(self, tensor: Tensor) -> Series | None:
        """Returns the series that a tensor carries in this expansion, None for a constant."""
        value = tensor._value
        return value if type(value) is Series and value.expansion is self.expansion else None

    def results(self, op: Op, tensors: list[Tensor], params: dict[str, Any]) -> list[Any]:
        """Returns the values of the results of `op`, the same ones for the same inputs."""
        key = (op, tuple(map(name_of, tensors)), *params.items())
        try:
            found = self.known.get(key)
        except TypeError:
            return self.computed(op, tensors, params)
        if found is None:
            # The inputs are kept as well: a key holds their identities.
            found = self.known[key] = self.computed(op, tensors, params), tensors
        values: list[Any] = found[0]
        return values

    def computed(self, op: Op, tensors: list[Tensor], params: dict[str, Any]) -> list[Any]:
        """Returns the values of the results of `op`: its first coefficients, and how to find the others."""
        own: list[Any] = [self.series_of(each) for each in tensors]
        heads = [each if series is None else series.coefficients[0] for each, series in zip(tensors, own, strict=True)]
        result = applied(op, heads, params)
        outs: list[Tensor] = result if op.outputs else [result]
        if not any(isinstance(rule, Rule) or rule in (ZERO, NOT_WRITTEN) for rule in op.rules.values()):
            return [out._value for out in outs]
        for position, series in enumerate(own):
            name = op.inputs[0 if op.variadic else position]
            if series is not None and op.rules[name] is NOT_WRITTEN:
                raise missing_rule(op, name)
            if series is not None and (series.still or not isinstance(op.rules[name], Rule)):
                own[position] = None
        if not any(own):
            return [Series(self.expansion, out, nothing) for out in outs]
        step = Step(self, op, tensors, heads, own, params)
        self.steps.append(step)
        step.outs = [self.new(out, step.finder(position)) for position, out in enumerate(outs)]
        return step.outs


def name_of(tensor: Tensor) -> Any:
    """Returns what a tensor is known by: numbers, which rules write anew, by their value; all others are themselves."""
    value = tensor._value
    if type(tensor) is Tensor and not value.ndim and tensor._tape is None:
        return value.dtype, value.tobytes()
    return id(value if type(value) is Series else tensor)
