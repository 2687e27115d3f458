"""The programs of TensorFlow, which are gradtape's as well: one text, since the two have one API."""

import importlib

from benchmarks.programs import data
from benchmarks.programs.tensorflow_models import Models


class Programs(Models):
    """Builds the measured programs; each method sets up one case and returns the function to call."""

    def __init__(self, library):
        self.tf = importlib.import_module(library)
        self.version = self.tf.__version__
        if library == "tensorflow":
            self.tf.config.threading.set_intra_op_parallelism_threads(1)
            self.tf.config.threading.set_inter_op_parallelism_threads(1)

    def untaped_op(self):
        x, y = self.tf.constant(data.SMALL), self.tf.constant(data.SMALL)
        return lambda: [data.repeated_add(x, y)]

    def taped_op(self):
        tf, x = self.tf, self.tf.constant(data.SMALL)

        def run():
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = data.chain(x, x)
            return [y]

        return run

    def chain(self):
        tf, x = self.tf, self.tf.constant(data.SMALL)

        def run():
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = data.chain(x, x)
            return [tape.gradient(y, x)]

        return run

    def chain_number(self):
        tf, x = self.tf, self.tf.constant(data.SMALL)

        def run():
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = data.chain_with_numbers(x)
            return [tape.gradient(y, x)]

        return run

    def chain_variable(self):
        tf, x, variable = self.tf, self.tf.constant(data.SMALL), self.tf.Variable(data.SMALL)

        def run():
            with tf.GradientTape() as tape:
                y = data.chain(x, variable)
            return [tape.gradient(y, variable)]

        return run

    def seed(self):
        tf, x = self.tf, self.tf.Variable([0.0, 1.0, 2.0, 3.0])

        def run():
            with tf.GradientTape() as tape:
                y = 2 * tf.tensordot(x, x, axes=1)
            return [tape.gradient(y, x)]

        return run

    def mlp(self):
        tf = self.tf
        images, labels, variables, loss_of = self._classifier()

        def run():
            with tf.GradientTape() as tape:
                loss = loss_of(images, labels)
            gradients = tape.gradient(loss, variables)
            for variable, gradient in zip(variables, gradients, strict=True):
                variable.assign_sub(data.RATE * gradient)
            return [loss, *gradients]

        return run

    def expression(self):
        tf = self.tf
        x, w = map(tf.constant, data.wide_pair())

        def run():
            with tf.GradientTape() as tape:
                tape.watch([x, w])
                y = tf.reduce_sum(tf.tanh(x * w) * tf.exp(-x * x) + x / (1 + w * w))
            return [y, *tape.gradient(y, [x, w])]

        return run

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

    def rosenbrock_hessian(self):
        tf, (function, x, _) = self.tf, self._rosenbrock()

        def run():
            with tf.GradientTape() as outer:
                outer.watch(x)
                with tf.GradientTape() as inner:
                    inner.watch(x)
                    y = function(x)
                gradient = inner.gradient(y, x)
            return [outer.jacobian(gradient, x)]

        return run

    def rosenbrock_gradient(self):
        return self._gradient(*self._rosenbrock())

    def rosenbrock_hvp_forward(self):
        return self._forward_over_reverse(*self._rosenbrock())

    def banded_gradient(self):
        return self._gradient(*self._banded())

    def banded_hvp_forward(self):
        return self._forward_over_reverse(*self._banded())

    def mlp_gradient(self):
        return self._gradient(*self._network())

    def mlp_hvp_forward(self):
        return self._forward_over_reverse(*self._network())

    def mlp_jacobian(self):
        tf = self.tf
        features, _, parameters, _ = data.network()
        features, variables = tf.constant(features), [tf.Variable(value) for value in parameters]
        w1, b1, w2, b2 = variables

        def run():
            with tf.GradientTape() as tape:
                hidden = tf.tanh(tf.matmul(features, w1) + b1)
                probabilities = tf.nn.softmax(tf.matmul(hidden, w2) + b2)
            return tape.jacobian(probabilities, variables)

        return run

    def example_gradients(self):
        tf = self.tf
        features, labels, parameters, _ = data.network()
        examples, variables = (tf.constant(features), tf.constant(labels)), [tf.Variable(each) for each in parameters]

        def gradients(example):
            feature, label = example
            with tf.GradientTape() as tape:
                loss = self._network_loss(variables, feature[None], label[None])
            return tape.gradient(loss, variables)

        return lambda: tf.vectorized_map(gradients, examples)

    def layers(self):
        return self._gradient_of_layers(recomputed=False)

    def layers_recomputed(self):
        return self._gradient_of_layers(recomputed=True)

    def record_layers(self):
        return self._record_of_layers(recomputed=False)

    def record_layers_recomputed(self):
        return self._record_of_layers(recomputed=True)

    def fourth_derivative(self):
        tf, x = self.tf, self.tf.constant(0.5, self.tf.float64)

        def derivative(order):
            if order == 0:
                return data.curve(x, tf.sin)
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = derivative(order - 1)
            return tape.gradient(y, x)

        return lambda: [derivative(4)]

    def _rosenbrock(self):
        x, direction = map(self.tf.constant, data.rosenbrock_point())
        return lambda x: data.rosenbrock(x, self.tf.reduce_sum), x, direction

    def _banded(self, size=data.BANDED_SIZE):
        x, direction = map(self.tf.constant, data.banded_point(size))
        return lambda x: data.banded(x, self.tf.reduce_sum), x, direction

    def _network(self):
        features, labels, *lists = data.network()
        features, labels = self.tf.constant(features), self.tf.constant(labels)
        parameters, directions = ([self.tf.constant(value) for value in values] for values in lists)
        return lambda parameters: self._network_loss(parameters, features, labels), parameters, directions

    def _network_loss(self, parameters, features, labels):
        tf, (w1, b1, w2, b2) = self.tf, parameters
        hidden = tf.tanh(tf.matmul(features, w1) + b1)
        logits = tf.matmul(hidden, w2) + b2
        return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits))

    def _gradient(self, function, x, direction):
        tf = self.tf

        def run():
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = function(x)
            return listed(tape.gradient(y, x))

        return run

    def _forward_over_reverse(self, function, x, direction):
        tf = self.tf

        def run():
            with tf.autodiff.ForwardAccumulator(x, direction) as accumulator:
                with tf.GradientTape() as tape:
                    tape.watch(x)
                    y = function(x)
                gradient = tape.gradient(y, x)
            return listed(accumulator.jvp(gradient))

        return run

    def _gradient_of_layers(self, recomputed):
        (_, *variables), record = self._record_of_layers(recomputed)

        def run():
            tape, loss = record()
            return tape.gradient(loss, variables)

        return run

    def _record_of_layers(self, recomputed):
        tf, (features, matrices) = self.tf, data.layers()
        x, variables = tf.constant(features), [tf.Variable(value) for value in matrices]

        def block(start):
            def through(x):
                for weights in variables[start : start + data.LAYERS_IN_A_BLOCK]:
                    x = tf.tanh(tf.matmul(x, weights))
                return x

            return tf.recompute_grad(through) if recomputed else through

        blocks = [block(start) for start in range(0, data.LAYERS, data.LAYERS_IN_A_BLOCK)]

        def record():
            with tf.GradientTape() as tape:
                y = x
                for each in blocks:
                    y = each(y)
                loss = tf.reduce_sum(y)
            return tape, loss

        return [x, *variables], record

    def _classifier(self):
        tf = self.tf
        images, labels, parameters = data.classifier()
        variables = w1, b1, w2, b2 = [tf.Variable(value) for value in parameters]

        def loss_of(images, labels):
            hidden = tf.nn.relu(tf.matmul(images, w1) + b1)
            logits = tf.matmul(hidden, w2) + b2
            return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits))

        return tf.constant(images), tf.constant(labels), variables, loss_of


def listed(result):
    """Returns a result as a list, if it isn't one."""
    return result if isinstance(result, list) else [result]
