"""Arithmetic on the elements of tensors: sums, products, powers and roots, absolute values and signs."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape._core.batches import as_it_is
from gradtape._core.conversion import convert
from gradtape._core.dtypes import FLOATS, INDEX, INEXACT, NUMBERS, TEXT
from gradtape._core.families import composite, discrete, elementwise, linear
from gradtape._core.op import ZERO, Array, TensorLike
from gradtape._core.sampling import Values, arrays, pairs, singles
from gradtape._core.tensor import Tensor
from gradtape._ops.comparison import keep, keep_array
from gradtape._ops.parameters import Shape
from gradtape._ops.quotients import divide_no_nan, multiply_no_nan, ratio
from gradtape.errors import InvalidArgumentError

SIGNED = frozenset(dtype for dtype in NUMBERS if dtype.kind != "u")
SIGNED_REALS = frozenset(dtype for dtype in SIGNED if dtype.kind != "c")
BOTH_SIDES = singles(0.2, 2.0) + singles(-2.0, -0.2)


class RealValues(Values):
    """Real numbers, in the precision of the dtype that is asked for."""

    def array(self, shape: Shape, dtype: Any, generator: np.random.Generator) -> Any:
        """Returns an array of `shape`."""
        return super().array(shape, np.empty(0, dtype).real.dtype, generator)


@elementwise(pairs(), types=NUMBERS | TEXT, matching="hint", x=lambda g: g, y=lambda g: g)
def add(x: TensorLike, y: TensorLike, name: str | None = None) -> Array:
    """Returns `x + y` element-wise.

    Args:
        x: a tensor of numbers, or of texts, which are put together.
        y: a tensor of the dtype of `x`, of a shape that broadcasts with it.
        name: ignored.

    Returns:
        A tensor of that dtype and the shape that both broadcast to.

    Raises:
        InvalidArgumentError: the dtypes differ, or the shapes do not broadcast.

    >>> import gradtape as tf
    >>> tf.add([1, 2], 10)
    <tf.Tensor: shape=(2,), dtype=int32, numpy=array([11, 12], dtype=int32)>
    """
    return np.add(x, y)


@elementwise(pairs(), types=NUMBERS, x=lambda g: g, y=lambda g: -g)
def subtract(x: TensorLike, y: TensorLike, name: str | None = None) -> Array:
    """Returns `x - y` element-wise.

    Args:
        x: a tensor of numbers.
        y: a tensor of the dtype of `x`, of a shape that broadcasts with it.
        name: ignored.

    Returns:
        A tensor of that dtype and the shape that both broadcast to.

    Raises:
        InvalidArgumentError: the dtypes differ, or the shapes do not broadcast.

    >>> import gradtape as tf
    >>> tf.subtract([1, 2], 10)
    <tf.Tensor: shape=(2,), dtype=int32, numpy=array([-9, -8], dtype=int32)>
    """
    return np.subtract(x, y)


@elementwise(pairs(), types=NUMBERS, x=lambda g, y: g * y, y=lambda g, x: g * x)
def multiply(x: TensorLike, y: TensorLike, name: str | None = None) -> Array:
    """Returns `x * y` element-wise.

    Args:
        x: a tensor of numbers.
        y: a tensor of the dtype of `x`, of a shape that broadcasts with it.
        name: ignored.

    Returns:
        A tensor of that dtype and the shape that both broadcast to.

    Raises:
        InvalidArgumentError: the dtypes differ, or the shapes do not broadcast.

    >>> import gradtape as tf
    >>> tf.multiply([1, 2], 10)
    <tf.Tensor: shape=(2,), dtype=int32, numpy=array([10, 20], dtype=int32)>
    """
    return np.multiply(x, y)


@elementwise(singles(), types=SIGNED, x=lambda g: -g)
def negative(x: TensorLike, name: str | None = None) -> Array:
    """Returns `-x` element-wise.

    Args:
        x: a tensor of numbers that have a sign.
        name: ignored.

    Returns:
        A tensor of the dtype and shape of `x`.

    Raises:
        InvalidArgumentError: `x` is of unsigned integers or of bools.

    >>> import gradtape as tf
    >>> tf.negative([1, -2])
    <tf.Tensor: shape=(2,), dtype=int32, numpy=array([-1,  2], dtype=int32)>
    """
    return np.negative(x)


@elementwise(
    pairs(),
    types=INDEX | INEXACT,
    holomorphic=False,
    x=lambda g, x, y: scaled(x - y, real_product(g, 2.0)),
    y=lambda g, x, y: scaled(y - x, real_product(g, 2.0)),
)
def squared_difference(x: TensorLike, y: TensorLike, name: str | None = None) -> Array:
    """Returns `(x - y) ** 2` element-wise; for complex numbers `|x - y| ** 2`, as complex numbers.

    Args:
        x: a tensor of floating-point or complex numbers, int32 or int64.
        y: a tensor of the dtype of `x`, of a shape that broadcasts with it.
        name: ignored.

    Returns:
        A tensor of that dtype and the shape that both broadcast to.

    Raises:
        InvalidArgumentError: the dtypes differ, or the shapes do not broadcast.

    >>> import gradtape as tf
    >>> tf.math.squared_difference([1.0, 5.0], 2.0)
    <tf.Tensor: shape=(2,), dtype=float32, numpy=array([1., 9.], dtype=float32)>
    """
    difference = np.subtract(x, y)
    return np.multiply(difference, np.conjugate(difference)) if difference.dtype.kind == "c" else np.square(difference)


def common_shape(inputs_shape: list[Shape]) -> Shape:
    """The shape rule of `add_n`."""
    if not inputs_shape:
        raise InvalidArgumentError("at least one tensor is wanted, got an empty list.")
    for number, shape in enumerate(inputs_shape):
        if shape != inputs_shape[0]:
            raise InvalidArgumentError(
                f"Inputs to operation AddN must have the same size and shape. Input 0: {list(inputs_shape[0])} != "
                f"input {number}: {list(shape)}. Add tensors that broadcast with `+`."
            )
    return inputs_shape[0]


@linear(
    arrays(([(2, 3), (2, 3), (2, 3)],), ([()],), ([(), ()],), ([(0, 2), (0, 2)],)),
    shape=common_shape,
    batch=as_it_is,
    types=NUMBERS,
    variadic=True,
    inputs=lambda g, inputs_shape: [g] * len(inputs_shape),
)
def add_n(inputs: TensorLike, name: str | None = None) -> Array:
    """Returns the sum of the tensors of a list, element-wise.

    Args:
        inputs: a list or tuple of tensors of one dtype and shape.
        name: ignored.

    Returns:
        A tensor of that dtype and shape.

    Raises:
        InvalidArgumentError: the list is empty, or the shapes or dtypes differ: nothing is broadcast.

    >>> import gradtape as tf
    >>> tf.add_n([tf.constant([1, 2]), tf.constant([3, 4]), tf.constant([5, 6])])
    <tf.Tensor: shape=(2,), dtype=int32, numpy=array([ 9, 12], dtype=int32)>
    """
    common_shape([each.shape for each in inputs])
    if len(inputs) == 1:
        return inputs[0]
    total = np.add(inputs[0], inputs[1])
    for each in inputs[2:]:
        total += each
    return total


@elementwise(singles(), types=NUMBERS, x=lambda g, x: 2.0 * g * x)
def square(x: TensorLike, name: str | None = None) -> Array:
    """Returns `x * x` element-wise.

    Args:
        x: a tensor of numbers.
        name: ignored.

    Returns:
        A tensor of the dtype and shape of `x`.

    Raises:
        InvalidArgumentError: `x` is of bools.

    >>> import gradtape as tf
    >>> tf.square([-3.0, 2.0])
    <tf.Tensor: shape=(2,), dtype=float32, numpy=array([9., 4.], dtype=float32)>
    """
    return np.square(x)


# As in TensorFlow, no gradient that is 0 becomes NaN at 0: `where` can mask the place.
@elementwise(singles(0.2, 2.0), x=lambda g, out: 0.5 * ratio(g, out))
def sqrt(x: TensorLike, name: str | None = None) -> Array:
    """Returns the square root of `x` element-wise; NaN for a negative number.

    Args:
        x: a tensor of floating-point or complex numbers.
        name: ignored.

    Returns:
        A tensor of the dtype and shape of `x`.

    Raises:
        InvalidArgumentError: `x` is of integers or bools.

    >>> import gradtape as tf
    >>> tf.sqrt([4.0, 9.0])
    <tf.Tensor: shape=(2,), dtype=float32, numpy=array([2., 3.], dtype=float32)>
    """
    return np.sqrt(x)


@elementwise(singles(0.3, 2.0), x=lambda g, out: -0.5 * multiply_no_nan(out * out * out, g))
def rsqrt(x: TensorLike, name: str | None = None) -> Array:
    """Returns `1 / sqrt(x)` element-wise.

    Args:
        x: a tensor of floating-point or complex numbers.
        name: ignored.

    Returns:
        A tensor of the dtype and shape of `x`.

    Raises:
        InvalidArgumentError: `x` is of integers or bools.

    >>> import gradtape as tf
    >>> tf.math.rsqrt([4.0, 0.25])
    <tf.Tensor: shape=(2,), dtype=float32, numpy=array([0.5, 2. ], dtype=float32)>
    """
    return np.reciprocal(np.sqrt(x))


@elementwise(singles(0.4, 2.0) + singles(-2.0, -0.4), x=lambda g, out: -g * (out * out))
def reciprocal(x: TensorLike, name: str | None = None) -> Array:
    """Returns `1 / x` element-wise.

    Args:
        x: a tensor of floating-point or complex numbers.
        name: ignored.

    Returns:
        A tensor of the dtype and shape of `x`.

    Raises:
        InvalidArgumentError: `x` is of integers or bools.

    >>> import gradtape as tf
    >>> tf.math.reciprocal([4.0, -0.5])
    <tf.Tensor: shape=(2,), dtype=float32, numpy=array([ 0.25, -2.  ], dtype=float32)>
    """
    return np.reciprocal(x)


@elementwise(
    pairs(0.5, 2.0, second=(-2.0, 3.0)),
    types=SIGNED,
    x=lambda g, x, y: g * power_slope(x, y),
    y=lambda g, x, out: g * (out * log_or_zero(x)),
)
def pow(x: TensorLike, y: TensorLike, name: str | None = None) -> Array:
    """Returns `x ** y` element-wise.

    The gradient for `y` is 0 where `x` has no logarithm: at 0 and, of real numbers, below it.

    Args:
        x: a tensor of numbers that have a sign.
        y: a tensor of the dtype of `x`, of a shape that broadcasts with it.
        name: ignored.

    Returns:
        A tensor of that dtype and the shape that both broadcast to; NaN for a fractional power of a negative number.

    Raises:
        InvalidArgumentError: an integer is raised to a negative power, the dtypes differ, or the shapes do not
            broadcast.

    >>> import gradtape as tf
    >>> tf.pow([[2, 2], [3, 3]], [[8, 16], [2, 3]])
    <tf.Tensor: shape=(2, 2), dtype=int32, numpy=
    array([[  256, 65536],
           [    9,    27]], dtype=int32)>
    """
    return power(x, y)


def cube(x: Array) -> Array:
    """Returns `x ** 3`."""
    return np.multiply(np.square(x), x)


# Powers that a large array reaches much faster than by the general function.
SHORTCUTS: dict[float, Any] = {1.0: np.positive, 2.0: np.square, 3.0: cube}
LARGE = 256


def power(x: Array, y: Array) -> Array:
    """Returns `x ** y` for arrays."""
    if x.size > LARGE and y.ndim == 0:
        shortcut = SHORTCUTS.get(y.item())
        if shortcut is not None:
            return shortcut(x)
    return np.power(x, y)


@elementwise(
    pairs(0.5, 2.0, second=(-2.0, 3.0)),
    x=lambda g, x, y: g * multiply_no_nan(power_slope(x, y - 1.0), y),
    y=lambda g, x, y: g * (pow(x, y - 1.0) * (1.0 + y * log_or_zero(x))),
)
def power_slope(x: TensorLike, y: TensorLike) -> Array:
    """Returns `y * x ** (y - 1)`, the derivative of a power; 0 where `y` is 0, also at `x = 0`."""
    slope = np.multiply(y, power(x, y - 1.0))
    zero = np.equal(y, 0)
    return keep_array(slope, ~zero) if np.count_nonzero(zero) else slope


@discrete(BOTH_SIDES, inputs=("x",), types=INEXACT)
def has_logarithm(x: TensorLike) -> Array:
    """Returns whether the logarithm of `x` exists: above 0, of complex numbers everywhere but at 0."""
    return np.not_equal(x, 0) if x.dtype.kind == "c" else np.greater(x, 0)


@elementwise(BOTH_SIDES, x=lambda g, x: keep(divide_no_nan(g, x), has_logarithm(x)))
def log_or_zero(x: TensorLike) -> Array:
    """Returns the logarithm of `x`, and 0 where there is none."""
    defined = np.not_equal(x, 0) if x.dtype.kind == "c" else np.greater(x, 0)
    if np.logical_and.reduce(defined, axis=None):
        return np.log(x)
    return np.log(np.where(defined, x, np.ones((), x.dtype)))


@elementwise(BOTH_SIDES, types=SIGNED, holomorphic=False, x=lambda g, x: scaled(direction(x), g))
def abs(x: TensorLike, name: str | None = None) -> Array:
    """Returns the absolute value of `x` element-wise.

    Args:
        x: a tensor of numbers that have a sign.
        name: ignored.

    Returns:
        A tensor of the shape of `x`. Its dtype is that of `x`, the one of the real part for complex numbers.

    Raises:
        InvalidArgumentError: `x` is of unsigned integers or of bools.

    >>> import gradtape as tf
    >>> tf.abs([-2.5, 1.0]), tf.abs(3 + 4j).numpy()
    (<tf.Tensor: shape=(2,), dtype=float32, numpy=array([2.5, 1. ], dtype=float32)>, np.float64(5.0))
    """
    return np.absolute(x)


@elementwise(BOTH_SIDES, types=SIGNED_REALS, x=ZERO)
def sign_of_real(x: TensorLike) -> Array:
    """Returns the sign of real numbers; its gradient is 0."""
    return np.sign(x)


@composite(BOTH_SIDES)
def sign(x: TensorLike, name: str | None = None) -> Tensor:
    """Returns -1, 0 or 1 by the sign of `x`, of a complex number `x / |x|`, element-wise.

    The gradient of real numbers is 0.

    Args:
        x: a tensor of numbers that have a sign.
        name: ignored.

    Returns:
        A tensor of the dtype and shape of `x`; NaN for NaN.

    Raises:
        InvalidArgumentError: `x` is of unsigned integers or of bools.

    >>> import gradtape as tf
    >>> tf.sign([-2.5, 0.0, 3.0])
    <tf.Tensor: shape=(3,), dtype=float32, numpy=array([-1.,  0.,  1.], dtype=float32)>
    """
    if hasattr(x, "_mapped"):
        sparse: Tensor = x._mapped(sign)
        return sparse
    x = convert(x)
    return direction(x) if x.dtype.is_complex else sign_of_real(x)


@discrete(BOTH_SIDES, inputs=("x",), types=INEXACT)
def has_phase(x: TensorLike) -> Array:
    """Returns whether the direction of `x` can turn: that of a complex number; an infinite cotangent has no part."""
    return np.full(x.shape, x.dtype.kind == "c")


@elementwise(
    BOTH_SIDES,
    holomorphic=False,
    x=lambda g, x, out: keep(scaled(g - scaled(out, real_product(g, out)), divide_no_nan(1.0, abs(x))), has_phase(x)),
)
def direction(x: TensorLike) -> Array:
    """Returns `x / |x|`, and 0 at 0: the sign, with the derivative that it has for complex numbers."""
    return np.sign(x)


@elementwise(
    arrays(((), ()), ((2, 3), (2, 3)), ((2, 1), (3,)), ((0,), (0,)), values=(Values(), RealValues())),
    types={"x": INEXACT, "factor": FLOATS},
    holomorphic=False,
    x=lambda g, factor: scaled(g, factor),
    factor=lambda g, x: real_product(g, x),
)
def scaled(x: TensorLike, factor: TensorLike) -> Array:
    """Returns real or complex `x` times a real factor of the same precision."""
    return np.multiply(x, factor)


@elementwise(pairs(), holomorphic=False, x=lambda g, y: scaled(y, g), y=lambda g, x: scaled(x, g))
def real_product(x: TensorLike, y: TensorLike) -> Array:
    """Returns the real part of `x * conj(y)`, the scalar product of the two as vectors; of real numbers the product."""
    if x.dtype.kind != "c":
        return np.multiply(x, y)
    return np.add(np.multiply(x.real, y.real), np.multiply(x.imag, y.imag))
