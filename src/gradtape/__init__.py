"""TensorFlow 2's eager automatic differentiation on NumPy: `import gradtape as tf`."""

import warnings as _warnings
from typing import TYPE_CHECKING as _TYPE_CHECKING
from typing import Any as _Any

from gradtape import autodiff as autodiff
from gradtape import dtypes as dtypes
from gradtape import errors as errors
from gradtape import linalg as linalg
from gradtape import math as math
from gradtape import nest as nest
from gradtape import nn as nn
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
from gradtape._core.dtypes import string as string
from gradtape._core.dtypes import uint8 as uint8
from gradtape._core.dtypes import uint16 as uint16
from gradtape._core.dtypes import uint32 as uint32
from gradtape._core.dtypes import uint64 as uint64
from gradtape._core.memory import keep_freed_memory as _keep_freed_memory
from gradtape._core.scopes import get_current_name_scope as get_current_name_scope
from gradtape._core.scopes import name_scope as name_scope
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
from gradtape._ops.creation import ones as ones
from gradtape._ops.creation import ones_like as ones_like
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
from gradtape._ops.ranges import linspace as linspace
from gradtape._ops.ranges import range as range
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
from gradtape._ops.surroundings import get_logger as get_logger
from gradtape._ops.surroundings import timestamp as timestamp
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
_keep_freed_memory()
# TensorFlow computes inf and NaN in silence. NumPy's warnings about them are silenced where gradtape's own code raises
# them, and only there: the user's NumPy code goes on to warn.
_warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"gradtape\.")

if _TYPE_CHECKING:
    from gradtape import autograph as autograph
    from gradtape import bitwise as bitwise
    from gradtape import config as config
    from gradtape import debugging as debugging
    from gradtape import image as image
    from gradtape import initializers as initializers
    from gradtape import op as op
    from gradtape import optimize as optimize
    from gradtape import random as random
    from gradtape import sets as sets
    from gradtape import signal as signal
    from gradtape import sparse as sparse
    from gradtape import test as test
    from gradtape import testing as testing
    from gradtape import types as types
    from gradtape._autodiff.custom import custom_gradient as custom_gradient
    from gradtape._autodiff.custom import grad_pass_through as grad_pass_through
    from gradtape._autodiff.custom import recompute_grad as recompute_grad
    from gradtape._core.module import Module as Module
    from gradtape._executors.function import function as function
    from gradtape._ops.assertions import Assert as Assert
    from gradtape._ops.assertions import assert_equal as assert_equal
    from gradtape._ops.assertions import assert_greater as assert_greater
    from gradtape._ops.assertions import assert_less as assert_less
    from gradtape._ops.blocks import batch_to_space as batch_to_space
    from gradtape._ops.blocks import required_space_to_batch_paddings as required_space_to_batch_paddings
    from gradtape._ops.blocks import space_to_batch as space_to_batch
    from gradtape._ops.blocks import space_to_batch_nd as space_to_batch_nd
    from gradtape._ops.control_flow import case as case
    from gradtape._ops.control_flow import cond as cond
    from gradtape._ops.control_flow import foldl as foldl
    from gradtape._ops.control_flow import foldr as foldr
    from gradtape._ops.control_flow import map_fn as map_fn
    from gradtape._ops.control_flow import scan as scan
    from gradtape._ops.control_flow import switch_case as switch_case
    from gradtape._ops.control_flow import while_loop as while_loop
    from gradtape._ops.decoding import edit_distance as edit_distance
    from gradtape._ops.foreign import control_dependencies as control_dependencies
    from gradtape._ops.foreign import group as group
    from gradtape._ops.foreign import init_scope as init_scope
    from gradtape._ops.foreign import inside_function as inside_function
    from gradtape._ops.foreign import numpy_function as numpy_function
    from gradtape._ops.foreign import py_function as py_function
    from gradtape._ops.foreign import tuple as tuple
    from gradtape._ops.fourier_lengths import fftnd as fftnd
    from gradtape._ops.fourier_lengths import ifftnd as ifftnd
    from gradtape._ops.fourier_lengths import irfftnd as irfftnd
    from gradtape._ops.fourier_lengths import rfftnd as rfftnd
    from gradtape._ops.index_shuffling import random_index_shuffle as random_index_shuffle
    from gradtape._ops.initial_values import constant_initializer as constant_initializer
    from gradtape._ops.initial_values import ones_initializer as ones_initializer
    from gradtape._ops.initial_values import random_normal_initializer as random_normal_initializer
    from gradtape._ops.initial_values import random_uniform_initializer as random_uniform_initializer
    from gradtape._ops.initial_values import zeros_initializer as zeros_initializer
    from gradtape._ops.inspection import bitcast as bitcast
    from gradtape._ops.inspection import broadcast_dynamic_shape as broadcast_dynamic_shape
    from gradtape._ops.inspection import broadcast_static_shape as broadcast_static_shape
    from gradtape._ops.inspection import get_static_value as get_static_value
    from gradtape._ops.inspection import guarantee_const as guarantee_const
    from gradtape._ops.inspection import identity_n as identity_n
    from gradtape._ops.inspection import no_op as no_op
    from gradtape._ops.inspection import shape_n as shape_n
    from gradtape._ops.matrix_functions import matrix_square_root as matrix_square_root
    from gradtape._ops.measures import histogram_fixed_width as histogram_fixed_width
    from gradtape._ops.measures import histogram_fixed_width_bins as histogram_fixed_width_bins
    from gradtape._ops.partitions import dynamic_partition as dynamic_partition
    from gradtape._ops.partitions import dynamic_stitch as dynamic_stitch
    from gradtape._ops.partitions import parallel_stack as parallel_stack
    from gradtape._ops.patches import extract_volume_patches as extract_volume_patches
    from gradtape._ops.polynomials import scalar_mul as scalar_mul
    from gradtape._ops.remainders import realdiv as realdiv
    from gradtape._ops.remainders import truncatediv as truncatediv
    from gradtape._ops.remainders import truncatemod as truncatemod
    from gradtape._ops.scatter_extrema import tensor_scatter_nd_max as tensor_scatter_nd_max
    from gradtape._ops.scatter_extrema import tensor_scatter_nd_min as tensor_scatter_nd_min
    from gradtape._ops.sequences import reverse_sequence as reverse_sequence
    from gradtape._ops.sequences import sequence_mask as sequence_mask
    from gradtape._ops.sets_of_values import searchsorted as searchsorted
    from gradtape._ops.sets_of_values import unique as unique
    from gradtape._ops.sets_of_values import unique_with_counts as unique_with_counts
    from gradtape._ops.sets_of_values import unravel_index as unravel_index
    from gradtape._ops.shape_assertions import assert_rank as assert_rank
    from gradtape._ops.sparse_tensors import SparseTensor as SparseTensor
    from gradtape._ops.sparse_tensors import SparseTensorSpec as SparseTensorSpec
    from gradtape._ops.spectra import eig as eig
    from gradtape._ops.spectra import eigvals as eigvals
    from gradtape._ops.tensor_array import TensorArray as TensorArray
    from gradtape._ops.texts import as_string as as_string

    bfloat16: DType

