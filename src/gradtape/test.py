"""`tf.test`: what tests ask: which devices there are, and numerical derivatives."""

from __future__ import annotations

from collections.abc import Callable as _Callable
from typing import Any as _Any

import numpy as _np

from gradtape._run.stand_in import missing as _missing

__getattr__ = _missing(__name__)


def is_gpu_available(cuda_only: bool = False, min_cuda_compute_capability: _Any = None) -> bool:
    """Returns whether there is a GPU to compute on: False.

    Args:
        cuda_only: ignored.
        min_cuda_compute_capability: ignored.

    Returns:
        False.

    >>> import gradtape as tf
    >>> tf.test.is_gpu_available()
    False
    """
    return False


def gpu_device_name() -> str:
    """Returns the name of a GPU.

    Returns:
        An empty string: there is none.

    >>> import gradtape as tf
    >>> tf.test.gpu_device_name()
    ''
    """
    return ""


def is_built_with_cuda() -> bool:
    """Returns whether NVIDIA's GPUs can be computed on: False.

    Returns:
        False.

    >>> import gradtape as tf
    >>> tf.test.is_built_with_cuda()
    False
    """
    return False


def is_built_with_rocm() -> bool:
    """Returns whether AMD's GPUs can be computed on: False.

    Returns:
        False.

    >>> import gradtape as tf
    >>> tf.test.is_built_with_rocm()
    False
    """
    return False


def is_built_with_gpu_support() -> bool:
    """Returns whether GPUs can be computed on: False.

    Returns:
        False.

    >>> import gradtape as tf
    >>> tf.test.is_built_with_gpu_support()
    False
    """
    return False


def is_built_with_xla() -> bool:
    """Returns whether the compiler XLA is there: False.

    Returns:
        False.

    >>> import gradtape as tf
    >>> tf.test.is_built_with_xla()
    False
    """
    return False


def compute_gradient(f: _Callable[..., _Any], x: _Any, delta: float | None = None) -> tuple[_Any, _Any]:
    """Returns the Jacobians of a function by its inputs, from its derivatives and from differences.

    `tf.autodiff.check` compares the two by itself, and says what is wrong.

    Args:
        f: a function of tensors that returns a tensor.
        x: a list of the inputs: tensors, or what can become one.
        delta: the step of the differences; by default 2⁻¹⁰ for 32 bits, and less for more.

    Returns:
        Two lists of NumPy arrays of shape (elements of the result, elements of the input), one for each input.

    Raises:
        ValueError: `x` is no list or tuple.

    >>> import gradtape as tf
    >>> exact, numerical = tf.test.compute_gradient(lambda x: x * x, [tf.constant([1.0, 2.0])])
    >>> exact[0]
    array([[2., 0.],
           [0., 4.]], dtype=float32)
    >>> numerical[0].round(2)
    array([[2., 0.],
           [0., 4.]], dtype=float32)
    """
    from gradtape._autodiff.tape import GradientTape
    from gradtape._core.conversion import convert

    if not isinstance(x, (list, tuple)):
        raise ValueError(f"`x` must be a list of the inputs of the function, got {type(x).__name__}.")
    inputs = [convert(each) for each in x]
    with GradientTape(persistent=True) as tape:
        tape.watch(inputs)
        result = f(*inputs)
    rows = result._value.size
    exact = [tape.jacobian(result, each, unconnected_gradients="zero") for each in inputs]
    step = delta or {"float16": 2.0**-4, "float64": 2.0**-26}.get(inputs[0].dtype.name, 2.0**-10)
    numerical = []
    for place, tensor in enumerate(inputs):
        array = tensor.numpy()
        columns = _np.zeros((rows, array.size), array.dtype)
        for column in range(array.size):
            sides = []
            for move in (step, -step):
                moved = array.copy()
                moved.reshape(-1)[column] += move
                values = [*inputs[:place], convert(moved), *inputs[place + 1 :]]
                sides.append(f(*values).numpy().reshape(-1))
            columns[:, column] = (sides[0] - sides[1]) / (2.0 * step)
        numerical.append(columns)
    return [each.numpy().reshape(rows, -1) for each in exact], numerical
