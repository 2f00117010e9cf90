"""Spread embeds: which columns of a related resource are lifted into its parent's row."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from rowgate.catalog.model import Relation
from rowgate.errors import Refusal
from rowgate.plan.model import Embed, Lifted, Node
from rowgate.request.model import Field, SelectField


def expanded(node: Node) -> Node:
    """The node with each ``*`` spelled out, where its columns must be known one by one."""
    if node.relation is None:
        return node
    return replace(node, outputs=tuple(_spelled(node.outputs, node.relation)))


def _spelled(outputs: Iterable[SelectField], relation: Relation) -> Iterator[SelectField]:
    for output in outputs:
        if output.field.name == "*" and not output.aggregate:
            yield from (SelectField(Field(name)) for name in relation.columns)
        else:
            yield output


def spread(embed: Embed) -> Embed:
    """Lift all that the embed shows; what it aggregates is aggregated by its parent instead."""
    node = expanded(embed.node)
    if embed.to_many and node.aggregated:
        raise Refusal(
            400,
            "PGRST127",
            "Feature not implemented",
            "Aggregates are not implemented for one-to-many or many-to-many spreads.",
        )
    fields = [_lift(output, f"{embed.alias}_{number}") for number, output in enumerate(node.outputs, 1)]
    nested = [_through(inner) for inner in node.embeds if not inner.hidden]
    node = replace(
        node,
        outputs=tuple(output for output, _ in fields),
        embeds=tuple(_raw(inner) for inner in node.embeds),
    )
    lifted = [column for _, column in fields] + [column for columns in nested for column in columns]
    return replace(embed, node=node, lifted=tuple(lifted), spread=True)


def _lift(output: SelectField, column: str) -> tuple[SelectField, Lifted]:
    """The output as the join gives it, and as the parent shows it."""
    if not output.aggregate:
        return output, Lifted(output.name, output.name)
    raw = SelectField(output.field, column, output.cast)
    return raw, Lifted(column, output.name, output.aggregate, output.aggregate_cast)


def _through(embed: Embed) -> list[Lifted]:
    """What an embed within a spread adds to it."""
    if not embed.spread:
        return [Lifted(embed.name, embed.name)]
    return [column if column.aggregate else Lifted(column.name, column.name) for column in embed.lifted]


def _raw(embed: Embed) -> Embed:
    """A spread within a spread hands the values to be aggregated on, under the name they have already."""
    handed = (Lifted(column.column, column.column) if column.aggregate else column for column in embed.lifted)
    return replace(embed, lifted=tuple(handed))
