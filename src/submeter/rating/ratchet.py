"""Billing demand: what is charged of a month's peak, at least a minimum and a share of peaks before it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

import numpy as np

from submeter.rating.exact import common_scale, rescale, times
from submeter.rating.model import Exact, IntArray, Terms, Usage
from submeter.rating.peaks import KVA_SCALE, Peaks, months_of
from submeter.rating.segments import Segment
from submeter.tariffs.model import Component, DemandRule

__all__ = ["StepPeaks", "charged_peaks", "lookback_of", "months_looked_at"]


@dataclass(frozen=True, slots=True, eq=False)
class StepPeaks:
    """The peaks that steps are for each kW of; by the component's demand rule, if it has one."""

    component: Component
    months: tuple[date, ...]
    of_parts: tuple[int, ...]
    """Which of the months each part lies in."""
    peaks: Peaks

    def measure(self, usage: Usage, terms: Terms) -> Exact:
        """(A, parts)."""
        earlier = terms.peaks.get(self.component.code, {})
        rule = self.component.demand or DemandRule()
        measured = charged_peaks(rule, self.months, self.peaks.measure(usage), earlier)
        return Exact(measured.values[:, self.of_parts], measured.scale)


def charged_peaks(
    rule: DemandRule, months: Sequence[date], measured: Exact, earlier: Mapping[date, IntArray]
) -> Exact:
    """What is charged of measured peaks (A, months x bands): the minimum and the ratchet at least.

    `earlier` has peaks (A, bands) of months that others measured, in 10^-6. Of a month that both know the
    greater counts: it may have been taken over in its middle.
    """
    share = Fraction(rule.lookback_percent) / 100
    minimum = Fraction(rule.minimum)
    if not earlier and not minimum and not rule.lookback_months:
        return measured
    stored = (KVA_SCALE,) if earlier else ()
    scale = common_scale([measured.scale, *stored, *(one for one in (minimum,) if one)])
    scale = common_scale([scale, scale * share]) if share else scale
    by_month = rescale(measured, scale).values.reshape(len(measured.values), len(months), -1)
    known = {month: rescale(Exact(values, KVA_SCALE), scale).values for month, values in earlier.items()}
    for place, month in enumerate(months):
        known[month] = np.maximum(by_month[:, place], known.get(month, 0))
    charged = [np.maximum(known[month], int(minimum / scale)) for month in months]
    for place, month in enumerate(months):
        for before in lookback_of(rule, month):
            if before in known:
                floor = times(known[before], share.numerator) // share.denominator
                charged[place] = np.maximum(charged[place], floor)
    return Exact(np.stack(charged, axis=1).reshape(len(measured.values), -1), scale)


def months_looked_at(rule: DemandRule, parts: Sequence[Segment], usage: Usage) -> tuple[date, ...]:
    """The months that are charged, and those before that count for the ratchet and are in the usage."""
    own = months_of(parts)
    before = {day for month in own for day in lookback_of(rule, month) if day >= usage.first}
    return tuple(sorted({*own, *before}))


def lookback_of(rule: DemandRule, month: date) -> list[date]:
    """The months whose peaks count for the ratchet of a month."""
    places = [month.year * 12 + month.month - 1 - n for n in range(1, rule.lookback_months + 1)]
    before = [date(place // 12, place % 12 + 1, 1) for place in places]
    return [day for day in before if not rule.lookback_season or day.month in rule.lookback_season]
