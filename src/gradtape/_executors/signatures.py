"""What a call gives a function: its tensors, the key under which it was recorded, and the way back to arguments."""

from __future__ import annotations

import inspect
import weakref
from collections.abc import Callable, Hashable, Iterator, Mapping
from types import MethodType
from typing import Any, NamedTuple

import numpy as np

from gradtape._core import nest
from gradtape._core.conversion import convert
from gradtape._core.spec import TensorShape, TensorSpec
from gradtape._core.tensor import Tensor
from gradtape._core.variable import Variable
from gradtape._executors.texts import Literal, signature_text, type_text

USUAL = inspect.Parameter.POSITIONAL_OR_KEYWORD
# Values that are compared as they are, beside their type; numbers with a point are, too, but -0.0 is not 0.0.
PLAIN = (int, bool, str, bytes, type(None))


class Form(NamedTuple):
    """What a key holds of a tensor: its dtype, and its shape, None in it for what may differ."""

    dtype: Any
    shape: Any


class Twins(NamedTuple):
    """What a key holds of tensors that are given more than once: for each tensor, where it comes first."""

    firsts: tuple[int, ...]


class Single:
    """What a key holds of an object: which one it is, whatever it is equal to, without keeping it alive."""

    __slots__ = ("number", "reference")

    def __init__(self, thing: Any, forget: Any) -> None:
        self.number = id(thing)
        self.reference = weakref.ref(thing, forget)

    def __eq__(self, other: object) -> bool:
        mine = self.reference()
        return isinstance(other, Single) and mine is not None and mine is other.reference()

    def __hash__(self) -> int:
        return self.number

    def kind(self, place: int) -> Hashable:
        """Returns what a key holds of any object like this that comes first at `place`: equal ones are alike."""
        return self.reference


class Held(Single):
    """What a key holds of a variable."""

    __slots__ = ("dtype", "shape")

    def __init__(self, variable: Any, forget: Any) -> None:
        super().__init__(variable, forget)
        self.dtype = variable._value.dtype
        self.shape = variable._value.shape

    def kind(self, place: int) -> Hashable:
        """Returns what a key holds of any variable like this that comes first at `place`."""
        return ("variable", self.dtype, self.shape, place)


