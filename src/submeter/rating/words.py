"""Time bands in the words of a person: Monday to Friday 07:00-21:00, December to March."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from submeter.tariffs.model import Band, Component, DayType

__all__ = ["MONTHS", "said_windows"]

_WEEK: tuple[DayType, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_NAMES = {
    "mon": "Monday", "tue": "Tuesday", "wed": "Wednesday", "thu": "Thursday", "fri": "Friday",
    "sat": "Saturday", "sun": "Sunday", "holiday": "public holidays",
}  # fmt: skip
MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December")  # fmt: skip


def said_windows(component: Component, band: str) -> Iterator[str]:
    """When a band of a component holds, a window each; nothing where there are no bands."""
    for one in component.bands:
        if one.code == band:
            yield " ".join(part for part in (_days(one), _hours(one), _season(one)) if part)


def _days(band: Band) -> str:
    if not band.day_types:
        return "all days"
    places = [place for place, day in enumerate(_WEEK) if day in band.day_types]
    runs = [
        [place for _, place in run] for _, run in groupby(enumerate(places), lambda pair: pair[1] - pair[0])
    ]
    said = [_run(run) for run in runs]
    return ", ".join([*said, *([_NAMES["holiday"]] if "holiday" in band.day_types else [])])


def _run(places: Sequence[int]) -> str:
    first, last = _NAMES[_WEEK[places[0]]], _NAMES[_WEEK[places[-1]]]
    if len(places) == 1:
        return first
    return f"{first} to {last}" if len(places) > 2 else f"{first}, {last}"


def _hours(band: Band) -> str:
    if (band.from_minute, band.to_minute) == (0, 1440):
        return ""
    return f"{_clock(band.from_minute)}-{_clock(band.to_minute)}"


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _season(band: Band) -> str:
    if band.season is None:
        return ""
    (month, day), (last_month, last_day) = band.season
    return f"from {day} {MONTHS[month - 1]} to {last_day} {MONTHS[last_month - 1]}"
