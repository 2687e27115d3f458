"""The names that programs use exist."""

import pytest

from tests.parity import names


def test_no_name_in_use_is_missing() -> None:
    assert names.missing() == []


@pytest.mark.parametrize("name", ["tf.xyzzy", "tf.math.xyzzy", "tf.nn.relu(xyzzy=)"])
def test_a_missing_name_is_noticed(name: str) -> None:
    function, _, keyword = name.partition("(")
    assert not names.exists(function, keyword.rstrip("=)"))


def test_what_is_set_aside_does_not_exist() -> None:
    assert [part for part in names.ELSEWHERE if names.exists(f"tf.{part}")] == []
