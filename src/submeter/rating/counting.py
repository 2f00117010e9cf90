"""From days of intervals and dial readings to what each register counted in the columns of a window.

Whole numbers throughout. What is not known stays not known: `problem_of` says which days.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

import numpy as np

from submeter.core.problem import Problem
from submeter.metering.consumption import DayUse, Multiplier
from submeter.metering.days import minute_of, starts_at
from submeter.metering.model import MISSING
from submeter.rating import problems
from submeter.rating.model import IntArray, Period
from submeter.rating.timeline import timeline

__all__ = [
    "Block",
    "Count",
    "Register",
    "Window",
    "by_dial",
    "by_intervals",
    "columns_of",
    "estimated_share",
    "held_columns",
    "multiplied",
    "problem_of",
    "within",
]

_DAY = timedelta(days=1)
_FIRST_AT = datetime(1900, 1, 1, tzinfo=UTC)
_LAST_AT = datetime(9999, 12, 30, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Register:
    """A register while it measures an agreement."""

    id: UUID
    agreement_id: UUID
    label: str
    """Serial number and name: WLT240009/A."""
    product: str
    unit: str
    """Of quantities: pulses have that of the register's type."""
    type: str
    direction: str
    is_pulse: bool
    has_intervals: bool
    from_at: datetime | None
    to_at: datetime | None


class Window(NamedTuple):
    """Days of a clock whose usage is looked at."""

    first: date
    end: date
    clock: str

    @property
    def starts(self) -> int:
        """Minutes since 1970 UTC, as all columns count."""
        return minute_of(starts_at(self.first, self.clock))

    @property
    def ends(self) -> int:
        return minute_of(starts_at(self.end, self.clock))


class Block(NamedTuple):
    """Days of many registers that begin at one moment and have intervals of one length and number."""

    starts: int
    minutes: int
    registers: IntArray
    """Of each row, which register of those asked for."""
    decimals: IntArray
    amounts: IntArray
    """A row for each register, a column for each interval; `MISSING` where there is none."""


@dataclass(frozen=True, slots=True, eq=False)
class Count:
    """What a register counted in each interval of `minutes`, or on each day where that is 0."""

    minutes: int
    decimals: int
    values: IntArray
    known: IntArray
    fits: bool = True
    """Whether its days fit each other and the window."""
    provisional: IntArray | None = None
    """Of a dial: which days rest on an estimate that no actual has followed yet."""


def by_intervals(blocks: Sequence[Block], registers: int, window: Window) -> dict[int, Count]:
    """What registers counted, by their place, of those that have any day in the window.

    Intervals of several lengths in one register are added up to the longest.
    """
    minutes, decimals = np.zeros(registers, np.int64), np.zeros(registers, np.int64)
    for block in blocks:
        np.maximum.at(minutes, block.registers, block.minutes)
        np.maximum.at(decimals, block.registers, block.decimals)
    found: dict[int, Count] = {}
    for length in sorted(set(minutes.tolist()) - {0}):
        places = np.flatnonzero(minutes == length)
        values, known, fits = _filled(blocks, places, minutes, decimals, int(length), window)
        for row, place in enumerate(places.tolist()):
            digits = int(decimals[place])
            found[place] = Count(int(length), digits, values[row], known[row], bool(fits[row]))
    return found


