"""How much of a quantity lies in each step (block)."""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from submeter.core.problem import Problem, Refused
from submeter.rating.exact import common_scale, muldiv, rescale, running_total, times, wide_sum
from submeter.rating.model import Exact, IntArray, Period
from submeter.rating.prices import find_rate
from submeter.rating.segments import Segment, month_share, year_share
from submeter.tariffs.model import Component

__all__ = ["Limits", "count_steps", "limit_shares", "limits_of", "shared_between", "split"]

SHARE_SCALE = Fraction(1, 10**9)
"""Shares of a step between bands are cut here; what is cut goes to the next band, so nothing is lost."""

Limits = tuple[tuple[Fraction | None, ...], ...]
"""By cell, the upper end of each step in the component's unit; None without end."""


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
            hint = "Give each band the same limits, or steps of its own (scope band)"
            raise Refused(Problem("RTG104", "Bands that share steps differ in them", detail, hint))
        found += cells
    return tuple(found)


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
    of_peak = peaks.scale if peaks else Fraction(1)
    ends = [end * of_peak for cell in limits for end in cell if end is not None]
    scale = common_scale([quantity.scale, *(end for end in ends if end)])
    values = rescale(quantity, scale).values
    known = np.array([[end is not None for end in cell] for cell in limits])
    wholes = [[int((end or 0) * of_peak / scale) for end in cell] for cell in limits]
    uppers: IntArray = np.array(wholes, np.int64 if max(map(max, wholes)) < 1 << 62 else object)
    if peaks is not None:
        uppers = times(peaks.values[:, :, None], uppers)
    reached = np.where(known, np.minimum(values[:, :, None], uppers), values[:, :, None])
    return Exact(np.diff(reached, axis=2, prepend=np.zeros_like(reached[:, :, :1])), scale)


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
    until = np.diff(until, axis=2, prepend=np.zeros_like(until[:, :, :1]))
    shares = np.diff(until, axis=3, prepend=np.zeros_like(until[:, :, :, :1]))
    return Exact(shares.reshape(count, parts * bands, -1), scale)


def total_of_bands(quantity: Exact, parts: int) -> Exact:
    """(A, parts x bands) to (A, parts)."""
    count = quantity.values.shape[0]
    return Exact(wide_sum(quantity.values.reshape(count, parts, -1), 2), quantity.scale)
