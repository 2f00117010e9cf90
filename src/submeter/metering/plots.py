"""From the intervals of a register to what is drawn: days of a local clock, averages, gaps, months."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import groupby
from typing import NamedTuple

from submeter.charts.model import (
    Amount,
    AverageDays,
    Bar,
    Chart,
    Curve,
    Day,
    DayGaps,
    GapCalendar,
    Heading,
    LoadProfile,
    MonthBars,
    Panel,
    YearMap,
)
from submeter.core.problem import Refused
from submeter.metering import problems
from submeter.metering.days import DAY, first_of_next_month, wall_minutes
from submeter.metering.series import Series, local_day

__all__ = ["Kind", "Period", "chart_of", "choose_period", "local_days", "words_of"]


class Kind(StrEnum):
    """What a chart shows."""

    day = "day"
    week = "week"
    average = "average"
    year = "year"
    missing = "missing"
    months = "months"


class Period(NamedTuple):
    """The days from `first` up to `end`, which is not in it."""

    first: date
    end: date


_LONGEST = {Kind.day: 31, Kind.week: 31, Kind.year: 366}
_LONG = 3660
_SEASONS = (("Dec–Feb", (12, 1, 2)), ("Mar–May", (3, 4, 5)), ("Jun–Aug", (6, 7, 8)), ("Sep–Nov", (9, 10, 11)))
"""By their months, for the seasons of the south are not those of the north."""


def choose_period(kind: Kind, first: date | None, end: date | None, last: date) -> Period:
    """The days to show: as asked for, else a day, a week or a year up to `last`, the last with data.

    Raises Refused MTR455 where there are none, or more than the chart has room for.
    """
    if end is None:
        end = first + _span_from(kind, first) if first else last + DAY
    if first is None:
        first = _first_for(kind, end)
    longest = _LONGEST.get(kind, _LONG)
    if not 0 < (end - first).days <= longest:
        raise Refused(problems.impossible_period(first, end, longest))
    return Period(first, end)


def _first_for(kind: Kind, end: date) -> date:
    if kind is Kind.months:
        return _year_before(first_of_next_month(end - DAY))
    if kind in {Kind.day, Kind.week}:
        return end - _span_from(kind, end)
    return _year_before(end)


def _span_from(kind: Kind, first: date) -> timedelta:
    if kind in {Kind.day, Kind.week}:
        return timedelta(days=1 if kind is Kind.day else 7)
    return first.replace(day=1, year=first.year + 1) - first.replace(day=1)


def _year_before(day: date) -> date:
    return day.replace(year=day.year - 1, day=min(day.day, 28) if day.month == 2 else day.day)


def local_days(series: Series, period: Period, clock: str) -> tuple[Day, ...]:
    """The days of a clock, each as long as it is there. Raises Refused MTR394 where the steps do not fit."""
    days = (period.first + n * DAY for n in range((period.end - period.first).days))
    return tuple(
        Day(
            day,
            series.minutes,
            wall_minutes(day, clock, series.minutes),
            local_day(series, day, clock, series.minutes).amounts(),
        )
        for day in days
    )


def chart_of(kind: Kind, days: tuple[Day, ...], unit: str, heading: Heading) -> Chart:
    """What to draw of the days."""
    return _CHARTS[kind](days, unit, heading)


def words_of(period: Period) -> str:
    """2 March 2026; 2 March to 8 March 2026: both days are in it."""
    last = period.end - DAY
    if period.first == last:
        return f"{last:%A} {_said(last)}"
    first = _said(period.first)
    return f"{first.removesuffix(f' {last.year}')} to {_said(last)}"


def _said(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


# --- of each kind ----------------------------------------------------------------------------------------


def _profile(days: tuple[Day, ...], unit: str, heading: Heading) -> Chart:
    return LoadProfile(heading, unit, days)


def _year(days: tuple[Day, ...], unit: str, heading: Heading) -> Chart:
    return YearMap(heading, unit, days)


def _average(days: tuple[Day, ...], unit: str, heading: Heading) -> Chart:
    """Seasons of which there is no day at all are left out."""
    minutes = days[0].minutes
    panels = [(name, [day for day in days if day.day.month in months]) for name, months in _SEASONS]
    return AverageDays(
        heading, unit, minutes, tuple(Panel(name, _curves(part, minutes)) for name, part in panels if part)
    )


def _curves(days: Sequence[Day], minutes: int) -> tuple[Curve, ...]:
    week = [day for day in days if day.day.weekday() < 5]
    weekend = [day for day in days if day.day.weekday() >= 5]
    return (
        Curve("Monday to Friday", _mean_day(week, minutes)),
        Curve("Saturday, Sunday", _mean_day(weekend, minutes)),
    )


def _mean_day(days: Iterable[Day], minutes: int) -> tuple[Amount, ...]:
    """By the clock on the wall: an hour that comes twice counts twice, one left out not at all."""
    known: list[list[Decimal]] = [[] for _ in range(1440 // minutes)]
    for day in days:
        for wall, amount in zip(day.walls, day.amounts, strict=True):
            if amount is not None:
                known[wall // minutes].append(amount)
    return tuple(sum(amounts, Decimal(0)) / len(amounts) if amounts else None for amounts in known)


def _missing(days: tuple[Day, ...], _: str, heading: Heading) -> Chart:
    return GapCalendar(
        heading, tuple(DayGaps(day.day, len(day.amounts), day.amounts.count(None)) for day in days)
    )


def _months(days: tuple[Day, ...], unit: str, heading: Heading) -> Chart:
    months = groupby(days, lambda day: day.day.replace(day=1))
    return MonthBars(heading, unit, tuple(_bar(month, list(part)) for month, part in months))


def _bar(month: date, days: Sequence[Day]) -> Bar:
    amounts = [amount for day in days for amount in day.amounts]
    known = [amount for amount in amounts if amount is not None]
    return Bar(month, sum(known, Decimal(0)), len(amounts), len(amounts) - len(known))


_CHARTS: dict[Kind, Callable[[tuple[Day, ...], str, Heading], Chart]] = {
    Kind.day: _profile,
    Kind.week: _profile,
    Kind.average: _average,
    Kind.year: _year,
    Kind.missing: _missing,
    Kind.months: _months,
}
