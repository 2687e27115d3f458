"""`tf.random.experimental`: generators, and random functions of a seed, under their first names."""

from typing import TYPE_CHECKING as _TYPE_CHECKING

from gradtape._run.stand_in import missing as _missing

if _TYPE_CHECKING:
    from gradtape._ops.generators import Generator as Generator
    from gradtape._ops.generators import create_rng_state as create_rng_state
    from gradtape._ops.generators import get_global_generator as get_global_generator
    from gradtape._ops.generators import set_global_generator as set_global_generator
    from gradtape._ops.index_shuffling import index_shuffle as index_shuffle
    from gradtape._ops.stateless import Algorithm as Algorithm
    from gradtape._ops.stateless import stateless_fold_in as stateless_fold_in
    from gradtape._ops.stateless import stateless_shuffle as stateless_shuffle
    from gradtape._ops.stateless import stateless_split as stateless_split

_LATER = {
    "gradtape._ops.generators": ["Generator", "create_rng_state", "get_global_generator", "set_global_generator"],
    "gradtape._ops.index_shuffling": ["index_shuffle"],
    "gradtape._ops.stateless": ["Algorithm", "stateless_fold_in", "stateless_shuffle", "stateless_split"],
}
__getattr__ = _missing(__name__, _LATER)


def __dir__() -> list[str]:
    return sorted([*globals(), *(name for names in _LATER.values() for name in names)])
