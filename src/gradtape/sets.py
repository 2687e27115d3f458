"""`tf.sets`: sets of integers along the last dimension of tensors."""

from gradtape._ops.set_operations import difference as difference
from gradtape._ops.set_operations import intersection as intersection
from gradtape._ops.set_operations import size as size
from gradtape._ops.set_operations import union as union
from gradtape._run.stand_in import missing as _missing

__getattr__ = _missing(__name__)
