"""Initializers: objects that make a tensor of initial values of any shape, as `tf.zeros_initializer` does."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape._core.dtypes import DType, as_dtype, float32, string
from gradtape._core.op import TensorLike
from gradtape._core.tensor import Tensor
from gradtape._ops import sampling
from gradtape._ops.creation import constant, ones, zeros
from gradtape._ops.stateless import stateless_normal, stateless_uniform


class Initializer:
    """What all initializers share: they are called with a shape, and are made again from `get_config()`."""

    def __call__(self, shape: TensorLike, dtype: Any = None, **kwargs: Any) -> Tensor:
        """Returns a tensor of a shape and dtype."""
        raise NotImplementedError("an initializer defines __call__(self, shape, dtype=None), which returns a tensor.")

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that the object was made with."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """Returns an initializer made with these arguments."""
        return cls(**{name: value for name, value in config.items() if name != "dtype"})

    def _shape(self, shape: Any, kwargs: dict[str, Any], whole: bool = True) -> Any:
        """Returns the shape to make, which is that of a part where a part of a variable is asked for.

        Raises:
            TypeError: there is another argument.
            ValueError: the initializer makes no parts.
        """
        if strange := sorted(kwargs.keys() - {"partition_shape", "partition_offset"}):
            raise TypeError(
                f"beside `shape` and `dtype`, partition_shape and partition_offset are taken; got {strange}."
            )
        if kwargs and not whole:
            raise ValueError(f"{type(self).__name__} makes no parts of a variable; leave {sorted(kwargs)} out.")
        return kwargs.get("partition_shape", shape)


def numeric(dtype: Any) -> DType:
    """Returns a dtype that is not one of texts; raises ValueError for that."""
    kind = as_dtype(dtype)
    if kind is string:
        raise ValueError(f"`dtype` is one of numbers or bool, got {kind!r}.")
    return kind


class Zeros(Initializer):
    """Makes tensors of zeros.

    >>> import gradtape as tf
    >>> tf.zeros_initializer()([2]).numpy()
    array([0., 0.], dtype=float32)
    """

    def __call__(self, shape: TensorLike, dtype: Any = float32, **kwargs: Any) -> Tensor:
        """Returns zeros of a shape and dtype."""
        return zeros(self._shape(shape, kwargs), numeric(dtype))


class Ones(Initializer):
    """Makes tensors of ones.

    >>> import gradtape as tf
    >>> tf.ones_initializer()([2]).numpy()
    array([1., 1.], dtype=float32)
    """

    def __call__(self, shape: TensorLike, dtype: Any = float32, **kwargs: Any) -> Tensor:
        """Returns ones of a shape and dtype."""
        return ones(self._shape(shape, kwargs), numeric(dtype))


class Constant(Initializer):
    """Makes tensors of given values.

    Args:
        value: a number, or a list or array of as many numbers as the shape asks for.
        support_partition: whether parts of a variable may be asked for.

    Raises:
        TypeError: `value` is something else.

    >>> import gradtape as tf
    >>> tf.constant_initializer(3.0)([2]).numpy()
    array([3., 3.], dtype=float32)
    """

    def __init__(self, value: Any = 0, support_partition: bool = False) -> None:
        """Keeps the value."""
        if not (np.isscalar(value) or isinstance(value, list | tuple | np.ndarray)):
            raise TypeError(f"a number, a list of them or an array is wanted, got {value!r}.")
        self.value = value
        self.support_partition = support_partition

    def __call__(self, shape: TensorLike, dtype: Any = None, **kwargs: Any) -> Tensor:
        """Returns the values in a shape, of a dtype or of their own."""
        self._shape(shape, kwargs, self.support_partition)
        return constant(self.value, dtype if dtype is None else as_dtype(dtype), shape)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that the object was made with."""
        return {"value": self.value}


class RandomUniform(Initializer):
    """Makes tensors of numbers drawn evenly between two bounds.

    Args:
        minval: the least number.
        maxval: the bound above.
        seed: an integer, for the same numbers in each call; None for numbers that go on from `tf.random.set_seed`.

    >>> import gradtape as tf
    >>> tf.random_uniform_initializer(seed=1)([2]).shape
    TensorShape([2])
    """

    def __init__(self, minval: Any = -0.05, maxval: Any = 0.05, seed: int | None = None) -> None:
        """Keeps the bounds and the seed."""
        self.minval, self.maxval, self.seed = minval, maxval, seed

    def __call__(self, shape: TensorLike, dtype: Any = float32, **kwargs: Any) -> Tensor:
        """Returns numbers of a shape and of a dtype of real numbers."""
        kind = as_dtype(dtype)
        if not (kind.is_floating or kind.is_integer):
            raise ValueError(f"`dtype` is one of real numbers, got {kind!r}.")
        sizes = self._shape(shape, kwargs)
        if self.seed is None:
            return sampling.uniform(sizes, self.minval, self.maxval, kind)
        return stateless_uniform(sizes, [self.seed, 0], self.minval, self.maxval, kind)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that the object was made with."""
        return {"minval": self.minval, "maxval": self.maxval, "seed": self.seed}


class RandomNormal(Initializer):
    """Makes tensors of numbers drawn from a normal distribution.

    Args:
        mean: the mean.
        stddev: the standard deviation.
        seed: an integer, for the same numbers in each call; None for numbers that go on from `tf.random.set_seed`.

    >>> import gradtape as tf
    >>> tf.random_normal_initializer(seed=1)([2]).shape
    TensorShape([2])
    """

    def __init__(self, mean: Any = 0.0, stddev: Any = 0.05, seed: int | None = None) -> None:
        """Keeps the parameters and the seed."""
        self.mean, self.stddev, self.seed = mean, stddev, seed

    def __call__(self, shape: TensorLike, dtype: Any = float32, **kwargs: Any) -> Tensor:
        """Returns numbers of a shape and of a floating-point dtype."""
        kind = as_dtype(dtype)
        if not kind.is_floating:
            raise ValueError(f"`dtype` is a floating-point type, got {kind!r}.")
        sizes = self._shape(shape, kwargs)
        if self.seed is None:
            return sampling.normal(sizes, self.mean, self.stddev, kind)
        return stateless_normal(sizes, [self.seed, 0], self.mean, self.stddev, kind)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that the object was made with."""
        return {"mean": self.mean, "stddev": self.stddev, "seed": self.seed}


zeros_initializer, ones_initializer, constant_initializer = Zeros, Ones, Constant
random_uniform_initializer, random_normal_initializer = RandomUniform, RandomNormal
