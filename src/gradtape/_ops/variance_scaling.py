"""Keras's initializers whose variance follows from the shape, and all of Keras's by their names and configurations."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import FunctionType
from typing import Any

import numpy as np

from gradtape._core.op import TensorLike
from gradtape._core.tensor import Tensor
from gradtape._core.variable import Variable
from gradtape._ops import keras_initializers as plain
from gradtape._ops.casting import cast
from gradtape._ops.keras_initializers import TRUNCATED_DEVIATION, Initializer, RandomInitializer, as_kind, fans
from gradtape.errors import InvalidArgumentError, WrongTypeError


class VarianceScaling(RandomInitializer):
    """Makes tensors of random numbers whose variance is `scale` divided by the number of a layer's inputs or results.

    Args:
        scale: a positive number.
        mode: what to divide by: `"fan_in"`, the inputs; `"fan_out"`, the results; `"fan_avg"`, their mean.
        distribution: `"truncated_normal"` (or `"normal"`), `"untruncated_normal"` or `"uniform"`.
        seed: an integer, for the same numbers in each program; None for one of Python's `random`.
        input_axes: the axes of the shape whose product is the number of inputs; by default they are told by the rank.
        output_axes: the same for the results.

    Raises:
        ValueError: `scale` is not positive, or a word is another one.

    >>> import gradtape as tf
    >>> tf.initializers.VarianceScaling(2.0, distribution="uniform", seed=1)([4, 3]).shape
    TensorShape([4, 3])
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: int | None = None,
        input_axes: Any = None,
        output_axes: Any = None,
    ) -> None:
        """Keeps the parameters and the seed."""
        if scale <= 0.0:
            raise InvalidArgumentError(f"`scale` is a positive number, got {scale!r}.")
        if mode not in ("fan_in", "fan_out", "fan_avg"):
            raise InvalidArgumentError(f"`mode` is 'fan_in', 'fan_out' or 'fan_avg', got {mode!r}.")
        word = {"normal": "truncated_normal"}.get(distribution.lower(), distribution.lower())
        if word not in ("uniform", "truncated_normal", "untruncated_normal"):
            raise InvalidArgumentError(
                f"`distribution` is 'uniform', 'truncated_normal' or 'untruncated_normal', got {distribution!r}."
            )
        self.scale, self.mode, self.distribution = scale, mode, word
        self.input_axes, self.output_axes = input_axes, output_axes
        super().__init__(seed)

    def __call__(self, shape: TensorLike, dtype: Any = None) -> Tensor:
        """Returns numbers of a shape and of a floating-point dtype."""
        inputs, results = fans(shape, self.input_axes, self.output_axes)
        among = {"fan_in": inputs, "fan_out": results, "fan_avg": (inputs + results) / 2.0}[self.mode]
        scale = self.scale / max(1.0, among)
        draw: RandomInitializer
        if self.distribution == "uniform":
            limit = math.sqrt(3.0 * scale)
            draw = plain.RandomUniform(-limit, limit, self.seed)
        elif self.distribution == "truncated_normal":
            draw = plain.TruncatedNormal(0.0, math.sqrt(scale) / TRUNCATED_DEVIATION, self.seed)
        else:
            draw = plain.RandomNormal(0.0, math.sqrt(scale), self.seed)
        draw._fresh = self._fresh
        return draw(shape, dtype)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that the object was made with."""
        names = ("scale", "mode", "distribution", "input_axes", "output_axes")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


class Preset(VarianceScaling):
    """What the named choices of scale, mode and distribution share."""

    chosen: tuple[float, str, str]

    def __init__(self, seed: int | None = None, input_axes: Any = None, output_axes: Any = None) -> None:
        """Keeps the axes and the seed."""
        super().__init__(*self.chosen, seed=seed, input_axes=input_axes, output_axes=output_axes)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that the object was made with."""
        return {"seed": self._given, "input_axes": self.input_axes, "output_axes": self.output_axes}


