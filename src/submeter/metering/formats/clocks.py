"""How a clock cuts time into days and intervals: 46, 48 or 50 half-hours where it changes."""

import re
from datetime import UTC, date, datetime, time, timedelta
from difflib import get_close_matches
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from submeter.metering.formats.dates import Stamp

__all__ = [
    "clock_in_words",
    "clock_named",
    "instants_of",
    "is_clock",
    "nearest_clocks",
    "period_of",
    "periods_of",
    "starts_of",
]


@lru_cache(maxsize=64)
def is_clock(name: str) -> bool:
    """Whether there is a clock of that name: UTC, Etc/GMT-10, Europe/London."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


_OFFSET = re.compile(r"(?:UTC|GMT)? ?([+ -]) ?0?([0-9]{1,2})(?::?00)?", re.IGNORECASE)
_UTC = ("UTC", "GMT", "Z", "Etc/UTC", "Etc/GMT", "Etc/Zulu")


def clock_named(text: str) -> str | None:
    """The clock that somebody means: a zone of the IANA database, UTC, or an offset from it in whole hours.

    None for anything else, abbreviations too: EST is one clock in Sydney and another one in New York. An
    offset becomes the zone that never changes: UTC+10 is Etc/GMT-10, whose sign is turned round. A blank
    stands for the plus that it was in an address.
    """
    said = text.strip()
    if said.upper() in {name.upper() for name in _UTC}:
        return "UTC"
    if offset := _OFFSET.fullmatch(said):
        ahead = offset[1] != "-"
        name = f"Etc/GMT{'-' if ahead else '+'}{offset[2]}"
        return "UTC" if offset[2] == "0" else name if is_clock(name) else None
    return said if "/" in said and said in _zones() else None


def clock_in_words(clock: str) -> str:
    """As people say it: UTC+10 for Etc/GMT-10, whose sign misleads."""
    if not clock.startswith("Etc/GMT") or clock[7:8] not in ("+", "-"):
        return clock
    return f"UTC{'+' if clock[7] == '-' else '-'}{clock[8:]}"


def nearest_clocks(text: str) -> tuple[str, ...]:
    """Clocks whose names, or cities, are nearly the text."""
    by_key = {key: zone for zone in sorted(_zones()) for key in (zone.lower(), zone.lower().split("/")[-1])}
    said = text.strip().lower().replace(" ", "_")
    return tuple(dict.fromkeys(by_key[key] for key in get_close_matches(said, by_key, n=2, cutoff=0.75)))


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(name for name in available_timezones() if "/" in name)


@lru_cache(maxsize=16384)
def _midnight(clock: str, day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(clock)).timestamp())


@lru_cache(maxsize=16384)
def periods_of(clock: str, day: date, minutes: int) -> int:
    """How many intervals of `minutes` the day has."""
    seconds = _midnight(clock, day + timedelta(days=1)) - _midnight(clock, day)
    return seconds // (60 * minutes)


def period_of(clock: str, instant: int, minutes: int) -> tuple[date, int] | None:
    """The day and the place in it (from 0) of the interval that begins at `instant` (Unix seconds).

    None where no interval of that length begins there.
    """
    day = datetime.fromtimestamp(instant, tz=ZoneInfo(clock)).date()
    place, rest = divmod(instant - _midnight(clock, day), 60 * minutes)
    return None if rest or place >= periods_of(clock, day, minutes) else (day, place)


def instants_of(clock: str, stamp: Stamp, *, end: bool) -> tuple[int, ...]:
    """Unix seconds at which a clock on the wall shows the stamp: once, twice, or (a skipped hour) never.

    `end`: the stamp ends an interval, so that the beginning of a skipped hour is a time too.
    """
    wall = datetime.combine(stamp.day, time()) + timedelta(seconds=stamp.seconds)
    if stamp.offset is not None:
        return (int(wall.replace(tzinfo=UTC).timestamp()) - stamp.offset,)
    zone = ZoneInfo(clock)
    first, second = (int(wall.replace(tzinfo=zone, fold=fold).timestamp()) for fold in (0, 1))
    if first == second:
        return (first,)
    if first < second:
        return (first, second)
    return (first,) if end and _shown(zone, wall - timedelta(seconds=1)) else ()


def _shown(zone: ZoneInfo, wall: datetime) -> bool:
    instant = wall.replace(tzinfo=zone).timestamp()
    return datetime.fromtimestamp(instant, tz=zone).replace(tzinfo=None) == wall


@lru_cache(maxsize=1024)
def starts_of(clock: str, day: date, minutes: int) -> tuple[int, ...]:
    """What a clock on the wall shows, in seconds since midnight, as each interval of the day begins."""
    zone, begin = ZoneInfo(clock), _midnight(clock, day)
    walls = (
        datetime.fromtimestamp(begin + 60 * minutes * n, tz=zone)
        for n in range(periods_of(clock, day, minutes))
    )
    return tuple(wall.hour * 3600 + wall.minute * 60 + wall.second for wall in walls)
