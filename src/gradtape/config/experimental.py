"""`tf.config.experimental`: what programs ask of GPUs and of the runtime, answered for one CPU."""

from typing import Any as _Any

from gradtape._run.stand_in import missing as _missing
from gradtape.config import LogicalDeviceConfiguration as _LogicalDeviceConfiguration
from gradtape.config import PhysicalDevice as _PhysicalDevice
from gradtape.config import _known
from gradtape.config import get_logical_device_configuration as _get_logical_device_configuration
from gradtape.config import get_visible_devices as get_visible_devices
from gradtape.config import list_logical_devices as list_logical_devices
from gradtape.config import list_physical_devices as list_physical_devices
from gradtape.config import set_logical_device_configuration as _set_logical_device_configuration
from gradtape.config import set_visible_devices as set_visible_devices

__getattr__ = _missing(__name__)

VirtualDeviceConfiguration = _LogicalDeviceConfiguration
get_virtual_device_configuration = _get_logical_device_configuration
set_virtual_device_configuration = _set_logical_device_configuration


def set_memory_growth(device: _PhysicalDevice, enable: bool) -> None:
    """Takes whether a GPU's memory is allocated as it is needed; programs call it for each GPU, and there is none.

    Args:
        device: a device.
        enable: ignored.

    Raises:
        ValueError: the device is no GPU, or does not exist.

    >>> import gradtape as tf
    >>> for device in tf.config.list_physical_devices("GPU"):
    ...     tf.config.experimental.set_memory_growth(device, True)
    """
    _known(device)
    raise ValueError(f"Cannot set memory growth of {device}, which is no GPU: its memory grows as it is needed.")


def get_memory_growth(device: _PhysicalDevice) -> bool:
    """Returns whether a GPU's memory is allocated as it is needed.

    Args:
        device: a device.

    Returns:
        Nothing: there is no GPU.

    Raises:
        KeyError: the device is no GPU.

    >>> import gradtape as tf
    >>> [tf.config.experimental.get_memory_growth(device) for device in tf.config.list_physical_devices("GPU")]
    []
    """
    raise KeyError(device)


def get_device_details(device: _PhysicalDevice) -> dict[str, _Any]:
    """Returns what is known of a device: of the CPU nothing.

    Args:
        device: a device.

    Returns:
        An empty dictionary.

    Raises:
        ValueError: the device does not exist.

    >>> import gradtape as tf
    >>> tf.config.experimental.get_device_details(tf.config.list_physical_devices()[0])
    {}
    """
    _known(device)
    return {}


def enable_op_determinism() -> None:
    """Asks that the same program gives the same results again: it does, given a seed.

    >>> import gradtape as tf
    >>> tf.config.experimental.enable_op_determinism()
    """


def get_synchronous_execution() -> bool:
    """Returns True: an operation has its result when it returns.

    Returns:
        True.

    >>> import gradtape as tf
    >>> tf.config.experimental.get_synchronous_execution()
    True
    """
    return True


def set_synchronous_execution(enable: bool) -> None:
    """Takes whether an operation has its result when it returns: it always has.

    Args:
        enable: ignored.

    >>> import gradtape as tf
    >>> tf.config.experimental.set_synchronous_execution(True)
    """


def tensor_float_32_execution_enabled() -> bool:
    """Returns False: float32 is computed in full precision.

    Returns:
        False.

    >>> import gradtape as tf
    >>> tf.config.experimental.tensor_float_32_execution_enabled()
    False
    """
    return False


def enable_tensor_float_32_execution(enabled: bool) -> None:
    """Takes whether products of float32 may be computed with less precision on a GPU: they are not.

    Args:
        enabled: ignored.

    >>> import gradtape as tf
    >>> tf.config.experimental.enable_tensor_float_32_execution(False)
    """
