"""How energy taken and energy put into the network are set against each other, and what is carried over.

Pure arithmetic on whole numbers: an agreement a row, then periods in the order of time, then time bands. The
caller brings amounts to one scale (`exact.rescale`). What is carried settles at the end of the year, in the
period that `settles` names. Which option does what: docs/explanation/metering-options.md.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np

from submeter.rating.exact import muldiv, narrow, running_total, wide_sum
from submeter.rating.model import IntArray, Period
from submeter.tariffs.model import TrueUp

__all__ = ["Carry", "Netted", "carry_money", "net_energy", "net_within", "settling", "share_out"]

_HALF = 1 << 61


class Netted(NamedTuple):
    """What is left of energy once export is taken from import."""

    billed: IntArray
    """(A, P, B) import that is charged."""
    settled: IntArray
    """(A, P) surplus that the end of the year settles; 0 in every other period."""
    carried: IntArray
    """(A, B) surplus after the last period, by band."""
    carried_net: IntArray
    """(A,) the running total over all bands after the last period: what a year's end would settle."""


class Carry(NamedTuple):
    """What became of credits in money."""

    applied: IntArray
    """(A, P) what was taken off the charges."""
    paid: IntArray
    """(A, P) what the end of the year pays."""
    lost: IntArray
    """(A, P) what the end of the year lets expire."""
    carried: IntArray
    """(A,) after the last period."""


def settling(periods: Sequence[Period], month: int) -> tuple[bool, ...]:
    """Of each period: whether the year whose last month is `month` ends on its last day, or within it."""
    return tuple(_settles(period, month) for period in periods)


def _settles(period: Period, month: int) -> bool:
    """A year ends where the day after is the first of the next month."""
    after = month % 12 + 1
    first = period.first.year * 12 + period.first.month - 1
    last = period.end.year * 12 + period.end.month - 1
    return any(place % 12 + 1 == after for place in range(first + 1, last + 1))


def net_within(import_: IntArray, export: IntArray) -> tuple[IntArray, IntArray]:
    """Import that is charged and export that is left, each period and band by itself: `net_money`."""
    balance = import_ - export
    return np.maximum(balance, 0), np.maximum(-balance, 0)


def net_energy(
    import_: IntArray,
    export: IntArray,
    carried: IntArray,
    carried_net: IntArray,
    settles: Sequence[bool],
) -> Netted:
    """Surplus of a band lessens later import of the same band, until the end of the year: `net_energy`.

    What the end of the year settles is the surplus over all bands together, which import of any band has
    lessened on the way; it may be less than the bands' own surplus, which begins anew in any case.
    """
    balance = _roomy(export) - _roomy(import_)
    surplus, billed = _levels(balance, carried, settles)
    total, _ = _levels(balance.sum(axis=2), carried_net, settles)
    ends = np.array(settles)
    kept = [np.zeros_like(one[:, 0]) if settles[-1] else one[:, -1] for one in (surplus, total)]
    return Netted(narrow(billed), narrow(np.where(ends, total, 0)), narrow(kept[0]), narrow(kept[1]))


def carry_money(
    charges: IntArray,
    earned: IntArray,
    carried: IntArray,
    settles: Sequence[bool],
    true_up: TrueUp = "pay",
    credit_from: Literal["month", "next_month"] = "month",
) -> Carry:
    """Credits earned are taken off charges, never below zero; what is left is carried. Both are (A, P).

    With `next_month` a credit counts from the period after the one in which it arises.
    """
    charges, earned = np.maximum(_roomy(charges), 0), _roomy(earned)
    resets = settles if true_up != "credit" else [False] * len(settles)
    usable = earned
    if credit_from == "next_month":
        usable = np.concatenate([np.zeros_like(earned[:, :1]), earned[:, :-1]], axis=1)
        usable = np.where([False, *resets[:-1]], 0, usable)  # the year's end has settled it
    left, missing = _levels(usable - charges, carried, resets)
    balance = left + earned if credit_from == "next_month" else left
    over = np.where(resets, balance, 0)
    nothing = np.zeros_like(over)
    kept = nothing[:, -1] if resets[-1] else balance[:, -1]
    paid, lost = (over, nothing) if true_up == "pay" else (nothing, over)
    return Carry(narrow(charges - missing), narrow(paid), narrow(lost), narrow(kept))


def _levels(flow: IntArray, start: IntArray, resets: Sequence[bool]) -> tuple[IntArray, IntArray]:
    """A store that a flow fills and empties, period by period along axis 1, never below nothing.

    Returns what is in it after each period, and what each period could not take out. After a period that
    resets it is empty. Without months one by one: what is in it is the sum so far less its lowest point.
    """
    flow = flow.astype(object) if start.dtype == object else flow
    levels, missing = np.empty_like(flow), np.empty_like(flow)
    first = 0
    for last in [place for place, ends in enumerate(resets) if ends or place + 1 == len(resets)]:
        part = slice(first, last + 1)
        so_far = flow[:, part].cumsum(axis=1)
        lowest = np.minimum(np.minimum.accumulate(so_far, axis=1), -start[:, np.newaxis])
        levels[:, part] = so_far - lowest
        missing[:, part] = levels[:, part] - flow[:, part]
        missing[:, first] -= start
        missing[:, first + 1 : last + 1] -= levels[:, first:last]
        first, start = last + 1, np.zeros_like(start)
    return levels, missing


def share_out(total: IntArray, parts: IntArray) -> IntArray:
    """`total` over the last axis of `parts`, in their ratio, in whole numbers that add up; 0 where all are 0.

    Each share is what the running total gains by its part, so that none is further off than one.
    """
    whole = wide_sum(parts, axis=-1)[..., np.newaxis]
    so_far = muldiv(np.asarray(total)[..., np.newaxis], running_total(parts, axis=-1), whole)
    return np.diff(so_far, axis=-1, prepend=0)


def _roomy(values: IntArray) -> IntArray:
    """Python's own integers where the sums of a year could overflow int64."""
    if values.dtype == object or not values.size:
        return values
    bound = max(int(values.max()), -int(values.min())) * values[0].size
    return values.astype(object) if bound >= _HALF else values
