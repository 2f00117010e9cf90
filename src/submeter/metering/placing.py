"""From the rows of a file to the rows of the database: when a day begins, what it adds up to, whose it is."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple
from uuid import UUID

import numpy as np

from submeter.core.problem import Problem
from submeter.metering import problems
from submeter.metering.days import DAY, starts_at
from submeter.metering.model import MISSING, DayRow

__all__ = ["Candidate", "Placed", "Span", "Sums", "add_up", "check", "divide", "find_register", "span_of"]

FIRST_YEAR = 1990
STORED_MINUTES = (1, 5, 10, 15, 30, 60)
_MISSING = MISSING.to_bytes(4, "little", signed=True)


class Span(NamedTuple):
    """When a day begins and ends, as instants."""

    starts_at: datetime
    ends_at: datetime


class Sums(NamedTuple):
    """What follows from a day's amounts: how many are missing, their sum, how far it was measured."""

    missing: int
    total: int
    standing: int
    """2 measured throughout, 1 in part, 0 not."""


class Candidate(NamedTuple):
    """A register that a stream may mean, from a moment to a moment."""

    register_id: UUID
    unit: str
    from_at: datetime
    to_at: datetime


class Placed(NamedTuple):
    """A day with the register that it belongs to."""

    register_id: UUID
    row: DayRow
    span: Span


@lru_cache(maxsize=4096)
def span_of(clock: str, day: date) -> Span:
    """The day by the source's clock. Raises KeyError, ValueError or OSError for a clock that is none."""
    return Span(starts_at(day, clock), starts_at(day + DAY, clock))


@lru_cache(maxsize=4096)
def _length_of(clock: str, day: date) -> int:
    """Minutes of the day."""
    span = span_of(clock, day)
    return int((span.ends_at - span.starts_at).total_seconds()) // 60


def check(row: DayRow, last_year: int) -> Problem | None:
    """What keeps a row from being stored, if anything: MTR201 to MTR204."""
    if not FIRST_YEAR <= row.day.year <= last_year:
        return problems.wrong_year(row.day)
    if row.minutes not in STORED_MINUTES or not 0 <= row.decimals <= 9 or len(row.amounts) % 4:
        return problems.cannot_be_stored(f"{row.minutes} minutes, {row.decimals} decimals")
    try:
        expected = _length_of(row.clock, row.day) // row.minutes
    except (LookupError, ValueError, OSError):
        return problems.unknown_clock(row.clock)
    count = len(row.amounts) // 4
    return None if count == expected else problems.wrong_length(row.day, row.clock, count, expected)


def add_up(rows: Sequence[DayRow]) -> list[Sums]:
    """Of each row, all at once: 64-bit sums of 32-bit numbers, exact."""
    places: dict[int, list[int]] = {}
    for place, row in enumerate(rows):
        places.setdefault(len(row.amounts), []).append(place)
    found: list[Sums] = [Sums(0, 0, 0)] * len(rows)
    for same in places.values():
        for place, sums in zip(same, _add_up([rows[place] for place in same]), strict=True):
            found[place] = sums
    return found


def _add_up(rows: Sequence[DayRow]) -> Iterator[Sums]:
    """Of rows with as many intervals each."""
    amounts = np.frombuffer(b"".join([row.amounts for row in rows]), "<i4").reshape(len(rows), -1)
    absent = np.count_nonzero(amounts == MISSING, axis=1)
    totals = amounts.sum(axis=1, dtype=np.int64) - absent * MISSING
    missing = absent.tolist()
    standings = [standing(row, number, amounts.shape[1]) for row, number in zip(rows, missing, strict=True)]
    return map(Sums, missing, totals.tolist(), standings)


def standing(row: DayRow, missing: int, count: int) -> int:
    """How far a day was measured: 2 throughout, 1 in part, 0 not at all."""
    if row.quality == "A":
        return 2 if not missing else int(missing < count)
    return int(row.quality == "V" and any(part.quality == "A" for part in row.ranges) and missing < count)


def find_register(row: DayRow, candidates: Sequence[Candidate]) -> Sequence[Candidate] | Problem:
    """The register that a day belongs to; two in turn where the meter was exchanged on it.

    MTR210 if there is none at the time, MTR211 if several fit, MTR212 if the unit is another.
    """
    span = span_of(row.clock, row.day)
    if len(candidates) == 1:  # as nearly always, of a million days
        only = candidates[0]
        if only.from_at <= span.starts_at and only.to_at >= span.ends_at and row.stream.unit == only.unit:
            return candidates
    found = sorted(
        (one for one in candidates if one.from_at < span.ends_at and one.to_at > span.starts_at),
        key=lambda one: one.from_at,
    )
    if not found:
        return problems.no_register(row.stream, row.day)
    if len({one.register_id for one in found}) == 1:
        found = found[:1]
    if any(after.from_at < before.to_at for before, after in pairwise(found)):
        return problems.several_registers(row.stream, row.day)
    odd = next((one.unit for one in found if row.stream.unit not in ("", one.unit)), None)
    return found if odd is None else problems.other_unit(row.stream, odd, row.day)


def divide(row: DayRow, sums: Sums, registers: Sequence[Candidate]) -> list[tuple[Placed, Sums]]:
    """The day for each of its registers: whole for one, its own intervals for each of several.

    An interval belongs to the register that was in place when it began; in the other's row it is missing.
    """
    span = span_of(row.clock, row.day)
    if len(registers) == 1:
        return [(Placed(registers[0].register_id, row, span), sums)]
    parts = [row._replace(amounts=amounts) for amounts in _parts(row, span, registers)]
    placed = [Placed(one.register_id, part, span) for one, part in zip(registers, parts, strict=True)]
    return list(zip(placed, add_up(parts), strict=True))


def _parts(row: DayRow, span: Span, registers: Sequence[Candidate]) -> Iterator[bytes]:
    """The amounts of each register in turn."""
    for number, register in enumerate(registers):
        first = 0 if number == 0 else _place(row, span, register.from_at)
        last = len(row.amounts) // 4 if number == len(registers) - 1 else _place(row, span, register.to_at)
        amounts = _MISSING * first + row.amounts[4 * first : 4 * last]
        yield amounts + _MISSING * (len(row.amounts) // 4 - last)


def _place(row: DayRow, span: Span, at: datetime) -> int:
    """How many intervals of the day began before `at`."""
    seconds = max(0.0, (at - span.starts_at).total_seconds())
    return min(len(row.amounts) // 4, int(-(-seconds // (60 * row.minutes))))


def rounds(placed: Iterable[Placed]) -> Iterator[int]:
    """For each day which time it comes, from 0: a statement places a day of a register once."""
    seen: dict[tuple[int, date], int] = {}
    for register_id, row, _ in placed:
        key = (register_id.int, row.day)  # whole numbers are hashed and compared in one step, UUIDs are not
        turn = seen[key] = seen.get(key, -1) + 1
        yield turn
