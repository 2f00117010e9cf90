"""Media types: what the client accepts, best first, and what an answer is made as.

Which of them can be had is the plan's question: the database may hold handlers of its own.
"""

import re
from dataclasses import dataclass
from enum import Enum
from typing import ClassVar, NamedTuple

ANY = "*/*"
JSON = "application/json"
CSV = "text/csv"
GEOJSON = "application/geo+json"
OBJECT = "application/vnd.pgrst.object+json"
ARRAY = "application/vnd.pgrst.array+json"
OCTETS = "application/octet-stream"
_PLAN = "application/vnd.pgrst.plan"

_CANONICAL = {
    "application/*": JSON,
    ARRAY: JSON,
    "application/vnd.pgrst.array": JSON,
    "application/vnd.pgrst.object": OBJECT,
}
_EXPLAIN_OPTIONS = ("analyze", "verbose", "settings", "buffers", "wal")
_UTF_8 = frozenset((JSON, CSV, GEOJSON, "text/plain", "text/xml", OBJECT, ARRAY))

# Commas and semicolons inside quotes part nothing: for="application/json; x".
_BETWEEN_RANGES = re.compile(r',(?=(?:[^"]*"[^"]*")*[^"]*$)')
_BETWEEN_PARAMETERS = re.compile(r';(?=(?:[^"]*"[^"]*")*[^"]*$)')


class Explain(NamedTuple):
    """The plan of the statement is asked for, in place of its result."""

    format: str
    options: tuple[str, ...]


class Accepted(NamedTuple):
    """A media type that the client takes; with ``explain``, the plan of how it would be made."""

    name: str
    stripped: bool = False
    explain: Explain | None = None


class Shape(Enum):
    """How a body is made of rows."""

    JSON = "json"
    CSV = "csv"
    GEOJSON = "geojson"
    AGGREGATE = "aggregate"  # by an aggregate function of the database's own
    VALUE = "value"  # by the function that was called: its result is the body


@dataclass(frozen=True, slots=True)
class MediaType:
    """What an answer is made as; ``binary`` bodies leave the database in hexadecimal.

    ``aggregate`` and the ``row_type`` it takes are names of schema and object.
    """

    name: str
    shape: Shape = Shape.JSON
    singular: bool = False
    stripped: bool = False
    binary: bool = False
    aggregate: tuple[str, str] | None = None
    row_type: tuple[str, str] | None = None
    explain: Explain | None = None

    JSON: ClassVar["MediaType"]
    OBJECT: ClassVar["MediaType"]

    @property
    def spelled(self) -> str:
        """The media type in full, parameters included."""
        name = f"{self.name};nulls=stripped" if self.stripped else self.name
        if self.explain is None:
            return name
        options = f"; options={'|'.join(self.explain.options)}" if self.explain.options else ""
        return f'{_PLAN}+{self.explain.format}; for="{name}"{options}'

    @property
    def content_type(self) -> str:
        """The header's value."""
        utf_8 = self.explain or self.name in _UTF_8
        return f"{self.spelled}; charset=utf-8" if utf_8 else self.spelled


MediaType.JSON = MediaType(JSON)
MediaType.OBJECT = MediaType(OBJECT, singular=True)

ANYTHING = (Accepted(ANY),)


def parse_accept(header: str) -> tuple[Accepted, ...]:
    """What ``Accept`` names, best first; of equals the first. ``q=0`` means: not this one."""
    if header in ("", ANY):
        return ANYTHING
    ranges = [_range(part) for part in _BETWEEN_RANGES.split(header)]
    ranges.sort(key=lambda pair: -pair[1])
    return tuple(accepted for accepted, quality in ranges if quality > 0)


def _range(text: str) -> tuple[Accepted, float]:
    name, parameters = _parts(text)
    try:
        quality = float(parameters.get("q", "1"))
    except ValueError:
        quality = 1.0
    return _accepted(name, parameters), quality


def _parts(text: str) -> tuple[str, dict[str, str]]:
    name, *rest = (piece.strip() for piece in _BETWEEN_PARAMETERS.split(text))
    pairs = (piece.partition("=") for piece in rest)
    return name.lower(), {key.strip().lower(): value.strip().strip('"') for key, _, value in pairs}


def _accepted(name: str, parameters: dict[str, str]) -> Accepted:
    stem, _, suffix = name.partition("+")
    if stem == _PLAN and suffix in ("", "text", "json"):
        wanted = parameters.get("options", "").lower().split("|")
        options = tuple(option for option in _EXPLAIN_OPTIONS if option in wanted)
        inner = _accepted(*_parts(parameters.get("for", JSON)))
        return inner._replace(explain=Explain(suffix or "text", options))
    stripped = parameters.get("nulls") == "stripped"
    if stripped and _CANONICAL.get(name) == JSON:
        return Accepted(ARRAY, stripped=True)
    name = _CANONICAL.get(name, name)
    return Accepted(name, stripped=stripped and name == OBJECT)
