"""Bad input to what differentiates, by topic: what is called, the class of the error, and what its words say."""

from collections.abc import Callable

import numpy as np

import gradtape as tf

Invalid = tf.errors.InvalidArgumentError
Case = tuple[Callable[[tf.Tensor, tf.Variable], object], type[Exception] | tuple[type[Exception], ...], str]


class InsideError(Exception):
    """What the user's own code raises."""


# What a case that runs into the user's error, and one that asks a mapped row for what it hasn't, say.
INSIDE = (InsideError, "the user's words")
ROW = (TypeError, "(?i)vectorized_map|batch|map")


def fail(*arguments: object, **keywords: object) -> None:
    raise InsideError("the user's words")


def taped(x, function, use, **keywords):
    """Records `function(x)`, and returns what `use(tape, result)` gives."""
    with tf.GradientTape(**keywords) as tape:
        tape.watch(x)
        y = function(x)
    return use(tape, y)


def jacobian(x, function, **keywords):
    return taped(x, function, lambda tape, y: tape.jacobian(y, x, **keywords))


def batch_jacobian(x, function, **keywords):
    return taped(x, function, lambda tape, y: tape.batch_jacobian(y, x, **keywords))


def gradient(x, function, **keywords):
    return taped(x, function, lambda tape, y: tape.gradient(y, x, **keywords))


def accumulate(primals, tangents, function=lambda: None):
    with tf.autodiff.ForwardAccumulator(primals, tangents):
        return function()


def twice(x, first, second):
    def use(tape, y):
        getattr(tape, first)(y, x)
        return getattr(tape, second)(y, x)

    return taped(x, lambda x: x * x, use)


def with_grad(grad, result=lambda x: x * x):
    return tf.custom_gradient(lambda x: (result(x), grad))


def raising_with_variable(v):
    @tf.custom_gradient
    def f(x):
        def grad(g, variables=None):
            raise InsideError("the user's words")

        return x * v, grad

    return f


def second_order(x, function):
    with tf.GradientTape() as outer:
        outer.watch(x)
        first = gradient(x, function)
    return outer.gradient(first, x)


@tf.custom_gradient
def broken_at_second_order(x):
    return x * x, lambda g: g * with_grad(fail)(x)


def failing_late(row):
    tf.reduce_sum(row * row)
    raise InsideError("the user's words")


TARGETS: dict[str, Case] = {
    "jacobian of nothing": (lambda x, v: jacobian(x, lambda x: None), TypeError, "(?i)target.*None"),
    "jacobian of a number": (lambda x, v: jacobian(x, lambda x: 3.0), TypeError, "(?i)target.*tensor.*3.0.*float"),
    "jacobian of an array": (lambda x, v: jacobian(x, lambda x: x.numpy()), TypeError, "(?i)target.*tensor.*ndarray"),
    "jacobian of a list": (lambda x, v: jacobian(x, lambda x: [x, x * x]), TypeError, "(?i)target.*tensor.*list"),
    "jacobian by a number": (
        lambda x, v: taped(x, lambda x: x * x, lambda tape, y: tape.jacobian(y, 3.0)),
        TypeError,
        "(?i)source.*tensor.*3.0.*float",
    ),
    "jacobian by one array of two": (
        lambda x, v: taped(x, lambda x: x * x, lambda tape, y: tape.jacobian(y, [x, np.ones(2)])),
        TypeError,
        "(?i)source.*tensor.*ndarray",
    ),
    "jacobian with a word that is none": (
        lambda x, v: jacobian(x, lambda x: x * x, unconnected_gradients="some"),
        ValueError,
        "unconnected_gradients.*'some'",
    ),
    "batch_jacobian with a word that is none": (
        lambda x, v: batch_jacobian(x[:, None], lambda x: x * x, unconnected_gradients="some"),
        ValueError,
        "unconnected_gradients.*'some'",
    ),
    "batch_jacobian of nothing": (lambda x, v: batch_jacobian(x[:, None], lambda x: None), TypeError, "(?i)target"),
    "batch_jacobian of a number": (
        lambda x, v: batch_jacobian(x[:, None], lambda x: 3.0),
        TypeError,
        "(?i)target.*3.0",
    ),
    "batch_jacobian by a list": (
        lambda x, v: taped(x[:, None], lambda m: m * m, lambda tape, y: tape.batch_jacobian(y, [x, x])),
        TypeError,
        "(?i)source.*tensor.*list",
    ),
    "batch_jacobian of other batches": (
        lambda x, v: batch_jacobian(x[:, None], lambda m: tf.concat([m, m, m], 0)),
        ValueError,
        r"target shape.*6.*source shape.*2.*match",
    ),
    "batch_jacobian of a scalar": (
        lambda x, v: batch_jacobian(x[:, None], tf.reduce_sum),
        (ValueError, IndexError),
        r"shape (\(\)|\[\]).*match.*examples",
    ),
    "batch_jacobian by a scalar": (
        lambda x, v: batch_jacobian(x[0], lambda s: tf.stack([[s, s]])),
        (ValueError, IndexError),
        r"shape (\(\)|\[\]).*match.*examples",
    ),
}

