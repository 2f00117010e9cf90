"""Registers are found by the names that people have for them, and drawn; each sees their own."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from integration.metering.town import DAY, Town, day_row, days_from, make_town
from submeter.charts.drawing import draw
from submeter.charts.model import Chart, LoadProfile, YearMap
from submeter.core.caller import Caller
from submeter.core.problem import Refused
from submeter.db.database import Database
from submeter.metering.plots import Kind
from submeter.metering.showing import find_registers, list_registers, make_chart

HOMES = ("6001000001", "6001000002")


@pytest.fixture(scope="module")
def town(module_database: Database) -> Town:
    """The first home has ten days with a gap, and a second register without any; the second home has none."""
    town = make_town(module_database, HOMES)
    rows = days_from(HOMES[0], 10)
    town.load([*rows[:4], *rows[5:]])
    meter = town.value("select id::text from submeter.meters where serial = %s", f"M{HOMES[0]}")
    town.add("registers", meter_id=meter, name="B1", direction="export")
    return town


def labels(found: Any) -> list[str]:
    return [register.label for register in found]


def code_of(call: Any) -> tuple[str, str]:
    with pytest.raises(Refused) as refused:
        call()
    return refused.value.problem.code, str(refused.value.problem.detail) + refused.value.problem.hint


def test_a_list_says_what_there_is_of_each(town: Town) -> None:
    found = list_registers(town.database, town.operator)
    assert labels(found) == ["M6001000001/B1", "M6001000001/E1", "M6001000002/E1"]
    one = found[1]
    assert (one.scheme, one.identifier, one.site_name, one.property_name) == (
        "NMI",
        HOMES[0],
        "Estate",
        HOMES[0],
    )
    assert (one.clock, one.first_day, one.last_day) == ("Australia/Melbourne", DAY, DAY + timedelta(9))
    assert found[0].first_day is None
    assert list_registers(town.database, town.operator, "Estate") == found
    assert list_registers(town.database, town.operator, town.site_id) == found


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("M6001000001", ["M6001000001/B1", "M6001000001/E1"]),
        ("m6001000001/e1", ["M6001000001/E1"]),
        ("6001000002", ["M6001000002/E1"]),
        ("6001000001/B1", ["M6001000001/B1"]),
    ],
)
def test_names(town: Town, name: str, found: list[str]) -> None:
    assert labels(find_registers(town.database, town.operator, name)) == found


def test_ids_are_names_too(town: Town) -> None:
    (one,) = find_registers(town.database, town.operator, town.registers[HOMES[1]])
    assert labels(find_registers(town.database, town.operator, str(one.meter_id))) == [one.label]


def test_a_wrong_name_is_told_with_the_nearest(town: Town) -> None:
    code, said = code_of(lambda: find_registers(town.database, town.operator, "M6001000009"))
    assert code == "MTR450"
    assert "M6001000001" in said
    assert code_of(lambda: list_registers(town.database, town.operator, "Estat")) == ("MTR450", "'Estat'Did you mean Estate? `submeter meter list` shows registers, meters and sites.")  # fmt: skip


def test_others_see_nothing(town: Town) -> None:
    stranger = Caller("operator", "00000000-0000-0000-0000-000000000001")
    assert list_registers(town.database, stranger) == ()
    code, said = code_of(lambda: find_registers(town.database, stranger, HOMES[0]))
    assert code == "MTR450"
    assert "mean" not in said, "not even a name"
    chart = lambda: make_chart(town.database, stranger, f"{HOMES[0]}/E1", Kind.day, None, None)  # noqa: E731
    assert code_of(chart)[0] == "MTR450"


def chart(town: Town, name: str, kind: Kind, *days: date | None) -> Chart:
    first, end = (*days, None, None)[:2]
    return make_chart(town.database, town.operator, name, kind, first, end)


def test_a_day_is_that_of_the_site(town: Town) -> None:
    """Melbourne's summer day begins an hour before that of market time: of two days of rows."""
    shown = chart(town, f"{HOMES[0]}/E1", Kind.day, DAY + timedelta(1))
    assert isinstance(shown, LoadProfile)
    (day,) = shown.days
    assert day.amounts == (Decimal("0.001"),) * 2 + (Decimal("0.002"),) * 46
    assert shown.heading.title == "M6001000001/E1: Friday 6 March 2026"
    assert shown.heading.subtitle == "6001000001, Estate, power import, days of Australia/Melbourne"


def test_the_last_days_are_shown_unless_others_are_asked_for(town: Town) -> None:
    shown = chart(town, f"{HOMES[0]}/E1", Kind.week)
    assert isinstance(shown, LoadProfile)
    assert [day.day for day in shown.days] == [DAY + timedelta(n) for n in range(3, 10)]
    # A day lacks in the middle: two half-hours of it fall into the day of Melbourne after it.
    assert [day.amounts.count(None) for day in shown.days] == [0, 46, 2, 0, 0, 0, 0]


@pytest.mark.parametrize("kind", list(Kind))
def test_each_kind_can_be_drawn(town: Town, kind: Kind) -> None:
    assert draw(chart(town, f"{HOMES[0]}/E1", kind)).startswith("<svg ")


def test_a_year_shows_what_there_is(town: Town) -> None:
    shown = chart(town, f"{HOMES[0]}/E1", Kind.year)
    assert isinstance(shown, YearMap)
    assert len(shown.days) == 365
    amounts = [amount for day in shown.days for amount in day.amounts if amount is not None]
    assert sum(amounts, Decimal(0)) == Decimal(48 * sum(n for n in range(1, 11) if n != 5)).scaleb(
        -3
    ) - Decimal("0.020")


def test_short_intervals_are_drawn_as_half_hours(town: Town) -> None:
    town.load([day_row(HOMES[1], list(range(288)), date(2026, 6, 1), minutes=5)], name="five.csv")
    shown = chart(town, HOMES[1], Kind.day)
    assert isinstance(shown, LoadProfile)
    assert shown.days[0].amounts[0] == Decimal(15).scaleb(-3)


def test_what_cannot_be_drawn_is_told(town: Town) -> None:
    assert code_of(lambda: chart(town, HOMES[0], Kind.day)) == (
        "MTR451",
        "'6001000001': M6001000001/B1, M6001000001/E1Name one of them.",
    )
    assert code_of(lambda: chart(town, f"{HOMES[0]}/B1", Kind.day))[0] == "MTR452"
    assert code_of(lambda: chart(town, f"{HOMES[0]}/E1", Kind.day, date(2024, 5, 1)))[0] == "MTR452"
    assert code_of(lambda: chart(town, f"{HOMES[0]}/E1", Kind.day, DAY, DAY))[0] == "MTR455"
