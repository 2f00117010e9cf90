"""The tree of a read: the root and what is embedded in it, built by an ordered tuple of passes.

Each pass has one signature, ``(root, query, catalog) -> root``, and adds one thing.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import count

from rowgate.catalog.model import Catalog, Name
from rowgate.errors import Refusal
from rowgate.plan.model import Embed, Node
from rowgate.plan.relationships import find_relationship
from rowgate.request.model import Logic, Path, Query, SelectEmbed, SelectField, SelectItem


def build_tree(root: Node, query: Query, catalog: Catalog) -> Node:
    """Grow ``root`` (a bare relation or source) by everything the query asks of it."""
    for grow in _PASSES:
        root = grow(root, query, catalog)
    return root


def _add_select(root: Node, query: Query, catalog: Catalog) -> Node:
    # A relation may be called what an alias would be (meters_1): that number is left out.
    numbers = (number for number in count(1) if not root.alias.endswith(f"_{number}"))
    return _selected(root, query.select, catalog, numbers)


def _selected(node: Node, items: tuple[SelectItem, ...], catalog: Catalog, numbers: Iterator[int]) -> Node:
    fields = tuple(item for item in items if isinstance(item, SelectField))
    embeds = tuple(_embedded(node, item, catalog, numbers) for item in items if isinstance(item, SelectEmbed))
    return replace(node, outputs=fields, embeds=embeds)


def _embedded(parent: Node, item: SelectEmbed, catalog: Catalog, numbers: Iterator[int]) -> Embed:
    origin = parent.relation.name if parent.relation else Name("", parent.alias)
    way = find_relationship(catalog, origin, item)
    number = next(numbers)
    node = Node(catalog.relations[way.target], f"{_short(way.target.name)}_{number}", ())
    node = _selected(node, item.items, catalog, numbers)
    return Embed(item.name, f"embed_{number}", way, node, item.inner)


def _short(name: str) -> str:
    """PostgreSQL cuts names at 63 bytes; what makes an alias unique comes at its end."""
    return name.encode()[:48].decode(errors="ignore")


def _add_filters(root: Node, query: Query, catalog: Catalog) -> Node:  # noqa: ARG001
    for path, logic in query.filters:
        root = _at(root, path, partial(_filtered, logic))
    return root


def _filtered(logic: Logic, node: Node) -> Node:
    return replace(node, where=(*node.where, logic))


def _add_order(root: Node, query: Query, catalog: Catalog) -> Node:  # noqa: ARG001
    for path, order in query.order.items():
        root = _at(root, path, partial(replace, order=order))
    return root


def _add_windows(root: Node, query: Query, catalog: Catalog) -> Node:  # noqa: ARG001
    for path, window in query.windows.items():
        root = _at(root, path, partial(replace, window=window))
    return root


_PASSES: tuple[Callable[[Node, Query, Catalog], Node], ...] = (
    _add_select,
    _add_filters,
    _add_order,
    _add_windows,
)


def _at(node: Node, path: Path, change: Callable[[Node], Node]) -> Node:
    """Change the node that ``path`` leads to, and rebuild the way back to the root."""
    if not path:
        return change(node)
    found = next((embed for embed in node.embeds if path[0] in _names(embed)), None)
    if found is None:
        raise Refusal(
            400,
            "PGRST108",
            f"'{path[0]}' is not an embedded resource in this request",
            None,
            f"Verify that '{path[0]}' is included in the 'select' query parameter.",
        )
    changed = replace(found, node=_at(found.node, path[1:], change))
    return replace(node, embeds=tuple(changed if embed is found else embed for embed in node.embeds))


def _names(embed: Embed) -> tuple[str, str]:
    return embed.name, embed.relationship.target.name
