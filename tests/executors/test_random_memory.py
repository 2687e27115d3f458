"""Random programs of views, reductions and arithmetic: what shares memory, or is written over, has the right values."""

import random
from math import prod

import numpy as np
import pytest

import gradtape as tf
from gradtape._executors import engine, interpreter
from gradtape._executors.lowering import lowered
from gradtape._executors.passes import optimized
from tests.executors.programs import bits, recorded

SHAPES = [[(3, 4), (4,), ()], [(2, 2), (2,), (2, 2)], [(2, 3, 4), (4,), (3, 4)]]
UNARY = [tf.sin, tf.tanh, tf.nn.relu, tf.sigmoid, tf.square, tf.negative, tf.identity, lambda x: x * 2.0]
BINARY = [tf.add, tf.subtract, tf.multiply, tf.maximum, tf.math.squared_difference]
# Of a value of at least one dimension, its size along the first axis, its rank, and one more of its shape.
MOVING = [
    lambda x, at, rank, other: [x[at]],
    lambda x, at, rank, other: [x[..., 0]],
    lambda x, at, rank, other: [x[::-1]],
    lambda x, at, rank, other: [tf.transpose(x)],
    lambda x, at, rank, other: tf.unstack(x, axis=at % rank),
    lambda x, at, rank, other: [tf.reduce_sum(x, at % rank)],
    lambda x, at, rank, other: [tf.reduce_mean(x)],
    lambda x, at, rank, other: [tf.stack([x, other], at)],
    lambda x, at, rank, other: [tf.concat([x, other], at % rank)],
    lambda x, at, rank, other: [tf.reshape(x, [-1])],
    lambda x, at, rank, other: [tf.roll(x, 1, 0), tf.expand_dims(x, 0)[0]],
]


def step(chance, values):
    """Returns the results of a random operation on some of the values."""
    x = chance.choice(values[-6:])
    other = chance.choice([each for each in values if each.shape == x.shape])
    kind = chance.random()
    if kind < 0.25:
        return [chance.choice(UNARY)(x)]
    if kind < 0.5 or not x.shape.rank:
        return [chance.choice(BINARY)(x, other)]
    return chance.choice(MOVING)(x, chance.randrange(x.shape[0]) % (x.shape.rank + 1) % x.shape[0], x.shape.rank, other)


@pytest.mark.parametrize("seed", range(0, 240, 20))
def test_memory_is_written_over_when_nobody_reads_it_any_more(seed):
    for number in range(seed, seed + 20):
        shapes = random.Random(number).choice(SHAPES)
        variable = tf.Variable(tf.zeros(shapes[0]))

        def function(*tensors, number=number, variable=variable):
            chance = random.Random(number)
            values = [*tensors, variable * 1.0]
            for _ in range(chance.randrange(5, 25)):
                values += [each for each in step(chance, values) if 0 < prod(each.shape.as_list()) < 400]
                if chance.random() < 0.05:
                    variable.assign(chance.choice([each for each in values if each.shape == variable.shape]))
                    values.append(variable + 0.5)
            return [chance.choice(values) for _ in range(chance.randrange(1, 4))]

        arrays = [np.random.default_rng(number).normal(size=shape).astype(np.float32) for shape in shapes]
        program = lowered(recorded(function, *arrays))
        found = []
        plain = lambda given, program=program: interpreter.run(program, given)
        for run in (plain, engine.compiled(program), engine.compiled(optimized(program))):
            variable.assign(tf.ones(shapes[0]))
            results = [run([array * times for array in arrays])[1] for times in (1, 2, 1)]
            found.append([bits(array) for each in (*results, [variable.numpy()]) for array in each])
        assert found[1] == found[0], number
        assert found[2] == found[0], number
