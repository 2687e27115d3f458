"""The progress line: iteration, value, gradient and evaluations, written over itself on a terminal."""

from __future__ import annotations

import sys


class Progress:
    """Writes how far a solver has come to standard error; usable as a context manager, which ends the line.

    On a terminal there is one line. Elsewhere, as in a file, there is one for iterations 1, 2, 4, 8, … and the last.
    """

    def __init__(self, shown: bool) -> None:
        self.iteration = 0
        self._shown = shown
        self._stream = sys.stderr
        self._terminal = shown and self._stream.isatty()
        self._line = self._written = ""
        self._state: tuple[float, float | None, int] = 0.0, None, 0

    def step(self, value: float, slope: float | None, evaluations: int) -> None:
        """Notes an iteration: the value, the norm of the gradient if there is one, the evaluations so far."""
        self.iteration += 1
        if self._shown:
            self._state = value, slope, evaluations
            self._write(self.iteration & (self.iteration - 1) == 0)

    def end(self, evaluations: int | None) -> None:
        """Notes at the end how many evaluations the solver's result tells of; None if it does not."""
        if self._line and evaluations is not None:
            self._state = *self._state[:2], evaluations
            self._write(False)

    def _write(self, due: bool) -> None:
        """Makes the line anew, and writes it if this is a terminal or it is `due`."""
        value, slope, evaluations = self._state
        gradient = "" if slope is None else f"  gradient {slope:9.3e}"
        self._line = f"iteration {self.iteration:5d}  value {value:.9e}{gradient}  evaluations {evaluations}"
        if self._terminal:
            self._stream.write("\r" + self._line.ljust(len(self._written)))
            self._stream.flush()
            self._written = self._line
        elif due:
            self._stream.write(self._line + "\n")
            self._written = self._line

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *error: object) -> None:
        if self._terminal and self._written:
            self._stream.write("\n")
        elif self._line != self._written:
            self._stream.write(self._line + "\n")
        self._stream.flush()
