"""Convolutions of arrays: windows gathered as rows of a matrix, products by BLAS, and the two transposes."""

from __future__ import annotations

from functools import lru_cache
from itertools import product
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided

Array = Any
Sizes = tuple[int, ...]

# Up to so many numbers all windows are copied in one step: fewer steps count for more than fewer copies.
FEW = 1 << 15
# About so many numbers of windows are made at a time, so that they stay in the processor's cache.
PART = 1 << 19
# The rows of single channels are as long as this at most; longer ones would need a long row of weights.
LONG = 1 << 16


class Window(NamedTuple):
    """How a filter moves over an input: all that a convolution and its transposes have to know beside their arrays.

    Per spatial axis: the input's size, the filter's size, the zeros in front of the input and behind it, the step of
    the window, the distance of the filter's taps. `groups` is how many parts the channels are split in.
    """

    sizes: Sizes
    kernel: Sizes
    padding: tuple[tuple[int, int], ...]
    strides: Sizes
    dilations: Sizes
    groups: int = 1


@lru_cache(maxsize=1024)
def output_sizes(window: Window) -> Sizes:
    """Returns the spatial sizes of a convolution's result; negative where the window does not fit once."""
    return tuple(
        (size + sum(pads) - (taps - 1) * apart - 1) // stride + 1
        for size, taps, pads, stride, apart in zip(*window[:5], strict=True)
    )


