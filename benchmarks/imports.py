"""How long a fresh interpreter takes to import a library, beyond what NumPy takes."""

import json
import subprocess
from statistics import median

from benchmarks.libraries import ROOT, Failure, environment

PROGRAM = """
import json, sys
from time import perf_counter
start = perf_counter()
import {module}
print(json.dumps([perf_counter() - start, int("scipy" in sys.modules)]))
"""


def beyond_numpy(library, python, rounds):
    """Returns, by case, the median seconds of `import library` less `import numpy`'s, and whether it imports SciPy."""
    _import(library, python)  # writes the compiled files, and brings everything into the file cache
    _import("numpy", python)
    pairs = [(_import("numpy", python)[0], _import(library, python)) for _ in range(rounds)]
    seconds = median(found[0] for _, found in pairs) - median(alone for alone, _ in pairs)
    return {"import": seconds, "imports_scipy": pairs[-1][1][1]}


def _import(module, python):
    done = subprocess.run(
        [python, "-c", PROGRAM.format(module=module)], cwd=ROOT, env=environment(), capture_output=True, text=True
    )
    if done.returncode:
        raise Failure(f"import: {done.stderr.strip().splitlines()[-1]}")
    return json.loads(done.stdout.strip().splitlines()[-1])
