"""What users give for convolutions, made a window: strides, paddings, dilations, data formats, dimensions."""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import Any

from gradtape._core.dispatch import match
from gradtape._core.tensor import Tensor
from gradtape._ops.convolution import convolve, convolve_input
from gradtape._ops.convolution_arrays import Window, output_sizes
from gradtape._ops.parameters import Shape, as_ints, as_number
from gradtape._ops.structure import reshape, transpose
from gradtape.errors import InvalidArgumentError, UnimplementedError, WrongTypeError

LAST = {1: ("NWC", "NHWC"), 2: ("NHWC",), 3: ("NDHWC",)}
FIRST = {1: ("NCW", "NCHW"), 2: ("NCHW",), 3: ("NCDHW",)}


def channels_first(data_format: Any, spatial: int, error: type[Exception] = InvalidArgumentError) -> bool:
    """Returns whether the channels stand in front of the spatial axes; None stands for channels last.

    Raises:
        InvalidArgumentError: there is no such format for so many axes; another error if one is given.
    """
    if data_format is None or data_format in LAST[spatial]:
        return False
    if data_format in FIRST[spatial]:
        return True
    raise error(f"`data_format` must be {LAST[spatial][0]!r} or {FIRST[spatial][0]!r}. Received: {data_format!r}.")


def as_steps(what: str, value: Any, spatial: int, first: bool, whole: bool = False) -> Shape:
    """Returns strides or dilations, one for each spatial axis.

    Args:
        what: the parameter's name.
        value: a number for all axes, or a list of one, of those for the spatial axes, or of those for all axes.
        spatial: how many spatial axes there are.
        first: whether the channels stand in front of them.
        whole: whether only a list for all axes is taken.

    Raises:
        ValueError: the list has another length.
        TypeError: a number is given where a list is wanted.
        InvalidArgumentError: a step is less than 1.
        UnimplementedError: a step over images or channels is not 1.
    """
    if value is None and not whole:
        return (1,) * spatial
    if not isinstance(value, (list, tuple)) and not len(getattr(value, "shape", ())):
        if whole:
            raise WrongTypeError(f"`{what}` must be a list of {spatial + 2} integers. Received: {value!r}.")
        value = (value,)
    try:
        steps: Shape = tuple(map(int, value))
    except (TypeError, ValueError, OverflowError):
        raise WrongTypeError(f"`{what}` must be an integer or a list of them. Received: {value!r}.") from None
    if not steps:
        raise InvalidArgumentError(f"`{what}` must not be empty.")
    if len(steps) == spatial + 2:
        others = steps[:2] if first else (steps[0], steps[-1])
        if others != (1, 1):
            raise UnimplementedError(f"`{what}` over the batch and the channels must be 1. Received: {list(steps)}.")
        steps = steps[2:] if first else steps[1:-1]
    elif whole:
        raise InvalidArgumentError(f"`{what}` must have {spatial + 2} elements. Received: {list(steps)}.")
    elif len(steps) == 1:
        steps = steps * spatial
    elif len(steps) != spatial:
        raise InvalidArgumentError(
            f"`{what}` should be of length 1, {spatial} or {spatial + 2}. Received: {list(steps)}."
        )
    if min(steps) < 1:
        raise InvalidArgumentError(f"`{what}` must be > 0. Received: {list(steps)}.")
    return steps


def as_padding(padding: Any, spatial: int, first: bool) -> Any:
    """Returns the word for a padding, or the zeros in front of and behind each spatial axis.

    Raises:
        ValueError: it is no list of pairs for all axes.
        TypeError: it is neither a word nor a list.
        InvalidArgumentError: it is another word, or a number is negative, or the batch or the channels are padded.
    """
    if isinstance(padding, str):
        if padding == "EXPLICIT":
            raise InvalidArgumentError(
                "'EXPLICIT' is no value for `padding`: write a list of pairs, one for each axis."
            )
        if padding not in ("SAME", "VALID"):
            raise InvalidArgumentError(f"`padding` must be 'SAME', 'VALID' or a list. Received: {padding!r}.")
        return padding
    if not isinstance(padding, (list, tuple)):
        raise WrongTypeError(f"`padding` must be 'SAME', 'VALID' or a list of pairs. Received: {padding!r}.")
    for pair in padding:
        if not isinstance(pair, (list, tuple)) or len(pair) != 2:
            raise InvalidArgumentError(f"each element of `padding` must be a list of 2 numbers. Received: {padding}.")
    if len(padding) != spatial + 2:
        raise InvalidArgumentError(
            f"`padding` must have {spatial + 2} elements, one for each axis. Received: {padding}."
        )
    pads = tuple([(as_number("padding", before), as_number("padding", behind)) for before, behind in padding])
    others = pads[:2] if first else (pads[0], pads[-1])
    if others != ((0, 0), (0, 0)) or min(map(min, pads)) < 0:
        raise InvalidArgumentError(
            f"`padding` must be at least 0, and 0 for the batch and the channels. Received: {padding}."
        )
    return pads[2:] if first else pads[1:-1]


