"""Fill an empty database with the demonstration company, all of it or nothing."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import psycopg
from psycopg import sql

from submeter.core.problem import Problem, Refused
from submeter.db.database import Database
from submeter.demo.company import ESTATES, TANNERY, TIME_ZONE, WILLOW_LANE, Home, make_tenant
from submeter.demo.days import LocalDay, first_of_month, instant, list_days, list_months
from submeter.demo.metering import Meter, Register, list_meters, list_natures
from submeter.demo.meters import (
    rows_of_circuits,
    rows_of_intervals,
    rows_of_meter,
    rows_of_readings,
    with_correction,
)
from submeter.demo.parties import (
    Rows,
    Year,
    list_accounts,
    list_statuses,
    make_year,
    rows_of_accounts,
    rows_of_company,
    rows_of_customers,
    rows_of_places,
)
from submeter.demo.payments import add_payments
from submeter.demo.plans import add_plans
from submeter.demo.readings import DayOfRegister, list_days_of, list_readings
from submeter.demo.store import Row, add_rows
from submeter.demo.tariffs import add_benchmarks, add_shadows, generate_tariffs
from submeter.demo.usage import list_use
from submeter.metering.actions import import_rows
from submeter.metering.model import DayRow

Say = Callable[[str], None]

_LOCK = 0x44656D6F  # "Demo": a second process waits, then finds the company there
_TABLES = (
    "escos", "sellers", "sites", "properties", "supply_points", "supply_point_identifiers", "customers",
    "accounts", "customer_accounts", "agreements", "meters", "registers", "register_multipliers",
    "meter_installations", "circuits", "circuit_registers",
)  # fmt: skip


@dataclass(frozen=True)
class DemoCompany:
    """What the demonstration can be entered by. The ids (UUIDs as text) are the same in every database."""

    esco_id: str
    esco_code: str
    customer_id: str
    """Moved in a few weeks before the end of the data, into a home that somebody else had before."""
    predecessor_id: str
    """Who lived in that home before."""
    resident_id: str
    """A customer in one home the whole year, whose meter was exchanged."""
    other_esco_id: str
    other_esco_code: str
    other_customer_id: str
    """A customer of the other ESCO."""
    homes: int
    """Homes of the first ESCO."""
    first_day: date
    """First day of the half-hours."""

    @property
    def end_day(self) -> date:
        """First day without half-hours: the first of the month in which the database was filled."""
        return first_of_month(self.first_day, 12)

    @property
    def days(self) -> int:
        return (self.end_day - self.first_day).days


def seed(database: Database, today: date, say: Say = lambda _: None, homes: int | None = None) -> DemoCompany:
    """The demonstration company in `database`: filled in one transaction, or found there and left alone.

    The data cover the twelve whole months before `today` and depend on nothing else. `homes` limits the homes
    of each estate, for tests. Raises Refused DEM101 where the database holds ESCOs of somebody else.
    """
    with database.connect_owner() as connection:
        found = find_company(connection)
        if found:
            return found
        with connection.transaction():
            return _fill_alone(connection, today, say, homes)


def find_company(connection: psycopg.Connection) -> DemoCompany | None:
    """The demonstration company, if the database holds it."""
    row = connection.execute(
        """select count(*) filter (where p.kind = 'residential'),
             (select min(a.from_date) from submeter.agreements a where a.esco_id = %s)
           from submeter.properties p where p.esco_id = %s""",
        (WILLOW_LANE.id, WILLOW_LANE.id),
    ).fetchone()
    return _company(*row) if row and row[0] else None


def _fill_alone(connection: psycopg.Connection, today: date, say: Say, homes: int | None) -> DemoCompany:
    connection.execute("select pg_advisory_xact_lock(%s)", (_LOCK,))
    found = find_company(connection)
    if found:
        return found
    _refuse_others(connection)
    end = first_of_month(today)
    first = first_of_month(end, -12)
    years = tuple(make_year(estate, first, end, homes) for estate in ESTATES)
    _fill(connection, years, today, say)
    return _company(sum(home.is_home for home in years[0].homes), first)


def _fill(connection: psycopg.Connection, years: Sequence[Year], today: date, say: Say) -> None:
    # Benchmarks first: they would generate tariffs for whoever is there, before anything is promised.
    say(f"{add_benchmarks(connection, years[0].first, today)} benchmark tariffs")
    say(f"{_add_places_and_people(connection, years)} companies, homes, people, meters and what ties them")
    say(f"{generate_tariffs(connection, years, today)} microgrid and customer tariffs")
    say(f"{add_plans(connection, years)} agreements with a price plan")
    days, readings = _add_metering(connection, years)
    say(f"{days} days of half-hours, {readings} dial readings")
    say(f"{_add_by_month(connection, years[0], 'monthly_usage')} months of usage")
    say(f"{_add_by_month(connection, years[0], 'monthly_costs')} monthly costs")
    say(f"{_set_statuses(connection, years)} customers with their status of today")
    say(f"{sum(add_payments(connection, year, today) for year in years)} payments")
    say(f"{add_shadows(connection, years, today)} meters with their tariffs")


def _add_places_and_people(connection: psycopg.Connection, years: Sequence[Year]) -> int:
    rows: dict[str, list[Row]] = {table: [] for table in _TABLES}
    for year in years:
        for table, row in _rows_of(year):
            rows[table].append(row)
    return sum(add_rows(connection, table, rows[table]) for table in _TABLES)


def _rows_of(year: Year) -> Rows:
    yield from rows_of_company(year.estate)
    yield from rows_of_customers(year)
    for home in year.homes:
        yield from rows_of_places(home)
        yield from rows_of_accounts(list_accounts(home))
        yield from rows_of_circuits(home)
        for meter in list_meters(home, year.first):
            yield from rows_of_meter(meter)


def _add_metering(connection: psycopg.Connection, years: Sequence[Year]) -> tuple[int, int]:
    readings: list[Row] = []
    days = 0
    for year in years:
        days += _add_intervals(connection, year, _intervals(year, readings))
    return days, add_rows(connection, "readings", readings)


def _add_intervals(connection: psycopg.Connection, year: Year, rows: Iterator[DayRow]) -> int:
    """By the way that meter files take."""
    name = f"{year.estate.code}: made-up half-hours (BDEW H25, gas EFH, height of the sun)"
    connection.execute("analyze submeter.meters, submeter.registers")
    made_at = instant(year.end, TIME_ZONE)
    report = import_rows(connection, year.estate.id, name, rows, made_at, year.end.year)
    assert report.is_clean, report.as_text()
    return report.counts["stored"]


def _intervals(year: Year, readings: list[Row]) -> Iterator[DayRow]:
    """The days of all registers of an estate, one by one; their readings go into `readings` on the way."""
    local_days = list_days(year.first, year.end, TIME_ZONE)
    corrected = year.estate.moves[0].plot
    for home in year.homes:
        for meter, register, days in _registers_of(home, year, local_days):
            rows = tuple(
                rows_of_readings(meter, register, list_readings(meter, register, days, year.first, year.end))
            )
            is_corrected = home.plot == corrected and register.nature == "power"
            readings.extend(with_correction(rows, 4) if is_corrected else rows)
            yield from rows_of_intervals(meter, register, days)


def _registers_of(
    home: Home, year: Year, local_days: Sequence[LocalDay]
) -> Iterator[tuple[Meter, Register, tuple[DayOfRegister, ...]]]:
    use = {nature: tuple(list_use(home, nature, local_days)) for nature in list_natures(home)}
    for meter in list_meters(home, year.first):
        for register in meter.registers:
            yield meter, register, tuple(list_days_of(meter, use[register.nature]))


def _add_by_month(connection: psycopg.Connection, year: Year, table: str) -> int:
    """What the database computes from the half-hours: usage, then costs. Returns the number of rows."""
    compute = sql.SQL("select public.{}(%s)").format(sql.Identifier(f"{table}_compute"))
    connection.execute("analyze")  # nobody else has seen these rows; the planner must
    for month in list_months(year.first, year.end):
        connection.execute(compute, (month,))
    count = sql.SQL("select count(*) from submeter.{}").format(sql.Identifier(table))
    row = connection.execute(count).fetchone()
    return int(row[0]) if row else 0


def _set_statuses(connection: psycopg.Connection, years: Sequence[Year]) -> int:
    """Last, because whoever is archived gets no tariffs and no costs any more."""
    statuses = [(status, person.id) for year in years for person, status in list_statuses(year)]
    with connection.cursor() as cursor:
        cursor.executemany(
            "update submeter.customers set status = %s where id = %s",
            [pair for pair in statuses if pair[0] != "live"],
        )
    return len(statuses)


_STRANGERS = """
select string_agg(format('%I.%I', n.nspname, c.relname), ', ' order by n.nspname, c.relname)
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
  and to_regclass('submeter.escos') is null
