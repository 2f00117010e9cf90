"""What stands in for intervals that are missing: by which method, from which days, or why nothing can.

Only measured amounts are an input: an estimate never rests on an estimate, and where there are no data
nothing is invented. Methods and reasons have AEMO's codes. Amounts are whole numbers of the series' decimals.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np

from submeter.core.problem import Problem, Refused
from submeter.metering.days import DAY, count_of, minute_of, starts_at, wall_minutes
from submeter.metering.market_codes import REASONS
from submeter.metering.series import BoolArray, IntArray, Series, window

__all__ = [
    "ORDER",
    "Estimate",
    "Measured",
    "MethodName",
    "Policy",
    "Unestimated",
    "check_reason",
    "estimate",
    "method_named",
]

MethodName = Literal["zero", "linear", "average like day", "like day", "previous year"]
ORDER: tuple[MethodName, ...] = ("zero", "linear", "average like day", "like day", "previous year")
"""Which method is tried first. Zero is never a guess: it needs supply to be known as cut."""

_CODES: dict[tuple[MethodName, str], tuple[str, str]] = {
    ("zero", "remote"): ("S", "19"),
    ("linear", "remote"): ("S", "17"),
    ("average like day", "remote"): ("S", "15"),
    ("like day", "remote"): ("S", "14"),
    ("previous year", "remote"): ("S", "23"),
    ("zero", "manual"): ("E", "58"),
    ("linear", "manual"): ("S", "54"),
    ("like day", "manual"): ("E", "52"),
    ("previous year", "manual"): ("E", "51"),
}
"""Quality and code of each method. For type 5 meters the list has no average: it is not used there."""


def method_named(said: str, installation: str) -> MethodName:
    """The method of a name (like day) or of a code of AEMO's (14). Refuses one that is none here (MTR404)."""
    own = {name: code for (name, kind), (_, code) in _CODES.items() if kind == installation}
    for name, code in own.items():
        if said.strip().lower().replace("-", " ") in (name, code):
            return name
    known = ", ".join(f"{name} ({code})" for name, code in own.items())
    raise Refused(Problem("MTR404", "There is no such method here", said, f"Take one of: {known}."))


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """What was measured of a register, and what else is known of the time. Estimates are not known here."""

    series: Series
    clock: str
    """Whose days are compared with each other."""
    cut: BoolArray | None = None
    """Steps in which supply is known to have been cut."""
    disturbed: BoolArray | None = None
    """Steps that touch a power failure."""


@dataclass(frozen=True, slots=True)
class Policy:
    """How to estimate: the operator's data."""

    installation: Literal["remote", "manual"] = "remote"
    order: tuple[MethodName, ...] = ORDER
    reason: int = 0
    """AEMO's reason code, e.g. 76 for a communications fault."""
    linear_minutes: int = 120
    like_days: tuple[int, int] = (3, 4)
    """So many days make an average: at least, at most."""
    reach_days: int = 28
    """How far from the gap a like day may lie."""
    anchors_disturbed: bool = False
    """Whether intervals that touch a power failure may be end points of a line. Practice differs."""
    cap_days: int = 30
    """Days in a row that may have estimates."""
    holidays: frozenset[date] = frozenset()
    """They count as Sundays."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """Amounts for the intervals `first` to `last` of a day, counted from 1, and where they come from."""

    day: date
    first: int
    last: int
    amounts: tuple[int, ...]
    quality: str
    method: str
    """AEMO's code."""
    name: MethodName
    reason: int
    inputs: tuple[date, ...]
    """The days whose measured amounts were used; none for zero."""


@dataclass(frozen=True, slots=True)
class Unestimated:
    """Intervals that stay missing, and why."""

    problem: Problem
    day: date
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class _Gap:
    """A part of a gap within one day: steps `first` to `last` of the series, the last not in it."""

    day: date
    first: int
    last: int
    opened: int
    """The whole gap, over midnight if need be."""
    closed: int


_Filled = tuple[tuple[int, ...], tuple[date, ...]]
_Method = Callable[[Measured, _Gap, Policy], _Filled | None]


def estimate(
    measured: Measured, first: date, end: date, policy: Policy | None = None, before: int = 0
) -> tuple[Estimate | Unestimated, ...]:
    """Something for every missing interval of the days from `first` up to `end`, which is not in it.

    `before` days in a row up to `first` are estimated already. Refuses a reason unknown to AEMO (MTR384).
    """
    policy = policy or Policy()
    check_reason(policy.reason)
    wide = _reaching(measured, first, end)
    found: list[Estimate | Unestimated] = []
    run = before
    for day in _days(first, end):
        gaps = tuple(_gaps_of(wide, day))
        run = run + 1 if gaps else 0
        found += [_fill(wide, gap, policy, run) for gap in gaps]
    return tuple(found)


