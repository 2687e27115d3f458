"""Python's operators on tensors and variables: each is the operation itself, set as a method."""

from __future__ import annotations

from functools import partial
from typing import Any

from gradtape._core.conversion import convert
from gradtape._core.families import public_function
from gradtape._core.op import OPS
from gradtape._core.tensor import Tensor, make_tensor
from gradtape._core.variable import Variable
from gradtape._ops import arithmetic, comparison, products, slicing
from gradtape.errors import InvalidArgumentError

# On the left, the tensor stands for itself and the other side follows if it can; on the right, it has to follow.
ARITHMETIC = {
    "add": "add",
    "sub": "subtract",
    "mul": "multiply",
    "truediv": "truediv",
    "floordiv": "floordiv",
    "mod": "mod",
}
COMMUTATIVE = ("add", "mul")
COMPARISON = {"lt": "less", "le": "less_equal", "gt": "greater", "ge": "greater_equal"}
BITWISE = {"and": "and", "or": "or", "xor": "xor"}


def _swapped(function: Any) -> Any:
    """Returns the method for an operator whose tensor stands on the right."""

    def reflected(self: Any, other: Any) -> Any:
        return function(other, self)

    return reflected


def _power(self: Any, exponent: Any) -> Any:
    """`x ** y`; a square, of all powers the most frequent, is taken as one."""
    if type(exponent) is int and exponent == 2:
        return arithmetic.square(self)
    return arithmetic.pow(self, exponent)


def _equal(self: Any, other: Any) -> Any:
    """`x == y`: False for None, and a False without dimensions for shapes that do not broadcast."""
    if other is None:
        return False
    try:
        return comparison.equal(self, other)
    except InvalidArgumentError as error:
        if "Incompatible shapes" in str(error):
            return make_tensor(False)
        raise


def _not_equal(self: Any, other: Any) -> Any:
    if other is None:
        return True
    try:
        return comparison.not_equal(self, other)
    except InvalidArgumentError as error:
        if "Incompatible shapes" in str(error):
            return make_tensor(True)
        raise


def _logical(word: str) -> Any:
    """Returns the method for `&`, `|` or `^`: logical on bools, bitwise on integers."""
    logical, bitwise = getattr(comparison, f"logical_{word}"), getattr(comparison, f"bitwise_{word}")

    def method(self: Any, other: Any) -> Any:
        return (logical if self.dtype.is_bool else bitwise)(self, other)

    return method


def _invert(self: Any) -> Any:
    return (comparison.logical_not if self.dtype.is_bool else comparison.bitwise_invert)(self)


def _part_of_variable(self: Variable, key: Any) -> Any:
    """`variable[key]`: a tensor whose `assign` changes that part of the variable."""
    part: Any = slicing.getitem(self._read(), key)
    part._part_of = partial(self._assign_part, key)
    return part


def _matrix_product_right(self: Any, other: Any) -> Any:
    """`array @ tensor`: the tensor's dtype decides."""
    return products.matmul(convert(other, self.dtype), self)


def install() -> None:
    """Sets the methods on both classes."""
    for kind in (Tensor, Variable):
        for method, name in ARITHMETIC.items():
            op = OPS[name]
            strict = public_function(op, op.body, "strict")
            # A number that does not fit is a TypeError, but for `tensor + number`, where the operation itself refuses.
            setattr(kind, f"__{method}__", public_function(op, op.body, "hint") if method == "add" else strict)
            reflected = public_function(op, op.body, "reflected") if method == "add" else strict
            setattr(kind, f"__r{method}__", reflected if method in COMMUTATIVE else _swapped(strict))
        for method, name in COMPARISON.items():
            setattr(kind, f"__{method}__", OPS[name].function)
        for method, word in BITWISE.items():
            setattr(kind, f"__{method}__", _logical(word))
            setattr(kind, f"__r{method}__", _logical(word))
        methods = {
            "__neg__": arithmetic.negative,
            "__abs__": arithmetic.abs,
            "__pow__": _power,
            "__rpow__": _swapped(arithmetic.pow),
            "__matmul__": products.matrix_product,
            "__rmatmul__": _matrix_product_right,
            "__eq__": _equal,
            "__ne__": _not_equal,
            "__invert__": _invert,
            "__getitem__": slicing.getitem if kind is Tensor else _part_of_variable,
        }
        for method, function in methods.items():
            setattr(kind, method, function)
