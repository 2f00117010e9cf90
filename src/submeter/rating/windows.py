"""Which time band each interval lies in."""

from collections.abc import Sequence
from datetime import date

import numpy as np

from submeter.rating.model import IntArray
from submeter.rating.timeline import Timeline, wall_of
from submeter.tariffs.model import Band, Calendar, Component

__all__ = ["NO_BAND", "band_codes", "bands_of"]

NO_BAND = -1
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def band_codes(component: Component) -> tuple[str, ...]:
    """The codes of a component's bands, each once, in order; one empty code where there are no bands."""
    return tuple(dict.fromkeys(band.code for band in component.bands)) or ("",)


def bands_of(line: Timeline, component: Component, calendar: Calendar) -> IntArray:
    """Of each interval: the place of its band among `band_codes`, or `NO_BAND`."""
    if not component.bands:
        return np.zeros(len(line.starts), np.int64)
    other = calendar.market_clock if component.clock == "market" else calendar.local_clock
    wall = wall_of(line, other or calendar.clock)
    found = np.full(len(line.starts), NO_BAND)
    codes = band_codes(component)
    kinds = _day_kinds(wall.ordinals, component.bands, calendar)
    for band in reversed(component.bands):  # the first that fits is to win
        found[_fits(wall.ordinals, wall.minutes, kinds, band)] = codes.index(band.code)
    return found


def _day_kinds(ordinals: IntArray, bands: Sequence[Band], calendar: Calendar) -> IntArray:
    """0 Monday to 6 Sunday; 7 a public holiday, where any band asks for them."""
    kinds = (ordinals + 6) % 7
    if any("holiday" in band.day_types for band in bands):
        holidays = np.array([day.toordinal() for day in calendar.holidays], np.int64)
        kinds = np.where(np.isin(ordinals, holidays), len(_WEEKDAYS), kinds)
    return kinds


def _fits(ordinals: IntArray, minutes: IntArray, kinds: IntArray, band: Band) -> IntArray:
    start, stop = band.from_minute, band.to_minute
    over_midnight = start >= stop
    inside = (minutes >= start) | (minutes < stop) if over_midnight else (minutes >= start) & (minutes < stop)
    if band.day_types:
        wanted = [kind for kind, name in enumerate((*_WEEKDAYS, "holiday")) if name in band.day_types]
        inside &= np.isin(kinds, wanted)
    if band.season is not None:
        inside &= _in_season(ordinals, band.season)
    return inside


def _in_season(ordinals: IntArray, season: tuple[tuple[int, int], tuple[int, int]]) -> IntArray:
    first, last = season
    days = range(int(ordinals.min()), int(ordinals.max()) + 1)
    held = [_holds(date.fromordinal(day), first, last) for day in days]
    inside: IntArray = np.array(held)[ordinals - days.start]
    return inside


def _holds(day: date, first: tuple[int, int], last: tuple[int, int]) -> bool:
    place = (day.month, day.day)
    return first <= place <= last if first <= last else place >= first or place <= last
