"""NEM12: a day of 5, 15 or 30-minute values in a row, by NMI and data stream. `parse` reads it, exactly.

    100  the file: format, when it was made, from whom, to whom
    200  what follows: NMI, suffix (E1, B1, ...), serial, unit, interval length
    300  a day: date, values, quality and method, reason, text, update time, MSATS load time
    400  for a 300 of quality V: from interval, to interval, quality and method, reason, text
    500  the work order behind a manual read, and what the register showed; passed over, no interval is in it
    900  the end

Memory does not grow with the file. Days come in the order of their rows, each with the 400 rows below it.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import BinaryIO, NamedTuple

from submeter.metering.formats import mdff_findings as findings
from submeter.metering.formats.mdff import (
    BLANK,
    BLOCK,
    INTO_THE_GRID,
    Frame,
    Lines,
    check_width,
    fields_of,
    identifier_of,
    suffix_of,
    unit_of,
)
from submeter.metering.formats.mdff_findings import Fault
from submeter.metering.formats.nem12_day import Channel, Day, read_days
from submeter.metering.model import DayRow, FileError, Finding, Item, Stream

__all__ = ["parse"]

_LENGTHS = {"5": 5, "15": 15, "30": 30}
_JOINED = findings.too_many_fields(0, 0).code
_NUMBER_OR_FLAG = re.compile(rb"\s*(?:[-+.\d]*|[AENFSV](?:\d\d)?)\s*")


def parse(stream: BinaryIO, *, block: int = BLOCK) -> Iterator[Item]:
    """The days of a NEM12 file, and what is wrong with the rows that are not among them.

    Wh, MWh, varh, ... become kWh, kvarh and kVAh without loss; `decimals` are the row's own. An empty value,
    and one of quality N, is MISSING. `version_at` is the update time, or, where a row has none, the header's.
    `block` is how many bytes are read at once. Raises FileError (MTR101 to MTR104, MTR110) before any item.
    """
    reader = _Reader()
    lines = Lines(stream, block)
    for rows in lines.blocks():
        yield from reader.read(lines.count, rows)
    yield from reader.finish(lines.count, lines.rest)


class _Row(NamedTuple):
    line: int
    raw: bytes
    fields: list[str]


class _Reader:
    """What is known at a line: the frame, the channel of the 200 above, the day of the 300 above."""

    def __init__(self) -> None:
        self._frame = Frame("NEM12")
        self._channel: Channel | None = None
        self._refused: _Refused | None = None
        self._day: Day | None = None
        """The last 300, while it may get 400 rows."""
        self._lost = False
        """The last 300 was left out, and its 400 rows go with it."""
        self._waiting: list[Day | Finding] = []
        self._last_row = 0
        self._doubtful: Channel | None = None
        """A channel that may have ended unseen, in a line that holds two rows."""
        self._doubt_line = 0
        self._records: dict[str, Callable[[_Row], None]] = {
            "200": self._details,
            "300": self._interval_day,
            "400": self._event,
            "500": self._order,
        }

    def read(self, before: int, rows: list[bytes]) -> Iterator[Item]:
        """The items of these lines, with so many before them; the last day may wait for its 400 rows."""
        for line, row in enumerate(rows, start=before + 1):
            if self._channel is not None and row.startswith(b"300,"):
                self._new_day(line, row, self._channel)
            elif row.strip(BLANK):
                self._record(line, row)
        keep = len(self._waiting) - (self._day is not None)
        settled, self._waiting = self._waiting[:keep], self._waiting[keep:]
        return self._items(settled)

    def finish(self, line: int, rest: bytes) -> Iterator[Item]:
        """The last items; `rest` is a line without end, trusted only where nothing can be missing of it."""
        if self._frame.trusts(rest):
            self._record(line + 1, rest)
        if not self._frame.begun:
            raise FileError(findings.empty())
        self._close_block()
        yield from self._items(self._waiting)
        if self._frame.inside:
            yield Finding(findings.cut_off(self._last_row), line + bool(rest))

    def _items(self, waiting: list[Day | Finding]) -> Iterator[Item]:
        read_days(entry for entry in waiting if isinstance(entry, Day))
        for entry in waiting:
            item = entry.item if isinstance(entry, Day) else entry
            assert item is not None  # read_days gives each its item
            if isinstance(entry, Day) and entry.channel is self._doubtful:
                item = Fault(findings.unknown_owner(self._doubt_line), 1, "300").at(entry.line)
            elif isinstance(item, DayRow):
                self._last_row = item.line
            elif isinstance(entry, Day) and item.problem.code == _JOINED:
                self._doubtful, self._doubt_line = entry.channel, item.line
            yield item

    # --- records ---

    def _record(self, line: int, row: bytes) -> None:
        try:
            faults = self._frame.take(line, row)
            if faults is None:
                self._row(_Row(line, row, fields_of(row)))
            else:
                self._close_block()
                self._waiting += [fault.at(line) for fault in faults]
        except Fault as fault:
            self._refuse(line, row, fault)

    def _refuse(self, line: int, row: bytes, fault: Fault) -> None:
        """If the row may have been a 200, it is not known whose the days below it are."""
        if self._channel is not None and _may_hide_details(row, fault):
            self._close_block()
            self._refused = _Refused(fault, line)
        else:
            self._close_day()
            self._waiting.append(fault.at(line))
        self._lost = True

    def _row(self, row: _Row) -> None:
        read = self._records.get(row.fields[0])
        if read is None:
            raise Fault(findings.unknown_record(("100", *self._records, "900")), 1, row.fields[0])
        read(row)

    def _details(self, row: _Row) -> None:
        self._close_block()
        try:
            self._channel = _channel_of(row.fields)
        except Fault as fault:
            self._refused = _Refused(fault, row.line)

    def _new_day(self, line: int, row: bytes, channel: Channel) -> None:
        self._day = Day(line, row, channel, self._frame.created_at)
        self._waiting.append(self._day)

    def _interval_day(self, row: _Row) -> None:
        if self._channel is not None:
            self._new_day(row.line, row.raw, self._channel)
            return
        self._close_day()
        self._lost = True
        if self._refused is None:
            self._waiting.append(Fault(findings.out_of_place("300", "200"), 1, "300").at(row.line))
        else:
            self._refused.days += 1

    def _event(self, row: _Row) -> None:
        if self._day is not None:
            self._day.add_event(row.line, row.fields)
            check_width(row.fields, 6)
        elif not self._lost:
            raise Fault(findings.out_of_place("400", "300"), 1, "400")

    def _order(self, row: _Row) -> None:
        check_width(row.fields, 5)
        if self._channel is None and self._refused is None:
            raise Fault(findings.out_of_place("500", "200"), 1, "500")
        self._close_day()

    def _close_day(self) -> None:
        self._day, self._lost = None, False

    def _close_block(self) -> None:
        """Nothing below belongs to the 200 above."""
        self._close_day()
        self._channel = None
        if self._refused is not None:
            self._waiting.append(self._refused.finding())
            self._refused = None


def _may_hide_details(row: bytes, fault: Fault) -> bool:
    """Whether a row that cannot be used may have been a 200, or two rows of which one was.

    A 200 has a suffix and a unit, so letters. The remains of a broken 300 have numbers and a flag.
    """
    if fault.problem.code == _JOINED:
        return True
    fields = row.split(b",")[:8]
    return fields[0] not in {b"300", b"400", b"500"} and not all(map(_NUMBER_OR_FLAG.fullmatch, fields))


class _Refused:
    """A 200 row that cannot be used, and how many days that costs."""

    def __init__(self, fault: Fault, line: int) -> None:
        self._fault, self._line = fault, line
        self.days = 0

    def finding(self) -> Finding:
        problem = findings.rows_left_out(self._fault.problem, self.days)
        return replace(self._fault.at(self._line), problem=problem)


def _channel_of(fields: list[str]) -> Channel:
    """A 200 row. Raises Fault (MTR111, MTR113 to MTR117, MTR128)."""
    if len(fields) < 9:
        raise Fault(findings.too_few_fields(len(fields), 9))
    check_width(fields, 10)
    _, nmi, _, _, suffix, _, serial, unit, length = fields[:9]
    scheme, identifier = identifier_of(nmi)
    register = suffix_of(suffix, 5)
    becomes = unit_of(unit, 8)
    if length not in _LENGTHS:
        raise Fault(findings.bad_length(), 9, length)
    direction = "export" if register[0] in INTO_THE_GRID else "import"
    stream = Stream(scheme, identifier, register, serial, becomes.name, direction)
    return Channel(stream, _LENGTHS[length], 24 * 60 // _LENGTHS[length], becomes)
