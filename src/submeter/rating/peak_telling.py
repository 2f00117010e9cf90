"""Which peak a charge of demand rests on: when it was, and why it is that one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np

from submeter.metering.days import starts_at
from submeter.rating.exact import common_scale, rescale
from submeter.rating.model import Exact, IntArray, Period, Terms, Usage
from submeter.rating.peaks import KVA_SCALE, months_of, peaks_of
from submeter.rating.quantities import sources_of
from submeter.rating.ratchet import lookback_of, months_looked_at
from submeter.rating.segments import segments
from submeter.rating.windows import band_codes
from submeter.tariffs.model import Calendar, Component, DemandRule

__all__ = ["PeakTold", "Top", "peaks_told"]


@dataclass(frozen=True, slots=True)
class Top:
    """The greatest power of a month and band, in kW or kVA."""

    month: date
    power: Fraction
    at: datetime | None
    """When its interval began, by the clock of windows; None where another system measured it."""
    minutes: int


@dataclass(frozen=True, slots=True)
class PeakTold:
    """What is charged of a month and band, and of which peak."""

    component: Component
    band: str
    own: Top
    """The month's own peak."""
    power: Fraction
    """What is charged, before a share of it is taken."""
    why: Literal["measured", "minimum", "ratchet"]
    of: Top
    """The peak that decides; the month's own where a minimum does."""


def peaks_told(
    component: Component, usage: Usage, calendar: Calendar, periods: Sequence[Period], terms: Terms
) -> tuple[tuple[PeakTold, ...], ...]:
    """Of each agreement, by month and band. As `ratchet.charged_peaks` decides; empty without a register."""
    rule = component.demand or DemandRule()
    sources = sources_of(component, usage, terms)
    parts = segments(periods, (), component.from_date, component.to_date, by_month=True)
    if not sources or not parts:
        return ()
    known = _known(component, usage, calendar, months_looked_at(rule, parts, usage), terms)
    return tuple(
        tuple(
            _told(component, rule, known, row, month, band)
            for month in months_of(parts)
            for band in range(known.bands)
        )
        for row in range(len(known.values))
    )


@dataclass(frozen=True, slots=True)
class _Known:
    """The peaks of all agreements (A, months x bands) as whole numbers of a scale, and when they were."""

    months: Mapping[date, int]
    bands: int
    values: IntArray
    scale: Fraction
    places: IntArray
    """In which interval; -1 where another system measured it, or there was none."""
    minutes: int
    begins: datetime
    clock: ZoneInfo

    def value(self, row: int, month: date, band: int) -> int:
        return int(self.values[row, self.months[month] * self.bands + band])

    def top(self, row: int, month: date, band: int) -> Top:
        place = int(self.places[row, self.months[month] * self.bands + band])
        starts = self.begins + timedelta(minutes=place * self.minutes)
        at = starts.astimezone(self.clock) if place >= 0 else None
        return Top(month, self.value(row, month, band) * self.scale, at, self.minutes)


def _known(
    component: Component, usage: Usage, calendar: Calendar, months: Sequence[date], terms: Terms
) -> _Known:
    """Of a month that another system measured, too, the greater counts."""
    peaks = peaks_of(component, sources_of(component, usage, terms), usage, calendar, months, banded=True)
    measured, places = peaks.measure(usage), peaks.tops(usage)
    taken, bands = terms.peaks.get(component.code, {}), len(band_codes(component))
    scale = common_scale([measured.scale, KVA_SCALE]) if taken else measured.scale
    every = tuple(dict.fromkeys([*months, *taken]))
    more = ((0, 0), (0, (len(every) - len(months)) * bands))
    values = np.pad(rescale(measured, scale).values, more)
    places = np.pad(places, more, constant_values=-1)
    for month, others in taken.items():
        columns = slice(every.index(month) * bands, every.index(month) * bands + bands)
        found = rescale(Exact(others, KVA_SCALE), scale).values
        places[:, columns] = np.where(found > values[:, columns], -1, places[:, columns])
        values[:, columns] = np.maximum(found, values[:, columns])
    begins, clock = starts_at(usage.first, calendar.clock), ZoneInfo(_clock(component, calendar))
    by_month = {month: place for place, month in enumerate(every)}
    return _Known(by_month, bands, values, scale, places, peaks.minutes, begins, clock)


def _clock(component: Component, calendar: Calendar) -> str:
    if component.clock == "market":
        return calendar.market_clock or calendar.clock
    return calendar.local_clock or calendar.clock


def _told(
    component: Component, rule: DemandRule, known: _Known, row: int, month: date, band: int
) -> PeakTold:
    own, code = known.top(row, month, band), band_codes(component)[band]
    told = PeakTold(component, code, own, own.power, "measured", own)
    if rule.minimum > told.power:
        told = PeakTold(component, code, own, Fraction(rule.minimum), "minimum", own)
    before = [one for one in lookback_of(rule, month) if one in known.months]
    if before:
        greatest = known.top(row, max(before, key=lambda one: known.value(row, one, band)), band)
        floor = greatest.power * Fraction(rule.lookback_percent) / 100
        if floor > told.power:
            told = PeakTold(component, code, own, floor, "ratchet", greatest)
    return told
