"""What tells the calls of a function apart, and what a signature makes of arguments."""

import gc
import weakref
from collections import OrderedDict, namedtuple
from dataclasses import dataclass

import numpy as np
import pytest

import gradtape as tf
from gradtape._executors.function import MOST_SIGNATURES

Pair = namedtuple("Pair", "left right")


class Thing:
    """An object without a value of its own."""

    def method(self) -> None:
        """Does nothing."""


class Slotted:
    __slots__ = ()


@dataclass(frozen=True)
class Value:
    number: int


def recorded(*calls: object) -> int:
    """How often a function is recorded that is called with each of these."""
    runs = []

    def run(argument: object) -> None:
        runs.append(argument)

    function = tf.function(run)
    for each in calls:
        function(each)
    return len(runs)


x = tf.constant([1.0, 2.0])
thing, slotted, variable, other = Thing(), Slotted(), tf.Variable(1.0), tf.Variable(1.0)

SAME = {
    "tensors of one form": (x, x + 1.0),
    "an array and a tensor": (x, np.array([3.0, 4.0], np.float32)),
    "a number of NumPy's": (tf.constant(1.0), np.float32(2.0)),
    "numbers": (3, 3),
    "texts": ("a", "".join(["a"])),
    "None": (None, None),
    "an object": (thing, thing),
    "an object without weak references": (slotted, slotted),
    "equal values": (Value(1), Value(1)),
    "frozen sets": (frozenset([1]), frozenset([1])),
    "a variable": (variable, variable),
    "lists": ([x, 1], [x + 1.0, 1]),
    "dicts": ({"a": x, "b": 2}, {"a": x + 1.0, "b": 2}),
    "methods of one object": (thing.method, thing.method),
    "sparse tensors": (tf.sparse.from_dense([1.0, 0.0]), tf.sparse.from_dense([0.0, 3.0])),
    "ranges": (range(3), range(3)),
}
OTHER = {
    "shapes": (x, tf.constant([1.0])),
    "dtypes": (x, tf.cast(x, tf.float64)),
    "numbers": (1, 2),
    "int and float": (1, 1.0),
    "int and bool": (1, True),
    "signs of zero": (0.0, -0.0),
    "complex signs of zero": (0j, -0j),
    "a number and a tensor": (1, tf.constant(1)),
    "text and bytes": ("a", b"a"),
    "list and tuple": ([x], (x,)),
    "lengths": ([1], [1, 2]),
    "tuples and named tuples": ((1, 2), Pair(1, 2)),
    "keys": ({"a": 1}, {"b": 1}),
    "orders of keys": ({"a": 1, "b": 1}, {"b": 1, "a": 1}),
    "kinds of dicts": ({"a": 1}, OrderedDict(a=1)),
    "objects": (thing, Thing()),
    "values": (Value(1), Value(2)),
    "values of other types": (Value(1), Value(1.0)),
    "variables": (variable, other),
    "frozen sets": (frozenset([1]), frozenset([1.0])),
    "classes": (Thing, Slotted),
    "depths": ([[1], 2], [1, [2]]),
    "rows given and the whole": (tf.IndexedSlices(x, [0, 1]), tf.IndexedSlices(x, [0, 1], [3])),
}


@pytest.mark.parametrize("calls", SAME.values(), ids=SAME)
def test_calls_that_do_the_same_are_recorded_once(calls: tuple) -> None:
    assert recorded(*calls, *calls) == 1


@pytest.mark.parametrize("calls", OTHER.values(), ids=OTHER)
def test_calls_that_may_differ_are_recorded_each(calls: tuple) -> None:
    assert recorded(*calls, *calls, *calls) == 2


def test_names_tell_keyword_arguments_apart() -> None:
    function = tf.function(lambda **given: sorted(given)[0] == "a")
    assert [bool(function(**{name: 1})) for name in "abab"] == [True, False, True, False]


def test_defaults_and_names_make_no_difference() -> None:
    function = tf.function(lambda x, y=2: x * y)
    for call in (lambda: function(x), lambda: function(x, 2), lambda: function(x, y=2), lambda: function(y=2, x=x)):
        for _ in range(3):
            np.testing.assert_array_equal(call(), [2.0, 4.0])
    assert function.experimental_get_tracing_count() == 1


