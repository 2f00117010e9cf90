"""A day of NEM12: the 300 row with the 400 rows below it, read many at a time, or one with care."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from functools import lru_cache
from itertools import takewhile
from typing import NamedTuple

import numpy as np

from submeter.metering.formats import mdff_findings as findings
from submeter.metering.formats.mdff import (
    LONGEST_LINE,
    MARKET_CLOCK,
    Unit,
    check_width,
    day_of,
    fields_of,
    market_time_of,
    quality_of,
)
from submeter.metering.formats.mdff_cells import LARGEST, read_cells
from submeter.metering.formats.mdff_findings import Fault
from submeter.metering.model import MISSING, DayRow, Finding, QualityRange, Stream

__all__ = ["Channel", "Day", "read_days"]

_MOST_DECIMALS = 9  # the database keeps that many
_NUMBER = re.compile(r"[+-]?(?:\d+\.?(\d*)|\.(\d+))", re.ASCII)
_USUAL_TAIL = re.compile(rb'((?:[ANV]|[EFS]\d\d),[^,"\0]*,[^,"\0]*),(\d{14}|)(?:,\d*)?,*')
"""Quality and method, reason and text; the update time; the time of loading into MSATS."""
_FLAG = re.compile(r"[AENFSV](?:\d\d)?", re.ASCII | re.IGNORECASE)


class Channel(NamedTuple):
    """What a 200 row says of the days below it."""

    stream: Stream
    minutes: int
    intervals: int
    """Of a day."""
    unit: Unit


class Day:
    """A 300 row as it stands in the file, and what the 400 rows below it say. `item` is what became of it."""

    __slots__ = ("channel", "created_at", "fault", "item", "line", "ranges", "row")

    def __init__(self, line: int, row: bytes, channel: Channel, created_at: datetime | None) -> None:
        self.line, self.row, self.channel, self.created_at = line, row, channel, created_at
        self.ranges: tuple[tuple[int, QualityRange], ...] = ()
        """Each with the line of its 400."""
        self.fault: Fault | None = None
        """Why a 400 below it cannot be used; so the day cannot either."""
        self.item: DayRow | Finding | None = None

    def add_event(self, line: int, fields: Sequence[str]) -> None:
        """A 400 row below it. Only the first that is wrong counts: the day is lost by then."""
        try:
            self.ranges += ((line, _range_of(fields, self.channel.intervals)),)
        except Fault as fault:
            self.fault = self.fault or Fault(fault.problem, fault.column, fault.value, line)


class _Flags(NamedTuple):
    """What stands behind the values, up to the text: of a whole day."""

    quality: str
    method: str
    reason: str
    text: str
    plain: bool
    """There is nothing to say of single intervals: no method, no reason, not V, not N."""


def _range_of(fields: Sequence[str], count: int) -> QualityRange:
    """A 400 row of a day of so many intervals. Raises Fault (MTR111, MTR123, MTR125)."""
    if len(fields) < 4:
        raise Fault(findings.too_few_fields(len(fields), 4))
    check_width(fields, 6)
    first, last = (int(field) if field.isascii() and field.isdigit() else 0 for field in fields[1:3])
    if not 1 <= first <= last <= count:
        column = 3 if 1 <= first <= count else 2
        raise Fault(findings.bad_range(count), column, fields[column - 1])
    quality = quality_of(fields[3], 4)
    if quality.flag == "V":
        raise Fault(findings.bad_quality(), 4, fields[3])
    reason, text = [*fields[4:6], "", ""][:2]
    return QualityRange(first, last, quality.flag, quality.method, reason, text)


def read_days(days: Iterable[Day]) -> None:
    """Gives each day its item: a DayRow, or the Finding that says why there is none."""
    by_count = defaultdict(list)
    for day in days:
        by_count[day.channel.intervals].append(day)
    for count, same in by_count.items():
        _read_together([day for day in same if _looks_plain(day.row, count)], count)
        for day in same:
            if day.item is None:
                day.item = _read_alone(day)


def _looks_plain(row: bytes, count: int) -> bool:
    usual = row[:4] == b"300," and row[12:13] == b"," and len(row) <= LONGEST_LINE
    return usual and row.count(b",") >= count + 2


def _read_together(days: Sequence[Day], count: int) -> None:
    if not days:
        return
    cells = read_cells([day.row for day in days], count)
    size = 4 * count
    for n, (day, plain) in enumerate(zip(days, cells.plain, strict=True)):
        decimals = cells.decimals[n] - day.channel.unit.power
        if plain and day.fault is None and 0 <= decimals <= _MOST_DECIMALS:
            amounts = cells.amounts[n * size : (n + 1) * size]
            day.item = _quick(day, amounts, decimals, cells.ends[n])


def _quick(day: Day, amounts: bytes, decimals: int, end: int) -> DayRow | None:
    """A day of good values, if the rest of its row is usual as well."""
    tail = _USUAL_TAIL.fullmatch(day.row, end + 1)
    on = _known_day(day.row[4:12])
    if tail is None or on is None:
        return None
    try:
        return _day_row(day, on, amounts, decimals, _known_flags(tail[1]), _known_time(tail[2]))
    except Fault:
        return None


@lru_cache(4096)
def _known_day(cell: bytes) -> date | None:
    try:
        return day_of(cell.decode("ascii", "replace"), 2)
    except Fault:
        return None


@lru_cache(4096)
def _known_flags(part: bytes) -> _Flags:
    return _flags_of(fields_of(part), 1)


@lru_cache(4096)
def _known_time(cell: bytes) -> datetime | None:
    return market_time_of(cell.decode("ascii"), 4)


def _flags_of(fields: Sequence[str], column: int) -> _Flags:
    """Quality, reason and text, from that column on. Raises Fault (MTR123)."""
    stated, reason, text = [*fields[:3], "", "", ""][:3]
    quality, method = quality_of(stated, column)
    plain = not (method or reason or text or quality in "NV")
    return _Flags(quality, method, reason, text, plain)


def _day_row(
    day: Day, on: date, amounts: bytes, decimals: int, flags: _Flags, updated_at: datetime | None
) -> DayRow:
    """Raises Fault where the 400 rows do not fit together (MTR126, MTR127)."""
    stream, minutes, intervals, _ = day.channel
    quality = flags.quality
    ranges: tuple[QualityRange, ...] = ()
    if day.ranges or not flags.plain:
        quality, ranges = "V" if day.ranges else quality, _ranges(day, flags)
        amounts = _without_null(amounts, ranges or (QualityRange(1, intervals, quality),))
    version_at = updated_at or day.created_at
    return DayRow(stream, on, MARKET_CLOCK, minutes, decimals, amounts, quality, ranges, version_at, day.line)


def _without_null(amounts: bytes, ranges: Iterable[QualityRange]) -> bytes:
    """What stands in an interval of quality N, usually 0, is not known."""
    null = [part for part in ranges if part.quality == "N"]
    if not null:
        return amounts
    values = np.frombuffer(amounts, "<i4").copy()
    for part in null:
        values[part.first - 1 : part.last] = MISSING
    return values.tobytes()


def _ranges(day: Day, flags: _Flags) -> tuple[QualityRange, ...]:
    """The qualities of the day's intervals, if there is more to say than one flag.

    Raises Fault (MTR126, MTR127). 400 rows come in any order. Under a flag other than V they are exceptions,
    and the flag holds for the others.
    """
    quality, method, reason, text, _ = flags
    own = QualityRange(1, day.channel.intervals, quality, method, reason, text)
    if not day.ranges and quality != "V":
        return (own,) if method or reason or text else ()
    found: list[QualityRange] = []
    free = 1
    for line, part in sorted(day.ranges, key=lambda stated: stated[1].first):
        if part.first < free:
            raise Fault(findings.overlap(part.first), 2, str(part.first), line)
        found += [*_between(own, free, part.first - 1), part]
        free = part.last + 1
    return (*found, *_between(own, free, own.last))


def _between(own: QualityRange, first: int, last: int) -> tuple[QualityRange, ...]:
    """What no 400 speaks of. Raises Fault if the 300 leaves it to them (MTR127)."""
    if first > last:
        return ()
    if own.quality == "V":
        raise Fault(findings.gap(first, last), own.last + 3, "V")
    return (own._replace(first=first, last=last),)


# --- with care -------------------------------------------------------------------------------------------


def _read_alone(day: Day) -> DayRow | Finding:
    try:
        if day.fault is not None:
            raise day.fault
        return _careful(day)
    except Fault as fault:
        return fault.at(day.line)


def _careful(day: Day) -> DayRow:
    """A day that is unusual, and perhaps only that.

    Raises Fault (MTR110, MTR111, MTR118 to MTR124, MTR126 to MTR128).
    """
    fields = fields_of(day.row)
    if len(fields) < 3:
        raise Fault(findings.too_few_fields(len(fields), day.channel.intervals + 3))
    on = day_of(fields[1], 2)
    _check_count(fields, day)
    check_width(fields, day.channel.intervals + 7)
    values, decimals = _values(fields[2 : day.channel.intervals + 2], day.channel.unit)
    amounts = np.array([MISSING if value is None else value for value in values], dtype="<i4").tobytes()
    behind = day.channel.intervals + 2
    flags = _flags_of(fields[behind:], behind + 1)
    updated_at = market_time_of("".join(fields[behind + 3 : behind + 4]), behind + 4)
    return _day_row(day, on, amounts, decimals, flags, updated_at)


def _check_count(fields: Sequence[str], day: Day) -> None:
    """Raises Fault where the quality does not stand right behind the last value (MTR119, MTR123)."""
    count = day.channel.intervals
    found = sum(1 for _ in takewhile(lambda field: not _FLAG.fullmatch(field), fields[2:]))
    if found == count:
        return
    after = fields[count + 2] if found == len(fields) - 2 > count else "0"
    if not _NUMBER.fullmatch(after):  # the quality is missing, or is none
        raise Fault(findings.bad_quality(), count + 3, after)
    place = min(found, count) + 3
    raise Fault(
        findings.wrong_count(found, count, day.channel.minutes), place, "".join(fields[place - 1 : place])
    )


def _values(cells: Sequence[str], unit: Unit) -> tuple[list[int | None], int]:
    """Whole numbers of the unit that the source's becomes, and their decimals.

    Raises Fault (MTR120 to MTR122).
    """
    parts = [_value(cell, column, unit) for column, cell in enumerate(cells, start=3)]
    decimals = max((places for part in parts if part for places in part[1:]), default=0)
    kept = max(0, decimals - unit.power)
    numbers = [part and part[0] * 10 ** (kept + unit.power - part[1]) for part in parts]
    while kept and not _fits(numbers, kept) and not any(number % 10 for number in numbers if number):
        numbers, kept = [number and number // 10 for number in numbers], kept - 1
    if not _fits(numbers, kept):
        worst = max(range(len(numbers)), key=lambda n: abs(numbers[n] or 0))
        raise Fault(findings.too_large(kept), worst + 3, cells[worst])
    return numbers, kept


def _fits(numbers: Iterable[int | None], decimals: int) -> bool:
    return decimals <= _MOST_DECIMALS and all(abs(number) <= LARGEST for number in numbers if number)


def _value(cell: str, column: int, unit: Unit) -> tuple[int, int] | None:
    """(the digits as a whole number, how many of them are decimals); None if the cell is empty."""
    if not cell:
        return None
    match = _NUMBER.fullmatch(cell)
    if match is None:
        raise Fault(findings.not_a_number(), column, cell)
    number = int(cell.replace(".", ""))
    if number < 0 and not unit.signed:
        raise Fault(findings.negative(), column, cell)
    return number, len(match[1] or match[2] or "")
