"""Meter data over REST, as a client sends it."""

import base64
import gzip
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from integration.metering.clerk import operator_of
from integration.metering.nem import nem12
from integration.metering.town import Town, make_town
from integration.rowgate.world import token
from submeter.db.database import Database

HOME = "6001000001"
PAGE = nem12({HOME: 3})


@pytest.fixture
def town(database: Database) -> Town:
    return make_town(database, (HOME,))


@pytest.fixture
def client(town: Town) -> Iterator[httpx.Client]:
    """An operator of the town."""
    with operator_of(town, "") as client:
        yield client


def send(client: httpx.Client, **arguments: Any) -> httpx.Response:
    return client.post("/rest/v1/rpc/import_meter_data", json={"name": "a.csv", **arguments})


def test_a_file_as_text_and_again_as_bytes(client: httpx.Client, town: Town) -> None:
    (report,) = send(client, content=PAGE).json()
    assert (report["status"], report["read_as"], report["counts"]["stored"]) == ("loaded", "nem12", 3)
    packed = base64.b64encode(gzip.compress(PAGE.encode(), mtime=0)).decode()
    (again,) = send(client, content_base64=packed).json()
    assert (again["status"], again["counts"]["repeated"]) == ("loaded", 3)
    assert send(client, content=PAGE).json()[0]["status"] == "repeated"
    assert len(client.get("/rest/v1/register_interval_hh").json()) == 3 * 48
    files = client.get("/rest/v1/import_files?select=name,status,received_by").json()
    assert files == [{"name": "a.csv", "status": "loaded", "received_by": "operator"}] * 2


def test_what_is_wrong_is_told_row_by_row(client: httpx.Client) -> None:
    (report,) = send(client, content=PAGE.replace(",1.0,", ",x,", 1)).json()
    assert report["counts"]["stored"] == 2
    assert [(one["line"], one["column"], one["value"]) for one in report["findings"]] == [(3, 3, "x")]
    assert report["findings"][0]["hint"]


@pytest.mark.parametrize(
    ("arguments", "status", "code"),
    [
        ({}, 400, "MTR234"),
        ({"content": "a", "content_base64": "YQ=="}, 400, "MTR234"),
        ({"content_base64": "not base64"}, 400, "MTR234"),
        ({"content": ""}, 400, "MTR142"),
        ({"content": "%PDF-1.4 ..."}, 400, "MTR143"),
        ({"content": PAGE, "format": "nem21"}, 400, "MTR155"),
    ],
)
def test_what_is_no_file_is_refused(client: httpx.Client, arguments: Any, status: int, code: str) -> None:
    answer = send(client, **arguments)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["hint"]


def test_a_customer_may_not(client: httpx.Client, town: Town) -> None:
    customer = token("authenticated", esco_id=town.esco_id, customer_id=town.esco_id)
    client.headers["authorization"] = f"Bearer {customer}"
    assert send(client, content=PAGE).status_code == 403


def test_days_that_wait_are_placed_when_a_register_is_added(client: httpx.Client, town: Town) -> None:
    page = nem12({HOME: 2}, suffix="B1")
    (report,) = send(client, content=page).json()
    assert report["counts"]["waiting"] == 2
    meter = town.value("select meter_id::text from submeter.registers")
    added = client.post("/rest/v1/registers", json={"meter_id": meter, "name": "B1", "direction": "export"})
    assert added.status_code == 201
    assert client.get("/rest/v1/import_waiting").json() == []
    assert len(client.get("/rest/v1/register_interval_hh").json()) == 96


def test_a_decision_is_taken_over_rest(client: httpx.Client, town: Town) -> None:
    send(client, content=PAGE)
    send(
        client, content=PAGE.replace(",A,", ",S14,").replace(",1.0,", ",2.0,").replace("20260401", "20260402")
    )
    (first, *_) = client.get("/rest/v1/import_waiting?order=id").json()
    assert first["reason"] == "lower_quality"
    decide = "/rest/v1/rpc/decide_import_waiting"
    said = {"id": first["id"], "accept": True, "reason": "read at the meter"}
    silent = client.post(decide, json={**said, "reason": ""})
    assert (silent.status_code, silent.json()["code"]) == (400, "MTR263")
    assert client.post(decide, json=said).json() == [{"outcome": "replaced"}]
    gone = client.post(decide, json=said)
    assert (gone.status_code, gone.json()["code"]) == (404, "MTR232")
    (told,) = client.get("/rest/v1/audit?table_name=eq.import_waiting&action=eq.update").json()
    assert told["changes"] == {"decision": "accepted", "decision_reason": "read at the meter"}


def test_dial_readings_one_and_many(client: httpx.Client, town: Town) -> None:
    register = town.registers[HOME]
    rows = [
        {"register_id": register, "timestamp": f"2026-03-0{day}T00:00:00Z", "reading": day}
        for day in (1, 2, 3)
    ]
    refused = client.post("/rest/v1/meter_readings", json=rows[0])
    assert (refused.status_code, refused.json()["code"]) == (409, "MTR308")  # nobody lives there
    usual = "/rest/v1/reading_tolerances?site_id=is.null&meter_type=is.null"
    assert client.patch(usual, json={"accepts_vacant": True}).status_code == 204
    assert client.post("/rest/v1/meter_readings", json={**rows[0], "sub_type": "OPENING"}).status_code == 201
    assert client.post("/rest/v1/meter_readings", json=rows[1:]).status_code == 201
    assert len(client.get("/rest/v1/meter_readings").json()) == 3


@pytest.mark.parametrize(
    ("function", "arguments", "status", "code"),
    [
        ("register_days", {"from_date": "0001-01-01", "to_date": "0001-01-03"}, 400, "MTR403"),
        ("estimate_intervals", {"from_date": "0001-01-01", "to_date": "0001-01-03"}, 400, "MTR403"),
        ("explain_interval", {"at": "9999-12-31T00:00Z"}, 400, "MTR403"),
        ("edit_intervals", {"at": "0001-01-01T00:00Z", "quantities": [1], "reason": "x"}, 400, "MTR403"),
    ],
)
def test_days_of_which_there_can_be_no_intervals_are_refused_with_a_code(
    client: httpx.Client, town: Town, function: str, arguments: Any, status: int, code: str
) -> None:
    register = town.registers[HOME]
    names = {"edit_intervals": "register", "estimate_intervals": "register", "explain_interval": "register"}
    whose = {names.get(function, "register_id"): register}
    answer = client.post(f"/rest/v1/rpc/{function}", json={**whose, **arguments})
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.json()["hint"]


def test_a_finding_without_a_number_is_none(client: httpx.Client) -> None:
    sent = {"ids": [None], "reason": "x"}
    answer = client.post("/rest/v1/rpc/dismiss_interval_findings", json=sent)
    assert (answer.status_code, answer.json()) == (200, [])
