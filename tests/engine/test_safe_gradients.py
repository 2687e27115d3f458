"""Branches that were not chosen: where their derivative is infinite or NaN, the gradient is that of the chosen one.

Each trap has its points, the gradient of the sum of its results there, and the product of the Hessian with ones, both
written by hand.
"""

from math import cosh, exp, inf, log, nan, pi, sinh, sqrt, tanh

import numpy as np
import pytest

import gradtape as tf

where, zeros = tf.where, tf.zeros_like


def above(limit, function, other=None):
    """`function` above a limit, 0 or another function elsewhere."""
    return lambda x: where(x > limit, function(x), zeros(x) if other is None else other(x))


def both(low, high, function):
    return lambda x: where((x > low) & (x < high), function(x), zeros(x))


def logistic(t):
    return 1 / (1 + exp(-t))


ROOT = sqrt(3.0)
CDF_INVERSE_SLOPE = sqrt(pi) / 2
# Name: function, points, gradient, Hessian times ones.
TRAPS = {
    "sqrt": (above(0, tf.sqrt), [-1, 0, 4], [0, 0, 0.25], [0, 0, -1 / 32]),
    "rsqrt": (above(0, tf.math.rsqrt), [-1, 0, 4], [0, 0, -1 / 16], [0, 0, 3 / 128]),
    "log": (above(0, tf.math.log), [-1, 0, 2], [0, 0, 0.5], [0, 0, -0.25]),
    "log squared": (
        above(0, lambda x: tf.square(tf.math.log(x))),
        [-1, 0, 2],
        [0, 0, log(2)],
        [0, 0, (1 - log(2)) / 2],
    ),
    "log1p": (above(-1, tf.math.log1p), [-2, -1, 1], [0, 0, 0.5], [0, 0, -0.25]),
    "x log x": (above(0, lambda x: x * tf.math.log(x)), [-1, 0, 2], [0, 0, log(2) + 1], [0, 0, 0.5]),
    "xlogy": (above(0, lambda x: tf.math.xlogy(x, x)), [-1, 0, 2], [0, 0, log(2) + 1], [0, 0, 0.5]),
    "xlog1py": (above(-1, lambda x: tf.math.xlog1py(x, x)), [-2, -1, 1], [0, 0, log(2) + 0.5], [0, 0, 0.75]),
    "root by power": (above(0, lambda x: x**0.5), [-1, 0, 4], [0, 0, 0.25], [0, 0, -1 / 32]),
    "power 3/2": (above(0, lambda x: x**1.5), [-1, 0, 4], [0, 0, 3], [0, 0, 3 / 8]),
    "power -1": (above(0, lambda x: x**-1.0), [-1, 0, 2], [0, 0, -0.25], [0, 0, 0.25]),
    "x to the x": (
        above(0, lambda x: x**x),
        [-1.5, 0, 2],
        [0, 0, 4 * (log(2) + 1)],
        [0, 0, 4 * (log(2) + 1) ** 2 + 2],
    ),
    "2 to the x": (above(0, lambda x: (0 * x) ** x, tf.exp), [-1, 0, 2], [exp(-1), 1, 0], [exp(-1), 1, 0]),
    "division": (above(0, lambda x: 1 / x), [-1, 0, 2], [0, 0, -0.25], [0, 0, 0.25]),
    "0 by 0": (above(0, lambda x: tf.sin(x) / x, lambda x: 1 - x * x / 6), [0, pi], [0, -1 / pi], [-1 / 3, 2 / pi**2]),
    "reciprocal": (above(0, tf.math.reciprocal), [-1, 0, 2], [0, 0, -0.25], [0, 0, 0.25]),
    "x times 1/x squared": (above(0, lambda x: x * (1 / x) ** 2.0), [0, 2], [0, -0.25], [0, 0.25]),
    "asin": (both(-1, 1, tf.asin), [-1, 0.5, 1, 2], [0, 2 / ROOT, 0, 0], [0, 0.5 * (4 / 3) ** 1.5, 0, 0]),
    "acos": (both(-1, 1, tf.acos), [-1, 0.5, 1, 2], [0, -2 / ROOT, 0, 0], [0, -0.5 * (4 / 3) ** 1.5, 0, 0]),
    "acosh": (above(1, tf.acosh), [0, 1, 2], [0, 0, 1 / ROOT], [0, 0, -2 / 3**1.5]),
    "asinh of acosh": (
        above(1, lambda x: tf.asinh(tf.sinh(tf.acosh(x)))),
        [0, 1, 2],
        [0, 0, 1 / ROOT],
        [0, 0, -2 / 3**1.5],
    ),
    "atanh": (both(-1, 1, tf.atanh), [-1, 0.5, 1, 2], [0, 4 / 3, 0, 0], [0, 16 / 9, 0, 0]),
    "atan2": (above(0, lambda x: tf.atan2(x, x * x)), [0, 2], [0, -1 / 5], [0, 4 / 25]),
    "tan": (
        above(0, lambda x: tf.tan(1 / x)),
        [0, 1],
        [0, -((1 / np.cos(1)) ** 2)],
        [0, 2 * (1 + np.tan(1)) / np.cos(1) ** 2],
    ),
    "exp that overflows": (
        lambda x: where(x > 50, x, tf.math.log(1 + tf.exp(x))),
        [0, 1000],
        [0.5, 1],
        [0.25, 0],
    ),
    "log1p of exp": (lambda x: where(x > 50, x, tf.math.log1p(tf.exp(x))), [0, 1000], [0.5, 1], [0.25, 0]),
    "expm1": (lambda x: where(x > 1, zeros(x), tf.math.expm1(x)), [0, 1000], [1, 0], [1, 0]),
    "sinh": (lambda x: where(x > 2, zeros(x), tf.sinh(x)), [1, 1000], [cosh(1), 0], [sinh(1), 0]),
    "cosh": (lambda x: where(x > 2, zeros(x), tf.cosh(x)), [1, 1000], [sinh(1), 0], [cosh(1), 0]),
    "tanh by exp": (
        lambda x: where(x > 9, 1 + zeros(x), (tf.exp(2 * x) - 1) / (tf.exp(2 * x) + 1)),
        [0.5, 1000],
        [1 - tanh(0.5) ** 2, 0],
        [-2 * tanh(0.5) * (1 - tanh(0.5) ** 2), 0],
    ),
    "sigmoid by exp": (
        lambda x: where(x < -9, zeros(x), 1 / (1 + tf.exp(-x))),
        [1, -1000],
        [logistic(1) * logistic(-1), 0],
        [logistic(1) * logistic(-1) * (1 - 2 * logistic(1)), 0],
    ),
    "square that overflows": (lambda x: where(x > 1e30, zeros(x), (x * x) ** 2), [2, 1e200], [32, 0], [48, 0]),
    "digamma": (above(0, tf.math.digamma), [-1, 0, 1], [0, 0, pi**2 / 6], [0, 0, -2.4041138063191886]),
    "lgamma": (above(0, tf.math.lgamma), [-1, 0, 1], [0, 0, -0.5772156649015329], [0, 0, pi**2 / 6]),
    "erfinv": (both(-1, 1, tf.math.erfinv), [-1, 0, 1, 2], [0, CDF_INVERSE_SLOPE, 0, 0], [0, 0, 0, 0]),
    "ndtri": (both(0, 1, tf.math.ndtri), [0, 0.5, 1, 2], [0, sqrt(2 * pi), 0, 0], [0, 0, 0, 0]),
    "bessel k0": (above(0, tf.math.special.bessel_k0), [0, 1], [0, -0.6019072301972346], [0, 1.0229316684379428]),
    "bessel y1": (
        above(0, tf.math.special.bessel_y1),
        [0, 1],
        [0, 0.08825696421567698 + 0.7812128213002887],
        [0, -(0.08825696421567698 + 0.7812128213002887)],
    ),
    "expint": (above(0, tf.math.special.expint), [0, 1], [0, exp(1)], [0, 0]),
    "spence": (above(0, tf.math.special.spence), [-1, 0, 2], [0, 0, -log(2)], [0, 0, log(2) - 0.5]),
    "softsign of inf": (above(0, lambda x: tf.nn.softsign(1 / x)), [0, 1], [0, -0.25], [0, 0.25]),
    "silu of inf": (above(0, lambda x: tf.nn.silu(tf.math.log(x))), [0, 1], [0, 0.5], [0, 0]),
    "gelu of nan": (above(0, lambda x: tf.nn.gelu(tf.math.log(x))), [-1, 1], [0, 0.5], [0, 2 / sqrt(2 * pi) - 0.5]),
    "mod by 0": (above(0, lambda x: tf.math.mod(x, x / 3 + 0.5 * x)), [0, 2], [0, 1 / 6], [0, 0]),
    "minimum of inf": (lambda x: tf.minimum(-tf.math.log(x), 3.0), [0, 1], [0, -1], [0, 1]),
    "maximum of -inf": (lambda x: tf.maximum(tf.math.log(x), -3.0), [0, 1], [0, 1], [0, -1]),
    "clip of inf": (lambda x: tf.clip_by_value(1 / x, -3.0, 3.0), [0, 1], [0, -1], [0, 2]),
    "relu of -inf": (lambda x: tf.nn.relu(tf.math.log(x)), [0, exp(1)], [0, exp(-1)], [0, -exp(-2)]),
    "relu6 of inf": (lambda x: tf.nn.relu6(1 / x), [0, 1], [0, -1], [0, 2]),
    "relu of an inverse": (lambda x: tf.nn.relu(-1 / (x * x)), [0, 1], [0, 0], [0, 0]),
    "boolean_mask": (
        lambda x: tf.boolean_mask(tf.square(tf.math.log(x)), x > 0),
        [-1, 0, 2],
        [0, 0, log(2)],
        [0, 0, (1 - log(2)) / 2],
    ),
    "gather": (lambda x: tf.gather(x * tf.math.log(x), [2]), [-1, 0, 2], [0, 0, log(2) + 1], [0, 0, 0.5]),
    "slice": (lambda x: tf.sqrt(x)[1:] ** 3.0, [0, 4], [0, 3], [0, 3 / 8]),
    "split": (lambda x: tf.split(x * tf.math.log(x), 2)[1], [0, 2], [0, log(2) + 1], [0, 0.5]),
    "unstack": (lambda x: tf.unstack(1 / x)[1], [0, 2], [0, -0.25], [0, 0.25]),
    "a mask as factor": (
        lambda x: tf.math.multiply_no_nan(x * tf.math.log(x), tf.cast(x > 0, x.dtype)),
        [0, 2],
        [0, log(2) + 1],
        [0, 0.5],
    ),
    "reduce_max": (lambda x: tf.reduce_max(tf.square(tf.math.log(x))[1:]), [0, 2], [0, log(2)], [0, (1 - log(2)) / 2]),
    "two branches": (
        lambda x: where(x > 0, tf.math.log(x) ** 2.0, tf.math.log(-x) ** 2.0),
        [-2, 2],
        [-log(2), log(2)],
        [(1 - log(2)) / 2] * 2,
    ),
    "where in where": (
        above(0, lambda x: where(x > 1, tf.sqrt(x - 1) ** 3.0, 1 / x)),
        [0, 0.5, 1, 5],
        [0, -4, -1, 3],
        [0, 16, 2, 3 / 8],
    ),
    "a mean of what is there": (
        lambda x: tf.reduce_mean(where(tf.math.is_nan(x), zeros(x), x * x * x)),
        [nan, 2],
        [0, 6],
        [0, 6],
    ),
    "missing labels": (
        lambda x: where(
            tf.math.is_nan(x * tf.constant([nan, 1], x.dtype)), zeros(x), (x - tf.constant([nan, 1], x.dtype)) ** 2
        ),
        [2, 3],
        [0, 4],
        [0, 2],
    ),
    "norm": (lambda x: tf.norm(x), [0, 0], [0, 0], [0, 0]),
    "euclidean norm": (lambda x: tf.math.reduce_euclidean_norm(x - x), [1, 2], [0, 0], [0, 0]),
    "norm of a difference": (lambda x: tf.norm(x - tf.constant([1, 2], x.dtype)), [1, 2], [0, 0], [0, 0]),
    "root of a sum of squares": (lambda x: tf.sqrt(tf.reduce_sum(x * x)), [0, 0], [0, 0], [0, 0]),
    "distances": (
        lambda x: tf.sqrt(tf.square(x[:, None] - x[None, :])),
        [1, 1],
        [0, 0],
        [0, 0],
    ),
    "reduce_std of equal ones": (lambda x: tf.math.reduce_std(x), [3, 3], [0, 0], [0, 0]),
    "reduce_logsumexp with -inf": (lambda x: tf.reduce_logsumexp(x), [-inf, 0, 0], [0, 0.5, 0.5], [0, 0, 0]),
    "reduce_logsumexp of -inf": (lambda x: tf.reduce_logsumexp(x), [-inf, -inf], [0, 0], [0, 0]),
    "masked logsumexp": (
        lambda x: tf.reduce_logsumexp(where(x > 0, 1 / x, -inf)),
        [0, 1, 1],
        [0, -0.5, -0.5],
        [0, 1, 1],
    ),
    "cumulative_logsumexp": (
        lambda x: tf.math.cumulative_logsumexp(x)[-1:],
        [-inf, 0, 0],
        [0, 0.5, 0.5],
        [0, 0, 0],
    ),
    "softmax with -inf": (
        lambda x: tf.nn.softmax(x) * tf.constant([5, 1, 3], x.dtype),
        [-inf, 0, 0],
        [0, -0.5, 0.5],
        [0, 0, 0],
    ),
    "log_softmax with -inf": (
        lambda x: where(x > -inf, tf.nn.log_softmax(x), zeros(x)),
        [-inf, 0, 0],
        [0, 0, 0],
        [0, 0, 0],
    ),
    "cross entropy with -inf": (
        lambda x: where(x > -inf, tf.constant([0, 1, 0], x.dtype) * -tf.nn.log_softmax(x), zeros(x)),
        [-inf, 0, 0],
        [0, -0.5, 0.5],
        [0, 0, 0],
    ),
    "sparse cross entropy with -inf": (
        lambda x: tf.nn.sparse_softmax_cross_entropy_with_logits(1, x),
        [-inf, 0, 0],
        [0, -0.5, 0.5],
        [0, 0, 0],
    ),
    "reduce_prod with zeros": (lambda x: tf.reduce_prod(x), [0, 0, 3], [0, 0, 0], [3, 3, 0]),
    "matrix product": (
        lambda x: where([True, False], tf.linalg.matvec(tf.constant([[1, 2], [inf, nan]], x.dtype), x * x), zeros(x)),
        [3, 1],
        [6, 4],
        [2, 4],
    ),
}


