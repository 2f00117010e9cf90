"""The functions of intervals as they are called over REST: JSON in, rows out.

The types of the arguments have been tested by the SQL object of each function; how a moment or a number was
written has not.
"""

from collections.abc import Mapping
from typing import Any

from submeter.core.caller import Caller
from submeter.db.database import Database
from submeter.metering import checking
from submeter.metering.arguments import (
    Arguments,
    Call,
    Rows,
    day_of,
    flag_of,
    list_of,
    moment_of,
    number_of,
    text_of,
    whole_of,
)
from submeter.metering.editing import Edit, edit_intervals
from submeter.metering.estimating import estimate_intervals
from submeter.metering.explaining import explain_interval
from submeter.metering.filling import Estimated, EstimateOptions
from submeter.metering.finding_store import FindingRow
from submeter.metering.selecting import Selection

__all__ = ["CALLS", "as_row"]

_FINDING = ("id", "register_id", "code", "severity", "day", "first", "last", "starts_at", "ends_at")
_IN_WORDS = ("title", "detail", "hint", "status")
MOST = 10_000


def _check(database: Database, caller: Caller, arguments: Arguments) -> Rows:
    selection = _selection(arguments)
    checking.check_intervals(database, caller, selection)
    return [_finding(one) for one in checking.list_findings(database, caller, selection, limit=MOST)]


def _finding(one: FindingRow) -> dict[str, Any]:
    return {name: getattr(one, name) for name in (*_FINDING, *_IN_WORDS)}


def _dismiss(database: Database, caller: Caller, arguments: Arguments) -> Rows:
    ids = [whole_of("ids", number) for number in list_of(arguments.get("ids")) if number not in (None, "")]
    done = checking.dismiss_findings(database, caller, ids, str(arguments.get("reason") or ""))
    return [{"id": number, "status": "dismissed"} for number in done]


def _estimate(database: Database, caller: Caller, arguments: Arguments) -> Rows:
    options = EstimateOptions(
        method=text_of(arguments, "method"),
        reason_code=whole_of("reason_code", arguments.get("reason_code") or 0),
        reason=text_of(arguments, "reason"),
        replace_measured=flag_of(arguments, "replace_measured"),
        include_billed=flag_of(arguments, "include_billed"),
        dry_run=flag_of(arguments, "dry_run"),
    )
    return [as_row(one) for one in estimate_intervals(database, caller, _selection(arguments), options)]


def as_row(one: Estimated) -> dict[str, Any]:
    """One gap, and what became of it, for programs."""
    made, problem = one.estimate, one.problem
    return {
        "register_id": one.register_id, "day": one.day, "first": one.first, "last": one.last,
        "outcome": one.outcome, "quality": made.quality if made else None,
        "method_code": made.method if made else None, "method_name": made.name if made else None,
        "inputs": [day.isoformat() for day in made.inputs] if made else None, "quantity": one.quantity,
        "code": problem.code if problem else None, "title": problem.title if problem else None,
        "detail": problem.detail if problem else None, "hint": problem.hint if problem else None,
    }  # fmt: skip


def _edit(database: Database, caller: Caller, arguments: Arguments) -> Rows:
    edit = Edit(
        str(arguments["register"]),
        moment_of(arguments, "at"),
        [number_of("quantities", one) for one in list_of(arguments.get("quantities"))],
        text_of(arguments, "reason"),
        whole_of("reason_code", arguments.get("reason_code") or 0),
        text_of(arguments, "method"),
        str(arguments.get("quality") or "S"),
        include_billed=flag_of(arguments, "include_billed"),
    )
    return [one._asdict() for one in edit_intervals(database, caller, edit)]


def _explain(database: Database, caller: Caller, arguments: Arguments) -> Rows:
    found = explain_interval(database, caller, str(arguments["register"]), moment_of(arguments, "at"))
    return [said.as_json() for said in found.versions]


CALLS: Mapping[str, Call] = {
    "check_intervals": _check,
    "dismiss_interval_findings": _dismiss,
    "estimate_intervals": _estimate,
    "edit_intervals": _edit,
    "explain_interval": _explain,
}
"""Of each function that the application serves, what it does."""


def _selection(arguments: Arguments) -> Selection:
    days = (day_of(arguments, "from_date"), day_of(arguments, "to_date"))
    return Selection(text_of(arguments, "register"), text_of(arguments, "site"), *days)