TAPES: dict[str, Case] = {
    "a gradient, then a jacobian": (lambda x, v: twice(x, "gradient", "jacobian"), RuntimeError, "persistent=True"),
    "a jacobian, then a gradient": (lambda x, v: twice(x, "jacobian", "gradient"), RuntimeError, "persistent=True"),
    "two jacobians": (lambda x, v: twice(x, "jacobian", "jacobian"), RuntimeError, "persistent=True"),
    "two batch_jacobians": (
        lambda x, v: twice(tf.stack([x, x]), "batch_jacobian", "batch_jacobian"),
        RuntimeError,
        "persistent=True",
    ),
    "a jacobian of a tape without a block": (lambda x, v: tf.GradientTape().jacobian(x, x), RuntimeError, "block"),
}

TANGENTS: dict[str, Case] = {
    "a tangent of another shape": (
        lambda x, v: accumulate(x, tf.constant([1.0, 2.0, 3.0])),
        ValueError,
        r"tangent.*\[3\].*\[2\]",
    ),
    "a scalar tangent of a vector": (lambda x, v: accumulate(v, tf.constant(1.0)), ValueError, r"tangent.*\[\].*\[2\]"),
    "a tangent of another dtype": (
        lambda x, v: accumulate(x, tf.constant([1, 2])),
        ValueError,
        r"float32.*int32.*tf\.cast",
    ),
    "no tangent": (lambda x, v: accumulate(x, None), ValueError, "tangent.*None"),
    "no tangent of the second primal": (lambda x, v: accumulate([x, v], [x, None]), ValueError, "tangent.*1.*None"),
    "more tangents than primals": (lambda x, v: accumulate([x], [x, x]), ValueError, "structure"),
    "tangents by other names": (lambda x, v: accumulate({"x": x}, {"v": x}), ValueError, "structure.*'x'.*'v'"),
    "a number as primal": (lambda x, v: accumulate(2.0, 1.0), TypeError, "primal.*tensor.*2.0.*float"),
    "the same primal twice": (lambda x, v: accumulate([v, v], [x, x]), ValueError, "multiple times.*sum"),
    "the tangent of a number": (
        lambda x, v: tf.autodiff.ForwardAccumulator(x, x).jvp(3.0),
        TypeError,
        "primal.*tensor.*3.0.*float",
    ),
    "jvp with a word that is none": (
        lambda x, v: tf.autodiff.ForwardAccumulator(x, x).jvp(x, unconnected_gradients="some"),
        ValueError,
        "unconnected_gradients.*'some'",
    ),
    "an error in an accumulator's block": (lambda x, v: accumulate(x, x, fail), *INSIDE),
    "an error in an operation of an accumulator's block": (
        lambda x, v: accumulate(x, x, lambda: x * x + tf.ones([3])),
        Invalid,
        r"\[2\].*\[3\]",
    ),
    "an error in the inner of two accumulators": (
        lambda x, v: accumulate(x, x, lambda: accumulate(v, v, fail)),
        *INSIDE,
    ),
}

