"""What tracks a tensor: the link from a tensor to the tapes that recorded it, and the tapes that record in a thread."""

from __future__ import annotations

import threading
from _thread import get_ident
from collections.abc import Callable
from operator import attrgetter
from typing import Any, Protocol


class Tracker(Protocol):
    """An interpreter that follows tensors: it is told of each operation on a tensor that it follows.

    `owner` is the ident of the thread in which the tracker records now, 0 while it does not record. With a minus it
    says that the tracker has no `records` for the fast paths to append to, and is told by the general door alone.
    `order` says when the tracker is told: tapes have -1, accumulators the number of their entry.
    `closed` says that nobody can ask it anything any more. `tensors` holds, by the id of its array, what the user gave
    it to follow.
    """

    owner: int
    order: int
    closed: bool
    records: list[Any]
    tensors: dict[int, Any]

    def record(self, op: Any, inputs: Any, params: dict[str, Any], outputs: Any) -> None:
        """Notes that `op` made `outputs` of `inputs`, and tracks the outputs."""


class Tracks:
    """Stands in for a tensor's tape where several trackers follow it; maps each to what it calls the tensor.

    Its `owner` matches no thread, so that the fast paths leave such a tensor to the general door.
    """

    __slots__ = ("entries",)
    owner = -1
    closed = False

    def __init__(self, entries: dict[Any, Any]) -> None:
        self.entries = entries


class _Recording(threading.local):
    """The tapes that record in the current thread, outermost first: a new tuple whenever they change."""

    tapes: tuple[Any, ...] = ()
    # The maps over rows that run, outermost first: how many rows each has, and the function that makes an array's first
    # axis its rows.
    maps: tuple[tuple[int, Callable[[Any], Any]], ...] = ()
    # The rule of a program's own operation that runs on tensors: the input that it is for, and the operation.
    rule: tuple[str, str] | None = None
    # What records a function for replays, in all that runs: a recorder, which then is the outermost tape as well.
    recorder: Any = None


RECORDING = _Recording()
_attaching = threading.Lock()


def attach(tensor: Any, tracker: Any, index: Any) -> None:
    """Makes `tracker` follow `tensor` under the name `index`, beside the trackers that still follow it."""
    with _attaching:
        link = tensor._tape
        if link is None or link is tracker or link.closed:
            # The index first: a fast path that sees the tape has to find the tape's index.
            tensor._index = index
            tensor._tape = tracker
        elif type(link) is Tracks:
            alive = {each: name for each, name in link.entries.items() if not each.closed}
            tensor._tape = Tracks({**alive, tracker: index})
        else:
            tensor._tape = Tracks({link: tensor._index, tracker: index})


def detach(tensors: Any, tracker: Any) -> None:
    """Makes `tensors` forget a tracker that nobody can ask any more, so that fast paths take them again."""
    for tensor in tensors:
        link = tensor._tape
        if link is tracker:
            tensor._tape = None
        elif type(link) is Tracks and tracker in link.entries:
            others = {each: index for each, index in link.entries.items() if each is not tracker}
            if len(others) == 1:
                ((link, tensor._index),) = others.items()
                tensor._tape = link
            else:
                tensor._tape = Tracks(others)


def index_on(tensor: Any, tracker: Any) -> Any:
    """Returns what `tracker` calls `tensor`, or None if it does not follow it."""
    link = tensor._tape
    if link is tracker:
        return tensor._index
    if type(link) is Tracks:
        return link.entries.get(tracker)
    return None


def live_trackers(tensors: Any) -> list[Any]:
    """Returns the trackers that follow one of `tensors` and record in this thread now, in the order to tell them.

    Tapes come first, then accumulators from the outermost: what an accumulator computes is followed by all before it.
    """
    found: list[Any] = []
    for tensor in tensors:
        link = tensor._tape
        if link is None:
            continue
        here = get_ident()
        for tracker in link.entries if type(link) is Tracks else (link,):
            if (tracker.owner == here or tracker.owner == -here) and tracker not in found:
                found.append(tracker)
    if len(found) > 1:
        found.sort(key=by_order)
    return found


by_order = attrgetter("order")


# The class of tapes, which says so itself: what must not import it can make one.
TAPES: list[Any] = []
# What makes one step of a loop in a function that is recorded: a function that is known where one can be.
LOOPS: list[Any] = []


def performed(name: str, function: Callable[..., Any], tensors: Any, kind: str, outputs: bool = False) -> Any:
    """Returns what a function on arrays gives for those of tensors; a function that is recorded notes the call.

    Args:
        name: what the call is named in a recorded program.
        function: takes arrays, and returns one or a list of them.
        tensors: its arguments.
        kind: `pure` if the result follows from the arguments; `source` if it does not, as of random numbers; `effect`
            if there is none.
        outputs: whether the result is a list.

    Returns:
        An array, a list of them, or None; a recorded function's values in the place of arrays.
    """
    recorder = RECORDING.recorder
    if recorder is not None:
        return recorder.call(name, function, tensors, kind, outputs)
    return function(*[tensor._value for tensor in tensors])
