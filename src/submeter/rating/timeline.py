"""The time that usage covers: its days, and what the clocks on the wall show as each interval begins."""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from submeter.core.problem import Problem, Refused
from submeter.metering.days import minute_of, starts_at
from submeter.rating.model import IntArray

__all__ = ["Timeline", "Wall", "timeline", "wall_of"]

_DAY = timedelta(days=1)


class Timeline(NamedTuple):
    """The intervals of the days `[first, end)` of a clock, without gaps, one after the other."""

    first: date
    end: date
    minutes: int
    starts: IntArray
    """When each interval begins, in minutes since 1970 UTC."""
    days: IntArray
    """Which billing day each interval lies in, counted from 0."""


class Wall(NamedTuple):
    """What a clock shows at the beginning of each interval."""

    ordinals: IntArray
    """The date, as `date.toordinal` counts."""
    minutes: IntArray
    """Minutes after midnight. An hour that autumn repeats is shown twice."""


@lru_cache(maxsize=64)
def timeline(first: date, end: date, clock: str, minutes: int) -> Timeline:
    """The intervals of `[first, end)`. With `minutes` 0, each day is one."""
    bounds = [minute_of(starts_at(first + n * _DAY, clock)) for n in range((end - first).days + 1)]
    if not minutes:
        return Timeline(first, end, 0, np.array(bounds[:-1]), np.arange(len(bounds) - 1))
    if (bounds[-1] - bounds[0]) % minutes:
        detail = f"{first} to {end} in {clock} is no multiple of {minutes} minutes"
        hint = "Use intervals of 30 minutes or less"
        raise Refused(Problem("RTG101", "Intervals of this length do not fill the days", detail, hint))
    starts = np.arange(bounds[0], bounds[-1], minutes, dtype=np.int64)
    return Timeline(first, end, minutes, starts, np.searchsorted(bounds, starts, "right") - 1)


def wall_of(line: Timeline, clock: str) -> Wall:
    """What `clock` shows as the intervals of `line` begin; of days, as they begin by their own clock."""
    if not line.minutes:
        ordinals = np.arange(line.first.toordinal(), line.end.toordinal())
        return Wall(ordinals, np.zeros(len(ordinals), np.int64))
    local = line.starts + _offsets(line.starts, clock)
    return Wall(local // 1440 + date(1970, 1, 1).toordinal(), local % 1440)


def _offsets(starts: IntArray, clock: str) -> IntArray:
    """Minutes by which the clock is ahead of UTC at each of the (ascending) instants."""
    zone = ZoneInfo(clock)
    marks = [*range(int(starts[0]), int(starts[-1]), 1440), int(starts[-1])]
    changes, offsets = [marks[0]], [_offset(marks[0], zone)]
    for before, after in pairwise(marks):
        while _offset(after, zone) != offsets[-1]:
            changes.append(_change(max(before, changes[-1]), after, zone))
            offsets.append(_offset(changes[-1], zone))
    return np.array(offsets)[np.searchsorted(changes, starts, "right") - 1]


def _change(before: int, after: int, zone: ZoneInfo) -> int:
    """The first minute after `before` at which the offset is another."""
    held = _offset(before, zone)
    while after - before > 1:
        middle = (before + after) // 2
        if _offset(middle, zone) == held:
            before = middle
        else:
            after = middle
    return after


def _offset(minute: int, zone: ZoneInfo) -> int:
    ahead = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)).astimezone(zone).utcoffset()
    assert ahead is not None
    return ahead // timedelta(minutes=1)
