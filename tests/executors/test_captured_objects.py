"""Objects that a function reads: models, layers, configurations; which of their attributes count."""

import dataclasses
import functools
import gc
import weakref

import pytest

import gradtape as tf
from gradtape._executors.captures import Captures

offset = 1


@pytest.fixture(autouse=True)
def restored():
    yield
    here(offset=1)
    Dense.scale = 1.0


def here(**values):
    """Sets globals of this file."""
    globals().update(values)


@dataclasses.dataclass
class Config:
    lr: float = 0.1
    units: int = 3
    step: int = 0


class Dense:
    scale = 1.0

    def __init__(self, units, activation=None):
        self.units = units
        self.activation = activation
        self.calls = 0
        self.seen = []
        self.training = False
        self._rate = 0.5

    @property
    def rate(self):
        return self._rate * 2

    @staticmethod
    def doubled(x):
        return x * 2 * offset

    @classmethod
    def named(cls, x):
        return x * cls.scale

    def __call__(self, x):
        self.calls += 1
        self.seen.append(x)
        x = x * self.units
        if self.activation is not None:
            x = self.activation(x)
        return x


class Dropped(Dense):
    def __call__(self, x):
        x = super().__call__(x)
        if self.training:
            x = x * self.rate
        return x


class Model:
    def __init__(self, *layers):
        self.layers = list(layers)
        self.tags = {"a": 1}

    def call(self, x):
        for layer in self.layers:
            x = layer(x)
        return x

    def __call__(self, x):
        return self.call(x)


MODEL_CHANGES = {
    "units": lambda model: setattr(model.layers[1], "units", 9),
    "length": lambda model: model.layers.append(Dense(4)),
    "order": lambda model: model.layers.reverse(),
    "another list": lambda model: setattr(model, "layers", model.layers[:1]),
    "training": lambda model: setattr(model.layers[1], "training", True),
    "what a property reads": lambda model: setattr(model.layers[1], "_rate", 0.25),
    "a function": lambda model: setattr(model.layers[0], "activation", abs),
    "a method": lambda model: setattr(model, "call", lambda x: x),
    "gone": lambda model: delattr(model.layers[0], "units"),
}


@pytest.mark.parametrize("name", MODEL_CHANGES)
@pytest.mark.parametrize("way", ["bound", "argument", "closure", "object", "partial"])
def test_a_model(name, way):
    model = Model(Dense(2, activation=tf.tanh), Dropped(3))

    def closure(x):
        return model(x)

    def argument(model, x):
        return model.call(x)

    ways = {
        "bound": (model.__call__, {"x": 1.0}),
        "argument": (argument, {"model": model, "x": 1.0}),
        "closure": (closure, {"x": 1.0}),
        "object": (model, {"x": 1.0}),
        "partial": (functools.partial(argument, model), {"x": 1.0}),
    }
    captures = Captures.of(*ways[way])
    model(tf.constant(1.0))
    assert captures.hold()
    model.layers[1].calls = 77
    model.layers[0].seen = []
    model.tags["b"] = 2
    model.layers = [*model.layers]
    assert captures.hold()
    assert captures.changed() is None
    MODEL_CHANGES[name](model)
    assert not captures.hold()
    assert captures.changed() is not None


def test_methods_of_classes_and_class_attributes():
    layer = Dense(2)

    def use(x):
        return layer.named(layer.doubled(x))

    captures = Captures.of(use, {})
    assert captures.hold()
    here(offset=4)
    assert captures.changed() == "offset changed from 1 to 4"
    here(offset=1)
    assert captures.hold()
    Dense.scale = 2.0
    assert captures.changed() == "layer.scale changed from 1.0 to 2.0"


def test_objects_that_the_function_makes():
    def use(x):
        return Config(units=offset).units * Dense.scale * Dropped(3)(x)

    captures = Captures.of(use, {})
    assert captures.hold()
    Dense.scale = 3.0
    assert not captures.hold()


def test_a_dataclass_by_the_fields_that_are_read():
    config = Config()

    def use(x, config):
        return x * config.lr if x > 0 else x

    captures = Captures.of(use, {"x": 1, "config": config})
    config.step += 1
    assert captures.hold()
    config.lr = 0.2
    assert captures.changed() == "config.lr changed from 0.1 to 0.2"

    def compares(x):
        return x if config == other else -x

    other = Config()
    captures = Captures.of(compares, {"x": 1})
    config.step += 1
    assert not captures.hold()


