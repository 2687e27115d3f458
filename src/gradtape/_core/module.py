"""`Module`: an object that knows the variables it holds, also those in its lists, dicts and other modules."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any, TypeVar, cast

from gradtape._core import nest
from gradtape._core.scopes import name_scope, scoped
from gradtape._core.variable import Variable

Method = TypeVar("Method", bound=Callable[..., Any])


class Module:
    """A base class for layers and models: finds the variables and modules among an object's attributes.

    Args:
        name: a valid name of Python's; by default the class's, in small letters with lines between the words.

    Raises:
        ValueError: `name` is no valid name.

    >>> import gradtape as tf
    >>> class Dense(tf.Module):
    ...     def __init__(self, inputs, outputs):
    ...         super().__init__()
    ...         self.w = tf.Variable(tf.ones([inputs, outputs]), name="w")
    ...         self.b = tf.Variable(tf.zeros(outputs), name="b")
    ...
    ...     def __call__(self, x):
    ...         return x @ self.w + self.b
    >>> layer = Dense(3, 2)
    >>> layer.name, [variable.name for variable in layer.trainable_variables]
    ('dense', ['b:0', 'w:0'])
    """

    def __init__(self, name: str | None = None) -> None:
        if name is None:
            name = in_small_letters(type(self).__name__)
        if not name.isidentifier():
            raise ValueError(f"{name!r} is not a valid module name: it must be a valid name of Python's.")
        self._name = name
        self._scope = name_scope(f"{scoped(name)}/")

    @property
    def name(self) -> str:
        """The module's name."""
        return self._name

    @property
    def name_scope(self) -> name_scope:
        """The scope of the module's name, for the variables that it makes."""
        return self._scope

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The variables of the module and those inside it: by the attributes' names, its own before the others'."""
        return tuple(each for each in self._flatten() if isinstance(each, Variable))

    @property
    def trainable_variables(self) -> tuple[Variable, ...]:
        """The variables that can be trained, in the same order."""
        return tuple(variable for variable in self.variables if variable.trainable)

    @property
    def non_trainable_variables(self) -> tuple[Variable, ...]:
        """The variables that cannot be trained, in the same order."""
        return tuple(variable for variable in self.variables if not variable.trainable)

    @property
    def submodules(self) -> tuple[Module, ...]:
        """The modules inside this one."""
        return tuple(each for each in self._flatten() if isinstance(each, Module))

    @classmethod
    def with_name_scope(cls, method: Method) -> Method:
        """Returns a method that runs in the scope of its module's name.

        Args:
            method: the method.

        Returns:
            A method that is called like it.

        >>> import gradtape as tf
        >>> class Net(tf.Module):
        ...     @tf.Module.with_name_scope
        ...     def build(self):
        ...         self.w = tf.Variable(1.0, name="w")
        >>> net = Net()
        >>> net.build()
        >>> net.w.name
        'net/w:0'
        """

        @wraps(method)
        def within(self: Any, *arguments: Any, **keywords: Any) -> Any:
            with self.name_scope:
                return method(self, *arguments, **keywords)

        return cast(Method, within)

    def _flatten(self) -> Iterator[Any]:
        """Yields what the module's attributes hold, each object once, then what the modules among it hold."""
        seen = {id(self)}
        waiting: list[Any] = [self]
        while waiting:
            module = waiting.pop(0)
            inside: list[Any] = []
            for leaf in nest.flatten([vars(module)[name] for name in sorted(vars(module))]):
                if id(leaf) not in seen:
                    seen.add(id(leaf))
                    yield leaf
                    if isinstance(leaf, Module):
                        inside.append(leaf)
            # What is inside a module comes before its neighbour.
            waiting[:0] = inside


def in_small_letters(name: str) -> str:
    """Returns the name of a class in small letters: `my_layer` for `MyLayer`."""
    words = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name))
    return words.lower()
