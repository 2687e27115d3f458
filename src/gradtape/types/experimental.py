"""`tf.types.experimental`: what `tf.function` makes, and what becomes a tensor, for annotations and `isinstance`."""

from collections.abc import Sequence as _Sequence

import numpy as _np

from gradtape._core.tensor import Tensor as _Tensor
from gradtape._executors.concrete import ConcreteFunction as ConcreteFunction
from gradtape._executors.function import Function as _Function
from gradtape._run.stand_in import missing as _missing

__getattr__ = _missing(__name__)

PolymorphicFunction = _Function
GenericFunction = _Function
TensorLike = _Tensor | int | float | bool | str | bytes | complex | _Sequence[object] | _np.ndarray | _np.generic
