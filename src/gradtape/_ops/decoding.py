"""From scores at each time to sequences of labels, greedily or by beam search; and how far sequences are apart."""

from __future__ import annotations

from heapq import heappush, heapreplace
from math import exp, inf, log1p
from typing import Any

import numpy as np

from gradtape._core.conversion import convert
from gradtape._core.op import TensorLike
from gradtape._core.tensor import Tensor, make_tensor
from gradtape._ops.sparse_tensors import SparseTensor
from gradtape._ops.stateless import plain
from gradtape._ops.steps import one_step
from gradtape.errors import FailedPreconditionError, InvalidArgumentError, WrongTypeError


def read_scores(inputs: TensorLike, sequence_length: TensorLike) -> tuple[Any, Any]:
    """Returns scores of shape `[times, batch, classes]` and the lengths as arrays.

    Raises:
        InvalidArgumentError: the scores have another rank, are none or no single or double precision numbers.
        FailedPreconditionError: the lengths do not fit.
    """
    scores, lengths = plain(convert(inputs)), plain(convert(sequence_length))
    if scores.ndim != 3:
        raise InvalidArgumentError(f"inputs is not a 3-Tensor: it has shape {list(scores.shape)}.")
    if not scores.size:
        raise InvalidArgumentError(f"inputs must not be empty, got shape {list(scores.shape)}.")
    if scores.dtype not in (np.float32, np.float64):
        raise WrongTypeError(f"inputs holds numbers of float32 or float64, got {scores.dtype.name}.")
    if lengths.ndim != 1:
        raise InvalidArgumentError(f"sequence_length is not a vector: it has shape {list(lengths.shape)}.")
    if len(lengths) != scores.shape[1]:
        raise FailedPreconditionError(
            f"len(sequence_length) != batch_size: {len(lengths)} lengths, and a batch of {scores.shape[1]}."
        )
    if (lengths > len(scores)).any():
        raise FailedPreconditionError(f"sequence_length is at most {len(scores)}, got {lengths.tolist()}.")
    return scores, lengths


def decoded(parts: Any) -> tuple[list[SparseTensor], Tensor]:
    """Returns what a decoder gives, made of its tensors: three for each path, and the last one."""
    return [SparseTensor(*parts[place : place + 3]) for place in range(0, len(parts) - 1, 3)], parts[-1]


def as_sparse(rows: list[list[int]]) -> SparseTensor:
    """Returns rows of labels as a sparse matrix."""
    places = [(row, place) for row, own in enumerate(rows) for place in range(len(own))]
    values = [label for own in rows for label in own]
    shape = [len(rows), max(map(len, rows), default=0)]
    return SparseTensor(
        make_tensor(np.array(places, np.int64).reshape(-1, 2)),
        make_tensor(np.array(values, np.int64)),
        make_tensor(np.array(shape, np.int64)),
    )


@one_step("ctc_greedy_decoder", form=lambda *parts: decoded(parts), varies=True)
def ctc_greedy_decoder(
    inputs: TensorLike, sequence_length: TensorLike, merge_repeated: bool = True, blank_index: int | None = None
) -> tuple[list[SparseTensor], Tensor]:
    """Returns the labels of the best class at each time, without blanks.

    Args:
        inputs: scores of shape `[times, batch, classes]`, float32 or float64.
        sequence_length: int32 numbers of times, of shape `[batch]`.
        merge_repeated: whether the same class at successive times is one label.
        blank_index: the class that stands for no label, the last one if it is not given; negative ones count from the
            end.

    Returns:
        A list of one sparse tensor of int64, whose rows are the labels; and a tensor of shape `[batch, 1]`: minus the
        sum of the best scores.

    Raises:
        InvalidArgumentError: the scores have another rank or dtype, or there is no class `blank_index`.
        FailedPreconditionError: the lengths do not fit.

    >>> import gradtape as tf
    >>> (labels,), score = tf.nn.ctc_greedy_decoder([[[0.0, 2.0, 1.0]], [[3.0, 0.0, 0.0]]], [2])
    >>> labels.values.numpy(), score.numpy()
    (array([1, 0]), array([[-5.]], dtype=float32))
    """
    scores, lengths = read_scores(inputs, sequence_length)
    classes = scores.shape[2]
    blank = -1 if blank_index is None else blank_index
    if not -classes <= blank < classes:
        raise InvalidArgumentError(f"blank_index expected to be between {-classes} and {classes - 1} but was {blank}")
    best = scores.argmax(axis=2)
    lasts = np.arange(len(scores))[:, None] < lengths
    wanted = lasts & (best != blank % classes)
    if merge_repeated:
        wanted[1:] &= best[1:] != best[:-1]
    rows = [best[wanted[:, row], row].tolist() for row in range(len(lengths))]
    total = np.where(lasts, -scores.max(axis=2), 0).sum(axis=0, dtype=scores.dtype)
    return [as_sparse(rows)], make_tensor(total[:, None])


