"""The measured numbers as text: a table of medians, a table of ratios, the budgets, and the section for the docs."""

import datetime
import os
import platform
import re
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.cases import Suite
from benchmarks.libraries import COLUMNS, TITLES

SECTION = """## {heading}

{about}

    python -m benchmarks.{name}

- Date: {date}
- Machine: {machine}
- Python {python}; {versions}
- Medians over {rounds} rounds

### Medians

{medians}

### gradtape's share

gradtape's number divided by the other library's: below 1, gradtape takes less.

{ratios}

### Budgets

{budgets}
{problems}
### Notes

{notes}"""


@dataclass
class Results:
    """All that one run found."""

    suite: Suite
    rounds: int
    versions: dict = field(default_factory=dict)
    problems: list = field(default_factory=list)

    def __post_init__(self):
        self.values = {case.name: {} for case in self.suite.cases}

    @property
    def libraries(self):
        """The libraries that answered, in the order of the columns."""
        return [library for library in TITLES if library in self.versions]

    @property
    def columns(self):
        """Those libraries, and gradtape a second time where it has run eagerly, too."""
        found = {library for values in self.values.values() for library in values}
        return [column for column in COLUMNS if column in self.versions or column in found]

    @property
    def cases(self):
        """The cases that have a number."""
        return [case for case in self.suite.cases if self.values[case.name]]


def medians(results):
    """Returns the rows of the table of medians."""
    rows = [["case", "unit", *(COLUMNS[library] for library in results.columns)]]
    for case in results.cases:
        found = results.values[case.name]
        cells = [_number(found.get(library), case.scale) for library in results.columns]
        rows.append([case.title, case.unit, *cells])
    return rows


def ratios(results):
    """Returns the rows of the table of gradtape's number divided by each other library's."""
    others = [library for library in results.columns if library != "gradtape"]
    rows = [["case", *(COLUMNS[library] for library in others)]]
    for case in results.cases:
        if not case.has_ratio:
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
    for budget in results.suite.budgets:
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


def as_section(results):
    """Returns the section for the docs."""
    names = []
    for library in results.libraries:
        found = results.versions[library]
        other = "" if found["python"] == platform.python_version() else f" (Python {found['python']})"
        names.append(f"{TITLES[library].split()[0]} {found['version']}{other}")
    problems = "".join(f"\n- {problem}" for problem in results.problems)
    return SECTION.format(
        heading=results.suite.heading,
        about=results.suite.about,
        name=results.suite.name,
        notes=results.suite.notes,
        date=datetime.date.today().isoformat(),
        machine=machine(),
        python=platform.python_version(),
        versions=", ".join(names),
        medians=_markdown(medians(results)),
        ratios=_markdown(ratios(results)),
        budgets=_markdown(budgets(results)),
        problems=f"\n### Problems in this run\n{problems}\n" if problems else "",
        rounds=results.rounds,
    )


def write_section(file, section):
    """Writes a section into a page, in the place of the one with the same heading, or at the end."""
    page = file.read_text(encoding="utf-8") if file.exists() else "# Benchmarks\n"
    sections = re.split(r"^(?=## )", page, flags=re.MULTILINE)
    headings = [each.partition("\n")[0] for each in sections]
    heading = section.partition("\n")[0]
    place = headings.index(heading) if heading in headings else len(sections)
    sections[place : place + 1] = [section]
    file.write_text("\n\n".join(each.strip("\n") for each in sections) + "\n", encoding="utf-8")


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
