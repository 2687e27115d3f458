"""Changing the dtype of a tensor."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape._core.batches import as_it_is
from gradtape._core.conversion import convert
from gradtape._core.dtypes import ANY, INEXACT, DType, as_dtype, float64, int32, is_differentiable, string
from gradtape._core.families import composite, discrete, linear
from gradtape._core.op import Array, TensorLike
from gradtape._core.sampling import arrays
from gradtape._core.slices import IndexedSlices
from gradtape._core.tensor import Tensor
from gradtape._core.variable import Variable
from gradtape._ops.extrema import maximum, minimum
from gradtape._ops.parameters import Shape
from gradtape.errors import UnimplementedError


def same_shape(x_shape: Shape, **params: Any) -> Shape:
    """The shape rule of a cast."""
    return x_shape


# The dtype that a cotangent goes back to is all that is kept. The real part of a complex number and a real number as a
# complex one are each other's transposes as they stand: nothing is to be conjugated.
@linear(
    arrays((), (3,), (2, 0), dtype=[float64]),
    shape=same_shape,
    batch=as_it_is,
    types=INEXACT,
    holomorphic=False,
    x=lambda g, x_dtype: cast_between(g, x_dtype),
)
def cast_between(x: TensorLike, dtype: Any) -> Array:
    """Returns `x` in another floating-point or complex dtype."""
    return array_as(x, dtype)


@discrete(arrays((3,), dtype=[int32]), inputs=("x",), types=ANY)
def cast_exact(x: TensorLike, dtype: Any) -> Array:
    """Returns `x` in another dtype where one of the two is of integers or bools: there is no derivative."""
    return array_as(x, dtype)


def array_as(x: Any, dtype: Any) -> Any:
    """Returns an array in another dtype; of complex numbers the real part where the dtype is real."""
    dtype = as_dtype(dtype)
    if x.dtype.kind == "c" and not dtype.is_complex:
        x = x.real
    if dtype.is_integer and x.dtype.kind == "f":
        # What an integer cannot hold becomes what the processor makes of it, as in TensorFlow.
        with np.errstate(invalid="ignore"):
            return x.astype(dtype.numpy)
    return x.astype(dtype.numpy)


@composite(arrays((), (3,), (2, 0), dtype=[float64]))
def cast(x: TensorLike, dtype: Any, name: str | None = None) -> Any:
    """Returns `x` in another dtype.

    Numbers lose what the new dtype cannot hold: fractions are cut off, of a complex number the real part is kept. The
    gradient flows between floating-point and complex dtypes, and not through integers and bools.

    Args:
        x: a tensor, a variable, or what becomes a tensor.
        dtype: a dtype as `tf.float32`, its name, a NumPy dtype, or Python's `float` (float32), `bool` or `complex`.
        name: ignored.

    Returns:
        `x` itself if it has that dtype, else a tensor of `dtype` and the shape of `x`.

    Raises:
        TypeError: `dtype` is no dtype. Python's `int` is none, as it does not say how many bits.
        UnimplementedError: one of the dtypes is that of texts.

    >>> import gradtape as tf
    >>> tf.cast([1.8, -2.2], tf.int32)
    <tf.Tensor: shape=(2,), dtype=int32, numpy=array([ 1, -2], dtype=int32)>
    """
    wanted = as_dtype(dtype)
    if type(x) is not Tensor:
        if isinstance(x, Variable) and x.dtype is wanted:
            return x
        if isinstance(x, IndexedSlices):
            return IndexedSlices(cast(x.values, wanted), x.indices, x._shape)
        if hasattr(x, "_mapped"):
            return x._mapped(lambda values: cast(values, wanted))
        x = convert(x)
    source = x.dtype
    if source is wanted:
        return x
    if string in (source, wanted):
        raise UnimplementedError(f"Cast {source.name} to {wanted.name} is not supported.")
    if is_differentiable(wanted.numpy) and is_differentiable(source.numpy):
        return cast_between(x, wanted)
    return cast_exact(x, wanted)


@composite(arrays((), (3,), dtype=[float64]))
def saturate_cast(value: TensorLike, dtype: Any, name: str | None = None) -> Tensor:
    """Returns a tensor in another dtype; numbers outside of its range become its least or greatest number.

    Args:
        value: a tensor of real numbers.
        dtype: a dtype of real numbers.
        name: ignored.

    Returns:
        A tensor of `dtype` and the shape of `value`.

    Raises:
        TypeError: one of the dtypes has no least and greatest number.

    >>> import gradtape as tf
    >>> tf.saturate_cast([300.0, -1.0], tf.uint8)
    <tf.Tensor: shape=(2,), dtype=uint8, numpy=array([255,   0], dtype=uint8)>
    """
    wanted = as_dtype(dtype)
    x = convert(value)
    least, greatest = bounds(x.dtype, wanted)
    if least is not None:
        x = maximum(x, least)
    if greatest is not None:
        x = minimum(x, greatest)
    return cast(x, wanted)


def bounds(source: DType, target: DType) -> tuple[Any, Any]:
    """Returns the numbers of dtype `source` nearest to the bounds of `target` and inside, None for one not needed."""
    found: list[Any] = []
    for own, other, sign in ((source.min, target.min, -1), (source.max, target.max, 1)):
        if sign * whole_number(own) <= sign * whole_number(other):
            found.append(None)
            continue
        limit = source.as_numpy_dtype(other)
        if sign * whole_number(limit) > sign * whole_number(other):
            limit = np.nextafter(limit, source.as_numpy_dtype(0))
        found.append(limit)
    return found[0], found[1]


def whole_number(bound: Any) -> int:
    """Returns a bound of a dtype as Python's integer; bfloat16's do not fit into 64 bits, which `int` wants of it."""
    return int(bound if isinstance(bound, int | np.integer) else float(bound))


# In rules `cast(g, dtype)` means this body where they run on arrays.
cast.op = cast_between.op  # type: ignore[attr-defined]
