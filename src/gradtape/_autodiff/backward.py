"""The way back: cotangents from the targets to the sources, through a tape's records in reverse order.

Three vocabularies of one text: where nobody follows the gradient's own computation, rules run on arrays and operations
mean their NumPy bodies; where batches are among the values, the bodies run on batches; where an outer tape records (or
a cotangent is followed by something), rules run on tensors.
"""

from __future__ import annotations

from functools import cache
from types import FunctionType
from typing import Any

import numpy as np

from gradtape._autodiff.absorbing import absorbing, holds_nan, settled
from gradtape._autodiff.batching import Batch, Boundary, batched, out_of_batch, run_batched, sum_of_batch
from gradtape._core import fast
from gradtape._core.dispatch import shown_name
from gradtape._core.fast import STEPS, sum_to
from gradtape._core.op import NOT_WRITTEN, OPS, ZERO, Op, Rule, body_of
from gradtape._core.slices import IndexedSlices
from gradtape._core.tensor import Tensor, make_tensor
from gradtape._core.tracking import RECORDING


class Vocabulary:
    """What the words of the engine mean: on arrays, on batches, or on tensors."""

    __slots__ = ("batches", "meaning", "tensors")

    def __init__(self, tensors: bool, batches: bool = False) -> None:
        self.tensors = tensors
        self.batches = batches
        self.meaning = batched if batches else body_of

    def rule(self, rule: Rule) -> Any:
        """A rule in this vocabulary."""
        return rule.function if self.tensors else rule.read(self.meaning)

    def conj(self, g: Any) -> Any:
        """The complex conjugate."""
        return OPS["conj"].function(g) if self.tensors else self.meaning(OPS["conj"])(g)

    def sum_to(self, g: Any, shape: tuple[int, ...]) -> Any:
        """`g` summed to the shape that it was broadcast from."""
        if tuple(g.shape) == shape:
            return g
        if self.tensors:
            return OPS["sum_to"].function(g, shape)
        return sum_to_shape(g, shape) if self.batches else sum_to(g, shape)

    def sum_of_batch(self, g: Any, level: int, size: int) -> Any:
        """`g` summed over a batch for all of which the input was the same."""
        if self.tensors:
            return OPS["reduce_sum"].function(out_of_batch(g, level, size), (0,))
        return sum_of_batch(g, level, size)

    def zeros(self, shape: tuple[int, ...], dtype: Any) -> Any:
        """A cotangent that is 0."""
        zeros = np.zeros(shape, dtype)
        return make_tensor(zeros) if self.tensors else zeros


def sum_to_shape(g: Any, shape: tuple[int, ...]) -> Any:
    """Returns a value, a batch or not, summed to the shape that it was broadcast from."""
    return run_batched(OPS["sum_to"], [g], {"shape": shape})


ARRAYS = Vocabulary(tensors=False)
BATCHES = Vocabulary(tensors=False, batches=True)
TENSORS = Vocabulary(tensors=True)


@cache
def kept_residuals(op: Op, tracked: tuple[bool, ...]) -> list[tuple[str, int]]:
    """Returns the tensors that the rules of the tracked inputs ask for: each with its position, -1 for the result."""
    names: list[str] = []
    for name, wanted in zip(op.inputs, tracked, strict=False):
        if wanted:
            names += [each for each in getattr(op.rules[name], "residuals", ()) if each not in names]
    return [(each, -1 if each == "out" else op.inputs.index(each)) for each in names if each in (*op.inputs, "out")]


