"""`tf.config`: honest, cheap answers about devices; there is one, the CPU."""

from __future__ import annotations

from typing import Any, NamedTuple


class PhysicalDevice(NamedTuple):
    """A device of the machine."""

    name: str
    device_type: str


class LogicalDevice(NamedTuple):
    """A device as programs address it."""

    name: str
    device_type: str


_CPU = PhysicalDevice("/physical_device:CPU:0", "CPU")


def list_physical_devices(device_type: str | None = None) -> list[PhysicalDevice]:
    """Returns the devices of a type (`"CPU"`, `"GPU"`), of all types by default.

    >>> import gradtape as tf
    >>> tf.config.list_physical_devices("GPU")
    []
    """
    return [_CPU] if device_type in (None, "CPU") else []


def list_logical_devices(device_type: str | None = None) -> list[LogicalDevice]:
    """Returns the devices of a type as programs address them."""
    return [LogicalDevice("/device:CPU:0", "CPU")] if device_type in (None, "CPU") else []


def get_visible_devices(device_type: str | None = None) -> list[PhysicalDevice]:
    """Returns the devices of a type that may be used."""
    return list_physical_devices(device_type)


def set_visible_devices(devices: Any, device_type: str | None = None) -> None:
    """Restricts the devices to use; ValueError for one that does not exist."""
    _known(devices)


def _known(devices: Any) -> None:
    """Raises ValueError unless each of `devices` is the CPU."""
    for device in devices if isinstance(devices, (list, tuple)) and not isinstance(devices, PhysicalDevice) else [devices]:
        if device is not None and device != _CPU:
            raise ValueError(f"Unrecognized device: {device!r}; gradtape computes on {_CPU}.")
from gradtape._run.stand_in import missing
