"""The house: what its documents and its files say of each other."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import gradtape

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "gradtape"
MODULES = sorted(SOURCE.rglob("*.py"))
PYTHON = sorted(path for folder in ("src", "tests", "benchmarks", "examples") for path in (ROOT / folder).rglob("*.py"))


def name_of(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_opens_with_the_sentence_that_the_architecture_repeats(path: Path) -> None:
    sentence = (ast.get_docstring(ast.parse(path.read_text())) or "").partition("\n\n")[0].replace("\n", " ")
    assert sentence.endswith((".", ":")), "a module opens with a sentence"
    assert f"`{name_of(path)}`" in (ROOT / "ARCHITECTURE.md").read_text()
    assert " ".join(sentence.split()) in " ".join((ROOT / "ARCHITECTURE.md").read_text().split())


@pytest.mark.parametrize("path", PYTHON, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_file_is_longer_than_500_lines(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 500


def imported_with(statement: str) -> set[str]:
    code = f"import sys; {statement}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_the_import_brings_numpy_and_nothing_heavy() -> None:
    added = imported_with("import gradtape") - imported_with("import numpy")
    assert not [
        name for name in added if name.split(".")[0] in ("scipy", "ml_dtypes", "json", "random", "difflib", "ast")
    ]
    outside = {name.split(".")[0] for name in added} - {"gradtape"}
    assert outside <= {
        "__future__",
        "threading",
        "_weakrefset",
        "typing",
        "contextlib",
        "_bisect",
        "dataclasses",
        "copy",
    }


def test_the_readme_and_ci_run_the_same_command() -> None:
    readme, script = (ROOT / "README.md").read_text(), (ROOT / ".ci" / "run").read_text()
    for command in ('.venv/bin/pip install --quiet --editable ".[dev]"', ".venv/bin/python -m pytest --numprocesses 2"):
        assert command in readme
        assert command in script


def test_the_version_is_stated_once() -> None:
    assert gradtape.__version__ in (ROOT / "CHANGELOG.md").read_text()
    assert re.fullmatch(r"\d+\.\d+\.\d+", gradtape.__version__)
