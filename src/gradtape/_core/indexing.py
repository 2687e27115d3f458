"""What stands between the brackets of `tensor[…]`: keys are checked, and made into what NumPy takes."""

from __future__ import annotations

from operator import index
from typing import Any

import numpy as np

from gradtape._core.tensor import Carrier, Tensor
from gradtape.errors import InvalidArgumentError

_REFUSED = (
    "Only integers, slices (`:`), ellipsis (`...`), tf.newaxis (`None`) and scalar tf.int32/tf.int64 tensors are valid "
    "indices, got {!r}"
)


def as_key(key: Any) -> Any:
    """Returns `key` with tensors in it replaced by integers and masks: what a NumPy array takes between brackets.

    Raises:
        TypeError: a part is no integer, slice, ellipsis, None or mask of bools.
        ValueError: a mask without dimensions.
        InvalidArgumentError: a list of bools.
    """
    if type(key) is int:
        return key
    if type(key) is tuple:
        return tuple(map(as_part, key))
    if isinstance(key, list):
        # TensorFlow takes a list of indices as one index per dimension.
        if any(type(part) is bool for part in key):
            raise InvalidArgumentError(
                f"A list of bools is no index, got {key!r}. Write tf.boolean_mask(tensor, {key!r}) or tensor[mask] "
                "with an array or a tensor as the mask."
            )
        return tuple(map(as_part, key))
    return as_part(key, mask=True)


def as_part(part: Any, mask: bool = False) -> Any:
    """Returns one part of a key in NumPy's terms; a mask of bools only where it is the whole key."""
    kind = type(part)
    if kind is bool and mask:
        raise without_dimensions(part)
    if kind is int or part is None or part is Ellipsis:
        return part
    if kind is slice:
        return slice(as_bound(part.start), as_bound(part.stop), as_bound(part.step))
    array = part._value if isinstance(part, Tensor) else part
    if hasattr(array, "_read"):
        array = array._read()._value
    if isinstance(array, (np.ndarray, np.generic)) and not isinstance(part, str):
        if array.dtype == bool and mask:
            if not array.ndim:
                raise without_dimensions(part)
            return np.asarray(array)
        if array.ndim == 0 and array.dtype.kind in "iu":
            return int(array)
        if array.dtype.kind in "iu":
            raise TypeError(
                _REFUSED.format(part) + ". To take several elements by their indices, write tf.gather(tensor, indices)."
            )
    raise TypeError(_REFUSED.format(part))


def without_dimensions(part: Any) -> ValueError:
    """Returns the error for one bool as an index."""
    return ValueError(f"A mask between brackets has at least one dimension, got {part!r}.")


def as_bound(bound: Any) -> int | None:
    """Returns a bound of a slice as an integer, or None."""
    if bound is None or type(bound) is int:
        return bound
    if isinstance(bound, Carrier):
        raise TypeError(
            f"A bound of a slice is {bound.what}, and the size of the part is not known: write tf.slice(tensor, begin, "
            "size), whose size is the same for all."
        )
    try:
        return index(bound)
    except TypeError:
        raise TypeError(_REFUSED.format(bound)) from None


def out_of_range(shape: tuple[int, ...], key: Any) -> InvalidArgumentError:
    """Returns the error for a key that does not fit `shape`, naming the part that does not."""
    parts = key if type(key) is tuple else (key,)
    if isinstance(key, np.ndarray):
        return InvalidArgumentError(f"A mask of shape {list(key.shape)} does not fit a tensor of shape {list(shape)}.")
    taken = sum(part is not None and part is not Ellipsis for part in parts)
    if taken > len(shape):
        return InvalidArgumentError(
            f"Index out of range using input dim {len(shape)}; input has only {len(shape)} dims (shape {list(shape)})."
        )
    axis = 0
    for part in parts:
        if part is Ellipsis:
            axis = len(shape) - sum(p is not None for p in parts[parts.index(Ellipsis) + 1 :])
        elif part is not None:
            if type(part) is int and not -shape[axis] <= part < shape[axis]:
                return InvalidArgumentError(
                    f"slice index {part} of dimension {axis} out of bounds: the shape is {list(shape)}, so it can be "
                    f"{-shape[axis]} to {shape[axis] - 1}."
                )
            axis += 1
    return InvalidArgumentError(f"The key {key!r} does not fit a tensor of shape {list(shape)}.")
