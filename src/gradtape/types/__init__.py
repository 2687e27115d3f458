"""`tf.types`: names for type annotations and `isinstance`."""

from typing import TYPE_CHECKING as _TYPE_CHECKING

from gradtape._run.stand_in import missing as _missing

if _TYPE_CHECKING:
    from gradtape.types import experimental as experimental

# Loaded when they are first asked for: an import of gradtape is short.
_LATER = {"gradtape.types.experimental": ["experimental"]}
__getattr__ = _missing(__name__, _LATER)


def __dir__() -> list[str]:
    return sorted([*globals(), *(name for names in _LATER.values() for name in names)])
