"""Our figures of a case beside SAM's: month by month, not rounded."""

from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from bench.sam.case import Case
from bench.sam.oracle import Figures, rate_with_sam
from bench.sam.plan import CALENDAR, MONTHS, plan_of, terms_of, usage_of

from submeter.rating.carrying import TRUE_UP
from submeter.rating.engine import rate
from submeter.rating.line_sets import by_period
from submeter.rating.model import Charges, LineSet


class Difference(NamedTuple):
    agreement: int
    figure: str
    month: int
    ours: float
    sams: float
    relative: float


def differences(case: Case, most: float, against: Case | None = None) -> Iterator[Difference]:
    """Where a figure is off by more than `most`, relative to what the month's lines are about."""
    charges = rate(usage_of(case), plan_of(case), CALENDAR, MONTHS, terms_of(case))
    gross = _gross(charges, year_in_december=bool(case.minimum_year))
    for agreement, theirs in enumerate(rate_with_sam(against or case)):
        ours = figures(case, charges, agreement)
        for name in Figures._fields:
            for month in range(12):
                mine, sams = float(getattr(ours, name)[month]), getattr(theirs, name)[month]
                off = abs(mine - sams) / max(abs(mine), abs(sams), gross[agreement][month], 1e-2)
                if off > most:
                    yield Difference(agreement, name, month + 1, mine, sams, off)


def figures(case: Case, charges: Charges, agreement: int) -> Figures:
    """What SAM calls it. The payment at the end of the year is no part of the energy charge."""
    paid = [one for one in charges.lines if _is_paid(case, one)]
    energy = [one for one in charges.lines if one.component.code in {"energy", "export"} and one not in paid]
    by_code = {
        code: [one for one in charges.lines if one.component.code.startswith(code)]
        for code in ("tou", "flat", "fixed", "least")
    }
    total = charges.unrounded_total
    return Figures(
        _sum(energy, agreement),
        _sum(by_code["tou"], agreement),
        _sum(by_code["flat"], agreement),
        _sum(by_code["fixed"], agreement),
        _sum(by_code["least"], agreement),
        [-one for one in _sum(paid, agreement)],
        [float(int(one) * total.scale) for one in total.values[agreement]],
    )


def _is_paid(case: Case, lines: LineSet) -> bool:
    if lines.component.code != "export":
        return False
    return lines.frame.bands[:1] == (TRUE_UP,) or (case.option == 0 and not case.rollover)


def _sum(sets: list[LineSet], agreement: int) -> list[float]:
    found = [Fraction(0)] * 12
    for one in sets:
        sums = by_period(one.unrounded.values[agreement : agreement + 1], one.frame.period, 12)[0]
        found = [so_far + int(more) * one.unrounded.scale for so_far, more in zip(found, sums, strict=True)]
    return [float(one) for one in found]


def _gross(charges: Charges, *, year_in_december: bool) -> list[list[float]]:
    """(A, 12) what all lines come to without their signs: floats of SAM are off by a part of that.

    A yearly minimum, which December settles, is about all of the year.
    """
    found = np.zeros((charges.count, 12))
    for one in charges.lines:
        money = np.abs(one.unrounded.values) * float(one.unrounded.scale)
        found += by_period(money.astype(float), one.frame.period, 12)
    if year_in_december:
        found[:, -1] = found.sum(axis=1)
    return found.tolist()
