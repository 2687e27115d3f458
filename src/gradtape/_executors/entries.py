"""The fast way into a recorded function: code made for one form of call, which checks the arguments and replays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import ref

import numpy as np

from gradtape._core.tensor import Tensor, make_tensor
from gradtape._core.variable import Variable
from gradtape._executors.interpreter import Missed
from gradtape._executors.results import one
from gradtape._executors.signatures import PLAIN, Arguments, Parameters
from gradtape._executors.told import LONG_WAY, replayed

# Of so many tensors of one kind each is compared with each.
MOST_PAIRED = 3
# What an entry returns for a call that it is not for.
NOT_FOR_THIS: Any = object()


def no_entry(function: Any, args: Any, kwargs: Any, followed: Any) -> Any:
    """Stands for the way into a function that has none yet."""
    return NOT_FOR_THIS


def entry_for(
    trace: Any, arguments: Arguments, parameters: Parameters, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Callable[..., Any] | None:
    """Returns a function that replays what a trace has recorded, or returns `NOT_FOR_THIS`.

    It takes a `Function`, a call's `args` and its `kwargs`, and whether tapes record. There is none, and this returns
    None, where the arguments are of kinds that take longer to tell apart.

    Args:
        trace: what is replayed.
        arguments, parameters: the call's, taken apart, and the function's.
        args, kwargs: the same call as it was made.
    """
    writer = Writer()
    if kwargs:
        names = " and ".join([f"{name!r} in kwargs" for name in kwargs])
        writer.check(f"len(args) == {len(args)} and len(kwargs) == {len(kwargs)} and {names}")
    else:
        writer.check(f"not kwargs and len(args) == {len(args)}")
    for source, value in sources(arguments, parameters, args, kwargs):
        if not writer.value(source, value):
            return None
    if len(writer.given) != len(arguments.tensors):
        return None
    for given, tensor in zip(writer.given, arguments.tensors, strict=True):
        # What a signature makes of a value that is no tensor of its dtype takes longer.
        if given is not tensor and (parameters.specs is not None or type(given) is Tensor):
            return None
    if not writer.identities(arguments.firsts):
        return None
    if trace.captures is not None and not trace.captures.empty:
        trace.captures.hold()
        # What a first call has made of it.
        writer.names["hold"] = trace.captures.hold
        writer.check("hold()")
    writer.names |= {"trace": trace, "Missed": Missed, "make_tensor": make_tensor, "one": one}
    writer.names |= {"replayed": replayed, "LONG_WAY": LONG_WAY}
    # What an array is in a replay, a tensor, it is in an eager call only after the long way.
    idle = "NOT_FOR_THIS" if np.ndarray in map(type, writer.given) else "function._idle(trace, args, kwargs)"
    text = "\n".join(
        [
            "def entry(function, args, kwargs, followed):",
            *writer.lines,
            BODY.format(", ".join(writer.arrays), ", ".join(writer.tensors), idle),
        ]
    )
    exec(compile(text, "<call of a tf.function>", "exec"), writer.names)
    entry: Callable[..., Any] = writer.names["entry"]
    return entry


BODY = """\
    if followed:
        tensors = [{1}]
        found = replayed(trace, followed, [{0}], tensors)
        if found is LONG_WAY or type(found) is Missed:
            return function._follow(trace, tensors, args, kwargs, None if found is LONG_WAY else found)
        return found
    replay = trace.replay
    if replay is None:
        return {2}
    found = replay([{0}])
    if type(found) is Missed:
        return function._missed(trace, args, kwargs, found)
    program, arrays = found
    finish = program.finish
    if finish is one:
        array = arrays[0]
        if type(array) is not ndarray:
            return make_tensor(array)
        tensor = Tensor()
        tensor._value = array
        tensor._tape = None
        return tensor
    return finish([make_tensor(each) for each in arrays])
"""


def sources(arguments: Arguments, parameters: Parameters, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Yields where each argument of a call is found, and which it is, in the order of the recorded tensors."""
    for position in range(len(arguments.args)):
        if position < len(args):
            yield f"args[{position}]", args[position]
        elif (name := parameters.positional[position]) in kwargs:
            yield f"kwargs[{name!r}]", kwargs[name]
    for name in sorted(arguments.kwargs):
        if name in kwargs:
            yield f"kwargs[{name!r}]", kwargs[name]


