"""Quarterly tariffs: the vectors of the compat mode to the digit, and what the defaults repair."""

import threading
from decimal import Decimal
from typing import Any

import pytest

from submeter.core.caller import Caller

pytestmark = pytest.mark.system_postgres
SERVICE = Caller("service_role")

VECTORS = [
    ("0.2343", "0.6719", 25, "0.175725", "0.503925", "0.17572", "0.50392"),
    ("0.2133", "0.6721", 25, "0.159975", "0.504075", "0.15997", "0.50407"),
    ("0.2337", "0.6812", 25, "0.175275", "0.5109", "0.17527", "0.51090"),
    ("0.2337", "0.6812", 15, "0.198645", "0.57902", "0.19864", "0.57902"),
    ("0.2501", "0.6250", 20, "0.20008", "0.5", "0.20008", "0.50000"),
    ("0.2337", "0.6812", 100, "0", "0", "0.00000", "0.00000"),
    ("0.2337", "0.6812", 0, "0.2337", "0.6812", "0.23370", "0.68120"),
]


def tariffs_of(world: Any, table: str, key: str, name: str) -> dict[str, tuple[Any, ...]]:
    query = f"select period_start::text, discount_percent, unit_rate, standing_charge from {table} where {key} = %s"
    return {row[0]: row[1:] for row in world.rows(SERVICE, query, world[name])}


def set_discount(world: Any, name: str, start: str, percent: int) -> None:
    table, key = (
        ("microgrid_tariffs", "esco_id") if name in ("wlce", "lfce") else ("customer_tariffs", "customer_id")
    )
    columns = {
        key: world[name],
        "period_start": start,
        "discount_percent": percent,
        "unit_rate": 0,
        "standing_charge": 0,
    }
    if key == "customer_id":
        columns["esco_id"] = world["wlce"]
    names, places = ", ".join(columns), ", ".join(["%s"] * len(columns))
    world.run(SERVICE, f"insert into submeter.{table} ({names}) values ({places})", *columns.values())


@pytest.mark.parametrize(
    ("unit", "standing", "percent", "grid_unit", "grid_standing", "own_unit", "own_standing"), VECTORS
)
def test_compat_rates_are_the_reference_systems_to_the_digit(
    world: Any, build: Any, unit: str, standing: str, percent: int,
    grid_unit: str, grid_standing: str, own_unit: str, own_standing: str,
) -> None:  # fmt: skip
    build.esco(world, "wlce", "south_west", cost_rule="compat")
    build.customer(world, "wlce", "ann")
    build.benchmark(world, "south_west", "2024-01-01", "0.3", "0.6")
    set_discount(world, "wlce", "2024-01-01", percent)
    world.run(SERVICE, "update submeter.customer_tariffs set discount_percent = %s", percent)
    build.benchmark(world, "south_west", "2024-04-01", unit, standing)
    microgrid = tariffs_of(world, "microgrid_tariffs", "esco_id", "wlce")["2024-04-01"]
    customer = tariffs_of(world, "customer_tariffs", "customer_id", "ann")["2024-04-01"]
    assert [str(rate) for rate in microgrid[1:]] == [grid_unit, grid_standing]
    assert [str(rate) for rate in customer[1:]] == [own_unit, own_standing]


def test_by_default_the_same_discount_is_the_same_rate(world: Any, build: Any) -> None:
    build.esco(world, "wlce", "south_west")
    build.customer(world, "wlce", "ann")
    build.benchmark(world, "south_west", "2024-01-01", "0.2343", "0.6719")
    set_discount(world, "wlce", "2024-01-01", 25)
    world.run(SERVICE, "select generate_new_quarter_tariffs('2024-01-01')")
    assert (
        tariffs_of(world, "microgrid_tariffs", "esco_id", "wlce")
        == tariffs_of(world, "customer_tariffs", "customer_id", "ann")
        == {"2024-01-01": (25, Decimal("0.17572"), Decimal("0.50392"))}
    )


def test_each_region_has_its_own_benchmark(world: Any, build: Any) -> None:
    build.esco(world, "wlce", "south_west")
    build.esco(world, "lfce", "london")
    build.customer(world, "wlce", "ann")
    build.customer(world, "lfce", "bob")
    build.benchmark(world, "south_west", "2025-01-01", "0.20", "0.60")
    build.benchmark(world, "london", "2025-01-01", "0.40", "0.80")
    assert tariffs_of(world, "customer_tariffs", "customer_id", "ann")["2025-01-01"][1:] == (
        Decimal("0.15"),
        Decimal("0.45"),
    )
    assert tariffs_of(world, "customer_tariffs", "customer_id", "bob")["2025-01-01"][1:] == (
        Decimal("0.3"),
        Decimal("0.6"),
    )


