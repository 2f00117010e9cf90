"""Monthly costs: the reference system's vector to the digit, and the default rule by agreement days."""

import threading
from decimal import Decimal
from typing import Any

import pytest

from submeter.core.caller import Caller

pytestmark = pytest.mark.system_postgres
SERVICE = Caller("service_role")
OCTOBER = "2024-10-01"
COLUMNS = ("power", "heat", "standing_charge", "total")


def october(world: Any, build: Any, **settings: Any) -> None:
    """One ESCO, cap 0.2337 / 0.6812, microgrid 25 %; flats 1 and 2 with meters."""
    build.esco(world, "wlce", "south_west", **settings)
    for home in ("flat1", "flat2"):
        build.home(world, "wlce", home)
    build.benchmark(world, "south_west", OCTOBER, "0.2337", "0.6812")
    world.run(SERVICE, "insert into submeter.microgrid_tariffs (esco_id, period_start, discount_percent, unit_rate, standing_charge)"
              " values (%s, %s, 25, 0, 0)", world["wlce"], OCTOBER)  # fmt: skip


def add_tariff(world: Any, name: str, start: str = OCTOBER, percent: int = 15, esco: str = "wlce") -> None:
    world.run(SERVICE, "insert into submeter.customer_tariffs (esco_id, customer_id, period_start, discount_percent, unit_rate,"
              " standing_charge) values (%s, %s, %s, %s, 0, 0)", world[esco], world[name], start, percent)  # fmt: skip


def compute(world: Any, caller: Caller = SERVICE, month: str = OCTOBER, as_of: str | None = None) -> None:
    world.run(caller, "select monthly_costs_compute(%s, %s)", month, as_of)


def costs(world: Any, name: str, prefix: str = "", month: str = OCTOBER) -> tuple[str, ...] | None:
    columns = ", ".join(f"{prefix}{column}::text" for column in COLUMNS)
    query = f"select {columns} from monthly_costs where customer_id = %s and month = %s"
    rows = world.rows(SERVICE, query, world[name], month)
    return rows[0] if rows else None


@pytest.mark.parametrize("rule", ["compat", "agreement-days"])
def test_vector_of_the_reference_system(world: Any, build: Any, rule: str) -> None:
    october(world, build, cost_rule="compat")
    build.customer(world, "wlce", "ann")
    build.supply(world, "wlce", "flat1", "ann", "2024-01-01")
    add_tariff(world, "ann")
    build.usage(world, "wlce", "flat1 power", OCTOBER, "100.5")
    build.usage(world, "wlce", "flat1 heat", OCTOBER, "250.25")
    # The rates stay those of the compat mode; a whole month at one home is the same by both rules.
    world.run(SERVICE, "update submeter.escos set cost_rule = %s", rule)
    compute(world)
    assert costs(world, "ann") == ("19.963320", "49.7096600", "17.94962", "87.6226000")
    assert costs(world, "ann", "microgrid_") == ("17.6151375", "43.86256875", "15.8379", "77.31560625")
    assert costs(world, "ann", "benchmark_") == ("23.48685", "58.483425", "21.1172", "103.087475")


def test_compat_gives_old_and_new_occupier_the_whole_month(world: Any, build: Any) -> None:
    october(world, build, cost_rule="compat")
    one_home_two_tenants(world, build)
    compute(world)
    assert costs(world, "ann")[0] == costs(world, "bea")[0] == "19.963320"


def one_home_two_tenants(world: Any, build: Any) -> None:
    for name in ("ann", "bea"):
        build.customer(world, "wlce", name)
        add_tariff(world, name)
    build.supply(world, "wlce", "flat1", "ann", "2024-01-01", "2024-10-11")
    build.supply(world, "wlce", "flat1", "bea", "2024-10-11")
    build.usage(world, "wlce", "flat1 power", OCTOBER, "100.5")


def test_each_day_belongs_to_one_customer(world: Any, build: Any) -> None:
    october(world, build)
    one_home_two_tenants(world, build)
    compute(world)
    ann, bea = costs(world, "ann"), costs(world, "bea")
    assert Decimal(ann[2]) == 10 * Decimal("0.57902")
    assert Decimal(bea[2]) == 21 * Decimal("0.57902")
    assert Decimal(ann[0]) + Decimal(bea[0]) == Decimal("0.19864") * Decimal("100.5")
    assert abs(Decimal(ann[0]) - Decimal("0.19864") * Decimal("100.5") * 10 / 31) < Decimal("0.000001")


