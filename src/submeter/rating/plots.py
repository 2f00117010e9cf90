"""From a preview to a picture of who would pay how much more."""

from collections import Counter
from decimal import ROUND_FLOOR, Decimal

from submeter.charts.model import Bin, Heading, Histogram
from submeter.charts.scale import nice_step
from submeter.rating.comparing import Preview
from submeter.rating.showing import said_period

__all__ = ["histogram_of"]

_MOST = 20
"""Bins, about."""


def histogram_of(preview: Preview) -> Histogram:
    """How many agreements would pay how much more; less lies left of zero."""
    changes = [row.difference for row in preview.rows]
    heading = Heading(f"{preview.plan} to {preview.new_plan}", _subtitle(preview))
    unit = f"{preview.currency} more, {said_period(preview.period)}"
    return Histogram(heading, unit, _bins(changes), "agreements")


def _bins(values: list[Decimal]) -> tuple[Bin, ...]:
    """Bins of a round width; zero is an edge of one."""
    if not values:
        return ()
    width = nice_step(max(max(values) - min(values), Decimal("0.1")), _MOST)
    counted = Counter(int((value / width).to_integral_value(ROUND_FLOOR)) for value in values)
    places = range(min(counted), max(counted) + 1)
    return tuple(Bin(place * width, (place + 1) * width, counted[place]) for place in places)


def _subtitle(preview: Preview) -> str:
    more = sum(row.difference > 0 for row in preview.rows)
    less = sum(row.difference < 0 for row in preview.rows)
    same = len(preview.rows) - more - less
    total = sum((row.difference for row in preview.rows), Decimal(0))
    unknown = f", {len(preview.failed)} unknown" if preview.failed else ""
    return f"{more} pay more, {less} less, {same} the same{unknown}; together {total:+f} {preview.currency}"
