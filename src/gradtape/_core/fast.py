"""The fast path: straight-line code for the common case of each operation, written out once per pattern of residuals.

The common case: the inputs are `Tensor`s of one dtype that the operation accepts, and at most one tape follows them and
records in this thread. The code of one such function, for `exp`, whose rule keeps only the result:

    def exp(x, name=None):
        if type(x) is Tensor:
            x_value = x._value
            if x_value.dtype in dtypes_0:
                x_tape = x._tape                          # None where the tape records no more
                tape = x_tape
                if tape is None or tape.owner == get_ident():
                    try:
                        out = body(x_value)
                    except Exception:
                        return slow(x)
                    ...                                   # out becomes the value of a new Tensor
                    if tape is not None:
                        records.append((pull_x, x._index, out))
                    return result
        if type(x) is Variable:
            return again(x._read())
        return slow(x)

and the step back, which adds to the gradients, a list by the tape's index:

    def pull_x(g, record, grads):
        _, x_index, out = record
        d = rule_x(g, out)
        h = grads[x_index]
        grads[x_index] = d if h is None else h + d if h.size < 16384 else into(add, h, d)

Everything else, an error in the body too, goes to `slow`, which does it again from the start and says what was wrong.
A record is a plain tuple, which Python's garbage collector passes over faster than any object.
"""

from __future__ import annotations

from _thread import get_ident
from collections.abc import Callable
from functools import cache
from itertools import combinations
from types import CodeType, FunctionType
from typing import Any

import numpy as np

from gradtape._core.memory import LARGE, into
from gradtape._core.op import CUT, NoGradient, Op, Rule, direct
from gradtape._core.own import is_ours, plain_name
from gradtape._core.tensor import Tensor
from gradtape._core.variable import Variable


class Step:
    """How the records of one operation with one choice of tracked inputs are laid out, and how to pull through them."""

    __slots__ = ("op", "residuals", "tracked", "unbroadcast")

    def __init__(self, op: Op, tracked: tuple[str, ...], residuals: tuple[str, ...], unbroadcast: bool) -> None:
        self.op = op
        self.tracked = tracked
        self.residuals = residuals
        self.unbroadcast = unbroadcast


STEPS: dict[Any, Step] = {}


@cache
def step_of(op: Op, tracked: tuple[str, ...]) -> Step:
    """Returns the layout of the records in which `tracked` of the inputs need a gradient."""
    wanted: list[str] = []
    for name in tracked:
        rule = op.rules[name]
        if isinstance(rule, Rule):
            wanted += [each for each in rule.residuals if each not in wanted]
        elif f"{name}_shape" not in wanted:
            wanted.append(f"{name}_shape")
    return Step(op, tracked, tuple(wanted), op.family == "elementwise" and len(op.inputs) > 1)


def expression(op: Op, residual: str) -> str:
    """Returns the expression that yields a residual inside a fast function."""
    if residual in op.inputs:
        return f"{residual}_value"
    source, _, what = residual.rpartition("_")
    return f"{source}_value.{what}" if source in op.inputs and what in ("shape", "dtype") else residual


def record_expression(step: Step) -> str:
    """Returns the expression that makes the record: the step, the inputs' indices, their shapes, the residuals."""
    parts = ["pull_" + "_".join(step.tracked)] + [f"{name}._index" for name in step.tracked]
    if step.unbroadcast:
        for name in step.tracked:
            shape = f"{name}_value.shape"
            parts.append(f"None if {shape} == out.shape else {shape}")
    parts += [expression(step.op, residual) for residual in step.residuals]
    return f"({', '.join(parts)})"


def pull_source(step: Step, tensors: bool = False, kept: bool = True) -> str:
    """Returns the source of the function that pulls a cotangent back through a record.

    With `tensors`, the cotangent is a tensor; then, if `kept`, the record holds arrays, of which tensors are made.
    """
    names = [f"{name}_index" for name in step.tracked]
    if step.unbroadcast:
        names += [f"{name}_to" for name in step.tracked]
    names += [f"r_{residual}" for residual in step.residuals]
    lines = [f"def pull(g, record, grads{', tape, index' if tensors else ''}):", f"    _, {', '.join(names)} = record"]
    for residual in step.residuals if tensors and kept else ():
        # The tape knows the arrays that it keeps by the indices in the record.
        index = "index" if residual == "out" else f"{residual}_index" if residual in step.tracked else "None"
        if residual in step.op.inputs or residual == "out":
            lines.append(f"    r_{residual} = kept(r_{residual}, tape, {index})")
    for name in step.tracked:
        rule = step.op.rules[name]
        residuals = rule.residuals if isinstance(rule, Rule) else (f"{name}_shape",)
        lines.append(f"    d = rule_{name}({', '.join(['g', *('r_' + residual for residual in residuals)])})")
        if step.unbroadcast:
            lines += [f"    if {name}_to is not None:", f"        d = sum_to(d, {name}_to)"]
        in_place = "" if tensors else f" if h.size < {LARGE} else into(add, h, d)"
        lines += [f"    h = grads[{name}_index]", f"    grads[{name}_index] = d if h is None else h + d{in_place}"]
    return "\n".join(lines)


