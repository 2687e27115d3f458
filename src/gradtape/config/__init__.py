"""`tf.config`: honest, cheap answers about devices; there is one, the CPU."""

from __future__ import annotations

from typing import TYPE_CHECKING as _TYPE_CHECKING
from typing import Any as _Any
from typing import NamedTuple as _NamedTuple

from gradtape._run.stand_in import missing as _missing

if _TYPE_CHECKING:
    from gradtape.config import experimental as experimental
    from gradtape.config import threading as threading


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


class LogicalDeviceConfiguration(_NamedTuple):
    """What a program wishes of a part of a GPU; there is none.

    >>> import gradtape as tf
    >>> tf.config.LogicalDeviceConfiguration(memory_limit=1024).memory_limit
    1024
    """

    memory_limit: int | None = None
    experimental_priority: int | None = None
    experimental_device_ordinal: int | None = None


_CPU = PhysicalDevice("/physical_device:CPU:0", "CPU")

# Loaded when they are first asked for: an import of gradtape is short.
_LATER = {"gradtape.config.experimental": ["experimental"], "gradtape.config.threading": ["threading"]}
__getattr__ = _missing(__name__, _LATER)


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


def set_logical_device_configuration(device: PhysicalDevice, logical_devices: _Any) -> None:
    """Takes how a device is to be divided: the CPU, the only one, stays whole.

    Args:
        device: a device.
        logical_devices: None, or a list of `LogicalDeviceConfiguration`.

    Raises:
        ValueError: the device does not exist, or the list would divide or limit the CPU.

    >>> import gradtape as tf
    >>> tf.config.set_logical_device_configuration(tf.config.list_physical_devices()[0], None)
    """
    _known(device)
    limited = any(wish.memory_limit is not None for wish in logical_devices or ())
    if len(logical_devices or ()) > 1 or limited:
        raise ValueError(
            f"{device} is one device without a limit of memory; got {logical_devices!r}. Leave out the configuration."
        )


def get_logical_device_configuration(device: PhysicalDevice) -> None:
    """Returns how a device is divided: not at all.

    Args:
        device: a device.

    Returns:
        None.

    Raises:
        ValueError: the device does not exist.

    >>> import gradtape as tf
    >>> tf.config.get_logical_device_configuration(tf.config.list_physical_devices()[0])
    """
    _known(device)


def get_soft_device_placement() -> bool:
    """Returns True: what is asked to run on a device that there is not runs on the CPU.

    Returns:
        True.

    >>> import gradtape as tf
    >>> tf.config.get_soft_device_placement()
    True
    """
    return True


def set_soft_device_placement(enabled: bool) -> None:
    """Takes whether an operation may run on another device than that of `tf.device`: it always may.

    Args:
        enabled: ignored.

    >>> import gradtape as tf
    >>> tf.config.set_soft_device_placement(True)
    """


def functions_run_eagerly() -> bool:
    """Returns whether functions of `tf.function` run as Python each time, neither recorded nor replayed.

    Returns:
        What `run_functions_eagerly` was given last; False at the beginning.

    >>> import gradtape as tf
    >>> tf.config.functions_run_eagerly()
    False
    """
    from gradtape._executors.function import SETTINGS

    return SETTINGS.eagerly


def run_functions_eagerly(run_eagerly: bool) -> None:
    """Makes functions of `tf.function` run as Python each time, to look into them; or ends that.

    Args:
        run_eagerly: whether they do from now on, in all threads.

    >>> import gradtape as tf
    >>> tf.config.run_functions_eagerly(True)
    >>> tf.function(lambda: 5)()
    5
    >>> tf.config.run_functions_eagerly(False)
    """
    from gradtape._executors.function import SETTINGS

    SETTINGS.eagerly = bool(run_eagerly)


def __dir__() -> list[str]:
    return sorted([*globals(), *(name for names in _LATER.values() for name in names)])


def _known(devices: _Any) -> None:
    """Raises ValueError unless each of `devices` is the CPU."""
    for device in (
        devices if isinstance(devices, (list, tuple)) and not isinstance(devices, PhysicalDevice) else [devices]
    ):
        if device is not None and device != _CPU:
            raise ValueError(f"Unrecognized device: {device!r}; gradtape computes on {_CPU}.")
