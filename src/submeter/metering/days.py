"""Days, half-hours and settlement periods on the clocks of sources and sites.

A day of a clock runs from its first midnight to that of the next day. So days follow each other without gap
or overlap on every clock, also where midnight itself is skipped or comes twice, and a date that a place
left out (Samoa, 30 December 2011) has no length. Instants are aware and in UTC; `minute` means minutes
since 1970-01-01 00:00 UTC.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from submeter.core.problem import Problem, Refused

__all__ = [
    "count_of",
    "day_of",
    "first_of_next_month",
    "list_starts",
    "minute_of",
    "starts_at",
    "wall_minutes",
]

DAY = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE = timedelta(minutes=1)


@lru_cache(maxsize=1 << 16)
def starts_at(day: date, clock: str) -> datetime:
    """The instant at which a day begins. Where midnight is skipped: the instant that follows 23:59."""
    return datetime.combine(day, time(), ZoneInfo(clock)).astimezone(UTC)


def minute_of(instant: datetime) -> int:
    """Minutes since 1970 UTC."""
    return (instant - _EPOCH) // _MINUTE


def length_of(day: date, clock: str) -> int:
    """Minutes that a day has: 1440, and on days of clock changes usually 1380 or 1500."""
    return (starts_at(day + DAY, clock) - starts_at(day, clock)) // _MINUTE


def count_of(day: date, clock: str, minutes: int) -> int:
    """How many intervals a day has: of half-hours 48, 46 or 50.

    Refuses (MTR391) a length that does not divide the day, as 60 minutes on a day of 23.5 hours (Lord Howe).
    """
    count, rest = divmod(length_of(day, clock), minutes)
    if rest:
        raise Refused(
            Problem(
                "MTR391",
                "Intervals of this length do not fill the day",
                f"{day} has {length_of(day, clock)} minutes in {clock}, no multiple of {minutes}",
                "Use intervals of 30 minutes or less, or a clock without changes",
            )
        )
    return count


def list_starts(day: date, clock: str, minutes: int) -> tuple[datetime, ...]:
    """The instants at which the intervals of a day begin, in order."""
    first = starts_at(day, clock)
    return tuple(first + n * minutes * _MINUTE for n in range(count_of(day, clock, minutes)))


def wall_minutes(day: date, clock: str, minutes: int) -> tuple[int, ...]:
    """What the clock on the wall shows as each interval of a day begins, in minutes after midnight.

    It leaps over the hour that a day in spring lacks, and shows the hour twice that one in autumn repeats.
    """
    zone = ZoneInfo(clock)
    walls = (instant.astimezone(zone) for instant in list_starts(day, clock, minutes))
    return tuple(wall.hour * 60 + wall.minute for wall in walls)


def day_of(instant: datetime, clock: str) -> date:
    """The day of a clock that an instant belongs to."""
    day = instant.astimezone(ZoneInfo(clock)).date()
    # Where a clock goes back over midnight, the wall shows the old date again though the day has begun.
    return day + DAY if instant >= starts_at(day + DAY, clock) else day


def first_of_next_month(month: date) -> date:
    """The first day of the month after that of a date."""
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)