def placed(size: int, out: int, tap: int, before: int, stride: int, apart: int) -> tuple[slice, slice]:
    """Returns which results meet an element of the input at a tap, not a zero of the padding, and which elements."""
    first = tap * apart - before
    low = max(0, -(first // stride))
    high = max(low, min(out, (size - first - 1) // stride + 1))
    return slice(low, high), slice(low * stride + first, max(0, (high - 1) * stride + first + 1), stride)


def taps_of(window: Window, axes: int) -> Any:
    """Yields, for each tap on the first axes: its place, the results that it meets, the elements that they meet."""
    out = output_sizes(window)
    for tap in product(*map(range, window.kernel[:axes])):
        both = [
            placed(window.sizes[i], out[i], tap[i], window.padding[i][0], window.strides[i], window.dilations[i])
            for i in range(axes)
        ]
        yield tap, tuple([each[0] for each in both]), tuple([each[1] for each in both])


def padded(x: Array, window: Window) -> Array:
    """Returns the input with its zeros around."""
    if not any(map(any, window.padding)):
        return x
    sizes = [size + before + after for size, (before, after) in zip(window.sizes, window.padding, strict=True)]
    whole = np.zeros((x.shape[0], *sizes, x.shape[-1]), x.dtype)
    inside = [slice(before, before + size) for size, (before, _) in zip(window.sizes, window.padding, strict=True)]
    whole[:, *inside] = x
    return whole


def windows(x: Array, window: Window) -> Array:
    """Returns a view of all windows: `[batch, *out, *kernel, channels]`."""
    x = padded(x, window)
    batch, *steps, channel = x.strides
    out = output_sizes(window)
    moves = [step * stride for step, stride in zip(steps, window.strides, strict=True)]
    inner = [step * apart for step, apart in zip(steps, window.dilations, strict=True)]
    shape = (x.shape[0], *out, *window.kernel, x.shape[-1])
    return strided(x, shape, (batch, *moves, *inner, channel))


def strided(x: Array, shape: Sizes, strides: Sizes) -> Array:
    """Returns a view of an array; the constructor, where it will do, takes a tenth of the time of `as_strided`."""
    if x.flags.c_contiguous and x.size:
        return np.ndarray(shape, x.dtype, x, 0, strides)
    return as_strided(x, shape, strides, writeable=False)


def pieces(batch: int, window: Window, width: int) -> Any:
    """Yields parts of a convolution whose windows, of `width` numbers each, fit into the processor's cache.

    Each is a slice of the images, one of the rows of the result, one of the rows of the input, and the window to use.
    """
    out = output_sizes(window)
    each = prod(out) * width
    rows = max(1, PART * out[0] // each) if each > PART else out[0]
    count = max(1, PART // each) if rows == out[0] else 1
    (before, _), step, reach = window.padding[0], window.strides[0], (window.kernel[0] - 1) * window.dilations[0]
    for first in range(0, out[0], rows):
        last = min(first + rows, out[0])
        start, stop = first * step - before, (last - 1) * step + reach + 1 - before
        low = min(max(0, start), window.sizes[0])
        high = max(low, min(window.sizes[0], stop))
        around = ((max(0, min(low, stop) - start), max(0, stop - max(high, start))), *window.padding[1:])
        used = window._replace(sizes=(high - low, *window.sizes[1:]), padding=around)
        for image in range(0, batch, count):
            yield slice(image, image + count), slice(first, last), slice(low, high), used


def rows_of_windows(x: Array, window: Window) -> Array:
    """Returns all windows as the rows of a matrix, each with `[*kernel, channels]` elements."""
    out, width = output_sizes(window), prod(window.kernel) * x.shape[-1]
    rows = x.shape[0] * prod(out)
    if x.shape[-1] > 1:
        return windows(x, window).reshape(rows, width)
    # One channel: along the columns a tap is copied faster than along the taps.
    found = np.zeros((x.shape[0], *out, *window.kernel), x.dtype)
    for tap, here, there in taps_of(window, len(out)):
        found[:, *here, *tap] = x[:, *there, 0]
    return found.reshape(rows, width)


def convolve_lines(x: Array, filters: Array, window: Window) -> Array:
    """Convolves without copying each element for each tap: for those of the last axis the windows overlap.

    The taps of the other axes lie beside each other, so a window is a run of memory. BLAS takes no matrix whose rows
    overlap, but it does take every k-th one of them: as many products as a window is steps long make them all. What
    reaches over the end of a line is dropped.
    """
    *out, columns = output_sizes(window)
    channels, depth = filters.shape[-2:]
    axes = len(out)
    step, length = window.strides[-1], window.kernel[-1]
    before = window.padding[-1][0]
    line = columns + -(-(length - 1) // step) if length > step else columns
    wide = line * step
    lines = x.shape[0] * prod(out)
    height = prod(window.kernel[:-1]) * channels
    store = np.zeros((lines * wide + length, height), x.dtype)
    target = store[: lines * wide].reshape(x.shape[0], *out, wide, *window.kernel[:-1], channels)
    taken = min(window.sizes[-1], wide - before)
    if taken > 0:
        for tap, here, there in taps_of(window, axes):
            target[:, *here, before : before + taken, *tap] = x[:, *there, :taken]
    weights = np.moveaxis(filters, axes, 0).reshape(length * height, depth)
    phases = -(-length // step)
    found = np.empty((lines * line, depth), x.dtype)
    down, right = store.strides
    for phase in range(min(phases, len(found))):
        part = found[phase::phases]
        apart = strided(store[phase * step :], (len(part), length * height), (phases * step * down, right))
        np.matmul(apart, weights, out=part)
    return found.reshape(x.shape[0], *out, line, depth)[..., :columns, :]


def flipped(filters: Array, window: Window) -> tuple[Array, Window]:
    """Returns the filters and the window of the convolution that leads a gradient back, where all strides are 1."""
    axes, groups = len(window.kernel), window.groups
    *kernel, channels, depth = filters.shape
    split = filters.reshape(*kernel, channels, groups, depth // groups)
    turned = np.flip(np.swapaxes(split, axes, axes + 2), tuple(range(axes)))
    padding = tuple(
        [
            ((k - 1) * d - p[0], (k - 1) * d - p[1])
            for k, d, p in zip(kernel, window.dilations, window.padding, strict=True)
        ]
    )
    back = Window(output_sizes(window), window.kernel, padding, window.strides, window.dilations, groups)
    return turned.reshape(*kernel, depth // groups, groups * channels), back


def group_rows(x: Array, window: Window) -> Array:
    """Returns the windows of each group of channels as rows: `[groups, batch * out, kernel * channels]`."""
    seen = windows(x, window)
    groups, axes = window.groups, len(window.kernel)
    split = seen.reshape(*seen.shape[:-1], groups, seen.shape[-1] // groups)
    order = (2 * axes + 1, *range(2 * axes + 1), 2 * axes + 2)
    rows = x.shape[0] * prod(output_sizes(window))
    return split.transpose(order).reshape(groups, rows, prod(window.kernel) * split.shape[-1])


def group_filters(filters: Array, groups: int) -> Array:
    """Returns the filters of each group as a matrix: `[groups, kernel * channels, results]`."""
    split = filters.reshape(prod(filters.shape[:-1]), groups, filters.shape[-1] // groups)
    return np.swapaxes(split, 0, 1)


def group_results(g: Array, groups: int) -> Array:
    """Returns the channels of each group as a matrix: `[groups, batch * out, results]`."""
    split = g.reshape(prod(g.shape[:-1]), groups, g.shape[-1] // groups)
    return np.swapaxes(split, 0, 1)


def forward(x: Array, filters: Array, window: Window) -> Array:
    """Returns the convolution, `[batch, *out, results]`."""
    out, groups, kernel = output_sizes(window), window.groups, window.kernel
    shape = (x.shape[0], *out, filters.shape[-1])
    if not prod(shape) or not filters.size:
        return np.zeros(shape, x.dtype)
    if prod(kernel) == 1 and groups == 1 and not any(map(any, window.padding)):
        seen = x[:, *[slice(None, None, stride) for stride in window.strides]]
        return np.matmul(seen.reshape(-1, x.shape[-1]), filters.reshape(filters.shape[-2:])).reshape(shape)
    width = prod(kernel[: 1 if groups > 1 else -1]) * x.shape[-1]
    if prod(shape[:-1]) * width <= PART:
        return convolved(x, filters, window)
    found = np.empty(shape, x.dtype)
    for images, rows, source, part in pieces(len(x), window, width):
        found[images, rows] = convolved(x[images, source], filters, part)
    return found


def convolved(x: Array, filters: Array, window: Window) -> Array:
    """Returns the convolution of a part of the images that is not too large."""
    out, groups = output_sizes(window), window.groups
    shape = (x.shape[0], *out, filters.shape[-1])
    if groups > 1:
        if filters.shape[-2] == 1:
            return depthwise(x, filters, window)
        found = np.matmul(group_rows(x, window), group_filters(filters, groups))
        return np.swapaxes(found, 0, 1).reshape(shape)
    reach, few = window.kernel[-1] - 1, prod(shape[:-1]) * prod(filters.shape[:-1]) <= FEW
    if not few and (window.dilations[-1] == 1 or not reach) and reach <= out[-1] * window.strides[-1]:
        return convolve_lines(x, filters, window)
    return np.matmul(rows_of_windows(x, window), filters.reshape(-1, shape[-1])).reshape(shape)


def backward(g: Array, filters: Array, window: Window) -> Array:
    """Returns the transpose of the convolution in its input, `[batch, *sizes, channels]`."""
    shape = (g.shape[0], *window.sizes, filters.shape[-2] * window.groups)
    if not g.size or not filters.size or not prod(shape):
        return np.zeros(shape, g.dtype)
    channelwise = window.groups > 1 and filters.shape[-2] == 1
    if set(window.strides) == {1} and not channelwise:
        turned, back = flipped(filters, window)
        if all(min(pads) >= 0 for pads in back.padding):
            return forward(g, turned, back)
    function = depthwise_back if channelwise else spread_back
    each = prod(window.sizes) * g.shape[-1] if channelwise else prod(g.shape[1:-1]) * prod(filters.shape[:-1])
    count = max(1, PART // each)
    if count >= len(g):
        return function(g, filters, window)
    found = np.empty(shape, g.dtype)
    for image in range(0, len(g), count):
        found[image : image + count] = function(g[image : image + count], filters, window)
    return found


def spread_back(g: Array, filters: Array, window: Window) -> Array:
    """Returns the transpose in the input: what each window gives to its elements, added up tap by tap."""
    axes, groups = len(window.kernel), window.groups
    shape = (g.shape[0], *window.sizes, filters.shape[-2] * groups)
    products = np.matmul(group_results(g, groups), np.swapaxes(group_filters(filters, groups), 1, 2))
    products = products.reshape(groups, *g.shape[:-1], *window.kernel, filters.shape[-2])
    found = np.zeros((*shape[:-1], groups, filters.shape[-2]), g.dtype)
    target = np.moveaxis(found, -2, 0)
    for tap, here, there in taps_of(window, axes):
        target[:, :, *there] += products[:, :, *here, *tap]
    return found.reshape(shape)


def by_taps(x: Array, g: Array, window: Window) -> Array:
    """Returns the transpose of the convolution in its filters, `[*kernel, channels, results]`."""
    groups, kernel = window.groups, window.kernel
    shape = (*kernel, x.shape[-1] // groups, g.shape[-1])
    if not g.size or not x.size:
        return np.zeros(shape, x.dtype)
    if prod(kernel) == 1 and groups == 1 and not any(map(any, window.padding)):
        x = x[:, *[slice(None, None, stride) for stride in window.strides]]
        return np.matmul(x.reshape(-1, x.shape[-1]).T, g.reshape(-1, g.shape[-1])).reshape(shape)
    width = prod(kernel[:1] if groups > 1 else kernel[1:]) * x.shape[-1]
    if prod(g.shape[:-1]) * width <= PART:
        return met_by_taps(x, g, window)
    found = np.zeros(shape, x.dtype)
    for images, rows, source, part in pieces(len(x), window, width):
        found += met_by_taps(x[images, source], g[images, rows], part)
    return found


def met_by_taps(x: Array, g: Array, window: Window) -> Array:
    """Returns the transpose in the filters for a part of the images that is not too large."""
    groups, kernel = window.groups, window.kernel
    shape = (*kernel, x.shape[-1] // groups, g.shape[-1])
    if groups > 1:
        if shape[-2] == 1:
            return depthwise_taps(x, g, window)
        found = np.matmul(np.swapaxes(group_rows(x, window), 1, 2), group_results(g, groups))
        return np.swapaxes(found, 0, 1).reshape(shape)
    few = prod(g.shape[:-1]) * prod(shape[:-1]) <= FEW
    if len(kernel) > 1 and window.strides[0] == 1 and not few:
        return by_lines(x, g, window)
    return np.matmul(rows_of_windows(x, window).T, g.reshape(-1, g.shape[-1])).reshape(shape)


def by_lines(x: Array, g: Array, window: Window) -> Array:
    """Returns the transpose in the filters: with the first spatial axis in front, its taps are runs of memory."""
    out = output_sizes(window)
    (before, behind), size = window.padding[0], window.sizes[0]
    rest = Window(window.sizes[1:], window.kernel[1:], window.padding[1:], window.strides[1:], window.dilations[1:])
    store = np.zeros((size + before + behind, x.shape[0], *out[1:], *window.kernel[1:], x.shape[-1]), x.dtype)
    inside, lines = store[before : before + size], np.swapaxes(x, 0, 1)
    for tap, here, there in taps_of(rest, len(out) - 1):
        inside[:, :, *here, *tap] = lines[:, :, *there]
    cotangents = np.swapaxes(g, 0, 1).reshape(-1, g.shape[-1])
    found = np.empty((window.kernel[0], prod(window.kernel[1:]) * x.shape[-1], g.shape[-1]), x.dtype)
    for place, part in enumerate(found):
        start = place * window.dilations[0]
        np.matmul(store[start : start + out[0]].reshape(len(cotangents), len(part)).T, cotangents, out=part)
    return found.reshape(*window.kernel, x.shape[-1], g.shape[-1])


def lines(x: Array, window: Window, copied: bool) -> Array:
    """Returns all windows with the last axis of space behind its taps: `[batch, *out[:-1], *kernel, ...]`.

    Results and channels are one axis, so that a step of arithmetic has long rows; or two, where it would be too long or
    only a copy has them together and none is wanted.
    """
    seen = windows(np.ascontiguousarray(x), window)
    axes = len(window.kernel)
    seen = np.moveaxis(seen, axes, 2 * axes)
    apart = window.strides[-1] > 1 and not copied
    return seen if apart or prod(seen.shape[-2:]) > LONG else seen.reshape(*seen.shape[: 2 * axes], -1)


def depthwise(x: Array, filters: Array, window: Window) -> Array:
    """Returns the convolution of each channel by itself."""
    out, depth = output_sizes(window), filters.shape[-1]
    if depth > x.shape[-1]:
        x = np.repeat(x, depth // x.shape[-1], axis=-1)
    seen = lines(x, window, True)
    weights = filters.reshape(*window.kernel, depth)
    space, taps, rest = "nijk"[: len(out)], "abc"[: len(out)], "xy"[: seen.ndim - 2 * len(out)]
    if len(rest) == 1:
        weights = np.tile(weights, out[-1])
    found = np.empty((*seen.shape[: len(out)], *seen.shape[2 * len(out) :]), x.dtype)
    np.einsum(f"{space}{taps}{rest},{taps}{rest[-1]}->{space}{rest}", seen, weights, out=found)
    return found.reshape(x.shape[0], *out, depth)


def depthwise_back(g: Array, filters: Array, window: Window) -> Array:
    """Returns the transpose of `depthwise` in its input: the convolution of `g`, spread out, with turned filters."""
    axes, depth = len(window.kernel), g.shape[-1]
    reach = [(taps - 1) * apart for taps, apart in zip(window.kernel, window.dilations, strict=True)]
    sizes = [size + more for size, more in zip(window.sizes, reach, strict=True)]
    key = [
        placed(sizes[i], g.shape[i + 1], 0, window.padding[i][0] - reach[i], window.strides[i], 1) for i in range(axes)
    ]
    spread = np.zeros((len(g), *sizes, depth), g.dtype)
    spread[:, *[each[1] for each in key]] = g[:, *[each[0] for each in key]]
    turned = np.flip(filters, tuple(range(axes))).reshape(*window.kernel, 1, depth)
    back = Window(tuple(sizes), window.kernel, ((0, 0),) * axes, (1,) * axes, window.dilations, depth)
    found = depthwise(spread, turned, back)
    return found if depth == window.groups else found.reshape(*found.shape[:-1], window.groups, -1).sum(axis=-1)


def depthwise_taps(x: Array, g: Array, window: Window) -> Array:
    """Returns the transpose of `depthwise` in its filters."""
    out, depth = g.shape[1:-1], g.shape[-1]
    if depth > x.shape[-1]:
        x = np.repeat(x, depth // x.shape[-1], axis=-1)
    seen = lines(x, window, False)
    space, rest = "nijk"[: len(out)], "xy"[: seen.ndim - 2 * len(out)]
    cotangents = g.reshape(*seen.shape[: len(out)], *seen.shape[2 * len(out) :])
    found = np.empty((*window.kernel, seen.shape[-1]), x.dtype)
    for tap in product(*map(range, window.kernel)):
        part = seen[(slice(None),) * len(out) + tap]
        np.einsum(f"{space}{rest},{space}{rest}->{rest[-1]}", part, cotangents, out=found[tap])
    if len(rest) == 1:
        found = found.reshape(*window.kernel, out[-1], depth).sum(axis=-2)
    return found.reshape(*window.kernel, 1, depth)
