"""What is shown of a register's intervals: which days, averages by the wall clock, gaps, months."""

from datetime import date
from decimal import Decimal

import numpy as np
import pytest

from submeter.charts.model import AverageDays, GapCalendar, Heading, MonthBars
from submeter.core.problem import Refused
from submeter.metering.model import MISSING, DayRow, Stream
from submeter.metering.plots import Kind, Period, chart_of, choose_period, local_days, words_of
from submeter.metering.series import Series, series_of

HEADING = Heading("title")
LONDON = "Europe/London"


def row(day: date, values: list[int], clock: str = "UTC", minutes: int = 30) -> DayRow:
    amounts = np.array(values, "<i4").tobytes()
    stream = Stream("own", "x", "1")
    return DayRow(stream, day, clock, minutes, 3, amounts, "A", (), None, 1)


def days_of_utc(first: date, count: int) -> Series:
    """Half-hours numbered from 0 by their place in the UTC day."""
    return series_of([row(date.fromordinal(first.toordinal() + n), list(range(48))) for n in range(count)])


# Which days ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "first", "end", "period"),
    [
        (Kind.day, None, None, ("2026-03-31", "2026-04-01")),
        (Kind.day, "2026-01-05", None, ("2026-01-05", "2026-01-06")),
        (Kind.day, None, "2026-01-05", ("2026-01-04", "2026-01-05")),
        (Kind.week, None, None, ("2026-03-25", "2026-04-01")),
        (Kind.week, "2026-01-05", "2026-01-20", ("2026-01-05", "2026-01-20")),
        (Kind.year, None, None, ("2025-04-01", "2026-04-01")),
        (Kind.year, "2024-02-01", None, ("2024-02-01", "2025-02-01")),
        (Kind.missing, None, "2024-02-29", ("2023-02-28", "2024-02-29")),
        (Kind.months, None, None, ("2025-04-01", "2026-04-01")),
        (Kind.months, None, "2026-01-01", ("2025-01-01", "2026-01-01")),
        (Kind.months, None, "2026-03-10", ("2025-04-01", "2026-03-10")),
        (Kind.months, None, "2025-12-10", ("2025-01-01", "2025-12-10")),
    ],
)
def test_days_are_chosen_by_kind(
    kind: Kind, first: str | None, end: str | None, period: tuple[str, str]
) -> None:
    asked = [date.fromisoformat(said) if said else None for said in (first, end)]
    assert choose_period(kind, *asked, last=date(2026, 3, 31)) == tuple(map(date.fromisoformat, period))


@pytest.mark.parametrize(
    ("kind", "first", "end"),
    [
        (Kind.day, date(2026, 1, 1), date(2026, 1, 1)),
        (Kind.day, date(2026, 1, 2), date(2026, 1, 1)),
        (Kind.week, date(2026, 1, 1), date(2026, 3, 1)),
        (Kind.year, date(2025, 1, 1), date(2026, 1, 3)),
        (Kind.months, date(2000, 1, 1), date(2026, 1, 3)),
    ],
)
def test_no_days_and_too_many_are_refused(kind: Kind, first: date, end: date) -> None:
    with pytest.raises(Refused) as refused:
        choose_period(kind, first, end, date(2026, 3, 31))
    assert refused.value.problem.code == "MTR455"


@pytest.mark.parametrize(
    ("first", "end", "said"),
    [
        ("2026-03-04", "2026-03-05", "Wednesday 4 March 2026"),
        ("2026-03-02", "2026-03-09", "2 March to 8 March 2026"),
        ("2025-04-01", "2026-04-01", "1 April 2025 to 31 March 2026"),
    ],
)
def test_days_are_named(first: str, end: str, said: str) -> None:
    assert words_of(Period(date.fromisoformat(first), date.fromisoformat(end))) == said