@lru_cache(maxsize=1024)
def window_of(
    sizes: Shape, kernel: Shape, padding: Any, strides: Shape, dilations: Shape, channels: int, taken: int, depth: int
) -> Window:
    """Returns the window that moves over an input: its zeros and groups are counted out.

    Raises:
        InvalidArgumentError: the filters have no element, or their channels do not divide those of the input.
    """
    if not prod(kernel) * taken:
        raise InvalidArgumentError(f"filters must not have zero elements. Received: {[*kernel, taken, depth]}.")
    if channels % taken:
        raise InvalidArgumentError(
            f"the depth of the input must be evenly divisible by that of the filters: {channels} vs {taken}."
        )
    if not channels:
        raise InvalidArgumentError("the input must have at least one channel, got none.")
    groups = channels // taken
    if depth % max(groups, 1):
        raise InvalidArgumentError(
            f"the depth of the output must be evenly divisible by the number of groups: {depth} vs {groups}."
        )
    if padding == "VALID":
        padding = ((0, 0),) * len(sizes)
    elif padding == "SAME":
        totals = [
            max(0, (-(-size // stride) - 1) * stride + (taps - 1) * apart + 1 - size)
            for size, taps, stride, apart in zip(sizes, kernel, strides, dilations, strict=True)
        ]
        padding = tuple([(total // 2, total - total // 2) for total in totals])
    window = Window(sizes, kernel, padding, strides, dilations, groups)
    if min(output_sizes(window)) < 0:
        raise InvalidArgumentError(
            f"the filters do not fit into the input: sizes {list(kernel)}, dilations {list(dilations)}, padding "
            f"{list(window.padding)}, in {list(sizes)}."
        )
    return window


def tensors(input: Any, filters: Any) -> list[Tensor]:
    """Returns an input and its filters as tensors; what is none takes the dtype of the other."""
    if type(input) is Tensor and type(filters) is Tensor:
        return [input, filters]
    return match(convolve.op, [input, filters], "strict")  # type: ignore[attr-defined]


def require_rank(name: str, shape: Shape, least: int, most: int | None = None) -> None:
    """Raises InvalidArgumentError unless a shape has so many dimensions."""
    if len(shape) < least or (most is not None and len(shape) > most):
        raise InvalidArgumentError(f"`{name}` must be {least}-dimensional. Received: shape {list(shape)}.")


def to_last(tensor: Tensor, spatial: int) -> Tensor:
    """Moves the channels of a tensor behind its spatial axes."""
    return transpose(tensor, (0, *range(2, spatial + 2), 1))


def to_first(tensor: Tensor, spatial: int) -> Tensor:
    """Moves the channels of a tensor in front of its spatial axes."""
    return transpose(tensor, (0, spatial + 1, *range(1, spatial + 1)))


def convolved(
    spatial: int, input: Any, filters: Any, strides: Shape, padding: Any, first: bool, dilations: Shape
) -> Tensor:
    """Returns the convolution along so many spatial axes; what is in front of the images' axes is a batch of them."""
    x, weights = tensors(input, filters)
    shape, taps = x._value.shape, weights._value.shape
    require_rank("filters", taps, spatial + 2, spatial + 2)
    require_rank("input", shape, spatial + 2)
    batch = shape[: -spatial - 1]
    if len(batch) > 1:
        x = reshape(x, (prod(batch), *shape[-spatial - 1 :]))
    if first:
        x = to_last(x, spatial)
    *sizes, channels = x._value.shape[1:]
    out = convolve(x, weights, window_of(tuple(sizes), taps[:-2], padding, strides, dilations, channels, *taps[-2:]))
    if first:
        out = to_first(out, spatial)
    return reshape(out, (*batch, *out._value.shape[1:])) if len(batch) > 1 else out


def transposed(
    spatial: int,
    input: Any,
    filters: Any,
    output_shape: Any,
    strides: Shape,
    padding: Any,
    first: bool,
    dilations: Shape,
) -> Tensor:
    """Returns the transpose of the convolution that takes `output_shape` to the shape of `input`."""
    x, weights = tensors(input, filters)
    shape, taps, target = x._value.shape, weights._value.shape, as_ints(output_shape)
    require_rank("filters", taps, spatial + 2, spatial + 2)
    require_rank("input", shape, spatial + 2, spatial + 2)
    if len(target) == spatial:
        target = (shape[0], taps[-2], *target) if first else (shape[0], *target, taps[-2])
    if len(target) != spatial + 2:
        raise InvalidArgumentError(f"`output_shape` must have {spatial + 2} elements. Received: {list(target)}.")
    if min(target) < 0:
        raise InvalidArgumentError(f"`output_shape` must be at least 0. Received: {list(target)}.")
    channels = target[1] if first else target[-1]
    sizes = target[2:] if first else target[1:-1]
    window = window_of(sizes, taps[:-2], padding, strides, dilations, channels, *taps[-2:])
    wanted = (target[0], taps[-1], *output_sizes(window)) if first else (target[0], *output_sizes(window), taps[-1])
    if shape != wanted:
        raise InvalidArgumentError(
            f"the convolution of `output_shape` {list(target)} with filters {list(taps)} has shape {list(wanted)}, and "
            f"so must `input`. Received: {list(shape)}."
        )
    if not first:
        return convolve_input(x, weights, window)
    return to_first(convolve_input(to_last(x, spatial), weights, window), spatial)
