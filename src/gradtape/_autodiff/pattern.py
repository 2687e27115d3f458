"""Which results depend on which inputs: index sets that go through the operations beside the values."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from math import prod
from typing import Any

import numpy as np

from gradtape._autodiff.index_sets import IndexSets, empty, joined, of_matrix, singles, taken, union, united
from gradtape._autodiff.tape import GradientTape
from gradtape._core.conversion import convert
from gradtape._core.op import CUT, NOT_DIFFERENTIABLE, OPS, ZERO, Op
from gradtape._core.tensor import Carried, Carrier, Tensor, make_tensor

Shape = tuple[int, ...]
Letters = Sequence[Hashable]


class Marked(Carried):
    """An array, and for each of its elements the set of inputs that it depends on.

    Where NumPy reads it, it is the array; NumPy does not compute with it.
    """

    __slots__ = ("array", "dtype", "ndim", "sets", "shape", "size")

    def __init__(self, array: Any, sets: IndexSets) -> None:
        self.array, self.sets = array, sets
        self.shape, self.dtype, self.ndim, self.size = array.shape, array.dtype, array.ndim, array.size

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return np.array(self.array, dtype=dtype)

    def __array_ufunc__(self, ufunc: Any, method: str, *values: Any, **keywords: Any) -> Any:
        # A question has no derivative.
        return ufunc(self.array) if ufunc in (np.isfinite, np.isinf, np.isnan) else self._refuse()

    def _refuse(self, *arguments: Any) -> Any:
        """Raises TypeError where what knows nothing of the sets would lose them."""
        raise TypeError(
            "What depends on x goes through operations of tensors alone while the sparsity of a derivative is found, "
            "not through vectorized_map, jacobian or a variable. Give `pattern` yourself."
        )

    mapped = view = _refuse


def reading(method: str) -> Callable[..., Any]:
    """Returns a method that reads the array alone, as a tensor without index sets does."""

    def read(self: Any, *arguments: Any, **keywords: Any) -> Any:
        return getattr(make_tensor(self._value.array), method)(*arguments, **keywords)

    return read


class MarkedTensor(Carrier):
    """A tensor with index sets; Python may read its value, which is a constant then, as it is for a tape."""

    __slots__ = ()
    priority = 1
    what = "an array with the index sets of its elements"

    __bool__, __int__, __float__, __complex__ = map(reading, ("__bool__", "__int__", "__float__", "__complex__"))
    __index__, __array__, __dlpack__, numpy = map(reading, ("__index__", "__array__", "__dlpack__", "numpy"))
    __str__, __repr__, __format__ = map(reading, ("__str__", "__repr__", "__format__"))

    @staticmethod
    def run(op: Op, tensors: list[Tensor], params: dict[str, Any]) -> Any:
        """Returns the value of `op`, and of each element the union of the sets that it depends on."""
        arrays = [array_of(tensor) for tensor in tensors]
        result = op.body(arrays, **params) if op.variadic else op.body(*arrays, **params)
        results: list[Any] = [np.asarray(each) for each in result] if op.outputs else [np.asarray(result)]
        sets = {k: each._value.sets for k, each in enumerate(tensors) if type(each) is MarkedTensor and counts(op, k)}
        if sets:
            found = dependence(op, arrays, params, results, sets)
            # What depends on nothing is an ordinary array again.
            results = [
                Marked(value, each) if len(each.indices) else value for value, each in zip(results, found, strict=True)
            ]
        return results if op.outputs else results[0]


Marked.carrier = MarkedTensor


def array_of(tensor: Tensor) -> Any:
    """Returns the value of a tensor as an array."""
    value: Any = tensor._value
    if isinstance(value, Marked):
        return value.array
    if isinstance(value, Carried):
        raise TypeError(
            f"No sparsity of a derivative is found where a tensor is {value.carrier.what}: give `pattern` yourself."
        )
    return value


def counts(op: Op, position: int) -> bool:
    """True if the derivative of `op` with respect to an input can be other than 0."""
    rule = op.rules[op.inputs[0 if op.variadic else position]]
    return rule not in (NOT_DIFFERENTIABLE, CUT, ZERO)


def dependence(
    op: Op, arrays: list[Any], params: dict[str, Any], results: list[Any], sets: dict[int, IndexSets]
) -> list[IndexSets]:
    """Returns for each result of `op` the sets of its elements, from those of the inputs that have some."""
    if op.family == "elementwise" or op.name in ALIKE:
        return [union([spread(sets[k], arrays[k].shape, results[0].shape) for k in sets])]
    if op.name in MOVES:
        return moved(op, arrays, params, sets)
    if op.name in SCATTERS:
        places = SCATTERS[op.name](numbers(results[0].shape), arrays, params)
        return [united(next(iter(sets.values())), places.reshape(-1), results[0].size)]
    if op.name in SCANS:
        backwards = params.get("reverse", False) or params.get("back", False)
        before = triangle(results[0].shape, params["axis"], backwards, params.get("exclusive", False))
        return [union([of_matrix(before @ each.matrix) for each in sets.values()])]
    shapes = [array.shape for array in arrays]
    found = []
    for result in results:
        letters, own = LETTERS.get(op.name, unrelated)(shapes, result.shape, params)
        found.append(union([followed(sets[k], shapes[k], letters[k], result.shape, own) for k in sets]))
    return found


def spread(sets: IndexSets, shape: Shape, result_shape: Shape) -> IndexSets:
    """Returns the sets of an array that is broadcast."""
    if shape == result_shape:
        return sets
    return taken(sets, np.broadcast_to(numbers(shape), result_shape).reshape(-1))


# Operations that put elements elsewhere.


def numbers(shape: Shape, start: int = 0) -> Any:
    """Returns the numbers of an array's elements, from `start + 1`, in its shape."""
    return np.arange(start + 1, start + 1 + prod(shape)).reshape(shape)