class GeneralRecord:
    """What a tape keeps of an operation that came through the general door."""

    __slots__ = ("dtypes", "indices", "op", "outputs", "params", "residuals", "shapes", "sums")

    def __init__(self, op: Op, indices: list[Any], tensors: Any, params: dict[str, Any], outputs: Any) -> None:
        self.op: Any = op
        self.indices = indices
        self.params = params
        self.shapes = [tensor._value.shape for tensor in tensors]
        self.dtypes = [tensor._value.dtype for tensor in tensors]
        # Of several results, the shapes and dtypes: those without a cotangent count as zeros.
        self.outputs = [(out._value.shape, out._value.dtype) for out in outputs] if op.outputs else None
        # For each input, the levels and sizes of the batches that the result has and the input has not.
        self.sums: Any = None
        self.residuals: dict[str, Any] = {}
        if op.variadic:
            for name in getattr(op.rules[op.inputs[0]], "residuals", ()):
                if name == op.inputs[0]:
                    self.residuals[name] = list(tensors)
                elif name == "out":
                    self.residuals[name] = list(outputs) if op.outputs else outputs[0]
            return
        for name, position in kept_residuals(op, tuple([index is not None for index in indices])):
            whole = list(outputs) if op.outputs else outputs[0]
            self.residuals[name] = whole if position < 0 else tensors[position]

    def sum_inner_batches(self, tensors: Any, outputs: Any, born: int) -> None:
        """Notes that cotangents are to be summed over the batches of maps that began inside a tape's block.

        An input that is one for the whole batch has, for a tape outside, the sum of the cotangents; for a tape inside
        of the map, which is newer than the batch's level, each element of the batch has its own.
        """
        levels = {
            level: size for each in outputs for level, size in getattr(each._value, "sizes", {}).items() if level > born
        }
        if levels and not isinstance(self.op, Boundary):
            self.sums = [
                [(level, size) for level, size in levels.items() if level not in getattr(each._value, "sizes", ())]
                for each in tensors
            ]

    def residual(self, name: str, words: Vocabulary) -> Any:
        """The residual that a rule calls `name`, in the vocabulary of the pass."""
        if name in self.residuals:
            kept = self.residuals[name]
            if words.tensors:
                return kept
            return [each._value for each in kept] if isinstance(kept, list) else kept._value
        if name in self.params:
            return self.params[name]
        input_name, _, what = name.rpartition("_")
        known: list[Any] = self.shapes if what == "shape" else self.dtypes
        return known if self.op.variadic else known[self.op.inputs.index(input_name)]

    def pull(self, g: Any, words: Vocabulary) -> Any:
        """Yields the inputs' indices on the tape with the cotangents that reach them."""
        if self.sums is None:
            yield from self.pulled(g, words)
            return
        sums = dict(zip(self.indices, self.sums, strict=True))
        for index, d in self.pulled(g, words):
            for level, size in sums[index]:
                d = words.sum_of_batch(densified(d), level, size)
            yield index, d

    def pulled(self, g: Any, words: Vocabulary) -> Any:
        """Yields the same before any sum over batches."""
        op = self.op
        if self.outputs is not None:
            g = [g.get(k) for k in range(len(self.outputs))]
            whole = getattr(op, "whole", True)
            g = [
                (words.zeros(*self.outputs[k]) if whole else None) if each is None else densified(each)
                for k, each in enumerate(g)
            ]
        if op.variadic:
            for index, d in zip(self.indices, apply_rule(op, op.inputs[0], g, self, words), strict=True):
                if index is not None and d is not None:
                    yield index, d
            return
        for name, index, shape in zip(op.inputs, self.indices, self.shapes, strict=True):
            if index is not None:
                d = apply_rule(op, name, g, self, words, shape)
                yield index, words.sum_to(d, shape) if op.family == "elementwise" else d


