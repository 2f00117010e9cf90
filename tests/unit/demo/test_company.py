"""The made-up companies: people, homes, what happens in the year, and their half-hours and readings."""

import re
from datetime import UTC, date, datetime

import pytest

from submeter.demo.company import ESTATES, TANNERY, TIME_ZONE, WILLOW_LANE, Home, list_homes
from submeter.demo.days import first_of_month, list_days
from submeter.demo.metering import CT_MULTIPLIER, list_meters, list_natures
from submeter.demo.parties import list_statuses, make_year
from submeter.demo.readings import DayOfRegister, list_days_of, list_readings
from submeter.demo.tariffs import benchmark_rates, list_quarters
from submeter.demo.usage import list_use

FIRST, END = date(2025, 11, 1), date(2026, 11, 1)
DAYS = list_days(FIRST, END, TIME_ZONE)
HOMES = {home.plot: home for home in list_homes(WILLOW_LANE, FIRST)}


def total_wh(home: Home, nature: str) -> int:
    return sum(sum(day.amounts) for day in list_use(home, nature, DAYS))


def test_thirty_three_homes_with_people_of_their_own() -> None:
    assert len(HOMES) == 34
    everybody = [person for e in ESTATES for person, _ in list_statuses(make_year(e, FIRST, END, None))]
    names = {person.name: person.id for person in everybody}
    assert len(names) == len(set(names.values())) == len({person.id for person in everybody})
    assert len({person.email for person in everybody if person.email}) > 40
    assert {person.email for person in everybody if person.kind == "person"} >= {None}
    for person in everybody:
        assert person.email is None or person.email.endswith(("@example.org", "@example.com"))
        assert person.phone is None or re.fullmatch(r"07700 900\d{3}", person.phone)


def test_statuses_of_several_kinds() -> None:
    statuses = [status for _, status in list_statuses(make_year(WILLOW_LANE, FIRST, END, None))]
    assert {"active", "live", "archived", "prelive", "onboarding", "exiting", "pending"} <= set(statuses)
    assert statuses.count("active") > 5


def test_fewer_homes_keep_the_stories() -> None:
    few = list_homes(WILLOW_LANE, FIRST, 5)
    assert len(few) == 6
    assert {home.plot for home in few} > {move.plot for move in WILLOW_LANE.moves}
    assert few[1:] == tuple(HOMES[home.plot] for home in few[1:])


@pytest.mark.parametrize(
    "today", [date(2026, 3, 1), date(2025, 12, 31), date(2024, 2, 29), date(2026, 11, 21)]
)
def test_tenancies_of_a_home_never_overlap(today: date) -> None:
    end = first_of_month(today)
    first = first_of_month(end, -12)
    for estate in ESTATES:
        for home in list_homes(estate, first):
            *earlier, last = home.tenancies
            assert last.to_date is None or last.to_date > today
            for tenancy in earlier:
                assert tenancy.from_date == first
                assert tenancy.to_date is not None
                assert tenancy.to_date <= last.from_date < end


def test_one_home_stood_empty_for_three_weeks() -> None:
    empty = [sum(not home.is_occupied(day.day) for day in DAYS) for home in HOMES.values()]
    assert sorted(empty)[-2:] == [0, 21]


def test_an_empty_home_uses_little() -> None:
    home = HOMES[14]
    use = {day.day.day: sum(day.amounts) for day in list_use(home, "power", DAYS)}
    empty = [wh for day, wh in use.items() if not home.is_occupied(day)]
    assert 0 < max(empty) < 0.3 * sum(use.values()) / len(use)


@pytest.mark.parametrize("plot", [1, 7, 20, 33])
def test_energy_of_a_home_is_of_the_usual_size(plot: int) -> None:
    home = HOMES[plot]
    assert 1_500_000 < total_wh(home, "power") < 5_000_000
    assert 900_000 < total_wh(home, "heat") < 3_500_000
    assert 650 < total_wh(home, "solar") / 1000 / home.peak_kw < 1050


