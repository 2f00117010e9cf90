"""Which peak a charge of demand rests on: when it was, and why it is that one."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Literal
from zoneinfo import ZoneInfo

from submeter.metering.days import starts_at
from submeter.rating.model import Exact, Period, Terms, Usage
from submeter.rating.peaks import KVA_SCALE, Peaks, months_of, peaks_of
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
    months, bands = months_looked_at(rule, parts, usage), band_codes(component)
    peaks = peaks_of(component, sources, usage, calendar, months, banded=True)
    tops = _tops(component, usage, calendar, peaks, months, terms)
    return tuple(
        tuple(
            _told(component, rule, band, month, {one: of[one, place] for one, at in of if at == place})
            for month in months_of(parts)
            for place, band in enumerate(bands)
        )
        for of in tops
    )


_Tops = Mapping[tuple[date, int], Top]


def _tops(
    component: Component,
    usage: Usage,
    calendar: Calendar,
    peaks: Peaks,
    months: Sequence[date],
    terms: Terms,
) -> Iterator[_Tops]:
    """Of each agreement by month and band; of a month that both know the greater counts."""
    measured, places = peaks.measure(usage), peaks.tops(usage)
    bands = len(band_codes(component))
    taken = terms.peaks.get(component.code, {})
    begins, clock = starts_at(usage.first, calendar.clock), ZoneInfo(_clock(component, calendar))
    for row in range(len(measured.values)):
        found: dict[tuple[date, int], Top] = {}
        for cell in range(len(months) * bands):
            month, band = months[cell // bands], cell % bands
            place = int(places[row, cell])
            at = (begins + timedelta(minutes=place * peaks.minutes)).astimezone(clock) if place >= 0 else None
            found[month, band] = Top(month, _power(measured, row, cell), at, peaks.minutes)
        for month, values in taken.items():
            for band in range(bands):
                other = Top(month, int(values[row, band]) * KVA_SCALE, None, 0)
                if (month, band) not in found or other.power > found[month, band].power:
                    found[month, band] = other
        yield found


def _power(measured: Exact, row: int, cell: int) -> Fraction:
    return int(measured.values[row, cell]) * measured.scale


def _clock(component: Component, calendar: Calendar) -> str:
    if component.clock == "market":
        return calendar.market_clock or calendar.clock
    return calendar.local_clock or calendar.clock


def _told(
    component: Component, rule: DemandRule, band: str, month: date, known: Mapping[date, Top]
) -> PeakTold:
    own = known[month]
    told = PeakTold(component, band, own, own.power, "measured", own)
    if rule.minimum > told.power:
        told = PeakTold(component, band, own, Fraction(rule.minimum), "minimum", own)
    for before in lookback_of(rule, month):
        if before in known:
            floor = known[before].power * Fraction(rule.lookback_percent) / 100
            if floor > told.power:
                told = PeakTold(component, band, own, floor, "ratchet", known[before])
    return told
