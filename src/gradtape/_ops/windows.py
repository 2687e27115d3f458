"""Windows that move over arrays of any rank: their maxima and sums, and what these give back to the elements.

A maximum or a sum over a window is one over each axis in turn, so that the work grows with the sum of a window's sides
and not with their product. Each step reads whole views of an array, one for each position in the window.
"""

from __future__ import annotations

from itertools import product
from math import prod
from typing import Any

import numpy as np

from gradtape._core.batches import BatchRule, call, moving, whole
from gradtape._core.dtypes import FLOATS, REALS
from gradtape._core.families import bilinear, discrete, linear, primitive
from gradtape._core.op import NOT_DIFFERENTIABLE, Array, TensorLike
from gradtape._core.sampling import ORDINARY, Values, arrays
from gradtape._ops.comparison import keep_array
from gradtape._ops.parameters import Shape
from gradtape._ops.reduction import limits
from gradtape.errors import InvalidArgumentError

# For each axis: how many elements a window has, how far it moves, how many places are added before and behind the
# array (fewer than none cut its end), and how far apart the elements of a window are.
Window = tuple[int, int, int, int, int]
Windows = tuple[Window, ...]
ONE = (1, 1, 0, 0, 1)
# Of so many elements the arrays that a gradient needs on its way stay in the processor's cache.
PART = 1 << 16


def sides(size: int, window: Window) -> int:
    """Returns how many windows fit along an axis."""
    length, stride, before, behind, rate = window
    return (size + before + behind - (length - 1) * rate - 1) // stride + 1


def pooled_shape(input_shape: Shape, windows: Windows, **params: Any) -> Shape:
    """The shape rule of what has one element for each window."""
    if len(windows) != len(input_shape):
        raise InvalidArgumentError(f"windows of {len(windows)} dimensions do not fit the shape {list(input_shape)}.")
    return tuple(sides(size, window) for size, window in zip(input_shape, windows, strict=True))


def moving_axes(windows: Windows) -> list[int]:
    """Returns the axes along which a window is more than each element by itself."""
    return [axis for axis, window in enumerate(windows) if window != ONE]


def fitted(x: Array, windows: Windows, fill: Any) -> Array:
    """Returns an array with what the windows add around it, and without what they leave out at its end."""
    if all(window[2] == 0 == window[3] for window in windows):
        return x
    shape = tuple(size + each[2] + each[3] for size, each in zip(x.shape, windows, strict=True))
    inner = tuple(slice(0, size + min(each[3], 0)) for size, each in zip(x.shape, windows, strict=True))
    if all(window[2] == 0 >= window[3] for window in windows):
        return x[inner]
    out = np.full_like(x, fill, shape=shape, order="C")
    out[tuple(slice(each[2], each[2] + part.stop) for each, part in zip(windows, inner, strict=True))] = x[inner]
    return out


def unfitted(x: Array, windows: Windows, shape: Shape) -> Array:
    """Returns the part of a fitted array that was there before, in its shape: 0 where something was left out."""
    if x.shape == shape:
        return x
    inner = tuple(slice(each[2], each[2] + size) for size, each in zip(shape, windows, strict=True))
    part = x[inner]
    if part.shape == shape:
        return part
    out = np.zeros_like(x, shape=shape, order="C")
    out[tuple(slice(0, size) for size in part.shape)] = part
    return out


def position(axis: int, step: int, count: int, window: Window) -> tuple[slice, ...]:
    """Returns the key of those elements along an axis that have one place in all of its windows."""
    _, stride, _, _, rate = window
    first = step * rate
    return (slice(None),) * axis + (slice(first, first + (count - 1) * stride + 1 if count else first, stride),)


def folded(x: Array, axis: int, window: Window, function: Any) -> Array:
    """Returns the sum or maximum, as `function` says, over the windows along one axis of a fitted array."""
    length, stride, _, _, rate = window
    span = (length - 1) * rate + 1
    count = (x.shape[axis] - span) // stride + 1
    if count == 1 and rate == 1:
        return function.reduce(x[position(axis, 0, span, ONE)], axis=axis, keepdims=True)
    out = x[position(axis, 0, count, window)]
    for step in range(1, length):
        part = x[position(axis, step, count, window)]
        out = function(out, part) if step == 1 else function(out, part, out=out)
    return out


def first_hits(x: Array, best: Array, axis: int, window: Window) -> Any:
    """Yields, for each place in the windows along an axis, its key and where it is the first to hold the maximum."""
    count = best.shape[axis]
    nan = holds_nan(best)
    taken = None
    for step in range(window[0]):
        key = position(axis, step, count, window)
        part = x[key]
        hits = part == best
        if nan:
            hits |= part != part
        if taken is not None:
            np.greater(hits, taken, out=hits)
        taken = hits.copy() if taken is None else np.logical_or(taken, hits, out=taken)
        yield key, hits


