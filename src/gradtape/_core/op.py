"""`Op`: the one record of an operation, its derivative rules, and the registry `OPS` of all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import FunctionType
from typing import Any

import numpy as np

from gradtape._core.own import guarded, is_ours, own_reading

Array = Any
TensorLike = Any


class NoGradient:
    """A word for "no gradient": the registry takes no silence."""

    __slots__ = ("word",)

    def __init__(self, word: str) -> None:
        self.word = word

    def __repr__(self) -> str:
        return self.word


# The gradient does not exist (integers, an index, a mask) or TensorFlow says None: nothing is recorded.
NOT_DIFFERENTIABLE = NoGradient("not differentiable")
# No gradient goes through, but the result is followed: it may be a source itself, as a rounded number may.
CUT = NoGradient("cut")
# The derivative exists and is 0 everywhere.
ZERO = NoGradient("zero")
# There is a derivative, but nobody has written it: asking for it raises LookupError.
NOT_WRITTEN = NoGradient("not written yet")


class Rule:
    """A derivative rule: a function of the cotangent `g` and of the residuals that its parameters name.

    A residual is an input (`x`), an input's shape or dtype (`x_shape`, `x_dtype`), the result (`out`) or a parameter of
    the operation (`axis`). What no rule names is not kept.
    """

    __slots__ = ("_readings", "arrays", "function", "residuals")

    def __init__(self, function: Callable[..., Any], known: Iterable[str], op_name: str, input_name: str = "") -> None:
        code: Any = getattr(function, "__code__", None)
        names = code.co_varnames[: code.co_argcount] if code else ()
        if not names or names[0] != "g":
            raise TypeError(
                f"{op_name}: a rule is a function whose first parameter is `g`, the cotangent; got {names or function}."
            )
        known = set(known)
        # What has a default and is no residual is the rule's own affair: `lambda g, x, scale=scale: …`.
        defaults = len(function.__defaults__ or ())
        while defaults and len(names) > 1 and names[-1] not in known:
            names, defaults = names[:-1], defaults - 1
        strange = set(names[1:]) - known
        if strange:
            raise TypeError(f"{op_name}: a rule asks for {sorted(strange)}, which the operation does not have.")
        self.function = function if is_ours(function) else guarded(function, input_name, op_name)
        self.residuals = names[1:]
        self.arrays = tuple(name == "out" or f"{name}_shape" in known for name in self.residuals)
        self._readings: dict[Any, Callable[..., Any]] = {}

    def read(self, meaning: Meaning) -> Callable[..., Any]:
        """The rule with another meaning of the operations in its text; the same function for the same meaning."""
        found = self._readings.get(meaning)
        if found is None:
            if is_ours(self.function):
                found = read_as(self.function, meaning)
            else:
                found = own_reading(self.function, self.arrays, meaning)
            self._readings[meaning] = found
        return found

    @property
    def raw(self) -> Callable[..., Any]:
        """The rule for arrays: the same text, in which each operation stands for its NumPy body."""
        return self.read(body_of)


# What an operation's name stands for in a rule: a function of the arguments that the operation's body takes.
Meaning = Callable[["Op"], Callable[..., Any]]
_readings: dict[Any, Any] = {}


def body_of(op: Op) -> Callable[..., Any]:
    """The meaning of operations on arrays."""
    return op.body


def read_as(function: Any, meaning: Meaning) -> Any:
    """Returns `function` as it reads where each operation is what `meaning` says.

    Helpers of the package that the function calls are read in the same way.
    """
    if (function, meaning) in _readings:
        return _readings[function, meaning]
    vocabulary: dict[str, Any] = {"__builtins__": __builtins__, "__name__": function.__module__}
    reading = FunctionType(
        function.__code__, vocabulary, function.__name__, function.__defaults__, function.__closure__
    )
    reading.__kwdefaults__ = function.__kwdefaults__
    _readings[function, meaning] = reading
    for name in _names(function.__code__):
        if name in function.__globals__:
            vocabulary[name] = _meant(function.__globals__[name], meaning)
    return reading


def _names(code: Any) -> set[str]:
    """The global names that a code object and the functions inside it use."""
    found = set(code.co_names)
    for constant in code.co_consts:
        if hasattr(constant, "co_names"):
            found |= _names(constant)
    return found


def _meant(value: Any, meaning: Meaning) -> Any:
    op = getattr(value, "op", None)
    if isinstance(op, Op):
        return meaning(op)
    if isinstance(value, FunctionType) and value.__module__.startswith("gradtape._ops"):
        return read_as(value, meaning)
    return value


class Op:
    """One operation: everything that the library knows of it, declared in one place.

    Attributes:
        name: its name in `OPS`; that of a program's own operation begins with its module.
        family: elementwise, linear, bilinear, primitive or composite; it says what follows from what.
        body: the operation on NumPy arrays; takes the inputs in order and the parameters by keyword.
        parameters: the names of the public function's parameters, in order.
        signature: the same without `name`, which TensorFlow's functions take and none reads.
        inputs: the names of the array inputs; a single one that takes a list of arrays if `variadic`.
        params: the names of the other parameters.
        keywords: the names of those that are given by keyword only.
        types: for each input, the set of NumPy dtypes that it may have; inputs with the same set share one dtype.
        rules: for each input, its derivative rule or the word for not having one.
        jvp: the rule that pushes tangents forward, where it does not follow from the family.
        shape: `shape(*input_shapes, **params)` gives the shape of the result, or raises InvalidArgumentError.
        batch: how the operation runs on many inputs at once (`_core/batches.py`); elementwise ones need no rule.
        as_params: for each parameter that needs it, the function that makes a user's value canonical.
        matching: how values that are not tensors get their dtype: `strict` (the first tensor's) or `hint`.
        prepare: a function that maps the input tensors to those that the body runs on, or None.
        holomorphic: whether the rules are those of a complex derivative; the engine conjugates them as TensorFlow does.
        variadic, outputs: whether the input is a list of arrays; whether the result is.
        samples: inputs and parameters to test the laws with.
        function: the public function.

    >>> import gradtape as tf
    >>> tf.exp.op
    <Op exp>
    >>> tf.exp.op.family, tf.exp.op.inputs, tf.exp.op.rules["x"].residuals
    ('elementwise', ('x',), ('out',))
    """

    __slots__ = (
        "as_params", "batch", "body", "family", "function", "holomorphic", "inputs", "jvp", "keywords", "matching",
        "name", "outputs", "parameters", "params", "prepare", "rules", "samples", "shape", "signature", "types",
        "variadic",
    )  # fmt: skip

    name: str
    family: str
    body: Callable[..., Any]
    parameters: tuple[str, ...]
    signature: tuple[str, ...]
    inputs: tuple[str, ...]
    params: tuple[str, ...]
    keywords: tuple[str, ...]
    types: tuple[Any, ...]
    rules: dict[str, Rule | NoGradient]
    jvp: Callable[..., Any] | None
    shape: Callable[..., Any] | None
    batch: Callable[..., Any] | None
    as_params: dict[str, Callable[[Any], Any]]
    matching: str
    prepare: Callable[..., Any] | None
    holomorphic: bool
    variadic: bool | str
    outputs: bool
    samples: Any
    function: Callable[..., Any]

    def __init__(self, registered: bool = True, **fields: Any) -> None:
        for slot in self.__slots__:
            setattr(self, slot, fields.pop(slot, None))
        if fields:
            raise TypeError(f"{self.name}: unknown fields {sorted(fields)}.")
        # A program's own operation, whose name has dots, may be declared anew, as the cells of notebooks are.
        if registered and self.name in OPS and "." not in self.name:
            raise ValueError(f"The operation {self.name!r} is declared twice.")
        if registered:
            OPS[self.name] = self

    def __repr__(self) -> str:
        return f"<Op {self.name}>"

    @property
    def differentiable(self) -> tuple[str, ...]:
        """The inputs for which a cotangent is recorded."""
        return tuple(name for name in self.inputs if self.rules[name] is not NOT_DIFFERENTIABLE)


OPS: dict[str, Op] = {}


def direct(body: Callable[..., Any], arity: int) -> Any:
    """Returns the NumPy function that `body` is, if it does no more than call one on its own arguments; else `body`.

    A Python call costs a tenth of an operation on four numbers: compared is the byte code, so that a declaration can
    say `return np.exp(x)` and still be called as `np.exp`.
    """
    code = body.__code__
    pattern = _CALLS.get(arity)
    if pattern is None or code.co_code != pattern.co_code or code.co_argcount > arity + 1:
        return body
    names = code.co_names
    found = getattr(body.__globals__.get(names[0]), names[1], body)
    return found if isinstance(found, np.ufunc) and (found.nin, found.nout) == (arity, 1) else body


def _one(x: Any, name: Any = None) -> Any:
    return np.exp(x)


def _two(x: Any, y: Any, name: Any = None) -> Any:
    return np.add(x, y)


_CALLS = {1: _one.__code__, 2: _two.__code__}
