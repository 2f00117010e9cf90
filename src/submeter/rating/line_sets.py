"""Lines of a component for all agreements of a batch, and sums over such lines by period."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from submeter.rating.exact import add, greatest, scaled_factors, times
from submeter.rating.model import Exact, IntArray, LineSet
from submeter.rating.prices import LineKey, PriceTable
from submeter.rating.rounding import round_lines
from submeter.tariffs.model import Component, Plan

__all__ = [
    "by_period",
    "is_inclusive",
    "keys_of_shares",
    "line_set",
    "of_parts",
    "scaled",
    "shown",
    "sum_by_tax",
    "tax_share",
]


def line_set(
    component: Component,
    plan: Plan,
    table: PriceTable,
    bands: Sequence[str],
    quantity: Exact,
    money: Exact,
    shares: Sequence[Hashable],
    workings: Sequence[Mapping[str, Any]] = (),
) -> LineSet:
    """The lines of a price table. `shares`: which lines are shares of one price (`round_lines`)."""
    return LineSet(
        component,
        np.array([key.period for key in table.keys], np.int64),
        table.spans,
        tuple(bands[key.band] for key in table.keys),
        tuple(key.step for key in table.keys),
        tuple(key.rate for key in table.keys),
        quantity,
        tuple(key.factor for key in table.keys),
        money,
        round_lines(money, plan.decimals, shares) if plan.rounding == "line" else None,
        tuple(key.tax for key in table.keys),
        tuple(workings),
    )


def shown(lines: LineSet, plan: Plan) -> Exact:
    """The amounts that the invoice shows, on which all later lines rest."""
    if lines.cents is None:
        return lines.unrounded
    return Exact(lines.cents, Fraction(1, 10**plan.decimals))


def is_inclusive(component: Component) -> bool:
    """Whether tax is within a component's amounts."""
    return component.tax_inclusive or (component.discount is not None and component.discount.after_tax)


def tax_share(percent: Decimal, *, inclusive: bool, wanted: bool) -> Fraction:
    """What an amount is times, so that it includes tax as `wanted`."""
    gross = 1 + Fraction(percent) / 100
    return Fraction(1) if inclusive == wanted else gross if wanted else 1 / gross


def sum_by_tax(sets: Iterable[LineSet], plan: Plan, periods: int, *, inclusive: bool) -> dict[Decimal, Exact]:
    """By percentage of tax, what lines come to in each period (A, P), all with or all without tax."""
    parts: dict[Decimal, list[Exact]] = {}
    for lines in sets:
        amounts = shown(lines, plan)
        for percent in dict.fromkeys(lines.tax_percent):
            of = [place for place, one in enumerate(lines.tax_percent) if one == percent]
            whole = len(of) == len(lines.tax_percent)
            values = amounts.values if whole else amounts.values[:, of]
            share = tax_share(percent, inclusive=is_inclusive(lines.component), wanted=inclusive)
            sums = by_period(values, lines.period if whole else lines.period[of], periods)
            parts.setdefault(percent, []).append(Exact(sums, amounts.scale * share))
    return {percent: add(sums) for percent, sums in parts.items()}


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
    return quantity if share == 1 else Exact(quantity.values, quantity.scale * share)


def of_parts(values: Sequence[Fraction]) -> Exact:
    """One row of fractions."""
    wholes, scale = scaled_factors(values)
    return Exact(times(np.ones((1, len(values)), np.int64), wholes), scale)
