"""`tf.sparse`: sparse tensors, given by their few elements and their places."""

from gradtape._ops.sparse_arithmetic import add as add
from gradtape._ops.sparse_arithmetic import bincount as bincount
from gradtape._ops.sparse_arithmetic import maximum as maximum
from gradtape._ops.sparse_arithmetic import minimum as minimum
from gradtape._ops.sparse_arithmetic import reduce_max as reduce_max
from gradtape._ops.sparse_arithmetic import reduce_sum as reduce_sum
from gradtape._ops.sparse_arithmetic import softmax as softmax
from gradtape._ops.sparse_arithmetic import to_indicator as to_indicator
from gradtape._ops.sparse_products import segment_mean as segment_mean
from gradtape._ops.sparse_products import segment_sqrt_n as segment_sqrt_n
from gradtape._ops.sparse_products import segment_sum as segment_sum
from gradtape._ops.sparse_products import sparse_dense_matmul as sparse_dense_matmul
from gradtape._ops.sparse_structure import concat as concat
from gradtape._ops.sparse_structure import expand_dims as expand_dims
from gradtape._ops.sparse_structure import eye as eye
from gradtape._ops.sparse_structure import fill_empty_rows as fill_empty_rows
from gradtape._ops.sparse_structure import reorder as reorder
from gradtape._ops.sparse_structure import reset_shape as reset_shape
from gradtape._ops.sparse_structure import reshape as reshape
from gradtape._ops.sparse_structure import retain as retain
from gradtape._ops.sparse_structure import slice as slice
from gradtape._ops.sparse_structure import split as split
from gradtape._ops.sparse_structure import transpose as transpose
from gradtape._ops.sparse_tensors import SparseTensor as SparseTensor
from gradtape._ops.sparse_tensors import from_dense as from_dense
from gradtape._ops.sparse_tensors import map_values as map_values
from gradtape._ops.sparse_tensors import mask as mask
from gradtape._ops.sparse_tensors import to_dense as to_dense
from gradtape._run.stand_in import missing as _missing

__getattr__ = _missing(__name__)
