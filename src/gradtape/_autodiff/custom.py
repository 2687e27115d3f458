"""Derivatives that the user gives: `custom_gradient`, `grad_pass_through`, `recompute_grad`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from types import FunctionType
from typing import Any

from gradtape._autodiff.tape import GradientTape
from gradtape._core import nest
from gradtape._core.conversion import convert
from gradtape._core.dtypes import is_differentiable
from gradtape._core.op import Rule
from gradtape._core.slices import IndexedSlices
from gradtape._core.tensor import Tensor, make_tensor
from gradtape._core.tracking import RECORDING, live_trackers
from gradtape._core.variable import Variable


class Watcher:
    """Notes the trainable variables that are read while it stands in for the tapes of a thread."""

    records = None

    def __init__(self) -> None:
        self.owner = 0
        self.closed = False
        self.tensors: dict[int, Tensor] = {}
        self.variables: dict[int, Variable] = {}

    def position_of(self, variable: Variable) -> None:
        """Notes a variable that is being read; it gets no index, since nothing is recorded."""
        if variable.trainable and is_differentiable(variable._value.dtype):
            self.variables[id(variable)] = variable


@contextmanager
def unrecorded() -> Iterator[Watcher]:
    """Returns a context in which no tape of this thread records; gives what notes the variables that are read."""
    tapes = RECORDING.tapes
    # Forward accumulators go on: the tangents of a function with its own gradient are those of its operations.
    paused = [tape for tape in tapes if tape.records is not None]
    owners = [tape.owner for tape in paused]
    watcher = Watcher()
    for tape in paused:
        tape.owner = 0
    RECORDING.tapes = (*(tape for tape in tapes if tape.records is None), watcher)
    try:
        yield watcher
    finally:
        RECORDING.tapes = tapes
        for tape, owner in zip(paused, owners, strict=True):
            tape.owner = owner


class CallRule(Rule):
    """The rule of a user's function: called with a list of cotangents, gives one for each input, or None."""

    __slots__ = ()

    def __init__(self, function: Callable[[list[Tensor]], list[Any]]) -> None:
        self.function = function
        self.residuals = ()

    def read(self, meaning: Any) -> Callable[..., Any]:
        """The rule for values: the user's function sees tensors all the same."""

        def on_arrays(g: list[Any]) -> list[Any]:
            found = self.function([make_tensor(each) for each in g])
            return [each if each is None or isinstance(each, IndexedSlices) else each._value for each in found]

        return on_arrays


class CallRecord:
    """What the engine reads of an operation, for one call of a user's function: its rule and nothing more."""

    family = "primitive"
    inputs = ("arguments",)
    params = ()
    holomorphic = False
    variadic = outputs = True
    jvp = None

    def __init__(self, name: str, pull: Callable[[list[Tensor]], list[Any]]) -> None:
        self.name = name
        self.rules = {"arguments": CallRule(pull)}


def custom_gradient(f: Callable[..., Any] | None = None) -> Any:
    """Decorates a function that says itself what its gradient is.

    Args:
        f: a function of tensors, which returns its result (a tensor or a structure of them) and a function `grad`.
            `grad` takes a cotangent for each tensor of the result and returns a cotangent for each argument, or None
            for one without. If `f` reads trainable variables, `grad` takes the keyword `variables`, a list of them, and
            returns the arguments' cotangents and a list of the variables'.

    Returns:
        A function of the same arguments, which become tensors; keyword arguments are passed on as they are.

    Raises:
        TypeError: at a call, if `f` reads variables and `grad` has no parameter `variables`.
        ValueError: at a gradient, if `grad` returns another number of cotangents.

    >>> import gradtape as tf
    >>> @tf.custom_gradient
    ... def clipped(x):
    ...     return x, lambda g: tf.clip_by_value(g, -1.0, 1.0)
    >>> x = tf.Variable(3.0)
    >>> with tf.GradientTape() as tape:
    ...     y = 10.0 * clipped(x)
    >>> tape.gradient(y, x).numpy()
    np.float32(1.0)
    """
    if f is None:
        return custom_gradient

    @wraps(f)
    def decorated(*args: Any, **kwargs: Any) -> Any:
        leaves = [convert(each) for each in nest.flatten(list(args))]
        arguments = nest.pack_sequence_as(list(args), leaves)
        with unrecorded() as watcher:
            returned = f(*arguments, **kwargs)
        if not isinstance(returned, tuple) or len(returned) != 2 or not callable(returned[1]):
            raise TypeError(
                f"{name_of(f)}: a function with a custom gradient returns a pair, its result and the function of its "
                f"gradient; got {returned!r}."
            )
        result, grad = returned
        variables = list(watcher.variables.values())
        if variables and not takes_variables(grad):
            raise TypeError(
                "If using @custom_gradient with a function that uses variables, then grad_fn must accept a 'variables' "
                f"keyword argument; {name_of(f)} reads {[variable.name for variable in variables]}."
            )

        def pull(g: list[Tensor]) -> list[Any]:
            if not variables:
                return cotangents(grad(*g), leaves)
            given = grad(*g, variables=variables)
            if not isinstance(given, tuple) or len(given) != 2:
                raise ValueError(f"{name_of(grad)}: a pair is wanted, the arguments' gradients and the variables'.")
            return cotangents(given[0], leaves) + cotangents(given[1], variables)

        return recorded(name_of(f), pull, leaves + [variable._read() for variable in variables], result)

    return decorated


