"""`tf.math`: functions of numbers."""

from typing import TYPE_CHECKING as _TYPE_CHECKING

from gradtape._ops.activations import softsign as softsign
from gradtape._ops.arithmetic import abs as abs
from gradtape._ops.arithmetic import add as add
from gradtape._ops.arithmetic import add_n as add_n
from gradtape._ops.arithmetic import multiply as multiply
from gradtape._ops.arithmetic import negative as negative
from gradtape._ops.arithmetic import pow as pow
from gradtape._ops.arithmetic import reciprocal as reciprocal
from gradtape._ops.arithmetic import rsqrt as rsqrt
from gradtape._ops.arithmetic import sign as sign
from gradtape._ops.arithmetic import sqrt as sqrt
from gradtape._ops.arithmetic import square as square
from gradtape._ops.arithmetic import squared_difference as squared_difference
from gradtape._ops.arithmetic import subtract as subtract
from gradtape._ops.comparison import equal as equal
from gradtape._ops.comparison import greater as greater
from gradtape._ops.comparison import greater_equal as greater_equal
from gradtape._ops.comparison import is_finite as is_finite
from gradtape._ops.comparison import is_inf as is_inf
from gradtape._ops.comparison import is_nan as is_nan
from gradtape._ops.comparison import less as less
from gradtape._ops.comparison import less_equal as less_equal
from gradtape._ops.comparison import logical_and as logical_and
from gradtape._ops.comparison import logical_not as logical_not
from gradtape._ops.comparison import logical_or as logical_or
from gradtape._ops.comparison import logical_xor as logical_xor
from gradtape._ops.comparison import not_equal as not_equal
from gradtape._ops.complexes import angle as angle
from gradtape._ops.complexes import conj as conj
from gradtape._ops.complexes import imag as imag
from gradtape._ops.complexes import real as real
from gradtape._ops.exponential import exp as exp
from gradtape._ops.exponential import expm1 as expm1
from gradtape._ops.exponential import log as log
from gradtape._ops.exponential import log1p as log1p
from gradtape._ops.exponential import log_sigmoid as log_sigmoid
from gradtape._ops.exponential import sigmoid as sigmoid
from gradtape._ops.exponential import softplus as softplus
from gradtape._ops.exponential import xlog1py as xlog1py
from gradtape._ops.exponential import xlogy as xlogy
from gradtape._ops.extrema import maximum as maximum
from gradtape._ops.extrema import minimum as minimum
from gradtape._ops.losses import log_softmax as log_softmax
from gradtape._ops.losses import softmax as softmax
from gradtape._ops.moments import reduce_std as reduce_std
from gradtape._ops.moments import reduce_variance as reduce_variance
from gradtape._ops.norms import l2_normalize as l2_normalize
from gradtape._ops.norms import reduce_euclidean_norm as reduce_euclidean_norm
from gradtape._ops.quotients import divide as divide
from gradtape._ops.quotients import divide_no_nan as divide_no_nan
from gradtape._ops.quotients import floordiv as floordiv
from gradtape._ops.quotients import mod as mod
from gradtape._ops.quotients import multiply_no_nan as multiply_no_nan
from gradtape._ops.quotients import truediv as truediv
from gradtape._ops.quotients import xdivy as xdivy
from gradtape._ops.reduction import count_nonzero as count_nonzero
from gradtape._ops.reduction import reduce_all as reduce_all
from gradtape._ops.reduction import reduce_any as reduce_any
from gradtape._ops.reduction import reduce_logsumexp as reduce_logsumexp
from gradtape._ops.reduction import reduce_max as reduce_max
from gradtape._ops.reduction import reduce_mean as reduce_mean
from gradtape._ops.reduction import reduce_min as reduce_min
from gradtape._ops.reduction import reduce_prod as reduce_prod
from gradtape._ops.reduction import reduce_sum as reduce_sum
from gradtape._ops.rounding import ceil as ceil
from gradtape._ops.rounding import floor as floor
from gradtape._ops.rounding import rint as rint
from gradtape._ops.rounding import round as round
from gradtape._ops.scan import cumprod as cumprod
from gradtape._ops.scan import cumsum as cumsum
from gradtape._ops.scan import cumulative_logsumexp as cumulative_logsumexp
from gradtape._ops.sorting import argmax as argmax
from gradtape._ops.sorting import argmin as argmin
from gradtape._ops.sorting import top_k as top_k
from gradtape._ops.trigonometry import acos as acos
from gradtape._ops.trigonometry import acosh as acosh
from gradtape._ops.trigonometry import asin as asin
from gradtape._ops.trigonometry import asinh as asinh
from gradtape._ops.trigonometry import atan as atan
from gradtape._ops.trigonometry import atan2 as atan2
from gradtape._ops.trigonometry import atanh as atanh
from gradtape._ops.trigonometry import cos as cos
from gradtape._ops.trigonometry import cosh as cosh
from gradtape._ops.trigonometry import sin as sin
from gradtape._ops.trigonometry import sinh as sinh
from gradtape._ops.trigonometry import tan as tan
from gradtape._ops.trigonometry import tanh as tanh
from gradtape._run.stand_in import missing as _missing

