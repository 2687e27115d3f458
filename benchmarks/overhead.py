"""What gradtape costs beside the arithmetic: `python -m benchmarks.overhead` prints the tables and the budgets."""

from benchmarks.cases import Budget, Case, Suite
from benchmarks.measure import main
from benchmarks.programs.data import CHAIN_LENGTH

NOTES = """\
- gradtape's import tells glibc to keep what large arrays free (ARCHITECTURE.md, "Memory"). NumPy by hand runs with
  glibc's own settings, as a program without gradtape does; where arrays have some megabytes that is most of the
  difference between the two.
- PyTorch's operand in the place of the Variable is a `Parameter`.
- autograd works on plain NumPy arrays: its untaped operation is NumPy's own.
- Import: fresh interpreters import the library and NumPy alternately, and the difference of the medians is shown.
- All that a tape allocates: the growth of the bytes that malloc has given out, from before the forward pass to when
  everything needed for the gradient is held. It includes arrays, graph nodes and Python objects alike.
- Its arrays: for gradtape, the distinct array buffers reachable from the tape; for PyTorch, the distinct storages that
  the graph saves, its nodes not counted. Inputs and parameters, which the program holds anyway, count for neither.
- Resident memory: the growth of the process while the seed example runs the 10⁴th to the 10⁵th time.
"""

CASES = [
    Case("untaped_op", "untaped op: x + y, 4 floats", operations=CHAIN_LENGTH),
    Case("taped_op", "taped op, forward only, 4 floats", operations=CHAIN_LENGTH),
    Case("chain", "forward + backward, per op, 4 floats", operations=CHAIN_LENGTH),
    Case("chain_number", "the same, one operand a Python number", operations=CHAIN_LENGTH),
    Case("chain_variable", "the same, one operand a Variable", operations=CHAIN_LENGTH),
    Case("seed", "seed example: 2·x·x and its gradient"),
    Case("mlp", "784-128-10 MLP step, batch 64"),
    Case("expression", "gradient of an expression on 10⁶ floats", "ms", 1e3),
    Case("import", "import, beyond NumPy", "ms", 1e3, measure="import"),
    Case("imports_scipy", "import loads SciPy", "0 or 1", 1, measure="import", has_ratio=False),
    Case("arrays_chain", "tape of 400 ops on 10⁴ floats: its arrays", "kB", 1e-3, measure="arrays", program="chain"),
    Case("arrays_mlp", "tape of the MLP's forward: its arrays", "kB", 1e-3, measure="arrays", program="mlp"),
    Case(
        "allocated_chain",
        "tape of 400 ops on 10⁴ floats: all it allocates",
        "kB",
        1e-3,
        measure="allocated",
        program="chain",
    ),
    Case(
        "allocated_mlp", "tape of the MLP's forward: all it allocates", "kB", 1e-3, measure="allocated", program="mlp"
    ),
    Case(
        "resident",
        "resident memory, growth from tape 10⁴ to 10⁵",
        "kB",
        1e-3,
        measure="resident",
        program="seed",
        libraries=("gradtape", "torch", "autograd"),  # the others would take minutes
    ),
]

BUDGETS = [
    Budget("forward + backward, per op: of PyTorch's", "chain", 0.5, "torch"),
    Budget("forward + backward, per op: of TensorFlow's", "chain", 0.06, "tensorflow"),
    Budget("with a Python number: of tensor with tensor", "chain_number", 1.5, "gradtape", "chain"),
    Budget("with a Variable: of tensor with tensor", "chain_variable", 1.5, "gradtape", "chain"),
    Budget("seed example: of PyTorch's", "seed", 0.6, "torch"),
    Budget("seed example: of TensorFlow's", "seed", 0.03, "tensorflow"),
    Budget("import beyond NumPy", "import", 0.025, unit=" ms", scale=1e3),
    Budget("import loads SciPy", "imports_scipy", 0, unit=""),
    Budget("MLP step: of hand-written NumPy's", "mlp", 1.25, "numpy"),
    Budget("expression on 10⁶ floats: of hand-written NumPy's", "expression", 1.15, "numpy"),
    Budget("arrays held by a tape, 400 ops: of PyTorch's", "arrays_chain", 1.0, "torch"),
    Budget("arrays held by a tape, MLP: of PyTorch's", "arrays_mlp", 1.0, "torch"),
    Budget("all a tape allocates, 400 ops: of PyTorch's", "allocated_chain", 1.0, "torch"),
    Budget("all a tape allocates, MLP: of PyTorch's", "allocated_mlp", 1.0, "torch"),
    Budget("resident memory over 10⁵ tapes: growth", "resident", 1e6, unit=" MB", scale=1e-6),
]

SUITE = Suite(
    "overhead", "Overhead", "What recording and going back cost beside the arithmetic.", CASES, BUDGETS, NOTES
)

if __name__ == "__main__":
    main(SUITE)
