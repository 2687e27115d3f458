"""Measures a suite: all its cases and libraries in one run, then the tables and the budgets.

Each library has a child process, so that its threads and its memory don't disturb another's. In each round, and for
each case, the children are asked in turn for one sample, and the rest of them wait.
"""

import argparse
import math
import sys
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from benchmarks import imports, memory, report
from benchmarks.libraries import TITLES, Child, Failure, interpreters

TOLERANCE = 1e-3
# The reference is PyTorch or TensorFlow, so that gradtape isn't judged by itself or by our own formula.
REFERENCES = ["torch", "tensorflow", "jax", "autograd", "numpy", "gradtape"]


def arguments(suite):
    """Reads the command line."""
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{suite.name}", description=suite.about)
    parser.add_argument(
        "--python",
        action="append",
        default=[],
        metavar="LIBRARY=PATH",
        help=f"the interpreter that has a library ({', '.join(TITLES)}); may be given for each",
    )
    parser.add_argument("--rounds", type=int, metavar="N", help="samples of each case and library (default 40)")
    names = [case.name for case in suite.cases]
    parser.add_argument(
        "--only", action="append", choices=names, metavar="CASE", help=f"one case, or several: {', '.join(names)}"
    )
    parser.add_argument("--quick", action="store_true", help="few rounds: for a look, not for conclusions")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the section for the docs into FILE")
    options = parser.parse_args()
    wrong = [text for text in options.python if "=" not in text]
    if wrong:
        parser.error(f"--python: expected LIBRARY=PATH, got {wrong[0]!r}")
    options.python = dict(text.split("=", 1) for text in options.python)
    options.rounds = options.rounds or (7 if options.quick else 40)
    return options


def start_children(pythons, results, stack):
    """Starts a child for each library; returns those that could import it."""
    children = []
    for library, python in pythons.items():
        try:
            child = stack.enter_context(Child(library, python))
            results.versions[library] = child.ask("versions")
            children.append(child)
        except (Failure, OSError) as failure:
            results.problems.append(f"{TITLES[library]} was not measured: {failure}")
    return children


def compare_answers(cases, children, results):
    """Has each child run each case once; returns who has which case, and notes those whose result differs."""
    takers, groups = {case: [] for case in cases}, defaultdict(dict)
    for case in cases:
        progress(case.name)
        for child in children:
            if case.libraries and child.library not in case.libraries:
                continue
            try:
                answer = child.ask("answer", case.name)
            except Failure as failure:
                results.problems.append(f"{case.name}, {TITLES[child.library]}: {failure}")
                continue
            if answer is not None:
                takers[case].append(child)
                groups[case.same_as or case.name][case.name, child.library] = answer
    for answers in groups.values():
        reference = min(answers, key=lambda key: REFERENCES.index(key[1]))
        for (name, library), answer in answers.items():
            if not close(answer, answers[reference]):
                where = "" if name == reference[0] else f" in {reference[0]}"
                results.problems.append(
                    f"{name}: the result of {TITLES[library]} differs from that of {TITLES[reference[1]]}{where}"
                )
    return takers


def close(answer, expected):
    """True if two lists of numbers are the same but for rounding."""
    return len(answer) == len(expected) and all(
        math.isclose(ours, theirs, rel_tol=TOLERANCE, abs_tol=1e-5)
        for ours, theirs in zip(answer, expected, strict=True)
    )


def time_cases(cases, children, results):
    """Collects one sample of each case from each child in each round, and keeps the medians."""
    takers = compare_answers(cases, children, results)
    samples = defaultdict(list)
    for number in range(results.rounds):
        progress(f"round {number + 1} of {results.rounds}")
        for case in cases:
            for child in list(takers[case]):
                try:
                    samples[case, child.library].append(child.ask("time", case.name))
                except Failure as failure:
                    results.problems.append(f"{case.name}, {TITLES[child.library]}: {failure}")
                    takers[case].remove(child)
    for (case, library), found in samples.items():
        for name in case.eager_of or [case.name]:
            results.values[name]["eager" if case.eager_of else library] = median(found) / case.operations


def time_imports(cases, pythons, results):
    """Times imports: gradtape's, which takes milliseconds, more often than those that take seconds."""
    for library in results.libraries:
        if library == "numpy" or not cases:
            continue
        progress(f"import {library}")
        count = max(15, results.rounds) if library == "gradtape" else max(3, results.rounds // 8)
        try:
            found = imports.beyond_numpy(library, pythons[library], count)
        except Failure as failure:
            results.problems.append(f"import, {TITLES[library]}: {failure}")
            continue
        for case in cases:
            results.values[case.name][library] = found[case.name]


def measure_memory(cases, pythons, results):
    """Asks a fresh child for each number, since what a process did before shows in its memory."""
    for case in cases:
        for library in results.libraries:
            if case.libraries and library not in case.libraries:
                continue
            progress(f"{case.name}, {library}")
            variables = memory.COUNTING_ENVIRONMENT if case.measure == "allocated" else {}
            try:
                with Child(library, pythons[library], **variables) as child:
                    value = child.ask(case.measure, case.program)
            except Failure as failure:
                results.problems.append(f"{case.name}, {TITLES[library]}: {failure}")
                continue
            if value is not None:
                results.values[case.name][library] = value


def progress(text):
    """Shows what is being done, where someone watches."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def main(suite):
    """Runs the benchmark."""
    options = arguments(suite)
    wanted = defaultdict(list)
    for case in suite.cases:
        if options.only is None or not {case.name, *case.eager_of}.isdisjoint(options.only):
            wanted[case.measure].append(case)
    pythons = interpreters(options.python)
    pythons = {library: pythons[library] for library in suite.libraries or TITLES if library in pythons}
    results = report.Results(suite, options.rounds)
    results.problems += [
        f"{title} was not measured: it isn't installed here; --python {library}=PATH names an interpreter that has it"
        for library, title in TITLES.items()
        if library not in pythons and library in (suite.libraries or TITLES)
    ]
    with ExitStack() as stack:
        children = start_children(pythons, results, stack)
        time_cases(wanted.pop("time", []), children, results)
    time_imports(wanted.pop("import", []), pythons, results)
    measure_memory([case for cases in wanted.values() for case in cases], pythons, results)
    progress("")
    print(report.as_text(results))
    if options.markdown:
        report.write_section(options.markdown, report.as_section(results))
