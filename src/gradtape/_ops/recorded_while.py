"""`while_loop` in a function that is recorded: what is handed over to be one step of it, and what comes back."""

from __future__ import annotations

from typing import Any

from gradtape._core import nest
from gradtape._core.conversion import convert
from gradtape._core.tensor import Tensor
from gradtape._core.tracking import LOOPS
from gradtape._ops.tensor_array import TensorArray


def recorded_while(cond: Any, turn: Any, now: Any, most: int | None) -> tuple[bool, int, Any]:
    """Makes a loop one step of the function that is recorded, as far as it can be.

    Returns whether the loop is over, how many turns were, and the variables after them.
    """
    leaves = nest.flatten([*now])
    counters = any(type(each) is int for each in leaves)
    arrays = [each if isinstance(each, TensorArray) else None for each in leaves]
    if not LOOPS or not all(
        isinstance(each, Tensor) or type(each) is int if array is None else array._can_be_one()
        for each, array in zip(leaves, arrays, strict=True)
    ):
        return False, 0, now
    last = now

    def filled(form: Any, carry: list[Any]) -> Any:
        parts = [each if array is None else array._as_one(each) for each, array in zip(carry, arrays, strict=True)]
        return nest.pack_sequence_as(form, parts)

    def taken(form: Any) -> Any:
        # The arrays that the loop began with: what writes to an array returns the array itself.
        parts = nest.flatten(form)
        return nest.pack_sequence_as(
            form, [each if own is None else own._take(each) for each, own in zip(parts, arrays, strict=True)]
        )

    def step(carry: list[Any], rows: Any) -> tuple[list[Any], list[Any]]:
        nonlocal last
        last = turn(filled([*now], carry))
        return [each.stack() if isinstance(each, TensorArray) else each for each in nest.flatten([*last])], []

    carry = [convert(each) if array is None else array.stack() for each, array in zip(leaves, arrays, strict=True)]
    found = LOOPS[0](step, lambda carry: cond(*filled([*now], carry)), carry, [], most, False, counters)
    if found is None:
        return False, 0, now
    over, turns, carry, _ = found
    if carry is None:
        return over, turns, taken(last) if turns else now
    return over, turns, taken(filled(last, carry))
