"""Public functions and methods take what TensorFlow's take, as record_signatures.py found: names, order, defaults."""

import importlib.util
import json
import re
from operator import attrgetter
from pathlib import Path

import pytest

import gradtape as tf

HERE = Path(__file__).parent
spec = importlib.util.spec_from_file_location("parity_signatures", HERE / "record_signatures.py")
record = importlib.util.module_from_spec(spec)
spec.loader.exec_module(record)

SIGNATURES = json.loads((HERE / "signatures.json").read_text(encoding="utf-8"))["signatures"]


def ours():
    """Returns gradtape's own functions and methods by their public names."""
    found = {}
    for each in record.NAMESPACES:
        prefix = f"tf.{each}." if each else "tf."
        found |= {prefix + name: value for name, value in record.functions(attrgetter(each)(tf) if each else tf)}
    for each in record.CLASSES:
        kind = attrgetter(each)(tf)
        # A name that raises AttributeError only says what to write instead.
        found |= {f"tf.{each}.{name}": value for name, value in record.methods(kind) if hasattr(kind, name)}
    # The stand-in for TensorFlow's name is gradtape's own.
    return {
        name: value
        for name, value in found.items()
        if (module := getattr(value, "__module__", None) or "").startswith("gradtape") and "._run" not in module
    }


def known_differences():
    """Reads {name: reason}; a line is `name  # reason`."""
    lines = (HERE / "known_signatures.txt").read_text(encoding="utf-8").splitlines()
    pairs = [line.split("  # ", 1) for line in lines if line.strip() and not line.startswith("#")]
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


OURS, KNOWN = ours(), known_differences()


def without_names(text):
    """A signature without the default of `name`: nothing has a name here, whatever its default."""
    return re.sub(r"\bname=('[^']*'|None)", "name", text)


@pytest.mark.parametrize("name", OURS)
def test_takes_what_tensorflow_takes(name):
    expected, found = SIGNATURES.get(name), record.outline(OURS[name])
    same = expected is not None and without_names(expected) == without_names(found)
    if name in KNOWN:
        assert not same, f"no longer differs ({KNOWN[name]}): drop its line"
    else:
        assert same, f"{name}: TensorFlow takes {expected or 'nothing of that name'}, gradtape {found}"


def test_every_known_difference_is_a_name():
    assert not KNOWN.keys() - OURS.keys()


def test_a_wrong_signature_is_noticed():
    def exp(x, axis=None, name=None):
        return x, axis, name

    assert without_names(SIGNATURES["tf.exp"]) == without_names("(x, name='exp')") == "(x, name)"
    assert without_names(record.outline(exp)) != without_names(SIGNATURES["tf.exp"])
    assert len(OURS) > 200
