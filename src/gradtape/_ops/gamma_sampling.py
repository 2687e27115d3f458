"""Gamma numbers, with gradients for both parameters of the distribution."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradtape._core.conversion import convert
from gradtape._core.dtypes import DType, float32
from gradtape._core.op import Array, TensorLike
from gradtape._core.spec import broadcast_shapes
from gradtape._core.tensor import Tensor
from gradtape._ops import rejection
from gradtape._ops.discrete_sampling import as_rows, mapped_sizes, repeats_of
from gradtape._ops.extrema import maximum
from gradtape._ops.gamma_slopes import gamma_moved
from gradtape._ops.parameters import as_ints
from gradtape._ops.philox import RESERVED_BLOCKS
from gradtape._ops.sampling import STATE
from gradtape._ops.stateless import dims_of, floating, plain, stream_of
from gradtape._ops.steps import one_step
from gradtape._ops.structure import broadcast_to, stop_gradient


def _parameters(alpha: TensorLike, beta: TensorLike | None, kind: DType) -> tuple[Tensor, Any]:
    """Returns the shape parameters, broadcast with the rates; and the rates."""
    shapes = convert(alpha, kind)
    rates = None if beta is None else convert(beta, kind)
    if rates is not None and rates.shape != shapes.shape:
        shapes = broadcast_to(shapes, broadcast_shapes(as_ints(shapes.shape), as_ints(rates.shape)))
    return shapes, rates


@one_step("gamma", "source", varies=True)
def _drawn(shape: TensorLike, alpha: Tensor, kind: DType, seed: Any) -> Tensor:
    array, dims = plain(alpha), mapped_sizes(shape)
    count = math.prod(dims)
    stream = STATE.stream("RandomGamma", kind.numpy, seed, count * array.size * RESERVED_BLOCKS)
    return as_rows(rejection.gamma(stream, count, array.reshape(-1), kind.numpy).reshape(dims + array.shape))


@one_step("stateless_gamma", varies=True)
def _drawn_from(seed: TensorLike, shape: TensorLike, alpha: Tensor, kind: DType) -> Tensor:
    array, dims, stream = plain(alpha), dims_of(shape), stream_of(seed)
    repeats = repeats_of(dims, array.shape)
    return convert(rejection.gamma(stream, repeats, array.reshape(-1), kind.numpy).reshape(dims))


def _finished(alpha: Tensor, rates: Any, sample: Tensor, kind: DType) -> Any:
    moved = gamma_moved(alpha, stop_gradient(alpha), sample)
    # No number is 0: the least is the least normal one of the type.
    least = 2.0**-14 if kind.numpy == np.float16 else 2.0**-1022 if kind.numpy == np.float64 else 2.0**-126
    return maximum(moved if rates is None else moved / rates, convert(least, kind))


def gamma(
    shape: TensorLike,
    alpha: TensorLike,
    beta: TensorLike | None = None,
    dtype: Any = float32,
    seed: int | None = None,
    name: str | None = None,
) -> Array:
    """Returns numbers drawn from gamma distributions, for each of the parameters a block of `shape`.

    Args:
        shape: the shape of what is drawn for each pair of parameters.
        alpha: the shape parameters, positive; gradients flow to them.
        beta: the rates, positive, that broadcast with `alpha`; gradients flow to them. 1 by default.
        dtype: a floating-point type.
        seed: the operation's own seed, beside the global one.
        name: ignored.

    Returns:
        A tensor of shape `shape + (alpha + beta).shape`.

    Raises:
        InvalidArgumentError: a size is negative, or the parameters don't broadcast.
        TypeError: `dtype` is no floating-point type.

    >>> import gradtape as tf
    >>> tf.random.gamma([5], [1.0, 2.0]).shape
    TensorShape([5, 2])
    """
    kind = floating(dtype)
    shapes, rates = _parameters(alpha, beta, kind)
    return _finished(shapes, rates, _drawn(shape, shapes, kind, seed), kind)


def stateless_gamma(
    shape: TensorLike,
    seed: TensorLike,
    alpha: TensorLike,
    beta: TensorLike | None = None,
    dtype: Any = float32,
    name: str | None = None,
) -> Array:
    """Returns numbers drawn from gamma distributions, the same for a seed each time.

    Args:
        shape: the shape of the result; it ends with that of `alpha` and `beta`, broadcast.
        seed: two integers, int32 or int64.
        alpha: the shape parameters, positive; gradients flow to them.
        beta: the rates, positive; gradients flow to them. 1 by default.
        dtype: a floating-point type.
        name: ignored.

    Returns:
        A tensor of `shape` and `dtype`.

    Raises:
        InvalidArgumentError: the shapes don't fit, or the seed isn't two integers.
        TypeError: `dtype` is no floating-point type.

    >>> import gradtape as tf
    >>> tf.random.stateless_gamma([2], seed=[1, 2], alpha=2.0).numpy()
    array([2.8172736, 1.9241365], dtype=float32)
    """
    kind = floating(dtype)
    shapes, rates = _parameters(alpha, beta, kind)
    return _finished(shapes, rates, _drawn_from(seed, shape, shapes, kind), kind)
