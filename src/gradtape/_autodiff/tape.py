"""`GradientTape`: records operations and differentiates them backwards."""

from __future__ import annotations

from _thread import get_ident
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from typing import Any

import numpy as np

from gradtape._autodiff.backward import GeneralRecord, pull_back_arrays, pull_back_tensors, pull_general, pull_part
from gradtape._core import nest
from gradtape._core.conversion import convert
from gradtape._core.dtypes import is_differentiable
from gradtape._core.op import Op
from gradtape._core.slices import IndexedSlices
from gradtape._core.tensor import Tensor, make_tensor
from gradtape._core.tracking import RECORDING, attach, index_on, live_trackers
from gradtape._core.variable import Variable
from gradtape.errors import InvalidArgumentError, NotRecordedError


class UnconnectedGradients(Enum):
    """What `gradient` gives for a source that the target does not depend on."""

    NONE = "none"
    ZERO = "zero"


class Tape:
    """The records of one `GradientTape`, a list; a tensor's index on the tape is its position there.

    A record is a tuple whose first element pulls a cotangent back through it, or None for what is watched. Tensors hold
    this object, and only the `GradientTape` holds its content: when that goes, the records go, whatever tensors live on.
    """

    __slots__ = ("closed", "owner", "records", "variables", "watches")

    def __init__(self, watches: bool) -> None:
        self.owner = 0
        self.closed = False
        self.records: list[Any] = []
        # By the variable's id: the variable and its index, None for one that has no gradient.
        self.variables: dict[int, tuple[Variable, int | None]] = {}
        self.watches = watches

    def close(self) -> None:
        """Forgets everything, for good."""
        self.closed = True
        self.owner = 0
        self.records = []
        self.variables = {}

    def position_of(self, variable: Variable) -> int | None:
        """Returns the index of a variable that is being read; one that the tape should watch gets one."""
        if id(variable) in self.variables or (self.watches and variable.trainable):
            return self.watch_variable(variable)
        return None

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
        persistent: whether `gradient` can be called more than once; the records are then kept until the tape is dropped.
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
        self._created_variables: tuple[Variable, ...] = ()

    def __enter__(self) -> GradientTape:
        self._start()
        return self

    def __exit__(self, *error: object) -> None:
        if self._recording:
            self._stop()

    def __del__(self) -> None:
        if getattr(self, "_tape", None) is not None:
            self._tape.close()  # type: ignore[union-attr]

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
            raise RuntimeError("Trying to stop recording a tape which is not recording.")
        tape = self._active()
        self._recording = False
        tape.owner = 0
        RECORDING.tapes = tuple(each for each in RECORDING.tapes if each is not tape)

    def _active(self) -> Tape:
        if self._tape is None:
            raise RuntimeError(
                "A non-persistent GradientTape can only be used to compute one set of gradients (or jacobians), and only "
                "after its block was entered. Create it with persistent=True to use it again."
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

    @contextmanager
    def stop_recording(self) -> Iterator[None]:
        """Returns a context in which the tape records nothing.

        Raises:
            RuntimeError: the tape is not recording.
        """
        self._stop()
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
        """Returns the variables that the tape watches, in the order in which they came."""
        if self._tape is not None:
            self._created_variables = tuple(variable for variable, _ in self._tape.variables.values())
        return self._created_variables

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
                "Argument `target` should be a list or nested structure of Tensors, Variables or CompositeTensors to be "
                "differentiated, but received None."
            )
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
        results = gradients(tape, targets, flat_sources, seeds)
        if unconnected is UnconnectedGradients.ZERO:
            results = [
                make_tensor(np.zeros_like(source._value)) if result is None else result
                for source, result in zip(flat_sources, results, strict=True)
            ]
        if not self._persistent:
            self.watched_variables()
            tape.close()
            self._tape = None
        return results[0] if not nest.is_nested(sources) else nest.pack_sequence_as(sources, results)


def checked(value: Any, role: str) -> Any:
    """Returns a target or a source that a tape can know; raises TypeError for anything else."""
    if type(value) is Tensor or isinstance(value, Tensor):
        return value
    if isinstance(value, Variable):
        return value._identity
    raise NotRecordedError(
        f"A {role} of `gradient` must be a tensor or a variable, or a structure of them; got {value!r} of type "
        f"{type(value).__name__!r}. What is no tensor has not been recorded."
    )


