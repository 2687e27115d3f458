"""Python's functions as operations, and what orders them in graphs: here they run where they stand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from gradtape._core import nest
from gradtape._core.conversion import convert
from gradtape._core.dtypes import as_dtype
from gradtape._core.tensor import Tensor
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
    function: Any = func
    found = function(*(convert(each) for each in inp))
    several = isinstance(Tout, list | _tuple)
    dtypes = [as_dtype(getattr(each, "dtype", each)) for each in (Tout if several else [Tout])]
    results = [] if found is None else [*found] if several and isinstance(found, list | _tuple) else [found]
    if len(results) != len(dtypes):
        raise WrongTypeError(f"py_function: Tout has {len(dtypes)} dtypes, and the function gave {len(results)}.")
    try:
        tensors = [convert(each, dtype) for each, dtype in zip(results, dtypes, strict=True)]
    except (TypeError, ValueError) as error:
        raise InvalidArgumentError(f"py_function: {error}") from None
    return tensors if several else tensors[0]


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
        stateful: ignored.
        name: ignored.

    Returns:
        A tensor, or a list of them, in the dtypes that the function gave.

    >>> import gradtape as tf
    >>> import numpy as np
    >>> tf.numpy_function(np.sinh, [tf.constant(0.0)], tf.float32)
    <tf.Tensor: shape=(), dtype=float32, numpy=0.0>
    """
    function: Any = func
    found = function(*(convert(each).numpy() for each in inp))
    results = [convert(np.asarray(each)) for each in nest.flatten(found) if each is not None]
    return results if isinstance(Tout, list | _tuple) else results[0]


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
    """Returns a context for what is to run once, and at once: here everything runs at once.

    Returns:
        A context manager, which changes nothing.

    >>> import gradtape as tf
    >>> with tf.init_scope():
    ...     x = tf.constant(1.0)
    """
    yield


def inside_function() -> bool:
    """Returns whether the program is being traced into a graph: it runs.

    Returns:
        False.

    >>> import gradtape as tf
    >>> tf.inside_function()
    False
    """
    return False


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