CUSTOM: dict[str, Case] = {
    "too few gradients": (
        lambda x, v: gradient(x, lambda x: tf.custom_gradient(lambda a, b: (a * b, lambda g: (g,)))(x, x)),
        ValueError,
        "lambda.*2 gradients.* 1 ",
    ),
    "too many gradients": (lambda x, v: gradient(x, with_grad(lambda g: (g, g))), ValueError, "1 gradients.* 2 "),
    "too few gradients, in a jacobian": (
        lambda x, v: jacobian(x, with_grad(lambda g: ())),
        ValueError,
        "1 gradients.* 0 ",
    ),
    "a gradient of another dtype": (
        lambda x, v: gradient(x, with_grad(lambda g: tf.constant([1, 2]))),
        ValueError,
        r"float32.*int32.*tf\.cast",
    ),
    "a word as gradient": (lambda x, v: gradient(x, with_grad(lambda g: "one")), TypeError, "'one'"),
    "a gradient of another shape": (
        lambda x, v: gradient(x, with_grad(lambda g: tf.ones([5]))),
        Invalid,
        r"lambda.*number 0.*\[5\].*\[2\]",
    ),
    "a number with a custom gradient": (lambda x, v: tf.custom_gradient(3.0), TypeError, "custom_gradient.*3.0.*float"),
    "a number to recompute": (lambda x, v: tf.recompute_grad(3.0), TypeError, "recompute_grad.*3.0.*float"),
    "a number to pass through": (lambda x, v: tf.grad_pass_through(3.0), TypeError, "grad_pass_through.*3.0.*float"),
    "no gradient function": (lambda x, v: tf.custom_gradient(lambda x: x * x)(x), TypeError, "returns a pair"),
    "a number as gradient function": (lambda x, v: with_grad(3.0)(x), TypeError, "returns a pair.*3.0"),
    "no result": (lambda x, v: with_grad(lambda g: g, lambda x: None)(x), ValueError, "None"),
    "a variable that grad does not take": (
        lambda x, v: with_grad(lambda g: g, lambda x: x * v)(x),
        TypeError,
        "variables.*Variable",
    ),
    "an error in a function with its own gradient": (lambda x, v: gradient(x, with_grad(lambda g: g, fail)), *INSIDE),
    "an error in grad": (lambda x, v: gradient(x, with_grad(fail)), *INSIDE),
    "an error in grad with variables": (lambda x, v: gradient(x, raising_with_variable(v)), *INSIDE),
    "an error in grad to second order": (lambda x, v: second_order(x, broken_at_second_order), *INSIDE),
    "an error in grad, in a jacobian": (lambda x, v: jacobian(x, with_grad(fail)), *INSIDE),
    "an error in grad, in a jacobian by a loop": (
        lambda x, v: taped(
            x,
            with_grad(fail),
            lambda tape, y: tape.jacobian(y, x, experimental_use_pfor=False),
            persistent=True,
        ),
        *INSIDE,
    ),
    "an error in grad, in a batch_jacobian": (lambda x, v: batch_jacobian(x[:, None], with_grad(fail)), *INSIDE),
    "an error in an operation of grad, in a jacobian": (
        lambda x, v: jacobian(x, with_grad(lambda g: g + tf.ones([5]))),
        Invalid,
        r"\[2\].*\[5\]",
    ),
    "a gradient of another shape, in a jacobian": (
        lambda x, v: jacobian(x, with_grad(lambda g: tf.ones([5]))),
        ValueError,
        r"\[5\].*\[2\]",
    ),
    "an error in what is recomputed": (lambda x, v: gradient(x, tf.recompute_grad(fail)), *INSIDE),
    "an error in what is passed through": (lambda x, v: gradient(x, tf.grad_pass_through(fail)), *INSIDE),
}