def quarters_with_a_gap(world: Any, build: Any, policy: str) -> None:
    build.esco(world, "wlce", "south_west", tariff_policy="carry-forward")
    build.customer(world, "wlce", "ann")
    build.benchmark(world, "south_west", "2025-01-01", "0.20", "0.60")
    world.run(SERVICE, "update submeter.customer_tariffs set discount_percent = 0")
    world.run(SERVICE, "insert into submeter.microgrid_tariffs (esco_id, period_start, discount_percent, unit_rate,"
              " standing_charge, emergency_credit) values (%s, '2025-01-01', 30, 0, 0, 30)", world["wlce"])  # fmt: skip
    world.run(SERVICE, "update submeter.escos set tariff_policy = %s", policy)
    build.benchmark(world, "south_west", "2025-07-01", "0.30", "0.50")


def test_carry_forward_survives_a_skipped_quarter(world: Any, build: Any) -> None:
    quarters_with_a_gap(world, build, "carry-forward")
    assert tariffs_of(world, "customer_tariffs", "customer_id", "ann")["2025-07-01"] == (
        0,
        Decimal("0.3"),
        Decimal("0.5"),
    )
    query = (
        "select discount_percent, emergency_credit from microgrid_tariffs where period_start = '2025-07-01'"
    )
    assert world.rows(SERVICE, query) == [(30, 30)]


def test_default_25_forgets_after_three_months_as_the_reference_does(world: Any, build: Any) -> None:
    quarters_with_a_gap(world, build, "default-25")
    assert tariffs_of(world, "customer_tariffs", "customer_id", "ann")["2025-07-01"][0] == 25
    query = (
        "select discount_percent, emergency_credit from microgrid_tariffs where period_start = '2025-07-01'"
    )
    assert world.rows(SERVICE, query) == [(25, 15)]


def test_freeze_writes_nothing(world: Any, build: Any) -> None:
    quarters_with_a_gap(world, build, "freeze")
    world.run(SERVICE, "select generate_new_quarter_tariffs('2025-10-01')")
    assert list(tariffs_of(world, "customer_tariffs", "customer_id", "ann")) == ["2025-01-01"]
    assert list(tariffs_of(world, "microgrid_tariffs", "esco_id", "wlce")) == ["2025-01-01"]


def test_running_again_keeps_what_an_operator_set_and_takes_a_corrected_benchmark(
    world: Any, build: Any
) -> None:
    build.esco(world, "wlce", "south_west")
    build.customer(world, "wlce", "ann")
    build.benchmark(world, "south_west", "2025-01-01", "0.20", "0.60")
    operator = world.operator("wlce")
    world.run(
        operator, "update customer_tariffs set discount_percent = 40 where customer_id = %s", world["ann"]
    )
    world.run(operator, "select generate_new_quarter_tariffs('2025-01-01')")
    world.run(SERVICE, "update benchmark_tariffs set unit_rate = 0.30")
    assert tariffs_of(world, "customer_tariffs", "customer_id", "ann") == {
        "2025-01-01": (40, Decimal("0.18"), Decimal("0.36"))
    }


def test_rates_set_by_hand_are_carried_forward_as_they_are(world: Any, build: Any) -> None:
    build.esco(world, "wlce", "south_west")
    build.customer(world, "wlce", "ann")
    build.benchmark(world, "south_west", "2025-01-01", "0.20", "0.60")
    by_hand = (
        "update customer_tariffs set discount_percent = null, unit_rate = 0.123456, standing_charge = 0.1"
    )
    world.run(world.operator("wlce"), by_hand)
    build.benchmark(world, "south_west", "2025-04-01", "0.30", "0.60")
    assert tariffs_of(world, "customer_tariffs", "customer_id", "ann")["2025-04-01"] == (
        None,
        Decimal("0.123456"),
        Decimal("0.1"),
    )


