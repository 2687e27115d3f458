"""The five kinds of operation and their declarations: the author gives what is particular, the family the rest."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any, Literal, ParamSpec, Protocol, TypeVar, overload

from gradtape._core import fast
from gradtape._core.batches import one_by_one
from gradtape._core.dispatch import slow
from gradtape._core.dtypes import ANY, INEXACT
from gradtape._core.op import NOT_DIFFERENTIABLE, Op, Rule, direct
from gradtape._core.own import checked_body, checked_declaration, is_ours, plain_parameter, record_name
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
    canonical, run = fields.pop("canonical", {}), body
    outputs, variadic = fields.pop("outputs", False), fields.pop("variadic", False)
    if not is_ours(body):
        canonical = {each: plain_parameter(body.__name__, each) for each in params} | canonical
        # A body that only calls a NumPy function is called as that function.
        if params or direct(body, len(inputs)) is body:
            keeps_dtype = family != "primitive" and not variadic and any(map(callable, rules.values()))
            run = checked_body(body, len(inputs), params, keeps_dtype, outputs)
    known = {*inputs, *(f"{each}_{what}" for each in inputs for what in ("shape", "dtype")), *params, "out"}
    op = Op(
        name=name,
        family=family,
        body=run,
        signature=signature,
        parameters=names,
        inputs=inputs,
        params=params,
        keywords=names[code.co_argcount :],
        types=tuple(types[each] if isinstance(types, dict) else types for each in inputs),
        rules={
            each: Rule(rules[each], known, body.__name__, each) if callable(rules[each]) else rules[each]
            for each in inputs
        },
        as_params=canonical,
        matching=fields.pop("matching", "strict"),
        holomorphic=fields.pop("holomorphic", True),
        variadic=variadic,
        outputs=outputs,
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

    The derivative forward is the rule itself, applied to a tangent; the engine sums a cotangent over what was broadcast
    and conjugates complex ones. A batch of inputs goes through the body as it is.

    Args:
        samples: what to test with: `singles`, `pairs` or `arrays`.
        types: the dtypes that the inputs accept: one or a set for all, such as `FLOATS`, or a dict by input.
        **rules: for each input, a function that returns the cotangent `g` times the partial derivative; its other
            parameters are what the tape keeps (`x`, `x_shape`, `x_dtype`, `out`, parameters of the body). Or a word:
            `ZERO`, `NOT_DIFFERENTIABLE`, `CUT`, `NOT_WRITTEN`. Also `holomorphic=False`, where the rules conjugate
            complex numbers themselves.

    Returns:
        A decorator: it makes a body in NumPy the public function.

    >>> import gradtape as tf
    >>> import numpy as np
    >>> from gradtape import op
    >>> @op.elementwise(op.singles(0.5, 2.0), x=lambda g, out: -g * out * out)
    ... def inverse(x):
    ...     return np.reciprocal(x)
    >>> x = tf.constant([1.0, 2.0])
    >>> with tf.GradientTape() as tape:
    ...     tape.watch(x)
    ...     y = inverse(x)
    >>> tape.gradient(y, x).numpy()
    array([-1.  , -0.25], dtype=float32)
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

    A tangent's image is the operation itself.

    Args:
        samples: what to test with, as for `elementwise`.
        shape: a function that returns the result's shape for the input's, and for the other parameters by name; it may
            raise InvalidArgumentError.
        types: the dtypes that the input accepts.
        **rules: for the input, a function that applies the transpose to the cotangent `g`. Also `batch`: how the
            operation runs on many inputs at once, as `as_it_is`; one after the other if it is not given. And
            `outputs=True` where the body returns a list of results: then `g` is a list, and `shape` returns one.

    Returns:
        A decorator: it makes a body in NumPy the public function.

    >>> import gradtape as tf
    >>> import numpy as np
    >>> from gradtape import op
    >>> @op.linear(
    ...     op.arrays((3,), (2, 3)), shape=lambda x: x, batch=op.as_it_is, x=lambda g: tf.cumsum(g, -1, reverse=True)
    ... )
    ... def running_sum(x):
    ...     return np.cumsum(x, axis=-1)
    >>> x = tf.constant([1.0, 2.0, 3.0])
    >>> with tf.GradientTape() as tape:
    ...     tape.watch(x)
    ...     y = running_sum(x)
    >>> y.numpy(), tape.gradient(y, x).numpy()
    (array([1., 3., 6.], dtype=float32), array([3., 2., 1.], dtype=float32))
    """
    return _declaration("linear", samples, shape, types, rules)


