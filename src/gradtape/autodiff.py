"""`tf.autodiff`: forward mode, derivatives of functions, sparse ones, Taylor series, and a check of them all."""

from typing import TYPE_CHECKING as _TYPE_CHECKING

from gradtape._run.stand_in import missing as _missing

if _TYPE_CHECKING:
    from gradtape._autodiff.accumulator import ForwardAccumulator as ForwardAccumulator
    from gradtape._autodiff.checking import check as check
    from gradtape._autodiff.colouring import Sparsity as Sparsity
    from gradtape._autodiff.functional import hvp as hvp
    from gradtape._autodiff.functional import jvp as jvp
    from gradtape._autodiff.functional import value_and_gradient as value_and_gradient
    from gradtape._autodiff.functional import vjp as vjp
    from gradtape._autodiff.matrices import hessian as hessian
    from gradtape._autodiff.matrices import jacobian as jacobian
    from gradtape._autodiff.sparse import hessian_sparsity as hessian_sparsity
    from gradtape._autodiff.sparse import jacobian_sparsity as jacobian_sparsity
    from gradtape._autodiff.sparse import sparse_hessian as sparse_hessian
    from gradtape._autodiff.sparse import sparse_jacobian as sparse_jacobian
    from gradtape._autodiff.tape import GradientTape as GradientTape
    from gradtape._autodiff.taylor import taylor as taylor

# Loaded when they are first asked for: an import of gradtape is short.
_LATER = {
    "gradtape._autodiff.accumulator": ["ForwardAccumulator"],
    "gradtape._autodiff.checking": ["check"],
    "gradtape._autodiff.colouring": ["Sparsity"],
    "gradtape._autodiff.functional": ["hvp", "jvp", "value_and_gradient", "vjp"],
    "gradtape._autodiff.matrices": ["hessian", "jacobian"],
    "gradtape._autodiff.sparse": ["hessian_sparsity", "jacobian_sparsity", "sparse_hessian", "sparse_jacobian"],
    "gradtape._autodiff.tape": ["GradientTape"],
    "gradtape._autodiff.taylor": ["taylor"],
}
__getattr__ = _missing(__name__, _LATER)


def __dir__() -> list[str]:
    return sorted([*globals(), *(name for names in _LATER.values() for name in names)])
