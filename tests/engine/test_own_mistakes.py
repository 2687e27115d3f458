"""What a program gets wrong in an operation of its own is said where it happens, in words that tell what to write."""

import re
import types
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.special

import gradtape as tf
from gradtape import op, testing
from gradtape._core.tracking import RECORDING
from gradtape.testing import check_laws

FLAT = op.arrays((3,), (2, 3))
CUT = "the rule for input 'x' of npsin turned a tensor into an array: write it with gradtape's operations"


def says(words: str, kind: type[Exception] = TypeError) -> Any:
    return pytest.raises(kind, match=re.escape(words))


def same(x_shape: tuple[int, ...]) -> tuple[int, ...]:
    return x_shape


def npsin_with(rule: Callable[..., Any]) -> Any:
    @op.elementwise(op.singles(), types=op.FLOATS, x=rule)
    def npsin(x):
        return np.sin(x)

    return npsin


NUMPY_RULES = [
    lambda g, x: np.cos(x) * g,
    lambda g, x: g * scipy.special.sindg(90.0 - np.asarray(x)),
    lambda g, x: tf.constant(g.numpy() * np.cos(x.numpy())),
]


@pytest.mark.parametrize("rule", NUMPY_RULES)
def test_a_rule_in_numpy_is_refused(rule: Callable[..., Any]) -> None:
    npsin = npsin_with(rule)
    x = tf.constant([0.5, 1.0], tf.float64)
    for _ in range(2):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = npsin(x)
        with says(CUT):
            tape.gradient(y, x)
    with says(CUT):
        tf.autodiff.hessian(lambda x: tf.reduce_sum(npsin(x)), x)
    with tf.autodiff.ForwardAccumulator(x, x), says(CUT):
        npsin(x)
    with says(CUT, AssertionError):
        check_laws(npsin)
    # The refusal ends with the rule.
    assert RECORDING.rule is None
    assert np.asarray(x).tolist() == x.numpy().tolist() == [0.5, 1.0]


def test_a_rule_may_read_arrays_and_whole_numbers() -> None:
    weights = np.array([1.0, 2.0, 3.0], np.float64)

    def slope(g: Any, x: Any) -> Any:
        places = tf.argsort(x).numpy()
        return g * weights * np.ones(len(places))

    @op.elementwise(x=slope)
    def weighted(x):
        return x * weights

    x = tf.constant([3.0, 1.0, 2.0], tf.float64)
    with tf.GradientTape() as outer, tf.GradientTape() as tape:
        tape.watch(x)
        outer.watch(x)
        y = weighted(x)
    assert tape.gradient(y, x).numpy().tolist() == weights.tolist()


