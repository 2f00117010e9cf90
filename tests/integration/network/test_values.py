"""Values of registers over REST: sums, differences, shares, what a site has left; by intervals and by days."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import httpx
import pytest

from integration.metering.clerk import operator_of
from integration.metering.town import DAY, Town, day_row, make_town
from submeter.db.database import Database

A, B, GATE = "6001000001", "6001000002", "6001000003"
DAYS = [date(2026, 3, day) for day in (4, 5, 6)]


@pytest.fixture
def town(database: Database) -> Town:
    """Two homes behind a gate, in market time: 0.1 and 0.2 kWh a half-hour, and 1.0 at the gate."""
    town = make_town(database, (A, B, GATE))
    town.value(
        "update submeter.sites set billing_clock = 'market', market_time_zone = 'Etc/GMT-10' returning 1"
    )
    rows = [day_row(home, value, day) for home, value in ((A, 100), (B, 200), (GATE, 1000)) for day in DAYS]
    town.load(rows)
    town.add("site_gates", site_id=town.site_id, supply_point_id=point_of(town, GATE))
    return town


@pytest.fixture
def client(town: Town) -> Iterator[httpx.Client]:
    with operator_of(town) as client:
        yield client


def point_of(town: Town, home: str) -> str:
    query = "select supply_point_id::text from submeter.supply_point_identifiers where identifier = %s"
    return str(town.value(query, home))


def virtual(town: Town, formula: str, *parts: str, weight: int = 1, **more: Any) -> str:
    """A virtual register of a meter in the books, at home A; parts in their places."""
    name = f"V{town.value('select count(*) from submeter.meters')}"
    meter = town.add("meters", serial=name)
    town.add(
        "meter_installations",
        meter_id=meter,
        supply_point_id=point_of(town, A),
        installed_at="2020-01-01T00:00Z",
    )
    register = town.add("registers", meter_id=meter, name=name)
    town.value("insert into submeter.virtual_registers (esco_id, register_id, formula) values (%s, %s, %s) returning 1",
               town.esco_id, register, formula)  # fmt: skip
    for place, part in enumerate(parts, 1):
        town.add("virtual_register_parts", virtual_register_id=register, register_id=town.registers.get(part, part),
                 place=place, weight=weight, **more)  # fmt: skip
    return register


def ask(client: httpx.Client, name: str, register: str, **told: Any) -> Any:
    asked = {"register_id": register, "from_date": str(DAY), "to_date": "2026-03-06", **told}
    answer = client.post(f"/rpc/{name}", json=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()


def half_hours(client: httpx.Client, register: str, **told: Any) -> list[Decimal | None]:
    rows = ask(client, "register_intervals", register, **told)
    return [None if row["quantity"] is None else Decimal(str(row["quantity"])) for row in rows]


def of_day(client: httpx.Client, register: str) -> Decimal | None:
    (row,) = ask(client, "register_days", register)
    return None if row["quantity"] is None else Decimal(str(row["quantity"]))


def test_sum_difference_and_one_of_another(town: Town, client: httpx.Client) -> None:
    both = virtual(town, "sum", A, B)
    assert half_hours(client, both) == [Decimal("0.3")] * 48
    less = virtual(town, "difference", GATE, both)
    assert (half_hours(client, less), of_day(client, less)) == ([Decimal("0.7")] * 48, Decimal("33.6"))
    assert half_hours(client, less, minutes=60) == [Decimal("1.4")] * 24
    assert half_hours(client, town.registers[A]) == [Decimal("0.1")] * 48
    first = ask(client, "register_intervals", both)[0]["timestamp"]
    assert first.startswith("2026-03-04T14:00:00")


def test_shares_of_each_half_hour_add_up(town: Town, client: httpx.Client) -> None:
    weights = (1, 1, 5)
    shares = [virtual(town, "share", A, weight=weight) for weight in weights]
    values = [half_hours(client, register) for register in shares]
    assert [sum(parts) for parts in zip(*values, strict=True)] == [Decimal("0.1")] * 48  # type: ignore[arg-type]
    assert values[2][0] == Decimal("0.071428")


def test_a_share_changes_when_the_sharers_do(town: Town, client: httpx.Client) -> None:
    first = virtual(town, "share", A)
    virtual(town, "share", A, start_at="2026-03-05T02:00Z")
    assert half_hours(client, first) == [Decimal("0.1")] * 24 + [Decimal("0.05")] * 24


def test_parts_have_times_and_what_is_not_known_is_not_known(town: Town, client: httpx.Client) -> None:
    later = virtual(town, "sum", A, start_at="2026-03-05T02:00Z")
    assert half_hours(client, later) == [0] * 24 + [Decimal("0.1")] * 24
    town.load([day_row(A, [None] + [100] * 47, date(2026, 3, 7), version_at=None)])
    both = virtual(town, "sum", A, B)
    values = half_hours(client, both, from_date="2026-03-07", to_date="2026-03-08")
    assert values == [None] * 48
    whole = virtual(town, "sum", A)
    seventh = {"from_date": "2026-03-07", "to_date": "2026-03-08"}
    assert half_hours(client, whole, **seventh) == [None] + [Decimal("0.1")] * 47
    assert ask(client, "register_days", whole, **seventh) == [
        {"day": "2026-03-07", "quantity": None, "provisional": False}
    ]


def test_what_the_site_has_left_with_losses(town: Town, client: httpx.Client) -> None:
    rest = virtual(town, "residual")
    assert half_hours(client, rest) == [Decimal("0.7")] * 48
    town.add("loss_factors", kind="internal", site_id=town.site_id, factor="1.1")
    town.add(
        "loss_factors",
        kind="internal",
        supply_point_id=point_of(town, B),
        factor="1.5",
        from_date="2026-03-05",
    )
    town.add("loss_factors", kind="DLF", site_id=town.site_id, factor="2")
    assert half_hours(client, rest) == [Decimal(1) - Decimal("0.11") - Decimal("0.3")] * 48
    before = half_hours(client, rest, from_date="2026-03-04", to_date="2026-03-05")
    assert before == [Decimal(1) - Decimal("0.11") - Decimal("0.22")] * 48


def test_dials_by_days_with_their_multiplier_and_intervals_without(town: Town, client: httpx.Client) -> None:
    """The multiplier is the dial's and the pulses', never an interval file's."""
    for register in (town.registers[A], dial(town)):
        town.add("register_multipliers", register_id=register, multiplier=40, from_date="2020-01-01")
    both = virtual(town, "sum", A, "dial")
    assert of_day(client, town.registers[A]) == Decimal("4.8")
    assert of_day(client, town.registers["dial"]) == Decimal(40)
    assert of_day(client, both) == Decimal("44.8")
    assert half_hours(client, both) == [None] * 48
    (row,) = ask(client, "register_days", both, from_date="2026-03-10", to_date="2026-03-11")
    assert row["quantity"] is None


