"""Days of intervals as PostgreSQL's COPY BINARY takes them: no text in between, nothing rounded."""

import json
import struct
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta

from submeter.metering.model import DayRow
from submeter.metering.placing import Placed, Span, Sums

__all__ = ["END", "FIXED", "HEADER", "VARIABLE", "pack", "ranges_json"]

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
END = b"\xff\xff"
FIXED = (
    "round", "accepted", "register_id", "day", "starts_at", "ends_at", "minutes", "decimals", "missing",
    "standing", "total", "version_at", "file_at", "file_id", "line",
)  # fmt: skip
VARIABLE = ("amounts", "clock", "quality", "ranges")

# Each field with its length before it: int2, bool, uuid; date, 2 timestamptz; 4 int2, int8, 2 timestamptz,
# int8, int4.
_WHOSE = struct.Struct(">h ih i? i16s")
_WHEN = struct.Struct(">ii iq iq")
_WHAT = struct.Struct(">ih ih ih ih iq iq iq iq ii i")
_LENGTH = struct.Struct(">i")
_ABSENT = _LENGTH.pack(-1)
_DAY_ZERO = date(2000, 1, 1).toordinal()
_ZERO = datetime.fromisoformat("2000-01-01T00:00:00+00:00")
_MICROSECOND = timedelta(microseconds=1)
_NEVER = -(2**63)
"""PostgreSQL's -infinity: before any time that a source may state."""


def pack(
    placed: Iterable[Placed],
    sums: Iterable[Sums],
    rounds: Iterable[int],
    file_at: datetime,
    file_id: int,
) -> Iterator[bytes]:
    """A row of COPY BINARY for each day, in the columns FIXED and VARIABLE."""
    made = _microseconds(file_at)
    texts: dict[str, bytes] = {}
    whens: dict[tuple[date, Span], bytes] = {}
    for (register_id, row, span), (missing, total, standing), turn in zip(placed, sums, rounds, strict=True):
        _, day, clock, minutes, decimals, amounts, quality, ranges, version_at, line = row
        when = whens.get((day, span)) or whens.setdefault((day, span), _when(day, span))
        version = _NEVER if version_at is None else _microseconds(version_at)
        head = _WHOSE.pack(19, 2, turn, 1, False, 16, register_id.bytes)
        what = _WHAT.pack(
            2, minutes, 2, decimals, 2, missing, 2, standing, 8, total, 8, version, 8, made, 8, file_id,
            4, line, len(amounts),
        )  # fmt: skip
        tail = _text(clock, texts) + _text(quality, texts) + (_ranges(row) if ranges else _ABSENT)
        yield head + when + what + amounts + tail


def _when(day: date, span: Span) -> bytes:
    begin, end = _microseconds(span.starts_at), _microseconds(span.ends_at)
    return _WHEN.pack(4, day.toordinal() - _DAY_ZERO, 8, begin, 8, end)


def ranges_json(row: DayRow) -> str | None:
    """The quality of parts as the database keeps it; None where the whole day is of one kind."""
    return json.dumps([list(part) for part in row.ranges]) if row.ranges else None


def _ranges(row: DayRow) -> bytes:
    data = b"\x01" + (ranges_json(row) or "").encode()  # jsonb, version 1
    return _LENGTH.pack(len(data)) + data


def _text(value: str, known: dict[str, bytes]) -> bytes:
    found = known.get(value)
    if found is None:
        data = value.encode()
        found = known[value] = _LENGTH.pack(len(data)) + data
    return found


def _microseconds(at: datetime) -> int:
    return (at - _ZERO) // _MICROSECOND
