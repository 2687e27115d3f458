"""`tf.function`: a Python function that is recorded when it is called first and replayed afterwards."""

from __future__ import annotations

import copy
import functools
import gc
import weakref
from collections import OrderedDict
from collections.abc import Callable
from threading import RLock
from typing import Any

from gradtape._core.tensor import Tensor, make_tensor
from gradtape._core.tracking import RECORDING
from gradtape._executors.concrete import ConcreteFunction
from gradtape._executors.entries import NOT_FOR_THIS, entry_for, no_entry
from gradtape._executors.explain import Explanation, arguments_text, explanation
from gradtape._executors.followed import is_followed
from gradtape._executors.interpreter import Missed
from gradtape._executors.methods import Method, OwnSignature, captures_of, looks_like_method
from gradtape._executors.recorder import SINGLETONS
from gradtape._executors.results import tensors_of
from gradtape._executors.signatures import Arguments, Parameters, covers, relaxed
from gradtape._executors.traces import Trace

# Of the signatures that a function was called with, so many are kept: those that were used last.
MOST_SIGNATURES = 64
# And for one signature so many recordings, which differ in what the function read from outside.
MOST_VARIANTS = 16
# So many seconds a thread waits for another's first call, which may itself wait for this one; then it runs eagerly.
MOST_WAITING = 1.0
# So many forms of call with the same shapes are tried before a call is looked up.
MOST_ENTRIES = 4


class Settings:
    """What holds for all functions: whether they run eagerly, as `tf.config.run_functions_eagerly` says."""

    eagerly = False


SETTINGS = Settings()


class Variants:
    """The traces of one signature.

    Attributes:
        traces: one for each state of what the function reads from outside; the only one, if it runs eagerly.
        references: weak references to the objects in the key.
    """

    __slots__ = ("references", "traces")

    def __init__(self, references: list[Any]) -> None:
        self.traces: list[Trace] = []
        self.references = references


