"""What the library says of itself: every public name has a docstring, in one form, and its examples run."""

import doctest
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from typing import Any

import pytest

import gradtape
from tests.docs.public_names import NAMESPACES, spellings

# Names without an example of their own, and why.
WITHOUT_EXAMPLE = {
    f"tf.errors.{name}": "raised, not called: the example of OpError shows what all of them share"
    for name, value in vars(gradtape.errors).items()
    if inspect.isclass(value) and issubclass(value, gradtape.errors.OpError) and value is not gradtape.errors.OpError
}


PUBLIC = {names[0]: value for value, names in spellings().items()}
FUNCTIONS = [name for name, value in PUBLIC.items() if inspect.isfunction(value)]


def run(test: doctest.DocTest) -> None:
    """Runs the examples of one docstring; fails with what they print otherwise."""
    report: list[str] = []
    failed = doctest.DocTestRunner().run(test, out=report.append).failed
    assert not failed, "".join(report)


def examples_inside() -> Iterator[tuple[doctest.DocTest, Any]]:
    """Yields the docstrings with examples of all functions and classes that are not public."""
    finder = doctest.DocTestFinder(exclude_empty=True)
    public_objects = set(map(id, PUBLIC.values()))
    for info in pkgutil.walk_packages(gradtape.__path__, "gradtape."):
        if info.name == "gradtape.__main__":
            continue
        module = importlib.import_module(info.name)
        for name, value in vars(module).items():
            ours = (inspect.isfunction(value) or inspect.isclass(value)) and value.__module__ == info.name
            if ours and id(value) not in public_objects:
                for test in finder.find(value, f"{info.name}.{name}", module=False, globs=dict(vars(module))):
                    if test.examples:
                        yield test, value


INSIDE = list(examples_inside())


def test_every_namespace_is_looked_at() -> None:
    shown = {f".{name}" for name, value in vars(gradtape).items() if inspect.ismodule(value) and name in dir(gradtape)}
    assert {name for name in shown if not name.startswith("._")} <= set(NAMESPACES)
    assert len(PUBLIC) > 300


@pytest.mark.parametrize("name", PUBLIC)
def test_docstring_opens_with_a_sentence(name: str) -> None:
    text = inspect.cleandoc(vars(PUBLIC[name])["__doc__"] if inspect.isclass(PUBLIC[name]) else PUBLIC[name].__doc__)
    sentence = text.partition("\n\n")[0]
    assert sentence.endswith(".")
    assert sentence[0].isupper() or sentence[0] == "`"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_docstring_says_what_goes_in_and_what_comes_out(name: str) -> None:
    function = PUBLIC[name]
    signature, text = inspect.signature(function), inspect.cleandoc(function.__doc__)
    arguments = text.partition("\nArgs:\n")[2].partition("\n\n")[0]
    for parameter in signature.parameters:
        # `mean, stddev: …` describes two at once.
        words = [word.strip(" *") for line in arguments.splitlines() for word in line.partition(":")[0].split(",")]
        assert parameter in words, f"Args of {name} do not name {parameter!r}"
    if signature.return_annotation not in ("None", None):
        assert "\nReturns:\n" in text


@pytest.mark.parametrize("name", PUBLIC)
def test_examples_run(name: str) -> None:
    tests = doctest.DocTestFinder().find(PUBLIC[name], name, module=False, globs={})
    if name in WITHOUT_EXAMPLE:
        assert not any(test.examples for test in tests), "it has an example now: drop it from the list"
        return
    assert next(test for test in tests if test.name == name).examples, "no example"
    for test in tests:
        run(test)


@pytest.mark.parametrize("test", [pytest.param(test, id=test.name) for test, _ in INSIDE])
def test_examples_inside_run(test: doctest.DocTest) -> None:
    run(test)


def test_a_wrong_example_is_noticed() -> None:
    def wrong() -> None:
        """Adds.

        >>> 1 + 1
        3
        """

    (test,) = doctest.DocTestFinder().find(wrong, "wrong", module=False, globs={})
    with pytest.raises(AssertionError, match="Expected"):
        run(test)
