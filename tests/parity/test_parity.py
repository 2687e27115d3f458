"""Replays the parity cases on gradtape and compares with the answers that `record.py` got from TensorFlow."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

import gradtape as tf

HERE = Path(__file__).parent
spec = importlib.util.spec_from_file_location("parity_record", HERE / "record.py")
record = importlib.util.module_from_spec(spec)
spec.loader.exec_module(record)

TOLERANCES = {"float16": 2e-3, "bfloat16": 2e-2, "float32": 1e-5, "complex64": 1e-5, "float64": 1e-12,
              "complex128": 1e-12, "float": 1e-5, "complex": 1e-5}  # fmt: skip
CASES = [(topic, case, source) for topic in record.topics() for case, source in record.read_cases(topic).items()]
ANSWERS = {
    topic: json.loads((HERE / "answers" / f"{topic}.json").read_text(encoding="utf-8"))["cases"]
    for topic in record.topics()
}


def known_differences():
    """Reads {"topic: case": (aspect, reason)}; a line is `topic: case  # aspect: reason`."""
    known = {}
    for line in (HERE / "known_differences.txt").read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            case, _, why = line.rpartition("  # ")
            aspect, _, reason = why.partition(": ")
            if not (case and reason) or case in known:
                raise ValueError(f"known_differences.txt: {line!r} isn't one `topic: case  # aspect: reason`")
            known[case] = aspect, reason
    return known


KNOWN = known_differences()


def differences(expected, found):
    """Yields (aspect, what TensorFlow gives, what gradtape gives) for all that differs between two answers."""
    if "error" in (expected["kind"], found["kind"]):
        if expected["kind"] != found["kind"] or expected["class"] not in (found["class"], *found["bases"]):
            did = f"raises {found['class']}" if found["kind"] == "error" else "returns"
            yield did, outline(expected), outline(found)
        return
    for aspect in ("kind", "dtype", "shape", "keys", "name", "trainable", "text", "stdout", "stderr"):
        if expected.get(aspect) != found.get(aspect):
            yield aspect, expected.get(aspect), found.get(aspect)
    if expected["kind"] != found["kind"] or expected.get("shape") != found.get("shape"):
        return
    if "values" in expected:
        tolerance = TOLERANCES.get(expected.get("dtype", expected["kind"]), 0.0)
        if not close(expected["values"], found["values"], tolerance):
            yield "values", expected["values"], found["values"]
    if json.dumps(expected.get("values")) == json.dumps(found.get("values")):
        for aspect in ("repr", "str"):  # the printed digits are comparable only where the values are the same
            if expected.get(aspect) != found.get(aspect):
                yield aspect, expected.get(aspect), found.get(aspect)
    if len(expected.get("parts", ())) != len(found.get("parts", ())):
        yield "length", len(expected["parts"]), len(found["parts"])
    for one, other in zip(expected.get("parts", ()), found.get("parts", ()), strict=False):
        yield from differences(one, other)


def close(expected, found, tolerance):
    """Compares two lists of exact values; nan equals nan, and a small value among large ones has their precision."""
    if not tolerance:
        return expected == found
    one, other = np.array(expected, dtype=float), np.array(found, dtype=float)
    if one.shape != other.shape:
        return False
    finite = np.abs(one[np.isfinite(one)])
    slack = 0.1 * tolerance * finite.max() if finite.size else 0.0
    return bool(np.allclose(other, one, rtol=tolerance, atol=slack, equal_nan=True))


def outline(account):
    """Says in a few words what an answer is."""
    if account["kind"] == "error":
        return f"raises {account['class']}"
    shown = account.get("repr") or account.get("text") or account.get("values") or account.get("stdout")
    return f"gives a {account['kind']} {'' if shown is None else shown}".strip()


@pytest.mark.parametrize(("topic", "case", "source"), [pytest.param(*c, id=f"{c[0]}: {c[1]}") for c in CASES])
def test_case_gives_what_tensorflow_gives(topic, case, source):
    expected = ANSWERS[topic].get(case)
    assert expected is not None, "no recorded answer: run record.py"
    assert expected.get("source", case) == source, "the case changed: run record.py"
    found = list(differences(expected, record.answer(source, tf)))
    lines = [f"  {aspect}: TensorFlow {one!r}, gradtape {other!r}" for aspect, one, other in found]
    if f"{topic}: {case}" in KNOWN:
        aspect, reason = KNOWN[f"{topic}: {case}"]
        assert aspect in [entry[0] for entry in found], f"no longer differs in {aspect!r} ({reason}): drop its line"
    else:
        assert not found, "\n".join([source, *lines])


def test_every_known_difference_names_a_case():
    assert not KNOWN.keys() - {f"{topic}: {case}" for topic, case, _ in CASES}


def test_every_answer_belongs_to_a_case():
    answered = {(topic, case) for topic, answers in ANSWERS.items() for case in answers}
    assert answered == {(topic, case) for topic, case, _ in CASES}


def test_a_wrong_answer_is_noticed():
    right = record.answer("tf.constant([1.0, 2.0])", tf)
    wrong = ["tf.constant([1.0, 2.1])", "tf.constant([1, 2])", "tf.constant([[1.0, 2.0]])", "None", "tf.exp()",
             "[1.0, 2.0]", "tf.Variable([1.0, 2.0])", "tf.constant([1.0, np.nan])"]  # fmt: skip
    assert not list(differences(right, right))
    assert all(list(differences(right, record.answer(source, tf))) for source in wrong)
