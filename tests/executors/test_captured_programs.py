"""Functions of changing surroundings give the eager answers: known cases, and programs made at random."""

import dataclasses
import functools
import random
import types

import numpy as np
import pytest

import gradtape as tf
from gradtape._executors.captures import Captures


@dataclasses.dataclass
class Config:
    rate: float = 0.5
    depth: int = 2


class Dense(tf.Module):
    def __init__(self, units, activation=tf.tanh):
        super().__init__()
        self.weights = tf.Variable(tf.ones([2, units]))
        self.activation = activation
        self.calls = 0

    @property
    def doubled(self):
        return self.weights * 2.0

    def __call__(self, x):
        self.calls += 1
        x = x @ self.weights
        return self.activation(x) if self.activation is not None else x


class Scaled(Dense):
    scale = 1.0

    def __call__(self, x):
        return super().__call__(x) * self.scale + tf.reduce_sum(self.doubled)


class Stack:
    def __init__(self):
        self.layers = [Dense(2), Scaled(2)]
        self.training = False
        self.seen = []
        self.named = {"first": tf.Variable(1.0)}
        self.first = True
        self.level = 0.0
        self.step = 0

    def call(self, x):
        self.seen.append(1)
        for layer in self.layers:
            x = layer(x)
        return -x if self.training else x

    def variables(self, x):
        return [x * variable for variable in self.named.values()]

    def once(self, x):
        if self.first:
            self.first = False
            return x * 100.0
        return x

    def toggles(self, x):
        found = x + self.level
        self.level = 1.0 - self.level
        return found

    def counts(self, x):
        self.step += 1
        return x * self.step if self.step % 3 == 0 else x

    def lazy(self, x):
        if not hasattr(self, "kernel"):
            self.kernel = tf.constant(3.0)
        return x * self.kernel


def a_stack(method, *changes):
    def make():
        stack = Stack()
        return getattr(stack, method), [functools.partial(change, stack) for change in changes]

    return make


def closures():
    factor, flags = 2.0, [True, False]

    def change():
        nonlocal factor
        factor += 1.0

    def call(x):
        scale = lambda y: y * factor
        return sum([scale(x) for flag in flags if flag])

    return call, [change, lambda: flags.append(True), lambda: flags.pop(0), change]


def configurations():
    config, table = Config(), {"rate": 0.1, "seen": 0}

    def call(x):
        table["seen"] += 1
        for _ in range(config.depth):
            x = x * config.rate + table["rate"]
        return x

    return call, [
        lambda: setattr(config, "depth", 3),
        lambda: table.update(rate=0.3),
        lambda: table.update(seen=9),
        lambda: setattr(config, "rate", 1),
    ]


def arrays():
    held, space = np.arange(4.0), types.SimpleNamespace(scale=np.float64(2.0))

    def call(x):
        return tf.reduce_sum(x) * tf.constant(held * space.scale, tf.float32)

    return call, [lambda: held.__setitem__(0, 5.0), lambda: setattr(space, "scale", np.float64(3.0)), held.sort]


CASES = {
    "a layer's function": a_stack("call", lambda stack: setattr(stack.layers[0], "activation", None)),
    "a class attribute": a_stack("call", lambda stack: setattr(stack.layers[1], "scale", 4.0)),
    "one more layer": a_stack("call", lambda stack: stack.layers.append(Dense(2))),
    "a flag, to and fro": a_stack("call", *[lambda stack: setattr(stack, "training", not stack.training)] * 4),
    "a dict of variables": a_stack("variables", lambda stack: stack.named.update(second=tf.Variable(5.0))),
    "what a method does once": a_stack("once", *[lambda stack: setattr(stack, "first", True)] * 6),
    "what a method turns over": a_stack(
        "toggles", *[lambda stack: None] * 3, lambda stack: setattr(stack, "level", 0.0)
    ),
    "a counter that is read": a_stack("counts", *[lambda stack: None] * 5),
    "what is made at first": a_stack("lazy", lambda stack: None, lambda stack: delattr(stack, "kernel")),
    "closures": closures,
    "configurations": configurations,
    "arrays": arrays,
}


@pytest.mark.parametrize("name", CASES)
def test_answers_are_the_eager_ones(name):
    (eager, eager_changes), (python, changes) = CASES[name](), CASES[name]()
    recorded = tf.function(python)
    x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
    for eager_change, change in [(None, None), *zip(eager_changes, changes, strict=True)]:
        if change is not None:
            eager_change()
            change()
        for _ in range(3):
            for got, want in zip(tf.nest.flatten(recorded(x)), tf.nest.flatten(eager(x)), strict=True):
                np.testing.assert_allclose(got.numpy(), want.numpy(), rtol=1e-6)


def test_what_is_only_counted_or_kept_asks_for_no_other_recording():
    stack, runs = Stack(), []

    def call(x):
        runs.append(1)
        return stack.call(x)

    recorded = tf.function(call)
    for _ in range(5):
        recorded(tf.ones([1, 2]))
    assert len(runs) == 1
    stack.layers[0].calls = 50
    recorded(tf.ones([1, 2]))
    assert len(runs) == len(stack.seen) == 1
    for training in (True, False, True, False):
        stack.training = training
        recorded(tf.ones([1, 2]))
    assert len(runs) == 2


