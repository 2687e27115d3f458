"""Records the signatures of TensorFlow's public functions and methods into signatures.json beside this file.

    python tests/parity/record_signatures.py        # in an environment that has TensorFlow

All functions of the namespaces are recorded, so that a new name of gradtape's finds its answer there already.
"""

import inspect
import json
import os
import re
from operator import attrgetter
from pathlib import Path

HERE = Path(__file__).parent
NAMESPACES = [
    "", "math", "math.special", "linalg", "nn", "nn.experimental", "random", "random.experimental", "nest", "bitwise",
    "dtypes", "config", "config.experimental", "config.threading", "signal", "image", "sparse", "sets", "debugging",
    "initializers", "test",
]  # fmt: skip
CLASSES = [
    "GradientTape", "Variable", "Tensor", "TensorShape", "TensorSpec", "IndexedSlices", "SparseTensor", "TensorArray",
    "Module", "name_scope", "random.Generator",
]  # fmt: skip


def outline(function):
    """Returns the parameters of a function as text, with their defaults and without types; None if they are unknown."""
    try:
        parameters = inspect.signature(inspect.unwrap(function)).parameters.values()
    except (TypeError, ValueError):
        return None
    bare = [parameter.replace(annotation=inspect.Parameter.empty) for parameter in parameters]
    text = re.sub(r"<object object at 0x\w+>", "...", str(inspect.Signature(bare)))
    return re.sub(r"<function (\w+) at 0x\w+>", r"\1", text)


def functions(namespace):
    """Yields the public functions of a module by name."""
    for name in sorted(dir(namespace)):
        value = getattr(namespace, name)
        if not name.startswith("_") and inspect.isroutine(value):
            yield name, value


def methods(kind):
    """Yields the public methods of a class by name, and its initializer."""
    for name in sorted(dir(kind)):
        value = inspect.getattr_static(kind, name)
        if (name == "__init__" or not name.startswith("_")) and inspect.isroutine(value):
            yield name, value.__func__ if isinstance(value, classmethod | staticmethod) else value


def main():
    """Writes the signatures of the installed TensorFlow."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import tensorflow as tf

    found = {}
    for each in NAMESPACES:
        prefix = f"tf.{each}." if each else "tf."
        found |= {prefix + name: outline(value) for name, value in functions(attrgetter(each)(tf) if each else tf)}
    for each in CLASSES:
        found |= {f"tf.{each}.{name}": outline(value) for name, value in methods(attrgetter(each)(tf))}
    rows = ",\n".join(f"{json.dumps(name)}: {json.dumps(text)}" for name, text in found.items() if text is not None)
    text = f'{{"tensorflow": "{tf.__version__}", "signatures": {{\n{rows}\n}}}}\n'
    (HERE / "signatures.json").write_text(text, encoding="utf-8")
    print(f"{len(found)} signatures")


if __name__ == "__main__":
    main()