def test_panels_stand_still_at_night() -> None:
    nights = [day.amounts[:8] for day in list_use(HOMES[1], "solar", DAYS)]
    assert {amount for night in nights for amount in night} == {0}


def test_what_a_month_holds_does_not_depend_on_when_it_is_made() -> None:
    later = list_days(date(2026, 3, 1), date(2027, 3, 1), TIME_ZONE)
    home_then = {home.plot: home for home in list_homes(WILLOW_LANE, date(2026, 3, 1))}[1]
    june = [day for day in list_use(HOMES[1], "power", DAYS) if day.day.day.month == 6]
    assert june == [day for day in list_use(home_then, "power", later) if day.day.day.month == 6]


def test_neighbours_do_not_live_alike() -> None:
    one, other = (next(iter(list_use(HOMES[plot], "power", DAYS))).amounts for plot in (1, 2))
    assert one != other


def test_the_landlords_meter_counts_through_a_transformer() -> None:
    assert list_natures(HOMES[0]) == ("power",)
    (meter,) = list_meters(HOMES[0], FIRST)
    assert meter.registers[0].multiplier == CT_MULTIPLIER
    amounts = {amount % CT_MULTIPLIER for day in list_use(HOMES[0], "power", DAYS) for amount in day.amounts}
    assert amounts == {0}


def test_an_exchange_parts_the_half_hours_of_its_day() -> None:
    home = HOMES[7]
    old, new = (meter for meter in list_meters(home, FIRST) if meter.is_prepay)
    use = tuple(list_use(home, "power", DAYS))
    before, after = tuple(list_days_of(old, use)), tuple(list_days_of(new, use))
    last, first = before[-1], after[0]
    assert (last.day, last.end, first.begin) == (first.day, 21, 21)  # 10:30
    assert list(last.amounts[21:]) == [None] * 27
    assert list(first.amounts[:21]) == [None] * 21
    assert sum(day.total for day in (*before, *after)) == sum(sum(day.amounts) for day in use)


def advances(readings: list[int], days: tuple[DayOfRegister, ...]) -> bool:
    return readings[-1] - readings[0] == sum(day.total for day in days)


@pytest.mark.parametrize("plot", [7, 9, 14])
def test_dials_go_up_with_the_half_hours(plot: int) -> None:
    for meter in list_meters(HOMES[plot], FIRST):
        for register in meter.registers:
            days = tuple(list_days_of(meter, list_use(HOMES[plot], register.nature, DAYS)))
            dials = [r.dial_wh for r in list_readings(meter, register, days, FIRST, END)]
            assert dials == sorted(dials)
            assert advances(dials, days)


def test_where_tenancies_meet_one_reading_serves_both() -> None:
    (meter, _) = list_meters(HOMES[9], FIRST)
    days = tuple(list_days_of(meter, list_use(HOMES[9], "power", DAYS)))
    readings = list_readings(meter, meter.registers[0], days, FIRST, END)
    moves = [(r.read_at, r.kind) for r in readings if r.kind != "periodic"]
    assert moves == [
        (datetime(2025, 11, 1, tzinfo=UTC), "opening"),
        (datetime(2026, 10, 11, 23, tzinfo=UTC), "opening"),
    ]


def test_the_quarters_that_need_rates() -> None:
    quarters = list_quarters(FIRST, date(2026, 12, 31))
    assert (quarters[0], quarters[-1], len(quarters)) == (date(2025, 10, 1), date(2027, 1, 1), 6)
    assert list_quarters(FIRST, date(2027, 1, 1))[-1] == date(2027, 4, 1)


def test_published_benchmarks_are_the_published_ones() -> None:
    rates = benchmark_rates("south_west", date(2024, 10, 1))
    assert (str(rates.unit_rate), str(rates.standing_charge)) == ("0.2337", "0.6812")
    made_up = benchmark_rates(TANNERY.region, date(2024, 10, 1))
    assert made_up == benchmark_rates(TANNERY.region, date(2024, 10, 1)) != rates
