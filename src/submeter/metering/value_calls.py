"""Values of registers and circuits, also of those that are computed, as they are asked for over REST."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from uuid import UUID

from submeter.core.caller import Caller
from submeter.core.problem import Refused
from submeter.db.database import Database
from submeter.metering.arguments import Arguments, Call, Rows, day_of, whole_of
from submeter.metering.circuit_values import list_circuit_intervals, list_circuit_totals
from submeter.metering.problems import unreadable_value
from submeter.metering.register_values import list_day_values, list_interval_values

__all__ = ["CALLS"]


def _register_intervals(database: Database, caller: Caller, arguments: Arguments) -> Rows:
    rows = list_interval_values(database, caller, *_period(arguments, "register_id"), _minutes(arguments))
    return [{"timestamp": row.starts_at.isoformat(), "quantity": _text(row.quantity)} for row in rows]


def _register_days(database: Database, caller: Caller, arguments: Arguments) -> Rows:
    rows = list_day_values(database, caller, *_period(arguments, "register_id"))
    return [{**row._asdict(), "day": row.day.isoformat(), "quantity": _text(row.quantity)} for row in rows]


def _circuit_intervals(database: Database, caller: Caller, arguments: Arguments) -> Rows:
    rows = list_circuit_intervals(database, caller, *_period(arguments, "circuit_id"), _minutes(arguments))
    return [{"timestamp": row.starts_at.isoformat(), "kwh": _text(row.quantity)} for row in rows]


def _circuit_totals(database: Database, caller: Caller, arguments: Arguments) -> Rows:
    step = arguments.get("step") or "day"
    rows = list_circuit_totals(database, caller, *_period(arguments, "circuit_id"), step)
    return [{**row._asdict(), "starts_on": row.starts_on.isoformat(), "kwh": _text(row.kwh)} for row in rows]


def _period(arguments: Arguments, of: str) -> tuple[UUID, date, date]:
    """The register or circuit and the days that a request means; PostgreSQL has looked at them before."""
    first, end = (day_of(arguments, name) for name in ("from_date", "to_date"))
    if first is None or end is None:
        raise Refused(unreadable_value("from_date, to_date", None, "day"))
    return UUID(str(arguments[of])), first, end


def _minutes(arguments: Arguments) -> int:
    return whole_of("minutes", arguments.get("minutes") or 30)


def _text(quantity: Decimal | None) -> str | None:
    """Written out: PostgreSQL reads it as exactly that number."""
    return None if quantity is None else f"{quantity:f}"


CALLS: Mapping[str, Call] = {
    "circuit_intervals": _circuit_intervals,
    "circuit_totals": _circuit_totals,
    "register_days": _register_days,
    "register_intervals": _register_intervals,
}
