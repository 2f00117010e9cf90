"""Which parameters of a statement hold the values of a request, so that others can take their place."""

from collections.abc import Sequence
from typing import NamedTuple

from rowgate.request.shape import Kind, Slot
from rowgate.sql import Statement
from rowgate.sql.parts import array_literal

__all__ = ["Place", "as_parameter", "places"]


class Place(NamedTuple):
    """The parameter at ``position`` is the value number ``slot``."""

    position: int
    slot: int


def places(statement: Statement, kinds: Sequence[Kind], marks: Sequence[bytes]) -> Sequence[Place] | None:
    """Where the marks stand that were put in the place of values.

    None if one stands anywhere but as a parameter of its own: nothing else can take its place. Only a body
    may be of no use to a statement.
    """
    wanted = {_spelled(kind, mark): slot for slot, (kind, mark) in enumerate(zip(kinds, marks, strict=True))}
    found, others = [], [statement.text.encode()]
    for position, value in enumerate(statement.parameters):
        if value in wanted:
            found.append(Place(position, wanted[value]))
        elif value is not None:
            others.append(value)
    missing = set(wanted.values()) - {place.slot for place in found}
    if any(kinds[slot] is not Kind.BODY for slot in missing):
        return None
    hidden = any(mark in other or mark.hex().encode() in other for mark in marks for other in others)
    return None if hidden else found


def _spelled(kind: Kind, mark: bytes) -> bytes:
    return array_literal((mark.decode(),)).encode() if kind is Kind.LIST else mark


def as_parameter(slot: Slot) -> bytes:
    """A value as its parameter. Raises Refusal where it cannot be one."""
    if slot.kind is Kind.BODY:
        return slot.raw
    if slot.kind is Kind.PATTERN:
        return slot.text().replace("*", "%").encode()
    if slot.kind is Kind.LIST:
        return array_literal(slot.members()).encode()
    return slot.as_bytes()