def test_void_days_are_nobodys(world: Any, build: Any) -> None:
    october(world, build)
    build.customer(world, "wlce", "ann")
    add_tariff(world, "ann")
    build.supply(world, "wlce", "flat1", "ann", "2024-10-22")
    build.usage(world, "wlce", "flat1 power", OCTOBER, "310")
    compute(world)
    assert Decimal(costs(world, "ann")[0]) == 100 * Decimal("0.19864")
    assert Decimal(costs(world, "ann")[2]) == 10 * Decimal("0.57902")


def test_two_circuits_and_two_homes_are_summed(world: Any, build: Any) -> None:
    october(world, build)
    build.customer(world, "wlce", "ann")
    add_tariff(world, "ann")
    for home, kwh in (("flat1", "100"), ("flat2", "50")):
        build.supply(world, "wlce", home, "ann", "2024-01-01")
        build.usage(world, "wlce", f"{home} power", OCTOBER, kwh)
    compute(world)
    assert Decimal(costs(world, "ann")[0]) == 150 * Decimal("0.19864")
    assert Decimal(costs(world, "ann")[2]) == 2 * 31 * Decimal("0.57902")


def test_joint_holders_are_counted_once(world: Any, build: Any) -> None:
    october(world, build)
    build.customer(world, "wlce", "ann")
    world.add("art", "customers", esco_id=world["wlce"], name="art", status="live")
    build.role(world, "wlce", "art", "ann account", "joint_holder")
    build.role(world, "wlce", "art", "ann account", "occupier")
    build.supply(world, "wlce", "flat1", "ann", "2024-01-01")
    build.usage(world, "wlce", "flat1 power", OCTOBER, "100")
    for name in ("ann", "art"):
        add_tariff(world, name)
    compute(world)
    assert Decimal(costs(world, "ann")[0]) == 100 * Decimal("0.19864")
    assert costs(world, "art") is None


def test_a_tariff_change_inside_the_month_counts_by_day(world: Any, build: Any) -> None:
    october(world, build)
    build.customer(world, "wlce", "ann")
    build.supply(world, "wlce", "flat1", "ann", "2024-01-01")
    build.usage(world, "wlce", "flat1 power", OCTOBER, "310")
    add_tariff(world, "ann", percent=0)
    add_tariff(world, "ann", start="2024-10-11", percent=100)
    compute(world)
    assert Decimal(costs(world, "ann")[0]) == 100 * Decimal("0.2337")
    assert Decimal(costs(world, "ann")[2]) == 10 * Decimal("0.6812")
    assert Decimal(costs(world, "ann", "benchmark_")[0]) == 310 * Decimal("0.2337")


def test_days_before_the_first_microgrid_rate_do_not_vanish(world: Any, build: Any) -> None:
    october(world, build)
    build.customer(world, "wlce", "ann")
    build.supply(world, "wlce", "flat1", "ann", "2024-01-01")
    build.usage(world, "wlce", "flat1 power", OCTOBER, "310")
    add_tariff(world, "ann", percent=0)
    world.run(SERVICE, "update submeter.microgrid_tariffs set period_start = '2024-10-22'")
    compute(world)
    assert Decimal(costs(world, "ann")[0]) == 310 * Decimal("0.2337")
    assert Decimal(costs(world, "ann", "microgrid_")[0]) == 100 * Decimal("0.17527")


def test_a_running_month_counts_the_days_so_far(world: Any, build: Any) -> None:
    october(world, build)
    build.customer(world, "wlce", "ann")
    add_tariff(world, "ann")
    build.supply(world, "wlce", "flat1", "ann", "2024-01-01")
    build.usage(world, "wlce", "flat1 power", OCTOBER, "12")
    compute(world, as_of="2024-10-05")
    assert Decimal(costs(world, "ann")[2]) == 5 * Decimal("0.57902")
    assert Decimal(costs(world, "ann")[0]) == 12 * Decimal("0.19864")
    world.run(SERVICE, "update submeter.escos set cost_rule = 'compat'")
    compute(world, as_of="2024-10-07")
    assert Decimal(costs(world, "ann")[2]) == 7 * Decimal("0.57902")