class Writer:
    """Writes the checks of an entry.

    Attributes:
        lines: the code.
        names: what it uses.
        arrays: where the arrays of the tensors are.
        tensors: where the tensors are.
        given: the tensors of the call, and NumPy's arrays.
    """

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.names: dict[str, Any] = {"Tensor": Tensor, "ndarray": np.ndarray, "NOT_FOR_THIS": NOT_FOR_THIS}
        self.arrays: list[str] = []
        self.tensors: list[str] = []
        self.given: list[Any] = []
        self.count = 0

    def check(self, condition: str) -> None:
        """Adds a condition for calls that the entry is for."""
        self.lines.append(f"    if not ({condition}):\n        return NOT_FOR_THIS")

    def name(self, value: Any) -> str:
        """Returns a new name for something."""
        self.count += 1
        name = f"n{self.count}"
        self.names[name] = value
        return name

    def value(self, source: str, value: Any) -> bool:
        """Adds the checks for one argument; False where there are none for its kind."""
        kind = type(value)
        self.count += 1
        x = f"x{self.count}"
        self.lines.append(f"    {x} = {source}")
        if kind is Tensor:
            # A link to a tape that records nowhere is none.
            self.check(f"type({x}) is Tensor and (followed or {x}._tape is None or not {x}._tape.owner)")
            self.lines.append(f"    v{x} = {x}._value")
            self.array(f"v{x}", value._value)
            self.tensors.append(x)
            self.given.append(value)
        elif kind is np.ndarray and value.dtype.kind in "biufc" and value.dtype.isnative:
            self.check(f"type({x}) is ndarray")
            self.array(x, value)
            self.lines.append(f"    v{x} = {x}.copy()")
            self.arrays[-1] = f"v{x}"
            self.tensors.append(f"make_tensor(v{x})")
            self.given.append(value)
        elif value is None or kind is bool:
            self.check(f"{x} is {value}")
        elif kind in PLAIN or (kind is float and value != 0 and value == value):
            known = self.name(value)
            self.check(f"{x} is {known} or (type({x}) is {kind.__name__} and {x} == {known})")
        elif kind in (list, tuple) or (isinstance(value, tuple) and hasattr(value, "_fields")):
            self.check(f"type({x}) is {self.name(kind)} and len({x}) == {len(value)}")
            return all(self.value(f"{x}[{k}]", each) for k, each in enumerate(value))
        elif kind is dict:
            self.check(f"type({x}) is dict and tuple({x}) == {self.name(tuple(value))}")
            try:
                keys = sorted(value)
            except TypeError:
                keys = [*value]
            return all(self.value(f"{x}[{self.name(key)}]", value[key]) for key in keys)
        elif kind is Variable or not (hasattr(value, "__array__") or hasattr(value, "_components")):
            try:
                self.check(f"{x} is not None and {x} is {self.name(ref(value))}()")
            except TypeError:
                return False
        else:
            return False
        return True

    def identities(self, firsts: tuple[int, ...] | None) -> bool:
        """Adds the check that tensors of one kind are as many as they were; False where that takes longer.

        Args:
            firsts: for each tensor, which one it is; None where each is another one.
        """
        alike: dict[Any, list[int]] = {}
        for position, given in enumerate(self.given):
            if type(given) is Tensor:
                alike.setdefault((given._value.dtype, given._value.shape), []).append(position)
        for positions in alike.values():
            names = [self.tensors[position] for position in positions]
            if firsts is None and len(names) > MOST_PAIRED:
                self.check(f"len({{{', '.join(f'id({name})' for name in names)}}}) == {len(names)}")
                continue
            if len(names) > MOST_PAIRED:
                return False
            for k, (position, name) in enumerate(zip(positions, names, strict=True)):
                for other, twin in zip(positions[:k], names[:k], strict=True):
                    same = firsts is not None and firsts[position] == firsts[other]
                    self.check(f"{name} is {'' if same else 'not '}{twin}")
        return True

    def array(self, source: str, array: Any) -> None:
        """Adds the check of an array's dtype and shape."""
        self.check(f"{source}.dtype is {self.name(array.dtype)} and {source}.shape == {array.shape!r}")
        self.arrays.append(source)
