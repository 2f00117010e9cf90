"""The weather of a made-up place, and the sun above it: the same for everybody there, and for ever.

All randomness of the demonstration comes from `draws`: the first numbers of Python's generator, seeded by a
name. Only `random()` is used, whose sequence Python promises to keep from version to version.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import lru_cache
from math import asin, cos, degrees, pi, radians, sin
from random import Random

from submeter.demo.days import HALF_HOUR, LocalDay

_MEAN_TEMPERATURE = 10.6
_SEASON = 6.2
_COLDEST_DAY = 25
_WEIGHTS = (1.0, 0.5, 0.25, 0.125)


def draws(*name: object) -> Callable[[], float]:
    """A source of numbers in [0, 1) that depends on the name alone."""
    return Random("/".join(str(part) for part in name)).random


@lru_cache(maxsize=4096)
def temperature(place: str, day: date) -> float:
    """Degrees Celsius of a day, weighted with the three days before, as the gas profiles want it."""
    days = (date.fromordinal(day.toordinal() - back) for back in range(len(_WEIGHTS)))
    weighted = sum(w * _daily_mean(place, d) for w, d in zip(_WEIGHTS, days, strict=True))
    return weighted / sum(_WEIGHTS)


def usual_temperature(day_of_year: int) -> float:
    """Degrees Celsius that a day of the year has on average."""
    return _MEAN_TEMPERATURE - _SEASON * cos(2 * pi * (day_of_year - _COLDEST_DAY) / 365.25)


@lru_cache(maxsize=4096)
def clearness(place: str, day: date) -> float:
    """How much of the sun gets through the clouds of a day: 0.12 (dull) to 1 (clear)."""
    return float(0.12 + 0.88 * draws(place, "clouds", day)() ** 0.9)


def sun_elevation(latitude: float, longitude: float, at: datetime) -> float:
    """Degrees of the sun above the horizon at an instant, to about one degree.

    Declination by Cooper's formula, 23.44 x sin(360/365 x (284 + n)); solar time is UTC plus four minutes a
    degree of longitude, without the equation of time.
    """
    at = at.astimezone(UTC)
    declination = radians(23.44) * sin(2 * pi * (284 + at.timetuple().tm_yday) / 365)
    hour_angle = radians((at.hour + at.minute / 60 - 12) * 15 + longitude)
    high = radians(latitude)
    return degrees(asin(sin(high) * sin(declination) + cos(high) * cos(declination) * cos(hour_angle)))


@lru_cache(maxsize=1024)
def sun_heights(latitude: float, longitude: float, day: LocalDay) -> tuple[float, ...]:
    """The sine of the sun's elevation in the middle of each half-hour of a day; 0 while it is down."""
    middles = (day.starts_at + (step + 0.5) * HALF_HOUR for step in range(len(day.slots)))
    return tuple(max(0.0, sin(radians(sun_elevation(latitude, longitude, middle)))) for middle in middles)


def _daily_mean(place: str, day: date) -> float:
    draw = draws(place, "temperature", day)
    return usual_temperature(day.timetuple().tm_yday) + 9.0 * (draw() + draw() - 1.0)
