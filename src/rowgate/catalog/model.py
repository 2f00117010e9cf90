"""What the database offers, as immutable values: relations, relationships and routines.

The catalog is read once, kept until the schema changes, and never touched by a request.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple


class Name(NamedTuple):
    """A schema-qualified name, unquoted, as the system catalogs hold it."""

    schema: str
    name: str


@dataclass(frozen=True, slots=True)
class Representation:
    """Functions behind the casts of a domain, which give its values another form on their way out and in."""

    to_json: Name | None = None
    from_json: Name | None = None
    from_text: Name | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a relation.

    ``type_name`` is PostgreSQL's own spelling (``format_type``), safe to put into SQL as it is;
    ``base_type_name`` differs from it for a domain, and is what the domain stands for. ``default``
    is an expression that yields the value of an absent column; a view's column has its table's.
    """

    name: str
    type_name: str
    nullable: bool
    default: str | None = None
    max_length: int | None = None
    enum_values: tuple[str, ...] = ()
    description: str | None = None
    base_type_name: str = ""
    representation: Representation = Representation()


@dataclass(frozen=True, slots=True)
class Relation:
    """A table, view, materialized view, foreign table or partitioned table; ``kind`` is one of these.

    A view's ``primary_key`` is that of the tables behind it, where the view has all its columns.
    """

    name: Name
    kind: str
    columns: Mapping[str, Column]
    primary_key: tuple[str, ...] = ()
    insertable: bool = False
    updatable: bool = False
    deletable: bool = False
    description: str | None = None


class Cardinality(Enum):
    """How many target rows one origin row has; only TO_MANY ones are rendered as arrays."""

    MANY_TO_ONE = "many-to-one"
    ONE_TO_MANY = "one-to-many"
    ONE_TO_ONE = "one-to-one"
    MANY_TO_MANY = "many-to-many"

    @property
    def to_many(self) -> bool:
        return self in (Cardinality.ONE_TO_MANY, Cardinality.MANY_TO_MANY)


class Pair(NamedTuple):
    """A column of one side that equals a column of the other."""

    origin: str
    target: str


@dataclass(frozen=True, slots=True)
class Junction:
    """The relation in the middle of a many-to-many relationship."""

    relation: Name
    origin_constraint: str
    target_constraint: str
    origin_pairs: tuple[Pair, ...]  # (origin column, junction column)
    target_pairs: tuple[Pair, ...]  # (junction column, target column)


@dataclass(frozen=True, slots=True)
class Relationship:
    """A directed way from ``origin`` to ``target``.

    ``constraint`` is the foreign key's name; for a junction it is empty, the names of both are in
    ``junction``, and ``pairs`` is empty. A computed relationship has the ``function`` that leads from
    a row of the origin to rows of the target, and nothing else.
    """

    origin: Name
    target: Name
    cardinality: Cardinality
    constraint: str
    pairs: tuple[Pair, ...] = ()
    junction: Junction | None = None
    function: Name | None = None
    # From the referenced side of the foreign key; a one-to-one relationship does not show it otherwise.
    backward: bool = field(default=False, compare=False)

    @property
    def self_referencing(self) -> bool:
        return self.origin == self.target


class Volatility(Enum):
    """What PostgreSQL's ``pg_proc.provolatile`` says of a function."""

    IMMUTABLE = "i"
    STABLE = "s"
    VOLATILE = "v"


@dataclass(frozen=True, slots=True)
class Parameter:
    """An input argument of a routine; ``name`` is empty where it was declared without one.

    ``relation`` names the exposed relation whose row type it is, if it is one.
    """

    name: str
    type_name: str
    required: bool
    variadic: bool = False
    relation: Name | None = None


@dataclass(frozen=True, slots=True)
class Returns:
    """What a routine gives back.

    ``composite`` is true for rows with columns (a relation's row type, TABLE(...), OUT arguments,
    record); ``relation`` names the exposed relation whose row type it is, if it is one; ``void`` for no
    result. ``single`` is true for a set that is declared to have one row (``ROWS 1``).
    """

    type_name: str
    many: bool = False
    composite: bool = False
    void: bool = False
    relation: Name | None = None
    columns: tuple[tuple[str, str], ...] = ()  # (name, type) of TABLE(...) and OUT arguments
    single: bool = False


@dataclass(frozen=True, slots=True)
class Routine:
    """A function; overloads are separate values. ``settings`` are those of its ``SET`` clauses."""

    name: Name
    parameters: tuple[Parameter, ...]
    returns: Returns
    volatility: Volatility = Volatility.VOLATILE
    description: str | None = None
    settings: tuple[tuple[str, str], ...] = ()

    @property
    def read_only(self) -> bool:
        return self.volatility is not Volatility.VOLATILE


@dataclass(frozen=True, slots=True)
class MediaHandler:
    """How the database makes a media type: with its ``aggregate``, or the value of a domain is the body.

    ``media`` is in lower case, ``*/*`` for any; ``binary`` if what comes is bytes.
    """

    media: str
    binary: bool = False
    aggregate: Name | None = None


@dataclass(frozen=True, slots=True)
class MediaHandlers:
    """``values``: by a domain's type name. ``aggregates``: by whose rows they take, None for any's.

    ``geojson`` is PostGIS's function that makes GeoJSON of a row, where there is one.
    """

    values: Mapping[str, MediaHandler] = field(default_factory=dict)
    aggregates: Mapping[Name | None, Mapping[str, MediaHandler]] = field(default_factory=dict)
    geojson: Name | None = None


@dataclass(frozen=True, slots=True)
class Catalog:
    """All of it. Relations and routines are those of the exposed schemas; look-ups are by ``Name``.

    ``computed`` holds the functions, of any schema, that take one row of a relation and nothing
    else: its computed columns and, where they return rows of a relation, its computed relationships.
    """

    relations: Mapping[Name, Relation]
    relationships: Mapping[Name, tuple[Relationship, ...]]  # by origin
    routines: Mapping[Name, tuple[Routine, ...]]
    time_zones: frozenset[str] = frozenset()
    computed: Mapping[Name, tuple[Routine, ...]] = field(default_factory=dict)  # by relation
    schemas: Mapping[str, str | None] = field(default_factory=dict)  # the exposed ones' comments
    media: MediaHandlers = field(default_factory=MediaHandlers)
