"""What people ask of price plans: keep one, look for what is wrong."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Literal, NamedTuple
from uuid import UUID

import psycopg

from submeter.core.caller import Caller
from submeter.core.problem import Problem, Refused
from submeter.db.database import Database
from submeter.db.transactions import transaction
from submeter.metering.store import get_esco
from submeter.tariffs import problems, store
from submeter.tariffs.checking import PlanFinding, check_plan
from submeter.tariffs.model import Plan
from submeter.tariffs.remarks import remarks_on
from submeter.tariffs.rows import StoredPlan
from submeter.tariffs.terms_store import load_tax_rates
from submeter.tariffs.versions import in_order, merge
from submeter.tariffs.wording import worded

__all__ = [
    "PlanOptions",
    "SavedPlan",
    "check_stored_plans",
    "find_stored_plan",
    "keeping_plans",
    "plan_named",
    "save_plan",
]

_PRODUCT = "electricity"


class PlanOptions(NamedTuple):
    """What is kept of a plan besides what it charges."""

    product: str = ""
    """What it is a plan of; empty: what its first component is of."""
    status: Literal["draft", "active", "closed"] | None = None
    """None: as it is; a new plan is active."""


USUAL = PlanOptions()


class SavedPlan(NamedTuple):
    """What became of a plan."""

    id: UUID
    code: str
    outcome: Literal["added", "changed", "unchanged"]
    remarks: tuple[Problem, ...] = ()
    """What looks like a slip in it (TRF121, TRF122); it is kept all the same."""


def save_plan(
    database: Database,
    caller: Caller,
    plan: Plan,
    *,
    from_date: date | None = None,
    options: PlanOptions = USUAL,
) -> SavedPlan:
    """Keep a plan under its code. Of one that is there, `from_date` says from when the new version holds.

    Without it, a plan is replaced as long as no agreement has it. The same again changes nothing. Raises
    Refused: TRF101 to TRF120 for what cannot be charged, TRF130 to TRF132 where it is billed, TRF141, TRF146,
    MTR231.
    """
    with worded(), transaction(database, caller) as connection:
        return _save(connection, plan, from_date, options)


Keep = Callable[[Plan, date | None], SavedPlan]


@contextmanager
def keeping_plans(database: Database, caller: Caller, *, dry_run: bool = False) -> Iterator[Keep]:
    """What keeps plans one by one, as `save_plan` does. In a dry run each finds those before it, and in the
    end all of them are taken back."""
    if not dry_run:
        yield lambda plan, from_date: save_plan(database, caller, plan, from_date=from_date)
        return
    with transaction(database, caller) as connection:
        yield partial(_try, connection)
        raise psycopg.Rollback


def _try(connection: psycopg.Connection, plan: Plan, from_date: date | None) -> SavedPlan:
    with worded(), connection.transaction():
        saved = _save(connection, plan, from_date, USUAL)
        connection.execute("set constraints all immediate")
    return saved


def _save(
    connection: psycopg.Connection, plan: Plan, from_date: date | None, options: PlanOptions
) -> SavedPlan:
    esco_id = get_esco(connection)
    store.lock_plan(connection, esco_id, plan.code)
    stored = store.find_plan(connection, esco_id, plan.code)
    wanted = _wanted(connection, plan, stored, from_date)
    _refuse(check_plan(wanted, load_tax_rates(connection)))
    remarks = _remarks(connection, esco_id, wanted)
    about = _about(wanted, stored, options)
    if stored and wanted == stored.plan and not about:
        return SavedPlan(stored.id, plan.code, "unchanged", remarks)
    key = store.write_plan(connection, esco_id, wanted, stored, about)
    return SavedPlan(key, plan.code, "changed" if stored else "added", remarks)


def _remarks(connection: psycopg.Connection, esco_id: UUID, plan: Plan) -> tuple[Problem, ...]:
    had = store.list_conditions(connection, esco_id)
    return tuple(found.problem for found in remarks_on(plan, had))


def _wanted(
    connection: psycopg.Connection, plan: Plan, stored: StoredPlan | None, from_date: date | None
) -> Plan:
    """The plan with all its prices, as it is to be from now on."""
    ordered = replace(plan, components=tuple(replace(c, rates=in_order(c.rates)) for c in plan.components))
    if stored is None or ordered == stored.plan:
        return ordered
    if from_date is not None:
        return merge(stored.plan, ordered, from_date)
    if store.is_used(connection, stored.id):
        raise Refused(problems.other_prices(plan.code))
    return ordered


def _refuse(findings: tuple[PlanFinding, ...]) -> None:
    if findings:
        first, *others = [found.problem for found in findings]
        more = {"also": tuple(others)}
        raise Refused(Problem(first.code, first.title, first.detail, first.hint, more))


def _about(plan: Plan, stored: StoredPlan | None, options: PlanOptions) -> dict[str, str]:
    """The columns of the plan itself that change."""
    if stored is None:
        product = options.product or next((one.product for one in plan.components), _PRODUCT)
        return {"product": product, "status": options.status or "active"}
    told = {"product": options.product, "status": options.status or ""}
    return {name: value for name, value in told.items() if value and value != getattr(stored, name)}


def find_stored_plan(database: Database, caller: Caller, code: str) -> StoredPlan:
    """The plan of that code, with the keys of its rows. Raises Refused TRF140, MTR231."""
    with transaction(database, caller) as connection:
        return plan_named(connection, get_esco(connection), code)


def check_stored_plans(
    database: Database, caller: Caller, code: str = ""
) -> tuple[tuple[StoredPlan, tuple[PlanFinding, ...]], ...]:
    """What is wrong, and what looks like a slip, in the plan of that code, or in all that the caller may see.

    Raises Refused TRF140.
    """
    with transaction(database, caller) as connection:
        taxes = load_tax_rates(connection)
        if code:
            plans = [plan_named(connection, get_esco(connection), code)]
        else:
            plans = list(store.load_plans(connection).values())
        had = {one.esco_id: store.list_conditions(connection, one.esco_id) for one in plans}
    return tuple(
        (one, (*check_plan(one.plan, taxes), *remarks_on(one.plan, had[one.esco_id]))) for one in plans
    )


def plan_named(connection: psycopg.Connection, esco_id: UUID, code: str) -> StoredPlan:
    """The plan of that code of an ESCO. Raises Refused TRF140."""
    found = store.find_plan(connection, esco_id, code)
    if found is None:
        raise Refused(problems.no_plan(code, store.list_plan_codes(connection, esco_id)))
    return found
