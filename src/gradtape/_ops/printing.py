"""`tf.print`: values as text on standard error, in TensorFlow's form."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from gradtape._core import nest
from gradtape._core.tensor import Carrier, Tensor
from gradtape._core.variable import Variable
from gradtape._ops.steps import one_step

STREAMS = {"stdout", "stderr", "log(info)", "log(warning)", "log(error)"}


def _number(value: Any) -> str:
    """One element as text: six digits of a float32, fifteen of a float64, or as many more as the number needs."""
    kind = value.dtype.kind
    if kind == "b":
        return "1" if value else "0"
    if kind == "f":
        few, many = (15, 17) if value.dtype.itemsize == 8 else (6, 9)
        exact = float(value)
        short = f"{exact:.{few}g}"
        # A float16 is written with the digits of the float32 that it is.
        again = float(short) if few == 15 else float(np.float32(short))
        return short if again == exact or exact != exact else f"{exact:.{many}g}"
    return str(value)


def _array(value: Any, edge: int, indent: int = 1) -> str:
    """An array as nested brackets, with `edge` items at either end of a dimension that has more than twice that."""
    # NumPy gives an element that is a text as Python's own object.
    element = value if isinstance(value, bytes) else value[()] if value.ndim == 0 else None
    if element is not None:
        return f'"{element.decode(errors="replace")}"' if isinstance(element, bytes) else _number(element)
    parts = [_array(each, edge, indent + 1) for each in (value if edge < 0 or len(value) <= 2 * edge else value[:edge])]
    if len(parts) < len(value):
        parts += ["...", *(_array(each, edge, indent + 1) for each in value[len(value) - edge :])]
    separator = " " if value.ndim == 1 else "\n" * (value.ndim - 1) + " " * indent
    return f"[{separator.join(parts)}]"


def _text(value: Any, edge: int, inside: bool = False) -> str:
    """A value as text; a string is quoted inside a structure."""
    if isinstance(value, Carrier):
        return str(value)
    if isinstance(value, Tensor | Variable):
        return _array(value._value, edge)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key!r}: {_text(each, edge, True)}" for key, each in value.items()) + "}"
    if nest.is_nested(value):
        parts = ", ".join(_text(each, edge, True) for each in value)
        return f"[{parts}]" if isinstance(value, list) else f"({parts}{',' if len(value) == 1 else ''})"
    return value if isinstance(value, str) and not inside else repr(value)


def print(*inputs: Any, **kwargs: Any) -> None:
    """Prints values, tensors shortened to three items at either end of a dimension.

    Args:
        *inputs: tensors, variables, structures of them, anything else.
        **kwargs: `output_stream` (a file object, `"file://path"`, or one of TensorFlow's names; standard error by
            default), `summarize` (3; -1 for everything), `sep` (one space), `end` (a line break).

    Raises:
        ValueError: an unknown keyword or output stream.

    >>> import sys
    >>> import gradtape as tf
    >>> tf.print("x =", tf.constant([0.5, 2.0]), output_stream=sys.stdout)
    x = [0.5 2]
    """
    for name, standard in (("stdout", sys.stdout), ("stderr", sys.stderr)):
        if kwargs.get("output_stream") is standard:
            # Where it goes is asked when it is printed: a recorded function may print again.
            kwargs["output_stream"] = name
    write(*inputs, **kwargs)


@one_step("print", "effect")
def write(*inputs: Any, **kwargs: Any) -> None:
    """Prints values; see `print`."""
    stream = kwargs.pop("output_stream", "stderr")
    edge = kwargs.pop("summarize", 3)
    separator, end = kwargs.pop("sep", " "), kwargs.pop("end", "\n")
    kwargs.pop("name", None)
    if kwargs:
        raise ValueError(
            f"tf.print: unrecognized keyword arguments {sorted(kwargs)}; it takes output_stream, summarize, sep, end "
            "and name."
        )
    text = separator.join(_text(each, 3 if edge is None else edge) for each in inputs) + end
    if isinstance(stream, str) and stream.startswith("file://"):
        with open(stream.removeprefix("file://"), "a", encoding="utf-8") as file:
            file.write(text)
        return
    if stream in STREAMS:
        stream = sys.stdout if stream == "stdout" else sys.stderr
    if not hasattr(stream, "write"):
        raise ValueError(
            f"tf.print: unsupported output stream {stream!r}; give a file object or one of {sorted(STREAMS)}."
        )
    stream.write(text)
    stream.flush()
