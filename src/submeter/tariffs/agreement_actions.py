"""Which agreement has which plan: a plan is given to an agreement, from a day on or for some days."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal, NamedTuple
from uuid import UUID

import psycopg

from submeter.core.caller import Caller
from submeter.core.problem import Refused
from submeter.db.database import Database
from submeter.db.transactions import transaction
from submeter.tariffs import problems, store
from submeter.tariffs.actions import plan_named
from submeter.tariffs.rows import StoredPlan
from submeter.tariffs.store import PlanSpan
from submeter.tariffs.wording import worded

__all__ = ["Assigned", "Given", "assign_plan"]


class Given(NamedTuple):
    """What goes with a plan. None: as it is with the plan before, or is planned."""

    to_date: date | None = None
    """First day on which the agreement no longer has it; None: until another one is planned."""
    conditions: frozenset[str] | None = None
    """What holds of the customer: direct_debit, ..."""
    capacity: Decimal | None = None
    """Agreed kW or kVA."""


_NOTHING = Given()


class Assigned(NamedTuple):
    """What became of an agreement's plan."""

    id: UUID
    """Of the row in agreement_price_plans."""
    outcome: Literal["added", "changed", "unchanged"]
    from_date: date
    to_date: date | None


def assign_plan(
    database: Database,
    caller: Caller,
    agreement_id: UUID,
    plan: str | UUID,
    from_date: date,
    given: Given = _NOTHING,
) -> Assigned:
    """Give an agreement a plan (by code or id) from a day on: the one before ends, and one that is planned
    for later still comes. Conditions and capacity go on with the new plan. The same again changes nothing.
    Where the same plan is planned for later on the same terms, it begins earlier.

    Raises Refused: TRF140, TRF142, TRF133 (before what is billed), TRF134 (outside of the agreement), TRF135,
    TRF146, TRF147 (planned for later on other terms), TRF148 (no days).
    """
    if given.to_date is not None and given.to_date <= from_date:
        raise Refused(problems.no_days(from_date, given.to_date))
    with worded(), transaction(database, caller) as connection:
        store.lock_agreement(connection, agreement_id)
        agreement = store.load_agreements(connection, [agreement_id]).get(agreement_id)
        if agreement is None:
            raise Refused(problems.no_agreement(str(agreement_id)))
        wanted = _given_plan(connection, agreement.esco_id, plan)
        history = store.load_plan_history(connection, [agreement_id]).get(agreement_id, ())
        spans = [span for span in history if span.product == wanted.product]
        return _Desk(connection, agreement, wanted, from_date, given).assign(spans)


def _given_plan(connection: psycopg.Connection, esco_id: UUID, plan: str | UUID) -> StoredPlan:
    if isinstance(plan, str):
        return plan_named(connection, esco_id, plan)
    found = store.load_plans(connection, ids=[plan]).get(plan)
    if found is None:
        raise Refused(problems.no_plan(str(plan), store.list_plan_codes(connection, esco_id)))
    return found


@dataclass(frozen=True, slots=True)
class _Desk:
    """A plan that is to be given to an agreement."""

    connection: psycopg.Connection
    agreement: store.Supplied
    plan: StoredPlan
    day: date
    given: Given

    def assign(self, spans: Sequence[PlanSpan]) -> Assigned:
        """`spans` are what the agreement has of the plan's product, in the order of time."""
        held = next((one for one in spans if one.holds_on(self.day)), None)
        later = next((one for one in spans if one.from_date > self.day), None)
        if held and self._is_same(held):
            return self._until(held, later)
        if later and later.price_plan_id == self.plan.id and self._reaches(later):
            return self._begin_earlier(held, later)
        end = self._end(later)
        terms = self._terms(held)
        if held and held.from_date == self.day:
            store.change_agreement_plan(self.connection, held, self.plan.id, end, terms)
            return Assigned(held.id, "changed", self.day, end)
        if held:
            store.end_agreement_plan(self.connection, held, self.day)
        key = store.add_agreement_plan(self.connection, self.agreement, self.plan.id, self.day, end, terms)
        return Assigned(key, "changed" if held else "added", self.day, end)

    def _is_same(self, span: PlanSpan) -> bool:
        """Whether it is this plan on these terms."""
        return span.price_plan_id == self.plan.id and self._terms(span) == span.terms

    def _end(self, later: PlanSpan | None) -> date | None:
        days = [self.given.to_date, later.from_date if later else None]
        return min((day for day in days if day is not None), default=None)

    def _reaches(self, later: PlanSpan) -> bool:
        return self.given.to_date is None or self.given.to_date >= later.from_date

    def _until(self, held: PlanSpan, later: PlanSpan | None) -> Assigned:
        """The plan is there already; another end may be wanted."""
        end = held.to_date if self.given.to_date is None else self._end(later)
        if end == held.to_date:
            return Assigned(held.id, "unchanged", held.from_date, held.to_date)
        store.end_agreement_plan(self.connection, held, end)
        return Assigned(held.id, "changed", held.from_date, end)

    def _begin_earlier(self, held: PlanSpan | None, later: PlanSpan) -> Assigned:
        """One row, and so one bill: two of the same plan would be charged apart where their terms differ."""
        if (self._terms(held) if held else self._terms(later)) != later.terms:
            raise Refused(problems.other_terms(self.plan.plan.code, later.from_date))
        if held and held.from_date == self.day:
            store.remove_agreement_plan(self.connection, held)
        elif held:
            store.end_agreement_plan(self.connection, held, self.day)
        store.begin_agreement_plan(self.connection, later, self.day)
        return Assigned(later.id, "changed", self.day, later.to_date)

    def _terms(self, span: PlanSpan | None) -> store.PlanTerms:
        """Those of a row, as far as no others are given; an offering stays with its plan."""
        had = span.terms if span else store.PlanTerms()
        same = span is not None and span.price_plan_id == self.plan.id
        return store.PlanTerms(
            had.conditions if self.given.conditions is None else self.given.conditions,
            had.capacity if self.given.capacity is None else self.given.capacity,
            had.offering_id if same else None,
        )