def test_today_is_the_sites_own_day(world: Any, build: Any) -> None:
    """Two sites 25 hours apart: whatever the server's clock says, they disagree on the date."""
    build.esco(world, "wlce", "south_west")
    build.customer(world, "wlce", "ann")
    world.run(SERVICE, "insert into submeter.customer_tariffs (esco_id, customer_id, period_start, unit_rate, standing_charge)"
              " values (%s, %s, '2020-01-01', 1, 1)", world["wlce"], world["ann"])  # fmt: skip
    build.home(world, "wlce", "flat1")
    build.supply(world, "wlce", "flat1", "ann", "2020-01-01")
    days = {}
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):
        world.run(SERVICE, "update submeter.sites set time_zone = %s", zone)
        today = world.value(SERVICE, "select (now() at time zone %s)::date", zone)
        compute(world, month=str(today.replace(day=1)))
        days[today] = Decimal(costs(world, "ann", month=str(today.replace(day=1)))[2])
    assert days == {today: today.day for today in days}
    assert len(days) == 2


def add_intervals(world: Any, register: str, starts_at: str, amounts: list[int], clock: str = "UTC") -> None:
    world.run(SERVICE, "insert into submeter.register_intervals (register_id, esco_id, day, starts_at, clock, minutes, decimals, amounts)"
              "  values (%s, %s, (%s::timestamptz at time zone %s)::date, %s, %s, 30, 3, submeter.encode_amounts(%s))",
              world[register], world["wlce"], starts_at, clock, starts_at, clock, amounts)  # fmt: skip


def test_months_begin_at_local_midnight(world: Any, build: Any) -> None:
    """British Summer Time: the last hour of 31 July UTC is already August."""
    october(world, build)
    add_intervals(world, "flat1 power register", "2024-07-31T00:00Z", [1000] * 46 + [7000] * 2)
    add_intervals(world, "flat1 power register", "2024-08-31T00:00Z", [1000] * 46 + [9000] * 2)
    world.run(SERVICE, "select monthly_usage_compute('2024-08-15')")
    assert world.rows(SERVICE, "select month::text, kwh, source from monthly_usage") == [
        ("2024-08-01", Decimal("60.000"), "intervals")
    ]


def test_usage_is_summed_again_when_late_data_arrives_but_given_months_stay(world: Any, build: Any) -> None:
    october(world, build)
    build.usage(world, "wlce", "flat2 power", "2024-01-01", "5")
    for home in ("flat1", "flat2"):
        add_intervals(world, f"{home} power register", "2024-01-02T00:00Z", [1000] * 48)
    world.run(SERVICE, "select monthly_usage_compute('2024-01-01')")
    world.run(
        SERVICE,
        "update submeter.register_intervals set amounts = submeter.encode_amounts(array_fill(1000, array[47]) || 3000), version_at = now()",
    )
    world.run(SERVICE, "select monthly_usage_compute('2024-01-01')")
    assert world.rows(SERVICE, "select kwh from monthly_usage order by kwh") == [(5,), (Decimal("50.000"),)]
    assert world.rows(
        SERVICE, "select (submeter.decode_amounts(amounts))[48] from submeter.register_interval_versions"
    ) == [
        (1000,),
        (1000,),
    ]


def test_intervals_decide_which_day_used_what(world: Any, build: Any) -> None:
    october(world, build)
    for name in ("ann", "bea"):
        build.customer(world, "wlce", name)
    world.run(SERVICE, "insert into submeter.customer_tariffs (esco_id, customer_id, period_start, unit_rate, standing_charge)"
              " select esco_id, id, '2023-01-01', 0.1, 0 from submeter.customers")  # fmt: skip
    build.supply(world, "wlce", "flat1", "ann", "2024-01-01", "2024-02-11")
    build.supply(world, "wlce", "flat1", "bea", "2024-02-11")
    for day in range(1, 30):
        add_intervals(
            world, "flat1 power register", f"2024-02-{day:02}T00:00Z", [500 if day < 11 else 0] * 48
        )
    world.run(SERVICE, "select monthly_usage_compute('2024-02-01')")
    compute(world, month="2024-02-01")
    assert Decimal(costs(world, "ann", month="2024-02-01")[0]) == 240 * Decimal("0.1")
    assert Decimal(costs(world, "bea", month="2024-02-01")[0]) == 0


