"""`tf.bitwise`: operations on the bits of integers."""

from gradtape._ops.comparison import bitwise_and as bitwise_and, bitwise_or as bitwise_or, bitwise_xor as bitwise_xor, bitwise_invert as invert
from gradtape._run.stand_in import missing

__getattr__ = missing(__name__)
