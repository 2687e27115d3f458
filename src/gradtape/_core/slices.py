"""`IndexedSlices`: the gradient of a lookup, kept as the rows that were looked up."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape._core.dtypes import DType
from gradtape._core.op import OPS
from gradtape._core.spec import TensorShape
from gradtape._core.tensor import Carried, Tensor, make_tensor


class IndexedSlices:
    """Rows of an array and their indices along the first axis; rows of one index add up.

    Inside a backward pass over arrays the parts are arrays; a user sees tensors.

    >>> import gradtape as tf
    >>> x = tf.Variable([[1.0], [2.0]])
    >>> with tf.GradientTape() as tape:
    ...     y = tf.gather(x, [1, 1])
    >>> tf.convert_to_tensor(tape.gradient(y, x)).numpy().tolist()
    [[0.0], [2.0]]
    """

    __slots__ = ("_shape", "indices", "values")
    # NumPy leaves `array + slices` to the class below.
    __array_ufunc__ = None
    # The backward pass adds small things as they are, and large arrays in place: this is none of those.
    size = 0

    def __init__(self, values: Any, indices: Any, dense_shape: Any = None) -> None:
        self.values = values
        self.indices = indices
        self._shape = None if dense_shape is None else tuple(int(size) for size in dense_shape)

    @property
    def dense_shape(self) -> Any:
        """The shape of the array that the rows are of, as a tensor; None if it is not known."""
        if self._shape is None:
            return None
        return make_tensor(np.array(self._shape, np.int32))

    @property
    def shape(self) -> TensorShape:
        """The shape of the array that the rows are of."""
        return TensorShape(self._shape)

    @property
    def dtype(self) -> DType:
        """The element type of the rows."""
        return self.values.dtype

    def dense(self) -> Any:
        """Returns the whole array, 0 where no row was given."""
        if self._shape is None:
            raise ValueError("IndexedSlices without dense_shape cannot be made a tensor: the shape is unknown.")
        op = OPS["scatter_rows"]
        carried = [each for each in (self.values, self.indices) if isinstance(each, Carried)]
        if carried:
            tensors = [make_tensor(self.values), make_tensor(self.indices)]
            return carried[0].carrier.run(op, tensors, {"shape": self._shape})
        run = op.function if isinstance(self.values, Tensor) else op.body
        return run(self.values, self.indices, self._shape)

    _as_tensor = dense

    def _components(self) -> list[Any]:
        """The tensors that it consists of, for `tf.nest`."""
        return [self.values, self.indices] if self._shape is None else [self.values, self.indices, self.dense_shape]

    def _with_components(self, parts: list[Any]) -> IndexedSlices:
        """The same of other rows and indices."""
        return IndexedSlices(parts[0], parts[1], self._shape)

    def __add__(self, other: Any) -> Any:
        if not isinstance(other, IndexedSlices):
            return self.dense() + other
        if any(isinstance(each, Carried) for each in (self.values, self.indices, other.values, other.indices)):
            return self.dense() + other.dense()
        if isinstance(self.values, Tensor):
            join = OPS["concat"].function
            values, indices = join([other.values, self.values], 0), join([other.indices, self.indices], 0)
        else:
            values = np.concatenate([other.values, self.values])
            indices = np.concatenate([other.indices, self.indices])
        # The backward pass adds the earlier lookup last: the rows are in the order of the lookups, as in TensorFlow.
        return IndexedSlices(values, indices, self._shape)

    def __radd__(self, other: Any) -> Any:
        return other + self.dense()

    def __neg__(self) -> IndexedSlices:
        return IndexedSlices(-self.values, self.indices, self._shape)

    def __str__(self) -> str:
        whole = "" if self._shape is None else f", dense_shape={self.dense_shape!s}"
        return f"IndexedSlices(indices={self.indices!s}, values={self.values!s}{whole})"

    __repr__ = __str__
