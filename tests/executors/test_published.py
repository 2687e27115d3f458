"""Functions as programs publish them: what Python holds beside the tensors makes no recording anew without need."""

import dataclasses
import time

import gradtape as tf


@dataclasses.dataclass
class Config:
    rate: float = 0.1
    layers: int = 2
    step: int = 0


class Trainer:
    def __init__(self):
        self.config = Config()
        self.weights = [tf.Variable([1.0, 2.0]), tf.Variable([0.5, 0.5])]
        self.history = []

    def forward(self, x):
        for position, weight in enumerate(self.weights):
            x = x * weight
            if position < len(self.weights) - 1:
                x = tf.tanh(x)
        return x

    @tf.function
    def step(self, x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(self.forward(x))
        for weight, gradient in zip(self.weights, tape.gradient(loss, self.weights), strict=True):
            weight.assign_sub(self.config.rate * gradient)
        return loss


class Environment:
    """A world in NumPy that keeps its state."""

    def __init__(self):
        self.state, self.count = 1.0, 0

    def act(self, action):
        self.state = self.state * 0.5 + float(action)
        self.count += 1
        return tf.float32.as_numpy_dtype(self.state)


def runs(function):
    """How often Python ran, and why it runs eagerly if it does."""
    traces = [trace for variants in function._variants.values() for trace in variants.traces]
    return sum(trace.recordings for trace in traces), [trace.eager for trace in traces if trace.eager]


def test_fields_of_a_dataclass_that_nobody_compares_may_change():
    trainer = Trainer()
    x = tf.constant([1.0, 2.0])
    for _ in range(5):
        trainer.history.append((time.time(), float(trainer.step(x))))
        trainer.config.step += 1
    assert runs(trainer.step) == (1, [])
    trainer.config.rate = 0.2
    trainer.step(x)
    assert runs(trainer.step) == (2, [])


def test_objects_of_a_class_that_are_compared_are_looked_into():
    config, other = Config(), Config()

    @tf.function
    def doubled(x):
        return x * 2.0 if config == other else x

    assert doubled(tf.constant(1.0)) == 2.0
    config.step = 1
    assert doubled(tf.constant(1.0)) == 1.0


def test_what_py_function_calls_may_read_what_it_changes():
    history = []
    world = Environment()

    @tf.function
    def step(x):
        def note(value):
            if len(history) < 100:
                history.append(float(value))

        y = x * 2.0
        tf.py_function(lambda value: history.append(len(history)), [y], [])
        tf.py_function(note, [y], [])
        return y + tf.numpy_function(world.act, [y], tf.float32)

    found = [float(step(tf.constant(value))) for value in (1.0, 2.0, 3.0)]
    assert found == [4.5, 9.25, 14.625]
    assert history == [0, 2.0, 2, 4.0, 4, 6.0]
    assert world.count == 3
    assert runs(step) == (1, [])
    world.act = lambda action: tf.float32.as_numpy_dtype(0.0)
    assert step(tf.constant(1.0)) == 2.0


def test_what_is_also_called_directly_is_looked_into():
    scale = [1.0]

    @tf.function
    def step(x):
        def scaled(value):
            return value * scale[0]

        tf.py_function(scaled, [x], tf.float32)
        return scaled(x)

    assert step(tf.constant(1.0)) == 1.0
    scale[0] = 3.0
    assert step(tf.constant(1.0)) == 3.0


def test_a_method_that_is_also_called_directly_is_looked_into():
    world = Environment()

    @tf.function
    def step(x):
        tf.numpy_function(world.act, [x], tf.float32)
        return x + world.act(1.0)

    assert step(tf.constant(0.0)) == 1.25 + 0.0
    assert step(tf.constant(0.0)) == 0.5 * 0.625 + 1.0


def test_a_function_whose_calls_all_take_another_way_soon_runs_eagerly():
    @tf.function
    def walk(seed):
        x = tf.constant(0.0)
        for position in range(100):
            jump = tf.random.stateless_uniform([], seed=tf.stack([seed, position]), minval=-1.0)
            if jump + x < 0.0:
                x = x - jump * x
            else:
                x = x + jump
        return x

    found = [float(walk(tf.constant(seed))) for seed in range(20)]
    count, why = runs(walk)
    assert count < 12
    assert why == ["it takes another way through what it reads of tensors at every call"]
    tf.config.run_functions_eagerly(True)
    assert found == [float(walk(tf.constant(seed))) for seed in range(20)]
    tf.config.run_functions_eagerly(False)


def test_a_program_of_many_operations_is_compiled():
    @tf.function
    def long(x):
        for _ in range(21_000):
            x = -x
        return x

    x = tf.constant([1.0, 2.0])
    assert [long(x).numpy().tolist() for _ in range(2)] == [[1.0, 2.0]] * 2
    (trace,) = next(iter(long._variants.values())).traces
    assert trace.replay.__code__.co_filename == "<gradtape program>"


def test_a_concrete_function_describes_the_result_of_its_last_call():
    twice = tf.function(lambda x: {"y": x * 2.0}).get_concrete_function(tf.TensorSpec([None], tf.float32))
    for size in (2, 2, 3):
        assert twice(tf.ones([size]))["y"].shape == [size]
        assert twice.structured_outputs["y"].shape == [size]


def test_a_function_that_is_not_recorded_does_not_say_that_it_was():
    count = [0]

    @tf.function
    def step(x):
        count[0] += 1
        return x * float(count[0])

    for _ in range(20):
        step(tf.constant(1.0))
    assert str(step.explain()) == (
        "step(x: float32[])\n"
        "    runs eagerly since: what it reads from outside keeps changing: count[0] changed from 15 to 16"
    )


class Counting(tf.Module):
    def __init__(self):
        super().__init__()
        self.weights = [tf.Variable([1.0, 2.0]), tf.Variable(0.5)]
        self.epoch, self.best, self.extra = 0, float("inf"), None
        self.history = {"loss": [], "seconds": []}
        self.losses = []

    @tf.function
    def step(self, x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.add_n([tf.reduce_sum(each * x) for each in self.trainable_variables]))
        for variable, gradient in zip(
            self.trainable_variables, tape.gradient(loss, self.trainable_variables), strict=True
        ):
            variable.assign_sub(0.5 * gradient)
        return loss


def test_a_module_that_counts_and_keeps_histories_is_recorded_once():
    model = Counting()
    for _ in range(20):
        loss = model.step(tf.constant(1.0))
        model.epoch += 1
        model.best = min(model.best, float(loss))
        model.history["loss"].append(float(loss))
        model.history["seconds"].append(time.time())
        model.losses += [loss, loss.numpy()]
    assert runs(model.step) == (1, [])
    model.extra = tf.Variable(3.0)
    model.step(tf.constant(1.0))
    assert float(model.extra) == 2.5
    model.losses.append(tf.Variable(3.0))
    model.step(tf.constant(1.0))
    assert float(model.losses[-1]) == 2.5
    assert runs(model.step) == (3, [])
    assert "recorded anew because self.extra changed" in model.step.explain()


class Descent:
    def __init__(self, weight):
        self.weight = weight
        self.loss = []

    def step(self, gradient):
        self.weight.assign_sub(gradient)

    def count(self):
        return 1.0


class Loop:
    """Its counters have the names of methods that its function calls of another object."""

    def __init__(self):
        self.weight = tf.Variable(1.0)
        self.optimizer = Descent(self.weight)
        self.step = self.count = 0
        self.scale = 1.0

    def loss(self, x):
        return self.weight * x * self.scale

    @tf.function
    def train(self, x):
        loss = self.loss(x) * self.optimizer.count()
        self.optimizer.step(x)
        return loss


def test_what_is_called_is_no_number_of_the_same_name():
    loop = Loop()
    for turn in range(20):
        loop.optimizer.loss.append(float(loop.train(tf.constant(0.5))))
        loop.step = loop.count = turn
    assert runs(loop.train) == (1, [])
    loop.optimizer.count = lambda: 2.0
    assert loop.train(tf.constant(1.0)) == -18.0
    loop.scale = 0.5
    assert loop.train(tf.constant(1.0)) == -10.0
