"""Days of intervals as PostgreSQL's COPY BINARY takes them: no text in between, nothing rounded."""

import json
import struct
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta

from submeter.metering.model import DayRow
from submeter.metering.placing import Placed, Sums

__all__ = ["END", "FIXED", "HEADER", "VARIABLE", "pack", "ranges_json"]

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
END = b"\xff\xff"
FIXED = (
    "round", "accepted", "register_id", "day", "starts_at", "ends_at", "minutes", "decimals", "missing",
    "standing", "total", "version_at", "file_at", "file_id", "line",
)  # fmt: skip
VARIABLE = ("amounts", "clock", "quality", "ranges")

# Each field with its length before it: int2, bool, uuid, date, 2 timestamptz, 4 int2, int8, 2 timestamptz,
# int8, int4.
_ROW = struct.Struct(">h ih i? i16s ii iq iq ih ih ih ih iq iq iq iq ii i")
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
    for (register_id, row, span), (missing, total, standing), turn in zip(placed, sums, rounds, strict=True):
        head = _ROW.pack(
            19, 2, turn, 1, False, 16, register_id.bytes, 4, row.day.toordinal() - _DAY_ZERO,
            8, _microseconds(span.starts_at), 8, _microseconds(span.ends_at), 2, row.minutes, 2, row.decimals,
            2, missing, 2, standing, 8, total,
            8, _NEVER if row.version_at is None else _microseconds(row.version_at), 8, made,
            8, file_id, 4, row.line, len(row.amounts),
        )  # fmt: skip
        yield head + row.amounts + _text(row.clock, texts) + _text(row.quality, texts) + _ranges(row)


def ranges_json(row: DayRow) -> str | None:
    """The quality of parts as the database keeps it; None where the whole day is of one kind."""
    return json.dumps([list(part) for part in row.ranges]) if row.ranges else None


def _ranges(row: DayRow) -> bytes:
    if not row.ranges:
        return _ABSENT
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
