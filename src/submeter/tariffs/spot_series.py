"""Spot prices as they are kept, a day a row, cut to the days that are charged."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from submeter.core.problem import Problem, Refused

__all__ = ["SpotDay", "SpotPrices", "prices_between"]


class SpotDay(NamedTuple):
    """The prices of a day, in 10^-`decimals` of money a unit, from `starts_at` on."""

    series: str
    day: date
    starts_at: datetime
    minutes: int
    decimals: int
    prices: Sequence[int]


class SpotPrices(NamedTuple):
    """The prices of intervals that follow each other without a gap."""

    minutes: int
    decimals: int
    prices: tuple[int, ...]


def prices_between(series: str, days: Sequence[SpotDay], first_at: datetime, end_at: datetime) -> SpotPrices:
    """The prices of all intervals from a moment to a moment. Refuses (TRF150) what is not there whole.

    Days may come in any order; all have intervals of one length. Decimals are those of the most exact day.
    """
    if not days or len({one.minutes for one in days}) != 1:
        raise _missing(series, first_at if not days else days[0].starts_at)
    minutes, decimals = days[0].minutes, max(one.decimals for one in days)
    step = timedelta(minutes=minutes)
    told = {
        one.starts_at + place * step: price * 10 ** (decimals - one.decimals)
        for one in days for place, price in enumerate(one.prices)
    }  # fmt: skip
    moments = [first_at + place * step for place in range((end_at - first_at) // step)]
    lost = next((at for at in moments if at not in told), None)
    if lost is not None:
        raise _missing(series, lost)
    return SpotPrices(minutes, decimals, tuple(told[at] for at in moments))


def _missing(series: str, at: datetime) -> Refused:
    hint = "Load the prices of that day (spot_prices), in intervals of one length"
    return Refused(Problem("TRF150", "A spot price is missing", f"{series} at {at.isoformat()}", hint))
