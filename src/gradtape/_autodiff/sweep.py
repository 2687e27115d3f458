"""A tape's records, and the pass back through them: from cotangents of targets to those of sources."""

from __future__ import annotations

from enum import Enum
from operator import itemgetter
from typing import Any

import numpy as np

from gradtape._autodiff.absorbing import holds_nan
from gradtape._autodiff.backward import (
    BATCHES,
    TENSORS,
    GeneralRecord,
    Vocabulary,
    pull_back,
    pull_back_arrays,
    pull_general,
    pull_part,
)
from gradtape._autodiff.batching import BatchTensor, new_level
from gradtape._core.conversion import convert
from gradtape._core.dtypes import is_differentiable
from gradtape._core.op import CUT, NOT_DIFFERENTIABLE, Op
from gradtape._core.slices import IndexedSlices
from gradtape._core.tensor import Tensor, make_tensor
from gradtape._core.tracking import RECORDING, attach, index_on, live_trackers
from gradtape._core.variable import Variable
from gradtape.errors import InvalidArgumentError, NotRecordedError


class UnconnectedGradients(Enum):
    """What `gradient` gives for a source that the target does not depend on.

    >>> import gradtape as tf
    >>> x, y = tf.Variable(1.0), tf.Variable(2.0)
    >>> with tf.GradientTape() as tape:
    ...     z = x * x
    >>> tape.gradient(z, y, unconnected_gradients=tf.UnconnectedGradients.ZERO).numpy()
    np.float32(0.0)
    """

    NONE = "none"
    ZERO = "zero"


NOTHING: frozenset[type] = frozenset()
# The owner of a tape whose recording is stopped for a while: no thread, but the tape counts as one that may record.
PAUSED = -1


class Tape:
    """The records of one `GradientTape`, a list; a tensor's index on the tape is its position there.

    A record is a tuple whose first element pulls a cotangent back through it, or None for what is watched. Tensors hold
    this object, and only the `GradientTape` holds its content: when that goes, the records go, whatever tensors live.
    """

    __slots__ = ("born", "carries", "closed", "noted", "owner", "records", "tensors", "variables", "watches")
    order = -1

    def __init__(self, watches: bool) -> None:
        self.owner = 0
        self.closed = False
        # Batches of a higher level are those of maps that began later.
        self.born = new_level()
        # The classes of tensors in the records whose values are no arrays.
        self.carries: frozenset[type] = NOTHING
        # While it records nothing but is to know what is used of what it follows: these tensors, by their ids.
        self.noted: dict[int, Tensor] | None = None
        self.records: list[Any] = []
        # By the variable's id: the variable and its index, None for one that has no gradient.
        self.variables: dict[int, tuple[Variable, int | None]] = {}
        # By the id of its array, what was watched by hand: an earlier tape's records know it by its array only.
        self.tensors: dict[int, Tensor] = {}
        self.watches = watches

    def close(self) -> None:
        """Forgets everything, for good."""
        self.closed = True
        self.owner = 0
        self.records = []
        self.variables = {}
        self.tensors = {}

    def position_of(self, variable: Variable) -> int | None:
        """Returns the index of a variable that is being read; one that the tape should watch gets one."""
        known = self.variables.get(id(variable))
        if known is not None:
            return known[1]
        return self.watch_variable(variable) if self.watches and variable.trainable else None

    def watch_variable(self, variable: Variable) -> int | None:
        """Returns the index of a watched variable, None if its dtype has no gradients."""
        known = self.variables.get(id(variable))
        if known is None:
            index = None
            if is_differentiable(variable._value.dtype):
                index = len(self.records)
                self.records.append(None)
            known = self.variables[id(variable)] = (variable, index)
        return known[1]

    def record(self, op: Op, tensors: list[Tensor], params: dict[str, Any], outputs: list[Tensor]) -> None:
        """Notes an operation that came through the general door, and follows its results."""
        if self.noted is not None:
            self.noted.update({id(each): each for each in tensors if index_on(each, self) is not None})
            return
        records = self.records
        if CUT in op.rules.values():
            attach(outputs[0], self, len(records))
            records.append(None)
            return
        indices = [index_on(tensor, self) for tensor in tensors]
        if not op.variadic and NOT_DIFFERENTIABLE in op.rules.values():
            words = [op.rules[name] for name in op.inputs]
            indices = [None if word is NOT_DIFFERENTIABLE else k for k, word in zip(indices, words, strict=True)]
        kept = GeneralRecord(op, indices, tensors, params, outputs)
        for each in (*tensors, *outputs):
            if type(each) is not Tensor:
                self.carries |= {type(each)}
                kept.sum_inner_batches(tensors, outputs, self.born)
        self.add(kept, outputs, bool(op.outputs))

    def add(self, kept: Any, outputs: list[Tensor], several: bool) -> None:
        """Adds what is kept of an operation of one result or of several, and follows these."""
        records = self.records
        base = len(records)
        records.append((pull_general, kept))
        if not several:
            attach(outputs[0], self, base)
            return
        for position, output in enumerate(outputs):
            attach(output, self, len(records))
            records.append((pull_part, base, position))


def checked(value: Any, role: str) -> Any:
    """Returns a target or a source that a tape can know; raises TypeError for anything else."""
    kind = type(value)
    if kind is Tensor or kind is Variable or isinstance(value, Tensor):
        return value
    if isinstance(value, Variable):
        return value._identity
    if isinstance(value, IndexedSlices) and role == "target":
        return value.values
    of = "an accumulator" if role == "primal" else "`gradient`"
    raise NotRecordedError(
        f"A {role} of {of} must be a tensor or a variable, or a structure of them; got {value!r} of type "
        f"{type(value).__name__!r}. What is no tensor has not been recorded."
    )