def seeds_of(targets: list[Any], given: list[Any]) -> list[Any]:
    """Returns for each target the tensor to start from, of the target's shape; None for ones."""
    seeds: list[Any] = [None] * len(targets)
    for position, (target, value) in enumerate(zip(targets, given, strict=False)):
        seed = convert(value, target.dtype)
        shape = target._value.shape
        if seed._value.shape != shape:
            try:
                np.broadcast_to(seed._value, shape)
            except ValueError:
                raise InvalidArgumentError(
                    f"output_gradients[{position}] of shape {list(seed._value.shape)} does not broadcast to its target's "
                    f"shape {list(shape)}."
                ) from None
            seed = seed + make_tensor(np.zeros(shape, seed._value.dtype))  # type: ignore[operator]
        seeds[position] = seed
    return seeds


def position(tape: Tape, value: Any) -> int | None:
    """Returns the index of a tensor or a variable on `tape`, None if the tape does not know it."""
    if isinstance(value, Variable):
        return tape.variables.get(id(value), (None, None))[1]
    index = index_on(value, tape)
    return index


def gradients(tape: Tape, targets: list[Any], sources: list[Any], seeds: list[Any] | None) -> list[Any]:
    """Returns the gradients of the sum of `targets` for each of `sources`; None where there is no connection."""
    found = [position(tape, source) for source in sources]
    keep = {index for index in found if index is not None}
    starts: list[tuple[int, Any, Any]] = []
    for number, target in enumerate(targets):
        index = position(tape, target)
        if index is not None:
            starts.append((index, target._value, None if seeds is None else seeds[number]))
    results: list[Any] = [None] * len(sources)
    if starts and keep:
        grads = swept(tape, starts, keep)
        results = [None if index is None else as_result(grads[index]) for index in found]
    for number, source in enumerate(sources):
        # What the tape never saw still has the derivative 1 with respect to itself.
        if found[number] is None and is_differentiable(source._value.dtype):
            same = [k for k, target in enumerate(targets) if target is source]
            if same:
                results[number] = own_gradient(source, None if seeds is None else seeds[same[0]])
    return results


def own_gradient(source: Any, seed: Any) -> Tensor:
    """Returns the derivative of a value with respect to itself."""
    return make_tensor(np.ones_like(source._value)) if seed is None else seed


def as_result(g: Any) -> Any:
    """Returns a cotangent as the user gets it: tensors in place of arrays."""
    if g is None or isinstance(g, Tensor):
        return g
    if type(g) is IndexedSlices:
        if isinstance(g.values, Tensor):
            return g
        return IndexedSlices(make_tensor(g.values), make_tensor(g.indices), g._shape)
    return make_tensor(g)


def swept(tape: Tape, starts: list[tuple[int, Any, Any]], keep: set[int]) -> list[Any]:
    """Returns the list of cotangents by index after a backward pass; those in `keep` are complete."""
    seeds = [seed for _, _, seed in starts if seed is not None]
    top = max(index for index, _, _ in starts)
    if RECORDING.tapes or any(type(seed) is not Tensor for seed in seeds) or live_trackers(seeds):
        grads = seeded(len(tape.records), starts, tensors=True)
        pull_back_tensors(tape, grads, top, keep)
        return grads
    try:
        grads = seeded(len(tape.records), starts, tensors=False)
        pull_back_arrays(tape.records, grads, top, keep)
    except (RuntimeWarning, FloatingPointError):
        # The user's settings turn 1/0 into an error; TensorFlow gives inf.
        with np.errstate(all="ignore"):
            grads = seeded(len(tape.records), starts, tensors=False)
            pull_back_arrays(tape.records, grads, top, keep)
    return grads


def seeded(length: int, starts: list[tuple[int, Any, Any]], tensors: bool) -> list[Any]:
    """Returns a list of cotangents with the targets' own in their places."""
    grads: list[Any] = [None] * length
    for index, value, seed in starts:
        if seed is None:
            start: Any = np.ones(value.shape, value.dtype)
            start = make_tensor(start) if tensors else start
        else:
            start = seed if tensors else seed._value
        grads[index] = start if grads[index] is None else grads[index] + start
    return grads
