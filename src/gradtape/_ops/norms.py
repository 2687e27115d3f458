"""Norms of vectors and matrices, and scaling by them: normalizing and clipping."""

from __future__ import annotations

from math import inf
from typing import Any

import numpy as np

from gradtape._core.batches import moving, past_axes
from gradtape._core.conversion import convert
from gradtape._core.dtypes import REALS
from gradtape._core.families import composite, primitive
from gradtape._core.op import Array, TensorLike
from gradtape._core.sampling import Values, arrays
from gradtape._core.slices import IndexedSlices
from gradtape._core.tensor import Tensor, make_tensor
from gradtape._ops.arithmetic import abs, real_product, rsqrt, scaled, sqrt
from gradtape._ops.casting import cast
from gradtape._ops.comparison import is_finite, select
from gradtape._ops.extrema import maximum
from gradtape._ops.parameters import Shape, as_axes, as_real, in_range
from gradtape._ops.quotients import divide_no_nan
from gradtape._ops.reduction import ADD, reduce_max, reduce_sum, reduced_shape, samples, spread
from gradtape._ops.structure import expand_dims, transpose
from gradtape.errors import InvalidArgumentError, WrongTypeError

POSITIVE = Values(0.3, 2.0, distinct=True)
SAMPLES = samples(POSITIVE)


@primitive(
    SAMPLES,
    shape=reduced_shape,
    batch=moving(axis=past_axes),
    types=REALS,
    canonical={"axis": as_axes},
    x=lambda g, x, out, axis, keepdims: spread(divide_no_nan(g, out), tuple(x.shape), axis, keepdims) * x,
)
def real_norm(x: TensorLike, axis: Any = None, keepdims: bool = False) -> Array:
    """Returns the square root of the sum of squares along axes; its gradient at 0 is 0; not for users."""
    total = ADD.reduce(np.square(x), axis=axis, dtype=x.dtype, keepdims=keepdims)
    return np.sqrt(total, dtype=None if x.dtype.kind == "f" else np.float64).astype(x.dtype, copy=False)


