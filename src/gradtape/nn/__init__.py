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
    from gradtape._ops.alignments import ctc_loss as ctc_loss
    from gradtape._ops.alignments import ctc_unique_labels as ctc_unique_labels
    from gradtape._ops.blocks import depth_to_space as depth_to_space
    from gradtape._ops.blocks import space_to_batch as space_to_batch
    from gradtape._ops.blocks import space_to_depth as space_to_depth
    from gradtape._ops.blocks import with_space_to_batch as with_space_to_batch
    from gradtape._ops.candidates import all_candidate_sampler as all_candidate_sampler
    from gradtape._ops.candidates import fixed_unigram_candidate_sampler as fixed_unigram_candidate_sampler
    from gradtape._ops.candidates import learned_unigram_candidate_sampler as learned_unigram_candidate_sampler
    from gradtape._ops.channels import bias_add as bias_add
    from gradtape._ops.channels import local_response_normalization as local_response_normalization
    from gradtape._ops.channels import lrn as lrn
    from gradtape._ops.convolution_forms import atrous_conv2d as atrous_conv2d
    from gradtape._ops.convolution_forms import conv1d as conv1d
    from gradtape._ops.convolution_forms import conv2d as conv2d
    from gradtape._ops.convolution_forms import conv3d as conv3d
    from gradtape._ops.convolution_forms import convolution as convolution
    from gradtape._ops.convolution_transposes import atrous_conv2d_transpose as atrous_conv2d_transpose
    from gradtape._ops.convolution_transposes import conv1d_transpose as conv1d_transpose
    from gradtape._ops.convolution_transposes import conv2d_transpose as conv2d_transpose
    from gradtape._ops.convolution_transposes import conv3d_transpose as conv3d_transpose
    from gradtape._ops.convolution_transposes import conv_transpose as conv_transpose
    from gradtape._ops.decoding import ctc_beam_search_decoder as ctc_beam_search_decoder
    from gradtape._ops.decoding import ctc_greedy_decoder as ctc_greedy_decoder
    from gradtape._ops.depthwise import depthwise_conv2d as depthwise_conv2d
    from gradtape._ops.depthwise import depthwise_conv2d_backprop_filter as depthwise_conv2d_backprop_filter
    from gradtape._ops.depthwise import depthwise_conv2d_backprop_input as depthwise_conv2d_backprop_input
    from gradtape._ops.depthwise import separable_conv2d as separable_conv2d
    from gradtape._ops.dropouts import dropout as dropout
    from gradtape._ops.fractional_pooling import fractional_avg_pool as fractional_avg_pool
    from gradtape._ops.fractional_pooling import fractional_max_pool as fractional_max_pool
    from gradtape._ops.isotonic import isotonic_regression as isotonic_regression
    from gradtape._ops.largest import approx_max_k as approx_max_k
    from gradtape._ops.largest import approx_min_k as approx_min_k
    from gradtape._ops.largest import in_top_k as in_top_k
    from gradtape._ops.measures import zero_fraction as zero_fraction
    from gradtape._ops.normalization import batch_normalization as batch_normalization
    from gradtape._ops.normalization import compute_average_loss as compute_average_loss
    from gradtape._ops.normalization import embedding_lookup as embedding_lookup
    from gradtape._ops.normalization import moments as moments
    from gradtape._ops.normalization import scale_regularization_loss as scale_regularization_loss
    from gradtape._ops.normalization import weighted_moments as weighted_moments
    from gradtape._ops.patches import dilation2d as dilation2d
    from gradtape._ops.patches import erosion2d as erosion2d
    from gradtape._ops.polynomials import l2_loss as l2_loss
    from gradtape._ops.pooling import avg_pool as avg_pool
    from gradtape._ops.pooling import avg_pool1d as avg_pool1d
    from gradtape._ops.pooling import avg_pool2d as avg_pool2d
    from gradtape._ops.pooling import avg_pool3d as avg_pool3d
    from gradtape._ops.pooling import max_pool as max_pool
    from gradtape._ops.pooling import max_pool1d as max_pool1d
    from gradtape._ops.pooling import max_pool2d as max_pool2d
    from gradtape._ops.pooling import max_pool3d as max_pool3d
    from gradtape._ops.pooling import max_pool_with_argmax as max_pool_with_argmax
    from gradtape._ops.pooling import pool as pool
    from gradtape._ops.sampled_losses import compute_accidental_hits as compute_accidental_hits
    from gradtape._ops.sampled_losses import nce_loss as nce_loss
    from gradtape._ops.sampled_losses import sampled_softmax_loss as sampled_softmax_loss
    from gradtape._ops.sequences import collapse_repeated as collapse_repeated
    from gradtape._ops.sparse_products import embedding_lookup_sparse as embedding_lookup_sparse
    from gradtape._ops.sparse_products import safe_embedding_lookup_sparse as safe_embedding_lookup_sparse
    from gradtape._ops.statistics import batch_norm_with_global_normalization as batch_norm_with_global_normalization
    from gradtape._ops.statistics import log_poisson_loss as log_poisson_loss
    from gradtape._ops.statistics import normalize_moments as normalize_moments
    from gradtape._ops.statistics import sufficient_statistics as sufficient_statistics
    from gradtape._ops.statistics import weighted_cross_entropy_with_logits as weighted_cross_entropy_with_logits
    from gradtape.nn import experimental as experimental