class Function:
    """A Python function that `tf.function` made one that is recorded and replayed.

    Its first call with arguments of a signature (the tensors' dtypes and shapes, and what the others are) runs the
    Python function for real, with each operation noted; the following ones replay what was noted, as long as all that
    Python read of tensors, variables and the function's surroundings is the same.

    Attributes:
        python_function: the function.

    >>> import gradtape as tf
    >>> square = tf.function(lambda x: x * x)
    >>> square(tf.constant(3.0)), square.python_function(3.0), square.name
    (<tf.Tensor: shape=(), dtype=float32, numpy=9.0>, 9.0, '<lambda>')
    """

    __signature__ = OwnSignature()

    def __init__(self, python_function: Callable[..., Any], input_signature: Any = None, reduce: bool = False) -> None:
        if not callable(python_function):
            raise TypeError(f"{python_function!r} is not a callable object")
        functools.update_wrapper(self, python_function, updated=())
        self.python_function = python_function
        self._options = input_signature, reduce
        self._lock, self._first = RLock(), RLock()
        self._called = False
        self._variants: OrderedDict[Any, Variants] = OrderedDict()
        # TensorFlow's signatures: for each the text, None for one that has not been recorded yet.
        self._kinds: OrderedDict[Any, str | None] = OrderedDict()
        self._count = 0
        # How many signatures there have been; of those that are not recorded, how often they came; how often they must.
        self._made = 0
        self._seen: dict[Any, int] = {}
        self._patience = 2
        # The fast ways in: the one that was used last, and all by the shapes of a call.
        self._recent: Callable[..., Any] = no_entry
        self._entries: dict[Any, tuple[Callable[..., Any], ...]] = {}
        self._concrete: dict[Any, ConcreteFunction] = {}
        self._methods: dict[int, tuple[Any, Function]] = {}
        mine = weakref.ref(self)
        self._forget = lambda reference: forget(mine(), reference)
        if not looks_like_method(python_function):
            self._parameters  # noqa: B018

    @functools.cached_property
    def _parameters(self) -> Parameters:
        return Parameters(self.python_function, self._options[0])

    # -- calls

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Returns what the Python function returns, its numbers and arrays as tensors."""
        followed = RECORDING.tapes
        if (
            RECORDING.maps
            or RECORDING.rule is not None
            or SETTINGS.eagerly
            or (followed and RECORDING.recorder is not None)
        ):
            return self._call(args, kwargs)
        found = self._recent(self, args, kwargs, followed)
        if found is not NOT_FOR_THIS:
            return found
        shapes = tuple([each._value.shape if type(each) is Tensor else None for each in args])
        for entry in self._entries.get(shapes, ()):
            found = entry(self, args, kwargs, followed)
            if found is not NOT_FOR_THIS:
                self._recent = entry
                return found
        return self._call(args, kwargs)

    def _call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Calls the function in any circumstances."""
        if SETTINGS.eagerly:
            return self.python_function(*args, **kwargs)
        arguments = self._parameters.taken(args, kwargs, self._forget)
        if RECORDING.recorder is not None or RECORDING.rule is not None or RECORDING.maps:
            # The operations belong to the function around; inside of a map, each row has random numbers of its own.
            return self._runner(arguments)(arguments.tensors)
        if self._called:
            return self._run(arguments, args, kwargs, None)
        if not self._first.acquire(timeout=MOST_WAITING):
            return self._runner(arguments)(arguments.tensors)
        try:
            created: list[Any] | None = None if self._called else []
            result = self._run(arguments, args, kwargs, created)
            self._called = True
        finally:
            self._first.release()
        if created:
            # What was recorded holds them, in circles.
            gc.collect(1)
            if any(reference() is None for reference in created):
                self._called = False
                raise ValueError(SINGLETONS)
        return result

    def _runner(self, arguments: Arguments) -> Callable[[list[Any]], Any]:
        """Returns the function that runs the Python function on tensors in the place of the arguments'."""

        def run(tensors: list[Any]) -> Any:
            args, kwargs = arguments.filled(tensors)
            return tensors_of(self.python_function(*args, **kwargs))

        return run

    def _run(self, arguments: Arguments, args: Any, kwargs: Any, created: list[Any] | None) -> Any:
        """Replays a call or records it.

        Args:
            arguments: the call's, taken apart.
            args, kwargs: the same as they were given.
            created: takes the variables that are made, None if none may be.
        """
        run, tensors = self._runner(arguments), arguments.tensors
        trace = self._trace_for(arguments)
        trace.creates = created is not None
        try:
            if RECORDING.tapes or is_followed(tensors):
                result = trace.call_followed(run, tensors)
            else:
                result = trace.call(run, tensors)
        except BaseException:
            if trace.program is None and trace.eager is None:
                self._discard(arguments.key, trace)
            raise
        if not trace.noted:
            trace.noted = True
            self._count_kind(arguments, result, bool(trace.created))
            if trace.created:
                created += trace.created  # type: ignore[operator]
                self._discard(arguments.key, trace)
        elif trace is not STRANGER:
            self._enter(trace, arguments, args, kwargs)
        return result

    def _trace_for(self, arguments: Arguments) -> Trace:
        """Returns the trace that a call belongs to, a new one where there is none."""
        with self._lock:
            variants = self._variants.get(arguments.key)
            if variants is None:
                if self._made >= MOST_SIGNATURES and self._is_rare(arguments.key):
                    return STRANGER
                self._made += 1
                variants = self._variants[arguments.key] = Variants(arguments.references)
                if len(self._variants) > MOST_SIGNATURES:
                    self._leave(self._variants.popitem(last=False)[1])
                    self._patience = min(2 * self._patience, MOST_SIGNATURES)
            else:
                self._variants.move_to_end(arguments.key)
            changed = ""
            for trace in variants.traces:
                if trace.captures is None or trace.eager is not None or trace.captures.hold():
                    return trace
                changed = trace.captures.changed() or ""
            trace = Trace(arguments.labels, self.name)
            if len(variants.traces) < MOST_VARIANTS:
                trace.captures = captures_of(self.python_function, arguments)
                trace.eager = trace.captures.volatile
            else:
                trace.eager = f"what it reads from outside keeps changing: {changed}"
                variants.traces.clear()
                self._recent, self._entries = no_entry, {}
            variants.traces.append(trace)
            trace.arguments, trace.cause = arguments_text(arguments), changed
            return trace

    def _is_rare(self, key: Any) -> bool:
        """True for a signature that has not come often yet, among many others: to record it does not pay."""
        seen = self._seen.pop(key, 0) + 1
        if seen >= self._patience:
            return False
        self._seen[key] = seen
        if len(self._seen) > 4 * MOST_SIGNATURES:
            del self._seen[next(iter(self._seen))]
        return True

    def _discard(self, key: Any, trace: Trace) -> None:
        """Forgets a trace that holds nothing."""
        with self._lock:
            variants = self._variants.get(key)
            if variants is not None and trace in variants.traces:
                variants.traces.remove(trace)
                if not variants.traces:
                    del self._variants[key]

    def _enter(self, trace: Trace, arguments: Arguments, args: Any, kwargs: Any) -> None:
        """Makes the way into a trace short for calls of one form."""
        form = (*map(type, args), *[(name, type(value)) for name, value in kwargs.items()])
        with self._lock:
            if form not in trace.entries:
                trace.entries[form] = entry_for(trace, arguments, self._parameters, args, kwargs)
            entry = trace.entries[form]
            if entry is not None:
                shapes = tuple([each._value.shape if type(each) is Tensor else None for each in args])
                others = [each for each in self._entries.get(shapes, ()) if each is not entry]
                self._entries[shapes] = (entry, *others[: MOST_ENTRIES - 1])
                self._recent = entry

    def _leave(self, variants: Variants) -> None:
        """Forgets the short ways into traces that go."""
        gone = {entry for trace in variants.traces for entry in trace.entries.values()}
        if self._recent in gone:
            self._recent = no_entry
        for shapes, entries in [*self._entries.items()]:
            if left := tuple([each for each in entries if each not in gone]):
                self._entries[shapes] = left
            else:
                self._entries.pop(shapes, None)

    def _follow(self, trace: Trace, tensors: list[Tensor], args: Any, kwargs: Any, missed: Missed | None) -> Any:
        """Calls the function where an entry found its trace, and tapes record; with what a replay has missed."""
        if trace.eager is not None and not kwargs and all(type(each) is Tensor for each in args):
            return tensors_of(self.python_function(*args))

        def run(given: list[Any]) -> Any:
            return self._runner(self._parameters.taken(args, kwargs, self._forget))(given)

        trace.creates = False
        return trace.call_followed(run, tensors, missed)

    def _idle(self, trace: Trace, args: Any, kwargs: Any) -> Any:
        """Calls the function where an entry found a trace without a compiled program."""
        if trace.eager is None:
            return NOT_FOR_THIS
        return tensors_of(self.python_function(*args, **kwargs))

    def _missed(self, trace: Trace, args: Any, kwargs: Any, found: Missed) -> Any:
        """Records a call whose replay came to an answer that there was no branch for."""
        arguments = self._parameters.taken(args, kwargs, self._forget)
        trace.creates = False
        _, finish, arrays = trace.record(self._runner(arguments), arguments.tensors, found.performed)
        return finish([make_tensor(each) for each in arrays])

    # -- what TensorFlow counts

    def _count_kind(self, arguments: Arguments, result: Any, again: bool) -> None:
        """Notes a recording for what TensorFlow calls a trace.

        Args:
            arguments, result: the call's.
            again: whether variables were made, so that TensorFlow traces the function once more.
        """
        kind = self._note(arguments)
        self._count += again
        if self._kinds.get(kind, "") is None:
            self._kinds[kind] = ConcreteFunction(
                self, arguments, self._parameters, kind, result
            ).pretty_printed_signature()

    def _note(self, arguments: Arguments) -> Any:
        """Returns the kind of a call, counted if it is a new one."""
        if self._parameters.specs is not None:
            kind: Any = "input_signature"
        else:
            kind = arguments.kind()
        with self._lock:
            if kind in self._kinds:
                return kind
            for known in self._kinds:
                if covers(known, kind):
                    return known
            if self._options[1]:
                kind = relaxed(kind, self._kinds)
            self._count += 1
            self._kinds[kind] = None
            if len(self._kinds) > MOST_SIGNATURES:
                self._kinds.popitem(last=False)
        return kind

    def explain(self) -> Explanation:
        """Returns what was recorded, why it was recorded again or runs eagerly, and what a call asks for, as text.

        >>> import gradtape as tf
        >>> @tf.function
        ... def square(x):
        ...     return x * x
        >>> square.explain()
        square has not been called yet: nothing is recorded.
        >>> square(tf.constant([1.0, 2.0])).numpy()
        array([1., 4.], dtype=float32)
        >>> square.explain()
        square(x: float32[2])
            ran as Python once to record it
            1 operation, 1 when simplified
        """
        with self._lock:
            return explanation(self.name, [trace for each in self._variants.values() for trace in each.traces])

    def experimental_get_tracing_count(self) -> int:
        """Returns how often the function was recorded for a new signature; further branches of one do not count."""
        return self._count

    def pretty_printed_concrete_signatures(self, verbose: bool = True) -> str:
        """Returns the signatures that the function was recorded for, as text.

        Args:
            verbose: ignored.
        """
        return "\n\n".join([text for text in self._kinds.values() if text is not None])

    def get_concrete_function(self, *args: Any, **kwargs: Any) -> ConcreteFunction:
        """Returns the function for one signature alone.

        Args:
            *args, **kwargs: arguments of that signature: tensors, or a `TensorSpec` for each; with an
                `input_signature` they may be left out.

        Raises:
            TypeError: they do not fit the function.
        """
        specs = self._parameters.specs
        if specs is not None and not args and not kwargs:
            args = specs
        arguments = self._parameters.taken(args, kwargs)
        kind = self._note(arguments)
        if kind not in self._concrete:
            self._concrete[kind] = ConcreteFunction(self, arguments, self._parameters, kind)
        return self._concrete[kind]

    @property
    def input_signature(self) -> Any:
        """The specs that it was given for its arguments, a tuple, or None."""
        return self._parameters.specs

    @property
    def name(self) -> str:
        """The name of the Python function."""
        return str(getattr(self.python_function, "__name__", type(self.python_function).__name__))

    # -- methods

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        """Returns the function as a method of an object, which has recordings of its own and is held weakly."""
        if instance is None or not hasattr(self.python_function, "__get__"):
            # What Python does not make a method of, such as a partial function, stays as it is.
            return self
        known = self._methods.get(id(instance))
        if known is not None and known[0]() is instance:
            return known[1]
        with self._lock:
            number, methods = id(instance), self._methods

            def forget_instance(reference: Any) -> None:
                if number in methods and methods[number][0] is reference:
                    del methods[number]

            method = Method(self.python_function, instance)
            function = Function(method, *self._options)
            methods[number] = weakref.ref(instance, forget_instance), function
        return function

    def __copy__(self) -> Function:
        return Function(self.python_function, *self._options)

    def __deepcopy__(self, memo: Any) -> Function:
        return Function(copy.deepcopy(self.python_function, memo), *self._options)

    def __reduce__(self) -> Any:
        return Function, (self.python_function, *self._options)


