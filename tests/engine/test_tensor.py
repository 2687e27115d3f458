"""Tensors and variables as Python objects: other libraries' arrays, copies, pickles, references."""

import copy
import gc
import pickle
import weakref

import numpy as np
import pytest

import gradtape as tf


def test_dlpack_out_is_a_copy() -> None:
    t = tf.constant([1.0, 2.0])
    array = np.from_dlpack(t)
    np.testing.assert_array_equal(array, [1.0, 2.0])
    np.array(array)[0] = 9.0
    assert t.numpy()[0] == 1.0
    assert np.from_dlpack(tf.Variable([1, 2])).dtype == np.int32


class Foreign:
    """An array of another library: it speaks DLPack and nothing else."""

    def __init__(self, array: np.ndarray) -> None:
        self.array = array

    def __dlpack__(self, **keywords):
        return self.array.__dlpack__(**keywords)

    def __dlpack_device__(self):
        return self.array.__dlpack_device__()


def test_dlpack_in() -> None:
    source = np.arange(3.0)
    t = tf.constant(Foreign(source))
    source[0] = 9.0
    assert (t.dtype, t.numpy().tolist()) == (tf.float64, [0.0, 1.0, 2.0])
    assert (tf.ones(3, tf.float64) + Foreign(np.ones(3))).numpy().tolist() == [2.0, 2.0, 2.0]


@pytest.mark.parametrize("value", [1.5, [[1, 2], [3, 4]], [True], [1 + 2j], np.zeros((2, 0)), np.float16([1])])
def test_pickling(value: object) -> None:
    t = tf.constant(value)
    back = pickle.loads(pickle.dumps(t))
    assert type(back) is tf.Tensor
    assert back.dtype is t.dtype
    np.testing.assert_array_equal(back, t)
    v = pickle.loads(pickle.dumps(tf.Variable(value, name="w", trainable=False)))
    assert (v.name, v.trainable, v.dtype) == ("w:0", False, t.dtype)
    np.testing.assert_array_equal(v, t)


def test_pickling_leaves_the_tape_behind() -> None:
    x = tf.constant(2.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = pickle.loads(pickle.dumps(x * x))
    assert tape.gradient(y, x) is None


def test_dtypes_and_shapes_pickle() -> None:
    for each in (tf.float32, tf.TensorShape([1, None]), tf.errors.InvalidArgumentError("no")):
        back = pickle.loads(pickle.dumps(each))
        assert back == each or str(back) == str(each)
    assert pickle.loads(pickle.dumps(tf.int8)) is tf.int8


def test_weak_references() -> None:
    gc.disable()
    try:
        for made in (tf.constant(1.0), tf.Variable(1.0)):
            reference = weakref.ref(made)
            assert reference() is made
        del made
        assert reference() is None
    finally:
        gc.enable()


def test_copies() -> None:
    t, v = tf.constant([1.0]), tf.Variable([1.0], name="w")
    assert copy.copy(t) is t
    assert copy.deepcopy(t) is t
    assert copy.copy(v) is v
    twin = copy.deepcopy({"a": v, "b": v})
    assert twin["a"] is twin["b"]
    twin["a"].assign([5.0])
    assert v.numpy()[0] == 1.0
    assert twin["a"].name == "w:0"


def test_a_tensor_keeps_its_value() -> None:
    source = np.ones(3)
    t = tf.constant(source)
    source[:] = 9.0
    t.numpy()[:] = 8.0
    np.asarray(t)[:] = 7.0
    np.testing.assert_array_equal(t, [1.0, 1.0, 1.0])
    with pytest.raises(TypeError):
        t[0] = 1.0
    with pytest.raises(ValueError, match="read-only"):
        np.array(t, copy=False)[0] = 6.0


def test_a_variable_keeps_its_value() -> None:
    source = np.ones(3)
    v = tf.Variable(source)
    source[:] = 9.0
    np.testing.assert_array_equal(v, [1.0, 1.0, 1.0])
    v.assign(source)
    source[:] = 5.0
    np.testing.assert_array_equal(v, [9.0, 9.0, 9.0])
    t = v.value()
    v.assign_add([1.0, 1.0, 1.0])
    np.testing.assert_array_equal(t, [9.0, 9.0, 9.0])


def test_a_constant_made_a_variable_is_not_changed_by_it() -> None:
    t = tf.constant([1.0, 2.0])
    v = tf.Variable(t)
    v.assign_add([1.0, 1.0])
    v[0].assign(7.0)
    np.testing.assert_array_equal(t, [1.0, 2.0])
    np.testing.assert_array_equal(v, [7.0, 3.0])


def test_numpy_functions_take_tensors() -> None:
    t = tf.constant([1.0, 2.0])
    assert type(np.add(t, 1)) is np.ndarray
    assert type(np.ones(2, np.float32) * t) is tf.Tensor
    assert type(np.float32(2.0) * t) is tf.Tensor
    assert type(np.ones((2, 2), np.float32) @ tf.ones((2, 1))) is tf.Tensor
    np.testing.assert_array_equal(np.stack([t, t]), [[1.0, 2.0], [1.0, 2.0]])


def test_gradients_flow_through_lists_of_tensors() -> None:
    x = tf.constant(3.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.reduce_sum([x * x, [1.0, x][1]])
    assert float(tape.gradient(y, x)) == 7.0


def test_python_s_own_functions() -> None:
    t = tf.constant([3.0, 1.0, 2.0])
    assert float(max(t)) == 3.0
    assert float(sum(t)) == 6.0
    assert [float(each) for each in sorted(t, key=float)] == [1.0, 2.0, 3.0]
    assert f"{t[0]:.2f}" == "3.00"
    assert [10, 20, 30][tf.constant(1)] == 20
    assert list(range(tf.constant(3))) == [0, 1, 2]
    a, b, c = t
    assert (float(a), float(b), float(c)) == (3.0, 1.0, 2.0)


def test_references_are_keys() -> None:
    t, v = tf.constant(1.0), tf.Variable(1.0)
    table = {t.ref(): "t", v.ref(): "v"}
    assert (table[t.ref()], table[v.ref()]) == ("t", "v")
    assert t.ref().deref() is t
    for each in (t, v):
        with pytest.raises(TypeError, match="unhashable"):
            hash(each)
