"""`tf.linalg`: matrices, norms and linear operators."""

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
    from gradtape._ops.diagonals import diag as diag
    from gradtape._ops.diagonals import diag_part as diag_part
    from gradtape._ops.diagonals import set_diag as set_diag
    from gradtape._ops.diagonals import tensor_diag as tensor_diag
    from gradtape._ops.diagonals import tensor_diag_part as tensor_diag_part
    from gradtape._ops.factorization import band_part as band_part
    from gradtape._ops.factorization import cholesky as cholesky
    from gradtape._ops.factorization import triangular_solve as triangular_solve
    from gradtape._ops.linear_operator import LinearOperator as LinearOperator
    from gradtape._ops.linear_operator import LinearOperatorAdjoint as LinearOperatorAdjoint
    from gradtape._ops.linear_operator import LinearOperatorComposition as LinearOperatorComposition
    from gradtape._ops.linear_operator import LinearOperatorInversion as LinearOperatorInversion
    from gradtape._ops.linear_operator import LinearOperatorLowerTriangular as LinearOperatorLowerTriangular
    from gradtape._ops.linear_operator_blocks import LinearOperatorBlockDiag as LinearOperatorBlockDiag
    from gradtape._ops.linear_operator_blocks import (
        LinearOperatorBlockLowerTriangular as LinearOperatorBlockLowerTriangular,
    )
    from gradtape._ops.linear_operator_circulant import LinearOperatorCirculant as LinearOperatorCirculant
    from gradtape._ops.linear_operator_circulant import LinearOperatorCirculant2D as LinearOperatorCirculant2D
    from gradtape._ops.linear_operator_circulant import LinearOperatorCirculant3D as LinearOperatorCirculant3D
    from gradtape._ops.linear_operator_combined import LinearOperatorKronecker as LinearOperatorKronecker
    from gradtape._ops.linear_operator_combined import LinearOperatorLowRankUpdate as LinearOperatorLowRankUpdate
    from gradtape._ops.linear_operator_identity import LinearOperatorIdentity as LinearOperatorIdentity
    from gradtape._ops.linear_operator_identity import LinearOperatorZeros as LinearOperatorZeros
    from gradtape._ops.linear_operator_simple import LinearOperatorDiag as LinearOperatorDiag
    from gradtape._ops.linear_operator_simple import LinearOperatorFullMatrix as LinearOperatorFullMatrix
    from gradtape._ops.linear_operator_simple import LinearOperatorScaledIdentity as LinearOperatorScaledIdentity
    from gradtape._ops.linear_operator_structured import LinearOperatorHouseholder as LinearOperatorHouseholder
    from gradtape._ops.linear_operator_structured import LinearOperatorPermutation as LinearOperatorPermutation
    from gradtape._ops.linear_operator_structured import LinearOperatorToeplitz as LinearOperatorToeplitz
    from gradtape._ops.linear_operator_structured import LinearOperatorTridiag as LinearOperatorTridiag
    from gradtape._ops.lu_factors import lu as lu
    from gradtape._ops.lu_factors import lu_matrix_inverse as lu_matrix_inverse
    from gradtape._ops.lu_factors import lu_reconstruct as lu_reconstruct
    from gradtape._ops.lu_factors import lu_solve as lu_solve
    from gradtape._ops.matrix_functions import expm as expm
    from gradtape._ops.matrix_functions import logm as logm
    from gradtape._ops.matrix_functions import lstsq as lstsq
    from gradtape._ops.matrix_functions import matrix_rank as matrix_rank
    from gradtape._ops.matrix_functions import pinv as pinv
    from gradtape._ops.matrix_functions import sqrtm as sqrtm
    from gradtape._ops.singular import qr as qr
    from gradtape._ops.singular import svd as svd
    from gradtape._ops.solving import adjoint as adjoint
    from gradtape._ops.solving import cholesky_solve as cholesky_solve
    from gradtape._ops.solving import cross as cross
    from gradtape._ops.solving import det as det
    from gradtape._ops.solving import inv as inv
    from gradtape._ops.solving import logdet as logdet
    from gradtape._ops.solving import matrix_transpose as matrix_transpose
    from gradtape._ops.solving import slogdet as slogdet
    from gradtape._ops.solving import solve as solve
    from gradtape._ops.spectra import eig as eig
    from gradtape._ops.spectra import eigh as eigh
    from gradtape._ops.spectra import eigvals as eigvals
    from gradtape._ops.spectra import eigvalsh as eigvalsh
    from gradtape._ops.tridiagonal import banded_triangular_solve as banded_triangular_solve
    from gradtape._ops.tridiagonal import eigh_tridiagonal as eigh_tridiagonal
    from gradtape._ops.tridiagonal import tridiagonal_matmul as tridiagonal_matmul
    from gradtape._ops.tridiagonal import tridiagonal_solve as tridiagonal_solve
    from gradtape.linalg import experimental as experimental

# Loaded when they are first asked for: an import of gradtape is short.
_LATER = {
    "gradtape._ops.diagonals": ["diag", "diag_part", "set_diag", "tensor_diag", "tensor_diag_part"],
    "gradtape._ops.factorization": ["band_part", "cholesky", "triangular_solve"],
    "gradtape._ops.solving": [
        "adjoint",
        "cholesky_solve",
        "cross",
        "det",
        "inv",
        "logdet",
        "matrix_transpose",
        "slogdet",
        "solve",
    ],
    "gradtape._ops.linear_operator": [
        "LinearOperator",
        "LinearOperatorAdjoint",
        "LinearOperatorComposition",
        "LinearOperatorInversion",
        "LinearOperatorLowerTriangular",
    ],
    "gradtape._ops.linear_operator_blocks": ["LinearOperatorBlockDiag", "LinearOperatorBlockLowerTriangular"],
    "gradtape._ops.linear_operator_circulant": [
        "LinearOperatorCirculant",
        "LinearOperatorCirculant2D",
        "LinearOperatorCirculant3D",
    ],
    "gradtape._ops.linear_operator_combined": ["LinearOperatorKronecker", "LinearOperatorLowRankUpdate"],
    "gradtape._ops.linear_operator_identity": ["LinearOperatorIdentity", "LinearOperatorZeros"],
    "gradtape._ops.linear_operator_simple": [
        "LinearOperatorDiag",
        "LinearOperatorFullMatrix",
        "LinearOperatorScaledIdentity",
    ],
    "gradtape._ops.linear_operator_structured": [
        "LinearOperatorHouseholder",
        "LinearOperatorPermutation",
        "LinearOperatorToeplitz",
        "LinearOperatorTridiag",
    ],
    "gradtape._ops.lu_factors": ["lu", "lu_matrix_inverse", "lu_reconstruct", "lu_solve"],
    "gradtape._ops.matrix_functions": ["expm", "logm", "lstsq", "matrix_rank", "pinv", "sqrtm"],
    "gradtape._ops.singular": ["qr", "svd"],
    "gradtape._ops.spectra": ["eig", "eigh", "eigvals", "eigvalsh"],
    "gradtape._ops.tridiagonal": [
        "banded_triangular_solve",
        "eigh_tridiagonal",
        "tridiagonal_matmul",
        "tridiagonal_solve",
    ],
    "gradtape.linalg.experimental": ["experimental"],
}
__getattr__ = _missing(__name__, _LATER)


def __dir__() -> list[str]:
    return sorted([*globals(), *(name for names in _LATER.values() for name in names)])
