"""Which parts of a week, in which season, lie in no time band."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import groupby, pairwise
from typing import NamedTuple, get_args

from submeter.tariffs.model import Band, DayType
from submeter.tariffs.windows import in_season

__all__ = ["Hole", "holes"]

_DAY_TYPES: tuple[DayType, ...] = get_args(DayType)
_LEAP_YEAR = [date(2000, 1, 1) + timedelta(days=day) for day in range(366)]


class Hole(NamedTuple):
    """Minutes of a kind of day that no band holds, on the days from `first` to `last` of a year."""

    day_types: tuple[DayType, ...]
    from_minute: int
    to_minute: int
    first: date
    last: date
    """The year of these two means nothing."""

    def __str__(self) -> str:
        season = "" if (self.first, self.last) == (_LEAP_YEAR[0], _LEAP_YEAR[-1]) else self._season()
        return f"{', '.join(self.day_types)} {_clock(self.from_minute)}-{_clock(self.to_minute)}{season}"

    def _season(self) -> str:
        return f" from {self.first:%d %b} to {self.last:%d %b}"


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def holes(bands: Sequence[Band]) -> tuple[Hole, ...]:
    """What no band holds; nothing where there are no bands."""
    return tuple(_holes(bands)) if bands else ()


def _holes(bands: Sequence[Band]) -> Iterator[Hole]:
    named = any("holiday" in band.day_types for band in bands)
    types = _DAY_TYPES if named else _DAY_TYPES[:-1]  # else a holiday is the weekday that it falls on
    for held, days in groupby(
        _LEAP_YEAR,
        lambda day: tuple(b for b in bands if b.season is None or in_season((day.month, day.day), b.season)),
    ):
        span = list(days)
        open_minutes = {kind: _uncovered([b for b in held if _of(b, kind)]) for kind in types}
        for minutes in dict.fromkeys(one for found in open_minutes.values() for one in found):
            alike = tuple(kind for kind in types if minutes in open_minutes[kind])
            yield Hole(alike, *minutes, span[0], span[-1])


def _of(band: Band, kind: DayType) -> bool:
    return not band.day_types or kind in band.day_types


def _uncovered(bands: Sequence[Band]) -> list[tuple[int, int]]:
    edges = sorted({0, 1440, *(edge for band in bands for edge in (band.from_minute, band.to_minute))})
    free = [(a, b) for a, b in pairwise(edges) if not any(_covers(band, a) for band in bands)]
    joined: list[tuple[int, int]] = []
    for first, end in free:
        if joined and joined[-1][1] == first:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((first, end))
    return joined


def _covers(band: Band, minute: int) -> bool:
    if band.from_minute < band.to_minute:
        return band.from_minute <= minute < band.to_minute
    return minute >= band.from_minute or minute < band.to_minute
