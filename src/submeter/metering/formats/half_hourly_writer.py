"""Days to a plain half-hourly table, so that `half_hourly.parse` gives the same amounts back."""

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import date
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np

from submeter.core.problem import Refused
from submeter.metering import problems
from submeter.metering.days import list_starts
from submeter.metering.formats.quantities import written
from submeter.metering.model import MISSING, DayRow, Stream

__all__ = ["write"]

_HEAD = ("identifier", "meter serial", "register", "unit", "direction")
_WORDS = {"F": "final substitute"}
"""For F alone means actual (final) in the tables of others."""
_WORST = "AVFSEN"
"""From measured to unknown."""


def write(rows: Iterable[DayRow]) -> Iterator[bytes]:
    """The lines of the table, a day at a time: a line for each half-hour, with its start and its offset.

    The clock of the days stands in the head of the column of starts. Quantities keep the decimals of their
    row; those of shorter intervals are summed, and have the worst quality among them. What is not known is an
    empty quantity of quality N. Methods, reasons and update times have no place here.
    Raises Refused: MTR458 for days of several clocks, MTR459 for intervals of an hour.
    """
    clock = ""
    for row in rows:
        if not clock:
            clock = row.clock
            yield (_fields(*_HEAD, f"start ({clock})", "quantity", "quality") + "\r\n").encode()
        if row.clock != clock:
            raise Refused(problems.several_clocks((clock, row.clock)))
        yield _day(row, _own(row.stream))


def _day(row: DayRow, own: str) -> bytes:
    """The lines of a day; a million of them may follow, so they are put together without more ado."""
    lines = []
    for stamp, (amount, quality) in zip(_stamps(row.day, row.clock), _half_hours(row), strict=True):
        said = ",N" if amount is None else f"{written(amount, row.decimals)},{_WORDS.get(quality, quality)}"
        lines.append(f"{own},{stamp},{said}\r\n")
    return "".join(lines).encode("utf-8")


@lru_cache(maxsize=1024)
def _stamps(day: date, clock: str) -> tuple[str, ...]:
    """The starts of the half-hours, each with its offset: an hour that comes twice is told apart."""
    zone = ZoneInfo(clock)
    return tuple(at.astimezone(zone).isoformat(timespec="minutes") for at in list_starts(day, clock, 30))


def _half_hours(row: DayRow) -> Iterator[tuple[int | None, str]]:
    """The amount of each half-hour, if all of it is known, and its quality."""
    if row.minutes > 30:
        raise Refused(problems.longer_than_half_hours(f"{row.stream.identifier} {row.day}", row.minutes))
    amounts, parts = np.frombuffer(row.amounts, "<i4").tolist(), 30 // row.minutes
    letters = _letters(row, len(amounts))
    if parts == 1:
        yield from zip((None if amount == MISSING else amount for amount in amounts), letters, strict=True)
        return
    for first in range(0, len(amounts), parts):
        some = amounts[first : first + parts]
        worst = max(letters[first : first + parts], key=_WORST.index)
        yield (None if MISSING in some else sum(some)), worst


def _letters(row: DayRow, count: int) -> list[str]:
    letters = [row.quality] * count
    for part in row.ranges:
        letters[part.first - 1 : part.last] = [part.quality] * (part.last - part.first + 1)
    return letters


@lru_cache(maxsize=64)
def _own(stream: Stream) -> str:
    return _fields(stream.identifier, stream.serial, stream.register, stream.unit, stream.direction)


def _fields(*fields: str) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(fields)
    return text.getvalue()
