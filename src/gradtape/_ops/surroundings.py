"""What programs ask of their surroundings: the device to compute on, whether execution is eager, the time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from gradtape._core.tensor import Tensor, make_tensor
from gradtape._core.tracking import RECORDING
from gradtape._ops.steps import one_step
from gradtape.errors import InvalidArgumentError

if TYPE_CHECKING:
    from logging import Logger


@contextmanager
def device(device_name: str | None) -> Iterator[None]:
    """Returns a context for computing on a device; everything is computed on the CPU, whatever is asked for.

    Args:
        device_name: a name such as `"/CPU:0"` or `"GPU:0"`, or None.

    Returns:
        A context manager, which changes nothing.

    Raises:
        ValueError: `device_name` is no string.

    >>> import gradtape as tf
    >>> with tf.device("/GPU:0"):
    ...     x = tf.constant(1.0)
    """
    if device_name is not None and not isinstance(device_name, str):
        raise InvalidArgumentError(f"tf.device takes a name such as '/CPU:0', got {device_name!r}.")
    yield


def executing_eagerly() -> bool:
    """Returns whether operations run for themselves: not so in a function that `tf.function` records.

    Returns:
        False inside of such a function, True elsewhere.

    >>> import gradtape as tf
    >>> tf.executing_eagerly()
    True
    """
    return RECORDING.recorder is None


@one_step("timestamp", "source")
def timestamp(name: str | None = None) -> Tensor:
    """Returns the time.

    Args:
        name: ignored.

    Returns:
        A float64 scalar: the seconds since the beginning of 1970.

    >>> import gradtape as tf
    >>> tf.timestamp().dtype
    tf.float64
    """
    return make_tensor(np.array(time.time()))


def get_logger() -> Logger:
    """Returns gradtape's logger, to set its level; it logs nothing.

    Returns:
        The logger `gradtape` of the module `logging`.

    >>> import gradtape as tf
    >>> tf.get_logger().setLevel("ERROR")
    """
    import logging

    return logging.getLogger("gradtape")
