"""Cotangents whose zeros stay zeros: what was not chosen has no gradient, also where its derivative is infinite or NaN.

A cotangent of 0 times an infinite derivative is NaN in floating-point arithmetic, and 0 here. Nothing is paid for that
where all is finite: a pass runs as it is, and again with such cotangents if its results hold NaN.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradtape._autodiff.batching import Batch
from gradtape._core.dispatch import bind
from gradtape._core.op import OPS, Op
from gradtape._core.slices import IndexedSlices
from gradtape._core.tensor import Carried, Carrier, Tensor, make_tensor
from gradtape._core.tracking import Tracks

PRODUCTS = (np.multiply, np.matmul)


class AbsorbingArray(np.ndarray[Any, Any]):
    """A cotangent on arrays: its zeros are zeros of its products and of quotients of it."""

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, out: Any = None, **keywords: Any) -> Any:
        arrays = [bare(each) for each in inputs]
        if out is not None:
            keywords["out"] = tuple(map(bare, out))
        found = getattr(ufunc, method)(*arrays, **keywords)
        if method == "__call__" and len(arrays) == 2:
            position = 0 if isinstance(inputs[0], AbsorbingArray) else 1
            if ufunc in PRODUCTS or (ufunc is np.divide and position == 0):
                found = absorbed(found, arrays, position, None if ufunc is np.multiply else ufunc)
        return wrapped(found)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        plain = [bare(each) for each in args]
        found = function(*plain, **kwargs)
        if function is np.einsum and len(args) == 3:
            position = 0 if isinstance(args[1], AbsorbingArray) else 1
            found = absorbed(found, plain[1:], position, lambda x, y: np.einsum(plain[0], x, y))
        if function is np.tensordot and len(args) == 3:
            position = 0 if isinstance(args[0], AbsorbingArray) else 1
            found = absorbed(found, plain[:2], position, lambda x, y: np.tensordot(x, y, plain[2]))
        return wrapped(found)


def bare(value: Any) -> Any:
    """Returns an array as one of NumPy's own class; lists of them part by part."""
    if isinstance(value, (list, tuple)):
        return type(value)(map(bare, value))
    return value.view(np.ndarray) if isinstance(value, AbsorbingArray) else value


def wrapped(found: Any) -> Any:
    """Returns what NumPy made of a cotangent as one."""
    if isinstance(found, (list, tuple)):
        return type(found)(map(wrapped, found))
    return np.asarray(found).view(AbsorbingArray) if isinstance(found, np.ndarray | np.generic) else found


def absorbed(found: Any, inputs: list[Any], position: int, contract: Any) -> Any:
    """Returns a product or a quotient with the NaN gone that come of zeros of the cotangent, one of the two inputs.

    `contract` is the function that made it, if that also sums.
    """
    bad = np.isnan(found)
    if not bad.any():
        return found
    g, other = inputs[position], inputs[1 - position]
    if contract in (None, np.divide):
        gone = np.equal(g, 0) if contract else np.equal(g, 0) | (np.equal(other, 0) & np.isinf(g))
        return np.where(bad & gone, np.zeros((), found.dtype), found)
    finite = np.isfinite(other)
    pairs = (g, np.where(finite, other, np.zeros((), other.dtype))), ((g != 0) * 1.0, ~finite * 1.0)
    clean, spoiled = [contract(*(each if position == 0 else each[::-1])) for each in pairs]
    return np.where(spoiled > 0, found, clean).astype(found.dtype, copy=False)


class Absorbing(Carried):
    """A cotangent on tensors: the tensor itself, which is followed by what follows it."""

    __slots__ = ("dtype", "ndim", "shape", "size", "tensor")

    def __init__(self, tensor: Tensor) -> None:
        value = tensor._value
        self.tensor = tensor
        self.shape, self.dtype, self.ndim, self.size = value.shape, value.dtype, value.ndim, value.size

    @property
    def sizes(self) -> dict[int, int]:
        """The sizes of the batches that it is of, by level."""
        return getattr(self.tensor._value, "sizes", {})

    def mapped(self, function: Callable[[Tensor], Tensor]) -> Absorbing:
        """Returns a linear function of it."""
        return Absorbing(function(self.tensor))


class AbsorbingTensor(Carrier):
    """A tensor whose value is an `Absorbing`."""

    __slots__ = ()
    _followed = False
    priority = 3
    what = "a cotangent"

    @staticmethod
    def run(op: Op, tensors: list[Tensor], params: dict[str, Any]) -> Any:
        """Returns the values of the results of `op`: of products and quotients those that keep zeros."""
        inputs = [each._value.tensor if type(each) is AbsorbingTensor else each for each in tensors]
        positions = [i for i, each in enumerate(tensors) if type(each) is AbsorbingTensor]
        if len(tensors) == 2 and len(positions) == 1 and (op.name in ON_ELEMENTS or op.family == "bilinear"):
            result = product(op, inputs, positions[0], params)
        else:
            result = bind(op, inputs, params)
        values = [Absorbing(each) if each.dtype.is_floating or each.dtype.is_complex else each._value
                  for each in (result if op.outputs else [result])]  # fmt: skip
        return values if op.outputs else values[0]


