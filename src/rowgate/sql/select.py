"""A node of the plan as one SELECT, with what it embeds as lateral joins."""

from collections.abc import Sequence

from rowgate.catalog.model import Relationship
from rowgate.plan.model import SOURCE, Embed, Node
from rowgate.request.model import SelectField
from rowgate.sql.parts import Parameters, Scope, qualified, quote


def select(node: Node, parameters: Parameters) -> str:
    """The rows of ``node``, a column for each output and for each embedded resource."""
    return _rows(Scope(node.relation, node.alias, parameters), node)


def count(node: Node, parameters: Parameters) -> str:
    """How many rows ``node`` has without its window; only joins that take rows away are made."""
    scope = Scope(node.relation, node.alias, parameters)
    joins = "".join(_join(scope, embed) for embed in node.embeds if embed.inner)
    return f"SELECT count(*) FROM {_source(node)}{joins}{scope.where(node.where)}"


def _source(node: Node) -> str:
    if node.from_source or node.relation is None:
        return f"{quote(SOURCE)} AS {quote(node.alias)}"
    return f"{qualified(node.relation.name)} AS {quote(node.alias)}"


def _output(scope: Scope, output: SelectField) -> str:
    expression = scope.field(output.field)
    if output.cast:
        # The grammar lets only words, digits and [] through, so a type name stays one.
        expression = f"CAST({expression} AS {output.cast})"
    name = output.alias or _key_name(output)
    return f"{expression} AS {quote(name)}" if name else expression


def _key_name(output: SelectField) -> str | None:
    """What a cast or a JSON path is called: the column's name, or the last key that is not an index."""
    keys = [step.key for step in output.field.steps if not step.key.removeprefix("-").isdecimal()]
    if keys:
        return keys[-1]
    return output.field.name if output.cast or output.field.steps else None


def _embedded_output(embed: Embed) -> str:
    alias, name = quote(embed.alias), quote(embed.name)
    if embed.relationship.cardinality.to_many:
        return f"COALESCE({alias}.\"rows\", '[]') AS {name}"
    return f"row_to_json({alias}.*) AS {name}"


def _join(parent: Scope, embed: Embed) -> str:
    alias = quote(embed.alias)
    rows = _related(parent, embed)
    kind = "INNER" if embed.inner else "LEFT"
    if not embed.relationship.cardinality.to_many:
        return f" {kind} JOIN LATERAL ({rows}) AS {alias} ON TRUE"
    rows = f'SELECT json_agg({alias}.*) AS "rows" FROM ({rows}) AS {alias}'
    condition = f'{alias}."rows" IS NOT NULL' if embed.inner else "TRUE"
    return f" {kind} JOIN LATERAL ({rows}) AS {alias} ON {condition}"


def _related(parent: Scope, embed: Embed) -> str:
    """The rows of the embedded node that belong to the parent's row."""
    scope = Scope(embed.node.relation, embed.node.alias, parent.parameters)
    junction, links = _links(parent, scope, embed.relationship)
    return _rows(scope, embed.node, junction, links)


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


def _rows(scope: Scope, node: Node, junction: str = "", links: Sequence[str] = ()) -> str:
    outputs = [_output(scope, field) for field in node.outputs]
    outputs += [_embedded_output(embed) for embed in node.embeds if not embed.hidden]
    joins = "".join(_join(scope, embed) for embed in node.embeds)
    conditions = [*links, *(scope.logic(condition) for condition in node.where)]
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return (
        f"SELECT {', '.join(outputs)} FROM {_source(node)}{junction}{joins}{where}"
        f"{scope.order(node.order)}{scope.window(node.window)}"
    )
