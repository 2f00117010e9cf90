"""Who sees what: every role over every view, and a home where one customer followed another."""

import json
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from submeter.core.caller import Caller
from submeter.core.problem import Refused
from submeter.metering.register_values import list_day_values

pytestmark = pytest.mark.system_postgres
SERVICE = Caller("service_role")
KEYS = {"escos": "id", "esco_settings": "id"}
SHARED = {"regions", "benchmark_tariffs", "tax_rates"}
NOT_FOR_CUSTOMERS = {"esco_settings", "meter_shadows", "payment_events", "audit", "import_files", "import_findings",
                     "import_waiting", "register_interval_history", "interval_settings", "interval_findings",
                     "interval_changes", "reading_queue", "reading_tolerances", "column_maps",
                     "site_interval_hh", "site_interval_daily", "site_interval_monthly",
                     "virtual_registers", "virtual_register_parts", "site_gates", "loss_factors", "tax_rates",
                     "calendars", "calendar_holidays", "spot_prices", "price_conversions", "offerings", "inducements",
                     "inducement_schedules", "site_price_plans", "solar_credit_tariffs", "solar_installations",
                     "solar_credit_allocations", "demand_peaks"}  # fmt: skip


@pytest.fixture(scope="module")
def street(module_database: Any, request: pytest.FixtureRequest) -> Any:
    """flat1: ann until 10 June 2024, bea from then on. flat2: cat, with a landlord. lfce: dan in flat9."""
    world = request.getfixturevalue("new_world")(module_database)
    build = request.getfixturevalue("builders")
    for esco, homes, names in (
        ("wlce", ["flat1", "flat2"], ["ann", "bea", "cat"]),
        ("lfce", ["flat9"], ["dan"]),
    ):
        build.esco(world, esco, "south_west")
        for home in homes:
            build.home(world, esco, home)
        for name in names:
            build.customer(world, esco, name)
    build.supply(world, "wlce", "flat1", "ann", "2024-01-01", "2024-06-10")
    build.supply(world, "wlce", "flat1", "bea", "2024-06-10")
    build.supply(world, "wlce", "flat2", "cat", "2024-01-01")
    build.supply(world, "lfce", "flat9", "dan", "2024-01-01")
    for name, role in (
        ("landlord", "owner"),
        ("agent", "property_manager"),
        ("clerk", "billing_contact"),
        ("son", "authorised_person"),
    ):
        world.add(name, "customers", esco_id=world["wlce"], name=name)
        build.role(world, "wlce", name, "cat account", role)
    world.add("ex", "customers", esco_id=world["wlce"], name="ex", status="archived")
    build.role(world, "wlce", "ex", "cat account", "joint_holder", "2024-01-01", "2024-03-01")
    build.benchmark(world, "south_west", "2024-01-01", "0.2", "0.6")
    for esco in ("wlce", "lfce"):
        world.run(
            SERVICE,
            "insert into microgrid_tariffs (esco_id, period_start, discount_percent) values (%s, '2024-01-01', 20)",
            world[esco],
        )
    for esco, home in (("wlce", "flat1"), ("wlce", "flat2"), ("lfce", "flat9")):
        fill_home(world, build, esco, home)
    for esco, name in (("wlce", "ann"), ("wlce", "bea"), ("wlce", "cat"), ("lfce", "dan")):
        world.run(SERVICE, "insert into payments (esco_id, account_id, amount_pence, scheduled_at) values (%s, %s, 100, '2024-02-01'), (%s, %s, 200, '2024-07-01')",
                  world[esco], world[f"{name} account"], world[esco], world[f"{name} account"])  # fmt: skip
        world.run(
            SERVICE,
            "insert into monthly_costs (esco_id, customer_id, month, power) values (%s, %s, '2024-05-01', 1)",
            world[esco],
            world[name],
        )
    return world


