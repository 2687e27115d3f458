"""Derivatives of functions: `value_and_gradient`, `jvp`, `vjp` and `hvp`, which take the function and the point.

All of them call `function(x)` with one argument, in the form in which `x` is given: a tensor for a tensor, a dict of
tensors for a dict. A list or a tuple stays one argument, too; a function of several parameters is differentiated as
`lambda x: f(*x)`. What a function reads from elsewhere, variables as well, counts as constant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from gradtape._autodiff.accumulator import accumulating
from gradtape._autodiff.custom import name_of
from gradtape._autodiff.sweep import Tape, UnconnectedGradients, gradients, zeros_like
from gradtape._autodiff.tape import GradientTape
from gradtape._core import nest
from gradtape._core.conversion import convert, shown
from gradtape._core.dtypes import is_differentiable
from gradtape._core.slices import IndexedSlices
from gradtape._core.tensor import Tensor, make_tensor
from gradtape._core.tracking import attach, detach
from gradtape._core.variable import Variable
from gradtape.errors import InvalidArgumentError


class Point:
    """Where a function is differentiated: its argument, made of fresh tensors, and these in a list."""

    __slots__ = ("argument", "form", "tensors")

    def __init__(self, form: Any, tensors: list[Tensor]) -> None:
        self.form = form
        self.tensors = tensors
        self.argument = in_form(form, tensors)

    def filled(self, found: list[Any]) -> Any:
        """Returns one tensor for each of the argument's, in the argument's form; None becomes zeros, rows an array."""
        for position, each in enumerate(found):
            if type(each) is not Tensor:
                found[position] = filled_in(each, self.tensors[position])
        return in_form(self.form, found)


def in_form(form: Any, leaves: list[Any]) -> Any:
    """Returns `leaves` in the form of `form`."""
    kind = type(form)
    if kind is Tensor:
        return leaves[0]
    # A list of leaves is what models have.
    if kind is list and len(form) == len(leaves) and not any(map(nest.is_nested, form)):
        return leaves.copy()
    return nest.rebuild(form, iter(leaves))


class Result:
    """What a function returned, its tensors in a list, and those of them that can have a derivative."""

    __slots__ = ("smooth", "tensors", "value")

    def __init__(self, value: Any, tensors: list[Tensor], smooth: list[Tensor]) -> None:
        self.value = value
        self.tensors = tensors
        self.smooth = smooth


def point_at(function: Any, x: Any) -> Point:
    """Returns the point `x`, of tensors of its own: what else the function does with those of `x` does not count.

    The new tensors are followed by all that follow those of `x`, so that derivatives nest.

    Raises:
        InvalidArgumentError: something in `x` is of a dtype without derivatives.
    """
    tensors = [fresh(x)] if type(x) is Tensor else [fresh(leaf) for leaf in nest.flatten(x)]
    for tensor in tensors:
        if not is_differentiable(tensor._value.dtype):
            raise not_differentiable(function, x, tensors)
    return Point(x, tensors)


def fresh(value: Any) -> Tensor:
    """Returns a value as a tensor that nobody else holds."""
    if type(value) is not Tensor:
        tensor = convert(value)
        if not isinstance(value, Tensor | Variable):
            return tensor
        value = tensor
    array = value._value
    # A view, since tapes know by its array, too, what was given to them to watch.
    copy = make_tensor(array.view() if type(array) is np.ndarray else array)
    if value._tape is not None:
        copy._index, copy._tape = value._index, value._tape
    return copy


def watching(tape: GradientTape, point: Point) -> Tape:
    """Makes a tape that has just begun follow the tensors of a point; returns the records behind it."""
    tracker = tape._active()
    for index, tensor in enumerate(point.tensors):
        attach(tensor, tracker, index)
        tracker.records.append(None)
    return tracker


def result_of(function: Callable[[Any], Any], point: Point) -> Result:
    """Returns what `function` gives at a point.

    Raises:
        TypeError: it returns something that is no tensor.
        InvalidArgumentError: it returns nothing that can have a derivative.
    """
    value = function(point.argument)
    if type(value) is Tensor:
        tensors = [value]
    else:
        leaves = nest.flatten(value)
        for leaf in leaves:
            if not isinstance(leaf, Tensor | Variable | IndexedSlices):
                raise no_tensor(function, value, leaf)
        tensors = [convert(leaf) for leaf in leaves]
        value = nest.rebuild(value, iter(tensors))
    smooth = [tensor for tensor in tensors if is_differentiable(tensor._value.dtype)]
    if not smooth:
        raise InvalidArgumentError(
            f"{name_of(function)} returned {forms(tensors) or 'no tensor at all'}, and there is no derivative of that: "
            "its result has to be a floating-point or complex tensor, computed without integers on the way."
        )
    return Result(value, tensors, smooth)


def scalar_of(function: Callable[[Any], Any], point: Point) -> Tensor:
    """Returns the one scalar that `function` gives at a point.

    Raises:
        TypeError: it returns something that is no tensor.
        InvalidArgumentError: it returns several tensors, or one that is no scalar.
    """
    tensors = result_of(function, point).tensors
    if len(tensors) != 1:
        raise InvalidArgumentError(
            f"{name_of(function)} returned {len(tensors)} tensors ({forms(tensors)}), where one scalar is needed: "
            "return their sum, or use vjp."
        )
    tensor = tensors[0]
    if tensor._value.ndim:
        raise InvalidArgumentError(
            f"{name_of(function)} returned shape {list(tensor._value.shape)}, where a scalar is needed; differentiate "
            "tf.reduce_sum(…) of it or use jacobian."
        )
    return tensor


def directions(tensors: list[Tensor], form: Any, given: Any, what: str) -> list[Tensor]:
    """Returns the tangents or cotangents that a user gave for `tensors`, which stand in `form`, as a list.

    Raises:
        InvalidArgumentError: the form, a shape or a dtype is another.
    """
    found = []
    for tensor, (path, part) in zip(tensors, parts(form, given, what), strict=True):
        try:
            direction = convert(part, tensor.dtype)
        except (TypeError, ValueError) as error:
            raise InvalidArgumentError(f"{path}: {error}") from None
        if direction._value.shape != tensor._value.shape:
            raise InvalidArgumentError(
                f"{path} has shape {list(direction._value.shape)}, and belongs to a tensor of shape "
                f"{list(tensor._value.shape)}: the two have to be equal."
            )
        found.append(direction)
    return found


def value_and_gradient(
    function: Callable[[Any], Any], x: Any, unconnected_gradients: Any = UnconnectedGradients.NONE
) -> tuple[Tensor, Any]:
    """Returns the value of a function at `x`, and its gradient there.

    Args:
        function: called as `function(x)`, with tensors in the form of `x`; returns a scalar tensor.
        x: a tensor, a variable, an array or a number, or a structure (lists, tuples, dicts) of them: floating-point or
            complex. Lists and tuples stay one argument: write `lambda x: f(*x)` for a function of several.
        unconnected_gradients: `"none"`: something in `x` that the result does not depend on is an error; `"zero"`:
            its gradient is zeros.

    Returns:
        The value, and a structure of the form of `x`: tensors of the shapes and dtypes in `x`.

    Raises:
        TypeError: `function` returns something that is no tensor.
        InvalidArgumentError: `function` returns something else than one scalar, something in `x` is an integer, or the
            result does not depend on something in `x`.

    >>> import gradtape as tf
    >>> loss = lambda p: tf.reduce_sum((p["w"] * 3.0 + p["b"] - 1.0) ** 2.0)
    >>> value, gradient = tf.autodiff.value_and_gradient(loss, {"w": 2.0, "b": tf.constant([0.0, 1.0])})
    >>> value.numpy(), gradient["w"].numpy(), gradient["b"].numpy()
    (np.float32(61.0), np.float32(66.0), array([10., 12.], dtype=float32))
    """
    strict = unconnected_gradients is UnconnectedGradients.NONE
    if not strict:
        strict = UnconnectedGradients(unconnected_gradients) is UnconnectedGradients.NONE
    point = point_at(function, x)
    with GradientTape(watch_accessed_variables=False) as tape:
        tracker = watching(tape, point)
        value = scalar_of(function, point)
    found = gradients(tracker, [value], point.tensors, None)
    tracker.close()
    if strict:
        for g in found:
            if g is None:
                raise not_connected(function, x, found)
    detach([value], tracker)
    return value, point.filled(found)


def vjp(function: Callable[[Any], Any], primals: Any, cotangents: Any = None) -> tuple[Any, Any]:
    """Returns the value of a function at `primals`, and the product of cotangents with its Jacobian there.

    Args:
        function: called as `function(primals)`, with tensors in the form of `primals`; returns a tensor or a structure
            of them.
        primals: a tensor, a variable, an array or a number, or a structure (lists, tuples, dicts) of them.
        cotangents: in the form of the result, for each tensor one of its shape and dtype; ones by default. What stands
            there for a result of integers is not looked at.

    Returns:
        The value, and a structure of the form of `primals`; zeros where the result does not depend on it. Complex
        numbers follow TensorFlow's convention, as `GradientTape.gradient` does.

    Raises:
        TypeError: `function` returns something that is no tensor.
        InvalidArgumentError: something in `primals` is an integer, nothing in the result has a derivative, or the
            cotangents do not fit the result.

    >>> import gradtape as tf
    >>> value, product = tf.autodiff.vjp(lambda x: x * x, tf.constant([1.0, 2.0]), tf.constant([1.0, 10.0]))
    >>> value.numpy(), product.numpy()
    (array([1., 4.], dtype=float32), array([ 2., 40.], dtype=float32))
    """
    point = point_at(function, primals)
    with GradientTape(watch_accessed_variables=False) as tape:
        tracker = watching(tape, point)
        result = result_of(function, point)
    seeds = None if cotangents is None else cotangents_of(result, cotangents)
    found = gradients(tracker, result.smooth, point.tensors, seeds)
    tracker.close()
    detach(result.tensors, tracker)
    return result.value, point.filled(found)


def jvp(function: Callable[[Any], Any], primals: Any, tangents: Any) -> tuple[Any, Any]:
    """Returns the value of a function at `primals`, and the product of its Jacobian there with `tangents`.

    It is computed forwards, beside the value: nothing is kept, however long the computation is.

    Args:
        function: called as `function(primals)`, with tensors in the form of `primals`; returns a tensor or a structure
            of them.
        primals: a tensor, a variable, an array or a number, or a structure (lists, tuples, dicts) of them.
        tangents: in the form of `primals`, for each a direction of its shape and dtype.

    Returns:
        The value, and a structure of its form; zeros where the result does not depend on `primals`.

    Raises:
        TypeError: `function` returns something that is no tensor.
        InvalidArgumentError: something in `primals` is an integer, nothing in the result has a derivative, or the
            tangents do not fit `primals`.

    >>> import gradtape as tf
    >>> value, product = tf.autodiff.jvp(lambda x: x * x, tf.constant([1.0, 2.0]), tf.constant([1.0, 10.0]))
    >>> value.numpy(), product.numpy()
    (array([1., 4.], dtype=float32), array([ 2., 40.], dtype=float32))
    """
    point = point_at(function, primals)
    accumulator = accumulating(point.tensors, directions(point.tensors, primals, tangents, "tangent"))
    with accumulator:
        result = result_of(function, point)
    products = [filled_in(accumulator.tangent_of(tensor), tensor) for tensor in result.tensors]
    detach(result.tensors, accumulator._tracker)
    return result.value, nest.rebuild(result.value, iter(products))


def hvp(function: Callable[[Any], Any], x: Any, direction: Any) -> Any:
    """Returns the product of the Hessian of a function at `x` with a direction, without the Hessian.

    It costs two to three gradients, however many variables there are: one tape records the function and its gradient,
    and goes back through both (Pearlmutter, "Fast exact multiplication by the Hessian", 1994).

    Args:
        function: called as `function(x)`, with tensors in the form of `x`; returns a scalar tensor.
        x: a tensor, a variable, an array or a number, or a structure (lists, tuples, dicts) of them.
        direction: in the form of `x`, for each a tensor of its shape and dtype.

    Returns:
        A structure of the form of `x`; zeros where the gradient does not move, as that of a linear function.

    Raises:
        TypeError: `function` returns something that is no tensor.
        InvalidArgumentError: `function` returns something else than one scalar, something in `x` is an integer, or
            `direction` does not fit `x`.

    >>> import gradtape as tf
    >>> f = lambda x: x[0] ** 2.0 * x[1]
    >>> tf.autodiff.hvp(f, tf.constant([1.0, 2.0]), tf.constant([1.0, 0.0])).numpy()
    array([4., 2.], dtype=float32)
    """
    point = point_at(function, x)
    seeds = directions(point.tensors, x, direction, "direction")
    with GradientTape(watch_accessed_variables=False) as tape:
        tracker = watching(tape, point)
        value = scalar_of(function, point)
        found = gradients(tracker, [value], point.tensors, None)
        gradient = [g.dense() if isinstance(g, IndexedSlices) else g for g in found]
    moving = [position for position, g in enumerate(gradient) if g is not None]
    # The Hessian is symmetric: what its rows give backwards is its product with the direction.
    targets, weights = [gradient[each] for each in moving], [seeds[each] for each in moving]
    found = gradients(tracker, targets, point.tensors, weights)
    tracker.close()
    return point.filled(found)


def cotangents_of(result: Result, given: Any) -> list[Tensor]:
    """Returns the cotangents that a user gave for a result, those of its integers left out."""
    if len(result.smooth) == len(result.tensors):
        return directions(result.tensors, result.value, given, "cotangent")
    found = zip(result.tensors, parts(result.value, given, "cotangent"), strict=True)
    wanted = [part for tensor, (_, part) in found if is_differentiable(tensor._value.dtype)]
    return directions(result.smooth, result.smooth, wanted, "cotangent")


def filled_in(found: Any, tensor: Tensor) -> Tensor:
    """Returns a derivative as a tensor; None as zeros of the shape and dtype of `tensor`."""
    if found is None:
        return zeros_like(tensor)
    return found.dense() if isinstance(found, IndexedSlices) else found


def paths(structure: Any, name: str = "x") -> list[str]:
    """Returns how to write each leaf of a structure that is called `name`: `x['w'][1]`, in the order of `flatten`."""
    return [path for path, _ in parts(structure, structure, name)]


def parts(form: Any, given: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Yields how to write each leaf of `form`, and what stands in its place in `given`, in the order of `flatten`.

    Raises:
        InvalidArgumentError: `given` is of another form than `form`; what stands at a leaf may be anything.
    """
    if not nest.is_nested(form):
        yield name, given
        return
    keyed = isinstance(form, Mapping)
    if not nest.is_nested(given) or keyed != isinstance(given, Mapping) or len(given) != len(form):
        raise InvalidArgumentError(f"{name} has to be of the form of what it belongs to, {shown(form)}; got {given!r}.")
    fields = getattr(form, "_fields", None)
    # The keys of a mapping in the order of `flatten`, which gives their numbers in that order.
    keys = list(form) if keyed else range(len(form))
    for position in nest.flatten(dict(zip(keys, range(len(keys)), strict=True))):
        key = keys[position]
        if keyed and key not in given:
            raise InvalidArgumentError(f"{name} lacks the key {key!r}; got {shown(given)}.")
        yield from parts(form[key], given[key], f"{name}.{fields[key]}" if fields else f"{name}[{key!r}]")


