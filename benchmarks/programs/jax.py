"""The programs of JAX, run one operation at a time as the other libraries are, without jit."""

import jax
import jax.numpy as jnp

from benchmarks.programs import data
from benchmarks.programs.jax_functions import Functions


class Programs(Functions):
    """Builds the measured programs; each method sets up one case and returns the function to call."""

    def __init__(self, library):
        self.version = jax.__version__

    def untaped_op(self):
        x, y = jnp.array(data.SMALL), jnp.array(data.SMALL)
        return lambda: jax.block_until_ready([data.repeated_add(x, y)])

    def taped_op(self):
        x = jnp.array(data.SMALL)
        return lambda: jax.block_until_ready([jax.vjp(lambda x: data.chain(x, x), x)[0]])

    def chain(self):
        x, ones = jnp.array(data.SMALL), jnp.ones(4)

        def run():
            _, pull_back = jax.vjp(lambda x: data.chain(x, x), x)
            return jax.block_until_ready(pull_back(ones))

        return run

    def chain_number(self):
        x, ones = jnp.array(data.SMALL), jnp.ones(4)

        def run():
            _, pull_back = jax.vjp(data.chain_with_numbers, x)
            return jax.block_until_ready(pull_back(ones))

        return run

    def seed(self):
        x = jnp.array([0.0, 1.0, 2.0, 3.0])
        gradient = jax.grad(lambda x: 2 * jnp.dot(x, x))
        return lambda: jax.block_until_ready([gradient(x)])

    def mlp(self):
        images, labels, parameters = data.classifier()
        images, labels = jnp.array(images), jnp.array(labels)
        parameters = [jnp.array(value) for value in parameters]
        loss_and_gradients = jax.value_and_grad(self._loss)

        def run():
            nonlocal parameters
            loss, gradients = loss_and_gradients(parameters, images, labels)
            parameters = [value - data.RATE * gradient for value, gradient in zip(parameters, gradients, strict=True)]
            jax.block_until_ready(parameters)
            return [loss, *gradients]

        return run

    def expression(self):
        x, w = map(jnp.array, data.wide_pair())
        gradient = jax.value_and_grad(
            lambda x, w: jnp.sum(jnp.tanh(x * w) * jnp.exp(-x * x) + x / (1 + w * w)), argnums=(0, 1)
        )

        def run():
            y, gradients = jax.block_until_ready(gradient(x, w))
            return [y, *gradients]

        return run

    def rosenbrock_hessian(self):
        with jax.enable_x64(True):
            x = jnp.array(data.rosenbrock_point()[0])
        hessian = jax.hessian(lambda x: data.rosenbrock(x, jnp.sum))
        return lambda: jax.block_until_ready([in_double_precision(hessian, x)])

    def mlp_jacobian(self):
        features, _, parameters, _ = data.network()
        features, parameters = jnp.array(features), list(map(jnp.array, parameters))
        jacobian = jax.jacrev(lambda parameters: jax.nn.softmax(self._logits(parameters, features)))
        return lambda: jax.block_until_ready(jacobian(parameters))

    def example_gradients(self):
        features, labels, parameters, _ = data.network()
        features, labels, parameters = jnp.array(features), jnp.array(labels), list(map(jnp.array, parameters))

        def loss_of(parameters, feature, label):
            return -jax.nn.log_softmax(self._logits(parameters, feature))[label]

        gradients = jax.vmap(jax.grad(loss_of), in_axes=(None, 0, 0))
        return lambda: jax.block_until_ready(gradients(parameters, features, labels))

    def fourth_derivative(self):
        with jax.enable_x64(True):
            x = jnp.array(0.5)
        derivative = lambda x: data.curve(x, jnp.sin)
        for _ in range(4):
            derivative = jax.grad(derivative)
        return lambda: jax.block_until_ready([in_double_precision(derivative, x)])

    def record_chain(self):
        x = jnp.array(data.WIDE)
        return [x], lambda: jax.block_until_ready(jax.vjp(lambda x: data.chain(x, x), x))

    def record_mlp(self):
        images, labels, parameters = data.classifier()
        images, labels = jnp.array(images), jnp.array(labels)
        parameters = [jnp.array(value) for value in parameters]

        def record():
            return jax.block_until_ready(jax.vjp(lambda values: self._loss(values, images, labels), parameters))

        return [images, labels, *parameters], record

    @staticmethod
    def _logits(parameters, features):
        w1, b1, w2, b2 = parameters
        return jnp.tanh(features @ w1 + b1) @ w2 + b2

    @staticmethod
    def _loss(parameters, images, labels):
        w1, b1, w2, b2 = parameters
        hidden = jax.nn.relu(images @ w1 + b1)
        log_probabilities = jax.nn.log_softmax(hidden @ w2 + b2)
        return -jnp.mean(jnp.take_along_axis(log_probabilities, labels[:, None], axis=1))


def in_double_precision(function, x):
    """Returns `function(x)`, computed in float64, which JAX otherwise hasn't."""
    with jax.enable_x64(True):
        return function(x)
