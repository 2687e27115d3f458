"""Plants faults in the library, one at a time, and tells which law or engine test catches each.

    python -m tests.laws.faults

prints a line a fault and ends with a non-zero status if one went unnoticed. A fault is planted in the running library
and taken out again; nothing on disk changes.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import numpy as np

import gradtape as tf
from gradtape._autodiff import accumulator, backward, forward, sweep
from gradtape._core import fast, memory, tracking
from gradtape._core.op import OPS, ZERO, Rule
from gradtape._core.tensor import make_tensor
from gradtape._core.variable import Variable
from gradtape._executors import interpreter
from gradtape._ops.products import matrix_product
from gradtape._ops.reduction import reduce_sum
from gradtape._ops.structure import broadcast_to, reshape, stop_gradient, transpose
from gradtape._ops.trigonometry import sin
from gradtape._testing import lawbook

from ..engine import test_tape


@dataclass
class Fault:
    """What is broken, how, and where it should show: operations for the laws, tests of the engine."""

    description: str
    plant: Callable[[], Any]
    operations: tuple[str, ...] = ()
    engine: tuple[str, ...] = ()


def pulls_of(name: str) -> list[Any]:
    """The functions that pull cotangents back through the records of one operation."""
    fast.prepared(OPS[name].function)
    # What a recorder puts into a tape's records has no text of its own.
    return [pull for pull, step in fast.STEPS.items() if step.op is OPS[name] and hasattr(pull, "__globals__")]


@contextmanager
def rule(name: str, source: str, function: Callable[..., Any]) -> Iterator[None]:
    """Replaces the rule of one input of an operation, in both vocabularies."""
    op = OPS[name]
    # As a rule of the package it is read in two vocabularies; a program's own would run on tensors.
    function.__module__ = "gradtape._ops.faults"
    new = Rule(function, [*op.inputs, *(f"{each}_shape" for each in op.inputs), *op.params, "out"], name)
    if new.residuals != op.rules[source].residuals:
        raise ValueError("a planted rule names the residuals of the true one: the records are laid out for them")
    pulls = [pull for pull in pulls_of(name) if f"rule_{source}" in pull.__globals__]
    true = [pull.__globals__[f"rule_{source}"] for pull in pulls]
    with patch.dict(op.rules, {source: new}):
        for pull in pulls:
            pull.__globals__[f"rule_{source}"] = new.raw
        forget_pulls()
        try:
            yield
        finally:
            forget_pulls()
            for pull, each in zip(pulls, true, strict=True):
                pull.__globals__[f"rule_{source}"] = each


def forget_pulls() -> None:
    """Lets the steps that are made from rules, backwards and forwards, be made anew from the rules as they are."""
    backward.pull_of_tensors.cache_clear()
    backward.pull_of_batches.cache_clear()
    forward.push_of.cache_clear()


@contextmanager
def edited(functions: list[Any], source_of: Callable[[Any], str], old: str, new: str) -> Iterator[None]:
    """Changes the generated source of functions: `old` to `new`."""
    for function in functions:
        if "prepare" in function.__globals__:
            fast.prepared(function)
    codes = [function.__code__ for function in functions]
    for function in functions:
        source = source_of(function)
        if old not in source:
            raise ValueError(f"{old!r} is not in the source of {function.__name__}")
        function.__code__ = fast.compiled(source.replace(old, new))
    forget_pulls()
    try:
        yield
    finally:
        forget_pulls()
        for function, code in zip(functions, codes, strict=True):
            function.__code__ = code


def pull_source(pull: Any) -> str:
    """The generated source of a pull function."""
    return fast.pull_source(fast.STEPS[pull])


def fast_source(function: Any) -> str:
    """The generated source of an operation's fast function."""
    return fast.fast_source(function.op, fast.steps_of(function.op))


@contextmanager
def without_unbroadcast() -> Iterator[None]:
    """Cotangents keep the shape that their inputs were broadcast to."""
    pulls = [pull for pull, step in fast.STEPS.items() if step.unbroadcast and hasattr(pull, "__globals__")]
    for pull in pulls:
        pull.__globals__["sum_to"] = lambda d, shape: d
    try:
        with patch.object(backward.Vocabulary, "sum_to", lambda self, g, shape: g):
            yield
    finally:
        for pull in pulls:
            pull.__globals__["sum_to"] = fast.sum_to


def assigned_in_place(self: Variable, array: Any) -> Any:
    """An assignment that writes into the array that records may keep."""
    self._value[...] = array
    self._read_cache = None
    return self


@contextmanager
def body(name: str, function: Callable[..., Any]) -> Iterator[None]:
    """Replaces an operation's body on both paths."""
    op = OPS[name]
    fast.prepared(op.function)
    with patch.object(op, "body", function), patch.dict(op.function.__globals__, {"body": function}):
        yield


def writing_exp(x: Any) -> Any:
    """An exponential that writes its result over its input."""
    return np.exp(x, out=x) if isinstance(x, np.ndarray) and x.ndim else np.exp(x)


class NobodyFollows:
    """Stands for what records in this thread: nothing does."""

    tapes = ()


def cut_off(push: Callable[..., Any]) -> Callable[..., Any]:
    """Returns `push_forward` with results that nothing follows."""

    def pushed(*arguments: Any) -> list[Any]:
        return [None if each is None else make_tensor(each._value) for each in push(*arguments)]

    return pushed


# How a pull function adds a cotangent to those that came before.
ACCUMULATION = f"d if h is None else h + d if h.size < {memory.LARGE} else into(add, h, d)"

