"""Laws of results: their shape, both ways to them, the inputs' layout in memory, dtypes that are refused."""

from __future__ import annotations

import numpy as np

from gradtape._autodiff.tape import GradientTape
from gradtape._core.dispatch import bind
from gradtape._core.tensor import make_tensor
from gradtape._testing.cases import (
    BOUNDS,
    Case,
    dense,
    directions,
    is_inexact,
    pulled,
    records_of,
    require,
    same_array,
    tensors_of,
    values_of,
)
from gradtape.errors import InvalidArgumentError


def shape_is_as_the_rule_says(case: Case, dtype: str) -> None:
    """The result has the shape that the shape rule foretells."""
    op = case.op
    if op is None or op.shape is None:
        return
    shapes = [array.shape for array in case.arrays]
    expected = op.shape(*([shapes] if op.variadic else shapes), **case.params())
    expected = [*map(tuple, expected)] if op.outputs else [tuple(expected)]
    actual = [each._value.shape for each in case.run(tensors_of(case.arrays))]
    require(actual == expected, f"the shape rule says {expected}, and the result is of {actual}")


def fast_path_is_the_general_door(case: Case, dtype: str) -> None:
    """Both paths give the same bits, for the result and for the gradient."""
    op = case.op
    if op is None:
        return
    fast = values_of(case.run(tensors_of(case.arrays)))
    result = bind(op, tensors_of(case.arrays), case.params())
    general = values_of(result if op.outputs else [result])
    for a, b in zip(fast, general, strict=True):
        require(a.dtype == b.dtype, f"the fast path's result is of {a.dtype}, the general door's of {b.dtype}")
        require(np.array_equal(a, b, equal_nan=a.dtype.kind in "fc"), f"the results are {a} and {b}")
    positions = case.moving()
    if not positions:
        return
    cotangents = directions([each for each in fast if each.dtype.kind in "fc"], 1)
    one = pulled(case, tensors_of(case.arrays), cotangents)
    tensors = tensors_of(case.arrays)
    sources = [tensors[k] for k in positions]
    with GradientTape() as tape, GradientTape() as second:
        for each in (tape, second):
            each.watch(sources)
        results = [each for each in case.run(tensors) if is_inexact(each)]
    doors = {record[0].__name__ for record in records_of(tape) if record is not None}
    require(doors <= {"pull_general", "pull_part"}, f"two tapes were recorded by a fast path: {doors}")
    two = tape.gradient(results, sources, cotangents, unconnected_gradients="zero")
    for k, a, b in zip(positions, one, map(dense, two), strict=True):
        same = np.array_equal(a._value, b._value, equal_nan=True)
        require(same, f"the gradients for {case.input_name(k)} are {a._value} and {b._value}")


def layout_does_not_matter(case: Case, dtype: str) -> None:
    """Transposed and strided inputs give the same result."""
    turned = [
        np.asfortranarray(array) if array.ndim > 1 else np.repeat(array, 2)[::2].reshape(array.shape)
        for array in case.arrays
    ]
    for a, b in zip(case.run(tensors_of(case.arrays)), case.run([make_tensor(each) for each in turned]), strict=True):
        if is_inexact(a):
            same_array(b._value, a._value, BOUNDS[dtype], "the results on strided inputs and on contiguous ones")
        else:
            require(np.array_equal(a._value, b._value), "the results on strided inputs differ from those on others")


def wrong_dtype_is_refused(case: Case, dtype: str) -> None:
    """Bools, where the operation takes none, raise an error that says so."""
    if case.op is None:
        return
    for k in range(len(case.arrays)):
        if np.dtype(bool) in case.op.types[0 if case.op.variadic else k]:
            continue
        bad = [array.astype(bool) if j == k else array for j, array in enumerate(case.arrays)]
        message = ""
        try:
            case.run(tensors_of(bad))
        except (InvalidArgumentError, TypeError, ValueError) as error:
            message = str(error)
        require("bool" in message, f"{case.input_name(k)} of dtype bool: {message or 'it was accepted'}")


LAWS = (shape_is_as_the_rule_says, fast_path_is_the_general_door, layout_does_not_matter, wrong_dtype_is_refused)
