"""What a function's code reads and writes: its instructions, followed in their order without being run.

The code is followed with a stack of what is known of each value: where it was loaded from. What becomes of a loaded
value says whether the function depends on it: `log.append(x)` and `count += 1` do not. An instruction that is not known
here reads all that is on the stack, so a new version of Python costs precision at most.
"""

from __future__ import annotations

import dis
from functools import lru_cache
from types import CodeType
from typing import Any

from gradtape._executors.loads import (
    CALLED,
    CHANGED,
    COMPARISONS,
    FOREIGN,
    HANDED,
    ONLY_HANDED,
    READ,
    REPLACED,
    WRITERS,
    Called,
    Const,
    Load,
    Made,
    Mix,
    Reads,
    Unknown,
    add_all,
    chain_of,
    key_of,
    local_of,
    names_of,
    words,
)

# Calls that may read any attribute of an object.
SWEEPING = words("vars asdict astuple attrgetter methodcaller deepcopy locals __dict__")


@lru_cache(maxsize=2048)
def reads_of(code: CodeType) -> Reads:
    """Returns what a code reads."""
    follower = _Follower(code)
    reads = follower.follow()
    for inner in code.co_consts:
        if isinstance(inner, CodeType) and not any(inner is each for each in follower.handed_over()):
            reads.include(reads_of(inner), code.co_cellvars)
    return reads


# Instructions that leave one value in the place of those that they take; how many they take, `dis` knows.
_ONE = words(
    """
    BINARY_SLICE BUILD_CONST_KEY_MAP BUILD_INTERPOLATION BUILD_LIST BUILD_MAP BUILD_SET BUILD_SLICE BUILD_STRING
    BUILD_TEMPLATE BUILD_TUPLE CALL_INTRINSIC_1 CONTAINS_OP CONVERT_VALUE FORMAT_SIMPLE FORMAT_VALUE FORMAT_WITH_SPEC
    GET_ITER GET_LEN IS_OP LIST_TO_TUPLE LOAD_ASSERTION_ERROR LOAD_BUILD_CLASS LOAD_CLOSURE LOAD_COMMON_CONSTANT
    PUSH_NULL TO_BOOL
    """
)
# Instructions that leave nothing.
_NONE = words(
    """
    CACHE COPY_FREE_VARS DELETE_DEREF DELETE_FAST DELETE_GLOBAL DELETE_NAME DICT_MERGE DICT_UPDATE END_FOR EXTENDED_ARG
    KW_NAMES LIST_APPEND LIST_EXTEND MAKE_CELL MAP_ADD NOP NOT_TAKEN POP_EXCEPT POP_ITER RAISE_VARARGS RESUME
    RETURN_CONST RETURN_VALUE SETUP_ANNOTATIONS SET_ADD SET_UPDATE
    """
)
_LEAVES = words(
    "JUMP JUMP_FORWARD JUMP_BACKWARD JUMP_BACKWARD_NO_INTERRUPT RETURN_VALUE RETURN_CONST RAISE_VARARGS RERAISE"
)
_JUMPS = frozenset(dis.hasjrel) | frozenset(dis.hasjabs)


