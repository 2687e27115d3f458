"""What laws run on and speak in: one call of an operation, its derivatives, comparisons that say how far off."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradtape._autodiff.tape import GradientTape
from gradtape._core.conversion import convert
from gradtape._core.op import Op, Rule
from gradtape._core.sampling import Sample
from gradtape._core.tensor import Tensor, make_tensor

# How far two computations of one number may be apart, in units of the numbers that they are made of.
BOUNDS = {"float32": 2e-4, "float64": 1e-9, "complex128": 1e-9}
# The weights of a central difference of fourth order, by the number of steps.
CENTRAL = ((1, 2 / 3), (-1, -2 / 3), (2, -1 / 12), (-2, 1 / 12))
STEP = 1e-4


class NoTensorError(TypeError):
    """What was given to be checked is no function of tensors."""


@dataclass
class Case:
    """One call of one operation: its inputs as arrays, and how to run it on tensors."""

    op: Op | None
    function: Any
    sample: Sample
    arrays: list[Any]

    def run(self, tensors: list[Any]) -> list[Tensor]:
        """Calls the public function and returns its results as a list."""
        inputs = [tensors] if self.op is not None and self.op.variadic else tensors
        if self.op is None or self.op.signature[: len(inputs)] == self.op.inputs:
            result = self.function(*inputs, **self.sample.params)
        else:
            result = self.function(**dict(zip(self.op.inputs, inputs, strict=True)), **self.sample.params)
        results = list(result) if isinstance(result, (list, tuple)) else [result]
        for each in results:
            if not hasattr(each, "_value"):
                kind = "an array" if hasattr(each, "dtype") else f"a {type(each).__name__}"
                raise NoTensorError(f"{name_of(self.function)} returned {kind}, not a tensor.")
        return results

    def moving(self) -> list[int]:
        """The positions of the inputs that have derivatives."""
        return [
            k
            for k, array in enumerate(self.arrays)
            if array.dtype.kind in "fc"
            and (self.op is None or self.op.variadic or isinstance(self.op.rules[self.op.inputs[k]], Rule))
        ]

    def params(self) -> dict[str, Any]:
        """The parameters as the operation's body gets them."""
        op = self.op
        if op is None:
            return self.sample.params
        defaults = op.body.__defaults__ or ()
        names = [name for name in op.parameters if name not in op.keywords]
        given = {**dict(zip(names[len(names) - len(defaults) :], defaults, strict=True))}
        given |= {**(op.body.__kwdefaults__ or {}), **self.sample.params}
        return {name: op.as_params[name](given[name]) if name in op.as_params else given[name] for name in op.params}

    def input_name(self, position: int) -> str:
        """What to call an input in a message."""
        return f"input {position}" if self.op is None or self.op.variadic else f"input {self.op.inputs[position]!r}"

    def widened(self) -> Case:
        """The same case in double precision."""
        return Case(self.op, self.function, self.sample, [widened(array) for array in self.arrays])


def cases(op: Op | None, function: Any, samples: Iterable[Sample], dtype: str) -> Iterator[Case]:
    """Yields a case for each sample of an operation, or of a function of operations."""
    for number, sample in enumerate(samples):
        arrays: list[Any] = []
        for made in sample.inputs(dtype, seed=number):
            arrays += made if isinstance(made, list) else [made]
        yield Case(op, function, sample, arrays)


def name_of(function: Any) -> str:
    """Returns what to call a function in messages."""
    name: str = getattr(function, "__name__", None) or repr(function)
    return name


def widened(array: Any) -> Any:
    """An array of single precision in double precision; others as they are."""
    kind = {"f": np.float64, "c": np.complex128}.get(array.dtype.kind)
    return array if kind is None else array.astype(kind, copy=False)


def tensors_of(arrays: list[Any]) -> list[Tensor]:
    """Returns read-only copies as tensors: an operation that writes to its input fails."""
    result = []
    for array in arrays:
        copy = np.array(array)
        copy.flags.writeable = False
        result.append(make_tensor(copy))
    return result


