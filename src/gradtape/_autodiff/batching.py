"""Batching: operations run at once on many inputs, which lie along leading axes of one array.

A `Batch` is an array with such axes in front; it shows the shape of one input. Each batch axis has a *level*, a number
that grows with every map or Jacobian that is begun: batches of two levels have two leading axes, in that order.
"""

from __future__ import annotations

from functools import cache
from itertools import count
from math import prod
from typing import Any

import numpy as np

from gradtape._core import nest
from gradtape._core.conversion import convert
from gradtape._core.dispatch import shown_name
from gradtape._core.dtypes import is_differentiable
from gradtape._core.op import OPS, Op, Rule
from gradtape._core.slices import IndexedSlices
from gradtape._core.tensor import Carried, Carrier, Tensor, make_tensor
from gradtape._core.tracking import RECORDING, live_trackers
from gradtape.errors import InternalError, InvalidArgumentError

Levels = tuple[int, ...]
new_level = count(1).__next__


class BatchTensor(Carrier):
    """A tensor that stands for many at once."""

    __slots__ = ()
    what = "a batch of them at once"

    @staticmethod
    def run(op: Op, tensors: list[Tensor], params: dict[str, Any]) -> Any:
        """Runs an operation on all inputs of a batch at once."""
        values = [tensor._value for tensor in tensors]
        if op.shape is not None and op.family != "elementwise":
            # Axes and sizes are checked against the shape of one input: the arrays have more axes.
            shapes = [value.shape for value in values]
            op.shape(*([shapes] if op.variadic else shapes), **params)
        return run_batched(op, values, params)


