"""The unknowns of a problem: a structure of tensors and variables, and the one vector that a solver makes of it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from numbers import Number
from typing import Any

import numpy as np

from gradtape._autodiff.functional import paths
from gradtape._core import nest
from gradtape._core.conversion import convert, shown
from gradtape._core.tensor import Carrier, NoSingleValue, Tensor, make_tensor
from gradtape._core.variable import Variable
from gradtape.errors import InvalidArgumentError


def is_plain(value: Any) -> bool:
    """True if a list or tuple holds Python's or NumPy's numbers alone, or lists of them: it is one tensor.

    >>> is_plain([1.0, 2.0]), is_plain([1.0, np.ones(2)])
    (True, False)
    """
    if type(value) not in (list, tuple) or not value:
        return False
    return all(isinstance(part, Number | np.bool_) or is_plain(part) for part in value)


def as_form(value: Any) -> Any:
    """Returns a structure with a tensor for each number, array and list of numbers in it; variables stay."""
    if isinstance(value, Variable):
        return value
    if is_plain(value) or not nest.is_nested(value):
        return convert(value)
    if isinstance(value, Mapping):
        # A copy keeps the kind of mapping, which may need more to be made than its items.
        filled: Any = copy.copy(value)
        for key in value:
            filled[key] = as_form(value[key])
        return filled
    parts = [as_form(part) for part in value]
    return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)


def as_vector(tensors: list[Any]) -> Any:
    """Returns the elements of all tensors as one array of float64.

    >>> as_vector([make_tensor(np.ones((2, 1), np.float32)), make_tensor(np.zeros(()))])
    array([1., 1., 0.])
    """
    flat = [np.asarray(convert(tensor)._value, np.float64).reshape(-1) for tensor in tensors]
    return np.concatenate(flat) if flat else np.zeros(0)


def split(vector: Any, like: list[Any]) -> list[Tensor]:
    """Returns a vector's elements as tensors of the shapes and dtypes of those in `like`; the reverse of `as_vector`.

    >>> [each.numpy() for each in split(np.arange(3.0), [np.ones(2, np.float32), np.float64(0)])]
    [array([0., 1.], dtype=float32), np.float64(2.0)]
    """
    tensors = []
    start = 0
    with np.errstate(over="ignore"):
        for each in like:
            part = vector[start : start + each.size]
            tensors.append(make_tensor(part.reshape(each.shape).astype(each.dtype)))
            start += each.size
    return tensors


def require_one_point(what: str, tensor: Any) -> None:
    """Raises TypeError for a tensor that stands for many at once, as those inside of vectorized_map do."""
    if isinstance(tensor, Carrier):
        raise NoSingleValue(
            f"A solver looks at one point; {what} is {tensor.what}: call it for one after another, outside of the map."
        )


class Unknowns:
    """What a solver looks for: the tensors and variables in the form of `x0`.

    Attributes:
        form: the structure of `x0`, made of tensors and variables.
        leaves: these in a list; `arrays` are their values in `x0`, `paths` how to write them.
        variables: those of the leaves that are variables.
        start: the values of `x0` as a vector.

    Raises:
        TypeError: something in `x0` has no single value.
        InvalidArgumentError: there is no number in `x0`, a variable stands there twice, or something is not of a
            floating-point dtype.
    """

    def __init__(self, x0: Any) -> None:
        self.form = as_form(x0)
        self.leaves: list[Any] = nest.flatten(self.form)
        self.arrays = [leaf._value for leaf in self.leaves]
        self.paths = paths(self.form, "x0")
        self.variables = [leaf for leaf in self.leaves if isinstance(leaf, Variable)]
        for path, leaf in zip(self.paths, self.leaves, strict=True):
            require_one_point(path, leaf)
        if not any(array.size for array in self.arrays):
            raise InvalidArgumentError(f"x0 is empty ({shown(x0)}): there is nothing to look for.")
        if len({id(variable) for variable in self.variables}) < len(self.variables):
            raise InvalidArgumentError("A variable stands in x0 twice; name it once.")
        for path, array in zip(self.paths, self.arrays, strict=True):
            if array.dtype.kind == "c":
                raise InvalidArgumentError(
                    f"{path} is complex ({array.dtype.name}), and solvers know real numbers alone: give its real and "
                    "imaginary parts as two unknowns, and join them inside the function by tf.complex(re, im)."
                )
            if array.dtype.kind in "iub":
                raise InvalidArgumentError(
                    f"{path} has dtype {array.dtype.name}, and what is looked for has to be floating-point: write "
                    "1.0 for 1, or tf.cast(x, tf.float64)."
                )
        self.start = as_vector(self.leaves)

    def filled(self, vector: Any) -> Any:
        """Returns a vector as tensors in the form of `x0`."""
        return nest.rebuild(self.form, iter(split(vector, self.arrays)))

    def placed(self, vector: Any) -> list[Any]:
        """Returns the leaves at a point: new tensors, and the variables, which are assigned."""
        placed: list[Any] = []
        for leaf, tensor in zip(self.leaves, split(vector, self.arrays), strict=True):
            if isinstance(leaf, Variable):
                leaf.assign(tensor)
                placed.append(leaf)
            else:
                placed.append(tensor)
        return placed

    @contextmanager
    def borrowed(self) -> Iterator[None]:
        """Returns a context after which the variables hold their first values again if it ends with an error."""
        try:
            yield
        except BaseException:
            for leaf, array in zip(self.leaves, self.arrays, strict=True):
                if isinstance(leaf, Variable):
                    leaf.assign(array)
            raise

    def caller(self, function: Callable[..., Any], args: tuple[Any, ...] = ()) -> Callable[[list[Any]], Any]:
        """Returns a function of the leaves that calls the user's: with their structure and `args`.

        A function without parameters is called without the structure where it is made of variables: it reads them.
        """
        if len(self.variables) == len(self.leaves) and not args and takes_nothing(function):
            return lambda leaves: function()
        return lambda leaves: function(nest.rebuild(self.form, iter(leaves)), *args)


def takes_nothing(function: Callable[..., Any]) -> bool:
    """True if a function has to be called without an argument.

    >>> takes_nothing(lambda: 1), takes_nothing(lambda x=1: x)
    (True, False)
    """
    from inspect import signature

    try:
        parameters = signature(function)
    except (TypeError, ValueError):
        return False
    try:
        parameters.bind(None)
    except TypeError:
        return not parameters.parameters
    return False
