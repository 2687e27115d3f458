"""Methods of a variable that look up and change single rows and elements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradtape._core.conversion import convert
from gradtape._core.op import OPS
from gradtape._core.slices import IndexedSlices
from gradtape._core.tensor import Tensor
from gradtape.errors import InvalidArgumentError


class Scattering:
    """What `Variable` inherits: lookups, and updates by `IndexedSlices` or by indices of elements."""

    __slots__ = ()

    if TYPE_CHECKING:
        # What the variable has.
        _value: Any

        def _set(self, array: Any) -> Any: ...
        def _array_of(self, value: Any) -> Any: ...

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
        indices, values = parts(sparse_delta)
        places = index_array(indices)
        leading = np.indices(places.shape)[: places.ndim - 1]
        return self._changed(put, (*leading, places), values)

    def scatter_nd_add(self, indices: Any, updates: Any, name: str | None = None) -> Any:
        """Adds to the elements or parts at `indices`, as `tf.tensor_scatter_nd_add` does; returns the variable."""
        return self._changed(np.add.at, elements(indices), updates)

    def scatter_nd_sub(self, indices: Any, updates: Any, name: str | None = None) -> Any:
        """Subtracts from the elements or parts at `indices`; returns the variable."""
        return self._changed(np.subtract.at, elements(indices), updates)

    def scatter_nd_update(self, indices: Any, updates: Any, name: str | None = None) -> Any:
        """Replaces the elements or parts at `indices`; returns the variable."""
        return self._changed(put, elements(indices), updates)

    def _scatter(self, change: Any, sparse_delta: Any) -> Any:
        indices, values = parts(sparse_delta)
        return self._changed(change, (index_array(indices),), values)

    def _changed(self, change: Any, key: tuple[Any, ...], values: Any) -> Any:
        """Applies `change(array, key, values)` to a copy of the value and sets it."""
        changed = self._value.copy()
        for place, size in zip(key, changed.shape, strict=False):
            wrong = place[(place < 0) | (place >= size)]
            if wrong.size:
                raise InvalidArgumentError(f"indices[...] = {wrong.flat[0]} is not in [0, {size}).")
        array = self._array_of(values)
        try:
            if array.shape != changed[key].shape and array.ndim:
                raise ValueError
            change(changed, key, array)
        except (IndexError, ValueError):
            raise InvalidArgumentError(
                f"Updates of shape {list(array.shape)} do not fit the indices of shape {list(key[0].shape)} into a "
                f"variable of shape {list(changed.shape)}."
            ) from None
        return self._set(changed)


def put(array: Any, key: Any, values: Any) -> None:
    """Replaces elements, with the last one of several."""
    array[key] = values


def parts(sparse_delta: Any) -> tuple[Any, Any]:
    """Returns the indices and the rows of `IndexedSlices`; TypeError for anything else."""
    if not isinstance(sparse_delta, IndexedSlices):
        raise TypeError(f"Argument `sparse_delta` must be a `tf.IndexedSlices`. Received arg: {sparse_delta}")
    return sparse_delta.indices, sparse_delta.values


def index_array(indices: Any) -> Any:
    """Returns indices as an array."""
    return convert(indices)._value


def elements(indices: Any) -> tuple[Any, ...]:
    """Returns indices, which lie along the last dimension, as NumPy takes them: an array for each dimension."""
    return tuple(np.moveaxis(index_array(indices), -1, 0))