"""


def refuse_strangers(database: Database) -> None:
    """Raises Refused DEM101 where a database that is not Submeter's holds something, before it is touched."""
    with database.connect_owner() as connection:
        row = connection.execute(_STRANGERS).fetchone()
    if row and row[0]:
        raise _needs_its_own(f"{database.name} holds {row[0]:.200}")


def _refuse_others(connection: psycopg.Connection) -> None:
    row = connection.execute("select string_agg(code, ', ' order by code) from submeter.escos").fetchone()
    if row and row[0]:
        raise _needs_its_own(f"the database holds {row[0]}")


def _needs_its_own(detail: str) -> Refused:
    hint = "Fill an empty database: another SUBMETER_DATA_DIR or DATABASE_URL."
    return Refused(Problem("DEM101", "The demonstration company needs a database of its own", detail, hint))


def _company(homes: int, first_day: date) -> DemoCompany:
    newest, (mover, *_), exchange = WILLOW_LANE.moves[0], TANNERY.moves, WILLOW_LANE.exchange
    assert exchange is not None
    return DemoCompany(
        esco_id=str(WILLOW_LANE.id),
        esco_code=WILLOW_LANE.code,
        customer_id=str(make_tenant(WILLOW_LANE, newest.plot, 2).id),
        predecessor_id=str(make_tenant(WILLOW_LANE, newest.plot, 1).id),
        resident_id=str(make_tenant(WILLOW_LANE, exchange.plot, 1).id),
        other_esco_id=str(TANNERY.id),
        other_esco_code=TANNERY.code,
        other_customer_id=str(make_tenant(TANNERY, mover.plot, 2).id),
        homes=homes,
        first_day=first_day,
    )