def moved(op: Op, arrays: list[Any], params: dict[str, Any], sets: dict[int, IndexSets]) -> list[IndexSets]:
    """Returns the sets of what an operation took from its inputs: it runs on the elements' numbers in their place.

    Inputs without sets are 0, which stands for no element, and so is what the operation fills in itself.
    """
    named, start = [], 0
    for k, array in enumerate(arrays):
        if k in sets:
            named.append(numbers(array.shape, start))
            start += array.size
        else:
            named.append(np.zeros(array.shape, int) if counts(op, k) else array)
    if "constant" in params:
        params = {**params, "constant": 0}
    result = op.body(named, **params) if op.variadic else op.body(*named, **params)
    whole = joined([*sets.values()])
    # Some operations change the sign of what they move.
    return [taken(whole, np.abs(each).reshape(-1)) for each in (result if op.outputs else [result])]


MOVES = frozenset((
    "band_part", "broadcast_to", "concat", "diagonal_filled", "diagonal_part", "expand_dims", "gather", "getitem",
    "identity", "minus_at_label", "minus_of_label", "pad_constant", "place", "put_along", "reshape", "reverse", "roll",
    "shifted", "split", "squeeze", "stack", "take_along", "take_nd", "tensor_scatter_nd_update", "tile", "transpose",
    "unstack",
))  # fmt: skip
"""What takes each element of its results from one element of its inputs, or fills in a constant."""


def scattered_along(of: Any, arrays: list[Any], params: dict[str, Any]) -> Any:
    """Where `scatter_along` adds its elements."""
    return OPS["gather"].body(of, arrays[1], None, params["axis"], params["batch_dims"])


SCATTERS: dict[str, Callable[[Any, list[Any], dict[str, Any]], Any]] = {
    "scatter_along": scattered_along,
    "scatter_nd": lambda of, arrays, params: OPS["take_nd"].body(of, arrays[0]),
    "scatter_rows": lambda of, arrays, params: OPS["gather"].body(of, arrays[1], None, 0, 0),
    "sum_to": lambda of, arrays, params: np.broadcast_to(of, arrays[0].shape),
}
"""What adds each element of its input to one element of its result: which one, from the numbers of the result's."""


# Operations that go along axes.


