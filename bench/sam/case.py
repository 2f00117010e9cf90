"""A year as SAM has it: 365 days from a Monday, calendar months, no clock change, no holiday, no tax."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from submeter.rating.model import IntArray

__all__ = ["DAYS", "END", "FIRST", "UNITS", "Case", "Demand", "Grid", "Ratchet", "Tier", "flat_grid"]

FIRST, END = date(2018, 1, 1), date(2019, 1, 1)
"""2018 begins on a Monday and has no 29 February."""
DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
UNITS = ("kWh", "kWh/kW", "kWh daily", "kWh/kW daily")

Grid = tuple[tuple[int, ...], ...]
"""12 x 24, month and hour: which period, counted from 1."""


class Tier(NamedTuple):
    """One tier of one period. Each period has the same number of tiers with the same limits, as SAM asks."""

    period: int
    tier: int
    up_to: Decimal | None
    buy: Decimal
    sell: Decimal = Decimal(0)


class Ratchet(NamedTuple):
    """Billing demand: at least a share of the peaks of months before."""

    months: int
    percent: int
    counted: frozenset[int]
    """Months (1 to 12) whose peaks count."""
    minimum: Decimal
    year_zero: tuple[int, ...]
    """Last year's peaks, in whole kW."""
    period: int
    """The period of demand it is for; 0 for all, where there is one only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """Prices of a month's peaks: by period of the day, and of the whole month."""

    weekday: Grid
    weekend: Grid
    by_period: tuple[Tier, ...]
    flat: tuple[Tier, ...]
    """`period` is 1 here; the same every month."""
    ratchet: Ratchet | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Case:
    """A tariff, and what some agreements used: (A, N) whole watt-hours each interval."""

    option: int
    minutes: int
    load: IntArray
    made: IntArray
    weekday: Grid
    weekend: Grid
    energy: tuple[Tier, ...]
    unit: int = 0
    demand: Demand | None = None
    fixed: Decimal = Decimal(0)
    minimum_month: Decimal = Decimal(0)
    minimum_year: Decimal = Decimal(0)
    true_up_month: int = 12
    year_end_price: Decimal = Decimal(0)
    rollover: bool = False
    expires: bool = False
    same_month: bool = False
    spot_buy: IntArray | None = None
    """(N,) millionths of a dollar each kWh."""
    spot_sell: IntArray | None = None

    @property
    def periods(self) -> tuple[int, ...]:
        return tuple(sorted({tier.period for tier in self.energy}))


def flat_grid(period: int = 1) -> Grid:
    return ((period,) * 24,) * 12


def limits(tiers: Sequence[Tier]) -> tuple[Decimal | None, ...]:
    """Of the first period's tiers, in order."""
    first = min(tier.period for tier in tiers)
    return tuple(tier.up_to for tier in tiers if tier.period == first)