# Loaded when they are first asked for: an import of gradtape is short.
_LATER = {
    "gradtape._executors.function": ["function"],
    "gradtape.random": ["random"],
    "gradtape.config": ["config"],
    "gradtape.autograph": ["autograph"],
    "gradtape.bitwise": ["bitwise"],
    "gradtape.debugging": ["debugging"],
    "gradtape.initializers": ["initializers"],
    "gradtape._ops.initial_values": [
        "constant_initializer",
        "ones_initializer",
        "random_normal_initializer",
        "random_uniform_initializer",
        "zeros_initializer",
    ],
    "gradtape._ops.assertions": ["Assert", "assert_equal", "assert_greater", "assert_less"],
    "gradtape._ops.shape_assertions": ["assert_rank"],
    "gradtape.image": ["image"],
    "gradtape.op": ["op"],
    "gradtape.optimize": ["optimize"],
    "gradtape.signal": ["signal"],
    "gradtape._ops.fourier_lengths": ["fftnd", "ifftnd", "irfftnd", "rfftnd"],
    "gradtape.sets": ["sets"],
    "gradtape._ops.index_shuffling": ["random_index_shuffle"],
    "gradtape.sparse": ["sparse"],
    "gradtape._ops.sparse_tensors": ["SparseTensor", "SparseTensorSpec"],
    "gradtape.test": ["test"],
    "gradtape.testing": ["testing"],
    "gradtape.types": ["types"],
    "gradtape._core.module": ["Module"],
    "gradtape._ops.control_flow": ["case", "cond", "foldl", "foldr", "map_fn", "scan", "switch_case", "while_loop"],
    "gradtape._ops.foreign": [
        "control_dependencies",
        "group",
        "init_scope",
        "inside_function",
        "numpy_function",
        "py_function",
        "tuple",
    ],
    "gradtape._ops.tensor_array": ["TensorArray"],
    "gradtape._ops.texts": ["as_string"],
    "gradtape._autodiff.custom": ["custom_gradient", "grad_pass_through", "recompute_grad"],
    "gradtape._ops.decoding": ["edit_distance"],
    "gradtape._ops.sets_of_values": ["searchsorted", "unique", "unique_with_counts", "unravel_index"],
    "gradtape._ops.matrix_functions": ["matrix_square_root"],
    "gradtape._ops.spectra": ["eig", "eigvals"],
    "gradtape._ops.partitions": ["dynamic_partition", "dynamic_stitch", "parallel_stack"],
    "gradtape._ops.sequences": ["reverse_sequence", "sequence_mask"],
    "gradtape._ops.inspection": [
        "bitcast",
        "broadcast_dynamic_shape",
        "broadcast_static_shape",
        "get_static_value",
        "guarantee_const",
        "identity_n",
        "no_op",
        "shape_n",
    ],
    "gradtape._ops.scatter_extrema": ["tensor_scatter_nd_max", "tensor_scatter_nd_min"],
    "gradtape._ops.measures": ["histogram_fixed_width", "histogram_fixed_width_bins"],
    "gradtape._ops.remainders": ["realdiv", "truncatediv", "truncatemod"],
    "gradtape._ops.polynomials": ["scalar_mul"],
    "gradtape._ops.blocks": [
        "batch_to_space",
        "required_space_to_batch_paddings",
        "space_to_batch",
        "space_to_batch_nd",
    ],
    "gradtape._ops.patches": ["extract_volume_patches"],
}
_lacks = _missing(__name__, _LATER)


def __getattr__(name: str) -> _Any:
    return dtypes.bfloat16 if name == "bfloat16" else _lacks(name)


def __dir__() -> list[str]:
    return sorted([*globals(), *(name for names in _LATER.values() for name in names)])
