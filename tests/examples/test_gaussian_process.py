"""The Gaussian process of the examples: its optimum is that of differences, its likelihood that of scikit-learn."""

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "gaussian_process.py"


@pytest.fixture(scope="module")
def example() -> dict[str, Any]:
    return runpy.run_path(str(EXAMPLE))


def test_exact_gradients_find_the_optimum_of_differences_in_fewer_calls(example: dict[str, Any]) -> None:
    inputs, targets = example["patients"](80)
    exact, values = example["Likelihood"](inputs, targets), example["Likelihood"](inputs, targets)
    found, other = example["fit"](exact), example["fit_by_differences"](values)
    assert found.success
    assert other.success
    assert list(found.x) == list(example["START"])
    np.testing.assert_allclose(np.exp([float(each) for each in found.x.values()]), np.exp(other.x), rtol=1e-3)
    np.testing.assert_allclose(found.fun, other.fun, rtol=1e-6)
    assert exact.calls < 0.5 * values.calls
    expected = example["scikit_likelihood"](inputs, targets, found.x)
    np.testing.assert_allclose(-found.fun, expected, rtol=1e-8)


def test_the_gradient_is_scikit_learn_s(example: dict[str, Any]) -> None:
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel

    inputs, targets = example["patients"](80)
    likelihood = example["Likelihood"](inputs, targets)
    kernel = ConstantKernel(1.0) * RBF(1.0) + WhiteKernel(1.0)
    model = GaussianProcessRegressor(kernel, optimizer=None, alpha=0.0).fit(inputs, targets)
    _, expected = model.log_marginal_likelihood(np.array([0.3, -0.2, -1.0]), eval_gradient=True)
    tf = example["tf"]
    logs = {
        name: tf.constant(value, tf.float64) for name, value in zip(example["START"], [0.3, -0.2, -1.0], strict=True)
    }
    with tf.GradientTape() as tape:
        tape.watch(logs)
        value = likelihood(logs)
    gradient = tape.gradient(value, logs)
    np.testing.assert_allclose([-float(each) for each in gradient.values()], expected, rtol=1e-8)
