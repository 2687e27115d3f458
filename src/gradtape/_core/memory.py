"""Arithmetic in place where nobody can notice: in the memory of an array that only the caller holds."""

from __future__ import annotations

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
