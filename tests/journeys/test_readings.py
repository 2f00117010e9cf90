"""Dial readings as a program sends them and as an operator looks after them: over HTTP and by command."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from journeys.conftest import Demo

BACK = {"Prefer": "return=representation"}


@pytest.fixture
def operator(demo: Demo) -> Iterator[httpx.Client]:
    with demo.client("SUBMETER_OPERATOR_TOKEN") as client:
        yield client


@pytest.fixture
def dial(operator: httpx.Client) -> str:
    """The register of a new meter, read three times; its use is 10 a day."""
    meter = operator.post("/meters", json={"serial": f"DIAL-{uuid4()}"}, headers=BACK).json()[0]["id"]
    row = {"meter_id": meter, "digits": 5}
    register = str(operator.post("/registers", json=row, headers=BACK).json()[0]["id"])
    rows = [read(register, month, 300 * month) for month in (1, 2, 3)]
    assert operator.post("/meter_readings", json=rows).status_code == 201
    return register


def read(register: str, month: int, value: object, **more: Any) -> dict[str, Any]:
    return {"register_id": register, "timestamp": f"2026-{month:02}-01T12:00Z", "reading": value, **more}


def waiting(operator: httpx.Client, register: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = operator.get(f"/reading_queue?register_id=eq.{register}&order=id").json()
    return rows


def submeter(demo: Demo, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "PORT")}
    command = [sys.executable, "-m", "submeter", "readings", *arguments]
    return subprocess.run(
        command, cwd=demo.directory, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


def test_a_single_bad_reading_is_refused_with_code_and_advice(operator: httpx.Client, dial: str) -> None:
    refused = operator.post("/meter_readings", json=read(dial, 4, 20000))
    assert (refused.status_code, refused.json()["code"]) == (409, "MTR321")
    assert set(refused.json()) == {"code", "message", "details", "hint"}
    assert refused.json()["hint"]
    assert waiting(operator, dial) == []


def test_of_many_the_good_are_placed_and_the_bad_wait(operator: httpx.Client, dial: str) -> None:
    rows = [read(dial, 4, 1200), read(dial, 5, 20000), read(dial, 6, 1800)]
    columns = "register_id,timestamp,reading,on_failure"
    sent = [{**row, "on_failure": "queue"} for row in rows]
    answer = operator.post(f"/meter_readings?columns={columns}", json=sent, headers=BACK)
    assert answer.status_code == 201, answer.text
    assert [(row["id"] is None, row["waiting_id"] is None) for row in answer.json()] == [
        (False, True),
        (True, False),
        (False, True),
    ]
    assert answer.json()[1]["findings"][0]["code"] == "MTR321"
    again = operator.post("/meter_readings", json=sent, headers=BACK).json()
    assert [(row["id"], row["waiting_id"]) for row in again] == [
        (row["id"], row["waiting_id"]) for row in answer.json()
    ]
    (row,) = waiting(operator, dial)
    assert (row["id"], row["previous_reading"]) == (answer.json()[1]["waiting_id"], 1200)


def test_numbers_keep_all_their_digits(operator: httpx.Client, dial: str) -> None:
    text = json.dumps(read(dial, 4, 0)).replace('"reading": 0', '"reading": 1200.12345678901234567890')
    headers = {**BACK, "Content-Type": "application/json"}
    assert (
        '"reading":1200.12345678901234567890'
        in operator.post("/meter_readings", content=text, headers=headers).text
    )


def test_force_and_delete_over_rest_ask_for_numbers_and_reasons(operator: httpx.Client, dial: str) -> None:
    operator.post(
        "/meter_readings",
        json=[read(dial, 4, 20000, on_failure="queue"), read(dial, 5, 1, on_failure="queue")],
    )
    high, low = (row["id"] for row in waiting(operator, dial))
    for name, arguments, status, code in (
        ("force_reading", {"reason": "photo"}, 400, "MTR267"),
        ("force_reading", {"reason": "", "id": high}, 400, "MTR263"),
        ("force_reading", {"reason": "photo", "id": low}, 409, "MTR262"),
        ("delete_reading", {"reason": "photo", "ids": [low, 0]}, 404, "MTR261"),
        ("mark_misread", {"reason": "x", "reading_id": str(uuid4())}, 404, "MTR264"),
        ("register_consumption", {"register_id": str(uuid4())}, 404, "MTR266"),
    ):
        answer = operator.post(f"/rpc/{name}", json=arguments)
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert (
        operator.post("/rpc/delete_reading", json={"reason": "typing error", "ids": [low]}).json()[0][
            "outcome"
        ]
        == "deleted"
    )
    forced = operator.post("/rpc/force_reading", json={"reason": "photo", "id": high}).json()
    assert [(row["waiting_id"], row["outcome"]) for row in forced] == [(high, "placed")]
    trail = operator.get(f'/audit?table_name=eq.reading_queue&row_key=cs.{{"id":{low}}}').json()
    assert [row["action"] for row in trail] == ["update", "delete"]
    assert trail[0]["changes"]["reason"] == "typing error"
    kept = operator.get(f"/meter_readings?id=eq.{forced[0]['reading_id']}").json()[0]
    marked = operator.post("/rpc/mark_misread", json={"reading_id": kept["id"], "reason": "9 for 1"}).json()
    assert [(row["sub_type"], row["replaces_id"]) for row in marked] == [("MISREAD", kept["id"])]


def test_the_queue_by_command(operator: httpx.Client, demo: Demo, dial: str) -> None:
    operator.post(
        "/meter_readings",
        json=[read(dial, 4, 20000, on_failure="queue"), read(dial, 5, 1, on_failure="queue")],
    )
    high, low = (row["id"] for row in waiting(operator, dial))
    listed = submeter(demo, "queue", "--code", "MTR321").stdout
    assert "MTR321 Use is too high against the past" in listed
    assert f"{high}" in listed
    found = [json.loads(line) for line in submeter(demo, "queue", "--json").stdout.splitlines()]
    assert {high, low} <= {row["id"] for row in found}
    checked = submeter(demo, "process", str(high), str(low), "--json").stdout
    assert [json.loads(line)["outcome"] for line in checked.splitlines()] == ["waiting", "waiting"]
    refused = submeter(demo, "force", str(low), "--reason", "photo")
    assert (refused.returncode, "MTR262" in refused.stderr) == (1, True)
    assert "placed" in submeter(demo, "force", str(high), "--reason", "photo").stdout
    assert "deleted" in submeter(demo, "delete", str(low), "--reason", "typing error").stdout
    assert waiting(operator, dial) == []
    (kept,) = operator.get(f"/meter_readings?register_id=eq.{dial}&reading=eq.20000").json()
    assert "MISREAD" in submeter(demo, "misread", kept["id"], "--reason", "wrong dial").stdout
    periods = submeter(demo, "consumption", dial, "--from", "2026-02-01").stdout
    assert "300 kWh  (readings: (900 - 600) = 300 kWh)" in periods
    assert submeter(demo, "consumption", dial, "--from", "soon").returncode == 2
    assert submeter(demo, "process", "--add-factor", "much").returncode == 2


def test_a_customer_hears_that_it_fails_and_not_against_what(demo: Demo) -> None:
    with demo.client("SUBMETER_CUSTOMER_TOKEN") as mine:
        newest = mine.get("/meter_readings?order=timestamp.desc&limit=1").json()[0]
        row = {"register_id": newest["register_id"], "reading": 1}
        refused = mine.post("/meter_readings", json=row)
        assert refused.status_code == 409, refused.text
        assert refused.json()["code"].startswith("MTR31")
        assert not refused.json()["details"]
        assert "on_failure" in refused.json()["hint"]
        waits = mine.post("/meter_readings", json={**row, "on_failure": "queue"}, headers=BACK)
        assert (waits.status_code, waits.json()[0]["id"]) == (201, None), waits.text
        assert mine.get("/reading_queue").status_code == 403
    with demo.client("SUBMETER_OPERATOR_TOKEN") as staff:
        (row,) = staff.get(f"/reading_queue?id=eq.{waits.json()[0]['waiting_id']}").json()
        assert (row["sub_type"], row["reading"]) == ("ACTUALC", 1)
        assert row["account_number"]
        staff.post("/rpc/delete_reading", json={"id": row["id"], "reason": "a test"})
