"""`tf.config`: honest, cheap answers about devices; there is one, the CPU."""

from __future__ import annotations

from typing import Any as _Any
from typing import NamedTuple as _NamedTuple

from gradtape._run.stand_in import missing as _missing


class PhysicalDevice(_NamedTuple):
    """A device of the machine.

    >>> import gradtape as tf
    >>> tf.config.list_physical_devices()[0].name
    '/physical_device:CPU:0'
    """

    name: str
    device_type: str


class LogicalDevice(_NamedTuple):
    """A device as programs address it.

    >>> import gradtape as tf
    >>> tf.config.list_logical_devices()[0].name
    '/device:CPU:0'
    """

    name: str
    device_type: str


_CPU = PhysicalDevice("/physical_device:CPU:0", "CPU")

__getattr__ = _missing(__name__)


def list_physical_devices(device_type: str | None = None) -> list[PhysicalDevice]:
    """Returns the devices of a type, of all types by default.

    Args:
        device_type: `"CPU"`, `"GPU"`, another name, or None.

    Returns:
        A list: the CPU if it is asked for.

    >>> import gradtape as tf
    >>> tf.config.list_physical_devices("GPU")
    []
    """
    return [_CPU] if device_type in (None, "CPU") else []


def list_logical_devices(device_type: str | None = None) -> list[LogicalDevice]:
    """Returns the devices of a type as programs address them.

    Args:
        device_type: `"CPU"`, `"GPU"`, another name, or None for all.

    Returns:
        A list: the CPU if it is asked for.

    >>> import gradtape as tf
    >>> tf.config.list_logical_devices("CPU")
    [LogicalDevice(name='/device:CPU:0', device_type='CPU')]
    """
    return [LogicalDevice("/device:CPU:0", "CPU")] if device_type in (None, "CPU") else []


def get_visible_devices(device_type: str | None = None) -> list[PhysicalDevice]:
    """Returns the devices of a type that may be used: all of them.

    Args:
        device_type: `"CPU"`, `"GPU"`, another name, or None for all.

    Returns:
        A list: the CPU if it is asked for.

    >>> import gradtape as tf
    >>> tf.config.get_visible_devices("GPU")
    []
    """
    return list_physical_devices(device_type)


def set_visible_devices(devices: _Any, device_type: str | None = None) -> None:
    """Takes which devices a program means to use; the CPU computes, whatever they are.

    Args:
        devices: a device, a list of them, or None.
        device_type: ignored.

    Raises:
        ValueError: a device does not exist.

    >>> import gradtape as tf
    >>> tf.config.set_visible_devices([], "GPU")
    """
    _known(devices)


def _known(devices: _Any) -> None:
    """Raises ValueError unless each of `devices` is the CPU."""
    for device in (
        devices if isinstance(devices, (list, tuple)) and not isinstance(devices, PhysicalDevice) else [devices]
    ):
        if device is not None and device != _CPU:
            raise ValueError(f"Unrecognized device: {device!r}; gradtape computes on {_CPU}.")
