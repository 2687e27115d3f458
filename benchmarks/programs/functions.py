"""One text for what a library computes eagerly and for what it compiles: a function, and the arguments of a call."""

from functools import partial, wraps
from itertools import repeat

import numpy as np

from benchmarks.programs import data


def program(method):
    """Has a method that returns a function and its arguments return the call; the two stay there as its `text`."""

    @wraps(method)
    def build(self):
        function, arguments = method(self)
        return partial(function, *arguments)

    build.text = method
    return build


class Functions:
    """The cases of `benchmarks.functions`, for TensorFlow and gradtape.

    The name of a case says what is done with a program: `function_chain` calls the tf.function that is made of `chain`,
    `first_chain` makes a new one each time and calls it once. `chain` itself runs eagerly.
    """

    def __getattr__(self, case):
        kind, _, name = case.partition("_")
        text = getattr(getattr(type(self), name, None), "text", None)
        if kind in ("function", "first") and text is not None:
            return partial(getattr(self, f"_{kind}"), text)
        return super().__getattr__(case)

    def _function(self, text):
        compare_calls(*[partial(wrap(function), *arguments) for wrap, function, arguments in self._twice(text)])
        function, arguments = text(self)
        return partial(self.tf.function(function), *arguments)

    def _twice(self, text):
        """Yields a program as a function and as it is, each with variables of its own."""
        for wrap in (self.tf.function, lambda function: function):
            yield wrap, *text(self)

    def _first(self, text):
        function, arguments = text(self)
        return lambda: self.tf.function(function)(*arguments)

    def function_tiny(self):
        return self._repeated(self.tf.function(lambda x, y: x + y))

    def tiny(self):
        return self._repeated(lambda x, y: x + y)

    def _repeated(self, function):
        x = self.tf.constant(data.SMALL)

        def run():
            for _ in repeat(None, data.CHAIN_LENGTH):
                y = function(x, x)
            return [y]

        return run


def compare_calls(run, expected, calls=3):
    """Compares the results of several calls, of which the first is not yet a replay; ValueError where they differ."""
    for number in range(calls):
        for mine, its in zip(run(), expected(), strict=True):
            if not np.allclose(mine, its, rtol=1e-3, atol=1e-5):
                raise ValueError(f"call {number + 1} of the tf.function gives something else than without it")
