"""How much of a quantity lies in each step (block)."""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from submeter.core.problem import Problem, Refused
from submeter.rating.exact import common_scale, gains, muldiv, rescale, running_total, times, wide_sum
from submeter.rating.model import Exact, IntArray, Period
from submeter.rating.prices import find_rate
from submeter.rating.segments import Segment, month_share, year_share
from submeter.tariffs.model import Component

__all__ = ["Limits", "count_steps", "limit_shares", "limits_of", "shared_between", "split"]

SHARE_SCALE = Fraction(1, 10**9)
"""Shares of a step between bands are cut here; what is cut goes to the next band, so nothing is lost."""


class Limits:
    """Where the steps of each cell end, in the component's unit; None without end."""

    def __init__(self, cells: Sequence[Sequence[Fraction | None]]) -> None:
        self.cells = tuple(tuple(cell) for cell in cells)
        self._scaled: dict[tuple[Fraction, Fraction | None], tuple[Fraction, IntArray, IntArray]] = {}

    def scaled(self, amounts: Fraction, peaks: Fraction | None) -> tuple[Fraction, IntArray, IntArray]:
        """A scale in which amounts and limits are whole; which limits there are; and the limits in it.

        With the scale of `peaks`, limits are for each kW (kVA) of them.
        """
        found = self._scaled.get((amounts, peaks))
        if found is None:
            found = self._scaled[amounts, peaks] = self._scale(amounts, peaks or Fraction(1))
        return found

    def _scale(self, amounts: Fraction, peaks: Fraction) -> tuple[Fraction, IntArray, IntArray]:
        ends = [end * peaks for cell in self.cells for end in cell if end is not None]
        scale = common_scale([amounts, *(end for end in ends if end)])
        known = np.array([[end is not None for end in cell] for cell in self.cells])
        wholes = [[int((end or 0) * peaks / scale) for end in cell] for cell in self.cells]
        fits = max(max(cell) for cell in wholes) < 1 << 62
        return scale, known, np.array(wholes, np.int64 if fits else object)


def count_steps(component: Component) -> int:
    return max((rate.step for rate in component.rates), default=1)


def limit_shares(
    component: Component, parts: Sequence[Segment], periods: Sequence[Period], year_starts: int
) -> tuple[Fraction, ...]:
    """By how much the limits of steps are multiplied in each part, by what they are for."""
    basis = component.steps.basis
    if basis in ("day", "per_kw_day"):
        return tuple(Fraction(part.days) for part in parts)
    if basis in ("month", "per_kw"):
        return tuple(month_share(part.first, part.end) for part in parts)
    if basis == "year":
        return tuple(year_share(part.first, part.end, year_starts) for part in parts)
    return tuple(Fraction(part.days, periods[part.period].days) for part in parts)


def limits_of(
    component: Component, parts: Sequence[Segment], bands: Sequence[str], shares: Sequence[Fraction]
) -> Limits:
    """The limits of each part and band, part by part.

    Refuses (RTG104) bands that share steps and have other limits.
    """
    found: list[tuple[Fraction | None, ...]] = []
    for part, share in zip(parts, shares, strict=True):
        cells = [_ends(component, part, band, share) for band in bands]
        if component.steps.scope != "band" and len(set(cells)) > 1:
            detail = f"{component.code} on {part.first}: {', '.join(bands)}"
            hint = "Give each band the same limits, or steps of its own (step_scope: band)"
            raise Refused(Problem("RTG104", "Bands that share steps differ in them", detail, hint))
        found += cells
    return Limits(found)


def _ends(component: Component, part: Segment, band: str, share: Fraction) -> tuple[Fraction | None, ...]:
    ends: list[Fraction | None] = []
    for step in range(1, count_steps(component) + 1):
        rate = find_rate(component, part.first, band, step)
        ends.append(None if rate is None or rate.up_to is None else Fraction(rate.up_to) * share)
    return tuple(ends)


def split(quantity: Exact, limits: Limits, peaks: Exact | None = None) -> Exact:
    """(A, cells) to (A, cells, steps). With `peaks` (A, cells), limits are for each kW of them.

    What is negative lies in the first step.
    """
    scale, known, uppers = limits.scaled(quantity.scale, peaks.scale if peaks else None)
    values = rescale(quantity, scale).values
    if peaks is not None:
        uppers = times(peaks.values[:, :, None], uppers)
    reached = np.where(known, np.minimum(values[:, :, None], uppers), values[:, :, None])
    return Exact(gains(reached, 2), scale)


def shared_between(quantity: Exact, stepped: Exact, bands: int) -> Exact:
    """Each part's steps shared among its bands by what each band used.

    `quantity` is (A, parts x bands), `stepped` (A, parts, steps); the result (A, parts x bands, steps) has
    both as its sums, exactly. Each share is less than 2 x 10^-9 of a unit from its exact value.
    """
    scale = common_scale([quantity.scale, stepped.scale, SHARE_SCALE])
    count, parts = quantity.values.shape[0], stepped.values.shape[1]
    by_band = running_total(rescale(quantity, scale).values.reshape(count, parts, bands), 2)
    by_step = running_total(rescale(stepped, scale).values, 2)
    whole = by_band[:, :, -1:, None]
    until = muldiv(by_step[:, :, None, :], by_band[:, :, :, None], whole)
    # What cancels out over the bands is in no step; it goes to the first.
    until = np.where(whole == 0, by_band[:, :, :, None], until)
    until = gains(until, 2)
    shares = gains(until, 3)
    return Exact(shares.reshape(count, parts * bands, -1), scale)


def total_of_bands(quantity: Exact, parts: int) -> Exact:
    """(A, parts x bands) to (A, parts)."""
    count = quantity.values.shape[0]
    return Exact(wide_sum(quantity.values.reshape(count, parts, -1), 2), quantity.scale)
