"""The programs of gradtape and of TensorFlow: one text, since the two have one API."""

import importlib

from benchmarks import memory
from benchmarks.programs import data


class Programs:
    """Builds the measured programs; each method sets up one case and returns the function to call."""

    def __init__(self, library):
        self.tf = importlib.import_module(library)
        self.version = self.tf.__version__
        if library == "tensorflow":
            self.tf.config.threading.set_intra_op_parallelism_threads(1)
            self.tf.config.threading.set_inter_op_parallelism_threads(1)
            self.array_bytes = None  # its tape is not made of Python objects

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

    def array_bytes(self, leaves, record):
        """Sums the arrays that can be reached from the tape, less those of the leaves."""
        return memory.reachable_array_bytes(lambda: record()[0], leaves)

    def _classifier(self):
        tf = self.tf
        images, labels, parameters = data.classifier()
        variables = w1, b1, w2, b2 = [tf.Variable(value) for value in parameters]

        def loss_of(images, labels):
            hidden = tf.nn.relu(tf.matmul(images, w1) + b1)
            logits = tf.matmul(hidden, w2) + b2
            return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits))

        return tf.constant(images), tf.constant(labels), variables, loss_of
