"""Sequences of unequal lengths in one tensor: masks of their lengths, reversal, repetitions left out."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape._core.batches import as_it_is, one_by_one
from gradtape._core.conversion import convert
from gradtape._core.dtypes import ANY, BY_NUMPY, INDEX, REALS, as_dtype, bool_
from gradtape._core.families import discrete, primitive
from gradtape._core.op import NOT_DIFFERENTIABLE, Array, TensorLike
from gradtape._core.sampling import Values, arrays
from gradtape._core.tensor import Carrier, Tensor, make_tensor
from gradtape._ops.casting import cast
from gradtape._ops.counting import plain
from gradtape._ops.parameters import Shape, as_axis, as_real
from gradtape._ops.steps import asked, is_recorded, one_step
from gradtape.errors import InvalidArgumentError, WrongTypeError


def as_length(value: Any) -> int:
    """Returns the length of a mask as an integer.

    Raises:
        ValueError: there is more than one.
        InvalidArgumentError: it is negative.
    """
    if type(value) is not int:
        array = plain(value)
        if array.ndim:
            raise InvalidArgumentError(f"maxlen must be scalar for sequence_mask, got shape {list(array.shape)}.")
        if not np.isfinite(as_real("maxlen", array)):
            raise InvalidArgumentError(f"sequence_mask: maxlen is a finite number, got {array}.")
        value = int(np.ceil(array))
    if value < 0:
        raise InvalidArgumentError(f"sequence_mask: maxlen is at least 0, got {value}.")
    return int(value)


def masked_shape(lengths_shape: Shape, size: int, cut: bool) -> Shape:
    """The shape rule of `positions_below`."""
    return (*lengths_shape, size)


@discrete(
    arrays((), (3,), (2, 0), size=[0, 3], cut=[False, True]),
    inputs=("lengths",),
    types=REALS,
    shape=masked_shape,
    batch=as_it_is,
)
def positions_below(lengths: TensorLike, size: int, cut: bool) -> Array:
    """Returns which of the numbers 0 to `size - 1` are less than each length, cut or not; not for users."""
    return np.arange(size) < (lengths.astype(np.int64) if cut else lengths)[..., None]


def longest(lengths: Array) -> int:
    """Returns the greatest of some lengths, rounded up; 0 of none."""
    return max(0, int(np.ceil(lengths.max()))) if lengths.size else 0


def sequence_mask(lengths: TensorLike, maxlen: Any = None, dtype: Any = bool_, name: str | None = None) -> Tensor:
    """Returns, for each length, a row that is true in the first so many places.

    Args:
        lengths: a tensor of real numbers.
        maxlen: the length of the rows; by default the greatest of `lengths`.
        dtype: the dtype of the result: 1 and 0 in it stand for true and false.
        name: ignored.

    Returns:
        A tensor of shape `[..., maxlen]`.

    Raises:
        ValueError: `maxlen` is no scalar.
        InvalidArgumentError: `maxlen` is negative.

    >>> import gradtape as tf
    >>> tf.sequence_mask([1, 3], 3, tf.int32).numpy()
    array([[1, 0, 0],
           [1, 1, 1]], dtype=int32)
    """
    tensor = convert(lengths)
    # TensorFlow compares in the dtype of `maxlen`.
    cut = maxlen is not None and plain(maxlen).dtype.kind in "iu"
    if maxlen is None:
        if isinstance(tensor, Carrier) and not is_recorded(tensor):
            tensor._refuse()
        if tensor._value.dtype.kind not in "iuf":
            raise WrongTypeError(f"sequence_mask: lengths are numbers, got {tensor.dtype.name}.")
        maxlen = asked("longest", longest, tensor)
    mask = positions_below(tensor, as_length(maxlen), cut)
    return mask if as_dtype(dtype) is bool_ else cast(mask, dtype)


def reversed_shape(input_shape: Shape, seq_lengths_shape: Shape, seq_axis: int, batch_axis: int) -> Shape:
    """The shape rule of `reverse_sequence`."""
    for word, axis in (("seq_axis", seq_axis), ("batch_axis", batch_axis)):
        if not 0 <= axis < len(input_shape):
            raise InvalidArgumentError(
                f"{word} is at least 0 and less than the rank of the input, {len(input_shape)}; got {axis}."
            )
    if seq_axis == batch_axis:
        raise InvalidArgumentError(f"batch_axis == seq_axis == {seq_axis}: the two have to differ.")
    if seq_lengths_shape != (input_shape[batch_axis],):
        raise InvalidArgumentError(
            f"Length of seq_lengths != input.dims({batch_axis}): {list(seq_lengths_shape)} vs. "
            f"{input_shape[batch_axis]}."
        )
    return input_shape


def required_axis(value: Any) -> int:
    """Returns the axis of the sequences as an integer; TypeError if there is none."""
    if value is None:
        raise WrongTypeError("reverse_sequence: seq_axis is missing: the axis along which to reverse.")
    return as_axis(value)


def first_by_default(value: Any) -> int:
    """Returns an axis as an integer; None stands for the first."""
    return 0 if value is None else as_axis(value)


def behind(op: Any, arrays: list[Any], batched: list[bool], params: dict[str, Any]) -> Any:
    """The batching rule of `reverse_sequence`: where all inputs have the same lengths, its axes are one further on."""
    if batched[1]:
        return one_by_one(op, arrays, batched, params)
    return op.body(*arrays, **{name: axis + 1 for name, axis in params.items()})


@primitive(
    arrays(((2, 3), (2,)), ((2, 3, 2), (2,)), seq_axis=[1], batch_axis=[0], values=(Values(), Values(0, 4, "index")))
    + arrays(((3, 2), (2,)), ((3, 2, 0), (2,)), seq_axis=[0], batch_axis=[1], values=(Values(), Values(0, 4, "index"))),
    shape=reversed_shape,
    batch=behind,
    types={"input": ANY, "seq_lengths": INDEX},
    holomorphic=False,
    canonical={"seq_axis": required_axis, "batch_axis": first_by_default},
    input=lambda g, seq_lengths, seq_axis, batch_axis: reverse_sequence(g, seq_lengths, seq_axis, batch_axis),
    seq_lengths=NOT_DIFFERENTIABLE,
)
def reverse_sequence(
    input: TensorLike, seq_lengths: TensorLike, seq_axis: Any = None, batch_axis: Any = None, name: str | None = None
) -> Array:
    """Returns a tensor in which the beginning of each sequence is reversed, and its rest is as it was.

    Args:
        input: a tensor of at least two dimensions.
        seq_lengths: for each sequence, how many of its elements to reverse; int32 or int64.
        seq_axis: the axis along which the elements of a sequence lie.
        batch_axis: the axis along which the sequences lie; by default the first.
        name: ignored.

    Returns:
        A tensor of the same dtype and shape.

    Raises:
        TypeError: `seq_axis` is missing.
        InvalidArgumentError: a length is negative or too large, or the axes or shapes do not fit.

    >>> import gradtape as tf
    >>> tf.reverse_sequence([[1, 2, 3], [4, 5, 6]], [2, 3], seq_axis=1).numpy()
    array([[2, 1, 3],
           [6, 5, 4]], dtype=int32)
    """
    reversed_shape(input.shape, seq_lengths.shape, seq_axis, batch_axis)
    size = input.shape[seq_axis]
    if seq_lengths.size and (seq_lengths.min() < 0 or seq_lengths.max() > size):
        place = int(np.argmax((seq_lengths < 0) | (seq_lengths > size)))
        raise InvalidArgumentError(f"seq_lengths({place}) = {seq_lengths[place]} is not in [0, {size}].")
    steps, lengths = np.arange(size), seq_lengths[:, None]
    places = np.where(steps < lengths, lengths - 1 - steps, steps)
    if batch_axis > seq_axis:
        places = places.T
    shape = [1] * input.ndim
    shape[seq_axis], shape[batch_axis] = size, len(seq_lengths)
    return np.take_along_axis(input, places.reshape(shape), seq_axis)


@one_step("collapse_repeated", form=lambda *parts: parts, varies=True)
def collapse_repeated(labels: TensorLike, seq_length: TensorLike, name: str | None = None) -> tuple[Tensor, Tensor]:
    """Returns sequences of labels in which a label that follows itself is left out; it has no gradient.

    Args:
        labels: a tensor of shape `[batch, width]`.
        seq_length: for each sequence its length, a vector of integers.
        name: ignored.

    Returns:
        A pair: the sequences, of the dtype of `labels`, filled up with 0 to the length of the longest; their new
        lengths, of the dtype of `seq_length`.

    Raises:
        ValueError: there is not one length for each sequence.
        InvalidArgumentError: `labels` is no matrix.

    >>> import gradtape as tf
    >>> found, lengths = tf.nn.collapse_repeated([[1, 1, 2], [3, 3, 3]], [3, 2])
    >>> found.numpy(), lengths.numpy()
    (array([[1, 2],
           [3, 0]], dtype=int32), array([2, 1], dtype=int32))
    """
    rows, lengths = plain(labels), plain(seq_length)
    if lengths.dtype.kind not in "iuf":
        raise WrongTypeError(f"collapse_repeated: seq_length holds integers, got {BY_NUMPY[lengths.dtype].name}.")
    if rows.ndim != 2:
        raise InvalidArgumentError(f"collapse_repeated: labels has the shape [batch, width], got {list(rows.shape)}.")
    if lengths.shape != rows.shape[:1]:
        raise InvalidArgumentError(
            f"collapse_repeated: {rows.shape[0]} sequences and seq_length of shape {list(lengths.shape)} do not fit."
        )
    fresh = np.ones(rows.shape, bool)
    fresh[:, 1:] = rows[:, 1:] != rows[:, :-1]
    fresh &= np.arange(rows.shape[1]) < lengths[:, None]
    counts = np.count_nonzero(fresh, axis=1)
    out = np.zeros((len(rows), counts.max(initial=0)), rows.dtype)
    out[np.arange(out.shape[1]) < counts[:, None]] = rows[fresh]
    return make_tensor(out), make_tensor(counts.astype(lengths.dtype))
