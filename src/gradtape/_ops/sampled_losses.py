"""Losses of many classes that look at the true ones and at some that are drawn, not at all."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from gradtape._core.conversion import convert
from gradtape._core.dtypes import int64
from gradtape._core.families import composite
from gradtape._core.op import TensorLike
from gradtape._core.sampling import Values, arrays
from gradtape._core.tensor import Tensor, make_tensor
from gradtape._ops.candidates import log_uniform_candidate_sampler
from gradtape._ops.casting import cast
from gradtape._ops.comparison import equal, select
from gradtape._ops.exponential import log
from gradtape._ops.joining import concat
from gradtape._ops.losses import sigmoid_cross_entropy_with_logits, softmax_cross_entropy_with_logits
from gradtape._ops.normalization import embedding_lookup
from gradtape._ops.parameters import as_number
from gradtape._ops.products import matmul
from gradtape._ops.reduction import reduce_any, reduce_sum
from gradtape._ops.sampling import STATE
from gradtape._ops.slicing import getitem
from gradtape._ops.stateless import plain
from gradtape._ops.steps import is_recorded, one_step
from gradtape._ops.structure import expand_dims, reshape
from gradtape.errors import InvalidArgumentError, WrongTypeError

DRAWN = ([3, 1], [[0.5], [0.25]], [0.75, 0.5])
SAMPLES = arrays(
    ((5, 3), (5,), (2, 1), (2, 3)),
    num_sampled=[2],
    num_classes=[5],
    sampled_values=[DRAWN],
    remove_accidental_hits=[True, False],
    values=(Values(), Values(), Values(0, 5, "index"), Values()),
)


class ComputeAccidentalHits(NamedTuple):
    """What `compute_accidental_hits` returns."""

    indices: Tensor
    ids: Tensor
    weights: Tensor


@one_step("last_of")
def last_of(candidates: Tensor) -> Tensor:
    """Returns classes that were drawn, with -1 for each that is drawn again after it."""
    classes = plain(candidates)
    places = {candidate: place for place, candidate in enumerate(classes.tolist())}
    out = np.full_like(classes, -1)
    out[list(places.values())] = list(places)
    return make_tensor(out)


def unfollowed(tensor: Tensor) -> Tensor:
    """Returns a tensor of the same value that no tape follows."""
    return make_tensor(tensor._value if is_recorded(tensor) else plain(tensor))


def hits_of(true_classes: Any, sampled_candidates: Any) -> tuple[Any, Any]:
    """Returns rows of true classes, and where each of them has a class that was drawn."""
    places = {candidate: place for place, candidate in enumerate(sampled_candidates.tolist())}
    found = [(row, places[each]) for row, own in enumerate(true_classes.tolist()) for each in own if each in places]
    both = np.array(found, np.int64).reshape(-1, 2)
    return both[:, 0], both[:, 1]


@one_step("compute_accidental_hits", "source", ComputeAccidentalHits, varies=True)
def compute_accidental_hits(
    true_classes: TensorLike,
    sampled_candidates: TensorLike,
    num_true: int,
    seed: int | None = None,
    name: str | None = None,
) -> ComputeAccidentalHits:
    """Returns where classes that were drawn are true ones.

    Args:
        true_classes: integers of shape `[batch, num_true]`.
        sampled_candidates: the classes that were drawn, of shape `[num_sampled]`.
        num_true: how many true classes each example has.
        seed: ignored.
        name: ignored.

    Returns:
        Three tensors with an element for each hit: the row of `true_classes`, int32; the place among those drawn,
        int64; and the least number of float32, which is to be added to the logit.

    Raises:
        InvalidArgumentError: the shapes do not fit.

    >>> import gradtape as tf
    >>> rows, places, _ = tf.nn.compute_accidental_hits([[1], [4]], [4, 2], num_true=1)
    >>> rows.numpy(), places.numpy()
    (array([1], dtype=int32), array([0]))
    """
    STATE.seeds(seed)
    truth, candidates = plain(convert(true_classes, int64)), plain(convert(sampled_candidates, int64))
    if truth.ndim != 2 or truth.shape[1] != num_true:
        raise InvalidArgumentError(
            f"true_candidates must be a batch_size * num_true matrix, got shape {list(truth.shape)} for {num_true}."
        )
    if candidates.ndim != 1:
        raise InvalidArgumentError(f"sampled_candidates must be a vector, got shape {list(candidates.shape)}.")
    rows, places = hits_of(truth, candidates)
    least = np.full(len(rows), np.finfo(np.float32).min, np.float32)
    return ComputeAccidentalHits(make_tensor(rows.astype(np.int32)), make_tensor(places), make_tensor(least))


def sampled_logits(
    weights: Any,
    biases: TensorLike,
    labels: TensorLike,
    inputs: TensorLike,
    num_sampled: int,
    num_classes: int,
    num_true: int,
    sampled_values: Any,
    remove_accidental_hits: bool,
    seed: int | None,
) -> tuple[Tensor, Tensor]:
    """Returns the logits of the true and of the drawn classes, corrected by how likely they were, and their labels."""
    vectors = convert(inputs)
    dtype = vectors.dtype
    truth = cast(convert(labels), int64)
    if sampled_values is None:
        sampled_values = log_uniform_candidate_sampler(truth, num_true, num_sampled, True, num_classes, seed)
    if not isinstance(sampled_values, (list, tuple)) or len(sampled_values) != 3:
        raise WrongTypeError(f"sampled_values are three tensors, what a sampler returns; got {sampled_values!r}.")
    if truth._value.ndim != 2:
        raise InvalidArgumentError(f"labels must be a matrix, [batch, num_true], got shape {list(truth._value.shape)}.")
    num_true = as_number("num_true", num_true)
    drawn, true_count, drawn_count = [unfollowed(convert(each)) for each in sampled_values]
    drawn = cast(drawn, int64)
    flat = reshape(truth, (-1,))
    count = flat._value.shape[0]
    ids = concat([flat, drawn], 0)
    rows = cast(embedding_lookup(weights, ids), dtype)
    offsets = cast(embedding_lookup(biases, ids), dtype)
    size = rows._value.shape[1]
    true_rows = reshape(getitem(rows, slice(None, count)), (-1, num_true, size))
    true_logits = reduce_sum(expand_dims(vectors, 1) * true_rows, 2) + reshape(
        getitem(offsets, slice(None, count)), (-1, num_true)
    )
    drawn_logits = matmul(vectors, getitem(rows, slice(count, None)), transpose_b=True) + getitem(
        offsets, slice(count, None)
    )
    if remove_accidental_hits:
        least = float(np.finfo(np.float32).min) if dtype.size >= 4 else -np.inf
        hits = reduce_any(equal(expand_dims(truth, 2), last_of(drawn)), (1,), False)
        drawn_logits = drawn_logits + select(hits, convert(least, dtype), convert(0.0, dtype))
    true_logits = true_logits - cast(log(true_count), dtype)
    drawn_logits = drawn_logits - cast(log(drawn_count), dtype)
    found = np.zeros((truth.shape[0], num_true + drawn.shape[0]), dtype.numpy)
    found[:, :num_true] = 1.0 / num_true
    return concat([true_logits, drawn_logits], 1), make_tensor(found)


@composite(SAMPLES)
def nce_loss(
    weights: Any,
    biases: TensorLike,
    labels: TensorLike,
    inputs: TensorLike,
    num_sampled: int,
    num_classes: int,
    num_true: int = 1,
    sampled_values: Any = None,
    remove_accidental_hits: bool = False,
    name: str | None = "nce_loss",
) -> Tensor:
    """Returns the loss of telling true classes from ones that are drawn, each by a logistic regression.

    Source: Gutmann, Hyvärinen, "Noise-contrastive estimation", AISTATS 2010.

    Args:
        weights: a tensor or variable of shape `[num_classes, size]`, or a list of its parts.
        biases: a tensor of shape `[num_classes]`.
        labels: the true classes, integers of shape `[batch, num_true]`.
        inputs: a tensor of shape `[batch, size]`.
        num_sampled: how many classes are drawn for the batch.
        num_classes: the number of classes.
        num_true: how many true classes each example has.
        sampled_values: what a candidate sampler returned; by default that of `log_uniform_candidate_sampler`.
        remove_accidental_hits: whether a class that was drawn does not count where it is a true one.
        name: ignored.

    Returns:
        A tensor of shape `[batch]` and the dtype of `inputs`.

    Raises:
        InvalidArgumentError: the shapes do not fit, or a class is out of range.

    >>> import gradtape as tf
    >>> drawn = tf.nn.all_candidate_sampler([[1]], 1, 2, unique=True)
    >>> tf.nn.nce_loss(tf.zeros([2, 3]), tf.zeros([2]), [[1]], tf.ones([1, 3]), 2, 2, sampled_values=drawn).numpy()
    array([2.0794415], dtype=float32)
    """
    logits, targets = sampled_logits(
        weights,
        biases,
        labels,
        inputs,
        num_sampled,
        num_classes,
        num_true,
        sampled_values,
        remove_accidental_hits,
        None,
    )
    return reduce_sum(sigmoid_cross_entropy_with_logits(targets, logits), 1)


@composite(SAMPLES)
def sampled_softmax_loss(
    weights: Any,
    biases: TensorLike,
    labels: TensorLike,
    inputs: TensorLike,
    num_sampled: int,
    num_classes: int,
    num_true: int = 1,
    sampled_values: Any = None,
    remove_accidental_hits: bool = True,
    seed: int | None = None,
    name: str | None = "sampled_softmax_loss",
) -> Tensor:
    """Returns the cross entropy of a softmax over the true classes and some that are drawn.

    It is for training only. Source: Jean and others, "On using very large target vocabulary for neural machine
    translation", 2015, section 3.

    Args:
        weights: a tensor or variable of shape `[num_classes, size]`, or a list of its parts.
        biases: a tensor of shape `[num_classes]`.
        labels: the true classes, integers of shape `[batch, num_true]`.
        inputs: a tensor of shape `[batch, size]`.
        num_sampled: how many classes are drawn for the batch.
        num_classes: the number of classes.
        num_true: how many true classes each example has.
        sampled_values: what a candidate sampler returned; by default that of `log_uniform_candidate_sampler`.
        remove_accidental_hits: whether a class that was drawn does not count where it is a true one.
        seed: the sampler's own seed, beside the global one.
        name: ignored.

    Returns:
        A tensor of shape `[batch]` and the dtype of `inputs`.

    Raises:
        InvalidArgumentError: the shapes do not fit, or a class is out of range.

    >>> import gradtape as tf
    >>> drawn = tf.nn.all_candidate_sampler([[1]], 1, 2, unique=True)
    >>> weights, biases = tf.zeros([2, 3]), tf.zeros([2])
    >>> tf.nn.sampled_softmax_loss(weights, biases, [[1]], tf.ones([1, 3]), 2, 2, sampled_values=drawn).numpy()
    array([0.6931472], dtype=float32)
    """
    logits, targets = sampled_logits(
        weights,
        biases,
        labels,
        inputs,
        num_sampled,
        num_classes,
        num_true,
        sampled_values,
        remove_accidental_hits,
        seed,
    )
    return softmax_cross_entropy_with_logits(targets, logits)
