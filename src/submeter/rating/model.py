"""The nouns of rating: what was used, on which terms, and what it comes to.

One call rates a *batch*: `A` agreements on the same plan and terms over the same periods. Arrays have an
agreement a row. Quantities and money are whole numbers with a scale (`Exact`), never floats.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from submeter.tariffs.model import Component, Rate, TaxRate

__all__ = [
    "Charges",
    "Dated",
    "Exact",
    "Frame",
    "IntArray",
    "Line",
    "LineSet",
    "Period",
    "Stream",
    "Terms",
    "Usage",
]

IntArray = NDArray[Any]
"""Whole numbers: int64, or Python's own (dtype object) where int64 could overflow."""


class Period(NamedTuple):
    """The days of `[first, end)` that are charged together."""

    first: date
    end: date

    @property
    def days(self) -> int:
        return (self.end - self.first).days


class Exact(NamedTuple):
    """Whole numbers times a scale: exact, whatever the unit."""

    values: IntArray
    scale: Fraction


class Dated(NamedTuple):
    """A factor on the days of `[from_date, to_date)`; `about` says what it is, for the working."""

    factor: Fraction
    from_date: date = date.min
    to_date: date = date.max
    about: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stream:
    """What the registers of one kind counted, for each agreement of the batch.

    `amounts` has a column for each interval of `minutes` since the beginning of the first day of the usage
    on the calendar's clock, without gaps, also over clock changes; or, where `minutes` is 0, a column for
    each billing day (dial readings, shared by days). Whole numbers of 10^-`decimals` of `unit`.
    """

    amounts: IntArray
    minutes: int
    decimals: int = 3
    unit: str = "kWh"
    product: str = "electricity"
    register_type: str = "ALLDAY"
    direction: Literal["import", "export"] = "import"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Usage:
    """What the agreements of a batch used on the days of `[first, end)`.

    It may reach before and after what is charged: a month's peak is then that of the whole month. A stream
    with the unit kvarh is reactive energy: it is used for kVA alone.
    """

    first: date
    end: date
    streams: tuple[Stream, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Terms:
    """What else decides the price, alike for all agreements of a batch but for the arrays."""

    taxes: tuple[TaxRate, ...] = ()
    loss_factors: Mapping[str, tuple[Dated, ...]] = field(default_factory=dict)
    """By name (MLF, DLF): the factors over time; 1 on days that no factor covers."""
    conversions: Mapping[tuple[str, str, str], tuple[Dated, ...]] = field(default_factory=dict)
    """By product and units, e.g. ("gas", "m3", "MJ"): what a unit measured is in the unit priced."""
    conditions: frozenset[str] = frozenset()
    """Which conditions of discounts hold: direct_debit, ..."""
    capacity: IntArray | None = None
    """Agreed kW or kVA of each agreement, in thousandths."""
    peaks: Mapping[str, Mapping[date, IntArray]] = field(default_factory=dict)
    """By component code and first of month: peaks that others measured, in 10^-6 kW or kVA, for the ratchet
    and for months that were taken over; an array of (agreements, bands), one column for limits of steps."""
    spot: Mapping[str, tuple[int, int, IntArray]] = field(default_factory=dict)
    """By series: minutes of an interval, decimals, and the price of each interval since the usage begins."""
    charged_this_year: IntArray | None = None
    """What each agreement was charged earlier in the year, in 10^-6 of money, for a yearly minimum. Given,
    the minimum of those days counts as well."""
    charged_since: date | None = None
    """The first day that `charged_this_year` is for; None: the first of the year."""
    carried: Mapping[str, IntArray] = field(default_factory=dict)
    """What metering options carried over from the period before, by agreement: energy by component and band
    (`energy:peak`) and over all bands (`net`), in 10^-9 kWh, or `money` in 10^-6 of money."""


class Line(NamedTuple):
    """One line of one agreement's bill, with its working. Money is main currency units."""

    component: Component
    period: Period
    first: date
    end: date
    """The days it charges: from the first to the last day on which this price held in the period."""
    band: str
    step: int
    rate: Rate
    quantity: Decimal | Fraction
    """In the component's unit, after conversion and share, before loss factors."""
    factor: Fraction
    """Product of the loss factors; 1 where none applies. Where it changed within the line: of all of it."""
    unrounded: Fraction
    amount: Decimal
    """Rounded half up; the unrounded amount where the plan rounds the invoice alone, cut at 10 decimals."""
    tax_percent: Decimal
    tax: Decimal
    """Within the amount where the component's price includes tax, on top of it where not."""
    working: Mapping[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """What is known of the lines of a component before any usage is; alike for all agreements. `L` lines."""

    component: Component
    period: IntArray
    """Of each line: which of the periods, counted from 0."""
    spans: tuple[tuple[date, date], ...]
    bands: tuple[str, ...]
    steps: tuple[int, ...]
    rates: tuple[Rate, ...]
    factors: tuple[Fraction, ...]
    tax_percent: tuple[Decimal, ...]
    by_tax: Mapping[Decimal, IntArray]
    """By percentage of tax, which lines have it."""
    shares: tuple[tuple[int, ...], ...]
    """Lines that are shares of one price: rounded, they add up to its rounded whole."""
    workings: tuple[Mapping[str, Any], ...] = ()
    """What is known of each line besides: days, limits, windows."""


@dataclass(frozen=True, slots=True, eq=False)
class LineSet:
    """The lines of one component, for all agreements of the batch."""

    frame: Frame
    quantity: Exact
    """(A, L), in the component's unit."""
    unrounded: Exact
    """(A, L), money. Credits are negative."""
    cents: IntArray | None
    """(A, L) in the smallest unit of money; None where the plan rounds the invoice alone."""

    @property
    def component(self) -> Component:
        return self.frame.component


@dataclass(frozen=True, slots=True, eq=False)
class Charges:
    """What a batch comes to: lines by component, and for each agreement and period (A, P) the sums.

    `total` = lines + tax that is not within prices; concessions are in the lines and in `total`.
    """

    periods: tuple[Period, ...]
    lines: tuple[LineSet, ...]
    tax: IntArray
    """Tax of each period in the smallest unit of money, within prices and on top."""
    total: IntArray
    """What is to be paid, in the smallest unit of money."""
    unrounded_total: Exact
    decimals: int
    unmatched: tuple[str, ...] = ()
    """Codes of components for which no register counts; they have no lines."""
    carried: Mapping[str, IntArray] = field(default_factory=dict)
    """What metering options carry over after the last period, as in `Terms.carried`."""

    @property
    def count(self) -> int:
        return int(self.total.shape[0])


def whole(values: object) -> IntArray:
    """An array of int64 of what is already whole."""
    return np.asarray(values, np.int64)
