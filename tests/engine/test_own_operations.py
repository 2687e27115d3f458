"""Operations that a program declares: in every family, under any name, with rules of any text, held to the laws."""

import inspect
import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
import scipy.special

import gradtape as tf
from gradtape import op, testing
from gradtape._core import fast, own
from gradtape._core.op import OPS
from gradtape.testing import check_laws

FLAT = op.arrays((3,), (2, 3))


def same(x_shape: tuple[int, ...]) -> tuple[int, ...]:
    return x_shape


def backwards(x: Any) -> Any:
    return tf.reverse(x, [-1])


@op.elementwise(op.singles(), x=lambda g, out: g * out)
def exp(x):
    """An exponential beside the library's."""
    return np.exp(x)


@op.elementwise(op.pairs(0.5, 2.0), x=lambda g, y: tf.math.divide(g, y), y=lambda g, x, y: -g * x / tf.square(y))
def over(x, y):
    return np.divide(x, y)


@op.linear(FLAT, shape=same, x=lambda g: backwards(tf.cumsum(backwards(g), -1)))
def running(x):
    return np.cumsum(x, axis=-1)


@op.bilinear(op.arrays(((3,), (3,)), ((0,), (0,))), shape=lambda a, b: (), a=lambda g, b: g * b, b=lambda g, a: g * a)
def dot(a, b):
    return np.dot(a, b)


@op.primitive(
    FLAT,
    types=op.FLOATS,
    shape=lambda x_shape: (x_shape[:-1], x_shape),
    outputs=True,
    x=lambda g, x: 2.0 * tf.expand_dims(g[0], -1) * x + g[1] * tf.cos(x),
)
def square_and_sine(x):
    return [np.sum(x * x, axis=-1), np.sin(x)]


@op.discrete(op.pairs(), inputs=("x", "y"), types=op.REALS)
def above(x, y):
    return x > y


@op.composite(op.pairs())
def hypotenuse(x, y):
    return tf.sqrt(1.0 + x * x + y * y)


@op.elementwise(
    op.arrays((), (3,), values=op.Values(0.5, 2.0), power=[2.0, 3.5]), x=lambda g, x, power: slope(g, x, power)
)
def powered(x: Any, *, power: float = 2.0, name: str | None = None) -> Any:
    """A power."""
    return x**power


def slope(g: Any, x: Any, power: float) -> Any:
    return power * g * x ** (power - 1.0)


OPERATIONS = [exp, over, running, dot, square_and_sine, above, hypotenuse, powered]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.__name__)
def test_the_laws_hold(operation: Callable[..., Any]) -> None:
    assert check_laws(operation) > len(testing.LAWS)


def gradient(function: Callable[..., Any], *values: Any) -> Any:
    tensors = [tf.constant(value, tf.float64) for value in values]
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        result = function(*tensors)
    return tape.gradient(result, tensors)


def test_derivatives_in_every_mode() -> None:
    x = tf.constant([0.5, -1.0])
    with tf.autodiff.ForwardAccumulator(x, tf.constant([1.0, 0.0])) as accumulator, tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = exp(2.0 * x)
        first = inner.gradient(y, x)
    np.testing.assert_allclose(first, 2 * np.exp(2 * x.numpy()), rtol=1e-6)
    np.testing.assert_allclose(outer.gradient(first, x), 4 * np.exp(2 * x.numpy()), rtol=1e-6)
    np.testing.assert_allclose(accumulator.jvp(first), [4 * np.exp(1.0), 0.0], rtol=1e-6)


def test_what_is_no_tensor_is_converted() -> None:
    assert exp(0.0).dtype == tf.float32
    assert over([1.0, 4.0], tf.Variable(2.0)).numpy().tolist() == [0.5, 2.0]
    assert over(np.ones(2), np.full(2, 4.0)).dtype == tf.float64
    assert (float(powered(3.0)), float(powered(tf.Variable(2.0), power=3.0))) == (9.0, 8.0)


