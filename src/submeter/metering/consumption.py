"""From readings of a dial to quantities: advances, their days, and what the next actual makes of estimates.

Periods are whole days, `[first, end)`. All sums are exact: the days of an advance add up to it, and the
advances to what the dial moved.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby, pairwise

from submeter.core.problem import Problem, Refused
from submeter.metering.apportion import EXACT, apportion_amount
from submeter.metering.readings import Reading

__all__ = [
    "Advance",
    "DayUse",
    "Multiplier",
    "advances",
    "chain",
    "correction",
    "daily_use",
    "list_actuals",
    "multiplier_over",
    "split_days",
    "true_up",
]

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Multiplier:
    """What a register's advance is multiplied with, on the days of `[from_date, to_date)`."""

    value: Decimal
    from_date: date
    to_date: date | None = None


@dataclass(frozen=True, slots=True)
class Advance:
    """What a register counted on the days of `[first, end)`. Negative where an estimate was too high."""

    first: date
    end: date
    dial: Decimal
    """As the dial shows it."""
    quantity: Decimal
    """Times the multiplier, in the register's unit."""
    ends_estimated: bool
    """Provisional: the reading at its end is an estimate."""


@dataclass(frozen=True, slots=True)
class DayUse:
    """The share of a day, and how it was found: `equal days`, or `true-up` by what had been estimated."""

    day: date
    quantity: Decimal
    method: str
    provisional: bool


def chain(readings: Sequence[Reading]) -> tuple[tuple[date, Reading], ...]:
    """The readings that count, each with the first day after it, in order, one for a day.

    Misreads count for nothing, nor does an estimate where another reading stands. Of several times of a day
    the last counts. Where a CLOSING and an OPENING are of one day, the day is the newcomer's and both stand
    at its start. A turn that an estimate noted, and the next actual shows not to have been, is taken back.
    """
    openings = {reading.read_on for reading in readings if reading.sub_type == "OPENING"}
    placed = [(_edge(reading, openings), reading) for reading in readings if reading.sub_type != "MISREAD"]
    placed.sort(key=lambda pair: (pair[0], pair[1].is_estimate))
    edges = [(edge, _one([reading for _, reading in group])) for edge, group in groupby(placed, _first)]
    return tuple(zip((edge for edge, _ in edges), _turned_back(one for _, one in edges), strict=True))


def _edge(reading: Reading, openings: set[date]) -> date:
    gives_way = reading.sub_type == "CLOSING" and reading.read_on in openings
    return reading.read_on if gives_way else reading.edge


def _first(pair: tuple[date, Reading]) -> date:
    return pair[0]


def _one(readings: Sequence[Reading]) -> Reading:
    """The reading of a moment. What is read twice must be one value; a roll-over is noted with either."""
    readings = _last_of_day(readings)
    best = readings[0]
    for other in readings[1:]:
        if other.value != best.value and not other.is_estimate:
            detail = f"{best.sub_type} {best.value} and {other.sub_type} {other.value} of {other.read_on}"
            hint = "Mark the wrong one as MISREAD"
            raise Refused(Problem("MTR340", "Two readings of one moment differ", detail, hint))
    same = (reading.add_factor for reading in readings if reading.value == best.value)
    return replace(best, add_factor=max(same))


def _last_of_day(readings: Sequence[Reading]) -> Sequence[Reading]:
    """Where all that was read of a day has its time, what was read last."""
    actual = [reading for reading in readings if not reading.is_estimate]
    times = [reading.read_at for reading in actual if reading.read_at is not None]
    if not times or len(times) < len(actual):
        return readings
    return [reading for reading in actual if reading.read_at == max(times)]


def _turned_back(readings: Iterable[Reading]) -> Iterator[Reading]:
    """The readings, each actual less the turns of estimates before it that it shows not to have been.

    A dial that passed zero stands lower than at the actual before: the rule of add factors (MTR317).
    """
    last, rolled = None, Decimal(0)
    for reading in readings:
        if reading.is_estimate:
            rolled += reading.add_factor
            yield reading
            continue
        too_early = last is not None and not reading.add_factor and reading.value >= last
        yield replace(reading, add_factor=-rolled) if rolled and too_early else reading
        last, rolled = reading.value, Decimal(0)


def advances(readings: Sequence[Reading], multipliers: Sequence[Multiplier] = ()) -> tuple[Advance, ...]:
    """What the register counted between each reading and the next.

    Refuses a reading lower than an actual before it without a roll-over (MTR341), a change of the multiplier
    between two readings (MTR342), and two values for one moment (MTR340).
    """
    placed = chain(readings)
    _refuse_backwards(list(list_actuals(reading for _, reading in placed)))
    return tuple(_advance(before, after, multipliers) for before, after in pairwise(placed))


def _advance(
    before: tuple[date, Reading], after: tuple[date, Reading], multipliers: Sequence[Multiplier]
) -> Advance:
    (first, start), (end, last) = before, after
    dial = EXACT.subtract(EXACT.add(last.value, last.add_factor), start.value)
    quantity = EXACT.multiply(dial, multiplier_over(multipliers, first, end))
    return Advance(first, end, dial, quantity, last.is_estimate)


