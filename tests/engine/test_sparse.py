"""Sparse Jacobians and Hessians: against dense ones, their colours, and what happens where a pattern does not fit."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest
import scipy.sparse

import gradtape as tf
from gradtape._autodiff.colouring import Sparsity
from gradtape._autodiff.sparse import hessian_sparsity, jacobian_sparsity, sparse_hessian, sparse_jacobian
from gradtape._core.tracking import RECORDING
from tests.engine.test_colouring import band
from tests.engine.test_pattern import flat, units

# Numbers without a pattern: no difference of them is 0.
NUMBERS = np.array([0.5, 1.3, 0.9, 1.7, 0.6, 1.1, 1.45, 0.7, 1.25, 0.85, 1.6, 0.95])


def dense_jacobian(function: Any, x: Any) -> Any:
    """The Jacobian by a unit cotangent for each element of the result."""
    x = tf.constant(x)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = function(x)
    return np.array([flat(tape.gradient(y, x, unit, "zero")) for unit in units(y)]).reshape(-1, x._value.size)


def gradient(function: Any) -> Any:
    """The gradient of a scalar function, as a function."""

    def derivative(x: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = function(x)
        return tf.convert_to_tensor(tape.gradient(y, x, unconnected_gradients="zero"))

    return derivative


def dense_hessian(function: Any, x: Any) -> Any:
    return dense_jacobian(gradient(function), x)


# Whole functions against dense derivatives.


def banded(x: Any) -> Any:
    return tf.reduce_sum((x[2:] - 2.0 * x[1:-1] + x[:-2]) ** 4.0) + tf.reduce_sum(x[1:] * x[:-1])


def arrow(x: Any) -> Any:
    return tf.reduce_sum(tf.sin(x) * x[0]) + x[1] ** 3.0


def blocks(x: Any) -> Any:
    return tf.reduce_sum(tf.math.reduce_prod(tf.reshape(x, [-1, 3]), axis=1))


def separable(x: Any) -> Any:
    return tf.reduce_sum(tf.exp(x)) + 2.0 * tf.reduce_sum(x)


def scattered(x: Any) -> Any:
    rows = tf.tensor_scatter_nd_update(tf.zeros(12, x.dtype), [[7], [2]], x[3:5] ** 2.0)
    return tf.reduce_sum(rows * tf.concat([x[::-1], x], 0)[:12])


def looked_up(x: Any) -> Any:
    return tf.reduce_sum(tf.gather(x, [0, 3, 3]) * tf.gather(x, [1, 1, 5]) ** 2.0)


def looped(x: Any) -> Any:
    total = tf.constant(0.0, x.dtype)
    for i in range(len(x) - 1):
        total = total + (x[i + 1] - x[i] ** 2.0) ** 2.0 + (1.0 - x[i]) ** 2.0
    return total


def products(x: Any) -> Any:
    a = tf.reshape(x, [3, 4])
    return tf.reduce_sum(tf.einsum("ij,ij->i", a, a**2.0)) + tf.linalg.trace(a @ tf.ones([4, 3], x.dtype))


@pytest.mark.parametrize("function", [banded, arrow, blocks, separable, scattered, looked_up, looped, products])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_hessian_is_the_dense_one(function: Any, dtype: str) -> None:
    x = NUMBERS.astype(dtype)
    hessian = sparse_hessian(function, x)
    assert type(hessian) is scipy.sparse.csr_array
    assert hessian.dtype == x.dtype
    expected = dense_hessian(function, x)
    close = 1e-4 if dtype == "float32" else 1e-12
    np.testing.assert_allclose(hessian.toarray(), expected, rtol=close, atol=close)
    # Nothing is found that is not there.
    np.testing.assert_array_equal(hessian_sparsity(function, x).pattern.toarray(), expected != 0)


def rows_apart(x: Any) -> Any:
    """One row is full, all others have one element: rows are cheap, columns are not."""
    return tf.concat([tf.reduce_sum(x**2.0, keepdims=True), x**3.0], 0)


@pytest.mark.parametrize(
    ("function", "direction"),
    [
        (lambda x: x[1:] * x[:-1], "columns"),
        (lambda x: tf.cumsum(x**2.0), "columns"),
        (rows_apart, "rows"),
        (lambda x: tf.reshape(x, [3, 4]) @ tf.constant(np.ones((4, 2)), x.dtype), "columns"),
        (lambda x: tf.nn.softmax(tf.reshape(x, [4, 3])), "columns"),
        (lambda x: tf.reduce_sum(tf.reshape(x, [3, 4]) ** 2.0, axis=0), "rows"),
    ],
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_jacobian_is_the_dense_one(function: Any, direction: str, dtype: str) -> None:
    x = NUMBERS.astype(dtype)
    sparsity = jacobian_sparsity(function, x)
    assert direction in (sparsity.direction, "columns")
    jacobian = sparse_jacobian(function, x)
    expected = dense_jacobian(function, x)
    assert jacobian.dtype == x.dtype
    close = 1e-5 if dtype == "float32" else 1e-12
    np.testing.assert_allclose(jacobian.toarray(), expected, rtol=close, atol=close)
    np.testing.assert_array_equal(sparsity.pattern.toarray(), expected != 0)


@pytest.mark.parametrize("x", [tf.Variable(np.ones((2, 3))), tf.constant(np.ones((2, 3))), np.ones((2, 3))])
def test_point_of_any_kind_and_shape(x: Any) -> None:
    jacobian = sparse_jacobian(lambda x: 3.0 * tf.transpose(x), x)
    assert jacobian.shape == (6, 6)
    np.testing.assert_array_equal(jacobian.toarray(), 3.0 * np.eye(6)[[0, 3, 1, 4, 2, 5]])
    assert sparse_hessian(lambda x: tf.reduce_sum(x**2.0), x).toarray().tolist() == (2.0 * np.eye(6)).tolist()


def test_numbers_and_lists_are_points() -> None:
    assert sparse_hessian(lambda x: x**3.0, 2.0).toarray().tolist() == [[12.0]]
    assert sparse_jacobian(lambda x: x[:1] * 2.0, [1.0, 2.0]).toarray().tolist() == [[2.0, 0.0]]


def test_variables_of_the_function_are_constants() -> None:
    weights = tf.Variable([1.0, 2.0, 3.0])
    jacobian = sparse_jacobian(lambda x: weights * x * weights, tf.ones(3))
    assert jacobian.toarray().tolist() == np.diag([1.0, 4.0, 9.0]).tolist()


def test_result_that_does_not_depend_on_the_point() -> None:
    x = np.ones(3)
    for function in (lambda x: tf.ones(2), lambda x: tf.stop_gradient(x[:2]), lambda x: tf.argsort(x)[:2]):
        jacobian = sparse_jacobian(function, x)
        assert (jacobian.shape, jacobian.nnz) == ((2, 3), 0)
    for function in (lambda x: tf.constant(2.0), tf.reduce_sum, lambda x: tf.reduce_sum(tf.sign(x) * x)):
        hessian = sparse_hessian(function, x)
        assert (hessian.shape, hessian.nnz) == ((3, 3), 0)


def test_no_elements() -> None:
    assert sparse_jacobian(lambda x: x * 2.0, np.ones(0)).shape == (0, 0)
    assert sparse_jacobian(lambda x: x[:0], np.ones(3)).shape == (0, 3)
    assert sparse_hessian(tf.reduce_sum, np.ones(0)).shape == (0, 0)


def test_many_colours_are_computed_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    from gradtape._autodiff import sparse

    x = NUMBERS
    for name, size in (("AT_ONCE", 30), ("AT_ONCE", 1), ("IN_MEMORY", 40), ("IN_MEMORY", 1)):
        monkeypatch.setattr(sparse, name, size)
        for function in (lambda x: tf.cumsum(x**2.0), rows_apart):
            np.testing.assert_allclose(sparse_jacobian(function, x).toarray(), dense_jacobian(function, x))
        np.testing.assert_allclose(sparse_hessian(banded, x).toarray(), dense_hessian(banded, x))


def test_inside_a_tape_and_an_accumulator() -> None:
    x = tf.constant(NUMBERS)
    expected = dense_hessian(banded, x.numpy())
    with tf.GradientTape() as tape, tf.autodiff.ForwardAccumulator(x, tf.ones_like(x)):
        tape.watch(x)
        y = x**2.0
        np.testing.assert_allclose(sparse_hessian(banded, x).toarray(), expected)
        np.testing.assert_allclose(sparse_jacobian(lambda x: x[1:] * 2.0, x).toarray(), 2.0 * np.eye(12)[1:])
    np.testing.assert_allclose(tape.gradient(y, x).numpy(), 2.0 * x.numpy())


def test_gradient_of_the_users_own() -> None:
    @tf.custom_gradient
    def doubled(x: Any) -> Any:
        return x**2.0, lambda g: g * 2.0 * x

    x = np.linspace(0.5, 1.7, 5)
    function = lambda x: tf.reduce_sum(doubled(x)[1:] * x[:-1])
    np.testing.assert_allclose(sparse_hessian(function, x).toarray(), dense_hessian(function, x))


def test_gradient_of_the_users_own_that_python_reads() -> None:
    @tf.custom_gradient
    def doubled(x: Any) -> Any:
        return tf.sin(x), lambda g: tf.constant(g.numpy() * 2.0)

    x = NUMBERS[:5]
    function = lambda x: tf.reduce_sum(doubled(x) * x)
    # No batch of cotangents can be read: they go back one by one. What was read is a constant.
    np.testing.assert_allclose(sparse_hessian(function, x).diagonal(), np.diag(dense_hessian(function, x)))
    np.testing.assert_allclose(dense_jacobian(rows_apart, x), sparse_jacobian(rows_apart, x).toarray())


# What is kept.


def kept_bytes(sparsity: Sparsity) -> int:
    pattern = sparsity.pattern
    arrays = (pattern.data, pattern.indices, pattern.indptr, sparsity.colors, sparsity.places, sparsity.test)
    return sum(array.nbytes for array in arrays)


def test_what_is_kept_grows_with_the_size_and_no_faster() -> None:
    small, large = (hessian_sparsity(banded, np.ones(size)) for size in (1000, 4000))
    assert (small.pattern.nnz, large.pattern.nnz) == (5 * 1000 - 6, 5 * 4000 - 6)
    assert small.count == large.count == 5
    assert kept_bytes(large) < 4.05 * kept_bytes(small)


def test_no_array_is_of_the_size_of_the_dense_matrix() -> None:
    import tracemalloc

    size = 4000
    x = np.linspace(0.5, 1.7, size)
    sparse_hessian(banded, x[:20])
    tracemalloc.start()
    sparse_hessian(banded, x)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < size * 8 * 300


def test_pattern_is_used_again() -> None:
    calls = []

    def function(x: Any) -> Any:
        calls.append(type(x).__name__)
        return banded(x)

    x = NUMBERS
    sparsity = hessian_sparsity(function, x)
    assert calls == ["MarkedTensor"]
    for point in (x, x + 1.0, np.zeros(12)):
        hessian = sparse_hessian(function, point, pattern=sparsity)
        np.testing.assert_allclose(hessian.toarray(), dense_hessian(banded, point), atol=1e-12)
    assert set(calls[1:]) == {"Tensor"}
    # The matrix is the caller's own.
    hessian.indices[:], hessian.data[:] = 0, 7.0
    np.testing.assert_allclose(sparse_hessian(function, x, pattern=sparsity).toarray(), dense_hessian(banded, x))


@pytest.mark.parametrize("form", [scipy.sparse.csr_array, scipy.sparse.coo_matrix, np.array, np.ndarray.tolist])
def test_pattern_of_the_users_own(form: Any) -> None:
    x = NUMBERS
    given = band(12, 3).toarray()
    hessian = sparse_hessian(banded, x, pattern=form(given))
    np.testing.assert_allclose(hessian.toarray(), dense_hessian(banded, x), atol=1e-12)
    jacobian = sparse_jacobian(lambda x: x[1:] * x[:-1], x, pattern=form(given[1:]))
    np.testing.assert_allclose(jacobian.toarray(), dense_jacobian(lambda x: x[1:] * x[:-1], x), atol=1e-12)
    assert jacobian.nnz == np.count_nonzero(given[1:])


def test_sparsity_serves_the_other_derivative() -> None:
    x = NUMBERS
    symmetric = hessian_sparsity(arrow, x)
    assert symmetric.direction == "symmetric"
    expected = dense_hessian(arrow, x)
    np.testing.assert_allclose(sparse_jacobian(gradient(arrow), x, pattern=symmetric).toarray(), expected, atol=1e-12)
    # A Jacobian that is not symmetric has the same pattern: the colouring is another one then.
    function = lambda x: tf.concat([tf.reduce_sum(x**3.0, keepdims=True), x[1:] * x[0] ** 2.0], 0)
    expected_too = dense_jacobian(function, x)
    np.testing.assert_allclose(sparse_jacobian(function, x, pattern=symmetric).toarray(), expected_too, atol=1e-12)
    other = jacobian_sparsity(gradient(arrow), x)
    np.testing.assert_allclose(sparse_hessian(arrow, x, pattern=other).toarray(), expected, atol=1e-12)


# Patterns that do not fit.


def test_other_branch_is_noticed() -> None:
    def function(x: Any) -> Any:
        return x[1:] ** 2.0 if x[0] > 0.0 else x[:-1] ** 2.0 + x[1:]

    positive = np.array([1.0, 2.0, 3.0, 4.0])
    sparsity = jacobian_sparsity(function, positive)
    np.testing.assert_allclose(sparse_jacobian(function, 2 * positive, pattern=sparsity).diagonal(1), [8.0, 12.0, 16.0])
    with pytest.raises(tf.errors.InvalidArgumentError, match="rows 0, 1, 2 of 3"):
        sparse_jacobian(function, -positive, pattern=sparsity)
    assert sparse_jacobian(function, -positive).nnz == 6


def test_permutation_is_noticed() -> None:
    x = np.array([3.0, 1.0, 2.0, 5.0])
    sparsity = jacobian_sparsity(tf.sort, x)
    np.testing.assert_allclose(
        sparse_jacobian(tf.sort, x + 1.0, pattern=sparsity).toarray(), sparsity.pattern.toarray()
    )
    with pytest.raises(ValueError, match=r"rows 1, 2 of 4"):
        sparse_jacobian(tf.sort, x[[1, 0, 2, 3]] - [0.0, 2.5, 0.0, 0.0], pattern=sparsity)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_pattern_that_lacks_an_element_is_noticed(dtype: str) -> None:
    x = NUMBERS.astype(dtype)
    full = hessian_sparsity(banded, x).pattern.toarray()
    for row, column in np.argwhere(np.triu(full, 1))[::3]:
        less = full.copy()
        less[row, column] = less[column, row] = False
        with pytest.raises(tf.errors.InvalidArgumentError, match="pattern does not fit"):
            sparse_hessian(banded, x, pattern=less)
    lower = np.tri(12, dtype=bool)
    function = lambda x: tf.cumsum(x**2.0)
    for row, column in np.argwhere(lower)[::9]:
        less = lower.copy()
        less[row, column] = False
        with pytest.raises(tf.errors.InvalidArgumentError, match="would be wrong"):
            sparse_jacobian(function, x, pattern=less)


def test_columns_that_differ_are_named_where_rows_are_coloured() -> None:
    x = NUMBERS
    less = jacobian_sparsity(rows_apart, x).pattern.toarray()
    less[0, 4] = False
    assert Sparsity(less).direction == "rows"
    with pytest.raises(tf.errors.InvalidArgumentError, match="column 4 of 12"):
        sparse_jacobian(rows_apart, x, pattern=less)


def test_small_element_beside_large_ones_is_noticed() -> None:
    x = np.ones(3)
    function = lambda x: tf.stack([1e6 * x[0] + 1e-4 * x[2], x[1]])
    with pytest.raises(tf.errors.InvalidArgumentError, match="row 0 of 2"):
        sparse_jacobian(function, x, pattern=[[1, 0, 0], [0, 1, 0]])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_rounding_alone_is_no_difference(dtype: str) -> None:
    x = np.linspace(-300.0, 700.0, 501).astype(dtype)
    # The derivative of each is 0 but for rounding, which is all that there is to compare.
    for function in (
        lambda x: tf.sin(x) ** 2.0 + tf.cos(x) ** 2.0,
        lambda x: (x[1:] * 1e4 + x[:-1] / 3.0) - (x[:-1] / 3.0 + x[1:] * 1e4),
        lambda x: tf.math.log(tf.exp(x / 100.0)) - x / 100.0,
        lambda x: tf.cumsum(tf.sin(x)) - tf.cumsum(tf.sin(x), reverse=True),
    ):
        sparse_jacobian(function, x)
        sparse_hessian(lambda x, function=function: tf.reduce_sum(function(x)), x)


def test_infinite_and_nan_on_both_sides_is_no_difference() -> None:
    x = np.array([0.0, 1.0, 4.0, -1.0])
    jacobian = sparse_jacobian(tf.sqrt, x).toarray()
    assert np.isinf(jacobian[0, 0])
    assert np.isnan(jacobian[3, 3])
    np.testing.assert_allclose(jacobian[[1, 2], [1, 2]], [0.5, 0.25])
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"rows? "):
        sparse_jacobian(tf.sqrt, x, pattern=np.diag([0.0, 1.0, 1.0, 1.0]))


def test_number_that_python_read_is_a_constant_as_for_a_tape() -> None:
    x = np.array([2.0, 3.0])
    function = lambda x: float(x[0]) * x[1:] * x.numpy()[0]
    assert sparse_jacobian(function, x).toarray().tolist() == [[0.0, 4.0]] == dense_jacobian(function, x).tolist()


# Bad input.


def test_result_that_is_no_tensor() -> None:
    for result in (None, 2.0, [tf.constant(1.0)], np.ones(2), "text"):
        for derivative in (sparse_jacobian, sparse_hessian, jacobian_sparsity, hessian_sparsity):
            with pytest.raises(TypeError, match="a tensor"):
                derivative(lambda x, result=result: result, np.ones(3))


def test_hessian_of_several_numbers() -> None:
    for derivative in (sparse_hessian, hessian_sparsity):
        with pytest.raises(tf.errors.InvalidArgumentError, match=r"one number; got shape \[3\]"):
            derivative(lambda x: x**2.0, np.ones(3))
    with pytest.raises(ValueError, match="one number"):
        sparse_hessian(lambda x: x**2.0, np.ones(3), pattern=np.eye(3))


@pytest.mark.parametrize("dtype", ["int32", "complex128", "float16", "bool"])
def test_dtype_that_has_no_sparse_derivative(dtype: str) -> None:
    for derivative in (sparse_jacobian, sparse_hessian, jacobian_sparsity, hessian_sparsity):
        with pytest.raises(tf.errors.InvalidArgumentError, match=f"x is {dtype}"):
            derivative(tf.reduce_sum, np.ones(3, dtype))


def test_complex_result() -> None:
    with pytest.raises(tf.errors.InvalidArgumentError, match="real functions"):
        sparse_jacobian(lambda x: tf.complex(x, x), np.ones(3))


def test_shapes_that_do_not_fit() -> None:
    sparsity = jacobian_sparsity(lambda x: x[1:], np.ones(4))
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"\[3, 4\] does not fit: x has 5"):
        sparse_jacobian(lambda x: x[1:], np.ones(5), pattern=sparsity)
    for pattern in (sparsity, np.ones((3, 4))):
        with pytest.raises(tf.errors.InvalidArgumentError, match=r"\[3, 4\] does not fit: the result has 4"):
            sparse_jacobian(lambda x: x, np.ones(4), pattern=pattern)
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"square; got shape \[3, 4\]"):
        sparse_hessian(tf.reduce_sum, np.ones(4), pattern=sparsity)
    with pytest.raises(tf.errors.InvalidArgumentError, match="square"):
        sparse_hessian(tf.reduce_sum, np.ones(4), pattern=np.ones((3, 4)))
    for bad in (np.ones(4), np.ones((4, 4, 1)), 3.0):
        with pytest.raises(tf.errors.InvalidArgumentError, match="is a matrix"):
            Sparsity(bad)


def test_error_in_the_function_leaves_nothing_behind() -> None:
    def function(x: Any) -> Any:
        raise KeyError("inside")

    before = RECORDING.tapes
    x = tf.constant(np.ones(3))
    for derivative in (sparse_jacobian, sparse_hessian, jacobian_sparsity, hessian_sparsity):
        with pytest.raises(KeyError, match="inside"):
            derivative(function, x)
    for pattern in (np.eye(3), np.ones((3, 3)), [[1, 1, 1]]):
        with pytest.raises((KeyError, ValueError)):
            sparse_jacobian(function, x, pattern=pattern)
    assert RECORDING.tapes == before == ()
    assert x._tape is None
    np.testing.assert_allclose(sparse_hessian(lambda x: tf.reduce_sum(x**2.0), x).toarray(), 2.0 * np.eye(3))


def test_threads_do_not_see_each_other() -> None:
    x = NUMBERS
    sparsity = hessian_sparsity(banded, x)
    wrong: list[Any] = []

    def work(shift: float) -> None:
        try:
            for _ in range(5):
                found = sparse_hessian(banded, x + shift, pattern=sparsity).toarray()
                np.testing.assert_allclose(found, dense_hessian(banded, x + shift), atol=1e-10)
                np.testing.assert_array_equal(hessian_sparsity(banded, x).colors, sparsity.colors)
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=work, args=(0.1 * k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_import_brings_no_scipy() -> None:
    import subprocess
    import sys

    code = "import sys, gradtape, gradtape._autodiff.sparse; sys.exit('scipy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
