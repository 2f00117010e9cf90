"""The shape of a query string: all of it but the values, so that one plan and one SQL serve all of a kind.

What a filter compares with, and the arguments of a call by GET, are cut out: whatever they are, they become
parameters of the statement. All else (names, operators, order, windows) is the shape.
"""

import re
from collections.abc import Sequence
from enum import Enum
from functools import lru_cache
from typing import NamedTuple

from rowgate.request.grammar import OPERATORS, looks_like_condition, parse_condition
from rowgate.request.model import Field
from rowgate.request.query import decode

__all__ = ["GAP", "Kind", "Slot", "fill", "take_apart"]

GAP = b"\n"
"""Where a value was cut out. No server lets it into a request line; a query that holds one has no shape."""

_CONDITION = re.compile(rb"(?:not\.)?[a-z]+[.(]")
_FILTER = re.compile(rb"(?:not\.)?([a-z]+)(?:\([A-Za-z0-9_]+\))?\.")
_NO_FILTERS = frozenset((b"select", b"columns", b"on_conflict", b"order", b"limit", b"offset", b"and", b"or"))
_OPERATORS = frozenset(operator.encode() for operator in OPERATORS)
_PLAIN = re.compile(rb"[\w.:@~-]*", re.ASCII)
_FIELD = Field("")
_LONGEST_NAME = 100  # of those that are remembered


class Kind(Enum):
    """What becomes of a value on its way into a parameter."""

    TEXT = "as it is"
    PATTERN = "stars are percent signs"
    LIST = "an array"
    BODY = "the body's bytes"


_KINDS = {b"in": Kind.LIST, b"like": Kind.PATTERN, b"ilike": Kind.PATTERN}


class Slot(NamedTuple):
    """A value cut out of a query string."""

    kind: Kind
    raw: bytes

    def text(self) -> str:
        """The value decoded. Raises Refusal."""
        return decode(self.raw)

    def as_bytes(self) -> bytes:
        """The value decoded, as UTF-8; most have nothing to decode. Raises Refusal."""
        return self.raw if _PLAIN.fullmatch(self.raw) else decode(self.raw).encode()

    def members(self) -> tuple[str, ...]:
        """The members of a list. Raises Refusal where it is none."""
        return parse_condition(_FIELD, f"in.{self.text()}").values


def take_apart(query: bytes, *, call: bool) -> tuple[bytes, list[Slot]]:
    """The shape, and the values in order. With ``call`` what is no filter is an argument."""
    if not query:
        return query, []
    shape, slots = [], []
    for part in query.split(b"&"):
        dot = part.find(b".") + 1
        kind = _plain_filter(part[:dot]) if dot < _LONGEST_NAME else None
        if kind is not None:
            shape.append(part[:dot] + GAP)
            slots.append(Slot(kind, part[dot:]))
            continue
        name, equals, value = part.partition(b"=")
        cut = _cut(value, call=call) if equals and name.rpartition(b".")[2] not in _NO_FILTERS else None
        if cut is None:
            shape.append(part)
        else:
            kept, slot = cut
            shape.append(name + b"=" + kept + GAP)
            slots.append(slot)
    return b"&".join(shape), slots


@lru_cache(4096)
def _plain_filter(beginning: bytes) -> Kind | None:
    """The kind of value behind ``name=operator.``; None for all that needs a closer look. Most need none."""
    name, equals, operator = beginning.partition(b"=")
    if not equals or name in _NO_FILTERS:
        return None
    found = _FILTER.fullmatch(operator)
    if found is None or found[1] not in _OPERATORS or found[1] == b"is":
        return None
    return _KINDS.get(found[1], Kind.TEXT)


def _cut(value: bytes, *, call: bool) -> tuple[bytes, Slot] | None:
    """What stays of a parameter's value, and what is cut out; None where all of it stays."""
    found = _FILTER.match(value)
    operator = found[1] if found else b""
    if not found or operator not in _OPERATORS:
        return (b"", Slot(Kind.TEXT, value)) if call and not _may_be_condition(value) else None
    if operator == b"is":
        return None  # its values are words of the language
    return found[0], Slot(_KINDS.get(operator, Kind.TEXT), value[found.end() :])


def _may_be_condition(value: bytes) -> bool:
    """Whether it is one once it is decoded; how one begins can hardly be told while it is encoded."""
    if b"%" not in value[:45]:  # the longest that one begins with, when all of it is encoded
        return _CONDITION.match(value) is not None
    return looks_like_condition(decode(value))


def fill(shape: bytes, values: Sequence[bytes]) -> bytes:
    """The shape as a query string again, with these values in it."""
    first, *rest = shape.split(GAP)
    return first + b"".join(value + part for value, part in zip(values, rest, strict=True))
