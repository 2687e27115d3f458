"""The models of TensorFlow and gradtape, in one text: a convolutional and a recurrent network, a Gaussian mixture."""

import math

from benchmarks.programs import data
from benchmarks.programs.functions import Functions, program
from benchmarks.programs.operations import Operations


class Models(Functions, Operations):
    """The cases of `benchmarks.models`; each method sets up one: a function and the arguments of a call."""

    def gradients(self, operation, inputs):
        """Returns the function that runs an operation and differentiates it by its inputs."""
        tf, inputs = self.tf, [self.tf.constant(value) for value in inputs]
        sources = [x for x in inputs if not x.dtype.is_integer]

        def run():
            with tf.GradientTape() as tape:
                tape.watch(sources)
                y = operation.tf(tf, *inputs)
            return [y, *tape.gradient(y, sources)]

        return run

    @program
    def convolutional(self):
        tf = self.tf
        pixels, labels, parameters = data.images()
        variables = k1, b1, k2, b2, w, b = [tf.Variable(each) for each in parameters]

        def run(pixels, labels):
            with tf.GradientTape() as tape:
                x = tf.nn.relu(tf.nn.conv2d(pixels, k1, 1, "SAME") + b1)
                x = tf.nn.max_pool2d(x, 2, 2, "SAME")
                x = tf.nn.relu(tf.nn.conv2d(x, k2, 1, "SAME") + b2)
                x = tf.nn.max_pool2d(x, 2, 2, "SAME")
                logits = tf.matmul(tf.reshape(x, [x.shape[0], -1]), w) + b
                losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
                loss = tf.reduce_mean(losses)
            gradients = tape.gradient(loss, variables)
            for variable, gradient in zip(variables, gradients, strict=True):
                variable.assign_sub(data.RATE * gradient)
            return [loss, *gradients]

        return run, [tf.constant(pixels), tf.constant(labels)]

    @program
    def recurrent(self):
        tf = self.tf
        inputs, parameters = data.sequence()
        variables = from_input, from_state, bias = [tf.Variable(value) for value in parameters]

        def run(inputs):
            with tf.GradientTape() as tape:
                state = memory = tf.zeros(inputs.shape[1:])
                for step in range(data.STEPS):
                    gates = tf.matmul(inputs[step], from_input) + tf.matmul(state, from_state) + bias
                    enter, forget, candidate, leave = tf.split(gates, 4, axis=1)
                    memory = tf.sigmoid(forget) * memory + tf.sigmoid(enter) * tf.tanh(candidate)
                    state = tf.sigmoid(leave) * tf.tanh(memory)
                loss = tf.reduce_mean(state * state)
            return [loss, *tape.gradient(loss, variables)]

        return run, [tf.constant(inputs)]

    @program
    def mixture(self):
        tf = self.tf
        columns = data.columns()

        def whiten(points, means, numbers):
            lower = []
            for factor in range(data.COMPONENTS):
                parts = [
                    tf.concat([tf.zeros(zeros, dtype=tf.float64), numbers[factor][start:end]], 0)
                    for zeros, start, end in columns
                ]
                lower.append(tf.stack(parts, -1))
            centred = tf.stack([points[index] - means for index in range(points.shape[0])])
            return tf.exp(numbers[:, : data.DIMENSIONS]) * centred + tf.linalg.matvec(tf.stack(lower), centred)

        return self._mixture(whiten, -1)

    @program
    def mixture_arrays(self):
        tf = self.tf
        rows, columns = data.below_diagonal()
        diagonal = range(data.DIMENSIONS)
        places = tf.constant([[*diagonal, *rows], [*diagonal, *columns]])

        def whiten(points, means, numbers):
            diagonals, lower = numbers[:, : data.DIMENSIONS], numbers[:, data.DIMENSIONS :]
            values = tf.transpose(tf.concat([tf.exp(diagonals), lower], 1))
            shape = [data.DIMENSIONS, data.DIMENSIONS, data.COMPONENTS]
            factors = tf.transpose(tf.scatter_nd(tf.transpose(places), values, shape), [2, 0, 1])
            centred = points[None] - means[:, None]
            return tf.matmul(centred, factors, transpose_b=True)

        return self._mixture(whiten, 0)

    def _mixture(self, whiten, axis):
        """Returns the gradient of the likelihood; `whiten` gives the standardized points, `axis` has the components."""
        tf = self.tf
        points, parameters = data.mixture()
        variables = weights, means, numbers = [tf.Variable(value) for value in parameters]
        constant = 0.5 * len(points) * data.DIMENSIONS * math.log(2.0 * math.pi)

        def run(points):
            with tf.GradientTape() as tape:
                whitened = whiten(points, means, numbers)
                heights = tf.nn.log_softmax(weights) + tf.reduce_sum(numbers[:, : data.DIMENSIONS], axis=1)
                heights = heights if axis else heights[:, None]
                exponents = heights - 0.5 * tf.reduce_sum(whitened * whitened, axis=2)
                loss = tf.reduce_sum(tf.reduce_logsumexp(exponents, axis=axis)) - constant
            return [loss, *tape.gradient(loss, variables)]

        return run, [tf.constant(points)]