@composite(SAMPLES)
def reduce_euclidean_norm(
    input_tensor: TensorLike, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Tensor:
    """Returns the square root of the sum of the squared magnitudes of the elements along axes.

    The gradient at 0 is 0.

    Args:
        input_tensor: a tensor of numbers.
        axis: an axis, a list or tensor of axes, or None for all; negative ones count from the end.
        keepdims: whether the axes stay, with size 1.
        name: ignored.

    Returns:
        A tensor of the same dtype without these axes; of integers, cut to an integer.

    Raises:
        InvalidArgumentError: an axis is out of range or given twice.

    >>> import gradtape as tf
    >>> tf.math.reduce_euclidean_norm([3.0, 4.0])
    <tf.Tensor: shape=(), dtype=float32, numpy=5.0>
    """
    tensor = convert(input_tensor)
    if tensor._value.dtype.kind == "c":
        return cast(sqrt(reduce_sum(real_product(tensor, tensor), axis, keepdims)), tensor.dtype)
    return real_norm(tensor, axis, bool(keepdims))


def as_norm_axes(axis: Any) -> Shape | None:
    """Returns the axes of a norm: None, one or two; ValueError for other numbers of them."""
    if axis is None:
        return None
    axes = as_axes(axis)
    pair = isinstance(axis, (list, tuple))
    if axes is None or len(axes) != 1 + pair or len(set(axes)) < len(axes):
        raise WrongTypeError(f"'axis' must be None, an integer, or a tuple of 2 unique integers, got {axis}")
    return axes


def spectral_norm(tensor: Tensor, axes: Shape, keepdims: bool) -> Any:
    """Returns the greatest singular values of the matrices along two axes."""
    # Loaded when it is asked for: an import of gradtape is short.
    from gradtape._ops.singular import svd

    rank = tensor._value.ndim
    pair = [in_range(axis, rank) for axis in axes]
    moved = transpose(tensor, (*(axis for axis in range(rank) if axis not in pair), *pair))
    found = reduce_max(svd(moved, compute_uv=False), -1)
    for axis in sorted(pair) if keepdims else ():
        found = expand_dims(found, axis)
    return found


@composite(
    arrays((3,), (2, 3), ord=["euclidean", 1, 2, inf, 3], axis=[None, -1], values=POSITIVE)
    + arrays((2, 3, 2), ord=["fro", "euclidean", 1, 2, inf], axis=[(0, 1), (-1, 0)], values=POSITIVE)
)
def norm(
    tensor: TensorLike, ord: Any = "euclidean", axis: Any = None, keepdims: bool | None = None, name: str | None = None
) -> Tensor:
    """Returns the norm of vectors, or of matrices if two axes are given; the gradient of the Euclidean one at 0 is 0.

    Args:
        tensor: a tensor of floating-point or complex numbers.
        ord: of vectors `"euclidean"`, 1, `inf` or a positive number; of matrices `"fro"`, `"euclidean"`, 1, 2 or
            `inf`.
        axis: the axis of vectors, two axes of matrices; None takes all elements for one vector.
        keepdims: whether the axes stay, with size 1.
        name: ignored.

    Returns:
        A tensor without these axes; the Euclidean norm has the dtype of `tensor`, the others are real.

    Raises:
        ValueError: there is no such norm, or not as many axes.
        InvalidArgumentError: an axis is out of range.

    >>> import gradtape as tf
    >>> tf.norm([3.0, -4.0]), tf.norm([3.0, -4.0], ord=1)
    (<tf.Tensor: shape=(), dtype=float32, numpy=5.0>, <tf.Tensor: shape=(), dtype=float32, numpy=7.0>)
    """
    tensor = convert(tensor)
    kind = tensor._value.dtype.kind
    if kind in "iub":
        raise WrongTypeError(f"norm: {tensor.dtype.name} is not in the list of allowed dtypes; cast to a float.")
    axes = as_norm_axes(axis)
    keepdims = bool(keepdims)
    matrices = axes is not None and len(axes) == 2
    known = ("euclidean", "fro", 1, 2, inf) if matrices else ("euclidean", 1, 2, inf)
    ord = ord if isinstance(ord, str) else as_real("ord", ord)
    if ord not in known and (matrices or isinstance(ord, str) or not ord > 0):
        if matrices:
            raise InvalidArgumentError(f"'ord' must be a supported matrix norm in {[*known]}, got {ord}")
        raise InvalidArgumentError(f"'ord' must be a supported vector norm, got {ord}")
    if axes is not None and matrices and ord == 2:
        return spectral_norm(tensor, axes, keepdims)
    if ord in ("euclidean", "fro", 2):
        return reduce_euclidean_norm(tensor, axes, keepdims)
    sizes = abs(tensor)
    if axes is not None and len(axes) == 2:
        rank = len(sizes.shape)
        inner, outer = axes if ord == 1 else axes[::-1]
        found = reduce_max(reduce_sum(sizes, inner, True), outer, True)
        return found if keepdims else reduce_sum(found, (inner % rank, outer % rank))
    if ord == 1:
        return reduce_sum(sizes, axes, keepdims)
    if ord == inf:
        return reduce_max(sizes, axes, keepdims)
    return reduce_sum(sizes ** float(ord), axes, keepdims) ** (1.0 / ord)


@composite(arrays((3,), (2, 3), axis=[None, -1], values=POSITIVE))
def normalize(tensor: TensorLike, ord: Any = "euclidean", axis: Any = None, name: str | None = None) -> tuple[Any, Any]:
    """Returns a tensor divided by its norm, and the norm.

    Args:
        tensor: a tensor of floating-point or complex numbers.
        ord: as in `norm`.
        axis: as in `norm`.
        name: ignored.

    Returns:
        The pair of the quotient, of the shape of `tensor`, and the norm, in which the axes have size 1.

    Raises:
        ValueError: there is no such norm, or not as many axes.
        InvalidArgumentError: an axis is out of range.

    >>> import gradtape as tf
    >>> tf.linalg.normalize([3.0, 4.0])[1]
    <tf.Tensor: shape=(1,), dtype=float32, numpy=array([5.], dtype=float32)>
    """
    tensor = convert(tensor)
    size = norm(tensor, ord, axis, True)
    if size.dtype is not tensor.dtype:
        size = cast(size, tensor.dtype)
    return tensor / size, size


@composite(arrays((2, 3), axis=[None, -1, (0, 1)], values=POSITIVE))
def l2_normalize(
    x: TensorLike, axis: Any = None, epsilon: float = 1e-12, name: str | None = None, dim: Any = None
) -> Tensor:
    """Returns `x` divided by its Euclidean norm along axes, or by `sqrt(epsilon)` where the norm is less than that.

    Args:
        x: a tensor of floating-point or complex numbers.
        axis: an axis, a list of axes, or None for all.
        epsilon: the least square of a norm.
        name: ignored.
        dim: the old name of `axis`.

    Returns:
        A tensor of the same dtype and shape.

    Raises:
        InvalidArgumentError: an axis is out of range or given twice.

    >>> import gradtape as tf
    >>> tf.math.l2_normalize([3.0, 4.0])
    <tf.Tensor: shape=(2,), dtype=float32, numpy=array([0.6, 0.8], dtype=float32)>
    """
    x = convert(x)
    axis = dim if axis is None else axis
    return scaled(x, rsqrt(maximum(reduce_sum(real_product(x, x), axis, True), epsilon)))


def changed(value: Any, change: Any) -> Any:
    """Returns a tensor, or the values of slices, changed by a function."""
    if type(value) is IndexedSlices:
        return IndexedSlices(change(convert(value.values)), value.indices, value.dense_shape)
    return change(convert(value))


@composite(arrays((3,), (2, 3), clip_norm=[1.0, 10.0], values=POSITIVE))
def clip_by_norm(t: TensorLike, clip_norm: Any, axes: Any = None, name: str | None = None) -> Tensor:
    """Returns `t` scaled down to the Euclidean norm `clip_norm` where its own is greater.

    Args:
        t: a tensor of floating-point or complex numbers, or `IndexedSlices`.
        clip_norm: the greatest norm, a number or a tensor without dimensions.
        axes: the axes along which norms are taken; None for all.
        name: ignored.

    Returns:
        A tensor (or slices) of the same dtype and shape.

    Raises:
        InvalidArgumentError: an axis is out of range or given twice.

    >>> import gradtape as tf
    >>> tf.clip_by_norm([3.0, 4.0], 2.5)
    <tf.Tensor: shape=(2,), dtype=float32, numpy=array([1.5, 2. ], dtype=float32)>
    """

    def clip(values: Tensor) -> Any:
        size, bound = norm_over(values, axes), cast(clip_norm, values.dtype)
        return values * bound / maximum(size, bound)

    return changed(t, clip)


def norm_over(values: Tensor, axes: Any) -> Any:
    """Returns the Euclidean norm along any axes, which stay with size 1."""
    if values._value.dtype.kind in "iub":
        raise WrongTypeError(f"clip_by_norm: {values.dtype.name} is not in the list of allowed dtypes.")
    return reduce_euclidean_norm(values, axes, True)


@composite(arrays(((3,), (2, 3)), ((),), values=POSITIVE))
def norm_together(*parts: Any) -> Tensor:
    """Returns the Euclidean norm of all elements of several tensors; not for users."""
    if not parts:
        return make_tensor(np.zeros((), np.float32))
    total = reduce_sum(real_product(parts[0], parts[0]))
    for part in parts[1:]:
        total = total + reduce_sum(real_product(part, part))
    return sqrt(total)


def global_norm(t_list: Any, name: str | None = None) -> Any:
    """Returns the Euclidean norm of all elements of several tensors together.

    Args:
        t_list: a list of tensors or `IndexedSlices`; None among them are passed over.
        name: ignored.

    Returns:
        A tensor without dimensions.

    Raises:
        TypeError: `t_list` is no list or tuple.

    >>> import gradtape as tf
    >>> tf.linalg.global_norm([tf.constant([3.0]), None, tf.constant([[4.0]])])
    <tf.Tensor: shape=(), dtype=float32, numpy=5.0>
    """
    if not isinstance(t_list, (list, tuple)):
        raise WrongTypeError(f"`t_list` should be a sequence of tensors. Received {type(t_list)}.")
    parts = [convert(each.values if type(each) is IndexedSlices else each) for each in t_list if each is not None]
    return norm_together(*parts)


@composite(arrays(((3,), (2, 3)), clip_norm=[1.0, 10.0], values=POSITIVE))
def clipped_together(*parts: Any, clip_norm: Any) -> list[Any]:
    """Returns tensors scaled down to a global norm; not for users."""
    return clip_by_global_norm(list(parts), clip_norm)[0]


def clip_by_global_norm(
    t_list: Any, clip_norm: Any, use_norm: Any = None, name: str | None = None
) -> tuple[list[Any], Any]:
    """Returns tensors scaled down together so that their global norm is at most `clip_norm`, and that norm before.

    All become NaN if the norm is not finite.

    Args:
        t_list: a list of tensors or `IndexedSlices`; None among them stay None.
        clip_norm: the greatest norm, a number or a tensor without dimensions.
        use_norm: the global norm, if it is known.
        name: ignored.

    Returns:
        The pair of the list of scaled tensors and the global norm.

    Raises:
        TypeError: `t_list` is no list or tuple.

    >>> import gradtape as tf
    >>> clipped, norm = tf.clip_by_global_norm([tf.constant([3.0, 4.0])], 2.5)
    >>> clipped[0], norm
    (<tf.Tensor: shape=(2,), dtype=float32, numpy=array([1.5, 2. ], dtype=float32)>, \
<tf.Tensor: shape=(), dtype=float32, numpy=5.0>)
    """
    if not isinstance(t_list, (list, tuple)):
        raise WrongTypeError(f"`t_list` should be a sequence of tensors. Received {type(t_list)}.")
    size = global_norm(t_list) if use_norm is None else convert(use_norm)
    scale = clip_norm / maximum(size, clip_norm)
    scale = select(is_finite(size), scale, np.array(np.nan, size._value.dtype))
    return [None if each is None else changed(each, lambda values: values * scale) for each in t_list], size
