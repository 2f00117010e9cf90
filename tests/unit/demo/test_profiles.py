"""The published profiles, the weather and the sun."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from submeter.demo.days import LocalDay, list_days
from submeter.demo.profiles import heat_hours, heat_shape, landlord_shape, power_shape, solar_shape
from submeter.demo.weather import clearness, draws, sun_elevation, temperature

LONDON = ZoneInfo("Europe/London")
YEAR = list_days(date(2026, 1, 1), date(2027, 1, 1), LONDON)


def on(month: int, day: int) -> LocalDay:
    return next(local for local in YEAR if local.day == date(2026, month, day))


def test_the_household_profile_is_that_of_the_source() -> None:
    # h25.csv of demandlib 0.2.2, a weekday in January, 00:00 to 00:15 and to 00:30: 20.126 and 18.915 kWh, of 1,000,000 a year.
    factor = -3.92e-10 * 2**4 + 3.2e-7 * 2**3 - 7.02e-5 * 2**2 + 0.0021 * 2 + 1.24
    first = power_shape(on(1, 2), 1_000_000)[0]
    assert first == pytest.approx((20.126 + 18.915) * 1000 * factor)


@pytest.mark.parametrize("annual_kwh", [1500, 5000])
def test_a_year_of_the_household_profile_is_the_annual_energy(annual_kwh: float) -> None:
    total = sum(sum(power_shape(day, annual_kwh)) for day in YEAR)
    assert total / 1000 == pytest.approx(annual_kwh, rel=0.02)


def test_the_evening_of_a_winter_weekday_is_its_peak() -> None:
    shape = power_shape(on(1, 14), 3000)
    assert 17 <= shape.index(max(shape)) / 2 <= 20
    assert min(shape) in shape[: 2 * 6]


def test_christmas_is_a_sunday() -> None:
    christmas, sunday = power_shape(on(12, 25), 3000), power_shape(on(12, 20), 3000)
    friday = power_shape(on(12, 18), 3000)
    assert christmas[20] / sunday[20] == pytest.approx(christmas[36] / sunday[36])
    assert friday[20] / sunday[20] != pytest.approx(friday[36] / sunday[36])


def test_clock_changes_leave_out_or_repeat_the_hour_after_one() -> None:
    spring, autumn = power_shape(on(3, 29), 3000), power_shape(on(10, 25), 3000)
    assert (len(spring), len(autumn)) == (46, 50)
    assert autumn[2:4] == autumn[4:6]


def test_winter_takes_more_heat_than_summer() -> None:
    months = dict.fromkeys(range(1, 13), 0.0)
    for day in YEAR:
        shape = heat_shape("south_west", day, 2000)
        assert shape[0] == shape[1]  # the source has hours
        months[day.day.month] += sum(shape)
    assert months[1] > 3 * months[7] > 0


def test_the_hours_of_a_day_of_heat_add_up_to_the_day() -> None:
    columns = heat_hours()
    assert [len(column) for column in columns] == [24] * 10
    assert [sum(column) for column in columns] == pytest.approx([1.0] * 10, abs=0.0005)


def test_a_year_of_heat_is_about_the_annual_energy() -> None:
    total = sum(sum(heat_shape("south_west", day, 2000)) for day in YEAR)
    assert total / 1000 == pytest.approx(2000, rel=0.15)


def test_panels_make_nothing_at_night_and_most_around_noon() -> None:
    june, december = (solar_shape(51.4, -2.5, on(month, 21), 4) for month in (6, 12))
    assert set(june[:8]) == {0.0}
    assert set(december[:15] + december[34:]) == {0.0}
    assert 12 <= june.index(max(june)) / 2 <= 14  # summer time: an hour later
    assert 700 < sum(sum(solar_shape(51.4, -2.5, day, 1)) for day in YEAR) / 1000 < 2000


def test_the_lights_of_the_landlord_burn_at_night() -> None:
    shape = landlord_shape(51.4, -2.5, on(12, 21), 4000)
    assert shape[4] > shape[24]


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (datetime(2026, 6, 21, 12, 10, tzinfo=UTC), 90 - 51.4 + 23.4),
        (datetime(2026, 12, 21, 12, 10, tzinfo=UTC), 90 - 51.4 - 23.4),
        (datetime(2026, 3, 21, 6, 10, tzinfo=UTC), 0),
    ],
)
def test_the_height_of_the_sun(at: datetime, expected: float) -> None:
    assert sun_elevation(51.4, -2.5, at) == pytest.approx(expected, abs=1)


def test_weather_is_made_up_once_and_for_all() -> None:
    assert draws("a", 1)() == draws("a", 1)() != draws("a", 2)()
    assert draws("south_west", "clouds", date(2026, 6, 1))() == 0.7649173848143159
    winter = [temperature("south_west", date(2026, 1, day)) for day in range(1, 32)]
    assert -6 < min(winter) < max(winter) < 14
    assert all(0.12 <= clearness("yorkshire", day.day) <= 1 for day in YEAR)
