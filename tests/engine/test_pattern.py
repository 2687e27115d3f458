"""The laws of index sets: each operation's pattern holds its Jacobian, and its gradient's pattern the second one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradtape as tf
import gradtape._ops.factorization  # its operations stand in the tables
from gradtape._autodiff import index_sets
from gradtape._autodiff import pattern as marks
from gradtape._autodiff.index_sets import singles
from gradtape._autodiff.pattern import ALIKE, LETTERS, MOVES, SCANS, SCATTERS, Marked
from gradtape._autodiff.sparse import hessian_sparsity, jacobian_sparsity, sparse_hessian, sparse_jacobian
from gradtape._core.op import OPS
from gradtape._core.tensor import make_tensor
from gradtape._testing.cases import Case, cases, differentiable_results, directions, pulled, tensors_of
from gradtape._testing.lawbook import dtypes, names, subject

ALL = names()


def units(result: Any) -> Any:
    """A unit cotangent for each element of a result, as arrays."""
    size = result._value.size
    return np.eye(size, dtype=result._value.dtype).reshape((size, *result._value.shape))


def flat(tensor: Any) -> Any:
    return tf.convert_to_tensor(tensor).numpy().reshape(-1)


def marked_inputs(case: Case) -> tuple[list[Any], int]:
    """The inputs of a case, each element of the moving ones marked with a number of its own; how many there are."""
    tensors = tensors_of(case.arrays)
    sizes = [case.arrays[k].size for k in case.moving()]
    start, width = 0, sum(sizes)
    for k in case.moving():
        size = case.arrays[k].size
        tensors[k] = make_tensor(Marked(tensors[k]._value, singles(size, start, width)))
        start += size
    return tensors, width


def pattern_of(case: Case) -> Any:
    """The pattern of all floating-point results of a case, as a dense matrix."""
    tensors, width = marked_inputs(case)
    found = [np.zeros((0, width), bool)]
    for each in case.run(tensors):
        if each._value.dtype.kind in "fc":
            value = each._value
            found.append(value.sets.matrix.toarray() if type(value) is Marked else np.zeros((value.size, width), bool))
    return np.concatenate(found)


def jacobian_of(case: Case) -> Any:
    """The Jacobian of all floating-point results of a case, by unit cotangents."""
    tensors = tensors_of(case.arrays)
    sources = [tensors[k] for k in case.moving()]
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(sources)
        results = [each for each in case.run(tensors) if each._value.dtype.kind in "fc"]
    rows = [np.zeros((0, sum(each._value.size for each in sources)))]
    for result in results:
        found = [tape.gradient(result, sources, [unit], "zero") for unit in units(result)]
        rows += [np.concatenate([flat(each) for each in row])[None] for row in found]
    return np.concatenate(rows)


@pytest.mark.parametrize("name", ALL)
def test_pattern_holds_all_that_is_not_zero(name: str) -> None:
    accepted = dtypes(name)
    for case in cases(*subject(name), "float64" if "float64" in accepted else accepted[0]):
        if not case.moving():
            continue
        pattern, jacobian = pattern_of(case), jacobian_of(case)
        assert pattern.shape == jacobian.shape, case.sample
        wrong = (jacobian != 0) & ~pattern
        assert not wrong.any(), f"{case.sample}: {np.argwhere(wrong)[:5].tolist()}"


# Operations of which no derivative on the samples is 0 by chance.
EXACT = sorted((
    *MOVES, *SCATTERS, *ALIKE, "add", "cross_entropy", "cumprod", "cumsum", "exp", "log_softmax",
    "matrix_product", "multiply", "real_norm", "reduce_logsumexp", "reduce_mean", "reduce_prod", "reduce_sum",
    "softmax", "subtract", "sum_of_two", "tensordot", "vector_product",
))  # fmt: skip


@pytest.mark.parametrize("small", [0, index_sets.SMALL])
@pytest.mark.parametrize("name", EXACT)
def test_pattern_is_no_larger_than_it_has_to_be(name: str, small: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_sets, "SMALL", small)
    for case in cases(*subject(name), "float64"):
        if case.moving():
            np.testing.assert_array_equal(pattern_of(case), jacobian_of(case) != 0, err_msg=str(case.sample))


@pytest.mark.parametrize("name", ALL)
def test_pattern_of_the_gradient_holds_all_that_is_not_zero(name: str) -> None:
    """The rules run on index sets, too: the second derivatives of each operation are inside of what they find."""
    if "float64" not in dtypes(name):
        return
    for case in cases(*subject(name), "float64"):
        positions = case.moving()
        cotangents = directions(differentiable_results(case), 1)
        if not positions or not cotangents:
            continue
        tensors, width = marked_inputs(case)
        found = [
            each.sets.matrix.toarray() if type(each) is Marked else np.zeros((each.size, width), bool)
            for each in (each._value for each in pulled(case, tensors, cotangents))
        ]
        tensors = tensors_of(case.arrays)
        sources = [tensors[k] for k in positions]
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(sources)
            grads = pulled(case, tensors, cotangents)
        for pattern, grad in zip(found, grads, strict=True):
            rows = [tape.gradient(grad, sources, [unit], "zero") for unit in units(grad)]
            hessian = np.array([np.concatenate([flat(each) for each in row]) for row in rows]).reshape(pattern.shape)
            wrong = (hessian != 0) & ~pattern
            assert not wrong.any(), f"{case.sample}: {np.argwhere(wrong)[:5].tolist()}"


def test_tables_name_operations() -> None:
    assert {*MOVES, *SCATTERS, *SCANS, *LETTERS, *ALIKE} <= set(OPS)


def test_unknown_operation_depends_on_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marks, "LETTERS", {})
    pattern = jacobian_sparsity(lambda x: tf.nn.softmax(tf.reshape(x, [2, 3])), np.ones(6)).pattern
    assert pattern.toarray().all()


# What Python and NumPy see of a tensor with index sets.


def test_value_can_be_read() -> None:
    seen: list[Any] = []

    def function(x: Any) -> Any:
        plain = tf.constant(x.numpy())
        assert (str(x), repr(x), f"{x[0]:.2f}") == (str(plain), repr(plain), f"{plain[0]:.2f}")
        assert (float(x[1]), int(x[1]), bool(x[1] > 1.0), len(x)) == (2.0, 2, True, 3)
        np.testing.assert_array_equal(np.asarray(x), [1.0, 2.0, 3.0])
        assert np.isfinite(x._value).all()
        seen.append(x)
        return x * x

    assert jacobian_sparsity(function, [1.0, 2.0, 3.0]).pattern.nnz == 3
    assert isinstance(seen[0], tf.Tensor)


def test_branches_and_loops_on_values() -> None:
    def function(x: Any) -> Any:
        total = x[0]
        for each in x:
            if each > 1.5:
                total = total + each**2.0
        return total

    assert jacobian_sparsity(function, [1.0, 2.0, 0.0, 3.0]).pattern.toarray().tolist() == [[True, True, False, True]]


def test_what_would_lose_the_sets_is_refused() -> None:
    variable = tf.Variable([1.0, 2.0])
    for assign in (variable.assign, variable.assign_add):
        with pytest.raises(TypeError, match=r"index sets|a variable"):
            jacobian_sparsity(lambda x, assign=assign: assign(x) * x, [1.0, 2.0])
    assert variable.numpy().tolist() == [1.0, 2.0]


def squares(x: Any) -> Any:
    return tf.vectorized_map(lambda each: each * each, x)


def first_slopes(x: Any) -> Any:
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x**3.0
    return tape.jacobian(y, x)[0]


@pytest.mark.parametrize(("function", "derivative"), [(squares, 2.0), (first_slopes, 6.0)])
def test_batches_inside_of_the_function_want_a_pattern(function: Any, derivative: float) -> None:
    x = np.array([1.0, 2.0])
    with pytest.raises((TypeError, ValueError), match="`pattern` yourself"):
        jacobian_sparsity(function, x)
    assert sparse_jacobian(function, x, pattern=np.eye(2)).toarray()[0].tolist() == [derivative, 0.0]
    total = lambda x: tf.reduce_sum(function(x))
    assert sparse_hessian(total, x, pattern=np.eye(2)).toarray()[0].tolist() == [derivative, 0.0]


def test_derivatives_inside_of_the_function() -> None:
    def slopes(x: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.reduce_sum(x**3.0 + x[0] * x)
        with tf.autodiff.ForwardAccumulator(x, tf.ones_like(x)) as accumulator:
            z = x**3.0
        return tf.reduce_sum(tape.gradient(y, x) * x) + tf.reduce_sum(accumulator.jvp(z)[1:] * x[:-1])

    expected = np.eye(4) + np.eye(4, k=1) + np.eye(4, k=-1)
    expected[0] = expected[:, 0] = 1
    np.testing.assert_array_equal(hessian_sparsity(slopes, np.ones(4)).pattern.toarray(), expected != 0)


def test_result_outlives_the_search() -> None:
    kept: list[Any] = []

    def function(x: Any) -> Any:
        kept.append(x * 2.0)
        return tf.reduce_sum(kept[-1] ** 2.0)

    hessian_sparsity(function, [1.0, 2.0])
    assert (kept[0] + 1.0).numpy().tolist() == [3.0, 5.0]
