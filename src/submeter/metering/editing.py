"""Values that a person gives for intervals, with a reason. What stood before is kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

import psycopg

from submeter.core.caller import Caller
from submeter.core.problem import Refused
from submeter.db.database import Database
from submeter.db.transactions import transaction
from submeter.metering import interval_problems as problems
from submeter.metering import interval_store as store
from submeter.metering.day_versions import Change, KeptDay, Kind, changed, empty_day, sum_of
from submeter.metering.days import DAY, day_of, starts_at
from submeter.metering.estimation import check_reason
from submeter.metering.market_codes import METHODS
from submeter.metering.model import DayRow
from submeter.metering.selecting import IntervalRegister, Selection, check_days

__all__ = ["Edit", "Edited", "edit_intervals"]

MOST = 50_000
REACH = 400 * DAY
_USUAL_METHODS = {"remote": "18", "manual": "55"}
"""Alternate data, and agreed with those concerned: what AEMO's lists have for values from elsewhere."""


@dataclass(frozen=True, slots=True)
class Edit:
    """New quantities for intervals from `at` on, one for each; None for unknown.

    `quality` is A, E, S or F; `method` and `reason_code` are AEMO's, `reason` says it in words.
    """

    register: str
    at: datetime
    quantities: Sequence[Decimal | None]
    reason: str
    reason_code: int = 0
    method: str = ""
    quality: str = "S"
    include_billed: bool = False


class Edited(NamedTuple):
    """What was changed of a day."""

    register_id: UUID
    day: date
    first: int
    last: int
    total_before: Decimal | None
    total_after: Decimal | None


def edit_intervals(database: Database, caller: Caller, edit: Edit) -> tuple[Edited, ...]:
    """Put the quantities in place: all, or none. The days are edited then, and no file replaces them unasked.

    Raises Refused: MTR384, MTR400, MTR401, MTR403 to MTR408, MTR412.
    """
    _refuse(edit)
    with transaction(database, caller) as connection:
        register_id = store.get_register(connection, Selection(edit.register))
        register = store.get_registers(connection, [register_id])[register_id]
        store.lock(connection, register.esco_id)
        before = _days(connection, register, edit)
        after = _edited(before, register, edit, caller.signature())
        if not edit.include_billed and (billed := store.billed_days(connection, [day for day, _ in after])):
            raise Refused(problems.billed(min(day for _, day in billed)))
        store.write_days(connection, [day for day, _ in after], {register.id: register.esco_id})
        done = [_told(old, new, change) for old, (new, change) in zip(before, after, strict=True)]
        store.add_changes(
            connection,
            [_noted(register, one, new[1], edit, caller) for one, new in zip(done, after, strict=True)],
        )
    return tuple(done)


def _refuse(edit: Edit) -> None:
    check_days(edit.at.date())
    if not edit.reason.strip():
        raise Refused(problems.no_reason("values are changed"))
    if edit.quality not in ("A", "E", "S", "F"):
        raise Refused(problems.wrong_quality(edit.quality))
    check_reason(edit.reason_code)
    if edit.method and edit.method not in METHODS:
        raise Refused(problems.unknown_method(edit.method))
    if not 1 <= len(edit.quantities) <= MOST:
        raise Refused(problems.wrong_quantities(f"{len(edit.quantities)} quantities"))
    for quantity in edit.quantities:
        if quantity is not None and not quantity.is_finite():
            raise Refused(problems.wrong_quantities(f"{quantity} is no quantity"))


def _days(connection: psycopg.Connection, register: IntervalRegister, edit: Edit) -> list[KeptDay]:
    """The days that the edit is about; one that nothing is known of is like those around it."""
    day = edit.at.date()
    kept = list(
        store.load_days(connection, [(register.id, day - REACH, day + REACH)], {register.id: register})
    )
    if not kept:
        raise Refused(problems.nothing_there(str(register), edit.at))
    like = min(kept, key=lambda one: abs(one.row.day - day)).row
    there = {one.row.day: one for one in kept}
    found, at = [], edit.at
    end = edit.at + len(edit.quantities) * timedelta(minutes=like.minutes)
    while at < end:
        own = day_of(at, like.clock)
        one = there.get(own) or empty_day(register.id, like, own)
        if (one.row.clock, one.row.minutes) != (like.clock, like.minutes):
            raise Refused(problems.other_intervals(own, f"{one.row.minutes} minutes, {one.row.clock}"))
        found.append(one)
        at = starts_at(own + DAY, like.clock)
    return found


def _edited(
    before: Sequence[KeptDay], register: IntervalRegister, edit: Edit, who: str
) -> list[tuple[KeptDay, Change]]:
    kind = _kind(edit, register.settings.policy.installation)
    found: list[tuple[KeptDay, Change]] = []
    done = 0
    for day in before:
        first = _place(day.row, edit.at) if not done else 1
        count = min(len(day.row.amounts) // 4 - first + 1, len(edit.quantities) - done)
        decimals, amounts = _whole(edit.quantities[done : done + count])
        change = Change(first, amounts, decimals, kind)
        row = changed(day.row, [change], exact=True)
        # A person stands for it: nothing goes over it without another decision.
        found.append((day._replace(row=row, standing=2, edited_by=who, source=None), change))
        done += count
    return found


def _whole(quantities: Sequence[Decimal | None]) -> tuple[int, list[int | None]]:
    """The quantities as whole numbers, exactly, and their decimals. Refuses more than nine (MTR407)."""
    exponents = [int(one.normalize().as_tuple().exponent) for one in quantities if one]
    decimals = max((-exponent for exponent in exponents), default=0)
    if decimals > 9:
        raise Refused(problems.wrong_quantities(f"{decimals} decimals"))
    decimals = max(decimals, 0)
    return decimals, [None if one is None else int(one.scaleb(decimals)) for one in quantities]


def _kind(edit: Edit, installation: str) -> Kind:
    if edit.quality == "A":
        return Kind("A", "", str(edit.reason_code), edit.reason.strip())
    return Kind(
        edit.quality, edit.method or _USUAL_METHODS[installation], str(edit.reason_code), edit.reason.strip()
    )


def _place(row: DayRow, at: datetime) -> int:
    """The number of the interval that begins at a moment. Refuses one within an interval (MTR407)."""
    place, rest = divmod(at - starts_at(row.day, row.clock), timedelta(minutes=row.minutes))
    if rest:
        detail = f"no interval begins at {at.isoformat()}; they are {row.minutes} minutes long"
        raise Refused(problems.wrong_quantities(detail))
    return place + 1


def _told(old: KeptDay, new: KeptDay, change: Change) -> Edited:
    sums = [
        None if total is None else Decimal(total).scaleb(-row.decimals)
        for row in (old.row, new.row)
        for total in [sum_of(row, change.first, change.last)]
    ]
    return Edited(new.register_id, new.row.day, change.first, change.last, *sums)


def _noted(
    register: IntervalRegister, one: Edited, change: Change, edit: Edit, caller: Caller
) -> dict[str, Any]:
    return {
        **one._asdict(), "esco_id": register.esco_id, "kind": "edit", "quality": edit.quality,
        "method": change.kind.method, "reason_code": edit.reason_code, "reason": edit.reason.strip(),
        "made_by": caller.signature(),
    }  # fmt: skip