def recorded(name: str, pull: Callable[[list[Tensor]], list[Any]], inputs: list[Tensor], result: Any) -> Any:
    """Returns `result` as tensors that the tapes know as made of `inputs`, with `pull` as the way back."""
    found = [convert(each) for each in nest.flatten(result)]
    outputs = [make_tensor(each._value) for each in found]
    for tensor, output in zip(found, outputs, strict=True):
        # What accumulators know of the result stays with it.
        for tracker in live_trackers([tensor]):
            if tracker.records is None:
                tracker.follow(output, tracker.tangent_of(tensor))
    for tracker in live_trackers(inputs):
        if tracker.records is not None:
            tracker.record(CallRecord(name, pull), inputs, {}, outputs)
    return nest.pack_sequence_as(result, outputs)


def cotangents(given: Any, inputs: list[Any]) -> list[Any]:
    """Returns what a user's `grad` gave as a list of tensors (or None), one for each of `inputs`."""
    found = [given] if given is None or isinstance(given, IndexedSlices) else nest.flatten(given)
    if len(found) != len(inputs):
        raise ValueError(
            f"custom_gradient function expected to return {len(inputs)} gradients, but returned {len(found)} instead."
        )
    return [
        each if each is None or isinstance(each, IndexedSlices) else convert(each, source.dtype)
        for each, source in zip(found, inputs, strict=True)
    ]


def takes_variables(grad: Any) -> bool:
    """True if a function has a parameter `variables`, or any keyword."""
    if isinstance(grad, FunctionType):
        code = grad.__code__
        named = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        return "variables" in named or bool(code.co_flags & 0x08)
    import inspect

    parameters = inspect.signature(grad).parameters.values()
    return any(each.name == "variables" or each.kind is each.VAR_KEYWORD for each in parameters)


def name_of(function: Any) -> str:
    """The name of a function, for messages."""
    return getattr(function, "__name__", repr(function))


def grad_pass_through(f: Callable[..., Any]) -> Callable[..., Any]:
    """Returns `f` with the gradient of the identity, as used for rounding (a straight-through estimator).

    Args:
        f: a function of one tensor, whose result has the argument's shape.

    Returns:
        A function of the same argument.

    >>> import gradtape as tf
    >>> x = tf.Variable([1.2, 2.7])
    >>> with tf.GradientTape() as tape:
    ...     y = tf.grad_pass_through(tf.round)(x) * 3.0
    >>> tape.gradient(y, x).numpy()
    array([3., 3.], dtype=float32)
    """

    def straight(*args: Any, **kwargs: Any) -> Any:
        def grad(*g: Any, variables: Any = None) -> Any:
            return (list(g), [None] * len(variables)) if variables is not None else list(g)

        return f(*args, **kwargs), grad

    return custom_gradient(wraps(f)(straight))


def recompute_grad(f: Callable[..., Any]) -> Callable[..., Any]:
    """Returns `f` as a function of which a tape keeps the arguments alone; its inside is computed again for gradients.

    It saves memory for time: of a deep network, the tape holds one array a block instead of all inside.

    Args:
        f: a function of tensors, which may read variables.

    Returns:
        A function of the same arguments.

    >>> import gradtape as tf
    >>> x = tf.Variable([0.0, 1.0])
    >>> with tf.GradientTape() as tape:
    ...     y = tf.recompute_grad(lambda x: tf.exp(tf.sin(x)))(x)
    >>> tape.gradient(y, x).numpy().round(4)
    array([1.    , 1.2534], dtype=float32)
    """

    def recomputed(*args: Any, **kwargs: Any) -> Any:
        def grad(*g: Any, variables: Any = None) -> Any:
            with GradientTape(watch_accessed_variables=False) as tape:
                tape.watch([each for each in nest.flatten(list(args)) if is_differentiable(each._value.dtype)])
                tape.watch(variables or [])
                result = f(*args, **kwargs)
            found = tape.gradient(result, [list(args), list(variables or [])], output_gradients=list(g))
            return (found[0], found[1]) if variables is not None else found[0]

        return f(*args, **kwargs), grad

    return custom_gradient(wraps(f)(recomputed))
