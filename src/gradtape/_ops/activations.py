"""Activation functions of neural networks."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from gradtape._core.conversion import convert
from gradtape._core.dtypes import FLOATS, REALS
from gradtape._core.families import composite, elementwise
from gradtape._core.op import ZERO, Array, TensorLike
from gradtape._core.sampling import Values, arrays, singles
from gradtape._core.tensor import Tensor, make_tensor
from gradtape._ops.arithmetic import abs, multiply, negative, square
from gradtape._ops.casting import cast
from gradtape._ops.comparison import keep_array, less, select, select_array
from gradtape._ops.exponential import bounded_exp, exp, sigmoid
from gradtape._ops.extrema import minimum
from gradtape._ops.joining import concat
from gradtape._ops.trigonometry import tanh
from gradtape.errors import WrongTypeError

BOTH_SIDES = singles(0.2, 2.0) + singles(-2.0, -0.2)
GATES = arrays(((), ()), ((3,), (3,)), ((0, 2), (0, 2)), values=(Values(), Values(-2.0, 2.11, distinct=True)))
# A number without dimensions as NumPy has it: reading a Python number takes as long as a comparison of four.
ZEROS = {dtype: np.zeros((), dtype) for dtype in REALS}
# From so many elements on, NumPy's `clip` is faster than its `maximum` with one number.
LARGE = 32768

# Klambauer, Unterthiner, Mayr, Hochreiter, "Self-Normalizing Neural Networks" (2017), section 2.
SELU_SCALE = 1.0507009873554805
SELU_SCALED_ALPHA = 1.7580993408473766
# Hendrycks, Gimpel, "Gaussian Error Linear Units" (2016), section 2: sqrt(2 / pi), and that times 0.044715.
GELU_SLOPE = 0.7978845608028654
GELU_CUBE = 0.035677408136300125
NORMAL_PEAK = 0.3989422804014327


def positive(x: Array) -> Array:
    """Returns whether the elements of an array are above 0."""
    return np.greater(x, ZEROS.get(x.dtype, 0))


# The derivatives of the piecewise linear functions are operations of their own: so the second ones are 0 and not None.
@elementwise(
    GATES,
    x=lambda g, gate: gated(g, gate),
    gate=ZERO,
)
def gated(x: TensorLike, gate: TensorLike) -> Array:
    """Returns `x` where `gate` is above 0, and 0 elsewhere."""
    return keep_array(x, positive(gate))


@elementwise(
    GATES,
    x=lambda g, gate: gated_between(g, gate),
    gate=ZERO,
)
def gated_between(x: TensorLike, gate: TensorLike) -> Array:
    """Returns `x` where `gate` is above 0 and below 6, and 0 elsewhere."""
    return keep_array(x, np.logical_and(positive(gate), np.less(gate, 6)))


@elementwise(
    arrays(((), ()), ((2, 3), (2, 3)), values=(Values(), Values(-2.0, 2.11, distinct=True)), alpha=[0.2]),
    x=lambda g, gate, alpha: sloped(g, gate, alpha),
    gate=ZERO,
)
def sloped(x: TensorLike, gate: TensorLike, alpha: float) -> Array:
    """Returns `x` where `gate` is above 0, and `alpha * x` elsewhere."""
    return select_array(positive(gate), x, np.multiply(x, alpha))


@elementwise(BOTH_SIDES, types=REALS, features=lambda g, out: gated(g, out))
def relu(features: TensorLike, name: str | None = None) -> Array:
    """Returns `features` where it is above 0, and 0 elsewhere; the gradient at 0 is 0.

    Args:
        features: a tensor of real numbers.
        name: ignored.

    Returns:
        A tensor of the dtype and shape of `features`.

    Raises:
        InvalidArgumentError: `features` is of another dtype.

    >>> import gradtape as tf
    >>> tf.nn.relu([-2.0, 0.0, 3.0])
    <tf.Tensor: shape=(3,), dtype=float32, numpy=array([0., 0., 3.], dtype=float32)>
    """
    if features.size >= LARGE and features.dtype.kind == "f":
        return np.clip(features, 0.0, np.inf)
    return np.maximum(features, ZEROS.get(features.dtype, 0))


@elementwise(
    BOTH_SIDES + singles(6.2, 7.0),
    types=REALS,
    features=lambda g, out: gated_between(g, out),
)
def relu6(features: TensorLike, name: str | None = None) -> Array:
    """Returns `features` limited to the range of 0 to 6; the gradient at its ends is 0.

    Args:
        features: a tensor of real numbers.
        name: ignored.

    Returns:
        A tensor of the dtype and shape of `features`.

    Raises:
        InvalidArgumentError: `features` is of another dtype.

    >>> import gradtape as tf
    >>> tf.nn.relu6([-3.0, 5.0, 6.0, 12.0])
    <tf.Tensor: shape=(4,), dtype=float32, numpy=array([0., 5., 6., 6.], dtype=float32)>
    """
    return np.minimum(np.maximum(features, 0), 6)


def as_floats(features: Tensor) -> tuple[Tensor]:
    """Returns a tensor with integers made float32."""
    if features.dtype.is_integer:
        return (make_tensor(features._value.astype(np.float32)),)
    return (features,)


def as_slope(alpha: Any) -> float:
    """Returns the slope below 0 as a Python number."""
    if isinstance(alpha, bool) or not isinstance(alpha, (int, float, np.number)):
        raise WrongTypeError(f"leaky_relu: `alpha` is a Python number, got {alpha!r}.")
    return float(alpha)


@elementwise(
    arrays((), (3,), (2, 3), (0,), values=Values(-2.0, 2.11, distinct=True), alpha=[0.2, 0.0, 1.5]),
    types=FLOATS,
    prepare=as_floats,
    canonical={"alpha": as_slope},
    features=lambda g, features, alpha: sloped(g, features, alpha),
)
def leaky_relu(features: TensorLike, alpha: float = 0.2, name: str | None = None) -> Array:
    """Returns `features` where it is above 0, and `alpha * features` elsewhere.

    Args:
        features: a tensor of floating-point numbers; integers become float32.
        alpha: the slope below 0, and at 0.
        name: ignored.

    Returns:
        A tensor of the dtype and shape of `features`.

    Raises:
        InvalidArgumentError: `features` is of complex numbers or bools.

    >>> import gradtape as tf
    >>> tf.nn.leaky_relu([-2.0, 0.0, 3.0], alpha=0.5)
    <tf.Tensor: shape=(3,), dtype=float32, numpy=array([-1.,  0.,  3.], dtype=float32)>
    """
    small = np.multiply(features, alpha)
    if 0.0 < alpha <= 1.0:
        return np.maximum(features, small)
    return np.where(np.greater(features, 0), features, small)


@elementwise(BOTH_SIDES, types=FLOATS, features=lambda g, out: g * (minimum(0.0, out) + 1.0))
def elu(features: TensorLike, name: str | None = None) -> Array:
    """Returns `features` where it is above 0, and `exp(features) - 1` elsewhere.

    Source: Clevert, Unterthiner, Hochreiter, "Fast and Accurate Deep Network Learning by Exponential Linear Units"
    (2015), section 3.

    Args:
        features: a tensor of floating-point numbers.
        name: ignored.

    Returns:
        A tensor of the dtype and shape of `features`.

    Raises:
        InvalidArgumentError: `features` is of another dtype.

    >>> import gradtape as tf
    >>> tf.nn.elu([-1000.0, 0.0, 3.0])
    <tf.Tensor: shape=(3,), dtype=float32, numpy=array([-1.,  0.,  3.], dtype=float32)>
    """
    return np.add(np.maximum(features, 0), np.expm1(np.minimum(features, 0)))


@elementwise(
    BOTH_SIDES, types=FLOATS, features=lambda g, out: g * select(less(out, 0.0), out + SELU_SCALED_ALPHA, SELU_SCALE)
)
def selu(features: TensorLike, name: str | None = None) -> Array:
    """Returns the scaled exponential linear unit, `1.0507 * features` above 0 and `1.7581 * (exp(features) - 1)` below.

    Source: Klambauer, Unterthiner, Mayr, Hochreiter, "Self-Normalizing Neural Networks" (2017), section 2.

    Args:
        features: a tensor of floating-point numbers.
        name: ignored.

    Returns:
        A tensor of the dtype and shape of `features`.

    Raises:
        InvalidArgumentError: `features` is of another dtype.

    >>> import gradtape as tf
    >>> tf.nn.selu([-1000.0, 0.0, 1.0]).numpy().round(4)
    array([-1.7581,  0.    ,  1.0507], dtype=float32)
    """
    below = np.multiply(np.expm1(np.minimum(features, 0)), SELU_SCALED_ALPHA)
    return np.add(np.multiply(np.maximum(features, 0), SELU_SCALE), below)


@cache
def scipy_ndtr() -> Any:
    """Returns SciPy's distribution function of the normal distribution, imported at the first use."""
    from scipy.special import ndtr

    return ndtr


