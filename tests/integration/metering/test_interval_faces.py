"""Intervals over REST and by command, as clients and people call them; sums by register, site and clock."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner, Result

from integration.metering.clerk import operator_of
from integration.metering.town import MARKET, Town, day_row, make_town, nmi
from submeter.cli import app, intervals
from submeter.db.database import Database

HOMES = ("6001000001", "6001000002")
HOME = HOMES[0]
BUSY = [100 + n for n in range(48)]
GAP: list[int | None] = [*BUSY[:20], None, None, *BUSY[22:]]


@pytest.fixture
def town(database: Database) -> Town:
    return make_town(database, HOMES)


@pytest.fixture
def client(town: Town) -> Iterator[httpx.Client]:
    """An operator of the town."""
    with operator_of(town, key="clerk") as client:
        yield client


def call(client: httpx.Client, name: str, **arguments: Any) -> Any:
    answer = client.post(f"/rpc/{name}", json=arguments)
    assert answer.status_code == 200, answer.text
    return answer.json()


# Over REST -------------------------------------------------------------------------------------------------------


def test_from_a_gap_to_its_explanation(client: httpx.Client, town: Town) -> None:
    town.load([day_row(HOME, GAP)], name="march.csv")
    register = town.registers[HOME]
    (finding,) = client.get("/interval_findings?status=eq.open&select=code,day,first,last").json()
    assert finding == {"code": "MTR353", "day": "2026-03-05", "first": 21, "last": 22}
    (told,) = call(client, "check_intervals", register=register, from_date="2026-03-01", to_date="2026-03-31")
    assert (told["code"], told["status"]) == ("MTR353", "open")
    (made,) = call(client, "estimate_intervals", register=register, reason_code=76)
    assert (made["outcome"], made["method_code"], made["method_name"], made["inputs"]) == (
        "estimated",
        "17",
        "linear",
        ["2026-03-05"],
    )
    assert made["quantity"] == 0.241
    at = "2026-03-05T10:00:00+10:00"
    (edited,) = call(
        client, "edit_intervals", register=register, at=at, quantities=[0.1, "0.0700000"], reason="seen"
    )
    assert (edited["total_before"], edited["total_after"]) == (0.241, 0.17)
    versions = call(client, "explain_interval", register=register, at=at)
    assert [(one["status"], one["quantity"], one["made_by"]) for one in versions] == [
        ("stands", 0.1, "operator clerk"),
        ("replaced", 0.12, "operator clerk"),
        ("replaced", None, None),
    ]
    assert versions[2]["file_name"] == "march.csv"
    rows = client.get(f"/register_interval_hh?register_id=eq.{register}&quality=eq.S&select=kwh").json()
    assert rows == [{"kwh": 0.1}, {"kwh": 0.07}]
    changes = client.get("/interval_changes?order=id&select=kind,first,last,made_by").json()
    assert [one["kind"] for one in changes] == ["estimate", "edit"]


def test_findings_are_dismissed(client: httpx.Client, town: Town) -> None:
    town.load([day_row(HOME, GAP)])
    (number,) = (one["id"] for one in client.get("/interval_findings").json())
    assert call(client, "dismiss_interval_findings", ids=[number], reason="known") == [
        {"id": number, "status": "dismissed"}
    ]
    (row,) = client.get("/interval_findings?select=status,reason,decided_by").json()
    assert row == {"status": "dismissed", "reason": "known", "decided_by": "operator clerk"}


@pytest.mark.parametrize(
    ("name", "arguments", "status", "code"),
    [
        ("check_intervals", {"register": "00000000-0000-0000-0000-000000000000"}, 404, "MTR400"),
        ("check_intervals", {"site": "00000000-0000-0000-0000-000000000000"}, 404, "MTR402"),
        ("check_intervals", {"from_date": "2026-03-02", "to_date": "2026-03-01"}, 400, "MTR403"),
        ("check_intervals", {"register": "nonsense"}, 400, "22P02"),
        ("check_intervals", {"from_date": "infinity"}, 400, "MTR199"),
        ("estimate_intervals", {"method": "magic"}, 400, "MTR404"),
        ("estimate_intervals", {"reason_code": 4}, 400, "MTR384"),
        ("estimate_intervals", {"reason_code": "0x4"}, 400, "MTR384"),
        ("dismiss_interval_findings", {"ids": "{ 0 }", "reason": "x"}, 404, "MTR409"),
        ("estimate_intervals", {"replace_measured": True}, 400, "MTR405"),
        ("dismiss_interval_findings", {"ids": [0], "reason": "x"}, 404, "MTR409"),
        ("dismiss_interval_findings", {"ids": [0], "reason": ""}, 400, "MTR405"),
        ("explain_interval", {"at": "2027-01-01T00:00Z"}, 404, "MTR406"),
        ("explain_interval", {"at": "infinity"}, 400, "MTR199"),
        ("edit_intervals", {"at": "2026-03-05T00:00Z", "quantities": [1], "reason": ""}, 400, "MTR405"),
        ("edit_intervals", {"at": "2026-03-05T00:00Z", "quantities": [], "reason": "x"}, 400, "MTR407"),
        ("edit_intervals", {"at": "2026-03-05T00:00Z", "quantities": ["NaN"], "reason": "x"}, 400, "MTR199"),
        (
            "edit_intervals",
            {"at": "2026-03-05T00:00Z", "quantities": [1], "reason": "x", "quality": "Z"},
            400,
            "MTR412",
        ),
        ("interval_totals", {"from_date": "2026-03-05", "to_date": "2026-03-06"}, 400, "22023"),
    ],
)
def test_what_cannot_be_is_refused_in_words(
    client: httpx.Client, town: Town, name: str, arguments: Any, status: int, code: str
) -> None:
    town.load([day_row(HOME, GAP)])
    if name in ("explain_interval", "edit_intervals", "estimate_intervals"):
        arguments = {"register": town.registers[HOME], **arguments}
    answer = client.post(f"/rpc/{name}", json=arguments)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["hint"] or code == "22P02"


def test_settings_are_the_operators(client: httpx.Client, town: Town) -> None:
    town.load([day_row(HOME, [10, 10, 900, *[10] * 45])])
    assert [one["code"] for one in client.get("/interval_findings").json()] == ["MTR356"]
    row = {"register_id": town.registers[HOME], "spike_percent": 100000}
    assert client.post("/interval_settings", json=row).status_code == 201
    assert client.post("/interval_settings", json=row).status_code == 409
    assert call(client, "check_intervals") == []
    assert client.post("/interval_settings", json={"zero_hours": 5}).status_code == 400


# Sums ------------------------------------------------------------------------------------------------------------


def test_days_of_46_and_50_half_hours(client: httpx.Client, town: Town) -> None:
    """In Melbourne clocks went back on 5 April 2026 and go forward on 4 October."""
    rows = [
        day_row(name, 1000, first + timedelta(n))
        for name in HOMES
        for first in (date(2026, 4, 3), date(2026, 10, 2))
        for n in range(5)
    ]
    town.load(rows)
    register, site = town.registers[HOME], town.site_id
    daily = client.get(
        f"/register_interval_daily?register_id=eq.{register}&day=in.(2026-04-04,2026-04-05,2026-10-03,2026-10-04)&order=day"
    ).json()
    assert [(one["day"], one["quantity"], one["unit"]) for one in daily] == [
        ("2026-04-04", 48, "kWh"), ("2026-04-05", 50, "kWh"), ("2026-10-03", 48, "kWh"), ("2026-10-04", 46, "kWh"),
    ]  # fmt: skip
    of_site = client.get(
        f"/site_interval_daily?site_id=eq.{site}&day=in.(2026-04-05,2026-10-04)&order=day"
    ).json()
    assert [one["import_kwh"] for one in of_site] == [100, 92]
    (april, _) = client.get(f"/site_interval_monthly?site_id=eq.{site}&order=month").json()
    assert april == {
        "site_id": site,
        "month": "2026-04-01",
        "import_kwh": 480,
        "export_kwh": 0,
        "gate_kwh": None,
    }
    town.rows("update submeter.sites set market_time_zone = %s returning id", MARKET)
    span = {"from_date": "2026-04-04", "to_date": "2026-04-06"}
    market = call(client, "interval_totals", site=site, **span)
    assert market == [{"starts_on": f"2026-04-0{day}", "kwh": 96, "half_hours": 48} for day in (4, 5)]
    billing = call(client, "interval_totals", register=register, clock="billing", **span)
    assert [one["half_hours"] for one in billing] == [48, 50]


def test_late_data_are_in_the_sums_at_once_and_export_is_apart(client: httpx.Client, town: Town) -> None:
    meter = town.value("select meter_id::text from submeter.registers where id = %s", town.registers[HOME])
    town.add("registers", meter_id=meter, name="B1", direction="export")
    town.load(
        [
            day_row(HOME, 1000),
            day_row(HOMES[1], 1000),
            day_row(HOME, 250, stream=nmi(HOME, "B1", direction="export")),
        ]
    )
    at = "2026-03-05T10:00:00+10:00"
    query = {"site_id": f"eq.{town.site_id}", "timestamp": f"eq.{at}", "select": "import_kwh,export_kwh"}
    assert client.get("/site_interval_hh", params=query).json() == [{"import_kwh": 2, "export_kwh": 0.25}]
    call(client, "edit_intervals", register=town.registers[HOME], at=at, quantities=[3], reason="late")
    assert client.get("/site_interval_hh", params=query).json() == [{"import_kwh": 4, "export_kwh": 0.25}]
    rows = town.rows("select sum(import_kwh), sum(export_kwh) from public.site_interval_daily")
    assert rows == [(Decimal(98), Decimal(12))]


def test_what_a_gate_measures_is_apart_from_what_is_behind_it(client: httpx.Client, town: Town) -> None:
    gate = town.add_home("6001000009")
    town.add("site_gates", site_id=town.site_id, supply_point_id=gate, from_date="2026-03-06")
    rows = [day_row(HOME, 1000, day) for day in (date(2026, 3, 5), date(2026, 3, 6))]
    town.load([*rows, *(day_row("6001000009", 5000, one.day) for one in rows)])
    days = client.get(f"/site_interval_daily?site_id=eq.{town.site_id}&order=day").json()
    assert [(one["import_kwh"], one["gate_kwh"]) for one in days] == [(46 * 6, None), (48, 240), (2, 10)]
    (month,) = client.get(f"/site_interval_monthly?site_id=eq.{town.site_id}").json()
    assert (month["import_kwh"], month["gate_kwh"]) == (46 * 6 + 50, 250)
    halves = client.get(f"/site_interval_hh?site_id=eq.{town.site_id}&order=timestamp.desc&limit=1").json()
    assert [(one["import_kwh"], one["gate_kwh"]) for one in halves] == [(1, 5)]
    span = {"from_date": "2026-03-06", "to_date": "2026-03-07", "clock": "billing"}
    assert [one["kwh"] for one in call(client, "interval_totals", site=town.site_id, **span)] == [48]


def test_what_a_gate_gives_back_counts_against_what_it_takes(client: httpx.Client, town: Town) -> None:
    gate = town.add_home("6001000009")
    meter = town.value(
        "select meter_id::text from submeter.registers where id = %s", town.registers["6001000009"]
    )
    town.add("registers", meter_id=meter, name="B1", direction="export")
    town.add("site_gates", site_id=town.site_id, supply_point_id=gate)
    given = nmi("6001000009", "B1", direction="export")
    town.load([day_row("6001000009", 5000), day_row("6001000009", 1000, stream=given)])
    (month,) = client.get(f"/site_interval_monthly?site_id=eq.{town.site_id}").json()
    assert (month["import_kwh"], month["export_kwh"], month["gate_kwh"]) == (0, 0, 48 * 4)


def test_other_units_have_days_too(client: httpx.Client, town: Town) -> None:
    meter = town.value("select meter_id::text from submeter.registers where id = %s", town.registers[HOME])
    water = town.add("registers", meter_id=meter, name="W", nature="water", unit="L")
    town.load([day_row(HOME, 500, stream=nmi(HOME, "W", unit="L"))])
    rows = client.get(f"/register_interval_monthly?register_id=eq.{water}").json()
    assert rows == [{"register_id": water, "month": "2026-03-01", "unit": "L", "quantity": 24}]
    assert client.get(f"/register_interval_hh?register_id=eq.{water}").json() == []


# By command ------------------------------------------------------------------------------------------------------


@pytest.fixture
def run(town: Town, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The command line over the town's database."""

    @contextmanager
    def opened(*_: Any, **__: Any) -> Iterator[Database]:
        yield town.database

    monkeypatch.setattr(intervals, "open_database", opened)
    return lambda *arguments: CliRunner().invoke(app, ["intervals", *map(str, arguments)])


