"""Methods that do not keep their object alive, for functions of `tf.function` in the body of a class."""

from __future__ import annotations

import functools
import inspect
import weakref
from typing import Any

from gradtape._executors.captures import Captures
from gradtape._executors.signatures import Arguments


class OwnSignature:
    """The signature of an object that calls a Python function: an attribute of objects, not of their class."""

    def __get__(self, instance: Any, owner: Any) -> inspect.Signature:
        if instance is None:
            raise AttributeError("__signature__")
        return inspect.signature(instance.python_function)


class Method:
    """A function bound to an object that it does not keep alive."""

    def __init__(self, function: Any, instance: Any) -> None:
        functools.update_wrapper(self, function, updated=())
        self.__func__ = function
        self._instance = weakref.ref(instance)
        self.__signature__ = inspect.signature(function.__get__(instance, type(instance)))

    @property
    def __self__(self) -> Any:
        """The object; ReferenceError if it is gone."""
        instance = self._instance()
        if instance is None:
            raise ReferenceError(
                f"The object whose method {self.__func__!r} was called is gone: a tf.function does not keep it alive. "
                "Give it a name before its method is called."
            )
        return instance

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Calls the method."""
        instance = self.__self__
        return self.__func__.__get__(instance, type(instance))(*args, **kwargs)


def looks_like_method(function: Any) -> bool:
    """True for a function in the body of a class, whose first parameter a signature says nothing of."""
    return getattr(getattr(function, "__code__", None), "co_varnames", ())[:1] in (("self",), ("cls",))


def captures_of(function: Any, arguments: Arguments) -> Captures:
    """Returns what a recording of a function depends on beside its tensors."""
    given = dict(zip(arguments.names, arguments.args, strict=False)) | arguments.kwargs
    if isinstance(function, Method):
        first = next(iter(inspect.signature(function.__func__).parameters), "self")
        return Captures.of(function.__func__, {first: function.__self__, **given})
    return Captures.of(function, given)
