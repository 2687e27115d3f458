"""What tf.function gains: `python -m benchmarks.functions` prints the tables and the budgets."""

from benchmarks.cases import Budget, Case, Suite
from benchmarks.measure import main
from benchmarks.programs.data import CHAIN_LENGTH

NOTES = """\
- The steady state: a function has been recorded (gradtape), traced (TensorFlow) or compiled (JAX) before it is timed.
  What it computes with comes as arguments or is in variables, so that no library can compute it beforehand, and it
  returns its results. "gradtape eagerly" is the same text without the decorator, in the same process.
- JAX's functions are under `jax.jit`, and are waited for; parameters are arguments there and updated ones results.
- A first call: a new tf.function each time, whose operations have been used before. In the column "gradtape eagerly" is
  the one call without it. JAX compiles for seconds, which is not measured here.
- The gradient of the chain with Python numbers does not depend on its argument, so that nothing is left to compute.
- One tiny operation: `x + y` of 4 floats as a function of its own, called in a loop.
- The programs are those of the other suites, which say what they are. TensorFlow and JAX have one thread.
"""

FUNCTIONS = {
    "tiny": ("one tiny operation, x + y of 4 floats", "µs", 1e6),
    "chain": ("400 tiny operations and their gradient", "µs", 1e6),
    "chain_number": ("400 tiny operations, one operand a Python number", "µs", 1e6),
    "chain_variable": ("400 tiny operations, one operand a Variable", "µs", 1e6),
    "seed": ("seed example: 2·x·x and its gradient", "µs", 1e6),
    "mlp": ("784-128-10 MLP step, batch 64", "µs", 1e6),
    "expression": ("gradient of an expression on 10⁶ floats", "ms", 1e3),
    "convolutional": ("convolutional network, step", "ms", 1e3),
    "recurrent": ("LSTM of 50 steps, gradient", "ms", 1e3),
    "mixture": ("Gaussian mixture as ADBench writes it, gradient", "ms", 1e3),
    "mixture_arrays": ("Gaussian mixture written with whole arrays", "ms", 1e3),
    "rosenbrock_gradient": ("gradient of Rosenbrock, 8 variables", "µs", 1e6),
    "rosenbrock_hvp": ("Rosenbrock's Hessian times a vector: tf.autodiff.hvp", "µs", 1e6),
    "rosenbrock_hvp_forward": ("Rosenbrock's Hessian times a vector: forward over reverse", "µs", 1e6),
    "rosenbrock_hessian": ("Rosenbrock's Hessian, by tapes", "µs", 1e6),
    "rosenbrock_hessian_call": ("Rosenbrock's Hessian: tf.autodiff.hessian", "µs", 1e6),
    "mlp_gradient": ("gradient of a 64-64-10 MLP's loss, batch 32", "µs", 1e6),
    "mlp_hvp": ("that loss's Hessian times a vector: tf.autodiff.hvp", "µs", 1e6),
    "mlp_hvp_forward": ("that loss's Hessian times a vector: forward over reverse", "µs", 1e6),
    "mlp_jacobian": ("Jacobian of that MLP", "ms", 1e3),
    "banded_gradient": ("gradient of a banded function, 10⁴ variables", "µs", 1e6),
    "banded_hvp": ("banded Hessian times a vector: tf.autodiff.hvp", "µs", 1e6),
    "banded_hvp_forward": ("banded Hessian times a vector: forward over reverse", "µs", 1e6),
    "layers": ("gradient of 100 layers", "ms", 1e3),
    "layers_recomputed": ("gradient of 100 layers, recomputed by tens", "ms", 1e3),
    "example_gradients": ("vectorized_map: a gradient for each of 32 examples", "µs", 1e6),
    "fourth_derivative": ("4th derivative of 20 operations: 4 tapes", "µs", 1e6),
    "taylor": ("derivatives 1 to 4: tf.autodiff.taylor", "µs", 1e6),
}
FIRST = ["chain", "mlp", "recurrent"]
# What a function may take of the time without it; for all others it is no more than the scatter of the measurement.
LIMITS = {"chain": 0.45, "mlp": 0.95, "expression": 0.6, "recurrent": 0.5, "mixture": 0.9}


def cases():
    """Returns the cases: each program as a function, its first call where that is asked for, and eagerly."""
    found = []
    for name, (title, unit, scale) in FUNCTIONS.items():
        count = CHAIN_LENGTH if name == "tiny" else 1
        rows = [f"function_{name}"]
        found.append(Case(rows[0], title, unit, scale, count, same_as=name))
        if name in FIRST:
            rows.append(f"first_{name}")
            found.append(Case(rows[1], f"first call: {title}", "ms", 1e3, same_as=name))
        found.append(Case(name, title, unit, scale, count, same_as=name, eager_of=tuple(rows), libraries=("gradtape",)))
    return found


BUDGETS = [
    Budget("one tiny operation", "function_tiny", 3e-6, unit=" µs", scale=1e6),
    *[Budget(f"{FUNCTIONS[name][0]}: of eager", f"function_{name}", LIMITS[name], "eager") for name in LIMITS],
    *[Budget(f"first call: {FUNCTIONS[name][0]}: of eager", f"first_{name}", 3, "eager") for name in FIRST],
    *[
        Budget(f"{title}: of eager", f"function_{name}", 1.05, "eager")
        for name, (title, *_) in FUNCTIONS.items()
        if name != "tiny" and name not in LIMITS
    ],
]

SUITE = Suite(
    "functions",
    "Functions",
    "What tf.function gains: programs recorded once and replayed, beside the same programs run eagerly.",
    cases(),
    BUDGETS,
    NOTES,
    libraries=("gradtape", "tensorflow", "jax"),
)

if __name__ == "__main__":
    main(SUITE)