def test_a_rule_that_calls_another_is_refused_by_its_own_name() -> None:
    npsin = npsin_with(NUMPY_RULES[0])

    @op.elementwise(op.singles(), x=lambda g, x: tf.autodiff.vjp(npsin, x, g)[1])
    def outer(x):
        return np.sin(x)

    x = tf.constant(1.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = outer(x)
    with says(CUT):
        tape.gradient(y, x)


@op.elementwise(op.pairs(), x=lambda g, y: g * y)
def mul(x, y):
    return x * y


@pytest.mark.parametrize(
    "y", [tf.constant(2.0), tf.Variable(2.0), [tf.constant(2.0)], (1.0, [tf.Variable(2.0)])], ids=lambda y: type(y)
)
def test_a_tensor_is_no_plain_parameter(y: Any) -> None:
    words = (
        "mul: 'y' has no rule in the declaration and is a plain parameter; got a tensor. "
        "Give it a rule, or NOT_DIFFERENTIABLE."
    )
    for x in (tf.constant(1.0), tf.Variable(1.0), 1.0):
        with says(words):
            mul(x, y)
        with says(words):
            mul(x, y=y)

    @op.primitive(shape=lambda x, y: (x, x), outputs=True, x=lambda g: g[0])
    def both(x, *, y=1.0):
        return [x, x * y]

    with says("both: 'y' has no rule"):
        both(tf.constant(1.0), y=y)


def test_plain_parameters_are_numbers_and_arrays() -> None:
    assert float(mul(tf.constant(3.0), 2.0)) == 6.0
    assert mul(3.0, np.float32([2.0, 1.0])).numpy().tolist() == [6.0, 3.0]


def test_samples_have_to_fit() -> None:
    with says("mul has 1 input, ['x'], and the sample “(), ()” gives 2"):
        check_laws(mul, op.pairs())
    with says("mul has 1 input"):
        check_laws(mul)
    with says("mul cannot be called with the sample “()”: missing a required argument: 'y'"):
        check_laws(mul, op.singles())
    with says("mul cannot be called with the sample “(3,), y=2.0, z=1”: got an unexpected keyword argument 'z'"):
        check_laws(mul, op.arrays((3,), y=[2.0], z=[1]))
    assert check_laws(mul, op.arrays((3,), y=[2.0]))
    with says("f cannot be called with the sample “(), ()”: too many positional arguments"):
        check_laws(named_f, op.pairs())
    with says("f: samples come from op.singles, op.pairs, op.arrays or op.Sample; got (3,)"):
        check_laws(named_f, [(3,)])
    with says("f: samples come from"):
        check_laws(named_f, 3)
    with says("sin returned an array, not a tensor"):
        check_laws(np.sin, op.singles())
    with says("<lambda> returned a float, not a tensor"):
        check_laws(lambda x: 1.0, op.singles())


def f(x: Any) -> Any:
    return tf.sin(x)


named_f = f


def test_one_dtype_and_one_law_need_no_list() -> None:
    law = "vjp_is_the_finite_difference"
    assert check_laws(f, op.singles(), dtypes=tf.float64, laws=law) == 5
    assert check_laws(f, op.singles(), dtypes="float64", laws=[law]) == 5
    for one in (tf.float64, "float64", np.float64, np.dtype("float64")):

        @op.elementwise(op.singles(), types=one, x=lambda g, x: g * tf.cos(x))
        def double_sine(x):
            return np.sin(x)

        assert double_sine.op.types == (frozenset({np.dtype("float64")}),)
        assert check_laws(double_sine) == 5 * len(testing.LAWS)

    @op.elementwise(types={"x": tf.float32, "n": [tf.int32]}, x=lambda g, n: g, n=op.NOT_DIFFERENTIABLE)
    def first(x, n):
        return x

    assert first.op.types == (frozenset({np.dtype("float32")}), frozenset({np.dtype("int32")}))


def test_a_range_has_a_low_end_and_a_high_one() -> None:
    for make in (lambda: op.singles(3.0, 0.5), lambda: op.pairs(0.0, 1.0, (2.0, 1.0)), lambda: op.Values(1, -1)):
        with says("low is above high", ValueError):
            make()


def result_of(body: Callable[..., Any], *, family: Any = op.elementwise, **declaration: Any) -> Any:
    return family(x=lambda g: g, **declaration)(body)(tf.constant([1.0, 2.0]))


def test_a_body_returns_an_array() -> None:
    def none(x):
        x * 2.0

    def objects(x):
        return np.array([None, x], object)

    def texts(x):
        return np.array(["one", "two"])

    def several(x):
        return [x, x]

    for family, more in ((op.elementwise, {}), (op.linear, {"shape": same}), (op.primitive, {"shape": same})):
        with says("the body of `none` returned None: does it lack a return?"):
            result_of(none, family=family, **more)
        with says("the body of `objects` returned an array of dtype object"):
            result_of(objects, family=family, **more)
        with says("the body of `texts` returned an array of dtype <U3"):
            result_of(texts, family=family, **more)
        with says("the body of `several` returned a list: set outputs=True"):
            result_of(several, family=family, **more)
    two = {"family": op.primitive, "shape": lambda x: (x, x), "outputs": True}
    with says("the body of `none` returned None: does it lack a return?"):
        result_of(none, **two)
    with says("the body of `<lambda>` returned a ndarray: with outputs=True it returns a list of results"):
        result_of(lambda x: x, **two)
    with says("the body of `<lambda>` returned None: does it lack a return?"):
        result_of(lambda x: [x, None], **two)


def test_a_body_may_return_what_becomes_an_array() -> None:
    sine = op.elementwise(op.singles(), types=op.FLOATS, x=lambda g, x: g * tf.cos(x))(lambda x: tf.sin(x))
    assert check_laws(sine)
    both = op.primitive(FLAT, shape=lambda x: (x, x), types=op.FLOATS, outputs=True, x=lambda g: g[0] + 2.0 * g[1])
    assert check_laws(both(lambda x: (tf.identity(x), 2.0 * x)))


def test_a_ufunc_of_two_results_is_no_single_one() -> None:
    @op.elementwise(x=lambda g: g)
    def parts(x):
        return np.modf(x)

    with says("the body of `parts` returned a tuple: set outputs=True"):
        parts(1.5)


WIDER = "the body returned float64 for float32 inputs: write .astype(x.dtype)"


def test_a_body_keeps_the_dtype() -> None:
    def wider(x):
        return x.astype(np.float64)

    for family, more in ((op.elementwise, {}), (op.linear, {"shape": same})):
        with says(f"wider: {WIDER}"):
            result_of(wider, family=family, **more)
        with says(WIDER, AssertionError):
            check_laws(family(FLAT, types=op.FLOATS, x=lambda g: g, **more)(wider))
    with says(WIDER):
        op.bilinear(shape=lambda x, y: (), x=lambda g, y: g * y, y=lambda g, x: g * x)(
            lambda x, y: np.dot(np.float64(x), y)
        )([1.0], [2.0])
    # A primitive may mean it: the laws tell, where one of them fails.
    declared = {"types": op.FLOATS, "shape": same}
    assert result_of(wider, family=op.primitive, **declared).dtype == tf.float64
    with says(WIDER, AssertionError):
        check_laws(op.primitive(FLAT, x=lambda g, x: g * tf.ones_like(x), **declared)(wider))
    with says("float32 for float16", TypeError):
        op.elementwise(x=lambda g: g)(lambda x: np.float32(x))(tf.constant(1.0, tf.float16))


def test_a_body_may_return_what_is_no_wider() -> None:
    assert op.elementwise(x=lambda g: g)(lambda x: np.abs(x))(tf.constant(3.0 + 4.0j)).dtype == tf.float64
    assert op.elementwise(x=lambda g: g)(lambda x: x.astype(np.complex64))(tf.constant(1.0)).dtype == tf.complex64
    assert op.discrete(inputs=("x",))(lambda x: x.astype(np.float64))(tf.constant(1.0)).dtype == tf.float64
    assert op.elementwise(x=lambda g: g)(lambda x: float(x))(tf.constant(1.0, tf.float64)).dtype == tf.float64


def test_a_wrong_batching_rule_says_so() -> None:
    @op.primitive(FLAT, shape=lambda x: (), batch=op.as_it_is, x=lambda g, x: 2.0 * g * x)
    def energy(x):
        return np.sum(x * x)

    words = "energy: the batching rule returned a result of shape [], and the 2 of the batch have to be its first axis"
    with says(words, tf.errors.InternalError):
        tf.vectorized_map(energy, tf.ones([2, 3]))
    with says("energy: the batching rule returned a result of shape []", AssertionError):
        check_laws(energy)

    @op.primitive(shape=lambda x: (x, ()), outputs=True, batch=op.as_it_is, x=lambda g, x: g[0])
    def several(x):
        return [x, x.sum(axis=-1)[:1]]

    with says("of shape [1], and the 4 of the batch", tf.errors.InternalError):
        tf.vectorized_map(lambda row: tf.vectorized_map(several, row), tf.ones([2, 2, 3]))


def test_a_decorator_has_brackets() -> None:
    for family in (op.elementwise, op.composite):
        with says(f"write @op.{family.__name__}(...)"):

            @family
            def sine(x):
                return np.sin(x)


def test_a_method_is_no_operation() -> None:
    with says("value: an operation is a function, and this is a method"):

        class Model:
            @op.elementwise(x=lambda g: g)
            def value(self, x):
                return x

    bound = types.MethodType(lambda self, x: x, 3)
    with says("this is a method"):
        op.elementwise(x=lambda g: g)(bound)


def test_inputs_stand_in_front() -> None:
    with says("shifted: the inputs ['x'] stand behind ['shift']: inputs are the first parameters"):

        @op.elementwise(x=lambda g: g)
        def shifted(shift, x):
            return x + shift


class Diverged(Exception):
    pass


@pytest.mark.parametrize("error", [Diverged("no solution"), RuntimeError("no"), ZeroDivisionError("by 0"), OSError(3)])
def test_an_error_of_the_body_keeps_its_type(error: Exception) -> None:
    @op.elementwise(x=lambda g: g)
    def failing(x):
        raise error

    with pytest.raises(type(error)) as caught:
        failing(tf.constant([1.0]))
    assert caught.value is error
    assert "in the operation failing (inputs: float32[1]; {})" in caught.value.__notes__


def test_a_value_error_of_the_body_is_the_cause() -> None:
    @op.elementwise(x=lambda g: g)
    def failing(x):
        raise ValueError("x is negative")

    with says("failing: x is negative", tf.errors.InvalidArgumentError) as caught:
        failing(-1.0)
    assert type(caught.value.__cause__) is ValueError
