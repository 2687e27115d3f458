"""Records what the example notebooks print under TensorFlow itself, cell by cell, into notebooks.json beside this file.

Run it where TensorFlow 2.21 is installed: `python tests/examples/record_notebooks.py`.
"""

import contextlib
import importlib.util
import io
import json
import os
import tempfile
from pathlib import Path

import tensorflow as tf

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]


def executor():
    """Loads the code that runs notebooks by its path, for TensorFlow's environment need not have gradtape."""
    spec = importlib.util.spec_from_file_location("notebook", ROOT / "src" / "gradtape" / "_run" / "notebook.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def outputs(path):
    """Runs a notebook; returns the text that each code cell prints or shows, and all that tf.print writes."""
    namespace = {"__name__": "__main__"}
    texts = []
    with errors_kept() as errors:
        for cell in executor().read_cells(str(path)):
            with contextlib.redirect_stdout(io.StringIO()) as stream:
                cell.run(namespace)
            texts.append(stream.getvalue())
    return texts, errors[0]


@contextlib.contextmanager
def errors_kept():
    """Keeps what is written to the file descriptor of stderr, where tf.print writes: gives a list for the text."""
    texts, descriptor = [], os.dup(2)
    with tempfile.TemporaryFile() as file:
        os.dup2(file.fileno(), 2)
        try:
            yield texts
        finally:
            os.dup2(descriptor, 2)
            os.close(descriptor)
            file.seek(0)
            texts.append(file.read().decode())


if __name__ == "__main__":
    if not tf.__version__.startswith("2.21.") or "+" in tf.__version__:
        raise SystemExit(f"TensorFlow 2.21 is what is followed, this is {tf.__version__}")
    # The first operation logs what machine this is.
    tf.constant(1.0) + 1.0
    found = {path.name: outputs(path) for path in sorted((ROOT / "examples").glob("*.ipynb"))}
    record = {
        "tensorflow": tf.__version__,
        "notebooks": {name: texts for name, (texts, _) in found.items()},
        "errors": {name: errors for name, (_, errors) in found.items()},
    }
    (HERE / "notebooks.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