@pytest.fixture(params=["float32", "float64"])
def dtype(request):
    return request.param


@pytest.fixture(params=TRAPS, ids=lambda name: name.replace(" ", "-"))
def trap(request, dtype):
    function, points, first, second = TRAPS[request.param]
    close = {"rtol": 2e-5 if dtype == "float32" else 1e-12, "atol": 2e-6 if dtype == "float32" else 1e-13}
    with np.errstate(over="ignore"):
        x = tf.constant(np.array(points, dtype))
    return function, x, lambda found, order: np.testing.assert_allclose(found, first if order == 1 else second, **close)


def gradient(function, x):
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = function(x)
    return tape.gradient(y, x, unconnected_gradients="zero")


def test_the_gradient(trap):
    function, x, check = trap
    check(dense(gradient(function, x)), 1)


def dense(g):
    return tf.convert_to_tensor(g).numpy()


def test_a_persistent_tape(trap):
    function, x, check = trap
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = function(x)
    for _ in range(2):
        check(dense(tape.gradient(y, x, unconnected_gradients="zero")), 1)


def test_the_tangent(trap):
    function, x, check = trap
    found = []
    for direction in np.eye(len(x), dtype=x.dtype.as_numpy_dtype):
        with tf.autodiff.ForwardAccumulator(x, tf.constant(direction)) as accumulator:
            y = tf.reduce_sum(function(x))
        found.append(accumulator.jvp(y, "zero").numpy())
    check(found, 1)


