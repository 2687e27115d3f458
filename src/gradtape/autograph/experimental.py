"""`tf.autograph.experimental`: wishes for the rewriting of Python's source, accepted where nothing is rewritten."""

from __future__ import annotations

from enum import Enum as _Enum
from typing import Any as _Any

from gradtape._run.stand_in import missing as _missing

__getattr__ = _missing(__name__)


class Feature(_Enum):
    """Parts of TensorFlow's rewriting, named by programs.

    >>> import gradtape as tf
    >>> tf.autograph.experimental.Feature.ALL.value
    'ALL'
    """

    ALL = "ALL"
    AUTO_CONTROL_DEPS = "AUTO_CONTROL_DEPS"
    ASSERT_STATEMENTS = "ASSERT_STATEMENTS"
    BUILTIN_FUNCTIONS = "BUILTIN_FUNCTIONS"
    EQUALITY_OPERATORS = "EQUALITY_OPERATORS"
    LISTS = "LISTS"
    NAME_SCOPES = "NAME_SCOPES"

    @classmethod
    def all(cls) -> tuple[Feature, ...]:
        """Returns all features."""
        return tuple(cls.__members__.values())

    @classmethod
    def all_but(cls, exclude: _Any) -> tuple[Feature, ...]:
        """Returns all features but some."""
        given = (exclude,) if isinstance(exclude, cls) else tuple(exclude)
        return tuple(each for each in cls.all() if each not in (*given, cls.ALL))


def do_not_convert(func: _Any = None) -> _Any:
    """Returns a function as it is: no function's source is rewritten.

    Args:
        func: the function; None where this is used as a decorator with brackets.

    Returns:
        The function, or a decorator.

    >>> import gradtape as tf
    >>> @tf.autograph.experimental.do_not_convert
    ... def double(x):
    ...     return 2 * x
    >>> double(1)
    2
    """
    return do_not_convert if func is None else func


def set_loop_options(
    parallel_iterations: _Any = None,
    swap_memory: _Any = None,
    maximum_iterations: _Any = None,
    shape_invariants: _Any = None,
) -> None:
    """Takes wishes for the loop around: Python's loops run as they are.

    Args:
        parallel_iterations, swap_memory, shape_invariants: ignored.
        maximum_iterations: ignored, as in TensorFlow where it runs eagerly.

    >>> import gradtape as tf
    >>> for step in range(2):
    ...     tf.autograph.experimental.set_loop_options(parallel_iterations=1)
    """