# What is shown of them ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "count", "first"),
    [(date(2026, 3, 29), 46, 0), (date(2026, 7, 1), 48, 46), (date(2026, 10, 25), 50, 46)],
)
def test_days_are_cut_by_the_local_clock(day: date, count: int, first: int) -> None:
    """Summer begins at 23:00 UTC of the day before: half-hour 46 of it."""
    series = days_of_utc(date.fromordinal(day.toordinal() - 1), 3)
    (local,) = local_days(series, Period(day, date.fromordinal(day.toordinal() + 1)), LONDON)
    assert (len(local.amounts), len(local.walls)) == (count, count)
    assert local.amounts[0] == Decimal(first).scaleb(-3)
    assert local.walls.count(60) == {46: 0, 48: 1, 50: 2}[count]


def test_what_no_row_says_is_missing() -> None:
    series = series_of([row(date(2026, 1, 5), [5] * 47 + [MISSING])])
    days = local_days(series, Period(date(2026, 1, 4), date(2026, 1, 7)), "UTC")
    assert [day.amounts.count(None) for day in days] == [48, 1, 48]
    gaps = chart_of(Kind.missing, days, "kWh", HEADING)
    assert isinstance(gaps, GapCalendar)
    assert [(day.expected, day.missing) for day in gaps.days] == [(48, 48), (48, 1), (48, 48)]


def test_months_are_exact_and_say_what_they_lack() -> None:
    series = series_of([row(date(2026, 1, 31), [1] * 48), row(date(2026, 2, 1), [2] * 40 + [MISSING] * 8)])
    days = local_days(series, Period(date(2026, 1, 31), date(2026, 2, 2)), "UTC")
    bars = chart_of(Kind.months, days, "kWh", HEADING)
    assert isinstance(bars, MonthBars)
    assert [tuple(bar) for bar in bars.bars] == [
        (date(2026, 1, 1), Decimal("0.048"), 48, 0),
        (date(2026, 2, 1), Decimal("0.080"), 48, 8),
    ]


def test_averages_are_of_what_is_known_by_season_and_day_of_the_week() -> None:
    rows = [
        row(date(2026, 1, 5), [10] * 48),  # Monday
        row(date(2026, 1, 6), [20] * 47 + [MISSING]),
        row(date(2026, 1, 10), [7] * 48),  # Saturday
        row(date(2026, 7, 6), [1] * 48),
    ]
    days = local_days(series_of(rows), Period(date(2026, 1, 5), date(2026, 7, 7)), "UTC")
    chart = chart_of(Kind.average, days, "kWh", HEADING)
    assert isinstance(chart, AverageDays)
    assert [panel.title for panel in chart.panels] == ["Dec–Feb", "Mar–May", "Jun–Aug"]
    week, weekend = chart.panels[0].curves
    assert (week.amounts[0], week.amounts[47]) == (Decimal("0.015"), Decimal("0.010"))
    assert set(weekend.amounts) == {Decimal("0.007")}
    assert {amount for curve in chart.panels[1].curves for amount in curve.amounts} == {None}


def test_an_hour_that_comes_twice_counts_twice_in_its_average() -> None:
    series = series_of(
        [row(date(2026, 10, 24), [0] * 48), row(date(2026, 10, 25), [100, 100, 300, 300] + [0] * 44)]
    )
    days = local_days(series, Period(date(2026, 10, 25), date(2026, 10, 26)), LONDON)
    chart = chart_of(Kind.average, days, "kWh", HEADING)
    assert isinstance(chart, AverageDays)
    # 00:00 UTC is 01:00 by summer time, 01:00 UTC is 01:00 again.
    assert chart.panels[0].curves[1].amounts[2] == Decimal("0.2")


def test_hours_stay_hours() -> None:
    series = series_of([row(date(2026, 1, 5), list(range(24)), minutes=60)])
    (day,) = local_days(series, Period(date(2026, 1, 5), date(2026, 1, 6)), "UTC")
    assert (day.minutes, len(day.amounts), day.walls[-1]) == (60, 24, 23 * 60)
