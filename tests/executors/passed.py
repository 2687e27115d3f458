"""Programs before and after a pass: recorded, checked, run record by record and compared bit for bit."""

import numpy as np

import gradtape as tf
from gradtape._executors import interpreter
from gradtape._executors.lowering import grafted, lowered
from gradtape._executors.program import check
from gradtape._executors.recorder import Recorder


def recorded(function, *arrays):
    """Returns the lowered program of a function that returns a tensor or a list of them."""
    recorder = Recorder()
    with recorder:
        inputs = [recorder.input(np.asarray(each), f"x{k}") for k, each in enumerate(arrays)]
        found = function(*inputs)
        found = found if isinstance(found, list) else [found]
        recorder.program.outputs = [recorder.number_of(tf.convert_to_tensor(each)) for each in found]
    recorder.close()
    assert recorder.failed is None, recorder.failed
    return check(recorder.program)


def with_branches(function, *calls):
    """Returns the lowered program of a function with a branch for each way that the calls took."""
    program, *others = [recorded(function, *arrays) for arrays in calls]
    for other in others:
        program = grafted(program, other)
    return check(lowered(program))


def results(program, arrays):
    """Returns what a program gives for arrays, None where it has no branch for an answer."""
    with np.errstate(all="ignore"):
        found = interpreter.run(program, [np.asarray(each) for each in arrays])
    return None if isinstance(found, interpreter.Missed) else found[1]


def bits(array):
    """Returns an array as something to compare: dtype, shape, and bits with one NaN for all."""
    array = np.array(array)
    if array.dtype.kind in "fc":
        array = np.where(np.isnan(array), np.array(np.nan, array.dtype), array)
    return array.dtype, array.shape, array.tolist() if array.dtype.kind == "O" else array.tobytes()


def agree(before, after, *calls):
    """Asserts that two programs give the same bits in all calls."""
    check(after)
    for arrays in calls:
        expected, found = results(before, arrays), results(after, arrays)
        if expected is None:
            assert found is None
        else:
            assert [*map(bits, found)] == [*map(bits, expected)]


def passed(through, function, *calls):
    """Returns the program that passes make of a function, for which it gives the same in all calls."""
    before = with_branches(function, *calls)
    after = before
    for each in through if isinstance(through, tuple) else (through,):
        after = check(each(after))
    agree(before, after, *calls)
    return after


def names(program):
    """Returns the names of a program's steps."""
    return [record.op.name for record in program.records]


# Numbers that tell rules that hold for all numbers from those that hold for some.
SPECIAL = np.array([0.0, -0.0, 1.0, -1.5, np.inf, -np.inf, np.nan, 1e-45, 3e38], np.float32)