def directions(arrays: list[Any], seed: int) -> list[Any]:
    """Returns a random array like each of `arrays`."""
    generator = np.random.default_rng(seed)
    result = []
    for array in arrays:
        direction = generator.standard_normal(array.shape)
        if array.dtype.kind == "c":
            direction = direction + 1j * generator.standard_normal(array.shape)
        result.append(np.asarray(direction, array.dtype))
    return result


def is_inexact(tensor: Tensor) -> bool:
    """True for floating-point and complex numbers."""
    return bool(tensor._value.dtype.kind in "fc")


def results_of(case: Case, tensors: list[Any]) -> list[Any]:
    """The floating-point results on `tensors`, as arrays."""
    return [each._value for each in case.run(tensors) if is_inexact(each)]


def differentiable_results(case: Case) -> list[Any]:
    """The floating-point results of a case, as arrays."""
    return results_of(case, tensors_of(case.arrays))


def pulled(case: Case, tensors: list[Any], cotangents: list[Any]) -> list[Any]:
    """Returns the cotangents of the moving inputs, as tensors; whatever follows the tensors follows these, too."""
    sources = [tensors[k] for k in case.moving()]
    with GradientTape() as tape:
        tape.watch(sources)
        results = [each for each in case.run(tensors) if is_inexact(each)]
    grads = tape.gradient(results, sources, output_gradients=cotangents, unconnected_gradients="zero")
    return [dense(each) for each in grads]


def records_of(tape: GradientTape) -> list[Any]:
    """The records of a tape that was not asked yet."""
    return [] if tape._tape is None else tape._tape.records


def dense(gradient: Any) -> Tensor:
    """A gradient as a tensor, that of a lookup too."""
    tensor: Tensor = gradient.dense() if hasattr(gradient, "dense") else convert(gradient)
    return tensor


def values_of(tensors: Iterable[Any]) -> list[Any]:
    """The arrays that tensors hold."""
    return [each._value for each in tensors]


def inner(a: list[Any], b: list[Any]) -> float:
    """The real inner product of two lists of arrays: Re Σ conj(a) b."""
    return float(sum(np.sum(np.conj(x) * y).real for x, y in zip(a, b, strict=True)))


def magnitude(arrays: list[Any]) -> float:
    """The sum of absolute values: what rounding errors are measured against."""
    return float(sum(np.abs(each).sum() for each in arrays))


def central(case: Case, moves: dict[int, Any], function: Callable[[list[Any]], list[Any]], weights: list[Any]) -> float:
    """The central difference of Re⟨weights, function⟩ along `moves`, by the inputs' positions, of fourth order."""
    total = 0.0
    for factor, weight in CENTRAL:
        moved = [
            np.asarray(array + factor * STEP * moves[k], array.dtype) if k in moves else array
            for k, array in enumerate(case.arrays)
        ]
        total += weight * inner(weights, function(tensors_of(moved)))
    return total / STEP


def require(holds: bool, message: str) -> None:
    """Raises AssertionError with `message` unless something holds."""
    if not holds:
        raise AssertionError(message)


def same_number(a: float, b: float, scale: float, bound: float, what: str) -> None:
    """Raises AssertionError unless two numbers agree to `bound` of the numbers they are made of."""
    limit = bound * (1.0 + abs(scale))
    if not abs(a - b) <= limit:
        raise AssertionError(f"{what}: {a:.9g} and {b:.9g} differ by {abs(a - b):.2g}, which is more than {limit:.1g}")


def same_array(a: Any, b: Any, bound: float, what: str) -> None:
    """Raises AssertionError unless two arrays agree element by element to `bound` of the numbers they are made of."""
    require(a.shape == b.shape, f"{what}: of shape {a.shape}, and of shape {b.shape}")
    if np.array_equal(a, b, equal_nan=True):
        return
    difference = np.abs(a - b)
    limit = bound * (1.0 + np.max(np.abs(b), initial=0.0))
    worst = np.unravel_index(np.argmax(difference), difference.shape)
    require(
        bool(difference[worst] <= limit),
        f"{what}: {a[worst]:.9g} and {b[worst]:.9g}{f' at {[*map(int, worst)]}' if worst else ''} differ by "
        f"{difference[worst]:.2g}, which is more than {limit:.1g}",
    )
