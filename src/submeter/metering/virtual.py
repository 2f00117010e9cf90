"""Registers that no meter has: sums, differences and shares of others; a parent less its children.

All over the same intervals and exact. Where one part is not known, the result is not: missing in and out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from math import lcm
from typing import cast

import numpy as np

from submeter.core.problem import Problem, Refused
from submeter.metering.days import minute_of, starts_at
from submeter.metering.series import BoolArray, IntArray, Series

__all__ = ["Child", "LossFactor", "difference", "parent_less_children", "shares", "total"]

_ROOM = 2**61
"""Below it a number can be doubled and one added, and still fits 64 bits."""


@dataclass(frozen=True, slots=True)
class LossFactor:
    """What a child's energy is multiplied with at the parent, on the days of `[from_date, to_date)`.

    An exact fraction: 1.0234 is 5117/5000, and 1/(1 - 2 %) is 50/49.
    """

    value: Fraction
    from_date: date
    to_date: date | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Child:
    """A register behind a parent's. No factors: it is subtracted as it is."""

    series: Series
    losses: tuple[LossFactor, ...] = ()


def total(parts: Sequence[Series]) -> Series:
    """The sum of registers, with the most decimals that one of them has."""
    return _combined(parts, [1] * len(parts))


def difference(first: Series, *others: Series) -> Series:
    """The first less all others; below zero where they have more."""
    return _combined((first, *others), [1, *[-1] * len(others)])


def _combined(parts: Sequence[Series], signs: Sequence[int]) -> Series:
    _refuse_other_steps(parts)
    decimals = max(part.decimals for part in parts)
    scales = [sign * 10 ** (decimals - part.decimals) for part, sign in zip(parts, signs, strict=True)]
    values = _weighted([part.values for part in parts], scales)
    known: BoolArray = np.all([part.known for part in parts], axis=0)
    return _series(parts[0], decimals, values, known)


def _series(like: Series, decimals: int, values: IntArray, known: BoolArray) -> Series:
    """A result with the steps of one of its parts. Refused (MTR388) where an amount has more than 64 bits."""
    most = int(np.abs(values).max(initial=0))
    if most >= 2**63:
        hint = "Ask for fewer decimals"
        raise Refused(Problem("MTR388", "A virtual register's numbers become too long", f"{most}", hint))
    return Series(like.starts, like.minutes, decimals, np.where(known, values, 0).astype(np.int64), known)


def _weighted(values: Sequence[IntArray], weights: Sequence[int]) -> IntArray:
    """The sum of values x weights, in 64 bits where all fits, else in Python's numbers without a limit."""
    pairs = list(zip(values, weights, strict=True))
    most = sum((int(np.abs(part).max(initial=0)) + 1) * (abs(weight) + 1) for part, weight in pairs)
    wide = np.int64 if most < _ROOM else object
    result = np.zeros(len(values[0]), wide)
    for part, weight in pairs:
        result = result + part.astype(wide) * weight
    return cast("IntArray", result)


def _refuse_other_steps(parts: Sequence[Series]) -> None:
    steps = {(part.starts, part.minutes, len(part.values)) for part in parts}
    if len(steps) != 1:
        detail = "; ".join(
            f"{count} of {minutes} min from minute {start}" for start, minutes, count in sorted(steps)
        )
        hint = "Bring all registers to the same period and the longest of their intervals first"
        raise Refused(Problem("MTR387", "The parts of a virtual register have other intervals", detail, hint))


def shares(whole: Series, weights: Sequence[int], extra_decimals: int = 3) -> tuple[Series, ...]:
    """A register shared by weights (areas, units of entitlement). The shares of each interval add up to it.

    With `extra_decimals` more than the register has. What cannot be shared evenly even so goes to the largest
    remainders, the earlier share first where they are equal.
    """
    assert weights, "nobody to share among"
    assert min(weights) >= 0 < sum(weights), "weights are not negative, and one is more"
    scaled = _weighted([whole.values], [10**extra_decimals])
    parts = [_weighted([scaled], [weight]) for weight in weights]
    cut = np.stack([part // sum(weights) for part in parts])
    rest = np.stack([part % sum(weights) for part in parts])
    left = scaled - cut.sum(axis=0)
    order = np.argsort(-rest, axis=0, kind="stable")
    rank = np.argsort(order, axis=0, kind="stable")
    decimals = whole.decimals + extra_decimals
    return tuple(_series(whole, decimals, part, whole.known) for part in cut + (rank < left))


def parent_less_children(
    parent: Series, children: Sequence[Child], clock: str, decimals: int | None = None
) -> Series:
    """What is left at the parent once each child, times the loss factor of the day, is taken off.

    Computed in exact fractions, then rounded once for each interval, halves to even, to `decimals` (if None,
    those of the most exact register). Below zero where children and losses exceed the parent. `clock` is
    that of the days of the factors. Refuses a child with factors but none for some day (MTR389).
    """
    series = [parent, *(child.series for child in children)]
    _refuse_other_steps(series)
    base = max(part.decimals for part in series)
    decimals = base if decimals is None else decimals
    factors = [_factors(child, clock) for child in children]
    common = lcm(*(factor.denominator for child in factors for factor, _ in child))
    room = 10 ** max(decimals - base, 0)
    values, weights = [parent.values], [10 ** (base - parent.decimals) * common * room]
    for child, rows in zip(children, factors, strict=True):
        scale = 10 ** (base - child.series.decimals) * common * room
        values += [np.where(steps, child.series.values, 0) for _, steps in rows]
        weights += [-int(factor * scale) for factor, _ in rows]
    net = _halves_to_even(_weighted(values, weights), common * 10 ** max(base - decimals, 0))
    known: BoolArray = np.all([part.known for part in series], axis=0)
    return _series(parent, decimals, net, known)


def _factors(child: Child, clock: str) -> list[tuple[Fraction, BoolArray]]:
    """Each factor with the steps that it holds for."""
    series = child.series
    times = series.starts + np.arange(len(series.values)) * series.minutes
    if not child.losses:
        return [(Fraction(1), np.ones(len(times), np.bool_))]
    found = [(row.value, _holds(row, times, clock)) for row in child.losses]
    held = np.sum([steps for _, steps in found], axis=0)
    if (held != 1).any():
        minute = int(times[np.nonzero(held != 1)[0][0]])
        count = "none" if minute in times[held == 0] else "several"
        hint = "Give the child's loss factors periods that follow each other without gap or overlap"
        detail = f"{count} at minute {minute} since 1970 UTC"
        raise Refused(Problem("MTR389", "A child has not one loss factor for each day", detail, hint))
    return found


def _holds(row: LossFactor, times: IntArray, clock: str) -> BoolArray:
    since = minute_of(starts_at(row.from_date, clock))
    until = None if row.to_date is None else minute_of(starts_at(row.to_date, clock))
    return (times >= since) & (times < until if until is not None else True)


def _halves_to_even(numerators: IntArray, denominator: int) -> IntArray:
    if denominator >= _ROOM:
        numerators = numerators.astype(object)
    whole, rest = numerators // denominator, numerators % denominator
    twice = rest * 2
    up: BoolArray = (twice > denominator) | ((twice == denominator) & (whole % 2 == 1))
    return np.where(up, whole + 1, whole)
