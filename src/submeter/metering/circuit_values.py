"""What the registers of a circuit counted together, virtual ones among them: by intervals, days or months."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import NamedTuple
from uuid import UUID

from submeter.core.caller import Caller
from submeter.core.problem import Problem, Refused
from submeter.db.database import Database
from submeter.db.transactions import transaction
from submeter.metering import values_store as store
from submeter.metering.register_values import (
    Asked,
    DayValue,
    IntervalValue,
    find_sight,
    tell_days,
    tell_intervals,
)
from submeter.metering.value_sight import Sight

__all__ = ["TotalValue", "list_circuit_intervals", "list_circuit_totals"]


class TotalValue(NamedTuple):
    """Energy of a day or month in kWh; None where a part is not known. `provisional` as of a day."""

    starts_on: date
    kwh: Decimal | None
    provisional: bool


def list_circuit_intervals(
    database: Database, caller: Caller, circuit_id: UUID, first: date, end: date, minutes: int = 30
) -> tuple[IntervalValue, ...]:
    """Energy in kWh in steps of `minutes` over the billing days `[first, end)`, while something counts.

    Export counts against import, except on a solar circuit. A customer is told the steps that lie in their
    own days, in full. Raises Refused: NET128 for a circuit that the caller does not see, and as the values
    of registers do (NET127, NET129, MTR387, MTR388, MTR393, MTR394).
    """
    sight = find_sight(database, caller)
    return tell_intervals(database, sight, _of_circuit(database, sight, circuit_id), first, end, minutes)


def list_circuit_totals(
    database: Database, caller: Caller, circuit_id: UUID, first: date, end: date, step: str = "day"
) -> tuple[TotalValue, ...]:
    """Energy of the billing days of `[first, end)`, or of their months, as far as they lie in it.

    By the dial where there are no intervals. Raises Refused as `list_circuit_intervals` does, and as readings
    do (MTR340 to MTR342).
    """
    if step not in ("day", "month"):
        hint = "Send step as day or month"
        raise Refused(Problem("NET127", "The period cannot be computed", f"step {step}", hint))
    sight = find_sight(database, caller)
    days = tell_days(database, sight, _of_circuit(database, sight, circuit_id), first, end)
    return tuple(TotalValue(*day) for day in days) if step == "day" else _months(days)


def _of_circuit(database: Database, sight: Sight, circuit_id: UUID) -> Asked:
    with transaction(database, sight.reader) as connection:
        places = sight.cut(store.list_circuit_places(connection, circuit_id)) if sight.spans != () else ()
    if not places:
        hint = "GET /circuits lists those that you may see; circuit_registers says what counts for them"
        problem = Problem(
            "NET128", "There is no such circuit, or nothing counts for it", str(circuit_id), hint
        )
        raise Refused(problem)
    return Asked.in_places(places, whole_steps=sight.spans is not None)


def _months(days: Sequence[DayValue]) -> tuple[TotalValue, ...]:
    grouped = groupby(days, lambda day: day.day.replace(day=1))
    return tuple(_month(month, list(group)) for month, group in grouped)


def _month(month: date, days: Sequence[DayValue]) -> TotalValue:
    known = [day.quantity for day in days if day.quantity is not None]
    total = sum(known, Decimal()) if len(known) == len(days) else None
    return TotalValue(month, total, any(day.provisional for day in days))
