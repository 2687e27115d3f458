"""`GradientTape`: records operations and differentiates them backwards."""

from __future__ import annotations

from _thread import get_ident
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from operator import itemgetter
from typing import Any

import numpy as np

from gradtape._autodiff.backward import GeneralRecord, pull_back_arrays, pull_back_tensors, pull_general, pull_part
from gradtape._core import nest
from gradtape._core.conversion import convert
from gradtape._core.dtypes import is_differentiable
from gradtape._core.op import CUT, Op
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


# The owner of a tape whose recording is stopped for a while: no thread, but the tape counts as one that may record.
PAUSED = -1


class Tape:
    """The records of one `GradientTape`, a list; a tensor's index on the tape is its position there.

    A record is a tuple whose first element pulls a cotangent back through it, or None for what is watched. Tensors hold
    this object, and only the `GradientTape` holds its content: when that goes, the records go, whatever tensors live.
    """

    __slots__ = ("closed", "owner", "records", "tensors", "variables", "watches")
    order = -1

    def __init__(self, watches: bool) -> None:
        self.owner = 0
        self.closed = False
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
        records = self.records
        if CUT in op.rules.values():
            attach(outputs[0], self, len(records))
            records.append(None)
            return
        kept = GeneralRecord(op, [index_on(tensor, self) for tensor in tensors], tensors, params, outputs)
        base = len(records)
        records.append((pull_general, kept))
        if not op.outputs:
            attach(outputs[0], self, base)
            return
        for position, output in enumerate(outputs):
            attach(output, self, len(records))
            records.append((pull_part, base, position))


class GradientTape:
    """Records operations, so that they can be differentiated: `with tf.GradientTape() as tape: …`.

    Trainable variables that are read inside the block are watched by themselves, tensors by `watch`. Tapes nest, and
    belong to the thread that entered them.

    Args:
        persistent: whether `gradient` can be called more than once; the records are then kept until the tape goes.
        watch_accessed_variables: whether trainable variables are watched when they are read.

    >>> import gradtape as tf
    >>> x = tf.constant(3.0)
    >>> with tf.GradientTape() as tape:
    ...     tape.watch(x)
    ...     y = x * x
    >>> tape.gradient(y, x).numpy()
    np.float32(6.0)
    """

    def __init__(self, persistent: bool = False, watch_accessed_variables: bool = True) -> None:
        self._tape: Tape | None = None
        self._persistent = persistent
        self._watches = watch_accessed_variables
        self._recording = False
        self._watched: dict[int, tuple[Variable, int | None]] = {}

    def __enter__(self) -> GradientTape:
        self._start()
        return self

    def __exit__(self, *error: object) -> None:
        if self._recording:
            self._stop()

    def __del__(self) -> None:
        tape = getattr(self, "_tape", None)
        if tape is not None:
            tape.close()

    def _start(self) -> None:
        if self._recording:
            raise ValueError("Tape is still recording, This can happen if you try to re-enter an already-active tape.")
        if self._tape is None:
            self._tape = Tape(self._watches)
        self._recording = True
        self._tape.owner = get_ident()
        RECORDING.tapes = (*RECORDING.tapes, self._tape)

    def _stop(self) -> None:
        if not self._recording:
            # TensorFlow's two classes: a tape without records, and one whose block is over.
            kind = RuntimeError if self._tape is None else ValueError
            raise kind("Trying to stop recording a tape which is not recording: do it inside the tape's block.")
        tape = self._active()
        self._recording = False
        tape.owner = 0
        tapes = RECORDING.tapes
        RECORDING.tapes = tapes[:-1] if tapes[-1:] == (tape,) else tuple(each for each in tapes if each is not tape)

    def _active(self) -> Tape:
        if self._tape is None:
            raise RuntimeError(
                "A non-persistent GradientTape can only be used to compute one set of gradients (or jacobians), and "
                "only after its block was entered. Create it with persistent=True to use it again."
            )
        return self._tape

    def watch(self, tensor: Any) -> None:
        """Makes the tape follow a tensor, a variable or a structure of them; integers are left alone.

        Raises:
            ValueError: something in `tensor` is neither.
        """
        leaves = nest.flatten(tensor)
        for leaf in leaves:
            if not isinstance(leaf, Tensor | Variable):
                raise ValueError(
                    f"Passed in object {leaf!r} of type {type(leaf).__name__!r}, not tf.Tensor or tf.Variable or "
                    "ExtensionType. Make it a tensor first: tf.convert_to_tensor(value)."
                )
        if self._tape is None:
            self._tape = Tape(self._watches)
        for leaf in leaves:
            if isinstance(leaf, Variable):
                self._tape.watch_variable(leaf._identity)
                leaf._read_cache = None
            elif is_differentiable(leaf._value.dtype) and index_on(leaf, self._tape) is None:
                attach(leaf, self._tape, len(self._tape.records))
                self._tape.records.append(None)
                self._tape.tensors[id(leaf._value)] = leaf

    @contextmanager
    def stop_recording(self) -> Iterator[None]:
        """Returns a context in which the tape records nothing.

        Raises:
            RuntimeError: the tape is not recording, and holds nothing.
            ValueError: the tape's block is over.
        """
        self._stop()
        # What it follows is left to the general door meanwhile, whose records know tensors: the tape may go on when an
        # inner tape's gradient is computed from them.
        self._active().owner = PAUSED
        try:
            yield
        finally:
            self._start()

    def reset(self) -> None:
        """Forgets everything that was recorded and watched."""
        recording = self._recording
        if recording:
            self._stop()
        if self._tape is not None:
            self._tape.close()
        self._tape = None
        if recording:
            self._start()

    def watched_variables(self) -> tuple[Variable, ...]:
        """Returns the variables that the tape watches, in the order in which they were made."""
        if self._tape is not None:
            self._watched = self._tape.variables
        watched = (variable for variable, _ in self._watched.values())
        return tuple(sorted(watched, key=lambda variable: variable._number))

    def gradient(
        self,
        target: Any,
        sources: Any,
        output_gradients: Any = None,
        unconnected_gradients: Any = UnconnectedGradients.NONE,
    ) -> Any:
        """Returns the gradient of the sum of `target` with respect to `sources`.

        Args:
            target: a tensor or variable, or a structure of them.
            sources: a tensor or variable, or a structure of them; the result has its form.
            output_gradients: for each tensor of `target`, what to start from instead of ones.
            unconnected_gradients: `"none"` or `"zero"`: what to give for a source that `target` does not depend on.

        Returns:
            For each source a tensor of its shape and dtype, an `IndexedSlices` where it was only looked up, or None.

        Raises:
            RuntimeError: the tape is not persistent and was asked before, or was never entered.
            TypeError: `target` is None, or a target or source is no tensor or variable.
            ValueError: `unconnected_gradients` is neither of the two.
        """
        tape = self._active()
        if target is None:
            raise TypeError(
                "Argument `target` should be a list or nested structure of Tensors, Variables or CompositeTensors to "
                "be differentiated, but received None."
            )
        unconnected = unconnected_gradients
        if unconnected is not UnconnectedGradients.NONE:
            try:
                unconnected = UnconnectedGradients(unconnected_gradients)
            except ValueError:
                raise ValueError(
                    f"Unknown value for unconnected_gradients: {unconnected_gradients!r}; it is 'none' or 'zero'."
                ) from None
        targets = [checked(each, "target") for each in nest.flatten(target)]
        flat_sources = [checked(each, "source") for each in nest.flatten(sources)]
        seeds = None if output_gradients is None else seeds_of(targets, nest.flatten(output_gradients))
        if self._recording and not self._persistent:
            self._stop()
        try:
            results = gradients(tape, targets, flat_sources, seeds, consume=not self._persistent)
        finally:
            # A plain tape's records are used up, whatever comes of it.
            if not self._persistent:
                self._watched = tape.variables
                tape.close()
                self._tape = None
        if unconnected is UnconnectedGradients.ZERO:
            results = [
                make_tensor(np.zeros_like(source._value)) if result is None else result
                for source, result in zip(flat_sources, results, strict=True)
            ]
        flat = type(sources) is list and len(sources) == len(results) and not any(map(nest.is_nested, sources))
        return results if flat else nest.rebuild(sources, iter(results))


