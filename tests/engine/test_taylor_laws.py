"""Taylor series of every operation: what nested accumulators compute, at a cost that is a polynomial of the order."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import numpy as np
import pytest

import gradtape as tf
from gradtape._autodiff.series import Expansion, Frame
from gradtape._autodiff.taylor import line, taylor
from gradtape._core.tensor import make_tensor
from gradtape._testing import lawbook
from gradtape._testing.cases import Case, cases, differentiable_results, directions, tensors_of


def double(value: Any) -> tf.Tensor:
    return tf.constant(value, tf.float64)


# The law: along any direction, an operation's series is what accumulators inside accumulators compute.


def nested(case: Case, moves: list[Any], order: int) -> list[list[Any]]:
    """The derivatives along `moves` to `order`, by accumulators inside accumulators."""
    tensors = tensors_of(case.arrays)
    primals = [tensors[k] for k in case.moving()]
    accumulators = [tf.autodiff.ForwardAccumulator(primals, moves) for _ in range(order)]
    with ExitStack() as stack:
        for each in accumulators:
            stack.enter_context(each)
        found = [[each for each in case.run(tensors) if each.dtype.is_floating or each.dtype.is_complex]]
        for each in reversed(accumulators):
            found.append(each.jvp(found[-1], unconnected_gradients="zero"))
    return found


@pytest.mark.parametrize(
    ("name", "dtype"),
    [(name, dtype) for name in lawbook.names() for dtype in lawbook.dtypes(name) if dtype != "float32"],
)
def test_every_operation(name: str, dtype: str) -> None:
    order = 3 if dtype == "float64" else 2
    for case in cases(*lawbook.subject(name), dtype):
        positions = case.moving()
        if not positions or not differentiable_results(case):
            continue
        fixed, generated = tensors_of(case.arrays), directions(case.arrays, 5)
        moves = [make_tensor(generated[k]) for k in positions]

        def function(parts: list[Any], case: Any = case, fixed: Any = fixed, positions: Any = positions) -> list[Any]:
            tensors = list(fixed)
            for position, tensor in zip(positions, parts, strict=True):
                tensors[position] = tensor
            return [each for each in case.run(tensors) if each.dtype.is_floating or each.dtype.is_complex]

        found = taylor(function, [fixed[k] for k in positions], order, direction=moves)
        for k, (ours, theirs) in enumerate(zip(found, nested(case, moves, order), strict=True)):
            for a, b in zip(ours, theirs, strict=True):
                assert (a.shape, a.dtype) == (b.shape, b.dtype)
                bound = 1e-9 * (1.0 + np.abs(b._value).max(initial=0.0))
                np.testing.assert_allclose(a, b, rtol=1e-9, atol=bound, err_msg=f"{case.sample}, order {k}")


# The cost.


def operations(function: Callable[[Any], Any], x: Any, order: int, direction: Any) -> int:
    """The number of operations that run, those inside the others as well."""
    count = 0

    def profile(frame: Any, event: str, argument: Any) -> None:
        nonlocal count
        if event == "call":
            code = frame.f_code
            door = code.co_name == "run" and code.co_filename.endswith("dispatch.py")
            count += door or code.co_filename == "<gradtape fast path>"

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        taylor(function, x, order, direction)
    finally:
        sys.setprofile(before)
    return count


MATRIX = np.random.default_rng(3).standard_normal((3, 3))
GROWING: dict[str, Callable[[Any], Any]] = {
    "exp": tf.exp,
    "sin": tf.sin,
    "abs": tf.abs,
    "asinh": tf.asinh,
    "softplus": tf.math.softplus,
    "softmax": tf.nn.softmax,
    "silu": tf.nn.silu,
    "reduce_logsumexp": tf.reduce_logsumexp,
    "reduce_prod": tf.reduce_prod,
    "cumprod": tf.math.cumprod,
    "norm": lambda x: tf.norm(x),
    "power": lambda x: x**2.5,
    "x^x": lambda x: x**x,
    "0^2.5": lambda x: (x - x) ** 2.5,
    "quotients": lambda x: x / (1.0 + x / (2.0 + x)),
    "xlogy": lambda x: tf.math.xlogy(x, 1.0 + x),
    "divide_no_nan": lambda x: tf.math.divide_no_nan(x, 1.0 + x),
    "products": lambda x: tf.matmul(tf.matmul(x[:, None] * MATRIX, MATRIX * x), x[:, None]),
    "entropy": lambda x: tf.nn.softmax_cross_entropy_with_logits(tf.nn.softmax(x), x),
    "atan2": lambda x: tf.atan2(x, 1.0 + x),
    "cumulative_logsumexp": lambda x: tf.math.cumulative_logsumexp(x),
}


@pytest.mark.parametrize("name", GROWING)
def test_the_cost_is_a_polynomial_of_the_order(name: str) -> None:
    """Of degree 3 at most, where nested derivatives take 2⁸ times as many operations for twice the order."""
    x, direction = double([0.3, 0.7, 0.2]), double([1.0, 0.5, -0.3])
    few, many = (operations(lambda t: GROWING[name](t * t), x, order, direction) for order in (8, 16))
    assert many < 8 * few
    assert many < 3000


@pytest.mark.parametrize("name", [name for name in lawbook.names() if "float64" in lawbook.dtypes(name)])
def test_the_cost_of_every_operation_is_a_polynomial(name: str) -> None:
    for case in cases(*lawbook.subject(name), "float64"):
        positions = case.moving()
        if not positions or 0 in [array.size for array in case.arrays] or not differentiable_results(case):
            continue
        few, many = (operations(*along_a_parabola(case), order, 1.0) for order in (4, 8))
        assert many < 8 * few, case.sample
        return


def along_a_parabola(case: Case) -> tuple[Callable[[Any], Any], Any]:
    """A case as a function of one number, at a point where all that can move does."""
    fixed, moves = tensors_of(case.arrays), tensors_of(directions(case.arrays, 5))
    positions = case.moving()

    def function(t: Any) -> Any:
        tensors = [each + t * (t + 1.0) * moves[k] if k in positions else each for k, each in enumerate(fixed)]
        return [each for each in case.run(tensors) if each.dtype.is_floating or each.dtype.is_complex]

    return function, double(0.0)


def test_a_long_program_needs_no_stack() -> None:
    step, count = 1e-4, 5000

    def function(x: Any) -> Any:
        for _ in range(count):
            x = x / (1.0 + step * x)
        return x

    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(400)
    try:
        found = taylor(function, double(2.0), 3)
    finally:
        sys.setrecursionlimit(limit)
    h, d = step * count, 1.0 + step * count * 2.0
    assert [each.numpy() for each in found] == pytest.approx(
        [2.0 / d, 1.0 / d**2, -2.0 * h / d**3, 6.0 * h**2 / d**4], rel=1e-10
    )


def test_nothing_is_held_in_circles() -> None:
    def function(x: Any) -> Any:
        return tf.nn.softmax(tf.stack([tf.sin(x) ** x, tf.abs(x), tf.sqrt(x), tf.split(tf.stack([x, x]), 2)[0][0]]))

    taylor(function, 2.0, 4)
    gc.collect()
    gc.disable()
    try:
        taylor(function, 2.0, 4)
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_the_slope_of_a_slope_outlives_its_operation() -> None:
    series = line(Expansion(4), double(1.0), double(2.0))
    series.coefficients[2:] = [double(3.0), None, double(5.0)]
    for _ in range(2):
        frame = Frame(series.expansion)
        slope = frame.slope(series)
        twice = frame.slope(slope)
        assert [None if each is None else each.numpy() for each in slope.coefficients] == [2.0, 6.0, None, 20.0]
        assert [twice.coefficient(k) is None or twice.coefficient(k).numpy() for k in range(3)] == [6.0, True, 60.0]
        frame.close()