class Arguments:
    """The arguments of one call.

    Attributes:
        args, kwargs: as the function takes them, defaults among them.
        names: what the parameters of `args` are called.
        leaves: what is in them, from left to right.
        tensors: the leaves that are tensors or become some.
        places: where among the leaves they are.
        labels: what they are called.
        key: equal for calls that do the same.
        references: the weak references in the key.
        firsts: for each tensor, which one it is; None where each is another one.
    """

    __slots__ = (
        "args", "firsts", "key", "kwargs", "labels", "leaves", "names", "places", "references", "structure", "tensors"
    )  # fmt: skip

    def __init__(self, args: tuple[Any, ...], kwargs: dict[str, Any], names: list[str], forget: Any = None) -> None:
        self.args, self.kwargs, self.names = args, kwargs, names
        self.structure = (args, kwargs)
        self.leaves: list[Any] = []
        self.tensors: list[Any] = []
        self.places: list[int] = []
        self.labels: list[str] = []
        self.references: list[Any] = []
        key: list[Hashable] = [(len(args), *sorted(kwargs))]
        given = [*args, *[kwargs[name] for name in sorted(kwargs)]]
        for name, value in zip([*names, *sorted(kwargs)], given, strict=True):
            if nest.is_nested(value):
                key.append(form_of(value))
                leaves = nest.flatten(value)
            else:
                leaves = [value]
            for position, leaf in enumerate(leaves):
                self.take(leaf, name if len(leaves) == 1 else f"{name}_{position}", key, forget)
        self.firsts = firsts_of(self.tensors)
        if self.firsts is not None:
            key.append(Twins(self.firsts))
        self.key = tuple(key)

    def take(self, leaf: Any, label: str, key: list[Hashable], forget: Any) -> None:
        """Adds a leaf to the call's, and what tells it from others to the key."""
        kind = type(leaf)
        if isinstance(leaf, Tensor) or is_array(leaf):
            tensor = convert(leaf)
            key.append(Form(tensor._value.dtype, tensor._value.shape))
            self.add([tensor], [len(self.leaves)], label)
        elif isinstance(leaf, TensorSpec):
            key.append(Form(leaf.dtype.numpy, leaf.shape._dims))
            self.add([leaf], [len(self.leaves)], leaf.name or label)
        elif kind in PLAIN:
            key.append((kind, leaf))
        elif kind is float:
            key.append((kind, leaf.hex()))
        elif kind is complex:
            key.append((kind, leaf.real.hex(), leaf.imag.hex()))
        elif isinstance(leaf, Variable):
            held = Held(leaf._identity, forget)
            self.references.append(held.reference)
            key.append(held)
        elif hasattr(leaf, "_components"):
            parts = [convert(each) for each in leaf._components()]
            key.append((kind, leaf.shape._dims))
            key += [Form(each._value.dtype, each._value.shape) for each in parts]
            self.add(parts, [len(self.leaves)] * len(parts), label)
        else:
            key.append(self.object_key(leaf, forget))
        self.leaves.append(leaf)

    def add(self, tensors: list[Any], places: list[int], label: str) -> None:
        """Adds tensors that a leaf stands for."""
        self.tensors += tensors
        self.places += places
        self.labels += [label if len(tensors) == 1 else f"{label}_{k}" for k in range(len(tensors))]

    def object_key(self, leaf: Any, forget: Any) -> Hashable:
        """Returns what tells an object from others: itself, weakly where that can be; TypeError if it has no hash."""
        if type(leaf) is MethodType:
            # The object for a method is made anew whenever it is looked up.
            return ("method", leaf.__func__, self.object_key(leaf.__self__, forget))
        try:
            hash(leaf)
            if is_value(leaf):
                # It may be made anew at each call; what is equal to it may hold 1.0 where it holds 1.
                return (type(leaf), leaf, repr(leaf))
            try:
                found = Single(leaf, forget)
            except TypeError:
                return (type(leaf), leaf)
            self.references.append(found.reference)
            return found
        except TypeError:
            raise TypeError(
                f"Could not generate a generic TraceType for {leaf!r}. A tf.function tells its calls apart by the "
                "arguments that are no tensors: they have to be hashable and not to change. Give a tuple, a frozenset, "
                "or a tensor."
            ) from None

    def filled(self, tensors: list[Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Returns the arguments with other tensors in the place of theirs."""
        leaves = [*self.leaves]
        parts: dict[int, list[Any]] = {}
        if self.firsts is not None:
            tensors = [tensors[first] for first in self.firsts]
        for place, tensor in zip(self.places, tensors, strict=True):
            parts.setdefault(place, []).append(tensor)
        for place, given in parts.items():
            leaf = leaves[place]
            leaves[place] = leaf._with_components(given) if hasattr(leaf, "_components") else given[0]
        args, kwargs = nest.rebuild(self.structure, iter(leaves))
        return args, kwargs

    def kind(self) -> tuple[Hashable, ...]:
        """Returns the key as TensorFlow counts: variables of one shape are one, where they differ from each other."""
        return tuple(
            [
                each.kind(self.key.index(each)) if isinstance(each, Single) else each
                for each in self.key
                if type(each) is not Twins
            ]
        )


def firsts_of(tensors: list[Any]) -> tuple[int, ...] | None:
    """Returns where each tensor comes first; None where none comes twice."""
    known: dict[int, int] = {}
    firsts = tuple([known.setdefault(id(each), place) for place, each in enumerate(tensors)])
    return None if len(known) == len(tensors) or not all(isinstance(each, Tensor) for each in tensors) else firsts


def is_array(leaf: Any) -> bool:
    """True for what becomes a tensor as an argument: NumPy's arrays and numbers, and what can become an array."""
    return hasattr(leaf, "__array__") and not isinstance(leaf, type | np.str_ | Variable)


def is_value(leaf: Any) -> bool:
    """True for an object that its value is all of: a frozen set, an object of a frozen dataclass."""
    parameters = getattr(type(leaf), "__dataclass_params__", None)
    return isinstance(leaf, frozenset) or (parameters is not None and parameters.frozen and parameters.eq)


def form_of(value: Any) -> Hashable:
    """Returns what tells a structure from others, None for a leaf."""
    if not nest.is_nested(value):
        return None
    if isinstance(value, Mapping):
        return (type(value), tuple([(key, form_of(value[key])) for key in value]))
    return (type(value), *[form_of(each) for each in value])


def covers(general: tuple[Any, ...], key: tuple[Any, ...]) -> bool:
    """True if what was recorded for `general` is meant for calls with `key`, too."""
    return len(general) == len(key) and all(
        mine == its or (type(mine) is type(its) is Form and mine.dtype == its.dtype and fits(mine.shape, its.shape))
        for mine, its in zip(general, key, strict=True)
    )


def fits(general: Any, shape: Any) -> bool:
    """True for a shape that is one of those that `general` stands for."""
    if general is None:
        return True
    return (
        shape is not None
        and len(general) == len(shape)
        and all(mine is None or mine == its for mine, its in zip(general, shape, strict=True))
    )


def relaxed(key: tuple[Any, ...], known: Any) -> tuple[Any, ...]:
    """Returns a key that stands for what one and those known have in common, as TensorFlow's `reduce_retracing`."""
    for other in known:
        pairs = list(zip(key, other, strict=False))
        if len(key) == len(other) and all(
            mine == its or (type(mine) is type(its) is Form and mine.dtype == its.dtype) for mine, its in pairs
        ):
            key = tuple([Form(mine[0], common(mine[1], its[1])) if type(mine) is Form else mine for mine, its in pairs])
    return key


def common(shape: Any, other: Any) -> Any:
    """Returns the shape that two have in common, None where they differ."""
    if shape is None or other is None or len(shape) != len(other):
        return None
    return tuple([mine if mine == its else None for mine, its in zip(shape, other, strict=True)])


class Parameters:
    """The parameters of a function, and what `input_signature` says of them.

    Args:
        function: the function.
        input_signature: a list of structures of specs for the first parameters, or None.

    Raises:
        TypeError: the signature is no list of specs, or does not fit the function.
    """

    def __init__(self, function: Callable[..., Any], input_signature: Any) -> None:
        try:
            signature = inspect.signature(function)
        except (TypeError, ValueError):
            # Some functions written in C do not say what they take.
            signature = inspect.signature(lambda *args, **kwargs: None)
        parameters = list(signature.parameters.values())
        self.specs = None
        if input_signature is not None:
            if not isinstance(input_signature, list | tuple):
                raise TypeError(f"input_signature must be either a tuple or a list, got {type(input_signature)}.")
            self.specs = tuple(input_signature)
            leaves = nest.flatten(self.specs)
            if not all(is_spec(each) for each in leaves):
                raise TypeError(
                    "input_signature must be a possibly nested sequence of TensorSpec objects, got invalid args "
                    f"{leaves} with types {[type(each) for each in leaves]}."
                )
            parameters = self.limited(parameters)
        self.signature = signature.replace(parameters=parameters)
        self.positional = [each.name for each in parameters if each.kind in (each.POSITIONAL_ONLY, USUAL)]
        # As long as all arguments stand where they belong, `bind` need not be asked.
        self.plain = not any(each.kind in (each.KEYWORD_ONLY, each.VAR_KEYWORD) for each in parameters)
        self.most = None if any(each.kind is each.VAR_POSITIONAL for each in parameters) else len(self.positional)
        self.rest = next((each.name for each in parameters if each.kind is each.VAR_POSITIONAL), "args")

    def limited(self, parameters: list[inspect.Parameter]) -> list[inspect.Parameter]:
        """Returns the parameters that a call can give where there are specs: one for each of these, and defaults."""
        specs = list(self.specs or ())
        left: list[inspect.Parameter] = []
        for each in parameters:
            if each.kind is each.VAR_POSITIONAL:
                left = [one.replace(kind=one.POSITIONAL_ONLY) for one in left]
                left += [inspect.Parameter(f"{each.name}_{k}", each.POSITIONAL_ONLY) for k in range(len(specs))]
                specs = []
            elif each.kind is each.KEYWORD_ONLY:
                if each.default is each.empty:
                    raise TypeError(
                        f"Since input_signature is defined, keyword-only parameter `{each.name}` must have a default "
                        "value"
                    )
                left.append(each)
            elif each.kind is not each.VAR_KEYWORD:
                if specs:
                    specs.pop(0)
                elif each.default is each.empty:
                    raise TypeError(f"input_signature missing type constraint for {each.name}")
                left.append(each)
        if specs:
            raise TypeError(f"input_signature contains {len(specs)} extra type constraints.")
        return left

    def bound(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Returns arguments with each where it belongs and the defaults of those that are not given.

        Raises:
            TypeError: there are too many, one is missing, or has another name.
        """
        if self.plain and not kwargs and len(args) == self.most:
            return args, kwargs
        try:
            bound = self.signature.bind(*args, **kwargs)
        except TypeError as error:
            raise self.refused(error, args, kwargs) from None
        bound.apply_defaults()
        return bound.args, bound.kwargs

    def taken(self, args: tuple[Any, ...], kwargs: dict[str, Any], forget: Any = None) -> Arguments:
        """Returns the arguments of a call, taken apart; those with a spec are made tensors of it.

        Args:
            args, kwargs: as given.
            forget: is called with a weak reference in the key when its object is gone.

        Raises:
            TypeError: they do not fit the function or its specs, or one cannot be told from others.
        """
        known, named = self.bound(args, kwargs)
        if self.specs is not None:
            try:
                cast = [as_spec(spec, value) for spec, value in zip(self.specs, known, strict=False)]
            except (TypeError, ValueError) as error:
                raise self.refused(error, args, kwargs) from None
            for value, default in zip(known[len(cast) :], self.defaults(len(cast)), strict=False):
                if value is not default and not is_same(value, default):
                    raise self.refused(f"Can not cast {value!r} to {Literal(default)}", args, kwargs)
            known = (*cast, *known[len(cast) :])
        return Arguments(known, named, self.names(len(known)), forget)

    def defaults(self, start: int) -> list[Any]:
        """Returns the defaults of the parameters from `start` on."""
        return [self.signature.parameters[name].default for name in self.positional[start:]]

    def names(self, count: int) -> list[str]:
        """Returns the names of so many arguments that are given by their places."""
        return self.positional[:count] + [f"{self.rest}_{k}" for k in range(count - len(self.positional))]

    def refused(self, error: Any, args: Any, kwargs: Any) -> TypeError:
        """Returns the error for arguments that do not fit."""
        return TypeError(
            f"Binding inputs to tf.function failed due to `{error}`. Received args: {args} and kwargs: {kwargs} for "
            f"signature: {self}."
        )

    def __str__(self) -> str:
        parameters = self.signature.parameters
        return signature_text(parameters.values(), dict(zip(parameters, self.specs or (), strict=False)))


def is_spec(leaf: Any) -> bool:
    """True for what stands in a signature for a tensor, or for a sparse one."""
    return isinstance(leaf, TensorSpec) or hasattr(leaf, "value_type")


def is_same(value: Any, known: Any) -> bool:
    """True for two values of one simple type that are equal."""
    return type(value) in (*PLAIN, float) and type(value) is type(known) and value == known


def as_spec(spec: Any, value: Any) -> Any:
    """Returns a value as one of a spec, or of a structure of them.

    Raises:
        TypeError, ValueError: it cannot be.
    """
    if nest.is_nested(spec):
        return as_structure(spec, value)
    if not isinstance(spec, TensorSpec):
        fits = spec.is_compatible_with(value) if is_spec(spec) else value is spec or is_same(value, spec)
        if not fits:
            raise TypeError(f"Can not cast {value!r} to {type_text(spec)}")
        return value
    if isinstance(value, TensorSpec):
        return value
    if isinstance(value, Tensor | Variable):
        tensor = convert(value)
    elif value is None:
        raise TypeError("Attempt to convert a value (None) with an unsupported type (<class 'NoneType'>) to a Tensor.")
    else:
        tensor = cast_to(value, spec)
    shape = tensor._value.shape
    if tensor.dtype != spec.dtype or not spec.shape.is_compatible_with(shape):
        raise TypeError(f"Can not cast {type_text(tensor)} to {type_text(spec)}")
    return tensor


def cast_to(value: Any, spec: TensorSpec) -> Tensor:
    """Returns a value that is no tensor as one of a spec's dtype; TypeError where it cannot be."""
    try:
        if is_array(value):
            array = np.asarray(value)
            if np.can_cast(array.dtype, spec.dtype.as_numpy_dtype, "same_kind"):
                value = array.astype(spec.dtype.as_numpy_dtype)
        return convert(value, spec.dtype)
    except (TypeError, ValueError):
        raise TypeError(f"Cannot convert {value!r} to EagerTensor of dtype {spec.dtype.name}") from None


def as_structure(spec: Any, value: Any) -> Any:
    """Returns a structure of values as one of specs; TypeError where the two have different forms."""
    if isinstance(spec, Mapping):
        if not isinstance(value, Mapping) or set(spec) != set(value):
            raise TypeError(f"{value!r} has different keys with the TraceType {type_text(spec)}.")
        parts: Any = [as_spec(spec[key], value[key]) for key in nest.flatten({key: key for key in spec})]
    else:
        if not nest.is_nested(value) or not isinstance(value, tuple if isinstance(spec, tuple) else list):
            raise TypeError(f"Can not cast {value!r} to {type(spec).__name__} type.")
        if len(spec) != len(value):
            raise TypeError(f"Can not cast {value!r} to {type_text(spec)}: it has {len(value)} parts.")
        parts = [as_spec(one, each) for one, each in zip(spec, value, strict=True)]
    return one_level(spec, iter(parts))


def one_level(structure: Any, parts: Iterator[Any]) -> Any:
    """Returns a structure like one with other parts, whatever these hold."""
    if isinstance(structure, Mapping):
        filled = dict(zip(nest.flatten({key: key for key in structure}), parts, strict=True))
        return type(structure)({key: filled[key] for key in structure})  # type: ignore[call-arg]
    return type(structure)(*parts) if hasattr(structure, "_fields") else type(structure)(parts)


def spec_of(leaf: Any, label: str) -> Any:
    """Returns what is known of a tensor, under a name."""
    if isinstance(leaf, TensorSpec):
        return TensorSpec(leaf.shape, leaf.dtype, leaf.name or label)
    return TensorSpec(TensorShape(leaf._value.shape), leaf.dtype, label)
