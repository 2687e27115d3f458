"""The Python state that a function reads: what counts as changed, what does not, and how it is told."""

import enum
import functools
import os
import random
import sys
import time
import types

import numpy as np
import pytest

import gradtape as tf
from gradtape._executors.captures import Captures

rate = 0.5
training = True
count = 0
history = []
state = {"lr": 0.1, "step": 0}
table = {}
offset = 1
activation = tf.nn.relu
settings = types.ModuleType("settings_of_the_test")
settings.scale = 2.0
sys.modules[settings.__name__] = settings
settings.inner = types.SimpleNamespace(depth=3)


class Mode(enum.Enum):
    A = 1
    B = 2


mode = Mode.A


def use_global(x):
    return x * rate


def use_flag(x):
    return x if training else -x


def use_counter(x):
    global count
    count += 1
    history.append(x)
    state["step"] += 1
    table[str(x)] = x
    print(end="")
    return x * state["lr"]


def use_read_counter(x):
    global count
    count += 1
    return x * count


def use_nested(x):
    def inner(y):
        return [y * rate for _ in range(2)]

    return inner(x)


def helper(x):
    return x + offset


def use_helper(x):
    return helper(x)


def use_list(x):
    return [x * each for each in history]


def use_module(x):
    return x * settings.scale * settings.inner.depth


def use_activation(x):
    return activation(x)


def use_mode(x):
    return x if mode is Mode.A else -x


def use_missing(x):
    try:
        return x * not_there
    except NameError:
        return x


def use_default(x, scale=[2.0]):  # noqa: B006
    return x * scale[0]


def use_own_attribute(x):
    return x * use_own_attribute.factor


use_own_attribute.factor = 3.0

partly = functools.partial(use_default, scale=[5.0])


def decorated_by(function):
    @functools.wraps(function)
    def wrapper(*args):
        return function(*args) * rate

    return wrapper


@decorated_by
def use_decorated(x):
    return x * offset


def use_partial(x):
    return partly(x)


def use_lambda(x):
    return (lambda y: y * rate)(x)


@functools.singledispatch
def dispatched(x):
    return x


@dispatched.register(int)
def for_integers(x):
    return x * rate


@functools.lru_cache(None)
def remembered(x):
    return x * rate


@tf.custom_gradient
def with_gradient(x):
    return x * rate, lambda g: g


def use_dispatched(x):
    return x * dispatched(3)


def use_remembered(x):
    return x * remembered(3)


def use_with_gradient(x):
    return with_gradient(x)


def use_import(x):
    import settings_of_the_test as known

    return x * known.scale


def use_import_of_a_name(x):
    from settings_of_the_test import scale as known

    return x * known


def use_match(x):
    match state:
        case {"lr": 0.1}:
            return x
        case _:
            return -x


def use_unpacked(x):
    return x * len(dict(**state))


def here(**values):
    """Sets globals of this file."""
    globals().update(values)


@pytest.fixture(autouse=True)
def restored():
    saved = {name: value for name, value in globals().items() if not name.startswith("__")}
    copies = {name: value.copy() for name, value in saved.items() if type(value) in (list, dict)}
    yield
    for name in set(globals()) - set(saved):
        if not name.startswith(("__", "@")):
            del globals()[name]
    globals().update(saved)
    for name, value in copies.items():
        saved[name].clear()
        (saved[name].extend if type(value) is list else saved[name].update)(value)
    settings.scale, settings.inner.depth = 2.0, 3
    use_default.__defaults__ = ([2.0],)
    use_own_attribute.factor = 3.0
    partly.keywords["scale"][:] = [5.0]


GLOBALS = {
    "a number": (use_global, lambda: here(rate=0.25), "rate changed from 0.5 to 0.25"),
    "its type": (use_helper, lambda: here(offset=1.0), "offset changed from 1 to 1.0"),
    "a flag": (use_flag, lambda: here(training=False), "training changed from True to False"),
    "gone": (use_global, lambda: globals().pop("rate"), "rate is gone"),
    "in nested functions": (use_nested, lambda: here(rate=1.5), "rate"),
    "of a helper": (use_helper, lambda: here(offset=2), "offset changed from 1 to 2"),
    "the helper itself": (use_helper, lambda: here(helper=lambda x: x), "helper is another function now"),
    "the length of a list": (use_list, lambda: history.append(3), "the length of history changed from 0 to 1"),
    "an item": (use_counter, lambda: state.update(lr=0.2), "state['lr'] changed from 0.1 to 0.2"),
    "a module": (use_module, lambda: setattr(settings, "scale", 1.0), "settings.scale changed from 2.0 to 1.0"),
    "inside a module": (use_module, lambda: setattr(settings.inner, "depth", 1), "settings.inner.depth"),
    "a function of the package": (use_activation, lambda: here(activation=tf.tanh), "activation is another function"),
    "an enum": (use_mode, lambda: here(mode=Mode.B), "mode changed"),
    "one that was missing": (use_missing, lambda: here(not_there=2.0), "not_there was missing and is there now"),
    "a default": (use_default, lambda: use_default.__defaults__[0].__setitem__(0, 4.0), "from 2.0 to 4.0"),
    "all defaults": (use_default, lambda: setattr(use_default, "__defaults__", ([7.0],)), "from 2.0 to 7.0"),
    "an attribute of a function": (use_own_attribute, lambda: setattr(use_own_attribute, "factor", 4.0), "factor"),
    "a wrapped function's": (use_decorated, lambda: here(offset=5), "offset"),
    "a decorator's": (use_decorated, lambda: here(rate=5), "rate"),
    "a partial's": (use_partial, lambda: partly.keywords["scale"].__setitem__(0, 6.0), "from 5.0 to 6.0"),
    "a lambda's": (use_lambda, lambda: here(rate=7), "rate"),
    "one of several dispatched to": (use_dispatched, lambda: here(rate=8), "rate"),
    "a function that remembers": (use_remembered, lambda: here(rate=8), "rate"),
    "a function with a gradient": (use_with_gradient, lambda: here(rate=8), "rate"),
    "an import inside": (use_import, lambda: setattr(settings, "scale", 8.0), "scale changed from 2.0 to 8.0"),
    "a name imported inside": (use_import_of_a_name, lambda: setattr(settings, "scale", 8.0), "from 2.0 to 8.0"),
    "a match": (use_match, lambda: state.update(lr=0.5), "state['lr'] changed from 0.1 to 0.5"),
    "an unpacked dict": (use_unpacked, lambda: state.update(more=0.5), "the keys of state"),
    "a counter that is read": (use_read_counter, lambda: here(count=8), "count changed from 0 to 8"),
}


