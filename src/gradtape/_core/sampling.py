"""Test inputs, declared beside each operation: shapes, ranges and parameters that the laws run on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import product
from typing import Any

import numpy as np

Shape = tuple[int, ...]


class Values:
    """What to fill one input with: numbers of `low` to `high`, whole ones or bools where `kind` says so.

    Args:
        low: the least number.
        high: the bound above it.
        kind: `"inexact"` for numbers of the dtype that is tested; `"index"` for whole ones (int32), `"bool"` for bools.
        distinct: whether the numbers of an array differ by a margin, so that each maximum and each order stays what it
            is when a number is moved a little.

    >>> import numpy as np
    >>> from gradtape import op
    >>> index = op.Values(0, 3, kind="index").array((2, 2), np.float64, np.random.default_rng(0))
    >>> index.dtype, index.shape, bool((index < 3).all())
    (dtype('int32'), (2, 2), True)
    """

    __slots__ = ("distinct", "high", "kind", "low")

    def __init__(self, low: float = -2.0, high: float = 2.0, kind: str = "inexact", distinct: bool = False) -> None:
        if low > high:
            raise ValueError(f"low is above high: {low} and {high}. The numbers to test with lie between the two.")
        self.low, self.high, self.kind, self.distinct = low, high, kind, distinct

    def array(self, shape: Shape, dtype: Any, generator: np.random.Generator) -> Any:
        """Returns an array of `shape`, of `dtype` where the input is differentiable, else of its own kind."""
        if self.kind == "bool":
            return generator.random(shape) < 0.5
        if self.kind == "index":
            return generator.integers(int(self.low), int(self.high), shape).astype(np.int32)
        if self.distinct:
            # Numbers that differ by a margin, so that a maximum has one place and a small step does not move it.
            count = int(np.prod(shape))
            flat = np.linspace(self.low, self.high, count + 1)[:count]
            return generator.permutation(flat).reshape(shape).astype(dtype)
        array = generator.uniform(self.low, self.high, shape)
        if np.dtype(dtype).kind == "c":
            array = array + 1j * generator.uniform(0.1, 1.0, shape)
        return np.asarray(array, dtype)


class Sample:
    """One way to call an operation: the inputs' shapes and values, and the parameters.

    Args:
        shapes: a shape for each input; a list of shapes for an input that is a list.
        values: for each input, its `Values`.
        params: the other parameters by name.

    >>> import numpy as np
    >>> from gradtape import op
    >>> sample = op.Sample(((2, 3), (3,)), (op.Values(), op.Values(0.5, 2.0)), {"axis": -1})
    >>> print(sample)
    (2, 3), (3,), axis=-1
    >>> [(each.shape, each.dtype.name) for each in sample.inputs(np.float32)]
    [((2, 3), 'float32'), ((3,), 'float32')]
    """

    __slots__ = ("params", "shapes", "values")

    def __init__(
        self, shapes: tuple[Any, ...], values: tuple[Values, ...], params: dict[str, Any] | None = None
    ) -> None:
        self.shapes, self.values, self.params = shapes, values, params or {}

    def inputs(self, dtype: Any, seed: int = 0) -> list[Any]:
        """Returns the inputs as arrays, the same ones for the same seed; a list of shapes gives a list of arrays."""
        generator = np.random.default_rng(seed)
        return [
            [values.array(each, dtype, generator) for each in shape]
            if isinstance(shape, list)
            else values.array(shape, dtype, generator)
            for shape, values in zip(self.shapes, self.values, strict=True)
        ]

    def __str__(self) -> str:
        shown = [f"{name}={value}" for name, value in self.params.items()]
        return ", ".join([*map(str, self.shapes), *shown])


class Samples(Sequence[Sample]):
    """A list of samples that is made when the laws read it: an import pays for none.

    It is what `singles`, `pairs` and `arrays` return; such lists add up.

    Args:
        make: a function that returns the samples.

    >>> from gradtape import op
    >>> samples = op.arrays((3,), axis=[0, -1]) + op.Samples(lambda: [op.Sample(((2, 2),), (op.Values(),))])
    >>> [str(each) for each in samples]
    ['(3,), axis=0', '(3,), axis=-1', '(2, 2)']
    """

    __slots__ = ("_make",)

    def __init__(self, make: Callable[[], Iterable[Sample]]) -> None:
        self._make = make

    def __iter__(self) -> Iterator[Sample]:
        return iter(self._make())

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __getitem__(self, key: Any) -> Any:
        return Samples(lambda: [*self][key]) if isinstance(key, slice) else [*self][key]

    def __add__(self, other: Iterable[Sample]) -> Samples:
        return Samples(lambda: [*self, *other])

    def __radd__(self, other: Iterable[Sample]) -> Samples:
        return Samples(lambda: [*other, *self])


def singles(low: float = -2.0, high: float = 2.0) -> Samples:
    """Returns samples for an operation of one input, elementwise: no dimension, several, no element.

    Args:
        low: the least number to test with.
        high: the bound above it. Between the two the operation has to be smooth.

    Returns:
        A list of samples.

    >>> from gradtape import op
    >>> [str(each) for each in op.singles(0.5, 2.0)]
    ['()', '(3,)', '(2, 3)', '(0,)', '(2, 0, 3)']
    """
    return arrays((), (3,), (2, 3), (0,), (2, 0, 3), values=(Values(low, high),))


def pairs(
    low: float = -2.0, high: float = 2.0, second: tuple[float, float] | None = None, kind: str = "inexact"
) -> Samples:
    """Returns samples for an operation of two inputs, elementwise, with every way of broadcasting.

    Args:
        low: the least number to test with.
        high: the bound above it.
        second: the same two for the second input, where they are others.
        kind: what numbers they are, as for `Values`.

    Returns:
        A list of samples.

    >>> from gradtape import op
    >>> [str(each) for each in op.pairs()][:4]
    ['(), ()', '(3,), (3,)', '(2, 3), (3,)', '(), (2, 2)']
    """
    return arrays(
        ((), ()),
        ((3,), (3,)),
        ((2, 3), (3,)),
        ((), (2, 2)),
        ((2, 1), (1, 3)),
        ((4, 1, 2), (3, 1)),
        ((0,), (1,)),
        ((2, 0), (2, 1)),
        values=(Values(low, high, kind), Values(*(second or (low, high)), kind)),
    )


ORDINARY = Values()


def arrays(*shapes: Any, values: Sequence[Values] | Values = ORDINARY, **params: Sequence[Any]) -> Samples:
    """Returns samples for each of `shapes` (of the inputs) with each combination of the parameters' listed values.

    Args:
        *shapes: the shape of the one input; for several inputs a tuple of shapes, in which a list of shapes stands for
            an input that is a list.
        values: what to fill the inputs with: the same for all, or a list with one for each.
        **params: for each parameter of the operation, the values to test it with.

    Returns:
        A list of samples.

    >>> from gradtape import op
    >>> [str(each) for each in op.arrays((3,), (2, 3), axis=[0, -1])]
    ['(3,), axis=0', '(3,), axis=-1', '(2, 3), axis=0', '(2, 3), axis=-1']
    >>> [str(each) for each in op.arrays(((2, 3), (3,)))]
    ['(2, 3), (3,)']
    """

    def make() -> Iterator[Sample]:
        for shape in shapes:
            each = shape if isinstance(shape, tuple) and shape and isinstance(shape[0], (tuple, list)) else (shape,)
            filled = (values,) * len(each) if isinstance(values, Values) else tuple(values)
            for combination in product(*params.values()):
                yield Sample(each, filled, dict(zip(params, combination, strict=True)))

    return Samples(make)
