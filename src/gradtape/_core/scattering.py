"""Methods of a variable that look up and change single rows and elements."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from gradtape._core.conversion import convert
from gradtape._core.dtypes import DType
from gradtape._core.indexing import as_key, out_of_range
from gradtape._core.op import OPS
from gradtape._core.slices import IndexedSlices
from gradtape._core.tensor import Tensor
from gradtape._core.tracking import RECORDING, performed
from gradtape.errors import InvalidArgumentError


class Scattering:
    """What `Variable` inherits: lookups, and updates by `IndexedSlices` or by indices of elements."""

    __slots__ = ()

    if TYPE_CHECKING:
        # What the variable has.
        _value: Any

        def _set(self, array: Any) -> Any: ...
        def _array_of(self, value: Any) -> Any: ...
        def _read(self) -> Tensor: ...
        def _recorded(self, tensor: Tensor) -> Any: ...
        @property
        def dtype(self) -> DType: ...

    def sparse_read(self, indices: Any, name: str | None = None) -> Tensor:
        """Returns the rows at `indices`, as `tf.gather` does."""
        found: Tensor = OPS["gather"].function(self, indices)
        return found

    def gather_nd(self, indices: Any, name: str | None = None) -> Tensor:
        """Returns the elements or parts at `indices`, as `tf.gather_nd` does."""
        found: Tensor = OPS["take_nd"].function(self, indices)
        return found

    def scatter_add(self, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Any:
        """Adds rows to those at their indices; rows at one index add up. Returns the variable.

        Raises:
            TypeError: `sparse_delta` is no `tf.IndexedSlices`.
            InvalidArgumentError: an index is out of range, or the rows do not fit.
        """
        return self._scatter(np.add.at, sparse_delta)

    def scatter_sub(self, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Any:
        """Subtracts rows from those at their indices; raises as `scatter_add` does. Returns the variable."""
        return self._scatter(np.subtract.at, sparse_delta)

    def scatter_mul(self, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Any:
        """Multiplies the rows at the indices by others; raises as `scatter_add` does. Returns the variable."""
        return self._scatter(np.multiply.at, sparse_delta)

    def scatter_div(self, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Any:
        """Divides the rows at the indices by others; raises as `scatter_add` does. Returns the variable."""
        return self._scatter(np.divide.at if self._value.dtype.kind in "fc" else np.floor_divide.at, sparse_delta)

    def scatter_max(self, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Any:
        """Keeps the greater elements of the rows at the indices and others; raises as `scatter_add` does."""
        return self._scatter(np.maximum.at, sparse_delta)

    def scatter_min(self, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Any:
        """Keeps the lesser elements of the rows at the indices and others; raises as `scatter_add` does."""
        return self._scatter(np.minimum.at, sparse_delta)

    def scatter_update(self, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Any:
        """Replaces the rows at the indices, with the last one of several; raises as `scatter_add` does."""
        return self._scatter(put, sparse_delta)

    def batch_scatter_update(self, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Any:
        """Replaces rows, where the indices' leading dimensions are those of the variable; returns the variable."""
        return self._changed(put, in_batches, *parts(sparse_delta))

    def scatter_nd_add(self, indices: Any, updates: Any, name: str | None = None) -> Any:
        """Adds to the elements or parts at `indices`, as `tf.tensor_scatter_nd_add` does; returns the variable."""
        return self._changed(np.add.at, elements, indices, updates)

    def scatter_nd_sub(self, indices: Any, updates: Any, name: str | None = None) -> Any:
        """Subtracts from the elements or parts at `indices`; returns the variable."""
        return self._changed(np.subtract.at, elements, indices, updates)

    def scatter_nd_update(self, indices: Any, updates: Any, name: str | None = None) -> Any:
        """Replaces the elements or parts at `indices`; returns the variable."""
        return self._changed(put, elements, indices, updates)

    def _scatter(self, change: Any, sparse_delta: Any) -> Any:
        return self._changed(change, rows, *parts(sparse_delta))

    def _changed(self, change: Any, key_of: Any, indices: Any, values: Any) -> Any:
        """Applies `change(array, key, values)` to a copy of the value and sets it; `key_of` makes indices a key."""

        def run(array: Any, places: Any, updates: Any) -> Any:
            return scattered(change, array, key_of(places), updates)

        if RECORDING.recorder is None:
            return self._set(run(self._value, convert(indices)._value, self._array_of(values)))
        given = [self._read(), convert(indices), convert(values, self.dtype)]
        return self._recorded(performed("scatter", run, given, "pure"))