def test_values_by_name_are_told_apart_after_many_calls() -> None:
    function = tf.function(lambda x, y=2, *, z=None: x * y if z is None else x * z)
    for _ in range(4):
        assert float(function(tf.constant(1.0), y=3)) == 3.0
        assert float(function(tf.constant(1.0), z=5)) == 5.0
        assert float(function(tf.constant(1.0), y=4, z=None)) == 4.0
        assert float(function(tf.constant(1.0))) == 2.0


def test_forms_are_told_apart_after_many_calls() -> None:
    function = tf.function(lambda x: (x, x.dtype.name, x.shape.rank))
    for _ in range(4):
        for argument in (x, tf.cast(x, tf.float64), tf.cast(x, tf.int32), np.array([1, 2]), tf.ones([1, 2])):
            same, name, rank = function(argument)
            wanted = tf.convert_to_tensor(argument)
            assert same.dtype.name == name.numpy().decode() == wanted.dtype.name
            assert same.shape.rank == int(rank) == wanted.shape.rank


def test_nan_is_one_number() -> None:
    assert recorded(float("nan"), float("nan")) == 1


@pytest.mark.parametrize("argument", [{1, 2}, [{1}], bytearray(b"a")], ids=repr)
def test_what_has_no_hash_is_refused(argument: object) -> None:
    with pytest.raises(TypeError, match="hashable"):
        tf.function(lambda x: None)(argument)


@pytest.mark.parametrize("make", [Thing, lambda: tf.Variable(1.0), tf.Module], ids=["object", "variable", "module"])
def test_arguments_are_not_kept_alive(make: object) -> None:
    function = tf.function(lambda x: tf.constant(1.0))
    argument = make()
    for _ in range(3):
        function(argument)
    reference = weakref.ref(argument)
    del argument
    gc.collect()
    assert reference() is None
    assert not function._variants
    assert not function._entries


def test_recordings_for_many_signatures_go_again() -> None:
    runs = []

    @tf.function
    def function(x: tf.Tensor) -> tf.Tensor:
        runs.append(x.shape)
        return x * 2.0

    for n in range(3 * MOST_SIGNATURES):
        for _ in range(3):
            assert function(tf.ones([n])).shape == (n,)
    assert len(function._variants) == len(function._kinds) == MOST_SIGNATURES
    assert len(function._entries) <= MOST_SIGNATURES
    # What comes often is recorded in the end, and replayed from then on.
    for _ in range(2 * MOST_SIGNATURES):
        function(tf.ones([1000]))
    before = len(runs)
    for _ in range(3):
        function(tf.ones([1000]))
    assert len(runs) == before


def test_arguments_that_are_new_in_each_call_are_not_recorded_for_ever() -> None:
    function = tf.function(lambda x, scale: scale(x))
    for k in range(3 * MOST_SIGNATURES):
        assert float(function(tf.constant(1.0), lambda x, k=k: x * float(k))) == k
    assert function.experimental_get_tracing_count() == MOST_SIGNATURES


def test_equal_objects_may_do_different_things() -> None:
    class Named:
        def __init__(self, name: str, scale: float) -> None:
            self.name, self.scale = name, scale

        def __hash__(self) -> int:
            return hash(self.name)

        def __eq__(self, other: object) -> bool:
            return self.name == other.name

    function = tf.function(lambda named, x: x * named.scale)
    things = [Named("a", 2.0), Named("a", 3.0), Named("b", 4.0)]
    for _ in range(3):
        assert [float(function(each, 1.0)) for each in things] == [2.0, 3.0, 4.0]
    assert function.experimental_get_tracing_count() == 2


# -- signatures that are given

SPECS = [tf.TensorSpec([None], tf.float32), tf.TensorSpec([], tf.int32)]


def given(first: object, second: object = None) -> tuple:
    return first, second


