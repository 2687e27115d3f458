"""Batching rules of operations with two kinds of input, for which moving parameters past the batch axis is not enough.

Each is a rule as `_core/batches.py` describes it; the declarations name them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape._core.batches import call, size_of, whole
from gradtape._core.op import OPS
from gradtape._ops.parameters import Shape

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
Batched = list[bool]
Params = dict[str, Any]


def prefixed(key: Any) -> tuple[Any, ...]:
    """Returns what stands between brackets with the batch axis in front, which is taken as a whole."""
    return (slice(None), *key) if type(key) is tuple else (slice(None), key)


def past_brackets(op: Any, arrays: list[Any], batched: Batched, params: Params) -> Any:
    """The rule of `getitem` and of `place`."""
    changed = {"key": prefixed(params["key"])}
    if "shape" in params:
        changed["shape"] = (arrays[0].shape[0], *params["shape"])
    return call(op, arrays, changed)


def summed_behind(op: Any, arrays: list[Any], batched: Batched, params: Params) -> Any:
    """The rule of `sum_to`: the axes that the shape lacks come behind the batch axis."""
    size, *rest = arrays[0].shape
    shape = params["shape"]
    longer = (size, *(1,) * (len(rest) - len(shape)), *shape)
    return op.body(arrays[0], longer).reshape((size, *shape))


def broadcast_behind(op: Any, arrays: list[Any], batched: Batched, params: Params) -> Any:
    """The rule of `broadcast_to`: new axes come behind the batch axis."""
    size, *rest = arrays[0].shape
    shape = params["shape"]
    return np.broadcast_to(arrays[0].reshape((size, *(1,) * (len(shape) - len(rest)), *rest)), (size, *shape))


def with_letter(op: Any, arrays: list[Any], batched: Batched, params: Params) -> Any:
    """The rule of an Einstein sum of two: the batch axis gets a letter of its own."""
    equation = params["equation"]
    letter = next(each for each in LETTERS if each not in equation)
    inputs, output = equation.split("->")
    terms = [letter * has + term for term, has in zip(inputs.split(","), batched, strict=True)]
    return op.body(*arrays, equation=f"{','.join(terms)}->{letter}{output}")


def letter_in_front(letters: str, array: Any) -> str:
    """Returns the letters of the axes with one more for the batch axis."""
    return next(each for each in LETTERS if each not in letters) + letters


def gathered_behind(op: Any, arrays: list[Any], batched: Batched, params: Params) -> Any:
    """The rule of `gather`: along a later axis, or with one more dimension in common."""
    params_array, indices = arrays
    has, looked_up = batched
    common = params["batch_dims"]
    rank = indices.ndim - looked_up
    common = common + rank if common < 0 else common
    axis = params["axis"]
    axis = common if axis is None else axis % (params_array.ndim - has)
    if has and not looked_up and not common:
        return op.body(params_array, indices, None, axis + 1, 0)
    if not has and not common:
        return np.moveaxis(op.body(params_array, indices, None, axis, 0), range(axis, axis + 1), (0,))
    return op.body(*whole(arrays, batched), None, axis + 1, common + 1)


def scattered_behind(op: Any, arrays: list[Any], batched: Batched, params: Params) -> Any:
    """The rule of `scatter_along`, the transpose of `gather`."""
    values, indices = arrays
    shape, common = params["shape"], params["batch_dims"]
    rank = indices.ndim - batched[1]
    common = common + rank if common < 0 else common
    axis = common if params["axis"] is None else params["axis"] % len(shape)
    size = size_of(arrays, batched)
    if not batched[1] and not common:
        return op.body(values, indices, (size, *shape), axis + 1, 0)
    return op.body(*whole(arrays, batched), (size, *shape), axis + 1, common + 1)


def rows_behind(op: Any, arrays: list[Any], batched: Batched, params: Params) -> Any:
    """The rule of `scatter_rows`: rows are then slices along the second axis."""
    return scattered_behind(OPS["scatter_along"], arrays, batched, {**params, "axis": 0, "batch_dims": 0})


def numbered(indices: Any, size: int) -> Any:
    """Returns vectors of indices with the number of their input in the batch in front."""
    numbers = np.arange(size, dtype=indices.dtype).reshape((size, *(1,) * (indices.ndim - 1)))
    return np.concatenate([np.broadcast_to(numbers, (*indices.shape[:-1], 1)), indices], axis=-1)


def with_numbers(op: Any, arrays: list[Any], batched: Batched, params: Params) -> Any:
    """The rule of operations on vectors of indices: each vector begins with the number of its input in the batch."""
    position = op.inputs.index("indices")
    if op.name == "take_nd" and not batched[0]:
        return op.body(*arrays)
    size = size_of(arrays, batched)
    arrays = whole(arrays, batched)
    arrays[position] = numbered(arrays[position], size)
    changed = {"shape": (size, *params["shape"])} if "shape" in params else {}
    return op.body(*arrays, **{**params, **changed})


def padded_behind(paddings: Any, array: Any) -> Any:
    """Returns the paddings with none for the batch axis."""
    return ((0, 0), *paddings)


def permuted_behind(perm: Shape | None, array: Any) -> Shape:
    """Returns a permutation of the axes behind that of the batch; None reverses them."""
    rank = array.ndim - 1
    return (0, *([*range(rank, 0, -1)] if perm is None else [axis % rank + 1 for axis in perm]))


def tiled_behind(multiples: Shape, array: Any) -> Shape:
    """Returns the numbers of repetitions with one for the batch axis."""
    return (1, *multiples)


def labelled(op: Any, arrays: list[Any], batched: Batched, params: Params) -> Any:
    """The rule of operations on one label for each row: rows of all inputs are rows."""
    arrays = whole(arrays, batched)
    changed = {"shape": (len(arrays[0]), *params["shape"])} if "shape" in params else {}
    return op.body(*arrays, **changed)
