"""The functions of dial readings as they are called over REST: JSON in, rows out."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from submeter.core.caller import Caller
from submeter.core.problem import Refused
from submeter.db.database import Database
from submeter.metering import reading_actions as actions
from submeter.metering.arguments import Arguments, Call, Rows, day_of, list_of, number_of, text_of, whole_of
from submeter.metering.reading_consumption import work_out_consumption
from submeter.metering.reading_problems import no_numbers

__all__ = ["CALLS"]


def _insert(database: Database, caller: Caller, rows: Any) -> Rows:
    """The insert of meter_readings: one row, or many."""
    given = rows if isinstance(rows, list) else [rows]
    return actions.add_readings(database, caller, given, datetime.now(UTC))


def _process(database: Database, caller: Caller, arguments: Arguments) -> Rows:
    ids, rolled = _numbers(arguments), number_of("add_factor", arguments.get("add_factor"))
    return _told(actions.process_readings(database, caller, ids, datetime.now(UTC), rolled))


def _force(database: Database, caller: Caller, arguments: Arguments) -> Rows:
    ids, reason = _some_numbers(arguments), text_of(arguments, "reason")
    return _told(actions.force_readings(database, caller, ids, reason, datetime.now(UTC)))


def _delete(database: Database, caller: Caller, arguments: Arguments) -> Rows:
    ids, reason = _some_numbers(arguments), text_of(arguments, "reason")
    return _told(actions.delete_readings(database, caller, ids, reason, datetime.now(UTC)))


def _misread(database: Database, caller: Caller, arguments: Arguments) -> Rows:
    reading_id, reason = str(arguments["reading_id"]), text_of(arguments, "reason")
    return actions.mark_misread(database, caller, reading_id, reason, datetime.now(UTC))


def _consumption(database: Database, caller: Caller, arguments: Arguments) -> Rows:
    days = (day_of(arguments, name) for name in ("from_date", "to_date"))
    found = work_out_consumption(database, caller, str(arguments["register_id"]), *days)
    return [period.as_json() for period in found]


def _numbers(arguments: Arguments) -> list[int] | None:
    """The readings that are meant; None for all that wait. A list may come as SQL writes one: {1,2}."""
    one, some = arguments.get("id"), arguments.get("ids")
    if one is None and some is None:
        return None
    return [whole_of("ids", number) for number in (*list_of(some), one) if number not in (None, "")]


def _some_numbers(arguments: Arguments) -> list[int]:
    numbers = _numbers(arguments)
    if not numbers:
        raise Refused(no_numbers())
    return numbers


def _told(found: list[actions.Outcome]) -> Rows:
    return [one.as_json() for one in found]


CALLS: Mapping[str, Call] = {
    "meter_readings": _insert,
    "process_reading": _process,
    "force_reading": _force,
    "delete_reading": _delete,
    "mark_misread": _misread,
    "register_consumption": _consumption,
}
