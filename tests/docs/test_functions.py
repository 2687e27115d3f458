"""The page about functions: its code runs, and prints what stands there; the names in it exist."""

import doctest
import re
from pathlib import Path
from typing import Any

import pytest

import gradtape as tf

PAGE = Path(__file__).parents[2] / "docs" / "functions.md"
TEXT = PAGE.read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
# What the page names to say that it is not there.
ABSENT = {"Graph"}


class Checker(doctest.OutputChecker):
    """Compares with the name of a file where doctest has made one up for the example."""

    def check_output(self, want: str, got: str, optionflags: int) -> bool:
        return super().check_output(want, re.sub(r"<doctest [^>]*>", "program.py", got), optionflags)


def failures(blocks: list[str]) -> str:
    """Runs blocks one after the other; returns what differs."""
    names: dict[str, Any] = {"__name__": "functions"}
    report: list[str] = []
    for block in blocks:
        test = doctest.DocTestParser().get_doctest(block, names, PAGE.name, str(PAGE), 0)
        assert test.examples
        doctest.DocTestRunner(Checker()).run(test, out=report.append, clear_globs=False)
        names |= test.globs
    return "".join(report)


def test_the_examples_run() -> None:
    assert len(BLOCKS) == TEXT.count("```python") > 7
    assert not failures(BLOCKS)


def test_a_wrong_answer_would_be_seen() -> None:
    (block,) = [each for each in BLOCKS if "def halvings" in each]
    assert "Expected" in failures([BLOCKS[0], block.replace("[2, 2, 4, 2, 2, 4]", "[2, 2, 4, 2, 2, 5]")])


@pytest.mark.parametrize("path", sorted(set(re.findall(r"\btf\.([\w.]+\w)", TEXT))))
def test_the_names_of_the_page_exist(path: str) -> None:
    value: Any = tf
    for name in path.split("."):
        value = getattr(value, name, None)
    assert (value is None) == (path in ABSENT)


@pytest.mark.parametrize("options", re.findall(r"`(\w+)=`", TEXT))
def test_the_arguments_of_the_page_exist(options: str) -> None:
    assert tf.function(lambda x: x, **{options: None})
