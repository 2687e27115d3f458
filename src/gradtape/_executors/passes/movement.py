"""Movement: records that only move elements, and sums of parts that do not meet, become one look-up of elements."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from gradtape._core.op import OPS, Op
from gradtape._executors.passes.sweep import branched
from gradtape._executors.program import Call, Guard, Program, Record, Spec, parts_of_key

# Operations whose results are elements of their inputs and zeros, with what a call of each costs beside its elements,
# in microseconds: those that copy, and those that look at an array in another way.
MOVING = {
    "concat": 1.0, "pad_constant": 1.5, "place": 1.5, "roll": 1.5, "stack": 1.5, "broadcast_to": 0.5,
    "expand_dims": 0.2, "getitem": 0.2, "identity": 0.2, "reshape": 0.2, "reverse": 0.4, "split": 1.0, "squeeze": 0.2,
    "transpose": 0.2, "unstack": 1.0,
}  # fmt: skip
ADDITION = 0.5
# What a look-up costs: in any case, and for each element that is looked at or put together before.
LOOKUP, ELEMENT = 2.0, 0.002
# A look-up has a place for each element: larger results are left as they are, and so are programs with more in all.
MOST_ELEMENTS, MOST_WORK = 1 << 16, 1 << 24
# For larger sums it is not counted how many parts meet.
MOST_COUNTED = 1 << 20


class Rearrangement:
    """Makes an array of the elements of others.

    Attributes:
        places: the result's elements, as positions in the one array, or in a zero with all arrays behind it.
        zero: an array of one zero; None where the positions are those in the one array.
    """

    __slots__ = ("places", "zero")

    def __init__(self, places: Any, zero: Any) -> None:
        self.places = places
        self.zero = zero

    def __call__(self, *arrays: Any) -> Any:
        flat = [array.reshape(-1) for array in arrays]
        found = (flat[0] if self.zero is None else np.concatenate([self.zero, *flat])).take(self.places)
        return np.asarray(found)


class Accumulation:
    """Adds arrays to parts of another one.

    Attributes:
        keys: for each array what leads to its part: keys, to be applied one after the other.
        shape: of the result, if it starts from zeros; None if the first array is what the others are added to.
        start: the zeros, with their signs: an array of this shape, or a number for all.
    """

    __slots__ = ("keys", "shape", "start")

    def __init__(self, keys: list[tuple[Any, ...]], shape: tuple[int, ...] | None, start: Any) -> None:
        self.keys = keys
        self.shape = shape
        self.start = start

    def __call__(self, *arrays: Any) -> Any:
        if self.shape is None:
            total, *parts = arrays
            total = np.asarray(np.add(total, self.start))
        else:
            total, parts = np.full(self.shape, self.start), list(arrays)
        for keys, array in zip(self.keys, parts, strict=True):
            part = view_of(total, keys)
            np.add(part, array, out=part)
        return total


def view_of(array: Any, keys: tuple[Any, ...]) -> Any:
    """Returns the part of an array to which keys lead, as a view also where it is one element."""
    for key in keys:
        array = array[key]
    return array


def as_view(key: Any) -> Any:
    """Returns a key that gives a view, also of one element; None for one that copies."""
    parts = parts_of_key(key)
    return parts if parts is None or Ellipsis in parts else (*parts, Ellipsis)


class Mover:
    """What is known of the movements of a program.

    A record belongs to another one, behind it, if nothing else uses its results: the two are done at once. `owners` has
    the position of the last of such records for each of them.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.specs = program.specs
        self.makers = {number: place for place, record in enumerate(program.records) for number in record.outputs}
        self.users: dict[int, list[int]] = {}
        for place, record in enumerate(program.records):
            for number in record.inputs:
                self.users.setdefault(number, []).append(place)
        for number in program.outputs:
            self.users.setdefault(number, []).append(-1)
        self.owners: dict[int, int] = {}
        self.members: dict[int, list[int]] = {}
        # The sums that go on from a sum: their positions in turn, the last one first.
        self.sums: dict[int, list[int]] = {}
        self.work = 0
        self.next = max(self.specs, default=-1) + 1
        for place in range(len(program.records) - 1, -1, -1):
            self.look_at(place)

    def look_at(self, place: int) -> None:
        """Finds what a record belongs to."""
        record = self.program.records[place]
        adding = self.is_sum(record)
        if not adding and not self.is_movement(record):
            return
        owner = self.owners.get(place)
        if owner is None:
            users = {user for number in record.outputs for user in self.users.get(number, ())}
            owners = {self.owners.get(user, -1) for user in users}
            owner = place if adding or len(owners) != 1 or -1 in owners else owners.pop()
            self.owners[place] = owner
        self.members.setdefault(owner, []).append(place)
        if adding:
            self.sums.setdefault(owner, []).append(place)
            for number in record.inputs:
                before = self.makers.get(number)
                if before is not None and self.users[number] == [place] and self.is_sum(self.program.records[before]):
                    self.owners[before] = owner
                    break

    def is_movement(self, record: Record) -> bool:
        """True for a record that only moves elements."""
        op, params = record.op, record.params
        if type(op) is not Op or op.name not in MOVING or not self.is_plain(record):
            return False
        if op.name == "pad_constant":
            return bool(params["constant"] == 0) and not np.signbit(np.real(params["constant"]))
        return op.name != "transpose" or not params["conjugate"] or self.specs[record.inputs[0]].dtype.kind != "c"

    def is_sum(self, record: Record) -> bool:
        """True for a sum of two values of one shape."""
        if type(record.op) is not Op or record.op.name != "add" or not self.is_plain(record):
            return False
        return len({self.specs[number].shape for number in (*record.inputs, *record.outputs)}) == 1

    def is_plain(self, record: Record) -> bool:
        """True for a record of arrays of numbers."""
        return all(self.specs[number].is_plain for number in (*record.inputs, *record.outputs))

    def traced(self, owner: int) -> tuple[dict[int, Any], list[int]] | None:
        """Returns for all values of the records that belong to one their elements' places, and the values moved.

        Place 0 is a zero; behind it come the elements of the values that are moved, one after the other.
        """
        places: dict[int, Any] = {}
        sources: list[int] = []
        end, records = 1, self.program.records
        sums = set(self.sums.get(owner, ()))
        for member in reversed(self.members[owner]):
            record = records[member]
            if member in sums:
                continue
            for number in record.inputs:
                if number in places:
                    continue
                shape = self.specs[number].shape
                size = prod(shape)
                self.work += size
                if self.is_zero(number):
                    places[number] = np.zeros(shape, np.int64)
                    continue
                if self.work > MOST_WORK:
                    return None
                places[number] = np.arange(end, end + size).reshape(shape)
                sources.append(number)
                end += size
            self.work += sum(prod(self.specs[number].shape) for number in record.outputs)
            if self.work > MOST_WORK:
                return None
            inputs = [places[number] for number in record.inputs]
            op: Any = record.op
            found = op.body(inputs, **record.params) if op.variadic else op.body(*inputs, **record.params)
            places.update(zip(record.outputs, found if op.outputs else [found], strict=True))
        return places, sources

    def is_zero(self, number: int) -> bool:
        """True for a constant of zeros without a sign."""
        array = self.program.constants.get(number)
        return type(array) is np.ndarray and not np.any(array) and not np.any(np.signbit(np.real(array)))

    def cost(self, owner: int) -> float:
        """Returns about how many microseconds the records that belong to one take beside their elements."""
        names = [self.program.records[member].op.name for member in self.members[owner]]
        return sum(MOVING.get(name, ADDITION) for name in names)

    def record(self, places: Any, sources: list[int], ends: dict[int, int], number: int, most: float) -> Record | None:
        """Returns the record of a look-up; None where it costs more than `most` microseconds.

        Args:
            places: see `traced`.
            sources: the values that are moved.
            ends: for each of them the place behind its last element.
            number: that of the result.
            most: see above.
        """
        limits = np.array([1, *[ends[source] for source in sources]])
        met = np.unique(np.searchsorted(limits, places.reshape(-1), "right"))
        used = [sources[position - 1] for position in met if position]
        sizes = [prod(self.specs[source].shape) for source in used]
        direct = len(used) == 1 and not (met == 0).any()
        elements = places.size + (0 if direct else sum(sizes) + 1)
        if not used or LOOKUP + ELEMENT * elements > most:
            return None
        # The places without the values that are not met.
        moved, start = np.zeros(len(limits), np.int64), 1
        for source, size in zip(used, sizes, strict=True):
            position = sources.index(source)
            moved[position + 1] = start - limits[position]
            start += size
        places = places + moved[np.searchsorted(limits, places, "right")] - direct
        zero = None if direct else np.zeros(1, self.specs[used[0]].dtype)
        call = Call("rearrange", Rearrangement(np.asarray(places, order="C"), zero), "pure")
        return Record(call, tuple(used), (number,), {})

    def way(self, term: int) -> tuple[tuple[Any, ...], int] | None:
        """Returns for a term that is 0 but in one part the keys that lead there, and the number of what is there."""
        keys: list[Any] = []
        while True:
            maker = self.makers.get(term)
            record = None if maker is None else self.program.records[maker]
            if record is None or record.op.name != "place" or not self.is_movement(record):
                break
            key = as_view(record.params["key"])
            if len(self.users[term]) > 1 or key is None:
                break
            keys.append(key)
            term = record.inputs[0]
        return (tuple(keys), term) if keys else None

    def size(self, number: int) -> int:
        """Returns the number of elements of a value."""
        return prod(self.specs[number].shape)

    def zero(self, like: int) -> int:
        """Returns the number of a zero of the dtype of a value."""
        number, self.next = self.next, self.next + 1
        dtype = self.specs[like].dtype
        self.specs[number], self.program.constants[number] = Spec((), dtype), np.zeros((), dtype)
        return number

    def new(self, like: int) -> int:
        """Returns the number of a new value of the form of another."""
        number, self.next = self.next, self.next + 1
        self.specs[number] = Spec(self.specs[like].shape, self.specs[like].dtype)
        return number


