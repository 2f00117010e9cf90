"""A meters file goes in: new meters, further registers, removals, and each line that cannot be done."""

import json
from io import BytesIO
from typing import Any

import pytest

from integration.metering.town import NOW, Town, day_row, make_town
from submeter.core.problem import Refused
from submeter.db.database import Database
from submeter.metering.actions import Options, Source, import_file

HOME, OTHER = "6001000001", "6001000002"
HEAD = (
    "site_identifier,meter_code,mtr_srial,install_date,location_of_meter,meter_hazards,meter_manufacturer,meter_model,"
    "meter_type_code,multiplier,dial_format,meter_register,meter_status_code,controlled_load,meter_timing,"
    "direction_indicator,attributes,removed_date"
)


@pytest.fixture
def town(database: Database) -> Town:
    """Two homes with identifiers, and no meter."""
    town = make_town(database, ())
    for name in (HOME, OTHER):
        home = town.add("properties", site_id=town.site_id, name=name)
        point = town.add("supply_points", property_id=home, product="power")
        town.add("supply_point_identifiers", supply_point_id=point, scheme="NMI", identifier=name)
    return town


def line(code: str, register: str = "1", **told: Any) -> str:
    cells = {
        "site": HOME, "serial": "", "install": "2026-01-05", "type": "ALLDAY", "multiplier": "", "dials": "5",
        "status": "ACTIVE", "direction": "E", "removed": "", "hazards": "", **told,
    }  # fmt: skip
    return ",".join((
        cells["site"], code, cells["serial"], cells["install"], "Cellar", cells["hazards"], "Acme", "A1", cells["type"],
        cells["multiplier"], cells["dials"], register, cells["status"], "CL1", "24H", cells["direction"], "grey box", cells["removed"],
    ))  # fmt: skip


def load(town: Town, *lines: str, **options: Any) -> Any:
    content = "\n".join((HEAD, *lines)) + "\n"
    source = Source("meters.csv", lambda: BytesIO(content.encode()), NOW)
    return import_file(town.database, town.operator, source, Options(**options), NOW)


def meters(town: Town) -> list[tuple[Any, ...]]:
    return town.rows(
        "select m.serial, g.name, g.type, g.direction, g.unit, g.digits, m.status,"
        " (i.installed_at at time zone 'Australia/Melbourne')::text, (i.removed_at at time zone 'Australia/Melbourne')::text"
        " from submeter.meters m join submeter.registers g on g.meter_id = m.id"
        " join submeter.meter_installations i on i.meter_id = m.id order by i.installed_at, m.serial, g.name"
    )


def codes(report: Any) -> dict[str, int]:
    return dict(report.codes)


def test_new_meters_with_all_that_the_file_says(town: Town) -> None:
    report = load(
        town,
        line("M101", multiplier="40", hazards="dog"),
        line("M101", "2", type="OFFPEAK", direction="I"),
        line("E1", serial="SN7", type="IMPORT1_01", dials=""),
        line("B1", serial="SN7", type="IMPORT1_01", dials="", direction="I"),
        line("W109", type="COLD", site=OTHER),
    )
    assert (codes(report), report.counts["meters"], report.status, report.format) == (
        {},
        5,
        "loaded",
        "meters",
    )
    begins = "2026-01-05 00:00:00"
    assert meters(town) == [
        ("M101", "1", "ALLDAY", "import", "kWh", 5, "installed", begins, None),
        ("M101", "2", "OFFPEAK", "export", "kWh", 5, "installed", begins, None),
        ("SN7", "B1", "IMPORT1_01", "export", "kWh", None, "installed", begins, None),
        ("SN7", "E1", "IMPORT1_01", "import", "kWh", None, "installed", begins, None),
        ("W109", "1", "COLD", "import", "m3", 5, "installed", begins, None),
    ]
    (meter,) = town.rows(
        "select location, hazards, manufacturer, hardware, attributes from submeter.meters where serial = 'M101'"
    )
    assert meter == ("Cellar", "dog", "Acme", "A1", {"attributes": "grey box"})
    assert town.rows("select distinct controlled_load, timing from submeter.registers") == [("CL1", "24H")]
    assert town.rows("select multiplier, from_date::text from submeter.register_multipliers") == [
        (40, "2026-01-05")
    ]
    assert town.rows("select direction_indicator, nature from public.registers where unit = 'm3'") == [
        ("E", "water")
    ]


