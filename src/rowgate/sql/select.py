"""A node of the plan as one SELECT, with what it embeds as lateral joins."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from rowgate.catalog.model import Relationship
from rowgate.plan.model import FOUND, PRESENT, ROWS, SOURCE, Embed, Node
from rowgate.request.model import Field, Group, Logic, Window
from rowgate.sql.output import embedded_values, group_key, output
from rowgate.sql.parts import Parameters, Scope, qualified, quote


def select(node: Node, parameters: Parameters) -> str:
    """The rows of ``node``, a column for each output and for each embedded resource."""
    return _rows(Scope(node.relation, node.alias, parameters), node, _source(node))


def count(node: Node, parameters: Parameters) -> str:
    """How many rows ``node`` has without its window."""
    return f"SELECT count(*) FROM ({count_rows(node, parameters)}) AS counted"


def count_rows(node: Node, parameters: Parameters) -> str:
    """The rows to be counted, with nothing in them; only joins that take rows away are made."""
    scope = Scope(node.relation, node.alias, parameters)
    if node.aggregated:
        return _rows(scope, replace(node, order=(), window=Window()), _source(node))
    joins = "".join(
        _join(scope, embed) for embed in node.embeds if embed.inner or _asked_for(embed, node.where)
    )
    return f"SELECT FROM {_source(node)}{joins}{scope.where(node.where)}"


def _asked_for(embed: Embed, where: Sequence[Logic]) -> bool:
    """Whether a condition asks if the embed is there."""
    return any(
        _asked_for(embed, logic.members)
        if isinstance(logic, Group)
        else logic.operator == PRESENT and logic.field.name == embed.alias
        for logic in where
    )


def _source(node: Node) -> str:
    if node.from_source or node.relation is None:
        return f"{quote(SOURCE)} AS {quote(node.alias)}"
    return f"{qualified(node.relation.name)} AS {quote(node.alias)}"


def _join(parent: Scope, embed: Embed) -> str:
    alias = quote(embed.alias)
    rows = _related(parent, embed)
    kind = "INNER" if embed.inner else "LEFT"
    if not embed.to_many:
        return f" {kind} JOIN LATERAL ({rows}) AS {alias} ON TRUE"
    gathered = _gathered_columns(embed) if embed.spread else f"json_agg({alias}.*) AS {quote(ROWS)}"
    condition = f"{alias}.{quote(FOUND if embed.spread else ROWS)} IS NOT NULL" if embed.inner else "TRUE"
    return f" {kind} JOIN LATERAL (SELECT {gathered} FROM ({rows}) AS {alias}) AS {alias} ON {condition}"


def _gathered_columns(embed: Embed) -> str:
    """The columns of a to-many spread: an array each, all in the order of the rows."""
    columns = dict.fromkeys(quote(column.column) for column in embed.lifted)
    arrays = [f"json_agg({quote(embed.alias)}.{column}) AS {column}" for column in columns]
    return ", ".join([*arrays, f"nullif(count(*), 0) AS {quote(FOUND)}"])


def _related(parent: Scope, embed: Embed) -> str:
    """The rows of the embedded node that belong to the parent's row."""
    scope = Scope(embed.node.relation, embed.node.alias, parent.parameters)
    way = embed.relationship
    if way.function:
        source = f"{qualified(way.function)}({_whole_row(parent, way)}) AS {quote(scope.alias)}"
        return _rows(scope, embed.node, source)
    junction, links = _links(parent, scope, way)
    return _rows(scope, embed.node, f"{_source(embed.node)}{junction}", links)


def _whole_row(parent: Scope, way: Relationship) -> str:
    """The parent's row, as the type that the function takes: it may have come out of a statement."""
    columns = parent.relation.columns if parent.relation else ()
    return f"ROW({', '.join(parent.column(name) for name in columns)})::{qualified(way.origin)}"


def _links(parent: Scope, own: Scope, way: Relationship) -> tuple[str, list[str]]:
    """The junction to be joined, if there is one, and the conditions that tie a row to its parent's."""
    if not way.junction:
        return "", [f"{own.column(pair.target)} = {parent.column(pair.origin)}" for pair in way.pairs]
    middle = Scope(None, f"{own.alias}_via", own.parameters)
    links = [
        f"{middle.column(pair.target)} = {parent.column(pair.origin)}" for pair in way.junction.origin_pairs
    ]
    links += [
        f"{own.column(pair.target)} = {middle.column(pair.origin)}" for pair in way.junction.target_pairs
    ]
    return f" CROSS JOIN {qualified(way.junction.relation)} AS {quote(middle.alias)}", links


def _rows(scope: Scope, node: Node, source: str, links: Sequence[str] = ()) -> str:
    outputs = [output(scope, field) for field in (*node.outputs, *node.kept)]
    outputs += [column for embed in node.embeds for column in _embedded(embed, grouped=node.aggregated)]
    joins = "".join(_join(scope, embed) for embed in node.embeds)
    conditions = [*links, *(scope.logic(condition) for condition in node.where)]
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return (
        f"SELECT {', '.join(outputs)} FROM {source}{joins}{where}{_groups(scope, node)}"
        f"{scope.order(node.order)}{scope.window(node.window)}"
    )


def _embedded(embed: Embed, *, grouped: bool) -> Iterator[str]:
    """What the embed adds to its parent's columns. JSON knows no equality, so it is grouped as text."""
    for column in embedded_values(embed):
        expression = f"({column.value})::text::json" if grouped and column.is_json else column.value
        yield f"{expression} AS {quote(column.name)}"


def _groups(scope: Scope, node: Node) -> str:
    """Rows are aggregated over all else that is shown."""
    if not node.aggregated:
        return ""
    keys = [group_key(scope, field) for field in (*node.outputs, *node.kept) if not field.aggregate]
    keys += [
        f"({column.value})::text" if column.is_json else column.value
        for embed in node.embeds
        for column in embedded_values(embed)
        if not column.aggregated
    ]
    keys += [
        f"{quote(embed.alias)}.{quote(name)}" for embed in node.embeds for name in _kept_and_shown(embed)
    ]
    return f" GROUP BY {', '.join(keys)}" if keys else ""


def _kept_and_shown(embed: Embed) -> Iterator[str]:
    """What rows are ordered by and can be grouped by as well: it is shown, so no group is divided by it."""
    shown = {field.field for field in embed.node.outputs if not (field.cast or field.aggregate)}
    relation = embed.node.relation
    whole = relation.columns if relation and Field("*") in shown else ()
    yield from (kept.name for kept in embed.node.kept if kept.field in shown or kept.field.name in whole)
