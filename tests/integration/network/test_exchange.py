"""A meter is exchanged over REST: in one step, once, with its readings; agreements stay."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from integration.metering.clerk import operator_of
from integration.metering.town import Town, make_town
from submeter.db.database import Database

HOME = "6001000001"
AT = "2026-03-05T02:00:00+00:00"


@pytest.fixture
def town(database: Database) -> Town:
    """A home with a dial of five digits behind transformers, read twice, in a circuit and a virtual register."""
    town = make_town(database, (HOME,))
    town.value(
        "update submeter.registers set digits = 5, type = 'ALLDAY', meter_code = 'CODE' where name = 'E1' returning id"
    )
    register = town.registers[HOME]
    town.add("register_multipliers", register_id=register, ct_ratio=40, from_date="2020-01-01")
    town.add("readings", register_id=register, read_at="2020-01-01T00:00Z", reading=100, kind="opening")
    town.add("readings", register_id=register, read_at="2026-02-01T00:00Z", reading=1000)
    books = town.add("meters", serial="BOOKS", status="stock")
    virtual = town.add("registers", meter_id=books, name="V")
    town.value(
        "insert into submeter.virtual_registers (esco_id, register_id, formula) values (%s, %s, 'sum') returning 1",
        town.esco_id,
        virtual,
    )
    town.add("virtual_register_parts", virtual_register_id=virtual, register_id=register)
    account = town.add("accounts", name="somebody")
    point = town.value("select supply_point_id::text from submeter.supply_point_identifiers")
    town.add(
        "agreements",
        supply_point_id=point,
        account_id=account,
        from_date="2025-01-01",
        billed_to_date="2026-02-01",
    )
    return town


@pytest.fixture
def client(town: Town) -> Iterator[httpx.Client]:
    with operator_of(town) as client:
        yield client


def exchange(client: httpx.Client, town: Town, **told: Any) -> httpx.Response:
    meter_id = town.value("select id::text from submeter.meters where serial = %s", f"M{HOME}")
    asked = {
        "meter_id": meter_id, "new_serial": "NEW", "exchanged_at": AT, "final_readings": {"E1": 1234.5},
        "opening_readings": {"E1": 3}, **told,
    }  # fmt: skip
    return client.post(
        "/rpc/exchange_meter", json={name: value for name, value in asked.items() if value is not None}
    )


def state(town: Town) -> list[Any]:
    tables = ("meters", "registers", "readings", "meter_installations", "register_multipliers", "circuit_registers",
              "virtual_register_parts", "agreements")  # fmt: skip
    return [sorted(map(repr, town.rows(f"select * from submeter.{table}"))) for table in tables]


def test_all_of_it_in_one_step_and_once(town: Town, client: httpx.Client) -> None:
    agreements = town.rows("select * from submeter.agreements")
    told = exchange(client, town, new_meter={"manufacturer": "Acme"}, new_registers={"E1": {"digits": 6}})
    assert (told.status_code, told.json()[0]["outcome"]) == (200, "exchanged"), told.text
    assert town.rows(
        "select m.serial, m.status, (i.installed_at at time zone 'UTC')::text, (i.removed_at at time zone 'UTC')::text, g.digits, g.status"
        " from submeter.meters m join submeter.meter_installations i on i.meter_id = m.id"
        " join submeter.registers g on g.meter_id = m.id order by i.installed_at"
    ) == [
        (f"M{HOME}", "removed", "2020-01-01 00:00:00", "2026-03-05 02:00:00", 5, "closed"),
        ("NEW", "installed", "2026-03-05 02:00:00", None, 6, "active"),
    ]
    assert town.rows(
        "select m.serial, r.reading::float, r.kind from submeter.readings r join submeter.registers g on g.id = r.register_id"
        " join submeter.meters m on m.id = g.meter_id where r.read_at = %s order by 1", AT
    ) == [(f"M{HOME}", 1234.5, "closing"), ("NEW", 3.0, "opening")]  # fmt: skip
    assert town.rows("select multiplier, ct_ratio, from_date::text from submeter.register_multipliers order by from_date") == [
        (40, 40, "2020-01-01"), (40, 40, "2026-03-05")
    ]  # fmt: skip
    for table in ("circuit_registers", "virtual_register_parts"):
        spans = f"select start_at = %s, end_at = %s from submeter.{table} order by start_at"
        assert town.rows(spans, AT, AT) == [(False, True), (True, None)], table
    assert town.rows("select * from submeter.agreements") == agreements
    before = state(town)
    again = exchange(client, town)
    assert (again.status_code, again.json()[0]) == (200, {**told.json()[0], "outcome": "repeated"})
    assert state(town) == before


def test_on_a_day_it_is_the_newcomers_from_its_start(town: Town, client: httpx.Client) -> None:
    told = exchange(client, town, exchanged_at=None, exchanged_on="2026-03-05")
    assert told.json()[0]["at"].startswith("2026-03-04T13:00:00")


def test_a_meter_from_the_shelf_and_one_that_nobody_reads(town: Town, client: httpx.Client) -> None:
    shelf = town.add("meters", serial="NEW", status="stock")
    town.value("select 1 from submeter.meters")
    told = exchange(client, town)
    assert told.json()[0]["new_meter_id"] == shelf
    next_one = exchange(client, town, meter_id=shelf, new_serial="THIRD", exchanged_at="2026-04-01T00:00Z",
                        final_readings={"E1": 5}, opening_readings={"E1": 0})  # fmt: skip
    assert next_one.status_code == 200, next_one.text


@pytest.mark.parametrize(
    ("code", "status", "told"),
    [
        ("NET131", 404, {"meter_id": "00000000-0000-0000-0000-000000000000"}),
        ("NET132", 400, {"new_serial": " "}),
        ("NET132", 400, {"exchanged_on": "2026-03-05"}),
        ("NET132", 400, {"final_readings": {"E1": "x"}}),
        ("NET132", 400, {"opening_readings": {"E1": -1}}),
        ("NET132", 400, {"final_readings": {"E9": 1}}),
        ("NET132", 400, {"new_meter": ["x"]}),
        ("NET134", 400, {"exchanged_at": "2020-01-01T00:00Z"}),
        ("NET134", 400, {"exchanged_at": "2999-01-01T00:00Z"}),
        ("NET135", 409, {"new_serial": f"M{HOME}"}),
        ("MTR330", 400, {"final_readings": {}}),
        ("MTR331", 400, {"opening_readings": {}}),
        ("NET132", 400, {"add_factors": {"E2": 100000}}),
        ("NET132", 400, {"add_factors": 100000}),
        ("MTR314", 409, {"final_readings": {"E1": 900}}),
        ("MTR317", 409, {"final_readings": {"E1": 900}, "add_factors": {"E1": 10000}}),
        ("MTR317", 409, {"add_factors": {"E1": 100000}}),
        ("MTR310", 409, {"final_readings": {"E1": 100000}}),
        ("MTR310", 409, {"opening_readings": {"E1": 100000}}),
        ("MTR311", 409, {"exchanged_at": "2026-01-20T00:00Z", "final_readings": {"E1": 1000}}),
        ("NET108", 400, {"exchanged_at": "2026-02-02T00:00Z"}),
        ("NET110", 400, {"new_registers": {"E1": {"multiplier": 3, "ct_ratio": 4}}}),
    ],
)
def test_refusals_leave_everything_as_it_was(
    town: Town, client: httpx.Client, code: str, status: int, told: dict[str, Any]
) -> None:
    if code == "NET108":
        town.add("readings", register_id=town.registers[HOME], read_at="2026-02-03T00:00Z", reading=1300)
    before = state(town)
    answer = exchange(client, town, **told)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.json()["hint"]
    assert state(town) == before


def test_a_dial_that_passed_zero_before_its_final_reading(town: Town, client: httpx.Client) -> None:
    told = {"final_readings": {"E1": 200}, "add_factors": {"E1": 100000}}
    done = exchange(client, town, **told)
    assert (done.status_code, done.json()[0]["outcome"]) == (200, "exchanged"), done.text
    register = {"register_id": town.registers[HOME]}
    *_, last = client.post("/rpc/register_consumption", json=register).json()
    assert (last["to_reading"], last["add_factor"], last["advance"], last["quantity"]) == (
        200,
        100000,
        99200,
        3968000,
    )
    before = state(town)
    assert exchange(client, town, **told).json()[0]["outcome"] == "repeated"
    other = exchange(client, town, final_readings={"E1": 200})
    assert (other.status_code, other.json()["code"]) == (409, "NET136")
    assert "after a turn of 100000" in other.json()["details"]
    assert state(town) == before


def test_another_exchange_of_a_meter_that_is_gone(town: Town, client: httpx.Client) -> None:
    assert exchange(client, town).status_code == 200
    before = state(town)
    for code, told in (
        ("NET133", {"new_serial": "OTHER"}),
        ("NET133", {"exchanged_at": "2026-03-06T00:00Z"}),
        ("NET136", {"final_readings": {"E1": 1300}}),
        ("NET136", {"opening_readings": {"E1": 4}}),
    ):
        answer = exchange(client, town, **told)
        assert (answer.status_code, answer.json()["code"]) == (409, code), answer.text
    assert state(town) == before


def test_a_new_meter_with_registers_is_not_overwritten(town: Town, client: httpx.Client) -> None:
    shelf = town.add("meters", serial="NEW", status="stock")
    town.add("registers", meter_id=shelf, name="E1")
    answer = exchange(client, town)
    assert (answer.status_code, answer.json()["code"]) == (400, "NET137")