def test_again_it_adds_nothing_and_another_description_is_told(town: Town) -> None:
    rows = (line("M101"), line("E1", serial="SN7", type="IMPORT1_01", dials=""))
    load(town, *rows)
    again = load(town, *rows, line("M101", dials="6"))
    assert (again.counts["meters_repeated"], again.counts["meters"], codes(again)) == (2, 0, {"NET123": 1})
    assert again.findings[0].line == 4
    assert "5 digits" in again.findings[0].problem.detail
    assert len(meters(town)) == 2


def test_readings_of_a_file_find_the_registers_by_code(town: Town) -> None:
    """A data stream is E1 to an interval file, and E1 with register 1 to a file of readings."""
    load(
        town,
        line("E1", serial="SN7", type="IMPORT1_01", dials=""),
        line("B1", serial="SN7", type="IMPORT1_01", dials="", direction="I"),
        line("M101"),
    )
    asked = [
        ["any", HOME, "1", "E1", "", "import"],
        ["nmi", HOME, "B1", "", "kWh", "import"],
        ["any", HOME + "4", "1", "M101", "", "import"],
        ["nmi", HOME, "E1", "SN7", "kWh", "import"],
        ["nmi", HOME + "9", "E1", "", "kWh", "import"],  # a wrong check digit
    ]
    rows = town.rows(
        "select r.number, m.serial, g.name from submeter.resolve_streams(%s, %s::jsonb) r"
        " join submeter.registers g on g.id = r.register_id join submeter.meters m on m.id = g.meter_id order by 1",
        town.esco_id,
        json.dumps(asked),
    )
    assert rows == [(0, "SN7", "E1"), (1, "SN7", "B1"), (2, "M101", "1"), (3, "SN7", "E1")]


def test_a_meter_is_taken_away_when_its_last_register_is_closed(town: Town) -> None:
    load(town, line("M101"), line("M101", "2", type="OFFPEAK"))
    gone = {"status": "INACTIVE", "removed": "2026-03-31"}
    first = load(town, line("M101", **gone))
    assert (first.counts["meters_closed"], {row[6] for row in meters(town)}) == (1, {"installed"})
    second = load(town, line("M101", "2", type="OFFPEAK", **gone))
    assert (second.counts["meters_closed"], codes(second)) == (1, {})
    assert {row[6:] for row in meters(town)} == {("removed", "2026-01-05 00:00:00", "2026-04-01 00:00:00")}
    assert town.rows("select distinct status from submeter.registers") == [("closed",)]
    again = load(town, line("M101", **gone), line("M101", "2", type="OFFPEAK", **gone))
    assert (again.counts["meters_repeated"], codes(again)) == (2, {})


@pytest.mark.parametrize("order", [1, -1])
def test_an_exchange_in_one_file_the_day_is_the_newcomers(town: Town, order: int) -> None:
    load(town, line("M101"))
    rows = [line("M101", status="INACTIVE", removed="2026-03-31"), line("M102", install="2026-03-31")]
    for row in rows[::order]:
        assert codes(load(town, row)) == {}
    assert [row[0::7] for row in meters(town)] == [
        ("M101", "2026-01-05 00:00:00"),
        ("M102", "2026-03-31 00:00:00"),
    ]
    assert meters(town)[0][8] == "2026-03-31 00:00:00"
    # The final reading is of that day, and stands at its end.
    register = town.value(
        "select g.id::text from submeter.registers g join submeter.meters m on m.id = g.meter_id where m.serial = 'M101'"
    )
    town.add("readings", register_id=register, read_at="2026-04-01 00:00+11", reading=100, kind="closing")


def test_a_data_stream_is_exchanged_under_the_same_code(town: Town) -> None:
    load(town, line("E1", serial="SN7", type="IMPORT1_01", dials=""))
    new = line("E1", serial="SN8", type="IMPORT1_01", dials="", install="2026-03-31")
    assert codes(load(town, new)) == {"NET123": 1}
    old = line("E1", serial="SN7", type="IMPORT1_01", dials="", status="INACTIVE", removed="2026-03-31")
    report = load(town, new, old)
    assert (codes(report), report.counts["meters_closed"], report.counts["meters"]) == ({}, 1, 1)
    assert [row[0] for row in meters(town)] == ["SN7", "SN8"]


def test_a_meter_moves_on_and_its_register_with_it(town: Town) -> None:
    load(town, line("M101"), line("M101", status="INACTIVE", removed="2026-03-31", site=OTHER))
    assert codes(load(town, line("M101", site=OTHER, install="2026-05-01"))) == {"NET125": 1}
    load(town, line("M101", status="INACTIVE", removed="2026-03-31"))
    assert codes(load(town, line("M101", site=OTHER, install="2026-03-01"))) == {"NET125": 1}
    assert codes(load(town, line("M101", site=OTHER, install="2026-05-01"))) == {}
    assert [(row[6], row[7]) for row in meters(town)] == [
        ("installed", "2026-01-05 00:00:00"), ("installed", "2026-05-01 00:00:00")
    ]  # fmt: skip
    assert town.rows("select status, closed_at from submeter.registers") == [("active", None)]