class Batch(Carried):
    """An array with an axis in front for each of its levels; `shape` is that of one element of the batch."""

    __slots__ = ("array", "levels", "ndim", "shape")
    carrier = BatchTensor
    # NumPy leaves `array * batch` to the class below.
    __array_ufunc__ = None

    def __init__(self, array: Any, levels: Levels) -> None:
        self.array = array
        self.levels = levels
        self.shape = array.shape[len(levels) :]
        self.ndim = array.ndim - len(levels)

    @property
    def dtype(self) -> Any:
        """The NumPy dtype."""
        return self.array.dtype

    @property
    def sizes(self) -> dict[int, int]:
        """The number of elements of the batch, by level."""
        return dict(zip(self.levels, self.array.shape, strict=False))

    @property
    def size(self) -> int:
        """The number of elements of one element of the batch."""
        return prod(self.shape)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(f"a batch has no attribute {name!r}")
        # Whoever asks for a method of arrays wants the numbers of one element.
        tensor: Any = make_tensor(self)
        return tensor._refuse()

    def __add__(self, other: Any) -> Any:
        return other + self if type(other) is IndexedSlices else pair(np.add, self, other)

    __radd__ = __add__

    def __mul__(self, other: Any) -> Any:
        return pair(np.multiply, self, other)

    __rmul__ = __mul__

    def __sub__(self, other: Any) -> Any:
        return pair(np.subtract, self, other)

    def __rsub__(self, other: Any) -> Any:
        return pair(np.subtract, other, self)

    def __truediv__(self, other: Any) -> Any:
        return pair(np.true_divide, self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return pair(np.true_divide, other, self)

    def __pow__(self, other: Any) -> Any:
        return pair(np.power, self, other)

    def __rpow__(self, other: Any) -> Any:
        return pair(np.power, other, self)

    def __neg__(self) -> Batch:
        return Batch(np.negative(self.array), self.levels)


def union(one: Levels, other: Levels) -> Levels:
    """Returns the levels of two batches together, in their order."""
    return one if one == other else tuple(sorted({*one, *other}))


def lined_up(value: Any, levels: Levels, rank: int) -> Any:
    """Returns a value as an array to broadcast with others: an axis for each of `levels`, then `rank` for the shape."""
    if type(value) is not Batch:
        return value
    array = value.array
    if value.levels == levels and value.ndim == rank:
        return array
    sizes = iter(array.shape)
    lead = [next(sizes) if level in value.levels else 1 for level in levels]
    return array.reshape((*lead, *(1,) * (rank - value.ndim), *value.shape))


def pair(function: Any, x: Any, y: Any) -> Any:
    """Returns an elementwise function of two values, at least one of them a batch."""
    if type(x) is Batch:
        if type(y) is not Batch:
            if getattr(y, "ndim", 0) <= x.ndim:
                return Batch(function(x.array, y), x.levels)
        elif x.levels == y.levels and x.ndim == y.ndim:
            return Batch(function(x.array, y.array), x.levels)
    elif getattr(x, "ndim", 0) <= y.ndim:
        return Batch(function(x, y.array), y.levels)
    levels = union(getattr(x, "levels", ()), getattr(y, "levels", ()))
    rank = max(getattr(x, "ndim", 0), getattr(y, "ndim", 0))
    return Batch(function(lined_up(x, levels, rank), lined_up(y, levels, rank)), levels)


def run_batched(op: Op, values: list[Any], params: dict[str, Any]) -> Any:
    """Returns the value of an operation on values of which some are batches; a list where it has several results."""
    levels: Levels = ()
    for value in values:
        if type(value) is Batch:
            levels = value.levels if not levels else union(levels, value.levels)
    if not levels:
        return op.body(values, **params) if op.variadic else op.body(*values, **params)
    if op.family == "elementwise":
        rank = max([getattr(value, "ndim", 0) for value in values])
        return Batch(op.body(*[lined_up(value, levels, rank) for value in values], **params), levels)
    if op.batch is None:
        raise InternalError(f"{op.name}: the operation has no batching rule.")
    sizes = sizes_of(values, levels)
    batched = [type(value) is Batch for value in values]
    result = op.batch(op, [in_one_axis(value, levels, sizes) for value in values], batched, params)
    lead = (prod(sizes),)
    for each in result if op.outputs else (result,):
        if getattr(each, "shape", ())[:1] != lead:
            raise InternalError(
                f"{shown_name(op)}: the batching rule returned a result of shape {[*np.shape(each)]}, and "
                f"the {lead[0]} of the batch have to be its first axis."
            )
    if len(levels) > 1:
        parts = [each.reshape((*sizes, *each.shape[1:])) for each in (result if op.outputs else [result])]
        result = parts if op.outputs else parts[0]
    return [Batch(each, levels) for each in result] if op.outputs else Batch(result, levels)


def of_one_batch(results: list[Any], inputs: list[Any]) -> list[Any]:
    """Returns the results of a function with all the batch axes that one of them or of its inputs has.

    So that each element of a batch has a cotangent of its own for every result.
    """
    if not any(type(value) is Batch for value in (*results, *inputs)):
        return results
    levels: Levels = ()
    for value in (*results, *inputs):
        levels = union(levels, getattr(value, "levels", ()))
    sizes = sizes_of([*results, *inputs], levels)
    return [
        value
        if isinstance(value, Carried) and type(value) is not Batch
        else Batch(np.broadcast_to(lined_up(value, levels, value.ndim), (*sizes, *value.shape)), levels)
        for value in results
    ]


def sizes_of(values: list[Any], levels: Levels) -> tuple[int, ...]:
    """Returns the sizes of the batch axes of `levels`."""
    found: dict[int, int] = {}
    for value in values:
        if type(value) is Batch:
            found.update(zip(value.levels, value.array.shape, strict=False))
    return tuple([found[level] for level in levels])


def in_one_axis(value: Any, levels: Levels, sizes: tuple[int, ...]) -> Any:
    """Returns a value as an array, the batch axes of all levels made one."""
    if type(value) is not Batch:
        return value
    if len(levels) == 1:
        return value.array
    array = np.broadcast_to(lined_up(value, levels, value.ndim), (*sizes, *value.shape))
    return array.reshape((prod(sizes), *value.shape))


@cache
def batched(op: Op) -> Any:
    """Returns what an operation means in a rule that runs on batches: a function of the arguments of its body."""
    body = op.body
    count, names = len(op.inputs), op.parameters
    if op.family == "elementwise" and not op.params and count == 1:

        def unary(x: Any, name: Any = None) -> Any:
            return Batch(body(x.array), x.levels) if type(x) is Batch else body(x)

        return unary
    if op.family == "elementwise" and not op.params and count == 2:

        def binary(x: Any, y: Any, name: Any = None) -> Any:
            return pair(body, x, y) if type(x) is Batch or type(y) is Batch else body(x, y)

        return binary
    defaults = dict(zip(reversed(names), reversed(body.__defaults__ or ()), strict=False))

    def general(*arguments: Any, **keywords: Any) -> Any:
        given = dict(zip(names, arguments, strict=False))
        given.update(keywords)
        values = given[op.inputs[0]] if op.variadic else [given[name] for name in op.inputs]
        return run_batched(op, values, {n: given[n] if n in given else defaults[n] for n in op.params})

    return general


def entered(value: Any, level: int) -> Batch:
    """Returns a value whose first axis has become the batch axis of `level`."""
    if type(value) is not Batch:
        return Batch(value, (level,))
    levels = union(value.levels, (level,))
    return Batch(np.moveaxis(value.array, len(value.levels), levels.index(level)), levels)


def left(value: Any, level: int, size: int) -> Any:
    """Returns a value whose batch axis of `level` has become the first axis; what has none is repeated `size` times."""
    array, levels = (value.array, value.levels) if type(value) is Batch else (value, ())
    depth = len(levels)
    if level in levels:
        array = np.moveaxis(array, levels.index(level), depth - 1)
        levels = tuple([each for each in levels if each != level])
    else:
        array = np.asarray(array)
        array = np.broadcast_to(np.expand_dims(array, depth), (*array.shape[:depth], size, *array.shape[depth:]))
    return Batch(array, levels) if levels else array


class Boundary:
    """The step into a batch or out of it, as the engine reads an operation; each is the other's transpose."""

    family = "linear"
    params = types = ()
    holomorphic = variadic = outputs = False
    inputs = ("x",)

    def __init__(self, inwards: bool, level: int, size: int) -> None:
        self.name = "into a batch" if inwards else "out of a batch"
        self.inwards, self.level, self.size = inwards, level, size

    @property
    def rules(self) -> dict[str, Rule]:
        """The one rule; made when it is asked for, so that the two do not hold each other."""
        return {"x": BoundaryRule(self)}

    @property
    def transposed(self) -> Boundary:
        """The step in the other direction."""
        return Boundary(not self.inwards, self.level, self.size)

    def body(self, value: Any) -> Any:
        """The step on a value."""
        return entered(value, self.level) if self.inwards else left(value, self.level, self.size)

    def function(self, x: Tensor) -> Tensor:
        """The step on a tensor; all that follow it are told."""
        value = x._value
        # What another interpreter carries goes over part by part.
        apart = isinstance(value, Carried) and type(value) is not Batch
        output = make_tensor(value.mapped(self.function) if apart else self.body(value))
        if is_differentiable(output._value.dtype):
            for tracker in live_trackers([x]):
                tracker.record(self, [x], {}, [output])
        return output


class BoundaryRule(Rule):
    """The derivative rule of a `Boundary`: the step in the other direction, on tensors or on their values."""

    __slots__ = ("_body",)

    def __init__(self, step: Boundary) -> None:
        back = step.transposed
        self.function = back.function
        self._body = back.body
        self.residuals = ()

    def read(self, meaning: Any) -> Any:
        """The rule on values."""
        return self._body


def into_batch(x: Tensor, level: int) -> Tensor:
    """Returns a tensor that stands for the slices of `x` along its first axis, all at once."""
    return Boundary(True, level, x._value.shape[0]).function(x)


def out_of_batch(x: Tensor, level: int, size: int) -> Tensor:
    """Returns the tensors that `x` stands for, stacked along a new first axis; the same one each time if it is one."""
    if level in getattr(x._value, "sizes", ()):
        return Boundary(False, level, size).function(x)
    return OPS["broadcast_to"].function(x, (size, *x._value.shape))


def sum_of_batch(value: Any, level: int, size: int) -> Any:
    """Returns the sum over a batch axis; a value without it counts `size` times."""
    if type(value) is Batch and level in value.levels:
        levels = tuple([each for each in value.levels if each != level])
        total = np.add.reduce(value.array, axis=value.levels.index(level), dtype=value.dtype)
        return Batch(total, levels) if levels else total
    return value * value.dtype.type(size)


def vectorized_map(fn: Any, elems: Any, fallback_to_while_loop: bool = True, warn: bool = True) -> Any:
    """Returns what `fn` gives for each element of tensors along their first axis, computed for all of them at once.

    The random numbers that `fn` draws are others for each element; those of `tf.random.stateless_*` are the same.

    Args:
        fn: a function of one element: a tensor, or a structure of tensors as `elems` is one.
        elems: a tensor, or a structure of tensors with the same first dimension; one of size 1 is the same for all.
        fallback_to_while_loop: accepted; every operation can be vectorized.
        warn: accepted; there is nothing to warn of.

    Returns:
        What `fn` returns, each tensor with a first dimension for the elements; None stays None.

    Raises:
        ValueError: `elems` holds no tensor, or one without dimensions.
        InvalidArgumentError: the first dimensions differ.

    >>> import gradtape as tf
    >>> tf.vectorized_map(lambda x: tf.reduce_sum(x * x), tf.constant([[1.0, 2.0], [3.0, 4.0]])).numpy()
    array([ 5., 25.], dtype=float32)
    """
    tensors = [convert(each) for each in nest.flatten(elems)]
    shapes = [tensor._value.shape for tensor in tensors]
    sizes = {shape[0] for shape in shapes if shape}
    if not tensors or not all(shapes) or len(sizes - {1}) > 1:
        kind = InvalidArgumentError if tensors and all(shapes) else ValueError
        raise kind(
            "vectorized_map: elems must be tensors with at least one dimension, the first of one size for all of them; "
            f"got the shapes {[list(shape) for shape in shapes]}."
        )
    size = max(sizes) if 0 not in sizes else 0
    level = new_level()
    inside = [
        into_batch(tensor, level) if shape[0] == size else OPS["getitem"].function(tensor, 0)
        for tensor, shape in zip(tensors, shapes, strict=True)
    ]
    maps = RECORDING.maps
    RECORDING.maps = (*maps, (size, lambda drawn: into_batch(drawn, level)))
    try:
        result = fn(nest.pack_sequence_as(elems, inside))
    finally:
        RECORDING.maps = maps
    return nest.map_structure(lambda each: None if each is None else out_of_batch(convert(each), level, size), result)
