"""Tables of no format, by a column map that is kept; and clocks that files do not state: over REST and typed."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from integration.metering.clerk import operator_of
from integration.metering.tables import HOME, MAP, PAGE, PLAIN
from integration.metering.town import Town, make_town
from integration.rowgate.world import token
from submeter.db.database import Database

TOTAL = "select sum(total * 10::numeric ^ -decimals) from submeter.register_intervals"
REST = "/rest/v1"


@pytest.fixture
def town(database: Database) -> Town:
    return make_town(database, (HOME,))


@pytest.fixture
def client(town: Town) -> Iterator[httpx.Client]:
    with operator_of(town, "", key="clerk") as client:
        yield client


def keep(client: httpx.Client, settings: Any) -> httpx.Response:
    return client.post(f"{REST}/rpc/keep_column_map", json={"settings": settings})


def send(client: httpx.Client, content: str = PAGE, **more: Any) -> httpx.Response:
    return client.post(f"{REST}/rpc/import_meter_data", json={"name": "a.csv", "content": content, **more})


def test_a_map_is_kept_named_replaced_and_taken_away(client: httpx.Client, town: Town) -> None:
    (kept,) = keep(client, MAP).json()
    assert (kept["name"], kept["kind"], kept["confirmed"]) == ("Acme logger", "intervals", "")
    (report,) = send(client, columns="acme LOGGER").json()
    assert (report["status"], report["read_as"], report["clocks"]) == (
        "loaded",
        "column-map",
        ["Australia/Melbourne"],
    )
    assert (report["counts"]["stored"], report["codes"]) == (1, {"MTR192": 1})
    assert str(town.value(TOTAL)) == "1.15200000000000000000"
    (again,) = keep(client, {**MAP, "confirmed": "B. Clerk, 2026-03-05"}).json()
    assert (again["id"], again["confirmed"]) == (kept["id"], "B. Clerk, 2026-03-05")
    (row,) = client.get(f"{REST}/column_maps?select=name,confirmed,settings").json()
    assert row["settings"] == {**MAP, "confirmed": "B. Clerk, 2026-03-05"}
    (audit, _) = client.get(f"{REST}/audit?table_name=eq.column_maps&order=id.desc").json()
    assert (audit["action"], audit["changes"]["confirmed"]) == ("update", "B. Clerk, 2026-03-05")
    assert audit["actor"]["key"] == "clerk"
    assert client.delete(f"{REST}/column_maps?name=eq.Acme logger").status_code == 204
    assert send(client, columns="Acme logger").status_code == 404


def test_the_same_bytes_by_a_corrected_map_are_other_data(client: httpx.Client, town: Town) -> None:
    keep(client, {**MAP, "unit": {"value": "kWh"}})
    assert send(client, columns="Acme logger").json()[0]["counts"]["stored"] == 1
    assert send(client, columns="Acme logger").json()[0]["status"] == "repeated"
    keep(client, MAP)
    assert send(client, columns="Acme logger").json()[0]["counts"]["replaced"] == 1
    assert str(town.value(TOTAL)) == "1.15200000000000000000"
    maps = client.get(f"{REST}/import_files?select=unit:read_with->columns->unit->>value&order=id").json()
    assert [one["unit"] for one in maps] == ["kWh", "Wh"]


def test_a_map_may_come_as_toml(client: httpx.Client) -> None:
    text = 'name = "rounds"\nkind = "reads"\nidentifier = "flat"\nday = "when"\nvalues = ["dial"]\n'
    assert keep(client, text).json()[0]["kind"] == "reads"


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({**MAP, "kind": "weeks"}, "MTR191"),
        ({**MAP, "clok": "UTC"}, "MTR191"),
        ({**MAP, "name": "acme.toml"}, "MTR191"),
        ({**MAP, "name": " "}, "MTR191"),
        ([MAP], "MTR191"),
        ("kind = ", "MTR190"),
    ],
)
def test_a_map_that_cannot_be_is_not_kept(client: httpx.Client, town: Town, settings: Any, code: str) -> None:
    answer = keep(client, settings)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert answer.json()["hint"]
    assert town.value("select count(*) from submeter.column_maps") == 0


@pytest.mark.parametrize(
    ("named", "status", "code"),
    [
        ({"columns": "acme"}, 404, "MTR196"),
        ({"clock": "Melbourne"}, 400, "MTR193"),
        ({"columns": "Acme logger", "clock": "UTC"}, 400, "MTR195"),
        ({"columns": "Acme logger", "format": "nem12"}, 400, "MTR195"),
        ({"columns": "Acme logger", "content": "Logger,Wh\n"}, 400, "MTR150"),
    ],
)
def test_what_cannot_be_named_loads_nothing(
    client: httpx.Client, town: Town, named: dict[str, str], status: int, code: str
) -> None:
    keep(client, MAP)
    answer = send(client, **named)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.json()["hint"]
    assert town.value("select count(*) from submeter.import_files") == 0
    for way in ({"params": named}, {"data": named}):
        files = [("file", ("a.csv", named.get("content", PAGE)))]
        said = {key: value for key, value in named.items() if key != "content"}
        sent = client.post("/api/meter-data", files=files, **{next(iter(way)): said})
        assert (sent.status_code, sent.json()["code"]) == (status, code), sent.text


def test_an_upload_names_a_map_and_a_clock(client: httpx.Client, town: Town) -> None:
    keep(client, {name: value for name, value in MAP.items() if name != "clock"})
    named = {"columns": "Acme logger", "clock": "UTC+10"}
    (report,) = client.post("/api/meter-data", params=named, content=PAGE.encode()).json()
    assert (report["counts"]["stored"], report["clocks"]) == (1, ["Etc/GMT-10"])
    (plain,) = client.post("/api/meter-data?clock=UTC+10", content=PLAIN.encode()).json()  # the + is a blank
    assert (plain["read_as"], plain["counts"]["replaced"]) == ("half-hourly", 1)
    with_form = client.post(
        "/api/meter-data", files=[("file", ("b.csv", PLAIN))], data={"clock": "Etc/GMT-10"}
    )
    assert with_form.json()[0]["status"] == "repeated"
    assert town.value("select count(*) from submeter.register_intervals") == 1


def test_a_slip_in_the_name_of_a_parameter_loads_nothing(client: httpx.Client, town: Town) -> None:
    answer = client.post("/api/meter-data?dryrun=true&clock=UTC", content=PLAIN.encode())
    assert (answer.status_code, answer.json()["code"]) == (400, "MTR198")
    assert "dry_run" in answer.json()["hint"]
    assert town.value("select count(*) from submeter.import_files") == 0


def test_maps_of_others_are_nobodys_business(client: httpx.Client, town: Town) -> None:
    keep(client, MAP)
    with town.database.connect_owner() as owner:
        row = owner.execute(
            "insert into submeter.escos (code, name, region) select 'other', 'Other', region from submeter.escos"
            " returning id::text"
        ).fetchone()
    assert row
    other = {"authorization": f"Bearer {token('operator', esco_id=row[0])}"}
    assert client.get(f"{REST}/column_maps", headers=other).json() == []
    assert client.delete(f"{REST}/column_maps?name=not.is.null", headers=other).status_code == 204
    named = {"name": "a.csv", "content": PAGE, "columns": "Acme logger"}
    answer = client.post(f"{REST}/rpc/import_meter_data", json=named, headers=other)
    assert (answer.status_code, answer.json()["code"]) == (404, "MTR196")
    assert "Acme" not in answer.json()["hint"]
    assert (
        client.post(f"{REST}/rpc/keep_column_map", json={"settings": MAP}, headers=other).status_code == 200
    )
    assert town.value("select count(*) from submeter.column_maps") == 2
    assert client.post(f"{REST}/column_maps", json={"name": "x"}).status_code == 403
    assert client.patch(f"{REST}/column_maps?name=eq.x", json={"name": "y"}).status_code == 403
