"""The page about derivatives: its code runs, and prints what stands there; it names what there is."""

import doctest
import re
from pathlib import Path
from typing import Any

import pytest

import gradtape as tf
from tests.docs.public_names import exported

PAGE = Path(__file__).parents[2] / "docs" / "derivatives.md"
TEXT = PAGE.read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^#+ (.*?)\n(.*?)(?=^#+ |\Z)", TEXT, re.DOTALL | re.MULTILINE))


def blocks(text: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", text, re.DOTALL)


@pytest.fixture
def names() -> dict[str, Any]:
    """What the page imports at its beginning."""
    found: dict[str, Any] = {"__name__": "derivatives"}
    (imports,) = blocks(SECTIONS["Derivatives"])
    exec(compile(imports, str(PAGE), "exec"), found)
    return found


@pytest.mark.parametrize("title", [title for title in SECTIONS if title != "Derivatives"])
def test_the_examples_of_a_section_run(title: str, names: dict[str, Any]) -> None:
    examples = blocks(SECTIONS[title])
    assert examples, "a section has an example"
    report: list[str] = []
    for example in examples:
        test = doctest.DocTestParser().get_doctest(example, names, title, str(PAGE), 0)
        assert test.examples
        doctest.DocTestRunner().run(test, out=report.append, clear_globs=False)
        names |= test.globs
    assert not report, "".join(report)


def test_every_example_is_run() -> None:
    assert sum(len(blocks(text)) for text in SECTIONS.values()) == TEXT.count("```python") > 10


def test_the_page_tells_of_all_of_autodiff_and_optimize() -> None:
    for module in (tf.autodiff, tf.optimize):
        for name in (name for name in exported(module) if not name.startswith("_")):
            assert re.search(rf"\b{name}\b", TEXT), name


def test_every_name_of_the_page_exists() -> None:
    for path in re.findall(r"\btf\.([\w.]+\w)", TEXT):
        value: Any = tf
        for name in path.split("."):
            value = getattr(value, name)