def header(op: Op) -> str:
    """Returns the parameters of an operation's public function, as they stand between its brackets."""
    positional = [name for name in op.parameters if name not in op.keywords]
    return ", ".join([*positional, *(("*", *op.keywords) if op.keywords else ())])


def fast_source(op: Op, steps: dict[tuple[str, ...], Step]) -> str:
    """Returns the source of an operation's fast function."""
    inputs, differentiable = op.inputs, op.differentiable
    arguments = ", ".join(op.signature)
    lines = [f"def fast({header(op)}):"]

    def add(depth: int, *texts: str) -> None:
        lines.extend("    " * depth + text for text in texts)

    add(1, "if " + " and ".join(f"type({n}) is Tensor" for n in inputs) + ":")
    add(2, *(f"{n}_value = {n}._value" for n in inputs))
    add(2, "if " + " and ".join(_dtype_tests(op)) + ":")
    for n in differentiable:
        # A tape that records no more counts as none.
        add(3, f"{n}_tape = {n}._tape")
        add(3, f"if {n}_tape is not None and not {n}_tape.owner:", f"    {n}_tape = None")
    if differentiable:
        first, second = f"{differentiable[0]}_tape", f"{differentiable[-1]}_tape"
        one = f" and ({second} is tape or {second} is None)" if second != first else ""
        add(3, f"tape = {second} if {first} is None else {first}" if one else f"tape = {first}")
        add(3, f"if tape is None or (tape.owner == get_ident(){one}):")
    depth = 4 if differentiable else 3
    call = ", ".join([f"{n}_value" for n in inputs] + [f"{n}={n}" for n in op.params])
    add(depth, "try:")
    # What only has to be true or false is made so by the general door alone, where the body refuses it.
    add(depth + 1, *(f"{n} = as_{n}({n})" for n in op.params if op.as_params.get(n, bool) is not bool))
    add(depth + 1, f"out = body({call})")
    # Whatever went wrong, the general door does it again and finds the words for it.
    add(depth, "except Exception:", f"    return slow({arguments})")
    add(depth, "if type(out) is not ndarray:", "    out = asarray(out)")
    add(depth, "result = Tensor()", "result._value = out")
    if differentiable:
        add(depth, "if tape is not None:")
        add(depth + 1, "records = tape.records", "result._tape = tape", "result._index = len(records)")
        add(depth + 1, *_record_lines(op, steps))
        add(depth + 1, "return result")
    add(depth, "result._tape = None", "return result")
    # A variable is read, and comes back as a tensor.
    read = [f"{n}._read() if type({n}) is Variable else {n}" if n in inputs else n for n in op.signature]
    read = [f"{n}={each}" if n in op.keywords else each for n, each in zip(op.signature, read, strict=True)]
    add(1, "if " + " or ".join(f"type({n}) is Variable" for n in inputs) + ":")
    add(2, f"return again({', '.join(read)})")
    add(1, f"return slow({arguments})")
    return "\n".join(lines)


def _record_lines(op: Op, steps: dict[tuple[str, ...], Step]) -> list[str]:
    """The lines that append the record for the inputs that are tracked."""
    if CUT in op.rules.values():
        return ["records.append(None)"]
    if len(op.differentiable) == 1:
        return [f"records.append({record_expression(steps[op.differentiable])})"]
    x, y = op.differentiable
    return [
        f"if {y}_tape is None:",
        f"    records.append({record_expression(steps[x,])})",
        f"elif {x}_tape is None:",
        f"    records.append({record_expression(steps[y,])})",
        "else:",
        f"    records.append({record_expression(steps[x, y])})",
    ]


def _dtype_tests(op: Op) -> list[str]:
    """The tests that the inputs have dtypes of their own set, and those that share a set the same dtype."""
    tests = []
    leaders: dict[Any, str] = {}
    for position, name in enumerate(op.inputs):
        leader = leaders.setdefault(op.types[position], name)
        if leader is name:
            tests.append(f"{name}_value.dtype in dtypes_{position}")
        else:
            tests.append(f"{leader}_value.dtype is {name}_value.dtype")
    return tests


@cache
def compiled(source: str) -> CodeType:
    """Returns the code of the one function that `source` defines."""
    module = compile(source, "<gradtape fast path>", "exec")
    return next(constant for constant in module.co_consts if isinstance(constant, CodeType))


def supports(op: Op) -> bool:
    """True if the operation has a fast path: a fixed number of inputs, one result, at most two gradients.

    A program may name a parameter as the code of the fast path names something of its own: then there is none.
    """
    if op.variadic or op.outputs or len(op.differentiable) > 2:
        return False
    made = {f"{name}_{what}" for name in op.inputs for what in ("value", "tape")} | {f"as_{name}" for name in op.params}
    return TAKEN.isdisjoint(op.parameters) and made.isdisjoint(op.parameters)


