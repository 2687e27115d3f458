"""The programs of TensorFlow, which are gradtape's as well: one text, since the two have one API."""

import importlib
from functools import partial

from benchmarks.programs import data
from benchmarks.programs.functions import program
from benchmarks.programs.tensorflow_models import Models


class Programs(Models):
    """Builds the measured programs; each method sets up one case and returns the function to call.

    A `program` returns the function and the arguments of a call.
    """

    def __init__(self, library):
        self.tf = importlib.import_module(library)
        self.version = self.tf.__version__
        if library == "tensorflow":
            self.tf.config.threading.set_intra_op_parallelism_threads(1)
            self.tf.config.threading.set_inter_op_parallelism_threads(1)

    def untaped_op(self):
        x, y = self.tf.constant(data.SMALL), self.tf.constant(data.SMALL)
        return lambda: [data.repeated_add(x, y)]

    @program
    def taped_op(self):
        tf = self.tf

        def run(x):
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = data.chain(x, x)
            return [y]

        return run, [tf.constant(data.SMALL)]

    @program
    def chain(self):
        tf = self.tf

        def run(x):
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = data.chain(x, x)
            return [tape.gradient(y, x)]

        return run, [tf.constant(data.SMALL)]

    @program
    def chain_number(self):
        tf = self.tf

        def run(x):
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = data.chain_with_numbers(x)
            return [tape.gradient(y, x)]

        return run, [tf.constant(data.SMALL)]

    @program
    def chain_variable(self):
        tf, variable = self.tf, self.tf.Variable(data.SMALL)

        def run(x):
            with tf.GradientTape() as tape:
                y = data.chain(x, variable)
            return [tape.gradient(y, variable)]

        return run, [tf.constant(data.SMALL)]

    @program
    def seed(self):
        tf, x = self.tf, self.tf.Variable([0.0, 1.0, 2.0, 3.0])

        def run():
            with tf.GradientTape() as tape:
                y = 2 * tf.tensordot(x, x, axes=1)
            return [tape.gradient(y, x)]

        return run, []

    @program
    def mlp(self):
        tf = self.tf
        *arguments, variables, loss_of = self._classifier()

        def run(images, labels):
            with tf.GradientTape() as tape:
                loss = loss_of(images, labels)
            gradients = tape.gradient(loss, variables)
            for variable, gradient in zip(variables, gradients, strict=True):
                variable.assign_sub(data.RATE * gradient)
            return [loss, *gradients]

        return run, arguments

    @program
    def expression(self):
        tf = self.tf

        def run(x, w):
            with tf.GradientTape() as tape:
                tape.watch([x, w])
                y = tf.reduce_sum(tf.tanh(x * w) * tf.exp(-x * x) + x / (1 + w * w))
            return [y, *tape.gradient(y, [x, w])]

        return run, list(map(tf.constant, data.wide_pair()))

    def record_chain(self):
        tf, x = self.tf, self.tf.constant(data.WIDE)

        def record():
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = data.chain(x, x)
            return tape, y

        return [x], record

    def record_mlp(self):
        tf = self.tf
        images, labels, variables, loss_of = self._classifier()

        def record():
            with tf.GradientTape() as tape:
                loss = loss_of(images, labels)
            return tape, loss

        return [images, labels, *variables], record

    @program
    def rosenbrock_hessian(self):
        tf, (function, point, _) = self.tf, self._rosenbrock()

        def run(x):
            with tf.GradientTape() as outer:
                outer.watch(x)
                with tf.GradientTape() as inner:
                    inner.watch(x)
                    y = function(x)
                gradient = inner.gradient(y, x)
            return [outer.jacobian(gradient, x)]

        return run, [point]

    @program
    def rosenbrock_gradient(self):
        return self._gradient(*self._rosenbrock())

    @program
    def rosenbrock_hvp_forward(self):
        return self._forward_over_reverse(*self._rosenbrock())

    @program
    def banded_gradient(self):
        return self._gradient(*self._banded())

    @program
    def banded_hvp_forward(self):
        return self._forward_over_reverse(*self._banded())

    @program
    def mlp_gradient(self):
        return self._gradient(*self._network())

    @program
    def mlp_hvp_forward(self):
        return self._forward_over_reverse(*self._network())

    @program
    def mlp_jacobian(self):
        tf = self.tf
        features, _, parameters, _ = data.network()
        variables = w1, b1, w2, b2 = [tf.Variable(value) for value in parameters]

        def run(features):
            with tf.GradientTape() as tape:
                hidden = tf.tanh(tf.matmul(features, w1) + b1)
                probabilities = tf.nn.softmax(tf.matmul(hidden, w2) + b2)
            return tape.jacobian(probabilities, variables)

        return run, [tf.constant(features)]

    @program
    def example_gradients(self):
        tf = self.tf
        features, labels, parameters, _ = data.network()
        examples, variables = (tf.constant(features), tf.constant(labels)), [tf.Variable(each) for each in parameters]

        def gradients(example):
            feature, label = example
            with tf.GradientTape() as tape:
                loss = network_loss(tf, variables, feature[None], label[None])
            return tape.gradient(loss, variables)

        return lambda *examples: tf.vectorized_map(gradients, examples), examples

    @program
    def layers(self):
        return self._gradient_of_layers(recomputed=False)

    @program
    def layers_recomputed(self):
        return self._gradient_of_layers(recomputed=True)

    def record_layers(self):
        return self._record_of_layers(recomputed=False)

    def record_layers_recomputed(self):
        return self._record_of_layers(recomputed=True)

    @program
    def fourth_derivative(self):
        tf = self.tf

        def derivative(order, x):
            if order == 0:
                return data.curve(x, tf.sin)
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = derivative(order - 1, x)
            return tape.gradient(y, x)

        return lambda x: [derivative(4, x)], [tf.constant(0.5, tf.float64)]

    def _rosenbrock(self):
        tf = self.tf
        x, direction = map(tf.constant, data.rosenbrock_point())
        return lambda x: data.rosenbrock(x, tf.reduce_sum), x, direction

    def _banded(self, size=data.BANDED_SIZE):
        tf = self.tf
        x, direction = map(tf.constant, data.banded_point(size))
        return lambda x: data.banded(x, tf.reduce_sum), x, direction

    def _network(self):
        tf, (features, labels, *lists) = self.tf, data.network()
        features, labels = tf.constant(features), tf.constant(labels)
        parameters, directions = ([tf.constant(value) for value in values] for values in lists)
        return partial(network_loss, tf), parameters, directions, features, labels

    def _gradient(self, function, point, direction, *data):
        tf = self.tf

        def run(x, *data):
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = function(x, *data)
            return listed(tape.gradient(y, x))

        return run, [point, *data]

    def _forward_over_reverse(self, function, point, direction, *data):
        tf = self.tf

        def run(x, direction, *data):
            with tf.autodiff.ForwardAccumulator(x, direction) as accumulator:
                with tf.GradientTape() as tape:
                    tape.watch(x)
                    y = function(x, *data)
                gradient = tape.gradient(y, x)
            return listed(accumulator.jvp(gradient))

        return run, [point, direction, *data]

    def _gradient_of_layers(self, recomputed):
        x, variables, record = self._layers(recomputed)

        def run(x):
            tape, loss = record(x)
            return tape.gradient(loss, variables)

        return run, [x]

    def _record_of_layers(self, recomputed):
        x, variables, record = self._layers(recomputed)
        return [x, *variables], lambda: record(x)

    def _layers(self, recomputed):
        tf, (features, matrices) = self.tf, data.layers()
        x, variables = tf.constant(features), [tf.Variable(value) for value in matrices]

        def block(start):
            def through(x):
                for weights in variables[start : start + data.LAYERS_IN_A_BLOCK]:
                    x = tf.tanh(tf.matmul(x, weights))
                return x

            return tf.recompute_grad(through) if recomputed else through

        blocks = [block(start) for start in range(0, data.LAYERS, data.LAYERS_IN_A_BLOCK)]

        def record(y):
            with tf.GradientTape() as tape:
                for each in blocks:
                    y = each(y)
                loss = tf.reduce_sum(y)
            return tape, loss

        return x, variables, record

    def _classifier(self):
        tf = self.tf
        images, labels, parameters = data.classifier()
        variables = w1, b1, w2, b2 = [tf.Variable(value) for value in parameters]

        def loss_of(images, labels):
            hidden = tf.nn.relu(tf.matmul(images, w1) + b1)
            logits = tf.matmul(hidden, w2) + b2
            return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits))

        return tf.constant(images), tf.constant(labels), variables, loss_of


def network_loss(tf, parameters, features, labels):
    """Returns the loss of a network of one hidden layer."""
    w1, b1, w2, b2 = parameters
    hidden = tf.tanh(tf.matmul(features, w1) + b1)
    logits = tf.matmul(hidden, w2) + b2
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits))


def listed(result):
    """Returns a result as a list, if it isn't one."""
    return result if isinstance(result, list) else [result]