def fill_home(world: Any, build: Any, esco: str, home: str) -> None:
    owner = (world[esco], world[f"{home} power register"])
    world.run(SERVICE, "insert into submeter.readings (esco_id, register_id, read_at, reading) select %s, %s, d, extract(day from d)"
              " from generate_series('2024-06-01T00:00+01'::timestamptz, '2024-06-20T00:00+01', '1 day') d", *owner)  # fmt: skip
    world.run(SERVICE, "insert into submeter.register_intervals (esco_id, register_id, day, starts_at, amounts)"
              " select %s, %s, d::date, d::date::timestamp at time zone 'UTC', submeter.encode_amounts(array_fill(100, array[48]))"
              " from generate_series('2024-06-01'::timestamp, '2024-06-20', '1 day') d", *owner)  # fmt: skip
    world.run(SERVICE, "insert into submeter.register_intervals (esco_id, register_id, day, starts_at, amounts)"
              " values (%s, %s, '2024-06-05', '2024-06-05Z', submeter.encode_amounts(array_fill(null::int, array[48])))",
              world[esco], world[f"{home} heat register"])  # fmt: skip
    world.run(SERVICE, "with f as (insert into submeter.import_files (esco_id, name, sha256, size, format, made_at, received_by)"
              " values (%s, 'file', encode(sha256(%s::text::bytea), 'hex'), 1, 'nem12', now(), 'operator') returning id, esco_id), "
              " x as (insert into submeter.import_findings (file_id, number, esco_id, line, code, title)"
              " select id, 1, esco_id, 2, 'MTR210', 'not known' from f)"
              " insert into submeter.import_waiting (esco_id, reason, register_id, day, starts_at, ends_at, clock, minutes, decimals, missing,"
              " standing, total, amounts, quality, version_at, file_at, file_id) select i.esco_id, 'edited', register_id, day, starts_at, ends_at,"
              " clock, minutes, decimals, missing, standing, total, amounts, quality, version_at, file_at, f.id"
              " from f, submeter.register_intervals i where i.register_id = %s and day = '2024-06-01'",
              world[esco], home, world[f"{home} power register"])  # fmt: skip
    world.run(SERVICE, "with s as (insert into submeter.interval_settings (esco_id, register_id, zero_hours) select esco_id, id, 48 from"
              " submeter.registers where id = %s returning esco_id, register_id), f as (insert into submeter.interval_findings (esco_id,"
              " register_id, code, severity, day, first, last, starts_at, ends_at, title) select esco_id, register_id, 'MTR353', 'warning',"
              " '2024-06-05', 1, 1, '2024-06-05Z', '2024-06-05T00:30Z', 'missing' from s)"
              " insert into submeter.interval_changes (esco_id, register_id, day, first, last, kind, quality, made_by)"
              " select esco_id, register_id, '2024-06-05', 1, 1, 'estimate', 'S', 'operator' from s", owner[1])  # fmt: skip
    world.run(
        SERVICE,
        "insert into submeter.column_maps (esco_id, name, kind, settings) values (%s, %s, 'reads', '{}')",
        world[esco],
        home,
    )
    world.run(SERVICE, "insert into submeter.reading_queue (esco_id, register_id, read_on, reading, error_code, findings)"
              " values (%s, %s, '2024-06-15', 3, 'MTR314', '[]')", *owner)  # fmt: skip
    for month in ("2024-05-01", "2024-06-01", "2024-07-01"):
        build.usage(world, esco, f"{home} power", month, "10")
    world.run(
        SERVICE,
        "insert into meter_shadows (esco_id, meter_id) values (%s, %s)",
        world[esco],
        world[f"{home} meter"],
    )
    world.run(SERVICE, "insert into submeter.supply_point_identifiers (esco_id, supply_point_id, scheme, identifier) values (%s, %s, 'own', %s)",
              world[esco], world[f"{home} point"], home)  # fmt: skip
    world.run(
        SERVICE,
        "insert into submeter.register_multipliers (esco_id, register_id, multiplier, from_date) values (%s, %s, 2, '2020-01-01')",
        *owner,
    )
    fill_network(world, esco, home)
    fill_prices(world, esco, home)
    fill_extras(world, esco, home)


