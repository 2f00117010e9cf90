"""Local days and months of the demonstration."""

from datetime import UTC, date, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from submeter.demo.days import first_of_month, first_of_quarter, instant, list_days, list_months

LONDON = ZoneInfo("Europe/London")


def test_a_day_has_46_48_or_50_half_hours() -> None:
    days = {day.day: day for day in list_days(date(2026, 1, 1), date(2027, 1, 1), LONDON)}
    spring, autumn = days.pop(date(2026, 3, 29)), days.pop(date(2026, 10, 25))
    assert spring.slots == (0, 1, *range(4, 48))
    assert autumn.slots == (0, 1, 2, 3, 2, 3, *range(4, 48))
    assert {day.slots for day in days.values()} == {tuple(range(48))}


def test_days_follow_each_other_without_a_gap() -> None:
    days = list_days(date(2025, 11, 1), date(2026, 11, 1), LONDON)
    assert len(days) == 365
    for earlier, later in pairwise(days):
        assert earlier.index_of(later.starts_at) == len(earlier.slots)
    assert instant(date(2026, 7, 1), LONDON) == datetime(2026, 6, 30, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 3, 1), 0, date(2026, 3, 1)),
        (date(2026, 3, 1), -12, date(2025, 3, 1)),
        (date(2024, 2, 29), -12, date(2023, 2, 1)),
        (date(2026, 12, 31), 1, date(2027, 1, 1)),
        (date(2026, 1, 31), -1, date(2025, 12, 1)),
    ],
)
def test_first_of_month(day: date, months: int, expected: date) -> None:
    assert first_of_month(day, months) == expected


def test_quarters_and_months() -> None:
    assert [first_of_quarter(date(2026, month, 15)).month for month in (1, 3, 4, 9, 12)] == [1, 1, 4, 7, 10]
    assert first_of_quarter(date(2026, 12, 31), 1) == date(2027, 1, 1)
    assert list_months(date(2025, 11, 1), date(2026, 2, 1)) == (
        date(2025, 11, 1),
        date(2025, 12, 1),
        date(2026, 1, 1),
    )
