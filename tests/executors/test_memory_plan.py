"""What is known of memory: which values share it, their last uses, their order; where effects go; updates in place."""

from typing import Any

import numpy as np
import pytest

import gradtape as tf
from gradtape._core.op import OPS
from gradtape._core.tracking import performed
from gradtape._executors.lowering import lowered
from gradtape._executors.memory_plan import (
    ANY,
    CONTIGUOUS,
    FRESH,
    ORDERED,
    SPREAD,
    VIEWS,
    Plan,
    effects_last,
    order_of,
    update,
    updates_of,
)
from gradtape._executors.program import Assign, Program, Record
from gradtape._testing import lawbook
from gradtape._testing.cases import cases
from tests.executors.programs import recorded

X = np.arange(6.0)


def planned(function: Any, *arrays: Any) -> tuple[Program, Plan]:
    program = lowered(recorded(function, *arrays))
    return program, Plan(program, effects_last(program, updates_of(program)), dict.fromkeys(program.inputs, CONTIGUOUS))


def ordered(function: Any, *arrays: Any) -> list[Record]:
    program = lowered(recorded(function, *arrays))
    return effects_last(program, updates_of(program))


def made_by(program: Program, name: str) -> list[int]:
    """Returns the values that operations of a name make."""
    return [number for record in program.records if record.op.name == name for number in record.outputs]


def test_views_share_the_memory_of_what_they_are_of() -> None:
    program, plan = planned(lambda x: tf.reshape(tf.exp(x), [2, 3])[0] * 2.0, X)
    exp, reshaped, row, result = (made_by(program, name)[0] for name in ("exp", "reshape", "getitem", "multiply"))
    assert len({plan.root(number) for number in (exp, reshaped, row)}) == 1
    position = next(k for k, record in enumerate(plan.records) if record.op.name == "multiply")
    assert [plan.dies(exp, k) for k in range(len(plan.records))] == [k == position for k in range(len(plan.records))]
    assert plan.is_kept(result)
    assert not plan.is_kept(exp)


def test_what_a_result_is_a_view_of_is_kept() -> None:
    program, plan = planned(lambda x: tf.transpose(tf.reshape(tf.exp(x), [2, 3])), X)
    assert plan.is_kept(made_by(program, "exp")[0])


def test_arguments_and_constants_are_never_written_over() -> None:
    program, plan = planned(lambda x: tf.reshape(x, [2, 3]) * 2.0, X)
    last = len(plan.records) - 1
    assert not plan.dies(program.inputs[0], last)
    assert not plan.dies(made_by(program, "reshape")[0], last)
    assert not any(plan.dies(number, last) for number in program.constants)


def test_what_an_unknown_operation_returns_may_be_anybodys() -> None:
    program, plan = planned(lambda x: tf.cumsum(tf.exp(x)) + 1.0, X)
    assert plan.root(made_by(program, "exp")[0]) == plan.root(made_by(program, "cumsum")[0])
    assert not plan.dies(made_by(program, "cumsum")[0], len(plan.records) - 1)


def test_what_a_function_of_the_user_gets_is_kept() -> None:
    seen: list[Any] = []

    def function(x: Any) -> Any:
        performed("see", seen.append, [tf.exp(x)], "effect")
        return x

    program, plan = planned(function, X)
    assert plan.is_kept(made_by(program, "exp")[0])


@pytest.mark.parametrize("name", sorted(FRESH))
def test_fresh_results_share_memory_with_no_input(name: str) -> None:
    for case in cases(*lawbook.subject(name), "float64"):
        op, params = OPS[name], case.params()
        found = op.body(case.arrays, **params) if op.variadic else op.body(*case.arrays, **params)
        assert not any(np.shares_memory(found, array) for array in case.arrays)
        if np.ndim(found) > 1 and not params.get("batch_dims"):
            assert found.flags.c_contiguous