floormod = mod

if _TYPE_CHECKING:
    from gradtape import special as special
    from gradtape._ops.counting import bincount as bincount
    from gradtape._ops.inspection import nextafter as nextafter
    from gradtape._ops.largest import approx_max_k as approx_max_k
    from gradtape._ops.largest import approx_min_k as approx_min_k
    from gradtape._ops.largest import in_top_k as in_top_k
    from gradtape._ops.measures import confusion_matrix as confusion_matrix
    from gradtape._ops.measures import zero_fraction as zero_fraction
    from gradtape._ops.ordered_segments import segment_max as segment_max
    from gradtape._ops.ordered_segments import segment_mean as segment_mean
    from gradtape._ops.ordered_segments import segment_min as segment_min
    from gradtape._ops.ordered_segments import segment_prod as segment_prod
    from gradtape._ops.ordered_segments import segment_sum as segment_sum
    from gradtape._ops.polynomials import accumulate_n as accumulate_n
    from gradtape._ops.polynomials import polyval as polyval
    from gradtape._ops.polynomials import scalar_mul as scalar_mul
    from gradtape._ops.remainders import reciprocal_no_nan as reciprocal_no_nan
    from gradtape._ops.segments import unsorted_segment_max as unsorted_segment_max
    from gradtape._ops.segments import unsorted_segment_mean as unsorted_segment_mean
    from gradtape._ops.segments import unsorted_segment_min as unsorted_segment_min
    from gradtape._ops.segments import unsorted_segment_prod as unsorted_segment_prod
    from gradtape._ops.segments import unsorted_segment_sqrt_n as unsorted_segment_sqrt_n
    from gradtape._ops.segments import unsorted_segment_sum as unsorted_segment_sum
    from gradtape._ops.sets_of_values import invert_permutation as invert_permutation
    from gradtape._ops.sets_of_values import is_non_decreasing as is_non_decreasing
    from gradtape._ops.sets_of_values import is_strictly_increasing as is_strictly_increasing
    from gradtape._ops.sobol import sobol_sample as sobol_sample
    from gradtape._ops.special import digamma as digamma
    from gradtape._ops.special import erf as erf
    from gradtape._ops.special import erfc as erfc
    from gradtape._ops.special import erfcinv as erfcinv
    from gradtape._ops.special import erfinv as erfinv
    from gradtape._ops.special import lbeta as lbeta
    from gradtape._ops.special import lgamma as lgamma
    from gradtape._ops.special import ndtri as ndtri
    from gradtape._ops.special import polygamma as polygamma
    from gradtape._ops.special import zeta as zeta
    from gradtape._ops.special_bessel import bessel_i0 as bessel_i0
    from gradtape._ops.special_bessel import bessel_i0e as bessel_i0e
    from gradtape._ops.special_bessel import bessel_i1 as bessel_i1
    from gradtape._ops.special_bessel import bessel_i1e as bessel_i1e
    from gradtape._ops.special_beta import betainc as betainc
    from gradtape._ops.special_incomplete import igamma as igamma
    from gradtape._ops.special_incomplete import igammac as igammac

# Loaded when they are first asked for: an import of gradtape is short.
_LATER = {
    "gradtape._ops.counting": ["bincount"],
    "gradtape._ops.inspection": ["nextafter"],
    "gradtape._ops.largest": ["approx_max_k", "approx_min_k", "in_top_k"],
    "gradtape._ops.measures": ["confusion_matrix", "zero_fraction"],
    "gradtape._ops.ordered_segments": ["segment_max", "segment_mean", "segment_min", "segment_prod", "segment_sum"],
    "gradtape._ops.polynomials": ["accumulate_n", "polyval", "scalar_mul"],
    "gradtape._ops.remainders": ["reciprocal_no_nan"],
    "gradtape._ops.segments": [
        "unsorted_segment_max",
        "unsorted_segment_mean",
        "unsorted_segment_min",
        "unsorted_segment_prod",
        "unsorted_segment_sqrt_n",
        "unsorted_segment_sum",
    ],
    "gradtape._ops.sets_of_values": ["invert_permutation", "is_non_decreasing", "is_strictly_increasing"],
    "gradtape._ops.sobol": ["sobol_sample"],
    "gradtape._ops.special": [
        "digamma",
        "erf",
        "erfc",
        "erfcinv",
        "erfinv",
        "lbeta",
        "lgamma",
        "ndtri",
        "polygamma",
        "zeta",
    ],
    "gradtape._ops.special_beta": ["betainc"],
    "gradtape._ops.special_incomplete": ["igamma", "igammac"],
    "gradtape._ops.special_bessel": ["bessel_i0", "bessel_i0e", "bessel_i1", "bessel_i1e"],
    "gradtape.special": ["special"],
}
__getattr__ = _missing(__name__, _LATER)


def __dir__() -> list[str]:
    return sorted([*globals(), *(name for names in _LATER.values() for name in names)])
