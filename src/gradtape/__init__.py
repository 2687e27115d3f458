"""TensorFlow 2's eager automatic differentiation on NumPy: `import gradtape as tf`."""

import warnings as _warnings
from typing import TYPE_CHECKING as _TYPE_CHECKING
from typing import Any as _Any

from gradtape import autodiff as autodiff
from gradtape import bitwise as bitwise
from gradtape import config as config
from gradtape import dtypes as dtypes
from gradtape import errors as errors
from gradtape import linalg as linalg
from gradtape import math as math
from gradtape import nest as nest
from gradtape import nn as nn
from gradtape import random as random
from gradtape._autodiff.batching import vectorized_map as vectorized_map
from gradtape._autodiff.sweep import UnconnectedGradients as UnconnectedGradients
from gradtape._autodiff.tape import GradientTape as GradientTape
from gradtape._core.dtypes import DType as DType
from gradtape._core.dtypes import as_dtype as as_dtype
from gradtape._core.dtypes import bool_ as _bool
from gradtape._core.dtypes import complex64 as complex64
from gradtape._core.dtypes import complex128 as complex128
from gradtape._core.dtypes import float16 as float16
from gradtape._core.dtypes import float32 as float32
from gradtape._core.dtypes import float64 as float64
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
from gradtape._ops.arithmetic import abs as abs
from gradtape._ops.arithmetic import add as add
from gradtape._ops.arithmetic import add_n as add_n
from gradtape._ops.arithmetic import multiply as multiply
from gradtape._ops.arithmetic import negative as negative
from gradtape._ops.arithmetic import pow as pow
from gradtape._ops.arithmetic import sign as sign
from gradtape._ops.arithmetic import sqrt as sqrt
from gradtape._ops.arithmetic import square as square
from gradtape._ops.arithmetic import subtract as subtract
from gradtape._ops.casting import cast as cast
from gradtape._ops.casting import saturate_cast as saturate_cast
from gradtape._ops.comparison import equal as equal
from gradtape._ops.comparison import greater as greater
from gradtape._ops.comparison import greater_equal as greater_equal
from gradtape._ops.comparison import less as less
from gradtape._ops.comparison import less_equal as less_equal
from gradtape._ops.comparison import logical_and as logical_and
from gradtape._ops.comparison import logical_not as logical_not
from gradtape._ops.comparison import logical_or as logical_or
from gradtape._ops.comparison import not_equal as not_equal
from gradtape._ops.complexes import complex as complex
from gradtape._ops.contraction import einsum as einsum
from gradtape._ops.creation import constant as constant
from gradtape._ops.creation import convert_to_tensor as convert_to_tensor
from gradtape._ops.creation import eye as eye
from gradtape._ops.creation import fill as fill
from gradtape._ops.creation import linspace as linspace
from gradtape._ops.creation import ones as ones
from gradtape._ops.creation import ones_like as ones_like
from gradtape._ops.creation import range as range
from gradtape._ops.creation import rank as rank
from gradtape._ops.creation import shape as shape
from gradtape._ops.creation import size as size
from gradtape._ops.creation import zeros as zeros
from gradtape._ops.creation import zeros_like as zeros_like
from gradtape._ops.exponential import exp as exp
from gradtape._ops.exponential import sigmoid as sigmoid
from gradtape._ops.extrema import clip_by_value as clip_by_value
from gradtape._ops.extrema import maximum as maximum
from gradtape._ops.extrema import minimum as minimum
from gradtape._ops.gather import gather as gather
from gradtape._ops.gather import gather_nd as gather_nd
from gradtape._ops.gather import scatter_nd as scatter_nd
from gradtape._ops.gather import tensor_scatter_nd_add as tensor_scatter_nd_add
from gradtape._ops.gather import tensor_scatter_nd_sub as tensor_scatter_nd_sub
from gradtape._ops.gather import tensor_scatter_nd_update as tensor_scatter_nd_update
from gradtape._ops.joining import concat as concat
from gradtape._ops.joining import split as split
from gradtape._ops.joining import stack as stack
from gradtape._ops.joining import unstack as unstack
from gradtape._ops.norms import clip_by_global_norm as clip_by_global_norm
from gradtape._ops.norms import clip_by_norm as clip_by_norm
from gradtape._ops.norms import norm as norm
from gradtape._ops.padding import meshgrid as meshgrid
from gradtape._ops.padding import pad as pad
from gradtape._ops.padding import repeat as repeat
from gradtape._ops.padding import tile as tile
from gradtape._ops.printing import print as print
from gradtape._ops.products import matmul as matmul
from gradtape._ops.products import tensordot as tensordot
from gradtape._ops.quotients import divide as divide
from gradtape._ops.quotients import truediv as truediv
from gradtape._ops.reduction import reduce_all as reduce_all
from gradtape._ops.reduction import reduce_any as reduce_any
from gradtape._ops.reduction import reduce_logsumexp as reduce_logsumexp
from gradtape._ops.reduction import reduce_max as reduce_max
from gradtape._ops.reduction import reduce_mean as reduce_mean
from gradtape._ops.reduction import reduce_min as reduce_min
from gradtape._ops.reduction import reduce_prod as reduce_prod
from gradtape._ops.reduction import reduce_sum as reduce_sum
from gradtape._ops.rounding import floor as floor
from gradtape._ops.rounding import round as round
from gradtape._ops.scan import cumsum as cumsum
from gradtape._ops.selecting import one_hot as one_hot
from gradtape._ops.selecting import where as where
from gradtape._ops.slicing import boolean_mask as boolean_mask
from gradtape._ops.slicing import slice as slice
from gradtape._ops.slicing import strided_slice as strided_slice
from gradtape._ops.sorting import argmax as argmax
from gradtape._ops.sorting import argmin as argmin
from gradtape._ops.sorting import argsort as argsort
from gradtape._ops.sorting import sort as sort
from gradtape._ops.structure import broadcast_to as broadcast_to
from gradtape._ops.structure import ensure_shape as ensure_shape
from gradtape._ops.structure import expand_dims as expand_dims
from gradtape._ops.structure import identity as identity
from gradtape._ops.structure import reshape as reshape
from gradtape._ops.structure import reverse as reverse
from gradtape._ops.structure import roll as roll
from gradtape._ops.structure import squeeze as squeeze
from gradtape._ops.structure import stop_gradient as stop_gradient
from gradtape._ops.structure import transpose as transpose
from gradtape._ops.surroundings import device as device
from gradtape._ops.surroundings import executing_eagerly as executing_eagerly
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
from gradtape._run.stand_in import as_tensorflow as as_tensorflow
from gradtape._run.stand_in import missing as _missing
from gradtape._version import __version__ as __version__

newaxis = None
bool, half, double = _bool, float16, float64

_operators.install()
# TensorFlow computes inf and NaN in silence. NumPy's warnings about them are silenced where gradtape's own code raises
# them, and only there: the user's NumPy code goes on to warn.
_warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"gradtape\.")

if _TYPE_CHECKING:
    from gradtape import op as op
    from gradtape import optimize as optimize
    from gradtape import testing as testing
    from gradtape._autodiff.custom import custom_gradient as custom_gradient
    from gradtape._autodiff.custom import grad_pass_through as grad_pass_through
    from gradtape._autodiff.custom import recompute_grad as recompute_grad

    bfloat16: DType

# Loaded when they are first asked for: an import of gradtape is short.
_LATER = {
    "gradtape.op": ["op"],
    "gradtape.optimize": ["optimize"],
    "gradtape.testing": ["testing"],
    "gradtape._autodiff.custom": ["custom_gradient", "grad_pass_through", "recompute_grad"],
}
_lacks = _missing(__name__, _LATER)


def __getattr__(name: str) -> _Any:
    return dtypes.bfloat16 if name == "bfloat16" else _lacks(name)


def __dir__() -> list[str]:
    return sorted([*globals(), *(name for names in _LATER.values() for name in names)])
