"""The child process: holds one library, and answers requests for one measurement each, JSON lines both ways.

Started as `python -m benchmarks.worker LIBRARY`. A request is `{"do": ..., "case": ...}`; an answer is
`{"value": ...}`, with null for a case that the library doesn't have, or `{"error": "..."}`.
"""

import importlib
import json
import os
import platform
import sys
from itertools import repeat
from time import perf_counter

import numpy as np

from benchmarks import memory

SAMPLE_SECONDS = 0.03


class Worker:
    """The measurements, a method each; a case is set up when it is first asked for, and then kept."""

    def __init__(self, library):
        module = importlib.import_module(f"benchmarks.programs.{library}")
        self.programs = module.Programs(library)
        self.running = {}

    def versions(self, case):
        """Returns what is measured here."""
        return {"version": self.programs.version, "numpy": np.__version__, "python": platform.python_version()}

    def answer(self, case):
        """Runs a case for the first time; returns a few numbers that tell its results from wrong ones."""
        build = getattr(self.programs, case, None)
        if build is None:
            return None
        run = build()
        fingerprint = [number for result in run() for number in _fingerprint(result)]
        self.running[case] = run, _calls_per_sample(run)
        return fingerprint

    def time(self, case):
        """Returns the seconds one call takes, from one sample of some tens of milliseconds."""
        run, calls = self.running[case]
        run()
        return _sample(run, calls)

    def allocated(self, case):
        """Returns the bytes allocated for what a later gradient needs."""
        recording = self._recording(case)
        return recording and memory.bytes_while_held(recording[1])

    def arrays(self, case):
        """Returns the bytes of the arrays among them."""
        recording = self._recording(case)
        count = getattr(self.programs, "array_bytes", None)
        return recording and count and count(*recording)

    def resident(self, case):
        """Returns the growth of resident memory while a case runs 10**5 times."""
        return memory.resident_growth(getattr(self.programs, case)())

    def peak(self, case):
        """Returns the most bytes in use at once during one call of a case."""
        build = getattr(self.programs, case, None)
        return build and memory.peak_bytes(build())

    def _recording(self, case):
        build = getattr(self.programs, f"record_{case}", None)
        return build and build()


def _fingerprint(result):
    values = np.asarray(result.detach() if hasattr(result, "detach") else result, np.float64).ravel()
    return [float(np.sqrt(np.mean(values**2))), float(values[0]), float(values[-1])]


def _sample(run, calls):
    start = perf_counter()
    for _ in repeat(None, calls):
        run()
    return (perf_counter() - start) / calls


def _calls_per_sample(run):
    calls = 1
    while True:
        seconds = _sample(run, calls) * calls
        if seconds > SAMPLE_SECONDS / 3:
            return max(1, round(calls * SAMPLE_SECONDS / seconds))
        calls *= 2


def main():
    """Answers requests until the pipe closes."""
    # Libraries may print; only answers may reach the pipe.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    worker = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            worker = worker or Worker(sys.argv[1])
            reply = {"value": getattr(worker, request["do"])(request.get("case"))}
        except Exception as error:
            reply = {"error": f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"}
        print(json.dumps(reply), file=answers)


if __name__ == "__main__":
    main()
