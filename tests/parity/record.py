"""Runs the parity cases in TensorFlow and stores its answers; holds what the recorder and the replay share.

    python tests/parity/record.py            # every topic, in an environment that has TensorFlow
    python tests/parity/record.py tape       # one topic

A topic is a file in `cases/`. A line of it is a case: an expression over `tf`, `np` and the helpers of `namespace`.
A case of several statements is a block: a line `:: name`, then the statements, up to an empty line; the last one, when
it is an expression, is the result. Lines that start with `#` are headings. What a case prints belongs to its answer.
"""

import ast
import contextlib
import io
import json
import math
import os
import sys
import tempfile
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
GROUPS = {
    "ints": ["int8", "int16", "int32", "int64"],
    "uints": ["uint8", "uint16", "uint32", "uint64"],
    "floats": ["float16", "float32", "float64"],
    "complexes": ["complex64", "complex128"],
}


def topics():
    """The names of the topics, in alphabetical order."""
    return sorted(path.stem for path in (HERE / "cases").glob("*.txt"))


def read_cases(topic):
    """Returns {case id: source text} of one topic; an id is the line itself, or the name of the block."""
    lines = (HERE / "cases" / f"{topic}.txt").read_text(encoding="utf-8").splitlines()
    cases, block = {}, None
    for line in lines:
        if block is not None:
            if line.strip():
                cases[block] += line + "\n"
            else:
                block = None
        elif line.strip() and not line.startswith("#"):
            case, source = line.strip(), line.strip()
            if line.startswith(":: "):
                case, source = line[3:].strip(), ""
                block = case
            if case in cases:
                raise ValueError(f"{topic}: two cases are called {case!r}")
            cases[case] = source
    return cases


def namespace(tf):
    """Returns what a case sees: the library, NumPy, and three helpers for gradients."""

    def grad(function, *inputs):
        """Returns (value, gradient with respect to each input), or (value, gradient) of a single input."""
        inputs = [tf.convert_to_tensor(value) for value in inputs]
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            value = function(*inputs)
        gradients = tape.gradient(value, inputs)
        return (value, gradients[0]) if len(inputs) == 1 else (value, *gradients)

    def second(function, *inputs):
        """Returns the gradients, with respect to each input, of the first derivatives weighted by 1, 2, 3, …."""
        inputs = [tf.convert_to_tensor(value) for value in inputs]
        with tf.GradientTape() as outer:
            outer.watch(inputs)
            _, *first = grad(function, *inputs)
            first = [gradient for gradient in first if gradient is not None]
        weights = [tf.constant(1 + np.arange(g.numpy().size).reshape(g.shape), g.dtype) for g in first]
        return outer.gradient(first, inputs, output_gradients=weights)

    def each(dtypes, function, *inputs):
        """Returns {dtype: value and gradients} of one function at the same numbers in several dtypes."""
        names = [name for word in dtypes.split() for name in GROUPS.get(word, [word])]
        return {name: grad(function, *(tf.cast(tf.constant(x), name) for x in inputs)) for name in names}

    return {"tf": tf, "np": np, "grad": grad, "second": second, "each": each, "__name__": "__main__"}


def evaluate(source, tf):
    """Runs a case; returns (result, what it wrote to stdout, what it wrote to stderr)."""
    tree = ast.parse(source)
    names = namespace(tf)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        exec(compile(tree, "<case>", "exec"), names)
        result = eval(compile(ast.Expression(last.value), "<case>", "eval"), names) if last else None
    return result, out.getvalue(), err.getvalue()


def answer(source, tf, run=evaluate):
    """Returns the JSON-ready account of what a case does under the library `tf`."""
    try:
        result, out, err = run(source, tf)
        account = describe(result, tf)
    except Exception as error:
        bases = [base.__name__ for base in type(error).__mro__[1:-3]]
        return {"kind": "error", "class": type(error).__name__, "bases": bases}
    if out:
        account["stdout"] = out
    if err and "tf.print" in source:
        account["stderr"] = err
    return account


def describe(value, tf):
    """Returns a JSON-ready description of one result: its kind, dtype, shape, exact values, printed forms, parts."""
    if isinstance(value, tf.Variable):
        more = {"name": value.name, "trainable": value.trainable}
        return {"kind": "variable", **of_array(value.numpy(), value), **more}
    if isinstance(value, tf.IndexedSlices):
        return {"kind": "IndexedSlices", "parts": [describe(part, tf) for part in (value.indices, value.values)]}
    if isinstance(value, tf.Tensor):
        return {"kind": "tensor", **of_array(value.numpy(), value)}
    if isinstance(value, np.generic | np.ndarray):
        return {"kind": "ndarray" if isinstance(value, np.ndarray) else "numpy scalar", **of_array(value)}
    if isinstance(value, bool | int | float | complex):
        return {"kind": type(value).__name__, "values": [exact(value)]}
    if isinstance(value, dict):
        return {"kind": "dict", "keys": list(value), "parts": [describe(part, tf) for part in value.values()]}
    if isinstance(value, list | tuple):
        return {"kind": type(value).__name__, "parts": [describe(part, tf) for part in value]}
    if isinstance(value, type):
        return {"kind": "type", "text": value.__name__}
    return {"kind": type(value).__name__, "text": value if isinstance(value, str) else repr(value)}


def of_array(array, shown=None):
    """Returns the dtype, shape and values of an array, and the printed forms of the tensor it came from."""
    array = np.asarray(array)
    values = [exact(value) for value in array.ravel().tolist()]
    text = {} if shown is None else {"repr": repr(shown), "str": str(shown)}
    return {"dtype": array.dtype.name, "shape": list(array.shape), "values": values, **text}


def exact(value):
    """Returns a number as something that JSON keeps exactly."""
    if isinstance(value, complex):
        return [exact(value.real), exact(value.imag)]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if isinstance(value, bool | int | float) else repr(value)


def evaluate_with_descriptors(source, tf):
    """Runs a case like `evaluate`, and catches what TensorFlow's own printing writes past Python's streams."""
    if "tf.print" not in source:
        return evaluate(source, tf)
    kept = [os.dup(1), os.dup(2)]
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        sys.stdout.flush()
        os.dup2(out.fileno(), 1)
        os.dup2(err.fileno(), 2)
        try:
            result, *_ = evaluate(source, tf)
        finally:
            for descriptor, copy in zip((1, 2), kept, strict=True):
                os.dup2(copy, descriptor)
                os.close(copy)
        out.seek(0)
        err.seek(0)
        return result, out.read().decode(), err.read().decode()


def main(chosen):
    """Records the chosen topics, or all of them."""
    os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", TF_ENABLE_ONEDNN_OPTS="0")
    import tensorflow as tf

    tf.get_logger().setLevel("CRITICAL")
    for topic in chosen or topics():
        answers = {}
        for case, source in read_cases(topic).items():
            found = answer(source, tf, evaluate_with_descriptors)
            answers[case] = found if source == case else {"source": source, **found}
        rows = ",\n".join(f"{json.dumps(case)}: {json.dumps(found)}" for case, found in answers.items())
        text = f'{{"tensorflow": "{tf.__version__}", "cases": {{\n{rows}\n}}}}\n'
        (HERE / "answers" / f"{topic}.json").write_text(text, encoding="utf-8")
        errors = sum(found["kind"] == "error" for found in answers.values())
        print(f"{topic}: {len(answers)} cases, {errors} of them errors")


if __name__ == "__main__":
    main(sys.argv[1:])