@elementwise(singles(), types=FLOATS, x=lambda g, x: g * (NORMAL_PEAK * exp(-0.5 * (x * x))))
def normal_cdf(x: TensorLike) -> Array:
    """Returns the probability that a number of the standard normal distribution is below `x`."""
    return scipy_ndtr()(x).astype(x.dtype)


def gelu_slope(x: Any, approximate: bool) -> Any:
    """Returns the derivative of `gelu`."""
    if not approximate:
        return normal_cdf(x) + NORMAL_PEAK * x * exp(-0.5 * (x * x))
    squared = x * x
    bend = tanh(x * (GELU_SLOPE + GELU_CUBE * squared))
    return 0.5 * (1.0 + bend) + 0.5 * x * (1.0 - bend * bend) * (GELU_SLOPE + 3.0 * GELU_CUBE * squared)


@elementwise(
    arrays((), (3,), (2, 3), (0,), approximate=[False, True]),
    types=FLOATS,
    canonical={"approximate": bool},
    features=lambda g, features, approximate: g * gelu_slope(features, approximate),
)
def gelu(features: TensorLike, approximate: bool = False, name: str | None = None) -> Array:
    """Returns `features` times the probability that a standard normal number is below it.

    Source: Hendrycks, Gimpel, "Gaussian Error Linear Units" (2016), section 2.

    Args:
        features: a tensor of floating-point numbers.
        approximate: whether the probability is approximated with `tanh`.
        name: ignored.

    Returns:
        A tensor of the dtype and shape of `features`.

    Raises:
        InvalidArgumentError: `features` is of another dtype.

    >>> import gradtape as tf
    >>> tf.nn.gelu([-1.0, 0.0, 3.0]).numpy().round(4)
    array([-0.1587,  0.    ,  2.996 ], dtype=float32)
    """
    if not approximate:
        return np.multiply(features, scipy_ndtr()(features).astype(features.dtype))
    bend = np.tanh(features * (GELU_SLOPE + GELU_CUBE * np.square(features)))
    return np.multiply(0.5 * features, 1.0 + bend)


