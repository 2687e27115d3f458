"""`tf.image`: boxes in images: cut out and resized, and chosen so that they do not overlap."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape._core.conversion import convert
from gradtape._core.dtypes import float32, int32
from gradtape._core.families import composite
from gradtape._core.op import Array, TensorLike
from gradtape._core.sampling import Values, arrays
from gradtape._core.tensor import Carrier, Tensor, make_tensor
from gradtape._ops.casting import cast
from gradtape._ops.comparison import greater_equal, less_equal, logical_and, select
from gradtape._ops.creation import zeros_like
from gradtape._ops.gather import gather
from gradtape._ops.image_sizes import RESIZED, as_number
from gradtape._ops.parameters import as_vector
from gradtape._ops.rounding import ceil, floor
from gradtape._ops.slicing import getitem
from gradtape._ops.steps import all_finite, asked, one_step
from gradtape._ops.structure import expand_dims, reshape
from gradtape.errors import InvalidArgumentError, OutOfRangeError


def plain(value: TensorLike, dtype: Any = None) -> Any:
    """Returns a parameter as an array; one that differs by row inside a map is refused."""
    tensor = convert(value, dtype) if dtype is not None else convert(value)
    return tensor._refuse() if isinstance(tensor, Carrier) else tensor._value


def box_columns(boxes: Tensor) -> list[Tensor]:
    """Returns the upper, left, lower and right edges of boxes, each with an axis of size 1 behind it."""
    return [getitem(boxes, (slice(None), slice(place, place + 1))) for place in range(4)]


def sample_places(first: Tensor, last: Tensor, size: int, count: int) -> Tensor:
    """Returns for each box where its `count` pixels lie along one axis of an image of `size` pixels."""
    reach = float(size - 1)
    if count == 1:
        return 0.5 * (first + last) * reach
    steps = convert(np.arange(count), first.dtype)
    return first * reach + steps * ((last - first) * (reach / (count - 1)))


IN_THE_IMAGE = (Values(), Values(0.11, 0.43), Values(0, 2, kind="index"))


@composite(
    arrays(((2, 4, 4, 1), (2, 4), (2,)), crop_size=[(2, 1)], bilinear=[True], outside=[0.5], values=IN_THE_IMAGE)
)
def crops(
    image: TensorLike, boxes: TensorLike, box_indices: TensorLike, crop_size: Any, bilinear: bool, outside: float
) -> Tensor:
    """Returns `crop_and_resize` in the dtype of the images, of which `boxes` are, too."""
    pictures, edges = convert(image), convert(boxes)
    _, height, width, channels = pictures._value.shape
    rows, columns = crop_size
    top, left, bottom, right = box_columns(edges)
    y, x = sample_places(top, bottom, height, rows), sample_places(left, right, width, columns)
    rows_kept, columns_kept = within(y, height), within(x, width)
    # What lies outside is looked up at pixel 0, and replaced afterwards.
    y, x = select(rows_kept, y, zeros_like(y)), select(columns_kept, x, zeros_like(x))
    pixels = reshape(pictures, (-1, channels))
    first = reshape(cast(convert(box_indices), int32) * (height * width), (-1, 1, 1))

    def at(row: Tensor, column: Tensor) -> Tensor:
        place = first + expand_dims(cast(row, int32), 2) * width + expand_dims(cast(column, int32), 1)
        return gather(pixels, place)

    if bilinear:
        low = floor(x)
        share = reshape(x - low, (-1, 1, columns, 1))
        lines = []
        for row in (floor(y), ceil(y)):
            start = at(row, low)
            lines.append(start + (at(row, ceil(x)) - start) * share)
        found = lines[0] + (lines[1] - lines[0]) * reshape(y - floor(y), (-1, rows, 1, 1))
    else:
        found = at(floor(y + 0.5), floor(x + 0.5))
    kept = logical_and(reshape(rows_kept, (-1, rows, 1, 1)), reshape(columns_kept, (-1, 1, columns, 1)))
    return select(kept, found, zeros_like(found) + outside)


def within(places: Tensor, size: int) -> Tensor:
    """Returns which places lie on an axis of `size` pixels."""
    return logical_and(greater_equal(places, 0), less_equal(places, size - 1))


def crop_and_resize(
    image: TensorLike,
    boxes: TensorLike,
    box_indices: TensorLike,
    crop_size: Any,
    method: str = "bilinear",
    extrapolation_value: float = 0.0,
    name: str | None = None,
) -> Tensor:
    """Returns what lies in boxes in images, all resized to the same size.

    Args:
        image: a tensor of real numbers of shape `[batch, height, width, channels]`.
        boxes: a tensor of float32 of shape `[count, 4]`: each box's upper, left, lower and right edge, where 0 is the
            first row or column and 1 the last one; an edge may lie outside.
        box_indices: for each box the number of its image: a tensor of int32 of shape `[count]`.
        crop_size: the height and width of the results.
        method: `"bilinear"` or `"nearest"`.
        extrapolation_value: what stands where a box lies outside of its image.
        name: ignored.

    Returns:
        A tensor of float32 of shape `[count, *crop_size, channels]`. Gradients flow to the images and, with the method
        bilinear, to the boxes.

    Raises:
        InvalidArgumentError: the shapes do not fit, a size is not positive, or there is no such method.
        OutOfRangeError: there is no image of such a number.

    >>> import gradtape as tf
    >>> image = tf.reshape(tf.range(9.0), (1, 3, 3, 1))
    >>> tf.image.crop_and_resize(image, [[0.0, 0.0, 1.0, 1.0]], [0], [2, 2]).numpy()[0, ..., 0]
    array([[0., 2.],
           [6., 8.]], dtype=float32)
    """
    pictures, edges, owners = convert(image), convert(boxes, float32), convert(box_indices, int32)
    shape, count, size = pictures._value.shape, edges._value.shape, as_vector(crop_size)
    if method not in ("bilinear", "nearest"):
        raise InvalidArgumentError(f"`method` is 'bilinear' or 'nearest', got {method!r}.")
    if pictures.dtype.name not in RESIZED:
        raise InvalidArgumentError(f"images of {pictures.dtype.name} can't be resized; tf.cast makes them tf.float32.")
    if len(shape) != 4:
        raise InvalidArgumentError(f"input image must be 4-D, [batch, height, width, channels], got {list(shape)}.")
    if 0 in shape[1:3]:
        raise InvalidArgumentError(f"image dimensions must be positive, got {list(shape)}.")
    if len(count) != 2 or count[1] != 4:
        raise InvalidArgumentError(f"boxes must have 4 columns, got shape {list(count)}.")
    if owners._value.shape != count[:1]:
        raise InvalidArgumentError(
            f"box_indices has incompatible shape {list(owners._value.shape)}: one for each of {count[0]} boxes."
        )
    if len(size) != 2 or min(size) < 1:
        raise InvalidArgumentError(f"crop_size must be two sizes of at least 1, got {list(size)}.")
    if asked("finite", all_finite, edges) is False:
        raise InvalidArgumentError("the edges of boxes must be finite, got inf or nan among them.")
    outside = float(as_number(extrapolation_value))
    return crops(cast(pictures, float32), edges, owners_of(owners, shape[0]), size, method == "bilinear", outside)


@one_step("owners")
def owners_of(box_indices: Tensor, count: int) -> Tensor:
    """Returns the numbers of images; OutOfRangeError for one that is not."""
    numbers = plain(box_indices)
    if numbers.size and not (numbers.min() >= 0 and numbers.max() < count):
        raise OutOfRangeError(f"box_indices has values outside [0, {count}): {numbers.tolist()}.")
    return box_indices


def overlap(boxes: Array, areas: Array, one: int) -> Array:
    """Returns how much of its union with one box each box has in common with it."""
    low, high = np.maximum(boxes[:, :2], boxes[one, :2]), np.minimum(boxes[:, 2:], boxes[one, 2:])
    common = np.prod(np.maximum(high - low, 0), axis=1)
    union = areas + areas[one] - common
    solid = (areas > 0) & (areas[one] > 0)
    return np.asarray(np.where(solid, common / np.where(solid, union, 1), 0))


def chosen(scores: Array, most: int, overlaps: Any, threshold: float, least: float, sigma: float = 0.0) -> Any:
    """Returns the boxes of the best scores, each of which overlaps little with those before it, and their scores.

    With `sigma` no box is left out: its score falls with the overlap (Bodla, Singh, Chellappa and Davis, "Soft-NMS:
    improving object detection with one line of code", ICCV 2017).
    """
    left = np.where(scores > least, scores, -np.inf)
    waiting = scores > least
    found: list[int] = []
    values: list[Any] = []
    while len(found) < most and waiting.any():
        best = int(np.argmax(np.where(waiting, left, -np.inf)))
        if not waiting[best]:
            best = int(np.argmax(waiting))
        found.append(best)
        values.append(left[best])
        waiting[best] = False
        common = overlaps(best)
        if sigma > 0:
            left = (left * np.exp(-0.5 / sigma * common * common)).astype(scores.dtype)
            waiting &= left > least
        else:
            waiting &= ~(common > threshold)
    return make_tensor(np.array(found, np.int32)), make_tensor(np.array(values, scores.dtype))


def as_scores(scores: TensorLike, count: int) -> Array:
    """Returns the boxes' scores as an array.

    Raises:
        InvalidArgumentError: there is not one for each box.
    """
    array: Array = plain(scores)
    if array.shape != (count,):
        raise InvalidArgumentError(f"scores must hold a number for each of {count} boxes, got {list(array.shape)}.")
    return array


def limits(most: Any, threshold: Any, least: Any) -> tuple[int, float, float]:
    """Returns how many boxes are wanted, the largest overlap and the least score, as numbers.

    Raises:
        InvalidArgumentError: the number is negative, or the overlap is not between 0 and 1.
    """
    count, largest = int(as_number(most)), float(as_number(threshold))
    if count < 0:
        raise InvalidArgumentError(f"max_output_size must be non-negative, got {count}.")
    if not 0 <= largest <= 1:
        raise InvalidArgumentError(f"iou_threshold must be in [0, 1], got {largest}.")
    return count, largest, float(as_number(least))


def suppressed(boxes: TensorLike, scores: TensorLike, most: Any, threshold: Any, least: Any, sigma: Any) -> Any:
    """Returns the chosen boxes and their scores."""
    corners = plain(boxes)
    if corners.ndim != 2 or corners.shape[1] != 4:
        raise InvalidArgumentError(f"boxes must have the shape [count, 4], got {list(corners.shape)}.")
    edges = np.concatenate(
        [np.minimum(corners[:, :2], corners[:, 2:]), np.maximum(corners[:, :2], corners[:, 2:])], axis=1
    )
    areas = np.prod(edges[:, 2:] - edges[:, :2], axis=1)
    bounds = limits(most, threshold, least)
    return chosen(as_scores(scores, len(edges)), bounds[0], lambda one: overlap(edges, areas, one), *bounds[1:], sigma)


@one_step("non_max_suppression", varies=True)
def non_max_suppression(
    boxes: TensorLike,
    scores: TensorLike,
    max_output_size: Any,
    iou_threshold: Any = 0.5,
    score_threshold: Any = float("-inf"),
    name: str | None = None,
) -> Tensor:
    """Returns the boxes of the highest scores, without those that overlap much with one of a higher score.

    Args:
        boxes: a tensor of floating-point numbers of shape `[count, 4]`: two opposite corners of each box, `[y1, x1, y2,
            x2]`.
        scores: a number for each box.
        max_output_size: how many boxes to return at most.
        iou_threshold: how large the intersection of two boxes may be at most, as a share of their union.
        score_threshold: boxes of this score or less are left out.
        name: ignored.

    Returns:
        The numbers of the boxes: a tensor of int32, in order of falling scores.

    Raises:
        InvalidArgumentError: the shapes do not fit, or a number is out of range.

    >>> import gradtape as tf
    >>> boxes = [[0.0, 0.0, 1.0, 1.0], [0.0, 0.1, 1.0, 1.0], [2.0, 2.0, 3.0, 3.0]]
    >>> tf.image.non_max_suppression(boxes, [0.5, 0.9, 0.7], max_output_size=3).numpy()
    array([1, 2], dtype=int32)
    """
    found, _ = suppressed(boxes, scores, max_output_size, iou_threshold, score_threshold, 0.0)
    return found


@one_step("non_max_suppression_with_scores", form=lambda *parts: parts, varies=True)
def non_max_suppression_with_scores(
    boxes: TensorLike,
    scores: TensorLike,
    max_output_size: Any,
    iou_threshold: Any = 0.5,
    score_threshold: Any = float("-inf"),
    soft_nms_sigma: Any = 0.0,
    name: str | None = None,
) -> tuple[Tensor, Tensor]:
    """Returns the boxes that `non_max_suppression` finds, and their scores, which overlaps may lower.

    Args:
        boxes: as in `non_max_suppression`.
        scores: a number for each box.
        max_output_size: how many boxes to return at most.
        iou_threshold: as in `non_max_suppression`; without effect where `soft_nms_sigma` is positive.
        score_threshold: boxes of this score or less are left out.
        soft_nms_sigma: where it is positive, an overlap does not exclude a box but multiplies its score with
            `exp(-overlap² / (2 * soft_nms_sigma))`.
        name: ignored.

    Returns:
        A pair: the numbers of the boxes, int32, and their scores.

    Raises:
        InvalidArgumentError: the shapes do not fit, or a number is out of range.

    >>> import gradtape as tf
    >>> boxes = [[0.0, 0.0, 1.0, 1.0], [0.0, 0.0, 1.0, 1.0]]
    >>> tf.image.non_max_suppression_with_scores(boxes, [0.5, 0.9], 2, soft_nms_sigma=0.5)[1].numpy().round(3)
    array([0.9  , 0.184], dtype=float32)
    """
    sigma = float(as_number(soft_nms_sigma))
    if sigma < 0:
        raise InvalidArgumentError(f"soft_nms_sigma must be at least 0, got {sigma}.")
    return suppressed(boxes, scores, max_output_size, iou_threshold, score_threshold, sigma)


@one_step("non_max_suppression_overlaps", varies=True)
def non_max_suppression_overlaps(
    overlaps: TensorLike,
    scores: TensorLike,
    max_output_size: Any,
    overlap_threshold: Any = 0.5,
    score_threshold: Any = float("-inf"),
    name: str | None = None,
) -> Tensor:
    """Returns the numbers of the highest scores, without those that overlap much with a higher one.

    Args:
        overlaps: a square matrix: how much each two overlap.
        scores: a number for each.
        max_output_size: how many to return at most.
        overlap_threshold: the overlap may be at most that.
        score_threshold: what has this score or less is left out.
        name: ignored.

    Returns:
        A tensor of int32, in order of falling scores.

    Raises:
        InvalidArgumentError: the shapes do not fit, or the number is negative.

    >>> import gradtape as tf
    >>> tf.image.non_max_suppression_overlaps([[1.0, 0.8], [0.8, 1.0]], [0.5, 0.9], 2).numpy()
    array([1], dtype=int32)
    """
    matrix = plain(overlaps)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise InvalidArgumentError(f"overlaps must be square, got the shape {list(matrix.shape)}.")
    count, least = int(as_number(max_output_size)), float(as_number(score_threshold))
    if count < 0:
        raise InvalidArgumentError(f"max_output_size must be non-negative, got {count}.")
    found, _ = chosen(
        as_scores(scores, len(matrix)), count, lambda one: matrix[:, one], float(as_number(overlap_threshold)), least
    )
    return found


@one_step("non_max_suppression_padded", form=lambda *parts: parts, varies=True)
def non_max_suppression_padded(
    boxes: TensorLike,
    scores: TensorLike,
    max_output_size: Any,
    iou_threshold: Any = 0.5,
    score_threshold: Any = float("-inf"),
    pad_to_max_output_size: bool = False,
    name: str | None = None,
    sorted_input: bool = False,
    canonicalized_coordinates: bool = False,
    tile_size: int = 512,
) -> tuple[Tensor, Tensor]:
    """Returns for each of several images the boxes of the highest scores that overlap little, filled up with zeros.

    Args:
        boxes: a tensor of floating-point numbers of shape `[..., count, 4]`: two opposite corners of each box.
        scores: a number for each box: `[..., count]`.
        max_output_size: how many boxes to return at most for an image.
        iou_threshold: boxes of which the intersection is this share of the union or more exclude each other.
        score_threshold: boxes of this score or less are left out.
        pad_to_max_output_size: whether to return `max_output_size` numbers, zeros behind the boxes that are found;
            needed for several images.
        name: ignored.
        sorted_input: whether the boxes come in order of falling scores.
        canonicalized_coordinates: whether each box's first corner is the upper left one.
        tile_size: ignored: how many boxes TensorFlow compares at once.

    Returns:
        A pair: the numbers of the boxes, int32, and how many were found for each image.

    Raises:
        ValueError: there are several images, and `pad_to_max_output_size` is not set.
        InvalidArgumentError: the shapes do not fit.

    >>> import gradtape as tf
    >>> boxes = [[[0.0, 0.0, 1.0, 1.0], [0.0, 0.1, 1.0, 1.0], [2.0, 2.0, 3.0, 3.0]]]
    >>> found, count = tf.image.non_max_suppression_padded(boxes, [[0.5, 0.9, 0.7]], 3, pad_to_max_output_size=True)
    >>> found.numpy(), count.numpy()
    (array([[1, 2, 0]], dtype=int32), array([2], dtype=int32))
    """
    corners, marks = np.array(plain(boxes), np.float32), np.array(plain(scores), np.float32)
    if corners.ndim > 2 and not pad_to_max_output_size:
        raise ValueError("pad_to_max_output_size must be True where there are several images: boxes has a batch.")
    if corners.ndim < 2 or corners.shape[-1] != 4 or marks.shape != corners.shape[:-1]:
        raise InvalidArgumentError(
            f"boxes have the shape [..., count, 4] and scores [..., count], got {list(corners.shape)} and "
            f"{list(marks.shape)}."
        )
    most, threshold = int(as_number(max_output_size)), float(as_number(iou_threshold))
    least = float(as_number(score_threshold))
    heads = corners.shape[:-2]
    corners, marks = corners.reshape(-1, *corners.shape[-2:]), marks.reshape(-1, marks.shape[-1])
    if least != float("-inf"):
        marks = np.where(marks > least, marks, 0)
        corners = corners * (marks != 0)[..., None]
    if not canonicalized_coordinates:
        corners = np.concatenate(
            [np.minimum(corners[..., :2], corners[..., 2:]), np.maximum(corners[..., :2], corners[..., 2:])], axis=-1
        )
    rows, counts = np.zeros((len(corners), most), np.int32), np.zeros(len(corners), np.int32)
    for row, (edges, values) in enumerate(zip(corners, marks, strict=True)):
        areas = np.prod(edges[:, 2:] - edges[:, :2], axis=1)
        order = np.arange(len(edges)) if sorted_input else np.argsort(-values, kind="stable")
        # A box without a positive edge stands for none, as in TensorFlow.
        ranks = np.where((edges > 0).any(axis=1), -np.argsort(order).astype(np.float32), -np.inf)
        found, _ = chosen(
            ranks, most, lambda one, e=edges, a=areas: overlap(e, a, one), np.nextafter(threshold, -1), -np.inf
        )
        counts[row] = len(found._value)
        rows[row, : counts[row]] = found._value
    count = make_tensor(counts.reshape(heads))
    if not pad_to_max_output_size:
        return make_tensor(rows[0, : counts[0]]), count
    return make_tensor(rows.reshape(*heads, most)), count