MAPS: dict[str, Case] = {
    "a map over a scalar": (
        lambda x, v: tf.vectorized_map(lambda e: e, tf.constant(1.0)),
        (ValueError, IndexError),
        r"(?i)vectorized_map.*(scalar|\[\])",
    ),
    "a map over a vector and a scalar": (
        lambda x, v: tf.vectorized_map(lambda e: e[0] * e[1], (x, tf.constant(1.0))),
        (ValueError, IndexError),
        r"(?i)vectorized_map.*(scalar|\[\])",
    ),
    "a map over different numbers of rows": (
        lambda x, v: tf.vectorized_map(lambda e: e[0] * e[1], (x, tf.constant([1.0, 2.0, 3.0]))),
        ValueError,
        "(?i)vectorized_map.*(2.*3|3.*2)",
    ),
    "a map over nothing": (lambda x, v: tf.vectorized_map(lambda e: 1.0, []), ValueError, "(?i)vectorized_map"),
    "a map of no function": (lambda x, v: tf.vectorized_map(3.0, x), TypeError, "3.0|callable"),
    "a map to an object": (
        lambda x, v: tf.vectorized_map(lambda e: object(), x),
        (TypeError, ValueError),
        "object",
    ),
    "an error in a mapped function": (lambda x, v: tf.vectorized_map(failing_late, x), *INSIDE),
    "an error in a map in a map": (
        lambda x, v: tf.vectorized_map(lambda row: tf.vectorized_map(failing_late, row), tf.stack([x, x])),
        *INSIDE,
    ),
    "an error in a tape in a map": (
        lambda x, v: tf.vectorized_map(lambda row: gradient(row, failing_late), tf.stack([x, x])),
        *INSIDE,
    ),
    "an error in grad in a map": (
        lambda x, v: tf.vectorized_map(lambda row: gradient(row, with_grad(fail)), tf.stack([x, x])),
        *INSIDE,
    ),
    "an error in a map that a tape records": (
        lambda x, v: gradient(x, lambda x: tf.vectorized_map(lambda e: failing_late(e * v), x)),
        *INSIDE,
    ),
    "an error in a map under an accumulator": (
        lambda x, v: accumulate(x, x, lambda: tf.vectorized_map(failing_late, x)),
        *INSIDE,
    ),
    "shapes of the rows that do not fit": (
        lambda x, v: tf.vectorized_map(lambda row: row + tf.ones([3]), tf.stack([x, x])),
        Invalid,
        r"\[2\].*\[3\]",
    ),
    "a row as a size": (lambda x, v: tf.vectorized_map(lambda n: tf.zeros([n]), tf.constant([2, 3])), *ROW),
    "a row as a shape": (
        lambda x, v: tf.vectorized_map(lambda n: tf.reshape(v, n), tf.constant([[2, 1], [1, 2]])),
        *ROW,
    ),
    "a row as a bound": (
        lambda x, v: tf.vectorized_map(lambda n: v[n:], tf.constant([0, 1])),
        TypeError,
        r"batch.*tf\.slice",
    ),
    "rows of indices between brackets": (
        lambda x, v: tf.vectorized_map(lambda n: v[n], tf.constant([[0, 1], [1, 0]])),
        TypeError,
        r"tf\.gather",
    ),
    "an index of a row that is out of range": (
        lambda x, v: tf.vectorized_map(lambda n: v[n], tf.constant([0, 2])),
        Invalid,
        r"2 is not in \[0, 2\)",
    ),
    "a row as an axis": (
        lambda x, v: tf.vectorized_map(lambda n: tf.reduce_sum(tf.ones([2, 3]), axis=n), tf.constant([0, 1])),
        *ROW,
    ),
    "the places where a row is positive": (
        lambda x, v: tf.vectorized_map(lambda row: tf.where(row > 0.0), tf.stack([x, -x])),
        *ROW,
    ),
    "the positive elements of a row": (
        lambda x, v: tf.vectorized_map(lambda row: tf.boolean_mask(row, row > 0.0), tf.stack([x, -x])),
        *ROW,
    ),
    "a variable made of a row": (
        lambda x, v: tf.vectorized_map(lambda row: tf.Variable(row) * 2.0, tf.stack([x, x])),
        *ROW,
    ),
    "a row assigned to a variable": (
        lambda x, v: tf.vectorized_map(lambda row: v.assign(row), tf.stack([x, -x])),
        *ROW,
    ),
    "a row added to a variable": (
        lambda x, v: tf.vectorized_map(lambda row: v.assign_add(row), tf.stack([x, -x])),
        *ROW,
    ),
    "a row as a Python number": (lambda x, v: tf.vectorized_map(lambda e: float(e) * 2.0, x), *ROW),
    "a row as a condition": (
        lambda x, v: tf.vectorized_map(lambda e: e if e > 1.5 else -e, x),
        TypeError,
        r"tf\.where",
    ),
    "a row as an array": (
        lambda x, v: tf.vectorized_map(lambda e: e.numpy() * 2.0, x),
        (TypeError, AttributeError),
        "(?i)vectorized_map|batch|map",
    ),
}

FUNCTIONS: dict[str, Case] = {
    "a function that gives no tensor": (
        lambda x, v: tf.autodiff.value_and_gradient(lambda x: 3.0, x),
        TypeError,
        "return a tensor.*3.0.*float",
    ),
    "a function without a return": (
        lambda x, v: tf.autodiff.value_and_gradient(lambda x: None, x),
        TypeError,
        "return",
    ),
    "a function that does not use its argument": (
        lambda x, v: tf.autodiff.value_and_gradient(lambda x: tf.reduce_sum(v), x),
        Invalid,
        "does not depend on x.*unconnected_gradients",
    ),
    "a function that raises": (lambda x, v: tf.autodiff.value_and_gradient(fail, x), *INSIDE),
    "a function that raises, forwards": (lambda x, v: tf.autodiff.jvp(fail, x, x), *INSIDE),
    "a tangent of jvp that does not fit": (
        lambda x, v: tf.autodiff.jvp(lambda x: x * x, x, [1.0, 2.0, 3.0]),
        Invalid,
        r"tangent.*\[3\].*\[2\]",
    ),
    "a cotangent of vjp that does not fit": (
        lambda x, v: tf.autodiff.vjp(lambda x: x * x, x, [1.0, 2.0, 3.0]),
        Invalid,
        r"cotangent.*\[3\].*\[2\]",
    ),
    "a direction of hvp that does not fit": (
        lambda x, v: tf.autodiff.hvp(lambda x: tf.reduce_sum(x * x), x, [1.0, 2.0, 3.0]),
        Invalid,
        r"direction.*\[3\].*\[2\]",
    ),
}

CASES = {**TARGETS, **TAPES, **TANGENTS, **CUSTOM, **MAPS, **FUNCTIONS}
