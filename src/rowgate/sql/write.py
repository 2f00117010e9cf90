"""INSERT, UPDATE and DELETE, each giving back what the answer needs and no more.

The body goes to PostgreSQL whole, as one JSON parameter (``rowgate.sql.record``), so no number passes
through Python.
"""

from collections.abc import Iterator, Sequence

from rowgate.plan.model import Conflict, Delete, Insert, Node, Replace, TypedColumn, Update, Write
from rowgate.request.model import Resolution, Return
from rowgate.sql.given import given
from rowgate.sql.parts import Parameters, Scope, qualified, quote
from rowgate.sql.record import SOURCE_OF_VALUES, record

UPDATED = "nullif(current_setting('rowgate.updated', true), '')"
"""How many rows an upsert updated rather than inserted: views have no ``xmax`` to tell it by."""

_COUNT_UPDATE = (
    f"set_config('rowgate.updated', (coalesce({UPDATED}, '0')::bigint + 1)::text, true) IS NOT NULL"
)


def insert(plan: Insert, parameters: Parameters) -> str:
    alias = quote(plan.root.alias)
    columns = ", ".join(quote(column.name) for column in plan.columns)
    target = f"INSERT INTO {qualified(plan.relation.name)} AS {alias}{f' ({columns})' if columns else ''}"
    values = ", ".join(given(column) for column in plan.columns)
    values = (
        f"SELECT {values} FROM {record(plan.payload.raw, plan.payload.is_array, plan.columns, parameters)}"
    )
    if isinstance(plan, Replace):
        # A row that is not the one of the address is not written, and its absence is noticed.
        values += Scope(plan.relation, SOURCE_OF_VALUES, parameters).where(plan.key)
    conflict = _on_conflict(plan.conflict, plan.columns) if plan.conflict else ""
    return f"{target} {values}{conflict}{_returning(plan)}"


def update(plan: Update, parameters: Parameters) -> str:
    scope = Scope(plan.relation, plan.root.alias, parameters)
    if not plan.columns:
        # Nothing to set: the rows stay as they are, and none is reported as changed.
        source = f"{qualified(plan.relation.name)} AS {quote(scope.alias)}"
        return f"SELECT {_wanted(plan) or '1'} FROM {source} WHERE false"
    changes = ", ".join(f"{quote(column.name)} = {given(column)}" for column in plan.columns)
    body = record(plan.payload.raw, plan.payload.is_array, plan.columns, parameters)
    return (
        f"UPDATE {qualified(plan.relation.name)} AS {quote(scope.alias)} SET {changes} FROM {body}"
        f"{scope.where(plan.where)}{_returning(plan)}"
    )


def delete(plan: Delete, parameters: Parameters) -> str:
    scope = Scope(plan.relation, plan.root.alias, parameters)
    return (
        f"DELETE FROM {qualified(plan.relation.name)} AS {quote(scope.alias)}"
        f"{scope.where(plan.where)}{_returning(plan)}"
    )


def _on_conflict(conflict: Conflict, columns: Sequence[TypedColumn]) -> str:
    target = ", ".join(quote(name) for name in conflict.columns)
    if conflict.resolution is Resolution.IGNORE or not columns:
        return f" ON CONFLICT ({target}) DO NOTHING"
    changes = ", ".join(f"{quote(column.name)} = EXCLUDED.{quote(column.name)}" for column in columns)
    return f" ON CONFLICT ({target}) DO UPDATE SET {changes} WHERE {_COUNT_UPDATE}"


def _returning(plan: Write) -> str:
    """RETURNING needs the right to read, so a write that shows nothing asks for nothing."""
    return f" RETURNING {_wanted(plan) or '1'}"


def _wanted(plan: Write) -> str:
    if plan.returning is Return.MINIMAL:
        return ""
    if plan.returning is Return.HEADERS:
        names = plan.relation.primary_key
    else:
        names = tuple(dict.fromkeys(_needed(plan.root)))
    alias = quote(plan.root.alias)
    if "*" in names:
        computed = [f"{alias}.{quote(name)}" for name in names if name not in {"*", *plan.relation.columns}]
        return ", ".join([f"{alias}.*", *computed])
    return ", ".join(f"{alias}.{quote(name)}" for name in names)


def _needed(root: Node) -> Iterator[str]:
    """The columns that the answer is made of: shown, ordered by, or leading to what is embedded."""
    yield from (output.field.name for output in root.outputs)
    yield from (term.field.name for term in root.order if term.relation is None)
    for embed in root.embeds:
        way = embed.relationship
        if way.function:
            yield "*"  # its argument is the whole row
        pairs = way.junction.origin_pairs if way.junction else way.pairs
        yield from (pair.origin for pair in pairs)
