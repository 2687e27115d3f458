"""Python's functions as operations, and what orders them in graphs: here they run where they stand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from gradtape._core import nest
from gradtape._core.conversion import convert
from gradtape._core.dtypes import DType, as_dtype, is_differentiable
from gradtape._core.tensor import Tensor, make_tensor
from gradtape._core.tracking import RECORDING, performed
from gradtape._ops.steps import unrecorded
from gradtape.errors import InvalidArgumentError, WrongTypeError

# What `tuple` means to Python: below it is TensorFlow's function.
_tuple = type(())


def py_function(
    func: Callable[..., Any] | None = None, inp: Any = None, Tout: Any = None, name: str | None = None
) -> Any:
    """Calls a Python function with tensors; gradients flow through what it computes with them.

    Args:
        func: the function.
        inp: a list of its arguments: tensors, or what can become one.
        Tout: the dtype of its result, or a list of those of several; an empty one for none.
        name: ignored.

    Returns:
        A tensor, or a list of them.

    Raises:
        InvalidArgumentError: a result has another dtype, or there are more or fewer of them.

    >>> import gradtape as tf
    >>> tf.py_function(lambda x: x * x, [tf.constant(3.0)], tf.float32)
    <tf.Tensor: shape=(), dtype=float32, numpy=9.0>
    """
    several = isinstance(Tout, list | _tuple)
    dtypes = [as_dtype(getattr(each, "dtype", each)) for each in (Tout if several else [Tout])]
    tensors = [convert(each) for each in inp]
    recorder = RECORDING.recorder
    moving = any(is_differentiable(each.numpy) for each in dtypes)
    if recorder is None or (moving and recorder.differentiates(tensors)):
        parts = results_of(func, tensors, dtypes, several)
    else:
        parts = in_recording(func, lambda given: results_of(func, given, dtypes, several), tensors, "foreign")
    return parts if several else parts[0]


def results_of(func: Any, tensors: list[Tensor], dtypes: list[DType], several: bool) -> list[Tensor]:
    """Returns what a function of `py_function` gives, as tensors of these dtypes."""
    found = func(*tensors)
    results = [] if found is None else [*found] if several and isinstance(found, list | _tuple) else [found]
    if len(results) != len(dtypes):
        raise WrongTypeError(f"py_function: Tout has {len(dtypes)} dtypes, and the function gave {len(results)}.")
    try:
        return [convert(each, dtype) for each, dtype in zip(results, dtypes, strict=True)]
    except (TypeError, ValueError) as error:
        raise InvalidArgumentError(f"py_function: {error}") from None


def in_recording(
    func: Any, call: Callable[[list[Tensor]], list[Tensor]], tensors: list[Tensor], kind: str
) -> list[Tensor]:
    """Calls a function of the user's that every replay calls as well; the shapes of its results are guards.

    Args:
        func: the function, for its name.
        call: takes tensors and returns tensors.
        tensors: what it is called with.
        kind: how it is called, see `performed`.
    """

    def run(*arrays: Any) -> list[Any]:
        with unrecorded():
            return [each._value for each in call([make_tensor(each) for each in arrays])]

    parts: list[Tensor] = performed(getattr(func, "__name__", "py_function"), run, tensors, kind, outputs=True)
    for part in parts:
        part._value.read("form", form_of)
    return parts


def form_of(array: Any) -> Any:
    """Returns the shape and the dtype of an array."""
    return array.shape, array.dtype


def numpy_function(
    func: Callable[..., Any] | None = None,
    inp: Any = None,
    Tout: Any = None,
    stateful: bool = True,
    name: str | None = None,
) -> Any:
    """Calls a function with NumPy arrays; no gradient flows through it.

    Args:
        func: the function.
        inp: a list of its arguments: tensors, or what can become one.
        Tout: the dtype of its result, or a list of those of several: only their number counts.
        stateful: False if the result follows from the arguments, so that a recorded function may leave a call out.
        name: ignored.

    Returns:
        A tensor, or a list of them, in the dtypes that the function gave.

    >>> import gradtape as tf
    >>> import numpy as np
    >>> tf.numpy_function(np.sinh, [tf.constant(0.0)], tf.float32)
    <tf.Tensor: shape=(), dtype=float32, numpy=0.0>
    """
    several = isinstance(Tout, list | _tuple)

    def call(tensors: list[Tensor]) -> list[Tensor]:
        function: Any = func
        found = function(*[each.numpy() for each in tensors])
        return [convert(np.asarray(each)) for each in nest.flatten(found) if each is not None]

    tensors = [convert(each) for each in inp]
    if RECORDING.recorder is None:
        parts = call(tensors)
    else:
        parts = in_recording(func, call, tensors, "foreign" if stateful else "pure")
    return parts if several else parts[0]


@contextmanager
def control_dependencies(control_inputs: Any) -> Iterator[None]:
    """Returns a context in which operations run after others: they do, in the order of the program.

    Args:
        control_inputs: ignored.

    Returns:
        A context manager, which changes nothing.

    >>> import gradtape as tf
    >>> with tf.control_dependencies([]):
    ...     x = tf.constant(1.0)
    """
    yield


@contextmanager
def init_scope() -> Iterator[None]:
    """Returns a context outside of the function that is being recorded: what is in it runs once, and no tape sees it.

    A replay has the results as constants. Tensors of the recorded function cannot be used in it.

    Returns:
        A context manager.

    >>> import gradtape as tf
    >>> with tf.init_scope():
    ...     x = tf.constant(1.0)
    """
    owners = [(tape, tape.owner) for tape in RECORDING.tapes if tape.owner]
    for tape, _ in owners:
        # The tape follows what it followed, and is told of nothing.
        tape.owner = -1
    try:
        with unrecorded():
            yield
    finally:
        for tape, owner in owners:
            tape.owner = owner


def inside_function() -> bool:
    """Returns whether a function of `tf.function` is being recorded.

    Returns:
        A bool.

    >>> import gradtape as tf
    >>> tf.inside_function(), tf.function(tf.inside_function)()
    (False, <tf.Tensor: shape=(), dtype=bool, numpy=True>)
    """
    return RECORDING.recorder is not None


def group(*inputs: Any, **kwargs: Any) -> None:
    """Takes operations that are to run together: they have run.

    Args:
        *inputs: what operations gave.
        **kwargs: `name`, ignored.

    Returns:
        None.

    >>> import gradtape as tf
    >>> tf.group(tf.constant(1.0))
    """


def tuple(tensors: Any, control_inputs: Any = None, name: str | None = None) -> list[Tensor | None]:
    """Returns the tensors, once all of them are computed: they are.

    Args:
        tensors: a list of tensors, or None among them.
        control_inputs: ignored.
        name: ignored.

    Returns:
        A list of them.

    >>> import gradtape as tf
    >>> tf.tuple([tf.constant(1.0), None])
    [<tf.Tensor: shape=(), dtype=float32, numpy=1.0>, None]
    """
    return [None if each is None else convert(each) for each in tensors]
