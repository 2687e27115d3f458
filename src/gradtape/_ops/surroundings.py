"""What programs ask of their surroundings: the device to compute on, whether execution is eager."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


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
        raise ValueError(f"tf.device takes a name such as '/CPU:0', got {device_name!r}.")
    yield


def executing_eagerly() -> bool:
    """Returns True: operations run when they are called.

    Returns:
        True.

    >>> import gradtape as tf
    >>> tf.executing_eagerly()
    True
    """
    return True
