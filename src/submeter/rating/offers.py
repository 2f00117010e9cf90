"""What offerings give and take, put into the plans that agreements are charged by."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import NamedTuple
from uuid import UUID, uuid5

import psycopg

from submeter.db.queries import load_queries
from submeter.rating.parts import Part
from submeter.tariffs.inducements import Schedule, inducement_components
from submeter.tariffs.rows import StoredPlan, component_key

__all__ = ["with_offerings"]

_QUERIES = load_queries(__package__ or "")

Parts = Mapping[UUID, Sequence[Part]]
Plans = Mapping[UUID, StoredPlan]


class _Offer(NamedTuple):
    id: UUID
    """Of the schedule."""
    schedule: Schedule


def with_offerings(connection: psycopg.Connection, parts: Parts, plans: Plans) -> tuple[Parts, Plans]:
    """Parts whose offerings are in their plans, and those plans beside the others.

    A schedule for the first bills counts those whose rated lines stand.
    """
    wanted = {part.offering_id for of in parts.values() for part in of if part.offering_id is not None}
    if not wanted:
        return parts, plans
    offers = _offers(connection, wanted)
    given = _given(connection, parts)
    known = dict(plans)
    found = {
        key: tuple(_extended(part, offers.get(part.offering_id, ()), given, known) for part in of)
        for key, of in parts.items()
    }
    return found, known


def _extended(
    part: Part,
    offers: Sequence[_Offer],
    given: Mapping[tuple[UUID, UUID], Sequence[date]],
    known: dict[UUID, StoredPlan],
) -> Part:
    """The part by its plan with the offering in it, which is added to `known`."""
    had = {one.id: sum(day < part.charged[0].first for day in given.get((part.agreement_id, one.id), ()))
           for one in offers}  # fmt: skip
    pairs = inducement_components(
        [one.schedule for one in offers],
        customer_type=part.customer_type,
        conditions=part.conditions,
        bills=[period.end for period in part.charged],
        given=[had[one.id] for one in offers],
    )
    if not pairs:
        return part
    plan = known[part.plan_id]
    components = tuple(component for _, component in pairs)
    ids = {component_key(component): offers[place].id for place, component in pairs}
    key = uuid5(part.plan_id, repr((components, sorted(map(str, ids.values())))))
    known.setdefault(
        key,
        replace(
            plan,
            plan=replace(plan.plan, components=(*plan.plan.components, *components)),
            schedule_ids=ids,
        ),
    )
    return replace(part, plan_id=key)


def _offers(connection: psycopg.Connection, offerings: Iterable[UUID]) -> dict[UUID | None, list[_Offer]]:
    found: dict[UUID | None, list[_Offer]] = defaultdict(list)
    for offering, key, *about, codes in connection.execute(_QUERIES["offers"], {"ids": list(offerings)}):
        found[offering].append(_Offer(key, Schedule._make((*about, tuple(codes)))))
    return found


def _given(connection: psycopg.Connection, parts: Parts) -> dict[tuple[UUID, UUID], list[date]]:
    """By agreement and schedule, the bills that had it: their first days."""
    rows = connection.execute(_QUERIES["offers_given"], {"ids": list(parts)})
    return {(agreement, schedule): days for agreement, schedule, days in rows}
