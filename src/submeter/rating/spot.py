"""Money of usage at a price for each interval."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from submeter.core.problem import Problem, Refused
from submeter.rating.exact import add, greatest, times
from submeter.rating.model import Exact, IntArray, Terms, Usage
from submeter.rating.prices import PriceTable
from submeter.rating.quantities import Counted
from submeter.rating.sums import bucket_sums
from submeter.tariffs.model import Component

__all__ = ["Spot", "spot_of"]


@dataclass(frozen=True, slots=True, eq=False)
class Spot:
    """The prices of intervals, and what else multiplies them."""

    streams: tuple[Counted, ...]
    prices: tuple[IntArray, ...]
    """For each stream, the price of each of its columns."""
    scale: Fraction
    """Of prices, with the component's factor in it."""
    factors: IntArray | int
    """Loss factors by cell, in the scale of the table."""
    factor_scale: Fraction

    def money(self, usage: Usage) -> Exact:
        """(A, cells)."""
        return add(
            [self._of(usage, stream, price) for stream, price in zip(self.streams, self.prices, strict=True)]
        )

    def _of(self, usage: Usage, counted: Counted, prices: IntArray) -> Exact:
        stream = usage.streams[counted.place]
        amounts = stream.amounts
        bound = greatest(amounts) * greatest(prices) * max(amounts.shape[1], 1)
        wide = object if bound >= 1 << 62 else np.int64
        sums = bucket_sums(amounts.astype(wide) * prices.astype(wide), counted.buckets)
        values = times(times(sums, counted.factors), self.factors)
        return Exact(values, counted.scale * self.scale * self.factor_scale)


def spot_of(
    component: Component,
    usage: Usage,
    terms: Terms,
    streams: Sequence[Counted],
    table: PriceTable,
) -> Spot:
    """Refuses (RTG115) a series that is not there or whose intervals do not fit those of the usage, and a
    dial (RTG109), which does not say when it was used."""
    if component.spot_series not in terms.spot:
        raise _no_prices(f"{component.code}: series {component.spot_series or 'without a name'}")
    minutes, decimals, prices = terms.spot[component.spot_series]
    return Spot(
        tuple(streams),
        tuple(_columns(component, usage, stream, minutes, prices) for stream in streams),
        Fraction(component.spot_factor) / 10**decimals * Fraction(component.share) / 100,
        table.factors,
        table.scale,
    )


def _columns(component: Component, usage: Usage, stream: Counted, minutes: int, prices: IntArray) -> IntArray:
    own = usage.streams[stream.place].minutes
    if not own:
        detail = f"{component.code} has a price each interval, its register is read by dial"
        hint = "Use interval data, or a component of kind usage"
        raise Refused(Problem("RTG109", "Time bands need intervals", detail, hint))
    if minutes % own or len(prices) * (minutes // own) != len(stream.cells):
        detail = (
            f"{component.code}: {len(prices)} prices of {minutes} minutes for {len(stream.cells)} of {own}"
        )
        raise _no_prices(detail)
    return np.repeat(prices, minutes // own)


def _no_prices(detail: str) -> Refused:
    hint = (
        "Load the series for all days of the usage; its intervals may be longer than the meter's, not shorter"
    )
    return Refused(Problem("RTG115", "There is no spot price for each interval", detail, hint))
