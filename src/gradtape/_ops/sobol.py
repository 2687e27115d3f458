"""Sobol's sequence: points that fill a cube evenly."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape._core.conversion import convert
from gradtape._core.dtypes import as_dtype, float32, float64, int32
from gradtape._core.tensor import Tensor, make_tensor
from gradtape._ops.parameters import as_number
from gradtape.errors import InvalidArgumentError, WrongTypeError

DIMENSIONS = 21200


def at_least(value: Any, name: str, least: int) -> int:
    """Returns an integer that is given as a number or a tensor; InvalidArgumentError if it is too small."""
    number = as_number(name, convert(value, int32))
    if number < least:
        raise InvalidArgumentError(f"sobol_sample: {name} must be at least {least}, got {number}.")
    return number


def sobol_sample(dim: Any, num_results: Any, skip: Any = 0, dtype: Any = float32, name: str | None = None) -> Tensor:
    """Returns points of Sobol's sequence, behind its first one, 0.

    The direction numbers are those of Joe and Kuo, "Constructing Sobol sequences with better two-dimensional
    projections", 2008.

    Args:
        dim: the dimension of the cube, 1 to 21200.
        num_results: how many points.
        skip: how many points of the sequence to pass over.
        dtype: float32 or float64.
        name: ignored.

    Returns:
        A tensor of shape `[num_results, dim]` of numbers between 0 and 1.

    Raises:
        InvalidArgumentError: a number is out of range, or the dtype is another one.

    >>> import gradtape as tf
    >>> tf.math.sobol_sample(2, 3).numpy()
    array([[0.5 , 0.5 ],
           [0.75, 0.25],
           [0.25, 0.75]], dtype=float32)
    """
    size, count, passed = at_least(dim, "dim", 1), at_least(num_results, "num_results", 1), at_least(skip, "skip", 0)
    kind = as_dtype(dtype)
    if size > DIMENSIONS:
        raise InvalidArgumentError(f"sobol_sample: dim must be at most {DIMENSIONS}, got {size}.")
    if kind not in (float32, float64):
        raise WrongTypeError(f"sobol_sample: the dtype is float32 or float64, got {kind.name}.")
    from scipy.stats.qmc import Sobol

    sequence = Sobol(size, scramble=False, bits=32)
    sequence.fast_forward(passed + 1)
    return make_tensor(np.asarray(sequence.random(count), kind.numpy))