def apply_rule(op: Op, name: str, g: Any, record: Any, words: Vocabulary, shape: Any = None) -> Any:
    """Returns the cotangent of input `name` for the cotangent `g` of the result."""
    rule = op.rules[name]
    if rule is ZERO:
        return words.zeros(shape, g.dtype.as_numpy_dtype if words.tensors else g.dtype)
    if not isinstance(rule, Rule):
        raise missing_rule(op, name)
    residuals = [record.residual(each, words) for each in rule.residuals]
    if not words.tensors and any(dtype.kind == "V" for dtype in record.dtypes):
        return in_single_precision(rule, g, residuals, record.dtypes, words)
    if not op.holomorphic or not (any(map(is_complex, g)) if op.outputs else is_complex(g)):
        return words.rule(rule)(g, *residuals)
    # TensorFlow's convention: the cotangent goes through the conjugate of the derivative.
    pulled = words.rule(rule)([*map(words.conj, g)] if op.outputs else words.conj(g), *residuals)
    return [*map(words.conj, pulled)] if op.variadic else words.conj(pulled)


def in_single_precision(rule: Rule, g: Any, residuals: list[Any], dtypes: list[Any], words: Vocabulary) -> Any:
    """Runs a rule of an operation on bfloat16 as on float32, with its results rounded: NumPy has no arithmetic."""
    narrow = next(dtype for dtype in dtypes if dtype.kind == "V")
    single = np.dtype(np.float32)
    pulled = words.rule(rule)(recast(g, narrow, single), *[recast(each, narrow, single) for each in residuals])
    return recast(pulled, single, narrow)


def recast(value: Any, source: Any, target: Any) -> Any:
    """Returns arrays of the dtype `source`, batches and lists of them as ones of `target`; all else as it is."""
    if isinstance(value, list):
        return [recast(each, source, target) for each in value]
    if type(value) is Batch:
        return Batch(recast(value.array, source, target), value.levels)
    if type(value) is IndexedSlices:
        return IndexedSlices(recast(value.values, source, target), value.indices, value._shape)
    return value.astype(target) if isinstance(value, np.ndarray | np.generic) and value.dtype == source else value


def missing_rule(op: Op, name: str) -> LookupError:
    """Returns the error for a derivative that nobody has written."""
    word = op.rules[name]
    reason = "is not written yet" if word is NOT_WRITTEN else f"is {word!r}"
    return LookupError(f"{shown_name(op)}: the gradient with respect to {name!r} {reason}.")


def is_complex(g: Any) -> bool:
    """True for a complex array or tensor."""
    value = g._value if isinstance(g, Tensor) else g
    return bool(value.dtype.kind == "c")


def densified(g: Any) -> Any:
    """Returns a cotangent as an array or a tensor."""
    return g.dense() if type(g) is IndexedSlices else g


def passes_rows(record: Any) -> bool:
    """True for the one operation that hands the rows of a lookup on as they are: the identity."""
    op = op_of(record)
    return op is not None and op.name == "identity"


def pull_general(g: Any, record: Any, grads: list[Any]) -> None:
    """Pulls a cotangent, an array, back through a record of the general door."""
    for index, d in record[1].pull(g, ARRAYS):
        h = grads[index]
        grads[index] = d if h is None else h + d


def pull_part(g: Any, record: Any, grads: list[Any]) -> None:
    """Adds the cotangent of one of several results to those of its operation, which waits at an earlier index."""
    _, base, position = record
    if grads[base] is None:
        grads[base] = {}
    grads[base][position] = g


def pull_back_arrays(records: list[Any], grads: list[Any], top: int, keep: set[int]) -> None:
    """Takes cotangents from index `top` down to the least index in `keep`; `grads` holds arrays.

    Where those in `keep` then hold NaN, it is done again with such ones whose zeros stay zeros.
    """
    before = grads.copy()
    for i in range(top, min(keep), -1):
        g = grads[i]
        if g is None:
            continue
        record = records[i]
        if record is None:
            continue
        if i not in keep:
            grads[i] = None
        if type(g) is IndexedSlices and not passes_rows(record):
            g = g.dense()
        record[0](g, record, grads)
    for index in keep:
        g = grads[index]
        if g is not None and holds_nan(g):
            grads[:] = before
            return pull_back_carefully(records, grads, top, keep)
    return None