def test_backwards_over_backwards(trap):
    function, x, check = trap
    with tf.GradientTape() as tape:
        tape.watch(x)
        slope = tf.convert_to_tensor(gradient(function, x))
    check(dense(tape.gradient(slope, x, unconnected_gradients="zero")), 2)


def test_forwards_over_backwards(trap):
    function, x, check = trap
    with tf.autodiff.ForwardAccumulator(x, tf.ones_like(x)) as accumulator:
        slope = tf.convert_to_tensor(gradient(function, x))
    check(accumulator.jvp(slope, "zero").numpy(), 2)


def test_backwards_over_forwards(trap):
    function, x, check = trap
    with tf.GradientTape() as tape:
        tape.watch(x)
        with tf.autodiff.ForwardAccumulator(x, tf.ones_like(x)) as accumulator:
            y = tf.reduce_sum(function(x))
        slope = accumulator.jvp(y, "zero")
    found = dense(tape.gradient(slope, x, unconnected_gradients="zero"))
    if function is TRAPS["root of a sum of squares"][0]:
        # The length of a vector has no second derivative at 0, and this way finds how fast the first one changes.
        assert np.isposinf(found).all()
    else:
        check(found, 2)


def test_the_jacobian_of_the_gradient(trap):
    function, x, check = trap
    with tf.GradientTape() as tape:
        tape.watch(x)
        slope = tf.convert_to_tensor(gradient(function, x))
    check(tape.jacobian(slope, x, unconnected_gradients="zero").numpy().sum(1), 2)


