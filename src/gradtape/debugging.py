"""`tf.debugging`: checks of values, shapes and dtypes."""

from gradtape._ops.assertions import Assert as Assert
from gradtape._ops.assertions import assert_all_finite as assert_all_finite
from gradtape._ops.assertions import assert_equal as assert_equal
from gradtape._ops.assertions import assert_greater as assert_greater
from gradtape._ops.assertions import assert_greater_equal as assert_greater_equal
from gradtape._ops.assertions import assert_less as assert_less
from gradtape._ops.assertions import assert_less_equal as assert_less_equal
from gradtape._ops.assertions import assert_near as assert_near
from gradtape._ops.assertions import assert_negative as assert_negative
from gradtape._ops.assertions import assert_non_negative as assert_non_negative
from gradtape._ops.assertions import assert_non_positive as assert_non_positive
from gradtape._ops.assertions import assert_none_equal as assert_none_equal
from gradtape._ops.assertions import assert_positive as assert_positive
from gradtape._ops.assertions import check_numerics as check_numerics
from gradtape._ops.shape_assertions import assert_integer as assert_integer
from gradtape._ops.shape_assertions import assert_proper_iterable as assert_proper_iterable
from gradtape._ops.shape_assertions import assert_rank as assert_rank
from gradtape._ops.shape_assertions import assert_rank_at_least as assert_rank_at_least
from gradtape._ops.shape_assertions import assert_rank_in as assert_rank_in
from gradtape._ops.shape_assertions import assert_same_float_dtype as assert_same_float_dtype
from gradtape._ops.shape_assertions import assert_scalar as assert_scalar
from gradtape._ops.shape_assertions import assert_shapes as assert_shapes
from gradtape._ops.shape_assertions import assert_type as assert_type
from gradtape._ops.shape_assertions import is_numeric_tensor as is_numeric_tensor
from gradtape._run.stand_in import missing as _missing

__getattr__ = _missing(__name__)
_settings = {"traceback filtering": True, "log device placement": False}


def enable_traceback_filtering() -> None:
    """Notes that frames of the library are to be left out of tracebacks; all are shown, there are few.

    >>> import gradtape as tf
    >>> tf.debugging.enable_traceback_filtering()
    """
    _settings["traceback filtering"] = True


def disable_traceback_filtering() -> None:
    """Notes that frames of the library are to be shown in tracebacks, as they are.

    >>> import gradtape as tf
    >>> tf.debugging.disable_traceback_filtering()
    """
    _settings["traceback filtering"] = False


def is_traceback_filtering_enabled() -> bool:
    """Returns what was last asked for: whether frames of the library are to be left out of tracebacks.

    Returns:
        True or False; True at first.

    >>> import gradtape as tf
    >>> tf.debugging.enable_traceback_filtering()
    >>> tf.debugging.is_traceback_filtering_enabled()
    True
    """
    return _settings["traceback filtering"]


def set_log_device_placement(enabled: bool) -> None:
    """Notes whether the device of each operation is to be logged; nothing is, there is one device.

    Args:
        enabled: True or False.

    >>> import gradtape as tf
    >>> tf.debugging.set_log_device_placement(False)
    """
    _settings["log device placement"] = bool(enabled)


def get_log_device_placement() -> bool:
    """Returns what `set_log_device_placement` was last given.

    Returns:
        True or False; False at first.

    >>> import gradtape as tf
    >>> tf.debugging.set_log_device_placement(False)
    >>> tf.debugging.get_log_device_placement()
    False
    """
    return _settings["log device placement"]
