"""Lines of demand: the peak of each month, a minimum, the ratchet, in bands and steps."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

import numpy as np

from submeter.rating import steps
from submeter.rating.line_sets import frame_of, line_set, scaled
from submeter.rating.model import Exact, Frame, IntArray, LineSet, Period, Terms, Usage
from submeter.rating.peaks import Peaks, peaks_of
from submeter.rating.prices import PriceTable, price_table, rate_days
from submeter.rating.quantities import sources_of
from submeter.rating.ratchet import charged_peaks, months_looked_at
from submeter.rating.segments import Segment, month_share, months_begun, segments
from submeter.rating.terms import loss_on, term_days
from submeter.rating.windows import band_codes
from submeter.rating.workings import workings
from submeter.tariffs.model import Calendar, Component, DemandRule, Plan

__all__ = ["DemandLines", "demand_lines"]


@dataclass(frozen=True, slots=True, eq=False)
class DemandLines:
    """What is known of the lines of demand before any usage is."""

    component: Component
    rule: DemandRule
    plan: Plan
    parts: tuple[Segment, ...]
    months: tuple[date, ...]
    months_of_parts: IntArray | None
    """Which month each part lies in; None where each month is one part."""
    bands: tuple[str, ...]
    peaks: Peaks
    table: PriceTable
    limits: steps.Limits | None
    frame: Frame

    def lines(self, usage: Usage, terms: Terms) -> LineSet:
        """The lines of a batch: one for each month, band, step and price."""
        measured = self.peaks.measure(usage)
        charged = charged_peaks(self.rule, self.months, measured, terms.peaks.get(self.component.code, {}))
        of_part = Exact(self._of_parts(charged.values), charged.scale)
        if self.limits is not None:
            stepped = steps.split(of_part, self.limits)
            of_part = Exact(stepped.values.reshape(len(stepped.values), -1), stepped.scale)
        quantity = scaled(of_part, Fraction(self.component.share) / 100)
        money, merged = self.table.money(quantity), self.table.merged(quantity)
        return line_set(self.frame, self.plan, merged, money)

    def _of_parts(self, values: IntArray) -> IntArray:
        """(A, months x bands) to (A, parts x bands): a month's peak is that of each of its parts."""
        if self.months_of_parts is None:
            return values
        by_month = values.reshape(len(values), len(self.months), -1)
        return by_month[:, self.months_of_parts].reshape(len(values), -1)


def demand_lines(
    component: Component,
    plan: Plan,
    usage: Usage,
    calendar: Calendar,
    periods: Sequence[Period],
    terms: Terms,
    *,
    parts_of_one: bool,
) -> DemandLines | None:
    """What can be worked out by time alone. None where no register counts for it."""
    rule = component.demand or DemandRule()
    sources = sources_of(component, usage, terms)
    cuts = rate_days(component.rates) | term_days(component, terms)
    parts = segments(periods, cuts, component.from_date, component.to_date, by_month=True)
    if not sources or not parts:
        return None
    bands, count = band_codes(component), steps.count_steps(component)
    months = months_looked_at(rule, parts, usage)
    factors = [
        loss_on(component, terms, part.first)
        * (part.days if rule.charged_per == "day" else _months(component, part))
        for part in parts
    ]
    table = price_table(component, parts, bands, count, factors, terms, monthly=True)
    shares = [(parts_of_one or key.period, key.part, key.band, key.step) for key in table.keys]
    ones = [Fraction(1)] * len(parts)
    limits = steps.limits_of(component, parts, bands, ones) if count > 1 else None
    peaks = peaks_of(component, sources, usage, calendar, months, banded=True)
    of_parts = np.array([months.index(part.month) for part in parts])
    return DemandLines(
        component,
        rule,
        plan,
        parts,
        months,
        None if of_parts.tolist() == list(range(len(months))) else of_parts,
        bands,
        peaks,
        table,
        limits,
        frame_of(component, table, bands, shares, workings(component, table, parts, len(bands), limits)),
    )


def _months(component: Component, part: Segment) -> int | Fraction:
    """How many months a part is charged for; not prorated, it is its month if that begins in it."""
    if component.prorate:
        return month_share(part.first, part.end)
    return months_begun(part.first, part.end)
