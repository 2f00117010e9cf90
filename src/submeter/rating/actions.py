"""What people ask of rating: charge agreements by their plans, or by another one."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from uuid import UUID

import psycopg

from submeter.core.caller import Caller
from submeter.core.problem import Problem, Refused
from submeter.db.database import Database
from submeter.db.transactions import transaction
from submeter.rating import problems, store
from submeter.rating.desk import rate_parts
from submeter.rating.inputs import Failure
from submeter.rating.line_store import add_lines, list_overlapping
from submeter.rating.model import Period
from submeter.rating.offers import with_offerings
from submeter.rating.parts import Had, Part, days_without, from_year_start, list_parts
from submeter.rating.results import Outcome, Rated
from submeter.rating.store import Place
from submeter.tariffs.problems import no_plan
from submeter.tariffs.rows import StoredPlan
from submeter.tariffs.store import list_plan_codes, load_plans

__all__ = [
    "check_period",
    "find_agreements",
    "find_only_agreement",
    "id_of",
    "plans_of",
    "rate_agreement",
    "rate_agreements",
]

LONGEST = 800
"""Days that are charged at a time."""


def rate_agreement(
    database: Database,
    caller: Caller,
    agreement_id: str,
    first: date,
    end: date,
    *,
    store_lines: bool = False,
    plan: str | None = None,
) -> Outcome:
    """What an agreement is charged for the days of `[first, end)`, by its plans or by one that is named.

    Raises Refused with the first thing that stands in the way: RTG200 to RTG208; RTG1.. and TRF150 as the
    engine does; MTR340 to MTR342 where readings do not fit.
    """
    (found,) = rate_agreements(
        database, caller, [agreement_id], first, end, store_lines=store_lines, plan=plan
    )
    if found.problems:
        raise Refused(found.problems[0])
    return found


def rate_agreements(
    database: Database,
    caller: Caller,
    agreements: Sequence[str] | None,
    first: date,
    end: date,
    *,
    store_lines: bool = False,
    plan: str | None = None,
) -> tuple[Outcome, ...]:
    """What many agreements are charged, those named or all that the caller sees, in the order of their ids.

    What cannot be charged says why; the rest goes on. With `store_lines` the lines are kept, and those that
    were kept of the same days before do not stand any more. With a `plan`, all agreements are those that have
    one of its product, or none. Raises Refused: RTG208, RTG224, TRF140.
    """
    period = check_period(first, end)
    if plan and store_lines:
        raise Refused(problems.trial_kept(plan))
    keys = None if agreements is None else [key for key in map(id_of, agreements) if key]
    with transaction(database, caller) as connection:
        chosen = plans_of(connection, plan) if plan else {}
        places = store.list_agreements(connection, keys, period)
        billed = store.lock_agreements(connection, places) if store_lines else {}
        found = _rated(connection, places, period, chosen)
        if agreements is None:
            found = {key: one for key, one in found.items() if not _is_of_another(one)}
        if store_lines:
            found = _stored(connection, places, _unbilled(found, billed), caller)
    lost = {} if agreements is None else _not_there(agreements, places)
    return tuple(sorted([*found.values(), *lost.values()], key=lambda one: str(one.agreement_id)))


def find_agreements(database: Database, caller: Caller, said: str, first: date, end: date) -> list[str]:
    """The keys of agreements by their id, account number or supply point's identifier.

    Those of a period; what has a plan of electricity first, then the latest. Raises Refused RTG200.
    """
    if id_of(said):
        return [said]
    with transaction(database, caller) as connection:
        found = store.list_agreements_named(connection, said, Period(first, end))
    if not found:
        raise Refused(problems.no_agreement(said))
    return found


def find_only_agreement(database: Database, caller: Caller, said: str, first: date, end: date) -> UUID:
    """As `find_agreements`, for what may not be done to another one by mistake.

    Raises Refused RTG200; RTG228 where several agreements of the period have that name.
    """
    found = find_agreements(database, caller, said, first, end)
    if len(found) > 1:
        raise Refused(problems.several_agreements(said, found))
    return UUID(found[0])


def check_period(first: date, end: date) -> Period:
    """The days, if they can be charged at once. Raises Refused RTG208."""
    if not 0 < (end - first).days <= LONGEST:
        raise Refused(problems.no_period(first, end, LONGEST))
    return Period(first, end)


def id_of(said: str) -> UUID | None:
    """The key that is meant; None where it is none."""
    try:
        return UUID(said)
    except ValueError:
        return None


def plans_of(connection: psycopg.Connection, code: str) -> Mapping[UUID, StoredPlan]:
    """The plan of that code, by ESCO. Raises Refused TRF140."""
    found = load_plans(connection, codes=[code])
    if not found:
        raise Refused(no_plan(code, list_plan_codes(connection)))
    return {plan.esco_id: plan for plan in found.values()}


def _not_there(agreements: Iterable[str], places: Mapping[UUID, Place]) -> dict[str, Outcome]:
    lost = [one for one in agreements if id_of(one) not in places]
    none = UUID(int=0)
    return {one: Outcome(id_of(one) or none, "", "", (), (problems.no_agreement(one),)) for one in lost}


def _rated(
    connection: psycopg.Connection,
    places: Mapping[UUID, Place],
    period: Period,
    chosen: Mapping[UUID, StoredPlan],
) -> dict[UUID, Outcome]:
    history = store.list_history(connection, places)
    parts: dict[UUID, tuple[Part, ...]] = {}
    wrong: dict[UUID, tuple[Problem, ...]] = {}
    for key, place in places.items():
        days = place.held(*period)
        had = history.get(key, ())
        if chosen:
            had = on_plan(had, chosen[place.esco_id], days) if place.esco_id in chosen else ()
        others = sorted({one.product for one in history.get(key, ())})
        if chosen and others and not had and place.esco_id in chosen:
            plan = chosen[place.esco_id]
            wrong[key] = (problems.other_product(plan.plan.code, plan.product, ", ".join(others)),)
        elif problem := _no_part(place, had, days, period):
            wrong[key] = (problem,)
        else:
            parts[key] = tuple(list_parts(key, had, days))
    plans = load_plans(connection, ids={part.plan_id for of in parts.values() for part in of})
    parts = {key: begun(of, places[key], history.get(key, ()), plans) for key, of in parts.items()}
    offered, extended = with_offerings(connection, parts, plans)
    rated: dict[UUID, list[Rated]] = defaultdict(list)
    for one in rate_parts(connection, offered, places, extended):
        key = one.part.agreement_id
        if isinstance(one, Failure):
            wrong[key] = (*wrong.get(key, ()), *one.problems)
        else:
            rated[key].append(one)
    return {key: outcome(place, rated.get(key, ()), wrong.get(key, ())) for key, place in places.items()}


def begun(
    parts: Iterable[Part], place: Place, history: Iterable[Had], plans: Mapping[UUID, StoredPlan]
) -> tuple[Part, ...]:
    """Parts with the months before them where their plans carry something over.

    What a plan that is only tried carries begins with the agreement.
    """
    history = tuple(history)
    found = []
    for part in parts:
        held = [
            had.from_date for had in history if had.plan_id == part.plan_id and had.from_date <= part.first
        ]
        since = max(held, default=place.from_date)
        found.append(from_year_start(part, plans[part.plan_id].plan, since))
    return tuple(found)


def _no_part(place: Place, had: Sequence[Had], days: Period, period: Period) -> Problem | None:
    if days.first >= days.end:
        return problems.no_days(*period, f"{place.from_date} to {place.to_date or 'now'}")
    without = days_without(had, days)
    return problems.no_plan_on(without) if without else None


def on_plan(history: Iterable[Had], plan: StoredPlan, days: Period) -> list[Had]:
    """The history as if the agreement had that plan on these days; terms stay those of its own plans.

    Empty where the agreement has plans of other products alone.
    """
    history = tuple(history)
    same = [had for had in history if had.product == plan.product]
    same = [had for had in same if had.from_date < days.end and (had.to_date or date.max) > days.first]
    if not same:
        others = any(had.product != plan.product for had in history)
        return [] if others else [Had(plan.id, plan.product, days.first, days.end)]
    moved = [replace(had, plan_id=plan.id) for had in same]
    gap = days_without(moved, days)
    return moved if not gap else [replace(moved[0], from_date=days.first, to_date=days.end)]


def outcome(place: Place, rated: Sequence[Rated], wrong: Sequence[Problem]) -> Outcome:
    """What became of an agreement: nothing is charged where anything is wrong."""
    ordered = sorted(rated, key=lambda one: (one.part.product, one.part.first))
    about = (place.id, place.account_number, place.property_name)
    return Outcome(*about, () if wrong else tuple(ordered), _once(wrong))


def _unbilled(found: Mapping[UUID, Outcome], billed: Mapping[UUID, date]) -> dict[UUID, Outcome]:
    """The same; of days that are billed no lines are kept (RTG229)."""

    def of(key: UUID, one: Outcome) -> Outcome:
        if not any(rated.part.charged[0].first < billed.get(key, date.min) for rated in one.rated):
            return one
        return replace(one, rated=(), problems=(problems.days_billed(billed[key]),))

    return {key: of(key, one) for key, one in found.items()}


def _stored(
    connection: psycopg.Connection,
    places: Mapping[UUID, Place],
    found: Mapping[UUID, Outcome],
    caller: Caller,
) -> dict[UUID, Outcome]:
    """The same, with where their lines are kept; not where lines of other days would be lost (RTG226)."""
    beside = list_overlapping(connection, ((key, one.rated) for key, one in found.items()))
    found = {
        key: replace(one, rated=(), problems=(problems.overlapping(*beside[key]),)) if key in beside else one
        for key, one in found.items()
    }
    charged = [(places[key].esco_id, rated) for key, one in found.items() for rated in one.rated]
    kept = iter(add_lines(connection, charged, caller.signature()))
    return {key: replace(one, stored=tuple(next(kept) for _ in one.rated)) for key, one in found.items()}


def _is_of_another(one: Outcome) -> bool:
    return any(problem.code == "RTG225" for problem in one.problems)


def _once(found: Iterable[Problem]) -> tuple[Problem, ...]:
    return tuple({str(problem): problem for problem in found}.values())