def list_actuals(readings: Iterable[Reading]) -> Iterator[Reading]:
    """The readings that are no estimates; a turn that an estimate noted is noted with the next of them."""
    rolled = Decimal(0)
    for reading in _turned_back(readings):
        rolled += reading.add_factor
        if not reading.is_estimate:
            yield reading if rolled == reading.add_factor else replace(reading, add_factor=rolled)
            rolled = Decimal(0)


def _refuse_backwards(actuals: Sequence[Reading]) -> None:
    for before, after in pairwise(actuals):
        if after.value + after.add_factor < before.value:
            detail = f"{after.value} of {after.read_on} after {before.value} of {before.read_on}"
            hint = "Give the reading the add factor of a roll-over, or mark the wrong one as MISREAD"
            raise Refused(Problem("MTR341", "A dial went backwards", detail, hint))


def multiplier_over(multipliers: Sequence[Multiplier], first: date, end: date) -> Decimal:
    """The multiplier of all days of `[first, end)`; 1 where none is on record.

    Refuses (MTR342) one that changes within: nobody can say what the dial showed on that day.
    """
    found = {_multiplier_on(multipliers, first)}
    changes = {day for row in multipliers for day in (row.from_date, row.to_date) if day is not None}
    found |= {_multiplier_on(multipliers, day) for day in changes if first < day < end}
    if len(found) == 1:
        return found.pop()
    detail = f"between {first} and {end}: {', '.join(str(value) for value in sorted(found))}"
    hint = "Enter a reading (an ESTIMATE, if nobody read it) of the day before the change"
    raise Refused(Problem("MTR342", "The multiplier changes between two readings", detail, hint))


def _multiplier_on(multipliers: Sequence[Multiplier], day: date) -> Decimal:
    rows = (row for row in multipliers if row.from_date <= day and (row.to_date is None or day < row.to_date))
    return next((row.value for row in rows), Decimal(1))


# Days -------------------------------------------------------------------------------------------------------


def split_days(advance: Advance, decimals: int = 3) -> tuple[DayUse, ...]:
    """An advance shared equally by its days; they add up to it."""
    days = _days(advance.first, advance.end)
    parts = apportion_amount(advance.quantity, [1] * len(days), _enough(decimals, advance.quantity))
    return tuple(
        DayUse(day, part, "equal days", advance.ends_estimated) for day, part in zip(days, parts, strict=True)
    )


def true_up(
    total: Decimal, first: date, end: date, estimated: Mapping[date, Decimal], decimals: int = 3
) -> tuple[DayUse, ...]:
    """What was counted between two actuals, spread by what had been estimated: each day at its own share.

    Days without an estimate weigh as much as the estimated ones do on average. Done again with its own result
    it gives the same.
    """
    days = _days(first, end)
    places = _enough(decimals, total, *estimated.values())
    weights = _weights([estimated.get(day) for day in days], places)
    parts = apportion_amount(total, weights, places)
    return tuple(DayUse(day, part, "true-up", False) for day, part in zip(days, parts, strict=True))


def _weights(estimated: Sequence[Decimal | None], decimals: int) -> list[int]:
    known = [max(int(amount.scaleb(decimals)), 0) for amount in estimated if amount is not None]
    if len(known) == len(estimated):
        return known
    # Times the number of estimated days, so that their mean is a whole number too.
    scaled = iter([weight * len(known) for weight in known])
    mean = sum(known)
    return [mean if amount is None else next(scaled) for amount in estimated]


def daily_use(counted: Sequence[Advance], decimals: int = 3) -> tuple[DayUse, ...]:
    """The use of each day by the best that is known.

    Advances that end at an actual are shared by their days; estimates before it are trued up by it. Estimates
    that no actual has followed yet stay as they are, provisional.
    """
    found: list[DayUse] = []
    for run in _runs(counted):
        parts = [day for advance in run for day in split_days(advance, decimals)]
        found += parts if len(run) == 1 or run[-1].ends_estimated else _trued_up(run, decimals)
    return tuple(found)


def _trued_up(run: Sequence[Advance], decimals: int) -> tuple[DayUse, ...]:
    total = sum((advance.quantity for advance in run), Decimal(0))
    estimated = {day.day: day.quantity for advance in run[:-1] for day in split_days(advance, decimals)}
    return true_up(total, run[0].first, run[-1].end, estimated, decimals)


def _runs(counted: Sequence[Advance]) -> Iterator[list[Advance]]:
    """The advances between one actual and the next, and those after the last."""
    run: list[Advance] = []
    for advance in counted:
        run.append(advance)
        if not advance.ends_estimated:
            yield run
            run = []
    if run:
        yield run


def correction(before: Sequence[DayUse], after: Sequence[DayUse]) -> dict[date, Decimal]:
    """What each day changes by: to be billed, or given back, at that day's own rate."""
    was = {day.day: day.quantity for day in before}
    now = {day.day: day.quantity for day in after}
    changes = {day: now.get(day, Decimal(0)) - was.get(day, Decimal(0)) for day in sorted(was | now)}
    return {day: change for day, change in changes.items() if change}


def _days(first: date, end: date) -> list[date]:
    return [first + n * DAY for n in range((end - first).days)]


def _enough(decimals: int, *amounts: Decimal) -> int:
    """So many decimals that none of the amounts loses any."""
    return max(decimals, *(-int(amount.as_tuple().exponent) for amount in amounts))
