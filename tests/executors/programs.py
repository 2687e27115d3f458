"""Programs for the tests of engines: recorded from functions, run in both ways, compared bit by bit."""

from typing import Any

import numpy as np

from gradtape._core import nest
from gradtape._core.tensor import Tensor
from gradtape._executors import engine, interpreter
from gradtape._executors.interpreter import Missed
from gradtape._executors.lowering import grafted, lowered
from gradtape._executors.program import Program
from gradtape._executors.recorder import Recorder


def recorded(function: Any, *arrays: Any, performed: Any = None) -> Program:
    """Returns the program of a function of tensors, as it was recorded."""
    recorder = Recorder(performed)
    with recorder:
        inputs = [recorder.input(np.asarray(array)) for array in arrays]
        outputs = [each for each in nest.flatten(function(*inputs)) if isinstance(each, Tensor)]
        program = recorder.program
        program.outputs = [recorder.number_of(each) for each in outputs]
        recorder.close()
    assert recorder.failed is None
    return program


def with_ways(function: Any, *calls: Any) -> Program:
    """Returns the lowered program of a function with the ways that several lists of arguments take."""
    program = recorded(function, *calls[0])
    for arrays in calls[1:]:
        merged = grafted(program, recorded(function, *arrays))
        assert merged is not None
        program = merged
    return lowered(program)


def bits(array: Any) -> Any:
    """Returns all that there is to know of an array."""
    array = np.asarray(array)
    return array.dtype, array.shape, array.tolist() if array.dtype.kind == "O" else array.tobytes()


def check(program: Program, *arrays: Any) -> Any:
    """Compares the engine with the interpreter, in several calls of one compiled function; returns that and results."""
    run = engine.compiled(program)
    end, wanted = interpreter.run(program, arrays)
    wanted = [bits(each) for each in wanted]
    found = run([*arrays])
    assert type(found) is tuple
    assert found[0] is end
    assert [bits(each) for each in found[1]] == wanted
    # What a call returned is not touched by the next ones.
    other = [array + array if array.dtype.kind in "fc" else array for array in arrays]
    run([*other])
    assert [bits(each) for each in run([*arrays])[1]] == wanted
    assert [bits(each) for each in found[1]] == wanted
    assert all(type(each) is np.ndarray for each in found[1])
    return run, found[1]


def missed(found: Any) -> Missed:
    """Returns what a call came back with that could not go on."""
    assert type(found) is Missed
    return found