def holds_nan(x: Array) -> bool:
    """Returns whether there is NaN among numbers."""
    if x.dtype.kind in "iu" or not x.size:
        return False
    greatest = x.max()
    return bool(greatest != greatest)


def stages(x: Array, windows: Windows) -> list[Array]:
    """Returns a fitted array, its maxima over windows along the last axis, over the last two, and so on."""
    found = [x]
    for axis in reversed(moving_axes(windows)):
        found.append(folded(found[-1], axis, windows[axis], np.maximum))
    return found


def maxima_of(x: Array, windows: Windows) -> Array:
    """Returns the maxima over the windows of a fitted array."""
    # From the first axis, whose elements lie together in long rows: the later axes then have less to do.
    for axis in moving_axes(windows):
        x = folded(x, axis, windows[axis], np.maximum)
    return x


def in_blocks(shape: Shape, windows: Windows) -> bool:
    """Returns whether the windows cut an array of this shape, once it is fitted, into blocks side by side."""
    if not prod(shape):
        return False
    return all(
        length == stride and rate == 1 and (size + before + behind) % stride == 0
        for size, (length, stride, before, behind, rate) in zip(shape, windows, strict=True)
    )


def repeated(x: Array, windows: Windows, shape: Shape) -> Array:
    """Returns what blocks hold, repeated along their last axis; and with all their axes apart, for broadcasting."""
    axes = moving_axes(windows)
    last = axes[-1]
    inner = prod(shape[last + 1 :])
    rows = np.ascontiguousarray(x).reshape(-1).view(f"V{inner * x.dtype.itemsize}")
    apart: list[int] = []
    for axis, size in enumerate(shape[:last]):
        apart += [size // windows[axis][0], 1] if axis in axes else [size]
    return np.repeat(rows, windows[last][0]).view(x.dtype).reshape(*apart, shape[last] * inner)


def block_hits(x: Array, best: Array, windows: Windows) -> Array:
    """Returns where each block of a fitted array has its maximum for the first time; the blocks' axes are apart."""
    axes = moving_axes(windows)
    last = axes[-1]
    near = repeated(best, windows, x.shape)
    split: list[int] = []
    for axis, size in enumerate(x.shape[:last]):
        split += [size // windows[axis][0], windows[axis][0]] if axis in axes else [size]
    elements = np.ascontiguousarray(x).reshape(*split, near.shape[-1])
    hits = np.equal(elements, near)
    if holds_nan(best):
        hits |= elements != elements
    if np.count_nonzero(hits) > best.size:
        inner = prod(x.shape[last + 1 :])
        length = windows[last][0]
        # The bools of all channels are one number each: places in the window are taken apart at once.
        marks = hits.view(f"V{inner}").reshape(*split, x.shape[last] // length, length)
        taken: Any = False
        for place in product(*(range(windows[axis][0]) for axis in axes)):
            steps = dict(zip(axes, place, strict=True))
            key: list[Any] = []
            for axis in range(last + 1):
                key += [slice(None), steps[axis]] if axis in steps else [slice(None)]
            mine = marks[tuple(key)].copy()
            flags = mine.view(bool)
            np.greater(flags, taken, out=flags)
            taken = np.logical_or(flags, taken)
            marks[tuple(key)] = mine
    return hits


def batched_windows(windows: Windows, array: Any) -> Windows:
    """Returns the windows with one for the batch axis, along which nothing moves."""
    return (ONE, *windows)


BATCHED = moving(windows=batched_windows)


def with_shape(op: Any, arrays: list[Any], batched: list[bool], params: dict[str, Any]) -> Any:
    """The batching rule of what has the shape of its result among the parameters."""
    arrays = whole(arrays, batched)
    shape = (arrays[0].shape[0], *params["shape"])
    return call(op, arrays, {**params, "windows": (ONE, *params["windows"]), "shape": shape})


WITH_SHAPE: BatchRule = with_shape
DISTINCT = Values(-2.0, 2.0, distinct=True)
# Blocks, blocks that do not fill the array, overlapping windows with padding, gaps between and inside windows.
BLOCKS: Windows = ((2, 2, 0, 0, 1), (2, 2, 0, 0, 1), ONE)
CUT: Windows = ((2, 2, 0, -1, 1), (3, 3, 1, 0, 1))
OVERLAP: Windows = ((3, 2, 1, 1, 1), (2, 1, 0, 1, 1), ONE)
GAPS: Windows = ((1, 2, 0, 0, 1), (2, 1, 0, 0, 2))
MANY = (
    arrays((4, 2, 2), (0, 2, 1), windows=[BLOCKS], values=DISTINCT)
    + arrays((3, 5), windows=[CUT], values=DISTINCT)
    + arrays((3, 3, 2), windows=[OVERLAP], values=DISTINCT)
    + arrays((3, 4), windows=[GAPS], values=DISTINCT)
)


@primitive(
    MANY,
    shape=pooled_shape,
    batch=BATCHED,
    types=REALS,
    input=lambda g, input, out, windows: place_maxima(g, input, out, windows),
)
def window_maxima(input: TensorLike, windows: Windows) -> Array:
    """Returns the maximum of each window; not for users."""
    if not prod(pooled_shape(input.shape, windows)):
        return np.empty(pooled_shape(input.shape, windows), input.dtype)
    found = fitted(input, windows, limits(input.dtype)[0])
    return maxima_of(found, windows)


class Ramp(Values):
    """Numbers that grow from place to place; or the maxima over windows of such numbers in an array of `shape`."""

    __slots__ = ("shape", "windows")

    def __init__(self, shape: Shape | None = None, windows: Windows = ()) -> None:
        super().__init__()
        self.shape, self.windows = shape, windows

    def array(self, shape: Shape, dtype: Any, generator: np.random.Generator) -> Any:
        """Returns the array."""
        full = shape if self.shape is None else self.shape
        ramp = np.linspace(-1.0, 1.0, prod(full)).reshape(full).astype(dtype)
        return ramp if self.shape is None else maxima_of(fitted(ramp, self.windows, -np.inf), self.windows)


def with_maxima(forward: bool) -> Any:
    """Returns samples of numbers together with an input and its maxima; `forward` if the numbers are for the input."""
    samples: Any = []
    for shape, windows in (((4, 2, 2), BLOCKS), ((3, 5), CUT), ((3, 3, 2), OVERLAP)):
        best = pooled_shape(shape, windows)
        values = (ORDINARY, Ramp(), Ramp(shape, windows))
        samples = samples + arrays((shape if forward else best, shape, best), windows=[windows], values=values)
    return samples


def placed_shape(g_shape: Shape, input_shape: Shape, best_shape: Shape, windows: Windows) -> Shape:
    """The shape rule of `place_maxima`."""
    return input_shape


def taken_shape(x_shape: Shape, input_shape: Shape, best_shape: Shape, windows: Windows) -> Shape:
    """The shape rule of `take_maxima`."""
    return best_shape


@bilinear(
    with_maxima(False),
    shape=placed_shape,
    batch=BATCHED,
    types={"g": FLOATS, "input": REALS, "best": REALS},
    g=lambda g, input, best, windows: take_maxima(g, input, best, windows),
    input=NOT_DIFFERENTIABLE,
    best=NOT_DIFFERENTIABLE,
)
def place_maxima(g: TensorLike, input: TensorLike, best: TensorLike, windows: Windows) -> Array:
    """Returns zeros of the shape of `input` in which the first maximum of each window gets what `g` has for it."""
    axes = moving_axes(windows)
    if not axes:
        return g
    if not g.size:
        return np.zeros_like(g, shape=input.shape)
    count = max(1, PART * len(input) // input.size)
    if in_blocks(input.shape, windows):
        x = fitted(input, windows, limits(input.dtype)[0])
        found = keep_array(repeated(g, windows, x.shape), block_hits(x, best, windows)).reshape(x.shape)
        return unfitted(found, windows, input.shape)
    if windows[0] != ONE or count >= len(input):
        return placed_maxima(g, input, windows)
    out = np.empty_like(g, shape=input.shape, order="C")
    for first in range(0, len(input), count):
        part = slice(first, first + count)
        out[part] = placed_maxima(g[part], input[part], windows)
    return out


def placed_maxima(g: Array, input: Array, windows: Windows) -> Array:
    """Returns `place_maxima` of arrays that are not too large, where the windows are no blocks."""
    found, levels = g, stages(fitted(input, windows, limits(input.dtype)[0]), windows)
    for axis, values, maxima in zip(moving_axes(windows), levels[-2::-1], levels[:0:-1], strict=True):
        spread = np.zeros_like(g, shape=values.shape, order="C")
        for key, hits in first_hits(values, maxima, axis, windows[axis]):
            spread[key] += keep_array(found, hits)
        found = spread
    return unfitted(found, windows, input.shape)


@bilinear(
    with_maxima(True),
    shape=taken_shape,
    batch=BATCHED,
    types={"x": REALS, "input": REALS, "best": REALS},
    x=lambda g, input, best, windows: place_maxima(g, input, best, windows),
    input=NOT_DIFFERENTIABLE,
    best=NOT_DIFFERENTIABLE,
)
def take_maxima(x: TensorLike, input: TensorLike, best: TensorLike, windows: Windows) -> Array:
    """Returns the elements of `x` that stand where `input` has the first maximum of each window."""
    return taken_maxima(x, input, best.shape, windows)


def taken_maxima(x: Array, input: Array, shape: Shape, windows: Windows) -> Array:
    """Returns `take_maxima` of arrays, of which there are as many as `shape` says."""
    if not prod(shape):
        return np.empty(shape, x.dtype)
    found = fitted(x, windows, 0)
    levels = stages(fitted(input, windows, limits(input.dtype)[0]), windows)
    for axis, values, maxima in zip(reversed(moving_axes(windows)), levels, levels[1:], strict=False):
        total: Any = None
        for key, hits in first_hits(values, maxima, axis, windows[axis]):
            part = keep_array(np.ascontiguousarray(found[key]), hits)
            total = part if total is None else np.add(total, part, out=total)
        found = total
    return found


@discrete(
    arrays((4, 2, 2), windows=[BLOCKS]) + arrays((3, 3, 2), windows=[OVERLAP], values=DISTINCT),
    inputs=("input",),
    shape=pooled_shape,
    types=REALS,
)
def window_places(input: TensorLike, windows: Windows) -> Array:
    """Returns where each window has its first maximum: the place among all elements of the input."""
    places = np.arange(input.size, dtype=np.int64).reshape(input.shape)
    return taken_maxima(places, input, pooled_shape(input.shape, windows), windows)


def counts(shape: Shape, windows: Windows) -> Any:
    """Returns how many elements of an array each window holds, not those that were added around it."""
    total: Any = 1
    for axis in moving_axes(windows):
        window, size = windows[axis], shape[axis]
        if window[2] <= 0 and window[3] <= 0:
            total = total * window[0]
            continue
        inside = fitted(np.ones(size, np.int64), (window,), 0)
        each = folded(inside, 0, window, np.add)
        total = total * each.reshape((-1,) + (1,) * (len(shape) - 1 - axis))
    return total


def as_single(x: Array) -> Array:
    """Returns numbers of half precision in single precision, others as they are."""
    return x.astype(np.float32) if x.dtype.itemsize == 2 else x


@linear(
    MANY,
    shape=pooled_shape,
    batch=BATCHED,
    types=FLOATS,
    input=lambda g, input_shape, windows, mean: spread_sums(g, windows, mean, input_shape),
)
def window_sums(input: TensorLike, windows: Windows, mean: bool = False) -> Array:
    """Returns the sum of each window, or its mean; not for users."""
    if not prod(pooled_shape(input.shape, windows)):
        return np.empty(pooled_shape(input.shape, windows), input.dtype)
    found = as_single(fitted(input, windows, 0))
    for axis in moving_axes(windows):
        found = folded(found, axis, windows[axis], np.add)
    if mean:
        found = np.divide(found, counts(input.shape, windows), dtype=found.dtype)
    return found.astype(input.dtype, copy=False)


def spread_shape(g_shape: Shape, windows: Windows, mean: bool, shape: Shape) -> Shape:
    """The shape rule of `spread_sums`."""
    return shape


@linear(
    arrays((2, 1, 2), windows=[BLOCKS], mean=[True, False], shape=[(4, 2, 2)])
    + arrays((2, 3, 2), windows=[OVERLAP], mean=[True], shape=[(3, 3, 2)]),
    shape=spread_shape,
    batch=WITH_SHAPE,
    types=FLOATS,
    g=lambda g, windows, mean: window_sums(g, windows, mean),
)
def spread_sums(g: TensorLike, windows: Windows, mean: bool, shape: Shape) -> Array:
    """Returns an array of `shape` in which each element has the sum of what `g` has for its windows."""
    axes = moving_axes(windows)
    if not g.size:
        return np.zeros_like(g, shape=shape)
    found = as_single(g)
    if mean:
        found = np.divide(found, counts(shape, windows), dtype=found.dtype)
    sizes = [size + each[2] + each[3] for size, each in zip(shape, windows, strict=True)]
    if axes and in_blocks(shape, windows):
        rows = repeated(found, windows, tuple(sizes))
        split: list[int] = []
        for axis in range(axes[-1]):
            split += [sizes[axis] // windows[axis][0], windows[axis][0]] if axis in axes else [sizes[axis]]
        found = np.broadcast_to(rows, (*split, rows.shape[-1])).reshape(sizes)
    else:
        for axis in axes:
            longer = np.zeros_like(found, shape=(*found.shape[:axis], sizes[axis], *found.shape[axis + 1 :]), order="C")
            for step in range(windows[axis][0]):
                longer[position(axis, step, found.shape[axis], windows[axis])] += found
            found = longer
    return unfitted(found, windows, shape).astype(g.dtype, copy=False)
