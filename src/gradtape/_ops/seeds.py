"""Seeds and the stateful random numbers: what `tf.random.set_seed` sets, and arrays drawn from its streams."""

from __future__ import annotations

import math
import os
import threading
from typing import Any

import numpy as np

from gradtape._ops.parameters import as_ints, as_setting
from gradtape._ops.philox import (
    RESERVED_BLOCKS,
    WORDS_PER_BLOCK,
    Array,
    Distribution,
    Philox,
    Shape,
    float_dtype,
    integers,
    normal,
    permutation,
    truncated_normal,
    uniform,
)
from gradtape.errors import InvalidArgumentError, WrongTypeError

_LARGEST_SEED = 2**31 - 1
_DEFAULT_GLOBAL_SEED = 87654321  # TensorFlow's, for an operation seed without a global one


class SeedState:
    """What `set_seed` sets: the global seed, the seeds it hands to operations, and the streams that live on.

    TensorFlow keeps one generator for each kind of operation, dtype and pair of seeds, so an operation seed used twice
    goes on where it stopped; setting the global seed starts all of them afresh.
    """

    def __init__(self) -> None:
        """Starts without a global seed: numbers differ from run to run."""
        self._lock = threading.Lock()
        self._streams: dict[tuple[str, Any, tuple[int, int] | None], Philox] = {}
        self.global_seed: int | None = None
        self._operation_seeds: Any = None

    def set_seed(self, seed: int | None) -> None:
        """Sets the global seed and restarts every stream; None goes back to numbers that differ from run to run."""
        # Imported here: its own imports would cost every program a millisecond.
        import random

        with self._lock:
            self.global_seed = None if seed is None else as_setting("seed", seed)
            self._operation_seeds = random.Random(self.global_seed)
            self._streams.clear()

    def seeds(self, op_seed: int | None = None) -> tuple[int, int] | None:
        """Returns the pair of seeds of the next operation, or None where neither seed is set.

        Without `op_seed` every call takes the next number of a `random.Random` that the global seed started.
        """
        seed = self.global_seed
        if seed is None:
            if op_seed is None:
                return None
            seed = _DEFAULT_GLOBAL_SEED
        elif op_seed is None:
            op_seed = self._operation_seeds.randint(0, _LARGEST_SEED)
        pair = seed % _LARGEST_SEED, as_setting("seed", op_seed) % _LARGEST_SEED
        return pair if pair != (0, 0) else (0, _LARGEST_SEED)

    def stream(self, kind: str, dtype: Any, op_seed: int | None = None, blocks: int = 0) -> Philox:
        """Returns the stream of the next operation, and sets the `blocks` that it may use aside.

        Args:
            kind: the operation's name; with `dtype` and the seeds it says which stream.
            dtype: anything hashable that tells the operation's variants apart.
            op_seed: the operation's own seed.
            blocks: how far the stream moves on for the next operation of the same kind, dtype and seeds.
        """
        with self._lock:
            pair = self.seeds(op_seed)
            if pair is not None and op_seed is None:
                return Philox.from_seeds(*pair)  # no later operation gets these seeds: nothing to keep
            key = kind, dtype, pair
            kept = self._streams.get(key)
            if kept is None:
                kept = Philox.from_seeds(*pair) if pair else Philox(*np.frombuffer(os.urandom(16), np.uint64).tolist())
                self._streams[key] = kept
            current = Philox(kept.key, kept.counter)
            kept.skip(blocks)
            return current


def _scaled(numbers: Array, scale: Any, offset: Any) -> Array:
    """Returns `numbers * scale + offset`, each step rounded to the dtype of `numbers`."""
    if scale is not None:
        numbers = np.multiply(numbers, np.asarray(scale, numbers.dtype))
    if offset is not None:
        numbers = np.add(numbers, np.asarray(offset, numbers.dtype))
    return numbers


def _is_number(value: Any, number: int) -> bool:
    return type(value) in (int, float) and value == number


def _open(state: SeedState, kind: str, shape: Shape, dtype: Any, seed: Any) -> tuple[Philox, int, tuple[int, ...]]:
    """Returns an operation's stream, the number of its outputs and their shape.

    A shape given as an int64 array has streams of its own, apart from those of every other form of shape.
    """
    variant = (dtype, "int64") if getattr(shape, "dtype", None) == np.int64 else dtype
    sizes = as_ints(shape)
    if any(size < 0 for size in sizes):
        raise InvalidArgumentError(f"Dimension {min(sizes)} must be >= 0")
    count = math.prod(sizes)
    return state.stream(kind, variant, seed, count * RESERVED_BLOCKS), count, sizes


