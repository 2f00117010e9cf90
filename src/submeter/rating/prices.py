"""Which price holds where, and how priced quantities become lines."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from submeter.core.problem import Problem, Refused
from submeter.rating.exact import product, scaled_factors, times
from submeter.rating.model import Exact, IntArray, Terms
from submeter.rating.segments import Segment
from submeter.tariffs.model import Component, Rate

__all__ = ["MICRO", "LineKey", "PriceTable", "find_rate", "price_table", "rate_days", "tax_percent"]

MICRO = Fraction(1, 10**6)
"""Prices have six decimals at most."""


class LineKey(NamedTuple):
    """What makes a line one: whose price, and all that it is multiplied with."""

    period: int
    band: int
    step: int
    rate: Rate
    factor: Fraction
    tax: Decimal
    part: date | None = None
    """The month, where each month's peak is a line of its own."""


class PriceTable(NamedTuple):
    """The prices of cells (segment x band x step), and to which line each cell belongs."""

    prices: IntArray
    """Of each cell, in 10^-6 of money; 0 where the cell has no price and can hold no quantity."""
    factors: IntArray | int
    """Of each cell, in `scale`."""
    scale: Fraction
    keys: tuple[LineKey, ...]
    spans: tuple[tuple[date, date], ...]
    order: IntArray | None
    """The cells that belong to lines, those of a line together; None where each is a line, in order."""
    bounds: IntArray

    def merged(self, cells: Exact) -> Exact:
        """(A, cells) to (A, lines)."""
        if self.order is None:
            return cells
        values = cells.values[:, self.order]
        if len(self.bounds):
            values = np.add.reduceat(values, self.bounds, axis=1)
        return Exact(values, cells.scale)

    def money(self, quantity: Exact) -> Exact:
        """What the quantities of the cells come to, by line."""
        priced = times(quantity.values, self.prices)
        scale = product(product(quantity.scale, self.scale), MICRO)
        return self.merged(Exact(times(priced, self.factors), scale))


def rate_days(rates: Sequence[Rate]) -> set[date]:
    """The days on which a price begins or ends."""
    return {day for rate in rates for day in (rate.from_date, rate.to_date) if day is not None}


def find_rate(component: Component, day: date, band: str, step: int) -> Rate | None:
    """The price of a band and step on a day, if there is one."""
    for rate in component.rates:
        held = rate.from_date <= day and (rate.to_date is None or day < rate.to_date)
        if held and rate.band == band and rate.step == step:
            return rate
    return None


def tax_percent(component: Component, terms: Terms, day: date) -> Decimal:
    """Tax of a component on a day; 0 without a code. Refuses (RTG103) a code that means nothing that day."""
    if not component.tax_code or component.kind == "concession":
        return Decimal(0)
    for tax in terms.taxes:
        if tax.code == component.tax_code and tax.from_date <= day and (not tax.to_date or day < tax.to_date):
            return tax.percent
    detail = f"{component.tax_code} of {component.code} on {day}"
    hint = "Add the tax code's percentage for that day to tax_rates, or correct the component's tax_code"
    raise Refused(Problem("RTG103", "The tax of a day is not known", detail, hint))


def price_table(
    component: Component,
    parts: Sequence[Segment],
    bands: Sequence[str],
    steps: int,
    factors: Sequence[Fraction],
    terms: Terms,
    *,
    monthly: bool = False,
) -> PriceTable:
    """The prices of `parts` x `bands` x `steps`. `factors` multiply the money of each part.

    Refuses (RTG102) a day on which a band has no price at all, (RTG113) a price of over six decimals,
    and (RTG118) steps that leave a gap.
    """
    lines: dict[LineKey, list[int]] = {}
    days: dict[LineKey, tuple[date, date]] = {}
    prices, cell = [], 0
    for part, factor in zip(parts, factors, strict=True):
        tax = tax_percent(component, terms, part.first)
        for band, code in enumerate(bands):
            _check_steps(component, part.first, code, steps)
            for step in range(1, steps + 1):
                rate = find_rate(component, part.first, code, step)
                if rate is None and step == 1:
                    raise _unpriced(component, part.first, code)
                prices.append(_micros(component, rate) if rate else 0)
                if rate is not None:
                    month = part.month if monthly else None
                    key = LineKey(part.period, band, step, rate, factor, tax, month)
                    lines.setdefault(key, []).append(cell)
                    days[key] = (min(days.get(key, part)[0], part.first), part.end)
                cell += 1
    return _table(prices, lines, days, [factor for factor in factors for _ in range(len(bands) * steps)])


def _table(
    prices: list[int],
    lines: dict[LineKey, list[int]],
    days: dict[LineKey, tuple[date, date]],
    factors: list[Fraction],
) -> PriceTable:
    order = [cell for cells in lines.values() for cell in cells]
    sizes = [len(cells) for cells in lines.values()]
    plain = order == list(range(len(prices))) and set(sizes) <= {1}
    scaled, scale = scaled_factors(factors) if factors else (1, Fraction(1))
    return PriceTable(
        np.array(prices, np.int64),
        scaled,
        scale,
        tuple(lines),
        tuple(days[key] for key in lines),
        None if plain else np.array(order, np.int64),
        np.cumsum([0, *sizes[:-1]]) if sizes else np.zeros(0, np.int64),
    )


def _micros(component: Component, rate: Rate) -> int:
    scaled = rate.price.scaleb(6)
    if scaled != int(scaled):
        hint = "Round the price to six decimals, or price a larger unit"
        raise Refused(Problem("RTG113", "A price is too fine", f"{component.code}: {rate.price}", hint))
    return int(scaled)


def _check_steps(component: Component, day: date, band: str, steps: int) -> None:
    """Refuses (RTG118) steps after which something would be left without price, or that do not rise."""
    rates = [find_rate(component, day, band, step) for step in range(1, steps + 1)]
    ends = [rate.up_to for rate in rates if rate is not None]
    known = [Decimal(0), *(end for end in ends[:-1] if end is not None)]
    if ends[-1:] in ([], [None]) and len(known) >= len(ends) and all(a < b for a, b in pairwise(known)):
        return
    said = ", ".join("no end" if end is None else f"{end:f}" for end in ends)
    where = f"{component.code}, band {band}," if band else component.code
    hint = "Let each step end above the one before it, and leave the last one without end"
    raise Refused(Problem("RTG118", "Steps leave a gap", f"{where} on {day}: {said}", hint))


def _unpriced(component: Component, day: date, band: str) -> Refused:
    where = f"{component.code}, band {band}," if band else component.code
    hint = "Add a rate that holds on that day, or end the component before it"
    return Refused(Problem("RTG102", "There is no price for a day", f"{where} on {day}", hint))
