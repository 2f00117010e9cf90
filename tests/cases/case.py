"""What a bill case says, as values; language.py reads them from text."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Literal, NamedTuple

from submeter.rating.model import Dated, Period
from submeter.tariffs.model import Calendar, DayType, Plan, TaxRate

__all__ = ["Bill", "Case", "Expected", "Measured", "Peak", "Window"]


class Window(NamedTuple):
    """When a load shape or a spot price holds; the same words as those of a time band."""

    hours: tuple[tuple[int, int], ...] = ()
    day_types: frozenset[DayType] = frozenset()
    season: tuple[tuple[int, int], tuple[int, int]] | None = None


class Measured(NamedTuple):
    """One line of usage (or of spot prices): so much over these days, in this form."""

    place: str
    form: Literal["total", "daily", "power", "interval"]
    """A dial's total over the days, so much each day, so much each hour in a window, one interval."""
    first: date
    end: date
    amount: Decimal
    unit: str
    at: datetime | None = None
    """Where the one interval begins."""
    window: Window = Window()
    minutes: int = 30
    product: str = "electricity"
    register_type: str = "ALLDAY"
    direction: Literal["import", "export"] = "import"
    market: bool = False
    """The window is read in market time."""


class Peak(NamedTuple):
    """What was measured in an earlier month, for a ratchet."""

    component: str
    month: date
    band: str
    amount: Decimal


class Expected(NamedTuple):
    """A line that the bill must have. What is None was not said, and is not compared."""

    place: str
    code: str
    amount: Decimal
    band: str | None = None
    step: int | None = None
    quantity: Decimal | None = None
    unit: str | None = None
    days: int | None = None
    first: date | None = None
    factor: Decimal | None = None
    tax: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Bill:
    """One billing period and all that must come of it."""

    period: Period
    lines: tuple[Expected, ...] = ()
    tax: Decimal | None = None
    total: Decimal | None = None
    carried: Mapping[str, Decimal] = field(default_factory=dict)
    refused: str = ""
    """The code of the refusal, where none of it may be rated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A customer's usage, a plan, the terms, and the bills that must come of them."""

    name: str
    place: str
    plan: Plan
    calendar: Calendar
    usage: tuple[Measured, ...] = ()
    missing: tuple[Period, ...] = ()
    """Days of which no interval came."""
    spot: tuple[tuple[str, Measured], ...] = ()
    taxes: tuple[TaxRate, ...] = ()
    loss_factors: Mapping[str, tuple[Dated, ...]] = field(default_factory=dict)
    conversions: Mapping[tuple[str, str, str], tuple[Dated, ...]] = field(default_factory=dict)
    conditions: frozenset[str] = frozenset()
    capacity: Decimal | None = None
    peaks: tuple[Peak, ...] = ()
    charged_this_year: Decimal | None = None
    charged_since: date | None = None
    carried: Mapping[str, Decimal | Fraction] = field(default_factory=dict)
    bills: tuple[Bill, ...] = ()
    parts_of_one: bool = False
    """The bills are parts of one longer period: their rounded lines add up to those of the whole."""
