"""Every law on every operation, in every dtype, on every sample."""

import pytest

from . import lawbook


@pytest.mark.parametrize("law", lawbook.LAWS)
@pytest.mark.parametrize(
    ("name", "dtype"), [(name, dtype) for name in lawbook.names() for dtype in lawbook.dtypes(name)]
)
def test_law(name: str, dtype: str, law: str) -> None:
    assert lawbook.check(name, law, dtype) > 0, f"{name} declares no samples"
