"""`tf.random.Generator`: random numbers from a state that the program holds, and can set, copy and split."""

from __future__ import annotations

import math
import os
from typing import Any

import numpy as np

from gradtape._core.conversion import convert
from gradtape._core.dtypes import as_dtype, float32, int32, int64, uint64
from gradtape._core.op import Array, TensorLike
from gradtape._core.tensor import Tensor, make_tensor
from gradtape._core.variable import Variable
from gradtape._ops import philox
from gradtape._ops.discrete_sampling import binomial_from
from gradtape._ops.philox import RESERVED_BLOCKS, Philox
from gradtape._ops.stateless import (
    INTEGERS,
    Algorithm,
    as_algorithm,
    dims_of,
    drawn,
    floating,
    plain,
    scaled,
    uniform_from,
    unsupported,
)
from gradtape._ops.steps import one_step
from gradtape.errors import InvalidArgumentError, UnimplementedError, WrongTypeError

_MASK = 2**64 - 1
_SIZES = {Algorithm.PHILOX.value: 3, Algorithm.THREEFRY.value: 2, Algorithm.AUTO_SELECT.value: 3}


def _size(alg: int) -> int:
    if alg not in _SIZES:
        raise InvalidArgumentError(unsupported(alg))
    return _SIZES[alg]


def _numbers(value: Any) -> Any:
    """Returns integers of up to 64 bits, signed or not, as an int64 array."""
    if isinstance(value, int):
        return np.array(value & _MASK, np.uint64).view(np.int64)
    if isinstance(value, (list, tuple)):
        value = value if all(isinstance(each, int) for each in value) else plain(value)
        return np.array([_numbers(each) for each in value], np.int64)
    array = plain(value)
    if array.dtype.kind not in "biuf":
        raise WrongTypeError(f"a seed is made of integers, got {value!r}.")
    return array.view(np.int64) if array.dtype == np.uint64 else array.astype(np.int64)


def _state(value: Any, alg: int) -> Any:
    state = _numbers(value)
    if state.shape != (_size(alg),):
        raise InvalidArgumentError(f"a state of this algorithm has shape [{_size(alg)}], got {list(state.shape)}.")
    return state


def _joined(key: Any, counter: Any, alg: int) -> Any:
    counters, keys = _numbers(counter), _numbers(key)
    if counters.shape != (_size(alg) - 1,):
        raise InvalidArgumentError(
            f"a counter of this algorithm has shape [{_size(alg) - 1}], got {list(counters.shape)}."
        )
    if keys.shape != ():
        raise InvalidArgumentError(f"a key is one integer, got shape {list(keys.shape)}.")
    return np.append(counters, keys)


@one_step("state")
def _checked(value: Any, alg: int) -> Tensor:
    return make_tensor(_state(value, alg))


@one_step("state")
def _from_key(key: Any, counter: Any, alg: int) -> Tensor:
    return make_tensor(_state(_joined(key, counter, alg), alg))


def _stream_at(state: TensorLike) -> Philox:
    low, high, key = (int(number) & _MASK for number in plain(state))
    return Philox(key, low | high << 64)


@one_step("advance")
def _moved(state: TensorLike, number: Any) -> Tensor:
    """Returns the state after a number of blocks."""
    stream = _stream_at(state)
    stream.skip(number)
    return make_tensor(np.array([stream.counter & _MASK, stream.counter >> 64, stream.key], np.uint64).view(np.int64))


@one_step("advance")
def _skipped(state: TensorLike, delta: TensorLike) -> Tensor:
    """Returns the state after `delta` numbers; TensorFlow counts the blocks in 64 bits."""
    return _moved(state, int(plain(delta)) * RESERVED_BLOCKS & _MASK)