Absorbing.carrier = AbsorbingTensor
ON_ELEMENTS = ("multiply", "scaled", "real_product", "truediv", "divide_no_nan", "multiply_no_nan")


def product(op: Op, inputs: list[Tensor], position: int, params: dict[str, Any]) -> Any:
    """Returns a product, or a quotient, in which the zeros of a cotangent stay, made of operations that keep them.

    They are linear in the cotangent, so that the derivative by it is the factor itself, infinite or not.
    """
    g, other = inputs[position], inputs[1 - position]
    call = {name: OPS[name].function for name in ("keep", "multiply_no_nan", "not_equal", "ratio", "select")}
    if op.name == "divide_no_nan" and position == 0:
        defined = call["not_equal"](other, 0.0)
        return call["keep"](call["ratio"](g, call["select"](defined, other, 1.0)), defined)
    if op.name == "multiply_no_nan":
        if position == 1:
            return bind(op, inputs, params)
        return call["keep"](call["multiply_no_nan"](other, g), call["not_equal"](other, 0.0))
    if op.name == "truediv" and position == 0:
        return call["ratio"](g, other)
    if op.family != "bilinear" and not g.dtype.is_complex and op.name != "truediv":
        # The least subgradient of a root at 0: its slope there is infinite, and that of a square 0.
        infinite, still = OPS["is_inf"].function(g), OPS["equal"].function(other, 0.0)
        elsewhere = OPS["logical_not"].function(OPS["logical_and"].function(infinite, still))
        found = bind(op, inputs, params) if other.dtype.is_complex else call["multiply_no_nan"](other, g)
        return call["keep"](found, elsewhere)
    if op.family != "bilinear" or not (g.dtype.is_floating and other.dtype.is_floating):
        return bind(op, inputs, params)
    finite = OPS["is_finite"].function(other)
    parts = [g, call["select"](finite, other, 0.0)]
    one, zero = (make_tensor(np.array(each, g._value.dtype)) for each in (1, 0))
    marks = call["select"](call["not_equal"](g, 0.0), one, zero), call["select"](finite, zero, one)
    clean, spoiled = [bind(op, list(each if position == 0 else each[::-1]), params) for each in (parts, marks)]
    return call["select"](call["not_equal"](spoiled, 0.0), bind(op, inputs, params), clean)


def absorbing(g: Any) -> Any:
    """Returns a cotangent as one whose zeros stay; rows of lookups and what is so already as they are."""
    if isinstance(g, dict):
        return {position: absorbing(each) for position, each in g.items()}
    if isinstance(g, Tensor):
        return g if type(g) is AbsorbingTensor else make_tensor(Absorbing(g))
    if type(g) is Batch:
        return Batch(g.array.view(AbsorbingArray), g.levels)
    return g if type(g) is IndexedSlices else wrapped(g)


def settled(g: Any) -> Any:
    """Returns a cotangent as the engine has them otherwise."""
    if isinstance(g, dict):
        return {position: settled(each) for position, each in g.items()}
    if type(g) is AbsorbingTensor:
        return g._value.tensor
    if type(g) is Batch:
        return Batch(bare(g.array), g.levels)
    if type(g) is IndexedSlices:
        return IndexedSlices(settled(g.values), g.indices, g._shape)
    return bare(g)


def holds_nan(g: Any) -> bool:
    """True if there is a NaN in a cotangent, or in a tangent or a Taylor coefficient of it."""
    if type(g) is np.ndarray:
        if g.flags.c_contiguous and g.dtype.char in "fd":
            # One pass, no new array: a sum of squares is NaN only where an element is.
            total = g.dot(g) if g.ndim == 1 else np.vdot(g, g)
            return bool(total != total)
        if g.size and not any(g.strides):
            one = g[(0,) * g.ndim]
            return bool(one != one)
        if 0 in g.strides:
            g = g[tuple([slice(0, 1) if step == 0 else slice(None) for step in g.strides])]
        return bool(np.isnan(g).any())
    if isinstance(g, Tensor):
        link = g._tape
        if link is not None:
            entries = link.entries if type(link) is Tracks else {link: g._index}
            if any(tracker.records is None and holds_nan(tangent) for tracker, tangent in entries.items()):
                return True
        return holds_nan(g._value)
    if type(g) is Batch:
        return holds_nan(g.array)
    if type(g) is IndexedSlices:
        return holds_nan(g.values)
    if isinstance(g, dict):
        return any(map(holds_nan, g.values()))
    if isinstance(g, Carried) and g.is_traced:
        # A function is recorded: the program holds for this answer.
        traced: Any = g
        return bool(traced.read("holds_nan", holds_nan))
    if isinstance(g, np.generic):
        return bool(g != g)
    return any(map(holds_nan, getattr(g, "coefficients", ())))
