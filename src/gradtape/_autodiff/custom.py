"""Derivatives that the user gives: `custom_gradient`, `grad_pass_through`, `recompute_grad`."""

from __future__ import annotations

from _thread import get_ident
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import update_wrapper
from types import FunctionType
from typing import Any

import numpy as np

from gradtape._autodiff.accumulator import entry
from gradtape._autodiff.batching import BatchTensor, of_one_batch
from gradtape._autodiff.sweep import broadcasts_to
from gradtape._autodiff.tape import GradientTape
from gradtape._core import nest
from gradtape._core.calls import CallRecord
from gradtape._core.conversion import convert
from gradtape._core.dtypes import is_differentiable
from gradtape._core.op import OPS
from gradtape._core.slices import IndexedSlices
from gradtape._core.tensor import Carrier, Tensor, make_tensor
from gradtape._core.tracking import RECORDING, attach, detach, index_on, live_trackers
from gradtape._core.variable import Variable
from gradtape.errors import InvalidArgumentError


class Watcher:
    """Notes the trainable variables that are read while it stands among the tapes of a thread."""

    records = None
    order = -1

    def __init__(self) -> None:
        self.owner = 0
        self.closed = False
        self.tensors: dict[int, Tensor] = {}
        self.variables: dict[int, Variable] = {}
        # What tapes follow of the tensors that were used, by their ids.
        self.captured: dict[int, Tensor] = {}

    def position_of(self, variable: Variable) -> None:
        """Notes a variable that is being read; it gets no index, since nothing is recorded."""
        if variable.trainable and is_differentiable(variable._value.dtype):
            self.variables[id(variable)] = variable


@contextmanager
def watched() -> Iterator[Watcher]:
    """Returns a context that notes the variables that are read; tapes go on recording."""
    before, watcher = RECORDING.tapes, Watcher()
    within = RECORDING.tapes = (*before, watcher)
    try:
        yield watcher
    finally:
        # The same tuple again, by which variables know their last reading, unless a tape has stopped meanwhile.
        now = RECORDING.tapes
        RECORDING.tapes = before if now is within else tuple([tape for tape in now if tape is not watcher])


@contextmanager
def unrecorded() -> Iterator[Watcher]:
    """Returns a context in which no tape of this thread records; gives what notes the variables that are read.

    The tapes note what is used of the tensors that they follow: they are told of operations, as accumulators are.
    """
    tapes = RECORDING.tapes
    # Forward accumulators go on: they keep nothing, and the tangents are those of the operations.
    paused = [tape for tape in tapes if tape.records is not None]
    states = [(tape.owner, tape.noted) for tape in paused]
    watcher = Watcher()
    for tape in paused:
        tape.owner, tape.noted = -get_ident(), watcher.captured
    RECORDING.tapes = (*(tape for tape in tapes if tape.records is None), watcher)
    try:
        yield watcher
    finally:
        RECORDING.tapes = (
            tapes if not any(tape.closed for tape in paused) else tuple([tape for tape in tapes if not tape.closed])
        )
        for tape, (owner, noted) in zip(paused, states, strict=True):
            tape.owner, tape.noted = 0 if tape.closed else owner, noted


class Decorated:
    """A function with a gradient of its own; as a method it is bound before the gradient is given to it."""

    def __init__(self, decorator: Callable[[Any], Any], f: Any, call: Callable[..., Any]) -> None:
        if not callable(f):
            raise TypeError(f"{decorator.__name__}: a function is wanted, got {f!r} of type {type(f).__name__!r}.")
        # First: what is wrapped may be one of these itself.
        update_wrapper(self, f)
        self._decorator = decorator
        self._call = call

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._call(*args, **kwargs)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None or not hasattr(self.__wrapped__, "__get__"):
            return self
        return self._decorator(self.__wrapped__.__get__(instance, owner))

    __wrapped__: Any


