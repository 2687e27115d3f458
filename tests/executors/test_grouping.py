"""Groups: what goes into one, what stays outside, and that the results have the bits of one operation after another."""

from typing import Any

import numpy as np
import pytest

import gradtape as tf
from gradtape._core.op import OPS
from gradtape._executors import grouping
from gradtape._executors.grouping import Group, grouped
from gradtape._executors.lowering import lowered
from gradtape._executors.memory_plan import CONTIGUOUS, Plan, effects_last, ufunc_of, updates_of
from gradtape._executors.program import Program, Record
from gradtape._testing import lawbook
from tests.executors.programs import check, recorded

SIZE = 50_001
X = np.linspace(-3.0, 3.0, SIZE)


@pytest.fixture(autouse=True)
def small_arrays_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grouping, "LARGE", 100_000)


def records_of(function: Any, *arrays: Any) -> tuple[Program, list[Record]]:
    program = lowered(recorded(function, *arrays))
    records = effects_last(program, updates_of(program))
    plan = Plan(program, records, dict.fromkeys(program.inputs, CONTIGUOUS))
    return program, grouped(program, records, plan, set())


def names(records: list[Record]) -> list[Any]:
    return [[each.op.name for each in r.op.records] if isinstance(r.op, Group) else r.op.name for r in records]


def expression(x: Any, w: Any) -> Any:
    with tf.GradientTape() as tape:
        tape.watch([x, w])
        y = tf.reduce_sum(tf.tanh(x * w) * tf.exp(-x * x) + x / (1.0 + w * w))
    return [y, *tape.gradient(y, [x, w])]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_an_expression_with_its_gradient(dtype: Any) -> None:
    x, w = X.astype(dtype), X[::-1].astype(dtype).copy()
    _, records = records_of(expression, x, w)
    assert len([record for record in records if isinstance(record.op, Group)]) == 1
    check(lowered(recorded(expression, x, w)), x, w)


def test_only_what_is_used_outside_is_a_result() -> None:
    def function(x: Any) -> Any:
        y = tf.exp(x) * 2.0
        return tf.reduce_sum(y), tf.sin(y + 1.0)

    _, records = records_of(function, X)
    assert names(records) == [["exp", "multiply", "add", "sin"], "reduce_sum"]
    assert len(records[0].inputs) == 3
    assert len(records[0].outputs) == 2


def test_what_waits_for_a_group_is_behind_it_and_grouped_by_itself() -> None:
    def function(x: Any, y: Any) -> Any:
        z = tf.exp(x) * x
        total = tf.reduce_sum(z)
        mean = tf.reduce_mean(y)
        return tf.sin(z * total) + total, mean

    _, records = records_of(function, X, X[:10].copy())
    assert names(records) == ["reduce_mean", ["exp", "multiply"], "reduce_sum", ["multiply", "sin", "add"]]


def test_small_arrays_single_steps_and_rows_are_not_grouped() -> None:
    assert names(records_of(lambda x: tf.exp(x) * x, X[:100].copy())[1]) == ["exp", "multiply"]
    assert names(records_of(lambda x: tf.exp(x), X)[1]) == ["exp"]
    assert names(records_of(lambda x: [y := tf.exp(x), y * x], X)[1]) == ["exp", "multiply"]
    matrix = np.ones((3, SIZE))
    assert names(records_of(lambda x, y: tf.exp(x + y) * x, matrix, matrix[0])[1]) == ["add", ["exp", "multiply"]]


def test_guards_stay_where_they_are() -> None:
    def function(x: Any) -> Any:
        y = tf.exp(x) + x
        if tf.reduce_sum(y) > 0.0:
            y = tf.sin(y) * y
        return y

    _, records = records_of(function, X)
    assert names(records) == [["exp", "add"], "reduce_sum", "greater", "bool", ["sin", "multiply"]]
    check(lowered(recorded(function, X)), X)


@pytest.mark.parametrize("size", [SIZE, 1 << 17])
def test_powers_numbers_full_constants_and_other_types(size: int) -> None:
    def function(x: Any) -> Any:
        total = tf.reduce_mean(x)
        y = (x**3.0 + x**2.0 - x**4.0) * tf.fill(x.shape, np.float64(2.0)) + total
        z = tf.math.squared_difference(y, x) + tf.math.rsqrt(x * x + 1.0)
        return z, tf.logical_and(z > 1.0, y < total), tf.maximum(z, y) * tf.minimum(z, total)

    x = np.linspace(-3.0, 3.0, size)
    _, records = records_of(function, x)
    assert any(isinstance(record.op, Group) for record in records)
    check(lowered(recorded(function, x)), x)


def test_arrays_in_another_order_are_not_grouped() -> None:
    def function(x: Any) -> Any:
        y = tf.exp(x * 0.1) * x
        return y, tf.reduce_sum(y, 0)

    x = np.linspace(-3.0, 3.0, 300 * 400).reshape(300, 400)
    for each in (x, np.asfortranarray(x), x[::-1], x[:, ::2]):
        check(lowered(recorded(function, each)), each)


def test_a_result_written_over_what_is_used_no_more() -> None:
    def function(x: Any) -> Any:
        whole = tf.cumsum(x)
        rest = tf.concat([whole[1:], x[:1]], 0)
        y = tf.exp(rest * 0.001) + rest
        return tf.cumsum(y * rest - 1.0), tf.reduce_sum(y)

    check(lowered(recorded(function, X)), X)


UFUNCS = sorted(name for name in lawbook.names() if name in OPS and ufunc_of(OPS[name]) is not None)


@pytest.mark.parametrize("name", UFUNCS)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_blocks_have_the_bits_of_the_whole(name: str) -> None:
    op = OPS[name]
    dtypes = [each for each in map(np.dtype, ("float32", "float64", "int32", "bool")) if each in op.types[0]]
    generator = np.random.default_rng(0)
    for dtype in dtypes:
        arrays = [(generator.standard_normal(SIZE) * 1e3).astype(dtype) for _ in op.inputs]

        def function(*tensors: Any) -> Any:
            inputs = [tf.where(x, x, x) if x.dtype.is_bool else x + x for x in tensors]
            return op.function(*inputs), op.function(*[tf.identity(each) for each in inputs])

        program = lowered(recorded(function, *arrays))
        check(program, *arrays)