def test_the_library_keeps_its_names() -> None:
    assert OPS["exp"].function is tf.exp
    assert exp.op is OPS[f"{__name__}.exp"]
    assert exp.__name__ == "exp"


def test_a_function_keeps_its_face() -> None:
    assert str(inspect.signature(powered)).startswith("(x: ")
    assert powered.__doc__ == "A power."
    assert powered.__module__ == __name__
    assert powered.__annotations__["power"] in (float, "float")
    with pytest.raises(TypeError, match="positional argument"):
        powered(tf.constant(1.0), 2.0)


def test_declared_again_it_replaces_the_first() -> None:
    def declare(factor: float) -> Any:
        @op.elementwise(x=lambda g: factor * g)
        def scaled(x):
            return factor * x

        return scaled

    first, second = declare(2.0), declare(3.0)
    assert OPS[second.op.name] is second.op
    assert [float(*gradient(each, 1.0)) for each in (first, second)] == [2.0, 3.0]


def test_rules_may_be_of_any_text() -> None:
    square, words, two = tf.square, tf.math, np.float64(2.0)

    def slope_of(x: Any) -> Any:
        # A helper that no operation of the library would have.
        return tf.reduce_sum(tf.stack([2.0 * x, square(x) * 0.0]), axis=[0])

    rules = [
        lambda g, x: g * slope_of(x),
        lambda g, x: words.multiply(g, x) * 2.0,
        lambda g, x, square=square: g * square(x) / x * 2.0,
        lambda g, x, factor=two: g * x * factor,
        lambda g, x, x_shape: tf.reshape(tf.concat([g * x, g * x], 0), [2, *x_shape])[0] * 2.0,
    ]
    for rule in rules:

        @op.elementwise(op.arrays((3,), values=op.Values(0.5, 2.0)), x=rule)
        def squared(x):
            return x * x

        assert check_laws(squared)


def test_a_rule_reads_what_it_names_when_it_runs() -> None:
    factor = 2.0

    @op.elementwise(x=lambda g: factor * g)
    def scaled(x):
        return factor * x

    assert float(*gradient(scaled, 1.0)) == 2.0
    factor = 3.0
    assert float(*gradient(scaled, 1.0)) == 3.0


def test_a_plain_rule_makes_no_tensors() -> None:
    array = np.full(3, 0.5)
    with patch.object(own, "make_tensor", side_effect=AssertionError):
        assert OPS[f"{__name__}.exp"].rules["x"].raw(array, array).tolist() == [0.25] * 3
        assert over.op.rules["y"].raw(array, array, array).tolist() == [-1.0] * 3
        with pytest.raises(AssertionError):
            running.op.rules["x"].raw(array)


