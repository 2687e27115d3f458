"""The stand-in answers every spelling of TensorFlow's imports, leaves no trace, and explains what gradtape lacks."""

import importlib
import importlib.util
import subprocess
import sys
from types import ModuleType

import pytest

import gradtape
from gradtape._run import stand_in
from gradtape._run.nearest import INSTEAD, describe, nearest, public_names


@pytest.fixture
def tf():
    with gradtape.as_tensorflow() as module:
        yield module


def test_every_spelling_of_the_import(tf):
    import tensorflow
    import tensorflow as named
    import tensorflow.compat.v2 as v2
    import tensorflow.compat.v2.math as v2_math
    import tensorflow.math
    import tensorflow.math as math
    from tensorflow import constant
    from tensorflow import math as from_math
    from tensorflow.compat import v2 as from_v2
    from tensorflow.compat.v2 import exp as v2_exp
    from tensorflow.math import exp

    assert tensorflow is named is v2 is from_v2 is tf
    assert tensorflow.compat.v2 is tf
    assert math is from_math is tensorflow.math is v2_math is sys.modules["tensorflow.math"]
    assert constant is gradtape.constant
    assert exp is v2_exp is gradtape.math.exp
    assert math.__name__ == "tensorflow.math"


def test_a_star_import_gives_the_public_names(tf):
    namespace = {}
    exec("from tensorflow import *", namespace)
    assert namespace["GradientTape"] is gradtape.GradientTape
    assert not [name for name in namespace if name.startswith("_") and name != "__builtins__"]


def test_the_version_passes_checks_and_is_honest(tf):
    assert tf.__version__ == f"2.21.0+gradtape.{gradtape.__version__}"
    assert [int(part) for part in tf.__version__.split(".")[:2]] == [2, 21]
    assert gradtape.__version__ != tf.__version__


def test_names_are_copied_and_nothing_is_written_back(tf):
    assert vars(tf)["exp"] is gradtape.exp
    tf.exp = None
    assert gradtape.exp is not None


def test_names_that_gradtape_makes_on_demand(monkeypatch):
    made = []
    monkeypatch.setattr(gradtape, "__getattr__", lambda name: made.append(name) or name.upper(), raising=False)
    with gradtape.as_tensorflow() as tf:
        assert tf.late == "LATE"
    assert "late" in made


def test_private_modules_of_gradtape_are_not_tensorflow(tf):
    assert not hasattr(tf, "_run")
    for name in ["tensorflow._run", "tensorflow.__main__", "tensorflow.compat._run"]:
        with pytest.raises(ModuleNotFoundError, match="gradtape has no"):
            importlib.import_module(name)


def tensorflow_state():
    return {name: sys.modules[name] for name in sys.modules if name.split(".")[0] == "tensorflow"}, list(sys.meta_path)


def test_leaving_brings_back_what_was_there(monkeypatch):
    real, part = ModuleType("tensorflow"), ModuleType("tensorflow.math")
    monkeypatch.setitem(sys.modules, "tensorflow", real)
    monkeypatch.setitem(sys.modules, "tensorflow.math", part)
    before = tensorflow_state()
    with gradtape.as_tensorflow() as tf:
        importlib.import_module("tensorflow.linalg")
        assert sys.modules["tensorflow"] is tf is not real
    assert tensorflow_state() == before


def test_leaving_by_an_error_brings_it_back_too():
    before = tensorflow_state()
    with pytest.raises(KeyError), gradtape.as_tensorflow():
        raise KeyError(importlib.import_module("tensorflow"))
    assert tensorflow_state() == before


def test_a_block_within_a_block_ends_nothing():
    before = tensorflow_state()
    with gradtape.as_tensorflow() as outer:
        with gradtape.as_tensorflow() as inner:
            assert inner is outer
        import tensorflow

        assert tensorflow is outer
    assert tensorflow_state() == before


def test_the_plain_call_holds_until_restored():
    before = tensorflow_state()
    held = gradtape.as_tensorflow()
    import tensorflow

    assert tensorflow.exp is gradtape.exp
    held.restore()
    assert tensorflow_state() == before
    held.restore()
    assert tensorflow_state() == before


def test_other_imports_are_not_touched(tf):
    assert importlib.util.find_spec("tensorflow_probability") is None
    assert importlib.util.find_spec("tensorflow").origin == "gradtape"
    assert importlib.util.find_spec("json").origin != "gradtape"


