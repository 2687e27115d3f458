"""Dropout: elements set to 0 at random, by the global seeds, by a seed given, or by numbers of the user's own."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from numbers import Real
from typing import Any

from gradtape._core.conversion import convert
from gradtape._core.op import TensorLike
from gradtape._core.tensor import Tensor
from gradtape._core.variable import Variable
from gradtape._ops.comparison import greater_equal, keep
from gradtape._ops.sampling import STATE, uniform
from gradtape._ops.stateless import stateless_uniform
from gradtape._ops.steps import one_step
from gradtape.errors import InvalidArgumentError, WrongTypeError


def noise_dims(shape: tuple[int, ...], noise_shape: Any) -> Any:
    """Returns the shape of what decides; None in it stands for the size that the tensor has there."""
    if noise_shape is None:
        return shape
    if isinstance(noise_shape, (list, tuple)) and len(noise_shape) == len(shape):
        return tuple(own if each is None else each for own, each in zip(shape, noise_shape, strict=True))
    return (noise_shape,) if isinstance(noise_shape, int) else noise_shape


def dropped(x: TensorLike, rate: Any, noise_shape: Any, draw: Callable[..., Any], skip: Callable[[], Any]) -> Tensor:
    """Returns `x` scaled where `draw(shape=…, dtype=…)` gives at least `rate`, and 0 elsewhere.

    Where the rate is the number 0, nothing is drawn: `skip()` is called instead.

    Raises:
        ValueError: `rate` is out of range or no scalar, or `x` holds no floating-point numbers.
    """
    number = isinstance(rate, Real)
    if number and not 0 <= rate < 1:
        raise InvalidArgumentError(
            f"`rate` must be a scalar tensor or a float in the range [0, 1). Received: rate={rate}"
        )
    tensor = convert(x)
    dtype = tensor.dtype
    if not dtype.is_floating:
        raise WrongTypeError(
            f"`x.dtype` must be a floating point tensor as `x` will be scaled. Received: x_dtype={dtype}"
        )
    if number and rate == 0:
        skip()
        return tensor
    if number:
        scaled = tensor * convert(1 / (1 - float(rate)), dtype)
        bound = convert(float(rate), dtype)
    elif isinstance(rate, (Tensor, Variable)):
        bound = convert(rate)
        if len(bound.shape):
            raise InvalidArgumentError(f"`rate` must be a scalar, rank 0; got shape {bound.shape}.")
        if bound.dtype is not dtype:
            raise WrongTypeError(
                f"`x.dtype` must be compatible with `rate.dtype`. Received: x.dtype={dtype} and "
                f"rate.dtype={bound.dtype}"
            )
        scaled = tensor / (1.0 - bound)
    else:
        raise InvalidArgumentError(f"`rate` must be a scalar or scalar tensor. Received: rate={rate}")
    sizes: Any = tensor.shape
    drawn = draw(shape=noise_dims(tuple(sizes), noise_shape), dtype=dtype)
    return keep(scaled, greater_equal(drawn, bound))


@one_step("pass_over", "source")
def _pass_over(seed: Any) -> Tensor:
    """Takes the seeds of an operation that draws nothing."""
    STATE.seeds(seed)
    return convert(False)


def dropout(
    x: TensorLike, rate: Any, noise_shape: Any = None, seed: int | None = None, name: str | None = None
) -> Tensor:
    """Returns `x` with elements set to 0 at random; the others are scaled so that the expected sum stays.

    The numbers are TensorFlow's own for the same seeds. The gradient flows through what was kept. The method is that
    of Srivastava and others, "Dropout: a simple way to prevent neural networks from overfitting", 2014.

    Args:
        x: a tensor of floating-point numbers.
        rate: the probability that an element is set to 0: a number of at least 0 and less than 1, or a tensor.
        noise_shape: the shape of what is decided at random, which broadcasts with `x`; None in it stands for the size
            of `x`. That of `x` by default.
        seed: the operation's own seed, beside the global one.
        name: ignored.

    Returns:
        A tensor of the dtype of `x` and its shape.

    Raises:
        ValueError: `rate` is out of range or no scalar, or `x` holds no floating-point numbers.
        InvalidArgumentError: `noise_shape` does not broadcast with the shape of `x`.

    >>> import gradtape as tf
    >>> tf.random.set_seed(1)
    >>> tf.nn.dropout(tf.ones([4]), rate=0.5)
    <tf.Tensor: shape=(4,), dtype=float32, numpy=array([0., 2., 2., 0.], dtype=float32)>
    """
    # Where no number is drawn, the operation's seed counts as used.
    return dropped(x, rate, noise_shape, partial(uniform, seed=seed), partial(_pass_over, seed))


def stateless_dropout(
    x: TensorLike,
    rate: Any,
    seed: TensorLike,
    rng_alg: Any = None,
    noise_shape: Any = None,
    name: str | None = None,
) -> Tensor:
    """Returns `x` with elements set to 0 at random, the same ones for a seed each time; the others are scaled.

    The numbers are TensorFlow's own for the same seed. The gradient flows through what was kept.

    Args:
        x: a tensor of floating-point numbers.
        rate: the probability that an element is set to 0: a number of at least 0 and less than 1, or a tensor.
        seed: two integers.
        rng_alg: the algorithm, as in `tf.random.stateless_uniform`.
        noise_shape: the shape of what is decided at random, which broadcasts with `x`; None in it stands for the size
            of `x`. That of `x` by default.
        name: ignored.

    Returns:
        A tensor of the dtype of `x` and its shape.

    Raises:
        ValueError: `rate` is out of range or no scalar, or `x` holds no floating-point numbers.
        InvalidArgumentError: `seed` isn't two integers, or `noise_shape` does not broadcast with the shape of `x`.

    >>> import gradtape as tf
    >>> tf.nn.experimental.stateless_dropout(tf.ones([4]), rate=0.5, seed=[1, 3])
    <tf.Tensor: shape=(4,), dtype=float32, numpy=array([2., 0., 2., 0.], dtype=float32)>
    """
    return dropped(x, rate, noise_shape, partial(stateless_uniform, seed=seed, alg=rng_alg), lambda: None)


def general_dropout(
    x: TensorLike,
    rate: Any,
    uniform_sampler: Callable[..., Any],
    noise_shape: Any = None,
    name: str | None = None,
) -> Tensor:
    """Returns `x` with elements set to 0 where a function of the user's own gives less than `rate`.

    Args:
        x: a tensor of floating-point numbers.
        rate: the probability that an element is set to 0: a number of at least 0 and less than 1, or a tensor.
        uniform_sampler: a function of the keyword arguments `shape` and `dtype` that returns numbers drawn evenly
            from 0 up to, not including, 1.
        noise_shape: the shape of what is decided at random, which broadcasts with `x`; None in it stands for the size
            of `x`. That of `x` by default.
        name: ignored.

    Returns:
        A tensor of the dtype of `x` and its shape.

    Raises:
        ValueError: `rate` is out of range or no scalar, or `x` holds no floating-point numbers.
        InvalidArgumentError: what the function returns does not broadcast with the shape of `x`.

    >>> import gradtape as tf
    >>> tf.nn.experimental.general_dropout(tf.ones([3]), 0.5, lambda shape, dtype: tf.linspace(0.0, 1.0, 3))
    <tf.Tensor: shape=(3,), dtype=float32, numpy=array([0., 2., 2.], dtype=float32)>
    """
    return dropped(x, rate, noise_shape, uniform_sampler, lambda: None)
