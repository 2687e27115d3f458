"""The worked example of CONTRIBUTING.md: declared as it stands there, it obeys every law."""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import gradtape as tf
from gradtape._core.op import OPS
from gradtape.testing import check_laws

PAGE = Path(__file__).parents[2] / "CONTRIBUTING.md"


@pytest.fixture
def declared() -> Iterator[None]:
    (example,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    namespace = {"np": np, "__name__": "gradtape._ops.example"}
    exec(compile(example, str(PAGE), "exec"), namespace)
    yield
    del OPS["sech2"]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_example_obeys_every_law(declared: None, dtype: str) -> None:
    assert check_laws(OPS["sech2"].function, dtypes=[dtype]) > 0


def test_the_example_works(declared: None) -> None:
    x = tf.constant(0.5, tf.float64)
    with tf.GradientTape() as outer, tf.GradientTape() as inner:
        outer.watch(x)
        inner.watch(x)
        y = OPS["sech2"].function(x)
    assert float(y) == pytest.approx(1 / np.cosh(0.5) ** 2)
    assert float(inner.gradient(y, x)) == pytest.approx(-2 * np.tanh(0.5) / np.cosh(0.5) ** 2)
    del outer
