"""The programs of JAX under `jax.jit`, for `benchmarks.functions`."""

import math
from functools import partial
from itertools import repeat

import jax
import jax.numpy as jnp

from benchmarks.programs import data


class Functions:
    """Builds the measured programs; each method sets up one case and returns the function to call."""

    def function_tiny(self):
        add, x = jax.jit(lambda x, y: x + y), jnp.array(data.SMALL)

        def run():
            for _ in repeat(None, data.CHAIN_LENGTH):
                y = add(x, x)
            return jax.block_until_ready([y])

        return run

    def function_chain(self):
        return compiled(lambda x: pulled_back(lambda x: data.chain(x, x), x), data.SMALL)

    def function_chain_number(self):
        return compiled(lambda x: pulled_back(data.chain_with_numbers, x), data.SMALL)

    def function_chain_variable(self):
        return compiled(lambda x, y: pulled_back(lambda y: data.chain(x, y), y), data.SMALL, data.SMALL)

    def function_seed(self):
        return compiled(jax.grad(lambda x: 2 * jnp.dot(x, x)), jnp.arange(4.0))

    def function_mlp(self):
        images, labels, parameters = data.classifier()
        return training(self._loss, parameters, jnp.array(images), jnp.array(labels))

    def function_expression(self):
        return compiled(
            jax.value_and_grad(
                lambda x, w: jnp.sum(jnp.tanh(x * w) * jnp.exp(-x * x) + x / (1 + w * w)), argnums=(0, 1)
            ),
            *data.wide_pair(),
        )

    def function_recurrent(self):
        inputs, parameters = data.sequence()

        def loss_of(parameters, inputs):
            from_input, from_state, bias = parameters
            state = memory = jnp.zeros(inputs.shape[1:])
            for step in range(data.STEPS):
                gates = inputs[step] @ from_input + state @ from_state + bias
                enter, forget, candidate, leave = jnp.split(gates, 4, axis=1)
                memory = jax.nn.sigmoid(forget) * memory + jax.nn.sigmoid(enter) * jnp.tanh(candidate)
                state = jax.nn.sigmoid(leave) * jnp.tanh(memory)
            return jnp.mean(state * state)

        return compiled(jax.value_and_grad(loss_of), parameters, inputs)

    def function_mixture_arrays(self):
        rows, columns = data.below_diagonal()
        diagonal = range(data.DIMENSIONS)
        places = slice(None), jnp.array([*diagonal, *rows]), jnp.array([*diagonal, *columns])
        points, parameters = data.mixture()
        constant = 0.5 * len(points) * data.DIMENSIONS * math.log(2.0 * math.pi)

        def loss_of(parameters, points):
            weights, means, numbers = parameters
            diagonals, lower = numbers[:, : data.DIMENSIONS], numbers[:, data.DIMENSIONS :]
            factors = jnp.zeros((data.COMPONENTS, data.DIMENSIONS, data.DIMENSIONS))
            factors = factors.at[places].set(jnp.concatenate([jnp.exp(diagonals), lower], 1))
            whitened = (points - means[:, None]) @ jnp.swapaxes(factors, 1, 2)
            heights = (jax.nn.log_softmax(weights) + diagonals.sum(1))[:, None]
            exponents = heights - 0.5 * jnp.sum(whitened * whitened, axis=2)
            return jax.nn.logsumexp(exponents, axis=0).sum() - constant

        return compiled(jax.value_and_grad(loss_of), parameters, points, double=True)

    def function_rosenbrock_gradient(self):
        return compiled(jax.grad(rosenbrock), data.rosenbrock_point()[0], double=True)

    def function_rosenbrock_hvp_forward(self):
        return compiled(partial(product, rosenbrock), *data.rosenbrock_point(), double=True)

    def function_rosenbrock_hessian(self):
        return compiled(jax.hessian(rosenbrock), data.rosenbrock_point()[0], double=True)

    def function_mlp_gradient(self):
        features, labels, parameters, _ = data.network()
        return compiled(jax.grad(self._network_loss), parameters, features, labels)

    def function_mlp_hvp_forward(self):
        features, labels, parameters, directions = data.network()

        def run(parameters, directions, features, labels):
            return product(lambda values: self._network_loss(values, features, labels), parameters, directions)

        return compiled(run, parameters, directions, features, labels)

    def function_mlp_jacobian(self):
        features, _, parameters, _ = data.network()
        jacobian = jax.jacrev(lambda parameters, features: jax.nn.softmax(self._logits(parameters, features)))
        return compiled(jacobian, parameters, features)

    def function_banded_gradient(self):
        return compiled(jax.grad(banded), data.banded_point()[0], double=True)

    def function_banded_hvp_forward(self):
        return compiled(partial(product, banded), *data.banded_point(), double=True)

    def function_layers(self):
        features, matrices = data.layers()

        def loss_of(matrices, y):
            for weights in matrices:
                y = jnp.tanh(y @ weights)
            return jnp.sum(y)

        return compiled(jax.grad(loss_of), matrices, features)

    def function_example_gradients(self):
        features, labels, parameters, _ = data.network()

        def loss_of(parameters, feature, label):
            return -jax.nn.log_softmax(self._logits(parameters, feature))[label]

        return compiled(jax.vmap(jax.grad(loss_of), in_axes=(None, 0, 0)), parameters, features, labels)

    def function_fourth_derivative(self):
        derivative = lambda x: data.curve(x, jnp.sin)
        for _ in range(4):
            derivative = jax.grad(derivative)
        return compiled(derivative, 0.5, double=True)

    def _network_loss(self, parameters, features, labels):
        log_probabilities = jax.nn.log_softmax(self._logits(parameters, features))
        return -jnp.mean(jnp.take_along_axis(log_probabilities, labels[:, None], axis=1))


def compiled(function, *arguments, double=False):
    """Returns the call of a compiled function, waited for; it returns the arrays of the result."""
    function = jax.jit(function)
    with jax.enable_x64(double):
        arguments = jax.tree.map(jnp.array, list(arguments))

    def run():
        with jax.enable_x64(double):
            return jax.block_until_ready(jax.tree.leaves(function(*arguments)))

    return run


def training(loss_of, parameters, *batch):
    """Returns a step of gradient descent: it returns the loss and the gradients."""
    parameters = [jnp.array(value) for value in parameters]

    @jax.jit
    def step(parameters, *batch):
        loss, gradients = jax.value_and_grad(loss_of)(parameters, *batch)
        updated = [value - data.RATE * gradient for value, gradient in zip(parameters, gradients, strict=True)]
        return loss, gradients, updated

    def run():
        nonlocal parameters
        loss, gradients, parameters = jax.block_until_ready(step(parameters, *batch))
        return [loss, *gradients]

    return run


def pulled_back(function, x):
    """Returns the gradient of the sum of a function's results."""
    y, pull_back = jax.vjp(function, x)
    return pull_back(jnp.ones_like(y))


def product(function, x, direction):
    """Returns the Hessian times a vector, forward over reverse."""
    return jax.jvp(jax.grad(function), (x,), (direction,))[1]


def rosenbrock(x):
    """Returns Rosenbrock's function."""
    return data.rosenbrock(x, jnp.sum)


def banded(x):
    """Returns the function in which each variable meets two on either side."""
    return data.banded(x, jnp.sum)
