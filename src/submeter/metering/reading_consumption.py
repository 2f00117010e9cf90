"""Consumption of a register by its readings, as far as the caller sees them."""

from datetime import date
from uuid import UUID

from submeter.core.caller import Caller
from submeter.core.problem import Refused
from submeter.db.database import Database
from submeter.db.transactions import transaction
from submeter.metering import reading_problems as problems
from submeter.metering.period_use import PeriodUse, period_use
from submeter.metering.reading_store import load_counted

__all__ = ["work_out_consumption"]


def work_out_consumption(
    database: Database,
    caller: Caller,
    register_id: str,
    from_date: date | None = None,
    to_date: date | None = None,
) -> list[PeriodUse]:
    """The periods that reach into `[from_date, to_date)`, whole; of all time where nothing is said.

    Raises Refused: MTR266 for a register that the caller does not see; MTR340 to MTR342 where readings do not
    fit each other.
    """
    try:
        key = str(UUID(register_id))
    except ValueError as error:
        raise Refused(problems.no_such_register(register_id)) from error
    with transaction(database, caller) as connection:
        dial = load_counted(connection, key)
    if dial is None:
        raise Refused(problems.no_such_register(register_id))
    periods = period_use([held.reading for held in dial.held], dial.multipliers, dial.unit)
    first, end = from_date or date.min, to_date or date.max
    return [one for one in periods if one.first < end and one.end > first]
