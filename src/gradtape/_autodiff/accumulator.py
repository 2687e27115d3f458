"""`ForwardAccumulator`: carries tangents forwards through operations as they run."""

from __future__ import annotations

from _thread import get_ident
from typing import Any

from gradtape._autodiff.batching import new_level
from gradtape._autodiff.forward import push_forward
from gradtape._autodiff.sweep import UnconnectedGradients, checked, zeros_like
from gradtape._core import nest
from gradtape._core.conversion import convert
from gradtape._core.dtypes import is_differentiable
from gradtape._core.op import Op
from gradtape._core.tensor import Tensor
from gradtape._core.tracking import RECORDING, attach, index_on
from gradtape._core.variable import Variable


def entry(tracker: Any) -> int:
    """Returns the number of a tracker's entry; -1 for one that only watches."""
    number: int = tracker.order if tracker.records is None else tracker.born
    return number


class Tangents:
    """The tracker behind a `ForwardAccumulator`: what tensors hold, and the user does not.

    As with a tape, it is the user's object that keeps it open: tensors let go of one that is closed.
    """

    # A tape keeps records; this does not, and is told of an operation by the general door alone: its owner is the
    # thread's ident with a minus, which no fast path takes for its own.
    records = None
    __slots__ = ("_inner", "_known", "closed", "honours", "order", "owner", "tensors", "variables")

    def __init__(self) -> None:
        self.owner = 0
        self.closed = False
        # Whether a custom gradient counts forwards, too: TensorFlow's accumulators go by the operations inside of it.
        self.honours = False
        self.order = -1
        self.tensors: dict[int, Tensor] = {}
        # By the variable's id: the variable and its tangent.
        self.variables: dict[int, tuple[Variable, Tensor]] = {}
        # The trackers that were last seen to record in the thread, and which of them this one stops while it computes.
        self._known: tuple[Any, ...] = ()
        self._inner: list[Any] = []

    def close(self) -> None:
        """Forgets everything, for good."""
        self.closed = True
        self.owner = 0
        self.tensors = {}
        self.variables = {}
        self._known, self._inner = (), []

    def enter(self) -> None:
        """Follows what the thread computes from now on."""
        self.order = new_level()
        self.owner = -get_ident()
        RECORDING.tapes = (*RECORDING.tapes, self)

    def leave(self) -> None:
        """Follows no more for now."""
        self.owner = 0
        self._known, self._inner = (), []
        RECORDING.tapes = tuple([each for each in RECORDING.tapes if each is not self])

    def position_of(self, variable: Variable) -> Tensor | None:
        """Returns the tangent of a variable that is being read."""
        return self.variables.get(id(variable), (variable, None))[1]

    def record(self, op: Op, tensors: list[Tensor], params: dict[str, Any], outputs: list[Tensor]) -> None:
        """Computes the tangents of an operation's results from those of its inputs."""
        tangents = [index_on(tensor, self) for tensor in tensors]
        tapes = RECORDING.tapes
        if tapes is not self._known:
            # What this computes is followed neither by itself nor by what was entered later, as in TensorFlow: it
            # belongs to the outer of the two.
            self._known, self._inner = tapes, [each for each in tapes if entry(each) >= self.order]
        owners = [each.owner for each in self._inner]
        for each in self._inner:
            each.owner = 0
        try:
            pushed = push_forward(op, tensors, params, outputs, tangents)
        finally:
            for each, owner in zip(self._inner, owners, strict=True):
                each.owner = owner
        for output, tangent in zip(outputs, pushed, strict=True):
            if tangent is not None and is_differentiable(output._value.dtype):
                attach(output, self, tangent)


