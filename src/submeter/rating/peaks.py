"""The greatest power of each month and band: what demand is charged by, and steps for each kW."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from math import isqrt

import numpy as np

from submeter.core.problem import Problem, Refused
from submeter.metering.days import first_of_next_month
from submeter.rating.exact import add, greatest, rescale, times
from submeter.rating.model import Exact, IntArray, Stream, Usage
from submeter.rating.quantities import Source, check_width, columns_of
from submeter.rating.segments import Segment
from submeter.rating.sums import Buckets, bucket_peaks, buckets_of
from submeter.rating.timeline import timeline
from submeter.rating.windows import NO_BAND, band_codes, bands_of
from submeter.tariffs.model import Calendar, Component

__all__ = ["KVA_SCALE", "Peaks", "months_of", "peaks_of"]

KVA_SCALE = Fraction(1, 10**6)
"""kVA is a root; it is given to six decimals, half up."""


@dataclass(frozen=True, slots=True, eq=False)
class Peaks:
    """How the peaks of months and bands are found in the usage."""

    minutes: int
    active: tuple[Source, ...]
    reactive: tuple[Source, ...]
    """kvarh of the same intervals, for kVA; empty for kW."""
    buckets: Buckets
    columns: IntArray
    """Of each interval the month and band (month x bands + band), -1 where it counts for none."""

    def measure(self, usage: Usage) -> Exact:
        """(A, months x bands) in kW or kVA; 0 where nothing was taken."""
        watched = self._watched(usage)
        found = Exact(bucket_peaks(watched.values, self.buckets), watched.scale)
        return _root(found) if self.reactive else found

    def tops(self, usage: Usage) -> IntArray:
        """(A, months x bands): in which interval the peak was, the first of several alike; -1: none."""
        values = self._watched(usage).values
        found = np.full((len(values), self.buckets.width), -1, np.int64)
        for cell in self.buckets.present.tolist():
            places = np.flatnonzero(self.columns == cell)
            best = values[:, places].argmax(axis=1)
            taken = values[np.arange(len(values)), places[best]] > 0
            found[:, cell] = np.where(taken, places[best], -1)
        return found

    def _watched(self, usage: Usage) -> Exact:
        """Of each interval the power; for kVA its square, in the square of the scale."""
        active = self._power(usage, self.active)
        if not self.reactive:
            return active
        reactive = self._power(usage, self.reactive)
        scale = min(active.scale, reactive.scale)
        squares = _square(rescale(active, scale).values) + _square(rescale(reactive, scale).values)
        return Exact(squares, scale)

    def _power(self, usage: Usage, sources: Sequence[Source]) -> Exact:
        return add([self._of(usage.streams[source.place], source.fixed) for source in sources])

    def _of(self, stream: Stream, fixed: Fraction) -> Exact:
        """Mean power of each interval in which demand is measured."""
        count = self.minutes // stream.minutes
        values = stream.amounts
        if count > 1:
            check_width(stream, np.repeat(self.columns, count))
            values = values.reshape(len(values), -1, count).sum(axis=2, dtype=_kind(values))
        check = Stream(amounts=values, minutes=self.minutes, register_type=stream.register_type)
        check_width(check, self.columns)
        return Exact(values, fixed * Fraction(60, self.minutes) / 10**stream.decimals)


def months_of(parts: Sequence[Segment]) -> tuple[date, ...]:
    """The first days of the calendar months that parts lie in."""
    return tuple(dict.fromkeys(part.month for part in parts))


def peaks_of(
    component: Component,
    sources: Sequence[Source],
    usage: Usage,
    calendar: Calendar,
    months: Sequence[date],
    *,
    banded: bool,
) -> Peaks:
    """How the peak of each month is found, in all of the month that the usage has; by band if `banded`.

    Refuses dial readings (RTG109), and lengths of interval that do not divide that of demand (RTG111).
    """
    active = tuple(source for source in sources if usage.streams[source.place].unit != "kvarh")
    rule = component.demand
    minutes = max([rule.minutes if rule else 0, *(usage.streams[source.place].minutes for source in active)])
    reactive: tuple[Source, ...] = ()
    if rule is not None and rule.unit == "kVA":
        reactive = _reactive(component, usage)
    for source in (*active, *reactive):
        _check_length(component, usage.streams[source.place], minutes)
    cells = _cells(component, usage, calendar, months, minutes, banded=banded)
    width = len(months) * (len(band_codes(component)) if banded else 1)
    return Peaks(minutes, active, reactive, buckets_of(cells, width), cells)


def _reactive(component: Component, usage: Usage) -> tuple[Source, ...]:
    found = [
        Source(place, (), Fraction(1))
        for place, stream in enumerate(usage.streams)
        if (stream.unit, stream.product, stream.direction) == ("kvarh", component.product, "import")
    ]
    if not found:
        hint = "Load the reactive channel (Q1, K1), or charge demand by kW"
        raise Refused(Problem("RTG112", "kVA needs reactive energy", f"{component.code}: no kvarh", hint))
    return tuple(found)


def _check_length(component: Component, stream: Stream, minutes: int) -> None:
    if not stream.minutes:
        detail = f"{component.code} charges by power, {stream.register_type} is read by dial"
        hint = "Use interval data, or a component of kind capacity"
        raise Refused(Problem("RTG109", "Time bands need intervals", detail, hint))
    if minutes % stream.minutes:
        detail = f"{component.code}: {minutes} minutes of intervals of {stream.minutes}"
        hint = "Measure demand over a multiple of the interval's length"
        raise Refused(Problem("RTG111", "Intervals do not add up to those of demand", detail, hint))


def _cells(
    component: Component,
    usage: Usage,
    calendar: Calendar,
    months: Sequence[date],
    minutes: int,
    *,
    banded: bool,
) -> IntArray:
    spans = [
        Segment(max(month, usage.first), min(first_of_next_month(month), usage.end), 0) for month in months
    ]
    month = columns_of(usage, calendar, minutes, spans)
    if not banded or not component.bands:
        return month
    band = bands_of(timeline(usage.first, usage.end, calendar.clock, minutes), component, calendar)
    return np.where((month < 0) | (band == NO_BAND), -1, month * len(band_codes(component)) + band)


def _square(values: IntArray) -> IntArray:
    return times(values.astype(object if values.dtype == object else np.int64), values)


def _root(squares: Exact) -> Exact:
    """Square roots in `KVA_SCALE`, half up."""
    unit = (squares.scale / KVA_SCALE) ** 2

    def one(square: int) -> int:
        return (isqrt(4 * square * unit.numerator // unit.denominator) + 1) // 2

    found = [one(int(square)) for square in squares.values.flat]
    return Exact(np.array(found, np.int64).reshape(squares.values.shape), KVA_SCALE)


def _kind(values: IntArray) -> type:
    return object if values.dtype == object or greatest(values) >= 1 << 50 else np.int64