def fill_network(world: Any, esco: str, home: str) -> None:
    """A register that doubles the home's, the home as gate, a loss factor."""
    own = {"esco_id": world[esco]}
    virtual = world.add(
        f"{home} virtual", "registers", **own, meter_id=world[f"{home} meter"], name="V", status="closed",
        closed_at="2020-01-01T00:00Z",
    )  # fmt: skip
    world.run(
        SERVICE,
        "insert into virtual_registers (esco_id, register_id, formula) values (%s, %s, 'sum')",
        world[esco],
        virtual,
    )
    world.add(f"{home} part", "virtual_register_parts", **own, virtual_register_id=virtual,
              register_id=world[f"{home} power register"])  # fmt: skip
    world.add(
        f"{home} gate",
        "site_gates",
        **own,
        site_id=world[f"{esco} site"],
        supply_point_id=world[f"{home} point"],
    )
    world.add(
        f"{home} loss",
        "loss_factors",
        **own,
        kind="DLF",
        supply_point_id=world[f"{home} point"],
        factor="1.05",
    )


def fill_prices(world: Any, esco: str, home: str) -> None:
    """A plan of the home's own, for whoever lives there, with a rated month of each; a calendar, a spot price, a conversion."""
    own = {"esco_id": world[esco]}
    calendar = world.add(f"{home} calendar", "calendars", **own, code=home)
    world.add(f"{home} holiday", "calendar_holidays", **own, calendar_id=calendar, day="2024-12-25", name="x")
    plan = world.add(f"{home} plan", "price_plans", **own, code=home)
    usage = world.add(
        f"{home} usage", "price_plan_components", **own, price_plan_id=plan, code="usage", kind="usage"
    )
    world.add(f"{home} band", "price_plan_bands", **own, component_id=usage, code="peak")
    for first, end in (("2024-01-01", "2024-06-01"), ("2024-06-01", None)):
        world.add(f"{home} rate {first}", "price_plan_rates", **own, component_id=usage, band="peak", price="0.2",
                  from_date=first, to_date=end)  # fmt: skip
    world.run(SERVICE, "insert into submeter.agreement_price_plans (esco_id, agreement_id, price_plan_id, from_date)"
              " select esco_id, id, %s, from_date from submeter.agreements where supply_point_id = %s", plan, world[f"{home} point"])  # fmt: skip
    world.run(SERVICE, "insert into submeter.rated_lines (esco_id, rating, agreement_id, price_plan_id, component_id, product, period_from,"
              " period_to, from_date, to_date, quantity, unrounded, amount) select a.esco_id, n, a.id, %s, %s, 'electricity', m, m + 30, m, m + 30,"
              " 1, 1, 1 from submeter.agreements a, generate_series(1, 2) n, unnest(array[date '2024-04-01', '2024-07-01']) m"
              " where a.supply_point_id = %s and daterange(a.from_date, a.to_date) @> daterange(m, m + 30)",
              plan, usage, world[f"{home} point"])  # fmt: skip
    world.run(SERVICE, "insert into submeter.demand_peaks (esco_id, agreement_id, month, peak)"
              " select esco_id, id, '2024-01-01', 12 from submeter.agreements where supply_point_id = %s", world[f"{home} point"])  # fmt: skip
    world.run(SERVICE, "insert into submeter.spot_prices (esco_id, series, day, starts_at, prices)"
              " values (%s, %s, '2024-06-01', '2024-06-01Z', array_fill(1, array[48]))", world[esco], home)  # fmt: skip
    world.add(f"{home} conversion", "price_conversions", **own, site_id=world[f"{esco} site"], product=home, from_unit="m3",
              to_unit="MJ")  # fmt: skip


def fill_extras(world: Any, esco: str, home: str) -> None:
    """An offering with an inducement, the plan as the site's default, solar panels with a credit."""
    own = {"esco_id": world[esco]}
    inducement = world.add(f"{home} inducement", "inducements", **own, code=home)
    world.add(
        f"{home} schedule", "inducement_schedules", **own, inducement_id=inducement, type="credit", amount=-1
    )
    world.add(f"{home} offering", "offerings", **own, code=home, inducement_id=inducement)
    days = {"from_date": f"200{home[-1]}-01-01", "to_date": f"200{home[-1]}-02-01"}
    world.add(f"{home} default", "site_price_plans", **own, site_id=world[f"{esco} site"],
              price_plan_id=world[f"{home} plan"], **days)  # fmt: skip
    world.run(SERVICE, "insert into submeter.solar_credit_tariffs (esco_id, period_start, credit_pence_per_year) values (%s, %s, 1)",
              world[esco], days["from_date"])  # fmt: skip
    world.run(
        SERVICE,
        "insert into submeter.solar_installations (esco_id, property_id) values (%s, %s)",
        world[esco],
        world[home],
    )
    world.add(f"{home} share", "solar_credit_allocations", **own, installation_id=world[home], property_id=world[home],
              ratio=1)  # fmt: skip


