"""Reading the catalog out of a database."""

import asyncio
from collections.abc import Sequence
from importlib import resources
from typing import Any, NamedTuple, TypeVar

from psycopg import AsyncConnection, AsyncCursor
from psycopg.rows import args_row

from rowgate.catalog.build import build
from rowgate.catalog.model import Catalog
from rowgate.catalog.rows import (
    CastRow,
    ColumnRow,
    ForeignKeyRow,
    KeyRow,
    MediaRow,
    RelationRow,
    RoutineRow,
    SchemaRow,
    Snapshot,
    TimeZoneRow,
    ViewRow,
)

_Row = TypeVar("_Row", bound=NamedTuple)


async def load_catalog(connection: AsyncConnection[Any], schemas: Sequence[str]) -> Catalog:
    """What the database offers in these schemas, as of one moment.

    The connection must be idle, outside any transaction; any role will do. psycopg's errors pass through.
    """
    snapshot = await read_snapshot(connection, schemas)
    return await asyncio.to_thread(build, snapshot)  # hundreds of views take a while; requests go on


async def read_snapshot(connection: AsyncConnection[Any], schemas: Sequence[str]) -> Snapshot:
    """The rows of all catalog queries, from one read-only snapshot and in two round trips."""
    async with connection.transaction(), connection.pipeline() as pipeline:
        for statement in _PREPARATION:
            await connection.execute(statement)
        known: dict[str, Any] = {"schemas": list(schemas)}
        found_relations = await _start(connection, "relations", RelationRow, known)
        found_schemas = await _start(connection, "schemas", SchemaRow, known)
        found_zones = await _start(connection, "time_zones", TimeZoneRow, known)
        found_casts = await _start(connection, "casts", CastRow, known)
        await pipeline.sync()
        relations = await found_relations.fetchall()
        known["oids"] = [relation.oid for relation in relations]
        columns = await _start(connection, "columns", ColumnRow, known)
        keys = await _start(connection, "keys", KeyRow, known)
        foreign_keys = await _start(connection, "foreign_keys", ForeignKeyRow, known)
        views = await _start(connection, "views", ViewRow, known)
        routines = await _start(connection, "routines", RoutineRow, known)
        media = await _start(connection, "media", MediaRow, known)
        await pipeline.sync()
        return Snapshot(
            relations,
            await columns.fetchall(),
            await keys.fetchall(),
            await foreign_keys.fetchall(),
            await views.fetchall(),
            await routines.fetchall(),
            await found_schemas.fetchall(),
            await found_zones.fetchall(),
            media=await media.fetchall(),
            casts=await found_casts.fetchall(),
        )


# With an empty search_path every name in an expression or type is qualified where it must be, and so
# means the same whatever a request's own search_path is. JIT takes longer than these queries do.
_PREPARATION = (
    "set transaction isolation level repeatable read, read only",
    "set local search_path to ''",
    "set local jit to off",
)


async def _start(
    connection: AsyncConnection[Any], name: str, row: type[_Row], known: dict[str, Any]
) -> AsyncCursor[_Row]:
    """Send a query; its rows are waited for where they are fetched."""
    cursor = connection.cursor(row_factory=args_row(row))
    return await cursor.execute(_query(name), known, prepare=False)


def _query(name: str) -> str:
    return (resources.files(__package__) / "queries" / f"{name}.sql").read_text(encoding="utf-8")