def dial(town: Town) -> str:
    """A kWh a day, as read on 1 and 9 March; the last one is estimated."""
    meter = town.add("meters", serial="dial")
    town.add(
        "meter_installations",
        meter_id=meter,
        supply_point_id=point_of(town, B),
        installed_at="2020-01-01T00:00Z",
    )
    register = town.registers["dial"] = town.add("registers", meter_id=meter, name="1", digits=5)
    town.add("readings", register_id=register, read_at="2026-02-28T14:00Z", reading=100)
    town.add("readings", register_id=register, read_at="2026-03-08T14:00Z", reading=108, status="estimated")
    return register


def test_an_estimate_is_provisional_in_what_is_made_of_it(town: Town, client: httpx.Client) -> None:
    dial(town)
    for register in (town.registers["dial"], virtual(town, "sum", "dial")):
        assert ask(client, "register_days", register) == [
            {"day": "2026-03-05", "quantity": 1, "provisional": True}
        ] or [row["provisional"] for row in ask(client, "register_days", register)] == [True]


def test_pulses_count_by_the_multiplier_of_their_day(town: Town, client: httpx.Client) -> None:
    town.value(
        "update submeter.registers set unit = 'pulse', type = 'ALLDAY' where id = %s returning 1",
        town.registers[A],
    )
    town.add(
        "register_multipliers",
        register_id=town.registers[A],
        pulse_weight="0.5",
        from_date="2020-01-01",
        to_date="2026-03-05",
    )
    town.add(
        "register_multipliers", register_id=town.registers[A], pulse_weight="0.25", from_date="2026-03-05"
    )
    made = virtual(town, "sum", A, B)
    assert half_hours(client, made) == [Decimal("0.225")] * 48
    assert half_hours(client, made, from_date="2026-03-04", to_date="2026-03-05") == [Decimal("0.25")] * 48


@pytest.mark.parametrize(
    ("name", "status", "code", "told"),
    [
        ("register_days", 404, "NET130", {"register_id": "00000000-0000-0000-0000-000000000000"}),
        ("register_days", 400, "NET127", {"to_date": "2026-03-05"}),
        ("register_intervals", 400, "NET127", {"minutes": 7}),
        ("register_intervals", 400, "NET127", {"to_date": "2036-03-05"}),
        ("register_intervals", 400, "MTR394", {"minutes": 5}),
        ("register_days", 400, "MTR199", {"from_date": "infinity"}),
        ("register_days", 400, "MTR199", {"to_date": "6 Mar 2026"}),
        ("register_intervals", 400, "MTR199", {"from_date": None}),
        ("register_intervals", 400, "NET127", {"minutes": "0x07"}),
        ("register_consumption", 400, "MTR199", {"from_date": "-infinity"}),
    ],
)
def test_what_cannot_be_computed(
    town: Town, client: httpx.Client, name: str, status: int, code: str, told: dict[str, Any]
) -> None:
    asked = {"register_id": town.registers[A], "from_date": str(DAY), "to_date": "2026-03-06", **told}
    answer = client.post(f"/rpc/{name}", json=asked)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


@pytest.mark.parametrize("factor", ["Infinity", "NaN"])
def test_a_turn_of_the_dial_is_a_number(client: httpx.Client, factor: str) -> None:
    answer = client.post("/rpc/process_reading", json={"id": 1, "add_factor": factor})
    assert (answer.status_code, answer.json()["code"]) == (400, "MTR199"), answer.text
