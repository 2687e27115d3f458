"""The page about own operations: its code runs, and prints what stands there."""

import doctest
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.special

import gradtape as tf

PAGE = Path(__file__).parents[2] / "docs" / "own_operations.md"


@pytest.fixture(scope="module")
def page() -> dict[str, Any]:
    """Runs the page from top to bottom; returns the names that it defines."""
    names: dict[str, Any] = {"__name__": "own_operations"}
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) > 5
    report: list[str] = []
    for block in blocks:
        if block.startswith(">>>"):
            test = doctest.DocTestParser().get_doctest(block, names, PAGE.name, str(PAGE), 0)
            doctest.DocTestRunner().run(test, out=report.append, clear_globs=False)
            names |= test.globs
        else:
            exec(compile(block, str(PAGE), "exec"), names)
    assert not report, "".join(report)
    return names


def test_the_error_function_has_a_second_derivative(page: dict[str, Any]) -> None:
    x = tf.constant(0.7, tf.float64)
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = page["erfcx"](x)
        slope = inner.gradient(y, x)
    first = 2 * 0.7 * scipy.special.erfcx(0.7) - 2 / np.sqrt(np.pi)
    assert float(slope) == pytest.approx(first)
    assert float(outer.gradient(slope, x)) == pytest.approx(2 * scipy.special.erfcx(0.7) + 2 * 0.7 * first)


def test_the_transforms_undo_each_other(page: dict[str, Any]) -> None:
    x = np.random.default_rng(0).normal(size=(2, 5))
    np.testing.assert_allclose(page["inverse_cosines"](page["cosines"](x)), x)


def test_every_declaration_of_the_page_exists(page: dict[str, Any]) -> None:
    for name in re.findall(r"`op\.(\w+)", PAGE.read_text(encoding="utf-8")):
        assert hasattr(page["op"], name), name
