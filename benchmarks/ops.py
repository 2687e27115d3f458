"""Operations one by one: `python -m benchmarks.ops` prints the tables."""

from benchmarks.cases import Case, Suite
from benchmarks.measure import main
from benchmarks.programs.operations import OPERATIONS, SIZES

NOTES = """\
- Each number is one call of the operation under a tape and the gradient with respect to all its inputs that are no
  integers, in single precision; for complex numbers the inputs are complex64.
- cholesky, solve and eigh are of 0.01 x·xᵀ + 1, which is computed with them.
- The shapes are in `benchmarks/programs/operations.py`. TensorFlow runs eagerly; all libraries have one thread.
"""

CASES = [Case(f"{operation.case}_{size}", f"{operation.title}, {size}") for operation in OPERATIONS for size in SIZES]

SUITE = Suite("ops", "Operations", "Single operations and their gradients.", CASES, [], NOTES)

if __name__ == "__main__":
    main(SUITE)
