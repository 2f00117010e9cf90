"""Days, half-hours and settlement periods of many clocks over many years."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from submeter.core.problem import Refused
from submeter.metering.days import (
    DAY,
    count_of,
    day_of,
    length_of,
    list_starts,
    starts_at,
    wall_minutes,
)

# Before 1973 some places had clocks that differ from UTC by seconds.
days = st.dates(date(1973, 1, 1), date(2037, 12, 31))
clocks = st.one_of(
    st.sampled_from(
        ["Europe/London", "Pacific/Auckland", "Australia/Lord_Howe", "America/Havana", "Pacific/Apia"]
    ),
    st.sampled_from(sorted(zone for zone in available_timezones() if "/" in zone)),
)
instants = st.integers(0, 65 * 366 * 1440).map(
    lambda n: datetime(1973, 1, 1, tzinfo=UTC) + timedelta(minutes=n)
)


@given(days, clocks)
def test_days_follow_each_other_and_hold_their_own_times(day: date, clock: str) -> None:
    start, end = starts_at(day, clock), starts_at(day + DAY, clock)
    assert start <= end
    zone = ZoneInfo(clock)
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=zone)
    if noon.astimezone(UTC).astimezone(zone) == noon and start < end:
        assert start <= noon < end
        assert day_of(noon, clock) == day
    assert length_of(day, clock) == (end - start) // timedelta(minutes=1)


@given(instants, clocks)
def test_every_instant_is_in_one_day(instant: datetime, clock: str) -> None:
    day = day_of(instant, clock)
    assert starts_at(day, clock) <= instant < starts_at(day + DAY, clock)
    wall = instant.astimezone(ZoneInfo(clock)).date()
    assert wall in (day, day - DAY), "the old date comes back where a clock goes back over midnight"


@given(days, clocks)
def test_the_wall_clock_agrees_with_the_zone(day: date, clock: str) -> None:
    if length_of(day, clock) % 15:
        return
    shown = wall_minutes(day, clock, 15)
    assert len(shown) == len(list_starts(day, clock, 15)) == count_of(day, clock, 15)
    if length_of(day, clock) == 1440 and shown[0] == 0:
        # Most days: straight through. Where two changes meet on a day, both hours are seen.
        assert set(shown) <= set(range(0, 1440, 15))
    assert all(0 <= minute < 1440 for minute in shown)


@pytest.mark.parametrize(
    ("day", "clock", "count"),
    [
        (date(2026, 3, 29), "Europe/London", 46),
        (date(2026, 10, 25), "Europe/London", 50),
        (date(2026, 6, 1), "Europe/London", 48),
        (date(2026, 4, 5), "Pacific/Auckland", 50),
        (date(2026, 9, 27), "Pacific/Auckland", 46),
        (date(2026, 4, 5), "Australia/Sydney", 50),
        (date(2026, 4, 5), "Australia/Brisbane", 48),
        (date(2026, 4, 5), "Etc/GMT-10", 48),
        (date(2026, 4, 5), "Australia/Lord_Howe", 49),
        (date(2011, 12, 30), "Pacific/Apia", 0),
        (date(2012, 11, 4), "America/Havana", 50),
        (date(2017, 10, 15), "America/Sao_Paulo", 46),
    ],
)
def test_half_hours_of_days_where_clocks_change(day: date, clock: str, count: int) -> None:
    assert count_of(day, clock, 30) == count


def test_a_day_that_begins_without_midnight_begins_after_2359() -> None:
    day, clock = date(2017, 10, 15), "America/Sao_Paulo"
    assert starts_at(day, clock) == datetime(2017, 10, 15, 3, tzinfo=UTC)
    assert wall_minutes(day, clock, 30)[0] == 60


def test_the_wall_clock_leaps_in_spring_and_repeats_in_autumn() -> None:
    assert wall_minutes(date(2026, 3, 29), "Europe/London", 60)[:3] == (0, 120, 180)
    assert wall_minutes(date(2026, 10, 25), "Europe/London", 60)[:4] == (0, 60, 60, 120)


def test_the_old_date_that_comes_back_after_midnight_is_of_the_new_day() -> None:
    """St John's, 28 October 1990: at 00:01 the clock went back to 23:01 of the 27th."""
    clock, day = "America/St_Johns", date(1990, 10, 28)
    assert starts_at(day, clock) == datetime(1990, 10, 28, 2, 30, tzinfo=UTC)
    again = datetime(1990, 10, 28, 2, 45, tzinfo=UTC)
    assert again.astimezone(ZoneInfo(clock)).date() == day - DAY
    assert day_of(again, clock) == day


def test_hours_do_not_fill_a_day_of_half_an_hour_less() -> None:
    with pytest.raises(Refused, match="MTR391"):
        count_of(date(2026, 10, 4), "Australia/Lord_Howe", 60)
