"""What people ask of price plans: keep one, give it to an agreement, look for what is wrong."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from typing import Literal, NamedTuple
from uuid import UUID

import psycopg

from submeter.core.caller import Caller
from submeter.core.problem import Problem, Refused
from submeter.db.database import Database
from submeter.db.problems import coded
from submeter.db.transactions import transaction
from submeter.metering.store import get_esco
from submeter.tariffs import problems, store
from submeter.tariffs.checking import PlanFinding, check_plan
from submeter.tariffs.model import Plan
from submeter.tariffs.rows import StoredPlan
from submeter.tariffs.terms_store import load_tax_rates
from submeter.tariffs.versions import in_order, merge

__all__ = [
    "Assigned",
    "PlanOptions",
    "SavedPlan",
    "assign_plan",
    "check_stored_plans",
    "find_stored_plan",
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


class Assigned(NamedTuple):
    """What became of an agreement's plan."""

    id: UUID
    """Of the row in agreement_price_plans."""
    outcome: Literal["added", "changed", "unchanged"]
    from_date: date
    to_date: date | None


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
    Refused: TRF101 to TRF118 for what cannot be charged, TRF130 to TRF132 where it is billed, TRF141, MTR231.
    """
    with _worded(), transaction(database, caller) as connection:
        esco_id = get_esco(connection)
        store.lock_plan(connection, esco_id, plan.code)
        stored = store.find_plan(connection, esco_id, plan.code)
        wanted = _wanted(connection, plan, stored, from_date)
        _refuse(check_plan(wanted, load_tax_rates(connection)))
        about = _about(wanted, stored, options)
        if stored and wanted == stored.plan and not about:
            return SavedPlan(stored.id, plan.code, "unchanged")
        key = store.write_plan(connection, esco_id, wanted, stored, about)
    return SavedPlan(key, plan.code, "changed" if stored else "added")


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
        more = {"also": [str(problem) for problem in others]}
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
        return _plan_named(connection, get_esco(connection), code)


def check_stored_plans(
    database: Database, caller: Caller, code: str = ""
) -> tuple[tuple[StoredPlan, tuple[PlanFinding, ...]], ...]:
    """What is wrong in the plan of that code, or in all that the caller may see. Raises Refused TRF140."""
    with transaction(database, caller) as connection:
        taxes = load_tax_rates(connection)
        if code:
            plans = [_plan_named(connection, get_esco(connection), code)]
        else:
            plans = list(store.load_plans(connection).values())
    return tuple((one, check_plan(one.plan, taxes)) for one in plans)


def _plan_named(connection: psycopg.Connection, esco_id: UUID, code: str) -> StoredPlan:
    found = store.find_plan(connection, esco_id, code)
    if found is None:
        raise Refused(problems.no_plan(code, store.list_plan_codes(connection, esco_id)))
    return found


def assign_plan(
    database: Database, caller: Caller, agreement_id: UUID, plan: str | UUID, from_date: date
) -> Assigned:
    """Give an agreement a plan (by code or id) from a day on: the one before ends, and one that is planned
    for later still comes. Conditions and capacity go on with the new plan. The same again changes nothing.

    Raises Refused: TRF140, TRF142, TRF133 (before what is billed), TRF134 (outside of the agreement), TRF135.
    """
    with _worded(), transaction(database, caller) as connection:
        store.lock_agreement(connection, agreement_id)
        agreement = store.load_agreements(connection, [agreement_id]).get(agreement_id)
        if agreement is None:
            raise Refused(problems.no_agreement(str(agreement_id)))
        given = _given_plan(connection, agreement.esco_id, plan)
        spans = [
            span
            for span in store.load_plan_history(connection, [agreement_id]).get(agreement_id, ())
            if span.product == given.product
        ]
        return _assign(connection, agreement, spans, given.id, from_date)


def _given_plan(connection: psycopg.Connection, esco_id: UUID, plan: str | UUID) -> StoredPlan:
    if isinstance(plan, str):
        return _plan_named(connection, esco_id, plan)
    found = store.load_plans(connection, ids=[plan]).get(plan)
    if found is None:
        raise Refused(problems.no_plan(str(plan), store.list_plan_codes(connection, esco_id)))
    return found


def _assign(
    connection: psycopg.Connection,
    agreement: store.Supplied,
    spans: list[store.PlanSpan],
    plan_id: UUID,
    day: date,
) -> Assigned:
    held = next(
        (one for one in spans if one.from_date <= day and (one.to_date is None or day < one.to_date)), None
    )
    if held and held.price_plan_id == plan_id:
        return Assigned(held.id, "unchanged", held.from_date, held.to_date)
    if held and held.from_date == day:
        store.change_agreement_plan(connection, held, plan_id)
        return Assigned(held.id, "changed", day, held.to_date)
    if held:
        store.end_agreement_plan(connection, held, day)
    end = min((one.from_date for one in spans if one.from_date > day), default=None)
    before = held.id if held else None
    key = store.add_agreement_plan(connection, agreement, plan_id, day, end, before)
    return Assigned(key, "changed" if held else "added", day, end)


@contextmanager
def _worded() -> Iterator[None]:
    """What the database refuses with a code of ours is refused as everything else is."""
    try:
        yield
    except psycopg.Error as error:
        problem = coded(error)
        if problem is None:
            raise
        raise Refused(problem) from error
