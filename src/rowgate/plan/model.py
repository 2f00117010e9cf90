"""What will be done, with every name resolved against the catalog; it remains to say it in SQL."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from rowgate.catalog.model import Name, Relation, Relationship, Routine
from rowgate.request.model import Logic, OrderTerm, Payload, Resolution, Return, SelectField, Window

SOURCE = "rowgate_source"
"""The common table expression that a write's or a function's rows are read from."""

PRESENT = "present"
"""The operator of a condition that an embedded resource is there; its field names the embed's join, its
value the column that tells (none: the join's whole row does). No request can spell it."""

ROWS, FOUND = "rows", "rowgate_found"
"""Columns of a to-many join: the rows as JSON, or for a spread whether there are any."""


@dataclass(frozen=True, slots=True)
class Node:
    """One SELECT: a relation (or the source), its outputs, and the resources embedded in each row.

    ``kept`` are further columns, not shown, that the parent orders its rows by. Without a relation
    the rows are those of the ``function``.
    """

    relation: Relation | None
    alias: str
    outputs: tuple[SelectField, ...]
    embeds: tuple["Embed", ...] = ()
    where: tuple[Logic, ...] = ()
    order: tuple[OrderTerm, ...] = ()
    window: Window = field(default_factory=Window)
    from_source: bool = False
    kept: tuple[SelectField, ...] = ()
    function: Name | None = None

    @property
    def aggregated(self) -> bool:
        """Whether its rows are groups: an aggregate is among its outputs, or spread into them."""
        return any(output.aggregate for output in self.outputs) or any(
            column.aggregate for embed in self.embeds for column in embed.lifted
        )


@dataclass(frozen=True, slots=True)
class Lifted:
    """A column of a spread embed as it appears in the parent; ``column`` is its name in the join.

    The aggregates of a spread are the parent's: they run over the parent's rows.
    """

    column: str
    name: str
    aggregate: str | None = None
    aggregate_cast: str | None = None


@dataclass(frozen=True, slots=True)
class Embed:
    """A related resource inside each row of its parent, under the key ``name``; ``alias`` is the join's.

    ``target`` is what the request called it. A spread has no key: its ``lifted`` columns have.
    """

    name: str
    alias: str
    relationship: Relationship
    node: Node
    inner: bool = False
    target: str = ""
    spread: bool = False
    lifted: tuple[Lifted, ...] = ()

    @property
    def hidden(self) -> bool:
        """``rel()`` filters its parent and shows nothing."""
        return not (self.node.outputs or self.node.embeds)

    @property
    def to_many(self) -> bool:
        return self.relationship.cardinality.to_many


@dataclass(frozen=True, slots=True)
class Read:
    """GET and HEAD on a relation; with ``count_at_most`` more rows than these are not counted."""

    root: Node
    with_total: bool = False
    count_at_most: int | None = None


@dataclass(frozen=True, slots=True)
class TypedColumn:
    """A column of a payload, with the type its values are converted to, then read by ``reader`` if any.

    ``default`` is an expression of the catalog's for rows that do not name the column; without one
    they get null.
    """

    name: str
    type_name: str
    reader: Name | None = None
    default: str | None = None


@dataclass(frozen=True, slots=True)
class Conflict:
    """What an insert does about rows that are already there, and how it knows them."""

    columns: tuple[str, ...]
    resolution: Resolution


@dataclass(frozen=True, slots=True)
class Write:
    """What INSERT, UPDATE and DELETE share: the target, what to give back, and how it is read back."""

    relation: Relation
    root: Node
    returning: Return


@dataclass(frozen=True, slots=True)
class Insert(Write):
    """``served`` means that the application answers in the place of the INSERT."""

    payload: Payload
    columns: tuple[TypedColumn, ...]
    conflict: Conflict | None = None
    served: bool = False


@dataclass(frozen=True, slots=True)
class Replace(Insert):
    """PUT: one row, inserted or overwritten; ``key`` is what the address says its primary key is."""

    key: tuple[Logic, ...] = ()


@dataclass(frozen=True, slots=True)
class Update(Write):
    payload: Payload
    columns: tuple[TypedColumn, ...]
    where: tuple[Logic, ...]


@dataclass(frozen=True, slots=True)
class Delete(Write):
    where: tuple[Logic, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """A function call and how its result is read. Arguments come as one JSON object or as text values.

    With ``whole`` the payload is the one argument, as it came.
    """

    routine: Routine
    root: Node
    with_total: bool
    columns: tuple[TypedColumn, ...]
    payload: Payload | None = None
    texts: Sequence[str | Sequence[str]] = ()
    served: bool = False
    whole: bool = False


Plan = Read | Insert | Update | Delete | Call

Served = frozenset[Name]
"""Functions, or relations whose inserts, are answered by the application instead of by SQL."""
