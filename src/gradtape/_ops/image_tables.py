"""Weighted sums of pixels along one axis of images: which pixels a new one is made of, and their shares.

The kernels are the interpolating cubic of Keys ("Cubic convolution interpolation for digital image processing", IEEE
Trans. ASSP 1981), the compromise of Mitchell and Netravali ("Reconstruction filters in computer graphics", SIGGRAPH
1988), the windowed sinc of Lanczos, and a Gaussian. Centres of pixels lie at halves, as in TensorFlow 2.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from gradtape._core.batches import moving, past_axis
from gradtape._core.dtypes import FLOATS
from gradtape._core.families import linear
from gradtape._core.op import Array, TensorLike
from gradtape._core.sampling import arrays
from gradtape._ops.parameters import Shape

# How to sum: the kernel's name, the parameter it has, the numbers of pixels before and after, and whether to transpose.
Table = tuple[str, Any, int, int, bool]
Taps = tuple[Any, Any]

SINGLE = np.float32
CUBIC_STEPS = 1024  # the cubic's argument is rounded to this fraction of a pixel


def keys(x: Array) -> Array:
    """Keys' cubic with slope -1/2 at 1."""
    near, far = ((1.5 * x - 2.5) * x) * x + 1, ((-0.5 * x + 2.5) * x - 4) * x + 2
    return np.where(x >= 2, 0, np.where(x >= 1, far, near))


def mitchell(x: Array) -> Array:
    """Mitchell and Netravali's cubic with both parameters 1/3."""
    near, far = ((7 / 6 * x - 2) * x) * x + 8 / 9, ((-7 / 18 * x + 2) * x - 10 / 3) * x + 16 / 9
    return np.where(x >= 2, 0, np.where(x >= 1, far, near))


def lanczos(radius: int) -> Callable[[Array], Array]:
    """Returns the sinc with a window of `radius` pixels."""
    return lambda x: np.where(x > radius, 0, np.sinc(x) * np.sinc(x / radius))


# A kernel as a function of the distance, and the distance from which on it is 0.
KERNELS: dict[str, tuple[Callable[[Array], Array], float]] = {
    "bilinear": (lambda x: np.maximum(1 - x, 0), 1.0),
    "bicubic": (keys, 2.0),
    "lanczos3": (lanczos(3), 3.0),
    "lanczos5": (lanczos(5), 5.0),
    "gaussian": (lambda x: np.where(x >= 1.5, 0, np.exp(-2 * x * x)), 1.5),
    "mitchellcubic": (mitchell, 2.0),
}


def normalized(weights: Array) -> Array:
    """Returns weights of which those for each new pixel sum to 1."""
    total = weights.sum(0)
    safe = np.abs(total) >= 1000 * np.finfo(SINGLE).tiny
    return np.asarray(np.where(safe, weights / np.where(safe, total, 1), weights))


def centres(source: int, target: int) -> Array:
    """Returns where the centres of the new pixels lie, in pixels, as TensorFlow rounds it."""
    scale = SINGLE(source) / SINGLE(target)
    return np.asarray((np.arange(target, dtype=SINGLE) + SINGLE(0.5)) * scale)


def bilinear_taps(source: int, target: int) -> Taps:
    """The two pixels around each centre."""
    place = centres(source, target) - SINGLE(0.5)
    floor = np.floor(place)
    share = place - floor
    lower, upper = np.maximum(floor, 0), np.minimum(np.ceil(place), source - 1)
    return np.stack([lower, upper]).astype(np.intp), np.stack([1 - share, share])


def bicubic_taps(source: int, target: int) -> Taps:
    """The four pixels around each centre; those beyond the edge do not count."""
    place = centres(source, target) - SINGLE(0.5)
    floor = np.floor(place)
    share = np.rint((place - floor) * SINGLE(CUBIC_STEPS)) / CUBIC_STEPS
    steps = np.arange(-1, 3)[:, None]
    indices = floor.astype(np.intp) + steps
    inside = (indices >= 0) & (indices < source)
    weights = np.where(inside, keys(np.abs(steps - share)), 0)
    return np.clip(indices, 0, source - 1), normalized(weights)


def area_taps(source: int, target: int) -> Taps:
    """The pixels that each new one covers, in part or wholly."""
    scale = SINGLE(source) / SINGLE(target)
    start = np.arange(target, dtype=SINGLE) * scale
    end = np.arange(1, target + 1, dtype=SINGLE) * scale
    first = np.floor(start).astype(np.intp)
    count = int((np.ceil(end) - first).max())
    indices = first + np.arange(count)[:, None]
    covered = np.minimum(indices + 1, end) - np.maximum(indices, start)
    return np.minimum(indices, source - 1), np.maximum(covered, 0) / scale


