"""Intervals on clocks, compared with the days of metering, which convert one instant at a time."""

from datetime import date, timedelta
from itertools import chain

import numpy as np
import pytest

from submeter.core.problem import Refused
from submeter.metering.days import list_starts, minute_of, wall_minutes
from submeter.rating.timeline import timeline, wall_of
from submeter.rating.windows import NO_BAND, band_codes, bands_of
from submeter.tariffs.model import Band, Calendar, Component, DayType

WEEK: frozenset[DayType] = frozenset({"mon", "tue", "wed", "thu", "fri"})
CLOCKS = ["Australia/Sydney", "Europe/London", "Pacific/Auckland", "Etc/GMT-10", "Australia/Lord_Howe"]


@pytest.mark.parametrize("clock", CLOCKS)
@pytest.mark.parametrize(
    "first", [date(2026, 3, 20), date(2026, 9, 20), date(2026, 10, 1), date(2025, 12, 28)]
)
@pytest.mark.parametrize("minutes", [5, 30])
def test_walls_are_those_of_single_instants(clock: str, first: date, minutes: int) -> None:
    days = [first + timedelta(days=n) for n in range(40)]
    line = timeline(first, first + timedelta(days=40), clock, minutes)
    assert list(line.starts) == [
        minute_of(at) for at in chain.from_iterable(list_starts(day, clock, minutes) for day in days)
    ]
    assert list(wall_of(line, clock).minutes) == [
        wall for day in days for wall in wall_minutes(day, clock, minutes)
    ]


@pytest.mark.parametrize(
    ("clock", "day", "count"),
    [
        ("Australia/Sydney", date(2026, 10, 4), 46),
        ("Australia/Sydney", date(2026, 4, 5), 50),
        ("Europe/London", date(2026, 3, 29), 46),
        ("Europe/London", date(2026, 10, 25), 50),
        ("Etc/GMT-10", date(2026, 10, 4), 48),
    ],
)
def test_days_of_clock_changes(clock: str, day: date, count: int) -> None:
    line = timeline(day, day + timedelta(days=1), clock, 30)
    assert len(line.starts) == count
    assert set(line.days) == {0}


def test_market_time_on_a_local_day() -> None:
    """Sydney in summer is an hour ahead of the market: its day begins at 23:00 of the market's day before."""
    line = timeline(date(2026, 1, 10), date(2026, 1, 11), "Australia/Sydney", 60)
    wall = wall_of(line, "Etc/GMT-10")
    assert int(wall.minutes[0]) == 23 * 60
    assert date.fromordinal(int(wall.ordinals[0])) == date(2026, 1, 9)


def test_intervals_that_do_not_fill_the_day() -> None:
    with pytest.raises(Refused, match="RTG101"):
        timeline(date(2026, 4, 5), date(2026, 4, 6), "Australia/Lord_Howe", 60)


def bands(*windows: Band, day: date = date(2026, 11, 22), clock: str = "Australia/Sydney") -> list[str]:
    component = Component(code="e", kind="usage", rates=(), bands=windows)
    line = timeline(day, day + timedelta(days=1), clock, 60)
    calendar = Calendar(clock, "Etc/GMT-10", frozenset({date(2026, 11, 24)}))
    codes = band_codes(component)
    return ["-" if place == NO_BAND else codes[place] for place in bands_of(line, component, calendar)]


def test_the_first_band_that_fits_wins() -> None:
    found = bands(Band("peak", 900, 1260), Band("off"), Band("never", 0, 1440))
    assert found == ["off"] * 15 + ["peak"] * 6 + ["off"] * 3


def test_a_window_over_midnight() -> None:
    assert bands(Band("night", 22 * 60, 7 * 60)) == ["night"] * 7 + ["-"] * 15 + ["night"] * 2


def test_weekends_are_told_from_weekdays() -> None:
    sunday, monday = date(2026, 11, 22), date(2026, 11, 23)
    windows = (Band("peak", 0, 1440, WEEK), Band("off"))
    assert set(bands(*windows, day=sunday)) == {"off"}
    assert set(bands(*windows, day=monday)) == {"peak"}


def test_a_holiday_is_no_weekday_where_bands_name_holidays() -> None:
    tuesday = date(2026, 11, 24)
    named = (Band("peak", 0, 1440, WEEK), Band("free", 0, 1440, frozenset({"holiday"})), Band("off"))
    assert set(bands(*named, day=tuesday)) == {"free"}
    assert set(bands(Band("peak", 0, 1440, WEEK), Band("off"), day=tuesday)) == {"peak"}


@pytest.mark.parametrize(
    ("day", "code"),
    [
        (date(2026, 10, 31), "winter"),
        (date(2026, 11, 1), "summer"),
        (date(2026, 12, 31), "summer"),
        (date(2027, 1, 1), "summer"),
        (date(2027, 3, 31), "summer"),
        (date(2027, 4, 1), "winter"),
    ],
)
def test_a_season_over_the_new_year(day: date, code: str) -> None:
    assert set(bands(Band("summer", season=((11, 1), (3, 31))), Band("winter"), day=day)) == {code}


def test_the_hour_that_autumn_repeats_is_in_its_band_twice() -> None:
    found = bands(Band("night", 120, 180), Band("off"), day=date(2026, 4, 5))
    assert found.count("night") == 2
    assert len(found) == 25


def test_local_windows_where_billing_days_are_the_markets() -> None:
    """In summer the market's midnight is 1 o'clock in Sydney, so its day ends in the local day after."""
    component = Component(code="e", kind="usage", rates=(), bands=(Band("night", 0, 120), Band("off")))
    line = timeline(date(2026, 1, 10), date(2026, 1, 11), "Etc/GMT-10", 60)
    calendar = Calendar("Etc/GMT-10", "Etc/GMT-10", local_clock="Australia/Sydney")
    codes = [band_codes(component)[place] for place in bands_of(line, component, calendar)]
    assert codes == ["night"] + ["off"] * 22 + ["night"]


def test_columns_of_days() -> None:
    line = timeline(date(2026, 10, 1), date(2026, 10, 8), "Australia/Sydney", 0)
    assert len(line.starts) == 7
    assert list(np.diff(line.starts)) == [1440, 1440, 1440, 1380, 1440, 1440]
