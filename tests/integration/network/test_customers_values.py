"""What registers and circuits counted, told to customers: the sum of parts that they do not see, on their own days."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from uuid import uuid4

import httpx
import pytest

from integration.metering.clerk import operator_of
from integration.metering.town import Town, day_row, make_town, nmi
from integration.network.test_values import DAYS, A, B, point_of, virtual
from integration.rowgate.world import token
from submeter.db.database import Database

SPAN = {"from_date": "2026-03-04", "to_date": "2026-03-07"}
FOURTH, FIFTH, SIXTH = (str(day) for day in DAYS)
PARTED = "2026-03-05"


class People:
    """Who asks: customers by name, and staff, over one server."""

    def __init__(self, town: Town, client: httpx.Client) -> None:
        self.town, self.client = town, client
        self.tokens = {"staff": client.headers["authorization"]}

    def add(self, name: str, home: str, start: str, end: str | None = None, role: str = "holder") -> None:
        """A customer with an account, supplied at a home from a day to a day."""
        customer = self.town.add("customers", name=name, email=f"{name}@example.org", status="live")
        account = self.town.add("accounts", name=name)
        self.role(customer, account, role)
        self.town.add(
            "agreements",
            supply_point_id=point_of(self.town, home),
            account_id=account,
            from_date=start,
            to_date=end,
        )
        said = token("authenticated", esco_id=self.town.esco_id, customer_id=customer)
        self.tokens[name] = f"Bearer {said}"

    def role(self, customer: str, account: str, role: str) -> None:
        self.town.value(
            "insert into submeter.customer_accounts (esco_id, customer_id, account_id, role) values (%s, %s, %s, %s) returning 1",
            self.town.esco_id, customer, account, role,
        )  # fmt: skip

    def ask(self, name: str, function: str, **arguments: Any) -> httpx.Response:
        headers = {"authorization": self.tokens[name]}
        return self.client.post(f"/rpc/{function}", json={**SPAN, **arguments}, headers=headers)

    def get(self, name: str, path: str) -> Any:
        return self.client.get(path, headers={"authorization": self.tokens[name]})

    def rows(self, name: str, function: str, **arguments: Any) -> list[dict[str, Any]]:
        answer = self.ask(name, function, **arguments)
        assert answer.status_code == 200, answer.text
        return list(answer.json())

    def days(self, name: str, register: str, **arguments: Any) -> dict[str, float | None]:
        rows = self.rows(name, "register_days", register_id=register, **arguments)
        return {row["day"]: row["quantity"] for row in rows}


@pytest.fixture
def town(database: Database) -> Town:
    """Two homes in market time: 0.1 and 0.2 kWh a half-hour."""
    town = make_town(database, (A, B))
    town.value(
        "update submeter.sites set billing_clock = 'market', market_time_zone = 'Etc/GMT-10' returning 1"
    )
    town.load([day_row(home, value, day) for home, value in ((A, 100), (B, 200)) for day in DAYS])
    return town


@pytest.fixture
def people(town: Town) -> Iterator[People]:
    """In home A ann until 4 March, bea from 5 March on; cat in home B; the owner of home A."""
    with operator_of(town) as client:
        people = People(town, client)
        people.add("ann", A, "2026-01-01", PARTED)
        people.add("bea", A, PARTED)
        people.add("cat", B, "2026-01-01")
        account = town.value("select id::text from submeter.accounts where name = 'bea'")
        customer = town.add("customers", name="owner", email="owner@example.org", status="live")
        people.role(customer, account, "owner")
        people.tokens["owner"] = (
            f"Bearer {token('authenticated', esco_id=town.esco_id, customer_id=customer)}"
        )
        yield people


@pytest.fixture
def both(town: Town, people: People) -> str:
    """What both homes use, as a register of home A, with a circuit of its own."""
    register = virtual(town, "sum", A, B)
    town.add(
        "circuit_registers", circuit_id=town.add("circuits", type="heat", name="both"), register_id=register
    )
    return register


def circuit_of(town: Town, name: str) -> str:
    return str(town.value("select id::text from submeter.circuits where name = %s", name))


# A register -------------------------------------------------------------------------------------------------------


def test_each_is_told_the_sum_on_their_own_days(people: People, both: str) -> None:
    assert people.days("ann", both) == {FOURTH: 14.4}
    assert people.days("bea", both) == {FIFTH: 14.4, SIXTH: 14.4}
    assert people.days("staff", both) == {FOURTH: 14.4, FIFTH: 14.4, SIXTH: 14.4}


def test_to_the_half_hour(people: People, both: str) -> None:
    times = {
        name: [row["timestamp"] for row in people.rows(name, "register_intervals", register_id=both)]
        for name in ("ann", "bea", "staff")
    }
    assert times["ann"] + times["bea"] == times["staff"]
    assert (times["ann"][-1], times["bea"][0]) == ("2026-03-04T13:30:00+00:00", "2026-03-04T14:00:00+00:00")
    values = people.rows("bea", "register_intervals", register_id=both)
    assert {Decimal(str(row["quantity"])) for row in values} == {Decimal("0.3")}


def test_the_parts_are_not_theirs(town: Town, people: People, both: str) -> None:
    for path in ("virtual_registers", "virtual_register_parts"):
        assert people.get("bea", f"/{path}").status_code == 403
    seen = {row["id"] for row in people.get("bea", "/registers?select=id").json()}
    assert seen == {town.registers[A], both}
    assert people.get("bea", f"/register_interval_hh?register_id=eq.{town.registers[B]}").json() == []
    for function in ("register_intervals", "register_days"):
        told = [people.ask("bea", function, register_id=one) for one in (town.registers[B], str(uuid4()))]
        assert [(one.status_code, one.json()["code"]) for one in told] == [(404, "NET130")] * 2
        assert told[0].text.replace(town.registers[B], "") == told[1].text.replace(
            told[1].json()["details"], ""
        )


def test_neither_who_is_a_part_nor_who_owns_the_place_is_told_the_sum(people: People, both: str) -> None:
    for name in ("cat", "owner"):
        assert people.ask(name, "register_days", register_id=both).json()["code"] == "NET130"
        assert people.ask(name, "register_intervals", register_id=both).json()["code"] == "NET130"


def test_their_own_register_that_is_read(town: Town, people: People, both: str) -> None:
    assert people.days("bea", town.registers[A]) == {FIFTH: 4.8, SIXTH: 4.8}
    assert people.days("cat", town.registers[B]) == dict.fromkeys((FOURTH, FIFTH, SIXTH), 9.6)


@pytest.mark.parametrize("formula", ["difference", "share", "residual"])
def test_every_formula(town: Town, people: People, formula: str) -> None:
    gate = town.add_home("6001000003")
    town.load([day_row("6001000003", 1000, day) for day in DAYS])
    town.add("site_gates", site_id=town.site_id, supply_point_id=gate)
    parts = {"difference": ("6001000003", B), "share": (B,), "residual": ()}[formula]
    register = virtual(town, formula, *parts)
    expected = people.days("staff", register)
    assert set(expected) == {FOURTH, FIFTH, SIXTH}
    assert people.days("ann", register) | people.days("bea", register) == expected
    assert people.days("ann", register).keys() == {FOURTH}


def test_a_register_that_moved_at_noon_tells_each_their_part_of_the_day(
    town: Town, people: People, both: str
) -> None:
    meter = town.value("select meter_id::text from submeter.registers where id = %s", both)
    town.rows(
        "update submeter.meter_installations set removed_at = '2026-03-05T02:15Z' where meter_id = %s returning 1",
        meter,
    )
    town.add(
        "meter_installations",
        meter_id=meter,
        supply_point_id=point_of(town, B),
        installed_at="2026-03-05T02:15Z",
    )
    last, first = (people.rows(name, "register_intervals", register_id=both) for name in ("bea", "cat"))
    # The half-hour in which it moved is nobody's.
    assert last[-1]["timestamp"] == "2026-03-05T01:30:00+00:00"
    assert first[0]["timestamp"] == "2026-03-05T02:30:00+00:00"
    hours = people.rows("cat", "register_intervals", register_id=both, minutes=60)
    assert hours[0]["timestamp"] == "2026-03-05T03:00:00+00:00"
    assert people.days("bea", both) == {FIFTH: 7.2}
    assert people.days("cat", both) == {FIFTH: 6.9, SIXTH: 14.4}


def test_by_the_dial_whole_days_alone_are_told(town: Town, people: People) -> None:
    """Use by a dial is apportioned to days: of one that two share, nobody's part is known."""
    meter = town.add("meters", serial="DIAL")
    moved = "2026-03-05T02:00Z"
    for home, since, until in ((A, "2020-01-01T00:00Z", moved), (B, moved, None)):
        town.add("meter_installations", meter_id=meter, supply_point_id=point_of(town, home),
                 installed_at=since, removed_at=until)  # fmt: skip
    dial = town.add("registers", meter_id=meter, name="1")
    for day, reading in (("2026-02-28T14:00Z", 100), ("2026-03-08T14:00Z", 108)):
        town.add("readings", register_id=dial, read_at=day, reading=reading)
    assert people.days("ann", dial) == {FOURTH: 1}
    assert people.days("bea", dial, from_date=FOURTH) == {}
    assert people.days("cat", dial) == {SIXTH: 1}
    assert people.days("staff", dial) == {FOURTH: 1, FIFTH: 1, SIXTH: 1}


