"""Candidate samplers: classes drawn in place of all, with TensorFlow's own numbers, and how often each is expected."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from gradtape._core.conversion import convert
from gradtape._core.dtypes import int64
from gradtape._core.op import TensorLike
from gradtape._core.tensor import Tensor, make_tensor
from gradtape._ops.parameters import as_list, as_real, as_setting
from gradtape._ops.philox import Philox, unit_float64
from gradtape._ops.sampling import STATE
from gradtape._ops.stateless import plain
from gradtape._ops.steps import one_step
from gradtape.errors import InvalidArgumentError, NotFoundError

# The blocks of random words that a sampler sets aside for each class it draws.
RESERVED = 512
Draw = Callable[[Philox, int], Any]
# What the learned samplers have counted, by the sampler's parameters and seeds; and the global seed's own generator,
# with which all begins anew.
COUNTS: dict[Any, tuple[Any, Any]] = {}


class Candidates(NamedTuple):
    """What a sampler returns."""

    sampled_candidates: Tensor
    true_expected_count: Tensor
    sampled_expected_count: Tensor


@cache
def named(kind: str) -> Any:
    """Returns what a sampler returns under the sampler's own name, as TensorFlow shows it."""
    return type(kind, (Candidates,), {"__doc__": Candidates.__doc__, "__slots__": ()})


def true_ids(true_classes: TensorLike, num_true: int, range_max: int) -> Any:
    """Returns the true classes as an array.

    Raises:
        InvalidArgumentError: they are no matrix with `num_true` columns, or one is out of range.
    """
    classes = plain(convert(true_classes, int64))
    if classes.ndim != 2:
        raise InvalidArgumentError(f"true_classes must be a matrix, got shape {list(classes.shape)}.")
    if classes.shape[1] != num_true:
        raise InvalidArgumentError(f"true_classes must have num_true columns: {num_true}, got {classes.shape[1]}.")
    wrong = classes[(classes < 0) | (classes >= range_max)]
    if wrong.size:
        raise InvalidArgumentError(f"`true_candidate` out of range [0, {range_max}), received {wrong[0]}")
    return classes


