"""Derivatives through sparse tensors: forward and back, of higher order, in maps; and large ones against SciPy."""

import numpy as np
import pytest
import scipy.sparse

import gradtape as tf

PLACES = [[0, 1], [1, 0], [1, 2], [2, 2]]
DIMS = [3, 3]
FUNCTIONS = {
    "matmul": lambda sp: tf.sparse.sparse_dense_matmul(sp, tf.exp(tf.sparse.to_dense(sp))),
    "adjoint": lambda sp: tf.sparse.sparse_dense_matmul(sp, tf.sin(tf.sparse.to_dense(sp)), adjoint_a=True),
    "from the left": lambda sp: tf.sparse.sparse_dense_matmul(tf.exp(tf.sparse.to_dense(sp)), sp),
    "add": lambda sp: tf.sparse.to_dense(tf.sparse.add(sp, tf.sparse.transpose(sp))) ** 3,
    "maximum": lambda sp: tf.sparse.to_dense(tf.sparse.maximum(sp * 2.0, tf.sparse.transpose(sp))) ** 2,
    "softmax": lambda sp: tf.sparse.to_dense(tf.sparse.softmax(sp)),
    "reduce_sum": lambda sp: tf.sparse.reduce_sum(sp * sp.values[0], 1) ** 2,
    "reduce_max": lambda sp: tf.sparse.reduce_max(sp, 0) ** 3,
    "concat": lambda sp: tf.sparse.to_dense(tf.sparse.concat(1, [sp, sp / sp.values[1]])) ** 2,
    "slice": lambda sp: tf.sparse.to_dense(tf.sparse.slice(sp, [1, 0], [2, 3])) ** 3,
    "split": lambda sp: tf.sparse.to_dense(tf.sparse.split(sp, 2, 1)[0]) ** 3,
    "reshape": lambda sp: tf.sparse.to_dense(tf.sparse.reshape(sp, [9])) ** 3,
    "retain": lambda sp: tf.sparse.retain(sp, [True, False, True, True]).values ** 3,
    "filled": lambda sp: tf.sparse.fill_empty_rows(tf.sparse.expand_dims(sp, 0), sp.values[0])[0].values ** 3,
    "default": lambda sp: tf.sparse.to_dense(sp, default_value=sp.values[2]) ** 3,
    "divided": lambda sp: (sp / tf.exp(sp.values[:3])).values,
    "from_dense": lambda sp: tf.sparse.from_dense(tf.sparse.to_dense(sp)).values ** 3,
    "segments": lambda sp: tf.sparse.segment_sqrt_n(tf.sparse.to_dense(sp), [0, 2, 1], [0, 0, 2]) ** 3,
    "embeddings": lambda sp: tf.nn.embedding_lookup_sparse(
        tf.exp(tf.sparse.to_dense(sp)), sp.with_values([0, 1, 2, 0]), tf.square(sp), "sqrtn"
    ),
    "bincount": lambda sp: tf.sparse.bincount([1, 1, 2, 0], weights=sp.values).values ** 3,
}


def applied(name):
    return lambda values: FUNCTIONS[name](tf.SparseTensor(PLACES, values, DIMS))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_derivatives_agree_with_differences_to_second_order(name):
    values = np.array([0.5, 1.25, 0.75, 2.0])
    tf.autodiff.check(applied(name), values, order=2)


@pytest.mark.parametrize("name", ["matmul", "add", "softmax", "default", "segments"])
def test_a_map_gives_what_each_row_gives(name):
    rows = tf.constant([[0.5, 1.25, 0.75, 2.0], [1.5, 0.25, 1.75, 1.0]])
    mapped = tf.vectorized_map(applied(name), rows)
    for one, row in zip(mapped, rows, strict=True):
        np.testing.assert_allclose(one, applied(name)(row), rtol=1e-6)


@pytest.mark.parametrize("dtype", ["float16", "float32", "complex128", "int32"])
@pytest.mark.parametrize("width", [1, 40])
def test_products_of_large_matrices_are_scipys(dtype, width):
    generator = np.random.default_rng(0)
    places = np.unique(generator.integers(0, 60, (500, 2)), axis=0)
    values = generator.integers(-3, 4, len(places)).astype(dtype)
    dense = generator.integers(-3, 4, (60, width)).astype(dtype)
    whole = scipy.sparse.coo_array((values.astype("c16"), tuple(places.T)), shape=(60, 60))
    sparse = tf.SparseTensor(places, values, [60, 60])
    found = tf.sparse.sparse_dense_matmul(sparse, dense)
    assert found.dtype.name == dtype
    np.testing.assert_array_equal(found, whole @ dense)
    np.testing.assert_array_equal(tf.sparse.to_dense(tf.sparse.add(sparse, sparse)), 2 * whole.toarray())


def test_a_dense_matrix_meets_the_adjoint_of_a_complex_one():
    dense = np.array([[1 + 2j, 3j], [2.0, 1 - 1j]])
    sparse = tf.SparseTensor([[0, 1], [1, 0]], [1 + 1j, 2j], [2, 2])
    whole = tf.sparse.to_dense(sparse).numpy()
    np.testing.assert_allclose(tf.sparse.sparse_dense_matmul(dense, sparse, adjoint_b=True), dense @ whole.conj().T)
    np.testing.assert_allclose(tf.sparse.sparse_dense_matmul(dense, sparse, adjoint_a=True), dense.conj().T @ whole)


def test_the_values_are_sources_and_variables_follow():
    weights = tf.Variable([1.0, 2.0])
    with tf.GradientTape() as tape:
        sparse = tf.SparseTensor([[0, 0], [1, 1]], weights, [2, 2])
        total = tf.reduce_sum(tf.sparse.sparse_dense_matmul(sparse, tf.constant([[3.0], [4.0]])))
    np.testing.assert_array_equal(tape.gradient(total, weights), [3.0, 4.0])
