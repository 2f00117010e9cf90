"""Which loss factor holds on which day: the supply point's own, else its network code's, else the site's."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from submeter.network.model import LossFactorRow

__all__ = ["FactorSpan", "factor_on", "factor_spans"]


class FactorSpan(NamedTuple):
    """One factor for all days of `[from_date, to_date)`."""

    factor: Fraction
    from_date: date
    to_date: date


def factor_on(rows: Iterable[LossFactorRow], day: date) -> Fraction:
    """The factor of a day; 1 where nobody gives one."""
    held = [row for row in rows if row.from_date <= day and (row.to_date is None or day < row.to_date)]
    return Fraction(min(held).factor) if held else Fraction(1)


def factor_spans(rows: Sequence[LossFactorRow], first: date, end: date) -> Iterator[FactorSpan]:
    """The factors of the days of `[first, end)`, one after the other without a gap."""
    told = {day for row in rows for day in (row.from_date, row.to_date) if day is not None}
    edges = [first, *sorted(day for day in told if first < day < end), end]
    for begins, ends in pairwise(edges):
        yield FactorSpan(factor_on(rows, begins), begins, ends)
