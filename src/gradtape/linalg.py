"""`tf.linalg`: matrices and norms."""

from typing import TYPE_CHECKING as _TYPE_CHECKING

from gradtape._ops.contraction import einsum as einsum
from gradtape._ops.contraction import trace as trace
from gradtape._ops.creation import eye as eye
from gradtape._ops.norms import global_norm as global_norm
from gradtape._ops.norms import l2_normalize as l2_normalize
from gradtape._ops.norms import norm as norm
from gradtape._ops.norms import normalize as normalize
from gradtape._ops.products import matmul as matmul
from gradtape._ops.products import matvec as matvec
from gradtape._ops.products import tensordot as tensordot
from gradtape._run.stand_in import missing as _missing

if _TYPE_CHECKING:
    from gradtape._ops.factorization import band_part as band_part
    from gradtape._ops.factorization import cholesky as cholesky
    from gradtape._ops.factorization import triangular_solve as triangular_solve

# Loaded when they are first asked for: an import of gradtape is short.
_LATER = {
    "gradtape._ops.factorization": ["band_part", "cholesky", "triangular_solve"],
}
__getattr__ = _missing(__name__, _LATER)


def __dir__() -> list[str]:
    return sorted([*globals(), *(name for names in _LATER.values() for name in names)])
