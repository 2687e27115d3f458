"""Checks of values: what has to hold for the elements of tensors, or an error that shows those that break it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradtape._core.batches import as_it_is
from gradtape._core.conversion import convert
from gradtape._core.dtypes import FLOATS
from gradtape._core.families import composite, linear
from gradtape._core.op import Array, TensorLike
from gradtape._core.sampling import arrays
from gradtape._core.tensor import Carrier, Tensor
from gradtape._ops.arithmetic import abs
from gradtape._ops.comparison import equal, greater, greater_equal, less, less_equal, not_equal
from gradtape._ops.steps import all_true, asked, is_recorded
from gradtape._ops.structure import identity, stop_gradient
from gradtape.errors import InvalidArgumentError

# How many elements of a tensor a message shows, where the caller does not say.
SHOWN = 3


def prefix(message: str | None) -> str:
    """Returns the caller's words as they stand in front of a message."""
    return f"{message}.  " if message else ""


def shape_and_dtype(tensor: Any) -> str:
    """Returns what messages call a tensor by."""
    return f"shape={tensor.shape} dtype={tensor.dtype.name}"


def numbers_of(tensor: Tensor) -> Any:
    """Returns the values of a tensor, of all rows of a batch; None where an interpreter follows no values."""
    value = tensor._value
    if is_recorded(tensor):
        value = value.read() if type(value.value) is np.ndarray else value.value
    return value if type(value) is np.ndarray else getattr(value, "array", None)


def holds(condition: Any) -> bool:
    """Returns whether a condition is true: of a batch, for each row; where no values are followed, it may be."""
    if isinstance(condition, Carrier) and not (is_recorded(condition) and type(condition._value.value) is np.ndarray):
        return asked("holds", all_true, condition) is not False
    return bool(condition)


def shown(data: Any, summarize: int, separate: bool = False) -> str:
    """Returns the text of one item of a message: of a tensor, its first elements."""
    if not isinstance(data, Tensor):
        return str(data)
    values = np.asarray(numbers_of(data))
    if not values.ndim:
        return str(values[()]) if summarize or not separate else ""
    flat = values.reshape(-1)
    texts = [str(each) for each in flat[:summarize]] + ["..."] * (flat.size > summarize)
    return ", ".join(texts) if separate else str(texts)


def limit(summarize: int | None, everything: int = 10**9) -> int:
    """Returns how many elements a message shows."""
    return SHOWN if summarize is None else everything if summarize < 0 else summarize


def Assert(condition: Any, data: Any, summarize: int | None = None, name: str | None = None) -> None:
    """Raises an error that shows `data`, unless `condition` is true.

    Args:
        condition: a bool, or a tensor without dimensions.
        data: a list of what the error is to show: tensors, or what becomes one.
        summarize: how many elements of each to show; 3 by default, all if negative.
        name: ignored.

    Raises:
        InvalidArgumentError: the condition is false.
        TypeError: it is, and `data` is no list.

    >>> import gradtape as tf
    >>> tf.debugging.Assert(tf.constant(2) > 1, ["too small"])
    >>> try:
    ...     tf.debugging.Assert(False, [tf.constant([1, 2, 3, 4])])
    ... except tf.errors.InvalidArgumentError as error:
    ...     print(error)
    Expected 'False' to be true. Summarized data: 1, 2, 3, ...
    """
    if holds(condition):
        return
    if not isinstance(data, list | tuple):
        raise TypeError(f"Assert: `data` is a list of tensors to show, got {data!r}; values must be a sequence.")
    texts = [shown(convert(each), limit(summarize), separate=True) for each in data]
    raise InvalidArgumentError(f"Expected '{condition}' to be true. Summarized data: " + "\n".join(texts))


def require(
    symbol: str,
    compare: Callable[[Any, Any], Any],
    x: TensorLike,
    y: TensorLike,
    message: str | None,
    summarize: int | None,
    data: Callable[[], list[Any]] | None = None,
) -> None:
    """Raises InvalidArgumentError unless `compare` is true of all pairs of elements; `data` is what to show instead."""
    one, other = convert(x), convert(y)
    found = compare(one, other)
    if asked("holds", all_true, found) in (None, True):
        return
    number, values = limit(summarize), numbers_of(found)
    lines = data() if data else [f"Condition x {symbol} y did not hold.", *differences(one, other, values, number)]
    raise InvalidArgumentError(
        "\n".join(shown(each, number) for each in ([] if message is None else [message]) + lines)
    )


