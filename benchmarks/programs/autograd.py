"""The programs of HIPS autograd."""

from importlib.metadata import version

import autograd
import autograd.numpy as np
from autograd.core import make_vjp
from autograd.extend import vspace
from autograd.misc import flatten
from autograd.wrap_util import unary_to_nary

from benchmarks.programs import data

pull_back_of = unary_to_nary(make_vjp)


class Programs:
    """Builds the measured programs; each method sets up one case and returns the function to call."""

    def __init__(self, library):
        self.version = version("autograd")

    def untaped_op(self):
        x, y = np.array(data.SMALL), np.array(data.SMALL)
        return lambda: [data.repeated_add(x, y)]

    def taped_op(self):
        x = np.array(data.SMALL)
        return lambda: [pull_back_of(lambda x: data.chain(x, x))(x)[1]]

    def chain(self):
        x, ones = np.array(data.SMALL), vspace(data.SMALL).ones()
        return lambda: [pull_back_of(lambda x: data.chain(x, x))(x)[0](ones)]

    def chain_number(self):
        x, ones = np.array(data.SMALL), vspace(data.SMALL).ones()
        return lambda: [pull_back_of(data.chain_with_numbers)(x)[0](ones)]

    def seed(self):
        x = np.array([0.0, 1.0, 2.0, 3.0], np.float32)
        gradient = autograd.grad(lambda x: 2 * np.dot(x, x))
        return lambda: [gradient(x)]

    def mlp(self):
        parameters, loss_of = self._classifier()
        loss_and_gradients = autograd.value_and_grad(loss_of)

        def run():
            loss, gradients = loss_and_gradients(parameters)
            for parameter, gradient in zip(parameters, gradients, strict=True):
                parameter -= data.RATE * gradient
            return [loss, *gradients]

        return run

    def expression(self):
        x, w = data.wide_pair()
        gradient = autograd.value_and_grad(
            lambda pair: np.sum(
                np.tanh(pair[0] * pair[1]) * np.exp(-pair[0] * pair[0]) + pair[0] / (1 + pair[1] * pair[1])
            )
        )

        def run():
            y, gradients = gradient((x, w))
            return [y, *gradients]

        return run

    def rosenbrock_hessian(self):
        x, _ = data.rosenbrock_point()
        hessian = autograd.hessian(lambda x: data.rosenbrock(x, np.sum))
        return lambda: [hessian(x)]

    def mlp_jacobian(self):
        features, _, parameters, _ = data.network()
        flat, unflatten = flatten(parameters)

        def probabilities_of(flat):
            w1, b1, w2, b2 = unflatten(flat)
            logits = np.dot(np.tanh(np.dot(features, w1) + b1), w2) + b2
            shares = np.exp(logits - np.max(logits, axis=1, keepdims=True))
            return shares / np.sum(shares, axis=1, keepdims=True)

        jacobian = autograd.jacobian(probabilities_of)
        ends = np.cumsum([parameter.size for parameter in parameters])[:-1]
        return lambda: np.split(jacobian(flat), ends, axis=2)

    def fourth_derivative(self):
        derivative = lambda x: data.curve(x, np.sin)
        for _ in range(4):
            derivative = autograd.grad(derivative)
        return lambda: [derivative(0.5)]

    def record_chain(self):
        x = np.array(data.WIDE)
        return [x], lambda: pull_back_of(lambda x: data.chain(x, x))(x)

    def record_mlp(self):
        parameters, loss_of = self._classifier()
        return parameters, lambda: pull_back_of(loss_of)(parameters)

    def _classifier(self):
        images, labels, parameters = data.classifier()
        targets = data.one_hot(labels)

        def loss_of(parameters):
            w1, b1, w2, b2 = parameters
            hidden = np.maximum(np.dot(images, w1) + b1, 0)
            logits = np.dot(hidden, w2) + b2
            shifted = logits - np.max(logits, axis=1, keepdims=True)
            log_probabilities = shifted - np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))
            return -np.sum(targets * log_probabilities) / data.BATCH

        return parameters, loss_of
