"""What other plans would cost: of one agreement by many plans, of many agreements by another plan."""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from uuid import UUID

import psycopg

from submeter.core.caller import Caller
from submeter.core.problem import Problem, Refused
from submeter.db.database import Database
from submeter.db.transactions import transaction
from submeter.rating import problems, store
from submeter.rating.actions import begun, check_period, id_of, on_plan, plans_of
from submeter.rating.desk import rate_parts
from submeter.rating.inputs import Failure
from submeter.rating.model import Period
from submeter.rating.offers import with_offerings
from submeter.rating.parts import Had, Part, by_month, days_without, list_parts
from submeter.rating.results import Rated
from submeter.rating.sight import check_days, is_staff, staff_of
from submeter.rating.store import Place
from submeter.tariffs.problems import no_plan
from submeter.tariffs.rows import StoredPlan
from submeter.tariffs.store import list_plan_codes, load_plans

__all__ = ["Compared", "Preview", "Previewed", "compare_plans", "preview_plan_change"]

MOST = 200
"""Plans that are compared at a time."""


@dataclass(frozen=True, slots=True)
class Compared:
    """What a plan would have cost an agreement."""

    code: str
    name: str
    currency: str
    total: Decimal | None
    """With tax, month by month; None where it cannot be said."""
    difference: Decimal | None
    """To what the agreement's own plans cost; below zero: cheaper."""
    is_own: bool
    findings: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Previewed:
    """Who would pay more, and how much."""

    agreement_id: UUID
    account_number: str
    property_name: str
    now: Decimal
    then: Decimal
    findings: tuple[Problem, ...] = ()
    """What is to be looked at on the new plan, and was not on the old one."""

    @property
    def difference(self) -> Decimal:
        return self.then - self.now

    @property
    def percent(self) -> Decimal | None:
        """Of what is paid now; None where that is nothing."""
        return (100 * self.difference / abs(self.now)).quantize(Decimal("0.1")) if self.now else None


@dataclass(frozen=True, slots=True)
class Preview:
    """A change of plan for all who have it; who pays most more comes first."""

    plan: str
    new_plan: str
    currency: str
    period: Period
    rows: tuple[Previewed, ...]
    failed: Mapping[UUID, tuple[Problem, ...]]
    """Agreements of which it cannot be said, and why."""
    accounts: Mapping[UUID, str]
    """The account numbers of those."""


# One agreement, many plans --------------------------------------------------------------------------------


def compare_plans(
    database: Database,
    caller: Caller,
    agreement_id: str,
    plans: Sequence[str] | None,
    first: date,
    end: date,
) -> tuple[Compared, ...]:
    """What each plan would have cost an agreement for the days of `[first, end)`, billed by the month, the
    cheapest first; its own plans among them.

    Without names, all plans of the same product that are active. A customer is told of their own days, and
    of plans that are active. Raises Refused: RTG200, RTG205, RTG208, RTG221, TRF140.
    """
    period = check_period(first, end)
    key = id_of(agreement_id)
    with transaction(database, caller) as connection:
        reader = staff_of(connection, caller)
        if not is_staff(caller):
            check_days(connection, key or UUID(int=0), period)
    with transaction(database, reader) as connection:
        place = store.list_agreements(connection, [key] if key else [], period).get(key or UUID(int=0))
        if place is None:
            raise Refused(problems.no_agreement(agreement_id))
        return _compared(connection, place, plans, period, all_plans=is_staff(caller))


def _compared(
    connection: psycopg.Connection,
    place: Place,
    codes: Sequence[str] | None,
    period: Period,
    *,
    all_plans: bool,
) -> tuple[Compared, ...]:
    days = place.held(*period)
    if days.first >= days.end:
        raise Refused(problems.no_days(*period, f"{place.from_date} to {place.to_date or 'now'}"))
    history = store.list_history(connection, [place.id]).get(place.id, [])
    chosen = _chosen(connection, place, codes, {had.product for had in history}, days, all_plans=all_plans)
    if not chosen:
        return ()
    own = () if days_without(history, days) else monthly(list_parts(place.id, history, days))
    own = tuple(part for part in own if part.product in {plan.product for plan in chosen})
    tried = [
        replace(part, variant=number)
        for number, plan in enumerate(chosen, start=1)
        for part in monthly(list_parts(place.id, on_plan(history, plan, days), days))
    ]
    known = {plan.id: plan for plan in chosen}
    known |= load_plans(connection, ids={part.plan_id for part in own} - known.keys())
    parts = begun([*own, *tried], place, history, known)
    offered, extended = with_offerings(connection, {place.id: parts}, known)
    found = _by_variant(rate_parts(connection, offered, {place.id: place}, extended))
    ours = _total(found.get(0, ())) if own else None
    held = {part.plan_id for part in own}
    rows = [_row(plan, found[number], ours, plan.id in held) for number, plan in enumerate(chosen, start=1)]
    currencies = {known[part.plan_id].plan.currency for part in own}
    rows = [_in_currency(row, currencies) for row in rows]
    return tuple(sorted(rows, key=lambda row: (row.total is None, row.total or 0, row.code)))


def _chosen(
    connection: psycopg.Connection,
    place: Place,
    codes: Sequence[str] | None,
    products: set[str],
    days: Period,
    *,
    all_plans: bool,
) -> list[StoredPlan]:
    found = load_plans(connection, codes=codes, esco_id=place.esco_id).values()
    usable = [one for one in found if all_plans or one.status == "active"]
    for code in codes or ():
        if code not in {one.plan.code for one in usable}:
            raise Refused(no_plan(code, list_plan_codes(connection, place.esco_id) if all_plans else ()))
    other = next((one for one in usable if codes and products and one.product not in products), None)
    if other is not None:
        held = ", ".join(sorted(products))
        raise Refused(problems.other_product(other.plan.code, other.product, held))
    if codes is None:
        usable = [
            one for one in usable
            if one.status == "active" and (not products or one.product in products)
            and (one.to_date is None or one.to_date > days.first)
            and (one.from_date is None or one.from_date < days.end)
        ]  # fmt: skip
    if len(usable) > MOST:
        raise Refused(problems.too_many_plans(len(usable), MOST))
    return sorted(usable, key=lambda one: one.plan.code)