def triangle(shape: Shape, axis: int, backwards: bool, exclusive: bool) -> Any:
    """Returns which elements come before each one along an axis, itself included unless `exclusive`."""
    from scipy.sparse import csr_array

    axis %= len(shape)
    first, second = np.tril_indices(shape[axis], -1 if exclusive else 0)
    if backwards:
        first, second = second, first
    outer = np.arange(prod(shape[:axis])).reshape(-1, 1, 1) * shape[axis]
    inner = np.arange(prod(shape[axis + 1 :]))
    size, width = prod(shape), len(inner)
    pairs = [((outer + each[:, None]) * width + inner).reshape(-1) for each in (first, second)]
    return csr_array((np.ones(len(pairs[0]), bool), tuple(pairs)), shape=(size, size))


SCANS = frozenset(("cumsum", "cumprod", "running_logsumexp", "recurrence"))


def followed(sets: IndexSets, shape: Shape, letters: Letters, result_shape: Shape, own: Letters) -> IndexSets:
    """Returns the sets of a result whose axes follow those of an input.

    Args:
        sets: the sets of the input's elements.
        shape: the shape of the input.
        letters: a letter for each of its axes.
        result_shape: the shape of the result.
        own: the letters of the result's axes.

    Returns:
        The sets of the result: an element depends on those of the input whose indices are its own on the axes that have
        the same letter, and any on the other ones. An axis of size 1 of the input is broadcast.
    """
    shared = {letter: size for letter, size in zip(letters, shape, strict=True) if letter in own}
    count = prod(shared.values())
    if count != len(sets):
        sets = united(sets, grouped(shape, letters, shared), count)
    places = grouped(result_shape, own, shared)
    if len(places) == count and np.array_equal(places, np.arange(1, count + 1)):
        return sets
    return taken(sets, places)


def grouped(shape: Shape, letters: Letters, shared: dict[Hashable, int]) -> Any:
    """Returns for each element of an array the number, from 1, of its group: that of its indices on the shared axes."""
    number, step = np.ones((1,) * len(shape), int), 1
    for letter, size in reversed(shared.items()):
        if size > 1:
            behind = len(shape) - 1 - [*letters].index(letter)
            number = number + step * np.arange(size).reshape((size, *(1,) * behind))
        step *= size
    return np.broadcast_to(number, shape).reshape(-1)


def unrelated(shapes: list[Shape], result_shape: Shape, params: dict[str, Any]) -> tuple[list[Letters], Letters]:
    """The letters of operations of which nothing is known: all depends on all."""
    return [range(len(shape)) for shape in shapes], [("own", axis) for axis in range(len(result_shape))]


def reduced(shapes: list[Shape], result_shape: Shape, params: dict[str, Any]) -> tuple[list[Letters], Letters]:
    """The letters of reductions."""
    rank, axis = len(shapes[0]), params["axis"]
    axes = range(rank) if axis is None else [each % rank for each in ([axis] if isinstance(axis, int) else axis)]
    if params.get("keepdims"):
        own: Letters = [("own", each) if each in axes else each for each in range(rank)]
    else:
        own = [each for each in range(rank) if each not in axes]
    return [range(rank)] * len(shapes), own


def mixed(shapes: list[Shape], result_shape: Shape, params: dict[str, Any]) -> tuple[list[Letters], Letters]:
    """The letters of operations that keep the shape and mix what stands along an axis."""
    return reduced(shapes, result_shape, {**params, "keepdims": True})


def matrices(shapes: list[Shape], result_shape: Shape, params: dict[str, Any]) -> tuple[list[Letters], Letters]:
    """The letters of a product of matrices."""
    first, second = ["row", "inner"], ["inner", "column"]
    first = first[::-1] if params["transpose_a"] else first
    second = second[::-1] if params["transpose_b"] else second
    front, behind = (range(-len(shape), -2) for shape in shapes)
    return [[*front, *first], [*behind, *second]], [*range(-len(result_shape), -2), "row", "column"]


def vectors(shapes: list[Shape], result_shape: Shape, params: dict[str, Any]) -> tuple[list[Letters], Letters]:
    """The letters of a product of matrices with vectors."""
    (first, second), own = matrices([shapes[0], (*shapes[1], 1)], (*result_shape, 1), {**params, "transpose_b": False})
    return [first, second[:-1]], own[:-1]


