"""What people ask of a line that was rated: how it came about, and whether it still comes out so."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

import psycopg

from submeter.core.caller import Caller
from submeter.core.problem import Refused
from submeter.db.database import Database
from submeter.db.transactions import transaction
from submeter.rating import problems, store
from submeter.rating.actions import begun
from submeter.rating.desk import rate_parts
from submeter.rating.explaining import Again, Explained
from submeter.rating.inputs import Failure
from submeter.rating.line_store import StoredLine, find_line
from submeter.rating.model import Line
from submeter.rating.offers import with_offerings
from submeter.rating.parts import Part
from submeter.rating.results import Rated
from submeter.rating.sight import staff_of
from submeter.tariffs.model import Component
from submeter.tariffs.rows import StoredPlan
from submeter.tariffs.store import load_plans

__all__ = ["explain_line"]


def explain_line(database: Database, caller: Caller, number: int) -> Explained:
    """How a line came about, worked out once more from what is stored.

    Twice: by the meter data as they stood when it was rated, and by all that is known now. Raises Refused
    RTG220 for a line that the caller does not see.
    """
    with transaction(database, caller) as connection:
        line = find_line(connection, number)
        if line is None:
            raise Refused(problems.no_line(number))
        reader = staff_of(connection, caller)
    # A customer sees the line and is told all of it; what it is computed of is read as staff would.
    with transaction(database, reader) as connection:
        return _explained(connection, line)


def _explained(connection: psycopg.Connection, line: StoredLine) -> Explained:
    plan = load_plans(connection, ids=[line.price_plan_id])[line.price_plan_id]
    place = store.list_agreements(connection, [line.agreement_id], line.period)[line.agreement_id]
    history = store.list_history(connection, [line.agreement_id]).get(line.agreement_id, [])
    begins = begun([_part(line)], place, history, {plan.id: plan})
    parts, plans = with_offerings(connection, {line.agreement_id: begins}, {plan.id: plan})
    (part,) = parts[line.agreement_id]
    plan = plans[part.plan_id]
    then, now = (_again(connection, part, place, plan, line, at) for at in (line.rated_at, None))
    component = _component(plan, line.component_id)
    about = (place.account_number, place.property_name)
    return Explained(line, component, plan.plan.code, plan.plan.currency, *about, then, now)


def _part(line: StoredLine) -> Part:
    """What was charged then; conditions and capacity as they were."""
    said, offering = line.working.get("capacity"), line.working.get("offering_id")
    return Part(
        line.agreement_id,
        line.price_plan_id,
        line.product,
        (line.period,),
        frozenset(line.working.get("conditions", ())),
        Decimal(said) if said is not None else None,
        offering_id=UUID(offering) if offering else None,
        customer_type=line.working.get("customer_type", ""),
    )


def _again(
    connection: psycopg.Connection,
    part: Part,
    place: store.Place,
    plan: StoredPlan,
    line: StoredLine,
    at: datetime | None,
) -> Again:
    parts, places = {part.agreement_id: (part,)}, {part.agreement_id: place}
    (found,) = rate_parts(connection, parts, places, {part.plan_id: plan}, at=at, sources=False)
    if isinstance(found, Failure):
        return Again(None, found.problems)
    return Again(_same_line(found, line), bill=found.lines())


def _same_line(rated: Rated, line: StoredLine) -> Line | None:
    """The line of the same component, band and step; of several, of the same price and days."""
    plan = rated.plan
    lines = [one for one in rated.lines() if plan.component_id(one.component) == line.component_id]
    lines = [one for one in lines if (one.band, one.step) == (line.band, line.step)]

    def unlike(one: Line) -> tuple[bool, bool, bool]:
        days = (one.first, one.end) != (line.from_date, line.to_date)
        price = line.rate_id is not None and plan.rate_id(one.component, one.rate) != line.rate_id
        return days, price, one.tax_percent != line.tax_percent

    return min(lines, key=unlike, default=None)


def _component(plan: StoredPlan, key: UUID) -> Component:
    return next(one for one in plan.plan.components if plan.component_id(one) == key)
