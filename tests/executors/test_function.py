"""The functions that `tf.function` makes: how they are called, what they refuse, what they keep."""

import copy
import functools
import gc
import inspect
import threading
import weakref
from collections import OrderedDict, namedtuple

import numpy as np
import pytest

import gradtape as tf

x = tf.constant([1.0, 2.0])
Pair = namedtuple("Pair", "left right")


def noted(function: object, **options: object) -> tuple:
    """Returns a recorded function, and the list in which its runs for real leave their arguments."""
    runs = []

    @tf.function(**options)
    def run(*args: object, **kwargs: object) -> object:
        runs.append(args)
        return function(*args, **kwargs)

    return run, runs


class Lazy:
    """Makes its variables when it is called first."""

    def __init__(self) -> None:
        self.weights = None
        self.runs = 0

    def __call__(self, x: tf.Tensor) -> tf.Tensor:
        self.runs += 1
        if self.weights is None:
            self.weights = tf.Variable(x)
        return x + self.weights


# -- what can be decorated


@tf.function
def documented(x: tf.Tensor, y: int = 2, *, z: float = 1.0) -> tf.Tensor:
    """Multiplies."""
    return x * y * z


def test_a_function_keeps_its_names() -> None:
    assert documented.__name__ == documented.name == "documented"
    assert documented.__doc__ == "Multiplies."
    assert documented.__module__ == __name__
    assert documented.__wrapped__ is documented.python_function
    assert [*inspect.signature(documented).parameters] == ["x", "y", "z"]
    assert documented.input_signature is None
    assert isinstance(documented, tf.types.experimental.GenericFunction)


def test_the_decorator_stands_with_and_without_brackets() -> None:
    for made in (tf.function(lambda x: x), tf.function()(lambda x: x), tf.function(reduce_retracing=True)(lambda x: x)):
        assert made(1).dtype is tf.int32


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x * 2.0,
        functools.partial(lambda x, y: x * y, y=2.0),
        type("Callable", (), {"__call__": lambda self, x: x * 2.0})(),
        tf.function(lambda x: x * 2.0),
        functools.partial(documented, y=2),
    ],
    ids=["lambda", "partial", "object", "recorded", "partial of recorded"],
)
def test_all_that_can_be_called_can_be_recorded(function: object) -> None:
    made = tf.function(function)
    for _ in range(3):
        np.testing.assert_array_equal(made(x), [2.0, 4.0])
    assert made.experimental_get_tracing_count() == 1


@pytest.mark.parametrize("what", [3, "f", None.__class__.__name__])
def test_what_cannot_be_called_is_refused(what: object) -> None:
    with pytest.raises(TypeError, match="not a callable"):
        tf.function(what)


def test_options_are_those_of_tensorflow() -> None:
    names = [*inspect.signature(tf.function).parameters]
    assert names[:5] == ["func", "input_signature", "autograph", "jit_compile", "reduce_retracing"]
    with pytest.raises(TypeError, match="unexpected keyword"):
        tf.function(lambda: None, retracing=True)


@pytest.mark.parametrize("call", [lambda f: f(), lambda f: f(1, 2), lambda f: f(y=1), lambda f: f(1, x=2)])
def test_arguments_have_to_fit(call: object) -> None:
    with pytest.raises(TypeError, match="Binding inputs to tf"):
        call(tf.function(lambda x: x))


class Model:
    """Methods of all kinds."""

    shared = 3.0

    def __init__(self, scale: float) -> None:
        self.scale = tf.Variable(scale)
        self.runs = []

    @tf.function
    def scaled(self, x: tf.Tensor) -> tf.Tensor:
        self.runs.append(1)
        return x * self.scale

    @tf.function(input_signature=[tf.TensorSpec([None])])
    def summed(self, x: tf.Tensor) -> tf.Tensor:
        return tf.reduce_sum(x) * self.scale

    @tf.function
    def __call__(self, x: tf.Tensor) -> tf.Tensor:
        return x + self.scale

    @staticmethod
    @tf.function
    def squared(x: tf.Tensor) -> tf.Tensor:
        return x * x

    @classmethod
    @tf.function
    def tripled(cls, x: tf.Tensor) -> tf.Tensor:
        return x * cls.shared


