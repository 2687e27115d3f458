"""`tf.bitwise`: operations on the bits of integers."""

from typing import TYPE_CHECKING as _TYPE_CHECKING

from gradtape._ops.comparison import bitwise_and as bitwise_and
from gradtape._ops.comparison import bitwise_invert as _invert
from gradtape._ops.comparison import bitwise_or as bitwise_or
from gradtape._ops.comparison import bitwise_xor as bitwise_xor
from gradtape._run.stand_in import missing as _missing

if _TYPE_CHECKING:
    from gradtape._ops.remainders import left_shift as left_shift
    from gradtape._ops.remainders import right_shift as right_shift

invert = _invert

# Loaded when they are first asked for: an import of gradtape is short.
_LATER = {
    "gradtape._ops.remainders": ["left_shift", "right_shift"],
}
__getattr__ = _missing(__name__, _LATER)


def __dir__() -> list[str]:
    return sorted([*globals(), *(name for names in _LATER.values() for name in names)])
