"""What the client wishes for, as immutable values, with no promise that it makes sense.

Names here are as the client wrote them; the plan is where they become real.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

Path = tuple[str, ...]
"""Where in the tree of embedded resources something applies; empty is the root."""


_INDEX = re.compile(r"-?[0-9]{1,9}")


class JsonStep(NamedTuple):
    """``->key`` or ``->>key``; a key of digits is an array index, unless they were ``quoted``."""

    arrow: str
    key: str
    quoted: bool = False

    @property
    def is_index(self) -> bool:
        return not self.quoted and _INDEX.fullmatch(self.key) is not None


class Field(NamedTuple):
    """A column, and the way into it where it holds JSON."""

    name: str
    steps: tuple[JsonStep, ...] = ()


@dataclass(frozen=True, slots=True)
class Condition:
    """``field=[not.]operator[(modifier)].value``; ``values`` is the list of an ``in``."""

    field: Field
    operator: str
    value: str = ""
    values: tuple[str, ...] = ()
    negated: bool = False
    modifier: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """``and(...)`` or ``or(...)`` over conditions and groups."""

    conjunction: str
    members: tuple["Logic", ...]
    negated: bool = False


Logic = Condition | Group


@dataclass(frozen=True, slots=True)
class SelectField:
    """One output column; ``*`` is a field of that name.

    ``aggregate`` is a function over the values of several rows, ``aggregate_cast`` the type of its result.
    """

    field: Field
    alias: str | None = None
    cast: str | None = None
    aggregate: str | None = None
    aggregate_cast: str | None = None

    @property
    def name(self) -> str:
        """What the output is called: a JSON path is called by its last key that is no index."""
        keys = [step.key for step in self.field.steps if not step.is_index]
        return self.alias or self.aggregate or (keys[-1] if keys else self.field.name)


@dataclass(frozen=True, slots=True)
class SelectEmbed:
    """``alias:target!hint!inner(items)``: a related resource inside each row.

    With ``spread`` (``...target(items)``) its columns are lifted into the row itself.
    """

    target: str
    items: tuple["SelectItem", ...]
    alias: str | None = None
    hint: str | None = None
    inner: bool = False
    spread: bool = False

    @property
    def name(self) -> str:
        return self.alias or self.target


SelectItem = SelectField | SelectEmbed


@dataclass(frozen=True, slots=True)
class OrderTerm:
    """``field[.asc|.desc][.nullsfirst|.nullslast]``; ``relation(field)`` is a field of what is embedded."""

    field: Field
    descending: bool = False
    nulls_first: bool | None = None
    relation: str | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """Which rows of a result: skip ``offset``, then at most ``limit`` (None: all)."""

    offset: int = 0
    limit: int | None = None

    @property
    def whole(self) -> bool:
        return self.offset == 0 and self.limit is None


class Action(Enum):
    """What is to be done, whatever the method was called."""

    READ = "read"
    INSERT = "insert"
    UPDATE = "update"
    DELETE = "delete"
    CALL = "call"


class Resolution(Enum):
    """What an insert does with a row that is already there."""

    MERGE = "merge-duplicates"
    IGNORE = "ignore-duplicates"


class Return(Enum):
    """How much of the written rows the client wants back."""

    MINIMAL = "minimal"
    HEADERS = "headers-only"
    REPRESENTATION = "representation"


@dataclass(frozen=True, slots=True)
class Preferences:
    """The ``Prefer`` headers that we know; ``applied`` echoes them in the order PostgREST does."""

    resolution: Resolution | None = None
    returning: Return | None = None
    count: str | None = None

    def applied(self, action: Action) -> str:
        said = []
        if action is Action.INSERT and self.resolution:
            said.append(f"resolution={self.resolution.value}")
        if self.returning and action not in (Action.READ, Action.CALL):
            said.append(f"return={self.returning.value}")
        if self.count:
            said.append(f"count={self.count}")
        return ", ".join(said)


class MediaType(Enum):
    """What we can answer with."""

    JSON = "application/json"
    ARRAY = "application/vnd.pgrst.array+json"
    OBJECT = "application/vnd.pgrst.object+json"

    @property
    def singular(self) -> bool:
        return self is MediaType.OBJECT


@dataclass(frozen=True, slots=True)
class Payload:
    """A JSON body: the client's own bytes, an array of objects or a single object, and its keys in order."""

    raw: bytes
    keys: tuple[str, ...]
    rows: int
    is_array: bool


@dataclass(frozen=True, slots=True)
class Rules:
    """What the settings say of every query: the most rows at any level, and whether an aliased embed
    may still be called by its target's name."""

    max_rows: int | None = None
    legacy_names: bool = True


@dataclass(frozen=True, slots=True)
class Query:
    """The query string, taken apart."""

    select: tuple[SelectItem, ...] = (SelectField(Field("*")),)
    filters: tuple[tuple[Path, Logic], ...] = ()
    order: Mapping[Path, tuple[OrderTerm, ...]] = field(default_factory=dict)
    windows: Mapping[Path, Window] = field(default_factory=dict)
    columns: tuple[str, ...] | None = None
    on_conflict: tuple[str, ...] = ()
    arguments: tuple[tuple[str, str], ...] = ()
    rules: Rules = Rules()


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """One request, well formed; whether it is possible is the plan's question."""

    method: str
    path: str
    action: Action
    schema: str
    target: str
    query: Query
    preferences: Preferences
    media: MediaType
    payload: Payload | None = None
    by_get: bool = False
    negotiated: bool = False
    cookies: str = "{}"

    @property
    def window(self) -> Window:
        return self.query.windows.get((), Window())

    @property
    def wants_rows(self) -> bool:
        """Whether rows are to be sent back, which a write does only when asked."""
        if self.action in (Action.READ, Action.CALL):
            return True
        return self.preferences.returning is Return.REPRESENTATION

    @property
    def wants_one_row(self) -> bool:
        return self.media.singular and self.wants_rows