def test_methods_belong_to_their_objects() -> None:
    one, two = Model(2.0), Model(5.0)
    for _ in range(3):
        assert [float(each.scaled(1.0)) for each in (one, two)] == [2.0, 5.0]
        assert [float(each(1.0)) for each in (one, two)] == [3.0, 6.0]
        assert [float(each.summed([1.0, 2.0])) for each in (one, two)] == [6.0, 15.0]
        assert float(one.squared(3.0)) == 9.0
        assert float(Model.tripled(1.0)) == float(one.tripled(1.0)) == 3.0
        assert float(Model.scaled(one, 1.0)) == 2.0
    assert one.scaled is one.scaled
    assert len(one.runs) == 2  # by itself and through the class
    one.scale.assign(7.0)
    assert float(one.scaled(1.0)) == 7.0


class Odd:
    """What stands in a class without being a method."""

    partial = tf.function(functools.partial(lambda x, y: x * y, y=2.0))
    callable = tf.function(type("Callable", (), {"__call__": lambda self, x: x * 2.0})())

    @tf.function
    @staticmethod
    def static(x: tf.Tensor) -> tf.Tensor:
        return x * 2.0


@pytest.mark.filterwarnings("ignore:functools.partial will be a method descriptor")
def test_what_is_no_method_does_not_become_one() -> None:
    odd = Odd()
    for _ in range(3):
        assert float(odd.partial(1.0)) == float(odd.callable(1.0)) == float(odd.static(1.0)) == 2.0


def test_objects_are_not_kept_alive_by_their_methods() -> None:
    model = Model(2.0)
    for _ in range(3):
        model.scaled(1.0)
        model(1.0)
    method, reference = model.scaled, weakref.ref(model)
    number = id(model)
    del model
    gc.collect()
    assert reference() is None
    assert number not in Model.scaled._methods
    with pytest.raises(ReferenceError, match="gone"):
        method(1.0)


def test_functions_go_without_the_garbage_collector() -> None:
    gc.collect()
    gc.disable()
    try:
        function = tf.function(lambda x: x * 2.0)
        for _ in range(3):
            function(x)
        reference = weakref.ref(function)
        del function
        assert reference() is None
    finally:
        gc.enable()


def test_copies_are_recorded_by_themselves() -> None:
    holder = {"f": documented, "m": Model(2.0)}
    for twin in (copy.copy(documented), copy.deepcopy(documented), copy.deepcopy(holder)["f"]):
        before = documented.experimental_get_tracing_count()
        np.testing.assert_array_equal(twin(tf.ones([5])), np.full(5, 2.0))
        assert documented.experimental_get_tracing_count() == before
    assert float(copy.deepcopy(holder)["m"].scaled(1.0)) == 2.0


# -- results


@pytest.mark.parametrize(
    "result",
    [
        1,
        2.0,
        True,
        "a",
        None,
        (),
        [],
        {"a": (1, [None, 2.0])},
        np.arange(3),
        tf.TensorShape([2]),
        (x, x),
        [x],
        {"k": x},
        Pair(1, [2.0, None]),
        OrderedDict(b=1, a=(2, None)),
        {"b": 1, "a": [{}, {"c": x}]},
    ],
    ids=repr,
)
def test_results_become_tensors_in_their_structure(result: object) -> None:
    function, runs = noted(lambda: result)
    answers = [function() for _ in range(3)]
    wanted = tf.nest.map_structure(lambda leaf: None if leaf is None else tf.convert_to_tensor(leaf), result)
    for answer in answers:
        tf.nest.assert_same_structure(answer, wanted)
        for mine, its in zip(tf.nest.flatten(answer), tf.nest.flatten(wanted), strict=True):
            assert (mine is None) == (its is None)
            if its is not None:
                assert mine.dtype is its.dtype
                np.testing.assert_array_equal(mine, its)
    assert len(runs) == 1


@pytest.mark.parametrize("result", [object(), {1, 2}, tf.float32, lambda: 1, [object()]])
def test_results_that_are_no_tensors_are_refused(result: object) -> None:
    function = tf.function(lambda: result)
    for _ in range(2):
        with pytest.raises(TypeError, match="must return zero or more Tensors"):
            function()


def test_composites_go_in_and_out() -> None:
    function = tf.function(lambda sparse, rows: (sparse * 2.0, tf.IndexedSlices(rows.values * 2.0, rows.indices, [3])))
    for k in (1.0, 2.0, 3.0):
        sparse, rows = function(
            tf.sparse.from_dense([k, 0.0]), tf.IndexedSlices(tf.constant([k]), tf.constant([1]), [3])
        )
        np.testing.assert_array_equal(tf.sparse.to_dense(sparse), [2 * k, 0.0])
        np.testing.assert_array_equal(tf.convert_to_tensor(rows), [0.0, 2 * k, 0.0])


