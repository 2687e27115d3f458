"""The engine: programs have the bits of the interpreter's results, and the effects, misses and errors of a real run."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import gradtape as tf
from gradtape._core import nest
from gradtape._core.conversion import convert
from gradtape._core.tensor import Tensor
from gradtape._core.tracking import performed
from gradtape._executors import engine, interpreter
from gradtape._executors.lowering import lowered
from gradtape._testing import lawbook
from gradtape._testing.cases import Case, cases
from tests.executors.programs import bits, check, missed, recorded, with_ways

X = np.linspace(-1.0, 1.5, 6)
MATRIX = np.linspace(-2.0, 2.0, 12, dtype=np.float32).reshape(3, 4)


def call(name: str, function: Any, tensors: Any, kind: str) -> Any:
    """Calls a function as a step of its own."""
    return convert(performed(name, function, tensors, kind))


# -- results


def surrounded(case: Case) -> Any:
    """Returns a function that gives an operation what is used no more, and goes on with what it returns."""

    def function(*tensors: Any) -> Any:
        inputs = [x * 1.25 if x.dtype.is_floating else x for x in tensors]
        results = [y for y in nest.flatten(case.run(inputs)) if isinstance(y, Tensor)]
        return [y * y + y if y.dtype.is_floating else y for y in results], results[:1]

    return function


@pytest.mark.parametrize("name", lawbook.names())
def test_every_operation_between_others(name: str) -> None:
    dtype = lawbook.dtypes(name)[0]
    count = 0
    for case in cases(*lawbook.subject(name), dtype):
        try:
            program = lowered(recorded(surrounded(case), *case.arrays))
            interpreter.run(program, case.arrays)
        except Exception:
            # What cannot be recorded is none of the engine's affairs.
            continue
        check(program, *case.arrays)
        count += 1
    assert count, name


@pytest.mark.parametrize("order", ["C", "F", "strided"])
def test_matrices_in_any_order_have_the_same_bits(order: str) -> None:
    def function(x: Any, y: Any) -> Any:
        z = tf.tanh(x * 1.1) * x + 1.0
        return tf.reduce_sum(z, 0), tf.reduce_sum(z), z @ tf.transpose(y), tf.matmul(z, y, transpose_a=True), z

    generator = np.random.default_rng(0)
    x, y = (generator.standard_normal((37, 29)) for _ in range(2))
    if order == "F":
        x = np.asfortranarray(x)
    if order == "strided":
        x = generator.standard_normal((74, 58))[::2, ::-2]
    check(lowered(recorded(function, x, y)), x, y)


def test_one_function_takes_matrices_in_several_orders() -> None:
    program = lowered(recorded(lambda x: tf.reduce_sum(tf.sin(x) * x, 1), MATRIX))
    run = engine.compiled(program)
    for each in (MATRIX, np.asfortranarray(MATRIX), MATRIX[:, ::-1], MATRIX):
        assert bits(run([each])[1][0]) == bits(interpreter.run(program, [each])[1][0])


def test_numbers_are_arrays_when_they_leave_the_program() -> None:
    def function(x: Any) -> Any:
        total = tf.reduce_sum(x)
        return total, total * total - total / 3.0, x * total, x[0], x[0] < total

    _, results = check(lowered(recorded(function, X)), X)
    assert [each.shape for each in results] == [(), (), (6,), (), ()]


def test_a_gradient_of_second_order() -> None:
    def function(x: Any) -> Any:
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = tf.reduce_mean(tf.sigmoid(x @ tf.transpose(x)) ** 3)
            gradient = inner.gradient(y, x)
            total = tf.reduce_sum(gradient * gradient)
        return y, gradient, outer.gradient(total, x)

    check(lowered(recorded(function, MATRIX)), MATRIX)


def test_an_input_an_output_twice_and_a_constant() -> None:
    program = lowered(recorded(lambda x: [x, x, tf.constant([1.0]), tf.identity(x)], X))
    _, results = check(program, X)
    assert results[0] is X
    assert results[3] is not X


def test_numbers_without_a_type_of_numpy_and_texts() -> None:
    def function(x: Any, text: Any) -> Any:
        half = tf.cast(x, tf.bfloat16)
        return half * half + half, text + tf.constant("!"), tf.reduce_sum(half)

    text = np.array([b"a", b"b"], object)
    check(lowered(recorded(function, X, text)), X, text)


def test_calls_inside_calls_and_beside_each_other() -> None:
    runs: list[Any] = []

    def inner(x: Any) -> Any:
        return runs[0]([x * 0.5])[1][0] if runs and abs(x).max() > 0.2 else x

    def function(x: Any) -> Any:
        y = tf.sin(x * 2.0)
        z = call("inner", inner, [y * 0.01 + x * 0.5], "pure")
        return y * z - x

    program = lowered(recorded(function, X))
    runs.append(engine.compiled(program))
    alone = [bits(runs[0]([X * k])[1][0]) for k in range(8)]
    with ThreadPoolExecutor(4) as pool:
        found = [*pool.map(lambda k: bits(runs[0]([X * (k % 8)])[1][0]), range(200))]
    assert found == [alone[k % 8] for k in range(200)]


STEPS: list[Any] = [
    lambda x, y: x * y,
    lambda x, y: x + y,
    lambda x, y: tf.tanh(x),
    lambda x, y: tf.sin(x) - y,
    lambda x, y: tf.math.squared_difference(x, y),
    lambda x, y: tf.reshape(tf.reshape(x, [-1]), x.shape),
    lambda x, y: tf.transpose(x),
    lambda x, y: tf.matmul(x, y, transpose_b=True) * 0.1,
    lambda x, y: tf.reduce_sum(x, 0) * 0.2 + y,
    lambda x, y: tf.reduce_mean(x) + y,
    lambda x, y: tf.reduce_max(x, 1, keepdims=True) - y,
    lambda x, y: tf.identity(x),
    lambda x, y: tf.concat([x[2:], y[:2]], 0),
    lambda x, y: tf.concat(tf.split(x, 2, axis=1)[::-1], 1),
    lambda x, y: tf.stack(tf.unstack(x, axis=1), 1),
    lambda x, y: tf.sigmoid(x) * tf.nn.relu(y),
    lambda x, y: tf.cumsum(x) * 0.3,
    lambda x, y: tf.broadcast_to(x[1], x.shape),
    lambda x, y: tf.where(x > y, x, y),
    lambda x, y: x[1, 2] * x[0, 0] - x[2, 1] / 3.0 + y,
    lambda x, y: tf.cast(tf.cast(x, tf.float32), tf.float64),
]


@pytest.mark.parametrize("seed", range(60))
def test_random_programs(seed: int) -> None:
    generator = np.random.default_rng(seed)
    size = 300 if seed % 10 == 0 else 4
    variables = [tf.Variable(generator.standard_normal((size, size))) for _ in range(2)]
    choices = generator.integers(0, len(STEPS), 40)
    places = generator.random((40, 2))

    def function(x: Any) -> Any:
        values = [x, *variables]
        for choice, (first, second) in zip(choices, places, strict=True):
            # Mostly of what was made last, so that much is used for the last time.
            a, b = (values[-1 - int(len(values) * place**3)] for place in (first, second))
            values.append(STEPS[choice](tf.convert_to_tensor(a), tf.convert_to_tensor(b)))
            if choice == 0:
                variables[seed % 2].assign_add(values[-1] * 0.01)
                values[1 + seed % 2] = variables[seed % 2]
        return values[-1], values[7], [tf.reduce_sum(each) for each in values[-4:-1]]

    x = generator.standard_normal((size, size))
    program = lowered(recorded(function, x))
    start = [variable.numpy() for variable in variables]
    run = engine.compiled(program)
    states = []
    for each in (lambda arrays: interpreter.run(program, arrays)[1], lambda arrays: run(arrays)[1], eager(function)):
        for variable, value in zip(variables, start, strict=True):
            variable.assign(value)
        results = [each([x * scale]) for scale in (1.0, 0.5, 1.0)]
        states.append([[*map(bits, found)] for found in [*results, variables]])
    assert states[0] == states[1] == states[2]


def eager(function: Any) -> Any:
    """Returns what runs a function of tensors on arrays as it is."""
    return lambda arrays: [each._value for each in nest.flatten(function(*map(tf.constant, arrays)))]


# -- guards


def collatz(x: Any) -> Any:
    y = x * 1.5
    steps = tf.constant(0)
    while tf.reduce_sum(y) > 1.0:
        y = y / 2.0 if tf.reduce_max(y) > 1.5 else y - 0.5
        steps = steps + 1
    return y, steps, x * y


def test_ways_through_guards() -> None:
    calls = [np.full(3, value) for value in (0.1, 0.6, 1.7, 4.0)]
    program = with_ways(collatz, *[[each] for each in calls])
    run = engine.compiled(program)
    for each in calls * 2:
        end, wanted = interpreter.run(program, [each])
        found = run([each])
        assert found[0] is end
        assert [*map(bits, found[1])] == [*map(bits, wanted)]


def test_an_answer_without_a_branch() -> None:
    run = engine.compiled(with_ways(collatz, [np.full(3, 0.1)]))
    found = missed(run([np.full(3, 0.6)]))
    assert (found.guard.name, found.answer, found.performed) == ("bool", True, [])


@pytest.mark.parametrize("shape", [(), (5,), (2, 3), (0,)])
def test_a_value_that_holds_nan(shape: Any) -> None:
    def function(x: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.reduce_sum(tf.sqrt(x) * x)
        return tape.gradient(y, x)

    x = np.full(shape, 2.0)
    run, _ = check(lowered(recorded(function, x)), x)
    if x.size:
        assert missed(run([np.full(shape, np.nan)])).answer is True


def test_what_was_drawn_is_handed_over() -> None:
    drawn: list[Any] = []

    def draw() -> Any:
        drawn.append(np.array(float(len(drawn))))
        return drawn[-1]

    def function(x: Any) -> Any:
        y = x + call("draw", draw, [], "source")
        if tf.reduce_sum(y) > 100.0:
            y = y * 2.0 + call("draw", draw, [], "source")
        return y

    program = with_ways(function, [X], [X + 1000.0])
    run = engine.compiled(program)
    first = len(drawn)
    assert bits(run([X])[1][0]) == bits(X + first)
    assert bits(run([X + 1000.0])[1][0]) == bits((X + 1000.0 + (first + 1)) * 2.0 + (first + 2))
    alone = engine.compiled(lowered(recorded(function, X)))
    assert missed(alone([X + 1000.0])).performed == drawn[-1:]


# -- effects


def test_effects_are_done_in_order_and_not_before_a_miss() -> None:
    variable, seen = tf.Variable([1.0, 2.0]), []

    def function(x: Any) -> Any:
        variable.assign(variable * 2.0)
        performed("print", lambda y: seen.append(y.tolist()), [variable.read_value()], "effect")
        variable.assign_add(x)
        if tf.reduce_sum(x) > 0.0:
            return variable * 10.0
        return x

    ones = np.ones(2, np.float32)
    run = engine.compiled(with_ways(function, [ones]))
    variable.assign([1.0, 2.0])
    seen.clear()
    assert run([ones])[1][0].tolist() == [30.0, 50.0]
    assert (variable.numpy().tolist(), seen) == ([3.0, 5.0], [[2.0, 4.0]])
    missed(run([-ones]))
    assert (variable.numpy().tolist(), seen) == ([3.0, 5.0], [[2.0, 4.0]])


def test_a_variable_shares_its_memory_with_no_result() -> None:
    variable = tf.Variable(np.zeros(3))

    def function(x: Any) -> Any:
        y = tf.sin(x)
        variable.assign(y)
        return y, x

    x = np.ones(3)
    run = engine.compiled(lowered(recorded(function, x)))
    results = run([x])[1]
    variable.assign_add(np.ones(3))
    assert results[0].tolist() == np.sin(x).tolist()
    assert variable._value is not results[0]


@pytest.mark.parametrize("size", [8, 40_000])
def test_a_step_of_descent(size: int) -> None:
    start = np.linspace(0.0, 1.0, size)
    variable, twin = tf.Variable(start), tf.Variable(start)

    def step(variable: Any, x: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(variable - x))
        gradient = tape.gradient(loss, variable)
        variable.assign_sub(0.1 * gradient)
        return loss, gradient

    x = np.ones(size)
    run = engine.compiled(lowered(recorded(lambda x: step(variable, x), x)))
    variable.assign(start)
    memory = []
    for _ in range(4):
        results = run([x])[1]
        assert [*map(bits, results)] == [bits(each) for each in step(twin, tf.constant(x))]
        assert bits(variable) == bits(twin)
        memory.append(variable._value.ctypes.data)
    # A large variable stays where it is.
    assert size < 100 or len({*memory}) == 1


def test_what_has_been_read_of_a_variable_stays_as_it_was() -> None:
    variable = tf.Variable(np.zeros(40_000))
    run = engine.compiled(lowered(recorded(lambda x: [variable.assign_add(x), x][1], np.ones(40_000))))
    before = variable.read_value()
    held = before.numpy()
    run([np.ones(40_000)])
    assert before.numpy().tolist() == held.tolist()
    assert variable.numpy()[0] == held[0] + 1.0


# -- errors


def test_settings_of_numpy_do_not_matter() -> None:
    def function(x: Any) -> Any:
        return tf.math.log(x * 0.0), 1.0 / tf.reduce_sum(x * 0.0), tf.exp(x * 1000.0)

    with np.errstate(all="ignore"):
        run, results = check(lowered(recorded(function, X)), X)
    # Here warnings are errors.
    assert [*map(bits, run([X])[1])] == [*map(bits, results)]
    with np.errstate(all="raise"):
        assert [*map(bits, run([X])[1])] == [*map(bits, results)]


def test_a_failure_before_any_effect_leaves_the_rest_to_a_real_run() -> None:
    variable = tf.Variable(0.0)

    def function(x: Any, at: Any) -> Any:
        variable.assign_add(1.0)
        return tf.gather(x, at)

    run = engine.compiled(lowered(recorded(function, X, np.array(2))))
    before = float(variable)
    assert missed(run([X, np.array(20)])).guard is None
    assert float(variable) == before
    assert run([X, np.array(3)])[1][0] == X[3]
    assert float(variable) == before + 1.0


def test_a_failure_behind_a_function_of_the_user_hands_over_what_it_gave() -> None:
    def function(x: Any, at: Any) -> Any:
        return tf.gather(x * call("user", lambda: np.array(2.0), [], "foreign"), at)

    run = engine.compiled(lowered(recorded(function, X, np.array(2))))
    found = missed(run([X, np.array(20)]))
    assert [float(each) for each in found.performed] == [2.0]


def test_a_failure_behind_an_effect_is_raised() -> None:
    variable = tf.Variable(0.0, dtype=tf.float64)

    def function(x: Any, at: Any) -> Any:
        variable.assign(x[0])
        call("user", lambda: np.array(2.0), [], "foreign")
        variable.assign(x[1])
        y = tf.gather(x, at)
        variable.assign(x[2])
        return y

    run = engine.compiled(lowered(recorded(function, X, np.array(2))))
    with pytest.raises(tf.errors.InvalidArgumentError, match="20"):
        run([X, np.array(20)])
    assert variable == X[1]


def test_the_error_of_a_function_of_the_user_is_handed_over() -> None:
    def user(x: Any) -> Any:
        if x.sum() > 100.0:
            raise KeyError("mine")
        return x

    run = engine.compiled(lowered(recorded(lambda x: call("user", user, [x], "foreign") * 2.0, X)))
    (found,) = missed(run([X + 1000.0])).performed
    assert repr(found.error) == "KeyError('mine')"


def test_a_variable_of_another_shape_has_a_branch_of_its_own() -> None:
    variable = tf.Variable([1.0], shape=tf.TensorShape(None))
    run = engine.compiled(lowered(recorded(lambda x: variable * x, np.float32(2.0))))
    variable.assign([1.0, 2.0])
    assert missed(run([np.array(2.0, np.float32)])).answer == (2,)
    runs: list[int] = []

    @tf.function  # type: ignore[untyped-decorator]
    def function(x: Any) -> Any:
        runs.append(1)
        return tf.reduce_sum(variable * x)

    for values in 4 * [[1.0, 2.0], [1.0, 2.0, 3.0]]:
        variable.assign(values)
        assert float(function(tf.constant(2.0))) == 2 * sum(values)
    assert len(runs) == 2


def test_a_row_is_not_written_over_in_the_buffer_that_it_is_a_part_of() -> None:
    def function(x: Any, y: Any) -> Any:
        first = tf.sin((x * y)[0])
        return first + tf.reduce_sum(tf.cos(x / y), 0)

    recorded, x, y = tf.function(function), tf.constant([[1.0, 2.0], [3.0, 4.0]]), tf.constant([[2.0, 3.0], [4.0, 5.0]])
    for _ in range(3):
        assert recorded(x, y).numpy().tolist() == function(x, y).numpy().tolist()