def test_who_gets_a_tariff(world: Any, build: Any) -> None:
    build.esco(world, "wlce", "south_west")
    for name, status in [
        ("live", "live"),
        ("active", "active"),
        ("archived", "archived"),
        ("pending", "pending"),
        ("exiting", "exiting"),
    ]:
        build.customer(world, "wlce", name, status=status)
    world.add("landlord", "customers", esco_id=world["wlce"], name="landlord", status="live")
    build.role(world, "wlce", "landlord", "live account", "owner")
    build.customer(world, "wlce", "sun")
    build.home(world, "wlce", "roof", product="solar")
    build.supply(world, "wlce", "roof", "sun", "2024-01-01")
    build.customer(world, "wlce", "gone")
    build.home(world, "wlce", "flat")
    build.supply(world, "wlce", "flat", "gone", "2024-01-01", "2025-01-01")
    build.benchmark(world, "south_west", "2025-01-01", "0.20", "0.60")
    names = world.rows(
        SERVICE, "select c.name from customer_tariffs join customers c on c.id = customer_id order by 1"
    )
    assert [name for (name,) in names] == ["active", "exiting", "live"]


def test_a_discount_without_a_benchmark_is_refused_with_a_way_out(
    world: Any, build: Any, refused: Any
) -> None:
    build.esco(world, "wlce", "south_west")
    with refused("22023") as info:
        set_discount(world, "wlce", "2025-01-01", 25)
    assert "discount_percent null" in info.value.diag.message_hint
    build.benchmark(world, "london", "2025-01-01", "0.2", "0.6")  # another region's is none
    with refused("22023"):
        set_discount(world, "wlce", "2025-01-01", 25)


def test_an_operator_generates_for_its_own_esco_only(world: Any, build: Any) -> None:
    build.esco(world, "wlce", "south_west")
    build.esco(world, "lfce", "south_west")
    build.benchmark(world, "south_west", "2025-01-01", "0.20", "0.60")
    build.customer(world, "wlce", "ann")
    build.customer(world, "lfce", "bob")
    world.run(world.operator("wlce"), "select generate_new_quarter_tariffs('2025-04-01')")
    assert "2025-04-01" in tariffs_of(world, "customer_tariffs", "customer_id", "ann")
    assert tariffs_of(world, "customer_tariffs", "customer_id", "bob") == {}


def test_null_month_does_nothing(world: Any, build: Any) -> None:
    build.esco(world, "wlce", "south_west")
    build.customer(world, "wlce", "ann")
    world.run(SERVICE, "select generate_new_quarter_tariffs(null), monthly_costs_compute(null)")
    assert tariffs_of(world, "customer_tariffs", "customer_id", "ann") == {}


def test_two_at_once_wait_for_each_other(world: Any, build: Any) -> None:
    build.esco(world, "wlce", "south_west")
    build.customer(world, "wlce", "ann")
    build.benchmark(world, "south_west", "2025-01-01", "0.20", "0.60")
    done: list[str] = []

    def second() -> None:
        world.run(SERVICE, "select generate_new_quarter_tariffs('2025-04-01')")
        done.append("second")

    thread = threading.Thread(target=second)
    with world.acting(SERVICE) as first:
        first.execute("select generate_new_quarter_tariffs('2025-04-01')")
        thread.start()
        waiting = "select count(*) from pg_locks where locktype = 'advisory' and not granted"
        while not first.execute(waiting).fetchone()[0]:
            assert thread.is_alive()
        done.append("first")
    thread.join(timeout=30)
    assert done == ["first", "second"]
    assert len(tariffs_of(world, "customer_tariffs", "customer_id", "ann")) == 2


# What the meters lack ------------------------------------------------------------------------------------------


@pytest.fixture
def two_homes(world: Any, build: Any) -> Any:
    build.esco(world, "wlce", "south_west")
    build.esco(world, "lfce", "south_west")
    for esco, home, name in [("wlce", "flat1", "ann"), ("wlce", "flat2", "bea"), ("lfce", "flat3", "bob")]:
        build.home(world, esco, home)
        build.customer(world, esco, name)
        build.supply(world, esco, home, name, "2024-01-01")
    # A second person on the first account: still one meter, one row.
    world.add("art", "customers", esco_id=world["wlce"], name="art", status="live")
    build.role(world, "wlce", "art", "ann account", "joint_holder")
    build.benchmark(world, "south_west", "2026-01-01", "0.20", "0.60")
    set_discount(world, "wlce", "2026-01-01", 25)
    set_discount(world, "lfce", "2026-01-01", 25)
    build.benchmark(world, "south_west", "2099-01-01", "0.2501", "0.6250")
    return world


