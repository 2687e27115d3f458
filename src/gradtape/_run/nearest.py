"""The nearest name: what gradtape has that comes closest to a name that it lacks."""

from __future__ import annotations

import difflib
import functools
import sys
from types import ModuleType

PACKAGE = __name__.partition(".")[0]

# fmt: off
BEYOND = {
    "audio", "contrib", "data", "distribute", "estimator", "feature_column", "io", "keras",
    "lookup", "losses", "metrics", "optimizers", "ragged", "saved_model", "strings", "summary", "tpu", "train",
}
# fmt: on
"""Namespaces of TensorFlow: when gradtape lacks one, a name that looks alike would mislead."""

INSTEAD = {
    "tf.RegisterGradient": "use tf.custom_gradient, or declare the operation with gradtape.op",
    "tf.Session": "TensorFlow 1's graphs are not covered: call the operations, and read values with .numpy()",
    "tf.debugging.enable_check_numerics": "call tf.debugging.check_numerics on the results that are to be finite",
    "tf.global_variables_initializer": "leave it out: a variable has its value from the start",
    "tf.no_gradient": "declare the operation with gradtape.op, where NOT_DIFFERENTIABLE says it",
    "tf.placeholder": "TensorFlow 1's graphs are not covered: give a function the value as an argument",
}
"""What to write for names that gradtape lacks where another name would not do."""


def describe(dotted: str) -> str:
    """Says that gradtape lacks a name, and which of its own is nearest.

    Args:
        dotted: the name in full, as programs write it, such as `tf.math.expp`. A name that exists was asked for as a
            module, and isn't one.
    """
    if dotted in public_names():
        return f"gradtape's '{dotted}' is not a module"
    if dotted.removeprefix("tf.") in BEYOND:
        return f"gradtape has no '{dotted}', a part of TensorFlow that it doesn't cover"
    if dotted in INSTEAD:
        return f"gradtape has no '{dotted}'; {INSTEAD[dotted]}"
    close = nearest(dotted)
    return f"gradtape has no '{dotted}'" + (f"; the nearest name that it has is '{close}'" if close else "")


@functools.cache
def nearest(dotted: str) -> str | None:
    """Returns the public name of gradtape that comes nearest to `dotted`, or None when nothing comes near.

    In this order: the same word elsewhere (`tf.log`, for `tf.math.log`), a word cut short (`tf.mul`, for
    `tf.multiply`), a word of several (`tf.sum`, for `tf.reduce_sum`), a likely slip of the pen.
    """
    space, _, word = dotted.rpartition(".")
    names = [name for name in public_names() if name != dotted]
    words = {name: name.rpartition(".")[2] for name in names}

    def best(found: list[str]) -> str:
        return min(found, key=lambda name: (not name.startswith(space + "."), name.count("."), len(name), name))

    joined = dotted.partition(".")[2].replace(".", "_")
    found = [name for name in names if word == words[name] or joined == name.partition(".")[2].replace(".", "_")]
    if not found and len(word) >= 3:
        # A few letters fit much: only what programs would spell alike.
        found = [name for name in names if words[name].startswith(word) and name.rpartition(".")[0] in {"tf", space}]
    found = found or [name for name in names if word in words[name].split("_")]
    if not found:
        close = difflib.get_close_matches(word, sorted(set(words.values())), n=1, cutoff=0.76)
        found = [name for name in names if words[name] in close]
    return best(found) if found else None


def public_names() -> list[str]:
    """Lists every public name of gradtape in full, those of its namespaces included: `tf.exp`, `tf.math.exp`, …"""
    names: list[str] = []
    rooms = [("tf", sys.modules[PACKAGE])]
    seen = {PACKAGE}
    for path, module in rooms:
        for name in getattr(module, "__all__", None) or sorted({*dir(module)}):
            if name.startswith("_") or name == "annotations":
                continue
            # Some are loaded only now.
            value = getattr(module, name, None)
            if isinstance(value, ModuleType):
                if not value.__name__.startswith(PACKAGE + ".") or "._" in value.__name__:
                    continue
                if value.__name__ not in seen:
                    seen.add(value.__name__)
                    rooms.append((f"{path}.{name}", value))
            names.append(f"{path}.{name}")
    return names