def views(world: Any) -> list[str]:
    return [
        name
        for (name,) in world.rows(
            SERVICE, "select viewname from pg_views where schemaname = 'public' order by 1"
        )
    ]


def count(world: Any, caller: Caller, view: str) -> int:
    return world.value(caller, f"select count(*) from public.{view}")


def names_of(world: Any, caller: Caller, query: str) -> list[Any]:
    return [row[0] for row in world.rows(caller, query)]


# Every role over every view ------------------------------------------------------------------------------------


def test_every_view_has_rows_for_service_role_so_that_the_others_are_tested(street: Any) -> None:
    assert [view for view in views(street) if count(street, SERVICE, view) == 0] == []


def test_an_operator_sees_the_rows_of_its_esco_and_no_other(street: Any) -> None:
    operator = street.operator("wlce")
    for view in views(street):
        key = KEYS.get(view, "esco_id")
        has_key = street.value(
            SERVICE,
            "select count(*) from pg_attribute where attrelid = %s::regclass and attname = %s",
            f"public.{view}",
            key,
        )
        if view in SHARED or not has_key:
            continue
        all_of_it = street.value(SERVICE, f"select count(*) from {view} where {key} = %s", street["wlce"])
        others = street.value(
            operator, f"select count(*) from {view} where {key} is distinct from %s", street["wlce"]
        )
        assert (count(street, operator, view), others) == (all_of_it, 0), view


def test_intervals_carry_no_esco_but_are_scoped_too(street: Any) -> None:
    per_home = 2 * 20 * 48 // 2
    assert count(street, SERVICE, "register_interval_hh") == 3 * per_home
    assert count(street, street.operator("lfce"), "register_interval_hh") == per_home
    assert count(street, Caller("operator"), "register_interval_hh") == 0


@pytest.mark.parametrize("role", ["operator", "authenticated"])
@pytest.mark.parametrize(
    "claims",
    [
        None,
        "",
        "null",
        "[]",
        '"x"',
        "{}",
        "{",
        '{"esco_id": 5, "customer_id": {}}',
        '{"esco_id": "nonsense", "customer_id": "nonsense"}',
    ],
)
def test_without_good_claims_nothing_is_seen_and_nothing_fails(
    street: Any, role: str, claims: str | None
) -> None:
    seen = {}
    for view in set(views(street)) - SHARED - (NOT_FOR_CUSTOMERS if role == "authenticated" else set()):
        with street.acting(Caller(role)) as connection:
            if claims is not None:
                connection.execute("select set_config('request.jwt.claims', %s, true)", (claims,))
            seen[view] = connection.execute(f"select count(*) from public.{view}").fetchone()[0]
    assert {view: rows for view, rows in seen.items() if rows} == {}


def test_anon_lists_escos_and_nothing_else(street: Any, refused: Any) -> None:
    anon = Caller("anon")
    assert names_of(street, anon, "select code from escos order by 1") == ["lfce", "wlce"]
    for view in set(views(street)) - {"escos"}:
        with refused("42501"):
            count(street, anon, view)
    for statement in ("insert into escos (code, name) values ('x1', 'x')", "update escos set name = 'x'", "delete from escos",
                      "select * from submeter.escos"):  # fmt: skip
        with refused("42501"):
            street.run(anon, statement)


def test_a_customer_is_refused_what_is_for_staff(street: Any, refused: Any) -> None:
    for view in NOT_FOR_CUSTOMERS:
        with refused("42501"):
            count(street, street.customer("ann"), view)
    for table in ("register_intervals", "register_interval_versions", "audit", "payment_events"):
        with refused("42501"):
            street.run(street.customer("ann"), f"select * from submeter.{table}")