@pytest.mark.parametrize("read", [dataclasses.asdict, vars, lambda config: getattr(config, "st" + "ep")])
def test_attributes_that_the_code_does_not_name(read):
    config = Config()

    def use(x):
        return x, read(config), vars

    captures = Captures.of(use, {"x": 1})
    assert captures.hold()
    config.step += 1
    assert not captures.hold()


def test_attributes_that_are_made_when_they_are_missing():
    class Lazy:
        def by_question(self, x):
            if not hasattr(self, "kernel"):
                self.kernel = 2.0
            return x * self.kernel

        def by_default(self, x):
            return x * getattr(self, "factor", 1.0)

        def by_error(self, x):
            try:
                return x * self.given
            except AttributeError:
                return x

    for method, name in (("by_question", "kernel"), ("by_default", "factor"), ("by_error", "given")):
        lazy = Lazy()
        captures = Captures.of(getattr(lazy, method), {"x": 1})
        assert captures.hold()
        setattr(lazy, name, 3.0)
        assert captures.changed() == f"self.{name} was missing and is there now"
        assert not captures.hold()


def test_what_a_method_has_set_itself_before_it_reads_it_may_change():
    class Keeps:
        def __init__(self):
            self.out = self.both = self.sometimes = self.rate = 0

        def call(self, x):
            self.out = x * self.rate
            with tf.GradientTape():
                self.both = self.out + 1
            if x > 5:
                self.sometimes = x
            for each in [x]:
                self.last = each
                x = self.last + 1
            return self.both + x

        def reads(self, x):
            if x > 5:
                self.sometimes = x
            return self.sometimes

    keeps = Keeps()
    captures = Captures.of(keeps.call, {"x": 1})
    keeps.call(3)
    keeps.out, keeps.both, keeps.last = 5, 6, 7
    assert captures.hold()
    keeps.rate = 3
    assert not captures.hold()
    captures = Captures.of(keeps.reads, {"x": 1})
    keeps.sometimes = 9
    assert captures.changed() == "self.sometimes changed from 0 to 9"


def test_state_counts_as_it_was_when_the_recording_started():
    class First:
        n = 0

        def call(self, x):
            if self.n == 0:
                x = x * 2
            self.n += 1
            return x

    first = First()
    captures = Captures.of(first.call, {"x": 1})
    first.call(1)
    assert captures.changed() == "self.n changed from 0 to 1"
    assert not captures.hold()


def test_variables_of_a_module():
    class Net(tf.Module):
        def __init__(self):
            super().__init__()
            self.parts = [tf.Variable(1.0)]
            self.steps = 0

    net = Net()

    def use(x):
        net.steps += 1
        return [x * each for each in net.trainable_variables]

    captures = Captures.of(use, {})
    net.steps = 5
    net.parts[0].assign(3.0)
    assert captures.hold()
    net.parts.append(tf.Variable(2.0))
    assert not captures.hold()
    captures = Captures.of(use, {})
    net.more = tf.Variable(1.0)
    assert captures.changed().startswith("the attributes of net changed")


def test_objects_that_are_given_are_not_kept_alive():
    model = Model(Dense(2))
    model.layers[0].parent = model

    def use(model, x):
        return model.layers[0].parent.layers[0](x)

    captures = Captures.of(use, {"model": model, "x": 1})
    assert captures.hold()
    watched = weakref.ref(model)
    layers = model.layers
    del model
    layers[0].parent = None
    gc.collect()
    assert watched() is None
    assert not captures.hold()
    assert captures.changed()


def test_functions_and_structures_that_are_given():
    factor = 2.0
    model = Model(Dense(2))

    def use(x, parts):
        return parts["act"](parts["models"][0](x))

    captures = Captures.of(use, {"x": 1, "parts": {"act": lambda x: x * factor, "models": [model]}})
    gc.collect()
    assert captures.volatile is None
    model.layers[0].units = 3
    assert captures.changed() == "parts['models'][0].layers[0].units changed from 2 to 3"


def test_a_function_of_a_class_and_an_object_that_is_not_held():
    class Node:
        def __init__(self, parent=None):
            self.factor = 2.0
            self.parent = parent

        @tf.function
        def inner(self, x):
            return x * self.factor

        def outer(self, x):
            return self.inner(x) * self.parent().factor

    root = Node()
    node = Node(weakref.ref(root))
    captures = Captures.of(node.outer, {})
    assert captures.hold()
    root.factor = 3.0
    assert captures.changed() == "self.parent().factor changed from 2.0 to 3.0"
    root.factor, node.factor = 2.0, 5.0
    assert captures.changed() == "self.factor changed from 2.0 to 5.0"
    node.factor = 2.0
    assert captures.hold()
    del root
    gc.collect()
    assert not captures.hold()
