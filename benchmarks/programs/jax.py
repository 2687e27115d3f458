"""The programs of JAX, run one operation at a time as the other libraries are, without jit."""

import jax
import jax.numpy as jnp

from benchmarks.programs import data


class Programs:
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
    def _loss(parameters, images, labels):
        w1, b1, w2, b2 = parameters
        hidden = jax.nn.relu(images @ w1 + b1)
        log_probabilities = jax.nn.log_softmax(hidden @ w2 + b2)
        return -jnp.mean(jnp.take_along_axis(log_probabilities, labels[:, None], axis=1))