# One home, two customers ---------------------------------------------------------------------------------------


def test_each_sees_own_party_rows_only(street: Any) -> None:
    for name in ("ann", "bea", "cat"):
        caller = street.customer(name)
        assert names_of(street, caller, "select name from customers") == [name]
        assert names_of(street, caller, "select name from accounts") == [f"{name} account"]
        assert names_of(street, caller, "select customer_id::text from customer_accounts") == [street[name]]
        assert names_of(street, caller, "select customer_id::text from monthly_costs") == [street[name]]
        assert names_of(street, caller, "select distinct customer_id::text from customer_tariffs") in (
            [],
            [street[name]],
        )
        assert names_of(street, caller, "select code from escos") == ["wlce"]


def test_each_sees_own_places_and_meters_only(street: Any) -> None:
    for name, home in (("ann", "flat1"), ("bea", "flat1"), ("cat", "flat2")):
        caller = street.customer(name)
        assert names_of(street, caller, "select name from properties") == [home]
        assert names_of(street, caller, "select serial from meters") == [f"EML-{home}"]
        assert names_of(street, caller, "select count(*) from agreements") == [1]
        assert names_of(street, caller, "select count(*) from registers") == [3]
        assert sorted(names_of(street, caller, "select name from circuits")) == [
            f"{home} heat",
            f"{home} power",
        ]


def test_readings_end_and_begin_with_the_tenancy_and_share_the_one_between(street: Any) -> None:
    query = "select extract(day from timestamp at time zone 'Europe/London')::int from meter_readings order by timestamp"
    assert names_of(street, street.customer("ann"), query) == list(range(1, 11))
    assert names_of(street, street.customer("bea"), query) == list(range(10, 21))
    assert names_of(street, street.customer("dan", "lfce"), query) == list(range(1, 21))


def test_a_reading_that_was_corrected_into_another_tenancy_stands_for_nobody_else(street: Any) -> None:
    bea = street.customer("bea")
    seen = "select count(*) from meter_readings where reading = 15"
    with street.acting(SERVICE) as connection, connection.transaction(force_rollback=True):
        connection.execute(
            "insert into submeter.readings (esco_id, register_id, read_at, reading, replaces_id)"
            " select esco_id, register_id, '2024-06-05', 15, id from submeter.readings"
            " where register_id = %s and reading = 15",
            (street["flat1 power register"],),
        )
        connection.execute("select set_config('request.jwt.claims', %s, true)", (json.dumps(bea.claims()),))
        connection.execute("set local role authenticated")
        corrected = connection.execute(seen).fetchone()
    assert corrected == (0,)
    assert street.value(bea, seen) == 1


def test_intervals_are_parted_at_local_midnight_though_the_row_is_a_utc_day(street: Any) -> None:
    query = "select min(timestamp)::text, max(timestamp)::text, count(*) from register_interval_hh"
    with street.acting(street.customer("ann")) as connection:
        connection.execute("set local timezone = 'UTC'")
        ann = connection.execute(query).fetchone()
    with street.acting(street.customer("bea")) as connection:
        connection.execute("set local timezone = 'UTC'")
        bea = connection.execute(query).fetchone()
    assert ann == ("2024-06-01 00:00:00+00", "2024-06-09 22:30:00+00", 8 * 48 + 46)
    assert bea == ("2024-06-09 23:00:00+00", "2024-06-20 23:30:00+00", 11 * 48 + 2)