class GlorotUniform(Preset):
    """Makes tensors of uniform numbers of variance `2 / (inputs + results)` (Glorot and Bengio 2010).

    Args:
        seed: an integer, for the same numbers in each program; None for one of Python's `random`.
        input_axes: the axes of the shape whose product is the number of inputs; by default they are told by the rank.
        output_axes: the same for the results.

    >>> import gradtape as tf
    >>> tf.initializers.GlorotUniform(seed=1)([4, 3]).shape
    TensorShape([4, 3])
    """

    chosen = 1.0, "fan_avg", "uniform"


class GlorotNormal(Preset):
    """Makes tensors of truncated normal numbers of variance `2 / (inputs + results)` (Glorot and Bengio 2010).

    Args:
        seed: an integer, for the same numbers in each program; None for one of Python's `random`.
        input_axes: the axes of the shape whose product is the number of inputs; by default they are told by the rank.
        output_axes: the same for the results.

    >>> import gradtape as tf
    >>> tf.initializers.GlorotNormal(seed=1)([4, 3]).shape
    TensorShape([4, 3])
    """

    chosen = 1.0, "fan_avg", "truncated_normal"


class LecunUniform(Preset):
    """Makes tensors of uniform numbers of variance `1 / inputs` (LeCun et al. 1998).

    Args:
        seed: an integer, for the same numbers in each program; None for one of Python's `random`.
        input_axes: the axes of the shape whose product is the number of inputs; by default they are told by the rank.
        output_axes: the same for the results.

    >>> import gradtape as tf
    >>> tf.initializers.LecunUniform(seed=1)([4, 3]).shape
    TensorShape([4, 3])
    """

    chosen = 1.0, "fan_in", "uniform"


class LecunNormal(Preset):
    """Makes tensors of truncated normal numbers of variance `1 / inputs` (LeCun et al. 1998).

    Args:
        seed: an integer, for the same numbers in each program; None for one of Python's `random`.
        input_axes: the axes of the shape whose product is the number of inputs; by default they are told by the rank.
        output_axes: the same for the results.

    >>> import gradtape as tf
    >>> tf.initializers.LecunNormal(seed=1)([4, 3]).shape
    TensorShape([4, 3])
    """

    chosen = 1.0, "fan_in", "truncated_normal"


class HeUniform(Preset):
    """Makes tensors of uniform numbers of variance `2 / inputs` (He et al. 2015).

    Args:
        seed: an integer, for the same numbers in each program; None for one of Python's `random`.
        input_axes: the axes of the shape whose product is the number of inputs; by default they are told by the rank.
        output_axes: the same for the results.

    >>> import gradtape as tf
    >>> tf.initializers.HeUniform(seed=1)([4, 3]).shape
    TensorShape([4, 3])
    """

    chosen = 2.0, "fan_in", "uniform"


class HeNormal(Preset):
    """Makes tensors of truncated normal numbers of variance `2 / inputs` (He et al. 2015).

    Args:
        seed: an integer, for the same numbers in each program; None for one of Python's `random`.
        input_axes: the axes of the shape whose product is the number of inputs; by default they are told by the rank.
        output_axes: the same for the results.

    >>> import gradtape as tf
    >>> tf.initializers.HeNormal(seed=1)([4, 3]).shape
    TensorShape([4, 3])
    """

    chosen = 2.0, "fan_in", "truncated_normal"


ALL = (
    Initializer,
    plain.Constant,
    plain.Identity,
    plain.Ones,
    plain.Orthogonal,
    plain.RandomNormal,
    plain.RandomUniform,
    plain.STFT,
    plain.TruncatedNormal,
    plain.Zeros,
    VarianceScaling,
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    LecunNormal,
    LecunUniform,
)


def lower(name: str) -> str:
    """Returns a class's name in lower case, its words joined by lines.

    >>> lower("GlorotUniform")
    'glorot_uniform'
    """
    return "".join(f"_{each}" if each.isupper() else each for each in name).lstrip("_").lower()


