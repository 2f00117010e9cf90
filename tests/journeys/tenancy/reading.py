"""The walk, reading: every resource by every way in. Each function returns complaints; none means all is well."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from uuid import uuid4

import httpx

from journeys.tenancy.site import ESCOS, PEOPLE, Site, Viewer, id_of
from journeys.tenancy.truth import RESOURCES, Keys, every_key, normal, true_keys

Sight = Mapping[str, Keys | None]
Relations = tuple[tuple[str, str, str], ...]
"""(origin, target, how `select` names the way from one to the other)."""

_MARK = re.compile(r"~(\w+)~")


def true_sight(site: Site, viewer: Viewer, names: Iterable[str] = RESOURCES) -> Sight:
    """What a viewer may see of each resource."""
    return {name: true_keys(site, viewer, name) for name in names}


def walk_reads(
    site: Site, viewer: Viewer, names: Iterable[str] = RESOURCES, *, closely: bool = True
) -> list[str]:
    """Rows and counts: what is seen must be what may be seen, no more and no less. ``closely``: single rows too."""
    found = []
    for name, truth in true_sight(site, viewer, names).items():
        found += _walk_resource(site, viewer, name, truth)
        if closely and truth is not None:
            found += _walk_one_foreign(site, viewer, name, truth)
    return [f"{viewer.name}: {complaint}" for complaint in found]


def walk_embeds(site: Site, viewer: Viewer, relations: Relations) -> list[str]:
    """From every resource into every other that it leads to."""
    sight, found = true_sight(site, viewer), []
    for origin, target, named in relations:
        found += _walk_embed(site, viewer, sight, origin, target, named)
    return [f"{viewer.name}: {complaint}" for complaint in found]


def _walk_resource(site: Site, viewer: Viewer, name: str, truth: Keys | None) -> Iterator[str]:
    path = f"/{name}?select=*{_window(site, name)}"
    rows = site.ask(viewer, "GET", path)
    counted = site.ask(viewer, "GET", f"{path}&limit=1", prefer="count=exact")
    head = site.ask(viewer, "HEAD", path, prefer="count=exact")
    if truth is None:
        for answer in (rows, counted, head):
            if answer.status_code != (403 if viewer.claims else 401):
                yield f"{answer.request.method} {path} is not refused: {answer.status_code}"
        return
    yield from _compare(f"GET {path}", keys_of(name, rows), truth)
    yield from (f"GET {path} shows {mark}" for mark in foreign_marks(viewer, rows.text))
    for answer in (counted, head):
        total = answer.headers.get("content-range", "").rpartition("/")[2]
        if total != str(len(truth)):
            yield f"{answer.request.method} {path} counts {total}, not {len(truth)}"


def _walk_one_foreign(site: Site, viewer: Viewer, name: str, truth: Keys) -> Iterator[str]:
    """A row of somebody else and a row that does not exist must be one and the same."""
    key = hidden_key(site, name, truth)
    if key is None:
        return
    one = {"Accept": "application/vnd.pgrst.object+json"}
    column = RESOURCES[name].key[0]
    for headers in ({}, one):
        seen = site.ask(viewer, "GET", f"/{name}?{where(name, key)}", **headers)
        missing = site.ask(viewer, "GET", f"/{name}?{where(name, unknown_key(key))}", **headers)
        if (seen.status_code, seen.text) != (missing.status_code, missing.text):
            yield f"GET /{name} tells a hidden row from none: {seen.text} / {missing.text}"
    listed = site.ask(
        viewer, "GET", f"/{name}?{where(name, key)}&or=({column}.eq.{key[0]},{column}.not.is.null)"
    )
    if listed.json() != []:
        yield f"GET /{name} gives a hidden row to an or-tree: {listed.text}"


def _walk_embed(
    site: Site, viewer: Viewer, sight: Sight, origin: str, target: str, named: str
) -> Iterator[str]:
    truth = sight[target]
    asked = f"/{origin}?select={_select(origin)},x:{named}({_select(target)})"
    asked += _window(site, origin) + _window(site, target, "x.")
    answer = site.ask(viewer, "GET", asked)
    if truth is None or sight[origin] is None:
        if answer.status_code not in (401, 403):
            yield f"GET {asked} is not refused: {answer.status_code} {answer.text[:200]}"
        return
    if answer.status_code != 200:
        yield f"GET {asked}: {answer.status_code} {answer.text[:200]}"
        return
    yield from _compare(f"GET {asked}", keys_of(origin, answer), sight[origin] or frozenset())
    embedded = [row["x"] for row in answer.json()]
    inner = [one for many in embedded if many for one in (many if isinstance(many, list) else [many])]
    stray = {_key(target, row) for row in inner} - truth
    if stray:
        yield f"GET {asked} embeds {len(stray)} rows of others: {sorted(stray)[:3]}"
    hidden = hidden_key(site, target, truth)
    if hidden:
        condition = where(target, hidden, "x.")
        asked = f"/{origin}?select={_select(origin)},x:{named}!inner({_select(target)})&{condition}"
        answer = site.ask(viewer, "GET", asked)
        if answer.json() != []:
            yield f"GET {asked} finds a hidden row: {answer.text[:200]}"


def walk_hidden_columns(site: Site, viewer: Viewer) -> list[str]:
    """What a resource does not show cannot be selected, filtered by or ordered by."""
    query = """
        select c.table_name, c.column_name from information_schema.columns c
        where c.table_schema = 'submeter' and c.table_name = any (%s) and not exists (
          select from information_schema.columns v
          where v.table_schema = 'public' and v.table_name = c.table_name and v.column_name = c.column_name)"""
    hidden = site.owner.execute(query, (list(RESOURCES),)).fetchall()
    assert ("sellers", "bank_account") in hidden
    found = []
    for table, column in hidden:
        for asked in (
            f"select={column}",
            f"{column}=not.is.null",
            f"order={column}",
            f"or=({column}.is.null)",
        ):
            answer = site.ask(viewer, "GET", f"/{table}?{asked}")
            if answer.status_code not in (400, 401, 403):
                found.append(f"{viewer.name}: GET /{table}?{asked}: {answer.status_code} {answer.text[:200]}")
    for schema in ("submeter", "pg_catalog", "information_schema", "extensions"):
        answer = site.ask(viewer, "GET", "/customers", **{"Accept-Profile": schema})
        if answer.status_code != 406:
            found.append(f"{viewer.name}: schema {schema} is open: {answer.status_code}")
    for name in (
        "interval_values",
        "readings",
        "register_intervals",
        "register_interval_versions",
        "pg_authid",
    ):
        answer = site.ask(viewer, "GET", f"/{name}")
        if answer.status_code != 404:
            found.append(f"{viewer.name}: GET /{name}: {answer.status_code}")
    return found


def keys_of(name: str, answer: httpx.Response) -> Keys:
    """The keys of the rows in an answer; an answer that is none has a key that is nobody's."""
    if answer.status_code not in (200, 206):
        return frozenset({f"status {answer.status_code}: {answer.text[:200]}"})
    return frozenset(_key(name, row) for row in answer.json())


