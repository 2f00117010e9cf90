"""What a write does: to which rows, with which columns of the body, and what about duplicates."""

from collections.abc import Sequence
from dataclasses import replace

from rowgate.catalog.model import Catalog, Column, Relation
from rowgate.catalog.suggest import nearest
from rowgate.errors import Refusal
from rowgate.plan.by_key import key_conditions, refuse_other_keys
from rowgate.plan.model import (
    Conflict,
    Delete,
    Insert,
    Node,
    Replace,
    Served,
    TypedColumn,
    Update,
)
from rowgate.plan.settle import refuse_presence
from rowgate.plan.tree import build_tree
from rowgate.request.model import Action, ApiRequest, Logic, Missing, Payload, Resolution, Return


def plan_write(
    request: ApiRequest, relation: Relation, catalog: Catalog, served: Served
) -> Insert | Update | Delete:
    source = Node(relation, relation.name.name, (), from_source=True)
    # Filters choose the rows to be written, in the statement itself; what comes back is not filtered again.
    tree = build_tree(source, request.query, catalog)
    where, root = tree.where, _unfiltered(tree)
    refuse_presence(where)
    if request.action is Action.DELETE:
        return Delete(relation, root, _returning(request), where)
    if request.action is Action.UPDATE:
        return _update(request, relation, root, where)
    if request.action is Action.REPLACE:
        _refuse_served(relation, served)
        return _replace(request, relation, root)
    return _insert(request, relation, root, served)


def _insert(request: ApiRequest, relation: Relation, root: Node, served: Served) -> Insert:
    return Insert(
        relation,
        root,
        _returning(request),
        _payload(request),
        _columns(request, relation),
        # Whether a row is a duplicate is the application's to find, where it answers.
        None if relation.name in served else _conflict(request, relation),
        served=relation.name in served,
    )


def _update(request: ApiRequest, relation: Relation, root: Node, where: tuple[Logic, ...]) -> Update:
    payload = _payload(request)
    columns = _columns(request, relation)
    _refuse_many(payload)
    return Update(relation, root, _returning(request), payload, columns, where)


def _replace(request: ApiRequest, relation: Relation, root: Node) -> Replace:
    payload = _payload(request)
    columns = _typed(relation, payload)
    key = key_conditions(request, relation)
    refuse_other_keys(relation, payload.keys)
    by_key = Conflict(relation.primary_key, Resolution.MERGE)
    return Replace(relation, root, _returning(request), payload, columns, by_key, key=key)


def _refuse_served(relation: Relation, served: Served) -> None:
    """The application adds rows; to know what it added before, and change that, is more than it promises."""
    if relation.name in served:
        raise Refusal(
            405,
            "PGRST117",
            "Unsupported HTTP method: PUT",
            f"The application adds the rows of '{relation.name.name}', and replaces none.",
            "Add a row with POST",
        )


def _returning(request: ApiRequest) -> Return:
    return request.preferences.returning or Return.MINIMAL


def _payload(request: ApiRequest) -> Payload:
    assert request.payload is not None, f"{request.method} was parsed without a body"
    return request.payload


def _columns(request: ApiRequest, relation: Relation) -> tuple[TypedColumn, ...]:
    columns = _typed(relation, _payload(request))
    if request.preferences.missing is not Missing.DEFAULT:
        return columns
    return tuple(replace(column, default=relation.columns[column.name].default) for column in columns)


def _unfiltered(tree: Node) -> Node:
    return Node(
        tree.relation, tree.alias, tree.outputs, tree.embeds, order=tree.order, from_source=tree.from_source
    )


def _typed(relation: Relation, payload: Payload) -> tuple[TypedColumn, ...]:
    unknown = next((key for key in payload.keys if key not in relation.columns), None)
    if unknown is None:
        return tuple(_typed_column(relation.columns[key]) for key in payload.keys)
    guess = nearest(unknown, sorted(relation.columns))
    raise Refusal(
        400,
        "PGRST204",
        f"Could not find the '{unknown}' column of '{relation.name.name}' in the schema cache",
        None,
        f"Perhaps you meant the column '{guess}'" if guess else None,
    )


def _typed_column(column: Column) -> TypedColumn:
    """A domain may have its own way to read JSON."""
    reader = column.representation.from_json
    return TypedColumn(column.name, "json" if reader else column.type_name, reader)


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