def check_reason(reason: int) -> None:
    """Refuses a reason that AEMO's list has not (MTR384)."""
    if reason not in REASONS:
        hint = "Take one of the market's list: 76 communications fault, 43 power outage, 0 free text"
        raise Refused(Problem("MTR384", "There is no such reason for a substitute", str(reason), hint))


def _reaching(measured: Measured, first: date, end: date) -> Measured:
    """The same, with its series reaching over all days that are to be filled and one step more."""
    series = measured.series
    step = series.minutes
    low = min(series.starts, minute_of(starts_at(first, measured.clock)) - step)
    high = max(series.ends, minute_of(starts_at(end, measured.clock)) + step)
    masks = [_shifted(mask, series, low, high) for mask in (measured.cut, measured.disturbed)]
    return Measured(window(series, low, high), measured.clock, *masks)


def _shifted(mask: BoolArray | None, series: Series, low: int, high: int) -> BoolArray:
    flags = np.zeros(len(series.values), np.bool_) if mask is None else mask
    as_series = Series(series.starts, series.minutes, 0, flags.astype(np.int64), flags)
    return window(as_series, low, high).known


def _days(first: date, end: date) -> Iterator[date]:
    for n in range((end - first).days):
        yield first + n * DAY


def _place(measured: Measured, day: date) -> int:
    """The step of the series that a day begins with."""
    series = measured.series
    minutes = minute_of(starts_at(day, measured.clock)) - series.starts
    assert minutes % series.minutes == 0, "the clock's days do not begin with a step"
    return minutes // series.minutes


def _gaps_of(measured: Measured, day: date) -> Iterator[_Gap]:
    known = measured.series.known
    begin, end = _place(measured, day), _place(measured, day + DAY)
    for first, last in _unknown_runs(known[begin:end]):
        opened, closed = begin + first, begin + last
        while opened > 0 and not known[opened - 1]:
            opened -= 1
        while closed < len(known) and not known[closed]:
            closed += 1
        yield _Gap(day, begin + first, begin + last, opened, closed)


def _unknown_runs(known: BoolArray) -> Iterator[tuple[int, int]]:
    steps = np.diff((~known).astype(np.int8), prepend=np.int8(0), append=np.int8(0))
    yield from zip(np.nonzero(steps == 1)[0].tolist(), np.nonzero(steps == -1)[0].tolist(), strict=True)


def _fill(measured: Measured, gap: _Gap, policy: Policy, run: int) -> Estimate | Unestimated:
    start = _place(measured, gap.day)
    first, last = gap.first - start + 1, gap.last - start
    if run > policy.cap_days:
        return Unestimated(_too_many_days(policy, run), gap.day, first, last)
    for name in policy.order:
        code = _CODES.get((name, policy.installation))
        filled = _METHODS[name](measured, gap, policy) if code else None
        if code and filled:
            return Estimate(gap.day, first, last, filled[0], *code, name, policy.reason, filled[1])
    return Unestimated(_no_data(gap.day), gap.day, first, last)


def _too_many_days(policy: Policy, run: int) -> Problem:
    detail = f"the {run}. day in a row; {policy.cap_days} are allowed"
    hint = "Have the meter read or repaired; a person may enter values, with a reason"
    return Problem("MTR382", "Too many days in a row would be estimated", detail, hint)


def _no_data(day: date) -> Problem:
    hint = "Enter values with a reason, or wait: later days can be like days too"
    return Problem("MTR381", "There are no measured data to estimate from", f"{day}", hint)


# Methods ----------------------------------------------------------------------------------------------------


def _zero(measured: Measured, gap: _Gap, _: Policy) -> _Filled | None:
    cut = measured.cut
    if cut is None or not cut[gap.first : gap.last].all():
        return None
    return (0,) * (gap.last - gap.first), ()


