"""The generated part of docs/reference/rest-api.md: resources, columns and rights, from the database itself."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

import psycopg

from docs.pages import ROOT
from rowgate.catalog.load import load_catalog
from rowgate.catalog.model import Catalog, Column, Relation, Relationship, Routine

PAGE: Path = ROOT / "docs" / "reference" / "rest-api.md"
BEGIN, END = "<!-- generated: resources -->\n", "<!-- end of generated -->\n"
FUNCTIONS_BEGIN, FUNCTIONS_END = "<!-- generated: functions -->\n", "<!-- end of functions -->\n"

_WHO = {"anon": "anyone", "authenticated": "customer", "operator": "operator", "service_role": "service"}
_DOING = {"select": "read", "insert": "add", "update": "change", "delete": "delete"}

Rights = Mapping[tuple[str, str], tuple[str, ...]]
"""(relation, SELECT ...) to the roles that may, at least on some columns."""


def generate(conninfo: str) -> tuple[str, str]:
    """The two generated parts: resources and functions."""
    catalog = asyncio.run(_catalog(conninfo))
    with psycopg.connect(conninfo) as connection:
        rights, callers = _rights(connection, catalog), _callers(connection)
    relations = [catalog.relations[name] for name in sorted(catalog.relations)]
    routines = [routine for name in sorted(catalog.routines) for routine in catalog.routines[name]]
    return (
        "\n".join(_resource(relation, catalog, rights) for relation in relations),
        "\n".join(_function(routine, callers) for routine in routines),
    )


def put_in(text: str, resources: str, functions: str) -> str:
    """The page with its generated parts renewed. Raises ValueError where a marker is missing."""
    text = _between(text, BEGIN, END, resources)
    return _between(text, FUNCTIONS_BEGIN, FUNCTIONS_END, functions)


def _between(text: str, begin: str, end: str, new: str) -> str:
    start, stop = text.index(begin) + len(begin), text.index(end)
    return f"{text[:start]}\n{new}\n{text[stop:]}"


async def _catalog(conninfo: str) -> Catalog:
    async with await psycopg.AsyncConnection.connect(conninfo, autocommit=True) as connection:
        return await load_catalog(connection, ("public",))


def _rights(connection: psycopg.Connection, catalog: Catalog) -> Rights:
    found = {}
    for name in catalog.relations:
        for privilege in _DOING:
            rows = connection.execute(
                _MAY[privilege == "delete"], (list(_WHO), f"{name.schema}.{name.name}", privilege)
            )
            found[name.name, privilege] = tuple(_WHO[role] for (role,) in rows)
    return found


# A right on some columns counts as well; DELETE has none by column.
_MAY = (
    "select r from unnest(%s::text[]) with ordinality as u (r, n) where has_any_column_privilege(r, %s, %s) order by n",
    "select r from unnest(%s::text[]) with ordinality as u (r, n) where has_table_privilege(r, %s, %s) order by n",
)


def _callers(connection: psycopg.Connection) -> Mapping[str, tuple[str, ...]]:
    rows = connection.execute(
        "select p.proname, r from pg_proc p, unnest(%s::text[]) with ordinality as u (r, n) "
        "where p.pronamespace = 'public'::regnamespace and has_function_privilege(r, p.oid, 'execute') order by n",
        (list(_WHO),),
    )
    callers: dict[str, tuple[str, ...]] = {}
    for name, role in rows:
        callers[name] = (*callers.get(name, ()), _WHO[role])
    return callers


def _resource(relation: Relation, catalog: Catalog, rights: Rights) -> str:
    name = relation.name.name
    may = [
        f"{word}: {', '.join(who)}" for privilege, word in _DOING.items() if (who := rights[name, privilege])
    ]
    ways = catalog.relationships.get(relation.name, ())
    lines = [f"### {name}", "", _sentence(relation.description), "", f"May {'; '.join(may)}.", ""]
    if embeds := _embeds(ways):
        lines += [f"Embeds {embeds}.", ""]
    lines += ["| column | type | meaning |", "|---|---|---|"]
    lines += [_column(column, relation, ways) for column in relation.columns.values()]
    return "\n".join(lines) + "\n"


def _embeds(ways: tuple[Relationship, ...]) -> str:
    to_many = {way.target.name: way.cardinality.to_many for way in reversed(ways)}
    if to_many.get("escos") is False:
        # Every row of a tenant leads to these two: the page says so once.
        del to_many["escos"], to_many["esco_settings"]
    return ", ".join(f"`{name}`{' (many)' if to_many[name] else ''}" for name in sorted(to_many))


def _column(column: Column, relation: Relation, ways: tuple[Relationship, ...]) -> str:
    leads = sorted(
        {
            way.target.name
            for way in ways
            if not way.cardinality.to_many and [p.origin for p in way.pairs] == [column.name]
        }
    )
    to = "" if column.name == "esco_id" or not leads else f" → {', '.join(leads)}"
    meaning = (_sentence(column.description) + to).replace("|", "\\|")
    key = " *key*" if column.name in relation.primary_key else ""
    return f"| `{column.name}`{key} | {_type(column.type_name)} | {meaning} |"


def _function(routine: Routine, callers: Mapping[str, tuple[str, ...]]) -> str:
    name = routine.name.name
    arguments = [
        f"`{p.name}` ({_type(p.type_name)}{'' if p.required else ', may be left out'})"
        for p in routine.parameters
    ]
    lines = [f"### {name}", "", _sentence(routine.description), ""]
    lines += [
        f"May call: {', '.join(callers.get(name, ()))}. Arguments: {', '.join(arguments) or 'none'}.",
        "",
    ]
    if routine.returns.void:
        return "\n".join([*lines, "Gives nothing back (204)."]) + "\n"
    lines += [
        "Gives back rows of:" if routine.returns.many else "Gives back:",
        "",
        "| column | type |",
        "|---|---|",
    ]
    return (
        "\n".join([*lines, *(f"| `{column}` | {_type(kind)} |" for column, kind in routine.returns.columns)])
        + "\n"
    )


_SHORT = {
    "timestamp with time zone": "instant",
    "timestamp without time zone": "local time",
    "double precision": "number",
    "numeric": "number",
    "integer": "whole number",
    "smallint": "whole number",
    "bigint": "whole number",
    "jsonb": "JSON",
    "boolean": "true or false",
}


def _type(name: str) -> str:
    return _SHORT.get(name, name)


def _sentence(text: str | None) -> str:
    assert text, "everything that the API shows has a comment"
    return text if text.endswith((".", ":", "?", "...")) else f"{text}."