class ForwardAccumulator:
    """Computes Jacobian-vector products: `with tf.autodiff.ForwardAccumulator(primals, tangents) as acc: …`.

    Each operation inside the block on a tensor that moves gives the tangent of its result at once; nothing is kept. The
    order of memory is that of the program, whatever its length. Accumulators nest, and tapes around them record what
    they compute; tapes and accumulators that are entered inside do not follow it, as in TensorFlow.

    Args:
        primals: a tensor or variable, or a structure of them.
        tangents: for each a direction, of its dtype.

    Raises:
        ValueError: the structures differ, a primal stands there twice, or a tangent is of another dtype.

    >>> import gradtape as tf
    >>> x = tf.constant([1.0, 2.0])
    >>> with tf.autodiff.ForwardAccumulator(x, tf.constant([1.0, 0.0])) as acc:
    ...     y = tf.reduce_sum(x**2.0)
    >>> acc.jvp(y).numpy()
    np.float32(2.0)
    """

    def __init__(self, primals: Any, tangents: Any) -> None:
        self._tracker = tracker = Tangents()
        self._recording = False
        nest.assert_same_structure(primals, tangents, check_types=False)
        seen: set[int] = set()
        pairs = zip(nest.flatten(primals), nest.flatten(tangents), strict=True)
        for position, (primal, tangent) in enumerate(pairs):
            primal = checked(primal, "primal")
            if tangent is None:
                raise ValueError(f"The tangent of primal number {position} is None: give zeros for what does not move.")
            if id(primal) in seen:
                raise ValueError(
                    f"Tensor {primal!r} was specified as a primal multiple times. This may indicate an error. If it "
                    "was intended, please sum the corresponding tangents."
                )
            seen.add(id(primal))
            tangent = convert(tangent, primal.dtype)
            if tangent._value.shape != primal._value.shape:
                raise ValueError(
                    f"A tangent of shape {list(tangent._value.shape)} was given for a primal of shape "
                    f"{list(primal._value.shape)}; they have to be equal."
                )
            if not is_differentiable(primal._value.dtype):
                continue
            if isinstance(primal, Variable):
                tracker.variables[id(primal)] = (primal, tangent)
                primal._read_cache = None
            else:
                tracker.tensors[id(primal._value)] = primal
                attach(primal, tracker, tangent)

    def __del__(self) -> None:
        tracker = getattr(self, "_tracker", None)
        if tracker is not None:
            tracker.close()

    def __enter__(self) -> ForwardAccumulator:
        if self._recording:
            raise ValueError("Accumulator is already recording.")
        self._recording = True
        self._tracker.enter()
        return self

    def __exit__(self, *error: object) -> None:
        self._recording = False
        self._tracker.leave()

    def tangent_of(self, tensor: Tensor) -> Tensor | None:
        """Returns the tangent of a tensor, None if it does not move."""
        found: Tensor | None = index_on(tensor, self._tracker)
        return found

    def jvp(self, primals: Any, unconnected_gradients: Any = UnconnectedGradients.NONE) -> Any:
        """Returns the tangents of `primals`.

        Args:
            primals: a tensor or variable that was computed, or a structure of them.
            unconnected_gradients: `"none"` or `"zero"`: what to give for one that does not depend on what moves.

        Returns:
            The tangents in the same form; None or zeros for what does not move.

        Raises:
            ValueError: `unconnected_gradients` is neither of the two.
            TypeError: something in `primals` is no tensor or variable.
        """
        try:
            zero = UnconnectedGradients(unconnected_gradients) is UnconnectedGradients.ZERO
        except ValueError:
            raise ValueError(f"Unknown value for unconnected_gradients: {unconnected_gradients!r}") from None

        def tangent(primal: Any) -> Any:
            primal = checked(primal, "primal")
            found = self._tracker.position_of(primal) if isinstance(primal, Variable) else self.tangent_of(primal)
            return zeros_like(primal) if found is None and zero else found

        return nest.map_structure(tangent, primals)


def accumulating(primals: Any, tangents: Any) -> ForwardAccumulator:
    """Returns an accumulator for which a custom gradient is the derivative, as it is for a tape.

    The functions of `tf.autodiff` use it, so that their answers do not depend on the mode.
    """
    accumulator = ForwardAccumulator(primals, tangents)
    accumulator._tracker.honours = True
    return accumulator
