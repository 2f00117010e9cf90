"""The spans of days in which nothing that decides a price changes."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from submeter.metering.days import first_of_next_month
from submeter.rating.model import Period

__all__ = ["Segment", "month_share", "months_begun", "segments", "year_share"]


class Segment(NamedTuple):
    """Days of one period, `[first, end)`, within which no price, factor, tax, or else limit, changes."""

    first: date
    end: date
    period: int

    @property
    def days(self) -> int:
        return (self.end - self.first).days

    @property
    def month(self) -> date:
        return self.first.replace(day=1)


def segments(
    periods: Sequence[Period],
    cuts: Iterable[date],
    from_date: date | None = None,
    to_date: date | None = None,
    *,
    by_month: bool = False,
) -> tuple[Segment, ...]:
    """The periods, as far as they lie in `[from_date, to_date)`, cut at `cuts` and, if asked, at months."""
    changes = set(cuts)
    found: list[Segment] = []
    for place, period in enumerate(periods):
        first, end = max(period.first, from_date or date.min), min(period.end, to_date or date.max)
        if first >= end:
            continue
        inside = {day for day in changes if first < day < end}
        if by_month:
            inside |= set(_months_between(first, end))
        edges = [first, *sorted(inside), end]
        found += [Segment(*days, place) for days in pairwise(edges)]
    return tuple(found)


def month_share(first: date, end: date) -> Fraction:
    """How many calendar months `[first, end)` is: of each, its days by all of that month."""
    edges = [first, *_months_between(first, end), end]
    parts = (Fraction((b - a).days, _days_of_month(a)) for a, b in pairwise(edges))
    return sum(parts, Fraction(0))


def year_share(first: date, end: date, starts: int = 1) -> Fraction:
    """How many years `[first, end)` is: of each, its days by all of that year, which begins with a month."""
    share, day = Fraction(0), first
    while day < end:
        began = date(day.year - (day.month < starts), starts, 1)
        ends = began.replace(year=began.year + 1)
        share += Fraction((min(end, ends) - day).days, (ends - began).days)
        day = ends
    return share


def _months_between(first: date, end: date) -> Iterable[date]:
    day = first_of_next_month(first)
    while day < end:
        yield day
        day = first_of_next_month(day)


def _days_of_month(day: date) -> int:
    return (first_of_next_month(day) - timedelta(days=1)).day


def months_begun(first: date, end: date) -> int:
    """How many calendar months have their first day in `[first, end)`."""
    return sum(1 for _ in _months_between(first, end)) + (first.day == 1)