def custom_gradient(f: Callable[..., Any] | None = None) -> Any:
    """Decorates a function that says itself what its gradient is.

    Args:
        f: a function that returns its result (a tensor or a structure of them) and a function `grad`. `grad` takes a
            cotangent for each tensor of the result and returns a cotangent for each argument, or None for one without.
            If `f` reads trainable variables, `grad` takes the keyword `variables`, a list of them, and returns the
            arguments' cotangents and a list of the variables'.

    Returns:
        A function of the same arguments, which are passed to `f` as they are. What `f` computes is recorded, so that
        `grad` may use its intermediate results and can be differentiated itself. Forwards, the functions of
        `tf.autodiff` go by `grad`, a `ForwardAccumulator` by the operations in `f`, as in TensorFlow, and `taylor` too.

    Raises:
        TypeError: `f` is no function; at a call, if it reads variables and `grad` has no parameter `variables`.
        ValueError: at a gradient, if `grad` returns another number of cotangents, or one of a shape that does not fit.

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
    return Decorated(custom_gradient, f, lambda *args, **kwargs: called(f, args, kwargs, watched))


def called(f: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], context: Any) -> Any:
    """Returns the result of a function that gives its gradient with it, run in a context that notes its variables."""
    with context() as watcher:
        returned = f(*args, **kwargs)
    if not isinstance(returned, tuple) or len(returned) != 2 or not callable(returned[1]):
        raise TypeError(
            f"{name_of(f)}: a function with a custom gradient returns a pair, its result and the function of its "
            f"gradient; got {returned!r}."
        )
    result, grad = returned
    leaves = nest.flatten(list(args))
    own = context is watched
    apart = [*leaves, *nest.flatten(kwargs)] if own else leaves
    given = {id(each._identity) for each in apart if isinstance(each, Variable)}
    variables = [variable for key, variable in watcher.variables.items() if key not in given]
    if not own:
        # What is computed again has gradients of all that it used; its arguments are others then.
        variables += watcher.captured.values()
    if variables and not takes_variables(grad):
        raise TypeError(
            "If using @custom_gradient with a function that uses variables, then grad_fn must accept a 'variables' "
            f"keyword argument; {name_of(f)} reads {[variable.name for variable in variables]}."
        )
    inputs = [as_input(each) for each in leaves]
    kinds = [None if each is None else (each.dtype, each._value.shape) for each in inputs]
    kinds_of_variables = [(variable.dtype, variable._value.shape) for variable in variables]
    name = name_of(f)

    def pull(g: list[Tensor]) -> list[Any]:
        whole = any(isinstance(each, Carrier) for each in g)
        if not variables:
            return cotangents(name, grad(*g), kinds, whole)
        returned = grad(*g, variables=variables)
        if not isinstance(returned, tuple) or len(returned) != 2:
            raise ValueError(f"{name}: a pair is wanted of its gradient, the arguments' and the variables' gradients.")
        arguments, others = returned
        return cotangents(name, arguments, kinds, whole) + cotangents(name, others, kinds_of_variables, whole)

    read = [each if isinstance(each, Tensor) else each._read() for each in variables]
    return recorded(name, pull, [*(each for each in inputs if each is not None), *read], result, own)


PLAIN = (str, bytes, int, float, complex, np.generic, np.ndarray)


def as_input(value: Any) -> Tensor | None:
    """Returns an argument as a tensor that something may follow, None for one that nothing can follow."""
    if isinstance(value, Tensor):
        return value
    return None if isinstance(value, PLAIN) else convert(value)


def recorded(name: str, pull: Callable[[list[Tensor]], list[Any]], inputs: list[Tensor], result: Any, own: bool) -> Any:
    """Returns `result` as tensors that the tapes know as made of `inputs`, with `pull` as the way back.

    Where the gradient is the user's `own`, accumulators that honour it push tangents through the transpose of `pull`;
    for others, and where it does not say, the tangent is that of the operations.
    """
    found = [convert(each) for each in nest.flatten(result)]
    # An array stands for one tensor: the results are others than what the function computed.
    values = of_one_batch([each._value for each in found], [each._value for each in inputs])
    outputs = [make_tensor(each.view() if type(each) is np.ndarray else each) for each in values]
    trackers = live_trackers(inputs)
    for tensor, output in zip(found, outputs, strict=True):
        for tracker in live_trackers([tensor]):
            # The tangent that the operations gave, for the time being; a tape that knows of no argument, but of what
            # else the function used, goes through the operations.
            if tracker.records is None or tracker not in trackers:
                attach(output, tracker, index_on(tensor, tracker))
    for tracker in trackers:
        known = [] if tracker.records is not None else [(output, index_on(output, tracker)) for output in outputs]
        exact = own and bool(known) and tracker.honours
        if not known or exact or any(tangent is None and can_move(output) for output, tangent in known):
            tracker.record(CallRecord(name, pull), inputs, {}, outputs)
            for output, tangent in known:
                if tangent is not None and not exact:
                    attach(output, tracker, tangent)
    if RECORDING.recorder is not None:
        with unrecorded():
            # A function that is recorded keeps the gradient's own program, for those who differentiate the function.
            outputs = RECORDING.recorder.custom(name, pull, inputs, outputs)
    return nest.pack_sequence_as(result, outputs)


def cotangents(name: str, given: Any, kinds: list[Any], whole: bool) -> list[Any]:
    """Returns what the gradient of the function `name` gave as a list of tensors, or None.

    Args:
        name: of the function, for messages.
        given: what its `grad` returned.
        kinds: for each argument its dtype and shape, or None for one that nothing follows, which is left out.
        whole: whether a cotangent has to have its argument's shape; else it may be one that broadcasts to it.
    """
    found = [given] if given is None or isinstance(given, IndexedSlices) else nest.flatten(given)
    if len(found) != len(kinds):
        raise ValueError(
            f"{name}: custom_gradient function expected to return {len(kinds)} gradients, but returned {len(found)} "
            "instead."
        )
    results: list[Any] = []
    for position, (each, kind) in enumerate(zip(found, kinds, strict=True)):
        if kind is None:
            continue
        if each is not None and not isinstance(each, IndexedSlices):
            dtype, shape = kind
            each = convert(each, dtype)
            own = each._value.shape
            if own != shape and not broadcasts_to(own, shape):
                raise InvalidArgumentError(
                    f"{name}: its gradient number {position} has the shape {list(own)}, which does not fit the shape "
                    f"{list(shape)} of what it belongs to."
                )
            if own != shape and whole:
                each = OPS["broadcast_to"].function(each, shape)
        results.append(each)
    return results


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


def grad_pass_through(f: Callable[..., Any]) -> Any:
    """Returns `f` with the gradient of the identity, as used for rounding (a straight-through estimator).

    Args:
        f: a function of one tensor, whose result has the argument's shape.

    Returns:
        A function of the same argument.

    Raises:
        TypeError: `f` is no function.

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

    straight.__name__ = name_of(f)
    return Decorated(grad_pass_through, f, lambda *args, **kwargs: called(straight, args, kwargs, watched))