def test_the_product_with_the_hessian(trap):
    function, x, check = trap
    check(tf.autodiff.hvp(lambda x: tf.reduce_sum(function(x)), x, tf.ones_like(x)).numpy(), 2)


def test_many_at_once(trap):
    function, x, check = trap
    rows = tf.stack([x, x])
    try:
        found = tf.vectorized_map(lambda row: tf.convert_to_tensor(gradient(function, row)), rows)
    except TypeError as error:
        pytest.skip(f"the function reads values: {error}")
    for row in found.numpy():
        check(row, 1)


@pytest.mark.parametrize(
    ("function", "points", "wanted"),
    [
        (tf.math.log, [0.0, 2.0], [inf, 0.5]),
        (lambda x: tf.sqrt(x) * x, [-1.0, 1.0], [nan, 1.5]),
        (lambda x: 1.0 / x, [0.0, 1.0], [-inf, -1.0]),
        (lambda x: x * tf.constant([nan, 1.0]), [1.0, 1.0], [nan, 1.0]),
        (lambda x: tf.nn.softmax(x), [inf, 1.0], [nan, nan]),
        (lambda x: tf.where(x > -1.0, tf.math.log(x) * x, 0.0), [0.0, 1.0], [nan, 1.0]),
    ],
    ids=["log", "root of -1", "division", "missing factor", "softmax", "chosen"],
)
def test_what_is_infinite_or_nan_where_it_was_chosen_is_shown(function, points, wanted):
    found = dense(gradient(function, tf.constant(points)))
    np.testing.assert_allclose(np.where(np.isinf(found) & np.isnan(wanted), nan, found), wanted, rtol=1e-6)