def rearranged(program: Program) -> Program:
    """Returns a program in which movements that follow each other are one, where that takes less time."""
    result = program.copy()
    mover = Mover(result)
    records: list[Record] = []
    for place, record in enumerate(program.records):
        if type(record.op) is Guard and record.op.branches:
            record = branched(record, rearranged, {})
        if mover.owners.get(place) != place:
            records.append(record)
        elif place in mover.sums:
            records += summed(mover, place) or [record]
        else:
            records.append(moved(mover, place) or record)
    result.records = records
    return result


def moved(mover: Mover, place: int) -> Record | None:
    """Returns one look-up for the movements that belong to a record; None where they are better as they are."""
    cost = mover.cost(place)
    outputs = mover.program.records[place].outputs
    if len(outputs) != 1 or cost < LOOKUP or mover.size(outputs[0]) > MOST_ELEMENTS:
        return None
    found = mover.traced(place)
    if found is None or not found[0][outputs[0]].size:
        return None
    places, sources = found
    return mover.record(places[outputs[0]], sources, ends_of(mover, sources), outputs[0], cost)


def ends_of(mover: Mover, sources: list[int]) -> dict[int, int]:
    """Returns for each value that is moved the place behind its last element."""
    ends, end = {}, 1
    for source in sources:
        end += prod(mover.specs[source].shape)
        ends[source] = end
    return ends