def test_the_commands_one_after_the_other(run: Any, town: Town) -> None:
    town.load([day_row(HOME, GAP)], name="march.csv")
    listed: Result = run("check", "--register", HOME)
    assert (listed.exit_code, "MTR353  M6001000001/E1  2026-03-05 21-22" in listed.stdout) == (3, True)
    (row,) = [json.loads(line) for line in run("findings", "--json").stdout.splitlines()]
    assert (row["code"], row["first"], row["starts_at"]) == ("MTR353", 21, "2026-03-05 00:00:00+00:00")
    assert "would be filled" in run("estimate", "--dry-run").stderr
    made = run("estimate", "--site", "Estate", "--json")
    assert (made.exit_code, json.loads(made.stdout)["method_code"]) == (0, "17")
    assert run("check", "--due").exit_code == 0
    assert "0.120 is now 0.5" in run("edit", HOME, "2026-03-05T10:00+10:00", "0.5", "--reason", "seen").stderr
    told = run("explain", f"M{HOME}/E1", "2026-03-05T10:10+10:00")
    assert (
        "stands:   0.500 kWh, substituted; method 18 (alternate), reason 0; seen; edited by service_role"
        in told.stdout
    )
    assert len(json.loads(run("explain", HOME, "2026-03-05T00:10", "--json").stdout)) == 3
    assert "resolved" in run("findings", "--all").stdout


def test_dismissing_by_command(run: Any, town: Town) -> None:
    town.load([day_row(HOME, GAP)])
    number = town.value("select id from submeter.interval_findings")
    assert "dismissed" in run("dismiss", number, "--reason", "known").stderr
    assert run("check").exit_code == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("edit", HOME, "noon", "1", "--reason", "x"),
        ("edit", HOME, "2026-03-05T10:00+10:00", "much", "--reason", "x"),
        ("explain", HOME, "yesterday"),
        ("check", "--from", "5.3.2026"),
        ("dismiss",),
    ],
)
def test_what_is_written_wrongly(run: Any, arguments: tuple[str, ...]) -> None:
    assert run(*arguments).exit_code == 2
