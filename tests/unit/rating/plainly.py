"""Usage in bands and steps rated the slow way: one interval after the other, in fractions."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

from submeter.rating.model import Period
from submeter.tariffs.model import Band, Calendar, Component, Rate

__all__ = ["Cell", "Used", "rate_plainly", "used_of"]

WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Cell(NamedTuple):
    """Where a part of the usage belongs."""

    band: str
    step: int
    rate: Rate


class Used(NamedTuple):
    """One interval: its day on the calendar, its band."""

    day: date
    band: str
    amount: Fraction


def rate_plainly(
    component: Component, amounts: Sequence[int], minutes: int, calendar: Calendar, period: Period
) -> dict[Cell, Fraction]:
    """The quantity of each band, step and price, in kWh."""
    found: dict[Cell, Fraction] = defaultdict(Fraction)
    used = list(used_of(component, amounts, minutes, calendar, period))
    for first, end in _spans(component, period):
        inside = [one for one in used if first <= one.day < end]
        scale = _scale(component, first, end, period, calendar)
        for band, step, amount in _steps(component, inside, first, scale):
            found[Cell(band, step, _rate(component, first, band, step))] += amount
    return {cell: amount for cell, amount in found.items() if amount}


def used_of(
    component: Component, amounts: Sequence[int], minutes: int, calendar: Calendar, period: Period
) -> Iterator[Used]:
    zone = ZoneInfo(calendar.clock)
    clock = ZoneInfo(calendar.market_clock) if component.clock == "market" else zone
    start = datetime.combine(period.first, time(), zone).astimezone(UTC)
    for place, amount in enumerate(amounts):
        at = start + timedelta(minutes=minutes * place)
        yield Used(
            at.astimezone(zone).date(),
            _band(component.bands, at.astimezone(clock), calendar),
            Fraction(int(amount), 1000),
        )


def _band(bands: Sequence[Band], at: datetime, calendar: Calendar) -> str:
    names_holidays = any("holiday" in band.day_types for band in bands)
    holiday = names_holidays and at.date() in calendar.holidays
    kind = "holiday" if holiday else WEEK[at.weekday()]
    minute, day = at.hour * 60 + at.minute, (at.month, at.day)
    for band in bands:
        begin, end = band.from_minute, band.to_minute
        hours = begin <= minute < end if begin < end else minute >= begin or minute < end
        season = band.season is None or _in_season(band.season, day)
        if hours and season and (not band.day_types or kind in band.day_types):
            return band.code
    return ""


def _in_season(season: tuple[tuple[int, int], tuple[int, int]], day: tuple[int, int]) -> bool:
    first, last = season
    return first <= day <= last if first <= last else day >= first or day <= last


def _spans(component: Component, period: Period) -> Iterator[tuple[date, date]]:
    """The period, cut where a price changes, and at months where steps are for a month."""
    edges = {period.first, period.end}
    for rate in component.rates:
        edges |= {day for day in (rate.from_date, rate.to_date) if day and period.first < day < period.end}
    stepped = max(rate.step for rate in component.rates) > 1
    if component.steps.basis == "month" and stepped:
        edges |= {day for day in _days(period) if day.day == 1}
    ordered = sorted(edges)
    yield from pairwise(ordered)


def _days(period: Period) -> list[date]:
    return [period.first + timedelta(days=n) for n in range(period.days)]


def _scale(component: Component, first: date, end: date, period: Period, calendar: Calendar) -> Fraction:
    """By what limits are multiplied: a day at a time."""
    each = {
        "day": lambda _: Fraction(1),
        "month": lambda day: Fraction(1, _length(day.replace(day=1), 1)),
        "year": lambda day: Fraction(1, _length(day.replace(month=1, day=1), 12)),
        "period": lambda _: Fraction(1, period.days),
    }[component.steps.basis]
    return sum((each(day) for day in _days(Period(first, end))), Fraction(0))


def _length(first: date, months: int) -> int:
    end = date(first.year + (first.month + months > 12), (first.month + months - 1) % 12 + 1, 1)
    return (end - first).days


def _rate(component: Component, day: date, band: str, step: int) -> Rate:
    (found,) = [
        rate
        for rate in component.rates
        if (rate.band, rate.step) == (band, step)
        and rate.from_date <= day
        and (not rate.to_date or day < rate.to_date)
    ]
    return found


def _steps(
    component: Component, used: Sequence[Used], day: date, scale: Fraction
) -> Iterator[tuple[str, int, Fraction]]:
    by_band: dict[str, Fraction] = defaultdict(Fraction)
    for one in used:
        by_band[one.band] += one.amount
    scope = component.steps.scope
    if scope == "running":
        so_far = Fraction(0)
        for one in used:
            for step, part in _between(component, day, one.band, scale, so_far, so_far + one.amount):
                yield one.band, step, part
            so_far += one.amount
    for band, amount in by_band.items() if scope == "band" else ():
        for step, part in _between(component, day, band, scale, Fraction(0), amount):
            yield band, step, part
    total = sum(by_band.values(), Fraction(0))
    for band, amount in by_band.items() if scope == "shared" and total else ():
        for step, part in _between(component, day, band, scale, Fraction(0), total):
            yield band, step, part * amount / total


def _between(
    component: Component, day: date, band: str, scale: Fraction, low: Fraction, high: Fraction
) -> Iterator[tuple[int, Fraction]]:
    """How much of what lies from `low` to `high` is in each step."""
    floor = Fraction(0)
    for step in range(1, max(rate.step for rate in component.rates) + 1):
        end = _rate(component, day, band, step).up_to
        top = high if end is None else Fraction(end) * scale
        part = min(high, top) - max(low, floor)
        if part > 0:
            yield step, part
        floor = top