def summed(mover: Mover, place: int) -> list[Record] | None:
    """Returns records for a sum in which parts are put together in other ways; None where it is best as it is."""
    result = mover.program.records[place].outputs[0]
    sums = mover.sums[place]
    if len(mover.members[place]) == len(sums):
        return None
    records, terms = looked_up(mover, place, terms_of(mover, sums))
    changed = bool(records)
    total: int | None = None
    while terms:
        count, record = accumulated(mover, result, total, terms)
        if record is None and total is not None:
            record = Record(OPS["add"], (total, terms[0]), (mover.new(result),), {})
        elif record is not None:
            changed = True
        if record is not None:
            records.append(record)
        total = terms[0] if record is None else record.outputs[0]
        terms = terms[count:]
    last = records[-1] if changed else None
    return None if last is None else [*records[:-1], Record(last.op, last.inputs, (result,), last.params)]


def looked_up(mover: Mover, place: int, terms: list[int]) -> tuple[list[Record], list[int]]:
    """Returns records, and the terms of a sum in which neighbours that do not meet are one look-up.

    A part is 0 where it has no element of a moved value, so that of two numbers of parts that do not meet one is 0. To
    add a zero changes nothing but the sign of a zero, and all but one of the parts do that everywhere: so does one 0.0
    that is added to the look-up.
    """
    members, result = mover.members[place], mover.program.records[place].outputs[0]
    found = mover.traced(place) if len(members) > 3 and mover.size(result) <= MOST_ELEMENTS else None
    if found is None:
        return [], terms
    places, sources = found
    ends = ends_of(mover, sources)
    mine = {number for each in members for number in mover.program.records[each].outputs}
    share = mover.cost(place) / (len(mover.sums[place]) + 1)
    records: list[Record] = []
    remaining: list[int] = []
    for group in grouped(terms, places, mine):
        record = None
        if len(group) > 1:
            joint = sum(places[term] for term in group)
            most = share * len(group) - 2 * ADDITION
            record = mover.record(joint, sources, ends, mover.new(result), most)
        if record is not None:
            signless = mover.new(result)
            records += [record, Record(OPS["add"], (*record.outputs, mover.zero(result)), (signless,), {})]
            group = [signless]
        remaining += group
    return records, remaining


