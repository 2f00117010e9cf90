"""Months and local days: which half-hours a day has, and what the clock on the wall says in them."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

HALF_HOUR = timedelta(minutes=30)


@dataclass(frozen=True)
class LocalDay:
    """A day of a place: 48 half-hours, 46 or 50 where the clocks change."""

    day: date
    starts_at: datetime
    """Local midnight, as an instant in UTC."""
    slots: tuple[int, ...]
    """For each half-hour the half-hour on the wall, 0 to 47: it skips or repeats where clocks change."""

    def index_of(self, instant: datetime) -> int:
        """How many half-hours of the day are over at `instant`."""
        return (instant - self.starts_at) // HALF_HOUR


def first_of_month(day: date, months: int = 0) -> date:
    """The first of the month that lies `months` after the month of `day` (before it if negative)."""
    count = day.year * 12 + day.month - 1 + months
    return date(count // 12, count % 12 + 1, 1)


def list_months(first: date, end: date) -> tuple[date, ...]:
    """The first days of the months from `first` up to `end`, which is not in it."""
    count = (end.year - first.year) * 12 + end.month - first.month
    return tuple(first_of_month(first, month) for month in range(count))


def first_of_quarter(day: date, quarters: int = 0) -> date:
    """The first day of the quarter that lies `quarters` after the quarter of `day`."""
    return first_of_month(day, -((day.month - 1) % 3) + 3 * quarters)


def instant(day: date, time_zone: ZoneInfo, at: time = time()) -> datetime:
    """A moment on the wall of a place as an instant in UTC; by default the midnight that begins `day`."""
    return datetime.combine(day, at, time_zone).astimezone(UTC)


def list_days(first: date, end: date, time_zone: ZoneInfo) -> tuple[LocalDay, ...]:
    """The local days of [first, end)."""
    dates = (first + timedelta(days=count) for count in range((end - first).days))
    return tuple(_local_day(day, time_zone) for day in dates)


def _local_day(day: date, time_zone: ZoneInfo) -> LocalDay:
    starts_at = instant(day, time_zone)
    count = (instant(day + timedelta(days=1), time_zone) - starts_at) // HALF_HOUR
    if count == 48:  # nearly always; asking the zone 48 times a day would be most of the work
        return LocalDay(day, starts_at, _PLAIN)
    walls = ((starts_at + step * HALF_HOUR).astimezone(time_zone) for step in range(count))
    return LocalDay(day, starts_at, tuple(wall.hour * 2 + wall.minute // 30 for wall in walls))


_PLAIN = tuple(range(48))
