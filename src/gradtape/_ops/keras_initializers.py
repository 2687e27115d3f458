"""Keras's initializers, which `tf.initializers` shows: an integer seed gives the same numbers in each call."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradtape._core.conversion import convert
from gradtape._core.dtypes import DType, as_dtype, float32, float64, int64
from gradtape._core.op import TensorLike
from gradtape._core.tensor import Tensor
from gradtape._core.tracking import RECORDING
from gradtape._ops.arithmetic import abs, sign, sqrt, square
from gradtape._ops.casting import cast
from gradtape._ops.comparison import logical_and
from gradtape._ops.creation import eye, ones, zeros
from gradtape._ops.diagonals import diag_part
from gradtape._ops.reduction import reduce_sum
from gradtape._ops.singular import qr
from gradtape._ops.stateless import stateless_normal, stateless_truncated_normal, stateless_uniform
from gradtape._ops.steps import one_step
from gradtape._ops.structure import reshape, transpose
from gradtape._ops.trigonometry import acos, cos, sin

# Seeds are brought into the range of int32 by what is left when they are divided by this.
SEED_RANGE = 2**31 - 2
# The standard deviation of a normal distribution without what is beyond two deviations.
TRUNCATED_DEVIATION = 0.87962566103423978
# What Keras makes of Python's types.
KERAS_DTYPES: dict[Any, DType] = {int: int64, "int": int64, "float": float32}


def as_kind(dtype: Any) -> DType:
    """Returns a dtype; float32 for None.

    Raises:
        ValueError: it is none.
    """
    try:
        return float32 if dtype is None else KERAS_DTYPES.get(dtype) or as_dtype(dtype)
    except TypeError as error:
        raise ValueError(f"Invalid dtype: {dtype!r}. {error}") from None


class Initializer:
    """What all initializers share; a program's own define `__call__`, and `get_config` if they take arguments.

    >>> import gradtape as tf
    >>> class Halves(tf.initializers.Initializer):
    ...     def __call__(self, shape, dtype=None):
    ...         return tf.fill(shape, tf.constant(0.5, dtype))
    >>> Halves()([2]).numpy()
    array([0.5, 0.5], dtype=float32)
    """

    def __call__(self, shape: TensorLike, dtype: Any = None) -> Tensor:
        """Returns a tensor of a shape and dtype."""
        raise NotImplementedError("an initializer defines __call__(self, shape, dtype=None), which returns a tensor.")

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that the object was made with."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """Returns an initializer made with these arguments."""
        return cls(**config)

    def clone(self) -> Any:
        """Returns an initializer made with the same arguments."""
        return type(self).from_config(self.get_config())


class Zeros(Initializer):
    """Makes tensors of zeros.

    >>> import gradtape as tf
    >>> tf.initializers.Zeros()([2]).numpy()
    array([0., 0.], dtype=float32)
    """

    def __call__(self, shape: TensorLike, dtype: Any = None) -> Tensor:
        """Returns zeros of a shape and dtype."""
        return zeros(shape, as_kind(dtype))


class Ones(Initializer):
    """Makes tensors of ones.

    >>> import gradtape as tf
    >>> tf.initializers.Ones()([2]).numpy()
    array([1., 1.], dtype=float32)
    """

    def __call__(self, shape: TensorLike, dtype: Any = None) -> Tensor:
        """Returns ones of a shape and dtype."""
        return ones(shape, as_kind(dtype))


class Constant(Initializer):
    """Makes tensors of one number.

    Args:
        value: a number, or what broadcasts to the shape that is asked for.

    >>> import gradtape as tf
    >>> tf.initializers.Constant(3.0)([2]).numpy()
    array([3., 3.], dtype=float32)
    """

    def __init__(self, value: Any = 0.0) -> None:
        """Keeps the value."""
        self.value = value

    def __call__(self, shape: TensorLike, dtype: Any = None) -> Tensor:
        """Returns the number in a shape and dtype."""
        kind = as_kind(dtype)
        value, whole = cast(self.value, kind), ones(shape, kind)
        return logical_and(value, whole) if kind.is_bool else value * whole

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that the object was made with, in a form that JSON takes."""
        return {"value": plain_value(self.value)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Constant:
        """Returns an initializer made with these arguments."""
        return cls(value_from(config["value"]))


def plain_value(value: Any) -> Any:
    """Returns an array or a tensor as a dict of its values and its dtype, a NumPy scalar as a number."""
    if isinstance(value, np.generic):
        return value.item()
    if not isinstance(value, Tensor | np.ndarray):
        return value
    array, word = (value.numpy(), "__tensor__") if isinstance(value, Tensor) else (value, "__numpy__")
    return {"class_name": word, "config": {"value": array.tolist(), "dtype": array.dtype.name}}


def value_from(plain: Any) -> Any:
    """Returns what `plain_value` was given."""
    if not isinstance(plain, dict):
        return plain
    array = np.array(plain["config"]["value"], as_dtype(plain["config"]["dtype"]).numpy)
    return convert(array) if plain["class_name"] == "__tensor__" else array


class Identity(Initializer):
    """Makes identity matrices.

    Args:
        gain: a number to multiply them by.

    >>> import gradtape as tf
    >>> tf.initializers.Identity(2.0)([2, 2]).numpy()
    array([[2., 0.],
           [0., 2.]], dtype=float32)
    """

    def __init__(self, gain: Any = 1.0) -> None:
        """Keeps the factor."""
        self.gain = gain

    def __call__(self, shape: Any, dtype: Any = None) -> Tensor:
        """Returns a matrix of a shape and dtype.

        Raises:
            ValueError: the shape is none of a matrix.
        """
        if len(shape) != 2:
            raise ValueError(f"an identity matrix has two dimensions, got shape={shape}.")
        rows, columns = map(int, shape)
        unit: Tensor = self.gain * eye(rows, columns, dtype=as_kind(dtype))
        return unit

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that the object was made with."""
        return {"gain": self.gain}


class RandomInitializer(Initializer):
    """What the initializers share that draw numbers: the seed, one of Python's `random` where none is given."""

    def __init__(self, seed: int | None = None) -> None:
        """Keeps the seed, or takes one.

        Raises:
            ValueError: it is no integer.
        """
        if seed is not None and not isinstance(seed, int):
            raise ValueError(f"`seed` is an integer or None, got seed={seed!r}.")
        self._given = seed
        # In a function that is recorded, the seed of this run, and the tensor that stands for that of each replay.
        self._fresh = seed_of_python() if seed is None else None
        fresh: Any = None if self._fresh is None else self._fresh._value
        self.seed: Any = seed if fresh is None else int(getattr(fresh, "value", fresh))

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that the object was made with."""
        return {"seed": self._given}

    def _pair(self) -> list[Any]:
        """Returns the seed for the functions without a state.

        Raises:
            ValueError: it does not fit int64.
        """
        if isinstance(self.seed, bool) or not -(2**63) <= self.seed < 2**63:
            raise ValueError(f"a seed is an integer of int64, got {self.seed!r}.")
        fresh: Any = self._fresh
        recorder = None if fresh is None or RECORDING.recorder is None else getattr(fresh._value, "recorder", None)
        if recorder is not None and recorder.open:
            return [fresh % SEED_RANGE, 0]
        return [self.seed % SEED_RANGE, 0]


@one_step("seed_of_python", "source")
def seed_of_python() -> Tensor:
    """Returns a seed from Python's `random`."""
    # Imported here: its own imports would cost every program a millisecond.
    import random

    return convert(random.randint(1, 10**9), int64)


def as_float_kind(dtype: Any) -> DType:
    """Returns the dtype of drawn numbers; float32 for None."""
    return as_dtype(dtype or float32)


class RandomNormal(RandomInitializer):
    """Makes tensors of numbers drawn from a normal distribution.

    Args:
        mean: the mean.
        stddev: the standard deviation.
        seed: an integer, for the same numbers in each program; None for one of Python's `random`.

    >>> import gradtape as tf
    >>> tf.initializers.RandomNormal(seed=5)([2]).numpy()
    array([-0.10276892,  0.05790939], dtype=float32)
    """

    def __init__(self, mean: Any = 0.0, stddev: Any = 0.05, seed: int | None = None) -> None:
        """Keeps the parameters and the seed."""
        self.mean, self.stddev = mean, stddev
        super().__init__(seed)

    def __call__(self, shape: TensorLike, dtype: Any = None) -> Tensor:
        """Returns numbers of a shape and of a floating-point dtype."""
        return stateless_normal(shape, self._pair(), self.mean, self.stddev, as_float_kind(dtype))

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that the object was made with."""
        return {**super().get_config(), "mean": self.mean, "stddev": self.stddev}


class TruncatedNormal(RandomInitializer):
    """Makes tensors of numbers drawn from a normal distribution without those beyond two deviations.

    Args:
        mean: the mean.
        stddev: the standard deviation, before those are left out.
        seed: an integer, for the same numbers in each program; None for one of Python's `random`.

    >>> import gradtape as tf
    >>> bool(tf.reduce_all(tf.abs(tf.initializers.TruncatedNormal(seed=5)([100])) <= 0.1))
    True
    """

    def __init__(self, mean: Any = 0.0, stddev: Any = 0.05, seed: int | None = None) -> None:
        """Keeps the parameters and the seed."""
        self.mean, self.stddev = mean, stddev
        super().__init__(seed)

    def __call__(self, shape: TensorLike, dtype: Any = None) -> Tensor:
        """Returns numbers of a shape and of a floating-point dtype."""
        return stateless_truncated_normal(shape, self._pair(), self.mean, self.stddev, as_float_kind(dtype))

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that the object was made with."""
        return {**super().get_config(), "mean": self.mean, "stddev": self.stddev}


class RandomUniform(RandomInitializer):
    """Makes tensors of numbers drawn evenly between two bounds.

    Args:
        minval: the least number.
        maxval: the bound above.
        seed: an integer, for the same numbers in each program; None for one of Python's `random`.

    >>> import gradtape as tf
    >>> tf.initializers.RandomUniform(0, 10, seed=5)([2], tf.int32).numpy()
    array([3, 0], dtype=int32)
    """

    def __init__(self, minval: Any = -0.05, maxval: Any = 0.05, seed: int | None = None) -> None:
        """Keeps the bounds and the seed."""
        self.minval, self.maxval = minval, maxval
        super().__init__(seed)

    def __call__(self, shape: TensorLike, dtype: Any = None) -> Tensor:
        """Returns numbers of a shape and dtype."""
        kind = as_float_kind(dtype)
        low, high = (cast(bound, kind) for bound in (self.minval, self.maxval))
        return stateless_uniform(shape, self._pair(), low, high, kind)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that the object was made with."""
        return {**super().get_config(), "minval": self.minval, "maxval": self.maxval}


def fans(shape: Any, input_axes: Any = None, output_axes: Any = None) -> tuple[int, int]:
    """Returns how many numbers go into one of a layer's results, and how many results one number goes into.

    >>> fans((3, 3, 16, 32))
    (144, 288)
    """
    sizes = tuple(map(int, shape))
    if input_axes is not None and output_axes is not None:
        return math.prod(sizes[axis] for axis in input_axes), math.prod(sizes[axis] for axis in output_axes)
    if len(sizes) < 2:
        return (sizes or (1,)) * 2  # type: ignore[return-value]
    # What is in front of the two channels is the window of a convolution.
    window = math.prod(sizes[:-2])
    return sizes[-2] * window, sizes[-1] * window


class Orthogonal(RandomInitializer):
    """Makes matrices with orthogonal columns, or orthogonal rows where there are fewer (Saxe et al. 2014).

    Args:
        gain: a number to multiply them by.
        seed: an integer, for the same numbers in each program; None for one of Python's `random`.

    >>> import gradtape as tf
    >>> q = tf.initializers.Orthogonal(seed=1)([3, 2])
    >>> tf.debugging.assert_near(tf.matmul(q, q, transpose_a=True), tf.eye(2), atol=1e-5)
    """

    def __init__(self, gain: Any = 1.0, seed: int | None = None) -> None:
        """Keeps the factor and the seed."""
        self.gain = gain
        super().__init__(seed)

    def __call__(self, shape: Any, dtype: Any = None) -> Tensor:
        """Returns such a matrix in a shape, of which all dimensions but the last are its rows.

        Raises:
            ValueError: the shape has fewer than two dimensions.
        """
        if len(shape) < 2:
            raise ValueError(f"an orthogonal matrix has at least two dimensions, got shape={shape}.")
        *leading, columns = map(int, shape)
        rows, kind = math.prod(leading), as_float_kind(dtype)
        drawn = stateless_normal([max(rows, columns), min(rows, columns)], self._pair(), dtype=kind)
        q, r = qr(drawn if kind in (float32, float64) else cast(drawn, float32))
        # The factors are unique with a positive diagonal, and the matrix evenly distributed.
        q = q * sign(diag_part(r))
        matrix: Tensor = self.gain * reshape(cast(transpose(q) if rows < columns else q, kind), [*leading, columns])
        return matrix

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that the object was made with."""
        return {**super().get_config(), "gain": self.gain}


class STFT(Initializer):
    """Makes the kernels of a convolution that is a short-time Fourier transform.

    Args:
        side: `"real"` for the cosines, `"imag"` for the sines, with their sign.
        window: the name of one of SciPy's windows, the numbers of a window, or None.
        scaling: `"density"` to divide by the window's norm, `"spectrum"` by its sum, or None.
        periodic: True for a periodic window, False for a symmetric one; for a window by name.

    Raises:
        ValueError: a word is another one.

    >>> import gradtape as tf
    >>> tf.initializers.STFT(window=None)((4, 1, 3)).shape
    TensorShape([4, 1, 3])
    """

    def __init__(
        self, side: str = "real", window: Any = "hann", scaling: str | None = "density", periodic: bool = False
    ) -> None:
        """Keeps the parameters."""
        if side not in ("real", "imag"):
            raise ValueError(f"`side` is 'real' or 'imag', got {side!r}.")
        if scaling not in (None, "density", "spectrum"):
            raise ValueError(f"`scaling` is None, 'density' or 'spectrum', got {scaling!r}.")
        self.side, self.window, self.scaling, self.periodic = side, window, scaling, periodic
        if isinstance(window, str):
            self._window(1)

    def _window(self, length: int) -> Any:
        """Returns the numbers of the window."""
        from scipy.signal import get_window

        return get_window(self.window, length, self.periodic) if isinstance(self.window, str) else self.window

    def __call__(self, shape: Any, dtype: Any = None) -> Tensor:
        """Returns the kernels for the shape `(frame length, channels, frequencies)`, of one channel.

        Raises:
            ValueError: the window has another length.
        """
        kind = as_kind(dtype)
        length, _, frequencies = map(int, shape)
        # Rounded to the dtype in each step, as Keras does.
        turns = convert(np.arange(frequencies), kind) / convert(2 * (frequencies - 1), kind)
        times = reshape(convert(np.arange(length), kind), [length, 1, 1])
        angles = -2 * times * turns * acos(convert(-1, kind))
        kernel: Tensor = (cos if self.side == "real" else sin)(angles)
        if self.window is None:
            return kernel
        window = cast(self._window(length), kind)
        if tuple(window.shape) != (length,):
            raise ValueError(f"a window of shape [{length}] is wanted, got one of shape {window.shape}.")
        kernel = kernel * reshape(window, [length, 1, 1])
        if self.scaling is None:
            return kernel
        return kernel / (sqrt(reduce_sum(square(window))) if self.scaling == "density" else reduce_sum(abs(window)))

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that the object was made with."""
        names = ("side", "window", "periodic", "scaling")
        return {name: getattr(self, name) for name in names}
