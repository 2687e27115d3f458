"""Gradients written by hand in NumPy: the floor that no library on NumPy can be far below."""

import numpy as np

from benchmarks.programs import data


class Programs:
    """Builds the measured programs; each method sets up one case and returns the function to call."""

    def __init__(self, library):
        self.version = np.__version__

    def untaped_op(self):
        x, y = data.SMALL.copy(), data.SMALL.copy()
        return lambda: [data.repeated_add(x, y)]

    def mlp(self):
        images, labels, parameters = data.classifier()
        w1, b1, w2, b2 = parameters
        rows = np.arange(data.BATCH)

        def run():
            hidden = images @ w1
            hidden += b1
            np.maximum(hidden, 0, out=hidden)
            logits = hidden @ w2
            logits += b2
            logits -= logits.max(axis=1, keepdims=True)
            probabilities = np.exp(logits)
            totals = probabilities.sum(axis=1, keepdims=True)
            loss = np.mean(np.log(totals[:, 0]) - logits[rows, labels])

            probabilities /= totals
            probabilities[rows, labels] -= 1
            probabilities /= data.BATCH
            hidden_gradient = probabilities @ w2.T
            hidden_gradient *= hidden > 0
            gradients = [
                images.T @ hidden_gradient,
                hidden_gradient.sum(axis=0),
                hidden.T @ probabilities,
                probabilities.sum(axis=0),
            ]
            for parameter, gradient in zip(parameters, gradients, strict=True):
                parameter -= data.RATE * gradient
            return [loss, *gradients]

        return run

    def expression(self):
        x, w = data.wide_pair()

        def run():
            t = np.tanh(x * w)
            e = np.exp(-x * x)
            q = 1 + w * w
            product = t * e
            quotient = x / q
            y = np.sum(product + quotient)

            inner = e * (1 - t * t)
            x_gradient = inner * w - 2 * x * product + 1 / q
            w_gradient = inner * x - 2 * w * quotient / q
            return [y, x_gradient, w_gradient]

        return run

    def banded_hessian(self):
        from scipy.sparse import diags_array

        x, _ = data.banded_point()

        def run():
            curvature = 12 * (x[2:] - 2 * x[1:-1] + x[:-2]) ** 2
            diagonal, first, second = np.zeros(len(x)), np.ones(len(x) - 1), curvature
            diagonal[:-2] += curvature
            diagonal[1:-1] += 4 * curvature
            diagonal[2:] += curvature
            first[:-1] -= 2 * curvature
            first[1:] -= 2 * curvature
            bands = [second, first, diagonal, first, second]
            return [diags_array(bands, offsets=range(-2, 3)).tocsr().data]

        return run