def monthly(parts: Iterable[Part]) -> tuple[Part, ...]:
    """Parts as they would be billed: by the calendar month."""
    return tuple(replace(part, periods=by_month(Period(part.first, part.end))) for part in parts)


def _by_variant(found: Iterable[Rated | Failure]) -> dict[int, list[Rated | Failure]]:
    by_number: dict[int, list[Rated | Failure]] = {}
    for one in found:
        by_number.setdefault(one.part.variant, []).append(one)
    return by_number


def _total(found: Sequence[Rated | Failure]) -> Decimal | None:
    rated = [one for one in found if isinstance(one, Rated)]
    return sum((one.total for one in rated), Decimal(0)) if len(rated) == len(found) else None


def _row(plan: StoredPlan, found: Sequence[Rated | Failure], ours: Decimal | None, is_own: bool) -> Compared:  # noqa: FBT001
    total = _total(found)
    difference = None if total is None or ours is None else total - ours
    said = [
        problem for one in found for problem in (one.findings if isinstance(one, Rated) else one.problems)
    ]
    about = (plan.plan.code, plan.plan.name, plan.plan.currency)
    return Compared(*about, total, difference, is_own, tuple({str(one): one for one in said}.values()))


def _in_currency(row: Compared, own: Set[str]) -> Compared:
    """Nothing is said of the cost (RTG223) where the agreement's own plans have another currency."""
    if not own - {row.currency}:
        return row
    found = problems.other_currency(row.code, row.currency, ", ".join(sorted(own)))
    return replace(row, total=None, difference=None, findings=(*row.findings, found))


# One change, many agreements ------------------------------------------------------------------------------


def preview_plan_change(
    database: Database, caller: Caller, plan: str, new_plan: str, first: date, end: date
) -> Preview:
    """What all who have a plan in `[first, end)` would have paid on another one, billed by the month.

    Of each agreement, the days on which it has the plan. Raises Refused: RTG208, RTG223, TRF140.
    """
    period = check_period(first, end)
    with transaction(database, caller) as connection:
        old, new = (plans_of(connection, code) for code in (plan, new_plan))
        pairs = {key: (one, new[key]) for key, one in old.items() if key in new}
        _check_currency([one for pair in pairs.values() for one in pair])
        rows: list[Previewed] = []
        failed: dict[UUID, tuple[Problem, ...]] = {}
        accounts: dict[UUID, str] = {}
        for before, after in pairs.values():
            places = store.list_agreements(connection, None, period, before.id)
            _preview(connection, before, after, period, places, rows, failed)
            accounts |= {key: place.account_number for key, place in places.items() if key in failed}
    rows.sort(key=lambda row: (-row.difference, row.account_number, str(row.agreement_id)))
    currency = next(iter(old.values())).plan.currency
    return Preview(plan, new_plan, currency, period, tuple(rows), failed, accounts)


def _check_currency(plans: Sequence[StoredPlan]) -> None:
    """Refuses (RTG223) plans whose amounts cannot be added up."""
    for one in plans:
        if one.plan.currency != plans[0].plan.currency:
            usual = plans[0].plan.currency
            raise Refused(problems.other_currency(one.plan.code, one.plan.currency, usual))


def _preview(
    connection: psycopg.Connection,
    old: StoredPlan,
    new: StoredPlan,
    period: Period,
    places: Mapping[UUID, Place],
    rows: list[Previewed],
    failed: dict[UUID, tuple[Problem, ...]],
) -> None:
    history = store.list_history(connection, places)
    plans = {old.id: old, new.id: new}
    parts = {
        key: begun(_both(place, history.get(key, ()), old, new, period), place, history.get(key, ()), plans)
        for key, place in places.items()
    }
    parts = {key: of for key, of in parts.items() if of}
    totals: dict[UUID, list[Decimal]] = {key: [Decimal(0), Decimal(0)] for key in parts}
    said: dict[UUID, tuple[dict[str, Problem], dict[str, Problem]]] = {key: ({}, {}) for key in parts}
    offered, extended = with_offerings(connection, parts, plans)
    for one in rate_parts(connection, offered, places, extended, sources=False):
        key = one.part.agreement_id
        if isinstance(one, Failure):
            failed[key] = tuple({str(p): p for p in (*failed.get(key, ()), *one.problems)}.values())
        else:
            totals[key][one.part.variant] += one.total
            said[key][one.part.variant].update({str(problem): problem for problem in one.findings})
    for key, (now, then) in totals.items():
        if key not in failed:
            before, after = said[key]
            new_ones = tuple(problem for text, problem in after.items() if text not in before)
            place = places[key]
            rows.append(Previewed(key, place.account_number, place.property_name, now, then, new_ones))


def _both(
    place: Place, history: Sequence[Had], old: StoredPlan, new: StoredPlan, period: Period
) -> tuple[Part, ...]:
    """The days of the old plan, as they are and on the new one."""
    days = place.held(*period)
    now = monthly(part for part in list_parts(place.id, history, days) if part.plan_id == old.id)
    then = (replace(part, plan_id=new.id, product=new.product, variant=1) for part in now)
    return (*now, *then)
