"""Writes docs/ops.md: every public name of TensorFlow's, and what holds for it.

    python -m tests.docs.operations_page

A cell of the table says what the tests do: the laws run for every record and composite, the parity cases are counted.
"""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import gradtape as tf
from gradtape._core.families import COMPOSITES
from gradtape._core.op import CUT, NOT_WRITTEN, ZERO, Op, Rule
from gradtape._testing import lawbook
from gradtape._testing.cases import Case, is_inexact, pulled, tensors_of
from tests.docs.public_names import spellings

PAGE = Path(__file__).parents[2] / "docs" / "ops.md"
PARITY = Path(__file__).parents[1] / "parity"
COLUMNS = ("gradient", "tangent", "second order", "batched", "complex")
YES = "✓"
UNKNOWN = "not written yet"
# What is no operation on tensors, by the module that it is defined in, a package of them or its own full name: what
# stands in its cells.
NO_OPERATIONS = {
    "gradtape._autodiff": "derivatives",
    "gradtape._executors": "recorded functions",
    "gradtape._run": "programs",
    "gradtape.autograph": "recorded functions",
    "gradtape.types": "a class",
    "gradtape.config": "devices",
    "gradtape.debugging": "settings",
    "gradtape._ops.assertions": "checks",
    "gradtape._ops.initial_values": "initial values",
    "gradtape._ops.keras_initializers": "initial values",
    "gradtape._ops.variance_scaling": "initial values",
    "gradtape._ops.shape_assertions": "checks",
    "gradtape.test": "tests",
    "gradtape._core.nest": "structures",
    "gradtape._core.tensor": "a class",
    "gradtape._core.variable": "a class",
    "gradtape._core.spec": "a class",
    "gradtape._core.indexing": "a class",
    "gradtape._core.module": "a class",
    "gradtape._core.scopes": "names",
    "gradtape._ops.foreign": "calls functions",
    "gradtape._ops.control_flow": "calls functions",
    "gradtape._ops.tensor_array": "a class",
    "gradtape._ops.texts": "texts",
    "gradtape._ops.linear_operator": "a class",
    "gradtape._ops.linear_operator_blocks": "a class",
    "gradtape._ops.linear_operator_circulant": "a class",
    "gradtape._ops.linear_operator_combined": "a class",
    "gradtape._ops.linear_operator_identity": "a class",
    "gradtape._ops.linear_operator_simple": "a class",
    "gradtape._ops.linear_operator_structured": "a class",
    "gradtape._core.slices": "a class",
    "gradtape._ops.sparse_tensors.SparseTensorSpec": "a class",
    "gradtape._ops.inspection": "shapes",
    "gradtape._ops.inspection.get_static_value": "Python's",
    "gradtape._ops.inspection.no_op": "nothing",
    "gradtape._ops.blocks.required_space_to_batch_paddings": "shapes",
    "gradtape._ops.measures": "integers",
    "gradtape._ops.largest.in_top_k": "integers",
    "gradtape._ops.sequences.collapse_repeated": "integers",
    "gradtape._ops.set_operations": "integers",
    "gradtape._ops.sparse_arithmetic.to_indicator": "integers",
    "gradtape._ops.sparse_structure.eye": "no input",
    "gradtape._ops.sobol": "no input",
    "gradtape._ops.signal_windows": "no input",
    "gradtape._ops.frames.inverse_stft_window_fn": "a function",
    # TensorFlow has no kernel for them on the CPU, so that there is nothing to compare with.
    "gradtape._ops.fourier_axes": "composed",
    "gradtape._ops.fourier_lengths": "composed",
    "gradtape._core.dtypes": "dtypes",
    "gradtape._ops.creation": "no input",
    "gradtape._ops.surroundings": "surroundings",
    "gradtape._ops.printing": "prints",
    "gradtape._ops.candidates": "random",
    "gradtape._ops.decoding": "integers",
    "gradtape._ops.discrete_sampling": "random",
    "gradtape._ops.alignments.ctc_unique_labels": "integers",
    "gradtape._ops.sampled_losses.compute_accidental_hits": "integers",
    "gradtape._ops.gamma_sampling": "random",
    "gradtape._ops.generators": "random",
    "gradtape._ops.image_boxes.non_max_suppression": "integers",
    "gradtape._ops.image_boxes.non_max_suppression_overlaps": "integers",
    "gradtape._ops.image_boxes.non_max_suppression_padded": "integers",
    "gradtape._ops.image_boxes.non_max_suppression_with_scores": "integers",
    "gradtape._ops.image_sizes.ResizeMethod": "names",
    "gradtape._ops.index_shuffling": "random",
    "gradtape._ops.sampling": "random",
    "gradtape._ops.stateless": "random",
    "gradtape._ops.selecting.one_hot": "integers",
    "gradtape._ops.sets_of_values": "integers",
    "gradtape._ops.sequences.sequence_mask": "integers",
    "gradtape._ops.counting": "integers",
}
LEGEND = """\
# Operations

Every public name of TensorFlow's that gradtape has, and what holds for it.

    python -m tests.docs.operations_page     # writes this page
    python -m tests.parity.names             # counts the names, and lists those that programs use and that are missing

- **as in TensorFlow**: how many recorded calls of TensorFlow 2.21 the tests compare with (values, dtypes, shapes,
  errors, gradients).
- **gradient, tangent, second order**: the laws of the tests hold: against finite differences, against each other, in
  single and double precision; second derivatives in all four orders of going forwards and backwards.
- **batched**: in `tf.vectorized_map` and `jacobian` the operation is what a loop over it gives.
- **complex**: the same laws hold for complex numbers.

A cell without a tick says why: *composed* – a function of other operations, for which the cell holds; *integers* –
inputs or results are integers or truth values, which don't move; *0* – the derivative is 0 wherever there is one;
*real* – TensorFlow takes real numbers only, or there is no complex meaning; *random* – the result is drawn; other words
say what it is instead of an operation on tensors.
"""


