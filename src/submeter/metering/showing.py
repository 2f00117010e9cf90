"""What people ask for to see: registers by name, and charts of one."""

from datetime import date
from difflib import get_close_matches

import psycopg

from submeter.charts.model import Chart, Heading
from submeter.core.caller import Caller
from submeter.core.problem import Problem, Refused
from submeter.db.database import Database
from submeter.db.transactions import transaction
from submeter.metering import problems, register_store
from submeter.metering.days import DAY
from submeter.metering.plots import Kind, Period, chart_of, choose_period, local_days, words_of
from submeter.metering.register_store import RegisterRow
from submeter.metering.series import Series, series_of

__all__ = ["find_registers", "get_named", "get_of_site", "list_registers", "make_chart"]


def list_registers(database: Database, caller: Caller, site: str | None = None) -> tuple[RegisterRow, ...]:
    """All registers that the caller may see, or those of a site. Raises Refused MTR450."""
    with transaction(database, caller) as connection:
        return get_of_site(connection, site) if site else register_store.list_registers(connection)


def find_registers(database: Database, caller: Caller, name: str) -> tuple[RegisterRow, ...]:
    """The registers that a name means: one, or all of a meter or supply point. Raises Refused MTR450."""
    with transaction(database, caller) as connection:
        return get_named(connection, name)


def make_chart(
    database: Database, caller: Caller, name: str, kind: Kind, first: date | None, end: date | None
) -> Chart:
    """A chart of one register, in the billing days of its site (UTC without one).

    Raises Refused: MTR450, MTR451 for the name, MTR452 without data, MTR455 for the days, MTR393 and MTR394
    where days of intervals overlap or do not fit.
    """
    with transaction(database, caller) as connection:
        register = _get_one(connection, name)
        if register.last_day is None:
            raise Refused(problems.no_intervals(register.label))
        period = choose_period(kind, first, end, register.last_day)
        series = _read(connection, register, period)
    days = local_days(series, period, register.clock or "UTC")
    return chart_of(kind, days, register.unit, _heading(register, period))


def get_named(connection: psycopg.Connection, name: str) -> tuple[RegisterRow, ...]:
    """As `find_registers`, within a transaction."""
    found = register_store.list_registers(connection, name=name)
    if not found:
        raise Refused(_unknown(connection, name))
    return found


def get_of_site(connection: psycopg.Connection, site: str) -> tuple[RegisterRow, ...]:
    """The registers of a site, by its id, code or name. Raises Refused MTR450."""
    found = register_store.list_registers(connection, site=site)
    if not found:
        raise Refused(_unknown(connection, site))
    return found


def _get_one(connection: psycopg.Connection, name: str) -> RegisterRow:
    found = get_named(connection, name)
    if len(found) > 1:
        raise Refused(problems.several_registers_named(name, [register.label for register in found]))
    return found[0]


def _unknown(connection: psycopg.Connection, name: str) -> Problem:
    nearest = get_close_matches(name, register_store.list_names(connection), 2)
    return problems.no_such_register(name, nearest)


def _read(connection: psycopg.Connection, register: RegisterRow, period: Period) -> Series:
    """A day of another clock may begin a day before or after; half-hours at the least."""
    rows = tuple(register_store.list_days(connection, register, period.first - DAY, period.end + DAY))
    if not rows:
        raise Refused(problems.no_intervals(f"{register.label}, {words_of(period)}"))
    return series_of(rows, max(30, *(row.minutes for row in rows)))


def _heading(register: RegisterRow, period: Period) -> Heading:
    where = [name for name in (register.property_name, register.site_name) if name]
    said = [*where, f"{register.nature} {register.direction}", f"days of {register.clock or 'UTC'}"]
    return Heading(f"{register.label}: {words_of(period)}", ", ".join(said))