def recompute_grad(f: Callable[..., Any]) -> Any:
    """Returns `f` as a function of which a tape keeps the arguments alone; its inside is computed again for gradients.

    It saves memory for time: of a deep network, the tape holds one array a block instead of all inside. So do the tapes
    around it, to any order: the gradient is itself computed again where one of them records it. Only a tape around a
    forward accumulator keeps the inside, with the tangents. What `f` uses from elsewhere, tensors and variables, has
    gradients as well. Its inside runs twice: random numbers are drawn again, variables assigned again.

    Args:
        f: a function of tensors, which may read variables.

    Returns:
        A function of the same arguments.

    Raises:
        TypeError: `f` is no function.

    >>> import gradtape as tf
    >>> x = tf.Variable([0.0, 1.0])
    >>> with tf.GradientTape() as tape:
    ...     y = tf.recompute_grad(lambda x: tf.exp(tf.sin(x)))(x)
    >>> tape.gradient(y, x).numpy().round(4)
    array([1.    , 1.2534], dtype=float32)
    """

    def recomputed(*args: Any, **kwargs: Any) -> Any:
        def grad(*g: Any, variables: Any = None) -> Any:
            found = computed_again(f, args, kwargs, list(g), list(variables or ()))
            own = len(found) - len(variables or ())
            return found if variables is None else (found[:own], found[own:])

        return f(*args, **kwargs), grad

    def call(*args: Any, **kwargs: Any) -> Any:
        return f(*args, **kwargs) if seen_inside(args) else called(recomputed, args, kwargs, unrecorded)

    recomputed.__name__ = name_of(f)
    return Decorated(recompute_grad, f, call)


def seen_inside(args: Any) -> bool:
    """True where a tape has to record what a function computes, since it follows more than the function's results.

    These are the tangents that an accumulator inside the tape computes beside them, and the coefficients of series.
    """
    for each in nest.flatten(list(args)):
        if isinstance(each, Carrier) and not isinstance(each, BatchTensor):
            return True
    tapes = RECORDING.tapes
    first = min([entry(tape) for tape in tapes if tape.records is not None], default=None)
    return first is not None and any(tape.records is None and entry(tape) > first for tape in tapes)


def computed_again(f: Any, args: Any, kwargs: dict[str, Any], g: list[Any], variables: list[Any]) -> list[Any]:
    """Returns the cotangents of the leaves of `args` and of `variables`; the tapes that record keep nothing inside.

    Among the variables are the tensors that `f` uses from elsewhere.
    """
    reached: list[bool] = []
    recording = any(tape.records is not None for tape in RECORDING.tapes)

    def pulled(args: Any, g: list[Any]) -> list[Any]:
        with GradientTape(watch_accessed_variables=False) as tape:
            # Tensors of their own: no other tape follows them.
            leaves = [OPS["identity"].function(each) if can_move(each) else each for each in nest.flatten(args)]
            sources = [each for each in leaves if can_move(each)] + variables
            tape.watch(sources)
            tracker = tape._tape
            result = f(*nest.pack_sequence_as(args, leaves), **kwargs)
        found = iter(tape.gradient(result, sources, output_gradients=g))
        detach([each for each in variables if isinstance(each, Tensor)], tracker)
        every = [next(found) if can_move(each) else None for each in leaves] + list(found)
        reached[:] = [each is not None for each in every]
        return [convert(each) for each in every if each is not None]

    results = iter((recompute_grad(pulled) if recording else pulled)(list(args), g))
    return [next(results) if reaches else None for reaches in reached]


def can_move(value: Any) -> bool:
    """True for a tensor or a variable that can have a derivative."""
    return isinstance(value, Tensor | Variable) and is_differentiable(value._value.dtype)
