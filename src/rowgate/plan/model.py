"""What will be done, with every name resolved against the catalog; it remains to say it in SQL."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from rowgate.catalog.model import Name, Relation, Relationship, Routine
from rowgate.request.model import Logic, OrderTerm, Payload, Resolution, Return, SelectField, Window

SOURCE = "rowgate_source"
"""The common table expression that a write's or a function's rows are read from."""


@dataclass(frozen=True, slots=True)
class Node:
    """One SELECT: a relation (or the source), its outputs, and the resources embedded in each row."""

    relation: Relation | None
    alias: str
    outputs: tuple[SelectField, ...]
    embeds: tuple["Embed", ...] = ()
    where: tuple[Logic, ...] = ()
    order: tuple[OrderTerm, ...] = ()
    window: Window = field(default_factory=Window)
    from_source: bool = False


@dataclass(frozen=True, slots=True)
class Embed:
    """A related resource inside each row of its parent, under the key ``name``; ``alias`` is the join's."""

    name: str
    alias: str
    relationship: Relationship
    node: Node
    inner: bool = False

    @property
    def hidden(self) -> bool:
        """``rel()`` filters its parent and shows nothing."""
        return not (self.node.outputs or self.node.embeds)


@dataclass(frozen=True, slots=True)
class Read:
    """GET and HEAD on a relation."""

    root: Node
    with_total: bool = False


@dataclass(frozen=True, slots=True)
class TypedColumn:
    """A column of a payload, with the type its values are converted to."""

    name: str
    type_name: str


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
