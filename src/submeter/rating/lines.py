"""The lines of one agreement's bill out of the arrays of its batch, each with its working."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from submeter.rating.exact import round_half_up
from submeter.rating.line_sets import is_inclusive
from submeter.rating.model import Charges, Exact, Line, LineSet
from submeter.rating.taxes import tax_of

__all__ = ["amount_of", "list_lines", "tidy", "total_of"]


def list_lines(charges: Charges, agreement: int, period: int) -> tuple[Line, ...]:
    """The lines of an agreement (its row in the batch) in a period, in the order of calculation.

    Steps and bands in which nothing lies are left out, but for one line of each component that counts.
    """
    found: list[Line] = []
    for lines in charges.lines:
        places = [place for place, of in enumerate(lines.frame.period) if of == period]
        made = [_line(charges, lines, agreement, place) for place in places]
        counts = lines.component.kind not in ("discount", "minimum", "concession")
        full = [line for line in made if line.unrounded or (counts and line.quantity)]
        found += full or ([line for line in made[:1] if line.step] if counts else [])
    return tuple(found)


def total_of(charges: Charges, agreement: int, period: int) -> tuple[Decimal, Decimal]:
    """Tax (within prices and on top) and what is to be paid."""
    tax, total = charges.tax[agreement, period], charges.total[agreement, period]
    return amount_of(tax, charges.decimals), amount_of(total, charges.decimals)


def amount_of(cents: Any, decimals: int) -> Decimal:
    """A whole number of the smallest unit as an amount of money."""
    return Decimal(int(cents)).scaleb(-decimals)


def tidy(value: Fraction) -> Decimal | Fraction:
    """As a decimal where it is one."""
    under = value.denominator
    for prime in (2, 5):
        while under % prime == 0:
            under //= prime
    if under != 1:
        return value
    digits = len(str(value.denominator)) * 4
    scaled = Decimal(int(value * 10**digits)).scaleb(-digits).normalize()
    return scaled.quantize(Decimal(1)) if scaled == scaled.to_integral_value() else scaled


def _line(charges: Charges, lines: LineSet, agreement: int, place: int) -> Line:
    unrounded = _fraction(lines.unrounded, agreement, place)
    frame = lines.frame
    percent = frame.tax_percent[place]
    if lines.cents is None:
        amount = _cut(unrounded)
    else:
        amount = amount_of(lines.cents[agreement, place], charges.decimals)
    taxed = Fraction(amount) * tax_of(percent, inclusive=is_inclusive(lines.component))
    first, end = frame.spans[place]
    return Line(
        lines.component,
        charges.periods[int(frame.period[place])],
        first,
        end,
        frame.bands[place],
        frame.steps[place],
        frame.rates[place],
        tidy(_fraction(lines.quantity, agreement, place)),
        frame.factors[place],
        unrounded,
        amount,
        percent,
        _rounded(taxed, charges.decimals),
        frame.workings[place] if frame.workings else {},
    )


def _fraction(amount: Exact, agreement: int, place: int) -> Fraction:
    return int(amount.values[agreement, place]) * amount.scale


def _rounded(value: Fraction, decimals: int) -> Decimal:
    one = Exact(np.array([value.numerator], object), Fraction(1, value.denominator))
    return amount_of(round_half_up(one, decimals)[0], decimals)


def _cut(value: Fraction) -> Decimal:
    return Decimal(int(value * 10**10)).scaleb(-10)
