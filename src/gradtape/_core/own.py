"""What a program's own operations need beside those of the package: names that collide with none, rules of any text."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from types import CellType, FunctionType, MethodType, ModuleType, SimpleNamespace
from typing import Any

import numpy as np

from gradtape._core.dtypes import BY_NUMPY, DType, as_dtype
from gradtape._core.tensor import Tensor, is_tensor, make_tensor
from gradtape._core.tracking import RECORDING


def is_ours(function: Any) -> bool:
    """True for a function that belongs to the package."""
    return is_within(getattr(function, "__module__", None) or "")


def is_within(module: str) -> bool:
    """True for the name of a module of the package."""
    return module.partition(".")[0] == "gradtape"


def record_name(body: Any) -> str:
    """Returns the name of an operation's record: its own in the package, with the module in front elsewhere."""
    return body.__name__ if is_ours(body) else f"{body.__module__}.{body.__qualname__}"


def checked_declaration(family: str, body: Any, rules: dict[str, Any], types: Any) -> Any:
    """Returns the `types` of a declaration as sets of NumPy dtypes, one for all inputs or a dict by input.

    Raises:
        TypeError: the body is no function with named parameters, or the declaration does not fit them.
    """
    code: Any = getattr(body, "__code__", None)
    if code is None or code.co_flags & STARRED:
        raise TypeError(f"{body!r}: an operation's body is a function with named parameters: def name(x, axis=None).")
    count = code.co_argcount
    names, keywords = code.co_varnames[:count], code.co_varnames[count : count + code.co_kwonlyargcount]
    inputs = [name for name in names if name in rules]

    def refuse(reason: str) -> TypeError:
        return TypeError(f"{body.__name__}: {reason}")

    if isinstance(body, MethodType) or (names[:1] in (("self",), ("cls",)) and names[0] not in rules):
        raise refuse(
            "an operation is a function, and this is a method: declare it outside of the class, and give it what it "
            "needs of the object as parameters."
        )
    if strange := sorted(set(rules) - set(inputs)):
        hint = " An array is given by position, not by keyword only." if set(strange) & set(keywords) else ""
        raise refuse(f"the declaration speaks of {strange}, and the parameters of the body are {[*names]}.{hint}")
    if not inputs:
        raise refuse("no input is declared: write a rule, or a word such as op.ZERO, under the name of each.")
    if behind := [name for name in names[: len(inputs)] if name not in inputs]:
        raise refuse(f"the inputs {inputs} stand behind {behind}: inputs are the first parameters.")
    if odd := [name for name in names[: code.co_posonlyargcount] if name not in inputs]:
        raise refuse(f"{odd} are parameters by position only; just inputs can be.")
    if any(not callable(rule) and not hasattr(rule, "word") for rule in rules.values()):
        raise refuse("a rule is a function of `g`, or one of op.NOT_DIFFERENTIABLE, ZERO, NOT_WRITTEN and CUT.")
    if family == "linear" and len(inputs) != 1:
        raise refuse(f"a linear operation has one input, this one {inputs}: declare it bilinear or primitive.")
    if not isinstance(types, dict):
        return dtype_set(types)
    if missing := set(inputs) - set(types):
        raise refuse(f"`types` says nothing of {sorted(missing)}.")
    return {name: dtype_set(each) for name, each in types.items()}


# The flags of a function with *args or **kwargs.
STARRED = 0x04 | 0x08


def dtype_set(types: Any) -> frozenset[Any]:
    """Returns element types in any form, one or several, as a set of NumPy dtypes."""
    if isinstance(types, DType | np.dtype | str | type):
        types = (types,)
    return frozenset(as_dtype(each).numpy for each in types)


def is_own(op: Any) -> bool:
    """True for an operation of a program, whose name begins with a module."""
    return "." in op.name


def plain_name(op: Any) -> str:
    """Returns the name of an operation as its declaration wrote it."""
    name: str = op.name.rpartition(".")[2]
    return name


def plain_parameter(op_name: str, name: str) -> Callable[[Any], Any]:
    """Returns the function that lets the value of a plain parameter pass, and refuses tensors: no tape follows them."""

    def convert(value: Any) -> Any:
        if type(value) not in PLAIN_TYPES and holds_tensor(value):
            raise TypeError(
                f"{op_name}: {name!r} has no rule in the declaration and is a plain parameter; got a tensor. Give it a "
                "rule, or NOT_DIFFERENTIABLE."
            )
        return value

    return convert


# The types of most parameters, which are told without a call.
PLAIN_TYPES = frozenset({bool, int, float, str, type(None)})


