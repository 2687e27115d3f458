"""What is measured: a `Suite` of `Case`s, and the `Budget`s that gradtape has to keep."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """One row of the table: its name in the code, in the table, how its numbers are shown, and what they are.

    `measure` is the worker's method that is asked, `import` for what is measured with no worker at all. `program` is
    what runs, by default what has the name of the case. A case that is `same_as` another has to have its result. One
    that is `eager_of` others has no row: gradtape's number stands in their rows, in the column `eager`.
    """

    name: str
    title: str
    unit: str = "µs"
    scale: float = 1e6
    operations: int = 1
    measure: str = "time"
    program: str | None = None
    libraries: tuple[str, ...] | None = None
    same_as: str | None = None
    eager_of: tuple[str, ...] = ()
    has_ratio: bool = True


@dataclass(frozen=True)
class Budget:
    """An upper limit for gradtape's number, or for its ratio to another number."""

    text: str
    case: str
    limit: float
    library: str | None = None
    other_case: str | None = None
    unit: str = "×"
    scale: float = 1

    def measured(self, results):
        """Returns the number that the limit is for, or None where it wasn't measured."""
        value = results[self.case].get("gradtape")
        if value is None or self.library is None:
            return value
        other = results[self.other_case or self.case].get(self.library)
        return value / other if other else None


@dataclass(frozen=True)
class Suite:
    """What one command measures: `python -m benchmarks.NAME`; its heading and notes stand in the docs.

    `libraries` names those that it is for, where it is not for all.
    """

    name: str
    heading: str
    about: str
    cases: list[Case]
    budgets: list[Budget]
    notes: str
    libraries: tuple[str, ...] | None = None
