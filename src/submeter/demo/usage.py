"""Half-hours of a home: a published shape, the people's habits, and chance, in whole watt-hours."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

from submeter.demo.company import Home
from submeter.demo.days import LocalDay, first_of_month
from submeter.demo.metering import CT_MULTIPLIER
from submeter.demo.profiles import heat_shape, landlord_shape, power_shape, solar_shape
from submeter.demo.weather import clearness, draws

Draw = Callable[[], float]
Amounts = list[int]

_EMPTY_POWER = 0.12  # a fridge and a router
_EMPTY_HEAT = 0.15  # against frost
_AWAY = 0.35


@dataclass(frozen=True)
class DayOfUse:
    """What one nature of energy came to at a home on a day: watt-hours, one for each half-hour of the day."""

    day: LocalDay
    amounts: Amounts


def list_use(home: Home, nature: str, days: Iterable[LocalDay]) -> Iterator[DayOfUse]:
    """The half-hours of a home; a month is the same whichever year of data it is made for."""
    make = _MAKERS[nature] if home.is_home else _landlord
    for month, month_days in groupby(days, lambda day: first_of_month(day.day)):
        draw = draws(home.key, nature, month)
        for day in month_days:
            yield DayOfUse(day, make(home, day, draw))


def _power(home: Home, day: LocalDay, draw: Draw) -> Amounts:
    level = home.annual_kwh * _level(home, day, _EMPTY_POWER, draw)
    shape = _shifted(_unit_power(day), home.shift)
    # Mostly little, now and then a kettle: the mean of the factor is 1.
    return [int(value * level * (0.3 + 2.1 * draw() ** 2) + 0.5) for value in shape]


def _heat(home: Home, day: LocalDay, draw: Draw) -> Amounts:
    level = home.annual_heat_kwh * _level(home, day, _EMPTY_HEAT, draw)
    shape = _shifted(_unit_heat(home.estate.region, day), home.shift)
    return [int(value * level * (0.6 + 0.8 * draw()) + 0.5) for value in shape]


def _solar(home: Home, day: LocalDay, draw: Draw) -> Amounts:
    level = home.peak_kw * clearness(home.estate.region, day.day)
    shape = _unit_solar(home.estate.latitude, home.estate.longitude, day)
    return [int(value * level * (0.75 + 0.5 * draw()) + 0.5) if value else 0 for value in shape]


def _landlord(home: Home, day: LocalDay, draw: Draw) -> Amounts:
    shape = landlord_shape(home.estate.latitude, home.estate.longitude, day, home.annual_kwh / CT_MULTIPLIER)
    # The dial moves by 1 Wh for each 20 that pass the current transformer.
    return [CT_MULTIPLIER * int(value * (0.8 + 0.4 * draw()) + 0.5) for value in shape]


def _level(home: Home, day: LocalDay, empty: float, draw: Draw) -> float:
    """How much of an ordinary day this one is."""
    usual = 0.72 + 0.56 * draw()
    if not home.is_occupied(day.day):
        return empty
    start, end = home.away
    return _AWAY if start <= day.day.timetuple().tm_yday < end else usual


def _shifted(shape: tuple[float, ...], by: int) -> tuple[float, ...]:
    return shape[-by:] + shape[:-by]


@lru_cache(maxsize=1024)
def _unit_power(day: LocalDay) -> tuple[float, ...]:
    return power_shape(day, 1)


@lru_cache(maxsize=1024)
def _unit_heat(place: str, day: LocalDay) -> tuple[float, ...]:
    return heat_shape(place, day, 1)


@lru_cache(maxsize=1024)
def _unit_solar(latitude: float, longitude: float, day: LocalDay) -> tuple[float, ...]:
    return solar_shape(latitude, longitude, day, 1)


_MAKERS: dict[str, Callable[[Home, LocalDay, Draw], Amounts]] = {
    "power": _power,
    "heat": _heat,
    "solar": _solar,
}
