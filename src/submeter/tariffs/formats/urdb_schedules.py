"""12 x 24 schedules of URDB (month by hour, weekdays and weekends) to time bands and back.

URDB knows neither public holidays nor half-hours nor days within a month: what bands say beyond months, whole
hours, weekdays and weekends cannot be said in it.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Literal, NamedTuple

from submeter.tariffs.model import Band, Component, DayType
from submeter.tariffs.windows import band_at

__all__ = ["MONTH_ENDS", "WEEK", "WEEKEND", "Grid", "Row", "bands_of", "code_at", "months_of", "unsayable"]

Row = tuple[int, ...]
Grid = tuple[Row, ...]
"""A number for each month and hour."""

WEEK: frozenset[DayType] = frozenset({"mon", "tue", "wed", "thu", "fri"})
WEEKEND: frozenset[DayType] = frozenset({"sat", "sun"})
MONTH_ENDS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class _Months(NamedTuple):
    """Months in a row, from 0, which may go over the new year, and what their days are like."""

    first: int
    last: int
    week: Row
    weekend: Row


def months_of(period: int, week: Grid, weekend: Grid) -> frozenset[int]:
    """The months, from 0, in which a period is on a schedule."""
    return frozenset(month for month in range(12) if period in week[month] or period in weekend[month])


def bands_of(week: Grid, weekend: Grid, code_of: Callable[[int], str | None]) -> tuple[Band, ...]:
    """Bands that do not overlap. Periods for which `code_of` gives None have none."""
    found: list[Band] = []
    for months in _runs_of_months(week, weekend):
        season = None if (months.first, months.last) == (0, 11) else _season(months)
        kinds = [(months.week, frozenset[DayType]())]
        if months.week != months.weekend:
            kinds = [(months.week, WEEK), (months.weekend, WEEKEND)]
        for row, days in kinds:
            for period, first, end in _runs_of_hours(row):
                if (code := code_of(period)) is not None:
                    found.append(Band(code, first * 60, end * 60, days, season))
    return tuple(found)


def _season(months: _Months) -> tuple[tuple[int, int], tuple[int, int]]:
    return (months.first + 1, 1), (months.last + 1, MONTH_ENDS[months.last])


def _runs_of_months(week: Grid, weekend: Grid) -> list[_Months]:
    """Months in a row whose days are alike; December and January are in a row, too."""
    pairs = list(zip(week, weekend, strict=True))
    runs = []
    for pair, group in groupby(range(12), lambda month: pairs[month]):
        places = list(group)
        runs.append(_Months(places[0], places[-1], *pair))
    if len(runs) > 1 and runs[0][2:] == runs[-1][2:]:
        runs = [*runs[1:-1], runs[-1]._replace(last=runs[0].last)]
    return runs


def _runs_of_hours(row: Row) -> Iterator[tuple[int, int, int]]:
    for period, group in groupby(range(24), lambda hour: row[hour]):
        hours = list(group)
        yield period, hours[0], hours[-1] + 1


# --- and back --------------------------------------------------------------------------------------------


def unsayable(component: Component) -> list[str]:
    """What of the component's bands a schedule of months and hours cannot say."""
    reasons = []
    for band in component.bands:
        days = band.day_types
        if band.from_minute % 60 or band.to_minute % 60:
            reasons.append(f"{band.code} begins or ends within an hour")
        if "holiday" in days:
            reasons.append(f"{band.code} names public holidays")
        if days and not _whole(days, WEEK):
            reasons.append(f"{band.code} names some weekdays and not others")
        if days and not _whole(days, WEEKEND):
            reasons.append(f"{band.code} names one day of the weekend")
        if band.season is not None and not _of_months(band.season):
            reasons.append(f"{band.code} begins or ends within a month")
    if component.clock == "market" and component.bands:
        reasons.append("its times are of the market's clock")
    return reasons


def _whole(days: frozenset[DayType], group: frozenset[DayType]) -> bool:
    return not days & group or days >= group


def _of_months(season: tuple[tuple[int, int], tuple[int, int]]) -> bool:
    (_, first), (month, last) = season
    return first == 1 and last >= MONTH_ENDS[month - 1] - (month == 2)


def code_at(bands: Sequence[Band], month: int, kind: Literal["week", "weekend"], hour: int) -> str | None:
    """The band of an hour of a month (from 0): the first that fits. None where none does, "" without any."""
    if not bands:
        return ""
    band = band_at(bands, (month + 1, 15), "mon" if kind == "week" else "sat", hour * 60)
    return band.code if band else None
