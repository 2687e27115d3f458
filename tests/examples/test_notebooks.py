"""The example notebooks show, cell by cell, what they showed under TensorFlow (recorded by record_notebooks.py)."""

import json
import math
import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
EXAMPLES = HERE.parents[1] / "examples"
RECORD = json.loads((HERE / "notebooks.json").read_text(encoding="utf-8"))
RECORDED = RECORD["notebooks"]

# Cells that depend on a number drawn without a seed: (notebook, cell) and what varies in the text.
DRAWN = {
    ("automatic_differentiation.ipynb", 12): (r"(?<=numpy=)[\d.]+(?=>)", r"(?P<gradient>[\d.]+)"),
    ("automatic_differentiation.ipynb", 13): (r"(?<=numpy=)(True|False)(?=>)", r"(?P<equal>True|False)"),
}


def pattern(name):
    """Makes a pattern of all that the notebook prints, open where a drawn number shows."""
    parts = []
    for number, text in enumerate(RECORDED[name], 1):
        mask, group = DRAWN.get((name, number), (None, None))
        if mask is None:
            parts.append(re.escape(text))
        else:
            found = re.search(mask, text)
            parts.append(re.escape(text[: found.start()]) + group + re.escape(text[found.end() :]))
    return "".join(parts)


def run(name):
    command = [sys.executable, "-W", "error", "-m", "gradtape", str(EXAMPLES / name)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_every_notebook_is_recorded():
    assert sorted(RECORDED) == sorted(path.name for path in EXAMPLES.glob("*.ipynb"))


@pytest.mark.parametrize("name", sorted(RECORDED))
def test_prints_what_tensorflow_prints(name):
    done = run(name)
    assert (done.returncode, done.stderr) == (0, RECORD["errors"][name])
    match = re.fullmatch(pattern(name), done.stdout)
    assert match, done.stdout
    drawn = match.groupdict()
    if "gradient" in drawn:
        # The function multiplies by two until it is large, and a negative result by a hundred.
        gradient = float(drawn["gradient"])
        doublings = math.log2(gradient)
        hundredfold = not doublings.is_integer()
        assert not hundredfold or math.log2(gradient / 100).is_integer()
        # d / a is exact for a power of two; with the hundred it is rounded twice.
        assert drawn["equal"] == "True" or hundredfold


def test_a_wrong_output_would_be_seen():
    texts = "".join(RECORDED["automatic_differentiation.ipynb"])
    whole = pattern("automatic_differentiation.ipynb")
    assert re.fullmatch(whole, texts)
    assert not re.fullmatch(whole, texts.replace("12.", "12.5"))
