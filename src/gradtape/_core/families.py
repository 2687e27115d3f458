"""The five kinds of operation and their declarations: the author gives what is particular, the family the rest."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any, Literal, ParamSpec, Protocol, TypeVar, overload

from gradtape._core import fast
from gradtape._core.batches import one_by_one
from gradtape._core.dispatch import slow
from gradtape._core.dtypes import ANY, INEXACT
from gradtape._core.op import NOT_DIFFERENTIABLE, Op, Rule
from gradtape._core.own import checked_declaration, is_ours, record_name
from gradtape._core.spec import broadcast_shapes
from gradtape._core.tensor import Tensor

P = ParamSpec("P")
R = TypeVar("R")
Result = TypeVar("Result", covariant=True)


class Declaration(Protocol[Result]):
    """What a family returns: it makes a body with TensorFlow's parameters the public function."""

    def __call__(self, body: Callable[P, Any], /) -> Callable[P, Result]: ...


# Parameters that TensorFlow's functions take and that mean nothing to an operation.
IGNORED = ("name",)
# The functions made of operations, with their samples: the laws run on them too.
COMPOSITES: dict[str, tuple[Any, Any]] = {}


def declare(family: str, fields: dict[str, Any], rules: dict[str, Any], body: Any) -> Any:
    """Makes the record of an operation and returns its public function, with the fast path in it."""
    types = fields.pop("types", INEXACT)
    if not is_ours(body):
        types = checked_declaration(family, body, rules, types)
    code = body.__code__
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    signature = tuple(name for name in names if name not in IGNORED)
    name = record_name(body)
    inputs = tuple(each for each in signature if each in rules)
    params = tuple(each for each in signature if each not in rules)
    known = {*inputs, *(f"{each}_{what}" for each in inputs for what in ("shape", "dtype")), *params, "out"}
    op = Op(
        name=name,
        family=family,
        body=body,
        signature=signature,
        parameters=names,
        inputs=inputs,
        params=params,
        keywords=names[code.co_argcount :],
        types=tuple(types[each] if isinstance(types, dict) else types for each in inputs),
        rules={
            each: Rule(rules[each], known, body.__name__) if callable(rules[each]) else rules[each] for each in inputs
        },
        as_params=fields.pop("canonical", {}),
        matching=fields.pop("matching", "strict"),
        holomorphic=fields.pop("holomorphic", True),
        variadic=fields.pop("variadic", False),
        outputs=fields.pop("outputs", False),
        batch=fields.pop("batch", None if family == "elementwise" else one_by_one),
        **fields,
    )
    op.function = public_function(op, body)
    return op.function


def public_function(op: Op, body: Any, mode: str | None = None) -> FunctionType:
    """Returns a public function of `op`; `mode` says how it matches dtypes where not as declared."""
    general, set_fast = slow(op, mode)
    if fast.supports(op):
        function = fast.build(op, general, body)
        keywords = tuple(name for name in op.keywords if name in op.signature)
        set_fast(positional(function, keywords) if keywords else function)
        return function
    source = f"def general({fast.header(op)}):\n    return _slow({', '.join(op.signature)})"
    return fast.written_later(lambda: source, {"_slow": general}, op, body)


def positional(function: Any, keywords: tuple[str, ...]) -> Callable[..., Any]:
    """Returns a function with keyword-only parameters as one that takes all by position."""
    count = len(keywords)
    return lambda *values: function(*values[:-count], **dict(zip(keywords, values[-count:], strict=True)))


def elementwise(samples: Any = None, /, *, types: Any = INEXACT, **rules: Any) -> Declaration[Tensor]:
    """Declares an operation on one element of each input; inputs broadcast.

    Args:
        samples: what to test with, of `sampling`.
        types: the dtypes that the inputs accept: a set for all, or a dict by input.
        **rules: for each input, the cotangent `g` times the partial derivative, or a word; fields of `Op` as well.

    The derivative forward is the rule itself, applied to a tangent; the engine sums a cotangent over what was broadcast
    and conjugates complex ones.
    """
    return _declaration("elementwise", samples, elementwise_shape, types, rules)


@overload
def linear(
    samples: Any = None, /, *, shape: Any, types: Any = INEXACT, outputs: Literal[True], **rules: Any
) -> Declaration[list[Tensor]]: ...


@overload
def linear(samples: Any = None, /, *, shape: Any, types: Any = INEXACT, **rules: Any) -> Declaration[Tensor]: ...


def linear(samples: Any = None, /, *, shape: Any, types: Any = INEXACT, **rules: Any) -> Declaration[Any]:
    """Declares an operation that is linear in its one input; the rule is its transpose.

    A tangent's image is the operation itself. Args as for `elementwise`; `shape` is the shape rule, and `batch`, among
    the rules, says how to run on many inputs at once.
    """
    return _declaration("linear", samples, shape, types, rules)


def bilinear(samples: Any = None, /, *, shape: Any, types: Any = INEXACT, **rules: Any) -> Declaration[Tensor]:
    """Declares an operation that is linear in each of its inputs; the rules are the transposes.

    Args as for `linear`.
    """
    return _declaration("bilinear", samples, shape, types, rules)


@overload
def primitive(
    samples: Any = None, /, *, shape: Any, types: Any = INEXACT, outputs: Literal[True], **rules: Any
) -> Declaration[list[Tensor]]: ...


@overload
def primitive(samples: Any = None, /, *, shape: Any, types: Any = INEXACT, **rules: Any) -> Declaration[Tensor]: ...


def primitive(samples: Any = None, /, *, shape: Any, types: Any = INEXACT, **rules: Any) -> Declaration[Any]:
    """Declares an operation of no other kind: rules for cotangents, and the shape; its tangents follow by transposing.

    Args as for `linear`; `outputs=True` for a list of results, `variadic=True` for a list of inputs.
    """
    return _declaration("primitive", samples, shape, types, rules)


def discrete(
    samples: Any = None, /, *, inputs: tuple[str, ...], shape: Any = None, types: Any = ANY, **fields: Any
) -> Declaration[Tensor]:
    """Declares an operation without a derivative: a comparison, a rounding, an index.

    Args as for `linear`; `inputs` names the array inputs. Without a `shape` the operation is elementwise. With the word
    `CUT` for the inputs, tapes follow the result all the same.
    """
    family = "elementwise" if shape is None else "primitive"
    rules = {**dict.fromkeys(inputs, NOT_DIFFERENTIABLE), **fields}
    return _declaration(family, samples, shape or elementwise_shape, types, rules)


def composite(samples: Any = None, /) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Declares a function of other operations: it has no rule of its own, and the laws hold for it all the same."""

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        COMPOSITES[record_name(function)] = (function, samples)
        return function

    return decorate


def _declaration(family: str, samples: Any, shape: Any, types: Any, keywords: dict[str, Any]) -> Declaration[Any]:
    """The decorator that all families share; `keywords` holds the rules and some fields of `Op`."""
    names = ("batch", "jvp", "canonical", "matching", "prepare", "holomorphic", "variadic", "outputs")
    fields = {name: keywords.pop(name) for name in names if name in keywords}
    fields |= {"types": types, "shape": shape, "samples": samples}
    return lambda body: declare(family, fields, keywords, body)


def elementwise_shape(*shapes: tuple[int, ...], **params: Any) -> tuple[int, ...]:
    """The shape rule of the elementwise family."""
    return broadcast_shapes(*shapes)
