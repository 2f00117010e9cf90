"""The shape of a query string: all of it but the values, so that one plan and one SQL serve all of a kind.

What a filter compares with, and the arguments of a call by GET, are cut out: whatever they are, they become
parameters of the statement. All else (names, operators, order, windows) is the shape.
"""

import re
from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

from rowgate.request.grammar import OPERATORS, looks_like_condition, parse_condition
from rowgate.request.model import Field
from rowgate.request.query import decode

__all__ = ["Kind", "Slot", "fill", "take_apart"]

_GAP = b"\n"
"""Where a value was cut out; no request line can hold one."""

_FILTER = re.compile(rb"(?:not\.)?([a-z]+)(?:\([A-Za-z0-9_]+\))?\.")
_NO_FILTERS = frozenset((b"select", b"columns", b"on_conflict", b"order", b"limit", b"offset", b"and", b"or"))
_OPERATORS = frozenset(operator.encode() for operator in OPERATORS)
_PLAIN = re.compile(rb"[\w.:@~-]*", re.ASCII)
_PATTERNS = (b"like", b"ilike")
_FIELD = Field("")


class Kind(Enum):
    """What becomes of a value on its way into a parameter."""

    TEXT = "as it is"
    PATTERN = "stars are percent signs"
    LIST = "an array"
    BODY = "the body's bytes"


class Slot(NamedTuple):
    """A value cut out of a query string; of a list all that stands behind the name, operator and all."""

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
        return parse_condition(_FIELD, self.text()).values


def take_apart(query: bytes, *, call: bool) -> tuple[bytes, list[Slot]]:
    """The shape, and the values in order. With ``call`` what is no filter is an argument."""
    if not query:
        return query, []
    shape, slots = [], []
    for part in query.split(b"&"):
        name, equals, value = part.partition(b"=")
        cut = _cut(value, call=call) if equals and name.rpartition(b".")[2] not in _NO_FILTERS else None
        if cut is None:
            shape.append(part)
        else:
            kept, slot = cut
            shape.append(name + b"=" + kept + _GAP)
            slots.append(slot)
    return b"&".join(shape), slots


def _cut(value: bytes, *, call: bool) -> tuple[bytes, Slot] | None:
    """What stays of a parameter's value, and what is cut out; None where all of it stays."""
    found = _FILTER.match(value)
    operator = found[1] if found else b""
    if not found or operator not in _OPERATORS:
        return (b"", Slot(Kind.TEXT, value)) if call and not _may_be_condition(value) else None
    if operator == b"is":
        return None  # its values are words of the language
    if operator == b"in":
        return found[0], Slot(Kind.LIST, value)
    kind = Kind.PATTERN if operator in _PATTERNS else Kind.TEXT
    return found[0], Slot(kind, value[found.end() :])


def _may_be_condition(value: bytes) -> bool:
    """Whether it is one once it is decoded."""
    return b"%" in value[:40] and looks_like_condition(decode(value))


def fill(shape: bytes, marks: Sequence[bytes], slots: Sequence[Slot]) -> bytes:
    """The shape as a query string again, with a mark in the place of each value."""
    kept, *rest = shape.split(_GAP)
    for mark, slot, part in zip(marks, slots, rest, strict=True):
        kept += (b"(" + mark + b")" if slot.kind is Kind.LIST else mark) + part
    return kept