# Loaded when they are first asked for: an import of gradtape is short.
_LATER = {
    "gradtape._ops.alignments": ["ctc_loss", "ctc_unique_labels"],
    "gradtape._ops.candidates": [
        "all_candidate_sampler",
        "fixed_unigram_candidate_sampler",
        "learned_unigram_candidate_sampler",
    ],
    "gradtape._ops.decoding": ["ctc_beam_search_decoder", "ctc_greedy_decoder"],
    "gradtape._ops.sampled_losses": ["compute_accidental_hits", "nce_loss", "sampled_softmax_loss"],
    "gradtape._ops.sparse_products": ["embedding_lookup_sparse", "safe_embedding_lookup_sparse"],
    "gradtape._ops.convolution_forms": ["atrous_conv2d", "conv1d", "conv2d", "conv3d", "convolution"],
    "gradtape._ops.convolution_transposes": [
        "atrous_conv2d_transpose",
        "conv1d_transpose",
        "conv2d_transpose",
        "conv3d_transpose",
        "conv_transpose",
    ],
    "gradtape._ops.depthwise": [
        "depthwise_conv2d",
        "depthwise_conv2d_backprop_filter",
        "depthwise_conv2d_backprop_input",
        "separable_conv2d",
    ],
    "gradtape._ops.dropouts": ["dropout"],
    "gradtape._ops.fractional_pooling": ["fractional_avg_pool", "fractional_max_pool"],
    "gradtape._ops.isotonic": ["isotonic_regression"],
    "gradtape._ops.largest": ["approx_max_k", "approx_min_k", "in_top_k"],
    "gradtape._ops.measures": ["zero_fraction"],
    "gradtape._ops.normalization": [
        "batch_normalization",
        "compute_average_loss",
        "embedding_lookup",
        "moments",
        "scale_regularization_loss",
        "weighted_moments",
    ],
    "gradtape._ops.polynomials": ["l2_loss"],
    "gradtape._ops.sequences": ["collapse_repeated"],
    "gradtape._ops.statistics": [
        "batch_norm_with_global_normalization",
        "log_poisson_loss",
        "normalize_moments",
        "sufficient_statistics",
        "weighted_cross_entropy_with_logits",
    ],
    "gradtape._ops.blocks": ["depth_to_space", "space_to_batch", "space_to_depth", "with_space_to_batch"],
    "gradtape._ops.channels": ["bias_add", "local_response_normalization", "lrn"],
    "gradtape._ops.patches": ["dilation2d", "erosion2d"],
    "gradtape._ops.pooling": [
        "avg_pool",
        "avg_pool1d",
        "avg_pool2d",
        "avg_pool3d",
        "max_pool",
        "max_pool1d",
        "max_pool2d",
        "max_pool3d",
        "max_pool_with_argmax",
        "pool",
    ],
    "gradtape.nn.experimental": ["experimental"],
}
__getattr__ = _missing(__name__, _LATER)


def __dir__() -> list[str]:
    return sorted([*globals(), *(name for names in _LATER.values() for name in names)])
