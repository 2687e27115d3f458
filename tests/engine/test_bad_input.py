"""Bad input: TensorFlow's class of error, words that say what was given and what to do, and nothing lost."""

import operator
from collections.abc import Callable, Iterator

import numpy as np
import pytest

import gradtape as tf

Invalid = tf.errors.InvalidArgumentError

CASES: dict[str, tuple[Callable[[tf.Tensor, tf.Variable], object], type[Exception], str]] = {
    "shapes that do not broadcast": (lambda x, v: x + tf.constant([1.0, 2.0, 3.0]), Invalid, r"\[2\] and \[3\]"),
    "shapes of a matrix product": (lambda x, v: tf.matmul([[1.0, 2.0]], [[1.0, 2.0]]), Invalid, r"\[1, 2\]"),
    "rank of a matrix product": (lambda x, v: x @ x, Invalid, "2"),
    "dtypes of two tensors": (lambda x, v: x * tf.constant([1, 2]), Invalid, r"tf\.cast"),
    "dtypes of a quotient": (lambda x, v: x / tf.constant([1, 2]), TypeError, "same dtype"),
    "dtype of a function": (lambda x, v: tf.exp(tf.constant([1, 2])), Invalid, "int32.*allowed.*cast"),
    "a fraction beside integers": (lambda x, v: tf.constant([1, 2]) * 0.5, TypeError, "int32"),
    "axis of a reduction": (lambda x, v: tf.reduce_sum(x * v, axis=3), Invalid, "3"),
    "axis of a concatenation": (lambda x, v: tf.concat([x, v], axis=2), Invalid, "2"),
    "an index out of range": (lambda x, v: x[5], Invalid, "5 of dimension 0"),
    "an index below the range": (lambda x, v: v[-3], Invalid, "-3 of dimension 0"),
    "too many indices": (lambda x, v: x[0, 0], Invalid, "1 dims"),
    "an index that is no integer": (lambda x, v: x[1.0], TypeError, "Only integers"),
    "an index of a lookup": (lambda x, v: tf.gather(x * v, [0, 7]), Invalid, "7"),
    "a target that is no tensor": (lambda x, v: tf.GradientTape().watch(3.0), ValueError, "3.0 of type 'float'"),
    "assignment of a wrong shape": (lambda x, v: v.assign([1.0, 2.0, 3.0]), ValueError, r"\(2,\).*\(3,\)"),
    "addition of a wrong shape": (lambda x, v: v.assign_add([1.0]), Invalid, r"\[2\].*\[1\]"),
    "subtraction of a wrong shape": (lambda x, v: v.assign_sub(1.0), Invalid, r"\[2\].*\[\]"),
    "assignment to a slice of a wrong shape": (lambda x, v: v[:1].assign([1.0, 2.0]), Invalid, r"\[2\].*\[1\]"),
    "assignment to a slice out of range": (lambda x, v: v[4].assign(1.0), Invalid, "4 of dimension 0"),
    "assignment of another dtype": (lambda x, v: v.assign(tf.constant([1, 2])), ValueError, "int32"),
    "a ragged list": (lambda x, v: tf.constant([[1.0], [1.0, 2.0]]), ValueError, "non-rectangular"),
    "a ragged list as an operand": (lambda x, v: tf.multiply(x, [[1.0], [1.0, 2.0]]), ValueError, "non-rectangular"),
    "an object": (lambda x, v: tf.constant(object()), ValueError, "unsupported type.*Give"),
    "an object as an operand": (lambda x, v: x * object(), ValueError, "unsupported type"),
    "nothing as an operand": (lambda x, v: tf.add(x, None), ValueError, "None"),
    "a shape with as many elements as fit not": (lambda x, v: tf.reshape(x * v, [3]), Invalid, "3"),
    "a negative size": (lambda x, v: tf.zeros([-1]), Invalid, "-1"),
    "an equation that fits not": (lambda x, v: tf.einsum("ij,jk->ik", x, x), ValueError, ""),
    "an integer tensor and a float": (lambda x, v: tf.constant(1) + 1.5, Invalid, r"write tf\.cast\(x, tf\.float32\)"),
    "two precisions": (lambda x, v: x + tf.constant([1.0], tf.float64), Invalid, r"write tf\.cast\(x, tf\.float64\)"),
    "the program's name of an operation": (lambda x, v: tf.where(x, x, x), Invalid, "^where: .*bool"),
    "the program's name, for an index": (lambda x, v: tf.one_hot(x, 3), Invalid, "^one_hot: "),
    "the program's name, for shapes": (lambda x, v: tf.matmul([[1.0, 2.0]], [[1.0, 2.0]]), Invalid, "^matmul: "),
    "a parameter that is none": (lambda x, v: tf.sort(x, dim=0), TypeError, r"^sort\(\) got an unexpected"),
    "the first call with a parameter that is none": (
        lambda x, v: tf.math.cumprod(x, dim=0),
        TypeError,
        r"^cumprod\(\) got an unexpected",
    ),
    "an array's method": (lambda x, v: x.reshape(2, 1), AttributeError, r"write tf\.reshape\(tensor, shape\)"),
    "an array's method, of a variable": (lambda x, v: v.sum(), AttributeError, r"'Variable'.*write tf\.reduce_sum"),
    "an attribute that nothing has": (lambda x, v: x.nope, AttributeError, "^'Tensor' object has no attribute 'nope'$"),
    "assignment to a tensor": (lambda x, v: x.assign(1.0), AttributeError, "tensors never change"),
    "item assignment": (lambda x, v: operator.setitem(x, 0, 5.0), TypeError, "item assignment.*tensor_scatter_nd"),
    "item assignment to a variable": (lambda x, v: operator.setitem(v, 0, 5.0), TypeError, r"variable\[key\]\.assign"),
    "item deletion": (lambda x, v: operator.delitem(v, 0), TypeError, "item deletion"),
    "several elements as a condition": (lambda x, v: bool(x > 0), ValueError, r"reduce_any.*reduce_all.*tf\.where"),
    "a variable as a condition": (lambda x, v: bool(v), ValueError, r"shape \[2\].*reduce_any"),
    "labels that are no classes": (
        lambda x, v: tf.nn.sparse_softmax_cross_entropy_with_logits([5], [[1.0, 2.0]]),
        Invalid,
        "5.*valid range",
    ),
}


