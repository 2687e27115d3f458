"""Numbers as tensors of texts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradtape._core.conversion import convert
from gradtape._core.dtypes import string
from gradtape._core.op import TensorLike
from gradtape._core.tensor import Tensor, make_tensor
from gradtape._ops.steps import one_step
from gradtape.errors import InvalidArgumentError, WrongTypeError


@one_step("as_string")
def as_string(
    input: TensorLike,
    precision: int = -1,
    scientific: bool = False,
    shortest: bool = False,
    width: int = -1,
    fill: str = "",
    name: str | None = None,
) -> Tensor:
    """Returns numbers as texts.

    Args:
        input: a tensor.
        precision: the digits behind the point of floating-point numbers; 6 by default.
        scientific: whether to write them with an exponent.
        shortest: whether to write them as they need least room.
        width: the least number of letters.
        fill: what stands in front of shorter texts: a letter, blanks by default.
        name: ignored.

    Returns:
        A tensor of texts of the shape of `input`.

    Raises:
        InvalidArgumentError: `scientific` and `shortest` are both given, these or `precision` for numbers that are no
            floating-point ones, or `fill` is more than one letter.

    >>> import gradtape as tf
    >>> tf.as_string([1.5, 2.0], precision=2)
    <tf.Tensor: shape=(2,), dtype=string, numpy=array([b'1.50', b'2.00'], dtype=object)>
    """
    tensor = convert(input)
    if tensor.dtype is string:
        return tensor
    inexact = tensor.dtype.is_floating or tensor.dtype.is_complex
    if scientific and shortest:
        raise InvalidArgumentError("as_string: scientific and shortest are mutually exclusive.")
    if (scientific or shortest or precision >= 0) and not inexact:
        raise WrongTypeError(
            f"as_string: scientific, shortest and precision are for floating-point numbers, got {tensor.dtype.name}."
        )
    if len(fill) > 1:
        raise InvalidArgumentError(f"as_string: fill is one letter, got {fill!r}.")
    sign = fill if fill and fill in "-+ " else ""
    around = f"{'0' if fill == '0' else ''}{width if width >= 0 else ''}"
    letter = "e" if scientific else "g" if shortest else "f"
    digits = f".{precision}" if precision >= 0 else ""
    place = f"%{sign}{around}"
    write = writer(tensor, place, f"{digits}{letter}")
    texts: Any = np.array([write(each).encode() for each in tensor._value.ravel().tolist()], object)
    return make_tensor(texts.reshape(tensor._value.shape))


def writer(tensor: Tensor, place: str, form: str) -> Callable[[Any], str]:
    """Returns the function that writes one number of a tensor."""
    if tensor.dtype.is_bool:
        return lambda value: (place + "s") % ("true" if value else "false")
    if tensor.dtype.is_integer:
        return lambda value: (place + "d") % value
    if tensor.dtype.is_complex:
        return lambda value: f"({(place + form) % value.real},{(place + form) % value.imag})"
    return lambda value: (place + form) % value
