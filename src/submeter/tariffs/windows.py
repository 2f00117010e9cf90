"""When a time band holds: which one an hour of a day lies in."""

from collections.abc import Sequence

from submeter.tariffs.model import Band, DayType

__all__ = ["band_at", "in_season"]


def band_at(bands: Sequence[Band], day: tuple[int, int], kind: DayType, minute: int) -> Band | None:
    """The first band that holds on a day (month, day) of a kind, at a minute of its clock."""
    return next((band for band in bands if _holds(band, day, kind, minute)), None)


def _holds(band: Band, day: tuple[int, int], kind: DayType, minute: int) -> bool:
    if band.day_types and kind not in band.day_types:
        return False
    if band.season is not None and not in_season(day, band.season):
        return False
    if band.from_minute >= band.to_minute:
        return minute >= band.from_minute or minute < band.to_minute
    return band.from_minute <= minute < band.to_minute


def in_season(day: tuple[int, int], season: tuple[tuple[int, int], tuple[int, int]]) -> bool:
    """Whether a day (month, day) is in a season, which may go over the new year."""
    first, last = season
    return first <= day <= last if first <= last else day >= first or day <= last
