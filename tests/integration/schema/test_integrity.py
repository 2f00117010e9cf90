"""What the tables and the views refuse, and what they fill in."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from submeter.core.caller import Caller
from submeter.metering.reading_actions import add_readings

pytestmark = pytest.mark.system_postgres
SERVICE = Caller("service_role")


@pytest.fixture
def home(world: Any, build: Any) -> Any:
    build.esco(world, "wlce", "south_west")
    build.home(world, "wlce", "flat1")
    build.home(world, "wlce", "flat2")
    build.customer(world, "wlce", "ann")
    return world


# Dated rows ----------------------------------------------------------------------------------------------------


def test_one_agreement_at_a_time_and_neighbours_may_touch(home: Any, build: Any, refused: Any) -> None:
    build.supply(home, "wlce", "flat1", "ann", "2024-01-01", "2024-06-01")
    build.supply(home, "wlce", "flat1", "ann", "2024-06-01")
    with refused("23P01"):
        build.supply(home, "wlce", "flat1", "ann", "2024-05-31", "2024-06-01")
    with refused("23514"):
        build.supply(home, "wlce", "flat2", "ann", "2024-05-31", "2024-05-31")


def test_a_meter_is_in_one_place_at_a_time(home: Any, refused: Any) -> None:
    statement = (
        "insert into meter_installations (meter_id, supply_point_id, installed_at) values (%s, %s, %s)"
    )
    with refused("23P01"):
        home.run(home.operator("wlce"), statement, home["flat1 meter"], home["flat2 point"], "2024-01-01")
    home.run(
        home.operator("wlce"),
        "update meter_installations set removed_at = '2024-01-01' where meter_id = %s",
        home["flat1 meter"],
    )
    assert (
        home.run(home.operator("wlce"), statement, home["flat1 meter"], home["flat2 point"], "2024-01-01")
        == 1
    )


def test_an_identifier_belongs_to_one_supply_point_at_a_time(home: Any, refused: Any) -> None:
    statement = "insert into supply_point_identifiers (supply_point_id, scheme, identifier, from_date) values (%s, 'NMI', '6001234567', %s)"
    home.run(home.operator("wlce"), statement, home["flat1 point"], "2024-01-01")
    with refused("23P01"):
        home.run(home.operator("wlce"), statement, home["flat2 point"], "2025-01-01")


def test_a_register_counts_for_one_circuit_at_a_time(home: Any, refused: Any) -> None:
    with refused("23P01"):
        home.run(home.operator("wlce"), "insert into circuit_registers (circuit_id, register_id) values (%s, %s)",
                 home["flat2 power"], home["flat1 power register"])  # fmt: skip


def test_a_role_is_held_once_at_a_time(home: Any, build: Any, refused: Any) -> None:
    with refused("23P01"):
        build.role(home, "wlce", "ann", "ann account", "holder", "2024-01-01", None)


def test_rows_of_two_escos_cannot_be_tied(home: Any, build: Any, refused: Any) -> None:
    build.esco(home, "lfce", "london")
    build.customer(home, "lfce", "dan")
    with refused("23503"):
        home.add(
            "bad",
            "agreements",
            esco_id=home["wlce"],
            supply_point_id=home["flat1 point"],
            account_id=home["dan account"],
            from_date="2024-01-01",
        )


# Which ESCO ----------------------------------------------------------------------------------------------------


def test_the_esco_is_the_tokens_else_the_configured_one_else_refused(home: Any, refused: Any) -> None:
    insert = "insert into customers (name) values ('x') returning esco_id::text"
    assert home.value(home.operator("wlce"), insert) == home["wlce"]
    for setting in (None, "", "nosuch"):
        with refused("22023") as info, home.acting(SERVICE) as connection:
            connection.execute("select set_config('app.settings.default_esco', %s, true)", (setting or "",))
            connection.execute(insert)
        assert info.value.diag.message_primary == "no ESCO given"
        assert info.value.diag.message_hint
    for statement in (insert, "insert into accounts (name) values ('x') returning esco_id::text",
                      "insert into meters (serial) values ('x') returning esco_id::text"):  # fmt: skip
        with home.acting(SERVICE) as connection:
            connection.execute("select set_config('app.settings.default_esco', 'wlce', true)")
            assert connection.execute(statement).fetchone() == (home["wlce"],)


# Customers and accounts ----------------------------------------------------------------------------------------


def test_a_customer_with_accounts_cannot_be_deleted(home: Any, refused: Any) -> None:
    with refused("23503"):
        home.run(home.operator("wlce"), "delete from customers where id = %s", home["ann"])
    spare = home.value(
        home.operator("wlce"),
        "insert into customers (name, email) values ('x', 'ann@example.org') returning id",
    )
    assert home.run(home.operator("wlce"), "delete from customers where id = %s", spare) == 1


def test_a_status_outside_the_list_is_refused(home: Any, refused: Any) -> None:
    with refused("23514"):
        home.run(home.operator("wlce"), "update customers set status = 'sleeping'")
    assert home.run(home.operator("wlce"), "update customers set status = 'active'") == 1


def test_upserts_through_the_views(home: Any) -> None:
    operator = home.operator("wlce")
    for _ in range(2):
        home.run(
            operator,
            "insert into customers (id, name) values (%s, 'ann b') on conflict (id) do update set name = excluded.name",
            home["ann"],
        )
        home.run(operator, "insert into customer_accounts (customer_id, account_id, role, to_date) values (%s, %s, 'occupier', '2030-01-01')"
                 " on conflict (customer_id, account_id, role, from_date) do update set to_date = excluded.to_date", home["ann"], home["ann account"])  # fmt: skip
        home.run(operator, "insert into payments (id, account_id, amount_pence) values ('00000000-0000-0000-0000-000000000001', %s, 100)"
                 " on conflict (id) do update set amount_pence = excluded.amount_pence", home["ann account"])  # fmt: skip
        home.run(operator, "insert into customer_tariffs (customer_id, period_start, unit_rate, standing_charge) values (%s, '2024-01-01', 0.1, 0.2)"
                 " on conflict (customer_id, period_start) do update set unit_rate = excluded.unit_rate", home["ann"])  # fmt: skip
    counts = [
        home.value(operator, f"select count(*) from {view}")
        for view in ("customers", "payments", "customer_tariffs")
    ]
    assert counts == [1, 1, 1]


def test_an_account_through_its_view(home: Any, build: Any, refused: Any) -> None:
    operator = home.operator("wlce")
    row = home.rows(
        operator,
        "insert into accounts (name) values ('new') returning id, account_number, seller_id::text, type, status, property_id",
    )[0]
    assert row[1].isdigit()
    assert row[2:] == (home["wlce seller"], "supply", "pending", None)
    assert home.rows(
        operator,
        "update accounts set payment_terms_days = 21 where id = %s returning payment_terms_days",
        row[0],
    ) == [(21,)]
    with refused("22023"):
        home.run(operator, "update accounts set status = 'closed' where id = %s", row[0])
    with refused("22023"):
        home.run(operator, "insert into accounts (property_id) values (%s)", home["flat1"])
    assert home.run(operator, "delete from accounts where id = %s", row[0]) == 1
    with refused("23503"):
        home.run(operator, "delete from accounts where id = %s", home["ann account"])


def test_an_account_needs_to_say_which_of_several_sellers(home: Any, refused: Any) -> None:
    home.add("second", "sellers", esco_id=home["wlce"], name="body corporate")
    with refused("23502") as info:
        home.run(home.operator("wlce"), "insert into accounts (name) values ('x')")
    assert "several" in info.value.diag.message_detail


@pytest.mark.parametrize(
    ("product", "days", "expected"),
    [
        ("power", ("2020-01-01", None), ("supply", "open")),
        ("power", ("2020-01-01", "2021-01-01"), ("supply", "closed")),
        ("power", ("2099-01-01", None), ("supply", "pending")),
        ("solar", ("2020-01-01", None), ("solar", "open")),
    ],
)
def test_type_status_and_property_of_an_account_follow_its_agreements(
    home: Any, build: Any, product: str, days: tuple[str, str | None], expected: tuple[str, str]
) -> None:
    build.home(home, "wlce", "flat3", product=product)
    build.supply(home, "wlce", "flat3", "ann", *days)
    query = "select type, status, property_id::text from accounts where id = %s"
    assert home.rows(SERVICE, query, home["ann account"]) == [(*expected, home["flat3"])]


# Meters and readings -------------------------------------------------------------------------------------------


def test_a_meter_through_its_view(home: Any, build: Any, refused: Any) -> None:
    operator = home.operator("wlce")
    returning = "returning id, supply_point_id::text, property_id::text, status"
    build.home(home, "wlce", "flat3")
    by_property = home.rows(
        operator, f"insert into meters (serial, property_id) values ('N1', %s) {returning}", home["flat3"]
    )[0]
    assert by_property[1:] == (home["flat3 point"], home["flat3"], "installed")
    in_stock = home.rows(operator, f"insert into meters (serial) values ('N2') {returning}")[0]
    assert in_stock[1:] == (None, None, "stock")
    with refused("22023"):
        home.run(operator, "update meters set property_id = %s where id = %s", home["flat1"], in_stock[0])
    home.add("heat point", "supply_points", esco_id=home["wlce"], property_id=home["flat3"], product="heat")
    with refused("22023"):
        home.run(operator, "insert into meters (serial, property_id) values ('N3', %s)", home["flat3"])
    with refused("23505"):
        home.run(operator, "insert into meters (serial) values ('N2')")
    assert home.rows(operator, "update meters set name = 'x' where serial = 'N2' returning name") == [("x",)]
    assert home.run(operator, "delete from meters where serial = 'N2'") == 1
    with refused("23503"):
        home.run(operator, "delete from meters where serial = 'N1'")


@pytest.fixture
def dial(home: Any) -> Any:
    """A meter with one register."""
    operator = home.operator("wlce")
    home.ids["dial"] = str(home.value(operator, "insert into meters (serial) values ('DIAL') returning id"))
    home.ids["dial register"] = str(
        home.value(operator, "insert into registers (meter_id) values (%s) returning id", home["dial"])
    )
    return home


def read(world: Any, **columns: Any) -> dict[str, Any]:
    rows = [{name: str(value) for name, value in columns.items()}]
    row = add_readings(world.database, world.operator("wlce"), rows, datetime.now(UTC))[0]
    return {name: str(value) for name, value in row.items()}


def test_a_reading_names_a_meter_or_a_register_and_comes_back_whole(dial: Any) -> None:
    by_meter = read(dial, meter_id=dial["dial"], timestamp="2024-01-01T00:00Z", reading="12.5")
    assert (by_meter["register_id"], by_meter["meter_id"]) == (dial["dial register"], dial["dial"])
    assert (by_meter["reading"], by_meter["status"], by_meter["kind"], by_meter["esco_id"]) == (
        "12.5",
        "actual",
        "periodic",
        dial["wlce"],
    )
    now = read(dial, register_id=dial["dial register"], reading="13")
    assert datetime.fromisoformat(now["timestamp"]) <= datetime.now(UTC)


@pytest.mark.parametrize(
    ("sqlstate", "columns"),
    [
        ("23502", {"reading": 1}),
        ("23502", {"meter_id": "dial"}),
        ("23503", {"meter_id": "00000000-0000-0000-0000-000000000000", "reading": 1}),
        ("23503", {"register_id": "00000000-0000-0000-0000-000000000000", "reading": 1}),
        ("23503", {"meter_id": "dial", "register_id": "flat1 heat register", "reading": 1}),
        ("22023", {"meter_id": "flat1 meter", "reading": 1}),
        ("22023", {"meter_id": "dial", "reading": 1, "timestamp": datetime.now(UTC) + timedelta(hours=1)}),
        ("23514", {"meter_id": "dial", "reading": -1}),
        ("23514", {"meter_id": "dial", "reading": "NaN"}),
        ("23505", {"meter_id": "dial", "reading": 2, "timestamp": "2024-01-01T00:00Z"}),
        ("23503", {"meter_id": "dial", "reading": 2, "replaces_id": "00000000-0000-0000-0000-000000000000"}),
    ],
)
def test_a_bad_reading_is_refused_in_words_and_changes_nothing(
    dial: Any, refused: Any, sqlstate: str, columns: dict[str, Any]
) -> None:
    read(dial, meter_id=dial["dial"], timestamp="2024-01-01T00:00Z", reading=1)
    before = dial.rows(SERVICE, "select * from submeter.readings")
    with refused(sqlstate) as info:
        read(
            dial,
            **{
                name: dial.ids.get(value, value) if name.endswith("_id") else value
                for name, value in columns.items()
            },
        )
    diagnosis = info.value.diag
    assert diagnosis.message_primary
    assert diagnosis.message_detail
    assert diagnosis.message_hint
    assert dial.rows(SERVICE, "select * from submeter.readings") == before


def test_a_correction_replaces_and_the_old_reading_stays(dial: Any, refused: Any) -> None:
    first = read(dial, meter_id=dial["dial"], timestamp="2024-01-01T00:00Z", reading=1)
    second = read(
        dial, meter_id=dial["dial"], timestamp="2024-01-01T00:00Z", reading=2, replaces_id=first["id"]
    )
    third = read(
        dial, meter_id=dial["dial"], timestamp="2024-01-02T00:00Z", reading=3, replaces_id=second["id"]
    )
    assert dial.rows(SERVICE, "select id::text, reading from meter_readings") == [(third["id"], 3)]
    assert dial.value(SERVICE, "select count(*) from submeter.readings") == 3
    with refused("23505"):
        read(dial, meter_id=dial["dial"], timestamp="2024-01-03T00:00Z", reading=4, replaces_id=first["id"])


@pytest.mark.parametrize("table", ["readings", "register_interval_versions", "payment_events", "audit"])
def test_accepted_rows_stay_even_for_the_owner(dial: Any, refused: Any, table: str) -> None:
    read(dial, meter_id=dial["dial"], reading=1)
    dial.run(
        SERVICE,
        "insert into payments (esco_id, account_id, amount_pence) values (%s, %s, 1)",
        dial["wlce"],
        dial["ann account"],
    )
    for amounts in ("0", "1"):
        dial.run(SERVICE, "insert into submeter.register_intervals (esco_id, register_id, day, starts_at, amounts) values (%s, %s, '2024-01-01', '2024-01-01', submeter.encode_amounts(array_fill(%s::int, array[48])))"
                 " on conflict (register_id, day) do update set amounts = excluded.amounts", dial["wlce"], dial["dial register"], amounts)  # fmt: skip
    for statement in (
        f"update submeter.{table} set created_at = now()",
        f"delete from submeter.{table}",
        f"truncate submeter.{table} cascade",
    ):
        with dial.database.connect_owner() as owner, refused("23001"):
            owner.execute(statement.replace("created_at", "at") if table == "audit" else statement)
    for statement in ("update meter_readings set reading = 5", "delete from meter_readings"):
        with refused("23001") as info:
            dial.run(dial.operator("wlce"), statement)
        assert "replaces_id" in info.value.diag.message_hint


def test_interval_days_keep_their_versions_and_add_up_exactly(dial: Any, refused: Any) -> None:
    insert = ("insert into submeter.register_intervals (esco_id, register_id, day, starts_at, minutes, decimals, amounts)"
              " values (%s, %s, %s, %s::timestamptz, %s, %s, submeter.encode_amounts(%s))")  # fmt: skip
    owner = (dial["wlce"], dial["dial register"])
    dial.run(SERVICE, insert, *owner, "2024-03-31", "2024-03-31T00:00Z", 30, 4, [1] * 46)
    dial.run(SERVICE, insert, *owner, "2024-04-01", "2024-04-01T00:00Z", 5, 3, [1] * 282 + [None] * 6)
    dial.run(SERVICE, insert, *owner, "2024-04-02", "2024-04-02T00:00Z", 60, 0, [2**31 - 1] * 24)
    days = (
        "select total, decimals, missing, ends_at - starts_at from submeter.register_intervals order by day"
    )
    assert dial.rows(SERVICE, days) == [
        (46, 4, 0, timedelta(hours=23)),
        (282, 3, 6, timedelta(days=1)),
        ((2**31 - 1) * 24, 0, 0, timedelta(days=1)),
    ]
    query = (
        "select count(*), sum(kwh)::text from register_interval_hh where timestamp >= %s and timestamp < %s"
    )
    assert dial.rows(SERVICE, query, "2024-04-01T00:00Z", "2024-04-02T00:00Z") == [(47, "0.282")]
    with refused("23514"):
        dial.run(SERVICE, insert, *owner, "2024-04-03", "2024-04-03T00:00Z", 30, 3, [1] * 47)
    with dial.database.connect_owner() as database_owner, refused("23001"):
        database_owner.execute("delete from submeter.register_intervals")


# Money and audit -----------------------------------------------------------------------------------------------


def test_a_payment_has_no_upper_limit_and_is_final_once_succeeded(home: Any, refused: Any) -> None:
    operator = home.operator("wlce")
    key = home.value(
        operator,
        "insert into payments (account_id, amount_pence) values (%s, 9999999) returning id",
        home["ann account"],
    )
    home.run(operator, "update payments set status = 'pending', amount_pence = 60000")
    home.run(operator, "update payments set status = 'succeeded'")
    for change in ("amount_pence = 1", "status = 'failed'", f"account_id = '{home['wlce']}'"):
        with refused("23001"):
            home.run(operator, f"update payments set {change}")
    with refused("23001"):
        home.run(operator, "delete from payments")
    assert home.run(operator, "update payments set receipt_url = 'https://example.org/r'") == 1
    events = home.rows(
        operator,
        "select event_type, data->>'status' from payment_events where payment_id = %s order by id",
        key,
    )
    assert events == [
        ("created", "created"),
        ("changed", "pending"),
        ("changed", "succeeded"),
        ("changed", None),
    ]
    with refused("23514"):
        home.run(
            operator, "insert into payments (account_id, amount_pence) values (%s, 0)", home["ann account"]
        )


def test_the_same_idempotency_key_twice_is_refused(home: Any, refused: Any) -> None:
    insert = "insert into payments (account_id, amount_pence, idempotency_key) values (%s, 1, 'k')"
    home.run(home.operator("wlce"), insert, home["ann account"])
    with refused("23505"):
        home.run(home.operator("wlce"), insert, home["ann account"])


def test_changes_are_audited_with_who_and_what(home: Any) -> None:
    home.run(home.operator("wlce"), "update customers set phone = '123'")
    home.run(home.operator("wlce"), "update customers set phone = '123'")
    home.run(home.customer("ann"), "update customers set name = 'Ann'")
    query = "select database_role, action, changes, actor->>'customer_id' from audit where table_name = 'customers' and action <> 'insert' order by id"
    assert home.rows(home.operator("wlce"), query) == [
        ("operator", "update", {"phone": "123"}, None),
        ("authenticated", "update", {"name": "Ann"}, home["ann"]),
    ]


COUNTING = {
    "virtual_registers": ("update virtual_registers set formula = 'difference'", {"formula": "difference"}),
    "virtual_register_parts": ("update virtual_register_parts set place = 2", {"place": 2}),
    "register_types": ("update register_types set unit = 'MJ' where code = 'STDGAS'", {"unit": "MJ"}),
    "registers": ("update registers set digits = 5 where name = 'V'", {"digits": 5}),
    "register_multipliers": ("update register_multipliers set multiplier = 2", {"multiplier": 2}),
    "circuits": ("update circuits set type = 'solar' where type = 'power'", {"type": "solar"}),
    "circuit_registers": ("update circuit_registers set end_at = '2030-01-01Z'", {"end_at": "2030-01-01T00:00:00+00:00"}),
    "supply_points": ("update supply_points set loss_factor_code = 'ABC1'", {"loss_factor_code": "ABC1"}),
    "supply_point_identifiers": ("update supply_point_identifiers set identifier = 'x'", {"identifier": "x", "lookup": "X"}),
    "site_gates": ("update site_gates set to_date = '2030-01-01'", {"to_date": "2030-01-01"}),
    "loss_factors": ("update loss_factors set factor = 1.1", {"factor": 1.1}),
    "reading_tolerances": ("update reading_tolerances set gap_days = 7", {"gap_days": 7}),
    "interval_settings": ("update interval_settings set zero_hours = 48", {"zero_hours": 48}),
}  # fmt: skip


@pytest.fixture
def counted(home: Any) -> Any:
    """The home with a row in every table that decides how its quantities are counted."""
    esco, point = {"esco_id": home["wlce"]}, home["flat1 point"]
    register = home["flat1 power register"]
    virtual = home.add("virtual", "registers", **esco, meter_id=home["flat1 meter"], name="V")
    home.run(SERVICE, "insert into virtual_registers (register_id, esco_id, formula) values (%s, %s, 'sum')",
             virtual, home["wlce"])  # fmt: skip
    home.add("part", "virtual_register_parts", **esco, virtual_register_id=virtual, register_id=register)
    home.add(
        "factor", "register_multipliers", **esco, register_id=register, multiplier=3, from_date="2020-01-01"
    )
    home.add(
        "name", "supply_point_identifiers", **esco, supply_point_id=point, scheme="own", identifier="flat 1"
    )
    home.add("gate", "site_gates", **esco, site_id=home["wlce site"], supply_point_id=point)
    home.add("loss", "loss_factors", **esco, kind="DLF", supply_point_id=point, factor=1)
    home.add("settings", "interval_settings", **esco, zero_hours=96)
    return home


@pytest.mark.parametrize("table", COUNTING)
def test_who_decides_how_quantities_are_counted_stands_in_the_audit(counted: Any, table: str) -> None:
    statement, changes = COUNTING[table]
    operator = Caller("operator", counted["wlce"], key="clerk")
    if table == "virtual_registers":
        counted.run(SERVICE, "delete from virtual_register_parts")
    assert counted.run(operator, statement)
    rows = "select changes, row_key, actor, database_role from audit where table_name = %s and action = 'update' order by id desc"
    found, key, actor, role = counted.rows(operator, rows, table)[0]
    assert (found, actor, role) == (changes, {"key": "clerk"}, "operator")
    assert key.keys() & {"id", "register_id", "code"}
    assert (
        counted.value(SERVICE, f"select count(*) from {table} where to_jsonb({table}) @> %s", json.dumps(key))
        == 1
    )


def test_updated_at_is_the_databases(home: Any) -> None:
    home.run(home.operator("wlce"), "update customers set name = 'x', updated_at = '2000-01-01'")
    assert home.value(SERVICE, "select updated_at > now() - interval '1 hour' from customers") is True
