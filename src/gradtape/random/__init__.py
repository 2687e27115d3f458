"""`tf.random`: TensorFlow's own numbers for a seed."""

from typing import TYPE_CHECKING as _TYPE_CHECKING

from gradtape._ops.sampling import normal as normal
from gradtape._ops.sampling import set_seed as set_seed
from gradtape._ops.sampling import shuffle as shuffle
from gradtape._ops.sampling import truncated_normal as truncated_normal
from gradtape._ops.sampling import uniform as uniform
from gradtape._run.stand_in import missing as _missing

if _TYPE_CHECKING:
    from gradtape._ops.candidates import all_candidate_sampler as all_candidate_sampler
    from gradtape._ops.candidates import fixed_unigram_candidate_sampler as fixed_unigram_candidate_sampler
    from gradtape._ops.candidates import learned_unigram_candidate_sampler as learned_unigram_candidate_sampler
    from gradtape._ops.candidates import log_uniform_candidate_sampler as log_uniform_candidate_sampler
    from gradtape._ops.candidates import uniform_candidate_sampler as uniform_candidate_sampler
    from gradtape._ops.discrete_sampling import categorical as categorical
    from gradtape._ops.discrete_sampling import poisson as poisson
    from gradtape._ops.discrete_sampling import stateless_binomial as stateless_binomial
    from gradtape._ops.discrete_sampling import stateless_categorical as stateless_categorical
    from gradtape._ops.discrete_sampling import (
        stateless_parameterized_truncated_normal as stateless_parameterized_truncated_normal,
    )
    from gradtape._ops.discrete_sampling import stateless_poisson as stateless_poisson
    from gradtape._ops.gamma_sampling import gamma as gamma
    from gradtape._ops.gamma_sampling import stateless_gamma as stateless_gamma
    from gradtape._ops.generators import Generator as Generator
    from gradtape._ops.generators import create_rng_state as create_rng_state
    from gradtape._ops.generators import get_global_generator as get_global_generator
    from gradtape._ops.generators import set_global_generator as set_global_generator
    from gradtape._ops.stateless import Algorithm as Algorithm
    from gradtape._ops.stateless import fold_in as fold_in
    from gradtape._ops.stateless import split as split
    from gradtape._ops.stateless import stateless_normal as stateless_normal
    from gradtape._ops.stateless import stateless_truncated_normal as stateless_truncated_normal
    from gradtape._ops.stateless import stateless_uniform as stateless_uniform
    from gradtape.random import experimental as experimental

# Loaded when they are first asked for: an import of gradtape is short.
_LATER = {
    "gradtape._ops.candidates": [
        "all_candidate_sampler",
        "fixed_unigram_candidate_sampler",
        "learned_unigram_candidate_sampler",
        "log_uniform_candidate_sampler",
        "uniform_candidate_sampler",
    ],
    "gradtape._ops.discrete_sampling": [
        "categorical",
        "poisson",
        "stateless_binomial",
        "stateless_categorical",
        "stateless_parameterized_truncated_normal",
        "stateless_poisson",
    ],
    "gradtape._ops.gamma_sampling": ["gamma", "stateless_gamma"],
    "gradtape._ops.generators": ["Generator", "create_rng_state", "get_global_generator", "set_global_generator"],
    "gradtape._ops.stateless": [
        "Algorithm",
        "fold_in",
        "split",
        "stateless_normal",
        "stateless_truncated_normal",
        "stateless_uniform",
    ],
    "gradtape.random.experimental": ["experimental"],
}
__getattr__ = _missing(__name__, _LATER)


def __dir__() -> list[str]:
    return sorted([*globals(), *(name for names in _LATER.values() for name in names)])
