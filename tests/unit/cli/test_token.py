"""Lengths of time as people write them."""

from datetime import timedelta

import pytest

from submeter.cli.token import duration
from submeter.core.problem import Refused


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("30m", timedelta(minutes=30)),
        ("12h", timedelta(hours=12)),
        ("30d", timedelta(days=30)),
        ("2 w", timedelta(weeks=2)),
        ("1Y", timedelta(days=365)),
    ],
)
def test_a_number_and_a_unit(text: str, length: timedelta) -> None:
    assert duration(text) == length


@pytest.mark.parametrize("text", ["", "30", "d", "0d", "-1d", "1.5h", "999999d", "1 month"])
def test_anything_else_is_refused_with_examples(text: str) -> None:
    with pytest.raises(Refused) as caught:
        duration(text)

    assert caught.value.problem.code == "CLI101"
    assert "30d" in caught.value.problem.hint
