"""Shapes: `TensorShape` as TensorFlow prints and compares it, `TensorSpec`, and NumPy's broadcasting rule."""

from __future__ import annotations

from collections.abc import Iterator
from operator import index
from typing import Any

from gradtape._core.dtypes import DType, as_dtype, float32
from gradtape.errors import InvalidArgumentError

Shape = tuple[int, ...]


class TensorShape:
    """The shape of a tensor: a sequence of sizes, `None` where one is not known.

    >>> import gradtape as tf
    >>> tf.TensorShape([2, 3]), str(tf.TensorShape([2, 3])), tf.TensorShape([2, 3]) == (2, 3)
    (TensorShape([2, 3]), '(2, 3)', True)
    """

    __slots__ = ("_dims",)

    def __init__(self, dims: Any) -> None:
        if dims is None:
            self._dims: tuple[int | None, ...] | None = None
        elif isinstance(dims, TensorShape):
            self._dims = dims._dims
        else:
            try:
                sizes = dims if hasattr(dims, "__iter__") else (dims,)
                self._dims = tuple(None if size is None else index(size) for size in sizes)
            except TypeError:
                raise TypeError(f"A shape is made of integers and None, got {dims!r}.") from None
        if self._dims is not None and any(size is not None and size < 0 for size in self._dims):
            raise ValueError(f"A dimension of a shape is at least 0, got {self._dims}.")

    @property
    def rank(self) -> int | None:
        """The number of dimensions, None if unknown."""
        return None if self._dims is None else len(self._dims)

    ndims = rank

    @property
    def dims(self) -> list[int | None] | None:
        """The sizes as a list, None if the rank is unknown."""
        return None if self._dims is None else list(self._dims)

    def _known(self) -> tuple[int | None, ...]:
        if self._dims is None:
            raise ValueError("This shape's rank is unknown: it has no sizes to read.")
        return self._dims

    def as_list(self) -> list[int | None]:
        """Returns the sizes as a list; ValueError if the rank is unknown."""
        return list(self._known())

    def num_elements(self) -> int | None:
        """Returns the number of elements, None if a size is unknown."""
        product = 1
        for size in self._dims if self._dims is not None else (None,):
            if size is None:
                return None
            product *= size
        return product

    def is_fully_defined(self) -> bool:
        """True if every size is known."""
        return self._dims is not None and None not in self._dims

    def is_compatible_with(self, other: Any) -> bool:
        """True if a shape can be both: same rank, and same size wherever both are known."""
        theirs = TensorShape(other)._dims
        if self._dims is None or theirs is None:
            return True
        return len(self._dims) == len(theirs) and all(
            a is None or b is None or a == b for a, b in zip(self._dims, theirs, strict=True)
        )

    def assert_is_compatible_with(self, other: Any) -> None:
        """Raises ValueError unless the shapes are compatible."""
        if not self.is_compatible_with(other):
            raise ValueError(f"Shapes {self} and {TensorShape(other)} are incompatible")

    def merge_with(self, other: Any) -> TensorShape:
        """Returns the shape that knows what either of the two knows; ValueError if they contradict."""
        self.assert_is_compatible_with(other)
        theirs = TensorShape(other)
        if self._dims is None or theirs._dims is None:
            return theirs if self._dims is None else self
        return TensorShape([b if a is None else a for a, b in zip(self._dims, theirs._dims, strict=True)])

    def concatenate(self, other: Any) -> TensorShape:
        """Returns this shape followed by `other`."""
        theirs = TensorShape(other)
        return TensorShape(None if None in (self._dims, theirs._dims) else self._known() + theirs._known())

    def with_rank(self, rank: int) -> TensorShape:
        """Returns the shape if it has this rank; ValueError otherwise."""
        if self._dims is None:
            return TensorShape([None] * rank)
        if len(self._dims) != rank:
            raise ValueError(f"Shape {self} must have rank {rank}")
        return self

    def __len__(self) -> int:
        return len(self._known())

    def __bool__(self) -> bool:
        return self._dims is not None

    def __iter__(self) -> Iterator[int | None]:
        return iter(self._known())

    def __getitem__(self, key: Any) -> Any:
        part = self._known()[key]
        return TensorShape(part) if isinstance(key, slice) else part

    def __add__(self, other: Any) -> TensorShape:
        return self.concatenate(other)

    def __radd__(self, other: Any) -> TensorShape:
        return TensorShape(other).concatenate(self)

    def __eq__(self, other: object) -> bool:
        try:
            return self._dims == TensorShape(other)._dims
        except (TypeError, ValueError):
            return False

    def __hash__(self) -> int:
        return hash(self._dims)

    def __repr__(self) -> str:
        return f"TensorShape({'None' if self._dims is None else list(self._dims)})"

    def __str__(self) -> str:
        return "<unknown>" if self._dims is None else str(self._dims)

    def __reduce__(self) -> tuple[type[TensorShape], tuple[Any]]:
        return TensorShape, (self._dims,)


class TensorSpec:
    """What is known of a tensor before it exists: its shape, dtype and name.

    Args:
        shape: a list of sizes, None for those that are not known; None for an unknown number of them.
        dtype: the element type.
        name: a name, or None.

    >>> import gradtape as tf
    >>> tf.TensorSpec([None, 2]).is_compatible_with(tf.ones([3, 2]))
    True
    """

    __slots__ = ("dtype", "name", "shape")

    def __init__(self, shape: Any, dtype: Any = float32, name: str | None = None) -> None:
        self.shape = TensorShape(shape)
        self.dtype: DType = as_dtype(dtype)
        self.name = name

    @classmethod
    def from_tensor(cls, tensor: Any, name: str | None = None) -> TensorSpec:
        """Returns what is known of a tensor or a variable."""
        return cls(tensor.shape, tensor.dtype, name)

    @classmethod
    def from_spec(cls, spec: TensorSpec, name: str | None = None) -> TensorSpec:
        """Returns a copy of `spec`, with `name` if it is given."""
        return cls(spec.shape, spec.dtype, name or spec.name)

    def is_compatible_with(self, spec_or_tensor: Any) -> bool:
        """True if `spec_or_tensor` has this dtype and a compatible shape."""
        return self.dtype == spec_or_tensor.dtype and self.shape.is_compatible_with(spec_or_tensor.shape)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TensorSpec) and (self.shape, self.dtype, self.name) == (
            other.shape,
            other.dtype,
            other.name,
        )

    def __hash__(self) -> int:
        return hash((self.shape, self.dtype))

    def __repr__(self) -> str:
        return f"TensorSpec(shape={self.shape}, dtype={self.dtype!r}, name={self.name!r})"


def broadcast_shapes(*shapes: Shape) -> Shape:
    """Returns the shape that `shapes` broadcast to.

    Raises:
        InvalidArgumentError: two sizes of one dimension differ and neither is 1.

    >>> broadcast_shapes((3, 1), (4,))
    (3, 4)
    """
    result: list[int] = [1] * max(map(len, shapes), default=0)
    for shape in shapes:
        offset = len(result) - len(shape)
        for axis, size in enumerate(shape, start=offset):
            if result[axis] == 1:
                result[axis] = size
            elif size not in (1, result[axis]):
                listed = " and ".join(str(list(each)) for each in shapes)
                raise InvalidArgumentError(
                    f"Incompatible shapes: {listed} do not broadcast; sizes are compared from the last dimension "
                    f"and have to be equal or 1."
                )
    return tuple(result)