def test_the_factor_of_a_cotangent_of_0_is_its_derivative():
    """The gradient is linear in the cotangent also where that is 0 and the slope infinite."""
    x, w = tf.constant([0.0, 4.0]), tf.constant([0.0, 0.0])
    with tf.GradientTape() as outer:
        outer.watch(w)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = w * tf.math.log(x)
        slope = tape.gradient(y, x)
    np.testing.assert_array_equal(slope, [0.0, 0.0])
    np.testing.assert_array_equal(outer.gradient(slope, w), [inf, 0.25])


def test_a_gradient_of_the_user_s_own_gets_plain_cotangents():
    kinds = []

    @tf.custom_gradient
    def own(x):
        def grad(g):
            kinds.append(type(g))
            return g * 2.0

        return tf.math.log(x), grad

    x = tf.constant([0.0, 1.0])
    with tf.GradientTape() as outer:
        outer.watch(x)
        slope = gradient(lambda x: where(x > 0.0, own(tf.math.log(x) + 1.0), 0.0), x)
    np.testing.assert_allclose(slope, [0.0, 2.0])
    np.testing.assert_allclose(outer.gradient(slope, x), [0.0, -2.0])
    assert set(kinds) == {tf.Tensor}


def test_complex_numbers():
    x = tf.constant([0.0, 1.0 + 1.0j], tf.complex128)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = where([False, True], x * tf.math.log(x), x)
    np.testing.assert_allclose(tape.gradient(y, x), [1.0, np.conj(np.log(1 + 1j) + 1)])


