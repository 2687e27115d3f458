"""`tf.nn`: activations, normalisations and losses of neural networks."""

from typing import TYPE_CHECKING as _TYPE_CHECKING

from gradtape._ops.activations import crelu as crelu
from gradtape._ops.activations import elu as elu
from gradtape._ops.activations import gelu as gelu
from gradtape._ops.activations import leaky_relu as leaky_relu
from gradtape._ops.activations import relu as relu
from gradtape._ops.activations import relu6 as relu6
from gradtape._ops.activations import selu as selu
from gradtape._ops.activations import silu as silu
from gradtape._ops.activations import softsign as softsign
from gradtape._ops.exponential import sigmoid as sigmoid
from gradtape._ops.exponential import softplus as softplus
from gradtape._ops.losses import log_softmax as log_softmax
from gradtape._ops.losses import sigmoid_cross_entropy_with_logits as sigmoid_cross_entropy_with_logits
from gradtape._ops.losses import softmax as softmax
from gradtape._ops.losses import softmax_cross_entropy_with_logits as softmax_cross_entropy_with_logits
from gradtape._ops.losses import sparse_softmax_cross_entropy_with_logits as sparse_softmax_cross_entropy_with_logits
from gradtape._ops.norms import l2_normalize as l2_normalize
from gradtape._ops.sorting import top_k as top_k
from gradtape._ops.trigonometry import tanh as tanh
from gradtape._run.stand_in import missing as _missing

swish = silu

if _TYPE_CHECKING:
    from gradtape._ops.normalization import batch_normalization as batch_normalization
    from gradtape._ops.normalization import compute_average_loss as compute_average_loss
    from gradtape._ops.normalization import dropout as dropout
    from gradtape._ops.normalization import embedding_lookup as embedding_lookup
    from gradtape._ops.normalization import moments as moments
    from gradtape._ops.normalization import scale_regularization_loss as scale_regularization_loss
    from gradtape._ops.normalization import weighted_moments as weighted_moments

# Loaded when they are first asked for: an import of gradtape is short.
_LATER = {
    "gradtape._ops.normalization": [
        "batch_normalization",
        "compute_average_loss",
        "dropout",
        "embedding_lookup",
        "moments",
        "scale_regularization_loss",
        "weighted_moments",
    ],
}
__getattr__ = _missing(__name__, _LATER)


def __dir__() -> list[str]:
    return sorted([*globals(), *(name for names in _LATER.values() for name in names)])