@pytest.mark.parametrize(
    ("row", "code", "hint"),
    [
        (line("M101", site="6001999999"), "NET120", "Add the supply point"),
        (line("M101", site="60010000019"), "NET103", "The check is 4, not 9"),
        (line("M101", site="60019999999"), "NET120", "As NMI: The check is "),
        (line("M101", type="ALLDAYS"), "NET104", "Perhaps ALLDAY"),
        (line("E1"), "NET122", "Give mtr_srial"),
        (line("M107", status="INACTIVE", removed="2026-02-01"), "NET124", "meter_code"),
        (line("M100", status="INACTIVE", removed="2025-12-31"), "NET126", "removed_date"),
        (line("SN0", "9", type="PEAK", install="2025-02-01"), "NET125", "Deactivate"),
    ],
)
def test_what_cannot_be_done_is_told_and_the_rest_is_done(town: Town, row: str, code: str, hint: str) -> None:
    load(town, line("M100"))
    load(town, line("SN0", site=OTHER))
    report = load(town, row, line("M105"))
    assert (codes(report), report.counts["meters"]) == ({code: 1}, 1)
    assert report.findings[0].line == 2
    assert hint in report.findings[0].problem.hint


def test_two_supply_points_of_one_identifier(town: Town) -> None:
    point = town.value(
        "select supply_point_id::text from submeter.supply_point_identifiers where identifier = %s", OTHER
    )
    town.add("supply_point_identifiers", supply_point_id=point, scheme="own", identifier=HOME)
    assert codes(load(town, line("M101"))) == {"NET121": 1}


def test_no_reading_may_lie_after_the_removal(town: Town) -> None:
    load(town, line("M101"))
    register = town.value("select id::text from submeter.registers")
    town.add("readings", register_id=register, read_at="2026-05-01 00:00Z", reading=100)
    report = load(town, line("M101", status="INACTIVE", removed="2026-03-31"))
    assert codes(report) == {"NET108": 1}
    assert meters(town)[0][6] == "installed"


def test_a_file_with_an_unknown_home_may_come_again(town: Town) -> None:
    rows = (line("M101"), line("M102", site="6001000003"))
    assert codes(load(town, *rows)) == {"NET120": 1}
    town.add_home("6001000003")
    report = load(town, *rows)
    assert (report.status, codes(report), report.counts["meters"]) == ("loaded", {}, 1)
    assert load(town, *rows).status == "repeated"


def test_what_is_found_when_a_file_comes_again_is_kept_too(town: Town) -> None:
    rows = (line("M101", site="6001000003"), line("M102", site="6001000004"))
    assert codes(load(town, *rows)) == {"NET120": 2}
    town.add_home("6001000003")
    town.add_home("6001000005", serial="M101")
    report = load(town, *rows)
    (new,) = [code for code in codes(report) if code != "NET120"]
    kept = town.rows("select number, line, code from submeter.import_findings order by number")
    assert kept == [(1, 2, "NET120"), (2, 3, "NET120"), (3, 2, new)]
    load(town, *rows)
    assert town.value("select count(*) from submeter.import_findings") == 3


def test_all_or_nothing_and_a_dry_run(town: Town) -> None:
    rows = (line("M101"), line("E1"))
    assert load(town, *rows, all_or_nothing=True).status == "refused"
    assert load(town, *rows[:1], dry_run=True).status == "checked"
    assert meters(town) == []


def test_intervals_in_the_same_file_set_find_the_meter(town: Town) -> None:
    """Days that waited are placed as soon as the meters file has been."""
    assert codes(town.load([day_row(HOME)])) == {"MTR210": 1}
    load(town, line("E1", serial="SN7", type="IMPORT1_01", dials=""))
    assert town.value("select count(*) from submeter.register_intervals") == 1


def test_an_unreadable_file_is_refused_whole(town: Town) -> None:
    content = "site_identifier,meter_code,meter_register,meter_type_code,meter_status_code,direction_indicator,meter_code\n"
    source = Source("meters.csv", lambda: BytesIO(content.encode()), NOW)
    with pytest.raises(Refused):
        import_file(town.database, town.operator, source, Options(format="meters"), NOW)
