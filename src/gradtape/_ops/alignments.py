"""Connectionist temporal classification: the loss of a sequence of labels whose places in time are not known.

Forwards and backwards through the alignments, in logarithms: Graves, Fernández, Gomez, Schmidhuber, "Connectionist
temporal classification", ICML 2006. The states of an alignment are the labels with a blank before and behind each.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape._core.conversion import convert
from gradtape._core.dtypes import BOOL, FLOATS, float32, int32, int64
from gradtape._core.families import composite, elementwise, primitive
from gradtape._core.op import NOT_DIFFERENTIABLE, Array, TensorLike
from gradtape._core.sampling import Sample, Samples, Values, arrays, pairs
from gradtape._core.tensor import Tensor, make_tensor
from gradtape._ops.casting import cast
from gradtape._ops.comparison import select
from gradtape._ops.exponential import exp
from gradtape._ops.extrema import maximum
from gradtape._ops.gather import gather
from gradtape._ops.joining import stack
from gradtape._ops.losses import log_softmax
from gradtape._ops.padding import pad_constant
from gradtape._ops.parameters import Shape
from gradtape._ops.reduction import reduce_logsumexp, reduce_sum
from gradtape._ops.slicing import getitem
from gradtape._ops.sparse_tensors import SparseTensor
from gradtape._ops.stateless import plain
from gradtape._ops.steps import one_step
from gradtape._ops.structure import expand_dims, transpose
from gradtape.errors import InvalidArgumentError

ALL = slice(None)
# The logarithm of what counts as impossible: finite, so that differences of two of them are numbers.
WALL = -1e30
# What ends in a wrong state has the probability 1e-307, as in TensorFlow: the loss of labels that do not fit.
WRONG_END = float(np.log(1e-307))


@elementwise(
    pairs(),
    types=FLOATS,
    x=lambda g, x, out: g * exp(x - out),
    y=lambda g, y, out: g * exp(y - out),
)
def log_of_sum(x: TensorLike, y: TensorLike) -> Array:
    """Returns `log(exp(x) + exp(y))` of finite numbers, without overflow; not for users."""
    return np.logaddexp(x, y)


def later(scores: Any, steps: int) -> Any:
    """Returns scores of states moved to later states."""
    return pad_constant(getitem(scores, (ALL, slice(None, -steps))), ((0, 0), (steps, 0)), WALL)


def earlier(scores: Any, steps: int) -> Any:
    """Returns scores of states moved to earlier states."""
    return pad_constant(getitem(scores, (ALL, slice(steps, None))), ((0, 0), (0, steps)), WALL)


def scores_before(observed: Any, start: Any, skip: Any, active: Any) -> list[Any]:
    """Returns for each time the logarithms of the probabilities to be in the states, what was seen then included."""
    found = [getitem(observed, (0,)) + start]
    for time in range(1, observed.shape[0]):
        last = found[-1]
        moved = log_of_sum(log_of_sum(last, later(last, 1)), later(last, 2) + skip)
        found.append(select(getitem(active, (time,)), getitem(observed, (time,)) + moved, last))
    return found


def scores_behind(observed: Any, skip: Any, final: Any, active: Any) -> list[Any]:
    """Returns for each time the logarithms of the probabilities of what is seen after it, by state."""
    found = [final + 0.0 * getitem(observed, (0,))]
    for time in range(observed.shape[0] - 1, 0, -1):
        seen = getitem(observed, (time,)) + found[-1]
        moved = log_of_sum(log_of_sum(seen, earlier(seen, 1)), earlier(seen + skip, 2))
        found.append(select(getitem(active, (time,)), moved, final))
    return found[::-1]


def posterior(observed: Any, start: Any, skip: Any, final: Any, active: Any, out: Any) -> Any:
    """Returns the probabilities of the states at each time, given all that is seen."""
    before = stack(scores_before(observed, start, skip, active), 0)
    behind = stack(scores_behind(observed, skip, final, active), 0)
    shares = exp(before + behind - expand_dims(expand_dims(out, 0), 2))
    return select(active, shares, 0.0 * shares)


class Given(Values):
    """One array to test with."""

    __slots__ = ("rows",)

    def __init__(self, rows: Any) -> None:
        super().__init__()
        self.rows = rows

    def array(self, shape: Shape, dtype: Any, generator: np.random.Generator) -> Any:
        """Returns the array, numbers in the dtype that is tested."""
        rows = np.asarray(self.rows)
        return rows if rows.dtype == bool else rows.astype(dtype)


# Two sequences of two labels, of four and of three times.
SEEN = arrays(
    ((4, 2, 5), (2, 5), (2, 5), (2, 5), (4, 2, 1)),
    values=(
        Values(),
        Given([[0, 0, WALL, WALL, WALL]] * 2),
        Given([[WALL, WALL, WALL, 0, WALL], [WALL] * 5]),
        Given([[WRONG_END, WRONG_END, WRONG_END, 0, 0], [WRONG_END, 0, 0, WRONG_END, WRONG_END]]),
        Given([[[True], [True]], [[True], [True]], [[True], [True]], [[True], [False]]]),
    ),
)


def score_shape(observed_shape: Shape, *others: Shape) -> Shape:
    """The shape rule of the score."""
    return observed_shape[1:2]


@primitive(
    SEEN,
    shape=score_shape,
    types={"observed": FLOATS, "start": FLOATS, "skip": FLOATS, "final": FLOATS, "active": BOOL},
    observed=lambda g, observed, start, skip, final, active, out: (
        expand_dims(expand_dims(g, 0), 2) * posterior(observed, start, skip, final, active, out)
    ),
    start=NOT_DIFFERENTIABLE,
    skip=NOT_DIFFERENTIABLE,
    final=NOT_DIFFERENTIABLE,
    active=NOT_DIFFERENTIABLE,
)
def alignment_score(
    observed: TensorLike, start: TensorLike, skip: TensorLike, final: TensorLike, active: TensorLike
) -> Array:
    """Returns the logarithm of the sum of the probabilities of all alignments; not for users.

    Args:
        observed: for each time, sequence and state, the logarithm of the probability of what the state stands for.
        start, final: for each sequence and state, 0 where an alignment may start or end there, else a wall.
        skip: the same for going there from the last but one state.
        active: for each time and sequence whether it still lasts.
    """
    before = observed[0] + start
    moved = np.full_like(before, WALL)
    last = np.empty_like(before)
    for time in range(1, len(observed)):
        np.add(before[:, :-2], skip[:, 2:], out=moved[:, 2:])
        np.logaddexp(before[:, 1:], before[:, :-1], out=last[:, 1:])
        last[:, 0] = before[:, 0]
        np.logaddexp(last, moved, out=last)
        last += observed[time]
        np.copyto(before, last, where=active[time])
    return np.logaddexp.reduce(before + final, axis=1)


def state_arrays(labels: Any, sizes: Any, times: Any, length: int, blank: int, dtype: Any) -> tuple[Any, ...]:
    """Returns the class of each state, the walls of start, skipping and end, and which times are active."""
    count, most = labels.shape
    classes = np.full((count, 2 * most + 1), blank, np.int64)
    classes[:, 1::2] = labels
    start = np.full(classes.shape, WALL, dtype)
    start[:, :2] = 0
    skip = np.full(classes.shape, WALL, dtype)
    skip[:, 3::2] = np.where(labels[:, 1:] == labels[:, :-1], WALL, 0)
    places = np.arange(2 * most + 1)
    ends = (places == 2 * sizes[:, None]) | (places == 2 * sizes[:, None] - 1)
    final = np.where(ends, 0, WRONG_END).astype(dtype)
    return classes, start, skip, final, (np.arange(length)[:, None] < times)[:, :, None]


@one_step("dense_labels", form=lambda *parts: parts, varies=True)
def dense_labels(labels: SparseTensor, count: int) -> tuple[Tensor, Tensor]:
    """Returns the labels of a sparse tensor as rows, padded with 0, and how many each row has."""
    rows, values = plain(labels.indices)[:, 0], plain(labels.values)
    sizes = np.bincount(rows, minlength=count)
    if len(sizes) > count:
        raise InvalidArgumentError(f"ctc_loss: labels has {len(sizes)} rows, logits is a batch of {count}.")
    order = np.argsort(rows, kind="stable")
    out = np.zeros((count, int(max(sizes, default=0))), np.int64)
    out[np.arange(out.shape[1]) < sizes[:, None]] = values[order]
    return make_tensor(out), make_tensor(sizes)


def too_short(labels: Any, sizes: Any, times: Any) -> Any:
    """Returns which sequences have not the time for their labels: one for each, and one between two equal ones."""
    inside = np.arange(1, labels.shape[1]) < sizes[:, None]
    repeats = np.count_nonzero((labels[:, 1:] == labels[:, :-1]) & inside, axis=1)
    return sizes + repeats > times


@composite(
    Samples(
        lambda: [
            Sample(((3, 2, 4),), (Values(),), {"labels": labels, "label_length": [2, 1], "logit_length": [3, 2]})
            for labels in ([[1, 2], [3, 0]], [[1, 1], [2, 0]])
        ]
    )
)
def alignment_loss(
    logits: TensorLike, labels: Any, label_length: Any, logit_length: Any, blank: int = 0, exact: bool = False
) -> Tensor:
    """Returns the loss for logits with the times in front; with `exact` that of labels that do not fit is inf."""
    scores = convert(logits)
    dtype = scores.dtype
    if dtype.size == 2:
        scores = cast(scores, float32)
    kind = scores.dtype.numpy
    parts = alignment_parts(scores._value.shape, labels, label_length, logit_length, blank, exact, kind)
    if len(parts) == 1:
        return cast(parts[0], dtype)
    nothing, states, start, skip, final, active, timeless, misfits = parts
    chances = transpose(log_softmax(scores), (1, 0, 2))
    seen = maximum(gather(chances, states, axis=2, batch_dims=1), WALL)
    score = alignment_score(transpose(seen, (1, 0, 2)), start, skip, final, active)
    found = select(timeless, nothing, -score)
    if exact:
        # Where no alignment is possible, TensorFlow's gradient is what the blanks and labels are all taken from.
        every = select(active[:, :, 0], reduce_logsumexp(scores, (2,), False), 0.0)
        found = select(misfits, reduce_sum(every, (0,), False) + np.inf, found)
    loss: Tensor = cast(found, dtype)
    return loss


@one_step("alignment_parts", form=lambda *parts: parts, varies=True)
def alignment_parts(
    shape: Any, labels: Any, label_length: Any, logit_length: Any, blank: int, exact: bool, kind: Any
) -> tuple[Tensor, ...]:
    """Returns what the loss for logits of a shape needs beside them; for no logits, the loss.

    Raises:
        InvalidArgumentError: shapes, labels or lengths do not fit.
    """
    rows, sizes, times = (plain(convert(each)) for each in (labels, label_length, logit_length))
    length, count, classes = shape
    if rows.ndim != 2 or len(rows) != count or sizes.shape != (count,) or times.shape != (count,):
        raise InvalidArgumentError(
            f"ctc_loss: for a batch of {count}, labels has {count} rows, and there are {count} lengths; got shapes "
            f"{list(rows.shape)}, {list(sizes.shape)} and {list(times.shape)}."
        )
    if rows.size and not 0 <= rows.min() <= rows.max() < classes:
        raise InvalidArgumentError(f"ctc_loss: labels are at least 0 and less than {classes}, got {rows.tolist()}.")
    if exact and times.size and times.max() > length:
        raise InvalidArgumentError(f"ctc_loss: sequence_length is at most {length}, got {times.tolist()}.")
    # A sequence without any time: certain without labels, impossible with them.
    nothing = np.asarray(np.where(sizes == 0, 0, -WRONG_END), kind)
    if not length or not count:
        return (make_tensor(nothing),)
    if not rows.shape[1]:
        rows = np.full((count, 1), blank, np.int64)
    arrays = state_arrays(rows, sizes, times, length, blank, kind)
    return tuple([make_tensor(each) for each in (nothing, *arrays, times == 0, too_short(rows, sizes, times))])


def ctc_loss(
    labels: Any,
    logits: TensorLike,
    label_length: TensorLike | None,
    logit_length: TensorLike,
    logits_time_major: bool = True,
    unique: Any = None,
    blank_index: int | None = None,
    name: str | None = None,
) -> Tensor:
    """Returns minus the logarithm of the probability of labels, whatever their places in time.

    Source: Graves and others, "Connectionist temporal classification", ICML 2006.

    Args:
        labels: integers of shape `[batch, most labels]`, or a sparse tensor of that shape.
        logits: floating-point numbers of shape `[times, batch, classes]`; their softmax gives the probabilities.
        label_length: how many labels each row has, of shape `[batch]`; not looked at if `labels` is sparse.
        logit_length: how many times each sequence lasts, of shape `[batch]`.
        logits_time_major: whether the times are the first axis of `logits`; otherwise the batch is.
        unique: not needed: what TensorFlow takes from `ctc_unique_labels`.
        blank_index: the class that stands for no label, 0 if it is not given; negative ones count from the end. It has
            to be given if `labels` is sparse.
        name: ignored.

    Returns:
        A tensor of shape `[batch]` and the dtype of `logits`. Labels for which the time does not suffice have a loss
        above 700, or inf if `labels` is sparse.

    Raises:
        ValueError: `labels` is sparse and there is no `blank_index`.
        InvalidArgumentError: the shapes do not fit, a label is no class; or, if `labels` is sparse, a sequence is
            longer than what is given.

    >>> import gradtape as tf
    >>> tf.nn.ctc_loss([[1, 2]], tf.zeros([2, 1, 3]), label_length=[2], logit_length=[2]).numpy()
    array([2.1972246], dtype=float32)
    """
    sparse = isinstance(labels, SparseTensor)
    if sparse and blank_index is None:
        raise ValueError("Argument `blank_index` must be provided when `labels` is a `SparseTensor`.")
    scores = convert(logits)
    if len(scores.shape) != 3:
        raise InvalidArgumentError(f"ctc_loss: logits has three dimensions, got shape {list(scores.shape)}.")
    if not scores.dtype.is_floating:
        raise InvalidArgumentError(f"ctc_loss: logits holds floating-point numbers, got {scores.dtype}.")
    if not logits_time_major:
        scores = transpose(scores, (1, 0, 2))
    blank = blank_index or 0
    classes = scores.shape[2]
    if not -classes <= blank < classes:
        raise InvalidArgumentError(f"ctc_loss: blank_index {blank} is no class of {classes}.")
    times = convert(logit_length)
    rows, sizes = dense_labels(labels, scores.shape[1]) if sparse else (convert(labels), convert(label_length))
    return alignment_loss(scores, rows, sizes, times, blank % classes, sparse)


@one_step("ctc_unique_labels", form=lambda *parts: [*parts], varies=True)
def ctc_unique_labels(labels: TensorLike, name: str | None = None) -> list[Tensor]:
    """Returns the labels of each row without repetition, and where each label stands among them.

    Args:
        labels: integers of shape `[batch, labels]`.
        name: ignored.

    Returns:
        A list of two tensors of that shape: the different labels of each row in the order of their first places,
        padded with 0, int64; the place of each label among them, int32.

    >>> import gradtape as tf
    >>> unique, places = tf.nn.ctc_unique_labels([[3, 4, 4, 3]])
    >>> unique.numpy(), places.numpy()
    (array([[3, 4, 0, 0]]), array([[0, 1, 1, 0]], dtype=int32))
    """
    rows = plain(convert(labels))
    if rows.ndim != 2:
        raise InvalidArgumentError(f"ctc_unique_labels: labels is a matrix, got shape {list(rows.shape)}.")
    found, places = np.zeros(rows.shape, int64.numpy), np.zeros(rows.shape, int32.numpy)
    for row, own in enumerate(rows):
        values, first, place = np.unique(own, return_index=True, return_inverse=True)
        order = np.argsort(first)
        found[row, : len(values)] = values[order]
        places[row] = np.argsort(order)[place]
    return [make_tensor(found), make_tensor(places)]
