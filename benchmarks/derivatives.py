"""Derivatives beyond the gradient: `python -m benchmarks.derivatives` prints the tables and the budgets."""

from benchmarks.cases import Budget, Case, Suite
from benchmarks.measure import main

NOTES = """\
- The Hessian, by tapes: for gradtape and TensorFlow one text, a tape in a tape and `outer.jacobian`; for the others the
  function of that name. The row below it is `tf.autodiff.hessian`, compared with the others' numbers of the row above.
- The Jacobian is that of the softmax outputs, (32, 10), with respect to the two matrices and two vectors: 320 × 4,810
  numbers in single precision. PyTorch's is `torch.func.jacrev`, JAX's `jax.jacrev`; autograd's takes its parameters as
  one vector, and goes back once for each output.
- TensorFlow's `jacobian`, that of the Hessian too, and `vectorized_map` are called in a loop, as programs do that run
  eagerly. Each call traces and converts the function again, and nearly all of their time is that: inside `tf.function`,
  which traces once, they take a few milliseconds or less.
- The banded function is Σ (xᵢ₊₂ - 2 xᵢ₊₁ + xᵢ)⁴ + Σ xᵢ xᵢ₊₁: its Hessian has two diagonals on either side. NumPy by
  hand computes the three different diagonals and has SciPy make the matrix of them.
- A tape that recomputes: `tf.recompute_grad` around each ten of the hundred layers. Arrays are the distinct buffers
  reachable from the tape, the variables' not counted; all that it allocates is the growth of what malloc has given out.
- Peaks are tracemalloc's, which counts NumPy's arrays and Python's objects, over one call.
- The function of 20 operations is scalar; four nested tapes give its fourth derivative, `tf.autodiff.taylor` of order 4
  all four.
"""


def memory(name, title, measure, program, **settings):
    """Returns a case whose numbers are bytes."""
    return Case(name, title, "kB", 1e-3, measure=measure, program=program, **settings)


CASES = [
    Case("rosenbrock_hessian", "Hessian, Rosenbrock of 8 variables, by tapes"),
    Case("rosenbrock_hessian_call", "the same by tf.autodiff.hessian", same_as="rosenbrock_hessian"),
    Case("mlp_jacobian", "Jacobian of a 64-64-10 MLP's parameters, batch 32", "ms", 1e3),
    Case("mlp_gradient", "gradient of that MLP's loss"),
    Case("mlp_hvp", "its Hessian times a vector: tf.autodiff.hvp"),
    Case("mlp_hvp_forward", "its Hessian times a vector: forward over reverse", same_as="mlp_hvp"),
    Case("banded_gradient", "gradient of a banded function, 10⁴ variables"),
    Case("banded_hvp", "its Hessian times a vector: tf.autodiff.hvp"),
    Case("banded_hvp_forward", "its Hessian times a vector: forward over reverse", same_as="banded_hvp"),
    Case("rosenbrock_gradient", "gradient of Rosenbrock, 8 variables"),
    Case("rosenbrock_hvp", "its Hessian times a vector: tf.autodiff.hvp"),
    Case("rosenbrock_hvp_forward", "its Hessian times a vector: forward over reverse", same_as="rosenbrock_hvp"),
    Case("banded_hessian", "sparse Hessian of the banded function, kept pattern"),
    Case("banded_hessian_found", "the same, pattern found and coloured each time", same_as="banded_hessian"),
    Case("banded_sparsity", "finding and colouring its pattern"),
    Case("banded_colouring", "colouring its pattern, alone"),
    memory(
        "peak_hessian", "peak, sparse Hessian, kept pattern, 10⁴", "peak", "banded_hessian", libraries=("gradtape",)
    ),
    memory("peak_hessian_twice", "the same, 2·10⁴", "peak", "banded_hessian_twice", libraries=("gradtape",)),
    memory(
        "peak_sparsity",
        "peak, finding and colouring the pattern, 10⁴",
        "peak",
        "banded_sparsity",
        libraries=("gradtape",),
    ),
    memory("peak_sparsity_twice", "the same, 2·10⁴", "peak", "banded_sparsity_twice", libraries=("gradtape",)),
    memory("arrays_layers", "tape of 100 layers: its arrays", "arrays", "layers"),
    memory("arrays_recomputed", "the same, recomputed by tens", "arrays", "layers_recomputed"),
    memory("allocated_layers", "tape of 100 layers: all it allocates", "allocated", "layers"),
    memory("allocated_recomputed", "the same, recomputed by tens", "allocated", "layers_recomputed"),
    Case("layers", "gradient of 100 layers", "ms", 1e3),
    Case("layers_recomputed", "the same, recomputed by tens", "ms", 1e3, same_as="layers"),
    Case("example_gradients", "vectorized_map: a gradient for each of 32 examples"),
    Case("fourth_derivative", "4th derivative of 20 operations: 4 tapes"),
    Case("taylor", "derivatives 1 to 4: tf.autodiff.taylor", same_as="fourth_derivative"),
]

BUDGETS = [
    Budget("Hessian by tapes: of autograd's", "rosenbrock_hessian", 1.0, "autograd"),
    Budget("Hessian by tapes: of TensorFlow's", "rosenbrock_hessian", 0.02, "tensorflow"),
    Budget("tf.autodiff.hessian: of autograd's", "rosenbrock_hessian_call", 1.0, "autograd", "rosenbrock_hessian"),
    Budget("tf.autodiff.hessian: of TensorFlow's", "rosenbrock_hessian_call", 0.02, "tensorflow", "rosenbrock_hessian"),
    Budget("Jacobian of an MLP: of TensorFlow's", "mlp_jacobian", 0.2, "tensorflow"),
    Budget("Hessian times a vector, MLP: of its gradient", "mlp_hvp", 3, "gradtape", "mlp_gradient"),
    Budget("Hessian times a vector, banded: of its gradient", "banded_hvp", 3, "gradtape", "banded_gradient"),
    Budget(
        "Hessian times a vector, Rosenbrock: of its gradient", "rosenbrock_hvp", 3, "gradtape", "rosenbrock_gradient"
    ),
    Budget("sparse Hessian: of the Hessian times a vector", "banded_hessian", 5, "gradtape", "banded_hvp"),
    Budget("sparse Hessian, peak: of half as many variables", "peak_hessian_twice", 2.2, "gradtape", "peak_hessian"),
    Budget("its pattern, peak: of half as many variables", "peak_sparsity_twice", 2.2, "gradtape", "peak_sparsity"),
    Budget("arrays held, recomputed: of those without", "arrays_recomputed", 0.2, "gradtape", "arrays_layers"),
]

SUITE = Suite(
    "derivatives",
    "Derivatives",
    "Derivatives beyond the gradient: Hessians, Jacobians, products with them, Taylor series, and what they keep.",
    CASES,
    BUDGETS,
    NOTES,
)

if __name__ == "__main__":
    main(SUITE)
