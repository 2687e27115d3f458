"""The laws that gradtape's own operations are held to, for a program's: `from gradtape.testing import check_laws`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from gradtape._core.families import COMPOSITES
from gradtape._core.op import Op
from gradtape._core.own import dtype_set, record_name
from gradtape._core.sampling import Sample
from gradtape._testing import lawbook
from gradtape._testing.cases import name_of

LAWS = tuple(lawbook.LAWS)
"""The names of the laws, in the order in which they are checked."""


def check_laws(
    operation: Callable[..., Any],
    samples: Iterable[Sample] | None = None,
    *,
    dtypes: Any = None,
    laws: Iterable[str] | str | None = None,
) -> int:
    """Checks that an operation obeys the laws: values, shapes, dtypes, first and second derivatives, in every mode.

    Args:
        operation: what a declaration of `gradtape.op` returned, or any function of tensors that is made of operations.
        samples: what to call it with, from `op.singles`, `op.pairs` and `op.arrays`; those of the declaration if None.
        dtypes: the element types to check in, or one; if None, those of float32, float64 and complex128 that the
            operation takes, for a function of operations float32 and float64.
        laws: names from `LAWS`, or one; all of them if None.

    Returns:
        The number of checks: laws times dtypes times samples.

    Raises:
        AssertionError: a law does not hold; the message says which, for which sample, and by how much.
        ValueError: there are no samples, or no law of that name.
        TypeError: the samples do not fit the operation, or it returned something that is no tensor.

    >>> import gradtape as tf
    >>> from gradtape import op
    >>> from gradtape.testing import check_laws
    >>> check_laws(lambda x: tf.exp(-x * x), op.singles(), dtypes=[tf.float64], laws=["vjp_is_the_finite_difference"])
    5
    """
    record = getattr(operation, "op", None)
    op = record if isinstance(record, Op) else None
    name = name_of(operation)
    if samples is None:
        samples = op.samples if op is not None else _declared_samples(operation)
    samples = lawbook.list_of_samples(name, samples)
    chosen = [laws] if isinstance(laws, str) else list(LAWS if laws is None else laws)
    if unknown := [law for law in chosen if law not in LAWS]:
        raise ValueError(f"There are no laws called {unknown}; gradtape.testing.LAWS lists all.")
    if not samples:
        raise ValueError(
            f"{name} was declared without samples: give some, as op.singles(0.5, 2.0) for numbers from 0.5 to 2, or "
            "op.arrays((3,), (2, 3), axis=[0, -1])."
        )
    for sample in samples:
        lawbook.require_fit(name, op, operation, sample)
    kinds = lawbook.dtypes_of(op) if dtypes is None else sorted(each.name for each in dtype_set(dtypes))
    return sum(lawbook.check_samples(name, op, operation, samples, law, kind) for kind in kinds for law in chosen)


def _declared_samples(function: Callable[..., Any]) -> Any:
    """Returns the samples of a composite, None for a function that was not declared as one."""
    found, samples = COMPOSITES.get(record_name(function), (None, None))
    return samples if found is function else None
