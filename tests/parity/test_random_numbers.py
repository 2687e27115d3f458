"""Random numbers against answers recorded from TensorFlow 2.21, bit for bit, and the generator's own laws."""

import hashlib
import json
import math
import platform
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest

import gradtape as tf
from gradtape._ops import philox, seeds
from gradtape._ops.philox import Philox
from gradtape._ops.seeds import SeedState

ANSWERS = json.loads(Path(__file__).with_name("random").joinpath("answers.json").read_text())
GROUPS = ["mixed", "repeated", "unseeded", "large", "stateless", "rare"]
PUBLIC_GROUPS = ["distributions", "derived", "generators"]
PROGRAMS = [pytest.param(program, id=f"{group}-{i}") for group in GROUPS for i, program in enumerate(ANSWERS[group])]
DRAWS = {"normal": seeds.random_normal, "uniform": seeds.random_uniform}
DRAWS["truncated_normal"] = seeds.random_truncated_normal
STATELESS = {"normal": philox.normal, "uniform": philox.uniform, "truncated_normal": philox.truncated_normal}
# Double logarithms, sines and cosines come from the C library; the answers were recorded with GNU's.
DOUBLES_ARE_EXACT = platform.libc_ver()[0] == "glibc"


def numpy_dtype(name):
    return np.dtype(ml_dtypes.bfloat16 if name == "bfloat16" else name)


def stateless(name, shape, seed, dtype, minval=None, maxval=None):
    stream, count = Philox.from_stateless_seed(*seed), math.prod(shape)
    if minval is not None:
        return philox.integers(stream, count, minval, maxval, dtype).reshape(shape)
    return STATELESS[name](stream, count, dtype).reshape(shape)


def replay(state, call, arguments, options):
    options = dict(options)
    if "dtype" in options:
        options["dtype"] = numpy_dtype(options["dtype"])
    if call.startswith("stateless_"):
        return stateless(call.removeprefix("stateless_"), *arguments, **options)
    shape = arguments[0]
    if call == "shuffle":
        return seeds.random_shuffle(state, np.arange(math.prod(shape), dtype=np.int32).reshape(shape), **options)
    if call == "categorical":
        logits = np.sin(np.arange(math.prod(shape))).reshape(shape) * 2
        return seeds.random_categorical(state, logits, arguments[1], **options)
    if options.pop("int64_shape", False):
        arguments = [np.array(shape, np.int64)]
    return DRAWS[call](state, *arguments, **options)


def check(result, answer):
    dtype = numpy_dtype(answer["dtype"])
    assert result.dtype == dtype
    assert result.shape == tuple(answer["shape"])
    flat = result.reshape(-1)
    expected = np.frombuffer(bytes.fromhex(answer["bytes"]), dtype)
    if dtype == np.float64 and not DOUBLES_ARE_EXACT:
        np.testing.assert_allclose(flat[:: answer["step"]], expected, rtol=1e-13, atol=1e-15)
        return
    assert flat[:: answer["step"]].tobytes() == expected.tobytes()
    if "sha256" in answer:
        assert hashlib.sha256(flat.tobytes()).hexdigest() == answer["sha256"]


@pytest.mark.parametrize("program", PROGRAMS)
def test_recorded_program(program):
    state = SeedState()
    for answer in program:
        if answer["call"] == "set_seed":
            state.set_seed(*answer["arguments"])
        else:
            check(replay(state, answer["call"], answer["arguments"], answer["options"]), answer)


def replay_publicly(call, arguments, options):
    if call == "generator":
        seed, method, *rest = arguments
        generator = tf.random.Generator.from_seed(seed)
        getattr(generator, method)(*rest, **options)
        result = getattr(generator, method)(*rest, **options)
        return tf.stack([each.state for each in result]) if method == "split" else result
    if call == "stateless_shuffle":
        shape, seed = arguments
        value = tf.reshape(tf.range(math.prod(shape)), shape)
        return tf.random.experimental.stateless_shuffle(value, seed)
    home = tf.random.experimental if call == "index_shuffle" else tf.random
    return getattr(home, call)(*arguments, **options)


