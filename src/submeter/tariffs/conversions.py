"""What a unit measured is in the unit priced: the factors of a site, over time."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

__all__ = ["Conversion", "ConversionSpan", "as_span"]


class Conversion(NamedTuple):
    """A row of price_conversions."""

    correction_factor: Decimal
    pressure_factor: Decimal
    temperature_factor: Decimal
    heating_value: Decimal | None
    mj_per_litre: Decimal | None
    divisor: Decimal
    from_date: date
    to_date: date | None
    source: str | None


class ConversionSpan(NamedTuple):
    """One factor for all days of `[from_date, to_date)`, exact, and how it came about."""

    factor: Fraction
    from_date: date
    to_date: date
    about: str


_WORDS = (
    ("correction_factor", "correction"),
    ("pressure_factor", "pressure"),
    ("temperature_factor", "temperature"),
    ("heating_value", "heating value"),
    ("mj_per_litre", "MJ per litre"),
)


def as_span(row: Conversion) -> ConversionSpan:
    """All factors multiplied, divided by the divisor."""
    factor, said = 1 / Fraction(row.divisor), []
    for name, words in _WORDS:
        value = getattr(row, name)
        if value is not None and value != 1:
            factor *= Fraction(value)
            said.append(f"{words} {value}")
    if row.divisor != 1:
        said.append(f"divided by {row.divisor}")
    about = ", ".join(said) + (f" ({row.source})" if row.source else "")
    return ConversionSpan(factor, row.from_date, row.to_date or date.max, about)
