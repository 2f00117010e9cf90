"""The functions of rating as they are called over REST: JSON in, rows out."""

from collections.abc import Mapping
from datetime import date

from submeter.core.caller import Caller
from submeter.core.problem import Refused
from submeter.db.database import Database
from submeter.metering.arguments import Arguments, Call, Rows, day_of, flag_of, list_of, text_of, whole_of
from submeter.metering.problems import unreadable_value
from submeter.rating.actions import rate_agreement
from submeter.rating.comparing import compare_plans, preview_plan_change
from submeter.rating.line_actions import explain_line
from submeter.rating.telling import compared_rows, explained_row, outcome_rows, preview_rows

__all__ = ["CALLS"]


def _rate(database: Database, caller: Caller, arguments: Arguments) -> Rows:
    found = rate_agreement(
        database,
        caller,
        text_of(arguments, "agreement_id"),
        *days_of(arguments),
        store_lines=flag_of(arguments, "store"),
        plan=text_of(arguments, "plan") or None,
    )
    return outcome_rows(found)


def days_of(arguments: Arguments) -> tuple[date, date]:
    """The days `[from_date, to_date)`. Raises Refused MTR199."""
    first, end = (day_of(arguments, name) for name in ("from_date", "to_date"))
    if first is None or end is None:
        raise Refused(unreadable_value("from_date, to_date", None, "day"))
    return first, end


def _compare(database: Database, caller: Caller, arguments: Arguments) -> Rows:
    said = arguments.get("plans")
    plans = None if said is None else [str(code) for code in list_of(said)]
    agreement = text_of(arguments, "agreement_id")
    return compared_rows(compare_plans(database, caller, agreement, plans, *days_of(arguments)))


def _explain(database: Database, caller: Caller, arguments: Arguments) -> Rows:
    return [explained_row(explain_line(database, caller, whole_of("line_id", arguments["line_id"])))]


def _preview(database: Database, caller: Caller, arguments: Arguments) -> Rows:
    plan, new_plan = (text_of(arguments, name) for name in ("plan", "new_plan"))
    return preview_rows(preview_plan_change(database, caller, plan, new_plan, *days_of(arguments)))


CALLS: Mapping[str, Call] = {
    "compare_plans": _compare,
    "explain_line": _explain,
    "preview_plan_change": _preview,
    "rate_agreement": _rate,
}