@pytest.mark.parametrize("first", [[1.0, 2.0], [1, 2], np.array([1.0, 2.0]), x, tf.Variable([1.0, 2.0])], ids=repr)
def test_a_signature_converts(first: object) -> None:
    function = tf.function(given, input_signature=SPECS)
    for _ in range(3):
        tensor, number = function(first, 3)
        np.testing.assert_array_equal(tensor, [1.0, 2.0])
        assert tensor.dtype is tf.float32
        assert int(number) == 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((tf.constant(1.0), 1), "Can not cast TensorSpec"),
        ((x, tf.constant(1.0)), "Can not cast TensorSpec"),
        ((x, 1.5), "Cannot convert 1.5"),
        ((x, None), "None"),
        (("a", 1), "Cannot convert 'a'"),
        ((x, 1, 2), "too many positional"),
    ],
    ids=str,
)
def test_a_signature_refuses(arguments: tuple, said: str) -> None:
    function = tf.function(given, input_signature=SPECS)
    with pytest.raises(TypeError, match="Binding inputs to tf") as caught:
        function(*arguments)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("signature", "said"),
    [
        (3, "tuple or a list"),
        ([3], "TensorSpec objects"),
        ([*SPECS, SPECS[0]], "1 extra"),
        ([SPECS[0]], None),
        ([], "missing type constraint for first"),
    ],
    ids=str,
)
def test_a_signature_fits_the_function(signature: object, said: str | None) -> None:
    if said is None:
        assert tf.function(given, input_signature=signature).input_signature == tuple(signature)
        return
    with pytest.raises(TypeError, match=said):
        tf.function(given, input_signature=signature)


def test_a_default_beside_a_signature_stays() -> None:
    function = tf.function(lambda x, y=2: x * y, input_signature=[tf.TensorSpec([])])
    assert float(function(3.0)) == float(function(3.0, 2)) == 6.0
    with pytest.raises(TypeError, match="Can not cast 3"):
        function(3.0, 3)


@pytest.mark.parametrize("argument", [(1.0, 2.0), [1.0], [1.0, 2.0, 3.0], x, {"a": 1.0}], ids=repr)
def test_structures_have_to_fit(argument: object) -> None:
    function = tf.function(lambda x: x[0] + x[1], input_signature=[[tf.TensorSpec([]), tf.TensorSpec([])]])
    assert float(function([1.0, 2.0])) == 3.0
    with pytest.raises(TypeError, match="Binding inputs"):
        function(argument)


def test_keys_have_to_fit() -> None:
    function = tf.function(lambda d: d["a"], input_signature=[{"a": tf.TensorSpec([])}])
    assert float(function({"a": 1.0})) == 1.0
    with pytest.raises(TypeError, match="different keys"):
        function({"a": 1.0, "b": 2.0})


def test_any_number_of_arguments_has_one_spec_each() -> None:
    function = tf.function(lambda *numbers: numbers[0] - numbers[1], input_signature=[tf.TensorSpec([])] * 2)
    assert float(function(1.0, 2.0)) == -1.0
    for arguments in ((1.0,), (1.0, 2.0, 3.0)):
        with pytest.raises(TypeError, match="Binding inputs"):
            function(*arguments)


def test_a_list_that_becomes_one_tensor_is_none_of_tensors() -> None:
    function = tf.function(lambda x: tf.reduce_sum(x, 0), input_signature=[tf.TensorSpec([None])])
    one = tf.constant(1.0)
    for _ in range(3):
        assert float(function([one])) == 1.0
        assert float(function([one, one])) == 2.0
        assert float(function(x)) == 3.0


# -- what TensorFlow counts


def counted(function: tf.types.experimental.PolymorphicFunction, *calls: object) -> list[int]:
    counts = []
    for each in calls:
        function(each)
        counts.append(function.experimental_get_tracing_count())
    return counts


def test_shapes_count_once_under_a_signature() -> None:
    function = tf.function(lambda x: x, input_signature=[tf.TensorSpec([None])])
    assert counted(function, tf.ones([1]), tf.ones([2]), tf.ones([1])) == [1, 1, 1]


def test_shapes_are_relaxed_when_that_is_wished() -> None:
    function = tf.function(lambda x: x, reduce_retracing=True)
    shapes = [[1], [2], [3], [2, 2], [5, 7], [1]]
    assert counted(function, *map(tf.ones, shapes)) == [1, 2, 2, 3, 3, 3]


def test_variables_of_one_form_count_once() -> None:
    assert counted(tf.function(lambda v: v * 2.0), variable, other, tf.Variable([1.0]), x) == [1, 1, 2, 3]
    assert recorded(variable, other) == 2


def test_aliases_count() -> None:
    function = tf.function(lambda pair: pair[0] * pair[1])
    assert counted(function, (variable, other), (other, variable), (variable, variable)) == [1, 1, 2]


def test_branches_do_not_count() -> None:
    function = tf.function(lambda x: x if x > 0 else -x)
    assert counted(function, *map(tf.constant, (1.0, -1.0, 2.0, -2.0))) == [1, 1, 1, 1]
