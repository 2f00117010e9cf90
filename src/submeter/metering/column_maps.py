"""Column maps that an operator keeps: checked, named again by imports, looked at, taken away."""

import json
from collections.abc import Mapping
from typing import Any

import psycopg

from submeter.core.caller import Caller
from submeter.core.problem import Refused
from submeter.db.database import Database
from submeter.db.queries import load_queries
from submeter.db.transactions import transaction
from submeter.metering import problems, store
from submeter.metering.formats import findings
from submeter.metering.formats.column_map import ColumnMap, as_json, map_of, read_map

__all__ = ["CALLS", "drop_map", "find_map", "keep_map", "list_maps", "looks_like_file"]

_QUERIES = load_queries(__package__ or "", "map_queries.sql")


def looks_like_file(said: str) -> bool:
    """Whether a map is named by the file that it is in: acme.toml, ./acme, maps/acme."""
    return any(mark in said for mark in "/\\") or said.lower().endswith((".toml", ".json"))


def keep_map(database: Database, caller: Caller, told: ColumnMap) -> dict[str, Any]:
    """Keep a map under its name; one of that name is replaced. Raises Refused MTR191, MTR231."""
    name = told.name.strip()
    if not name or looks_like_file(name):
        raise Refused(findings.bad_map(f"name = {told.name!r}", "Name it in words, not as a file"))
    settings = json.dumps({**as_json(told), "name": name})
    with transaction(database, caller) as connection:
        values = {"esco_id": store.get_esco(connection), "name": name, "settings": settings}
        row = connection.execute(
            _QUERIES["keep_map"], {**values, "kind": told.kind, "confirmed": told.confirmed}
        ).fetchone()
    assert row
    return dict(zip(("id", "name", "kind", "confirmed"), row, strict=True))


def find_map(connection: psycopg.Connection, name: str) -> ColumnMap:
    """The map of that name. Raises Refused MTR196 with the names that there are, MTR231, MTR191."""
    values = {"esco_id": store.get_esco(connection), "name": name.strip()}
    row = connection.execute(_QUERIES["find_map"], values).fetchone()
    if row is None:
        names = [known for (known,) in connection.execute(_QUERIES["list_map_names"], values)]
        raise Refused(problems.no_such_map(name, names))
    return map_of(row[0])


def list_maps(database: Database, caller: Caller) -> list[dict[str, Any]]:
    """All maps that the caller may see: name, kind, confirmed, settings."""
    with transaction(database, caller) as connection:
        rows = connection.execute(_QUERIES["list_maps"]).fetchall()
    return [dict(zip(("name", "kind", "confirmed", "settings"), row, strict=True)) for row in rows]


def drop_map(database: Database, caller: Caller, name: str) -> None:
    """Take a map away; what was read by it stays, and says so. Raises Refused MTR196, MTR231."""
    with transaction(database, caller) as connection:
        find_map(connection, name)
        connection.execute(
            _QUERIES["drop_map"], {"esco_id": store.get_esco(connection), "name": name.strip()}
        )


def _keep(database: Database, caller: Caller, arguments: Mapping[str, Any]) -> list[dict[str, Any]]:
    """`rpc/keep_column_map`: an object, or TOML as a string."""
    told = arguments.get("settings")
    checked = read_map(told) if isinstance(told, str) else map_of(told if isinstance(told, Mapping) else {})
    kept = keep_map(database, caller, checked)
    return [{**kept, "id": str(kept["id"])}]


CALLS = {"keep_column_map": _keep}
