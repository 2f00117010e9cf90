"""NEM13: what the dials of accumulation meters showed, two reads in a row. `parse` reads it.

    100  the file: format, when it was made, from whom, to whom
    250  a register: NMI, suffix, serial, direction; the previous read and the current one, each with time,
         quality and method, reason, text; the quantity between them; unit, next scheduled read, update time
    550  the work orders behind the reads; passed over
    900  the end

The quantity is passed over as well: it follows from the reads, the dial's digits and the multiplier, all kept
with the register.
"""

import re
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import BinaryIO

from submeter.metering.formats import mdff_findings as findings
from submeter.metering.formats.mdff import (
    BLANK,
    BLOCK,
    Frame,
    Lines,
    check_width,
    day_of,
    fields_of,
    identifier_of,
    market_time_of,
    quality_of,
    spelling_of,
    suffix_of,
)
from submeter.metering.formats.mdff_findings import Fault
from submeter.metering.model import DialRead, FileError, Item, Stream

__all__ = ["parse"]

_PREVIOUS, _CURRENT = 9, 14
"""The columns where the five fields of a read begin."""
_DIAL = re.compile(r"\d+\.?\d*|\.\d+", re.ASCII)
_DIRECTIONS = {"E": "import", "I": "export"}
"""The market sees it from the grid: what it exports, the customer takes."""
_CUSTOMER_READ_METHOD, _CUSTOMER_READ_REASON = "67", "75"


def parse(stream: BinaryIO, *, block: int = BLOCK) -> Iterator[Item]:
    """The previous and the current read of each 250 row, and what is wrong with the other rows.

    Values are as the dial showed them: not scaled, not multiplied, `unit` as the file names it. A read of
    method 67 or reason 75 is the customer's (ACTUALC). `version_at` is the update time, or the header's where
    there is none. `block` is how many bytes are read at once.
    Raises FileError (MTR101 to MTR104, MTR110) before any item.
    """
    reader = _Reader()
    lines = Lines(stream, block)
    for rows in lines.blocks():
        for line, row in enumerate(rows, start=lines.count + 1):
            if row.strip(BLANK):
                yield from reader.record(line, row)
    yield from reader.finish(lines.count, lines.rest)


class _Reader:
    """What is known at a line: the frame, and whether there was a register for a 550 to belong to."""

    def __init__(self) -> None:
        self._frame = Frame("NEM13")
        self._register_above = False
        self._last_row = 0

    def record(self, line: int, row: bytes) -> Iterator[Item]:
        try:
            faults = self._frame.take(line, row)
            if faults is None:
                yield from self._row(line, fields_of(row))
                return
            self._register_above = False
            yield from (fault.at(line) for fault in faults)
        except Fault as fault:
            yield fault.at(line)

    def finish(self, line: int, rest: bytes) -> Iterator[Item]:
        """The end; `rest` is a line without end, trusted only where nothing can be missing of it."""
        if self._frame.trusts(rest):
            yield from self.record(line + 1, rest)
        if not self._frame.begun:
            raise FileError(findings.empty())
        if self._frame.inside:
            yield Fault(findings.cut_off(self._last_row)).at(line + bool(rest))

    def _row(self, line: int, fields: list[str]) -> Iterator[Item]:
        if fields[0] == "250":
            self._register_above = True
            reads = tuple(_reads_of(fields, line, self._frame.created_at))
            self._last_row = line
            yield from reads
        elif fields[0] != "550":
            raise Fault(findings.unknown_record(("100", "250", "550", "900")), 1, fields[0])
        elif not self._register_above:
            raise Fault(findings.out_of_place("550", "250"), 1, "550")


def _reads_of(fields: list[str], line: int, created_at: datetime | None) -> Iterator[DialRead]:
    """A 250 row. Raises Fault (MTR111, MTR113 to MTR133 but those of intervals)."""
    if len(fields) < 20:
        raise Fault(findings.too_few_fields(len(fields), 20))
    check_width(fields, 23)
    fields += [""] * (23 - len(fields))
    stream = _stream_of(fields)
    version_at = market_time_of(fields[21], 22) or created_at
    next_read_on = day_of(fields[20], 21) if fields[20] else None
    for column in (_PREVIOUS, _CURRENT):
        read = _read_of(fields, column, stream, line)
        if read is not None:
            expected = next_read_on if column == _CURRENT else None
            yield read._replace(version_at=version_at, next_read_on=expected)


def _stream_of(fields: list[str]) -> Stream:
    scheme, identifier = identifier_of(fields[1])
    suffix = suffix_of(fields[4], 5)
    direction = _DIRECTIONS.get(fields[7].upper())
    if direction is None:
        raise Fault(findings.bad_direction(), 8, fields[7])
    return Stream(scheme, identifier, suffix, fields[6], spelling_of(fields[19], 20), direction)


def _read_of(fields: list[str], column: int, stream: Stream, line: int) -> DialRead | None:
    """The read whose value stands in that column; None for a previous read that is missing or null."""
    value, time, stated, reason, text = fields[column - 1 : column + 4]
    if column == _PREVIOUS and not value:
        return None
    quality, method = quality_of(stated, column + 2)
    if quality == "V":
        raise Fault(findings.bad_quality(), column + 2, stated)
    if quality == "N":
        if column == _CURRENT:
            raise Fault(findings.no_read(), column + 2, stated)
        return None
    if not _DIAL.fullmatch(value):
        raise Fault(findings.bad_read(), column, value)
    read_on, read_at = _moment_of(time, column + 1)
    customers = method == _CUSTOMER_READ_METHOD or reason == _CUSTOMER_READ_REASON
    sub_type = "ACTUALC" if customers else "ACTUAL" if quality == "A" else "ESTIMATE"
    return DialRead(
        stream, read_on, read_at, Decimal(value), sub_type, line, quality, method, reason, notes=text
    )


def _moment_of(text: str, column: int) -> tuple[date, datetime | None]:
    """The day in market time, and the time if it is given. Raises Fault (MTR133)."""
    try:
        at = market_time_of(text, column) if len(text) > 8 else None
        return (at.date() if at else day_of(text, column)), at
    except Fault as fault:
        raise Fault(findings.bad_read_time(), column, text) from fault