def bilinear(samples: Any = None, /, *, shape: Any, types: Any = INEXACT, **rules: Any) -> Declaration[Tensor]:
    """Declares an operation that is linear in each of its inputs; the rules are the transposes.

    Its tangent is the operation with one input replaced.

    Args:
        samples: what to test with, as for `elementwise`.
        shape: a function that returns the result's shape for the inputs' and the other parameters, as for `linear`.
        types: the dtypes that the inputs accept: a set for all, or a dict by input.
        **rules: for each input, a function of the cotangent `g` and of the other input. Also `batch`: how the operation
            runs on many inputs at once, as `aligned(2, 1)`; one after the other if it is not given.

    Returns:
        A decorator: it makes a body in NumPy the public function.

    >>> import gradtape as tf
    >>> import numpy as np
    >>> from gradtape import op
    >>> @op.bilinear(
    ...     op.arrays(((2,), (3,))),
    ...     shape=lambda a, b: a + b,
    ...     batch=op.one_by_one,
    ...     a=lambda g, b: tf.linalg.matvec(g, b),
    ...     b=lambda g, a: tf.linalg.matvec(g, a, transpose_a=True),
    ... )
    ... def outer_product(a, b):
    ...     return np.outer(a, b)
    >>> a, b = tf.constant([1.0, 2.0]), tf.constant([1.0, 10.0, 100.0])
    >>> with tf.GradientTape() as tape:
    ...     tape.watch(a)
    ...     y = outer_product(a, b)
    >>> tape.gradient(y, a).numpy()
    array([111., 111.], dtype=float32)
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

    Args:
        samples: what to test with, as for `elementwise`.
        shape: a function that returns the result's shape for the inputs' and the other parameters, as for `linear`;
            a tuple of shapes for several results.
        types: the dtypes that the inputs accept: a set for all, or a dict by input.
        **rules: for each input, a function of the cotangent `g` and of what the tape keeps, as for `elementwise`; it
            returns the input's cotangent. Also `batch`, as for `linear`; `holomorphic=False`, as for `elementwise`;
            `outputs=True` for a list of results (`g` and `out` are lists), `variadic=True` for one input that is a
            list.

    Returns:
        A decorator: it makes a body in NumPy the public function.

    >>> import gradtape as tf
    >>> import numpy as np
    >>> from gradtape import op
    >>> @op.primitive(
    ...     op.arrays((3,), (2, 3)),
    ...     types=op.FLOATS,
    ...     shape=lambda x_shape: x_shape[:-1],
    ...     batch=op.as_it_is,
    ...     x=lambda g, x, out: tf.expand_dims(g / out, -1) * x,
    ... )
    ... def length(x):
    ...     return np.sqrt(np.sum(x * x, axis=-1))
    >>> x = tf.constant([3.0, 4.0])
    >>> with tf.GradientTape() as tape:
    ...     tape.watch(x)
    ...     y = length(x)
    >>> y.numpy(), tape.gradient(y, x).numpy()
    (np.float32(5.0), array([0.6, 0.8], dtype=float32))
    """
    return _declaration("primitive", samples, shape, types, rules)


def discrete(
    samples: Any = None, /, *, inputs: tuple[str, ...], shape: Any = None, types: Any = ANY, **fields: Any
) -> Declaration[Tensor]:
    """Declares an operation without a derivative: a comparison, a rounding, an index.

    Args:
        samples: what to test with, as for `elementwise`.
        inputs: the names of the array inputs.
        shape: as for `linear`; without it the operation is elementwise.
        types: the dtypes that the inputs accept: a set for all, or a dict by input.
        **fields: `batch`, as for `linear`; the word `CUT` under the names of the inputs, where tapes are to follow the
            result all the same.

    Returns:
        A decorator: it makes a body in NumPy the public function.

    >>> import gradtape as tf
    >>> import numpy as np
    >>> from gradtape import op
    >>> @op.discrete(op.singles(), inputs=("x",), types=op.REALS)
    ... def is_whole(x):
    ...     return x == np.floor(x)
    >>> is_whole([1.0, 1.5]).numpy()
    array([ True, False])
    """
    family = "elementwise" if shape is None else "primitive"
    rules = {**dict.fromkeys(inputs, NOT_DIFFERENTIABLE), **fields}
    return _declaration(family, samples, shape or elementwise_shape, types, rules)


def composite(samples: Any = None, /) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Declares a function of other operations: it has no rule of its own, and the laws hold for it all the same.

    Args:
        samples: what to test with, as for `elementwise`.

    Returns:
        A decorator: it notes the function with its samples, and returns it as it is.

    >>> import gradtape as tf
    >>> from gradtape import op
    >>> from gradtape.testing import check_laws
    >>> @op.composite(op.pairs())
    ... def distance(x, y):
    ...     return tf.sqrt(1.0 + tf.square(x - y))
    >>> check_laws(distance) > 0
    True
    """

    require_brackets("composite", samples)

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        COMPOSITES[record_name(function)] = (function, samples)
        return function

    return decorate


def _declaration(family: str, samples: Any, shape: Any, types: Any, keywords: dict[str, Any]) -> Declaration[Any]:
    """The decorator that all families share; `keywords` holds the rules and some fields of `Op`."""
    require_brackets(family, samples)
    names = ("batch", "jvp", "canonical", "matching", "prepare", "holomorphic", "variadic", "outputs")
    fields = {name: keywords.pop(name) for name in names if name in keywords}
    fields |= {"types": types, "shape": shape, "samples": samples}
    return lambda body: declare(family, fields, keywords, body)


def require_brackets(family: str, samples: Any) -> None:
    """Raises TypeError where a decorator got the function that belongs behind its brackets."""
    if callable(samples):
        raise TypeError(f"write @op.{family}(...) with brackets, and in them what is to be declared.")


def elementwise_shape(*shapes: tuple[int, ...], **params: Any) -> tuple[int, ...]:
    """The shape rule of the elementwise family."""
    return broadcast_shapes(*shapes)
