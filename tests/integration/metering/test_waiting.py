"""Days of a meter that nobody knew yet: each way in which it becomes known places them, by itself."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from integration.metering.town import DAY, SERVICE, Town, day_row, make_town, nmi
from submeter.core.caller import Caller
from submeter.db.database import Database
from submeter.db.transactions import transaction
from submeter.metering.model import DayRow, QualityRange, Stream

HOME = "6001000001"
NEW = "6001000002"
VALUES = list(range(48))


@pytest.fixture
def town(database: Database) -> Town:
    """Everybody's meter is there; what a test needs it leaves out."""
    return make_town(database, (HOME,))


def by_serial(serial: str) -> DayRow:
    return day_row(HOME, VALUES, stream=Stream("serial", serial, "E1"))


def act(town: Town, caller: Caller, statement: str, *values: Any) -> Any:
    with transaction(town.database, caller) as connection:
        cursor = connection.execute(statement.encode(), values or None)
        return cursor.fetchone() if cursor.description else None


def home_of(town: Town) -> tuple[str, str]:
    """The supply point and the meter of the home that is there."""
    found = town.rows("select supply_point_id::text, meter_id::text from submeter.meter_installations")
    return found[0]


Do = Callable[[str, Any], Any]


def add_identifier(town: Town, do: Do, schema: str) -> DayRow:
    town.add_home("no NMI", scheme="own")
    point = town.value(
        "select supply_point_id::text from submeter.supply_point_identifiers where scheme = 'own'"
    )
    do(
        f"insert into {schema}.supply_point_identifiers (supply_point_id, scheme, identifier) values (%s, 'NMI', %s)",
        (point, NEW),
    )
    return day_row(NEW, VALUES)


def correct_identifier(town: Town, do: Do, schema: str) -> DayRow:
    do(f"update {schema}.supply_point_identifiers set identifier = %s", (NEW,))
    return day_row(NEW, VALUES)


def add_register(town: Town, do: Do, schema: str) -> DayRow:
    _, meter = home_of(town)
    do(f"insert into {schema}.registers (meter_id, name) values (%s, 'E2')", (meter,))
    return day_row(HOME, VALUES, stream=nmi(HOME, "E2"))


def rename_register(town: Town, do: Do, schema: str) -> DayRow:
    do(f"update {schema}.registers set name = 'E2'", ())
    return day_row(HOME, VALUES, stream=nmi(HOME, "E2"))


def correct_serial(town: Town, do: Do, schema: str) -> DayRow:
    do(f"update {schema}.meters set serial = 'M7'", ())
    return by_serial("M7")


def install_earlier(town: Town, do: Do, schema: str) -> DayRow:
    do(f"update {schema}.meter_installations set installed_at = '2010-01-01T00:00Z'", ())
    return day_row(HOME, VALUES, DAY.replace(year=2015))


def add_meter(town: Town, do: Do, schema: str) -> DayRow:
    """All at once, as a client does it: the meter at its place, then its register."""
    point, _ = home_of(town)
    do(
        "insert into public.meters (serial, supply_point_id) values ('M8', %s)"
        if schema == "public"
        else "with m as (insert into submeter.meters (serial) values ('M8') returning id) "
        "insert into submeter.meter_installations (meter_id, supply_point_id, installed_at) "
        "select id, %s, '2020-01-01' from m",
        (point,),
    )
    do(
        f"insert into {schema}.registers (meter_id, name) select id, 'E1' from {schema}.meters where serial = 'M8'",
        (),
    )
    return by_serial("M8")


WAYS = (
    add_identifier,
    correct_identifier,
    add_register,
    rename_register,
    correct_serial,
    install_earlier,
    add_meter,
)


@pytest.mark.parametrize("face", ["public by an operator", "submeter by service_role"])
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_days_that_wait_find_their_meter(town: Town, way: Callable[..., DayRow], face: str) -> None:
    schema, _, role = face.partition(" by ")
    caller = town.operator if role == "an operator" else Caller("service_role", town.esco_id)
    todo: list[tuple[str, Any]] = []
    row = way(town, lambda statement, values: todo.append((statement, values)), schema)
    report = town.load([row])
    assert dict(report.codes) == {"MTR210": 1}
    assert town.value("select count(*) from public.import_waiting") == 1
    with transaction(town.database, caller) as connection:
        for statement, values in todo:
            connection.execute("select set_config('app.settings.default_esco', 'town', true)")
            connection.execute(statement.encode(), values or None)
    assert town.rows("select identifier from public.import_waiting") == []
    found = town.rows("select day, submeter.decode_amounts(amounts) from submeter.register_intervals")
    assert found == [(row.day, VALUES)]


