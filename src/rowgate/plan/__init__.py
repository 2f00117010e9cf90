"""From what the client wishes to what is possible: an ``ApiRequest`` and the catalog become a ``Plan``."""

from collections.abc import Sequence
from dataclasses import replace

from rowgate.catalog.model import Catalog, Name, Relation
from rowgate.catalog.suggest import nearest
from rowgate.errors import Refusal
from rowgate.plan.by_key import key_conditions, refuse_other_keys
from rowgate.plan.call import plan_call
from rowgate.plan.model import (
    Conflict,
    Delete,
    Insert,
    Node,
    Plan,
    Read,
    Replace,
    Served,
    TypedColumn,
    Update,
)
from rowgate.plan.tree import build_tree
from rowgate.request.model import Action, ApiRequest, Missing, Payload, Resolution, Return

__all__ = ["Plan", "make_plan"]


def make_plan(request: ApiRequest, catalog: Catalog, served: Served = frozenset()) -> Plan:
    """Resolve every name of the request, or refuse it with the nearest right one."""
    if request.action is Action.CALL:
        return plan_call(request, catalog, served)
    relation = _relation(catalog, Name(request.schema, request.target))
    if request.action is Action.READ:
        root = build_tree(Node(relation, relation.name.name, ()), request.query, catalog)
        return Read(root, with_total=request.preferences.count is not None)
    return _plan_write(request, relation, catalog, served)


def _relation(catalog: Catalog, name: Name) -> Relation:
    found = catalog.relations.get(name)
    if found:
        return found
    known = sorted(other.name for other in catalog.relations if other.schema == name.schema)
    guess = nearest(name.name, known)
    raise Refusal(
        404,
        "PGRST205",
        f"Could not find the table '{name.schema}.{name.name}' in the schema cache",
        None,
        f"Perhaps you meant the table '{name.schema}.{guess}'" if guess else None,
    )


def _plan_write(request: ApiRequest, relation: Relation, catalog: Catalog, served: Served) -> Plan:
    source = Node(relation, relation.name.name, (), from_source=True)
    # Filters choose the rows to be written, in the statement itself; what comes back is not filtered again.
    tree = build_tree(source, request.query, catalog)
    where, root = tree.where, _unfiltered(tree)
    returning = request.preferences.returning or Return.MINIMAL
    if request.action is Action.DELETE:
        return Delete(relation, root, returning, where)
    payload = request.payload
    assert payload is not None
    columns = _typed(relation, payload)
    if request.action is Action.REPLACE:
        key = key_conditions(request, relation)
        refuse_other_keys(relation, payload.keys)
        by_key = Conflict(relation.primary_key, Resolution.MERGE)
        return Replace(relation, root, returning, payload, columns, by_key, key=key)
    if request.preferences.missing is Missing.DEFAULT:
        columns = _with_defaults(relation, columns)
    if request.action is Action.UPDATE:
        _refuse_many(payload)
        return Update(relation, root, returning, payload, columns, where)
    conflict = _conflict(request, relation)
    return Insert(relation, root, returning, payload, columns, conflict, served=relation.name in served)


def _unfiltered(tree: Node) -> Node:
    return Node(
        tree.relation, tree.alias, tree.outputs, tree.embeds, order=tree.order, from_source=tree.from_source
    )


def _typed(relation: Relation, payload: Payload) -> tuple[TypedColumn, ...]:
    unknown = next((key for key in payload.keys if key not in relation.columns), None)
    if unknown is None:
        return tuple(TypedColumn(key, relation.columns[key].type_name) for key in payload.keys)
    guess = nearest(unknown, sorted(relation.columns))
    raise Refusal(
        400,
        "PGRST204",
        f"Could not find the '{unknown}' column of '{relation.name.name}' in the schema cache",
        None,
        f"Perhaps you meant the column '{guess}'" if guess else None,
    )


def _with_defaults(relation: Relation, columns: Sequence[TypedColumn]) -> tuple[TypedColumn, ...]:
    return tuple(replace(column, default=relation.columns[column.name].default) for column in columns)


def _refuse_many(payload: Payload) -> None:
    """An array of several objects cannot say which row each is for; PostgREST would use none of them."""
    if payload.rows > 1:
        raise Refusal(
            400,
            "PGRST102",
            "PATCH takes one JSON object",
            f"The body is an array of {payload.rows} objects.",
            "Send one PATCH for each set of rows, or upsert: POST with Prefer: resolution=merge-duplicates",
        )


def _conflict(request: ApiRequest, relation: Relation) -> Conflict | None:
    resolution: Resolution | None = request.preferences.resolution
    if resolution is None:
        return None
    columns: Sequence[str] = request.query.on_conflict or relation.primary_key
    return Conflict(tuple(columns), resolution) if columns else None
