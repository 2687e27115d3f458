"""Memory that is used again: arithmetic in place where nobody can notice, and what large arrays free."""

from __future__ import annotations

import ctypes
import os
import sys
from sys import getrefcount
from typing import Any

import numpy as np

# From this many elements on, memory is worth more than the time to ask whose it is.
LARGE = 16384


def into(ufunc: Any, h: Any, d: Any) -> Any:
    """Returns `ufunc(h, d)`, in the memory of `h` if nobody else holds it.

    The caller holds `h` in one variable and in one other place: a list, an attribute. Fresh memory costs more than the
    arithmetic, since the system has to provide its pages.
    """
    if h.size < LARGE:
        return ufunc(h, d)
    if hasattr(d, "dense"):
        # The rows of a lookup, which are only ever added: they know how.
        return h + d
    if getrefcount(h) == UNSHARED and h.base is None and h.flags.writeable:
        # Settings that turn an overflow into an error would raise it when `h` is overwritten already.
        with np.errstate(all="ignore"):
            return ufunc(h, d, out=h)
    return ufunc(h, d)


def _references(ufunc: Any, h: Any, d: Any) -> int:
    return getrefcount(h)


def _unshared() -> int:
    """How often, in this Python, an array counts as referred to in a function whose caller holds it in two places."""
    places = [np.empty(0)]
    h = places[0]
    return _references(np.add, h, places)


UNSHARED = _unshared()

# What glibc calls its settings, their values here, and the variables by which a user sets them for a program.
SETTINGS = {"MALLOC_MMAP_THRESHOLD_": (-3, 1 << 25), "MALLOC_TRIM_THRESHOLD_": (-1, 1 << 28)}


def keep_freed_memory() -> None:
    """Tells glibc to keep what arrays of up to 32 MB free, up to 256 MB of it, for the arrays that come next.

    By default much of it goes back to the system at once, which hands out the next array page by page: that takes
    longer than the arithmetic on it. What the user has set stays.
    """
    if sys.platform != "linux" or any(name in os.environ for name in (*SETTINGS, "GLIBC_TUNABLES")):
        return
    library = ctypes.CDLL(None)
    for option, value in SETTINGS.values() if hasattr(library, "mallopt") else ():
        library.mallopt(option, value)
