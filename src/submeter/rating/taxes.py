"""The tax of a bill, by the rule that the plan names, and what is to be paid."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

import numpy as np

from submeter.rating.exact import add, product, round_half_up
from submeter.rating.line_sets import by_period, by_tax, is_inclusive, shown
from submeter.rating.model import Exact, IntArray, LineSet
from submeter.tariffs.model import Plan

__all__ = ["Payable", "payable", "tax_of"]

Payable = tuple[IntArray, IntArray, Exact]
"""Tax, total, and the total before rounding: (A, P) each."""


def tax_of(percent: Decimal, *, inclusive: bool) -> Fraction:
    """The tax of one unit of money: 10 % is a tenth of a price without tax, an eleventh of one with tax."""
    share = Fraction(percent) / 100
    return share / (1 + share) if inclusive else share


def payable(sets: Sequence[LineSet], plan: Plan, count: int, periods: int) -> Payable:
    """The sums of a batch. Tax of one percentage is added up and rounded once, or each line's is rounded."""
    none = Exact(np.zeros((count, periods), np.int64), Fraction(1))
    amounts = [_sum(shown(lines, plan), lines, periods) for lines in sets]
    groups = _groups(sets, plan, periods)
    on_top = [tax for (_, inclusive), tax in groups.items() if not inclusive]
    total = add([none, *amounts, *on_top])
    if plan.rounding == "invoice":
        within = round_half_up(add([none, *groups.values()]), plan.decimals)
        return within, round_half_up(total, plan.decimals), total
    rounded = {key: round_half_up(tax, plan.decimals) for key, tax in groups.items()}
    zero = np.zeros((count, periods), np.int64)
    tax = sum(rounded.values(), zero)
    added = sum((cents for (_, inclusive), cents in rounded.items() if not inclusive), zero)
    lines = round_half_up(add([none, *amounts]), plan.decimals)
    return tax, lines + added, total


def _groups(sets: Sequence[LineSet], plan: Plan, periods: int) -> dict[tuple[Decimal, bool], Exact]:
    """Tax (A, P) by percentage, and whether it is within the prices."""
    parts: dict[tuple[Decimal, bool], list[Exact]] = {}
    for lines in sets:
        inclusive = is_inclusive(lines.component)
        for percent, period, amounts in by_tax(lines, plan):
            if not percent:
                continue
            taxes = Exact(amounts.values, product(amounts.scale, tax_of(percent, inclusive=inclusive)))
            if plan.tax_rule == "supply":
                taxes = Exact(round_half_up(taxes, plan.decimals), Fraction(1, 10**plan.decimals))
            sums = Exact(by_period(taxes.values, period, periods), taxes.scale)
            parts.setdefault((percent, inclusive), []).append(sums)
    return {key: add(taxes) for key, taxes in parts.items()}


def _sum(amounts: Exact, lines: LineSet, periods: int) -> Exact:
    return Exact(by_period(amounts.values, lines.frame.period, periods), amounts.scale)
