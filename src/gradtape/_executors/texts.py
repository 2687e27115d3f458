"""Signatures and the types in them, written as TensorFlow writes them."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from typing import Any

from gradtape._core import nest
from gradtape._core.spec import TensorSpec
from gradtape._core.tensor import Tensor


class Literal:
    """A value that a signature is for, as text."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __str__(self) -> str:
        return f"Literal[{self.value!r}]"


def type_text(value: Any) -> str:
    """Returns the type of a value, of a tensor or a structure, as text."""
    if isinstance(value, TensorSpec):
        return f"TensorSpec(shape={value.shape}, dtype={value.dtype!r}, name=None)"
    if isinstance(value, Tensor):
        return f"TensorSpec(shape={value.shape}, dtype={value.dtype!r}, name=None)"
    if hasattr(value, "_read"):
        return f"VariableSpec(shape={value.shape}, dtype={value.dtype!r}, trainable={value.trainable})"
    if hasattr(value, "value_type"):
        return repr(value)
    if not nest.is_nested(value):
        return str(Literal(value))
    if isinstance(value, Mapping):
        return f"Dict[{', '.join(f'[{key!r}, {type_text(value[key])}]' for key in value)}]"
    parts = ", ".join(map(type_text, value))
    if hasattr(value, "_fields"):
        parts = ", ".join(f"[{name!r}, {type_text(getattr(value, name))}]" for name in value._fields)
        return f"{type(value).__name__}[{parts}]"
    return f"{'Tuple' if isinstance(value, tuple) else 'List'}[{parts}]"


def signature_text(parameters: Iterable[inspect.Parameter], types: Mapping[str, Any]) -> str:
    """Returns parameters with the types of those that have one."""
    shown = []
    for each in parameters:
        text = each.replace(annotation=each.empty, default=each.empty)
        if each.name in types:
            shown.append(text.replace(annotation=Text(type_text(types[each.name]))))
        else:
            shown.append(text)
        if each.default is not each.empty:
            shown[-1] = shown[-1].replace(default=Text("<captured_default_value>"))
    return str(inspect.Signature(shown, __validate_parameters__=False))


class Text(str):
    """A text that stands in a signature as it is."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)
