"""How a clock cuts time into days and intervals: 46, 48 or 50 half-hours where it changes."""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from submeter.metering.formats.dates import Stamp

__all__ = ["instants_of", "is_clock", "period_of", "periods_of", "starts_of"]


@lru_cache(maxsize=64)
def is_clock(name: str) -> bool:
    """Whether there is a clock of that name: UTC, Etc/GMT-10, Europe/London."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


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