def _draw_normal(
    state: SeedState, kind: str, draw: Distribution, shape: Shape, mean: Any, stddev: Any, dtype: Any, seed: Any
) -> Array:
    dtype = float_dtype(dtype)
    stream, count, sizes = _open(state, kind, shape, dtype, seed)
    numbers = draw(stream, count, dtype).reshape(sizes)
    # A 16-bit type can round to -0, which adding 0 makes +0; elsewhere scaling by 1 and adding 0 change nothing.
    keep_offset = dtype.itemsize == 2 or not _is_number(mean, 0)
    return _scaled(numbers, None if _is_number(stddev, 1) else stddev, mean if keep_offset else None)


def random_normal(
    state: SeedState, shape: Shape, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = np.float32, seed: Any = None
) -> Array:
    """Returns normal numbers: `normal * stddev + mean`, both in `dtype`, rounded after each step."""
    return _draw_normal(state, "RandomStandardNormal", normal, shape, mean, stddev, dtype, seed)


def random_truncated_normal(
    state: SeedState, shape: Shape, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = np.float32, seed: Any = None
) -> Array:
    """Returns normal numbers less than two deviations from the mean: `truncated_normal * stddev + mean`, in `dtype`."""
    return _draw_normal(state, "TruncatedNormal", truncated_normal, shape, mean, stddev, dtype, seed)


def random_uniform(
    state: SeedState, shape: Shape, minval: Any = 0, maxval: Any = None, dtype: Any = np.float32, seed: Any = None
) -> Array:
    """Returns numbers uniform in [minval, maxval).

    Floating point: `uniform * (maxval - minval) + minval`, all in `dtype` and rounded after each step. Integers: the
    two bounds are scalars, and `maxval` must be given.

    Raises:
        ValueError: for integers, if `maxval` is missing or not above `minval`.
    """
    dtype = np.dtype(dtype)
    if dtype.kind == "i":
        if maxval is None:
            raise WrongTypeError(f"Must specify maxval for integer dtype {dtype}")
        for name, bound in (("minval", minval), ("maxval", maxval)):
            if np.ndim(bound):
                raise InvalidArgumentError(f"{name} must be 0-D, got shape {list(np.shape(bound))}")
        stream, count, sizes = _open(state, "RandomUniformInt", shape, dtype, seed)
        if not count:
            return np.empty(sizes, dtype)
        return integers(stream, count, int(minval), int(maxval), dtype).reshape(sizes)
    dtype = float_dtype(dtype)
    stream, count, sizes = _open(state, "RandomUniform", shape, dtype, seed)
    numbers = uniform(stream, count, dtype).reshape(sizes)
    if _is_number(minval, 0):
        return numbers if maxval is None or _is_number(maxval, 1) else _scaled(numbers, maxval, None)
    low = np.asarray(minval, dtype)
    return _scaled(numbers, np.subtract(np.asarray(1 if maxval is None else maxval, dtype), low), low)


def random_shuffle(state: SeedState, value: Array, seed: Any = None) -> Array:
    """Returns `value` with the items of its first axis in random order; one item or none draws nothing."""
    value = np.asarray(value)
    count = len(value) if value.ndim else 1
    needed = count - 1 if value.size > 1 else 0
    stream = state.stream("RandomShuffle", value.dtype, seed, -(-needed // WORDS_PER_BLOCK))
    return value[permutation(stream, count)] if needed else value.copy()


def random_categorical(
    state: SeedState, logits: Array, num_samples: int, dtype: Any = np.int64, seed: Any = None
) -> Array:
    """Returns classes drawn for every row of `logits`, as a `(rows, num_samples)` array.

    A uniform double times a row's total is sought among the running sums of exp(logits - largest). TensorFlow cuts big
    batches into as many parts as it has cores, which changes the numbers; these are the ones of a single part.
    """
    rows, variant = len(logits), (logits.dtype, np.dtype(dtype))
    reserved = rows * (-(-num_samples // 4) * 4) * 2 * RESERVED_BLOCKS
    return classes_from(state.stream("Multinomial", variant, seed, reserved), logits, num_samples, dtype)


def classes_from(stream: Philox, logits: Array, num_samples: int, dtype: Any) -> Array:
    """Returns classes drawn from a stream for every row of `logits`, as `random_categorical` does."""
    rows = len(logits)
    if not rows:
        return np.empty((0, num_samples), dtype)
    finite = np.isfinite(logits)
    with np.errstate(invalid="ignore"):
        largest = np.max(np.where(finite, logits, -np.inf).astype(np.float64), axis=1, keepdims=True)
        weights = np.where(finite, np.exp(logits.astype(np.float64) - largest), 0.0)
    sums = weights.cumsum(axis=1)
    sought = uniform(stream, rows * num_samples, np.float64).reshape(rows, num_samples) * sums[:, -1:]
    out = np.empty((rows, num_samples), dtype)
    for row in range(rows):
        out[row] = np.searchsorted(sums[row], sought[row], side="right")
    return out