def test_a_plain_rule_mixes_no_dtypes() -> None:
    @op.elementwise(
        types={"x": op.FLOATS, "count": op.INTEGERS}, x=lambda g, count: g * count, count=op.NOT_DIFFERENTIABLE
    )
    def times(x, count):
        return (x * count).astype(x.dtype)

    x = tf.constant([1.0, 2.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = times(x, tf.constant([2, 3]))
    with pytest.raises(tf.errors.InvalidArgumentError, match="int32"):
        tape.gradient(y, x)


@pytest.mark.parametrize("names", [("result", "tape"), ("slow", "body"), ("x", "x_value"), ("_slow", "out_")])
def test_parameters_may_be_called_anything(names: tuple[str, str]) -> None:
    a, b = names
    space: dict[str, Any] = {"op": op}
    exec(
        f"@op.elementwise(op.pairs(), {a}=lambda g, {b}: g * {b}, {b}=lambda g, {a}: g * {a})\n"
        f"def product({a}, {b}): return {a} * {b}",
        space,
    )
    assert check_laws(space["product"], dtypes=[tf.float64])


def test_names_in_fast_paths_are_known() -> None:
    for each in OPS.values():
        if fast.supports(each):
            code = fast.prepared(each.function).__code__
            names = {*code.co_names, *code.co_varnames} - {*each.parameters}
            # Attributes, and the names that no program has: they begin with what the fast path calls its own.
            names -= {"_value", "_tape", "_index", "_read", "owner", "dtype", "shape", "append"}
            names -= {name for name in names if re.match(r"dtypes_\d|pull_", name)}
            names -= {f"{n}_{what}" for n in each.inputs for what in ("value", "tape")}
            assert names - {f"as_{n}" for n in each.params} <= fast.TAKEN, each


def declared(source: str) -> Any:
    return op.elementwise(**eval(f"dict({source})"))(lambda x, *, axis=0: x)


@pytest.mark.parametrize(
    ("declaration", "words"),
    [
        ("z=lambda g: g", "speaks of ['z'], and the parameters of the body are ['x']"),
        ("x=lambda g: g, axis=lambda g: g", "by position, not by keyword only"),
        ("", "no input is declared"),
        ("x=3", "a rule is a function of `g`"),
        ("x=lambda x: x", "whose first parameter is `g`"),
        ("x=lambda g, y: g", "asks for ['y'], which the operation does not have"),
        ("x=lambda g: g, types={}", "`types` says nothing of ['x']"),
    ],
)
def test_a_wrong_declaration_is_refused(declaration: str, words: str) -> None:
    with pytest.raises(TypeError, match=re.escape(words)):
        declared(declaration)


def test_a_wrong_body_is_refused() -> None:
    for body in (scipy.special.erf, lambda *arrays: arrays):
        with pytest.raises(TypeError, match="a function with named parameters"):
            op.elementwise(x=lambda g: g)(body)
    with pytest.raises(TypeError, match="a linear operation has one input"):
        op.linear(shape=same, x=lambda g: g, y=lambda g: g)(lambda x, y: x + y)


def test_errors_speak_of_the_operation() -> None:
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"^exp: an input of dtype int32 was given"):
        exp(tf.constant(1))
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"^dot: shapes"):
        dot([1.0], [1.0, 2.0])

    @op.elementwise(x=op.NOT_WRITTEN)
    def unwritten(x):
        return x

    with pytest.raises(LookupError, match="not written yet"):
        gradient(unwritten, 1.0)


def wrong(family: Any, body: Callable[..., Any], *samples: Any, **declaration: Any) -> Any:
    return family(*samples, **declaration)(body)


WRONG = {
    "elementwise": lambda: wrong(op.elementwise, lambda x: np.sin(x), op.singles(), x=lambda g, x: -g * tf.cos(x)),
    "linear": lambda: wrong(op.linear, lambda x: np.cumsum(x, -1), FLAT, shape=same, x=lambda g: tf.cumsum(g, -1)),
    "bilinear": lambda: wrong(
        op.bilinear,
        lambda a, b: np.dot(a, b),
        op.arrays(((3,), (3,))),
        shape=lambda a, b: (),
        a=lambda g, b: g * b,
        b=lambda g, b: g * b,
    ),
    "primitive": lambda: wrong(
        op.primitive,
        lambda x: [x * x, np.sin(x)],
        FLAT,
        types=op.FLOATS,
        shape=lambda x: (x, x),
        outputs=True,
        x=lambda g, x: 2.0 * g[0] * x,
    ),
    "zero": lambda: wrong(op.elementwise, lambda x: np.sin(x), op.singles(), x=op.ZERO),
    "discrete": lambda: wrong(op.discrete, lambda x: x, FLAT, inputs=("x",), shape=lambda x: x[:-1]),
    "composite": lambda: op.composite(op.singles())(lambda x: x * tf.stop_gradient(x)),
}


@pytest.mark.parametrize("family", WRONG)
def test_the_laws_catch_a_wrong_declaration(family: str) -> None:
    with pytest.raises(AssertionError, match="breaks the law"):
        check_laws(WRONG[family]())


