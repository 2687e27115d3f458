"""`tf.math`: functions of numbers."""

from gradtape._ops.activations import softsign as softsign
from gradtape._ops.arithmetic import abs as abs, add as add, add_n as add_n, multiply as multiply, negative as negative, pow as pow, reciprocal as reciprocal, rsqrt as rsqrt, sign as sign, sqrt as sqrt, square as square, squared_difference as squared_difference, subtract as subtract
from gradtape._ops.comparison import equal as equal, greater as greater, greater_equal as greater_equal, is_finite as is_finite, is_inf as is_inf, is_nan as is_nan, less as less, less_equal as less_equal, logical_and as logical_and, logical_not as logical_not, logical_or as logical_or, logical_xor as logical_xor, not_equal as not_equal
from gradtape._ops.complexes import angle as angle, conj as conj, imag as imag, real as real
from gradtape._ops.exponential import exp as exp, expm1 as expm1, log as log, log1p as log1p, log_sigmoid as log_sigmoid, sigmoid as sigmoid, softplus as softplus, xlog1py as xlog1py, xlogy as xlogy
from gradtape._ops.extrema import maximum as maximum, minimum as minimum
from gradtape._ops.losses import log_softmax as log_softmax, softmax as softmax
from gradtape._ops.norms import l2_normalize as l2_normalize, reduce_euclidean_norm as reduce_euclidean_norm
from gradtape._ops.quotients import divide as divide, divide_no_nan as divide_no_nan, floordiv as floordiv, mod as floormod, mod as mod, multiply_no_nan as multiply_no_nan, truediv as truediv, xdivy as xdivy
from gradtape._ops.reduction import count_nonzero as count_nonzero, reduce_all as reduce_all, reduce_any as reduce_any, reduce_logsumexp as reduce_logsumexp, reduce_max as reduce_max, reduce_mean as reduce_mean, reduce_min as reduce_min, reduce_prod as reduce_prod, reduce_std as reduce_std, reduce_sum as reduce_sum, reduce_variance as reduce_variance
from gradtape._ops.rounding import ceil as ceil, floor as floor, rint as rint, round as round
from gradtape._ops.scan import cumprod as cumprod, cumsum as cumsum, cumulative_logsumexp as cumulative_logsumexp
from gradtape._ops.sorting import argmax as argmax, argmin as argmin, top_k as top_k
from gradtape._ops.trigonometry import acos as acos, acosh as acosh, asin as asin, asinh as asinh, atan as atan, atan2 as atan2, atanh as atanh, cos as cos, cosh as cosh, sin as sin, sinh as sinh, tan as tan, tanh as tanh
from gradtape._run.stand_in import missing

__getattr__ = missing(__name__)
