"""The page of operations: it is up to date, and has no gaps."""

import pytest

from tests.docs import operations_page

ROWS = operations_page.rows()
# Names that no recorded call of TensorFlow is compared with, and why.
NOT_COMPARED = {
    "tf.as_tensorflow": "TensorFlow has no such name",
    "tf.config.": "TensorFlow's answers depend on the machine",
    "tf.test.": "TensorFlow's answers depend on the machine",
    "tf.device": "TensorFlow's answers depend on the machine",
    "tf.timestamp": "the time",
    "tf.get_logger": "an object of Python's",
    "tf.autograph.to_": "source that TensorFlow has rewritten",
}


def test_the_page_is_up_to_date() -> None:
    assert operations_page.PAGE.read_text(encoding="utf-8") == operations_page.page()


@pytest.mark.parametrize("row", [pytest.param(row, id=row[0].split("`")[1]) for row in ROWS])
def test_no_cell_is_without_an_answer(row: list[str]) -> None:
    name = row[0].split("`")[1]
    assert operations_page.UNKNOWN not in row
    assert row[1] or excused(name), "compare it with TensorFlow, or say why not"


def excused(name: str) -> list[str]:
    """The beginnings of names by which a name need not be compared."""
    return [part for part in NOT_COMPARED if name.startswith(part)]


def test_every_excuse_is_needed() -> None:
    needed = {part for row in ROWS if not row[1] for part in excused(row[0].split("`")[1])}
    assert needed == {*NOT_COMPARED}
