"""`tf.random`: TensorFlow's own numbers for a seed."""

from gradtape._ops.sampling import normal as normal
from gradtape._ops.sampling import set_seed as set_seed
from gradtape._ops.sampling import shuffle as shuffle
from gradtape._ops.sampling import truncated_normal as truncated_normal
from gradtape._ops.sampling import uniform as uniform
from gradtape._run.stand_in import missing as _missing

__getattr__ = _missing(__name__)