@pytest.mark.parametrize("name", sorted(VIEWS))
def test_views_share_memory_with_the_first_input_alone(name: str) -> None:
    for case in cases(*lawbook.subject(name), "float64"):
        found = OPS[name].body(*case.arrays, **case.params())
        for each in found if OPS[name].outputs else [found]:
            assert not any(np.shares_memory(each, array) for array in case.arrays[1:])


@pytest.mark.parametrize(
    ("array", "order"),
    [
        (np.zeros((2, 3)), CONTIGUOUS),
        (np.zeros((2, 3)).T, ANY),
        (np.zeros((4, 6))[::2, 1:3], ORDERED),
        (np.zeros((4, 6))[:, ::-1], ORDERED),
        (np.broadcast_to(np.zeros(()), (2, 3)), SPREAD),
        (np.zeros((1, 3)).T, CONTIGUOUS),
        (np.zeros(()), CONTIGUOUS),
    ],
)
def test_order(array: Any, order: int) -> None:
    assert order_of(array) == order
    # What is in order makes results without gaps.
    assert order == ANY or np.exp(array).flags.c_contiguous


@pytest.mark.parametrize(
    ("function", "order"),
    [
        (lambda x: x[1:3] * 1.0, CONTIGUOUS),
        (lambda x: x[:, 1:3], ORDERED),
        (lambda x: x[1], CONTIGUOUS),
        (lambda x: tf.transpose(x), ANY),
        (lambda x: tf.exp(tf.transpose(x)), ANY),
        (lambda x: tf.exp(x[:, ::2]), CONTIGUOUS),
        (lambda x: tf.split(x, 2, axis=1)[0], ORDERED),
        (lambda x: tf.split(x, 2, axis=0)[0], CONTIGUOUS),
        (lambda x: tf.gather(x, [[1], [0]], axis=0) + 0.0, CONTIGUOUS),
        (lambda x: tf.reshape(x[:, 1:], [4, 3]), ORDERED),
        (lambda x: tf.broadcast_to(x[0], [9, 4]), SPREAD),
        (lambda x: tf.exp(tf.broadcast_to(x[0], [9, 4])), CONTIGUOUS),
        (lambda x: tf.concat([tf.broadcast_to(x[0], [2000, 4])] * 2, 1), ANY),
        (lambda x: tf.stack([tf.broadcast_to(x[0], [2000, 4])] * 2, 2), ANY),
    ],
)
def test_the_order_that_is_planned_is_no_better_than_the_real_one(function: Any, order: int) -> None:
    x = np.arange(16.0).reshape(4, 4)
    program, plan = planned(function, x)
    assert plan.order_of(program.outputs[0]) == order
    assert order_of(function(tf.constant(x))._value) >= order


def test_effects_come_last_but_in_order_where_a_function_of_the_user_has_seen_some() -> None:
    variable = tf.Variable(1.0, dtype=tf.float64)

    def function(x: Any) -> Any:
        variable.assign(x)
        performed("user", lambda: np.zeros(()), [], "foreign")
        variable.assign(x * 2.0)
        return tf.exp(x)

    names = [record.op.name for record in ordered(function, np.array(3.0))]
    # From there on an error ends the call with what was done before it.
    assert names == ["assign", "user", "multiply", "assign", "exp"]


def test_an_update_comes_right_before_its_assignment() -> None:
    variable = tf.Variable(np.zeros(50_000))

    def function(x: Any) -> Any:
        variable.assign_sub(x)
        return tf.exp(x)

    records = ordered(function, np.ones(50_000))
    assert [record.op.name for record in records] == ["read", "exp", "subtract", "assign"]
    assert isinstance(records[-1].op, Assign)


def test_update_in_place() -> None:
    variable = tf.Variable(np.zeros(50_000))
    value = variable._value
    address = value.ctypes.data
    update(np.add, variable, value, np.ones(50_000))
    assert (variable.numpy()[0], variable._value.ctypes.data) == (1.0, address)
    held = variable._value
    update(np.add, variable, value, np.ones(50_000))
    assert (variable.numpy()[0], held[0]) == (2.0, 1.0)
