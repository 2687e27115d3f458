"""The example programs end with a number, and the number is right."""

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"

# The last number that each program prints, and the bounds within which it must lie.
BOUNDS = {
    "linear_regression.py": (0.0099, 0.0101),  # the scatter's variance for this seed; 0.010016 under TensorFlow
    "mlp_digits.py": (0.95, 1.0),  # the accuracy on digits never seen; guessing gives 0.1
    "pinn.py": (0.0, 2e-3),  # the distance from sin(pi x), whose height is 1
    "gaussian_process.py": (-175.4873, -175.4872),  # the log likelihood, as scikit-learn has it at the optimum
}


def test_every_program_has_bounds():
    assert sorted(BOUNDS) == sorted(path.name for path in EXAMPLES.glob("*.py"))


@pytest.mark.parametrize("name", sorted(BOUNDS))
def test_ends_with_the_right_number(name):
    command = [sys.executable, "-m", "gradtape", str(EXAMPLES / name)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    low, high = BOUNDS[name]
    assert low <= float(done.stdout.split()[-1]) <= high