def forget(function: Function | None, reference: Any) -> None:
    """Forgets what was recorded for an object that is gone."""
    if function is None:
        return
    for key, variants in [*function._variants.items()]:
        if any(each is reference for each in variants.references):
            function._variants.pop(key, None)
            function._leave(variants)


# Stands for signatures that come too seldom to be recorded.
STRANGER = Trace([])
STRANGER.noted = True
STRANGER.eager = f"there have been more than {MOST_SIGNATURES} signatures, and this one comes seldom"


def function(
    func: Callable[..., Any] | None = None,
    input_signature: Any = None,
    autograph: bool = True,
    jit_compile: bool | None = None,
    reduce_retracing: bool = False,
    experimental_implements: str | None = None,
    experimental_autograph_options: Any = None,
    experimental_attributes: Any = None,
    experimental_relax_shapes: bool | None = None,
    experimental_compile: bool | None = None,
    experimental_follow_type_hints: bool | None = None,
) -> Any:
    """Makes a Python function one that is recorded when it is called, and replayed when it is called again.

    A call runs the Python function for real and notes its operations; calls with tensors of the same dtypes and shapes
    run these operations again, without Python in between. What Python reads of a tensor (`if x > 0:`) is noted as
    well: where a later call has another answer, the function runs for real once more. So `if`, `for` and `while` mean
    what they mean without `tf.function`.

    Args:
        func: the function; None where `tf.function(...)` is used as a decorator with arguments.
        input_signature: a list of a `TensorSpec` for each argument, or a structure of them: arguments are converted to
            these, and refused where they do not fit.
        autograph: ignored: Python's source is not rewritten.
        jit_compile: ignored: what is recorded is always optimised.
        reduce_retracing: whether `experimental_get_tracing_count` counts shapes that differ as one signature.
        experimental_implements, experimental_autograph_options, experimental_attributes, experimental_compile,
            experimental_follow_type_hints: ignored.
        experimental_relax_shapes: another name of `reduce_retracing`.

    Returns:
        A `tf.types.experimental.PolymorphicFunction`, or a decorator if `func` is None.

    Raises:
        TypeError: `func` cannot be called, or `input_signature` does not fit it.

    >>> import gradtape as tf
    >>> @tf.function
    ... def square(x):
    ...     return x * x
    >>> square(tf.constant(3.0)), square.experimental_get_tracing_count()
    (<tf.Tensor: shape=(), dtype=float32, numpy=9.0>, 1)
    """
    reduce = bool(reduce_retracing or experimental_relax_shapes)
    if func is None:
        return lambda inner: Function(inner, input_signature, reduce)
    return Function(func, input_signature, reduce)