def differences(x: Tensor, y: Tensor, found: Any, number: int) -> list[Any]:
    """Returns what a message tells of two tensors: where they break a condition, and their first elements."""
    if number <= 0:
        return []
    one, other = np.asarray(numbers_of(x)), np.asarray(numbers_of(y))
    lines: list[Any] = []
    # Of tensors that were broadcast the places would tell less than the elements themselves.
    if one.shape == other.shape == found.shape and one.ndim:
        places = np.argwhere(~found)[:number]
        lines += [f"Indices of first {len(places)} different values:", places]
        for name, values in (("x", one), ("y", other)):
            lines += [f"Corresponding {name} values:", values[~found][:number]]
    for name, values in (("x", one), ("y", other)):
        flat = values.reshape(-1)[:number]
        lines += [f"First {flat.size} elements of {name}:", flat]
    return lines


def assert_equal(
    x: TensorLike, y: TensorLike, message: str | None = None, summarize: int | None = None, name: str | None = None
) -> None:
    """Raises an error unless `x == y` for all pairs of elements.

    Args:
        x: a tensor.
        y: a tensor of the same dtype, of a shape that broadcasts with it.
        message: words to put in front of the error's.
        summarize: how many elements of each the error shows; 3 by default, all if negative.
        name: ignored.

    Raises:
        InvalidArgumentError: a pair differs, or dtypes or shapes do not fit.

    >>> import gradtape as tf
    >>> tf.debugging.assert_equal([1, 2], [1, 2])
    """
    if x is not y:
        require("==", equal, x, y, message, summarize)


def assert_none_equal(
    x: TensorLike, y: TensorLike, summarize: int | None = None, message: str | None = None, name: str | None = None
) -> None:
    """Raises an error unless `x != y` for all pairs of elements.

    Args:
        x: a tensor.
        y: a tensor of the same dtype, of a shape that broadcasts with it.
        summarize: how many elements of each the error shows; 3 by default, all if negative.
        message: words to put in front of the error's.
        name: ignored.

    Raises:
        InvalidArgumentError: the elements of a pair are equal, or dtypes or shapes do not fit.

    >>> import gradtape as tf
    >>> tf.debugging.assert_none_equal([1, 2], [2, 1])
    """
    require("!=", not_equal, x, y, message, summarize)


def assert_less(
    x: TensorLike, y: TensorLike, message: str | None = None, summarize: int | None = None, name: str | None = None
) -> None:
    """Raises an error unless `x < y` for all pairs of elements.

    Args:
        x: a tensor of real numbers.
        y: a tensor of the same dtype, of a shape that broadcasts with it.
        message: words to put in front of the error's.
        summarize: how many elements of each the error shows; 3 by default, all if negative.
        name: ignored.

    Raises:
        InvalidArgumentError: it is not so for a pair, or dtypes or shapes do not fit.

    >>> import gradtape as tf
    >>> tf.debugging.assert_less([1, 2], 3)
    """
    require("<", less, x, y, message, summarize)


def assert_less_equal(
    x: TensorLike, y: TensorLike, message: str | None = None, summarize: int | None = None, name: str | None = None
) -> None:
    """Raises an error unless `x <= y` for all pairs of elements.

    Args:
        x: a tensor of real numbers.
        y: a tensor of the same dtype, of a shape that broadcasts with it.
        message: words to put in front of the error's.
        summarize: how many elements of each the error shows; 3 by default, all if negative.
        name: ignored.

    Raises:
        InvalidArgumentError: it is not so for a pair, or dtypes or shapes do not fit.

    >>> import gradtape as tf
    >>> tf.debugging.assert_less_equal([1, 2], 2)
    """
    require("<=", less_equal, x, y, message, summarize)