def foreign_marks(viewer: Viewer, text: str) -> set[str]:
    """Texts in an answer to a customer that are written for others only."""
    if viewer.sight != "customer":
        return set()
    own = {name for name in PEOPLE for esco in ESCOS if id_of(f"{esco} {name}") == viewer.customer}
    return {mark for mark in _MARK.findall(text) if mark in (*PEOPLE, "staff")} - own


def hidden_key(site: Site, name: str, truth: Keys) -> tuple[str, ...] | None:
    """The key of a row that exists and is not to be seen."""
    for _, *key in every_key(site.owner, name, site.window):
        if json.dumps([normal(value) for value in key]) not in truth:
            return tuple(key)
    return None


def unknown_key(key: tuple[str, ...]) -> tuple[str, ...]:
    """A key like ``key`` that no row has."""
    first = str(uuid4()) if "-" in key[0] else "999999999" if key[0].isdigit() else "nowhere"
    return (first, *key[1:])


def where(name: str, key: tuple[str, ...], prefix: str = "") -> str:
    """The filter for one row."""
    pairs = zip(RESOURCES[name].key, key, strict=True)
    return "&".join(f"{prefix}{column}=eq.{value.replace('+', '%2B')}" for column, value in pairs)


def _key(name: str, row: Mapping[str, Any]) -> str:
    return json.dumps([normal(row[column]) for column in RESOURCES[name].key])


def _select(name: str) -> str:
    return ",".join(RESOURCES[name].key)


def _window(site: Site, name: str, prefix: str = "") -> str:
    window, column, span = site.window, RESOURCES[name].narrow, RESOURCES[name].span
    if span and not window:
        return f"&{prefix}{column}=gte.{span[0]}&{prefix}{column}=lt.{span[1]}"
    if not (window and column):
        return ""
    of = RESOURCES[name].key[0]
    chosen = {"register_id": window.registers, "circuit_id": window.circuits, "site_id": window.sites}[of]
    registers = f"&{prefix}{of}=in.({','.join(chosen)})"
    return f"{registers}&{prefix}{column}=gte.{window.first}&{prefix}{column}=lt.{window.last}"


def _compare(what: str, seen: Keys, truth: Keys) -> Iterator[str]:
    if seen - truth:
        yield f"{what} shows {len(seen - truth)} rows that it must not: {sorted(seen - truth)[:3]}"
    if truth - seen:
        yield f"{what} hides {len(truth - seen)} rows that it must show: {sorted(truth - seen)[:3]}"
