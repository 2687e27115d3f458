"""Records TensorFlow's random numbers into answers.json: `python record.py`, in an environment with tensorflow 2.21.

The answers are programs: lists of calls, each with its arguments and the result's bytes. Results of more than 64 items
keep every so-many-th item and, where the bytes don't depend on the C library's double functions, a digest of all.
"""

import hashlib
import itertools
import json
import random
from pathlib import Path

import numpy as np
import tensorflow as tf

SEEDS = [0, 1, 42, 123456789, 2**31 - 1, 2**31, 2**40 + 3, -7]
OP_SEEDS = [None, None, None, 0, 5, 5, 7, 2**31 - 1, 2**33, -3]
SHAPES = [[], [1], [2, 3], [5], [0], [2, 1, 3], [9]]
FLOATS = ["float16", "bfloat16", "float32", "float64"]
INT_BOUNDS = {"int32": [[0, 10], [-5, 3], [-(2**31), 2**31 - 1]], "int64": [[0, 7], [-(2**63), 2**63 - 1]]}


def items(value):
    return tf.reshape(tf.range(int(np.prod(value)), dtype=tf.int32), value)


def logits(shape):
    rows = np.sin(np.arange(int(np.prod(shape)))).reshape(shape)
    return tf.constant(rows * 2)


CALLS = {
    "set_seed": tf.random.set_seed,
    "normal": tf.random.normal,
    "uniform": tf.random.uniform,
    "truncated_normal": tf.random.truncated_normal,
    "shuffle": lambda shape, **options: tf.random.shuffle(items(shape), **options),
    "categorical": lambda shape, num_samples, **options: tf.random.categorical(logits(shape), num_samples, **options),
    "stateless_normal": tf.random.stateless_normal,
    "stateless_uniform": tf.random.stateless_uniform,
    "stateless_truncated_normal": tf.random.stateless_truncated_normal,
}


def recorded(name, *arguments, **options):
    call = {"call": name, "arguments": list(arguments), "options": options}
    given = dict(options)
    if given.pop("int64_shape", False):
        arguments = (np.array(arguments[0], np.int64),)
    result = CALLS[name](*arguments, **given)
    if result is None:
        return call
    array = result.numpy()
    flat = array.reshape(-1)
    step = 1 if flat.size <= 64 else flat.size // 40
    call |= {"dtype": array.dtype.name, "shape": list(array.shape), "step": step, "bytes": flat[::step].tobytes().hex()}
    if step > 1 and array.dtype != np.float64:
        call["sha256"] = hashlib.sha256(flat.tobytes()).hexdigest()
    return call


def random_call(choose, op_seed, floats):
    name = choose.choice(["normal", "uniform", "truncated_normal", "integers", "shuffle", "categorical"])
    shape = choose.choice(SHAPES)
    seed = {} if op_seed is None else {"seed": op_seed}
    if name == "shuffle":
        return recorded(name, choose.choice([*SHAPES, [13], [40, 2]]), **seed)
    if name == "categorical":
        return recorded(name, choose.choice([[1, 4], [3, 2]]), choose.choice([1, 3, 8]), **seed)
    if name == "integers":
        dtype = choose.choice(list(INT_BOUNDS))
        return recorded("uniform", shape, *choose.choice(INT_BOUNDS[dtype]), dtype=dtype, **seed)
    bounds = choose.choice([[], [], [0.5, 1.25], [-3, 3], [0, 4.1]])
    return recorded(name, shape, *bounds, dtype=choose.choice(floats), **seed)


def mixed_programs():
    choose = random.Random(20)
    for seed, number in itertools.product(SEEDS, range(6)):
        pool = choose.sample(OP_SEEDS, 3) if number else [None]
        # The type that needs a package of its own appears in a few programs only, not in all of them.
        floats = FLOATS if number == 5 else [dtype for dtype in FLOATS if dtype != "bfloat16"]
        yield [recorded("set_seed", seed)] + [random_call(choose, choose.choice(pool), floats) for _ in range(12)]


def repeated_programs():
    """The same operation and seed again and again, across a new global seed."""
    for name, dtype in itertools.product(["normal", "uniform", "truncated_normal"], FLOATS):
        again = [name, [3]]
        program = [recorded("set_seed", 11)] + [recorded(*again, dtype=dtype, seed=4) for _ in range(3)]
        program += [recorded(name, [3], dtype=dtype), recorded(*again, dtype=dtype, seed=4)]
        yield program + [recorded("set_seed", 11)] + [recorded(*again, dtype=dtype, seed=4) for _ in range(2)]
    yield [recorded("set_seed", 3)] + [recorded("normal", [2], seed=5, int64_shape=i % 3 == 0) for i in range(6)]


def unseeded_programs():
    """Operation seeds without a global one."""
    calls = [("normal", [4]), ("uniform", [4]), ("truncated_normal", [4]), ("shuffle", [9])]
    yield [recorded("set_seed", None)] + [recorded(*call, seed=6) for call in calls * 2]
    yield [recorded("set_seed", None)] + [recorded(*call, seed=0) for call in calls * 2]


def large_programs():
    size = [50_021]
    for seed, dtype in itertools.product([None, 8], FLOATS):
        seeded = {"dtype": dtype, **({} if seed is None else {"seed": seed})}
        names = ["normal", "uniform", "truncated_normal"] * 2
        yield [recorded("set_seed", 77)] + [recorded(name, size, **seeded) for name in names]
    for dtype, bounds in INT_BOUNDS.items():
        yield [recorded("set_seed", 78)] + [recorded("uniform", size, *pair, dtype=dtype, seed=1) for pair in bounds]
    yield [recorded("set_seed", 79)] + [recorded("shuffle", shape, seed=2) for shape in (size, [3001, 3], size)]
    yield [recorded("set_seed", 80), recorded("normal", [1_000_003]), recorded("categorical", [1, 30], 2000)]


def stateless_programs():
    kinds = ["stateless_normal", "stateless_uniform", "stateless_truncated_normal"]
    for seed in [[0, 0], [1, 2], [-5, 7], [2**31 - 1, 3], [2**40, -(2**50)]]:
        for dtype in FLOATS:
            yield [recorded(kind, [7], seed=seed, dtype=dtype) for kind in kinds]
        yield [recorded("stateless_uniform", [7], seed=seed, minval=-3, maxval=11, dtype=d) for d in INT_BOUNDS]


def rare_programs():
    """Words that one draw in millions meets: no first uniform number at all, and a float16 normal that rounds to -0."""
    for seed in (6018600, 445423, 8996956, 10861794):
        for name, dtype in itertools.product(["normal", "truncated_normal"], ["float16", "float32", "float64"]):
            yield [recorded("set_seed", 1), recorded(name, [4], dtype=dtype, seed=seed)]


def main():
    groups = [mixed_programs, repeated_programs, unseeded_programs, large_programs, stateless_programs, rare_programs]
    answers = {group.__name__.removesuffix("_programs"): list(group()) for group in groups}
    answers["tensorflow"] = tf.__version__
    text = json.dumps(answers, separators=(",", ":")).replace("],[{", "],\n[{")
    Path(__file__).with_name("answers.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
