"""The walk, writing: every way to touch what is somebody else's. All must be refused, and nothing may change.

A refusal must not tell either: what names a hidden row and what names no row get the same answer.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from uuid import uuid4

import httpx

from journeys.tenancy.reading import unknown_key, where
from journeys.tenancy.site import SERVICE, Site, Viewer, id_of
from journeys.tenancy.truth import RESOURCES

Row = dict[str, Any]

# What makes a copy of a row one that could be added; None leaves a column out.
FRESH: Mapping[str, Row] = {
    "sellers": {"name": "fresh"},
    "sites": {"code": "fresh", "day_time_zone": None},
    "properties": {"name": "fresh"},
    "supply_points": {},
    "supply_point_identifiers": {"scheme": "NMI", "identifier": "6009999999"},
    "customers": {},
    "accounts": {"account_number": "fresh", "property_id": None, "type": None, "status": None},
    "customer_accounts": {"role": "authorised_person", "from_date": "2001-01-01", "to_date": "2001-02-01"},
    "agreements": {"from_date": "2001-01-01", "to_date": "2001-02-01"},
    "meters": {"serial": "fresh", "property_id": None, "supply_point_id": None},
    "meter_installations": {"installed_at": "2001-01-01T00:00Z", "removed_at": "2001-02-01T00:00Z"},
    "meter_shadows": {"meter_id": "spare"},
    "registers": {"name": "fresh", "direction_indicator": None},
    "register_types": {"code": "FRESH"},
    "virtual_registers": {"register_id": "spare register"},
    "virtual_register_parts": {"start_at": "2001-01-01T00:00Z", "end_at": "2001-02-01T00:00Z"},
    "site_gates": {"from_date": "2001-01-01", "to_date": "2001-02-01"},
    "loss_factors": {"from_date": "2001-01-01", "to_date": "2001-02-01"},
    "register_multipliers": {"from_date": "2001-01-01", "to_date": "2001-02-01"},
    "circuits": {},
    "circuit_registers": {"start_at": "2001-01-01T00:00Z", "end_at": "2001-02-01T00:00Z"},
    "meter_readings": {"timestamp": "2001-01-01T00:00Z", "register_id": "spare register"},
    "reading_tolerances": {"meter_type": "fresh"},
    "monthly_usage": {"month": "2001-01-01"},
    "microgrid_tariffs": {"period_start": "2001-01-01"},
    "customer_tariffs": {"period_start": "2001-01-01"},
    "monthly_costs": {"month": "2001-01-01"},
    "payments": {"status": "created"},
    "interval_settings": {"register_id": None, "nature": "water"},
    "calendars": {"code": "fresh"},
    "calendar_holidays": {"day": "2001-01-01"},
    "price_plans": {"code": "fresh"},
    "price_plan_components": {"code": "fresh"},
    "price_plan_bands": {"position": 7},
    "price_plan_rates": {"step": 2},
    "agreement_price_plans": {"price_plan_id": "spare plan", "product": None},
    "demand_peaks": {"month": "2001-01-01"},
    "spot_prices": {"day": "2001-01-01"},
    "inducements": {"code": "fresh"},
    "inducement_schedules": {},
    "offerings": {"code": "fresh"},
    "site_price_plans": {"price_plan_id": "spare plan", "product": None},
    "solar_credit_tariffs": {"period_start": "2001-01-01", "credit_pence_per_day": None},
    "solar_installations": {"property_id": "spare home"},
    "solar_credit_allocations": {"property_id": "spare home"},
    "price_conversions": {"from_date": "2001-01-01", "to_date": "2001-02-01", "to_unit": "kWh"},
}

PARENTS = {
    "seller_id": "seller", "site_id": "site", "property_id": "home 1", "supply_point_id": "power 1",
    "account_id": "bob account", "customer_id": "bob", "meter_id": "first", "register_id": "first register",
    "circuit_id": "circuit power 1", "replaces_id": "correction", "virtual_register_id": "books register",
    "calendar_id": "calendar", "inducement_id": "inducement", "offering_id": "offering", "installation_id": "home 1", "price_plan_id": "spare plan", "component_id": "spare plan usage", "agreement_id": "bob power",
}  # fmt: skip

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
MERGE, IGNORE = "resolution=merge-duplicates", "resolution=ignore-duplicates"


def walk_operator_writes(
    site: Site, viewer: Viewer, own: str, other: str, names: Iterable[str] = FRESH
) -> list[str]:
    """An operator of the ESCO ``own`` tries to touch rows of ``other``, or to give rows to it."""
    found = []
    for name in names:
        before = snapshot(site)
        found += _attack(site, viewer, name, own, other)
        if changed := differences(before, snapshot(site)):
            found.append(f"attacks on {name} changed {changed}")
    return [f"{viewer.name}: {complaint}" for complaint in found]


def _attack(site: Site, viewer: Viewer, name: str, own: str, other: str) -> Iterator[str]:
    own_esco, foreign = id_of(f"{own} esco"), id_of(f"{other} esco")
    fresh, mine, theirs = fresh_row(site, name, own), a_row(site, name, own), a_row(site, name, other)
    key, their_key = where(name, key_of(name, mine)), key_of(name, theirs)
    unknown = unknown_key(their_key)

    def ask(method: str, query: str = "", body: Any = None, prefer: str = "") -> httpx.Response:
        return site.ask(viewer, method, f"/{name}?{query}", body, f"return=representation,{prefer}")

    # Nothing is asked back: a row that may be written and not be read would be refused for the reading.
    for what, method, query, body in (
        ("POST to another ESCO", "POST", "", {**fresh, "esco_id": foreign}),
        ("POST of two, one to another ESCO", "POST", "", [fresh, {**fresh, "esco_id": foreign}]),
        ("PATCH to another ESCO", "PATCH", key, {"esco_id": foreign}),
        ("upsert to another ESCO", "POST", "", {**mine_written(name, mine), "esco_id": foreign}),
        ("upsert over a foreign row", "POST", "", {**fresh, **part(name, theirs)}),
    ):
        prefer = f"return=minimal,{MERGE}" if what.startswith("upsert") else "return=minimal"
        answer = site.ask(viewer, method, f"/{name}?{query}", body, prefer)
        if answer.status_code < 400:
            yield f"{what} is not refused: {answer.status_code} /{name}"
    for what, pair in {
        "PATCH": [ask("PATCH", where(name, k), {"esco_id": own_esco}) for k in (their_key, unknown)],
        "DELETE": [ask("DELETE", where(name, k)) for k in (their_key, unknown)],
        "PATCH by ESCO": [ask("PATCH", f"esco_id=eq.{e}", {"esco_id": own_esco}) for e in (foreign, uuid4())],
        "DELETE by ESCO": [ask("DELETE", f"esco_id=eq.{e}") for e in (foreign, uuid4())],
    }.items():
        yield from _alike(f"{what} /{name}", *pair, refused=False)
    for column in (c for c in PARENTS if c in fresh):
        parents = id_of(f"{other} {PARENTS[column]}"), str(uuid4())
        yield from _alike(f"POST /{name} {column}", *(ask("POST", "", {**fresh, column: p}) for p in parents))
        yield from _alike(f"PATCH /{name} {column}", *(ask("PATCH", key, {column: p}) for p in parents))
    # A row of theirs as it stands, claimed as ours: what is unique or exclusive with it must not answer for it.
    copy = {
        **mine_written(name, theirs),
        "esco_id": own_esco,
        **({"id": str(uuid4())} if "id" in theirs else {}),
    }
    strangers = {column: str(uuid4()) for column in PARENTS if copy.get(column)}
    if strangers:
        yield from _alike(f"POST /{name} copy", ask("POST", "", copy), ask("POST", "", {**copy, **strangers}))
    ask("POST", "", {**fresh, **part(name, theirs)}, IGNORE)


def _alike(
    what: str, hidden: httpx.Response, missing: httpx.Response, *, refused: bool = True
) -> Iterator[str]:
    told = [(answer.status_code, _UUID.sub("<id>", answer.text)) for answer in (hidden, missing)]
    if told[0] != told[1]:
        yield f"{what} tells a hidden row from none: {told[0]} / {told[1]}"
    if (refused and hidden.status_code < 400) or hidden.status_code >= 500:
        yield f"{what} is not refused: {told[0]}"


def walk_customer_writes(site: Site, viewer: Viewer, esco: str) -> list[str]:
    """A customer (or anon) tries to add, change or remove anything at all."""
    refused = 403 if viewer.claims else 401
    before, found = snapshot(site), []
    for name in RESOURCES:
        row = fresh_row(site, name, esco) if name in FRESH else {}
        present = a_row(site, name, esco)
        key = where(name, key_of(name, present))
        column = (
            "esco_id" if "esco_id" in present else "name" if "name" in present else RESOURCES[name].key[0]
        )
        columns = {column: present[column]}
        answers = [
            site.ask(viewer, "POST", f"/{name}", row or columns),
            site.ask(viewer, "POST", f"/{name}", row or columns, MERGE),
            site.ask(viewer, "PATCH", f"/{name}?{key}", columns),
            site.ask(viewer, "DELETE", f"/{name}?{key}"),
        ]
        # A view that joins takes no writes at all; a reading that may not be reported is refused by its own rule.
        also = {"meter_readings": {400, 409}}.get(name, {405} if "_interval_" in name else set())
        found += [
            f"{answer.request.method} /{name}: {answer.status_code} {answer.text}"
            for answer in answers
            if answer.status_code != refused and not (viewer.claims and answer.status_code in also)
        ]
    if changed := differences(before, snapshot(site)):
        found.append(f"attacks changed {changed}")
    return [f"{viewer.name}: {complaint}" for complaint in found]


def a_row(site: Site, name: str, esco: str) -> Row:
    """A row of an ESCO, as service_role sees it; of a resource that all share, any."""
    column = RESOURCES[name].esco.removeprefix("x.")
    shown = column and "_interval_" not in name  # intervals show no ESCO
    query = f"{column}=eq.{id_of(f'{esco} esco')}&" if shown else ""
    rows = site.ask(SERVICE, "GET", f"/{name}?{query}order={RESOURCES[name].key[0]}&limit=1").json()
    assert rows, name
    return dict(rows[0])


def fresh_row(site: Site, name: str, esco: str) -> Row:
    """A row that the operator of an ESCO could add: a copy of one of theirs, made unlike it."""
    row = {**mine_written(name, a_row(site, name, esco)), **FRESH[name]}
    if "id" in row:
        row["id"] = str(uuid4())
    for column in ("meter_id", "register_id", "price_plan_id", "property_id"):
        if str(row.get(column)).startswith("spare"):
            row[column] = id_of(f"{esco} {row[column]}")
    return {column: value for column, value in row.items() if value is not None}


def mine_written(name: str, row: Row) -> Row:
    """A row as it would be written: without what the database makes itself."""
    made = {"created_at", "updated_at", "computed_at", *(c for c, v in FRESH[name].items() if v is None)}
    if name == "meter_readings":
        made |= {"meter_id", "replaces_id"}
    return {column: value for column, value in row.items() if column not in made}


def part(name: str, row: Row) -> Row:
    """The key columns of a row."""
    return {column: row[column] for column in RESOURCES[name].key}


def key_of(name: str, row: Row) -> tuple[str, ...]:
    return tuple(str(row[column]) for column in RESOURCES[name].key)


def snapshot(site: Site, esco: str | None = None) -> dict[str, str]:
    """A sum over each table's rows, all of them or one ESCO's."""
    tables = site.owner.execute(
        "select c.relname, exists (select from pg_attribute where attrelid = c.oid and attname = 'esco_id')"
        " from pg_class c where relnamespace = 'submeter'::regnamespace and relkind in ('r', 'p')"
    ).fetchall()
    condition = f"where esco_id = '{esco}'" if esco else ""
    query = " union all ".join(
        f"select '{table}', md5(coalesce(string_agg(t::text, '|' order by t::text), '')) from submeter.{table} t {condition}"
        for table, has_esco in tables if has_esco or not esco
    )  # fmt: skip
    return dict(site.owner.execute(query).fetchall())


def differences(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    return sorted(table for table in before if before[table] != after[table])
