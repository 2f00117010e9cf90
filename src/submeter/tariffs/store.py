"""Price plans in the database, and which agreement has which."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from submeter.db.queries import load_queries
from submeter.tariffs.model import Component, Plan
from submeter.tariffs.rows import (
    PLAN,
    ComponentKey,
    RateKey,
    StoredPlan,
    band_of,
    band_row,
    component_key,
    component_of,
    component_row,
    plan_row,
    rate_key,
    rate_of,
    rate_row,
)

__all__ = [
    "PlanSpan",
    "PlanTerms",
    "Supplied",
    "add_agreement_plan",
    "begin_agreement_plan",
    "change_agreement_plan",
    "end_agreement_plan",
    "find_plan",
    "is_used",
    "list_conditions",
    "list_plan_codes",
    "load_agreements",
    "load_plan_history",
    "load_plans",
    "lock_agreement",
    "lock_plan",
    "remove_agreement_plan",
    "write_plan",
]

_QUERIES = load_queries(__package__ or "")


class PlanTerms(NamedTuple):
    """What goes with a plan."""

    conditions: frozenset[str] = frozenset()
    """What holds of the customer: direct_debit, ..."""
    capacity: Decimal | None = None
    """Agreed kW or kVA."""
    offering_id: UUID | None = None
    """What is offered on top of the plan."""


class PlanSpan(NamedTuple):
    """A plan that an agreement has on the days of `[from_date, to_date)`, as far as the agreement lasts."""

    id: UUID
    """Of the row in agreement_price_plans."""
    price_plan_id: UUID
    product: str
    from_date: date
    to_date: date | None
    terms: PlanTerms

    def holds_on(self, day: date) -> bool:
        return self.from_date <= day and (self.to_date is None or day < self.to_date)


@dataclass(frozen=True, slots=True)
class Supplied:
    """An agreement, and where it is."""

    id: UUID
    esco_id: UUID
    account_id: UUID
    supply_point_id: UUID
    product: str
    """What the supply point is of: power, gas, ..."""
    site_id: UUID
    from_date: date
    to_date: date | None
    billed_to_date: date | None


# Reading ----------------------------------------------------------------------------------------------------


def load_plans(
    connection: psycopg.Connection,
    *,
    ids: Iterable[UUID] | None = None,
    codes: Iterable[str] | None = None,
    esco_id: UUID | None = None,
) -> dict[UUID, StoredPlan]:
    """Plans by id, or by code (of an ESCO), or all that the caller may see; one query for each table.

    What a customer does not see (prices of others' days) is not in them.
    """
    wanted = {"ids": _list(ids), "codes": _list(codes), "esco_id": esco_id}
    plans = _rows(connection, "plans", wanted)
    keys = {"plans": [row["id"] for row in plans]}
    components, bands, rates = (_rows(connection, name, keys) for name in ("components", "bands", "rates"))
    of_plan = _grouped(components, "price_plan_id")
    parts = _grouped(bands, "component_id"), _grouped(rates, "component_id")
    return {row["id"]: _stored(row, of_plan[row["id"]], *parts) for row in plans}


def find_plan(connection: psycopg.Connection, esco_id: UUID, code: str) -> StoredPlan | None:
    """The plan of that code."""
    return next(iter(load_plans(connection, codes=[code], esco_id=esco_id).values()), None)


def _list(values: Iterable[Any] | None) -> list[Any] | None:
    return None if values is None else list(values)


def _rows(connection: psycopg.Connection, query: str, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(_QUERIES[query], values).fetchall()


_Rows = Sequence[Mapping[str, Any]]


def _grouped(rows: _Rows, column: str) -> defaultdict[Any, list[Mapping[str, Any]]]:
    found: defaultdict[Any, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        found[row[column]].append(row)
    return found


def _stored(
    row: Mapping[str, Any], components: _Rows, bands: Mapping[Any, _Rows], rates: Mapping[Any, _Rows]
) -> StoredPlan:
    made: list[Component] = []
    component_ids: dict[ComponentKey, UUID] = {}
    rate_ids: dict[RateKey, UUID] = {}
    for one in components:
        priced = [(rate["id"], rate_of(rate)) for rate in rates[one["id"]]]
        component = component_of(
            one, [band_of(band) for band in bands[one["id"]]], [rate for _, rate in priced]
        )
        component_ids[component_key(component)] = one["id"]
        rate_ids |= {rate_key(component, rate): key for key, rate in priced}
        made.append(component)
    plan = Plan(components=tuple(made), **{name: row[name] for name in PLAN})
    about = (row["id"], row["esco_id"], row["product"], row["status"], row["given_from"], row["given_to"])
    return StoredPlan(*about, plan, component_ids, rate_ids)


def list_plan_codes(connection: psycopg.Connection, esco_id: UUID | None = None) -> tuple[str, ...]:
    """The codes of all plans."""
    rows = connection.execute(_QUERIES["plan_codes"], {"esco_id": esco_id})
    return tuple(code for (code,) in rows)


def is_used(connection: psycopg.Connection, plan_id: UUID) -> bool:
    """Whether any agreement has or had the plan."""
    row = connection.execute(_QUERIES["is_used"], {"id": plan_id}).fetchone()
    return bool(row and row[0])


def list_conditions(connection: psycopg.Connection, esco_id: UUID) -> tuple[str, ...]:
    """What holds of any agreement of an ESCO: direct_debit, ..."""
    return tuple(name for (name,) in connection.execute(_QUERIES["conditions"], {"esco_id": esco_id}))


# Writing ----------------------------------------------------------------------------------------------------


def lock_plan(connection: psycopg.Connection, esco_id: UUID, code: str) -> None:
    """Nobody else saves a plan of that code until the transaction ends."""
    connection.execute(_QUERIES["lock_plan"], {"esco_id": str(esco_id), "code": code})


def write_plan(
    connection: psycopg.Connection,
    esco_id: UUID,
    plan: Plan,
    stored: StoredPlan | None = None,
    about: Mapping[str, Any] | None = None,
) -> UUID:
    """Make the rows those of `plan`; what is alike in `stored` is not touched. Returns the plan's key.

    `about` may have product, status, from_date and to_date of the plan itself.
    """
    row = {**plan_row(plan), **(about or {}), "esco_id": esco_id}
    if stored is None:
        plan_id = _insert(connection, "price_plans", [row])[0]
    else:
        plan_id = stored.id
        _update(connection, "price_plans", plan_id, row)
    _write_components(connection, esco_id, plan_id, plan, stored)
    return plan_id


def _write_components(
    connection: psycopg.Connection, esco_id: UUID, plan_id: UUID, plan: Plan, stored: StoredPlan | None
) -> None:
    ids = dict(stored.component_ids) if stored else {}
    there = {
        component_key(one): (one, place) for place, one in enumerate(stored.plan.components if stored else ())
    }
    wanted = {component_key(one) for one in plan.components}
    for key in ids.keys() - wanted:
        connection.execute(_QUERIES["delete_component"], {"id": ids[key]})
    # Those that were there first: they end before others of their code begin.
    for place, one in sorted(enumerate(plan.components), key=lambda each: component_key(each[1]) not in ids):
        key, row = component_key(one), component_row(one, place)
        if key in ids:
            before, place_before = there[key]
            _change_component(
                connection, esco_id, ids[key], (before, component_row(before, place_before)), (one, row)
            )
            _write_rates(connection, esco_id, ids[key], one, before, stored)
        else:
            owner = {"esco_id": esco_id, "price_plan_id": plan_id}
            ids[key] = _insert(connection, "price_plan_components", [{**owner, **row}])[0]
            _add_bands(connection, esco_id, ids[key], one)
            _write_rates(connection, esco_id, ids[key], one, None, stored)


_Both = tuple[Component, Mapping[str, Any]]


def _change_component(
    connection: psycopg.Connection, esco_id: UUID, key: UUID, before: _Both, after: _Both
) -> None:
    if before[1] != after[1]:
        _update(connection, "price_plan_components", key, after[1])
    if before[0].bands != after[0].bands:
        connection.execute(_QUERIES["delete_bands"], {"component_id": key})
        _add_bands(connection, esco_id, key, after[0])


def _add_bands(connection: psycopg.Connection, esco_id: UUID, key: UUID, component: Component) -> None:
    owner = {"esco_id": esco_id, "component_id": key}
    rows = [{**owner, **band_row(band, place)} for place, band in enumerate(component.bands)]
    _insert(connection, "price_plan_bands", rows)


def _write_rates(
    connection: psycopg.Connection,
    esco_id: UUID,
    key: UUID,
    component: Component,
    before: Component | None,
    stored: StoredPlan | None,
) -> None:
    old = {rate_key(component, rate): rate for rate in (before.rates if before else ())}
    new = {rate_key(component, rate): rate for rate in component.rates}
    # An end alone may be moved; any other difference is another price.
    ended = {k for k in old.keys() & new.keys() if old[k]._replace(to_date=new[k].to_date) == new[k]}
    for gone in old.keys() - ended:
        if stored:
            connection.execute(_QUERIES["delete_rate"], {"id": stored.rate_ids[gone]})
    for one in sorted(ended, key=lambda k: new[k].to_date or date.max):
        if stored and old[one].to_date != new[one].to_date:
            values = {"id": stored.rate_ids[one], "to_date": new[one].to_date}
            connection.execute(_QUERIES["end_rate"], values)
    owner = {"esco_id": esco_id, "component_id": key}
    added = [{**owner, **rate_row(new[one])} for one in new if one not in ended]
    _insert(connection, "price_plan_rates", added)


def _insert(connection: psycopg.Connection, table: str, rows: Sequence[Mapping[str, Any]]) -> list[UUID]:
    """Rows of the same columns into a table of schema submeter; their keys."""
    if not rows:
        return []
    statement = sql.SQL("insert into {} ({}) values ({}) returning id").format(
        sql.Identifier("submeter", table),
        sql.SQL(", ").join(map(sql.Identifier, rows[0])),
        sql.SQL(", ").join(map(sql.Placeholder, rows[0])),
    )
    keys: list[UUID] = []
    with connection.cursor() as cursor:
        cursor.executemany(statement, rows, returning=True)
        for result in cursor.results():
            keys += [key for (key,) in result]
    return keys


def _update(connection: psycopg.Connection, table: str, key: UUID, row: Mapping[str, Any]) -> None:
    statement = sql.SQL("update {} set {} where id = {}").format(
        sql.Identifier("submeter", table),
        sql.SQL(", ").join(
            sql.SQL("{} = {}").format(sql.Identifier(name), sql.Placeholder(name)) for name in row
        ),
        sql.Placeholder("_key"),
    )
    connection.execute(statement, {**row, "_key": key})


# Agreements -------------------------------------------------------------------------------------------------


def load_agreements(connection: psycopg.Connection, ids: Iterable[UUID]) -> dict[UUID, Supplied]:
    """Agreements that the caller may see, with where they are; one query."""
    rows = connection.execute(_QUERIES["agreements"], {"ids": list(ids)})
    return {row[0]: Supplied(*row) for row in rows}


def load_plan_history(
    connection: psycopg.Connection, agreements: Iterable[UUID]
) -> dict[UUID, tuple[PlanSpan, ...]]:
    """Which plans agreements have or had, by product and day; one query."""
    found: dict[UUID, tuple[PlanSpan, ...]] = {}
    rows = connection.execute(_QUERIES["plan_history"], {"ids": list(agreements)})
    for agreement, key, plan, product, first, end, conditions, *terms in rows:
        span = PlanSpan(key, plan, product, first, end, PlanTerms(frozenset(conditions), *terms))
        found[agreement] = (*found.get(agreement, ()), span)
    return found


def lock_agreement(connection: psycopg.Connection, agreement_id: UUID) -> None:
    """Nobody else changes the agreement or its plans until the transaction ends."""
    connection.execute(_QUERIES["lock_agreement"], {"id": agreement_id})


def add_agreement_plan(
    connection: psycopg.Connection,
    agreement: Supplied,
    plan_id: UUID,
    first: date,
    end: date | None,
    terms: PlanTerms,
) -> UUID:
    """An agreement has a plan on these days and terms."""
    values = {"esco_id": agreement.esco_id, "agreement_id": agreement.id, "price_plan_id": plan_id}
    days = {"from_date": first, "to_date": end, **_terms_row(terms)}
    row = connection.execute(_QUERIES["add_agreement_plan"], {**values, **days}).fetchone()
    assert row
    key: UUID = row[0]
    return key


def _terms_row(terms: PlanTerms) -> dict[str, Any]:
    return {**terms._asdict(), "conditions": sorted(terms.conditions)}


def remove_agreement_plan(connection: psycopg.Connection, span: PlanSpan) -> None:
    """The agreement never had the plan on these days."""
    connection.execute(_QUERIES["remove_plan"], {"id": span.id})


def begin_agreement_plan(connection: psycopg.Connection, span: PlanSpan, day: date) -> None:
    """The plan is the agreement's from another day on."""
    connection.execute(_QUERIES["begin_plan"], {"id": span.id, "from_date": day})


def end_agreement_plan(connection: psycopg.Connection, span: PlanSpan, day: date | None) -> None:
    """The plan is the agreement's up to a day."""
    connection.execute(_QUERIES["shorten_plan"], {"id": span.id, "to_date": day})


def change_agreement_plan(
    connection: psycopg.Connection, span: PlanSpan, plan_id: UUID, end: date | None, terms: PlanTerms
) -> None:
    """Another plan from the same day on."""
    values = {"id": span.id, "price_plan_id": plan_id, "to_date": end, **_terms_row(terms)}
    connection.execute(_QUERIES["change_plan"], values)
