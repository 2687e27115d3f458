"""The benchmark program: `python -m benchmarks.overhead` measures all cases, prints the tables and the budgets.

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
from benchmarks.cases import ALLOCATED, ARRAYS, CASES, IMPORT, IMPORTS_SCIPY, RESIDENT, TIMED
from benchmarks.libraries import TITLES, Child, Failure, interpreters

TOLERANCE = 1e-3
SEED_EXAMPLE = "seed"
FAST_ENOUGH_FOR_RESIDENT = ["gradtape", "torch", "autograd"]


def arguments():
    """Reads the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.overhead", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--python",
        action="append",
        default=[],
        metavar="LIBRARY=PATH",
        help=f"the interpreter that has a library ({', '.join(TITLES)}); may be given for each",
    )
    parser.add_argument("--rounds", type=int, metavar="N", help="samples of each case and library (default 40)")
    parser.add_argument("--only", metavar="CASE", help=f"one case: {', '.join(case.name for case in CASES)}")
    parser.add_argument("--quick", action="store_true", help="few rounds: for a look, not for conclusions")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the page for the docs to FILE")
    options = parser.parse_args()
    if options.only and options.only not in {case.name for case in CASES}:
        parser.error(f"--only: no case {options.only!r}")
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


def compare_answers(case, children, results):
    """Has each child run the case once; returns those that have it, and notes those whose result differs."""
    answers = {}
    for child in children:
        try:
            answer = child.ask("answer", case.name)
        except Failure as failure:
            results.problems.append(f"{case.name}, {TITLES[child.library]}: {failure}")
            continue
        if answer is not None:
            answers[child] = answer
    # The reference is PyTorch or TensorFlow, so that gradtape isn't judged by itself or by our own formula.
    order = ["torch", "tensorflow", "jax", "autograd", "numpy", "gradtape"]
    reference = min(answers, key=lambda child: order.index(child.library), default=None)
    for child, answer in answers.items():
        close = len(answer) == len(answers[reference]) and all(
            math.isclose(ours, theirs, rel_tol=TOLERANCE, abs_tol=1e-5)
            for ours, theirs in zip(answer, answers[reference], strict=True)
        )
        if not close:
            results.problems.append(
                f"{case.name}: the result of {TITLES[child.library]} differs from that of {TITLES[reference.library]}"
            )
    return list(answers)


def time_cases(cases, children, results, rounds):
    """Collects one sample of each case from each child in each round, and keeps the medians."""
    takers = {case: compare_answers(case, children, results) for case in cases}
    samples = defaultdict(list)
    for number in range(rounds):
        progress(f"round {number + 1} of {rounds}")
        for case in cases:
            for child in list(takers[case]):
                try:
                    samples[case, child.library].append(child.ask("time", case.name))
                except Failure as failure:
                    results.problems.append(f"{case.name}, {TITLES[child.library]}: {failure}")
                    takers[case].remove(child)
    for (case, library), found in samples.items():
        results.values[case.name][library] = median(found) / case.operations


def time_imports(pythons, results, rounds):
    """Times imports: gradtape's, which takes milliseconds, more often than those that take seconds."""
    for library in results.libraries:
        if library == "numpy":
            continue
        progress(f"import {library}")
        count = max(15, rounds) if library == "gradtape" else max(3, rounds // 8)
        try:
            seconds, scipy = imports.beyond_numpy(library, pythons[library], count)
        except Failure as failure:
            results.problems.append(f"import, {TITLES[library]}: {failure}")
            continue
        results.values[IMPORT.name][library] = seconds
        results.values[IMPORTS_SCIPY.name][library] = scipy


def measure_memory(cases, pythons, results):
    """Asks a fresh child for each number, since what a process did before shows in its memory."""
    for case in cases:
        what, _, program = case.name.partition("_")
        for library in results.libraries:
            if case is RESIDENT and library not in FAST_ENOUGH_FOR_RESIDENT:
                continue
            progress(f"{case.name}, {library}")
            variables = memory.COUNTING_ENVIRONMENT if case in ALLOCATED else {}
            try:
                with Child(library, pythons[library], **variables) as child:
                    value = child.ask(what, program or SEED_EXAMPLE)
            except Failure as failure:
                results.problems.append(f"{case.name}, {TITLES[library]}: {failure}")
                continue
            if value is not None:
                results.values[case.name][library] = value


def progress(text):
    """Shows what is being done, where someone watches."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def main():
    """Runs the benchmark."""
    options = arguments()
    wanted = [case for case in CASES if options.only in (None, case.name)]
    pythons = interpreters(options.python)
    results = report.Results(rounds=options.rounds)
    results.problems += [
        f"{title} was not measured: it isn't installed here; --python {library}=PATH names an interpreter that has it"
        for library, title in TITLES.items()
        if library not in pythons
    ]
    with ExitStack() as stack:
        children = start_children(pythons, results, stack)
        time_cases([case for case in wanted if case in TIMED], children, results, options.rounds)
    if IMPORT in wanted or IMPORTS_SCIPY in wanted:
        time_imports(pythons, results, options.rounds)
    measure_memory([case for case in wanted if case in [*ARRAYS, *ALLOCATED, RESIDENT]], pythons, results)
    progress("")
    print(report.as_text(results))
    if options.markdown:
        options.markdown.write_text(report.as_page(results), encoding="utf-8")


if __name__ == "__main__":
    main()
