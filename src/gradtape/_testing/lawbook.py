"""All laws by name, and how they are run on an operation."""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Iterable
from importlib import import_module
from typing import Any

import numpy as np

from gradtape import _ops
from gradtape._core.families import COMPOSITES
from gradtape._core.op import OPS, Op
from gradtape._core.own import is_own, widened
from gradtape._core.sampling import Sample
from gradtape._testing import batched, derivatives, recorded, second, values
from gradtape._testing.cases import Case, NoTensorError, cases, tensors_of, values_of

# An import of gradtape leaves out what few programs use: the laws hold for all.
for topic in pkgutil.iter_modules(_ops.__path__, f"{_ops.__name__}."):
    import_module(topic.name)

# In the order in which they say most plainly what is wrong: a law may stumble over what an earlier one names.
LAWS = {
    law.__name__: law
    for law in (*derivatives.LAWS[:1], *values.LAWS, *derivatives.LAWS[1:], *second.LAWS, *batched.LAWS, *recorded.LAWS)
}
# The dtypes that laws run in, where the operation takes them.
DTYPES = ("float32", "float64", "complex128")


def names() -> list[str]:
    """The names of the package's operations and composites; those of a program have dots."""
    return sorted(name for name in (*OPS, *COMPOSITES) if "." not in name)


def subject(name: str) -> tuple[Op | None, Any, Iterable[Sample]]:
    """Returns the record (None for a composite), the function and the samples of what is registered under `name`."""
    op = OPS.get(name)
    function, samples = (op.function, op.samples) if op else COMPOSITES[name]
    return op, function, samples or ()


def dtypes(name: str) -> list[str]:
    """The dtypes in which the laws run for an operation or composite of the package."""
    op = OPS.get(name)
    return dtypes_of(op) + (["complex128"] if op is None and takes_complex(name) else [])


def takes_complex(name: str) -> bool:
    """True if a composite runs on the complex numbers of its first sample."""
    _, function, samples = subject(name)
    case = next(cases(None, function, samples, "complex128"), None)
    if case is None or all(array.dtype.kind != "c" for array in case.arrays):
        return False
    try:
        case.run(tensors_of(case.arrays))
    except Exception:
        return False
    return True


def dtypes_of(op: Op | None) -> list[str]:
    """The dtypes in which the laws run for an operation; None stands for a composite."""
    if op is None:
        return ["float32", "float64"]
    # Inputs that take none of them, such as indices and conditions, have numbers of their own kind.
    sets = ([each for each in DTYPES if np.dtype(each) in accepted] for accepted in op.types)
    return next(filter(None, sets), ["float64"])


def check(name: str, law: str, dtype: str) -> int:
    """Runs one law on all samples of one operation of the package; returns how many."""
    return check_samples(name, *subject(name), law, dtype)


def check_samples(name: str, op: Op | None, function: Any, samples: Iterable[Sample], law: str, dtype: str) -> int:
    """Runs one law on all samples; returns how many, and says which sample broke it."""
    count = 0
    for case in cases(op, function, samples, dtype):
        try:
            LAWS[law](case, dtype)
        except NoTensorError:
            raise
        except Exception as error:
            kind = "" if isinstance(error, AssertionError) else f"{type(error).__name__}: "
            reason = f"{name}({case.sample}) in {dtype} breaks the law “{law}”: {kind}{error}{hint(case)}"
            raise AssertionError(reason) from error
        count += 1
    return count


def list_of_samples(name: str, samples: Any) -> list[Sample]:
    """Returns samples as a list; TypeError if they are something else."""
    found = [] if samples is None else list(samples) if hasattr(samples, "__iter__") else [samples]
    for each in found:
        if not isinstance(each, Sample):
            raise TypeError(f"{name}: samples come from op.singles, op.pairs, op.arrays or op.Sample; got {each!r}.")
    return found


def require_fit(name: str, op: Op | None, function: Any, sample: Sample) -> None:
    """Raises TypeError unless `function` can be called with the inputs and the parameters of `sample`."""
    shapes = [each for shape in sample.shapes for each in (shape if isinstance(shape, list) else [shape])]
    count = len(shapes)
    given: dict[str, Any] = dict(sample.params)
    if op is not None and not op.variadic:
        if count != len(op.inputs):
            many = "1 input" if len(op.inputs) == 1 else f"{len(op.inputs)} inputs"
            raise TypeError(f"{name} has {many}, {[*op.inputs]}, and the sample “{sample}” gives {count}.")
        if op.signature[:count] != op.inputs:
            given |= dict.fromkeys(op.inputs)
            count = 0
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        # Some functions of C have none.
        return
    try:
        signature.bind(*([None] * (1 if op is not None and op.variadic else count)), **given)
    except TypeError as reason:
        raise TypeError(f"{name} cannot be called with the sample “{sample}”: {reason}.") from None


def hint(case: Case) -> str:
    """Returns what is probably wrong with a program's own operation that broke a law, to end the message with."""
    if case.op is None or not is_own(case.op):
        return ""
    try:
        results = case.run(tensors_of(case.arrays))
    except Exception:
        return ""
    reason = widened([each.dtype for each in values_of(results)], [each.dtype for each in case.arrays])
    return f"; {reason}" if reason else ""
