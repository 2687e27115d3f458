"""A test of one piece of Python state: what gives it, what it was, and when something else is as good."""

from __future__ import annotations

import datetime
import zlib
from collections import OrderedDict, defaultdict, deque
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from functools import lru_cache
from pathlib import PurePath
from reprlib import Repr
from types import CodeType
from typing import Any

import numpy as np

from gradtape._core.dtypes import DType
from gradtape._core.tensor import Tensor

PLAIN = (type(None), bool, int, float, complex, str, bytes, slice, range, type(...), type(NotImplemented))
LEAVES = (*PLAIN, Enum, DType, np.dtype, np.generic, Decimal, Fraction, datetime.date, datetime.timedelta, PurePath)
# Arrays of at most this many bytes are compared with a copy, larger ones by a checksum.
MOST_BYTES = 1 << 28
GONE = object()

_short = Repr()
_short.maxstring = _short.maxother = 60


class Check:
    """A test.

    Attributes:
        label: what the user calls what is tested.
        expression: Python code that gives it.
        name: what `value` is called in the namespace of the expression.
        value: what it was.
        kind: `leaf` for an immutable value, which may be replaced by an equal one; `container` and `array` for what may
            be replaced by another of the same kind, its contents being tested by other checks; `same` for what is known
            by its identity; `found` for the result of a computation, `contents` for one that says whether all is as it
            was; `equal` for a collection compared as a whole.
        implied: whether the test cannot fail where those before it have been passed by the very values that were there.
    """

    __slots__ = ("expression", "implied", "kind", "label", "name", "value")

    def __init__(self, label: str, expression: str, name: str, value: Any, kind: str) -> None:
        self.label = label
        self.expression = expression
        self.name = name
        self.value = value
        self.kind = kind
        self.implied = False

    @property
    def test(self) -> str:
        """The test as Python code."""
        compared = self.kind in ("equal", "found", "contents") and type(self.value) is not bool
        return f"{self.expression} {'==' if compared else 'is'} {self.name}"

    def current(self, namespace: dict[str, Any]) -> Any:
        """Returns what is there now, GONE for nothing."""
        try:
            return eval(code_of(self.expression), namespace)
        except Exception:
            return GONE

    def accepts(self, current: Any) -> bool:
        """True for a value that is as good as the one that was there."""
        value = self.value
        if current is value:
            return True
        if type(current) is not type(value):
            return False
        if self.kind == "leaf":
            return alike(value, current)
        if self.kind == "container":
            return len(current) == len(value)
        if self.kind == "array":
            return bool(current.dtype == value.dtype and current.shape == value.shape)
        return self.kind in ("found", "equal", "contents") and bool(current == value)

    def sentence(self, current: Any) -> str:
        """Returns what has changed in words."""
        if current is GONE:
            return f"{self.label} is gone"
        if self.kind == "found" and type(self.value) is bool:
            return f"{self.label} was missing and is there now"
        if self.kind in ("leaf", "found"):
            return f"{self.label} changed from {shown(self.value)} to {shown(current)}"
        if self.kind in ("equal", "contents"):
            return f"{self.label} changed"
        return f"{self.label} is another {type(current).__name__} now"


@lru_cache(1024)
def code_of(expression: str) -> CodeType:
    """Returns the code of an expression; functions that are made again and again ask for the same ones."""
    return compile(expression, "<captured state>", "eval")


def is_leaf(value: Any) -> bool:
    """True for an immutable value that is known by what it is, not by its identity."""
    return type(value) in PLAIN or isinstance(value, LEAVES)


def is_bare(value: Any) -> bool:
    """True for plain values, arrays and tensors, and for lists and dicts of nothing else: no variables are in them."""
    kind = type(value)
    if kind in (list, tuple, deque):
        return all(map(is_bare_kind, set(map(type, value)))) or all(map(is_bare, value))
    if kind in (dict, OrderedDict, defaultdict):
        return all(map(is_bare, value.values()))
    return is_bare_kind(kind)


def is_bare_kind(kind: type) -> bool:
    """True for the type of plain values, arrays and tensors."""
    return kind in PLAIN or kind is Tensor or issubclass(kind, (*LEAVES, np.ndarray))


def alike(value: Any, other: Any) -> bool:
    """True for two leaves of the same type and the same bits."""
    kind = type(value)
    if isinstance(value, np.generic):
        return bool(value.dtype == other.dtype and value.tobytes() == other.tobytes())
    if isinstance(value, float | complex | slice):
        return repr(value) == repr(other)
    if kind in PLAIN or not isinstance(value, Enum | DType):
        return bool(value == other)
    return False


def content_of(array: Any) -> Any:
    """Returns what an array holds as something to compare; for a large one a checksum."""
    if array.nbytes <= MOST_BYTES or array.dtype.hasobject:
        return array.tobytes()
    return zlib.crc32(array if array.flags.c_contiguous else array.tobytes())


def shown(value: Any) -> str:
    """Returns a value in few characters."""
    return _short.repr(value) if isinstance(value, (*LEAVES, list, tuple, dict)) else f"a {type(value).__name__}"
