"""`ConcreteFunction`: a recorded function for one signature, with what is known of its inputs and results."""

from __future__ import annotations

import inspect
from typing import Any

from gradtape._core import nest
from gradtape._core.spec import TensorShape, TensorSpec
from gradtape._core.tensor import Tensor
from gradtape._core.variable import Variable
from gradtape._executors.signatures import Arguments, Form, Parameters, as_spec, is_spec, spec_of
from gradtape._executors.texts import signature_text, type_text
from gradtape.errors import InvalidArgumentError

# What stands for a result that is not known yet.
NOT_YET: Any = object()


class ConcreteFunction:
    """A function for one signature: it takes tensors of that, by the names of the parameters or in their order.

    It is recorded when it is called first; until then nothing is known of its results.

    Attributes:
        structured_input_signature: the arguments and the keyword arguments, with a `TensorSpec` for each tensor.

    >>> import gradtape as tf
    >>> concrete = tf.function(lambda x: x * x).get_concrete_function(tf.TensorSpec([], tf.float32))
    >>> concrete(tf.constant(3.0)), concrete.outputs
    (<tf.Tensor: shape=(), dtype=float32, numpy=9.0>, [TensorSpec(shape=(), dtype=tf.float32, name=None)])
    """

    def __init__(
        self, function: Any, arguments: Arguments, parameters: Parameters, kind: Any, result: Any = NOT_YET
    ) -> None:
        self._function = function
        self._parameters = parameters
        self._labels = arguments.labels
        self.inputs: list[Any] = [spec_of(*each) for each in zip(arguments.tensors, arguments.labels, strict=True)]
        leaves = [*arguments.leaves]
        if parameters.specs is None:
            # Where shapes are relaxed, the kind knows which sizes may differ.
            forms = [each for each in kind if isinstance(each, Form)]
            self.inputs = [
                TensorSpec(form.shape, spec.dtype, spec.name) for form, spec in zip(forms, self.inputs, strict=True)
            ]
            for place, spec in zip(arguments.places, self.inputs, strict=True):
                leaves[place] = described(leaves[place]) if hasattr(leaves[place], "_components") else spec
        else:
            known = nest.flatten(parameters.specs)
            labels = dict(zip(arguments.places, arguments.labels, strict=True))
            self.inputs = leaves[: len(known)] = [named(each, labels.get(k)) for k, each in enumerate(known)]
        self.structured_input_signature: Any = nest.rebuild(arguments.structure, iter(leaves))
        self._result = NOT_YET if result is NOT_YET else described(result)
        args, _ = self.structured_input_signature
        # The positional arguments, NOT_YET for tensors, where there are no others; their shapes at the last call.
        self._filled: list[Any] | None = [NOT_YET if isinstance(each, TensorSpec) else each for each in args]
        if sum(each is NOT_YET for each in self._filled) != len(self.inputs) or not all(map(is_spec, self.inputs)):
            self._filled = None
        self._shapes: Any = None

    # -- what is known

    @property
    def name(self) -> str:
        """A name for it."""
        return f"__inference_{self._function.name}"

    @property
    def structured_outputs(self) -> Any:
        """What it returns, with a `TensorSpec` for each tensor.

        Raises:
            ValueError: it has not been called yet.
        """
        if self._result is NOT_YET:
            raise ValueError(f"{self.name} has not been called yet: what it returns is known after its first call.")
        return self._result

    @property
    def outputs(self) -> list[Any]:
        """The tensors that it returns, a `TensorSpec` for each; ValueError before its first call."""
        return [each for each in nest.flatten(self.structured_outputs) if each is not None]

    @property
    def output_shapes(self) -> Any:
        """The shapes of what it returns; ValueError before its first call."""
        return nest.map_structure(
            lambda each: TensorShape(None) if each is None else each.shape, self.structured_outputs
        )

    @property
    def output_dtypes(self) -> Any:
        """The dtypes of what it returns; ValueError before its first call."""
        return nest.map_structure(lambda each: None if each is None else each.dtype, self.structured_outputs)

    def _types(self) -> dict[str, Any]:
        """Returns what is known of each parameter."""
        args, kwargs = self.structured_input_signature
        return {**dict(zip(self._parameters.names(len(args)), args, strict=True)), **kwargs}

    def _shown(self) -> list[inspect.Parameter]:
        """Returns the parameters, each of those that a call gave by itself."""
        found = []
        known = self._parameters.signature.parameters
        for name in self._types():
            if name in known:
                found.append(known[name].replace(default=inspect.Parameter.empty))
            else:
                kind: Any = inspect.Parameter.KEYWORD_ONLY
                if name in self._parameters.names(len(self.structured_input_signature[0])):
                    kind = inspect.Parameter.POSITIONAL_ONLY
                    found = [each.replace(kind=kind) for each in found]
                found.append(inspect.Parameter(name, kind))
        return found

    def pretty_printed_signature(self, verbose: bool = True) -> str:
        """Returns the parameters and the results as text.

        Args:
            verbose: whether on a line each.
        """
        if not verbose:
            result = "" if self._result is NOT_YET else f" -> {type_text(self._result)}"
            return signature_text(self._shown(), self._types()) + result
        types = self._types()
        lines = ["Input Parameters:"]
        lines += [f"  {each.name} ({each.kind.name}): {type_text(types[each.name])}" for each in self._shown()]
        if len(lines) == 1:
            lines.append("  None")
        lines += ["Output Type:", f"  {'unknown' if self._result is NOT_YET else type_text(self._result)}"]
        return "\n".join([*lines, "Captures:", "  None"])

    def __repr__(self) -> str:
        return f"<ConcreteFunction {self.pretty_printed_signature(verbose=False)} at 0x{id(self):X}>"

    def __str__(self) -> str:
        return f"ConcreteFunction {self.pretty_printed_signature()}"

    # -- calls

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Calls the function with tensors of its signature.

        Args:
            *args, **kwargs: all arguments, those that are no tensors as they were; or the tensors alone.

        Raises:
            TypeError: there are more or fewer, or one does not fit.
            InvalidArgumentError: a tensor has another dtype.
        """
        if self._filled and not kwargs and len(args) == len(self.inputs) and all(map(fits, self.inputs, args)):
            tensors = iter(args)
            filled = [next(tensors) if each is NOT_YET else each for each in self._filled]
            result = self._function(*filled, **self.structured_input_signature[1])
            shapes = [each._value.shape for each in args]
            if shapes != self._shapes or self._result is NOT_YET:
                self._result, self._shapes = described(result), shapes
            return result
        try:
            filled, keywords = self._structured(args, kwargs)
        except TypeError as error:
            try:
                tensors = iter(self._flat(args, kwargs))
            except TypeError as other:
                raise TypeError(f"{error}\nFallback to flat signature also failed due to: {other}") from None
            known = self.structured_input_signature
            leaves = [next(tensors) if is_spec(each) else each for each in nest.flatten(known)]
            filled, keywords = nest.rebuild(known, iter(leaves))
        result = self._function(*filled, **keywords)
        self._result = described(result)
        return result

    def _structured(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Returns the arguments of a call that gives all, those with a spec as tensors; TypeError if one is amiss."""
        known, keywords = self.structured_input_signature
        try:
            bound = inspect.Signature(self._shown(), __validate_parameters__=False).bind(*args, **kwargs).arguments
            given = [bound[name] for name in self._parameters.names(len(known))]
            filled = [as_spec(spec, value) for spec, value in zip(known, given, strict=True)]
            return filled, {name: as_spec(spec, bound[name]) for name, spec in keywords.items()}
        except (TypeError, ValueError) as error:
            raise TypeError(
                f"Binding inputs to tf.function failed due to `{error}`. Received args: {args} and kwargs: {kwargs} "
                f"for signature: {self.pretty_printed_signature(verbose=False)}."
            ) from None

    def _flat(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
        """Returns the tensors of a call that gives these alone.

        Raises:
            TypeError: there are more or fewer, or one is no tensor.
            InvalidArgumentError: one has another dtype.
        """
        labels = self._labels[: len(self.inputs)]
        shown = f"{self._function.name}({', '.join(labels)})"
        if len(args) > len(labels):
            raise TypeError(f"{shown} takes {len(labels)} positional arguments, got {len(args)}.")
        given = dict(zip(labels, args, strict=False))
        if repeated := [name for name in kwargs if name in given]:
            raise TypeError(f"{shown} got two values for {', '.join(repeated)}.")
        given |= kwargs
        if lacking := [name for name in labels if name not in given]:
            raise TypeError(f"{shown} missing required arguments: {', '.join(lacking)}.")
        if strange := [name for name in given if name not in labels]:
            raise TypeError(f"{shown} got unexpected keyword arguments: {', '.join(strange)}.")
        tensors = [given[name] for name in labels]
        for position, (spec, value) in enumerate(zip(self.inputs, tensors, strict=True)):
            if not isinstance(value, Tensor | Variable):
                raise TypeError(
                    f"{shown}: expected argument #{position}(zero-based) to be a Tensor; got {type(value).__name__} "
                    f"({value})."
                )
            if value.dtype != spec.dtype:
                raise InvalidArgumentError(
                    f"cannot compute {self.name} as input #{position}(zero-based) was expected to be a "
                    f"{spec.dtype.name} tensor but is a {value.dtype.name} tensor"
                )
        return tensors


def fits(spec: Any, value: Any) -> bool:
    """True for a tensor that is given as a spec wants it."""
    return type(value) is Tensor and value.dtype == spec.dtype and spec.shape.is_compatible_with(value._value.shape)


def described(result: Any) -> Any:
    """Returns a structure with what is known of each tensor in its place."""
    return nest.map_structure(
        lambda each: (
            getattr(each, "_type_spec", None) or TensorSpec(each.shape, each.dtype)
            if isinstance(each, Tensor) or hasattr(each, "_components")
            else each
        ),
        result,
    )


def named(spec: Any, label: str | None) -> Any:
    """Returns a spec with a name, its own if it has one."""
    return TensorSpec(spec.shape, spec.dtype, spec.name or label) if isinstance(spec, TensorSpec) else spec
