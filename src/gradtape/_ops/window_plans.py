"""How windows lie on an array: sizes, strides and paddings as users give them, made the windows of each axis."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from gradtape._core.tensor import Tensor
from gradtape._ops.parameters import Shape, as_ints
from gradtape._ops.windows import ONE, Window, Windows
from gradtape.errors import InvalidArgumentError, WrongTypeError

# For each number of spatial dimensions the name of the layout with the channels behind, and in front.
LAYOUTS = {1: ("NWC", "NCW"), 2: ("NHWC", "NCHW"), 3: ("NDHWC", "NCDHW")}
# "SAME", "VALID", or for each axis how much to add before and behind.
Padding = str | tuple[tuple[int, int], ...]


def window_along(size: int, length: int, stride: int, rate: int, padding: str | tuple[int, int]) -> Window:
    """Returns the windows along an axis of `size` elements.

    Raises:
        InvalidArgumentError: the length, the stride or the rate is not positive, or no window fits.
    """
    if stride <= 0:
        raise InvalidArgumentError(f"Stride must be > 0, but got {stride}.")
    if length <= 0:
        raise InvalidArgumentError(f"The size of a window must be positive, got {length}.")
    if rate <= 0:
        raise InvalidArgumentError(f"Dilation rates must be > 0, but got {rate}.")
    span = (length - 1) * rate + 1
    if padding == "SAME":
        count = -(-size // stride)
        before = max((count - 1) * stride + span - size, 0) // 2
    else:
        before, behind = (0, 0) if padding == "VALID" else (int(padding[0]), int(padding[1]))
        rest = size + before + behind - span + stride
        if rest <= -stride:
            raise InvalidArgumentError(
                f"Computed output size would be negative: {rest // stride}. A window spans {span} elements, the input "
                f"has {size} (padding {before} and {behind}), the stride is {stride}."
            )
        # What is left behind the last window is cut off.
        count = max(rest // stride, 0)
    return (length, stride, before, (count - 1) * stride + span - size - before, rate if length > 1 else 1)


@lru_cache(maxsize=256)
def plan(shape: Shape, lengths: Shape, strides: Shape, rates: Shape, padding: Padding) -> Windows:
    """Returns the windows of all axes; raises as `window_along` does."""
    each: Sequence[Any] = (padding,) * len(shape) if isinstance(padding, str) else padding
    found = [window_along(*along) for along in zip(shape, lengths, strides, rates, each, strict=True)]
    return tuple(ONE if window[:4] == ONE[:4] else window for window in found)


def channels_first(data_format: Any, dims: int) -> bool:
    """Returns whether the channels of a layout are the second dimension, in front of those of space.

    Raises:
        InvalidArgumentError: there is no such layout of `dims` spatial dimensions.
    """
    if data_format is None:
        return False
    if data_format not in LAYOUTS[dims]:
        raise WrongTypeError(f"data_format {data_format!r} is not in the list of allowed values: {LAYOUTS[dims]}.")
    return bool(data_format == LAYOUTS[dims][1])


def for_all_axes(value: Any, name: str, dims: int, first: bool) -> Shape:
    """Returns a size for each axis of images; one is for all spatial dimensions, None stands for 1.

    Raises:
        ValueError: there are neither one, nor `dims`, nor `dims + 2`.
    """
    sizes = (1,) if value is None else as_ints(value)
    if len(sizes) == 1:
        sizes *= dims
    if len(sizes) == dims + 2:
        return sizes
    if len(sizes) != dims:
        raise InvalidArgumentError(
            f"{name} should be of length 1, {dims} or {dims + 2}. Received: {name}={value} of length {len(sizes)}"
        )
    return (1, 1, *sizes) if first else (1, *sizes, 1)


def as_padding(padding: Any, rank: int, explicit: bool = True) -> Padding:
    """Returns a padding in its canonical form; pairs of integers only where they may be given.

    Raises:
        TypeError: it is neither a name nor a list.
        ValueError: the list has not as many pairs as there are dimensions.
        InvalidArgumentError: there is no padding of this name, or a number is negative.
    """
    if isinstance(padding, (list, tuple)) and explicit:
        if len(padding) != rank:
            raise InvalidArgumentError(
                f"When padding is a list, it must be of size {rank}. Received: padding={padding} of size {len(padding)}"
            )
        pairs = tuple(as_pair(each) for each in padding)
        if any(number < 0 for pair in pairs for number in pair):
            raise InvalidArgumentError(f"All elements of explicit paddings must be nonnegative, got {padding}.")
        return pairs
    if not isinstance(padding, str):
        raise WrongTypeError(f"Expected string for argument 'padding' not {padding!r}.")
    if padding == "EXPLICIT":
        raise InvalidArgumentError(
            "'EXPLICIT' is not a valid value for `padding`: explicit padding is a list of pairs."
        )
    if padding not in ("SAME", "VALID"):
        raise WrongTypeError(f"padding {padding!r} is not in the list of allowed values: 'SAME', 'VALID'.")
    return padding


def as_pair(value: Any) -> tuple[int, int]:
    """Returns how much to add before and behind an axis.

    Raises:
        ValueError: these are not two numbers.
    """
    pair = as_ints(value)
    if len(pair) != 2:
        raise InvalidArgumentError(f"When padding is a list, each element must be of size 2. Received: {value}.")
    return pair[0], pair[1]


def image_windows(
    tensor: Tensor,
    dims: int,
    ksize: Any,
    strides: Any,
    padding: Any,
    data_format: Any,
    explicit: bool = True,
    rates: Sequence[int] | None = None,
) -> Windows:
    """Returns the windows that pool images of `dims` spatial dimensions.

    Raises:
        ValueError: `ksize`, `strides` or `padding` has not as many entries as it should.
        TypeError: `padding` is of a wrong type.
        InvalidArgumentError: the tensor has another number of dimensions, or a number is not as it should be.
    """
    first = channels_first(data_format, dims)
    lengths = for_all_axes(ksize, "ksize", dims, first)
    steps = for_all_axes(strides, "strides", dims, first)
    spread = for_all_axes(rates, "dilations", dims, first)
    around = as_padding(padding, dims + 2, explicit)
    shape = tensor._value.shape
    if len(shape) != dims + 2:
        raise InvalidArgumentError(f"Input must be {dims + 2}-dimensional, got shape {list(shape)}.")
    if not isinstance(around, str):
        check_around(around, lengths, spread, 1 if first else dims + 1)
    return plan(shape, lengths, steps, spread, around)


def check_around(around: Sequence[tuple[int, int]], lengths: Shape, rates: Shape, channels: int) -> None:
    """Raises InvalidArgumentError where a window could lie in what is added around images, and nowhere else."""
    for axis, (pair, length, rate) in enumerate(zip(around, lengths, rates, strict=True)):
        if axis in (0, channels) and pair != (0, 0):
            raise InvalidArgumentError(
                f"Nonzero explicit padding in the batch or depth dimensions is not supported, got {list(around)}."
            )
        if pair != (0, 0) and max(pair) > (length - 1) * rate:
            raise InvalidArgumentError(
                f"Padding {max(pair)} needs to be smaller than the window size {length} along axis {axis}."
            )
