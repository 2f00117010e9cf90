"""Peaks of demand that another system measured, as the engine wants them."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

import numpy as np

from submeter.rating.model import IntArray
from submeter.rating.parts import by_peak
from submeter.rating.windows import band_codes
from submeter.tariffs.model import Component, DemandRule, Plan

__all__ = ["TakenPeak", "peaks_taken"]

_DECIMALS = 6


class TakenPeak(NamedTuple):
    """The peak of a month, of a time band or (where that is empty) of the whole day; in kW or kVA."""

    month: date
    unit: str
    band: str
    peak: Decimal


def peaks_taken(plan: Plan, rows: Sequence[Sequence[TakenPeak]]) -> dict[str, dict[date, IntArray]]:
    """By component and month, in 10^-6: an array of (agreements, bands), 0 where nothing is known.

    What is measured by time band looks at bands of its own names alone: of a whole day's peak nobody knows
    when it was. What is not looks at the greatest of all.
    """
    if not any(rows):
        return {}
    return {one.code: _by_month(one, rows) for one in plan.components if by_peak(one)}


def _by_month(component: Component, rows: Sequence[Sequence[TakenPeak]]) -> dict[date, IntArray]:
    bands = band_codes(component) if component.kind == "demand" else ("",)
    months = {peak.month for peaks in rows for peak in peaks}
    found = {month: np.zeros((len(rows), len(bands)), np.int64) for month in sorted(months)}
    for row, peaks in enumerate(rows):
        for peak, column in _columns(component, bands, peaks):
            held = found[peak.month]
            held[row, column] = max(held[row, column], int(peak.peak.scaleb(_DECIMALS)))
    return found


def _columns(
    component: Component, bands: Sequence[str], peaks: Sequence[TakenPeak]
) -> list[tuple[TakenPeak, int]]:
    unit = (component.demand or DemandRule()).unit
    mine = [peak for peak in peaks if peak.unit == unit]
    if tuple(bands) == ("",):
        return [(peak, 0) for peak in mine]
    return [(peak, bands.index(peak.band)) for peak in mine if peak.band in bands]