def kernel_taps(name: str, antialias: bool, source: int, target: int) -> Taps:
    """The pixels within a kernel's reach; against aliases it is as wide as a new pixel is."""
    kernel, radius = KERNELS[name]
    step = SINGLE(1) / (SINGLE(target) / SINGLE(source))
    width = max(step, SINGLE(1)) if antialias else SINGLE(1)
    place = (np.arange(target, dtype=SINGLE) + SINGLE(0.5)) * step
    reach = SINGLE(radius) * width
    first = np.clip(np.ceil(place - reach - SINGLE(0.5)), 0, source - 1).astype(np.intp)
    last = np.clip(np.floor(place + reach - SINGLE(0.5)), 0, source - 1).astype(np.intp)
    indices = first + np.arange(int((last - first).max()) + 1)[:, None]
    distance = np.abs((indices + SINGLE(0.5) - place) / width).astype(np.float64)
    weights = np.where((indices <= last) & (place >= 0) & (place <= source), kernel(distance), 0)
    return np.minimum(indices, last), normalized(weights)


def window_taps(deviation: float, source: int, target: int) -> Taps:
    """Windows that move by one pixel, with the weights of a Gaussian."""
    size = source - target + 1
    offsets = np.arange(size) - (size - 1) / 2
    weights = np.exp(-0.5 / deviation**2 * offsets**2)
    indices = np.arange(target) + np.arange(size)[:, None]
    return indices, np.broadcast_to((weights / weights.sum())[:, None], indices.shape)


def transposed_taps(indices: Array, weights: Array, source: int) -> Taps:
    """Returns for each old pixel the new ones that it has a share in."""
    target = indices.shape[1]
    used = weights.reshape(-1) != 0
    pixels = indices.reshape(-1)[used]
    order = np.argsort(pixels, kind="stable")
    pixels = pixels[order]
    counts = np.bincount(pixels, minlength=source)
    starts = np.cumsum(counts) - counts
    owners = np.tile(np.arange(target), len(indices))[used][order]
    rank = np.arange(len(pixels)) - starts[pixels]
    # What fills the table up repeats a pixel that counts anyway, so that no infinity comes in from elsewhere.
    found = np.broadcast_to(np.append(owners, 0)[starts * (counts > 0)], (max(1, int(counts.max())), source)).copy()
    shares = np.zeros(found.shape)
    found[rank, pixels] = owners
    shares[rank, pixels] = weights.reshape(-1)[used][order]
    return found, shares


@lru_cache(maxsize=256)
def taps(table: Table, dtype: Any) -> Taps:
    """Returns the indices and the weights of the pixels, an array of each, with a column for each new pixel."""
    name, parameter, source, target, back = table
    if name == "window":
        indices, weights = window_taps(parameter, source, target)
    elif name == "area":
        indices, weights = area_taps(source, target)
    elif name in ("bilinear", "bicubic") and not parameter:
        indices, weights = (bilinear_taps if name == "bilinear" else bicubic_taps)(source, target)
    else:
        indices, weights = kernel_taps(name, parameter, source, target)
    if back:
        indices, weights = transposed_taps(indices, weights, source)
    return indices, weights.astype(dtype)


def turned(table: Table) -> Table:
    """Returns the table of the transpose."""
    return (*table[:4], not table[4])


def resampled_shape(images_shape: Shape, axis: int, table: Table) -> Shape:
    """The shape rule of `resample`."""
    return (*images_shape[:axis], table[2] if table[4] else table[3], *images_shape[axis + 1 :])


DOWN, UP = ("bilinear", True, 5, 3, False), ("bicubic", False, 3, 5, False)


@linear(
    arrays((2, 5), axis=[1], table=[DOWN, ("area", False, 5, 2, False), turned(UP)])
    + arrays((3, 2, 2), (3, 0), axis=[0], table=[UP, ("window", 1.5, 3, 2, False)]),
    shape=resampled_shape,
    batch=moving(axis=past_axis),
    types=FLOATS,
    images=lambda g, axis, table: resample(g, axis, turned(table)),
)
def resample(images: TensorLike, axis: int, table: Table) -> Array:
    """Returns new pixels along one axis, each a weighted sum of old ones, as the table says."""
    indices, weights = taps(table, images.dtype)
    shape = (-1, *(1,) * (images.ndim - axis - 1))
    out = images.take(indices[0], axis)
    out *= weights[0].reshape(shape)
    part = np.empty_like(out)
    for row, share in zip(indices[1:], weights[1:], strict=True):
        images.take(row, axis, part, "clip")
        part *= share.reshape(shape)
        out += part
    return out