def solved(shapes: list[Shape], result_shape: Shape, params: dict[str, Any]) -> tuple[list[Letters], Letters]:
    """The letters of systems of equations: each column of the right-hand sides has a solution of its own."""
    front, behind = (range(-len(shape), -2) for shape in shapes)
    return [[*front, "row", "inner"], [*behind, "right", "column"]], [*range(-len(result_shape), -2), "own", "column"]


def apart(shapes: list[Shape], result_shape: Shape, params: dict[str, Any]) -> tuple[list[Letters], Letters]:
    """The letters of functions of a matrix, such as its factors: each of several matrices for itself."""
    several = range(len(shapes[0]) - 2)
    own = [("own", axis) for axis in range(len(result_shape) - len(several))]
    return [[*several, "row", "column"]], [*several, *own]


def contracted(shapes: list[Shape], result_shape: Shape, params: dict[str, Any]) -> tuple[list[Letters], Letters]:
    """The letters of a contraction over pairs of axes."""
    axes, (first, second) = params["axes"], map(len, shapes)
    pairs = (range(first - axes, first), range(axes)) if isinstance(axes, int) else axes
    of_first: list[Hashable] = [("first", axis) for axis in range(first)]
    of_second: list[Hashable] = [("second", axis) for axis in range(second)]
    for one, other in zip(*pairs, strict=True):
        of_first[one] = of_second[other] = ("inner", one % first)
    inner = set(of_first) & set(of_second)
    return [of_first, of_second], [each for each in of_first + of_second if each not in inner]


def lettered(shapes: list[Shape], result_shape: Shape, params: dict[str, Any]) -> tuple[list[Letters], Letters]:
    """The letters of an Einstein sum."""
    inputs, own = params["equation"].split("->")
    return inputs.split(","), own


LETTERS: dict[str, Callable[[list[Shape], Shape, dict[str, Any]], tuple[list[Letters], Letters]]] = {
    "cholesky": apart,
    "cross_entropy": reduced,
    "log_softmax": mixed,
    "matrix_product": matrices,
    "real_norm": reduced,
    "real_std": reduced,
    "real_variance": reduced,
    "reduce_logsumexp": reduced,
    "reduce_max": reduced,
    "reduce_mean": reduced,
    "reduce_min": reduced,
    "reduce_prod": reduced,
    "reduce_sum": reduced,
    "softmax": mixed,
    "sum_of_two": lettered,
    "tensordot": contracted,
    "triangular_solve": solved,
    "vector_product": vectors,
}
"""The operations whose axes follow those of their inputs: what gives the letters. All depends on all in others."""

ALIKE = frozenset(("add_n", "cast_between"))
"""What is elementwise, though of another family."""


# The patterns of derivatives.


def jacobian_pattern(function: Callable[[Any], Any], x: Tensor, result: Callable[[Any], Tensor]) -> Any:
    """Returns which elements of `function(x)` depend on which of `x`; `result` checks what the function returned."""
    return rows_of(result(function(marked(x))), x)


def hessian_pattern(function: Callable[[Any], Any], x: Tensor, result: Callable[[Any], Tensor]) -> Any:
    """Returns which elements of the gradient of `function` at `x` depend on which of `x`."""
    inputs = marked(x)
    with GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(inputs)
        y = result(function(inputs))
    gradient = tape.gradient(y, inputs)
    return rows_of(None if gradient is None else convert(gradient), x)


def marked(x: Tensor) -> Tensor:
    """Returns a tensor each element of which depends on itself."""
    return make_tensor(Marked(x._value, singles(x._value.size, 0, x._value.size)))


def rows_of(tensor: Tensor | None, x: Tensor) -> Any:
    """Returns the sets of a result as the rows of a matrix; empty ones where it does not depend on `x`."""
    if type(tensor) is MarkedTensor:
        return tensor._value.sets.matrix
    return empty(x._value.size if tensor is None else tensor._value.size, x._value.size).matrix
