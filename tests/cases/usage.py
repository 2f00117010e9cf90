"""The usage of a case as the engine wants it: a row of whole numbers for each register."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from cases.case import Case, Measured, Window
from cases.words import WEEK, Mistake
from submeter.rating.model import Stream, Usage
from submeter.tariffs.model import Calendar

__all__ = ["spot_prices", "usage_of"]

DECIMALS = 6


class _Key(NamedTuple):
    minutes: int
    unit: str
    product: str
    register_type: str
    direction: str


def usage_of(case: Case) -> Usage:
    """All that was measured, from the first day measured or billed to the last."""
    first, end = days_of(case)
    streams: dict[_Key, list[Measured]] = {}
    for line in case.usage:
        minutes = 0 if line.form in {"total", "daily"} else line.minutes
        key = _Key(minutes, line.unit, line.product, line.register_type, line.direction)
        streams.setdefault(key, []).append(line)
    return Usage(
        first=first,
        end=end,
        streams=tuple(
            _without(_stream(key, lines, first, end, case.calendar), case, first, end)
            for key, lines in streams.items()
        ),
    )


def days_of(case: Case) -> tuple[date, date]:
    """The days of the usage; those of the bills where nothing was measured."""
    spans = [(line.first, line.end) for line in case.usage] or [tuple(bill.period) for bill in case.bills]
    return min(first for first, _ in spans), max(end for _, end in spans)


def _stream(key: _Key, lines: list[Measured], first: date, end: date, calendar: Calendar) -> Stream:
    days = _by_days if key.minutes == 0 else _by_intervals
    return Stream(amounts=days(lines, first, end, calendar), decimals=DECIMALS, **key._asdict())


def _without(stream: Stream, case: Case, first: date, end: date) -> Stream:
    """Half-hours of missing days are not there; an empty one is no zero."""
    if not case.missing or not stream.minutes:
        return stream
    zone = case.calendar.clock
    walls = _wall(zone, interval_starts(zone, first, end, stream.minutes))
    there = [not any(gap.first <= at.date() < gap.end for gap in case.missing) for at in walls]
    return replace(stream, amounts=stream.amounts[:, there])


def _by_days(lines: Iterable[Measured], first: date, end: date, _: Calendar) -> np.ndarray:
    amounts = np.zeros((1, (end - first).days), np.int64)
    for line in lines:
        begin, days = (line.first - first).days, (line.end - line.first).days
        each = [_whole(line)] * days if line.form == "daily" else _shared(_whole(line), days)
        amounts[0, begin : begin + days] += each
    return amounts


def _shared(total: int, days: int) -> list[int]:
    """Equal parts that add up exactly."""
    sign = -1 if total < 0 else 1
    return [sign * (abs(total) * (day + 1) // days - abs(total) * day // days) for day in range(days)]


def _by_intervals(lines: Iterable[Measured], first: date, end: date, calendar: Calendar) -> np.ndarray:
    lines = list(lines)
    minutes = lines[0].minutes
    starts = interval_starts(calendar.clock, first, end, minutes)
    amounts = np.zeros((1, len(starts)), np.int64)
    for line in lines:
        if line.form == "interval":
            amounts[0, _index(line, starts, calendar)] += _whole(line)
        else:
            amounts[0, _inside(line, starts, calendar)] += _part(line)
    return amounts


def _whole(line: Measured, amount: Decimal | None = None) -> int:
    scaled = (line.amount if amount is None else amount).scaleb(DECIMALS)
    if scaled != int(scaled):
        raise Mistake(f"{line.place}: {line.amount} has more than {DECIMALS} decimals in an interval")
    return int(scaled)


def _part(line: Measured) -> int:
    return _whole(line, line.amount * line.minutes / 60)


@cache
def interval_starts(zone: str, first: date, end: date, minutes: int) -> tuple[datetime, ...]:
    """The beginning of each interval, in UTC: a day has 23, 24 or 25 hours."""
    begin, finish = (datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC) for day in (first, end))
    return tuple(
        begin + timedelta(minutes=minutes) * n for n in range((finish - begin) // timedelta(minutes=minutes))
    )


def _index(line: Measured, starts: tuple[datetime, ...], calendar: Calendar) -> int:
    at = line.at
    assert at is not None
    zone = ZoneInfo(calendar.market_clock if line.market else calendar.clock)
    instant = (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)
    if instant not in starts:
        raise Mistake(f"{line.place}: no interval begins at {at}")
    return starts.index(instant)


def _inside(line: Measured, starts: tuple[datetime, ...], calendar: Calendar) -> list[int]:
    zone = (calendar.market_clock or calendar.clock) if line.market else calendar.clock
    return [
        n
        for n, at in enumerate(_wall(zone, starts))
        if line.first <= at.date() < line.end and holds(line.window, at, calendar)
    ]


@cache
def _wall(zone: str, starts: tuple[datetime, ...]) -> tuple[datetime, ...]:
    return tuple(at.astimezone(ZoneInfo(zone)) for at in starts)


def holds(window: Window, at: datetime, calendar: Calendar) -> bool:
    """Whether a moment of the wall clock lies in a window. Written a second time, to check the engine."""
    return _in_hours(window, at) and _in_days(window, at.date(), calendar) and _in_season(window, at.date())


def _in_hours(window: Window, at: datetime) -> bool:
    minute = at.hour * 60 + at.minute
    return not window.hours or any(
        begin <= minute < end if begin < end else minute >= begin or minute < end
        for begin, end in window.hours
    )


def _in_days(window: Window, day: date, calendar: Calendar) -> bool:
    if not window.day_types:
        return True
    if "holiday" in window.day_types and day in calendar.holidays:
        return True
    return WEEK[day.weekday()] in window.day_types


def _in_season(window: Window, day: date) -> bool:
    if not window.season:
        return True
    begin, end = window.season
    today = (day.month, day.day)
    return begin <= today <= end if begin <= end else today >= begin or today <= end


def spot_prices(case: Case) -> Iterator[tuple[str, tuple[int, int, np.ndarray]]]:
    """Each series of prices over the days of the usage: minutes, decimals, a price each interval."""
    first, end = days_of(case)
    for series in {name for name, _ in case.spot}:
        lines = [line for name, line in case.spot if name == series]
        starts = interval_starts(case.calendar.clock, first, end, lines[0].minutes)
        prices = np.zeros(len(starts), np.int64)
        for line in lines:
            where = (
                [_index(line, starts, case.calendar)]
                if line.form == "interval"
                else _inside(line, starts, case.calendar)
            )
            prices[where] = _whole(line)
        yield series, (lines[0].minutes, DECIMALS, prices)