def test_an_identifier_with_its_check_digit_finds_days_without(town: Town) -> None:
    """And the other way round, in whatever case."""
    town.load([day_row("QABB000000"), day_row("QABB0000016")])
    assert town.value("select count(*) from public.import_waiting") == 2
    town.add_home("QABB0000008")
    town.add_home("qabb000001")
    assert town.value("select count(*) from public.import_waiting") == 0


@pytest.mark.parametrize(
    "other",
    [
        {"stream": nmi(NEW, "1", unit="kvarh")},
        {"stream": nmi(NEW, "1", direction="export")},
        {"decimals": 2},
        {"quality": "V", "ranges": (QualityRange(1, 48, "A", "", "", "read by hand"),)},
    ],
    ids=["unit", "direction", "decimals", "what is said of it"],
)
def test_days_of_the_same_numbers_wait_each_for_itself(town: Town, other: dict[str, Any]) -> None:
    row = day_row(NEW, VALUES, stream=nmi(NEW, "1"), quality=other.get("quality", "A"))
    assert town.load([row, row._replace(**other)]).counts["waiting"] == 2
    assert town.value("select count(*) from public.import_waiting") == 2
    # Once more they are the same, though.
    town.load([row, row._replace(**other)], name="again")
    assert town.value("select count(*) from public.import_waiting") == 2


def test_the_day_on_which_the_meter_came_is_placed_with_the_next_import(town: Town) -> None:
    """Market days begin an hour after midnight of summer: the first hour is of the day before."""
    town.load([day_row(NEW, VALUES, DAY - timedelta(1)), day_row(NEW, VALUES)])
    town.add_home(NEW, installed=f"{DAY}T00:00+11:00")
    assert town.current(NEW) == VALUES
    assert town.current(NEW, DAY - timedelta(1)) is None
    assert town.load([day_row(HOME)]).counts["found"] == 1
    assert town.current(NEW, DAY - timedelta(1)) == VALUES
    assert town.value("select count(*) from public.import_waiting") == 0


@pytest.mark.parametrize("second", ["the old one", "the new one"])
def test_a_day_that_waits_is_divided_when_both_meters_of_an_exchange_are_there(
    town: Town, second: str
) -> None:
    missing = [None, *range(1, 46), None, 47]
    town.load([day_row(NEW, VALUES), day_row(NEW, missing, DAY + timedelta(1))])
    noon = "2026-03-05T12:00+10:00"
    point = town.add_home(NEW, scheme="own", serial="MOLD")
    with town.database.connect_owner() as owner:
        owner.execute(
            "update submeter.meter_installations set removed_at = %s where supply_point_id = %s",
            (noon, point),
        )
    name = "update submeter.supply_point_identifiers set scheme = 'NMI' where supply_point_id = %s"
    if second == "the new one":
        act(town, SERVICE, name, point)
        assert town.value("select count(*) from public.import_waiting") == 2
        town.add_meter("new", point, "MNEW", noon)
    else:
        town.add_meter("new", point, "MNEW", noon)
        act(town, SERVICE, name, point)
    assert town.value("select count(*) from public.import_waiting") == 0
    assert town.current("MOLD") == [*range(24), *[None] * 24]
    assert town.current("MNEW") == [*[None] * 24, *range(24, 48)]
    assert town.current("MNEW", DAY + timedelta(1)) == missing
    halves = town.rows(
        "select missing, standing, total from submeter.register_intervals where day = %s order by total", DAY
    )
    assert halves == [(24, 1, sum(range(24))), (24, 1, sum(range(24, 48)))]


def test_no_agreement_is_needed_but_a_customer_sees_with_one(town: Town) -> None:
    assert dict(town.load([day_row(HOME, VALUES)]).codes) == {}
    point, _ = home_of(town)
    account = town.add("accounts", name="Ada", seller_id=town.value("select id from submeter.sellers"))
    customer = town.add("customers", name="Ada", email="ada@example.org", status="live")
    act(town, SERVICE, "insert into submeter.customer_accounts (esco_id, customer_id, account_id, role, from_date) "
                       "values (%s, %s, %s, 'holder', '1900-01-01')", town.esco_id, customer, account)  # fmt: skip
    ada = Caller("authenticated", town.esco_id, customer)
    count = "select count(*) from public.register_interval_hh"
    assert act(town, ada, count) == (0,)
    town.add("agreements", supply_point_id=point, account_id=account, from_date="2026-01-01")
    assert act(town, ada, count) == (48,)