def holds_tensor(value: Any) -> bool:
    """True for a tensor, a variable, and a list or tuple in which there is one."""
    return any(map(holds_tensor, value)) if isinstance(value, (list, tuple)) else is_tensor(value)


def checked_body(body: Any, inputs: int, params: tuple[str, ...], keeps_dtype: bool, outputs: bool) -> Any:
    """Returns a program's own body, which raises TypeError for a result that no tensor can hold.

    Args:
        body: the function on arrays.
        inputs: how many it takes.
        params: the names of the other parameters.
        keeps_dtype: whether a result wider than the inputs is wrong, as it is where tangents go the way of values.
        outputs: whether the body returns a list.
    """
    name = body.__name__

    def checked(out: Any, *values: Any) -> Any:
        if out is not None and isinstance(out, (list, tuple)) != outputs:
            told = ": with outputs=True it returns a list of results" if outputs else ": set outputs=True"
            raise TypeError(f"the body of `{name}` returned a {type(out).__name__}{told}")
        dtypes = [result_dtype(name, each) for each in (out if outputs and out is not None else [out])]
        if keeps_dtype and (reason := widened(dtypes, [each.dtype for each in values])):
            raise TypeError(f"{name}: {reason}")
        return as_value(out)

    # Longer than the name of any parameter, and so none of them.
    free = "_" * (1 + max(map(len, params), default=0))
    arrays = ", ".join(f"{free}{k}" for k in range(inputs))
    named = ", ".join(f"{each}={each}" for each in params)
    taken = ", ".join([arrays, *(("*", *params) if params else ())])
    call = f"{free}body({arrays}, {named})"
    source = f"lambda {taken}: {free}checked({call}, {arrays})"
    if not outputs:
        # Most results have the dtype of the first input.
        same = f"{free}get({free} := {call}, 'dtype', None) is {free}get({free}0, 'dtype', 0)"
        source = f"lambda {taken}: {free} if {same} else {free}checked({free}, {arrays})"
    names = {f"{free}body": body, f"{free}checked": checked, f"{free}get": getattr}
    run: Any = eval(source, {**names, "__name__": __name__})
    # Whoever asks it for the defaults finds those of the body.
    run.__name__, run.__defaults__, run.__kwdefaults__ = name, body.__defaults__, body.__kwdefaults__
    return run


def result_dtype(name: str, result: Any) -> Any:
    """Returns the dtype of what the body called `name` returned; TypeError if it can be no tensor."""
    if result is None:
        raise TypeError(f"the body of `{name}` returned None: does it lack a return?")
    dtype = (result._value if isinstance(result, Tensor) else np.asarray(result)).dtype
    if dtype not in BY_NUMPY or dtype.kind == "O":
        raise TypeError(f"the body of `{name}` returned an array of dtype {dtype}, which no tensor has")
    return dtype


def widened(results: list[Any], inputs: list[Any]) -> str:
    """Returns what to say of a body whose results are more precise than its inputs, by the dtypes; else nothing."""
    given, found = max(inputs, key=precision, default=None), max(results, key=precision, default=None)
    if 0 < precision(given) < precision(found):
        return f"the body returned {found} for {given} inputs: write .astype(x.dtype)"
    return ""


def precision(dtype: Any) -> int:
    """Returns the bytes of a dtype's real numbers, 0 for whole ones."""
    if dtype is None or dtype.kind in "biu":
        return 0
    return int(dtype.itemsize) // (2 if dtype.kind == "c" else 1)


def guarded(function: Callable[..., Any], input_name: str, op_name: str) -> Callable[..., Any]:
    """Returns a program's own rule on tensors, during which no tensor becomes an array: that would cut derivatives."""

    @wraps(function)
    def rule(*arguments: Any) -> Any:
        outer, RECORDING.rule = RECORDING.rule, (input_name, op_name)
        try:
            return function(*arguments)
        finally:
            RECORDING.rule = outer

    return rule