# What the programs are made of: {a} and {b} stand for attributes, {e} for one of the reads.
READS = """self.{a}|self.other.{a}|global_{a}|self.table['{a}']|len(self.items)|sum(self.items)|table['{a}']|self.twice
function(2)|cell_{a}|getattr(self.other, 'extra', 3)|min(self.{a}, 5)|[each.{a} for each in self.parts][0]|Space.{a}
(self.{a} if t % 2 else self.other.{b})|self.helper(2)""".replace("\n", "|").split("|")
STATEMENTS = """self.{a} = self.{b} + 1|self.{a} += 1|t += {e}|global_{a} += 1|self.items.append(1)|self.{a} = {e}
self.table['{a}'] = {e}|o = self.other; o.{a} += 1|self.other.{a} = {e}|table['{a}'] = {e}|t = t + {e}
items = self.items; items.append(2)|cell_{a} = cell_{a} + 1|cell_{a} = {e}|self.{a}, self.other.{b} = t, {e}
u = self.{a} = {e}; t += u|for each in self.parts: each.{a} = t; t += each.{b}
self.table['{a}'] += 1""".replace("\n", "|").split("|")
BLOCKS = ["if t % 3 == 1:", "if x > 2:", "try:", "for _ in range(len(self.parts) + 1):", "with manager:"]
PROGRAM = """
class Space: a, b, c = 1, 2, 3
class Manager:
    def __enter__(self): return self
    def __exit__(self, *error): return False
class Base:
    def __init__(self, other=None):
        self.a, self.b, self.c = 1, 2, 3
        self.items, self.table, self.other, self.parts = [1], dict(a=1, b=2, c=3), other, [other]
    @property
    def twice(self): return self.a * 2
def function(t): return t + global_a
manager, global_a, global_b, global_c, table = Manager(), 1, 2, 3, dict(a=1, b=2, c=3)
def make():
    cell_a, cell_b, cell_c = 1, 2, 3
    class Inner(Base):
        def helper(self, t):
            global global_a, global_b, global_c
            nonlocal cell_a, cell_b, cell_c
{helper}
            return t * 2
        def call(self, x):
            global global_a, global_b, global_c
            nonlocal cell_a, cell_b, cell_c
            t = 1
{body}
            return x + t
    return Inner
held = make()(Base())
"""


def statements(draw, depth):
    """Returns lines of a few random statements."""
    found = []
    for _ in range(draw.randint(1, 4)):
        names = {"a": draw.choice("abc"), "b": draw.choice("abc")}
        if depth < 3 and draw.random() < 0.25:
            block = draw.choice(BLOCKS)
            found += [block, *("    " + line for line in statements(draw, depth + 1))]
            found += ["except KeyError:", "    pass"] if block == "try:" else []
        else:
            names["e"] = draw.choice(READS).format(**names)
            found.append(draw.choice(STATEMENTS).format(**names))
    return found


def program(draw):
    """Returns the text of a random program."""
    helper, body = statements(draw, 2), statements(draw, 0)
    # A helper that calls itself does not end.
    helper = [line.replace("self.helper(2)", "t").replace("x > 2", "t > 2") for line in helper]
    indented = ["\n".join("            " + line for line in each) for each in (helper, body)]
    return PROGRAM.format(helper=indented[0], body=indented[1])


def change(draw):
    """Returns a random change of a program's state."""
    name, value = draw.choice("abc"), draw.randrange(4)
    return draw.choice(
        [
            lambda space: setattr(space["held"], name, value),
            lambda space: setattr(space["held"].other, name, value),
            lambda space: space.update({f"global_{name}": value}),
            lambda space: space["held"].table.update({name: value}),
            lambda space: space["table"].update({name: value}),
            lambda space: space["held"].items.append(value),
            lambda space: space["held"].items.clear(),
            lambda space: setattr(space["held"], "items", [1]),
            lambda space: setattr(space["held"].other, "extra", value),
            lambda space: setattr(space["Space"], name, value),
            lambda space: vars(space["held"]).update(a=1, b=2, c=3),
        ]
    )


def spaces(text):
    """Runs a program's text twice."""
    found = {"__name__": "one"}, {"__name__": "two"}
    for space in found:
        exec(text, space)
    return found


@pytest.mark.parametrize("seed", range(80))
def test_random_programs(seed):
    draw = random.Random(seed)
    eager, other = spaces(text := program(draw))
    recorded = tf.function(other["held"].call)
    for _ in range(14):
        x = tf.constant(draw.choice([1.0, 5.0]))
        assert float(recorded(x)) == float(eager["held"].call(x)), text
        for _ in range(draw.choice([0, 0, 1, 2])):
            made = change(draw)
            made(eager)
            made(other)


def test_random_programs_by_their_captures_alone():
    replayed = 0
    for seed in range(100):
        draw = random.Random(1000 + seed)
        eager, other = spaces(text := program(draw))
        known = []
        for _ in range(10):
            found = next((result for captures, result in known if captures.hold()), None)
            if found is None:
                captures = Captures.of(other["held"].call, {"x": 3})
                found = other["held"].call(3)
                known += [(captures, found)] if captures.hold() else []
                assert captures.hold() == (captures.changed() is None)
            else:
                replayed += 1
            assert found == eager["held"].call(3), text
            made = change(draw)
            made(eager)
            made(other)
    assert replayed > 100
