"""What the client wishes for, as immutable values, with no promise that it makes sense.

Names here are as the client wrote them; the plan is where they become real.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

from rowgate.request.media import ANYTHING, Accepted, MediaType

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
    REPLACE = "replace"
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


class Missing(Enum):
    """What becomes of a column that a row does not name."""

    DEFAULT = "default"
    NULL = "null"


class Transaction(Enum):
    """How the client wants the transaction to end."""

    COMMIT = "commit"
    ROLLBACK = "rollback"


class Handling(Enum):
    """What happens to preferences that we do not know."""

    STRICT = "strict"
    LENIENT = "lenient"


@dataclass(frozen=True, slots=True)
class Preferences:
    """The ``Prefer`` headers that we know."""

    resolution: Resolution | None = None
    missing: Missing | None = None
    returning: Return | None = None
    count: str | None = None
    transaction: Transaction | None = None
    handling: Handling | None = None
    timezone: str | None = None
    max_affected: int | None = None

    @property
    def row_limit(self) -> int | None:
        """How many rows may be affected; only ``handling=strict`` makes it a condition."""
        return self.max_affected if self.handling is Handling.STRICT else None

    def applied(self, action: Action) -> str:
        """What ``Preference-Applied`` echoes, in the order PostgREST does: what means something here."""
        writes = action not in (Action.READ, Action.CALL)
        inserts, counts_affected = action is Action.INSERT, action in _COUNT_AFFECTED
        said = (
            ("resolution", self.resolution if inserts else None),
            ("missing", self.missing if inserts or action is Action.UPDATE else None),
            ("return", self.returning if writes else None),
            ("count", self.count),
            ("tx", self.transaction),
            ("handling", self.handling),
            ("timezone", self.timezone),
            ("max-affected", self.row_limit if counts_affected else None),
        )
        return ", ".join(f"{name}={_spelled(value)}" for name, value in said if value is not None)


_COUNT_AFFECTED = frozenset((Action.UPDATE, Action.DELETE, Action.CALL))


def _spelled(value: Enum | str | int) -> str:
    return str(value.value if isinstance(value, Enum) else value)


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