def test_what_is_wrong_with_a_part_is_told_to_staff_alone(town: Town, people: People, both: str) -> None:
    told = {
        name: people.ask(name, "register_intervals", register_id=both, minutes=5) for name in ("bea", "staff")
    }
    assert (told["bea"].status_code, told["bea"].json()["code"]) == (409, "NET129")
    assert told["bea"].json()["hint"]
    assert told["bea"].json()["details"] is None
    assert told["staff"].json()["code"].startswith("MTR")


def test_a_part_that_is_not_known_makes_the_sum_unknown(town: Town, people: People, both: str) -> None:
    seventh = {"from_date": "2026-03-06", "to_date": "2026-03-08"}
    town.load([day_row(A, 100, DAYS[2].replace(day=7))])
    assert people.days("bea", both, **seventh) == {SIXTH: 14.4, "2026-03-07": None}


# A circuit ----------------------------------------------------------------------------------------------------------


def totals(people: People, name: str, circuit: str, **more: Any) -> list[tuple[Any, ...]]:
    rows = people.rows(name, "circuit_totals", circuit_id=circuit, **more)
    return [tuple(row.values()) for row in rows]


def test_a_circuit_with_a_virtual_register(town: Town, people: People, both: str) -> None:
    circuit = circuit_of(town, "both")
    assert [row["name"] for row in people.get("bea", "/circuits?select=name&type=eq.heat").json()] == ["both"]
    assert totals(people, "ann", circuit) == [(FOURTH, 14.4, False)]
    assert totals(people, "bea", circuit) == [(FIFTH, 14.4, False), (SIXTH, 14.4, False)]
    assert totals(people, "bea", circuit, step="month") == [("2026-03-01", 28.8, False)]
    assert totals(people, "staff", circuit, step="month") == [("2026-03-01", 43.2, False)]
    halves = people.rows("bea", "circuit_intervals", circuit_id=circuit)
    assert (len(halves), {row["kwh"] for row in halves}) == (96, {0.3})