def test_a_long_way_behind_a_branch_is_gone_again():
    x = tf.Variable([-1.0, 0.0, 2.0])
    with tf.GradientTape() as tape:
        y = tf.where(x > 0.0, tf.square(tf.math.log(x * 2.0)), x * 3.0)
        z = tf.exp(tf.exp(y * 0.1) + 1.0) * tf.where(x > 0.0, x**0.5, 1.0)
    slope = tape.gradient(z, x).numpy()

    def by_hand(p):
        inner, outer = (log(2 * p) ** 2, sqrt(p)) if p > 0 else (3 * p, 1.0)
        first, second = (2 * log(2 * p) / p, 0.5 / sqrt(p)) if p > 0 else (3.0, 0.0)
        whole = exp(exp(inner * 0.1) + 1)
        return whole * exp(inner * 0.1) * 0.1 * first * outer + whole * second

    np.testing.assert_allclose(slope, [by_hand(p) for p in (-1.0, 0.0, 2.0)], rtol=1e-5)


@pytest.mark.parametrize(("factor", "calls"), [(2.0, 1), (nan, 2)])
def test_only_a_pass_that_ends_in_nan_is_gone_again(factor, calls):
    asked = []

    @tf.custom_gradient
    def scaled(x):
        def grad(g):
            asked.append(g)
            return g * factor

        return x * 1.0, grad

    x = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = scaled(x)
    np.testing.assert_array_equal(tape.gradient(y, x), factor)
    assert len(asked) == calls


def test_an_infinite_factor_of_an_outer_product_that_is_not_used_is_gone():
    x, y = tf.Variable([1.0, inf, 2.0]), tf.Variable([3.0, 4.0])
    with tf.GradientTape() as tape:
        z = tf.tensordot(x, y, 0)[0]
    by_x, by_y = tape.gradient(z, [x, y])
    np.testing.assert_array_equal(by_x, [7.0, 0.0, 0.0])
    np.testing.assert_array_equal(by_y, [1.0, 1.0])