FAULTS = [
    Fault(
        "wrong sign: the derivative of cos is +sin",
        lambda: rule("cos", "x", lambda g, x: g * sin(x)),
        ("cos",),
    ),
    Fault(
        "missing un-broadcast: cotangents are not summed over broadcast axes", without_unbroadcast, ("multiply", "add")
    ),
    Fault(
        "wrong axis: the sum over one axis spreads its cotangent along another",
        lambda: rule(
            "reduce_sum",
            "input_tensor",
            lambda g, input_tensor_shape, axis, keepdims: transpose(
                broadcast_to(reduce_sum(g), tuple(reversed(input_tensor_shape)))
            ),
        ),
        ("reduce_sum",),
    ),
    Fault(
        "lost accumulation: the last use of a tensor overwrites the earlier ones",
        lambda: edited(
            pulls_of("multiply"),
            pull_source,
            f"d if h is None else h + d if h.size < {memory.LARGE} else into(add, h, d)",
            "d",
        ),
        ("multiply",),
        ("test_fan_out_adds_up", "test_diamond_is_passed_once_per_record"),
    ),
    Fault(
        "stale residual: exp keeps its input where its rule wants the result",
        lambda: edited([OPS["exp"].function], fast_source, "x._index, out", "x._index, x_value"),
        ("exp",),
    ),
    Fault(
        "changed residual: an assignment writes into the array that a record keeps",
        lambda: patch.object(Variable, "_set", assigned_in_place),
        engine=("test_a_gradient_uses_the_value_as_read",),
    ),
    Fault(
        "kept too much: multiply's records hold both inputs where one is tracked",
        lambda: edited(
            [tf.Tensor.__mul__], fast_source, "y_value.shape, x_value))", "y_value.shape, x_value, y_value))"
        ),
        engine=("test_a_rule_runs_only_for_tracked_inputs",),
    ),
    Fault(
        "cut second order: exp's rule stops the gradient of its residual",
        lambda: rule("exp", "x", lambda g, out: g * stop_gradient(out)),
        ("exp",),
    ),
    Fault(
        "dtype drift: a rule's constant is a float64",
        lambda: rule("square", "x", lambda g, x: g * x * np.float64(2.0)),
        ("square",),
    ),
    Fault(
        "no cotangent: a rule returns nothing",
        lambda: rule("square", "x", lambda g, x: None),
        ("square",),
    ),
    Fault(
        "not linear: a rule squares the cotangent",
        lambda: rule("negative", "x", lambda g: -g * g),
        ("negative",),
    ),
    Fault("wrong word: the derivative of sin is declared zero", lambda: patch.dict(OPS["sin"].rules, x=ZERO), ("sin",)),
    Fault(
        "a tangent lost on the way back: accumulators do not see a gradient's computation",
        lambda: patch.object(sweep, "RECORDING", NobodyFollows),
        ("sin",),
    ),
    Fault(
        "a tangent cut off: what computed it is not followed",
        lambda: patch.object(accumulator, "push_forward", cut_off(accumulator.push_forward)),
        ("sin",),
    ),
    Fault(
        "accumulators in the wrong order: the outer one is told after the inner one",
        lambda: patch.object(tracking, "by_order", lambda tracker: -tracker.order),
        ("exp",),
    ),
    Fault("input overwritten: exp's body writes into its argument", lambda: body("exp", writing_exp), ("exp",)),
    Fault(
        "wrong shape rule: a product's shape is that of its first factor",
        lambda: patch.object(OPS["multiply"], "shape", lambda *shapes: shapes[0]),
        ("multiply",),
    ),
    Fault(
        "wrong transpose: the cotangent of a matrix product's first factor forgets to transpose the second",
        lambda: rule(
            "matrix_product",
            "a",
            lambda g, b, a_shape, transpose_a, transpose_b: reshape(
                matrix_product(g, reshape(b, tuple(reversed(b.shape))), transpose_a, transpose_b), a_shape
            ),
        ),
        ("matrix_product",),
    ),
    Fault(
        "steps left out: a replay takes an operation's input for its result",
        lambda: patch.object(interpreter, "body", lambda op, values, params: values[0]),
        ("square",),
    ),
    Fault(
        "tracked by the wrong tape: watching a tensor anew drops the tape that follows it",
        lambda: patch.object(tracking, "Tracks", lambda entries: list(entries)[-1]),
        engine=("test_two_tapes_side_by_side",),
    ),
]


def catchers(fault: Fault) -> list[str]:
    """Plants a fault and returns the laws and tests that notice it."""
    found = []
    with fault.plant():
        for name in fault.operations:
            for law in lawbook.LAWS:
                for dtype in lawbook.dtypes(name):
                    if f"{law}({name})" not in found and fails(lambda n=name, la=law, d=dtype: lawbook.check(n, la, d)):
                        found.append(f"{law}({name})")
        found += [test for test in fault.engine if fails(getattr(test_tape, test))]
    return found


def fails(check: Callable[[], Any]) -> bool:
    """True if `check` raises."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            check()
    except Exception:
        return True
    return False


def main() -> int:
    """Plants every fault; prints what caught it; returns the number that nothing caught."""
    missed = 0
    for fault in FAULTS:
        found = catchers(fault)
        missed += not found
        print(f"{'caught' if found else 'MISSED'}: {fault.description}")
        for each in found:
            print(f"    {each}")
    print(f"{len(FAULTS) - missed} of {len(FAULTS)} faults caught")
    return missed


if __name__ == "__main__":
    sys.exit(main())