def even(stream: Philox, count: int, bound: int, bits: int) -> Any:
    """Returns at most `count` numbers below `bound`, from words of 32 or 64 bits; those that would not be fair lack."""
    words = stream.uint32(count * (bits // 32))
    if bits == 64:
        words = words[0::2] | words[1::2].astype(np.uint64) << np.uint64(32)
    unsigned = words.dtype.type
    if bound & (bound - 1) == 0:
        return words & unsigned(bound - 1)
    fair = words[words >= unsigned((2**bits - 1) % bound + 1)]
    return fair % unsigned(bound)


def expected(chances: Any, count: int, tries: int) -> Any:
    """Returns how often classes of given probabilities are among those that were drawn in so many tries."""
    chances = np.asarray(chances, np.float32)
    if tries == count:
        return chances * np.float32(count)
    return -np.expm1(np.float32(tries) * np.log1p(-chances))


def drawn(draw: Draw, stream: Philox, count: int, unique: bool) -> tuple[Any, int]:
    """Returns classes that are drawn, and how many had to be, those that were there already included."""
    found = np.empty(0, np.int64)
    while True:
        # Whole blocks of four words: the next ones follow without a gap.
        found = np.concatenate([found, draw(stream, -(-(count + 1) // 4) * 4).astype(np.int64)])
        if not unique:
            if len(found) >= count:
                return found[:count], count
            continue
        first = np.sort(np.unique(found, return_index=True)[1])[:count]
        if len(first) == count:
            return found[first], int(first[-1]) + 1 if count else 0


def sampled(
    kind: str, draw: Draw, chance: Callable[[Any], Any], truth: Any, parameters: tuple[Any, ...], seed: int | None
) -> Candidates:
    """Returns the candidates of a sampler, given what draws and what knows the probability of a class."""
    count, unique = parameters[1], parameters[2]
    stream = STATE.stream(kind, parameters, seed, RESERVED * count)
    return candidates(kind, draw, chance, truth, count, unique, stream)


def candidates(
    kind: str, draw: Draw, chance: Callable[[Any], Any], truth: Any, count: int, unique: bool, stream: Philox
) -> Candidates:
    """Returns the candidates that come from a stream."""
    found, tries = drawn(draw, stream, count, unique)
    counts = [expected(chance(classes), count, tries) for classes in (truth, found)]
    result: Candidates = named(kind)(make_tensor(found), make_tensor(counts[0]), make_tensor(counts[1]))
    return result


def as_sizes(num_true: Any, num_sampled: Any, range_max: Any) -> tuple[int, int, int]:
    """Returns three numbers of classes as integers; WrongTypeError for what is none."""
    return as_setting("num_true", num_true), as_setting("num_sampled", num_sampled), as_setting("range_max", range_max)


def check_sizes(num_sampled: int, unique: bool, range_max: int) -> None:
    """Raises InvalidArgumentError unless there are classes, and enough of them."""
    if range_max <= 0:
        raise InvalidArgumentError(f"range_max must be positive, got {range_max}.")
    if num_sampled < 1:
        raise InvalidArgumentError(f"num_sampled must be at least 1, got {num_sampled}.")
    if unique and num_sampled > range_max:
        raise InvalidArgumentError(
            f"Sampler's range is too small: {num_sampled} different classes are wanted of {range_max}."
        )


@one_step("uniform_candidate_sampler", "source", named("UniformCandidateSampler"))
def uniform_candidate_sampler(
    true_classes: TensorLike,
    num_true: int,
    num_sampled: int,
    unique: bool,
    range_max: int,
    seed: int | None = None,
    name: str | None = None,
) -> Candidates:
    """Returns classes of which each is as likely as any other.

    Args:
        true_classes: integers of shape `[batch, num_true]`.
        num_true: how many true classes each example has.
        num_sampled: how many classes are drawn.
        unique: whether they all differ.
        range_max: the number of classes.
        seed: the operation's own seed, beside the global one.
        name: ignored.

    Returns:
        Three tensors: the classes, int64; how often each true class is expected among them, and how often each of
        them, both float32.

    Raises:
        InvalidArgumentError: a class is out of range, the shapes do not fit, or there are not enough classes.

    >>> import gradtape as tf
    >>> found, _, expected = tf.random.uniform_candidate_sampler([[0]], 1, 4, unique=False, range_max=8, seed=1)
    >>> found.shape, expected.numpy()
    (TensorShape([4]), array([0.5, 0.5, 0.5, 0.5], dtype=float32))
    """
    num_true, num_sampled, range_max = as_sizes(num_true, num_sampled, range_max)
    check_sizes(num_sampled, unique, range_max)
    truth = true_ids(true_classes, num_true, range_max)

    def chance(classes: Any) -> Any:
        return np.full(classes.shape, 1.0 / range_max, np.float32)

    parameters = (num_true, num_sampled, bool(unique), range_max)
    return sampled(
        "UniformCandidateSampler",
        lambda stream, count: even(stream, count, range_max, 64),
        chance,
        truth,
        parameters,
        seed,
    )


@one_step("log_uniform_candidate_sampler", "source", named("LogUniformCandidateSampler"))
def log_uniform_candidate_sampler(
    true_classes: TensorLike,
    num_true: int,
    num_sampled: int,
    unique: bool,
    range_max: int,
    seed: int | None = None,
    name: str | None = None,
) -> Candidates:
    """Returns classes by Zipf's law: class k has the probability `log((k + 2) / (k + 1)) / log(range_max + 1)`.

    It suits classes that are sorted by how frequent they are, the most frequent first.

    Args:
        true_classes: integers of shape `[batch, num_true]`.
        num_true: how many true classes each example has.
        num_sampled: how many classes are drawn.
        unique: whether they all differ.
        range_max: the number of classes.
        seed: the operation's own seed, beside the global one.
        name: ignored.

    Returns:
        Three tensors: the classes, int64; how often each true class is expected among them, and how often each of
        them, both float32.

    Raises:
        InvalidArgumentError: a class is out of range, the shapes do not fit, or there are not enough classes.

    >>> import gradtape as tf
    >>> tf.random.log_uniform_candidate_sampler([[0]], 1, 4, unique=False, range_max=7)[1].numpy().round(4)
    array([[1.3333]], dtype=float32)
    """
    num_true, num_sampled, range_max = as_sizes(num_true, num_sampled, range_max)
    check_sizes(num_sampled, unique, range_max)
    truth = true_ids(true_classes, num_true, range_max)
    scale = np.log1p(float(range_max))

    def draw(stream: Philox, count: int) -> Any:
        units = unit_float64(stream.uint32(2 * count))
        return (np.exp(units * scale).astype(np.int64) - 1) % range_max

    def chance(classes: Any) -> Any:
        return np.log((classes + 2.0) / (classes + 1.0)) / scale

    parameters = (num_true, num_sampled, bool(unique), range_max)
    return sampled("LogUniformCandidateSampler", draw, chance, truth, parameters, seed)


@one_step("learned_unigram_candidate_sampler", "source", named("LearnedUnigramCandidateSampler"))
def learned_unigram_candidate_sampler(
    true_classes: TensorLike,
    num_true: int,
    num_sampled: int,
    unique: bool,
    range_max: int,
    seed: int | None = None,
    name: str | None = None,
) -> Candidates:
    """Returns classes in proportion to how often each was a true class before, plus one.

    Calls with the same parameters and seeds learn together.

    Args:
        true_classes: integers of shape `[batch, num_true]`.
        num_true: how many true classes each example has.
        num_sampled: how many classes are drawn.
        unique: whether they all differ.
        range_max: the number of classes.
        seed: the operation's own seed, beside the global one.
        name: ignored.

    Returns:
        Three tensors: the classes, int64; how often each true class is expected among them, and how often each of
        them, both float32.

    Raises:
        InvalidArgumentError: a class is out of range, the shapes do not fit, or there are not enough classes.

    >>> import gradtape as tf
    >>> [tf.nn.learned_unigram_candidate_sampler([[0]], 1, 1, True, 3, seed=7)[1].numpy().item() for _ in range(2)]
    [0.3333333432674408, 0.5]
    """
    num_true, num_sampled, range_max = as_sizes(num_true, num_sampled, range_max)
    check_sizes(num_sampled, unique, range_max)
    truth = true_ids(true_classes, num_true, range_max)
    parameters = (num_true, num_sampled, bool(unique), range_max)
    stream = STATE.stream("LearnedUnigramCandidateSampler", parameters, seed, RESERVED * num_sampled)
    owner = parameters, stream.key, stream.counter >> 64
    period, weights = COUNTS.get(owner, (None, None))
    if weights is None or period is not STATE._operation_seeds:
        weights = np.ones(range_max, np.int64)
    total = int(weights.sum())
    ends = np.cumsum(weights)
    found = candidates(
        "LearnedUnigramCandidateSampler",
        lambda stream, count: np.searchsorted(ends, even(stream, count, total, 32), side="right"),
        lambda classes: weights[classes].astype(np.float32) / np.float32(total),
        truth,
        num_sampled,
        unique,
        stream,
    )
    if seed is not None or STATE.global_seed is None:
        weights = weights.copy()
        np.add.at(weights, truth.reshape(-1), 1)
        COUNTS[owner] = STATE._operation_seeds, weights
    return found


def alias_table(weights: Any) -> tuple[Any, Any]:
    """Returns Walker's table for drawing by weights: for each class how much of its own share it keeps, and who else.

    Source: Walker, "An efficient method for generating discrete random variables", 1977.
    """
    count = len(weights)
    shares = ((weights * np.float32(count)).astype(np.float64) / weights.astype(np.float64).sum()).tolist()
    others = list(range(count))
    low = [place for place, share in enumerate(shares) if share < 1]
    high = [place for place, share in enumerate(shares) if share >= 1]
    while high and low:
        small, great = low.pop(), high.pop()
        others[small] = great
        shares[great] -= 1.0 - shares[small]
        (low if shares[great] < 1 else high).append(great)
    for place in high + low:
        shares[place], others[place] = 1.0, place
    return np.array(shares, np.float32), np.array(others)


def read_weights(vocab_file: str) -> list[float]:
    """Returns the weights in a file: in each line the last of the fields between commas.

    Raises:
        NotFoundError: there is no such file.
        InvalidArgumentError: a line does not end in a number.
    """
    try:
        with open(vocab_file, encoding="utf-8") as lines:
            return [float(line.rstrip("\n").split(",")[-1]) for line in lines]
    except OSError as error:
        raise NotFoundError(f"fixed_unigram_candidate_sampler: {vocab_file}: {error}") from None
    except ValueError as error:
        raise InvalidArgumentError(f"Wrong vocabulary format in {vocab_file}: {error}") from None


@one_step("fixed_unigram_candidate_sampler", "source", named("FixedUnigramCandidateSampler"))
def fixed_unigram_candidate_sampler(
    true_classes: TensorLike,
    num_true: int,
    num_sampled: int,
    unique: bool,
    range_max: int,
    vocab_file: str = "",
    distortion: float = 1.0,
    num_reserved_ids: int = 0,
    num_shards: int = 1,
    shard: int = 0,
    unigrams: Any = (),
    seed: int | None = None,
    name: str | None = None,
) -> Candidates:
    """Returns classes in proportion to given weights.

    Args:
        true_classes: integers of shape `[batch, num_true]`.
        num_true: how many true classes each example has.
        num_sampled: how many classes are drawn.
        unique: whether they all differ.
        range_max: the number of classes.
        vocab_file: a file with a weight at the end of each line, behind the last comma; or `unigrams`.
        distortion: the power that the weights are raised to.
        num_reserved_ids: how many classes with the weight 0 come first.
        num_shards: by how many samplers the classes are shared.
        shard: which of them this one is.
        unigrams: the weights themselves.
        seed: the operation's own seed, beside the global one.
        name: ignored.

    Returns:
        Three tensors: the classes, int64; how often each true class is expected among them, and how often each of
        them, both float32.

    Raises:
        InvalidArgumentError: a class is out of range, the shapes do not fit, there are not enough classes, or there is
            not one weight for each.

    >>> import gradtape as tf
    >>> tf.nn.fixed_unigram_candidate_sampler([[0, 1]], 2, 4, False, 2, unigrams=[3.0, 1.0])[1].numpy()
    array([[3., 1.]], dtype=float32)
    """
    given = [as_real("unigrams", weight) for weight in as_list("unigrams", unigrams)]
    num_reserved_ids, num_shards = (
        as_setting("num_reserved_ids", num_reserved_ids),
        as_setting("num_shards", num_shards),
    )
    shard = as_setting("shard", shard)
    if num_shards < 1 or not 0 <= shard < num_shards:
        raise InvalidArgumentError(f"shard is at least 0 and below num_shards, got {shard} and {num_shards}.")
    if not vocab_file and not given:
        raise InvalidArgumentError("Must provide either vocab_file or unigrams.")
    if vocab_file and given:
        raise InvalidArgumentError("Must only provide one of vocab_file and unigrams.")
    num_true, num_sampled, range_max = as_sizes(num_true, num_sampled, range_max)
    check_sizes(num_sampled, unique, range_max)
    reserved = [0.0 for place in range(num_reserved_ids) if place % num_shards == shard]
    own = [
        weight
        for place, weight in enumerate(given or read_weights(vocab_file), start=len(reserved))
        if place % num_shards == shard
    ]
    powers = np.power(np.array(own, np.float32), np.float32(as_real("distortion", distortion)))
    weights = np.concatenate([np.array(reserved, np.float32), powers])
    if len(weights) != range_max:
        raise InvalidArgumentError(f"range is {range_max} must be equal to weights size {len(weights)}")
    truth = true_ids(true_classes, num_true, range_max)
    total = np.cumsum(powers, dtype=np.float32)[-1]
    kept, others = alias_table(weights)

    def draw(stream: Philox, count: int) -> Any:
        return alias_draws(stream, count, kept, others)

    parameters = (num_true, num_sampled, bool(unique), weights.tobytes())
    return sampled(
        "FixedUnigramCandidateSampler", draw, lambda classes: weights[classes] / total, truth, parameters, seed
    )


def alias_draws(stream: Philox, count: int, kept: Any, others: Any) -> Any:
    """Returns `count` classes from Walker's table: for each, a word says which of the two, and one which place."""
    bound = len(kept)
    least = 0 if bound & (bound - 1) == 0 else (2**32 - 1) % bound + 1
    words = stream.uint32(2 * count).astype(np.int64)
    if (words[1::2] < least).any():
        return slow_draws(stream, count, words.tolist(), least, kept, others)
    units = (words[0::2] & 0x7FFFFF) / np.float32(1 << 23)
    classes = words[1::2] % bound
    return np.where(units.astype(np.float32) < kept[classes], classes, others[classes])


def slow_draws(stream: Philox, count: int, words: list[int], least: int, kept: Any, others: Any) -> Any:
    """Returns `alias_draws` where words are passed over: what follows moves up."""
    found: list[int] = []
    place = 0
    while len(found) < count or place % 4:
        while place + 66 > len(words):
            words += stream.uint32(128).tolist()
        unit = np.float32((words[place] & 0x7FFFFF) / (1 << 23))
        place += 1
        while words[place] < least:
            place += 1
        each = words[place] % len(kept)
        place += 1
        found.append(int(each if unit < kept[each] else others[each]))
    stream.skip(-((len(words) - place) // 4))
    return np.array(found)


@one_step("all_candidate_sampler", "source", named("AllCandidateSampler"))
def all_candidate_sampler(
    true_classes: TensorLike,
    num_true: int,
    num_sampled: int,
    unique: bool,
    seed: int | None = None,
    name: str | None = None,
) -> Candidates:
    """Returns all classes: what the samplers are compared with.

    Args:
        true_classes: integers of shape `[batch, num_true]`.
        num_true: how many true classes each example has.
        num_sampled: the number of classes.
        unique: ignored: the classes differ.
        seed: ignored.
        name: ignored.

    Returns:
        Three tensors: the classes from 0 on, int64; a one for each true class, and for each class, both float32.

    Raises:
        InvalidArgumentError: a class is out of range, or the shapes do not fit.

    >>> import gradtape as tf
    >>> tf.nn.all_candidate_sampler([[1]], 1, 3, unique=True)[0].numpy()
    array([0, 1, 2])
    """
    STATE.seeds(seed)
    num_true, num_sampled, _ = as_sizes(num_true, num_sampled, 0)
    check_sizes(num_sampled, False, num_sampled)
    truth = true_ids(true_classes, num_true, num_sampled)
    ones = [np.ones(shape, np.float32) for shape in (truth.shape, num_sampled)]
    everything = make_tensor(np.arange(num_sampled))
    result: Candidates = named("AllCandidateSampler")(everything, make_tensor(ones[0]), make_tensor(ones[1]))
    return result