def zeros_like(tensor: Any) -> Tensor:
    """Returns zeros of the shape and dtype of a tensor or a variable."""
    return make_tensor(np.zeros(tensor._value.shape, tensor._value.dtype))


def broadcasts_to(shape: tuple[int, ...], target: tuple[int, ...]) -> bool:
    """True if an array of `shape` can be broadcast to `target`."""
    return len(shape) <= len(target) and all(
        one in (1, other) for one, other in zip(reversed(shape), reversed(target), strict=False)
    )


def seeds_of(targets: list[Any], given: list[Any]) -> list[Any]:
    """Returns for each target the tensor to start from, of the target's shape; ones where none is given."""
    seeds: list[Any] = [make_tensor(ones(target._value)) for target in targets]
    for position, (target, value) in enumerate(zip(targets, given, strict=False)):
        try:
            seed = convert(value, target.dtype)
        except ValueError as error:
            raise InvalidArgumentError(f"output_gradients[{position}]: {error}") from None
        shape = target._value.shape
        if seed._value.shape != shape:
            if not broadcasts_to(seed._value.shape, shape):
                raise InvalidArgumentError(
                    f"output_gradients[{position}] of shape {list(seed._value.shape)} does not broadcast to its "
                    f"target's shape {list(shape)}."
                )
            seed = seed + make_tensor(np.zeros(shape, seed._value.dtype))
        seeds[position] = seed
    return seeds


def position(tape: Tape, value: Any) -> int | None:
    """Returns the index of a tensor or a variable on `tape`, None if the tape does not know it."""
    if isinstance(value, Variable):
        known = tape.variables.get(id(value))
        return None if known is None else known[1]
    index: int | None = index_on(value, tape)
    return index


def gradients(tape: Tape, targets: list[Any], sources: list[Any], seeds: list[Any] | None) -> list[Any]:
    """Returns the gradients of the sum of `targets` for each of `sources`; None where there is no connection."""
    found = [position(tape, source) for source in sources]
    keep = {index for index in found if index is not None}
    starts: list[tuple[int, Any]] = []
    for number, target in enumerate(targets):
        index = position(tape, target)
        if index is not None:
            starts.append((index, ones(target._value) if seeds is None else seeds[number]))
    results: list[Any] = [None] * len(sources)
    if starts and keep:
        grads = swept(tape, starts, keep)
        results = [None if index is None else as_result(grads[index]) for index in found]
    if None in found:
        for number, source in enumerate(sources):
            # What the tape never saw still has the derivative 1 with respect to itself.
            if found[number] is None:
                for k, target in enumerate(targets):
                    if target is source:
                        seed = make_tensor(ones(source._value)) if seeds is None else seeds[k]
                        results[number] = seed if results[number] is None else results[number] + seed
    return results


_ONES: dict[Any, Any] = {}


def ones(value: Any) -> Any:
    """Returns what a cotangent starts from: ones of the shape and dtype of `value`; the scalars are kept."""
    if value.ndim:
        return np.ones(value.shape, value.dtype)
    one = _ONES.get(value.dtype)
    if one is None:
        one = _ONES[value.dtype] = np.ones((), value.dtype)
        one.flags.writeable = False
    return one


def as_result(g: Any) -> Any:
    """Returns a cotangent as the user gets it: tensors in place of arrays."""
    if type(g) is np.ndarray:
        return make_tensor(g)
    if g is None or isinstance(g, Tensor):
        return g
    if type(g) is IndexedSlices:
        if isinstance(g.values, Tensor):
            return g
        return IndexedSlices(make_tensor(g.values), make_tensor(g.indices), g._shape)
    return make_tensor(g)


ARRAYS_OR_BATCHES = frozenset({Tensor, BatchTensor})


def swept(tape: Tape, starts: list[tuple[int, Any]], keep: set[int]) -> list[Any]:
    """Returns the list of cotangents by index after a backward pass; those in `keep` are complete.

    Args:
        tape: whose records to go back through.
        starts: the targets' indices and cotangents: tensors that the user gave, or arrays of ones.
        keep: the sources' indices.
    """
    top = max(starts, key=itemgetter(0))[0] if len(starts) > 1 else starts[0][0]
    grads: list[Any] = [None] * (top + 1)
    given = [start for _, start in starts if type(start) is not np.ndarray]
    kinds = {*map(type, given), *tape.carries} if given or tape.carries else NOTHING
    # What something follows, or what is neither an array nor a batch of them, has to stay a tensor.
    on_tensors = bool(RECORDING.tapes) or bool(kinds and (not kinds <= ARRAYS_OR_BATCHES or live_trackers(given)))
    for index, start in starts:
        if on_tensors:
            start = make_tensor(start) if type(start) is np.ndarray else start
        elif type(start) is not np.ndarray:
            start = start._value
        grads[index] = start if grads[index] is None else grads[index] + start
    if max(keep) > top:
        # Sources that came after every target: nothing reaches them.
        grads += [None] * (max(keep) - top)
    if on_tensors:
        return pulled_back(tape, grads, top, keep, TENSORS)
    # The user's own settings may turn 1/0 into an error; TensorFlow gives inf.
    with np.errstate(all="ignore"):
        if BatchTensor in kinds:
            return pulled_back(tape, grads, top, keep, BATCHES)
        pull_back_arrays(tape.records, grads, top, keep)
    return grads


def pulled_back(tape: Tape, grads: list[Any], top: int, keep: set[int], words: Vocabulary) -> list[Any]:
    """Returns cotangents after a pass; if some hold NaN, after one more, in which zeros stay zeros."""
    before = grads.copy()
    pull_back(tape, grads, top, keep, words)
    if any(holds_nan(grads[k]) for k in keep):
        grads = before
        pull_back(tape, grads, top, keep, words, careful=True)
    return grads
