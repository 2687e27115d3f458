"""`tf.autograph`: TensorFlow's rewriting of Python's source, which nothing here needs: its functions do little."""

from __future__ import annotations

import builtins as _builtins
import inspect as _inspect
import textwrap as _textwrap
from typing import TYPE_CHECKING as _TYPE_CHECKING
from typing import Any as _Any

from gradtape._run.stand_in import missing as _missing

if _TYPE_CHECKING:
    from gradtape.autograph import experimental as experimental

# Loaded when they are first asked for: an import of gradtape is short.
_LATER = {"gradtape.autograph.experimental": ["experimental"]}
__getattr__ = _missing(__name__, _LATER)


def set_verbosity(level: int, alsologtostdout: bool = False) -> None:
    """Takes how much is to be logged of the rewriting of source: there is none.

    Args:
        level: ignored.
        alsologtostdout: ignored.

    >>> import gradtape as tf
    >>> tf.autograph.set_verbosity(0)
    """


def trace(*args: _Any) -> None:
    """Prints its arguments while a function runs for real, and not in a replay.

    Args:
        *args: anything.

    >>> import gradtape as tf
    >>> tf.autograph.trace("recording", 1)
    recording 1
    """
    _builtins.print(*args)


def to_graph(entity: _Any, recursive: bool = True, experimental_optional_features: _Any = None) -> _Any:
    """Returns a function as it is: `tf.function` records what it does, whatever it is made of.

    Args:
        entity: a function.
        recursive: ignored.
        experimental_optional_features: ignored.

    Returns:
        The function.

    Raises:
        ValueError: `entity` cannot be called.

    >>> import gradtape as tf
    >>> tf.autograph.to_graph(abs)(-1)
    1
    """
    if not callable(entity):
        raise ValueError(f"to_graph: a function is wanted, got {entity!r}.")
    return entity


def to_code(entity: _Any, recursive: bool = True, experimental_optional_features: _Any = None) -> str:
    """Returns the source of a function, which runs as it is.

    Args:
        entity: a function whose source is at hand.
        recursive: ignored.
        experimental_optional_features: ignored.

    Returns:
        The source.

    Raises:
        OSError: the source cannot be found.

    >>> import gradtape as tf
    >>> tf.autograph.to_code(tf.square).startswith("@")
    True
    """
    return _textwrap.dedent(_inspect.getsource(_inspect.unwrap(entity)))


def __dir__() -> list[str]:
    return sorted([*globals(), *(name for names in _LATER.values() for name in names)])
