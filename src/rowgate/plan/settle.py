"""Conditions and orders that speak of an embedded resource, and the most rows that any level gives."""

from collections.abc import Iterable
from dataclasses import replace

from rowgate.errors import Refusal
from rowgate.plan.model import FOUND, PRESENT, ROWS, Embed, Node
from rowgate.plan.spread import expanded
from rowgate.request.model import Condition, Field, Group, Logic, OrderTerm, Query, SelectField, Window


def settle(node: Node, query: Query) -> Node:
    """Tie what speaks of an embed to its join, here and in all that is embedded."""
    node = _ordered(node, query)
    if not node.embeds:
        return node
    embeds = tuple(_settled(embed, query) for embed in node.embeds)
    return replace(node, where=tuple(_tied(logic, node) for logic in node.where), embeds=embeds)


def _settled(embed: Embed, query: Query) -> Embed:
    node = _capped(settle(embed.node, query), embed, query)
    return embed if node is embed.node else replace(embed, node=node)


def _tied(logic: Logic, node: Node) -> Logic:
    if isinstance(logic, Group):
        return replace(logic, members=tuple(_tied(member, node) for member in logic.members))
    embed = None if logic.field.steps else _named(node.embeds, logic.field.name)
    if embed is None:
        return logic
    absent = logic.value == "null"
    if logic.operator == "is" and logic.value in ("null", "not_null"):
        column = (FOUND if embed.spread else ROWS) if embed.to_many else ""
        return Condition(Field(embed.alias), PRESENT, column, negated=absent != logic.negated)
    if node.relation and logic.field.name in node.relation.columns:
        return logic  # the embed is called as a column is, by its foreign key: a column it stays
    raise Refusal(
        400,
        "PGRST120",
        f"Bad operator on the '{embed.target}' embedded resource",
        "Only is null or not is null filters are allowed on embedded resources",
    )


def _named(embeds: Iterable[Embed], name: str) -> Embed | None:
    return next((embed for embed in embeds if embed.name == name), None)


def _ordered(node: Node, query: Query) -> Node:
    for number, term in enumerate(node.order):
        if term.relation is not None:
            node = _related(node, number, term, query)
    return node


def _related(node: Node, number: int, term: OrderTerm, query: Query) -> Node:
    """Order by a column of a to-one embed, which keeps that column for its parent."""
    embed = find_embed(node, term.relation or "", query)
    if embed.to_many:
        raise _not_to_one(node, term.relation or "")
    kept = SelectField(term.field, f"rowgate_order_{number}")
    changed = replace(embed, node=expanded(replace(embed.node, kept=(*embed.node.kept, kept))))
    tied = replace(term, field=Field(kept.name), relation=embed.alias)
    return replace(
        node,
        order=(*node.order[:number], tied, *node.order[number + 1 :]),
        embeds=tuple(changed if other is embed else other for other in node.embeds),
    )


def find_embed(node: Node, name: str, query: Query) -> Embed:
    """The embed of this name; by its target's name too, where the settings let an alias be passed over."""
    found = _named(node.embeds, name)
    if found is None and query.rules.legacy_names:
        found = next((embed for embed in node.embeds if embed.target == name), None)
    if found is None:
        raise Refusal(
            400,
            "PGRST108",
            f"'{name}' is not an embedded resource in this request",
            None,
            f"Verify that '{name}' is included in the 'select' query parameter.",
        )
    return found


def _not_to_one(node: Node, target: str) -> Refusal:
    origin = node.relation.name.name if node.relation else node.alias
    return Refusal(
        400,
        "PGRST118",
        f"A related order on '{target}' is not possible",
        f"'{origin}' and '{target}' do not form a many-to-one or one-to-one relationship",
    )


def refuse_presence(where: Iterable[Logic]) -> None:
    """Rows to be written are chosen before anything is embedded in them."""
    for logic in where:
        if isinstance(logic, Group):
            refuse_presence(logic.members)
        elif logic.operator == PRESENT:
            raise Refusal(
                400,
                "PGRST120",
                "A write cannot choose its rows by what is embedded in them",
                None,
                "Filter by the row's own columns",
            )


def _capped(node: Node, embed: Embed, query: Query) -> Node:
    most = query.rules.max_rows
    if most is None or not embed.to_many:
        return node
    limit = most if node.window.limit is None else min(most, node.window.limit)
    return replace(node, window=Window(node.window.offset, limit))


def passed_over(root: Node, query: Query) -> tuple[tuple[str, str], ...]:
    """Embeds that were called by their target's name though they have an alias: that name and the alias."""
    if not root.embeds:
        return ()
    paths = [path for path, _ in query.filters] + [*query.order, *query.windows]
    calls = [call for path in paths for call in _calls(root, path)]
    ordered = [term.relation for terms in query.order.values() for term in terms if term.relation]
    calls += [(name, embed.name) for name in ordered if (embed := _at_root(root, name))]
    return tuple(dict.fromkeys((called, name) for called, name in calls if called != name))


def _at_root(root: Node, name: str) -> Embed | None:
    return _named(root.embeds, name) or next((one for one in root.embeds if one.target == name), None)


def _calls(node: Node, path: Iterable[str]) -> Iterable[tuple[str, str]]:
    for part in path:
        embed = _at_root(node, part)
        if embed is None:
            return
        yield part, embed.name
        node = embed.node