class _Follower:
    """Follows one code."""

    def __init__(self, code: CodeType) -> None:
        self.code = code
        self.reads = Reads()
        self.loads: list[Load] = []
        self.stack: list[Unknown] = []
        # The stacks that jumps bring to their targets, by offset.
        self.brought: dict[int, list[Unknown]] = {}
        # Where each place was set first: what is loaded from it later tells of nothing from before.
        self.settled: dict[Any, int] = {}
        self.instructions = list(dis.get_instructions(code))
        # Where each local is set last.
        self.last_set: dict[str, int] = {}
        for each in self.instructions:
            if each.opname.startswith("STORE_FAST") or each.opname == "STORE_DEREF":
                self.last_set |= dict.fromkeys(names_of(each), each.offset)
        # The functions that it makes, and those of them that were stored in a local.
        self.made: list[Made] = []
        self.kept: dict[str, list[Unknown]] = {}
        self.local_uses: dict[str, set[Any]] = {}
        self.offset = 0
        self.skipped = [
            (each.offset, each.argval) for each in self.instructions if each.opcode in _JUMPS
        ] + self.handled()

    def handled(self) -> list[tuple[int, int]]:
        """Returns the ranges of the code that may be left by an error that is caught."""
        after = {
            each.offset: (each.opname, following.opname)
            for each, following in zip(self.instructions, self.instructions[1:], strict=False)
        }
        return [
            (entry.start - 1, entry.target + 1)
            for entry in getattr(dis.Bytecode(self.code), "exception_entries", ())
            if after.get(entry.target, ("", ""))[0] == "PUSH_EXC_INFO" and after[entry.target][1] != "WITH_EXCEPT_START"
        ]

    def follow(self) -> Reads:
        """Follows the instructions and returns what they read."""
        left = False
        for instruction in self.instructions:
            self.offset = instruction.offset
            self.arrive(left)
            self.step(instruction)
            left = instruction.opname in _LEAVES
        for value in self.stack:
            self.read(value)
        self.note()
        return self.reads

    def arrive(self, left: bool) -> None:
        """Joins the stack with the one that jumps to this place have brought."""
        brought = self.brought.pop(self.offset, None)
        if brought is None:
            if left:
                self.stack = []
        elif left:
            self.stack = brought
        else:
            self.stack = self.joined(self.stack, brought)

    def joined(self, stack: list[Unknown], other: list[Unknown]) -> list[Unknown]:
        """Returns the stack of two ways that meet: what differs has been read."""
        if len(stack) != len(other):
            for each in (*stack, *other):
                self.read(each)
            return [Unknown() for _ in other]
        found = []
        for one, two in zip(stack, other, strict=True):
            if one is not two:
                self.read(one)
                self.read(two)
            found.append(one if one is two else Unknown())
        return found

    def note(self) -> None:
        """Writes down what has become of all loaded values."""
        reads = self.reads
        for load in reversed(self.loads):
            load.add_uses()
            if load.kind == "local":
                add_all(self.local_uses, {load.name: load.uses})
                continue
            if load.kind != "item":
                kinds = {"global": reads.globals, "cell": reads.cells, "attribute": reads.attributes}
                add_all(kinds[load.kind], {load.name: load.uses})
            if type(load.name) is str and load.name in SWEEPING:
                reads.sweeping = True
            chain = chain_of(load)
            if chain is not None:
                reads.chains.append(chain)

    def handed_over(self) -> list[CodeType]:
        """Returns the codes of the functions that it makes and only hands to `tf.py_function`."""
        for name, values in self.kept.items():
            for value in values:
                if isinstance(value, Made):
                    value.uses |= self.local_uses.get(name, set()) if len(values) == 1 else {READ}
        return [each.code for each in self.made if each.uses == ONLY_HANDED]

    # -- values

    def pop(self) -> Unknown:
        """Takes the top of the stack."""
        return self.stack.pop() if self.stack else Unknown()

    def take(self, count: int) -> list[Unknown]:
        """Takes the topmost values of the stack, the lowest first."""
        return [self.pop() for _ in range(count)][::-1]

    def push(self, kind: str, name: Any, base: Unknown | None = None) -> Load:
        """Puts a loaded value on the stack."""
        load = Load(kind, name, base)
        if kind != "local" and self.is_settled(load):
            load.uses.add(REPLACED)
            # What becomes of a value that the function has set itself is of no interest.
            shown: Unknown = Unknown()
        else:
            shown = load
        self.loads.append(load)
        self.stack.append(shown)
        return load

    def read(self, value: Unknown) -> None:
        """Notes that a value is read."""
        if isinstance(value, Load | Made):
            value.uses.add(READ)
        elif isinstance(value, Mix):
            for each in value.sources:
                each.uses.add(READ)
        elif isinstance(value, Called):
            value.method.uses.add(CALLED)

    def store(self, value: Unknown, target: Load) -> None:
        """Notes that a value is stored: what it is made of has been read, but for what it takes the place of."""
        key = key_of(target)
        counts = False
        for each in value.sources if isinstance(value, Mix) else [value]:
            if isinstance(each, Load) and key_of(each) == key:
                each.uses.add(REPLACED)
                counts = True
            else:
                self.read(each)
        local = local_of(target)
        if not counts and (local is None or self.last_set.get(local, -1) < self.offset):
            self.settled.setdefault(key, self.offset)

    def is_settled(self, load: Load) -> bool:
        """True for what has been set for sure before it is loaded here."""
        place = self.settled.get(key_of(load))
        return place is not None and not any(source < place < target <= self.offset for source, target in self.skipped)

    # -- instructions

    def step(self, instruction: dis.Instruction) -> None:
        """Does to the stack what an instruction does."""
        name = instruction.opname
        method = getattr(self, f"do_{name.lower()}", None)
        if instruction.opcode in _JUMPS:
            self.jump(instruction)
        elif method is not None:
            method(instruction)
        elif name.startswith("UNARY_"):
            self.stack.append(Mix([self.pop()]))
        elif name.startswith("LOAD_FAST"):
            for each in names_of(instruction):
                self.push("local", each)
        elif name == "POP_TOP":
            value = self.pop()
            if isinstance(value, Called):
                value.method.uses.add(CHANGED)
            else:
                self.read(value)
        elif name in _ONE:
            self.generic(instruction, 1)
        elif name in _NONE:
            self.generic(instruction, 0)
        else:
            self.unknown(instruction)

    def generic(self, instruction: dis.Instruction, pushes: int) -> None:
        """Reads what the instruction takes, and leaves what is not known."""
        effect = dis.stack_effect(instruction.opcode, instruction.arg, jump=False)
        for each in self.take(max(0, pushes - effect)):
            self.read(each)
        self.stack += [Unknown() for _ in range(pushes)]

    def unknown(self, instruction: dis.Instruction, jump: bool = False) -> None:
        """Reads the whole stack."""
        for each in self.stack:
            self.read(each)
        size = max(0, len(self.stack) + dis.stack_effect(instruction.opcode, instruction.arg, jump=jump))
        self.stack = [Unknown() for _ in range(size)]
        if instruction.opname.startswith("MATCH_CLASS"):
            self.reads.sweeping = True

    def jump(self, instruction: dis.Instruction) -> None:
        """Takes the stack to the target."""
        name = instruction.opname
        there, here = (dis.stack_effect(instruction.opcode, instruction.arg, jump=each) for each in (True, False))
        if name.startswith("POP_JUMP"):
            self.read(self.pop())
        elif there < 0 or here < 0:
            # A value that is tested, and kept on one of two ways.
            self.read(self.stack[-1] if self.stack else Unknown())
        stack = list(self.stack)
        before = 1 if name.startswith("POP_JUMP") else 0
        brought = stack[: max(0, len(stack) + there + before)]
        brought += [Unknown() for _ in range(there + before)]
        self.stack = stack[: max(0, len(stack) + here + before)] + [Unknown() for _ in range(here + before)]
        if instruction.argval > instruction.offset:
            known = self.brought.get(instruction.argval)
            self.brought[instruction.argval] = brought if known is None else self.joined(known, brought)

    def do_precall(self, instruction: dis.Instruction) -> None:
        """Leaves to the call what `dis` counts in part for what comes before it."""

    def do_load_const(self, instruction: dis.Instruction) -> None:
        self.stack.append(Const(instruction.argval))

    do_load_small_int = do_load_const_immortal = do_load_const_mortal = do_load_const

    def do_load_global(self, instruction: dis.Instruction) -> None:
        # What a call needs beside the function stands below it up to Python 3.12, above it later; either will do.
        if dis.stack_effect(instruction.opcode, instruction.arg) > 1:
            self.stack.append(Unknown())
        self.push("global", instruction.argval)

    do_load_name = do_load_global

    def do_load_from_dict_or_globals(self, instruction: dis.Instruction) -> None:
        self.pop()
        self.push("global", instruction.argval)

    def do_load_deref(self, instruction: dis.Instruction) -> None:
        self.push("cell" if instruction.argval in self.code.co_freevars else "local", instruction.argval)

    do_load_classderef = do_load_deref

    def do_load_from_dict_or_deref(self, instruction: dis.Instruction) -> None:
        self.pop()
        self.do_load_deref(instruction)

    def do_load_attr(self, instruction: dis.Instruction) -> None:
        self.push("attribute", instruction.argval, self.pop())
        if dis.stack_effect(instruction.opcode, instruction.arg) > 0:
            self.stack.append(Unknown())

    do_load_method = do_load_attr

    def do_load_super_attr(self, instruction: dis.Instruction) -> None:
        for each in self.take(3):
            self.read(each)
        self.push("attribute", instruction.argval)
        if dis.stack_effect(instruction.opcode, instruction.arg) > -2:
            self.stack.append(Unknown())

    do_load_super_method = do_load_zero_super_attr = do_load_zero_super_method = do_load_super_attr

    def do_import_name(self, instruction: dis.Instruction) -> None:
        level, _ = self.take(2)
        self.reads.imports.add((instruction.argval, level.value if isinstance(level, Const) else 0))
        self.stack.append(Unknown())

    def do_import_from(self, instruction: dis.Instruction) -> None:
        self.push("attribute", instruction.argval, self.stack[-1] if self.stack else None)

    def do_binary_subscr(self, instruction: dis.Instruction) -> None:
        base, key = self.take(2)
        self.read(key)
        if isinstance(base, Load):
            self.push("item", key, base)
        else:
            self.read(base)
            self.stack.append(Unknown())

    def do_binary_op(self, instruction: dis.Instruction) -> None:
        if instruction.argrepr.startswith("["):
            self.do_binary_subscr(instruction)
        else:
            self.stack.append(Mix(self.take(2)))

    def do_compare_op(self, instruction: dis.Instruction) -> None:
        values = self.take(2)
        if not any(isinstance(each, Const) for each in values):
            self.reads.compares |= COMPARISONS[instruction.argval]
        for each in values:
            self.read(each)
        self.stack.append(Unknown())

    def do_copy(self, instruction: dis.Instruction) -> None:
        position = instruction.arg or 1
        self.stack.append(self.stack[-position] if len(self.stack) >= position else Unknown())

    def do_swap(self, instruction: dis.Instruction) -> None:
        position = instruction.arg or 1
        if len(self.stack) >= position:
            self.stack[-1], self.stack[-position] = self.stack[-position], self.stack[-1]

    def do_store_fast(self, instruction: dis.Instruction) -> None:
        names = names_of(instruction)
        for name, each in zip(names, self.take(len(names))[::-1], strict=True):
            self.kept.setdefault(name, []).append(each)
            if not isinstance(each, Made):
                self.read(each)

    do_store_fast_store_fast = do_store_fast_maybe_null = do_store_fast

    def do_store_fast_load_fast(self, instruction: dis.Instruction) -> None:
        stored, loaded = names_of(instruction)
        self.kept.setdefault(stored, []).append(Unknown())
        self.read(self.pop())
        self.push("local", loaded)

    def do_store_global(self, instruction: dis.Instruction) -> None:
        self.store(self.pop(), Load("global", instruction.argval))

    do_store_name = do_store_global

    def do_store_deref(self, instruction: dis.Instruction) -> None:
        if instruction.argval in self.code.co_freevars:
            self.store(self.pop(), Load("cell", instruction.argval))
        else:
            self.read(self.pop())

    def do_store_attr(self, instruction: dis.Instruction) -> None:
        value, base = self.take(2)
        self.reads.stored.add(instruction.argval)
        if isinstance(base, Load):
            base.uses.add(CHANGED)
        else:
            self.read(base)
        self.store(value, Load("attribute", instruction.argval, base))

    def do_delete_attr(self, instruction: dis.Instruction) -> None:
        self.read(self.pop())
        self.reads.asked.add(instruction.argval)

    def do_store_subscr(self, instruction: dis.Instruction) -> None:
        value, base, key = self.take(3)
        self.read(key)
        self.change(base)
        self.store(value, Load("item", key, base))

    def do_store_slice(self, instruction: dis.Instruction) -> None:
        value, base, start, stop = self.take(4)
        for each in (value, start, stop):
            self.read(each)
        self.change(base)

    def do_delete_subscr(self, instruction: dis.Instruction) -> None:
        base, key = self.take(2)
        self.read(key)
        self.change(base)

    def change(self, base: Unknown) -> None:
        """Notes that something is stored in a value."""
        if isinstance(base, Load):
            base.uses.add(CHANGED)
        else:
            self.read(base)

    def do_make_function(self, instruction: dis.Instruction) -> None:
        *parts, code = self.take(1 - dis.stack_effect(instruction.opcode, instruction.arg))
        for each in parts:
            self.read(each)
        if isinstance(code, Const) and isinstance(code.value, CodeType):
            self.made.append(Made(code.value))
            self.stack.append(self.made[-1])
        else:
            self.stack.append(Unknown())

    def do_set_function_attribute(self, instruction: dis.Instruction) -> None:
        value, function = self.take(2)
        self.read(value)
        self.stack.append(function)

    def do_call(self, instruction: dis.Instruction) -> None:
        if instruction.opname == "CALL":
            taken = self.take((instruction.arg or 0) + 2)
        else:
            taken = self.take(1 - dis.stack_effect(instruction.opcode, instruction.arg, jump=False))
        function = next((each for each in taken[:2] if isinstance(each, Load)), None)
        self.ask(function, taken[2:])
        writes = function is not None and function.kind == "attribute" and function.name in WRITERS
        handed = taken[2] if len(taken) > 2 and instruction.opname == "CALL" and chain_of(function) in FOREIGN else None
        for each in taken:
            if each is handed and isinstance(each, Load | Made):
                each.uses.add(HANDED)
            elif each is function and isinstance(each, Load):
                each.uses |= set() if writes else {CALLED}
            else:
                self.read(each)
        self.stack.append(Called(function) if writes and function is not None else Unknown())

    do_call_kw = do_call_function_ex = do_call

    def ask(self, function: Load | None, arguments: list[Unknown]) -> None:
        """Notes the names of attributes that a call asks for."""
        if function is None or function.name not in ("getattr", "hasattr", "delattr", "setattr"):
            return
        name = arguments[1] if len(arguments) > 1 else None
        if isinstance(name, Const) and isinstance(name.value, str):
            if function.name == "setattr":
                self.reads.stored.add(name.value)
                return
            add_all(self.reads.attributes, {name.value: {READ}})
            self.reads.asked.add(name.value)
        elif function.name != "setattr":
            self.reads.sweeping = True