def test_results_do_not_hold_the_recorded_run() -> None:
    made = []

    def run(x: tf.Tensor) -> tuple:
        y = x * 2.0
        made.append(weakref.ref(y))
        return y, {"a": y}

    tf.function(run)(x)
    gc.collect()
    assert made[0]() is None


# -- eager runs, calls that are followed, threads


def test_functions_run_eagerly_when_that_is_wished() -> None:
    function, runs = noted(lambda: 5)
    tf.config.run_functions_eagerly(True)
    try:
        assert tf.config.functions_run_eagerly()
        assert [function(), function()] == [5, 5]
        assert len(runs) == 2
        assert isinstance(tf.function(lambda: object())(), object)
    finally:
        tf.config.run_functions_eagerly(False)
    assert isinstance(function(), tf.Tensor)


def test_a_call_that_a_tape_follows_has_gradients() -> None:
    function = tf.function(lambda x, k=2: tf.reduce_sum(x * x) * k)
    for k in range(1, 4):
        v = tf.Variable([1.0, float(k)])
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = function(v + x)
        np.testing.assert_allclose(tape.gradient(y, v), 4.0 * (v + x))
        assert float(function(x)) == 10.0


def test_a_tape_that_is_over_follows_nothing() -> None:
    function = tf.function(lambda x: x * 2.0)
    for _ in range(4):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * 3.0
        np.testing.assert_array_equal(function(y), [6.0, 12.0])
        np.testing.assert_array_equal(tape.gradient(y, x), [3.0, 3.0])


def test_rows_of_a_map_go_through() -> None:
    function = tf.function(lambda x: x * x)
    for _ in range(3):
        np.testing.assert_array_equal(tf.vectorized_map(function, tf.constant([1.0, 2.0, 3.0])), [1.0, 4.0, 9.0])
        assert float(function(tf.constant(3.0))) == 9.0


def test_rows_of_a_map_draw_numbers_of_their_own() -> None:
    function = tf.function(lambda: tf.random.uniform([]))
    for _ in range(3):
        function()
    rows = tf.vectorized_map(lambda row: row + function(), tf.zeros([5]))
    assert len({*rows.numpy().tolist()}) == 5


def test_arrays_may_change_after_the_call() -> None:
    function = tf.function(lambda x: x)
    array = np.ones(3, np.float32)
    for _ in range(4):
        kept = function(array)
        array[0] += 1.0
        assert float(kept[0]) == float(array[0]) - 1.0


def test_threads_take_ways_of_their_own() -> None:
    function = tf.function(lambda x: tf.reduce_sum(x * x) if tf.reduce_sum(x) > 0 else -tf.reduce_sum(x))
    wrong = []

    def work(seed: int) -> None:
        draw = np.random.default_rng(seed)
        for _ in range(50):
            x = tf.constant(draw.choice([-1.0, 1.0]) * draw.random(draw.integers(1, 4)), tf.float32)
            if abs(float(function(x)) - float(function.python_function(x))) > 1e-5:
                wrong.append(x)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert not wrong


def test_threads_share_a_function() -> None:
    layer = Lazy()
    function, start, results = tf.function(layer), threading.Barrier(8), []

    def work(k: int) -> None:
        start.wait()
        results.extend((k + n, float(function(tf.constant(float(k + n))))) for n in range(20))

    threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(results) == 160
    made = float(layer.weights)
    assert all(found == given + made for given, found in results)


def test_a_concrete_method_knows_its_object() -> None:
    model = Model(3.0)
    assert float(model.scaled.get_concrete_function(tf.TensorSpec([]))(tf.constant(2.0))) == 6.0


# -- the rest of the namespace


def test_source_is_not_rewritten() -> None:
    def own(x: int) -> int:
        return x + 1

    assert tf.autograph.experimental.do_not_convert(own) is own
    assert tf.autograph.experimental.do_not_convert()(own) is own
    assert tf.autograph.to_graph(own) is own
    assert tf.autograph.to_code(own).startswith("def own(x: int) -> int:\n    return x + 1")
    assert len(tf.autograph.experimental.Feature.all()) == 7
