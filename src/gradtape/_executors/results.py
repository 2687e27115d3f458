"""What a function returns: any structure, taken apart into the values of a program and put together again."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from types import CodeType
from typing import Any

import numpy as np

from gradtape._core import nest
from gradtape._core.conversion import convert
from gradtape._core.spec import TensorShape
from gradtape._core.tensor import Tensor

# What stands in a structure for the next tensor.
TENSOR = object()
# What becomes a tensor as a result.
CONVERTED = (Tensor, int, float, complex, str, bytes, np.ndarray, np.generic, TensorShape)


def taken_apart(result: Any) -> tuple[list[Tensor], Callable[[Any], Any]]:
    """Returns the tensors of a result, and the function that makes one like it of others.

    Raises:
        TypeError: something in it is no tensor and cannot become one.
    """
    if isinstance(result, Tensor):
        return [result], one
    if result is None:
        return [], nothing
    tensors: list[Tensor] = []
    leaves: list[Any] = []
    for leaf in nest.flatten(result):
        if leaf is None:
            leaves.append(None)
        elif hasattr(leaf, "_components"):
            leaves.append(leaf)
            tensors += [convert(each) for each in leaf._components()]
        else:
            leaves.append(TENSOR)
            tensors.append(as_tensor(leaf))
    # Without the tensors, which would live as long as what is recorded.
    numbers = iter(range(len(leaves)))
    form = nest.rebuild(result, iter([None if leaf is None else next(numbers) for leaf in leaves]))
    if len(tensors) == sum(leaf is TENSOR for leaf in leaves) and (finish := written(form)) is not None:
        return tensors, finish
    return tensors, lambda parts: put_together(form, leaves, iter(parts))


def written(form: Any) -> Callable[[Any], Any] | None:
    """Returns code that puts tensors into a structure of their numbers; None for one of unusual containers."""
    names: dict[str, Any] = {}

    def name(value: Any) -> str:
        names[f"n{len(names)}"] = value
        return f"n{len(names) - 1}"

    def text(part: Any) -> str:
        kind = type(part)
        if not nest.is_nested(part):
            return "None" if part is None else f"parts[{part}]"
        if kind is dict:
            return "{" + ", ".join([f"{name(key)}: {text(each)}" for key, each in part.items()]) + "}"
        inner = "".join([f"{text(each)}, " for each in part])
        if kind is list:
            return f"[{inner}]"
        if kind is tuple:
            return f"({inner})"
        if hasattr(part, "_fields"):
            return f"{name(kind)}({inner})"
        raise NotImplementedError

    try:
        source = text(form)
    except NotImplementedError:
        return None
    finish: Callable[[Any], Any] = eval(code_of(source), names)
    return finish


@lru_cache(256)
def code_of(source: str) -> CodeType:
    """Returns the code of a function of `parts`: functions whose results are of one form share it."""
    return compile(f"lambda parts: {source}", "<result of a tf.function>", "eval")


def as_tensor(leaf: Any) -> Tensor:
    """Returns a leaf of a result as a tensor; TypeError for what cannot be one."""
    if isinstance(leaf, CONVERTED) or hasattr(leaf, "_read"):
        return convert(leaf)
    raise TypeError(
        "To be compatible with tf.function, Python functions must return zero or more Tensors or ExtensionTypes or "
        f"None values; found return value of type {type(leaf).__name__}, which is not a Tensor or ExtensionType."
    )


def tensors_of(result: Any) -> Any:
    """Returns a result with a tensor in the place of each number, array and variable; TypeError for anything else."""
    if isinstance(result, Tensor) or result is None:
        return result
    return nest.map_structure(
        lambda leaf: leaf if leaf is None or hasattr(leaf, "_components") else as_tensor(leaf), result
    )


def one(tensors: Any) -> Any:
    """Returns the only tensor."""
    return tensors[0]


def nothing(tensors: Any) -> None:
    """Returns None."""


def put_together(structure: Any, leaves: list[Any], tensors: Any) -> Any:
    """Returns a structure with the tensors in it."""
    filled = [
        next(tensors) if leaf is TENSOR else leaf and leaf._with_components([next(tensors) for _ in leaf._components()])
        for leaf in leaves
    ]
    return nest.rebuild(structure, iter(filled))