class Entry:
    """A sequence of labels in the beam: its last label, the sequence before it, and logarithms of probabilities.

    The probabilities are those that the last time was a blank, or the label, and their sum; before and after a step.
    """

    __slots__ = ("after", "before", "blank", "children", "label", "parent", "spoken", "was_blank")

    def __init__(self, parent: Entry | None, label: int) -> None:
        self.parent, self.label = parent, label
        self.children: dict[int, Entry] = {}
        self.before = self.was_blank = self.after = self.blank = self.spoken = -inf

    def labels(self) -> list[int]:
        """Returns the sequence."""
        found = []
        entry: Entry | None = self
        while entry is not None and entry.parent is not None:
            found.append(entry.label)
            entry = entry.parent
        return found[::-1]


def joined(x: float, y: float) -> float:
    """Returns `log(exp(x) + exp(y))`."""
    great, small = (x, y) if x > y else (y, x)
    return great if small == -inf else great + log1p(exp(small - great))


def step(beam: list[Entry], chances: list[float], width: int) -> list[Entry]:
    """Returns the best sequences after one more time, given those before it, the best one first."""
    blank = chances[-1]
    for entry in beam:
        entry.before, entry.was_blank = entry.after, entry.blank
    heap: list[tuple[float, int, Entry]] = []
    for number, entry in enumerate(beam):
        parent = entry.parent
        if parent is not None:
            if parent.after > -inf:
                entry.spoken = joined(entry.spoken, parent.was_blank if entry.label == parent.label else parent.before)
            entry.spoken += chances[entry.label]
        entry.blank = entry.before + blank
        entry.after = joined(entry.blank, entry.spoken)
        heappush(heap, (entry.after, -number, entry))
    number = len(beam)
    for entry in beam:
        if entry.before == -inf or (len(heap) == width and entry.before <= heap[0][0]):
            continue
        for label, chance in enumerate(chances[:-1]):
            score = (entry.was_blank if label == entry.label else entry.before) + chance
            full = len(heap) == width
            child = entry.children.get(label)
            if child is not None and child.after > -inf:
                continue
            # Nothing that lies below the whole beam gets into it.
            if score == -inf or (full and score <= heap[0][0]):
                if child is not None:
                    # It has just left the beam: as in TensorFlow, its own children aren't looked at any more.
                    child.before = child.was_blank = -inf
                continue
            if child is None:
                child = entry.children[label] = Entry(entry, label)
            child.blank, child.spoken, child.after = -inf, score, score
            number += 1
            if full:
                lost = heapreplace(heap, (score, -number, child))[2]
                lost.blank = lost.spoken = lost.after = -inf
            else:
                heappush(heap, (score, -number, child))
    return [entry for _, _, entry in sorted(heap, key=lambda each: each[:2], reverse=True)]


@one_step("ctc_beam_search_decoder", form=lambda *parts: decoded(parts), varies=True)
def ctc_beam_search_decoder(
    inputs: TensorLike, sequence_length: TensorLike, beam_width: int = 100, top_paths: int = 1
) -> tuple[list[SparseTensor], Tensor]:
    """Returns the most probable sequences of labels, as far as a search finds that keeps some at each time.

    The last class is the blank. Source: Graves, "Supervised sequence labelling with recurrent neural networks", 2012,
    section 7.5.3.

    Args:
        inputs: logits of shape `[times, batch, classes]`, float32 or float64.
        sequence_length: int32 numbers of times, of shape `[batch]`.
        beam_width: how many sequences are kept at each time.
        top_paths: how many are returned.

    Returns:
        A list of `top_paths` sparse tensors of int64, whose rows are the labels; and a tensor of shape
        `[batch, top_paths]`: the logarithms of their probabilities.

    Raises:
        InvalidArgumentError: the scores have another rank or dtype, or fewer sequences are kept than wanted.
        FailedPreconditionError: the lengths do not fit.

    >>> import gradtape as tf
    >>> (labels,), score = tf.nn.ctc_beam_search_decoder([[[0.0, 2.0, 1.0]], [[3.0, 0.0, 0.0]]], [2])
    >>> labels.values.numpy(), score.numpy().round(3)
    (array([1, 0]), array([[-0.503]], dtype=float32))
    """
    scores, lengths = read_scores(inputs, sequence_length)
    if top_paths > beam_width:
        raise InvalidArgumentError(f"requested more paths than the beam width: {top_paths} of {beam_width}.")
    shifted = scores - scores.max(axis=2, keepdims=True)
    chances = (shifted - np.log(np.exp(shifted).sum(axis=2, keepdims=True))).astype(np.float64)
    paths: list[list[list[int]]] = [[] for _ in range(top_paths)]
    found = np.zeros((len(lengths), top_paths), scores.dtype)
    for row, length in enumerate(lengths.tolist()):
        root = Entry(None, -1)
        root.after = root.blank = 0.0
        beam = [root]
        for time in range(length):
            beam = step(beam, chances[time, row].tolist(), beam_width)
        if len(beam) < top_paths:
            raise InvalidArgumentError(
                f"Less leaves in the beam search than requested: {len(beam)}, and {top_paths} paths are wanted."
            )
        for rank, entry in enumerate(beam[:top_paths]):
            paths[rank].append(entry.labels())
            found[row, rank] = entry.after
    return [as_sparse(rows) for rows in paths], make_tensor(found)