@cache
def calls() -> dict[str, set[str]]:
    """Returns for each name the lines of the parity cases that call it."""
    found: dict[str, set[str]] = {}
    for path in [*(PARITY / "cases").glob("*.txt"), *PARITY.glob("random*/*")]:
        for line in path.read_text(encoding="utf-8").splitlines():
            for name in re.findall(r"(?<![\w.])tf(?:\.\w+)+", line):
                found.setdefault(name, set()).add(line)
    return found


def parity(names: list[str], beside: str = "") -> int:
    """Counts the lines of the parity cases that call one of the names; only those that hold another text, if given."""
    lines = {line for name in names for line in calls().get(name, ())}
    return sum(beside in line for line in lines)


def subject(function: Any) -> tuple[str, Op | None] | None:
    """Returns the name and the record (None for a composite) of a public function; None if it is neither."""
    op = getattr(function, "op", None)
    if isinstance(op, Op):
        return op.name, op
    return next(((name, None) for name, (found, _) in COMPOSITES.items() if found is function), None)


def of_record(op: Op) -> list[str]:
    """Returns the cells of a record."""
    rules = op.rules.values()
    if NOT_WRITTEN in rules:
        moves = UNKNOWN
    elif any(isinstance(rule, Rule) for rule in rules):
        moves = YES
    else:
        moves = "0" if ZERO in rules or CUT in rules else "integers"
    batched = YES if op.family == "elementwise" or op.batch is not None else UNKNOWN
    is_complex = any("complex128" in map(str, types) for types in op.types)
    return [moves, moves, moves, batched, YES if is_complex else "real" if moves != "integers" else "integers"]


def of_composite(name: str) -> list[str]:
    """Returns the cells of a composite, by what its first samples do."""
    moves = YES if any(map(has_gradient, first_cases(name, "float64"))) else "integers"
    is_complex = "complex128" in lawbook.dtypes(name)
    return [moves, moves, moves, YES, YES if is_complex else "real" if moves == YES else "integers"]


def has_gradient(case: Case) -> bool:
    """True if an input of a case has a gradient that is other than 0."""
    results = case.run(tensors_of(case.arrays)) if case.moving() else []
    cotangents = [tf.ones_like(each) for each in results if is_inexact(each)]
    return bool(cotangents) and any(each._value.any() for each in pulled(case, tensors_of(case.arrays), cotangents))


def first_cases(name: str, dtype: str) -> Iterator[Case]:
    """Yields the cases of a composite's samples."""
    op, function, samples = lawbook.subject(name)
    yield from lawbook.cases(op, function, samples, dtype)


def row(function: Any, names: list[str]) -> list[str]:
    """Returns the cells of one public function or class."""
    found = subject(function)
    if found is not None:
        cells = of_record(found[1]) if found[1] is not None else of_composite(found[0])
    else:
        home = f"{function.__module__}.{function.__name__}"
        reasons = (NO_OPERATIONS.get(part) for part in (home, *parents(home)))
        cells = [next(filter(None, reasons), "composed" if parity(names, "grad(") else UNKNOWN)] * len(COLUMNS)
    return [", ".join(f"`{name}`" for name in names), str(parity(names) or ""), *cells]


def parents(module: str) -> Iterator[str]:
    """Yields the packages that a module is in, from the inside."""
    while "." in module:
        module = module.rpartition(".")[0]
        yield module


@cache
def rows() -> list[list[str]]:
    """Returns the table's rows in the order of the names."""
    found = spellings()
    ours = ("tf.autodiff.", "tf.optimize.", "tf.op.", "tf.testing.", "tf.errors.")
    public = [(names, function) for function, names in found.items() if not names[0].startswith(ours)]
    return [row(function, names) for names, function in sorted(public, key=lambda each: each[0])]


def page() -> str:
    """Returns the page's text."""
    table = rows()
    names = sum(each[0].count("`") // 2 for each in table)
    head = ["name", "as in TensorFlow", *COLUMNS]
    lines = [head, ["---", "---:", *["---"] * len(COLUMNS)], *table]
    counted = f"{len(table)} functions and classes under {names} names."
    return f"{LEGEND}\n{counted}\n\n" + "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"{PAGE.name}: {page().count(chr(10) + '| `')} rows")
