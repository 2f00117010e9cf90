"""Checks of intervals in the database: what is due, what they need to know, what they have found."""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

import psycopg

from submeter.db.queries import load_queries
from submeter.metering.interval_rules import IntervalFinding
from submeter.metering.interval_store import Span, span_columns

__all__ = [
    "Around",
    "FindingRow",
    "PlacedFinding",
    "Scope",
    "Spans",
    "add_findings",
    "covers",
    "days_around",
    "dismiss",
    "list_advances",
    "list_due",
    "list_findings",
    "resolve_findings",
    "spans_of",
    "take_due",
]

_QUERIES = load_queries(__package__ or "")


class Around(NamedTuple):
    """Days of a register, and those beside them: next to them, and next to them with some use."""

    register_id: UUID
    first: date
    last: date
    before: date | None
    after: date | None
    busy_before: date | None
    busy_after: date | None


class Scope(NamedTuple):
    """Days of a register about which a check has said all that one rule has to say."""

    register_id: UUID
    code: str
    first: date
    last: date


class PlacedFinding(NamedTuple):
    """A finding with the register and the time that it is about."""

    esco_id: UUID
    register_id: UUID
    starts_at: datetime
    ends_at: datetime
    finding: IntervalFinding


@dataclass(frozen=True, slots=True)
class FindingRow:
    """A finding as it is kept."""

    id: int
    register_id: UUID
    register: str
    code: str
    severity: str
    day: date
    first: int
    last: int
    starts_at: datetime
    ends_at: datetime
    title: str
    detail: str
    hint: str
    status: str
    reason: str | None


def list_due(connection: psycopg.Connection, limit: int, only: Set[UUID] | None = None) -> list[Span]:
    """Registers and days that have changed since they were checked; of all, or of some."""
    values = {"limit": limit, "only": None if only is None else list(only)}
    rows = connection.execute(_QUERIES["list_due_checks"], values)
    return [(register, first, last) for register, first, last in rows]


def take_due(connection: psycopg.Connection, limit: int, only: Set[UUID] | None = None) -> list[Span]:
    """Registers and days that have changed since they were checked; they are due no more."""
    values = {"limit": limit, "only": None if only is None else list(only)}
    rows = connection.execute(_QUERIES["take_due_checks"], values)
    return [(register, first, last) for register, first, last in rows]


def days_around(connection: psycopg.Connection, spans: Sequence[Span]) -> list[Around]:
    """What lies beside some days."""
    return [Around(*row) for row in connection.execute(_QUERIES["days_around"], span_columns(spans))]


def list_advances(
    connection: psycopg.Connection, spans: Sequence[Span]
) -> list[tuple[UUID, int, int, Decimal]]:
    """What the dials of registers counted around some days: from a minute (since 1970 UTC) to another."""
    rows = connection.execute(_QUERIES["list_advances"], span_columns(spans))
    return [(register, starts, ends, quantity) for register, starts, ends, quantity in rows]


def resolve_findings(
    connection: psycopg.Connection, scopes: Sequence[Scope], found: Sequence[PlacedFinding]
) -> int:
    """What was open and is not found any more is resolved; how many."""
    registers = list({scope.register_id for scope in scopes})
    opened = connection.execute(_QUERIES["list_open"], {"registers": registers}).fetchall()
    if not opened:  # as of new data
        return 0
    known = {_identity(one) for one in found}
    spans = spans_of(scopes)
    over = [
        number
        for number, *identity in opened
        if tuple(identity) not in known and covers(spans, *identity[:3])
    ]
    return connection.execute(_QUERIES["resolve_findings"], {"ids": over}).rowcount if over else 0


def _identity(placed: PlacedFinding) -> tuple[UUID, str, date, int, int]:
    one = placed.finding
    return placed.register_id, one.problem.code, one.day, one.first, one.last


Spans = Mapping[tuple[UUID, str], Sequence[tuple[date, date]]]


def spans_of(scopes: Iterable[Scope]) -> Spans:
    """The days of all scopes by register and code."""
    spans: dict[tuple[UUID, str], list[tuple[date, date]]] = {}
    for scope in scopes:
        spans.setdefault((scope.register_id, scope.code), []).append((scope.first, scope.last))
    return spans


def covers(spans: Spans, register_id: UUID, code: str, day: date) -> bool:
    """Whether a day lies in one of them."""
    return any(first <= day <= last for first, last in spans.get((register_id, code), ()))


def add_findings(connection: psycopg.Connection, found: Sequence[PlacedFinding]) -> int:
    """Keep what was found, each once; how much of it is new, or not as it was."""
    if not found:
        return 0
    rows = [_kept(one) for one in found]
    values = {name: [row[name] for row in rows] for name in rows[0]}
    return connection.execute(_QUERIES["add_interval_findings"], values).rowcount


def _kept(placed: PlacedFinding) -> dict[str, Any]:
    one = placed.finding
    return {
        "esco_id": placed.esco_id, "register_id": placed.register_id, "starts_at": placed.starts_at,
        "ends_at": placed.ends_at, "code": one.problem.code, "severity": one.severity, "day": one.day,
        "first": one.first, "last": one.last, "title": one.problem.title, "detail": one.problem.detail,
        "hint": one.problem.hint,
    }  # fmt: skip


def list_findings(
    connection: psycopg.Connection,
    registers: Sequence[UUID] | None,
    days: tuple[date | None, date | None],
    statuses: Sequence[str],
    limit: int,
) -> tuple[FindingRow, ...]:
    """Findings of registers (None: of all) and days, by register and time."""
    values = {
        "registers": None if registers is None else list(registers), "first": days[0], "last": days[1],
        "statuses": list(statuses), "limit": limit,
    }  # fmt: skip
    return tuple(FindingRow(*row) for row in connection.execute(_QUERIES["list_findings"], values))


def dismiss(connection: psycopg.Connection, ids: Sequence[int], reason: str, who: str) -> set[int]:
    """Dismiss open findings; which were there."""
    values = {"ids": list(ids), "reason": reason, "decided_by": who}
    return {number for (number,) in connection.execute(_QUERIES["dismiss_findings"], values)}
