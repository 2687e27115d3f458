"""Checks of ranks, shapes and dtypes of tensors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from gradtape._core.conversion import convert
from gradtape._core.dtypes import DType, as_dtype, float32, int32
from gradtape._core.op import TensorLike
from gradtape._core.tensor import Tensor
from gradtape._ops.assertions import prefix, shape_and_dtype


def with_shape(x: Any) -> Any:
    """Returns a tensor for what has become one; sparse tensors have a shape and a dtype of their own."""
    return x if hasattr(x, "dense_shape") else convert(x)


def as_rank(value: Any) -> int:
    """Returns a rank that a caller gives.

    Raises:
        TypeError: it is no int32.
        ValueError: it is not a single one.
    """
    tensor = convert(value)
    if tensor.dtype is not int32:
        raise TypeError(f"a rank is an integer: it must be of type tf.int32; got {tensor.dtype!r}.")
    if tensor.ndim:
        raise ValueError(f"Rank must be a scalar, got {value!r}.")
    return int(tensor)


def wrong_rank(tensor: Any, wanted: str, message: str | None) -> ValueError:
    """Returns the error for a tensor of another rank than `wanted` says."""
    return ValueError(
        f"{prefix(message)}Tensor  must have rank {wanted}.  Received rank {len(tensor.shape)}, shape {tensor.shape}"
    )


def assert_rank(x: TensorLike, rank: Any, message: str | None = None, name: str | None = None) -> None:
    """Raises an error unless a tensor has as many dimensions as `rank` says.

    Args:
        x: a tensor.
        rank: an integer.
        message: words to put in front of the error's.
        name: ignored.

    Raises:
        ValueError: it has more or fewer, or there are several ranks.
        TypeError: `rank` is no integer.

    >>> import gradtape as tf
    >>> tf.debugging.assert_rank([[1, 2]], 2)
    """
    tensor, wanted = with_shape(x), as_rank(rank)
    if len(tensor.shape) != wanted:
        raise wrong_rank(tensor, str(wanted), message)


def assert_rank_at_least(x: TensorLike, rank: Any, message: str | None = None, name: str | None = None) -> None:
    """Raises an error unless a tensor has as many dimensions as `rank` says, or more.

    Args:
        x: a tensor.
        rank: an integer.
        message: words to put in front of the error's.
        name: ignored.

    Raises:
        ValueError: it has fewer, or there are several ranks.
        TypeError: `rank` is no integer.

    >>> import gradtape as tf
    >>> tf.debugging.assert_rank_at_least([[1, 2]], 1)
    """
    tensor, wanted = with_shape(x), as_rank(rank)
    if len(tensor.shape) < wanted:
        raise wrong_rank(tensor, f"at least {wanted}", message)


def assert_rank_in(x: TensorLike, ranks: Iterable[Any], message: str | None = None, name: str | None = None) -> None:
    """Raises an error unless the number of a tensor's dimensions is one of `ranks`.

    Args:
        x: a tensor.
        ranks: integers.
        message: words to put in front of the error's.
        name: ignored.

    Raises:
        ValueError: it is none of them.
        TypeError: one of `ranks` is no integer.

    >>> import gradtape as tf
    >>> tf.debugging.assert_rank_in([[1, 2]], [1, 2])
    """
    tensor, wanted = with_shape(x), tuple(map(as_rank, ranks))
    if len(tensor.shape) not in wanted:
        raise wrong_rank(tensor, f"in {wanted}", message)


def assert_scalar(tensor: TensorLike, message: str | None = None, name: str | None = None) -> None:
    """Raises an error unless a tensor has no dimensions.

    Args:
        tensor: a tensor.
        message: words to put in front of the error's.
        name: ignored.

    Raises:
        ValueError: it has some.

    >>> import gradtape as tf
    >>> tf.debugging.assert_scalar(1.0)
    """
    shape = convert(tensor).shape
    if len(shape):
        raise ValueError(f"{prefix(message)}Expected scalar shape, saw shape: {shape}.")


def as_size(symbol: Any) -> int | None:
    """Returns the number that a size is; None for a letter, which stands for a size."""
    try:
        return int(symbol)
    except (TypeError, ValueError):
        return None


def innermost(tensor: Any, symbols: Any, message: str | None) -> tuple[bool, tuple[Any, ...]]:
    """Returns whether a wanted shape is one of the last dimensions only, and its sizes.

    Raises:
        ValueError: it is no sequence, or has dots elsewhere than in front.
    """
    where = f"{prefix(message)}Tensor {shape_and_dtype(tensor)}"
    if not (hasattr(symbols, "__iter__") or hasattr(symbols, "__getitem__")):
        raise ValueError(f"{where}.  Specified shape must be an iterable, such as ('N', 3); got {symbols!r}.")
    wanted = tuple(symbols)
    dots = [axis for axis, each in enumerate(wanted) if each is Ellipsis or (isinstance(each, str) and each == "*")]
    if any(dots):
        raise ValueError(
            f"{where} specified shape index {max(dots)}.  Symbol `...` or `*` for a variable number of unspecified "
            f"dimensions is only allowed as the first entry; got {symbols!r}."
        )
    return bool(dots), wanted[1:] if dots else wanted


def assert_shapes(
    shapes: Mapping[Any, Any] | Iterable[tuple[Any, Any]],
    data: Any = None,
    summarize: int | None = None,
    message: str | None = None,
    name: str | None = None,
) -> None:
    """Raises an error unless tensors have the shapes that stand beside them; a letter is one size wherever it stands.

    Args:
        shapes: pairs of a tensor and the shape that it has to have: a sequence of integers, of letters or words for
            sizes, of `None` or `"."` for any size; with `...` or `"*"` in front, of the last dimensions alone. `None`
            for a tensor of any shape. A single size fits a tensor without dimensions, too, if it is 1.
        data: ignored.
        summarize: ignored.
        message: words to put in front of the error's.
        name: ignored.

    Raises:
        ValueError: a tensor has another shape, or a shape is none.

    >>> import gradtape as tf
    >>> tf.debugging.assert_shapes([(tf.ones([2, 3]), ("N", "D")), (tf.ones([3]), ("D",)), (tf.ones([2]), "N")])
    """
    pairs = shapes.items() if isinstance(shapes, Mapping) else shapes
    tensors = [(with_shape(each), wanted) for each, wanted in pairs if wanted is not None]
    checked = [(tensor, *innermost(tensor, wanted, message)) for tensor, wanted in tensors]
    for tensor, last, sizes in checked:
        if len(sizes) > 1:
            (assert_rank_at_least if last else assert_rank)(tensor, len(sizes), message)
        elif not last:
            assert_rank_in(tensor, [0, 1], message)
    known: dict[Any, tuple[int, str]] = {}
    for tensor, last, sizes in checked:
        # What has no dimensions counts as one number in one dimension.
        actual = tuple(tensor.shape) or (1,)
        for place, symbol in enumerate(sizes or (1,)):
            if symbol is None or (isinstance(symbol, str) and symbol == "."):
                continue
            axis = place - len(sizes or (1,)) if last else place
            given, number = actual[axis], as_size(symbol)
            if number is None:
                where = f"Specified by tensor {shape_and_dtype(tensor)} dimension {axis}"
                wanted, reason = known.setdefault(symbol, (given, where))
            else:
                wanted, reason = number, "Specified explicitly"
            if given != wanted:
                raise ValueError(
                    f"{prefix(message)}{reason}.  Tensor {shape_and_dtype(tensor)} dimension {axis} must have size "
                    f"{wanted}.  Received size {given}, shape {tensor.shape}"
                )


def assert_type(tensor: TensorLike, tf_type: Any, message: str | None = None, name: str | None = None) -> None:
    """Raises an error unless a tensor has the dtype `tf_type`.

    Args:
        tensor: a tensor.
        tf_type: a dtype.
        message: words to put in front of the error's.
        name: ignored.

    Raises:
        TypeError: it has another.

    >>> import gradtape as tf
    >>> tf.debugging.assert_type([1, 2], tf.int32)
    """
    wanted, given = as_dtype(tf_type), with_shape(tensor).dtype
    if given != wanted:
        raise TypeError(f"{prefix(message)}tensor must be of type {wanted!r}; got {given!r}")


def assert_integer(x: TensorLike, message: str | None = None, name: str | None = None) -> None:
    """Raises an error unless a tensor is one of integers.

    Args:
        x: a tensor.
        message: words to put in front of the error's.
        name: ignored.

    Raises:
        TypeError: it has another dtype.

    >>> import gradtape as tf
    >>> tf.debugging.assert_integer([1, 2])
    """
    dtype = convert(x).dtype
    if not dtype.is_integer:
        raise TypeError(f'{prefix(message)}Expected "x" to be integer type.  Found: tensor of dtype {dtype!r}')


def assert_same_float_dtype(tensors: Sequence[Any] | None = None, dtype: Any = None) -> DType:
    """Returns the floating-point dtype that all tensors have, and raises an error if there is none.

    Args:
        tensors: tensors; a None among them is passed over.
        dtype: the dtype that they have to have; any by default.

    Returns:
        The dtype; float32 if neither says another.

    Raises:
        ValueError: the dtypes differ, or are no floating-point ones.

    >>> import gradtape as tf
    >>> tf.debugging.assert_same_float_dtype([tf.ones([2]), tf.zeros([3])])
    tf.float32
    """
    found = None if dtype is None else as_dtype(dtype)
    for each in () if tensors is None else tensors:
        if each is not None:
            found = found or each.dtype
            if each.dtype != found:
                raise ValueError(f"{each!r}, type={each.dtype!r}, must be of the same type ({found!r}).")
    if found is not None and not found.is_floating:
        raise ValueError(f"Expected floating point type, got {found!r}.")
    return found or float32


def assert_proper_iterable(values: Any) -> None:
    """Raises an error unless `values` is a list or another iterable, and neither a tensor nor a text.

    Args:
        values: any object.

    Raises:
        TypeError: it is a tensor, an array, a text, or nothing that can be gone through.

    >>> import gradtape as tf
    >>> tf.debugging.assert_proper_iterable([tf.ones([2]), tf.zeros([2])])
    """
    if isinstance(values, Tensor | np.ndarray | str | bytes) or hasattr(values, "dense_shape"):
        raise TypeError(f'Expected argument "values" to be a "proper" iterable, such as a list.  Found: {type(values)}')
    if not hasattr(values, "__iter__"):
        raise TypeError(f'Expected argument "values" to be iterable.  Found: {type(values)}')


def is_numeric_tensor(tensor: Any) -> bool:
    """Returns whether something is a tensor of numbers.

    Args:
        tensor: any object.

    Returns:
        True for a tensor of integers, of real or of complex numbers; False for bools, texts and all else.

    >>> import gradtape as tf
    >>> tf.debugging.is_numeric_tensor(tf.constant(1.0)), tf.debugging.is_numeric_tensor(1.0)
    (True, False)
    """
    return isinstance(tensor, Tensor) and tensor.dtype.is_numeric
