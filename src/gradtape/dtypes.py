"""`tf.dtypes`: the element types and `cast`."""

from typing import TYPE_CHECKING as _TYPE_CHECKING
from typing import Any as _Any

from gradtape._core.dtypes import DType as DType
from gradtape._core.dtypes import as_dtype as as_dtype
from gradtape._core.dtypes import bfloat16 as _bfloat16
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
from gradtape._ops.casting import cast as cast
from gradtape._ops.casting import saturate_cast as saturate_cast
from gradtape._ops.complexes import complex as complex
from gradtape._run.stand_in import missing as _missing

bool = _bool
double = float64
half = float16

if _TYPE_CHECKING:
    bfloat16: DType

_lacks = _missing(__name__)


def __getattr__(name: str) -> _Any:
    # bfloat16 lives in a package of its own, imported when a program asks for it.
    return _bfloat16() if name == "bfloat16" else _lacks(name)