def pull_back_carefully(records: list[Any], grads: list[Any], top: int, keep: set[int]) -> None:
    """The same with cotangents whose zeros stay zeros."""
    for i in range(top, min(keep), -1):
        g, record = grads[i], records[i]
        if g is None or record is None:
            continue
        if i not in keep:
            grads[i] = None
        if type(g) is IndexedSlices and not passes_rows(record):
            g = g.dense()
        record[0](absorbing(g), record, grads)
    grads[:] = map(settled, grads)


def pull_back(tape: Any, grads: list[Any], top: int, keep: set[int], words: Vocabulary, careful: bool = False) -> None:
    """The same with batches, or with tensors, whose operations are recorded by whatever follows them."""
    records = tape.records
    for i in range(top, min(keep), -1):
        g, record = grads[i], records[i]
        if g is None or record is None:
            continue
        if i not in keep:
            grads[i] = None
        if type(g) is IndexedSlices and not passes_rows(record):
            g = g.dense()
        if careful:
            # A gradient of the user's own gets a cotangent like any other.
            g = absorbing(g) if words.batches or isinstance(op_of(record), Op) else settled(g)
        if record[0] is pull_general:
            for index, d in record[1].pull(g, words):
                h = grads[index]
                grads[index] = d if h is None else h + d
        elif record[0] is pull_part:
            pull_part(g, record, grads)
        elif words.tensors:
            pull_of_tensors(record[0])(g, record, grads, tape, i)
        else:
            pull_of_batches(record[0])(g, record, grads)
    if careful:
        grads[:] = map(settled, grads)


def op_of(record: Any) -> Any:
    """Returns the operation of a record; None for one of several results."""
    if record[0] is pull_general:
        return record[1].op
    known = STEPS.get(record[0])
    return None if known is None else known.op


@cache
def pull_of_batches(pull: Any) -> Any:
    """Returns the step back through the records of a fast path, for batches: the same code with other names in it."""
    step = STEPS[pull]
    namespace: dict[str, Any] = {"__name__": __name__, "add": None, "into": plain_sum, "sum_to": sum_to_shape}
    for name in step.tracked:
        rule = step.op.rules[name]
        namespace[f"rule_{name}"] = rule.read(batched) if isinstance(rule, Rule) else fast.without_rule(rule)
    return FunctionType(pull.__code__, namespace, pull.__name__)


def plain_sum(add: Any, h: Any, d: Any) -> Any:
    """Returns the sum of two cotangents, where those of arrays are added in place."""
    return h + d


@cache
def pull_of_tensors(pull: Any) -> Any:
    """Returns the step back through the records of a fast path, for cotangents that are tensors."""
    step = STEPS[pull]
    namespace: dict[str, Any] = {"__name__": __name__, "kept": kept_tensor, "sum_to": OPS["sum_to"].function}
    for name in step.tracked:
        rule = step.op.rules[name]
        namespace[f"rule_{name}"] = rule.function if isinstance(rule, Rule) else zeros_for(step.op, name)
    source = fast.pull_source(step, tensors=True, kept=type(pull) is FunctionType)
    return FunctionType(fast.compiled(source), namespace, f"pull_{step.op.name}")


def kept_tensor(array: Any, tape: Any, index: int | None) -> Tensor:
    """Returns an array of a fast path's record as the tensor that it was: the tape follows it, if it is recording."""
    for outer in RECORDING.tapes:
        # Watched since, by a tape that this one knows nothing of.
        if id(array) in outer.tensors:
            found: Tensor = outer.tensors[id(array)]
            return found
    tensor = Tensor()
    tensor._value = array
    tensor._tape = None
    if index is not None and tape.owner:
        tensor._index = index
        tensor._tape = tape
    return tensor


def zeros_for(op: Op, name: str) -> Any:
    """Returns the rule on tensors of an input for which there is a word in its place."""
    if op.rules[name] is not ZERO:
        raise missing_rule(op, name)
    return lambda g, shape: make_tensor(np.zeros(shape, g._value.dtype))
