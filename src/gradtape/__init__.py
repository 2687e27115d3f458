"""TensorFlow 2's eager automatic differentiation on NumPy: `import gradtape as tf`."""

import warnings as _warnings
from typing import TYPE_CHECKING as _TYPE_CHECKING
from typing import Any as _Any

from gradtape import bitwise as bitwise
from gradtape import config as config
from gradtape import dtypes as dtypes
from gradtape import errors as errors
from gradtape import linalg as linalg
from gradtape import math as math
from gradtape import nest as nest
from gradtape import nn as nn
from gradtape import random as random
from gradtape._autodiff.tape import GradientTape as GradientTape
from gradtape._autodiff.tape import UnconnectedGradients as UnconnectedGradients
from gradtape._core.dtypes import DType as DType
from gradtape._core.dtypes import as_dtype as as_dtype
from gradtape._core.dtypes import bool_ as bool
from gradtape._core.dtypes import complex64 as complex64
from gradtape._core.dtypes import complex128 as complex128
from gradtape._core.dtypes import float16 as float16
from gradtape._core.dtypes import float32 as float32
from gradtape._core.dtypes import float64 as float64
from gradtape._core.dtypes import float16 as half
from gradtape._core.dtypes import float64 as double
from gradtape._core.dtypes import int8 as int8
from gradtape._core.dtypes import int16 as int16
from gradtape._core.dtypes import int32 as int32
from gradtape._core.dtypes import int64 as int64
from gradtape._core.dtypes import uint8 as uint8
from gradtape._core.dtypes import uint16 as uint16
from gradtape._core.dtypes import uint32 as uint32
from gradtape._core.dtypes import uint64 as uint64
from gradtape._core.slices import IndexedSlices as IndexedSlices
from gradtape._core.spec import TensorShape as TensorShape
from gradtape._core.spec import TensorSpec as TensorSpec
from gradtape._core.tensor import Tensor as Tensor
from gradtape._core.tensor import is_tensor as is_tensor
from gradtape._core.variable import Variable as Variable
from gradtape._ops import operators as _operators
from gradtape._ops.arithmetic import abs as abs, add as add, add_n as add_n, multiply as multiply, negative as negative, pow as pow, sign as sign, sqrt as sqrt, square as square, subtract as subtract
from gradtape._ops.casting import cast as cast
from gradtape._ops.comparison import equal as equal, greater as greater, greater_equal as greater_equal, less as less, less_equal as less_equal, logical_and as logical_and, logical_not as logical_not, logical_or as logical_or, not_equal as not_equal
from gradtape._ops.complexes import complex as complex
from gradtape._ops.contraction import einsum as einsum
from gradtape._ops.creation import constant as constant, convert_to_tensor as convert_to_tensor, eye as eye, fill as fill, linspace as linspace, ones as ones, ones_like as ones_like, range as range, rank as rank, shape as shape, size as size, zeros as zeros, zeros_like as zeros_like
from gradtape._ops.exponential import exp as exp, sigmoid as sigmoid
from gradtape._ops.extrema import clip_by_value as clip_by_value, maximum as maximum, minimum as minimum
from gradtape._ops.gather import gather as gather, gather_nd as gather_nd, scatter_nd as scatter_nd
from gradtape._ops.joining import concat as concat, split as split, stack as stack, unstack as unstack
from gradtape._ops.norms import clip_by_global_norm as clip_by_global_norm, clip_by_norm as clip_by_norm, norm as norm
from gradtape._ops.padding import meshgrid as meshgrid, pad as pad, repeat as repeat, tile as tile
from gradtape._ops.printing import print as print
from gradtape._ops.products import matmul as matmul, tensordot as tensordot
from gradtape._ops.quotients import divide as divide, truediv as truediv
from gradtape._ops.reduction import reduce_all as reduce_all, reduce_any as reduce_any, reduce_logsumexp as reduce_logsumexp, reduce_max as reduce_max, reduce_mean as reduce_mean, reduce_min as reduce_min, reduce_prod as reduce_prod, reduce_sum as reduce_sum
from gradtape._ops.rounding import floor as floor, round as round
from gradtape._ops.scan import cumsum as cumsum
from gradtape._ops.selecting import one_hot as one_hot, where as where
from gradtape._ops.slicing import boolean_mask as boolean_mask, slice as slice
from gradtape._ops.sorting import argmax as argmax, argmin as argmin, argsort as argsort, sort as sort
from gradtape._ops.structure import broadcast_to as broadcast_to, ensure_shape as ensure_shape, expand_dims as expand_dims, identity as identity, reshape as reshape, reverse as reverse, roll as roll, squeeze as squeeze, stop_gradient as stop_gradient, transpose as transpose
from gradtape._ops.trigonometry import acos as acos, acosh as acosh, asin as asin, asinh as asinh, atan as atan, atan2 as atan2, atanh as atanh, cos as cos, cosh as cosh, sin as sin, sinh as sinh, tan as tan, tanh as tanh
from gradtape._ops.surroundings import device as device
from gradtape._ops.surroundings import executing_eagerly as executing_eagerly
from gradtape._run.stand_in import as_tensorflow as as_tensorflow
from gradtape._run.stand_in import missing as _missing
from gradtape._version import __version__ as __version__

newaxis = None

_operators.install()
# TensorFlow computes inf and NaN in silence. NumPy's warnings about them are silenced where gradtape's own code raises
# them, and only there: the user's NumPy code goes on to warn.
_warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"gradtape\.")

if _TYPE_CHECKING:
    bfloat16: DType

_lacks = _missing(__name__)


def __getattr__(name: str) -> _Any:
    return dtypes.bfloat16 if name == "bfloat16" else _lacks(name)