def missing(world: Any, caller: Caller, code: str | None) -> list[str]:
    query = "select serial from meters_missing_future_tariffs(%s) order by 1"
    return [serial for (serial,) in world.rows(caller, query, code)]


def test_missing_future_tariffs_vector(two_homes: Any) -> None:
    query = (
        "select serial, customer_id::text, customer_email, esco_code, tariff_period_start::text, customer_unit_rate::text,"
        " customer_standing_charge::text, emergency_credit, debt_recovery_rate, ecredit_button_threshold,"
        " current_future_activation_datetime from meters_missing_future_tariffs('wlce') order by 1"
    )
    common = ("wlce", "2099-01-01", "0.18757", "0.46875", 15, Decimal("0.25"), 10, None)
    assert two_homes.rows(SERVICE, query) == [
        ("EML-flat1", two_homes["ann"], "ann@example.org", *common),
        ("EML-flat2", two_homes["bea"], "bea@example.org", *common),
    ]


def test_missing_future_tariffs_by_code_and_scope(two_homes: Any) -> None:
    assert missing(two_homes, SERVICE, None) == ["EML-flat1", "EML-flat2", "EML-flat3"]
    assert missing(two_homes, SERVICE, "WLCE") == []
    assert missing(two_homes, two_homes.operator("lfce"), None) == ["EML-flat3"]
    assert missing(two_homes, two_homes.operator("lfce"), "wlce") == []


@pytest.mark.parametrize(
    ("tariff", "is_missing"),
    [
        ('{"standing_charge": "0.46875", "unit_rate_element_a": "0.18757", "unit_rate_element_b": "0.18757", "activation_datetime": "2099-01-01T00:00:00Z"}', False),
        ('{"standing_charge": 0.4688, "unit_rate_element_a": 0.18757, "activation_datetime": "2099-01-01T00:00:00"}', False),
        ('{"standing_charge": 0.46875, "unit_rate_element_a": 0.18757, "unit_rate_element_b": 0.1878, "activation_datetime": "2099-01-01T00:00:00Z"}', True),
        ('{"standing_charge": 0.46875, "unit_rate_element_a": 0.18757, "unit_rate_element_b": 0.18757, "activation_datetime": "2099-04-01T00:00:00Z"}', True),
        ('{"standing_charge": "junk", "unit_rate_element_a": 0.18757, "activation_datetime": "2099-01-01T00:00:00Z"}', True),
        ('{"standing_charge": 0.46875, "unit_rate_element_a": 0.18757, "activation_datetime": "never"}', True),
    ],
)  # fmt: skip
def test_a_meter_with_the_right_future_tariff_is_not_missing(
    two_homes: Any, tariff: str, is_missing: bool
) -> None:
    two_homes.run(two_homes.operator("wlce"), "insert into meter_shadows (meter_id, tariffs_future) values (%s, %s)",
                  two_homes["flat1 meter"], tariff)  # fmt: skip
    assert ("EML-flat1" in missing(two_homes, SERVICE, "wlce")) == is_missing


def test_only_the_next_of_two_future_quarters_counts(two_homes: Any, build: Any) -> None:
    build.benchmark(two_homes, "south_west", "2099-04-01", "0.30", "0.60")
    query = "select tariff_period_start::text from meters_missing_future_tariffs('wlce')"
    assert two_homes.rows(SERVICE, query) == [("2099-01-01",), ("2099-01-01",)]


@pytest.mark.parametrize("role", ["anon", "authenticated"])
@pytest.mark.parametrize(
    "call",
    ["generate_new_quarter_tariffs('2025-01-01')", "meters_missing_future_tariffs(null)", "monthly_costs_compute('2025-01-01')",
     "monthly_usage_compute('2025-01-01')", "create_customer_token(gen_random_uuid())"],
)  # fmt: skip
def test_customers_and_strangers_may_not_call_them(world: Any, refused: Any, role: str, call: str) -> None:
    with refused("42501"):
        world.run(Caller(role), f"select {call}")


def test_a_customer_token_is_the_applications_business(world: Any, refused: Any) -> None:
    with refused("0A000") as info:
        world.run(SERVICE, "select * from create_customer_token(gen_random_uuid())")
    assert info.value.diag.message_primary == "served by the application"