def own_reading(function: Any, arrays: tuple[bool, ...], meaning: Callable[[Any], Any]) -> Callable[..., Any]:
    """Returns a program's own rule as a function of values.

    The rules of the package are read with operations as their NumPy bodies. The text of this one may hold anything:
    helpers, closures, parameters in any form. It runs on tensors, where it means what it says; unless it is so plain
    that it means the same on arrays: then it is as fast as a rule of the package.

    Args:
        function: the rule, guarded.
        arrays: for each residual, whether it is an array or a list of them.
        meaning: what an operation stands for on the values.
    """
    careful = on_tensors(function, arrays)
    function = function.__wrapped__
    known = function.__code__.co_nlocals == len(arrays) + 1
    operations = plain_operations(function) if known and all(arrays) else None
    if operations is None:
        return careful
    vocabulary: dict[str, Any] = {}
    for (*modules, name), op in operations.items():
        place = vocabulary
        for module in modules:
            place = place.setdefault(module, SimpleNamespace()).__dict__
        place[name] = meaning(op)
    cells = tuple(CellType(vocabulary[name]) for name in function.__code__.co_freevars)
    # NumPy's warnings in it are silenced by this module's name.
    plain = FunctionType(function.__code__, {**vocabulary, "__name__": __name__}, function.__name__, None, cells)
    names = ", ".join(["g", *(f"r{k}" for k in range(len(arrays)))])
    # Arrays of two dtypes make one of a third where tensors refuse: then it is for the tensors to say so.
    source = f"lambda {names}: d if getattr(d := plain({names}), 'dtype', None) is g.dtype else careful({names})"
    reading: Callable[..., Any] = eval(source, {"careful": careful, "plain": plain, "__name__": __name__})
    return reading


# The byte code of arithmetic on a rule's own parameters and of calls, in the versions of Python.
# fmt: off
PLAIN = frozenset({
    "CACHE", "CALL", "COPY_FREE_VARS", "LOAD_FAST", "LOAD_FAST_BORROW", "LOAD_FAST_BORROW_LOAD_FAST_BORROW",
    "LOAD_FAST_LOAD_FAST", "LOAD_SMALL_INT", "PRECALL", "PUSH_NULL", "RESUME", "RETURN_VALUE", "UNARY_NEGATIVE",
})
# fmt: on


def plain_operations(function: Any) -> dict[tuple[str, ...], Any] | None:
    """Returns the operations that a rule calls, by the names that lead to each, if it is plain; None if it is not.

    A plain rule holds numbers, `+ - * / **`, its own parameters, and calls of elementwise operations of the package
    that take tensors only.
    """
    import dis

    code = function.__code__
    closure = dict(zip(code.co_freevars, function.__closure__ or (), strict=True))
    found: dict[tuple[str, ...], Any] = {}
    path: tuple[str, ...] = ()
    value: Any = None
    for each in dis.get_instructions(code):
        if each.opname in ("LOAD_GLOBAL", "LOAD_DEREF") and not path:
            path = (each.argval,)
            cell = closure.get(each.argval)
            value = function.__globals__.get(each.argval) if cell is None else contents(cell)
        elif each.opname in ("LOAD_ATTR", "LOAD_METHOD") and path:
            path = (*path, each.argval)
            value = getattr(value, each.argval, None)
        elif path:
            return None
        elif each.opname == "BINARY_OP":
            if each.argrepr not in ("+", "-", "*", "/", "**"):
                return None
        elif not (each.opname in PLAIN or (each.opname == "LOAD_CONST" and type(each.argval) in (int, float))):
            return None
        if path and not (isinstance(value, ModuleType) and is_within(value.__name__)):
            op = getattr(value, "op", None)
            if not is_on_elements(op):
                return None
            found[path], path = op, ()
    return found


def contents(cell: Any) -> Any:
    """Returns what a variable of an outer function holds, None if it has no value yet."""
    try:
        return cell.cell_contents
    except ValueError:
        return None


def is_on_elements(op: Any) -> bool:
    """True for an operation of the package on the elements of tensors, which has no other parameters."""
    return getattr(op, "family", "") == "elementwise" and not op.params and op.prepare is None and not is_own(op)


def on_tensors(function: Callable[..., Any], arrays: tuple[bool, ...]) -> Callable[..., Any]:
    """Returns a rule as a function of values: it runs on tensors that hold them, which nothing follows."""

    def rule(g: Any, *residuals: Any) -> Any:
        kept = [as_tensor(each) if array else each for each, array in zip(residuals, arrays, strict=True)]
        return as_value(function(as_tensor(g), *kept))

    return rule


def as_tensor(value: Any) -> Any:
    """Returns a value, or a list of them, as a tensor that nothing follows."""
    return [make_tensor(each) for each in value] if type(value) is list else make_tensor(value)


def as_value(result: Any) -> Any:
    """Returns the value of what a rule returned: of a tensor, of a list of them; anything else as an array."""
    if isinstance(result, Tensor):
        return result._value
    if isinstance(result, (list, tuple)):
        return [as_value(each) for each in result]
    return result if result is None or hasattr(result, "dense") else np.asarray(result)
