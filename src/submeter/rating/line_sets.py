"""Lines of a component for all agreements of a batch, and sums over such lines by period."""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from submeter.rating.exact import add, greatest, product, scaled_factors, times
from submeter.rating.model import Exact, Frame, IntArray, LineSet
from submeter.rating.prices import LineKey, PriceTable
from submeter.rating.rounding import round_lines
from submeter.tariffs.model import Component, Plan

__all__ = [
    "by_period",
    "by_tax",
    "frame_of",
    "is_inclusive",
    "keys_of_shares",
    "line_set",
    "of_parts",
    "scaled",
    "shown",
    "sum_by_tax",
    "tax_share",
]


_ONE = Fraction(1)
_UNITS = tuple(Fraction(1, 10**decimals) for decimals in range(10))


def frame_of(
    component: Component,
    table: PriceTable,
    bands: Sequence[str],
    shares: Sequence[Hashable],
    workings: Sequence[Mapping[str, Any]] = (),
) -> Frame:
    """The lines of a price table. Those with an equal entry in `shares` are shares of one price."""
    taxes = tuple(key.tax for key in table.keys)
    return Frame(
        component,
        np.array([key.period for key in table.keys], np.int64),
        table.spans,
        tuple(bands[key.band] for key in table.keys),
        tuple(key.step for key in table.keys),
        tuple(key.rate for key in table.keys),
        tuple(key.factor for key in table.keys),
        taxes,
        {tax: np.array(places) for tax, places in _places(taxes).items()},
        tuple(tuple(places) for places in _places(shares).values() if len(places) > 1),
        tuple(workings),
    )


def _places(entries: Sequence[Hashable]) -> dict[Any, list[int]]:
    found: dict[Any, list[int]] = {}
    for place, entry in enumerate(entries):
        found.setdefault(entry, []).append(place)
    return found


def line_set(frame: Frame, plan: Plan, quantity: Exact, money: Exact) -> LineSet:
    """Lines with their money, rounded where the plan rounds lines."""
    cents = round_lines(money, plan.decimals, frame.shares) if plan.rounding == "line" else None
    return LineSet(frame, quantity, money, cents)


def shown(lines: LineSet, plan: Plan) -> Exact:
    """The amounts that the invoice shows, on which all later lines rest."""
    if lines.cents is None:
        return lines.unrounded
    return Exact(lines.cents, _UNITS[plan.decimals])


def is_inclusive(component: Component) -> bool:
    """Whether tax is within a component's amounts."""
    return component.tax_inclusive or (component.discount is not None and component.discount.after_tax)


def tax_share(percent: Decimal, *, inclusive: bool, wanted: bool) -> Fraction:
    """What an amount is times, so that it includes tax as `wanted`."""
    if inclusive == wanted or not percent:
        return _ONE
    gross = 1 + Fraction(percent) / 100
    return gross if wanted else 1 / gross


def sum_by_tax(sets: Iterable[LineSet], plan: Plan, periods: int, *, inclusive: bool) -> dict[Decimal, Exact]:
    """By percentage of tax, what lines come to in each period (A, P), all with or all without tax."""
    parts: dict[Decimal, list[Exact]] = {}
    for lines in sets:
        for percent, period, amounts in by_tax(lines, plan):
            share = tax_share(percent, inclusive=is_inclusive(lines.component), wanted=inclusive)
            sums = by_period(amounts.values, period, periods)
            parts.setdefault(percent, []).append(Exact(sums, product(amounts.scale, share)))
    return {percent: add(sums) for percent, sums in parts.items()}


def by_tax(lines: LineSet, plan: Plan) -> Iterator[tuple[Decimal, IntArray, Exact]]:
    """By percentage of tax: the periods and the amounts that the invoice shows of the lines that have it."""
    amounts, frame = shown(lines, plan), lines.frame
    if len(frame.by_tax) == 1:
        yield frame.tax_percent[0], frame.period, amounts
        return
    for percent, places in frame.by_tax.items():
        yield percent, frame.period[places], Exact(amounts.values[:, places], amounts.scale)


def by_period(values: IntArray, period: IntArray, periods: int) -> IntArray:
    """(A, L) to (A, P): sums of the lines of each period."""
    if values.dtype != object and greatest(values) * max(values.shape[1], 1) >= 1 << 62:
        values = values.astype(object)
    if periods == 1:
        return np.asarray(values.sum(axis=1, keepdims=True))
    belongs = (period[:, None] == np.arange(periods)).astype(values.dtype)
    return np.asarray(values @ belongs)


def keys_of_shares(keys: Sequence[LineKey], *, parts_of_one: bool) -> list[Hashable]:
    """Lines that share nothing, unless all periods are parts of one."""
    if not parts_of_one:
        return list(range(len(keys)))
    return [(key.band, key.step, key.rate, key.factor) for key in keys]


def scaled(quantity: Exact, share: Fraction) -> Exact:
    """Each quantity times a fraction."""
    return quantity if share == 1 else Exact(quantity.values, product(quantity.scale, share))


def of_parts(values: Sequence[Fraction]) -> Exact:
    """One row of fractions."""
    wholes, scale = scaled_factors(values)
    return Exact(times(np.ones((1, len(values)), np.int64), wholes), scale)