@pytest.mark.parametrize(
    ("rule", "law", "words"),
    [
        (lambda g, x: None, "rules_give_cotangents", "the rule for input 'x' returned None"),
        (lambda g, x: 1.0, "rules_give_cotangents", "returned a float: write it with gradtape's operations"),
        (lambda g, x: np.cos(x) * np.asarray(g), "rules_give_cotangents", "write it with gradtape's operations"),
        (lambda g, x: tf.reduce_sum(g * tf.cos(x)), "rules_give_cotangents", "float32[]; it has to be float32[3]"),
        (lambda g, x: tf.cast(g * tf.cos(x), tf.float64), "rules_give_cotangents", "it has to be float32[]"),
        (lambda g, x: g * g * tf.cos(x), "gradient_is_linear_in_the_cotangent", "is not linear in g"),
        (lambda g, x: 2.0 * g * tf.cos(x), "vjp_is_the_finite_difference", "and the finite difference"),
        (lambda g, x: g * tf.stop_gradient(tf.cos(x)), "gradient_is_differentiable", "the gradient's gradient"),
    ],
)  # fmt: skip
def test_a_law_says_what_is_wrong_with_a_rule(rule: Any, law: str, words: str) -> None:
    @op.elementwise(op.singles(), types=op.FLOATS, x=rule)
    def sine(x):
        return np.sin(x)

    with pytest.raises(AssertionError, match=re.escape(words)) as caught:
        check_laws(sine)
    assert str(caught.value).startswith("sine((")
    assert f"breaks the law “{law}”" in str(caught.value)


def test_the_laws_hold_for_any_function_of_operations() -> None:
    assert check_laws(lambda x, y: tf.tanh(x) * y, op.pairs(), dtypes=["float64"], laws=testing.LAWS[:2]) == 16
    with pytest.raises(AssertionError, match="breaks the law"):
        check_laws(lambda x: x * tf.stop_gradient(x), op.singles())


def test_check_laws_refuses_what_it_does_not_know() -> None:
    with pytest.raises(ValueError, match="no laws called"):
        check_laws(exp, laws=["gravity"])
    for operation in (lambda x: x, declared("x=lambda g: g")):
        with pytest.raises(ValueError, match="without samples"):
            check_laws(operation)


def test_the_import_leaves_laws_and_declarations_out() -> None:
    code = "import sys, gradtape; print(*[name for name in sys.modules if 'testing' in name or name == 'gradtape.op'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not done.stdout.strip()


@op.primitive(
    FLAT,
    types=op.INEXACT,
    shape=lambda x_shape: (x_shape[:-1], x_shape),
    outputs=True,
    x=lambda g, x: 2.0 * tf.expand_dims(g[0], -1) * x + g[1] * tf.cos(x),
)
def complex_square_and_sine(x):
    return [np.sum(x * x, axis=-1), np.sin(x)]


def test_several_complex_results_obey_the_laws() -> None:
    assert check_laws(complex_square_and_sine, dtypes=["complex128"]) == 2 * len(testing.LAWS)


def test_several_complex_results_have_the_gradient_of_the_same_operations() -> None:
    x = tf.constant([0.5 + 1.0j, -1.0 + 0.3j, 2.0j], tf.complex128)
    weights = tf.constant([1.0 - 2.0j, 0.5j, 3.0 + 0.0j], tf.complex128)

    def ours(x: Any) -> Any:
        total, sines = complex_square_and_sine(x)
        return total * (2.0 - 1.0j) + tf.reduce_sum(weights * sines)

    def theirs(x: Any) -> Any:
        return tf.reduce_sum(x * x) * (2.0 - 1.0j) + tf.reduce_sum(weights * tf.sin(x))

    slopes = []
    for function in (ours, theirs):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = function(x)
            first = inner.gradient(y, x)
        slopes.append((first.numpy(), outer.gradient(first, x).numpy()))
    (one, two), (other, another) = slopes
    np.testing.assert_allclose(one, other)
    np.testing.assert_allclose(two, another)
    # TensorFlow's convention: the gradient is the conjugate of the holomorphic derivative.
    value = x.numpy()
    np.testing.assert_allclose(one, np.conj(2 * value * (2 - 1j) + weights.numpy() * np.cos(value)))


