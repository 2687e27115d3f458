"""The parent's view of a library: which interpreter has it, and a child process that measures it."""

import json
import os
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TITLES = {
    "gradtape": "gradtape",
    "numpy": "NumPy by hand",
    "torch": "PyTorch",
    "tensorflow": "TensorFlow",
    "jax": "JAX",
    "autograd": "autograd",
}
# The columns of the tables; `eager` is gradtape once more, where it compiles.
COLUMNS = {"gradtape": "gradtape", "eager": "gradtape eagerly"} | TITLES
THREADS = ["OMP", "OPENBLAS", "MKL", "NUMEXPR", "BLIS", "VECLIB_MAXIMUM"]


def environment():
    """Returns the environment of every child: this checkout's gradtape, one thread, no accelerator, few messages."""
    values = dict(os.environ)
    values.pop("PYTHONDONTWRITEBYTECODE", None)
    paths = [str(ROOT / "src"), str(ROOT), values.get("PYTHONPATH", "")]
    values |= {f"{name}_NUM_THREADS": "1" for name in THREADS}
    return values | {
        "PYTHONPATH": os.pathsep.join(path for path in paths if path),
        "TF_NUM_INTRAOP_THREADS": "1",
        "TF_NUM_INTEROP_THREADS": "1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "NPROC": "1",
        "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
        "JAX_PLATFORMS": "cpu",
        "CUDA_VISIBLE_DEVICES": "",
    }


def interpreters(named):
    """Returns the interpreter of each library: the one named, or this one where it has the library."""
    unknown = set(named) - set(TITLES)
    if unknown:
        raise SystemExit(f"--python: unknown library {', '.join(sorted(unknown))}; known: {', '.join(TITLES)}")
    found = {}
    for library in TITLES:
        if library in named:
            found[library] = named[library]
        elif library == "numpy":
            found[library] = named.get("gradtape", sys.executable)
        elif library == "gradtape" or find_spec(library):
            found[library] = sys.executable
    return found


class Failure(Exception):
    """A child could not answer; holds what it said."""


class Child:
    """A process that holds one library and answers one request at a time."""

    def __init__(self, library, python, **variables):
        self.library = library
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 (closed with the process)
        self._process = subprocess.Popen(
            [python, "-m", "benchmarks.worker", library],
            cwd=ROOT,
            env=environment() | variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )

    def ask(self, what, case=None):
        """Returns the child's answer; None means that the library has no such case."""
        try:
            print(json.dumps({"do": what, "case": case}), file=self._process.stdin, flush=True)
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            self._errors.seek(0)
            said = self._errors.read().strip().splitlines()
            raise Failure(f"the process ended: {said[-1] if said else 'it said nothing'}")
        reply = json.loads(line)
        if "error" in reply:
            raise Failure(reply["error"])
        return reply["value"]

    def close(self):
        """Ends the process."""
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()
        self._errors.close()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()