def test_a_missing_attribute(tf):
    for module in (tf, gradtape):
        with pytest.raises(AttributeError, match=r"gradtape has no 'tf\.reduce_summ'; .* 'tf\.reduce_sum'$") as caught:
            module.reduce_summ
        assert caught.value.name == "reduce_summ"
        assert not hasattr(module, "nope_nope")
    for module in (tf.math, gradtape.math):
        with pytest.raises(AttributeError, match=r"gradtape has no 'tf\.math\.expp'; .* 'tf\.math\.exp'$"):
            module.expp
    with pytest.raises(AttributeError, match=r"gradtape has no 'tf\.compat\.v1'"):
        tf.compat.v1
    with pytest.raises(AttributeError, match="module 'gradtape' has no attribute '_nope'"):
        gradtape._nope


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("from tensorflow import reduce_summ", r"'tf\.reduce_summ'; .* 'tf\.reduce_sum'"),
        ("from tensorflow.math import expp", r"'tf\.math\.expp'; .* 'tf\.math\.exp'"),
        ("from tensorflow.compat.v2 import nope_nope", r"'tf\.nope_nope'"),
        ("import tensorflow.nope_nope", r"'tf\.nope_nope'"),
        ("import tensorflow.nope_nope.more", r"'tf\.nope_nope'"),
        ("import tensorflow.compat.v1 as tf", r"'tf\.compat\.v1'"),
    ],
)
def test_a_missing_name_in_an_import(tf, statement, message):
    with pytest.raises(ModuleNotFoundError, match=f"^gradtape has no {message}$") as caught:
        exec(statement)
    assert caught.value.name.startswith("gradtape.")


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("tf.linalg.reduce_sum", "tf.reduce_sum"),
        ("tf.log", "tf.math.log"),
        ("tf.random_normal", "tf.random.normal"),
        ("tf.mean", "tf.reduce_mean"),
        ("tf.exp2", "tf.exp"),
        ("tf.math.exp2", "tf.math.exp"),
        ("tf.GradientTap", "tf.GradientTape"),
        ("tf.nn.sotfmax", "tf.nn.softmax"),
        ("tf.mul", "tf.multiply"),
        ("tf.xyzzy", None),
    ],
)
def test_the_nearest_name(name, near):
    assert nearest(name) == near


def test_what_is_no_module_cannot_be_imported_as_one(tf):
    with pytest.raises(ModuleNotFoundError, match=r"^gradtape's 'tf\.math\.exp' is not a module$"):
        importlib.import_module("tensorflow.math.exp")


def test_describing_says_nothing_where_nothing_is_near():
    assert describe("tf.xyzzy") == "gradtape has no 'tf.xyzzy'"


def test_a_part_of_tensorflow_that_is_not_covered_gets_no_lookalike():
    assert describe("tf.audio") == "gradtape has no 'tf.audio', a part of TensorFlow that it doesn't cover"


def test_what_to_write_instead_is_said_where_no_other_name_would_do():
    said = "gradtape has no 'tf.no_gradient'; declare the operation with gradtape.op, where NOT_DIFFERENTIABLE says it"
    assert describe("tf.no_gradient") == said
    assert not INSTEAD.keys() & set(public_names())


@pytest.mark.parametrize("space", ["bitwise", "config", "dtypes", "linalg", "math", "nest", "nn", "random"])
def test_every_namespace_explains_what_it_lacks(space):
    with pytest.raises(AttributeError, match=rf"^gradtape has no 'tf\.{space}\.xyzzy'$"):
        getattr(gradtape, space).xyzzy
    # What a module imports for itself is not public.
    assert not {f"tf.{space}.Any", f"tf.{space}.NamedTuple", f"tf.{space}.TYPE_CHECKING"} & set(public_names())


def test_public_names_exist_and_are_gradtapes_own():
    names = public_names()
    assert {"tf.exp", "tf.math.exp", "tf.GradientTape", "tf.nn.softmax"} <= set(names)
    assert len(names) == len(set(names))
    for name in names:
        value = gradtape
        for part in name.split(".")[1:]:
            value = getattr(value, part)
        assert not isinstance(value, ModuleType) or value.__name__.startswith("gradtape.")


def test_the_import_of_gradtape_does_not_pay_for_it():
    late = ["difflib", "json", "gradtape._run.nearest", "gradtape._run.program", "gradtape._run.notebook"]
    code = (
        f"import sys, numpy; before = set(sys.modules); import gradtape; print(set({late}) & set(sys.modules) - before)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
    assert stand_in.STOOD_FOR not in sys.modules