def assert_greater(
    x: TensorLike, y: TensorLike, message: str | None = None, summarize: int | None = None, name: str | None = None
) -> None:
    """Raises an error unless `x > y` for all pairs of elements.

    Args:
        x: a tensor of real numbers.
        y: a tensor of the same dtype, of a shape that broadcasts with it.
        message: words to put in front of the error's.
        summarize: how many elements of each the error shows; 3 by default, all if negative.
        name: ignored.

    Raises:
        InvalidArgumentError: it is not so for a pair, or dtypes or shapes do not fit.

    >>> import gradtape as tf
    >>> tf.debugging.assert_greater([1, 2], 0)
    """
    require(">", greater, x, y, message, summarize)


def assert_greater_equal(
    x: TensorLike, y: TensorLike, message: str | None = None, summarize: int | None = None, name: str | None = None
) -> None:
    """Raises an error unless `x >= y` for all pairs of elements.

    Args:
        x: a tensor of real numbers.
        y: a tensor of the same dtype, of a shape that broadcasts with it.
        message: words to put in front of the error's.
        summarize: how many elements of each the error shows; 3 by default, all if negative.
        name: ignored.

    Raises:
        InvalidArgumentError: it is not so for a pair, or dtypes or shapes do not fit.

    >>> import gradtape as tf
    >>> tf.debugging.assert_greater_equal([1, 2], 1)
    """
    require(">=", greater_equal, x, y, message, summarize)


def require_sign(symbol: str, compare: Any, x: TensorLike, message: str | None, summarize: int | None) -> None:
    """Raises InvalidArgumentError unless `compare` is true of all elements and 0."""
    tensor = convert(x)

    def data() -> list[Any]:
        said = f"Condition x {symbol} 0 did not hold element-wise:"
        return [prefix(message), said, f"x ({shape_and_dtype(tensor)}) = ", tensor]

    require(symbol, compare, tensor, convert(0, tensor.dtype), None, summarize, data)


def assert_negative(
    x: TensorLike, message: str | None = None, summarize: int | None = None, name: str | None = None
) -> None:
    """Raises an error unless all elements are less than 0.

    Args:
        x: a tensor of real numbers.
        message: words to put in front of the error's.
        summarize: how many elements the error shows; 3 by default, all if negative.
        name: ignored.

    Raises:
        InvalidArgumentError: one is not.

    >>> import gradtape as tf
    >>> tf.debugging.assert_negative([-1.0, -2.0])
    """
    require_sign("<", less, x, message, summarize)


def assert_positive(
    x: TensorLike, message: str | None = None, summarize: int | None = None, name: str | None = None
) -> None:
    """Raises an error unless all elements are greater than 0.

    Args:
        x: a tensor of real numbers.
        message: words to put in front of the error's.
        summarize: how many elements the error shows; 3 by default, all if negative.
        name: ignored.

    Raises:
        InvalidArgumentError: one is not.

    >>> import gradtape as tf
    >>> tf.debugging.assert_positive([1.0, 2.0])
    """
    require_sign(">", greater, x, message, summarize)


def assert_non_negative(
    x: TensorLike, message: str | None = None, summarize: int | None = None, name: str | None = None
) -> None:
    """Raises an error unless all elements are at least 0.

    Args:
        x: a tensor of real numbers.
        message: words to put in front of the error's.
        summarize: how many elements the error shows; 3 by default, all if negative.
        name: ignored.

    Raises:
        InvalidArgumentError: one is not.

    >>> import gradtape as tf
    >>> tf.debugging.assert_non_negative([0.0, 2.0])
    """
    require_sign(">=", greater_equal, x, message, summarize)


def assert_non_positive(
    x: TensorLike, message: str | None = None, summarize: int | None = None, name: str | None = None
) -> None:
    """Raises an error unless all elements are at most 0.

    Args:
        x: a tensor of real numbers.
        message: words to put in front of the error's.
        summarize: how many elements the error shows; 3 by default, all if negative.
        name: ignored.

    Raises:
        InvalidArgumentError: one is not.

    >>> import gradtape as tf
    >>> tf.debugging.assert_non_positive([0.0, -2.0])
    """
    require_sign("<=", less_equal, x, message, summarize)