def test_the_gradient_of_several_complex_results_is_the_finite_difference() -> None:
    start, step = np.array([0.5 + 1.0j, -1.0 + 0.3j]), 1e-6
    x = tf.constant(start)
    with tf.GradientTape() as tape:
        tape.watch(x)
        total, sines = complex_square_and_sine(x)
        y = tf.math.real(total) + tf.math.imag(tf.reduce_sum(sines))
    found = tape.gradient(y, x).numpy()

    def loss(value: Any) -> float:
        return float(np.real(np.sum(value * value)) + np.imag(np.sum(np.sin(value))))

    for k in range(2):
        for direction, part in ((1.0, found.real), (1j, found.imag)):
            move = step * direction * np.eye(2)[k]
            assert part[k] == pytest.approx((loss(start + move) - loss(start - move)) / (2 * step), rel=1e-6)


@pytest.mark.parametrize("operation", [exp, running, powered, square_and_sine], ids=lambda each: each.__name__)
def test_a_jacobian_takes_all_rows_at_once(operation: Callable[..., Any]) -> None:
    x = tf.constant([0.5, 1.0, 2.0], tf.float64)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        result = operation(x)
        y = result[1] if isinstance(result, list) else result
    one_by_one = tape.jacobian(y, x, experimental_use_pfor=False)
    np.testing.assert_allclose(tape.jacobian(y, x), one_by_one)
    assert np.linalg.matrix_rank(one_by_one) == 3


@pytest.mark.parametrize(("batch", "calls"), [({}, 3), ({"batch": op.as_it_is}, 1)])
def test_a_batching_rule_says_how_often_the_body_runs(batch: dict[str, Any], calls: int) -> None:
    ran = []

    @op.discrete(inputs=("x",), shape=same, **batch)
    def noted(x):
        ran.append(x.shape)
        return np.cumsum(x, axis=-1)

    found = tf.vectorized_map(noted, tf.constant([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]))
    assert found.numpy().tolist() == [[1.0, 3.0], [3.0, 7.0], [5.0, 11.0]]
    assert len(ran) == calls


def test_a_wrong_batching_rule_is_caught() -> None:
    @op.linear(FLAT, shape=same, batch=op.as_it_is, x=lambda g: tf.cumsum(g, 0, reverse=True))
    def running_down(x):
        return np.cumsum(x, axis=0)

    with pytest.raises(AssertionError, match="breaks the law “batch_is_the_loop”"):
        check_laws(running_down)


def test_parameters_and_products_move_past_the_batch() -> None:
    @op.linear(
        op.arrays((2, 3), axis=[0, 1, -1]),
        shape=lambda x, axis: x,
        batch=op.moving(axis=op.past_axis),
        x=lambda g, axis: tf.cumsum(g, axis, reverse=True),
    )
    def running_along(x, axis=0):
        return np.cumsum(x, axis)

    @op.linear(
        op.arrays((2, 3), axes=[None, 0, (0, 1), (-1,)]),
        shape=lambda x, axes: np.sum(np.ones(x), axes).shape,
        batch=op.moving(axes=op.past_axes),
        x=lambda g, x_shape, axes: tf.broadcast_to(
            tf.reshape(g, np.sum(np.ones(x_shape), axes, keepdims=True).shape), x_shape
        ),
    )
    def total(x, axes=None):
        return np.sum(x, axes)

    @op.bilinear(
        op.arrays(((2, 3), (3,))),
        shape=lambda x, y: x[:1],
        batch=op.aligned(2, 1),
        x=lambda g, y: tf.tensordot(g, y, 0),
        y=lambda g, x: tf.linalg.matvec(x, g, transpose_a=True),
    )
    def applied(x, y):
        return np.matmul(x, y[..., None])[..., 0]

    assert all(map(check_laws, [running_along, total, applied]))
