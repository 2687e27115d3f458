"""Whether errors are caught where Python is: the handlers in the code of the functions that run."""

from __future__ import annotations

import dis
import sys
from functools import lru_cache
from itertools import pairwise
from types import CodeType, FrameType

from gradtape._core.own import is_within


def may_be_caught(outermost: CodeType) -> bool:
    """Whether one of the user's functions that run now catches errors somewhere, or has a `finally`.

    Args:
        outermost: the code of the function that called the first of them.
    """
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code is not outermost:
        if not is_within(frame.f_globals.get("__name__") or "") and has_handler(frame.f_code):
            return True
        frame = frame.f_back
    return False


@lru_cache(maxsize=1000)
def has_handler(code: CodeType) -> bool:
    """Whether there is an `except` or a `finally` in a function's code; a `with` is none."""
    names = [each.opname for each in dis.get_instructions(code)]
    return any(name == "PUSH_EXC_INFO" and following != "WITH_EXCEPT_START" for name, following in pairwise(names))