def assert_near(
    x: TensorLike,
    y: TensorLike,
    rtol: TensorLike | None = None,
    atol: TensorLike | None = None,
    message: str | None = None,
    summarize: int | None = None,
    name: str | None = None,
) -> None:
    """Raises an error unless `|x - y| < atol + rtol * |y|` for all pairs of elements.

    Args:
        x: a tensor of floating-point or complex numbers.
        y: a tensor of the same dtype, of a shape that broadcasts with it.
        rtol: the relative tolerance; ten times the dtype's precision by default.
        atol: the absolute tolerance; the same.
        message: words to put in front of the error's.
        summarize: how many elements of each the error shows; 3 by default, all if negative.
        name: ignored.

    Raises:
        InvalidArgumentError: a pair is farther apart, or holds nan.
        ValueError: the numbers are integers.

    >>> import gradtape as tf
    >>> tf.debugging.assert_near([1.0, 2.0], [1.0, 2.0000001])
    """
    one = stop_gradient(convert(x))
    other = stop_gradient(convert(y, one.dtype))
    kind = one.dtype.real_dtype
    if not kind.is_floating:
        raise ValueError(f"assert_near compares floating-point numbers, got {kind.name}; write assert_equal.")
    # NumPy's finfo knows no bfloat16.
    precision = 10 * kind._limits().eps
    relative, absolute = (convert(precision if each is None else each, kind) for each in (rtol, atol))
    if asked("holds", all_true, less(abs(one - other), absolute + relative * abs(other))) is False:
        said = f"x and y not equal to tolerance rtol = {relative.numpy()}, atol = {absolute.numpy()}"
        names = (f"{name} ({shape_and_dtype(each)}) = " for name, each in (("x", one), ("y", other)))
        Assert(convert(False), [prefix(message), said, next(names), one, next(names), other], summarize)


def as_message(value: Any) -> str:
    """Returns the words of a check.

    Raises:
        TypeError: it is no string.
    """
    if not isinstance(value, str | bytes):
        raise TypeError(f"`message` is a string, got {value!r}.")
    return value if isinstance(value, str) else value.decode()


def of_gradient(message: str) -> str:
    """Returns the words with which the gradient of a tensor is checked."""
    return "Not a number (NaN) or infinity (Inf) values detected in gradient. " + message


@linear(
    arrays((), (3,), (2, 0), message=["x"]),
    shape=lambda tensor_shape, message: tensor_shape,
    batch=as_it_is,
    types=FLOATS,
    canonical={"message": as_message},
    tensor=lambda g, message: check_numerics(g, of_gradient(message)),
)
def check_numerics(tensor: TensorLike, message: Any, name: str | None = None) -> Array:
    """Returns a tensor as it is, if all of its elements are finite; its gradient is checked in the same way.

    Args:
        tensor: a tensor of floating-point numbers.
        message: words to put in front of the error's.
        name: ignored.

    Returns:
        A tensor of the same value.

    Raises:
        InvalidArgumentError: an element, later one of the gradient, is infinite or nan; or the numbers are others.

    >>> import gradtape as tf
    >>> try:
    ...     tf.debugging.check_numerics([1.0, float("inf")], "losses")
    ... except tf.errors.InvalidArgumentError as error:
    ...     print(error)
    losses : Tensor had Inf values
    """
    if not np.isfinite(tensor).all():
        kinds = [name for name, test in (("Inf", np.isinf), ("NaN", np.isnan)) if test(tensor).any()]
        raise InvalidArgumentError(f"{message} : Tensor had {' and '.join(kinds)} values")
    return tensor.view()


@composite(arrays((), (3,), message=["x"]))
def assert_all_finite(x: TensorLike, message: str, name: str | None = None) -> Tensor:
    """Returns a tensor as it is, if all of its elements are finite.

    Args:
        x: a tensor of floating-point numbers.
        message: words to put in front of the error's.
        name: ignored.

    Returns:
        A tensor of the same value; gradients go through it, and are not checked.

    Raises:
        InvalidArgumentError: an element is infinite or nan.

    >>> import gradtape as tf
    >>> tf.debugging.assert_all_finite([1.0, 2.0], "inputs").numpy()
    array([1., 2.], dtype=float32)
    """
    tensor = convert(x)
    check_numerics(stop_gradient(tensor), message)
    return identity(tensor)
