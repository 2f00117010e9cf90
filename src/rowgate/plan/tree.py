"""The tree of a read: the root and what is embedded in it, built by an ordered tuple of passes.

Each pass has one signature, ``(root, query, catalog) -> root``, and adds one thing.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import count

from rowgate.catalog.model import Catalog
from rowgate.plan.model import Embed, Node
from rowgate.plan.relationships import find_relationship
from rowgate.plan.settle import find_embed, settle
from rowgate.plan.spread import expanded, spread
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
    node = replace(node, outputs=fields, embeds=embeds)
    return expanded(node) if node.aggregated or _hides(node) else node


def _hides(node: Node) -> bool:
    """Whether ``*`` would not do: a domain shows itself through a function, a write gives back more."""
    if node.relation is None:
        return False
    columns = node.relation.columns
    computed = node.from_source and any(field.field.name not in columns for field in node.outputs)
    return computed or any(column.representation.to_json for column in columns.values())


def _embedded(parent: Node, item: SelectEmbed, catalog: Catalog, numbers: Iterator[int]) -> Embed:
    origin = parent.relation.name if parent.relation else parent.function
    assert origin is not None, f"{parent.alias} stands for nothing that has a name"
    way = find_relationship(catalog, origin, item)
    number = next(numbers)
    node = Node(catalog.relations[way.target], f"{_short(way.target.name)}_{number}", ())
    node = _selected(node, item.items, catalog, numbers)
    embed = Embed(item.name, f"embed_{number}", way, node, item.inner, item.target)
    return spread(embed) if item.spread else embed


def _short(name: str) -> str:
    """PostgreSQL cuts names at 63 bytes; what makes an alias unique comes at its end."""
    return name.encode()[:48].decode(errors="ignore")


def _add_filters(root: Node, query: Query, catalog: Catalog) -> Node:  # noqa: ARG001
    for path, logic in query.filters:
        root = _at(root, path, query, partial(_filtered, logic))
    return root


def _filtered(logic: Logic, node: Node) -> Node:
    return replace(node, where=(*node.where, logic))


def _add_order(root: Node, query: Query, catalog: Catalog) -> Node:  # noqa: ARG001
    for path, order in query.order.items():
        root = _at(root, path, query, partial(replace, order=order))
    return root


def _add_windows(root: Node, query: Query, catalog: Catalog) -> Node:  # noqa: ARG001
    for path, window in query.windows.items():
        root = _at(root, path, query, partial(replace, window=window))
    return root


def _settle(root: Node, query: Query, catalog: Catalog) -> Node:  # noqa: ARG001
    return settle(root, query)


_PASSES: tuple[Callable[[Node, Query, Catalog], Node], ...] = (
    _add_select,
    _add_filters,
    _add_order,
    _add_windows,
    _settle,
)


def _at(node: Node, path: Path, query: Query, change: Callable[[Node], Node]) -> Node:
    """Change the node that ``path`` leads to, and rebuild the way back to the root."""
    if not path:
        return change(node)
    found = find_embed(node, path[0], query)
    changed = replace(found, node=_at(found.node, path[1:], query, change))
    return replace(node, embeds=tuple(changed if embed is found else embed for embed in node.embeds))
