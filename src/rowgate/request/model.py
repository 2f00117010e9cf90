"""What the client wishes for, as immutable values, with no promise that it makes sense.

Names here are as the client wrote them; the plan is where they become real.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

from rowgate.request.media import ANYTHING, Accepted, MediaType

Path = tuple[str, ...]
"""Where in the tree of embedded resources something applies; empty is the root."""


class JsonStep(NamedTuple):
    """``->key`` or ``->>key``; a key of digits is an array index."""

    arrow: str
    key: str


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
    """One output column; ``*`` is a field of that name."""

    field: Field
    alias: str | None = None
    cast: str | None = None


@dataclass(frozen=True, slots=True)
class SelectEmbed:
    """``alias:target!hint!inner(items)``: a related resource inside each row."""

    target: str
    items: tuple["SelectItem", ...]
    alias: str | None = None
    hint: str | None = None
    inner: bool = False

    @property
    def name(self) -> str:
        return self.alias or self.target


SelectItem = SelectField | SelectEmbed


@dataclass(frozen=True, slots=True)
class OrderTerm:
    """``field[.asc|.desc][.nullsfirst|.nullslast]``."""

    field: Field
    descending: bool = False
    nulls_first: bool | None = None


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


@dataclass(frozen=True, slots=True)
class Payload:
    """A JSON body: the client's own bytes, an array of objects or a single object, and its keys in order."""

    raw: bytes
    keys: tuple[str, ...]
    rows: int
    is_array: bool


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


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """One request, well formed; whether it is possible is the plan's question.

    ``media`` is what the answer is made as: the best that is possible of what the client ``accepts``.
    """

    method: str
    path: str
    action: Action
    schema: str
    target: str
    query: Query
    preferences: Preferences
    media: MediaType = MediaType.JSON
    payload: Payload | None = None
    by_get: bool = False
    negotiated: bool = False
    accepts: tuple[Accepted, ...] = ANYTHING

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
        return self.media.singular and self.wants_rows and self.media.explain is None