@pytest.fixture
def program() -> Iterator[tuple[tf.GradientTape, tf.Tensor, tf.Variable, tf.Tensor]]:
    x, v = tf.constant([1.0, 2.0]), tf.Variable([3.0, 4.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x * v
        yield tape, x, v, y


@pytest.mark.parametrize("name", CASES)
def test_the_error_is_clear_and_nothing_is_lost(program, name: str) -> None:
    tape, x, v, y = program
    call, kind, words = CASES[name]
    variables = len(tape._tape.variables)
    # What comes before the bad call in the same expression may be recorded; nothing else is.
    with pytest.raises(kind, match=f"(?s){words}"):
        call(x, v)
    assert len(tape._tape.variables) == variables
    np.testing.assert_array_equal(v, [3.0, 4.0])
    np.testing.assert_array_equal(x, [1.0, 2.0])
    gx, gv = tape.gradient(y, [x, v])
    np.testing.assert_array_equal(gx, [6.0, 16.0])
    np.testing.assert_array_equal(gv, [1.0, 4.0])


@pytest.mark.parametrize("name", CASES)
def test_a_failed_call_records_nothing(name: str) -> None:
    call, kind, _ = CASES[name]
    x, v = tf.constant([1.0, 2.0]), tf.Variable([3.0, 4.0])
    with pytest.raises(kind):
        call(x, v)
    assert x._tape is None


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), [1.0, float("nan")]])
def test_nan_and_infinity_are_numbers(value: object) -> None:
    x = tf.Variable(value)
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(x * 2.0)
    np.testing.assert_array_equal(tape.gradient(y, x), np.full(np.shape(value), 2.0))
    np.testing.assert_array_equal(x, np.float32(value))


@pytest.mark.parametrize("shape", [(0,), (2, 0), (0, 3)])
def test_arrays_without_elements(shape: tuple[int, ...]) -> None:
    x = tf.Variable(np.zeros(shape))
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(tf.exp(x) * x + tf.reduce_sum(x, axis=0))
    assert tape.gradient(y, x).shape == shape


@pytest.mark.parametrize("name", ["InvalidArgumentError", "NotFoundError", "OutOfRangeError", "UnimplementedError"])
def test_errors_take_tensorflow_s_three_arguments(name: str) -> None:
    error = getattr(tf.errors, name)(None, None, "the words")
    assert (str(error), error.message) == ("the words", "the words")
    assert isinstance(error, tf.errors.OpError)


@pytest.mark.parametrize("value", [tf.constant([1.0]), tf.Variable([1.0])], ids=["tensor", "variable"])
def test_what_to_write_for_an_array_s_method_is_said_and_nothing_is_promised(value: tf.Tensor | tf.Variable) -> None:
    assert not hasattr(value, "reshape")
    assert "reshape" not in dir(value)
    assert {"shape", "dtype", "numpy"} <= set(dir(value))
