"""Charts in a terminal."""

from datetime import date
from decimal import Decimal

import pytest

from submeter.charts.in_text import sparkline, to_text
from submeter.charts.model import Chart, LoadProfile, YearMap
from unit.charts.samples import AUTUMN, HEADING, PLAIN, SPRING, make_day, make_days, one_of_each, with_gap

CHARTS = list(one_of_each().items())


@pytest.mark.parametrize(("name", "chart"), CHARTS, ids=[name for name, _ in CHARTS])
def test_each_kind_has_its_heading_and_fits_a_terminal(name: str, chart: Chart) -> None:
    lines = to_text(chart).splitlines()
    assert lines[:3] == [*HEADING, ""]
    assert max(map(len, lines)) <= 90
    assert any("·" in line for line in lines), "what is missing is shown"


def test_names_do_not_steer_the_terminal() -> None:
    chart = one_of_each()["day"]
    said = to_text(chart._replace(heading=HEADING._replace(title="\x1b[31mred\x07")))
    assert said.startswith("\ufffd[31mred\ufffd\n")


def test_little_is_not_nothing_and_missing_is_not_zero() -> None:
    assert sparkline([Decimal(0), Decimal("0.001"), None, Decimal(4), Decimal(8)], Decimal(8)) == " ▁·▄█"


@pytest.mark.parametrize(("day", "count"), [(PLAIN, 48), (SPRING, 46), (AUTUMN, 50)])
def test_a_day_has_a_column_for_each_half_hour(day: date, count: int) -> None:
    lines = to_text(LoadProfile(HEADING, "kWh", (make_day(day, lambda *_: Decimal(1)),))).splitlines()
    assert [line.count("█") for line in lines if "█" in line] == [count] * 6
    assert (day is PLAIN) != any("clock goes" in line for line in lines)


def test_the_sum_is_exact() -> None:
    day = make_day(PLAIN, lambda _, place: None if place == 3 else Decimal("0.123456789"))
    assert "5.802469083 kWh, 1 missing" in to_text(LoadProfile(HEADING, "kWh", (day,)))


def test_a_year_has_a_column_for_each_week() -> None:
    days = make_days(date(2026, 1, 5), 21, lambda day, place: Decimal(day.day > 18) if place else None)
    rows = [line.split("│")[1] for line in to_text(YearMap(HEADING, "kWh", days)).splitlines() if "│" in line]
    assert len(rows) == 12
    assert set(rows) == {"  █"}


def test_gaps_are_seen_in_a_calendar() -> None:
    assert "▒" in to_text(one_of_each(with_gap)["missing"])
