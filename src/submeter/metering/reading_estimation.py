"""What a dial probably shows on a day when nobody read it."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from submeter.core.problem import Problem, Refused
from submeter.metering.market_codes import METHODS
from submeter.metering.readings import Reading, RegisterFacts

__all__ = ["EstimatedReading", "PastUse", "estimate_reading"]


@dataclass(frozen=True, slots=True)
class PastUse:
    """Quantities a day (after the multiplier), as far as they are known; all from actual readings."""

    last_year: Fraction | None = None
    """Of the same period last year."""
    trend: Fraction | None = None
    """Recent use over that of the same weeks last year; 1 if None."""
    last_span: Fraction | None = None
    """Between the two last actual readings."""
    type_average: Fraction | None = None
    """Of this meter type in the building."""


@dataclass(frozen=True, slots=True)
class EstimatedReading:
    """The estimate, AEMO's code of its method, and the use a day that it rests on."""

    reading: Reading
    method: str
    per_day: Fraction

    @property
    def method_name(self) -> str:
        return METHODS[self.method].name


def estimate_reading(
    previous: Reading, on: date, register: RegisterFacts, past: PastUse, *, row: int = 0, cap: int = 3
) -> EstimatedReading:
    """An estimate for the end of a day: last year's use and trend, else the last span's, else the type's.

    `row` estimates precede it without an actual. The dial rolls over if it must. Rounded to the decimals of
    the previous reading, halves to even. Refuses (MTR385) where no use is known, and (MTR386) one more than
    `cap` in a row.
    """
    if row >= cap:
        hint = "Have the meter read, or ask the customer for a reading"
        detail = f"{row} in a row since the last actual; {cap} are allowed"
        raise Refused(Problem("MTR386", "Another estimate in a row is not made", detail, hint))
    method, per_day = _use(past, on)
    days = (on - previous.edge).days + 1
    advance = per_day * days / Fraction(register.multiplier)
    value = Fraction(previous.value) + advance
    return EstimatedReading(_shown(value, previous, on, register), method, per_day)


def _use(past: PastUse, on: date) -> tuple[str, Fraction]:
    if past.last_year is not None:
        return "61", past.last_year * (1 if past.trend is None else past.trend)
    if past.last_span is not None:
        return "62", past.last_span
    if past.type_average is not None:
        return "63", past.type_average
    hint = "Enter a reading, or a usual use for this meter type"
    raise Refused(Problem("MTR385", "Nothing is known to estimate a reading from", f"for {on}", hint))


def _shown(value: Fraction, previous: Reading, on: date, register: RegisterFacts) -> Reading:
    decimals = max(-int(previous.value.as_tuple().exponent), 0)
    dial = Decimal(round(value * 10**decimals)).scaleb(-decimals)
    turn = register.turn
    if turn is None or dial < turn:
        return Reading(on, dial, "ESTIMATE")
    return Reading(on, dial - turn, "ESTIMATE", add_factor=turn)
