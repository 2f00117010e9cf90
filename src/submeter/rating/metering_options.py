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
    whole = balance.sum(axis=2)
    billed, settled = np.zeros_like(balance), np.zeros_like(whole)
    for period, ends in enumerate(settles):
        left = balance[:, period] + carried
        carried = np.maximum(left, 0)
        np.subtract(carried, left, out=billed[:, period])
        carried_net = np.maximum(carried_net + whole[:, period], 0)
        if ends:
            settled[:, period] = carried_net
            carried, carried_net = np.zeros_like(carried), np.zeros_like(carried_net)
    return Netted(narrow(billed), narrow(settled), narrow(carried), narrow(carried_net))


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
    charges, earned = _roomy(charges), _roomy(earned)
    applied, paid, lost = (np.zeros_like(charges) for _ in range(3))
    for period, ends in enumerate(settles):
        charge, fresh = np.maximum(charges[:, period], 0), earned[:, period]
        usable = carried + fresh if credit_from == "month" else carried
        applied[:, period] = np.minimum(usable, charge)
        carried = carried + fresh - applied[:, period]
        if ends and true_up != "credit":
            (paid if true_up == "pay" else lost)[:, period] = carried
            carried = np.zeros_like(carried)
    return Carry(narrow(applied), narrow(paid), narrow(lost), narrow(carried))


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
