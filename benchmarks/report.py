"""The measured numbers as text: a table of medians, a table of ratios, the budgets, and the page for the docs."""

import datetime
import os
import platform
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.cases import BUDGETS, CASES, IMPORTS_SCIPY
from benchmarks.libraries import TITLES

PAGE = """# Benchmarks

gradtape side by side with other libraries, measured in one run, in turn, by

    python -m benchmarks.overhead

from the repository's root (`--help` lists the flags; `--python torch=PATH` takes a library from another virtual
environment).

- Date: {date}
- Machine: {machine}
- Python {python}; {versions}

## Medians

{medians}

## gradtape's share

gradtape's number divided by the other library's: below 1, gradtape takes less.

{ratios}

## Budgets

{budgets}
{problems}
## How it was measured

- Each library runs in a process of its own, on one thread. Each round asks every process in turn for one sample of
  each case, a loop of about 30 ms; the table shows medians over {rounds} rounds. The garbage collector is on, as it is
  by default.
- Before anything is timed, the libraries' results for each case are compared.
- All libraries run eagerly, JAX without `jit`, which is not how it is fastest. An empty cell is a case that a library
  has no counterpart for, or that was not measured.
- "NumPy by hand" is a program that computes the same value and gradient in plain expressions, without a differentiation
  library.
- PyTorch's operand in the place of the Variable is a `Parameter`.
- autograd works on plain NumPy arrays: its untaped operation is NumPy's own.
- Import: fresh interpreters import the library and NumPy alternately, and the difference of the medians is shown.
- All that a tape allocates: the growth of the bytes that malloc has given out, from before the forward pass to when
  everything needed for the gradient is held. It includes arrays, graph nodes and Python objects alike.
- Its arrays: for gradtape, the distinct array buffers reachable from the tape; for PyTorch, the distinct storages that
  the graph saves, its nodes not counted. Inputs and parameters, which the program holds anyway, count for neither.
- Resident memory: the growth of the process while the seed example runs the 10⁴th to the 10⁵th time.
"""


@dataclass
class Results:
    """All that one run found."""

    values: dict = field(default_factory=lambda: {case.name: {} for case in CASES})
    versions: dict = field(default_factory=dict)
    problems: list = field(default_factory=list)
    rounds: int = 0

    @property
    def libraries(self):
        """The libraries that answered, in the order of the columns."""
        return [library for library in TITLES if library in self.versions]

    @property
    def cases(self):
        """The cases that have a number."""
        return [case for case in CASES if self.values[case.name]]


def medians(results):
    """Returns the rows of the table of medians."""
    rows = [["case", "unit", *(TITLES[library] for library in results.libraries)]]
    for case in results.cases:
        found = results.values[case.name]
        cells = [_number(found.get(library), case.scale) for library in results.libraries]
        rows.append([case.title, case.unit, *cells])
    return rows


def ratios(results):
    """Returns the rows of the table of gradtape's number divided by each other library's."""
    others = [library for library in results.libraries if library != "gradtape"]
    rows = [["case", *(TITLES[library] for library in others)]]
    for case in results.cases:
        if case is IMPORTS_SCIPY:
            continue
        found = results.values[case.name]
        ours = found.get("gradtape")
        shares = [ours / found[library] if ours is not None and found.get(library) else None for library in others]
        if any(share is not None for share in shares):
            rows.append([case.title, *(_number(share) for share in shares)])
    return rows


def budgets(results):
    """Returns the rows of the table of budgets."""
    rows = [["budget", "limit", "measured", ""]]
    for budget in BUDGETS:
        value = budget.measured(results.values)
        verdict = "not measured" if value is None else "met" if value <= budget.limit else "MISSED"
        limit = f"{budget.limit * budget.scale:g}{budget.unit}"
        measured = "" if value is None else _number(value, budget.scale) + budget.unit
        rows.append([budget.text, f"≤ {limit}", measured, verdict])
    return rows


def as_text(results):
    """Returns all the tables for a terminal."""
    tables = [_aligned(table(results)) for table in (medians, ratios, budgets)]
    return "\n\n".join([*tables, "\n".join(results.problems)]).rstrip()


def as_page(results):
    """Returns the page for the docs."""
    names = []
    for library in results.libraries:
        found = results.versions[library]
        other = "" if found["python"] == platform.python_version() else f" (Python {found['python']})"
        names.append(f"{TITLES[library].split()[0]} {found['version']}{other}")
    problems = "".join(f"\n- {problem}" for problem in results.problems)
    return PAGE.format(
        date=datetime.date.today().isoformat(),
        machine=machine(),
        python=platform.python_version(),
        versions=", ".join(names),
        medians=_markdown(medians(results)),
        ratios=_markdown(ratios(results)),
        budgets=_markdown(budgets(results)),
        problems=f"\n## Problems in this run\n{problems}\n" if problems else "",
        rounds=results.rounds,
    )


def machine():
    """Names the processor, the number of cores and the operating system."""
    processor, system = platform.processor() or platform.machine(), platform.system()
    information = Path("/proc/cpuinfo")
    if information.exists():
        models = [line for line in information.read_text().splitlines() if line.startswith("model name")]
        processor = models[0].split(":", 1)[1].strip() if models else processor
    if system == "Linux":
        try:
            system = platform.freedesktop_os_release()["PRETTY_NAME"]
        except (OSError, KeyError):
            system = "Linux"
    return f"{processor}, {os.cpu_count()} cores, {system}"


def _number(value, scale=1.0):
    """Shows three digits, more for large numbers, and nothing for None."""
    if value is None:
        return ""
    value *= scale
    if value == 0 or isinstance(value, int):
        return f"{value:.0f}"
    digits = 3 if abs(value) < 1 else 2 if abs(value) < 10 else 1 if abs(value) < 100 else 0
    return f"{value:,.{digits}f}"


def _aligned(rows):
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if column else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def _markdown(rows):
    rule = ["---", *["---:"] * (len(rows[0]) - 1)]
    return "\n".join(f"| {' | '.join(row)} |" for row in [rows[0], rule, *rows[1:]])