@pytest.mark.parametrize(
    "program",
    [pytest.param(program, id=f"{group}-{i}") for group in PUBLIC_GROUPS for i, program in enumerate(ANSWERS[group])],
)
def test_recorded_program_of_public_functions(program):
    for answer in program:
        result = replay_publicly(answer["call"], answer["arguments"], answer["options"])
        if result is not None:
            check(result.numpy(), answer)


# The vectors of the paper's own distribution: counter and key of zeros, of ones, and of the digits of pi.
KNOWN = [
    (0, 0, "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    (2**64 - 1, 2**128 - 1, "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    (0x299F31D0A4093822, 0x0370734413198A2E85A308D3243F6A88, "d16cfe09 94fdcceb 5001e420 24126ea1"),
]


@pytest.mark.parametrize(("key", "counter", "words"), KNOWN)
def test_known_vectors(key, counter, words):
    assert Philox(key, counter).uint32(4).tolist() == [int(word, 16) for word in words.split()]


@pytest.mark.parametrize("counter", [0, 2**64 - 3, 2**96 - 3, 2**128 - 3, 2**70 + 2**32 - 3])
@pytest.mark.parametrize("count", [1, 7, 33, 4099])
def test_blocks_are_those_drawn_one_by_one(counter, count):
    blocks = Philox(99, counter).blocks(count)
    for index in {0, 1, 2, 3, count // 2, count - 1} & set(range(count)):
        single = Philox(99, counter)
        single.skip(index)
        assert blocks[index].tolist() == single.uint32(4).tolist()


@pytest.mark.parametrize("draw", [philox.normal, philox.uniform, philox.truncated_normal])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_shorter_draw_is_a_prefix(draw, dtype):
    whole = draw(Philox(3), 20_000, dtype)
    for count in (0, 1, 2, 5, 16_385):
        np.testing.assert_array_equal(draw(Philox(3), count, dtype), whole[:count])


@pytest.mark.parametrize("count", [1, 2, 3, 10, 1000])
def test_permutation_is_the_exchange_loop(count):
    order = list(range(count))
    for i, word in enumerate(Philox(5).uint32(count - 1).tolist() if count > 1 else []):
        j = i + word % (count - i)
        order[i], order[j] = order[j], order[i]
    assert philox.permutation(Philox(5), count).tolist() == order


def test_without_seeds_numbers_differ_from_state_to_state_and_call_to_call():
    state = SeedState()
    draws = [seeds.random_normal(state, (8,)), seeds.random_normal(state, (8,))]
    draws.append(seeds.random_normal(SeedState(), (8,)))
    assert len({draw.tobytes() for draw in draws}) == 3


def test_mean_and_bounds_broadcast():
    state, other = SeedState(), SeedState()
    state.set_seed(1)
    other.set_seed(1)
    mean, stddev = np.arange(3, dtype=np.float32), np.float32(0.1)
    plain = seeds.random_normal(other, (2, 3))
    np.testing.assert_array_equal(seeds.random_normal(state, (2, 3), mean, stddev), plain * stddev + mean)


def test_memory_of_streams_does_not_grow_without_operation_seeds():
    state = SeedState()
    state.set_seed(1)
    for _ in range(100):
        seeds.random_uniform(state, (2,))
    assert not state._streams


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (((2,), 5, 5, np.int32), "Need minval < maxval, got 5 >= 5"),
        (((2,), 0, None, np.int64), "maxval"),
        (((2,), [1, 2], 5, np.int32), r"minval must be 0-D, got shape \[2\]"),
        (((2,), 0, 1, np.complex64), "complex64"),
        (((-1,),), "must be >= 0"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        seeds.random_uniform(SeedState(), *arguments)


def test_an_empty_integer_draw_ignores_its_bounds():
    assert seeds.random_uniform(SeedState(), (0,), 5, 5, np.int32).shape == (0,)
