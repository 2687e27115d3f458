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


MORE_CALLS = ["gamma", "poisson", "split", "fold_in", "stateless_gamma", "stateless_poisson", "stateless_binomial"]
MORE_CALLS += ["stateless_categorical", "stateless_parameterized_truncated_normal"]
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
    **{name: getattr(tf.random, name) for name in MORE_CALLS},
    "index_shuffle": tf.random.experimental.index_shuffle,
    "stateless_shuffle": lambda shape, seed: tf.random.experimental.stateless_shuffle(items(shape), seed),
    "generator": lambda seed, method, *arguments, **options: follow_generator(seed, method, arguments, options),
}


def follow_generator(seed, method, arguments, options):
    """The second result of a method of a generator."""
    generator = tf.random.Generator.from_seed(seed)
    getattr(generator, method)(*arguments, **options)
    result = getattr(generator, method)(*arguments, **options)
    return tf.stack([each.state for each in result]) if method == "split" else result


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


ALPHAS = {"low": [0.02, 0.3, 0.9], "one": [1.0], "high": [1.5, 40.0, 1e4], "mixed": [0.5, 1.0, 7.0]}
RATES = {"low": [0.0, 0.1, 3.0, 9.99], "high": [10.0, 33.3, 1e4], "mixed": [2.0, 50.0]}
TRIALS = [([5.0, 30.0], 0.3), ([100.0, 1000.0], [0.2, 0.9]), ([10.0], 0.95), ([-1.0, 4.0, 8.0], [0.5, 0.0, 1.0])]
BOUNDS = [[0.0, 1.0, -2.0, 2.0], [0.0, 1.0, -0.5, 0.7], [1.0, 2.0, 4.0, 5.0], [0.0, 1.0, 3.0, 20.0]]
BOUNDS += [[-1.0, 0.5, -20.0, -3.0], [2.0, 1.0, -9.0, 9.0], [0.0, 1.0, 1.0, 1.25]]


def distributions_programs():
    """Gamma, Poisson, binomial, categorical and bounded normal numbers, by seeds and by operation seeds."""
    for seed in [[0, 0], [1, 2], [-5, 7], [2**40, -(2**50)]]:
        for dtype in FLOATS[:1] + FLOATS[2:]:
            calls = [("stateless_gamma", [40, len(each)], seed, each) for each in ALPHAS.values()]
            yield [recorded(*call, dtype=dtype) for call in calls]
        for dtype in ["float16", "float32", "float64", "int32", "int64"]:
            kinds = [("stateless_poisson", [20, len(each)], seed, each) for each in RATES.values()]
            yield [recorded(*call, dtype=dtype) for call in kinds]
            several = [(trials, max(np.size(each) for each in trials)) for trials in TRIALS]
            options = {"output_dtype": dtype}
            yield [recorded("stateless_binomial", [20, n], seed, *trials, **options) for trials, n in several]
        yield [recorded("stateless_categorical", [[0.0, 1.0, -1.0]], 50, seed, dtype=dtype) for dtype in INT_BOUNDS]
        name = "stateless_parameterized_truncated_normal"
        yield [recorded(name, [60], seed, *bounds) for bounds in BOUNDS]
        yield [recorded(name, [9, 2, 3], seed, [1.0, 2.0, 3.0], 1.0, [[-1.0], [0.0]], 9.0)]
    for seed in [3, 2**33]:
        program = [recorded("set_seed", seed)]
        for op_seed in [{}, {"seed": 4}, {"seed": 4}]:
            for dtype in FLOATS[:1] + FLOATS[2:]:
                program.append(recorded("gamma", [7], [0.3, 1.0, 5.0], 2.0, dtype=dtype, **op_seed))
                program.append(recorded("poisson", [7, 2], [0.3, 5.0, 25.0], dtype=dtype, **op_seed))
        yield program


def derived_programs():
    """Seeds made of seeds, permutations, and integers of the whole range."""
    for seed in [[0, 0], [1, 2], [-5, 7], [2**31 - 1, 3]]:
        yield [recorded("split", seed, 5), recorded("fold_in", seed, 3), recorded("fold_in", seed, -9)]
        yield [recorded("stateless_shuffle", shape, seed) for shape in [[1], [7], [40, 2], [1000]]]
        options = {"minval": None, "maxval": None, "seed": seed}
        yield [recorded("stateless_uniform", [7], dtype=d, **options) for d in ["int32", "int64", "uint32", "uint64"]]
        several = [(list(range(9)), 8), (5, 5), ([0, 3, 70_000], 70_000), ([0, 2**30], 2**31 - 1), (0, 0)]
        yield [recorded("index_shuffle", index, seed, greatest) for index, greatest in several]
    yield [recorded("split", [2**40, -3], 4)]


def generators_programs():
    for seed in [0, 1, -7, 2**40 + 3, 2**70 + 5, [1, 2], [9, 8, 7, 6]]:
        program = []
        for method, dtype in itertools.product(["normal", "uniform", "truncated_normal"], FLOATS[:1] + FLOATS[2:]):
            program.append(recorded("generator", seed, method, [5], dtype=dtype))
        program += [recorded("generator", seed, "uniform", [5], 0, 9, dtype=dtype) for dtype in INT_BOUNDS]
        program += [recorded("generator", seed, "uniform_full_int", [3], dtype=d) for d in ["uint64", "int32"]]
        program.append(recorded("generator", seed, "binomial", [4, 2], [10.0, 100.0], 0.4))
        program += [recorded("generator", seed, "make_seeds", 2), recorded("generator", seed, "split", 2)]
        program += [recorded("generator", seed, "skip", 5), recorded("generator", seed, "skip", 2**60)]
        yield program


def main():
    groups = [mixed_programs, repeated_programs, unseeded_programs, large_programs, stateless_programs, rare_programs]
    groups += [distributions_programs, derived_programs, generators_programs]
    answers = {group.__name__.removesuffix("_programs"): list(group()) for group in groups}
    answers["tensorflow"] = tf.__version__
    text = json.dumps(answers, separators=(",", ":")).replace("],[{", "],\n[{")
    Path(__file__).with_name("answers.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