def distance(first: Any, second: Any) -> int:
    """Returns how many elements have to be put in, taken out or replaced to make one sequence the other.

    Source: Wagner, Fischer, "The string-to-string correction problem", 1974; a row of the table at a time.
    """
    places = np.arange(len(second) + 1)
    row = places.copy()
    for count, element in enumerate(first, start=1):
        new = np.empty_like(row)
        new[0] = count
        np.minimum(row[1:] + 1, row[:-1] + (second != element), out=new[1:])
        # What is put in costs one for each place: a running minimum, each place's own cost set aside.
        row = np.minimum.accumulate(new - places) + places
    return int(row[-1])


def sequences_of(sparse: SparseTensor) -> dict[tuple[int, ...], Any]:
    """Returns the sequences along the last dimension of a sparse tensor, by their places in the others."""
    places, values = plain(sparse.indices), plain(sparse.values)
    if not len(places):
        return {}
    starts = np.concatenate([[0], (places[1:, :-1] != places[:-1, :-1]).any(axis=1).nonzero()[0] + 1])
    parts = np.split(values, starts[1:])
    return {tuple(places[start, :-1].tolist()): part for start, part in zip(starts, parts, strict=True)}


@one_step("edit_distance", varies=True)
def edit_distance(hypothesis: Any, truth: Any, normalize: bool = True, name: str = "edit_distance") -> Tensor:
    """Returns the Levenshtein distance of sequences along the last dimension of two sparse tensors.

    Args:
        hypothesis: a `SparseTensor` of at least two dimensions, its elements in order.
        truth: another one, of the same dtype and rank.
        normalize: whether a distance is divided by the length of the true sequence.
        name: ignored.

    Returns:
        A tensor of float32 without the last dimension; inf where a sequence is compared with an empty true one and
        divided by its length.

    Raises:
        TypeError: one of the two is no `SparseTensor`.
        InvalidArgumentError: the ranks or dtypes differ, or the rank is below 2.

    >>> import gradtape as tf
    >>> hypothesis = tf.SparseTensor([[0, 0], [0, 1]], [1, 2], [1, 2])
    >>> truth = tf.SparseTensor([[0, 0], [0, 1], [0, 2], [0, 3]], [1, 3, 2, 4], [1, 4])
    >>> tf.edit_distance(hypothesis, truth).numpy()
    array([0.5], dtype=float32)
    """
    for word, sparse in (("Hypothesis", hypothesis), ("Truth", truth)):
        if not isinstance(sparse, SparseTensor):
            raise WrongTypeError(f"{word} must be a SparseTensor.")
    sizes, true_sizes = tuple(hypothesis.shape), tuple(truth.shape)
    if len(true_sizes) < 2:
        raise InvalidArgumentError(f"Input SparseTensors must have rank at least 2, but truth has {len(true_sizes)}.")
    if len(sizes) != len(true_sizes):
        raise InvalidArgumentError(f"Expected truth and hypothesis to have matching ranks, got {true_sizes}, {sizes}.")
    if hypothesis.dtype is not truth.dtype:
        raise WrongTypeError(f"The two have one dtype, got {hypothesis.dtype} and {truth.dtype}.")
    shape = tuple(map(max, sizes[:-1], true_sizes[:-1]))
    out = np.zeros(shape, np.float32)
    said, meant = sequences_of(hypothesis), sequences_of(truth)
    for place in {**said, **meant}:
        if place not in meant:
            out[place] = inf if normalize else len(said[place])
        elif place not in said:
            out[place] = 1.0 if normalize else len(meant[place])
        else:
            out[place] = distance(said[place], meant[place]) / (len(meant[place]) if normalize else 1)
    return make_tensor(out)
