"""What is inside the values that a function reads: lists, arrays, objects; what is as good as before, what is not."""

import types
from collections import Counter, defaultdict, deque, namedtuple

import numpy as np
import pytest

import gradtape as tf
from gradtape._executors.captures import Captures

Pair = namedtuple("Pair", "first second")


class Slotted:
    __slots__ = ("value",)

    def __init__(self, value):
        self.value = value


class AttributeDict(dict):
    __getattr__ = dict.__getitem__


@pytest.mark.parametrize(
    ("held", "change"),
    [
        ({"a": [1, (2, [3])]}, lambda held: held["a"][1][1].append(4)),
        (defaultdict(list, a=[1]), lambda held: held["a"].append(4)),
        (deque([1, 2]), lambda held: held.rotate(1)),
        (Counter("ab"), lambda held: held.update("b")),
        ({1, 2}, lambda held: held.add(3)),
        (Pair([1], 2), lambda held: held.first.append(1)),
        (AttributeDict(lr=1), lambda held: held.update(lr=2)),
        (Slotted(1), lambda held: setattr(held, "value", 2)),
        (types.SimpleNamespace(value=1), lambda held: setattr(held, "value", 2)),
        (types.SimpleNamespace(value=1), lambda held: delattr(held, "value")),
        (np.arange(6.0), lambda held: held.__setitem__(2, 9)),
        (np.arange(6.0).reshape(2, 3)[:, ::2], lambda held: held.__setitem__(1, 9)),
        (np.zeros(100_000), lambda held: held.__setitem__(99_999, 1)),
        (list(range(1000)), lambda held: held.__setitem__(999, 0)),
        ([object()] * 1000, lambda held: held.pop()),
        ({"a": 1, "b": 2}, lambda held: held.__setitem__("a", held.pop("a"))),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_inside(held, change):
    def use(x):
        return x, held, held.value, held.lr

    captures = Captures.of(use, {})
    assert captures.hold()
    assert captures.hold()
    change(held)
    assert not captures.hold()
    assert captures.changed()


@pytest.mark.parametrize(
    ("value", "like", "other"),
    [
        (1.5, float("1.5"), 2.5),
        (0.0, float("0"), -0.0),
        (float("nan"), -float("nan") * -1, 0.0),
        (1, int("1"), True),
        (1234567, int("1234567"), 1234567.0),
        ("text!", "".join(["te", "xt!"]), "other"),
        ((1, (2, "a")), (1, (2, "a"))[:], (1, (2, "b"))),
        (slice(1, 2), slice(1, 2), slice(1, 3)),
        (np.float32(1.5), np.float32(1.5), np.float64(1.5)),
        ([1, 2], [1, 2], [2, 1]),
        ({"a": [1]}, {"a": [1]}, {"a": [1, 2]}),
        (np.arange(3), np.arange(3), np.arange(3.0)),
        (tf.float32, tf.float32, tf.float64),
    ],
)
def test_what_is_replaced_by_its_like_is_as_it_was(value, like, other):
    held = value

    def use(x):
        return x, held

    captures = Captures.of(use, {})
    for _ in range(2):
        assert captures.hold()
        held = like
        assert captures.hold()
        held = other
        assert not captures.hold()
        assert captures.changed()
        held = value


def test_nothing_is_forgotten_by_a_test_that_fails():
    first, second = [1.0], [2.0]

    def use(x):
        return x, first, second

    captures = Captures.of(use, {})
    kept = first
    first, second[0] = [1.0], 3.0
    assert not captures.hold()
    first, second[0] = kept, 2.0
    assert captures.hold()
    kept[0] = 4.0
    assert not captures.hold()


@pytest.mark.parametrize("make", [lambda: iter([1, 2]), lambda: (x for x in "ab"), lambda: map(abs, [1]), deque])
def test_an_iterator_cannot_be_replayed(make):
    held = make()

    def use(x):
        return x * next(held)

    volatile = Captures.of(use, {}).volatile
    assert volatile is None if type(held) is deque else "held" in volatile


def test_files(tmp_path):
    with open(tmp_path / "written", "w+") as file, open(tmp_path / "other", "w") as other:

        def writes(x):
            file.write("a")
            print(x, file=other)

        def reads(x):
            return x, file.readline()

        assert Captures.of(writes, {}).volatile is None
        assert "file" in Captures.of(reads, {}).volatile


def test_too_much_to_look_after():
    held = [[[each] for each in range(200)] for _ in range(200)]

    def use(x):
        return x, held

    assert "too many" in Captures.of(use, {}).volatile


def test_rings_and_properties_with_state_do_not_hurt():
    class Odd:
        def __getattr__(self, name):
            raise KeyError(name)

    ring = [1]
    ring.append(ring)
    odd = Odd()
    odd.ring = ring

    def use(x):
        return x, ring, odd.ring, odd.anything, hasattr(odd, "kernel")

    captures = Captures.of(use, {})
    captures.hold()
    ring[0] = 2
    assert not captures.hold()