def accumulated(mover: Mover, result: int, total: int | None, terms: list[int]) -> tuple[int, Record | None]:
    """Returns how many terms are added at once to what there is, and the record that does it; 1 and None without one.

    Adding to a part alone leaves out zeros elsewhere, which turn a -0.0 into 0.0. A 0.0 at the start does the same,
    except where all terms have an element: there it is a -0.0, which changes nothing.
    """
    ways = []
    for term in terms:
        found = mover.way(term)
        if found is None:
            break
        ways.append(found)
    count = len(ways)
    if not count or (total is None and count == 1) or mover.size(result) > MOST_COUNTED:
        return 1, None
    spec = mover.specs[result]
    met = np.zeros(spec.shape, np.int32)
    for way, _ in ways:
        view_of(met, way)[...] += 1
    everywhere = met == count
    zeros = np.zeros(2, spec.dtype)
    zeros[1:] = np.negative(zeros[1:])
    start = zeros[everywhere.astype(np.intp)] if everywhere.any() and spec.dtype.kind in "fc" else zeros[0]
    keys = [each for each, _ in ways]
    call = Call("accumulate", Accumulation(keys, spec.shape if total is None else None, start), "pure")
    given = () if total is None else (total,)
    return count, Record(call, (*given, *[source for _, source in ways]), (mover.new(result),), {})


def terms_of(mover: Mover, sums: list[int]) -> list[int]:
    """Returns the numbers of what is added up, in turn."""
    terms: list[int] = []
    for position, place in enumerate(sums):
        inputs = mover.program.records[place].inputs
        if position + 1 == len(sums):
            return [*inputs, *reversed(terms)]
        before = mover.program.records[sums[position + 1]].outputs[0]
        terms.append(inputs[0] if inputs[1] == before else inputs[1])
    return terms


def grouped(terms: list[int], places: dict[int, Any], mine: set[int]) -> list[list[int]]:
    """Returns terms in groups of neighbours that do not meet in any element; alone what is not moved."""
    groups: list[list[int]] = []
    covered: Any = None
    for term in terms:
        if term not in mine:
            groups.append([term])
            covered = None
            continue
        here = places[term] != 0
        if covered is None or np.any(covered & here):
            groups.append([term])
            covered = here
        else:
            groups[-1].append(term)
            covered = covered | here
    return groups
