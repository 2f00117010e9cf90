"""Calendars: public holidays of years, copied from a library into a table where people may change them."""

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple
from uuid import UUID

import psycopg

from submeter.core.caller import Caller
from submeter.core.problem import Refused
from submeter.db.database import Database
from submeter.db.queries import load_queries
from submeter.db.transactions import transaction
from submeter.metering.store import get_esco
from submeter.tariffs import problems
from submeter.tariffs.holidays import list_holidays

__all__ = ["Filled", "fill_calendar"]

_QUERIES = load_queries(__package__ or "")
_YEARS = range(1970, 2200)
_MOST = 50


class Filled(NamedTuple):
    """What became of a calendar."""

    id: UUID
    code: str
    added: int
    """Days that were not there."""
    years: tuple[int, ...]
    """All years that are filled now."""


def fill_calendar(
    database: Database, caller: Caller, code: str, from_year: int, to_year: int, jurisdiction: str = ""
) -> Filled:
    """Fill the holidays of years into a calendar; it is made if it is not there.

    They are those of `jurisdiction`, else of what the calendar says, else of what it is called: AU-NSW. A day
    that is there stays as somebody has it. Raises Refused TRF143, TRF144, MTR231.
    """
    if from_year not in _YEARS or to_year not in _YEARS or not 0 <= to_year - from_year < _MOST:
        raise Refused(problems.wrong_years(from_year, to_year))
    years = list(range(from_year, to_year + 1))
    with transaction(database, caller) as connection:
        esco_id = get_esco(connection)
        values = {"esco_id": esco_id, "code": code}
        row = connection.execute(_QUERIES["find_calendar"], values).fetchone()
        state = jurisdiction or (row[1] if row else "") or code
        days = list_holidays(state, years)
        if row is None:
            row = connection.execute(_QUERIES["add_calendar"], {**values, "jurisdiction": state}).fetchone()
        assert row
        return _fill(connection, esco_id, row[0], code, days, years)


def _fill(
    connection: psycopg.Connection,
    esco_id: UUID,
    calendar_id: UUID,
    code: str,
    days: Mapping[date, str],
    years: list[int],
) -> Filled:
    values = {
        "esco_id": esco_id,
        "calendar_id": calendar_id,
        "days": list(days),
        "names": list(days.values()),
    }
    added = connection.execute(_QUERIES["add_holidays"], values).rowcount
    row = connection.execute(_QUERIES["note_years"], {"id": calendar_id, "years": years}).fetchone()
    assert row
    return Filled(calendar_id, code, added, tuple(row[0]))
