"""What the tests of the launcher share: a folder to run programs in, and a way to run them."""

import json
import subprocess
import sys

import pytest


@pytest.fixture
def launch(tmp_path):
    """Runs `python -m gradtape` with the given arguments in an empty folder, or with python=True Python itself."""

    def run(*arguments, stdin=None, python=False):
        command = [sys.executable, "-W", "error", *([] if python else ["-m", "gradtape"]), *arguments]
        return subprocess.run(command, input=stdin, capture_output=True, text=True, cwd=tmp_path, check=False)

    return run


@pytest.fixture
def write(tmp_path):
    """Writes a file into that folder."""

    def put(name, text):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return put


@pytest.fixture
def write_notebook(write):
    """Writes a notebook of the given code cells, with a cell of text before them."""

    def put(name, *sources, **metadata):
        text = {"cell_type": "markdown", "metadata": {}, "source": ["# not code"]}
        cells = [{"cell_type": "code", "metadata": {}, "outputs": [], "source": source} for source in sources]
        book = {"cells": [text, *cells], "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
        return write(name, json.dumps(book))

    return put