def checked(value: Any, role: str) -> Any:
    """Returns a target or a source that a tape can know; raises TypeError for anything else."""
    kind = type(value)
    if kind is Tensor or kind is Variable or isinstance(value, Tensor):
        return value
    if isinstance(value, Variable):
        return value._identity
    if isinstance(value, IndexedSlices) and role == "target":
        return value.values
    raise NotRecordedError(
        f"A {role} of `gradient` must be a tensor or a variable, or a structure of them; got {value!r} of type "
        f"{type(value).__name__!r}. What is no tensor has not been recorded."
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
            try:
                np.broadcast_to(seed._value, shape)
            except ValueError:
                raise InvalidArgumentError(
                    f"output_gradients[{position}] of shape {list(seed._value.shape)} does not broadcast to its "
                    f"target's shape {list(shape)}."
                ) from None
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


def gradients(
    tape: Tape, targets: list[Any], sources: list[Any], seeds: list[Any] | None, consume: bool = False
) -> list[Any]:
    """Returns the gradients of the sum of `targets` for each of `sources`; None where there is no connection.

    With `consume` the records are used up.
    """
    found = [position(tape, source) for source in sources]
    keep = {index for index in found if index is not None}
    starts: list[tuple[int, Any]] = []
    for number, target in enumerate(targets):
        index = position(tape, target)
        if index is not None:
            starts.append((index, ones(target._value) if seeds is None else seeds[number]))
    results: list[Any] = [None] * len(sources)
    if starts and keep:
        grads = swept(tape, starts, keep, consume)
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


def followed(tensors: list[Any]) -> bool:
    """True if something follows one of `tensors` here, so that what is made of them has to be tensors as well."""
    return bool(tensors) and (any(type(each) is not Tensor for each in tensors) or bool(live_trackers(tensors)))


def swept(tape: Tape, starts: list[tuple[int, Any]], keep: set[int], consume: bool) -> list[Any]:
    """Returns the list of cotangents by index after a backward pass; those in `keep` are complete.

    Args:
        tape: whose records to go back through.
        starts: the targets' indices and cotangents: tensors that the user gave, or arrays of ones.
        keep: the sources' indices.
        consume: whether the records are used up.
    """
    top = max(starts, key=itemgetter(0))[0] if len(starts) > 1 else starts[0][0]
    grads: list[Any] = [None] * (top + 1)
    on_tensors = bool(RECORDING.tapes) or followed([start for _, start in starts if type(start) is not np.ndarray])
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
        pull_back_tensors(tape, grads, top, keep)
    else:
        # The user's own settings may turn 1/0 into an error; TensorFlow gives inf.
        with np.errstate(all="ignore"):
            pull_back_arrays(tape.records, grads, top, keep, consume)
    return grads
