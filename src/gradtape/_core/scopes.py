"""Name scopes: what stands in front of the names of variables that are made in a block."""

from __future__ import annotations

import threading
from typing import Any


class _Current(threading.local):
    """The scope that holds in a thread: empty, or a name that ends with a stroke."""

    name = ""


_CURRENT = _Current()


class name_scope:
    """A block in which the names of new variables begin with a name.

    Args:
        name: the name, which is added to that of the scope around; one that ends with a stroke stands for itself, and
            an empty one for no scope.

    Raises:
        ValueError: `name` is no string.

    >>> import gradtape as tf
    >>> with tf.name_scope("encoder"):
    ...     w = tf.Variable(1.0, name="w")
    >>> w.name
    'encoder/w:0'
    """

    def __init__(self, name: str) -> None:
        if not isinstance(name, str):
            raise ValueError(f"name_scope: the name is a string, got {name!r}.")
        self._name = name
        self._outer: list[str] = []

    @property
    def name(self) -> str:
        """The name that was given."""
        return self._name

    def __enter__(self) -> str:
        outer, name = _CURRENT.name, self._name
        self._outer.append(outer)
        _CURRENT.name = name if name.endswith("/") or not name else f"{outer}{name}/"
        return _CURRENT.name

    def __exit__(self, *exception: Any) -> None:
        _CURRENT.name = self._outer.pop()


def scoped(name: str) -> str:
    """Returns a name with that of the scope in front."""
    return _CURRENT.name + name


def get_current_name_scope() -> str:
    """Returns the name of the scope that holds.

    Returns:
        The names of the scopes around each other, with strokes between them; an empty string outside of all.

    >>> import gradtape as tf
    >>> with tf.name_scope("a"), tf.name_scope("b"):
    ...     tf.get_current_name_scope()
    'a/b'
    """
    return _CURRENT.name.rstrip("/")