def _linear(measured: Measured, gap: _Gap, policy: Policy) -> _Filled | None:
    """A line between the last amount before the gap and the first after it."""
    series = measured.series
    count = gap.closed - gap.opened
    if count * series.minutes > policy.linear_minutes or gap.opened == 0 or gap.closed == len(series.known):
        return None
    ends = (gap.opened - 1, gap.closed)
    if (
        measured.disturbed is not None
        and not policy.anchors_disturbed
        and measured.disturbed[list(ends)].any()
    ):
        return None
    low, high = (int(series.values[place]) for place in ends)
    line = [_halves_to_even(low * (count + 1) + (high - low) * (n + 1), count + 1) for n in range(count)]
    part = tuple(line[gap.first - gap.opened : gap.last - gap.opened])
    return part, tuple(dict.fromkeys(_day_at(measured, gap.day, place) for place in ends))


def _halves_to_even(numerator: int, denominator: int) -> int:
    whole, rest = divmod(numerator, denominator)
    return whole + (2 * rest > denominator or (2 * rest == denominator and whole % 2 == 1))


def _day_at(measured: Measured, day: date, place: int) -> date:
    """The day of a step that lies in a day or in one beside it."""
    if place < _place(measured, day):
        return day - DAY
    return day + DAY if place >= _place(measured, day + DAY) else day


def _average_like_day(measured: Measured, gap: _Gap, policy: Policy) -> _Filled | None:
    """The mean of the nearest like days; its sum is the mean of their sums, to the last digit."""
    least, most = policy.like_days
    donors = list(_like_days(measured, gap, policy, most))
    if len(donors) < least:
        return None
    sums = np.sum([amounts for _, amounts in donors], axis=0).tolist()
    return _mean(sums, len(donors)), tuple(day for day, _ in donors)


def _mean(sums: Sequence[int], count: int) -> tuple[int, ...]:
    parts = [divmod(amount, count) for amount in sums]
    left = _halves_to_even(sum(sums), count) - sum(whole for whole, _ in parts)
    up = set(sorted(range(len(parts)), key=lambda place: -parts[place][1])[:left])
    return tuple(whole + (place in up) for place, (whole, _) in enumerate(parts))


def _like_day(measured: Measured, gap: _Gap, policy: Policy) -> _Filled | None:
    for day, amounts in _like_days(measured, gap, policy, 1):
        return tuple(amounts.tolist()), (day,)
    return None


def _like_days(measured: Measured, gap: _Gap, policy: Policy, most: int) -> Iterator[tuple[date, IntArray]]:
    """The nearest days of the gap's kind that were measured at its times of day; the earlier of two first."""
    found = 0
    for distance in range(1, policy.reach_days + 1):
        for day in (gap.day - distance * DAY, gap.day + distance * DAY):
            amounts = (
                _same_times(measured, gap, day) if _kind(day, policy) == _kind(gap.day, policy) else None
            )
            if amounts is not None and found < most:
                found += 1
                yield day, amounts


def _kind(day: date, policy: Policy) -> str:
    """What a day is like: a workday, a Saturday, or a Sunday or holiday."""
    if day in policy.holidays or day.weekday() == 6:
        return "Sunday"
    return "Saturday" if day.weekday() == 5 else "workday"


def _previous_year(measured: Measured, gap: _Gap, _: Policy) -> _Filled | None:
    """The same weekday 52 weeks before; if that was not measured, the week before it or after it."""
    for weeks in (52, 53, 51):
        day = gap.day - weeks * 7 * DAY
        amounts = _same_times(measured, gap, day)
        if amounts is not None:
            return tuple(amounts.tolist()), (day,)
    return None


def _same_times(measured: Measured, gap: _Gap, donor: date) -> IntArray | None:
    """What was measured on another day when its clock showed the gap's times; None if any of it is missing.

    So a day of 50 half-hours takes the amounts of a repeated hour twice from one of 48. One of 46 gives none
    for the hour that it lacks.
    """
    series, clock = measured.series, measured.clock
    begin, start = _place(measured, gap.day), _place(measured, donor)
    if start < 0 or start + count_of(donor, clock, series.minutes) > len(series.values):
        return None
    walls = wall_minutes(gap.day, clock, series.minutes)[gap.first - begin : gap.last - begin]
    shown: dict[int, int] = {}
    for place, wall in enumerate(wall_minutes(donor, clock, series.minutes)):
        shown.setdefault(wall, start + place)
    if not all(wall in shown and series.known[shown[wall]] for wall in walls):
        return None
    return series.values[[shown[wall] for wall in walls]]


_METHODS: dict[MethodName, _Method] = {
    "zero": _zero,
    "linear": _linear,
    "average like day": _average_like_day,
    "like day": _like_day,
    "previous year": _previous_year,
}
