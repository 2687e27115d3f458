"""Functions for one signature, and Python's functions inside of recorded ones."""

import numpy as np
import pytest

import gradtape as tf

x = tf.constant([1.0, 2.0])


def test_a_concrete_function_takes_tensors_of_its_signature() -> None:
    concrete = tf.function(lambda x, y=2, *, k=1: {"a": x * y, "n": None}).get_concrete_function(
        tf.TensorSpec([None], tf.float32), k=3
    )
    assert isinstance(concrete, tf.types.experimental.ConcreteFunction)
    assert repr(concrete).startswith(
        "<ConcreteFunction (x: TensorSpec(shape=(None,), dtype=tf.float32, name=None), y: Literal[2], *, k: Literal[3])"
    )
    with pytest.raises(ValueError, match="not been called"):
        _ = concrete.structured_outputs
    for call in (
        lambda: concrete(x),
        lambda: concrete(x=x),
        lambda: concrete(x, 2, k=3),
        lambda: concrete([1, 2], 2, k=3),
    ):
        np.testing.assert_array_equal(call()["a"], [2.0, 4.0])
    assert concrete.structured_input_signature == ((tf.TensorSpec([None], name="x"), 2), {"k": 3})
    assert concrete.inputs == [tf.TensorSpec([None], name="x")]
    assert concrete.structured_outputs == {"a": tf.TensorSpec([2]), "n": None}
    assert concrete.outputs == [tf.TensorSpec([2])]
    assert concrete.output_dtypes == {"a": tf.float32, "n": None}
    assert "Output Type:\n  Dict[['a', TensorSpec" in str(concrete)


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda f: f(tf.constant([1, 2])), tf.errors.InvalidArgumentError),
        (lambda f: f(1.0), TypeError),
        (lambda f: f(x, x), TypeError),
        (lambda f: f(), TypeError),
        (lambda f: f(y=x), TypeError),
    ],
)
def test_a_concrete_function_refuses_what_does_not_fit(call: object, error: type) -> None:
    concrete = tf.function(lambda x: x).get_concrete_function(tf.TensorSpec([None]))
    with pytest.raises(error):
        call(concrete)


def test_a_signature_is_one_concrete_function() -> None:
    function = tf.function(lambda x: x)
    concrete = function.get_concrete_function(tf.constant(1.0))
    assert function.get_concrete_function(tf.TensorSpec([])) is concrete
    function(tf.constant(2.0))
    assert function.experimental_get_tracing_count() == 1
    assert function.pretty_printed_concrete_signatures().startswith("Input Parameters:\n  x (POSITIONAL_OR_KEYWORD)")
    given = tf.function(lambda x: x, input_signature=[tf.TensorSpec([None])])
    np.testing.assert_array_equal(given.get_concrete_function()(x), x)


# -- Python's functions inside


def test_python_functions_run_in_every_call() -> None:
    seen = []

    def twice(value: tf.Tensor) -> tf.Tensor:
        seen.append(float(value))
        assert tf.executing_eagerly()
        return value * 2.0

    function = tf.function(lambda x: tf.py_function(twice, [x], tf.float32) + 1.0)
    assert [float(function(tf.constant(k))) for k in (1.0, 2.0, 3.0)] == [3.0, 5.0, 7.0]
    assert seen == [1.0, 2.0, 3.0]


def test_python_functions_may_give_several_results_or_none() -> None:
    seen = []
    function = tf.function(lambda x: tf.py_function(lambda a: [a, a + 1.0], [x], [tf.float32, tf.float32]))
    nothing = tf.function(lambda x: [tf.py_function(lambda a: seen.append(float(a)), [x], []), x][1])
    for k in (1.0, 2.0, 3.0):
        assert [float(each) for each in function(tf.constant(k))] == [k, k + 1.0]
        assert float(nothing(tf.constant(k))) == k
    assert seen == [1.0, 2.0, 3.0]


def test_numpy_functions_get_arrays_of_their_own() -> None:
    def add_one(array: np.ndarray) -> np.ndarray:
        array += 1.0
        return array

    function = tf.function(lambda x: (tf.numpy_function(add_one, [x], tf.float32), x))
    for _ in range(3):
        changed, same = function(x)
        np.testing.assert_array_equal(changed, [2.0, 3.0])
        np.testing.assert_array_equal(same, [1.0, 2.0])


def test_results_of_other_shapes_take_another_way() -> None:
    sizes = iter([2, 3, 2, 3, 4])
    function = tf.function(lambda: tf.zeros(tf.numpy_function(lambda: np.ones(next(sizes)), [], tf.float64).shape))
    assert [function().shape[0] for _ in range(5)] == [2, 3, 2, 3, 4]


def test_python_functions_fail_as_they_do() -> None:
    function = tf.function(lambda x: tf.py_function(lambda a: 1 / 0, [x], tf.float32))
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            function(x)
    with pytest.raises(tf.errors.InvalidArgumentError, match="float64"):
        tf.function(lambda x: tf.py_function(lambda a: a, [x], tf.float64))(x)