def test_a_virtual_register_is_told_on_the_own_days_and_its_parts_to_staff_alone(
    street: Any, refused: Any
) -> None:
    """It is the same meter's, made of a register of flat1; each day of June has 48 x 0.1."""
    june = (UUID(street["flat1 virtual"]), date(2024, 6, 2), date(2024, 6, 18))
    told = {
        name: {one.day.day: one.quantity for one in list_day_values(street.database, caller, *june)}
        for name, caller in (
            ("ann", street.customer("ann")), ("bea", street.customer("bea")), ("staff", street.operator("wlce")),
        )
    }  # fmt: skip
    assert (list(told["ann"]), list(told["bea"])) == (list(range(2, 10)), list(range(10, 18)))
    assert told["ann"] | told["bea"] == told["staff"] == dict.fromkeys(range(2, 18), Decimal("4.8"))
    for caller in (street.customer("cat"), street.customer("landlord"), street.customer("ann", "lfce"),
                   street.operator("lfce"), Caller("authenticated"), Caller("operator")):  # fmt: skip
        with pytest.raises(Refused, match="NET130"):
            list_day_values(street.database, caller, *june)
    for view in ("virtual_registers", "virtual_register_parts"):
        with refused("42501"):
            count(street, street.customer("bea"), view)


def test_a_customer_sees_the_plans_and_prices_of_the_own_days(street: Any) -> None:
    rates = "select from_date::text from price_plan_rates order by 1"
    lines = "select distinct period_from::text from rated_lines"
    for name, home, prices, months in (
        ("ann", "flat1", ["2024-01-01", "2024-06-01"], ["2024-04-01"]),
        ("bea", "flat1", ["2024-06-01"], ["2024-07-01"]),
    ):
        caller = street.customer(name)
        assert names_of(street, caller, "select code from price_plans") == [home]
        assert names_of(street, caller, "select code from price_plan_components") == ["usage"]
        assert names_of(street, caller, "select code from price_plan_bands") == ["peak"]
        assert names_of(street, caller, rates) == prices
        assert names_of(street, caller, lines) == months
        assert names_of(street, caller, "select agreement_id::text from agreement_price_plans") == [
            street[f"{name} at {home}"]
        ]
    for name in ("landlord", "agent", "clerk"):
        for view in ("price_plans", "price_plan_rates", "agreement_price_plans", "rated_lines"):
            assert count(street, street.customer(name), view) == 0, view
    # Whose role ended: the prices of their days, and no line of a period beyond.
    ex = street.customer("ex")
    assert names_of(street, ex, rates) == ["2024-01-01"]
    assert count(street, ex, "rated_lines") == 0


def test_a_later_rating_takes_the_place_of_the_one_before(street: Any) -> None:
    query = "select rating, stands from rated_lines where period_from = '2024-04-01' order by rating"
    assert street.rows(street.customer("ann"), query) == [(1, False), (2, True)]


def test_a_shared_month_is_not_told(street: Any) -> None:
    query = "select month::text from monthly_usage order by month"
    assert names_of(street, street.customer("ann"), query) == ["2024-05-01"]
    assert names_of(street, street.customer("bea"), query) == ["2024-07-01"]
    assert names_of(street, street.customer("cat"), query) == ["2024-05-01", "2024-06-01", "2024-07-01"]


@pytest.mark.parametrize(
    ("name", "usage"), [("cat", True), ("son", True), ("landlord", False), ("agent", False), ("clerk", False)]
)
def test_what_each_role_on_an_account_opens(street: Any, name: str, usage: bool) -> None:
    caller = street.customer(name)
    assert names_of(street, caller, "select name from accounts") == ["cat account"]
    assert names_of(street, caller, "select name from properties") == ["flat2"]
    assert count(street, caller, "agreements") == 1
    for view in (
        "meters",
        "registers",
        "meter_readings",
        "register_interval_hh",
        "monthly_usage",
        "payments",
        "circuits",
    ):
        assert (count(street, caller, view) > 0) == usage, view
    assert (count(street, caller, "monthly_costs") > 0) == (name == "cat")


def test_a_role_that_ended_opens_its_own_days_only(street: Any) -> None:
    caller = street.customer("ex")
    assert names_of(street, caller, "select amount_pence from payments") == [100]
    assert count(street, caller, "meter_readings") == 0
    assert count(street, caller, "accounts") == 1


def test_a_customer_of_another_esco_is_nobody(street: Any) -> None:
    stranger = street.customer("ann", "lfce")
    for view in set(views(street)) - SHARED - NOT_FOR_CUSTOMERS:
        assert count(street, stranger, view) == 0, view


# What a customer may write -------------------------------------------------------------------------------------