BY_NAME: dict[str, Any] = {
    **{each.__name__: each for each in ALL},
    **{lower(each.__name__): each for each in ALL},
    "stft": plain.STFT,
    "IdentityInitializer": plain.Identity,
    "OrthogonalInitializer": plain.Orthogonal,
    "STFTInitializer": plain.STFT,
    "normal": plain.RandomNormal,
    "one": plain.Ones,
    "uniform": plain.RandomUniform,
    "zero": plain.Zeros,
}


def serialize(initializer: Any) -> Any:
    """Returns an initializer as a dict of its class's name and its configuration.

    Args:
        initializer: an initializer, a function, or None.

    Returns:
        A dict that JSON takes, for `deserialize`.

    Raises:
        TypeError: the object has no `get_config`.

    >>> import gradtape as tf
    >>> tf.initializers.serialize(tf.initializers.Constant(2.0))["config"]
    {'value': 2.0}
    """
    if initializer is None:
        return None
    if isinstance(initializer, FunctionType):
        name = initializer.__name__
        return {"module": "builtins", "class_name": "function", "config": name, "registered_name": "function"}
    if not hasattr(initializer, "get_config"):
        raise WrongTypeError(f"an initializer has get_config(), which {initializer!r} has not.")
    kind = type(initializer)
    ours = kind in ALL
    return {
        "module": "keras.initializers" if ours else kind.__module__,
        "class_name": kind.__name__,
        "config": initializer.get_config(),
        "registered_name": None if ours else kind.__name__,
    }


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Returns the initializer that `serialize` was given.

    Args:
        config: a dict with a class's name and a configuration, or a name alone.
        custom_objects: by their names, classes and functions of the program's own.

    Returns:
        An initializer; None for None.

    Raises:
        ValueError: the name is not known.

    >>> import gradtape as tf
    >>> tf.initializers.deserialize({"class_name": "Constant", "config": {"value": 2.0}}).value
    2.0
    """
    if config is None:
        return None
    name, arguments = (config, {}) if isinstance(config, str) else (config["class_name"], config.get("config", {}))
    known = {**BY_NAME, **(custom_objects or {})}
    if name == "function":
        name = arguments
    if name not in known:
        raise InvalidArgumentError(
            f"Could not interpret initializer identifier: {name}. Give one of tf.initializers, or the class or "
            "function in `custom_objects`."
        )
    found = known[name]
    return found.from_config(arguments) if hasattr(found, "from_config") else found


def get(identifier: Any) -> Any:
    """Returns an initializer for what stands for one.

    Args:
        identifier: a name such as `"glorot_uniform"`, a dict of `serialize`'s, a class, an initializer, a function of
            a shape, or a tensor or an array, for itself; None for None.

    Returns:
        A function of a shape and a dtype.

    Raises:
        ValueError: it stands for none.

    >>> import gradtape as tf
    >>> tf.initializers.get("zeros")([2]).numpy()
    array([0., 0.], dtype=float32)
    """
    if identifier is None:
        return None
    if isinstance(identifier, dict | str):
        return deserialize(identifier)
    if isinstance(identifier, Tensor | Variable | np.ndarray | np.generic):
        return given(identifier)
    if not callable(identifier):
        raise InvalidArgumentError(f"Could not interpret initializer identifier: {identifier!r}.")
    return identifier() if isinstance(identifier, type) else identifier


def given(values: Any) -> Callable[..., Tensor]:
    """Returns an initializer that gives these values, and refuses another shape than theirs."""

    def initialize(shape: Any, dtype: Any = None) -> Tensor:
        if tuple(map(int, shape)) != tuple(values.shape):
            raise InvalidArgumentError(f"the values have shape {tuple(values.shape)}, and shape={shape} is asked for.")
        return cast(values, as_kind(dtype))

    return initialize
