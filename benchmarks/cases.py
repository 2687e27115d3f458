"""The list of what is measured, and the budgets that gradtape has to keep."""

from dataclasses import dataclass

from benchmarks.programs.data import CHAIN_LENGTH


@dataclass(frozen=True)
class Case:
    """One row of the table: its name in the code, in the table, and how its numbers are shown."""

    name: str
    title: str
    unit: str = "µs"
    scale: float = 1e6
    operations: int = 1


TIMED = [
    Case("untaped_op", "untaped op: x + y, 4 floats", operations=CHAIN_LENGTH),
    Case("taped_op", "taped op, forward only, 4 floats", operations=CHAIN_LENGTH),
    Case("chain", "forward + backward, per op, 4 floats", operations=CHAIN_LENGTH),
    Case("chain_number", "the same, one operand a Python number", operations=CHAIN_LENGTH),
    Case("chain_variable", "the same, one operand a Variable", operations=CHAIN_LENGTH),
    Case("seed", "seed example: 2·x·x and its gradient"),
    Case("mlp", "784-128-10 MLP step, batch 64"),
    Case("expression", "gradient of an expression on 10⁶ floats", "ms", 1e3),
]
IMPORT = Case("import", "import, beyond NumPy", "ms", 1e3)
IMPORTS_SCIPY = Case("imports_scipy", "import loads SciPy", "0 or 1", 1)
ALLOCATED = [
    Case("allocated_chain", "tape of 400 ops on 10⁴ floats: all it allocates", "kB", 1e-3),
    Case("allocated_mlp", "tape of the MLP's forward: all it allocates", "kB", 1e-3),
]
ARRAYS = [
    Case("arrays_chain", "tape of 400 ops on 10⁴ floats: its arrays", "kB", 1e-3),
    Case("arrays_mlp", "tape of the MLP's forward: its arrays", "kB", 1e-3),
]
RESIDENT = Case("resident", "resident memory, growth from tape 10⁴ to 10⁵", "kB", 1e-3)
CASES = [*TIMED, IMPORT, IMPORTS_SCIPY, *ARRAYS, *ALLOCATED, RESIDENT]


@dataclass(frozen=True)
class Budget:
    """An upper limit for gradtape's number, or for its ratio to another number."""

    text: str
    case: str
    limit: float
    library: str | None = None
    other_case: str | None = None
    unit: str = "×"
    scale: float = 1

    def measured(self, results):
        """Returns the number that the limit is for, or None where it wasn't measured."""
        value = results[self.case].get("gradtape")
        if value is None or self.library is None:
            return value
        other = results[self.other_case or self.case].get(self.library)
        return value / other if other else None


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
