"""Calls of every form, in random order: a recorded function gives what its Python function gives."""

import random

import numpy as np
import pytest

import gradtape as tf

VARIABLES = [tf.Variable(1.0), tf.Variable([1.0, 2.0])]


def some_value(draw: random.Random, depth: int = 0) -> object:
    """An argument: a tensor, an array, a number, a text, an object, or a structure of them."""
    kind = draw.randrange(9 if depth > 1 else 12)
    number = float(draw.randrange(3))
    if kind < 3:
        shape = draw.choice([(), (2,), (1, 2)])
        return tf.cast(tf.fill(shape, number), draw.choice([tf.float32, tf.int32]))
    if kind == 3:
        return np.full(draw.choice([(), (2,)]), number, draw.choice([np.float32, np.int64]))
    if kind == 4:
        return draw.choice([number, -number, int(number), bool(number), None, complex(number)])
    if kind < 7:
        return draw.choice(["a", b"a", "b", tf.float32, frozenset([1]), len, range(2), (), []])
    if kind < 9:
        return draw.choice(VARIABLES)
    parts = [some_value(draw, depth + 1) for _ in range(draw.randrange(1, 3))]
    if kind == 9:
        return parts
    if kind == 10:
        return tuple(parts)
    return dict(zip(draw.sample("pqr", len(parts)), parts, strict=True))


def some_call(draw: random.Random) -> tuple[list, dict]:
    args = [some_value(draw) for _ in range(draw.randrange(1, 4))]
    names = draw.sample(["k", "other", "more"] + ["b"] * (len(args) < 2), draw.randrange(3))
    return args, {name: some_value(draw) for name in names}


def told(*values: object, **named: object) -> tuple:
    """What a function sees: the kinds of its arguments, and its tensors."""
    texts, tensors = [], []

    def look(value: object) -> None:
        if isinstance(value, list | tuple):
            texts.append(f"{type(value).__name__}{len(value)}")
            for each in value:
                look(each)
        elif isinstance(value, dict):
            texts.append("/".join(value))
            for each in value.values():
                look(each)
        elif isinstance(value, tf.Variable):
            texts.append(str([each is value for each in VARIABLES]))
            tensors.append(value * 2.0)
        elif isinstance(value, tf.Tensor):
            texts.append(f"{value.dtype.name}{value.shape}")
            tensors.append(value + tf.ones([], value.dtype))
        else:
            texts.append(f"{type(value).__name__} {value!r}")

    look(values)
    look(named)
    return "; ".join(texts), tensors


def run(a: object, b: object = 2, *rest: object, k: object = 1.0, **named: object) -> tuple:
    return told(a, b, *rest, k=k, **{name: named[name] for name in sorted(named)})


def as_arguments(value: object) -> object:
    """An argument as a function sees it: arrays are tensors."""
    return tf.nest.map_structure(lambda each: tf.constant(each) if isinstance(each, np.ndarray) else each, value)


@pytest.mark.parametrize("seed", range(20))
def test_calls_of_all_forms_give_what_python_gives(seed: int) -> None:
    draw = random.Random(seed)
    function = tf.function(run)
    calls = [some_call(draw) for _ in range(8)]
    for _ in range(60):
        args, named = draw.choice(calls)
        text, tensors = function(*args, **named)
        args, named = as_arguments((args, named))
        wanted_text, wanted = run(*args, **named)
        assert text.numpy().decode() == wanted_text
        assert len(tensors) == len(wanted)
        for mine, its in zip(tensors, wanted, strict=True):
            assert mine.dtype is its.dtype
            np.testing.assert_array_equal(mine, its)
        if draw.random() < 0.2:
            VARIABLES[0].assign_add(1.0)
    assert function.experimental_get_tracing_count() <= len(calls)


@pytest.mark.parametrize("seed", range(5))
def test_calls_under_a_tape_give_what_python_gives(seed: int) -> None:
    draw = random.Random(seed)
    function = tf.function(lambda x, y=2.0, *, z=None: tf.reduce_sum(x * y) if z is None else tf.reduce_sum(x * y * z))
    x = tf.constant([1.0, 2.0])
    calls = [((), {}), ((3.0,), {}), ((), {"y": x}), ((x,), {"z": 3.0}), ((), {"z": VARIABLES[0]})]
    for _ in range(30):
        args, named = draw.choice(calls)
        if draw.random() < 0.5:
            assert float(function(x, *args, **named)) == float(function.python_function(x, *args, **named))
            continue
        gradients = []
        for each in (function, function.python_function):
            with tf.GradientTape() as tape:
                tape.watch(x)
                value = each(x, *args, **named)
            gradients.append(tape.gradient(value, [x, VARIABLES[0]], unconnected_gradients="zero"))
        for mine, its in zip(*gradients, strict=True):
            np.testing.assert_allclose(mine, its)
