"""What the catalog queries return: one row type a query, in the order of its columns.

Relations are known by ``oid`` and columns by ``attnum`` here; names take over in the built catalog.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple


class RelationRow(NamedTuple):
    """``queries/relations.sql``; ``events`` holds the bits 4 (update), 8 (insert) and 16 (delete)."""

    oid: int
    schema: str
    name: str
    kind: str
    exposed: bool
    events: int = 0
    description: str | None = None


class ColumnRow(NamedTuple):
    """``queries/columns.sql``; ``default`` is the column's own, ``domain_default`` its type's.

    ``base_type_name`` is what a domain stands for, and absent for any other type.
    """

    relation: int
    number: int
    name: str
    type_name: str
    base_type_name: str | None = None
    nullable: bool = True
    default: str | None = None
    domain_default: str | None = None
    max_length: int | None = None
    enum_values: Sequence[str] | None = None
    description: str | None = None


class KeyRow(NamedTuple):
    """``queries/keys.sql``: a primary key or unique constraint."""

    relation: int
    is_primary: bool
    columns: Sequence[int]


class ForeignKeyRow(NamedTuple):
    """``queries/foreign_keys.sql``; ``columns`` and ``target_columns`` correspond by position."""

    oid: int
    name: str
    relation: int
    columns: Sequence[int]
    target: int
    target_columns: Sequence[int]


class ViewRow(NamedTuple):
    """``queries/views.sql``: a view and the node tree of its query, as text."""

    relation: int
    query: str


class RoutineRow(NamedTuple):
    """``queries/routines.sql``; the ``argument_`` columns speak of all arguments, input or not.

    ``argument_names`` and ``argument_modes`` are absent where PostgreSQL stores none: no argument
    is named, all are input. ``argument_relations`` holds 0 for a type that is no relation's row.
    """

    schema: str
    name: str
    exposed: bool
    argument_types: Sequence[str]
    argument_relations: Sequence[int]
    argument_names: Sequence[str] | None
    argument_modes: Sequence[str] | None
    input_count: int
    default_count: int
    return_type: str
    returns_void: bool
    returns_composite: bool
    return_relation: int
    returns_set: bool
    rows: float
    volatility: str
    settings: Sequence[str] | None = None
    description: str | None = None


class SchemaRow(NamedTuple):
    """``queries/schemas.sql``."""

    name: str
    description: str | None = None


class MediaRow(NamedTuple):
    """``queries/media.sql``: a domain named like a media type, with an aggregate that makes it or alone.

    ``relation`` is whose rows the aggregate takes, 0 for those of any. A ``type_name`` of ``record`` stands
    for PostGIS's function that makes GeoJSON.
    """

    type_name: str
    media: str
    binary: bool
    schema: str | None = None
    name: str | None = None
    relation: int = 0


class TimeZoneRow(NamedTuple):
    """``queries/time_zones.sql``."""

    name: str


class CastRow(NamedTuple):
    """``queries/casts.sql``; ``direction`` is a field of ``Representation``."""

    domain: str
    direction: str
    schema: str
    name: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All rows, read in one transaction."""

    relations: Sequence[RelationRow] = ()
    columns: Sequence[ColumnRow] = ()
    keys: Sequence[KeyRow] = ()
    foreign_keys: Sequence[ForeignKeyRow] = ()
    views: Sequence[ViewRow] = ()
    routines: Sequence[RoutineRow] = ()
    schemas: Sequence[SchemaRow] = ()
    time_zones: Sequence[TimeZoneRow] = ()
    media: Sequence[MediaRow] = ()
    casts: Sequence[CastRow] = ()
