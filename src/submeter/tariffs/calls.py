"""The functions of price plans and calendars as they are called over REST: JSON in, rows out."""

from collections.abc import Mapping
from uuid import UUID

from submeter.core.caller import Caller
from submeter.core.problem import Refused
from submeter.db.database import Database
from submeter.metering.arguments import Arguments, Call, Rows, day_of, text_of, whole_of
from submeter.tariffs import problems
from submeter.tariffs.actions import check_stored_plans
from submeter.tariffs.agreement_actions import assign_plan
from submeter.tariffs.calendar_actions import fill_calendar

__all__ = ["CALLS"]


def _fill(database: Database, caller: Caller, arguments: Arguments) -> Rows:
    first, last = (whole_of(name, arguments.get(name) or 0) for name in ("from_year", "to_year"))
    jurisdiction = text_of(arguments, "jurisdiction")
    done = fill_calendar(database, caller, text_of(arguments, "code"), first, last, jurisdiction)
    return [
        {"calendar_id": str(done.id), "calendar": done.code, "added": done.added, "years": list(done.years)}
    ]


def _check(database: Database, caller: Caller, arguments: Arguments) -> Rows:
    return [
        {
            "price_plan_id": str(stored.id), "plan": stored.plan.code, "component": found.component,
            "error_code": found.problem.code, "title": found.problem.title,
            "detail": found.problem.detail, "hint": found.problem.hint,
        }
        for stored, findings in check_stored_plans(database, caller, text_of(arguments, "code"))
        for found in findings
    ]  # fmt: skip


def _assign(database: Database, caller: Caller, arguments: Arguments) -> Rows:
    day = day_of(arguments, "from_date")
    if day is None:
        raise Refused(problems.no_day())
    agreement = UUID(str(arguments["agreement_id"]))
    done = assign_plan(database, caller, agreement, text_of(arguments, "plan"), day)
    return [{"id": str(done.id), "outcome": done.outcome, "begins": done.from_date, "ends": done.to_date}]


CALLS: Mapping[str, Call] = {
    "fill_calendar": _fill,
    "check_price_plans": _check,
    "assign_price_plan": _assign,
}
"""Of each function that the application serves, what it does."""
