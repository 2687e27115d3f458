"""Calls of whole functions as one record: what tapes and accumulators are told in the place of an operation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradtape._core.op import Rule
from gradtape._core.slices import IndexedSlices
from gradtape._core.tensor import make_tensor


class CallRule(Rule):
    """The rule of a user's function: called with a list of cotangents, gives one for each input, or None."""

    __slots__ = ()

    def __init__(self, function: Callable[[list[Any]], list[Any]]) -> None:
        self.function = function
        self.residuals = ()

    def read(self, meaning: Any) -> Callable[..., Any]:
        """The rule for values: the user's function sees tensors all the same."""

        def on_arrays(g: list[Any]) -> list[Any]:
            found = self.function([None if each is None else make_tensor(each) for each in g])
            return [each if each is None or isinstance(each, IndexedSlices) else each._value for each in found]

        return on_arrays


class CallRecord:
    """What the engine reads of an operation, for one call of a user's function: its rule and nothing more."""

    family = "primitive"
    inputs = ("arguments",)
    params = ()
    holomorphic = False
    variadic = outputs = True
    jvp = None
    # Whether the rule is given zeros for results without a cotangent; else None.
    whole = True

    def __init__(self, name: str, pull: Callable[[list[Any]], list[Any]], whole: bool = True) -> None:
        self.name = name
        self.whole = whole
        self.rules = {"arguments": CallRule(pull)}
