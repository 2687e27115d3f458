"""Jacobians: many cotangents go back through a tape's records at once, as a batch."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from gradtape._autodiff.batching import Batch, new_level, out_of_batch
from gradtape._autodiff.sweep import Tape, position, swept
from gradtape._core.op import OPS
from gradtape._core.slices import IndexedSlices
from gradtape._core.tensor import NoSingleValue, Tensor, make_tensor

# A chunk of a batch is so large that its largest array has about so many bytes.
ROOM = 1 << 26


def jacobians(tape: Tape, target: Any, sources: list[Any], zero: bool, at_once: int | None) -> list[Any]:
    """Returns for each source the derivatives of all elements of `target`.

    Args:
        tape: whose records to go back through.
        target: a tensor or variable.
        sources: tensors and variables.
        zero: whether a source without a connection gets zeros; else it gets None.
        at_once: how many elements go back at once, at most; None for as many as there is room for.
    """
    shape, dtype = target._value.shape, target._value.dtype
    count = prod(shape)

    def seeds(start: int, stop: int) -> Any:
        rows = np.zeros((stop - start, count), dtype)
        rows[np.arange(stop - start), np.arange(start, stop)] = 1
        return rows.reshape((stop - start, *shape))

    found = in_chunks(tape, target, sources, count, seeds, at_once)
    results = []
    for source, rows in zip(sources, found, strict=True):
        whole = (*shape, *source._value.shape)
        if rows is None:
            results.append(make_tensor(np.zeros(whole, source._value.dtype)) if zero else None)
        else:
            results.append(shaped(rows, whole))
    return results


def batch_jacobians(tape: Tape, target: Any, source: Any, at_once: int | None) -> Any:
    """Returns for each example the derivatives of its own elements: each goes back for all examples at once."""
    (size, *shape), dtype = target._value.shape, target._value.dtype
    count = prod(shape)

    def seeds(start: int, stop: int) -> Any:
        rows = np.zeros((stop - start, size, count), dtype)
        rows[np.arange(stop - start), :, np.arange(start, stop)] = 1
        return rows.reshape((stop - start, size, *shape))

    (rows,) = in_chunks(tape, target, [source], count, seeds, at_once)
    rest = source._value.shape[1:]
    if rows is None:
        return make_tensor(np.zeros((size, *shape, *rest), source._value.dtype))
    if isinstance(rows, Tensor):
        rows = OPS["transpose"].function(rows, (1, 0, *range(2, rows.ndim)))
    else:
        rows = np.moveaxis(rows, 0, 1)
    return shaped(rows, (size, *shape, *rest))


def in_chunks(tape: Tape, target: Any, sources: list[Any], count: int, seeds: Any, at_once: int | None) -> list[Any]:
    """Returns for each source the cotangents that `count` seeds of `target` give, along a first axis; None without any.

    They are arrays, or tensors where something follows what is computed here.
    """
    try:
        return swept_in_chunks(tape, target, sources, count, seeds, at_once)
    except NoSingleValue:
        # A gradient of the user's own may read its cotangent as a number, which a batch of them is not.
        if at_once == 1:
            raise
        return swept_in_chunks(tape, target, sources, count, seeds, 1)


def swept_in_chunks(
    tape: Tape, target: Any, sources: list[Any], count: int, seeds: Any, at_once: int | None
) -> list[Any]:
    """Returns the same, `at_once` seeds at a time."""
    found = [position(tape, source) for source in sources]
    keep = {index for index in found if index is not None}
    top = position(tape, target)
    itself = [source is target and index is None for source, index in zip(sources, found, strict=True)]
    if not count or not (any(itself) or (keep and top is not None)):
        empty = count == 0 and top is not None
        reached = [empty and index is not None and index <= (top or 0) for index in found]
        return [
            np.zeros((0, *source._value.shape), source._value.dtype) if reaches else None
            for source, reaches in zip(sources, reached, strict=True)
        ]
    step = max(1, min(count, at_once or count, ROOM // max(1, largest(tape, target, sources))))
    parts: list[list[Any]] = [[] for _ in sources]
    for start in range(0, count, step):
        stop = min(start + step, count)
        # One at a time needs no batch: what reads a cotangent's value, as a user's own gradient may, can do so.
        level = None if at_once == 1 else new_level()
        seed = make_tensor(seeds(start, stop)[0] if level is None else Batch(seeds(start, stop), (level,)))
        grads = swept(tape, [(top, seed)], keep) if keep and top is not None else []
        for number, (index, same) in enumerate(zip(found, itself, strict=True)):
            g = seed if same else None if index is None else grads[index]
            if g is not None:
                parts[number].append(rows_of(g, level, stop - start))
    return [None if not each else each[0] if len(each) == 1 else joined(each) for each in parts]


def largest(tape: Tape, target: Any, sources: list[Any]) -> int:
    """Returns the size in bytes of the largest array among those that records keep, the target and the sources."""
    sizes = [each._value.size * each._value.dtype.itemsize for each in (target, *sources)]
    for record in tape.records:
        if record is not None:
            sizes += [part.nbytes for part in record if type(part) is np.ndarray]
    return max(sizes)


def rows_of(g: Any, level: int | None, size: int) -> Any:
    """Returns a cotangent with the batch of `level` along its first axis: a tensor if it is one, else an array."""
    if type(g) is IndexedSlices:
        g = g.dense()
    if level is None:
        return OPS["expand_dims"].function(g, 0) if isinstance(g, Tensor) else g[None]
    tensor = g if isinstance(g, Tensor) else make_tensor(g)
    rows = out_of_batch(tensor, level, size)
    return rows if isinstance(g, Tensor) or type(rows) is not Tensor else rows._value


def joined(parts: list[Any]) -> Any:
    """Returns the parts of a batch as one."""
    return OPS["concat"].function(parts, 0) if isinstance(parts[0], Tensor) else np.concatenate(parts)


def shaped(rows: Any, shape: tuple[int, ...]) -> Tensor:
    """Returns rows as a tensor of another shape."""
    return OPS["reshape"].function(rows, shape) if isinstance(rows, Tensor) else make_tensor(rows.reshape(shape))