def forms(tensors: list[Tensor]) -> str:
    """Returns the dtypes and shapes of tensors, for a message."""
    return ", ".join(f"{tensor.dtype.name}{list(tensor._value.shape)}" for tensor in tensors)


def not_differentiable(function: Any, x: Any, tensors: list[Tensor]) -> InvalidArgumentError:
    """Returns the error for integers where a derivative is wanted."""
    path, tensor = next(
        (path, tensor)
        for path, tensor in zip(paths(x), tensors, strict=True)
        if not is_differentiable(tensor._value.dtype)
    )
    return InvalidArgumentError(
        f"{name_of(function)} cannot be differentiated with respect to {path}, of dtype {tensor.dtype.name}: only "
        "floating-point and complex numbers have derivatives. Write 3.0 for 3, or tf.cast(x, tf.float32); leave what "
        "is constant to the function itself."
    )


def not_connected(function: Any, x: Any, found: list[Any]) -> InvalidArgumentError:
    """Returns the error for a result that does not depend on something in `x`, where `found` has None."""
    unknown = " or ".join(path for path, g in zip(paths(x), found, strict=True) if g is None)
    return InvalidArgumentError(
        f"The result of {name_of(function)} does not depend on {unknown}: it was not computed from it by operations "
        "that have a gradient (`.numpy()`, integers, round and stop_gradient cut the path). Where that is meant, pass "
        'unconnected_gradients="zero".'
    )


def no_tensor(function: Any, value: Any, leaf: Any) -> TypeError:
    """Returns the error for a function that returns something else than tensors."""
    inside = "" if leaf is value else f", in which {shown(leaf)} is no tensor"
    hint = " Does it lack a `return`?" if value is None else ""
    return TypeError(
        f"{name_of(function)} has to return a tensor, or a structure of tensors, and returned {shown(value)} of type "
        f"{type(value).__name__!r}{inside}.{hint}"
    )
