"""What can be drawn. The values are exact; only their places in a picture are rounded, to a tenth of a pixel.

An amount of None is not known, and is drawn as not known: never as zero, never joined over.
"""

from datetime import date
from decimal import Decimal
from typing import NamedTuple

__all__ = [
    "Amount",
    "AverageDays",
    "Bar",
    "Bin",
    "Chart",
    "Curve",
    "Day",
    "DayGaps",
    "GapCalendar",
    "Heading",
    "Histogram",
    "LoadProfile",
    "MonthBars",
    "Panel",
    "PriceBand",
    "PriceMap",
    "PricePanel",
    "PriceRow",
    "YearMap",
]

Amount = Decimal | None


class Heading(NamedTuple):
    """What a picture is of."""

    title: str
    subtitle: str = ""


class Day(NamedTuple):
    """A day of a local clock: 46, 48 or 50 half-hours, or as many hours as it has."""

    day: date
    minutes: int
    walls: tuple[int, ...]
    """What the clock on the wall shows as each interval begins, in minutes after midnight."""
    amounts: tuple[Amount, ...]


class LoadProfile(NamedTuple):
    """One day, or several in a row: a week."""

    heading: Heading
    unit: str
    days: tuple[Day, ...]


class Curve(NamedTuple):
    """An average day: an amount for each interval of 24 hours on the wall."""

    name: str
    amounts: tuple[Amount, ...]


class Panel(NamedTuple):
    """Curves side by side with those of other panels: a season."""

    title: str
    curves: tuple[Curve, ...]


class AverageDays(NamedTuple):
    """Average days of seasons. All panels have the same curves, by name."""

    heading: Heading
    unit: str
    minutes: int
    panels: tuple[Panel, ...]


class YearMap(NamedTuple):
    """A heat map: a column for each day, a row for each interval of the day. Up to 366 days."""

    heading: Heading
    unit: str
    days: tuple[Day, ...]


class DayGaps(NamedTuple):
    """How many intervals a day should have, and how many of them are not known."""

    day: date
    expected: int
    missing: int


class GapCalendar(NamedTuple):
    """What is missing, day by day, a row for each month."""

    heading: Heading
    days: tuple[DayGaps, ...]


class Bar(NamedTuple):
    """The sum of a month, or of the part of it that was asked for; of what is known, if `missing` > 0."""

    month: date
    amount: Decimal
    expected: int
    missing: int

    @property
    def is_empty(self) -> bool:
        """Whether nothing is known."""
        return self.missing == self.expected


class MonthBars(NamedTuple):
    """A bar for each month."""

    heading: Heading
    unit: str
    bars: tuple[Bar, ...]


class PriceBand(NamedTuple):
    """A price that holds at some times. `about` says what else there is to it: its steps."""

    name: str
    price: Amount
    about: str = ""


class PriceRow(NamedTuple):
    """Days of the year that are alike: a band for each slot of the day, by its place; None without any."""

    first: int
    """Days of a leap year before it: 0 for 1 January."""
    days: int
    cells: tuple[int | None, ...]


class PricePanel(NamedTuple):
    """A year of days of one kind: Monday to Friday, public holidays. The rows cover all 366 days."""

    title: str
    rows: tuple[PriceRow, ...]


class PriceMap(NamedTuple):
    """What a unit costs when: months down, the hours of the day across."""

    heading: Heading
    unit: str
    """What prices are in: AUD per kWh."""
    bands: tuple[PriceBand, ...]
    panels: tuple[PricePanel, ...]


class Bin(NamedTuple):
    """How many values lie in `[low, high)`."""

    low: Decimal
    high: Decimal
    number: int


class Histogram(NamedTuple):
    """How often values of different size come. All bins are as wide, one after the other without a gap."""

    heading: Heading
    unit: str
    """Of the values: AUD a month."""
    bins: tuple[Bin, ...]
    counted: str = ""
    """What is counted: agreements."""


Chart = LoadProfile | AverageDays | YearMap | GapCalendar | MonthBars | PriceMap | Histogram