def _filled(
    blocks: Iterable[Block],
    places: IntArray,
    minutes: IntArray,
    decimals: IntArray,
    length: int,
    window: Window,
) -> tuple[IntArray, IntArray, IntArray]:
    """The columns of the registers at `places`: values, whether known, and whether all of it fits."""
    count, rest = divmod(window.ends - window.starts, length)
    row_of = np.full(len(minutes), -1)
    row_of[places] = np.arange(len(places))
    values, known = np.zeros((len(places), count), np.int64), np.zeros((len(places), count), np.bool_)
    fits = np.full(len(places), not rest)
    for block in blocks:
        chosen = np.flatnonzero(row_of[block.registers] >= 0)
        rows = row_of[block.registers[chosen]]
        column, off = divmod(block.starts - window.starts, length)
        amounts = _lengthened(block.amounts[chosen], length // block.minutes, length % block.minutes)
        if off or amounts is None:
            fits[rows] = False
            continue
        scale = 10 ** (decimals[places[rows]] - block.decimals[chosen])
        _place(values, known, fits, rows, column, amounts, scale)
    return values, known, fits


def _lengthened(amounts: IntArray, times: int, rest: int) -> IntArray | None:
    """Neighbours added up, so many at a time; None where they do not divide the day."""
    if times == 1 and not rest:
        return amounts
    if rest or amounts.shape[1] % times:
        return None
    parts = amounts.astype(np.int64).reshape(len(amounts), -1, times)
    missing = (parts == MISSING).any(axis=2)
    return np.where(missing, MISSING, parts.sum(axis=2))


def _place(
    values: IntArray,
    known: IntArray,
    fits: IntArray,
    rows: IntArray,
    column: int,
    amounts: IntArray,
    scale: IntArray,
) -> None:
    low, high = max(column, 0), min(column + amounts.shape[1], values.shape[1])
    if low >= high:
        return
    part = amounts[:, low - column : high - column]
    there = part != MISSING
    fits[rows[(known[rows, low:high] & there).any(axis=1)]] = False
    wide = np.where(there, part, 0).astype(np.int64) * scale[:, None]
    values[rows, low:high] = np.where(there, wide, values[rows, low:high])
    known[rows, low:high] |= there


def multiplied(count: Count, multipliers: Sequence[Multiplier], window: Window) -> Count:
    """Pulses times what each is worth on its day; 1 where nothing is on record."""
    places = max((max(-int(row.value.normalize().as_tuple().exponent), 0) for row in multipliers), default=0)
    factors = np.full(len(count.values), 10**places, np.int64)
    starts = window.starts + np.arange(len(count.values)) * count.minutes
    for row in multipliers:
        since = minute_of(starts_at(row.from_date, window.clock))
        until = minute_of(starts_at(row.to_date, window.clock)) if row.to_date else window.ends
        factors[(starts >= since) & (starts < until)] = int(row.value.scaleb(places))
    return replace(count, decimals=count.decimals + places, values=count.values * factors)


def by_dial(days: Iterable[DayUse], window: Window) -> Count:
    """What a dial counted on each day of the window."""
    of_day = {one.day: one for one in days if window.first <= one.day < window.end}
    held = {day: one.quantity for day, one in of_day.items()}
    wanted = [window.first + n * _DAY for n in range((window.end - window.first).days)]
    decimals = max((max(-int(amount.as_tuple().exponent), 0) for amount in held.values()), default=0)
    amounts = [int(held.get(day, Decimal(0)).scaleb(decimals)) for day in wanted]
    known = np.array([day in held for day in wanted], np.bool_)
    estimated = np.array([day in of_day and of_day[day].provisional for day in wanted], np.bool_)
    return Count(0, decimals, np.array(amounts, np.int64), known, provisional=estimated)


# What is missing ------------------------------------------------------------------------------------------


def columns_of(window: Window, minutes: int, first_at: int, end_at: int) -> tuple[int, int]:
    """The columns of what lies between two moments, as far as it is in the window."""
    if not minutes:
        edges = [
            minute_of(starts_at(window.first + n * _DAY, window.clock)) for n in range(_days(window) + 1)
        ]
        low = int(np.searchsorted(edges, first_at, "right")) - 1
        return max(low, 0), min(int(np.searchsorted(edges, end_at, "left")), len(edges) - 1)
    last = (window.ends - window.starts) // minutes
    low, high = (first_at - window.starts) // minutes, -((window.starts - end_at) // minutes)
    return max(low, 0), min(high, last)


def _days(window: Window) -> int:
    return (window.end - window.first).days


def held_columns(register: Register, count: Count, window: Window) -> tuple[int, int]:
    """The columns in which the register measured the agreement."""
    first_at = minute_of(max(register.from_at or _FIRST_AT, _FIRST_AT))
    end_at = minute_of(min(register.to_at or _LAST_AT, _LAST_AT))
    return columns_of(window, count.minutes, first_at, end_at)


def within(register: Register, count: Count, window: Window, held: Period) -> Count:
    """The count without what the register counted before and after it measured the agreement.

    `held` are the days of the agreement. A dial's readings say themselves when it was in place.
    """
    edges = (minute_of(starts_at(day, window.clock)) for day in held)
    low, high = columns_of(window, count.minutes, *edges)
    if count.minutes:
        first, end = held_columns(register, count, window)
        low, high = max(low, first), min(high, end)
    if low <= 0 and high >= len(count.values):
        return count
    outside = np.ones(len(count.values), np.bool_)
    outside[low:high] = False
    return replace(count, values=np.where(outside, 0, count.values))


def problem_of(
    register: Register, count: Count | None, window: Window, periods: Sequence[Period]
) -> Problem | None:
    """What is not known of the days that are charged; None where all is."""
    if count is None:
        days = [day for period in periods for day in _held_days(register, window, period)]
        return problems.readings_missing(register.label, days) if days else None
    if not count.fits:
        return problems.intervals_do_not_fit(register.label)
    low, high = held_columns(register, count, window)
    lost = np.flatnonzero(~count.known[low:high]) + low
    if not len(lost):
        return None
    line = timeline(window.first, window.end, window.clock, count.minutes)
    days = [window.first + timedelta(days=int(day)) for day in line.days[lost]]
    charged = [day for day in days if any(period.first <= day < period.end for period in periods)]
    if not charged:
        return None
    distinct = sorted(set(charged))
    if count.minutes:
        return problems.intervals_missing(register.label, distinct, len(charged))
    return problems.readings_missing(register.label, distinct)


def _held_days(register: Register, window: Window, period: Period) -> Iterator[date]:
    first, end = register.from_at or _FIRST_AT, register.to_at or _LAST_AT
    for n in range(period.days):
        day = period.first + n * _DAY
        if starts_at(day + _DAY, window.clock) > first and starts_at(day, window.clock) < end:
            yield day


def estimated_share(count: Count, flags: IntArray, low: int, high: int) -> Decimal:
    """Percent of the columns `[low, high)` that are flagged, by quantity; to two decimals."""
    whole = int(count.values[low:high].sum())
    part = int(count.values[low:high][flags[low:high]].sum())
    if not whole:
        return Decimal(100 if flags[low:high].any() else 0)
    return (Decimal(100 * part) / whole).quantize(Decimal("0.01"))
