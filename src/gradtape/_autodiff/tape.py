"""`GradientTape`: records operations and differentiates them backwards."""

from __future__ import annotations

from _thread import get_ident
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from gradtape._autodiff.jacobian import batch_jacobians, jacobians
from gradtape._autodiff.sweep import PAUSED, Tape, UnconnectedGradients, checked, gradients, seeds_of, zeros_like
from gradtape._core import nest
from gradtape._core.dtypes import is_differentiable
from gradtape._core.slices import IndexedSlices
from gradtape._core.tensor import Tensor
from gradtape._core.tracking import RECORDING, TAPES, attach, index_on
from gradtape._core.variable import Variable


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
        if RECORDING.recorder is not None:
            # Its records hold the recorded tensors themselves.
            self._tape.carries |= RECORDING.recorder.carries
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
        unconnected = as_unconnected(unconnected_gradients)
        if target is None:
            raise TypeError(
                "Argument `target` should be a list or nested structure of Tensors, Variables or CompositeTensors to "
                "be differentiated, but received None."
            )
        targets = [checked(each, "target") for each in nest.flatten(target)]
        flat_sources = [checked(each, "source") for each in nest.flatten(sources)]
        seeds = None if output_gradients is None else seeds_of(targets, nest.flatten(output_gradients))
        if self._recording and not self._persistent:
            self._stop()
        try:
            results = gradients(tape, targets, flat_sources, seeds)
        finally:
            self._used(tape)
        if unconnected is UnconnectedGradients.ZERO:
            results = [
                zeros_like(source) if result is None else result
                for source, result in zip(flat_sources, results, strict=True)
            ]
        flat = type(sources) is list and len(sources) == len(results) and not any(map(nest.is_nested, sources))
        return results if flat else nest.rebuild(sources, iter(results))

    def _used(self, tape: Tape) -> None:
        """Closes a plain tape, which is used up by one request, whatever comes of it."""
        if not self._persistent:
            self._watched = tape.variables
            tape.close()
            self._tape = None

    def jacobian(
        self,
        target: Any,
        sources: Any,
        unconnected_gradients: Any = UnconnectedGradients.NONE,
        parallel_iterations: int | None = None,
        experimental_use_pfor: bool = True,
    ) -> Any:
        """Returns the derivative of each element of `target` with respect to each element of `sources`.

        All elements go back through the records at once, as a batch of cotangents; in parts where there are so many
        that the arrays would get large.

        Args:
            target: a tensor or variable.
            sources: a tensor or variable, or a structure of them; the result has its form.
            unconnected_gradients: `"none"` or `"zero"`: what to give for a source that `target` does not depend on.
            parallel_iterations: how many elements of `target` go back at once, at most.
            experimental_use_pfor: if False, the elements of `target` go back one by one, in the least memory.

        Returns:
            For each source a tensor of the shape `target.shape + source.shape`, or None.

        Raises:
            RuntimeError: the tape is not persistent and was asked before, or was never entered.
            TypeError: `target` or a source is no tensor or variable.
            ValueError: `unconnected_gradients` is neither of the two.

        >>> import gradtape as tf
        >>> x = tf.Variable([1.0, 2.0])
        >>> with tf.GradientTape() as tape:
        ...     y = x * x
        >>> tape.jacobian(y, x).numpy()
        array([[2., 0.],
               [0., 4.]], dtype=float32)
        """
        tape = self._active()
        unconnected = as_unconnected(unconnected_gradients)
        at_once = as_count(parallel_iterations) if experimental_use_pfor else 1
        target = whole(target, tape)
        flat_sources = [checked(each, "source") for each in nest.flatten(sources)]
        if self._recording and not self._persistent:
            self._stop()
        try:
            zero = unconnected is UnconnectedGradients.ZERO
            results = jacobians(tape, target, flat_sources, zero, at_once)
        finally:
            self._used(tape)
        return nest.rebuild(sources, iter(results))

    def batch_jacobian(
        self,
        target: Any,
        source: Any,
        unconnected_gradients: Any = UnconnectedGradients.NONE,
        parallel_iterations: int | None = None,
        experimental_use_pfor: bool = True,
    ) -> Any:
        """Returns for each example of a batch the derivative of its target with respect to its own source.

        Args:
            target: a tensor of shape `(b, ...)`; `target[i]` is to depend on `source[i]` alone.
            source: a tensor of shape `(b, ...)`.
            unconnected_gradients: accepted; where `target` does not depend on `source`, the result is 0 in any case.
            parallel_iterations: how many elements of an example's target go back at once, at most.
            experimental_use_pfor: if False, the elements go back one by one.

        Returns:
            A tensor of the shape `(b,) + target.shape[1:] + source.shape[1:]`.

        Raises:
            RuntimeError: the tape is not persistent and was asked before, or was never entered.
            ValueError: `target` or `source` has no dimension, or their first ones differ.

        >>> import gradtape as tf
        >>> x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
        >>> with tf.GradientTape() as tape:
        ...     tape.watch(x)
        ...     y = x * x
        >>> tape.batch_jacobian(y, x).numpy()[1]
        array([[6., 0.],
               [0., 8.]], dtype=float32)
        """
        tape = self._active()
        as_unconnected(unconnected_gradients)
        at_once = as_count(parallel_iterations) if experimental_use_pfor else 1
        target, source = whole(target, tape), checked(source, "source")
        shapes = target._value.shape, source._value.shape
        if not shapes[0] or not shapes[1] or shapes[0][0] != shapes[1][0]:
            raise ValueError(
                f"Need first dimension of target shape {target.shape} and source shape {source.shape} to match: it "
                "numbers the examples of the batch."
            )
        if self._recording and not self._persistent:
            self._stop()
        try:
            return batch_jacobians(tape, target, source, at_once)
        finally:
            self._used(tape)


TAPES.append(GradientTape)


def as_unconnected(value: Any) -> UnconnectedGradients:
    """Returns what to give for a source without a connection; ValueError for anything but the two words."""
    if value is UnconnectedGradients.NONE:
        return UnconnectedGradients.NONE
    try:
        return UnconnectedGradients(value)
    except ValueError:
        raise ValueError(f"Unknown value for unconnected_gradients: {value!r}; it is 'none' or 'zero'.") from None


def as_count(parallel_iterations: int | None) -> int | None:
    """Returns how many rows go back at once, at most; ValueError for none of them."""
    if parallel_iterations is not None and parallel_iterations < 1:
        raise ValueError(f"parallel_iterations must be a positive integer, got {parallel_iterations}.")
    return parallel_iterations


def whole(target: Any, tape: Tape) -> Any:
    """Returns the target of a Jacobian as one tensor; the rows of a lookup are put in their places, on the tape."""
    if not isinstance(target, IndexedSlices):
        return checked(target, "target")
    owner = tape.owner
    tape.owner = get_ident()
    try:
        return target.dense()
    finally:
        tape.owner = owner
