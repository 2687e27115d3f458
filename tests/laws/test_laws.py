"""Every law on every operation, in every dtype, on every sample."""

import re
from pathlib import Path

import pytest

from gradtape._testing import lawbook

PAGE = Path(__file__).parents[2] / "docs" / "testing.md"


@pytest.mark.parametrize("law", lawbook.LAWS)
@pytest.mark.parametrize(
    ("name", "dtype"), [(name, dtype) for name in lawbook.names() for dtype in lawbook.dtypes(name)]
)
def test_law(name: str, dtype: str, law: str) -> None:
    assert lawbook.check(name, law, dtype) > 0, f"{name} declares no samples"


def test_the_documents_tell_of_every_law() -> None:
    assert {*re.findall(r"^\| `(\w+)`", PAGE.read_text(encoding="utf-8"), re.MULTILINE)} == {*lawbook.LAWS}