@one_step("binomial", form=lambda *parts: parts, varies=True)
def _binomial(state: TensorLike, shape: TensorLike, counts: Tensor, probs: Tensor, dtype: Any) -> tuple[Any, Any]:
    """Returns binomial numbers, and the state after them."""
    after: list[Tensor] = []

    def reserve(parameters: int, repeats: int) -> Philox:
        after.append(_moved(state, parameters * 2 * 100 * (repeats + 3) // 4 * RESERVED_BLOCKS))
        return _stream_at(state)

    return binomial_from(reserve, shape, counts, probs, dtype), after[0]


@one_step("make_seeds")
def _as_seeds(keys: Tensor) -> Tensor:
    numbers = plain(keys)
    return make_tensor(np.stack([numbers, np.zeros_like(numbers)]))


@one_step("create_rng_state")
def create_rng_state(seed: Any, alg: Any) -> Array:
    """Returns the state that a seed stands for.

    Args:
        seed: an integer of any size, or a list or tensor of integers, of which the first are taken.
        alg: "philox", "threefry" or "auto_select".

    Returns:
        A tensor of int64: two numbers of the counter (one for ThreeFry), then the key.

    Raises:
        ValueError: the algorithm is unknown.

    >>> import gradtape as tf
    >>> tf.random.create_rng_state(1, "philox").numpy()
    array([1, 0, 0])
    """
    size = _size(as_algorithm(alg))
    if isinstance(seed, int):
        seed = [(seed >> (64 * place)) & _MASK for place in range(size)]
    numbers = _numbers(seed).reshape(-1)[:size]
    return make_tensor(np.concatenate([np.zeros(size - len(numbers), np.int64), numbers]))


class Generator:
    """A stream of random numbers whose state is a variable.

    >>> import gradtape as tf
    >>> tf.random.Generator.from_seed(1).normal([2]).numpy()
    array([ 0.43842274, -0.53439844], dtype=float32)
    """

    def __init__(self, copy_from: Generator | None = None, state: Any = None, alg: Any = None) -> None:
        """Starts at the state of another generator, or at a state and an algorithm.

        Raises:
            AssertionError: neither is given, or both.
            ValueError: the state doesn't fit the algorithm.
        """
        if (copy_from is None) == (state is None) or (state is None) != (alg is None):
            raise AssertionError("give copy_from, or state and alg: tf.random.Generator.from_seed(1) makes both.")
        if copy_from is not None:
            self._alg = copy_from.algorithm
            self._variable = Variable(copy_from.state, dtype=int64, trainable=False, name="StateVar")
            return
        self._alg = as_algorithm(alg)
        if isinstance(state, Variable):
            _state(state, self._alg)
            self._variable = state
        else:
            self._variable = Variable(_state(state, self._alg), dtype=int64, trainable=False, name="StateVar")

    @classmethod
    def from_state(cls, state: Any, alg: Any) -> Generator:
        """Returns a generator at a state; a variable stays the state of both."""
        return cls(alg=alg, state=state)

    @classmethod
    def from_seed(cls, seed: Any, alg: Any = None) -> Generator:
        """Returns a generator at the state that `create_rng_state` makes of a seed."""
        number = Algorithm.PHILOX.value if alg is None else as_algorithm(alg)
        return cls(state=create_rng_state(seed, number), alg=number)

    @classmethod
    def from_non_deterministic_state(cls, alg: Any = None) -> Generator:
        """Returns a generator that gives other numbers in each run."""
        number = Algorithm.PHILOX.value if alg is None else as_algorithm(alg)
        return cls(state=np.frombuffer(os.urandom(8 * _size(number)), np.int64), alg=number)

    @classmethod
    def from_key_counter(cls, key: Any, counter: Any, alg: Any) -> Generator:
        """Returns a generator at a key, one integer, and a counter, two of them (one for ThreeFry)."""
        number = as_algorithm(alg)
        return cls(state=_joined(key, counter, number), alg=number)

    def reset(self, state: Any) -> None:
        """Goes to a state; raises ValueError if it has the wrong size."""
        self._variable.assign(_checked(state, self._alg))

    def reset_from_seed(self, seed: Any) -> None:
        """Goes to the state that `create_rng_state` makes of a seed."""
        self._variable.assign(create_rng_state(seed, self._alg))

    def reset_from_key_counter(self, key: Any, counter: Any) -> None:
        """Goes to a key and a counter; raises ValueError if they have the wrong size."""
        self._variable.assign(_from_key(key, counter, self._alg))

    @property
    def state(self) -> Variable:
        """The state: a variable of int64, the counter's numbers and then the key."""
        return self._variable

    @property
    def algorithm(self) -> int:
        """The number of the algorithm."""
        return self._alg

    @property
    def key(self) -> Array:
        """The key, the last number of the state."""
        return self._variable[-1]

    def _before(self) -> Tensor:
        """Returns the state as it is."""
        if self._alg == Algorithm.THREEFRY.value:
            raise UnimplementedError("ThreeFry runs on accelerators only; write alg='philox'.")
        return convert(self._variable)

    def skip(self, delta: TensorLike) -> Array:
        """Moves on by `delta` numbers, of which each owns 256 blocks; returns the state before."""
        before = self._before()
        self._variable.assign(_skipped(before, delta))
        return before

    def _reserved(self, shape: TensorLike) -> tuple[Tensor, tuple[int, ...]]:
        """Returns the state and a shape, and moves the state on by as many numbers as that has."""
        dims, before = dims_of(shape), self._before()
        self._variable.assign(_moved(before, math.prod(dims) * RESERVED_BLOCKS))
        return before, dims

    def _drawn(self, draw: Any, shape: Any, dtype: Any) -> Any:
        return drawn(draw, _stream_at, *self._reserved(shape), dtype)

    def normal(
        self,
        shape: TensorLike,
        mean: TensorLike = 0.0,
        stddev: TensorLike = 1.0,
        dtype: Any = float32,
        name: str | None = None,
    ) -> Array:
        """Returns numbers drawn from a normal distribution, as `tf.random.stateless_normal`."""
        kind = floating(dtype)
        return scaled(self._drawn(philox.normal, shape, kind.numpy), stddev, mean, kind)

    def truncated_normal(
        self,
        shape: TensorLike,
        mean: TensorLike = 0.0,
        stddev: TensorLike = 1.0,
        dtype: Any = float32,
        name: str | None = None,
    ) -> Array:
        """Returns numbers drawn from a normal distribution without those beyond two deviations."""
        kind = floating(dtype)
        numbers = self._drawn(philox.truncated_normal, shape, kind.numpy)
        return scaled(numbers, stddev, mean, kind)

    def uniform(
        self,
        shape: TensorLike,
        minval: TensorLike | None = 0,
        maxval: TensorLike | None = None,
        dtype: Any = float32,
        name: str | None = None,
    ) -> Array:
        """Returns numbers drawn evenly from `minval` up to, not including, `maxval`; None for both: any integers."""
        kind = as_dtype(dtype)
        if kind.is_integer and (minval is None) != (maxval is None):
            raise InvalidArgumentError(f"For {kind.name}, give both minval and maxval or None for both.")
        if not kind.is_floating and kind not in INTEGERS:
            raise WrongTypeError(f"`dtype` is floating-point or of 32 or 64 bits, got {kind.name}.")
        return uniform_from(_stream_at, *self._reserved(shape), minval, maxval, kind)

    def uniform_full_int(self, shape: TensorLike, dtype: Any = uint64, name: str | None = None) -> Array:
        """Returns integers of which every bit is random, of int32, int64, uint32 or uint64."""
        kind = as_dtype(dtype)
        if kind not in INTEGERS:
            raise WrongTypeError(f"`dtype` is int32, int64, uint32 or uint64, got {kind.name}.")
        return self.uniform(shape, None, None, kind)

    def binomial(
        self, shape: TensorLike, counts: TensorLike, probs: TensorLike, dtype: Any = int32, name: str | None = None
    ) -> Array:
        """Returns how many of `counts` trials succeed, each with probability `probs`; `shape` ends with theirs."""
        found, after = _binomial(self._before(), shape, convert(counts), convert(probs), dtype)
        self._variable.assign(after)
        return found

    def make_seeds(self, count: int = 1) -> Array:
        """Returns seeds for the stateless functions, as the columns of an int64 tensor of shape `[2, count]`."""
        return _as_seeds(self.uniform_full_int([count], int64))

    def split(self, count: int = 1) -> list[Generator]:
        """Returns generators of other keys, drawn from this one."""
        keys = self.uniform_full_int([count], int64).numpy().tolist()
        return [type(self)(state=[0] * (_size(self._alg) - 1) + [key], alg=self._alg) for key in keys]


class _Shared:
    """Holds the generator of the whole program."""

    generator: Generator | None = None


def get_global_generator() -> Generator:
    """Returns the program's generator; without `set_global_generator` it gives other numbers in each run.

    Returns:
        A `tf.random.Generator`.

    >>> import gradtape as tf
    >>> tf.random.get_global_generator() is tf.random.get_global_generator()
    True
    """
    if _Shared.generator is None:
        _Shared.generator = Generator.from_non_deterministic_state()
    return _Shared.generator


def set_global_generator(generator: Generator) -> None:
    """Makes a generator the one that `get_global_generator` returns.

    Args:
        generator: a `tf.random.Generator`.

    >>> import gradtape as tf
    >>> tf.random.set_global_generator(tf.random.Generator.from_seed(1))
    >>> tf.random.get_global_generator().uniform([1]).numpy()
    array([0.78749514], dtype=float32)
    """
    _Shared.generator = generator