def test_a_customer_changes_own_contact_data_and_nothing_else(street: Any, refused: Any) -> None:
    cat = street.customer("cat")
    assert street.run(cat, "update customers set phone = '+44 1', email = 'c@example.org', name = 'cat'") == 1
    assert street.run(cat, "update customers set name = 'x' where id = %s", street["ann"]) == 0
    for column, value in (
        ("status", "live"),
        ("esco_id", street["lfce"]),
        ("id", street["ann"]),
        ("kind", "company"),
    ):
        with refused("42501"):
            street.run(cat, f"update customers set {column} = %s", value)
    with refused("42501"):
        street.run(cat, "delete from customers")


def test_every_other_write_of_a_customer_is_refused(street: Any, refused: Any) -> None:
    for view in set(views(street)) - {"customers", "meter_readings"}:
        column = street.value(
            SERVICE,
            "select attname from pg_attribute where attrelid = %s::regclass and attnum = 2",
            f"public.{view}",
        )
        for statement in (
            f"insert into public.{view} default values",
            f"update public.{view} set {column} = null",
            f"delete from public.{view}",
        ):
            with refused("42501"):
                street.run(street.customer("cat"), statement)


def test_a_customer_reports_a_reading_of_the_own_present_meter(street: Any, refused: Any) -> None:
    query = (
        "insert into meter_readings (register_id, reading) values (%s, 77) returning status, meter_id::text"
    )
    assert street.rows(street.customer("bea"), query, street["flat1 heat register"]) == [
        ("customer", street["flat1 meter"])
    ]
    for name in ("ann", "cat", "landlord"):
        with refused("42501" if name == "ann" else "23503"):
            street.run(
                street.customer(name), query.split(" returning", maxsplit=1)[0], street["flat1 heat register"]
            )
    with refused("42501"):
        street.run(street.customer("bea"), "insert into meter_readings (register_id, reading, status) values (%s, 78, 'actual')",
                   street["flat1 heat register"])  # fmt: skip
    with refused("42501"):
        street.run(street.customer("bea"), "insert into meter_readings (register_id, reading, timestamp) values (%s, 79, '2024-03-01')",
                   street["flat1 heat register"])  # fmt: skip
    for statement in ("update meter_readings set reading = 1", "delete from meter_readings"):
        with refused("42501"):
            street.run(street.customer("bea"), statement)


def test_an_operator_cannot_write_into_another_esco(street: Any, refused: Any) -> None:
    operator = street.operator("wlce")
    with refused("42501"):
        street.run(operator, "insert into customers (esco_id, name) values (%s, 'x')", street["lfce"])
    with refused("42501"):
        street.run(operator, "update customers set esco_id = %s where name = 'ann'", street["lfce"])
    assert street.run(operator, "update customers set name = 'x' where id = %s", street["dan"]) == 0
    assert street.run(operator, "delete from customers where id = %s", street["dan"]) == 0
    with refused("23503"):  # another ESCO's account cannot even be named
        street.run(
            operator, "insert into payments (account_id, amount_pence) values (%s, 1)", street["dan account"]
        )
    for statement in ("insert into escos (code, name) values ('new', 'new')", "update escos set code = 'new'", "update escos set status = 'closed'",
                      "insert into benchmark_tariffs (region, period_start, unit_rate, standing_charge) values ('london', '2030-01-01', 1, 1)"):  # fmt: skip
        with refused("42501"):
            street.run(operator, statement)


def test_policies_ask_once_and_let_an_index_be_used(street: Any) -> None:
    """The customer is looked up once (InitPlan), and what it gives is an index condition, not a filter on all rows."""
    with street.acting(street.customer("bea")) as connection:
        connection.execute("set local enable_seqscan = off")
        for table, column in (
            ("monthly_costs", "customer_id ="),
            ("accounts", "id = ANY"),
            ("readings", "register_id = ANY"),
        ):
            plan = "\n".join(
                row[0] for row in connection.execute(f"explain select * from submeter.{table}").fetchall()
            )
            assert "InitPlan" in plan, plan
            assert f"Index Cond: ({column}" in plan, plan