def swish_slope(x: Any) -> Any:
    """Returns the derivative of `self_gated`."""
    share = sigmoid(x)
    return share * (1.0 + x * (1.0 - share))


@elementwise(singles(-4.0, 4.0), features=lambda g, features: g * swish_slope(features))
def self_gated(features: TensorLike) -> Array:
    """Returns `features * sigmoid(features)` element-wise: `silu` with `beta` 1, in one record.

    Args:
        features: a tensor of floating-point or complex numbers.

    Returns:
        A tensor of the dtype and shape of `features`.

    Raises:
        InvalidArgumentError: `features` is of integers or bools.

    >>> import gradtape as tf
    >>> tf.nn.swish([-1.0, 0.0, 3.0]).numpy().round(4)
    array([-0.2689,  0.    ,  2.8577], dtype=float32)
    """
    if features.dtype.kind == "c":
        return np.divide(features, np.add(np.exp(np.negative(features)), 1.0))
    grown = bounded_exp(features)
    return np.multiply(features, np.divide(grown, np.add(grown, 1.0)))


@composite(arrays(((), ()), ((3,), ()), ((2, 3), (3,)), ((0,), ()), values=(Values(), Values(0.5, 2.0))))
def silu(features: TensorLike, beta: TensorLike = 1.0) -> Tensor:
    """Returns `features * sigmoid(beta * features)`.

    Source: Ramachandran, Zoph, Le, "Searching for Activation Functions" (2017), section 3.

    Args:
        features: a tensor of floating-point or complex numbers.
        beta: a number, or a tensor of a shape that broadcasts with `features`; it becomes of the dtype of `features`.

    Returns:
        A tensor of the dtype and shape of `features`.

    Raises:
        InvalidArgumentError: `features` is of integers or bools.

    >>> import gradtape as tf
    >>> tf.nn.silu([-1.0, 0.0, 3.0]).numpy().round(4)
    array([-0.2689,  0.    ,  2.8577], dtype=float32)
    """
    if type(beta) is float and beta == 1.0:
        return self_gated(features)
    features = convert(features)
    return multiply(features, sigmoid(multiply(cast(beta, features.dtype), features)))


@elementwise(BOTH_SIDES, types=FLOATS, features=lambda g, features: g / square(abs(features) + 1.0))
def softsign(features: TensorLike, name: str | None = None) -> Array:
    """Returns `features / (1 + |features|)`.

    Args:
        features: a tensor of floating-point numbers.
        name: ignored.

    Returns:
        A tensor of the dtype and shape of `features`.

    Raises:
        InvalidArgumentError: `features` is of another dtype.

    >>> import gradtape as tf
    >>> tf.nn.softsign([-1.0, 0.0, 3.0])
    <tf.Tensor: shape=(3,), dtype=float32, numpy=array([-0.5 ,  0.  ,  0.75], dtype=float32)>
    """
    return np.divide(features, np.add(np.absolute(features), 1.0))


@composite(arrays((3,), (2, 3), (0, 2), values=Values(0.2, 2.0), axis=[-1, 0]))
def crelu(features: TensorLike, axis: int = -1, name: str | None = None) -> Tensor:
    """Returns `relu(features)` and `relu(-features)`, joined along an axis.

    Source: Shang, Sohn, Almeida, Lee, "Understanding and Improving Convolutional Neural Networks via Concatenated
    Rectified Linear Units" (2016), section 2.

    Args:
        features: a tensor of numbers that have a sign.
        axis: the dimension along which the two are joined.
        name: ignored.

    Returns:
        A tensor of the dtype of `features`, twice as long along `axis`.

    Raises:
        InvalidArgumentError: `features` is of another dtype, or has no such axis.

    >>> import gradtape as tf
    >>> tf.nn.crelu([-2.0, 3.0])
    <tf.Tensor: shape=(4,), dtype=float32, numpy=array([0., 3., 2., 0.], dtype=float32)>
    """
    features = convert(features)
    return relu(concat([features, negative(features)], axis))
