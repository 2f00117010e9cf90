"""Days and times of files. DD/MM/YYYY and ISO; month-first only where an operator's map says so."""

import re
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Literal, NamedTuple

__all__ = ["DateOrder", "Stamp", "day_of", "looks_month_first", "stamp_of"]

DateOrder = Literal["day first", "month first", "year first"]
"""How numbers with slashes, points or hyphens are read. A year of four digits in front is always ISO."""

_ISO = re.compile(r"([0-9]{4})([-/.]?)([0-9]{2})\2([0-9]{2})")
_TRIPLE = re.compile(r"([0-9]{1,2})([/.-])([0-9]{1,2})\2([0-9]{4})")
_SHORT = re.compile(r"([0-9]{2})([/.-])([0-9]{2})\2([0-9]{2})")
_TIME = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:\.0+)?)?\s*(Z|[+-][0-9]{2}:?[0-9]{2})?")


class Stamp(NamedTuple):
    """A day, the seconds since its midnight as a clock on the wall shows them, and the offset if stated."""

    day: date
    seconds: int
    offset: int | None
    """Seconds east of UTC."""
    zulu: bool = False


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


@lru_cache(maxsize=65536)
def day_of(text: str, order: DateOrder = "day first") -> date | None:
    """The day that `text` names, or None."""
    plain = text.strip()
    if iso := _ISO.fullmatch(plain):
        return _date(int(iso[1]), int(iso[3]), int(iso[4]))
    if order == "year first":
        short = _SHORT.fullmatch(plain)
        return _date(2000 + int(short[1]), int(short[3]), int(short[4])) if short else None
    if triple := _TRIPLE.fullmatch(plain):
        first, second, year = int(triple[1]), int(triple[3]), int(triple[4])
        return _date(year, second, first) if order == "day first" else _date(year, first, second)
    return None


def looks_month_first(text: str) -> bool:
    """Whether the text is a date as MM/DD/YYYY only: 03/25/2026."""
    day = text.strip().split(" ", maxsplit=1)[0]
    return day_of(day) is None and day_of(day, "month first") is not None


@lru_cache(maxsize=65536)
def stamp_of(text: str, order: DateOrder = "day first") -> Stamp | None:
    """A day with a time, `24:00` allowed for its end; or None."""
    plain = text.strip()
    cut = 10 if len(plain) > 10 and plain[10] in "T " else plain.find(" ")
    day = day_of(plain[:cut], order) if cut > 0 else None
    clock = _TIME.fullmatch(plain[cut + 1 :].strip()) if day else None
    return _stamp(day, clock) if day and clock else None


def _stamp(day: date, clock: re.Match[str]) -> Stamp | None:
    hours, minutes, seconds = int(clock[1]), int(clock[2]), int(clock[3] or 0)
    if (hours, minutes, seconds) == (24, 0, 0):
        return Stamp(day + timedelta(days=1), 0, _offset(clock[4]), clock[4] == "Z")
    if hours > 23 or minutes > 59 or seconds > 59:
        return None
    return Stamp(day, hours * 3600 + minutes * 60 + seconds, _offset(clock[4]), clock[4] == "Z")


def _offset(text: str | None) -> int | None:
    if text is None or text == "Z":
        return None if text is None else 0
    shift = datetime.strptime(text, "%z").utcoffset()
    return int(shift.total_seconds()) if shift is not None else None