def test_a_circuit_of_registers_that_are_read_and_computed(town: Town, people: People, both: str) -> None:
    """Export counts against import; each while it counts for the circuit."""
    circuit = circuit_of(town, A)
    meter = town.value("select meter_id::text from submeter.registers where id = %s", town.registers[A])
    export = town.add("registers", meter_id=meter, name="B1", direction="export")
    town.add("circuit_registers", circuit_id=circuit, register_id=export, start_at="2026-03-05T14:00Z")
    town.load([day_row(A, 50, day, stream=nmi(A, "B1", direction="export")) for day in DAYS])
    town.value("update submeter.circuit_registers set circuit_id = %s, start_at = '2026-03-05T14:00Z' where register_id = %s returning 1",
               circuit, both)  # fmt: skip
    own_and_both_less_export = 16.8  # 4.8 + 14.4 - 2.4
    assert totals(people, "staff", circuit) == [
        (FOURTH, 4.8, False), (FIFTH, 4.8, False), (SIXTH, own_and_both_less_export, False),
    ]  # fmt: skip
    assert totals(people, "bea", circuit) == totals(people, "staff", circuit)[1:]


def test_without_virtual_registers_a_circuit_is_what_the_views_have(town: Town, people: People) -> None:
    circuit = circuit_of(town, A)
    for name in ("ann", "bea", "staff"):
        days = people.get(
            name,
            f"/circuit_interval_daily?circuit_id=eq.{circuit}&day=gte.{FOURTH}&day=lte.{SIXTH}&order=day",
        )
        assert [(row["day"], row["kwh"]) for row in days.json()] == [
            row[:2] for row in totals(people, name, circuit)
        ]


def test_a_circuit_of_others_is_as_one_that_is_not_there(town: Town, people: People, both: str) -> None:
    for function in ("circuit_intervals", "circuit_totals"):
        for name, circuit in (("cat", circuit_of(town, "both")), ("bea", circuit_of(town, B)), ("bea", str(uuid4())),
                              ("owner", circuit_of(town, "both")), ("staff", str(uuid4()))):  # fmt: skip
            answer = people.ask(name, function, circuit_id=circuit)
            assert (answer.status_code, answer.json()["code"]) == (404, "NET128"), (name, function)


def test_a_step_or_a_time_that_cannot_be(town: Town, people: People, both: str) -> None:
    circuit = circuit_of(town, "both")
    for more in ({"step": "year"}, {"to_date": FOURTH}):
        answer = people.ask("bea", "circuit_totals", circuit_id=circuit, **more)
        assert (answer.status_code, answer.json()["code"]) == (400, "NET127")


# Once ---------------------------------------------------------------------------------------------------------------


def test_whoever_has_two_roles_was_there_once(town: Town, people: People, both: str) -> None:
    """Sums count each half-hour once, in the views and in the functions."""
    account, customer = town.rows(
        "select account_id::text, customer_id::text from submeter.customer_accounts k join submeter.accounts a on a.id = k.account_id"
        " where a.name = 'bea' and k.role = 'holder'"
    )[0]
    people.role(customer, account, "authorised_person")
    assert people.days("bea", both) == {FIFTH: 14.4, SIXTH: 14.4}
    for view in ("register_interval_daily", "circuit_interval_daily"):
        rows = people.get("bea", f"/{view}?day=eq.{FIFTH}").json()
        assert [row.get("quantity", row.get("kwh")) for row in rows] == [4.8]
