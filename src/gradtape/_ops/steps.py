"""Functions of arrays as single steps: a recorded function calls them whole, and nothing in them is a guard."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import numpy as np

from gradtape._core import nest
from gradtape._core.conversion import convert
from gradtape._core.tensor import Carrier, Tensor, make_tensor
from gradtape._core.tracking import RECORDING, performed

P = ParamSpec("P")
R = TypeVar("R")


def one_step(
    name: str, kind: str = "pure", form: Callable[..., Any] | None = None, varies: bool = False
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Declares a function of tensors that a recorded function calls in one step; no gradient flows through it.

    Args:
        name: what the step is called.
        kind: `pure` if the result follows from the arguments, `source` if numbers are drawn, `effect` if there is none.
        form: makes the result of its tensors where it is not a single one; takes them as arguments.
        varies: whether the shape of the result follows from the values of the arguments: it is a guard then.

    Returns:
        A decorator. Where nothing is recorded the function is called as it is.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            if RECORDING.recorder is None:
                return function(*args, **kwargs)
            return in_one_step(function, name, kind, form, varies, (args, kwargs))

        return call

    return decorate


def in_one_step(function: Any, name: str, kind: str, form: Any, varies: bool, given: Any) -> Any:
    """Calls a function in one step of the program that is recorded; for the arguments see `one_step`."""
    leaves = nest.flatten(given, expand_composites=True)
    places = [place for place, leaf in enumerate(leaves) if is_recorded(leaf)]
    if not places and kind == "pure":
        return function(*given[0], **given[1])
    maps, inputs = RECORDING.maps, [convert(leaves[place]) for place in places]
    # The program keeps what is no input alone: it outlives the tensors of this call.
    structure = nest.map_structure(hollow, given)
    for place in places:
        leaves[place] = None
    count, names = len(given[0]), sorted(given[1])
    tops = [*given[0], *[given[1][name] for name in names]]
    # Where no tensor is a part of an argument, nothing is to be put together in a call.
    flat = len(places) == sum(map(is_recorded, tops)) and not any(
        hasattr(each, "_components") for each in nest.flatten(given)
    )
    if flat:
        places = [place for place, each in enumerate(tops) if is_recorded(each)]
        leaves = [None if is_recorded(each) else nest.map_structure(lambda leaf: leaf, each) for each in tops]

    def run(*arrays: Any) -> list[Any]:
        filled = [*leaves]
        for place, array in zip(places, arrays, strict=True):
            filled[place] = make_tensor(array)
        if flat:
            args, kwargs = filled[:count], dict(zip(names, filled[count:], strict=True))
        else:
            args, kwargs = nest.pack_sequence_as(structure, filled, expand_composites=True)
        with unrecorded(maps):
            result = function(*args, **kwargs)
        if kind == "effect":
            return []
        parts = [result] if type(result) is Tensor else nest.flatten(result, expand_composites=True)
        return [convert(each)._value for each in parts]

    parts = performed(name, run, inputs, kind, outputs=True)
    if kind == "effect":
        return None
    if varies and places and all(type(part._value.value) is np.ndarray for part in parts):
        RECORDING.recorder.judge("shape", shapes_of, [part._value for part in parts])
    return parts[0] if form is None else form(*parts)


class Hollow:
    """Stands for a sparse tensor, or for rows of a gradient, in the form of arguments, without its parts."""

    __slots__ = ("_shape", "count", "kind")

    def __init__(self, kind: Any, count: int, shape: Any) -> None:
        self.kind, self.count, self._shape = kind, count, shape

    def _components(self) -> list[None]:
        return [None] * self.count

    def _with_components(self, parts: list[Any]) -> Any:
        return self.kind._with_components(self, parts)


def hollow(leaf: Any) -> Hollow | None:
    """Returns what stands for a leaf in the form of arguments."""
    if not hasattr(leaf, "_components"):
        return None
    return Hollow(type(leaf), len(leaf._components()), getattr(leaf, "_shape", None))


def is_recorded(leaf: Any) -> bool:
    """True for a tensor of the function that is recorded, and for a variable, which it reads."""
    if isinstance(leaf, Carrier):
        return leaf.what == "recorded"
    return RECORDING.recorder is not None and hasattr(leaf, "_read")


def asked(name: str, test: Callable[[Any], Any], tensor: Tensor) -> Any:
    """Returns what a test says of a tensor's array: the program that is recorded holds for this answer alone.

    Of a batch the test gets the array with all of its rows; None where an interpreter follows no values.
    """
    value = tensor._value
    if not is_recorded(tensor):
        return test(value if type(value) is np.ndarray else value.array) if known(value) else None
    if type(value.value) is np.ndarray:
        return value.read(name, test)
    if not known(value.value):
        return None
    found: Any = performed(name, lambda batch: np.asarray(test(batch.array)), [tensor], "pure")
    return found._value.read(name, np.ndarray.item)


def known(value: Any) -> bool:
    """True for an array and for a batch, of which Python can see the numbers."""
    return type(value) is np.ndarray or (hasattr(type(value), "array") and value.array is not None)


def all_true(array: Any) -> bool:
    """Returns whether no element of an array is false."""
    return bool(array.all())


def any_true(array: Any) -> bool:
    """Returns whether an element of an array is true."""
    return bool(array.any())


def all_finite(array: Any) -> bool:
    """Returns whether no element of an array is inf or nan."""
    return bool(np.isfinite(array).all())


def shapes_of(*arrays: Any) -> tuple[tuple[int, ...], ...]:
    """Returns the shapes of arrays."""
    return tuple([array.shape for array in arrays])


@contextmanager
def unrecorded(maps: Any = ()) -> Iterator[None]:
    """A block in which nothing is recorded, inside of maps that ran before."""
    kept = RECORDING.tapes, RECORDING.recorder, RECORDING.maps
    RECORDING.tapes, RECORDING.recorder, RECORDING.maps = (), None, maps
    try:
        yield
    finally:
        RECORDING.tapes, RECORDING.recorder, RECORDING.maps = kept
