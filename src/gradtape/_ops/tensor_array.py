"""`TensorArray`: a list of tensors of one dtype, written and read by index."""

from __future__ import annotations

from copy import copy
from typing import Any

from gradtape._core.conversion import convert
from gradtape._core.dtypes import DType, as_dtype
from gradtape._core.op import TensorLike
from gradtape._core.spec import TensorShape
from gradtape._core.tensor import Tensor
from gradtape._ops.creation import zeros
from gradtape._ops.gather import gather, tensor_scatter_nd_update
from gradtape._ops.joining import concat, split, stack, unstack
from gradtape._ops.parameters import as_ints
from gradtape._ops.structure import reshape
from gradtape.errors import InvalidArgumentError, OutOfRangeError, WrongTypeError


class TensorArray:
    """A list of tensors of one dtype. Gradients flow through what is written and read.

    Args:
        dtype: the dtype of the tensors.
        size: how many there are.
        dynamic_size: whether writing beyond the end makes the list longer.
        clear_after_read: whether a tensor is dropped when it is read; True by default.
        tensor_array_name, handle, flow, colocate_with_first_write_call, name: ignored.
        infer_shape: whether the first tensor's shape is that of all.
        element_shape: the shape of the tensors, where it is known.

    Raises:
        ValueError: there is no size.

    >>> import gradtape as tf
    >>> squares = tf.TensorArray(tf.float32, size=3)
    >>> for i in range(3):
    ...     squares = squares.write(i, float(i * i))
    >>> squares.stack()
    <tf.Tensor: shape=(3,), dtype=float32, numpy=array([0., 1., 4.], dtype=float32)>
    """

    def __init__(
        self,
        dtype: Any,
        size: Any = None,
        dynamic_size: bool | None = None,
        clear_after_read: bool | None = None,
        tensor_array_name: str | None = None,
        handle: Any = None,
        flow: Any = None,
        infer_shape: bool = True,
        element_shape: Any = None,
        colocate_with_first_write_call: bool = True,
        name: str | None = None,
    ) -> None:
        if size is None:
            raise InvalidArgumentError("TensorArray: the size must be given; with dynamic_size=True it may be 0.")
        self._dtype: DType = as_dtype(dtype)
        self._dynamic_size = bool(dynamic_size)
        self._clear = clear_after_read is None or bool(clear_after_read)
        self._infer_shape = infer_shape
        self._element_shape = TensorShape(element_shape)
        self._tensors: list[Tensor | None] = [None] * single(size)
        self._read: set[int] = set()
        # In a loop of a recorded function: all tensors as one, in the place of the list.
        self._whole: Tensor | None = None

    @property
    def dtype(self) -> DType:
        """The dtype of the tensors."""
        return self._dtype

    @property
    def element_shape(self) -> TensorShape:
        """The shape of the tensors, as far as it is known."""
        return self._element_shape

    @property
    def dynamic_size(self) -> bool:
        """Whether writing beyond the end makes the list longer."""
        return self._dynamic_size

    def size(self, name: str | None = None) -> Tensor:
        """Returns how many tensors there are, as a tensor."""
        return convert(len(self._tensors))

    def write(self, index: Any, value: TensorLike, name: str | None = None) -> TensorArray:
        """Writes a tensor and returns the array, which is to be used from then on.

        Raises:
            OutOfRangeError: there is no such index, and the size is fixed.
            InvalidArgumentError: the tensor has another dtype.
            ValueError: the tensor has another shape than those before.
        """
        if self._whole is not None and is_recorded(index):
            return self._write_whole(index, value)
        self._spread()
        place = single(index)
        if place < 0 or (place >= len(self._tensors) and not self._dynamic_size):
            raise OutOfRangeError(
                f"Tried to write to index {place} but array is not resizeable and size is: {len(self._tensors)}"
            )
        tensor = self._checked(value)
        if self._infer_shape:
            self._element_shape = tensor.shape
        self._tensors += [None] * (place + 1 - len(self._tensors))
        self._tensors[place] = tensor
        self._read.discard(place)
        return self

    def _checked(self, value: TensorLike) -> Tensor:
        """Returns a value that is to be written as a tensor."""
        tensor = value if isinstance(value, Tensor) else convert_hint(value, self._dtype)
        if tensor.dtype is not self._dtype:
            raise WrongTypeError(
                f"TensorArray dtype is {self._dtype.name} but Op is trying to write dtype {tensor.dtype.name}. "
                "Write tf.cast(value, dtype), or give the array that dtype."
            )
        if not self._element_shape.is_compatible_with(tensor.shape):
            raise InvalidArgumentError(
                f"TensorArray: the value's shape {tensor.shape} is not that of the elements, {self._element_shape}."
            )
        return tensor

    def read(self, index: Any, name: str | None = None) -> Tensor:
        """Returns the tensor at an index; one that was never written is of zeros.

        Raises:
            OutOfRangeError: there is no such index.
            InvalidArgumentError: the tensor was read already and is gone.
            ValueError: it was never written, and the shape is not known.
        """
        if self._whole is not None and is_recorded(index) and not self._clear:
            return gather(self._whole, index)
        self._spread()
        place = single(index)
        if not 0 <= place < len(self._tensors):
            raise OutOfRangeError(f"Tried to read from index {place} but array size is: {len(self._tensors)}")
        if place in self._read:
            raise InvalidArgumentError(
                f"Could not read index {place} twice because it was cleared after a previous read (perhaps try setting "
                "clear_after_read = False?)"
            )
        tensor = self._at(place)
        if self._clear:
            self._tensors[place] = None
            self._read.add(place)
        return tensor

    def stack(self, name: str | None = None) -> Tensor:
        """Returns the tensors as one, along a new first dimension.

        Raises:
            ValueError: one was never written, and the shape is not known.
        """
        if self._whole is not None:
            return self._whole
        if not self._tensors:
            shape = self._element_shape
            return zeros([0, *(shape.as_list() if shape.is_fully_defined() else [])], self._dtype)
        return stack([self._at(place) for place in range(len(self._tensors))])

    def concat(self, name: str | None = None) -> Tensor:
        """Returns the tensors as one, along their first dimension; their lengths there may differ."""
        return concat([self._at(place) for place in range(len(self._tensors))], 0)

    def gather(self, indices: Any, name: str | None = None) -> Tensor:
        """Returns the tensors at several indices as one, along a new first dimension."""
        return stack([self._at(place) for place in as_ints(indices)])

    def unstack(self, value: TensorLike, name: str | None = None) -> TensorArray:
        """Writes the parts of a tensor along its first dimension and returns the array.

        Raises:
            ValueError: there are more parts than a fixed size allows.
        """
        parts = unstack(convert(value, self._dtype))
        if len(parts) > len(self._tensors) and not self._dynamic_size:
            raise InvalidArgumentError(
                f"Cannot unstack {len(parts)} tensors into a TensorArray of static size {len(self._tensors)}"
            )
        return self.scatter(range(len(parts)), parts)

    def scatter(self, indices: Any, value: Any, name: str | None = None) -> TensorArray:
        """Writes the parts of a tensor along its first dimension at several indices and returns the array."""
        parts = value if isinstance(value, list) else unstack(convert(value, self._dtype))
        array = self
        for place, part in zip(as_ints(indices), parts, strict=True):
            array = array.write(place, part)
        return array

    def split(self, value: TensorLike, lengths: Any, name: str | None = None) -> TensorArray:
        """Writes the parts of a tensor, of these lengths along its first dimension, and returns the array."""
        self._infer_shape = False
        parts = split(convert(value, self._dtype), list(as_ints(lengths)))
        return self.scatter(range(len(parts)), parts)

    def identity(self) -> TensorArray:
        """Returns the array."""
        return self

    def close(self, name: str | None = None) -> None:
        """Drops all tensors."""
        self._tensors.clear()
        self._whole = None

    def _at(self, place: int) -> Tensor:
        """Returns a tensor, of zeros if it was never written or is gone."""
        self._spread()
        tensor = self._tensors[place]
        if tensor is None:
            if not self._element_shape.is_fully_defined():
                raise InvalidArgumentError(
                    f"TensorArray: index {place} was not written, and the elements' shape is {self._element_shape}: "
                    "write it, or give element_shape."
                )
            tensor = zeros(self._element_shape, self._dtype)
        return tensor

    def _can_be_one(self) -> bool:
        """Whether the tensors can be one in the turns of a loop: of a size and a shape, and few enough to be copied."""
        if self._dynamic_size or self._read or not self._infer_shape or not self._element_shape.is_fully_defined():
            return False
        count = len(self._tensors) * (self._element_shape.num_elements() or 0)
        return 0 < count * self._dtype.as_numpy_dtype().itemsize <= MOST_BYTES

    def _as_one(self, whole: Tensor) -> TensorArray:
        """Returns an array like this one, with these tensors."""
        twin = copy(self)
        twin._tensors, twin._read, twin._whole = [None] * len(self._tensors), set(), whole
        return twin

    def _take(self, other: TensorArray) -> TensorArray:
        """Takes over what another array holds."""
        self._tensors, self._read, self._whole = other._tensors, other._read, other._whole
        return self

    def _write_whole(self, index: Tensor, value: TensorLike) -> TensorArray:
        """Writes a tensor at an index of a recorded function."""
        tensor = self._checked(value)
        self._whole = tensor_scatter_nd_update(self.stack(), reshape(index, [1, 1]), tensor[None])
        return self

    def _spread(self) -> None:
        """Makes the one tensor a list of tensors again."""
        if self._whole is not None:
            whole, self._whole = self._whole, None
            self._tensors = [*unstack(whole)]


# Arrays of more bytes are no single tensors in loops: one is copied in every turn.
MOST_BYTES = 1 << 18


def is_recorded(index: Any) -> bool:
    """True for a tensor of a function that is recorded."""
    return isinstance(index, Tensor) and hasattr(index._value, "recorder")


def single(value: Any) -> int:
    """Returns an index as an integer of Python's."""
    (place,) = as_ints(value)
    return place


def convert_hint(value: Any, dtype: DType) -> Tensor:
    """Returns a value as a tensor, of a dtype if it can be that."""
    try:
        return convert(value, dtype)
    except TypeError:
        return convert(value)
