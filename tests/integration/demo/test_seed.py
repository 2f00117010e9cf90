"""The demonstration company in a real database: whole, exact, the same every time, and only once."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import psycopg
import pytest
from psycopg import sql

from submeter.core.caller import Caller
from submeter.core.problem import Refused
from submeter.db.database import Database
from submeter.db.transactions import transaction
from submeter.demo import DemoCompany, seed

# A few homes of each, so that a test takes seconds; the stories are among them.
HOMES = 5
TODAY = datetime.now(UTC).date()  # what a meter still lacks is asked of the present

# Resources without an esco_id of their own, and how their rows lead to one.
_ESCO_OF = {
    "escos": "select id from public.escos",
    "esco_settings": "select id from public.esco_settings",
    "regions": "select e.id from public.regions r join public.escos e on e.region = r.code",
    "benchmark_tariffs": "select e.id from public.benchmark_tariffs b join public.escos e using (region)",
    "register_interval_hh": "select distinct r.esco_id from public.registers r where exists"
    " (select from public.register_interval_hh i where i.register_id = r.id)",
    "circuit_interval_hh": "select distinct esco_id from public.circuits c where exists"
    " (select from public.circuit_interval_hh i where i.circuit_id = c.id)",
    **{
        name: f"select distinct esco_id from public.{name} join public.circuits on id = circuit_id"
        for name in ("circuit_interval_daily", "circuit_interval_monthly")
    },
    **{
        f"{place}_interval_{step}": f"select distinct esco_id from public.{place}_interval_{step} join public.{place}s on id = {place}_id"
        for place in ("register", "site")
        for step in ("daily", "monthly")
    },
    "tax_rates": "select id from public.escos",
    "site_interval_hh": "select distinct s.esco_id from public.sites s where exists"
    " (select from public.site_interval_hh i where i.site_id = s.id)",
}
# A company in good order: no half-hour is missing but where a meter was exchanged, and no file needs anybody.
_MAY_BE_EMPTY = {"reading_queue", "virtual_registers", "virtual_register_parts", "site_gates", "loss_factors", "register_interval_missing", "circuit_interval_missing", "import_findings", "import_waiting",
                 "column_maps", "interval_settings", "interval_findings", "interval_changes", "calendars", "calendar_holidays", "inducements",
                 "inducement_schedules", "offerings", "site_price_plans", "solar_credit_tariffs", "solar_installations", "solar_credit_allocations",
                 "spot_prices", "price_conversions", "rated_lines", "demand_peaks"}  # fmt: skip
# When a row was written is the one thing that differs from one filling to the next.
_CLOCKS = {"created_at", "updated_at", "computed_at", "at", "data", "changes", "received_at", "finished_at"}


@pytest.fixture(scope="module")
def company(module_database: Database) -> DemoCompany:
    return seed(module_database, TODAY, homes=HOMES)


@pytest.fixture
def connection(module_database: Database, company: DemoCompany) -> Iterator[psycopg.Connection]:
    with module_database.connect_owner() as connection:
        yield connection


def one(connection: psycopg.Connection, query: str, *values: object) -> object:
    row = connection.execute(query.encode(), values).fetchone()
    assert row is not None
    return row[0]


def relations(connection: psycopg.Connection, schema: str, kinds: str) -> list[str]:
    query = (
        "select relname from pg_class where relnamespace = %s::regnamespace and relkind = any(%s) order by 1"
    )
    return [name for (name,) in connection.execute(query, (schema, list(kinds)))]


def digest(database: Database) -> dict[str, object]:
    """Of each table its number of rows and a hash of what they hold."""
    with database.connect_owner() as connection:
        return {table: digest_of(connection, table) for table in relations(connection, "submeter", "rp")}


def digest_of(connection: psycopg.Connection, table: str) -> object:
    query = """select attname from pg_attribute where attrelid = format('submeter.%%I', %s::text)::regclass
               and attnum > 0 and attname <> all (%s) order by attnum"""
    columns = [name for (name,) in connection.execute(query, (table, sorted(_CLOCKS)))]
    row = sql.SQL("row({})::text").format(sql.SQL(", ").join(map(sql.Identifier, columns)))
    hashed = sql.SQL(
        "select (count(*), md5(string_agg({row}, '' order by {row})))::text from submeter.{table}"
    )
    found = connection.execute(hashed.format(row=row, table=sql.Identifier(table))).fetchone()
    return found and found[0]


def test_every_resource_has_rows_of_both_companies(
    connection: psycopg.Connection, company: DemoCompany
) -> None:
    views = relations(connection, "public", "v")
    assert len(views) > 25
    for view in sorted(set(views) - _MAY_BE_EMPTY):
        query = _ESCO_OF.get(view, f"select distinct esco_id from public.{view}")
        found = {str(esco) for (esco,) in connection.execute(query.encode())}
        assert found == {company.esco_id, company.other_esco_id}, view


def test_dials_go_up_by_the_half_hours_to_the_watt_hour(connection: psycopg.Connection) -> None:
    """Between any two readings that follow each other, on every register; with the multiplier where there is one."""
    rows = connection.execute("""
        with span as (
          select register_id, reading, "timestamp" as from_at, lead(reading) over w as next_reading,
            lead("timestamp") over w as to_at
          from public.meter_readings window w as (partition by register_id order by "timestamp"))
        select (s.next_reading - s.reading) * coalesce(x.multiplier, 1), sum(v.quantity)
        from span s
        left join submeter.register_multipliers x using (register_id)
        left join submeter.interval_values v
          on v.register_id = s.register_id and v."timestamp" >= s.from_at and v."timestamp" < s.to_at
        where s.to_at is not null
        group by s.register_id, s.from_at, s.next_reading, s.reading, x.multiplier""").fetchall()
    assert len(rows) > 300
    assert [(advance, used) for advance, used in rows if advance != used] == []
    assert one(connection, "select count(*) from submeter.register_multipliers") == 2


def test_no_half_hour_lies_outside_the_readings(connection: psycopg.Connection) -> None:
    outside = """
        select count(*) from submeter.register_intervals i
        join (select register_id, max(read_at) as last, min(read_at) as first from submeter.readings group by 1) r
          using (register_id)
        where i.starts_at + interval '12 hours' not between r.first and r.last"""
    # The old and the new registers of the exchanged meter share that day: its noon lies in the new ones' time.
    assert one(connection, outside) == 2


def test_usage_is_the_sum_of_the_half_hours(connection: psycopg.Connection) -> None:
    """Summed here from the days of the registers, by the database from the half-hours."""
    days = """
        select c.circuit_id, date_trunc('month', i.day)::date as month, sum(i.total) / 1000 as kwh
        from submeter.register_intervals i join submeter.circuit_registers c using (register_id) group by 1, 2"""
    usage = "select circuit_id, month, kwh from submeter.monthly_usage"
    assert set(connection.execute(days.encode())) == set(connection.execute(usage.encode()))
    circuits = one(connection, "select count(*) from submeter.circuits")
    assert isinstance(circuits, int)
    assert one(connection, "select count(*) from submeter.monthly_usage") == 12 * circuits


def test_days_of_clock_changes_have_46_and_50_half_hours(
    connection: psycopg.Connection, company: DemoCompany
) -> None:
    lengths = connection.execute("""
        select extract(month from day)::int, length(amounts) / 4, count(distinct day)
        from submeter.register_intervals where length(amounts) <> 192 group by 1, 2 order by 1""").fetchall()
    assert lengths == [(3, 46, 1), (10, 50, 1)]
    assert one(connection, "select count(distinct day) from submeter.register_intervals") == company.days


def test_a_year_of_costs_for_the_resident(connection: psycopg.Connection, company: DemoCompany) -> None:
    costs = connection.execute(
        "select total, benchmark_total from submeter.monthly_costs where customer_id = %s",
        (company.resident_id,),
    ).fetchall()
    assert len(costs) == 12
    assert all(0 < total < benchmark for total, benchmark in costs)


def test_some_meters_lack_their_next_tariff(connection: psycopg.Connection, company: DemoCompany) -> None:
    rows = connection.execute("select * from public.meters_missing_future_tariffs(%s)", (company.esco_code,))
    assert 0 < len(rows.fetchall()) < HOMES


def test_published_and_illustrative_benchmarks_are_told_apart(connection: psycopg.Connection) -> None:
    published = connection.execute("""
        select period_start, unit_rate::text, standing_charge::text, source like 'Ofgem%%' from submeter.benchmark_tariffs
        where provenance = 'published' order by 1""").fetchall()
    assert published == [
        (date(2024, 4, 1), "0.2343", "0.6719", True),
        (date(2024, 7, 1), "0.2133", "0.6721", True),
        (date(2024, 10, 1), "0.2337", "0.6812", True),
    ]


def test_payments_of_every_kind(connection: psycopg.Connection) -> None:
    statuses = {status for (status,) in connection.execute("select distinct status from submeter.payments")}
    assert {"created", "pending", "failed", "succeeded"} <= statuses
    assert one(connection, "select count(*) from submeter.payments where scheduled_at > %s", TODAY)


def test_one_reading_of_each_company_was_corrected(connection: psycopg.Connection) -> None:
    corrections = "select count(*) from submeter.readings r join submeter.readings o on o.id = r.replaces_id"
    assert one(connection, corrections + " where o.status = 'estimated' and o.reading > r.reading") == 2


def test_the_newcomer_sees_their_own_weeks_only(module_database: Database, company: DemoCompany) -> None:
    def seen(customer: str) -> tuple[datetime, datetime, int]:
        caller = Caller("authenticated", esco_id=company.esco_id, customer_id=customer)
        with transaction(module_database, caller) as connection:
            query = 'select min("timestamp"), max("timestamp"), count(*) from public.register_interval_hh'
            row = connection.execute(query).fetchone()
            assert row is not None
            return row

    newcomer, predecessor = seen(company.customer_id), seen(company.predecessor_id)
    assert predecessor[1] < newcomer[0]
    assert 3 * 48 * 14 < newcomer[2] < 3 * 48 * 31 < predecessor[2]


def test_an_operator_sees_one_company(module_database: Database, company: DemoCompany) -> None:
    with transaction(module_database, Caller("operator", esco_id=company.other_esco_id)) as connection:
        assert connection.execute("select code from public.sites").fetchall() == [("TANNERY-YARD",)]


def test_a_second_call_finds_it_and_changes_nothing(module_database: Database, company: DemoCompany) -> None:
    before, said = digest(module_database), list[str]()
    assert seed(module_database, date(2030, 1, 1), said.append) == company
    assert said == []
    assert digest(module_database) == before


def test_it_says_what_it_does_and_tells_the_way_in(database: Database) -> None:
    said: list[str] = []
    company = seed(database, date(2026, 11, 21), said.append, homes=1)
    assert len(said) == 10
    assert all(line.split()[0].isdigit() for line in said)
    assert (company.esco_code, company.homes, company.days) == ("wlce", 1, 365)
    assert (company.first_day, company.end_day) == (date(2025, 11, 1), date(2026, 11, 1))


def test_the_same_day_gives_the_same_data(
    database: Database, module_database: Database, company: DemoCompany
) -> None:
    assert seed(database, TODAY, homes=HOMES) == company
    assert digest(database) == digest(module_database)


@pytest.mark.parametrize(
    ("today", "first", "last", "days"),
    [
        (date(2026, 3, 1), date(2025, 3, 1), date(2026, 2, 28), 365),
        (date(2025, 12, 31), date(2024, 12, 1), date(2025, 11, 30), 365),
        (date(2024, 2, 29), date(2023, 2, 1), date(2024, 1, 31), 365),
        (date(2024, 3, 15), date(2023, 3, 1), date(2024, 2, 29), 366),
    ],
)
def test_the_twelve_whole_months_before_a_day(
    database: Database, today: date, first: date, last: date, days: int
) -> None:
    seed(database, today, homes=1)
    with database.connect_owner() as connection:
        span = connection.execute(
            "select min(day), max(day), count(distinct day) from submeter.register_intervals"
        ).fetchone()
        assert span == (first, last, days)
        assert one(connection, "select count(distinct month) from submeter.monthly_costs") == 12
        assert one(connection, "select max(period_start) from submeter.customer_tariffs") > today  # type: ignore[operator]


def test_what_fails_half_way_leaves_nothing(database: Database) -> None:
    def stop(said: str) -> None:
        if "payments" in said:
            raise KeyboardInterrupt

    empty = digest(database)
    with pytest.raises(KeyboardInterrupt):
        seed(database, TODAY, stop, homes=1)
    assert digest(database) == empty


def test_somebody_elses_database_is_left_alone(database: Database) -> None:
    with database.connect_owner() as connection:
        connection.execute("insert into submeter.escos (code, name) values ('mine', 'My own company')")
    before = digest(database)
    with pytest.raises(Refused, match="mine") as refused:
        seed(database, TODAY)
    assert refused.value.problem.code == "DEM101"
    assert digest(database) == before