@pytest.mark.parametrize("name", GLOBALS)
def test_a_change_of_what_a_function_reads_is_found(name):
    function, change, sentence = GLOBALS[name]
    captures = Captures.of(function, {"x": tf.constant(1.0)})
    assert captures.hold()
    assert captures.hold()
    assert captures.changed() is None
    change()
    assert not captures.hold()
    assert sentence in captures.changed()
    assert not Captures.of(function, {"x": tf.constant(1.0)}).empty
    assert Captures.of(function, {"x": tf.constant(1.0)}).hold()


@pytest.mark.parametrize(
    "change",
    [
        lambda: here(rate=0.25 + 0.25),
        lambda: here(count=9),
        lambda: history.append(1),
        lambda: state.update(step=3),
        lambda: table.update(a=1),
        lambda: here(history=[], table={}),
    ],
)
def test_what_a_function_only_writes_or_counts_may_change(change):
    def both(x):
        return use_counter(x) * rate

    captures = Captures.of(both, {"x": 1})
    assert captures.hold()
    change()
    assert captures.hold()
    assert captures.changed() is None


def test_a_function_of_its_arguments_alone_has_nothing_to_check():
    def plain(x):
        return tf.nn.relu(np.float32(2) * tf.reduce_sum(x)) if len(x.shape) else x

    captures = Captures.of(plain, {"x": tf.constant(1.0)})
    assert captures.empty
    assert captures.hold()
    assert (captures.volatile, captures.baked) == (None, [])


def test_closures():
    factor, values, box = 2.0, [1, 2], {"depth": {"inner": 3}}
    calls = 0

    def scaled(x):
        nonlocal calls
        calls += 1
        return x * factor + sum(values) + box["depth"]["inner"]

    captures = Captures.of(scaled, {"x": 1})
    scaled(1)
    assert captures.hold()
    factor = 3.0
    assert captures.changed() == "factor changed from 2.0 to 3.0"
    factor = 2.0
    assert captures.hold()
    values[1] = 5
    assert captures.changed() == "values[1] changed from 2 to 5"
    values[1] = 2
    box["depth"]["inner"] = 4
    assert captures.changed() == "box['depth']['inner'] changed from 3 to 4"
    del scaled.__closure__[scaled.__code__.co_freevars.index("factor")].cell_contents
    assert not captures.hold()
    assert calls == 1


def test_calls_whose_results_are_kept_are_named():
    draw = np.random.default_rng(0)

    def use(x):
        time.sleep(0)
        return (
            x
            + len(os.environ["PATH"])
            + random.random()
            + np.random.normal()
            + time.time()
            + draw.normal()
            + np.sqrt(2.0)
        )

    captures = Captures.of(use, {})
    assert sorted(captures.baked) == ["draw", "np.random.normal", "os.environ", "random.random", "time.time"]
    assert captures.volatile is None


def test_variables_and_tensors_are_known_by_identity():
    variable, tensor = tf.Variable(1.0), tf.constant(2.0)

    def use(x):
        return x * variable * tensor

    captures = Captures.of(use, {})
    variable.assign(5.0)
    assert captures.hold()
    tensor = tf.constant(2.0)
    assert captures.changed() == "tensor is another Tensor now"


def test_functions_inside_of_functions_of_the_package():
    inner = tf.function(use_helper)

    def use(x):
        return inner(x)

    captures = Captures.of(use, {})
    assert captures.hold()
    here(offset=3)
    assert not captures.hold()


def test_a_module_of_the_user_may_have_the_name_of_one_of_pythons(monkeypatch):
    module = types.ModuleType("antigravity")
    module.__file__, module.lift = "/somewhere/antigravity.py", 1.0
    monkeypatch.setitem(sys.modules, "antigravity", module)

    def use(x):
        return x * module.lift

    captures = Captures.of(use, {})
    module.lift = 2.0
    assert captures.changed() == "module.lift changed from 1.0 to 2.0"


def test_what_cannot_be_seen_in_the_code():
    def use(x):
        return x * globals()["rate"]

    assert "globals()" in Captures.of(use, {}).volatile
