"""What a component counts: its streams, summed by segment and band, in the component's unit."""

from collections.abc import Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from submeter.core.problem import Problem, Refused
from submeter.rating.exact import add, scaled_factors, times
from submeter.rating.model import Dated, Exact, IntArray, Stream, Terms, Usage
from submeter.rating.segments import Segment
from submeter.rating.sums import Buckets, bucket_sums, buckets_of
from submeter.rating.timeline import timeline
from submeter.rating.units import convert, converts, factor_days
from submeter.rating.windows import NO_BAND, band_codes, bands_of
from submeter.tariffs.model import Calendar, Component

__all__ = ["Counted", "Source", "check_width", "columns_of", "counted", "sources_of", "total"]


class Source(NamedTuple):
    """A stream that a component counts, and what its unit is in the component's, over time."""

    place: int
    """Which of the usage's streams it is."""
    conversions: tuple[Dated, ...]
    fixed: Fraction

    def cuts(self) -> set[date]:
        return factor_days(self.conversions)


class Counted(NamedTuple):
    """How one stream falls into the cells (segment x band) of a component."""

    place: int
    buckets: Buckets
    factors: IntArray | int
    """Of each cell: what the stream's unit is in the component's."""
    scale: Fraction
    """Of sums: that of the factors and of the stream's decimals."""
    cells: IntArray
    """The cell of each column; below 0 where it counts for nothing."""

    def sums(self, usage: Usage) -> Exact:
        stream = usage.streams[self.place]
        check_width(stream, self.cells)
        values = times(bucket_sums(stream.amounts, self.buckets), self.factors)
        return Exact(values, self.scale)


def sources_of(component: Component, usage: Usage, terms: Terms) -> tuple[Source, ...]:
    """The streams that a component counts. Refuses (RTG106) a unit that does not become the component's."""
    wanted = "export" if component.kind == "feed_in" else "import"
    found = []
    for place, stream in enumerate(usage.streams):
        named = not component.register_types or stream.register_type in component.register_types
        reactive = stream.unit == "kvarh" and component.unit != "kvarh"
        if stream.product != component.product or stream.direction != wanted or not named or reactive:
            continue
        unit = "kWh" if component.kind == "demand" else component.unit
        how = converts(stream.product, stream.unit, unit, terms)
        if how is None:
            raise _no_conversion(component, stream)
        found.append(Source(place, *how))
    return tuple(found)


def counted(
    component: Component, source: Source, usage: Usage, calendar: Calendar, parts: Sequence[Segment]
) -> Counted:
    """How a stream falls into the cells of `parts` x bands.

    Refuses an interval that is charged but lies in no band (RTG107).
    """
    stream = usage.streams[source.place]
    segment = columns_of(usage, calendar, stream.minutes, parts)
    index = _cells(component, stream, usage, calendar, segment)
    bands = len(band_codes(component))
    factors = [convert(source.conversions, source.fixed, stream.product, part.first) for part in parts]
    wholes, scale = scaled_factors([factor for factor in factors for _ in range(bands)])
    scale /= 10**stream.decimals
    return Counted(source.place, buckets_of(index, len(parts) * bands), wholes, scale, index)


def columns_of(usage: Usage, calendar: Calendar, minutes: int, parts: Sequence[Segment]) -> IntArray:
    """Of each column of a stream of that length of interval: its segment, or -1. Refuses (RTG108) gaps."""
    if parts and not (usage.first <= parts[0].first and parts[-1].end <= usage.end):
        detail = f"it has {usage.first} to {usage.end}, and {parts[0].first} to {parts[-1].end} are charged"
        hint = "Load the usage of all days that are charged, or charge fewer"
        raise Refused(Problem("RTG108", "The usage does not cover the days that are charged", detail, hint))
    by_day = np.full((usage.end - usage.first).days, -1)
    for place, part in enumerate(parts):
        by_day[(part.first - usage.first).days : (part.end - usage.first).days] = place
    return by_day[timeline(usage.first, usage.end, calendar.clock, minutes).days]


def _cells(
    component: Component, stream: Stream, usage: Usage, calendar: Calendar, segment: IntArray
) -> IntArray:
    if not component.bands:
        return segment
    _check_days(component, stream)
    line = timeline(usage.first, usage.end, calendar.clock, stream.minutes)
    band = bands_of(line, component, calendar)
    outside = (band == NO_BAND) & (segment >= 0)
    if outside.any():
        day = usage.first + timedelta(days=int(line.days[outside.argmax()]))
        hint = "Let a band without window stand last; it takes what is left"
        detail = f"{component.code} on {day}"
        raise Refused(Problem("RTG107", "A moment lies in no time band", detail, hint))
    return np.where(segment < 0, -1, segment * len(band_codes(component)) + band)


def _check_days(component: Component, stream: Stream) -> None:
    """Days can be told apart by season and day of week, not by hour. Refuses (RTG109)."""
    by_hour = any((band.from_minute, band.to_minute) != (0, 1440) for band in component.bands)
    if by_hour and not stream.minutes:
        detail = f"{component.code} has windows within the day, {stream.register_type} is read by dial"
        hint = "Price the dial's own register (PEAK, OFFPEAK) by register_types, or use interval data"
        raise Refused(Problem("RTG109", "Time bands need intervals", detail, hint))


def check_width(stream: Stream, columns: IntArray) -> None:
    """Refuses (RTG110) a stream that has not the intervals of its days."""
    if stream.amounts.shape[1] != len(columns):
        detail = f"{stream.register_type}: {stream.amounts.shape[1]} intervals, the days have {len(columns)}"
        hint = "Days of clock changes have 46 and 50 half-hours; give each interval of the days once"
        raise Refused(Problem("RTG110", "The intervals do not fill the days", detail, hint))


def _no_conversion(component: Component, stream: Stream) -> Refused:
    detail = f"{component.code} is priced by {component.unit}, {stream.register_type} counts {stream.unit}"
    hint = "Add the site's conversion (heating value, MJ or kWh per litre), or correct the component's unit"
    return Refused(Problem("RTG106", "A unit cannot be converted", detail, hint))


def total(parts: Sequence[Exact]) -> Exact:
    """The sum of what several streams counted."""
    return parts[0] if len(parts) == 1 else add(parts)
