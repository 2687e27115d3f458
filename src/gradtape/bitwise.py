"""`tf.bitwise`: operations on the bits of integers."""

from gradtape._ops.comparison import bitwise_and as bitwise_and
from gradtape._ops.comparison import bitwise_invert as _invert
from gradtape._ops.comparison import bitwise_or as bitwise_or
from gradtape._ops.comparison import bitwise_xor as bitwise_xor
from gradtape._run.stand_in import missing as _missing

invert = _invert

__getattr__ = _missing(__name__)