# Names in the code of fast paths.
TAKEN = frozenset(
    {"Exception", "Tensor", "Variable", "again", "asarray", "body", "get_ident", "len", "ndarray", "out", "records"}
    | {"result", "slow", "tape", "type"}
)


def build(op: Op, slow: Any, public: FunctionType) -> FunctionType:
    """Returns the function of `op` that runs its common case itself and leaves the rest to `slow`."""
    namespace: dict[str, Any] = {
        "Tensor": Tensor,
        "Variable": Variable,
        "asarray": np.asarray,
        "body": op.body if op.params else direct(op.body, len(op.inputs)),
        "get_ident": get_ident,
        "ndarray": np.ndarray,
        "slow": slow,
    }

    def source() -> str:
        for position in range(len(op.inputs)):
            # Complex numbers take the general door, where the rules meet TensorFlow's conjugation; texts do, too.
            namespace[f"dtypes_{position}"] = frozenset(each for each in op.types[position] if each.kind not in "cO")
        namespace.update({f"as_{name}": convert for name, convert in op.as_params.items()})
        steps = steps_of(op)
        namespace.update({"pull_" + "_".join(tracked): pull_function(step) for tracked, step in steps.items()})
        return fast_source(op, steps)

    namespace["again"] = function = written_later(source, namespace, op, public)
    return function


def _stub(*arguments: Any, **named: Any) -> Any:
    return globals()["prepare"]()(*arguments, **named)


def written_later(source: Callable[[], str], namespace: dict[str, Any], op: Op, public: FunctionType) -> FunctionType:
    """Returns a function with the face of `public`, whose code is written by `source` and compiled at the first call.

    Imports stay short in this way. The function is a stub until then, and the same object afterwards: only its code
    object is replaced.
    """
    function: Any = FunctionType(_stub.__code__, namespace, plain_name(op))
    function.__qualname__ = op.name if is_ours(public) else public.__qualname__
    function.__doc__ = public.__doc__
    function.__module__ = public.__module__
    function.__annotations__ = public.__annotations__
    function.__wrapped__ = public
    function.op = op

    def prepare() -> Any:
        code = compiled(source()).replace(co_name=function.__name__, co_qualname=function.__qualname__)
        function.__defaults__, function.__kwdefaults__ = public.__defaults__, public.__kwdefaults__
        function.__code__ = code
        return function

    namespace.update({"__name__": __name__, "prepare": prepare})
    return function


def prepared(function: Any) -> Any:
    """Returns a public function of an operation with its code written, called or not."""
    return function.__globals__["prepare"]()


def steps_of(op: Op) -> dict[tuple[str, ...], Step]:
    """Returns the layouts of an operation's records by the inputs that are tracked."""
    chosen = [tracked for size in (1, 2) for tracked in combinations(op.differentiable, size)]
    return {tracked: step_of(op, tracked) for tracked in chosen}


@cache
def pull_function(step: Step) -> FunctionType:
    """Returns the function that pulls a cotangent, an array, back through the records of `step`."""
    op = step.op
    namespace: dict[str, Any] = {"__name__": __name__, "add": np.add, "into": into, "sum_to": sum_to}
    for name in step.tracked:
        namespace[f"rule_{name}"] = LazyRule(namespace, f"rule_{name}", op.rules[name])
    pull = FunctionType(compiled(pull_source(step)), namespace, f"pull_{plain_name(op)}")
    STEPS[pull] = step
    return pull


class LazyRule:
    """Stands for a rule's array version until it is called for the first time: only then is everything declared."""

    __slots__ = ("name", "namespace", "rule")

    def __init__(self, namespace: dict[str, Any], name: str, rule: Rule | NoGradient) -> None:
        self.namespace, self.name, self.rule = namespace, name, rule

    def __call__(self, g: Any, *residuals: Any) -> Any:
        raw = self.rule.raw if isinstance(self.rule, Rule) else without_rule(self.rule)
        self.namespace[self.name] = raw
        return raw(g, *residuals)


def without_rule(word: NoGradient) -> Any:
    """Returns the rule that a word stands for."""

    def rule(g: Any, shape: Any) -> Any:
        if word.word == "zero":
            return np.zeros(shape, g.dtype)
        raise LookupError("The gradient of this operation is not written yet.")

    return rule


def sum_to(array: Any, shape: tuple[int, ...]) -> Any:
    """Returns `array`, of a shape that `shape` broadcasts to, summed over what was broadcast."""
    extra = array.ndim - len(shape)
    if extra == 1 and array.shape[1:] == shape:
        return np.add.reduce(array, axis=0)
    axes = tuple(range(extra)) + tuple(
        axis for axis, size in enumerate(shape, start=extra) if size == 1 and array.shape[axis] != 1
    )
    return np.add.reduce(array, axis=axes).reshape(shape)
