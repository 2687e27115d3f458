"""The law of recording: a function that is recorded once gives at every replay what it gives when it runs."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape._autodiff.tape import GradientTape
from gradtape._core.sampling import Sample
from gradtape._core.tensor import Tensor
from gradtape._executors import engine, interpreter
from gradtape._executors.interpreter import Missed
from gradtape._executors.lowering import lowered
from gradtape._executors.program import Guard, Program, check
from gradtape._executors.recorder import Recorder
from gradtape._testing.cases import BOUNDS, Case, dense, is_inexact, require, same_array, tensors_of, values_of

# The answers that a program of the library may depend on, and why; anything else that a call reads of its inputs makes
# every new input a call that is not replayed.
ANSWERS = {
    "holds_nan": "a backward pass that ends in NaN is gone another time, and knows then what a cotangent of 0 does",
    "zeros": "a triangular matrix with a 0 on its diagonal is refused before it is solved with",
}


def replayed_is_run(case: Case, dtype: str) -> None:
    """What is recorded on some numbers gives, on the same and on others, the bits that the call and its gradient give.

    The program depends on no answer that the numbers gave, but for those of `ANSWERS`. NumPy rounds products of complex
    numbers in two ways, as they lie in memory: where there are some, the last digits may differ.
    """
    program = recording(case)
    exact = all(spec.dtype.kind != "c" for spec in program.specs.values())
    run = engine.compiled(program)
    for arrays in (case.arrays, other_numbers(case.sample, dtype)):
        expected = values_of(found_with_gradients(case, tensors_of(arrays)))
        for replay in (run, lambda given: interpreter.run(program, given)):
            found = replay(values_of(tensors_of(arrays)))
            if isinstance(found, Missed):
                require(found.guard is not None, "a step fails that does not fail when it is run")
                continue
            for a, b in zip(found[1], expected, strict=True):
                require_same(a, b, None if exact else BOUNDS[dtype])


def found_with_gradients(case: Case, tensors: list[Any]) -> list[Tensor]:
    """Returns the results of a case, and the gradients for the inputs that have one."""
    sources = [tensors[k] for k in case.moving()]
    with GradientTape() as tape:
        tape.watch(sources)
        results = case.run(tensors)
    inexact = [each for each in results if is_inexact(each)]
    if not inexact or not sources:
        return results
    return [*results, *map(dense, tape.gradient(inexact, sources, unconnected_gradients="zero"))]


def recording(case: Case) -> Program:
    """Returns the lowered program of a case and its gradient, recorded on the case's numbers."""
    recorder = Recorder()
    with recorder:
        inputs = [recorder.input(each._value) for each in tensors_of(case.arrays)]
        results = found_with_gradients(case, inputs)
        recorder.program.outputs = [recorder.number_of(each) for each in results]
        recorder.close()
    require(recorder.failed is None, f"it cannot be replayed: {recorder.failed}")
    for record in recorder.program.records:
        known = not isinstance(record.op, Guard) or record.op.name in ANSWERS
        require(known, f"the program holds for one answer alone: {recorder.program.text(record)[0]}")
    return check(lowered(check(recorder.program)))


def other_numbers(sample: Sample, dtype: str) -> list[Any]:
    """Returns other inputs of a sample, as arrays."""
    arrays: list[Any] = []
    for made in sample.inputs(dtype, seed=1000):
        arrays += made if isinstance(made, list) else [made]
    return arrays


def require_same(a: Any, b: Any, bound: float | None) -> None:
    """Raises AssertionError unless two arrays have the same bits, or differ by rounding where a bound is given."""
    require(a.dtype == b.dtype, f"replayed it is of {a.dtype}, and run of {b.dtype}")
    if bound is not None and a.dtype.kind in "fc":
        same_array(a, b, bound, "replayed and run")
        return
    same = a.shape == b.shape and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
    require(same, f"replayed it is {a!r}, and run {b!r}")


LAWS = (replayed_is_run,)
