"""A Gaussian process learns from measurements: its kernel is fitted by maximizing the marginal likelihood.

The data are scikit-learn's diabetes patients: body mass index, blood pressure and a blood value against the disease's
progress after a year. The likelihood goes through a Cholesky factor (Rasmussen and Williams 2006, algorithm 2.1), and
its gradient, too: SciPy's BFGS gets it exactly, and, for comparison, by differences.
"""

import math

import gradtape as tf
import numpy as np
import scipy.optimize
from sklearn.datasets import load_diabetes
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel

# What is fitted: logarithms, so that variances and lengths stay positive whatever the solver tries.
START = {"variance": 0.0, "length": 0.0, "noise": 0.0}
# The gradient's norm to stop at. At SciPy's default, 1e-5, differences lose themselves in rounding errors.
OPTIONS = {"gtol": 1e-4}


def patients(count=150):
    """Returns the three measurements of some patients, and how the disease went on, all scaled to a spread of 1."""
    table, progress = load_diabetes(return_X_y=True)
    inputs, targets = table[:count, [2, 3, 8]], progress[:count]
    return (inputs - inputs.mean(0)) / inputs.std(0), (targets - targets.mean()) / targets.std()


class Likelihood:
    """The negative logarithm of the marginal likelihood, a function of the kernel's logarithms; it counts its calls."""

    def __init__(self, inputs, targets):
        self.squares = tf.constant(((inputs[:, np.newaxis] - inputs) ** 2).sum(-1))
        self.targets = tf.constant(targets[:, np.newaxis])
        self.calls = 0

    def __call__(self, logs):
        self.calls += 1
        variance, length, noise = tf.exp(logs["variance"]), tf.exp(logs["length"]), tf.exp(logs["noise"])
        size = self.targets.shape[0]
        covariance = variance * tf.exp(-0.5 * self.squares / length**2.0) + noise * tf.eye(size, dtype=tf.float64)
        factor = tf.linalg.cholesky(covariance)
        # The square of L^-1 y is y' K^-1 y, and the determinant is the square of the product of L's diagonal.
        whitened = tf.linalg.triangular_solve(factor, self.targets)
        diagonal = tf.einsum("ii->i", factor)
        fit, volume = 0.5 * tf.reduce_sum(whitened**2.0), tf.reduce_sum(tf.math.log(diagonal))
        return fit + volume + 0.5 * size * math.log(2.0 * math.pi)


def fit(likelihood):
    """Fits the kernel with exact gradients; `x` of the result is a dict like START."""
    start = {name: tf.constant(value, tf.float64) for name, value in START.items()}
    return tf.optimize.minimize(likelihood, start, method="BFGS", options=OPTIONS)


def fit_by_differences(likelihood):
    """Fits the kernel with the same solver, which is given values alone."""
    as_numbers = lambda vector: float(likelihood(dict(zip(START, vector, strict=True))))
    return scipy.optimize.minimize(as_numbers, list(START.values()), method="BFGS", options=OPTIONS)


def scikit_likelihood(inputs, targets, logs):
    """Returns scikit-learn's logarithm of the marginal likelihood for the same kernel."""
    kernel = ConstantKernel(1.0) * RBF(1.0) + WhiteKernel(1.0)
    model = GaussianProcessRegressor(kernel, optimizer=None, alpha=0.0).fit(inputs, targets)
    return model.log_marginal_likelihood(np.array([logs[name] for name in START]))


if __name__ == "__main__":
    inputs, targets = patients()
    exact, values = Likelihood(inputs, targets), Likelihood(inputs, targets)
    found, other = fit(exact), fit_by_differences(values)
    print("            " + "".join(f"{name:>12}" for name in START) + "  likelihood  function calls")
    rows = ("exact", found.x.values(), found.fun, exact.calls), ("differences", other.x, other.fun, values.calls)
    for name, logs, value, calls in rows:
        print(f"{name:12}" + "".join(f"{math.exp(each):12.6f}" for each in logs) + f"{-value:12.6f}{calls:16d}")
    print(f"scikit-learn's likelihood of the first: {scikit_likelihood(inputs, targets, found.x):.6f}")
