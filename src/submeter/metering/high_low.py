"""Is a reading too high or too low? Its use a day against what the same register used before."""

from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from submeter.metering.readings import History, ReadingCase, Tolerance

__all__ = [
    "Expected",
    "daily_use",
    "expected_use",
    "is_too_high",
    "likely_roll_over",
    "said",
    "too_high",
    "too_low",
]


class Expected(NamedTuple):
    """A usual use a day, and what it was taken from."""

    per_day: Fraction
    basis: str


def expected_use(history: History) -> Expected | None:
    """The same season of the last twelve months, else the mean of the last three periods, else the type's."""
    if history.same_season is not None:
        return Expected(Fraction(history.same_season), "the same season of last year")
    if history.last_periods:
        recent = history.last_periods[:3]
        return Expected(sum(map(Fraction, recent), Fraction()) / len(recent), "the last periods")
    if history.type_default is not None:
        return Expected(Fraction(history.type_default), "meters of this type")
    return None


def daily_use(case: ReadingCase, add_factor: Decimal | None = None) -> Fraction | None:
    """What was used a day since the reading before it that counts; None if that cannot be said."""
    base, register, candidate = case.base, case.register, case.candidate
    if base is None or register is None or candidate.edge <= base.edge:
        return None
    added = candidate.add_factor if add_factor is None else add_factor
    advance = Fraction(candidate.value) + Fraction(added) - Fraction(base.value)
    return advance * Fraction(register.multiplier) / (candidate.edge - base.edge).days


def is_too_high(per_day: Fraction, expected: Expected, tolerance: Tolerance) -> bool:
    """More than `high_percent` above, and by more than the floor."""
    limit = expected.per_day * (100 + Fraction(tolerance.high_percent)) / 100
    return per_day > limit and per_day - expected.per_day > Fraction(tolerance.floor_per_day)


def _is_too_low(per_day: Fraction, expected: Expected, tolerance: Tolerance) -> bool:
    """More than `low_percent` below, and by more than the floor."""
    limit = expected.per_day * (100 - Fraction(tolerance.low_percent)) / 100
    return per_day < limit and expected.per_day - per_day > Fraction(tolerance.floor_per_day)


def likely_roll_over(case: ReadingCase) -> Decimal | None:
    """One turn of the dial, if adding it explains why the reading is lower than the one before.

    It does where the use is then not too high against the past or, without a past, at most half a turn.
    """
    base, turn = case.base, case.register.turn if case.register else None
    if base is None or turn is None or case.candidate.add_factor or case.candidate.value >= base.value:
        return None
    rolled, expected = daily_use(case, turn), expected_use(case.history)
    if rolled is None:
        return None
    if expected is not None:
        return None if is_too_high(rolled, expected, case.tolerance) else turn
    return turn if case.candidate.value + turn - base.value <= turn / 2 else None


def too_high(case: ReadingCase) -> str | None:
    """What a clerk reads where the use is too high, else None."""
    use, expected = daily_use(case), expected_use(case.history)
    if use is None or expected is None or not is_too_high(use, expected, case.tolerance):
        return None
    return _compared(use, expected)


def too_low(case: ReadingCase) -> str | None:
    """What a clerk reads where the use is too low, else None. Below zero is another matter (MTR314)."""
    use, expected = daily_use(case), expected_use(case.history)
    if use is None or expected is None or use < 0 or not _is_too_low(use, expected, case.tolerance):
        return None
    return _compared(use, expected)


def _compared(use: Fraction, expected: Expected) -> str:
    return f"{said(use)} a day; {expected.basis}: {said(expected.per_day)}"


def said(per_day: Fraction) -> Decimal:
    """A use a day for people's eyes: rounded to three decimals."""
    return round(Decimal(per_day.numerator) / per_day.denominator, 3)