def scattered(change: Any, array: Any, key: tuple[Any, ...], values: Any) -> Any:
    """Returns an array to a copy of which `change(array, key, values)` is applied.

    Raises:
        InvalidArgumentError: an index is out of range, or the values do not fit.
    """
    changed = array.copy()
    for place, size in zip(key, changed.shape, strict=False):
        wrong = place[(place < 0) | (place >= size)]
        if wrong.size:
            raise InvalidArgumentError(f"indices[...] = {wrong.flat[0]} is not in [0, {size}).")
    try:
        if values.shape != changed[key].shape and values.ndim:
            raise ValueError
        change(changed, key, values)
    except (IndexError, ValueError):
        raise InvalidArgumentError(
            f"Updates of shape {list(values.shape)} do not fit the indices of shape {list(key[0].shape)} into a "
            f"variable of shape {list(changed.shape)}."
        ) from None
    return changed


def with_part(whole: Any, key: Any, value: Any) -> Any:
    """Returns an array with the part at `key` replaced by a value, which broadcasts to it.

    Raises:
        InvalidArgumentError: there is no such part, or the value does not fit.
    """
    changed = whole.copy()
    try:
        part = changed[key]
    except IndexError:
        raise out_of_range(whole.shape, key) from None
    while value.ndim > part.ndim and value.shape[0] == 1:
        value = value[0]
    try:
        changed[key] = np.broadcast_to(value, part.shape)
    except ValueError:
        raise InvalidArgumentError(
            f"A value of shape {list(value.shape)} cannot be assigned to a slice of shape {list(part.shape)}."
        ) from None
    return changed


def recorded_part(whole: Tensor, key: Any, value: Tensor) -> Tensor:
    """Returns `with_part` of tensors as a step of the program that is recorded; the key may hold tensors, too."""
    tensors: list[Tensor] = []

    def emptied(part: Any) -> Any:
        if isinstance(part, tuple | list):
            return tuple(map(emptied, part))
        if type(part) is slice:
            return slice(emptied(part.start), emptied(part.stop), emptied(part.step))
        if isinstance(part, Tensor) or hasattr(part, "_read"):
            tensors.append(convert(part))
            return TENSOR
        return part

    def filled(part: Any, arrays: Iterator[Any]) -> Any:
        if type(part) is tuple:
            return tuple([filled(each, arrays) for each in part])
        if type(part) is slice:
            return slice(filled(part.start, arrays), filled(part.stop, arrays), filled(part.step, arrays))
        return next(arrays) if part is TENSOR else part

    def run(array: Any, new: Any, *others: Any) -> Any:
        return with_part(array, as_key(filled(form, iter(others))), new)

    form = emptied(key)
    found: Tensor = performed("assign_part", run, [whole, value, *tensors], "pure")
    return found


# What stands in a key for the next tensor.
TENSOR = object()


def rows(indices: Any) -> tuple[Any, ...]:
    """Returns indices of rows as NumPy takes them."""
    return (indices,)


def in_batches(indices: Any) -> tuple[Any, ...]:
    """Returns indices of rows, with the same leading dimensions as the variable, as NumPy takes them."""
    return (*np.indices(indices.shape)[: indices.ndim - 1], indices)


def put(array: Any, key: Any, values: Any) -> None:
    """Replaces elements, with the last one of several."""
    array[key] = values


def parts(sparse_delta: Any) -> tuple[Any, Any]:
    """Returns the indices and the rows of `IndexedSlices`; TypeError for anything else."""
    if not isinstance(sparse_delta, IndexedSlices):
        raise TypeError(f"Argument `sparse_delta` must be a `tf.IndexedSlices`. Received arg: {sparse_delta}")
    return sparse_delta.indices, sparse_delta.values


def elements(indices: Any) -> tuple[Any, ...]:
    """Returns indices, which lie along the last dimension, as NumPy takes them: an array for each dimension."""
    return tuple(np.moveaxis(indices, -1, 0))