def test_running_twice_changes_nothing_and_a_corrected_agreement_leaves_nothing_behind(
    world: Any, build: Any
) -> None:
    october(world, build)
    one_home_two_tenants(world, build)
    compute(world)
    first = world.rows(SERVICE, "select customer_id, power, heat, total from monthly_costs order by 1")
    compute(world)
    assert (
        world.rows(SERVICE, "select customer_id, power, heat, total from monthly_costs order by 1") == first
    )
    world.run(SERVICE, "delete from submeter.agreements where id = %s", world["bea at flat1"])
    compute(world)
    assert costs(world, "bea") is None
    assert costs(world, "ann") is not None


def test_an_operator_computes_its_own_esco_only(world: Any, build: Any) -> None:
    october(world, build)
    one_home_two_tenants(world, build)
    build.esco(world, "lfce", "south_west")
    compute(world, caller=world.operator("lfce"))
    assert world.rows(SERVICE, "select * from monthly_costs") == []
    compute(world, caller=world.operator("wlce"))
    assert len(world.rows(SERVICE, "select * from monthly_costs")) == 2


def test_two_computations_at_once_wait_for_each_other(world: Any, build: Any) -> None:
    october(world, build)
    one_home_two_tenants(world, build)
    thread = threading.Thread(target=compute, args=(world,))
    with world.acting(SERVICE) as first:
        first.execute("select monthly_costs_compute(%s)", (OCTOBER,))
        thread.start()
        waiting = "select count(*) from pg_locks where locktype = 'advisory' and not granted"
        while not first.execute(waiting).fetchone()[0]:
            assert thread.is_alive()
    thread.join(timeout=30)
    assert len(world.rows(SERVICE, "select * from monthly_costs")) == 2


def test_a_register_swapped_at_noon_counts_each_kwh_once(world: Any, build: Any) -> None:
    october(world, build)
    new, circuit = world["flat2 power register"], world["flat1 power"]
    noon = "2024-01-02T12:00Z"
    world.run(
        SERVICE, "update submeter.circuit_registers set end_at = %s where circuit_id = %s", noon, circuit
    )
    world.run(SERVICE, "delete from submeter.circuit_registers where register_id = %s", new)
    world.run(SERVICE, "insert into submeter.circuit_registers (esco_id, circuit_id, register_id, start_at) values (%s, %s, %s, %s)",
              world["wlce"], circuit, new, noon)  # fmt: skip
    add_intervals(world, "flat1 power register", "2024-01-02T00:00Z", [1] * 48)
    add_intervals(world, "flat2 power register", "2024-01-02T00:00Z", [100] * 48)
    query = (
        "select day::text, kwh from submeter.circuit_days('2024-01-01', '2024-02-01') where circuit_id = %s"
    )
    assert world.rows(SERVICE, query, circuit) == [("2024-01-02", Decimal("2.424"))]


def test_a_local_day_of_fifty_half_hours_is_one_day(world: Any, build: Any) -> None:
    october(world, build)
    add_intervals(world, "flat1 power register", "2024-10-27T00:00+01", [2] * 50, clock="Europe/London")
    query = "select day::text, kwh from submeter.circuit_days('2024-10-01', '2024-11-01')"
    assert world.rows(SERVICE, query) == [("2024-10-27", Decimal("0.100"))]


@pytest.mark.parametrize("month", ["infinity", "-infinity", "0044-03-15", "9999-12-31"])
@pytest.mark.parametrize(
    "call",
    [
        "select monthly_costs_compute(%s)",
        "select monthly_costs_compute('2024-06-01', %s)",
        "select monthly_usage_compute(%s)",
        "select generate_new_quarter_tariffs(%s)",
    ],
)
def test_a_month_that_no_company_bills_is_refused_at_once(
    world: Any, refused: Any, call: str, month: str
) -> None:
    with refused("22023") as caught:
        world.rows(SERVICE, call, month)
    assert "the date cannot be" in str(caught.value)
