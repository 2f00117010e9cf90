"""Published load profiles of households, and the shapes of a day that follow from them.

`data/README.md` names their source and licence. A shape is a tuple of watt-hours, one for each half-hour of a
local day (46, 48 or 50), before anybody's habits and chance are put on it.
"""

import csv
from bisect import bisect_left
from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from importlib.resources import files

from submeter.demo.days import LocalDay
from submeter.demo.weather import sun_heights, temperature, usual_temperature

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_HOLIDAYS = frozenset({(1, 1), (12, 25), (12, 26)})
_TEMPERATURES = (-15, -10, -5, 0, 5, 10, 15, 20, 25)
_PROFILE_KWH = 1_000_000
_SOLAR_YIELD = 0.86
"""kW for each kWp under a clear sky with the sun overhead: what dirt, heat and the inverter leave."""


def power_shape(day: LocalDay, annual_kwh: float) -> tuple[float, ...]:
    """Watt-hours by the BDEW profile H25."""
    column = _household()[_MONTHS[day.day.month - 1], _day_type(day.day)]
    factor = annual_kwh * 1000 / _PROFILE_KWH * _by_day_of_year(day.day.timetuple().tm_yday)
    return tuple(column[slot] * factor for slot in day.slots)


def heat_shape(place: str, day: LocalDay, annual_kwh: float) -> tuple[float, ...]:
    """Watt-hours by the BDEW gas profile EFH, building class 11, at the place's temperature of the day."""
    degrees = temperature(place, day.day)
    hours = heat_hours()[bisect_left(_TEMPERATURES, degrees)]
    daily_wh = annual_kwh * 1000 * _heat_of_day(degrees) / _heat_of_usual_year()
    return tuple(hours[slot // 2] / 2 * daily_wh for slot in day.slots)


def solar_shape(latitude: float, longitude: float, day: LocalDay, peak_kw: float) -> tuple[float, ...]:
    """Watt-hours that panels make under a clear sky, by the sun's height: nothing at night."""
    heights = sun_heights(latitude, longitude, day)
    return tuple(peak_kw * 500 * _SOLAR_YIELD * height**1.15 for height in heights)


def landlord_shape(latitude: float, longitude: float, day: LocalDay, annual_kwh: float) -> tuple[float, ...]:
    """Watt-hours of a landlord's supply: pumps and controls all day, lights while the sun is down."""
    heights = sun_heights(latitude, longitude, day)
    flat = annual_kwh * 1000 / (365.25 * 48)
    return tuple(flat * (0.6 if height > 0 else 1.4) for height in heights)


def _day_type(day: date) -> str:
    if day.weekday() == 6 or (day.month, day.day) in _HOLIDAYS:
        return "sunday"
    return "saturday" if day.weekday() == 5 else "weekday"


def _by_day_of_year(n: int) -> float:
    """H25's own function of the day of the year (BDEW, 2025)."""
    return -3.92e-10 * n**4 + 3.2e-7 * n**3 - 7.02e-5 * n**2 + 0.0021 * n + 1.24


def _heat_of_day(degrees: float) -> float:
    """The sigmoid of the gas profile: heat of a day, where 1 is a day of 8 degrees."""
    return float(3.0469695 / (1 + (-37.1833141 / (degrees - 40)) ** 5.6727847) + 0.1163157)


@lru_cache(maxsize=1)
def _heat_of_usual_year() -> float:
    return sum(_heat_of_day(usual_temperature(day)) for day in range(1, 366))


@lru_cache(maxsize=1)
def _household() -> dict[tuple[str, str], tuple[float, ...]]:
    header, *rows = _read("h25_half_hours.csv")
    columns = {name: [float(row[place]) for row in rows] for place, name in enumerate(header) if place}
    return {_month_and_type(name): tuple(values) for name, values in columns.items()}


def _month_and_type(name: str) -> tuple[str, str]:
    month, _, day_type = name.partition("_")
    return month, day_type


@lru_cache(maxsize=1)
def heat_hours() -> tuple[tuple[float, ...], ...]:
    """By temperature (up to -15 degrees, -10, ..., 25, above) the parts of the day's 24 hours."""
    _, *rows = _read("gas_efh_hours.csv")
    by_hour = [[float(value) for value in row[1:]] for row in rows]
    return tuple(zip(*by_hour, strict=True))


def _read(name: str) -> list[Sequence[str]]:
    text = (files("submeter.demo") / "data" / name).read_text("utf-8")
    return list(csv.reader(text.splitlines()))
